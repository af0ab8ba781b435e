"""In which situation a reader stands, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.model import CardState, CountedBy, Stage, StepKind
from bot.domain.situation import Asserts, Day, Verdict, situation
from tests.conftest import HOUR, NOON, PLEDGE_BY, opened, shops

MINUTE = timedelta(minutes=1)
STARTS = PLEDGE_BY + timedelta(days=4)
ENDS = STARTS + 6 * HOUR
SOON = PLEDGE_BY + HOUR
"""When a walkout starts whose last count may still be missing then."""

ON: dict[str, Any] = {"stage": Stage.ON}
OUT: dict[str, Any] = {"stage": Stage.ON, "out": True}
COUNTED: dict[str, Any] = {"next_tally": None}


@pytest.mark.parametrize(
    ("given", "now", "verdict", "day", "pledging"),
    [
        ({"stage": Stage.DRAFT, **COUNTED}, NOON, Verdict.NOT_OPEN, Day.BEFORE, False),
        ({}, NOON, Verdict.UNDECIDED, Day.BEFORE, True),
        ({"left": True}, NOON, Verdict.LEFT, Day.BEFORE, True),
        ({**ON, "left": True}, NOON + HOUR, Verdict.LEFT, Day.BEFORE, True),
        ({**ON, **COUNTED, "left": True}, ENDS, Verdict.LEFT, Day.AFTER, False),
        ({"stage": Stage.LAPSED, **COUNTED, "left": True}, PLEDGE_BY, Verdict.LAPSED, Day.BEFORE, False),
        ({}, PLEDGE_BY - MINUTE, Verdict.UNDECIDED, Day.BEFORE, True),
        ({}, PLEDGE_BY, Verdict.UNDECIDED, Day.BEFORE, True),  # the last count is still to come
        ({"starts": SOON}, SOON, Verdict.UNDECIDED, Day.ITSELF, True),
        ({"starts": SOON}, SOON + MINUTE, Verdict.MISSED, Day.ITSELF, False),  # it can turn on no more
        (ON, NOON + HOUR, Verdict.NOT_YET, Day.BEFORE, True),
        (ON, PLEDGE_BY, Verdict.NOT_YET, Day.BEFORE, True),
        ({**ON, "starts": SOON}, SOON + MINUTE, Verdict.DOES_NOT, Day.ITSELF, True),  # it can join no more
        ({**ON, **COUNTED}, PLEDGE_BY, Verdict.DOES_NOT, Day.BEFORE, False),
        ({**ON, **COUNTED}, STARTS, Verdict.DOES_NOT, Day.ITSELF, False),
        ({**ON, **COUNTED}, ENDS, Verdict.DOES_NOT, Day.AFTER, False),
        (OUT, NOON + HOUR, Verdict.WALKS_OUT, Day.BEFORE, True),
        ({**OUT, **COUNTED}, STARTS - MINUTE, Verdict.WALKS_OUT, Day.BEFORE, False),
        ({**OUT, **COUNTED}, STARTS, Verdict.WALKS_OUT, Day.ITSELF, False),
        ({**OUT, **COUNTED}, ENDS - MINUTE, Verdict.WALKS_OUT, Day.ITSELF, False),
        ({**OUT, **COUNTED}, ENDS, Verdict.WALKS_OUT, Day.AFTER, False),
        ({**OUT, **COUNTED, "ends": None}, STARTS + 24 * HOUR - MINUTE, Verdict.WALKS_OUT, Day.ITSELF, False),
        ({**OUT, **COUNTED, "ends": None}, STARTS + 24 * HOUR, Verdict.WALKS_OUT, Day.AFTER, False),
        ({**OUT, "next_tally": STARTS + HOUR}, STARTS, Verdict.WALKS_OUT, Day.ITSELF, False),  # that counts turnout
        ({"stage": Stage.LAPSED, **COUNTED}, PLEDGE_BY, Verdict.LAPSED, Day.BEFORE, False),
        ({"stage": Stage.LAPSED, **COUNTED, "streak": 1}, PLEDGE_BY, Verdict.MISSED, Day.BEFORE, False),
        ({"stage": Stage.CALLED_OFF, **COUNTED}, STARTS, Verdict.CALLED_OFF, Day.ITSELF, False),
        ({"stage": Stage.CALLED_OFF, **COUNTED, "out": True}, STARTS, Verdict.CALLED_OFF, Day.ITSELF, False),
        ({"stage": Stage.CLOSED, **COUNTED}, ENDS, Verdict.CLOSED, Day.AFTER, False),
    ],
)
def test_where_a_reader_stands(
    given: dict[str, Any],
    now: datetime,
    verdict: Verdict,
    day: Day,
    pledging: bool,  # noqa: FBT001
) -> None:
    given = dict(given)
    times: dict[str, Any] = {"starts": STARTS, "ends": ENDS}
    times |= {name: given.pop(name) for name in ("starts", "ends") if name in given}
    place = replace(shops(9)[0], out=given.pop("out", False), left=given.pop("left", False))
    walkout = replace(opened(**times), **{"next_tally": PLEDGE_BY, **given})
    at = situation(walkout, place, None, now)
    assert (at.verdict, at.day, at.pledging) == (verdict, day, pledging)
    assert at.deadline_past is (now >= PLEDGE_BY)


@pytest.mark.parametrize(
    ("mine", "told", "can"),
    [
        (None, False, {Asserts.CAN_PLEDGE}),
        (CardState.PLEDGED, False, {Asserts.CAN_TAKE_BACK, Asserts.CAN_ASK}),
        (CardState.PLEDGED, True, {Asserts.CAN_TAKE_BACK}),
        (CardState.WITHDRAWN, False, {Asserts.CAN_PLEDGE}),
        (CardState.RECALLED, False, set()),
        (CardState.RECALLED, True, set()),
    ],
)
def test_what_can_be_done_until_the_deadline(mine: CardState | None, told: bool, can: set[Asserts]) -> None:  # noqa: FBT001
    doable = {Asserts.CAN_PLEDGE, Asserts.CAN_TAKE_BACK, Asserts.CAN_ASK, Asserts.CAN_SAY_OUT, Asserts.CAN_SAY_NOT_OUT}
    place = shops(9)[0]
    for walkout in (opened(), replace(opened(), stage=Stage.ON)):
        assert situation(walkout, place, mine, PLEDGE_BY - MINUTE, told=told).facts() & doable == can
    over = replace(opened(), stage=Stage.ON, next_tally=None)
    assert situation(over, place, mine, PLEDGE_BY, told=told).facts() & doable == set()


def test_no_situation_is_two_at_once() -> None:
    place = shops(9)[0]
    for stage in Stage:
        for out in (False, True):
            for mine in (None, *CardState):
                for now in (NOON, PLEDGE_BY, STARTS, ENDS):
                    walkout = replace(opened(starts=STARTS, ends=ENDS), stage=stage)
                    so = situation(walkout, replace(place, out=out), mine, now).facts()
                    assert len(so & {Asserts.WALKS_OUT, Asserts.DOES_NOT, Asserts.NOBODY, Asserts.UNDECIDED}) <= 1
                    assert len(so & {Asserts.BEFORE, Asserts.TODAY}) <= 1
                    assert len(so & {Asserts.STANDS, Asserts.NONE_STANDS}) == 1
                    assert len(so & {Asserts.CAN_PLEDGE, Asserts.CAN_TAKE_BACK}) <= 1


SURVEY: dict[str, Any] = {"kind": StepKind.SURVEY, "starts": PLEDGE_BY}
ACTION: dict[str, Any] = {"kind": StepKind.ACTION, "starts": STARTS}


@pytest.mark.parametrize(
    ("terms", "given", "now", "verdict", "facts"),
    [
        (SURVEY, {}, NOON, Verdict.UNDECIDED, {Asserts.SURVEYED, Asserts.CAN_TAKE_BACK}),
        # its last count is late: what is done still counts, and nothing can be missed by it
        (SURVEY, {}, PLEDGE_BY + 90 * HOUR, Verdict.UNDECIDED, {Asserts.SURVEYED, Asserts.CAN_TAKE_BACK}),
        (SURVEY, {"stage": Stage.ENDED, **COUNTED}, PLEDGE_BY, Verdict.ENDED, {Asserts.ENDED}),
        (SURVEY, {"stage": Stage.ENDED, **COUNTED}, PLEDGE_BY + 9 * HOUR, Verdict.ENDED, {Asserts.ENDED}),
        (SURVEY, {"stage": Stage.CALLED_OFF, **COUNTED}, NOON, Verdict.CALLED_OFF, {Asserts.NOBODY}),
        (ACTION, {}, NOON, Verdict.UNDECIDED, {Asserts.UNDECIDED, Asserts.BEFORE, Asserts.STILL_COUNTED}),
        (ACTION, {**OUT, **COUNTED}, STARTS, Verdict.WALKS_OUT, {Asserts.TAKES_PART, Asserts.TODAY}),
        (ACTION, {**OUT, **COUNTED}, STARTS + 24 * HOUR, Verdict.WALKS_OUT, {Asserts.TOOK_PART}),
        (ACTION, {**ON, **COUNTED}, STARTS, Verdict.DOES_NOT, {Asserts.DOES_NOT, Asserts.TODAY}),
    ],
)
def test_where_a_reader_of_a_campaigns_step_stands(
    terms: dict[str, Any], given: dict[str, Any], now: datetime, verdict: Verdict, facts: set[Asserts]
) -> None:
    given = dict(given)
    place = replace(shops(9)[0], out=given.pop("out", False))
    at = situation(replace(opened(**terms), **{"next_tally": PLEDGE_BY, **given}), place, CardState.PLEDGED, now)
    so = at.facts()
    assert at.verdict is verdict
    assert facts <= so
    of_the_day = {Asserts.WALKS_OUT, Asserts.WALKED_OUT, Asserts.TAKES_PART, Asserts.TOOK_PART}
    assert so & of_the_day == facts & of_the_day
    if terms is SURVEY:
        assert not so & {Asserts.UNDECIDED, Asserts.STILL_COUNTED, Asserts.TODAY, Asserts.BEFORE, Asserts.MISSED}


def test_where_stewards_count_by_hand_nobody_can_say_to_be_out() -> None:
    place = replace(shops(9)[0], out=True)
    for counted_by in CountedBy:
        on = replace(opened(starts=STARTS, turnout=True, counted_by=counted_by), stage=Stage.ON, next_tally=None)
        can = Asserts.CAN_SAY_OUT in situation(on, place, CardState.PLEDGED, STARTS).facts()
        assert can is (counted_by is CountedBy.CARDS)
