"""A unit that leaves: when it may, what goes with it, who hears of it, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from bot.domain import rules
from bot.domain.errors import HasLeft, TooLateToLeave, WrongStage
from bot.domain.model import Counts, Kind, Ruling, Stage, Tier, Unit, UnitId, Walkout
from tests.domain import trees
from tests.domain.test_properties import History, Taken, play
from tests.fixed import TERMS, WALKOUT

NORTH, DEPOT, NIGHT, DAY, SCHOOL, CAFE = map(UnitId, range(1, 7))
UNITS = [
    Unit(id=NORTH, name="North", headcount=60, threshold=0, minimum=1, tier=Tier.AREA),
    Unit(id=DEPOT, name="Depot", headcount=40, threshold=20, parent=NORTH),
    Unit(id=NIGHT, name="Night", headcount=20, threshold=0, parent=DEPOT, tier=Tier.DEPARTMENT),
    Unit(id=DAY, name="Day", headcount=20, threshold=0, parent=DEPOT, tier=Tier.DEPARTMENT),
    Unit(id=SCHOOL, name="School", headcount=20, threshold=10, parent=NORTH),
    Unit(id=CAFE, name="Café", headcount=20, threshold=10),
]
LAST = TERMS.pledge_by - timedelta(hours=24)


def leave(unit: UnitId, walkout: Walkout = WALKOUT, units: list[Unit] = UNITS) -> Ruling:
    return rules.leave(walkout, units, unit=unit, occasion="X", now=LAST)


def heard(ruling: Ruling) -> set[tuple[UnitId | None, UnitId | None]]:
    assert {made.kind for made in ruling.announcements} == {Kind.LEFT}
    return {(made.scope, made.about) for made in ruling.announcements if made.to_rooms or made.to_stewards}


@pytest.mark.parametrize(
    ("unit", "gone"), [(NORTH, {NORTH, DEPOT, NIGHT, DAY, SCHOOL}), (DEPOT, {DEPOT, NIGHT, DAY}), (CAFE, {CAFE})]
)
def test_all_that_is_below_leaves_with_it_and_hears_it(unit: UnitId, gone: set[UnitId]) -> None:
    ruling = leave(unit)
    assert ruling.walkout == WALKOUT
    assert {each.id for each in ruling.units} == gone
    assert all(each == replace(UNITS[each.id - 1], left=True) for each in ruling.units)
    assert heard(ruling) == {(each, DEPOT if each in {NIGHT, DAY} else each) for each in gone}
    (told,) = [made for made in ruling.announcements if made.to_organizers]
    assert (told.scope, told.about, told.to_rooms) == (None, unit, False)
    (asked,) = [made for made in ruling.announcements if made.to_notices]
    assert {asked.to_rooms, asked.to_organizers, asked.to_stewards} == {False}


def test_it_may_until_a_day_before_the_deadline_once_and_only_while_it_is_open() -> None:
    rules.check_can_leave(WALKOUT, UNITS[1], now=LAST)
    with pytest.raises(TooLateToLeave):
        rules.check_can_leave(WALKOUT, UNITS[1], now=LAST + timedelta(microseconds=1))
    with pytest.raises(HasLeft):
        rules.check_can_leave(WALKOUT, replace(UNITS[1], left=True), now=LAST)
    for stage in set(Stage) - {Stage.OPEN}:
        with pytest.raises(WrongStage):
            rules.check_can_leave(replace(WALKOUT, stage=stage), UNITS[1], now=LAST)


@pytest.mark.parametrize(
    ("threshold", "minimum", "counts", "unit", "can"),
    [
        (80, 1, Counts.READY, CAFE, False),  # all of them were needed
        (60, 1, Counts.READY, CAFE, True),
        (20, 1, Counts.READY, NORTH, True),
        (21, 1, Counts.READY, NORTH, False),
        (20, 2, Counts.READY, NORTH, False),  # of workplaces one is left
        (80, 1, Counts.ALL, NORTH, True),  # whose sums stay
    ],
)
def test_whether_the_numbers_can_still_be_reached_comes_from_headcounts_alone(
    threshold: int, minimum: int, counts: Counts, unit: UnitId, *, can: bool
) -> None:
    terms = replace(TERMS, citywide_threshold=threshold, minimum_workplaces=minimum, citywide_counts=counts)
    for standing in (0, 15):
        units = [replace(each, standing=standing if each.id in {NIGHT, SCHOOL} else 0) for each in UNITS]
        ruling = leave(unit, replace(WALKOUT, terms=terms), units)
        (told,) = [made for made in ruling.announcements if made.to_organizers]
        assert told.facts["can"] is can


@pytest.mark.parametrize("counts", Counts)
@pytest.mark.parametrize("leaves", [False, True])
def test_no_part_of_the_number_is_said_to_be_in_with_pledges_that_do_not_count(counts: Counts, *, leaves: bool) -> None:
    """Six shops have reached their numbers, seven tenths of the city's; the largest may have left before it is said."""
    terms = replace(TERMS, citywide_threshold=90, citywide_counts=counts, milestones=True)
    walkout = replace(WALKOUT, terms=terms)
    units = [
        Unit(id=UnitId(number), name=f"Shop {number}", headcount=40, threshold=5, standing=40 if number == 1 else 5)
        for number in range(1, 7)
    ]
    said = []
    for nth in range(8):
        assert walkout.next_tally is not None
        if leaves and nth == 1:  # its line says by now that it has reached its number
            units[0] = leave(UnitId(1), walkout, units).units[0]
        ruling = rules.tally(walkout, units, now=walkout.next_tally)
        after = {unit.id: unit for unit in ruling.units}
        walkout, units = ruling.walkout, [after.get(unit.id, unit) for unit in units]
        said += [made.facts["quarters"] for made in ruling.announcements if made.kind is Kind.MILESTONE]
    assert said == ([] if leaves and counts is Counts.READY else [2])


def _while_open(takings: list[Taken], gone: set[UnitId]) -> list[list[tuple[bool, int, int, bool]]]:
    """Return what the board holds of all units but these at each tally until it is decided."""
    return [
        [
            (unit.line.reached, unit.line.number, unit.line.anchor, unit.told_ready)
            for unit in taken.places
            if unit.id not in gone
        ]
        for taken in takings
        if taken.walkout.stage is Stage.OPEN
    ]


def test_nothing_changes_for_whatever_has_not_left() -> None:
    changed = 0
    for seed in range(150):
        chance = Random(seed)
        plan = trees.planned(chance, everys=(720,))
        events, looks = trees.story(chance, plan)
        leaving = trees.leaving(chance, plan)
        with_it = play(History(plan=replace(plan, leaving=leaving), events=events, looks=looks))
        without = play(History(plan=plan, events=events, looks=looks))
        gone = {unit.id for unit in with_it[-1].places if unit.left}
        above = {UnitId(area.id) for shop in plan.shops if shop.id in gone for area in plan.areas_of(shop)}
        one, other = _while_open(with_it, gone | above), _while_open(without, gone | above)
        assert all(line == same for line, same in zip(one, other, strict=False))
        changed += bool(gone)
    assert changed > 20
