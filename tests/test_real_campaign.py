"""A campaign of four steps over the same union elections' units; fewer take part from step to step.

Cities, as the file has them, over employers. Whatever organizers and rooms hear, who can go on, and how far each
employer came is held against a recount written here from the design alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from bot.domain import campaigns, rules
from bot.domain.model import (
    Announcement,
    CountedBy,
    Counts,
    Kind,
    Stage,
    StepKind,
    Terms,
    Tier,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)
from bot.draft.tree import as_units
from bot.parsing.typed_text import plain_name
from tests.test_real_tree import DATA, drafted, second_reading

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.exists(), reason="the union elections' file is not part of the project"),
]

OPENED = datetime.fromisoformat("2026-12-01T08:00:00-05:00")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SHARE = 60
"""Per cent of its number that an employer must have come to for the next step."""

STEPS: tuple[tuple[StepKind, CountedBy, int], ...] = (
    (StepKind.SURVEY, CountedBy.CARDS, 100),
    (StepKind.ACTION, CountedBy.STEWARDS, 97),
    (StepKind.ACTION, CountedBy.CARDS, 90),
    (StepKind.WALKOUT, CountedBy.CARDS, 80),
)
"""Of which kind, who counts, and how many per cent of those who voted for the union take part."""


# -- the recount ---------------------------------------------------------------------------------------------------


def as_shown(people: int, number: int) -> tuple[bool, int]:
    """Say what a board shows that has counted once: whether it was reached, and else a step of a tenth, or five."""
    in_steps = max(5, (number + 9) // 10)
    if people >= number:
        return True, number
    seen = max((n for n in range(0, people + 1, in_steps) if 9 <= n <= number - 5), default=0)
    return False, seen


def proves(people: int, number: int, share: int) -> bool:
    reached, seen = as_shown(people, number)
    return reached or Fraction(seen, number) >= Fraction(share, 100)


# -- the campaign --------------------------------------------------------------------------------------------------


def terms_of(n: int) -> Terms:
    kind, counted_by, _percent = STEPS[n]
    pledge_by = OPENED + n * 10 * DAY + 7 * DAY
    is_survey = kind is StepKind.SURVEY
    return Terms(
        title=f"Step {n + 1}",
        campaign="One city, step by step",
        kind=kind,
        pledge_by=pledge_by,
        starts=pledge_by if is_survey else pledge_by + DAY,
        citywide_threshold=500,
        citywide_counts=Counts.ALL,
        tally_every=DAY,
        turnout=not is_survey,
        counted_by=counted_by,
        opens_where=SHARE,
        levels=("borough",),
    )


def played(
    walkout: Walkout, units: list[Unit], taking_part: Mapping[UnitId, int]
) -> tuple[Walkout, list[Unit], list[Announcement]]:
    """Let everybody pledge, and so many take part; return also what was heard, by kind."""
    heard: list[Announcement] = []

    def take(what: str, people: Mapping[UnitId, int]) -> None:
        nonlocal walkout, units
        assert walkout.next_tally is not None
        numbers: dict[UnitId, dict[str, Any]] = {unit: {what: count} for unit, count in people.items()}
        units = [replace(unit, **numbers.get(unit.id, {})) for unit in units]
        at = walkout.next_tally
        ruling = rules.tally(walkout, units, now=at, share=SHARE)
        changed = {unit.id: unit for unit in ruling.units}
        walkout, units = ruling.walkout, [changed.get(unit.id, unit) for unit in units]
        heard.extend(ruling.announcements)

    here = {unit.id: unit for unit in units if unit.tier is Tier.WORKPLACE}
    walkout = replace(walkout, next_tally=walkout.terms.pledge_by)
    if walkout.terms.kind is StepKind.SURVEY:
        take("standing", {unit: taking_part[unit] for unit in here})
        return walkout, units, heard
    take("standing", {unit.id: unit.headcount for unit in here.values()})
    by_hand = walkout.terms.counted_by is CountedBy.STEWARDS
    while walkout.next_tally is not None:
        take("took_part" if by_hand else "turnout", {unit: taking_part[unit] for unit in here})
    return walkout, units, heard


def test_a_campaign_of_four_steps_is_what_a_recount_says() -> None:
    plan = drafted(2_000)
    # a city's number is a share of all its people, of whom many will be missing: here it is a name over its employers
    first = [replace(unit, threshold=0) if unit.tier is Tier.AREA else unit for unit in as_units(plan.units)]
    votes = _votes(first)
    steps: list[campaigns.Step] = []
    before, still_in = first, {unit.id for unit in first if unit.tier is Tier.WORKPLACE}
    came: dict[UnitId, int] = dict.fromkeys(still_in, 0)
    for n, (kind, _by, percent) in enumerate(STEPS):
        draft = Walkout(
            id=WalkoutId(f"s{n}"),
            terms=terms_of(n),
            campaign=WalkoutId("s0") if n else None,
            after=WalkoutId(f"s{n - 1}") if n else None,
        )
        now = draft.terms.pledge_by - 2 * DAY
        fresh = [replace(u, standing=0, turnout=0, took_part=None, out=False, line=first[0].line) for u in before]
        fresh = [replace(unit, turnout_line=first[0].line, told_ready=False) for unit in fresh]
        rules.check_no_live_step(fresh, steps, now=now)
        qualified = campaigns.qualified(*steps[-1], SHARE) if n else None
        ruling = rules.open_up(draft, fresh, now=now, qualified=qualified)

        # who goes on: what the board showed of those who took part in the step before
        if n:
            wanted = {unit for unit in still_in if came[unit] == n}
            assert set(qualified or ()) == wanted
            cities = {unit.parent for unit in fresh if unit.id in wanted}
            assert ruling.dropped == {unit.id for unit in fresh if unit.id not in wanted | cities}
            still_in = wanted
        counts = {unit.id: unit for unit in ruling.units}
        opened = [counts.get(unit.id, unit) for unit in fresh if unit.id not in ruling.dropped]
        for city in (unit for unit in opened if unit.tier is Tier.AREA):
            assert city.headcount == sum(unit.headcount for unit in opened if unit.parent == city.id)
        assert Counter(news.kind for news in ruling.announcements) == {Kind.OPENED: 1 + len(opened)}

        taking_part = {unit: votes[unit] * percent // 100 for unit in still_in}
        walkout, units, heard = played(ruling.walkout, opened, taking_part)
        steps.append((walkout, units))
        numbers = {unit.id: unit for unit in units if unit.tier is Tier.WORKPLACE}
        proved = {
            unit
            for unit, place in numbers.items()
            if proves(min(taking_part[unit], place.headcount), place.threshold, SHARE)
        }

        # every announcement of it
        by_kind = Counter(news.kind for news in heard)
        if kind is StepKind.SURVEY:
            assert walkout.stage is Stage.ENDED
            assert by_kind == {Kind.SURVEY_OVER: 1 + len(units), Kind.NEXT_STEP: 1}
        else:
            everybody = sum(place.headcount for place in numbers.values())
            assert walkout.stage is Stage.ON
            assert everybody >= 500
            areas = len(units) - len(numbers)
            assert by_kind == {Kind.ON: 1 + areas, Kind.WE_ARE_OUT: len(numbers), Kind.NEXT_STEP: 1}
        _proposes(heard, [numbers[unit].name for unit in proved], len(numbers))
        came |= dict.fromkeys(proved, n + 1)
        before = units

        # how far each came: nothing asks for less than all of the last one yet
        whole = {
            unit
            for unit in numbers
            if proves(min(taking_part[unit], numbers[unit].headcount), numbers[unit].threshold, 100)
        }
        assert campaigns.ladder(steps) == {
            unit: n if rung == n + 1 and unit not in whole else rung for unit, rung in came.items()
        }
        rungs = campaigns.for_everybody(campaigns.climbed(steps))
        reached = [sum(rung > m for rung in campaigns.ladder(steps).values()) for m in range(n + 1)]
        assert [rung.reached for rung in rungs] == [number if number >= 3 else 0 for number in reached]
        print(  # noqa: T201  shown with -s
            f"\n{kind}: {len(numbers)} employers, {sum(taking_part.values()):,} people take part; {len(proved)} "
            f"qualify at {SHARE} %, {len(whole)} reached their number; ladder {reached}"
        )
    assert 0 < len(still_in) < len(came)


def _proposes(heard: Sequence[Announcement], proved: Sequence[str], everywhere: int) -> None:
    """Hold what organizers hear of the next step against the names of those that qualify."""
    (news,) = [each for each in heard if each.kind is Kind.NEXT_STEP]
    names = sorted(proved, key=str.casefold)
    assert news.facts == {
        "workplaces": names[:10],
        "more": max(0, len(names) - 10),
        "others": everywhere - len(names),
        "share": SHARE,
    }
    assert (news.to_rooms, news.to_organizers) == (False, True)


def _votes(units: list[Unit]) -> dict[UnitId, int]:
    """Return how many voted for the union at each employer."""
    with DATA.open(encoding="utf-8", newline="") as file:
        cities = second_reading(csv.DictReader(file))
    by_id = {unit.id: unit for unit in units}
    return {
        unit.id: cities[plain_name(by_id[unit.parent].name)].employers[unit.name].votes
        for unit in units
        if unit.tier is Tier.WORKPLACE
    }
