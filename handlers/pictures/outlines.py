"""Lines of text as outlines: what HarfBuzz has shaped, in the form in which matplotlib fills it."""

from __future__ import annotations

from functools import lru_cache
from typing import SupportsInt

from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from handlers.lettering.faces import Face, opened
from handlers.lettering.paragraphs import Line

_Point = tuple[float, float]


class _Pen:
    """Writes down what a font draws."""

    def __init__(self) -> None:
        self.points: list[_Point] = []
        self.codes: list[int] = []

    def moveTo(self, to: _Point) -> None:  # noqa: N802  as fontTools names what pens do
        self._add(Path.MOVETO, to)

    def lineTo(self, to: _Point) -> None:  # noqa: N802
        self._add(Path.LINETO, to)

    def qCurveTo(self, *through: _Point) -> None:  # noqa: N802
        self._add(Path.CURVE3, *through)

    def curveTo(self, *through: _Point) -> None:  # noqa: N802
        self._add(Path.CURVE4, *through)

    def closePath(self) -> None:  # noqa: N802
        self._add(Path.CLOSEPOLY, (0, 0))

    def _add(self, code: SupportsInt, *points: _Point) -> None:
        self.points += points
        self.codes += [int(code)] * len(points)


def outline(line: Line, size: float, x: float, base: float) -> Path:
    """Return a line's shapes from there on the baseline, y downwards."""
    shapes = [
        shape.transformed(Affine2D().scale(size, -size).translate(x + (run.x + glyph.x) * size, base - glyph.y * size))
        for run in line.runs
        for glyph in run.glyphs
        if (shape := _glyph(run.face, glyph.number)) is not None
    ]
    return Path.make_compound_path(*shapes)


@lru_cache(maxsize=2048)
def _glyph(face: Face, number: int) -> Path | None:
    """Return a letter's shape, one high; None for a space."""
    font, pen = opened(face), _Pen()
    font.draw_glyph_with_pen(number, pen)
    return Path(pen.points, pen.codes).transformed(Affine2D().scale(1 / font.face.upem)) if pen.points else None
