"""Several processes of the bot over one store, in one test: each can stand still, be cut off, or die, anywhere.

Time is given: the database's, and each process's own count, which is the same but for what a test moves. SQLite stands
in for a server here: it keeps the leases by the rules that PostgreSQL's statements have, and looks at the number inside
the transaction. `tests/postgres/test_leases.py` holds the two against each other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from bot.delivery.outbox import Letter, Outbox, TryLater
from bot.delivery.scheduled_deletions import ScheduledDeletions
from bot.domain.errors import LeaseLost, NotRecorded
from bot.domain.leases import HOUSE, LENGTH_S, LONGEST_SEND_S, Lease
from bot.domain.model import Ruling
from bot.guards.fence import Fence
from bot.guards.holds import Holds
from bot.guards.leadership import Leadership
from bot.process.clock import CorrectedClock, MovableClock
from bot.runtime.app import _jobs
from bot.runtime.scheduler import Scheduler
from bot.secrets.keys import Keys
from bot.storage import fencing
from bot.storage.sql.writer import Lock
from bot.storage.sqlite import SqliteStore
from bot.usecases.scheduled import Tallies

T = TypeVar("T")
WAY = "here"
OF_LEASES = {"take_lease", "renew_lease", "give_up_lease"}


@dataclass
class Row:
    holder: str = ""
    number: int = 0
    until_s: float = float("-inf")


@dataclass
class Table:
    """The table of leases, by its rules: an oracle for SQL."""

    rows: dict[str, Row] = field(default_factory=dict)
    locked: list[str] = field(default_factory=list)  #: by transactions under way

    def take(self, name: str, holder: str, now_s: float) -> Lease | None:
        row = self.rows.setdefault(name, Row())
        row.until_s = min(row.until_s, now_s + LENGTH_S)
        if name in self.locked or (row.until_s > now_s and row.holder != holder):
            return None
        row.holder, row.number, row.until_s = holder, row.number + 1, now_s + LENGTH_S
        return Lease(name=name, holder=holder, number=row.number)

    def holds(self, lease: Lease) -> bool:
        return lease.number == self.rows[lease.name].number

    def renew(self, lease: Lease, now_s: float) -> bool:
        if self.holds(lease):
            self.rows[lease.name].until_s = now_s + LENGTH_S
        return self.holds(lease)

    def give_up(self, lease: Lease) -> None:
        if self.holds(lease):
            self.rows[lease.name].until_s = float("-inf")


class Server:
    """The store that all share, its clock, and the platform that all send to."""

    def __init__(self, store: SqliteStore, clock: MovableClock, keys: Keys) -> None:
        self.store, self.clock, self.keys = store, clock, keys
        self.table = Table()
        self.now_s = 0.0
        self.database_ahead_s = 0.0  #: somebody has set its clock
        self.fences = True
        self.became: Counter[str] = Counter()  #: what was decided
        self.heard: list[tuple[str, str]] = []  #: rooms and what they heard, in order
        self.trespasses: list[str] = []  #: what was heard from a process that was not the one any more
        self.takes_s = 0.0  #: a letter, until it is heard
        self._in_the_air: list[tuple[float, Callable[[], None]]] = []
        self.busy = 0
        write = store._in_transaction

        async def in_transaction(job: Callable[[], Awaitable[T]], lock: Lock = Lock.HOUSE) -> T:
            if (lease := fencing.current()) is None:
                return await write(job, lock)

            async def checked() -> T:
                if not self.table.holds(lease):
                    if self.fences:
                        raise LeaseLost(lease.name)
                    self.trespasses.append(f"a write under {lease}")
                self.table.locked.append(lease.name)
                return await job()

            try:
                return await write(checked, lock)
            finally:
                with suppress(ValueError):  # it was never locked
                    self.table.locked.remove(lease.name)

        store._in_transaction = in_transaction  # type: ignore[method-assign]

    @property
    def database_s(self) -> float:
        return self.now_s + self.database_ahead_s

    def pass_by(self, seconds: float) -> None:
        """Let time pass; what is on its way arrives, whatever becomes of whoever sent it."""
        end = self.now_s + seconds
        while self._in_the_air and (first := min(self._in_the_air, key=lambda each: each[0]))[0] <= end:
            self._in_the_air.remove(first)
            self._move_to(first[0])
            first[1]()
        self._move_to(end)

    def _move_to(self, at_s: float) -> None:
        self.clock.move_to(self.clock() + timedelta(seconds=at_s - self.now_s))
        self.now_s = at_s

    def carry(self, letter: Letter, lease: Lease) -> asyncio.Future[None]:
        """Let a letter be heard after a while."""
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def arrive() -> None:
            self.heard.append((letter.address, f"{letter.news.kind} {letter.news.occasion}"))
            if not self.database_ahead_s and not self.table.holds(lease):
                self.trespasses.append(f"{letter.address} from {lease}")
            if not arrived.done():
                arrived.set_result(None)

        self._in_the_air.append((self.now_s + self.takes_s, arrive))
        if not self.takes_s:
            self.pass_by(0.0)
        return arrived

    async def settled(self) -> None:
        """Wait until no process can do anything before time passes or a gate opens."""
        quiet = 0
        while quiet < 12:  # more turns of the loop than anything takes from one look at the store to the next
            await asyncio.sleep(0)
            quiet = 0 if self.busy else quiet + 1


class Process:
    """One process: it goes on as far as its gates let it."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.runs, self.reaches_leases = asyncio.Event(), asyncio.Event()
        self.runs.set()
        self.reaches_leases.set()
        self.died = False
        self.stops_before = ""  #: it asks this of the store
        self._again_s: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        store: Any = Seen(self)
        clock, keys = server.clock, server.keys
        self.house, self.way = (Leadership(store, each, name, steady=lambda: server.now_s) for each in (HOUSE, WAY))
        ways = {WAY: self.way}
        holds = Holds(CorrectedClock(clock), store, leaderships=ways, steady=lambda: server.now_s)
        tallies = Tallies(store, clock, holds, leadership=self.house)
        self.outbox = Outbox(WAY, self, store, keys, clock, holds, leadership=self.way)
        deletions = {WAY: ScheduledDeletions(WAY, self.outbox, store, keys, clock)}
        fence = Fence(store, holds, clock, ways=ways, steady=lambda: server.now_s)
        jobs = _jobs(store, keys, tallies, self.house, ways, {WAY: self.outbox}, deletions, clock, holds, fence)
        self.jobs = Scheduler(jobs, clock)

    async def send(self, letter: Letter) -> str:
        await self.runs.wait()
        letter.leaves()
        assert self.way.lease is not None
        began_s = self.server.now_s
        await self.server.carry(letter, self.way.lease)
        await self.runs.wait()
        if self.server.now_s - began_s > LONGEST_SEND_S:
            raise TryLater
        return "heard"

    async def delete(self, what: str) -> None:
        raise NotImplementedError

    def work(self, *, house: bool = True) -> None:
        """Do what is due, as far as it is not being done."""
        for each in (self.house, self.way):
            if self.server.now_s >= self._again_s.get(each.name, 0.0):
                self._begin(each.name, lambda each=each: self._step(each))  # type: ignore[misc]
        self._begin("jobs", self.jobs.run_due if house else self._deliver)

    async def _deliver(self) -> None:
        due = await self.outbox.due()
        if due is not None and due <= self.server.clock():
            try:
                await self.outbox.deliver()
            except (LeaseLost, NotRecorded):
                return

    async def _step(self, leadership: Leadership) -> None:
        self._again_s[leadership.name] = self.server.now_s + await leadership.step()

    def _begin(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        if not self.died and self.runs.is_set() and (name not in self._tasks or self._tasks[name].done()):
            self._tasks[name] = asyncio.ensure_future(work())

    def die(self) -> None:
        """Do nothing ever again, as after a power cut: nothing is put in order."""
        self.died = True
        self.runs.clear()

    async def cleared(self) -> None:
        """Leave nothing to the loop."""
        tasks = [*self._tasks.values(), *(flight.task for flight in self.outbox._flights.values())]
        while not all(task.done() for task in tasks):
            for task in tasks:  # again and again: a dead one puts nothing in order
                task.cancel()
            await asyncio.sleep(0)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        wrong = [each for each in results if isinstance(each, Exception) and not isinstance(each, NotRecorded)]
        assert not wrong, wrong


class Seen:
    """The shared store as one process sees it: before each question and after it the process may stand still."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        process, server = self._process, self._process.server
        own: Mapping[str, Callable[..., Any]] = {
            "take_lease": lambda name, holder: server.table.take(name, holder, server.database_s),
            "renew_lease": lambda lease, _said: server.table.renew(lease, server.database_s),
            "give_up_lease": server.table.give_up,
        }

        async def ask(*args: Any, **kwargs: Any) -> Any:
            if name == process.stops_before:
                process.stops_before = ""
                process.runs.clear()
            await process.runs.wait()
            if name in OF_LEASES:
                await process.reaches_leases.wait()
                answer = own[name](*args, **kwargs)
            else:
                server.busy += 1
                try:
                    answer = await getattr(server.store, name)(*args, **kwargs)
                finally:
                    server.busy -= 1
            if isinstance(answer, Ruling):
                server.became.update(
                    f"{args[0]} {each.kind} {each.occasion} {each.scope} {each.about}" for each in answer.announcements
                )
                server.became[f"{args[0]} tally {answer.walkout.tally}"] += "tally" in repr(args[1])
            await process.runs.wait()
            return answer

        return ask
