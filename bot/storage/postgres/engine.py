"""PostgreSQL's side of the writer: one connection that takes turns, and another for what takes long."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar

from bot.domain.errors import NotRecorded
from bot.storage import fencing
from bot.storage.postgres import leases
from bot.storage.postgres.session import FAILURES, Connect, Session
from bot.storage.sql.writer import Lock, Row, Writer

T = TypeVar("T")

_ASIDE: ContextVar[Session | None] = ContextVar("aside", default=None)

_REWRITTEN = ("notice", "wish", "ballot")
# Temporary tables are in no WAL. Whoever reads meanwhile waits.
_REWRITE = """
    LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
    CREATE TEMPORARY TABLE anew ON COMMIT DROP AS SELECT * FROM {table};
    TRUNCATE {table};
    INSERT INTO {table} SELECT * FROM anew ORDER BY locator;
    DROP TABLE anew
"""


class Engine(Writer):
    """Owns the connections, to one of these hosts; `process` names this process among the store's."""

    def __init__(self, hosts: Sequence[Connect], clock: Callable[[], datetime], process: str) -> None:
        super().__init__(clock)
        self._hosts = hosts
        self._process = process
        self._main = Session(hosts, process)

    @property
    def _session(self) -> Session:
        return _ASIDE.get() or self._main

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
        token = _ASIDE.set(session)
        try:
            async with self._turn():
                yield
        finally:
            _ASIDE.reset(token)
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

    async def _rewrite(self) -> None:
        """Let notices, wishes and ballots lie in the order of their keys, all written by one transaction."""
        if not await self._rows("SELECT 1 FROM store WHERE scattered = 1"):
            return
        for table in _REWRITTEN:
            await self._session.script(_REWRITE.format(table=table))
        await self._rows("UPDATE store SET scattered = 0")

    async def _scrub(self) -> None:
        await self._in_transaction(self._rewrite, Lock.CARDS)
        async with self._aside():
            for table in ("kept_card", "kept_pledge", "parcel", "room"):
                await self._session.script(f"VACUUM {table}")  # never within a transaction, and nobody waits for it

    async def aclose(self) -> None:
        """See Store.aclose."""
        await super().aclose()
        await self._main.aclose()
