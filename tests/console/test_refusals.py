"""What is refused, in one clear sentence each, and that nothing changes by it."""

from __future__ import annotations

import json

import pytest

from tests.console.play import Line, Play, anyway, boards, errors, kinds, pledging, roster, sure, terms, to, withdrawing
from tests.fixed import PLEDGED_BUTTONS, WITHDRAWN_BUTTONS

OPEN = [*anyway("@olga /open"), "!wait"]
SIX = [
    "Who calls this?",
    "How long?",
    "Can I be fired?",
    "Does my boss see?",
    "Is this bot real?",
    "Whom do I ask?",
]


def one(lines: list[Line], name: str) -> Line:
    """Return the only thing a person was told."""
    (line,) = to(lines, name)
    return line


def as_said(line: Line) -> str:
    """Return a line byte for byte, but for its reader."""
    return json.dumps({**line, "to": ""})


def test_what_nobody_can_say_is_answered_and_changes_nothing(play: Play) -> None:
    walkout = play.prepare()
    depot = walkout.cards["Depot"]
    lines = play.console(
        "@early " + depot[0],
        "!wait",
        *OPEN,
        "@command /strike now",
        "@unknown 00000-00000-00000-00000",
        f"@short {depot[0][:-1]}",
        f"@long {depot[0]}7",
        f"@wrong {depot[0][:-1]}U",  # no card has a U
        "@chatter What is this?",
        "@talker Nobody asked.",
        "@flood " + "strike " * 1500,
        "@shout /" + "s" * 10_000,
        "@pad /status " + " " * 10_000 + depot[0],
        "@slash /",
        '@quote /status "\'\'""',
        r"@escape \ud800 \x00 \u202e",
        "@brackets [Pledge] please",
        "!tally",
        "@olga /board",
    )
    expected = {
        "early": "not_open",
        "command": "unknown_command",
        "unknown": "unknown_card",
        "short": "unknown_card",
        "long": "unknown_card",
        "wrong": "unknown_card",
        "chatter": "answer",
        "talker": "not_understood",
        "flood": "not_understood",
        "shout": "unknown_command",
        "slash": "unknown_command",
        "quote": "unknown_card",
        "escape": "not_understood",
        "brackets": "not_understood",
    }
    assert {name: one(lines, name)["kind"] for name in expected} == expected
    for name in expected:
        said = one(lines, name)
        assert said["buttons"] == (SIX if said["kind"] in {"answer", "not_understood"} else [])
        assert 10 < len(said["text"]) < 200
        assert "\n" not in said["text"]
    assert "19 characters" in one(lines, "short")["text"]
    assert "20" in one(lines, "short")["text"]
    assert "21 characters" in one(lines, "long")["text"]
    assert not errors(lines)
    assert set(boards(lines)[0].places.values()) == {"fewer than 6", "fewer than 5"}


def test_a_card_with_a_wrong_letter_is_told_what_is_wrong_with_it(play: Play) -> None:
    """Twenty characters, one of which no card has: saying that a card has twenty is no help."""
    depot = play.prepare().cards["Depot"]
    lines = play.console(*OPEN, f"@ana {depot[0][:-1]}U")
    assert "with 20 characters; a card has 20" not in one(lines, "ana")["text"]


def test_bytes_that_are_no_text_in_a_script_hurt_nobody(shell: Play) -> None:
    walkout = shell.prepare()
    card = walkout.cards["Depot"][0].encode()
    script = shell.write(
        "binary.txt",
        b"@olga /open\n@olga [Open all the same]\n!wait\n"
        b"@ana /\xff\xfe\n@b\xffd hello\n@cy \x00\x01\x02\x1b[31m\n@di \xed\xa0\x80 surrogate\n"
        b"\xff\xfe\x00\n@\x00 hi\n@eva " + card + b"\xff\n@eva " + card + b"\x00\n@eva " + card + b"\n@eva [Pledge]\n",
    )
    ran = shell.allout(*shell.console_command(script=script), status=1)
    assert ran.err == ""
    assert kinds(to(ran.lines, "ana")) == ["unknown_command"]
    assert kinds(to(ran.lines, "cy")) == ["not_understood"]
    assert kinds(to(ran.lines, "di")) == ["not_understood"]
    assert kinds(to(ran.lines, "eva"))[2:] == ["terms", "pledged"]
    assert [error["line"] for error in errors(ran.lines)] == [8]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8:surrogateescape"])  # how systems differ in opening stdin
def test_bytes_that_are_no_text_from_a_pipe_hurt_nobody(shell: Play, encoding: str) -> None:
    walkout = shell.prepare()
    card = walkout.cards["Depot"][0].encode()
    script = (
        b"@olga /open\n@olga [Open all the same]\n!wait\n@ana /x\xff\n@b\xffd hello\n@eva "
        + card
        + b"\n@eva [Pledge]\n"
    )
    ran = shell.allout(*shell.console_command(), stdin=script, env={"PYTHONIOENCODING": encoding})
    assert ran.err == ""
    assert kinds(to(ran.lines, "ana")) == ["unknown_command"]
    assert kinds(to(ran.lines, "eva")) == ["terms", "pledged"]


def test_a_card_acts_only_in_its_own_walkout(play: Play) -> None:
    first = play.prepare(terms(title="First", citywide_threshold=6))
    second = play.prepare(terms(title="Second", citywide_threshold=6))
    lines = play.console(
        f"@olga /room {first.id} citywide #first",
        f"@olga /room {second.id} citywide #second",
        *sure(f"@olga /open {first.id}"),
        "!wait",
        f"@early {second.cards['Depot'][0]}",
        *sure("@olga /open"),  # the only draft left
        "!wait",
        *pledging("d", first.cards["Depot"][:5]),
        *pledging("e", second.cards["Depot"][:6]),
        f"@d0 {second.cards['Depot'][6]}",  # one card in each walkout
        "@d0 [Pledge]",
        "@olga /board",
        "!tally",
        f"@olga /board {first.id}",
        f"@olga /board {second.id}",
    )
    assert one(lines, "early")["kind"] == "not_open"
    assert kinds(to(lines, "d0")) == ["terms", "pledged", "terms", "pledged"]
    assert "First" in to(lines, "d0")[0]["text"]
    assert "Second" in to(lines, "d0")[2]["text"]
    assert [(line["room"], line["kind"]) for line in lines if "room" in line] == [
        ("#first", "opened"),
        ("#second", "opened"),
        ("#second", "on"),
    ]
    (which,) = [line for line in to(lines, "olga") if line["kind"] == "which_walkout"]
    assert first.id in which["text"]
    assert second.id in which["text"]
    assert [seen.stage for seen in boards(lines)] == ["open", "on"]


def test_a_pledge_counts_once_however_often_it_is_pressed(play: Play) -> None:
    depot = play.prepare(terms(citywide_threshold=6)).cards["Depot"]
    lines = play.console(
        *OPEN,
        f"@ana {depot[0]}",
        "@ana [Pledge]",
        *["@ana [Pledge]"] * 6,
        f"@ana /start {depot[0]}",
        "!tally",
        "@olga /board",
        "@ana [Withdraw]",
        "@ana [Withdraw]",
        "@ana [Pledge]",
        "!wait",
    )
    assert kinds(to(lines, "ana")) == [
        "terms",
        "pledged",
        *["already"] * 6,
        "status",
        "withdrawn",
        "withdrawn",
        "pledged",
    ]
    assert boards(lines)[0].ready == 0


def test_of_two_people_pressing_at_once_one_has_pledged_and_the_other_is_told(play: Play) -> None:
    depot = play.prepare(
        terms(citywide_threshold=100, minimum_workplaces=1, citywide_counts="all"), roster([("Depot", 100, 40)])
    ).cards["Depot"][:30]
    opening = [f"@{crew}{n} {card}" for n, card in enumerate(depot) for crew in ("ana", "bo")]
    pressing = [f"@{crew}{n} [Pledge]" for n in range(len(depot)) for crew in ("ana", "bo")]
    after = [f"@{crew}{n} /status {card}" for n, card in enumerate(depot) for crew in ("ana", "bo")]
    lines = play.console(*OPEN, *opening, "!wait", *pressing, "!wait", *after, "!tally", "@olga /board")
    for n in range(len(depot)):
        ana, bo = kinds(to(lines, f"ana{n}")), kinds(to(lines, f"bo{n}"))
        assert sorted([ana[1:], bo[1:]]) == [["card_spent", "terms"], ["pledged", "status"]]
    assert boards(lines)[0].places["Depot"].split()[-3:] == ["30", "of", "40"]


def test_one_account_has_one_standing_card(play: Play) -> None:
    depot = play.prepare().cards["Depot"]
    lines = play.console(
        *OPEN,
        f"@ana {depot[0]}",
        "@ana [Pledge]",
        f"@ana {depot[1]}",
        "@ana [Pledge]",
        f"@ana /withdraw {depot[0]}",
        f"@ana {depot[1]}",
        "@ana [Pledge]",
        f"@ana {depot[0]}",
        "@ana [Pledge]",
        "!wait",
        f"@bo {depot[0]}",
        "@bo [Pledge]",  # taken back, but still ana's
        f"@cy {depot[2]}",
        "@cy [Pledge]",
    )
    assert kinds(to(lines, "ana")) == [
        *("terms", "pledged"),
        *("terms", "one_card_each"),
        "withdrawn",
        *("terms", "pledged"),
        *("status", "one_card_each"),
    ]
    assert kinds(to(lines, "bo")) == ["terms", "card_spent"]
    assert kinds(to(lines, "cy")) == ["terms", "pledged"]


def test_pressing_two_cards_at_once_leaves_one_pledge(play: Play) -> None:
    """Two messages of one account may be handled at the same moment; on the console they come one after the other."""
    depot = play.prepare().cards["Depot"]
    lines = play.console(*OPEN, *[line for card in depot[:5] for line in (f"@ana {card}", "@ana [Pledge]")])
    assert kinds(to(lines, "ana"))[1::2] == ["pledged", *["one_card_each"] * 4]


def test_organizers_commands_tell_a_worker_nothing_of_what_exists(play: Play) -> None:
    walkout = play.prepare()
    commands = [
        "/open",
        f"/open {walkout.id}",
        "/open zzzz1",
        "/calloff",
        f"/calloff {walkout.id}",
        f"/board {walkout.id}",
        "/board zzzz1",
        "/walkouts",
        "/room",
        f"/room {walkout.id} Depot #x",
        f"/room {walkout.id} Nowhere #x",
    ]
    lines = play.console(*[f"@ana {command}" for command in commands], *OPEN, *[f"@ana {c}" for c in commands])
    told = to(lines, "ana")
    assert len(told) == 2 * len(commands)
    assert {line["kind"] for line in told} == {"forbidden"}
    assert len({as_said(line) for line in told}) == 1
    assert walkout.id not in told[0]["text"]
    assert "Depot" not in told[0]["text"]
    assert {line["room"] for line in lines if "room" in line} == set()


def test_a_strangers_look_at_a_card_tells_nothing_of_its_use(play: Play) -> None:
    depot = play.prepare(terms(citywide_threshold=6)).cards["Depot"]
    fresh, pledged, withdrawn = depot[7], depot[0], depot[1]
    looks = [
        f"{how}{card}" for how in ("", "/start ", "/status ", "/withdraw ") for card in (fresh, pledged, withdrawn)
    ]
    lines = play.console(
        *OPEN,
        *pledging("d", depot[:7]),
        *withdrawing("d", depot[:2])[1:],
        *[f"@before {look}" for look in looks],
        "!tally",
        *[f"@after {look}" for look in looks],
        "!clock 2026-12-08T20:00:00-05:00",
        *[f"@late {look}" for look in looks],
    )
    for name, shows, takes in (
        ("before", "terms", "not_pledged"),
        ("after", "terms", "not_pledged"),
        ("late", "closed", "closed"),
    ):
        told = to(lines, name)
        assert kinds(told) == [*[shows] * 9, *[takes] * 3]
        assert len({as_said(line) for line in told[:9]}) == 1
        assert len({as_said(line) for line in told[9:]}) == 1


def test_only_pressing_pledge_tells_that_a_card_is_used(play: Play) -> None:
    depot = play.prepare().cards["Depot"]
    lines = play.console(
        *OPEN, *pledging("d", depot[:1]), "!wait", f"@ana {depot[0]}", "@ana [Not now]", "@ana [Pledge]"
    )
    assert kinds(to(lines, "ana")) == ["terms", "not_now", "card_spent"]
    assert kinds(to(lines, "d0")) == ["terms", "pledged"]


def test_status_and_withdraw_take_the_code_or_point_to_the_button(play: Play) -> None:
    depot = play.prepare().cards["Depot"]
    lines = play.console(
        *OPEN,
        f"@ana {depot[0]}",
        "@ana [Pledge]",
        "@ana /status",
        "@ana /withdraw",
        f"@ana /status {depot[0]}",
        f"@ana /withdraw {depot[0]}",
        f"@ana /status {depot[0]}",
        "@ana /pledge",
        f"@ana /pledge {depot[0]}",
        "@ana /withdraw 00000-00000-00000-00000",
        "@ana /withdraw soon",
        "@ana /status soon",
    )
    told = to(lines, "ana")
    assert kinds(told)[2:] == [
        *("help", "help", "status", "withdrawn", "status", "needs_card", "status"),
        *("unknown_card", "unknown_card", "unknown_card"),
    ]
    assert "/status" in told[2]["text"]
    assert "/withdraw" in told[3]["text"]
    assert told[4]["buttons"] == PLEDGED_BUTTONS
    assert told[6]["buttons"] == WITHDRAWN_BUTTONS


def test_help_lists_what_the_person_may_do_and_privacy_is_for_everyone(play: Play) -> None:
    lines = play.console(
        "@ana /help all", "@olga /help all", "@ana /privacy", "@ana /start", "@ana /HELP@allout_bot all"
    )
    (help_, privacy, welcome, again), (organizers_help,) = to(lines, "ana"), to(lines, "olga")
    for command in ("start", "pledge", "status", "withdraw", "help", "privacy"):
        assert f"/{command}" in help_["text"]
        assert f"/{command}" in organizers_help["text"]
    for command in ("walkouts", "open", "calloff", "board", "room"):
        assert f"/{command}" not in help_["text"]
        assert f"/{command}" in organizers_help["text"]
    assert (privacy["kind"], welcome["kind"]) == ("privacy", "welcome")
    assert as_said(again) == as_said(help_)


@pytest.mark.parametrize("spelled", ["lower", "bare", "blanks", "look-alikes", "dashes of a phone", "command"])
def test_a_code_is_read_however_it_is_typed(play: Play, spelled: str) -> None:
    codes = play.prepare(terms(), roster([("Depot", 1000, 6)])).cards["Depot"]
    code = next(code for code in codes if "0" in code and code.count("1") > 1)
    typed = {
        "lower": code.lower(),
        "bare": code.replace("-", ""),
        "blanks": "  ".join(code.replace("-", "")),
        "look-alikes": code.replace("0", "o").replace("1", "I", 1).replace("1", "l"),
        "dashes of a phone": code.replace("-", " \N{EN DASH} "),
        "command": "/start " + code.replace("-", " ").lower(),
    }[spelled]
    lines = play.console(*OPEN, f"@ana {typed}", "@ana [Pledge]", f"@ana {code}")
    assert kinds(to(lines, "ana")) == ["terms", "pledged", "status"]


def test_organizers_slips_are_named_and_change_nothing(play: Play) -> None:
    walkout = play.prepare()
    lines = play.console(
        "@olga /open zzzz1",
        "@olga /room Dep #x",  # the only one that resembles it
        "@olga /room O #x",
        "@olga /room Nowhere #x",
        "@olga /room #x",
        "@olga /room off #never",
        "@olga /calloff",
        "@olga /board zzzz1",
        *anyway(f"@olga /open {walkout.id.upper()}"),
        f"@olga /open {walkout.id}",
        "@olga /open",
        status=0,
    )
    assert kinds(to(lines, "olga")) == [
        *("no_such_walkout", "done", "no_such_workplace", "no_such_workplace", "help", "done"),
        *("no_such_walkout", "no_such_walkout", "done", "wrong_stage", "no_such_walkout"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Café, North",
        "Palsy of New York City,  Inc.",  # as it stands in the elections' file
        "D'Satmar & Sons (2)",
        "The New School",
        "#5 Depot",
        "/room",
    ],
)
def test_a_workplace_is_found_by_the_name_that_everything_shows(play: Play, name: str) -> None:
    walkout = play.prepare(terms(citywide_threshold=6), roster([(name, 10, 5), ("The New School of Art", 10, 5)]))
    assert name in walkout.cards
    lines = play.console(f'@olga /room "{name}" #own', *OPEN)
    assert [(line["room"], line["scope"]) for line in lines if "room" in line] == [("#own", name)]


def test_a_walkout_cannot_be_opened_after_its_deadline(play: Play) -> None:
    play.prepare()
    lines = play.console("@olga /open", now="2026-12-08T20:00:00-05:00")
    assert one(lines, "olga")["kind"] == "too_late"
    assert "draft" in to(play.console("@olga /walkouts"), "olga")[0]["text"]
