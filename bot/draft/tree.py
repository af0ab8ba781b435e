"""From workplaces and the areas they lie in to one sequence of units: parents first, then their children by name."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.model import FEWEST, ROOT, Tier, Unit, UnitId
from bot.draft.numbers import Share
from bot.draft.problems import DraftRefused, Notes, ProblemKind
from bot.draft.rows import Listed, Merged, spelling
from bot.parsing.typed_text import plain_name

Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftUnit:
    """A unit to be. Its number is its place in the draft, from 1."""

    name: str
    headcount: int
    threshold: int  #: 0: it has no number of its own
    meet: str = ""
    meets: Mapping[str, str] = field(default_factory=dict)  #: in other languages
    parent: int = ROOT  #: the number of the unit it lies in
    tier: Tier = Tier.WORKPLACE
    minimum: int = 0  #: of the units right below, so many must be ready


@dataclass(kw_only=True, slots=True)
class Area:
    """An area and what lies in it; the root of them is none of its own."""

    row: Listed = field(default_factory=lambda: Listed(line=0))  #: its own, if it has one
    areas: dict[str, Area] = field(default_factory=dict)  #: right below
    places: list[Listed | Merged] = field(default_factory=list)  #: all below
    spellings: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What its own row calls it, or else most others."""
        return next(filter(None, reversed(self.row.areas)), "") or spelling(self.spellings)

    @property
    def headcount(self) -> int:
        """All people below."""
        return sum(place.headcount for place in self.places)

    @property
    def needed(self) -> int:
        """The threshold in people."""
        threshold = self.row.threshold
        return threshold.of(self.headcount) if isinstance(threshold, Share) else threshold

    @property
    def children(self) -> int:
        """How many units lie right below."""
        return len(self.areas) or len(self.places)

    def below(self) -> Iterator[Area]:
        """Go through all areas in it."""
        for each in self.areas.values():
            yield each
            yield from each.below()


def tree(own: Mapping[Path, Listed], places: Iterable[Listed | Merged]) -> Area:
    """Return the root of all areas that any of the workplaces lies in; `own` are rows of areas, by path."""
    root = Area()
    for place in places:
        at, path = root, tuple(map(plain_name, place.areas))
        at.places.append(place)
        for depth, name in enumerate(place.areas, start=1):
            if path[depth - 1] not in at.areas:
                row = own.get((*path[:depth], *("" for _ in path[depth:]), "", ""))
                at.areas[path[depth - 1]] = Area(row=row) if row else Area()
            at = at.areas[path[depth - 1]]
            at.places.append(place)
            at.spellings.append(name)
    return root


def units(root: Area, own: str) -> tuple[DraftUnit, ...]:
    """Return everything in an area, numbered; `own` is the language of the column `meet`."""
    found: list[DraftUnit] = []

    def add(row: Listed | Merged, name: str, parent: int, tier: Tier, headcount: int, threshold: int) -> int:
        others = {language: meet for language, meet in row.meets.items() if meet and language != own}
        found.append(
            DraftUnit(
                name=name,
                headcount=headcount,
                threshold=threshold,
                meet=row.meets.get(own, ""),
                meets=others,
                parent=parent,
                tier=tier,
                minimum=row.minimum,
            )
        )
        return len(found)

    def fill(area: Area, parent: int) -> None:
        for name, each in sorted(((each.name, each) for each in area.areas.values()), key=lambda it: _by_name(it[0])):
            fill(each, add(each.row, name, parent, Tier.AREA, each.headcount, each.needed))
        for place in [] if area.areas else sorted(area.places, key=lambda place: _by_name(place.name)):
            number = add(place, place.name, parent, Tier.WORKPLACE, place.headcount, place.needed)
            for row in sorted(place.departments, key=lambda row: _by_name(row.department)):
                needed = row.needed if row.needed >= FEWEST else 0
                add(row, row.department, number, Tier.DEPARTMENT, row.headcount, needed)

    fill(root, ROOT)
    return tuple(found)


def as_units(units: Sequence[DraftUnit], before: Sequence[Unit] = (), used: int = 0) -> list[Unit]:
    """Return what the units of a draft are once they are stored, in the order of their ids.

    Those that the step before had, by the names on their path, keep their ids; others get ids above all that are
    `used` in the campaign. Raises DraftRefused where cards of the step before would come to lie elsewhere.
    """
    known = dict(zip(paths(before), before, strict=True))
    found = paths(units)
    _check_moved(dict(zip(found, units, strict=True)), known)
    new = itertools.count(max([used, *(unit.id for unit in before)], default=0) + 1)
    ids = [known[path].id if path in known else UnitId(next(new)) for path in found]
    made = [
        Unit(
            id=number,
            name=unit.name,
            headcount=unit.headcount,
            threshold=unit.threshold,
            parent=ids[unit.parent - 1] if unit.parent else ROOT,
            tier=unit.tier,
            minimum=unit.minimum,
            meet=unit.meet,
            meets=unit.meets,
        )
        for number, unit in zip(ids, units, strict=True)
    ]
    return sorted(made, key=lambda unit: unit.id)


def as_drafted(units: Sequence[Unit | DraftUnit]) -> tuple[DraftUnit, ...]:
    """Return units as a draft numbers them: by their place, whatever ids they have in a campaign."""
    places = {ROOT: 0} | {_number(unit, place): place for place, unit in enumerate(units, start=1)}
    return tuple(
        DraftUnit(
            name=unit.name,
            headcount=unit.headcount,
            threshold=unit.threshold,
            meet=unit.meet,
            meets=unit.meets,
            parent=places[unit.parent],
            tier=unit.tier,
            minimum=unit.minimum,
        )
        for unit in units
    )


def paths(units: Sequence[Unit | DraftUnit]) -> list[Path]:
    """Return by which names each unit is found, from the widest area to its own."""
    found: dict[int, Path] = {ROOT: ()}
    for place, unit in enumerate(units, start=1):
        found[_number(unit, place)] = (*found[unit.parent], plain_name(unit.name))
    return list(found.values())[1:]


def _number(unit: Unit | DraftUnit, place: int) -> int:
    return unit.id if isinstance(unit, Unit) else place


def _check_moved(found: Mapping[Path, DraftUnit], known: Mapping[Path, Unit]) -> None:
    """Refuse what would take cards to another unit: they belong to where people work."""
    notes = Notes("")
    gone = {path[-1]: path for path, unit in known.items() if path not in found and unit.tier is Tier.WORKPLACE}
    parted = {path[:-1] for path, unit in found.items() if unit.tier is Tier.DEPARTMENT}
    were_parted = {path[:-1] for path, unit in known.items() if unit.tier is Tier.DEPARTMENT}
    for path, unit in found.items():
        if unit.tier is not Tier.WORKPLACE:
            continue
        if path not in known and path[-1] in gone:
            notes.add(None, ProblemKind.UNIT_MOVED, name=unit.name, before=_place(gone[path[-1]], known))
        elif path in known and (path in parted) != (path in were_parted):
            notes.add(None, ProblemKind.DEPARTMENTS_DIFFER, name=unit.name)
    if problems := notes.by_line():
        raise DraftRefused(problems)


def _place(path: Path, known: Mapping[Path, Unit]) -> str:
    """Name a unit with what it lies in."""
    return ", ".join(known[path[:depth]].name for depth in range(len(path), 0, -1))


def _by_name(name: str) -> tuple[str, str]:
    return name.casefold(), name
