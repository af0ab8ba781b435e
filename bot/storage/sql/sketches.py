"""Sketches: walkouts that organizers put together by answering questions, sealed."""

from __future__ import annotations

from datetime import datetime

from bot.domain.roles import MemberId
from bot.storage.records import instant, maybe_moment
from bot.storage.sql.writer import Writer
from bot.storage.store import Sketched

_KEEP = """
    INSERT INTO sketch (organizer, number, content, list, until) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (organizer) DO UPDATE SET number = excluded.number, content = excluded.content, list = excluded.list,
        until = excluded.until
"""


class Sketches(Writer):
    """Keeps sketches."""

    async def sketch(self, organizer: MemberId) -> Sketched | None:
        """See Store.sketch."""
        found = await self._read("SELECT number, content, list FROM sketch WHERE organizer = ?", (organizer,))
        return Sketched(number=found[0][0], content=found[0][1], list=found[0][2]) if found else None

    async def keep_sketch(self, organizer: MemberId, sketched: Sketched, *, until: datetime) -> bool:
        """See Store.keep_sketch."""

        async def job() -> bool:
            if not await self._rows("SELECT 1 FROM organizer WHERE id = ?", (organizer,)):
                return False
            kept = await self._rows("SELECT number FROM sketch WHERE organizer = ?", (organizer,))
            if (kept[0][0] if kept else 0) != sketched.number - 1:
                return False
            await self._rows(
                _KEEP,
                (organizer, sketched.number, sketched.content, sketched.list, instant(until)),
            )
            return True

        return await self._in_transaction(job)

    async def drop_sketch(self, organizer: MemberId) -> None:
        """See Store.drop_sketch."""
        await self._change("DELETE FROM sketch WHERE organizer = ?", (organizer,))

    async def drop_old_sketches(self, *, now: datetime) -> None:
        """See Store.drop_old_sketches."""
        await self._change("DELETE FROM sketch WHERE until <= ?", (instant(now),))

    async def oldest_sketch(self) -> datetime | None:
        """See Store.oldest_sketch."""
        return maybe_moment((await self._read("SELECT min(until) FROM sketch"))[0][0])
