"""Languages that the bot learns for a test: Esperanto, as far as the test needs it; and any of the table, marked."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from gettext import NullTranslations
from pathlib import Path

import pytest

from handlers.texts import catalogue
from handlers.texts.isolates import END, FIRST_STRONG, LEFT_TO_RIGHT
from handlers.texts.languages import _KNOWN, ENGLISH, LANGUAGES, Language

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


MARKED = f"{__name__}:speak_marked"
"""For a house whose bot speaks all the languages of the table: a forked process calls it."""


def speak_marked() -> None:
    """Let this process speak every language of the table: Spanish, and all others marked."""
    codes = [each.code for each in LANGUAGES if each.code not in {ENGLISH, "es"}]
    catalogue.LOCALES = _folders(Path.cwd(), codes)
    catalogue.SPECIAL.update({code: Marked(code) for code in codes})


def learn_marked(folder: Path, monkeypatch: pytest.MonkeyPatch, *codes: str) -> None:
    """Let the bot speak these languages of the table and Spanish, and no others."""
    monkeypatch.setattr(catalogue, "LOCALES", _folders(folder, codes))
    monkeypatch.setattr(catalogue, "SPECIAL", {code: Marked(code) for code in codes})


def _folders(folder: Path, codes: Iterable[str]) -> Path:
    """Make the folders by which it is known in which languages there are catalogues."""
    where = folder / "locales"
    where.mkdir(exist_ok=True)
    for code in codes:
        (where / code.replace("-", "_")).mkdir(exist_ok=True)
    if not (where / "es").exists():
        (where / "es").symlink_to(catalogue.LOCALES / "es")
    return where


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


def without_isolates(text: str) -> str:
    """Take out what keeps directions apart."""
    return text.translate(dict.fromkeys(map(ord, (FIRST_STRONG, LEFT_TO_RIGHT, END))))
