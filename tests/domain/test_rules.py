from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.domain import rules
from bot.domain.errors import TooLateToOpen, WrongStage
from bot.domain.model import (
    Announcement,
    BoardLine,
    Counts,
    Kind,
    Ruling,
    Stage,
    Terms,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)

NEW_YORK = timezone(timedelta(hours=-5))
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def at(clock: str, day: int = 8) -> datetime:
    """Return a time on the day of the deadline, such as `at("20:00")`."""
    return datetime.fromisoformat(f"2026-12-{day:02}T{clock}-05:00")


OPENED = at("09:00")
PLEDGE_BY = at("12:30")
STARTS = at("09:00", day=12)

TERMS = Terms(
    title="One day for the rent freeze",
    starts=STARTS,
    pledge_by=PLEDGE_BY,
    citywide_threshold=20,
    confirm_tallies=1,
    tally_every=HOUR,
)
DRAFT = Walkout(id=WalkoutId("k7m3q"), terms=TERMS)
OPEN = replace(DRAFT, stage=Stage.OPEN, opened=OPENED, next_tally=at("10:00"))
AT_THE_DEADLINE = replace(OPEN, tally=3, tallied=at("12:00"), next_tally=PLEDGE_BY)


def under(walkout: Walkout, **terms: object) -> Walkout:
    return replace(walkout, terms=replace(walkout.terms, **terms))  # type: ignore[arg-type]  # a table's row


def shop(number: int, standing: int, *, threshold: int = 10, out: bool = False, told: bool = False) -> Unit:
    return Unit(
        id=UnitId(number),
        name=f"Shop {number}",
        headcount=1000,
        threshold=threshold,
        standing=standing,
        out=out,
        told_ready=told,
    )


def shops(*standing: int) -> list[Unit]:
    return [shop(number, people) for number, people in enumerate(standing, start=1)]


def after(ruling: Ruling, before: Sequence[Unit], *standing: int) -> list[Unit]:
    """Return the workplaces as a ruling leaves them, with these people standing by the next tally."""
    changed = {place.id: place for place in ruling.units}
    return [
        replace(changed.get(place.id, place), standing=people) for place, people in zip(before, standing, strict=True)
    ]


@pytest.mark.parametrize(
    ("standing", "headcount", "people", "ready"),
    [
        (9, 12, 9, False),
        (12, 12, 12, True),
        (42, 12, 12, True),  # sheets printed again and again: more cards than people
    ],
)
def test_nobody_counts_twice(standing: int, headcount: int, people: int, *, ready: bool) -> None:
    place = replace(shop(1, standing), headcount=headcount)
    assert rules.people(place) == people
    found = rules.verdicts([place])
    assert (place.id in found.ready) is ready
    assert rules.counted(OPEN, [place], found) == (people if ready else 0)


def test_nobody_is_out_twice() -> None:
    assert rules.people_out(replace(shop(1, 42), headcount=12, turnout=30)) == 12


def heard(ruling: Ruling) -> set[tuple[Kind, int | None, int | None]]:
    """Return kind, scope and subject of each announcement; none is made twice."""
    news = [(made.kind, made.scope, made.about) for made in ruling.announcements]
    assert len(news) == len(set(news))
    return set(news)


# --- verdicts ---


@pytest.mark.parametrize(
    ("standing", "threshold", "ready"),
    [
        (0, 5, False),
        (4, 5, False),
        (5, 5, True),
        (64, 65, False),  # one short
        (65, 65, True),  # exactly enough
        (66, 65, True),
    ],
)
def test_a_workplace_is_ready_when_its_threshold_is_met(standing: int, threshold: int, ready: bool) -> None:  # noqa: FBT001  a table's column
    assert (1 in rules.verdicts([shop(1, standing, threshold=threshold)]).ready) is ready


@pytest.mark.parametrize(
    ("counts", "standing", "people"),
    [
        (Counts.READY, (10, 9), 10),  # the nine stay at work
        (Counts.READY, (9, 9), 0),
        (Counts.READY, (10, 15), 25),  # all of them, not only up to the threshold
        (Counts.ALL, (10, 9), 19),
        (Counts.ALL, (0, 0), 0),
    ],
)
def test_people_count_where_their_own_workplace_goes_unless_everybody_counts(
    counts: Counts, standing: tuple[int, ...], people: int
) -> None:
    places = shops(*standing)
    assert rules.counted(under(OPEN, citywide_counts=counts), places, rules.verdicts(places)) == people


@pytest.mark.parametrize(
    ("terms", "standing", "verdict"),
    [
        ({}, (10, 9), False),  # nineteen, and nine of them do not go
        ({}, (11, 9), False),  # twenty, but nine of them do not go
        ({}, (19, 9), False),  # one short
        ({}, (20, 0), True),
        ({}, (10, 10), True),  # exactly enough
        ({"minimum_workplaces": 2}, (30, 9), False),  # one workplace short
        ({"minimum_workplaces": 2}, (10, 10), True),
        ({"minimum_workplaces": 3}, (10, 10), False),
        ({"citywide_counts": Counts.ALL}, (11, 8), False),
        ({"citywide_counts": Counts.ALL}, (11, 9), True),
        ({"citywide_counts": Counts.ALL, "citywide_threshold": 18}, (9, 9), False),  # nobody is ready
        ({"citywide_counts": Counts.ALL, "minimum_workplaces": 2}, (30, 9), False),
    ],
)
def test_the_numbers_are_reached_across_the_city_and_at_enough_workplaces(
    terms: dict[str, object],
    standing: tuple[int, ...],
    verdict: bool,  # noqa: FBT001  a table's column
) -> None:
    places = shops(*standing)
    assert rules.enough(under(OPEN, **terms), places, rules.verdicts(places)) is verdict


# --- when tallies are taken ---


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (at("07:30"), at("10:00")),  # before opening: opening itself is no tally
        (at("09:00"), at("10:00")),
        (at("09:59:59"), at("10:00")),
        (at("10:00"), at("11:00")),  # exactly on an instant: the following one
        (at("10:00:01"), at("11:00")),
        (at("12:00"), PLEDGE_BY),  # 13:00 would be too late
        (at("12:29:59"), PLEDGE_BY),  # just before the deadline
        (PLEDGE_BY, None),  # the deadline's own tally is the last
        (at("13:00"), None),
        (datetime(2026, 12, 8, 15, 30, tzinfo=UTC), at("11:00")),  # 10:30 in New York
    ],
)
def test_tallies_follow_opening_at_even_distances_and_the_deadline_has_its_own(
    instant: datetime, expected: datetime | None
) -> None:
    assert rules.tally_after(OPEN, instant) == expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (at("10:59:59"), at("11:00")),
        (at("11:00"), at("12:00")),
        (at("11:59:59"), at("12:00")),
        (at("12:00"), None),
        (at("12:00:01"), None),
    ],
)
def test_a_deadline_on_a_scheduled_instant_has_one_tally(instant: datetime, expected: datetime | None) -> None:
    assert rules.tally_after(under(OPEN, pledge_by=at("12:00")), instant) == expected


def test_a_walkout_shorter_than_the_distance_of_tallies_has_the_deadlines_only() -> None:
    assert rules.tally_after(under(OPEN, tally_every=4 * HOUR), OPENED) == PLEDGE_BY


def test_a_draft_has_no_tallies() -> None:
    assert rules.tally_after(DRAFT, OPENED) is None
    assert rules.latest_tally(DRAFT, PLEDGE_BY) is None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (at("09:59:59"), None),
        (at("10:00"), at("10:00")),
        (at("10:59:59"), at("10:00")),  # late, and still the tally of ten
        (at("11:00"), at("11:00")),  # that of ten was missed
        (at("12:10"), at("12:00")),
        (PLEDGE_BY, PLEDGE_BY),
        (at("08:00", day=30), PLEDGE_BY),  # however late
    ],
)
def test_after_downtime_the_latest_missed_tally_is_due(now: datetime, due: datetime | None) -> None:
    assert rules.latest_tally(OPEN, now) == due


def test_a_late_tally_stands_for_its_own_instant() -> None:
    ruling = rules.tally(OPEN, shops(0), now=at("11:17"))

    assert (ruling.walkout.tally, ruling.walkout.tallied) == (1, at("11:00"))
    assert ruling.walkout.next_tally == at("12:00")


@pytest.mark.parametrize("now", [at("10:00"), at("10:30"), PLEDGE_BY, at("20:00")])
def test_each_tally_is_taken_once(now: datetime) -> None:
    places = shops(20)
    first = rules.tally(under(OPEN, confirm_tallies=2), places, now=now)
    again = rules.tally(first.walkout, after(first, places, 20), now=now)

    assert again == Ruling(walkout=first.walkout)


def test_before_a_tally_is_due_nothing_is_ruled() -> None:
    assert rules.tally(OPEN, shops(20), now=at("09:59:59")) == Ruling(walkout=OPEN)


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.LAPSED, Stage.CALLED_OFF, Stage.CLOSED])
def test_what_is_not_open_or_on_has_no_tallies(stage: Stage) -> None:
    walkout = replace(OPEN, stage=stage)

    assert rules.tally(walkout, shops(20), now=PLEDGE_BY) == Ruling(walkout=walkout)


def test_a_ruling_holds_only_the_workplaces_that_differ() -> None:
    ruling = rules.tally(under(OPEN, citywide_threshold=99), shops(0, 10, 3), now=at("10:00"))

    assert [place.id for place in ruling.units] == [2]


# --- opening ---


def test_opening_tells_every_room_and_schedules_the_first_tally() -> None:
    ruling = rules.open_up(DRAFT, shops(0, 0), now=OPENED)

    assert ruling.walkout == OPEN
    assert ruling.units == ()
    assert heard(ruling) == {(Kind.OPENED, None, None), (Kind.OPENED, 1, 1), (Kind.OPENED, 2, 2)}


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.DRAFT])
def test_only_a_draft_can_be_opened(stage: Stage) -> None:
    with pytest.raises(WrongStage) as refused:
        rules.open_up(replace(DRAFT, stage=stage), shops(0), now=OPENED)

    assert refused.value.stage is stage


@pytest.mark.parametrize("now", [PLEDGE_BY, PLEDGE_BY + SECOND, STARTS])
def test_nothing_opens_at_its_deadline_or_later(now: datetime) -> None:
    with pytest.raises(TooLateToOpen) as refused:
        rules.open_up(DRAFT, shops(0), now=now)

    assert refused.value.terms.pledge_by == PLEDGE_BY


def test_what_opens_just_before_its_deadline_has_the_deadlines_tally() -> None:
    assert rules.open_up(DRAFT, shops(0), now=PLEDGE_BY - SECOND).walkout.next_tally == PLEDGE_BY


# --- calling off ---


@pytest.mark.parametrize(
    ("stage", "news"),
    [
        (Stage.DRAFT, set()),  # nobody was told of it
        (Stage.OPEN, {(Kind.CALLED_OFF, None, None), (Kind.CALLED_OFF, 1, 1), (Kind.CALLED_OFF, 2, 2)}),
        (Stage.ON, {(Kind.CALLED_OFF, None, None), (Kind.CALLED_OFF, 1, 1), (Kind.CALLED_OFF, 2, 2)}),
    ],
)
def test_calling_off_ends_the_tallies_and_tells_everybody_who_knew(
    stage: Stage, news: set[tuple[Kind, int | None, int | None]]
) -> None:
    now = at("10:12")
    ruling = rules.call_off(replace(OPEN, stage=stage), shops(3, 30), now=now)

    assert ruling.walkout == replace(OPEN, stage=Stage.CALLED_OFF, ended=now, next_tally=None)
    assert ruling.units == ()  # the board stays as the last tally left it
    assert heard(ruling) == news
    assert rules.latest_tally(ruling.walkout, PLEDGE_BY) is None
    assert rules.next_reminder(ruling.walkout) is None


@pytest.mark.parametrize("stage", [Stage.LAPSED, Stage.CALLED_OFF, Stage.CLOSED])
def test_what_is_over_cannot_be_called_off(stage: Stage) -> None:
    with pytest.raises(WrongStage) as refused:
        rules.call_off(replace(OPEN, stage=stage), shops(0), now=OPENED)

    assert refused.value.stage is stage


# --- closing ---


@pytest.mark.parametrize(
    ("stage", "ended", "expected"),
    [
        (Stage.DRAFT, None, None),
        (Stage.OPEN, None, None),
        (Stage.ON, None, at("09:00", day=19)),  # seven days after the start
        (Stage.LAPSED, PLEDGE_BY, at("12:30", day=10)),  # 48 hours
        (Stage.CALLED_OFF, at("10:12"), at("10:12", day=10)),
        (Stage.CLOSED, PLEDGE_BY, None),
    ],
)
def test_secrets_are_destroyed_a_week_after_the_start_or_two_days_after_the_end(
    stage: Stage, ended: datetime | None, expected: datetime | None
) -> None:
    assert rules.closes_at(replace(OPEN, stage=stage, ended=ended)) == expected


def test_what_was_on_and_is_called_off_keeps_its_secrets_no_longer_than_two_days() -> None:
    called_off = rules.call_off(replace(OPEN, stage=Stage.ON), shops(20), now=at("10:12")).walkout

    assert rules.closes_at(called_off) == at("10:12", day=10)


# --- turning on ---


def test_when_it_is_on_the_city_hears_it_and_each_workplace_hears_its_own_news() -> None:
    ruling = rules.tally(OPEN, shops(9, 20, 10), now=at("10:00"))

    assert ruling.walkout.stage is Stage.ON
    assert heard(ruling) == {
        (Kind.ON, None, None),
        (Kind.NOT_YET_OUT, 1, 1),
        (Kind.WE_ARE_OUT, 2, 2),
        (Kind.WE_ARE_OUT, 3, 3),
    }
    assert {made.occasion for made in ruling.announcements} == {"1"}
    assert [place.out for place in after(ruling, shops(9, 20, 10), 9, 20, 10)] == [False, True, True]


@pytest.mark.parametrize(
    ("confirm", "held", "stage"),
    [
        (1, "+", "on"),
        (2, "+", "open"),
        (2, "++", "on"),
        (2, "+-+", "open"),  # twice, but not in a row
        (2, "+-++", "on"),  # the fourth is the deadline's, and is confirmed as well
        (3, "++", "open"),
        (3, "+++", "on"),
        (3, "---+", "on"),  # the deadline's tally needs no confirmation
        (3, "+++-", "on"),  # on is final
        (3, "++--", "lapsed"),
        (9, "++++", "on"),  # more than there are tallies: the deadline decides
    ],
)
def test_the_numbers_must_hold_for_enough_tallies_in_a_row_except_at_the_deadline(
    confirm: int, held: str, stage: str
) -> None:
    walkout, places = under(OPEN, confirm_tallies=confirm), shops(0)
    for sign, now in zip(held, (at("10:00"), at("11:00"), at("12:00"), PLEDGE_BY), strict=False):
        places = [replace(place, standing=20 if sign == "+" else 19) for place in places]
        ruling = rules.tally(walkout, places, now=now)
        walkout, places = ruling.walkout, after(ruling, places, places[0].standing)

    assert walkout.stage == stage


def test_tallies_missed_while_the_bot_was_down_confirm_nothing() -> None:
    walkout = under(OPEN, confirm_tallies=2)
    first = rules.tally(walkout, shops(20), now=at("10:00"))
    same = rules.tally(first.walkout, shops(20), now=at("10:59"))
    second = rules.tally(same.walkout, shops(20), now=at("12:05"))

    assert [ruling.walkout.stage for ruling in (first, same, second)] == [Stage.OPEN, Stage.OPEN, Stage.ON]
    late = rules.tally(walkout, shops(20), now=at("12:05"))  # three instants passed, one tally ran
    assert late.walkout.stage is Stage.OPEN


def test_what_is_not_on_at_the_deadlines_tally_lapses_and_every_room_hears_it_without_numbers() -> None:
    ruling = rules.tally(AT_THE_DEADLINE, shops(19, 9), now=PLEDGE_BY + SECOND)

    assert ruling.walkout.stage is Stage.LAPSED
    assert ruling.walkout.ended == PLEDGE_BY + SECOND
    assert ruling.walkout.next_tally is None
    assert heard(ruling) == {(Kind.LAPSED, None, None), (Kind.LAPSED, 1, 1), (Kind.LAPSED, 2, 2)}
    assert all(not made.facts for made in ruling.announcements)


def test_what_turns_on_at_the_deadline_has_no_tally_left() -> None:
    ruling = rules.tally(AT_THE_DEADLINE, shops(20), now=PLEDGE_BY)

    assert ruling.walkout.stage is Stage.ON
    assert ruling.walkout.next_tally is None


@pytest.mark.parametrize(
    ("starts", "now", "stage"),
    [
        (STARTS, PLEDGE_BY, Stage.ON),
        (STARTS, STARTS - SECOND, Stage.ON),  # four days late, but before the start
        (STARTS, STARTS + SECOND, Stage.LAPSED),
        (STARTS, STARTS + 9 * HOUR, Stage.LAPSED),
        (PLEDGE_BY, PLEDGE_BY, Stage.ON),  # pledging ends when the walkout starts: on time is not late
        (PLEDGE_BY, PLEDGE_BY + SECOND, Stage.ON),  # no clock is exact: this one counts as on time too
        (PLEDGE_BY, PLEDGE_BY + 2 * MINUTE, Stage.LAPSED),
    ],
)
def test_a_late_tally_turns_nothing_on_after_the_start(starts: datetime, now: datetime, stage: Stage) -> None:
    assert rules.tally(under(AT_THE_DEADLINE, starts=starts), shops(20), now=now).walkout.stage is stage


def test_a_late_tally_lets_nobody_join_after_the_start() -> None:
    walkout = replace(AT_THE_DEADLINE, stage=Stage.ON)
    ruling = rules.tally(walkout, shops(20), now=STARTS + SECOND)

    assert ruling.walkout.stage is Stage.ON
    assert heard(ruling) == {(Kind.LAST_WORD, None, None), (Kind.NOT_OUT, 1, 1)}
    assert not any(place.out for place in ruling.units)
    assert all(rules.lacks([place]) is None for place in ruling.units)  # and so does not hear that it fell short


def test_a_tally_on_time_turns_nothing_on_after_the_start_either() -> None:
    walkout = under(OPEN, starts=at("09:30"))  # pledging would go on until 12:30

    assert rules.tally(walkout, shops(20), now=at("10:00")).walkout.stage is not Stage.ON


# --- after it is on ---


def test_later_withdrawals_change_nobodys_announcement() -> None:
    places = shops(10, 10)
    on = rules.tally(OPEN, places, now=at("10:00"))
    places = after(on, places, 0, 0)
    later = rules.tally(on.walkout, places, now=at("11:00"))
    last = rules.tally(later.walkout, after(later, places, 0, 0), now=PLEDGE_BY)

    assert (later.walkout.stage, last.walkout.stage) == (Stage.ON, Stage.ON)
    assert later.announcements == ()
    assert heard(last) == {(Kind.FEWER_NOW, 1, 1), (Kind.FEWER_NOW, 2, 2), (Kind.LAST_WORD, None, None)}
    assert all(place.out for place in after(later, places, 0, 0))


def test_a_workplace_ready_later_joins_at_once_and_is_announced_once_in_its_room_and_citywide() -> None:
    places = shops(20, 9)
    on = rules.tally(under(OPEN, confirm_tallies=1), places, now=at("10:00"))
    places = after(on, places, 20, 10)
    joined = rules.tally(on.walkout, places, now=at("11:00"))
    places = after(joined, places, 20, 9)
    fell = rules.tally(joined.walkout, places, now=at("12:00"))
    places = after(fell, places, 20, 10)
    again = rules.tally(fell.walkout, places, now=PLEDGE_BY)

    assert heard(joined) == {(Kind.WORKPLACE_JOINS, None, 2), (Kind.WORKPLACE_JOINS, 2, 2)}
    assert heard(fell) == set()
    assert heard(again) == {(Kind.LAST_WORD, None, None), (Kind.LAST_WORD, 1, 1), (Kind.LAST_WORD, 2, 2)}
    assert all(place.out for place in after(again, places, 20, 10))


def test_joining_needs_no_confirmation() -> None:
    walkout = under(replace(OPEN, stage=Stage.ON, tally=0, streak=0), confirm_tallies=3)
    ruling = rules.tally(walkout, [shop(1, 0, out=True), shop(2, 10)], now=at("10:00"))

    assert heard(ruling) == {(Kind.WORKPLACE_JOINS, None, 2), (Kind.WORKPLACE_JOINS, 2, 2)}


def test_a_workplace_can_join_at_the_tally_of_the_deadline() -> None:
    ruling = rules.tally(replace(AT_THE_DEADLINE, stage=Stage.ON), [shop(1, 10)], now=PLEDGE_BY)

    joins = {(Kind.WORKPLACE_JOINS, None, 1), (Kind.WORKPLACE_JOINS, 1, 1)}
    assert heard(ruling) == joins | {(Kind.LAST_WORD, None, None)}


# --- while it is open ---


def test_a_workplace_hears_once_that_it_is_ready_and_the_city_hears_nothing() -> None:
    walkout, places = under(OPEN, citywide_threshold=99), shops(10, 9)
    first = rules.tally(walkout, places, now=at("10:00"))
    places = after(first, places, 9, 9)
    fell = rules.tally(first.walkout, places, now=at("11:00"))
    places = after(fell, places, 10, 9)
    back = rules.tally(fell.walkout, places, now=at("12:00"))

    assert first.announcements == (
        Announcement(
            kind=Kind.WORKPLACE_READY,
            occasion="1",
            scope=UnitId(1),
            about=UnitId(1),
            to_stewards=True,
        ),
        Announcement(
            kind=Kind.WORKPLACES_READY,
            occasion="1",
            to_rooms=False,
            to_organizers=True,
            facts={"workplaces": ["Shop 1"], "more": 0},
        ),
    )
    assert (fell.announcements, back.announcements) == ((), ())


@pytest.mark.parametrize(
    ("shops_ready", "named", "more"),
    [(1, 1, 0), (10, 10, 0), (11, 10, 1), (40, 10, 30)],
)
def test_organizers_hear_of_all_that_became_ready_in_one_message_that_a_phone_can_show(
    shops_ready: int, named: int, more: int
) -> None:
    ruling = rules.tally(under(OPEN, citywide_threshold=999), shops(*[10] * shops_ready, 9), now=at("10:00"))
    to_organizers = [made for made in ruling.announcements if made.to_organizers]
    own = [made for made in ruling.announcements if made.kind is Kind.WORKPLACE_READY]

    assert [(made.kind, made.scope, made.to_rooms) for made in to_organizers] == [(Kind.WORKPLACES_READY, None, False)]
    assert (len(to_organizers[0].facts["workplaces"]), to_organizers[0].facts["more"]) == (named, more)
    assert [made.scope for made in own] == list(range(1, shops_ready + 1))
    assert all(made.to_rooms and made.to_stewards for made in own)


def test_falling_below_is_announced_nowhere_and_seen_on_the_board_once_nine_have_moved() -> None:
    walkout, places = under(OPEN, citywide_threshold=99, milestones=True), shops(10)
    first = rules.tally(walkout, places, now=at("10:00"))
    fell = rules.tally(first.walkout, after(first, places, 9), now=at("11:00"))

    well = rules.tally(fell.walkout, after(fell, after(first, places, 9), 1), now=at("12:00"))

    reached = BoardLine(reached=True, since=1, number=10, anchor=10)
    assert [place.line for place in first.units] == [reached]
    assert fell.units == ()
    assert [place.line for place in well.units] == [BoardLine(reached=False, number=0, anchor=1)]
    assert (fell.announcements, well.announcements) == ((), ())


def milestones(ruling: Ruling) -> list[int]:
    made = [each for each in ruling.announcements if each.kind is Kind.MILESTONE]
    assert all((each.scope, each.about) == (None, None) for each in made)
    return [each.facts["quarters"] for each in made]


@pytest.mark.parametrize(
    ("counts", "standing", "heard_before", "made"),
    [
        (Counts.ALL, (14, 14, 9), 0, []),  # two lines have moved: the city's has not
        (Counts.ALL, (10, 10, 10), 0, [1]),  # three tenths: a quarter is passed
        (Counts.ALL, (10, 10, 10), 1, []),  # each once
        (Counts.ALL, (10, 10, 10), 2, []),  # downward: nothing
        (Counts.ALL, (15, 15, 20), 0, [2]),  # two at once: only the highest
        (Counts.ALL, (24, 24, 29), 1, [2]),  # 77 people, but the board shows 65
        (Counts.ALL, (25, 25, 29), 1, [2]),  # 75: seven tenths are fewer than three quarters
        (Counts.ALL, (25, 25, 30), 1, [3]),
        (Counts.ALL, (50, 50, 50), 3, []),  # the whole number is no milestone
        (Counts.READY, (49, 49, 49), 0, []),  # not one workplace shows "has reached"
        (Counts.READY, (49, 49, 50), 0, [2]),
    ],
)
def test_milestones_are_taken_from_the_coarse_line_each_once_and_only_the_highest(
    counts: Counts, standing: tuple[int, ...], heard_before: int, made: list[int]
) -> None:
    walkout = under(
        replace(OPEN, milestone=heard_before, opened=at("04:00")),  # six hours before
        milestones=True,
        citywide_threshold=100,
        citywide_counts=counts,
        minimum_workplaces=9,
    )
    places = [shop(number, people, threshold=50) for number, people in enumerate(standing, start=1)]

    assert milestones(rules.tally(walkout, places, now=at("10:00"))) == made


def test_without_being_asked_for_no_milestone_is_announced() -> None:
    walkout = under(OPEN, citywide_threshold=100)

    assert milestones(rules.tally(walkout, [shop(1, 90)], now=at("10:00"))) == []


# --- reminders ---

REMINDED_OF = (timedelta(hours=10), timedelta(hours=3), timedelta(minutes=90), timedelta(minutes=10))
REMIND = under(OPEN, reminders=REMINDED_OF)  # due at 02:30 (before opening), 09:30, 11:00 and 12:20


@pytest.mark.parametrize(
    ("reminded", "due"),
    [
        (None, at("09:30")),  # the one before opening is skipped
        (at("09:30"), at("11:00")),
        (at("11:00"), at("12:20")),
        (at("12:20"), None),
    ],
)
def test_reminders_follow_each_other_by_their_due_times(reminded: datetime | None, due: datetime | None) -> None:
    assert rules.next_reminder(replace(REMIND, reminded=reminded)) == due


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.LAPSED, Stage.CALLED_OFF, Stage.CLOSED])
def test_nobody_is_reminded_of_what_is_not_open_or_on(stage: Stage) -> None:
    walkout = replace(REMIND, stage=stage)

    assert rules.next_reminder(walkout) is None
    assert rules.remind(walkout, shops(0), now=at("11:30")) == Ruling(walkout=walkout)


def test_a_draft_has_no_reminder_due() -> None:
    assert rules.next_reminder(replace(REMIND, stage=Stage.DRAFT, opened=None)) is None


def test_a_reminder_due_at_the_moment_of_opening_is_not_made() -> None:
    assert rules.next_reminder(under(OPEN, reminders=(timedelta(hours=3, minutes=30),))) is None


@pytest.mark.parametrize(
    ("now", "occasion"),
    [
        (at("09:29:59"), None),
        (at("09:30"), at("09:30")),
        (at("10:59"), at("09:30")),
        (at("11:00"), at("11:00")),  # two are overdue: the newest
        (at("12:29:59"), at("12:20")),
        (PLEDGE_BY, None),  # too late
        (at("20:00"), None),
    ],
)
def test_of_overdue_reminders_only_the_newest_is_made_and_none_at_the_deadline(
    now: datetime, occasion: datetime | None
) -> None:
    ruling = rules.remind(REMIND, shops(0, 0), now=now)

    if occasion is None:
        assert ruling.announcements == ()
        return
    assert {made.occasion for made in ruling.announcements} == {occasion.isoformat()}
    assert heard(ruling) == {(Kind.REMINDER, None, None), (Kind.REMINDER, 1, 1), (Kind.REMINDER, 2, 2)}
    assert ruling.units == ()
    assert rules.remind(ruling.walkout, shops(0, 0), now=now).announcements == ()


def test_people_are_reminded_while_it_is_on_since_others_may_still_join() -> None:
    ruling = rules.remind(replace(REMIND, stage=Stage.ON), shops(0), now=at("09:30"))

    assert heard(ruling) == {(Kind.REMINDER, None, None), (Kind.REMINDER, 1, 1)}


@pytest.mark.parametrize(
    ("streak", "taken", "on"),
    [
        (0, "10:00", False),  # another lies before the deadline
        (1, "11:00", True),
        (0, "12:00", True),  # the last before the deadline
        (0, "12:30", True),  # the deadline's
    ],
)
def test_where_the_file_does_not_say_two_tallies_confirm_unless_no_other_lies_before_the_deadline(
    streak: int, taken: str, *, on: bool
) -> None:
    walkout = replace(under(OPEN, confirm_tallies=None), streak=streak, next_tally=at(taken))
    ruled = rules.tally(walkout, shops(10, 10), now=at(taken))

    assert (ruled.walkout.stage is Stage.ON) is on


def test_a_tally_that_nobody_took_neither_counts_nor_breaks_the_row() -> None:
    walkout = under(OPEN, confirm_tallies=2)
    first = rules.tally(walkout, shops(10, 10), now=at("10:00"))
    third = rules.tally(first.walkout, shops(10, 10), now=at("12:00"))

    assert (first.walkout.streak, third.walkout.stage) == (1, Stage.ON)


def test_at_the_deadline_each_workplace_that_is_out_and_below_its_number_hears_so_once_and_no_other() -> None:
    walkout = replace(AT_THE_DEADLINE, stage=Stage.ON)
    places = [shop(1, 9, out=True), shop(2, 10, out=True), shop(3, 1)]
    last = rules.tally(walkout, places, now=PLEDGE_BY)

    own = {made.scope: made.kind for made in last.announcements if made.scope is not None}
    assert own == {1: Kind.FEWER_NOW, 2: Kind.LAST_WORD, 3: Kind.NOT_OUT}
    assert [rules.fell_below(place) for place in after(last, places, 9, 10, 1)] == [True, False, False]
    assert rules.tally(walkout, places, now=at("12:00")).announcements == ()


def test_it_says_that_nobody_was_running_only_where_the_numbers_were_reached() -> None:
    walkout = under(AT_THE_DEADLINE, starts=PLEDGE_BY)
    late = PLEDGE_BY + 2 * rules.LATE
    for standing, missed in ((10, True), (9, False)):
        lapsed = rules.tally(walkout, shops(10, standing), now=late).walkout
        assert (lapsed.stage, rules.was_missed(lapsed)) == (Stage.LAPSED, missed)
