"""What the board may show: the one place where exact counts become public numbers.

A number moves in steps of `s` people, only when at least five people moved, and never comes within
five of the threshold; so nobody learns from the board what one colleague did. Crossing the threshold is the
one exact fact ever shown. City numbers are sums of board numbers, so subtracting teaches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.model import FEWEST, BoardLine, Counts, Walkout, Workplace


def step(threshold: int) -> int:
    """People per step of a workplace's number: a tenth of its threshold, five at least."""
    return max(FEWEST, -(-threshold // 10))


def next_line(line: BoardLine, *, count: int, threshold: int) -> BoardLine:
    """Return what the board shows from this tally on, given what it showed and the exact count."""
    reached = count >= threshold
    number = _number(count, threshold, reached=reached)
    if reached != line.reached:
        return BoardLine(reached=reached, number=number, anchor=count)
    if number != line.number and abs(count - line.anchor) >= FEWEST:
        return BoardLine(reached=reached, number=number, anchor=count)
    return line


def _number(count: int, threshold: int, *, reached: bool) -> int:
    s = step(threshold)
    if reached:
        return max(threshold, count // s * s)
    return max(0, min(count, threshold - FEWEST) // s * s)


def fewer_than(threshold: int) -> int:
    """Return the N of "fewer than N", which is how 0 reads: the next number, or the threshold."""
    s = step(threshold)
    return s if s <= threshold - FEWEST else threshold


@dataclass(frozen=True, kw_only=True, slots=True)
class Turnout:
    """Who says on the day to be out, under the same rule as the pledges."""

    reached: bool  #: as many as the threshold, or more
    number: int  #: to be read only if it is not 0 and not `reached`
    fewer_than: int  #: what is said in place of a 0


def shows_turnout(walkout: Walkout) -> bool:
    """Say whether the board shows turnout: from the first tally that counted it."""
    return walkout.terms.turnout and walkout.tallied is not None and walkout.tallied > walkout.terms.pledge_by


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A workplace as the board shows it; the exact counts do not come along."""

    name: str
    threshold: int
    reached: bool
    number: int  #: what it adds to the city; to be read only if it is not 0 and not `reached`
    fewer_than: int  #: what is said in place of a 0
    out: bool
    turnout: Turnout | None = None  #: None: it is not counted yet, or never, or they are not out


def shown(place: Workplace, walkout: Walkout) -> Shown:
    """Leave out whatever nobody may see."""
    turnout = None
    if place.out and shows_turnout(walkout):
        turnout = Turnout(
            reached=place.turnout_line.reached,
            number=place.turnout_line.number,
            fewer_than=fewer_than(place.threshold),
        )
    return Shown(
        name=place.name,
        threshold=place.threshold,
        reached=place.line.reached,
        number=place.line.number,
        fewer_than=fewer_than(place.threshold),
        out=place.out,
        turnout=turnout,
    )


def known(place: Workplace) -> int:
    """Return how many cards at least have been pledged, as anybody can read off the board.

    So many are taken to be left when a workplace's other cards are voided. The exact number would tell whoever
    prints anew how many have pledged.
    """
    return place.threshold if place.line.reached else place.line.number


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """The city's line of the board: sums of board numbers only."""

    pledged: int  #: over all workplaces
    counted: int  #: towards the citywide threshold
    ready: int  #: workplaces that show "reached"
    workplaces: int
    turnout: int | None = None  #: over all workplaces that are out; None: it is not counted


def city(walkout: Walkout, workplaces: Iterable[Workplace]) -> City:
    """Add up the board."""
    places = list(workplaces)
    lines = [place.line for place in places]
    pledged = sum(line.number for line in lines)
    reached = sum(line.number for line in lines if line.reached)
    return City(
        pledged=pledged,
        counted=reached if walkout.terms.citywide_counts is Counts.READY else pledged,
        ready=sum(line.reached for line in lines),
        workplaces=len(lines),
        turnout=sum(place.turnout_line.number for place in places) if shows_turnout(walkout) else None,
    )
