"""Minting in SQLite: cards come in pieces, between which pledges have their turn; none is known before the last is in.

Source: docs/decisions/0050-cards-are-minted-in-pieces.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from bot.domain.errors import NotRecorded
from bot.domain.model import Announcement, UnitId, WalkoutId
from bot.domain.pledging import HASH_BYTES, NewCard
from bot.storage.sql import minting
from bot.storage.sql.minting import Approved, Piece
from bot.storage.sqlite.cards import Cards
from bot.storage.store import PledgeOf

_BLANK = """
    INSERT INTO pledge (key, walkout, unit, state) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET state = excluded.state WHERE excluded.state = 'r' AND state <> 'r'
"""


class Minting(minting.Minting, Cards):
    """Keeps new cards."""

    async def _mint(
        self,
        walkout: WalkoutId,
        cards: Mapping[UnitId, Sequence[NewCard]],
        pledge_of: PledgeOf,
        approved: Approved,
    ) -> bool:
        await self.finish_minting()  # where the last one failed, and so did taking it back
        seen, others = await self._reading(lambda: self._others(walkout))
        *pieces, last = await minting.cut(seen, cards, others, pledge_of)

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

    async def _put_aside(self, piece: Piece) -> None:
        keys = [b"".join(sorted(row[0] for row in rows)) for rows in (piece.cards, piece.pledges)]
        await self._rows("INSERT INTO piece (cards, pledges) VALUES (?, ?)", keys)
        await self._rows("UPDATE store SET minting = 1")
        await self._put(piece)

    async def _put(self, piece: Piece) -> None:
        # a card's pledge is blank from the beginning, so that pledging makes no row and leaves every row where it is
        await self._each("INSERT INTO card (key, campaign, unit, owner) VALUES (?, ?, ?, ?)", sorted(piece.cards))
        await self._each("INSERT INTO pledge (key, walkout, unit, state) VALUES (?, ?, ?, 'm')", sorted(piece.pledges))
        self._hidden.update(row[0] for row in piece.cards)  # only now: none that was there before is among them

    async def blank(self, walkout: WalkoutId, pledge_of: PledgeOf) -> None:
        """See Store.blank."""
        async with self._minting:  # nor is a card voided meanwhile
            await self.finish_minting()
            seen, units = await self.walkout(walkout), await self.units(walkout)
            pledges = await self._blank_pledges(seen, units, pledge_of, self._read)
            for at in range(0, len(pledges), minting.PIECE):
                await self._in_transaction(partial(self._each, _BLANK, pledges[at : at + minting.PIECE]))

    async def hide_minting(self) -> None:
        """At a start: let nobody know the cards that a minting left which was cut off."""
        kept = await self._read("SELECT cards FROM piece WHERE (SELECT minting FROM store)")
        self._hidden = {key for (keys,) in kept for (key,) in _keys(keys)}

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
                await self._each("DELETE FROM card WHERE key = ?", _keys(cards))
                await self._each("DELETE FROM pledge WHERE key = ?", _keys(pledges))
            await self._rows("DELETE FROM piece WHERE number = ?", (number,))
        if not pieces:
            await self._rows("UPDATE store SET minting = 0 WHERE minting")
        return bool(pieces)


def _keys(keys: bytes) -> Iterator[tuple[bytes]]:
    for at in range(0, len(keys), HASH_BYTES):
        yield (keys[at : at + HASH_BYTES],)
