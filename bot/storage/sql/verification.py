"""What rooms have heard, for whoever verifies it."""

from __future__ import annotations

from bot.domain.model import WalkoutId
from bot.storage.records import moment
from bot.storage.sql.news import News
from bot.storage.store import Statement


class Statements(News):
    """Finds announcements by their references."""

    async def statement(self, reference: str) -> Statement | None:
        """See Store.statement."""

        async def job() -> Statement | None:
            made = await self._rows(
                """
                SELECT walkout, scope, said FROM announcement
                WHERE reference = ? AND reference <> '' AND said IS NOT NULL
                """,
                (reference,),
            )
            if not made:
                return None
            [(walkout, scope, said)] = made
            words = await self._rows(
                "SELECT language, words FROM heard WHERE reference = ? ORDER BY language", (reference,)
            )
            return Statement(walkout=WalkoutId(walkout), citywide=scope == 0, said=moment(said), words=dict(words))

        return await self._reading(job)

    async def is_unheard(self, reference: str) -> bool:
        """See Store.is_unheard."""
        found = await self._read(
            "SELECT 1 FROM announcement WHERE reference = ? AND reference <> '' AND said IS NULL", (reference,)
        )
        return bool(found)
