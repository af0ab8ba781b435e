from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import CorrectedClock, MovableClock
from bot.domain.errors import InDoubt, NotRecorded
from bot.domain.model import Announcement, Kind, Ruling, Walkout, Workplace
from bot.holds import Holds
from bot.keys import Keys, Person, open_keys
from bot.outbox import FIRST_WAIT, LONGEST_WAIT, MOST_IN_FLIGHT, Letter, Outbox, RoomGone, TryLater
from bot.scheduler import Job, Scheduler
from bot.storage.sqlite.news import PATIENCE
from bot.storage.store import Parcel, Room, Store
from bot.usecases import organizers
from bot.wiring import KEY_FILE
from tests.conftest import HOUR, NOON, OTHER_SHOP, SHOP, WALKOUT, opened, shops
from tests.storage.house import SqliteHouse

CITY = Room(walkout=WALKOUT, scope=None, platform="here", address="#city")


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
def house(data: Path) -> SqliteHouse:
    return SqliteHouse(data)


@pytest.fixture
async def store(house: SqliteHouse, clock: MovableClock) -> AsyncIterator[Store]:
    """An open walkout with a citywide room."""
    async with house.open(clock) as made:
        await made.add_walkout(opened(), shops(40, 40))
        await made.bind_room(CITY)
        yield made


async def announce(store: Store, *occasions: object, kind: Kind = Kind.REMINDER, **how: object) -> None:
    """Store these pieces of news, in this order."""
    news = tuple(Announcement(kind=kind, occasion=str(occasion), **how) for occasion in occasions)  # type: ignore[arg-type]

    def rule(walkout: Walkout, _places: Sequence[Workplace]) -> Ruling:
        return Ruling(walkout=walkout, announcements=news)

    await store.decide(WALKOUT, rule)


async def test_parcels_go_out_in_the_order_in_which_they_were_made(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post()
    many = 6 * MOST_IN_FLIGHT + 11  # more than are under way at a time
    await announce(store, *range(many))
    await announce(store, "last")
    await Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store)).deliver()

    assert post.took == [*(f"#city {n}" for n in range(many)), "#city last"]
    assert await store.unsettled(WALKOUT) == 0


async def test_a_parcel_is_sent_once_however_often_the_outbox_looks(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post()
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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
    await Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store)).deliver()

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
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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
    house: SqliteHouse, keys: Keys, clock: MovableClock
) -> None:
    post = Post()
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.bind_room(CITY)
        await announce(store, 1)
    house.refuse("heard", "INSERT", "(SELECT tally FROM walkout) = 0")
    async with house.open(clock) as store:
        outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
        with pytest.raises(NotRecorded):
            await outbox.deliver()
        clock.move_to(NOON + HOUR)

        def taken(walkout: Walkout, _places: Sequence[Workplace]) -> Ruling:
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
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
    await announce(store, 1, 2)
    await outbox.deliver()
    clock.move_to(NOON + 24 * HOUR)
    await outbox.deliver()

    assert post.took == ["#city 2"]
    assert await store.unsettled(WALKOUT) == 0


async def test_each_failure_makes_the_wait_longer_up_to_a_limit(store: Store, keys: Keys, clock: MovableClock) -> None:
    post = Post(*[TryLater()] * 12)
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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
    await store.bind_room(replace(CITY, platform="there", address="#there"))
    await announce(store, 1)
    outbox = Outbox("there", None, store, keys, clock, Holds(CorrectedClock(clock), store))
    await outbox.deliver()
    await Outbox("here", here, store, keys, clock, Holds(CorrectedClock(clock), store)).deliver()

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


async def test_a_crash_between_sending_and_settling_repeats_that_one_parcel_at_most(
    house: SqliteHouse, keys: Keys, clock: MovableClock
) -> None:
    before, after = Crashing(), Post()
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.bind_room(CITY)
        await announce(store, 1, 2, 3, 4)
        with pytest.raises(Crash):
            await Outbox("here", before, store, keys, clock, Holds(CorrectedClock(clock), store)).deliver()
    async with house.open(clock) as store:
        await Outbox("here", after, store, keys, clock, Holds(CorrectedClock(clock), store)).deliver()
        assert await store.unsettled(WALKOUT) == 0

    assert before.took == ["#city 1", "#city 2"]
    assert after.took == ["#city 2", "#city 3", "#city 4"]


async def test_what_somebody_had_claimed_waits_again_once_the_store_is_reopened(
    house: SqliteHouse, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        for room in (CITY, replace(CITY, address="#ciudad")):
            await store.bind_room(room)
        await announce(store, 1)
        claimed = await store.claim_parcels("here", now=NOON, limit=1)
        await store.postpone((await store.claim_parcels("here", now=NOON, limit=1))[0].id, until=NOON + HOUR)
    async with house.open(clock) as store:
        [again] = await store.claim_parcels("here", now=NOON, limit=10)

        assert again.id == claimed[0].id
        assert again.attempts == 2
        assert await store.next_parcel("here") == NOON + HOUR  # a postponed one keeps its time


async def test_parcels_whose_claim_was_in_doubt_and_stands_all_the_same_are_sent(
    store: Store, keys: Keys, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, claim_parcels = Post(), store.claim_parcels
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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


async def test_a_platforms_unforeseen_trouble_with_one_letter_keeps_no_other_from_going_out(
    store: Store, keys: Keys, clock: MovableClock
) -> None:
    post = Post(ZeroDivisionError())
    outbox = Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store))
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
    await Outbox("here", post, store, keys, clock, Holds(CorrectedClock(clock), store)).deliver()

    assert post.took == ["#shop 1"]
