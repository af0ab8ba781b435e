"""SQLite's side of the writer: one connection, which this process alone has; group commit."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sqlite3
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from bot.domain.errors import InDoubt, NotRecorded
from bot.domain.leases import Lease
from bot.domain.pledging import Change, Outcome
from bot.storage.sql.writer import Lock, Row, Writer
from bot.storage.sqlite.file_identity import Place
from bot.storage.sqlite.journal import bury

T = TypeVar("T")

Stands = Callable[[sqlite3.Connection], bool]
"""Looks whether what a transaction wrote is there, on the connection's thread."""


class Decided(NamedTuple):
    """What became of a batch, before it is committed."""

    answers: Sequence[Outcome | Exception]
    stands: Stands


_MOST_DAMAGE = 5
"""Lines of SQLite's about what is damaged."""

BEAT_S = 1.0
"""How often the files are dated anew, whether something was written or not."""


class Engine(Writer):
    """Owns the connection."""

    def __init__(self, connection: aiosqlite.Connection, clock: Callable[[], datetime], place: Place) -> None:
        super().__init__(clock)
        self._db = connection
        self._place = place
        self._wary = False
        self._hidden: set[bytes] = set()  #: keys of cards that are being minted; nobody can know them yet
        self._unsettled = False  #: a sync has failed since what the file holds was made sure of
        self._beating: asyncio.Task[None] | None = None  #: only whoever owns the files dates them

    async def _write(self) -> None:
        try:
            await super()._write()
        except asyncio.CancelledError:
            # the loop ends and nobody closed the store: a connection's thread left alone would hang the exit
            self._db.stop()
            raise

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

    async def _reading(self, job: Callable[[], Awaitable[T]]) -> T:
        return await self._in_turn(job)  # nobody else writes

    async def _transaction(self, job: Callable[[], Awaitable[T]], lock: Lock = Lock.HOUSE) -> T:  # noqa: ARG002
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

    async def _each(self, sql: str, parameters: Iterable[Row]) -> None:
        await self._db.executemany(sql, parameters)

    async def _several(self, *statements: tuple[str, Sequence[Any]]) -> list[list[Row]]:
        return await self._on_thread(
            lambda db: [db.execute(sql, parameters).fetchall() for sql, parameters in statements]
        )

    @asynccontextmanager
    async def _unguarded(self) -> AsyncIterator[None]:
        await self._rows("PRAGMA defer_foreign_keys = ON")
        guards = await self._rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'deed'")
        for guard, _sql in guards:
            await self._rows(f"DROP TRIGGER {guard}")
        yield
        for _guard, sql in guards:
            await self._rows(sql)

    async def _examine_database(self) -> tuple[str, tuple[str, ...], int]:
        said = await self._read(f"PRAGMA integrity_check({_MOST_DAMAGE})")
        damage = tuple(str(line) for (line,) in said if line != "ok")
        [(version,)] = await self._read("SELECT sqlite_version()")
        return f"SQLite {version}", damage, len(await self._read("PRAGMA foreign_key_check"))

    # -- cards ------------------------------------------------------------------------------------------------

    async def _decide_batch(
        self,
        changes: Sequence[Change],
        leases: Collection[Lease],  # noqa: ARG002  one process owns the file
    ) -> Sequence[Outcome | Exception]:
        decided, failed = await self._on_thread(partial(self._in_one_go, changes=changes))
        if failed is not None:
            await self._make_sure(failed, decided.stands)
        return decided.answers

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

    async def _scrub(self) -> None:
        # How many pages were emptied, and where among those of other walkouts, tells how many cards and notices there
        # were.
        await self._in_turn(lambda: self._rows("VACUUM"))

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

    async def aclose(self) -> None:
        """See Store.aclose."""
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(NotRecorded, OSError):
                await self.beat()
        await super().aclose()
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
