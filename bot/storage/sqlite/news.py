"""News and the parcels that carry it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from bot.domain.model import Announcement, Kind, WalkoutId, WorkplaceId
from bot.storage.records import instant, maybe_moment
from bot.storage.sqlite.writer import Row, Writer
from bot.storage.store import Delivery, Parcel

# CROSS JOIN keeps the order: for each piece of news its recipients are looked up, never the other way round.
_ADD_NEWS = """
    INSERT INTO announcement (walkout, scope, kind, about, occasion, facts)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
           item.value ->> 'facts'
    FROM json_each(?2) AS item WHERE true ON CONFLICT DO NOTHING
"""
_ADD_PARCELS_TO_ROOMS = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, organizer)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
           room.platform, room.address, x''
    FROM json_each(?2) AS item CROSS JOIN room
    WHERE item.value ->> 'to_rooms' AND room.walkout = ?1 AND room.scope = item.value ->> 'scope'
    ORDER BY item.key ON CONFLICT DO NOTHING
"""
_ADD_PARCELS_TO_ORGANIZERS = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, organizer)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
           organizer.platform, '', organizer.id
    FROM json_each(?2) AS item CROSS JOIN organizer
    WHERE item.value ->> 'to_organizers' AND organizer.platform <> item.value ->> 'not_on'
    ORDER BY item.key ON CONFLICT DO NOTHING
"""


class News(Writer):
    """Makes news and keeps what became of its parcels."""

    async def _write_news(self, walkout: WalkoutId, news: Iterable[Announcement]) -> None:
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
                    "not_on": item.not_on,
                }
                for item in news
            ]
        )
        for statement in (_ADD_NEWS, _ADD_PARCELS_TO_ROOMS, _ADD_PARCELS_TO_ORGANIZERS):
            await self._rows(statement, (walkout, rows))

    async def claim_parcels(self, platform: str, *, now: datetime, limit: int) -> list[Parcel]:
        """See Store.claim_parcels."""
        rows = await self._change(
            """
            UPDATE parcel SET state = 'claimed', attempts = attempts + 1,
                nonce = CASE nonce WHEN '' THEN lower(hex(randomblob(10))) ELSE nonce END
            WHERE id IN (
                SELECT id FROM parcel WHERE state = 'waiting' AND not_before <= ? AND platform = ?
                ORDER BY not_before, id LIMIT ?
            ) RETURNING id, walkout, scope, kind, about, occasion, platform, room, attempts, nonce,
                (SELECT facts FROM announcement AS a WHERE (a.walkout, a.scope, a.kind, a.about, a.occasion)
                    = (parcel.walkout, parcel.scope, parcel.kind, parcel.about, parcel.occasion)),
                (SELECT address FROM organizer WHERE organizer.id = parcel.organizer)
            """,
            (instant(now), platform, limit),
        )
        return sorted(map(_read_parcel, rows), key=lambda parcel: parcel.id)

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
        walkout=WalkoutId(row[1]),
        news=Announcement(
            scope=WorkplaceId(row[2]) or None,
            kind=Kind(row[3]),
            about=WorkplaceId(row[4]) or None,
            occasion=row[5],
            facts=json.loads(row[10]),
        ),
        platform=row[6],
        room=row[7] or None,
        person=row[11],
        attempts=row[8],
        nonce=row[9],
    )
