"""A walkout's units as one tree: who is below whom. A list of workplaces is a tree of one level."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.domain.model import ROOT, Tier, Unit, UnitId


class Tree:
    """Made in one pass, since parents come before their children; each question costs what it answers."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units: dict[UnitId, Unit] = {}
        self._below: dict[UnitId, list[Unit]] = {}
        for unit in units:
            self._units[unit.id] = unit
            self._below.setdefault(unit.parent, []).append(unit)

    def unit(self, unit: UnitId) -> Unit:
        """Return one of them."""
        return self._units[unit]

    def children(self, unit: UnitId = ROOT) -> Sequence[Unit]:
        """Return the units right below."""
        return self._below.get(unit, ())

    def path(self, unit: UnitId) -> tuple[Unit, ...]:
        """Return the units from the widest area down to this one; nothing for the whole walkout."""
        path: list[Unit] = []
        while unit != ROOT:
            path.append(self._units[unit])
            unit = path[-1].parent
        return tuple(reversed(path))

    def branch(self, unit: UnitId = ROOT) -> Iterator[Unit]:
        """Yield a unit and all below it, each before its children."""
        if unit != ROOT:
            yield self._units[unit]
        for child in self.children(unit):
            yield from self.branch(child.id)

    def leaves(self, unit: UnitId = ROOT) -> list[Unit]:
        """Return the units that have cards, this one itself or those below it."""
        return [each for each in self.branch(unit) if each.id not in self._below]

    def workplaces(self, unit: UnitId = ROOT) -> list[Unit]:
        """Return the workplaces in a unit; of a department none."""
        return [each for each in self.branch(unit) if each.tier is Tier.WORKPLACE]

    def workplace_of(self, unit: UnitId) -> Unit:
        """Return the workplace that a department is part of, or this workplace itself."""
        return self._units[workplace_id(self._units[unit])]


def workplace_on(path: Sequence[Unit]) -> Unit:
    """Return the workplace at the end of a path, or the one that the department there is part of."""
    return path[-2] if path[-1].tier is Tier.DEPARTMENT else path[-1]


def workplace_id(unit: Unit) -> UnitId:
    """Return whose verdict and news a unit shares: a department its workplace's, every other its own."""
    return unit.parent if unit.tier is Tier.DEPARTMENT else unit.id


def sums(units: Sequence[Unit], of: Callable[[Unit], int]) -> dict[UnitId, int]:
    """Add up, for each unit and the whole walkout, what the units that have cards bring."""
    total: defaultdict[UnitId, int] = defaultdict(int)
    for unit in reversed(units):
        total[unit.id] += of(unit)
        total[unit.parent] += total[unit.id]
    return total


def labels(units: Sequence[Unit]) -> dict[UnitId, str]:
    """Name each unit as people tell it from the others: "Nurses, Mercy Hospital"; most are called by their names alone.

    A department alone says little, and where two units have one name both are named with what they are part of.
    """
    times, found = Counter(unit.name.casefold() for unit in units), dict[UnitId, str]()
    for unit in units:
        above = found.get(unit.parent, "")
        needs_it = unit.tier is Tier.DEPARTMENT or times[unit.name.casefold()] > 1
        found[unit.id] = f"{unit.name}, {above}" if above and needs_it else unit.name
    return found
