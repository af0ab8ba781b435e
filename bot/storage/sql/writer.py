"""The only task that touches the database: it applies batches of changes to cards, and runs other jobs in turn."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import Enum, auto
from typing import Any, TypeVar

from bot.domain.errors import NotRecorded
from bot.domain.leases import Lease
from bot.domain.model import UnitId, WalkoutId
from bot.domain.pledging import Change, Outcome
from bot.storage import fencing

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Row = tuple[Any, ...]

BATCH = 256
"""Changes per transaction at most; more only makes the first of them wait longer."""


class Lock(Enum):
    """What a transaction keeps other processes of the store from; where one process owns it, its turn does that."""

    ROWS = auto()  #: nothing but the rows that it writes: parcels, which only whoever speaks for their bot touches
    HOUSE = auto()  #: every other transaction but batches of changes to cards, and parcels
    CARDS = auto()  #: those as well: it decides by what is pledged, or changes it, in one piece


class Writer(ABC):
    """Takes turns; each database says how a turn, a transaction and a batch are done."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._waiting: deque[Waiting] = deque()
        self._together: dict[Any, tuple[set[Any], asyncio.Future[Any]]] = {}  #: what the next look-up of a kind is for
        self._arrived = asyncio.Event()
        self._ending = False
        self._minting = asyncio.Lock()  #: cards are coming: what changes all of a workplace waits
        self._writer = asyncio.create_task(self._write(), name="store writer")

    async def _write(self) -> None:
        while True:
            if not self._waiting:
                if self._ending:
                    await self._settled()
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if self._waiting[0].change is None:
                await self._settled()
                await self._waiting.popleft().run()
            else:
                await self._begin_batch()

    async def _begin_batch(self) -> None:
        """Take the next batch when its turn comes, and have it decided and written down."""
        await self._apply_batch(self._take_batch())

    async def _settled(self) -> None:  # noqa: B027  nothing is, where batches are written one after the other
        """Wait until nothing is under way that was begun before."""

    def _take_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        while self._waiting and len(batch) < BATCH and self._waiting[0].change is not None:
            batch.append(self._waiting.popleft())
        return batch

    async def _in_turn(self, job: Callable[[], Awaitable[T]]) -> T:
        """Let the writer run the job when its turn comes. A cancelled caller only stops waiting."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            try:
                async with self._turn():
                    result = await job()
            except Exception as error:  # noqa: BLE001  handed to whoever asked for the job
                _answer(answer, error)
            else:
                _answer(answer, result)

        self._enqueue(Waiting(None, answer, run))
        return await answer

    async def _look_up(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, T]]], key: K) -> T:
        """Look something up with everybody who wants the like before the read has its turn: one answers them all."""
        wanted, found = self._together.get(read, (set(), None))
        if found is None or found.done():  # one that never had its turn is done
            wanted = set()

            async def job() -> Mapping[K, T]:
                self._together.pop(read, None)
                return await read(list(wanted))

            found = asyncio.ensure_future(self._reading(job))
            self._together[read] = wanted, found
        wanted.add(key)
        answers: Mapping[K, T] = await asyncio.shield(found)
        return answers[key]

    def _enqueue(self, waiting: Waiting) -> None:
        if self._ending:
            raise NotRecorded("closing")
        self._waiting.append(waiting)
        self._arrived.set()

    async def _in_transaction(self, job: Callable[[], Awaitable[T]], lock: Lock = Lock.HOUSE) -> T:
        """Let the writer run the job in a transaction of its own. A job may run again: it changes nothing but rows."""
        return await self._in_turn(lambda: self._transaction(job, lock))

    async def _read(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return await self._in_turn(lambda: self._rows(sql, parameters))

    async def _change(self, sql: str, parameters: Iterable[Any] = (), lock: Lock = Lock.HOUSE) -> list[Row]:
        return await self._in_transaction(lambda: self._rows(sql, parameters), lock)

    async def aclose(self) -> None:
        """See Store.aclose."""
        self._ending = True
        self._arrived.set()
        await asyncio.wait([self._writer])

    # -- what each database does --------------------------------------------------------------------------------

    @abstractmethod
    def _turn(self) -> AbstractAsyncContextManager[None]:
        """Take a turn. Raises NotRecorded where the database fails."""

    @abstractmethod
    async def _reading(self, job: Callable[[], Awaitable[T]]) -> T:
        """Let the writer run a job that only reads, all of it as of one instant."""

    @abstractmethod
    async def _transaction(self, job: Callable[[], Awaitable[T]], lock: Lock = Lock.HOUSE) -> T:
        """Run the job in a transaction; whatever goes wrong undoes it. Within a turn only."""

    async def _deciding(self, _walkout: WalkoutId, job: Callable[[], Awaitable[T]]) -> T:
        """Let the writer run what decides about a walkout, in a transaction."""
        return await self._in_transaction(job, Lock.CARDS)

    @abstractmethod
    async def _rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        """Run a statement within a turn; return what it gives."""

    @abstractmethod
    async def _each(self, sql: str, parameters: Iterable[Row]) -> None:
        """Run a statement once for each row of parameters."""

    async def _several(self, *statements: tuple[str, Sequence[Any]]) -> list[list[Row]]:
        """Run several statements, with one way to the database and back where it has one."""
        return [await self._rows(sql, parameters) for sql, parameters in statements]

    @abstractmethod
    async def _decide_batch(
        self, changes: Sequence[Change], leases: Collection[Lease]
    ) -> Sequence[Outcome | Exception]:
        """Decide a batch of changes to cards, write it down, commit; only under these leases. Within a turn only."""

    @abstractmethod
    async def _decide_one(self, change: Change) -> Outcome:
        """Decide what writes nothing to a card, within a transaction that has locked cards. Raises Refused."""

    @abstractmethod
    def _unguarded(self) -> AbstractAsyncContextManager[None]:
        """Within a transaction, let what refers to others be changed in any order, and deeds be changed at all."""

    @abstractmethod
    async def _examine_database(self) -> tuple[str, tuple[str, ...], int]:
        """Return its kind and version, what it finds damaged in its own words, and how many rows refer to nothing."""

    @abstractmethod
    async def _scrub(self) -> None:
        """Leave nothing of what was deleted, nor of the order in which anything was written, as far as this can be."""

    @abstractmethod
    async def _drop_pledges(self, walkout: WalkoutId, units: Collection[UnitId] | None = None) -> None:
        """Delete a walkout's pledges, or those at some of its units. Within a transaction that has locked cards."""

    @abstractmethod
    async def _drop_cards(self, campaign: WalkoutId) -> None:
        """Delete all cards of a campaign; likewise."""

    @abstractmethod
    async def _make_stale(self, campaign: WalkoutId, units: Collection[UnitId], stale: int) -> None:
        """Mark the cards of some units so, if they are not marked as more already; likewise."""

    @abstractmethod
    async def _recall(self, walkouts: Collection[WalkoutId], units: Collection[UnitId]) -> None:
        """Let no pledge at these units stand any more; likewise."""

    # -- cards ------------------------------------------------------------------------------------------------

    async def apply(self, change: Change) -> Outcome:
        """See Store.apply."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._enqueue(Waiting(change, answer))
        return await answer

    async def _apply_batch(self, batch: list[Waiting]) -> None:
        answers: Sequence[Outcome | Exception]
        try:
            async with self._turn():
                leases = {waiting.lease for waiting in batch if waiting.lease}
                answers = await self._decide_batch([waiting.change for waiting in batch if waiting.change], leases)
        except Exception as error:  # noqa: BLE001  no caller may wait for ever
            answers = [error] * len(batch)
        for waiting, answer in zip(batch, answers, strict=True):
            _answer(waiting.answer, answer)


class Waiting:
    """A change that waits for the next batch, or (`change` None) a job that waits for its turn."""

    __slots__ = ("answer", "change", "lease", "run")

    def __init__(
        self,
        change: Change | None,
        answer: asyncio.Future[Any],
        run: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.change = change
        self.lease = fencing.current()  #: under which it was asked for
        self.answer = answer
        if run is not None:
            self.run = run


def _answer(future: asyncio.Future[Any], answer: object) -> None:
    if future.done():  # its caller was cancelled; what was committed stays
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


TEXTS = "(SELECT value ->> 0 FROM json_each(CAST({} AS TEXT)))"
NUMBERS = "(SELECT CAST(value ->> 0 AS BIGINT) FROM json_each(CAST({} AS TEXT)))"
"""All that a parameter of `listed` holds."""


def listed(values: Iterable[object]) -> str:
    """Write a list of texts or numbers as a parameter of TEXTS or NUMBERS."""
    return json.dumps([[value] for value in values])
