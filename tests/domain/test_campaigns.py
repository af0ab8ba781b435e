"""Steps of a campaign: a survey, hand counts, what a step proves, the ladder, and where the next step opens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain import campaigns, disclosure, rules
from bot.domain.errors import (
    LeavesTooFewFree,
    NobodyQualifies,
    NotEnoughLeft,
    Refused,
    StepNotOver,
    WrongStage,
)
from bot.domain.model import (
    Announcement,
    BoardLine,
    CountedBy,
    Kind,
    Question,
    Ruling,
    Stage,
    StepKind,
    Tier,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)
from tests.conftest import HOUR, MICROSECOND, NOON, PLEDGE_BY, STARTS, opened, shops

DAY = timedelta(days=1)
OVER = STARTS + rules.ASKED_FOR
BUSES: dict[str, Any] = {"campaign": "Buses for all"}
SURVEY: dict[str, Any] = {"kind": StepKind.SURVEY, "starts": PLEDGE_BY, **BUSES}
ACTION: dict[str, Any] = {"kind": StepKind.ACTION, "turnout": True, **BUSES}
ONE_QUESTION = (Question(text="How long?", options=("A day", "Until we win")),)


def standing(units: Iterable[Unit], *people: int) -> list[Unit]:
    return [replace(unit, standing=number) for unit, number in zip(units, people, strict=True)]


def after(ruling: Ruling, units: Sequence[Unit]) -> list[Unit]:
    changed = {unit.id: unit for unit in ruling.units}
    return [changed.get(unit.id, unit) for unit in units if unit.id not in ruling.dropped]


def last_count(walkout: Walkout, units: Sequence[Unit], *, late: timedelta = timedelta()) -> Ruling:
    """Take the deadline's tally."""
    return rules.tally(walkout, units, now=walkout.terms.pledge_by + late)


def told(ruling: Ruling, kind: Kind) -> list[Announcement]:
    return [news for news in ruling.announcements if news.kind is kind]


# --- a survey ---


def test_a_survey_ends_at_its_deadlines_tally_whatever_it_came_to() -> None:
    for pledged in (0, 4, 5, 20):
        units = standing(shops(20, 20), pledged, pledged)
        ruling = last_count(opened(**SURVEY), units)
        assert (ruling.walkout.stage, ruling.walkout.ended) == (Stage.ENDED, PLEDGE_BY)
        assert ruling.walkout.next_tally is None
        assert not any(unit.out for unit in after(ruling, units))
        assert [unit.line.reached for unit in after(ruling, units)] == [pledged >= 5] * 2


def test_a_survey_is_never_on_however_often_its_numbers_are_reached() -> None:
    walkout, units = opened(confirm_tallies=1, **SURVEY), standing(shops(20, 20), 20, 20)
    ready: list[Kind] = []
    while walkout.next_tally is not None and walkout.next_tally < PLEDGE_BY:
        ruling = rules.tally(walkout, units, now=walkout.next_tally)
        assert ruling.walkout.stage is Stage.OPEN
        ready += [news.kind for news in ruling.announcements]
        walkout, units = ruling.walkout, after(ruling, units)
    assert ready == [Kind.WORKPLACE_READY, Kind.WORKPLACE_READY, Kind.WORKPLACES_READY]  # once each
    assert last_count(walkout, units).walkout.stage is Stage.ENDED


def test_everybody_hears_what_a_surveys_ballots_came_to() -> None:
    survey = replace(opened(questions=ONE_QUESTION, **SURVEY), votes={"010000": 31, "020000": 11})
    units = standing(shops(50, 20), 40, 5)
    news = told(last_count(survey, units), Kind.SURVEY_OVER)
    assert [(each.scope, each.about) for each in news] == [(None, None), (1, 1), (2, 2)]
    assert all(each.to_rooms and each.to_organizers is (each.scope is None) for each in news)
    assert [each.to_stewards for each in news] == [False, True, True]
    assert [each.to_notices for each in news] == [True, False, False]
    assert len({str(each.facts) for each in news}) == 1
    assert news[0].facts["ballots"] == 40  # more than so many
    without = told(last_count(opened(**SURVEY), units), Kind.SURVEY_OVER)
    assert [each.facts for each in without] == [{}] * 3


def test_more_ballots_than_people_are_as_many_as_people() -> None:
    units = standing(shops(12), 60)
    survey = replace(opened(questions=ONE_QUESTION, **SURVEY), votes={"010000": 60})
    assert told(last_count(survey, units), Kind.SURVEY_OVER)[0].facts["ballots"] == 10


@pytest.mark.parametrize("late", [timedelta(), HOUR, 30 * DAY])
def test_a_survey_that_nobody_counted_in_time_is_counted_late_since_nothing_starts_by_it(late: timedelta) -> None:
    ruling = last_count(opened(**SURVEY), standing(shops(20), 10), late=late)
    assert (ruling.walkout.stage, ruling.walkout.ended) == (Stage.ENDED, PLEDGE_BY + late)
    assert ruling.walkout.tallied == PLEDGE_BY
    assert told(ruling, Kind.NEXT_STEP)[0].facts["workplaces"] == ["Shop 1"]


def test_a_survey_has_its_reminders_and_no_news_of_a_day() -> None:
    survey = opened(reminders=(DAY,), **SURVEY)
    assert rules.next_reminder(survey) == PLEDGE_BY - DAY
    reminded = rules.remind(survey, shops(20), now=PLEDGE_BY - DAY)
    assert {news.kind for news in reminded.announcements} == {Kind.REMINDER}
    assert rules.next_reminder(reminded.walkout) is None
    assert rules.next_reminder(last_count(survey, shops(20)).walkout) is None


def test_a_survey_can_be_called_off_until_it_ends() -> None:
    survey = opened(**SURVEY)
    off = rules.call_off(survey, shops(20), now=NOON + HOUR)
    assert (off.walkout.stage, off.walkout.next_tally) == (Stage.CALLED_OFF, None)
    ended = last_count(survey, shops(20)).walkout
    with pytest.raises(WrongStage):
        rules.call_off(ended, shops(20), now=PLEDGE_BY)
    for check in (rules.check_can_void, rules.check_can_recall):
        with pytest.raises(WrongStage):
            check(ended, shops(20), now=PLEDGE_BY)
    with pytest.raises(WrongStage):
        rules.check_can_leave(ended, shops(20)[0], now=PLEDGE_BY)
    rules.check_can_close(ended, now=PLEDGE_BY)
    with pytest.raises(WrongStage):
        rules.check_can_close(survey, now=PLEDGE_BY)


def test_a_surveys_line_goes_to_its_end_once_it_has_ended_and_not_before() -> None:
    survey, units = opened(citywide_threshold=30, **SURVEY), standing(shops(20, 20, 20), 20, 20, 20)
    first = rules.tally(survey, units, now=NOON + 6 * HOUR)
    seen = disclosure.coarse(first.walkout, after(first, units))
    assert seen is not None
    assert seen.tenths == 9
    ended = last_count(survey, units)
    seen = disclosure.coarse(ended.walkout, after(ended, units))
    assert seen is not None
    assert seen.tenths == 10


@pytest.mark.parametrize(
    ("terms", "stage", "closes"),
    [
        (SURVEY, Stage.ENDED, PLEDGE_BY + 48 * HOUR),
        (SURVEY, Stage.OPEN, None),
        ({}, Stage.ON, STARTS + 7 * DAY),
        ({"ends": STARTS + DAY}, Stage.ON, STARTS + 8 * DAY),
        (BUSES, Stage.ON, STARTS + 14 * DAY),  # nobody has said when it ends
        ({"ends": STARTS + DAY, **BUSES}, Stage.ON, STARTS + 8 * DAY),
        (BUSES, Stage.LAPSED, PLEDGE_BY + 48 * HOUR),
        (BUSES, Stage.CALLED_OFF, PLEDGE_BY + 48 * HOUR),
    ],
)
def test_when_a_step_closes(terms: dict[str, Any], stage: Stage, closes: datetime | None) -> None:
    over = stage not in {Stage.ON, Stage.OPEN}
    assert rules.closes_at(replace(opened(**terms), stage=stage, ended=PLEDGE_BY if over else None)) == closes


@pytest.mark.parametrize(
    ("kind", "terms", "stage", "now", "may"),
    [
        (Kind.SURVEY_OVER, SURVEY, Stage.ENDED, PLEDGE_BY + DAY, True),
        (Kind.SURVEY_OVER, SURVEY, Stage.CLOSED, PLEDGE_BY + 3 * DAY, False),
        (Kind.VOTE_AGAIN, SURVEY, Stage.OPEN, NOON, True),
        (Kind.VOTE_AGAIN, SURVEY, Stage.OPEN, PLEDGE_BY, False),
        (Kind.VOTE_AGAIN, SURVEY, Stage.ENDED, PLEDGE_BY, False),
        (Kind.COMMITTEE_WORD, ACTION, Stage.ON, STARTS, True),
        (Kind.COMMITTEE_WORD, ACTION, Stage.CALLED_OFF, STARTS, False),
        (Kind.ANOTHER_TRY, BUSES, Stage.OPEN, NOON, True),
        (Kind.ANOTHER_TRY, BUSES, Stage.OPEN, PLEDGE_BY, False),
        (Kind.ANOTHER_TRY, BUSES, Stage.LAPSED, PLEDGE_BY, False),
        (Kind.NEXT_STEP, SURVEY, Stage.ENDED, PLEDGE_BY, True),
        (Kind.NEXT_STEP, SURVEY, Stage.CLOSED, PLEDGE_BY + 3 * DAY, True),
    ],
)
def test_how_long_the_news_of_a_campaign_may_be_said(
    kind: Kind,
    terms: dict[str, Any],
    stage: Stage,
    now: datetime,
    may: bool,  # noqa: FBT001
) -> None:
    news = Announcement(kind=kind, occasion="1")
    walkout = replace(opened(**terms), stage=stage)
    assert rules.may_be_said(news, walkout, None, private=False, now=now) is may


# --- who counts on the day ---


def is_on(**terms: Any) -> Walkout:
    """Make a step that is on, its deadline's tally taken."""
    return last_count(opened(**{**ACTION, **terms}), standing(shops(20), 10)).walkout


def counted(walkout: Walkout, units: Sequence[Unit]) -> Ruling:
    """Take the last tally of the day."""
    return rules.tally(walkout, units, now=OVER)


def test_where_stewards_count_by_hand_nobody_is_asked_and_tallies_are_taken_as_ever() -> None:
    by_hand = is_on(counted_by=CountedBy.STEWARDS)
    assert rules.asks_turnout(is_on(), STARTS)
    assert not rules.asks_turnout(by_hand, STARTS)
    assert by_hand.next_tally == is_on().next_tally == STARTS + HOUR


@pytest.mark.parametrize(
    ("counted_by", "turnout", "took_part", "number"),
    [
        (CountedBy.CARDS, 20, None, 20),
        (CountedBy.CARDS, 20, 60, 20),
        (CountedBy.STEWARDS, 20, None, 0),  # nobody has counted
        (CountedBy.STEWARDS, 20, 30, 30),
        (CountedBy.STEWARDS, 0, 9, 0),
        (CountedBy.STEWARDS, 0, 10, 10),
        (CountedBy.STEWARDS, 0, 500, 90),  # never more than there are people
    ],
)
def test_what_the_day_comes_to(counted_by: CountedBy, turnout: int, took_part: int | None, number: int) -> None:
    place = replace(shops(90, threshold=50)[0], out=True, turnout=turnout, took_part=took_part)
    line = after(counted(is_on(counted_by=counted_by), [place]), [place])[0].turnout_line
    assert (line.reached, line.number) == (number >= 50, number)


def test_a_count_of_a_whole_workplace_stands_in_place_of_its_departments() -> None:
    place = replace(shops(90, threshold=50)[0], out=True)
    parts = [
        replace(place, id=UnitId(n), parent=place.id, tier=Tier.DEPARTMENT, headcount=45, threshold=0) for n in (2, 3)
    ]
    theirs = [replace(part, took_part=20) for part in parts]
    assert rules.take_part([place, *theirs], CountedBy.STEWARDS)[place.id] == 40
    whole = replace(place, took_part=30)
    assert rules.take_part([whole, *theirs], CountedBy.STEWARDS)[place.id] == 30
    nobody = replace(place, took_part=0)
    assert rules.take_part([nobody, *theirs], CountedBy.STEWARDS)[place.id] == 0


# --- what a step proves ---


@pytest.mark.parametrize(
    ("threshold", "line", "share", "proves"),
    [
        (50, BoardLine(number=25), 100, False),
        (50, BoardLine(number=25), 50, True),
        (50, BoardLine(number=25), 51, False),  # 26 people
        (50, BoardLine(number=45), 100, False),
        (50, BoardLine(number=50, reached=True), 100, True),
        (17, BoardLine(number=10), 60, False),  # 11 people
        (16, BoardLine(number=10), 60, True),
        (10, BoardLine(), 1, False),
        (10, BoardLine(reached=True, number=10), 1, True),
    ],
)
def test_what_proves_a_step(threshold: int, line: BoardLine, share: int, proves: bool) -> None:  # noqa: FBT001
    shop = shops(90, threshold=threshold)[0]
    survey = last_count(opened(**SURVEY), [shop]).walkout
    assert campaigns.proved(survey, replace(shop, line=line), share) is proves
    assert not campaigns.proved(survey, replace(shop, line=line, left=True), share)  # its own organizers say no
    on_the_day = replace(shop, turnout_line=line, out=True, line=BoardLine(reached=True))
    assert campaigns.proved(is_on(), on_the_day, share) is proves
    assert not campaigns.proved(is_on(), replace(on_the_day, out=False), share)


def test_only_a_step_whose_last_count_is_in_is_proved() -> None:
    reached = BoardLine(reached=True, number=5)
    units = [replace(shops(20)[0], out=True, line=reached, turnout_line=reached)]
    survey, action = last_count(opened(**SURVEY), units).walkout, counted(is_on(), units).walkout
    closed: dict[str, Any] = {"stage": Stage.CLOSED, "next_tally": None}
    table: list[tuple[Walkout, bool]] = [
        (opened(**SURVEY), False),
        (survey, True),
        (replace(survey, **closed), True),
        (rules.call_off(opened(**SURVEY), units, now=NOON).walkout, False),
        (replace(rules.call_off(opened(**SURVEY), units, now=NOON).walkout, **closed), False),
        (is_on(), False),
        (rules.tally(is_on(), units, now=OVER - HOUR).walkout, False),  # one count is still to come
        (action, True),
        (replace(action, **closed), True),
        (rules.call_off(action, units, now=OVER).walkout, False),
        (replace(rules.call_off(action, units, now=OVER).walkout, **closed), False),
        (is_on(turnout=False), False),
        (replace(is_on(turnout=False), **closed), False),
        (last_count(opened(**ACTION), shops(20)).walkout, False),  # it lapsed
    ]
    for step, is_counted in table:
        assert campaigns.is_counted(step) is is_counted
        assert campaigns.qualified(step, units) == ({UnitId(1)} if is_counted else frozenset())


def test_what_can_only_be_read_as_reached() -> None:
    """Held against every count that there may be, through the board's own function."""
    assert [n for n in range(5, 1000) if campaigns.only_reached(n, 60)] == [*range(5, 15), 17, 18, 19]
    for threshold in range(5, 130):
        seen = {
            disclosure.next_line(BoardLine(), count=n, threshold=threshold, tally=1).number for n in range(threshold)
        }
        for share in (1, 30, 50, 60, 80, 95, 100):
            assert campaigns.only_reached(threshold, share) is (100 * max(seen) < share * threshold)


# --- the news of it ---


def test_organizers_hear_with_the_last_count_where_the_next_step_can_open() -> None:
    units = standing(shops(*[30] * 14, threshold=20), *[20] * 12, 19, 0)
    ruling = last_count(opened(**SURVEY), units)
    (news,) = told(ruling, Kind.NEXT_STEP)
    names = sorted(f"Shop {n}" for n in range(1, 13))
    assert news.facts == {"workplaces": names[:10], "more": 2, "others": 2, "share": 100}
    assert (news.to_rooms, news.to_organizers, news.to_stewards, news.to_notices) == (False, True, False, False)
    at_half = rules.tally(opened(**SURVEY), units, now=PLEDGE_BY, share=50)
    assert [each.facts["others"] for each in told(at_half, Kind.NEXT_STEP)] == [1]


def test_of_an_action_they_hear_it_with_the_last_count_of_the_day_and_once() -> None:
    units = [replace(shop, out=True, turnout=12) for shop in shops(20, 20)] + [replace(shops(1, 1, 20)[2], turnout=0)]
    walkout, heard = is_on(), []
    while walkout.next_tally is not None:
        ruling = rules.tally(walkout, units, now=walkout.next_tally)
        heard += [(walkout.next_tally, news) for news in ruling.announcements]
        walkout, units = ruling.walkout, after(ruling, units)
    ((at, news),) = heard
    assert (at, news.kind) == (OVER, Kind.NEXT_STEP)
    assert news.facts == {"workplaces": ["Shop 1", "Shop 2"], "more": 0, "others": 1, "share": 100}


@pytest.mark.parametrize("terms", [{"turnout": True}, {"kind": StepKind.SURVEY, "starts": PLEDGE_BY}])
def test_of_what_belongs_to_no_campaign_nobody_hears_of_a_next_step(terms: dict[str, Any]) -> None:
    units = [replace(shop, standing=20, out=True, turnout=20) for shop in shops(20, 20)]
    ruling = last_count(opened(**terms), units)
    late = rules.tally(ruling.walkout, after(ruling, units), now=OVER)
    assert not told(ruling, Kind.NEXT_STEP)
    assert not late.announcements


# --- the ladder ---


def campaign(*shares: int, reached: Sequence[Sequence[int]]) -> list[campaigns.Step]:
    """Make surveys, each after the one before; at these many people of each of its shops, of 20 who are to be."""
    steps: list[campaigns.Step] = []
    for n, (share, people) in enumerate(zip(shares, reached, strict=True)):
        name, last = WalkoutId(f"s{n}"), steps[-1][0].id if steps else None
        walkout = replace(opened(name, opens_where=share, **SURVEY), campaign=WalkoutId("s0"), after=last)
        units = standing(shops(*[40] * len(people), threshold=20), *people)
        ruling = last_count(walkout, units)
        steps.append((ruling.walkout, after(ruling, units)))
    return steps


def test_a_workplace_stands_on_the_highest_rung_that_it_has_proved() -> None:
    steps = campaign(100, 60, 100, reached=[[20, 15, 14, 9], [20, 20, 15, 0], [20, 19, 0, 0]])
    # the first is proved by 60 per cent, since the second asks for no more; the second and the third by all
    assert campaigns.ladder(steps) == {1: 3, 2: 2, 3: 0, 4: 0}
    assert campaigns.ladder(steps[:1]) == {1: 1, 2: 0, 3: 0, 4: 0}  # nothing was opened on it that asks for less
    assert [rung.reached for rung in campaigns.climbed(steps)] == [2, 2, 1]
    assert [rung.reached for rung in campaigns.for_everybody(campaigns.climbed(steps))] == [0, 0, 0]
    at_half = campaign(100, 50, reached=[[20, 15, 14, 10], [20, 0, 0, 0]])
    assert campaigns.ladder(at_half) == {1: 2, 2: 1, 3: 1, 4: 1}
    assert [rung.reached for rung in campaigns.for_everybody(campaigns.climbed(at_half))] == [4, 0]


def test_a_draft_and_a_step_that_goes_on_are_no_proof() -> None:
    steps = campaign(100, reached=[[20, 20, 20]])
    draft = replace(opened(WalkoutId("d"), opens_where=10, **SURVEY), stage=Stage.DRAFT, opened=None)
    with_draft = [*steps, (replace(draft, after=WalkoutId("s0")), shops(40, 40, 40, threshold=20))]
    assert campaigns.ladder(with_draft) == campaigns.ladder(steps) == {1: 1, 2: 1, 3: 1}
    assert len(campaigns.climbed(with_draft)) == 1
    going_on = replace(draft, stage=Stage.OPEN, opened=NOON, after=WalkoutId("s0"))
    assert [rung.reached for rung in campaigns.climbed([*steps, (going_on, with_draft[1][1])])] == [3, None]


def test_another_try_and_a_second_step_after_the_same_one_are_the_same_rung() -> None:
    first, *_rest = campaign(100, reached=[[20, 20, 20]])
    units = shops(40, 40, 40, threshold=20)
    lapsed = last_count(replace(opened(WalkoutId("a"), **ACTION), after=WalkoutId("s0")), units)
    again = replace(opened(WalkoutId("b"), **ACTION), after=WalkoutId("a"))
    beside = replace(opened(WalkoutId("c"), **ACTION), after=WalkoutId("s0"))
    steps = [first, (lapsed.walkout, units), (again, units), (beside, units)]
    assert campaigns.rungs(steps) == {"s0": 1, "a": 2, "b": 2, "c": 2}
    closed = replace(lapsed.walkout, stage=Stage.CLOSED, streak=0, next_tally=None)
    steps[1] = (closed, units)
    assert campaigns.rungs(steps) == {"s0": 1, "a": 2, "b": 2, "c": 2}


@pytest.mark.parametrize(
    ("walkout", "out", "lapsed"),
    [
        (last_count(opened(**ACTION), shops(20)).walkout, False, True),
        (rules.call_off(opened(**ACTION), [], now=NOON).walkout, False, False),
        (rules.call_off(is_on(), [], now=STARTS).walkout, True, False),
        (last_count(opened(**SURVEY), shops(20)).walkout, False, False),
        (is_on(), True, False),
        (opened(**ACTION), False, False),
    ],
)
def test_what_has_lapsed_is_told_from_what_was_called_off_also_once_it_is_closed(
    walkout: Walkout,
    out: bool,  # noqa: FBT001
    lapsed: bool,  # noqa: FBT001
) -> None:
    units = [replace(unit, out=out) for unit in shops(20, 20)]
    assert campaigns.has_lapsed(walkout, units) is lapsed
    if walkout.stage is not Stage.OPEN:
        closed = replace(walkout, stage=Stage.CLOSED, streak=0, next_tally=None)
        assert campaigns.has_lapsed(closed, units) is lapsed


# --- opening a step ---


def area(number: int, *, parent: int = 0, **numbers: int) -> Unit:
    fields: dict[str, Any] = {"headcount": 0, "threshold": 0, **numbers}
    return Unit(id=UnitId(number), name=f"Area {number}", parent=UnitId(parent), tier=Tier.AREA, **fields)


def place(number: int, headcount: int, parent: int = 0, tier: Tier = Tier.WORKPLACE, threshold: int = 5) -> Unit:
    return Unit(
        id=UnitId(number),
        name=f"Unit {number}",
        headcount=headcount,
        threshold=threshold,
        parent=UnitId(parent),
        tier=tier,
    )


TREE = (
    area(1, headcount=120),
    area(2, headcount=60),
    area(3, parent=1, headcount=70),
    place(4, 50, 1),
    place(5, 30, 3),
    place(6, 40, 3),
    place(7, 60, 2),
    place(8, 20, 5, Tier.DEPARTMENT, threshold=0),
    place(9, 10, 5, Tier.DEPARTMENT, threshold=0),
)


def draft(**terms: Any) -> Walkout:
    return replace(opened(**{"citywide_threshold": 5, **terms}), stage=Stage.DRAFT, opened=None, next_tally=None)


@pytest.mark.parametrize(
    ("qualified", "dropped", "headcounts"),
    [
        ({4, 5, 6, 7}, set(), {}),
        ({5}, {2, 4, 6, 7}, {1: 30, 3: 30}),  # its departments stay, and the areas that it is in
        ({6}, {2, 4, 5, 7, 8, 9}, {1: 40, 3: 40}),
        ({4}, {2, 3, 5, 6, 7, 8, 9}, {1: 50}),
        ({4, 7}, {3, 5, 6, 8, 9}, {1: 50}),
        ({7, 99}, {1, 3, 4, 5, 6, 8, 9}, {}),
    ],
)
def test_a_step_opens_without_those_that_have_not_proved_the_one_before(
    qualified: set[UnitId], dropped: set[int], headcounts: dict[int, int]
) -> None:
    ruling = rules.open_up(draft(), TREE, now=NOON, qualified=frozenset(qualified))
    assert ruling.walkout.stage is Stage.OPEN
    assert ruling.dropped == dropped
    assert {unit.id: unit.headcount for unit in ruling.units} == headcounts
    assert {news.scope for news in ruling.announcements} == {None, *(u.id for u in TREE if u.id not in dropped)}


def test_what_needs_no_proof_opens_everywhere() -> None:
    ruling = rules.open_up(draft(), TREE, now=NOON)
    assert (ruling.dropped, ruling.units, len(ruling.announcements)) == (frozenset(), (), 1 + len(TREE))


@pytest.mark.parametrize(
    ("terms", "units", "qualified", "refusal"),
    [
        ({"opens_where": 60}, TREE, set(), NobodyQualifies(60)),
        ({"citywide_threshold": 61}, TREE, {7}, NotEnoughLeft("", 61, 60, people=True)),
        ({"minimum_workplaces": 2}, TREE, {7}, NotEnoughLeft("", 2, 1, people=False)),
        (
            {},
            (replace(TREE[0], threshold=51), *TREE[1:]),
            {4},
            NotEnoughLeft("Area 1", 51, 50, people=True),
        ),
        ({}, (replace(TREE[0], minimum=2), *TREE[1:]), {4}, NotEnoughLeft("Area 1", 2, 1, people=False)),
        ({}, (replace(TREE[0], threshold=46), *TREE[1:]), {4}, LeavesTooFewFree("Unit 4", "Area 1")),
        ({"citywide_threshold": 58}, TREE, {7}, LeavesTooFewFree("Area 2", "")),
    ],
)
def test_a_step_is_refused_whose_numbers_could_not_be_met_by_those_that_are_left(
    terms: dict[str, Any], units: Sequence[Unit], qualified: set[UnitId], refusal: Refused
) -> None:
    with pytest.raises(type(refusal)) as refused:
        rules.open_up(draft(**terms), units, now=NOON, qualified=qualified)
    assert vars(refused.value) == vars(refusal)
    if not isinstance(refusal, NobodyQualifies):
        rules.open_up(draft(**terms), units, now=NOON)  # it is for want of the others


@pytest.mark.parametrize(
    ("other", "now", "is_live"),
    [
        (draft(**ACTION), NOON, False),
        (opened(**ACTION), NOON, True),
        (opened(**SURVEY), PLEDGE_BY + DAY, True),  # its last count is not taken
        (last_count(opened(**SURVEY), shops(20)).walkout, PLEDGE_BY, False),
        (last_count(opened(**ACTION), shops(20)).walkout, PLEDGE_BY, False),
        (is_on(), STARTS, True),
        (is_on(), OVER, True),  # the last count of the day is not taken
        (replace(is_on(), next_tally=None), OVER - MICROSECOND, True),
        (replace(is_on(), next_tally=None), OVER, False),
        (replace(is_on(ends=STARTS + 3 * DAY), next_tally=None), OVER, True),
        (replace(is_on(ends=STARTS + 3 * DAY), next_tally=None), STARTS + 3 * DAY, False),
        (rules.call_off(is_on(), [], now=STARTS).walkout, STARTS, False),
        (replace(is_on(), stage=Stage.CLOSED, next_tally=None), OVER, False),
    ],
)
def test_one_step_at_most_is_pledged_at_a_workplace(other: Walkout, now: datetime, is_live: bool) -> None:  # noqa: FBT001
    mine, theirs = TREE[:5], [TREE[0], TREE[3]]
    if is_live:
        with pytest.raises(StepNotOver) as refused:
            rules.check_no_live_step(mine, [(other, theirs)], now=now)
        assert refused.value.name == "Unit 4"
    else:
        rules.check_no_live_step(mine, [(other, theirs)], now=now)
    rules.check_no_live_step(mine, [(other, [TREE[0], TREE[6]])], now=now)  # an area alone is nobody's step


# --- which step somebody means ---


def test_of_a_campaign_nobody_means_what_is_over_beside_what_goes_on() -> None:
    first = opened(WalkoutId("f1rst"), **BUSES)
    over = replace(first, stage=Stage.ON, next_tally=None)
    goes_on = replace(first, id=WalkoutId("s2ep2"), campaign=first.id, after=first.id, opened=OVER)
    draft = replace(goes_on, id=WalkoutId("dr4ft"), stage=Stage.DRAFT, opened=None)
    alone = replace(over, id=WalkoutId("4lone"), terms=opened().terms)

    def meant(*steps: Walkout, now: datetime = OVER) -> list[WalkoutId]:
        return [each.id for each in rules.most_current(steps, now=now)]

    assert meant(over, goes_on, alone) == [goes_on.id, alone.id]
    assert meant(over, draft) == [draft.id]
    assert meant(over, goes_on, now=OVER - MICROSECOND) == [over.id, goes_on.id]  # elsewhere both may go on
    assert meant(over) == [over.id]
    lapsed = replace(goes_on, stage=Stage.LAPSED)
    assert meant(lapsed, over) == [lapsed.id]  # of what is over, the newest
