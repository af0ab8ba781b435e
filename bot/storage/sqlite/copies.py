"""Copies of the whole database, for backups. They are made and looked at in memory: nothing plain touches the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

from bot.storage.sqlite.engine import Engine


class Copies(Engine):
    """Makes copies."""

    async def copy(self) -> bytes:
        """See Store.copy."""
        # the writer waits only while pages are copied; see docs/performance.md
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as twin:
            await self._in_turn(lambda: self._db.backup(twin))
            return await asyncio.to_thread(twin.serialize)


def is_whole(database: bytes) -> bool:
    """Say whether a copy is sound from its first page to its last."""
    with closing(sqlite3.connect(":memory:")) as twin:
        try:
            twin.deserialize(database)
            sound = twin.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return sound and not twin.execute("PRAGMA foreign_key_check").fetchall()
        except sqlite3.Error:
            return False
