"""After closing, the store, the key file and an old backup together open no notice and link nobody.

The attacker here holds all three, the private key of the backup, and knows every account there is; only not the codes
on the cards. Before the closing that is enough for whoever asked to be told, and for open entry, as people are told.
"""

from __future__ import annotations

import random
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nacl.exceptions import CryptoError

from bot.domain import rules
from bot.domain.model import Entry, Stage, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, App
from bot.secrets import backup_files
from bot.secrets.backup_files import read_private, unseal
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Keys, Person, open_keys
from bot.storage.sqlite import SqliteStore, opening
from bot.storage.sqlite.opening import OWN
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from bot.usecases.backups import back_up
from bot.usecases.closing import close
from bot.usecases.workers import Worker
from tests.conftest import HOUR, NOON, PLEDGE_BY, SHOP, WALKOUT, fresh_folder, opened, shops
from tests.faults.trials import Trials, trials
from tests.stores import open_app
from tests.test_outbox import Post

pytestmark = pytest.mark.sqlite_only("what whoever has its file can tell")

OPEN_ENTRY = WalkoutId("x4p9z")
PEOPLE = 24
OLGA, OMAR = Person("here", "7700000000001"), Person("here", "7700000000002")


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the attacker has: whole files, and a key file that can be used as the bot uses it."""

    databases: tuple[bytes, ...]
    keys: Keys
    rows: frozenset[bytes] | None = None  #: every value in any row, if the files are not SQLite's

    def values(self) -> frozenset[bytes]:
        """Every value that stands in any row."""
        if self.rows is not None:
            return self.rows
        found: set[bytes] = set()
        for database in self.databases:
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.deserialize(database)
                for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                    for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608
                        found.update(cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
        return frozenset(found)

    def stands(self, value: bytes) -> bool:
        """Say whether this stands anywhere in the files, in a row or in what is left of one."""
        return any(value in database for database in self.databases)


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What the attack brought."""

    texts: frozenset[str]  #: all that could be opened with the server's key
    told: frozenset[str]  #: accounts read from notices
    linked: frozenset[str]  #: accounts recognized in cards and locators
    members: frozenset[str]  #: accounts recognized among organizers and stewards


def attack(held: Held, accounts: Iterable[Person]) -> Learnt:
    """Try every value with every key, and every account under every key."""
    keys, values = held.keys, held.values()
    texts, told = set(), set()
    for value in values:
        with suppress(CryptoError, ValueError):
            texts.add(keys.unseal(value))
        for walkout in keys.walkouts:
            addressee = keys.unseal_notice(walkout, value)
            if addressee is not None:
                told.add(addressee.account)
    linked, members = set(), set()
    for who in accounts:
        if held.stands(keys.person(who)):
            members.add(who.account)
        for walkout in keys.walkouts:
            # without the card's code there is only the code that open entry makes of the account, and guesses
            for code in {keys.open_code(walkout, who), "", who.account}:
                bearer = keys.bearer(code, who)
                made = (bearer.card, *bearer.keys[walkout], bearer.owner(walkout), bearer.notice(walkout))
                if any(map(held.stands, made)):
                    linked.add(who.account)
    return Learnt(texts=frozenset(texts), told=frozenset(told), linked=frozenset(linked), members=frozenset(members))


@dataclass(frozen=True, kw_only=True)
class City:
    """Two walkouts, with cards and without, and who did what."""

    folder: Path
    private: Path
    public: str
    accounts: tuple[Person, ...]  #: everybody in the city
    by_card: frozenset[str]  #: pledged with a card
    without: frozenset[str]  #: pledged without
    asked: frozenset[str]  #: asked to be told, with a card or without
    url: str | None = None  #: of the database, if it is not a file beside the key

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def held(self, *, database: Path, key_file: Path, backup: Path | None = None) -> Held:
        """Give the attacker these."""
        databases = [database.read_bytes()]
        journal = database.with_name(f"{database.name}-journal")
        databases += [journal.read_bytes()] if journal.exists() and journal.stat().st_size else []
        if backup is not None:
            databases.append(unseal(backup, read_private(self.private)).database)
        return Held(databases=tuple(databases), keys=open_keys(key_file, database=database))


def context(app: App, who: Person) -> Worker:
    return app.worker(who)


async def live(folder: Path, chance: random.Random, clock: MovableClock, url: str | None = None) -> City:
    """Let people pledge, some take it back, some ask to be told; make copies meanwhile."""
    accounts = tuple(Person("here", str(chance.randrange(10**12, 10**13))) for _ in range(PEOPLE))
    city = list(accounts)
    chance.shuffle(city)
    by_card, without = city[: PEOPLE // 2], city[PEOPLE // 3 : -3]
    asking = chance.sample(by_card, 5), chance.sample(without, 4)
    private, public = backup_files.new_keys()
    (folder / "private").write_text(private)
    made = City(
        folder=folder,
        private=folder / "private",
        public=public,
        accounts=accounts,
        by_card=frozenset(who.account for who in by_card),
        without=frozenset(who.account for who in without),
        asked=frozenset(who.account for who in (*asking[0], *asking[1])),
        url=url,
    )
    async with open_app(made.data, clock=clock, senders={"here": None}, database_url=url) as app:
        await organizers.add(OLGA, "Olga", app.store, app.keys)
        await organizers.add(OMAR, "Omar", app.store, app.keys)
        for walkout, entry in ((WALKOUT, Entry.CARDS), (OPEN_ENTRY, Entry.OPEN)):
            app.keys.add_walkout(walkout)
            await app.store.add_walkout(opened(walkout, entry=entry, citywide_threshold=8), shops(60, 60))
            await app.store.bind_room(Room(walkout=walkout, scope=None, way="here", address="#city"))
        codes = {who: mint() for who in by_card}
        await stewards.mint(WALKOUT, {SHOP: [key_of(code) for code in codes.values()]}, app.store, app.keys)
        for who in by_card:
            await context(app, who).pledge(codes[who])
        for who in without:
            await context(app, who).enrol(OPEN_ENTRY, SHOP)
        for who in chance.sample(by_card, 2):
            await context(app, who).withdraw(codes[who])
            await context(app, who).pledge(codes[who])
        for who in asking[0]:
            assert (await context(app, who).ask_to_be_told(codes[who], "en")).told
        for who in asking[1]:
            code = app.keys.open_code(OPEN_ENTRY, who)
            assert (await context(app, who).ask_to_be_told(code, "es")).told
        if url is None:
            await back_up(folder / "backup", public, app.store, app.keys, clock)
    (folder / "key").touch(0o600)
    (folder / "key").write_bytes((made.data / KEY_FILE).read_bytes())
    if url is None:
        (folder / "database").write_bytes((made.data / DATABASE).read_bytes())
    return made


async def end(city: City, chance: random.Random, clock: MovableClock) -> None:
    """Let both walkouts come to some end and be closed, by hand or by themselves; then let the bot run once more."""
    async with open_app(city.data, clock=clock, senders={"here": Post()}, database_url=city.url) as app:
        await app.store.remove_organizer(app.keys.person(OMAR))
        for walkout in (WALKOUT, OPEN_ENTRY):
            if chance.random() < 1 / 3:
                await app.store.decide(walkout, partial(rules.call_off, now=clock()))
        if chance.random() < 1 / 2:
            clock.move_to(NOON + HOUR)
            await app.scheduler.run_due()  # on, for what was not called off
        clock.move_to(PLEDGE_BY)
        await app.scheduler.run_due()
        if chance.random() < 1 / 2:
            for each in await app.store.walkouts():
                if each.stage is not Stage.CLOSED:
                    await close(each, app.store, app.keys)
        clock.move_to(opened().terms.starts + rules.KEPT_AFTER_START)
        await app.scheduler.run_due()
        assert {each.stage for each in await app.store.walkouts()} == {Stage.CLOSED}
    if chance.random() < 1 / 2:
        async with open_app(city.data, clock=clock, senders={"here": Post()}, database_url=city.url):
            pass


def before_keys(city: City) -> Keys:
    """Open the key file as it was when the backup was made."""
    return open_keys(city.folder / "key", database=city.folder / "database")


def after(city: City) -> Held:
    """Give the attacker the store after closing, the key file, and the old backup with its key."""
    return city.held(database=city.data / DATABASE, key_file=city.data / KEY_FILE, backup=city.folder / "backup")


@trials(15, full=1_000)
async def test_the_store_the_key_file_and_an_old_backup_open_nothing_and_link_nobody(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    told = linked = 0
    for number in range(tries.number):
        chance, clock = tries.random(number), MovableClock(NOON)
        which = f"seed {tries.seed}, try {number}"
        with fresh_folder() as folder:
            city = await live(folder, chance, clock)
            everybody = (*city.accounts, OLGA, OMAR)

            before = attack(city.held(database=folder / "database", key_file=folder / "key"), everybody)
            assert before.told == city.asked, which
            assert before.linked == city.without, which  # nobody by their card alone
            assert before.members == {OLGA.account, OMAR.account}, which
            told, linked = told + len(before.told), linked + len(before.linked)

            await end(city, chance, clock)
            held = after(city)
            learnt = attack(held, everybody)
            assert (learnt.told, learnt.linked) == (frozenset(), frozenset()), which
            # who organized when the backup was made is sealed with the server's key, which stays
            assert learnt.members == {OLGA.account, OMAR.account}, which
            assert not [who for who in city.accounts if any(who.account in text for text in learnt.texts)], which
            assert not [who for who in city.accounts if held.stands(who.account.encode())], which
            now = attack(city.held(database=city.data / DATABASE, key_file=city.data / KEY_FILE), everybody)
            assert now.members == {OLGA.account}, which
            destroyed = before_keys(city)._contents.walkouts.values()
            left = b"".join(path.read_bytes() for path in city.data.iterdir())
            assert not [key for key in destroyed if key in left or b64encode(key) in left], which
    record_property("found", f"before: {told} notices opened, {linked} people linked; after: none")


async def test_a_key_that_was_not_destroyed_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = MovableClock(NOON)
    city = await live(data, random.Random(1), clock)
    with monkeypatch.context() as patch:
        patch.setattr(Keys, "destroy_walkout", lambda *_: None)
        await end(city, random.Random(1), clock)
    learnt = attack(after(city), city.accounts)
    assert (learnt.told, learnt.linked) == (city.asked, city.without)


async def test_deleted_bytes_that_stayed_in_the_file_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = MovableClock(NOON)
    real: Callable[..., Any] = SqliteStore._rows

    async def sloppy(self: SqliteStore, sql: str, parameters: Iterable[Any] = ()) -> Any:
        return [] if sql == "VACUUM" else await real(self, sql, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(opening, "OWN", [each.replace("secure_delete=ON", "secure_delete=OFF") for each in OWN])
        patch.setattr(SqliteStore, "_rows", sloppy)
        city = await live(data, random.Random(2), clock)
        await end(city, random.Random(2), clock)
    held = city.held(database=city.data / DATABASE, key_file=data / "key")
    assert attack(held, city.accounts).linked <= city.without
    assert attack(held, city.accounts).linked


async def test_an_old_copy_of_the_key_file_still_opens_an_old_backup(data: Path) -> None:
    """What no program can mend: the bot asks organizers to destroy such copies when it closes a walkout."""
    clock = MovableClock(NOON)
    city = await live(data, random.Random(3), clock)
    await end(city, random.Random(3), clock)
    held = city.held(database=city.data / DATABASE, key_file=data / "key", backup=data / "backup")
    learnt = attack(held, city.accounts)
    assert (learnt.told, learnt.linked) == (city.asked, city.without)
    alone = attack(city.held(database=city.data / DATABASE, key_file=data / "key"), city.accounts)
    assert (alone.told, alone.linked) == (frozenset(), frozenset())  # and without the backup it opens nothing


async def test_another_servers_key_hides_who_organized_when_the_backup_was_made(data: Path) -> None:
    """`allout keys rotate`: what a closing leaves to be opened in an old backup, it takes away."""
    clock = MovableClock(NOON)
    city = await live(data, random.Random(4), clock)
    await end(city, random.Random(4), clock)
    async with open_app(city.data, clock=clock, senders={}) as app:
        app.keys.begin_rotation()
    async with open_app(city.data, clock=clock, senders={}):
        pass
    learnt = attack(after(city), (*city.accounts, OLGA, OMAR))
    assert (learnt.told, learnt.linked) == (frozenset(), frozenset())
    assert learnt.members == {OLGA.account}  # who organizes now
    assert OMAR.account not in learnt.texts
