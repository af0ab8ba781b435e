"""The board as a CSV file: what the text says, no more and no less."""

from __future__ import annotations

import csv
import io

from bot.domain.disclosure import Shown
from bot.draft.csv_injection import as_file, guarded
from bot.usecases.stewards import Board
from handlers.texts.board import city_said, everywhere, reached, said, turnout_said

COLUMNS = ("workplace", "threshold", "shown", "number", "reached", "out", "tally", "as_of")

ON_THE_DAY = ("turnout", "turnout_reached")
"""Two more, where the walkout asks who is out: the number as the words have it."""

CITYWIDE = "citywide"
"""Stands for a workplace's name in the city's own row, which is the first one, if the city is shown."""


def table(seen: Board) -> bytes:
    """Write a row for the city and one for each workplace, in the board's order, in UTF-8 with its mark.

    `shown` holds the words, in the language spoken now. `number` is empty where the words have none but the
    threshold: "has reached" and "fewer than". `as_of` is the instant of the tally, with the offset there.
    """
    text = io.StringIO()
    # words in quotes, always: a spreadsheet that cuts at semicolons must not make a cell of half a name
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    asks = seen.walkout.terms.turnout
    tally = _tally(seen)
    writer.writerow([*COLUMNS, *(ON_THE_DAY if asks else ())])
    if words := "; ".join(filter(None, [city_said(seen), reached(seen), everywhere(seen), turnout_said(seen)])):
        counted, out = (seen.sums.counted, seen.sums.turnout) if seen.sums else ("", "")
        city = [CITYWIDE, seen.walkout.terms.citywide_threshold, words, counted or "", "", ""]
        writer.writerow([*city, *tally, *([out or "", ""] if asks else ())])
    writer.writerows([*_unit(place), *tally, *(_turnout(place) if asks else ())] for place in seen.units)
    return as_file(text.getvalue())


def _unit(place: Shown) -> list[str | int]:
    # what a workplace adds to the city once it has reached its threshold is not on the board
    number = "" if place.reached else place.number or ""
    return [guarded(place.name), place.threshold, said(place), number, _yes(place.reached), _yes(place.out)]


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
