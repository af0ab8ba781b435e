"""A notice is kept for whoever's pledge stands, goes with the pledge, and leads nowhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

import pytest

from bot.domain import rules
from bot.domain.errors import NotPledged, NotRecorded
from bot.domain.model import Announcement, CardState, Entry, Kind, Ruling, Stage, Unit, Walkout, WalkoutId
from bot.domain.pledging import Act
from bot.process.clock import MovableClock
from bot.storage.store import Delivery, Notice, Parcel, Room, Rule, Store
from tests.conftest import HOUR, NOON, OTHER_SHOP, PLEDGE_BY, SHOP, WALKOUT, draft, opened, shops
from tests.storage.house import (
    Hand,
    House,
    asks,
    fresh,
    pledges,
    short,
    standing,
    together,
    withdraws,
)

SEALED = 240
OTHER = WalkoutId("x4p9z")
CITY = Room(walkout=WALKOUT, scope=None, way="console", address="#city")


def locator(card: object) -> bytes:
    """Where the notice of this card's owner is."""
    return Hand(name=card, who="").notice(WALKOUT)


def notice(card: object, platform: str = "console", walkout: WalkoutId = WALKOUT) -> Notice:
    """A notice of this card's owner."""
    sealed = random.Random(str(card)).randbytes(SEALED)
    return Notice(locator=locator(card), walkout=walkout, way=platform, sealed=sealed)


async def ask(store: Store, card: object, who: object = "ana", platform: str = "console") -> bool:
    """Ask to be told."""
    return await store.add_notice(notice(card, platform), Hand(name=card, who=who))


async def told(store: Store, cards: Sequence[object]) -> list[object]:
    """Say which of these cards have a notice."""
    return [card for card in cards if await store.has_notice(locator(card))]


def says(*news: Announcement) -> Rule:
    """Make a rule that changes nothing and announces this."""

    def rule(walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
        return Ruling(walkout=walkout, announcements=news)

    return rule


async def claimed(store: Store, platform: str = "console", limit: int = 1000) -> list[Parcel]:
    """Claim what waits."""
    return await store.claim_parcels(platform, now=NOON + 30 * 24 * HOUR, limit=limit)


# --- who may ask ---


async def test_only_whoever_owns_a_standing_pledge_is_noted(store: Store) -> None:
    await store.apply(pledges(0))
    await store.apply(pledges(1))
    await store.apply(withdraws(1))

    assert not await ask(store, 0, "bo")  # somebody who has seen the card
    assert not await ask(store, 1)  # taken back
    assert not await ask(store, 2)  # never pledged
    assert not await ask(store, "no card")
    assert await told(store, range(3)) == []
    assert await ask(store, 0)
    assert await told(store, range(3)) == [0]


@pytest.mark.parametrize(
    ("stage", "noted"),
    [
        (Stage.OPEN, True),
        (Stage.ON, True),  # it can still be called off
        (Stage.LAPSED, False),
        (Stage.CALLED_OFF, False),
        (Stage.CLOSED, False),
    ],
)
async def test_nobody_is_noted_once_there_is_nothing_to_tell(store: Store, stage: Stage, noted: bool) -> None:  # noqa: FBT001  a table's column
    await store.apply(pledges(0))
    await store.decide(WALKOUT, lambda walkout, _: Ruling(walkout=replace(walkout, stage=stage)))

    assert await ask(store, 0) is noted


async def test_a_card_of_one_walkout_makes_no_notice_in_another(store: Store) -> None:
    await store.add_walkout(opened(OTHER), shops(40))
    await store.apply(pledges(0))

    assert not await store.add_notice(notice(0, walkout=OTHER), Hand(name=0, who="ana", walkouts=[OTHER]))


async def test_asking_again_changes_nothing(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(0)]})
        await store.apply(pledges(0))
        assert await ask(store, 0)
        again = replace(notice(0), sealed=bytes(SEALED))
        assert await store.add_notice(again, Hand(name=0, who="ana"))
    assert house.rows("SELECT sealed FROM notice") == [(notice(0).sealed,)]


async def test_a_notice_is_deleted_and_may_be_asked_for_again(store: Store) -> None:
    for card in range(3):
        await store.apply(pledges(card))
        await ask(store, card)
    for _ in range(2):
        await store.delete_notice(locator(1))
    assert await told(store, range(3)) == [0, 2]
    assert await ask(store, 1)
    assert await told(store, range(3)) == [0, 1, 2]


# --- it goes with the pledge ---


async def test_a_pledge_taken_back_takes_its_notice_along_and_nobody_elses(store: Store) -> None:
    await together(store, [pledges(n, n) for n in range(40)])
    for n in range(40):
        assert await ask(store, n, n)
    answers = await together(
        store,
        [
            *(withdraws(n, n) for n in range(0, 40, 2)),
            *(withdraws(n, "a stranger") for n in range(1, 40, 4)),  # who knows the code, and so the locator
            *(pledges(n, n) for n in range(3, 40, 4)),
        ],
    )

    assert [short(answer) for answer in answers[20:30]] == [(NotPledged, False)] * 10
    assert await told(store, range(40)) == list(range(1, 40, 2))


async def test_a_pledge_made_again_in_the_same_breath_has_no_notice(store: Store) -> None:
    await store.apply(pledges(0))
    await ask(store, 0)
    answers = await together(store, [withdraws(0), pledges(0)])

    assert [short(answer) for answer in answers] == [(CardState.WITHDRAWN, True), (CardState.PLEDGED, True)]
    assert await told(store, [0]) == []


async def test_where_the_notice_cannot_be_deleted_the_pledge_stays(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(0)]})
        await store.apply(pledges(0))
        await ask(store, 0)
    house.refuse("notice", "DELETE", "true")
    async with house.open(clock) as store:
        with pytest.raises(NotRecorded):
            await store.apply(withdraws(0))
        assert await standing(store) == [1]
        assert await told(store, [0]) == [0]


async def test_where_the_pledge_cannot_be_taken_back_the_notice_stays(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(4)]})
        for n in range(4):
            await store.apply(pledges(n, n))
            await ask(store, n, n)
    house.refuse("pledge", "UPDATE", f"new.key = x'{fresh(2).pledge.hex()}'")
    async with house.open(clock) as store:
        answers = await together(store, [withdraws(n, n) for n in range(1, 4)])

        assert [short(answer)[1] for answer in answers] == [True, False, True]
        assert await standing(store) == [2]
        assert await told(store, range(4)) == [0, 2]


async def test_with_open_entry_a_notice_goes_with_the_pledge_as_well(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(entry=Entry.OPEN), shops(40, 40))
        await store.apply(pledges("mine", enrol=SHOP))
        assert await ask(store, "mine")
        back = withdraws("mine")
        await together(store, [back, pledges("mine", enrol=OTHER_SHOP)])

        assert await standing(store) == [0, 1]
        assert await told(store, ["mine"]) == []


# --- it leads nowhere ---


async def test_no_column_of_a_notice_is_in_a_card_or_tells_a_time(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(40)]})
        for n in range(40):
            await store.apply(pledges(n, n))
            await ask(store, n, n)
    assert house.columns("notice") == ["locator", "walkout", "platform", "sealed"]
    cards = set(chain.from_iterable(house.rows("SELECT card.key, owner, pledge.key FROM card, pledge")))
    notices = set(chain.from_iterable(house.rows("SELECT locator, sealed FROM notice")))
    assert not cards & notices
    assert house.rows("SELECT DISTINCT length(locator), length(sealed) FROM notice") == [(32, SEALED)]


# --- what it is for ---


async def test_each_notice_gets_one_parcel_on_its_platform_after_the_rooms(store: Store) -> None:
    await store.bind_room(CITY)
    await store.bind_room(replace(CITY, scope=SHOP, address="#shop"))
    order = random.Random(1).sample(range(30), 30)
    for n in order:
        await store.apply(pledges(n, n))
        await ask(store, n, n, "console" if n % 3 else "telegram")
    on = Announcement(kind=Kind.ON, occasion="1")
    for _ in range(2):  # made twice, it is made once
        await store.decide(WALKOUT, says(on, replace(on, kind=Kind.WE_ARE_OUT, scope=SHOP, about=SHOP)))

    made = await claimed(store)
    assert [parcel.room for parcel in made[:2]] == ["#city", "#shop"]
    assert all(parcel.notice and parcel.room is None and parcel.news.kind is Kind.ON for parcel in made[2:])
    mine = [notice(n).sealed for n in range(30) if n % 3]
    told = [parcel.person for parcel in made[2:]]
    assert sorted(told, key=repr) == sorted(mine, key=repr)
    assert told != [notice(n).sealed for n in order if n % 3]  # who asked first is told whenever
    assert all(parcel.id < 0 for parcel in made[2:])  # numbered by chance: no gap among the others tells how many asked
    assert len(await claimed(store, "telegram")) == 10


@pytest.mark.parametrize("kind", list(Kind))
async def test_only_what_decides_about_their_day_is_told_privately(store: Store, kind: Kind) -> None:
    await store.apply(pledges(0))
    await ask(store, 0)
    await store.decide(WALKOUT, says(Announcement(kind=kind, occasion="1", scope=SHOP, about=SHOP)))
    assert await claimed(store) == []
    await store.decide(WALKOUT, says(Announcement(kind=kind, occasion="1")))
    decided = {Kind.ON, Kind.LAPSED, Kind.CALLED_OFF, Kind.LAST_WORD, Kind.LEFT, Kind.COMMITTEE_WORD}
    assert len(await claimed(store)) == (kind in decided | {Kind.TOMORROW, Kind.STARTS, Kind.SURVEY_OVER})


async def test_each_way_to_end_tells_each_once(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        for walkout, enough in ((WALKOUT, 5), (OTHER, 40)):
            await store.add_walkout(opened(walkout, citywide_threshold=enough), shops(40))
            await store.mint(walkout, {SHOP: [fresh(f"{walkout} {n}", walkout) for n in range(6)]})
            for n in range(6):
                card = f"{walkout} {n}"
                await store.apply(asks(Act.PLEDGE, card, n, walkouts=[walkout]))
                wish = notice(card, walkout=walkout)
                assert await store.add_notice(wish, Hand(name=card, who=n, walkouts=[walkout]))
        clock.move_to(NOON + HOUR)
        for walkout in (WALKOUT, OTHER):
            await store.decide(walkout, partial(rules.tally, now=clock()))
        on = await claimed(store)
        assert {(parcel.walkout, parcel.news.kind) for parcel in on} == {(WALKOUT, Kind.ON)}
        assert len(on) == 6
        clock.move_to(NOON + 2 * HOUR)  # nothing new
        await store.decide(WALKOUT, partial(rules.tally, now=clock()))
        await store.decide(WALKOUT, partial(rules.call_off, now=clock()))
        assert [parcel.news.kind for parcel in await claimed(store)] == [Kind.CALLED_OFF] * 6
        clock.move_to(PLEDGE_BY)
        await store.decide(OTHER, partial(rules.tally, now=clock()))
        assert [parcel.news.kind for parcel in await claimed(store)] == [Kind.LAPSED] * 6


async def test_a_draft_that_is_dropped_is_told_to_nobody(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(draft(), shops(40))
        await store.decide(WALKOUT, partial(rules.call_off, now=NOON))
        assert await claimed(store) == []


async def test_who_deletes_the_notice_while_its_parcel_waits_is_not_written_to(store: Store) -> None:
    for n in range(3):
        await store.apply(pledges(n, n))
        await ask(store, n, n)
    await store.decide(WALKOUT, says(Announcement(kind=Kind.ON, occasion="1")))
    await store.delete_notice(locator(0))
    await store.apply(withdraws(1, 1))

    people = [parcel.person for parcel in await claimed(store)]
    assert sorted(people, key=str) == sorted([None, None, notice(2).sealed], key=str)


async def test_rooms_and_organizers_go_before_notices_even_if_they_come_later_or_had_to_wait(store: Store) -> None:
    await store.bind_room(CITY)
    for n in range(5):
        await store.apply(pledges(n, n))
        await ask(store, n, n)
    await store.decide(WALKOUT, says(Announcement(kind=Kind.ON, occasion="1")))
    [first] = await claimed(store, limit=1)
    await store.postpone(first, until=NOON + HOUR)
    [before] = await store.claim_parcels("console", now=NOON, limit=1)
    assert before.notice  # the room must wait, so others go
    await store.settle(before, Delivery.SENT)
    later = Announcement(kind=Kind.REMINDER, occasion="2")
    await store.decide(WALKOUT, says(later))

    order = []
    for _ in range(3):
        [parcel] = await store.claim_parcels("console", now=NOON + HOUR, limit=1)
        await store.settle(parcel, Delivery.SENT)  # a room's own come one by one
        order.append(parcel)
    assert [(parcel.room, parcel.notice) for parcel in order] == [("#city", False), ("#city", False), (None, True)]
    assert [parcel.news.kind for parcel in order[:2]] == [Kind.ON, Kind.REMINDER]
