"""Closing a walkout: its secrets are destroyed, by itself or when an organizer at the server says so."""

from __future__ import annotations

import logging

from bot.domain import rules
from bot.domain.errors import NotRecorded, ParcelsWait
from bot.domain.model import Announcement, Kind, Walkout, WalkoutId
from bot.process import logs
from bot.process.clock import Clock
from bot.process.logs import Event
from bot.secrets.keys import Keys
from bot.storage.store import Store

log = logging.getLogger(__name__)


async def find(walkout: WalkoutId, store: Store, clock: Clock) -> Walkout:
    """Return a walkout that may be closed now, or is closed.

    Raises NoSuchWalkout, WrongStage, TooEarlyToClose, ParcelsWait. Source: docs/decisions/0021-closing-by-hand.md.
    """
    seen = await store.walkout(walkout)
    rules.check_can_close(seen, now=clock())
    closes = rules.closes_at(seen)
    if closes is not None and (waiting := await store.unsettled(walkout)):
        raise ParcelsWait(waiting, closes)
    return seen


async def close(walkout: Walkout, store: Store, keys: Keys) -> None:
    """Destroy the walkout's key, then its cards: whichever is cut off, no card links to an account again.

    Organizers are told, by news that belongs to no walkout: what belongs to this one is gone.
    """
    try:
        keys.destroy_walkout(walkout.id)
    except OSError as error:  # a full disk, most likely
        raise NotRecorded(type(error).__name__) from None
    news = Announcement(
        kind=Kind.WALKOUT_CLOSED,
        occasion=walkout.id,
        to_rooms=False,
        to_organizers=True,
        facts={
            "title": walkout.terms.title,
            "titles": {language: words.title for language, words in walkout.terms.translations.items() if words.title},
        },
    )
    await store.close(walkout.id, news)
    log.info(Event.CLOSED, logs.walkout(walkout.id))
