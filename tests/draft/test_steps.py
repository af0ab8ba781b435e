"""walkout.toml of a step of a campaign: its fields, and what it takes over from the step before."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.model import CountedBy, Question, Stage, StepKind, Terms, Tier, Unit, UnitId, Walkout, WalkoutId, Words
from bot.draft import Before, Draft, DraftRefused, ProblemKind, RosterOptions, SourceFile, read
from bot.draft.steps import check_follow
from bot.draft.tree import as_drafted, as_units, paths
from bot.draft.writing import workplaces_file
from handlers.texts import draft as texts
from tests.draft.test_tree import units as trees

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
NEW_YORK = timezone(timedelta(hours=-5))
ROSTER = "workplace,headcount,threshold\nBellevue,900,65%\nHarlem,300,200\n"
K = ProblemKind

WALKOUT = """title = "One day"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-08T20:00:00-05:00
citywide_threshold = 800
workplaces = "workplaces.csv"
"""
SURVEY = """title = "What we want"
kind = "survey"
pledge_by = 2026-12-08T20:00:00-05:00
citywide_threshold = 800
workplaces = "workplaces.csv"
"""
DEMANDS = """
[[questions]]
text = "What do we demand?"
options = ["Ten euros more", "Safe buses"]
choose = "any"

[[questions]]
text = "For how long?"
options = ["A day", "Until we win", "Not at all"]
"""
ASKED = (
    Question(text="What do we demand?", options=("Ten euros more", "Safe buses"), many=True),
    Question(text="For how long?", options=("A day", "Until we win", "Not at all")),
)


def draft(text: str, roster: str | None = ROSTER, after: Before | None = None) -> Draft:
    listed = None if roster is None else SourceFile(name="workplaces.csv", data=roster.encode())
    toml = SourceFile(name="walkout.toml", data=text.encode())
    return read(toml, listed, RosterOptions(), now=NOW, languages=("en", "es"), after=after)


def problems(text: str, roster: str | None = ROSTER, after: Before | None = None) -> list[tuple[int | None, str]]:
    with pytest.raises(DraftRefused) as refused:
        draft(text, roster, after)
    for problem in refused.value.problems:
        assert "{" not in texts.problem(problem)
    return [(problem.line, problem.kind) for problem in refused.value.problems]


def test_a_step_of_a_campaign_says_so() -> None:
    terms = draft(
        WALKOUT
        + """kind = "action"
campaign = "Buses for all"
campaign.es = "Buses para todos"
opens_where = "60%"
turnout = true
counted_by = "stewards"
"""
    ).terms
    assert (terms.kind, terms.campaign, terms.opens_where) == (StepKind.ACTION, "Buses for all", 60)
    assert (terms.turnout, terms.counted_by) == (True, CountedBy.STEWARDS)
    assert terms.translations == {"es": Words(campaign="Buses para todos")}


@pytest.mark.parametrize("written", ["60", "0.6", '"60%"', '"60"', '"3/5"', '"60 per cent"'])
def test_a_share_is_read_as_people_write_it(written: str) -> None:
    assert draft(f'{WALKOUT}campaign = "Buses"\nopens_where = {written}\n').terms.opens_where == 60


@pytest.mark.parametrize(
    "written", ["0", "1", "101", "-5", "1.0", '"66.6%"', '"50%+1"', '"many"', "true", "[60]", "1e400", "9" * 99]
)
def test_what_is_no_share_is_refused(written: str) -> None:
    assert problems(f'{WALKOUT}campaign = "Buses"\nopens_where = {written}\n') == [(7, K.NOT_A_PERCENTAGE)]


def test_a_survey_has_a_deadline_and_no_day() -> None:
    terms = draft(SURVEY + DEMANDS).terms
    assert terms.kind is StepKind.SURVEY
    assert terms.starts == terms.pledge_by == datetime(2026, 12, 8, 20, tzinfo=NEW_YORK)
    assert terms.ends is None
    assert terms.questions == ASKED


def test_the_example_of_the_reference_is_a_survey() -> None:
    said = Path(__file__).parents[2].joinpath("docs/reference/file-fields.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", said, flags=re.DOTALL)
    terms = draft(f'timezone = "America/New_York"\n{example}').terms
    assert (terms.kind, terms.campaign) == (StepKind.SURVEY, "Buses for all")
    assert terms.said_in("es").questions[0].many


def test_a_survey_may_ask_nothing_and_be_part_of_no_campaign() -> None:
    terms = draft(SURVEY).terms
    assert (terms.questions, terms.campaign) == ((), "")


@pytest.mark.parametrize(
    "line",
    [
        "starts = 2026-12-12T09:00:00-05:00",
        "ends = 2026-12-12T19:00:00-05:00",
        'on_the_day = "Meet at nine."',
        'on_the_day.es = "A las nueve."',
        "turnout = true",
        'counted_by = "cards"',
    ],
)
def test_a_survey_has_nothing_of_a_day(line: str) -> None:
    assert problems(f"{SURVEY}{line}\n") == [(6, K.NOT_IN_A_SURVEY)]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ('kind = "strike"', [(6, K.NOT_A_CHOICE)]),
        ("kind = 1", [(6, K.WRONG_TYPE)]),
        ('campaign = ""', [(6, K.EMPTY_TEXT)]),
        (f'campaign = "{"x" * 101}"', [(6, K.TEXT_TOO_LONG)]),
        ('campaign.es = "Buses"', [(6, K.CAMPAIGN_ONLY_IN_ANOTHER_LANGUAGE)]),
        ("opens_where = 60", [(6, K.ONLY_IN_A_CAMPAIGN)]),
        ('counted_by = "stewards"', [(6, K.ONLY_WITH_TURNOUT)]),
        ('turnout = true\ncounted_by = "me"', [(7, K.NOT_A_CHOICE)]),
        ('campaign = "Buses"\nentry = "open"', [(7, K.OPEN_IN_A_CAMPAIGN)]),
        ('campaing = "Buses"', [(6, K.UNKNOWN_FIELD_CLOSE_TO)]),
        ("[es]\nopens_where = 60", [(7, K.NOT_IN_LANGUAGES)]),
        ('[[questions]]\ntext = "?"\noptions = ["a", "b"]', [(6, K.ONLY_IN_A_SURVEY)]),
    ],
)
def test_what_a_walkout_cannot_have_is_refused_with_its_line(lines: str, found: list[tuple[int, str]]) -> None:
    assert problems(f"{WALKOUT}{lines}\n") == found


ONE = '[[questions]]\ntext = "What?"\noptions = ["a", "b"]\n'


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("questions = 3", [(6, K.WRONG_TYPE)]),
        ('questions = ["What?"]', [(6, K.WRONG_TYPE)]),
        (ONE * 4, [(6, K.TOO_MANY_QUESTIONS)]),
        (f'{ONE}[[questions]]\ntext = "How?"', [(9, K.QUESTION_WITHOUT)]),
        (f'{ONE}[[questions]]\noptions = ["a", "b"]', [(9, K.QUESTION_WITHOUT)]),
        ("[[questions]]", [(6, K.QUESTION_WITHOUT), (6, K.QUESTION_WITHOUT)]),
        (f'{ONE}[[questions]]\ntext = ""\noptions = ["a", "b"]', [(10, K.EMPTY_TEXT)]),
        (f'{ONE}[[questions]]\ntext = "{"x" * 201}"\noptions = ["a", "b"]', [(10, K.TEXT_TOO_LONG)]),
        (
            f'{ONE}[[questions]]\ntext = 1\noptions = "a"',
            [(10, K.WRONG_TYPE), (11, K.WRONG_TYPE), (11, K.SO_MANY_OPTIONS)],
        ),
        (f'{ONE}[[questions]]\ntext = "How?"\noptions = ["a"]', [(11, K.SO_MANY_OPTIONS)]),
        (
            f'{ONE}[[questions]]\ntext = "How?"\noptions = [{", ".join(f"{n}" for n in map(repr, "abcdefghi"))}]',
            [(11, K.SO_MANY_OPTIONS)],
        ),
        (f'{ONE}[[questions]]\ntext = "How?"\noptions = ["a", "A "]', [(11, K.REPEATED_OPTION)]),
        (f'{ONE}[[questions]]\ntext = "How?"\noptions = ["a", "{"x" * 81}"]', [(11, K.TEXT_TOO_LONG)]),
        (f'{ONE}[[questions]]\ntext = "How?"\noptions = ["a", "b\\u202e"]', [(11, K.HIDDEN_CHARACTER)]),
        (f'{ONE}choose = "two"', [(9, K.NOT_A_CHOICE)]),
        (f"{ONE}approvals = 3", [(9, K.NOT_IN_A_QUESTION)]),
        (f'{ONE}[[es.questions]]\ntext = "¿Qué?"\noptions = ["a"]', [(11, K.SO_MANY_OPTIONS), (9, K.QUESTIONS_DIFFER)]),
        (f'{ONE}[[es.questions]]\ntext = "¿Qué?"\noptions = ["a", "b", "c"]', [(9, K.QUESTIONS_DIFFER)]),
        (f'{ONE}[[es.questions]]\ntext = "¿Qué?"\noptions = ["a", "b"]\nchoose = "any"', [(12, K.NOT_IN_A_QUESTION)]),
        ('[[es.questions]]\ntext = "¿Qué?"\noptions = ["a", "b"]', [(6, K.QUESTIONS_DIFFER)]),
        (f'{ONE}[[fr.questions]]\ntext = "Quoi?"\noptions = ["a", "b"]', [(9, K.NO_SUCH_LANGUAGE)]),
    ],
)
def test_questions_that_nobody_could_answer_are_refused_with_their_line(
    lines: str, found: list[tuple[int, str]]
) -> None:
    assert sorted(problems(f"{SURVEY}{lines}\n"), key=str) == sorted(found, key=str)


def test_the_question_that_is_wrong_is_named_by_what_stands_in_it() -> None:
    with pytest.raises(DraftRefused) as refused:
        draft(f'{SURVEY}{ONE}[[questions]]\ntext = "How?"\noptions = ["a"]\napprovals = 3\n')
    assert [texts.problem(each) for each in refused.value.problems] == [
        "walkout.toml, line 11: options has 1; a question needs 2 to 8 of them.",
        (
            'walkout.toml, line 12: a question has no "approvals", only: text, options, choose. If it is a field of '
            "the file, move it above [[questions]]."
        ),
    ]


@pytest.mark.parametrize(
    "written",
    [
        ONE,
        ONE.replace("[[", "[").replace("]]", "]"),
        'questions = [{text = "What?", options = ["a", "b"]}]',
        'questions = [\n  {text = "What?", options = ["a", "b"], choose = "one"},\n]',
    ],
)
def test_a_question_is_read_in_each_way_that_it_can_be_meant(written: str) -> None:
    assert draft(f"{SURVEY}{written}\n").terms.questions == (Question(text="What?", options=("a", "b")),)


def test_in_another_language_a_question_is_as_many_options_choosable() -> None:
    said = '\n[[es.questions]]\ntext = "¿Qué?"\noptions = ["uno", "dos"]\n\n[[es.questions]]\n'
    terms = draft(f'{SURVEY}{DEMANDS}{said}text = "¿Cuánto?"\noptions = ["x", "y", "z"]\n').terms
    assert terms.said_in("es").questions == (
        Question(text="¿Qué?", options=("uno", "dos"), many=True),
        Question(text="¿Cuánto?", options=("x", "y", "z")),
    )


# -- after another step ------------------------------------------------------------------------------------------------

FIRST = Terms(
    title="What we want",
    starts=NOW,
    pledge_by=NOW,
    citywide_threshold=800,
    kind=StepKind.SURVEY,
    campaign="Buses for all",
    translations={"es": Words(title="Lo que queremos", campaign="Buses para todos")},
)
PLACES = (
    Unit(id=UnitId(2), name="Bellevue", headcount=900, threshold=585, meet="at the gate", meets={"es": "en la puerta"}),
    Unit(id=UnitId(5), name="Total", headcount=300, threshold=200),
)
BEFORE = Before(terms=FIRST, units=as_drafted(PLACES))
NEXT = "".join(line for line in WALKOUT.splitlines(keepends=True) if not line.startswith("workplaces"))


def test_the_next_step_takes_over_the_campaign_and_its_list() -> None:
    plan = draft(f"{NEXT}opens_where = 75\nturnout = true\n", None, BEFORE)
    assert plan.units == BEFORE.units
    assert (plan.terms.campaign, plan.terms.opens_where) == ("Buses for all", 75)
    assert plan.terms.translations == {"es": Words(campaign="Buses para todos")}
    assert plan.is_sound


def test_in_another_language_its_words_and_meeting_points_are_found_again() -> None:
    plan = draft(f'{NEXT}language = "es"\n', None, BEFORE)
    assert plan.terms.campaign == "Buses para todos"
    assert plan.terms.translations == {"en": Words(campaign="Buses for all")}
    assert [(unit.meet, unit.meets) for unit in plan.units] == [("en la puerta", {"en": "at the gate"}), ("", {})]


def test_the_campaign_may_be_named_again_and_no_other() -> None:
    assert draft(f'{NEXT}campaign = "buses for all"\n', None, BEFORE).terms.campaign == "Buses for all"
    assert problems(f'{NEXT}campaign = "Trams"\n', None, BEFORE) == [(5, K.ANOTHER_CAMPAIGN)]


def test_a_list_of_its_own_goes_before_that_of_the_step_before() -> None:
    assert [unit.name for unit in draft(WALKOUT, ROSTER, BEFORE).units] == ["Bellevue", "Harlem"]
    assert problems(WALKOUT, None, BEFORE) == [(5, K.ROSTER_NOT_FOUND)]


def test_units_keep_their_ids_and_new_ones_get_higher_ones() -> None:
    stored = as_units(draft(WALKOUT, ROSTER, BEFORE).units, PLACES, used=9)
    assert [(unit.id, unit.name) for unit in stored] == [(2, "Bellevue"), (10, "Harlem")]


PARTED = (
    Unit(id=UnitId(1), name="Queens", headcount=100, threshold=0, tier=Tier.AREA),
    Unit(id=UnitId(4), name="Depot", headcount=100, threshold=60, parent=UnitId(1)),
    Unit(id=UnitId(6), name="Repair", headcount=40, threshold=0, parent=UnitId(4), tier=Tier.DEPARTMENT),
    Unit(id=UnitId(7), name="Driving", headcount=60, threshold=0, parent=UnitId(4), tier=Tier.DEPARTMENT),
)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({1: {"name": "Bronx"}}, K.UNIT_MOVED),
        ({4: {"name": "Yard"}}, None),
        ({6: {"name": "Mending"}}, None),
    ],
)
def test_a_unit_that_would_be_elsewhere_is_refused(change: dict[int, dict[str, str]], kind: str | None) -> None:
    changed = as_drafted([replace(unit, **change.get(unit.id, {})) for unit in PARTED])  # type: ignore[arg-type]
    if kind is None:
        made = {unit.name: unit for unit in as_units(changed, PARTED, used=7)}
        assert all(unit.parent < unit.id for unit in made.values())
        return
    with pytest.raises(DraftRefused) as refused:
        as_units(changed, PARTED, used=7)
    assert [each.kind for each in refused.value.problems] == [kind]
    assert '"Depot, Queens"' in texts.problem(refused.value.problems[0])


def test_departments_are_there_in_both_steps_or_in_neither() -> None:
    for one, other in ((PARTED[:2], PARTED), (PARTED, PARTED[:2])):
        with pytest.raises(DraftRefused) as refused:
            as_units(as_drafted(one), other, used=7)
        assert [each.kind for each in refused.value.problems] == [K.DEPARTMENTS_DIFFER]


@given(trees(2), st.lists(st.integers(1, 5), min_size=60, max_size=60))
def test_the_same_units_are_the_same_in_the_next_step_whatever_ids_they_have(
    tree: tuple[object, ...], gaps: list[int]
) -> None:
    first = as_units(tree)  # type: ignore[arg-type]
    new = {unit.id: UnitId(sum(gaps[: unit.id % len(gaps) + 1]) + unit.id * 5) for unit in first}
    stored = sorted(
        (replace(unit, id=new[unit.id], parent=new.get(unit.parent, unit.parent)) for unit in first),
        key=lambda unit: unit.id,
    )
    again = as_units(tree, stored, used=10_000)  # type: ignore[arg-type]
    assert {unit.id: unit.parent for unit in again} == {unit.id: unit.parent for unit in stored}
    assert [unit.name for unit in again] == [unit.name for unit in stored]
    assert paths(as_drafted(stored)) == paths(stored)


STEP = Walkout(id=WalkoutId("k7m3q"), terms=FIRST, stage=Stage.ENDED, ended=NOW, tallied=NOW)
ACTION = replace(FIRST, kind=StepKind.ACTION)


@pytest.mark.parametrize(
    ("step", "is_closed", "kind"),
    [
        (STEP, False, None),
        (replace(STEP, stage=Stage.CLOSED), False, None),
        (replace(STEP, stage=Stage.CLOSED), True, K.CAMPAIGN_IS_CLOSED),
        (replace(STEP, terms=replace(FIRST, campaign="")), False, K.NOT_OF_A_CAMPAIGN),
        (replace(STEP, stage=Stage.CALLED_OFF), False, K.STEP_CALLED_OFF),
        (replace(STEP, stage=Stage.CLOSED, tallied=None), False, K.STEP_CALLED_OFF),
        (replace(STEP, stage=Stage.ON, terms=ACTION), False, K.STEP_PROVES_NOTHING),
        (replace(STEP, stage=Stage.ON, terms=replace(ACTION, turnout=True)), False, None),
        (replace(STEP, stage=Stage.LAPSED, terms=ACTION), False, None),
        (replace(STEP, stage=Stage.CLOSED, terms=ACTION), False, None),  # it had lapsed
    ],
)
def test_what_cannot_be_followed_is_refused_with_what_to_do(
    step: Walkout, *, is_closed: bool, kind: str | None
) -> None:
    if kind is None:
        check_follow(step, PLACES, is_closed=is_closed)
        return
    with pytest.raises(DraftRefused) as refused:
        check_follow(step, PLACES, is_closed=is_closed)
    [problem] = refused.value.problems
    assert problem.kind == kind
    assert 'k7m3q "What we want"' in texts.problem(problem)


def test_a_list_is_written_alike_whatever_ids_its_units_have() -> None:
    assert workplaces_file(PARTED, ("borough",)) == workplaces_file(as_drafted(PARTED), ("borough",))
    assert workplaces_file(PARTED, ("borough",)).decode("utf-8-sig").splitlines()[2].startswith("Queens,Depot,,100,60")
