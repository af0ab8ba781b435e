"""A walkout's whole course, from its files to its last announcement."""

from __future__ import annotations

import stat

from tests.console.play import (
    NOW,
    PLEDGE_BY,
    SHOPS,
    STARTS,
    Line,
    Play,
    answers,
    anyway,
    bare,
    boards,
    heard,
    kinds,
    letters,
    news,
    pages,
    pledging,
    roster,
    sure,
    terms,
    to,
    withdrawing,
)
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS

ROOMS = [
    "@olga /room citywide #city",
    "@olga /room Depot #depot",
    "@olga /room school #school",
    '@olga /room "Café, North" #cafe',
    "!wait",
]
EVERY_ROOM = [("#city", "citywide"), ("#depot", "Depot"), ("#school", "School"), ("#cafe", "Café, North")]
OPEN = [*ROOMS, *sure("@olga /open"), "!wait"]


def everywhere(kind: str) -> set[tuple[str, str, str]]:
    return {(room, kind, scope) for room, scope in EVERY_ROOM}


def count(lines: list[Line], kind: str) -> int:
    """How often rooms heard it."""
    return sum(said == kind for _, said, _ in news(lines))


def test_a_walkout_goes_from_its_files_to_it_is_on(shell: Play) -> None:
    toml = shell.write("walkout.toml", terms(approvals=2))
    shell.write("workplaces.csv", roster())
    drafted = shell.allout("draft", toml, "--data", shell.data, "--now", NOW).out
    walkout = drafted.splitlines()[-1]
    assert walkout.isalnum()

    cards = shell.cards(walkout)
    assert {place: len(codes) for place, codes in cards.items()} == {name: people for name, people, _, _ in SHOPS}
    assert stat.S_IMODE((shell.folder / "cards.csv").stat().st_mode) == 0o600
    depot, school, cafe = cards["Depot"], cards["School"], cards["Café, North"]

    before = shell.console(
        "@olga /walkouts", *anyway("@olga /open"), *anyway("@olga /open"), f"@ana {depot[0]}", "!wait"
    )
    assert kinds(to(before, "olga")) == ["walkouts", "proposed", "proposed"]
    assert walkout in to(before, "olga")[0]["text"]
    assert "Bind one: /room" in pages(before, "olga")[0]  # nobody would hear that it is on
    # asked once, whatever olga sends again
    assert [(line["kind"], line["buttons"]) for line in to(before, "omar")] == [
        ("proposal", ["Approve", "Refuse", "What workers read"])
    ]
    assert kinds(to(before, "ana")) == ["not_open"]
    assert not news(before)

    opened = shell.console(*ROOMS, *sure("@omar /open"), "!wait", f"@ana {depot[0]}", "@ana [Pledge]", "@ana [check]")
    assert kinds(to(opened, "omar")) == ["done"]
    assert set(news(opened)) == everywhere("opened")
    shown, recorded, status = to(opened, "ana")
    assert (shown["kind"], shown["buttons"]) == ("terms", TERMS_BUTTONS)
    for said in ("Freeze the rent", "6 of its 10 people", "12 people pledge", "Ask your steward before you pledge."):
        assert said in shown["text"]
    assert "555-0100" not in shown["text"]  # sent only with "on"
    assert (recorded["kind"], recorded["buttons"], status["kind"]) == ("pledged", PLEDGED_BUTTONS, "status")

    course = shell.console(
        *pledging("depot", depot[1:6]),
        "@olga /board",
        "!tally",
        "@olga /board",
        "!wait",
        *pledging("school", school[:5]),
        "!tally",
        *pledging("depot", depot[6:7], first=6),
        "!tally",
        "@olga /board",
        "!wait",
    )
    untallied, first, last = boards(course)
    assert untallied.tally == 0
    assert set(untallied.places.values()) == {"fewer than 6", "fewer than 5"}
    assert (first.tally, first.ready, first.counted, first.places["Depot"]) == (1, 1, 6, "has reached 6 (tally 1)")
    assert (last.tally, last.stage, last.ready) == (3, "on", 2)
    assert last.places["School"] == "has reached 5 (tally 2), walks out"
    assert news(course)[:2] == [("#depot", "workplace_ready", "Depot"), ("#school", "workplace_ready", "School")]
    for organizer in ("olga", "omar"):
        told = [line["text"] for line in to(course, organizer) if line["kind"] == "workplaces_ready"]
        assert ["Depot has reached" in text for text in told] == [True, False]
        assert ["School has reached" in text for text in told] == [False, True]
    assert set(news(course)[2:]) == {
        ("#city", "on", "citywide"),
        ("#depot", "we_are_out", "Depot"),
        ("#school", "we_are_out", "School"),
        ("#cafe", "not_yet_out", "Café, North"),
    }
    assert "legal line 555-0100" in heard(course, "#city", "on")[0]
    assert " gate" not in heard(course, "#city", "on")[0]
    for room, meet in (("#depot", "at the Depot gate"), ("#school", "under the School clock")):
        assert meet in heard(course, room, "we_are_out")[0]
        assert "legal line 555-0100" in heard(course, room, "we_are_out")[0]
    waiting = heard(course, "#cafe", "not_yet_out")[0]
    assert not any(said in waiting for said in ("555-0100", "Café door"))

    after = shell.console(
        *withdrawing("depot", depot[1:6]),
        *pledging("cafe", cafe[:5]),
        "!clock 2026-12-01T12:00:00-05:00",
        "@olga /board",
        f"@depot6 {depot[6]}",
        "!clock 2026-12-08T20:00:00-05:00",
        "!clock 2026-12-12T09:00:00-05:00",
        now="2026-12-01T11:00:00-05:00",
    )
    verdicts = {item if item[0] != "#depot" else ("#depot", "fewer_now", "Depot") for item in everywhere("last_word")}
    assert news(after)[:2] == [("#city", "workplace_joins", "citywide"), ("#cafe", "workplace_joins", "Café, North")]
    assert sorted(news(after)[2:]) == sorted([*verdicts, *everywhere("tomorrow"), *everywhere("starts")])
    assert "Café, North" in heard(after, "#city", "workplace_joins")[0]
    assert "by the Café door" in heard(after, "#cafe", "workplace_joins")[0]
    assert boards(after)[0].places["Depot"].endswith(", walks out")  # for good, whoever withdrew
    assert "at the Depot gate" in to(after, "depot6")[0]["text"]


def test_opening_names_the_workplaces_without_cards_without_a_steward_and_without_a_room(play: Play) -> None:
    walkout = play.draft(terms(approvals=2))
    play.cards(walkout, "--workplace", "depot")
    lines = play.console(
        "@olga /room citywide #city",
        "@olga /room Depot #depot",
        *sure("@olga /open"),
        "!wait",
        "@omar /open",
    )
    for said in (*pages(lines, "olga"), letters(lines, "omar")[0]["text"], *pages(lines, "omar")):
        assert "• 2 rooms hear it at once." in said
        assert "• No cards yet: Café, North, School." in said
        assert "• No steward: Café, North, Depot, School." in said
        assert "• No room of their own: Café, North, School." in said
        assert "citywide room" not in said
    assert "No cards yet" not in answers(lines, "olga")[-1]["text"]  # it was read before


def test_the_same_organizer_twice_is_one_and_a_proposal_lasts_a_day(play: Play) -> None:
    play.draft(terms(approvals=3))
    lines = play.console(
        *anyway("@olga /open"),
        *anyway("@olga /open"),
        "!wait",
        *anyway("@omar /open"),
        "!clock 2026-12-02T08:00:01-05:00",
        *anyway("@oda /open"),
        "!wait",
        *anyway("@omar /open"),
        "!wait",
        *anyway("@olga /open"),
        organizers=("olga", "omar", "oda"),
    )
    assert kinds(answers(lines, "olga")) == ["proposed", "proposed", "done"]
    assert kinds([*answers(lines, "omar"), *answers(lines, "oda")]) == ["proposed"] * 3
    assert "2 more organizers" in answers(lines, "oda")[0]["text"]


def test_several_workplaces_becoming_ready_make_one_line_each_and_never_in_the_citywide_room(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=40)).cards
    everybody = [*pledging("d", cards["Depot"]), *pledging("s", cards["School"]), *pledging("c", cards["Café, North"])]
    back = [*withdrawing("d", cards["Depot"]), *withdrawing("s", cards["School"])]
    lines = play.console(*OPEN, *everybody[:60], "!tally", *back, "!tally", *everybody, "@olga /board", "!wait")
    assert sorted(news(lines)[4:]) == [
        ("#cafe", "workplace_ready", "Café, North"),
        ("#depot", "workplace_ready", "Depot"),
        ("#school", "workplace_ready", "School"),
    ]
    for organizer in ("olga", "omar"):
        [told] = [line["text"] for line in to(lines, organizer) if line["kind"] == "workplaces_ready"]
        assert "3 workplaces have reached their numbers: Café, North, Depot, School." in told
    assert boards(lines)[0].ready == 1  # it comes and goes, as the last tally saw it

    again = play.console("!tally", now="2026-12-01T10:00:00-05:00")
    assert {kind for _, kind, _ in news(again)} == {"on", "we_are_out"}  # 40 of 40; told ready once in its life


def test_milestones_come_from_the_coarse_line_each_once_and_only_the_highest(play: Play) -> None:
    shops = [("Mill", 40, 20), ("Yard", 40, 20), ("Docks", 40, 20)]
    about = terms(citywide_threshold=40, citywide_counts="all", minimum_workplaces=3, milestones=True)
    cards = play.prepare(about, roster(shops)).cards
    lines = play.console(
        "@olga /room citywide #city",
        *sure("@olga /open"),
        "!wait",
        *pledging("m", cards["Mill"][:15]),
        *pledging("y", cards["Yard"][:9]),  # 24 of 40, but one line has moved
        "!clock 2026-12-01T14:00:00-05:00",
        *pledging("y", cards["Yard"][9:10], first=9),
        *pledging("d", cards["Docks"][:10]),  # 35 of 40
        "!clock 2026-12-01T19:00:00-05:00",  # the city's line moves every six hours only
        "@olga /board",
        "!wait",
        *withdrawing("d", cards["Docks"][:1]),
        "!clock 2026-12-01T20:00:00-05:00",
        "@olga /board",
        "!wait",
        *pledging("y", cards["Yard"][10:15], first=10),
        *pledging("d", [cards["Docks"][0], *cards["Docks"][10:15]]),
        *withdrawing("m", cards["Mill"][:5]),
        "!clock 2026-12-02T20:00:00-05:00",  # 10, 15 and 15: all forty, but no workplace has reached its own
    )
    assert [kind for _, kind, _ in news(lines)] == ["opened", "milestone"]
    [three_quarters] = heard(lines, "#city", "milestone")
    assert "Three quarters of the 40" in three_quarters
    assert lines.index(next(line for line in lines if line.get("kind") == "milestone")) > lines.index(
        next(line for line in lines if line.get("kind") == "board")
    )


def test_there_are_no_milestones_unless_the_file_says_so(play: Play) -> None:
    cards = play.prepare(terms(minimum_workplaces=3)).cards
    lines = play.console(*OPEN, *pledging("d", cards["Depot"]), *pledging("s", cards["School"]), "!tally")
    assert count(lines, "milestone") == 0
    assert (
        boards(play.console("@olga /board", now="2026-12-01T09:00:00-05:00"))[0].counted == 12
    )  # all that is asked for


def test_it_lapses_at_the_deadline_if_the_numbers_are_not_reached_and_says_no_numbers(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:6]),
        "!clock 2026-12-08T19:59:59-05:00",
        *pledging("s", cards["School"][:5]),
        "!wait",
        "!clock 2026-12-08T20:00:00-05:00",
        *pledging("c", cards["Café, North"][:1]),
        f"@d0 {cards['Depot'][0]}",
        f"@d1 /withdraw {cards['Depot'][1]}",
        "!clock 2026-12-10T20:00:00-05:00",
        f"@d0 {cards['Depot'][0]}",
        "@olga /walkouts",
        status=1,
    )
    assert {item for item in news(lines) if item[1] == "lapsed"} == everywhere("lapsed")
    assert count(lines, "lapsed") == 4
    assert kinds(letters(lines, "olga")).count("lapsed") == 1
    for room, _scope in EVERY_ROOM:
        assert not any(character.isdigit() for character in bare(heard(lines, room, "lapsed")[0]))
    assert count(lines, "on") == 0
    assert kinds(to(lines, "c0")) == ["closed"]  # and no button to press
    assert kinds(to(lines, "d0"))[-2:] == ["status", "unknown_card"]  # destroyed two days later
    assert kinds(to(lines, "d1"))[-1] == "closed"
    assert to(lines, "olga")[-1]["text"].count("closed") == 1


def test_a_pledge_in_the_last_second_counts_and_the_deadlines_tally_turns_it_on(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=11, confirm_tallies=3)).cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:6]),
        "!clock 2026-12-08T19:59:59-05:00",
        *pledging("s", cards["School"][:5]),
        "!wait",
        "!tally",
        f"@late {cards['School'][5]}",
    )
    assert count(lines, "on") == 1
    assert kinds(to(lines, "late")) == ["closed"]


def test_two_organizers_call_off_a_draft_and_no_room_hears_of_it(play: Play) -> None:
    walkout = play.prepare(terms(approvals=2))
    lines = play.console(
        *ROOMS,
        *sure(f"@olga /calloff {walkout.id}"),
        "!wait",
        *sure(f"@omar /calloff {walkout.id}"),
        "!wait",
        "@olga /open",
    )
    assert kinds(answers(lines, "olga")[4:]) == ["proposed", "no_such_walkout"]
    assert kinds(answers(lines, "omar")) == ["done"]
    assert news(lines) == []


def test_two_organizers_call_off_an_open_walkout(play: Play) -> None:
    walkout = play.prepare(terms(approvals=2))
    depot = walkout.cards["Depot"]
    lines = play.console(
        *OPEN,
        *sure("@omar /open"),
        "!wait",
        f"@ana {depot[0]}",
        "@ana [Pledge]",
        f"@bo {depot[1]}",
        *sure("@olga /calloff"),
        *sure("@olga /calloff"),
        "!wait",
        *sure("@omar /calloff"),
        "!wait",
        "@ana [Withdraw]",
        "@bo [Pledge]",
        f"@cy {depot[2]}",
        f"@ana /status {depot[0]}",
        "@omar /calloff",
        "!clock 2026-12-08T20:00:00-05:00",
        "!clock 2026-12-12T09:00:00-05:00",
    )
    assert kinds(answers(lines, "olga")[4:]) == ["proposed", "proposed", "proposed"]
    assert kinds(answers(lines, "omar")) == ["done", "done", "no_such_walkout"]
    told = ["called_off", "walkout_closed"]
    assert kinds(letters(lines, "omar")) == ["proposal", "proposal", *told]  # to open it, and to call it off
    assert sorted(kinds(letters(lines, "olga"))) == sorted(["decided", "decided", *told])
    assert set(news(lines)) == everywhere("opened") | everywhere("called_off")
    assert len(news(lines)) == 8
    assert kinds(to(lines, "ana")) == ["terms", "pledged", "closed", "status"]
    assert kinds(to(lines, "bo")) == ["terms", "closed"]
    assert kinds(to(lines, "cy")) == ["closed"]


def test_two_organizers_call_off_a_walkout_that_is_on(play: Play) -> None:
    cards = play.prepare(terms(approvals=2, citywide_threshold=5)).cards
    lines = play.console(
        *OPEN,
        *sure("@omar /open"),
        "!wait",
        *pledging("d", cards["Depot"][:6]),
        "!tally",
        *sure("@olga /calloff"),
        "!wait",
        *sure("@omar /calloff"),
        "!clock 2026-12-12T09:00:00-05:00",
    )
    assert count(lines, "on") == 1
    assert everywhere("called_off") <= set(news(lines))
    assert kinds(line for line in lines if "room" in line)[-4:] == ["called_off"] * 4


def test_reminders_come_when_they_are_due_and_of_overdue_ones_only_the_newest(play: Play) -> None:
    play.prepare(terms(reminders=["7d", "3d", "1d", "2h"]))
    lines = play.console(*OPEN, "!clock 2026-12-01T19:59:00-05:00", "@ana /help", "!clock 2026-12-01T20:00:00-05:00")
    help_at = next(n for n, line in enumerate(lines) if line.get("to") == "@ana")
    reminders = [n for n, line in enumerate(lines) if line.get("kind") == "reminder"]
    assert len(reminders) == 4
    assert min(reminders) > help_at
    assert "there is still time to pledge, until Tue 8 Dec 2026, 20:00." in heard(lines, "#city", "reminder")[0]

    late = play.console("!wait", now="2026-12-07T21:00:00-05:00")
    assert {item for item in news(late) if item[1] == "reminder"} == everywhere("reminder")
    assert count(late, "reminder") == 4

    after = play.console("!wait", now=PLEDGE_BY)
    assert count(after, "reminder") == 0


def test_with_confirm_tallies_2_a_dip_in_between_starts_the_count_again(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=6, confirm_tallies=2)).cards
    depot = cards["Depot"]
    lines = play.console(
        *OPEN,
        *pledging("d", depot[:6]),
        "!tally",  # holds once
        *withdrawing("d", depot[:1]),
        "!tally",  # a dip
        *pledging("d", depot[:1]),
        "!tally",  # holds once again
        "@olga /board",
        "!wait",
        "!tally",  # twice in a row
        "@olga /board",
    )
    assert [seen.stage for seen in boards(lines)] == ["open", "on"]
    assert count(lines, "on") == 1
    assert count(lines, "workplace_ready") == 1  # at the first tally only
    assert kinds(lines).count("workplaces_ready") == 2  # to olga and omar


def test_by_default_only_workplaces_that_are_ready_count_towards_the_city(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=12)).cards
    crowd = [*pledging("d", cards["Depot"][:5]), *pledging("s", cards["School"][:9])]  # 14, 9 of them ready
    lines = play.console(*OPEN, *crowd, "!tally", "@olga /board", "!wait")
    assert count(lines, "on") == 0
    seen = boards(lines)[0]
    assert (seen.counted, seen.ready) == (5, 1)


def test_with_citywide_counts_all_everybody_counts_but_only_ready_workplaces_go_out(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=12, citywide_counts="all")).cards
    crowd = [*pledging("d", cards["Depot"][:5]), *pledging("s", cards["School"][:9])]
    lines = play.console(*OPEN, *crowd, "!tally")
    assert {kind for room, kind, _ in news(lines[-4:]) if room == "#depot"} == {"not_yet_out"}
    assert count(lines, "on") == 1
    assert count(lines, "we_are_out") == 1


def test_with_citywide_counts_all_and_nobody_ready_it_is_not_on(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=9, citywide_counts="all")).cards
    crowd = [*pledging("d", cards["Depot"][:5]), *pledging("s", cards["School"][:4])]
    assert count(play.console(*OPEN, *crowd, "!tally"), "on") == 0


def test_it_is_not_on_before_minimum_workplaces_are_ready(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=12, minimum_workplaces=3)).cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"]),
        *pledging("s", cards["School"]),
        "!tally",
        "@olga /board",
        "!wait",
        *pledging("c", cards["Café, North"][:5]),
        "!tally",
        "@olga /board",
    )
    assert [(seen.stage, seen.ready, seen.counted) for seen in boards(lines)] == [("open", 2, 12), ("on", 3, 12)]


def test_nothing_that_anyone_can_see_changes_between_two_tallies(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(
        *OPEN,
        "@olga /board",
        f"@ana {cards['Depot'][0]}",
        "@ana [Pledge]",
        "@ana [Check]",
        "!wait",
        *pledging("d", cards["Depot"][1:]),
        *pledging("s", cards["School"]),
        "!clock 2026-12-01T08:59:59-05:00",
        "@olga /board",
        f"@ana /status {cards['Depot'][0]}",
    )
    before, after = (line for line in to(lines, "olga") if line["kind"] == "board")
    assert before == after
    assert to(lines, "ana")[2] == to(lines, "ana")[3]


def test_secrets_are_destroyed_seven_days_after_the_start_and_not_before(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=6)).cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:6]),
        "!tally",
        "!clock 2026-12-19T08:59:59-05:00",
        f"@d0 {cards['Depot'][0]}",
        "!clock 2026-12-19T09:00:00-05:00",
        f"@d0 {cards['Depot'][0]}",
        f"@ana {cards['Depot'][7]}",
    )
    assert kinds(to(lines, "d0"))[2:] == ["status", "unknown_card"]
    assert kinds(to(lines, "ana")) == ["unknown_card"]
    assert (STARTS - PLEDGE_BY).days == 3
