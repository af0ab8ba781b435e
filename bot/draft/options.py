"""How an organizer says that a list is to be read, and what is asked where they have not said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Totals(StrEnum):
    """What becomes of a row that is called like a total."""

    LEAVE_OUT = "leave-out"
    KEEP = "keep"


class Empties(StrEnum):
    """What becomes of rows without people."""

    LEAVE_OUT = "leave-out"


class Repeats(StrEnum):
    """What becomes of rows with the same name."""

    APART = "apart"  #: they stay, each with a number
    LAST = "last"
    LARGEST = "largest"


class Small(StrEnum):
    """What becomes of workplaces whose threshold comes out under the least."""

    MERGE = "merge"  #: they are one unit; if that is too small as well, with the smallest of the others
    LEAVE_OUT = "leave-out"


@dataclass(frozen=True, kw_only=True, slots=True)
class RosterOptions:
    """How a list is to be read. None is asked in a chat; what it means elsewhere stands beside it."""

    name_columns: tuple[str, ...] = ()  #: several are joined by a comma; none: found by their usual words
    headcount_column: str | None = None  #: None: found by its usual words
    sheet: str | None = None  #: of a workbook
    encoding: str | None = None  #: as Python calls it; None: told by the bytes, where they tell
    threshold: str | None = None  #: like `65%` or `12`; for every row that has none of its own
    level_columns: tuple[str, ...] | None = None
    """Of the areas, from the widest. None: called as walkout.toml calls them, and none are where it calls none."""
    department_column: str | None = None  #: '': there is none; None: found by its usual words
    group_small: str | None = None  #: the column by which workplaces with a threshold under 5 are merged
    totals: Totals | None = None  #: None: kept, with a warning
    empties: Empties | None = None  #: None: refused
    repeats: Repeats | None = None  #: None: apart, but refused in our own format
    small: Small | None = None  #: None: refused

    @property
    def above_and_below(self) -> tuple[str, ...]:
        """The columns that name something else than workplaces."""
        return (*(self.level_columns or ()), *filter(None, [self.department_column]))

    @property
    def foreign(self) -> bool:
        """Whether the file is not in our own format."""
        return bool(self.name_columns) or self.headcount_column is not None


class QuestionKind(StrEnum):
    """What is asked of whoever sent a list; each has its words in handlers/texts/lists.py."""

    ENCODING = "encoding"
    SHEET = "sheet"
    NAME_COLUMN = "name_column"
    HEADCOUNT_COLUMN = "headcount_column"
    AREAS = "areas"  #: facts: column
    DEPARTMENTS = "departments"  #: facts: column, name, examples
    THRESHOLD = "threshold"  #: facts: value
    TOTALS = "totals"  #: facts: count, value, people, line, sum (1 if it is the sum of the rows before it)
    EMPTIES = "empties"  #: facts: count, lines
    REPEATS = "repeats"  #: facts: count, rows, alike, examples
    SMALL = "small"  #: facts: count, people, least, examples


class ChoiceKind(StrEnum):
    """What may be answered; each has a short label in handlers/texts/lists.py."""

    ENCODING = "encoding"  #: facts: example
    SHEET = "sheet"  #: facts: sheet, example
    COLUMN = "column"  #: facts: column, example
    AREAS = "areas"  #: facts: column, example
    NO_AREAS = "no_areas"
    DEPARTMENTS = "departments"
    NO_DEPARTMENTS = "no_departments"
    SHARE = "share"  #: facts: value
    PEOPLE = "people"  #: facts: value
    LEAVE_OUT = "leave_out"
    KEEP = "keep"
    APART = "apart"
    LAST = "last"
    LARGEST = "largest"
    WITH_COLUMN = "with_column"  #: facts: column, example
    MERGE = "merge"
    MERGE_WITH = "merge_with"  #: facts: nearest


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One answer: the list is read again with these options."""

    kind: ChoiceKind
    options: RosterOptions
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListQuestion:
    """What a list leaves open. A button can carry a choice's place in `choices`: a list is read alike each time."""

    kind: QuestionKind
    choices: tuple[Choice, ...]
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What was read of a list, for one sentence in handlers/texts/lists.py."""

    workplaces: int = 0  #: rows that stand for one, before any are merged
    people: int = 0
    totals: int = 0  #: rows left out because they are totals
    kept_totals: int = 0  #: rows called like a total, and kept
    empties: int = 0  #: rows left out because nobody is in them
    superseded: int = 0  #: rows left out because another of the same name was taken
    small: int = 0  #: workplaces left out because they are too small
    repeats: int = 0  #: names that stand in more than one row
    alike: int = 0  #: rows that are the same as an earlier one in every cell read
    examples: tuple[str, ...] = ()  #: names that repeat
    total: str = ""  #: the first that is called like a total
    areas: int = 0  #: units above the workplaces
    departments: int = 0
    too_small: int = 0  #: departments that have no number of their own since it would be under the least
    unread: str = ""  #: a column that is called like areas, and is not read

    @property
    def plain(self) -> bool:
        """Whether there is nothing to tell but how many they are."""
        return not any((self.totals, self.empties, self.superseded, self.small, self.repeats))
