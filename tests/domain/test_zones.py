"""What clocks show in a city, and tallies, reminders and the day before across a change of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import rules, zones
from bot.domain.model import Kind, Stage, Terms
from tests.conftest import opened, shops, terms

NEW_YORK = "America/New_York"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEEN = [NEW_YORK, "Europe/London", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]

names = st.sampled_from(SEEN)
instants = st.datetimes(datetime(2009, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def where(zone: str = NEW_YORK, **changes: object) -> Terms:
    return terms(timezone=zone, **changes)


@pytest.mark.parametrize(
    ("wall", "there"),
    [
        ("2027-07-01T12:00", ["2027-07-01T12:00:00-04:00"]),
        ("2027-01-01T12:00", ["2027-01-01T12:00:00-05:00"]),
        ("2027-03-14T02:30", []),
        ("2027-11-07T01:30", ["2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"]),
        ("2027-11-07T02:00", ["2027-11-07T02:00:00-05:00"]),
    ],
)
def test_a_time_is_there_once_twice_or_not_at_all(wall: str, there: list[str]) -> None:
    assert [each.isoformat() for each in zones.showing(at(wall), NEW_YORK)] == there


def test_what_stands_for_an_hour_that_is_left_out_lies_as_long_before_and_after() -> None:
    around = zones.neighbours(at("2027-03-14T02:30"), NEW_YORK)
    assert [each.isoformat() for each in around] == ["2027-03-14T01:30:00-05:00", "2027-03-14T03:30:00-04:00"]


@given(names, instants)
def test_an_instant_keeps_its_place_and_says_what_clocks_show(zone: str, instant: datetime) -> None:
    there = zones.pinned(instant, zone)
    assert there == instant
    assert there.replace(tzinfo=None) == instant.astimezone(zones.zone(zone)).replace(tzinfo=None)
    assert not isinstance(there.tzinfo, ZoneInfo)
    assert there in zones.showing(there.replace(tzinfo=None), zone)


@pytest.mark.parametrize(
    "name", ["EST", "EST5EDT", "US/Eastern", "UTC", "Etc/GMT+5", "Japan", "america/new_york", "", "/"]
)
def test_what_names_no_city_is_no_zone(name: str) -> None:
    assert not zones.is_known(name)
    with pytest.raises(KeyError):
        zones.zone(name)


@pytest.mark.parametrize(
    ("zone", "clock"),
    [
        (NEW_YORK, "12h"),
        ("Asia/Kolkata", "12h"),
        ("Asia/Calcutta", "12h"),
        ("America/Bogota", "12h"),
        ("Europe/London", "24h"),
        ("Europe/Madrid", "24h"),
        ("America/Sao_Paulo", "24h"),
        ("America/Port-au-Prince", "24h"),
    ],
)
def test_the_clock_is_the_countrys(zone: str, clock: str) -> None:
    assert zones.clock_in(zone) == clock
    assert where(zone).counts_to_twelve is (clock == "12h")
    assert where(zone, clock="24h").counts_to_twelve is False
    assert where(zone, clock="12h").counts_to_twelve is True


def test_every_zone_that_is_known_can_be_read() -> None:
    for name in zones.cities():
        assert zones.zone(name).key == name


def test_without_a_zone_an_instant_has_the_offset_that_was_written() -> None:
    written = terms(starts=at("2027-11-09T09:00:00-04:00"), pledge_by=at("2027-11-05T09:00:00-05:00"))
    assert written.local(written.starts).isoformat() == "2027-11-09T09:00:00-04:00"
    assert written.local(written.pledge_by).isoformat() == "2027-11-05T09:00:00-05:00"
    assert written.local(at("2027-11-04T12:00:00+00:00")).isoformat() == "2027-11-04T07:00:00-05:00"
    assert written.shifted(written.starts, -7 * DAY) == written.starts - 7 * DAY
    assert written.counts_to_twelve is False


# -- tallies ------------------------------------------------------------------------------------------------------


def by_the_calendar(zone: str, since: datetime, days: int) -> Iterator[datetime]:
    """The oracle: walk the calendar day by day, and ask Python what stands on each."""
    local = since.astimezone(zones.zone(zone))
    hour = time(local.hour, local.minute, local.second, local.microsecond, fold=local.fold)
    for step in count(1):
        day = local.date() + timedelta(days=step * days)
        yield datetime.combine(day, hour, tzinfo=zones.zone(zone)).astimezone(UTC)


def as_it_elapses(since: datetime, every: timedelta) -> Iterator[datetime]:
    yield from (since + n * every for n in count(1))


@given(
    names,
    instants,
    st.one_of(
        st.integers(1, 9).map(lambda days: days * DAY), st.integers(1, 200).map(lambda n: n * timedelta(minutes=20))
    ),
    st.integers(1, 400),
    st.integers(-90, 90).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_tallies_of_whole_days_keep_to_the_clock_and_all_others_to_what_elapses(
    zone: str, since: datetime, every: timedelta, steps: int, off: timedelta
) -> None:
    expected = as_it_elapses(since, every)
    if every % DAY == timedelta():
        expected = by_the_calendar(zone, since, every // DAY)
    now = since + steps * every + off
    if now <= since:
        return
    passed, following = [], next(expected)
    while following <= now:
        passed.append(following)
        following = next(expected)
    about = where(zone, tally_every=every, starts=now + 99 * DAY, pledge_by=now + 90 * DAY)
    walkout = replace(opened(), terms=about, opened=since)
    assert rules.tally_after(walkout, now) == following
    if passed:
        walkout = replace(walkout, next_tally=passed[0])
        assert rules.latest_tally(walkout, now) == passed[-1]


@pytest.mark.parametrize("first", ["2027-03-10T20:00:00-05:00", "2027-11-03T20:00:00-04:00"])
def test_each_day_is_counted_once_at_the_same_hour_across_a_change_of_clocks(first: str) -> None:
    about = where(tally_every=DAY, pledge_by=zones.pinned(at(first) + 9 * DAY, NEW_YORK), starts=at(first) + 14 * DAY)
    walkout, places = replace(opened(), terms=about, opened=at(first), next_tally=None), shops(9, 9)
    walkout = replace(walkout, next_tally=rules.tally_after(walkout, at(first)))
    taken = []
    while walkout.stage is Stage.OPEN and walkout.next_tally is not None:
        taken.append(walkout.next_tally)
        walkout = rules.tally(walkout, places, now=walkout.next_tally).walkout
    assert {about.local(each).time() for each in taken[:-1]} == {time(20)}
    assert len({about.local(each).date() for each in taken[:-1]}) == len(taken) - 1
    assert {late - early for early, late in pairwise(taken[:-1])} == {
        DAY,
        DAY + HOUR if "-11-" in first else DAY - HOUR,
    }


def test_newer_rules_for_the_zone_never_count_the_same_tally_again() -> None:
    since = at("2027-03-10T20:00:00-05:00")
    about = where(tally_every=DAY, pledge_by=since + 9 * DAY, starts=since + 12 * DAY)
    due = since + DAY - HOUR  # as it was stored, by rules that were so
    walkout = replace(opened(), terms=about, opened=since, next_tally=due)
    assert rules.latest_tally(walkout, due) == due


def test_reminders_and_the_day_before_keep_to_the_clock() -> None:
    about = where(
        starts=at("2027-11-09T09:00:00-05:00"),
        pledge_by=at("2027-11-08T09:00:00-05:00"),
        reminders=(2 * DAY, timedelta(hours=36)),
    )
    walkout = replace(opened(), terms=about, opened=at("2027-11-01T09:00:00-04:00"))
    first = rules.next_reminder(walkout)
    assert first is not None
    assert first.isoformat() == "2027-11-06T09:00:00-04:00"
    second = rules.next_reminder(replace(walkout, reminded=first))
    assert second == about.pledge_by - timedelta(hours=36)

    about = replace(about, pledge_by=at("2027-11-05T09:00:00-04:00"), starts=at("2027-11-07T18:00:00-05:00"))
    on = replace(walkout, terms=about, stage=Stage.ON, next_tally=None, reminded=about.pledge_by)
    assert rules.next_reminder(on) == at("2027-11-06T18:00:00-04:00")
    ruled = rules.remind(on, shops(9), now=at("2027-11-06T18:00:00-04:00"))
    assert {news.kind for news in ruled.announcements} == {Kind.TOMORROW}
