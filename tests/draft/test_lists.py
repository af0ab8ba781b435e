"""Lists as unions and agencies publish them, and as people make them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.draft import (
    ChoiceKind,
    Draft,
    DraftRefused,
    Empties,
    ListReading,
    Problem,
    ProblemKind,
    QuestionKind,
    Repeats,
    RosterOptions,
    Small,
    SourceFile,
    Summary,
    Totals,
    read,
    read_list,
    typed_list,
)
from bot.draft.csv_injection import unguarded
from bot.draft.problems import trimmed
from handlers.texts import draft as draft_texts
from handlers.texts import lists as texts
from tests.workbooks import Sheets, ods, xls, xlsx, zipped

NOW = datetime(2026, 12, 1, tzinfo=UTC)
TOML = b"""title = "One day"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-08T20:00:00-05:00
citywide_threshold = 5
"""
REAL_UNITS = Path(__file__).parents[3] / "shared" / "data" / "nlrb_nyc_units_2017_2021.csv"
ASKED = RosterOptions(name_columns=("Employer",), headcount_column="Workers", threshold="65%")
ANY = RosterOptions()
HALF = RosterOptions(threshold="50%")
K, Q = ProblemKind, QuestionKind


def source(data: str | bytes, name: str = "list.csv") -> SourceFile:
    return SourceFile(name=name, data=data.encode() if isinstance(data, str) else data)


def listed(data: str | bytes, options: RosterOptions = ANY) -> ListReading:
    """Read a list as in a chat; what is asked and wrong can be said."""
    reading = read_list(source(data), options, languages=("en", "es"))
    for question in reading.questions:
        assert "{" not in texts.question(question)
        for choice in question.choices:
            assert texts.choice(choice)
            assert "{" not in texts.choice(choice)
    for problem in reading.problems:
        assert "{" not in draft_texts.problem(problem)
    assert bool(reading.csv) == (not reading.questions and not reading.problems)
    return reading


def rows(data: str | bytes, options: RosterOptions = ANY) -> list[list[str]]:
    """Return what its own form holds, without the header."""
    reading = listed(data, options)
    assert reading.csv, (reading.questions, reading.problems)
    written = list(csv.reader(StringIO(reading.csv.decode("utf-8-sig"))))[1:]
    return [[unguarded(name), *others] for name, *others in written]


def asked(data: str | bytes, options: RosterOptions = ANY) -> list[QuestionKind]:
    return [question.kind for question in listed(data, options).questions]


def answered(data: str | bytes, *kinds: ChoiceKind, options: RosterOptions = ANY) -> ListReading:
    """Answer the first question, and the next, with the first choice of each kind."""
    reading = listed(data, options)
    for kind in kinds:
        chosen = next(choice for choice in reading.questions[0].choices if choice.kind is kind)
        reading = listed(data, chosen.options)
    return reading


def drafted(data: str | bytes, options: RosterOptions = ASKED) -> Draft:
    return read(source(TOML, "walkout.toml"), source(data), options, now=NOW, languages=("en", "es"))


def refused(data: str | bytes, options: RosterOptions = ASKED) -> list[Problem]:
    with pytest.raises(DraftRefused) as error:
        drafted(data, options)
    return list(error.value.problems)


def sentences(data: str | bytes, options: RosterOptions = ASKED) -> list[str]:
    return [draft_texts.problem(problem) for problem in refused(data, options)]


# Totals

MILLS = "Employer,Workers\nA Mill,40\nB Mill,20\nTotal,60\n"


def test_a_row_called_total_is_asked_about() -> None:
    (question,) = listed(MILLS).questions
    assert question.kind is Q.TOTALS
    assert texts.question(question) == (
        'Line 4 is called "Total", with 60 people: the sum of the rows before it. Is it a total?'
    )
    assert [row[0] for row in rows(MILLS, question.choices[0].options)] == ["A Mill", "B Mill"]
    assert [row[0] for row in rows(MILLS, question.choices[1].options)] == ["A Mill", "B Mill", "Total"]


def test_a_total_is_a_warning_on_the_command_line_and_never_a_stop() -> None:
    found = drafted(MILLS)
    assert len(found.units) == 3
    assert texts.warnings(found.summary) == [
        'A row is called "Total": if it is a total, leave it out (--leave-out-totals).'
    ]
    options = RosterOptions(name_columns=("Employer",), threshold="65%", totals=Totals.LEAVE_OUT)
    found = drafted(MILLS, options)
    assert [(unit.name, unit.headcount) for unit in found.units] == [("A Mill", 40), ("B Mill", 20)]
    assert texts.summary(found.summary) == "2 workplaces, 60 people; left out: 1 total"
    assert not texts.warnings(found.summary)


def test_a_total_in_our_own_format_is_one_too() -> None:
    ours = "workplace,headcount,threshold\nA Mill,40,20\nB Mill,20,10\nTotal,60,30\n"
    assert asked(ours) == [Q.TOTALS]
    assert len(drafted(ours, RosterOptions(totals=Totals.LEAVE_OUT)).units) == 2


@pytest.mark.parametrize(
    "word",
    [
        "TOTAL",
        "Total:",
        "Grand total",
        "Sub-Total",
        "Totales",
        "Suma",
        "Итого",
        "合计",
        "合計",
        "합계",
        "মোট",
        "المجموع",
        "کل",
        "Razem",
    ],
)
def test_a_total_in_many_languages(word: str) -> None:
    assert asked(f"Employer,Workers\nMill,40\n{word},40\n") == [Q.TOTALS]


@pytest.mark.parametrize("name", ["Total Wine", "Totality", "Sumac House", "The Grand Total Depot", "40"])
def test_a_shop_whose_name_holds_such_a_word_is_a_shop(name: str) -> None:
    assert rows(f"Employer,Workers\nMill,40\n{name},40\n") == [["Mill", "40"], [name, "40"]]


PARTS = "Employer,Workers\nMill,40\nDepot,20\nEast Total,60\nSchool,30\nWest Total,30\nGrand Total (3 sites),90\n"


def test_a_row_named_after_a_total_is_one_where_it_is_the_sum_of_those_before_it() -> None:
    (question,) = listed(PARTS).questions
    assert (
        texts.question(question)
        == '3 rows are called like totals; the first is "East Total" on line 4. Are they totals?'
    )
    assert rows(PARTS, question.choices[0].options) == [["Mill", "40"], ["Depot", "20"], ["School", "30"]]
    assert rows(PARTS.replace("Total,60", "Total,61").replace(",90", ",91"), question.choices[0].options)[2] == [
        "East Total",
        "61",
    ]
    assert drafted(PARTS).summary.kept_totals == 3


def test_a_last_row_that_is_the_sum_of_the_others_is_a_workplace() -> None:
    assert asked("Employer,Workers\nA,40\nB,20\nC Depot,60\n") == []


def test_a_sum_without_a_name_is_left_out_and_told() -> None:
    text = "No,Employer,Workers\n1,A Mill,40\n2,B Mill,20\nTotal,,60\n,,60\n"
    assert [problem.kind for problem in listed(text).problems] == [K.NO_NAME]  # nothing says that the last one is a sum
    found = listed(text.removesuffix(",,60\n"))
    assert found.summary == Summary(workplaces=2, people=60, totals=1)


# Where the columns are named


@pytest.mark.parametrize(
    "text",
    [
        "Employer,Workers\nMill,40\nDepot,30\n",
        "Workers on strike benefits 2026\n\nEmployer,Workers\nMill,40\nDepot,30\n",
        '"Agency of Labor, list of 3 March",,\n,,\nEmployer,Workers\nMill,40\nDepot,30\n',
        "sep=;\nEmployer;Workers\nMill;40\nDepot;30\n",
        "sep=\t\nEmployer\tWorkers\nMill\t40\nDepot\t30\n",
        "Table 1\nEmployer,Workers\nMill,40\nDepot,30\n",
        ",Workers\nMill,40\nDepot,30\n",  # the cell over the names is empty
        "Employer|Workers\nMill|40\nDepot|30\n",
        "Employer\tWorkers\nMill\t40\nDepot\t30\n",
        "Name;Employees\nMill;40\nDepot;30\n",
        "Mill,40\nDepot,30\n",
        "Mill\t40\nDepot\t30\n",
        "Employer,Workers\nMill,40\nDepot,30\nSource: the agency,\n",
        "No.,Name of the workplace,Number of workers (2025)\n1,Mill,40\n2,Depot,30\n",
        "Employer,Workers\nMill,40 people\nDepot,30 workers\n",
        "Region,Employer,Workers\nEast,Mill,40\nEast Total,,40\nWest,Depot,30\nWest Total,,30\nGrand Total,,70\n",
        "workplace,headcount,city\nMill,40,Ashford\nDepot,30,Belton\n",
        "ID,Employer Name,No. of Employees,City\n1,Mill,40,x\n2,Depot,30,y\n",
        "Centro de trabajo;Número de trabajadores\nMill;40\nDepot;30\n",
        "Entreprise;Nombre de salariés\nMill;40\nDepot;30\n",
        "Nazwa;Liczba pracowników\nMill;40\nDepot;30\n",
        "Предприятие;Количество сотрудников\nMill;40\nDepot;30\n",
        "公司,员工人数\nMill,40\nDepot,30\n",
        "사업장,근로자 수\nMill,40\nDepot,30\n",
        "প্রতিষ্ঠান,শ্রমিক সংখ্যা\nMill,40\nDepot,30\n",
        "الشركة,عدد العمال\nMill,40\nDepot,30\n",
        "Non,Kantite travayè\nMill,40\nDepot,30\n",
    ],
)
def test_the_same_list_however_its_columns_are_named(text: str) -> None:
    options = RosterOptions(empties=Empties.LEAVE_OUT)
    assert rows(text, options) == [["Mill", "40"], ["Depot", "30"]]


def test_a_header_further_down_is_found_by_the_columns_that_are_named() -> None:
    text = "Strike list\n\nThe Firm,Heads\nMill,40\n"
    options = RosterOptions(name_columns=("The Firm",), headcount_column="Heads", threshold="50%")
    assert [unit.name for unit in drafted(text, options).units] == ["Mill"]


def test_where_names_do_not_tell_the_columns_are_choices_with_examples() -> None:
    text = "Ref,Thing,Cast\n02-RC,Mill,40\n03-RC,Depot,30\n"
    first, second = listed(text).questions
    assert (first.kind, second.kind) == (Q.NAME_COLUMN, Q.HEADCOUNT_COLUMN)
    assert [texts.choice(choice) for choice in first.choices] == ["Ref: 02-RC", "Thing: Mill", "Cast: 40"]
    assert [texts.choice(choice) for choice in second.choices] == ["Cast: 40"]
    named = first.choices[1].options
    (second,) = listed(text, named).questions
    assert rows(text, second.choices[0].options) == [["Mill", "40"], ["Depot", "30"]]


@pytest.mark.parametrize("column", ["Payroll Number", "Staff No.", "personnel_num"])
def test_the_number_that_each_worker_has_is_not_taken_for_head_counts(column: str) -> None:
    assert asked(f"Name,{column}\nAna,10233\nBo,10234\n") == [Q.HEADCOUNT_COLUMN]
    assert rows(f"Name,Number of staff,{column}\nMill,40,7\n") == [["Mill", "40"]]


def test_a_column_of_totals_is_a_choice_beside_one_of_a_part_of_the_people() -> None:
    text = "Employer,Members,Total\nMill,40,400\n"
    (question,) = listed(text).questions
    assert [texts.choice(choice) for choice in question.choices] == ["Members: 40", "Total: 400"]
    assert rows(text, question.choices[1].options) == [["Mill", "400"]]
    assert rows("Employer,Headcount,Total\nMill,40,400\n") == [["Mill", "40"]]


def test_remarks_under_no_name_are_not_taken_for_the_workplaces() -> None:
    text = "Werk,Workers,\nMill,40,Smith\nDepot,30,Jones\n"
    (question,) = listed(text).questions
    assert [texts.choice(choice) for choice in question.choices] == ["Werk: Mill", "#3: Smith"]
    assert rows("No,,Workers,Steward\n1,Mill,40,Smith\n2,Depot,30,Jones\n") == [["Mill", "40"], ["Depot", "30"]]


def test_years_name_columns_and_are_no_head_counts() -> None:
    text = "Employer,2025,2026\nMill,40,42\nDepot,30,31\n"
    (question,) = listed(text).questions
    assert [texts.choice(choice) for choice in question.choices] == ["2025: 40", "2026: 42"]
    assert rows(text, question.choices[1].options) == [["Mill", "42"], ["Depot", "31"]]
    assert rows("Shop,120\nSchool,80\n") == [["Shop", "120"], ["School", "80"]]


@pytest.mark.parametrize("text", ["Employer\nMill\nDepot\n", "Employee,Position,Workplace\nAna,cook,Mill\n"])
def test_a_list_without_numbers_is_told_so(text: str) -> None:
    assert [problem.kind for problem in listed(text).problems] == [K.NO_COLUMN_OF_NUMBERS]


def test_two_columns_of_names_are_each_a_choice_and_both_together() -> None:
    text = "Employer,Branch,Workers\nCorner Coffee Corp,Ashford,24\nCorner Coffee Corp,Belton,31\n"
    question = listed(text).questions[0]
    assert [texts.choice(choice) for choice in question.choices][:3] == [
        "Employer: Corner Coffee Corp",
        "Branch: Ashford",
        "Employer, Branch: Corner Coffee Corp, Ashford",
    ]
    assert rows(text, question.choices[2].options) == [
        ["Corner Coffee Corp, Ashford", "24"],
        ["Corner Coffee Corp, Belton", "31"],
    ]


def test_columns_without_names_are_called_by_their_number() -> None:
    text = "Mill,x,40\nDepot,y,30\n"
    first, _ = listed(text).questions
    assert [texts.choice(choice) for choice in first.choices] == ["#1: Mill", "#2: x", "#3: 40"]
    options = RosterOptions(name_columns=("#1",), headcount_column="#3")
    assert rows(text, options) == [["Mill", "40"], ["Depot", "30"]]


def test_on_the_command_line_the_likely_header_is_said_once() -> None:
    text = "The list\n\nRef,Thing,Cast\n1,Mill,40\n"
    (sentence,) = sentences(text, HALF)
    assert sentence.startswith(
        "list.csv, line 3: the columns, each with an example, are: Ref (1), Thing (Mill), Cast (40)."
    )


# Rows with one name

SHOPS = "Employer,City,Workers\nCorner Coffee Corp,Ashford,24\nCorner Coffee Corp,Belton,31\nMill,Ashford,9\n"


def test_repeated_names_are_told_with_examples_and_numbered() -> None:
    found = drafted(SHOPS)
    assert [unit.name for unit in found.units] == ["Corner Coffee Corp", "Corner Coffee Corp (2)", "Mill"]
    assert texts.summary(found.summary) == "3 workplaces, 64 people; 1 name repeats"
    assert found.summary.examples == ("Corner Coffee Corp",)


def test_repeated_names_are_asked_about_and_a_column_that_tells_them_apart_is_offered() -> None:
    (question,) = listed(SHOPS).questions
    assert question.kind is Q.REPEATS
    assert [texts.choice(choice) for choice in question.choices] == [
        "Add City: Corner Coffee Corp, Ashford",
        "Each its own",
        "Take the last",
        "Take the largest",
    ]
    assert rows(SHOPS, question.choices[0].options)[0] == ["Corner Coffee Corp, Ashford", "24"]
    assert [row[1] for row in rows(SHOPS, question.choices[2].options)] == ["31", "9"]


def test_two_name_columns_are_joined() -> None:
    options = RosterOptions(name_columns=("Employer", "City"), headcount_column="Workers", threshold="65%")
    assert [unit.name for unit in drafted(SHOPS, options).units] == [
        "Corner Coffee Corp, Ashford",
        "Corner Coffee Corp, Belton",
        "Mill, Ashford",
    ]


@pytest.mark.parametrize(
    ("repeats", "people"),
    [(Repeats.LAST, 27), (Repeats.LARGEST, 31), (Repeats.APART, 24 + 31 + 27), (None, 24 + 31 + 27)],
)
def test_of_several_ballots_the_last_or_the_largest_is_taken_on_request(repeats: Repeats | None, people: int) -> None:
    ballots = "Employer,Tally,Workers\nMill,Initial,24\nmill,Second,31\nMILL,Third,27\n"
    options = RosterOptions(threshold="50%", repeats=repeats)
    assert drafted(ballots, options).summary.people == people


def test_rows_alike_in_every_cell_read_are_told() -> None:
    found = drafted("Employer,Tally,Workers\nMill,Initial,24\nMill,Revised,24\n")
    assert found.summary.alike == 1
    assert texts.warnings(found.summary) == [
        (
            "Mill stands in several rows, each a workplace of its own here, with a number. Tell them apart with a "
            "second --name-column, or take one of them with --repeats."
        ),
        "1 row is the same as an earlier one in every cell that was read; both count.",
    ]


def test_our_own_format_refuses_a_repeated_name_unless_told() -> None:
    text = "workplace,headcount,threshold\nMill,40,20\nMill,50,20\n"
    assert [problem.kind for problem in refused(text, ANY)] == [K.REPEATED_NAME]
    assert drafted(text, RosterOptions(repeats=Repeats.LAST)).summary.people == 50
    assert len(drafted(text, RosterOptions(repeats=Repeats.APART)).units) == 2


# Sizes


@pytest.mark.parametrize("written", ["27", "27.0", "27,0", "27.00", "٢٧", "２７", "২৭", " 27 ", "027"])  # noqa: RUF001
def test_twenty_seven(written: str) -> None:
    assert rows(f'Employer,Workers\nMill,"{written}"\n') == [["Mill", "27"]]


@pytest.mark.parametrize(
    ("written", "number"),
    [("1,052", 1052), ("1.052.000", 1052000), ("1 052", 1052), ("1,052.0", 1052), ("١٬٠٥٢", 1052)],  # noqa: RUF001
)
def test_thousands(written: str, number: int) -> None:
    assert rows(f'Employer,Workers\nMill,"{written}"\n') == [["Mill", str(number)]]


def test_thousands_that_a_comma_cuts_in_two_are_refused_where_a_column_is_left_over() -> None:
    text = "Employer,Workers,,\nMill,41,234,\nDepot,80,,\nShop,90,open,\n"
    (problem,) = listed(text).problems
    assert draft_texts.problem(problem) == (
        "list.csv, line 2: the row has 3 cells, but there are 2 columns. Put quotes around what has a comma in it."
    )
    assert rows(text.replace("41,234", '"41,234"')) == [["Mill", "41234"], ["Depot", "80"], ["Shop", "90"]]
    assert rows("Employer,Workers,Code\nMill,41,234\n") == [["Mill", "41"]]


def test_a_number_with_two_meanings_is_refused_naming_both() -> None:
    assert sentences("Employer,Workers\nMill,1.052\n") == [
        'list.csv, line 2: the head-count "1.052" can be read as 1052 or as 1. Write it without a dot.'
    ]


@pytest.mark.parametrize(
    "written", ["", "n/a", "N.A.", "0", "0.0", "-", "—", "?", "unknown", "#N/A", "нет данных", "未知"]
)
def test_a_size_that_nobody_knows_is_asked_about_and_left_out(written: str) -> None:
    text = f"Employer,Workers\nMill,40\nDepot,{written}\n"
    (question,) = listed(text).questions
    assert question.kind is Q.EMPTIES
    assert [choice.kind for choice in question.choices] == [ChoiceKind.LEAVE_OUT]
    reading = answered(text, ChoiceKind.LEAVE_OUT)
    assert reading.summary == Summary(workplaces=1, people=40, empties=1)


def test_the_same_problem_in_many_rows_is_said_once_with_how_many_and_where() -> None:
    text = "Employer,Workers\n" + "".join(f"Mill {n},{('', 'n/a', '0')[n % 3]}\n" for n in range(10_001))
    (sentence,) = sentences(text)
    assert sentence == (
        "list.csv, line 2: nobody is counted there. Write how many people work there, or leave such rows out with "
        "--leave-out-empty. The same on 10,000 more lines: 3, 4, 5, 6, 7…"
    )
    found = drafted(text + "Depot,40\n", RosterOptions(threshold="65%", empties=Empties.LEAVE_OUT))
    assert texts.summary(found.summary) == "1 workplace, 40 people; left out: 10,001 without people"


# Workbooks

BOOK: Sheets = {"Pay": [["Employer", "Workers"], ["Café Central", 27.0], ["도시 병원", 40]]}
WRITERS: list[Callable[[Sheets], bytes]] = [xlsx, ods, xls]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["list.xlsx", "list.csv", "list"])
def test_a_workbook_is_read_whatever_it_is_called(write: Callable[[Sheets], bytes], name: str) -> None:
    reading = read_list(source(write(BOOK), name), ANY)
    assert reading.first == (("Café Central", 27), ("도시 병원", 40))


@pytest.mark.parametrize("write", WRITERS)
def test_of_several_sheets_the_one_with_a_list_is_read_or_it_is_asked(write: Callable[[Sheets], bytes]) -> None:
    notes: Sheets = {"Notes": [["made in May"], ["by Ana"]]}
    assert rows(write({**notes, **BOOK})) == [["Café Central", "27"], ["도시 병원", "40"]]
    several = write({**notes, **BOOK, "Old": [["Employer", "Workers"], ["Mill", 9]]})
    (question,) = listed(several).questions
    assert [texts.choice(choice) for choice in question.choices] == ["Pay", "Old"]
    assert rows(several, question.choices[1].options) == [["Mill", "9"]]
    assert sentences(several, HALF) == [
        "list.csv: there are several sheets: Pay, Old. Say which is the list with --sheet."
    ]
    assert sentences(several, RosterOptions(sheet="New")) == [
        'list.csv: there is no sheet "New". The sheets are: Notes, Pay, Old.'
    ]


def test_a_hidden_sheet_is_not_read() -> None:
    assert rows(xlsx({**BOOK, "Old": [["Employer", "Workers"], ["Mill", 9]]}, hidden=["Old"]))


def test_problems_name_the_sheet_and_the_row() -> None:
    book = xlsx({"Pay": [["The list"], [None], ["Employer", "Workers"], ["Mill", 40], ["Depot", "many"]]})
    assert sentences(book) == [
        'list.csv, sheet Pay, row 5: the head-count is "many". Write a whole number from 1 to 10000000, without a dot.'
    ]


def test_merged_cells_in_a_header() -> None:
    titled: Sheets = {"Pay": [["The list", None, None], ["Employer", "City", "Workers"], ["Mill", "Ashford", 40]]}
    assert rows(xlsx(titled, merged=["A1:C1"])) == [["Mill", "40"]]
    tall: Sheets = {"Pay": [["Employer", "Counted", None], [None, "Workers", "Cars"], ["Mill", 40, 3]]}
    assert rows(xlsx(tall, merged=["A1:A2", "B1:C1"])) == [["Mill", "40"]]
    assert rows(ods(tall)) == [["Mill", "40"]]


def test_a_name_over_several_rows_is_the_name_of_each_but_a_number_is_not() -> None:
    book = xlsx(
        {"Pay": [["Employer", "Branch", "Workers"], ["Mill", "Ashford", 40], [None, "Belton", None]]},
        merged=["A2:A3", "C2:C3"],
    )
    options = RosterOptions(name_columns=("Employer", "Branch"), empties=Empties.LEAVE_OUT)
    reading = listed(book, options)
    assert reading.first == (("Mill, Ashford", 40),)
    assert reading.summary.empties == 1


def test_a_number_written_as_text_over_several_rows_counts_once() -> None:
    book = xlsx(
        {"Pay": [["Employer", "Branch", "Workers"], ["Mill", "Ashford", "1,040"], [None, "Belton", None]]},
        merged=["A2:A3", "C2:C3"],
    )
    options = RosterOptions(name_columns=("Employer", "Branch"), empties=Empties.LEAVE_OUT)
    assert listed(book, options).summary == Summary(workplaces=1, people=1040, empties=1)


@pytest.mark.parametrize("beside", ["H1:H3", "A1:A9", "A1:C4", "B2:B40"])
def test_merged_cells_beside_the_list_are_nothing_to_it(beside: str) -> None:
    book = xlsx({"Pay": [[], [None, None, "Employer", "Workers"], [None, None, "Mill", 40]]}, merged=[beside])
    assert rows(book) == [["Mill", "40"]]


def test_shares_in_a_workbook_are_decimals() -> None:
    book = xlsx({"Pay": [["workplace", "headcount", "threshold"], ["Mill", 40, 0.65], ["Depot", 40, 26.0]]})
    assert [unit.threshold for unit in drafted(book, ANY).units] == [26, 26]


def test_one_in_a_workbook_may_be_all() -> None:
    rows: Sheets = {
        "Pay": [["workplace", "headcount", "threshold", "group"], ["A", 40, 1.0, "g"], ["B", 40, 0.65, "g"]]
    }
    assert [problem.kind for problem in refused(xlsx(rows), ANY)] == [K.ONE_OR_ALL]


def test_one_with_parts_may_be_all_in_a_text_too() -> None:
    text = "workplace,headcount,threshold,group\nMill,400,1.0,g\nDepot,40,0.65,g\n"
    assert [problem.kind for problem in refused(text, ANY)] == [K.ONE_OR_ALL]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(range(256)) * 20, K.NOT_A_WORKBOOK),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), K.NOT_A_WORKBOOK),
        (xlsx(BOOK)[:700], K.NOT_A_WORKBOOK),
        (zipped({"word/document.xml": "<a/>"}), K.NOT_A_WORKBOOK),
        (lambda: zipped({"content.xml": " " * 101_000_000}), K.WORKBOOK_TOO_BIG),
        (
            lambda: xlsx({"Pay": [["Employer", "Workers"], *[[]] * 1_000_000, [None] * 20 + ["x"]]}),
            K.WORKBOOK_TOO_BIG,
        ),
        (xlsx({"Empty": []}), K.EMPTY_ROSTER),
        (b"%PDF-1.7\n%\xe2\xe3", K.NOT_A_LIST),
        (b"<html><table><tr><td>Employer</td></tr></table></html>", K.NOT_A_LIST),
    ],
)
def test_what_is_no_list_is_refused_plainly(data: bytes | Callable[[], bytes], kind: ProblemKind) -> None:
    if callable(data):  # the large ones are made for the test alone, not by everybody who collects it
        data = data()
    assert [problem.kind for problem in listed(data).problems] == [kind]
    assert [problem.kind for problem in refused(data)] == [kind]


# Thresholds


@pytest.mark.parametrize(
    ("written", "threshold"),
    [
        ("65%", 26),
        ("0.65", 26),
        ("0,65", 26),
        (".65", 26),
        ("65,5%", 27),
        ("65.5 %", 27),
        ("%65", 26),
        ("65 percent", 26),
        ("65 por ciento", 26),
        ("26.0", 26),
        ("26", 26),
        ("26 people", 26),
        ("2/3", 27),
        ("⅔", 27),
        ("½", 20),
        ("50%+1", 21),
        ("50 % + 1", 21),
        ("1/2+1", 21),
        ("٦٥٪", 26),
        ("６５％", 26),  # noqa: RUF001
        ("٠٫٦٥", 26),  # noqa: RUF001
        ("65.0%", 26),
    ],
)
def test_a_threshold_with_one_meaning_is_understood(written: str, threshold: int) -> None:
    text = f'workplace,headcount,threshold\nMill,40,"{written}"\n'
    assert [unit.threshold for unit in drafted(text, ANY).units] == [threshold]
    if written not in {"26", "26.0"}:
        options = RosterOptions(threshold=written)
        assert [unit.threshold for unit in drafted("Employer,Workers\nMill,40\n", options).units] == [threshold]


def test_half_and_one_is_more_than_half_of_an_odd_number_too() -> None:
    options = RosterOptions(threshold="50%+1")
    found = drafted("Employer,Workers\nA,40\nB,41\n", options)
    assert [unit.threshold for unit in found.units] == [21, 21]


@pytest.mark.parametrize("written", ["65", "65.0", "65,00"])
def test_a_threshold_for_all_with_two_meanings_is_asked_about(written: str) -> None:
    text = "Employer,Workers\nMill,400\n"
    (question,) = listed(text, RosterOptions(threshold=written)).questions
    assert [texts.choice(choice) for choice in question.choices] == ["65% of each", "65 people at each"]
    assert [listed(text, choice.options).needed for choice in question.choices] == [260, 65]
    assert sentences(text, RosterOptions(threshold=written)) == [
        (
            'list.csv: --threshold 65 may mean two things. Write "65%" for this share of each workplace, or "65 '
            'people" for so many at each.'
        )
    ]
    assert drafted(text, RosterOptions(threshold="12")).units[0].threshold == 12


@pytest.mark.parametrize("written", ["3/2", "101%", "0%", "0/4", "1/0", "most", "65%+", "%", "65%%", "1.5", "-5"])
def test_a_threshold_with_no_meaning_is_refused(written: str) -> None:
    assert [problem.kind for problem in refused(f"workplace,headcount,threshold\nMill,40,{written}\n", ANY)] == [
        K.BAD_THRESHOLD
    ]


# Names


@pytest.mark.parametrize(
    "end", ["\u200e", "\u200f", "\u00ad", "\n", "\r\n", "\u2028", "\ufeff", "\u200b \u200e", "\u2069"]
)
def test_what_cannot_be_seen_is_stripped_at_the_ends(end: str) -> None:
    assert rows(f'Employer,Workers\n"{end}Mill{end}",40\n') == [["Mill", "40"]]


def test_what_cannot_be_seen_is_refused_inside() -> None:
    assert [problem.kind for problem in listed("Employer,Workers\nNorth\u200eMill,40\n").problems] == [
        K.HIDDEN_CHARACTER
    ]


# Small workplaces

TOWNS = "Employer,Town,Workers\nBig,Eastside,60\nCafe B,Westside,6\n"


def test_a_small_one_that_nothing_is_left_for_is_offered_the_nearest_larger_one() -> None:
    options = RosterOptions(group_small="Town", threshold="65%")
    (question,) = listed(TOWNS, options).questions
    assert question.kind is Q.SMALL
    assert [texts.choice(choice) for choice in question.choices] == ["Together with Big", "Leave out"]
    assert sentences(TOWNS, options) == [
        (
            "list.csv, line 3: the small workplaces that are left (lines: 3) have 6 people together, of whom 4 would "
            'be enough; it must be at least 5. With --small merge they go out with "Big"; with --small leave-out they '
            "are left out."
        )
    ]
    merged = drafted(TOWNS, RosterOptions(group_small="Town", threshold="65%", small=Small.MERGE))
    assert [(unit.name, unit.headcount, unit.threshold) for unit in merged.units] == [("Big, Cafe B", 66, 43)]
    left = drafted(TOWNS, RosterOptions(group_small="Town", threshold="65%", small=Small.LEAVE_OUT))
    assert texts.summary(left.summary) == "1 workplace, 60 people; left out: 1 small workplace"


def test_a_rest_joins_the_small_ones_of_a_town_before_anybody_large() -> None:
    text = "Employer,Town,Workers\nBig,East,60\na,West,6\nb,West,6\nc,North,6\n"
    found = drafted(text, RosterOptions(group_small="Town", threshold="65%", small=Small.MERGE))
    assert [(unit.name, unit.headcount) for unit in found.units] == [("Big", 60), ("Other small workplaces", 18)]


def test_small_workplaces_are_asked_about_and_go_out_together_or_not_at_all() -> None:
    text = "Employer,Workers\nBig,60\na,6\nb,6\n"
    options = RosterOptions(threshold="65%")
    (question,) = listed(text, options).questions
    assert question.kind is Q.SMALL
    assert [choice.kind for choice in question.choices] == [ChoiceKind.MERGE, ChoiceKind.LEAVE_OUT]
    together, without = (listed(text, choice.options) for choice in question.choices)
    assert (together.units, together.needed, together.summary.small) == (2, 39 + 8, 0)
    assert (without.units, without.needed, without.summary.small) == (1, 39, 2)
    assert [problem.kind for problem in refused(text, options)] == [K.THRESHOLD_TOO_LOW]


def test_a_list_of_nothing_but_small_ones_that_stay_too_few() -> None:
    text = "Employer,Workers\na,2\nb,2\n"
    problems = refused(text, RosterOptions(threshold="50%", small=Small.MERGE))
    assert problems[-1].kind == K.REST_TOO_LOW_ALONE


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Employer,Workers\na,2\nb,2\n", RosterOptions(threshold="50%", small=Small.LEAVE_OUT)),
        ("Employer,Workers\na,n/a\nb,0\n", RosterOptions(threshold="50%", empties=Empties.LEAVE_OUT)),
        ("Employer,Workers\nTotal,40\n", RosterOptions(threshold="50%", totals=Totals.LEAVE_OUT)),
    ],
)
def test_a_list_of_which_nothing_is_left_is_told_so(text: str, options: RosterOptions) -> None:
    assert [problem.kind for problem in listed(text, options).problems] == [K.NONE_LEFT]
    assert sentences(text, options) == ["list.csv: no workplace is left: all rows were left out."]


def test_the_column_that_small_ones_are_merged_by_is_kept_empty_too() -> None:
    options = RosterOptions(threshold="50%", group_small="Town")
    reading = listed("Employer,Workers,Town\nMill,40,\n", options)
    assert reading.csv
    assert listed(reading.csv, options) == reading


# Letters


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1250", "mac_roman", "cp850"],
)
def test_letters_that_can_be_told(encoding: str) -> None:
    text = "Employer,Workers\nCafé Central,40\nÉcole,30\n"
    assert rows(text.encode(encoding)) == [["Café Central", "40"], ["École", "30"]]


def test_letters_that_cannot_be_told_are_asked_about_and_never_guessed() -> None:
    data = "Employer,Workers\nPeña Mill,40\n".encode("cp1252")
    (question,) = listed(data).questions
    assert [texts.choice(choice) for choice in question.choices] == ["Peña", "Peńa"]
    assert rows(data, question.choices[0].options) == [["Peña Mill", "40"]]
    (sentence,) = sentences(data)
    assert 'a word in it can be read as "Peña" or as "Peńa"' in sentence
    assert "--encoding cp1252, or --encoding cp1250" in sentence
    assert rows(data, RosterOptions(encoding="latin-1")) == [["Peña Mill", "40"]]
    assert [problem.kind for problem in listed(data, RosterOptions(encoding="rot13")).problems] == [K.NOT_UTF8]


def test_letters_of_no_plane_without_a_mark_are_refused() -> None:
    text = "😀😀,😀\n" * 5
    assert [problem.kind for problem in listed(text.encode("utf-16-le")).problems] == [K.NUL_BYTE]
    assert listed(("Employer,Workers\n" + "😀,40\n" * 1).encode("utf-16")).first == (("😀", 40),)


NAMES = [
    "Café Central",
    "Peña",
    "Łódź",
    "Завод Искра",
    "城市医院",
    "도시 병원",
    "São João",
    "Größe",
    "Ağaç",
    "Κέντρο",
    "Dvořák",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "encoding",
    ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859_2", "koi8_r", "mac_roman", "gb18030", "cp949", "cp852"],
)
def test_no_older_encoding_is_ever_read_wrong_without_a_question(name: str, encoding: str) -> None:
    try:
        data = f"Employer,Workers\n{name},40\n".encode(encoding)
    except UnicodeEncodeError:
        return
    reading = listed(data)
    if reading.csv:
        assert reading.first == ((name, 40),)
    elif reading.questions:
        readings = [listed(data, choice.options).first for choice in reading.questions[0].choices]
        assert ((name, 40),) in readings


# Any table, in any form

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Cn", "Co")), min_size=1, max_size=12
)
WORDS = TEXT.map(trimmed).filter(lambda text: any(map(str.isalpha, text)))
TABLES = st.lists(st.tuples(WORDS, st.integers(1, 100_000)), min_size=1, max_size=6, unique_by=lambda row: row[0])
LOOSE = RosterOptions(totals=Totals.KEEP, repeats=Repeats.APART)


def _expected(table: list[tuple[str, int]]) -> list[list[str]]:
    return rows(_csv(table, ",").encode(), LOOSE)


def _csv(table: list[tuple[str, int]], separator: str) -> str:
    text = StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows([("Employer", "Workers"), *table])
    return text.getvalue()


@given(TABLES, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_any_table_reads_back_the_same_with_any_separator_and_mark(
    table: list[tuple[str, int]], separator: str, encoding: str
) -> None:
    assert rows(_csv(table, separator).encode(encoding), LOOSE) == _expected(table)


@given(TABLES, st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_without_a_mark_a_table_reads_back_the_same_or_is_refused(table: list[tuple[str, int]], encoding: str) -> None:
    reading = listed(_csv(table, ",").encode(encoding), LOOSE)
    if reading.csv:
        assert rows(_csv(table, ",").encode(encoding), LOOSE) == _expected(table)
    else:
        assert {problem.kind for problem in reading.problems} <= {K.NUL_BYTE, K.NOT_UTF8}


@given(TABLES, st.sampled_from(WRITERS))
def test_any_table_reads_back_the_same_from_any_workbook(
    table: list[tuple[str, int]], write: Callable[[Sheets], bytes]
) -> None:
    assume(all(name.isprintable() for name, _ in table))
    assert rows(write({"Pay": [["Employer", "Workers"], *table]}), LOOSE) == _expected(table)


@given(TABLES, st.sampled_from(["", "50%", "0.65", "2/3", "7"]))
def test_its_own_form_reads_back_the_same(table: list[tuple[str, int]], share: str) -> None:
    text = (
        _csv(table, ",")
        if not share
        else _csv(table, ",").replace("\n", f",{share}\n").replace(f"Workers,{share}", "Workers,threshold")
    )
    first = listed(text, RosterOptions(totals=Totals.KEEP, repeats=Repeats.APART, small=Small.MERGE))
    again = listed(first.csv, RosterOptions(totals=Totals.KEEP, small=Small.MERGE)) if first.csv else first
    assert (again.summary.workplaces, again.summary.people) == (first.summary.workplaces, first.summary.people)
    assert (again.first, again.units, again.needed, again.csv) == (first.first, first.units, first.needed, first.csv)


@given(
    st.binary()
    | st.binary().map(lambda data: b"PK\x03\x04" + data)
    | st.binary().map(lambda data: xlsx(BOOK)[: len(data)] + data)
)
def test_no_bytes_whatever_raise_anything(data: bytes) -> None:
    reading = read_list(source(data), ANY)
    for question in reading.questions:
        assert texts.question(question)
        assert all(texts.choice(choice) for choice in question.choices)
    assert all(draft_texts.problem(problem) for problem in reading.problems)
    with suppress(DraftRefused):
        drafted(data)


@given(st.text())
def test_no_typed_lines_whatever_raise_anything(text: str) -> None:
    typed = typed_list(text)
    if isinstance(typed, SourceFile):
        read_list(typed, ANY)
    else:
        assert all(draft_texts.problem(problem) for problem in typed)


# Typed lines


def typed(text: str) -> list[list[str]]:
    found = typed_list(text)
    assert isinstance(found, SourceFile), [draft_texts.problem(problem) for problem in found]
    return rows(found.data, RosterOptions(threshold="50%", small=Small.MERGE))


def test_typed_lines() -> None:
    text = """North Depot 120
South Depot, 90
• School: 40 people
PS 118 - 35
Café\t30

Mill; 1200
Local 79, 1,200
Завод «Искра» ٤٠
"""
    assert typed(text) == [
        ["North Depot", "120"],
        ["South Depot", "90"],
        ["School", "40"],
        ["PS 118", "35"],
        ["Café", "30"],
        ["Mill", "1200"],
        ["Local 79", "1200"],
        ["Завод «Искра»", "40"],
    ]


def test_typed_lines_may_have_their_own_shares_and_a_header() -> None:
    assert typed("Employer\tWorkers\nMill\t40\t65%\nDepot\t30\n") == [["Mill", "40", "65%"], ["Depot", "30", ""]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "120 North Depot",
            '"120 North Depot" begins with a number. Write the name first, then a comma and the number',
        ),
        ("North Depot", '"North Depot" has no number of people at its end.'),
        ("North Depot 1 200", 'can be read in two ways. Write "North Depot, 1200" or "North Depot 1, 200".'),
        ("Local 79,120", 'can be read in two ways. Write "Local, 79120" or "Local 79, 120".'),
        # with a threshold behind: the head-count is no part of the name
        ("Depot, 120, 65", 'can be read in two ways. Write "Depot, 120" or "Depot 120, 65".'),
        ("Depot\t120\t65", 'can be read in two ways. Write "Depot, 120" or "Depot 120, 65".'),
        ("Depot: 120 (65)", 'can be read in two ways. Write "Depot, 120" or "Depot 120, 65".'),
        ("Depot, 1,200, 650", 'can be read in two ways. Write "Depot, 1200" or "Depot 1200, 650".'),
        ("Depot 50-60", '"Depot 50-60" has no number of people at its end.'),
        ("Depot 120 + 30", '"Depot 120 + 30" has no number of people at its end.'),
        ("Depot 120 / 200", '"Depot 120 / 200" has no number of people at its end.'),
        ("77", '"77" has no number'),
        ("", "there is no workplace"),
    ],
)
def test_a_typed_line_with_no_or_two_meanings_is_told_how_to_write_it(line: str, said: str) -> None:
    found = typed_list(f"Mill 40\n{line}" if line else "")
    assert not isinstance(found, SourceFile)
    assert said in draft_texts.problem(found[0])
    assert found[0].line == (2 if line else None)


# A published list


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_UNITS.exists(), reason="needs the union elections' file in ../shared/data")
def test_the_union_elections_of_new_york_as_they_are() -> None:
    data = REAL_UNITS.read_bytes()
    first = listed(data).questions[0]
    assert first.kind is Q.NAME_COLUMN
    chosen = next(choice for choice in first.choices if choice.facts["column"] == "Case Name")
    with REAL_UNITS.open(newline="", encoding="utf-8") as file:
        elections = list(csv.DictReader(file))
    reading = listed(data, chosen.options)
    assert [question.kind for question in reading.questions] == [Q.REPEATS]
    apart = next(choice for choice in reading.questions[0].choices if choice.kind is ChoiceKind.APART)
    reading = listed(data, apart.options)
    assert not reading.questions
    assert reading.summary.people == sum(int(election["Num Eligible Voters"]) for election in elections)
    later = listed(reading.csv, RosterOptions(threshold="65%", small=Small.MERGE))
    assert later.units
    as_a_workbook = [list(elections[0]), *([*each.values()] for each in elections)]
    assert listed(xlsx({"Pay": as_a_workbook}), apart.options).csv == reading.csv


def test_a_column_called_group_may_be_the_one_that_small_ones_are_merged_by() -> None:
    text = "Employer,Workers,Group\nBig,60,East\na,6,East\nb,6,East\n"
    options = RosterOptions(group_small="Group", threshold="65%")
    first = listed(text, options)
    assert (first.units, first.needed) == (2, 39 + 8)
    again = listed(first.csv, options)
    assert (again.units, again.needed, again.csv) == (2, 39 + 8, first.csv)


def test_a_name_that_a_spreadsheet_would_run_is_guarded_in_its_own_form_and_comes_back() -> None:
    text = 'Employer,Workers\n"=HYPERLINK(""x"")",40\n+1 Store,30\n\'Round the corner,20\n'
    first = listed(text)
    assert first.first[:2] == (('=HYPERLINK("x")', 40), ("+1 Store", 30))
    written = list(csv.reader(StringIO(first.csv.decode("utf-8-sig"))))[1:]
    assert [name for name, _ in written] == ['\'=HYPERLINK("x")', "'+1 Store", "'Round the corner"]
    assert listed(first.csv).first == first.first
