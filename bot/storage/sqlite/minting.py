"""Minting: cards come in pieces, between which pledges have their turn; none is known before the last is in.

Source: docs/decisions/0050-cards-are-minted-in-pieces.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import aiosqlite

from bot.domain import rules
from bot.domain.errors import BeyondHeadcount, NotRecorded, WrongStage
from bot.domain.model import Announcement, Stage, Tier, UnitId, Walkout, WalkoutId
from bot.domain.pledging import HASH_BYTES, NewCard
from bot.storage.sqlite.file_identity import Place
from bot.storage.sqlite.walkouts import Walkouts
from bot.storage.sqlite.writer import Row
from bot.storage.store import NO_OTHER, Note, PledgeOf

PIECE = 250
"""Cards in a transaction, about: a pledge may have to wait for one."""

PAUSE = 500
"""Cards that are looked at before others have their turn."""

_PREFIX_BITS = 32

VOIDED, RECALLED = 1, 2
"""What a card in the register is marked as."""

_REGISTERED = "SELECT key, unit, stale FROM card WHERE campaign = ? AND key > ? ORDER BY key LIMIT ?"
_BLANK = """
    INSERT INTO pledge (key, walkout, unit, state) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET state = excluded.state WHERE excluded.state = 'r' AND state <> 'r'
"""


@dataclass(slots=True)
class _Piece:
    """What is written at once: cards, and pledges, which are other cards' for the most part."""

    cards: list[Row] = field(default_factory=list)
    pledges: list[Row] = field(default_factory=list)


class Minting(Walkouts):
    """Keeps new cards."""

    def __init__(self, connection: aiosqlite.Connection, clock: Callable[[], datetime], place: Place) -> None:
        super().__init__(connection, clock, place)
        self._minting = asyncio.Lock()  #: cards are coming in pieces: what changes all of a workplace waits

    async def mint(
        self, walkout: WalkoutId, cards: Mapping[UnitId, Sequence[NewCard]], pledge_of: PledgeOf = NO_OTHER
    ) -> None:
        """See Store.mint."""

        async def needs_no_approval() -> bool:
            return True

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

        return await self._mint(walkout, cards, pledge_of, is_approved)

    async def _mint(
        self,
        walkout: WalkoutId,
        cards: Mapping[UnitId, Sequence[NewCard]],
        pledge_of: PledgeOf,
        approved: Callable[[], Awaitable[bool]],
    ) -> bool:
        async with self._minting:
            await self.finish_minting()  # where the last one failed, and so did taking it back
            seen = await self.walkout(walkout)
            steps = await self._in_turn(lambda: self._steps(seen))
            others = {
                step.id: frozenset(unit.id for unit in await self.units(step.id))
                for step in steps
                if step.id != walkout and not rules.is_over(step, now=self._clock())
            }
            *pieces, last = await _cut(seen, cards, others, pledge_of)

            async def conclude() -> bool:
                if not await approved():
                    return False
                await self._count(walkout, {place: len(of_place) for place, of_place in cards.items()})
                await self._put(last)
                await self._rows("UPDATE store SET minting = 0 WHERE minting")
                return True

            async def show() -> bool:
                concluded = await self._transaction(conclude)
                if concluded:  # before anybody else has a turn
                    self._hidden = set()
                return concluded

            try:
                for piece in pieces:
                    await self._in_transaction(partial(self._put_aside, piece))
                return await self._in_turn(show)
            finally:
                with suppress(NotRecorded):  # then at the next tally, before the next one, or at the next start
                    await self.finish_minting()

    async def _count(self, walkout: WalkoutId, wanted: Mapping[UnitId, int]) -> None:
        seen = await self._walkout(walkout)
        if seen.stage is Stage.CLOSED:  # by whoever had their turn first
            raise WrongStage(seen.stage)
        places = await self._units(walkout)
        divided = {place.parent for place in places}
        for place in places:
            new = wanted.get(place.id, 0)
            if new and (place.tier is Tier.AREA or place.id in divided):
                raise ValueError("cards are for those units that no other is part of")
            if new > max(0, place.headcount - place.issued):
                raise BeyondHeadcount(place.name, place.headcount, place.issued, new)
        await self._db.executemany(
            "UPDATE unit SET issued = issued + ? WHERE walkout = ? AND id = ?",
            [(new, step.id, place) for step in await self._steps(seen) for place, new in wanted.items()],
        )

    async def _put_aside(self, piece: _Piece) -> None:
        keys = [b"".join(sorted(row[0] for row in rows)) for rows in (piece.cards, piece.pledges)]
        await self._rows("INSERT INTO piece (cards, pledges) VALUES (?, ?)", keys)
        await self._rows("UPDATE store SET minting = 1")
        await self._put(piece)

    async def _put(self, piece: _Piece) -> None:
        # a card's pledge is blank from the beginning, so that pledging makes no row and leaves every row where it is
        await self._db.executemany(
            "INSERT INTO card (key, campaign, unit, owner) VALUES (?, ?, ?, ?)", sorted(piece.cards)
        )
        await self._db.executemany(
            "INSERT INTO pledge (key, walkout, unit, state) VALUES (?, ?, ?, 'm')", sorted(piece.pledges)
        )
        self._hidden.update(row[0] for row in piece.cards)  # only now: none that was there before is among them

    async def blank(self, walkout: WalkoutId, pledge_of: PledgeOf) -> None:
        """See Store.blank."""
        async with self._minting:  # nor is a card voided meanwhile
            await self.finish_minting()
            seen = await self.walkout(walkout)
            if seen.campaign is None:  # cards of a first step come with a pledge
                return
            units = {unit.id for unit in await self.units(walkout)}
            pledges: list[Row] = []
            last = b""
            while found := await self._read(_REGISTERED, (seen.register, last, PAUSE)):
                last = found[-1][0]
                keyed = ((pledge_of(walkout, card), unit, stale) for card, unit, stale in found if unit in units)
                pledges += [
                    (key, walkout, unit, "r" if stale == RECALLED else "m") for key, unit, stale in keyed if key
                ]
                await asyncio.sleep(0)
            pledges.sort()
            for at in range(0, len(pledges), PIECE):
                await self._in_transaction(partial(self._db.executemany, _BLANK, pledges[at : at + PIECE]))

    async def hide_minting(self) -> None:
        """At a start: let nobody know the cards that a minting left which was cut off."""
        kept = await self._read("SELECT cards FROM piece WHERE (SELECT minting FROM store)")
        self._hidden = {key for (keys,) in kept for (key,) in _each(keys)}

    async def finish_minting(self) -> None:
        """Take back what a minting left that was cut off, piece by piece; of one that was not, forget the pieces."""
        [(undone, left)] = await self._read("SELECT minting, minting OR EXISTS (SELECT 1 FROM piece) FROM store")
        if not undone:
            self._hidden = set()
        while left:
            left = await self._in_transaction(partial(self._forget_piece, undone=undone))
        self._hidden = set()

    async def close(self, walkout: WalkoutId, news: Announcement) -> None:
        """See Store.close."""
        async with self._minting:
            await self.finish_minting()  # what one left that failed may name cards of this walkout
            await super().close(walkout, news)

    async def close_campaign(self, campaign: WalkoutId, news: Announcement) -> None:
        """See Store.close_campaign."""
        async with self._minting:
            await self.finish_minting()
            await super().close_campaign(campaign, news)

    async def forget_order(self) -> None:
        """See Store.forget_order."""
        if not self._minting.locked():  # by a minting that goes on
            async with self._minting:
                await self.finish_minting()
        await super().forget_order()

    async def _forget_piece(self, *, undone: bool) -> bool:
        """Say whether there was one."""
        pieces = await self._rows("SELECT number, cards, pledges FROM piece LIMIT 1")
        for number, cards, pledges in pieces:
            if undone:
                await self._db.executemany("DELETE FROM card WHERE key = ?", _each(cards))
                await self._db.executemany("DELETE FROM pledge WHERE key = ?", _each(pledges))
            await self._rows("DELETE FROM piece WHERE number = ?", (number,))
        if not pieces:
            await self._rows("UPDATE store SET minting = 0 WHERE minting")
        return bool(pieces)


async def _cut(
    walkout: Walkout,
    cards: Mapping[UnitId, Sequence[NewCard]],
    others: Mapping[WalkoutId, Collection[UnitId]],
    pledge_of: PledgeOf,
) -> list[_Piece]:
    """Cut them into pieces by how their keys begin, so that each table is filled in its own order.

    A card has a pledge in each of the `others` that has its unit as well.
    """
    count = max(1, sum(map(len, cards.values())) // PIECE)
    pieces = [_Piece() for _ in range(count)]

    def of(key: bytes) -> _Piece:
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


def _each(keys: bytes) -> Iterator[tuple[bytes]]:
    for at in range(0, len(keys), HASH_BYTES):
        yield (keys[at : at + HASH_BYTES],)
