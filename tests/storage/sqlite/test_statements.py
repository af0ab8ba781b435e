"""How SQLite carries statements out: its plans, and the thread of its connection."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE
from bot.storage.sql.news import _DUE
from bot.storage.sqlite import SqliteStore
from tests.conftest import SHOP, WALKOUT, opened, shops
from tests.storage.house import SqliteHouse, fresh, pledges
from tests.storage.test_decide import furnish


async def test_what_waits_for_a_room_is_found_without_reading_all_that_waits_for_others(
    data: Path, clock: MovableClock
) -> None:
    async with SqliteHouse(data).open(clock) as store:
        await furnish(store)
    with closing(sqlite3.connect(data / DATABASE)) as database:
        parameters = (0, "console", True, "[]", 10, 1)
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {_DUE}", parameters)]
    [earlier] = [step for step in plan if " earlier " in step]
    assert "(platform=? AND room=? AND id<?)" in earlier


async def test_a_batch_is_carried_out_on_the_connections_own_thread_in_one_go(
    house: SqliteHouse, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the store uses of aiosqlite without a public name: another version may have it otherwise."""
    threads: list[int] = []
    async with house.open(clock) as store:
        assert isinstance(store, SqliteStore)
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(20)]})
        carry_out = store._in_one_go

        def noted(db: sqlite3.Connection, changes: Any) -> Any:
            threads.append(threading.get_ident())
            return carry_out(db, changes)

        monkeypatch.setattr(store, "_in_one_go", noted)
        assert all(answer.changed for answer in await asyncio.gather(*(store.apply(pledges(n, n)) for n in range(20))))
        assert await store._on_thread(lambda db: (threading.get_ident(), db.in_transaction)) == (threads[0], False)
        with pytest.raises(sqlite3.OperationalError):
            await store._on_thread(lambda db: db.execute("no statement"))
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
