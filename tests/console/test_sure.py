"""What cannot be undone is read first, and its button does what was read, or nothing."""

from __future__ import annotations

import pytest

from tests.console.live import live
from tests.console.play import ANYWAY, Line, Play, answers, anyway, kinds, letters, news, pages, sure, terms, to

TERMS = "What workers read"
READY = "Are we ready?"


def page(line: Line) -> str:
    assert line["kind"] == "sure"
    return str(line["text"])


def test_opening_says_what_it_does_and_changes_nothing_before_it_is_pressed(play: Play) -> None:
    play.prepare()
    with live(play) as console:
        (read,) = console.read("@olga /open")
        assert read["buttons"] == [ANYWAY, TERMS, READY]
        for said in ("nobody can change its terms", "before Tue 8 Dec 2026, 20:00", "No room hears it", "No steward: "):
            assert said in page(read)
        assert "draft" in console.do("@olga /walkouts")[0]["text"]
        lines = console.do(f"@olga [{ANYWAY}]")
        assert kinds(answers(lines, "olga")) == ["done"]


def test_without_a_citywide_room_nothing_but_a_button_that_says_so_opens_it(play: Play) -> None:
    play.prepare()
    with live(play) as console:
        console.do("@olga /room citywide #city")
        console.read("@olga /open")
        console.do("@omar /room off #city")
        (anew,) = console.read("@olga [Open it]")
        assert "Something has changed" in page(anew)
        assert "Bind one: /room" in page(anew)
        assert anew["buttons"] == [ANYWAY, TERMS, READY]
        assert "draft" in console.do("@olga /walkouts")[0]["text"]


def test_a_room_that_goes_before_the_last_approval_keeps_it_closed(play: Play) -> None:
    play.prepare(terms(approvals=2))
    with live(play) as console:
        lines = console.do("@olga /room citywide #city", *sure("@olga /open"))
        assert ANYWAY not in str(letters(lines, "omar"))
        console.do("@olga /room off #city")
        lines = console.do("@omar [Approve]", "@omar /walkouts")
        assert kinds(answers(lines, "omar")) == ["no_citywide_room", "walkouts"]
        assert "draft" in answers(lines, "omar")[1]["text"]
        lines = console.do("@omar /room citywide #city", "@omar [Approve]")
        assert kinds(answers(lines, "omar")) == ["done", "done"]
        assert "is open for pledges" in answers(lines, "omar")[1]["text"]


def test_who_agrees_to_open_it_with_a_room_agrees_to_what_was_proposed_without_one(play: Play) -> None:
    play.prepare(terms(approvals=2))
    with live(play) as console:
        lines = console.do(*anyway("@olga /open"))
        assert "without a citywide room" in letters(lines, "omar")[0]["text"]
        lines = console.do("@omar /room citywide #city", *sure("@omar /open"))
        assert "is open for pledges" in answers(lines, "omar")[-1]["text"]


def test_the_second_organizer_reads_what_the_first_one_read(play: Play) -> None:
    play.prepare(terms(approvals=2))
    lines = play.console("@olga /room citywide #city", *sure("@olga /open"))
    (asked,), (read,) = letters(lines, "omar"), pages(lines, "olga")
    assert asked["buttons"] == ["Approve", "Refuse", TERMS]
    effects = [line for line in read.splitlines() if line.startswith("• ")]
    assert len(effects) > 3
    assert [line for line in asked["text"].splitlines() if line.startswith("• ")] == effects


@pytest.mark.parametrize("pressed_at", ["a draft", "a proposal"])
def test_what_workers_read_is_shown_as_they_read_it(play: Play, pressed_at: str) -> None:
    walkout = play.prepare(terms(approvals=2))
    with live(play) as console:
        console.do("@olga /room citywide #city")
        console.read("@olga /open") if pressed_at == "a draft" else console.do(*sure("@olga /open"))
        who = "olga" if pressed_at == "a draft" else "omar"
        (shown,) = console.do(f"@{who} [{TERMS}]")
        first, _blank, read = shown["text"].partition("\n\n")
        assert "a worker of Café, North reads" in first
        console.do("@omar [Approve]") if pressed_at == "a proposal" else console.do(
            "@olga [Open it]", "!wait", "@omar [Approve]"
        )
        (as_worker,) = console.do(f"@ana {walkout.cards['Café, North'][0]}")
        assert as_worker["text"] == read


def test_calling_off_says_who_hears_what_and_asks_with_one_approval_too(play: Play) -> None:
    play.prepare()
    with live(play) as console:
        console.do("@olga /room citywide #city", *sure("@olga /open"))
        (read,) = console.read("@olga /calloff")
        for said in ("Nobody walks out", "1 room hears at once", "cannot be undone", "as soon as you press"):
            assert said in page(read)
        assert "open" in console.do("@olga /board")[0]["text"].splitlines()[0]
        lines = console.do("@olga [Call it off]")
        assert [kind for _room, kind, _scope in news(lines)] == ["called_off"]


def test_a_draft_that_is_called_off_says_that_nobody_hears_it(play: Play) -> None:
    play.prepare()
    lines = play.console("@olga /calloff", status=0)
    assert pages(lines, "olga") == []  # no walkout fits: a draft is named
    with live(play) as console:
        walkout = console.do("@olga /walkouts")[0]["text"].split()[0]
        (read,) = console.read(f"@olga /calloff {walkout}")
        assert "nobody is told" in page(read)
        (done,) = answers(console.do("@olga [Call it off]"), "olga")
        assert "nobody is told" in done["text"]
        assert "Every room" not in done["text"]


def test_a_button_pressed_twice_or_weeks_later_does_nothing_more(play: Play) -> None:
    walkout = play.prepare().id
    with live(play) as console:
        console.do("@olga /room citywide #city")
        console.read("@olga /open")
        opening = console.data("olga")
        opened, again = console.press("olga", opening), console.press("olga", opening)
        assert opened["kind"] == again["kind"] == "done"
        assert opened["text"] == again["text"]
        lines = console.read(f"@olga /calloff {walkout}")
        ending = console.data("olga")
        console.press("omar", ending)  # a page is anybody's who organizes
        assert "called off" in console.press("olga", ending)["text"]
        late = console.press("olga", opening)
        assert late["kind"] == "wrong_stage"
        heard = news([*lines, *console.do("!wait")])
        assert sorted(kind for _room, kind, _scope in heard) == ["called_off", "opened"]  # each once


def test_a_page_of_a_draft_does_not_call_off_what_is_open_since(play: Play) -> None:
    walkout = play.prepare().id
    with live(play) as console:
        console.read(f"@olga /calloff {walkout}")
        harmless = console.data("olga")
        console.do("@olga /room citywide #city", *sure("@olga /open"))
        asked = console.press("olga", harmless)
        assert asked["kind"] == "sure"
        assert "Something has changed" in asked["text"]
        assert "open" in console.do("@olga /board")[0]["text"].splitlines()[0]


@pytest.mark.parametrize(
    "data", ["k:", "k:open", "k:open:", "k:open:zzzz1:ABCDEF", "k:void:zzzz1:x:ABCDEF", "k:remove:x:y", "k:nothing:x:y"]
)
def test_forged_buttons_do_nothing(play: Play, data: str) -> None:
    play.prepare()
    with live(play) as console:
        before = console.do("@olga /walkouts")
        for who in ("olga", "ana"):
            assert console.press(who, data)["kind"] in {
                *("not_understood", "no_such_walkout", "done", "no_such_workplace"),
            }
        assert console.do("@olga /walkouts") == before


def test_a_removal_and_a_suspension_are_read_first(play: Play) -> None:
    play.prepare()
    with live(play, ("olga", "omar", "oda")) as console:
        (read,) = console.read("@olga /remove omar")
        for said in ("Take every role from omar", "I tell them so", "It takes 2 organizers"):
            assert said in page(read)
        (read,) = console.read("@olga /suspend omar")
        for said in ("Suspend omar", "that account and yours", "calloff"):
            assert said in page(read)
        assert "suspended" not in console.do("@olga /roles")[0]["text"].splitlines()[1]
        lines = console.do("@olga [Suspend]")
        assert kinds(to(lines, "olga")) == ["suspended"]
