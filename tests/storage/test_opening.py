"""A store that is closed and opened again: nothing that was accepted is lost."""

from __future__ import annotations

import asyncio

import pytest

from bot.process.clock import MovableClock
from tests.conftest import SHOP, WALKOUT, opened, shops
from tests.storage.house import House, fresh, minted, pledges, standing


async def test_what_was_kept_is_there_at_the_next_opening(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(1), fresh(2)]})
        await store.apply(pledges(1))
    async with house.open(clock) as store:
        assert await store.walkouts() == [opened()]
        assert (await minted(store), await standing(store)) == ([2], [1])
        assert not (await store.apply(pledges(1))).changed


async def test_what_was_accepted_before_closing_is_answered_and_kept(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(700))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(700)]})
    async with house.open(clock) as store:
        everybody = [asyncio.create_task(store.apply(pledges(n, f"worker {n}"))) for n in range(700)]
        await asyncio.sleep(0)  # all have asked; the block ends, and closes the store, before any is answered
        assert not any(caller.done() for caller in everybody)
    answers = await asyncio.gather(*everybody)

    assert all(answer.changed for answer in answers)
    assert house.rows("SELECT standing FROM counts") == [(700,)]


async def test_nothing_is_accepted_any_more_once_closing_has_begun(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
    for ask in (store.apply(pledges(1)), store.walkouts()):
        with pytest.raises(Exception, match="closing") as refused:
            await ask
        assert type(refused.value).__name__ == "NotRecorded"
