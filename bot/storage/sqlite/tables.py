"""SQLite's tables as they are copied."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiosqlite

from bot.storage.copying import COUNT, PIECE, Table
from bot.storage.sql.writer import Row

_NOTHING = 1 << 40
"""So numbers are counted from there on, see migrations/sqlite/0017_counted.sql."""


class SqliteTables:
    """The tables behind a connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection

    async def count(self) -> int:
        """See Source.count."""
        [(number,)] = await self._db.execute_fetchall(COUNT)
        return int(number)

    async def rows(self, table: Table) -> AsyncGenerator[Sequence[Row], None]:
        """See Source.rows."""
        read = "counts" if table.name == "counted" else table.name
        sql = f"SELECT {', '.join(table.columns)} FROM {read} ORDER BY {', '.join(table.key.split())}"
        async with self._db.execute(sql) as cursor:
            while piece := list(await cursor.fetchmany(PIECE)):
                yield piece  # type: ignore[misc]  # tuples, as no row factory is set

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[None]:
        """See Target.filling."""
        triggers = list(await self._db.execute_fetchall("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"))
        for name, _sql in triggers:
            await self._db.execute_fetchall(f"DROP TRIGGER {name}")
        await self._db.execute_fetchall("DELETE FROM store")
        yield
        for _name, sql in triggers:
            await self._db.execute_fetchall(sql)

    async def put(self, table: Table, rows: Sequence[Row]) -> None:
        """See Target.put."""
        value = f"? + {_NOTHING}" if table.name == "counted" else "?"
        values = ["?"] * len(table.key.split()) + [value] * len(table.others.split())
        sql = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({', '.join(values)})"
        await self._db.executemany(sql, rows)
