"""What one process of a store does is known to the others: keys above all, and what else is kept in memory.

Two Apps over one Store stand for two processes here; each has read the key file by itself.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bot.domain import rules
from bot.domain.errors import KeyFileRefused, KeysNotChanged, NotPledged, UnknownCard
from bot.domain.model import CardState, Stage, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, App, _jobs
from bot.runtime.scheduler import Scheduler
from bot.secrets import key_file
from bot.secrets import keys as keys_module
from bot.secrets.card_codes import key_of, mint
from bot.secrets.key_file import Contents, Cost, Lock
from bot.secrets.keys import Addressee, Keys, Person, changed, open_keys
from bot.usecases import closing, stewards
from bot.usecases.ladder import Ladders
from bot.usecases.scheduled import Tallies
from bot.usecases.workers import CoarseLines
from tests import stores
from tests.conftest import NOON, SHOP, WALKOUT, draft, shops
from tests.stores import open_app

ANA = Person("here", "ana")
CODE, ANOTHER = mint(), mint()
OTHER = WalkoutId("x4p9z")


def read_again(app: App) -> Keys:
    return open_keys(app.data / KEY_FILE, database=stores.database(app.data))


def beside(app: App) -> App:
    """Return another process of the same store."""
    keys, tallies = read_again(app), Tallies(app.store, app.clock, app.holds)
    return replace(
        app,
        keys=keys,
        tallies=tallies,
        lines=CoarseLines(app.store),
        ladders=Ladders(app.store),
        scheduler=Scheduler(
            _jobs(app.store, keys, tallies, app.house, {}, {}, {}, app.clock, app.holds, app.fence), app.clock
        ),
    )


@pytest.fixture
async def one(data: Path, clock: MovableClock) -> AsyncIterator[App]:
    async with open_app(data, clock=clock, senders={}) as app:
        yield app


@pytest.fixture
def two(one: App) -> App:
    return beside(one)


async def running(app: App, walkout: WalkoutId = WALKOUT, code: str = CODE) -> None:
    """Draft a walkout, print a card and open it, all in this process."""
    app.keys.add_walkout(walkout)
    await app.store.add_walkout(draft(walkout), shops(40))
    await stewards.mint(walkout, {SHOP: [key_of(code)]}, app.store, app.keys)
    await app.store.decide(walkout, partial(rules.open_up, now=NOON))


# --- keys that another process has made ---


@pytest.mark.parametrize("of", [None, WALKOUT])
async def test_a_card_of_what_another_process_drafted_a_moment_ago_is_pledged(
    one: App, two: App, of: WalkoutId | None
) -> None:
    await running(one)
    assert WALKOUT not in two.keys.walkouts
    assert (await two.worker(ANA).pledge(CODE, of)).mine is CardState.PLEDGED
    assert (await one.worker(ANA).look(CODE)).mine is CardState.PLEDGED


async def test_each_may_mint_open_and_pledge_what_the_other_drafted(one: App, two: App) -> None:
    one.keys.add_walkout(WALKOUT)
    await one.store.add_walkout(draft(), shops(40))
    await stewards.mint(WALKOUT, {SHOP: [key_of(CODE)]}, two.store, two.keys)
    await two.store.blank(WALKOUT, beside(one).keys.pledge)
    await two.store.decide(WALKOUT, partial(rules.open_up, now=NOON))
    assert (await one.worker(ANA).pledge(CODE)).changed


async def test_what_is_no_card_is_none_whatever_another_process_has_made(one: App, two: App) -> None:
    await running(one)
    with pytest.raises(UnknownCard):
        await two.worker(ANA).pledge(ANOTHER)
    with pytest.raises(NotPledged):
        await two.worker(ANA).withdraw(CODE)


async def test_the_same_draft_delivered_to_two_processes_has_one_key(one: App, two: App) -> None:
    one.keys.add_walkout(WALKOUT)
    two.keys.add_walkout(WALKOUT)
    assert (
        one.keys.open_code(WALKOUT, ANA) == two.keys.open_code(WALKOUT, ANA) == read_again(one).open_code(WALKOUT, ANA)
    )


async def test_a_key_that_is_neither_there_nor_destroyed_is_not_taken_for_a_destroyed_one(one: App, two: App) -> None:
    """Else a letter would be dropped, or a step be opened without pledges, by who could not read the newest file."""
    await running(one)
    sealed = one.keys.seal_notice(WALKOUT, Addressee(account="ana", language="en", unit=SHOP))
    (one.data / KEY_FILE).rename(one.data / "lost")
    for ask in (partial(two.keys.unseal_notice, WALKOUT, sealed), partial(two.keys.pledge, WALKOUT, key_of(CODE))):
        with pytest.raises(KeyFileRefused):
            ask()
    (one.data / "lost").rename(one.data / KEY_FILE)
    assert two.keys.unseal_notice(WALKOUT, sealed) == Addressee(account="ana", language="en", unit=SHOP)


# --- keys that another process has destroyed ---


def held(keys: Keys) -> set[bytes]:
    return {*keys._contents.walkouts.values(), *keys._contents.registers.values()}


async def test_a_destroyed_key_is_let_go_of_at_the_next_look_and_never_written_back(one: App, two: App) -> None:
    await running(one)
    two.keys.catch_up()
    key = one.keys._contents.walkouts[WALKOUT]
    assert key in held(two.keys)
    await one.store.decide(WALKOUT, partial(rules.call_off, now=NOON))
    await closing.close(await one.store.walkout(WALKOUT), one.store, one.keys)
    await two.scheduler.run_due()
    assert key not in held(two.keys)
    assert WALKOUT in two.keys.closed
    assert two.keys.unseal_notice(WALKOUT, b"") is None
    with pytest.raises(UnknownCard):
        await two.worker(ANA).pledge(CODE)


async def test_who_has_not_looked_yet_writes_no_destroyed_key_back(one: App, two: App) -> None:
    await running(one)
    two.keys.catch_up()
    one.keys.destroy_walkout(WALKOUT)
    two.keys.add_walkout(OTHER)
    for keys in (two.keys, read_again(one)):
        assert (set(keys.walkouts), set(keys.closed)) == ({OTHER}, {WALKOUT})


async def test_closing_twice_is_closing_once(one: App, two: App) -> None:
    await running(one)
    two.keys.catch_up()
    one.keys.destroy_walkout(WALKOUT)
    before = (one.data / KEY_FILE).read_bytes()
    two.keys.destroy_walkout(WALKOUT)
    assert (one.data / KEY_FILE).read_bytes() == before
    assert two.keys.closed == {WALKOUT}


async def test_a_register_is_followed_as_walkouts_are(one: App, two: App) -> None:
    one.keys.add_walkout(WALKOUT, campaign=WALKOUT)
    wish = one.keys.wish(WALKOUT, ANA)
    assert wish is not None
    assert two.keys.wish(WALKOUT, ANA) == wish
    one.keys.destroy_register(WALKOUT)
    two.keys.add_walkout(OTHER)
    assert two.keys.wish(WALKOUT, ANA) is None
    assert two.keys.ended == {WALKOUT}


# --- another server's key ---


async def test_a_rotation_that_another_process_begins_and_ends_is_followed(one: App, two: App) -> None:
    sealed, person = one.keys.seal("olga"), one.keys.person(ANA)
    one.keys.begin_rotation()
    await two.scheduler.run_due()
    assert two.keys.following is not None
    assert one.keys.following is not None
    assert two.keys.following.store == one.keys.following.store
    assert (two.keys.unseal(sealed), two.keys.person(ANA)) == ("olga", person)
    two.keys.begin_rotation()  # it is begun
    one.keys.end_rotation()
    await two.scheduler.run_due()
    assert two.keys.store == one.keys.store
    assert two.keys.person(ANA) == one.keys.person(ANA) != person


# --- what the file must not be ---


QUICK = Cost(passes=1, memory=8192)


def damaged(path: Path) -> None:
    path.write_bytes(b"{}")


def gone(path: Path) -> None:
    path.unlink()


def exposed(path: Path) -> None:
    path.chmod(0o644)


def foreign(path: Path) -> None:
    path.unlink()
    Keys(path, Contents(server=key_file.ServerKey.new(), walkouts={}, number=99)).make_file()


def sealed(path: Path) -> None:
    contents, _lock, _newest = key_file.read(path.read_bytes(), None)
    path.write_bytes(key_file.write_down(contents, Lock.of(b"six words", QUICK)))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (damaged, "damaged"),
        (gone, "missing"),
        (exposed, "exposed"),
        (foreign, "outdated"),
        (sealed, "sealed"),
    ],
)
async def test_a_file_that_is_not_what_it_must_be_is_not_taken_and_not_written_over(
    one: App, spoil: Callable[[Path], None], why: str
) -> None:
    await running(one)
    path = one.data / KEY_FILE
    kept = path.read_bytes()
    spoil(path)
    spoiled = path.read_bytes() if path.exists() else None
    with pytest.raises(KeyFileRefused) as looked:
        one.keys.catch_up()
    assert looked.value.why == why
    with pytest.raises(KeyFileRefused) as changed:
        one.keys.add_walkout(OTHER)
    assert changed.value.why == why
    assert (path.read_bytes() if path.exists() else None) == spoiled
    assert list(one.data.glob(f"{KEY_FILE}.*")) == []
    await one.scheduler.run_due()  # which says so, and goes on
    assert (await one.worker(ANA).pledge(CODE)).mine is CardState.PLEDGED
    path.write_bytes(kept)
    path.chmod(0o600)
    one.keys.add_walkout(OTHER)
    assert {WALKOUT, OTHER} == set(read_again(one).walkouts)


async def test_an_older_copy_brings_no_destroyed_key_back_and_loses_none(one: App, two: App) -> None:
    one.keys.add_walkout(WALKOUT)
    older = (one.data / KEY_FILE).read_bytes()
    one.keys.add_walkout(OTHER)
    one.keys.destroy_walkout(WALKOUT)
    two.keys.catch_up()
    (one.data / KEY_FILE).write_bytes(older)
    for keys in (one.keys, two.keys):
        for change in (keys.catch_up, partial(keys.destroy_walkout, OTHER)):
            with pytest.raises(KeyFileRefused, match="outdated"):
                change()
        assert (set(keys.walkouts), set(keys.closed)) == ({OTHER}, {WALKOUT})
    assert not one.keys.stand_in_file()


async def test_an_older_copy_that_was_changed_since_is_not_taken_either(one: App, two: App) -> None:
    older = (one.data / KEY_FILE).read_bytes()
    one.keys.add_walkout(WALKOUT)
    two.keys.catch_up()
    (one.data / KEY_FILE).write_bytes(older)
    another = read_again(one)
    for nth in range(3):
        another.add_walkout(WalkoutId(f"other{nth}"))  # more changes than were made to the right one
    with pytest.raises(KeyFileRefused, match="outdated"):
        two.keys.catch_up()


async def test_each_process_may_seal_the_file_with_a_salt_of_its_own(data: Path) -> None:
    open_keys(data / KEY_FILE, database=data / DATABASE).add_walkout(WALKOUT)
    (data / DATABASE).write_bytes(b"something")
    (data / "passphrase").write_text("six words")
    one, two = (
        open_keys(data / KEY_FILE, database=data / DATABASE, passphrase_file=data / "passphrase", cost=QUICK)
        for _ in range(2)
    )
    one.renew_file()
    two.renew_file()
    two.add_walkout(OTHER)
    one.catch_up()
    assert set(one.walkouts) == {WALKOUT, OTHER}
    with pytest.raises(KeyFileRefused, match="sealed"):
        open_keys(data / KEY_FILE, database=data / DATABASE)


# --- a folder that does not answer, and a process that does not let go ---


async def test_where_the_folder_is_lost_pledges_go_on_and_changes_are_refused(one: App, two: App) -> None:
    await running(one)
    two.keys.catch_up()
    path = two.keys.path
    two.keys.path = path.parent / "lost" / KEY_FILE  # as where a network folder is not mounted any more
    assert (await two.worker(ANA).pledge(CODE)).mine is CardState.PLEDGED
    with pytest.raises(UnknownCard):
        await two.worker(ANA).look(ANOTHER)
    await one.store.decide(WALKOUT, partial(rules.call_off, now=NOON))
    with pytest.raises(KeysNotChanged):
        await closing.close(await two.store.walkout(WALKOUT), two.store, two.keys)
    assert (await two.store.walkout(WALKOUT)).stage is Stage.CALLED_OFF
    two.keys.path = path
    await closing.close(await two.store.walkout(WALKOUT), two.store, two.keys)
    assert not read_again(one).walkouts


async def test_where_the_folder_does_not_answer_nobody_waits_long(
    one: App, two: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, name in ((key_file, "WAIT_S"), (keys_module, "_LOOKED_WITHIN_S"), (keys_module, "_CHANGED_WITHIN_S")):
        monkeypatch.setattr(where, name, 0.05)
    await running(one)
    two.keys.catch_up()
    hangs = one.data / "hangs"
    os.mkfifo(hangs)  # whoever opens it to read waits, as on a network folder whose server is away
    two.keys.path = hangs
    looking = asyncio.create_task(two.scheduler.run_due())
    try:
        with pytest.raises(UnknownCard):
            await two.worker(ANA).look(ANOTHER)
        assert (await two.worker(ANA).pledge(CODE)).mine is CardState.PLEDGED
        with pytest.raises(KeysNotChanged):
            await changed(partial(two.keys.destroy_walkout, WALKOUT))
        assert not looking.done()
    finally:
        hangs.chmod(0o600)
        while not looking.done():  # whoever waits reads nothing
            os.close(os.open(hangs, os.O_RDWR | os.O_NONBLOCK))
            await asyncio.wait([looking], timeout=0.01)
    assert set(two.keys.walkouts) == {WALKOUT}


@contextmanager
def stopped_in_a_change(path: Path) -> Iterator[None]:
    """Have another process hold the lock, and stand still."""
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        with key_file.changing(path):
            os.write(tell, b"!")
            signal.pause()
        os._exit(0)
    os.read(ready, 1)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(tell)


async def test_who_waits_too_long_for_another_change_is_refused_and_reads_on(
    one: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running(one)
    monkeypatch.setattr(key_file, "WAIT_S", 0.05)
    with stopped_in_a_change(one.keys.path):
        with pytest.raises(KeyFileRefused, match="busy"):
            one.keys.add_walkout(OTHER)
        assert set(read_again(one).walkouts) == {WALKOUT}  # reading waits for nobody
        one.keys.catch_up()
        assert (await one.worker(ANA).pledge(CODE)).mine is CardState.PLEDGED
    one.keys.add_walkout(OTHER)  # the lock has gone with its holder
    assert set(read_again(one).walkouts) == {WALKOUT, OTHER}


async def test_the_lock_is_one_that_network_folders_know(one: App, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    lockf = fcntl.lockf

    def noting(descriptor: int, what: int) -> None:
        asked.append(what)
        lockf(descriptor, what)

    monkeypatch.setattr(fcntl, "lockf", noting)
    one.keys.add_walkout(WALKOUT)
    assert asked == [fcntl.LOCK_EX | fcntl.LOCK_NB]


# --- what else is in memory ---


async def test_what_the_board_says_follows_the_tally_that_another_process_takes(
    one: App, two: App, clock: MovableClock
) -> None:
    await running(one)
    seen = (await two.worker(ANA).pledge(CODE)).walkout
    await two.lines.of(seen)
    assert seen.next_tally is not None
    clock.move_to(seen.next_tally)
    await one.tallies.take_due()
    after = (await two.worker(ANA).look(CODE)).walkout
    assert after.tally == seen.tally + 1
    await two.lines.of(after)
    assert two.lines._lines[WALKOUT][0] == after.tally
    await two.tallies.take_due()  # it is taken
    assert (await one.store.walkout(WALKOUT)).tally == after.tally
