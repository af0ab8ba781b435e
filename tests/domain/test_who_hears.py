"""Who hears what: of each kind of tally, of calling off, and of the last days. And what is not said any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain import rules
from bot.domain.model import Announcement, BoardLine, Kind, Ruling, Stage, Unit, UnitId, Walkout
from tests.domain.test_rules import (
    AT_THE_DEADLINE,
    HOUR,
    OPEN,
    PLEDGE_BY,
    SECOND,
    STARTS,
    at,
    shop,
    shops,
    under,
)

ON = replace(OPEN, stage=Stage.ON)
ON_AT_THE_DEADLINE = replace(AT_THE_DEADLINE, stage=Stage.ON)
DECIDED = replace(ON, tally=4, tallied=PLEDGE_BY, next_tally=None)
DAY = timedelta(days=1)

ALL = "rooms organizers workers"
"""Who hears the city's news that decide."""
OWN = "rooms stewards"
"""Who hears a workplace's."""


def who_hears(ruling: Ruling) -> dict[str, str]:
    """By kind, whose rooms, and what it is about if that is another: who hears it."""
    heard: dict[str, str] = {}
    for made in ruling.announcements:
        name = f"{made.kind} {made.scope or 'city'}"
        if made.about != made.scope:
            name = f"{name} of {made.about}"
        assert name not in heard
        ears = (made.to_rooms, made.to_organizers, made.to_stewards, made.to_notices)
        names = ("rooms", "organizers", "stewards", "workers")
        heard[name] = " ".join(who for who, hears in zip(names, ears, strict=True) if hears)
    return heard


# --- tallies ---


@pytest.mark.parametrize(
    ("walkout", "places", "now", "heard"),
    [
        pytest.param(
            OPEN,
            shops(9, 20),
            at("10:00"),
            {"on city": ALL, "not_yet_out 1": OWN, "we_are_out 2": OWN},
            id="it turns on before the deadline",
        ),
        pytest.param(
            AT_THE_DEADLINE,
            shops(9, 20),
            PLEDGE_BY,
            {"on city": ALL, "not_out 1": OWN, "we_are_out 2": OWN},
            id="it turns on at the deadline: that is the last word as well",
        ),
        pytest.param(
            ON,
            [shop(1, 10), shop(2, 20, out=True), shop(3, 1)],
            at("10:00"),
            {"workplace_joins city of 1": "rooms", "workplace_joins 1": OWN},
            id="one joins",
        ),
        pytest.param(ON, [shop(1, 9), shop(2, 9, out=True)], at("10:00"), {}, id="nothing new while it is on"),
        pytest.param(
            ON_AT_THE_DEADLINE,
            [shop(1, 10), shop(2, 20, out=True), shop(3, 9, out=True), shop(4, 9)],
            PLEDGE_BY,
            {
                "workplace_joins city of 1": "rooms",
                "workplace_joins 1": OWN,
                "last_word city": ALL,
                "last_word 2": OWN,
                "fewer_now 3": OWN,
                "not_out 4": OWN,
            },
            id="at the deadline each hears yes or no, once",
        ),
        pytest.param(
            AT_THE_DEADLINE,
            shops(9, 19),
            PLEDGE_BY,
            {"lapsed city": ALL, "lapsed 1": OWN, "lapsed 2": OWN},
            id="it lapses",
        ),
    ],
)
def test_who_hears_of_a_tally(walkout: Walkout, places: Sequence[Unit], now: datetime, heard: dict[str, str]) -> None:
    assert who_hears(rules.tally(walkout, places, now=now)) == heard


@pytest.mark.parametrize(
    ("walkout", "heard"),
    [
        (OPEN, {"called_off city": ALL, "called_off 1": OWN, "called_off 2": OWN}),
        (ON, {"called_off city": ALL, "called_off 1": OWN, "called_off 2": OWN}),
        (replace(OPEN, stage=Stage.DRAFT), {}),
    ],
)
def test_who_hears_that_it_is_called_off(walkout: Walkout, heard: dict[str, str]) -> None:
    assert who_hears(rules.call_off(walkout, shops(9, 20), now=at("10:00"))) == heard


@pytest.mark.parametrize(("out", "named", "more"), [(1, 1, 0), (10, 10, 0), (12, 10, 2)])
def test_organizers_read_who_walks_out_by_name_as_many_as_a_phone_shows_and_how_many_do_not(
    out: int, named: int, more: int
) -> None:
    on = rules.tally(OPEN, shops(*[20] * out, 1, 2, 3), now=at("10:00")).announcements[0]
    last = rules.tally(
        ON_AT_THE_DEADLINE, [*(shop(n, 10, out=True) for n in range(1, out + 1)), shop(99, 1)], now=PLEDGE_BY
    ).announcements[0]

    assert (on.kind, last.kind) == (Kind.ON, Kind.LAST_WORD)
    assert [(len(made.facts["workplaces"]), made.facts["more"]) for made in (on, last)] == [(named, more)] * 2
    assert (on.facts["others"], last.facts["others"]) == (3, 1)


# --- the last days ---


OUT_AND_NOT = [shop(1, 10, out=True), shop(2, 9)]
OVER = STARTS + DAY


def last_days(walkout: Walkout, *looks: datetime, places: Sequence[Unit] = OUT_AND_NOT) -> list[dict[str, str]]:
    """Look at these times what is due; what is heard each time."""
    heard = []
    for now in looks:
        ruling = rules.remind(walkout, places, now=now)
        walkout = ruling.walkout
        heard.append(who_hears(ruling))
    return heard


TOMORROW = {"tomorrow city": "rooms workers", "tomorrow 1": OWN}
STARTING = {"starts city": "rooms workers", "starts 1": OWN}
AFTERWARDS = {"afterwards city": "rooms organizers", "afterwards 1": OWN}


def test_those_who_walk_out_hear_of_it_a_day_before_at_the_start_and_afterwards_each_once() -> None:
    looks = (STARTS - DAY - SECOND, STARTS - DAY, STARTS - SECOND, STARTS, OVER - SECOND, OVER, OVER + DAY)

    assert last_days(DECIDED, *looks) == [{}, TOMORROW, {}, STARTING, {}, AFTERWARDS, {}]


@pytest.mark.parametrize(
    ("now", "heard"),
    [
        (STARTS - SECOND, TOMORROW),  # late, and still of use
        (STARTS + SECOND, STARTING),  # the newest alone
        (STARTS + HOUR, STARTING),
        (STARTS + HOUR + SECOND, {}),  # nobody is called out of a shift that has begun
        (OVER + 3 * DAY, AFTERWARDS),
    ],
)
def test_of_the_last_days_nothing_is_made_so_late_that_it_misleads(now: datetime, heard: dict[str, str]) -> None:
    assert last_days(DECIDED, now, now) == [heard, {}]


def test_the_last_days_are_announced_after_the_last_word_only() -> None:
    assert last_days(ON_AT_THE_DEADLINE, STARTS - DAY, STARTS) == [{}, {}]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.ON])
def test_the_last_days_of_what_is_not_on_are_not_announced(stage: Stage) -> None:
    assert last_days(replace(DECIDED, stage=stage), STARTS - DAY, STARTS, OVER) == [{}, {}, {}]


def test_there_is_no_day_before_where_the_deadline_is_no_earlier() -> None:
    for before, heard in ((DAY, {}), (DAY + SECOND, TOMORROW)):
        assert last_days(under(DECIDED, pledge_by=STARTS - before), STARTS - DAY) == [heard]


def test_whoever_hears_the_last_word_within_the_last_day_is_not_reminded_of_it() -> None:
    late = STARTS - 20 * HOUR
    for walkout, standing in ((AT_THE_DEADLINE, 20), (ON_AT_THE_DEADLINE, 5)):
        places = [shop(1, standing, out=walkout.stage is Stage.ON)]
        decided = rules.tally(walkout, places, now=late)
        assert last_days(decided.walkout, late, STARTS, places=[shop(1, standing, out=True)]) == [{}, STARTING]


@pytest.mark.parametrize(
    ("ends", "over", "closes"),
    [
        (None, OVER, STARTS + 7 * DAY),
        (STARTS + 8 * HOUR, OVER, STARTS + 8 * HOUR + 7 * DAY),
        (STARTS + 3 * DAY, STARTS + 3 * DAY, STARTS + 10 * DAY),
    ],
)
def test_the_closing_word_comes_a_day_after_the_start_or_at_the_end_if_that_is_later(
    ends: datetime | None, over: datetime, closes: datetime
) -> None:
    walkout = replace(under(DECIDED, ends=ends), reminded=STARTS)

    assert rules.next_reminder(walkout) == over
    assert rules.closes_at(walkout) == closes


def test_the_closing_word_waits_for_the_last_count_of_who_is_out_and_says_it_as_the_board_does() -> None:
    walkout = replace(under(DECIDED, turnout=True), reminded=STARTS, next_tally=OVER)
    places = [replace(shop(n, 10, out=True), turnout=10) for n in (1, 2, 3)]
    assert rules.next_reminder(walkout) is None

    counted = rules.tally(walkout, places, now=OVER)
    changed = {place.id: place for place in counted.units}
    said = rules.remind(counted.walkout, [changed[place.id] for place in places], now=OVER)

    assert said.announcements[0].facts == {"turnout": 10}  # tenths, of twenty
    assert not any(made.facts for made in said.announcements[1:])
    two = rules.remind(counted.walkout, [changed[place.id] for place in places[:2]], now=OVER)
    assert two.announcements[0].facts == {}  # too few for the city's line


# --- what is not said any more ---

IS_OUT, IS_NOT = shop(1, 10, out=True), shop(2, 9)
CALLED_OFF = replace(ON, stage=Stage.CALLED_OFF, ended=at("10:00"), next_tally=None)
LAPSED = replace(CALLED_OFF, stage=Stage.LAPSED)


@pytest.mark.parametrize(
    ("kind", "walkout", "now", "said"),
    [
        # of what is open
        ("opened", OPEN, at("10:00"), True),
        ("opened", OPEN, PLEDGE_BY, False),
        ("opened", ON, at("10:00"), False),
        ("workplace_ready", OPEN, PLEDGE_BY, True),
        ("workplace_ready", ON, at("10:00"), False),  # "nobody walks out yet"
        ("workplaces_ready", LAPSED, at("10:00"), False),
        ("milestone", ON, at("10:00"), False),
        ("reminder", OPEN, at("10:00"), True),
        ("reminder", ON, at("10:00"), True),
        ("reminder", ON, PLEDGE_BY, False),
        ("reminder", CALLED_OFF, at("10:00"), False),
        ("look_again", OPEN, PLEDGE_BY, False),
        # of what is on
        ("not_yet_out 2", ON, at("10:00"), True),
        ("not_yet_out 1", ON, at("10:00"), False),  # it has joined
        ("not_yet_out 2", DECIDED, PLEDGE_BY, False),  # it has heard its no
        ("not_out 2", DECIDED, STARTS + HOUR, True),
        *((f"{kind} 1", DECIDED, STARTS - SECOND, True) for kind in ("we_are_out", "workplace_joins", "fewer_now")),
        *((f"{kind} 1", DECIDED, STARTS, False) for kind in ("we_are_out", "workplace_joins", "fewer_now")),
        ("on", DECIDED, STARTS - SECOND, True),
        ("on", DECIDED, STARTS, False),
        ("last_word", DECIDED, STARTS, False),
        ("last_word 1", DECIDED, STARTS, False),
        ("tomorrow 1", DECIDED, STARTS - SECOND, True),
        ("tomorrow 1", DECIDED, STARTS, False),
        ("starts 1", DECIDED, STARTS + HOUR, True),
        ("starts 1", DECIDED, STARTS + HOUR + SECOND, False),
        ("afterwards 1", DECIDED, STARTS + 6 * DAY, True),
        # of what stays so
        ("lapsed", LAPSED, STARTS + DAY, True),
        ("called_off", CALLED_OFF, STARTS + DAY, True),
        ("cards_recalled 1", ON, at("10:00"), True),
    ],
)
def test_a_room_hears_nothing_that_is_not_so_any_more(
    kind: str, walkout: Walkout, now: datetime, *, said: bool
) -> None:
    name, *number = kind.split()
    place = {"1": IS_OUT, "2": IS_NOT}[number[0]] if number else None
    assert rules.may_be_said(news(name), walkout, place, private=False, now=now) is said


def test_nobody_is_reminded_to_pledge_where_they_have_left_meanwhile() -> None:
    for left in (False, True):
        place = replace(IS_NOT, left=left)
        said = rules.may_be_said(news("reminder"), OPEN, place, private=False, now=at("10:00"))
        assert said is not left


def news(kind: str, **facts: object) -> Announcement:
    return Announcement(kind=Kind(kind), occasion="1", facts=facts)


@pytest.mark.parametrize("walkout", [CALLED_OFF, LAPSED])
@pytest.mark.parametrize(
    "kind",
    [
        "on",
        "we_are_out",
        "not_yet_out",
        "workplace_joins",
        "not_out",
        "last_word",
        "fewer_now",
        "tomorrow",
        "starts",
        "afterwards",
    ],
)
def test_nothing_that_speaks_of_a_walkout_is_said_once_it_is_off(kind: str, walkout: Walkout) -> None:
    for place in (None, IS_OUT, IS_NOT):
        for private in (False, True):
            assert not rules.may_be_said(news(kind), walkout, place, private=private, now=at("10:00"))


@pytest.mark.parametrize(
    ("made", "walkout", "place", "now", "said"),
    [
        # to a worker who asked
        (news("on", last=False), ON, IS_OUT, at("10:00"), True),
        (news("on", last=False), ON, IS_NOT, at("10:00"), True),
        (news("on", last=False), DECIDED, IS_OUT, PLEDGE_BY, False),  # the last word says it
        (news("on", last=True), DECIDED, IS_OUT, PLEDGE_BY, True),
        (news("on"), DECIDED, IS_OUT, PLEDGE_BY, True),  # made by an older version
        (news("on", last=True), DECIDED, IS_OUT, STARTS, False),
        (news("on", last=True), DECIDED, IS_NOT, STARTS, True),
        (news("last_word"), DECIDED, IS_OUT, STARTS, False),
        (news("last_word"), DECIDED, IS_NOT, STARTS, True),  # a no is of use for longer
        (news("tomorrow"), DECIDED, IS_OUT, STARTS - HOUR, True),
        (news("tomorrow"), DECIDED, IS_NOT, STARTS - HOUR, False),
        (news("starts"), DECIDED, IS_OUT, STARTS, True),
        (news("starts"), DECIDED, IS_NOT, STARTS, False),
        # to an organizer: what happened, however late
        (news("on", last=True), DECIDED, None, STARTS, True),
        (news("on", last=False), DECIDED, None, PLEDGE_BY, False),
        (news("last_word"), DECIDED, None, STARTS, True),
    ],
)
def test_a_person_is_told_nothing_twice_and_nothing_that_is_not_for_them(
    made: Announcement, walkout: Walkout, place: Unit | None, now: datetime, *, said: bool
) -> None:
    assert rules.may_be_said(made, walkout, place, private=True, now=now) is said


def test_the_boards_line_says_who_fell_below_and_who_came_too_late_and_the_live_count_does_not() -> None:
    reached = BoardLine(reached=True, since=1, number=10)
    for standing in (0, 99):
        place = Unit(id=UnitId(1), name="Shop", headcount=99, threshold=10, standing=standing)
        for out in (False, True):
            for line in (BoardLine(), reached):
                seen = replace(place, out=out, line=line)
                assert rules.fell_below(seen) == (out and not line.reached)
                assert rules.lacks([seen]) is (None if out or line.reached else seen)
