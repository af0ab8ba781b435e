"""Text that fits: into its box, or cut short; never over the edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.fonts import TTFFont

from handlers.lettering.faces import CODES, Face
from handlers.lettering.paragraphs import Line, Paragraph, Run, paragraph
from handlers.texts.catalogue import spoken
from handlers.texts.languages import meant

MM = 25.4 / 72
"""Millimetres in a point."""

_MIDDLE = 0.3  # of the size: from the middle of a line down to its baseline
_STEP = 0.5  # points between two sizes that are tried
_DRIFT = 0.002  # of the size: so far off a letter may stand before it is placed anew


class Document(FPDF):
    """A PDF in our fonts that tells nothing of when, where or with what it was made."""

    def __init__(self, size: tuple[float, float]) -> None:
        super().__init__(unit="mm", format=size)
        self._families: dict[Face, str] = {}
        self._written: dict[tuple[Line, float], list[tuple[TTFFont, str]]] = {}
        self.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # it cannot be left out; the same for every file
        self.set_producer("")
        self.alias_nb_pages(None)  # type: ignore[arg-type]  # its own way to keep "{nb}" in a name as it is
        self.set_auto_page_break(auto=False)
        self.set_margin(0)
        self.c_margin = 0
        self.add_font(CODES.name, "", CODES.file)

    def write_line(self, line: Line, x: float, y: float, size: float) -> None:
        """Draw what was shaped, from there on the baseline."""
        if (line, size) not in self._written:
            self._written[line, size] = [(self._font(run.face), self._shown(run, size)) for run in line.runs]
        texts = [
            f"{self._set_font_for_page(font, size, wrap_in_text_object=False)} {shown}"
            for font, shown in self._written[line, size]
        ]
        self._out(f"q 0 g 1 0 0 1 {x * self.k:.2f} {(self.h - y) * self.k:.2f} cm BT {' '.join(texts)} ET Q")
        self.current_font_is_set_on_page = False  # what was set between q and Q is forgotten there

    def fill(self, rectangles: Iterable[tuple[float, float, float, float]]) -> None:
        """Fill rectangles (x, y, width, height) as one path: a `rect` for each takes as long as the rest of a card."""
        k, high = self.k, self.h
        path = " ".join(f"{x * k:.2f} {(high - y) * k:.2f} {w * k:.2f} {-h * k:.2f} re" for x, y, w, h in rectangles)
        self._out(f"{path} f")

    def _font(self, face: Face) -> TTFFont:
        if face not in self._families:  # by no name: a font of this machine may be called as one of ours
            self._families[face] = f"font{len(self._families)}"
            self.add_font(self._families[face], "", face.file, collection_font_number=face.number)
        font = self.fonts[self._families[face]]
        assert isinstance(font, TTFFont)  # noqa: S101  the others come with PDF itself, and are none of ours
        return font

    def _shown(self, run: Run, size: float) -> str:
        """Return how a PDF says it: together what follows each other in the font's own widths, else placed anew."""
        font = self._font(run.face)
        parts: list[tuple[float, float, str]] = []
        at, up = 0.0, 0.0
        for glyph in run.glyphs:
            name = font.ttfont.getGlyphName(glyph.number)
            width = round(font.scale * font.ttfont["hmtx"].metrics[name][0])
            kept = font.subset.get_glyph(glyph.number, tuple(map(ord, glyph.letters)), name, width)
            code = font.subset.pick_glyph(kept)
            if code is None:
                continue
            if not parts or glyph.y != up or abs(glyph.x - at) > _DRIFT:
                at, up = glyph.x, glyph.y
                parts.append((at, up, ""))
            parts[-1] = (*parts[-1][:2], f"{parts[-1][2]}{code:04X}")
            at += width / 1000
        return " ".join(f"1 0 0 1 {(run.x + at) * size:.2f} {up * size:.2f} Tm <{codes}> Tj" for at, up, codes in parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Lines that were shaped: they are drawn as they are, any number of times."""

    lines: tuple[Line, ...]
    size: float  #: points
    line_height: float  #: of the size
    middle: float  #: of the size
    rtl: bool
    cut: bool = False  #: it did not fit

    @property
    def leading(self) -> float:
        """Millimetres from line to line."""
        return self.size * MM * self.line_height

    @property
    def height(self) -> float:
        """Millimetres."""
        return self.leading * len(self.lines)


def fit(
    text: str,
    width: float,
    height: float,
    *,
    largest: float,
    smallest: float = 5,
    bold: bool = False,
    named: bool = False,
) -> Block:
    """Wrap a text into a box of so many millimetres, in the largest size that fits; cut it short if none does.

    A sentence of ours runs as the language does that is spoken now; what is `named` by others as its own letters do.
    """
    language = meant(spoken())
    rtl = None if named else language is not None and language.right_to_left
    words = paragraph(text, spoken(), bold=bold, rtl=rtl)
    size = largest
    while True:
        lines = words.wrapped(width / (size * MM))
        block = Block(lines=(), size=size, line_height=words.leading, middle=words.middle, rtl=words.rtl)
        if len(lines) * block.leading <= height:
            return replace(block, lines=tuple(words.line(*line) for line in lines))
        if size <= smallest:
            some = lines[: max(1, int(height / block.leading))]
            return replace(_shortened(words, block, some, width), cut=some != lines)
        size = max(smallest, size - _STEP)


def draw(pdf: Document, block: Block, x: float, y: float, width: float, align: str = "L") -> float:
    """Draw it with its upper left corner there; return the y below it. What runs from right to left stands right."""
    for line in block.lines:
        free = width - line.width * block.size * MM
        left = free / 2 if align == "C" else free if block.rtl else 0
        pdf.write_line(line, x + left, baseline(y, block.leading, block.size, block.middle), block.size)
        y += block.leading
    return y


def baseline(y: float, height: float, size: float, middle: float = _MIDDLE) -> float:
    """Return on which y the letters of a line stand."""
    return y + height / 2 + middle * size * MM


def _shortened(words: Paragraph, block: Block, lines: list[tuple[int, int]], width: float) -> Block:
    *whole, (start, _end) = lines
    last = words.shortened(start, width / (block.size * MM))
    return replace(block, lines=(*(words.line(*line) for line in whole), last))
