"""What planted cards, and a steward, learn from the board.

A line of the board is read by somebody with cards of their own at the workplace (tests/faults/observer.py); the city's
coarse line by the steward of one shop, who wants to know when the other shops reach their number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

import pytest

from bot.domain import disclosure
from bot.domain.model import BoardLine, Terms, Unit, UnitId, Walkout, WalkoutId
from tests.conftest import NOON, PLEDGE_BY
from tests.faults.observer import TALLIES, Learned, Lines, Rule, Scene, about, filling, watched
from tests.faults.trials import Trials, trials

MOST_PLANTED = 4
AT_MOST = 0.02

FOURTEEN = about(14, threshold=15, lowest=8, highest=15)
SCENES = (
    filling(threshold=15, colleagues=26, rate_limit=0.2),
    filling(threshold=8, colleagues=10, rate_limit=0.1),
    FOURTEEN,
    about(13, threshold=15, lowest=8, highest=16),
    about(11, threshold=15, lowest=6, highest=16),
    about(10, threshold=15, lowest=5, highest=15),
    about(11, threshold=16, lowest=6, highest=16),
    about(14, threshold=15, lowest=9, highest=15, moves=1 / 48),
)


def as_it_was(line: BoardLine, *, count: int, threshold: int, tally: int) -> BoardLine:
    """Follow the rule of before: reached exactly, both ways, and numbers from five up."""
    del tally
    reached, s = count >= threshold, max(5, -(-threshold // 10))
    number = max(threshold, count // s * s) if reached else max(0, min(count, threshold - 5)) // s * s
    if reached != line.reached or (number != line.number and abs(count - line.anchor) >= 5):
        return BoardLine(reached=reached, number=number, anchor=count)
    return line


def learned(rule: Rule, scene: Scene, planted: int, tries: Trials) -> Learned:
    """Add up what so many lives of this scene teach."""
    lines = Lines(rule, scene.threshold, scene.colleagues + planted)
    lives = [
        watched(lines, scene, planted=planted, chance=tries.random(scene.name, number))
        for number in range(tries.number)
    ]
    return sum(lives[1:], lives[0])


# -- cards of one's own -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("planted", "exact", "moves"), [(1, 0.51, 0.52), (4, 0.86, 0.90)])
@trials(120, full=600)
def test_the_rule_of_before_told_the_number_of_colleagues_and_their_moves(
    tries: Trials, planted: int, exact: float, moves: float, record_property: Callable[[str, object], None]
) -> None:
    found = learned(as_it_was, FOURTEEN, planted, tries).shares
    record_property("found", f"{planted} planted: the number at {found[0]:.2f} of tallies, {found[1]:.2f} of moves")
    assert found == pytest.approx((exact, moves), abs=0.05)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
@trials(12, full=200)
def test_up_to_four_planted_cards_hardly_ever_tell_how_many_colleagues_stand_or_that_one_moved(
    tries: Trials, scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    by_planted = {planted: learned(disclosure.next_line, scene, planted, tries).shares for planted in (1, 2, 3, 4, 5)}
    said = [f"{planted}: {exact:.3f} {moves:.3f}" for planted, (exact, moves) in by_planted.items()]
    record_property("found", f"by planted cards, number and moves known: {', '.join(said)}")
    for planted, shares in by_planted.items():
        if planted <= MOST_PLANTED:
            assert max(shares) <= AT_MOST, (planted, shares)


def test_reached_that_goes_off_with_five_would_be_seen() -> None:
    def hasty(line: BoardLine, *, count: int, threshold: int, tally: int) -> BoardLine:
        moved = abs(count - line.anchor)
        exact = line.reached and threshold - count >= 5 and moved >= 5
        return disclosure.next_line(line, count=count, threshold=threshold, tally=tally, exact=exact)

    scene = next(scene for scene in SCENES if scene.at_first == 11)
    assert max(learned(hasty, scene, 4, Trials(number=8, seed=1)).shares) > AT_MOST


def test_a_number_that_goes_with_five_would_be_seen() -> None:
    def hasty(line: BoardLine, *, count: int, threshold: int, tally: int) -> BoardLine:
        goes = 0 < line.number < threshold and not line.reached and count < line.number and line.anchor - count >= 5
        back = not line.number and not line.reached and 10 <= count < threshold and count - line.anchor >= 5
        if goes or back:
            return BoardLine(number=10 if back else 0, anchor=count)
        return disclosure.next_line(line, count=count, threshold=threshold, tally=tally)

    scene = next(scene for scene in SCENES if scene.at_first == 10)
    assert max(learned(hasty, scene, 4, Trials(number=12, seed=1)).shares) > AT_MOST


# -- the price ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Price:
    """What *reached* costs whoever takes it for what is so now."""

    shown: int  #: tallies that show it
    untrue: int  #: of these, at which it is not so
    longest: int  #: tallies in a row
    most: int  #: people who are missing then


def price(threshold: int, tries: Trials) -> Price:
    """Let people wander around the threshold, one moving at every second tally."""
    shown = untrue = longest = most = 0
    for life in range(tries.number):
        chance, line, count, row = tries.random(threshold, life), BoardLine(), threshold, 0
        for tally in range(1, TALLIES + 1):
            drawn = chance.random()
            count += 1 if drawn < 0.25 and count < threshold + 10 else -1 if drawn > 0.75 and count else 0
            line = disclosure.next_line(line, count=count, threshold=threshold, tally=tally)
            shown += line.reached
            missing = threshold - count if line.reached else 0
            row = row + 1 if missing > 0 else 0
            untrue += missing > 0
            longest, most = max(longest, row), max(most, missing)
    return Price(shown=shown, untrue=untrue, longest=longest, most=most)


@pytest.mark.parametrize("threshold", [5, 8, 11, 14, 15, 20, 30, 65, 200])
@trials(20, full=2_000)
def test_what_it_costs_is_known(tries: Trials, threshold: int, record_property: Callable[[str, object], None]) -> None:
    paid = price(threshold, tries)
    shows = disclosure.fewer_than(threshold) < threshold
    record_property(
        "found",
        f"{threshold}: untrue at {paid.untrue / paid.shown:.2f} of the tallies that show it, {paid.longest} in a row, "
        f"by {paid.most} at most; before it {'numbers' if shows else 'nothing'}",
    )
    assert shows == (threshold >= 15)
    assert paid.shown > tries.number


# -- the steward of one shop ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Week:
    """A city as it was: the lines of its shops at each tally, and what the city's line says, before and now."""

    crossings: tuple[int, ...]  #: the tallies at which one of the others reached its number
    before: tuple[int, ...]  #: per tally, shops that were said to be ready, the steward's own not counted
    now: tuple[int, ...]  #: per tally, shops that are said to have reached their number


def week(shops: int, chance: Random, *, every: int = 6) -> Week:
    """Fill a city up, hour by hour."""
    thresholds = [chance.randint(8, 40) for _ in range(shops)]
    paces = [chance.uniform(0.5, 1.6) * threshold / TALLIES for threshold in thresholds]
    counts = [0] * shops
    lines, old = [BoardLine()] * shops, [BoardLine()] * shops
    walkout = Walkout(
        id=WalkoutId("k7m3q"),
        terms=Terms(title="A day", starts=PLEDGE_BY, pledge_by=PLEDGE_BY, citywide_threshold=sum(thresholds)),
        opened=NOON,
    )
    crossings, before, now = list[int](), list[int](), list[int]()
    for tally in range(1, TALLIES + 1):
        for shop, rate_limit in enumerate(paces):
            moved = sum(chance.random() < rate_limit / 3 for _ in range(4)) - (chance.random() < rate_limit / 3)
            counts[shop] = max(0, counts[shop] + moved)
        was = old
        each = list(zip(counts, thresholds, strict=True))
        old = [as_it_was(line, count=n, threshold=t, tally=tally) for line, (n, t) in zip(old, each, strict=True)]
        places = _places(thresholds, lines)
        people = {place.id: n for place, n in zip(places, counts, strict=True)}
        lines = disclosure.next_lines(places, lines, people, tally=tally, due=tally % every == 0)
        crossings += [tally for shop in range(1, shops) if old[shop].reached > was[shop].reached]
        before.append(sum(line.reached for line in old[1:]))
        seen = disclosure.coarse(walkout, _places(thresholds, lines))
        now.append(seen.reached if seen else 0)
    return Week(crossings=tuple(crossings), before=tuple(before), now=tuple(now))


def _places(thresholds: Sequence[int], lines: Sequence[BoardLine]) -> list[Unit]:
    return [
        replace(_place(shop, threshold), line=line)
        for shop, (threshold, line) in enumerate(zip(thresholds, lines, strict=True))
    ]


@lru_cache
def _place(shop: int, threshold: int) -> Unit:
    return Unit(id=UnitId(shop + 1), name=f"Shop {shop}", headcount=2 * threshold, threshold=threshold)


def claimed(ready: Sequence[int]) -> set[int]:
    """Say at which tallies the steward says that another shop has just reached its number: when there are more."""
    return {tally for tally, (then, now) in enumerate(zip([0, *ready], ready, strict=False), start=1) if now > then}


def named(line: Sequence[int], crossings: Sequence[int]) -> int:
    return sum(tally in claimed(line) for tally in crossings)


@pytest.mark.parametrize("shops", [3, 5, 12, 39])
@trials(12, full=200)
def test_the_steward_of_one_shop_tells_when_others_reach_their_number_no_better_than_from_another_citys_line(
    tries: Trials, shops: int, record_property: Callable[[str, object], None]
) -> None:
    weeks = [week(shops, tries.random(shops, number)) for number in range(tries.number)]
    crossings = sum(len(one.crossings) for one in weeks)
    before = sum(named(one.before, one.crossings) for one in weeks) / crossings
    now = sum(named(one.now, one.crossings) for one in weeks) / crossings
    others = [named(other.now, one.crossings) for one in weeks for other in weeks if other is not one]
    by_chance = sum(others) / crossings / (len(weeks) - 1)
    record_property(
        "found",
        f"{shops} shops: {before:.2f} of {crossings} crossings told before, {now:.2f} now, {by_chance:.2f} by chance",
    )
    assert before >= 0.77
    assert now <= by_chance + 0.1


def test_a_line_that_moves_with_the_third_would_be_seen() -> None:
    weeks = [week(12, Random(number), every=1) for number in range(12)]
    crossings = sum(len(one.crossings) for one in weeks)
    now = sum(named(one.now, one.crossings) for one in weeks) / crossings
    others = [named(other.now, one.crossings) for one in weeks for other in weeks if other is not one]
    assert now > sum(others) / crossings / (len(weeks) - 1) + 0.1
