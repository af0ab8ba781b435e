"""What a CSV needs so that a spreadsheet, opened by a double click, shows what stands in it, and runs none of it."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from collections.abc import Iterable
from io import StringIO

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001  the wide ones are formulas in Japan


def as_file(text: str) -> bytes:
    """Mark a CSV as UTF-8: otherwise other letters would be seen."""
    return BOM_UTF8 + text.encode()


def table(rows: Iterable[Iterable[str | int]]) -> bytes:
    """Write rows of cells down as such a file."""
    text = StringIO()
    safe = ([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(safe)
    return as_file(text.getvalue())


def guarded(name: str) -> str:
    """Put an apostrophe before what would be taken for a formula."""
    return f"'{name}" if _is_formula(name) else name


def unguarded(name: str) -> str:
    """Take it away again, where a file of ours comes back."""
    bare = name.removeprefix("'")
    return bare if _is_formula(bare) else name


def _is_formula(name: str) -> bool:
    return name.lstrip().startswith(FORMULA) or name.startswith(("\t", "\r", "\n"))
