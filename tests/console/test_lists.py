"""`allout draft` with lists as they are."""

from __future__ import annotations

from pathlib import Path

from tests.console.play import NOW, Play, Ran, terms
from tests.workbooks import xlsx

BOOK = xlsx(
    {
        "Notes": [["made in May"]],
        "Pay": [
            ["The list", None, None],
            ["Employer", "City", "Workers"],
            ["Mill", "Ashford", 40],
            ["Mill", "Belton", 30],
            ["Corner Coffee", "Belton", 6],
            ["Depot", "Ashford", None],
            ["Total", None, 76],
        ],
        "Old": [["Employer", "Workers"], ["Mill", 9]],
    }
)


def draft(play: Play, *options: str, status: int = 0) -> Ran:
    (play.folder / "list.csv").write_bytes(BOOK)  # called wrong, as they are
    toml = play.write("walkout.toml", terms(citywide_threshold="65%"))
    return play.allout(
        "draft",
        toml,
        "--workplaces",
        play.folder / "list.csv",
        "--data",
        play.data,
        "--now",
        NOW,
        *options,
        status=status,
    )


def test_a_workbook_is_drafted_once_everything_is_said(play: Play) -> None:
    assert "there are several sheets: Pay, Old. Say which is the list with --sheet." in draft(play, status=2).err
    said = draft(play, "--sheet", "Pay", "--threshold", "65%", status=2).err.splitlines()
    assert [line.partition(": ")[0] for line in said] == [
        "list.csv, sheet Pay, row 5",
        "list.csv, sheet Pay, row 6",
    ]
    assert "--small merge" in said[0]
    assert "--leave-out-empty" in said[1]
    ran = draft(play, "--sheet", "Pay", "--threshold", "65%", "--leave-out-empty", "--small", "leave-out")
    assert (
        "The list: 3 workplaces, 146 people; left out: 1 without people, 1 small workplace; 1 name repeats." in ran.out
    )
    assert 'A row is called "Total": if it is a total, leave it out (--leave-out-totals).' in ran.out
    assert "On at 95 pledges citywide" in ran.out  # 65% of 146


def test_totals_are_left_out_and_names_are_told_apart(play: Play) -> None:
    options = ["--sheet", "pay", "--threshold", "65%", "--leave-out-empty", "--leave-out-totals", "--small", "merge"]
    ran = draft(play, *options, "--name-column", "Employer", "--name-column", "City")
    assert "The list: 3 workplaces, 76 people; left out: 1 total, 1 without people." in ran.out
    assert "On at 50 pledges citywide" in ran.out  # 65% of 76
    last = draft(play, *options, "--repeats", "largest", "--headcount-column", "Workers")
    assert "2 workplaces, 46 people; left out: 1 total, 1 without people, 1 repeated row" in last.out


def test_what_has_two_meanings_is_refused_naming_both(play: Play) -> None:
    said = draft(play, "--sheet", "Pay", "--threshold", "65", status=2).err
    assert 'Write "65%" for this share of each workplace, or "65 people" for so many at each.' in said


def test_letters_that_cannot_be_told(play: Play) -> None:
    path = Path(play.write("list.csv", ""))
    path.write_bytes("Employer,Workers\nPeña,40\n".encode("latin-1"))
    toml = play.write("walkout.toml", terms(citywide_threshold=5))
    command: list[str | Path] = [
        "draft",
        toml,
        "--workplaces",
        path,
        "--data",
        play.data,
        "--now",
        NOW,
        "--threshold",
        "50%",
    ]
    assert "--encoding cp1252" in play.allout(*command, status=2).err
    assert play.allout(*command, "--encoding", "cp1252").out
