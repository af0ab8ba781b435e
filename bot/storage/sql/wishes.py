"""Wishes: who wants to be told, once, if what lapsed is tried again."""

from __future__ import annotations

from bot.storage.sql.writer import Writer
from bot.storage.store import Notice

_ADD = """
    INSERT INTO wish (locator, campaign, platform, sealed) VALUES (?, ?, ?, ?)
    ON CONFLICT (locator) DO NOTHING
"""


class Wishes(Writer):
    """Keeps wishes."""

    async def add_wish(self, wish: Notice) -> None:
        """See Store.add_wish."""
        await self._change(_ADD, (wish.locator, wish.walkout, wish.way, wish.sealed))

    async def delete_wish(self, locator: bytes) -> None:
        """See Store.delete_wish."""
        await self._change("DELETE FROM wish WHERE locator = ?", (locator,))
