"""What becomes of a way: it is closed, opened again, run by nobody, handed to another bot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.errors import NoSuchWay
from bot.domain.model import Announcement, Kind
from bot.domain.ways import bot_of, platform_of, which_of_several
from bot.guards.holds import Holds
from bot.process.clock import Clock
from bot.storage.store import Store

NOT_RUN = "not run"

TOLD_AFTER = timedelta(minutes=15)
"""A process that is started anew, or a server that changes hands, takes no longer."""


async def tell_of_way(way: str, kind: Kind, why: str, store: Store, clock: Clock) -> None:
    """Tell the organizers whom other ways reach that this one is closed, or open again."""
    await store.tell(await of_way(way, kind, why, store, occasion=clock().isoformat()))


async def of_way(way: str, kind: Kind, why: str, store: Store, *, occasion: str) -> Announcement:
    """Return the news of a way. It says which bot that is, where its platform has several."""
    return Announcement(
        kind=kind,
        occasion=occasion,
        to_rooms=False,
        to_organizers=True,
        not_on=way,
        facts={"platform": way, "why": why, "bot": which_of_several(way, await store.ways())},
    )


class Unrun:
    """Finds ways that have something to send and that nobody runs: nothing else would tell of what waits there.

    Another process may run them. So it is looked whether the first parcel that was never tried stays the same.
    """

    def __init__(self, here: Collection[str], store: Store, clock: Clock, holds: Holds) -> None:
        self._here = here
        self._store = store
        self._clock = clock
        self._holds = holds
        self._waits: dict[str, tuple[int, datetime]] = {}  #: the first parcel of each, and since when it is that

    async def due(self) -> datetime | None:
        """Return when organizers are to be told of one."""
        now, before = self._clock(), self._waits
        first = {way: parcel for way, parcel in (await self._store.untried()).items() if self._is_foreign(way)}
        if first and await self._holds.why() is not None:  # then nothing leaves, whoever runs it
            before = {}
        self._waits = {
            way: before[way] if way in before and before[way][0] == parcel else (parcel, now)
            for way, parcel in first.items()
        }
        return min((since + TOLD_AFTER for _parcel, since in self._waits.values()), default=None)

    def _is_foreign(self, way: str) -> bool:
        """Say whether it is not run here, nor about to be taken over by the first bot of its platform."""
        return way not in self._here and (bool(bot_of(way)) or way not in map(platform_of, self._here))

    async def tell(self) -> None:
        """Tell of those that wait for so long: once a day, as long as it is so. Raises NotRecorded."""
        now = self._clock()
        today = now.astimezone(UTC).date().isoformat()
        for way, (parcel, since) in self._waits.items():
            if now - since >= TOLD_AFTER:
                news = await of_way(way, Kind.PLATFORM_DOWN, NOT_RUN, self._store, occasion=f"{today} {way}")
                await self._store.tell(news)
                self._waits[way] = parcel, now


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """A bot that is not run here, and how many rooms are its."""

    way: str
    bot: str  #: what it is called; its number if nobody knows
    rooms: int


async def strays(here: Collection[str], store: Store) -> list[Stray]:
    """List the bots that rooms wait for and that are not run here, on platforms where another one is."""
    bots, platforms = await store.ways(), set(map(platform_of, here))
    return [
        Stray(way=way, bot=bots.get(way) or bot_of(way), rooms=rooms)
        for way, rooms in sorted((await store.rooms_by_way()).items())
        if way not in here and bot_of(way) and platform_of(way) in platforms
    ]


async def bring_over(bot: str, here: Collection[str], store: Store) -> tuple[Stray, str]:
    """Give all that belongs to a bot, named by its name or its number, to the one that is run here on its platform.

    Returns what it was, and whose it is now. Raises NoSuchWay: there is none of this name that is not run, or no other
    of its platform is run here.
    """
    bots = await store.ways()
    run = {way for way, said in (await store.said()).items() if said.held_s is not None}  # by whatever process
    new = {platform_of(way): way for way in here}
    for old, name in bots.items():
        if old not in {*here, *run} and platform_of(old) in new and (bot in {old, bot_of(old)} or _same(bot, name)):
            rooms = (await store.rooms_by_way()).get(old, 0)
            await store.adopt_way(old, new[platform_of(old)])
            return Stray(way=old, bot=name, rooms=rooms), new[platform_of(old)]
    raise NoSuchWay(bot)


def _same(named: str, bot: str) -> bool:
    return named.lstrip("@").casefold() == bot.rpartition("/")[2].casefold()
