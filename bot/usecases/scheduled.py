"""What happens by itself: tallies, reminders, closing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.domain import campaigns, rules
from bot.domain.errors import Held, Hold, NotRecorded
from bot.domain.model import Ruling, Stage, Walkout, WalkoutId
from bot.guards.holds import Holds
from bot.guards.leadership import Leadership
from bot.process import logs
from bot.process.clock import Clock
from bot.process.logs import Event
from bot.secrets.keys import Keys
from bot.storage.store import Store
from bot.usecases.closing import close, close_campaign

log = logging.getLogger(__name__)

LAST_PARCELS = timedelta(hours=1)
"""How long after a start parcels may hold up a closing that is due. A hundred thousand letters take no longer."""


LOOK_AGAIN_S = 0.1
"""While another process takes a tally that stands before what somebody does here."""


class Tallies:
    """Takes the tallies that are due: the scheduler on time, or whoever finds that one stands before their pledge."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        holds: Holds,
        *,
        leadership: Leadership | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._holds = holds
        self._leadership = leadership  #: None: there is no other process that could take one
        self._before = before  #: may find a reason to hold
        self._turn = asyncio.Lock()  # a thousand people may find the same tally due; it is read up once

    async def take_due(self) -> None:
        """Take every tally that is due: verdict, board, news and parcels, each walkout's in one transaction.

        Where another process takes them, wait until it has. Raises Held, NotRecorded.
        """
        async with self._turn:
            if self._leadership is None:
                await self._take_due()
            elif await self._is_ours(self._leadership):
                with self._leadership.fenced():
                    await self._take_due()

    async def _is_ours(self, leadership: Leadership) -> bool:
        """Wait until nothing is due any more or it is ours to take. Raises Held once it is late."""
        while not leadership.leads:
            now = self._clock()
            due = [each for each in await self._store.walkouts() if rules.latest_tally(each, now) is not None]
            if not due:
                return False
            if any(rules.is_late(walkout, now) for walkout in due):  # as it would be found where it is taken
                raise Held(Hold.KEPT)
            await asyncio.sleep(LOOK_AGAIN_S)
        return True

    async def _take_due(self) -> None:
        taken = False
        walkouts = await self._store.walkouts()
        for walkout in walkouts:
            if rules.latest_tally(walkout, self._clock()) is not None:
                await self._holds.check()
                if self._before is not None:
                    await self._before()
                    await self._holds.check()
            now = self._clock()  # it may have been set right just now
            if rules.latest_tally(walkout, now) is not None:
                ruling = await self._decide(walkout.id, now, campaigns.asked_of(walkout, walkouts))
                after = ruling.walkout
                news = len(ruling.announcements)
                log.info(Event.TALLY, after.tally, logs.walkout(after.id), after.stage, news)
                taken = True
        if taken:
            with contextlib.suppress(NotRecorded):  # then at the next tally
                await self._store.forget_order()
            logs.say_totals()

    async def _decide(self, walkout: WalkoutId, now: datetime, share: int) -> Ruling:
        try:
            return await self._store.decide(walkout, partial(rules.tally, now=now, share=share))
        except NotRecorded:  # nor is what people do: platforms keep it until the store works again
            self._holds.stalled()
            raise


async def remind_all(store: Store, clock: Clock, holds: Holds) -> None:
    """Make every reminder that is due. Raises Held, NotRecorded."""
    for walkout in await store.walkouts():
        due = rules.next_reminder(walkout)
        if due is not None and due <= clock():
            await holds.check()
        if due is not None and due <= (now := clock()):
            await store.decide(walkout.id, partial(rules.remind, now=now))


class Closing:
    """Destroys the secrets of every walkout that is long over, and the cards of every such campaign.

    Parcels have had days to be sent by then. Some may still wait only because nothing ran: from when a process came
    back to its way there is an hour to send them. Source: docs/decisions/0015-closing-waits-for-parcels.md.
    """

    def __init__(self, store: Store, keys: Keys, clock: Clock, holds: Holds) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._holds = holds
        self._began = clock()

    async def due(self) -> datetime | None:
        """Return when the next walkout or campaign is closed, as far as it is known now."""
        walkouts = await self._store.walkouts()
        found = [await self._closes_at(walkout) for walkout in walkouts]
        found += [self._campaign_closes_at(steps) for steps in _campaigns(walkouts).values()]
        return min((at for at in found if at is not None), default=None)

    async def close_all(self) -> None:
        """Close what is due. Raises Held, NotRecorded."""
        for walkout in await self._store.walkouts():
            if await self._is_due(walkout):
                await self._holds.check()
            if await self._is_due(walkout):
                await close(walkout, self._store, self._keys)
        for campaign, steps in _campaigns(await self._store.walkouts()).items():
            if self._is_over(steps):
                await self._holds.check()
            if self._is_over(steps):
                await close_campaign(campaign, self._store, self._keys)

    def _is_over(self, steps: Sequence[Walkout]) -> bool:
        at = self._campaign_closes_at(steps)
        return at is not None and at <= self._clock()

    def _campaign_closes_at(self, steps: Sequence[Walkout]) -> datetime | None:
        if steps[0].register in self._keys.ended:  # cut off in its middle
            return self._clock()
        return rules.campaign_closes_at(steps)

    async def _is_due(self, walkout: Walkout) -> bool:
        at = await self._closes_at(walkout)
        return at is not None and at <= self._clock()

    async def _closes_at(self, walkout: Walkout) -> datetime | None:
        if walkout.stage is Stage.CLOSED:
            return None
        if walkout.id in self._keys.closed:  # cut off in its middle
            return self._clock()
        at = rules.closes_at(walkout)
        if at is None or at > self._clock():
            return at
        return max(at, await self._patient_until()) if await self._store.unsettled(walkout.id) else at

    async def _patient_until(self) -> datetime:
        """Return when enough time will have passed since the last way was run again, here or by another process."""
        held_s = [way.held_s for way in (await self._store.said()).values() if way.held_s is not None]
        came_back = self._clock() - timedelta(seconds=min(held_s)) if held_s else self._began
        return came_back + LAST_PARCELS


def _campaigns(walkouts: Sequence[Walkout]) -> dict[WalkoutId, list[Walkout]]:
    """Return the steps of each campaign that has cards."""
    found: dict[WalkoutId, list[Walkout]] = {}
    for walkout in walkouts:
        if walkout.in_campaign and not walkout.cards_gone:
            found.setdefault(walkout.register, []).append(walkout)
    return found
