"""A database that processes share: whichever comes first makes it ready; who may not have it is told why not."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bot.domain.errors import KeyFileRefused, StoreTooNew, StoreUnusable
from bot.process.clock import MovableClock
from bot.storage import postgres
from bot.storage.postgres.opening import PostgresStore, migrations, place
from tests.conftest import opened, shops
from tests.postgres.servers import BOT, PASSWORD, Server
from tests.postgres.stores import IDENTITY
from tests.processes import run
from tests.storage.house import PostgresHouse


async def opening(url: str, clock: MovableClock, identity: str = IDENTITY) -> None:
    """Open and let go at once."""
    store = await postgres.open_store(url, clock=clock, identity=identity, process="a test")
    await store.aclose()


async def test_processes_that_come_at_the_same_time_make_the_tables_once(pg_database: str, clock: MovableClock) -> None:
    stores: list[PostgresStore] = await asyncio.gather(
        *(postgres.open_store(pg_database, clock=clock, identity=IDENTITY, process=f"process {n}") for n in range(5))
    )
    try:
        await stores[0].add_walkout(opened(), shops(40))
        assert [await store.walkouts() for store in stores] == [[opened()]] * 5
    finally:
        for store in stores:
            await store.aclose()
    made = PostgresHouse(pg_database, lambda _sql: "")
    assert made.rows("SELECT number FROM migration") == [(n,) for n in range(1, len(migrations()) + 1)]
    assert made.rows("SELECT id FROM store") == [(IDENTITY,)]


async def test_a_migration_that_fails_leaves_nothing_of_it(
    pg_server: Server, pg_database: str, clock: MovableClock
) -> None:
    name = pg_database.rpartition("/")[2]
    # the last table is there already, and so all before it are in vain
    pg_server.sql("CREATE TABLE way (n int)", name)
    with pytest.raises(StoreUnusable) as refused:
        await opening(pg_database, clock)
    assert "way" in str(refused.value.why)
    assert pg_server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name) == "way"
    pg_server.sql("DROP TABLE way", name)
    await opening(pg_database, clock)


async def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(
    house: PostgresHouse, clock: MovableClock
) -> None:
    newer = len(migrations()) + 1
    house.do("INSERT INTO migration SELECT max(number) + 1 FROM migration")
    try:
        with pytest.raises(StoreTooNew) as refused:
            await opening(house.url, clock, "elsewhere")  # said before whose keys these are
        assert (refused.value.found, refused.value.known) == (newer, newer - 1)
        assert PASSWORD not in str(refused.value.path)
    finally:
        house.do("DELETE FROM migration WHERE number = (SELECT max(number) FROM migration)")
    await opening(house.url, clock)


async def test_the_database_of_another_key_file_is_refused(house: PostgresHouse, clock: MovableClock) -> None:
    with pytest.raises(KeyFileRefused) as refused:
        await opening(house.url, clock, "elsewhere")
    assert refused.value.why == "foreign"
    assert house.rows("SELECT id FROM store") == [(IDENTITY,)]
    await opening(house.url, clock)


@pytest.mark.parametrize("wrong", ["nobody listens", "no such database", "no such role", "not its own"])
async def test_where_it_cannot_be_opened_the_reason_is_said_and_never_the_password(
    house: PostgresHouse, pg_server: Server, clock: MovableClock, wrong: str
) -> None:
    url = {
        "nobody listens": pg_server.url("x", port=1),
        "no such database": pg_server.url("nowhere"),
        "no such role": house.url.replace(f"//{BOT}:", "//stranger:"),
        "not its own": pg_server.url("postgres"),  # where the bot's role may make no table
    }[wrong]
    with pytest.raises(StoreUnusable) as refused:
        await opening(url, clock)
    assert refused.value.path == place(url)
    assert PASSWORD not in f"{refused.value!r} {refused.value} {refused.value.path} {refused.value.why}"
    assert " " in refused.value.why  # a sentence, not the name of a class


async def test_what_another_process_has_recorded_is_known_at_once(house: PostgresHouse, clock: MovableClock) -> None:
    async with house.open(clock) as one, house.open(clock, process="another") as other:
        await one.add_walkout(opened(), shops(40))
        assert await other.walkouts() == [opened()]


def test_a_store_that_nobody_closed_never_hangs_the_exit(house: PostgresHouse, data: Path) -> None:
    script = f"""
import asyncio
from bot.process.clock import real_clock
from bot.storage.postgres import open_store

held = []

async def main():
    store = await open_store({house.url!r}, clock=real_clock, identity={IDENTITY!r}, process="left")
    await store.walkouts()
    held.append(store)

asyncio.run(main())
print("done")
"""
    assert run([sys.executable, "-c", script], folder=data).stdout == "done\n"
