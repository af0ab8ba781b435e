"""Text that fits: into its box, into the fonts we carry, or cut short; never over the edge."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

FONTS = Path(__file__).parent / "fonts"

SCRIPTS = ("NotoSans", "NotoSansHebrew", "NotoSansArabic", "NotoSansBengali")
CODES = "NotoSansMono-Bold-Codes"  #: holds the letters of a code, nothing else

UNKNOWN = "\ufffd"
"""Stands where no font has the character."""

MM = 25.4 / 72
"""Millimetres in a point."""

_LEADING = {"NotoSans": 1.25}
_TALL = 1.5  # of other scripts
_JOINERS = "\u200c\u200d"
_TOO_MANY_MARKS = 3  # on one letter: what no language needs climbs into the line above
_PLAIN = re.compile("[ -~\u00a0-\u024f\u2018-\u201d\u2026]*")  # Latin letters that stand one after the other
_MIDDLE = 0.3  # of the size: from the middle of a line down to its baseline
_CUT = "…"
_STEP = 0.5  # points between two sizes that are tried


class Document(FPDF):
    """A PDF in our fonts that tells nothing of when, where or with what it was made."""

    def __init__(self, size: tuple[float, float]) -> None:
        super().__init__(unit="mm", format=size)
        self._widths: dict[tuple[str, str, str], float] = {}
        self.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # it cannot be left out; the same for every file
        self.set_producer("")
        self.alias_nb_pages(None)  # type: ignore[arg-type]  # its own way to keep "{nb}" in a name as it is
        self.set_auto_page_break(auto=False)
        self.set_margin(0)
        self.c_margin = 0
        for family in SCRIPTS:
            self.add_font(family, "", FONTS / f"{family}-Regular.ttf")
        self.add_font(SCRIPTS[0], "B", FONTS / f"{SCRIPTS[0]}-Bold.ttf")
        self.add_font(CODES, "", FONTS / f"{CODES}.ttf")
        self.set_fallback_fonts(list(SCRIPTS), exact_match=False)
        # no kerning, no ligatures: a line is one text object, which viewers copy and search as it reads
        self.set_text_shaping(use_shaping_engine=True, features={"kern": False, "liga": False})

    def width(self, text: str) -> float:
        """Measure a text in the font chosen now; it is shaped once for all sizes, which is what takes time."""
        key = (self.font_family, self.font_style, text)
        if key not in self._widths:
            self._widths[key] = self.get_string_width(text) / self.font_size_pt
        return self._widths[key] * self.font_size_pt

    def fill(self, rectangles: Iterable[tuple[float, float, float, float]]) -> None:
        """Fill rectangles (x, y, width, height) as one path: a `rect` for each takes as long as the rest of a card."""
        k, high = self.k, self.h
        path = " ".join(f"{x * k:.2f} {(high - y) * k:.2f} {w * k:.2f} {-h * k:.2f} re" for x, y, w, h in rectangles)
        self._out(f"{path} f")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Lines that were measured: they are drawn as they are, any number of times."""

    lines: tuple[str, ...]
    family: str
    bold: bool
    size: float  #: points

    @property
    def leading(self) -> float:
        """Millimetres from line to line."""
        return self.size * MM * _LEADING.get(self.family, _TALL)

    @property
    def height(self) -> float:
        """Millimetres."""
        return self.leading * len(self.lines)


def fit(
    pdf: Document, text: str, width: float, height: float, *, largest: float, smallest: float = 5, bold: bool = False
) -> Block:
    """Wrap a text into a box of so many millimetres, in the largest size that fits; cut it short if none does."""
    text, family = _readable(pdf, text)
    size = largest
    while True:
        block = _wrapped(pdf, text, width, Block(lines=(), family=family, bold=bold, size=size))
        if block.height <= height:
            return block
        if size <= smallest:
            return _shortened(pdf, block, width, height)
        size = max(smallest, size - _STEP)


def draw(pdf: Document, block: Block, x: float, y: float, width: float, align: str = "L") -> float:
    """Draw it with its upper left corner there; return the y below it."""
    _choose(pdf, block)
    for line in block.lines:
        if block.family == SCRIPTS[0] and _PLAIN.fullmatch(line):  # needs no shaping, which takes fifty times as long
            left = (width - pdf.width(line)) / 2 if align == "C" else 0
            pdf.text(x + left, baseline(y, block.leading, block.size), line)
        else:
            pdf.set_xy(x, y)
            pdf.cell(width, block.leading, line, align=align)
        y += block.leading
    return y


def baseline(y: float, height: float, size: float) -> float:
    """Return on which y the letters of a line stand, as FPDF.cell has it."""
    return y + height / 2 + _MIDDLE * size * MM


def _choose(pdf: Document, block: Block) -> None:
    pdf.set_font(block.family, "B" if block.bold and block.family == SCRIPTS[0] else "", block.size)


def _readable(pdf: Document, text: str) -> tuple[str, str]:
    """Return the text in characters that we have, and the family that has the most of them."""
    known = {family: pdf.fonts[family.lower()].cmap for family in SCRIPTS}  # type: ignore[union-attr]
    letters: list[str] = []
    marks = 0
    after_unknown = False
    for char in unicodedata.normalize("NFC", " ".join(text.split())):
        category = unicodedata.category(char)
        marks = marks + 1 if category == "Mn" else 0
        if (category in {"Cc", "Cf"} and char not in _JOINERS) or marks > _TOO_MANY_MARKS:
            continue
        if any(ord(char) in cmap for cmap in known.values()):
            if not (after_unknown and (category == "Mn" or char in _JOINERS)):
                letters.append(char)
                after_unknown = False
        else:
            if not (after_unknown and category in {"Mn", "Sk"}):  # what belongs to the one before
                letters.append(UNKNOWN)
            after_unknown = True
    clean = "".join(letters).strip()
    have = {family: sum(ord(char) in cmap for char in clean if not char.isspace()) for family, cmap in known.items()}
    return clean, max(SCRIPTS, key=lambda family: have[family])


def _wrapped(pdf: Document, text: str, width: float, empty: Block) -> Block:
    _choose(pdf, empty)
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if _fits(pdf, longer, width):
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(pdf, word, width)
        lines += whole
    return replace(empty, lines=(*lines, line))


def _pieces(pdf: Document, word: str, width: float) -> Iterator[str]:
    """Break a word that is longer than a line; yield it whole if it is not."""
    if _fits(pdf, word, width):
        yield word
        return
    clusters = _clusters(word)
    while clusters:
        number = max(1, _how_many(pdf, clusters, width))
        yield "".join(clusters[:number])
        clusters = clusters[number:]


def _how_many(pdf: Document, clusters: list[str], width: float) -> int:
    """Return how many of them fit in a line."""
    return bisect_right(range(1, len(clusters) + 1), width, key=lambda n: pdf.width("".join(clusters[:n])))


def _clusters(word: str) -> list[str]:
    """Split a word where a reader would: before a letter, never before a mark on one."""
    clusters: list[str] = []
    for char in word:
        belongs = unicodedata.category(char).startswith("M") or char in _JOINERS
        if clusters and (belongs or clusters[-1][-1] in _JOINERS):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _shortened(pdf: Document, block: Block, width: float, height: float) -> Block:
    *lines, last = block.lines[: max(1, int(height / block.leading))]
    clusters = _clusters(last)
    kept = "".join(clusters[: _how_many(pdf, clusters, width - pdf.width(_CUT))]).rstrip()
    return replace(block, lines=(*lines, kept + _CUT))


def _fits(pdf: Document, text: str, width: float) -> bool:
    return pdf.width(text) <= width
