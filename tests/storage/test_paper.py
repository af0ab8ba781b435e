"""Cards that were approved are made once; voided ones are gone but for their owners, and how many shows nowhere."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from bot.domain import rules
from bot.domain.errors import BeyondHeadcount, CardRecalled, UnknownCard
from bot.domain.model import Announcement, CardState, Kind, UnitId
from bot.domain.roles import Became, Deed, Matter, Proposal
from bot.process.clock import MovableClock
from bot.storage.store import Note, Store, Voiding
from tests.conftest import HOUR, NOON, OTHER_SHOP, SHOP, WALKOUT, opened, shops
from tests.storage.house import House, fresh, looks, minted, pledges, standing, together, verdict, withdraws

NOTE = Note(deed=Deed.PRINTED, by=b"olga", walkout=WALKOUT)


async def granted(store: Store, number: str = "P1") -> None:
    """Keep a proposal that was approved."""
    proposal = Proposal(
        id=number,
        matter=Matter.MINT,
        walkout=WALKOUT,
        content=b"sealed",
        key=number.encode(),
        about=b"",
        proposer=b"olga",
        until=NOON + timedelta(days=1),
    )
    note = Note(deed=Deed.PROPOSED, by=b"olga", walkout=WALKOUT)
    await store.propose(proposal, None, note, now=NOON)
    await store.conclude(number, Became.GRANTED, None, note, expected=Became.OPEN)


async def issued(store: Store) -> list[int]:
    return [place.issued for place in await store.units(WALKOUT)]


async def deeds(store: Store) -> int:
    return sum(each.deed is Deed.PRINTED for each in await store.noted(walkout=WALKOUT, before=None, limit=100))


async def test_however_often_an_approval_is_used_its_cards_are_made_once(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40, 40))
        await granted(store)
        tries = [store.mint_approved("P1", WALKOUT, {SHOP: [fresh(n), fresh(-n)]}, NOTE) for n in range(1, 5)]
        assert sorted(await asyncio.gather(*tries)) == [False, False, False, True]
        assert (await minted(store), await issued(store)) == ([2, 0], [2, 0])
        proposal = await store.proposal("P1")
        assert proposal is not None
        assert proposal.became is Became.DONE
        assert await deeds(store) == 1
        assert (await store.latest(b"P1", Became.DONE)) == proposal
        assert await store.latest(b"P2", Became.DONE) is None


async def test_cards_beyond_the_head_count_leave_the_approval_as_it_was(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(5, 40))
        await granted(store)
        with pytest.raises(BeyondHeadcount):
            await store.mint_approved("P1", WALKOUT, {SHOP: [fresh(n) for n in range(6)]}, NOTE)
        assert (await minted(store), await deeds(store)) == ([0, 0], 0)
        assert await store.mint_approved("P1", WALKOUT, {SHOP: [fresh(n) for n in range(5)]}, NOTE)


@pytest.mark.parametrize("became", [Became.OPEN, Became.REFUSED, Became.DONE])
async def test_without_an_approval_no_card_is_made(house: House, clock: MovableClock, became: Became) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await granted(store)
        await store.conclude("P1", became, None, NOTE, expected=Became.GRANTED)
        assert not await store.mint_approved("P1", WALKOUT, {SHOP: [fresh(1)]}, NOTE)
        assert not await store.mint_approved("P9", WALKOUT, {SHOP: [fresh(1)]}, NOTE)
        assert await minted(store) == [0]


def voiding(clock: MovableClock, place: UnitId, *, recalls: bool = False) -> Voiding:
    """Say what ends a workplace's cards."""
    kind = Kind.CARDS_RECALLED if recalls else Kind.CARDS_VOIDED
    news = Announcement(kind=kind, occasion="1", scope=place, about=place)
    return Voiding(unit=place, at=clock(), recalls=recalls, news=news)


async def void(store: Store, clock: MovableClock, place: UnitId, *, recalls: bool = False) -> bool:
    """Have it approved, and carry it out."""
    number = f"V{place}{clock().timestamp()}"
    await granted(store, number)
    await store.conclude(number, Became.OPEN, None, NOTE, expected=Became.GRANTED)
    decided = Announcement(kind=Kind.DECIDED, occasion=number, to_rooms=False, to_organizers=True)
    return await store.void_approved(number, WALKOUT, voiding(clock, place, recalls=recalls), decided, NOTE)


async def test_voiding_ends_every_card_for_all_but_its_owner_and_counts_what_the_board_says(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(citywide_threshold=60), shops(40, 40, threshold=20))
        await store.mint(
            WALKOUT, {SHOP: [fresh(n) for n in range(40)], OTHER_SHOP: [fresh(n) for n in range(100, 140)]}
        )
        await together(store, [pledges(n, n) for n in range(13)])
        await together(store, [pledges(n, n) for n in range(100, 125)])
        assert await void(store, clock, SHOP)
        assert (await minted(store), await issued(store)) == ([40, 40], [0, 40])  # nothing is published yet

        clock.move_to(NOON + HOUR)
        await store.decide(WALKOUT, partial(rules.tally, now=clock()))
        assert await void(store, clock, SHOP)
        assert await void(store, clock, OTHER_SHOP)
        assert (await minted(store), await issued(store)) == ([40, 40], [10, 20])
        assert await standing(store) == [13, 25]
        assert await verdict(store.apply(looks(30))) == (UnknownCard, False)
        assert await verdict(store.apply(looks(3))) == (UnknownCard, False)
        assert await verdict(store.apply(looks(3, 3))) == (CardState.PLEDGED, False)
        with pytest.raises(BeyondHeadcount) as refused:
            await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(200, 231)]})
        assert refused.value.minted == 10
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(200, 230)]})
        assert await issued(store) == [40, 20]


async def test_what_was_approved_ends_cards_once_and_never_those_printed_since(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(10)]})
        await granted(store, "V")
        decided = Announcement(kind=Kind.DECIDED, occasion="V", to_rooms=False, to_organizers=True)
        assert not await store.void_approved("V", WALKOUT, voiding(clock, SHOP), decided, NOTE)
        assert await verdict(store.apply(looks(1))) == (None, False)

        assert await void(store, clock, SHOP)
        await store.mint(WALKOUT, {SHOP: [fresh("new")]})
        number = f"V{SHOP}{clock().timestamp()}"
        assert not await store.void_approved(number, WALKOUT, voiding(clock, SHOP), decided, NOTE)
        assert await verdict(store.apply(looks("new"))) == (None, False)
        [place] = await store.units(WALKOUT)
        assert place.voided == clock()


async def test_who_has_pledged_keeps_a_voided_card_for_good(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(3)]})
        await together(store, [pledges(0), pledges(1), withdraws(1)])
        await void(store, clock, SHOP)
        for act, card, became in (
            (looks, 0, (CardState.PLEDGED, False)),
            (withdraws, 0, (CardState.WITHDRAWN, True)),
            (pledges, 0, (CardState.PLEDGED, True)),
            (pledges, 1, (CardState.PLEDGED, True)),
            (pledges, 2, (UnknownCard, False)),
        ):
            assert await verdict(store.apply(act(card))) == became
        assert await standing(store) == [2]


async def test_a_recall_ends_every_pledge_of_the_workplace_and_no_other(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40, 40))
        await store.mint(WALKOUT, {SHOP: [fresh(n) for n in range(3)], OTHER_SHOP: [fresh("b")]})
        await together(store, [pledges(0), pledges(1), withdraws(1), pledges("b", "bo")])
        await void(store, clock, SHOP, recalls=True)
        assert (await standing(store), await issued(store)) == ([0, 1], [0, 1])
        for card in (0, 1):
            assert await verdict(store.apply(looks(card))) == (CardState.RECALLED, False)
            for act in (pledges, withdraws):
                assert await verdict(store.apply(act(card))) == (CardRecalled, False)
        for act in (looks, pledges, withdraws):
            assert await verdict(store.apply(act(0, "bo"))) == (UnknownCard, False)
            assert await verdict(store.apply(act(2))) == (UnknownCard, False)
        await store.mint(WALKOUT, {SHOP: [fresh("new")]})
        assert await verdict(store.apply(pledges("new"))) == (CardState.PLEDGED, True)
        assert await standing(store) == [1, 1]
