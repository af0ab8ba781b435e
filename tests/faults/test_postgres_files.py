"""The trials of SQLite's file, on PostgreSQL's: order, what stands where, what is left after closing.

Source: docs/decisions/0068-order-in-postgresqls-files.md, which also says what these files do tell.
"""

from __future__ import annotations

import asyncio
import random
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest

from bot.domain.errors import NotRecorded
from bot.domain.model import Stage
from bot.process.clock import MovableClock
from bot.runtime.app import open_app
from bot.secrets.keys import Keys, Person, open_keys
from bot.storage.postgres import cards, engine
from bot.storage.postgres.cards import Cards
from bot.storage.postgres.engine import Engine
from bot.storage.postgres.session import MINTING
from bot.storage.store import Notice
from bot.usecases.closing import close as closing_of
from tests.conftest import HOUR, NOON, WALKOUT, fresh_folder
from tests.discord.server import DiscordServer
from tests.faults import test_after_closing as closing
from tests.faults.canaries import found
from tests.faults.postgres_files import Known, everything, known, layout, log, new_pages, of_database, path_of
from tests.faults.test_order import (
    EACH_TIME,
    SHOPS,
    TALLIES,
    Town,
    founded,
    let_tallies_pass,
    same_references,
    without_drawn,
)
from tests.faults.test_what_is_kept import OnDiscord, OnTelegram, hashes, running, walked_out
from tests.faults.trials import Trials, trials
from tests.house import found as founded_house
from tests.postgres.servers import Server, server
from tests.storage.house import PostgresHouse, key
from tests.storage.test_ballots import asked, vote
from tests.telegram.server import TelegramServer

ORDERED = ("kept_card", "kept_pledge", "notice", "wish", "ballot", "counted")
RECENT = ("recent_card", "recent_pledge", "recent_count")
BURN = "DO $$ BEGIN WHILE pg_current_xact_id()::text::int < 33000 LOOP COMMIT; END LOOP; END $$"
"""So that no length in a row, and no two letters at the end of a name, look like a transaction's number."""


@pytest.fixture(scope="module")
def pg_server() -> Iterator[Server]:
    """A server of our own: what others commit at the same time shows in what is noted beside our rows."""
    with server() as own:
        yield own


def _index(table: str) -> str:
    return f"{table}_pkey"


# -- order ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What is in a database after some tallies."""

    files: dict[str, bytes]  #: by table or index, as `layout` gives them
    tallies: list[dict[bytes, int]]  #: by table of cards and of pledges: the transaction of each row, by key


async def lived_through(
    server: Server, town: Town, template: str, folder: Path, before_which: Random, chance: Random
) -> Lived:
    """Let the same people do the same, in another order."""
    name = server.create_database(template)
    first = int(server.sql("SELECT pg_current_xact_id()"))
    try:
        shutil.copytree(town.folder, folder)
        clock = MovableClock(NOON)
        async with open_app(folder, clock=clock, senders={}, database_url=server.url(name)) as app:
            await let_tallies_pass(app, clock, town, before_which, chance)
            store: Any = app.store
            drawn = dict(await store._read("SELECT sealed, locator FROM notice"))
            # whoever reads a row first notes beside it that it was committed, once the log says so on the disk
            await asyncio.to_thread(server.sql, "CHECKPOINT")
            for table in ORDERED:
                await store._read(f"SELECT count(*) FROM {table}")  # noqa: S608
            xids = [
                {key: int(xid) for key, xid in await store._read(f"SELECT key, xmin::text FROM {table}")}  # noqa: S608
                for table in ORDERED[:2]
            ]
        await asyncio.to_thread(server.sql, "CHECKPOINT")
        during = range(first, int(server.sql("SELECT pg_current_xact_id()")))
        files = {
            each: layout(
                without_drawn(path_of(server, name, each).read_bytes(), drawn if each == "notice" else {}), during
            )
            for table in ORDERED
            for each in (table, _index(table))
        }
        for each in (name for table in RECENT for name in (table, _index(table))):
            assert path_of(server, name, each).stat().st_size <= (0 if each in RECENT else 8192)
        return Lived(files=files, tallies=xids)
    finally:
        server.drop_database(name)


async def lives(server: Server, randoms: list[tuple[Random, Random]], again: Callable[[], None]) -> list[Lived]:
    """Let one town live through these orders, each from the same beginning."""
    template = server.create_database()
    server.sql(BURN)
    try:
        with fresh_folder() as folder:
            town = await founded(folder / "town", server.url(template))
            lived = []
            for nth, (before_which, chance) in enumerate(randoms):
                again()
                lived.append(await lived_through(server, town, template, folder / str(nth), before_which, chance))
        return lived
    finally:
        server.drop_database(template)


def _differing(lived: list[Lived]) -> list[str]:
    return [name for name, contents in lived[0].files.items() if any(each.files[name] != contents for each in lived)]


@trials(2, full=200)
async def test_the_files_do_not_tell_in_which_order_people_came(
    tries: Trials,
    pg_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    randoms = [(tries.random("which", nth), tries.random("order", nth)) for nth in range(tries.number)]
    lived = await lives(pg_server, randoms, same_references(monkeypatch))
    assert not _differing(lived), f"seed {tries.seed}"
    for each in lived:
        assert [len(set(xids.values())) for xids in each.tallies] == [1, 1], "who changed at one tally is told"
    size = sum(map(len, lived[0].files.values())) // 8192
    record_property(
        "found",
        f"{tries.number} orders of {2 * TALLIES * EACH_TIME * len(SHOPS)} pledges, {size} pages each: the same bytes, "
        "but for transactions' numbers, places in the log, and what is sealed",
    )


@trials(2, full=50)
async def test_of_a_table_too_large_to_be_written_anew_the_rows_tell_the_tally_and_no_order(
    tries: Trials,
    pg_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(engine, "AT_A_TALLY", 0)
    randoms = [(tries.random("which"), tries.random("order", nth)) for nth in range(tries.number)]
    lived = await lives(pg_server, randoms, same_references(monkeypatch))
    assert not _differing(lived), f"seed {tries.seed}"
    groups = [len(set(xids.values())) for xids in lived[0].tallies]
    assert groups[1] >= TALLIES  # what remains: at which tally each pledge changed last
    record_property("found", f"{tries.number} orders: the same bytes; rows in {groups} groups, by tally")


async def test_an_order_that_is_not_forgotten_would_be_seen(pg_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_REWRITE", engine._REWRITE.replace("ORDER BY 1", ""))
    monkeypatch.setattr(cards, "_FOLD", [each.replace("ORDER BY key", "") for each in cards._FOLD])
    randoms = [(Random(nth), Random(nth)) for nth in range(2)]
    lived = await lives(pg_server, randoms, same_references(monkeypatch))
    assert {"kept_card", "kept_pledge", "notice"} <= set(_differing(lived))


async def test_before_a_tally_transactions_tell_the_order_and_after_it_nothing_ties_a_pledge_to_its_card(
    pg_server: Server, pg_database: str
) -> None:
    """What remains between two tallies, for whoever takes the files then; and what is left of one pledge alone."""
    name = pg_database.rpartition("/")[2]

    def transactions(table: str) -> dict[str, int]:
        lines = pg_server.sql(f"SELECT encode(key, 'hex'), xmin FROM {table}", name).splitlines()  # noqa: S608
        return {key: int(xid) for key, xid in (line.split("|") for line in lines)}

    with fresh_folder() as folder:
        town = await founded(folder, pg_database)
        clock = MovableClock(NOON)
        async with open_app(folder, clock=clock, senders={}, database_url=pg_database) as app:

            def keys_of(nth: int) -> tuple[str, str]:
                bearer = app.keys.bearer(town.codes[1][nth], Person("telegram", str(nth)))
                card, pledge = bearer.keys[town.by_card]
                return card.hex(), pledge.hex()

            async def come(*people: int) -> None:
                for nth in people:
                    await app.worker(Person("telegram", str(nth))).pledge(town.codes[1][nth])

            order = Random(1).sample(range(20), 20)
            await come(*order)
            recent_cards, recent = transactions("recent_card"), transactions("recent_pledge")
            assert sorted(range(20), key=lambda nth: recent[keys_of(nth)[1]]) == order
            assert [recent_cards[keys_of(nth)[0]] for nth in order] == [recent[keys_of(nth)[1]] for nth in order]

            clock.move_to(NOON + HOUR)
            await app.tallies.take_due()
            await come(30)
            clock.move_to(NOON + 2 * HOUR)
            await app.tallies.take_due()
            assert len(set(transactions("kept_card").values())) == 1
            assert len(set(transactions("kept_pledge").values())) == 1

            await app.worker(Person("telegram", "30")).withdraw(town.codes[1][30])
            assert transactions("recent_pledge").keys() == {keys_of(30)[1]}
            assert not transactions("recent_card"), "in the log it would stand beside its pledge"


async def test_files_of_what_was_recent_are_gone_and_marks_are_chance(pg_server: Server, pg_database: str) -> None:
    name = pg_database.rpartition("/")[2]
    with fresh_folder() as folder:
        town = await founded(folder, pg_database)
        clock = MovableClock(NOON)
        async with open_app(folder, clock=clock, senders={}, database_url=pg_database) as app:
            keys = set()
            for nth in range(12):
                worker = app.worker(Person("telegram", str(nth)))
                await worker.pledge(town.codes[1][nth])
                bearer = app.keys.bearer(town.codes[1][nth], worker.who)
                keys |= {*bearer.keys[town.by_card], bearer.owner(town.by_card)}
            before = {each: path_of(pg_server, name, each) for each in (*RECENT, *map(_index, RECENT), *ORDERED[:2])}
            await asyncio.to_thread(pg_server.sql, "CHECKPOINT")
            clock.move_to(NOON + HOUR)
            await app.tallies.take_due()
            await asyncio.to_thread(pg_server.sql, "CHECKPOINT")
            assert not [each for each, path in before.items() if path.exists()]
            marks = of_database(pg_server, name)[path_of(pg_server, name, "mark").name]
            others = of_database(pg_server, name)[path_of(pg_server, name, "store").name]
            parts = {key[at : at + 4] for key in keys for at in (0, 28)}
            assert not [part for part in parts if part in marks + others]


@pytest.mark.parametrize("written_anew", [True, False])
async def test_neither_order_nor_who_voted_anew_is_in_the_files(
    pg_server: Server,
    clock: MovableClock,
    written_anew: bool,  # noqa: FBT001
) -> None:
    """Ballots, and with them wishes, which are cast and deleted in any order."""
    template = pg_server.create_database()
    pg_server.sql(BURN)
    house = PostgresHouse(pg_server.url(template), partial(pg_server.sql, database=template))
    async with asked(house, clock):
        pass
    files = set()
    for seed in range(3):
        name, order = pg_server.create_database(template), Random(seed)
        first = int(pg_server.sql("SELECT pg_current_xact_id()"))
        async with PostgresHouse(pg_server.url(name), partial(pg_server.sql, database=name)).open(clock) as store:
            for n in order.sample(range(20), 20):
                await vote(store, n, "020200")
                wish = Notice(walkout=WALKOUT, locator=key(f"wish {n}"), way="here", sealed=key(f"sealed {n}"))
                await store.add_wish(wish)
            for n in order.sample(range(20), 20) + order.sample(range(20), 7 * seed % 20):
                await vote(store, n, f"0{1 + n % 3}0100")
            await store.delete_wish(key("wish 3"))
            if written_anew:  # as at each tally
                await store.forget_order()
            await store._read("SELECT (SELECT count(*) FROM ballot), (SELECT count(*) FROM wish)")
        pg_server.sql("CHECKPOINT")
        during = range(first, int(pg_server.sql("SELECT pg_current_xact_id()")))
        paths = [path_of(pg_server, name, each) for each in ("ballot", "ballot_pkey", "wish", "wish_pkey")]
        files.add(b"".join(layout(path.read_bytes(), during) for path in paths))
        pg_server.drop_database(name)
    pg_server.drop_database(template)
    assert (len(files) == 1) is written_anew  # or nothing would be seen


async def test_while_cards_are_made_nobody_waits_for_a_table_to_be_written_anew(
    pg_server: Server, pg_database: str
) -> None:
    name = pg_database.rpartition("/")[2]
    with fresh_folder() as folder:
        town = await founded(folder, pg_database)
        async with open_app(folder, clock=MovableClock(NOON), senders={}, database_url=pg_database) as app:
            await app.worker(Person("telegram", "1")).pledge(town.codes[1][0])
            maker = await asyncpg.connect(pg_database)
            async with maker.transaction():  # as Minting does it
                await maker.execute(f"SELECT pg_advisory_xact_lock_shared({MINTING}); LOCK kept_card IN ROW SHARE MODE")
                await app.store.forget_order()
                assert pg_server.sql("SELECT count(DISTINCT xmin::text) > 1 FROM kept_card", name) == "t"
                with pytest.raises(NotRecorded):
                    await closing_of((await app.store.walkout(town.by_card)), app.store, app.keys)
            await maker.close()
            await app.store.forget_order()
            assert pg_server.sql("SELECT count(DISTINCT xmin::text) FROM kept_pledge", name) <= "1"
            await closing_of((await app.store.walkout(town.by_card)), app.store, app.keys)
            assert (await app.store.walkout(town.by_card)).stage is Stage.CLOSED


async def test_statistics_hold_nothing_keyed_sealed_or_counted(pg_server: Server, pg_database: str) -> None:
    name = pg_database.rpartition("/")[2]
    with fresh_folder() as folder:
        city = await closing.live(folder, random.Random(5), MovableClock(NOON), pg_database)
        assert city.asked
        columns = pg_server.sql(
            """
            SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND atttypid = 'bytea'::regtype
            """,
            name,
        ).splitlines()
        assert len(columns) > 25
        values = {
            value
            for table, column in (each.split("|") for each in columns)
            for value in pg_server.sql(f"SELECT encode({column}, 'hex') FROM {table}", name).splitlines()  # noqa: S608
            if len(value) >= 16
        }
        assert len(values) > 100

        def told() -> list[str]:
            pg_server.sql("ANALYZE", name)
            # what a column of any type was sampled as, and what was said of several together
            sampled = pg_server.sql("SELECT s::text FROM pg_statistic s", name)
            sampled += pg_server.sql("SELECT d::text FROM pg_statistic_ext_data d", name)
            return [value for value in values if value in sampled]

        assert not told()
        assert not pg_server.sql(
            "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public' AND attname = ANY "
            "('{standing,minted,turnout,anchor,choices,address,room}')",
            name,
        )
        pg_server.sql(
            "ALTER TABLE kept_pledge ALTER key SET STATISTICS -1; ALTER TABLE member ALTER address SET STATISTICS 9",
            name,
        )
        assert told(), "then nothing would be found"


# -- what stands where ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server whose log of writes says all that was ever written, and whose other log says each statement."""
    with server(log_statement="all", log_parameter_max_length="0", log_parameter_max_length_on_error="0") as made:
        yield made


async def test_nothing_of_anybody_is_in_files_log_backup_or_standby(
    own: Server, data: Path, record_property: Callable[[str, object], None]
) -> None:
    clock = MovableClock(NOON)
    name = own.create_database()
    with own.standby("one") as standby:
        async with TelegramServer() as telegram_server, DiscordServer() as other:
            telegram, discord = OnTelegram(data, telegram_server), OnDiscord(data, other)
            telegram.database_url = own.url(name)
            before = await _begun(own, name, telegram.store)
            city = await founded_house(telegram, opened=NOON, citywide_threshold=5)
            async with (
                open_app(
                    telegram.store, clock=clock, senders={"telegram": None, "discord": None}, database_url=own.url(name)
                ) as app,
                running(app, telegram, discord),
            ):
                canaries = await walked_out(app, clock, city, telegram, discord)
                seen = await asyncio.to_thread(own.sql, "SELECT query FROM pg_stat_activity")
                codes = {code for code in map(str, canaries) if len(code) == 20}
                kept = {code: app.keys.bearer(code, Person("", "")).keys[city.walkout] for code in codes}
        own.sql("CHECKPOINT")
        standby.until(f"pg_last_wal_replay_lsn() >= '{own.sql('SELECT pg_current_wal_lsn()')}'")
        standby.sql("CHECKPOINT")
        written = log(own.data, before)
        held = {"data folder": everything(own.data, before), "standby": everything(standby.data, before)}
        with own.standby("copy") as backup:  # which is a base backup
            held["base backup"] = everything(backup.data, before)
        # who has these has the same log, as far as they have come
        held["log"] = written
    statements = own.log.read_bytes() + seen.encode()
    own.drop_database(name)

    on_cards = {code for code, keys in kept.items() if all(key in written for key in keys)}
    assert len(on_cards) == 16, "then nothing would be found"
    contents = b"\xff\xff".join(_once(held.values()) | {statements: None})
    assert not found(canaries, contents)
    for canary in canaries:
        by_design = {"sha256"} if canary in codes - on_cards else set()  # a code that gives somebody a role
        there = [how for how, form in hashes(canary).items() if form in contents and how not in by_design]
        assert not there, (canary, there)
    assert b"INSERT INTO recent_pledge" in statements
    assert not [key for keys in kept.values() for key in keys if key.hex().encode() in statements]
    sizes = {where: f"{len(each) >> 10} KiB" for where, each in held.items()}
    record_property("found", f"{len(canaries)} canaries in {sizes}: none")


def _once(held: Iterable[bytes]) -> dict[bytes, None]:
    """Give each part of what somebody has once: a standby's pages are the primary's, for the most part."""
    return dict.fromkeys(part for each in held for part in each.split(b"\xff\xff"))


async def _begun(own: Server, name: str, folder: Path) -> Known:
    """Have an empty store there, and say what there is already."""
    async with open_app(folder, clock=MovableClock(NOON), senders={}, database_url=own.url(name)):
        pass
    return known(own)


async def test_a_name_in_a_table_would_be_seen(own: Server) -> None:
    before = known(own)
    own.sql("CREATE TABLE seen AS SELECT 5912345678 AS account, 'Quillfeather' AS name; DROP TABLE seen")
    assert {line.partition(" as ")[0] for line in found(["Quillfeather", 5_912_345_678], log(own.data, before))} == {
        "'Quillfeather'",
        "5912345678",
    }


# -- after closing --------------------------------------------------------------------------------------------------


def _rows(own: Server, name: str) -> frozenset[bytes]:
    """Give every value in any row."""
    values: set[bytes] = set()
    tables = own.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name).splitlines()
    for table in tables:
        for line in own.sql(f"SELECT * FROM {table}", name).splitlines():  # noqa: S608
            cells = line.split("|")
            values.update(bytes.fromhex(cell[2:]) if cell.startswith("\\x") else cell.encode() for cell in cells)
    return frozenset(values)


def _held(
    own: Server, name: str, keys: Keys, before: Known, *, rows: frozenset[bytes] = frozenset(), with_log: bool
) -> closing.Held:
    """Give the attacker the files of a database, and of the log what is there; and rows of earlier copies."""
    own.sql("CHECKPOINT")
    contents = [*new_pages(of_database(own, name).values(), before)]
    contents += [log(own.data, before)] if with_log else []
    return closing.Held(databases=(b"\xff\xff".join(contents),), keys=keys, rows=rows | _rows(own, name))


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A city whose walkouts are closed."""

    city: closing.City
    empty: Known  # what there was before the city
    before: frozenset[bytes]  #: values in rows when a copy was made
    attacked: closing.Learnt  #: what that copy and the key file of that day tell


async def _closed(own: Server, name: str, folder: Path, number: int) -> Closed:
    chance, clock = random.Random(number), MovableClock(NOON)
    empty = await _begun(own, name, folder / "data")
    city = await closing.live(folder, chance, clock, own.url(name))
    before = await asyncio.to_thread(_rows, own, name)
    held = await asyncio.to_thread(_held, own, name, _keys(folder / "key"), empty, with_log=False)
    attacked = closing.attack(held, (*city.accounts, closing.OLGA, closing.OMAR))
    await closing.end(city, chance, clock)
    return Closed(city=city, empty=empty, before=before, attacked=attacked)


def _keys(file: Path) -> Keys:
    return open_keys(file, database=True)


@trials(1, full=100)
async def test_after_closing_files_log_and_key_file_open_nothing_and_link_nobody(
    tries: Trials, own: Server, record_property: Callable[[str, object], None]
) -> None:
    told = linked = 0
    for number in range(tries.number):
        name = own.create_database()
        with fresh_folder() as folder, tries.attempt(number):
            closed = await _closed(own, name, folder, tries.random(number).randrange(10**9))
            city = closed.city
            assert (closed.attacked.told, closed.attacked.linked) == (city.asked, city.without)
            told, linked = told + len(closed.attacked.told), linked + len(closed.attacked.linked)

            after = _keys(city.data / "allout.key")
            everybody = (*city.accounts, closing.OLGA, closing.OMAR)
            learnt = closing.attack(_held(own, name, after, closed.empty, rows=closed.before, with_log=True), everybody)
            assert (learnt.told, learnt.linked) == (frozenset(), frozenset())
            assert not [who for who in city.accounts if any(who.account in text for text in learnt.texts)]
            # the files alone: nothing of it is left in them, whatever key somebody has kept
            bare = _held(own, name, _keys(folder / "key"), closed.empty, with_log=False)
            now = closing.attack(bare, everybody)
            assert not now.told | now.linked
            assert now.members == {closing.OLGA.account}
            # while the log has them, as an old backup has: what the key file's copies are destroyed for
            logged = _held(own, name, _keys(folder / "key"), closed.empty, rows=closed.before, with_log=True)
            assert closing.attack(logged, everybody).linked == city.without
            own.drop_database(name)
    record_property("found", f"before: {told} notices opened, {linked} people linked; after: none")


async def test_rows_that_stayed_in_emptied_pages_would_be_seen(own: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sloppy(self: Engine) -> None:
        async with self._aside():
            await self._session.db.execute("VACUUM kept_card, kept_pledge, notice")

    name = own.create_database()
    with fresh_folder() as folder:
        monkeypatch.setattr(Engine, "_scrub", sloppy)
        monkeypatch.setattr(Cards, "forget_order", lambda _self: asyncio.sleep(0))
        closed = await _closed(own, name, folder, 2)
        learnt = closing.attack(
            _held(own, name, _keys(folder / "key"), closed.empty, with_log=False), closed.city.accounts
        )
        assert learnt.linked
    own.drop_database(name)


async def test_the_log_tells_when_somebody_pledged(own: Server) -> None:
    """What no program can mend that uses PostgreSQL, and so what the threat model says."""
    name = own.create_database()
    with fresh_folder() as folder:
        town = await founded(folder, own.url(name))
        async with open_app(folder, clock=MovableClock(NOON), senders={}, database_url=own.url(name)) as app:
            await app.worker(Person("telegram", "1")).pledge(town.codes[1][0])
        file = path_of(own, name, "recent_pledge").relative_to(own.data / "base")
        written = own.wal()
        [transaction] = set(re.findall(rf"tx: +(\d+),.* rel \d+/{file}\b", written))
        assert re.search(rf"tx: +{transaction},.* COMMIT \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{6}} UTC", written)
    own.drop_database(name)
