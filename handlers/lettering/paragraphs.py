"""Letters in the order in which they are drawn, shaped; and where lines end.

A paragraph has one direction, found before it is wrapped and kept in all its lines. Within a line runs stand as the
Unicode Bidirectional Algorithm has it (UAX 9, of which fpdf2 brings rules P to I; the last two, which are about lines,
are here). Each run of one script, font and level is shaped by HarfBuzz. Everything is measured in parts of the letters'
size, so that it is shaped once for all sizes.
"""

from __future__ import annotations

import itertools
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import uharfbuzz as hb
from fontTools import unicodedata as scripts

from handlers.lettering.faces import BOLD, SYMBOLS, TEXT, Face, face_for, is_ignorable, language_of, opened
from handlers.texts.languages import meant

BOX = "□"
"""Stands where no font has the letter."""

CUT = "…"

MOST = 500
"""Letters of one paragraph: no name is longer on paper, and the rules of order look back over all of them."""

_JOINERS = "\u200c\u200d"
_ZERO_SPACE = "\u200b"
_OPENING, _CLOSING = "\u2066\u2067\u2068", "\u2069"
_MARKS_OF_DIRECTION = "\u200e\u200f\u061c"
_UNSEEN = _OPENING + _CLOSING + _MARKS_OF_DIRECTION + _ZERO_SPACE
"""These turn or break a line, and are not drawn."""

_TURNING = {"R", "AL", "AN", "RLI"}
_TOO_MANY_MARKS = 3  # on one letter: what no language needs climbs into the line above
_LONGEST_CLUSTER = 12  # letters that no line's end may part; what joins more than any language does is parted
_SEEN_BEYOND = 5  # letters at which HarfBuzz looks, for the marks on the one that is joined
_NO_SCRIPT = {"Zyyy", "Zinh", "Zzzz"}
_VIRAMA = 9  # as a combining class
_BEFORE_ITS_LETTER = "เแโใไເແໂໃໄ"
_AFTER_ITS_LETTER = "ะาำๅະາຳ"
_WITHOUT_SPACES = {"Hani", "Hira", "Kana", "Bopo"}
_NOT_FIRST = {"Pe", "Pf", "Po", "Lm"}
_NOT_LAST = {"Ps", "Pi"}
_TSHEG = "\u0f0b"  # between Tibetan syllables
_PLAIN_FEATURES = {"kern": False, "liga": False}  # a line is one text object, which viewers copy and search as it reads


@dataclass(frozen=True, slots=True)
class Glyph:
    """A shape of a font, and where it stands in its run."""

    number: int
    x: float
    y: float
    letters: str  #: what it is drawn for; '' for all but the first that are drawn for the same


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Shapes of one font, from left to right."""

    face: Face
    x: float  #: in its line
    width: float
    glyphs: tuple[Glyph, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """What stands on a line, from left to right."""

    runs: tuple[Run, ...]
    width: float


@dataclass(frozen=True, slots=True)
class _Span:
    """Letters that are shaped together."""

    text: str
    face: Face
    script: str
    level: int
    before: str = ""  #: letters of the same script before it, in another font, which it may have to join
    after: str = ""


class Paragraph:
    """A text, ready to be measured, wrapped and drawn."""

    def __init__(self, text: str, language: str, *, bold: bool = False, rtl: bool | None = None) -> None:
        """Take the direction of its first strong letter; where it has none, or is said, that of `rtl`."""
        known = meant(language)
        self._bold = bold
        cleaned = _clean(text)
        self._language = language_of(cleaned, language)
        self._place(cleaned)
        if bold and not set(self._faces) <= {BOLD, SYMBOLS}:  # most scripts have no bold: figures alone would be
            self._bold = False
            self._place(cleaned)
        of_language = known is not None and known.right_to_left
        self.rtl = (_first_strong(self.text, fallback=of_language)) if rtl is None else rtl
        self._levels = _levels(self.text, rtl=self.rtl)
        self._widths: dict[tuple[int, int], float] = {}
        self.pieces = tuple(self._unbroken())

    @property
    def leading(self) -> float:
        """How far its lines are from each other."""
        return max((face.leading for face in self._faces), default=TEXT.leading)

    @property
    def middle(self) -> float:
        """How far below the middle of a line its letters stand."""
        return max(self._faces, key=lambda face: face.leading, default=TEXT).middle

    def wrapped(self, width: float) -> list[tuple[int, int]]:
        """Return where its lines begin and end."""
        lines: list[tuple[int, int]] = []
        for start, end in self.pieces:
            if lines and self.width(lines[-1][0], end) <= width:
                lines[-1] = (lines[-1][0], end)
            else:
                lines += self._broken(start, end, width)
        return lines or [(0, 0)]

    def shortened(self, start: int, width: float) -> Line:
        """Return so much from there on as fits with an ellipsis, or all if that fits."""
        end = self.pieces[-1][1] if self.pieces else 0
        if self.width(start, end) <= width:
            return self.line(start, end)
        room = width - self.line(0, 0, cut=True).width
        ends = [each for each in (*self._starts, end) if start < each <= end]
        number = bisect_right(ends, room, key=partial(self.width, start))
        kept = ends[number - 1] if number else start
        return self.line(start, start + len(self.text[start:kept].rstrip()), cut=True)

    def width(self, start: int, end: int) -> float:
        """Measure a part of it."""
        if (start, end) not in self._widths:
            self._widths[start, end] = sum(_shaped(span, self._language)[1] for span in self._spans(start, end))
        return self._widths[start, end]

    def line(self, start: int, end: int, *, cut: bool = False) -> Line:
        """Return a part of it as it is drawn."""
        spans = self._spans(start, end)
        if cut:
            spans.append(_Span(CUT, BOLD if self._bold else TEXT, "Zyyy", int(self.rtl)))
        runs: list[Run] = []
        x = 0.0
        for span in _in_order(spans):
            glyphs, width = _shaped(span, self._language)
            runs.append(Run(span.face, x, width, glyphs))
            x += width
        return Line(tuple(runs), x)

    def _place(self, text: str) -> None:
        """Find the font of each letter, with a box where there is none."""
        self.text = ""
        self._faces: list[Face] = []
        self._scripts: list[str] = []
        self._starts: list[int] = []  # of its clusters
        script = next((of for letter in text if (of := scripts.script(letter)) not in _NO_SCRIPT), "Latn")
        missing: dict[str, None] = {}
        for cluster in _clusters(text):
            script = next((of for letter in cluster if (of := scripts.script(letter)) not in _NO_SCRIPT), script)
            seen = "".join(letter for letter in cluster if letter not in _UNSEEN)
            face = face_for(seen, script, self._language, bold=self._bold) if seen else TEXT
            if face is None:
                missing.update(dict.fromkeys(letter for letter in seen if not is_ignorable(letter)))
                cluster = "".join(letter for letter in cluster if letter in _UNSEEN) + _instead(seen)  # noqa: PLW2901
                face = face_for(BOX, "Zyyy", "")
            if not cluster or face is None:
                continue
            self._starts.append(len(self.text))
            self.text += cluster
            self._faces += [face] * len(cluster)
            self._scripts += [script] * len(cluster)
        self.missing = "".join(missing)
        if text and not self.text.strip(_UNSEEN + _JOINERS + " "):
            self.text, self._starts = BOX, [0]
            self._faces, self._scripts = [face_for(BOX, "Zyyy", "") or TEXT], ["Zyyy"]

    def _unbroken(self) -> Iterator[tuple[int, int]]:
        """Yield what stays on one line if it can: words, or letters where a script has no spaces."""
        begun: int | None = None
        bounds = [*self._starts, len(self.text)]
        for start, end in itertools.pairwise(bounds):
            is_space = self.text[start:end].isspace()
            if begun is not None and (is_space or self._may_break(start)):
                yield begun, start
                begun = None
            if begun is None and not is_space:
                begun = start
        if begun is not None:
            yield begun, len(self.text)

    def _may_break(self, at: int) -> bool:
        before, after = self.text[at - 1], self.text[at]
        if before in _ZERO_SPACE + _TSHEG:
            return True
        if not {self._scripts[at - 1], self._scripts[at]} <= _WITHOUT_SPACES:
            return False
        if unicodedata.category(after) in _NOT_FIRST or unicodedata.category(before) in _NOT_LAST:
            return False
        return not (before + after).isascii()

    def _broken(self, start: int, end: int, width: float) -> Iterator[tuple[int, int]]:
        """Break what is longer than a line, before a letter."""
        ends = [each for each in self._starts if start < each < end]
        while ends and self.width(start, end) > width:
            number = bisect_right(ends, width, key=partial(self.width, start))
            at = ends[max(0, number - 1)]
            yield start, at
            start, ends = at, [each for each in ends if each > at]
        yield start, end

    def _spans(self, start: int, end: int) -> list[_Span]:
        spans: list[_Span] = []
        for at in range(start, end):
            letter = self.text[at]
            if letter in _UNSEEN:
                continue
            alike = (self._faces[at], self._scripts[at], self._levels[at])
            if spans and alike == (spans[-1].face, spans[-1].script, spans[-1].level):
                spans[-1] = _Span(spans[-1].text + letter, *alike)
            else:
                spans.append(_Span(letter, *alike))
        return _beside_each_other(spans)


def _beside_each_other(spans: list[_Span]) -> list[_Span]:
    """Let spans know what they join, where one word takes two fonts."""
    for number, (one, two) in enumerate(itertools.pairwise(spans)):
        if (one.script, one.level) == (two.script, two.level) and one.script not in _NO_SCRIPT:
            spans[number] = replace(spans[number], after=two.text[:_SEEN_BEYOND])
            spans[number + 1] = replace(two, before=one.text[-_SEEN_BEYOND:])
    return spans


@lru_cache(maxsize=256)
def paragraph(text: str, language: str, *, bold: bool = False, rtl: bool | None = None) -> Paragraph:
    """Return a text's paragraph, the same one for the same text."""
    return Paragraph(text, language, bold=bold, rtl=rtl)


def missing(text: str, language: str) -> str:
    """Return the letters of a text that no font here has."""
    return paragraph(text, language).missing


def _instead(letters: str) -> str:
    """Return a box for letters; pictures and invisible signs go."""
    return BOX if any(unicodedata.category(letter)[0] in "LN" for letter in letters) else ""


def _clean(text: str) -> str:
    """Leave out what is neither drawn nor turns anything, and marks that pile up."""
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", " ".join(text.split())):
        category = unicodedata.category(letter)
        marks = marks + 1 if category == "Mn" else 0
        unwanted = category in {"Cc", "Cf", "Cs"} and letter not in _JOINERS + _UNSEEN
        if not unwanted and marks <= _TOO_MANY_MARKS:
            kept.append(letter)
    return " ".join("".join(kept[:MOST]).split())


def _clusters(text: str) -> list[str]:
    """Split a text where a reader would: before a letter, never before a mark on one."""
    clusters: list[str] = []
    for letter in text:
        if clusters and _belongs(clusters[-1][-1], letter) and len(clusters[-1]) < _LONGEST_CLUSTER:
            clusters[-1] += letter
        else:
            clusters.append(letter)
    return clusters


def _belongs(before: str, letter: str) -> bool:
    if before.isspace() or letter.isspace():
        return False
    return (
        unicodedata.category(letter).startswith("M")
        or letter in _JOINERS + _CLOSING + _AFTER_ITS_LETTER + _ZERO_SPACE
        or before in _JOINERS + _OPENING + _BEFORE_ITS_LETTER
        or unicodedata.combining(before) == _VIRAMA
        or "\U0001f3fb" <= letter <= "\U0001f3ff"  # colours of the skin before them
    )


def _first_strong(text: str, *, fallback: bool) -> bool:
    """Say whether a text runs from right to left: as its first letter that tells, outside of isolates (P2, P3)."""
    within = 0
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind in {"LRI", "RLI", "FSI"}:
            within += 1
        elif kind == "PDI":
            within = max(0, within - 1)
        elif not within and kind in {"L", "R", "AL"}:
            return kind != "L"
    return fallback


def _levels(text: str, *, rtl: bool) -> Sequence[int]:
    """Return the embedding level of each letter."""
    if not rtl and not any(unicodedata.bidirectional(letter) in _TURNING for letter in text):
        return [0] * len(text)
    from fpdf.bidi import BidiParagraph  # noqa: PLC0415  whoever draws no such text needs none of fpdf2
    from fpdf.enums import TextDirection  # noqa: PLC0415

    direction = TextDirection.RTL if rtl else TextDirection.LTR
    found = {each.character_index: each.embedding_level for each in BidiParagraph(text, direction).get_characters()}
    levels: list[int] = []
    for at in range(len(text)):  # joiners have none of their own (X9), and go with what is before them
        levels.append(found.get(at, levels[-1] if levels else int(rtl)))
    return levels


def _in_order(spans: list[_Span]) -> list[_Span]:
    """Reverse what is to be read from right to left, the innermost first (L2)."""
    levels = {span.level for span in spans}
    for level in range(max(levels, default=0), 0, -1):
        turned: list[_Span] = []
        row: list[_Span] = []
        for span in spans:
            if span.level >= level:
                row.insert(0, span)
            else:
                turned += [*row, span]
                row = []
        spans = turned + row
    return spans


@lru_cache(maxsize=4096)
def _shaped(span: _Span, language: str) -> tuple[tuple[Glyph, ...], float]:
    """Return its glyphs from left to right, and how wide they are."""
    font = opened(span.face)
    em = font.face.upem
    buffer = hb.Buffer()
    buffer.add_str(f"{span.before}{span.text}{span.after}", len(span.before), len(span.text))
    buffer.direction = "rtl" if span.level % 2 else "ltr"
    if span.script not in _NO_SCRIPT:
        buffer.script = span.script
    buffer.language = language
    buffer.guess_segment_properties()
    hb.shape(font, buffer, _PLAIN_FEATURES if span.face in {TEXT, BOLD} else None)
    infos, places = buffer.glyph_infos, buffer.glyph_positions
    clusters = [info.cluster - len(span.before) for info in infos]
    starts = sorted({*clusters, len(span.text)})
    following = dict(itertools.pairwise(starts))
    glyphs: list[Glyph] = []
    told: set[int] = set()
    x = 0.0
    for info, place, cluster in zip(infos, places, clusters, strict=True):
        letters = "" if cluster in told else span.text[cluster : following[cluster]]
        told.add(cluster)
        glyphs.append(Glyph(info.codepoint, x + place.x_offset / em, place.y_offset / em, letters))
        x += place.x_advance / em
    return tuple(glyphs), x
