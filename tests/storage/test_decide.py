"""A ruling is stored as a whole: the walkout, its board, its news and their parcels, or nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.domain import rules
from bot.domain.errors import NoSuchWalkout, NotRecorded, WrongStage
from bot.domain.model import (
    Announcement,
    BoardLine,
    Counts,
    Entry,
    Kind,
    Ruling,
    Stage,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
    Words,
)
from bot.process.clock import MovableClock
from bot.storage.store import Delivery, Member, Parcel, Room, Rule, Store
from tests.conftest import HOUR, NOON, OTHER_SHOP, PLEDGE_BY, SHOP, WALKOUT, draft, opened, shops
from tests.storage.house import CLOSED, House, fresh, key, pledges, standing, together

CITY = Room(walkout=WALKOUT, scope=None, way="console", address="#city")
ROOMS = (
    CITY,
    Room(walkout=WALKOUT, scope=SHOP, way="console", address="#shop"),
    Room(walkout=WALKOUT, scope=OTHER_SHOP, way="console", address="#other"),
)
ANA = Member(id=key("ana"), way="console", address=b"sealed: ana", nickname=b"sealed: Ana")


async def furnish(store: Store, walkout: Walkout | None = None, rooms: Sequence[Room] = ROOMS) -> None:
    """Keep a walkout with cards, rooms and an organizer."""
    await store.add_walkout(walkout or opened(), shops(40, 40))
    await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(40)], OTHER_SHOP: [fresh(n) for n in range(40, 80)]})
    for room in rooms:
        await store.bind_room(room)
    await store.add_organizer(ANA)


def says(*news: Announcement) -> Rule:
    """Make a rule that changes nothing and announces this."""

    def rule(walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
        return Ruling(walkout=walkout, announcements=news)

    return rule


async def parcels(store: Store, *platforms: str) -> list[Parcel]:
    claimed: list[Parcel] = []
    for name in platforms or ("console",):
        while some := await store.claim_parcels(name, now=NOON, limit=1000):
            claimed += some
            for parcel in some:  # a room's are claimed one by one, each when the one before is there
                await store.settle(parcel, Delivery.SENT)
    return sorted(claimed, key=lambda parcel: parcel.id)


def addressed(sent: Sequence[Parcel]) -> list[tuple[str, str | bytes | None]]:
    return [(parcel.news.kind, parcel.room if parcel.room is not None else parcel.person) for parcel in sent]


# --- as a whole or not at all ---


async def test_a_rule_that_raises_stores_nothing_and_the_store_goes_on(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        with pytest.raises(WrongStage) as refused:
            await store.decide(WALKOUT, partial(rules.open_up, now=NOON))
        assert refused.value.stage is Stage.OPEN

        def broken(_walkout: Walkout, _places: Sequence[Unit]) -> Ruling:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.decide(WALKOUT, broken)

        assert await store.walkout(WALKOUT) == opened()
        assert await store.unsettled(WALKOUT) == 0
        assert (await store.apply(pledges(1))).changed


async def test_no_rule_is_asked_about_a_walkout_that_is_not_there(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        with pytest.raises(NoSuchWalkout) as refused:
            await store.decide(WALKOUT, says())
        assert refused.value.named == WALKOUT


async def test_what_a_tally_rules_is_kept_in_full(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store, opened(citywide_threshold=40, milestones=True))
        await together(store, [pledges(n, n) for n in range(12)])
        clock.move_to(NOON + HOUR)
        ruling = await store.decide(WALKOUT, partial(rules.tally, now=clock()))
        before = (await store.walkout(WALKOUT), await store.units(WALKOUT))
    async with house.open(clock) as store:
        walkout, places = await store.walkout(WALKOUT), await store.units(WALKOUT)

    assert (walkout, places) == before
    assert walkout == ruling.walkout
    assert (walkout.tally, walkout.tallied, walkout.next_tally) == (1, NOON + HOUR, NOON + 2 * HOUR)
    assert walkout.milestone == 0  # two workplaces have no line above them
    assert (places[0].standing, places[0].minted, places[0].told_ready) == (12, 40, True)
    assert places[0].line == BoardLine(reached=True, since=1, number=10, anchor=12)
    assert places[1].line == BoardLine()


async def test_every_field_of_a_walkout_survives_the_store(house: House, clock: MovableClock) -> None:
    walkout = replace(
        opened(
            title='A "day" for É and \U0001f9f9',
            city="New York",
            demands=("one", "two; or '3'"),
            legal_notice="Ask\nfirst",
            on_the_day="Meet at nine",
            citywide_counts=Counts.ALL,
            minimum_workplaces=2,
            confirm_tallies=3,
            tally_every=timedelta(minutes=90),
            entry=Entry.OPEN,
            approvals=4,
            milestones=True,
            reminders=(timedelta(days=7), timedelta(hours=1)),
            called_by="The committee",
            ends=PLEDGE_BY + timedelta(days=9),
            language="en",
            translations={"es": Words(title="Un día", demands=("Pan", "Rosas")), "fr": Words(ask="Qui ?")},
        ),
        tally=7,
        tallied=NOON,
        streak=2,
        milestone=3,
        reminded=NOON,
        ended=PLEDGE_BY,
        stage=Stage.LAPSED,
    )
    place = replace(shops(40)[0], name="Caf\u00e9 'é'", meet="at the door", meets={"es": "en la puerta"})
    async with house.open(clock) as store:
        await store.add_walkout(walkout, [place])
        assert await store.walkout(WALKOUT) == walkout
        assert await store.walkouts() == [walkout]
        assert await store.units(WALKOUT) == [place]
        assert await store.unit(WALKOUT, SHOP) == place
        ruled = replace(walkout, stage=Stage.CLOSED, tally=8, tallied=None, reminded=None, ended=None, streak=0)
        await store.decide(WALKOUT, lambda _walkout, _places: Ruling(walkout=ruled))
        assert await store.walkout(WALKOUT) == ruled


async def test_walkouts_are_listed_in_the_order_of_their_starts(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        for name, days in (("late1", 30), ("soon1", 10), ("mid11", 20)):
            await store.add_walkout(draft(WalkoutId(name), starts=NOON + timedelta(days=days)), shops(40))
        assert [walkout.id for walkout in await store.walkouts()] == ["soon1", "mid11", "late1"]


@pytest.mark.parametrize("table", ["parcel", "announcement"])
async def test_news_that_cannot_be_written_leave_the_walkout_as_it_was(
    house: House, clock: MovableClock, table: str
) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        await together(store, [pledges(n, n) for n in range(12)])
        before = (await store.walkout(WALKOUT), await store.units(WALKOUT))
    house.refuse(table, "INSERT", "new.kind = 'not_yet_out'")  # written after others were
    async with house.open(clock) as store:
        clock.move_to(NOON + HOUR)
        with pytest.raises(NotRecorded):
            await store.decide(WALKOUT, partial(rules.tally, now=clock()))

        assert (await store.walkout(WALKOUT), await store.units(WALKOUT)) == before
        assert await store.unsettled(WALKOUT) == 0
        # still due, so nobody's pledge slips in before it
        with pytest.raises(NotRecorded):
            await store.decide(WALKOUT, partial(rules.tally, now=clock()))
    assert house.rows("SELECT count(*) FROM announcement") == [(0,)]


# --- news and parcels ---


async def test_news_go_to_the_rooms_of_their_scope_and_to_nobody_else(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        await store.decide(
            WALKOUT,
            says(
                Announcement(kind=Kind.ON, occasion="1"),
                Announcement(kind=Kind.WE_ARE_OUT, occasion="1", scope=SHOP, about=SHOP),
            ),
        )
        sent = await parcels(store)

    assert addressed(sent) == [("on", "#city"), ("we_are_out", "#shop")]
    assert [(parcel.news.scope, parcel.news.about) for parcel in sent] == [(None, None), (SHOP, SHOP)]
    assert {parcel.person for parcel in sent} == {None}


async def test_organizers_hear_privately_only_what_is_meant_for_them(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        await store.add_organizer(replace(ANA, id=key("bo"), address=b"sealed: bo"))
        ready = Announcement(kind=Kind.WORKPLACE_READY, occasion="1", scope=SHOP, about=SHOP, to_organizers=True)
        await store.decide(WALKOUT, says(ready, Announcement(kind=Kind.MILESTONE, occasion="1", facts={"quarters": 2})))
        sent = await parcels(store)

    assert len(sent) == 4
    assert set(addressed(sent)) == {
        ("workplace_ready", "#shop"),
        ("workplace_ready", b"sealed: ana"),
        ("workplace_ready", b"sealed: bo"),
        ("milestone", "#city"),
    }
    assert [dict(parcel.news.facts) for parcel in sent if parcel.news.kind is Kind.MILESTONE] == [{"quarters": 2}]


async def test_the_rooms_of_another_walkout_hear_nothing(house: House, clock: MovableClock) -> None:
    other = WalkoutId("x4p9z")
    async with house.open(clock) as store:
        await furnish(store)
        await store.add_walkout(opened(other), shops(40))
        await store.bind_room(replace(CITY, walkout=other, address="#elsewhere"))
        await store.decide(WALKOUT, says(Announcement(kind=Kind.ON, occasion="1")))

        assert addressed(await parcels(store)) == [("on", "#city")]
        assert await store.unsettled(other) == 0


async def test_news_made_twice_are_stored_and_sent_once(house: House, clock: MovableClock) -> None:
    on = Announcement(kind=Kind.ON, occasion="1")
    async with house.open(clock) as store:
        await furnish(store)
        await store.decide(WALKOUT, says(on))
        await store.decide(WALKOUT, says(on, on))
        [sent] = await parcels(store)
        await store.settle(sent, Delivery.SENT)
        await store.decide(WALKOUT, says(on))

        assert await parcels(store) == []
        assert await store.unsettled(WALKOUT) == 0
    assert house.rows("SELECT kind, occasion FROM announcement") == [("on", "1")]


async def test_the_same_kind_of_news_on_another_occasion_is_news(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        for occasion in ("1", "2"):
            await store.decide(WALKOUT, says(Announcement(kind=Kind.REMINDER, occasion=occasion)))
        assert [parcel.news.occasion for parcel in await parcels(store)] == ["1", "2"]


async def test_one_chat_bound_to_several_scopes_hears_each(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store, rooms=[replace(room, address="#all") for room in ROOMS])
        await store.decide(
            WALKOUT, says(*(Announcement(kind=Kind.OPENED, occasion="0", scope=scope) for scope in (None, SHOP)))
        )
        assert addressed(await parcels(store)) == [("opened", "#all"), ("opened", "#all")]


async def test_a_room_bound_twice_hears_once_and_a_released_one_nothing(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        await store.bind_room(CITY)
        await store.decide(WALKOUT, says(Announcement(kind=Kind.REMINDER, occasion="1")))
        assert addressed(await parcels(store)) == [("reminder", "#city")]

        assert await store.release_room(WALKOUT, "console", "#city") is True
        assert await store.release_room(WALKOUT, "console", "#city") is False
        assert await store.release_room(WALKOUT, "telegram", "#shop") is False
        assert [room.address for room in await store.rooms(WALKOUT)] == ["#shop", "#other"]
        await store.decide(WALKOUT, says(Announcement(kind=Kind.REMINDER, occasion="2")))
        assert await parcels(store) == []


async def test_claimed_parcels_are_claimed_once_and_oldest_first(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        for n in range(7):
            await store.bind_room(replace(CITY, address=f"#{n}"))
        await store.decide(WALKOUT, says(Announcement(kind=Kind.REMINDER, occasion="1")))
        first = await store.claim_parcels("console", now=NOON, limit=3)
        rest = await store.claim_parcels("console", now=NOON, limit=100)

        numbers = [parcel.id for parcel in (*first, *rest)]
        assert numbers == sorted(numbers)
        assert {parcel.attempts for parcel in first} == {1}
        assert await store.claim_parcels("console", now=NOON, limit=100) == []
        assert await store.unsettled(WALKOUT) == 8


async def test_a_room_hears_its_news_in_order_and_keeps_no_other_room_waiting(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        for n in (1, 2):
            await store.decide(
                WALKOUT, says(*(Announcement(kind=Kind.REMINDER, occasion=str(n), scope=at) for at in (None, SHOP)))
            )

        async def take() -> list[Parcel]:
            return await store.claim_parcels("console", now=NOON, limit=100)

        first = await take()
        assert [(parcel.room, parcel.news.occasion) for parcel in first] == [("#city", "1"), ("#shop", "1")]
        await store.postpone(first[0], until=NOON + HOUR)
        await store.settle(first[1], Delivery.SENT)
        assert await store.next_parcel("console") == datetime.fromtimestamp(0, UTC)
        assert [(parcel.room, parcel.news.occasion) for parcel in await take()] == [("#shop", "2")]
        assert await store.next_parcel("console") == NOON + HOUR  # not that of the one behind it
        assert await take() == []


async def test_a_postponed_parcel_waits_until_its_time(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        await store.decide(WALKOUT, says(Announcement(kind=Kind.ON, occasion="1")))
        [parcel] = await parcels(store)
        assert await store.next_parcel("console") is None
        await store.postpone(parcel, until=NOON + HOUR)

        assert await store.next_parcel("console") == NOON + HOUR
        assert await store.next_parcel("telegram") is None
        assert await parcels(store) == []
        [again] = await store.claim_parcels("console", now=NOON + HOUR, limit=1)
        assert (again.id, again.attempts) == (parcel.id, 2)


async def test_organizers_are_known_by_their_mark_and_may_be_renewed(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        await store.add_organizer(replace(ANA, address=b"sealed: moved"))

        assert (await store.roles(key("ana"))).organizer
        assert not (await store.roles(key("bo"))).any
        await store.decide(WALKOUT, says(Announcement(kind=Kind.WORKPLACE_READY, occasion="1", to_organizers=True)))
        assert [parcel.person for parcel in await parcels(store) if parcel.room is None] == [b"sealed: moved"]


# --- the end ---


async def test_a_closed_walkout_keeps_its_news_and_nothing_of_its_people(house: House, clock: MovableClock) -> None:
    other = WalkoutId("x4p9z")
    async with house.open(clock) as store:
        await furnish(store)
        await store.add_walkout(opened(other), shops(40))
        await store.mint(other, {SHOP: [fresh("stays", other)]})
        await store.bind_room(replace(CITY, walkout=other))
        await together(store, [pledges(n, n) for n in range(12)])
        await store.decide(WALKOUT, says(Announcement(kind=Kind.ON, occasion="1")))
        await store.close(WALKOUT, CLOSED)

        closed = await store.walkout(WALKOUT)
        assert (closed.stage, closed.next_tally) == (Stage.CLOSED, None)
        assert await store.rooms(WALKOUT) == []
        assert await store.unsettled(WALKOUT) == 0
        assert [walkout.id for walkout in await store.walkouts()].count(WALKOUT) == 1
        assert len(await store.rooms(other)) == 1
    assert house.rows("SELECT card.key, pledge.key FROM card, pledge") == [fresh("stays", other)[:2]]
    assert house.rows("SELECT walkout, kind FROM announcement ORDER BY walkout") == [
        ("", "walkout_closed"),
        (WALKOUT, "on"),
    ]


async def test_a_workplace_nobody_drafted_is_told_as_such(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await furnish(store)
        assert await store.units(WalkoutId("nowhere")) == []
        with pytest.raises(NoSuchWalkout):
            await store.walkout(WalkoutId("nowhere"))
        with pytest.raises(NotRecorded):
            await store.mint(WALKOUT, {UnitId(99): [fresh("lost")]})
        assert await standing(store) == [0, 0]
