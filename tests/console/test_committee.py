"""Organizers among themselves: roles handed over by codes, what several must approve, the audit."""

from __future__ import annotations

import re
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
    pledging,
    sure,
    terms,
    to,
)

THREE = ("olga", "omar", "oda")
CODE = re.compile(r"^[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}$", re.MULTILINE)
WORD = re.compile(r"(?:see|be): (\S+)$")
TOMORROW = "!clock 2026-12-02T08:00:00-05:00"


def code_in(line: Line) -> str:
    """Read the code that was handed over."""
    found = CODE.search(line["text"])
    assert found, line["text"]
    return found[0]


def word_in(line: Line) -> str:
    """Read the word that two people compare."""
    found = WORD.search(line["text"])
    assert found, line["text"]
    return found[1]


def appoint(console: Live, who: str, what: str) -> str:
    """Let an organizer make a code."""
    return code_in(answers(console.do(f"@{who} /appoint {what}"), who)[-1])


def make(console: Live, what: str, who: str, by: str = "olga") -> list[Line]:
    """Let somebody be appointed, use the code, and be confirmed."""
    code = appoint(console, by, what)
    return console.do(f"@{who} {code}", f"@{by} [Yes, it is them]")


@pytest.fixture
def two(play: Play) -> Iterator[Live]:
    """Olga and Omar; two must approve."""
    play.draft(terms(approvals=2))
    with live(play) as console:
        yield console


@pytest.fixture
def three(play: Play) -> Iterator[Live]:
    """Olga, Omar and Oda; two must approve."""
    play.draft(terms(approvals=2))
    with live(play, THREE) as console:
        yield console


# --- roles are handed over ---


def test_a_steward_is_appointed_by_a_code_handed_over_and_a_word_that_both_see(two: Live) -> None:
    code = appoint(two, "olga", "steward depot Ana")
    used = two.do(f"@ana {code}")
    (waits,), (asked,) = answers(used, "ana"), letters(used, "olga")
    assert (waits["kind"], waits["buttons"]) == ("role_card_used", [])
    assert (asked["kind"], asked["buttons"]) == ("role_card_used", ["Yes, it is them", "No, turn them away"])
    assert "Ana (steward, Depot)" in asked["text"]
    assert word_in(waits) == word_in(asked)
    assert letters(used, "omar") == []

    before = two.do("@ana /drawn 1")
    assert kinds(before) == ["forbidden"]  # no role before it is confirmed
    done = two.do("@olga [Yes, it is them]", "@olga /roles", "@ana /help")
    confirmed, roles = answers(done, "olga")
    assert "Undo: /remove Ana" in confirmed["text"]
    assert "Depot: Ana" in roles["text"]
    (welcome,) = letters(done, "ana")
    assert (welcome["kind"], welcome["buttons"]) == ("role_given", ["Board", "What comes next"])
    for said in (
        "You are steward of Depot now",
        "/drawn",
        "Nobody can see that",
        "Only if enough",
        "Keep it",
        "/board",
    ):
        assert said in welcome["text"]
    assert "/appoint" not in answers(done, "ana")[0]["text"]  # that is for organizers


def test_the_word_is_another_each_time(two: Live) -> None:
    words = set()
    for name in ("ana", "bo", "cy"):
        code = appoint(two, "olga", f"steward depot {name}")
        words.add(word_in(answers(two.do(f"@{name} {code}"), name)[0]))
    assert len(words) == 3


def test_somebody_else_who_used_the_code_is_turned_away_and_the_code_is_dead(two: Live) -> None:
    code = appoint(two, "olga", "steward depot Ana")
    lines = two.do(
        f"@thief {code}",
        f"@ana {code}",
        "@olga [No, turn them away]",
        f"@thief {code}",
        f"@ana {code}",
        "@olga [Yes, it is them]",
        "@olga /roles",
    )
    assert kinds(to(lines, "thief")) == ["role_card_used", "unknown_card"]
    assert kinds(to(lines, "ana")) == ["unknown_card", "unknown_card"]
    assert "dead" in answers(lines, "olga")[0]["text"]
    assert "settled before" in answers(lines, "olga")[1]["text"]
    assert "Depot" not in answers(lines, "olga")[2]["text"]

    again = appoint(two, "olga", "steward depot Ana")
    assert again != code
    lines = two.do(f"@thief {code}", f"@ana {again}", "@olga [Yes, it is them]")
    assert kinds(to(lines, "thief")) == ["unknown_card"]
    assert kinds(to(lines, "ana")) == ["role_card_used", "role_given"]


def test_a_code_used_twice_by_the_same_person_asks_once(two: Live) -> None:
    code = appoint(two, "olga", "steward depot Ana")
    lines = two.do(f"@ana {code}", f"@ana /start {code}")
    first, second = answers(lines, "ana")
    assert word_in(first) == word_in(second)
    assert kinds(letters(lines, "olga")) == ["role_card_used"]


def test_a_code_is_dead_after_a_day_used_or_not(two: Live) -> None:
    used, unused = appoint(two, "olga", "steward depot Ana"), appoint(two, "olga", "steward school Bo")
    lines = two.do(f"@ana {used}", TOMORROW, "@olga [Yes, it is them]", f"@bo {unused}", "@olga /roles")
    assert "too old" in answers(lines, "olga")[0]["text"]
    assert kinds(to(lines, "bo")) == ["unknown_card"]
    assert "Stewards" not in answers(lines, "olga")[1]["text"]


def test_only_the_appointer_confirms(two: Live) -> None:
    code = appoint(two, "olga", "steward depot Ana")
    lines = two.do(f"@ana {code}", "@omar /roles")
    assert letters(lines, "omar") == []  # so there is nothing Omar could press
    assert "Stewards" not in answers(lines, "omar")[0]["text"]


def test_the_same_command_delivered_twice_makes_one_code_and_one_proposal(two: Live) -> None:
    lines = two.do(*["@olga /appoint steward depot Ana"] * 2, *["@olga /appoint organizer Bo"] * 2, "@olga /audit")
    *made, audit = answers(lines, "olga")
    assert [code_in(line) for line in made[::2]] == [code_in(line) for line in made[1::2]] or (
        code_in(made[0]) == code_in(made[1]) and code_in(made[2]) == code_in(made[3])
    )
    assert kinds(letters(lines, "omar")) == ["proposal"]
    assert audit["text"].count("made a code for Ana") == 1
    assert audit["text"].count("proposed: Make Bo an organizer") == 1


def test_a_new_organizers_code_works_only_once_enough_have_approved(three: Live) -> None:
    made = answers(three.do("@olga /appoint organizer Ana"), "olga")[0]
    assert "1 more organizer must approve it" in made["text"]
    code = code_in(made)
    lines = three.do(f"@ana {code}", "@omar [Approve]", f"@ana {code}", "@olga [Yes, it is them]")
    assert kinds(answers(lines, "ana")) == ["unknown_card", "role_card_used"]
    assert "Their code works now" in answers(lines, "omar")[0]["text"]
    assert kinds(letters(lines, "ana")) == ["role_given"]
    assert kinds(letters(lines, "oda")) == ["proposal", "decided"] or kinds(letters(lines, "oda")) == ["decided"]
    after = three.do("@ana /roles")
    assert "Organizers: Ana, oda, olga, omar" in after[0]["text"]


def test_a_refused_appointments_code_never_works(two: Live) -> None:
    code = appoint(two, "olga", "organizer Ana")
    lines = two.do("!wait", "@omar [Refuse]", f"@ana {code}")
    assert kinds(answers(lines, "omar")) == ["refused"]
    assert "Refused: Make Ana an organizer" in letters(lines, "olga")[0]["text"]
    assert kinds(to(lines, "ana")) == ["unknown_card"]


def test_a_lone_organizer_appoints_the_second_alone(play: Play) -> None:
    play.draft(terms(approvals=2))
    with live(play, ["olga"]) as one:
        (refused,) = one.do("@olga /open")
        assert refused["kind"] == "not_enough_organizers"
        assert "needs 2 organizers" in refused["text"]
        assert "/appoint" in refused["text"]
        make(one, "organizer Omar", "omar")
        lines = one.do(*anyway("@olga /open"), "@omar [Approve]")
    assert kinds(to(lines, "omar")) == ["proposal", "done"]


def test_nobody_is_called_what_another_is_called(two: Live) -> None:
    refused = two.do("@olga /appoint organizer OMAR")
    assert kinds(refused) == ["nickname_taken"]
    make(two, "steward depot Ana", "ana")
    confirmed = answers(make(two, "steward school Ana", "annie"), "olga")[-1]
    assert "Undo: /remove Ana 2" in confirmed["text"]
    roles = two.do("@olga /roles")[0]["text"]
    assert "Depot: Ana\nSchool: Ana 2" in roles
    lines = two.do(*sure("@olga /remove Ana 2"), "@olga /roles")
    listed = to(lines, "olga")[-1]["text"]
    assert "Depot: Ana" in listed
    assert "School" not in listed


def test_who_has_a_role_keeps_their_nickname_with_the_next_one(two: Live) -> None:
    make(two, "steward depot somebody", "omar")
    assert "Depot: omar" in two.do("@olga /roles")[0]["text"]
    code = two.server("organizer_code").split()[-1]
    lines = two.do(f"@omar /organizer {code}", "@olga /roles")
    assert "Organizers: olga, omar\n" in answers(lines, "olga")[0]["text"]


def test_one_steward_may_look_after_two_workplaces_and_a_workplace_have_two(two: Live) -> None:
    make(two, "steward depot Ana", "ana")
    make(two, "steward school Ana", "ana", by="omar")
    make(two, "steward school Bo", "bo", by="omar")
    roles = two.do("@olga /roles")[0]["text"].splitlines()
    assert sorted(roles[3:6]) == ["Depot: Ana", "School: Ana", "School: Bo"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("@olga /appoint", "help"),
        ("@olga /appoint steward Ana", "help"),
        ("@olga /appoint organizer", "help"),
        ("@olga /appoint organizer Ana Bo", "help"),
        ("@olga /appoint boss Ana", "help"),
        ("@olga /appoint zzzzz steward depot Ana", "help"),
        ("@olga /appoint steward Mars Ana", "no_such_workplace"),
        ("@olga /remove", "help"),
        ("@olga /remove nobody", "no_such_member"),
        ("@ana /organizer", "help"),
        ("@ana /organizer 00000-00000-00000-00000", "unknown_card"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(two: Live, said: str, kind: str) -> None:
    lines = two.do(said, "@olga /audit")
    assert kinds(lines) == [kind, "audit"]
    assert lines[1]["text"] == "Nothing has been done yet."


def test_nobody_is_made_steward_in_a_walkout_that_is_over(play: Play) -> None:
    walkout = play.draft(terms(approvals=1))
    with live(play) as console:
        lines = console.do(*sure(f"@olga /calloff {walkout}"), f"@olga /appoint {walkout} steward depot Ana")
    assert kinds(answers(lines, "olga")) == ["done", "wrong_stage"]


# --- what several must approve ---


@pytest.mark.parametrize("approvals", [1, 2, 3])
def test_a_walkout_is_opened_by_as_many_as_its_file_says(play: Play, approvals: int) -> None:
    play.draft(terms(approvals=approvals))
    organizers = ("olga", "omar", "oda", "otto")
    with live(play, organizers) as console:
        lines = console.do("@olga /room citywide #city", *sure("@olga /open"))
        for name in organizers[1:approvals]:
            assert news(lines) == []
            lines += console.do(f"@{name} [Approve]")
    assert [kind for _, kind, _ in news(lines)] == ["opened"]
    last = organizers[approvals - 1]
    assert answers(lines, last)[-1]["kind"] == "done"
    assert "is open for pledges" in answers(lines, last)[-1]["text"]
    for name in organizers:  # who settled it knows
        assert kinds(letters(lines, name)).count("decided") == (name != last)


def test_proposing_it_again_is_no_approval_of_ones_own(three: Live) -> None:
    lines = three.do(*[*anyway("@olga /open")] * 3, "@olga /walkouts")
    assert kinds(answers(lines, "olga"))[:3] == ["proposed"] * 3
    assert all("1 more organizer" in line["text"] for line in answers(lines, "olga")[:3])
    assert letters(lines, "olga") == []
    assert kinds(letters(lines, "omar")) == kinds(letters(lines, "oda")) == ["proposal"]
    assert "draft" in answers(lines, "olga")[3]["text"]


def test_who_proposed_it_may_refuse_it_but_not_approve_it(three: Live) -> None:
    # only a forged press can do this: the letter with the buttons goes to the others
    three.do(*anyway("@olga /open"))
    three.hand_over("omar", "olga")
    lines = three.do("@olga [Approve]", "@olga [Refuse]", "@omar [Refuse]")
    assert kinds(answers(lines, "olga")) == ["own_proposal", "proposed"]
    assert kinds(answers(lines, "omar")) == ["refused"]


def test_pressing_twice_or_after_the_others_changes_nothing_more(three: Live) -> None:
    lines = three.do(
        *anyway("@olga /open"),
        "@omar [Approve]",
        "@omar [Approve]",
        "@oda [Approve]",
        "@oda [Refuse]",
        "@olga /audit",
        "@olga /walkouts",
    )
    assert kinds(answers(lines, "omar")) == ["done", "done"]
    assert kinds(answers(lines, "oda")) == ["done", "done"]
    audit, walkouts = answers(lines, "olga")[1:]
    assert len(audit["text"].splitlines()) == 3  # proposed, approved, settled
    assert " open " in walkouts["text"]
    assert kinds(letters(lines, "olga")) == ["decided"]


def test_approvals_pressed_at_the_same_moment_open_it_once_and_nobody_is_refused(three: Live) -> None:
    lines = three.do("@olga /room citywide #city", *sure("@olga /open"))
    lines += three.do_at_once("@omar [Approve]", "@oda [Approve]")
    assert kinds(answers(lines, "omar")) == kinds(answers(lines, "oda")) == ["done"]
    assert [kind for _, kind, _ in news(lines)] == ["opened"]


def test_two_who_press_differently_decide_by_numbers(three: Live) -> None:
    lines = three.do(*anyway("@olga /open"), "@omar [Refuse]", "@oda [Approve]")
    assert kinds(answers(lines, "omar")) == ["proposed"]  # Oda may still approve
    assert kinds(answers(lines, "oda")) == ["done"]


def test_when_too_many_refuse_it_is_refused_and_everybody_hears_it(three: Live) -> None:
    lines = three.do(*anyway("@olga /open"), "@omar [Refuse]", "@oda [Refuse]", "@omar [Approve]", "@olga /walkouts")
    assert answers(lines, "oda")[-1]["kind"] == "refused"
    assert "Refused: Open" in letters(lines, "olga")[-1]["text"]
    assert answers(lines, "omar")[-1]["kind"] == "refused"
    assert "draft" in answers(lines, "olga")[-1]["text"]


def test_what_lapses_says_when_and_can_be_proposed_again(two: Live) -> None:
    lines = two.do(*anyway("@olga /open"), TOMORROW, "@omar [Approve]", *anyway("@olga /open"), "@omar [Approve]")
    asked = letters(lines, "omar")[0]
    assert "It lapses on Wed 2 Dec 2026, 08:00." in asked["text"]  # as the walkout's own times
    assert kinds(answers(lines, "omar")) == ["no_such_proposal", "done"]

    lines = two.do("@olga /appoint organizer Ana")  # which belongs to no walkout
    assert "It lapses on Thu 3 Dec 2026, 13:00 UTC." in letters(lines, "omar")[0]["text"]


def test_an_organizer_who_is_appointed_meanwhile_may_approve(two: Live) -> None:
    two.do(*anyway("@olga /open"))
    code = appoint(two, "olga", "organizer Ana")
    two.do("!wait", "@omar [Approve]")
    two.do(f"@ana {code}", "@olga [Yes, it is them]")
    lines = two.do(*anyway("@ana /open"))
    assert kinds(answers(lines, "ana")) == ["done"]
    assert sorted(line["to"] for line in lines if line["kind"] == "decided") == ["@olga", "@omar"]


def test_where_approvals_outnumber_organizers_nothing_is_approved(play: Play) -> None:
    play.draft(terms(approvals=3))
    with live(play) as console:
        lines = console.do("@olga /open", "@olga /remove omar", "@olga /audit")
    assert kinds(lines) == ["not_enough_organizers", "not_enough_organizers", "audit"]
    assert "but only 1 can" in lines[1]["text"]
    assert "/suspend" in lines[1]["text"]
    assert lines[2]["text"] == "Nothing has been done yet."


def test_a_draft_that_one_organizer_makes_changes_nothing_about_how_many_must_agree(play: Play) -> None:
    first = play.draft(terms(approvals=2))
    lower, _higher = [play.draft(terms(approvals=approvals)) for approvals in (1, 9)]
    with live(play, THREE) as console:
        lines = console.do(*anyway(f"@olga /open {first}"), "@omar [Approve]", *anyway(f"@olga /open {lower}"))
        assert kinds(answers(lines, "olga")) == ["proposed", "proposed"]
        assert "1 more organizer" in answers(lines, "olga")[1]["text"]
        lines = console.do(*sure("@olga /remove omar"), *sure("@oda /remove omar"))
        assert kinds(to(lines, "oda")) == ["proposal", "done"]


def test_of_who_organizes_two_decide_at_least(play: Play) -> None:
    play.draft(terms(approvals=1))
    with live(play, THREE) as console:
        lines = console.do(*anyway("@olga /open"), *sure("@olga /remove omar"), "@olga /appoint organizer Bo")
    assert kinds(answers(lines, "olga")) == ["done", "proposed", "role_card"]
    assert "1 more organizer must approve it" in answers(lines, "olga")[2]["text"]


# --- removal ---


def test_a_steward_is_removed_at_once_by_any_organizer(two: Live) -> None:
    make(two, "steward depot Ana", "ana")
    lines = two.do(*sure("@omar /remove ANA"), "@omar /remove ana", "@ana /drawn 3", "@omar /roles")
    assert kinds(to(lines, "omar")) == ["done", "no_such_member", "roles"]
    assert kinds(to(lines, "ana")) == ["role_taken", "forbidden"]
    assert "You are not steward of Depot any more." in to(lines, "ana")[0]["text"]
    assert "Stewards" not in to(lines, "omar")[2]["text"]


def test_an_organizer_is_removed_by_the_others_and_has_no_say_in_it(three: Live) -> None:
    lines = three.do(*sure("@olga /remove omar"))
    three.hand_over("oda", "omar")
    lines += three.do("@omar /audit", "@oda /audit")
    assert kinds(to(lines, "oda")) == ["proposal", "audit"]
    assert to(lines, "oda")[1]["text"] == "olga proposed: Remove omar as organizer"
    assert [(line["kind"], line["text"]) for line in to(lines, "omar")] == [("audit", "Nothing has been done yet.")]
    lines = three.do(
        "@omar [Refuse]",
        "@omar [Approve]",
        *anyway("@omar /open"),
        *sure("@oda /remove OMAR"),
        "@omar /open",
        "@omar [Approve]",
        "@oda /roles",
    )
    assert kinds(answers(lines, "omar")) == [
        "no_such_proposal",
        "no_such_proposal",
        "proposed",
        "forbidden",
        "not_understood",
    ]
    assert [line["text"] for line in letters(lines, "omar")] == [
        "You are no organizer any more. A pledge of yours stays as it is."
    ]
    removed, roles = answers(lines, "oda")
    assert removed["kind"] == "done"
    assert "Organizers: oda, olga\n" in roles["text"]


def test_what_a_removed_organizer_proposed_dies_with_their_role(three: Live) -> None:
    code = appoint(three, "omar", "steward depot Ana")
    lines = three.do(
        *anyway("@omar /open"),
        *sure("@olga /remove omar"),
        *sure("@oda /remove omar"),
        f"@ana {code}",
        "@olga /walkouts",
        "@oda /audit",
    )
    assert kinds(to(lines, "ana")) == ["unknown_card"]
    pressed = three.do(*anyway("@olga /open"), "@oda /walkouts")
    assert "1 more organizer" in pressed[0]["text"]  # a new proposal, for Omar's approval is gone
    assert "draft" in answers(pressed, "oda")[0]["text"]


def test_whom_a_refused_proposal_would_have_removed_never_hears_of_it(three: Live) -> None:
    lines = three.do(*sure("@olga /remove omar"), "@oda [Refuse]", "@omar /audit", "@olga /audit")
    assert kinds(letters(lines, "olga")) == ["decided"]
    assert [line["text"] for line in to(lines, "omar")] == ["Nothing has been done yet."]


def test_the_last_organizer_cannot_resign(two: Live) -> None:
    lines = two.do(*sure("@omar /remove omar"), "@olga /remove olga", "@olga /roles")
    refused, roles = to(lines, "olga")
    assert (refused["kind"], "/appoint" in refused["text"]) == ("last_organizer", True)
    assert "Organizers: olga\n" in roles["text"]


def test_resigning_acts_at_once_and_needs_nobody(two: Live) -> None:
    lines = two.do(*sure("@omar /remove omar"), "@omar /remove omar", "@olga /roles", "@olga /audit")
    assert kinds(to(lines, "omar")) == ["done", "role_taken", "forbidden"]
    assert "Organizers: olga\n" in to(lines, "olga")[0]["text"]
    assert to(lines, "olga")[1]["text"] == "omar resigned"


def test_the_servers_code_makes_an_organizer_and_every_other_hears_of_it(two: Live) -> None:
    two.do("@olga /help")
    code = two.server("organizer_code").split()[-1]
    lines = two.do(f"@eve /organizer {code}", f"@eve /organizer {code}", f"@fay /organizer {code}")
    assert kinds(to(lines, "eve")) == ["organizer", "organizer"]
    assert kinds(to(lines, "fay")) == ["unknown_card"]
    for name in ("olga", "omar"):
        (told,) = to(lines, name)
        assert told["kind"] == "server_code_used"
        assert "/roles" in told["text"]
    lines = two.do("@eve /roles", "@eve /audit")
    assert "Organizers: olga, omar, organizer\n" in lines[0]["text"]
    assert lines[1]["text"] == "organizer became an organizer by the server's code"


def test_a_servers_code_in_a_link_followed_again_is_known_to_whom_it_made_an_organizer_alone(two: Live) -> None:
    code = two.server("organizer_code").split()[-1]
    lines = two.do(f"@eve /start {code}", f"@eve /start {code}", f"@fay /start {code}", f"@olga /start {code}")
    assert kinds(answers(lines, "eve")) == ["organizer", "organizer"]
    assert kinds(to(lines, "fay")) == ["unknown_card"]
    assert kinds(answers(lines, "olga")) == ["unknown_card"]
    assert kinds(letters(lines, "olga")) == ["server_code_used"]
    assert two.do("@olga /audit")[0]["text"].count("became an organizer by the server's code") == 1
    two.do(*sure("@eve /remove organizer"))
    assert kinds(two.do(f"@eve /start {code}")) == ["unknown_card"]


# --- who may do what ---

ORGANIZERS_ONLY = (
    "/walkouts",
    "/open",
    "/calloff",
    "/room citywide #city",
    "/rooms",
    "/appoint steward depot Bo",
    "/roles",
    "/remove olga",
    "/audit",
    "/report",
)


def test_a_steward_may_not_do_what_is_for_organizers_nor_press_it(two: Live) -> None:
    make(two, "steward depot Ana", "ana")
    lines = two.do(*[f"@ana {command}" for command in ORGANIZERS_ONLY], "@olga /roles")
    assert kinds(to(lines, "ana")) == ["forbidden"] * len(ORGANIZERS_ONLY)
    assert "Organizers: olga, omar" in to(lines, "olga")[0]["text"]


def test_nobody_without_a_role_is_told_even_that_the_commands_exist(two: Live) -> None:
    lines = two.do("@ana /help", *[f"@ana {command}" for command in ORGANIZERS_ONLY])
    assert kinds(lines) == ["help", *["forbidden"] * len(ORGANIZERS_ONLY)]
    assert not [command for command in ORGANIZERS_ONLY if command.split()[0] in lines[0]["text"]]


# --- the audit ---


def test_the_audit_has_pages(two: Live) -> None:
    names = [f"N{number}" for number in range(1, 24)]
    lines = two.do(*[f"@olga /appoint steward depot {name}" for name in names])
    lines = two.do("@omar /audit", "@omar [Older]", "@omar [Older]")
    told = [re.findall(r"for (N\d+)", line["text"]) for line in lines]
    assert told == [names[:-11:-1], names[12:2:-1], names[2::-1]]
    assert [line["buttons"] for line in lines] == [["Older"], ["Older"], []]


def test_the_audit_names_deeds_their_walkout_and_the_tally_but_nothing_about_workers(play: Play) -> None:
    drafted = play.prepare(terms(approvals=2))
    depot = drafted.cards["Depot"]
    with live(play) as console:
        console.do("@olga /room depot #depot", *anyway("@olga /open"), "@omar [Approve]")
        console.do(*pledging("worker", depot[:7]), f"@worker0 /withdraw {depot[0]}", "!tally")
        lines = console.do(*sure("@olga /calloff"), "@omar [Approve]", "@olga /audit")
    assert answers(lines, "olga")[-1]["text"].splitlines() == [
        f"omar settled it: Call off {drafted.id} · {drafted.id}, after tally 1",
        f"omar approved: Call off {drafted.id} · {drafted.id}, after tally 1",
        f"olga proposed: Call off {drafted.id} · {drafted.id}, after tally 1",
        f"omar settled it: Open {drafted.id} for pledges, without a citywide room · {drafted.id}, after tally 0",
        f"omar approved: Open {drafted.id} for pledges, without a citywide room · {drafted.id}, after tally 0",
        f"olga proposed: Open {drafted.id} for pledges, without a citywide room · {drafted.id}, after tally 0",
        f"olga bound a room: Depot · {drafted.id}, after tally 0",
    ]
