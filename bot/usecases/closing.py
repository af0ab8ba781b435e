"""Closing: secrets are destroyed, by itself or when an organizer at the server says so; a campaign's cards last."""

from __future__ import annotations

import logging
from functools import partial

from bot.domain import rules
from bot.domain.errors import CampaignGoesOn, ParcelsWait
from bot.domain.model import Announcement, Kind, Stage, Terms, Walkout, WalkoutId
from bot.process import logs
from bot.process.clock import Clock
from bot.process.logs import Event
from bot.secrets.keys import Keys, changed
from bot.storage.store import Store

log = logging.getLogger(__name__)


async def find(walkout: WalkoutId, store: Store, clock: Clock) -> Walkout:
    """Return a walkout that may be closed now, or is closed: then its campaign may be, or is, where it has one.

    Raises NoSuchWalkout, WrongStage, TooEarlyToClose, ParcelsWait, CampaignGoesOn.
    Source: docs/decisions/0021-closing-by-hand.md.
    """
    seen = await store.walkout(walkout)
    rules.check_can_close(seen, now=clock())
    closes = rules.closes_at(seen)
    if closes is not None and (waiting := await store.unsettled(walkout)):
        raise ParcelsWait(waiting, closes)
    if seen.stage is Stage.CLOSED and not seen.cards_gone:
        for step in await steps(seen.register, store):
            if step.stage is not Stage.CLOSED:
                raise CampaignGoesOn(step.terms.title, step.id)
    return seen


async def steps(campaign: WalkoutId, store: Store) -> list[Walkout]:
    """Return all steps of a campaign; a walkout on its own is one of its own."""
    return [each for each in await store.walkouts() if each.register == campaign]


async def close(walkout: Walkout, store: Store, keys: Keys) -> None:
    """Destroy the walkout's key, then its pledges, and its cards if it has no campaign.

    Whichever is cut off, no pledge links to an account again.
    Organizers are told, by news that belongs to no walkout: what belongs to this one is gone.
    """
    await changed(partial(keys.destroy_walkout, walkout.id))
    step = {"step": True} if walkout.in_campaign else {}
    await store.close(walkout.id, _news(Kind.WALKOUT_CLOSED, walkout.id, walkout.terms, "title", **step))
    log.info(Event.CLOSED, logs.walkout(walkout.id))


async def close_campaign(campaign: WalkoutId, store: Store, keys: Keys) -> None:
    """Destroy the key of a campaign's register, then its cards; of all its steps, what is not destroyed yet."""
    of_campaign = await steps(campaign, store)
    await changed(partial(keys.destroy_register, campaign))
    for step in of_campaign:
        if step.stage is not Stage.CLOSED:
            await close(step, store, keys)
    first = next(step for step in of_campaign if step.id == campaign)
    await store.close_campaign(campaign, _news(Kind.CAMPAIGN_CLOSED, campaign, first.terms, "campaign"))
    log.info(Event.CLOSED, logs.walkout(campaign))


def _news(kind: Kind, occasion: str, terms: Terms, called: str, **facts: bool) -> Announcement:
    """Say what is closed, as it is `called` in each language."""
    titles = {language: getattr(words, called) for language, words in terms.translations.items()}
    return Announcement(
        kind=kind,
        occasion=occasion,
        to_rooms=False,
        to_organizers=True,
        facts={
            "title": getattr(terms, called),
            "titles": {language: title for language, title in titles.items() if title},
            **facts,
        },
    )
