"""A walkout over a tree of units: its board branch by branch, its rooms, stewards and cards at every level."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.console.play import Line, Play, anyway, kinds, pages, pledging, sure, terms, to
from tests.console.test_paper import appointed

ROWS = """\
borough,workplace,department,headcount,threshold,minimum
Bronx,,,,30,2
Bronx,Mercy Hospital,,,20,1
Bronx,Mercy Hospital,Kitchen,20,6,
Bronx,Mercy Hospital,Laundry,20,6,
Bronx,Mercy Hospital,Nurses,20,6,
Bronx,Depot,,60,20,
Bronx,Market,,60,20,
Queens,,,,,
Queens,Depot,,60,20,
Queens,School,,60,20,
"""


def branches(play: Play, **changes: object) -> str:
    """Draft it."""
    return play.draft(terms(levels=["borough"], citywide_threshold=60, **changes), ROWS)


def blocks(line: Line) -> list[list[str]]:
    """Cut a board's text at its empty lines."""
    return [block.split("\n") for block in line["text"].split("\n\n")]


def opened_up(play: Play, walkout: str, *looks: str) -> list[Line]:
    """Let fifteen pledge in each unit that has cards but for a department and a workplace; look after a tally."""
    cards = play.cards(walkout)
    short = {name: "".join(word[0] for word in name.split()).replace(",", "") for name in cards}
    assert list(cards) == [
        "Depot, Bronx", "Market", "Kitchen, Mercy Hospital", "Laundry, Mercy Hospital", "Nurses, Mercy Hospital",
        "Depot, Queens", "School",
    ]  # fmt: skip
    some = {name: codes for name, codes in cards.items() if name not in {"Kitchen, Mercy Hospital", "Depot, Queens"}}
    return play.console(
        *anyway("@olga /open"),
        "!wait",
        *[line for name, codes in some.items() for line in pledging(short[name], codes[:15])],
        "!wait",
        "!tally",
        *looks,
    )


def test_the_board_of_a_tree_is_opened_branch_by_branch_and_led_back_by_buttons(play: Play) -> None:
    looks = ("@olga /board", "@olga [Bronx]", "@olga [Mercy Hospital]", "@olga [↑ Bronx]", "@olga [↑ City]")
    top, bronx, mercy, *back = to(opened_up(play, branches(play), *looks), "olga")[-5:]

    assert [line["buttons"] for line in (top, bronx, mercy)] == [
        ["Picture", "Bronx", "Queens"],
        ["Picture", "Mercy Hospital", "↑ City"],
        ["Picture", "↑ Bronx"],
    ]
    assert [line["text"] for line in back] == [bronx["text"], top["text"]]
    assert blocks(top)[0][1:5] == [
        "City",
        "░░░░░░░░░░ nothing counted yet of 60",
        "1 of 5 workplaces have reached theirs, 1 needed",
        "Pledged everywhere, reached or not: about 75",
    ]
    assert blocks(top)[1] == [
        "Bronx",
        "▓▓▓▓▓▓▓▓▓▓ 30 reached",
        "1 of 3 workplaces have reached theirs, 2 needed",
        "Queens",
        "0 of 2 workplaces have reached theirs, 1 needed",
    ]
    assert blocks(bronx)[0][1:4] == ["Bronx", *blocks(top)[1][1:3]]
    assert blocks(bronx)[1] == [
        *("Mercy Hospital", "▓▓▓▓▓▓▓▓▓▓ has reached 20 (tally 1)"),
        *("Depot", "▓▓▓▓▓▓▓░░░ about 15 of 20"),
        *("Market", "▓▓▓▓▓▓▓░░░ about 15 of 20"),
    ]
    assert blocks(mercy)[0][1:3] == [
        "Mercy Hospital, Bronx",
        "Of a department it is only shown that it has reached its number.",
    ]
    assert blocks(mercy)[1] == ["Mercy Hospital", "▓▓▓▓▓▓▓▓▓▓ has reached 20 (tally 1)", "Kitchen", "Laundry", "Nurses"]


def test_a_branch_is_opened_by_its_name_and_a_name_that_several_have_is_told_apart(play: Play) -> None:
    looks = (
        "@olga /board bronx",
        "@olga /board mercy",
        "@olga /board depot",
        "@olga /board depot, queens",
        "@olga /board queens, depot",
        "@olga /board nurses",
        "@olga /board Ferry",
    )
    bronx, mercy, depots, one, same, nurses, none = to(opened_up(play, branches(play), *looks), "olga")[-7:]

    assert blocks(bronx)[0][1] == "Bronx"
    assert blocks(mercy)[0][1] == "Mercy Hospital, Bronx"
    assert blocks(depots)[1:] == [
        ["“depot”: 2"],
        ["Depot, Bronx", "▓▓▓▓▓▓▓░░░ about 15 of 20", "Depot, Queens", "░░░░░░░░░░ fewer than 10 of 20"],
    ]
    assert blocks(one)[2] == blocks(same)[2] == ["Depot, Queens", "░░░░░░░░░░ fewer than 10 of 20"]
    assert blocks(nurses)[2] == ["Nurses, Mercy Hospital"]
    assert none["text"].endswith("No workplace's name contains “Ferry”.")


def test_a_table_of_a_branch_has_a_column_for_each_level_and_the_department(play: Play) -> None:
    looks = ("@olga /board csv", "@olga /board mercy hospital csv", "@olga /board bronx csv")
    files = [line["file"] for line in opened_up(play, branches(play), *looks) if "file" in line]
    whole, mercy, bronx = (
        list(csv.DictReader(Path(file).read_text(encoding="utf-8-sig").splitlines())) for file in files
    )

    assert list(whole[0])[:4] == ["borough", "workplace", "department", "threshold"]
    named = [tuple(row[column] for column in ("borough", "workplace", "department")) for row in whole]
    assert named == [
        ("", "citywide", ""),
        ("Bronx", "", ""),
        ("Bronx", "Mercy Hospital", ""),
        *[("Bronx", "Mercy Hospital", name) for name in ("Kitchen", "Laundry", "Nurses")],
        ("Bronx", "Depot", ""),
        ("Bronx", "Market", ""),
        ("Queens", "", ""),
        ("Queens", "School", ""),
        ("Queens", "Depot", ""),
    ]
    assert (whole[1]["threshold"], whole[1]["number"]) == ("30", "30")
    assert whole[1]["shown"].startswith("30 reached; 1 of 3 workplaces have reached theirs, 2 needed")
    assert (whole[8]["threshold"], whole[8]["number"]) == ("", "")
    assert bronx == whole[1:8]
    assert mercy == whole[2:6]


def test_stewards_of_any_unit_see_it_and_what_is_below_and_nothing_beside_it(play: Play) -> None:
    walkout = branches(play)
    for name, place in (("bea", "Bronx"), ("mo", "mercy hospital, bronx"), ("nell", "Nurses, Mercy Hospital")):
        play.console(*appointed(play, name, place))
    looks = (
        *("@bea /board", "@bea [Bronx]", "@bea [Mercy Hospital]", "@bea /board csv", "@bea /board school"),
        *("@mo /board", "@mo [Mercy Hospital]", "@mo [↑ City]", "@mo /board bronx"),
        *("@nell /board", "@nell /board csv", "@nell /board mercy"),
        *("@bea /drawn nurses 4", "@mo /drawn nurses 4", "@nell /drawn 4", "@nell /drawn Kitchen 4", "@bea /drawn 4"),
    )
    lines = opened_up(play, walkout, *looks)
    bea, mo, nell = to(lines, "bea")[-7:], to(lines, "mo")[-5:], to(lines, "nell")[-5:]

    city = ["City", "░░░░░░░░░░ less than 1/10 of 60", "fewer than 3 of 5 workplaces have reached theirs, 1 needed"]
    assert blocks(bea[0])[0][1:4] == blocks(mo[0])[0][1:4] == blocks(nell[0])[0][1:4] == city
    assert blocks(bea[0])[1][0] == "Bronx"
    # the coarse line waits for three that have moved, whichever of them the sum would tell
    assert blocks(bea[0])[1][1] == "░░░░░░░░░░ less than 1/10 of 30"
    assert blocks(bea[1])[1][::2] == ["Mercy Hospital", "Depot", "Market"]
    assert blocks(bea[2])[1][2:] == ["Kitchen", "Laundry", "Nurses"]
    assert "Queens" not in Path(bea[3]["file"]).read_text(encoding="utf-8-sig")
    assert bea[4]["text"].endswith("No workplace's name contains “school”.")
    assert blocks(mo[0])[1] == ["Mercy Hospital", "▓▓▓▓▓▓▓▓▓▓ has reached 20 (tally 1)"]
    assert (mo[1]["buttons"], mo[2]["text"]) == (["Picture", "↑ City"], mo[0]["text"])
    assert mo[3]["text"].endswith("No workplace's name contains “bronx”.")
    assert blocks(nell[0])[1] == ["Nurses"]
    assert "Kitchen" not in Path(nell[1]["file"]).read_text(encoding="utf-8-sig")
    assert "Kitchen" not in nell[2]["text"]
    assert kinds([*bea[5:], mo[4], *nell[3:]]) == ["done", "which_part", "done", "done", "forbidden"]


def test_rooms_stewards_and_counts_go_by_names_with_what_they_are_part_of(play: Play) -> None:
    branches(play)
    lines = play.console(
        "@olga /room Nurses #nurses",
        '@olga /room "Mercy Hospital" es #mercy',
        '@olga /room "Depot" #depot',
        '@olga /room "queens,  depot" #depot',
        "@olga /room Bronx #bronx",
        "@olga /room citywide #all",
        "@olga /rooms",
        "@olga /appoint steward Depot dora",
        "@olga /appoint steward Queens quinn",
        "@olga /drawn Mercy Hospital 4",
        "@olga /drawn Nurses 4",
        "@olga /help",
    )
    olga = to(lines, "olga")

    assert kinds(olga) == [
        *("done", "done", "which_workplace", "done", "done", "done", "rooms"),
        *("which_workplace", "role_card", "which_part", "done", "help"),
    ]
    assert olga[2]["text"] == 'There are several of the name Depot. Which one:\n"Depot, Bronx"\n"Depot, Queens"'
    assert olga[2]["buttons"] == ["Depot, Bronx", "Depot, Queens"]
    assert [line.split(": ")[1] for line in olga[6]["text"].split("\n")] == [
        *("citywide, English", "Bronx, English", "Mercy Hospital, Español", "Nurses, Mercy Hospital, English"),
        "Depot, Queens, English",
    ]
    assert olga[9]["buttons"] == ["Kitchen, Mercy Hospital", "Laundry, Mercy Hospital", "Nurses, Mercy Hospital"]
    assert olga[10]["text"].startswith("Nurses, Mercy Hospital: 4 cards drawn.")


def test_cards_of_a_unit_are_printed_for_all_that_it_is_made_of(play: Play) -> None:
    walkout = branches(play)
    lines = play.console(
        "@olga /cards Nurses 5",
        "@olga /cards Mercy Hospital 5",
        "@olga /cards mercy hospital",
        "@olga /cards Bronx",
        "@olga /cards Bronx",
    )
    olga = to(lines, "olga")
    assert kinds(olga) == ["cards", "which_part", "cards", "cards", "no_cards_missing"]
    assert ["5 cards for Nurses, Mercy Hospital" in olga[0]["text"], "55 cards for Mercy" in olga[2]["text"]] == [
        True
    ] * 2
    left = play.cards(walkout)
    assert {name: len(codes) for name, codes in left.items() if codes} == {"Depot, Queens": 60, "School": 60}


def test_what_was_voided_is_not_voided_again_within_a_day_through_what_it_is_part_of_or_made_of(play: Play) -> None:
    walkout = branches(play)
    play.cards(walkout)
    lines = play.console(
        *sure("@olga /cards void Nurses"),
        "@olga /cards void Mercy Hospital",
        "@olga /cards void Bronx",
        "@olga /cards void Kitchen",
        *sure("@olga /cards void Queens"),
        "@olga /cards void School",
    )
    olga = to(lines, "olga")
    assert [kind for kind in kinds(olga) if kind != "sure"] == [
        *("done", "voided_before", "voided_before", "done", "voided_before"),
    ]
    assert "The cards of Nurses were voided less than a day ago." in olga[2]["text"]


def test_what_a_draft_lacks_is_asked_for_where_it_is_needed(play: Play) -> None:
    walkout = branches(play)
    play.console(
        "@olga /cards Nurses",
        "@olga /room School #school",
        "@olga /room Bronx #bronx",
        *appointed(play, "mo", "Mercy Hospital"),
    )
    [said] = pages(play.console("@olga /open"), "olga")

    places = '"Depot, Bronx", Market, "Depot, Queens"'
    assert f"No steward: {places}, School. Appoint one: /appoint" in said
    assert 'No room of their own: "Depot, Bronx", Market, Mercy Hospital, "Depot, Queens".' in said
    assert 'No cards yet: "Depot, Bronx", Market, "Kitchen, Mercy Hospital", "Laundry, Mercy Hospital", "Depot' in said
    assert walkout in said
