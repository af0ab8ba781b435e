"""Workbooks: XLSX, XLS and ODS. Imported only where one is read: the library that does it is not our own code."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
    load_workbook,
)

from bot.draft import numbers
from bot.draft.problems import ProblemKind

ZIP = b"PK\x03\x04"

LARGEST_UNPACKED = 100_000_000
MOST_SHEETS = 100
MOST_CELLS = 10_000_000
"""From the first of a sheet to the last, empty ones too."""
MOST_FILLED = 100_000
"""Cells that a merged one covers."""

_EXACT = 1e15  # above it not every whole number is one

Rows = Iterator[tuple[int, list[str]]]


class NotReadError(Exception):
    """A workbook that cannot be read, and why."""

    def __init__(self, kind: ProblemKind, **facts: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.facts = facts


def sheets(data: bytes) -> Iterator[tuple[str, Rows]]:
    """Return each visible sheet that holds anything, by name, with its rows and their numbers. Raises NotReadError."""
    if data.startswith(ZIP):
        _check_size(data)
    try:
        book = load_workbook(BytesIO(data))
    except PasswordError:
        raise NotReadError(ProblemKind.PASSWORD) from None
    except CalamineError:
        raise NotReadError(ProblemKind.NOT_A_WORKBOOK) from None
    shown = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    for name in shown[:MOST_SHEETS]:
        sheet = _sheet(book, name)
        if sheet is not None and sheet.end is not None:
            yield name, _rows(sheet)


def _check_size(data: bytes) -> None:
    """Refuse what grows too large; one that lies about it ends the child."""
    try:
        with ZipFile(BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except (BadZipFile, ValueError, NotImplementedError, OSError):
        raise NotReadError(ProblemKind.NOT_A_WORKBOOK) from None
    if size > LARGEST_UNPACKED:
        raise NotReadError(ProblemKind.WORKBOOK_TOO_BIG, most=LARGEST_UNPACKED // 1_000_000)


def _sheet(book: CalamineWorkbook, name: str) -> CalamineSheet | None:
    try:
        return book.get_sheet_by_name(name)
    except CalamineError:  # one of diagrams, or a broken one
        return None


def _rows(sheet: CalamineSheet) -> Rows:
    if sheet.total_height * sheet.total_width > MOST_CELLS:
        raise NotReadError(ProblemKind.WORKBOOK_TOO_BIG, most=LARGEST_UNPACKED // 1_000_000)
    left = sheet.start[1] if sheet.start else 0
    covered = _covered(sheet, left)
    above: dict[int, str] = {}
    for number, cells in enumerate(sheet.iter_rows()):
        texts = [cell if isinstance(cell, str) else _text(cell) for cell in cells]
        for column in covered.get(number, ()):
            if column in above:  # others lie beside the list, or hold a number
                texts[column] = texts[column] or above[column]
        if covered:
            above = {column: text for column, text in enumerate(texts) if isinstance(cells[column], str)}
            above = {column: text for column, text in above.items() if not numbers.whole(text)}
        yield number + 1, texts


def _covered(sheet: CalamineSheet, left: int) -> dict[int, list[int]]:
    """List by row the columns of cells that are merged with the one above, and so show the same: words, no numbers."""
    covered: dict[int, list[int]] = {}
    filled = 0
    for (top, column), (bottom, _right) in sheet.merged_cell_ranges or ():
        filled += bottom - top
        if filled > MOST_FILLED:
            break
        for row in range(top + 1, bottom + 1):
            covered.setdefault(row, []).append(column - left)
    return covered


def _text(value: object) -> str:
    """Write a value as a person would have typed it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < _EXACT else f"{value:.15g}"
    return str(value)
