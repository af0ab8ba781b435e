"""The page for the steward, in front of a workplace's cards: how to make them, how to hand them out."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from bot.domain.model import Terms
from handlers.sheets.shaping import Document, draw, fit
from handlers.texts import sheets as texts
from handlers.texts.organizers_words import worded

_MARGIN = 20.0
_GAP = 6.0  # between two pictures
_PICTURE = 30.0
_CLOSED = (17.0, 11.4)  # a card in a picture, folded
_THIN, _BOLD = 0.25, 0.45
_GREY = 200
_LEAD = 46.0  # for a rule's first words

_Point = tuple[float, float]


def steward_page(pdf: Document, terms: Terms, unit: str, cards: int) -> None:
    """Add it."""
    pdf.add_page()
    width = pdf.w - 2 * _MARGIN
    y = _line(pdf, texts.for_the_steward(), _MARGIN, 7, 11) + 2
    y = draw(pdf, fit(unit, width, 22, largest=26, bold=True, named=True), _MARGIN, y, width)
    y = draw(pdf, fit(worded(terms).title, width, 14, largest=14, named=True), _MARGIN, y, width)
    y = _line(pdf, texts.stack(cards, terms), y, 7, 11) + 5
    y = _heading(pdf, texts.making(), y)
    y = _how_to_make(pdf, y, width) + 9
    y = _heading(pdf, texts.handing_out(), y)
    _how_to_hand_out(pdf, y, width)


def _line(pdf: Document, text: str, y: float, height: float, size: float, *, bold: bool = False) -> float:
    width = pdf.w - 2 * _MARGIN
    return draw(pdf, fit(text, width, height, largest=size, bold=bold), _MARGIN, y, width)


def _heading(pdf: Document, text: str, y: float) -> float:
    pdf.set_draw_color(0)
    pdf.set_line_width(0.5)
    pdf.line(_MARGIN, y, pdf.w - _MARGIN, y)
    return _line(pdf, text, y + 3, 9, 15, bold=True) + 5


def _how_to_hand_out(pdf: Document, y: float, width: float) -> None:
    for first, why in texts.rules():
        told = fit(why, width - _LEAD, 14, largest=12)
        beside, left = (_MARGIN + width - _LEAD, _MARGIN) if told.rtl else (_MARGIN, _MARGIN + _LEAD)
        draw(pdf, fit(first, _LEAD - 3, 7, largest=13, bold=True), beside, y - 0.2, _LEAD)
        y = draw(pdf, told, left, y, width - _LEAD) + 5.5


def _how_to_make(pdf: Document, y: float, width: float) -> float:
    column = (width - 3 * _GAP) / 4
    end = y
    for number, (picture, step) in enumerate(zip((_cut, _fold_back, _fold_shut, _closed), texts.steps(), strict=True)):
        said = fit(step, column, 17, largest=10)
        x = _MARGIN + (3 - number if said.rtl else number) * (column + _GAP)
        picture(pdf, x + column / 2, y + _PICTURE / 2)
        end = max(end, draw(pdf, said, x, y + _PICTURE + 3, column, "C"))
    return end


def _cut(pdf: Document, x: float, y: float) -> None:
    """Draw the sheet."""
    wide, high, edge = 23.0, 30.0, 1.8
    left, top = x - wide / 2, y - high / 2
    across, down = (wide - 2 * edge) / 2, (high - 2 * edge) / 4
    _paper(pdf, _box(left, top, wide, high))
    for row in range(4):
        for column in range(2):
            _paper(pdf, _box(left + edge + (column + 0.5) * across, top + edge + row * down, across / 2, down), _GREY)
    pdf.set_line_width(_BOLD)
    for row in range(5):
        pdf.line(left - 1, top + edge + row * down, left + wide + 1, top + edge + row * down)
    for column in range(3):
        pdf.line(left + edge + column * across, top - 1, left + edge + column * across, top + high + 1)


def _fold_back(pdf: Document, x: float, y: float) -> None:
    """Draw a piece, its right half on the way behind the left one."""
    wide, high = _CLOSED
    left, top, fold = x - wide - 1, y - high, x - 1
    away = (fold + 9, fold + 9, top - 4, top + 2 * high - 4)
    _paper(pdf, [(fold, top), (away[0], away[2]), (away[1], away[3]), (fold, top + 2 * high)], _GREY)
    _paper(pdf, _box(left, top, wide, 2 * high))
    _secret(pdf, left, top)
    _dashed(pdf, (fold, top - 2), (fold, top + 2 * high + 2))
    _arrow(pdf, (fold + 11.5, y - 2), (fold + 14, y - 16.5), (fold - 1, y - 15))


def _fold_shut(pdf: Document, x: float, y: float) -> None:
    """Draw a piece folded once, its lower half on the way up."""
    wide, high = _CLOSED
    left, top, fold = x - wide / 2 - 2, y - high, y
    _paper(pdf, _box(left, top, wide, high))
    _secret(pdf, left, top, lower=False)
    _paper(pdf, [(left, fold), (left + wide, fold), (left + wide + 3.5, fold + 7), (left + 3.5, fold + 7)])
    pdf.set_fill_color(0)
    pdf.polygon(
        [(left + 3, fold + 2), (left + wide - 1, fold + 2), (left + wide - 0.4, fold + 3.2), (left + 3.6, fold + 3.2)],
        style="F",
    )
    _dashed(pdf, (left - 2, fold), (left + wide + 2, fold))
    right = left + wide
    _arrow(pdf, (right + 5.5, y + 5), (right + 10, y - 6), (right + 2.5, y - 7))


def _closed(pdf: Document, x: float, y: float) -> None:
    """Draw closed cards."""
    wide, high = _CLOSED[0] * 1.5, _CLOSED[1] * 1.5
    for back in (3.0, 1.5, 0.0):
        left, top = x - wide / 2 + back - 1.5, y - high / 2 - back + 1.5
        _paper(pdf, _box(left, top, wide, high), _GREY)
    _paper(pdf, _box(left + 3, top + 3.5, wide - 6, high - 7))
    pdf.set_fill_color(0)
    pdf.rect(left + 6, top + 5.7, wide - 12, 1.2, "F")
    pdf.rect(left + 8, top + 8.5, wide - 16, 0.7, "F")


def _secret(pdf: Document, x: float, y: float, *, lower: bool = True) -> None:
    """Hint at what must not be seen: the QR code above, the code below."""
    wide, high = _CLOSED
    side = high - 4
    pdf.set_fill_color(0)
    for dot in range(16):
        if dot not in {1, 6, 8, 11, 13}:
            pdf.rect(x + 2 + dot % 4 * side / 4, y + 2 + dot // 4 * side / 4, side / 4 + 0.02, side / 4 + 0.02, "F")
    if lower:
        pdf.rect(x + 2, y + high + 2.5, wide - 4, 1.4, "F")


def _paper(pdf: Document, corners: Sequence[_Point], shade: int = 255) -> None:
    pdf.set_fill_color(shade)
    pdf.set_line_width(_THIN)
    pdf.polygon(corners, style="DF")


def _dashed(pdf: Document, start: _Point, end: _Point) -> None:
    pdf.set_line_width(_BOLD)
    pdf.set_dash_pattern(dash=1.4, gap=1)
    pdf.line(*start, *end)
    pdf.set_dash_pattern()


def _arrow(pdf: Document, start: _Point, bend: _Point, end: _Point) -> None:
    """Draw a curve with a head at its end."""
    pdf.set_line_width(_BOLD)
    pdf.bezier([start, bend, end])
    length = hypot(end[0] - bend[0], end[1] - bend[1])
    x, y = (end[0] - bend[0]) / length, (end[1] - bend[1]) / length
    tip, back = (end[0] + 1.8 * x, end[1] + 1.8 * y), (end[0] - x, end[1] - y)
    pdf.set_fill_color(0)
    pdf.polygon([tip, (back[0] - y, back[1] + x), (back[0] + y, back[1] - x)], style="F")


def _box(x: float, y: float, width: float, height: float) -> list[_Point]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
