"""A walkout whose units are a tree: areas, workplaces, departments, and cards at the leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.clock import MovableClock
from bot.domain.model import ROOT, Tier, Workplace, WorkplaceId
from bot.storage.records import read_terms, write_terms
from tests.conftest import opened, terms
from tests.storage.house import House

LEVELS = ("borough", "neighborhood")


def unit(number: int, name: str, tier: Tier, parent: int = ROOT, **more: Any) -> Workplace:
    said: dict[str, Any] = {"headcount": 40, "threshold": 5} | more
    return Workplace(id=WorkplaceId(number), name=name, tier=tier, parent=WorkplaceId(parent), **said)


BRONX, MOTT, HOSPITAL, DAY, NIGHT, BAKERY = map(WorkplaceId, range(1, 7))
TREE = [
    unit(BRONX, "Bronx", Tier.AREA, headcount=120, threshold=0, minimum=1),
    unit(MOTT, "Mott Haven", Tier.AREA, BRONX, headcount=120, threshold=60, minimum=2),
    unit(HOSPITAL, "Hospital", Tier.WORKPLACE, MOTT, headcount=80, threshold=50, minimum=1),
    unit(DAY, "Days", Tier.DEPARTMENT, HOSPITAL, threshold=0),
    unit(NIGHT, "Nights", Tier.DEPARTMENT, HOSPITAL, threshold=20),
    unit(BAKERY, "Bakery", Tier.WORKPLACE, MOTT),
]


async def test_a_tree_is_read_as_it_was_written_in_the_order_of_its_ids(house: House, clock: MovableClock) -> None:
    walkout = opened(levels=LEVELS)
    async with house.open(clock) as store:
        await store.add_walkout(walkout, list(reversed(TREE)))
    async with house.open(clock) as store:
        assert await store.workplaces(walkout.id) == TREE
        assert await store.walkouts() == [walkout]


@pytest.mark.parametrize("levels", [LEVELS, ()])
def test_terms_name_the_levels_and_those_of_older_versions_none(levels: tuple[str, ...]) -> None:
    assert read_terms(write_terms(terms(levels=levels))).levels == levels
    older = json.loads(write_terms(terms()))
    del older["levels"]
    assert read_terms(json.dumps(older)) == terms()
