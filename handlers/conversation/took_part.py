"""How many people take part on the day, as a workplace's steward counts them by hand."""

from __future__ import annotations

from bot.domain.errors import MoreThanPeople, NotCountedNow, UnitNotOut
from bot.domain.roles import Deed
from bot.domain.rules import ASKED_FOR, counts_turnout, stewards_count
from bot.parsing import typed_text
from bot.usecases import stewards
from handlers.conversation.drawn_cards import meant
from handlers.conversation.messages import Ask, Reply
from handlers.texts import took_part as texts


async def took_part(ask: Ask) -> Reply:
    """Note how many people take part at a workplace."""
    named, words = await ask.named_walkout()
    *place_words, last = words or ("",)
    number = typed_text.number(last)
    place = None if number is None else await meant(ask, named, " ".join(place_words), find=stewards.find_counted)
    if place is None or number is None:
        return Reply(kind="help", text=texts.usage())
    walkout, unit = place
    if not stewards_count(walkout) or not counts_turnout(walkout, ask.app.clock()):
        raise NotCountedNow
    if not unit.out:
        raise UnitNotOut().of(walkout.terms.kind)
    if number > unit.headcount:
        raise MoreThanPeople(unit.name, unit.headcount)
    note = ask.context.note(Deed.TOOK_PART, walkout.id, name=f"{unit.name}: {number}")
    await ask.app.store.set_took_part(walkout.id, unit.id, number, note)
    until = walkout.terms.starts + ASKED_FOR
    return Reply(kind="done", text=texts.took_part(unit.name, number, until, walkout.terms))
