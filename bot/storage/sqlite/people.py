"""Organizers and stewards, what they propose, and the codes that make them."""

from __future__ import annotations

from datetime import datetime

from bot.domain.model import WalkoutId
from bot.storage.records import instant
from bot.storage.sqlite.news import News
from bot.storage.sqlite.writer import Row
from bot.storage.store import Matter, Organizer


class People(News):
    """Keeps people's roles."""

    async def add_organizer(self, organizer: Organizer) -> None:
        """See Store.add_organizer."""
        await self._change(_ADD_ORGANIZER, _organizer_row(organizer))

    async def add_organizer_code(self, key: bytes, *, until: datetime) -> None:
        """See Store.add_organizer_code."""
        await self._change("INSERT INTO organizer_code (hash, until) VALUES (?, ?)", (key, instant(until)))

    async def redeem_organizer_code(self, key: bytes, organizer: Organizer, *, now: datetime) -> bool:
        """See Store.redeem_organizer_code."""

        async def job() -> bool:
            await self._rows("DELETE FROM organizer_code WHERE until <= ?", (instant(now),))
            used = await self._rows("DELETE FROM organizer_code WHERE hash = ? RETURNING 1", (key,))
            if used:
                await self._rows(_ADD_ORGANIZER, _organizer_row(organizer))
            return bool(used)

        return await self._in_transaction(job)

    async def is_organizer(self, person: bytes) -> bool:
        """See Store.is_organizer."""
        return bool(await self._read("SELECT 1 FROM organizer WHERE id = ?", (person,)))

    async def support(
        self, walkout: WalkoutId, matter: Matter, organizer: bytes, *, at: datetime, since: datetime
    ) -> int:
        """See Store.support."""

        async def job() -> int:
            await self._rows(
                """
                INSERT INTO support (walkout, matter, organizer, at) VALUES (?, ?, ?, ?)
                ON CONFLICT (walkout, matter, organizer) DO UPDATE SET at = excluded.at
                """,
                (walkout, matter, organizer, instant(at)),
            )
            counted = await self._rows(
                "SELECT count(*) FROM support WHERE walkout = ? AND matter = ? AND at > ?",
                (walkout, matter, instant(since)),
            )
            return int(counted[0][0])

        return await self._in_transaction(job)


_ADD_ORGANIZER = """
    INSERT INTO organizer (id, platform, address, nickname) VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET address = excluded.address, nickname = excluded.nickname
"""


def _organizer_row(organizer: Organizer) -> Row:
    return organizer.id, organizer.platform, organizer.address, organizer.nickname
