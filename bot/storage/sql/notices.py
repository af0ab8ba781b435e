"""Notices: workers' wishes to be told privately."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.pledging import Bearer
from bot.storage.sql.news import News
from bot.storage.sql.writer import Lock
from bot.storage.store import Notice

_ADD = """
    INSERT INTO notice (locator, walkout, platform, sealed)
    SELECT ?1, CAST(?2 AS TEXT), ?3, ?4 FROM card CROSS JOIN pledge JOIN walkout ON walkout.id = pledge.walkout
    WHERE card.key = ?5 AND card.owner = ?6 AND pledge.key = ?7 AND pledge.state = 'p'
        AND pledge.walkout = CAST(?2 AS TEXT) AND walkout.stage IN ('open', 'on')
    ON CONFLICT DO NOTHING
"""


class Notices(News):
    """Keeps notices."""

    async def add_notice(self, notice: Notice, bearer: Bearer) -> bool:
        """See Store.add_notice."""
        card, pledge = bearer.keys[notice.walkout]
        owner = bearer.owner(notice.walkout)
        row = (notice.locator, notice.walkout, notice.way, notice.sealed)

        async def job() -> bool:
            await self._rows(_ADD, (*row, card, owner, pledge))
            return (await self._have_notices([notice.locator]))[notice.locator]

        return await self._in_transaction(job, Lock.CARDS)

    async def delete_notice(self, locator: bytes) -> None:
        """See Store.delete_notice."""

        async def job() -> None:
            await self._rows("DELETE FROM notice WHERE locator = ?", (locator,))

        await self._in_transaction(job)

    async def has_notice(self, locator: bytes) -> bool:
        """See Store.has_notice."""
        return await self._look_up(self._have_notices, locator)

    async def _have_notices(self, locators: Sequence[bytes]) -> dict[bytes, bool]:
        marks = ", ".join("?" * len(locators))
        rows = await self._rows(f"SELECT locator FROM notice WHERE locator IN ({marks})", locators)
        there = {row[0] for row in rows}
        return {locator: locator in there for locator in locators}
