"""What looks wrong in a draft although a file may say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.doubts import Doubt, Doubted, doubts
from bot.domain.model import Counts, Tier, Unit, Walkout, WalkoutId
from bot.draft import DraftUnit
from tests.conftest import NOON, shops, terms

DAY = timedelta(days=1)
PLACES = [replace(place, headcount=40, threshold=26) for place in shops(*[40] * 3)]
TERMS = terms(starts=NOON + 10 * DAY, pledge_by=NOON + 8 * DAY, citywide_threshold=60)


def found(places: list[Unit] | None = None, **changed: Any) -> list[Doubt]:
    return [each.doubt for each in doubts(replace(TERMS, **changed), places or PLACES, now=NOON)]


def with_first(**changed: Any) -> list[Unit]:
    return [replace(PLACES[0], **changed), *PLACES[1:]]


def test_nothing_is_wrong_with_a_usual_one() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("places", "changed", "doubt"),
    [
        (with_first(threshold=40), {}, Doubt.EVERYBODY),
        (with_first(threshold=39), {}, Doubt.ALL_BUT_ONE),
        (None, {"tally_every": 8 * DAY}, Doubt.ONE_COUNT),
        (None, {"pledge_by": NOON + timedelta(hours=23)}, Doubt.SOON),
        (None, {"citywide_threshold": 109}, Doubt.MOST_OF_THE_CITY),
        (None, {"citywide_threshold": 26}, Doubt.ONE_IS_ENOUGH),
        (None, {"minimum_workplaces": 3}, Doubt.EVERY_WORKPLACE),
    ],
)
def test_each_is_found(places: list[Unit] | None, changed: dict[str, Any], doubt: Doubt) -> None:
    assert found(places, **changed) == [doubt]


@pytest.mark.parametrize(
    ("places", "changed"),
    [
        (with_first(threshold=38), {}),
        (None, {"tally_every": 7 * DAY}),
        (None, {"pledge_by": NOON + DAY}),
        (None, {"citywide_threshold": 108}),
        (None, {"citywide_threshold": 26, "minimum_workplaces": 2}),
        (PLACES[:1], {"citywide_threshold": 26, "minimum_workplaces": 1}),
    ],
)
def test_what_is_just_right_is_not(places: list[Unit] | None, changed: dict[str, Any]) -> None:
    assert found(places, **changed) == []


def unit(name: str, parent: int, tier: Tier, headcount: int, threshold: int = 0, minimum: int = 0) -> DraftUnit:
    return DraftUnit(name=name, parent=parent, tier=tier, headcount=headcount, threshold=threshold, minimum=minimum)


AREA, PLACE, DEPARTMENT = Tier.AREA, Tier.WORKPLACE, Tier.DEPARTMENT
TREE = [
    unit("East", 0, AREA, 100, 40, 1),
    unit("Depot", 1, PLACE, 80, 50, 1),
    unit("Day", 2, DEPARTMENT, 40, 20),
    unit("Night", 2, DEPARTMENT, 40, 20),
    unit("Mill", 1, PLACE, 20, 10),
    unit("West", 0, AREA, 90, 0),
    unit("Shop", 6, PLACE, 90, 45),
]


def in_tree(at: int, changed: dict[str, Any], **terms: Any) -> list[tuple[Doubt, tuple[str, ...]]]:
    places = [replace(each, **changed) if number == at else each for number, each in enumerate(TREE, start=1)]
    return [(each.doubt, each.names) for each in doubts(replace(TERMS, **terms), places, now=NOON)]


@pytest.mark.parametrize(
    ("at", "changed", "numbers", "found"),
    [
        (0, {}, {}, []),
        (2, {"minimum": 2}, {}, [(Doubt.EVERY_PART, ("Depot",))]),
        (3, {"threshold": 0}, {}, []),  # one of one is no more than its own number
        (1, {"minimum": 2}, {}, [(Doubt.EVERY_PART, ("East",))]),
        (1, {"threshold": 99}, {}, [(Doubt.ALL_BUT_ONE, ("East",))]),
        (3, {"threshold": 40}, {}, []),  # one of two departments is enough
        (0, {}, {"citywide_threshold": 95}, [(Doubt.NOT_WITHOUT, ("East",))]),
        (0, {}, {"citywide_threshold": 95, "citywide_counts": Counts.ALL}, []),
        (0, {}, {"minimum_workplaces": 2}, [(Doubt.NOT_WITHOUT, ("East",))]),
        (0, {}, {"citywide_threshold": 45}, [(Doubt.ONE_IS_ENOUGH, ("Depot", "Shop"))]),
        (1, {"threshold": 51}, {"citywide_threshold": 45}, [(Doubt.ONE_IS_ENOUGH, ("Shop",))]),  # not Depot's fifty
        (1, {"minimum": 2}, {"citywide_threshold": 50}, [(Doubt.EVERY_PART, ("East",))]),
    ],
)
def test_in_a_tree_whoever_could_stop_it_is_named(
    at: int, changed: dict[str, Any], numbers: dict[str, Any], found: list[tuple[Doubt, tuple[str, ...]]]
) -> None:
    assert in_tree(at, changed, **numbers) == found


def test_an_area_in_an_area_without_which_that_cannot_reach_its_number() -> None:
    tree = [unit("State", 0, AREA, 190, 95), *(replace(each, parent=each.parent + 1) for each in TREE)]
    found = doubts(replace(TERMS, citywide_threshold=5, minimum_workplaces=2), tree, now=NOON)
    named = {name for each in found if each.doubt is Doubt.NOT_WITHOUT for name in each.names}
    assert named == {"State", "East"}


def test_another_walkout_that_looks_like_the_same_is_named() -> None:
    other = Walkout(id=WalkoutId("abc12"), terms=replace(TERMS, title=TERMS.title.upper()))
    same = doubts(TERMS, PLACES, now=NOON, others=[(other, 2)])
    assert same == (
        Doubted(doubt=Doubt.SAME_TITLE, names=("abc12",)),
        Doubted(doubt=Doubt.SAME_WORKPLACES, names=("abc12",), number=2, of=3),
    )
    different = replace(other, terms=replace(TERMS, title="Another"))
    assert doubts(TERMS, PLACES, now=NOON, others=[(different, 1)]) == ()
