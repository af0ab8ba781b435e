"""One card: a piece of paper, printed on one side, folded twice.

    +-----------------+-----------------+
    |   QR code       |   cover         |    1. the right half is folded back: now both sides are printed
    + - - - - - - - - + - - - - - - - - +    2. the lower half is folded up over the QR code:
    |   code, words   |   back          |       what was printed on the left is inside
    +-----------------+-----------------+

Nothing stands upside down, on the sheet or on the card, and four layers of paper, two of them patterned, hide the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import segno
from fpdf.image_parsing import preload_image

from bot.domain.model import Terms
from bot.secrets.card_codes import pretty
from handlers.lettering.faces import CODES
from handlers.sheets.chaff import chaff
from handlers.sheets.shaping import MM, Block, Document, baseline, draw, fit
from handlers.texts import sheets as texts
from handlers.texts.organizers_words import worded

_EDGE = 1.4  # from a cut or fold to the pattern
_FRAME = 4.6  # from there to the words on the cover
_GAP = 1.8  # between title and workplace
_AIR = 3.5  # from a cut or fold to what is inside
_QR = 24.5
_CODE_PRINTED = 23  # letters and dashes
_CODE_NARROWER = 84  # percent: so that all four groups stand in one line
_CODE_LETTER = 0.6  # of its size: each letter is as wide as the others
_MASK = 4  # any of the eight can be read; to look for the evenest takes as long as the rest of a card
_DARK = re.compile(b"\x01+")
_SEAM = 0.02  # of a module: without it some viewers show hairlines between rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Where a card lies on the paper, in millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def fold_back(self) -> float:
        """The x of the fold between inside and outside."""
        return self.x + self.width / 2

    @property
    def fold_shut(self) -> float:
        """The y of the fold that hides the code."""
        return self.y + self.height / 2

    @property
    def panel(self) -> tuple[float, float]:
        """Width and height of a quarter, which is a closed card."""
        return self.width / 2, self.height / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot:
    """Where the bot is met."""

    telegram: str | None  #: its link
    discord: str | None  #: its name
    also: tuple[str, ...] = ()  #: links of other bots on Telegram that do the same

    def data(self, code: str) -> str:
        """Return what the QR code holds."""
        return f"{self.telegram}?start={code}" if self.telegram else code

    @property
    def handle(self) -> str | None:
        """Return its name on Telegram, or all their names."""
        links = filter(None, (self.telegram, *self.also))
        return ", ".join(f"@{link.rstrip('/').rpartition('/')[2]}" for link in links) or None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """What is the same on all cards of a workplace, measured once."""

    title: Block
    unit: Block
    back: Block
    scan: Block
    label: Block
    way: Block
    condition: Block
    deadline: Block
    confidence: Block


def place_pattern(pdf: Document, piece: Piece) -> str:
    """Put the pattern for pieces of this size into the document, once; return its name there."""
    name, _image, _info = preload_image(pdf.image_cache, chaff(*_pattern_size(piece)))
    return name


def wording(terms: Terms, unit: str, bot: Bot, piece: Piece) -> Wording:
    """Measure the words for pieces of this size."""
    wide, high = piece.panel
    cover, cover_high = wide - 2 * (_EDGE + _FRAME), high - 2 * (_EDGE + _FRAME)
    page = wide - 2 * _AIR
    label = fit(texts.your_code(), page, 4, largest=7)
    way, condition, deadline, confidence = _under(terms, bot, page, high - 2 * _AIR - label.height - _code_height(page))
    title = fit(worded(terms).title, cover, cover_high * 0.56, largest=11, bold=True, named=True)
    return Wording(
        title=title,
        unit=fit(unit, cover, cover_high - _GAP - title.height, largest=8.5, named=True),
        back=fit(texts.open_alone(), cover, 3.4, largest=7, bold=True),
        scan=fit(
            texts.scan_for_telegram() if bot.telegram else texts.scan_for_code(), page - _QR - 3, _QR, largest=7.5
        ),
        label=label,
        way=way,
        condition=condition,
        deadline=deadline,
        confidence=confidence,
    )


def _under(terms: Terms, bot: Bot, page: float, high: float) -> tuple[Block, Block, Block, Block]:
    """Measure what stands under the code: the way, the condition, the deadline, what is not kept.

    Where a script's lines are tall, the last three are smaller until the first has room.
    """
    for share in (1, 0.9, 0.8, 0.7):
        rest = (
            fit(texts.condition(terms), page, 3.6 * share, largest=9, bold=True),
            fit(texts.deadline(terms), page, 4.4 * share, largest=9, bold=True),
            fit(texts.in_confidence(), page, 6.4 * share, largest=7),
        )
        left = min(6.4, high - sum(each.height for each in rest))
        way = fit(texts.send_it(bot.handle, bot.discord), page, left, largest=7)
        if not way.cut:
            break
    return way, *rest


def card(pdf: Document, piece: Piece, words: Wording, code: str, bot: Bot, pattern: str) -> None:
    """Draw one."""
    _inside(pdf, piece, words, code, bot)
    _outside(pdf, piece, words, pattern)


def _inside(pdf: Document, piece: Piece, words: Wording, code: str, bot: Bot) -> None:
    wide, high = piece.panel
    x, width = piece.x + _AIR, wide - 2 * _AIR
    _qr(pdf, bot.data(code), x, piece.y + (high - _QR) / 2)
    draw(pdf, words.scan, x + _QR + 3, piece.y + (high - words.scan.height) / 2, width - _QR - 3)

    size, code_high = _code_size(width), _code_height(width)
    y = piece.fold_shut + _AIR
    y = draw(pdf, words.label, x, y, width)
    pdf.set_font(CODES.name, "", size)
    pdf.set_stretching(_CODE_NARROWER)
    pdf.text(x, baseline(y, code_high, size), pretty(code))
    pdf.set_stretching(100)
    draw(pdf, words.way, x, y + code_high, width)
    y = piece.y + piece.height - _AIR - sum(each.height for each in (words.condition, words.deadline, words.confidence))
    y = draw(pdf, words.condition, x, y, width)
    y = draw(pdf, words.deadline, x, y, width)
    draw(pdf, words.confidence, x, y, width)


def _code_size(width: float) -> float:
    """Return the points in which a code is as wide as this."""
    return width / (_CODE_PRINTED * _CODE_LETTER * _CODE_NARROWER / 100 * MM)


def _code_height(width: float) -> float:
    return _code_size(width) * MM * 1.3


def _outside(pdf: Document, piece: Piece, words: Wording, pattern: str) -> None:
    wide, high = piece.panel
    x = piece.fold_back
    pdf.image(pattern, x + _EDGE, piece.y + _EDGE, *_pattern_size(piece))

    # windows as small as the words allow: what is clear here is clear in front of the code
    words_wide = wide - 2 * (_EDGE + _FRAME)
    words_high = words.title.height + _GAP + words.unit.height
    _window(pdf, x + wide / 2, piece.y + high / 2, words_wide + 3.2, words_high + 3.2)
    left = x + _EDGE + _FRAME
    y = piece.y + (high - words_high) / 2
    y = draw(pdf, words.title, left, y, words_wide, "C") + _GAP / 2
    pdf.set_line_width(0.25)
    pdf.line(x + wide / 2 - 4, y, x + wide / 2 + 4, y)
    draw(pdf, words.unit, left, y + _GAP / 2, words_wide, "C")

    _window(pdf, x + wide / 2, piece.fold_shut + high / 2, words_wide + 2, words.back.height + 1.6)
    draw(pdf, words.back, left, piece.fold_shut + (high - words.back.height) / 2, words_wide, "C")


def _pattern_size(piece: Piece) -> tuple[float, float]:
    wide, high = piece.panel
    return wide - 2 * _EDGE, 2 * high - 2 * _EDGE


def _window(pdf: Document, x: float, y: float, width: float, height: float) -> None:
    """Keep the pattern clear of words, around this middle."""
    pdf.set_fill_color(255)
    pdf.rect(x - width / 2, y - height / 2, width, height, "F", round_corners=True, corner_radius=1.5)


def _qr(pdf: Document, data: str, x: float, y: float) -> None:
    """Draw a QR code, dark modules only: the paper around it is its quiet zone."""
    modules = segno.make_qr(data, error="m", mask=_MASK).matrix
    side = _QR / len(modules)
    above: dict[tuple[int, int], int] = {}  # runs of dark modules, and in which row they began
    dark: list[tuple[float, float, float, float]] = []
    for row in range(len(modules) + 1):
        runs = _runs(modules[row]) if row < len(modules) else set()
        for run in sorted(set(above) - runs):
            start, end = run
            first = above.pop(run)
            dark.append((x + start * side, y + first * side, (end - start) * side, (row - first + _SEAM) * side))
        above |= {run: row for run in runs if run not in above}
    pdf.set_fill_color(0)
    pdf.fill(dark)


def _runs(row: bytearray) -> set[tuple[int, int]]:
    """Return where dark modules stand side by side: first, and one past the last."""
    return {run.span() for run in _DARK.finditer(row)}
