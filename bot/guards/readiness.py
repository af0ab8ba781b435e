"""What a walkout still lacks before it is opened, whether people are ready for it, and what looks wrong in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain import campaigns, words
from bot.domain.doubts import Doubted, Place, doubts
from bot.domain.model import Entry, Stage, Terms, Tier, Unit, Walkout, WalkoutId
from bot.domain.rules import NOT_OVER
from bot.domain.tree import Tree, labels
from bot.draft.tree import as_drafted
from bot.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """What is missing, and how many rooms there are that would hear of it."""

    not_opened: tuple[Unit, ...] = ()  #: of the draft of a step: workplaces that have not proved the one before
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
    seen, drafted = await store.walkout(walkout), await store.units(walkout)
    places = await _opened(store, seen, drafted)
    staying = {place.id for place in places}
    rooms = [room for room in await store.rooms(walkout) if room.scope is None or room.scope in staying]
    heard = {room.scope for room in rooms}
    committee = await store.committee()
    stewards = {place for of, place, _who in committee.stewards if of == walkout}
    tree, names = Tree(places), labels(drafted)

    def named(some: Iterable[Unit]) -> tuple[Unit, ...]:
        return tuple(replace(place, name=names[place.id]) for place in some)

    # cards are drawn where people work, department by department; areas and departments may do without the rest
    leaves = tree.leaves() if seen.terms.entry is Entry.CARDS else []
    workplaces = tree.workplaces()
    return Gaps(
        not_opened=named(place for place in Tree(drafted).workplaces() if place.id not in staying),
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


async def _opened(store: Store, draft: Walkout, units: Sequence[Unit]) -> Sequence[Unit]:
    """Return the units with which it would open now; of a step that can open nowhere yet, all."""
    if draft.after is None or draft.stage is not Stage.DRAFT:
        return units
    those = campaigns.opens_at(draft, (await store.walkout(draft.after), await store.units(draft.after)))
    dropped = campaigns.left_out(units, those) if those else ()
    return [unit for unit in units if unit.id not in dropped]


PEOPLE_PER_STEWARD = 15
"""As organizers count it: one who looks after more cannot talk to each."""


class Point(StrEnum):
    """What organizers look at before they open a step."""

    STEWARDS = "stewards"  #: one for at most PEOPLE_PER_STEWARD people at each workplace
    DEPARTMENTS = "departments"  #: each has a steward of its own
    DRAWN = "drawn"  #: at each workplace as many cards as must be pledged, as its stewards say
    ROOMS = "rooms"  #: the citywide one, and one of each workplace
    LANGUAGES = "languages"  #: everything is written in each
    PROOF = "proof"  #: the step before is counted to its end


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Whether one of these is so. No names of people."""

    point: Point
    lacking: int = 0  #: stewards, units, languages: as the point has it
    at: tuple[str, ...] = ()  #: units where it is not so, by name
    citywide: bool = False  #: of rooms: the citywide one is missing

    @property
    def is_so(self) -> bool:
        """Whether nothing is lacking."""
        return not self.lacking


async def checks(store: Store, walkout: WalkoutId, *, now: datetime) -> tuple[Check, ...]:
    """Say yes or no to each point that there is in this walkout."""
    seen, lacks = await store.walkout(walkout), await gaps(store, walkout, now=now)
    drafted = await store.units(walkout)
    units = await _opened(store, seen, drafted)
    serving = {(unit, who) for of, unit, who in (await store.committee()).stewards if of == walkout}
    tree, names = Tree(units), labels(drafted)
    workplaces, departments = tree.workplaces(), [unit for unit in units if unit.tier is Tier.DEPARTMENT]
    short = {
        place: -(-place.headcount // PEOPLE_PER_STEWARD)
        - len({who for each in tree.branch(place.id) for unit, who in serving if unit == each.id})
        for place in workplaces
    }
    alone = [unit for unit in departments if unit.id not in {at for at, _who in serving}]
    undrawn = [place for place in workplaces if not _drawn(place, tree)]

    def check(point: Point, some: Sequence[Unit], lacking: int | None = None, *, citywide: bool = False) -> Check:
        at = tuple(names[unit.id] for unit in some)
        return Check(point=point, lacking=len(at) if lacking is None else lacking, at=at, citywide=citywide)

    missing = [place for place in workplaces if short[place] > 0]
    there = [check(Point.STEWARDS, missing, sum(short[place] for place in missing))]
    if departments:
        there.append(check(Point.DEPARTMENTS, alone))
    if seen.terms.entry is Entry.CARDS:
        there.append(check(Point.DRAWN, undrawn))
    rooms = len(lacks.without_room) + (not lacks.citywide_room)
    there.append(check(Point.ROOMS, lacks.without_room, rooms, citywide=not lacks.citywide_room))
    there.append(check(Point.LANGUAGES, (), len(lacks.untranslated)))
    if seen.after is not None:
        before, its_units = await store.walkout(seen.after), await store.units(seen.after)
        is_over = campaigns.is_counted(before) or campaigns.has_lapsed(before, its_units)
        there.append(check(Point.PROOF, lacks.not_opened, 0 if is_over else 1))
    return tuple(there)


def _drawn(place: Unit, tree: Tree) -> bool:
    """Say whether each part has been counted, and as many cards were drawn as must be pledged."""
    leaves = tree.leaves(place.id)
    drawn = [each.drawn for each in leaves if each.drawn is not None]
    return len(drawn) == len(leaves) and sum(drawn) >= place.threshold


async def look_again(
    store: Store, terms: Terms, places: Sequence[Place], *, now: datetime, but: WalkoutId | None = None
) -> tuple[Doubted, ...]:
    """Say what looks wrong in a draft, beside the walkouts that are not over; `but`: it is a step of this campaign."""
    shared = await store.sharing([place.name for place in places if place.tier is Tier.WORKPLACE])
    there = [walkout for walkout in await store.walkouts() if walkout.stage in NOT_OVER and walkout.register != but]
    return doubts(terms, places, now=now, others=[(walkout, shared.get(walkout.id, 0)) for walkout in there])
