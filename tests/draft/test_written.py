"""The two files as the bot writes them are read back the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import zones
from bot.domain.model import FEWEST, CountedBy, Counts, Entry, Question, StepKind, Terms, Words
from bot.draft import DraftUnit, RosterOptions, SourceFile, read
from bot.draft.writing import check_field, terms_file, workplaces_file
from bot.parsing.typed_text import plain_name

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ZONES = ("America/New_York", "Europe/Madrid", "Asia/Kolkata", "Pacific/Chatham", "")

seen = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
texts = st.text(seen, max_size=30).map(lambda text: f"x{text}".strip())
lines = st.lists(texts, max_size=3).map("\n".join)
minutes = st.integers(2 * 24 * 60, 300 * 24 * 60).map(lambda n: timedelta(minutes=n))
lengths = st.integers(1, 365 * 24 * 60).map(lambda n: timedelta(minutes=n))
words = st.builds(
    Words,
    title=texts,
    demands=st.lists(texts, max_size=3).map(tuple),
    legal_notice=lines,
    on_the_day=lines,
    called_by=texts,
    ask=texts,
    if_disciplined=lines,
)
options = st.lists(texts, min_size=2, max_size=8, unique_by=plain_name).map(tuple)
questions = st.lists(st.builds(Question, text=texts, options=options, many=st.booleans()), max_size=3).map(tuple)


@st.composite
def walkouts(draw: st.DrawFn) -> Terms:
    """Draw terms as a file can have them."""
    zone = draw(st.sampled_from(ZONES))
    starts = NOW + draw(minutes)
    times = {"starts": starts, "pledge_by": starts - timedelta(hours=draw(st.integers(1, 40)))}
    if draw(st.booleans()):
        times["ends"] = starts + timedelta(hours=draw(st.integers(1, 40)))
    placed: dict[str, Any] = {name: zones.pinned(at, zone) if zone else at for name, at in times.items()}
    own = draw(words)
    return Terms(
        **{**own.written(), "title": own.title},
        **placed,
        timezone=zone,
        clock=draw(st.sampled_from(("", "12h", "24h"))),
        citywide_threshold=draw(st.integers(FEWEST, 20)),
        city=draw(st.one_of(st.just(""), texts)),
        citywide_counts=draw(st.sampled_from(Counts)),
        minimum_workplaces=draw(st.integers(1, 2)),
        confirm_tallies=draw(st.one_of(st.none(), st.integers(1, 5))),
        tally_every=max(draw(lengths), timedelta(minutes=15)),
        entry=draw(st.sampled_from(Entry)),
        approvals=draw(st.integers(1, 9)),
        milestones=draw(st.booleans()),
        turnout=draw(st.booleans()),
        reminders=tuple(draw(st.lists(lengths, unique=True, max_size=3))),
        language=draw(st.sampled_from(("", "en"))),
        translations={"es": draw(words)} if draw(st.booleans()) else {},
    )


UNITS = (
    DraftUnit(
        name='The "Blue" Depot, North', headcount=12, threshold=7, meet="at the gate", meets={"es": "en la puerta"}
    ),
    DraftUnit(name="=SUM(A1)", headcount=40, threshold=40),
)


@st.composite
def steps(draw: st.DrawFn) -> Terms:
    """Draw terms of a step of a campaign, as a file can have them."""
    terms = replace(draw(walkouts()), entry=Entry.CARDS, campaign=draw(texts), opens_where=draw(st.integers(2, 100)))
    said = {each: replace(words, campaign=draw(texts)) for each, words in terms.translations.items()}
    kind = draw(st.sampled_from(StepKind))
    if kind is not StepKind.SURVEY:
        counted_by = draw(st.sampled_from(CountedBy)) if terms.turnout else CountedBy.CARDS
        return replace(terms, kind=kind, counted_by=counted_by, translations=said)
    asked = draw(questions)
    if draw(st.booleans()):
        alike = tuple(
            replace(each, text=draw(texts), options=tuple(f"{n} {option}" for n, option in enumerate(each.options)))
            for each in asked
        )
        said = {each: replace(words, questions=alike) for each, words in said.items()}
    said = {each: replace(words, on_the_day="") for each, words in said.items()}
    return replace(
        terms,
        kind=kind,
        starts=terms.pledge_by,
        ends=None,
        turnout=False,
        on_the_day="",
        questions=asked,
        translations=said,
    )


@given(st.one_of(walkouts(), steps()))
def test_terms_are_read_back_the_same(terms: Terms) -> None:
    toml = SourceFile(name="walkout.toml", data=terms_file(terms, "workplaces.csv", {"title": "One\ntwo"}))
    roster = SourceFile(name="workplaces.csv", data=workplaces_file(UNITS))
    plan = read(toml, roster, RosterOptions(), now=NOW, languages=("en", "es"))
    assert plan.terms == terms
    assert plan.terms.starts.utcoffset() == terms.starts.utcoffset()
    assert sorted(plan.units, key=lambda unit: unit.name) == sorted(UNITS, key=lambda unit: unit.name)


def test_what_is_as_usual_is_left_out_and_times_are_those_of_the_zone() -> None:
    terms = Terms(
        title="A day",
        timezone="America/New_York",
        starts=datetime(2027, 5, 1, 16, tzinfo=UTC),
        pledge_by=datetime(2027, 11, 7, 5, 30, tzinfo=UTC),  # the first half past one of that night
        citywide_threshold=5,
        tally_every=timedelta(days=1),
    )
    said = terms_file(terms, "w.csv", {"title": "What it is called."}).decode().splitlines()
    assert said[:2] == ["# What it is called.", 'title = "A day"']
    assert said[2:] == [
        'city = ""',
        'timezone = "America/New_York"',
        "starts = 2027-05-01T12:00:00",
        "pledge_by = 2027-11-07T05:30:00+00:00",
        "citywide_threshold = 5",
        'tally_every = "1d"',
        'workplaces = "w.csv"',
    ]


def test_no_name_is_run_by_a_spreadsheet() -> None:
    assert workplaces_file(UNITS).decode("utf-8-sig").splitlines()[2] == "'=SUM(A1),40,40,,"


def test_one_field_is_held_against_the_rules_of_the_file() -> None:
    assert check_field("title", "A day for the bus", now=NOW) == []
    assert [each.kind for each in check_field("title", "x" * 300, now=NOW)] == ["text_too_long"]
    assert [each.kind for each in check_field("starts", NOW - timedelta(1), now=NOW)] == ["time_past"]
    assert [each.kind for each in check_field("citywide_threshold", 4, now=NOW)] == ["number_too_low"]
