"""Verdicts. Each takes facts, the time among them, and returns a ruling; nothing here does anything."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import ballots, campaigns, disclosure
from bot.domain.errors import (
    HasLeft,
    LeavesTooFewFree,
    NobodyQualifies,
    NotEnoughLeft,
    StepGoesOn,
    StepNotOver,
    TooEarlyToClose,
    TooLateToLeave,
    TooLateToOpen,
    TooLateToRecall,
    VoidedBefore,
    WrongStage,
)
from bot.domain.model import (
    DAY,
    ROOT,
    Announcement,
    BoardLine,
    CountedBy,
    Counts,
    Kind,
    Ruling,
    Stage,
    StepKind,
    Terms,
    Tier,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)
from bot.domain.tree import Tree, sums, workplace_id, workplace_on

LATE = timedelta(minutes=1)
"""How late a tally may run without counting as late; a scheduler is never exactly on time."""

KEPT_AFTER_START = timedelta(days=7)
KEPT_AFTER_STEP = timedelta(days=14)
"""After the start of a campaign's step of which nobody has said when it ends."""

KEPT_AFTER_END = timedelta(hours=48)
KEPT_AFTER_CAMPAIGN = timedelta(days=60)

NAMED_AT_MOST = 10
"""Workplaces named in one message; a phone shows no more."""

TO_LOOK_AGAIN = timedelta(hours=24)
"""How long people have, after a backup was restored, before anything is decided."""

BETWEEN_VOIDS = timedelta(hours=24)

TO_DRAW_AGAIN = timedelta(hours=24)
"""How long people have at least to draw and pledge another card, once theirs was recalled."""

LEAVES_BEFORE = timedelta(hours=24)
"""How long before the deadline a unit may leave at the latest: the others must be able to count without it."""

PLEDGING = frozenset({Stage.OPEN, Stage.ON})
"""The stages in which a pledge can be made or taken back, before the deadline."""


ASKED_FOR = timedelta(hours=24)
"""How long from the start on people are asked whether they are out."""

NOT_OVER = frozenset({Stage.DRAFT, Stage.OPEN, Stage.ON})
"""The stages before a walkout is over."""

STILL_STARTING = timedelta(hours=1)
"""How long after the start its news may still be said."""


def people(unit: Unit) -> int:
    """Return how many people have pledged with a unit's own cards: nobody counts twice, so never more than there are.

    Cards that were printed anew, or found, can make more pledges stand than people work there. Everything that
    is decided or shown goes by this number.
    """
    return min(unit.standing, unit.headcount)


def people_out(unit: Unit) -> int:
    """Return how many people say on the day that they are out; likewise never more than there are."""
    return min(unit.turnout, unit.headcount)


def take_part(units: Sequence[Unit], counted_by: CountedBy) -> Mapping[UnitId, int]:
    """Return how many people take part on the day, as they say themselves or as stewards have counted by hand.

    What was counted of a workplace as a whole stands in place of what was counted of its departments.
    """
    if counted_by is CountedBy.CARDS:
        return sums(units, people_out)
    by_hand = {unit.id: min(unit.took_part, unit.headcount) for unit in units if unit.took_part is not None}
    return {**sums(units, lambda unit: by_hand.get(unit.id, 0)), **by_hand}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """What is so of each unit now."""

    people: Mapping[UnitId, int]
    """Who have pledged there; in an area, and in the whole walkout, where what they are right below is ready.

    The promise is "N walk out with you". Source: docs/decisions/0001-only-ready-workplaces-count.md.
    """
    ready: AbstractSet[UnitId]  #: has what it takes itself; a department: has reached its number
    walks_out: AbstractSet[UnitId]
    """Once it is on: what is ready, as is every area above it, with its departments; and whatever is out already."""


def verdicts(units: Sequence[Unit]) -> Verdicts:
    """Judge a tree from its leaves up, then see from the root down whose whole path is ready."""
    pledged: defaultdict[UnitId, int] = defaultdict(int)
    ready_below: defaultdict[UnitId, int] = defaultdict(int)
    ready: set[UnitId] = set()
    for unit in reversed(units):
        count = pledged[unit.id] = pledged[unit.id] + people(unit)
        if not unit.left and count >= unit.threshold and _has_minimum(unit, ready_below[unit.id]):
            ready.add(unit.id)
            ready_below[unit.parent] += 1
            pledged[unit.parent] += count
        elif unit.tier is Tier.DEPARTMENT:  # a workplace is all of its people
            pledged[unit.parent] += count
    walks_out = {ROOT}
    for unit in units:
        joins = unit.id in ready or unit.tier is Tier.DEPARTMENT
        if unit.out or (joins and unit.parent in walks_out):
            walks_out.add(unit.id)
    return Verdicts(people=pledged, ready=ready, walks_out=walks_out)


def _has_minimum(unit: Unit, ready_below: int) -> bool:
    if unit.tier is Tier.DEPARTMENT:
        return unit.threshold > 0  # without a number it reaches none
    # an area walks out with something that is in it
    return ready_below >= (max(1, unit.minimum) if unit.tier is Tier.AREA else unit.minimum)


def counted(walkout: Walkout, units: Iterable[Unit], found: Verdicts) -> int:
    """Count the people who stand towards the citywide threshold."""
    if walkout.terms.citywide_counts is Counts.READY:
        return found.people[ROOT]
    return sum(found.people[unit.id] for unit in units if unit.tier is Tier.WORKPLACE)


def enough(walkout: Walkout, units: Iterable[Unit], found: Verdicts) -> bool:
    """Say whether the numbers of the whole walkout are reached: of people, and of workplaces whose path is ready."""
    walk_out = [
        unit for unit in units if unit.tier is Tier.WORKPLACE and unit.id in found.ready and unit.id in found.walks_out
    ]
    return (
        counted(walkout, units, found) >= walkout.terms.citywide_threshold
        and len(walk_out) >= walkout.terms.minimum_workplaces
    )


def confirmed(walkout: Walkout) -> bool:
    """Say whether the numbers were reached at enough tallies in a row, the one just taken among them.

    A tally that nobody took neither counts nor breaks the row. The deadline's needs no confirmation. Where the file
    does not say how many, two are enough; or one, if no other lies before the deadline.
    """
    wanted, following = walkout.terms.confirm_tallies, walkout.next_tally
    if following is None:
        return walkout.streak > 0
    if wanted is None:
        wanted = 2 if following < walkout.terms.pledge_by else 1
    return walkout.streak >= wanted


def fell_below(workplace: Unit) -> bool:
    """Say, once the last tally is taken, whether it walks out although fewer than its number stand."""
    return workplace.out and not workplace.line.reached  # which is exact from then on


def lacks(path: Iterable[Unit]) -> Unit | None:
    """Say likewise what keeps a workplace at work: the lowest unit on its path, itself among them, that is not ready.

    None, though it does not walk out: nobody took that tally in time. A department keeps nobody at work by itself.
    """
    lowest_first = (unit for unit in reversed([*path]) if unit.tier is not Tier.DEPARTMENT)
    return next((unit for unit in lowest_first if not (unit.out or unit.line.reached)), None)


def waits_for(path: Sequence[Unit]) -> Unit:
    """Say, while it is on and still counted, what keeps a workplace or an area at work.

    A workplace that does not show that it has reached its number; or else the widest unit with a number that is not
    out, which is not ready, since all above it are.
    """
    place = workplace_on(path)
    if place.tier is Tier.WORKPLACE and not place.line.reached:
        return place
    return next((unit for unit in path if not unit.out and has_number(unit)), place)


def has_number(unit: Unit) -> bool:
    """Say whether a unit has a number to reach; an area without one takes no more than one of its units."""
    return unit.tier is not Tier.AREA or unit.threshold > 0 or unit.minimum > 1


def left_with(path: Iterable[Unit]) -> Unit | None:
    """Return the widest unit on a path that has left, and all below it with it."""
    return next((unit for unit in path if unit.left), None)


def was_missed(walkout: Walkout) -> bool:
    """Say whether it lapsed although the numbers were reached: nobody took the tally before the start."""
    return walkout.stage is Stage.LAPSED and walkout.streak > 0


def tally_after(walkout: Walkout, instant: datetime) -> datetime | None:
    """Return the first scheduled tally after `instant`, or None after the deadline's own."""
    if walkout.opened is None or instant >= walkout.terms.pledge_by:
        return None
    return min(_after(instant, walkout.opened, walkout.terms), walkout.terms.pledge_by)


def asks_turnout(walkout: Walkout, now: datetime) -> bool:
    """Say whether people are being asked now whether they are out."""
    return walkout.terms.counted_by is CountedBy.CARDS and counts_turnout(walkout, now)


def counts_turnout(walkout: Walkout, now: datetime) -> bool:
    """Say whether it is the day on which it is counted who is out, be it by their cards or by stewards."""
    starts = walkout.terms.starts
    return walkout.terms.turnout and walkout.stage is Stage.ON and starts <= now < starts + ASKED_FOR


def stewards_count(walkout: Walkout) -> bool:
    """Say whether stewards count by hand who takes part, in place of the cards' holders."""
    return walkout.terms.turnout and walkout.terms.counted_by is CountedBy.STEWARDS


def turnout_tally_after(walkout: Walkout, instant: datetime) -> datetime | None:
    """Return the first tally of the turnout after `instant`, or None after the last, 24 hours after the start."""
    starts = walkout.terms.starts
    if not walkout.terms.turnout or walkout.stage is not Stage.ON or instant >= starts + ASKED_FOR:
        return None
    return min(_after(instant, starts, walkout.terms), starts + ASKED_FOR)


def _after(instant: datetime, since: datetime, terms: Terms) -> datetime:
    """Return the first after `instant` of the instants that lie `tally_every` apart from `since` on."""
    return min(each for each in _around(instant, since, terms) if each > instant)


def _latest(instant: datetime, since: datetime, terms: Terms) -> datetime:
    """Return the last of them that is not after `instant`; `since`, if there is none by newer rules for the zone."""
    return max((each for each in _around(instant, since, terms) if each <= instant), default=since)


def _around(instant: datetime, since: datetime, terms: Terms) -> list[datetime]:
    # where clocks are changed, or a day is left out, whole days are not what has elapsed
    passed = max(0, (instant - since) // terms.tally_every)
    return [terms.shifted(since, terms.tally_every, n) for n in range(max(1, passed - 1), passed + 4)]


def latest_tally(walkout: Walkout, now: datetime) -> datetime | None:
    """Return the instant of the one tally that is due: the latest scheduled, if it was not taken."""
    due = walkout.next_tally
    if due is None or due > now:
        return None
    if due > walkout.terms.pledge_by:
        over = walkout.terms.starts + ASKED_FOR
        return over if now >= over else max(due, _latest(now, walkout.terms.starts, walkout.terms))
    if now >= walkout.terms.pledge_by:
        return walkout.terms.pledge_by
    assert walkout.opened is not None  # noqa: S101  a tally is scheduled by opening
    return max(due, _latest(now, walkout.opened, walkout.terms))


def is_late(walkout: Walkout, now: datetime) -> bool:
    """Say whether a tally should have been taken more than a minute ago."""
    return walkout.next_tally is not None and now - walkout.next_tally > LATE


def open_up(
    walkout: Walkout, units: Sequence[Unit], *, now: datetime, qualified: AbstractSet[UnitId] | None = None
) -> Ruling:
    """Open the draft for pledges, and tell every room; with `qualified` only at these workplaces.

    Raises WrongStage, TooLateToOpen, NobodyQualifies, NotEnoughLeft, LeavesTooFewFree.
    """
    if walkout.stage is not Stage.DRAFT:
        raise WrongStage(walkout.stage)
    if now >= walkout.terms.pledge_by:
        raise TooLateToOpen(walkout.terms)
    dropped = frozenset[UnitId]() if qualified is None else campaigns.left_out(units, qualified)
    kept = _without(dropped, units) if dropped else units
    if dropped:
        _check_is_enough(walkout.terms, kept)
    walkout = replace(walkout, stage=Stage.OPEN, opened=now)
    ruled = Ruling(
        walkout=replace(walkout, next_tally=tally_after(walkout, now)),
        units=tuple(kept),
        announcements=tuple(_everywhere(Kind.OPENED, "0", kept)),
        dropped=dropped,
    )
    return _changes(ruled, units)


def _without(dropped: AbstractSet[UnitId], units: Sequence[Unit]) -> list[Unit]:
    """Leave these out, and count anew how many people are in each area."""
    kept = [unit for unit in units if unit.id not in dropped]
    people_in = sums(kept, lambda unit: unit.headcount if unit.tier is Tier.WORKPLACE else 0)
    return [_with(unit, headcount=people_in[unit.id]) if unit.tier is Tier.AREA else unit for unit in kept]


def _check_is_enough(terms: Terms, kept: Sequence[Unit]) -> None:
    """Refuse what could not be reached by those that are left, or would give one of them away.

    Raises NobodyQualifies, NotEnoughLeft, LeavesTooFewFree.
    """
    places = [unit for unit in kept if unit.tier is Tier.WORKPLACE]
    if not places:
        raise NobodyQualifies(terms.opens_where)
    areas, below = [unit for unit in kept if unit.tier is Tier.AREA], Counter(unit.parent for unit in kept)
    everybody = sum(place.headcount for place in places)
    for name, needed, there, are_people in (
        ("", terms.citywide_threshold, everybody, True),
        ("", terms.minimum_workplaces, len(places), False),
        *((area.name, area.threshold, area.headcount, True) for area in areas),
        *((area.name, area.minimum, below[area.id], False) for area in areas),
    ):
        if needed > there:
            raise NotEnoughLeft(name, needed, there, people=are_people)
    for unit, above in disclosure.gives_away(kept, terms):
        raise LeavesTooFewFree(unit.name, above.name if above else "")


def goes_on(step: Walkout, *, now: datetime) -> bool:
    """Say whether the last count of a step that was opened, or its end, is still to come."""
    is_out = step.stage is Stage.ON and (step.next_tally is not None or now < over_at(step.terms))
    return step.stage is Stage.OPEN or is_out


def check_no_live_step(
    units: Iterable[Unit], others: Iterable[tuple[Walkout, Iterable[Unit]]], *, now: datetime
) -> None:
    """Refuse to open a step while another of its campaign goes on at any of its workplaces: one at most is pledged.

    Raises StepNotOver.
    """
    for other, both in _live_at(units, others, now):
        raise StepNotOver(other.terms.title, both.name)


def check_ends_cards(units: Iterable[Unit], others: Iterable[tuple[Walkout, Iterable[Unit]]], *, now: datetime) -> None:
    """Refuse to void or recall cards by one step while another goes on there, which alone knows what is pledged.

    Raises StepGoesOn.
    """
    for other, both in _live_at(units, others, now):
        raise StepGoesOn(other.terms.title, other.id, both.name)


def _live_at(
    units: Iterable[Unit], others: Iterable[tuple[Walkout, Iterable[Unit]]], now: datetime
) -> Iterator[tuple[Walkout, Unit]]:
    """Yield the steps that go on at any of these workplaces, and one where they do."""
    places = {unit.id for unit in units if unit.tier is Tier.WORKPLACE}
    for other, theirs in others:
        if goes_on(other, now=now) and (both := next((unit for unit in theirs if unit.id in places), None)) is not None:
            yield other, both


def call_off(walkout: Walkout, units: Sequence[Unit], *, now: datetime) -> Ruling:
    """Call the walkout off, whether it is a draft, open or on. Raises WrongStage."""
    if walkout.stage not in NOT_OVER:
        raise WrongStage(walkout.stage)
    # nobody was told of a draft, so nobody is told that it is dropped
    draft = walkout.stage is Stage.DRAFT
    news = () if draft else _everywhere(Kind.CALLED_OFF, str(walkout.tally), units, privately=True)
    return Ruling(
        walkout=replace(walkout, stage=Stage.CALLED_OFF, ended=now, next_tally=None),
        announcements=tuple(news),
    )


def tally(walkout: Walkout, units: Sequence[Unit], *, now: datetime, share: int = campaigns.WHOLE) -> Ruling:
    """Take the one tally that is due, if any: verdict, board and news.

    It stands for its scheduled instant however late it runs, and after downtime only the latest missed one
    is taken. But nothing turns on after `starts`: a tally that runs late and after it sends nobody out. A survey, by
    which nobody is sent anywhere, is counted however late. `share`: see campaigns.proved.
    """
    at = latest_tally(walkout, now)
    if at is None or walkout.stage not in PLEDGING:
        return Ruling(walkout=walkout)
    if at > walkout.terms.pledge_by:
        return _turnout_tally(walkout, units, at, share)
    is_survey, final = walkout.terms.kind is StepKind.SURVEY, at == walkout.terms.pledge_by
    too_late = at > walkout.terms.starts or (now > walkout.terms.starts and now - at > LATE)
    found = verdicts(units)
    streak = walkout.streak + 1 if enough(walkout, units, found) else 0
    taken = replace(
        walkout,
        tally=walkout.tally + 1,
        tallied=at,
        next_tally=None if final else tally_after(walkout, at),
        streak=streak,
    )
    turns_on = not is_survey and walkout.stage is not Stage.ON and confirmed(taken) and not too_late
    places = [
        _with(
            place,
            line=line,
            told_drawn=place.told_drawn or _beyond_drawn(place),
            told_people=place.told_people or _beyond_people(place),
        )
        for place, line in zip(units, _lines(walkout, units, found, at, exact=final or turns_on), strict=True)
    ]
    if walkout.stage is Stage.ON:
        ruled = _stays_on(taken, places, found, too_late=too_late, final=final)
    elif turns_on:
        ruled = _turns_on(taken, places, found, final=final)
    elif final and is_survey:
        ruled = _ends(taken, places, share, now=now)
    elif final:
        ruled = Ruling(
            walkout=replace(taken, stage=Stage.LAPSED, ended=now),
            units=tuple(places),
            announcements=tuple(_everywhere(Kind.LAPSED, str(taken.tally), places, privately=True)),
        )
    else:
        ruled = _stays_open(taken, places, found)
    if final:
        # after it there is nothing to count but who is out, once the day has come
        following = turnout_tally_after(ruled.walkout, at)
        ruled = replace(ruled, walkout=replace(_reminded_by(ruled.walkout, now), next_tally=following))
    warnings = _warnings(str(taken.tally), units)
    return _changes(replace(ruled, announcements=(*ruled.announcements, *warnings)), units)


def _lines(walkout: Walkout, units: Sequence[Unit], found: Verdicts, at: datetime, *, exact: bool) -> list[BoardLine]:
    assert walkout.opened is not None  # noqa: S101  a tally is scheduled by opening
    return disclosure.next_lines(
        units,
        [unit.line for unit in units],
        found.people,
        found.ready,
        tally=walkout.tally + 1,
        due=disclosure.city_is_due(since=walkout.opened, last=walkout.tallied, at=at),
        exact=exact,
    )


def _with(place: Unit, **changes: Any) -> Unit:
    """Return the unit with these changes; itself if it has them, as most of a tally's thousands have."""
    return place if all(getattr(place, name) == value for name, value in changes.items()) else replace(place, **changes)


def _changes(ruled: Ruling, units: Iterable[Unit]) -> Ruling:
    before = {place.id: place for place in units}
    return replace(ruled, units=tuple(place for place in ruled.units if place is not before[place.id]))


def _ends(walkout: Walkout, units: Sequence[Unit], share: int, *, now: datetime) -> Ruling:
    """End a survey, whatever it came to, and tell what its ballots came to."""
    ended = replace(walkout, stage=Stage.ENDED, ended=now)
    facts: Mapping[str, object] = {}
    if walkout.terms.questions:
        everybody = sum(people(unit) for unit in units)  # areas, and what has departments, have no cards of their own
        facts = ballots.result(walkout.terms.questions, walkout.votes, people=everybody)
    news = (
        replace(each, facts=facts) for each in _everywhere(Kind.SURVEY_OVER, str(walkout.tally), units, privately=True)
    )
    return Ruling(walkout=ended, units=tuple(units), announcements=(*news, *_next_step(ended, units, share)))


def _next_step(walkout: Walkout, units: Sequence[Unit], share: int) -> Iterable[Announcement]:
    """Tell organizers, once the last count of a campaign's step is in, for which workplaces the next can open."""
    if walkout.terms.campaign and campaigns.is_counted(walkout):
        those = campaigns.qualified(walkout, units, share)
        facts = _named(unit for unit in units if unit.id in those)
        others = sum(unit.tier is Tier.WORKPLACE for unit in units) - len(those)
        yield Announcement(
            kind=Kind.NEXT_STEP,
            occasion=str(walkout.tally),
            to_rooms=False,
            to_organizers=True,
            facts={**facts, "others": others, "share": share},
        )


def _turnout_tally(walkout: Walkout, units: Sequence[Unit], at: datetime, share: int) -> Ruling:
    """Count who is out. Nothing else changes, what was promised stands, and rooms hear nothing."""
    taken = replace(walkout, tally=walkout.tally + 1, tallied=at, next_tally=turnout_tally_after(walkout, at))
    lines = disclosure.next_lines(
        units,
        [place.turnout_line for place in units],
        take_part(units, walkout.terms.counted_by),
        tally=taken.tally,
        due=disclosure.city_is_due(since=walkout.terms.starts, last=walkout.tallied, at=at),
    )
    places = tuple(_with(place, turnout_line=line) for place, line in zip(units, lines, strict=True))
    news = tuple(_next_step(taken, places, share))
    return _changes(Ruling(walkout=taken, units=places, announcements=news), units)


def _beyond_drawn(place: Unit) -> bool:
    return place.drawn is not None and place.standing > place.drawn


def _beyond_people(place: Unit) -> bool:
    return place.standing > place.headcount


def _warnings(occasion: str, units: Iterable[Unit]) -> Iterable[Announcement]:
    """Warn the organizers where more stand than were drawn, or than there are people. No numbers.

    Once: until the steward counts again, and until the cards are recalled.
    """
    for place in units:
        warnings = {
            Kind.MORE_THAN_DRAWN: _beyond_drawn(place) and not place.told_drawn,
            Kind.MORE_THAN_PEOPLE: _beyond_people(place) and not place.told_people,
        }
        for kind in (kind for kind, due in warnings.items() if due):
            yield Announcement(
                kind=kind, occasion=occasion, scope=place.id, about=place.id, to_organizers=True, to_rooms=False
            )


def check_can_void(walkout: Walkout, branch: Sequence[Unit], *, now: datetime) -> None:
    """Refuse to void a card twice within a day, as one of a department and of its workplace. `branch`: see Tree.branch.

    Each time as many may be printed anew as the board does not show: more than there are people to draw them.
    Raises WrongStage, VoidedBefore.
    """
    if walkout.stage not in NOT_OVER:
        raise WrongStage(walkout.stage)
    for unit in branch:
        if unit.voided is not None and now < (again := unit.voided + BETWEEN_VOIDS):
            raise VoidedBefore(unit.name, again, walkout.terms)


def check_can_recall(walkout: Walkout, branch: Sequence[Unit], *, now: datetime) -> None:
    """Refuse to end pledges that could not be made again in time. Raises WrongStage, TooLateToRecall."""
    if walkout.stage not in NOT_OVER:
        raise WrongStage(walkout.stage)
    last = walkout.terms.pledge_by - TO_DRAW_AGAIN
    if now > last:
        raise TooLateToRecall(branch[0].name, last, walkout.terms)


def check_can_leave(walkout: Walkout, unit: Unit, *, now: datetime) -> None:
    """Refuse to let a unit leave. Raises WrongStage, HasLeft, TooLateToLeave."""
    if walkout.stage is not Stage.OPEN:
        raise WrongStage(walkout.stage)
    if unit.left:
        raise HasLeft(unit.name)
    last = walkout.terms.pledge_by - LEAVES_BEFORE
    if now > last:
        raise TooLateToLeave(unit.name, last, walkout.terms)


def leave(walkout: Walkout, units: Sequence[Unit], *, unit: UnitId, occasion: str, now: datetime) -> Ruling:
    """Let a unit leave with all below it: from the next tally on it counts as not ready, and nothing else changes.

    Raises WrongStage, HasLeft, TooLateToLeave.
    """
    tree = Tree(units)
    check_can_leave(walkout, tree.unit(unit), now=now)
    leaving = {each.id for each in tree.branch(unit) if not each.left}
    after = [_with(each, left=each.left or each.id in leaving) for each in units]
    before = [each.id for each in tree.branch(unit) if each.left and each.parent in leaving]
    news = [
        *(_own(Kind.LEFT, occasion, each) for each in after if each.id in leaving),
        # to whoever asked to be told; whose own unit had left before has heard it
        Announcement(kind=Kind.LEFT, occasion=occasion, to_rooms=False, facts={"unit": unit, "before": before}),
        Announcement(
            kind=Kind.LEFT,
            occasion=occasion,
            about=unit,
            to_organizers=True,
            to_rooms=False,
            facts={"can": can_be_met(walkout, after)},
        ),
    ]
    return _changes(Ruling(walkout=walkout, units=tuple(after), announcements=tuple(news)), units)


def is_for(news: Announcement, path: Iterable[Unit]) -> bool:
    """Say whether news for whoever asked to be told is for somebody on this path: who leaves hears it, and once."""
    ids = {unit.id for unit in path}
    if news.kind is Kind.COMMITTEE_WORD:
        return not news.facts["units"] or not ids.isdisjoint(news.facts["units"])
    return news.kind is not Kind.LEFT or (news.facts["unit"] in ids and ids.isdisjoint(news.facts["before"]))


def can_be_met(walkout: Walkout, units: Sequence[Unit]) -> bool:
    """Say whether the numbers could still be reached, if everybody pledged: that tells nothing of who has."""
    inner = {unit.parent for unit in units}
    everybody = [replace(unit, standing=0 if unit.id in inner else unit.headcount) for unit in units]
    return enough(walkout, everybody, verdicts(everybody))


def _turns_on(walkout: Walkout, before: Sequence[Unit], found: Verdicts, *, final: bool) -> Ruling:
    occasion, units = str(walkout.tally), [_with(unit, out=unit.id in found.walks_out) for unit in before]
    missing = Kind.NOT_OUT if final else Kind.NOT_YET_OUT
    facts = _who_walks_out(units)
    return Ruling(
        walkout=replace(walkout, stage=Stage.ON),
        units=tuple(units),
        announcements=(
            Announcement(kind=Kind.ON, occasion=occasion, to_organizers=True, facts={**facts[ROOT], "last": final}),
            *(
                _own(Kind.NOT_OUT if unit.left else missing, occasion, unit)
                if not unit.out
                else _own(Kind.ON, occasion, unit, {**facts[unit.id], "last": final})
                if unit.tier is Tier.AREA  # of which not everything need walk out
                else _own(Kind.WE_ARE_OUT, occasion, unit)
                for unit in units
            ),
        ),
    )


def _stays_on(walkout: Walkout, before: Sequence[Unit], found: Verdicts, *, too_late: bool, final: bool) -> Ruling:
    occasion = str(walkout.tally)
    joining = {unit.id for unit in before if unit.id in found.walks_out and not unit.out and not too_late}
    units = [_with(unit, out=unit.out or unit.id in joining) for unit in before]
    news = [*_joining(units, joining, occasion)] if joining else []
    if final:
        facts = _who_walks_out(units)
        news.append(Announcement(kind=Kind.LAST_WORD, occasion=occasion, to_organizers=True, facts=facts[ROOT]))
        for unit in units:
            if unit.tier is Tier.AREA and unit.out:
                news.append(_own(Kind.LAST_WORD, occasion, unit, facts[unit.id]))
            elif unit.id not in joining:  # one that joins has just heard its yes
                news.append(_own(_last_word(unit, found), occasion, unit))
    return Ruling(walkout=walkout, units=tuple(units), announcements=tuple(news))


def _joining(units: Sequence[Unit], joining: AbstractSet[UnitId], occasion: str) -> Iterable[Announcement]:
    """Tell of what joins, workplaces and areas with theirs: to everybody above the widest of it, and to its own."""
    tree = Tree(units)
    for unit in (unit for unit in units if unit.id in joining):
        above = tree.path(unit.parent)
        places = [each for each in tree.workplaces(unit.id) if each.id in joining] if unit.tier is Tier.AREA else []
        facts = _named(places) if places else {}
        if unit.tier is not Tier.DEPARTMENT and not any(area.id in joining for area in above):
            for scope in (None, *(area.id for area in above)):
                yield Announcement(
                    kind=Kind.WORKPLACE_JOINS, occasion=occasion, scope=scope, about=unit.id, facts=facts
                )
        yield _own(Kind.WORKPLACE_JOINS, occasion, unit, facts)


def _last_word(unit: Unit, found: Verdicts) -> Kind:
    if not unit.out:
        return Kind.NOT_OUT
    return Kind.LAST_WORD if workplace_id(unit) in found.ready else Kind.FEWER_NOW


def _own(kind: Kind, occasion: str, unit: Unit, facts: Mapping[str, object] | None = None) -> Announcement:
    """Make a piece of news for a unit's own rooms and stewards; what a department hears is about its workplace."""
    about = workplace_id(unit)
    return Announcement(
        kind=kind, occasion=occasion, scope=unit.id, about=about, to_stewards=True, facts=dict(facts or {})
    )


def _who_walks_out(units: Sequence[Unit]) -> Mapping[UnitId, dict[str, object]]:
    """Name for each area, and for the whole walkout, the workplaces that walk out, and count the others."""
    out: defaultdict[UnitId, list[Unit]] = defaultdict(list)
    others: defaultdict[UnitId, int] = defaultdict(int)
    above: dict[UnitId, tuple[UnitId, ...]] = {ROOT: (ROOT,)}
    for unit in units:
        if unit.tier is Tier.AREA:
            above[unit.id] = (*above[unit.parent], unit.id)
        elif unit.tier is Tier.WORKPLACE:
            for each in above[unit.parent]:
                if unit.out:
                    out[each].append(unit)
                else:
                    others[each] += 1
    return {each: {**_named(out[each]), "others": others[each]} for each in above}


def _stays_open(walkout: Walkout, units: Sequence[Unit], found: Verdicts) -> Ruling:
    occasion = str(walkout.tally)
    ready = [
        unit
        for unit in units
        if unit.id in found.ready and not unit.told_ready and unit.tier is not Tier.DEPARTMENT and has_number(unit)
    ]
    newly = {unit.id for unit in ready}
    # the city learns nothing about a unit before it is on, so this goes to the unit's own rooms only
    news = [_own(Kind.WORKPLACE_READY, occasion, unit) for unit in ready]
    if ready:
        news.append(_digest(ready, occasion))
    passed = _quarters(walkout, units)
    if passed > walkout.milestone:
        news.append(Announcement(kind=Kind.MILESTONE, occasion=occasion, facts={"quarters": passed}))
    return Ruling(
        walkout=replace(walkout, milestone=max(walkout.milestone, passed)),
        units=tuple(_with(unit, told_ready=unit.told_ready or unit.id in newly) for unit in units),
        announcements=tuple(news),
    )


def _digest(ready: Sequence[Unit], occasion: str) -> Announcement:
    """Tell organizers in one message what their workplaces and areas hear each in its own room."""
    areas = [unit for unit in ready if unit.tier is Tier.AREA]
    facts = _named(unit for unit in ready if unit.tier is not Tier.AREA) | ({"areas": _named(areas)} if areas else {})
    return Announcement(kind=Kind.WORKPLACES_READY, occasion=occasion, to_rooms=False, to_organizers=True, facts=facts)


def _named(places: Iterable[Unit]) -> dict[str, object]:
    """Name as many as a phone can show, and say how many more there are."""
    names = sorted((place.name for place in places), key=str.casefold)
    return {"workplaces": names[:NAMED_AT_MOST], "more": len(names[NAMED_AT_MOST:])}


def _quarters(walkout: Walkout, places: Sequence[Unit]) -> int:
    """Return how many quarters of the citywide number, three at most, the city's coarse line has passed.

    None, once that line goes on counting what has left, where only who walks out counts: it would not be so.
    """
    counts_too_much = walkout.terms.citywide_counts is Counts.READY and any(place.left for place in places)
    says = walkout.terms.milestones and not counts_too_much
    seen = disclosure.coarse(walkout, places) if says else None
    return seen.tenths * 4 // disclosure.TENTHS if seen else 0


def next_reminder(walkout: Walkout) -> datetime | None:
    """Return the due time of the next reminder, or of the next news of the last days; None if none is left."""
    if walkout.opened is None or walkout.stage not in PLEDGING:
        return None
    since = walkout.reminded or walkout.opened
    terms = walkout.terms
    due = [*(terms.shifted(terms.pledge_by, -before) for before in terms.reminders), *_last_days(walkout)]
    return min((instant for instant in due if instant > since), default=None)


def _last_days(walkout: Walkout) -> dict[datetime, Kind]:
    """Return what is still to be said to those who walk out, by when it is due; after the last word only."""
    if walkout.stage is not Stage.ON or walkout.counts_again:
        return {}
    starts, tomorrow = walkout.terms.starts, _tomorrow(walkout.terms)
    due = {tomorrow: Kind.TOMORROW} if tomorrow > walkout.terms.pledge_by else {}
    due[starts] = Kind.STARTS
    if walkout.next_tally is None:  # who is out is counted to the end
        due[over_at(walkout.terms)] = Kind.AFTERWARDS
    return due


def _tomorrow(terms: Terms) -> datetime:
    """Return when the day before has come to the hour of the start."""
    return terms.shifted(terms.starts, -DAY)


def _reminded_by(walkout: Walkout, now: datetime) -> Walkout:
    """Whoever hears the last word so late that it is less than a day to the start needs no reminder of it."""
    tomorrow = _tomorrow(walkout.terms)
    passed = walkout.terms.pledge_by < tomorrow <= now
    return replace(walkout, reminded=tomorrow) if passed and walkout.stage is Stage.ON else walkout


def over_at(terms: Terms) -> datetime:
    """Return when it is over for us: nobody is asked any more whether they are out, and its end has come."""
    if terms.kind is StepKind.SURVEY:
        return terms.pledge_by
    return max(terms.starts + ASKED_FOR, terms.ends or terms.starts)


def remind(walkout: Walkout, units: Sequence[Unit], *, now: datetime) -> Ruling:
    """Make the newest news that is due, if any; older ones are passed over, and so is what would be false by now."""
    newest = None
    while (due := next_reminder(walkout)) is not None and due <= now:
        newest = due
        walkout = replace(walkout, reminded=due)
    if newest is None:
        return Ruling(walkout=walkout)
    occasion = newest.isoformat()
    kind = _last_days(walkout).get(newest, Kind.REMINDER)
    if kind is Kind.REMINDER:
        made = _everywhere(kind, occasion, [unit for unit in units if not unit.left])
    else:
        made = _to_those_out(kind, occasion, walkout, units)
    return Ruling(
        walkout=walkout,
        announcements=tuple(news for news in made if may_be_said(news, walkout, None, private=False, now=now)),
    )


def _to_those_out(kind: Kind, occasion: str, walkout: Walkout, units: Sequence[Unit]) -> Iterable[Announcement]:
    facts: Mapping[str, object] = {}
    if kind is Kind.AFTERWARDS and (city := disclosure.coarse(walkout, units)) is not None:
        facts = {"turnout": city.turnout}
    yield Announcement(kind=kind, occasion=occasion, to_organizers=kind is Kind.AFTERWARDS, facts=facts)
    for place in units:
        if place.out:
            yield _own(kind, occasion, place)


def may_be_said(news: Announcement, walkout: Walkout, place: Unit | None, *, private: bool, now: datetime) -> bool:
    """Say whether news that may have been long on its way is still so, and nothing said since says the same.

    `place` is the unit it is about, or its reader's own; `private`: it goes to a person.
    """
    terms, is_open, is_on = walkout.terms, walkout.stage is Stage.OPEN, walkout.stage is Stage.ON
    can_pledge = walkout.stage in PLEDGING and now < terms.pledge_by
    theirs, has_left = place is None or place.out, place is not None and place.left
    # nobody is called out of a shift that has begun: the news of the start says what is left to say. Organizers hear
    # what happened all the same, and whoever does not walk out hears that
    calls_out = is_on and (now < terms.starts or (private if place is None else not place.out))
    # the last word says it anew, to each person in one letter
    is_said_anew = private and news.facts.get("last") is False and not walkout.counts_again
    return {
        Kind.OPENED: is_open and can_pledge,
        Kind.LEFT: is_open and (place is None or has_left),
        Kind.WORKPLACE_READY: is_open,
        Kind.WORKPLACES_READY: is_open,
        Kind.MILESTONE: is_open,
        Kind.REMINDER: can_pledge and not has_left,
        Kind.LOOK_AGAIN: can_pledge,
        Kind.ON: calls_out and not is_said_anew,
        Kind.WE_ARE_OUT: calls_out,
        Kind.NOT_YET_OUT: is_on and walkout.counts_again and not theirs,
        Kind.WORKPLACE_JOINS: calls_out,
        Kind.NOT_OUT: is_on,
        Kind.LAST_WORD: calls_out,
        Kind.FEWER_NOW: calls_out,
        Kind.TOMORROW: is_on and theirs and now < terms.starts,
        Kind.STARTS: is_on and theirs and now <= terms.starts + STILL_STARTING,
        Kind.AFTERWARDS: is_on,
        Kind.SURVEY_OVER: walkout.stage is Stage.ENDED,
        Kind.VOTE_AGAIN: can_pledge,
        Kind.COMMITTEE_WORD: is_on and now < over_at(terms),
        Kind.ANOTHER_TRY: is_open and can_pledge,
    }.get(news.kind, True)


def closes_at(walkout: Walkout) -> datetime | None:
    """Return when the walkout's secrets are destroyed, or None while that is not known."""
    terms = walkout.terms
    if walkout.stage is Stage.ON and terms.campaign and terms.ends is None:
        return terms.starts + KEPT_AFTER_STEP
    if walkout.stage is Stage.ON:
        return max(terms.starts, terms.ends or terms.starts) + KEPT_AFTER_START
    if walkout.stage in {Stage.LAPSED, Stage.CALLED_OFF, Stage.ENDED} and walkout.ended is not None:
        return walkout.ended + KEPT_AFTER_END
    return None


def is_over(walkout: Walkout, *, now: datetime) -> bool:
    """Say whether it is over for a campaign: its last count is in, and its end has come."""
    if walkout.stage is Stage.ON:
        return walkout.next_tally is None and now >= over_at(walkout.terms)
    return walkout.stage not in NOT_OVER


def most_current(walkouts: Sequence[Walkout], *, now: datetime) -> list[Walkout]:
    """Leave out of each campaign the steps that are over beside one that is not; of those alone all but the newest."""
    campaigns: dict[WalkoutId, list[Walkout]] = {}
    for step in walkouts:
        campaigns.setdefault(step.register, []).append(step)
    kept: set[WalkoutId] = set()
    for steps in campaigns.values():
        newest = max(steps, key=lambda step: step.opened or step.terms.pledge_by)
        kept |= {step.id for step in steps if not is_over(step, now=now)} or {newest.id}
    return [step for step in walkouts if step.id in kept]


def campaign_closes_at(steps: Sequence[Walkout]) -> datetime | None:
    """Return when a campaign's cards are destroyed, or None while that is not known: before a step is over, or drafted.

    A draft may be opened until its deadline. A step that is on already has its day, and so has one that is closed.
    """
    if any(step.stage is Stage.OPEN for step in steps) or all(step.stage is Stage.DRAFT for step in steps):
        return None
    return KEPT_AFTER_CAMPAIGN + max(
        step.terms.pledge_by if step.stage is Stage.DRAFT else step.ended or over_at(step.terms) for step in steps
    )


def look_again(walkout: Walkout, units: Sequence[Unit], *, now: datetime, made: datetime) -> Ruling:
    """Let nothing be decided for a day, or until the deadline if that is sooner, and tell every room why.

    A backup does not know who has pledged since it was made, nor, which is worse, who has taken their pledge back.
    """
    if walkout.stage not in PLEDGING or now >= walkout.terms.pledge_by:
        return Ruling(walkout=walkout)
    counts = tally_after(walkout, now + TO_LOOK_AGAIN) or walkout.terms.pledge_by
    facts = {"made": made.isoformat(), "counts": counts.isoformat()}
    return Ruling(
        walkout=replace(walkout, streak=0, next_tally=counts),
        announcements=tuple(
            replace(news, facts=facts) for news in _everywhere(Kind.LOOK_AGAIN, now.isoformat(), units)
        ),
    )


def check_can_close(walkout: Walkout, *, now: datetime) -> None:
    """Say whether organizers may close it before it closes by itself. Raises WrongStage, TooEarlyToClose."""
    over = over_at(walkout.terms)
    if walkout.stage in {Stage.DRAFT, Stage.OPEN}:
        raise WrongStage(walkout.stage)
    if walkout.stage is Stage.ON and now < over:
        raise TooEarlyToClose(over, walkout.terms)


def _everywhere(kind: Kind, occasion: str, units: Iterable[Unit], *, privately: bool = False) -> Iterable[Announcement]:
    """Make news for every room; with `privately` for every organizer and steward as well."""
    yield Announcement(kind=kind, occasion=occasion, to_organizers=privately)
    for place in units:
        yield Announcement(kind=kind, occasion=occasion, scope=place.id, about=place.id, to_stewards=privately)
