"""Another server's key: everybody is known as before, and the old key opens nothing any more."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from nacl.exceptions import CryptoError

from bot.delivery.outbox import Letter
from bot.domain.errors import KeyFileRefused
from bot.domain.model import Announcement, Kind
from bot.domain.roles import Deed, Matter, MemberId, Role, Suspension
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, App
from bot.secrets.keys import Keys, Person
from bot.usecases import audit, key_rotation, organizers, proposals, roles, sketches
from bot.usecases.context import RequestContext
from tests.conftest import NOON, ROOT, SHOP, WALKOUT, draft, shops
from tests.processes import run
from tests.stores import open_app

OLGA, OMAR, OTTO = (Person("here", name) for name in ("olga's account", "omar's account", "otto's account"))
STEWARD, NEWCOMER, STRANGER = (Person("here", name) for name in ("stella's account", "nico's account", "a stranger"))

SEALED = {"member": {"id", "address", "nickname"}, "organizer": {"id"}, "steward": {"id"}}
SEALED |= {"proposal": {"content", "key", "about", "proposer"}, "opinion": {"organizer"}}
SEALED |= {"role_card": {"nickname", "appointer", "redeemer", "address"}, "parcel": {"member", "address"}}
SEALED |= {"deed": {"nickname", "detail"}, "errand": {"what"}, "suspension": {"suspender", "suspended"}}
SEALED |= {"sketch": {"organizer", "content", "list"}}
"""What is under the server's key, sealed or as an HMAC."""

NOT_SEALED = {"card": {"key", "owner"}, "pledge": {"key"}, "organizer_code": {"hash"}, "role_card": {"hash"}}
NOT_SEALED |= {"notice": {"locator", "sealed"}, "store": {"mark"}, "piece": {"cards", "pledges"}}
NOT_SEALED |= {"ballot": {"locator"}, "wish": {"locator", "sealed"}}
"""Hashes of random codes, what is under a walkout's key, and what is drawn at random."""


class Ears:
    """Hears whom something was sent to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Kind, str]] = []
        self.deleted: list[str] = []

    async def send(self, letter: Letter) -> str:
        self.heard.append((letter.address, letter.news.kind, letter.proposer))
        return ""

    async def delete(self, what: str) -> None:
        self.deleted.append(what)


def context(app: App, who: Person) -> RequestContext:
    return RequestContext(who=who, store=app.store, keys=app.keys, clock=app.clock)


@dataclass(frozen=True, kw_only=True)
class Town:
    """A store in which everything stands that is under the server's key."""

    data: Path
    proposal: str  #: Otto's removal, proposed by Olga
    used: str  #: the role card that a newcomer has used
    old: Keys


async def town(data: Path, clock: MovableClock) -> Town:
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(draft(approvals=2), shops(40))
        for who in (OLGA, OMAR, OTTO):
            await organizers.add(who, who.account.split("'")[0], app.store, app.keys)
        olga, omar, otto = (context(app, who) for who in (OLGA, OMAR, OTTO))
        (place,) = await app.store.units(WALKOUT)

        made = await roles.appoint(olga, Role.STEWARD, "stella", walkout=WALKOUT, place=place)
        card = await roles.redeem(context(app, STEWARD), made.code)
        assert card is not None
        await roles.settle(olga, card.id, confirmed=True)  # a letter to an address, and a steward

        unused = await roles.appoint(omar, Role.STEWARD, "nico", walkout=WALKOUT, place=place)
        used = await roles.redeem(context(app, NEWCOMER), unused.code)
        assert used is not None

        over = Suspension(id="SUSP", suspender=omar.me, suspended=otto.me, until=NOON, again=NOON + timedelta(days=7))
        to_nobody = Announcement(kind=Kind.SUSPENDED, occasion="SUSP", to_rooms=False)
        assert await app.store.suspend(over, to_nobody, omar.note(Deed.SUSPENDED), now=NOON)
        await proposals.propose(otto, Matter.OPEN, walkout=WALKOUT)
        removal = await roles.remove(olga, "otto")
        assert removal is not None
        await app.deletions["here"].delete_later("a message", timedelta(minutes=10))
        assert await sketches.keep(olga, sketches.InHand(list=b"workplace,headcount"))
        return Town(data=data, proposal=removal.proposal.id, used=used.id, old=app.keys)


@pytest.fixture
async def found(data: Path, clock: MovableClock) -> Town:
    return await town(data, clock)


COLUMNS = """
    SELECT held.name, info.name FROM sqlite_schema AS held JOIN pragma_table_info(held.name) AS info
    WHERE held.type = 'table' AND info.type = 'BLOB'
"""


def blobs(data: Path) -> Iterator[tuple[str, str, bytes]]:
    """Every BLOB in the store, with its table and column."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        for table, column in connection.execute(COLUMNS).fetchall():
            for (value,) in connection.execute(f"SELECT {column} FROM {table}"):  # noqa: S608  our own names
                yield table, column, value


def opens(keys: Keys, sealed: bytes) -> bool:
    try:
        keys.unseal(sealed)
    except (CryptoError, UnicodeDecodeError):
        return False
    return True


async def rotated(town: Town, clock: MovableClock) -> Keys:
    """Change the key, as the command does where no bot runs."""
    async with open_app(town.data, clock=clock, senders={}) as app:
        app.keys.begin_rotation()
        await key_rotation.finish(app.store, app.keys)
        return app.keys


async def test_everything_that_is_under_the_servers_key_is_known(found: Town) -> None:
    """Whoever adds a BLOB says here whether another key must reach it; those in SEALED have a row to try it with."""
    with closing(sqlite3.connect(found.data / DATABASE)) as connection:
        there = set(connection.execute(COLUMNS))
    known = [*SEALED.items(), *NOT_SEALED.items()]
    named = {(table, column) for table, columns in known for column in columns}
    assert there == named
    filled = {(table, column) for table, column, value in blobs(found.data) if value}
    assert {(table, column) for table, columns in SEALED.items() for column in columns} <= filled


async def test_the_old_key_opens_and_recognizes_nothing_any_more(found: Town, clock: MovableClock) -> None:
    before = {(table, value) for table, column, value in blobs(found.data) if column in SEALED.get(table, ()) and value}
    keys = await rotated(found, clock)

    bytes_now = (found.data / DATABASE).read_bytes()
    for table, value in before:
        assert value not in bytes_now, table
    people = {found.old.person(who) for who in (OLGA, OMAR, OTTO, STEWARD, NEWCOMER)}
    for table, column, value in blobs(found.data):
        assert not opens(found.old, value), (table, column)
        assert value not in people, (table, column)
        if (table, column) in {
            ("deed", "detail"),
            ("member", "nickname"),
            ("errand", "what"),
            ("sketch", "list"),
        } and value:
            assert opens(keys, value)
    assert found.old.store.encode() not in bytes_now


async def check_that_all_is_as_before(town: Town, clock: MovableClock) -> None:
    ears = Ears()
    async with open_app(town.data, clock=clock, senders={"here": ears}) as app:
        assert app.keys.following is None
        assert app.keys.store != town.old.store
        olga, omar, otto = (context(app, who) for who in (OLGA, OMAR, OTTO))
        committee = await app.store.committee()
        assert committee.organizers == {olga.me, omar.me, otto.me}
        assert committee.stewards == ((WALKOUT, SHOP, app.keys.person(STEWARD)),)
        assert not (await app.store.roles(app.keys.person(STRANGER))).any
        assert [each.nickname for each in await roles.served(olga)] == ["olga", "omar", "otto", "stella"]
        lines = await audit.page(olga, None)
        assert [(line.deed, line.nickname) for line in lines][:2] == [(Deed.PROPOSED, "olga"), (Deed.PROPOSED, "otto")]
        assert lines[0].detail["nickname"] == "otto"

        await app.outboxes["here"].deliver()
        assert ("omar's account", Kind.PROPOSAL, "olga") in ears.heard
        assert ("stella's account", Kind.ROLE_GIVEN, "") in ears.heard

        again = await roles.remove(olga, "otto")  # the same proposal, not a second one
        assert again is not None
        assert again.proposal.id == town.proposal
        done = await proposals.opine(omar, town.proposal, approves=True)
        assert done.proposal.became == "done"
        assert otto.me not in (await app.store.committee()).organizers

        await roles.settle(omar, town.used, confirmed=True)
        assert (await app.store.roles(app.keys.person(NEWCOMER))).units == ((WALKOUT, SHOP),)
        clock.move_to(NOON + timedelta(minutes=10))
        await app.deletions["here"].run()
        assert ears.deleted == ["a message"]
    with closing(sqlite3.connect(town.data / DATABASE)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE deed SET deed = 'other'")


async def test_everybody_is_known_as_before(found: Town, clock: MovableClock) -> None:
    await rotated(found, clock)
    await check_that_all_is_as_before(found, clock)


async def test_a_change_that_a_running_bot_has_begun_is_finished_at_its_next_start(
    found: Town, clock: MovableClock
) -> None:
    async with open_app(found.data, clock=clock, senders={}) as app:
        app.keys.begin_rotation()
        assert app.keys.following is not None
        wanted = app.keys.following.store
        app.keys.begin_rotation()  # asked twice
        assert app.keys.following.store == wanted
        assert app.keys.person(OLGA) == found.old.person(OLGA)  # until then all goes on under the old one
    await check_that_all_is_as_before(found, clock)


async def test_a_change_cut_off_after_the_stores_transaction_is_finished_at_the_next_start(
    found: Town, clock: MovableClock
) -> None:
    async with open_app(found.data, clock=clock, senders={}) as app:
        app.keys.begin_rotation()
        both = (found.data / KEY_FILE).read_bytes()
        await key_rotation.finish(app.store, app.keys)
    (found.data / KEY_FILE).write_bytes(both)  # as if the last writing had not been
    await check_that_all_is_as_before(found, clock)


@pytest.mark.parametrize("call", range(0, 27, 3))
async def test_a_change_that_fails_within_the_stores_transaction_has_changed_nothing(
    found: Town, clock: MovableClock, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Keys, "seal", failing_at(call, Keys.seal))
    before = sorted(blobs(found.data))
    with pytest.raises(OSError, match="no seal"):
        await rotated(found, clock)
    monkeypatch.undo()
    assert sorted(blobs(found.data)) == before
    await check_that_all_is_as_before(found, clock)


def failing_at(call: int, seal: Callable[[Keys, str], bytes]) -> Callable[[Keys, str], bytes]:
    calls = count()

    def seal_or_fail(keys: Keys, text: str) -> bytes:
        if next(calls) == call:
            raise OSError("no seal")
        return seal(keys, text)

    return seal_or_fail


KILLED = """
import asyncio, os, signal, sys
from itertools import count
from pathlib import Path
from bot.process.clock import real_clock
from bot.secrets.keys import Keys
from bot.usecases import key_rotation
from tests.stores import open_app

calls, whole, at = count(), getattr(Keys, sys.argv[2]), int(sys.argv[3])

def killed(*given):
    if next(calls) == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*given)

async def rotate():
    async with open_app(Path(sys.argv[1]), clock=real_clock, senders={}) as app:
        app.keys.begin_rotation()
        setattr(Keys, sys.argv[2], killed)
        await key_rotation.finish(app.store, app.keys)

asyncio.run(rotate())
"""


@pytest.mark.parametrize(("where", "call"), [("seal", 0), ("seal", 26), ("end_rotation", 0)])
async def test_a_change_that_is_killed_is_finished_at_the_next_start(
    found: Town, clock: MovableClock, where: str, call: int
) -> None:
    ran = run([sys.executable, "-c", KILLED, found.data, where, str(call)], folder=ROOT)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    await check_that_all_is_as_before(found, clock)


async def test_a_key_file_from_before_is_refused_afterwards(found: Town, clock: MovableClock, data: Path) -> None:
    shutil.copy2(data / KEY_FILE, data / "copy")
    await rotated(found, clock)
    shutil.copy2(data / "copy", data / KEY_FILE)
    with pytest.raises(KeyFileRefused) as refused:
        async with open_app(data, clock=clock, senders={}):
            pass
    assert refused.value.why == "foreign"


async def test_what_those_said_who_have_no_role_any_more_is_nobodys(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        for who in (OLGA, OMAR, OTTO):
            await organizers.add(who, who.account, app.store, app.keys)
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(draft(approvals=3), shops(40))
        said = (await proposals.propose(context(app, OLGA), Matter.OPEN, walkout=WALKOUT)).proposal
        await proposals.opine(context(app, OTTO), said.id, approves=True)
        await app.store.remove_organizer(app.keys.person(OTTO))
        app.keys.begin_rotation()
        await key_rotation.finish(app.store, app.keys)
        kept = await app.store.proposal(said.id)
        assert kept is not None
        others: set[MemberId] = set(kept.approving) - {app.keys.person(OLGA)}
        assert len(others) == 1
        assert app.keys.person(OTTO) not in others


async def test_what_the_key_does_not_open_keeps_nobody_from_another_one(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        await organizers.add(OLGA, "olga", app.store, app.keys)
        await app.store.add_deletion("here", b"damaged", due=NOON)
        app.keys.begin_rotation()
        await key_rotation.finish(app.store, app.keys)
        (deletion,) = await app.store.due_deletions("here", now=NOON)
        assert deletion.what == b"damaged"
        assert (await app.store.roles(app.keys.person(OLGA))).organizer


async def test_pledges_stand_as_they_stood(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(draft(), shops(40))
        owner = app.keys.bearer("CODE", STRANGER).owner(WALKOUT)
        app.keys.begin_rotation()
        await key_rotation.finish(app.store, app.keys)
    async with open_app(data, clock=clock, senders={}) as app:
        assert app.keys.bearer("CODE", STRANGER).owner(WALKOUT) == owner
