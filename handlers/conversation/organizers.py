"""What organizers can say."""

from __future__ import annotations

from bot.domain.model import Stage, Terms, Unit, Walkout, WalkoutId
from bot.domain.roles import Matter
from bot.domain.rules import PLEDGING
from bot.usecases import organizers
from bot.usecases.workers import Seen
from handlers.conversation import confirmation
from handlers.conversation.messages import Ask, Reply, old_button
from handlers.texts import committee as committee_texts
from handlers.texts import organizers as texts
from handlers.texts import workers as workers_texts

_DRAFT = frozenset({Stage.DRAFT})


async def walkouts(ask: Ask) -> Reply:
    """List the walkouts."""
    found = await ask.app.store.walkouts()
    return Reply(kind="walkouts", text=texts.walkouts(found))


async def open_up(ask: Ask) -> Reply:
    """Say what opening a draft does, and ask."""
    walkout = await organizers.which(ask.app.store, ask.first, [_DRAFT])
    return await confirmation.show(ask, Matter.OPEN, walkout.id)


async def call_off(ask: Ask) -> Reply:
    """Say what calling a walkout off does, and ask."""
    walkout = await organizers.which(ask.app.store, ask.first, [PLEDGING])
    return await confirmation.show(ask, Matter.CALL_OFF, walkout.id)


async def press_terms(ask: Ask) -> Reply:
    """Show what workers will read before they pledge, as it reads at the first workplace."""
    if not await ask.is_organizer():
        return old_button()
    walkout = await ask.app.store.walkout(WalkoutId(ask.words[0]))
    place = min(await ask.app.store.units(walkout.id), key=lambda place: place.name.casefold())
    return terms_shown(ask, walkout.terms, place)


def terms_shown(ask: Ask, terms: Terms, place: Unit) -> Reply:
    """Show what workers of a workplace will read."""
    walkout = Walkout(id=WalkoutId(""), terms=terms, stage=Stage.OPEN)
    seen = Seen(walkout=walkout, unit=place, mine=None, at=ask.app.clock())
    said = [committee_texts.terms_of(place.name), workers_texts.terms(seen, ask.ways.can_see())]
    return Reply(kind="terms_shown", text="\n\n".join(said), below=True)
