"""The board as a CSV file: what the text says, no more and no less."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from bot.domain.disclosure import Shown
from bot.domain.model import Tier
from bot.draft.csv_injection import as_file, guarded
from bot.usecases.stewards import Area, Board
from handlers.texts.board import city_said, everywhere, reached, said, turnout_said

COLUMNS = ("workplace", "threshold", "shown", "number", "reached", "out", "tally", "as_of")

DEPARTMENT = "department"
"""One more behind the workplace, where there are departments; before it stand the organizers' own levels."""

ON_THE_DAY = ("turnout", "turnout_reached")
"""Two more, where the walkout asks who is out: the number as the words have it."""

STEP = "step"
"""One more, where it is a step of a campaign: the last one so far at which enough people took part there."""

CITYWIDE = "citywide"
"""Stands for a workplace's name in the city's own row, which is the first one, if the city is shown."""


def table(seen: Board) -> bytes:
    """Write a row for the city, or the area looked into, and one for each unit, in the board's order, in marked UTF-8.

    `shown` holds the words, in the language spoken now. `number` is empty where the words have none but the
    threshold: "has reached" and "fewer than". `as_of` is the instant of the tally, with the offset there.
    """
    text = io.StringIO()
    # words in quotes, always: a spreadsheet that cuts at semicolons must not make a cell of half a name
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    asks, levels = seen.walkout.terms.turnout, seen.walkout.terms.levels
    departments = any(_is_department(line) for line in seen.units)
    tally, ladder = _tally(seen), seen.ladder

    def row(
        names: Sequence[str], cells: Sequence[str | int], turnout: Sequence[str | int], step: str | int = ""
    ) -> None:
        more = [*(turnout if asks else ()), *((step,) if ladder else ())]
        writer.writerow([*map(guarded, names), *cells, *tally, *more])

    def names(line: Shown | Area) -> list[str]:
        """Put each name of a path into its column."""
        areas = list(seen.paths[line.id])
        department = areas.pop() if _is_department(line) else ""
        workplace = "" if isinstance(line, Area) else areas.pop()
        areas += [""] * (len(levels) - len(areas))
        return [*areas, workplace, *([department] if departments else ())]

    names_of = [*map(guarded, levels), COLUMNS[0], *([DEPARTMENT] if departments else ())]
    writer.writerow([*names_of, *COLUMNS[1:], *(ON_THE_DAY if asks else ()), *((STEP,) if ladder else ())])
    here = seen.here
    if words := _words(here):
        above = [name for _unit, name in seen.of][: len(levels)] if here.id else []
        first = [*above, *[""] * (len(levels) - len(above)), "" if here.id else CITYWIDE]
        row([*first, *([""] if departments else ())], *_area(here, words))
    for line in seen.units:
        if isinstance(line, Area):
            row(names(line), *_area(line, _words(line)))
        else:
            row(names(line), _unit(line), _turnout(line), ladder.places.get(line.id, "") if ladder else "")
    return as_file(text.getvalue())


def _is_department(line: Shown | Area) -> bool:
    return isinstance(line, Shown) and line.tier is Tier.DEPARTMENT


def _words(area: Area) -> str:
    return "; ".join(filter(None, [city_said(area), reached(area), everywhere(area), turnout_said(area)]))


def _area(area: Area, words: str) -> tuple[list[str | int], list[str | int]]:
    counted, out = (area.sums.counted, area.sums.turnout) if area.sums else ("", "")
    return [area.threshold or "", words, counted or "", "", ""], [out or "", ""]


def _unit(place: Shown) -> list[str | int]:
    # what a workplace adds to the city once it has reached its threshold is not on the board
    number = "" if place.reached else place.number or ""
    return [place.threshold or "", said(place), number, _yes(place.reached), _yes(place.out)]


def _turnout(place: Shown) -> list[str | int]:
    if place.turnout is None:
        return ["", ""]
    number = "" if place.turnout.reached else place.turnout.number or ""
    return [number, _yes(place.turnout.reached)]


def _tally(seen: Board) -> list[str | int]:
    walkout = seen.walkout
    if walkout.tallied is None:
        return ["", ""]
    return [walkout.tally, walkout.terms.local(walkout.tallied).isoformat()]


def _yes(fact: bool) -> str:  # noqa: FBT001  a fact to be written down, not a switch
    return "yes" if fact else "no"
