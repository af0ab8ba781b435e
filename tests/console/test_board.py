"""The board page by page, chosen by name, as a picture and as a table; and what a steward sees of it."""

from __future__ import annotations

import csv
from pathlib import Path

from PIL import Image

from tests.console.play import Play, answers, anyway, boards, kinds, pledging, roster, sure, terms, to
from tests.console.test_paper import appointed

MANY = [(f"Shop {number:02}", 10, 5, "") for number in range(1, 24)]


def test_pages_of_ten_are_turned_by_buttons(play: Play) -> None:
    play.draft(places=roster(MANY))
    lines = play.console(
        "@olga /board", "@olga [Next]", "@olga [Next]", "@olga [Previous]", "@olga /board SHOP  1", "@olga /board 22"
    )
    olga = to(lines, "olga")
    assert kinds(olga) == ["board"] * 6
    assert [line["buttons"] for line in olga] == [
        ["Next", "Picture"],
        ["Previous", "Next", "Picture"],
        ["Previous", "Picture"],
        ["Previous", "Next", "Picture"],
        ["Picture"],
        ["Picture"],
    ]
    shown = [[line for line in each["text"].split("\n") if line.startswith("Shop")] for each in olga]
    assert shown[0] + shown[1] + shown[2] == [name for name, *_ in MANY]
    assert olga[1]["text"].endswith("Page 2 of 3")
    assert shown[3] == shown[1]
    assert shown[4] == [f"Shop {number}" for number in range(10, 20)]
    assert "“22”: 1 of 23 workplaces" in olga[5]["text"]


def test_a_page_that_was_chosen_by_name_stays_so_when_it_is_turned(play: Play) -> None:
    places = [(f"a:b {number:02}", 10, 5, "") for number in range(12)] + [("other", 10, 5, "")]
    play.draft(places=roster(places))
    lines = to(play.console("@olga /board a:b", "@olga [Next]", "@olga [Picture]"), "olga")
    empty = "░░░░░░░░░░ fewer than 5"
    assert lines[1]["text"].split("\n\n")[-2:] == [f"a:b 10\n{empty}\na:b 11\n{empty}", "Page 2 of 2"]
    assert kinds(lines) == ["board", "board", "picture"]
    assert "“a:b”: 12 of 13 workplaces" in lines[2]["text"]


def test_any_name_however_long_and_in_whatever_script_can_be_asked_for(play: Play) -> None:
    names = ["ä" * 100, "北京" * 40, "🍕" * 30, "x" * 99 + "1", "x" * 99 + "2"]
    play.draft(places=roster([(name, 10, 5, "") for name in names]))
    lines = play.console(*[f'@olga /board "{name}"' for name in names], "@olga [Picture]")
    for name, line in zip(names, to(lines, "olga"), strict=False):
        assert name in line["text"].split("\n")
    assert kinds(to(lines, "olga"))[-1] == "picture"


def test_a_page_shows_what_the_newest_tally_published(play: Play) -> None:
    walkout = play.prepare(places=roster([("Depot", 10, 5, ""), *MANY]))
    lines = play.console(
        *anyway("@olga /open"),
        "@olga /board",
        "@olga [Next]",
        "!wait",
        *pledging("d", walkout.cards["Depot"][:5]),
        "!wait",
        "@olga [Previous]",
        "!tally",
        "@olga [Previous]",
    )
    first, _second, before, after = (line["text"] for line in to(lines, "olga") if line["kind"] == "board")
    assert before == first
    assert "Depot\n▓▓▓▓▓▓▓▓▓▓ has reached 5 (tally 1)" in after
    assert "As of tally 1, Tue 1 Dec 2026, 09:00." in after


def test_the_picture_comes_beside_the_board(play: Play) -> None:
    play.prepare()
    lines = play.console(
        *anyway("@olga /open"),
        "!wait",
        "@olga /board",
        *["@olga [Picture]"] * 3,
        "@omar /board",
        "@omar [Picture]",
        "@omar /board depot",
        "@omar [Picture]",
        "!tally",
        "@olga [Picture]",
    )
    pictures = [line for line in lines if line.get("kind") == "picture"]
    assert len(pictures) == 6
    assert "As of tally 1" in pictures[-1]["text"]
    for line in pictures:
        with Image.open(line["file"]) as image:
            assert (image.format, image.width) == ("PNG", 1080)


def test_a_table_holds_every_page_and_exactly_what_the_board_says(play: Play) -> None:
    walkout = play.prepare(places=roster([("Depot", 40, 20, ""), *MANY]))
    lines = play.console(
        *anyway("@olga /open"),
        "!wait",
        *pledging("d", walkout.cards["Depot"][:12]),
        "!wait",
        "!tally",
        "@olga /board csv",
        f"@olga /board {walkout.id} CSV depot",
        "@olga /board shop 0 csv",
        "@olga /board depot",
    )
    whole, one, some = (
        list(csv.DictReader(Path(line["file"]).read_text(encoding="utf-8-sig").splitlines()))
        for line in lines
        if "file" in line
    )
    assert [line["kind"] for line in lines if "file" in line] == ["board_csv"] * 3
    assert len(whole) == 25
    assert one[0] == whole[0] == some[0]
    assert [row["workplace"] for row in one[1:]] == ["Depot"]
    assert [row["workplace"] for row in some[1:]] == [f"Shop {number:02}" for number in range(1, 10)]
    [board] = boards([{**line, "text": line["text"].replace("“depot”: 1 of 24 workplaces\n\n", "")} for line in lines])
    assert board.places == {"Depot": "about 10 of 20"} == {"Depot": one[1]["shown"]}
    assert (one[1]["number"], one[1]["tally"]) == ("10", "1")


def test_an_id_that_is_none_is_said_to_be_none(play: Play) -> None:
    play.draft(places=roster([("PS118", 10, 5, ""), ("Depot", 10, 5, "")]))
    lines = to(play.console("@olga /board zzzz1", "@olga /board ps118", "@olga /board nowhere"), "olga")
    assert kinds(lines) == ["no_such_walkout", "board", "board"]
    assert "\nPS118\n" in lines[1]["text"]
    assert lines[2]["text"].endswith("No workplace's name contains “nowhere”.")


def test_a_steward_sees_the_city_and_their_own_workplaces_whichever_way_they_look(play: Play) -> None:
    walkout = play.prepare()
    play.console(*appointed(play, "stella", "Depot"))
    play.console(*appointed(play, "stella", "School"))
    looks = ["", "csv", "depot", "school", "café", "north csv", "csv o", walkout.id, "zzzz1"]
    lines = play.console(
        *anyway("@olga /open"),
        "!wait",
        *pledging("c", walkout.cards["Café, North"][:9]),
        *pledging("d", walkout.cards["Depot"][:6]),
        "!wait",
        "!tally",
        "@olga /board",
        *[f"@stella /board {look}" for look in looks],
        "@stella /board",
        "@stella [Picture]",
    )
    stella = answers(lines, "stella")
    assert kinds(stella) == [
        "board", "board_csv", "board", "board", "board", "board_csv", "board_csv", "board", "no_such_walkout", "board",
        "picture",
    ]  # fmt: skip
    said = "\n".join(line["text"] for line in stella if line["kind"] != "picture")
    files = "\n".join(
        Path(line["file"]).read_text(encoding="utf-8-sig") for line in stella if line["kind"] == "board_csv"
    )
    assert "North" not in said.replace("“north”", "")
    assert "North" not in files
    own = ["Depot", "▓▓▓▓▓▓▓▓▓▓ has reached 6 (tally 1), walks out", "School", "░░░░░░░░░░ fewer than 5"]
    assert stella[0]["text"].split("\n\n")[1].split("\n") == own
    [whole] = boards(answers(lines, "olga"))
    # the city's coarse line: its number is reached, for it is on; two are too few to be counted
    assert (
        "City\n▓▓▓▓▓▓▓▓▓▓ 12 reached\nfewer than 3 of 3 workplaces have reached theirs, 1 needed\n" in stella[0]["text"]
    )
    assert (whole.counted, whole.ready, whole.pledged) == (11, 2, 11)
    # not there is not there, whether anybody else has it or not
    assert stella[4]["text"].endswith("No workplace's name contains “café”.")


def test_of_another_walkout_a_steward_learns_not_even_that_it_is_there(play: Play) -> None:
    other = play.draft(terms(title="Another"))
    mine = play.draft()
    [made] = to(play.console(f'@olga /appoint {mine} steward "Depot" stella'), "olga")
    code = made["text"].split("\n\n")[1]
    lines = play.console(
        f"@stella {code}",
        "!wait",
        "@olga [Yes, it is them]",
        "!wait",
        f"@stella /board {other}",
        "@stella /board zzzz1",
        "@stella /board",
        "!wait",
        *sure("@olga /remove stella"),
        "!wait",
        "@stella [Picture]",
        "@stella /board",
    )
    asked, unknown, board, picture, forbidden = answers(lines, "stella")[-5:]
    assert asked["text"].replace(other, "zzzz1") == unknown["text"]
    assert unknown["kind"] == "no_such_walkout"
    assert board["text"].startswith(f"One day for the rent freeze ({mine})")
    assert (picture["kind"], forbidden["kind"]) == ("not_understood", "forbidden")


def test_a_worker_has_no_board(play: Play) -> None:
    play.draft()
    lines = play.console("@ana /board", "@ana /board csv", "@ana /help")
    assert kinds(to(lines, "ana")) == ["forbidden", "forbidden", "help"]
    assert "/board" not in to(lines, "ana")[-1]["text"]


def test_what_a_filter_ends_in_is_no_language(play: Play) -> None:
    play.draft(places=roster([*((f"{number:02} Depot~b", 10, 5, "") for number in range(12)), ("other", 10, 5, "")]))
    lines = to(play.console("@olga /board Depot~b", "@olga [Next]", "@olga [Picture]"), "olga")
    assert kinds(lines) == ["board", "board", "picture"]
    assert lines[1]["text"].endswith("Page 2 of 2")
    assert "“Depot~b”: 12 of 13 workplaces" in lines[2]["text"]
