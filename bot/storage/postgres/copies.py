"""Copies of the whole database, for backups: as one file of SQLite's, made in memory. Nothing plain touches a disk."""

from __future__ import annotations

from functools import partial
from sqlite3 import Connection

import aiosqlite

from bot.storage.copying import copy
from bot.storage.postgres.engine import Engine
from bot.storage.postgres.tables import PostgresTables
from bot.storage.sqlite.opening import make
from bot.storage.sqlite.tables import SqliteTables


class Copies(Engine):
    """Makes copies."""

    async def copy(self) -> bytes:
        """See Store.copy."""
        async with aiosqlite.connect(":memory:", isolation_level=None) as memory:
            await make(memory)
            await memory.execute_fetchall("BEGIN")
            async with self._aside():
                tables = PostgresTables(self._session.db)
                await self._session.reading(partial(copy, tables, SqliteTables(memory)))
            await memory.execute_fetchall("COMMIT")
            # aiosqlite has no public name for what runs on its thread, see bot.storage.sqlite.engine
            image: bytes = await memory._execute(Connection.serialize, memory._conn)  # type: ignore[no-untyped-call]  # noqa: SLF001
            return image
