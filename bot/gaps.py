"""What a walkout still lacks before it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain import words
from bot.domain.model import Entry, WalkoutId, Workplace
from bot.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """What is missing, and how many rooms there are that would hear of it."""

    without_cards: tuple[Workplace, ...] = ()  #: nobody could pledge there
    without_steward: tuple[Workplace, ...] = ()
    without_room: tuple[Workplace, ...] = ()  #: no room would hear of it
    citywide_room: bool = True
    rooms: int = 0
    untranslated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: see words.missing


async def gaps(store: Store, walkout: WalkoutId) -> Gaps:
    """Say what a walkout lacks now."""
    seen = await store.walkout(walkout)
    places = await store.workplaces(walkout)
    rooms = await store.rooms(walkout)
    heard = {room.scope for room in rooms}
    stewards = {place for of, place, _who in (await store.committee()).stewards if of == walkout}
    wants_cards = seen.terms.entry is Entry.CARDS
    return Gaps(
        without_cards=tuple(place for place in places if wants_cards and place.issued == 0),
        without_steward=tuple(place for place in places if place.id not in stewards),
        without_room=tuple(place for place in places if place.id not in heard),
        citywide_room=None in heard,
        rooms=len(rooms),
        untranslated=words.missing(seen.terms, places, [room.language for room in rooms]),
    )
