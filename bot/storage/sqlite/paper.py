"""Cards that are voided or recalled: approved first, and then done once."""

from __future__ import annotations

from bot.domain import disclosure
from bot.domain.model import Announcement, WalkoutId
from bot.storage.records import instant
from bot.storage.sqlite.minting import Minting
from bot.storage.store import Note, Voiding


class Paper(Minting):
    """Ends cards."""

    async def void_approved(
        self, proposal: str, walkout: WalkoutId, voiding: Voiding, news: Announcement, note: Note
    ) -> bool:
        """See Store.void_approved."""

        async def job() -> bool:
            taken = await self._rows(
                "UPDATE proposal SET became = 'done' WHERE id = ? AND walkout = ? AND became = 'open' RETURNING 1",
                (proposal, walkout),
            )
            if taken:
                await self._void(walkout, voiding)
                await self._note(note)
                await self._write_news(walkout, [news, voiding.news])
            return bool(taken)

        async with self._minting:
            return await self._in_transaction(job)

    async def _void(self, walkout: WalkoutId, voiding: Voiding) -> None:
        here = (walkout, voiding.workplace)
        # used or not: what differs afterwards would tell who has pledged
        await self._rows("UPDATE card SET stale = 1 WHERE walkout = ? AND unit = ?", here)
        issued = 0
        if voiding.recalls:
            await self._rows("UPDATE pledge SET state = 'r' WHERE walkout = ? AND unit = ?", here)
            await self._rows("UPDATE unit SET told_people = 0 WHERE walkout = ? AND id = ?", here)
        else:
            (place,) = [place for place in await self._workplaces(walkout) if place.id == voiding.workplace]
            issued = disclosure.known(place)
        await self._rows(
            "UPDATE unit SET issued = ?3, voided = ?4 WHERE walkout = ?1 AND id = ?2",
            (*here, issued, instant(voiding.at)),
        )
