"""What people type for their city, and for a date and time there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import zones
from bot.parsing.dates import Moment, MomentProblem, Trouble, read_moment, zones_named
from handlers.texts.catalogue import languages, speaking, translated
from handlers.texts.languages import ENGLISH
from handlers.texts.times import _date as moment_date
from handlers.texts.times import moment_choices, moment_label, moment_problem, moment_says
from tests.catalogues import without_isolates
from tests.test_catalogues import messages

NEW_YORK = "America/New_York"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("New York", [NEW_YORK]),
        ("  new   york ", [NEW_YORK]),
        ("new york city", [NEW_YORK]),
        ("NYC", [NEW_YORK]),
        ("Nowy Jork", [NEW_YORK]),
        ("\u7ebd\u7ea6", [NEW_YORK]),
        ("\u09a8\u09bf\u0989 \u0987\u09af\u09bc\u09b0\u09cd\u0995", [NEW_YORK]),
        ("\u041d\u044c\u044e-\u0419\u043e\u0440\u043a", [NEW_YORK]),
        ("Nueva York", [NEW_YORK]),
        ("America/New_York", [NEW_YORK]),
        ("america/new york", [NEW_YORK]),
        ("US/Eastern", [NEW_YORK]),
        ("São Paulo", ["America/Sao_Paulo"]),
        ("Sa\u0303o Paulo", ["America/Sao_Paulo"]),
        ("sao_paulo", ["America/Sao_Paulo"]),
        ("Bogotá", ["America/Bogota"]),
        ("Bogotá, ", ["America/Bogota"]),
        ("japan", ["Asia/Tokyo"]),
        ("Calcutta", ["Asia/Kolkata"]),
        ("Kiev", ["Europe/Kyiv"]),
        ("San Juan", ["America/Argentina/San_Juan", "America/Puerto_Rico"]),
        ("Victoria", ["Australia/Melbourne", "America/Vancouver"]),  # the city, or the state?
        ("Davis", ["Antarctica/Davis", "America/Los_Angeles"]),
        ("Palmer", ["Antarctica/Palmer", "America/Anchorage"]),
        ("La Paz", ["America/La_Paz", "America/Mazatlan"]),
        ("Córdoba", ["America/Argentina/Cordoba", "Europe/Madrid"]),
        ("Newark", []),
        ("Washington", []),
        ("Georgia", []),  # the country, or the state?
        ("United States", []),  # has many
        ("EST", []),
        ("UTC", []),
        ("", []),
        ("\u202e", []),
        ("new york " * 1000, []),
    ],
)
def test_a_city_names_its_zone_and_nothing_is_guessed(typed: str, named: list[str]) -> None:
    assert zones_named(typed) == tuple(named)


def test_every_city_names_its_own_zone_and_no_more_are_given_than_asked_for() -> None:
    for name in zones.cities():
        assert name in zones_named(zones.city(name).upper())
        assert name in zones_named(name)
    assert len(zones_named("San Juan", limit=1)) == 1


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("Sat 1 May 2027 12:00", "2027-05-01T12:00:00-04:00"),
        ("1 May 2027 noon", "2027-05-01T12:00:00-04:00"),
        ("1 May 2027, 12 noon", "2027-05-01T12:00:00-04:00"),
        ("May 1, 9 am", "2027-05-01T09:00:00-04:00"),
        ("May 1st 2027, 9:30 p.m.", "2027-05-01T21:30:00-04:00"),
        ("Saturday the 1st of May 2027 at 6 pm", "2027-05-01T18:00:00-04:00"),
        ("2027-05-01 12:00", "2027-05-01T12:00:00-04:00"),
        ("2027-05-01T12:00:00", "2027-05-01T12:00:00-04:00"),
        ("2027/5/1 12:00", "2027-05-01T12:00:00-04:00"),
        ("13.5.2027 20:00", "2027-05-13T20:00:00-04:00"),
        ("5.13. 20:00", "2027-05-13T20:00:00-04:00"),
        ("Sat 1.5.2027 20:00", "2027-05-01T20:00:00-04:00"),
        ("20:00, 13/5/2027", "2027-05-13T20:00:00-04:00"),
        ("5/13/2027 8pm", "2027-05-13T20:00:00-04:00"),
        ("5/5/2027 8pm", "2027-05-05T20:00:00-04:00"),
        ("5/13/27 8pm", "2027-05-13T20:00:00-04:00"),
        ("13.5.27, 20:00", "2027-05-13T20:00:00-04:00"),
        ("Sat 5/6/2027 9am", "2027-06-05T09:00:00-04:00"),  # the other is a Thursday
        ("12/1 9am", None),
        ("1 dec 9am", "2026-12-01T09:00:00-05:00"),
        ("29 Nov 6 am", "2027-11-29T06:00:00-05:00"),  # today's is past
        ("29 Nov 8 am", "2026-11-29T08:00:00-05:00"),
        ("29 Feb 10h", "2028-02-29T10:00:00-05:00"),
        ("1 May 2027 at 20", "2027-05-01T20:00:00-04:00"),
        ("sábado 1 de mayo de 2027 a las 20:00", "2027-05-01T20:00:00-04:00"),
        ("el 1 de mayo de 2027 a las 6 p. m.", "2027-05-01T18:00:00-04:00"),
        ("martes 2 de marzo de 2027, mediodía", "2027-03-02T12:00:00-05:00"),
        ("mar 2 mar 2027 10h30", "2027-03-02T10:30:00-05:00"),
        ("9 h 10 May 2027", "2027-05-10T09:00:00-04:00"),
        ("1 sep 2027 20 hrs", "2027-09-01T20:00:00-04:00"),
        ("27 April 2027 midnight", "2027-04-28T00:00:00-04:00"),
        ("27 abril 2027 medianoche", "2027-04-28T00:00:00-04:00"),
        ("27 April 2027 24:00", "2027-04-28T00:00:00-04:00"),
        ("end of the day 27 April 2027", "2027-04-28T00:00:00-04:00"),
        ("27 April 2027 00:00", "2027-04-27T00:00:00-04:00"),
        ("１ May 2027 ０９:00", "2027-05-01T09:00:00-04:00"),  # noqa: RUF001
        ("٢٧ April 2027 ٢٠:٠٠", "2027-04-27T20:00:00-04:00"),  # noqa: RUF001
    ],
)
def test_what_can_mean_one_thing_is_read(typed: str, at: str | None) -> None:
    found = read_moment(typed, NEW_YORK, now=NOW)
    if at is None:
        assert isinstance(found, MomentProblem)
    else:
        assert isinstance(found, Moment)
        assert found.at.isoformat() == at


@pytest.mark.parametrize(
    ("typed", "trouble", "readings"),
    [
        ("5/6/2027 9am", Trouble.TWO_READINGS, ["2027-05-06T09:00:00-04:00", "2027-06-05T09:00:00-04:00"]),
        ("5-6-2027 9am", Trouble.TWO_READINGS, ["2027-05-06T09:00:00-04:00", "2027-06-05T09:00:00-04:00"]),
        ("5.6.2027 9am", Trouble.TWO_READINGS, ["2027-05-06T09:00:00-04:00", "2027-06-05T09:00:00-04:00"]),
        ("5.6. 9am", Trouble.TWO_READINGS, ["2027-05-06T09:00:00-04:00", "2027-06-05T09:00:00-04:00"]),
        ("1 May 2027 at 9", Trouble.TWO_READINGS, ["2027-05-01T09:00:00-04:00", "2027-05-01T21:00:00-04:00"]),
        ("1 May 2027 6:30", Trouble.TWO_READINGS, ["2027-05-01T06:30:00-04:00", "2027-05-01T18:30:00-04:00"]),
        ("1 de mayo a las 9:00", Trouble.TWO_READINGS, ["2027-05-01T09:00:00-04:00", "2027-05-01T21:00:00-04:00"]),
        ("1 May 2027 12 am", Trouble.TWO_READINGS, ["2027-05-01T00:00:00-04:00", "2027-05-02T00:00:00-04:00"]),
        ("14 Mar 2027 2:30 am", Trouble.SKIPPED, ["2027-03-14T01:30:00-05:00", "2027-03-14T03:30:00-04:00"]),
        ("7 Nov 2027 1:30 am", Trouble.TWICE, ["2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"]),
        ("Fri 1 May 2027 noon", Trouble.OTHER_WEEKDAY, []),
        ("1 May 2026 noon", Trouble.PAST, []),
        ("27/5/13 noon", Trouble.PAST, []),  # the year comes last
        ("1 May 2027", Trouble.NO_HOUR, []),
        ("9 am", Trouble.NO_DATE, []),
        ("31 June 2027 noon", Trouble.NO_SUCH_DAY, []),
        ("13/13/2027 noon", Trouble.NO_SUCH_DAY, []),
        ("1 May 2027 25:00", Trouble.NO_SUCH_HOUR, []),
        ("1 May 2027 13 pm", Trouble.NO_SUCH_HOUR, []),
        ("1 May 2027 9:75", Trouble.NO_SUCH_HOUR, []),
        ("1 May 9999 noon", Trouble.TOO_FAR, []),
        ("31 Dec 9999 midnight", Trouble.TOO_FAR, []),
        ("tomorrow", Trouble.UNREADABLE, []),
        ("the day before 20:00", Trouble.UNREADABLE, []),
        ("1 May 2027 9am EST", Trouble.UNREADABLE, []),
        ("1 May or 2 May 2027, 9 am", Trouble.UNREADABLE, []),
        ("1 May 2027 9 am or 10 am", Trouble.UNREADABLE, []),
        ("9h 10 May 27", Trouble.UNREADABLE, []),  # the 10th of May at nine, or the 27th at 9:10
        ("1.5.2027 2.5.2027 9:00", Trouble.UNREADABLE, []),
        ("", Trouble.UNREADABLE, []),
        ("🙂", Trouble.UNREADABLE, []),
    ],
)
def test_what_cannot_is_asked_about(typed: str, trouble: Trouble, readings: list[str]) -> None:
    found = read_moment(typed, NEW_YORK, now=NOW)
    assert isinstance(found, MomentProblem)
    assert (found.trouble, [each.at.isoformat() for each in found.readings]) == (trouble, readings)
    for language in ("en", "es"):
        with speaking(language):
            assert "{" not in moment_problem(found)
            assert len(set(moment_choices(found))) == len(readings)


@pytest.mark.parametrize("zone", [NEW_YORK, "Asia/Tokyo"])
@pytest.mark.parametrize("typed", ["1 Jan 0001 00:00", "31 Dec 1999 noon"])
def test_no_year_is_too_long_ago_to_be_past(typed: str, zone: str) -> None:
    found = read_moment(typed, zone, now=NOW)
    assert isinstance(found, MomentProblem)
    assert found.trouble is Trouble.PAST


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("1 May 2027 6:30", "Europe/London"),  # where people say 18:30 for the other
        ("1 May 2027 06:30", NEW_YORK),
        ("1 May 2027 6:30 h", NEW_YORK),
        ("1 May 2027 6h30", NEW_YORK),
    ],
)
def test_an_hour_that_is_one_of_twenty_four_is_not_asked_about(typed: str, zone: str) -> None:
    found = read_moment(typed, zone, now=NOW)
    assert isinstance(found, Moment)
    assert f"{found.at:%H:%M}" == "06:30"


def test_a_weekday_that_does_not_fit_is_named_beside_the_one_that_does() -> None:
    found = read_moment("Fri 1 May 2027 noon", NEW_YORK, now=NOW)
    assert isinstance(found, MomentProblem)
    assert (found.day, found.weekday) == (date(2027, 5, 1), 4)
    assert moment_problem(found) == "1 May 2027 is a Saturday, not a Friday. Check the date."
    with speaking("es"):
        assert moment_problem(found) == "El 1 de mayo de 2027 es sábado, no viernes. Revisa la fecha."


@given(st.text(max_size=120), st.sampled_from([NEW_YORK, "Asia/Kolkata", "Pacific/Apia"]))
def test_whatever_is_typed_is_a_moment_in_the_future_or_a_problem(typed: str, zone: str) -> None:
    found = read_moment(typed, zone, now=NOW)
    moments = [found] if isinstance(found, Moment) else found.readings
    assert all(each.at > NOW and each.zone == zone for each in moments)


FORMS = (
    "{0:%a} {0.day} {0:%b} {0.year} {0:%H:%M}",
    "{0:%A}, {0:%B} {0.day}, {0.year} at {0:%I:%M %p}",
    "{0:%Y-%m-%d %H:%M}",
    "{0.day}.{0.month}.{0.year} {0:%H:%M}",
    "{0:%H:%M} {0:%a} {0.month}/{0.day}/{0.year}",
)


@given(
    st.datetimes(datetime(2026, 12, 1), datetime(2040, 1, 1)),  # noqa: DTZ001
    st.sampled_from(FORMS),
    st.sampled_from([NEW_YORK, "Europe/London", "Australia/Lord_Howe"]),
)
def test_a_time_in_any_of_the_usual_forms_is_the_one_that_was_written(wall: datetime, form: str, zone: str) -> None:
    wall = wall.replace(second=0, microsecond=0)
    found = read_moment(form.format(wall), zone, now=NOW)
    there = zones.showing(wall, zone)
    if len(there) != 1:
        assert isinstance(found, MomentProblem)
        assert found.trouble in {Trouble.SKIPPED, Trouble.TWICE, Trouble.TWO_READINGS}
    elif isinstance(found, Moment):
        assert found.at == there[0]
    else:  # 12 am, or a day and month that the weekday does not tell apart
        assert found.trouble is Trouble.TWO_READINGS
        assert there[0] in [each.at for each in found.readings]


def test_what_was_read_is_said_with_the_city_and_how_far_away_it_is() -> None:
    noon = Moment(at=datetime.fromisoformat("2027-05-01T12:00:00-04:00"), zone=NEW_YORK)
    assert moment_says(noon, NOW) == "Sat 1 May 2027, noon in New York, in 153 days"
    london = Moment(at=datetime.fromisoformat("2027-05-01T12:00:00+01:00"), zone="Europe/London")
    assert moment_says(london, NOW) == "Sat 1 May 2027, 12:00 in London, in 153 days"
    midnight = Moment(at=datetime.fromisoformat("2027-04-28T00:00:00-04:00"), zone=NEW_YORK)
    assert moment_says(midnight, NOW) == "the end of Tuesday 27 April 2027 in New York, in 149 days"
    with speaking("es"):
        assert moment_says(midnight, NOW) == "final del martes 27 de abril de 2027 en New York, en 149 días"
    soon = Moment(at=zones.pinned(NOW + timedelta(hours=5), NEW_YORK), zone=NEW_YORK)
    assert moment_says(soon, NOW) == "Sun 29 Nov 2026, noon in New York, in 5 hours"


HOURS = (time(9), time(11, 30), time(12), time(18, 30), time(23, 59))


@pytest.mark.parametrize("to_twelve", [True, False])
@pytest.mark.parametrize("language", languages())
def test_every_date_is_read_as_it_is_written_in_that_language(language: str, to_twelve: bool) -> None:  # noqa: FBT001
    zone = NEW_YORK if to_twelve else "Europe/Warsaw"
    with speaking(language):
        for month, hour in product(range(1, 13), HOURS):
            at = zones.showing(datetime.combine(date(2027, month, 7 + month), hour), zone)[0]
            for said in (moment_label(Moment(at=at, zone=zone)), f"{moment_date(at)} {at:%H:%M}"):
                read = read_moment(said, zone, now=NOW)
                readings = [read] if isinstance(read, Moment) else read.readings
                assert at in {each.at for each in readings}, (said, read)


@pytest.mark.parametrize("language", languages())
def test_what_is_asked_for_as_an_example_is_read(language: str) -> None:
    samples = [r"\S+ 1 \S+ 12:00", r"1 \S+ 12:00", r"1 \S+ 2027 \d\d:00", r"2027-05-01 \d\d:00"]
    asked = [str(message.id) for message in messages("es") if re.search(r"1 May (?:2027 )?\d\d:00", str(message.id))]
    assert len(asked) >= 5
    for english in asked:
        said = english if language == ENGLISH else translated(english, language)
        assert said is not None
        found = [found[0] for sample in samples if (found := re.search(sample, without_isolates(said)))]
        read = [moment for each in found if isinstance(moment := read_moment(each, NEW_YORK, now=NOW), Moment)]
        assert {moment.at.date() for moment in read} == {date(2027, 5, 1)}, (said, found)
