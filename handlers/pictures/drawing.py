"""Puts a poster, or a campaign's stairs, on paper, in a process of its own: see handlers.sandboxed.sandbox_client.

Everything is placed in pixels from the upper left corner. No pyplot, so no state that two pictures share.
"""

from __future__ import annotations

import gc
import io
from dataclasses import dataclass
from functools import lru_cache

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Patch, PathPatch, Rectangle
from matplotlib.transforms import Affine2D
from PIL import Image

from bot.domain.model import Stage
from handlers.lettering.paragraphs import BOX, Paragraph, paragraph
from handlers.pictures.outlines import outline
from handlers.pictures.poster import Bar, Poster, Thermometer
from handlers.pictures.stairs import Stairs, Step
from handlers.texts.languages import meant
from handlers.texts.times import number

mpl.rcdefaults()  # how people set up their own matplotlib is not for our pictures

WIDTH = 1080
EDGE = 60
INNER = WIDTH - 2 * EDGE
DPI = 72  # a point is a pixel

PAPER, INK, QUIET, RULE = "#fbf9f4", "#1d2430", "#5d6673", "#d9d4c8"
GROUND = "#ece7dc"  #: of a bar

TALL = 420  #: of the highest column
MOST_APART = 4  #: columns stand no further apart than so many side by side
NARROW = 60  #: columns that have no room for large numbers

USUAL = 1.5  #: from line to line, in parts of the letters' size


@dataclass(frozen=True, kw_only=True, slots=True)
class Colours:
    """Told apart by how dark they are as well, so that nobody needs to see colours."""

    done: str
    counting: str


ALIVE = Colours(done="#14507a", counting="#e2a33c")
OVER = Colours(done="#59616b", counting="#b9b4a8")


@lru_cache(maxsize=64)  # after a tally organizers want the same one, and stewards their own; 30 kB each
def draw(wanted: Poster | Stairs) -> bytes:
    """Draw it as a PNG."""
    sheet = _Sheet(wanted.language, _colours(wanted))
    if isinstance(wanted, Poster):
        sheet.board(wanted)
    else:
        sheet.stairs(wanted)
    png = sheet.png()
    # a figure is made of circles, and each holds on to ten megabytes: left alone they come to 250 before Python looks
    gc.collect(1)
    return png


def _colours(wanted: Poster | Stairs) -> Colours:
    is_over = {Stage.LAPSED, Stage.CALLED_OFF, Stage.ENDED, Stage.CLOSED}
    return OVER if isinstance(wanted, Poster) and wanted.stage in is_over else ALIVE


class _Sheet:
    """Paper that is filled from the top, and cut off below the last line.

    In a language that runs from right to left everything stands as in a mirror; only letters do not.
    """

    def __init__(self, language: str, colours: Colours) -> None:
        self._figure = Figure(dpi=DPI, facecolor=PAPER)
        self._canvas = FigureCanvasAgg(self._figure)
        self._language = language
        known = meant(language)
        self._rtl = known is not None and known.right_to_left
        self._letters, self._shapes = Affine2D(), Affine2D()
        self._colours = colours
        self._boxes = False  #: some letter could not be drawn
        self._y = float(EDGE)

    def board(self, poster: Poster) -> None:
        """Put a board on it."""
        self._head(poster)
        if poster.thermometer is not None:
            self._thermometer(poster.thermometer)
        self._units(poster)
        self._foot(poster)

    def stairs(self, stairs: Stairs) -> None:
        """Put a campaign's steps on it: columns from left to right, and below them what each is."""
        self._line(stairs.city, 36, colour=QUIET, named=True)
        self._y += 18
        self._wrapped(stairs.campaign, 58, lines=2)
        self._y += 30
        self._rule()
        self._whole_line(stairs.headline, 38, colour=QUIET)
        self._y += 90
        slot = INNER / max(len(stairs.steps), MOST_APART)
        for nth, step in enumerate(stairs.steps):
            self._column(step, EDGE + slot * (nth + 0.5), slot * 0.62)
        self._y += TALL + 80
        self._rule()
        for step in stairs.steps:
            self._step(step)
        self._explain(stairs.boxes)

    def png(self) -> bytes:
        """Develop it."""
        height = round(self._y + EDGE)
        self._letters.scale(1, -1).translate(0, height)
        self._shapes.scale(-1 if self._rtl else 1, -1).translate(WIDTH if self._rtl else 0, height)
        self._figure.set_size_inches(WIDTH / DPI, height / DPI)
        self._canvas.draw()  # type: ignore[no-untyped-call]  # likewise
        pixels = self._canvas.buffer_rgba()  # type: ignore[no-untyped-call]  # likewise
        full = Image.frombuffer("RGBA", (WIDTH, height), pixels, "raw", "RGBA", 0, 1).convert("RGB")
        # a third of the size of matplotlib's own PNG, and made faster: there are few colours
        few = full.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        out = io.BytesIO()
        few.save(out, "png")
        return out.getvalue()

    # -- parts, from the top -----------------------------------------------------------------------------------

    def _head(self, poster: Poster) -> None:
        pill = self._pill(poster.stage_said, is_on=poster.stage is Stage.ON)
        self._line(poster.city, 36, colour=QUIET, room=INNER - pill - 40, named=True)
        self._y += 18
        self._wrapped(poster.title, 58, lines=2)
        self._y += 30

    def _thermometer(self, city: Thermometer) -> None:
        self._rule()
        self._whole_line(city.said, 58, weight="bold", colour=self._colours.done)
        self._y += 34
        tall, bulb = 54, 46
        middle = self._y + bulb
        left, right = EDGE + 1.8 * bulb, WIDTH - EDGE  # nobody stands behind the bulb
        whole = (right - left) * 0.9
        tube = self._capsule(EDGE, middle - tall / 2, INNER, tall, GROUND)
        self._fill(tube, left, middle - tall / 2, city.part * whole, tall, self._colours.done)
        begun = self._colours.done if city.part else GROUND
        self._add(Circle((EDGE + bulb, middle), bulb, facecolor=begun, linewidth=0))
        at = left + whole
        mark = Rectangle((at - 5, middle - tall / 2 - 16), 10, tall + 32, facecolor=INK, edgecolor=PAPER, linewidth=3)
        self._add(mark)
        self._y = middle + tall / 2 + 16
        said = number(city.mark)
        at = min(at, right - self._across(said, 38, "bold") / 2)
        self._words(at, self._y + 42, said, 38, weight="bold", align="center")
        self._y += 58
        self._whole_line(city.reached, 40)
        if city.turnout:
            self._y += 10
            self._whole_line(city.turnout, 40, weight="bold", colour=self._colours.done)
        self._y += 30

    def _units(self, poster: Poster) -> None:
        if poster.bars or poster.chosen:
            self._rule()
        if poster.chosen:
            self._line(poster.chosen, 38, colour=QUIET)
            self._y += 22
        for bar in poster.bars:
            self._bar(bar)
        if poster.more:
            self._line(poster.more, 38, colour=QUIET)
            self._y += 30

    def _bar(self, bar: Bar) -> None:
        size, tall = 38, 20
        said = f"✓ {bar.said}" if bar.reached else bar.said
        weight = "bold" if bar.reached else "normal"
        colour = self._colours.done if bar.reached else INK
        base = self._y + size
        self._words(EDGE, base, bar.name, size, colour=INK, named=True)
        if self._across(bar.name, size, "normal") + 30 + self._across(said, 36, weight) > INNER:
            base += 1.3 * size  # a name that nobody can tell from others says nothing
        self._words(WIDTH - EDGE, base, said, 36, weight=weight, colour=colour, align="right")
        self._y = base + 12 + _depth(self._paragraph(bar.name, "normal", named=True)) * size
        if bar.of:
            self._line(bar.of, 30, colour=QUIET, named=True)
        if bar.bare:
            self._y += 20
            return
        if bar.part == 0:
            self._empty(self._capsule(EDGE, self._y, INNER, tall, PAPER), hatched=True)
        else:
            ground = self._capsule(EDGE, self._y, INNER, tall, GROUND)
            fill = self._colours.done if bar.reached else self._colours.counting
            self._fill(ground, EDGE, self._y, INNER * bar.part, tall, fill)
        self._y += tall + 20

    def _foot(self, poster: Poster) -> None:
        self._rule()
        self._whole_line(poster.as_of, 34, colour=QUIET)
        if poster.next_tally:
            self._y += 8
            self._whole_line(poster.next_tally, 34, colour=QUIET)
        self._explain(poster.boxes)

    def _explain(self, boxes: str) -> None:
        if self._boxes:
            self._y += 8
            self._whole_line(boxes, 30, colour=QUIET)

    def _column(self, step: Step, middle: float, across: float) -> None:
        left, base, tall = middle - across / 2, self._y + TALL, TALL * step.of
        if step.part:
            self._add(Rectangle((left, base - tall), across, tall, facecolor=GROUND, linewidth=0))
            full = TALL * step.part
            self._add(Rectangle((left, base - full), across, full, facecolor=self._colours.done, linewidth=0))
        else:
            self._add(self._empty(Rectangle((left, base - tall), across, tall), hatched=step.is_counted))
        size = 46 if across > NARROW else 32
        self._words(middle, base - tall - 18, step.above, size, weight="bold", align="center")
        self._words(middle, base + 50, step.number, size, colour=QUIET, align="center")

    def _step(self, step: Step) -> None:
        self._words(EDGE, self._y + 38, step.number, 38, weight="bold", colour=QUIET)
        beside = EDGE + 70
        self._wrapped(step.titles, 38, lines=2, left=beside)
        self._whole_line(step.said, 36, left=beside, colour=self._colours.done if step.part else QUIET)
        self._y += 24

    # -- tools -------------------------------------------------------------------------------------------------

    def _pill(self, said: str, *, is_on: bool) -> float:
        size, tall = 40, 72
        text = f"✓ {said}" if is_on else said
        across = self._across(text, size, "bold") + 64
        left, top = WIDTH - EDGE - across, self._y - 18
        pill = self._capsule(left, top, across, tall, self._colours.done if is_on else PAPER)
        pill.set(edgecolor=self._colours.done, linewidth=4)
        colour = PAPER if is_on else self._colours.done
        self._words(left + across / 2, top + 50, text, size, weight="bold", colour=colour, align="center")
        return across

    def _rule(self) -> None:
        self._add(Rectangle((EDGE, self._y), INNER, 2, facecolor=RULE, linewidth=0))
        self._y += 36

    def _line(
        self,
        text: str,
        size: float,
        *,
        weight: str = "normal",
        colour: str = INK,
        left: float = EDGE,
        room: float = 0,
        named: bool = False,
    ) -> None:
        self._y += size
        room = room or WIDTH - EDGE - left
        self._words(left, self._y, text, size, weight=weight, colour=colour, room=room, named=named)
        self._y += size * (0.3 + _depth(self._paragraph(text, weight, named=named)))

    def _whole_line(
        self, text: str, size: float, *, weight: str = "normal", colour: str = INK, left: float = EDGE
    ) -> None:
        """Write a line that must not be shortened, for it holds a number: smaller, if it is long."""
        room = 0.999 * (WIDTH - EDGE - left)  # what fills it exactly could be taken for too long
        size = min(size, size * room / max(1, self._across(text, size, weight)))
        self._line(text, size, weight=weight, colour=colour, left=left)

    def _words(
        self,
        x: float,
        base: float,
        text: str,
        size: float,
        *,
        weight: str = "normal",
        colour: str = INK,
        align: str = "left",
        room: float = INNER,
        named: bool = False,
    ) -> float:
        """Write on one line, shortened if need be; return how wide it is.

        A sentence of ours runs as its language does; what is `named` by others as its own letters do.
        """
        return self._written(
            self._paragraph(text, weight, named=named), 0, x, base, size, colour=colour, align=align, room=room
        )

    def _wrapped(self, text: str, size: float, *, lines: int, left: float = EDGE) -> None:
        """Write a title on as many lines as it takes and may have; it stands on the side on which it begins."""
        words = self._paragraph(text, "bold", named=True)
        room = WIDTH - EDGE - left
        ends = words.wrapped(room / size)[:lines]
        for nth, (start, end) in enumerate(ends, start=1):
            self._y += size
            at, align = (left, "left") if words.rtl == self._rtl else (WIDTH - EDGE, "right")
            whole = None if nth == len(ends) else end
            self._written(words, start, at, self._y, size, colour=INK, align=align, room=room, end=whole)
            self._y += size * (0.3 + _depth(words))

    def _written(
        self,
        words: Paragraph,
        start: int,
        x: float,
        base: float,
        size: float,
        *,
        colour: str,
        align: str,
        room: float,
        end: int | None = None,
    ) -> float:
        """Write a part of a text, or what fits of the rest of it; return how wide that is."""
        self._boxes = self._boxes or (bool(words.missing) and BOX in words.text)
        line = words.shortened(start, room / size) if end is None else words.line(start, end)
        across = line.width * size
        left = x - across * {"left": 0, "center": 0.5, "right": 1}[align]
        shapes = outline(line, size, WIDTH - left - across if self._rtl else left, base)
        self._figure.add_artist(PathPatch(shapes, facecolor=colour, linewidth=0, transform=self._letters))
        return across

    def _paragraph(self, text: str, weight: str, *, named: bool) -> Paragraph:
        return paragraph(text, self._language, bold=weight == "bold", rtl=None if named else self._rtl)

    def _across(self, text: str, size: float, weight: str) -> float:
        words = self._paragraph(text, weight, named=False)
        return words.width(0, len(words.text)) * size

    def _capsule(self, x: float, y: float, width: float, height: float, colour: str) -> FancyBboxPatch:
        style = f"round,pad=0,rounding_size={height / 2}"
        shape = FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=colour, linewidth=0)
        self._add(shape)
        return shape

    def _empty(self, shape: Patch, *, hatched: bool) -> Patch:
        """Draw what has no number: hatched where it is too small to be shown."""
        shape.set(facecolor=PAPER, edgecolor=RULE, linewidth=2, hatch="//" if hatched else None)
        shape.set_hatch_linewidth(3)
        return shape

    def _fill(self, ground: Patch, x: float, y: float, width: float, height: float, colour: str) -> None:
        shape = Rectangle((x, y), width, height, facecolor=colour, linewidth=0)
        self._add(shape)
        shape.set_clip_path(ground)

    def _add(self, shape: Patch) -> None:
        shape.set_transform(self._shapes)
        self._figure.add_artist(shape)


def _depth(words: Paragraph) -> float:
    """Return how far its letters reach further down than others, in parts of their size."""
    return max(0.0, words.leading - USUAL) / 2
