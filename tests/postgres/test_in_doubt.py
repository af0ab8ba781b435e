"""The store's own connection: what callers hear when the end of a commit is not heard, and in what time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from bot.domain.errors import NotRecorded
from bot.domain.model import CardState
from bot.process.clock import MovableClock
from bot.storage import postgres
from bot.storage.postgres import session
from bot.storage.store import Store
from tests.conftest import NOON, SHOP, WALKOUT, opened, shops
from tests.postgres.network import Network, network
from tests.postgres.servers import BOT, PASSWORD, Server
from tests.postgres.stores import IDENTITY, empty_store
from tests.storage.house import fresh, pledges, standing, withdraws


@pytest.fixture
def database(pg_server: Server) -> Iterator[str]:
    """Give a database with an empty store in it."""
    with empty_store(pg_server) as name:
        yield name


@asynccontextmanager
async def _store(server: Server, database: str) -> AsyncIterator[tuple[Store, Network, Network]]:
    """Give a store with a card, and the two ways to its database."""
    async with network(server.port) as first, network(server.port) as second:
        hosts = ",".join(f"127.0.0.1:{way.port}" for way in (first, second))
        url = f"postgresql://{BOT}:{PASSWORD}@{hosts}/{database}"
        store = await postgres.open_store(url, clock=MovableClock(NOON), identity=IDENTITY, process="a test")
        try:
            await store.add_walkout(opened(), shops(9))
            await store.mint(WALKOUT, {SHOP: [fresh(1)]})
            yield store, first, second
        finally:
            await store.aclose()


async def test_a_change_of_mind_whose_commit_gets_lost_is_not_recorded(
    pg_server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "COMMITS_WITHIN_S", 0.2)
    async with _store(pg_server, database) as (store, first, _second):
        for change in (pledges(1), withdraws(1), pledges(1)):  # by then its statements are prepared
            await store.apply(change)
        # taking it back writes, and then waits for this table
        hands = await asyncpg.connect(pg_server.url(database))
        holding = hands.transaction()
        await holding.start()
        await hands.execute("LOCK TABLE ballot")
        taking_back = asyncio.create_task(store.apply(withdraws(1)))
        waits = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock' AND {})"
        deletes = waits.format(database, "query LIKE 'DELETE FROM ballot%'")
        await asyncio.to_thread(pg_server.until, deletes)
        first.silence(down=False)  # its answer comes, and the commit does not arrive
        await holding.rollback()
        await hands.close()
        # whoever asks what became of it waits until it is over
        await asyncio.to_thread(pg_server.until, waits.format(database, "query LIKE '%INSERT INTO mark%RETURNING%'"))
        over = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        await asyncio.to_thread(pg_server.sql, f"{over} AND datname = '{database}'")
        with pytest.raises(NotRecorded, match="not committed"):
            await taking_back
        first.heal()
        assert await standing(store) == [1]
        assert (await store.apply(withdraws(1))).mine is CardState.WITHDRAWN


@pytest.mark.parametrize("trouble", ["silence", "cut"])
async def test_a_dead_network_costs_an_answer_and_no_more(
    pg_server: Server, database: str, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    async with _store(pg_server, database) as (store, first, second):
        await store.apply(pledges(1))
        monkeypatch.setattr(session, "ANSWERS_WITHIN_S", 0.2)
        getattr(first, trouble)()
        with pytest.raises(NotRecorded):
            await store.apply(withdraws(1))
        monkeypatch.setattr(session, "ANSWERS_WITHIN_S", 60.0)
        assert (await store.apply(withdraws(1))).mine is CardState.WITHDRAWN  # by the other way
        first.heal()
        second.cut()
        with pytest.raises(NotRecorded):
            await standing(store)
        assert await standing(store) == [0]


async def test_a_host_that_lets_in_and_answers_nothing_is_left_for_the_next(
    pg_server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ANSWERS_WITHIN_S", 0.2)
    async with network(pg_server.port) as way:

        async def cut_off() -> asyncpg.Connection:
            url = f"postgresql://{BOT}:{PASSWORD}@127.0.0.1:{way.port}/{database}"
            made: asyncpg.Connection = await asyncpg.connect(url, timeout=1)
            way.silence()
            return made

        opening = session.Session([cut_off, lambda: asyncpg.connect(pg_server.url(database))], "a test")
        await opening.open()
        assert await opening.rows("SELECT 1") == [(1,)]
        await opening.aclose()


async def test_a_server_that_only_reads_is_left(pg_server: Server, database: str) -> None:
    async with _store(pg_server, database) as (store, _first, _second):
        pg_server.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        over = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608
        pg_server.sql(over)
        for _ in range(2):
            with pytest.raises(NotRecorded):
                await store.apply(pledges(1))
        pg_server.sql(f"ALTER DATABASE {database} RESET default_transaction_read_only")
        while True:  # as people do
            try:
                assert (await store.apply(pledges(1))).changed
            except NotRecorded:
                await asyncio.sleep(0)
            else:
                break
