"""From a file of any kind to rows of cells with their places: text with separators, or a workbook.

What the file is called does not matter: a workbook is told by its bytes.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import StringIO
from itertools import chain, islice

from bot.draft.encodings import UnreadableError, read_letters
from bot.draft.options import Choice, ChoiceKind, ListQuestion, QuestionKind, RosterOptions
from bot.draft.problems import LARGEST_FILE, Notes, ProblemKind, SourceFile, line_at, trimmed

LONGEST_ROW = 200_000  # characters; more than the csv module lets a single cell have
LOOKED_AT = 60
"""Rows in which a header is looked for."""

SEPARATORS = ",;\t|"
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # a zip; what Excel wrote before
_ELSEWHERE = {b"%PDF-": "PDF", b"{\\rtf": "RTF", b"<": "HTML"}


@dataclass(frozen=True, slots=True)
class Row:
    """One that is not blank, with trimmed cells; none where its quotes do not match."""

    line: int
    cells: list[str]


@dataclass(slots=True)
class Sheet:
    """A table: the only one of a text, whose name is empty, or one of a workbook's."""

    name: str
    head: list[Row]  #: its first rows
    _rest: Iterator[Row]

    def __iter__(self) -> Iterator[Row]:
        """Go through all rows, once."""
        return chain(self.head, self._rest)


class RowTooLongError(Exception):
    """A row of more characters than anybody's."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def read_table(source: SourceFile, options: RosterOptions, notes: Notes) -> tuple[list[Sheet], ListQuestion | None]:
    """Return the sheets that hold anything: none, with a note or a question, if the file cannot be read.

    Raises RowTooLongError, then and while the sheets are gone through.
    """
    if len(source.data) > LARGEST_FILE:
        notes.add(None, ProblemKind.FILE_TOO_BIG, most=LARGEST_FILE // 1_000_000)
        return [], None
    if source.data.startswith(WORKBOOKS):
        return [sheet for sheet in _workbook(source.data, notes) if sheet.head], None
    if kind := next((kind for start, kind in _ELSEWHERE.items() if source.data.lstrip().startswith(start)), None):
        notes.add(None, ProblemKind.NOT_A_LIST, value=kind)
        return [], None
    text, question = _text(source.data, options, notes)
    if text is None or not (sheet := _sheet("", _records(text, notes))).head:
        return [], question
    return [sheet], question


def _sheet(name: str, rows: Iterator[Row]) -> Sheet:
    filled = (row for row in rows if any(row.cells) or not row.cells)
    return Sheet(name, list(islice(filled, LOOKED_AT)), filled)


def _trim(cells: list[str]) -> list[str]:
    return [trimmed(cell if cell.isascii() else unicodedata.normalize("NFC", cell)) for cell in cells]


def _workbook(data: bytes, notes: Notes) -> Iterator[Sheet]:
    from bot.draft import workbooks  # noqa: PLC0415  in the child alone: the library is not ours

    try:
        for name, rows in workbooks.sheets(data):
            yield _sheet(name, (Row(number, _trim(cells)) for number, cells in rows if any(cells)))
    except workbooks.NotReadError as error:
        notes.add(None, error.kind, **error.facts)


# Text


def _text(data: bytes, options: RosterOptions, notes: Notes) -> tuple[str | None, ListQuestion | None]:
    try:
        readings = read_letters(data, options.encoding)
    except UnreadableError as error:
        nul = data[error.at : error.at + 1] == b"\0"
        notes.add(line_at(data, error.at), ProblemKind.NUL_BYTE if nul else ProblemKind.NOT_UTF8)
        return None, None
    text = readings[0].text
    if "\0" in text:
        notes.add(text[: text.index("\0")].count("\n") + 1, ProblemKind.NUL_BYTE)
        return None, None
    if len(readings) == 1:
        return text, None
    choices = (
        Choice(
            kind=ChoiceKind.ENCODING,
            options=replace(options, encoding=each.encoding),
            facts={"example": each.example, "encoding": each.encoding},
        )
        for each in readings
    )
    return text, ListQuestion(kind=QuestionKind.ENCODING, choices=tuple(choices))


class _Lines:
    """The lines of a text; a row may be made of several, but not of any number: its cells would fill the memory."""

    def __init__(self, text: str, first: int) -> None:
        self._lines = enumerate(StringIO(text, newline=""), start=first)
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
            raise RowTooLongError(self._first)
        return line


def _records(text: str, notes: Notes) -> Iterator[Row]:
    """Each row, with the line on which it starts.

    Where quotes do not match, each line that was lost is a row without cells: it may have been a workplace.
    """
    separator, text, skipped = _separated(text)
    lines = _Lines(text, skipped + 1)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t", strict=True)
    while True:
        lines.begin_row()
        line = skipped + reader.line_num + 1  # a quoted cell may span lines; line_num is where the last row ended
        try:
            cells = _trim(next(reader))
        except StopIteration:
            return
        except csv.Error:
            notes.add(line, ProblemKind.BAD_QUOTES)
            yield from (Row(lost, []) for lost in range(line, skipped + reader.line_num + 1))
            continue
        if any(cells):
            yield Row(line, cells)


def _separated(text: str) -> tuple[str, str, int]:
    """Return what separates cells, the text without a line that only says so, and how many lines that is."""
    first, _, rest = text.partition("\n")
    said = re.fullmatch(r'"?sep=(.)"?', first.strip(" \r,;")) or re.fullmatch(r'"?sep=([,;\t|])"?', first.rstrip("\r"))
    if said is not None and said[1] in SEPARATORS:
        return said[1], rest, 1
    return _separator(text), text, 0


def _separator(text: str) -> str:
    """Whichever cuts most of the first lines into as many cells; spreadsheets differ."""
    lines = [line[: csv.field_size_limit()] for line in islice(StringIO(text, newline=""), 5 * LOOKED_AT)]
    lines = [line for line in lines if line.strip(f" \r\n{SEPARATORS}")][:LOOKED_AT]

    def rows_alike(separator: str) -> tuple[int, int]:
        widths = Counter(_width(line, separator) for line in lines)
        width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]), default=(1, 0))
        return (rows, width) if width > 1 else (0, 1)

    return max(SEPARATORS, key=rows_alike)


def _width(line: str, separator: str) -> int:
    return max(map(len, csv.reader([line], delimiter=separator, skipinitialspace=separator != "\t")), default=0)
