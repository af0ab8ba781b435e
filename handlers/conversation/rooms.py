"""What organizers can say about rooms: which chat hears what, in which language, and whether it does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.errors import NoSuchLanguage
from bot.domain.model import SPOKEN, Unit, Walkout, WalkoutId
from bot.domain.roles import Deed, Duty
from bot.domain.rules import NOT_OVER
from bot.domain.tree import Tree, labels
from bot.domain.ways import which_of_several
from bot.parsing.typed_text import same_name
from bot.storage.store import UNHEARD_AFTER, Room
from bot.usecases import organizers, stewards
from bot.usecases import rooms as testing
from handlers.conversation.messages import (
    Ask,
    Button,
    Here,
    Reply,
    RoomsBy,
    nearest_page,
    old_button,
    page_buttons,
    say_buttons,
    whole_number,
)
from handlers.texts import committee as committee_texts
from handlers.texts import rooms as texts
from handlers.texts.catalogue import language

PAGE = 12

OFF = "off"
CITYWIDE = "citywide"


async def room(ask: Ask) -> Reply:
    """Bind a chat to a walkout, or let it go."""
    named, words = await ask.named_walkout()
    off = await _is_off(ask, named, words)
    if off and (len(words) > 1 or ask.here is not None or ask.ways.rooms_by is not RoomsBy.PLACE):
        here = ask.ways.rooms_by is RoomsBy.PLACE and ask.here is not None
        return await _let_go(ask, named, "" if here else " ".join(words[1:]))
    match ask.ways.rooms_by:
        case RoomsBy.WORD if words:
            return _give_word(ask, await _meant(ask, named, words))
        case RoomsBy.PLACE if words and ask.here is not None:
            return await _bind_here(ask, await _meant(ask, named, words), ask.here)
        case RoomsBy.NAME if len(words) > 1:
            return await _bind(ask, await _meant(ask, named, words[:-1]), words[-1])
    return Reply(kind="help", text=texts.room_usage(ask.ways.rooms_by))


async def _is_off(ask: Ask, named: str | None, words: Sequence[str]) -> bool:
    if not words or words[0].casefold() != OFF:
        return False
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
    scope = words[:-1] if ask.ways.rooms_by is RoomsBy.NAME and len(words) > 1 else words
    return stewards.begins(OFF, scope, await ask.app.store.units(walkout.id))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """What a room shall hear."""

    walkout: WalkoutId
    place: Unit | None  #: None: the citywide news
    language: str  #: '': as it is, or the walkout's own


async def _meant(ask: Ask, named: str | None, words: Sequence[str]) -> _Wanted:
    """Read a scope with a language behind it, or without. Raises NoSuchUnit, NoSuchLanguage."""
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
    places = await ask.app.store.units(walkout.id)
    # a workplace may be called "Citywide Cleaning", or "Casa Es": its whole name comes first
    whole = len(words) > 1 and stewards.is_name(places, " ".join(words))
    spoken = language(words[-1]) if len(words) > 1 and not whole else None
    scope = words[:-1] if spoken is not None else words
    if not stewards.begins(CITYWIDE, scope, places):
        place = stewards.find(places, " ".join(scope))
        await ask.context.check(Duty.HOST, walkout.id, place.id)
        return _Wanted(walkout=walkout.id, place=place, language=spoken or "")
    if len(scope) > 1:
        raise NoSuchLanguage(" ".join(words[1:]))
    await ask.context.check(Duty.HOST)
    return _Wanted(walkout=walkout.id, place=None, language=spoken or "")


async def _bind(ask: Ask, wanted: _Wanted, address: str) -> Reply:
    walkout, place = wanted.walkout, wanted.place
    bound = Room(
        walkout=walkout,
        scope=place.id if place else None,
        way=ask.who.way,
        address=address,
        language=wanted.language,
    )
    note = ask.context.note(Deed.BOUND, walkout, name=place.name if place else "")
    await organizers.bind_room(bound, ask.app.store, note)
    named = await ask.app.title(bound)
    undo = "/room off" if ask.ways.rooms_by is RoomsBy.PLACE else f"/room off {address}"
    return Reply(
        kind="done",
        text=texts.room_bound(named, place.name if place else None, wanted.language, undo),
        buttons=tuple(say_buttons([(committee_texts.next_label(), ("help", walkout))])),
    )


async def _bind_here(ask: Ask, wanted: _Wanted, here: Here) -> Reply:
    if not here.can_post:
        return Reply(kind="cannot_post", text=texts.cannot_post())
    return await _bind(ask, wanted, here.address)


def _give_word(ask: Ask, wanted: _Wanted) -> Reply:
    place = wanted.place
    word = ask.app.room_words.give(ask.who, wanted.walkout, place.id if place else None, wanted.language)
    return Reply(kind="room_word", text=texts.room_word(word, ask.ways.invite.format(word=word)))


async def _let_go(ask: Ask, named: str | None, address: str) -> Reply:
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
    way = ask.who.way
    if not address and ask.here is not None:
        address = ask.here.address
    else:
        address = await _address_of(ask, walkout.id, address)
    for each in await ask.app.store.rooms(walkout.id):
        if (each.way, each.address) == (way, address):
            await ask.context.check(Duty.HOST, walkout.id, each.scope)
    note = ask.context.note(Deed.LET_GO, walkout.id)
    was_bound = await ask.app.store.release_room(walkout.id, way, address, note)
    gone = Room(walkout=walkout.id, scope=None, way=way, address=address)
    return Reply(kind="done", text=texts.room_released(await ask.app.title(gone), was_bound=was_bound))


async def _address_of(ask: Ask, walkout: WalkoutId, named: str) -> str:
    """Return the address of the one bound chat that is called so and hears this bot; else what was written."""
    bound = {room.address: room for room in await ask.app.store.rooms(walkout) if room.way == ask.who.way}
    if named in bound:
        return named
    called = [address for address, room in bound.items() if same_name(await ask.app.title(room), named)]
    return called[0] if len(called) == 1 else named


async def press_bind(ask: Ask) -> Reply:
    """Bind the chat in which a word was seen."""
    may = (await ask.roles()).may_somewhere(Duty.HOST)
    wish = ask.app.room_words.confirm(ask.words[0], ask.who) if may else None
    if wish is None or wish.address is None:
        return old_button()
    await ask.context.check(Duty.HOST, wish.walkout, wish.scope)
    units = [] if wish.scope is None else await ask.app.store.units(wish.walkout)
    place = next((replace(each, name=labels(units)[each.id]) for each in units if each.id == wish.scope), None)
    return await _bind(ask, _Wanted(walkout=wish.walkout, place=place, language=wish.language), wish.address)


async def press_do_not_bind(_ask: Ask) -> Reply:
    """Answer an organizer who does not bind a chat after all."""
    return Reply(kind="done", text=texts.room_not_bound())


async def rooms(ask: Ask) -> Reply:
    """List the rooms."""
    return await _list(ask, await organizers.which(ask.app.store, ask.first, [NOT_OVER], now=ask.app.clock()), page=1)


async def _list(ask: Ask, walkout: Walkout, *, page: int) -> Reply:
    units = await ask.app.store.units(walkout.id)
    names, at = labels(units), {place.id: nth for nth, place in enumerate(Tree(units).branch())}
    # the city's first, then each unit's before those of its parts
    bound = sorted(await ask.app.store.rooms(walkout.id), key=lambda room: -1 if room.scope is None else at[room.scope])
    pages = max(1, -(-len(bound) // PAGE))
    page = nearest_page(page, pages)
    shown = bound[(page - 1) * PAGE : page * PAGE]
    titles = await asyncio.gather(*map(ask.app.title, shown))
    # chats of one name are told apart by what their platform calls them
    titles = [
        title if titles.count(title) == 1 or title == room.address else f"{title} {room.address}"
        for title, room in zip(titles, shown, strict=True)
    ]
    bots = await ask.app.store.ways()
    found = [
        texts.Listed(
            name=title,
            platform=each.way,
            bot=which_of_several(each.way, bots),
            scope=names[each.scope] if each.scope else None,
            language=each.language or walkout.terms.language or SPOKEN,
            unheard=each.tries if each.tries >= UNHEARD_AFTER else 0,
        )
        for each, title in zip(shown, titles, strict=True)
    ]
    test = (Button(label=texts.send_a_test(), data=f"s:{walkout.id}"),) if found else ()
    turning = page_buttons(page, pages, lambda number: f"s:{walkout.id}:{number}")
    said = texts.rooms(found, texts.room_usage(ask.ways.rooms_by), page, pages)
    return Reply(kind="rooms", text=said, buttons=(*test, *turning))


async def press_rooms(ask: Ask) -> Reply:
    """Let the rooms hear a test; or, with a number, show that page of their list."""
    walkout, *page = ask.words
    if not await ask.is_organizer():
        return old_button()
    if page:
        wanted = whole_number(page[0]) or 1
        return await _list(ask, await ask.app.store.walkout(WalkoutId(walkout)), page=wanted)
    asked = await testing.test_rooms(ask.context, WalkoutId(walkout))
    if asked is None:
        return Reply(kind="too_soon", text=texts.tested_before())
    if asked == 0:
        return Reply(kind="rooms", text=texts.rooms([], texts.room_usage(ask.ways.rooms_by), 1, 1))
    return Reply(kind="done", text=texts.tested(asked))
