"""Notices: workers' wishes to be told privately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import aiosqlite

from bot.storage.sqlite.news import News
from bot.storage.sqlite.place import Place
from bot.storage.store import Notice

_ADD = """
    INSERT INTO notice (locator, walkout, platform, sealed)
    SELECT ?1, ?2, ?3, ?4 FROM card JOIN walkout ON walkout.id = card.walkout
    WHERE card.hash = ?5 AND card.owner = ?6 AND card.state = 'p' AND card.walkout = ?2
        AND walkout.stage IN ('open', 'on')
    ON CONFLICT DO NOTHING
"""
# Within a page SQLite puts a new row below those that were there before, whatever its key; written anew as a whole,
# rows lie as their locators do. The copy is in memory.
_WRITE_ANEW = (
    "CREATE TEMP TABLE copy AS SELECT * FROM notice",
    "DELETE FROM notice",
    "INSERT INTO notice (locator, walkout, platform, sealed) SELECT * FROM copy ORDER BY locator",
    "DROP TABLE copy",
)


class Notices(News):
    """Keeps notices."""

    def __init__(self, connection: aiosqlite.Connection, clock: Callable[[], datetime], place: Place) -> None:
        super().__init__(connection, clock, place)
        self._notices_added = 1  #: since the start; what was added before it may lie in any order
        self._notices_settled = 0  #: so many of them lie where nothing tells which came first

    async def add_notice(self, notice: Notice, *, card: bytes, owner: bytes) -> bool:
        """See Store.add_notice."""

        async def job() -> bool:
            self._notices_added += 1
            await self._rows(_ADD, (notice.locator, notice.walkout, notice.platform, notice.sealed, card, owner))
            return await self._has_notice(notice.locator)

        return await self._in_transaction(job)

    async def delete_notice(self, locator: bytes) -> None:
        """See Store.delete_notice."""
        await self._change("DELETE FROM notice WHERE locator = ?", (locator,))

    async def has_notice(self, locator: bytes) -> bool:
        """See Store.has_notice."""
        return await self._in_turn(lambda: self._has_notice(locator))

    async def _has_notice(self, locator: bytes) -> bool:
        return bool(await self._rows("SELECT 1 FROM notice WHERE locator = ?", (locator,)))

    async def settle_notices(self) -> None:
        """See Store.settle_notices."""

        async def job() -> int:
            added = self._notices_added
            if added != self._notices_settled:
                for statement in _WRITE_ANEW:
                    await self._rows(statement)
            return added

        self._notices_settled = await self._in_transaction(job)
