"""Reads the workplaces CSV, ours or a foreign one, and merges the small ones.

Ours has the columns of OWN_COLUMNS, `meet` in other languages (`meet.es`), and no others, but for the one that
`group_small` names. It is foreign as
soon as an option names the column of the names or of the head-counts: then only the columns named are
read, and `threshold` if there is such a column and no option in its place.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from io import StringIO
from math import ceil

from bot.domain.model import FEWEST, SPOKEN
from bot.draft.problems import Notes, ProblemKind, SourceFile, hidden_character, text_of
from bot.reading import plain_name

OWN_COLUMNS = ("workplace", "headcount", "threshold", "group", "meet")

MOST_ROWS = 10_000
MOST_COLUMNS = 1_000  # each that is not known is a problem of its own
LONGEST_ROW = 200_000  # characters; more than the csv module lets a single cell have
LONGEST_NAME = 100
LONGEST_FOREIGN_NAME = 200
LONGEST_MEET = 500
LARGEST_HEADCOUNT = 10_000_000  # the largest employers have fewer people in one city

# Names of units that stand for many: stored like any other name, so they are not translated.
SMALL_OF = "{value} small workplaces"
REST = "Other small workplaces"

# A dot is not accepted: 1.052 is a thousand to some and one to others.
_WHOLE = re.compile(r"[0-9]{1,12}|[0-9]{1,3}([, '\u2019\u00a0\u202f])[0-9]{3}(?:\1[0-9]{3}){0,2}")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%")


@dataclass(frozen=True, kw_only=True, slots=True)
class RosterOptions:
    """How the organizer says a foreign file is to be read."""

    name_column: str | None = None
    headcount_column: str | None = None
    threshold: str | None = None  #: like `65%` or `12`; for every row that has none of its own
    group_small: str | None = None  #: the column by which workplaces with a threshold under 5 are merged

    @property
    def foreign(self) -> bool:
        """Whether the file is not in our own format."""
        return self.name_column is not None or self.headcount_column is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A workplace to be: not numbered yet."""

    name: str
    headcount: int
    threshold: int
    meet: str = ""
    meets: Mapping[str, str] = field(default_factory=dict)  #: in other languages


@dataclass(frozen=True, kw_only=True, slots=True)
class RosterFile:
    """What could be read, although something may be wrong: `notes` tells."""

    notes: Notes
    units: tuple[Unit, ...] = ()  #: by name; complete only if nothing is wrong
    merged: Mapping[str, int] = field(default_factory=dict)  #: how many rows each group or merged unit holds
    rows: int = 0
    headcounts: int = 0  #: the sum of those that could be read
    unread: int = 0  #: rows whose head-count could not be read


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """One workplace as written; what could not be read is empty or 0, and noted."""

    line: int
    name: str = ""
    headcount: int = 0
    threshold: int | Fraction = 0  #: a number, or a share of the head-count
    group: str = ""
    small_by: str = ""  #: its value in the column of `group_small`
    meets: Mapping[str, str] = field(default_factory=dict)  #: by language

    @property
    def sound(self) -> bool:
        """Whether the numbers are there to reckon with."""
        return bool(self.headcount and self.threshold)

    @property
    def needed(self) -> int:
        """The threshold in people."""
        return _needed(self.threshold, self.headcount)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Merged:
    """Rows that stand as one unit. Its threshold cannot be above its head-count, as no row's is."""

    name: str
    rows: list[_Row]

    @property
    def line(self) -> int:
        return self.rows[0].line

    @property
    def sound(self) -> bool:
        return all(row.sound for row in self.rows)

    @property
    def headcount(self) -> int:
        return sum(row.headcount for row in self.rows)

    @property
    def threshold(self) -> int:
        """The share of all its people where every row has the same share, or else the sum of its rows'."""
        first = self.rows[0].threshold
        if isinstance(first, Fraction) and all(_same_share(first, row.threshold) for row in self.rows):
            return _needed(first, self.headcount)
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
class _Layout:
    """Which cell of a row holds what; None: none does."""

    columns: list[str]  #: the header, folded
    name: int | None
    headcount: int | None
    threshold: int | None
    default: int | Fraction  #: the threshold of rows that have none of their own; 0 if there is none
    group: int | None = None
    meets: Mapping[str, int] = field(default_factory=dict)  #: by language
    small_by: int | None = None


def read_roster(
    source: SourceFile, options: RosterOptions, languages: Collection[str] = (SPOKEN,), *, own: str = SPOKEN
) -> RosterFile:
    """Read and check every row, then merge those that belong together. `own` is the language of the column `meet`."""
    notes = Notes(source.name)
    _check_option(options, notes)
    text = text_of(source, notes)
    try:
        rows = _rows(text, options, _meet_columns(languages, own), notes) if text is not None else []
    except _RowTooLongError as error:
        notes.add(error.line, ProblemKind.ROW_TOO_LONG, most=LONGEST_ROW)
        rows = []
    if not rows:
        return RosterFile(notes=notes)
    rows = _numbered(rows) if options.foreign else rows
    alone, merged = _merge(rows, options)
    _check_merged(merged, notes)
    merged = _named_apart(alone, merged, options, notes)
    units = [_unit(row, own) for row in alone] + [_unit(unit, own) for unit in merged]
    return RosterFile(
        notes=notes,
        units=tuple(sorted(units, key=lambda unit: (unit.name.casefold(), unit.name))),
        merged={unit.name: len(unit.rows) for unit in merged},
        rows=len(rows),
        headcounts=sum(row.headcount for row in rows),
        unread=sum(not row.headcount for row in rows),
    )


def _check_option(options: RosterOptions, notes: Notes) -> None:
    if options.threshold is not None and not _threshold(options.threshold):
        notes.add(None, ProblemKind.BAD_THRESHOLD_OPTION, value=options.threshold)


# Rows


def _meet_columns(languages: Collection[str], own: str) -> Mapping[str, str]:
    """Return by its name in which language a column says where people meet."""
    return {"meet": own, **{f"meet.{language}": language for language in languages if language != own}}


def _rows(text: str, options: RosterOptions, meet_columns: Mapping[str, str], notes: Notes) -> list[_Row]:
    records = _records(text, notes)
    header_line, header = next(records, (None, []))
    if header_line is None:
        notes.add(None, ProblemKind.EMPTY_ROSTER)
        return []
    layout = _layout(_without_empty_end(header), header_line, options, meet_columns, notes) if header else None
    if layout is None:
        return []
    rows: list[_Row] = []
    first_lines: dict[str, int] = {}
    for line, cells in records:
        if _repeats_header(cells, layout):
            continue  # files put together from several repeat their header
        if len(rows) == MOST_ROWS:
            notes.add(line, ProblemKind.TOO_MANY_ROWS, most=MOST_ROWS)
            return []
        row = _row(line, cells, layout, options, notes) if cells else _Row(line=line)
        first = first_lines.setdefault(plain_name(row.name), line) if row.name else line
        if first != line and not options.foreign:
            notes.add(line, ProblemKind.REPEATED_NAME, value=row.name, first=first)
        rows.append(row)
    if not rows and not notes.by_line():
        notes.add(header_line, ProblemKind.NO_WORKPLACES)
    return rows


class _RowTooLongError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Lines:
    """The lines of a text; a row may be made of several, but not of any number: its cells would fill the memory."""

    def __init__(self, text: str) -> None:
        self._lines = enumerate(StringIO(text, newline=""), start=1)
        self._length = 0
        self._first = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def begin_row(self) -> None:
        """Count anew."""
        self._length = 0

    def __next__(self) -> str:
        number, line = next(self._lines)
        if not self._length:
            self._first = number
        self._length += len(line)
        if self._length > LONGEST_ROW:
            raise _RowTooLongError(self._first)
        return line


def _records(text: str, notes: Notes) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it starts.

    Where quotes do not match, each line that was lost is a row without cells: it may have been a workplace.
    Raises _RowTooLongError.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=_delimiter(text), skipinitialspace=True, strict=True)
    while True:
        lines.begin_row()
        line = reader.line_num + 1  # a quoted cell may span lines; line_num is where the last row ended
        try:
            cells = [unicodedata.normalize("NFC", cell.strip()) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            notes.add(line, ProblemKind.BAD_QUOTES)
            yield from ((lost, []) for lost in range(line, reader.line_num + 1))
            continue
        if any(cells):
            yield line, cells


def _delimiter(text: str) -> str:
    """Whichever of comma, semicolon and tab cuts the header into most columns; spreadsheets differ."""
    header = next((line for line in StringIO(text, newline="") if line.strip(" ,;\t\r\n")), "")
    header = header[: csv.field_size_limit()]
    return max(",;\t", key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter))))


def _repeats_header(cells: list[str], layout: _Layout) -> bool:
    cells = _without_empty_end(cells)
    return len(cells) == len(layout.columns) and all(
        plain_name(cell) == column for cell, column in zip(cells, layout.columns, strict=True)
    )


def _row(line: int, cells: list[str], layout: _Layout, options: RosterOptions, notes: Notes) -> _Row:
    width = len(layout.columns)
    if any(cells[width:]):  # most often a comma in a name or number without quotes: no cell can be trusted
        notes.add(line, ProblemKind.TOO_MANY_CELLS, count=len(_without_empty_end(cells)), most=width)
        return _Row(line=line)

    def cell(index: int | None) -> str:
        return cells[index] if index is not None and index < len(cells) else ""

    row = _Row(
        line=line,
        name=cell(layout.name),
        headcount=_headcount(cell(layout.headcount), line, notes) if layout.headcount is not None else 0,
        threshold=_row_threshold(cell(layout.threshold), layout, options, line, notes),
        group=cell(layout.group),
        small_by=cell(layout.small_by),
        meets={language: cell(column) for language, column in layout.meets.items()},
    )
    if not row.name and layout.name is not None:
        notes.add(line, ProblemKind.NO_NAME)
    _check_texts(row, options, notes)
    _check_threshold(row, options, notes)
    return row


def _headcount(written: str, line: int, notes: Notes) -> int:
    headcount = _whole(written)
    if not written:
        notes.add(line, ProblemKind.NO_HEADCOUNT)
    elif not 0 < headcount <= LARGEST_HEADCOUNT:
        notes.add(line, ProblemKind.BAD_HEADCOUNT, value=written, most=LARGEST_HEADCOUNT)
        return 0
    return headcount


def _row_threshold(written: str, layout: _Layout, options: RosterOptions, line: int, notes: Notes) -> int | Fraction:
    """Read a row's own threshold, or else take the option's."""
    if layout.threshold is None or (not written and options.threshold is not None):
        return layout.default
    threshold = _threshold(written)
    if not written:
        notes.add(line, ProblemKind.EMPTY_THRESHOLD)
    elif not threshold:
        notes.add(line, ProblemKind.BAD_THRESHOLD, value=written)
    return threshold


def _check_texts(row: _Row, options: RosterOptions, notes: Notes) -> None:
    longest = LONGEST_FOREIGN_NAME if options.foreign else LONGEST_NAME
    _check_text(row.name, longest, "workplace", row.line, notes)
    _check_text(row.group, longest, "group", row.line, notes)
    for meet in row.meets.values():
        _check_text(meet, LONGEST_MEET, "meet", row.line, notes, allowed="\n\r\t")
    if _is_small(row, options):
        _check_text(row.small_by, longest, options.group_small or "", row.line, notes)


def _check_text(text: str, most: int, field: str, line: int, notes: Notes, *, allowed: str = "") -> None:
    hidden = hidden_character(text, allowed=allowed)
    if hidden:
        notes.add(line, ProblemKind.HIDDEN_CHARACTER, field=field, value=text, character=hidden)
    if len(text) > most:
        notes.add(line, ProblemKind.TEXT_TOO_LONG, field=field, value=text, length=len(text), most=most)


def _check_threshold(row: _Row, options: RosterOptions, notes: Notes) -> None:
    is_share = isinstance(row.threshold, Fraction)
    if row.sound and not is_share and row.needed > row.headcount:
        notes.add(
            row.line,
            ProblemKind.THRESHOLD_ABOVE_HEADCOUNT,
            threshold=row.needed,
            headcount=row.headcount,
        )
    known = row.sound or (row.threshold and not is_share)
    if known and row.needed < FEWEST and not row.group and options.group_small is None:
        notes.add(row.line, ProblemKind.THRESHOLD_TOO_LOW, threshold=row.needed, least=FEWEST)


def _whole(written: str) -> int:
    """0 if it is no whole number."""
    return int(re.sub(r"[^0-9]", "", written)) if _WHOLE.fullmatch(written) else 0


def _threshold(written: str) -> int | Fraction:
    """Read a number, or a share such as `33.5%`; 0 if it is neither, or not above 0, or above 100%."""
    match = _SHARE.fullmatch(written.strip())
    if match is None:
        return _whole(written.strip())
    share = Fraction(match[1]) / 100
    return share if share <= 1 else 0


def _needed(threshold: int | Fraction, headcount: int) -> int:
    """Exact: floats make 56 people of 7% of 800 into 57."""
    return ceil(threshold * headcount) if isinstance(threshold, Fraction) else threshold


# The header


def _layout(
    header: list[str], line: int, options: RosterOptions, meet_columns: Mapping[str, str], notes: Notes
) -> _Layout | None:
    if len(header) > MOST_COLUMNS:
        notes.add(line, ProblemKind.TOO_MANY_COLUMNS, count=len(header), most=MOST_COLUMNS)
        return None
    columns = [plain_name(cell) for cell in header]
    if options.foreign:
        return _foreign_layout(header, columns, line, options, notes)
    if not {"workplace", "headcount"} & set(columns):
        notes.add(line, ProblemKind.FOREIGN_HEADER, found=", ".join(header))
        return None
    for name in ("workplace", "headcount"):
        if name not in columns:
            notes.add(line, ProblemKind.MISSING_COLUMN, column=name)
    if "threshold" not in columns and options.threshold is None:
        notes.add(line, ProblemKind.NO_THRESHOLD)
    _check_own_columns(header, columns, line, (*OWN_COLUMNS, *meet_columns), options, notes)
    places = {name: columns.index(name) for name in OWN_COLUMNS if name in columns}
    return _Layout(
        columns=columns,
        name=places.get("workplace"),
        headcount=places.get("headcount"),
        threshold=places.get("threshold"),
        group=places.get("group"),
        meets={language: columns.index(name) for name, language in meet_columns.items() if name in columns},
        default=_threshold(options.threshold or ""),
        small_by=_place("group_small", options.group_small, header, line, notes),
    )


def _check_own_columns(
    header: list[str], columns: list[str], line: int, own: Collection[str], options: RosterOptions, notes: Notes
) -> None:
    known = {*own, plain_name(options.group_small or "workplace")}
    absent = [name for name in own if name not in columns]
    seen: set[str] = set()
    for written, column in zip(header, columns, strict=True):
        if column in known:
            if column in seen:
                notes.add(line, ProblemKind.REPEATED_COLUMN, column=written)
            seen.add(column)
        elif close := get_close_matches(column, absent, n=1):
            notes.add(line, ProblemKind.UNKNOWN_COLUMN_CLOSE_TO, column=written, close=close[0])
        else:
            notes.add(line, ProblemKind.UNKNOWN_COLUMN, column=written)


def _foreign_layout(header: list[str], columns: list[str], line: int, options: RosterOptions, notes: Notes) -> _Layout:
    name = _place("name_column", options.name_column or "workplace", header, line, notes)
    headcount = _place("headcount_column", options.headcount_column or "headcount", header, line, notes)
    threshold = None
    if options.threshold is None:
        if "threshold" in columns:
            threshold = _place("threshold", "threshold", header, line, notes)
        else:
            notes.add(line, ProblemKind.NO_THRESHOLD)
    return _Layout(
        columns=columns,
        name=name,
        headcount=headcount,
        threshold=threshold,
        default=_threshold(options.threshold or ""),
        small_by=_place("group_small", options.group_small, header, line, notes),
    )


def _place(option: str, wanted: str | None, header: list[str], line: int, notes: Notes) -> int | None:
    """Find the column that an option names: spelled exactly so, or else but for case and white space."""
    if wanted is None:
        return None
    places = [index for index, column in enumerate(header) if column == wanted.strip()] or [
        index for index, column in enumerate(header) if plain_name(column) == plain_name(wanted)
    ]
    if not places:
        found = ", ".join(header)
        notes.add(line, ProblemKind.MISSING_NAMED_COLUMN, column=wanted, option=option, found=found)
        return None
    if len(places) > 1:
        notes.add(line, ProblemKind.REPEATED_COLUMN, column=wanted)
    return places[0]


def _without_empty_end(cells: list[str]) -> list[str]:
    """Spreadsheets write commas for columns that were once there."""
    end = next((index for index in range(len(cells), 0, -1) if cells[index - 1]), 0)
    return cells[:end]


# Merging


def _merge(rows: list[_Row], options: RosterOptions) -> tuple[list[_Row], list[_Merged]]:
    """Sort the rows into those that stand alone and those that stand as one.

    Rows of one `group` are one unit, and are merged no further. With `group_small` the other rows whose
    threshold is under 5 are one unit per value of that column; where that is still under 5, or the value is
    empty, they join the rest.
    """
    alone = [row for row in rows if not row.group and not _is_small(row, options)]
    groups = _by(lambda row: row.group, [row for row in rows if row.group])
    spellings = _by(lambda row: row.small_by, rows)
    merged = [_Merged(name=_spelling([row.group for row in members]), rows=members) for members in groups.values()]
    rest: list[_Row] = []
    for value, members in _by(lambda row: row.small_by, [row for row in rows if _is_small(row, options)]).items():
        name = SMALL_OF.format(value=_spelling([row.small_by for row in spellings[value]]))
        unit = _Merged(name=name, rows=members)
        if value and unit.threshold >= FEWEST:
            merged.append(unit)
        else:
            rest += members
    if rest:
        merged.append(_Merged(name=REST, rows=sorted(rest, key=lambda row: row.line)))
    return alone, merged


def _is_small(row: _Row, options: RosterOptions) -> bool:
    return options.group_small is not None and not row.group and row.needed < FEWEST


def _by(value: Callable[[_Row], str], rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    found: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        found[plain_name(value(row))].append(row)
    return found


def _spelling(spellings: list[str]) -> str:
    """Choose the most frequent capitalized spelling, or else the first: `New York`, not `new york`."""
    capitalized = Counter(spelling for spelling in spellings if spelling[:1].isupper())
    return capitalized.most_common(1)[0][0] if capitalized else spellings[0]


def _check_merged(merged: list[_Merged], notes: Notes) -> None:
    """Judge the thresholds, but for units holding a row whose numbers could not be read."""
    for unit in merged:
        for meet in unit.meets.values():
            if len(meet) > LONGEST_MEET:
                facts: dict[str, str | int] = {"length": len(meet), "most": LONGEST_MEET}
                notes.add(unit.line, ProblemKind.TEXT_TOO_LONG, field="meet", value=meet, **facts)
        if unit.threshold >= FEWEST or not unit.sound:
            continue
        facts = {"name": unit.name, "threshold": unit.threshold, "least": FEWEST}
        if unit.rows[0].group:
            notes.add(unit.line, ProblemKind.GROUP_TOO_LOW, **facts)
        else:
            lines = ", ".join(str(row.line) for row in unit.rows)
            notes.add(unit.line, ProblemKind.REST_TOO_LOW, lines=lines, **facts)


# Names


class _Names:
    """Names that are taken; in a foreign file a repeated one gets a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def claim(self, name: str) -> str:
        key = plain_name(name)
        if key not in self._numbers:
            self._numbers[key] = 1
            return name
        number = self._numbers[key] + 1
        while plain_name(f"{name} ({number})") in self._numbers:
            number += 1
        self._numbers[key] = number
        return self.claim(f"{name} ({number})")


def _numbered(rows: list[_Row]) -> list[_Row]:
    """Give repeated names numbers in file order, and before merging: a row keeps its name either way."""
    names = _Names()
    return [replace(row, name=names.claim(row.name)) if row.name else row for row in rows]


def _named_apart(alone: list[_Row], merged: list[_Merged], options: RosterOptions, notes: Notes) -> list[_Merged]:
    """Keep a merged unit apart from a workplace that is really called so."""
    if options.foreign:
        names = _Names()
        for row in alone:
            names.claim(row.name)
        return [replace(unit, name=names.claim(unit.name)) for unit in merged]
    taken = {plain_name(row.name): row.line for row in alone}
    for unit in merged:
        first = taken.setdefault(plain_name(unit.name), unit.line)
        if first != unit.line:
            notes.add(unit.line, ProblemKind.MERGED_NAME_TAKEN, name=unit.name, first=first)
    return merged


def _unit(of: _Row | _Merged, own: str) -> Unit:
    return Unit(
        name=of.name,
        headcount=of.headcount,
        threshold=of.needed if isinstance(of, _Row) else of.threshold,
        meet=of.meets.get(own, ""),
        meets={language: meet for language, meet in of.meets.items() if meet and language != own},
    )


def _same_share(share: Fraction, threshold: int | Fraction) -> bool:
    return isinstance(threshold, Fraction) and threshold == share
