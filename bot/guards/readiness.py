"""What a walkout still lacks before it is opened, and what looks wrong in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain import words
from bot.domain.doubts import Doubted, Place, doubts
from bot.domain.model import Entry, Stage, Terms, Tier, Unit, WalkoutId
from bot.domain.rules import NOT_OVER
from bot.domain.tree import Tree, labels
from bot.draft.tree import as_drafted
from bot.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """What is missing, and how many rooms there are that would hear of it."""

    without_cards: tuple[Unit, ...] = ()  #: nobody could pledge there
    without_steward: tuple[Unit, ...] = ()
    without_room: tuple[Unit, ...] = ()  #: no room would hear of it
    citywide_room: bool = True
    rooms: int = 0
    more_organizers: int = 0  #: are needed to open it
    untranslated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: see words.missing
    doubts: tuple[Doubted, ...] = ()  #: of a draft


async def gaps(store: Store, walkout: WalkoutId, *, now: datetime) -> Gaps:
    """Say what a walkout lacks now, and what looks wrong in it."""
    seen = await store.walkout(walkout)
    places = await store.units(walkout)
    rooms = await store.rooms(walkout)
    heard = {room.scope for room in rooms}
    committee = await store.committee()
    stewards = {place for of, place, _who in committee.stewards if of == walkout}
    tree, names = Tree(places), labels(places)

    def named(some: Iterable[Unit]) -> tuple[Unit, ...]:
        return tuple(replace(place, name=names[place.id]) for place in some)

    # cards are drawn where people work, department by department; areas and departments may do without the rest
    leaves = tree.leaves() if seen.terms.entry is Entry.CARDS else []
    workplaces = tree.workplaces()
    return Gaps(
        without_cards=named(place for place in leaves if place.issued == 0),
        without_steward=named(place for place in workplaces if place.id not in stewards),
        without_room=named(place for place in workplaces if place.id not in heard),
        citywide_room=None in heard,
        rooms=len(rooms),
        more_organizers=max(seen.terms.approvals - len(committee.organizers), 0) if seen.stage is Stage.DRAFT else 0,
        untranslated=words.missing(seen.terms, places, [room.language for room in rooms]),
        doubts=await look_again(store, seen.terms, as_drafted(places), now=now, but=seen.register)
        if seen.stage is Stage.DRAFT
        else (),
    )


async def look_again(
    store: Store, terms: Terms, places: Sequence[Place], *, now: datetime, but: WalkoutId | None = None
) -> tuple[Doubted, ...]:
    """Say what looks wrong in a draft, beside the walkouts that are not over; `but`: it is a step of this campaign."""
    shared = await store.sharing([place.name for place in places if place.tier is Tier.WORKPLACE])
    there = [walkout for walkout in await store.walkouts() if walkout.stage in NOT_OVER and walkout.register != but]
    return doubts(terms, places, now=now, others=[(walkout, shared.get(walkout.id, 0)) for walkout in there])
