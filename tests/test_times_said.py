"""Every instant is said as clocks show it then where the walkout is; midnight as a deadline is the end of a day."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pypdfium2 import PdfDocument

from bot.delivery.outbox import Letter
from bot.domain import errors
from bot.domain.model import Announcement, CardState, Kind, Stage, Terms, Walkout
from bot.domain.roles import Matter
from bot.draft import RosterOptions, SourceFile, read
from bot.guards.readiness import Gaps
from bot.storage.records import read_terms, write_terms
from bot.usecases import health
from bot.usecases.stewards import published
from bot.usecases.workers import Seen
from handlers.conversation.board_csv import table
from handlers.pictures.poster import poster
from handlers.sheets.paper import Paper
from handlers.sheets.sheet import sheet
from handlers.texts import board, closing, committee, demo, organizers, questions, refusals, sheets, workers
from handlers.texts.announcements import announcement
from handlers.texts.catalogue import languages, speaking
from handlers.texts.times import ahead, before, deadline, end, when
from tests import fixed
from tests.fixed import MARKET_HALL, TERMS, WALKOUT, WORDED

NEW_YORK = "America/New_York"
AUTUMN = replace(
    TERMS,
    timezone=NEW_YORK,
    clock="24h",
    starts=datetime.fromisoformat("2027-11-09T09:00:00-05:00"),
    ends=datetime.fromisoformat("2027-11-09T18:00:00-05:00"),
    pledge_by=datetime.fromisoformat("2027-11-08T09:00:00-05:00"),
)
"""Its clocks are put back on the day before the deadline."""

MIDNIGHT = replace(TERMS, timezone=NEW_YORK, pledge_by=datetime.fromisoformat("2027-04-28T00:00:00-04:00"))

THE_END = {"en": "the end of Tuesday 27 April 2027", "es": "final del martes 27 de abril de 2027"}
UNTIL = {"en": "until the end of Tuesday 27 April 2027", "es": "hasta el final del martes 27 de abril de 2027"}
ON_A_CARD = {"en": "Pledge until the end of Tue 27 Apr 2027", "es": "Plazo: hasta el final del mar 27 abr 2027"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def where(terms: Terms, **changes: object) -> Walkout:
    return replace(WALKOUT, terms=terms, **changes)  # type: ignore[arg-type]


def seen(terms: Terms, mine: CardState | None = None, **changes: object) -> Seen:
    return replace(fixed.seen(mine), walkout=where(terms, **changes))


# -- the zone's own time at that instant --------------------------------------------------------------------------


def test_each_instant_is_said_in_the_time_that_clocks_show_then() -> None:
    assert when(AUTUMN.pledge_by, AUTUMN) == "Mon 8 Nov 2027, 09:00"
    assert when(at("2027-11-06T13:00:00+00:00"), AUTUMN) == "Sat 6 Nov 2027, 09:00"  # the day before clocks go back
    assert when(at("2027-11-07T14:00:00+00:00"), AUTUMN) == "Sun 7 Nov 2027, 09:00"
    assert when(at("2027-11-07T05:30:00+00:00"), AUTUMN) == "Sun 7 Nov 2027, 01:30"
    assert when(at("2027-11-07T06:30:00+00:00"), AUTUMN) == "Sun 7 Nov 2027, 01:30"


@pytest.mark.parametrize(
    ("hour", "said"),
    [
        ("00:00", "midnight (start of the day)"),
        ("00:30", "12:30 am"),
        ("09:05", "9:05 am"),
        ("12:00", "noon"),
        ("12:01", "12:01 pm"),
        ("23:59", "11:59 pm"),
    ],
)
def test_hours_are_said_as_people_there_say_them(hour: str, said: str) -> None:
    instant = at(f"2027-04-30T{hour}:00-04:00")
    assert when(instant, replace(AUTUMN, clock="")) == f"Fri 30 Apr 2027, {said}"
    assert when(instant, AUTUMN) == f"Fri 30 Apr 2027, {hour}"
    assert when(instant, TERMS) == f"Fri 30 Apr 2027, {hour}"  # of before that was asked


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("2027-05-01T18:00:00-04:00", "18:00"),
        ("2027-05-02T00:00:00-04:00", "the end of the day"),
        ("2027-05-02T18:00:00-04:00", "Sun 2 May 2027, 18:00"),
        ("2027-05-03T00:00:00-04:00", "the end of Sunday 2 May 2027"),
        ("2027-05-02T03:00:00+00:00", "23:00"),
    ],
)
def test_the_end_of_a_walkout(ends: str, said: str) -> None:
    assert end(at(ends), replace(TERMS, timezone=NEW_YORK, clock="24h")) == said


def test_the_board_in_text_csv_and_picture_says_the_same_time() -> None:
    walkout = where(AUTUMN, tallied=at("2027-11-06T13:00:00+00:00"), next_tally=at("2027-11-07T14:00:00+00:00"))
    shown = published(walkout, [MARKET_HALL])
    assert "As of tally 3, Sat 6 Nov 2027, 09:00." in board.board(shown)
    assert "Next tally: Sun 7 Nov 2027, 09:00." in board.board(shown)
    assert (poster(shown).as_of, poster(shown).next_tally) == (board.as_of(walkout), board.next_tally(walkout))
    rows = list(csv.DictReader(io.StringIO(table(shown).decode())))
    assert {row["as_of"] for row in rows} == {"2027-11-06T09:00:00-04:00"}


def test_refusals_say_the_time_there() -> None:
    late = at("2027-11-06T13:00:00+00:00")
    for refused in (
        errors.TooEarlyToReport(late, AUTUMN),
        errors.VoidedBefore("Depot", late, AUTUMN),
        errors.TooLateToRecall("Depot", late, AUTUMN),
    ):
        assert "Sat 6 Nov 2027, 09:00" in refusals.refusal(refused)[1]
    assert "Sat 6 Nov 2027, 09:00" in str(closing.refusal(errors.TooEarlyToClose(late, AUTUMN)))
    assert "Mon 8 Nov 2027, 09:00" in refusals.refusal(errors.TooLateToOpen(AUTUMN))[1]


# -- where a deadline is first said -------------------------------------------------------------------------------


def preview(times: str, now: datetime) -> str:
    toml = f'title = "One day"\ncitywide_threshold = 5\n{times}\n'
    files = [
        SourceFile(name=name, data=text.encode())
        for name, text in (("w.toml", toml), ("w.csv", "workplace,headcount,threshold\nDepot,12,5\n"))
    ]
    plan = read(files[0], files[1], RosterOptions(), now=now)
    return organizers.drafted(replace(WALKOUT, terms=plan.terms, stage=Stage.DRAFT), plan, (), now)


def test_the_preview_says_by_whose_clocks_and_how_far_away() -> None:
    times = f'timezone = "{NEW_YORK}"\nclock = "24h"\nstarts = 2027-11-09T09:00:00\npledge_by = 2027-11-06T18:00:00'
    said = preview(times, at("2027-10-28T12:00:00+00:00"))
    assert "Starts Tue 9 Nov 2027, 09:00 in New York, in 12 days." in said
    assert "Pledge before Sat 6 Nov 2027, 18:00 in New York, in 9 days." in said
    assert "Clocks there are changed before that" in said
    assert "Clocks there" not in preview(times, at("2027-11-07T12:00:00+00:00") - timedelta(days=240))


def test_the_preview_says_that_no_zone_is_named() -> None:
    times = "starts = 2027-05-01T12:00:00-04:00\npledge_by = 2027-04-28T20:00:00-04:00"
    said = preview(times, at("2027-04-27T12:00:00+00:00"))
    assert "Pledge before Wed 28 Apr 2027, 20:00, in 36 hours." in said
    assert "No time zone is named: the times are those of UTC-04:00." in said


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2027-04-18T23:59:00-04:00", "in 9 days"),
        ("2027-04-25T00:00:00-04:00", "in 2 days"),
        ("2027-04-26T12:00:00-04:00", "in 36 hours"),
        ("2027-04-27T22:00:00-04:00", "in 2 hours"),
    ],
)
def test_days_are_counted_by_the_calendar_there(now: str, said: str) -> None:
    assert ahead(MIDNIGHT.pledge_by, at(now).astimezone(UTC), MIDNIGHT) == said


def test_a_start_at_midnight_lies_ahead_as_many_days_as_the_day_it_begins() -> None:
    terms = replace(MIDNIGHT, starts=at("2027-05-01T00:00:00-04:00"))
    assert when(terms.starts, terms) == "Sat 1 May 2027, midnight (start of the day)"
    assert ahead(terms.starts, at("2027-04-26T12:00:00-04:00"), terms) == "in 5 days"


def test_terms_card_room_and_whoever_approves_read_the_city() -> None:
    named = "before Mon 8 Nov 2027, 09:00 in New York"
    opening = Announcement(kind=Kind.OPENED, occasion="0")
    assert named in workers.terms(seen(AUTUMN), "")
    assert "before Mon 8 Nov 2027, 09:00" in sheets.deadline(AUTUMN)  # where the cards are people know where they are
    assert named in "\n".join(committee.does(Matter.OPEN, where(AUTUMN), None, Gaps()))
    assert "until Mon 8 Nov 2027, 09:00 in New York" in organizers.opened(where(AUTUMN))
    assert "until Mon 8 Nov 2027, 09:00 in New York" in announcement(letter(opening, AUTUMN))


# -- midnight -----------------------------------------------------------------------------------------------------


def letter(news: Announcement, terms: Terms, stage: Stage = Stage.OPEN, *, private: bool = False) -> Letter:
    walkout = where(terms, stage=stage, next_tally=terms.pledge_by)
    return Letter(news=news, walkout=walkout, about=MARKET_HALL, address="7", private=private, nonce="6")


def says_the_deadline() -> Iterator[str]:
    """Give every text that says it."""
    last = {"stage": Stage.OPEN, "next_tally": MIDNIGHT.pledge_by}
    for mine in (None, CardState.PLEDGED, CardState.WITHDRAWN):
        yield workers.terms(seen(MIDNIGHT, mine), "")
        yield workers.status(seen(MIDNIGHT, mine))
    yield workers.pledged(seen(MIDNIGHT, CardState.PLEDGED))
    yield workers.withdrawn(seen(MIDNIGHT, CardState.WITHDRAWN))
    yield workers.next_count(where(MIDNIGHT, **last))
    yield board.next_tally(where(MIDNIGHT, **last))
    yield board.as_of(where(MIDNIGHT, tallied=MIDNIGHT.pledge_by))
    yield demo.pledge_until(where(MIDNIGHT))
    yield organizers.opened(where(MIDNIGHT))
    yield organizers.times(MIDNIGHT, at("2027-04-20T12:00:00+00:00"))[1]
    yield "\n".join(committee.does(Matter.OPEN, where(MIDNIGHT), None, Gaps()))
    yield refusals.refusal(errors.TooLateToOpen(MIDNIGHT))[1]
    yield announcement(letter(Announcement(kind=Kind.OPENED, occasion="0"), MIDNIGHT))
    yield announcement(letter(Announcement(kind=Kind.REMINDER, occasion="0"), MIDNIGHT))
    facts = {"workplaces": ["Depot"], "more": 0, "others": 1, "last": False}
    yield announcement(letter(Announcement(kind=Kind.ON, occasion="1", facts=facts), MIDNIGHT, Stage.ON))
    yield announcement(letter(Announcement(kind=Kind.NOT_YET_OUT, occasion="1"), MIDNIGHT, Stage.ON))


@pytest.mark.parametrize("language", languages())
def test_a_deadline_at_midnight_is_the_end_of_a_day_in_every_text(language: str) -> None:
    with speaking(language):
        for text in says_the_deadline():
            assert deadline(MIDNIGHT) in text
            assert not re.search(r"\b28 [Aa]|midnight|medianoche|00:00", text), text
        if language in WORDED:
            assert before(MIDNIGHT) == UNTIL[language]
            assert UNTIL[language] in workers.terms(seen(MIDNIGHT), "")
            assert deadline(MIDNIGHT) == THE_END[language]
            assert sheets.deadline(MIDNIGHT) == ON_A_CARD[language]


def test_midnight_without_a_zone_is_the_end_of_a_day_as_well() -> None:
    assert before(replace(MIDNIGHT, timezone="")) == UNTIL["en"]
    assert before(replace(MIDNIGHT, pledge_by=MIDNIGHT.pledge_by + timedelta(seconds=60))) == (
        "before Wed 28 Apr 2027, 12:01 am"
    )


@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize("language", WORDED)  # of other scripts a page gives no text to compare
@pytest.mark.parametrize("pledge_by", ["2027-09-30T00:00:00-04:00", "2027-09-29T22:22:00-04:00"])
def test_a_card_has_room_for_the_whole_deadline(pledge_by: str, language: str, paper: Paper) -> None:
    terms = replace(MIDNIGHT, pledge_by=at(pledge_by), starts=at(pledge_by) + timedelta(1))
    place = ("Market Hall", ["0123456789ABCDEFGHJK"])
    with speaking(language):
        printed = PdfDocument(sheet(terms, [place], telegram="@allout_bot", discord=None, paper=paper))
        assert sheets.deadline(terms) in printed[1].get_textpage().get_text_range()
    printed.close()


# -- how it is kept -----------------------------------------------------------------------------------------------


def test_the_zone_is_kept_and_older_stores_have_none() -> None:
    assert read_terms(write_terms(AUTUMN)) == AUTUMN
    assert read_terms(write_terms(AUTUMN)).starts.isoformat() == "2027-11-09T09:00:00-05:00"
    older = re.sub(r', "(timezone|clock)": "[^"]*"', "", write_terms(TERMS))
    assert "timezone" not in older
    assert read_terms(older) == TERMS


def test_the_doctor_finds_what_newer_rules_word_otherwise() -> None:
    assert list(health.moved(AUTUMN)) == []
    assert list(health.moved(TERMS)) == []
    as_drafted = replace(AUTUMN, starts=at("2027-11-09T09:00:00-04:00"))  # as if clocks were not to be put back
    [(then, now)] = health.moved(as_drafted)
    assert (then, now) == (as_drafted.starts, as_drafted.starts)
    assert (f"{then:%H:%M}", f"{now:%H:%M}") == ("09:00", "08:00")
    assert when(as_drafted.starts, as_drafted) == "Tue 9 Nov 2027, 08:00"


@pytest.mark.parametrize("language", languages())
def test_questions_say_when_it_is(language: str) -> None:
    with speaking(language):
        assert when(AUTUMN.starts, AUTUMN) in str(questions._how_long(AUTUMN, ""))


def test_a_steward_is_not_given_words_that_hide_that_fewer_stand_than_the_number() -> None:
    news = Announcement(kind=Kind.FEWER_NOW, occasion="1", scope=MARKET_HALL.id)
    hers = replace(letter(news, TERMS, Stage.ON, private=True), about=replace(MARKET_HALL, out=True))
    assert "Tell people: fewer than our number stand now." in announcement(hers)
    assert "walk out together" not in announcement(hers)
