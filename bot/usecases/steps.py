"""The next step of a campaign, while it is drafted: what it follows, and how it differs from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.model import Stage, Walkout, WalkoutId
from bot.draft import Before, Draft
from bot.draft.steps import can_follow, check_follow, new_and_gone
from bot.draft.tree import as_drafted, as_units
from bot.secrets.keys import Keys
from bot.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What a step has in common with the one before it."""

    before: Walkout
    new: tuple[str, ...]  #: workplaces
    gone: tuple[str, ...]


async def before(after: WalkoutId, store: Store, keys: Keys) -> Before:
    """Return what the next step takes over. Raises NoSuchWalkout, DraftRefused."""
    step = await store.walkout(after)
    check_follow(step, is_closed=_is_closed(step, keys))
    return Before(terms=step.terms, units=as_drafted(await store.units(after)))


def _is_closed(step: Walkout, keys: Keys) -> bool:
    """Say whether the cards of its campaign are destroyed."""
    return step.cards_gone or step.register in keys.ended


async def compared(plan: Draft, after: WalkoutId | None, store: Store) -> Compared | None:
    """Hold a draft against the step before it. Raises DraftRefused where units would be elsewhere."""
    if after is None:
        return None
    known = await store.units(after)
    as_units(plan.units, known)
    new, gone = new_and_gone(plan.units, known)
    return Compared(before=await store.walkout(after), new=new, gone=gone)


async def to_follow(store: Store, keys: Keys) -> Sequence[Walkout]:
    """Return of each campaign its newest step on which another can build; what lapsed is tried again."""
    found: dict[WalkoutId, Walkout] = {}
    for step in await store.walkouts():
        if step.stage is not Stage.DRAFT and can_follow(step, is_closed=_is_closed(step, keys)):
            known = found.get(step.register)
            if known is None or step.terms.pledge_by > known.terms.pledge_by:
                found[step.register] = step
    return list(found.values())
