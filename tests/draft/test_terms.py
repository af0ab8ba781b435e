from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.model import Counts, Entry, Terms, Words
from bot.draft import Draft, DraftRefused, ProblemKind, RosterOptions, SourceFile, read, workplaces_file
from handlers.texts import draft as texts

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
NEW_YORK = timezone(timedelta(hours=-5))
ROSTER = "workplace,headcount,threshold\nBellevue,900,65%\nHarlem,300,200\n"
K = ProblemKind

SHORTEST = {
    "title": '"One day"',
    "starts": "2026-12-12T09:00:00-05:00",
    "pledge_by": "2026-12-08T20:00:00-05:00",
    "citywide_threshold": "800",
    "workplaces": '"workplaces.csv"',
}


def toml(**fields: str | None) -> str:
    """The shortest valid file, with fields replaced, added (from line 6 on), or left out if None."""
    return "".join(f"{name} = {value}\n" for name, value in (SHORTEST | fields).items() if value is not None)


def draft(text: str | bytes, roster: str | bytes | None = ROSTER) -> Draft:
    def file(name: str, content: str | bytes) -> SourceFile:
        return SourceFile(name=name, data=content.encode() if isinstance(content, str) else content)

    workplaces = None if roster is None else file("workplaces.csv", roster)
    return read(file("walkout.toml", text), workplaces, RosterOptions(), now=NOW, languages=("en", "es", "zh-Hans"))


def problems(text: str | bytes, roster: str | bytes | None = ROSTER) -> list[tuple[str, int | None, str]]:
    with pytest.raises(DraftRefused) as refused:
        draft(text, roster)
    for problem in refused.value.problems:
        sentence = texts.problem(problem)
        assert sentence.startswith(problem.file)
        assert "{" not in sentence
    return [(problem.file, problem.line, problem.kind) for problem in refused.value.problems]


def only(line: int | None, kind: ProblemKind) -> list[tuple[str, int | None, str]]:
    return [("walkout.toml", line, kind)]


def test_the_sample_gives_the_terms_it_says() -> None:
    sample = """
title = "One day for the rent freeze"
city = "New York"
demands = ["Freeze the rent", "Fast and free buses"]
legal_notice = "Ask your steward before you pledge."       # the organizers' text, not advice
on_the_day = "Meet at nine at your own door; legal line 555-0100."   # sent only with "on"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-08T20:00:00-05:00
citywide_threshold = 1200
citywide_counts = "all"
minimum_workplaces = 2
confirm_tallies = 3
tally_every = "90m"
entry = "open"
approvals = 4
milestones = true
turnout = false
reminders = ["7d", "1d"]         # before pledge_by
workplaces = "workplaces.csv"
"""
    assert draft(sample).terms == Terms(
        title="One day for the rent freeze",
        city="New York",
        demands=("Freeze the rent", "Fast and free buses"),
        legal_notice="Ask your steward before you pledge.",
        on_the_day="Meet at nine at your own door; legal line 555-0100.",
        starts=datetime(2026, 12, 12, 9, tzinfo=NEW_YORK),
        pledge_by=datetime(2026, 12, 8, 20, tzinfo=NEW_YORK),
        citywide_threshold=1200,
        citywide_counts=Counts.ALL,
        minimum_workplaces=2,
        confirm_tallies=3,
        tally_every=timedelta(minutes=90),
        entry=Entry.OPEN,
        approvals=4,
        milestones=True,
        reminders=(timedelta(days=7), timedelta(days=1)),
    )


def test_what_is_left_out_has_the_defaults_of_the_model() -> None:
    starts, pledge_by = datetime(2026, 12, 12, 9, tzinfo=NEW_YORK), datetime(2026, 12, 8, 20, tzinfo=NEW_YORK)
    assert draft(toml()).terms == Terms(title="One day", starts=starts, pledge_by=pledge_by, citywide_threshold=800)


def test_times_keep_the_offset_they_were_written_with() -> None:
    times = {"starts": "2026-12-12T09:00:00+05:30", "pledge_by": "2026-12-08T20:00:00+05:30"}
    assert draft(toml(**times)).terms.starts.utcoffset() == timedelta(hours=5, minutes=30)


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + toml().encode(),  # a byte-order mark
        toml().replace("\n", "\r\n"),
        toml(pledge_by="2026-12-12T08:00:00-05:00"),  # an hour before the start
        toml(citywide_threshold="1200"),  # everybody
        toml(citywide_threshold="5"),  # the fewest
        toml(minimum_workplaces="2"),  # every workplace
        toml(tally_every='"15m"'),  # the shortest
        toml(tally_every='"365d"'),  # the longest
        toml(starts="2026-12-01T13:00:01+00:00", pledge_by="2026-12-01T12:00:01+00:00"),  # a second from now
        toml(title=f'"{"x" * 200}"', city=f'"{"x" * 100}"', demands=f'["{"x" * 200}"]'),
        toml(legal_notice=f'"{"x" * 2000}"'),
        toml(legal_notice='"""\nFirst line\n\tand a second"""'),
        toml(title='"می‌خواهیم"'),  # Persian needs the zero-width non-joiner
        toml(workplaces=None),  # the roster is given anyway
    ],
)
def test_on_the_right_side_of_every_limit(text: str | bytes) -> None:
    assert draft(text).rows == 2


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("title", '""', K.EMPTY_TEXT),
        ("title", '" \\t "', K.EMPTY_TEXT),
        ("title", "12", K.WRONG_TYPE),
        ("title", f'"{"x" * 201}"', K.TEXT_TOO_LONG),
        ("title", '"One\\nday"', K.HIDDEN_CHARACTER),
        ("title", '"One\\u202eday"', K.HIDDEN_CHARACTER),  # written from right to left from here
        ("title", '"\\u200d"', K.HIDDEN_CHARACTER),  # nothing but a joiner
        ("city", f'"{"x" * 101}"', K.TEXT_TOO_LONG),
        ("demands", '"Freeze the rent"', K.WRONG_TYPE),
        ("demands", '["Freeze the rent", 7]', K.WRONG_TYPE),
        ("demands", '["Freeze the rent", ""]', K.EMPTY_TEXT),
        ("demands", f'["{"x" * 201}"]', K.TEXT_TOO_LONG),
        ("legal_notice", f'"{"x" * 2001}"', K.TEXT_TOO_LONG),
        ("legal_notice", '"\\u0007"', K.HIDDEN_CHARACTER),
        ("on_the_day", f'"{"x" * 2001}"', K.TEXT_TOO_LONG),
        ("starts", "2026-12-12T09:00:00", K.TIME_WITHOUT_OFFSET),
        ("starts", '"2026-12-12 09:00"', K.TIME_WITHOUT_OFFSET),
        ("starts", "2026-12-12", K.NOT_A_TIME),
        ("starts", "09:00:00", K.NOT_A_TIME),
        ("starts", '"2026-02-30T09:00:00-05:00"', K.NOT_A_TIME),
        ("starts", "20261212", K.WRONG_TYPE),
        ("starts", "9999-12-31T23:59:59-23:59", K.TIME_TOO_FAR),  # not a moment in UTC
        ("pledge_by", "2026-12-01T07:00:00-05:00", K.TIME_PAST),  # this very moment
        ("pledge_by", "2026-12-12T08:00:01-05:00", K.PLEDGE_BY_TOO_LATE),  # by a second
        ("citywide_threshold", "4", K.NUMBER_TOO_LOW),
        ("citywide_threshold", "800.0", K.WRONG_TYPE),
        ("citywide_threshold", '"800"', K.WRONG_TYPE),
        ("citywide_threshold", "true", K.WRONG_TYPE),
        ("citywide_threshold", "1201", K.CITYWIDE_ABOVE_HEADCOUNTS),  # one more than there are people
        ("citywide_threshold", "0x" + "f" * 9000, K.NUMBER_TOO_HIGH),  # too long for Python to print
        ("citywide_counts", '"everyone"', K.NOT_A_CHOICE),
        ("citywide_counts", "true", K.WRONG_TYPE),
        ("minimum_workplaces", "0", K.NUMBER_TOO_LOW),
        ("minimum_workplaces", "true", K.WRONG_TYPE),
        ("minimum_workplaces", "3", K.MINIMUM_ABOVE_WORKPLACES),
        ("confirm_tallies", "0", K.NUMBER_TOO_LOW),
        ("approvals", "0", K.NUMBER_TOO_LOW),
        ("approvals", "1_000_000_001", K.NUMBER_TOO_HIGH),
        ("tally_every", '"14m"', K.TALLIES_TOO_OFTEN),
        ("tally_every", '"1 hour"', K.NOT_A_DURATION),
        ("tally_every", '"1.5h"', K.NOT_A_DURATION),
        ("tally_every", '"0h"', K.NOT_A_DURATION),
        ("tally_every", '"366d"', K.NOT_A_DURATION),
        ("tally_every", "60", K.WRONG_TYPE),
        ("entry", '"Cards"', K.NOT_A_CHOICE),
        ("milestones", '"true"', K.WRONG_TYPE),
        ("milestones", "1", K.WRONG_TYPE),
        ("turnout", "0", K.WRONG_TYPE),
        ("reminders", '"1d"', K.WRONG_TYPE),
        ("reminders", '["0d"]', K.NOT_A_DURATION),
        ("reminders", '["-1d"]', K.NOT_A_DURATION),
        ("reminders", '["24h", "1d"]', K.REPEATED_REMINDER),  # spelled differently, yet the same
        ("workplaces", '""', K.EMPTY_TEXT),
        ("workplaces", "[]", K.WRONG_TYPE),
        ("tilte", '"One day"', K.UNKNOWN_FIELD_CLOSE_TO),
        ("Title", '"One day"', K.UNKNOWN_FIELD_CLOSE_TO),
        ("wages", "12", K.UNKNOWN_FIELD),
    ],
)
def test_a_faulty_field_is_refused_on_its_line(field: str, value: str, kind: ProblemKind) -> None:
    line = [*SHORTEST, field].index(field) + 1
    assert problems(toml(**{field: value})) == only(line, kind)


@pytest.mark.parametrize(("share", "number"), [('"65%"', 780), ('"0.65"', 780), ('"2/3"', 800), ('"50%+1"', 601)])
def test_a_citywide_threshold_may_be_a_share_of_everybody(share: str, number: int) -> None:
    assert draft(toml(citywide_threshold=share)).terms.citywide_threshold == number
    assert problems(toml(citywide_threshold='"0.1%"')) == only(4, K.NUMBER_TOO_LOW)


@pytest.mark.parametrize("field", ["title", "starts", "pledge_by", "citywide_threshold"])
def test_a_required_field_that_is_missing_is_refused(field: str) -> None:
    assert problems(toml(**{field: None})) == only(None, K.MISSING_FIELD)


@pytest.mark.parametrize(
    ("value", "line", "kind"),
    [
        (None, None, K.MISSING_FIELD),
        ('"elsewhere.csv"', 5, K.ROSTER_NOT_FOUND),
        ('""', 5, K.EMPTY_TEXT),
    ],
)
def test_without_a_roster_it_says_why(value: str | None, line: int | None, kind: ProblemKind) -> None:
    assert problems(toml(workplaces=value), roster=None) == only(line, kind)


@pytest.mark.parametrize(
    ("text", "line", "kind"),
    [
        (toml(citywide_threshold="= 5"), 4, K.TOML_SYNTAX),
        (toml() + 'title = "again"\n', 6, K.TOML_SYNTAX),
        (toml() + 'city = """\n\nNew York', 8, K.TOML_SYNTAX),  # never closed: the last line
        (toml() + "a = " + "[" * 5000 + "]" * 5000, None, K.TOML_UNREADABLE),
        (toml(approvals="9" * 5000), None, K.TOML_UNREADABLE),
        (b'title = "One day"\n# caf\xe9\n', 2, K.NOT_UTF8),
        (b"a\r\nb\rc\xff", 3, K.NOT_UTF8),
        (b"\xff\xfet\0", 1, K.NOT_UTF8),  # UTF-16
        ("title = 1\n\0", 2, K.NUL_BYTE),
        (b"#" * 5_000_001, None, K.FILE_TOO_BIG),
    ],
)
def test_a_file_that_is_no_toml_is_refused_and_the_roster_still_read(
    text: str | bytes, line: int | None, kind: ProblemKind
) -> None:
    assert problems(text, roster="") == [
        ("walkout.toml", line, kind),
        ("workplaces.csv", None, K.EMPTY_ROSTER),
    ]


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", 6),
        ("\n\n# wages = 1\n", 9),
        ('city = """\nwages = 2\n"""\n', 9),  # it only looks like a field
        ("city = '''\nwages = 2'''\n", 8),
        ('legal_notice = """"a"\\"\\"\\"\nwages = 2\n"""""\n', 9),  # quotes inside, and two more at the end
        ('demands = [\n  "wages = 3", # ]\n  "]",\n]\n', 10),
        ("'city' = '\"\"\"'\n", 7),
        ('entry = "open" # it\'s """ open [\n', 7),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("key", ["wages", '"wages"', "  wages", "wages.now"])
def test_a_field_is_found_on_its_own_line_whatever_stands_before_it(before: str, line: int, end: str, key: str) -> None:
    text = (toml() + before + f"{key} = 1\n").replace("\n", end)
    assert problems(text) == only(line, K.UNKNOWN_FIELD)


@pytest.mark.parametrize(
    ("sections", "lines"),
    [
        ("[wages]\ntitle = 1\n", [6]),  # this title is the section's
        ("[[wages]]\nx = 1\n[[wages]]\nx = 2\n", [6]),
        ("[wages.x]\n\n[wages.y]\n[more]\n", [6, 9]),
        ("[wages]\nmore = 1\n[more]\n", [6, 8]),
    ],
)
def test_a_section_is_an_unknown_field(sections: str, lines: list[int]) -> None:
    assert problems(toml() + sections) == [("walkout.toml", line, K.UNKNOWN_FIELD) for line in lines]


@pytest.mark.parametrize(
    ("roster", "units"),
    [
        ("A,9,5,g\nB,9,5,g\nC,9,5,", 2),
        ("A,9,5,g\nB,9,x,g\nC,9,5,", 3),  # at most: who knows what is merged in the end
        ('A,9,5,g\n"B,9,5,g\nC,9,5,', 3),  # two lines are lost in a quote that is never closed
    ],
)
def test_there_cannot_be_fewer_workplaces_than_must_be_ready(roster: str, units: int) -> None:
    roster = "workplace,headcount,threshold,group\n" + roster
    too_high = ("walkout.toml", 6, K.MINIMUM_ABOVE_WORKPLACES)
    assert too_high in problems(toml(citywide_threshold="900", minimum_workplaces=str(units + 1)), roster)
    assert too_high not in problems(toml(citywide_threshold="900", minimum_workplaces=str(units)), roster)


def test_heads_that_cannot_be_read_are_mentioned_where_the_others_are_too_few() -> None:
    with pytest.raises(DraftRefused) as refused:
        draft(toml(), 'workplace,headcount,threshold\nA,700,5\nB,x,5\n"C,90,5\n')
    assert texts.problem(refused.value.problems[0]) == (
        "walkout.toml, line 4: citywide_threshold is 800, but the workplaces together have 700 people, "
        "without 2 rows that could not be read. Lower it, unless those rows make up for it."
    )


def test_all_problems_of_both_files_come_at_once_the_toml_first_and_by_line() -> None:
    text = toml(title='""', starts="2026-01-01T09:00:00-05:00", citywide_threshold="5000", tally="1", entry="1")
    roster = "workplace,headcount,threshold\nBellevue,,65%\nHarlem,300,301\n"
    assert problems(text, roster) == [
        ("walkout.toml", 1, K.EMPTY_TEXT),
        ("walkout.toml", 2, K.TIME_PAST),
        ("walkout.toml", 3, K.PLEDGE_BY_TOO_LATE),
        ("walkout.toml", 4, K.CITYWIDE_ABOVE_READABLE_HEADCOUNTS),
        ("walkout.toml", 6, K.UNKNOWN_FIELD_CLOSE_TO),
        ("walkout.toml", 7, K.WRONG_TYPE),
        ("workplaces.csv", 2, K.NO_HEADCOUNT),
        ("workplaces.csv", 3, K.THRESHOLD_ABOVE_HEADCOUNT),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (toml(), "workplaces.csv"),
        (toml(title=None, wages="1"), "workplaces.csv"),  # other faults do not matter yet
        (toml(workplaces=None), None),
        (toml(workplaces="1"), None),
        (toml(workplaces='"a\\u0000b"'), None),  # no file can be called so
        ("workplaces = ", None),
        (b"\xff", None),
    ],
)
def test_the_file_of_workplaces_is_known_as_soon_as_the_toml_can_be_read(text: str | bytes, named: str | None) -> None:
    data = text.encode() if isinstance(text, str) else text
    assert workplaces_file(SourceFile(name="walkout.toml", data=data)) == named


def test_a_sentence_says_where_what_and_what_to_do() -> None:
    with pytest.raises(DraftRefused) as refused:
        draft(toml(tilte='"x"', minimum_workplaces="7"))
    assert [texts.problem(problem) for problem in refused.value.problems] == [
        'walkout.toml, line 6: there is no field "tilte". Did you mean "title"?',
        "walkout.toml, line 7: minimum_workplaces is 7, but there are 2 workplaces. Lower it.",
    ]


def test_a_sentence_brings_no_control_characters_from_the_file_to_the_terminal() -> None:
    with pytest.raises(DraftRefused) as refused:
        draft(toml(entry=f'"\\u001b[31m{"x" * 500}"'))
    sentence = texts.problem(refused.value.problems[0])
    assert sentence.isprintable()
    assert len(sentence) < 150


def test_every_kind_of_problem_has_one_sentence() -> None:
    assert sorted([*texts._SENTENCES, *texts._COUNTED]) == sorted(ProblemKind)


FRAGMENTS = [
    *(f"{name} = {value}\n" for name, value in SHORTEST.items()),
    *(
        '"""',
        "'''",
        "[",
        "]",
        "{",
        "=",
        "\n",
        "\r",
        "#",
        "[a]\n",
        "a.b",
        "\\",
        "\0",
        "\ufeff",
        "1e9",
        "title",
    ),
]


@given(st.binary() | st.lists(st.sampled_from(FRAGMENTS)).map(lambda parts: "".join(parts).encode()))
def test_no_bytes_whatever_raise_anything_but_a_refusal(data: bytes) -> None:
    workplaces_file(SourceFile(name="walkout.toml", data=data))
    with suppress(DraftRefused):
        draft(data)


STATEMENTS = [
    "KEY = 1",
    "",
    "# ''' KEY = [",
    'KEY = """\n[wages]\nwages = 1\\"""\n"""',
    "KEY = '''\nwages = 1\n\\'''",
    "KEY = '\"\"\"' # '''",
    'KEY = """a""""',
    "KEY = '''a''''",
    'KEY = "\\"[" # "',
    "KEY = [\n  1, # ]\n  '[',\n]",
    'KEY = { wages = "}", b = [ 1,\n 2 ] }',
]


@given(st.lists(st.sampled_from(STATEMENTS), max_size=10))
def test_every_field_is_found_on_its_own_line_in_any_order(statements: list[str]) -> None:
    expected, text = [], ""
    for number, statement in enumerate(statements):
        if statement.startswith("KEY"):
            expected.append(("walkout.toml", text.count("\n") + 1, K.UNKNOWN_FIELD))
        text += statement.replace("KEY", f"x{number:02}") + "\n"
    text += toml(entry="1")  # so that something is wrong even if nothing stands before it
    expected.append(("walkout.toml", text.count("\n"), K.WRONG_TYPE))
    assert problems(text) == expected


@pytest.mark.parametrize("part", ["a.", '"a b" . ', "''.", "[a.", "x = {a."])
def test_a_name_of_thousands_of_parts_is_refused_before_it_fills_the_memory(part: str) -> None:
    opening = part[:-2] if part.endswith("a.") else ""
    name = opening + part.removeprefix(opening) * 30_000 + "a"
    assert problems(toml() + name + " = 1\n") == only(6, K.TOML_UNREADABLE)


def test_words_with_dots_between_are_no_name_of_many_parts() -> None:
    notice = "Stop. Go. " + "Ask your steward ...... and sign: ................ " * 20
    assert draft(toml(legal_notice=f'"{notice}"')).terms.legal_notice == notice.strip()


SAID = {
    "title": '"Un día"',
    "demands": '["Alquileres congelados"]',
    "legal_notice": '"Habla antes con tu delegada."',
    "on_the_day": '"A las nueve en tu puerta."',
    "called_by": '"El comité"',
    "ask": '"A tu delegada"',
    "if_disciplined": '"Llama al 555-0100."',
}
SPANISH = Words(
    title="Un día",
    demands=("Alquileres congelados",),
    legal_notice="Habla antes con tu delegada.",
    on_the_day="A las nueve en tu puerta.",
    called_by="El comité",
    ask="A tu delegada",
    if_disciplined="Llama al 555-0100.",
)


def plainly(fields: dict[str, str], before: str = "", behind: str = "") -> str:
    return "".join(f"{before}{name}{behind} = {value}\n" for name, value in fields.items())


@pytest.mark.parametrize(
    "text",
    [
        toml() + "[es]\n" + plainly(SAID),
        toml() + plainly(SAID, before="es."),
        toml() + plainly(SAID, behind=".es"),
        plainly(SAID, behind=" . es") + toml(),
        toml() + plainly({f'"{name}.es"': value for name, value in SAID.items()}),
        toml(title=None) + 'title.en = "One day"\n' + plainly(SAID, behind=".es"),
        toml(title='{en = "One day", es = "Un día"}')
        + "[es]\n"
        + plainly({n: v for n, v in SAID.items() if n != "title"}),
        toml(title=None) + '[en]\ntitle = "One day"\n[es]\n' + plainly(SAID),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_texts_may_be_there_in_other_languages_however_that_is_written(text: str, end: str) -> None:
    terms = draft(text.replace("\n", end)).terms
    assert terms.title == "One day"
    assert terms.translations == {"es": SPANISH}
    assert terms.said_in("es").demands == SPANISH.demands
    assert terms.said_in("fr") == terms == terms.said_in("en")


@pytest.mark.parametrize(
    "written",
    [
        '[zh-Hans]\ntitle = "一天"\n',
        'zh-Hans.title = "一天"\n',
        'title.zh-Hans = "一天"\n',
        '"title.zh-Hans" = "一天"\n',
    ],
)
def test_a_language_may_be_written_with_its_script(written: str) -> None:
    assert draft(toml() + written).terms.translations == {"zh-Hans": Words(title="一天")}
    whole = draft(toml(title='"一天"', language='"zh-Hans"') + '[en]\ntitle = "One day"\n').terms
    assert (whole.language, whole.said_in("en").title) == ("zh-Hans", "One day")


@pytest.mark.parametrize("code", ["zh-hans", "zh_Hans", "zh-CN", "zh-Hant-HK", "ZH"])
def test_a_language_spelled_otherwise_is_refused_with_those_there_are(code: str) -> None:
    with pytest.raises(DraftRefused) as refused:
        draft(toml() + f'[{code}]\ntitle = "一天"\n')
    (problem,) = refused.value.problems
    assert problem.kind is K.NO_SUCH_LANGUAGE
    assert texts.problem(problem).endswith("Choose one of: en (English), es (Español), zh-Hans (简体中文).")


def test_the_file_says_which_language_its_plain_fields_are_in() -> None:
    text = toml(title='"Un día"', language='"es"', on_the_day='"En tu puerta"') + 'title.en = "One day"\n'
    terms = draft(text).terms
    assert (terms.language, terms.title, terms.said_in("en").title) == ("es", "Un día", "One day")
    assert terms.said_in("en").on_the_day == "En tu puerta"
    assert draft(toml(language='"es"', title=None) + "[es]\n" + plainly(SAID)).terms.title == "Un día"


@pytest.mark.parametrize(
    ("more", "line", "kind"),
    [
        ('title.fr = "Un jour"\n', 6, K.NO_SUCH_LANGUAGE),
        ('[fr]\n\ntitle = "Un jour"\n', 8, K.NO_SUCH_LANGUAGE),
        ('language = "fr"\n', 6, K.NO_SUCH_LANGUAGE),
        ('[es]\n\ncity = "Nueva York"\n', 8, K.NOT_IN_LANGUAGES),
        ("[es]\n\nstarts = 2026-12-12T09:00:00-05:00\n", 8, K.NOT_IN_LANGUAGES),
        ('title.en = "One day"\n', 6, K.SAID_TWICE),
        ('title.es = ""\n', 6, K.EMPTY_TEXT),
        ('\ndemands.es = "Alquileres"\n', 7, K.WRONG_TYPE),
        ('[es]\ntitel = "Un día"\n', 7, K.UNKNOWN_FIELD_CLOSE_TO),
        ('title_es = "Un día"\n', 6, K.UNKNOWN_FIELD_CLOSE_TO),
        ('title.es = "Un día"\n[es]\ntitle = "Otro"\n', 7, K.TOML_SYNTAX),
        ("ends = 2026-12-12T09:00:00-05:00\n", 6, K.ENDS_TOO_EARLY),
        ("ends = 2026-12-12T17:00:00\n", 6, K.TIME_WITHOUT_OFFSET),
        ("ends = 9999-12-12T17:00:00Z\n", 6, K.TIME_TOO_FAR),
        (f'ask = "{"x" * 301}"\n', 6, K.TEXT_TOO_LONG),
        ('called_by = "The\\u202e committee"\n', 6, K.HIDDEN_CHARACTER),
    ],
)
def test_a_text_in_another_language_is_checked_on_its_own_line(more: str, line: int, kind: ProblemKind) -> None:
    assert problems(toml() + more) == only(line, kind)


def test_the_form_that_is_meant_is_named() -> None:
    with pytest.raises(DraftRefused) as refused:
        draft(toml(title_es='"Un día"') + '[es]\ncity = "Nueva York"\n[fr]\ntitle = "Un jour"\n')
    assert [texts.problem(problem) for problem in refused.value.problems] == [
        'walkout.toml, line 6: there is no field "title_es". Did you mean "title.es"?',
        (
            "walkout.toml, line 8: city.es cannot be there. In other languages you can write these fields: title, "
            "demands, legal_notice, on_the_day, called_by, ask, if_disciplined, levels, campaign, questions."
        ),
        (
            'walkout.toml, line 10: title.fr: "fr" is no language of mine. Choose one of: en (English), es (Español), '
            "zh-Hans (简体中文)."
        ),
    ]


def test_who_calls_it_when_it_ends_and_whom_to_ask() -> None:
    more = 'called_by = "The committee"\nask = "Your steward"\nif_disciplined = """Call us.\nAt once."""\n'
    terms = draft(toml(ends="2026-12-12T17:30:00-05:00") + more).terms
    assert terms.ends == datetime(2026, 12, 12, 17, 30, tzinfo=NEW_YORK)
    assert terms.ends.utcoffset() == timedelta(hours=-5)
    assert (terms.called_by, terms.ask, terms.if_disciplined) == ("The committee", "Your steward", "Call us.\nAt once.")
