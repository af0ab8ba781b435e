"""Cards that come many at once: known all together, or not at all."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.errors import BeyondHeadcount, NotRecorded, UnknownCard
from bot.domain.pledging import Outcome
from bot.process.clock import MovableClock
from bot.storage.sql.minting import PIECE
from bot.storage.store import Store
from tests.conftest import OTHER_SHOP, SHOP, WALKOUT
from tests.storage.house import House, fresh, looks, pledges, short, together

NEW = [f"new {n}" for n in range(4 * PIECE)]
ASKED = NEW[:: PIECE // 10]
"""Some of every piece."""

CARDS = {SHOP: [fresh(name) for name in NEW]}


async def known(store: Store) -> set[bool]:
    """Look at some, all at the same instant; say whether they are known."""
    return {not isinstance(answer, UnknownCard) for answer in await together(store, map(looks, ASKED))}


def left(house: House) -> list[tuple[int, ...]]:
    """Count the rows that minting makes, and what is said of them."""
    return house.rows(
        "SELECT (SELECT count(*) FROM card), (SELECT count(*) FROM pledge), (SELECT sum(issued) FROM unit), "
        "(SELECT sum(minted) FROM counts)"
    )


@pytest.mark.usefixtures("many")
async def test_cards_are_known_all_at_once_and_pledges_have_their_turn_meanwhile(
    house: House, clock: MovableClock
) -> None:
    seen: list[set[bool]] = []
    async with house.open(clock) as store:
        assert await known(store) == {False}  # by now there is a connection for looks as well
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        while not minting.done():
            seen.append(await known(store))
        await minting
        assert await known(store) == {True}
        assert short((await together(store, [pledges(NEW[0])]))[0])[1]

    assert all(len(each) == 1 for each in seen)  # all of them or none
    assert {False} in seen
    assert left(house) == [(len(NEW) + 1,) * 4]


@pytest.mark.usefixtures("many")
async def test_a_minting_that_is_refused_in_the_end_leaves_nothing(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        with pytest.raises(BeyondHeadcount):
            await store.mint(WALKOUT, {SHOP: [*CARDS[SHOP], fresh("one too many")]})
        assert await known(store) == {False}
    assert left(house) == [(1, 1, 1, 1)]


@pytest.mark.usefixtures("many")
async def test_a_card_that_was_there_stays_known_while_an_order_with_its_like_is_refused(
    house: House, clock: MovableClock
) -> None:
    found: list[Outcome | BaseException] = []
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, {SHOP: CARDS[SHOP][1:], OTHER_SHOP: [fresh("old")]}))
        while not minting.done():
            found += await together(store, [looks("old")])
        with pytest.raises(NotRecorded):
            await minting
    assert {short(answer) for answer in found} == {(None, False)}
    assert left(house) == [(1, 1, 1, 1)]
