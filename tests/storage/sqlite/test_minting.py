"""SQLite's cards come in pieces, each a turn: what is there of them is hidden until the last one, or taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import BeyondHeadcount, NotRecorded, StoreUnusable, WrongStage
from bot.process.clock import MovableClock
from bot.storage.sql.minting import PIECE
from bot.storage.store import Store
from tests.conftest import OTHER_SHOP, SHOP, WALKOUT
from tests.storage.house import CLOSED, SqliteHouse, fresh, minted
from tests.storage.test_minting import CARDS, NEW, known
from tests.storage.test_paper import void


def left(house: SqliteHouse) -> list[tuple[int, ...]]:
    """Count the rows that minting makes."""
    return house.rows(
        "SELECT (SELECT count(*) FROM card), (SELECT count(*) FROM pledge), (SELECT count(*) FROM piece), minting, "
        "(SELECT sum(issued) FROM unit), (SELECT sum(minted) FROM counts) FROM store"
    )


async def begun(store: Store) -> None:
    """Wait until the first piece is in."""
    while await minted(store) == [0, 1]:
        pass


@pytest.mark.usefixtures("many")
async def test_pledges_have_their_turn_between_any_two_pieces(house: SqliteHouse, clock: MovableClock) -> None:
    seen: list[set[bool]] = []
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        while not minting.done():
            seen.append(await known(store))
        await minting
    assert seen.count({False}) >= len(CARDS[SHOP]) // PIECE


@pytest.mark.usefixtures("many")
async def test_what_is_there_of_a_minting_that_was_cut_off_is_gone_at_the_next_start(
    house: SqliteHouse, clock: MovableClock, tmp_path: Path
) -> None:
    found = []
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        copies = []
        while not minting.done():
            copies.append(await store.copy())  # what a power cut would leave then
        await minting
    for number, copy in enumerate(copies):
        folder = tmp_path / str(number)
        folder.mkdir()
        cut_off = SqliteHouse(folder)
        cut_off.path.write_bytes(copy)
        found.append(left(cut_off)[0][:2])
        async with cut_off.open(clock) as store:
            (known_now,) = await known(store)
        assert left(cut_off) in ([(len(NEW) + 1,) * 2 + (0, 0) + (len(NEW) + 1,) * 2], [(1, 1, 0, 0, 1, 1)])
        assert known_now == (left(cut_off)[0][0] > 1)
        async with cut_off.open(clock) as store:
            if not known_now:
                await store.mint(WALKOUT, CARDS)
            assert await known(store) == {True}

    assert any(1 < cards < len(NEW) for cards, _pledges in found)  # else nothing was cut off


@pytest.mark.usefixtures("many")
async def test_whoever_gives_up_waiting_for_cards_has_none(house: SqliteHouse, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        await begun(store)
        minting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await minting
        assert await known(store) == {False}
        await store.mint(WALKOUT, CARDS)
        assert await known(store) == {True}


@pytest.mark.usefixtures("many")
async def test_taking_back_that_was_cut_off_at_its_very_end_is_ended(house: SqliteHouse, clock: MovableClock) -> None:
    async with house.open(clock) as opened_store:
        store: Any = opened_store
        await store._change("UPDATE store SET minting = 1")  # the last piece is gone already
    async with house.open(clock):
        pass
    assert left(house) == [(1, 1, 0, 0, 1, 1)]


async def failed(store: Any) -> None:
    """Mint too many while nothing can be taken back; from then on it could."""
    with pytest.raises(BeyondHeadcount):
        await store.mint(WALKOUT, {SHOP: [*CARDS[SHOP], fresh("one too many")]})
    assert await known(store) == {False}
    assert await minted(store) > [0, 1]
    await store._change("DROP TRIGGER refuse_piece")


@pytest.mark.usefixtures("many")
async def test_what_could_not_be_taken_back_is_at_the_next_tally(house: SqliteHouse, clock: MovableClock) -> None:
    house.refuse("piece", "DELETE", "1")
    async with house.open(clock) as store:
        await failed(store)
        await store.forget_order()
        assert await known(store) == {False}
    assert left(house) == [(1, 1, 0, 0, 1, 1)]


@pytest.mark.usefixtures("many")
async def test_a_tally_while_cards_are_coming_takes_none_of_them_back(house: SqliteHouse, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        await begun(store)
        while not minting.done():
            await store.forget_order()
        await minting
        assert await known(store) == {True}
    assert left(house) == [(len(NEW) + 1, len(NEW) + 1, 0, 0, len(NEW) + 1, len(NEW) + 1)]


@pytest.mark.usefixtures("many")
async def test_closing_leaves_nothing_of_a_minting_that_failed(house: SqliteHouse, clock: MovableClock) -> None:
    house.refuse("piece", "DELETE", "1")
    async with house.open(clock) as store:
        await failed(store)
        await store.close(WALKOUT, CLOSED)
    assert left(house)[0][:4] == (0, 0, 0, 0)


@pytest.mark.usefixtures("many")
async def test_pieces_that_are_forgotten_after_a_tally_leave_no_gaps_at_the_next(
    house: SqliteHouse, clock: MovableClock
) -> None:
    house.refuse("piece", "DELETE", "1")
    async with house.open(clock) as opened_store:
        store: Any = opened_store
        await store.mint(WALKOUT, CARDS)
        with pytest.raises(NotRecorded):
            await store.forget_order()
        await store._change("DROP TRIGGER refuse_piece")
        await store._change("UPDATE store SET scattered = 0")  # by a tally between two of them
        await store.forget_order()
    assert house.rows("PRAGMA freelist_count") == [(0,)]


@pytest.mark.usefixtures("many")
async def test_a_store_is_not_opened_where_nobody_can_tell_which_cards_are_to_be_hidden(
    house: SqliteHouse, clock: MovableClock, tmp_path: Path
) -> None:
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        await begun(store)
        copy = await store.copy()
        await minting
    cut_off = SqliteHouse(tmp_path)
    cut_off.path.write_bytes(copy)
    [(page,)] = cut_off.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'piece'")
    [(size,)] = cut_off.rows("PRAGMA page_size")
    with cut_off.path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    with pytest.raises(StoreUnusable):
        async with cut_off.open(clock):
            pass
    cut_off.path.write_bytes(copy)
    async with cut_off.open(clock) as store:  # nobody holds it any more
        assert await known(store) == {False}


@pytest.mark.usefixtures("many")
async def test_voiding_waits_for_the_cards_that_are_coming_and_ends_them_all(
    house: SqliteHouse, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        await begun(store)
        assert await void(store, clock, SHOP)
        await minting
        assert await known(store) == {False}  # stale, each of them, and nobody's
        [here, _elsewhere] = await store.units(WALKOUT)
        assert (here.minted, here.issued) == (len(NEW), 0)


@pytest.mark.usefixtures("many")
async def test_closing_waits_for_the_cards_that_are_coming_and_none_come_after_it(
    house: SqliteHouse, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS))
        await begun(store)
        closing = asyncio.ensure_future(store.close(WALKOUT, CLOSED))
        await asyncio.gather(minting, closing)
        with pytest.raises(WrongStage):
            await store.mint(WALKOUT, {OTHER_SHOP: [fresh("late")]})
    assert left(house)[0][:4] == (0, 0, 0, 0)
