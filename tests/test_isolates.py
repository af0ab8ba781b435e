"""A name in another direction than the sentence around it turns nothing, and is turned by nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from gettext import NullTranslations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from bot.parsing import typed_text
from bot.secrets.card_codes import mint, pretty
from handlers.texts import catalogue, console, names, workers
from handlers.texts.catalogue import Sentence, _, isolated, speaking
from handlers.texts.isolates import END, FIRST_STRONG, LEFT_TO_RIGHT, latin_isolated
from tests.fixed import TERMS

CLINIC, DEPOT = "مستشفى المدينة", "Depot شمال 12"

HEBREW = "hebrew"


class Hebrew(NullTranslations):
    """A language from right to left with one sentence."""

    def info(self) -> dict[str, str]:
        return {"language": "ar"}

    def gettext(self, message: str) -> str:
        return {"{workplace}: {n} cards drawn.": "{workplace}: {n} כרטיסים. /draft"}.get(message, message)


@pytest.fixture
def right_to_left() -> Iterator[None]:
    catalogue.SPECIAL[HEBREW] = Hebrew()
    with speaking(HEBREW):
        yield
    del catalogue.SPECIAL[HEBREW]


def apart(text: str) -> str:
    return f"{FIRST_STRONG}{text}{END}"


def drawn(workplace: str, n: object = 3) -> str:
    return _("{workplace}: {n} cards drawn.").format(workplace=workplace, n=n)


def test_a_sentence_in_english_keeps_apart_what_could_turn_it_and_nothing_else() -> None:
    assert drawn("Depot 12") == "Depot 12: 3 cards drawn."
    assert drawn("城市医院") == "城市医院: 3 cards drawn."
    assert drawn(CLINIC) == f"{apart(CLINIC)}: 3 cards drawn."
    assert drawn(DEPOT) == f"{apart(DEPOT)}: 3 cards drawn."


@pytest.mark.usefixtures("right_to_left")
def test_a_sentence_from_right_to_left_keeps_apart_names_dates_codes_and_its_own_latin_words() -> None:
    command = f"{LEFT_TO_RIGHT}/draft{END}"
    assert drawn("Depot 12") == f"{apart('Depot 12')}: 3 כרטיסים. {command}"
    assert drawn(CLINIC, "1,200") == f"{apart(CLINIC)}: 1,200 כרטיסים. {command}"
    assert drawn("2027-05-01", "09:00") == f"{apart('2027-05-01')}: 09:00 כרטיסים. {command}"


def test_a_sentence_in_a_sentence_has_its_direction() -> None:
    assert Sentence("{a}!").format(a=Sentence("{b}?").format(b=CLINIC)) == f"{apart(CLINIC)}?!"


def test_names_in_a_row_stay_in_their_order() -> None:
    assert names.joined(["A", "B", "C"]) == "A, B, C"
    assert names.joined([CLINIC, "Depot", DEPOT]) == f"{apart(CLINIC)}, Depot, {apart(DEPOT)}"
    assert names.joined([]) == ""
    assert isolated(CLINIC) == apart(CLINIC)


@pytest.mark.parametrize(
    ("sentence", "apart_are"),
    [
        ("/draft {x} ב --all", ["/draft", "--all"]),
        ("walkout.toml.", ["walkout.toml"]),
        ("(Telegram) «Discord»، `allout run {x}`؟", ["Telegram", "Discord", "`allout run {x}`"]),
        ("{workplace}: {n} 12:30", []),
        ("Times Square ב", ["Times Square"]),
    ],
)
def test_what_stands_in_latin_letters_is_kept_apart_whole(sentence: str, apart_are: list[str]) -> None:
    said = latin_isolated(sentence)
    assert [part.partition(END)[0] for part in said.split(LEFT_TO_RIGHT)[1:]] == apart_are
    assert said.replace(LEFT_TO_RIGHT, "").replace(END, "") == sentence


@given(st.text(), st.text())
def test_whatever_is_filled_in_isolates_are_closed_unless_it_closes_them_itself(one: str, two: str) -> None:
    said = Sentence("{one} {two}").format(one=one, two=two)
    opened = [char for char in said if unicodedata.bidirectional(char) in {"FSI", "LRI", "RLI"}]
    given_ = [char for char in one + two if unicodedata.bidirectional(char) in {"FSI", "LRI", "RLI"}]
    assert said.count(END) - (one + two).count(END) == len(opened) - len(given_)


def test_a_code_copied_with_its_isolates_is_read() -> None:
    code = mint()
    for around in (FIRST_STRONG, LEFT_TO_RIGHT, "\u2067"):
        [found] = typed_text.codes(f"{around}{pretty(code)}{END}")
        assert found.text == code


def test_the_console_measures_lines_by_cells() -> None:
    said = console.room("城", "城市医院护士罢工" * 20 + " " + "ab " * 40)
    assert all(wcswidth(line) <= console.WIDTH for line in said.split("\n"))
    assert max(map(wcswidth, said.split("\n"))) > console.WIDTH - 4


def test_a_headline_keeps_its_parts_apart() -> None:
    assert workers.headline(replace(TERMS, title=CLINIC, city="New York")) == f"{apart(CLINIC)} · New York"


@pytest.mark.usefixtures("right_to_left")
def test_a_link_is_left_as_it_is_for_clients_take_what_stands_behind_it_for_a_part() -> None:
    link = "https://t.me/allout_bot?start=K7M3Q"
    assert isolated(link) == link
    assert latin_isolated(f"{CLINIC} {link}\n{CLINIC}") == f"{CLINIC} {link}\n{CLINIC}"


@pytest.mark.usefixtures("right_to_left")
def test_the_mark_before_a_command_stays_with_it() -> None:
    assert latin_isolated("אאא /{command} !tally") == f"אאא {LEFT_TO_RIGHT}/{{command}}{END} {LEFT_TO_RIGHT}!tally{END}"
