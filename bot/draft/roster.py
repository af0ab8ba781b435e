"""Reads a list of workplaces, ours or anybody's, asks what it leaves open, and merges the small ones.

A row stands for a workplace, or for a department of one where that is named too, or for an area where nothing else is.

Ours has the columns of OWN_COLUMNS, `meet` in other languages (`meet.es`), and no others, but for the one that
`group_small` names. Any other is read by the columns that options name, or else by their usual words; then nothing but
those is read, and `threshold` if there is such a column and no option in its place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice

from bot.domain.model import FEWEST, SPOKEN
from bot.draft import numbers
from bot.draft.columns import (
    MOST_CHOICES,
    MOST_LEVELS,
    OWN_COLUMNS,
    Header,
    Layout,
    called,
    departments,
    example,
    find_header,
    likely_areas,
    meet_columns,
    place,
)
from bot.draft.csv_injection import unguarded
from bot.draft.options import (
    Choice,
    ChoiceKind,
    Empties,
    ListQuestion,
    QuestionKind,
    Repeats,
    RosterOptions,
    Small,
    Summary,
    Totals,
)
from bot.draft.problems import MOST_LINES, Notes, ProblemKind, SourceFile, hidden_character
from bot.draft.rows import REST, Listed, Merged, Names, Sorted, merge, nearest, numbered, of_one_parent, with_sums
from bot.draft.table import LONGEST_ROW, Row, RowTooLongError, Sheet, read_table
from bot.draft.tree import Area, DraftUnit, tree, units
from bot.draft.usual_words import is_total, names_total
from bot.parsing.typed_text import plain_name

MOST_ROWS = 50_000
MOST_COLUMNS = 1_000  # each that is not known is a problem of its own
LONGEST_NAME = 200
LONGEST_MEET = 500
LARGEST_HEADCOUNT = 10_000_000  # the largest employers have fewer people in one city
EXAMPLES = 3


@dataclass(kw_only=True, slots=True)
class RosterFile:
    """What could be read, although something may be wrong or open: `notes` and `questions` tell."""

    notes: Notes
    questions: list[ListQuestion] = field(default_factory=list)
    rows: list[Listed] = field(default_factory=list)  #: workplaces, before merging
    written: list[Listed] = field(default_factory=list)  #: with the rows of areas and departments
    own: str = SPOKEN
    summary: Summary = field(default_factory=Summary)
    units: tuple[DraftUnit, ...] = ()  #: complete only if nothing is wrong, empty while thresholds are missing
    merged: Mapping[str, int] = field(
        default_factory=dict
    )  #: how many rows each group or merged unit holds, by its name

    @property
    def headcounts(self) -> int:
        """The sum of those that could be read."""
        return sum(row.headcount for row in self.rows)

    @property
    def unread(self) -> int:
        """Rows whose head-count could not be read."""
        return sum(not row.headcount for row in self.rows)


def read_roster(
    source: SourceFile,
    options: RosterOptions,
    languages: Collection[str] = (SPOKEN,),
    *,
    own: str = SPOKEN,
    levels: tuple[str, ...] = (),
    asking: bool = False,
) -> RosterFile:
    """Read and check every row, then merge those that belong together. `own` is the language of the column `meet`.

    `levels` are what walkout.toml calls the areas.

    `asking`: somebody answers, and thresholds may be missing; otherwise what an option does not say is refused or taken
    as its remark in RosterOptions says.
    """
    return _Reader(source, options, meet_columns(languages, own), own, levels, asking=asking).read()


class _Reader:
    """Reads one list; each step leaves what it found in `found`."""

    def __init__(
        self,
        source: SourceFile,
        options: RosterOptions,
        meets: Mapping[str, str],
        own: str,
        levels: tuple[str, ...],
        *,
        asking: bool,
    ) -> None:
        self.source = source
        self.levels = levels
        self.options = options if options.level_columns or not levels else replace(options, level_columns=levels)
        self.meets = meets
        self.asking = asking
        self.notes = Notes(source.name)
        self.notes.rows_once = True
        self.found = RosterFile(notes=self.notes, own=own)
        self.default: int | numbers.Share = 0  #: the threshold of rows that have none of their own
        self.known = False  #: our own names of columns
        self.strict = False  #: our own format
        self.thresholds_written = False
        self.layout: Layout | None = None
        self.cells: dict[int, list[str]] = {}  #: by line, where somebody may be asked about them
        self.left_out: Counter[str] = Counter()  #: rows, by why
        self.kept_totals: list[Listed] = []
        self.repeated: list[list[Listed]] = []
        self.alike = 0
        self.whole: frozenset[tuple[str, ...]] = frozenset()  #: workplaces that have departments, by path
        self.areas: dict[tuple[str, ...], Listed] = {}  #: their own rows, by path

    def read(self) -> RosterFile:
        """Go through all steps, as far as they go."""
        self._read_option()
        try:
            sheet = self._sheet()
            self.layout = self._layout(sheet) if sheet is not None else None
            rows = self._rows(sheet, self.layout) if sheet is not None and self.layout is not None else []
        except RowTooLongError as error:
            self.notes.add(error.line, ProblemKind.ROW_TOO_LONG, most=LONGEST_ROW)
            rows = []
        if self.layout is not None and self.asking and self._asks_what_they_are(rows, self.layout):
            return self.found
        rows = self._with_departments(self._without_totals(rows))
        rows = [self._with_numbers(row) for row in self._without_empties(rows)]
        self.found.written = self._without_repeats(rows)
        self.found.rows = self._workplaces(self.found.written)
        if self.found.rows:
            self._merge(self.found.rows)
        if not self.found.rows and self.left_out and not self.notes.by_line():
            self.notes.add(None, ProblemKind.NONE_LEFT)
        self._sum_up()
        return self.found

    def _ask(self, kind: QuestionKind, choices: Sequence[Choice], **facts: str | int) -> None:
        self.found.questions.append(ListQuestion(kind=kind, choices=tuple(choices), facts=facts))

    def _choice(self, kind: ChoiceKind, facts: Mapping[str, str | int] | None = None, **changes: object) -> Choice:
        return Choice(kind=kind, options=replace(self.options, **changes), facts=facts or {})  # type: ignore[arg-type]

    def _read_option(self) -> None:
        written = self.options.threshold
        if written is None:
            return
        self.default = numbers.threshold(written)
        if not self.default:
            self.notes.add(None, ProblemKind.BAD_THRESHOLD_OPTION, value=written)
        elif (number := numbers.two_thresholds(written)) is not None:
            if self.asking:
                share = self._choice(ChoiceKind.SHARE, {"value": number}, threshold=f"{number}%")
                people = self._choice(ChoiceKind.PEOPLE, {"value": number}, threshold=f"{number} people")
                self._ask(QuestionKind.THRESHOLD, [share, people], value=number)
                self.default = 0
            else:
                self.notes.add(None, ProblemKind.TWO_THRESHOLDS, value=number)

    # The table

    def _sheet(self) -> Sheet | None:
        sheets, question = read_table(self.source, self.options, self.notes)
        if question is not None:
            self._ask_or_refuse_encoding(question)
            return None
        if not sheets:
            if not self.notes.by_line():
                self.notes.add(None, ProblemKind.EMPTY_ROSTER)
            return None
        if self.options.sheet is not None and sheets[0].name:
            named = [sheet for sheet in sheets if plain_name(sheet.name) == plain_name(self.options.sheet)]
            if not named:
                found = ", ".join(sheet.name for sheet in sheets)
                self.notes.add(None, ProblemKind.MISSING_SHEET, value=self.options.sheet, found=found)
                return None
            return named[0]
        headers = [find_header(sheet, self.options) for sheet in sheets]
        lists = [each for each, header in zip(sheets, headers, strict=True) if header.names and header.headcounts]
        if len(lists or sheets) > 1:
            self._ask_or_refuse_sheet(lists or sheets)
            return None
        return (lists or sheets)[0]

    def _ask_or_refuse_encoding(self, question: ListQuestion) -> None:
        if self.asking:
            self.found.questions.append(question)
            return
        first, second = (choice.facts for choice in question.choices[:2])
        facts = {"one": first["example"], "other": second["example"], "first": first["encoding"]}
        self.notes.add(None, ProblemKind.TWO_SPELLINGS, **facts, second=second["encoding"])

    def _ask_or_refuse_sheet(self, sheets: list[Sheet]) -> None:
        if not self.asking:
            self.notes.add(None, ProblemKind.SEVERAL_SHEETS, found=", ".join(sheet.name for sheet in sheets))
            return
        choices = [
            self._choice(
                ChoiceKind.SHEET,
                {"sheet": sheet.name, "example": ", ".join(filter(None, sheet.head[0].cells))},
                sheet=sheet.name,
            )
            for sheet in sheets[:MOST_CHOICES]
        ]
        self._ask(QuestionKind.SHEET, choices)

    # The header

    def _layout(self, sheet: Sheet) -> Layout | None:
        self.notes.sheet = sheet.name
        header = find_header(sheet, self.options)
        if len(header.cells) > MOST_COLUMNS:
            self.notes.add(header.line, ProblemKind.TOO_MANY_COLUMNS, count=len(header.cells), most=MOST_COLUMNS)
            return None
        if not header.cells:
            self.notes.add(None, ProblemKind.EMPTY_ROSTER)
            return None
        line = header.line or sheet.head[0].line
        columns = header.columns
        self.known = known = {"workplace", "headcount"} <= set(columns) and not self.options.foreign
        self.strict = known and bool({"threshold", "group", *self.meets} & set(columns))
        if self.options.name_columns:
            for wanted in self.options.name_columns:
                self._place("name_column", wanted, header, line)
        if self.options.headcount_column is not None:
            self._place("headcount_column", self.options.headcount_column, header, line)
        areas = self._area_columns(header, line)
        department = self._department_column(header, line, (*header.names, *header.headcounts, *areas))
        likely = [at for at in likely_areas(header.cells) if at not in (*header.names, *header.headcounts, department)]
        if self.options.level_columns is not None:
            likely = []
        if known:
            self._check_own_columns(header, line, (*areas, *filter(None, [department])), likely)
        takes_threshold = known or self.options.threshold is None
        threshold = columns.index("threshold") if takes_threshold and "threshold" in columns else None
        small_by = self._place("group_small", self.options.group_small, header, line)
        self._check_columns(sheet, header, line)
        if threshold is None and self.options.threshold is None and not self.asking:
            self.notes.add(line, ProblemKind.NO_THRESHOLD)
        areas_missing = self.notes.holds(ProblemKind.MISSING_LEVEL, ProblemKind.LEVELS_AND_COLUMNS)
        if not header.names or not header.headcounts or areas_missing:
            return None
        names = header.names if self.options.name_columns else header.names[:1]
        self.thresholds_written = threshold is not None
        group = columns.index("group") if self.strict and "group" in columns else None
        return Layout(
            header=header,
            width=len(header.cells),
            names=names,
            headcount=header.headcounts[0],
            threshold=threshold,
            areas=areas,
            department=department,
            minimum=columns.index("minimum") if known and "minimum" in columns else None,
            likely_areas=tuple(at for at in likely if at != small_by),
            group=group if group != small_by else None,  # it is merged by, then, and only what is small
            small_by=small_by,
            meets={each: columns.index(name) for name, each in self.meets.items() if self.strict and name in columns},
        )

    def _area_columns(self, header: Header, line: int) -> tuple[int, ...]:
        """Find the columns of the areas, which are called as walkout.toml calls them, or as options say."""
        wanted = self.options.level_columns or ()
        if not self.asking and len(wanted) != len(self.levels):
            self.notes.add(line, ProblemKind.LEVELS_AND_COLUMNS, levels=len(self.levels), columns=len(wanted))
        found = []
        for column in wanted:
            places = place(header.cells, column)
            if not places:
                columns = ", ".join(filter(None, header.cells))
                self.notes.add(line, ProblemKind.MISSING_LEVEL, column=column, found=columns)
            elif len(places) > 1:
                self.notes.add(line, ProblemKind.REPEATED_COLUMN, column=column)
            found += places[:1]
        return tuple(found)

    def _department_column(self, header: Header, line: int, others: Collection[int]) -> int | None:
        if self.options.department_column is not None:
            return self._place("department_column", self.options.department_column or None, header, line)
        small_by = place(header.cells, self.options.group_small) if self.options.group_small else []
        return next((at for at in departments(header.cells) if at not in {*others, *small_by}), None)

    def _check_columns(self, sheet: Sheet, header: Header, line: int) -> None:
        """Ask where names do not tell which column is which."""
        if self.notes.holds(ProblemKind.MISSING_NAMED_COLUMN, ProblemKind.UNKNOWN_COLUMN_CLOSE_TO):
            return
        no_name = len(header.names) != 1 and not self.options.name_columns
        no_headcount = len(header.headcounts) != 1
        if not no_name and not no_headcount:
            return
        if not self.asking:
            shown = [f"{called(header.cells, at)} ({example(sheet, header, at)})" for at in _filled(sheet, header)]
            self.notes.add(line, ProblemKind.FOREIGN_HEADER, found=", ".join(shown))
            return
        if no_name:
            self._ask_column(QuestionKind.NAME_COLUMN, sheet, header, header.names)
        if no_headcount:
            self._ask_column(QuestionKind.HEADCOUNT_COLUMN, sheet, header, header.headcounts)

    def _ask_column(self, kind: QuestionKind, sheet: Sheet, header: Header, likely: tuple[int, ...]) -> None:
        counted = kind is QuestionKind.HEADCOUNT_COLUMN
        others = header.names if counted else header.headcounts
        columns = [at for at in _filled(sheet, header) if at not in others]
        if counted and not any(_counts(sheet, header, at) for at in columns):
            self.notes.add(header.line or None, ProblemKind.NO_COLUMN_OF_NUMBERS)
            return
        columns.sort(key=lambda at: (at not in likely, _counts(sheet, header, at) != counted))
        choices = []
        for at in [at for at in columns if not counted or _counts(sheet, header, at)][:MOST_CHOICES]:
            column = called(header.cells, at)
            changes = {"headcount_column": column} if counted else {"name_columns": (column,)}
            choices.append(self._choice(ChoiceKind.COLUMN, _about_column(sheet, header, (at,)), **changes))
        if not counted and 1 < len(likely) <= EXAMPLES:
            names = tuple(called(header.cells, at) for at in likely)
            choices.append(self._choice(ChoiceKind.COLUMN, _about_column(sheet, header, likely), name_columns=names))
        self._ask(kind, choices)

    def _check_own_columns(self, header: Header, line: int, others: Collection[int], likely: Collection[int]) -> None:
        own = (*OWN_COLUMNS, *self.meets)
        known = {*own, plain_name(self.options.group_small or "workplace"), *(header.columns[at] for at in others)}
        absent = [
            name for name in (*own, *(self.options.level_columns or ())) if plain_name(name) not in header.columns
        ]
        seen: set[str] = set()
        for written, column in zip(_without_empty_end(header.cells), header.columns, strict=False):
            if column in known:
                if column in seen:
                    self.notes.add(line, ProblemKind.REPEATED_COLUMN, column=written)
                seen.add(column)
            elif close := get_close_matches(column, absent, n=1, cutoff=0.6 if self.strict else 0.8):
                self.notes.add(line, ProblemKind.UNKNOWN_COLUMN_CLOSE_TO, column=written, close=close[0])
            elif self.strict and not self.asking and header.columns.index(column) in likely:
                self.notes.add(line, ProblemKind.LEVEL_NOT_DECLARED, column=written)
            elif (self.strict and not self.asking) or column.startswith("meet"):
                self.notes.add(line, ProblemKind.UNKNOWN_COLUMN, column=written)

    def _place(self, option: str, wanted: str | None, header: Header, line: int) -> int | None:
        if wanted is None:
            return None
        places = place(header.cells, wanted)
        if not places:
            found = ", ".join(filter(None, header.cells))
            self.notes.add(line, ProblemKind.MISSING_NAMED_COLUMN, column=wanted, option=option, found=found)
            return None
        if len(places) > 1:
            self.notes.add(line, ProblemKind.REPEATED_COLUMN, column=wanted)
        return places[0]

    # Rows

    def _rows(self, sheet: Sheet, layout: Layout) -> list[Listed]:
        rows: list[Listed] = []
        columns = _without_empty_end(layout.header.columns)
        for row in islice(sheet, layout.header.after, None):
            if columns and _repeats(columns, row.cells):
                continue  # files put together from several repeat their header
            if len(rows) == MOST_ROWS:
                self.notes.add(row.line, ProblemKind.TOO_MANY_ROWS, most=MOST_ROWS)
                return []
            listed = self._row(row, layout, in_text=not sheet.name) if row.cells else Listed(line=row.line, lost=True)
            if listed is not None:
                rows.append(listed)
        if not rows and not self.notes.by_line():
            self.notes.add(layout.header.line or None, ProblemKind.NO_WORKPLACES)
        return rows

    def _row(self, row: Row, layout: Layout, *, in_text: bool) -> Listed | None:
        """Take what is needed of a row; None of one that says nothing of a workplace, such as a remark beneath."""
        cells, line = row.cells, row.line
        named = len(_without_empty_end(layout.header.cells))
        is_cut = named and layout.headcount == named - 1 and _is_cut(cells[layout.headcount :])
        if in_text and (is_cut or any(cells[layout.width :])):
            # a comma in a name or number without quotes: no cell can be trusted
            count = len(_without_empty_end(cells))
            self.notes.add(line, ProblemKind.TOO_MANY_CELLS, count=count, most=named if is_cut else layout.width)
            return Listed(line=line, lost=True)

        def cell(at: int | None) -> str:
            return cells[at] if at is not None and at < len(cells) else ""

        names = [unguarded(name) for name in map(cell, layout.names) if name]
        areas = tuple(unguarded(cell(at)) for at in layout.areas)
        shown = names or [area for area in areas if area]
        listed = Listed(
            line=line,
            name=", ".join(names),
            counted=cell(layout.headcount),
            written=cell(layout.threshold),
            group=unguarded(cell(layout.group)),
            small_by=unguarded(cell(layout.small_by)),
            meets={language: unguarded(cell(column)) for language, column in layout.meets.items()},
            areas=areas,
            department=unguarded(cell(layout.department)),
            asked=cell(layout.minimum),
            total=any(map(is_total, shown)) if shown else any(map(names_total, cells)),
        )
        if not shown and not self.strict:
            if listed.total:
                self.left_out["totals"] += 1  # without a name it is no workplace that is called so
            if listed.total or numbers.nobody(listed.counted):
                return None
        if self.asking or layout.likely_areas:
            self.cells[line] = cells
        return listed

    # Areas and departments

    def _asks_what_they_are(self, rows: list[Listed], layout: Layout) -> bool:
        """Ask about columns that are called like areas or departments, before anything is made of them."""
        if self.options.level_columns is None:
            areas = self._likely(rows, layout)
            if areas:
                several = [tuple(areas)] if 1 < len(areas) <= MOST_LEVELS else []
                self._ask(
                    QuestionKind.AREAS,
                    [
                        *(self._choice_of_areas(layout, each) for each in [*((at,) for at in areas), *several]),
                        self._choice(ChoiceKind.NO_AREAS, level_columns=()),
                    ],
                    column=", ".join(called(layout.header.cells, at) for at in areas),
                )
                return True
        at = layout.department
        if at is None or self.options.department_column is not None or self.known:
            return False
        inside = [row for row in self._with_departments(rows) if row.department]
        if inside:
            column = called(layout.header.cells, at)
            self._ask(
                QuestionKind.DEPARTMENTS,
                [
                    self._choice(ChoiceKind.DEPARTMENTS, department_column=column),
                    self._choice(ChoiceKind.NO_DEPARTMENTS, department_column=""),
                ],
                column=column,
                name=inside[0].name,
                examples=", ".join(row.department for row in inside if row.place == inside[0].place)[:LONGEST_NAME],
            )
        return bool(inside)

    def _likely(self, rows: list[Listed], layout: Layout) -> list[int]:
        """Return the columns, the widest first, that are called like areas and put rows together."""
        found = []
        for at in layout.likely_areas:
            seen = {plain_name(self._cell(row, at)) for row in rows if not row.lost}
            if "" not in seen and 1 < len(seen) < len(rows):
                found.append((len(seen), at))
        return [at for _number, at in sorted(found) if not called(layout.header.cells, at).startswith("#")]

    def _unread_areas(self) -> str:
        """Name the column, if nobody has said that there are areas, and one is called so."""
        likely = self._likely(self.found.rows, self.layout) if self.layout is not None else []
        return called(self.layout.header.cells, likely[0]) if self.layout is not None and likely else ""

    def _choice_of_areas(self, layout: Layout, columns: tuple[int, ...]) -> Choice:
        names = tuple(called(layout.header.cells, at) for at in columns)
        first = self.cells[min(self.cells)]
        facts: dict[str, str | int] = {"column": ", ".join(names), "example": ", ".join(first[at] for at in columns)}
        return self._choice(ChoiceKind.AREAS, facts, level_columns=names)

    def _with_departments(self, rows: list[Listed]) -> list[Listed]:
        """Note which workplaces have departments. In lists that are not ours, one alone is its workplace."""
        if self.layout is None or self.layout.department is None:
            return rows
        if not self.strict:
            count = Counter(row.place for row in rows)
            rows = [replace(row, department="") if row.department and count[row.place] == 1 else row for row in rows]
        self.whole = frozenset(row.place for row in rows if row.department)
        return rows

    def _is_whole(self, row: Listed) -> bool:
        """Say whether a row is about other rows' people as well: an area's, or a workplace's that has departments."""
        return row.is_area or (bool(self.whole) and not row.department and row.path in self.whole)

    def _without_totals(self, rows: list[Listed]) -> list[Listed]:
        rows = with_sums(rows)
        totals = [row for row in rows if row.total]
        if not totals:
            return rows
        if self.options.totals is Totals.LEAVE_OUT:
            self.left_out["totals"] += len(totals)
            return [row for row in rows if not row.total]
        self.kept_totals = totals
        if self.options.totals is None and self.asking:
            first, people = totals[0], numbers.whole(totals[0].counted)
            before = sum(numbers.whole(row.counted) for row in rows if row.line < first.line)
            self._ask(
                QuestionKind.TOTALS,
                [
                    self._choice(ChoiceKind.LEAVE_OUT, totals=Totals.LEAVE_OUT),
                    self._choice(ChoiceKind.KEEP, totals=Totals.KEEP),
                ],
                count=len(totals),
                value=first.called,
                people=people,
                line=first.line,
                sum=int(0 < people == before),
            )
        return rows

    def _without_empties(self, rows: list[Listed]) -> list[Listed]:
        empties = [row for row in rows if self._is_empty(row)]
        if not empties:
            return rows
        if self.options.empties is Empties.LEAVE_OUT:
            self.left_out["empties"] += len(empties)
            return [row for row in rows if not self._is_empty(row)]
        if self.asking:
            self._ask(
                QuestionKind.EMPTIES,
                [self._choice(ChoiceKind.LEAVE_OUT, empties=Empties.LEAVE_OUT)],
                count=len(empties),
                lines=", ".join(str(row.line) for row in empties[:MOST_LINES]) + "…" * (len(empties) > MOST_LINES),
            )
        else:
            for row in empties:
                self.notes.add(row.line, ProblemKind.NO_HEADCOUNT)
        return rows

    def _is_empty(self, row: Listed) -> bool:
        return not row.lost and numbers.nobody(row.counted) and not self._is_whole(row)

    def _with_numbers(self, row: Listed) -> Listed:
        if row.lost:
            return row
        if not row.name and not row.is_area:
            self.notes.add(row.line, ProblemKind.NO_NAME)
        self._check_texts(row)
        self._check_place(row)
        row = replace(row, headcount=self._headcount(row), threshold=self._threshold(row), minimum=self._minimum(row))
        if not self._is_whole(row):
            self._check_threshold(row)
        return row

    def _check_place(self, row: Listed) -> None:
        """Refuse a row in which an area is missing, or that has what only others can have."""
        if not row.areas and not row.group and not row.asked:
            return
        named = [bool(area) for area in row.areas]
        if not all(named) and not (row.is_area and named == sorted(named, reverse=True)):
            level = (self.levels or self.options.level_columns or ())[named.index(False)]
            self.notes.add(row.line, ProblemKind.NO_AREA, column=level, name=row.called)
        for column, written, can_be in (
            ("group", row.group, not row.is_area and not row.department),
            ("minimum", row.asked, self._is_whole(row)),
        ):
            if written and not can_be:
                self.notes.add(row.line, ProblemKind.NOT_IN_THIS_ROW, field=column, name=row.called)

    def _minimum(self, row: Listed) -> int:
        minimum = numbers.whole(row.asked) if row.asked else 0
        if row.asked and not minimum:
            self.notes.add(row.line, ProblemKind.BAD_MINIMUM, value=row.asked)
        return minimum

    def _headcount(self, row: Listed) -> int:
        if numbers.nobody(row.counted):
            return 0
        headcount = numbers.whole(row.counted)
        if not headcount and (two := numbers.two_wholes(row.counted)):
            self.notes.add(row.line, ProblemKind.TWO_NUMBERS, value=row.counted, one=two[0], other=two[1])
        elif not 0 < headcount <= LARGEST_HEADCOUNT:
            self.notes.add(row.line, ProblemKind.BAD_HEADCOUNT, value=row.counted, most=LARGEST_HEADCOUNT)
        else:
            return headcount
        return 0

    def _threshold(self, row: Listed) -> int | numbers.Share:
        """Read a row's own threshold, or else take the option's, which is for workplaces."""
        if not row.written and (row.is_area or row.department):
            return 0
        if not self.thresholds_written or (not row.written and (self.options.threshold is not None or self.asking)):
            return self.default
        threshold = numbers.threshold(row.written)
        if not row.written:
            self.notes.add(row.line, ProblemKind.EMPTY_THRESHOLD)
        elif not threshold:
            self.notes.add(row.line, ProblemKind.BAD_THRESHOLD, value=row.written)
        elif threshold == 1 and (self.notes.sheet or not row.written.isdigit()):  # programs keep 100% as 1, or as 1.0
            self.notes.add(row.line, ProblemKind.ONE_OR_ALL)
        return threshold

    def _check_texts(self, row: Listed) -> None:
        self._check_text(row.name, LONGEST_NAME, "workplace", row.line)
        self._check_text(row.group, LONGEST_NAME, "group", row.line)
        if row.department:
            self._check_text(row.department, LONGEST_NAME, "department", row.line)
        for level, area in zip(self.options.level_columns or (), row.areas, strict=False):
            self._check_text(area, LONGEST_NAME, level, row.line)
        for meet in row.meets.values():
            self._check_text(meet, LONGEST_MEET, "meet", row.line, allowed="\n\r\t")

    def _check_text(self, text: str, most: int, field: str, line: int, *, allowed: str = "") -> None:
        if len(text) <= most and text.isascii() and text.isprintable():
            return
        hidden = hidden_character(text, allowed=allowed)
        if hidden:
            self.notes.add(line, ProblemKind.HIDDEN_CHARACTER, field=field, value=text, character=hidden)
        if len(text) > most:
            self.notes.add(line, ProblemKind.TEXT_TOO_LONG, field=field, value=text, length=len(text), most=most)

    def _check_threshold(self, row: Listed) -> None:
        is_share = isinstance(row.threshold, numbers.Share)
        if row.sound and row.needed > row.headcount:
            facts = {"threshold": row.needed, "headcount": row.headcount}
            self.notes.add(row.line, ProblemKind.THRESHOLD_ABOVE_HEADCOUNT, **facts)
        if row.small and not row.department and (row.sound or (row.threshold and not is_share)):
            if self.options.group_small is not None:
                self._check_text(row.small_by, LONGEST_NAME, self.options.group_small, row.line)
            elif self.options.small is None and not self.asking:
                facts = {"threshold": row.needed, "least": FEWEST}
                self.notes.add(row.line, ProblemKind.THRESHOLD_TOO_LOW, **facts)

    # Names that repeat

    def _without_repeats(self, rows: list[Listed]) -> list[Listed]:
        rows = self._without_second_wholes(rows)
        by_name: dict[tuple[str, ...], list[Listed]] = {}
        for row in rows:
            if row.name:
                by_name.setdefault(row.path, []).append(row)
        repeated = [same for same in by_name.values() if len(same) > 1]
        if not repeated:
            return rows
        self.repeated = repeated
        self.alike = sum(len(same) - len({row.key() for row in same}) for same in repeated)
        match self.options.repeats:
            case Repeats.LAST | Repeats.LARGEST:
                kept = {self._taken(same).line for same in by_name.values()}
                left = [row for row in rows if not row.name or row.line in kept]
                self.left_out["superseded"] = len(rows) - len(left)
                return left
            case None if self.asking:
                self._ask_repeats(repeated)
            case None if self.strict:
                for same in repeated:
                    for row in same[1:]:
                        kind = ProblemKind.REPEATED_UNIT if row.department else ProblemKind.REPEATED_NAME
                        self.notes.add(row.line, kind, value=row.called, first=same[0].line)
                return rows
        return numbered(rows)

    def _without_second_wholes(self, rows: list[Listed]) -> list[Listed]:
        """Refuse two rows of one area, or of one workplace with departments: what lies in it can be in one only."""
        first: dict[tuple[str, ...], int] = {}
        left = []
        for row in rows:
            if self._is_whole(row) and first.setdefault(row.path, row.line) != row.line:
                self.notes.add(row.line, ProblemKind.REPEATED_UNIT, value=row.called, first=first[row.path])
            else:
                left.append(row)
        return left

    def _taken(self, same: list[Listed]) -> Listed:
        return same[-1] if self.options.repeats is Repeats.LAST else max(same, key=lambda row: row.headcount)

    def _ask_repeats(self, repeated: list[list[Listed]]) -> None:
        choices = [self._choice(ChoiceKind(each.value), repeats=each) for each in Repeats]
        self._ask(
            QuestionKind.REPEATS,
            [*self._telling_apart(repeated), *choices],
            count=len(repeated),
            rows=sum(map(len, repeated)),
            alike=self.alike,
            examples=_examples(same[0] for same in repeated),
        )

    def _telling_apart(self, repeated: list[list[Listed]]) -> Iterator[Choice]:
        """Offer the columns of words that tell rows of one name apart."""
        if self.strict or self.layout is None:
            return
        header, offered = self.layout.header, 0
        for at in range(len(header.cells)):
            layout = self.layout
            if at in {*layout.names, *layout.areas, layout.headcount, layout.department} or offered == EXAMPLES:
                continue
            seen = [[self._cell(row, at) for row in same] for same in repeated]
            if all(len(set(map(plain_name, cells))) == len(cells) and all(map(_is_words, cells)) for cells in seen):
                offered += 1
                column = called(header.cells, at)
                names = self.options.name_columns or tuple(called(header.cells, at) for at in self.layout.names)
                facts = {"column": column, "example": f"{repeated[0][0].name}, {seen[0][0]}"}
                yield self._choice(ChoiceKind.WITH_COLUMN, facts, name_columns=(*names, column))

    def _cell(self, row: Listed, at: int) -> str:
        cells = self.cells.get(row.line, [])
        return cells[at] if at < len(cells) else ""

    # Units

    def _workplaces(self, rows: list[Listed]) -> list[Listed]:
        """Put departments together to the workplaces they are in, and areas' own rows aside."""
        self.areas = {row.path: row for row in rows if row.is_area}
        if not self.areas and not self.whole:
            return rows
        inside: defaultdict[tuple[str, ...], list[Listed]] = defaultdict(list)
        for row in rows:
            if row.department and row.name:
                inside[row.place].append(row)
        own = {row.path: row for row in rows if not row.department and self._is_whole(row)}
        found = [row for row in rows if not row.department and not self._is_whole(row)]
        found += [self._with_its_own(own.get(path), within) for path, within in inside.items()]
        return sorted(found, key=lambda row: row.line)

    def _with_its_own(self, own: Listed | None, inside: list[Listed]) -> Listed:
        """Return a workplace with its departments, checked against its own row."""
        first, people = inside[0], sum(row.headcount for row in inside)
        if len(inside) == 1:
            self.notes.add(first.line, ProblemKind.ONE_DEPARTMENT, value=first.department, name=first.name)
        if own is None:
            if not self.default and not self.asking:
                self.notes.add(first.line, ProblemKind.NO_NUMBER_OF_ITS_OWN, name=first.name)
            nowhere = dict.fromkeys(first.meets, "")
            own = replace(first, department="", written="", threshold=self.default, headcount=0, meets=nowhere)
        if not all(row.headcount for row in inside):
            return replace(own, headcount=0, departments=tuple(inside))
        self._check_sum(own, people)
        own = replace(own, headcount=people, departments=tuple(inside))
        self._check_threshold(own)
        if own.minimum:
            for row in inside:
                if not row.written:
                    facts: dict[str, str | int] = {"value": row.department, "name": own.name, "minimum": own.minimum}
                    self.notes.add(row.line, ProblemKind.DEPARTMENT_NEEDS_NUMBER, **facts)
            self._check_minimum(own, own.name, sum(not row.written or row.needed >= FEWEST for row in inside))
        return own

    def _check_sum(self, row: Listed, people: int) -> None:
        if row.headcount and row.headcount != people:
            facts: dict[str, str | int] = {"name": row.called, "headcount": row.headcount, "sum": people}
            self.notes.add(row.line, ProblemKind.NOT_THE_SUM, **facts)

    def _check_minimum(self, row: Listed, name: str, count: int) -> None:
        if row.minimum > count:
            self.notes.add(row.line, ProblemKind.MINIMUM_ABOVE_CHILDREN, name=name, minimum=row.minimum, count=count)

    def _merge(self, rows: list[Listed]) -> None:
        if any(not row.threshold for row in rows) and self.asking:
            self._check_areas(tree(self.areas, rows), [])
            return  # they come later
        by_value, small = self.options.group_small is not None, self.options.small
        families = [(each, merge(each, by_value=by_value, small=small)) for each in of_one_parent(rows)]
        if self.asking and small is None:
            self._ask_small(families, by_value=by_value)
        out = [row for _rows, made in families for row in made.left_out]
        self.left_out["small"] = len(out)
        if out:
            left_out = {row.path for row in out}
            self.found.rows = [row for row in rows if row.path not in left_out]
            self.found.written = [row for row in self.found.written if row.is_area or row.place not in left_out]
        places: list[Listed | Merged] = []
        for _rows, made in families:
            self._check_merged(made.alone, made.merged)
            merged = self._named_apart(made.alone, made.merged)
            places += [*made.alone, *merged]
            self.found.merged = {**self.found.merged, **{unit.called: len(unit.rows) for unit in merged}}
        root = tree(self.areas, places)
        self._check_areas(root, out)
        self.found.units = units(root, self.found.own)

    def _check_areas(self, root: Area, left_out: list[Listed]) -> None:
        """Hold areas' own rows against what lies in them; an area goes with the last of its workplaces left out."""
        with_places = {area.row.line for area in root.below()}
        out = {row.path[:depth] for row in left_out for depth in range(len(row.areas) + 1)}
        for row in self.areas.values():
            if row.line not in with_places and tuple(filter(None, row.path)) not in out:
                self.notes.add(row.line, ProblemKind.EMPTY_AREA, name=row.called)
        self.found.written = [row for row in self.found.written if not row.is_area or row.line in with_places]
        for area in root.below():
            row = area.row
            facts: dict[str, str | int] = {"name": area.name, "threshold": area.needed}
            if not row.line or not all(place.headcount for place in area.places):
                continue
            if not left_out:
                self._check_sum(row, area.headcount)
            if area.needed > area.headcount:
                self.notes.add(row.line, ProblemKind.THRESHOLD_ABOVE_PEOPLE, headcount=area.headcount, **facts)
            elif 0 < area.needed < FEWEST:
                self.notes.add(row.line, ProblemKind.THRESHOLD_OF_AREA_TOO_LOW, least=FEWEST, **facts)
            self._check_minimum(row, area.name, area.children)

    def _ask_small(self, families: list[tuple[list[Listed], Sorted]], *, by_value: bool) -> None:
        """Ask of what is too small to stand alone, even merged by the column that is named; each among its own."""
        small: list[Listed] = []
        joined: list[str] = []  #: what the rest of each would go out with; '' where there is nothing
        for rows, made in families:
            rest = [unit for unit in made.merged if not unit.rows[0].group and unit.needed < FEWEST]
            these = [row for unit in rest for row in unit.rows] if by_value else [row for row in rows if row.small]
            small += these
            if these and Merged(name=REST, rows=these).needed < FEWEST:
                joined.append(self._nearest(rows, made.merged, rest))
        if not small:
            return
        choices = [self._choice(ChoiceKind.LEAVE_OUT, small=Small.LEAVE_OUT)]
        if not joined:
            choices.insert(0, self._choice(ChoiceKind.MERGE, small=Small.MERGE))
        elif all(joined):
            near = ", ".join(joined[:EXAMPLES]) + "…" * (len(joined) > EXAMPLES)
            choices.insert(0, self._choice(ChoiceKind.MERGE_WITH, {"nearest": near}, small=Small.MERGE))
        self._ask(
            QuestionKind.SMALL,
            choices,
            count=len(small),
            people=sum(row.headcount for row in small),
            least=FEWEST,
            examples=_examples(small),
        )

    def _check_merged(self, alone: list[Listed], merged: list[Merged]) -> None:
        """Judge the thresholds, but for units holding a row whose numbers could not be read."""
        for unit in merged:
            for meet in unit.meets.values():
                if len(meet) > LONGEST_MEET:
                    facts: dict[str, str | int] = {"length": len(meet), "most": LONGEST_MEET}
                    self.notes.add(unit.line, ProblemKind.TEXT_TOO_LONG, field="meet", value=meet, **facts)
            if unit.needed >= FEWEST or not unit.sound:
                continue
            facts = {"name": unit.name, "threshold": unit.needed, "least": FEWEST}
            if unit.rows[0].group:
                self.notes.add(unit.line, ProblemKind.GROUP_TOO_LOW, **facts)
            elif not self.asking or self.options.small is not None:
                lines = ", ".join(str(row.line) for row in unit.rows[:MOST_LINES]) + "…" * (len(unit.rows) > MOST_LINES)
                near = self._nearest(alone, merged, [unit])
                kind = ProblemKind.REST_TOO_LOW if near else ProblemKind.REST_TOO_LOW_ALONE
                self.notes.add(unit.line, kind, lines=lines, people=unit.headcount, nearest=near, **facts)

    @staticmethod
    def _nearest(rows: list[Listed], merged: list[Merged], rest: list[Merged]) -> str:
        """Name what a rest that is too small would join."""
        values = [unit for unit in merged if unit not in rest and not unit.rows[0].group]
        near = nearest([row for row in rows if not row.small and not row.group], values)
        return near.name if near else ""

    def _named_apart(self, alone: list[Listed], merged: list[Merged]) -> list[Merged]:
        """Keep a merged unit apart from a workplace that is really called so."""
        if not self.strict:
            names = Names()
            for row in alone:
                names.claim(row.name)
            return [replace(unit, name=names.claim(unit.name)) for unit in merged]
        taken = {plain_name(row.name): row.line for row in alone}
        for unit in merged:
            first = taken.setdefault(plain_name(unit.name), unit.line)
            if first != unit.line:
                self.notes.add(unit.line, ProblemKind.MERGED_NAME_TAKEN, name=unit.name, first=first)
        return merged

    def _sum_up(self) -> None:
        found = self.found
        found.summary = Summary(
            workplaces=len(found.rows),
            people=found.headcounts,
            kept_totals=len(self.kept_totals),
            total=self.kept_totals[0].called if self.kept_totals else "",
            areas=len({row.path[:depth] for row in found.rows for depth in range(1, len(row.areas) + 1)}),
            departments=sum(len(row.departments) for row in found.rows),
            too_small=sum(0 < each.needed < FEWEST for row in found.rows for each in row.departments),
            unread=self._unread_areas(),
            repeats=len(self.repeated),
            alike=self.alike if self.options.repeats in {None, Repeats.APART} else 0,
            examples=tuple(same[0].name for same in self.repeated[:EXAMPLES]),
            **self.left_out,
        )


def _filled(sheet: Sheet, header: Header) -> list[int]:
    return [at for at in range(len(header.cells)) if header.cells[at] or example(sheet, header, at)]


def _counts(sheet: Sheet, header: Header, at: int) -> bool:
    return bool(numbers.whole(example(sheet, header, at)))


def _about_column(sheet: Sheet, header: Header, columns: Sequence[int]) -> dict[str, str | int]:
    names = ", ".join(called(header.cells, at) for at in columns)
    return {"column": names, "example": ", ".join(example(sheet, header, at) for at in columns)}


def _repeats(columns: list[str], cells: list[str]) -> bool:
    cells = _without_empty_end(cells)
    return len(cells) == len(columns) and plain_name(cells[0]) == columns[0] and list(map(plain_name, cells)) == columns


def _is_cut(cells: list[str]) -> bool:
    """Say whether cells begin like the two parts of 1,052; the second stands in no column that has a name."""
    first, second = (*cells, "", "")[:2]
    return len(second) == len("052") and second.isdecimal() and first.isdecimal() and len(first) <= len(second)


def _is_words(cell: str) -> bool:
    return sum(map(str.isalpha, cell)) > sum(map(str.isdigit, cell))


def _examples(rows: Iterable[Listed]) -> str:
    return ", ".join(row.name for row in islice(rows, EXAMPLES))


def _without_empty_end(cells: list[str]) -> list[str]:
    """Spreadsheets write commas for columns that were once there."""
    end = next((index for index in range(len(cells), 0, -1) if cells[index - 1]), 0)
    return cells[:end]
