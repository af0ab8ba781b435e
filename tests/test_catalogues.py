"""Every language of the table says all that the code says, in the same form, and short enough for where it is shown."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path
from string import Formatter
from typing import BinaryIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from wcwidth import wcswidth

import handlers
from handlers.conversation import COMMANDS
from handlers.texts import catalogue as texts_in
from handlers.texts import discord, telegram
from handlers.texts.catalogue import LOCALES, languages, speaking
from handlers.texts.languages import ENGLISH, LANGUAGES, meant

HANDLERS = Path(handlers.__file__).parent
TRANSLATIONS = [language for language in languages() if language != ENGLISH]

Texts = tuple[str, ...]

COMMAND = re.compile(r"(?<![\w/])/[a-z]+|--[a-z-]+|`[^`]+`")

LONGEST_LABEL = 20
"""In cells."""

SOME_NUMBERS = (0, 1, 2, 3, 5, 11, 21, 100, 101, 102, 1_000_000)
NO_FORMS = (0,) * len(SOME_NUMBERS)
ONE_IS_ONE = (1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)
NONE_IS_ONE = (0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)
FORMS = {
    "es": ONE_IS_ONE,
    "zh-Hans": NO_FORMS,
    "zh-Hant": NO_FORMS,
    "ru": (2, 0, 1, 1, 2, 2, 0, 2, 0, 1, 2),
    "bn": NONE_IS_ONE,
    "ht": ONE_IS_ONE,
    "ko": NO_FORMS,
    "ar": (0, 1, 2, 3, 3, 4, 4, 5, 5, 5, 5),
    "ur": ONE_IS_ONE,
    "fr": NONE_IS_ONE,
    "pl": (2, 0, 1, 1, 2, 2, 2, 2, 2, 1, 2),
}
"""Which form is said for each of these numbers. Spanish and French have one for whole millions too, with "de": here
a number stands alone before what is counted, and never is that large."""

QUOTES = {
    "es": "“”",
    "zh-Hans": "“”",
    "zh-Hant": "「」",
    "ru": "«»",
    "bn": "“”",
    "ht": "“”",
    "ko": "“”",
    "ar": "«»",
    "ur": "“”",
    "fr": "«»",
    "pl": "„”",
}

QUOTE = re.compile("[“”„«»「」『』]")
DIRECTION_MARK = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MADE_BY_A_MACHINE = "made by a machine"


@cache
def sentences() -> set[Texts]:
    """Extract what the code says: one text, or singular and plural."""
    keywords = {"_": None, "ngettext": (1, 2)}
    return {texts(message) for _file, _line, message, *_ in extract_from_dir(HANDLERS, keywords=keywords)}


@cache
def catalogue(language: str) -> Catalog:
    with po(language).open("rb") as file:
        return read_po(file, locale=folder(language))


@cache
def compiled(language: str) -> NullTranslations:
    return translation("allout", LOCALES, languages=[folder(language)])


def po(language: str) -> Path:
    return LOCALES / folder(language) / "LC_MESSAGES" / "allout.po"


def folder(language: str) -> str:
    known = meant(language)
    assert known is not None
    return known.folder


def messages(language: str) -> Iterator[Message]:
    return (message for message in catalogue(language) if message.id)


def said_in(language: str) -> Iterator[str]:
    return (said for message in messages(language) for said in texts(message.string))


def form(language: str, n: int) -> int:
    """Say which form is for a number: the catalogue knows, but tells only through what it says."""
    return int(compiled(language).plural(n))  # type: ignore[attr-defined]


@cache
def for_one_number(language: str, *, least: int = 0) -> set[int]:
    """Say which forms are for one number alone, of those from the least on."""
    return {which for which, numbers in Counter(form(language, n) for n in range(least, 1000)).items() if numbers == 1}


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


def test_every_language_of_the_table_is_there() -> None:
    assert languages() == [each.code for each in LANGUAGES]


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_catalogue_holds_exactly_the_sentences_of_the_code(language: str) -> None:
    """If this fails: `uv run python .ci/translate`, then translate what is new."""
    held = {texts(message.id) for message in messages(language)}
    assert held - sentences() == set()
    assert sentences() - held == set()
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_every_sentence_is_translated_and_none_by_guessing(language: str) -> None:
    """If this fails: `uv run python .ci/translate --open` lists what is to be translated."""
    plurals = max(FORMS[language]) + 1
    assert catalogue(language).num_plurals == plurals
    for message in messages(language):
        assert len(texts(message.string)) == (plurals if message.pluralizable else 1), message.id
        assert all(said.strip() for said in texts(message.string)), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_each_number_has_the_form_that_the_language_has_for_it(language: str) -> None:
    assert tuple(form(language, n) for n in SOME_NUMBERS) == FORMS[language]


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_catalogue_says_who_made_it(language: str) -> None:
    assert MADE_BY_A_MACHINE in " ".join(catalogue(language).header_comment.replace("#", " ").split())


def test_what_waits_is_said_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Catalog(locale="es")
    waiting.add("It waits.", "")
    waiting.add(("{n} waits.", "{n} wait."), ("", ""))
    where = tmp_path / "es" / "LC_MESSAGES"
    where.mkdir(parents=True)
    with (where / "allout.mo").open("wb") as file:
        write_mo(file, waiting)
    monkeypatch.setattr(texts_in, "LOCALES", tmp_path)
    with speaking("es"):
        assert texts_in._("It waits.") == "It waits."
        assert [texts_in.ngettext("{n} waits.", "{n} wait.", n) for n in (1, 2)] == ["{n} waits.", "{n} wait."]


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_placeholders_commands_and_blanks_are_the_same(language: str) -> None:
    """A form for one number alone may say it in a word, as English does."""
    for message in messages(language):
        original = texts(message.id)[-1]
        for which, said in enumerate(texts(message.string)):
            least = int("{names}" in texts(message.id)[0])  # what names some is not said of none
            alone = message.pluralizable and which in for_one_number(language, least=least)
            wanted = [placeholders(each) for each in (texts(message.id) if alone else [original])]
            assert placeholders(said) in wanted, said
            assert Counter(COMMAND.findall(said)) == Counter(COMMAND.findall(original)), said
            assert ends(said) == ends(original), said
            assert said.count("\n") == original.count("\n"), said


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_digits_are_ascii_and_direction_is_left_to_the_program(language: str) -> None:
    for said in said_in(language):
        assert all(letter.isascii() for letter in said if letter.isdecimal()), said
        assert not DIRECTION_MARK.search(said), said


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_quotes_are_those_of_the_language_and_come_in_pairs(language: str) -> None:
    for said in said_in(language):
        quotes = "".join(QUOTE.findall(said))
        assert quotes == QUOTES[language] * (len(quotes) // 2), said
        assert said.count("`") % 2 == 0, said


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_the_compiled_catalogue_is_what_the_other_compiles_to(language: str) -> None:
    """If this fails: `uv run python .ci/translate`."""
    there = io.BytesIO()
    write_mo(there, catalogue(language))
    there.seek(0)
    with po(language).with_suffix(".mo").open("rb") as file:
        assert read_back(file) == read_back(there)


@pytest.mark.parametrize("language", languages())
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
        assert all(wcswidth(label) <= LONGEST_LABEL for label in labels)
