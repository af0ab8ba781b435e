"""Files of card codes, written once."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from bot.cards import pretty


class Form(StrEnum):
    """How codes are written."""

    CSV = "csv"
    TXT = "txt"


def write(out: Path, form: Form, places: Sequence[tuple[str, Sequence[str]]]) -> Path:
    """Write the codes of each workplace beside `out`, readable by their maker alone; return where."""
    text = _csv(places) if form is Form.CSV else _txt(places)
    fresh = beside(out)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def beside(out: Path) -> Path:
    """Return where codes wait until the store knows them."""
    return out.with_name(f"{out.name}.part")


def _csv(places: Sequence[tuple[str, Sequence[str]]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["workplace", "card"])
    for name, codes in places:
        writer.writerows([name, pretty(code)] for code in codes)
    return text.getvalue()


def _txt(places: Sequence[tuple[str, Sequence[str]]]) -> str:
    return "\n".join("\n".join([name, *(f"  {pretty(code)}" for code in codes), ""]) for name, codes in places if codes)
