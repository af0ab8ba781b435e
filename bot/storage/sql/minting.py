"""New cards: how many there may be, and what is written of them. How they come, each database says.

Source: docs/decisions/0050-cards-are-minted-in-pieces.md.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain import rules
from bot.domain.errors import BeyondHeadcount, NotRecorded, WrongStage
from bot.domain.model import Stage, Tier, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import NewCard
from bot.storage.sql.walkouts import Walkouts
from bot.storage.sql.writer import Row
from bot.storage.store import NO_OTHER, Note, PledgeOf

PIECE = 250
"""Cards that are written at once, about: a pledge may have to wait for them."""

PAUSE = 500
"""Cards that are looked at before others have their turn."""

_PREFIX_BITS = 32

VOIDED, RECALLED = 1, 2
"""What a card in the register is marked as."""

_REGISTERED = "SELECT key, unit, stale FROM card WHERE campaign = ? AND key > ? ORDER BY key LIMIT ?"


@dataclass(slots=True)
class Piece:
    """What is written at once: cards, and pledges, which are other cards' for the most part."""

    cards: list[Row] = field(default_factory=list)  #: key, campaign, unit, owner
    pledges: list[Row] = field(default_factory=list)  #: key, walkout, unit


Approved = Callable[[], Awaitable[bool]]
"""Says within the transaction that counts the cards whether they may come, and that with this it is done."""


Read = Callable[[str, Sequence[object]], Awaitable[list[Row]]]
"""Runs a statement that reads."""


class Minting(Walkouts):
    """Keeps new cards."""

    async def mint(
        self, walkout: WalkoutId, cards: Mapping[UnitId, Sequence[NewCard]], pledge_of: PledgeOf = NO_OTHER
    ) -> None:
        """See Store.mint."""

        async def needs_no_approval() -> bool:
            return True

        async with self._minting:
            await self._mint(walkout, cards, pledge_of, needs_no_approval)

    async def mint_approved(
        self,
        proposal: str,
        walkout: WalkoutId,
        cards: Mapping[UnitId, Sequence[NewCard]],
        note: Note,
        pledge_of: PledgeOf = NO_OTHER,
    ) -> bool:
        """See Store.mint_approved."""

        async def is_approved() -> bool:
            taken = await self._rows(
                "UPDATE proposal SET became = 'done' WHERE id = ? AND walkout = ? AND became = 'granted' RETURNING 1",
                (proposal, walkout),
            )
            if taken:
                await self._note(note)
            return bool(taken)

        async with self._minting:
            return await self._mint(walkout, cards, pledge_of, is_approved)

    @abstractmethod
    async def _mint(
        self,
        walkout: WalkoutId,
        cards: Mapping[UnitId, Sequence[NewCard]],
        pledge_of: PledgeOf,
        approved: Approved,
    ) -> bool:
        """Add new cards as Store.mint says, if they are approved."""

    async def _others(self, walkout: WalkoutId) -> tuple[Walkout, dict[WalkoutId, frozenset[UnitId]]]:
        """Return it, and the units of each other step that is not over: a new card has a pledge there as well."""
        seen = await self._walkout(walkout)
        return seen, {
            step.id: frozenset(unit.id for unit in await self._units(step.id))
            for step in await self._steps(seen)
            if step.id != walkout and not rules.is_over(step, now=self._clock())
        }

    async def _count(self, walkout: WalkoutId, wanted: Mapping[UnitId, int]) -> None:
        seen = await self._walkout(walkout)
        if seen.stage is Stage.CLOSED:  # by whoever had their turn first
            raise WrongStage(seen.stage)
        places = await self._units(walkout)
        if wanted.keys() - {place.id for place in places}:  # taken off the walkout since they were made
            raise NotRecorded("no such unit")
        divided = {place.parent for place in places}
        for place in places:
            new = wanted.get(place.id, 0)
            if new and (place.tier is Tier.AREA or place.id in divided):
                raise ValueError("cards are for those units that no other is part of")
            if new > max(0, place.headcount - place.issued):
                raise BeyondHeadcount(place.name, place.headcount, place.issued, new)
        await self._each(
            "UPDATE unit SET issued = issued + ? WHERE walkout = ? AND id = ?",
            [(new, step.id, place) for step in await self._steps(seen) for place, new in wanted.items()],
        )

    async def _blank_pledges(
        self, seen: Walkout, units: Collection[Unit], pledge_of: PledgeOf, read: Read
    ) -> list[Row]:
        """Return the pledges of a campaign's cards in one more step: key, walkout, unit, state; in order."""
        pledges: list[Row] = []
        if seen.campaign is None:  # cards of a first step come with a pledge
            return pledges
        known, last = {unit.id for unit in units}, b""
        while found := await read(_REGISTERED, (seen.register, last, PAUSE)):
            last = found[-1][0]
            keyed = ((pledge_of(seen.id, card), unit, stale) for card, unit, stale in found if unit in known)
            pledges += [(key, seen.id, unit, "r" if stale == RECALLED else "m") for key, unit, stale in keyed if key]
            await asyncio.sleep(0)
        return sorted(pledges)


async def cut(
    walkout: Walkout,
    cards: Mapping[UnitId, Sequence[NewCard]],
    others: Mapping[WalkoutId, Collection[UnitId]],
    pledge_of: PledgeOf,
) -> list[Piece]:
    """Cut them into pieces by how their keys begin, so that each table is filled in its own order.

    A card has a pledge in each of the `others` that has its unit as well.
    """
    count = max(1, sum(map(len, cards.values())) // PIECE)
    pieces = [Piece() for _ in range(count)]

    def of(key: bytes) -> Piece:
        return pieces[int.from_bytes(key[: _PREFIX_BITS // 8]) * count >> _PREFIX_BITS]

    new = ((place, card) for place, of_place in cards.items() for card in of_place)
    for nth, (place, card) in enumerate(new, start=1):
        of(card.card).cards.append((card.card, walkout.register, place, card.owner))
        of(card.pledge).pledges.append((card.pledge, walkout.id, place))
        for step, units in others.items():
            if place in units and (pledge := pledge_of(step, card.card)) is not None:
                of(pledge).pledges.append((pledge, step, place))
        if not nth % PAUSE:
            await asyncio.sleep(0)
    return pieces
