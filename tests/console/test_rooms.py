"""Rooms in their languages, their list and its pages, and the test that every room hears."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalogues import learn_esperanto, learn_marked
from tests.console.play import (
    Play,
    anyway,
    bare,
    heard,
    kinds,
    news,
    pledging,
    roster,
    sure,
    terms,
    to,
)

NOT_NOW = (
    "Not now. {headline}: not enough of us pledged in time, so nobody walks out. Go to work as usual. No list of who "
    "pledged exists."
)
CALLED_OFF = "Called off. {headline}: the organizers have called it off. Nobody walks out: go to work as usual."


@pytest.fixture
def esperanto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learn_esperanto(tmp_path, monkeypatch, {CALLED_OFF: "Nuligita: {headline}."})


# --- languages ---


@pytest.mark.usefixtures("esperanto")
@pytest.mark.parametrize(
    ("typed", "scope"),
    [
        ("citywide eo #room", "citywide"),
        ("CITYWIDE EO #room", "citywide"),
        ("{id} citywide eo #room", "citywide"),
        ("Depot eo #room", "Depot"),
        ('"Café, North" eo #room', "Café, North"),
        ("Café, North eo #room", "Café, North"),
    ],
)
def test_a_room_hears_the_news_in_the_language_chosen_behind_what_it_hears(play: Play, typed: str, scope: str) -> None:
    walkout = play.prepare().id
    lines = play.console(
        f"@olga /room {typed.format(id=walkout)}",
        "@olga /rooms",
        *(sure if scope == "citywide" else anyway)("@olga /open"),
        "!wait",
        *sure("@olga /calloff"),
        "!wait",
    )
    bound, listed = to(lines, "olga")[:2]
    assert "from now on, in this language: eo." in bound["text"]
    assert listed["text"] == f"#room (console): {scope}, eo"
    assert bare(heard(lines, "#room", "called_off")[0]) == "Nuligita: One day for the rent freeze · New York."


@pytest.mark.usefixtures("esperanto")
def test_binding_again_with_another_language_changes_it_and_without_one_keeps_it(play: Play) -> None:
    play.prepare()
    spoken = []
    for typed in ("citywide", "citywide eo", "citywide", "citywide en"):
        lines = play.console(f"@olga /room {typed} #room", "@olga /rooms")
        spoken.append(to(lines, "olga")[-1]["text"].rpartition(", ")[2])
    assert spoken == ["English", "eo", "eo", "English"]


def test_a_room_for_which_no_language_was_chosen_hears_the_walkouts_own(play: Play) -> None:
    english = '[en]\ntitle = "One day"\ndemands = ["Bread"]\n'
    play.draft('language = "es"\n' + terms(title="Un día", city="", demands=["Pan"]) + english)
    lines = play.console(
        "@olga /room citywide #a", "@olga /room Depot en #b", "@olga /rooms", *sure("@olga /open"), "!wait"
    )
    assert to(lines, "olga")[2]["text"].split("\n")[:2] == [
        "#a (console): citywide, Español",
        "#b (console): Depot, English",
    ]
    assert heard(lines, "#a", "opened")[0].startswith("Un día\nExigimos:\n• Pan\n")
    assert heard(lines, "#b", "opened")[0].startswith("One day\nWe want:\n• Bread\n")


@pytest.mark.usefixtures("esperanto")
def test_a_workplaces_whole_name_comes_before_a_language(play: Play) -> None:
    shops = [("Casa Eo", 10, 5), ("Casa", 10, 5), ("Citywide Cleaning", 10, 5), ("Mill", 10, 5)]
    play.prepare(terms(citywide_threshold=5), roster(shops))
    lines = play.console(
        "@olga /room Casa Eo #one",
        "@olga /room Casa en #two",
        "@olga /room Citywide Cleaning #three",
        "@olga /room Citywide Cleaning eo #four",
        '@olga /room "Casa Eo" eo #five',
        "@olga /rooms",
    )
    assert set(to(lines, "olga")[-1]["text"].split("\n")) == {
        "#one (console): Casa Eo, English",
        "#two (console): Casa, English",
        "#three (console): Citywide Cleaning, English",
        "#four (console): Citywide Cleaning, eo",
        "#five (console): Casa Eo, eo",
    }


@pytest.mark.usefixtures("esperanto")
def test_a_language_that_the_bot_does_not_speak_is_refused_with_those_it_does(play: Play) -> None:
    play.prepare()
    lines = play.console("@olga /room citywide tlh #room", "@olga /room", "@olga /rooms")
    refused, usage, listed = to(lines, "olga")
    assert refused["kind"] == "no_such_language"
    assert refused["text"] == "I do not speak tlh. I speak: en (English), eo (eo). Nothing changed."
    assert "en (English), eo (eo)" in usage["text"]
    assert "No chat hears the news yet." in listed["text"]


def test_rooms_hear_a_language_with_a_script_whatever_a_client_calls_it(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_marked(tmp_path, monkeypatch, "zh-Hans", "zh-Hant")
    play.prepare(terms(title="One day") + '[zh-Hans]\ntitle = "一天"\n[zh-Hant]\ntitle = "一日"\n')
    lines = play.console(
        "@olga /room citywide zh-CN #a",
        "@olga /room Depot zh-Hant-HK #b",
        "@olga /room citywide tlh #d",
        "@olga /rooms",
        *sure("@olga /open"),
        "!wait",
    )
    refused, listed = to(lines, "olga")[2:4]
    assert listed["text"].split("\n")[:2] == ["#a (console): citywide, 简体中文", "#b (console): Depot, 繁體中文"]
    assert "zh-Hans (简体中文), zh-Hant (繁體中文)" in refused["text"]
    assert "一天" in heard(lines, "#a", "opened")[0]
    assert "⟦zh-Hans⟧" in heard(lines, "#a", "opened")[0]
    assert "一日" in heard(lines, "#b", "opened")[0]


# --- the list ---


def test_many_rooms_are_listed_on_pages_of_twelve(play: Play) -> None:
    play.prepare()
    rooms = [f"#room{number:02}" for number in range(30)]
    lines = play.console(
        *(f"@olga /room citywide {room}" for room in rooms),
        "@olga /rooms",
        "@olga [Next]",
        "@olga [Next]",
        "@olga [Previous]",
    )
    pages = to(lines, "olga")[-4:]
    assert [page["text"].split("\n")[-1] for page in pages] == [f"Page {number} of 3" for number in (1, 2, 3, 2)]
    listed = [line.split(" ")[0] for page in pages[:3] for line in page["text"].split("\n")[:-1]]
    assert listed == rooms
    assert [page["buttons"] for page in pages] == [
        ["Send a test", "Next"],
        ["Send a test", "Previous", "Next"],
        ["Send a test", "Previous"],
        ["Send a test", "Previous", "Next"],
    ]


# --- the test ---


def test_every_room_hears_a_test_that_names_what_it_is_bound_to(play: Play) -> None:
    play.prepare()
    lines = play.console(
        "@olga /room citywide #city",
        "@olga /room citywide #second",
        "@olga /room Depot #depot",
        "@olga /rooms",
        "@olga [Send a test]",
        "!wait",
        "@olga /audit",
    )
    assert sorted(news(lines)) == [
        ("#city", "room_test", "citywide"),
        ("#depot", "room_test", "Depot"),
        ("#second", "room_test", "citywide"),
    ]
    city, depot = (bare(heard(lines, room, "room_test")[0]) for room in ("#city", "#depot"))
    assert city == "This is a test: this room hears the citywide news of One day for the rent freeze."
    assert depot == "This is a test: this room hears the news of Depot for One day for the rent freeze."
    asked, audit = to(lines, "olga")[-2:]
    assert (asked["kind"], asked["text"].partition(",")[0]) == ("done", "3 rooms hear a test now")
    assert audit["text"].startswith("olga had every room hear a test")


def test_a_test_can_be_asked_for_once_a_minute(play: Play) -> None:
    play.prepare()
    lines = play.console(
        "@olga /room citywide #city",
        "@olga /rooms",
        "@olga [Send a test]",
        "@olga [Send a test]",
        "!clock 2026-12-01T08:00:59-05:00",
        "@omar /rooms",
        "@omar [Send a test]",
        "!clock 2026-12-01T08:01:00-05:00",
        "@omar [Send a test]",
        "!wait",
    )
    assert kinds(to(lines, "olga"))[-2:] == ["done", "too_soon"]
    assert kinds(to(lines, "omar")) == ["rooms", "too_soon", "done"]
    assert len(heard(lines, "#city", "room_test")) == 2


def test_no_test_is_offered_where_there_is_no_room_and_none_made_once_it_is_over_or_by_others(play: Play) -> None:
    play.prepare()
    lines = play.console(
        "@olga /rooms",
        "@olga /room citywide #city",
        "@olga /rooms",
        "@olga /room off #city",
        "@olga [Send a test]",  # the rooms have gone meanwhile
        "@olga /room citywide #city",
        "@ana /rooms",
        *sure("@olga /open"),
        "!wait",
        *sure("@olga /calloff"),
        "!wait",
        "@olga [Send a test]",
        "!wait",
    )
    empty, _bound, _listed, _off, nobody = to(lines, "olga")[:5]
    assert empty["buttons"] == []
    assert "No chat hears the news yet." in nobody["text"]
    assert kinds(to(lines, "olga"))[-1] == "wrong_stage"
    assert kinds(to(lines, "ana")) == ["forbidden"]
    assert not heard(lines, "#city", "room_test")


def test_before_it_is_on_no_test_tells_the_city_of_a_workplace(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=40)).cards
    lines = play.console(
        "@olga /room citywide #city",
        "@olga /room Depot #depot",
        *sure("@olga /open"),
        "!wait",
        *pledging("d", cards["Depot"][:6]),
        "!tally",
        "@olga /rooms",
        "@olga [Send a test]",
        "!wait",
    )
    assert heard(lines, "#depot", "workplace_ready")
    assert not [line for line in lines if line.get("room") == "#city" and "Depot" in line["text"]]
