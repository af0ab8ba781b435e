"""The store moves to another database and back: every row, and never two that count. Backups of either fit both."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.domain.errors import InTheWay, KeyFileRefused, NotRecorded, StoreInUse, StoreMoved
from bot.domain.model import Announcement, Kind
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, look_into, open_app
from bot.runtime.moving import move
from bot.storage import postgres
from bot.storage.copying import TABLES
from bot.storage.sqlite import is_whole
from tests.conftest import NOON
from tests.console.conftest import folder, play  # noqa: F401  fixtures
from tests.console.play import Line, Play
from tests.faults import town
from tests.moved import NOT_COPIED, fill, in_postgres, in_sqlite, lived_in, looks, readings
from tests.postgres.servers import Server
from tests.postgres.stores import migrated

OF_PROCESSES = {"mark", "lease", "migration"}
"""Tables of PostgreSQL's that are none of the store's."""

HALVES = {
    "card": {"kept_card", "recent_card"},
    "pledge": {"kept_pledge", "recent_pledge"},
    "counted": {"counted", "recent_count"},
}

LATER = "2026-12-01T09:30:00-05:00"

NEWS = Announcement(
    kind=Kind.RESTORED, occasion="once", to_rooms=False, to_organizers=True, facts={"made": NOON.isoformat()}
)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOON)


def test_no_table_and_no_column_of_either_schema_is_forgotten(pg_server: Server, pg_database: str) -> None:
    copied = {table.name: set(table.columns) for table in TABLES}
    assert {name: set(columns) for name, columns in readings().items()} == copied
    migrated(pg_database)
    there: dict[str, set[str]] = {}
    for line in pg_server.sql(
        "SELECT table_name || ' ' || column_name FROM information_schema.columns JOIN information_schema.tables "
        "USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
        pg_database.rpartition("/")[2],
    ).splitlines():
        table, column = line.split()
        there.setdefault(table, set()).add(column)
    for name, columns in copied.items():
        for half in HALVES.get(name, {name}):
            assert there.pop(half) - columns <= {"version", "slot", *NOT_COPIED.get(name, ())}, half
    assert set(there) == OF_PROCESSES


LOGGED = r"\n\nI note no time. But the database keeps a log of its own for a while, with the time of each change."
"""What is said besides where PostgreSQL is the store."""


def test_a_walkout_goes_on_after_its_store_has_moved_and_after_it_is_back(
    play: Play,  # noqa: F811
    pg_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = lived_in(play)
    fill(play.data / DATABASE)
    told = sorted(map(repr, play.console(*looks(made), now=LATER)))
    before, key = in_sqlite(play.data / DATABASE), (play.data / KEY_FILE).read_bytes()
    assert not [table for table, rows in before.items() if not rows]

    to_postgres: list[str | Path] = ["move", "--to", pg_database, "--data", play.data, "--yes"]
    said = play.allout(*to_postgres).out
    assert "every row is as it was" in said
    assert "not-to-be-printed" not in said
    assert in_postgres(pg_database) == before
    refused = play.allout("console", "--data", play.data, "--script", "-", status=None).err
    assert refused.startswith("The store is in postgresql://127.0.0.1")
    assert "Set ALLOUT_DATABASE_URL to that database" in refused
    assert "not-to-be-printed" not in refused

    monkeypatch.setenv("ALLOUT_DATABASE_URL", pg_database)
    there = [line.replace(LOGGED, "") for line in map(repr, play.console(*looks(made), now=LATER))]
    assert sorted(there) == told
    as_then = in_postgres(pg_database)
    back = play.allout("move", "--to", "sqlite", "--data", play.data, "--yes").out
    assert "Take ALLOUT_DATABASE_URL out" in back
    assert in_sqlite(play.data / DATABASE) == as_then
    assert (play.data / KEY_FILE).read_bytes() == key
    assert sorted(file.name for file in play.data.iterdir() if file.is_file()) == [
        DATABASE,
        f"{DATABASE}-journal",
        KEY_FILE,
    ]
    refused = play.allout("console", "--data", play.data, "--script", "-", status=None).err
    assert refused.startswith(f"The store is in {play.data / DATABASE}")
    monkeypatch.delenv("ALLOUT_DATABASE_URL")
    assert sorted(map(repr, play.console(*looks(made), now=LATER))) == told


def test_a_backup_of_postgresql_is_restored_to_either(
    play: Play,  # noqa: F811
    pg_server: Server,
    pg_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALLOUT_DATABASE_URL", pg_database)
    made = lived_in(play)
    told = stands(play.console(*looks(made), now=LATER))
    assert set(told.values()) == {True, False}
    public = play.allout("backup-key", play.folder / "private").out.split("ALLOUT_BACKUP_KEY=")[1].strip()
    monkeypatch.setenv("ALLOUT_BACKUP_KEY", public)
    play.allout("backup", play.folder / "sealed", "--data", play.data, "--now", LATER)

    image = play.folder / "image"
    image.write_bytes(asyncio.run(copied(pg_database, in_postgres(pg_database)["store"][0][0])))
    assert is_whole(image.read_bytes())
    assert in_sqlite(image) == in_postgres(pg_database)

    restoring: list[str | Path] = [
        "restore",
        play.folder / "sealed",
        "--key",
        play.folder / "private",
        "--goes-on",
        made.id,
    ]
    assert "is there already" in play.allout(*restoring, "--data", play.data, status=None).err
    other = pg_server.create_database()
    try:
        monkeypatch.setenv("ALLOUT_DATABASE_URL", pg_server.url(other))
        wanted = play.allout(*restoring[:-2], "--data", play.data, status=None).err
        assert f"--goes-on {made.id}" in wanted
        play.allout(*restoring, "--data", play.data)
        assert stands(play.console(*looks(made), now=LATER)) == told
    finally:
        pg_server.drop_database(other)
    monkeypatch.delenv("ALLOUT_DATABASE_URL")
    play.allout(*restoring, "--data", play.data)
    assert stands(play.console(*looks(made), now=LATER)) == told


def stands(lines: list[Line]) -> dict[str, bool]:
    """Say of each worker whether they read that their pledge stands."""
    return {line["to"]: "Your pledge stands" in line["text"] for line in lines if line.get("kind") == "status"}


async def copied(url: str, identity: str) -> bytes:
    store = await postgres.open_store(url, clock=MovableClock(NOON), identity=identity, process="a test")
    try:
        return await store.copy()
    finally:
        await store.aclose()


async def test_who_still_runs_keeps_it_where_it_is(data: Path, pg_database: str, clock: MovableClock) -> None:
    await town.found(data)
    async with open_app(data, clock=clock, senders={}):
        with pytest.raises(StoreInUse):
            await move(data, None, to=pg_database, clock=clock)
    await move(data, None, to=pg_database, clock=clock)
    async with open_app(data, clock=clock, senders={}, database_url=pg_database):
        with pytest.raises(StoreInUse):
            await move(data, pg_database, to=data, clock=clock)


async def test_who_stood_by_can_neither_lead_nor_write_any_more(
    data: Path, pg_database: str, clock: MovableClock
) -> None:
    await town.found(data)
    await move(data, None, to=pg_database, clock=clock)
    identity = (await asyncio.to_thread(in_postgres, pg_database))["store"][0][0]
    store = await postgres.open_store(pg_database, clock=clock, identity=identity, process="stands by")
    try:
        lease = await store.take_lease("house", "somebody")
        assert lease is not None
        await store.give_up_lease(lease)
        await move(data, pg_database, to=data, clock=clock)
        with pytest.raises(NotRecorded):
            await store.tell(NEWS)
        with pytest.raises(NotRecorded):
            await store.take_lease("house", "somebody")
        await move(data, None, to=pg_database, clock=clock)
        again = await store.take_lease("house", "somebody")  # the same store, and a number that nobody had
        assert again is not None
        assert again.number > lease.number
        await store.tell(NEWS)
    finally:
        await store.aclose()


async def test_nothing_is_moved_over_another_store(data: Path, pg_database: str, clock: MovableClock) -> None:
    await town.found(data)
    async with open_app(data / "other", clock=clock, senders={}, database_url=pg_database):
        pass
    before = in_sqlite(data / DATABASE)
    with pytest.raises(InTheWay):
        await move(data, None, to=pg_database, clock=clock)
    with pytest.raises(InTheWay):
        await move(data, None, to=data, clock=clock)
    with pytest.raises(KeyFileRefused):
        await move(data, None, to=data / "nowhere", clock=clock)
    with pytest.raises(KeyFileRefused):
        await move(data, None, to=data / "other", clock=clock)
    assert in_sqlite(data / DATABASE) == before
    async with open_app(data, clock=clock, senders={}):
        pass


async def test_it_moves_to_another_folder_and_whoever_looks_hears_where(
    data: Path, pg_database: str, clock: MovableClock
) -> None:
    await town.found(data)
    elsewhere = data / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / KEY_FILE).touch(0o600)
    (elsewhere / KEY_FILE).write_bytes((data / KEY_FILE).read_bytes())
    assert await move(data, None, to=elsewhere, clock=clock) == str(elsewhere / DATABASE)
    with pytest.raises(StoreMoved) as refused:
        async with look_into(data, clock=clock):
            pass
    assert refused.value.elsewhere == str(elsewhere / DATABASE)
    with pytest.raises(StoreMoved):  # what has moved goes nowhere else from here
        await move(data, None, to=pg_database, clock=clock)
    await move(data, None, to=elsewhere, clock=clock)  # it is done
    await move(elsewhere, None, to=pg_database, clock=clock)
    with pytest.raises(StoreMoved):  # or the one that it has left would count again
        await move(data, None, to=elsewhere, clock=clock)
