"""Ballots: what whoever takes part in a survey votes; put in place of the one before, and looked for, never read."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.pledging import Change, Outcome
from bot.storage.sql.cards import Cards
from bot.storage.sql.writer import Lock

_CAST = """
    INSERT INTO ballot (locator, walkout, choices) VALUES (?, ?, ?)
    ON CONFLICT (locator) DO UPDATE SET choices = excluded.choices
"""


class Ballots(Cards):
    """Keeps ballots."""

    async def cast(self, ballot: str, change: Change) -> Outcome:
        """See Store.cast."""

        async def job() -> Outcome:
            outcome = await self._decide_one(change)
            await self._rows(_CAST, (change.bearer.ballot(outcome.walkout), outcome.walkout, ballot))
            return outcome

        return await self._in_transaction(job, Lock.CARDS)

    async def has_voted(self, locator: bytes) -> bool:
        """See Store.has_voted."""
        return await self._look_up(self._have_voted, locator)

    async def _have_voted(self, locators: Sequence[bytes]) -> dict[bytes, bool]:
        marks = ", ".join("?" * len(locators))
        rows = await self._rows(f"SELECT locator FROM ballot WHERE locator IN ({marks})", locators)
        there = {row[0] for row in rows}
        return {locator: locator in there for locator in locators}
