from __future__ import annotations

import csv
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.draft import Draft, DraftRefused, DraftUnit, ProblemKind, RosterOptions, SourceFile, read
from handlers.texts import draft as texts

NOW = datetime(2026, 12, 1, tzinfo=UTC)
TOML = b"""title = "One day"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-08T20:00:00-05:00
citywide_threshold = 5
"""
REAL_UNITS = Path(__file__).parents[3] / "shared" / "data" / "nlrb_nyc_units_2017_2021.csv"
OURS = RosterOptions()
FOREIGN = RosterOptions(name_columns=("Unit",), headcount_column="People", threshold="50%")
BY_CITY = RosterOptions(name_columns=("Unit",), headcount_column="People", threshold="50%", group_small="City")
K = ProblemKind


def draft(text: str | bytes, options: RosterOptions = OURS) -> Draft:
    data = text.encode() if isinstance(text, str) else text
    toml = SourceFile(name="walkout.toml", data=TOML)
    return read(toml, SourceFile(name="workplaces.csv", data=data), options, now=NOW, languages=("en", "es", "zh-Hans"))


def ours(*rows: str, header: str = "workplace,headcount,threshold") -> str:
    return "\n".join([header, *rows])


def units(text: str | bytes, options: RosterOptions = OURS) -> list[tuple[str, int, int]]:
    return [(unit.name, unit.headcount, unit.threshold) for unit in draft(text, options).units]


def sentences(text: str | bytes, options: RosterOptions = OURS) -> list[str]:
    with pytest.raises(DraftRefused) as refused:
        draft(text, options)
    return [texts.problem(problem) for problem in refused.value.problems]


def problems(text: str | bytes, options: RosterOptions = OURS) -> list[tuple[int | None, str]]:
    with pytest.raises(DraftRefused) as refused:
        draft(text, options)
    for problem in refused.value.problems:
        assert problem.file == "workplaces.csv"
        assert "{" not in texts.problem(problem)
    return [(problem.line, problem.kind) for problem in refused.value.problems]


# What is accepted


@pytest.mark.parametrize(
    "text",
    [
        ours("Bellevue,1052,65%", "Harlem,40,12"),
        "\ufeff" + ours("Bellevue,1052,65%", "Harlem,40,12"),  # a byte-order mark
        ours("Bellevue,1052,65%", "Harlem,40,12", "").replace("\n", "\r\n"),
        ours("Bellevue,1052,65%", "Harlem,40,12").replace("\n", "\r"),
        ours("Bellevue,1052,65%", "Harlem,40,12").replace(",", ";"),
        ours("Bellevue,1052,65%", "Harlem,40,12").replace(",", "\t"),
        ours("\n ,, \n\nBellevue,1052,65%", "", "Harlem,40,12,,"),  # blank lines, commas at the end
        "\n\n" + ours("Bellevue,1052,65%", "Harlem,40,12"),
        ours("Bellevue,1052,65%", "Workplace, headcount,THRESHOLD,", "Harlem,40,12"),  # the header again
        ours("Bellevue,1052,65%", "Harlem,40,12", header="Workplace , HEADCOUNT,threshold,,"),
        ours("65%,Bellevue,1052", "12,Harlem,40", header="threshold,workplace,headcount"),
        ours('"Bellevue", "1,052", "65%"', '  "Harlem" \t,40,12'.replace(" \t", "")),
        ours("Bellevue,1 052,65 %", "Harlem,40,12"),
        ours("Bellevue,1'052,65.0%", "Harlem,040,12"),
        ours("Bellevue,1\u00a0052,65%", "Harlem,40,12"),  # no-break space
        ours("Bellevue,1\u202f052,65%", "Harlem,40,12"),  # the narrow one
    ],
)
def test_the_same_two_workplaces_however_they_are_written(text: str) -> None:
    assert units(text) == [("Bellevue", 1052, 684), ("Harlem", 40, 12)]


@pytest.mark.parametrize(
    ("headcount", "written", "threshold"),
    [
        ("800", "7%", 56),  # floats make 57 of it
        ("801", "7%", 57),  # 56.07
        ("67", "33.5%", 23),  # 22.445
        ("200", "33.5%", 67),  # exactly
        ("12", "100%", 12),
        ("5", "80.000001%", 5),
        ("1000000", "0.0005%", 5),
        ("40", "5", 5),
        ("40", "40", 40),
        ('"1,000,000"', '"1,000"', 1000),
    ],
)
def test_a_threshold_is_a_number_or_an_exact_share_rounded_up(headcount: str, written: str, threshold: int) -> None:
    assert [unit.threshold for unit in draft(ours(f"Bellevue,{headcount},{written}")).units] == [threshold]


def test_the_option_is_the_threshold_of_rows_that_have_none() -> None:
    options = RosterOptions(threshold=" 50% ")
    assert units(ours("A,20", "B,21", header="workplace,headcount"), options) == [
        ("A", 20, 10),
        ("B", 21, 11),
    ]
    assert units(ours("A,20,", "B,21,8"), options) == [("A", 20, 10), ("B", 21, 8)]


def test_units_come_by_name_whatever_the_case() -> None:
    assert [name for name, _, _ in units(ours("b,9,5", "C,9,5", "A,9,5"))] == ["A", "b", "C"]


def test_a_name_is_kept_as_it_is_even_if_it_looks_like_a_formula() -> None:
    name = '=HYPERLINK("x") @+1'
    assert units(ours('"=HYPERLINK(""x"") @+1",9,5')) == [(name, 9, 5)]


def test_where_people_meet_may_take_several_lines() -> None:
    text = ours('A,9,5,"At the door,\nby nine"', "B,9,5,", header="workplace,headcount,threshold,meet")
    assert [unit.meet for unit in draft(text).units] == ["At the door,\nby nine", ""]


def test_where_people_meet_may_be_there_in_other_languages() -> None:
    text = ours("A,9,5,At the door,En la puerta", "B,9,5,,Afuera", header="workplace,headcount,threshold,meet,meet.es")
    assert [(unit.meet, unit.meets) for unit in draft(text).units] == [
        ("At the door", {"es": "En la puerta"}),
        ("", {"es": "Afuera"}),
    ]
    for column in ("meet.zh-Hans", "Meet.zh-hans"):
        chinese = ours("A,9,5,At the door,在门口", header=f"workplace,headcount,threshold,meet,{column}")
        assert [unit.meets for unit in draft(chinese).units] == [{"zh-Hans": "在门口"}]
    grouped = ours(
        "A,9,5,g,Gate 1,Puerta 1", "B,9,5,g,Gate 2,", header="workplace,headcount,threshold,group,meet,meet.es"
    )
    assert [(unit.meet, unit.meets) for unit in draft(grouped).units] == [
        ("A: Gate 1; B: Gate 2", {"es": "A: Puerta 1"})
    ]


def test_a_foreign_file_is_read_by_the_columns_named_and_no_others() -> None:
    text = "Case,Unit ,PEOPLE,group,meet,threshold\n1,Bellevue,20,g,x,19\n2,Harlem,30,g,y,bad\n"
    assert units(text, FOREIGN) == [("Bellevue", 20, 10), ("Harlem", 30, 15)]


def test_a_foreign_file_may_bring_its_own_thresholds() -> None:
    options = RosterOptions(name_columns=("Unit",), headcount_column="People")
    assert units("Unit,People,Threshold\nBellevue,20,19\n", options) == [("Bellevue", 20, 19)]


def test_a_column_may_be_named_ours_and_the_other_by_option() -> None:
    options = RosterOptions(headcount_column="People", threshold="50%")
    assert units("workplace,People\nBellevue,20\n", options) == [("Bellevue", 20, 10)]


def test_a_column_spelled_exactly_so_wins_over_one_in_another_case() -> None:
    assert units("UNIT,Unit,People\nwrong,right,20\n", FOREIGN) == [("right", 20, 10)]


def test_a_repeated_name_in_a_foreign_file_gets_a_number_in_file_order() -> None:
    text = "Unit,People\nA,10\na,20\nB,30\nA,40\nA (3),50\nA,60\n"
    assert units(text, FOREIGN) == [
        ("A", 10, 5),
        ("a (2)", 20, 10),
        ("A (3)", 40, 20),
        ("A (3) (2)", 50, 25),
        ("A (4)", 60, 30),
        ("B", 30, 15),
    ]


# What is merged


@pytest.mark.parametrize(
    ("rows", "headcount", "threshold"),
    [
        (["A,3,50%,g", "B,3,50%,g", "C,5,50.0%,g"], 11, 6),  # 5.5 of the sum; 2 + 2 + 3 by rows
        (["A,3,2,g", "B,9,4,g"], 12, 6),
        (["A,3,50%,g", "B,3,3,g"], 6, 5),  # a share and a number: 2 + 3
        (["A,3,50%,g", "B,7,30%,g"], 10, 5),  # two shares: 2 + 3
        (["A,9,100%,g", "B,9,1,g"], 18, 10),  # 1 person is not 100%
        (["A,9,1,g", "B,9,100%,g"], 18, 10),
        (["A,9,5,g"], 9, 5),
        (["A,3,3,g", 'B,3,3,"  g "'], 6, 6),
    ],
)
def test_rows_of_one_group_are_one_unit(rows: list[str], headcount: int, threshold: int) -> None:
    found = draft(ours(*rows, header="workplace,headcount,threshold,group"))
    assert found.units == (DraftUnit(name="g", headcount=headcount, threshold=threshold),)
    assert found.merged == {"g": len(rows)}
    assert found.rows == len(rows)


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("", "", ""),
        ("the park", "", "A: the park"),
        ("the park", "the park", "the park"),
        ("the park", "the pier", "A: the park; B: the pier"),
    ],
)
def test_a_group_meets_where_its_rows_meet(first: str, second: str, together: str) -> None:
    text = ours(f"A,9,5,g,{first}", f"B,9,5,g,{second}", header="workplace,headcount,threshold,group,meet")
    assert [unit.meet for unit in draft(text).units] == [together]


def test_small_workplaces_are_merged_by_value_and_the_smallest_leftovers_with_each_other() -> None:
    text = """Unit,People,City
Big,20,Bronx
Edge,9,Bronx
b1,3,bronx
b2,3,Bronx
b3,3,BRONX
q1,4,Queens
s1,2,Staten Island
none,4,
"""
    found = draft(text, BY_CITY)
    assert [(unit.name, unit.headcount, unit.threshold) for unit in found.units] == [
        ("Big", 20, 10),
        ("Bronx small workplaces", 9, 5),  # half of 9; by rows 2 + 2 + 2
        ("Edge", 9, 5),  # at 5 exactly, not small
        ("Other small workplaces", 10, 5),
    ]
    assert found.merged == {"Bronx small workplaces": 3, "Other small workplaces": 3}
    assert found.rows == 8


@pytest.mark.parametrize(
    ("cities", "shown"),
    [
        (["new york", "New York", "New York"], "New York"),
        (["new york", "new york", "New York"], "New York"),  # capitalized, though rarer
        (["NEW YORK", "New York", "New York"], "New York"),
        (["new york", "neW york", "neW york"], "new york"),  # none capitalized: the first
    ],
)
def test_a_value_is_shown_in_its_best_spelling(cities: list[str], shown: str) -> None:
    text = "Unit,People,City\n" + "".join(f"u{number},4,{city}\n" for number, city in enumerate(cities))
    assert units(text, BY_CITY) == [(f"{shown} small workplaces", 12, 6)]


def test_the_spelling_is_chosen_among_all_rows_of_the_file() -> None:
    text = "Unit,People,City\nBig,20,Bronx\nb,4,bronx\nc,5,bronx\n"
    assert "Bronx small workplaces" in draft(text, BY_CITY).merged


def test_groups_are_merged_no_further() -> None:
    options = RosterOptions(group_small="borough")
    header = "workplace,headcount,threshold,group,borough"
    rows = ["A,9,4,g,Bronx", "B,9,4,,Bronx", "C,9,4,,bronx"]
    assert problems(ours(*rows, header=header), options) == [(2, K.GROUP_TOO_LOW)]
    assert units(ours("D,9,1,G,", *rows, header=header), options) == [
        ("Bronx small workplaces", 18, 8),
        ("G", 18, 5),
    ]


def test_a_merged_unit_is_kept_apart_from_a_workplace_of_that_name() -> None:
    foreign = "Unit,People,City\nother small  WORKPLACES,20,\na,4,\nb,4,\nc,4,\n"
    assert units(foreign, BY_CITY) == [
        ("other small  WORKPLACES", 20, 10),
        ("Other small workplaces (2)", 12, 6),
    ]
    own = ours("g,9,5,", "A,9,5,G", "B,9,5,G", header="workplace,headcount,threshold,group")
    assert problems(own) == [(3, K.MERGED_NAME_TAKEN)]


def test_a_city_called_other_is_not_mixed_with_the_rest() -> None:
    text = "Unit,People,City\na,4,Other\nb,4,other\nc,4,Other\nd,4,\ne,4,\nf,4,\n"
    assert units(text, BY_CITY) == [("Other small workplaces", 12, 6), ("Other small workplaces (2)", 12, 6)]


def test_workplaces_too_small_even_when_merged_are_refused_with_their_lines() -> None:
    text = "Unit,People,City\nBig,20,Bronx\nb,4,Bronx\nq,4,Queens\n"
    assert problems(text, BY_CITY) == [(3, K.REST_TOO_LOW)]
    assert "(lines: 3, 4)" in sentences(text, BY_CITY)[0]
    text = "Unit,People,City\nBig,20,Bronx\nb,2,Bronx\nq,2,Queens\nc,2,Bronx\n"
    assert "(lines: 3, 4, 5)" in sentences(text, BY_CITY)[0]


def test_no_merged_unit_is_judged_before_all_its_rows_can_be_read() -> None:
    assert problems("Unit,People,City\nBig,20,\nb,4,\nq,x,\n", BY_CITY) == [(4, K.BAD_HEADCOUNT)]
    group = ours("A,9,4,g", "B,9,x,g", "C,9,4,h", header="workplace,headcount,threshold,group")
    assert problems(group) == [(3, K.BAD_THRESHOLD), (4, K.GROUP_TOO_LOW)]


def test_what_a_group_says_of_where_to_meet_must_not_be_too_long_either() -> None:
    rows = [f"{name},9,5,g,{name * 300}" for name in "AB"]
    text = ours(*rows, header="workplace,headcount,threshold,group,meet")
    assert problems(text) == [(2, K.TEXT_TOO_LONG)]


# What is refused


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        (",9,5", [K.NO_NAME]),
        ("bellevue,9,5", [K.REPEATED_NAME]),
        ('"  Belle\u200dVUE ",9,5', [K.REPEATED_NAME]),  # looks the same
        ("\uff22ellevue,9,5", [K.REPEATED_NAME]),  # in the wide letters of East Asian fonts
        (f"{'x' * 201},9,5", [K.TEXT_TOO_LONG]),
        ("Har\u202elem,9,5", [K.HIDDEN_CHARACTER]),
        ("Har\u200blem,9,5", [K.HIDDEN_CHARACTER]),
        ("Har\x1b[31mlem,9,5", [K.HIDDEN_CHARACTER]),
        ('"Har\nlem",9,5', [K.HIDDEN_CHARACTER]),
        ("Harlem,,5", [K.NO_HEADCOUNT]),
        ("Harlem", [K.NO_HEADCOUNT, K.EMPTY_THRESHOLD]),
        ("Harlem,0,5", [K.NO_HEADCOUNT]),
        ("Harlem,-9,5", [K.BAD_HEADCOUNT]),
        ("Harlem,1.052,5", [K.TWO_NUMBERS]),  # a thousand, or one?
        ('Harlem,"10,52",5', [K.BAD_HEADCOUNT]),
        ('Harlem,"1,052 000",5', [K.BAD_HEADCOUNT]),
        ("Harlem,10000001,5", [K.BAD_HEADCOUNT]),
        (f"Harlem,{'9' * 5000},5", [K.BAD_HEADCOUNT]),
        ("Harlem,9,", [K.EMPTY_THRESHOLD]),
        ("Harlem,9,most", [K.BAD_THRESHOLD]),
        ("Harlem,9,0", [K.BAD_THRESHOLD]),
        ("Harlem,9,-5", [K.BAD_THRESHOLD]),
        ("Harlem,9,0%", [K.BAD_THRESHOLD]),
        ("Harlem,9,100.1%", [K.BAD_THRESHOLD]),
        ("Harlem,9,4", [K.THRESHOLD_TOO_LOW]),
        ("Harlem,8,50%", [K.THRESHOLD_TOO_LOW]),
        ("Harlem,9,10", [K.THRESHOLD_ABOVE_HEADCOUNT]),
        ("Harlem,3,4", [K.THRESHOLD_ABOVE_HEADCOUNT, K.THRESHOLD_TOO_LOW]),
        ("Harlem,x,4", [K.BAD_HEADCOUNT, K.THRESHOLD_TOO_LOW]),
        ("Harlem,x,50%", [K.BAD_HEADCOUNT]),  # of what?
        ("Harlem,1,052,60%", [K.TOO_MANY_CELLS]),  # a comma without quotes
        ('"Har"lem,9,5', [K.BAD_QUOTES]),
        ('"Harlem,9,5', [K.BAD_QUOTES]),
    ],
)
def test_a_faulty_row_is_refused_on_its_line(row: str, kinds: list[ProblemKind]) -> None:
    assert problems(ours("Bellevue,9,5", "", row)) == [(4, kind) for kind in kinds]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (f"Harlem,9,5,,{'x' * 501}", K.TEXT_TOO_LONG),
        ("Harlem,9,5,,the\u202epark", K.HIDDEN_CHARACTER),
        (f"Harlem,9,5,{'x' * 201},", K.TEXT_TOO_LONG),
        ("Harlem,9,5,g\u202eg,", K.HIDDEN_CHARACTER),
        ("Harlem,9,10,g,", K.THRESHOLD_ABOVE_HEADCOUNT),
        ("Harlem,9,4,g,", K.GROUP_TOO_LOW),
    ],
)
def test_group_and_meet_are_checked_too(row: str, kind: ProblemKind) -> None:
    text = ours("Bellevue,9,5", row, header="workplace,headcount,threshold,group,meet")
    assert problems(text) == [(3, kind)]


def test_what_a_merged_unit_is_named_after_is_checked_only_where_it_is_used() -> None:
    assert problems("Unit,People,City\nA,4,a\u202eb\nB,8,\n", BY_CITY)[0] == (2, K.HIDDEN_CHARACTER)
    assert units("Unit,People,City\nA,20,a\u202eb\n", BY_CITY) == [("A", 20, 10)]


def test_foreign_names_may_be_longer_but_not_endless() -> None:
    assert units(f"Unit,People\n{'x' * 200},20\n", FOREIGN) == [("x" * 200, 20, 10)]
    assert problems(f"Unit,People\n{'x' * 201},20\n", FOREIGN) == [(2, K.TEXT_TOO_LONG)]


@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        ("title,thing,needed", [K.FOREIGN_HEADER]),
        ("name,people,needed", [K.NO_THRESHOLD]),
        ("Bellevue,9,5", [K.FOREIGN_HEADER]),  # no header at all
        ("workplace,threshold,x", [K.FOREIGN_HEADER]),
        ("headcount,threshold", [K.FOREIGN_HEADER]),
        ("workplace,headcount", [K.NO_THRESHOLD]),
        ("workplace,headcount,threshhold", [K.UNKNOWN_COLUMN_CLOSE_TO, K.NO_THRESHOLD]),
        ("workplace,headcount,threshold,city", [K.UNKNOWN_COLUMN]),
        ("workplace,headcount,,threshold", [K.UNKNOWN_COLUMN]),
        ("workplace,headcount,threshold,Headcount", [K.REPEATED_COLUMN]),
    ],
)
def test_a_faulty_header_is_refused(header: str, kinds: list[ProblemKind]) -> None:
    assert problems(header + "\n")[: len(kinds)] == [(1, kind) for kind in kinds]


@pytest.mark.parametrize(
    ("header", "options", "kinds"),
    [
        ("Unit,City", BY_CITY, [K.MISSING_NAMED_COLUMN]),
        ("Name,City", BY_CITY, [K.MISSING_NAMED_COLUMN, K.MISSING_NAMED_COLUMN]),
        ("Unit,People", BY_CITY, [K.MISSING_NAMED_COLUMN]),
        ("workplace,headcount,threshold", RosterOptions(group_small="City"), [K.MISSING_NAMED_COLUMN]),
        ("Unit,People", RosterOptions(headcount_column="Heads", threshold="9"), [K.MISSING_NAMED_COLUMN]),
        ("Unit,People,Unit", FOREIGN, [K.REPEATED_COLUMN]),
        ("Unit,People", RosterOptions(name_columns=("Unit",), headcount_column="People"), [K.NO_THRESHOLD]),
    ],
)
def test_a_column_that_an_option_names_must_be_there_once(
    header: str, options: RosterOptions, kinds: list[ProblemKind]
) -> None:
    assert problems(header + "\n", options) == [(1, kind) for kind in kinds]


@pytest.mark.parametrize("threshold", ["", "most", "0", "0%", "101%", "1.5", "-5"])
def test_an_option_that_is_no_threshold_is_refused_once(threshold: str) -> None:
    options = RosterOptions(threshold=threshold)
    text = ours("A,20", "B,21", header="workplace,headcount")
    assert problems(text, options) == [(None, K.BAD_THRESHOLD_OPTION)]


def test_a_file_in_another_format_is_told_its_columns_and_the_options() -> None:
    sentence, _ = sentences("Case Name,Cast\nBellevue,20\n")
    assert sentence == (
        "workplaces.csv, line 1: the columns, each with an example, are: Case Name (Bellevue), Cast (20). Say which is "
        "which with --name-column and --headcount-column, or name them workplace and headcount."
    )


@pytest.mark.parametrize(
    ("data", "line", "kind"),
    [
        (b"", None, K.EMPTY_ROSTER),
        (b"\xef\xbb\xbf\r\n , \n", None, K.EMPTY_ROSTER),
        (b"workplace,headcount,threshold\n\n", 1, K.NO_WORKPLACES),
        (b"\n\nworkplace,headcount,threshold\nworkplace,headcount,threshold", 3, K.NO_WORKPLACES),
        (b"workplace,headcount,threshold\r\nBelle\x81\xe9\xff\xfe\xfd,9,5", 2, K.NOT_UTF8),
        (b"workplace,headcount,threshold\nA,9,5\nB\0,9,5", 3, K.NUL_BYTE),
        (b"workplace,headcount,threshold\nA,9,5\n" + b"\n" * 5_000_000, None, K.FILE_TOO_BIG),
        (b"workplace,headcount,threshold\nA,9,5\n" + b"x" * 200_000, 3, K.BAD_QUOTES),
    ],
)
def test_a_file_that_holds_no_table_is_refused(data: bytes, line: int | None, kind: ProblemKind) -> None:
    assert problems(data) == [(line, kind)]


def test_fifty_thousand_workplaces_fit_and_no_more() -> None:
    rows = [f"w{number},9,5" for number in range(50_000)]
    assert len(draft(ours(*rows)).units) == 50_000
    assert problems(ours(*rows, "one more,,")) == [(50_002, K.TOO_MANY_ROWS)]


def test_every_row_is_judged_on_the_line_where_it_starts_all_at_once() -> None:
    text = ours(
        '"A\n\n",9,5',  # a name of three lines; white space at its end is dropped
        ",9,5",
        'B,9,5,"x\ny"',
        '"C" ,9,5',
        "a,9,5",
        "D,9,4",
    )
    assert problems(text) == [
        (5, K.NO_NAME),
        (6, K.TOO_MANY_CELLS),
        (8, K.BAD_QUOTES),
        (9, K.REPEATED_NAME),
        (10, K.THRESHOLD_TOO_LOW),
    ]
    assert "already on line 2." in sentences(text)[3]


# Any file


CELLS = st.sampled_from(
    [
        *(
            "workplace",
            "headcount",
            "threshold",
            "group",
            "meet",
            "Unit",
            "People",
            "City",
            "A",
            "a",
            "Other",
        ),
        *(
            "9",
            "5",
            "4",
            "65%",
            "1,052",
            '"',
            '"A',
            ",",
            ",",
            ",",
            ";",
            "\t",
            "\n",
            "\n",
            "\r",
            "\0",
            "\u202e",
        ),
    ]
)
OPTIONS = st.sampled_from([OURS, FOREIGN, BY_CITY, RosterOptions(threshold="9", group_small="group")])


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.lists(CELLS).map(lambda cells: "".join(cells).encode())
    | st.lists(CELLS).map(lambda cells: ours("".join(cells)).encode()),
    OPTIONS,
)
def test_no_bytes_whatever_raise_anything_but_a_refusal(data: bytes, options: RosterOptions) -> None:
    with suppress(DraftRefused):
        draft(data, options)


SHARES = st.integers(1, 10_000).map(lambda hundredths: f"{hundredths / 100:.2f}%")
ROWS = st.lists(
    st.tuples(st.integers(5, 3000), st.integers(5, 3000) | SHARES, st.sampled_from(["", "", "g", "G", "h"])),
    min_size=1,
)


@given(ROWS)
def test_every_valid_file_keeps_its_people_and_thresholds_within_bounds(
    rows: list[tuple[int, int | str, str]],
) -> None:
    lines = []
    for number, (headcount, threshold, group) in enumerate(rows):
        valid = min(threshold, headcount) if isinstance(threshold, int) else threshold
        if isinstance(valid, str) and headcount * float(valid[:-1]) < 401:  # else 5 people or more
            valid = "100%"
        lines.append(f"w{number},{headcount},{valid},{group}")
    found = draft(ours(*lines, header="workplace,headcount,threshold,group"))
    assert sum(unit.headcount for unit in found.units) == sum(headcount for headcount, _, _ in rows)
    assert all(5 <= unit.threshold <= unit.headcount for unit in found.units)
    assert len(found.units) == sum(not group for *_, group in rows) + len(
        {group.lower() for *_, group in rows if group}
    )


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["", "Bronx", "bronx", "Queens"])), min_size=1))
def test_merging_loses_nobody(rows: list[tuple[int, str]]) -> None:
    text = "Unit,People,City\nw,20,\n" + "".join(f"w,{people},{city}\n" for people, city in rows)
    small: dict[str, int] = defaultdict(int)
    for people, city in rows:
        small[city.lower()] += people if people <= 8 else 0  # half of 8 is 4: too few
    leftover = sum(people for city, people in small.items() if people <= 8 or not city)
    if 0 < leftover <= 8:
        assert {kind for _, kind in problems(text, BY_CITY)} <= {K.REST_TOO_LOW, K.REST_TOO_LOW_ALONE}
        return
    found = draft(text, BY_CITY)
    assert sum(unit.headcount for unit in found.units) == 20 + sum(people for people, _ in rows)
    assert all(5 <= unit.threshold <= unit.headcount for unit in found.units)
    assert len({unit.name for unit in found.units}) == len(found.units)
    assert len(found.units) - len(found.merged) + sum(found.merged.values()) == found.rows == 1 + len(rows)


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_UNITS.exists(), reason="needs the union elections' file in ../shared/data")
def test_the_union_elections_of_new_york_are_a_roster() -> None:
    by_city: dict[str, list[int]] = defaultdict(list)
    large = 0
    with REAL_UNITS.open(newline="", encoding="utf-8") as file:
        elections = list(csv.DictReader(file))
    for election in elections:
        voters = int(election["Num Eligible Voters"])
        if ceil(voters * 65 / 100) < 5:
            by_city[election["Unit City"].lower()].append(voters)
        else:
            large += 1
    merged_cities = [city for city, voters in by_city.items() if ceil(sum(voters) * 65 / 100) >= 5]
    leftover = sum(sum(voters) for city, voters in by_city.items() if city not in merged_cities)

    found = draft(
        REAL_UNITS.read_bytes(),
        RosterOptions(
            name_columns=("Case Name",),
            headcount_column="Num Eligible Voters",
            threshold="65%",
            group_small="Unit City",
        ),
    )

    assert found.rows == len(elections)
    assert len(found.units) == large + len(merged_cities) + 1
    assert sum(unit.headcount for unit in found.units) == sum(
        int(election["Num Eligible Voters"]) for election in elections
    )
    sizes = {unit.name: unit.headcount for unit in found.units}
    assert sizes["Other small workplaces"] == leftover
    assert sizes["New York small workplaces"] == sum(by_city["new york"])


@pytest.mark.parametrize("row", ["," * 1_000_000, '"\n",' * 300_000, "x" * 1_000_000])
def test_a_row_that_is_too_long_is_refused_before_it_fills_the_memory(row: str) -> None:
    assert problems(ours("Depot,10,6", "School,30,5", row)) == [(4, ProblemKind.ROW_TOO_LONG)]
    assert problems(row) == [(1, ProblemKind.ROW_TOO_LONG)]


def test_thousands_of_columns_are_one_problem() -> None:
    header = ",".join(["workplace", "headcount", "threshold", *(f"column {number}" for number in range(5_000))])
    assert problems(ours("Depot,10,6", header=header)) == [(1, ProblemKind.TOO_MANY_COLUMNS)]
