"""The cards command, and that no code is ever kept."""

from __future__ import annotations

import re
import stat

import pytest

from tests.console.play import (
    SHOPS,
    Play,
    anyway,
    kinds,
    pledging,
    read_cards,
    roster,
    sure,
    terms,
    to,
    withdrawing,
)
from tests.test_sheets import printed, reading

HEADCOUNTS = {name: people for name, people, _, _ in SHOPS}
CODE = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}")


def mint(play: Play, walkout: str, *options: str, out: str = "out.csv", status: int = 0) -> str:
    """Run the command; return what it said, on whichever side."""
    ran = play.allout("cards", walkout, *options, "--out", play.folder / out, "--data", play.data, status=status)
    assert not (ran.out and ran.err)
    return ran.out + ran.err


def test_cards_are_minted_to_each_head_count_and_no_further(shell: Play) -> None:
    walkout = shell.draft()
    said = mint(shell, walkout, "--all", "--format", "csv")
    assert "40 cards" in said
    cards = read_cards(shell.folder / "out.csv")
    assert {place: len(codes) for place, codes in cards.items()} == HEADCOUNTS
    codes = [code for of_place in cards.values() for code in of_place]
    assert all(CODE.fullmatch(code) for code in codes)
    assert len(set(codes)) == 40
    assert not any(code in said for code in codes)
    assert stat.S_IMODE((shell.folder / "out.csv").stat().st_mode) == 0o600

    assert "no card" in mint(shell, walkout, "--all", out="second.csv")
    refused = mint(shell, walkout, "--workplace", "Depot", "--number", "1", out="second.csv", status=2)
    assert "beyond its head-count" in refused
    assert len(refused.splitlines()) == 1
    assert {path.name for path in shell.folder.iterdir()} == {"data", "out.csv", "walkout.toml", "workplaces.csv"}


def test_there_are_never_more_cards_than_people(play: Play) -> None:
    walkout = play.draft()
    mint(play, walkout, "--workplace", "depot", "--number", "4", out="four.csv")
    refused = mint(play, walkout, "--workplace", "Depot", "--number", "7", out="seven.csv", status=2)
    assert "10" in refused
    assert not (play.folder / "seven.csv").exists()
    mint(play, walkout, "--workplace", "Depot", out="rest.csv")
    mint(play, walkout, "--workplace", "Depot", "--number", "1", out="more.csv", status=2)
    number = {name: len(read_cards(play.folder / name)["Depot"]) for name in ("four.csv", "rest.csv")}
    assert number == {"four.csv": 4, "rest.csv": 6}
    mint(play, walkout, "--all", out="others.csv")
    assert set(read_cards(play.folder / "others.csv")) == {"School", "Café, North"}
    depot = [code for name in number for code in read_cards(play.folder / name)["Depot"]]
    lines = play.console(*anyway("@olga /open"), "!wait", *pledging("d", depot))
    assert [kinds(to(lines, f"d{n}")) for n in range(10)] == [["terms", "pledged"]] * 10


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--all", "--workplace", "Depot"],
        ["--workplace", "Nowhere"],
        ["--workplace", "o"],  # several
        ["--all", "--number", "11"],
        ["--all", "--number", "0"],
        ["--all", "--number", "-1"],
        ["--all", "--format", "odt"],
        ["--all", "--format", "pdf", "--telegram-bot", "no bot"],
    ],
)
def test_an_order_for_cards_that_cannot_be_carried_out_makes_none(play: Play, options: list[str]) -> None:
    walkout = play.draft()
    assert mint(play, walkout, *options, status=2)
    assert not (play.folder / "out.csv").exists()
    assert sum(map(len, play.cards(walkout).values())) == 40


@pytest.mark.parametrize("bot", ["allout_bot", "@allout_bot", "t.me/allout_bot", "https://t.me/allout_bot"])
def test_printed_cards_open_the_bot_and_can_be_pledged(play: Play, bot: str) -> None:
    walkout = play.draft()
    mint(play, walkout, "--workplace", "Depot", "--format", "pdf", "--telegram-bot", bot, out="cards.pdf")
    assert stat.S_IMODE((play.folder / "cards.pdf").stat().st_mode) == 0o600
    with reading((play.folder / "cards.pdf").read_bytes()) as pages:
        assert round(pages[0].height) == 792  # letter, in New York
        cards = printed(pages)
        links = [link for page in pages for link in page.qr]
    assert len(set(cards)) == HEADCOUNTS["Depot"]
    assert sorted(links) == sorted(f"https://t.me/allout_bot?start={card.replace('-', '')}" for card in cards)
    lines = play.console(*anyway("@olga /open"), "!wait", *pledging("d", cards))
    assert [kinds(to(lines, f"d{n}")) for n in range(len(cards))] == [["terms", "pledged"]] * len(cards)


def test_without_a_bots_name_printed_cards_hold_the_bare_code(play: Play) -> None:
    walkout = play.draft()
    mint(play, walkout, "--all", "--format", "pdf", "--paper", "a4", out="cards.pdf")
    with reading((play.folder / "cards.pdf").read_bytes()) as pages:
        assert round(pages[0].height) == 842
        assert [page.is_steward for page in pages].count(True) == len(SHOPS)
        cards = printed(pages)
        assert sorted(link for page in pages for link in page.qr) == sorted(card.replace("-", "") for card in cards)
    assert len(cards) == sum(HEADCOUNTS.values())


def test_letters_that_no_font_has_are_named_and_no_card_is_minted(play: Play) -> None:
    walkout = play.draft(terms(citywide_threshold=5), roster([("Depot \N{FIRE}", 10, 5), ("\N{ROCKET} Mill", 10, 5)]))
    said = mint(play, walkout, "--all", "--format", "pdf", out="cards.pdf", status=2)
    assert "\N{FIRE} (U+1F525), \N{ROCKET} (U+1F680)" in said
    assert "It stands in: Depot \N{FIRE}, \N{ROCKET} Mill." in said
    assert not list(play.folder.glob("cards.pdf*"))
    assert {name: len(codes) for name, codes in play.cards(walkout).items()} == {
        "Depot \N{FIRE}": 10,
        "\N{ROCKET} Mill": 10,
    }


def test_an_unknown_walkout_and_a_file_that_is_there_already_are_refused(play: Play) -> None:
    walkout = play.draft()
    assert "zzzz1" in mint(play, "zzzz1", "--all", status=2)
    kept = play.write("kept.csv", "precious")
    assert len(mint(play, walkout, "--all", out="kept.csv", status=2).splitlines()) == 1
    assert kept.read_text() == "precious"
    assert mint(play, walkout, "--all", out="no/such/folder.csv", status=2)
    assert "40 cards" in mint(play, walkout.upper(), "--all")


def test_cards_as_text_are_grouped_by_workplace(play: Play) -> None:
    walkout = play.draft()
    mint(play, walkout, "--all", "--format", "txt", out="cards.txt")
    text = (play.folder / "cards.txt").read_text(encoding="utf-8")
    found: dict[str, int] = {}
    for block in text.split("\n\n"):
        place, *codes = block.strip().split("\n")
        assert all(CODE.fullmatch(code.strip()) for code in codes)
        found[place] = len(codes)
    assert found == HEADCOUNTS


def test_no_cards_for_a_walkout_that_is_over(play: Play) -> None:
    walkout = play.draft()
    play.console(*sure(f"@olga /calloff {walkout}"))
    assert len(mint(play, walkout, "--all", status=2).splitlines()) == 1


def test_the_store_never_holds_a_code_or_an_account(shell: Play) -> None:
    walkout = shell.prepare(terms(citywide_threshold=6))
    cards = [code for codes in walkout.cards.values() for code in codes]
    depot = walkout.cards["Depot"]
    shell.console(
        "@organizerolga /room citywide #city",
        *sure("@organizerolga /open"),
        "!wait",
        *pledging("pledger", depot),
        *withdrawing("pledger", depot[:3]),
        *[f"@mistaken {code[:-1]}" for code in cards[:5]],
        "!tally",
        *[f"@onlooker {code}" for code in cards],
        organizers=("organizerolga",),
    )
    assert {path.name for path in shell.data.iterdir()} == {"allout.db", "allout.db-journal", "allout.key"}
    for path in shell.data.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        held = path.read_bytes().upper()
        assert not [code for code in cards if code.encode() in held or code.replace("-", "").encode() in held]
        for account in (b"PLEDGER", b"ONLOOKER", b"MISTAKEN", b"ORGANIZEROLGA"):
            assert account not in held
    assert stat.S_IMODE(shell.data.stat().st_mode) == 0o700


def test_a_refused_draft_stores_nothing_and_names_every_problem(shell: Play) -> None:
    toml = shell.write("walkout.toml", terms(citywide_threshold=3, tally_every="1m", colour="red"))
    shell.write("workplaces.csv", roster([("Depot", 10, 3), ("", 10, 5)]))
    ran = shell.allout("draft", toml, "--data", shell.data, "--now", "2026-12-01T08:00:00-05:00", status=2)
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 5
    assert all(re.match(r"(walkout\.toml|workplaces\.csv), line \d+: ", line) for line in ran.err.splitlines())
    assert "There is no walkout yet" in to(shell.console("@olga /walkouts"), "olga")[0]["text"]
