"""Every language has what the code says in its catalogue, in the same form, and short enough for where it is shown.

What workers read is complete. Where only organizers, stewards or the server's keeper read a sentence, its translation
may wait: it is said in English, and .ci/translate lists it.
"""

from __future__ import annotations

import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import BinaryIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import handlers
from handlers.conversation import COMMANDS
from handlers.texts import catalogue as texts_in
from handlers.texts import discord, telegram
from handlers.texts.catalogue import LOCALES, languages, speaking

HANDLERS = Path(handlers.__file__).parent
TRANSLATIONS = [language for language in languages() if language != "en"]

Texts = tuple[str, ...]

COMMAND = re.compile(r"(?<![\w/])/[a-z]+|--[a-z-]+|`[^`]+`")

LONGEST_LABEL = 20

MAY_WAIT = {
    f"texts/{name}.py"
    for name in (
        "backups",
        "cli",
        "closing",
        "committee",
        "console",
        "demo",
        "doctor",
        "doubts",
        "draft",
        "drafting",
        "drawn_cards",
        "fence",
        "files",
        "help_command",
        "keys",
        "ladder",
        "lists",
        "moving",
        "organizers",
        "paper_cards",
        "report",
        "rooms",
        "setup",
        "steps",
    )
}
"""Where no worker reads. Any other file is taken to be read by workers."""


@cache
def sentences() -> dict[Texts, set[str]]:
    """Extract what the code says, one text or singular and plural, and the files that say it."""
    said = defaultdict(set)
    for file, _line, message, _comments, _context in extract_from_dir(
        HANDLERS, keywords={"_": None, "ngettext": (1, 2)}
    ):
        said[texts(message)].add(file)
    return said


@cache
def catalogue(language: str) -> Catalog:
    with po(language).open("rb") as file:
        return read_po(file, locale=folder(language))


def po(language: str) -> Path:
    return LOCALES / folder(language) / "LC_MESSAGES" / "allout.po"


def folder(language: str) -> str:
    return language.replace("-", "_")


def messages(language: str) -> Iterator[Message]:
    return (message for message in catalogue(language) if message.id)


def translated(language: str) -> Iterator[Message]:
    return (message for message in messages(language) if all(texts(message.string)))


def read_back(compiled: BinaryIO) -> tuple[str, str, dict[Texts, Texts]]:
    """Return all of a compiled catalogue that anybody reads: not which Babel made it."""
    read = read_mo(compiled)
    return read.charset, read.plural_forms, {texts(message.id): texts(message.string) for message in read if message.id}


def texts(text: str | tuple[str, ...] | list[str] | None) -> Texts:
    return (text,) if isinstance(text, str) else tuple(text or ())


def placeholders(text: str) -> set[str]:
    """Name the placeholders, with what they do to a value: {seconds:.0f}."""
    return {f"{name}!{how}:{spec}" for _words, name, spec, how in Formatter().parse(text) if name is not None}


def ends(text: str) -> tuple[str, str]:
    """Return the blanks at both ends: what is put together stays apart."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def test_spanish_is_there() -> None:
    assert "es" in TRANSLATIONS


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_catalogue_holds_exactly_the_sentences_of_the_code(language: str) -> None:
    """If this fails: `uv run python .ci/translate`, then translate what is new."""
    held = {texts(message.id) for message in messages(language)}
    assert held - set(sentences()) == set()
    assert set(sentences()) - held == set()
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_what_workers_read_is_translated_and_nothing_by_guessing(language: str) -> None:
    plurals = catalogue(language).num_plurals
    for message in messages(language):
        assert len(texts(message.string)) == (plurals if message.pluralizable else 1), message.id
        assert not message.fuzzy, message.id
    done = {texts(message.id) for message in translated(language)}
    assert [said for said, files in sentences().items() if said not in done and files - MAY_WAIT] == []


def test_files_whose_translation_may_wait_are_there() -> None:
    """A file that is renamed is one that workers read, until somebody says otherwise."""
    assert set().union(*sentences().values()) >= MAY_WAIT


def test_what_waits_is_said_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Catalog(locale="es")
    waiting.add("It waits.", "")
    waiting.add(("{n} waits.", "{n} wait."), ("", ""))
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "allout.mo").open("wb") as file:
        write_mo(file, waiting)
    monkeypatch.setattr(texts_in, "LOCALES", tmp_path)
    with speaking("es"):
        assert texts_in._("It waits.") == "It waits."
        assert [texts_in.ngettext("{n} waits.", "{n} wait.", n) for n in (1, 2)] == ["{n} waits.", "{n} wait."]


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_placeholders_commands_and_blanks_are_the_same(language: str) -> None:
    for message in translated(language):
        original = texts(message.id)[-1]
        for said in texts(message.string):
            assert placeholders(said) in [placeholders(each) for each in texts(message.id)], said  # one needs no number
            assert Counter(COMMAND.findall(said)) == Counter(COMMAND.findall(original)), said
            assert ends(said) == ends(original), said
            assert said.count("\n") == original.count("\n"), said


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_the_compiled_catalogue_is_what_the_other_compiles_to(language: str) -> None:
    """If this fails: `uv run python .ci/translate`."""
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    with po(language).with_suffix(".mo").open("rb") as there:
        assert read_back(there) == read_back(compiled)


@pytest.mark.parametrize("language", ["en", *TRANSLATIONS])
def test_what_platforms_show_in_little_room_fits(language: str) -> None:
    with speaking(language):
        described = [row.help() for row in COMMANDS] + [o.help() for row in COMMANDS for o in row.options]
        assert all(1 <= len(text) <= 100 for text in [*described, discord.organize()])  # Discord; Telegram: 256
        assert len(telegram.description()) <= 512
        assert len(telegram.short_description()) <= 120
        assert len(telegram.can_clear()) <= 190
        assert len(telegram.not_cleared()) <= 200
        assert len(discord.enter_card()) <= 45
        assert len(discord.card_label()) <= 45
        labels = [discord.enter_card(), telegram.bind_label(), telegram.not_now_label(), telegram.open_private()]
        assert all(len(label) <= LONGEST_LABEL for label in labels)
