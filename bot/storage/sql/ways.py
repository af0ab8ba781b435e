"""Ways: which bots there are, and what belongs to each. Columns are called `platform`, as older stores have them."""

from __future__ import annotations

from bot.domain.roles import MemberId
from bot.domain.ways import bot_of, platform_of
from bot.storage.sql.writer import Writer

_WELCOME = "INSERT INTO way (way, bot) VALUES (?, ?) ON CONFLICT (way) DO UPDATE SET bot = excluded.bot"

# A chat in which both were bound keeps the new one's binding, and what was told there is not told again.
_MOVE_ROOMS = """
    UPDATE room SET platform = ?1 WHERE {which} AND NOT EXISTS (
        SELECT 1 FROM room AS there
        WHERE (there.walkout, there.scope, there.platform, there.address) = (room.walkout, room.scope, ?1, room.address)
    )
"""
_MOVE_PARCELS = """
    UPDATE parcel SET platform = ?1 WHERE {which} AND NOT EXISTS (
        SELECT 1 FROM parcel AS there
        WHERE (there.walkout, there.scope, there.kind, there.about, there.occasion, there.platform)
            = (parcel.walkout, parcel.scope, parcel.kind, parcel.about, parcel.occasion, ?1)
        AND (there.room, there.member, there.address) = (parcel.room, parcel.member, parcel.address)
    )
"""
_ADOPT = (
    _MOVE_ROOMS.format(which="platform = ?2"),
    "UPDATE member SET platform = ?1 WHERE platform = ?2",
    "UPDATE role_card SET platform = ?1 WHERE platform = ?2",
    "UPDATE notice SET platform = ?1 WHERE platform = ?2",
    "UPDATE wish SET platform = ?1 WHERE platform = ?2",
    _MOVE_PARCELS.format(which="platform = ?2"),
)
_LEFT = (
    "DELETE FROM room WHERE platform = ?",
    "DELETE FROM parcel WHERE platform = ? AND state <> 'sent'",
    "DELETE FROM way WHERE way = ?",
)

# of the same platform
_OTHERS = "platform <> ?1 AND substr(platform || ':', 1, length(CAST(?3 AS TEXT))) = CAST(?3 AS TEXT)"
_HEARS_OTHERS = f"SELECT 1 FROM room WHERE address = ?2 AND {_OTHERS} LIMIT 1"
_TAKE_CHAT = (
    _MOVE_ROOMS.format(which=f"address = ?2 AND {_OTHERS}"),
    f"DELETE FROM room WHERE address = ?2 AND {_OTHERS}",
    _MOVE_PARCELS.format(which=f"room = ?2 AND state = 'waiting' AND {_OTHERS}"),
    f"DELETE FROM parcel WHERE room = ?2 AND state = 'waiting' AND {_OTHERS}",
)
_FOLLOW = (
    "UPDATE member SET platform = ?1 WHERE id = ?2",
    "UPDATE role_card SET platform = ?1 WHERE redeemer = ?2",
    _MOVE_PARCELS.format(which="member = ?2 AND state = 'waiting'"),
    "DELETE FROM parcel WHERE member = ?2 AND state = 'waiting' AND platform <> ?1",
)

# One look into the index for each way, however many parcels wait there.
_UNTRIED = """
    WITH RECURSIVE waits (way) AS (
        SELECT min(platform) FROM parcel WHERE state = 'waiting'
        UNION ALL
        SELECT (SELECT min(platform) FROM parcel WHERE state = 'waiting' AND platform > way)
        FROM waits WHERE way IS NOT NULL
    )
    SELECT way, (
        SELECT id FROM parcel WHERE state = 'waiting' AND platform = way AND attempts = 0 ORDER BY notice, id LIMIT 1
    ) FROM waits WHERE way IS NOT NULL
"""


class Ways(Writer):
    """Keeps what belongs to which bot."""

    async def welcome(self, way: str, bot: str) -> None:
        """See Store.welcome."""
        if (await self.ways()).get(way) == bot:
            return

        async def job() -> None:
            known = await self._rows("SELECT way FROM way")
            if not any(platform_of(other) == platform_of(way) for (other,) in known):
                await self._adopt(platform_of(way), way)
            await self._rows(_WELCOME, (way, bot))

        await self._in_transaction(job)

    async def ways(self) -> dict[str, str]:
        """See Store.ways."""
        return dict(await self._read("SELECT way, bot FROM way ORDER BY way"))

    async def adopt_way(self, old: str, new: str) -> None:
        """See Store.adopt_way."""
        await self._in_transaction(lambda: self._adopt(old, new))

    async def _adopt(self, old: str, new: str) -> None:
        for statement in _ADOPT:
            await self._rows(statement, (new, old))
        for statement in _LEFT:
            await self._rows(statement, (old,))
        if bot_of(old):  # another bot's messages cannot be deleted, and the numbers may be those of one's own
            await self._rows("DELETE FROM errand WHERE platform = ?", (old,))
        await self._rows("UPDATE errand SET platform = ? WHERE platform = ?", (new, old))

    async def follow(self, member: MemberId, way: str) -> bool:
        """See Store.follow."""
        if not await self._read("SELECT 1 FROM member WHERE id = ? AND platform <> ?", (member, way)):
            return False

        async def job() -> None:
            for statement in _FOLLOW:
                await self._rows(statement, (way, member))

        await self._in_transaction(job)
        return True

    async def take_chat(self, way: str, address: str) -> None:
        """See Store.take_chat."""
        which = (way, address, f"{platform_of(way)}:")

        async def job() -> None:
            if await self._rows(_HEARS_OTHERS, which):
                for statement in _TAKE_CHAT:
                    await self._rows(statement, which)

        await self._in_transaction(job)

    async def rooms_by_way(self) -> dict[str, int]:
        """See Store.rooms_by_way."""
        return {way: int(rooms) for way, rooms in await self._read("SELECT platform, count(*) FROM room GROUP BY 1")}

    async def untried(self) -> dict[str, int]:
        """See Store.untried."""
        return {way: int(parcel) for way, parcel in await self._read(_UNTRIED) if parcel is not None}
