"""An organizer's phone in the wrong hands: suspended at once, settled by the others or by whoever runs the server."""

from __future__ import annotations

import pytest

from tests.console.live import live
from tests.console.play import (
    Line,
    Play,
    answers,
    anyway,
    kinds,
    letters,
    sure,
    terms,
    to,
)
from tests.console.test_committee import code_in, make

FIVE = ("olga", "omar", "oda", "oki", "ora")
LATER = "!clock 2026-12-02T07:59:00-05:00"
OVER = "!clock 2026-12-02T08:00:00-05:00"
"""A day after the beginning, when what was suspended first goes on."""

FROZEN = (
    *("/walkouts", "/open", "/board", "/cards Depot 2", "/cards void Depot", "/room citywide #city", "/rooms"),
    *("/appoint steward depot Bo", "/appoint organizer Bo", "/roles", "/suspend oda", "/remove oda", "/audit"),
    *("/drawn depot 3", "/report"),
)
"""All that organizers can say but /calloff."""


def drafted(play: Play, approvals: int = 2) -> Play:
    play.draft(terms(approvals=approvals))
    return play


def test_a_suspension_stops_both_at_once_and_tells_only_the_others(play: Play) -> None:
    with live(drafted(play), FIVE) as console:
        lines = console.do(*sure("@olga /suspend OMAR"))
        (done,) = to(lines, "olga")
        assert done["kind"] == "suspended"
        assert "omar is suspended until Wed 2 Dec 2026, 13:00 UTC, by olga." in done["text"]
        assert to(lines, "omar") == []
        for name in ("oda", "oki", "ora"):
            (told,) = to(lines, name)
            assert told["kind"] == "suspended"
            assert "/remove omar or /remove olga" in told["text"]
            assert "allout suspensions" in told["text"]
        for name, why in (("omar", "You are suspended until"), ("olga", "You have suspended another organizer")):
            lines = console.do(*[f"@{name} {command}" for command in FROZEN])
            assert [(line["to"], line["kind"]) for line in lines] == [(f"@{name}", "frozen")] * len(FROZEN)
            assert all(why in line["text"] for line in lines)
            assert all("Wed 2 Dec 2026, 13:00 UTC" in line["text"] for line in lines)
            assert {word for word in console.do(f"@{name} /help")[0]["text"].split() if word[:1] == "/"} >= {"/calloff"}
            assert "/roles" not in console.do(f"@{name} /help")[0]["text"]


def test_it_ends_by_itself_and_its_suspender_cannot_begin_anew_within_a_week(play: Play) -> None:
    with live(drafted(play), FIVE) as console:
        console.do(*sure("@olga /suspend omar"))
        lines = console.do(
            LATER, "@omar /walkouts", OVER, "@omar /walkouts", "@olga /suspend omar", *sure("@oda /suspend omar")
        )
        assert kinds(answers(lines, "omar")) == ["frozen", "walkouts"]
        (refused,) = answers(lines, "olga")
        assert refused["kind"] == "cannot_suspend"
        assert "from Tue 8 Dec 2026, 13:00 UTC on" in refused["text"]
        assert kinds(answers(lines, "oda")) == ["suspended"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("@olga /suspend", "help"),
        ("@olga /suspend nobody", "no_such_member"),
        ("@olga /suspend olga", "cannot_suspend"),
        ("@olga /suspend Ana", "cannot_suspend"),  # a steward goes at once
        ("@ana /suspend olga", "forbidden"),
        ("@bo /suspend olga", "forbidden"),
    ],
)
def test_what_cannot_be_suspended_is_refused_and_stops_nobody(play: Play, said: str, kind: str) -> None:
    with live(drafted(play)) as console:
        make(console, "steward depot Ana", "ana")
        assert kinds(console.do(said)) == [kind]
        assert "suspended until" not in console.do("@omar /roles")[0]["text"]


def test_nothing_is_opened_printed_voided_or_given_to_anybody_meanwhile(play: Play) -> None:
    with live(drafted(play), FIVE) as console:
        console.do("@olga /cards depot 3", "@oda [Approve]", "!wait")  # granted to Olga, not printed yet
        code = code_in(answers(console.do("@oki /appoint steward depot Ana"), "oki")[-1])
        make(console, "steward school Sam", "sam", by="oda")
        console.do(*anyway("@oki /open"), *sure("@ora /suspend omar"))
        lines = console.do(
            "@oda /open",
            "@oki [Approve]",
            "@oda /cards depot 2",
            "@oda /cards void depot",
            "@oda /appoint steward school Bo",
            "@oda /appoint organizer Bo",
            "@oda /remove oki",
            "@olga [Print the cards]",
            f"@ana {code}",
        )
        assert kinds(answers(lines, "oda")) == ["halted"] * 6
        assert kinds(answers(lines, "olga")) == ["halted"]
        assert kinds(answers(lines, "ana")) == ["halted"]
        assert "before Wed 2 Dec 2026, 13:00 UTC" in answers(lines, "ana")[0]["text"]
        # a steward's role can be taken away at once all the same, and what has no harm in it goes on
        lines = console.do(*sure("@oda /remove Sam"), "@oda /room citywide #city", "@oda /board", "@oda /roles")
        assert kinds(lines) == ["done", "role_taken", "done", "board", "roles"]
        assert "omar is suspended until Wed 2 Dec 2026, 13:00 UTC, by ora." in lines[4]["text"]


def test_what_was_granted_to_whoever_is_suspended_waits_and_dies_with_their_role(play: Play) -> None:
    with live(drafted(play), ("olga", "omar", "oda")) as console:
        console.do("@omar /cards depot 3", "@oda [Approve]")
        code = code_in(answers(console.do("@omar /appoint steward depot Ana"), "omar")[-1])
        lines = console.do(*sure("@olga /suspend omar"), "@omar [Print the cards]", f"@ana {code}")
        assert kinds(answers(lines, "omar")) == ["frozen"]
        assert kinds(answers(lines, "ana")) == ["halted"]
        lines = console.do(*sure("@oda /remove omar"), "@olga [Approve]", "@omar [Print the cards]", f"@ana {code}")
        assert kinds(answers(lines, "olga")) == ["done"]
        assert kinds(answers(lines, "omar")) == ["not_understood"]
        assert kinds(answers(lines, "ana")) == ["unknown_card"]
        assert kinds(console.do("@olga /walkouts")) == ["walkouts"]  # with that it is over


def test_five_organizers_let_the_three_whom_it_does_not_stop_decide(play: Play) -> None:
    with live(drafted(play), FIVE) as console:
        lines = console.do(
            *sure("@olga /suspend omar"),
            "@olga /remove omar",
            "@omar /remove olga",
            *sure("@oda /remove omar"),
        )
        assert "They find out" in to(lines, "olga")[0]["text"]
        assert kinds(to(lines, "olga")[1:]) == ["frozen"]  # no letter of the proposal either
        assert kinds(to(lines, "omar")) == ["frozen"]
        assert kinds(letters(lines, "oki")) == ["suspended", "proposal"]
        lines = console.do("@oki [Approve]", "@omar /roles", "@olga /roles")
        assert kinds(to(lines, "omar")) == ["role_taken", "forbidden"]
        assert "Organizers: oda, oki, olga, ora\n" in answers(lines, "olga")[-1]["text"]


@pytest.mark.parametrize(("goes", "stays"), [("omar", "olga"), ("olga", "omar")])
def test_of_three_the_third_decides_with_one_of_the_two(play: Play, goes: str, stays: str) -> None:
    with live(drafted(play), ("olga", "omar", "oda")) as console:
        lines = console.do(*sure("@olga /suspend omar"), *sure(f"@oda /remove {goes}"))
        assert "too few to decide alone" in answers(lines, "olga")[0]["text"]
        assert kinds(answers(lines, "oda")) == ["proposed"]
        assert kinds(letters(lines, goes)) == []
        lines = console.do(f"@{stays} [Approve]", f"@{stays} /roles")
        assert kinds(answers(lines, stays)) == ["done", "roles"]
        assert "suspended" not in answers(lines, stays)[1]["text"].splitlines()[1]


def test_calling_off_works_for_everybody_as_if_nobody_were_suspended(play: Play) -> None:
    walkout = play.draft(terms(approvals=2))
    with live(play, ("olga", "omar", "oda")) as console:
        console.do(*anyway("@olga /open"), "@omar [Approve]", *sure("@olga /suspend omar"))
        lines = console.do(*sure("@omar /calloff"))
        assert kinds(to(lines, "omar")) == ["proposed"]
        assert kinds(to(lines, "olga")) == kinds(to(lines, "oda")) == ["proposal"]
        lines = console.do("@olga [Approve]", "@oda /walkouts")
        assert kinds(answers(lines, "olga")) == ["done"]
        assert "called off" in answers(lines, "oda")[-1]["text"]
        assert walkout in answers(lines, "oda")[-1]["text"]


def test_letters_wait_for_whom_a_suspension_stops(play: Play) -> None:
    with live(drafted(play), FIVE) as console:
        code = console.server("organizer_code").split()[-1]
        lines = console.do(*sure("@olga /suspend omar"), f"@eve /organizer {code}")
        assert kinds(letters(lines, "oda")) == ["suspended", "server_code_used"]
        assert letters(lines, "omar") == letters(lines, "olga") == []
        assert kinds(letters(console.do(OVER), "omar")) == ["server_code_used"]


def test_whom_a_suspension_stops_uses_no_servers_code_up_however_it_comes(play: Play) -> None:
    with live(drafted(play), FIVE) as console:
        code = console.server("organizer_code").split()[-1]
        console.do(*sure("@olga /suspend omar"))
        assert kinds(console.do(f"@omar /organizer {code}", f"@omar /start {code}")) == ["frozen", "frozen"]
        assert kinds(answers(console.do(f"@eve /start {code}"), "eve")) == ["organizer"]


def suspensions(play: Play, *options: str) -> str:
    return play.allout("suspensions", "--data", play.data, "--now", "2026-12-01T09:00:00-05:00", *options).out


def test_with_two_organizers_whoever_runs_the_server_decides(play: Play) -> None:
    with live(drafted(play)) as console:
        (done,) = console.do(*sure("@olga /suspend omar"))
        assert "Tell whoever runs the server" in done["text"]
        (refused,) = console.do("@olga /remove omar")
        assert refused["kind"] == "not_enough_organizers"
    said = suspensions(play)
    assert "omar is suspended until Wed 2 Dec 2026, 13:00 UTC, by olga." in said
    assert "--end NICKNAME" in said
    assert "no organizer any more" in suspensions(play, "--remove", "OMAR", "--yes")
    assert suspensions(play) == "Nobody is suspended.\n"
    with live(play, [], "2026-12-01T09:00:00-05:00") as console:
        lines = console.do("@olga /roles", "@omar /roles", "@olga /audit")
        assert "Organizers: olga\n" in answers(lines, "olga")[0]["text"]
        assert kinds(to(lines, "omar")) == ["forbidden"]
        assert answers(lines, "olga")[1]["text"].splitlines() == ["the server removed omar", "olga suspended omar"]


def test_whoever_runs_the_server_can_end_it_and_everybody_is_told(play: Play) -> None:
    with live(drafted(play), ("olga", "omar", "oda")) as console:
        console.do(*sure("@olga /suspend omar"))
        said = console.server("suspensions", how="end", nickname="Omar", now=None)
        assert "Every organizer is told" in said
        lines = console.do("@omar /roles", "@olga /suspend oda")
        told: list[Line] = [line for line in lines if line["kind"] == "suspension_ended"]
        assert sorted(line["to"] for line in told) == ["@oda", "@olga", "@omar"]
        assert "suspended until" not in answers(lines, "omar")[-1]["text"]
        assert kinds(answers(lines, "olga")) == ["cannot_suspend"]  # still not twice in a week


def test_whoever_runs_the_server_decides_only_between_those_two(play: Play) -> None:
    with live(drafted(play), ("olga", "omar", "oda")) as console:
        console.do(*sure("@olga /suspend omar"))
    for how in ("--end", "--remove"):
        ran = play.allout(
            "suspensions", "--data", play.data, how, "oda", "--yes", "--now", "2026-12-01T09:00:00-05:00", status=2
        )
        assert "Nobody called oda is stopped" in ran.err
    assert (
        "not both" in play.allout("suspensions", "--data", play.data, "--end", "omar", "--remove", "omar", status=2).err
    )


def test_the_audit_says_who_suspended_whom_and_who_ended_it(play: Play) -> None:
    with live(drafted(play), ("olga", "omar", "oda")) as console:
        console.do(*sure("@olga /suspend omar"))
        console.server("suspensions", how="end", nickname="omar", now=None)
        (audit,) = answers(console.do("@oda /audit"), "oda")
        assert audit["text"].splitlines() == ["the server ended the suspension of omar", "olga suspended omar"]
