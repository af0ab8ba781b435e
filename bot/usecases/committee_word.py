"""What organizers want to say themselves, before it is proposed."""

from __future__ import annotations

from bot.domain.committee_word import check_can_say
from bot.domain.errors import NothingWritten
from bot.domain.model import Walkout, WalkoutId
from bot.storage.store import Store
from bot.usecases import sketches
from bot.usecases.context import RequestContext
from bot.usecases.sketches import InHand, Wording


async def written(context: RequestContext, walkout: Walkout) -> tuple[InHand, Wording]:
    """Return what somebody has written to be said now.

    Raises NothingWritten, NoWordNow, WordTooSoon, NothingToCorrect.
    """
    hand = await sketches.load(context)
    if hand is None or hand.word is None or not hand.word.words or hand.word.walkout != walkout.id:
        raise NothingWritten
    said = await context.store.words_said(walkout.id)
    check_can_say(walkout, said, corrects=hand.word.corrects, now=context.clock())
    return hand, hand.word


async def is_said(context: RequestContext, walkout: WalkoutId) -> bool:
    """Say whether what somebody has in hand is what was said last."""
    said, hand = await context.store.words_said(walkout), await sketches.load(context)
    if not said or hand is None or hand.word is None:
        return False
    return all(said[-1].content[name] == value for name, value in hand.word.content.items())


async def languages(store: Store, walkout: Walkout, wording: Wording) -> list[str]:
    """Return the languages it may be written in: its own, and those in which anything of the walkout is read."""
    rooms = [room.language for room in await store.rooms(walkout.id)]
    return list(dict.fromkeys([wording.own, *walkout.terms.translations, *filter(None, rooms)]))
