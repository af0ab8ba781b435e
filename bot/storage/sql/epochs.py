"""Epochs: which values are ours in the places that tell two bots with one token apart."""

from __future__ import annotations

from bot.domain.fence import Epochs as Ours
from bot.storage.sql.writer import Writer

_KEEP = """
    INSERT INTO epoch (place, seen, next) VALUES (?, ?, ?)
    ON CONFLICT (place) DO UPDATE SET seen = excluded.seen, next = excluded.next
"""


class Epochs(Writer):
    """Keeps epochs."""

    async def epochs(self, place: str) -> Ours:
        """See Store.epochs."""
        rows = await self._read("SELECT seen, next FROM epoch WHERE place = ?", (place,))
        return Ours(seen=rows[0][0], next=rows[0][1]) if rows else Ours()

    async def keep_epochs(self, place: str, ours: Ours) -> None:
        """See Store.keep_epochs."""
        await self._change(_KEEP, (place, ours.seen, ours.next))
