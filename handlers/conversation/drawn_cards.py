"""How many cards were drawn from the hat, as a workplace's steward counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.domain.errors import MoreThanMinted, NoCardsWithOpenEntry
from bot.domain.model import Entry, Unit, Walkout, WalkoutId
from bot.domain.roles import Deed, Duty, Roles
from bot.domain.rules import NOT_OVER, most_current
from bot.domain.tree import labels
from bot.parsing import typed_text
from bot.usecases import organizers, stewards
from handlers.conversation.messages import Ask, Reply
from handlers.texts import drawn_cards as texts


async def drawn(ask: Ask) -> Reply:
    """Note how many cards were drawn at a workplace."""
    named, words = await ask.named_walkout()
    *place_words, last = words or ("",)
    number = typed_text.number(last)
    if number is None:
        return Reply(kind="help", text=texts.drawn_usage())
    place = await meant(ask, named, " ".join(place_words))
    if place is None:
        return Reply(kind="help", text=texts.drawn_usage())
    walkout, unit = place
    if walkout.terms.entry is Entry.OPEN:
        raise NoCardsWithOpenEntry
    # never the exact number of cards: after voiding it is the number of those that were pledged
    most = max(unit.headcount, unit.issued)
    if number > most:
        raise MoreThanMinted(unit.name, most)
    note = ask.context.note(Deed.DRAWN, walkout.id, name=f"{unit.name}: {number}")
    await ask.app.store.set_drawn(walkout.id, unit.id, number, note)
    return Reply(kind="done", text=texts.drawn(unit.name, number))


async def meant(
    ask: Ask, named: str | None, name: str, *, find: Callable[[Sequence[Unit], str], Unit] = stewards.find_leaf
) -> tuple[Walkout, Unit] | None:
    """Return the workplace that is named, or a steward's only one. Raises Forbidden for one that is not theirs."""
    roles = await ask.roles()
    store = ask.app.store
    if not name:
        theirs = [await store.walkout(of) for of in {of for of, _place in roles.units} if named in {None, of}]
        current = most_current([each for each in theirs if each.stage in NOT_OVER], now=ask.app.clock())
        own = [(of, place) for of, place in roles.units if of in {each.id for each in current}]
        if len(own) != 1:
            return None
        [(of, looked_after)] = own
        units = await store.units(of)
        return await store.walkout(of), find(units, labels(units)[looked_after])
    walkout = await _walkout(ask, roles, named)
    place = find(await store.units(walkout.id), name)
    await ask.context.check(Duty.COUNT, walkout.id, place.id)
    return walkout, place


async def _walkout(ask: Ask, roles: Roles, named: str | None) -> Walkout:
    mine = {of for of, _place in roles.units}
    if named is None and not roles.may(Duty.COUNT) and len(mine) == 1:
        named = WalkoutId(mine.pop())
    return await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
