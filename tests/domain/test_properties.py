"""Random histories: what must be true of every walkout, and that the oracle rules the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bot.domain import disclosure, rules
from bot.domain.errors import HasLeft, TooLateToLeave, WrongStage
from bot.domain.model import (
    BoardLine,
    Counts,
    Kind,
    Ruling,
    Stage,
    Terms,
    Tier,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)
from tests.domain import oracle
from tests.domain.oracle import Event, News, Plan, Shop

OPENING = datetime.fromisoformat("2026-11-02T09:00:00-05:00")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

modest = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True, kw_only=True)
class History:
    """What people did, and when the bot looked whether a tally is due."""

    plan: Plan
    events: tuple[Event, ...]
    looks: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One tally that was taken."""

    now: datetime
    ruling: Ruling
    before: tuple[Unit, ...]
    places: tuple[Unit, ...]  #: as the ruling leaves them

    @property
    def walkout(self) -> Walkout:
        return self.ruling.walkout

    @property
    def kinds(self) -> list[Kind]:
        return [made.kind for made in self.ruling.announcements]

    @property
    def ready(self) -> set[UnitId]:
        return {place.id for place in self.places if place.standing >= place.threshold}


def terms(plan: Plan) -> Terms:
    return Terms(
        title="One day",
        starts=plan.starts,
        pledge_by=plan.pledge_by,
        citywide_threshold=plan.citywide_threshold,
        citywide_counts=Counts.ALL if plan.everybody_counts else Counts.READY,
        minimum_workplaces=plan.minimum_workplaces,
        confirm_tallies=plan.confirm_tallies,
        tally_every=plan.every,
        milestones=plan.milestones,
        reminders=plan.reminders,
    )


def units(plan: Plan) -> list[Unit]:
    return [
        Unit(
            id=UnitId(shop.id),
            name=f"Shop {shop.id}",
            headcount=shop.headcount,
            threshold=shop.threshold,
            parent=UnitId(shop.parent),
            tier=Tier(shop.tier),
            minimum=shop.minimum,
        )
        for shop in plan.shops
    ]


def opened(plan: Plan) -> tuple[Walkout, list[Unit]]:
    places = units(plan)
    ruling = rules.open_up(Walkout(id=WalkoutId("k7m3q"), terms=terms(plan)), places, now=plan.opening)
    assert ruling.units == ()
    return ruling.walkout, places


def play(story: History) -> list[Taken]:
    """Live through a history as the bot does: a tally that is due runs before any waiting update."""
    walkout, places = opened(story.plan)
    pledged: defaultdict[int, set[str]] = defaultdict(set)
    takings: list[Taken] = []
    waiting, leaving = list(story.events), sorted(story.plan.leaving)
    for look in (*story.looks, None):
        while waiting and (look is None or waiting[0].at < look):
            act = waiting.pop(0)
            if walkout.stage in rules.PLEDGING and act.at < story.plan.pledge_by:
                (pledged[act.shop].add if act.pledges else pledged[act.shop].discard)(act.card)
        if look is None:
            break
        while leaving and leaving[0][0] < look:
            at, unit = leaving.pop(0)
            with suppress(HasLeft, TooLateToLeave, WrongStage):
                gone = rules.leave(walkout, places, unit=UnitId(unit), occasion="X", now=at)
                assert gone.walkout == walkout
                places = [{each.id: each for each in gone.units}.get(place.id, place) for place in places]
        places = [replace(place, standing=len(pledged[place.id])) for place in places]
        ruling = rules.tally(walkout, places, now=look)
        changed = {place.id: place for place in ruling.units}
        before = tuple(places)
        places = [changed.get(place.id, place) for place in places]
        if ruling.walkout.tally == walkout.tally:
            assert ruling == Ruling(walkout=walkout)  # between two tallies nothing changes
        else:
            takings.append(Taken(now=look, ruling=ruling, before=before, places=tuple(places)))
        walkout = ruling.walkout
    return takings


# --- strategies ---


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    shops = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        headcount = draw(st.integers(5, 25) | st.integers(5, 90))
        threshold = draw(st.integers(5, headcount) | st.just(min(headcount, 6)))
        shops.append(Shop(id=number, headcount=headcount, threshold=threshold))
    # near what some of the workplaces bring together, where the edges are
    some = draw(st.lists(st.sampled_from(shops), unique=True, min_size=1))
    edge = sum(shop.threshold for shop in some) + draw(st.integers(-1, 6))
    everybody = sum(shop.headcount for shop in shops)
    every = draw(st.sampled_from([15, 20, 60, 120, 360])) * MINUTE  # the city's line moves every six hours
    pledge_by = OPENING + draw(st.integers(1, 7)) * every + draw(st.sampled_from([0, -1, -7, 1])) * MINUTE
    return Plan(
        opening=OPENING,
        every=every,
        pledge_by=pledge_by,
        starts=pledge_by + draw(st.sampled_from([0, 1, 30, 6000])) * MINUTE,
        shops=tuple(shops),
        citywide_threshold=min(max(edge, 5), everybody),
        everybody_counts=draw(st.booleans()),
        minimum_workplaces=draw(st.integers(1, len(some))),
        confirm_tallies=draw(st.sampled_from([None, 1, 2, 3])),
        milestones=draw(st.booleans()),
        reminders=tuple(
            timedelta(minutes=each) for each in draw(st.lists(st.integers(0, 500), max_size=4, unique=True))
        ),
    )


def wished(shop: Shop, standing: int) -> tuple[int, ...]:
    """How many might stand next: as before, around the threshold, a few more, a few fewer, all, nobody."""
    edge = shop.threshold
    wishes = (
        standing,
        edge,
        edge - 1,
        edge + 1,
        edge + 6,
        standing + 4,
        standing + 6,
        standing - 4,
        standing - 6,
    )
    return tuple(max(0, min(people, shop.headcount)) for people in (*wishes, shop.headcount, edge, standing, 0))


def burst(shop: Shop, at: datetime, standing: int, wish: int) -> list[Event]:
    """From so many standing to so many, with acts among them that change no count."""
    cards = [f"{shop.id}-{n}" for n in range(shop.headcount)]
    acts = [(card, True) for card in cards[standing:wish]] + [(card, False) for card in cards[wish:standing]]
    if acts and wish < shop.headcount:
        acts = [(cards[wish], True), *acts, (cards[wish], False)]  # one thinks again
    if acts and wish:
        acts += [(cards[0], False), (cards[0], True), (cards[0], True)]  # and one twice
    return [Event(at=at, card=card, shop=shop.id, pledges=pledges) for card, pledges in acts]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Tallies on time, late and missed; after downtime the bot looks before it lets anybody in."""
    plan = draw(plans())
    step = plan.every // MINUTE
    moves = st.tuples(
        st.sampled_from([step, step, step // 2, 1, step - 1, 2 * step, 3 * step + 2]),  # minutes that pass
        st.sampled_from([0, 1, 40, None]),  # seconds by which its tallies are late; None: it is down
        st.tuples(*[st.integers(0, 12)] * len(plan.shops)),  # which wish comes true
    )
    standing = {shop.id: 0 for shop in plan.shops}
    now, events, looks = plan.opening, list[Event](), list[datetime]()
    for minutes, lag, choices in draw(st.lists(moves, min_size=1, max_size=8)):
        for shop, choice in zip(plan.shops, choices, strict=True):
            wish = wished(shop, standing[shop.id])[choice]
            events += burst(shop, now, standing[shop.id], wish)
            standing[shop.id] = wish
        then = now + minutes * MINUTE
        if lag is not None:
            runs = [instant + timedelta(seconds=lag) for instant in oracle.schedule(plan)]
            looks += [run for run in runs if max([now, *looks]) < run < then]
        now = then
        looks.append(now)
    looks.append(max(now, plan.pledge_by) + draw(st.sampled_from([0, 0, 2, 31, 9000])) * MINUTE)
    return History(plan=plan, events=tuple(events), looks=tuple(looks))


def news(ruling: Ruling) -> frozenset[News]:
    """Return the announcements in the oracle's words; none is made twice."""
    made = [
        (str(each.kind), each.occasion, each.scope, each.about, each.facts.get("quarters"))
        for each in ruling.announcements
    ]
    assert len(made) == len(set(made))
    return frozenset(made)


def as_told(taken: Taken) -> oracle.Tally:
    assert taken.walkout.tallied is not None
    city = disclosure.city(taken.walkout, taken.places)
    coarse = disclosure.coarse(replace(taken.walkout, stage=Stage.OPEN), taken.places)
    return oracle.Tally(
        instant=taken.walkout.tallied,
        stage=str(taken.walkout.stage),
        out=frozenset(place.id for place in taken.places if place.out),
        board=tuple((place.line.reached, place.line.number) for place in taken.places if place.tier is Tier.WORKPLACE),
        city=(city.pledged, city.counted, city.reached),
        coarse=(coarse.tenths, coarse.reached) if coarse else None,
        news=news(taken.ruling),
    )


# --- the oracle rules the same ---


@settings(modest, max_examples=500)
@given(histories())
def test_every_tally_rules_what_a_recount_from_scratch_rules(story: History) -> None:
    takings = play(story)
    told = oracle.history(story.plan, story.events, story.looks)

    assert [as_told(taken) for taken in takings] == told
    for kind in {kind for taken in takings for kind in taken.kinds}:
        event(kind)


@modest
@given(histories())
def test_it_is_on_if_and_only_if_the_numbers_held_long_enough_or_at_the_deadline(story: History) -> None:
    takings = play(story)
    turned = [i for i, taken in enumerate(takings) if Kind.ON in taken.kinds]
    expected = oracle.turning(story.plan, story.events, story.looks)

    assert turned == ([] if expected is None else [expected])
    assert [taken.walkout.stage is Stage.ON for taken in takings] == [
        expected is not None and i >= expected for i in range(len(takings))
    ]


@modest
@given(histories())
def test_a_late_tally_makes_no_news_of_going_out_after_the_start(story: History) -> None:
    going_out = {Kind.ON, Kind.WE_ARE_OUT, Kind.NOT_YET_OUT, Kind.WORKPLACE_JOINS}
    for taken in play(story):
        if taken.now > story.plan.starts + oracle.PUNCTUAL:
            assert not going_out & set(taken.kinds)
            for news in taken.ruling.announcements:  # nor does what is left to say call anybody out
                place = next((place for place in taken.places if place.id == news.about), None)
                said = rules.may_be_said(news, taken.walkout, place, private=False, now=taken.now)
                assert not said or news.kind not in going_out | {Kind.LAST_WORD, Kind.FEWER_NOW}


# --- order ---


@modest
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_pledges_between_two_tallies_never_matters(story: History, chance: Random) -> None:
    assert play(replace(story, events=shuffled(story, chance))) == play(story)


def shuffled(story: History, chance: Random) -> tuple[Event, ...]:
    """Mix what happened between two tallies; what one card does stays in its order, for that does matter."""
    edges = [run for _, run in oracle.taken(story.plan, story.looks)]
    between: defaultdict[int, list[Event]] = defaultdict(list)
    for act in story.events:
        between[sum(edge <= act.at for edge in edges)].append(act)
    mixed: list[Event] = []
    for _, acts in sorted(between.items()):
        turns = [act.card for act in acts]
        chance.shuffle(turns)
        of_card = {card: iter([act for act in acts if act.card == card]) for card in turns}
        mixed += (replace(next(of_card[card]), at=act.at) for card, act in zip(turns, acts, strict=True))
    return tuple(mixed)


@modest
@given(histories())
def test_the_order_in_which_workplaces_are_listed_never_matters(story: History) -> None:
    backwards = replace(story, plan=replace(story.plan, shops=story.plan.shops[::-1]))
    here, there = play(story), play(backwards)

    assert [taken.walkout for taken in here] == [taken.walkout for taken in there]
    assert [taken.places for taken in here] == [taken.places[::-1] for taken in there]
    assert [news(taken.ruling) for taken in here] == [news(taken.ruling) for taken in there]


# --- the board ---


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A threshold, and how many stand at each tally: in small steps, near the threshold, and in leaps."""
    threshold = draw(st.integers(5, 70) | st.integers(5, 1200))
    people = [0]
    for _ in range(draw(st.integers(1, 25))):
        people.append(
            draw(
                st.integers(people[-1] - 7, people[-1] + 9)
                | st.integers(threshold - 7, threshold + 7)
                | st.integers(0, 2 * threshold)
            )
        )
        people[-1] = max(0, people[-1])
    return threshold, people


def lines(threshold: int, people: Sequence[int]) -> list[BoardLine]:
    shown = [BoardLine()]
    for tally, count in enumerate(people, start=1):
        shown.append(disclosure.next_line(shown[-1], count=count, threshold=threshold, tally=tally))
    return shown[1:]


@settings(modest, max_examples=400)
@given(counts())
def test_the_board_shows_what_a_recount_from_scratch_shows(history: tuple[int, list[int]]) -> None:
    threshold, people = history
    shown = [(line.reached, line.number) for line in lines(threshold, people)]

    assert shown == [oracle.board_line(people[: i + 1], threshold) for i in range(len(people))]


@settings(modest, max_examples=400)
@given(counts())
def test_every_change_of_a_number_covers_five_people_but_for_crossing_the_threshold(
    history: tuple[int, list[int]],
) -> None:
    threshold, people = history
    at_last_change = 0
    for count, (before, after) in zip(people, pairwise([BoardLine(), *lines(threshold, people)]), strict=True):
        crossed = before.reached != after.reached
        if crossed and after.reached:
            assert count >= threshold
        elif crossed:  # nine have moved since, and five are missing
            assert abs(count - at_last_change) >= 9
            assert threshold - count >= 5
        elif before.number != after.number:
            assert abs(count - at_last_change) >= 5
        if crossed or before.number != after.number:
            at_last_change = count


@settings(modest, max_examples=400)
@given(counts())
def test_numbers_below_the_threshold_are_multiples_of_the_step_and_stay_five_away_from_it(
    history: tuple[int, list[int]],
) -> None:
    threshold, people = history
    for tally, (count, line) in enumerate(zip(people, lines(threshold, people), strict=True), start=1):
        assert line.reached or count < threshold
        assert (0 < line.since <= tally and people[line.since - 1] >= threshold) if line.reached else line.since == 0
        if line.reached:
            assert line.number >= threshold
            assert line.number == threshold or line.number % disclosure.step(threshold) == 0
        else:
            assert line.number % disclosure.step(threshold) == 0
            assert line.number == 0 or 9 <= line.number <= threshold - 5


@modest
@given(histories())
def test_city_numbers_are_sums_of_the_numbers_on_the_board(story: History) -> None:
    for taken in play(story):
        board = [place.line for place in taken.places]
        city = disclosure.city(taken.walkout, taken.places)
        assert city.pledged == sum(line.number for line in board)
        assert city.reached == sum(line.reached for line in board)
        if story.plan.everybody_counts:
            assert city.counted == city.pledged
        else:
            assert city.counted == sum(line.number for line in board if line.reached)


@modest
@given(histories())
def test_at_the_tallies_that_decide_every_line_says_reached_if_and_only_if_it_is(story: History) -> None:
    for taken in play(story):
        if Kind.ON in taken.kinds or taken.walkout.tallied == story.plan.pledge_by:
            assert {place.id for place in taken.places if place.line.reached} == taken.ready
            assert all(place.line.above == place.line.number for place in taken.places)


@modest
@given(histories())
def test_the_coarse_line_moves_only_with_three_others_and_is_whole_once_it_is_on_and_not_before(story: History) -> None:
    last: list[int] = [0 for _ in story.plan.shops]
    before, then = None, OPENING
    for taken in play(story):
        coarse = disclosure.coarse(taken.walkout, taken.places)
        assert (coarse is None) == (len(taken.places) < 3)
        decides = Kind.ON in taken.kinds or taken.walkout.tallied == story.plan.pledge_by
        now, numbers = taken.walkout.tallied or OPENING, [place.line.number for place in taken.places]
        is_due = (now - OPENING) // (6 * HOUR) > (then - OPENING) // (6 * HOUR)
        counts = is_due and sum(number != was for number, was in zip(numbers, last, strict=True)) >= 3
        if coarse != before and not decides and before is not None:
            assert counts
        if counts or decides:  # what it counts may come to the same line as before
            last = numbers
        if coarse is not None:
            assert coarse.reached == 0 or coarse.reached >= 3
            assert (coarse.tenths == 10) == (taken.walkout.stage is Stage.ON)
        before, then = coarse, now


@modest
@given(histories(), st.integers(0, 6000))
def test_the_board_changes_in_tallies_only(story: History, minutes: int) -> None:
    """Reminding and calling off leave it; and what people do in between is not in it."""
    now = OPENING + minutes * MINUTE
    for taken in play(story):
        assert rules.remind(taken.walkout, taken.places, now=now).units == ()
        if taken.walkout.stage in rules.PLEDGING:
            assert rules.call_off(taken.walkout, taken.places, now=now).units == ()
        everybody = [replace(place, standing=place.headcount) for place in taken.places]
        shown = disclosure.city(taken.walkout, taken.places)
        assert disclosure.city(taken.walkout, everybody) == shown


# --- on is final ---


@modest
@given(histories())
def test_on_is_final_and_only_the_tally_of_the_deadline_lapses(story: History) -> None:
    takings = play(story)
    stages = [Stage.OPEN, *(taken.walkout.stage for taken in takings)]

    for before, after in pairwise(stages):
        assert (before, after) in {
            (Stage.OPEN, Stage.OPEN),
            (Stage.OPEN, Stage.ON),
            (Stage.OPEN, Stage.LAPSED),
            (Stage.ON, Stage.ON),
        }
    for taken in takings:
        at_the_deadline = taken.walkout.tallied == story.plan.pledge_by
        if taken.walkout.stage is Stage.LAPSED:
            assert at_the_deadline
            assert set(taken.kinds) == {Kind.LAPSED}
        assert not (at_the_deadline and taken.walkout.stage is Stage.OPEN)


@modest
@given(histories())
def test_who_is_ready_when_it_turns_on_is_out_for_good_and_later_ones_join_once(story: History) -> None:
    out: set[UnitId] = set()
    joined: list[UnitId] = []
    for taken in play(story):
        before, out = out, {place.id for place in taken.places if place.out}
        assert before <= out
        joining = [each for each in taken.ruling.announcements if each.kind is Kind.WORKPLACE_JOINS]
        if Kind.ON in taken.kinds:
            assert (before, out) == (set(), taken.ready)
            assert not joining
            continue
        assert out - before <= taken.ready
        assert sorted(each.about or 0 for each in joining if each.scope is None) == sorted(out - before)
        assert all(each.scope in {None, each.about} for each in joining)
        assert len(joining) == 2 * len(out - before)
        joined += out - before
    assert len(joined) == len(set(joined))


@modest
@given(histories())
def test_a_workplace_hears_that_it_is_ready_at_most_once_and_only_before_it_is_on(story: History) -> None:
    told: list[UnitId | None] = []
    for taken in play(story):
        made = [each for each in taken.ruling.announcements if each.kind is Kind.WORKPLACE_READY]
        if taken.walkout.stage is not Stage.OPEN:
            assert not made
        for each in made:
            assert each.scope == each.about  # never citywide
            assert each.scope in taken.ready
            assert each.to_stewards
            assert not each.to_organizers  # they hear of all in one
            told.append(each.scope)
    assert None not in told
    assert len(told) == len(set(told))


@modest
@given(histories())
def test_organizers_hear_once_a_tally_of_the_workplaces_whose_own_rooms_hear_of_it(story: History) -> None:
    for taken in play(story):
        names = {place.id: place.name for place in taken.places}
        ready = [
            names[each.scope] for each in taken.ruling.announcements if each.kind is Kind.WORKPLACE_READY if each.scope
        ]
        digests = [each for each in taken.ruling.announcements if each.kind is Kind.WORKPLACES_READY]
        assert len(digests) == bool(ready)
        for each in digests:
            assert each.to_organizers
            assert not each.to_rooms
            assert not each.to_stewards  # they look after their own workplace only
            assert sorted(each.facts["workplaces"]) == sorted(ready)
            assert each.facts["more"] == 0


@modest
@given(histories())
def test_before_it_is_on_the_city_hears_of_no_workplace(story: History) -> None:
    for taken in play(story):
        for each in taken.ruling.announcements:
            if taken.walkout.stage is not Stage.ON:
                assert (each.scope is None) == (each.about is None)
                if each.scope is None and each.to_rooms:
                    assert "workplaces" not in each.facts
            assert each.scope in {None, each.about}


@modest
@given(histories())
def test_milestones_only_rise_and_never_pass_the_board(story: History) -> None:
    heard = [0]
    for taken in play(story):
        made = [each for each in taken.ruling.announcements if each.kind is Kind.MILESTONE]
        assert len(made) <= (1 if story.plan.milestones else 0)
        for each in made:
            assert each.scope is None
            shown = disclosure.coarse(taken.walkout, taken.places)
            assert shown is not None
            quarters = each.facts["quarters"]
            assert shown.tenths * 4 >= quarters * 10
            # the highest of several: one more quarter is not passed, or there is none
            assert quarters == 3 or shown.tenths * 4 < (quarters + 1) * 10
            heard.append(quarters)
    assert all(lower < higher for lower, higher in pairwise(heard))
    assert max(heard) <= 3


@modest
@given(histories())
def test_news_tells_no_number_of_people(story: History) -> None:
    for taken in play(story):
        for each in taken.ruling.announcements:
            assert set(each.facts) <= {"quarters", "workplaces", "more", "others", "last"}
            if each.kind in {Kind.ON, Kind.LAST_WORD} and each.scope is None:
                staying = sum(not place.out for place in taken.places)
                assert each.facts["others"] == staying
                assert len(each.facts["workplaces"]) + each.facts["more"] == len(taken.places) - staying
            else:
                assert each.facts.get("more", 0) <= len(taken.places)


@modest
@given(histories())
def test_a_ruling_holds_the_workplaces_that_differ_and_no_others(story: History) -> None:
    for taken in play(story):
        differing = {new.id for old, new in zip(taken.before, taken.places, strict=True) if old != new}
        assert [place.id for place in taken.ruling.units] == sorted(differing)
        for old, new in zip(taken.before, taken.places, strict=True):
            # a tally moves the board and what is remembered of it, nothing else
            assert replace(new, line=old.line, out=old.out, told_ready=old.told_ready) == old


# --- when tallies are taken ---


@modest
@given(plans())
def test_tallies_are_taken_at_even_distances_and_at_the_deadline_each_once(plan: Plan) -> None:
    walkout, _ = opened(plan)
    walked, instant = [], walkout.next_tally
    while instant is not None and instant not in walked:
        walked.append(instant)
        instant = rules.tally_after(walkout, instant)

    assert walked == oracle.schedule(plan)
    assert instant is None


@modest
@given(plans(), st.integers(-100, 500 * 60))
def test_the_next_tally_is_the_first_scheduled_one_after_now(plan: Plan, seconds: int) -> None:
    walkout, _ = opened(plan)
    now = OPENING + timedelta(seconds=seconds)
    later = [instant for instant in oracle.schedule(plan) if instant > now]

    assert rules.tally_after(walkout, now) == (later[0] if later else None)


@modest
@given(plans(), st.lists(st.integers(-100, 500 * 60), max_size=12))
def test_after_downtime_only_the_latest_missed_tally_is_taken_and_once(plan: Plan, seconds: list[int]) -> None:
    looks = sorted(OPENING + timedelta(seconds=each) for each in seconds)
    places_never_ready = History(plan=plan, events=(), looks=tuple(looks))
    takings = play(places_never_ready)

    assert [(taken.walkout.tallied, taken.now) for taken in takings] == oracle.taken(plan, looks)
    assert [taken.walkout.tally for taken in takings] == list(range(1, len(takings) + 1))
    for taken in takings:
        later = [each for each in oracle.schedule(plan) if each > (taken.walkout.tallied or OPENING)]
        assert taken.walkout.next_tally == (later[0] if later else None)


# --- reminders ---


@modest
@given(plans(), st.lists(st.integers(0, 500), max_size=12))
def test_of_overdue_reminders_only_the_newest_is_made_none_twice_and_none_at_the_deadline_or_before_opening(
    plan: Plan, minutes: list[int]
) -> None:
    walkout, places = opened(plan)
    looks = [OPENING + each * MINUTE for each in sorted(minutes)]
    made: list[datetime | None] = []
    for look in looks:
        due = rules.next_reminder(walkout)
        ruling = rules.remind(walkout, places, now=look)
        assert ruling.announcements == () or (due is not None and due <= look)
        walkout = ruling.walkout
        occasions = {each.occasion for each in ruling.announcements}
        assert len(ruling.announcements) == (1 + len(places) if occasions else 0)
        made.append(datetime.fromisoformat(occasions.pop()) if occasions else None)
        assert not occasions  # one reminder at a time

    assert made == oracle.reminders(plan, looks)
