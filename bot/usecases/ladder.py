"""How far a campaign has come, as far as whoever looks may know it: see bot/domain/campaigns.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain import campaigns
from bot.domain.campaigns import Step
from bot.domain.model import Terms, Unit, UnitId, Walkout, WalkoutId
from bot.domain.rules import PLEDGING
from bot.storage.store import Store


async def steps(walkout: Walkout, store: Store) -> list[Step]:
    """Return all steps of a walkout's campaign, itself among them.

    Of what is closed the board is left, which is all that it takes.
    """
    return [(each, await store.units(each.id)) for each in await store.steps(walkout)]


async def next_rung(after: WalkoutId | None, store: Store) -> int:
    """Say on which rung a draft would stand that is not kept yet."""
    if after is None:
        return 1
    before = await store.walkout(after)
    draft = Walkout(id=WalkoutId(""), terms=before.terms, after=after)
    return campaigns.rungs([*await steps(before, store), (draft, ())])[draft.id]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """How far a workplace has come, for whoever holds a card there."""

    step: int = 1  #: on which rung the step stands that they look at
    counted: int = 0  #: steps with this workplace whose last count is in
    proved: tuple[Terms, ...] = ()  #: of those that it has proved, in their order
    without: Terms | None = None  #: the step that was opened since theirs was over, and that it is no part of


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """What a campaign's steps come to, while they stand so."""

    stand: tuple[object, ...]
    rungs: Mapping[WalkoutId, int]
    came: Mapping[UnitId, campaigns.Came]
    pledging: Sequence[Step]


class Ladders:
    """The places on each campaign's ladder, made once for each way its steps stand.

    A walkout on its own costs nothing. Nor does a step that goes on: at its units no other does, so nothing moves there
    between its tallies. Any other step costs one statement, which reads the campaign's steps and no units.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: dict[WalkoutId, _Made] = {}
        self._going_on: dict[WalkoutId, tuple[int, _Made]] = {}  #: as of a step's tally
        self._turn = asyncio.Lock()  #: all who look after a tally wait for one who reads all units of all steps

    async def place(self, walkout: Walkout, workplace: Unit) -> Place:
        """Say how far a workplace has come by now."""
        if not walkout.in_campaign:
            return Place()
        made = await self._now(walkout)
        came = made.came.get(workplace.id, ())
        proved = tuple(step.terms for step, has_proved in came if has_proved)
        without = None if _goes_on(walkout) else _without(workplace, walkout, made.pledging)
        return Place(step=made.rungs.get(walkout.id, 1), counted=len(came), proved=proved, without=without)

    async def _now(self, walkout: Walkout) -> _Made:
        tally, made = self._going_on.get(walkout.id, (None, None))
        if made is not None and tally == walkout.tally and _goes_on(walkout):
            return made
        found = await self._store.steps(walkout)
        stand = tuple((each.id, each.stage, each.tally, each.next_tally, each.ended) for each in found)
        async with self._turn:
            made = self._made.get(walkout.register)
            if made is None or made.stand != stand:
                there = [(each, await self._store.units(each.id)) for each in found]
                pledging = [(each, units) for each, units in there if each.stage in PLEDGING]
                made = _Made(stand=stand, rungs=campaigns.rungs(there), came=campaigns.came(there), pledging=pledging)
                self._made[walkout.register] = made
        self._going_on[walkout.id] = walkout.tally, made
        return made


def _goes_on(step: Walkout) -> bool:
    return step.stage in PLEDGING and step.next_tally is not None


def _without(workplace: Unit, step: Walkout, pledging: Sequence[Step]) -> Terms | None:
    """Return what was opened after this step, without this workplace: people there may take it for theirs."""
    later = [
        each.terms
        for each, units in pledging
        if each.opened is not None
        and (step.opened is None or each.opened > step.opened)
        and all(unit.id != workplace.id for unit in units)
    ]
    return later[-1] if later else None
