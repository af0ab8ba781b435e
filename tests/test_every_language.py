"""In every language dates can be read, and terminals hold what is said, though letters are two cells wide or none."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from rich.text import Text
from wcwidth import wcswidth

from bot.domain.model import CardState
from handlers.demo import display
from handlers.texts import console, demo, names, times, workers
from handlers.texts.catalogue import languages, speaking
from tests.fixed import WALKOUT, seen

WIDE = ("ar", "zh-Hans", "bn")
"""From right to left; two cells a letter; letters of no cell."""

NEW_YEAR = datetime.fromisoformat("2027-01-15T09:05:00-05:00")


def months() -> list[datetime]:
    return [NEW_YEAR.replace(month=month) for month in range(1, 13)]


@pytest.mark.parametrize("language", languages())
def test_a_date_says_weekday_day_month_and_year(language: str) -> None:
    with speaking(language):
        for whole in (times._date, lambda day: times._said(day, to_twelve=False)):
            said = [str(whole(day)) for day in months()]
            assert len({re.sub(r"\b15\b|2027", "", text) for text in said}) == len(said), said
            assert all(re.search(r"(?<!\d)15(?!\d)", text) and "2027" in text for text in said), said
        week = [NEW_YEAR + timedelta(days=days) for days in range(7)]
        assert len({times._weekday(day.weekday()) for day in week}) == len(week)
        assert len({times._day_of(day) for day in week}) == len(week)
        assert all(times._day_of(day) in times._said(day, to_twelve=False) for day in week)


@pytest.mark.parametrize("language", languages())
def test_every_hour_of_a_day_is_said_differently_by_either_clock(language: str) -> None:
    hours = [NEW_YEAR.replace(hour=hour, minute=minute) for hour in range(24) for minute in (0, 30)]
    with speaking(language):
        for to_twelve in (True, False):
            assert len({times._clock(hour, to_twelve=to_twelve) for hour in hours}) == len(hours)
        assert all(times._clock(hour, to_twelve=False) == f"{hour:%H:%M}" for hour in hours)


@pytest.mark.parametrize("language", languages())
def test_a_list_says_every_name_in_order_and_how_many_more(language: str) -> None:
    many = [f"N{number}" for number in range(10, 30)]
    with speaking(language):
        said = names.named(many)
        assert re.findall(r"N\d\d", said) == many[: names.NAMED_AT_MOST]
        assert re.findall(r"\d+", said)[-1] == "10"
        assert {times.span(timedelta(days=n)) for n in range(2, 9)}.isdisjoint(
            {times.span(timedelta(hours=n)) for n in range(2, 9)}
        )


@pytest.mark.parametrize("language", WIDE)
def test_the_console_keeps_within_its_width(language: str) -> None:
    with speaking(language):
        said = [
            console.room("school", workers.terms(seen(), "")),
            console.private("ana", workers.pledged(seen(CardState.PLEDGED)), [], numbered=True),
        ]
    assert all(wcswidth(line) <= console.WIDTH for text in said for line in text.split("\n"))


@pytest.mark.parametrize("language", WIDE)
def test_the_demo_keeps_within_the_terminal(language: str) -> None:
    width = display.LEAST_WIDTH
    with speaking(language):
        lines = [
            display._rule(demo.rooms_hear(), width),
            display._foot(width),
            display._both_ends(Text(demo.tally_line(WALKOUT)), Text(demo.pledge_until(WALKOUT)), width),
            *(display._cropped(Text(say()), width) for say in (demo.proposed, demo.milestone, demo.is_on)),
        ]
    assert all(line.cell_len <= width for line in lines)
    assert all(line.plain.strip() for line in lines)
