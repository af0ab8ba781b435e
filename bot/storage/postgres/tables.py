"""PostgreSQL's tables as they are copied, within a transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from bot.storage.copying import PIECE, TABLES, Table
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

    async def count(self, table: Table) -> int:
        """See Source.count."""
        return int(await self._db.fetchval(f"SELECT count(*) FROM {table.name}"))

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
        await self._db.execute(f"TRUNCATE {', '.join((*WRITTEN, *_RECENT, 'mark'))}")
        for table in WRITTEN:
            await self._db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        await self._db.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come cannot be altered
        for table in WRITTEN:
            await self._db.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for table in _NUMBERED:
            await self._db.execute(_GO_ON.format(table=table))

    async def put(self, table: Table, rows: Sequence[Row]) -> None:
        """See Target.put."""
        name = _KEPT.get(table.name, table.name)
        await self._db.copy_records_to_table(name, records=rows, columns=table.columns)
