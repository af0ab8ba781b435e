"""Organizers say something themselves: approved, marked as their own words, once a day, and corrected once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.console.live import Live, live
from tests.console.play import (
    PLEDGE_BY,
    STARTS,
    Line,
    Play,
    answers,
    anyway,
    kinds,
    letters,
    pledging,
    sure,
    terms,
    to,
)

NUMBERS = {"Depot": 6, "School": 5, "Café, North": 5}
ROOMS = ("@olga /room citywide #all", *(f'@olga /room "{name}" #{name.split(",")[0]}' for name in NUMBERS))


def terms_in_two(**changes: object) -> str:
    return terms(approvals=2, citywide_threshold=11, **changes) + '\n[es]\ntitle = "Un día por la renta"\n'


class City:
    """It is on: the Depot and the School walk out, the Café does not; one of each asked to be told."""

    def __init__(self, console: Live) -> None:
        self.console = console

    def do(self, *lines: str) -> list[Line]:
        return self.console.do(*lines)

    def page(self, *lines: str) -> Line:
        """Return the page that asks."""
        return self.console.read(*lines)[-1]


@pytest.fixture
def on(play: Play) -> Iterator[City]:
    made = play.prepare(terms_in_two())
    with live(play) as console:
        console.do(*ROOMS, *sure("@olga /open"), "@omar [Approve]")
        for name, number in NUMBERS.items():
            crew = name.split(",")[0]
            wanted = number if name != "Café, North" else 1
            console.do(*pledging(crew, made.cards[name][:wanted]))
            console.do(f"@{crew}0 [Tell me]", f"@{crew}0 [Yes, tell me]")
        console.do("!tally")
        yield City(console)


def heard(lines: list[Line]) -> dict[str, str]:
    """Return the words by room or person."""
    said = [each for each in lines if each["kind"] == "committee_word"]
    assert len({each.get("room", each.get("to")) for each in said}) == len(said)
    return {str(each.get("room", each.get("to"))): each["text"] for each in said}


WRITTEN = ("@olga /word citywide", "@olga Bring water. @everyone **now** https://example.org")
SAID = (*WRITTEN, "@olga [Say it]", "@omar [Approve]")


def test_before_it_is_on_and_once_it_is_over_nothing_is_said(play: Play) -> None:
    made = play.prepare(terms_in_two())
    with live(play) as console:
        console.do(*anyway("@olga /open"), "@omar [Approve]")
        assert kinds(answers(console.do("@olga /word citywide"), "olga")) == ["no_word_now"]
        for name, number in NUMBERS.items():
            console.do(*pledging(name, made.cards[name][:number]))
        console.do("!tally")
        assert kinds(answers(console.do("@olga /word citywide"), "olga")) == ["word"]
        over = (STARTS + timedelta(hours=24)).isoformat()
        said = console.do(f"!clock {over}", "@olga /word citywide")
        assert kinds(answers(said, "olga")) == ["no_word_now"]


def test_it_is_shown_as_rooms_read_it_asked_about_and_said_once(on: City) -> None:
    asked = answers(on.do(WRITTEN[0]), "olga")[0]
    assert "500 characters at most" in asked["text"]
    page = on.page(WRITTEN[1])
    own = "» Bring water. @everyone **now** https://example.org"
    assert own in page["text"]
    assert "in their own words" in page["text"]
    assert page["buttons"] == ["Say it", "Also: Español", "Write it anew", "Drop it"]
    proposed = on.do("@olga [Say it]")
    (letter,) = letters(proposed, "omar")
    assert own in letter["text"]
    assert "olga proposes" in letter["text"]
    assert heard(proposed) == {}
    said = heard(on.do("@omar [Approve]"))
    assert sorted(said) == ["#all", "@Café0", "@Depot0", "@School0"]
    for text in said.values():
        assert own in text
        assert "What I count and decide, I say myself." in text
    assert "Ref " in said["#all"]
    reference = said["#all"].split("Ref ")[1].split(" ")[0]
    (verified,) = answers(on.do(f"@wanda /verify {reference}"), "wanda")
    assert own in verified["text"]
    assert heard(on.do("@omar [Approve]", "@olga [Say it]")) == {}


def test_each_language_is_read_where_it_is_spoken(on: City) -> None:
    on.do("@olga /room citywide es #todos")
    page = on.page(*WRITTEN)
    assert "Not written in Español" in page["text"]
    asked = answers(on.do("@olga [Also: Español]"), "olga")[0]
    assert "Español" in asked["text"]
    page = on.page("@olga Traigan agua.")
    assert "» Traigan agua." in page["text"]
    assert "con sus propias palabras" in page["text"]
    said = heard(on.do("@olga [Say it]", "@omar [Approve]"))
    assert "» Traigan agua." in said["#todos"]
    assert "Bring water" not in said["#todos"]
    assert "Bring water" in said["#all"]


def test_chosen_workplaces_hear_it_in_their_rooms_and_nobody_else(on: City) -> None:
    said = heard(
        on.do('@olga /word "Depot", "Café, North"', "@olga The gate has moved.", "@olga [Say it]", "@omar [Approve]")
    )
    assert sorted(said) == ["#Café", "#Depot", "@Café0", "@Depot0"]


@pytest.mark.parametrize("typed", ["Depot, School", '"Depot" "School"', "depot,school", "“Depot”, “School”"])
def test_workplaces_are_named_as_a_phone_types_them(on: City, typed: str) -> None:
    (asked,) = answers(on.do(f"@olga /word {typed}"), "olga")
    assert "It goes to: Depot, School." in asked["text"]


def test_every_room_hears_what_is_for_all(on: City) -> None:
    said = heard(on.do("@olga /word", "@olga [Every room]", "@olga Be on time.", "@olga [Say it]", "@omar [Approve]"))
    assert sorted(said) == ["#Café", "#Depot", "#School", "#all", "@Café0", "@Depot0", "@School0"]


def test_there_is_one_a_day_and_one_correction_of_it(on: City) -> None:
    on.do(*SAID)
    (refused,) = answers(on.do("@olga /word citywide"), "olga")
    assert refused["kind"] == "word_too_soon"
    assert "/word correction" in refused["text"]
    corrected = on.do("@omar /word correction", "@omar Bring water and bread.", "@omar [Say it]", "@olga [Approve]")
    said = heard(corrected)
    assert sorted(said) == ["#all", "@Café0", "@Depot0", "@School0"]
    assert all(text.startswith("Correction. ") and "» Bring water and bread." in text for text in said.values())
    assert kinds(answers(on.do("@omar /word correction"), "omar")) == ["nothing_to_correct"]
    (refused,) = answers(on.do("@olga /word citywide"), "olga")
    assert refused["kind"] == "word_too_soon"
    assert "correction" not in refused["text"]
    day = (PLEDGE_BY - timedelta(days=5)).isoformat()
    assert kinds(answers(on.do(f"!clock {day}", "@olga /word citywide"), "olga")) == ["word"]


def test_of_two_that_are_proposed_only_the_first_is_said(on: City) -> None:
    on.do(*WRITTEN, "@olga [Say it]")
    on.do("@omar /word citywide", "@omar Another one.", "@omar [Say it]")
    first = on.do("@olga [Approve]")  # what omar proposed
    assert len(heard(first)) == 4
    second = on.do("@omar /word correction")
    assert kinds(answers(second, "omar")) == ["word"]


def test_it_may_be_500_characters_long_and_no_longer(on: City) -> None:
    (refused,) = answers(on.do("@olga /word citywide", "@olga " + "é" * 503)[-1:], "olga")
    assert "3 characters too long" in refused["text"]
    assert refused["buttons"] == ["Drop it"]
    assert on.page("@olga " + "é" * 500)["kind"] == "sure"


def test_what_is_dropped_is_not_said_and_a_draft_in_the_making_stays(on: City) -> None:
    on.do("@olga /draft", "@olga Another day")
    on.do("@olga /word citywide", "@olga Bring water.")
    assert kinds(answers(on.do("@olga [Drop it]"), "olga")) == ["done"]
    (asked,) = answers(on.do("@olga /draft"), "olga")
    assert "What do you demand?" in asked["text"]


def test_words_are_no_answer_to_a_draft_once_they_are_written(on: City) -> None:
    on.do("@olga /word citywide", "@olga Bring water.")
    assert kinds(answers(on.do("@olga and bread"), "olga")) == ["not_understood"]


def test_no_worker_and_no_steward_says_a_word(on: City) -> None:
    said = on.do("@Depot0 /word citywide")
    assert kinds(to(said, "Depot0")) == ["forbidden"]
