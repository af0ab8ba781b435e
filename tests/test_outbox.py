from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.delivery.outbox import FIRST_WAIT, FRESH_FOR, LONGEST_WAIT, MOST_IN_FLIGHT, Letter, Outbox, RoomGone, TryLater
from bot.domain.errors import Held, InDoubt, NotRecorded
from bot.domain.model import Announcement, Kind, Ruling, Stage, Unit, Walkout
from bot.guards.holds import Holds
from bot.process.clock import CorrectedClock, MovableClock
from bot.runtime.app import KEY_FILE
from bot.runtime.scheduler import Job, Scheduler
from bot.secrets.keys import Keys, Person, open_keys
from bot.storage.sql.news import PATIENCE
from bot.storage.store import Delivery, Parcel, Room, Store
from bot.usecases import organizers
from tests.conftest import HOUR, NOON, OTHER_SHOP, SHOP, WALKOUT, opened, shops
from tests.processes import PATIENCE_S
from tests.storage.house import House, house_in
from tests.stores import both_engines

pytestmark = both_engines

CITY = Room(walkout=WALKOUT, scope=None, way="here", address="#city")


def holds(store: Store, clock: MovableClock) -> Holds:
    return Holds(CorrectedClock(clock), store)


class Post:
    """A platform's way out: keeps what it took, and meets each letter with the next trouble in line."""

    def __init__(self, *troubles: BaseException | None) -> None:
        self.took: list[str] = []
        self.letters: list[Letter] = []
        self.troubles = list(troubles)

    async def send(self, letter: Letter) -> str:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None:
            raise trouble
        self.letters.append(letter)
        self.took.append(f"{letter.address} {letter.news.occasion}")
        return f"{letter.news.kind} in {letter.language or 'English'}"

    async def delete(self, what: str) -> None:
        raise NotImplementedError


@pytest.fixture
def keys(data: Path) -> Keys:
    return open_keys(data / KEY_FILE, database=data / "no database yet")


@pytest.fixture
def house(data: Path) -> House:
    return house_in(data)


@pytest.fixture
async def store(house: House, clock: MovableClock) -> AsyncIterator[Store]:
    """An open walkout with a citywide room."""
    async with house.open(clock) as made:
        await made.add_walkout(opened(), shops(40, 40))
        await made.bind_room(CITY)
        yield made


async def announce(store: Store, *occasions: object, kind: Kind = Kind.REMINDER, **how: object) -> None:
    """Store these pieces of news, in this order."""
    news = tuple(Announcement(kind=kind, occasion=str(occasion), **how) for occasion in occasions)  # type: ignore[arg-type]

    def rule(walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
        return Ruling(walkout=walkout, announcements=news)

    await store.decide(WALKOUT, rule)


async def test_parcels_go_out_in_the_order_in_which_they_were_made(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post()
    many = 6 * MOST_IN_FLIGHT + 11  # more than are under way at a time
    await announce(store, *range(many))
    await announce(store, "last")
    await Outbox("here", post, store, keys, clock, holds(store, clock)).deliver()

    assert post.took == [*(f"#city {n}" for n in range(many)), "#city last"]
    assert await store.unsettled(WALKOUT) == 0


async def test_a_parcel_is_sent_once_however_often_the_outbox_looks(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post()
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await announce(store, 1)
    for _ in range(3):
        await outbox.deliver()
        clock.move_to(clock() + HOUR)

    assert post.took == ["#city 1"]
    assert await outbox.due() is None


async def test_a_letter_holds_all_that_a_platform_needs(store: Store, keys: Keys, clock: MovableClock) -> None:
    post = Post()
    await store.bind_room(replace(CITY, scope=OTHER_SHOP, address="#other"))
    await organizers.add(Person("here", "olga"), "Olga", store, keys)
    await announce(store, 1, kind=Kind.WORKPLACE_READY, scope=OTHER_SHOP, about=OTHER_SHOP, to_organizers=True)
    await Outbox("here", post, store, keys, clock, holds(store, clock)).deliver()

    assert sorted((letter.address, letter.private) for letter in post.letters) == [("#other", False), ("olga", True)]
    for letter in post.letters:
        assert letter.walkout == opened()
        assert letter.about is not None
        assert letter.about.name == "Shop 2"
        assert letter.news.kind is Kind.WORKPLACE_READY


async def test_what_a_room_heard_can_be_verified_with_its_own_words_and_what_a_person_was_told_cannot(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post(None, TryLater(), None, RoomGone())
    await store.bind_room(replace(CITY, address="#ciudad", language="es"))
    await store.bind_room(replace(CITY, scope=OTHER_SHOP, address="#other"))
    await organizers.add(Person("here", "olga"), "Olga", store, keys)
    await announce(store, 1, kind=Kind.CALLED_OFF, to_organizers=True)
    await announce(store, 1, kind=Kind.CALLED_OFF, scope=OTHER_SHOP, about=OTHER_SHOP)
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await outbox.deliver()  # the second room is not reached, the workplace's is gone
    first = post.letters[0].news.reference
    [private] = [letter for letter in post.letters if letter.private]
    heard_at_once = await store.statement(first)
    clock.move_to(NOON + HOUR)
    await outbox.deliver()
    heard_later = await store.statement(first)

    assert heard_at_once is not None
    assert heard_later is not None
    assert (heard_at_once.said, heard_later.said) == (NOON, NOON)
    assert heard_at_once.words == {"en": "called_off in English"}
    assert heard_later.words == {"en": "called_off in English", "es": "called_off in es"}
    assert private.news.reference == first  # the same news; but what this person was told is kept nowhere
    with_words = [letter for letter in post.letters if not letter.private]
    assert {letter.address for letter in with_words} == {"#city", "#ciudad"}


async def test_what_could_not_be_written_down_at_once_is_verified_with_the_instant_at_which_it_was_said(
    house: House, keys: Keys, clock: MovableClock
) -> None:
    post = Post()
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.bind_room(CITY)
        await announce(store, 1)
    house.refuse("heard", "INSERT", "(SELECT tally FROM walkout) = 0")
    async with house.open(clock) as store:
        outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
        with pytest.raises(NotRecorded):
            await outbox.deliver()
        clock.move_to(NOON + HOUR)

        def taken(walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
            return Ruling(walkout=replace(walkout, tally=1))

        await store.decide(WALKOUT, taken)  # the house refuses no more
        await outbox.deliver()
        found = await store.statement(post.letters[0].news.reference)

    assert found is not None
    assert (found.said, post.took) == (NOON, ["#city 1"])


async def test_a_room_that_is_gone_is_settled_and_the_others_still_hear(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post(RoomGone())
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await announce(store, 1, 2)
    await outbox.deliver()
    clock.move_to(NOON + 24 * HOUR)
    await outbox.deliver()

    assert post.took == ["#city 2"]
    assert await store.unsettled(WALKOUT) == 0


async def test_each_failure_makes_the_wait_longer_up_to_a_limit(store: Store, keys: Keys, clock: MovableClock) -> None:
    post = Post(*[TryLater()] * 12)
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await announce(store, 1)
    waits: list[timedelta] = []
    while not post.took:
        await outbox.deliver()
        due = await outbox.due()
        if due is not None:
            waits.append(due - clock())
            clock.move_to(due - timedelta(microseconds=1))
            await outbox.deliver()  # too early: nothing happens
            clock.move_to(due)

    assert waits == [min(FIRST_WAIT * 2**n, LONGEST_WAIT) for n in range(12)]
    assert max(waits) == LONGEST_WAIT
    assert post.took == ["#city 1"]


async def test_the_platforms_own_wait_is_kept_to(store: Store, keys: Keys, clock: MovableClock) -> None:
    post = Post(TryLater(timedelta(seconds=37)), TryLater(2 * HOUR))
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await announce(store, 1)
    await outbox.deliver()
    assert await outbox.due() == NOON + timedelta(seconds=37)

    clock.move_to(NOON + timedelta(seconds=37))
    await outbox.deliver()
    assert await outbox.due() == clock() + 2 * HOUR


async def test_a_room_hears_its_news_in_order_while_others_need_not_wait_for_it(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post(TryLater())
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await store.bind_room(replace(CITY, scope=OTHER_SHOP, address="#other"))
    await announce(store, 1, kind=Kind.LOOK_AGAIN)
    await announce(store, 1, kind=Kind.LOOK_AGAIN, scope=OTHER_SHOP, about=OTHER_SHOP)
    await announce(store, 2, kind=Kind.REMINDER)
    await outbox.deliver()
    assert post.took == ["#other 1"]
    assert await outbox.due() == NOON + FIRST_WAIT

    clock.move_to(NOON + FIRST_WAIT)
    await outbox.deliver()
    assert post.took == ["#other 1", "#city 1", "#city 2"]


async def test_a_letter_that_is_never_taken_holds_its_room_up_for_an_hour_at_most(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post(*[TryLater()] * PATIENCE)
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await announce(store, 1, 2)
    while not post.took:
        await outbox.deliver()
        due = await outbox.due()
        clock.move_to(clock() if due is None else due)

    assert post.took == ["#city 2"]
    assert clock() - NOON < HOUR


async def test_parcels_for_a_platform_that_does_not_run_stay_waiting(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    here, there = Post(), Post()
    await store.bind_room(replace(CITY, way="there", address="#there"))
    await announce(store, 1)
    outbox = Outbox("there", None, store, keys, clock, holds(store, clock))
    await outbox.deliver()
    await Outbox("here", here, store, keys, clock, holds(store, clock)).deliver()

    assert here.took == ["#city 1"]
    assert await outbox.due() is None  # nothing that it could do
    assert await store.unsettled(WALKOUT) == 1

    outbox.sender = there
    await outbox.deliver()
    assert (here.took, there.took) == (["#city 1"], ["#there 1"])


class Crash(BaseException):
    """The process is gone; what was sent was sent."""


class Crashing(Post):
    """Takes the second letter, and is gone."""

    async def send(self, letter: Letter) -> str:
        words = await super().send(letter)
        if letter.news.occasion == "2":
            raise Crash
        return words


@pytest.mark.sqlite_only("opening it frees what was claimed; elsewhere taking the lease does")
async def test_a_crash_between_sending_and_settling_repeats_that_one_parcel_at_most(
    house: House, keys: Keys, clock: MovableClock
) -> None:
    before, after = Crashing(), Post()
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.bind_room(CITY)
        await announce(store, 1, 2, 3, 4)
        with pytest.raises(Crash):
            await Outbox("here", before, store, keys, clock, holds(store, clock)).deliver()
    async with house.open(clock) as store:
        await Outbox("here", after, store, keys, clock, holds(store, clock)).deliver()
        assert await store.unsettled(WALKOUT) == 0

    assert before.took == ["#city 1", "#city 2"]
    assert after.took == ["#city 2", "#city 3", "#city 4"]


class Far(Post):
    """A platform so far away that no answer comes before it is let come; each letter has its turn at once."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: list[str] = []
        self.most = 0
        self.doubled: list[str] = []  #: who was sent a letter while another one to them was under way
        self.answering = asyncio.Event()

    async def send(self, letter: Letter) -> str:
        letter.leaves()
        self.doubled += {letter.address}.intersection(self.under_way)
        self.under_way.append(letter.address)
        self.most = max(self.most, len(self.under_way))
        words = await super().send(letter)
        await self.answering.wait()
        self.under_way.remove(letter.address)
        return words

    async def reached_by(self, number: int) -> None:
        """Wait until so many letters are under way."""
        await until(lambda: len(self.under_way) >= number)


async def while_others_go_on(store: Store) -> None:
    """Let pass what an outbox needs to take whatever it would take."""
    for _ in range(20):
        await store.next_parcel("here")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  nothing says when
            await asyncio.sleep(0)


async def test_while_answers_are_waited_for_other_rooms_are_told_but_so_many_at_the_most_and_each_in_order(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    far = Far()
    rooms = [f"#{number}" for number in range(MOST_IN_FLIGHT + 8)]
    for room in rooms:
        await store.bind_room(replace(CITY, address=room))
    await announce(store, 1, 2, 3)
    delivering = asyncio.create_task(Outbox("here", far, store, keys, clock, holds(store, clock)).deliver())
    await far.reached_by(MOST_IN_FLIGHT)
    assert (
        len(await store.claim_parcels("here", now=NOON, limit=999)) == 9
    )  # nothing was taken beyond what is under way
    await store.unclaim_parcels("here", but=range(MOST_IN_FLIGHT + 1))
    far.answering.set()
    await delivering

    assert (far.most, far.doubled) == (MOST_IN_FLIGHT, [])
    for room in ("#city", *rooms):
        assert [told for told in far.took if told.startswith(f"{room} ")] == [f"{room} {n}" for n in (1, 2, 3)]
    assert await store.unsettled(WALKOUT) == 0


async def test_the_next_parcel_is_taken_only_once_the_one_before_has_had_its_turn(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    turns: list[Callable[[], None]] = []
    answering = asyncio.Event()

    class Busy(Post):
        async def send(self, letter: Letter) -> str:
            turns.append(letter.leaves)
            words = await super().send(letter)
            await answering.wait()
            return words

    await store.bind_room(replace(CITY, address="#ciudad"))
    await store.bind_room(replace(CITY, address="#ville"))
    await announce(store, 1)
    post = Busy()
    delivering = asyncio.create_task(Outbox("here", post, store, keys, clock, holds(store, clock)).deliver())
    for under_way in (1, 2):
        await until(lambda: len(turns) >= under_way)  # noqa: B023  awaited here
        await while_others_go_on(store)
        assert await store.next_parcel("here") is not None  # it is still there, however long nobody has a turn
        assert len(post.took) == under_way
        turns[-1]()
    answering.set()
    await delivering
    assert post.took == ["#city 1", "#ciudad 1", "#ville 1"]


async def test_a_person_hears_one_letter_after_the_other_whatever_they_are_sent_as(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    far = Far()
    outbox = Outbox("here", far, store, keys, clock, holds(store, clock))
    await organizers.add(Person("here", "olga"), "Olga", store, keys)
    to_her = (("here", keys.seal("olga")),)
    await announce(store, 1, to_rooms=False, to_organizers=True)
    await announce(store, 2, 3, to_rooms=False, to=to_her)
    await announce(store, 4)
    delivering = asyncio.create_task(outbox.deliver())
    await far.reached_by(1)
    await while_others_go_on(store)
    far.answering.set()
    await delivering
    assert far.doubled == []
    assert far.took == ["olga 1", "olga 2", "olga 3", "#city 4"]


async def test_what_is_under_way_when_the_bot_is_held_up_is_not_sent_again_and_what_is_not_yet_waits(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    far, held = Far(), holds(store, clock)
    outbox = Outbox("here", far, store, keys, clock, held)
    await announce(store, 1)
    for occasion in (2, 3):  # the second is taken, and waits for the first
        await announce(store, occasion, to_rooms=False, to=(("here", keys.seal("olga")),))
    delivering = asyncio.create_task(outbox.deliver())
    await far.reached_by(2)
    await while_others_go_on(store)
    held.stop("here")
    async with asyncio.timeout(PATIENCE_S):
        while not (waits := await store.claim_parcels("here", now=NOON, limit=99)):
            pass
    assert [(parcel.news.occasion, parcel.attempts) for parcel in waits] == [("3", 1)]
    await store.postpone(waits[0], until=NOON)
    far.answering.set()
    with pytest.raises(Held):
        await delivering
    held.lift("here")
    await outbox.deliver()
    assert far.took == ["#city 1", "olga 2", "olga 3"]
    assert await store.unsettled(WALKOUT) == 0


class Limited(Post):
    """A platform that gives nobody a turn before it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.takes = asyncio.Event()

    async def send(self, letter: Letter) -> str:
        self.asked += 1
        await self.takes.wait()
        letter.leaves()
        return await super().send(letter)


async def test_a_letter_that_was_so_when_it_was_taken_and_no_more_when_it_has_its_turn_is_not_sent(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    limited = Limited()
    await announce(store, 1, kind=Kind.REMINDER)
    delivering = asyncio.create_task(Outbox("here", limited, store, keys, clock, holds(store, clock)).deliver())
    await until(lambda: limited.asked == 1)
    clock.move_to(NOON + LONGEST_WAIT)  # the platform has asked for it

    def called_off(walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
        news = (Announcement(kind=Kind.CALLED_OFF, occasion="2"),)
        return Ruling(walkout=replace(walkout, stage=Stage.CALLED_OFF), announcements=news)

    await store.decide(WALKOUT, called_off)
    limited.takes.set()
    await delivering
    assert limited.took == ["#city 2"]
    assert await store.unsettled(WALKOUT) == 0


async def test_a_letter_that_has_its_turn_only_when_the_bot_is_held_up_waits(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    limited, held = Limited(), holds(store, clock)
    outbox = Outbox("here", limited, store, keys, clock, held)
    await announce(store, 1)
    delivering = asyncio.create_task(outbox.deliver())
    await until(lambda: limited.asked == 1)
    held.stop("here")
    clock.move_to(NOON + FRESH_FOR + timedelta(seconds=1))
    limited.takes.set()
    with pytest.raises(Held):
        await delivering
    assert limited.took == []
    held.lift("here")
    await outbox.deliver()
    assert limited.took == ["#city 1"]
    assert {letter.attempts for letter in limited.letters} == {1}


@pytest.mark.sqlite_only("opening it frees what was claimed; elsewhere taking the lease does")
async def test_a_crash_repeats_to_each_room_the_one_that_it_heard_last_and_nothing_else(
    house: House, keys: Keys, clock: MovableClock
) -> None:
    class Gone(Far):
        async def send(self, letter: Letter) -> str:
            await super().send(letter)
            raise Crash

    before, after = Gone(), Post()
    rooms = [f"#{number}" for number in range(5)]
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        for room in rooms:
            await store.bind_room(replace(CITY, address=room))
        await announce(store, 1, 2)
        delivering = asyncio.create_task(Outbox("here", before, store, keys, clock, holds(store, clock)).deliver())
        await before.reached_by(len(rooms))
        before.answering.set()
        with pytest.raises(Crash):
            await delivering
    async with house.open(clock) as store:
        await Outbox("here", after, store, keys, clock, holds(store, clock)).deliver()

    assert sorted(before.took) == [f"{room} 1" for room in rooms]
    assert sorted(after.took) == sorted(f"{room} {n}" for room in rooms for n in (1, 2))


async def test_what_was_under_way_while_the_store_could_not_write_is_sent_once_to_each(
    house: House, keys: Keys, clock: MovableClock
) -> None:
    far = Far()
    rooms = [f"#{number}" for number in range(5)]
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        for room in rooms:
            await store.bind_room(replace(CITY, address=room))
        await announce(store, 1)
    house.refuse("heard", "INSERT", "(SELECT tally FROM walkout) = 0")
    async with house.open(clock) as store:
        outbox = Outbox("here", far, store, keys, clock, holds(store, clock))
        delivering = asyncio.create_task(outbox.deliver())
        await far.reached_by(len(rooms))
        far.answering.set()
        with pytest.raises(NotRecorded):
            await delivering
        with pytest.raises(NotRecorded):
            await outbox.deliver()
        assert await store.unsettled(WALKOUT) == len(rooms)

        def taken(walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
            return Ruling(walkout=replace(walkout, tally=1))

        await store.decide(WALKOUT, taken)  # the house refuses no more
        await outbox.deliver()
        assert await store.unsettled(WALKOUT) == 0
    assert sorted(far.took) == [f"{room} 1" for room in rooms]


@pytest.mark.sqlite_only("opening it frees what was claimed; elsewhere taking the lease does")
async def test_what_somebody_had_claimed_waits_again_once_the_store_is_reopened(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        for room in (CITY, replace(CITY, address="#ciudad")):
            await store.bind_room(room)
        await announce(store, 1)
        claimed = await store.claim_parcels("here", now=NOON, limit=1)
        await store.postpone((await store.claim_parcels("here", now=NOON, limit=1))[0], until=NOON + HOUR)
    async with house.open(clock) as store:
        [again] = await store.claim_parcels("here", now=NOON, limit=10)

        assert again.id == claimed[0].id
        assert again.attempts == 2
        assert await store.next_parcel("here") == NOON + HOUR  # a postponed one keeps its time


@pytest.mark.sqlite_only("its numbers are used again")
@pytest.mark.parametrize("became", [Delivery.SENT, None])
async def test_what_became_of_a_letter_to_somebody_who_was_removed_meanwhile_is_said_of_no_other_letter(
    store: Store, keys: Keys, clock: MovableClock, became: Delivery | None
) -> None:
    for name in ("olga", "omar"):
        await organizers.add(Person("here", name), name, store, keys)
    await announce(store, 1, to_rooms=False, to_organizers=True)
    stays, leaves = sorted(await store.claim_parcels("here", now=NOON, limit=9), key=lambda parcel: parcel.id)
    await store.settle(stays, Delivery.SENT)
    assert leaves.member is not None
    await store.remove_organizer(leaves.member)
    await announce(store, 2, to_rooms=False, to_organizers=True)
    if became is None:
        await store.postpone(leaves, until=NOON + HOUR)
    else:
        await store.settle(leaves, became)
    [new] = await store.claim_parcels("here", now=NOON, limit=9)
    assert (new.id, new.news.occasion) == (leaves.id, "2")  # SQLite gives a number anew


async def test_a_chat_that_became_one_that_is_bound_as_well_hears_everything_once(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    old, new = CITY.address, "#new city"

    class Moving(Post):
        async def send(self, letter: Letter) -> str:
            if letter.address == old:
                await store.move_room("here", old, new)
                raise TryLater(timedelta(0))
            return await super().send(letter)

    post = Moving()
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await announce(store, 1)
    await store.bind_room(replace(CITY, address=new))
    await announce(store, 2)
    async with asyncio.timeout(PATIENCE_S):
        await outbox.deliver()
    assert post.took == [f"{new} 1", f"{new} 2"]
    assert [room.address for room in await store.rooms(WALKOUT)] == [new]
    assert await store.unsettled(WALKOUT) == 0


async def test_parcels_whose_claim_was_in_doubt_and_stands_all_the_same_are_sent(
    store: Store, keys: Keys, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, claim_parcels = Post(), store.claim_parcels
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    await announce(store, 1, 2)

    async def claimed_for_nobody(
        platform: str, *, now: datetime, limit: int, only: Collection[Kind] | None = None
    ) -> list[Parcel]:
        await claim_parcels(platform, now=now, limit=limit, only=only)
        raise InDoubt

    with monkeypatch.context() as trouble:
        trouble.setattr(store, "claim_parcels", claimed_for_nobody)
        with pytest.raises(InDoubt):
            await outbox.deliver()
    assert await outbox.due() is not None
    await outbox.deliver()

    assert post.took == ["#city 1", "#city 2"]


async def test_what_was_put_back_is_sent_once_where_it_was_in_doubt_whether_it_was_put_back(
    store: Store, keys: Keys, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, held, unclaim_parcels = Far(), holds(store, clock), store.unclaim_parcels
    outbox = Outbox("here", far, store, keys, clock, held)
    for occasion in (1, 2):  # the second is taken, and waits for the first
        await announce(store, occasion, to_rooms=False, to=(("here", keys.seal("olga")),))
    delivering = asyncio.create_task(outbox.deliver())
    await far.reached_by(1)
    await while_others_go_on(store)

    async def put_back_and_not_known(platform: str, *, but: Collection[int]) -> None:
        await unclaim_parcels(platform, but=but)
        raise InDoubt

    with monkeypatch.context() as trouble:
        trouble.setattr(store, "unclaim_parcels", put_back_and_not_known)
        held.stop("here")
        await while_others_go_on(store)
        far.answering.set()
        with pytest.raises(InDoubt):
            await delivering
    held.lift("here")
    far.answering.clear()
    delivering = asyncio.create_task(outbox.deliver())
    await far.reached_by(1)
    await while_others_go_on(store)  # nothing hands it out again meanwhile
    far.answering.set()
    await delivering

    assert far.took == ["olga 1", "olga 2"]
    assert await store.unsettled(WALKOUT) == 0


async def test_a_platforms_unforeseen_trouble_with_one_letter_keeps_no_other_from_going_out(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post(ZeroDivisionError())
    outbox = Outbox("here", post, store, keys, clock, holds(store, clock))
    scheduler = Scheduler([Job(name="deliver", due=outbox.due, run=outbox.deliver)], clock)
    await announce(store, 1, 2, 3)
    for _ in range(3):
        await scheduler.run_due()
        clock.move_to(clock() + LONGEST_WAIT)

    assert sorted(post.took) == ["#city 1", "#city 2", "#city 3"]
    assert await store.unsettled(WALKOUT) == 0


async def test_news_of_a_workplace_reach_its_own_room_only(store: Store, keys: Keys, clock: MovableClock) -> None:
    post = Post()
    await store.bind_room(replace(CITY, scope=SHOP, address="#shop"))
    await store.bind_room(replace(CITY, scope=OTHER_SHOP, address="#other"))
    await announce(store, 1, kind=Kind.WORKPLACE_READY, scope=SHOP, about=SHOP)
    await Outbox("here", post, store, keys, clock, holds(store, clock)).deliver()

    assert post.took == ["#shop 1"]
