"""Messages that delete themselves when it is time, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.delivery.outbox import FIRST_WAIT, LONGEST_WAIT, Letter, Outbox, PlatformDown, RoomGone, TryLater
from bot.delivery.scheduled_deletions import ScheduledDeletions
from bot.domain.errors import NotRecorded
from bot.guards.holds import Holds
from bot.process.clock import CorrectedClock, MovableClock
from bot.runtime.app import KEY_FILE
from bot.runtime.scheduler import Job, Scheduler
from bot.secrets.keys import Keys, open_keys
from bot.storage.store import Store
from tests.conftest import HOUR, NOON
from tests.storage.house import House, house_in

pytestmark = pytest.mark.both_engines

TEN = timedelta(minutes=10)


class Chat:
    """A platform's way out: keeps what it deleted, and meets each deletion with the next trouble in line."""

    def __init__(self, *troubles: BaseException | None) -> None:
        self.deleted: list[str] = []
        self.troubles = list(troubles)

    async def send(self, letter: Letter) -> str:
        raise NotImplementedError

    async def delete(self, what: str) -> None:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None:
            raise trouble
        self.deleted.append(what)


@pytest.fixture
def keys(data: Path) -> Keys:
    return open_keys(data / KEY_FILE, database=data / "no database yet")


@pytest.fixture
def house(data: Path) -> House:
    return house_in(data)


@pytest.fixture
async def store(house: House, clock: MovableClock) -> AsyncIterator[Store]:
    async with house.open(clock) as made:
        yield made


def deletions(
    chat: Chat | None, store: Store, keys: Keys, clock: MovableClock, platform: str = "here"
) -> ScheduledDeletions:
    return ScheduledDeletions(
        platform, Outbox(platform, chat, store, keys, clock, Holds(CorrectedClock(clock), store)), store, keys, clock
    )


async def look(every: ScheduledDeletions, clock: MovableClock) -> None:
    """Do what is due, as the bot does."""
    await Scheduler([Job(name="delete", due=every.due, run=every.run)], clock).run_due()


async def test_a_message_is_deleted_when_it_is_time_and_once(store: Store, keys: Keys, clock: MovableClock) -> None:
    chat = Chat()
    every = deletions(chat, store, keys, clock)
    await every.delete_later("42 7", TEN)
    await every.delete_later("42 8", 2 * TEN)
    clock.move_to(NOON + TEN - timedelta(seconds=1))
    await look(every, clock)
    assert chat.deleted == []
    clock.move_to(NOON + TEN)
    await look(every, clock)
    assert chat.deleted == ["42 7"]
    clock.move_to(NOON + HOUR)
    await look(every, clock)
    await look(every, clock)
    assert chat.deleted == ["42 7", "42 8"]
    assert await every.due() is None


async def test_a_restart_forgets_no_deletion_and_the_store_does_not_say_in_which_chat_it_is(
    house: House, keys: Keys, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await deletions(Chat(), store, keys, clock).delete_later("4242424242 7", TEN)
    assert "4242424242" not in repr(house.rows("SELECT platform, what FROM errand"))
    clock.move_to(NOON + HOUR)
    chat = Chat()
    async with house.open(clock) as store:
        await look(deletions(chat, store, keys, clock), clock)
    assert chat.deleted == ["4242424242 7"]
    assert house.rows("SELECT * FROM errand") == []


async def test_each_platform_has_its_own_and_waits_until_it_can_be_reached(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    here, there = Chat(), deletions(None, store, keys, clock, "there")
    every = deletions(here, store, keys, clock)
    await every.delete_later("1 1", TEN)
    await there.delete_later("2 2", TEN)
    clock.move_to(NOON + TEN)
    await look(every, clock)
    assert await there.due() is None
    await there.run()
    assert here.deleted == ["1 1"]
    back = Chat()
    await look(deletions(back, store, keys, clock, "there"), clock)
    assert back.deleted == ["2 2"]


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (TryLater(), FIRST_WAIT),
        (TryLater(timedelta(seconds=90)), timedelta(seconds=90)),
        (PlatformDown(), FIRST_WAIT),
        (ZeroDivisionError(), FIRST_WAIT),  # a fault of ours: the others must not wait for it
    ],
)
async def test_what_fails_is_tried_again_and_keeps_no_other_waiting(
    store: Store, keys: Keys, clock: MovableClock, trouble: BaseException, wait: timedelta
) -> None:
    chat = Chat(trouble)
    every = deletions(chat, store, keys, clock)
    await every.delete_later("1 1", TEN)
    await every.delete_later("2 2", TEN)
    clock.move_to(NOON + TEN)
    await look(every, clock)
    assert chat.deleted == ["2 2"]
    assert await every.due() == NOON + TEN + wait
    clock.move_to(NOON + TEN + wait)
    await look(every, clock)
    assert chat.deleted == ["2 2", "1 1"]


async def test_waits_grow_to_ten_minutes(store: Store, keys: Keys, clock: MovableClock) -> None:
    every = deletions(Chat(*[TryLater()] * 12), store, keys, clock)
    await every.delete_later("1 1", TEN)
    waits = []
    while (due := await every.due()) is not None:
        clock.move_to(due)
        await look(every, clock)
        waits.append((await every.due() or due) - due)
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-2] == LONGEST_WAIT


async def test_what_somebody_else_has_deleted_is_done(store: Store, keys: Keys, clock: MovableClock) -> None:
    chat = Chat(RoomGone())
    every = deletions(chat, store, keys, clock)
    await every.delete_later("1 1", TEN)
    clock.move_to(NOON + TEN)
    await look(every, clock)
    assert await every.due() is None


async def test_an_deletion_that_cannot_be_written_down_is_kept_until_it_can(
    house: House, keys: Keys, clock: MovableClock
) -> None:
    async with house.open(clock):
        pass
    house.refuse("errand", "INSERT", "true")
    chat = Chat()
    async with house.open(clock) as store:
        every = deletions(chat, store, keys, clock)
        await every.delete_later("1 1", TEN)
        assert await every.due() == NOON
        with pytest.raises(NotRecorded):
            await every.run()
        await store._change("DROP TRIGGER refuse_errand")  # type: ignore[attr-defined]
        await every.run()
        clock.move_to(NOON + TEN)
        await look(every, clock)
    assert chat.deleted == ["1 1"]
