"""What the board may show: the one place where exact counts become public numbers.

A number moves in steps of `s` people, only when at least five people moved, and never comes within five of the
threshold; the first number above 0 takes nine, and so does its going back to nothing. That a workplace *has reached*
its threshold comes on exactly and stays, until the tally that decides sets it to the exact verdict, or nine have moved
and five are missing. So four planted people who pledge and take back as they like do not learn what one colleague did.

Organizers see the sums of the numbers besides. Everybody else sees one coarse line of each area and of the whole city,
which moves only when three workplaces' own lines have, and at most every six hours. Of a department only that it has
reached its number is ever shown, to its own people. Who sees what, and what it tells:
docs/decisions/0028-what-an-observer-learns.md, and 0053-what-is-shown-over-a-tree.md beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.model import FEWEST, ROOT, BoardLine, Counts, Stage, StepKind, Terms, Tier, Unit, UnitId, Walkout

SEEN = 9
"""Four planted people and five others: so many stand behind the first number, and behind *reached* taken back."""

FEWEST_LINES = 3
"""A coarse line moves with so many lines below it, and counts no fewer that have reached theirs."""

FEWEST_DEPARTMENTS = 3
"""With fewer that have a number, what a workplace shows would tell of one what another does not."""

CITY_EVERY = timedelta(hours=6)
"""Coarse lines move at the first tally of each six hours, and so does what is said of departments."""

TENTHS = 10
NEARLY = 9
"""Before *on* the coarse line goes no further, nor before a survey has ended."""


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
    # a number comes and goes with nine: with five, where it is the only one, four planted people learn how many stand
    if number != line.number and moved >= (FEWEST if number and line.number else SEEN):
        return replace(line, number=number, anchor=count)
    return line


def _number(count: int, threshold: int, *, reached: bool) -> int:
    s = step(threshold)
    if reached:
        return max(threshold, count // s * s)
    number = max(0, min(count, threshold - FEWEST)) // s * s
    return number if number >= SEEN else 0


def highest(threshold: int) -> int:
    """Return the highest number that is shown before *reached*; 0: there is none."""
    return _number(threshold - 1, threshold, reached=False)


def fewer_than(threshold: int) -> int:
    """Return the N of "fewer than N", which is how 0 reads: the first number, or the threshold."""
    s = step(threshold)
    first = -(-SEEN // s) * s
    return first if first <= threshold - FEWEST else threshold


def next_lines(
    units: Sequence[Unit],
    lines: Sequence[BoardLine],
    people: Mapping[UnitId, int],
    ready: AbstractSet[UnitId] | None = None,
    *,
    tally: int,
    due: bool,
    exact: bool = False,
) -> list[BoardLine]:
    """Return what each unit's line says from this tally on, given what it said, its people and who is ready.

    `ready` is the exact verdict; None: there is none, as with turnout. An area's line holds nothing but that verdict,
    set by `exact`: what it shows is counted from its workplaces' (see `coarse`).
    """
    numbered = Counter(unit.parent for unit in units if unit.tier is Tier.DEPARTMENT and unit.threshold)
    crossing, made = set[UnitId](), list[BoardLine]()
    for unit, line in zip(units, lines, strict=True):
        count, now = people[unit.id], line
        if unit.tier is Tier.WORKPLACE:
            if not (ready is None or unit.id in ready or (line.reached and not exact)):
                count = min(count, unit.threshold - 1)  # its own number is not all that it takes
            now = next_line(line, count=count, threshold=unit.threshold, tally=tally, exact=exact)
            if now.reached != line.reached:
                crossing.add(unit.id)
        elif unit.tier is Tier.AREA:
            if exact and ready is not None and line.reached != (unit.id in ready):
                now = replace(line, reached=not line.reached, since=0 if line.reached else tally)
        elif numbered[unit.parent] >= FEWEST_DEPARTMENTS and (exact or (due and unit.parent not in crossing)):
            now = _department(line, count, unit.threshold, tally, exact=exact)
        made.append(now)
    return _counted_above(units, made, due=due, exact=exact)


def _department(line: BoardLine, count: int, threshold: int, tally: int, *, exact: bool) -> BoardLine:
    """Say of a department only that it has reached its number: it comes and goes as a workplace's does.

    But by the clock, and not as its workplace's comes or goes: of two exact numbers the difference would be one too.
    """
    if not threshold:
        return line
    now = next_line(line, count=count, threshold=threshold, tally=tally, exact=exact)
    return line if now.reached == line.reached else replace(now, number=0)


def _counted_above(units: Sequence[Unit], lines: Sequence[BoardLine], *, due: bool, exact: bool) -> list[BoardLine]:
    """Let the coarse lines count what workplaces show now: where it is due and three have moved since they last did.

    The three are looked for in the lowest area, then in those above it; but what an area that shows a line of its own
    has not counted does not go further up. Two of the three lie outside of whatever a steward sees below. Without
    `due`, set by the clock alone, a line would move whenever the third does, and tell that one has just moved.
    """
    if not due and not exact:
        return list(lines)
    counting = _counting(units, lines)
    return [
        _counted(line) if exact or unit.parent in counting else line for unit, line in zip(units, lines, strict=True)
    ]


def _counting(units: Sequence[Unit], lines: Sequence[BoardLine]) -> set[UnitId]:
    """Return the areas, ROOT among them, whose own workplaces are counted now."""
    moved, most, places = Counter[UnitId](), defaultdict[UnitId, int](int), Counter[UnitId]()

    def add(parent: UnitId, waiting: int, workplaces: int) -> None:
        moved[parent] += waiting
        most[parent] = max(most[parent], waiting)
        places[parent] += workplaces

    def is_counting(area: UnitId) -> bool:
        return moved[area] - most[area] >= FEWEST_LINES - 1

    passing = set[UnitId]()  # what moved there goes to the area above
    for unit, line in zip(reversed(units), reversed(lines), strict=True):
        if unit.tier is Tier.WORKPLACE:
            add(unit.parent, int(line.above != line.number), 1)
        elif unit.tier is Tier.AREA:
            passes = not is_counting(unit.id) and not _has_line(unit, places[unit.id])
            if passes:
                passing.add(unit.id)
            add(unit.parent, moved[unit.id] if passes else 0, places[unit.id])
    counting = {area for area in moved if is_counting(area)}
    for unit in units:
        if unit.id in passing and unit.parent in counting:
            counting.add(unit.id)
    return counting


def _counted(line: BoardLine) -> BoardLine:
    return line if line.above == line.number else replace(line, above=line.number)


def _has_line(area: Unit, workplaces: int) -> bool:
    """Say whether an area with so many workplaces shows a line: it has a number, and not too few of them."""
    return area.threshold > 0 and workplaces >= FEWEST_LINES


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
    """A workplace or a department as the board shows it; the exact counts do not come along."""

    id: UnitId
    name: str
    threshold: int
    reached: bool  #: it has been; whether it is, only the tally that decides says
    since: int  #: at which tally it was reached
    number: int  #: what it adds to the city; to be read only if it is not 0 and not `reached`
    fewer_than: int  #: what is said in place of a 0; 0: nothing is, as of a department
    out: bool
    turnout: Turnout | None = None  #: None: it is not counted yet, or never, or they are not out
    tier: Tier = Tier.WORKPLACE
    kind: StepKind = StepKind.WALKOUT  #: what its people pledge to


def shown(unit: Unit, walkout: Walkout) -> Shown:
    """Leave out whatever nobody may see. An area shows a coarse line; of a department, its own people see this."""
    below, turnout = unit.tier is Tier.DEPARTMENT, None
    if unit.out and shows_turnout(walkout) and not below:
        turnout = Turnout(
            reached=unit.turnout_line.reached,
            since=unit.turnout_line.since,
            number=unit.turnout_line.number,
            fewer_than=fewer_than(unit.threshold),
        )
    return Shown(
        id=unit.id,
        name=unit.name,
        threshold=unit.threshold,
        reached=unit.line.reached,
        since=unit.line.since,
        number=unit.line.number,
        fewer_than=0 if below else fewer_than(unit.threshold),
        out=unit.out,
        turnout=turnout,
        tier=unit.tier,
        kind=walkout.terms.kind,
    )


def known(unit: Unit, workplace: Unit | None = None) -> int:
    """Return how many cards have been pledged, as far as anybody can read it off the board.

    So many are taken to be left when a unit's other cards are voided, be it more or fewer than there are: the exact
    number would tell whoever prints anew how many have pledged. In a department it is at least what its workplace
    shows beyond all people in the others.
    """
    own = unit.threshold if unit.line.reached else unit.line.number
    if workplace is None or workplace.id == unit.id:
        return own
    return max(own, known(workplace) - (workplace.headcount - unit.headcount))


@dataclass(kw_only=True, slots=True)
class _Below:
    """What lines below a unit come to."""

    everybody: int = 0  #: over all workplaces
    counted: int = 0  #: over the units right below that are ready by these lines
    ready: int = 0  #: units right below that are
    reached: int = 0  #: workplaces that are
    workplaces: int = 0
    out: int = 0  #: who is out, over all workplaces


def _below(
    units: Sequence[Unit], number: Callable[[BoardLine], int], has_reached: Callable[[Unit], bool]
) -> defaultdict[UnitId, _Below]:
    """Add up lines from the leaves: what an area adds is what its own ready units come to, once it is ready by them."""
    found = defaultdict[UnitId, _Below](_Below)
    for unit in reversed(units):
        if unit.tier is Tier.DEPARTMENT:
            continue
        above = found[unit.parent]
        if unit.tier is Tier.WORKPLACE:
            is_ready, pledged = has_reached(unit), number(unit.line)
            out = number(unit.turnout_line)
            here = _Below(everybody=pledged, counted=pledged, reached=is_ready, workplaces=1, out=out)
        else:
            here = found[unit.id]
            is_ready = here.counted >= unit.threshold and here.ready >= max(1, unit.minimum)
        above.everybody += here.everybody
        above.reached += here.reached
        above.workplaces += here.workplaces
        above.out += here.out
        if is_ready:
            above.counted += here.counted
            above.ready += 1
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """The city, or an area, as organizers see it: sums of board numbers only."""

    pledged: int  #: over all workplaces
    counted: int  #: towards its threshold
    reached: int  #: workplaces that show "has reached"
    turnout: int | None = None  #: over all workplaces that are out; None: it is not counted


def city(walkout: Walkout, units: Sequence[Unit], of: UnitId = ROOT) -> City:
    """Add up the board."""
    return cities(walkout, units)[of]


def cities(walkout: Walkout, units: Sequence[Unit]) -> dict[UnitId, City]:
    """Return all sums there are, the city's as that of ROOT."""
    found = _below(units, lambda line: line.number, lambda unit: unit.line.reached)
    turnout, counts_all = shows_turnout(walkout), walkout.terms.citywide_counts is Counts.ALL

    def sum_of(area: UnitId) -> City:
        here = found[area]
        return City(
            pledged=here.everybody,
            counted=here.everybody if area == ROOT and counts_all else here.counted,
            reached=here.reached,
            turnout=here.out if turnout else None,
        )

    return {area: sum_of(area) for area in (ROOT, *(unit.id for unit in units if unit.tier is Tier.AREA))}


@dataclass(frozen=True, kw_only=True, slots=True)
class Coarse:
    """The city, or an area, as everybody else sees it."""

    tenths: int  #: of its number; all ten once it is on, or the area out, and not before a survey has ended
    reached: int  #: workplaces that have reached their number; 0: fewer than three
    turnout: int | None = None  #: tenths likewise of who is out; None: it is not counted


def coarse(walkout: Walkout, units: Sequence[Unit], of: UnitId = ROOT) -> Coarse | None:
    """Return the coarse line of the city or of an area; None where it has no number or too few workplaces."""
    return coarse_lines(walkout, units).get(of)


def coarse_lines(walkout: Walkout, units: Sequence[Unit]) -> dict[UnitId, Coarse]:
    """Return all coarse lines there are, the city's as that of ROOT."""
    turnout = shows_turnout(walkout)
    # what is counted of a workplace is as high as its threshold exactly if its line said then that it has reached it
    found = _below(units, lambda line: line.above, lambda unit: unit.line.above >= unit.threshold)

    # nothing is decided by a survey, so once it has ended the line may go to its end
    most = TENTHS if walkout.stage is Stage.ENDED else NEARLY

    def line(here: _Below, counted: int, threshold: int, *, is_on: bool) -> Coarse:
        return Coarse(
            tenths=TENTHS if is_on else min(most, counted * TENTHS // threshold),
            reached=here.reached if here.reached >= FEWEST_LINES else 0,
            turnout=min(TENTHS, here.out * TENTHS // threshold) if turnout else None,
        )

    lines, root = dict[UnitId, Coarse](), found[ROOT]
    if root.workplaces >= FEWEST_LINES:
        counted = root.everybody if walkout.terms.citywide_counts is Counts.ALL else root.counted
        lines[ROOT] = line(root, counted, walkout.terms.citywide_threshold, is_on=walkout.stage is Stage.ON)
    for unit in units:
        if unit.tier is Tier.AREA and _has_line(unit, (here := found[unit.id]).workplaces):
            lines[unit.id] = line(here, here.counted, unit.threshold, is_on=unit.out)
    return lines


def gives_away(units: Sequence[Unit], terms: Terms) -> list[tuple[Unit, Unit | None]]:
    """Name units whose people would be given away by the crossing of the one above them; None: the whole walkout.

    Fewer than five would be free to have pledged or not. See docs/decisions/0053-what-is-shown-over-a-tree.md.
    """
    by_id = {unit.id: unit for unit in units}
    departments = Counter(unit.parent for unit in units if unit.tier is Tier.DEPARTMENT and unit.threshold)
    everybody = sum(unit.headcount for unit in units if unit.tier is Tier.WORKPLACE)
    found = list[tuple[Unit, Unit | None]]()
    for unit in units:
        if unit.parent != ROOT:
            parent = by_id[unit.parent]
            leaves = parent.headcount - parent.threshold if parent.threshold else parent.headcount
        elif unit.tier is Tier.AREA:
            parent, leaves = None, everybody - terms.citywide_threshold
        else:  # a list of workplaces, whose numbers and the city's are the organizers' to choose
            continue
        # whoever is missing above may all be elsewhere
        is_given = leaves < min(FEWEST, unit.headcount)
        if parent is not None and unit.tier is Tier.DEPARTMENT and unit.threshold:
            all_must = 0 < departments[parent.id] <= parent.minimum
            # its people have pledged but for four, and all who hear of the workplace know
            is_given |= all_must and unit.headcount - unit.threshold < FEWEST
            # hardly anybody has in the others, which all know who know that this one has reached its number
            is_known = all_must or departments[parent.id] >= FEWEST_DEPARTMENTS
            is_given |= is_known and parent.minimum <= 1 and parent.threshold - unit.threshold < FEWEST
        if is_given:
            found.append((unit, parent))
    return found
