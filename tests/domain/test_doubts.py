"""What looks wrong in a draft although a file may say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.doubts import Doubt, Doubted, doubts
from bot.domain.model import Walkout, WalkoutId, Workplace
from tests.conftest import NOON, shops, terms

DAY = timedelta(days=1)
PLACES = [replace(place, headcount=40, threshold=26) for place in shops(*[40] * 3)]
TERMS = terms(starts=NOON + 10 * DAY, pledge_by=NOON + 8 * DAY, citywide_threshold=60)


def found(places: list[Workplace] | None = None, **changed: Any) -> list[Doubt]:
    return [each.doubt for each in doubts(replace(TERMS, **changed), places or PLACES, now=NOON)]


def with_first(**changed: Any) -> list[Workplace]:
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
def test_each_is_found(places: list[Workplace] | None, changed: dict[str, Any], doubt: Doubt) -> None:
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
def test_what_is_just_right_is_not(places: list[Workplace] | None, changed: dict[str, Any]) -> None:
    assert found(places, **changed) == []


def test_another_walkout_that_looks_like_the_same_is_named() -> None:
    other = Walkout(id=WalkoutId("abc12"), terms=replace(TERMS, title=TERMS.title.upper()))
    same = doubts(TERMS, PLACES, now=NOON, others=[(other, 2)])
    assert same == (
        Doubted(doubt=Doubt.SAME_TITLE, names=("abc12",)),
        Doubted(doubt=Doubt.SAME_WORKPLACES, names=("abc12",), number=2, of=3),
    )
    different = replace(other, terms=replace(TERMS, title="Another"))
    assert doubts(TERMS, PLACES, now=NOON, others=[(different, 1)]) == ()
