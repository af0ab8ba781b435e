"""Cards that are voided or recalled: approved first, and then done once."""

from __future__ import annotations

from bot.domain import disclosure, rules
from bot.domain.model import Announcement, Stage, WalkoutId
from bot.domain.tree import Tree
from bot.storage.records import instant
from bot.storage.sql.minting import RECALLED, VOIDED, Minting
from bot.storage.sql.writer import NUMBERS, TEXTS, Lock, listed
from bot.storage.store import Note, Voiding

_VOIDED = f"""
    UPDATE unit SET issued = 0, voided = ?3 WHERE walkout IN {TEXTS.format("?1")} AND id IN {NUMBERS.format("?2")}
"""
_TELL_ANEW = f"UPDATE unit SET told_people = 0 WHERE walkout = ?1 AND id IN {NUMBERS.format('?2')}"


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
            return await self._in_transaction(job, Lock.CARDS)

    async def _void(self, walkout: WalkoutId, voiding: Voiding) -> None:
        seen = await self._walkout(walkout)
        steps = await self._steps(seen)
        tree = Tree(await self._units(walkout))
        branch = [unit.id for unit in tree.branch(voiding.unit)]
        every = [step.id for step in steps if step.stage is not Stage.CLOSED]
        # used or not: what differs afterwards would tell who has pledged
        await self._make_stale(seen.register, branch, RECALLED if voiding.recalls else VOIDED)
        await self._rows(_VOIDED, (listed(every), listed(branch), instant(voiding.at)))
        if voiding.recalls:
            # in every step that is not over: of one that is not open yet, as far as its pledges are made
            now = self._clock()
            await self._recall(
                [step.id for step in steps if step.id == walkout or not rules.is_over(step, now=now)], branch
            )
            await self._rows(_TELL_ANEW, (walkout, listed(branch)))
            await self._rows("DELETE FROM ballot WHERE walkout = ?", (walkout,))  # they bear no unit
        else:
            left = [(disclosure.known(each, tree.workplace_of(each.id)), each.id) for each in tree.leaves(voiding.unit)]
            await self._each(
                "UPDATE unit SET issued = ? WHERE id = ? AND walkout = ?",
                [(known, unit, step.id) for step in steps for known, unit in left],
            )
