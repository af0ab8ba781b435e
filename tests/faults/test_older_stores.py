"""Stores of every older version: what becomes of their cards, wherever that is cut off; and what codes tell of them.

Older versions kept each card under SHA-256 of its code, with its state beside it: whoever had the codes and a bare
database read off who had pledged.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from bot.domain import rules
from bot.domain.errors import KeyFileRefused
from bot.domain.model import CardState, Entry, Kind, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.runtime.restore import Since, restore
from bot.secrets import backup_files, key_file
from bot.secrets.card_codes import from_bytes, key_of
from bot.secrets.keys import Keys, Person, open_keys
from bot.storage.records import instant, write_terms
from bot.storage.sqlite.opening import KEYED, _migrations
from bot.usecases import health, organizers
from bot.usecases.backups import back_up
from bot.usecases.closing import close
from tests.conftest import HOUR, NOON, WALKOUT, fresh_folder, terms
from tests.faults.trials import Trials, trials
from tests.stores import look_into, open_app

pytestmark = pytest.mark.sqlite_only("its older versions")

OLDER = range(1, KEYED)
SINCE = range(KEYED, len(_migrations()))
WITHOUT, OVER = WalkoutId("x4p9z"), WalkoutId("c10se")
CODES = [from_bytes(hashlib.sha256(f"older {n}".encode()).digest()) for n in range(12)]
OLGA = Person("here", "olga")


def person(n: int) -> Person:
    return Person("here", f"worker {n}")


def state(n: int, version: int) -> str:
    """Say what became of the nth card."""
    return "mpwo"[n % 4] if version >= 8 else "mpw"[n % 3]


def _owner(key: bytes, code: str, who: Person) -> bytes:
    return hmac.digest(key, json.dumps(["owner", code, who.platform, who.account]).encode(), hashlib.sha256)


async def made(folder: Path, version: int) -> None:
    """Make a store as an older version left it: cards in every state, pledges without cards, one half closed."""
    async with open_app(folder, clock=MovableClock(NOON), senders={}) as app:
        for walkout in (WALKOUT, WITHOUT, OVER):
            app.keys.add_walkout(walkout)
        keys = app.keys
    (folder / DATABASE).unlink()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        for script in _migrations()[:version]:
            db.executescript(script)
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("INSERT INTO store (id) VALUES (?)", (keys.store,))
        for walkout in (WALKOUT, WITHOUT, OVER):
            said = terms(entry=Entry.OPEN if walkout == WITHOUT else Entry.CARDS, citywide_threshold=40, turnout=True)
            times = (instant(said.starts), instant(said.pledge_by), instant(NOON), instant(NOON + HOUR))
            db.execute(
                "INSERT INTO walkout VALUES (?, 'open', ?, ?, ?, ?, 0, NULL, ?, 0, 0, NULL, NULL)",
                (walkout, write_terms(said), *times),
            )
            db.execute(
                "INSERT INTO workplace (walkout, id, name, headcount, threshold, meet) "
                "VALUES (?, 1, 'Shop', 40, 5, '')",
                (walkout,),
            )
            for n, code in enumerate(CODES):
                owns = person(n)
                shown = keys.open_code(walkout, owns) if walkout == WITHOUT else f"{code[:-1]}{walkout[0].upper()}"
                became = state(n, version) if walkout != WITHOUT else max("p", state(n, version))
                owner = bytes(32) if became == "m" else _owner(keys._contents.walkouts[walkout], shown, owns)
                db.execute("INSERT INTO card VALUES (?, ?, 1, ?, ?)", (key_of(shown), walkout, became, owner))
                if version >= 6 and became == "p" and n % 2:
                    locator = keys.bearer(shown, owns).notice(walkout)
                    db.execute("INSERT INTO notice VALUES (?, ?, 'here', ?)", (locator, walkout, os.urandom(64)))
        if version >= 7:
            db.execute("UPDATE workplace SET issued = minted")
        db.commit()
    keys.destroy_walkout(OVER)  # and was cut off there


def code(n: int) -> str:
    return f"{CODES[n][:-1]}{WALKOUT[0].upper()}"


async def as_before(folder: Path, version: int) -> None:
    """See that everybody finds what they left, and that nothing else is left of how it was kept."""
    clock = MovableClock(NOON)
    async with open_app(folder, clock=clock, senders={"here": None}) as app:
        assert {walkout.id: walkout.stage for walkout in await app.store.walkouts()} == {
            WALKOUT: "open",
            WITHOUT: "open",
            OVER: "closed",
        }
        for n in range(len(CODES)):
            worker = app.worker(person(n))
            became = state(n, version)
            seen = await worker.look(code(n))
            assert seen.mine is (None if became == "m" else CardState(became))
            assert (await app.worker(Person("here", "eve")).look(code(n))).mine is None
            assert seen.told == (version >= 6 and became == "p" and n % 2 == 1)
            own = await worker.look(worker.open_code(WITHOUT))
            assert own.mine is CardState(max("p", became))
        examined = await app.store.examine()
        assert (examined.damage, examined.orphans, examined.miscounted) == ((), 0, {})
        standing = sum(state(n, version) in "po" for n in range(len(CODES)))
        [place] = await app.store.units(WALKOUT)
        assert (place.minted, place.standing) == (len(CODES), standing)
        for n in range(len(CODES)):
            worker = app.worker(person(n))
            if state(n, version) in "po":
                assert (await worker.withdraw(code(n))).mine is CardState.WITHDRAWN
            else:
                assert (await worker.pledge(code(n))).changed
        [place] = await app.store.units(WALKOUT)
        assert place.standing == len(CODES) - standing
        store: Any = app.store
        assert await store._read("SELECT count(*) FROM announcement WHERE kind = ?", (Kind.CARDS_KEYED,)) == [(1,)]
        assert await store._read("SELECT untidy FROM store") == [(0,)]
    left = b"".join(path.read_bytes() for path in folder.iterdir())
    shown = [*map(code, range(len(CODES))), *(f"{each[:-1]}{OVER[0].upper()}" for each in CODES)]
    assert not [each for each in shown if key_of(each) in left]


@pytest.mark.parametrize("version", OLDER)
async def test_whatever_an_older_version_kept_of_cards_everybody_finds_again(data: Path, version: int) -> None:
    await made(data, version)
    async with look_into(data, clock=MovableClock(NOON)) as (twin, keys):  # the doctor changes nothing
        assert (twin.found, twin.known) == (version, len(_migrations()))
        signs = {finding.sign for finding in await health.inside(twin.store, keys)}
        assert health.Sign.STORE_SOUND in signs
    await as_before(data, version)


@pytest.mark.parametrize("version", OLDER)
async def test_without_its_key_a_store_is_refused_and_left_as_it_is(data: Path, version: int) -> None:
    await made(data, version)
    database = (data / DATABASE).read_bytes()
    newest = (data / KEY_FILE).read_bytes()
    contents, _lock, _newest = key_file.read(newest, None)
    older = replace(contents, walkouts={WITHOUT: contents.walkouts[WITHOUT]})
    (data / KEY_FILE).write_bytes(key_file.write_down(older, None))
    with pytest.raises(KeyFileRefused) as refused:
        async with open_app(data, clock=MovableClock(NOON), senders={}):
            pass
    assert refused.value.why == "outdated"
    assert (data / DATABASE).read_bytes() == database
    (data / KEY_FILE).write_bytes(newest)
    await as_before(data, version)


async def moved(folder: Path, version: int) -> None:
    """Make a store as an older version left it, in which cards are kept as they are now."""
    await made(folder, KEYED - 1)
    keys = open_keys(folder / KEY_FILE, database=folder / DATABASE)

    def kept(walkout: str, card: bytes, owner: bytes) -> bytes | None:
        new = keys.kept_anew(WalkoutId(walkout), card, owner if any(owner) else None)
        return None if new is None else b"".join((new.card, new.pledge, new.owner))

    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.create_function("kept_anew", 3, kept, deterministic=True)
        for script in _migrations()[KEYED - 1 : version]:
            db.executescript(script)
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("VACUUM")


@pytest.mark.parametrize("version", SINCE)
async def test_what_a_younger_version_kept_and_counted_of_cards_is_there_as_well(data: Path, version: int) -> None:
    await moved(data, version)
    async with look_into(data, clock=MovableClock(NOON)) as (twin, _keys):
        assert twin.found == version
    await as_before(data, KEYED - 1)


CUTS = 240
"""About so many, if from the version before the migration is cut off before every statement."""


# -- killed ---------------------------------------------------------------------------------------------------------


def _killed_opening(folder: Path, statements: int) -> bool:
    """Open the store in a process that dies before the nth statement; say whether it came so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    try:
        _die_at(folder, statements)
    finally:
        os._exit(0)


def _die_at(folder: Path, statements: int) -> None:
    import asyncio  # noqa: PLC0415  a loop of the child's own

    left = [statements]

    def stated(_sql: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)

    connect = sqlite3.connect

    def connected(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(stated)
        return connection

    aiosqlite.core.sqlite3.connect = connected  # type: ignore[attr-defined]

    async def opening() -> None:
        async with open_app(folder, clock=MovableClock(NOON), senders={}):
            pass

    asyncio.new_event_loop().run_until_complete(opening())


@trials(60, full=CUTS)
async def test_the_migration_cut_off_before_any_statement_is_done_at_the_next_opening(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    cuts, fewer = 0, CUTS // tries.number
    for version in (*OLDER, len(_migrations()) - 1):
        with fresh_folder() as template, fresh_folder() as work:
            await (moved if version >= KEYED else made)(template / "store", version)
            # every statement where it matters most, from the version before cards were moved and from the last; else
            # every seventh
            step = fewer if version >= KEYED - 1 else 7 * fewer
            statement = step
            while True:
                folder = work / str(statement)
                shutil.copytree(template / "store", folder)
                if not _killed_opening(folder, statement):
                    break
                with tries.attempt(statement):
                    await as_before(folder, min(version, KEYED - 1))
                shutil.rmtree(folder)
                cuts += 1
                statement += step
    assert cuts > tries.number / 2
    record_property("found", f"killed {cuts} times while cards were moved: everybody found what they had left")


async def test_a_backup_of_an_older_version_is_restored_with_its_cards(data: Path) -> None:
    before, after = data / "before", data / "after"
    await made(before, KEYED - 1)
    private, public = backup_files.new_keys()
    (data / "private").write_text(private)
    clock = MovableClock(NOON)
    keys = open_keys(before / KEY_FILE, database=before / DATABASE)
    database = (before / DATABASE).read_bytes()
    mark = keys.seal(backup_files.digest(database))
    backup = backup_files.Backup(made=NOON, store=keys.store, mark=mark, database=database)
    backup_files.write_aside(data / "backup", backup_files.seal(backup, backup_files.read_public(public)))
    after.mkdir(mode=0o700)
    shutil.copy(before / KEY_FILE, after / KEY_FILE)
    await restore(data / "backup", data / "private", after, Since(goes_on=[WALKOUT, WITHOUT], is_over=[]), clock)
    await as_before(after, KEYED - 1)


# -- what codes tell ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Held:
    """What somebody has who noted all codes: databases, and perhaps a key file."""

    databases: Sequence[bytes]
    keys: Keys | None

    def told(self, codes: Iterable[str]) -> Mapping[str, str]:
        """Return the state of each code's card, as far as it can be found."""
        found = {}
        for each in codes:
            for database in self.databases:
                states = list(self._states(database, each))
                if states:
                    found[each] = states[0]
        return found

    def _states(self, database: bytes, code: str) -> Iterable[str]:
        names = {key_of(code), code.encode(), hashlib.blake2b(key_of(code), digest_size=32).digest()}
        if self.keys is not None:
            bearer = self.keys.bearer(code, Person("", ""))
            names |= {part for pair in bearer.keys.values() for part in pair}
            names |= {each(walkout) for walkout in bearer.keys for each in (bearer.free, bearer.owner, bearer.notice)}
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(database)
            for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608
                    if names.intersection(cell for cell in row if isinstance(cell, bytes)):
                        # a row found that says nothing of the state tells one thing: that there is such a card
                        yield dict(zip(columns, row, strict=True)).get("state", "?")


async def test_codes_and_a_database_without_the_key_file_tell_of_no_card_what_became_of_it(data: Path) -> None:
    await made(data, KEYED - 1)
    codes = list(map(code, range(len(CODES))))
    older = (data / DATABASE).read_bytes()
    told = Held(databases=[older], keys=None).told(codes)
    assert told == {each: state(n, KEYED - 1) for n, each in enumerate(codes)}  # so it was

    private, public = backup_files.new_keys()
    (data / "private").write_text(private)
    clock = MovableClock(NOON)
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        await organizers.add(OLGA, "Olga", app.store, app.keys)
        await back_up(data / "backup", public, app.store, app.keys, clock)
    now = (data / DATABASE).read_bytes()
    backup = backup_files.unseal(data / "backup", backup_files.read_private(data / "private")).database
    assert Held(databases=[now, backup], keys=None).told(codes) == {}
    with_keys = Held(databases=[now], keys=open_keys(data / KEY_FILE, database=data / DATABASE)).told(codes)
    assert len(with_keys) == len(codes)  # with the key file the attack finds each: it is one

    async with open_app(data, clock=clock, senders={"here": None}) as app:
        await app.store.decide(WALKOUT, lambda walkout, places: rules.call_off(walkout, places, now=NOON))
        await close(await app.store.walkout(WALKOUT), app.store, app.keys)
    after = (data / DATABASE).read_bytes()
    keys = open_keys(data / KEY_FILE, database=data / DATABASE)
    assert Held(databases=[after, backup], keys=keys).told(codes) == {}
    assert Held(databases=[after, older], keys=keys).told(codes) == told  # why organizers are told to destroy it
