"""All pages: for each workplace one for its steward, then its cards, eight a page."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence

from bot.domain.model import Terms
from handlers.lettering.paragraphs import missing
from handlers.sheets.card import Bot, Piece, card, place_pattern, wording
from handlers.sheets.paper import SIZES, Paper, usual_paper
from handlers.sheets.shaping import Document
from handlers.sheets.steward import steward_page
from handlers.texts.catalogue import spoken
from handlers.texts.organizers_words import worded

_ACROSS, _DOWN = 2, 4
_MARGIN = 9.0  # most printers leave 4 to 6 mm white
_MARK = 4.0  # how far cut marks reach into the margin


def sheet(
    terms: Terms,
    places: Sequence[tuple[str, Sequence[str]]],
    *,
    telegram: str | None = None,
    discord: str | None = None,
    also: Sequence[str] = (),
    paper: Paper | None = None,
    chance: random.Random | None = None,
    drawn: Callable[[], None] = lambda: None,
) -> bytes:
    """Return the printable cards of these workplaces, given by name with their codes.

    `telegram` is the bot's link (`https://t.me/allout_bot`): the QR codes then open it, otherwise they hold the
    bare code. `discord` is the bot's name there; `also` are links of other bots on Telegram, which are named too.
    Each workplace begins with a page for its steward; its cards are in random order, and nothing numbers them. It
    takes some 3 ms a card; `drawn` is called after each.
    Pure: the same file for the same arguments, `chance` included.
    """
    chance = chance or secrets.SystemRandom()
    bot = Bot(telegram=telegram, discord=discord, also=tuple(also))
    size = SIZES[paper or usual_paper(terms)]
    pdf, pieces = Document(size), on_a_page(size)
    pattern = place_pattern(pdf, pieces[0])
    for name, codes in places:
        if not codes:
            continue
        shuffled = chance.sample(codes, len(codes))
        words = wording(terms, name, bot, pieces[0])
        steward_page(pdf, terms, name, len(shuffled))
        for start in range(0, len(shuffled), len(pieces)):
            of_page = shuffled[start : start + len(pieces)]
            pdf.add_page()
            for piece, code in zip(pieces, of_page, strict=False):
                card(pdf, piece, words, code, bot, pattern)
                drawn()
            _lines(pdf, pieces[: len(of_page)])
    return bytes(pdf.output())


def undrawable(terms: Terms, places: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, tuple[str, ...]]:
    """Return the letters that no font here has, and the title and names they stand in."""
    found = {
        name: letters
        for name in (worded(terms).title, *(name for name, _codes in places))
        if (letters := missing(name, spoken()))
    }
    return "".join(dict.fromkeys("".join(found.values()))), tuple(found)


def on_a_page(size: tuple[float, float]) -> list[Piece]:
    """Return where cards lie on a page of so many millimetres."""
    width, height = (size[0] - 2 * _MARGIN) / _ACROSS, (size[1] - 2 * _MARGIN) / _DOWN
    return [
        Piece(x=_MARGIN + column * width, y=_MARGIN + row * height, width=width, height=height)
        for row in range(_DOWN)
        for column in range(_ACROSS)
    ]


def _lines(pdf: Document, pieces: Sequence[Piece]) -> None:
    """Draw where to cut (solid) and where to fold (dashed)."""
    left, right = pieces[0].x, max(piece.x + piece.width for piece in pieces)
    top, bottom = pieces[0].y, max(piece.y + piece.height for piece in pieces)
    pdf.set_draw_color(0)
    pdf.set_line_width(0.12)
    for y in sorted({edge for piece in pieces for edge in (piece.y, piece.y + piece.height)}):
        pdf.line(left - _MARK, y, right + _MARK, y)
    for x in sorted({edge for piece in pieces for edge in (piece.x, piece.x + piece.width)}):
        pdf.line(x, top - _MARK, x, bottom + _MARK)
    pdf.set_line_width(0.2)
    pdf.set_dash_pattern(dash=1.6, gap=1.2)
    for piece in pieces:
        pdf.line(piece.x, piece.fold_shut, piece.x + piece.width, piece.fold_shut)
        pdf.line(piece.fold_back, piece.y, piece.fold_back, piece.y + piece.height)
    pdf.set_dash_pattern()
