"""PostgreSQL's side of the writer: one connection that takes turns, and another for what takes long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from bot.domain.errors import NotRecorded
from bot.storage import fencing
from bot.storage.postgres import leases
from bot.storage.postgres.session import FAILURES, MINTING, Connect, Session
from bot.storage.sql.writer import BATCH, Lock, Row, Waiting, Writer

T = TypeVar("T")

_SESSION: ContextVar[Session | None] = ContextVar("session", default=None)

_BY_LOCATOR = ("notice", "wish", "ballot")
_BY_KEY = ("kept_card", "kept_pledge")

AT_A_TALLY, AT_CLOSING = 20_000, 200_000
"""So many rows at most are written anew, as pledges wait for it: some tenths of a second, and some seconds."""

LOCKED_WITHIN_S = 2
"""For a whole table. While we wait for somebody who reads it, a pg_dump, everybody waits behind us."""

# Who reads as of one instant has locked what is recent, see READING: to them these tables would be empty.
_LOCK = "LOCK TABLE recent_card, recent_pledge, recent_count, {tables} IN ACCESS EXCLUSIVE MODE"
# All by one transaction, in the order of its keys, in a new file: rows tell neither in which order nor with which
# others they came, and nothing is left of those that were there. Temporary tables are in no WAL.
_REWRITE = """
    CREATE TEMPORARY TABLE anew ON COMMIT DROP AS SELECT * FROM {table};
    TRUNCATE {table};
    INSERT INTO {table} SELECT * FROM anew ORDER BY 1;
    DROP TABLE anew
"""
# Rows all of which one transaction has written are as they were left. Of a large table nobody asks: to find out is to
# read all of it, while pledges wait.
_UNEVEN = """
    SELECT CASE WHEN is_small THEN EXISTS (SELECT FROM {table} WHERE xmin <> (SELECT xmin FROM {table} LIMIT 1)) END,
        is_small
    FROM (SELECT (SELECT count(*) FROM (SELECT FROM {table} LIMIT {most} + 1) AS counted) <= {most} AS is_small) AS size
"""
_SMALL = """
    SELECT string_agg(quote_ident(relname), ', ') FROM pg_class
    WHERE relnamespace = current_schema()::text::regnamespace AND relkind = 'r' AND relname <> ALL($1::text[])
"""


class Engine(Writer):
    """Owns the connections, to one of these hosts; `process` names this process among the store's."""

    def __init__(self, hosts: Sequence[Connect], clock: Callable[[], datetime], process: str) -> None:
        super().__init__(clock)
        self._hosts = hosts
        self._process = process
        self._main = Session(hosts, process)
        self._lanes = [self._main, Session(hosts, f"{process} beside")]
        self._filled = asyncio.Event()  #: when a batch is full
        self._under_way: dict[asyncio.Task[None], Session] = {}  #: batches, by whose connection each is written down

    @property
    def _session(self) -> Session:
        return _SESSION.get() or self._main

    def _enqueue(self, waiting: Waiting) -> None:
        super()._enqueue(waiting)
        if len(self._waiting) >= BATCH:
            self._filled.set()

    async def _begin_batch(self) -> None:
        # While the server works on a batch, the next full one is decided and sent by another connection, as if by
        # another process. Of fewer changes two batches would only share out what one commit could carry.
        while self._under_way and (len(self._under_way) == len(self._lanes) or len(self._waiting) < BATCH):
            self._filled.clear()
            filled = asyncio.ensure_future(self._filled.wait())
            await asyncio.wait([*self._under_way, filled], return_when=asyncio.FIRST_COMPLETED)
            filled.cancel()
        lane = next(lane for lane in self._lanes if lane not in self._under_way.values())
        token = _SESSION.set(lane)
        task = asyncio.create_task(self._apply_batch(self._take_batch()), name="store batch")
        _SESSION.reset(token)
        self._under_way[task] = lane
        task.add_done_callback(self._under_way.pop)

    async def _settled(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            await self._session.open()
            yield
        except FAILURES as error:
            raise NotRecorded(type(error).__name__) from None

    @asynccontextmanager
    async def _aside(self) -> AsyncIterator[None]:
        """Do what takes long by a connection of its own; within, nothing else of the store may be called but rows."""
        session = Session(self._hosts, f"{self._process} aside")
        token = _SESSION.set(session)
        try:
            async with self._turn():
                yield
        finally:
            _SESSION.reset(token)
            await session.aclose()

    async def _in_transaction(self, job: Callable[[], Awaitable[T]], lock: Lock = Lock.HOUSE) -> T:
        lease = fencing.current()  # whoever calls has it; the writer's task knows nothing of that

        async def fenced() -> T:
            if lease is not None:
                await self._session.ask(leases.check(self._session.db, lease))
            return await job()

        return await super()._in_transaction(fenced, lock)

    async def _transaction(self, job: Callable[[], Awaitable[T]], lock: Lock = Lock.HOUSE) -> T:
        return await self._session.transaction(job, lock)

    async def _reading(self, job: Callable[[], Awaitable[T]]) -> T:
        return await self._in_turn(lambda: self._session.reading(job))

    async def _read(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return await self._reading(lambda: self._rows(sql, parameters))

    async def _rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return await self._session.rows(sql, parameters)

    async def _each(self, sql: str, parameters: Iterable[Row]) -> None:
        await self._session.each(sql, parameters)

    @asynccontextmanager
    async def _unguarded(self) -> AsyncIterator[None]:
        await self._rows("SET CONSTRAINTS ALL DEFERRED")
        await self._rows("ALTER TABLE deed DISABLE TRIGGER deeds_stay")
        yield
        await self._rows("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come cannot be altered
        await self._rows("ALTER TABLE deed ENABLE TRIGGER deeds_stay")

    async def _examine_database(self) -> tuple[str, tuple[str, ...], int]:
        [(version,)] = await self._read("SELECT current_setting('server_version')")
        return f"PostgreSQL {version}", (), 0  # it checks references itself

    async def _rewrite(self, *, closing: bool = False, folded: bool = False) -> bool:
        """Write anew what tells in which order it came; at a closing also what was deleted from.

        Where all rows were `folded` they are even, but for those that they have replaced, which lie there until chance
        has them cleared away.

        Within a transaction that has locked cards. Returns False if that cannot be, since cards are being made.
        """
        await self._wait_for_no_reader()
        tables = [*_BY_LOCATOR] if (scattered := await self._rows("SELECT 1 FROM store WHERE scattered = 1")) else []
        # it would wait for whoever makes cards, and they for us
        [(alone,)] = await self._rows(f"SELECT pg_try_advisory_xact_lock({MINTING})")
        for table in _BY_KEY if alone else ():
            [(uneven, is_small)] = await self._rows(
                _UNEVEN.format(table=table, most=AT_CLOSING if closing else AT_A_TALLY)
            )
            tables += [table] if is_small and (uneven or closing or folded) else []
        if tables:
            await self._rows(_LOCK.format(tables=", ".join(tables)))
        for table in tables:
            await self._session.script(_REWRITE.format(table=table))
        if scattered:
            await self._rows("UPDATE store SET scattered = 0")
        return bool(alone)

    async def _wait_for_no_reader(self) -> None:
        """Within this transaction wait for no other lock so long that everybody would wait behind us."""
        await self._rows(f"SET LOCAL lock_timeout = '{LOCKED_WITHIN_S}s'")

    async def _sweep(self, *statements: str) -> None:
        """Run these, of which none may be in a transaction; nobody's turn waits for them."""
        async with self._aside():
            for statement in (f"SET lock_timeout = '{LOCKED_WITHIN_S}s'", *statements):
                await self._session.script(statement)

    async def _scrub(self) -> None:
        if not await self._in_transaction(partial(self._rewrite, closing=True), Lock.CARDS):
            raise NotRecorded("cards are being made")
        [(small,)] = await self._read(_SMALL, ([*_BY_LOCATOR, *_BY_KEY],))
        await self._sweep(f"VACUUM (FULL) {small}", f"VACUUM {', '.join(_BY_KEY)}")

    async def aclose(self) -> None:
        """See Store.aclose."""
        await super().aclose()
        for lane in self._lanes:
            await lane.aclose()
