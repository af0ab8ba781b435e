"""A connection to the primary, and what is certain after a commit whose end was not heard.

Every rule here was found by running it: docs/decisions/0075-in-doubt-on-postgresql.md.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

from bot.domain.errors import InDoubt, NotRecorded
from bot.storage.sql.writer import Lock, Row

T = TypeVar("T")
Connect = Callable[[], Awaitable[asyncpg.Connection]]

ANSWERS_WITHIN_S = 60.0
"""For a statement. A commit has no limit: whoever stops waiting for it knows less, not more."""

LOOKS_EVERY_S = 5.0
"""How often is looked whether the server still works on a commit that takes so long."""

RETRIES = 5

FAILURES = (PostgresError, InterfaceError, InternalClientError, OSError)  # a TimeoutError is an OSError
TRANSIENT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.InvalidCachedStatementError)
"""The whole transaction may simply be done again."""

HOUSE, CARDS, ENROLMENT, MINTING = 7001, 7002, 7003, 7004
"""Numbers of our advisory locks. They leave nothing in any file, as locks on rows would."""

# A process that is stopped in the middle of a transaction must not keep everybody else from working for ever. And a
# role may be set up to wait for no standby, or to hear no warnings.
BEGIN = (
    "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL client_min_messages = warning; "
    "SET LOCAL synchronous_commit = on"
)
TAKING = {
    Lock.ROWS: (),
    Lock.HOUSE: (f"SELECT pg_advisory_xact_lock({HOUSE})",),
    Lock.CARDS: (f"SELECT pg_advisory_xact_lock({HOUSE})", f"SELECT pg_advisory_xact_lock({CARDS})"),
}
# Before the snapshot is taken, since to truncate these tables shows in snapshots that were there before.
READING = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
    "LOCK TABLE recent_card, recent_pledge, recent_count, notice, wish, ballot"
)

_LEAVE = """
    INSERT INTO mark (process, mark) SELECT $1, $2 WHERE pg_current_xact_id_if_assigned() IS NOT NULL
    ON CONFLICT (process) DO UPDATE SET mark = excluded.mark RETURNING 1
"""
# It writes, and so is not answered before a standby that is waited for has all that came before. It waits as well for
# a transaction of ours that is not over.
_ASK = """
    INSERT INTO mark (process, mark) VALUES ($1, '') ON CONFLICT (process) DO UPDATE SET asked = mark.asked + 1
    RETURNING mark
"""


@lru_cache(maxsize=2048)
def dollars(sql: str) -> str:
    """Write parameters as PostgreSQL does; those without a number are counted."""
    count = iter(range(1, sql.count("?") + 1))
    return re.sub(r"\?(\d*)", lambda found: f"${found[1] or next(count)}", sql)


class Session:
    """One connection, made anew when it was lost."""

    def __init__(self, connect: Connect, process: str) -> None:
        self._connect = connect
        self.process = process
        self._db: asyncpg.Connection | None = None
        self._warned = False

    @property
    def db(self) -> asyncpg.Connection:
        """The connection, within a turn."""
        if self._db is None or self._db.is_closed():
            raise asyncpg.ConnectionDoesNotExistError("the connection is lost")
        return self._db

    async def open(self) -> None:
        """Make a connection if there is none. Raises one of FAILURES."""
        if self._db is None or self._db.is_closed():
            self._db = await self._connect()
            self._db.add_log_listener(self._heed)
            # after a crash a primary shows what no standby has; when this has come to an end, they have it
            await self._wait_for_standby()

    async def _wait_for_standby(self) -> None:
        self._warned = False
        await self.db.execute(f"{BEGIN}; SELECT pg_logical_emit_message(true, 'allout', '')")
        if await self.db.execute("COMMIT") != "COMMIT" or self._warned:
            self.drop()
            raise asyncpg.ConnectionDoesNotExistError("no standby has confirmed what is there")

    def _heed(self, _connection: object, message: Any) -> None:
        # "the transaction has already committed locally, but might not have been replicated": it comes as a warning,
        # and the commit ends well
        self._warned |= message.sqlstate in {"01000", "57P01"}

    async def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        """Run a statement."""
        return [
            tuple(row) for row in await self._ask(self.db.fetch(dollars(sql), *parameters, timeout=ANSWERS_WITHIN_S))
        ]

    async def each(self, sql: str, parameters: Iterable[Row]) -> None:
        """Run a statement for each of these."""
        await self._ask(self.db.executemany(dollars(sql), list(parameters), timeout=ANSWERS_WITHIN_S))

    async def take(self, lock: Lock) -> None:
        """Take what locks it needs, within a transaction."""
        for statement in TAKING[lock]:
            await self._ask(self.db.execute(statement, timeout=ANSWERS_WITHIN_S))

    async def reading(self, job: Callable[[], Awaitable[T]]) -> T:
        """Run a job that only reads, all of it as of one instant."""
        await self.begin(f"{READING} IN ACCESS SHARE MODE")
        try:
            return await job()
        finally:
            await self.undo()

    async def transaction(self, job: Callable[[], Awaitable[T]], lock: Lock) -> T:
        """Run a job in a transaction, once more where it met others'. Raises NotRecorded, InDoubt, one of FAILURES."""
        for _ in range(RETRIES):
            with suppress(*TRANSIENT):
                return await self._transaction(job, lock)
            await self.open()
        return await self._transaction(job, lock)

    async def _transaction(self, job: Callable[[], Awaitable[T]], lock: Lock) -> T:
        mark = secrets.token_bytes(8)
        await self.begin(";".join((BEGIN, *TAKING[lock])))
        try:
            result = await job()
            wrote = bool(await self.rows(_LEAVE, (self.process, mark)))
        except BaseException:
            await self.undo()
            raise
        await (self.commit(mark) if wrote else self.undo())
        return result

    async def begin(self, statements: str) -> None:
        """Begin a transaction by these statements."""
        try:
            await self._ask(self.db.execute(statements, timeout=ANSWERS_WITHIN_S))
        except BaseException:  # it may have begun, and only not had its locks
            await self.undo()
            raise

    async def undo(self) -> None:
        """End a transaction that has written nothing that is to stay."""
        try:
            await self.db.execute("ROLLBACK", timeout=ANSWERS_WITHIN_S)
        except FAILURES:
            self.drop()

    async def _ask(self, answer: Awaitable[T]) -> T:
        try:
            return await answer
        except TimeoutError:  # the next statement would wait for the end of this one, for ever
            self.drop()
            raise

    async def commit(self, mark: bytes) -> None:
        """Commit what bears this mark. Raises NotRecorded if it is not there, InDoubt if nobody can tell."""
        self._warned = False
        db = self.db
        committing = asyncio.ensure_future(db.execute("COMMIT"))
        try:
            while not (await asyncio.wait([committing], timeout=LOOKS_EVERY_S))[0]:
                if not await self._is_committing(db):
                    db.terminate()
        except asyncio.CancelledError:  # the loop ends; nobody is told anything any more
            db.terminate()
            raise
        failed = committing.exception()
        if isinstance(failed, (asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError, *TRANSIENT)):
            raise failed  # what is checked at the end: then nothing was recorded, for sure
        if failed is None and committing.result() == "ROLLBACK":
            raise NotRecorded("rolled back")
        if failed is not None or self._warned:
            await self._make_sure(mark)

    async def _is_committing(self, db: asyncpg.Connection) -> bool:
        """Look, by another connection, whether the server still works on it; unless it cannot be reached."""
        try:
            async with asyncio.timeout(LOOKS_EVERY_S):
                other = await self._connect()
                try:
                    there = await other.fetchval("SELECT 1 FROM pg_stat_activity WHERE pid = $1", db.get_server_pid())
                finally:
                    other.terminate()
        except FAILURES:
            return True
        return there is not None

    async def _make_sure(self, mark: bytes) -> None:
        self.drop()
        try:
            await self.open()
            self._warned = False
            [(found,)] = await self.rows(_ASK, (self.process,))
        except FAILURES:
            raise InDoubt from None
        if self._warned:
            raise InDoubt
        if found != mark:
            raise NotRecorded("not committed")

    def drop(self) -> None:
        """Let go of the connection, whatever it was about to do."""
        if self._db is not None:
            self._db.terminate()
        self._db = None

    async def aclose(self) -> None:
        """Say goodbye."""
        if self._db is not None and not self._db.is_closed():
            with suppress(*FAILURES):
                await self._db.close(timeout=5)
        self._db = None
