"""PostgreSQL's cards come in one transaction, by a connection of its own: stopped in the middle, it leaves nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import asyncpg
import pytest

from bot.domain import rules
from bot.domain.errors import NotRecorded, WrongStage
from bot.domain.model import WalkoutId
from bot.domain.pledging import Act, Change, Enrolment
from bot.process.clock import MovableClock
from bot.storage.store import NO_OTHER, PledgeOf, Store
from tests.conftest import SHOP, WALKOUT, draft, shops
from tests.storage.house import (
    CLOSED,
    Hand,
    House,
    PostgresHouse,
    fresh,
    key,
    minted,
    pledges,
    short,
    standing,
    together,
)
from tests.storage.test_minting import CARDS, NEW, known, left
from tests.storage.test_paper import void

pytestmark = pytest.mark.usefixtures("many")

HOLD = 8000
_HELD = f"SELECT pg_advisory_lock({HOLD})"
_LET_GO = f"SELECT pg_advisory_unlock({HOLD})"
_GATE = f"""
    CREATE FUNCTION refuse_to_go_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_xact_lock_shared({HOLD}); RETURN NULL;
    END $$;
    CREATE TRIGGER gate AFTER INSERT ON kept_card FOR EACH ROW EXECUTE FUNCTION refuse_to_go_on();
"""
_WAITS = f"locktype = 'advisory' AND objid = {HOLD} AND NOT granted"


class Gate:
    """Stops whoever keeps new cards when the first piece of them is in."""

    def __init__(self, hands: asyncpg.Connection) -> None:
        self._hands = hands

    async def begun(self, store: Store, pledge_of: PledgeOf = NO_OTHER) -> asyncio.Task[None]:
        """Mint, as far as the gate."""
        minting = asyncio.ensure_future(store.mint(WALKOUT, CARDS, pledge_of))
        while not await self._hands.fetchval(f"SELECT count(*) FROM pg_locks WHERE {_WAITS}"):  # noqa: S608
            assert not minting.done()
        return minting

    async def open(self) -> None:
        await self._hands.execute(_LET_GO)

    async def kill(self) -> None:
        """End the server's process that waits there."""
        await self._hands.execute(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {_WAITS}")  # noqa: S608


@pytest.fixture
async def gate(hands: asyncpg.Connection) -> Gate:
    await hands.execute(_GATE)
    await hands.execute(_HELD)
    return Gate(hands)


async def test_pledges_and_tallies_have_their_turn_while_cards_come(
    house: House, clock: MovableClock, gate: Gate
) -> None:
    async with house.open(clock) as store:
        minting = await gate.begun(store)
        assert await known(store) == {False}
        assert short((await together(store, [pledges("old")]))[0])[1]
        await store.forget_order()
        assert await minted(store) == [0, 1]
        await gate.open()
        await minting
        assert await known(store) == {True}
    assert left(house) == [(len(NEW) + 1,) * 4]


async def test_a_minting_that_is_killed_in_the_middle_leaves_nothing(
    house: House, clock: MovableClock, gate: Gate
) -> None:
    async with house.open(clock) as store:
        minting = await gate.begun(store)
        await gate.kill()
        with pytest.raises(NotRecorded):
            await minting
        assert await known(store) == {False}
        await gate.open()
        await store.mint(WALKOUT, CARDS)
        assert await known(store) == {True}


async def test_whoever_gives_up_waiting_for_cards_has_none(house: House, clock: MovableClock, gate: Gate) -> None:
    async with house.open(clock) as store:
        minting = await gate.begun(store)
        minting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await minting
        assert await known(store) == {False}
        await gate.open()
    assert left(house) == [(1, 1, 1, 1)]


async def test_voiding_waits_for_the_cards_that_are_coming_and_ends_them_all(
    house: House, clock: MovableClock, gate: Gate
) -> None:
    async with house.open(clock) as store:
        minting = await gate.begun(store)
        voiding = asyncio.create_task(void(store, clock, SHOP))
        assert await known(store) == {False}
        await gate.open()
        await minting
        assert await voiding
        assert await known(store) == {False}  # stale, each of them, and nobody's
        assert await minted(store) == [len(NEW), 1]


async def test_no_cards_come_to_what_another_process_has_closed_meanwhile(
    house: PostgresHouse, clock: MovableClock, gate: Gate
) -> None:
    async with house.open(clock) as store, house.open(clock, process="another") as other:
        minting = await gate.begun(store)
        await other.close(WALKOUT, CLOSED)
        await gate.open()
        with pytest.raises(WrongStage):
            await minting
    assert left(house)[0][:2] == (0, 0)


async def test_of_two_processes_that_make_the_same_cards_one_has_them(
    house: PostgresHouse, clock: MovableClock
) -> None:
    async with house.open(clock) as store, house.open(clock, process="another") as other:
        made = await asyncio.gather(store.mint(WALKOUT, CARDS), other.mint(WALKOUT, CARDS), return_exceptions=True)
        assert sorted(map(type, made), key=str) == sorted([type(None), NotRecorded], key=str)
        assert await known(other) == {True}
    assert left(house) == [(len(NEW) + 1,) * 4]


NEXT = WalkoutId("x4p9z")


def beside(step: WalkoutId, card: bytes) -> bytes:
    """Give a card's key among the pledges of another step."""
    return key((step, card))


async def add_step(store: Store) -> None:
    """Keep one more step of the walkout's campaign, and give each card a pledge there."""
    await store.add_walkout(replace(draft(NEXT), campaign=WALKOUT, after=WALKOUT), shops(1000, 40))
    await store.blank(NEXT, beside)


async def test_cards_have_a_pledge_in_a_step_that_another_process_makes_meanwhile(
    house: PostgresHouse, clock: MovableClock, gate: Gate
) -> None:
    async with house.open(clock) as store, house.open(clock, process="another") as other:
        minting = await gate.begun(store, beside)
        await add_step(other)
        assert await minted(store, NEXT) == [0, 1]
        await gate.open()
        await minting
        assert (await minted(store, NEXT), await minted(store)) == ([len(NEW), 1], [len(NEW), 1])
    wanted = sorted(beside(NEXT, fresh(name).card) for name in ["old", *NEW])
    assert [key for key, of in house.rows("SELECT key, walkout FROM pledge ORDER BY key") if of == NEXT] == wanted


async def test_a_pledge_by_which_somebody_enrolled_is_counted_once_when_the_cards_of_a_step_are_blanked(
    house: PostgresHouse, clock: MovableClock
) -> None:
    async with house.open(clock) as store:
        await add_step(store)
        await store.decide(WALKOUT, partial(rules.call_off, now=clock()))
        await store.decide(NEXT, partial(rules.open_up, now=clock()))
        card = Hand(name="mine", who="ana", walkouts=[NEXT])
        enrolment = Enrolment(walkout=NEXT, unit=SHOP)
        assert (await store.apply(Change(act=Act.PLEDGE, bearer=card, enrol=enrolment))).changed
        keys = {card.keys[NEXT][0]: card.keys[NEXT][1]}
        for _ in range(2):
            await store.blank(NEXT, lambda step, key: keys.get(key) or beside(step, key))
            assert (await minted(store, NEXT), await standing(store, NEXT)) == ([1, 1], [1, 0])
            await store.forget_order()
