"""Times in the file: by whose clocks they go, and every way to write one that people have found."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.draft import DraftRefused, ProblemKind
from handlers.texts import draft as texts
from handlers.texts.catalogue import speaking
from tests.draft.test_terms import draft, only, problems, toml

K = ProblemKind
NEW_YORK = '"America/New_York"'
LINE = 6  # of the first field that is not in the shortest file
EASTERN = timedelta(hours=-5)


def in_new_york(**fields: str | None) -> str:
    return toml(**{"starts": "2027-05-01T12:00:00", "pledge_by": "2027-04-28T20:00:00", "timezone": NEW_YORK, **fields})


def said(text: str, language: str = "en") -> str:
    with pytest.raises(DraftRefused) as refused:
        draft(text)
    with speaking(language):
        return texts.problems(refused.value)


@pytest.mark.parametrize(
    "pledge_by",
    [
        "2027-04-28T20:00:00",
        "2027-04-28 20:00:00",
        "2027-04-28T20:00:00-04:00",
        "2027-04-28T20:00-04:00",  # which TOML does not allow
        "2027-04-28T20:00",
        "2027-04-28 20:00  # eight in the evening",
        '"2027-04-28T20:00-04:00"',
        '"2027-04-28 20:00"',
        "'2027-04-28 20:00:00'",
        '" 2027-04-28T20:00:00 "',
    ],
)
def test_one_deadline_written_in_ten_ways(pledge_by: str) -> None:
    terms = draft(in_new_york(pledge_by=pledge_by)).terms
    assert terms.pledge_by.isoformat() == "2027-04-28T20:00:00-04:00"
    assert terms.timezone == "America/New_York"
    assert (terms.clock, terms.counts_to_twelve) == ("", True)


def test_each_time_has_the_offset_that_clocks_have_then() -> None:
    terms = draft(
        in_new_york(starts="2027-11-09T09:00:00", pledge_by="2027-11-05T09:00:00", ends="2027-11-10 09:00")
    ).terms
    assert [each.isoformat() for each in (terms.pledge_by, terms.starts)] == [
        "2027-11-05T09:00:00-04:00",
        "2027-11-09T09:00:00-05:00",
    ]
    assert terms.ends == terms.starts + timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "line", "kind"),
    [
        ({"starts": "2027-05-01T12:00:00+04:00"}, 2, K.OFFSET_NOT_OF_ZONE),  # the sign forgotten
        ({"starts": "2027-05-01T12:00:00-05:00"}, 2, K.OFFSET_NOT_OF_ZONE),  # the winter's
        ({"starts": "2027-05-01T16:00:00Z"}, 2, K.OFFSET_NOT_OF_ZONE),
        ({"pledge_by": "2027-03-14T02:30:00"}, 3, K.HOUR_LEFT_OUT),
        ({"pledge_by": "2027-03-14T02:30:00-05:00"}, 3, K.HOUR_LEFT_OUT),
        ({"starts": "2027-11-07T01:30:00"}, 2, K.HOUR_TWICE),
        ({"starts": "2027-11-07T01:30:00+01:00"}, 2, K.OFFSET_NOT_OF_ZONE),
        ({"pledge_by": "28.04.2027 20:00"}, 3, K.NOT_A_TIME),
        ({"pledge_by": '"28.04.2027 20:00"'}, 3, K.NOT_A_TIME),
        ({"pledge_by": "2027-04-28T24:00:00"}, 3, K.NOT_A_TIME),
        ({"pledge_by": "2027-04-31T20:00:00"}, 3, K.NOT_A_TIME),
        ({"pledge_by": "8 pm on 28 April"}, 3, K.NOT_A_TIME),
        ({"pledge_by": "2027-04-28"}, 3, K.NOT_A_TIME),
        ({"pledge_by": "20270428"}, 3, K.WRONG_TYPE),
        ({"timezone": '"New York"'}, LINE, K.NO_SUCH_ZONE_CLOSE_TO),
        ({"timezone": '"US/Eastern"'}, LINE, K.NO_SUCH_ZONE_CLOSE_TO),
        ({"timezone": '"America/Newark"'}, LINE, K.NO_SUCH_ZONE),
        ({"timezone": '"EST"'}, LINE, K.NO_SUCH_ZONE),
        ({"timezone": '"../../etc/passwd"'}, LINE, K.NO_SUCH_ZONE),
        ({"timezone": '""'}, LINE, K.EMPTY_TEXT),
        ({"timezone": "-5"}, LINE, K.WRONG_TYPE),
        ({"clock": '"12"'}, LINE + 1, K.NOT_A_CHOICE),
        ({"clock": "12"}, LINE + 1, K.WRONG_TYPE),
        ({"ends": "2027-05-01T11:00:00"}, LINE + 1, K.ENDS_TOO_EARLY),
    ],
)
def test_a_time_that_no_clock_there_shows_is_refused_on_its_line(
    fields: dict[str, str], line: int, kind: ProblemKind
) -> None:
    assert problems(in_new_york(**fields)) == only(line, kind)


@pytest.mark.parametrize(
    ("fields", "line", "kind"),
    [
        ({"starts": "2026-12-12T13:00:00Z"}, 2, K.TIME_IN_UTC),
        ({"starts": '"2026-12-12 13:00z"'}, 2, K.TIME_IN_UTC),
        ({"starts": "2026-12-12T09:00:00"}, 2, K.TIME_WITHOUT_OFFSET),
        ({"pledge_by": "2026-12-08T20:00:00-04:00"}, 3, K.TWO_OFFSETS),
        ({"ends": "2026-12-12T18:00:00-06:00"}, LINE, K.TWO_OFFSETS),
    ],
)
def test_without_a_zone_what_may_be_a_slip_is_asked_about(fields: dict[str, str], line: int, kind: ProblemKind) -> None:
    assert problems(toml(**fields)) == only(line, kind)
    assert 'timezone = "America/New_York"' in said(toml(**fields))
    assert 'timezone = "America/New_York"' in said(toml(**fields), "es")


@pytest.mark.parametrize("zone", [NEW_YORK, '"Asia/Tokyo"', None])
def test_no_year_is_too_long_ago_to_be_past(zone: str | None) -> None:
    long_ago = "0001-01-01T00:00:00" + ("" if zone else "-04:00")
    fields = in_new_york(starts=long_ago, pledge_by="2027-04-28T20:00:00" + ("" if zone else "-04:00"), timezone=zone)
    assert problems(fields) == only(2, K.TIME_PAST)


def test_without_a_zone_one_offset_is_taken_as_it_is_written() -> None:
    terms = draft(toml()).terms
    assert (terms.timezone, terms.clock, terms.counts_to_twelve) == ("", "", False)
    assert terms.starts.utcoffset() == terms.pledge_by.utcoffset() == EASTERN
    greenwich = {"starts": "2026-12-12T09:00:00+00:00", "pledge_by": "2026-12-08T20:00:00+00:00"}
    assert draft(toml(**greenwich)).terms.starts.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"starts": "2027-05-01T12:00:00+04:00"}, ["+04:00", "-04:00", "America/New_York"]),
        ({"pledge_by": "2027-03-14T02:30:00"}, ["2027-03-14T01:30:00-05:00", "2027-03-14T03:30:00-04:00"]),
        ({"starts": "2027-11-07T01:30:00"}, ["2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"]),
        ({"pledge_by": "28.04.2027 20:00"}, ["line 3", "28.04.2027 20:00", "pledge_by = 2026-12-12T09:00:00"]),
        ({"timezone": '"nyc"'}, ["America/New_York"]),
    ],
)
def test_what_to_write_instead_is_named(fields: dict[str, str], words: list[str]) -> None:
    for language in ("en", "es"):
        sentence = said(in_new_york(**fields), language).replace("línea", "line")
        assert [word for word in words if word not in sentence] == []


@pytest.mark.parametrize("first", ["2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"])
def test_what_is_named_for_an_hour_that_is_there_twice_is_taken(first: str) -> None:
    assert draft(in_new_york(starts=first)).terms.starts == datetime.fromisoformat(first)


def test_a_zone_that_no_file_can_name_is_not_sound() -> None:
    plan = draft(in_new_york())
    assert plan.is_sound
    assert not replace(plan, terms=replace(plan.terms, timezone="../zone")).is_sound


def test_a_time_of_ours_and_a_translation_in_one_file_that_toml_refuses_for_both() -> None:
    terms = draft(in_new_york(pledge_by="2027-04-28T20:00") + 'title.es = "Un día"\n').terms
    assert terms.said_in("es").title == "Un día"
    assert terms.pledge_by.hour == 20


def test_a_text_that_looks_like_a_field_stays_as_it_is() -> None:
    notice = "Read this:\nstarts = 2027-05-01 12:00\nand that."
    terms = draft(in_new_york(legal_notice=f'"""{notice}"""')).terms
    assert terms.legal_notice == notice
