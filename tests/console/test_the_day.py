"""The day itself: who is out, what the board shows of it, and the report afterwards. And how many cards were drawn."""

from __future__ import annotations

import csv
import re
from io import StringIO
from pathlib import Path

import pytest

from tests.console.live import Live, live
from tests.console.play import (
    Line,
    Play,
    answers,
    anyway,
    board,
    kinds,
    letters,
    news,
    pledging,
    roster,
    sure,
    terms,
    to,
)

CREW = [("Mill", 30, 20), ("Yard", 30, 10)]
EVE = "!clock 2026-12-12T08:59:59-05:00"
STARTS = "!clock 2026-12-12T09:00:00-05:00"
TEN = "!clock 2026-12-12T10:00:00-05:00"
ELEVEN = "!clock 2026-12-12T11:00:00-05:00"
LAST_SECOND = "!clock 2026-12-13T08:59:59-05:00"
OVER = "!clock 2026-12-13T09:00:00-05:00"
CLOSED = "!clock 2026-12-19T09:00:00-05:00"
REST = ["Read it all again", "Questions", "Clear this chat", "Language 文 বা ع"]
"""Under every pledge, until the day is over."""


def on(play: Play, *more: str, turnout: bool = True, standing: int = 25) -> tuple[list[Line], dict[str, list[str]]]:
    """Play a walkout until it is on: the Mill is out, the Yard is not; then these lines."""
    cards = play.prepare(terms(citywide_threshold=20, turnout=turnout), roster(CREW)).cards
    lines = play.console(
        "@olga /room citywide #city",
        *sure("@olga /open"),
        "!wait",
        *pledging("m", cards["Mill"][:standing]),
        *pledging("y", cards["Yard"][:4]),
        "!tally",
        *more,
    )
    return lines, cards


def out(crew: str, number: int, first: int = 0) -> list[str]:
    """Let a crew check their cards and press the button."""
    return [line for n in range(first, first + number) for line in (f"@{crew}{n} [Check]", f"@{crew}{n} [I'm out]")]


def test_before_pledging_one_is_told_what_is_asked_on_the_day_and_what_it_stores(play: Play) -> None:
    for turnout in (True, False):
        drafted = play.prepare(terms(turnout=turnout))
        shown = play.console(*anyway(f"@olga /open {drafted.id}"), "!wait", f"@ana {drafted.cards['Depot'][0]}")[-1]
        assert shown["kind"] == "terms"
        for said in ("On the day itself", "“I'm out”", "no name, no account, no time"):
            assert (said in shown["text"]) is turnout


def test_from_the_start_on_for_a_day_the_cards_button_is_i_am_out(play: Play) -> None:
    lines, _cards = on(
        play, EVE, "@m0 [Check]", STARTS, "@m0 [Check]", "@m0 [I'm out]", "@m0 [Check]", OVER, "@m0 [Check]"
    )
    before, at_start, pressed, checked, after = answers(lines, "m0")[2:]
    assert before["buttons"] == ["Check", *REST]  # the deadline has passed
    assert at_start["buttons"] == ["I'm out", *REST]
    assert (pressed["kind"], pressed["buttons"]) == ("out", ["Check", "I'm not out", *REST])
    assert "Noted: you are out. Next count: Sat 12 Dec 2026, 10:00." in pressed["text"]
    assert "you have said that you are out" in checked["text"]
    assert after["buttons"] == ["Check", "Questions", "Clear this chat", "Language 文 বা ع"]


def test_where_the_file_does_not_ask_for_it_nobody_is_asked(play: Play) -> None:
    lines, _cards = on(play, STARTS, "@m0 [Check]", "@olga /board", turnout=False)
    assert answers(lines, "m0")[-1]["buttons"] == ["Check", *REST]
    assert "Out on the day" not in answers(lines, "olga")[-1]["text"]
    with pytest.raises(AssertionError, match="No walkout has a tally ahead"):  # and no tally is left to be taken
        play.console("!tally", now="2026-12-12T09:00:00-05:00")


def test_who_works_where_nobody_walks_out_is_not_asked(play: Play) -> None:
    lines, _cards = on(play, STARTS, "@y0 [Check]")
    assert "I'm out" not in answers(lines, "y0")[-1]["buttons"]


def test_a_mistaken_press_is_taken_back_and_the_pledge_stands(play: Play) -> None:
    lines, _cards = on(
        play,
        STARTS,
        *out("m", 12),
        *[f"@m{n} [I'm not out]" for n in range(12)],
        "@m0 [Check]",
        "!wait",
        TEN,
        "@olga /board",
    )
    assert kinds(answers(lines, "m0"))[2:] == ["status", "out", "not_out", "status"]
    assert "Your pledge stands." in answers(lines, "m0")[-2]["text"]
    assert answers(lines, "m0")[-1]["buttons"] == ["I'm out", *REST]
    assert "Out on the day: nothing counted yet" in answers(lines, "olga")[-1]["text"]


def test_pressing_twice_counts_once(play: Play) -> None:
    lines, _cards = on(play, STARTS, "@m0 [Check]", *["@m0 [I'm out]"] * 2)
    assert kinds(answers(lines, "m0"))[-2:] == ["out", "out"]
    assert "it counts once" in answers(lines, "m0")[-1]["text"]


def test_the_board_shows_turnout_beside_pledges_from_the_first_tally_of_the_day(play: Play) -> None:
    lines, _cards = on(
        play,
        STARTS,
        "@olga /board",
        *out("m", 13),
        "@olga /board",
        TEN,
        "@olga /board",
        *out("m", 8, first=13),
        ELEVEN,
        "@olga /board",
        OVER,
        "@olga /board",
    )
    before, between, ten, eleven, over = (line["text"] for line in answers(lines, "olga") if line["kind"] == "board")
    assert before == between
    assert "Out on the day" not in before
    assert "has reached 20 (tally 1), out: about 10\n" in ten  # steps of five
    assert "Out on the day: about 10\n" in ten
    assert "Next tally: Sat 12 Dec 2026, 11:00." in ten
    assert "has reached 20 (tally 1), out: 20 or more (tally " in eleven
    assert "Sun 13 Dec 2026, 09:00." in over
    assert "Next tally" not in over
    for text in (ten, eleven, over):
        shown = board(text)
        assert (shown.stage, shown.counted, shown.ready) == ("on", 20, 1)  # the pledges are as they were
        assert shown.places["Yard"] == board(before).places["Yard"]


def test_the_days_tallies_announce_nothing_but_the_closing_word_after_the_last(play: Play) -> None:
    lines, _cards = on(play, STARTS, *out("m", 25), TEN, ELEVEN, OVER)
    assert [kind for _, kind, _ in news(lines)] == ["opened", "on", "last_word", "tomorrow", "starts", "afterwards"]
    assert [line["kind"] for line in letters(lines, "olga")] == ["on", "last_word", "afterwards"]


def test_presses_outside_the_day_or_by_others_change_nothing(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=20, turnout=True), roster(CREW)).cards
    mill = cards["Mill"]
    with live(play) as console:
        console.do(*anyway("@olga /open"), *pledging("m", mill[:25]), "!tally", STARTS, "@m0 [Check]")
        console.hand_over("m0", "thief")  # a forged press
        pressed = console.do(
            "@thief [I'm out]", LAST_SECOND, "@m0 [I'm out]", OVER, "@m0 [I'm not out]", "@olga /board"
        )
    assert kinds(to(pressed, "thief")) == ["not_pledged"]
    assert kinds(to(pressed, "m0")) == ["out", "not_asked"]
    assert "fewer than 10" in to(pressed, "olga")[-1]["text"]


def test_who_took_their_pledge_back_is_not_asked(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=20, turnout=True), roster(CREW)).cards
    mill = cards["Mill"]
    with live(play) as console:
        console.do(*anyway("@olga /open"), *pledging("m", mill[:25]), "!tally", f"@m24 /withdraw {mill[24]}", STARTS)
        lines = console.do(f"@m24 {mill[24]}", "@m0 [Check]")
        assert lines[0]["buttons"] == ["Check", *REST]
        console.hand_over("m0", "m0")
        assert kinds(console.do("@m0 [I'm out]")) == ["out"]


# --- the report ---


def saved(line: Line) -> list[list[str]]:
    """Read a report's file."""
    return list(csv.reader(StringIO(Path(line["file"]).read_text(encoding="utf-8-sig"))))


def test_the_report_has_the_boards_numbers_before_and_after_closing(play: Play) -> None:
    lines, _cards = on(
        play, "@olga /report", STARTS, *out("m", 13), LAST_SECOND, "@olga /report", OVER, "@olga /report", CLOSED
    )
    early, too_early, report = answers(lines, "olga")[2:]
    assert early["kind"] == too_early["kind"] == "too_early"
    assert "from Sun 13 Dec 2026, 09:00 on" in early["text"]
    assert report["kind"] == "report"
    for said in (
        "start on Sat 12 Dec 2026, 09:00",
        "has reached 20 (tally 1), out: about 10",
        "Out on the day: about 10",
    ):
        assert said in report["text"]
    header, city, mill, yard = saved(report)
    assert header[-2:] == ["turnout", "turnout_reached"]
    assert city[-2:] == ["10", ""]
    assert (mill[0], *mill[-2:]) == ("Mill", "10", "no")
    assert (yard[0], *yard[-2:]) == ("Yard", "", "")
    without_id = re.sub(r"\(\w{5}\)", "", report["text"])
    for exact in ("13", "24"):  # who is out, and who is not any more
        assert exact not in without_id.replace("13 Dec", "").replace("24 hours", "")

    after = play.console("@olga /report", "@olga /walkouts", now="2026-12-19T09:00:01-05:00")
    assert "closed" in after[1]["text"]
    assert after[0]["text"] == report["text"].replace(": on\n", ": closed\n")
    assert saved(after[0]) == [header, city, mill, yard]


def test_after_it_lapsed_the_report_says_what_was_reached(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=20, turnout=True), roster(CREW)).cards
    lines = play.console(
        *anyway("@olga /open"),
        "!wait",
        *pledging("m", cards["Mill"][:13]),
        "!clock 2026-12-08T20:00:00-05:00",
        "@olga /report",
    )
    report = answers(lines, "olga")[-1]
    assert report["kind"] == "report"
    assert "about 10 of 20" in report["text"]
    assert ": lapsed" in report["text"]
    assert "Out on the day" not in report["text"]


def test_a_long_report_has_pages(play: Play) -> None:
    shops = [(f"Shop {n:02}", 10, 5) for n in range(1, 24)]
    cards = play.prepare(terms(citywide_threshold=20), roster(shops)).cards
    lines = play.console(
        *anyway("@olga /open"),
        "!clock 2026-12-08T20:00:00-05:00",
        "@olga /report",
        "@olga [Next]",
        "@olga [Next]",
        "@olga [Previous]",
    )
    first, second, third, again = answers(lines, "olga")[1:]
    assert [line["buttons"] for line in (first, second, third)] == [
        ["Next"],
        ["Previous", "Next"],
        ["Previous"],
    ]
    assert "Shop 10" in first["text"]
    assert "Shop 23" in third["text"]
    assert second["text"] == again["text"]
    assert "file" not in second
    assert len(saved(first)) == 2 + len(cards)


def test_there_is_no_report_of_a_draft(play: Play) -> None:
    walkout = play.draft()
    lines = play.console("@olga /report", f"@olga /report {walkout}", "@olga /report zzzzz")
    assert kinds(lines) == ["wrong_stage", "wrong_stage", "no_such_walkout"]


# --- cards drawn ---


def make_steward(console: Live) -> list[Line]:
    """Let Ana look after the Mill."""
    (made,) = answers(console.do("@olga /appoint steward mill Ana"), "olga")
    return console.do(f"@ana {made['text'].splitlines()[2]}", "@olga [Yes, it is them]")


def test_organizers_are_warned_once_where_more_stand_than_were_drawn_and_told_no_number(play: Play) -> None:
    mill = play.prepare(terms(citywide_threshold=40), roster(CREW)).cards["Mill"]
    with live(play) as console:
        console.do(*anyway("@olga /open"))
        make_steward(console)
        lines = console.do("@ana /drawn 7", *pledging("m", mill[:7]), "!tally")
        assert "Mill: 7 cards drawn." in answers(lines, "ana")[0]["text"]
        assert letters(lines, "olga") == []

        lines = console.do(*pledging("m", mill[7:8], first=7), "!tally", "!tally", f"@m0 /withdraw {mill[0]}", "!tally")
        lines += console.do(f"@m0 {mill[0]}", "@m0 [Pledge]", "!tally")
        for organizer in ("olga", "omar"):
            (told,) = letters(lines, organizer)
            assert (told["kind"], told["scope"]) == ("more_than_drawn", "Mill")
            assert not any(character.isdigit() for character in told["text"])
        assert letters(lines, "ana") == []
        assert news(lines) == []

        lines = console.do("@ana /drawn 8", "!tally")  # counted again, and right
        assert letters(lines, "olga") == []
        lines = console.do("@ana /drawn 6", "!tally")
        assert kinds(letters(lines, "olga")) == ["more_than_drawn"]
        audit = answers(console.do("@olga /audit"), "olga")[0]["text"]
        assert "Ana counted the cards drawn: Mill: 6" in audit


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("@ana /drawn", "help"),
        ("@ana /drawn many", "help"),
        ("@ana /drawn -1", "help"),
        ("@ana /drawn 31", "more_than_minted"),
        ("@ana /drawn 30", "done"),
        ("@ana /drawn 0", "done"),
        ("@ana /drawn Mill 3", "done"),
        ("@ana /drawn Yard 3", "forbidden"),
        ("@ana /drawn Mars 3", "no_such_workplace"),
        ("@olga /drawn 3", "help"),  # an organizer says where
        ("@olga /drawn Yard 3", "done"),
        ("@bo /drawn 3", "forbidden"),
    ],
)
def test_a_steward_counts_for_their_own_workplace_and_an_organizer_for_any(play: Play, said: str, kind: str) -> None:
    play.prepare(terms(citywide_threshold=40), roster(CREW))
    with live(play) as console:
        make_steward(console)
        assert kinds(console.do(said)) == [kind]


def test_a_walkout_without_cards_has_none_to_be_drawn(play: Play) -> None:
    play.draft(terms(entry="open"))
    assert kinds(play.console("@olga /drawn depot 3")) == ["no_cards"]
