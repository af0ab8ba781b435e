"""Over any tree each tally rules what a recount from scratch rules: ready from the leaves up, out by the whole path.

The same histories with kills and restarts, on a real store: test_on_exactly_if.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from bot.domain import rules
from bot.domain.model import Kind, Ruling, Stage, Tier, Unit, UnitId, Walkout
from bot.domain.tree import sums
from tests.domain import oracle, trees
from tests.domain.test_properties import History, Taken, as_told, news, play
from tests.faults.trials import Trials, trials


@dataclass(frozen=True, kw_only=True)
class Told:
    """One history as the rules had it, and as the oracle tells it."""

    story: History
    takings: Sequence[Taken]
    oracle: Sequence[oracle.Tally]

    @property
    def agree(self) -> bool:
        has_areas = any(shop.tier == "area" for shop in self.story.plan.shops)
        return [as_told(taken) for taken in self.takings] == [
            # how coarse lines over areas move is tried by test_what_an_observer_learns.py
            replace(told, coarse=as_told(taken).coarse) if has_areas else told
            for taken, told in zip(self.takings, self.oracle, strict=True)
        ]


def lived(chance: Random) -> Told:
    leaves = chance.random() < 0.5  # which takes days
    plan = trees.planned(chance, everys=(720,) if leaves else (15, 20, 60, 360))  # coarse lines move every six hours
    if leaves:
        plan = replace(plan, leaving=trees.leaving(chance, plan))
    events, looks = trees.story(chance, plan)
    story = History(plan=plan, events=events, looks=looks)
    return Told(story=story, takings=play(story), oracle=oracle.history(plan, events, looks))


@trials(300, full=10_000)
def test_every_tally_over_a_tree_rules_what_a_recount_from_scratch_rules(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    found: Counter[str] = Counter()
    for n in range(tries.number):
        with tries.attempt(n):
            told = lived(tries.random(n))
            assert told.agree
            stays_out(told.takings)
            found.update(set(happened(told)))
    record_property(
        "found",
        f"{found['on']} on, in {found['joins']} workplaces joined later, in {found['area joins']} a whole area, over up"
        f" to {max(int(tier) for tier in found if tier.isdigit())} levels: none false, missing or doubled",
    )
    assert (
        min(found[each] for each in ("on", "joins", "area joins", "stays for its area", "stays since it has left", "5"))
        > tries.number / 50
    )


def happened(told: Told) -> Iterator[str]:
    """Say what this history has seen."""
    plan = told.story.plan
    yield str(max(len(plan.areas_of(shop)) + 1 for shop in plan.leaves))
    for taken in told.takings:
        if taken.walkout.stage is Stage.ON:
            yield "on"
            ready = rules.verdicts(taken.places).ready
            if any(each.left for each in taken.places):
                yield "stays since it has left"
            if any(each.id in ready and not each.out and each.tier is Tier.WORKPLACE for each in taken.places):
                yield "stays for its area"
        if Kind.WORKPLACE_JOINS in taken.kinds:
            yield "joins"
            was = {unit.id for unit in taken.before if unit.out}
            if any(unit.out and unit.id not in was and unit.tier is Tier.AREA for unit in taken.places):
                yield "area joins"


def stays_out(takings: Sequence[Taken]) -> None:
    """See that who is out stays out, with all above, and that nothing is out before it is on."""
    was: set[UnitId] = set()
    for taken in takings:
        out = {unit.id for unit in taken.places if unit.out}
        assert was <= out
        assert not out or taken.walkout.stage is Stage.ON
        for unit in taken.places:
            assert unit.parent in {0, *out} or not unit.out
            assert unit.tier is not Tier.DEPARTMENT or unit.out == (unit.parent in out)
        was = out


@trials(100, full=1000)
def test_the_order_of_siblings_never_matters(tries: Trials, record_property: Callable[[str, object], None]) -> None:
    for n in range(tries.number):
        with tries.attempt(n):
            chance = tries.random(n)
            plan = trees.planned(chance, everys=(15, 20, 60, 720))
            events, looks = trees.story(chance, plan)
            other, number = trees.shuffled_siblings(plan, chance)
            gone = trees.leaving(chance, plan)
            plan = replace(plan, leaving=gone)
            other = replace(other, leaving=tuple((at, number[unit]) for at, unit in gone))
            here = play(History(plan=plan, events=events, looks=looks))
            moved = tuple(replace(event, shop=number[event.shop]) for event in events)
            there = play(History(plan=other, events=moved, looks=looks))

            assert [taken.walkout for taken in here] == [taken.walkout for taken in there]
            for one, two in zip(here, there, strict=True):
                lines = {number[unit.id]: (unit.line, unit.out, unit.told_ready) for unit in one.places}
                assert lines == {unit.id: (unit.line, unit.out, unit.told_ready) for unit in two.places}
                renamed = {
                    (kind, occasion, scope and number[scope], about and number[about], quarters)
                    for kind, occasion, scope, about, quarters in news(one.ruling)
                }
                assert renamed == news(two.ruling)
    record_property("found", "the same verdicts, lines and news")


# -- and it would be seen -------------------------------------------------------------------------------------


def sees(*, first: int = 300) -> bool:
    """Say whether one of the first histories shows a fault."""
    tries = Trials(number=first, seed=1)
    return any(not lived(tries.random(n)).agree for n in range(tries.number))


REAL = rules.verdicts


def changed(tier: Tier, **changes: Any) -> Callable[[Sequence[Unit]], rules.Verdicts]:
    """Judge as if each unit of a tier were another."""
    return lambda units: REAL([replace(unit, **changes) if unit.tier is tier else unit for unit in units])


def out_by_itself(units: Sequence[Unit]) -> rules.Verdicts:
    found = REAL(units)
    return replace(found, walks_out=found.walks_out | found.ready)


def everybody_in_an_area(units: Sequence[Unit]) -> rules.Verdicts:
    return replace(REAL(units), people=sums(units, rules.people))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(changed(Tier.AREA, threshold=0), id="an area's number"),
        pytest.param(changed(Tier.AREA, minimum=0), id="an area's minimum"),
        pytest.param(changed(Tier.AREA, out=False), id="that an area is out for good"),
        pytest.param(changed(Tier.WORKPLACE, minimum=0), id="a workplace's minimum"),
        pytest.param(changed(Tier.DEPARTMENT, threshold=1), id="a department's number"),
        pytest.param(changed(Tier.WORKPLACE, left=False), id="that a workplace has left"),
        pytest.param(out_by_itself, id="the path"),
        pytest.param(everybody_in_an_area, id="that who is not ready does not count"),
    ],
)
def test_what_is_ignored_would_be_seen(
    monkeypatch: pytest.MonkeyPatch, fault: Callable[[Sequence[Unit]], rules.Verdicts]
) -> None:
    assert not sees(first=30)
    monkeypatch.setattr(rules, "verdicts", fault)
    assert sees()


@pytest.mark.parametrize("tier", ["area", "department"])
def test_news_that_does_not_reach_a_tier_would_be_seen(monkeypatch: pytest.MonkeyPatch, tier: str) -> None:
    real = rules._stays_on

    def deaf(walkout: Walkout, before: Sequence[Unit], found: rules.Verdicts, **how: bool) -> Ruling:
        ruling = real(walkout, before, found, **how)
        deaf_ones = {unit.id for unit in before if unit.tier == tier}
        heard = tuple(made for made in ruling.announcements if made.scope not in deaf_ones)
        return replace(ruling, announcements=heard)

    monkeypatch.setattr(rules, "_stays_on", deaf)
    assert sees()
