"""Draws a scene for a terminal, line by line, so that it fits whatever the terminal's size."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from bot.domain.disclosure import TENTHS, Shown
from bot.domain.model import Kind, Stage
from handlers.demo.story import Heard, Neighborhood, Scene
from handlers.texts import demo as texts
from handlers.texts.times import when
from handlers.texts.workers import headline

LEAST_WIDTH, LEAST_HEIGHT = 76, 24
"""A smaller terminal gets plain lines."""

NEWS_KEPT = 12
ROOMY = 6
"""With more lines than this for news, some are better left blank."""

CELL = 24
"""Columns for a workplace, at least."""
MOST_CELLS = 3
WITH_THRESHOLD = 31
"""From so many columns the cell says the threshold as well."""
GAP = 2
SAID = 6
"""Columns for what is said of a neighborhood, at least: more where a language's word is longer."""

FULL, EMPTY = "━", "─"

# only the terminal's own colours, and none that vanishes on white or on black
COUNTING, DONE, FELL, QUIET = "cyan", "green", "red", "dim"


@dataclass(kw_only=True, slots=True)
class View:
    """What is on the screen now."""

    scene: Scene
    sentence: str = ""
    is_fresh: bool = False  #: the sentence is about the latest tally
    news: deque[Heard] = field(default_factory=lambda: deque(maxlen=NEWS_KEPT))
    fell: set[str] = field(default_factory=set)  #: workplaces that had reached their number and lost it again

    def turn_to(self, scene: Scene) -> None:
        """Show the next scene."""
        if scene.walkout.id != self.scene.walkout.id:  # another step, at fewer workplaces
            self.scene, self.is_fresh = scene, False
            self.fell.clear()
        for before, line in zip(self.scene.lines, scene.lines, strict=True):
            if before.reached and not line.reached:
                self.fell.add(line.name)
            if line.reached:
                self.fell.discard(line.name)
        self.is_fresh = self.is_fresh and scene.walkout.tally == self.scene.walkout.tally
        self.scene = scene

    def say(self, sentence: str) -> None:
        """Show the next sentence."""
        self.sentence, self.is_fresh = sentence, True


def frame(view: View, width: int, height: int) -> list[Text]:
    """Return exactly `height` lines of `width` columns at most."""
    top, grid = head(view, width), units(view, width)
    bottom = [_rule(texts.rooms_hear(), width)]
    room = height - len(top) - len(grid) - len(bottom) - 1
    if room > ROOMY:
        top, grid, room = [*top[:3], Text(), *top[3:], Text()], [*grid, Text()], room - 4
    else:
        top, room = top[:-1], room + 1  # without the marks at its quarters
    news = [_news_line(heard, width) for heard in view.news][-max(0, room) :] if room > 0 else []
    lines = [*top, *grid, *bottom, *news]
    lines += [Text()] * (height - 1 - len(lines))
    return [*lines[: height - 1], _foot(width)]


def head(view: View, width: int) -> list[Text]:
    """Draw the walkout, the clock and the city."""
    scene, terms = view.scene, view.scene.walkout.terms
    on = scene.walkout.stage is Stage.ON
    stage = Text(texts.tally_line(scene.walkout), style=f"bold {DONE}" if on else "")
    return [
        _both_ends(
            Text(headline(terms), style="bold"),
            Text(when(scene.now, terms), style="bold"),
            width,
        ),
        _both_ends(stage, Text(texts.pledge_until(scene.walkout), style=QUIET), width),
        _cropped(Text(view.sentence, style=f"bold {DONE if on else COUNTING}" if view.is_fresh else QUIET), width),
        *city(scene, width),
    ]


def city(scene: Scene, width: int) -> list[Text]:
    """Draw the city's bar, with marks at its quarters."""
    threshold, shown = scene.walkout.terms.citywide_threshold, scene.city
    on = scene.walkout.stage is Stage.ON
    marks = Text(style=QUIET)
    for mark, nth in (("¼", 1), ("½", 2), ("¾", 3)):
        marks.append(" " * (width * nth // 4 - marks.cell_len) + mark)
    end = f"{threshold:,}"
    marks.append(" " * (width - marks.cell_len - len(end)) + end)
    return [
        _both_ends(
            Text(texts.city_line(shown, scene.walkout), style="bold"),
            Text(texts.reached_line(shown, len(scene.lines)), style="bold"),
            width,
        ),
        _bar(shown.counted, threshold, width, DONE if on else COUNTING),
        marks,
    ]


def units(view: View, width: int) -> list[Text]:
    """Draw every neighborhood with its workplaces below it, down the columns."""
    columns = max(1, min(MOST_CELLS, (width + GAP) // (CELL + GAP)))
    each = (width + GAP) // columns - GAP
    cells = [cell for area in view.scene.areas for cell in _branch(view, area, each)]
    rows = -(-len(cells) // columns)
    down = [cells[start : start + rows] for start in range(0, len(cells), rows)]
    return [Text(" " * GAP, no_wrap=True).join(cell for cell in row if cell is not None) for row in zip_longest(*down)]


def _branch(view: View, area: Neighborhood, width: int) -> list[Text]:
    below = [line for line in view.scene.lines if line.name in area.places]
    return [_area(area, width), *(_cell(line, width, fell=line.name in view.fell) for line in below)]


def _area(area: Neighborhood, width: int) -> Text:
    style = DONE if area.out else COUNTING
    bar_width = TENTHS if width >= WITH_THRESHOLD else TENTHS // 2
    said_width = max(SAID, *(cell_len(texts.area(area.kind, 0, out=out, nearly=not out)) for out in (True, False)))
    name = _shortened(area.name.upper(), width - bar_width - said_width - 2)
    bar = _bar(area.tenths, TENTHS, bar_width, style)
    return Text.assemble((name, "bold"), " ", bar, " ", (set_cell_size(area.said, said_width), f"bold {style}"))


def _cell(line: Shown, width: int, *, fell: bool) -> Text:
    threshold = line.threshold if width >= WITH_THRESHOLD else None
    said, style = _said(line, threshold, fell=fell)
    said_width, bar_width = (7, 6) if threshold else (4, 4)
    said_width = max(said_width, cell_len(texts.out(line.kind, threshold)))
    name = _shortened(line.name, width - said_width - bar_width - 2)
    shown = line.threshold if line.reached else line.number
    return Text.assemble(
        (name, style if fell or line.reached else ""),
        " ",
        _bar(shown, line.threshold, bar_width, style),
        " ",
        (set_cell_size(said, said_width), style),
    )


def _said(line: Shown, threshold: int | None, *, fell: bool) -> tuple[str, str]:
    if line.out:
        return texts.out(line.kind, threshold), f"bold {DONE}"
    if line.reached:
        return texts.reached(threshold), DONE
    style = FELL if fell else COUNTING if line.number else QUIET
    if line.number:
        return texts.about(line.number, threshold, fell=fell), style
    return texts.fewer_than(line.fewer_than, threshold), style


def _bar(shown: int, whole: int, width: int, style: str) -> Text:
    full = min(width, width * shown // whole)
    return Text.assemble((FULL * full, style), (EMPTY * (width - full), QUIET))


def _news_line(heard: Heard, width: int) -> Text:
    style = f"bold {DONE}" if heard.kind in {Kind.ON, Kind.WE_ARE_OUT, Kind.WORKPLACE_JOINS} else ""
    more = f" {texts.and_more_rooms(heard.others)}" if heard.others else ""
    return _cropped(Text.assemble((f"{heard.room}{more}", COUNTING), "  ", (heard.text, style)), width)


def _rule(title: str, width: int) -> Text:
    return Text(f"{EMPTY * 2} {title} {EMPTY * (width - cell_len(title) - 4)}", style=QUIET)


def _foot(width: int) -> Text:
    rule, legend = texts.only_what_they_see(), texts.legend()
    if cell_len(rule) + cell_len(legend) + GAP <= width:
        return _both_ends(Text(rule, style="italic"), Text(legend, style=QUIET), width)
    return _cropped(Text(rule, style="italic"), width)


def _both_ends(left: Text, right: Text, width: int) -> Text:
    left = _cropped(left, max(0, width - right.cell_len - GAP))
    return Text.assemble(left, " " * (width - left.cell_len - right.cell_len), right)


def _cropped(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text


def _shortened(name: str, width: int) -> str:
    return set_cell_size(name, width) if cell_len(name) <= width else set_cell_size(name, width - 1) + "…"


def joined(lines: Iterable[Text]) -> Text:
    """Put lines together, none of which may wrap."""
    return Text("\n", no_wrap=True, overflow="crop", end="").join(lines)
