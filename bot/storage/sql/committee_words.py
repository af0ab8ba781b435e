"""What organizers say themselves: approved first, and then said once."""

from __future__ import annotations

import json

from bot.domain.committee_word import SaidWord
from bot.domain.model import Announcement, Kind, WalkoutId
from bot.storage.sql.walkouts import Walkouts
from bot.storage.sql.writer import Lock
from bot.storage.store import Note, WordRule

_SAID = """
    SELECT occasion, facts FROM announcement WHERE walkout = ? AND scope = 0 AND kind = ? AND about = 0
    ORDER BY occasion
"""


class CommitteeWords(Walkouts):
    """Says them."""

    async def words_said(self, walkout: WalkoutId) -> list[SaidWord]:
        """See Store.words_said."""
        return await self._reading(lambda: self._words_said(walkout))

    async def _words_said(self, walkout: WalkoutId) -> list[SaidWord]:
        rows = await self._rows(_SAID, (walkout, Kind.COMMITTEE_WORD))
        return [SaidWord(occasion=occasion, content=json.loads(facts)) for occasion, facts in rows]

    async def say_approved(
        self, proposal: str, walkout: WalkoutId, rule: WordRule, news: Announcement, note: Note
    ) -> bool:
        """See Store.say_approved."""

        async def job() -> bool:
            taken = await self._rows(
                "UPDATE proposal SET became = 'done' WHERE id = ? AND walkout = ? AND became = 'open' RETURNING 1",
                (proposal, walkout),
            )
            if taken:
                said = await self._words_said(walkout)
                made = rule(await self._walkout(walkout), await self._units(walkout), said)
                await self._note(note)
                await self._write_news(walkout, [news, *made])
            return bool(taken)

        return await self._in_transaction(job, Lock.CARDS)
