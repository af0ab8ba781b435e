"""One table ties what clients say to a catalogue, and a catalogue to what platforms call it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.process.clock import MovableClock
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.conversation.messages import (
    LONGEST_COMMAND_DATA,
    LONGEST_DATA,
    Button,
    carry_on,
    carrying,
    language_carried,
    say_buttons,
)
from handlers.discord.commands import make_tree, payload
from handlers.telegram.menus import _menus
from handlers.texts import catalogue
from handlers.texts.catalogue import languages, speaking, spoken
from handlers.texts.languages import LANGUAGES, meant
from tests.catalogues import learn_marked, without_isolates
from tests.discord.commands import LONGEST_COMMAND, LONGEST_DESCRIPTION
from tests.test_presses_name_their_walkout import ANA, two_walkouts

SAID = {
    "zh": "zh-Hans",
    "zh-hans": "zh-Hans",
    "zh_Hans": "zh-Hans",
    "zh-CN": "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-Hans-HK": "zh-Hans",
    "zh-hant": "zh-Hant",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
    "zh-MO": "zh-Hant",
    "zh-Hant-HK": "zh-Hant",
    "yue": "zh-Hant",
    "yue-HK": "zh-Hant",
    "HT": "ht",
    "ht-HT": "ht",
    "ar": "ar",
    "ar-EG": "ar",
    "es-419": "es",
    "ES-mx": "es",
    "es-ES": "es",
    "fr-CA": "fr",
    "ur-PK": "ur",
    "bn-IN": "bn",
    "ko-KR": "ko",
    "pl": "pl",
    "ru": "ru",
    "en-GB": "en",
    "en-US": "en",
    "pt-br": None,
    "pt-BR": None,
    "de": None,
    "": None,
    "-": None,
    "--es": None,
    "esperanto": None,
    "../../es": None,
    "e\0s": None,
    "\ud83d": None,
    "বাংলা": None,
    "-" * 100_000: None,
    "x" * 100_000: None,
    "es-" + "x" * 100_000: "es",
}
"""What clients say, or what somebody could make one say, and which language that is; None: none of ours."""


@pytest.fixture
def all_twelve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learn_marked(tmp_path, monkeypatch, *(each.code for each in LANGUAGES if each.code not in {"en", "es"}))


@pytest.mark.parametrize(("said", "code"), SAID.items(), ids=lambda each: str(each)[:12].encode("ascii", "replace"))
@pytest.mark.usefixtures("all_twelve")
def test_what_a_client_says_means_a_language_or_english(said: str, code: str | None) -> None:
    found = meant(said)
    assert (None if found is None else found.code) == code
    assert catalogue.language(said) == code
    with speaking(said):  # whatever it is
        assert catalogue._("Pledge")


def test_a_language_without_a_catalogue_is_answered_in_english() -> None:
    for each in LANGUAGES:
        if each.code not in languages():
            with speaking(each.code):
                assert spoken() == "en"


def test_no_two_languages_share_a_letter_a_locale_or_a_name() -> None:
    for named in ("code", "name", "letter"):
        assert max(Counter(getattr(each, named) for each in LANGUAGES).values()) == 1
    assert max(Counter(locale for each in LANGUAGES for locale in each.discord).values()) == 1
    assert all(re.fullmatch("[a-z]{2}", each.telegram) for each in LANGUAGES)
    assert all(re.fullmatch("[a-z]", each.letter) for each in LANGUAGES)
    assert all(meant(locale) is each for each in LANGUAGES for locale in each.discord)


# -- menus and descriptions -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("all_twelve")
def test_each_menu_is_set_once_and_both_scripts_of_chinese_share_one() -> None:
    everybodys = _menus()
    assert list(everybodys) == [None, "es", "zh", "ru", "bn", "ht", "ko", "ar", "ur", "fr", "pl"]
    assert everybodys["zh"] == "zh-Hans"
    assert _menus("zh-TW") == {None: "en", "zh": "zh-Hant"}
    assert _menus("es-MX") == {None: "en", "es": "es"}
    assert _menus("de") == _menus("") == _menus("en") == {None: "en"}


def described() -> list[dict[str, Any]]:
    """Write the commands as Discord takes them."""

    async def never(*_what: object) -> Any:
        raise AssertionError

    async def write() -> list[dict[str, Any]]:
        return payload(make_tree(discord.Client(intents=discord.Intents.none()), never, never))

    return asyncio.run(write())


def length(command: Mapping[str, Any]) -> int:
    """Count as Discord does: of each field its longest translation."""
    choices = sum(len(one["name"]) + len(str(one["value"])) for one in command.get("choices") or [])
    said = [command["description"], *(command.get("description_localizations") or {}).values()]
    return len(command["name"]) + max(map(len, said)) + choices + sum(map(length, command.get("options") or []))


def each_of(commands: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for command in commands:
        yield command
        yield from each_of(command.get("options") or [])


def test_descriptions_fit_discord_in_every_language() -> None:
    commands = described()
    said = [
        text
        for command in each_of(commands)
        for text in (command["description"], *command["description_localizations"].values())
    ]
    assert max(map(len, said)) <= LONGEST_DESCRIPTION
    assert max(map(length, commands)) <= LONGEST_COMMAND
    assert {"es-ES", "es-419"} <= set(commands[0]["description_localizations"])


def test_arabic_is_described_though_the_library_knows_no_such_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ar" not in {each.value for each in discord.Locale}
    learn_marked(tmp_path, monkeypatch, "ar", "bn", "zh-Hant")
    for command in each_of(described()):
        there = command["description_localizations"]
        assert set(there) == {"ar", "zh-TW", "es-ES", "es-419"}  # nobody's client on Discord speaks Bengali
        assert without_isolates(there["ar"]) == f"⟦ar⟧{command['description']}"


# -- a choice, carried in buttons -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [each.code for each in LANGUAGES])
def test_a_button_carries_a_language_in_two_bytes_and_is_read_back(code: str) -> None:
    for data in ("p:CODE.p2x9q", "n:", "z:board p2x9q", "k:"):
        carried = carrying(data, code)
        assert len(carried) == len(data) + 2
        assert language_carried(carried) == (data, code)
        assert carrying(carried, "es") == carried  # one that leads to another language still does
        assert language_carried(data) == (data, "")


@pytest.mark.parametrize("data", ["", "~", "~b", "p:~", "p:~?", "p:~B", "p:b"])
def test_what_carries_no_language_is_left_as_it_is(data: str) -> None:
    found = language_carried(data)
    assert found == (("", "bn") if data == "~b" else (data, ""))
    assert carrying(data, "") == carrying(data, "de") == data


def test_a_name_that_ends_like_a_language_is_not_taken_for_one() -> None:
    (button,) = say_buttons([("Board", ("board", "p2x9q", "Depot~b"))])
    assert language_carried(button.data) == (button.data, "")
    (chosen,) = carry_on([button], "ar")
    assert language_carried(chosen.data) == (button.data, "ar")


def test_a_language_fits_on_the_longest_command_that_a_button_says() -> None:
    def say(letters: int) -> list[Button]:
        return list(say_buttons([("Board", ("board", "x" * letters))]))

    longest = LONGEST_COMMAND_DATA - len("z:board ")
    (button,) = carry_on(say(longest), "bn")
    assert len(button.data) == LONGEST_DATA
    assert say(longest + 1) == []


class Chooser:
    """Somebody whose app speaks English, and who presses what they see."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def says(self, text: str) -> Reply:
        return await self._answered(Said(who=ANA, text=text, language="en"))

    async def presses(self, reply: Reply, label: str) -> Reply:
        found = {button.label: button.data for button in reply.buttons}
        return await self._answered(Said.pressed(ANA, found[label], language="en"))

    async def _answered(self, said: Said) -> Reply:
        reply = await self._conversation.answer(said)
        assert reply is not None
        assert all(len(button.data.encode()) <= LONGEST_DATA for button in reply.buttons)
        return reply


@pytest.fixture
def bengali(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    learn_marked(tmp_path, monkeypatch, "bn")
    return "⟦bn⟧"


async def test_a_choice_lasts_from_the_terms_to_the_notice_and_no_further_than_what_is_pressed(
    data: Path, clock: MovableClock, bengali: str
) -> None:
    async with two_walkouts(data, clock) as (app, codes):
        ana = Chooser(Conversation(app, Ways(can_see=lambda: "", in_a_hurry=True)))
        terms = await ana.says(codes[0])
        assert terms.buttons[-1].label == "Language 文 বা ع"
        page = await ana.presses(terms, "Language 文 বা ع")
        assert [button.label for button in page.buttons] == ["✓ English", "Español", "বাংলা"]
        shown = await ana.presses(page, "বাংলা")
        assert shown.kind == "terms"
        for label, kind in (
            ("Pledge", "pledged"),
            ("Check", "status"),
            ("Withdraw", "withdrawn"),
            ("Pledge", "pledged"),
            ("Tell me", "notice_terms"),
            ("Yes, tell me", "notice"),
            ("Questions", "questions"),
            ("Back to my card", "terms"),
            ("Language 文 বা ع", "language"),
            ("✓ বাংলা", "status"),
        ):
            assert bengali in shown.text
            assert all(language_carried(button.data)[1] for button in shown.buttons)
            shown = await ana.presses(shown, label if label.startswith("✓") else f"{bengali}{label}")
            assert shown.kind == kind
        typed = await ana.says(codes[0])
        assert bengali not in typed.text
        assert not any(language_carried(button.data)[1] for button in typed.buttons)
