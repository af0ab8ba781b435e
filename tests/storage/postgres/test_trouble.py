"""When the server ends what a process waits for: that is answered, and what comes next works."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from bot.domain.errors import NotRecorded
from bot.domain.pledging import Act
from bot.process.clock import MovableClock
from bot.storage.postgres.session import HOUSE
from tests.conftest import SHOP, WALKOUT, opened, shops
from tests.storage.house import PostgresHouse, asks, fresh

_WAITS = f"locktype = 'advisory' AND objid = {HOUSE} AND NOT granted"


async def test_whoever_was_not_given_a_lock_is_told_so_and_the_next_one_works(
    house: PostgresHouse, clock: MovableClock, hands: asyncpg.Connection
) -> None:
    async with house.open(clock) as store:
        await hands.execute(f"SELECT pg_advisory_lock({HOUSE})")
        asked = asyncio.create_task(store.add_walkout(opened(), shops(40)))
        while not await hands.fetchval(f"SELECT count(pg_cancel_backend(pid)) FROM pg_locks WHERE {_WAITS}"):  # noqa: S608
            assert not asked.done()
        with pytest.raises(NotRecorded):
            await asked
        await hands.execute(f"SELECT pg_advisory_unlock({HOUSE})")
        await store.add_walkout(opened(), shops(40))
        assert await store.walkouts() == [opened()]


async def test_pledges_do_not_wait_for_whoever_reads_everything_when_a_tally_folds_them(
    house: PostgresHouse, clock: MovableClock, hands: asyncpg.Connection
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh("one"), fresh("two")]})
        await store.apply(asks(Act.PLEDGE, "one", "ana"))
        async with hands.transaction():
            await hands.execute("LOCK TABLE recent_card IN ACCESS SHARE MODE")  # as pg_dump does, and a backup
            folding = asyncio.create_task(store.forget_order())
            async with asyncio.timeout(20):
                await store.apply(asks(Act.PLEDGE, "two", "bo"))
                with pytest.raises(NotRecorded):
                    await folding
        await store.forget_order()
        assert [unit.standing for unit in await store.units(WALKOUT)] == [2]
    assert house.rows("SELECT count(*) FROM recent_pledge") == [(0,)]
