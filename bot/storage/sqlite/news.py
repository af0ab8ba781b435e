"""News and the parcels that carry it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from bot.domain.model import Announcement, Kind, WalkoutId, WorkplaceId
from bot.storage.records import instant, maybe_moment
from bot.storage.sqlite.writer import Row, Writer
from bot.storage.store import Delivery, Note, Parcel

# CROSS JOIN keeps the order: for each piece of news its recipients are looked up, never the other way round.
_ADD_NEWS = """
    INSERT INTO announcement (walkout, scope, kind, about, occasion, facts)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
           item.value ->> 'facts'
    FROM json_each(?2) AS item WHERE true ON CONFLICT DO NOTHING
"""
_ADD_PARCELS = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, member, address)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
"""
_TO_ROOMS = f"""
    {_ADD_PARCELS} room.platform, room.address, x'', x''
    FROM json_each(?2) AS item CROSS JOIN room
    WHERE item.value ->> 'to_rooms' AND room.walkout = ?1 AND room.scope = item.value ->> 'scope'
    ORDER BY item.key ON CONFLICT DO NOTHING
"""
_TO_ORGANIZERS = f"""
    {_ADD_PARCELS} member.platform, '', member.id, x''
    FROM json_each(?2) AS item CROSS JOIN organizer JOIN member ON member.id = organizer.id
    WHERE item.value ->> 'to_organizers' AND member.platform <> item.value ->> 'not_on'
        AND hex(member.id) <> item.value ->> 'not_to'
    ORDER BY item.key ON CONFLICT DO NOTHING
"""
_TO_STEWARDS = f"""
    {_ADD_PARCELS} member.platform, '', member.id, x''
    FROM json_each(?2) AS item CROSS JOIN steward JOIN member ON member.id = steward.id
    WHERE item.value ->> 'to_stewards' AND steward.walkout = ?1 AND steward.workplace = item.value ->> 'scope'
    ORDER BY item.key ON CONFLICT DO NOTHING
"""
_TO_ADDRESS = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, member, address)
    VALUES (?, ?, ?, ?, ?, ?, '', x'', ?) ON CONFLICT DO NOTHING
"""
# By their locators: an order that tells nothing of who asked first.
_TO_NOTICES = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, member, address, notice)
    SELECT ?1, 0, ?2, 0, ?3, platform, '', x'', locator, 1 FROM notice WHERE walkout = ?1
    ORDER BY locator ON CONFLICT DO NOTHING
"""
_CLAIM = """
    UPDATE parcel SET state = 'claimed', attempts = attempts + 1,
        nonce = CASE nonce WHEN '' THEN lower(hex(randomblob(10))) ELSE nonce END
    WHERE id IN (
        SELECT id FROM parcel WHERE state = 'waiting' AND not_before <= ? AND platform = ?
        ORDER BY notice, id LIMIT ?
    ) RETURNING id
"""
# A statement of its own: what RETURNING looks up, SQLite looks for row by row.
_PARCELS = """
    SELECT id, walkout, scope, kind, about, occasion, platform, room, attempts, nonce,
        (SELECT facts FROM announcement AS a WHERE (a.walkout, a.scope, a.kind, a.about, a.occasion)
            = (parcel.walkout, parcel.scope, parcel.kind, parcel.about, parcel.occasion)),
        CASE notice WHEN 1 THEN (SELECT sealed FROM notice WHERE locator = parcel.address)
            ELSE coalesce((SELECT address FROM member WHERE member.id = parcel.member), parcel.address) END,
        (SELECT language FROM room WHERE (room.walkout, room.scope, room.platform, room.address)
            = (parcel.walkout, parcel.scope, parcel.platform, parcel.room)),
        notice
    FROM parcel WHERE id IN (SELECT value FROM json_each(?)) ORDER BY notice, id
"""
FORGET_MEMBER = """
    DELETE FROM member WHERE id = ?1
    AND NOT EXISTS (SELECT 1 FROM organizer WHERE id = ?1) AND NOT EXISTS (SELECT 1 FROM steward WHERE id = ?1)
"""
_NOTE = """
    INSERT INTO deed (walkout, tally, deed, nickname, detail)
    SELECT ?1, coalesce((SELECT tally FROM walkout WHERE id = ?1), 0), ?2,
        coalesce((SELECT nickname FROM member WHERE id = ?3), x''), ?4
"""


class News(Writer):
    """Makes news and keeps what became of its parcels."""

    async def tell(self, news: Announcement) -> None:
        """See Store.tell."""
        await self._in_transaction(lambda: self._write_news(None, [news]))

    async def _note(self, note: Note | None) -> None:
        if note is not None:
            await self._rows(_NOTE, (note.walkout or "", note.deed, note.by, note.detail))

    async def _write_news(self, walkout: WalkoutId | None, news: Sequence[Announcement]) -> None:
        named = walkout or ""
        rows = json.dumps(
            [
                {
                    "scope": item.scope or 0,
                    "kind": item.kind,
                    "about": item.about or 0,
                    "occasion": item.occasion,
                    "facts": json.dumps(dict(item.facts)),
                    "to_rooms": item.to_rooms,
                    "to_organizers": item.to_organizers,
                    "to_stewards": item.to_stewards,
                    "not_to": item.not_to.hex().upper(),
                    "not_on": item.not_on,
                }
                for item in news
            ]
        )
        for statement in (_ADD_NEWS, _TO_ROOMS, _TO_ORGANIZERS, _TO_STEWARDS):
            await self._rows(statement, (named, rows))
        for item in news:
            for platform, address in item.to:
                key = (named, item.scope or 0, item.kind, item.about or 0, item.occasion)
                await self._rows(_TO_ADDRESS, (*key, platform, address))
            if item.to_notices:
                await self._rows(_TO_NOTICES, (named, item.kind, item.occasion))

    async def claim_parcels(self, platform: str, *, now: datetime, limit: int) -> list[Parcel]:
        """See Store.claim_parcels."""

        async def job() -> list[Row]:
            claimed = await self._rows(_CLAIM, (instant(now), platform, limit))
            return await self._rows(_PARCELS, (json.dumps([number for (number,) in claimed]),)) if claimed else []

        return list(map(_read_parcel, await self._in_transaction(job)))

    async def settle(self, parcel: int, became: Delivery) -> None:
        """See Store.settle."""
        await self._change("UPDATE parcel SET state = ? WHERE id = ?", (became, parcel))

    async def postpone(self, parcel: int, *, until: datetime) -> None:
        """See Store.postpone."""
        await self._change("UPDATE parcel SET state = 'waiting', not_before = ? WHERE id = ?", (instant(until), parcel))

    async def next_parcel(self, platform: str) -> datetime | None:
        """See Store.next_parcel."""
        rows = await self._read(
            "SELECT min(not_before) FROM parcel WHERE state = 'waiting' AND platform = ?", (platform,)
        )
        return maybe_moment(rows[0][0])

    async def unsettled(self, walkout: WalkoutId) -> int:
        """See Store.unsettled."""
        rows = await self._read(
            "SELECT count(*) FROM parcel WHERE walkout = ? AND state IN ('waiting', 'claimed')", (walkout,)
        )
        return int(rows[0][0])


def _read_parcel(row: Row) -> Parcel:
    return Parcel(
        id=row[0],
        walkout=WalkoutId(row[1]) or None,
        news=Announcement(
            scope=WorkplaceId(row[2]) or None,
            kind=Kind(row[3]),
            about=WorkplaceId(row[4]) or None,
            occasion=row[5],
            facts=json.loads(row[10]),
        ),
        platform=row[6],
        room=row[7] or None,
        person=row[11] or None,
        notice=bool(row[13]),
        attempts=row[8],
        nonce=row[9],
        language=row[12] or "",
    )
