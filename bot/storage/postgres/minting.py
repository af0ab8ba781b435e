"""Minting in PostgreSQL: one transaction by a connection of its own, which nobody sees before it is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.domain.model import UnitId, WalkoutId
from bot.domain.pledging import NewCard
from bot.storage.postgres.cards import Cards
from bot.storage.postgres.session import MINTING
from bot.storage.sql import minting
from bot.storage.sql.minting import Approved, Piece
from bot.storage.sql.writer import Lock
from bot.storage.store import PledgeOf

_ADD_CARDS = """
    INSERT INTO kept_card (key, campaign, unit, owner)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bytea[])
"""
_ADD_PLEDGES = """
    INSERT INTO kept_pledge (key, walkout, unit, state)
    SELECT key, walkout, unit, 'm' FROM unnest($1::bytea[], $2::text[], $3::bigint[]) AS new (key, walkout, unit)
"""
_COUNT = """
    UPDATE counted SET minted = minted + new.more FROM unnest($1::text[], $2::bigint[], $3::bigint[])
        AS new (walkout, id, more) WHERE (counted.walkout, counted.id) = (new.walkout, new.id)
"""
_BLANK = """
    INSERT INTO kept_pledge (key, walkout, unit, state)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::text[]) AS new (key, walkout, unit, state)
    WHERE NOT EXISTS (SELECT 1 FROM recent_pledge AS recent WHERE recent.key = new.key)  -- made by whoever enrolled
    ON CONFLICT (key) DO UPDATE SET state = excluded.state WHERE excluded.state = 'r' AND kept_pledge.state <> 'r'
    RETURNING unit, CASE WHEN xmax = 0 THEN 1 ELSE 0 END
"""


class _NotApproved(Exception):  # noqa: N818  nothing is wrong: what was written is taken back
    pass


class _OtherSteps(Exception):  # noqa: N818  likewise, and is written anew
    """Another process has made a step of the campaign, or ended one."""


class Minting(minting.Minting, Cards):
    """Keeps new cards."""

    async def _mint(
        self,
        walkout: WalkoutId,
        cards: Mapping[UnitId, Sequence[NewCard]],
        pledge_of: PledgeOf,
        approved: Approved,
    ) -> bool:
        seen, others = await self._reading(lambda: self._others(walkout))
        pieces = await minting.cut(seen, cards, others, pledge_of)

        async def job() -> None:
            more: Counter[tuple[WalkoutId, UnitId]] = Counter()
            await self._rows(f"SELECT pg_advisory_xact_lock_shared({MINTING})")
            for piece in pieces:
                await self._put(piece)
                more.update((of, unit) for _key, of, unit in piece.pledges)
            await self._session.take(Lock.HOUSE)  # only now: nobody waits while the cards are written
            if (await self._others(walkout))[1] != others:
                raise _OtherSteps
            if not await approved():
                raise _NotApproved
            await self._count(walkout, {place: len(of_place) for place, of_place in cards.items()})
            await self._add_counts(more)

        try:
            async with self._aside():
                await self._transaction(job, Lock.ROWS)
        except _NotApproved:
            return False
        except _OtherSteps:
            return await self._mint(walkout, cards, pledge_of, approved)
        return True

    async def _put(self, piece: Piece) -> None:
        if piece.cards:
            await self._rows(_ADD_CARDS, list(zip(*sorted(piece.cards), strict=True)))
        if piece.pledges:
            await self._rows(_ADD_PLEDGES, list(zip(*sorted(piece.pledges), strict=True)))

    async def _add_counts(self, more: Mapping[tuple[WalkoutId, UnitId], int]) -> None:
        if more:
            places = sorted(more)
            await self._rows(
                _COUNT, ([of for of, _unit in places], [unit for _of, unit in places], [more[each] for each in places])
            )

    async def blank(self, walkout: WalkoutId, pledge_of: PledgeOf) -> None:
        """See Store.blank."""

        async def job() -> None:
            seen, units = await self._walkout(walkout), await self._units(walkout)
            pledges = await self._blank_pledges(seen, units, pledge_of, self._rows)
            more: Counter[tuple[WalkoutId, UnitId]] = Counter()
            for at in range(0, len(pledges), minting.PIECE):
                piece = pledges[at : at + minting.PIECE]
                for unit, new in await self._rows(_BLANK, list(zip(*piece, strict=True))):
                    more[walkout, unit] += new
            await self._add_counts(more)

        async with self._minting, self._aside():
            await self._transaction(job, Lock.HOUSE)
