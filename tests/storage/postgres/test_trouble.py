"""When the server ends what a process waits for: that is answered, and what comes next works."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from bot.domain.errors import NotRecorded
from bot.process.clock import MovableClock
from bot.storage.postgres.session import HOUSE
from tests.conftest import opened, shops
from tests.storage.house import PostgresHouse

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
