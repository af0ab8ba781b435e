"""Cards printed, voided and recalled from a chat."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.console.play import (
    Line,
    Play,
    anyway,
    kinds,
    pledging,
    roster,
    sure,
    terms,
    to,
)
from tests.test_sheets import printed, reading

TEN_PAST = "!clock 2026-12-01T08:10:00-05:00"
DEPOT = 10  #: its head-count
OPENING = (*anyway("@olga /open"), "!wait")


def codes(lines: Iterable[Line]) -> list[list[str]]:
    """Read the cards of each file that was handed over."""
    found = []
    for line in lines:
        if line.get("kind") == "cards":
            with reading(Path(line["file"]).read_bytes()) as pages:
                found.append(printed(pages))
    return found


def test_one_organizer_gets_the_file_at_once_and_its_cards_can_be_pledged(play: Play) -> None:
    play.draft()
    lines = play.console('@olga /cards "Depot" 7', *OPENING)
    [line] = [line for line in to(lines, "olga") if line["kind"] == "cards"]
    assert line["text"].startswith("7 cards for Depot.\nI delete this message in 10 minutes: print it or save it now.")
    assert '/cards void "Depot"' in line["text"]
    assert stat.S_IMODE(Path(line["file"]).stat().st_mode) == 0o600
    with reading(Path(line["file"]).read_bytes()) as pages:
        assert [page.is_steward for page in pages] == [True, False]
        made = printed(pages)
        # no bot runs here that a code could open
        assert sorted(link for page in pages for link in page.qr) == sorted(card.replace("-", "") for card in made)
    assert len(set(made)) == 7
    after = play.console(*pledging("d", made))
    assert [kinds(to(after, f"d{n}")) for n in range(7)] == [["terms", "pledged"]] * 7


def test_letters_that_no_font_has_are_named_and_no_card_is_minted(play: Play) -> None:
    play.draft(terms(citywide_threshold=5), roster([("Depot \N{FIRE}", 10, 5), ("城市医院", 10, 5)]))
    lines = to(play.console('@olga /cards "Depot \N{FIRE}" 7', "@olga /cards 城市医院", "@olga /cards all"), "olga")
    assert kinds(lines) == ["letters_missing", "cards", "letters_missing"]
    assert lines[0]["text"].startswith("No font here has \N{FIRE} (U+1F525), so no card was made.")


def test_while_many_cards_are_drawn_people_go_on_and_hear_how_far_it_is(play: Play) -> None:
    play.draft(terms(citywide_threshold=60), roster([("Depot", 601, 60, "")]))
    lines = to(play.console('@olga /cards "Depot"', "@olga /help", "!wait", "@olga /cards Depot"), "olga")
    assert kinds(lines) == ["drawing", "help", "drawing", "cards", "no_cards_missing"]
    assert lines[0]["text"].startswith("Drawing cards: 0 of 601\nYou can go on here meanwhile")
    assert lines[2]["text"] == "Drawing cards: 600 of 601"
    assert lines[3]["text"].startswith("601 cards for Depot.")


def test_without_a_number_it_is_what_is_missing_and_more_than_that_is_refused(play: Play) -> None:
    walkout = play.draft()
    lines = play.console(
        f"@olga /cards {walkout} depot 3",
        "@olga /cards Depot 8",
        "@olga /cards “Depot”",
        "@olga /cards Depot",
        "@olga /cards Depot 1",
        '@olga /cards "Café, North" 1,000',
        "@olga /cards Nowhere 3",
        "@olga /cards",
        "@olga /cards void",
        "@olga /cards Depot 0",
    )
    assert list(map(len, codes(lines))) == [3, 7]
    assert kinds(to(lines, "olga")) == [
        "cards",
        "beyond_headcount",
        "cards",
        "no_cards_missing",
        "beyond_headcount",
        "beyond_headcount",
        "no_such_workplace",
        "help",
        "help",
        "no_such_workplace",
    ]
    assert "Depot has 10 people and 3 cards; 8 more would be beyond its head-count" in to(lines, "olga")[1]["text"]


def test_a_name_that_ends_in_a_number_is_a_name(play: Play) -> None:
    play.draft(places=roster([("Local 79", 10, 5), ("Local", 10, 5)]))
    lines = play.console("@olga /cards Local 79", '@olga /cards "Local 79" 2', "@olga /cards Local 4")
    asked = [line["text"].partition(".")[0] for line in to(lines, "olga")]
    assert asked[0] == "10 cards for Local 79"
    assert kinds(to(lines, "olga")) == ["cards", "beyond_headcount", "cards"]
    assert asked[2] == "4 cards for Local"


SPANISH = '[es]\ntitle = "Un día por los alquileres"\n'


def test_cards_are_printed_in_the_language_that_is_named_or_else_in_that_of_whoever_prints(play: Play) -> None:
    play.draft(terms() + SPANISH, roster([("Casa Es", 10, 5), ("Casa", 10, 5)]))
    lines = play.console("@olga /cards Casa 2 es", "@olga /cards Casa Es 2", "@olga /cards Casa es 3 es")
    said = []
    for line in to(lines, "olga"):
        with reading(Path(line["file"]).read_bytes()) as pages:
            cards = [page for page in pages if not page.is_steward]
            said.append(" ".join("".join(page.text for page in cards).split()))
    assert [words.count("Sales al paro solo si salen bastantes más.") for words in said] == [2, 0, 3]
    assert [words.count("You walk out only if enough others do.") for words in said] == [0, 2, 0]
    assert ["Un día por los alquileres" in words for words in said] == [True, False, True]
    assert ["Casa Es" in words for words in said] == [False, True, True]


def test_the_server_prints_cards_in_the_terms_own_language_or_in_another(play: Play) -> None:
    walkout = play.draft('language = "es"\n' + terms(title="Un día") + '[en]\ntitle = "One day"\n')
    for name, more, said in (("a", (), "Un día"), ("b", ("--language", "en"), "One day")):
        out = play.folder / f"{name}.pdf"
        whole = ("cards", walkout, "--workplace", "Depot", "--number", "2", "--format", "pdf", "--out", out, *more)
        play.allout(*whole, "--data", play.data)
        with reading(out.read_bytes()) as pages:
            assert pages[1].text.count(said) == 2
    refused = play.allout(*whole, "--language", "xx", "--data", play.data, status=None)
    assert refused.status
    assert "xx" in refused.err


def test_the_same_order_sent_twice_prints_once_and_a_little_later_again(play: Play) -> None:
    play.draft()
    lines = play.console("@olga /cards Depot 4", "@olga /cards Depot 4", "!wait", TEN_PAST, "@olga /cards Depot 4")
    assert kinds(to(lines, "olga")) == ["cards", "printed_before", "cards"]


def test_where_several_must_approve_only_the_proposer_prints_and_only_once(play: Play) -> None:
    play.draft(terms(approvals=2))
    lines = play.console(
        "@olga /cards Depot 6",
        "!wait",
        "@omar [Approve]",
        "!wait",
        "@omar [Print the cards]",
        "@oda [Print the cards]",
        "@olga /cards Depot 6",  # asked for again it is the same, and approved
        "@olga [Print the cards]",
        "!wait",
        "@olga [Print the cards]",
        "@olga /audit",
        organizers=("olga", "omar", "oda"),
        status=None,
    )
    assert [line["error"] for line in lines if "error" in line] == [
        "@omar has no message with a button [Print the cards].",
        "@oda has no message with a button [Print the cards].",
    ]
    olga = to(lines, "olga")
    assert kinds(olga) == ["proposed", "decided", "cards", "printed_before", "printed_before", "audit"]
    assert "Print 6 cards for Depot" in olga[0]["text"]
    assert olga[1]["buttons"] == ["Print the cards"]
    [asked, decided] = to(lines, "oda")
    assert "Print 6 cards for Depot" in asked["text"]
    assert decided["buttons"] == []
    assert list(map(len, codes(lines))) == [6]
    assert "olga did it: Print 6 cards for Depot" in olga[-1]["text"]


def test_two_who_ask_for_the_same_have_approved_it(play: Play) -> None:
    play.draft(terms(approvals=2))
    lines = play.console(
        "@olga /cards Depot 6", "!wait", "@omar /cards depot 6", "!wait", "@olga [Print the cards]", "!wait"
    )
    assert kinds(to(lines, "omar")) == ["proposal", "done"]
    assert list(map(len, codes(lines))) == [6]


def test_cards_that_were_approved_are_not_printed_beyond_the_head_count(play: Play) -> None:
    play.draft(terms(approvals=2))
    lines = play.console(
        "@olga /cards Depot 6",
        "!wait",
        "@omar [Approve]",
        "!wait",
        "@omar /cards Depot 5",
        "!wait",
        "@olga [Approve]",
        "!wait",
        "@omar [Print the cards]",
        "!wait",
        "@olga [Print the cards]",
        "!wait",
    )
    assert kinds(to(lines, "omar"))[-1] == "cards"
    assert kinds(to(lines, "olga"))[-1] == "beyond_headcount"
    assert list(map(len, codes(lines))) == [5]


def test_a_refused_sheet_is_never_printed(play: Play) -> None:
    play.draft(terms(approvals=2))
    lines = play.console(
        "@olga /cards Depot 6", "!wait", "@omar [Refuse]", "!wait", "@olga [Print the cards]", status=1
    )
    assert kinds(to(lines, "olga")) == ["proposed", "decided"]
    assert codes(lines) == []


def test_the_file_is_gone_after_ten_minutes_and_a_restart_does_not_save_it(play: Play) -> None:
    play.draft()
    lines = play.console("@olga /cards Depot 3", "@olga /cards School 2")
    paths = [Path(line["file"]) for line in to(lines, "olga")]
    play.console("!clock 2026-12-01T08:09:59-05:00")
    assert all(path.exists() for path in paths)
    play.console(TEN_PAST, now="2026-12-01T08:09:59-05:00")
    assert not any(path.exists() for path in paths)


def test_what_somebody_has_deleted_themselves_troubles_nobody(play: Play) -> None:
    play.draft()
    [line] = to(play.console("@olga /cards Depot 3"), "olga")
    Path(line["file"]).unlink()
    assert kinds(to(play.console(TEN_PAST, "@olga /walkouts"), "olga")) == ["walkouts"]


@pytest.mark.parametrize("who", ["ana", "stella"])
def test_cards_are_for_organizers(play: Play, who: str) -> None:
    play.draft()
    appointing = appointed(play, "stella", "Depot")
    lines = play.console(*appointing, f"@{who} /cards Depot 3", f"@{who} /cards void Depot")
    assert kinds(to(lines, who))[-2:] == ["forbidden", "forbidden"]
    assert codes(lines) == []


def appointed(play: Play, name: str, place: str) -> tuple[str, ...]:
    """Let Olga make somebody steward; what is left is to play the lines."""
    [made] = to(play.console(f'@olga /appoint steward "{place}" {name}'), "olga")
    code = made["text"].split("\n\n")[1]
    return (f"@{name} {code}", "!wait", "@olga [Yes, it is them]", "!wait")


def test_open_entry_has_no_cards_and_what_is_over_gets_none(play: Play) -> None:
    open_entry = play.draft(terms(entry="open"))
    cards = play.draft()
    lines = play.console(
        f"@olga /cards {open_entry} Depot",
        f"@olga /cards {open_entry} void Depot",
        *sure(f"@olga /calloff {cards}"),
        f"@olga /cards {cards} Depot",
        f"@olga /cards {cards} void Depot",
        *sure(f"@olga /calloff {open_entry}"),
        "@olga /cards Depot",
    )
    assert kinds(to(lines, "olga")) == [
        "no_cards",
        "no_cards",
        "done",
        "wrong_stage",
        "wrong_stage",
        "done",
        "no_such_walkout",
    ]


def test_voided_cards_are_dead_pledged_ones_stand_and_as_many_can_be_printed_anew(play: Play) -> None:
    play.draft(terms(citywide_threshold=6))
    [old] = codes(play.console("@olga /cards Depot", *OPENING))
    lines = play.console(*pledging("d", old[:6]), "!wait", "!tally", *sure("@olga /cards void Depot"))
    assert "print anew" in to(lines, "olga")[-1]["text"]
    lines = play.console(
        *[f"@new {code}" for code in old[6:]],
        f"@d0 /status {old[0]}",
        "@olga /cards Depot 5",
        "@olga /cards Depot",
        now="2026-12-01T09:00:00-05:00",
    )
    assert set(kinds(to(lines, "new"))) == {"unknown_card"}
    assert "Your pledge stands." in to(lines, "d0")[0]["text"]
    assert kinds(to(lines, "olga")) == ["beyond_headcount", "cards"]
    [fresh] = codes(lines)
    assert len(fresh) == DEPOT - 6  # six is what the board says
    after = play.console(*pledging("e", fresh), now="2026-12-01T09:01:00-05:00")
    assert [kinds(to(after, f"e{n}")) for n in range(4)] == [["terms", "pledged"]] * 4


def test_voiding_needs_as_many_approvals(play: Play) -> None:
    play.draft(terms(approvals=2))
    lines = play.console(
        "@olga /cards Depot 3",
        "!wait",
        "@omar [Approve]",
        "!wait",
        "@olga [Print the cards]",
        "!wait",
        *sure("@olga /cards void Depot"),
        "!wait",
        "@omar [Approve]",
        "!wait",
        "@olga /cards Depot",
        "@olga /audit",
    )
    assert kinds(to(lines, "olga")) == ["proposed", "decided", "cards", "proposed", "decided", "proposed", "audit"]
    assert "Void the cards of Depot; who has pledged keeps theirs" in to(lines, "omar")[-3]["text"]
    assert f"Print {DEPOT} cards for Depot" in to(lines, "olga")[-2]["text"]
    [old] = codes(lines)
    assert kinds(to(play.console("@olga /walkouts", f"@ana {old[0]}"), "ana")) == ["unknown_card"]


@pytest.mark.parametrize("pledged", [0, 1, 4, 9])
def test_nobody_learns_from_a_void_sheet_how_many_have_pledged(play: Play, pledged: int) -> None:
    play.draft(terms(citywide_threshold=12), roster([("Depot", 40, 20), ("School", 10, 5)]))
    [old] = codes(play.console("@olga /cards Depot", *OPENING))
    lines = play.console(
        *pledging("d", old[:pledged]),
        "!wait",
        *sure("@olga /cards void Depot"),
        "@olga /cards Depot 41",
        "@olga /cards Depot",
        "@olga /cards Depot",
        "@olga /cards Depot 1",
    )
    olga = to(lines, "olga")
    refused = "No card was made."
    assert [line["text"].partition("\n")[0].rpartition("): ")[2] for line in olga] == [
        'done. Its rooms hear it now; print anew: /cards "Depot"',
        f"Depot has 40 people and 0 cards; 41 more would be beyond its head-count. {refused}",
        "40 cards for Depot.",
        'Depot has as many cards as people; no card was made. Is a sheet lost? /cards void "Depot"',
        f"Depot has 40 people and 40 cards; 1 more would be beyond its head-count. {refused}",
    ]
    assert list(map(len, codes(lines))) == [40]
    said = play.allout("cards", play_id(olga), "--all", "--out", play.folder / "rest.csv", "--data", play.data).out
    assert "10 cards" in said  # those of the School


@pytest.mark.parametrize("pledged", [0, 3, 9])
def test_counting_drawn_cards_does_not_tell_either_how_many_had_pledged(play: Play, pledged: int) -> None:
    play.draft(terms(citywide_threshold=12), roster([("Depot", 40, 20), ("School", 10, 5)]))
    [old] = codes(play.console("@olga /cards Depot", *OPENING))
    counting = ["@olga /drawn Depot 12", "@olga /drawn Depot 41"]
    lines = play.console(*pledging("d", old[:pledged]), "!wait", *sure("@olga /cards void Depot"), "!wait", *counting)
    assert [line["text"] for line in to(lines, "olga")][-2:] == [
        "Depot: 12 cards drawn. If more are pledged, organizers are warned at the next tally.",
        "Depot has 40 cards at most, so no more can have been drawn. Nothing was changed.",
    ]


def play_id(lines: Iterable[Line]) -> str:
    """Read the walkout's id out of what was said."""
    return str(next(iter(lines))["text"].partition("(")[2].partition(")")[0])


def test_no_code_is_kept_but_on_the_sheet(shell: Play) -> None:
    shell.draft()
    lines = shell.console("@olga /cards Depot", *OPENING, "@olga /audit")
    [made] = codes(lines)
    said = "".join(line["text"] for line in lines)
    for path in shell.data.iterdir():
        held = path.read_bytes().upper() if path.is_file() else b""
        assert not [code for code in made if code.encode() in held or code.replace("-", "").encode() in held]
    assert not [code for code in made if code in said]
    assert {path.name for path in shell.data.iterdir()} >= {"allout.db", "allout.key", "files"}
    assert stat.S_IMODE((shell.data / "files").stat().st_mode) == 0o700


def test_all_that_is_missing_is_one_file_workplace_by_workplace(play: Play) -> None:
    walkout = play.draft()
    lines = play.console(
        "@olga /cards Depot 4", "@olga /cards", "@olga [Print all cards]", f"@olga /cards {walkout} all"
    )
    olga = to(lines, "olga")
    assert kinds(olga) == ["cards", "help", "cards", "no_cards_missing"]
    assert olga[1]["text"].startswith("36 cards are missing to the head-counts of all workplaces.")
    assert olga[2]["text"].startswith("36 cards, workplace by workplace.\nI delete this message in 10 minutes")
    with reading(Path(olga[2]["file"]).read_bytes()) as pages:
        made = printed(pages)
        assert len([page for page in pages if page.is_steward]) == 3
    assert len(set(made)) == 36
    assert kinds(to(play.console("@olga /cards"), "olga")) == ["help"]


def test_of_all_cards_no_more_and_no_fewer_are_printed_than_were_approved(play: Play) -> None:
    play.draft(terms(approvals=2))
    lines = play.console(
        "@olga /cards all",
        "!wait",
        "@omar /cards all",  # the same, so it is approved
        "!wait",
        "@oda /cards Depot 3",
        "!wait",
        "@omar [Approve]",
        "!wait",
        "@oda [Print the cards]",
        "!wait",
        "@olga [Print the cards]",
        "@olga /cards all es",
        "!wait",
        "@omar [Approve]",
        "!wait",
        "@olga [Print the cards]",
        "!wait",
        "@olga [Print the cards]",
        organizers=("olga", "omar", "oda"),
    )
    olga = to(lines, "olga")
    assert "Print all 40 cards that are missing" in olga[0]["text"]
    decided = [line for line in olga if line["kind"] not in {"proposal", "decided"}]
    assert kinds(decided) == ["proposed", "cards_changed", "proposed", "cards", "printed_before"]
    assert "37 tarjetas" not in decided[3]["text"]
    with reading(Path(decided[3]["file"]).read_bytes()) as pages:
        assert "Sales al paro solo si salen bastantes más." in " ".join("".join(page.text for page in pages).split())
    assert list(map(len, codes(lines))) == [3, 37]


def test_all_cards_approved_once_are_no_others_that_came_to_be_as_many(play: Play) -> None:
    play.draft(terms(approvals=2), places=roster([("Depot", 10, 5), ("School", 10, 5)]))
    lines = play.console(
        *("@oda /cards Depot", "!wait", "@omar [Approve]", "!wait", "@oda [Print the cards]", "!wait"),
        *("@olga /cards all", "!wait", "@omar [Approve]", "!wait"),  # School's ten
        *("@oda /cards void Depot", "@oda [Void them]", "!wait", "@omar [Approve]", "!wait"),
        *("@oda /cards School", "!wait", "@omar [Approve]", "!wait", "@oda [Print the cards]", "!wait"),
        "@olga [Print the cards]",  # Depot's ten are missing now
        organizers=("olga", "omar", "oda"),
    )
    assert list(map(len, codes(lines))) == [10, 10]
    assert to(lines, "olga")[-1]["kind"] == "cards_changed"


def test_a_workplace_that_is_called_like_all_is_one_workplace(play: Play) -> None:
    play.draft(places=roster([("All", 10, 5), ("All Saints", 10, 5), ("Depot", 10, 5)]))
    lines = play.console("@olga /cards All Saints 3", "@olga /cards All 2", "@olga /cards All", "@olga /cards all")
    said = [line["text"].partition("\n")[0] for line in to(lines, "olga")]
    assert said == [
        "3 cards for All Saints.",
        "2 cards for All.",
        "8 cards for All.",
        "17 cards, workplace by workplace.",
    ]


def test_more_than_one_file_holds_are_printed_on_the_server(play: Play) -> None:
    walkout = play.draft(places=roster([("Depot", 2_000, 5), ("School", 2_000, 5)]))
    [line] = to(play.console("@olga /cards all"), "olga")
    assert line["kind"] == "too_many_cards"
    assert f"allout cards {walkout} --all --format pdf --out cards.pdf" in line["text"]
