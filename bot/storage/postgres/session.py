"""A connection to the primary, and what is certain after a commit whose end was not heard.

Every rule here was found by running it: docs/decisions/0075-in-doubt-on-postgresql.md.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError

from bot.domain.errors import InDoubt, NotRecorded
from bot.storage.sql.writer import Lock, Row

T = TypeVar("T")
Connect = Callable[[], Awaitable[asyncpg.Connection]]
"""Connects to one host. Raises one of FAILURES, also if it is no primary."""

ANSWERS_WITHIN_S = 60.0
"""For a statement: the largest work on millions of rows; it bounds how long a dead network is waited for."""

COMMITS_WITHIN_S = 10.0
"""After that its end is in doubt, whatever the server still does: perhaps it waits for a standby that has become the
primary. It is asked for by another connection, and whoever pledged is answered."""

CONFIRMS_WITHIN_S = 5.0
"""For a new connection's first commit: a primary that nobody confirms is left for the next host."""

RESTS_S = 0.2
"""When no host could be used, whoever waited meanwhile hears it too, instead of waiting as long again."""

RETRIES = 5

FAILURES = (PostgresError, InterfaceError, InternalClientError, OSError)  # a TimeoutError is an OSError
REFUSED = (asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError)
"""The server's word that what is checked at a commit undid it."""

TRANSIENT = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.InvalidCachedStatementError)
"""The whole transaction may simply be done again."""

UNCONFIRMED = frozenset({"01000", "57P01"})
"""What the server warns of when a commit ends well although no standby has it."""

HOUSE, CARDS, ENROLMENT, MINTING = 7001, 7002, 7003, 7004
"""Numbers of our advisory locks. They leave nothing in any file, as locks on rows would."""

# A process that is stopped in the middle of a transaction must not keep everybody else from working for ever. And a
# role may be set up to wait for no standby, or to hear no warnings.
BEGIN = (
    "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL client_min_messages = warning; "
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
    """One connection, made anew when it was lost: to the first host that is a primary whose commits are confirmed."""

    def __init__(self, hosts: Sequence[Connect], process: str) -> None:
        self._hosts = deque(hosts)  #: the one to be tried next comes first
        self.process = process
        self._db: asyncpg.Connection | None = None
        self._warned = False
        self._rests_until = 0.0

    @property
    def db(self) -> asyncpg.Connection:
        """The connection, within a turn."""
        if self._db is None or self._db.is_closed():
            raise asyncpg.ConnectionDoesNotExistError("the connection is lost")
        return self._db

    async def open(self) -> None:
        """Make a connection if there is none. Raises one of FAILURES."""
        if self._db is not None and not self._db.is_closed():
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until:
            raise asyncpg.ConnectionDoesNotExistError("no host could be used a moment ago")
        for _ in self._hosts.copy():
            host = self._hosts[0]
            try:
                self.take_over(await host())
                await self._wait_for_standby()
            except FAILURES as error:
                if self._hosts[0] is host:  # else it was left where it failed: of two, twice is none
                    self._leave()
                failed: Exception = error
            else:
                return
        self._rests_until = loop.time() + RESTS_S
        raise failed

    def take_over(self, connection: asyncpg.Connection) -> None:
        """Use this connection, which nobody else uses."""
        self._db = connection
        self._db.add_log_listener(self._heed)

    async def _wait_for_standby(self) -> None:
        """See to it that a standby has all that is shown: after a crash it may not, or if this primary was cut off."""
        await self.begin(BEGIN)
        await self.rows("SELECT 1 FROM pg_logical_emit_message(true, 'allout', '')")
        try:
            await self._commit(CONFIRMS_WITHIN_S)
        except NotRecorded:
            raise asyncpg.ConnectionDoesNotExistError("no standby has confirmed what is there") from None

    def _heed(self, _connection: object, message: Any) -> None:
        # "the transaction has already committed locally, but might not have been replicated": it comes as a warning,
        # and the commit ends well
        self._warned |= message.sqlstate in UNCONFIRMED

    async def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        """Run a statement."""
        return [
            tuple(row) for row in await self.ask(self.db.fetch(dollars(sql), *parameters, timeout=ANSWERS_WITHIN_S))
        ]

    async def each(self, sql: str, parameters: Iterable[Row]) -> None:
        """Run a statement for each of these."""
        await self.ask(self.db.executemany(dollars(sql), list(parameters), timeout=ANSWERS_WITHIN_S))

    async def script(self, statements: str) -> None:
        """Run statements without parameters."""
        await self.ask(self.db.execute(statements, timeout=ANSWERS_WITHIN_S))

    async def take(self, lock: Lock) -> None:
        """Take what locks it needs, within a transaction."""
        for statement in TAKING[lock]:
            await self.script(statement)

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
            await self.script(statements)
        except BaseException:  # it may have begun, and only not had its locks
            await self.undo()
            raise

    async def undo(self) -> None:
        """End a transaction that has written nothing that is to stay."""
        try:
            await self.script("ROLLBACK")
        except FAILURES:
            self.drop()

    async def ask(self, answer: Awaitable[T]) -> T:
        """Wait for an answer of the connection's that is due within some time."""
        try:
            return await answer
        except (TimeoutError, asyncpg.ReadOnlySQLTransactionError):
            # the next statement would wait for the end of this one, for ever; or it is no primary any more
            self.drop()
            raise

    async def commit(self, mark: bytes) -> None:
        """Commit what bears this mark. Raises NotRecorded if it is not there, InDoubt if nobody can tell."""
        try:
            await self._commit(COMMITS_WITHIN_S)
        except InDoubt:
            await self._make_sure(mark)

    async def _commit(self, within_s: float) -> None:
        """Commit. Raises NotRecorded, REFUSED or TRANSIENT if nothing was recorded, for sure; else InDoubt."""
        db = self.db
        self._warned = False
        # never by its own time limit, nor cancelled: asyncpg would have the server end its waiting for the standby
        committing = asyncio.ensure_future(db.execute("COMMIT"))
        try:
            await asyncio.wait([committing], timeout=within_s)
        finally:
            if not committing.done():  # or the loop ends, and nobody is told anything any more
                db.terminate()
                await asyncio.wait([committing])
        failed = committing.exception()
        if isinstance(failed, (*REFUSED, *TRANSIENT)):
            raise failed
        if failed is not None or self._warned:
            self.drop()
            raise InDoubt
        if committing.result() == "ROLLBACK":
            raise NotRecorded("rolled back")

    async def _make_sure(self, mark: bytes) -> None:
        try:
            await self.open()
            await self.begin(BEGIN)
            [(found,)] = await self.rows(_ASK, (self.process,))
            await self._commit(CONFIRMS_WITHIN_S)
        except (*FAILURES, NotRecorded):
            self.drop()
            raise InDoubt from None
        if found != mark:
            raise NotRecorded("not committed")

    def drop(self) -> None:
        """Let go of the connection, whatever it was about to do; the next is made to the next host first."""
        if self._db is not None:
            self._leave()

    def _leave(self) -> None:
        if self._db is not None:
            self._db.terminate()
        self._db = None
        self._hosts.rotate(-1)

    async def aclose(self) -> None:
        """Say goodbye."""
        if self._db is not None and not self._db.is_closed():
            with suppress(*FAILURES):
                await self._db.close(timeout=5)
        self._db = None
