"""When a bot looks whether another one uses its token, when it writes, and what it does then; on a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.delivery.outbox import Outbox
from bot.domain.errors import Hold, NotRecorded, OutOfReach
from bot.domain.fence import is_foreign
from bot.domain.model import Kind, Ruling, Stage
from bot.guards import fence as fences
from bot.guards.fence import RENEWED_AFTER_S, Fence, NoPlace, Stands
from bot.guards.holds import Holds
from bot.process.clock import CorrectedClock, MovableClock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets.keys import open_keys
from bot.storage.store import Member, Store
from bot.usecases.scheduled import Tallies
from tests.conftest import HOUR, NOON, WALKOUT, opened, shops
from tests.storage.house import house_in
from tests.test_outbox import CITY, Post, announce

STRANGERS = "f" * 32


class Place:
    """A platform's place, which can be out of reach, or swallow what is written."""

    name = "here:1"
    signs = 2
    within_s = 120.0

    def __init__(self) -> None:
        self.holds = ""
        self.written: list[str] = []
        self.reads = 0
        self.away = self.swallows = False

    async def read(self) -> str:
        self.reads += 1
        if self.away:
            raise NoPlace
        return self.holds

    async def write(self, epoch: str) -> None:
        self.written.append(epoch)
        if self.away or self.swallows:
            raise NoPlace
        self.holds = epoch


class World:
    """A store, what holds its bot up, and the seconds that pass."""

    def __init__(self, store: Store, clock: MovableClock) -> None:
        self.store, self.clock, self.place = store, clock, Place()
        self.passed_s = 0.0
        self.holds = Holds(CorrectedClock(clock), store)
        self.fence = self.bot()

    def bot(self) -> Fence:
        """Start anew."""
        return Fence(self.store, self.holds, self.clock, steady=lambda: self.passed_s)

    async def look(self, after_s: float = 0.0) -> Stands:
        self.passed_s += after_s
        await self.fence.look()
        return self.fence.stands()["here"]


@pytest.fixture
async def world(data: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(fences, "SURE_AFTER_S", 0.0)
    async with house_in(data).open(clock) as store:
        await store.add_walkout(opened(), shops(40, 40))
        await store.bind_room(CITY)
        yield World(store, clock)


async def test_after_its_start_it_writes_once_an_hour_and_no_more(world: World) -> None:
    async with world.fence.guard("here", world.place):
        for _look in range(10):
            assert await world.look(after_s=RENEWED_AFTER_S / 10) is Stands.WELL
        assert len(world.place.written) == 1
        assert await world.look(after_s=1.0) is Stands.WELL
        assert len(set(world.place.written)) == len(world.place.written) == 2


async def test_what_did_not_arrive_is_written_again_and_nothing_newer(world: World) -> None:
    world.place.swallows = True
    async with world.fence.guard("here", world.place):
        assert await world.look() is Stands.NOT
        assert await world.look(after_s=RENEWED_AFTER_S + 1) is Stands.NOT
        world.place.swallows = False
        world.place.holds = world.place.written[0]  # it was only slow
        assert await world.look() is Stands.WELL
    assert len(set(world.place.written)) == 1


async def test_out_of_reach_stops_nobody_and_lets_nobody_go_on(world: World) -> None:
    world.place.away = True
    async with world.fence.guard("here", world.place):
        assert await world.look() is Stands.NOT
        assert await world.holds.why() is None
        world.place.away, world.place.holds = False, STRANGERS
        assert await world.look() is Stands.FOREIGN
        world.place.away = True
        assert await world.look() is Stands.FOREIGN
        assert await world.holds.why() is Hold.FOREIGN
        with pytest.raises(OutOfReach):
            await world.fence.adopt()
        assert await world.holds.why() is Hold.FOREIGN


async def test_a_strangers_epoch_stays_until_it_is_taken_over(world: World) -> None:
    world.place.holds = STRANGERS
    async with world.fence.guard("here", world.place):
        assert await world.look(after_s=RENEWED_AFTER_S + 1) is Stands.FOREIGN
        assert world.place.written == []
    async with world.fence.guard("here", world.place):  # the connection was made anew
        assert world.fence.is_foreign("here")
        assert await world.fence.adopt() == ["here"]
        assert await world.holds.why() is None
        assert await world.look() is Stands.WELL
        assert world.place.holds not in {"", STRANGERS}
        assert await world.fence.adopt() == []


async def test_an_answer_from_before_stops_nobody(world: World) -> None:
    async with world.fence.guard("here", world.place):
        true, world.place.holds = world.place.holds, STRANGERS
        read = world.place.read

        async def late() -> str:
            found = await read()
            world.place.holds = true
            return found

        world.place.read = late  # type: ignore[method-assign]
        assert await world.look() is Stands.WELL
        assert await world.holds.why() is None


async def test_no_tally_is_taken_where_the_look_before_it_finds_a_stranger(world: World) -> None:
    tallies = Tallies(world.store, world.clock, world.holds, before=world.fence.look)
    async with world.fence.guard("here", world.place):
        world.clock.move_to(NOON + HOUR)
        world.place.holds = STRANGERS
        with pytest.raises(Exception, match="foreign"):
            await tallies.take_due()
        assert (await world.store.walkout(WALKOUT)).tally == 0
        reads = world.place.reads
        with pytest.raises(Exception, match="foreign"):
            await tallies.take_due()
        assert world.place.reads == reads  # who is held asks no platform again and again
        world.place.holds = world.place.written[-1]
        await world.look()
        await tallies.take_due()
        assert (await world.store.walkout(WALKOUT)).tally == 1


async def test_before_it_is_said_to_be_on_an_older_copy_is_made_a_stranger(world: World, data: Path) -> None:
    keys, post = open_keys(data / KEY_FILE, database=data / "no database yet"), Post()
    outbox = Outbox("here", post, world.store, keys, world.clock, world.holds, before=world.fence.renew_for)
    async with world.fence.guard("here", world.place):
        await announce(world.store, 1)
        await outbox.deliver()
        assert len(world.place.written) == 1  # only for what decides
        await world.look()
        copied = await world.store.epochs(Place.name)
        await world.store.decide(WALKOUT, lambda seen, _places: Ruling(walkout=replace(seen, stage=Stage.ON)))
        await announce(world.store, 2, kind=Kind.ON)
        await outbox.deliver()
        assert is_foreign(copied, world.place.holds)
        assert len(world.place.written) == 2
        await announce(world.store, 3, kind=Kind.ON)
        await outbox.deliver()
        assert len(world.place.written) == 2
        world.place.holds = STRANGERS
        await announce(world.store, 4, kind=Kind.CALLED_OFF)
        with pytest.raises(Exception, match="foreign"):
            await outbox.deliver()
    assert [each.partition(" ")[2] for each in post.took] == ["1", "2", "3"]


async def test_whoever_shares_the_token_is_told_of_though_the_store_failed_at_first(world: World, data: Path) -> None:
    await world.store.add_organizer(Member(id=b"olga", way="here", address=b"", nickname=b""))
    there = data / DATABASE
    async with world.fence.guard("here", world.place):
        lost = there.rename(data / "lost.db")
        reads = world.place.reads
        for _sign in range(world.place.signs):
            world.fence.sign("here")
        async with asyncio.timeout(20):
            while world.place.reads == reads:  # noqa: ASYNC110  nothing says when
                await asyncio.sleep(0)
            for _turn in range(9):  # meanwhile it is looked, and to be told
                with pytest.raises(NotRecorded):
                    await world.store.ways()
            lost.rename(there)
            while not (told := await world.store.claim_parcels("here", now=NOON, limit=1)):
                world.fence.sign("here")
    assert told[0].news.kind is Kind.TOKEN_SHARED
