"""Lists with areas above the workplaces and departments below."""

from __future__ import annotations

from datetime import UTC, datetime
from unicodedata import normalize

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.disclosure import gives_away
from bot.domain.model import FEWEST, Terms, Tier
from bot.draft import (
    Draft,
    DraftRefused,
    DraftUnit,
    ListReading,
    ProblemKind,
    RosterOptions,
    Small,
    SourceFile,
    Totals,
    read,
    read_list,
)
from bot.draft.tree import as_units
from bot.draft.writing import terms_file, workplaces_file
from bot.parsing.typed_text import plain_name
from handlers.texts import draft as texts
from handlers.texts import lists as lists_texts
from tests.workbooks import xlsx

NOW = datetime(2026, 12, 1, tzinfo=UTC)
TOML = """title = "One day"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-08T20:00:00-05:00
citywide_threshold = 5
"""
K = ProblemKind
OURS = RosterOptions()
HALF = RosterOptions(threshold="50%")
CITY = """borough,workplace,department,headcount,threshold,minimum
Queens,,,,65%,2
Queens,Depot,,,60,2
Queens,Depot,Repair,40,20
Queens,Depot,Drivers,60,50%
Queens,Market,,40,20
Bronx,Hospital,,100,50
Bronx,Market,,30,50%
"""


def draft(text: str | bytes, options: RosterOptions = OURS, levels: str = '["borough"]', more: str = "") -> Draft:
    toml = TOML + (f"levels = {levels}\n" if levels else "") + more
    data = text.encode() if isinstance(text, str) else text
    roster = SourceFile(name="workplaces.csv", data=data)
    return read(SourceFile(name="walkout.toml", data=toml.encode()), roster, options, now=NOW, languages=("en", "es"))


def shape(plan: Draft) -> list[tuple[str, str, int, int, int]]:
    """Indent each unit by what it lies in; with its people, threshold and minimum."""
    depth = [0]
    found: list[tuple[str, str, int, int, int]] = []
    for unit in plan.units:
        depth.append(depth[unit.parent] + 1)
        found.append((" " * depth[unit.parent] + unit.name, unit.tier, unit.headcount, unit.threshold, unit.minimum))
    return found


def problems(text: str, options: RosterOptions = OURS, levels: str = '["borough"]') -> list[tuple[int | None, str]]:
    with pytest.raises(DraftRefused) as refused:
        draft(text, options, levels)
    for problem in refused.value.problems:
        assert "{" not in texts.problem(problem)
    return [(problem.line, problem.kind) for problem in refused.value.problems]


AREA, PLACE, DEPARTMENT = Tier.AREA, Tier.WORKPLACE, Tier.DEPARTMENT
READ = [
    ("Bronx", AREA, 130, 0, 0),
    (" Hospital", PLACE, 100, 50, 0),
    (" Market", PLACE, 30, 15, 0),  # as in Queens: two units of one name
    ("Queens", AREA, 140, 91, 2),  # 65 % of all below
    (" Depot", PLACE, 100, 60, 2),
    ("  Drivers", DEPARTMENT, 60, 30, 0),
    ("  Repair", DEPARTMENT, 40, 20, 0),
    (" Market", PLACE, 40, 20, 0),
]


# What is read


def test_rows_name_areas_workplaces_and_departments() -> None:
    plan = draft(CITY)
    assert shape(plan) == READ
    assert plan.terms.levels == ("borough",)
    assert (plan.summary.workplaces, plan.summary.people) == (4, 270)
    assert lists_texts.summary(plan.summary) == "4 workplaces, 270 people; 2 areas, 2 departments"
    assert plan.is_sound


def test_in_any_order_and_in_a_workbook() -> None:
    header, *rows = CITY.splitlines()
    assert shape(draft("\n".join([header, *reversed(rows)]))) == READ
    cells = [line.split(",") for line in CITY.splitlines()]
    assert shape(draft(xlsx({"List": [[cell or None for cell in row] for row in cells]}))) == READ


def test_units_are_stored_with_their_parents_before_them() -> None:
    stored = as_units(draft(CITY).units)
    assert [(each.id, each.parent, each.name) for each in stored] == [
        (1, 0, "Bronx"),
        (2, 1, "Hospital"),
        (3, 1, "Market"),
        (4, 0, "Queens"),
        (5, 4, "Depot"),
        (6, 5, "Drivers"),
        (7, 5, "Repair"),
        (8, 4, "Market"),
    ]
    assert [(each.tier, each.minimum) for each in stored[3:5]] == [(AREA, 2), (PLACE, 2)]


def test_three_levels_and_spellings_of_one_area() -> None:
    plan = draft(
        "workplace,headcount,threshold,state,City,borough\n"
        "Mill,40,20,NY,New York,queens\nDepot,40,20,ny,new york,Queens\nShop,40,20,NJ,Newark,\u201cEast\u201d\n",
        levels='["state", "city", "borough"]',
    )
    assert [name for name, *_ in shape(plan)] == [
        *("NJ", " Newark", "  \u201cEast\u201d", "   Shop"),
        *("NY", " New York", "  Queens", "   Depot", "   Mill"),
    ]
    assert plan.is_sound


def test_columns_of_areas_may_be_called_otherwise() -> None:
    text = "Unit City,Employer,Workers\nNew York,Mill,40\nnew york,Depot,30\nAlbany,Depot,20\n"
    options = RosterOptions(level_columns=("Unit City",), threshold="50%")
    assert [name for name, *_ in shape(draft(text, options))] == ["Albany", " Depot", "New York", " Depot", " Mill"]
    by_name = "Employer,Site,Workers\nMill Inc,East,40\nMill Inc,West,30\n"  # both columns could be the name
    assert [name for name, *_ in shape(draft(by_name, HALF, '["employer"]'))] == ["Mill Inc", " East", " West"]


@pytest.mark.parametrize("column", ["Dept.", "Shift", "Turno", "dział", "部门", "부서", "Смена", "বিভাগ", "قسم"])
def test_departments_are_found_by_their_usual_words(column: str) -> None:
    text = f"Employer,{column},Workers\nMill,Day,40\nMill,Night,30\nDepot,Day,20\n"
    assert shape(draft(text, HALF, "")) == [
        ("Depot", PLACE, 20, 10, 0),  # one alone is its workplace
        ("Mill", PLACE, 70, 35, 0),  # the threshold for all is the workplaces'
        (" Day", DEPARTMENT, 40, 0, 0),
        (" Night", DEPARTMENT, 30, 0, 0),
    ]


def test_a_department_that_is_too_small_counts_in_its_workplace() -> None:
    text = "workplace,department,headcount,threshold,minimum\nMill,,,20,1\nMill,Day,30,50%\nMill,Night,6,50%\n"
    plan = draft(text, levels="")
    assert shape(plan)[1:] == [(" Day", DEPARTMENT, 30, 15, 0), (" Night", DEPARTMENT, 6, 0, 0)]
    assert lists_texts.warnings(plan.summary) == [
        "1 department is too small for a number of its own. Its people count in its workplace."
    ]


def test_small_workplaces_are_merged_among_those_of_one_area_alone() -> None:
    text = (
        "borough,workplace,headcount,threshold\nQueens,A,5,3\nQueens,B,6,3\nBronx,A,5,3\nBronx,C,20,10\nBronx,D,4,3\n"
    )
    plan = draft(text, RosterOptions(small=Small.MERGE))
    assert shape(plan) == [
        ("Bronx", AREA, 29, 0, 0),
        (" C", PLACE, 20, 10, 0),
        (" Other small workplaces", PLACE, 9, 6, 0),
        ("Queens", AREA, 11, 0, 0),
        (" Other small workplaces", PLACE, 11, 6, 0),
    ]
    assert plan.merged == {"Bronx, Other small workplaces": 2, "Queens, Other small workplaces": 2}
    grouped = text.replace("threshold\n", "threshold,group\n").replace("3\n", "3,g\n")
    assert [name for name, *_ in shape(draft(grouped))] == ["Bronx", " C", " g", "Queens", " g"]


def test_an_area_goes_with_the_last_of_its_workplaces_left_out() -> None:
    text = "borough,workplace,headcount,threshold\nQueens,,,\nQueens,A,5,3\nBronx,C,20,10\n"
    assert [name for name, *_ in shape(draft(text, RosterOptions(small=Small.LEAVE_OUT)))] == ["Bronx", " C"]


def test_a_share_of_the_city_counts_everybody_once() -> None:
    toml = TOML.replace("citywide_threshold = 5", 'citywide_threshold = "50%"') + 'levels = ["borough"]\n'
    roster = SourceFile(name="workplaces.csv", data=CITY.encode())
    plan = read(SourceFile(name="walkout.toml", data=toml.encode()), roster, OURS, now=NOW)
    assert plan.terms.citywide_threshold == 135


def test_levels_have_a_name_in_each_language() -> None:
    plan = draft(CITY, more='[es]\nlevels = ["barrio"]\n')
    assert plan.terms.said_in("es").levels == ("barrio",)


# What is wrong


@pytest.mark.parametrize(
    ("levels", "kind"),
    [
        ('["a", "b", "c", "d"]', K.TOO_MANY_LEVELS),
        ('["Headcount"]', K.LEVEL_IS_A_COLUMN),
        ('["department"]', K.LEVEL_IS_A_COLUMN),
        ('["meet.es"]', K.LEVEL_IS_A_COLUMN),
        ('["#1"]', K.LEVEL_IS_A_COLUMN),
        ('["a", " A"]', K.REPEATED_LEVEL),
        ('["bor\\u200bough"]', K.HIDDEN_CHARACTER),
        ('[" "]', K.EMPTY_TEXT),
        ('"borough"', K.WRONG_TYPE),
        (f'["{"x" * 41}"]', K.TEXT_TOO_LONG),
    ],
)
def test_names_of_levels(levels: str, kind: ProblemKind) -> None:
    assert (5, kind) in problems(CITY, levels=levels)


def test_a_language_names_all_levels_or_none() -> None:
    with pytest.raises(DraftRefused) as refused:
        draft(CITY, more='[es]\nlevels = ["barrio", "calle"]\n')
    assert [texts.problem(each) for each in refused.value.problems] == [
        (
            "walkout.toml, line 7: levels.es must have a name for each of levels, in the same order. Write them all, "
            "or remove the field."
        )
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("borough", "brough"), [(1, K.MISSING_LEVEL), (1, K.UNKNOWN_COLUMN_CLOSE_TO)]),
        (("Queens,,,,65%,2", "Queens,,,,141,2"), [(2, K.THRESHOLD_ABOVE_PEOPLE)]),
        (("Queens,,,,65%,2", "Queens,,,,4,2"), [(2, K.THRESHOLD_OF_AREA_TOO_LOW)]),
        (("Queens,,,,65%,2", "Queens,,,,1%,2"), [(2, K.THRESHOLD_OF_AREA_TOO_LOW)]),
        (("Queens,,,,65%,2", "Queens,,,,65%,3"), [(2, K.MINIMUM_ABOVE_CHILDREN)]),
        (("Queens,,,,65%,2", "Queens,,,,65%,two"), [(2, K.BAD_MINIMUM)]),
        (("Queens,,,,65%,2", "Queens,,,,65%,0"), [(2, K.BAD_MINIMUM)]),
        (("Queens,,,,65%,2", "Queens,,,141,65%,2"), [(2, K.NOT_THE_SUM)]),
        (("Queens,,,,65%,2", "Queens,,,140,lots,2"), [(2, K.BAD_THRESHOLD)]),
        (("Queens,,,,65%,2", "Queens,,,\nqueens,,,"), [(3, K.REPEATED_UNIT)]),
        (("Queens,,,,65%,2", "Brooklyn,,,,65%,"), [(2, K.EMPTY_AREA)]),
        (("Queens,Depot,,,60,2", "Queens,Depot,,,60,3"), [(3, K.MINIMUM_ABOVE_CHILDREN)]),
        (("Queens,Depot,,,60,2", "Queens,Depot,,99,60,2"), [(3, K.NOT_THE_SUM)]),
        (("Queens,Depot,,,60,2", "Queens,Depot,,,101,2"), [(3, K.THRESHOLD_ABOVE_HEADCOUNT)]),
        (("Queens,Depot,,,60,2", "Queens,Depot,,,4,2"), [(3, K.THRESHOLD_TOO_LOW)]),
        (("Queens,Depot,,,60,2", "Queens,Depot,,,,2"), [(3, K.EMPTY_THRESHOLD)]),
        (("Queens,Depot,,,60,2\n", ""), [(3, K.NO_NUMBER_OF_ITS_OWN)]),
        (("Queens,Depot,,,60,2", "Queens,Depot,,,60\nQueens,Depot,,,50"), [(4, K.REPEATED_UNIT)]),
        (("Repair,40,20", "Repair,40,"), [(4, K.DEPARTMENT_NEEDS_NUMBER)]),
        (("Repair,40,20", "Repair,40,4"), [(3, K.MINIMUM_ABOVE_CHILDREN)]),
        (("Repair,40,20", "Repair,40,41"), [(4, K.THRESHOLD_ABOVE_HEADCOUNT)]),
        (("Repair,40,20", "Repair,,20"), [(4, K.NO_HEADCOUNT)]),
        (("Repair,40,20", "Repair,40,20,1"), [(4, K.NOT_IN_THIS_ROW)]),
        (("Repair,40,20", "Drivers,40,20"), [(5, K.REPEATED_UNIT)]),
        (
            ("Queens,Depot,Drivers,60,50%\n", ""),
            [(3, K.THRESHOLD_ABOVE_HEADCOUNT), (3, K.MINIMUM_ABOVE_CHILDREN), (4, K.ONE_DEPARTMENT)],
        ),
        (("Queens,Market,,40,20", "Queens,Market,,40,20,1"), [(6, K.NOT_IN_THIS_ROW)]),
        (("Queens,Market,,40,20", "Queens,Depot,Repair,40,20"), [(2, K.MINIMUM_ABOVE_CHILDREN), (6, K.REPEATED_UNIT)]),
        (("Bronx,Market", "Bronx,Hospital"), [(8, K.REPEATED_NAME)]),
        (("Bronx,Market", ",Market"), [(8, K.NO_AREA)]),
        (("Bronx,Market,,", "Bronx,,Desk,"), [(8, K.NO_NAME)]),
    ],
)
def test_each_is_said_with_its_line(change: tuple[str, str], found: list[tuple[int | None, str]]) -> None:
    assert change[0] in CITY
    assert problems(CITY.replace(*change, 1)) == found


def test_an_area_in_an_area_is_named_from_the_widest() -> None:
    text = "state,city,workplace,headcount,threshold\n,Newark,,,\nNJ,Newark,Mill,40,20\nNJ,,,,20\n"
    assert problems(text, levels='["state", "city"]')[0] == (2, K.NO_AREA)


def test_a_column_that_looks_like_areas_and_is_not_declared() -> None:
    text = "borough,workplace,headcount,threshold\nQueens,A,50,30\nBronx,B,60,30\n"
    assert problems(text, levels="") == [(1, K.LEVEL_NOT_DECLARED)]
    theirs = "Borough,Employer,Workers\nQueens,A,50\nBronx,B,60\nBronx,C,60\n"
    assert lists_texts.warnings(draft(theirs, HALF, "").summary) == [
        (
            'The column "Borough" is not read. If it is areas that need numbers of their own, write levels = '
            '["Borough"] in walkout.toml.'
        )
    ]
    assert draft(theirs, HALF).summary.unread == ""
    everywhere = theirs.replace("Bronx", "Queens")  # it tells nothing apart
    assert draft(everywhere, HALF, "").summary.unread == ""
    assert problems(theirs, RosterOptions(threshold="50%", level_columns=("Borough",)), "") == [
        (1, K.LEVELS_AND_COLUMNS)
    ]


def test_numbers_that_would_give_somebody_away() -> None:
    text = CITY.replace("Queens,,,,65%,2", "Queens,,,,138,2")
    with pytest.raises(DraftRefused) as refused:
        draft(text)
    assert [texts.problem(each) for each in refused.value.problems][:1] == [
        (
            'workplaces.csv: once "Queens" has reached its number, everybody knows of nearly all people of "Depot" '
            "that they have pledged, or that they have not: fewer than 5 are free to choose. Lower one of the two "
            'numbers, lower the minimum, or give "Depot" none of its own.'
        )
    ]
    assert {each.kind for each in refused.value.problems} == {K.GIVEN_AWAY}
    by_the_city = TOML.replace("citywide_threshold = 5", "citywide_threshold = 268")
    toml = SourceFile(name="walkout.toml", data=(by_the_city + 'levels = ["borough"]\n').encode())
    with pytest.raises(DraftRefused) as refused:
        read(toml, SourceFile(name="workplaces.csv", data=CITY.encode()), OURS, now=NOW)
    assert {each.kind for each in refused.value.problems} == {K.GIVEN_AWAY_BY_THE_CITY}


# Asked in a chat


def asked(text: str, options: RosterOptions = OURS) -> ListReading:
    return read_list(SourceFile(name="list.csv", data=text.encode()), options)


THEIRS = """Borough,Employer,Dept,Workers
Queens,Depot,Repair,40
Queens,Depot,Drivers,60
Bronx,Depot,,50
Bronx,Market,,30
"""


def test_what_a_list_has_is_asked_and_what_comes_of_it_is_in_our_own_form() -> None:
    first = asked(THEIRS)
    assert [lists_texts.choice(each) for each in first.questions[0].choices] == ["Areas by Borough: Queens", "No areas"]
    assert "Borough" in lists_texts.question(first.questions[0])
    second = asked(THEIRS, first.questions[0].choices[0].options)
    [question] = second.questions
    assert lists_texts.question(question).startswith("Depot stands in several rows: Repair, Drivers.")
    third = asked(THEIRS, question.choices[0].options)
    assert (third.questions, third.problems, third.needed) == ((), (), 0)
    assert (third.summary.areas, third.summary.workplaces, third.summary.departments) == (2, 3, 2)
    options = RosterOptions(totals=Totals.KEEP, level_columns=("Borough",), threshold="50%")
    assert shape(draft(third.csv, options)) == [
        ("Bronx", AREA, 80, 0, 0),
        (" Depot", PLACE, 50, 25, 0),
        (" Market", PLACE, 30, 15, 0),
        ("Queens", AREA, 100, 0, 0),
        (" Depot", PLACE, 100, 50, 0),
        ("  Drivers", DEPARTMENT, 60, 0, 0),
        ("  Repair", DEPARTMENT, 40, 0, 0),
    ]


def test_a_list_with_everything_in_it_goes_around_in_our_own_form() -> None:
    reading = asked(CITY, RosterOptions(level_columns=("borough",)))
    assert (reading.questions, reading.problems) == ((), ())
    assert shape(draft(reading.csv)) == READ


def test_whoever_says_no_has_the_list_that_they_had() -> None:
    options = asked(THEIRS).questions[0].choices[-1].options
    options = asked(THEIRS, options).questions[0].choices[-1].options
    assert [question.kind for question in asked(THEIRS, options).questions] == ["repeats"]


def test_a_plain_list_is_asked_nothing_more() -> None:
    plain = "Employer,City,State,Workers\nMill,Albany,NY,40\nDepot,Ithaca,NY,30\nShop,Albany,NY,30\n"
    assert asked(plain).questions == ()
    assert asked("Employer,Department,Workers\nMill,All,40\nDepot,All,30\n").questions == ()


# There and back

names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=8).map(
    lambda text: normalize("NFC", f"x{text}")  # as lists are read
)


@st.composite
def units(draw: st.DrawFn, levels: int) -> tuple[DraftUnit, ...]:
    """Draw a tree as files can have it."""
    found: list[DraftUnit] = []

    def family(most: int, least: int = 1) -> list[str]:
        made = draw(st.lists(names, min_size=least, max_size=most, unique_by=plain_name))
        return sorted(made, key=lambda name: (name.casefold(), name))

    def number(people: int, *, needed: bool) -> int:
        may_have = people >= 2 * FEWEST  # whoever is below has to stay free
        return draw(st.integers(FEWEST, people - FEWEST)) if may_have and (needed or draw(st.booleans())) else 0

    def put(parent: int, name: str, tier: Tier) -> int:
        found.append(DraftUnit(name=name, headcount=0, threshold=0, parent=parent, tier=tier))
        return len(found)

    def fill(parent: int, depth: int) -> tuple[int, int]:
        """Return people and children."""
        people, children = 0, family(2)
        for name in children:
            at = put(parent, name, Tier.AREA if depth < levels else Tier.WORKPLACE)
            inside, minimum = (0, 0), 0
            if depth < levels:
                inside = fill(at, depth + 1)
                minimum = draw(st.integers(0, inside[1]))
            elif draw(st.booleans()):
                inside, minimum = departments(at)
            below = inside[0] or draw(st.integers(2 * FEWEST, 90))
            found[at - 1] = DraftUnit(
                name=name,
                headcount=below,
                threshold=number(below, needed=depth == levels),
                parent=parent,
                tier=found[at - 1].tier,
                minimum=minimum,
            )
            people += below
        return people, len(children)

    def departments(parent: int) -> tuple[tuple[int, int], int]:
        people, children = 0, family(3, 2)
        numbered: list[int] = []
        for name in children:
            headcount = draw(st.integers(1 if numbered else 2 * FEWEST, 40))
            numbered.append(number(headcount, needed=False))
            found.append(
                DraftUnit(name=name, headcount=headcount, threshold=numbered[-1], parent=parent, tier=Tier.DEPARTMENT)
            )
            people += headcount
        return (people, len(children)), draw(st.integers(0, len(numbered))) if all(numbered) else 0

    fill(0, 0)
    return tuple(found)


@given(st.data(), st.integers(0, 3))
def test_the_two_files_of_any_tree_make_the_same_draft_again(data: st.DataObject, depth: int) -> None:
    tree = data.draw(units(depth))
    levels = ("state", "borough", "neighborhood")[:depth]
    starts = datetime(2026, 12, 12, 9, tzinfo=UTC)
    terms = Terms(
        title="One day", starts=starts, pledge_by=starts.replace(hour=5), citywide_threshold=FEWEST, levels=levels
    )
    assume(not gives_away(as_units(tree), terms))
    plan = read(
        SourceFile(name="walkout.toml", data=terms_file(terms, "workplaces.csv", {})),
        SourceFile(name="workplaces.csv", data=workplaces_file(tree, levels)),
        OURS,
        now=NOW,
    )
    assert plan.terms == terms
    assert plan.units == tree
    assert plan.is_sound
    again = read_list(SourceFile(name="w.csv", data=workplaces_file(tree, levels)), RosterOptions(level_columns=levels))
    assert (again.questions, again.problems) == ((), ())
    reread = read(
        SourceFile(name="walkout.toml", data=terms_file(terms, "workplaces.csv", {})),
        SourceFile(name="workplaces.csv", data=again.csv),
        RosterOptions(totals=Totals.KEEP),
        now=NOW,
    )
    assert reread.units == tree
