"""News and the parcels that carry it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from bot.domain.model import Announcement, Kind, UnitId, WalkoutId
from bot.domain.roles import MemberId
from bot.secrets import references
from bot.storage.records import instant, maybe_moment
from bot.storage.sql.writer import NUMBERS, TEXTS, Lock, Row, Writer, listed
from bot.storage.store import Delivery, Heard, Note, Parcel

NONCE_BYTES = 10
"""Written as 20 letters, as Discord takes 25."""

PATIENCE = 10
"""A room hears its news in order: the next waits for the one before, until that was tried in vain so often.

By then, most of an hour later, it is the letter that cannot be sent, and not the room that cannot be reached.
"""

_ITEMS = "json_each(CAST(?2 AS TEXT)) AS item"
_SCOPE = "CAST(item.value ->> 'scope' AS BIGINT)"
_KEY = f"""
    CAST(?1 AS TEXT), {_SCOPE}, item.value ->> 'kind', CAST(item.value ->> 'about' AS BIGINT), item.value ->> 'occasion'
"""
_ADD_NEWS = f"""
    INSERT INTO announcement (walkout, scope, kind, about, occasion, facts, reference)
    SELECT {_KEY}, item.value ->> 'facts', item.value ->> 'reference'
    FROM {_ITEMS} WHERE true ON CONFLICT (walkout, scope, kind, about, occasion) DO NOTHING
"""
# CROSS JOIN keeps SQLite's order: for each piece of news its recipients are looked up, never the other way round.
_ADD_PARCELS = f"""
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, member, address)
    SELECT {_KEY},
"""
_TO_ROOMS = f"""
    {_ADD_PARCELS} room.platform, room.address, ?3, ?3 FROM {_ITEMS} CROSS JOIN room
    WHERE CAST(item.value ->> 'to_rooms' AS BIGINT) = 1 AND room.walkout = CAST(?1 AS TEXT) AND room.scope = {_SCOPE}
    ORDER BY item.key, room.platform, room.address ON CONFLICT DO NOTHING
"""
_NOT_TO = "hex(member.id) NOT IN " + TEXTS.format("item.value ->> 'not_to'")
_TO_ORGANIZERS = f"""
    {_ADD_PARCELS} member.platform, '', member.id, ?3
    FROM {_ITEMS} CROSS JOIN organizer JOIN member ON member.id = organizer.id
    WHERE CAST(item.value ->> 'to_organizers' AS BIGINT) = 1 AND member.platform <> item.value ->> 'not_on'
        AND {_NOT_TO}
    ORDER BY item.key, member.id ON CONFLICT DO NOTHING
"""
_TO_STEWARDS = f"""
    {_ADD_PARCELS} member.platform, '', member.id, ?3
    FROM {_ITEMS} CROSS JOIN steward JOIN member ON member.id = steward.id
    WHERE CAST(item.value ->> 'to_stewards' AS BIGINT) = 1 AND steward.walkout = CAST(?1 AS TEXT)
        AND steward.unit = {_SCOPE}
    ORDER BY item.key, member.id ON CONFLICT DO NOTHING
"""
_TO_COMMITTEES = f"""
    {_ADD_PARCELS} member.platform, '', member.id, ?3
    FROM {_ITEMS} CROSS JOIN json_each(CAST(item.value ->> 'to_committees' AS TEXT)) AS committee
        CROSS JOIN steward JOIN member ON member.id = steward.id
    WHERE steward.walkout = CAST(?1 AS TEXT) AND steward.unit = CAST(committee.value ->> 0 AS BIGINT)
        AND organizes = 1 AND {_NOT_TO}
    ORDER BY item.key, committee.key, member.id ON CONFLICT DO NOTHING
"""
_TO_ADDRESS = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, member, address)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?8, ?7) ON CONFLICT DO NOTHING
"""
# Numbered from a chance start, in the order of their locators: that tells nothing of who asked first, and no gap tells
# how many asked, once a closed walkout's parcels are gone from among the others.
_TO_NOTICES = """
    INSERT INTO parcel (id, walkout, scope, kind, about, occasion, platform, room, member, address, notice)
    SELECT CAST(?4 AS BIGINT) - row_number() OVER (ORDER BY locator), CAST(?1 AS TEXT), 0, CAST(?2 AS TEXT), 0,
        CAST(?3 AS TEXT), platform, '', ?5, locator, 1
    FROM notice WHERE walkout = CAST(?1 AS TEXT)
    ON CONFLICT DO NOTHING
"""
_TO_WISHES = """
    INSERT INTO parcel (id, walkout, scope, kind, about, occasion, platform, room, member, address, notice)
    SELECT CAST(?4 AS BIGINT) - row_number() OVER (ORDER BY locator), CAST(?1 AS TEXT), 0, CAST(?2 AS TEXT), 0,
        CAST(?3 AS TEXT), platform, '', ?5, locator, 1
    FROM wish WHERE campaign = (SELECT coalesce(campaign, id) FROM walkout WHERE id = CAST(?1 AS TEXT))
    ON CONFLICT DO NOTHING
"""
_DUE = f"""
    SELECT id FROM parcel WHERE state = 'waiting' AND not_before <= ?1 AND platform = ?2
    AND (?3 = 1 OR kind IN {TEXTS.format("?4")})
    AND NOT EXISTS (
        SELECT 1 FROM parcel AS earlier WHERE earlier.room <> '' AND earlier.room = parcel.room
        AND earlier.state = 'waiting' AND earlier.platform = parcel.platform
        AND earlier.id < parcel.id AND earlier.attempts < ?5
    )
    AND NOT EXISTS (
        SELECT 1 FROM parcel AS other WHERE other.state = 'claimed' AND other.platform = parcel.platform
        AND (other.room, other.member) = (parcel.room, parcel.member) AND (other.room <> '' OR length(other.member) > 0)
    ) ORDER BY notice, id LIMIT ?6
"""
_CLAIM = """
    UPDATE parcel SET state = 'claimed', attempts = attempts + 1,
        nonce = CASE nonce WHEN '' THEN CAST(? AS TEXT) ELSE nonce END
    WHERE id = ?
"""
_NEXT = """
    SELECT min(not_before) FROM (
        SELECT not_before FROM parcel
        WHERE state = 'waiting' AND platform = ?1 AND (room = '' OR attempts >= ?2)
        UNION ALL SELECT not_before FROM (
            SELECT not_before, row_number() OVER (PARTITION BY room ORDER BY id) AS place FROM parcel
            WHERE state = 'waiting' AND platform = ?1 AND notice = 0 AND room <> '' AND attempts < ?2
        ) AS of_room WHERE place = 1
    ) AS first
"""
# A statement of its own: what RETURNING looks up, SQLite looks for row by row.
_PARCELS = f"""
    SELECT parcel.id, parcel.walkout, parcel.scope, parcel.kind, parcel.about, parcel.occasion, platform, room,
        attempts, nonce, a.facts, a.reference,
        CASE notice WHEN 1 THEN coalesce(
            (SELECT sealed FROM notice WHERE locator = parcel.address),
            (SELECT sealed FROM wish WHERE locator = parcel.address)
        )
            ELSE coalesce((SELECT address FROM member WHERE member.id = parcel.member), parcel.address) END,
        (SELECT language FROM room WHERE (room.walkout, room.scope, room.platform, room.address)
            = (parcel.walkout, parcel.scope, parcel.platform, parcel.room)),
        notice, member
    FROM parcel JOIN announcement AS a ON (a.walkout, a.scope, a.kind, a.about, a.occasion)
        = (parcel.walkout, parcel.scope, parcel.kind, parcel.about, parcel.occasion)
    WHERE parcel.id IN {NUMBERS.format("?")} ORDER BY notice, parcel.id
"""
# One that was forgotten while it was under way may have left its number to another; nonces are never given anew.
_UNCLAIM = f"""
    UPDATE parcel SET state = 'waiting', attempts = attempts - 1
    WHERE state = 'claimed' AND platform = ? AND id NOT IN {NUMBERS.format("?")}
"""
_SETTLE = "UPDATE parcel SET state = ? WHERE id = ? AND nonce = ?"
_FULFIL = """
    DELETE FROM wish
    WHERE locator IN (SELECT address FROM parcel WHERE id = ? AND nonce = ? AND kind = 'another_try')
"""
_POSTPONE = "UPDATE parcel SET state = 'waiting', not_before = ? WHERE id = ? AND nonce = ?"
_FORGET_MEMBER = """
    DELETE FROM member WHERE id = ?1
    AND NOT EXISTS (SELECT 1 FROM organizer WHERE id = ?1) AND NOT EXISTS (SELECT 1 FROM steward WHERE id = ?1)
"""
_FORGET_CODES = """
    DELETE FROM role_card WHERE appointer = ?1 AND NOT EXISTS (SELECT 1 FROM member WHERE id = ?1)
"""
_NOTE = """
    INSERT INTO deed (number, walkout, tally, deed, nickname, detail)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM deed), CAST(?1 AS TEXT),
        coalesce((SELECT tally FROM walkout WHERE id = CAST(?1 AS TEXT)), 0), CAST(?2 AS TEXT),
        coalesce((SELECT nickname FROM member WHERE id = ?3), ?5), ?4
"""


_FORGET_PARCELS = """
    DELETE FROM parcel WHERE member = ?1 AND state <> 'sent' AND NOT EXISTS (
        SELECT 1 FROM organizer WHERE id = ?1
        UNION ALL SELECT 1 FROM steward
            WHERE id = ?1 AND steward.walkout = parcel.walkout AND steward.unit = parcel.scope
    )
"""


class News(Writer):
    """Makes news and keeps what became of its parcels."""

    async def tell(self, news: Announcement) -> None:
        """See Store.tell."""
        await self._in_transaction(lambda: self._write_news(None, [news]))

    async def _note(self, note: Note | None) -> None:
        if note is not None:
            await self._rows(_NOTE, (note.walkout or "", note.deed, note.by, note.detail, b""))

    async def _forget_member(self, member: MemberId) -> None:
        """Forget whoever has no role any more; what was on its way to them in a role that they lost is not sent."""
        await self._rows(_FORGET_PARCELS, (member,))
        await self._rows(_FORGET_MEMBER, (member,))
        await self._rows(_FORGET_CODES, (member,))

    async def _write_news(self, walkout: WalkoutId | None, news: Sequence[Announcement]) -> None:
        named = walkout or ""
        fresh = await self._fresh_references(sum(item.to_rooms for item in news))
        rows = json.dumps(
            [
                {
                    "scope": item.scope or 0,
                    "kind": item.kind,
                    "about": item.about or 0,
                    "occasion": item.occasion,
                    "facts": json.dumps(dict(item.facts)),
                    "reference": fresh.pop() if item.to_rooms else "",
                    "to_rooms": int(item.to_rooms),
                    "to_organizers": int(item.to_organizers),
                    "to_stewards": int(item.to_stewards),
                    "to_committees": [[unit] for unit in item.to_committees],
                    "not_to": [[member.hex().upper()] for member in item.not_to],
                    "not_on": item.not_on,
                }
                for item in news
            ]
        )
        await self._rows(_ADD_NEWS, (named, rows))
        for statement in (_TO_ROOMS, _TO_ORGANIZERS, _TO_STEWARDS, _TO_COMMITTEES):
            await self._rows(statement, (named, rows, b""))
        for item in news:
            for way, address in item.to:
                key = (named, item.scope or 0, item.kind, item.about or 0, item.occasion)
                await self._rows(_TO_ADDRESS, (*key, way, address, b""))
            for wanted, statement in ((item.to_notices, _TO_NOTICES), (item.to_wishes, _TO_WISHES)):
                if wanted:
                    await self._rows(statement, (named, item.kind, item.occasion, -secrets.randbits(62), b""))

    async def _fresh_references(self, wanted: int) -> list[str]:
        """Make references that no announcement has had."""
        fresh: set[str] = set()
        while len(fresh) < wanted:
            fresh |= {references.mint() for _ in range(wanted - len(fresh))}
            taken = await self._rows(
                f"SELECT reference FROM announcement WHERE reference IN {TEXTS.format('?')}",
                (listed(fresh),),
            )
            fresh -= {reference for (reference,) in taken}
        return list(fresh)

    async def claim_parcels(
        self, way: str, *, now: datetime, limit: int, only: Collection[Kind] | None = None
    ) -> list[Parcel]:
        """See Store.claim_parcels."""

        async def job() -> list[Row]:
            kinds = listed(only or ())
            due = await self._rows(_DUE, (instant(now), way, int(only is None), kinds, PATIENCE, limit))
            if not due:
                return []
            await self._each(_CLAIM, [(secrets.token_hex(NONCE_BYTES), number) for (number,) in due])
            return await self._rows(_PARCELS, (listed(number for (number,) in due),))

        return list(map(_read_parcel, await self._in_transaction(job, Lock.ROWS)))

    async def unclaim_parcels(self, way: str, *, but: Collection[int]) -> None:
        """See Store.unclaim_parcels."""
        await self._change(_UNCLAIM, (way, listed(but)), Lock.ROWS)

    async def settle(self, parcel: Parcel, became: Delivery, heard: Heard | None = None) -> None:
        """See Store.settle."""

        async def job() -> None:
            await self._rows(_SETTLE, (became, parcel.id, parcel.nonce))
            await self._rows(_FULFIL, (parcel.id, parcel.nonce))
            if heard is not None:
                await self._rows(
                    "UPDATE announcement SET said = ? WHERE reference = ? AND reference <> '' AND said IS NULL",
                    (instant(heard.at), heard.reference),
                )
                await self._rows(
                    "INSERT INTO heard (reference, language, words) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (heard.reference, heard.language, heard.words),
                )

        await self._in_transaction(job, Lock.ROWS)

    async def postpone(self, parcel: Parcel, *, until: datetime) -> None:
        """See Store.postpone."""
        await self._change(_POSTPONE, (instant(until), parcel.id, parcel.nonce), Lock.ROWS)

    async def next_parcel(self, way: str) -> datetime | None:
        """See Store.next_parcel."""
        rows = await self._read(_NEXT, (way, PATIENCE))
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
            scope=UnitId(row[2]) or None,
            kind=Kind(row[3]),
            about=UnitId(row[4]) or None,
            occasion=row[5],
            facts=json.loads(row[10]),
            reference=row[11],
        ),
        way=row[6],
        room=row[7] or None,
        person=row[12] or None,
        notice=bool(row[14]),
        attempts=row[8],
        nonce=row[9],
        language=row[13] or "",
        member=row[15],
    )
