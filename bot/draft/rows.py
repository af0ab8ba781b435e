"""A row of a list, and what rows are merged into."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.model import FEWEST
from bot.draft.numbers import Share, whole
from bot.draft.options import Small
from bot.draft.usual_words import names_total
from bot.parsing.typed_text import plain_name

# Names of units that stand for many: stored like any other name, so they are not translated.
SMALL_OF = "{value} small workplaces"
REST = "Other small workplaces"
LONGEST_JOINED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One unit as written, most often a workplace; what could not be read is empty or 0, and noted."""

    line: int
    name: str = ""
    headcount: int = 0
    threshold: int | Share = 0  #: a number, or a share of the head-count
    counted: str = ""  #: the head-count as it is written
    written: str = ""  #: the threshold in its own cell
    total: bool = False  #: it is called like a total
    lost: bool = False  #: none of its cells can be trusted
    group: str = ""
    small_by: str = ""  #: its value in the column of `group_small`
    meets: Mapping[str, str] = field(default_factory=dict)  #: by language
    areas: tuple[str, ...] = ()  #: it lies in, from the widest; or is itself, and then the narrower ones are empty
    department: str = ""  #: empty: it is a workplace, or an area
    asked: str = ""  #: the minimum as it is written
    minimum: int = 0
    departments: tuple[Listed, ...] = ()  #: of a workplace

    @property
    def is_area(self) -> bool:
        """Whether it is above the workplaces: it names nothing but areas."""
        return not self.name and not self.department and any(self.areas)

    @property
    def path(self) -> tuple[str, ...]:
        """Which unit it names, as names are compared."""
        return tuple(each and plain_name(each) for each in (*self.areas, self.name, self.department))

    @property
    def place(self) -> tuple[str, ...]:
        """Return the path of the workplace it is, or is a department of."""
        return (*self.path[:-1], "")

    @property
    def called(self) -> str:
        """Return its name as people are told it, with what it lies in."""
        return ", ".join(filter(None, (*self.areas, self.name, self.department)))

    @property
    def sound(self) -> bool:
        """Whether the numbers are there to reckon with."""
        return bool(self.headcount and self.threshold)

    @property
    def needed(self) -> int:
        """The threshold in people."""
        return self.threshold.of(self.headcount) if isinstance(self.threshold, Share) else self.threshold

    def key(self) -> tuple[str, ...]:
        """Return what two rows have in common that are alike in every cell that is read."""
        read = (self.counted, self.written, self.asked, self.group, self.small_by)
        return (*self.path, *read, *self.meets.values())

    @property
    def small(self) -> bool:
        """Whether it cannot stand alone: too few would pledge to be hidden among each other."""
        return self.needed < FEWEST and not self.group


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """Rows that stand as one unit. Its threshold cannot be above its head-count, as no row's is."""

    name: str
    rows: list[Listed]
    minimum: int = 0
    departments: tuple[Listed, ...] = ()  #: none: what is so small that it is merged has no parts

    @property
    def line(self) -> int:
        """Where the first stands."""
        return self.rows[0].line

    @property
    def areas(self) -> tuple[str, ...]:
        """Those that all its rows lie in."""
        return self.rows[0].areas

    @property
    def called(self) -> str:
        """Return its name as people are told it, with what it lies in."""
        return ", ".join((*self.areas, self.name))

    @property
    def sound(self) -> bool:
        """Whether all its numbers are there."""
        return all(row.sound for row in self.rows)

    @property
    def headcount(self) -> int:
        """All its people."""
        return sum(row.headcount for row in self.rows)

    @property
    def needed(self) -> int:
        """The share of all its people where every row has the same share, or else the sum of its rows'."""
        first = self.rows[0].threshold
        if isinstance(first, Share) and all(row.threshold == first for row in self.rows):
            return first.of(self.headcount)
        return sum(row.needed for row in self.rows)

    @property
    def meets(self) -> Mapping[str, str]:
        """The one place its rows name, or else each row's with its name."""
        return {language: self._meet(language) for language in self.rows[0].meets}

    def _meet(self, language: str) -> str:
        places = {row.meets.get(language, "") for row in self.rows}
        if len(places) == 1:
            return places.pop()
        return "; ".join(f"{row.name}: {meet}" for row in self.rows if (meet := row.meets.get(language)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """What becomes of the rows."""

    alone: list[Listed]
    merged: list[Merged]
    left_out: list[Listed]  #: too small


def merge(rows: list[Listed], *, by_value: bool, small: Small | None) -> Sorted:
    """Sort the rows into those that stand alone and those that stand as one.

    Rows of one `group` are one unit, and are merged no further. Of the others those whose threshold is under 5 are,
    `by_value`, one unit per value of their column; where that is still under 5, or the value is empty, they join the
    rest. Without it they are the rest, if `small` says so. A rest that is too small itself takes in, if `small` says
    so, the smallest of the units made of small ones, or else of the others.
    """
    groups = _by(lambda row: row.group, [row for row in rows if row.group])
    merged = [Merged(name=spelling([row.group for row in members]), rows=members) for members in groups.values()]
    too_small = [row for row in rows if row.small] if by_value or small else []
    alone = [row for row in rows if not row.group and not (row.small and too_small)]
    rest: list[Listed] = []
    values: list[Merged] = []
    if by_value:
        spellings = _by(lambda row: row.small_by, rows)
        for value, members in _by(lambda row: row.small_by, too_small).items():
            name = SMALL_OF.format(value=spelling([row.small_by for row in spellings[value]]))
            unit = Merged(name=name, rows=members)
            if value and unit.needed >= FEWEST:
                values.append(unit)
            else:
                rest += members
    else:
        rest = too_small
    if small is Small.LEAVE_OUT:
        return Sorted(alone=alone, merged=merged + values, left_out=rest)
    merged += values
    name = REST
    while small is Small.MERGE and rest and _together(rest) < FEWEST and (near := nearest(alone, values)) is not None:
        if isinstance(near, Merged):
            values.remove(near)
            merged.remove(near)
            rest += near.rows
        else:
            alone.remove(near)
            rest.append(near)
            name = ", ".join([near.name, *(row.name for row in rest[:-1])])
    if rest:
        name = name if len(name) <= LONGEST_JOINED else REST
        merged.append(Merged(name=name, rows=sorted(rest, key=lambda row: row.line)))
    return Sorted(alone=alone, merged=merged, left_out=[])


def of_one_parent(rows: Iterable[Listed]) -> list[list[Listed]]:
    """Put together the workplaces of each parent; those of a list without areas are of one."""
    found: defaultdict[tuple[str, ...], list[Listed]] = defaultdict(list)
    for row in rows:
        found[tuple(map(plain_name, row.areas))].append(row)
    return list(found.values())


def nearest(alone: list[Listed], values: list[Merged]) -> Listed | Merged | None:
    """Return what a rest that is too small joins: the smallest unit of small ones, or else the smallest workplace."""
    others: Sequence[Listed | Merged] = values or alone
    return min(others, key=lambda each: each.headcount, default=None)


def _together(rows: list[Listed]) -> int:
    return Merged(name=REST, rows=rows).needed


def _by(value: Callable[[Listed], str], rows: Iterable[Listed]) -> dict[str, list[Listed]]:
    found: defaultdict[str, list[Listed]] = defaultdict(list)
    for row in rows:
        found[plain_name(value(row))].append(row)
    return found


def spelling(spellings: list[str]) -> str:
    """Choose the most frequent capitalized spelling, or else the first: `New York`, not `new york`."""
    capitalized = Counter(spelling for spelling in spellings if spelling[:1].isupper())
    return capitalized.most_common(1)[0][0] if capitalized else spellings[0]


def with_sums(rows: list[Listed]) -> list[Listed]:
    """Mark what is named after a total, like `East Total`, and is the sum of the rows before it, or of those since one.

    One row alone is no sum, unless the list has shown that it has them: `Total Wine` may be as large as a neighbour.
    """
    found: list[Listed] = []
    every, since, count, shown = 0, 0, 0, False
    for row in rows:
        people = whole(row.counted)
        is_sum = people in {every, since} and people > 0 and (count > 1 or shown) and names_total(row.name)
        if row.total or is_sum:
            since, count, shown = 0, 0, True
        else:
            every, since, count = every + people, since + people, count + 1
        found.append(replace(row, total=True) if is_sum else row)
    return found


class Names:
    """Names that are taken; a repeated one gets a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def claim(self, name: str) -> str:
        """Return the name, or the next free one."""
        key = plain_name(name)
        if key not in self._numbers:
            self._numbers[key] = 1
            return name
        number = self._numbers[key] + 1
        while plain_name(f"{name} ({number})") in self._numbers:
            number += 1
        self._numbers[key] = number
        return self.claim(f"{name} ({number})")


def numbered(rows: list[Listed]) -> list[Listed]:
    """Give repeated names numbers in file order, and before merging: a row keeps its name either way."""
    names: defaultdict[tuple[str, ...], Names] = defaultdict(Names)  # among the units of one parent
    found = []
    for row in rows:
        if row.department:
            found.append(replace(row, department=names[row.place].claim(row.department)))
        else:
            found.append(
                replace(row, name=names[tuple(map(plain_name, row.areas))].claim(row.name)) if row.name else row
            )
    return found
