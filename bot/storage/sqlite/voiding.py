"""Cards that are voided or recalled: approved first, and then done once."""

from __future__ import annotations

import json

from bot.domain import disclosure
from bot.domain.model import Announcement, WalkoutId
from bot.domain.tree import Tree
from bot.storage.records import instant
from bot.storage.sqlite.minting import Minting
from bot.storage.store import Note, Voiding

_VOID = "UPDATE card SET stale = 1 WHERE campaign = ?1 AND unit IN (SELECT value FROM json_each(?2))"
_VOIDED = "UPDATE unit SET issued = 0, voided = ?3 WHERE walkout = ?1 AND id IN (SELECT value FROM json_each(?2))"
_RECALL = (
    "UPDATE pledge SET state = 'r' WHERE walkout = ?1 AND unit IN (SELECT value FROM json_each(?2))",
    "UPDATE unit SET told_people = 0 WHERE walkout = ?1 AND id IN (SELECT value FROM json_each(?2))",
)


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
                await self._write_news(walkout, [news, voiding.news, *voiding.vote_again])
            return bool(taken)

        async with self._minting:
            return await self._in_transaction(job)

    async def _void(self, walkout: WalkoutId, voiding: Voiding) -> None:
        tree = Tree(await self._units(walkout))
        branch = (walkout, json.dumps([unit.id for unit in tree.branch(voiding.unit)]))
        # used or not: what differs afterwards would tell who has pledged
        await self._rows(_VOID, branch)
        await self._rows(_VOIDED, (*branch, instant(voiding.at)))
        if voiding.recalls:
            await self._rows("DELETE FROM ballot WHERE walkout = ?", (walkout,))  # they bear no unit
            for statement in _RECALL:
                await self._rows(statement, branch)
        else:
            await self._db.executemany(
                "UPDATE unit SET issued = ? WHERE walkout = ? AND id = ?",
                [
                    (disclosure.known(unit, tree.workplace_of(unit.id)), walkout, unit.id)
                    for unit in tree.leaves(voiding.unit)
                ],
            )
