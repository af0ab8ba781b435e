"""Messages that are to be deleted when their time has come."""

from __future__ import annotations

from datetime import datetime

from bot.storage.records import instant, maybe_moment
from bot.storage.sql.writer import Writer
from bot.storage.store import ScheduledDeletion


class ScheduledDeletions(Writer):
    """Keeps which messages are to be deleted, and when: the table `errand`."""

    async def add_deletion(self, way: str, what: bytes, *, due: datetime) -> None:
        """See Store.add_errand."""
        await self._change("INSERT INTO errand (platform, what, due) VALUES (?, ?, ?)", (way, what, instant(due)))

    async def due_deletions(self, way: str, *, now: datetime) -> list[ScheduledDeletion]:
        """See Store.due_errands."""
        rows = await self._read(
            "SELECT id, what, attempts FROM errand WHERE platform = ? AND due <= ? ORDER BY due, id",
            (way, instant(now)),
        )
        return [ScheduledDeletion(id=number, what=what, attempts=attempts) for number, what, attempts in rows]

    async def put_off_deletion(self, deletion: int, *, until: datetime) -> None:
        """See Store.put_off_errand."""
        await self._change(
            "UPDATE errand SET due = ?, attempts = attempts + 1 WHERE id = ?", (instant(until), deletion)
        )

    async def drop_deletion(self, deletion: int) -> None:
        """See Store.drop_errand."""
        await self._change("DELETE FROM errand WHERE id = ?", (deletion,))

    async def next_deletion(self, way: str) -> datetime | None:
        """See Store.next_errand."""
        rows = await self._read("SELECT min(due) FROM errand WHERE platform = ?", (way,))
        return maybe_moment(rows[0][0])
