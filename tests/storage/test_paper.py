"""Cards that were approved are made once; voided ones are gone, and how many that were shows nowhere."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from bot.clock import MovableClock
from bot.domain import rules
from bot.domain.errors import BeyondHeadcount, UnknownCard
from bot.domain.model import CardState
from bot.domain.roles import Became, Deed, Matter, Proposal
from bot.storage.store import Note, Store
from tests.conftest import HOUR, NOON, OTHER_SHOP, SHOP, WALKOUT, opened, shops
from tests.storage.house import House, key, looks, minted, pledges, standing, together, verdict

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
    return [place.issued for place in await store.workplaces(WALKOUT)]


async def deeds(store: Store) -> int:
    return sum(each.deed is Deed.PRINTED for each in await store.noted(walkout=WALKOUT, before=None, limit=100))


async def test_however_often_an_approval_is_used_its_cards_are_made_once(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40, 40))
        await granted(store)
        tries = [store.mint_approved("P1", WALKOUT, {SHOP: [key(n), key(-n)]}, NOTE) for n in range(1, 5)]
        assert sorted(await asyncio.gather(*tries)) == [False, False, False, True]
        assert (await minted(store), await issued(store)) == ([2, 0], [2, 0])
        proposal = await store.proposal("P1")
        assert proposal is not None
        assert proposal.became is Became.DONE
        assert await deeds(store) == 1
        assert (await store.latest(b"P1")) == proposal
        assert await store.latest(b"P2") is None


async def test_cards_beyond_the_head_count_leave_the_approval_as_it_was(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(5, 40))
        await granted(store)
        with pytest.raises(BeyondHeadcount):
            await store.mint_approved("P1", WALKOUT, {SHOP: [key(n) for n in range(6)]}, NOTE)
        assert (await minted(store), await deeds(store)) == ([0, 0], 0)
        assert await store.mint_approved("P1", WALKOUT, {SHOP: [key(n) for n in range(5)]}, NOTE)


@pytest.mark.parametrize("became", [Became.OPEN, Became.REFUSED, Became.DONE])
async def test_without_an_approval_no_card_is_made(house: House, clock: MovableClock, became: Became) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(40))
        await granted(store)
        await store.conclude("P1", became, None, NOTE, expected=Became.GRANTED)
        assert not await store.mint_approved("P1", WALKOUT, {SHOP: [key(1)]}, NOTE)
        assert not await store.mint_approved("P9", WALKOUT, {SHOP: [key(1)]}, NOTE)
        assert await minted(store) == [0]


async def test_voiding_kills_what_was_never_pledged_and_counts_what_the_board_says(
    house: House, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(citywide_threshold=60), shops(40, 40, threshold=20))
        await store.mint(WALKOUT, {SHOP: [key(n) for n in range(40)], OTHER_SHOP: [key(n) for n in range(100, 140)]})
        await together(store, [pledges(n, n) for n in range(13)])
        await together(store, [pledges(n, n) for n in range(100, 125)])
        await store.void_cards(WALKOUT, SHOP)
        assert (await minted(store), await issued(store)) == ([13, 40], [0, 40])  # nothing is published yet

        clock.move_to(NOON + HOUR)
        await store.decide(WALKOUT, partial(rules.tally, now=clock()))
        await store.void_cards(WALKOUT, SHOP)
        await store.void_cards(WALKOUT, OTHER_SHOP)
        assert (await minted(store), await issued(store)) == ([13, 25], [10, 20])
        assert await standing(store) == [13, 25]
        assert await verdict(store.apply(looks(30))) == (UnknownCard, False)
        assert await verdict(store.apply(looks(3, 3))) == (CardState.PLEDGED, False)
        with pytest.raises(BeyondHeadcount) as refused:
            await store.mint(WALKOUT, {SHOP: [key(n) for n in range(200, 231)]})
        assert refused.value.minted == 10
        await store.mint(WALKOUT, {SHOP: [key(n) for n in range(200, 230)]})
        assert await issued(store) == [40, 20]
