"""Which line of a list names its columns, and which column holds what: by the usual words, or as somebody says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from bot.draft import numbers
from bot.draft.options import RosterOptions
from bot.draft.table import Row, Sheet
from bot.draft.usual_words import AREAS, DEPARTMENTS, FILLERS, NAMES, OWN_NUMBERS, PEOPLE, PLACES, is_total
from bot.parsing.typed_text import plain_name, plain_words

OWN_COLUMNS = ("workplace", "headcount", "threshold", "department", "minimum", "group", "meet")

MOST_LEVELS = 3

MOST_CHOICES = 20
"""Columns that are offered where their names do not tell."""


YEARS = range(1950, 2101)
"""That a column may be called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Where the columns are named, and which could hold names and head-counts."""

    line: int  #: 0 if nowhere: the list begins with its first workplace
    cells: list[str]
    after: int  #: rows of the sheet up to it
    names: tuple[int, ...]  #: candidates; with several options, all of them, to be joined
    headcounts: tuple[int, ...]

    @property
    def columns(self) -> list[str]:
        """The names as they are compared."""
        return [plain_name(cell) for cell in self.cells]


def find_header(sheet: Sheet, options: RosterOptions) -> Header:
    """Return the first line that names both columns; or else the likeliest to name any, with what it names."""
    best: Header | None = None
    for header in _candidates(sheet, options):
        if header.names and header.headcounts:
            return header
        if best is None or _likely(header) > _likely(best):
            best = header
    return best or Header(line=0, cells=[], after=0, names=(), headcounts=())


def _candidates(sheet: Sheet, options: RosterOptions) -> Iterator[Header]:
    rows = [row for row in sheet.head if row.cells]
    for at, row in enumerate(sheet.head):
        if not row.cells:
            continue
        yield _header(sheet, row.line, row.cells, at + 1, options)
        below = sheet.head[at + 1] if at + 1 < len(sheet.head) else None
        if below is not None and not all(row.cells) and not any(map(numbers.whole, below.cells)):
            # a name that spans two lines stands in the upper one, and some in the lower one
            joined = [second or first for first, second in zip_longest(row.cells, below.cells, fillvalue="")]
            header = _header(sheet, row.line, joined, at + 2, options)
            if header.names and header.headcounts:
                yield header
    if rows and any(map(numbers.whole, rows[0].cells)) and not _has_years(rows[0].cells):
        yield _headless(rows, options)


def _header(sheet: Sheet, line: int, cells: list[str], after: int, options: RosterOptions) -> Header:
    counted = _named(cells, options.headcount_column, "headcount", PEOPLE)
    if options.headcount_column is None and counted and plain_name(cells[counted[0]]) != "headcount":
        counted += [at for at, cell in enumerate(cells) if is_total(cell)]  # the other may be a part of the people
    headcounts = tuple(at for at in counted if not numbers.whole(cells[at]) or _has_years(cells))
    if options.name_columns:
        places = [place(cells, wanted) for wanted in options.name_columns]
        names = tuple(each[0] for each in places if each) if all(places) else ()
    else:
        others = {at for wanted in options.above_and_below for at in place(cells, wanted)}
        others.update(headcounts)
        names = tuple(each for each in _named(cells, None, "workplace", PLACES) if each not in others)
        if not names and headcounts:
            names = _unnamed(cells, sheet.head[after:])
    return Header(line=line, cells=cells, after=after, names=names, headcounts=headcounts)


def _named(cells: list[str], wanted: str | None, own: str, usual: frozenset[str]) -> list[int]:
    if wanted is not None:
        return place(cells, wanted)[:1]
    columns = [plain_name(cell) for cell in cells]
    if own in columns:
        return [columns.index(own)]
    return [at for at, cell in enumerate(cells) if _is_usual(cell, usual)]


def _is_usual(cell: str, usual: frozenset[str]) -> bool:
    words = [word for word in plain_words(cell.replace("_", " ")).split() if not word.isdigit()]
    fillers = FILLERS | NAMES if usual is PLACES else FILLERS
    bare = [word for word in words if word not in fillers]
    return " ".join(words) not in OWN_NUMBERS and (" ".join(words) in usual or " ".join(bare) in usual)


def _has_years(cells: list[str]) -> bool:
    """Say whether a line names columns though it has numbers, which otherwise name nothing: `Employer, 2025, 2026`."""
    found = [number for cell in cells if (number := numbers.whole(cell))]
    years = all(number in YEARS for number in found)
    return bool(found) and years and any(_is_usual(cell, PLACES) for cell in cells)


def is_people(cell: str) -> bool:
    """Say whether a word is a usual one for people at work."""
    return _is_usual(cell, PEOPLE)


def departments(cells: list[str]) -> tuple[int, ...]:
    """Find the columns that are called like departments."""
    return tuple(_named(cells, None, "department", DEPARTMENTS))


def likely_areas(cells: list[str]) -> tuple[int, ...]:
    """Find the columns that are called like areas."""
    return tuple(at for at, cell in enumerate(cells) if _is_usual(cell, AREAS))


def _unnamed(cells: list[str], below: Sequence[Row]) -> tuple[int, ...]:
    """Find the only column that has no name, and words beneath: nobody wrote a name over the names.

    It is the first that has words: remarks behind the others are no names.
    """
    filled = [at for at in range(len(cells)) if any(at < len(row.cells) and row.cells[at] for row in below)]
    words = [at for at in filled if not any(at < len(row.cells) and numbers.whole(row.cells[at]) for row in below)]
    unnamed = [at for at in words if not cells[at]]
    return tuple(unnamed) if len(unnamed) == 1 and unnamed == words[:1] else ()


def _headless(rows: list[Row], options: RosterOptions) -> Header:
    """Read a list of nothing but names and numbers as what it is; of more columns, somebody has to say."""
    width = max(len(row.cells) for row in rows)
    filled = [at for at in range(width) if any(at < len(row.cells) and row.cells[at] for row in rows)]
    counts = [at for at in filled if all(at < len(row.cells) and numbers.whole(row.cells[at]) for row in rows)]
    words = [at for at in filled if at not in counts]
    cells = [""] * width
    told = tuple(each[0] for wanted in options.name_columns if (each := place(cells, wanted)))
    counted = tuple(place(cells, options.headcount_column)) if options.headcount_column else ()
    if not told and not counted and len(counts) == len(words) == 1:
        told, counted = (words[0],), (counts[0],)
    return Header(line=0, cells=cells, after=0, names=told, headcounts=counted)


def _likely(header: Header) -> tuple[bool, bool, bool]:
    """Compare lines none of which names both columns."""
    filled = [cell for cell in header.cells if cell]
    words = len(filled) > 1 and (not any(map(numbers.whole, filled)) or _has_years(filled))
    return (words and bool(header.names or header.headcounts), header.line > 0 and words, header.line == 0)


def place(cells: list[str], wanted: str) -> list[int]:
    """Find the columns called so: spelled exactly, or else but for case and white space, or by number like `#3`."""
    found = [at for at, cell in enumerate(cells) if cell and cell == wanted.strip()] or [
        at for at, cell in enumerate(cells) if cell and plain_name(cell) == plain_name(wanted)
    ]
    number = re.fullmatch(r"#([0-9]{1,4})", wanted.strip())
    if not found and number is not None and 0 < int(number[1]) <= len(cells):
        return [int(number[1]) - 1]
    return found


def called(cells: list[str], at: int) -> str:
    """Return a name by which `place` finds this column, and no other."""
    cell = cells[at] if at < len(cells) else ""
    return cell if cell and place(cells, cell) == [at] else f"#{at + 1}"


def example(sheet: Sheet, header: Header, at: int) -> str:
    """Return the first cell that is filled in a column."""
    return next((row.cells[at] for row in sheet.head[header.after :] if at < len(row.cells) and row.cells[at]), "")


def meet_columns(languages: Collection[str], own: str) -> Mapping[str, str]:
    """Return by its plain name in which language a column says where people meet."""
    return {"meet": own, **{plain_name(f"meet.{language}"): language for language in languages if language != own}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Which cell of a row holds what; None: none does."""

    header: Header
    width: int  #: cells of a row; more are a fault
    names: tuple[int, ...]
    headcount: int | None
    threshold: int | None = None
    areas: tuple[int, ...] = ()  #: from the widest
    department: int | None = None
    minimum: int | None = None
    likely_areas: tuple[int, ...] = ()  #: called like areas, and nobody has said that they are
    group: int | None = None
    small_by: int | None = None
    meets: Mapping[str, int] = field(default_factory=dict)  #: by language
