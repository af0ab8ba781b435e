"""What the board may show: the one place where exact counts become public numbers.

A number moves in steps of `s` people, only when at least five people moved, and never comes within five of the
threshold; the first number above 0 takes nine. That a workplace *has reached* its threshold comes on exactly and
stays, until the tally that decides sets it to the exact verdict, or nine have moved and five are missing. So four
planted people who pledge and take back as they like do not learn what one colleague did.

Organizers see the sum of the numbers besides. Everybody else sees one coarse line of the whole city, which moves only
when three workplaces' own lines have, and at most every six hours. Who sees what, and what it tells:
docs/decisions/0028-what-an-observer-learns.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.model import FEWEST, BoardLine, Counts, Stage, Walkout, Workplace

SEEN = 9
"""Four planted people and five others: so many stand behind the first number, and behind *reached* taken back."""

FEWEST_LINES = 3
"""The city's coarse line moves with so many lines below it, and counts no fewer that have reached theirs."""

CITY_EVERY = timedelta(hours=6)
"""The city's coarse line moves at the first tally of each six hours."""

TENTHS = 10
NEARLY = 9
"""Before *on* the coarse line goes no further."""


def step(threshold: int) -> int:
    """People per step of a workplace's number: a tenth of its threshold, five at least."""
    return max(FEWEST, -(-threshold // 10))


def next_line(line: BoardLine, *, count: int, threshold: int, tally: int, exact: bool = False) -> BoardLine:
    """Return what the board shows from this tally on, given what it showed and the exact count.

    With `exact` it says reached if it is: no board stands beside the news of a decision and says otherwise.
    """
    missing, moved = threshold - count, abs(count - line.anchor)
    stays = line.reached and not exact and (missing < FEWEST or moved < SEEN)
    reached = missing <= 0 or stays
    number = _number(count, threshold, reached=reached)
    if reached != line.reached:
        return replace(line, reached=reached, since=tally if reached else 0, number=number, anchor=count)
    if number != line.number and moved >= FEWEST:
        return replace(line, number=number, anchor=count)
    return line


def _number(count: int, threshold: int, *, reached: bool) -> int:
    s = step(threshold)
    if reached:
        return max(threshold, count // s * s)
    number = max(0, min(count, threshold - FEWEST)) // s * s
    return number if number >= SEEN else 0


def fewer_than(threshold: int) -> int:
    """Return the N of "fewer than N", which is how 0 reads: the first number, or the threshold."""
    s = step(threshold)
    first = -(-SEEN // s) * s
    return first if first <= threshold - FEWEST else threshold


def counted_above(lines: Sequence[BoardLine], *, due: bool, exact: bool = False) -> list[BoardLine]:
    """Let the coarse line count what these lines show now, if it is due and three have moved since it last did.

    Without `due`, set by the clock alone, it would move whenever the third does, and tell that one has just moved.
    """
    if exact or (due and sum(line.above != line.number for line in lines) >= FEWEST_LINES):
        return [replace(line, above=line.number) for line in lines]
    return list(lines)


def city_is_due(*, since: datetime, last: datetime | None, at: datetime) -> bool:
    """Say whether the tally at `at` is the first in its six hours, counted from `since`."""
    return (at - since) // CITY_EVERY > max((last or since) - since, timedelta()) // CITY_EVERY


@dataclass(frozen=True, kw_only=True, slots=True)
class Turnout:
    """Who says on the day to be out, under the same rule as the pledges."""

    reached: bool  #: as many as the threshold, or more
    since: int  #: at which tally that was so
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
    reached: bool  #: it has been; whether it is, only the tally that decides says
    since: int  #: at which tally it was reached
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
            since=place.turnout_line.since,
            number=place.turnout_line.number,
            fewer_than=fewer_than(place.threshold),
        )
    return Shown(
        name=place.name,
        threshold=place.threshold,
        reached=place.line.reached,
        since=place.line.since,
        number=place.line.number,
        fewer_than=fewer_than(place.threshold),
        out=place.out,
        turnout=turnout,
    )


def known(place: Workplace) -> int:
    """Return how many cards have been pledged, as far as anybody can read it off the board.

    So many are taken to be left when a workplace's other cards are voided, be it more or fewer than there are: the
    exact number would tell whoever prints anew how many have pledged.
    """
    return place.threshold if place.line.reached else place.line.number


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """The city as organizers see it: sums of board numbers only."""

    pledged: int  #: over all workplaces
    counted: int  #: towards the citywide threshold
    reached: int  #: workplaces that show "has reached"
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
        reached=sum(line.reached for line in lines),
        turnout=sum(place.turnout_line.number for place in places) if shows_turnout(walkout) else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Coarse:
    """The city as everybody else sees it."""

    tenths: int  #: of the citywide number; all ten once it is on, and not before
    reached: int  #: workplaces that have reached their number; 0: fewer than three
    turnout: int | None = None  #: tenths likewise of who is out; None: it is not counted


def coarse(walkout: Walkout, workplaces: Sequence[Workplace]) -> Coarse | None:
    """Return the city's coarse line; None where too few workplaces stand below it."""
    if len(workplaces) < FEWEST_LINES:
        return None
    everywhere = walkout.terms.citywide_counts is Counts.ALL
    # a number is as high as the threshold exactly if its line says reached
    reached = [place.line.above for place in workplaces if place.line.above >= place.threshold]
    counted = sum(place.line.above for place in workplaces) if everywhere else sum(reached)
    out = sum(place.turnout_line.above for place in workplaces)
    return Coarse(
        tenths=TENTHS if walkout.stage is Stage.ON else min(NEARLY, _tenths(counted, walkout)),
        reached=len(reached) if len(reached) >= FEWEST_LINES else 0,
        turnout=min(TENTHS, _tenths(out, walkout)) if shows_turnout(walkout) else None,
    )


def _tenths(number: int, walkout: Walkout) -> int:
    return number * TENTHS // walkout.terms.citywide_threshold
