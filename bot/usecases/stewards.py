"""What a steward can do: read the board, hand out cards."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bot.domain import campaigns, disclosure, rules
from bot.domain.errors import BeyondHeadcount, NoCardsWithOpenEntry, NoSuchUnit, WhichPart, WhichUnit, WrongStage
from bot.domain.model import ROOT, Entry, Stage, StepKind, Tier, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import NewCard
from bot.domain.tree import Tree, labels, sums
from bot.parsing.typed_text import nearest_names, plain_name
from bot.secrets.keys import Keys
from bot.storage.store import Store
from bot.usecases import ladder

NAMED_AT_MOST = 10
NEAREST = 3
LONGEST_NAME = 60

PAUSE = 500
"""Cards that are made before others have their turn: a hundred thousand take a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """The city, or an area, as far as whoever looks may know it; of a workplace only its name."""

    id: UnitId
    name: str  #: '' for the city
    threshold: int  #: 0: it has no number of its own
    needed: int  #: so many of its workplaces must have reached theirs; 0: it is areas that must
    workplaces: int
    out: int  #: workplaces that walk out
    coarse: disclosure.Coarse | None  #: as anybody may see it; None: it has no number, or too few workplaces
    sums: disclosure.City | None  #: as organizers see it; None for everybody else
    kind: StepKind = StepKind.WALKOUT  #: what people pledge to


@dataclass(frozen=True, kw_only=True, slots=True)
class Ladder:
    """How far a campaign has come, as far as whoever looks may know it."""

    rungs: tuple[campaigns.Rung, ...]
    places: Mapping[UnitId, int]  #: the highest rung that each workplace has proved; a steward's only their own
    own: tuple[tuple[str, int], ...] = ()  #: the same of a steward's own by their names


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """What the last tally published of the city, or of a part of it; workplaces nearest to their threshold first."""

    walkout: Walkout
    here: Area  #: the city, or the area that is looked into
    units: tuple[disclosure.Shown | Area, ...]
    paths: Mapping[UnitId, tuple[str, ...]]  #: names of what each is part of, and its own
    of: tuple[tuple[UnitId, str], ...] = ()  #: what is looked into, from the widest; (): the whole walkout
    holding: frozenset[UnitId] = frozenset()  #: those of the units that can be looked into
    only: str = ""  #: what the names of the units were chosen by
    nearest: tuple[str, ...] = ()  #: the names that may have been meant where none was chosen
    ladder: Ladder | None = None  #: None: it is no step of a campaign, or none is open yet

    @property
    def everywhere(self) -> int:
        """How many workplaces there are, whichever are chosen."""
        return self.here.workplaces

    @property
    def city(self) -> disclosure.Coarse | None:
        """What anybody may see of all of them; None: they are too few."""
        return self.here.coarse

    @property
    def sums(self) -> disclosure.City | None:
        """What organizers see of all of them; None for everybody else."""
        return self.here.sums


async def board(
    walkout: WalkoutId,
    store: Store,
    *,
    of: UnitId = ROOT,
    only: str = "",
    within: Collection[UnitId] | None = None,
    whole: bool = False,
) -> Board:
    """Return the board as of the last tally; it is never recomputed on demand.

    It shows the units right below `of`, or, with `whole`, all below it. With `only`, those whose names contain it, or
    what is below the only one. With `within`, none but these and what is below them: a steward's own. Without it it is
    an organizer's board.
    """
    seen = await store.walkout(walkout)
    places = await store.units(walkout)
    steps = await ladder.steps(seen, store) if seen.in_campaign else ()
    return published(seen, places, of=of, only=only, within=within, whole=whole, steps=steps)


def published(
    walkout: Walkout,
    places: Iterable[Unit],
    *,
    of: UnitId = ROOT,
    only: str = "",
    within: Collection[UnitId] | None = None,
    whole: bool = False,
    steps: Sequence[campaigns.Step] = (),
) -> Board:
    """Leave out whatever nobody may see: from here on, every way to look at a board has only this."""
    places = list(places)
    tree, names = Tree(places), labels(places)
    shows = _Shows(walkout, places, tree, for_organizers=within is None)
    mine = places if within is None else in_care(places, within)
    own = {place.id for place in mine}
    of = of if of in own else ROOT
    called = _called(mine, names, only) if only else []
    chosen = (_containing(mine, names, only) or called) if only else []
    one = called if len(called) == 1 else chosen
    if len(one) == 1 and tree.children(one[0].id):
        of, only = one[0].id, ""
    if not only:
        chosen = _right_below(tree, of, mine, whole=whole)
    lines = list(shows.lines(chosen, whole=whole and not only))
    if only or whole:
        lines = [line if line.name == names[line.id] else replace(line, name=names[line.id]) for line in lines]
    path = [each for each in tree.path(of) if each.id in own]
    return Board(
        walkout=walkout,
        here=shows.area(path[-1] if path else None),
        units=tuple(lines),
        paths={line.id: tuple(each.name for each in tree.path(line.id)) for line in lines},
        of=tuple((each.id, each.name) for each in path),
        holding=frozenset(line.id for line in lines if line.id != of and tree.children(line.id)),
        only=only.strip()[:LONGEST_NAME],
        nearest=() if chosen else tuple(_nearest(mine, names, only)),
        ladder=_ladder(steps, mine, tree, names, for_organizers=within is None),
    )


def _ladder(
    steps: Sequence[campaigns.Step],
    mine: Sequence[Unit],
    tree: Tree,
    names: Mapping[UnitId, str],
    *,
    for_organizers: bool,
) -> Ladder | None:
    """Leave out of a campaign's ladder what is not for stewards: few workplaces, and where others have come to."""
    rungs = campaigns.climbed(steps)
    if not rungs:
        return None
    places = campaigns.ladder(steps)
    if for_organizers:
        return Ladder(rungs=rungs, places=places)
    own = {place.id: names[place.id] for unit in mine for place in tree.path(unit.id) if place.tier is Tier.WORKPLACE}
    return Ladder(
        rungs=campaigns.for_everybody(rungs),
        places={place: places[place] for place in own},
        own=tuple((name, places[place]) for place, name in own.items()),
    )


def in_care(places: Sequence[Unit], units: Collection[UnitId]) -> list[Unit]:
    """Return units, and all below them."""
    found = set(units)
    for place in places:  # parents come before their children
        if place.parent in found:
            found.add(place.id)
    return [place for place in places if place.id in found]


def _right_below(tree: Tree, of: UnitId, mine: Sequence[Unit], *, whole: bool) -> list[Unit]:
    """Return the units right below one; before a workplace's departments itself, and of everything the widest."""
    if of == ROOT:
        ids = {each.id for each in mine}
        return [each for each in mine if each.parent not in ids]
    unit = tree.unit(of)
    if unit.tier is Tier.AREA:
        return list(tree.children(of))
    return [unit] if whole else [unit, *tree.children(of)]


class _Shows:
    """Makes lines of units; the exact counts do not come along."""

    def __init__(self, walkout: Walkout, units: Sequence[Unit], tree: Tree, *, for_organizers: bool) -> None:
        self._walkout = walkout
        self._tree = tree
        self._coarse = disclosure.coarse_lines(walkout, units)
        self._sums = disclosure.cities(walkout, units) if for_organizers else {}
        self._workplaces = sums(units, lambda unit: unit.tier is Tier.WORKPLACE)
        self._out = sums(units, lambda unit: unit.tier is Tier.WORKPLACE and unit.out)

    def area(self, unit: Unit | None) -> Area:
        """Return what an area comes to, or the whole walkout."""
        terms, of = self._walkout.terms, ROOT if unit is None else unit.id
        needs_workplaces = unit is None or all(each.tier is Tier.WORKPLACE for each in self._tree.children(of))
        return Area(
            id=of,
            name=unit.name if unit else "",
            threshold=unit.threshold if unit else terms.citywide_threshold,
            needed=(max(1, unit.minimum) if unit else terms.minimum_workplaces) if needs_workplaces else 0,
            workplaces=self._workplaces.get(of, 0),
            out=self._out.get(of, 0),
            coarse=self._coarse.get(of),
            sums=self._sums.get(of),
            kind=terms.kind,
        )

    def lines(self, units: Iterable[Unit], *, whole: bool) -> Iterator[disclosure.Shown | Area]:
        """Yield units' lines in the board's order; `whole`: each with what is below it."""
        for line in sorted(map(self._line, units), key=_order):
            yield line
            if whole:
                yield from self.lines(self._tree.children(line.id), whole=True)

    def _line(self, unit: Unit) -> disclosure.Shown | Area:
        return self.area(unit) if unit.tier is Tier.AREA else disclosure.shown(unit, self._walkout)


def _order(line: disclosure.Shown | Area) -> tuple[int, bool, float, str]:
    # by what is shown, never by the exact count: an order is a leak as well. What a workplace adds to the city
    # beyond its threshold is not shown, so those that reached it stand by name
    if isinstance(line, Area):
        return 0, False, 0.0, ""
    short = -line.number / line.threshold if line.number and not line.reached else 0.0
    return 1 + (line.tier is Tier.DEPARTMENT), not line.reached, short, line.name.casefold()


def find(places: Sequence[Unit], name: str) -> Unit:
    """Return the unit of this name, or the only one whose name contains it. Raises NoSuchUnit.

    A whole name goes before a part of another, and one that is spelled exactly so before one that is read the same.
    It may be said of what it is part, before or behind: "Nurses, Mercy Hospital". It is called so in what is returned.
    Raises WhichUnit where several have the name.
    """
    names = labels(places)
    called = _called(places, names, name)
    found = called or _containing(places, names, name)
    if len(found) == 1:
        return replace(found[0], name=names[found[0].id])
    if any(place.name != names[place.id] for place in called):
        raise WhichUnit(name[:LONGEST_NAME], tuple(names[place.id] for place in called[:NAMED_AT_MOST]))
    close = [names[place.id] for place in found] or _nearest(places, names, name)
    raise NoSuchUnit(name[:LONGEST_NAME], tuple(close[:NAMED_AT_MOST]))


def find_leaf(places: Sequence[Unit], name: str) -> Unit:
    """Return the unit of this name that has cards of its own. Raises NoSuchUnit; WhichPart for one that has parts."""
    found = find(places, name)
    if leaves_below := [each for each in Tree(places).leaves(found.id) if each.id != found.id]:
        names = labels(places)
        raise WhichPart(name[:LONGEST_NAME], tuple(names[each.id] for each in leaves_below[:NAMED_AT_MOST]))
    return found


def find_counted(places: Sequence[Unit], name: str) -> Unit:
    """Return the workplace or department of this name: its people can be counted. Raises NoSuchUnit, WhichPart."""
    found = find(places, name)
    return find_leaf(places, name) if found.tier is Tier.AREA else found


def _called(places: Sequence[Unit], names: Mapping[UnitId, str], name: str) -> list[Unit]:
    """Return the units that are called so as a whole, be it with what they are part of."""
    plain, wanted = {place.id: plain_name(place.name) for place in places}, plain_name(name)
    if own := [place for place in places if plain[place.id] == wanted]:
        spelled = [place for place in own if names[place.id] == name] or [place for place in own if place.name == name]
        return spelled or own
    if "," not in wanted:
        return []
    tree = Tree(places)
    return [
        place
        for place in places
        if plain[place.id] in wanted and _is_said([plain_name(each.name) for each in tree.path(place.id)], wanted)
    ]


def _is_said(path: Sequence[str], wanted: str) -> bool:
    """Say whether a name is that of the last on a path with some of those above it, all before it or all behind it."""
    *above, own = path
    some = [each for number in range(1, len(path)) for each in combinations(above, number)]
    ways = {", ".join(way) for each in some for way in ((*each, own), (own, *reversed(each)))}
    return ", ".join(part.strip() for part in wanted.split(",")) in ways


def _containing(places: Sequence[Unit], names: Mapping[UnitId, str], part: str) -> list[Unit]:
    """Return the units whose own names contain it; else those that do so with what they are part of."""
    wanted = plain_name(part)
    own = [place for place in places if wanted in plain_name(place.name)]
    return own or [place for place in places if wanted in plain_name(names[place.id])]


def _nearest(places: Sequence[Unit], names: Mapping[UnitId, str], typed: str) -> list[str]:
    """Return what may have been meant: a department is more often typed without its workplace."""
    if whole := nearest_names((names[place.id] for place in places), typed, NEAREST):
        return whole
    own = nearest_names((place.name for place in places if place.name != names[place.id]), typed, NEAREST)
    return [names[place.id] for place in places if place.name in own][:NEAREST]


def begins(keyword: str, words: Sequence[str], places: Sequence[Unit]) -> bool:
    """Say whether words begin with a keyword of ours, where a workplace may be called "Void Depot", or just "Off".

    A whole name goes first, unless the keyword stands there in small letters: alone, or before another's exact name.
    """
    if not words or words[0].casefold() != keyword:
        return False
    rest = " ".join(words[1:])
    if words[0] == keyword and (not rest or rest in {*labels(places).values(), *(place.name for place in places)}):
        return True
    return not is_name(places, " ".join(words))


def is_name(places: Sequence[Unit], name: str) -> bool:
    """Say whether a unit is called exactly that."""
    return bool(_called(places, labels(places), name))


async def cards_wanted(
    walkout: WalkoutId, store: Store, *, only: UnitId | None, number: int | None
) -> list[tuple[Unit, int]]:
    """Say how many cards to mint in each unit that has cards: `number`, or what is missing to the head-count.

    With `only`, in this one, or in those it is made of.
    Raises NoCardsWithOpenEntry, WrongStage (the walkout is over), BeyondHeadcount.
    """
    seen = await store.walkout(walkout)
    if seen.terms.entry is Entry.OPEN:
        raise NoCardsWithOpenEntry
    if seen.stage not in rules.NOT_OVER:
        raise WrongStage(seen.stage)
    units, wanted = await store.units(walkout), []
    names = labels(units)
    for leaf in Tree(units).leaves(only or ROOT):
        place = replace(leaf, name=names[leaf.id])
        missing = max(0, place.headcount - place.issued)
        if number is not None and number > missing:
            raise BeyondHeadcount(place.name, place.headcount, place.issued, number)
        wanted.append((place, missing if number is None else number))
    return wanted


async def mint(walkout: WalkoutId, cards: Mapping[UnitId, Iterable[bytes]], store: Store, keys: Keys) -> None:
    """Keep new cards, given by the hashes of their codes; the codes themselves never come here.

    Raises WrongStage, BeyondHeadcount.
    """
    await store.mint(walkout, await new_cards(walkout, cards, keys), keys.pledge)


async def new_cards(
    walkout: WalkoutId, cards: Mapping[UnitId, Iterable[bytes]], keys: Keys
) -> dict[UnitId, list[NewCard]]:
    """Return how new cards are kept. Raises WrongStage where the walkout's key is destroyed."""
    new: dict[UnitId, list[NewCard]] = {place: [] for place in cards}
    hashes = ((place, each) for place, some in cards.items() for each in some)
    for nth, (place, each) in enumerate(hashes):
        if not nth % PAUSE:
            await asyncio.sleep(0)
            if not keys.knows(walkout):
                raise WrongStage(Stage.CLOSED)
        new[place].append(keys.new_card(walkout, each))
    return new
