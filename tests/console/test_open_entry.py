"""A walkout without cards: entry = "open"."""

from __future__ import annotations

import pytest

from tests.console.play import Play, anyway, boards, kinds, roster, terms, to
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS

SHOPS = [("Depot", 6, 5), ("School", 10, 5)]
OPEN = [*anyway("@olga /open"), "!wait"]


def joining(crew: str, number: int, place: str) -> list[str]:
    return [line for n in range(number) for line in (f"@{crew}{n} /pledge {place}", f"@{crew}{n} [Pledge]")]


def test_a_worker_without_a_card_pledges_checks_and_takes_it_back(shell: Play) -> None:
    walkout = shell.draft(terms(entry="open"), roster(SHOPS))
    refused = shell.allout("cards", walkout, "--all", "--out", "cards.csv", "--data", shell.data, status=2)
    assert len(refused.err.splitlines()) == 1
    assert not (shell.folder / "cards.csv").exists()
    lines = shell.console(
        "@ana /pledge",
        "!wait",
        *OPEN,
        "@ana /start",
        "@ana /pledge",
        "@ana /pledge Nowhere",
        "@ana /pledge depot",
        "@ana [Not now]",
        "@ana [Pledge]",
        "@ana [Check]",
        "@ana [Pledge]",
        "@ana /pledge School",
        "@ana /status",
        "@ana [Withdraw]",
        "@ana /withdraw",
        "@ana /status",
        "@ana [Pledge]",
        "@ana /withdraw",
    )
    told = to(lines, "ana")
    assert kinds(told) == [
        "needs_card",  # a draft is nobody's business
        *("welcome", "choose_workplace", "no_such_workplace", "terms", "not_now", "pledged", "status", "already"),
        *("status", "status", "withdrawn", "withdrawn", "status", "pledged", "withdrawn"),
    ]
    choose, terms_shown, pledged = told[2], told[4], told[6]
    assert '/pledge "Depot"' in choose["text"]
    assert '/pledge "School"' in choose["text"]
    assert terms_shown["buttons"] == TERMS_BUTTONS
    assert "weaker" in terms_shown["text"]  # said before anything is stored
    assert pledged["buttons"] == PLEDGED_BUTTONS
    assert "Depot" in told[9]["text"]  # it stands at the Depot, wherever one asks


def test_who_never_pledged_is_not_told_of_cards_that_nobody_has(play: Play) -> None:
    play.draft(terms(entry="open"), roster(SHOPS))
    status, withdrawn = to(play.console(*OPEN, "@bo /status", "@bo /withdraw"), "bo")
    assert withdrawn["kind"] == "not_pledged"
    for line in (status, withdrawn):
        assert "letter by letter" not in line["text"]


def test_an_open_pledge_counts_at_its_workplace_and_taken_back_it_does_not(play: Play) -> None:
    play.draft(terms(entry="open", citywide_threshold=16), roster(SHOPS))
    lines = play.console(
        *OPEN,
        *joining("d", 5, "Depot"),
        *joining("s", 4, "School"),
        "!wait",
        "@d0 /pledge School",  # its status, at the Depot
        "@d0 [Check]",
        "!tally",
        "@olga /board",
        "@d0 /withdraw",
        "!tally",
        "@olga /board",
        "!wait",
        "@d0 /status",
        "@d0 [Pledge]",
        "!tally",
        "@olga /board",
    )
    first, second, third = (seen.places for seen in boards(lines))
    # one person less is not to be seen
    assert first == second == third == {"Depot": "has reached 5 (tally 1)", "School": "fewer than 5"}
    assert kinds(to(lines, "d0"))[2:] == ["status", "status", "withdrawn", "status", "pledged"]


def test_whoever_took_an_open_pledge_back_is_shown_the_workplace_they_ask_for(play: Play) -> None:
    """Taking back and pledging elsewhere: the page shown for School must let them pledge at School."""
    play.draft(terms(entry="open"), roster(SHOPS))
    lines = play.console(
        *OPEN, *joining("d", 1, "Depot"), "@d0 /withdraw", "@d0 /pledge School", "@d0 [Pledge]", "@d0 /status"
    )
    told = to(lines, "d0")
    assert kinds(told)[4] == "pledged"
    assert "School" in told[4]["text"]
    assert "School" in told[5]["text"]


def test_there_are_never_more_pledges_than_people_at_a_workplace(play: Play) -> None:
    play.draft(terms(entry="open", citywide_threshold=16), roster(SHOPS))
    lines = play.console(*OPEN, *joining("d", 10, "Depot"), "!tally", "@olga /board")
    answers = [kinds(to(lines, f"d{n}"))[1] for n in range(10)]
    assert sorted(answers) == [*["full"] * 4, *["pledged"] * 6]
    assert boards(lines)[0].pledged == 5

    # a place that is given back can be taken by somebody else; the store counts pledges, not visitors
    freed = answers.index("pledged")
    lines = play.console(
        f"@d{freed} /withdraw",
        "!wait",
        "@new /pledge Depot",
        "@new [Pledge]",
        "!wait",
        f"@d{freed} /pledge Depot",
        f"@d{freed} [Pledge]",
        now="2026-12-01T09:00:00-05:00",
    )
    assert kinds(to(lines, "new"))[-1] == "pledged"
    assert kinds(to(lines, f"d{freed}"))[-1] == "full"


def test_pledges_of_one_account_from_two_buttons_count_once(play: Play) -> None:
    play.draft(
        terms(entry="open", citywide_threshold=16, citywide_counts="all"), roster([("Depot", 30, 20), ("School", 9, 5)])
    )
    lines = play.console(
        *OPEN,
        "@ana /pledge Depot",
        "@ana /pledge School",
        *["@ana [Pledge]"] * 9,
        *joining("d", 9, "Depot"),
        "!tally",
        "@olga /board",
    )
    assert kinds(to(lines, "ana"))[2:] == ["pledged", *["already"] * 8]
    assert boards(lines)[0].pledged == 0  # nine at the Depot, one at the School: ten would be shown


def test_a_pledge_with_a_card_is_no_obstacle_in_another_walkout_with_open_entry(play: Play) -> None:
    with_cards = play.prepare(terms(title="First"))
    without = play.draft(terms(title="Second", entry="open"), roster(SHOPS))
    lines = play.console(
        *anyway(f"@olga /open {with_cards.id}"),
        *anyway(f"@olga /open {without}"),
        "!wait",
        f"@ana {with_cards.cards['Depot'][0]}",
        "@ana [Pledge]",
        "@ana /pledge School",
        "@ana [Pledge]",
    )
    assert kinds(to(lines, "ana")) == ["terms", "pledged", "terms", "pledged"]


def test_with_two_walkouts_open_one_says_which(play: Play) -> None:
    first = play.draft(terms(title="First", entry="open"), roster(SHOPS))
    second = play.draft(terms(title="Second", entry="open"), roster(SHOPS))
    lines = play.console(
        *anyway(f"@olga /open {first}"),
        *anyway(f"@olga /open {second}"),
        "!wait",
        "@ana /pledge",
        f"@ana /pledge {second}",
        f"@ana /pledge {second} Depot",
        "@ana [Pledge]",
        f"@ana /pledge {first} School",
        "@ana [Pledge]",
        "@ana [Check]",
        "@ana [Withdraw]",
    )
    told = to(lines, "ana")
    assert kinds(told) == [
        *("which_walkout", "choose_workplace", "terms", "pledged", "terms", "pledged", "status", "withdrawn"),
    ]
    assert "Second" in told[2]["text"]
    assert "First" in told[6]["text"]


TWO_DEPOTS = """borough,workplace,department,headcount,threshold
The Bronx,Depot,,20,6
Queens,Depot,,20,6
Queens,Hospital,,40,6
Queens,Hospital,Nurses,20,
Queens,Hospital,Kitchen,20,
"""


def test_where_names_repeat_one_chooses_by_what_a_unit_is_part_of(play: Play) -> None:
    play.draft(terms(entry="open", levels=["borough"]), TWO_DEPOTS)
    lines = play.console(
        *OPEN,
        "@ana /pledge",
        "@ana /pledge Depot",
        '@ana /pledge "Depot, Queens"',
        "@ana [Pledge]",
        "@bo /pledge Hospital",
        "@bo /pledge Nurses",
        "@bo [Pledge]",
    )
    choose, which, queens, pledged = (line["text"] for line in to(lines, "ana"))
    parts, nurses, recorded = (line["text"] for line in to(lines, "bo"))
    for name in ("Depot, The Bronx", "Depot, Queens", "Nurses, Hospital", "Kitchen, Hospital"):
        assert f'/pledge "{name}"' in choose
    for name in ("The Bronx", "Queens", "Hospital"):  # nobody pledges there but in a part of it
        assert f'/pledge "{name}"' not in choose
    assert "Depot, The Bronx" in which
    assert "Depot, Queens" in which
    assert "You would pledge for Depot, Queens." in queens
    assert "Depot, Queens: your pledge stands" in pledged
    assert "Kitchen, Hospital" in parts
    assert "You would pledge for Nurses, Hospital, Queens." in nurses
    assert "Nurses, Hospital, Queens: your pledge stands" in recorded


@pytest.mark.parametrize("letters", [4, 44, 45, 100])
def test_the_terms_are_read_in_a_chosen_language_however_long_a_workplace_s_name_is(play: Play, letters: int) -> None:
    name = f"{'D' * (letters - 3)}pot"
    play.draft(terms(entry="open"), roster([(name, 6, 5), ("School", 10, 5)]))
    shown, chosen, again, pledged = to(
        play.console(*OPEN, f"@ana /pledge {name}", "@ana [Language 文 বা ع]", "@ana [বাংলা]", "@ana [অঙ্গীকার করুন]"), "ana"
    )
    assert kinds([shown, chosen, again, pledged]) == ["terms", "language", "terms", "pledged"]
    assert name in again["text"]
    assert "অঙ্গীকার" in pledged["text"]
