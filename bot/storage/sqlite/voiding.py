"""Cards that are voided or recalled: approved first, and then done once."""

from __future__ import annotations

import json

from bot.domain import disclosure, rules
from bot.domain.model import Announcement, Stage, WalkoutId
from bot.domain.tree import Tree
from bot.storage.records import instant
from bot.storage.sqlite.minting import RECALLED, VOIDED, Minting
from bot.storage.store import Note, Voiding

_OF_UNITS = "unit IN (SELECT value FROM json_each(?2))"
_VOID = f"UPDATE card SET stale = max(stale, ?3) WHERE campaign = ?1 AND {_OF_UNITS}"  # noqa: S608
_VOIDED = """
    UPDATE unit SET issued = 0, voided = ?3 WHERE walkout IN (SELECT value FROM json_each(?1))
        AND id IN (SELECT value FROM json_each(?2))
"""
_RECALL = f"""
    UPDATE pledge SET state = 'r' WHERE walkout IN (SELECT value FROM json_each(?1)) AND {_OF_UNITS}
"""  # noqa: S608
_TELL_ANEW = "UPDATE unit SET told_people = 0 WHERE walkout = ?1 AND id IN (SELECT value FROM json_each(?2))"


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
        seen = await self._walkout(walkout)
        steps = await self._steps(seen)
        tree = Tree(await self._units(walkout))
        branch = json.dumps([unit.id for unit in tree.branch(voiding.unit)])
        every = json.dumps([step.id for step in steps if step.stage is not Stage.CLOSED])
        # used or not: what differs afterwards would tell who has pledged
        await self._rows(_VOID, (seen.register, branch, RECALLED if voiding.recalls else VOIDED))
        await self._rows(_VOIDED, (every, branch, instant(voiding.at)))
        if voiding.recalls:
            # in every step that is not over: of one that is not open yet, as far as its pledges are made
            now = self._clock()
            alive = json.dumps([step.id for step in steps if step.id == walkout or not rules.is_over(step, now=now)])
            await self._rows(_RECALL, (alive, branch))
            await self._rows(_TELL_ANEW, (walkout, branch))
            await self._rows("DELETE FROM ballot WHERE walkout = ?", (walkout,))  # they bear no unit
        else:
            left = [(disclosure.known(each, tree.workplace_of(each.id)), each.id) for each in tree.leaves(voiding.unit)]
            await self._db.executemany(
                "UPDATE unit SET issued = ? WHERE id = ? AND walkout = ?",
                [(known, unit, step.id) for step in steps for known, unit in left],
            )
