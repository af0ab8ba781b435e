"""What SQLite's file holds, and in which order."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from bot.domain import rules
from bot.domain.model import Announcement, Kind
from bot.domain.pledging import Act
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE
from bot.storage.sqlite.opening import _migrations
from bot.storage.store import Examined
from tests.conftest import SHOP, WALKOUT, opened, shops
from tests.storage.house import CLOSED, Hand, SqliteHouse, asks, fresh, pledges, together, withdraws
from tests.storage.test_ballots import asked, vote
from tests.storage.test_notices import CITY, OTHER, ask, claimed, locator, notice, says
from tests.storage.test_units import DAYS, LEVELS, TREE


@pytest.mark.parametrize("written_anew", [True, False])
async def test_neither_order_nor_who_voted_anew_is_in_the_file(
    house: SqliteHouse,
    clock: MovableClock,
    written_anew: bool,  # noqa: FBT001
) -> None:
    async with asked(house, clock):
        pass
    empty = house.path.read_bytes()
    files = set()
    for seed in range(4):
        house.path.write_bytes(empty)
        order = random.Random(seed)
        async with house.open(clock) as store:
            for n in order.sample(range(20), 20):
                await vote(store, n, "020200")
            if written_anew:  # as at each tally
                await store.forget_order()
            for n in order.sample(range(20), 20) + order.sample(range(20), 7 * seed % 20):
                await vote(store, n, f"0{1 + n % 3}0100")
            await store._read("UPDATE store SET mark = x'0000000000000000'")  # type: ignore[attr-defined]
        content = bytearray(house.path.read_bytes())
        for counter in (slice(24, 28), slice(92, 96)):  # SQLite's own, of how often it was written
            content[counter] = bytes(4)
        files.add(bytes(content))
    assert (len(files) == 1) is written_anew  # or nothing would be seen


async def _laid_out(
    folder: Path, clock: MovableClock, order: Sequence[int]
) -> tuple[list[int], list[tuple[object, ...]]]:
    """Let people ask in this order, and tally; say in which order their notices lie in the file, and read them."""
    folder.mkdir()
    house = SqliteHouse(folder)
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(100))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(100)]})
        await together(store, [pledges(n, n) for n in range(100)])
        for n in order:
            assert await ask(store, n, n)
        await store.forget_order()
    content = (folder / DATABASE).read_bytes()
    rows = house.rows("SELECT * FROM notice")
    assert all(content.count(locator(n)) == 1 for n in order)
    return sorted(order, key=lambda n: content.index(locator(n))), rows


async def test_the_order_in_which_people_asked_is_nowhere_in_the_file_after_a_tally(
    data: Path, clock: MovableClock
) -> None:
    people = range(0, 100, 2)
    orders = [list(people), *(random.Random(seed).sample(people, len(people)) for seed in range(3))]
    found = [await _laid_out(data / str(nth), clock, order) for nth, order in enumerate(orders)]

    assert [places for places, _ in found] == [found[0][0]] * 4
    assert [rows for _, rows in found] == [found[0][1]] * 4


async def test_notices_of_a_closed_walkout_stay_nowhere_in_the_files(data: Path, clock: MovableClock) -> None:
    async with SqliteHouse(data).open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.add_walkout(opened(OTHER), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(40)]})
        await store.mint(OTHER, {SHOP: [fresh("stays", OTHER)]})
        for n in range(40):
            await store.apply(pledges(n, n))
            await ask(store, n, n)
        await store.apply(asks(Act.PLEDGE, "stays", "bo", walkouts=[OTHER]))
        stays = notice("stays", walkout=OTHER)
        assert await store.add_notice(stays, Hand(name="stays", who="bo", walkouts=[OTHER]))
        await store.decide(WALKOUT, partial(rules.call_off, now=clock()))
        await store.close(WALKOUT, CLOSED)
        assert await store.has_notice(stays.locator)
    left = b"".join(file.read_bytes() for file in data.iterdir())
    assert not [n for n in range(40) if locator(n) in left or notice(n).sealed in left]


async def test_a_deleted_notice_stays_nowhere_in_the_files(data: Path, clock: MovableClock) -> None:
    async with SqliteHouse(data).open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(3)]})
        for n in range(3):
            await store.apply(pledges(n, n))
            await ask(store, n, n)
        await store.apply(withdraws(0, 0))
        await store.delete_notice(locator(1))
    left = b"".join(file.read_bytes() for file in data.iterdir())
    assert [n for n in range(3) if locator(n) in left or notice(n).sealed in left] == [2]


async def test_a_store_of_the_version_before_gets_room_for_notices(data: Path, clock: MovableClock) -> None:
    async with SqliteHouse(data).open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.bind_room(CITY)
        await store.decide(WALKOUT, says(Announcement(kind=Kind.OPENED, occasion="0")))
    scripts = _migrations()
    before = next(number for number, script in enumerate(scripts) if "CREATE TABLE notice" in script)
    newer = (data / DATABASE).rename(data / "newer.db")
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.executescript(";".join([*scripts[:before], f"PRAGMA user_version = {before}"]))
        connection.execute("ATTACH ? AS newer", (str(newer),))
        tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'card'")
        for (table,) in tables.fetchall():
            now = "unit" if table == "workplace" else table
            described = connection.execute(
                "SELECT name FROM pragma_table_info(?) INTERSECT SELECT name FROM pragma_table_info(?, 'newer')",
                (table, now),
            )
            columns = ", ".join(name for (name,) in described)
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM newer.{now}")  # noqa: S608
        connection.commit()
    async with SqliteHouse(data).open(clock) as store:
        assert [parcel.notice for parcel in await claimed(store)] == [False]
        assert not await store.has_notice(locator(0))


@pytest.mark.parametrize(
    ("broken", "misplaced", "orphans"),
    [
        ("DELETE FROM unit WHERE id = 2", 0, 3),  # two are part of it, and it has counts
        ("UPDATE unit SET parent = 9 WHERE id = 3", 0, 1),
        ("UPDATE unit SET parent = 4 WHERE id = 2", 1, 0),  # part of a workplace, and before it
        ("UPDATE unit SET parent = 2 WHERE id = 6", 1, 0),  # a department of an area
        ("UPDATE unit SET parent = NULL WHERE id = 6", 1, 0),
        ("UPDATE unit SET parent = 3 WHERE id = 4", 1, 0),  # a workplace in a workplace
        ("UPDATE unit SET tier = 'area' WHERE id = 3", 2, 0),  # above departments
        ("UPDATE counted SET minted = minted + 1 WHERE id = 3", 1, 0),
        ("UPDATE pledge SET unit = 3 WHERE unit = 5", 1, 0),
        ("UPDATE pledge SET unit = 1 WHERE unit = 5", 1, 0),
        ("UPDATE pledge SET unit = 4 WHERE unit = 5", 0, 0),
    ],
)
async def test_a_tree_that_is_out_of_order_is_found(
    data: Path, clock: MovableClock, broken: str, misplaced: int, orphans: int
) -> None:
    house = SqliteHouse(data)
    async with house.open(clock) as store:
        await store.add_walkout(opened(levels=LEVELS), TREE)
        await store.mint(WALKOUT, {DAYS: [fresh(1)]})
        assert await store.examine() == Examined(database=f"SQLite {sqlite3.sqlite_version}")
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(broken)
        connection.commit()
    async with house.open(clock) as store:
        found = await store.examine()
    assert (found.misplaced, found.orphans) == (misplaced, orphans)
    assert bool(found.damage) == any(late in broken for late in ("parent = 9", "parent = 4"))
