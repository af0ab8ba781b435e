"""Several processes over one store do everything once, wherever one of them stands still, is cut off, or dies."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import pytest

from bot.delivery import outbox
from bot.domain import rules
from bot.domain.leases import LENGTH_S, LONGEST_SEND_S, RENEWED_AFTER_S, TRIED_AGAIN_AFTER_S
from bot.domain.model import Kind, Stage, WalkoutId
from bot.guards import fence, leadership
from bot.guards.fence import Fence, Stands
from bot.guards.holds import Holds
from bot.process.clock import CorrectedClock, MovableClock
from bot.process.logs import Event
from bot.runtime.app import KEY_FILE
from bot.secrets.keys import open_keys
from bot.storage.store import Room
from tests.conftest import WALKOUT, fresh_folder, opened, shops
from tests.faults.many_processes import WAY, Process, Server
from tests.faults.trials import Trials, trials
from tests.storage.house import SqliteHouse
from tests.test_fence import Place
from tests.test_outbox import announce

pytestmark = pytest.mark.sqlite_only("many processes on rules of their own, without a database")

T = TypeVar("T")

DAY = timedelta(days=1)
ROOMS = ("#city", "#north", "#south")


class AtOnce(ThreadPoolExecutor):
    """Keys are destroyed in a thread, whose time is no server's here: so it is done before anything else."""

    def submit(self, fn: Callable[..., T], /, *args: object, **kwargs: object) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  it is whoever's who waits
            done.set_exception(error)
        return done


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch, clock: MovableClock) -> AsyncIterator[Server]:
    """A store with a walkout and three rooms."""
    monkeypatch.setattr(outbox, "LOOK_AGAIN_S", 3600.0)  # time passes by hand
    asyncio.get_running_loop().set_default_executor(AtOnce())
    with fresh_folder() as folder:
        keys = open_keys(folder / KEY_FILE, database=folder / "no database yet")
        async with SqliteHouse(folder).open(clock) as store:
            await store.add_walkout(opened(), shops(40, 40))
            for room in ROOMS:
                await store.bind_room(Room(walkout=WALKOUT, scope=None, way=WAY, address=room))
            yield Server(store, clock, keys)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _nothing_fails(caplog: pytest.LogCaptureFixture) -> object:
    """No job may fail unseen."""
    with caplog.at_level(logging.ERROR):
        yield
    assert not [record for record in caplog.get_records("call") if record.msg in {Event.JOB_FAILED, Event.NOT_SENT}]


async def go_on(server: Server, *processes: Process, seconds: float, step_s: float = 0.5, house: bool = False) -> None:
    """Let time pass while these work."""
    end = server.now_s + seconds
    while server.now_s < end:
        for process in processes:
            process.work(house=house)
        await server.settled()
        server.pass_by(min(step_s, end - server.now_s))
        await server.settled()


async def test_who_stood_still_with_a_letter_in_hand_sends_nothing(server: Server) -> None:
    first, second = Process(server, "first"), Process(server, "second")
    await go_on(server, first, seconds=1)
    await announce(server.store, "news")
    stood_still: list[object] = []
    claim = server.store.claim_parcels

    async def claimed(*args: object, **kwargs: object) -> object:
        answer = await claim(*args, **kwargs)  # type: ignore[arg-type]
        if answer and not stood_still:
            stood_still.append(answer)
            first.runs.clear()
        return answer

    server.store.claim_parcels = claimed  # type: ignore[assignment,method-assign]
    first.work(house=False)
    await server.settled()
    assert not first.runs.is_set()
    assert server.heard == []
    await go_on(server, second, seconds=LENGTH_S + 2)
    assert sorted(server.heard) == sorted((room, f"{Kind.REMINDER} news") for room in ROOMS)

    first.runs.set()
    await go_on(server, first, second, seconds=2 * LENGTH_S)
    assert len(server.heard) == len(ROOMS)
    assert not server.trespasses
    await asyncio.gather(first.cleared(), second.cleared())


async def test_a_dead_ones_way_is_taken_over_within_ten_seconds(server: Server) -> None:
    first, second = Process(server, "first"), Process(server, "second")
    await go_on(server, first, second, seconds=7.3)
    first.die()
    died_s = server.now_s
    await announce(server.store, "news")
    while not server.heard:
        await go_on(server, second, seconds=TRIED_AGAIN_AFTER_S, step_s=0.1)
    assert server.now_s - died_s <= LENGTH_S + 2 * TRIED_AGAIN_AFTER_S
    await asyncio.gather(first.cleared(), second.cleared())


async def test_one_whose_renewals_hang_stops_in_time(server: Server) -> None:
    first, second = Process(server, "first"), Process(server, "second")
    await go_on(server, first, second, seconds=4 * RENEWED_AFTER_S)
    first.reaches_leases.clear()
    cut_s = server.now_s
    server.takes_s = LONGEST_SEND_S - 0.01
    for number in range(30):
        await announce(server.store, number)
        await go_on(server, first, seconds=0.5)  # nobody else is there
    begun_last_s = max(each[0] for each in [*server._in_the_air, (0.0, None)])
    assert begun_last_s <= cut_s + LENGTH_S
    assert not first.way.leads
    assert first.way.lease is None
    assert not server._in_the_air
    await go_on(server, second, seconds=LENGTH_S)
    assert second.way.leads
    await asyncio.gather(first.cleared(), second.cleared())


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0], ids=["back", "forward"])
async def test_a_database_whose_clock_is_set_gives_each_lease_to_one(server: Server, ahead: float) -> None:
    first, second = Process(server, "first"), Process(server, "second")
    await go_on(server, first, second, seconds=7)
    server.database_ahead_s = ahead
    await announce(server.store, "news")
    await go_on(server, second, first, seconds=2 * LENGTH_S)
    assert [first.way.leads, second.way.leads].count(True) == 1
    assert Counter(room for room, _news in server.heard) == dict.fromkeys(ROOMS, 1)
    (first if first.way.leads else second).die()
    await announce(server.store, "more")
    await go_on(server, second, first, seconds=LENGTH_S + 2)
    assert Counter(room for room, _news in server.heard) == dict.fromkeys(ROOMS, 2)
    await asyncio.gather(first.cleared(), second.cleared())


async def test_who_takes_over_takes_nobody_of_its_own_store_for_a_stranger(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "SURE_AFTER_S", 0.0)
    first, second = Process(server, "first"), Process(server, "second")
    holds, place = Holds(CorrectedClock(server.clock), server.store), Place()
    old, new = (
        Fence(server.store, holds, server.clock, ways={WAY: each.way}, steady=lambda: server.now_s)
        for each in (first, second)
    )
    await go_on(server, first, seconds=1)
    place.swallows = True  # for now: it is on its way
    async with old.guard(WAY, place):
        await go_on(server, second, seconds=LENGTH_S + 1)
        place.swallows = False
        async with new.guard(WAY, place):
            place.holds = place.written[0]
            await new.look()
            await old.look()
            server.pass_by(fence.RENEWED_AFTER_S + 1)
            await old.look()  # it has stood still, and would write by now
            assert new.stands()[WAY] is Stands.WELL
    assert len(set(place.written)) == 1
    await asyncio.gather(first.cleared(), second.cleared())


class History:
    """What three processes live through, and what their rooms hear meanwhile."""

    house = False  #: whether anything else happens as well

    def __init__(self, server: Server, random: Random, label: str) -> None:
        self.server, self.random, self.label = server, random, label
        self.processes = [Process(server, f"{label} {number}") for number in range(3)]
        self.faults = 0
        self.said: list[str] = []

    async def live(self) -> None:
        for _step in range(self.random.randint(5, 25)):
            self.server.takes_s = self.random.choice([0.0, 0.2, LONGEST_SEND_S - 0.01])
            await self.step()
        await self.heal()
        for _try in range(8):
            await self.work(LENGTH_S)
            if not await self.server.store.unsettled(WALKOUT):
                break
            self.server.pass_by(600.0)  # what was postponed
        assert not await self.server.store.unsettled(WALKOUT)
        for process in self.processes:
            await process.cleared()

    async def heal(self) -> None:
        for process in self.processes:
            process.reaches_leases.set()
            process.stops_before = ""
            if not process.died:
                process.runs.set()
        self.server.takes_s = 0.0

    async def step(self) -> None:
        process = self.random.choice(self.processes)
        match self.random.randrange(9):
            case 0 | 1:
                await self.happen()
            case 2 if process.runs.is_set():
                self.faults += 1
                process.runs.clear()
            case 2 if not process.died:
                process.runs.set()
            case 3 if process.reaches_leases.is_set():
                self.faults += 1
                process.reaches_leases.clear()
            case 3:
                process.reaches_leases.set()
            case 4 if sum(each.died for each in self.processes) < 2 and not process.died:
                self.faults += 1
                process.die()
            case 5:  # it stands still within what it does next, not between two things
                process.work(house=self.house)
                for _turn in range(self.random.randrange(30)):
                    await asyncio.sleep(0)
                process.runs.clear()
                self.faults += 1
            case 6:
                process.stops_before = self.random.choice(["claim_parcels", "settle", "postpone", "decide", "close"])
                self.faults += 1
        await self.work(self.random.choice([0.1, 1.0, 2.0, 4.0, 9.0]))

    async def happen(self) -> None:
        self.said.append(f"{self.label} {len(self.said)}")
        await announce(self.server.store, self.said[-1])

    async def work(self, seconds: float) -> None:
        await go_on(self.server, *self.processes, seconds=seconds, step_s=3.0 if self.house else 1.0, house=self.house)

    def check(self) -> None:
        assert not self.server.trespasses
        for room in ROOMS:
            heard = [news.removeprefix(f"{Kind.REMINDER} ") for where, news in self.server.heard if where == room]
            assert list(dict.fromkeys(heard)) == self.said, room
            repeats = len(heard) - len(self.said)
            assert repeats <= self.faults, (room, repeats)


async def _forget_all(server: Server) -> None:
    """Begin anew: else each history costs more than the one before."""
    await server.store._change("DELETE FROM parcel")
    await server.store._change("DELETE FROM announcement")
    server.heard.clear()
    server.became.clear()


class HouseHistory(History):
    """What they live through while a walkout comes and goes."""

    house = True

    async def begin(self) -> None:
        self.walkout = WalkoutId(f"h{self.label:0>4}")
        now = self.server.clock()
        terms = {"pledge_by": now + 2 * DAY, "starts": now + 3 * DAY, "tally_every": DAY / 2, "reminders": (DAY / 4,)}
        made = opened(self.walkout, **terms)
        made = replace(made, opened=now, next_tally=now + made.terms.tally_every)
        await self.server.store.add_walkout(made, shops(40, 40))

    async def happen(self) -> None:
        """Come near to what is due next, or past it."""
        at = await self.next_due()
        ahead_s = 0.0 if at is None else (at - self.server.clock()).total_seconds()
        self.server.pass_by(max(0.0, ahead_s + self.random.choice([-4.0, -1.0, 0.0])))

    async def next_due(self) -> datetime | None:
        walkout = await self.server.store.walkout(self.walkout)
        if walkout.stage is Stage.CLOSED:
            return None
        due = (walkout.next_tally, rules.next_reminder(walkout), rules.closes_at(walkout))
        return min(at for at in due if at is not None)

    async def live(self) -> None:
        await self.begin()
        for _step in range(self.random.randint(5, 25)):
            await self.step()
        await self.heal()
        for _try in range(40):
            if await self.next_due() is None:
                break
            await self.happen()
            await self.work(LENGTH_S + 1)
        assert await self.next_due() is None
        for process in self.processes:
            await process.cleared()

    def check(self) -> None:
        assert not self.server.trespasses
        found = {what: times for what, times in self.server.became.items() if what.startswith(self.walkout) and times}
        assert set(found.values()) == {1}, found
        kinds = {what.split()[1] for what in found}
        assert {"tally", Kind.REMINDER, Kind.LAPSED} <= kinds, found


async def _histories(server: Server, tries: Trials, kind: type[History] = History) -> tuple[int, int]:
    faults = repeats = 0
    for number in range(tries.number):
        with tries.attempt(number):
            history = kind(server, tries.random(number), str(number))
            await _forget_all(server)
            await history.live()
            history.check()
            faults += history.faults
            repeats += len(server.heard) - len(ROOMS) * len(history.said)
    return faults, repeats


@trials(100, full=20_000)
async def test_each_room_hears_all_in_order_and_one_repeat_a_fault_at_most(
    tries: Trials, server: Server, record_property: Callable[[str, object], None]
) -> None:
    faults, repeats = await _histories(server, tries)
    record_property("found", f"{faults} faults, {repeats} repeats")


@trials(40, full=40)
async def test_one_that_does_not_stop_by_its_own_clock_would_be_seen(
    tries: Trials, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership, "may_begin", lambda _lease, _age_s: True)
    monkeypatch.setattr(leadership, "is_over", lambda _lease, _age_s: False)
    with pytest.raises(AssertionError):
        await _histories(server, tries)
    assert server.trespasses


@trials(15, full=5_000)
async def test_tallies_reminders_and_closings_happen_once_in_the_process_that_has_the_house(
    tries: Trials, server: Server, record_property: Callable[[str, object], None]
) -> None:
    faults, _repeats = await _histories(server, tries, HouseHistory)
    record_property("found", f"{faults} faults")


@trials(20, full=20)
@pytest.mark.parametrize("kind", [History, HouseHistory])
async def test_a_store_that_does_not_look_at_the_number_would_be_seen(
    tries: Trials, server: Server, kind: type[History]
) -> None:
    server.fences = False
    with pytest.raises(AssertionError):
        await _histories(server, tries, kind)
    assert server.trespasses
