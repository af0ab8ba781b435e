"""Files of card codes, written once: to print, or for a program."""

from __future__ import annotations

import csv
import io
import os
import re
from enum import StrEnum
from pathlib import Path

from bot.draft.csv_injection import as_file, guarded
from bot.secrets.card_codes import pretty
from handlers.sandboxed.sandbox_client import Places

_TELEGRAM_BOT = re.compile(r"(?:https?://)?(?:t\.me/)?@?([A-Za-z][A-Za-z0-9_]{3,31})/?")


class Form(StrEnum):
    """How codes are written."""

    CSV = "csv"
    TXT = "txt"
    PDF = "pdf"


def telegram_link(bot: str) -> str | None:
    """Return the link of a bot on Telegram, given by name or link; None if it cannot be one."""
    named = _TELEGRAM_BOT.fullmatch(bot.strip())
    return f"https://t.me/{named[1]}" if named else None


def content(form: Form, places: Places) -> bytes:
    """Return the codes of each workplace as a program reads them; what is printed comes from the sandbox."""
    return as_file(_csv(places)) if form is Form.CSV else _txt(places).encode()


def write(out: Path, data: bytes) -> Path:
    """Write codes beside `out`, readable by their maker alone; return where."""
    fresh = beside(out)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def beside(out: Path) -> Path:
    """Return where codes wait until the store knows them."""
    return out.with_name(f"{out.name}.part")


def _csv(places: Places) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["workplace", "card"])
    for name, codes in places:
        writer.writerows([guarded(name), pretty(code)] for code in codes)
    return text.getvalue()


def _txt(places: Places) -> str:
    return "\n".join("\n".join([name, *(f"  {pretty(code)}" for code in codes), ""]) for name, codes in places if codes)
