"""Languages that the bot learns for a test: Esperanto, as far as the test needs it; and any of the table, marked."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from gettext import NullTranslations
from pathlib import Path

import pytest

from handlers.texts import catalogue
from handlers.texts.languages import _KNOWN, LANGUAGES, Language

ESPERANTO = "eo"


def learn_esperanto(folder: Path, monkeypatch: pytest.MonkeyPatch, sentences: Mapping[str, str]) -> None:
    """Let the bot speak these sentences in Esperanto, and everything else in English, as a catalogue would."""
    where = folder / "locales" / ESPERANTO / "LC_MESSAGES"
    where.mkdir(parents=True)
    (where / "allout.mo").write_bytes(_compiled({"": "Content-Type: text/plain; charset=UTF-8\n", **sentences}))
    esperanto = Language(code=ESPERANTO, name=ESPERANTO, telegram=ESPERANTO)
    monkeypatch.setattr(catalogue, "LOCALES", folder / "locales")
    monkeypatch.setattr(catalogue, "LANGUAGES", (*LANGUAGES, esperanto))
    monkeypatch.setitem(_KNOWN, ESPERANTO, esperanto)


class Marked(NullTranslations):
    """A language in which every sentence is the English one, marked: what is not marked was said in another."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language, self.mark = language, f"⟦{language}⟧"

    def info(self) -> dict[str, str]:
        return {"language": self._language}

    def gettext(self, message: str) -> str:
        return f"{self.mark}{message}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def learn_marked(folder: Path, monkeypatch: pytest.MonkeyPatch, *codes: str) -> None:
    """Let the bot speak languages of the table for which it has no catalogue."""
    where = folder / "locales"
    for code in ("es", *codes):
        (where / code.replace("-", "_")).mkdir(parents=True)
    monkeypatch.setattr(catalogue, "LOCALES", where)
    monkeypatch.setattr(catalogue, "SPECIAL", {code: Marked(code) for code in codes})


def _compiled(sentences: Mapping[str, str]) -> bytes:
    """Write a catalogue as gettext reads it."""
    pairs = sorted((original.encode(), said.encode()) for original, said in sentences.items())
    tables, texts = [b"", b""], b""
    start = 28 + 16 * len(pairs)
    for column in (0, 1):
        for pair in pairs:
            tables[column] += struct.pack("<2I", len(pair[column]), start + len(texts))
            texts += pair[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return header + tables[0] + tables[1] + texts
