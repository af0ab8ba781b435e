"""The next step of a campaign, while it is drafted: what it follows, and how it differs from that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import campaigns
from bot.domain.campaigns import Rung
from bot.domain.model import Stage, Tier, Unit, Walkout, WalkoutId
from bot.draft import Before, Draft
from bot.draft.steps import can_follow, check_follow
from bot.draft.tree import as_drafted, as_units
from bot.secrets.keys import Keys
from bot.storage.store import Store
from bot.usecases import ladder


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A step beside the one before it; names are those of workplaces."""

    before: Walkout
    is_again: bool  #: another try of what lapsed, for which nothing is to be proved
    is_counted: bool  #: the last count of the one before is in
    qualified: tuple[str, ...]  #: as of now
    only_reached: tuple[str, ...]  #: too small to show a share of their number before all of it
    new: tuple[str, ...]
    gone: tuple[str, ...]
    ladder: tuple[Rung, ...]  #: so far


async def before(after: WalkoutId, store: Store, keys: Keys) -> Before:
    """Return what the next step takes over. Raises NoSuchWalkout, DraftRefused."""
    step, units = await store.walkout(after), await store.units(after)
    check_follow(step, units, is_closed=_is_closed(step, keys))
    return Before(terms=step.terms, units=as_drafted(units))


def _is_closed(step: Walkout, keys: Keys) -> bool:
    """Say whether the cards of its campaign are destroyed."""
    return step.cards_gone or step.register in keys.ended


async def compared(plan: Draft, after: WalkoutId | None, store: Store) -> Compared | None:
    """Hold a draft against the step before it. Raises DraftRefused where units would be elsewhere."""
    if after is None:
        return None
    step, known, share = await store.walkout(after), await store.units(after), plan.terms.opens_where
    units = as_units(plan.units, known)
    ids, qualified = {unit.id for unit in units}, campaigns.qualified(step, known, share)
    return Compared(
        before=step,
        is_again=campaigns.has_lapsed(step, known),
        is_counted=campaigns.is_counted(step),
        qualified=_workplaces(unit for unit in units if unit.id in qualified),
        only_reached=_workplaces(
            unit
            for unit in known
            if unit.id in ids and share < campaigns.WHOLE and campaigns.only_reached(unit.threshold, share)
        ),
        new=_workplaces(unit for unit in units if unit.id not in {each.id for each in known}),
        gone=_workplaces(unit for unit in known if unit.id not in ids),
        ladder=campaigns.climbed(await ladder.steps(step, store)),
    )


def _workplaces(units: Iterable[Unit]) -> tuple[str, ...]:
    return tuple(unit.name for unit in units if unit.tier is Tier.WORKPLACE)


async def to_follow(store: Store, keys: Keys) -> tuple[list[Walkout], list[Walkout]]:
    """Return of each campaign the newest step that another can build on; and what lapsed and was not tried again."""
    newest: dict[WalkoutId, Walkout] = {}
    lapsed = []
    steps = sorted(await store.walkouts(), key=lambda step: step.terms.pledge_by)
    for step in steps:
        units = await store.units(step.id) if step.terms.campaign and step.stage is not Stage.DRAFT else []
        if not units or not can_follow(step, units, is_closed=_is_closed(step, keys)):
            continue
        if not campaigns.has_lapsed(step, units):
            newest[step.register] = step
        elif all(other.after != step.id for other in steps):
            lapsed.append(step)
    return list(newest.values()), lapsed
