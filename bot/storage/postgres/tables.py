"""PostgreSQL's tables as they are copied, within a transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from bot.storage.copying import COUNT, PIECE, TABLES, Table
from bot.storage.sql.writer import Row

_READ = {"counted": "counts"}
_KEPT = {"card": "kept_card", "pledge": "kept_pledge"}
_RECENT = ("recent_card", "recent_pledge", "recent_count")
_NUMBERED = ("parcel", "errand")
WRITTEN = tuple(_KEPT.get(table.name, table.name) for table in TABLES)

_GO_ON = """
    SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}
"""


class PostgresTables:
    """The tables behind a connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._db = connection

    async def count(self) -> int:
        """See Source.count."""
        return int(await self._db.fetchval(COUNT))

    async def rows(self, table: Table) -> AsyncGenerator[Sequence[Row], None]:
        """See Source.rows."""
        read = _READ.get(table.name, table.name)
        cursor = await self._db.cursor(
            f"SELECT {', '.join(table.columns)} FROM {read} ORDER BY {', '.join(table.key.split())}"
        )
        while piece := await cursor.fetch(PIECE):
            yield [tuple(row) for row in piece]

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[None]:
        """See Target.filling. What was there is gone, but for the leases: no number of theirs is given twice."""
        await self._each(f"TRUNCATE {', '.join((*WRITTEN, *_RECENT, 'mark'))}", "ALTER TABLE {} DISABLE TRIGGER USER")
        yield
        # a table with checks to come cannot be altered
        await self._each("SET CONSTRAINTS ALL IMMEDIATE", "ALTER TABLE {} ENABLE TRIGGER USER")
        for table in _NUMBERED:
            await self._db.execute(_GO_ON.format(table=table))

    async def _each(self, first: str, of_each: str) -> None:
        await self._db.execute(";".join((first, *map(of_each.format, WRITTEN))))

    async def put(self, table: Table, rows: Sequence[Row]) -> None:
        """See Target.put."""
        name = _KEPT.get(table.name, table.name)
        await self._db.copy_records_to_table(name, records=rows, columns=table.columns)
