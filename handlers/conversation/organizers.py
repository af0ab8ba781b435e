"""What organizers can say."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.model import Stage, Terms, Unit, Walkout, WalkoutId
from bot.domain.roles import Matter
from bot.domain.rules import PLEDGING
from bot.domain.tree import Tree
from bot.usecases import organizers
from bot.usecases.workers import Seen
from handlers.conversation import confirmation
from handlers.conversation.messages import Ask, Reply, old_button
from handlers.texts import committee as committee_texts
from handlers.texts import names
from handlers.texts import organizers as texts
from handlers.texts import workers as workers_texts

_DRAFT = frozenset({Stage.DRAFT})


async def walkouts(ask: Ask) -> Reply:
    """List the walkouts."""
    found = await ask.app.store.walkouts()
    return Reply(kind="walkouts", text=texts.walkouts(found))


async def open_up(ask: Ask) -> Reply:
    """Say what opening a draft does, and ask."""
    walkout = await organizers.which(ask.app.store, ask.first, [_DRAFT], now=ask.app.clock())
    return await confirmation.show(ask, Matter.OPEN, walkout.id)


async def call_off(ask: Ask) -> Reply:
    """Say what calling a walkout off does, and ask."""
    walkout = await organizers.which(ask.app.store, ask.first, [PLEDGING], now=ask.app.clock())
    return await confirmation.show(ask, Matter.CALL_OFF, walkout.id)


async def press_terms(ask: Ask) -> Reply:
    """Show what workers will read before they pledge, as it reads at the first workplace."""
    if not await ask.is_organizer():
        return old_button()
    walkout = await ask.app.store.walkout(WalkoutId(ask.words[0]))
    units = await ask.app.store.units(walkout.id)
    return terms_shown(ask, walkout.terms, units, (await ask.app.ladders.place(walkout, units[0])).step)


def terms_shown(ask: Ask, terms: Terms, units: Iterable[Unit], step: int) -> Reply:
    """Show what workers will read, as it reads at the first of these units that has cards."""
    walkout, tree = Walkout(id=WalkoutId(""), terms=terms, stage=Stage.OPEN), Tree(units)
    path = tree.path(min(tree.leaves(), key=lambda unit: unit.name.casefold()).id)
    seen = Seen(walkout=walkout, path=path, mine=None, at=ask.app.clock(), step=step, logged=ask.app.store.logs_times)
    said = [committee_texts.terms_of(names.full(path)), workers_texts.terms(seen, ask.ways.can_see())]
    return Reply(kind="terms_shown", text="\n\n".join(said), below=True)
