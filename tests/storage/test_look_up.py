"""Looking up a walkout and a workplace together, by many at once."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.errors import NoSuchUnit
from bot.domain.model import Unit, UnitId, WalkoutId
from bot.storage.store import Store
from tests.conftest import OTHER_SHOP, SHOP, WALKOUT, opened, shops
from tests.storage.house import pledges

ELSEWHERE = WalkoutId("other")


async def test_everybody_who_asks_at_the_same_time_finds_their_own_workplace(store: Store) -> None:
    await store.add_walkout(opened(ELSEWHERE), shops(9))
    asked = [(WALKOUT, SHOP), (WALKOUT, OTHER_SHOP), (ELSEWHERE, SHOP)] * 20
    found = await asyncio.gather(*(store.look_up(*where) for where in asked))
    for (walkout, place), both in zip(asked, found, strict=True):
        assert both == (await store.walkout(walkout), await store.unit(walkout, place))


async def test_who_asks_for_what_is_not_there_does_not_take_the_answer_from_the_others(store: Store) -> None:
    asked = [(WALKOUT, UnitId(99)), (ELSEWHERE, SHOP), (WALKOUT, SHOP)]
    first, second, found = await asyncio.gather(*(store.path(*where) for where in asked), return_exceptions=True)
    assert isinstance(first, NoSuchUnit)
    assert isinstance(second, NoSuchUnit)
    assert not isinstance(found, BaseException)
    assert [unit.id for unit in found[1]] == [SHOP]


async def test_who_was_answered_after_a_change_finds_it(store: Store) -> None:
    async def pledge_and_look_up(number: int) -> Unit:
        await store.apply(pledges(number, f"worker {number}"))
        return (await store.look_up(WALKOUT, SHOP))[1]

    found = await asyncio.gather(*(pledge_and_look_up(number) for number in range(40)))
    assert all(place.standing >= 1 for place in found)
    assert (await store.look_up(WALKOUT, SHOP))[1].standing == 40


async def test_who_gives_up_does_not_take_the_answer_from_the_others(store: Store) -> None:
    first, *others = [asyncio.create_task(store.look_up(WALKOUT, SHOP)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert [(await other)[1].id for other in others] == [SHOP, SHOP]
    assert (await store.look_up(WALKOUT, OTHER_SHOP))[1].id == OTHER_SHOP
