# ruff: noqa: RUF001  quotes that look alike are what this is about
"""Workplaces are found by their names as people type them, and the bot's own hints work when they are copied."""

from __future__ import annotations

import re
import unicodedata

import pytest

from tests.console.play import (
    Play,
    all_to,
    kinds,
    roster,
    terms,
    to,
)

QUOTED = [('The "Blue" Depot', 10, 5), ("Завод «Искра»", 10, 5), ("St. Mary’s", 10, 5), ('5" Pipe Works', 10, 5)]


def committee(play: Play, shops: list[tuple[str, int, int]], *lines: str) -> list[dict[str, object]]:
    play.prepare(terms(citywide_threshold=5), roster(shops))
    return all_to(play.console(*(f"@olga {line}" for line in lines)), "olga")


@pytest.mark.parametrize("name", [name for name, *_ in QUOTED])
def test_a_name_with_quotes_is_found_in_whatever_quotes_it_is_typed(play: Play, name: str) -> None:
    bare = re.sub('["«»]', "", name).replace("’", "'")
    typed = [f'"{name}"', f"“{name}”", f"«{name}»", name, bare, bare.upper(), f"\u2068{name}\u2069"]
    lines = committee(play, QUOTED, *(f"/room {each} #r{n}" for n, each in enumerate(typed)))
    assert kinds(lines) == ["done"] * len(typed)
    assert all(f"the news of {name} from now on" in str(line["text"]) for line in lines)


@pytest.mark.parametrize("name", [name for name, *_ in QUOTED])
def test_the_bots_own_hints_work_when_they_are_copied(play: Play, name: str) -> None:
    [hint] = committee(play, QUOTED, f'/cards "{name}"')
    copied = re.search(r"/cards .*", str(hint["text"]))
    assert copied is not None
    voided = all_to(play.console(f"@olga {copied[0]}"), "olga")[-1]
    assert name in str(voided["text"])
    assert voided["kind"] not in {"no_such_workplace", "help"}


def test_names_of_a_mac_are_stored_and_found_as_everybody_elses(play: Play) -> None:
    names = ["Café Central", "도시 병원", "Źródło", "জ\u09dfনগর", "（株）山田"]
    stored = unicodedata.normalize("NFD", names[0]), *names[1:]
    asked = [*names[:4], "(株)山田", unicodedata.normalize("NFD", names[1]), "জ\u09af\u09bcনগর"]
    lines = committee(play, [(name, 10, 5) for name in stored], *(f"/board {name}" for name in asked))
    assert [line["kind"] for line in lines] == ["board"] * len(asked)
    assert all(": 1 of 5 workplaces" in str(line["text"]) for line in lines)
    assert "Café Central" in str(lines[0]["text"])  # composed


def test_a_misspelled_name_is_answered_with_buttons_that_say_it_right(play: Play) -> None:
    play.prepare(terms(citywide_threshold=5), roster([("North Depot", 10, 5), ("Café", 10, 5), ("School", 10, 5)]))
    lines = play.console(
        '@olga /room "Nort Depot" #x', "@olga [North Depot]", "@olga /room cafe #y", "@olga [Café]", "@olga /board cafe"
    )
    misspelled, bound, cafe, bound_too, board = to(lines, "olga")
    assert (misspelled["kind"], misspelled["buttons"]) == ("no_such_workplace", ["North Depot"])
    assert "#x hears the news of North Depot from now on" in bound["text"]
    assert cafe["buttons"] == ["Café"]
    assert "#y hears the news of Café from now on" in bound_too["text"]
    assert "Do you mean: Café" in board["text"]
    assert board["buttons"][-1] == "Café"


def test_a_whole_name_goes_before_a_keyword_and_the_keyword_can_be_said(play: Play) -> None:
    shops = [("Depot", 10, 5), ("Void Depot", 10, 5), ("Citywide", 10, 5), ("Off", 10, 5), ("CSV Market", 10, 5)]
    lines = committee(
        play,
        shops,
        "/room Citywide #a",
        "/room Off #b",
        "/room citywide #c",
        "/room off #b",
        "/board CSV Market",
        "/board csv Market",
        "/board csv",
        "/rooms",
    )
    assert "#a hears the news of Citywide from now on" in str(lines[0]["text"])
    assert "#b hears the news of Off from now on" in str(lines[1]["text"])
    assert "#c hears the citywide news from now on" in str(lines[2]["text"])
    assert "#b hears nothing more" in str(lines[3]["text"])
    assert [line["kind"] for line in lines[4:7]] == ["board", "board", "board_csv"]


def test_the_cards_that_are_voided_are_those_of_the_named_workplace(play: Play) -> None:
    shops = [("Depot", 10, 5), ("Void Depot", 10, 5)]
    lines = committee(play, shops, "/cards Void Depot", "/cards void depot", '/cards void "Void Depot"')
    assert all("Void Depot has as many cards as people" in str(line["text"]) for line in lines[:2])
    assert "Void the cards of Void Depot" in str(lines[2]["text"])
    [line] = all_to(play.console('@olga /cards void "Depot"'), "olga")
    assert "Void the cards of Depot" in str(line["text"])


def test_a_number_is_read_in_any_digits(play: Play) -> None:
    play.prepare(terms(citywide_threshold=5), roster([("Depot", 1000, 5), ("Local 79", 10, 5)]))
    lines = play.console(
        "@olga /drawn Depot ٣٨", "@olga /drawn Depot １２", "@olga /drawn Depot 1,000", "@olga /drawn “Local 79” ৭"
    )
    said = [line["text"] for line in to(lines, "olga")]
    assert said[0].startswith("Depot: 38 cards drawn")
    assert said[1].startswith("Depot: 12 cards drawn")
    assert said[2].startswith("Depot: 1,000 cards drawn")
    assert said[3].startswith("Local 79: 7 cards drawn")
