"""The day itself: who is out, under the board's own rule, and nothing else moves. And cards drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import disclosure, rules
from bot.domain.model import BoardLine, CardState, Kind, Stage, Unit, Walkout
from tests.conftest import HOUR, MICROSECOND, NOON, PLEDGE_BY, opened, shops
from tests.domain import oracle
from tests.domain.oracle import Event, Plan, Turnout
from tests.domain.test_properties import modest, plans
from tests.domain.test_properties import opened as opened_under

STARTS = PLEDGE_BY + timedelta(days=4)
OVER = STARTS + rules.ASKED_FOR


def on(*, tally_every: timedelta = HOUR, turnout: bool = True) -> Walkout:
    """Make a walkout that the deadline's tally has turned on."""
    walkout = opened(tally_every=tally_every, turnout=turnout)
    places = [replace(place, standing=10) for place in shops(20)]
    return rules.tally(walkout, places, now=PLEDGE_BY).walkout


# --- when it is asked and counted ---


@pytest.mark.parametrize(
    ("now", "asks"),
    [(STARTS - MICROSECOND, False), (STARTS, True), (OVER - MICROSECOND, True), (OVER, False)],
)
def test_people_are_asked_from_the_start_on_for_a_day(now: datetime, *, asks: bool) -> None:
    assert rules.asks_turnout(on(), now) is asks
    assert not rules.asks_turnout(on(turnout=False), now)
    for stage in set(Stage) - {Stage.ON}:
        assert not rules.asks_turnout(replace(on(), stage=stage), now)


@pytest.mark.parametrize(
    ("every", "after", "expected"),
    [
        (HOUR, PLEDGE_BY, STARTS + HOUR),  # nobody is out before the start
        (HOUR, STARTS, STARTS + HOUR),
        (HOUR, STARTS + HOUR - MICROSECOND, STARTS + HOUR),
        (HOUR, STARTS + HOUR, STARTS + 2 * HOUR),
        (7 * HOUR, STARTS + 21 * HOUR, OVER),  # the last one stands at the end, however even it is
        (48 * HOUR, STARTS, OVER),
        (HOUR, OVER - HOUR, OVER),
        (HOUR, OVER, None),
    ],
)
def test_when_turnout_is_tallied(every: timedelta, after: datetime, expected: datetime | None) -> None:
    assert rules.turnout_tally_after(on(tally_every=every), after) == expected


def test_only_a_walkout_that_is_on_and_asks_has_tallies_after_the_deadline() -> None:
    assert on().next_tally == STARTS + HOUR
    assert on(turnout=False).next_tally is None
    lapsed = rules.tally(opened(turnout=True), shops(20), now=PLEDGE_BY).walkout
    assert (lapsed.stage, lapsed.next_tally) == (Stage.LAPSED, None)
    assert rules.call_off(on(), [], now=STARTS).walkout.next_tally is None


def test_a_deadlines_tally_that_runs_after_the_start_leads_to_those_of_the_day_already_due() -> None:
    walkout = replace(opened(turnout=True), stage=Stage.ON)
    late = STARTS + 3 * HOUR + timedelta(minutes=5)
    first = rules.tally(walkout, shops(20), now=late).walkout
    assert first.tallied == PLEDGE_BY
    second = rules.tally(first, shops(20), now=late).walkout
    assert (second.tallied, second.next_tally) == (STARTS + 3 * HOUR, STARTS + 4 * HOUR)


def test_who_is_out_stands_all_the_same() -> None:
    assert [state for state in CardState if state.stands] == [CardState.PLEDGED, CardState.OUT]


# --- what the board shows ---


def test_turnout_is_shown_from_the_first_tally_of_the_day_where_the_workplace_is_out() -> None:
    place = replace(shops(20)[0], out=True, turnout_line=BoardLine(number=5, anchor=6))
    for walkout in (on(), replace(on(), tallied=PLEDGE_BY), on(turnout=False)):
        assert disclosure.shown(place, walkout).turnout is None
        assert disclosure.city(walkout, [place]).turnout is None
    counted = replace(on(), tallied=STARTS + HOUR)
    seen = disclosure.shown(place, counted).turnout
    assert seen is not None
    assert (seen.reached, seen.number, seen.fewer_than) == (False, 5, 5)
    assert disclosure.shown(replace(place, out=False), counted).turnout is None
    assert disclosure.city(counted, [place, place]).turnout == 10


# --- the oracle, and what must be true of every day ---


@dataclass(frozen=True, kw_only=True)
class Day:
    """Who pressed what, and when the bot looked."""

    plan: Plan
    presses: tuple[Event, ...]
    looks: tuple[datetime, ...]


@st.composite
def days(draw: st.DrawFn) -> Day:
    plan = draw(plans())
    plan = replace(plan, every=draw(st.sampled_from([plan.every, 7 * HOUR, 24 * HOUR, 50 * HOUR])))
    looks = sorted(draw(st.lists(st.integers(0, 26 * 60), max_size=10)))
    presses: list[Event] = []
    for shop in plan.shops:
        moments = draw(st.lists(st.tuples(st.integers(0, 24 * 60 - 1), st.integers(0, shop.headcount)), max_size=6))
        before = 0
        for minute, people in sorted(moments):
            at = plan.starts + timedelta(minutes=minute, seconds=30)
            acts = [(n, True) for n in range(before, people)] + [(n, False) for n in range(people, before)]
            presses += (Event(at=at, card=f"{shop.id}-{n}", shop=shop.id, pledges=is_out) for n, is_out in acts)
            before = people
    presses.sort(key=lambda each: each.at)
    return Day(plan=plan, presses=tuple(presses), looks=tuple(plan.starts + timedelta(minutes=each) for each in looks))


@modest
@given(days())
def test_the_days_tallies_count_what_a_recount_from_scratch_counts_and_move_nothing_else(story: Day) -> None:
    plan = story.plan
    walkout, places = opened_under(plan)
    walkout = replace(walkout, terms=replace(walkout.terms, turnout=True))
    everybody = [replace(place, standing=place.headcount, out=True) for place in places]
    turned_on = replace(walkout, stage=Stage.ON, tally=3, tallied=plan.pledge_by)
    walkout = replace(turned_on, next_tally=rules.turnout_tally_after(turned_on, plan.pledge_by))
    assert walkout.next_tally == oracle.day(plan)[0]

    told: list[Turnout] = []
    waiting, out = list(story.presses), defaultdict[int, set[str]](set)
    for look in story.looks:
        while waiting and waiting[0].at < look:
            act = waiting.pop(0)
            # a tally that is due is taken before the press that finds it
            walkout, everybody = _take(walkout, everybody, out, act.at, told)
            (out[act.shop].add if act.pledges else out[act.shop].discard)(act.card)
        walkout, everybody = _take(walkout, everybody, out, look, told)

    # each press looks as well, and counts by its own time
    looks = sorted({*story.looks, *(act.at for act in story.presses if story.looks and act.at < story.looks[-1])})
    assert told == oracle.turnout(plan, story.presses, looks)


def _take(
    walkout: Walkout, places: list[Unit], out: defaultdict[int, set[str]], now: datetime, told: list[Turnout]
) -> tuple[Walkout, list[Unit]]:
    places = [replace(place, turnout=len(out[place.id])) for place in places]
    ruling = rules.tally(walkout, places, now=now)
    assert ruling.announcements == ()
    after = {place.id: place for place in ruling.units}
    for place in places:
        if place.id in after:
            assert replace(after[place.id], turnout_line=place.turnout_line) == place
            assert after[place.id] != place
    if ruling.walkout == walkout:
        assert ruling.units == ()
        return walkout, places
    assert (
        replace(ruling.walkout, tally=walkout.tally, tallied=walkout.tallied, next_tally=walkout.next_tally) == walkout
    )
    assert ruling.walkout.tally == walkout.tally + 1
    assert ruling.walkout.tallied is not None
    places = [after.get(place.id, place) for place in places]
    lines = tuple((place.turnout_line.reached, place.turnout_line.number) for place in places)
    told.append(Turnout(instant=ruling.walkout.tallied, board=lines))
    return ruling.walkout, places


# --- cards drawn ---


@pytest.mark.parametrize(
    ("drawn", "standing", "told", "warned"),
    [
        (None, 20, False, False),  # nobody has counted
        (7, 7, False, False),
        (7, 8, False, True),
        (7, 8, True, False),  # once
        (0, 1, False, True),
        (8, 7, True, False),
    ],
)
@pytest.mark.parametrize("stage", [Stage.OPEN, Stage.ON])
def test_organizers_are_warned_once_where_more_stand_than_were_drawn(
    stage: Stage, drawn: int | None, standing: int, *, told: bool, warned: bool
) -> None:
    walkout = replace(opened(citywide_threshold=40), stage=stage)
    place = replace(shops(40)[0], standing=standing, drawn=drawn, told_drawn=told)
    ruling = rules.tally(walkout, [place], now=NOON + HOUR)
    warnings = [each for each in ruling.announcements if each.kind is Kind.MORE_THAN_DRAWN]
    assert len(warnings) == warned
    for each in warnings:
        assert (each.about, each.to_organizers, each.to_stewards, each.to_rooms) == (place.id, True, False, False)
        assert dict(each.facts) == {}
        assert ruling.units[0].told_drawn
        again = rules.tally(ruling.walkout, ruling.units, now=NOON + 2 * HOUR)
        assert Kind.MORE_THAN_DRAWN not in [made.kind for made in again.announcements]
