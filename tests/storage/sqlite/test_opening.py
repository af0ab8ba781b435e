"""One process owns the store, of its own version and with its own key file; everybody else is told why not."""

from __future__ import annotations

import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from bot.domain.errors import KeyFileRefused, StoreInUse, StoreTooNew, StoreUnusable
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, open_app
from bot.storage.records import instant, write_terms
from bot.storage.sqlite import SqliteStore, open_store
from bot.storage.sqlite.opening import KEYED, _migrations
from tests.conftest import HOUR, NOON, SHOP, WALKOUT, opened, shops, terms
from tests.processes import allout, console, held_up_s, run
from tests.storage.house import CLOSED, SqliteHouse, fresh, key, minted, pledges, standing, together


@pytest.fixture
def path(data: Path) -> Path:
    return data / DATABASE


async def opening(path: Path, clock: MovableClock, identity: str = "here") -> None:
    """Open and let go at once."""
    store = await open_store(path, clock=clock, identity=identity)
    await store.aclose()


async def value(store: SqliteStore, pragma: str) -> object:
    [(found,)] = await store._rows(f"PRAGMA {pragma}")
    found_value: object = found
    return found_value


# --- a fresh file, and one that was here before ---


async def test_a_fresh_file_gets_this_versions_schema_and_is_nobody_elses_to_read(
    path: Path, clock: MovableClock
) -> None:
    await opening(path, clock)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(_migrations()),)
        assert connection.execute("SELECT id FROM store").fetchall() == [("here",)]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert {
            "walkout",
            "unit",
            "card",
            "room",
            "organizer",
            "steward",
            "proposal",
            "deed",
            "announcement",
            "parcel",
        } <= tables


def made(connection: sqlite3.Connection, version: int) -> None:
    """Make the tables as they were then."""
    connection.create_function("kept_anew", 3, lambda *_: None)
    for script in _migrations()[:version]:
        connection.executescript(script)


def furnish(connection: sqlite3.Connection) -> None:
    """Keep a walkout, two shops and a few cards as the first version did."""
    connection.execute(
        """
        INSERT INTO walkout (id, stage, terms, starts, pledge_by, opened, tally, next_tally, streak, milestone)
        VALUES (?, 'open', ?, ?, ?, 0, 7, ?, 0, 0)
        """,
        (
            WALKOUT,
            write_terms(terms()),
            instant(terms().starts),
            instant(terms().pledge_by),
            instant(NOON + HOUR),
        ),
    )
    [(units,)] = connection.execute("SELECT name FROM sqlite_schema WHERE name IN ('workplace', 'unit')")
    connection.executemany(
        f"INSERT INTO {units} (walkout, id, name, headcount, threshold, meet) VALUES (?, ?, ?, 40, 5, '')",  # noqa: S608
        [(WALKOUT, 1, "Shop 1"), (WALKOUT, 2, "Shop 2")],
    )


@pytest.mark.parametrize("before", range(len(_migrations()) + 1))
async def test_what_any_earlier_version_kept_is_there_after_the_migrations(
    path: Path, clock: MovableClock, before: int
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        made(connection, before)
        if before:
            furnish(connection)
        if 0 < before < KEYED:
            connection.executemany(
                "INSERT INTO card VALUES (?, ?, 1, ?, ?)",
                [(key(1), WALKOUT, "m", bytes(32)), (key(2), WALKOUT, "p", key(f"ana in {WALKOUT}"))],
            )
        elif before:
            kept = (("m", fresh(1)), ("p", fresh(2)._replace(owner=key(f"ana in {WALKOUT}"))))
            connection.executemany("INSERT INTO pledge VALUES (?, ?, 1, ?)", [(c.pledge, WALKOUT, s) for s, c in kept])
            connection.executemany(
                "INSERT INTO card VALUES (?, ?, 1, 0, ?)", [(c.card, WALKOUT, c.owner) for _, c in kept]
            )
        connection.execute(f"PRAGMA user_version = {before}")
        connection.commit()
    async with SqliteHouse(path.parent).open(clock) as store:
        if before:
            assert [(walkout.id, walkout.tally, walkout.terms) for walkout in await store.walkouts()] == [
                (WALKOUT, 7, terms())
            ]
            assert (await minted(store), await standing(store)) == ([2, 0], [1, 0])
            counted_by = next(n for n, script in enumerate(_migrations()) if "ADD COLUMN issued" in script)
            if before <= counted_by:  # what is furnished afterwards nobody has counted
                assert [place.issued for place in await store.units(WALKOUT)] == [2, 0]
            assert not (await store.apply(pledges(2))).changed
            assert (await store.apply(pledges(1))).changed

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(_migrations()),)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_whatever_is_known_of_a_workplace_is_known_of_the_unit_it_becomes(
    path: Path, clock: MovableClock
) -> None:
    before = next(number for number, script in enumerate(_migrations()) if "CREATE TABLE unit" in script)
    with closing(sqlite3.connect(path)) as connection:
        made(connection, before)
        furnish(connection)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(workplace)")]
        told: dict[str, object] = {
            column: nth + 10 for nth, column in enumerate(columns) if column not in {"walkout", "id", "threshold"}
        }
        told |= {"name": "Shop", "meet": "the gate", "meets": '{"es": "la puerta"}', "headcount": 99}
        said = ", ".join(f"{column} = :{column}" for column in told)
        connection.execute(f"UPDATE workplace SET {said} WHERE id = 1", told)  # noqa: S608
        connection.execute(f"PRAGMA user_version = {before}")
        connection.commit()
    await opening(path, clock)
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        unit, other = map(dict, connection.execute("SELECT * FROM unit ORDER BY id").fetchall())
    assert len(set(told.values())) == len(told)
    shape = {"parent": None, "tier": "workplace", "minimum": 0, "has_left": 0, "took_part": None}
    assert unit == {"walkout": WALKOUT, "id": 1, "threshold": 5} | told | shape
    assert other["name"] == "Shop 2"


@pytest.fixture
def schema(path: Path) -> Iterator[sqlite3.Connection]:
    """A database with two shops, without a store in it."""
    with closing(sqlite3.connect(path)) as connection:
        made(connection, len(_migrations()))
        furnish(connection)
        yield connection


def counts(connection: sqlite3.Connection, what: str = "minted, standing") -> list[tuple[int, ...]]:
    return connection.execute(f"SELECT {what} FROM counts ORDER BY id").fetchall()  # noqa: S608


def test_the_database_itself_keeps_the_counts_right_whatever_is_done_to_cards(
    schema: sqlite3.Connection,
) -> None:
    def do(sql: str, *values: object) -> list[tuple[int, ...]]:
        schema.execute(sql, values)
        return counts(schema)

    one, two = key("one"), key("two")
    fresh = "INSERT INTO pledge VALUES (?, 'k7m3q', 1, ?)"
    assert do(fresh, one, "m") == [(1, 0), (0, 0)]
    assert do(fresh, two, "p") == [(2, 1), (0, 0)]
    assert do("UPDATE pledge SET state = 'p'") == [(2, 2), (0, 0)]
    assert do("UPDATE pledge SET state = 'p'") == [(2, 2), (0, 0)]
    assert do("UPDATE pledge SET unit = 2 WHERE key = ?", one) == [(1, 1), (1, 1)]
    assert do("UPDATE pledge SET unit = 1, state = 'w' WHERE key = ?", one) == [(2, 1), (0, 0)]
    assert do("UPDATE pledge SET unit = 2, state = 'p' WHERE key = ?", one) == [(1, 1), (1, 1)]
    assert do("UPDATE pledge SET state = 'w'") == [(1, 0), (1, 0)]
    assert do("UPDATE pledge SET state = 'm'") == [(1, 0), (1, 0)]


def test_who_is_out_stands_and_is_counted_whatever_is_done_to_cards(schema: sqlite3.Connection) -> None:
    def do(sql: str, *values: object) -> list[tuple[int, ...]]:
        schema.execute(sql, values)
        return counts(schema, "minted, standing, turnout")

    one, two = key("one"), key("two")
    fresh = "INSERT INTO pledge VALUES (?, 'k7m3q', 1, ?)"
    assert do(fresh, one, "o") == [(1, 1, 1), (0, 0, 0)]
    assert do(fresh, two, "p") == [(2, 2, 1), (0, 0, 0)]
    assert do("UPDATE pledge SET state = 'o'") == [(2, 2, 2), (0, 0, 0)]
    assert do("UPDATE pledge SET unit = 2 WHERE key = ?", one) == [(1, 1, 1), (1, 1, 1)]
    assert do("UPDATE pledge SET state = 'p' WHERE key = ?", one) == [(1, 1, 1), (1, 1, 0)]
    assert do("UPDATE pledge SET unit = 1, state = 'o' WHERE key = ?", one) == [(2, 2, 2), (0, 0, 0)]
    assert do("UPDATE pledge SET state = 'w' WHERE key = ?", one) == [(2, 1, 1), (0, 0, 0)]
    assert do("DELETE FROM pledge") == [(0, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    "impossible",
    [
        "UPDATE counted SET standing = (1 << 40) - 1",
        "UPDATE counted SET standing = minted + 1",
        "UPDATE counted SET turnout = standing + 1",
        "UPDATE unit SET threshold = 4",
        "UPDATE unit SET threshold = 41",
        "UPDATE unit SET threshold = 0",
        "UPDATE unit SET threshold = 4, tier = 'department'",
        "UPDATE unit SET tier = 'borough'",
        "UPDATE unit SET minimum = -1",
        "UPDATE unit SET parent = 2 WHERE id = 1",
        "INSERT INTO card VALUES (zeroblob(31), 'k7m3q', 1, 0, zeroblob(32))",
        "INSERT INTO card VALUES (zeroblob(32), 'k7m3q', 1, 0, zeroblob(31))",
        "INSERT INTO card VALUES (zeroblob(32), 'k7m3q', 1, 3, zeroblob(32))",
        "INSERT INTO pledge VALUES (zeroblob(31), 'k7m3q', 1, 'm')",
        "INSERT INTO pledge VALUES (zeroblob(32), 'k7m3q', 1, 'x')",
    ],
)
def test_the_database_refuses_what_cannot_be(schema: sqlite3.Connection, impossible: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        schema.execute(impossible)


async def test_the_settings_that_keep_data_safe_are_in_force(path: Path, clock: MovableClock) -> None:
    store = await open_store(path, clock=clock, identity="here")
    try:
        found = {
            name: await value(store, name)
            for name in ("locking_mode", "journal_mode", "synchronous", "secure_delete", "foreign_keys", "temp_store")
        }
    finally:
        await store.aclose()

    assert found == {
        "locking_mode": "exclusive",
        "journal_mode": "truncate",
        "synchronous": 3,  # EXTRA
        "secure_delete": 1,
        "foreign_keys": 1,
        "temp_store": 2,  # MEMORY
    }


async def test_nothing_of_a_closed_walkout_stays_in_the_files(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(), shops(300))
        await app.store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(300)]})
        await together(app.store, [pledges(n, n) for n in range(300)])
    kept = (data / DATABASE).read_bytes()
    secret = [each for n in range(300) for each in (*fresh(n)[:2], key(f"{n} in {WALKOUT}"))]
    assert all(each in kept for each in secret)

    async with open_app(data, clock=clock, senders={}) as app:
        await app.store.close(WALKOUT, CLOSED)
    left = b"".join(file.read_bytes() for file in data.iterdir())
    assert not any(each in left for each in secret)


# --- refusals ---


async def test_a_database_of_a_newer_version_is_refused_and_not_a_byte_of_it_changes(
    path: Path, clock: MovableClock
) -> None:
    await opening(path, clock)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(_migrations()) + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew) as refused:
        await opening(path, clock)

    assert (refused.value.found, refused.value.known) == (len(_migrations()) + 1, len(_migrations()))
    assert path.read_bytes() == before


async def test_the_database_of_another_key_file_is_refused_and_not_a_byte_of_it_changes(
    path: Path, clock: MovableClock
) -> None:
    await opening(path, clock, "here")
    before = path.read_bytes()
    with pytest.raises(KeyFileRefused) as refused:
        await opening(path, clock, "elsewhere")

    assert refused.value.why == "foreign"
    assert path.read_bytes() == before
    await opening(path, clock, "here")  # it was let go of


@pytest.mark.parametrize("content", [b"This is a letter, not a database. " * 100, b"\0" * 5000, b"SQLite format 3\0"])
async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    path: Path, clock: MovableClock, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreUnusable) as refused:
        await opening(path, clock)

    assert refused.value.path == str(path)
    assert path.read_bytes() == content


async def test_a_database_cut_off_in_the_middle_is_refused(path: Path, clock: MovableClock) -> None:
    await opening(path, clock)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreUnusable):
        await opening(path, clock)


async def test_a_place_where_no_file_can_be_is_refused(data: Path, clock: MovableClock) -> None:
    (data / "file").touch()
    (data / "folder").mkdir()
    for path in (data / "file" / DATABASE, data / "nowhere" / DATABASE, data / "folder"):
        with pytest.raises(StoreUnusable) as refused:
            await opening(path, clock)
        assert refused.value.path == str(path)


def test_a_file_in_place_of_the_folder_is_said_so(data: Path) -> None:
    (data / "file").write_text("mine")
    for place in (data / "file", data / "file" / "below"):
        ended = allout("console", "--data", place, folder=data)
        assert ended.returncode == 2
        assert str(data / "file") in ended.stderr
        assert "Traceback" not in ended.stderr
    assert (data / "file").read_text() == "mine"


def test_a_disk_without_room_for_the_first_file_is_said_so(data: Path) -> None:
    no_room = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); "
    no_room += "sys.argv[0] = 'allout'; from handlers.cli import main; main()"
    ended = run([sys.executable, "-c", no_room, "console", "--data", data / "d"], folder=data)

    assert ended.returncode == 2
    assert DATABASE in ended.stderr
    assert "Traceback" not in ended.stderr
    assert allout("console", "--data", data / "d", folder=data).returncode == 0  # nothing half-made is in the way


# --- one owner ---


async def test_a_second_process_is_told_within_two_seconds_that_the_store_is_in_use(
    data: Path, clock: MovableClock
) -> None:
    with console(data) as first:
        began, held_up = monotonic(), held_up_s()
        with pytest.raises(StoreInUse) as refused:
            await opening(data / DATABASE, clock)
        took = monotonic() - began - (held_up_s() - held_up)
        second = allout("console", "--data", data, folder=data, said="@ana /help\n")

        assert took < 2
        assert refused.value.path == str(data / DATABASE)
        assert (second.returncode, second.stdout) == (2, "")
        assert str(data / DATABASE) in second.stderr
        assert "Traceback" not in second.stderr
        # and the first goes on as if nothing had been
        assert first.say("@ana /help")["kind"] == "help"
        assert not allout("draft", "nothing.toml", "--data", data, folder=data).stdout

    third = allout("console", "--data", data, folder=data, said="@ana /help\n")
    assert third.returncode == 0


def test_the_store_of_a_process_that_was_killed_is_free_at_once(data: Path) -> None:
    with console(data) as first:
        first.process.kill()
        first.process.wait()
        second = allout("console", "--data", data, "--json", folder=data, said="@ana /help\n")

    assert second.returncode == 0
    assert '"help"' in second.stdout


# --- letting go ---


@pytest.mark.parametrize("kept", ["store", "del store"])
def test_a_store_that_nobody_closed_never_hangs_the_exit(data: Path, kept: str) -> None:
    script = f"""
import asyncio
from pathlib import Path
from bot.process.clock import real_clock
from bot.storage.sqlite import open_store

held = []

async def main():
    store = await open_store(Path({str(data / DATABASE)!r}), clock=real_clock, identity="here")
    await store.walkouts()
    held.append(store)
    {"held.clear()" if kept == "del store" else "pass"}

asyncio.run(main())
print("done")
"""
    assert run([sys.executable, "-c", script], folder=data).stdout == "done\n"


def test_the_key_file_and_the_database_are_made_together_or_refused_together(data: Path) -> None:
    made = allout("console", "--data", data / "d", folder=data)
    assert made.returncode == 0
    assert {KEY_FILE, DATABASE} <= {file.name for file in (data / "d").iterdir()}
    (data / "d" / KEY_FILE).unlink()
    refused = allout("console", "--data", data / "d", folder=data)
    assert refused.returncode == 2
    assert KEY_FILE in refused.stderr
    assert not (data / "d" / KEY_FILE).exists()
