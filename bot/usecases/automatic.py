"""What happens by itself: tallies, reminders, closing."""

from __future__ import annotations

import logging
from functools import partial

from bot.domain import disclosure, rules
from bot.domain.model import Ruling, Stage, WalkoutId
from bot.keys import Keys
from bot.scheduler import Clock
from bot.storage.store import Store

log = logging.getLogger(__name__)


async def tally(walkout: WalkoutId, store: Store, clock: Clock) -> Ruling:
    """Take the walkout's tally if one is due: verdict, board, news and parcels in one transaction."""
    return await store.decide(walkout, partial(rules.tally, now=clock()))


async def tally_all(store: Store, clock: Clock) -> None:
    """Take every tally that is due."""
    for walkout in await store.walkouts():
        if rules.latest_tally(walkout, clock()) is not None:
            ruling = await tally(walkout.id, store, clock)
            if ruling.walkout.tally != walkout.tally:
                city = disclosure.city(ruling.walkout, await store.workplaces(walkout.id))
                log.info(
                    "tally %d of %s: %s, %d workplaces ready",
                    ruling.walkout.tally,
                    walkout.id,
                    ruling.walkout.stage,
                    city.ready,
                )


async def remind_all(store: Store, clock: Clock) -> None:
    """Make every reminder that is due."""
    for walkout in await store.walkouts():
        due = rules.next_reminder(walkout)
        if due is not None and due <= clock():
            await store.decide(walkout.id, partial(rules.remind, now=clock()))


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
