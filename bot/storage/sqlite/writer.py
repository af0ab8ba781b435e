"""The only task that touches the connection: it applies batches of changes to cards, and runs other jobs in turn."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from bot.domain.errors import InDoubt, NotRecorded
from bot.domain.pledging import Change, Outcome
from bot.storage.sqlite.file_identity import Place
from bot.storage.sqlite.journal import bury

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Row = tuple[Any, ...]

BATCH = 256
"""Changes per transaction at most; more only makes the first of them wait longer."""

Stands = Callable[[sqlite3.Connection], bool]
"""Looks whether what a transaction wrote is there, on the connection's thread."""


class Decided(NamedTuple):
    """What became of a batch, before it is committed."""

    answers: Sequence[Outcome | Exception]
    stands: Stands


BEAT_S = 1.0
"""How often the files are dated anew, whether something was written or not."""


class Writer(ABC):
    """Owns the connection; the rooms beside this file say what is written."""

    def __init__(self, connection: aiosqlite.Connection, clock: Callable[[], datetime], place: Place) -> None:
        self._db = connection
        self._clock = clock
        self._place = place
        self._waiting: deque[_Waiting] = deque()
        self._together: dict[Any, tuple[set[Any], asyncio.Future[Any]]] = {}  #: what the next look-up of a kind is for
        self._arrived = asyncio.Event()
        self._ending = False
        self._wary = False
        self._hidden: set[bytes] = set()  #: keys of cards that are being minted; nobody can know them yet
        self._unsettled = False  #: a sync has failed since what the file holds was made sure of
        self._writer = asyncio.create_task(self._write(), name="store writer")
        self._beating: asyncio.Task[None] | None = None  #: only whoever owns the files dates them

    async def _write(self) -> None:
        try:
            await self._take_turns()
        except asyncio.CancelledError:
            # the loop ends and nobody closed the store: a connection's thread left alone would hang the exit
            self._db.stop()
            raise

    async def _take_turns(self) -> None:
        while True:
            if not self._waiting:
                if self._ending:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if self._waiting[0].change is None:
                await self._waiting.popleft().run()
            else:
                await self._apply_batch(self._take_batch())

    def _take_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < BATCH and self._waiting[0].change is not None:
            batch.append(self._waiting.popleft())
        return batch

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Take a turn. Raises NotRecorded where SQLite fails."""
        with self._place:
            try:
                if self._unsettled:
                    await self._settle()
                yield
            except sqlite3.Error as error:
                self._unsettled |= _by_sync(error)
                raise NotRecorded(type(error).__name__) from None

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

        self._enqueue(_Waiting(None, answer, run))
        return await answer

    async def _look_up(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, T]]], key: K) -> T:
        """Look something up with everybody who wants the like before the read has its turn: one answers them all."""
        wanted, found = self._together.get(read, (set(), None))
        if found is None or found.done():  # one that never had its turn is done
            wanted = set()

            async def job() -> Mapping[K, T]:
                self._together.pop(read, None)
                return await read(list(wanted))

            found = asyncio.ensure_future(self._in_turn(job))
            self._together[read] = wanted, found
        wanted.add(key)
        answers: Mapping[K, T] = await asyncio.shield(found)
        return answers[key]

    def _enqueue(self, waiting: _Waiting) -> None:
        if self._ending:
            raise NotRecorded("closing")
        self._waiting.append(waiting)
        self._arrived.set()

    async def _in_transaction(self, job: Callable[[], Awaitable[T]]) -> T:
        """Let the writer run the job in a transaction of its own."""
        return await self._in_turn(lambda: self._transaction(job))

    async def _transaction(self, job: Callable[[], Awaitable[T]]) -> T:
        """Run the job in a transaction; whatever goes wrong undoes it. Within a turn only."""
        written_before = self._db.total_changes
        await self._rows("BEGIN IMMEDIATE")
        try:
            result = await job()
            if self._db.total_changes == written_before:
                await self._rows("COMMIT")
            else:
                await self._commit(await self._mark())
        except BaseException:
            await self._undo()
            raise
        return result

    async def _commit(self, stands: Stands) -> None:
        """Commit. Raises sqlite3.Error if nothing was recorded, and InDoubt if nobody can tell."""
        if (failed := await self._on_thread(_try_to_commit)) is not None:
            await self._make_sure(failed, stands)

    async def _make_sure(self, failed: sqlite3.Error, stands: Stands) -> None:
        """After a commit that failed: raise so if nothing was recorded, and InDoubt if nobody can tell.

        What SQLite syncs last is the end of the journal. If that fails it says that the commit failed; but it stands,
        in the file as anybody reads it, though not for sure on the disk. `stands` looks whether it does.
        """
        if not _by_sync(failed):
            await self._undo()
            raise failed
        self._unsettled = True
        try:
            await self._settle()
            stood = await self._on_thread(stands)
        except (sqlite3.Error, NotRecorded):
            raise InDoubt from None
        if not stood:
            raise failed

    async def _mark(self) -> Stands:
        """Leave a mark of this transaction's own, by which it is known again; return what looks for it.

        It stands in a table's row, since SQLite counts in the file how often its first page was written.
        """
        mark = secrets.token_bytes(8)  # tells nobody how many there were
        await self._rows("UPDATE store SET mark = ?", (mark,))

        return lambda db: db.execute("SELECT 1 FROM store WHERE mark = ?", (mark,)).fetchone() is not None

    async def _settle(self) -> None:
        """After a sync that failed, make sure of what the file holds, before anybody reads it."""
        await self._undo()
        [(minting,)] = await self._rows("SELECT minting FROM store")  # before it reads, SQLite undoes what is not over
        if not minting:
            self._hidden = set()  # of what was being minted, all is there or nothing
        try:
            await asyncio.to_thread(bury, self._place.path)
        except OSError as error:
            raise NotRecorded(type(error).__name__) from None
        self._unsettled = False

    async def _undo(self) -> None:
        if self._db.in_transaction:  # SQLite itself has rolled back after some errors, a full disk among them
            await self._rows("ROLLBACK")

    async def _on_thread(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Call this with the connection, on its own thread: one way there and back, for however many statements.

        aiosqlite does so for each statement, and has no public name for it: so its version is pinned.
        """
        done: T = await self._db._execute(function, self._db._conn)  # type: ignore[no-untyped-call]  # noqa: SLF001
        return done

    async def _rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return list(await self._db.execute_fetchall(sql, parameters))  # type: ignore[arg-type]

    # -- cards ------------------------------------------------------------------------------------------------

    async def apply(self, change: Change) -> Outcome:
        """See Store.apply."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._enqueue(_Waiting(change, answer))
        return await answer

    async def _apply_batch(self, batch: list[_Waiting]) -> None:
        answers: Sequence[Outcome | Exception]
        try:
            async with self._turn():
                changes = [waiting.change for waiting in batch if waiting.change]
                decided, failed = await self._on_thread(partial(self._in_one_go, changes=changes))
                if failed is not None:
                    await self._make_sure(failed, decided.stands)
                answers = decided.answers
        except Exception as error:  # noqa: BLE001  no caller may wait for ever
            answers = [error] * len(batch)
        for waiting, answer in zip(batch, answers, strict=True):
            _answer(waiting.answer, answer)

    def _in_one_go(self, db: sqlite3.Connection, changes: Sequence[Change]) -> tuple[Decided, sqlite3.Error | None]:
        """Begin, find, decide, write, commit: on the connection's thread."""
        try:
            decided = self._decide_and_write(db, changes)
        except BaseException:
            if db.in_transaction:  # SQLite itself has rolled back after some errors, a full disk among them
                db.execute("ROLLBACK")
            raise
        return decided, _try_to_commit(db)

    @abstractmethod
    def _decide_and_write(self, db: sqlite3.Connection, changes: Sequence[Change]) -> Decided:
        """Begin a transaction, decide a batch of changes to cards and write it down; on the connection's thread."""

    async def forget_order(self) -> None:
        """See Store.forget_order."""

        async def job() -> None:
            if await self._rows("SELECT 1 FROM store WHERE scattered"):
                # Within a page SQLite puts a new row below those that were there before, whatever its key, and which
                # pages are used tells more. Written anew as a whole, the file depends on nothing but its rows.
                await self._rows("VACUUM")
                await self._rows("UPDATE store SET scattered = 0")

        await self._in_turn(job)

    # -- the files' dates ---------------------------------------------------------------------------------------

    def start_beat(self) -> None:
        """Date the files anew from now on: else their dates would tell when the newest pledge was made.

        Source: docs/decisions/0035-the-files-are-dated-anew.md.
        """
        self._beating = asyncio.create_task(self._keep_beating(), name="store beat")

    async def _keep_beating(self) -> None:
        while True:
            # by the machine's own count, so that not even the beat depends on what the store does
            await asyncio.sleep(BEAT_S - asyncio.get_running_loop().time() % BEAT_S)
            with contextlib.suppress(NotRecorded, OSError):  # not ours, or read-only: the next one tries again
                await self.beat()

    async def beat(self) -> None:
        """Date the files now. Raises NotRecorded, OSError."""

        async def job() -> None:
            self._place.touch()

        await self._in_turn(job)

    # -- small things -------------------------------------------------------------------------------------------

    async def _read(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return await self._in_turn(lambda: self._rows(sql, parameters))

    async def _change(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return await self._in_transaction(lambda: self._rows(sql, parameters))

    async def aclose(self) -> None:
        """See Store.aclose."""
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(NotRecorded, OSError):
                await self.beat()
        self._ending = True
        self._arrived.set()
        await asyncio.wait([self._writer])
        if not self._writer.cancelled():  # then it has stopped the connection itself
            await self._db.close()


def _try_to_commit(db: sqlite3.Connection) -> sqlite3.Error | None:
    try:
        db.execute("COMMIT")
    except sqlite3.Error as error:
        return error
    return None


def _by_sync(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_FSYNC


class _Waiting:
    """A change that waits for the next batch, or (`change` None) a job that waits for its turn."""

    __slots__ = ("answer", "change", "run")

    def __init__(
        self,
        change: Change | None,
        answer: asyncio.Future[Any],
        run: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.change = change
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
