"""What happens by itself: tallies, reminders, closing."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from bot.clock import Clock
from bot.domain import rules
from bot.domain.model import Announcement, Kind, Stage, WalkoutId
from bot.keys import Keys
from bot.storage.store import Store

log = logging.getLogger(__name__)


class Tallies:
    """Takes the tallies that are due: the scheduler on time, or whoever finds that one stands before their pledge."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._turn = asyncio.Lock()  # a thousand people may find the same tally due; it is read up once

    async def take_due(self) -> None:
        """Take every tally that is due: verdict, board, news and parcels, each walkout's in one transaction."""
        async with self._turn:
            for walkout in await self._store.walkouts():
                now = self._clock()
                if rules.latest_tally(walkout, now) is not None:
                    ruling = await self._store.decide(walkout.id, partial(rules.tally, now=now))
                    after = ruling.walkout
                    log.info(
                        "tally %d of %s: %s, %d news", after.tally, after.id, after.stage, len(ruling.announcements)
                    )


async def remind_all(store: Store, clock: Clock) -> None:
    """Make every reminder that is due."""
    for walkout in await store.walkouts():
        due = rules.next_reminder(walkout)
        if due is not None and due <= clock():
            await store.decide(walkout.id, partial(rules.remind, now=clock()))


async def tell_of_platform(platform: str, kind: Kind, why: str, store: Store, clock: Clock) -> None:
    """Tell the organizers on the other platforms that this one fails, or works again."""
    await store.tell(
        Announcement(
            kind=kind,
            occasion=clock().isoformat(),
            to_rooms=False,
            to_organizers=True,
            not_on=platform,
            facts={"platform": platform, "why": why},
        )
    )


async def close_all(store: Store, keys: Keys, clock: Clock) -> None:
    """Destroy the secrets of every walkout that is long over."""
    for walkout in await store.walkouts():
        due = rules.closes_at(walkout)
        if due is not None and due <= clock():
            await close(walkout.id, store, keys)


async def close(walkout: WalkoutId, store: Store, keys: Keys) -> None:
    """Destroy the walkout's key, then its cards: whichever is cut off, no card links to an account again."""
    keys.destroy_walkout(walkout)
    await store.close(walkout)
    log.info("%s is %s", walkout, Stage.CLOSED)
