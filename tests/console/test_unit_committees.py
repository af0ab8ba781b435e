"""A unit's own organizers: appointed for it, deciding for it alone, and taking it out before it is on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.live import Live, live
from tests.console.play import (
    Line,
    Play,
    answers,
    anyway,
    kinds,
    letters,
    news,
    pages,
    pledging,
    sure,
    terms,
    to,
)
from tests.console.test_committee import code_in

TREE = """borough,workplace,headcount,threshold,minimum
North,,,,1
South,,,,1
North,Depot,10,6,
North,School,10,5,
South,Café,20,5,
"""
BOTH_NEEDED = 25  #: School and the Café alone come to it
LAST = "!clock 2026-12-07T20:00:00-05:00"  #: a day before the deadline


class Committees:
    """Olga and Omar organize all; Dan and Dora the Depot, Nina the north; the walkout is open."""

    def __init__(self, console: Live, cards: dict[str, list[str]]) -> None:
        self.console = console
        self.cards = cards

    def do(self, *lines: str) -> list[Line]:
        return self.console.do(*lines)

    def answer(self, line: str) -> Line:
        """Return the one answer to a line."""
        who = line.partition(" ")[0].removeprefix("@")
        (said,) = [each for each in self.console.read(line) if each.get("to") == f"@{who}" and "scope" not in each]
        return said


def _own(console: Live, unit: str, name: str) -> list[Line]:
    """Let somebody be made an organizer of a unit: proposed, approved, used, confirmed."""
    asked = console.do(f'@olga /appoint organizer "{unit}" {name}', "@omar [Approve]")
    return console.do(f"@{name} {code_in(answers(asked, 'olga')[0])}", "@olga [Yes, it is them]")


@pytest.fixture
def made(play: Play) -> Iterator[Committees]:
    walkout = play.draft(terms(approvals=2, citywide_threshold=BOTH_NEEDED, levels=["borough"]), TREE)
    cards: dict[str, list[str]] = {}
    for name in ("Depot", "School", "Café"):
        cards |= play.cards(walkout, "--workplace", name, name=f"{name}.csv")
    with live(play) as console:
        console.do(*anyway("@olga /open"), "@omar [Approve]")
        for unit, name in (("Depot", "dan"), ("Depot", "dora"), ("North", "nina")):
            _own(console, unit, name)
        yield Committees(console, cards)


# --- appointed ---


def test_a_units_organizer_needs_the_approvals_of_the_walkouts_and_reads_what_they_can_do(play: Play) -> None:
    play.draft(terms(approvals=2))
    with live(play) as console:
        asked = console.do("@olga /appoint organizer Depot dan")
        code = code_in(answers(asked, "olga")[0])
        assert "1 more organizer must approve" in answers(asked, "olga")[0]["text"]
        (letter,) = letters(asked, "omar")
        for said in ("Make dan an organizer of Depot", "choose its rooms", "take Depot out"):
            assert said in letter["text"]
        assert kinds(to(console.do(f"@dan {code}"), "dan")) == ["unknown_card"]  # nobody has approved it yet
        done = console.do("@omar [Approve]", f"@dan {code}", "@olga [Yes, it is them]", "@olga /roles")
        done += console.do("@dan /help all")
        welcome = letters(done, "dan")[-1]["text"]
        for said in ("You are an organizer of Depot now", "/room", "/appoint", "/cards", "/leave"):
            assert said in welcome
        assert "Depot: dan, its organizer" in answers(done, "olga")[-1]["text"]
        assert "Organizers: olga, omar" in answers(done, "olga")[-1]["text"]
        commands = answers(done, "dan")[-1]["text"]
        assert all(f"/{name} " in commands for name in ("leave", "room", "appoint", "cards", "board", "drawn"))
        assert not any(f"/{name} " in commands for name in ("open", "calloff", "draft", "remove", "audit", "suspend"))


def test_what_an_organizer_is_asked_to_decide_of_the_whole_walkout_no_units_organizer_is(made: Committees) -> None:
    said = made.do(*sure("@olga /calloff"))
    assert kinds(letters(said, "omar")) == ["proposal"]
    assert [to(said, name) for name in ("dan", "dora", "nina")] == [[], [], []]
    # nor would their word count
    number = made.console.data("omar").partition(":")[2]
    assert made.console.press("dan", f"a:{number}")["kind"] == "no_such_proposal"


# --- what they may do, and where ---


NOT_THEIRS = (
    "@dan /open",
    "@dan /calloff",
    "@dan /draft",
    "@dan /remove olga",
    "@dan /suspend olga",
    "@dan /adopt",
    "@dan /roles",
    "@dan /audit",
    "@dan /rooms",
    "@dan /walkouts",
    "@dan /cards all",
    "@dan /cards Depot",
    "@dan /cards recall Depot",
    "@dan /cards void School",
    "@dan /room citywide there",
    "@dan /room School there",
    "@dan /room North there",
    "@dan /appoint organizer Eve",
    "@dan /appoint organizer Depot Eve",
    "@dan /appoint steward School Eve",
    "@dan /appoint steward North Eve",
    "@dan /drawn School 3",
    "@dan /leave School",
    "@dan /leave North",
    "@nina /leave South",
    "@nina /leave Café",
    "@nina /cards void Café",
)


def test_what_is_not_theirs_they_cannot_do(made: Committees) -> None:
    said = {line: made.answer(line) for line in NOT_THEIRS}
    assert {line: each["kind"] for line, each in said.items()} == dict.fromkeys(NOT_THEIRS, "forbidden")
    assert not [each["text"] for each in said.values() if "That is for organizers" in each["text"]]  # they are some
    for usage in (made.answer("@dan /cards"), made.answer("@dan /cards void")):
        assert "void" in usage["text"]
        assert "PDF" not in usage["text"]  # to print is not theirs


def test_a_department_cannot_leave_and_its_workplace_is_offered(play: Play) -> None:
    rows = "workplace,department,headcount,threshold\nMercy,,,20\nMercy,Kitchen,20,6\nMercy,Laundry,20,6\n"
    play.draft(terms(), rows)
    with live(play) as console:
        (none,) = to(console.do(*anyway("@olga /open"), "@olga /leave Kitchen"), "olga")[-1:]
        assert (none["kind"], none["buttons"]) == ("no_such_workplace", ["Mercy"])
        assert kinds(to(console.do("@olga [Mercy]"), "olga")) == ["not_enough_organizers"]  # it has none of its own
        mistyped = to(console.do("@olga /room Kichen #kitchen"), "olga")[-1]
        assert mistyped["buttons"] == ["Kitchen, Mercy"]
        console.do(f"@kim {code_in(to(console.do('@olga /appoint steward Kitchen kim'), 'olga')[0])}")
        serving = to(console.do("@olga [Yes, it is them]", "@olga /roles"), "olga")[-1]["text"]
        assert "\nKitchen, Mercy: kim\n" in serving


def test_what_is_theirs_they_can(made: Committees) -> None:
    for line, kind in (
        ("@dan /room Depot there", "done"),
        ("@dan /appoint steward Depot Eve", "role_card"),
        ("@dan /drawn Depot 3", "done"),
        ("@nina /room School elsewhere", "done"),  # below hers
        ("@nina /room North up-north", "done"),
        ("@nina /drawn School 3", "done"),
    ):
        assert made.answer(line)["kind"] == kind, line
    assert kinds(answers(made.do("@olga /room citywide square"), "olga")) == ["done"]
    assert made.answer("@dan /room off square")["kind"] == "forbidden"
    assert made.answer("@dan /room off there")["kind"] == "done"


def test_they_appoint_a_steward_of_theirs_and_confirm_them(made: Committees) -> None:
    code = code_in(answers(made.do("@dan /appoint steward Depot Eve"), "dan")[0])
    done = made.do(f"@eve {code}", "@dan [Yes, it is them]", "@olga /roles")
    assert kinds(letters(done, "eve")) == ["role_given"]
    assert "Depot: Eve" in answers(done, "olga")[0]["text"].splitlines()


def test_their_cards_are_voided_by_two_of_them(made: Committees) -> None:
    asked = made.do(*sure("@dan /cards void Depot"))
    assert [kinds(letters(asked, name)) for name in ("olga", "omar", "dora", "nina")] == [["proposal"]] * 4
    done = made.do("@dora [Approve]")
    assert "done" in answers(done, "dora")[0]["text"]


# --- leaving ---


def test_two_of_them_take_it_out_and_everybody_whom_it_concerns_hears(made: Committees) -> None:
    made.do("@olga /room Depot gate", "@olga /room School yard", "@olga /room citywide square")
    card = made.cards["Depot"][0]
    made.do(f"@ann {card}", "@ann [Pledge]", "@ann [Tell me]", "@ann [Yes, tell me]")
    (page,) = pages(made.console.read("@dan /leave Depot"), "dan")
    for said in ("Take Depot out", "does not walk out", "every pledge stays", "cannot be undone", "2 organizers"):
        assert said in page
    asked = made.do("@dan [Take it out]")
    assert [kinds(letters(asked, name)) for name in ("olga", "omar", "dora", "nina")] == [["proposal"]] * 4
    done = made.do("@dora [Approve]")
    assert [(room, kind) for room, kind, _scope in news(done)] == [("gate", "left")]
    for reader in ("olga", "omar"):
        texts = {line["kind"]: line["text"] for line in letters(done, reader)}
        assert texts["left"].count("The numbers can still be reached without it.") == 1
    (told,) = to(done, "ann")
    assert "The organizers of Depot have decided that it stays at work." in told["text"]
    assert "Depot does NOT walk out" in told["text"]
    check = answers(made.do("@ann [Check]"), "ann")[0]["text"]
    assert "Depot does NOT walk out: its organizers have decided so." in check
    assert "Your pledge stands." in check
    new = answers(made.do(f"@bo {made.cards['Depot'][1]}"), "bo")[0]["text"]
    assert "Depot does NOT walk out: its organizers have decided so." in new
    assert made.answer("@dan /leave Depot")["kind"] == "has_left"


def test_one_of_them_and_one_of_the_walkouts_are_enough_and_no_two_of_the_walkouts(made: Committees) -> None:
    made.do(*sure("@olga /leave Depot"))
    first = made.do("@omar [Approve]")
    assert "1 more organizer must approve" in answers(first, "omar")[0]["text"]
    done = made.do("@dan [Approve]")
    assert "left" in kinds(letters(done, "olga"))


def test_what_all_their_own_refuse_is_refused(made: Committees) -> None:
    made.do(*sure("@olga /leave Depot"))
    said = made.do("@dan [Refuse]", "@dora [Refuse]", "@nina [Refuse]")
    assert kinds(answers(said, "nina")) == ["refused"]


def test_the_walkouts_organizers_alone_take_nothing_out(made: Committees) -> None:
    assert made.answer("@olga /leave South")["kind"] == "not_enough_organizers"


def test_organizers_hear_when_the_numbers_cannot_be_reached_any_more(made: Committees) -> None:
    made.do(*sure("@nina /leave North"))
    done = made.do("@olga [Approve]")
    said = next(line["text"] for line in letters(done, "omar") if line["kind"] == "left")
    assert "cannot be reached any more" in said  # the Café has twenty people
    assert made.answer("@dan /leave Depot")["kind"] == "has_left"  # with the north


def test_it_does_not_walk_out_and_the_others_do(made: Committees) -> None:
    made.do("@olga /room Depot gate", "@olga /room School yard", *sure("@dan /leave Depot"))
    made.do("@dora [Approve]")
    everybody = [*pledging("d", made.cards["Depot"]), *pledging("s", made.cards["School"])]
    made.do(*everybody, *pledging("c", made.cards["Café"]))
    on = made.do("!clock 2026-12-01T09:00:00-05:00")
    assert [(room, kind) for room, kind, _scope in news(on)] == [("gate", "not_out"), ("yard", "we_are_out")]
    (no,) = [line["text"] for line in on if line.get("room") == "gate"]
    assert "The organizers of Depot have decided that it stays at work. Depot does NOT walk out" in no
    last = made.do("!clock 2026-12-08T20:00:00-05:00", "@d0 [Check]")
    assert ("gate", "not_out") in [(room, kind) for room, kind, _scope in news(last)]
    assert "Depot does NOT walk out" in answers(last, "d0")[0]["text"]


def test_alone_the_pledges_of_what_has_left_turn_nothing_on(made: Committees) -> None:
    made.do(*sure("@dan /leave Depot"), "@dora [Approve]")
    made.do(*pledging("d", made.cards["Depot"]), *pledging("s", made.cards["School"]))
    made.do(*pledging("c", made.cards["Café"][:10]))
    assert "on" not in kinds(made.do("!clock 2026-12-01T09:00:00-05:00"))  # 20, and the Depot's ten are none of them


def test_it_is_too_late_within_a_day_of_the_deadline(made: Committees) -> None:
    made.do(*sure("@dan /leave Depot"))
    made.do(LAST)
    assert kinds(pages_of(made, "@nina /leave School")) == ["sure"]
    made.do("!clock 2026-12-07T20:00:01-05:00")
    assert made.answer("@nina /leave School")["kind"] == "too_late"
    assert made.answer("@dora [Approve]")["kind"] in {"too_late", "no_such_proposal"}


def pages_of(made: Committees, line: str) -> list[Line]:
    return [each for each in made.console.read(line) if each["kind"] == "sure"]


def test_nothing_leaves_what_is_on(made: Committees) -> None:
    made.do(*sure("@dan /leave Depot"))
    made.do(*pledging("s", made.cards["School"]), *pledging("c", made.cards["Café"]))
    assert "on" in kinds(made.do("!clock 2026-12-01T09:00:00-05:00"))
    assert made.answer("@dora [Approve]")["kind"] == "wrong_stage"
    assert made.answer("@nina /leave Depot")["kind"] == "wrong_stage"


# --- removed, suspended ---


def test_whoever_is_removed_decides_no_more(made: Committees) -> None:
    made.do(*sure("@dan /leave Depot"))
    gone = made.do(*sure("@olga /remove dan"))
    assert kinds(letters(gone, "dan")) == ["role_taken"]
    assert "no organizer of Depot any more" in letters(gone, "dan")[0]["text"]
    left = made.do("@olga [Approve]")
    assert "left" not in kinds(to(left, "omar"))  # Dan's word counts no more
    assert "left" in kinds(letters(made.do("@dora [Approve]"), "omar"))


def test_a_code_of_whoever_is_removed_is_dead(made: Committees) -> None:
    code = code_in(answers(made.do("@dan /appoint steward Depot Eve"), "dan")[0])
    made.do(*sure("@olga /remove dan"))
    assert kinds(to(made.do(f"@eve {code}"), "eve")) == ["unknown_card"]


def test_a_suspension_stops_neither_a_unit_that_leaves_nor_counts_whom_it_stops(made: Committees) -> None:
    made.do(*sure("@dan /leave Depot"), *sure("@olga /suspend omar"))
    assert made.answer("@olga [Approve]")["kind"] in {"frozen", "not_understood"}
    assert "done" in kinds(answers(made.do("@dora [Approve]"), "dora"))


def test_without_a_units_organizers_everything_is_as_it_was(play: Play) -> None:
    play.draft(terms(approvals=2))
    with live(play) as console:
        said = console.do("@olga /appoint organizer Ana Bo", "@olga /leave Depot", "@olga /appoint organizer Ana")
        assert kinds(answers(said, "olga")) == ["help", "wrong_stage", "role_card"]
