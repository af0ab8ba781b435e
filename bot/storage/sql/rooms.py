"""Rooms: which chat hears what."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.domain.model import Announcement, UnitId, WalkoutId
from bot.storage.sql.news import News
from bot.storage.sql.writer import Row
from bot.storage.store import Note, Room

# Where the new one is there as well, the old one stays.
_MOVE_ROOM = """
    UPDATE room SET address = ?1 WHERE platform = ?2 AND address = ?3 AND NOT EXISTS (
        SELECT 1 FROM room AS there WHERE (there.walkout, there.scope, there.platform, there.address)
            = (room.walkout, room.scope, room.platform, CAST(?1 AS TEXT))
    )
"""
_MOVE_PARCELS = """
    UPDATE parcel SET room = ?1 WHERE platform = ?2 AND room = ?3 AND NOT EXISTS (
        SELECT 1 FROM parcel AS there WHERE (there.walkout, there.scope, there.kind, there.about, there.occasion)
            = (parcel.walkout, parcel.scope, parcel.kind, parcel.about, parcel.occasion)
            AND (there.platform, there.room, there.member, there.address)
            = (parcel.platform, CAST(?1 AS TEXT), parcel.member, parcel.address)
    )
"""


class Rooms(News):
    """Keeps rooms."""

    async def bind_room(self, room: Room, note: Note | None = None) -> None:
        """See Store.bind_room."""

        async def job() -> None:
            changed = await self._rows(
                """
                INSERT INTO room (walkout, scope, platform, address, language) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (walkout, scope, platform, address) DO UPDATE SET language = excluded.language
                WHERE excluded.language NOT IN ('', room.language) RETURNING 1
                """,
                (room.walkout, room.scope or 0, room.way, room.address, room.language),
            )
            if changed:
                await self._note(note)

        await self._in_transaction(job)

    async def release_room(self, walkout: WalkoutId, way: str, address: str, note: Note | None = None) -> bool:
        """See Store.release_room."""

        async def job() -> bool:
            gone = await self._rows(
                "DELETE FROM room WHERE walkout = ? AND platform = ? AND address = ? RETURNING 1",
                (walkout, way, address),
            )
            if gone:
                await self._note(note)
            return bool(gone)

        return await self._in_transaction(job)

    async def move_room(self, way: str, old: str, new: str) -> None:
        """See Store.move_room."""

        async def job() -> None:
            await self._rows(_MOVE_ROOM, (new, way, old))
            await self._rows(_MOVE_PARCELS, (new, way, old))
            # where the new one is bound as well it hears the same already
            await self._rows("DELETE FROM room WHERE platform = ? AND address = ?", (way, old))
            await self._rows(
                "DELETE FROM parcel WHERE platform = ? AND room = ? AND state IN ('waiting', 'claimed')",
                (way, old),
            )

        await self._in_transaction(job)

    async def lose_room(self, way: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """See Store.lose_room."""

        async def job() -> None:
            lost = await self._rows(
                "DELETE FROM room WHERE platform = ? AND address = ? RETURNING walkout, scope", (way, address)
            )
            await self._tell_of(lost, way, address, news)

        await self._in_transaction(job)

    async def tell_of_room(self, way: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """See Store.tell_of_room."""

        async def job() -> None:
            bound = await self._rows(
                "SELECT walkout, scope FROM room WHERE platform = ? AND address = ?", (way, address)
            )
            await self._tell_of(bound, way, address, news)

        await self._in_transaction(job)

    async def _tell_of(
        self, bound: Iterable[Row], way: str, address: str, news: Callable[[Room], Announcement]
    ) -> None:
        for walkout, scope in bound:
            room = Room(walkout=walkout, scope=UnitId(scope) or None, way=way, address=address)
            await self._write_news(room.walkout, [news(room)])

    async def rooms(self, walkout: WalkoutId) -> list[Room]:
        """See Store.rooms."""
        rows = await self._read(
            """
            SELECT scope, platform, address, language, (
                SELECT coalesce(max(attempts), 0) FROM parcel WHERE parcel.walkout = room.walkout
                    AND parcel.platform = room.platform AND parcel.room = room.address AND state = 'waiting'
            ) FROM room WHERE walkout = ? ORDER BY scope, platform, address
            """,
            (walkout,),
        )
        return [
            Room(
                walkout=walkout,
                scope=UnitId(scope) or None,
                way=way,
                address=address,
                language=language,
                tries=tries,
            )
            for scope, way, address, language, tries in rows
        ]

    async def test_rooms(
        self, walkout: WalkoutId, news: Callable[[UnitId | None], Announcement], note: Note, *, since: str
    ) -> int | None:
        """See Store.test_rooms."""

        async def job() -> int | None:
            scopes = await self._rows("SELECT scope, count(*) FROM room WHERE walkout = ? GROUP BY scope", (walkout,))
            tests = [news(UnitId(scope) or None) for scope, _ in scopes]
            if not tests:
                return 0
            recent = await self._rows(
                "SELECT 1 FROM announcement WHERE walkout = ? AND kind = ? AND occasion > ? AND occasion <= ? LIMIT 1",
                (walkout, tests[0].kind, since, tests[0].occasion),
            )
            if recent:
                return None
            await self._write_news(walkout, tests)
            await self._note(note)
            return sum(int(rooms) for _, rooms in scopes)

        return await self._in_transaction(job)
