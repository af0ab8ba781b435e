"""Cards that are printed from a chat: approved first, and then made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.model import WalkoutId, WorkplaceId
from bot.storage.sqlite.walkouts import Walkouts
from bot.storage.store import Note


class Paper(Walkouts):
    """Keeps what was printed."""

    async def mint_approved(
        self, proposal: str, walkout: WalkoutId, cards: Mapping[WorkplaceId, Sequence[bytes]], note: Note
    ) -> bool:
        """See Store.mint_approved."""

        async def job() -> bool:
            taken = await self._rows(
                "UPDATE proposal SET became = 'done' WHERE id = ? AND walkout = ? AND became = 'granted' RETURNING 1",
                (proposal, walkout),
            )
            if taken:
                await self._mint(walkout, cards, beyond_headcount=False)
                await self._note(note)
            return bool(taken)

        return await self._in_transaction(job)
