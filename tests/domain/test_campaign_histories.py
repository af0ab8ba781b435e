"""Random campaigns against a plain recount: what was proved, how far each workplace came, who could go on.

The recount knows who took part at each step and what a board shows of that, and the tree as lists of parts. It carries
nothing from one step to the next but who was there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import campaigns, rules
from bot.domain.errors import LeavesTooFewFree, NobodyQualifies, NotEnoughLeft
from bot.domain.model import (
    CountedBy,
    Counts,
    Kind,
    Ruling,
    Stage,
    StepKind,
    Terms,
    Tier,
    Unit,
    UnitId,
    Walkout,
    WalkoutId,
)
from tests.conftest import HOUR, NOON
from tests.domain import trees
from tests.domain.oracle import Shop, board_line
from tests.domain.test_properties import modest

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One step: of which kind, for whom it opens, and who takes part at each count of it."""

    kind: StepKind
    share: int
    by_hand: bool
    counts: tuple[Mapping[int, int], ...]  #: by whatever has cards; the last are those of the last count


# --- the recount ---


def people(shop: Shop, shops: Sequence[Shop], count: Mapping[int, int]) -> int:
    """Count those of a workplace, or of an area's."""
    parts = [each for each in shops if each.parent == shop.id]
    if not parts:
        return min(count.get(shop.id, 0), shop.headcount)
    return sum(people(part, shops, count) for part in parts)


def proofs(planned: Planned, shops: Sequence[Shop], share: int, out: set[int]) -> set[int]:
    """Say which workplaces have proved a step, from what the board shows after all its counts."""
    found = set()
    for shop in (shop for shop in shops if shop.tier == "workplace"):
        counts = [people(shop, shops, count) for count in planned.counts]
        is_survey = planned.kind is StepKind.SURVEY
        lacking = {
            i
            for i, count in enumerate(planned.counts)
            if is_survey
            and sum(
                part.threshold > 0 and people(part, shops, count) >= part.threshold
                for part in shops
                if part.parent == shop.id
            )
            < shop.minimum
        }
        decisions = {len(counts) - 1} if is_survey else set()
        reached, number = board_line(counts, shop.threshold, decisions, lacking)
        if (is_survey or shop.id in out) and (reached or Fraction(number, shop.threshold) >= Fraction(share, 100)):
            found.add(shop.id)
    return found


def remaining(shops: Sequence[Shop], proved: set[int]) -> list[Shop]:
    """Take away one unit after another that has nothing to do with those, then count people anew."""
    left = list(shops)
    while True:
        gone = [
            shop
            for shop in left
            if (shop.tier == "workplace" and shop.id not in proved)
            or (shop.tier == "area" and not any(each.parent == shop.id for each in left))
            or (shop.tier == "department" and shop.parent not in proved)
        ]
        if not gone:
            break
        left = [shop for shop in left if shop not in gone]
    return [replace(shop, headcount=_people_of(shop, left)) for shop in left]


def _people_of(shop: Shop, left: Sequence[Shop]) -> int:
    if shop.tier != "area":
        return shop.headcount
    return sum(_people_of(each, left) for each in left if each.parent == shop.id)


# --- the same by the rules ---


def units_of(shops: Sequence[Shop]) -> list[Unit]:
    return [
        Unit(
            id=UnitId(shop.id),
            name=f"Unit {shop.id}",
            headcount=shop.headcount,
            threshold=shop.threshold,
            parent=UnitId(shop.parent),
            tier=Tier(shop.tier),
            minimum=shop.minimum,
        )
        for shop in shops
    ]


def terms_of(planned: Planned, start: int, **more: Any) -> Terms:
    pledge_by = NOON + start * 20 * DAY + len(planned.counts) * HOUR
    is_survey = planned.kind is StepKind.SURVEY
    return Terms(
        title="A step",
        campaign="Buses for all",
        kind=planned.kind,
        pledge_by=pledge_by,
        starts=pledge_by if is_survey else pledge_by + DAY,
        tally_every=HOUR if is_survey else timedelta(hours=24) / len(planned.counts),
        turnout=not is_survey,
        counted_by=CountedBy.STEWARDS if planned.by_hand else CountedBy.CARDS,
        opens_where=planned.share,
        **{"citywide_threshold": 1, "citywide_counts": Counts.ALL, **more},
    )


def lived(walkout: Walkout, units: Sequence[Unit], planned: Planned, share: int) -> tuple[Walkout, list[Unit], Ruling]:
    """Let a step that is open come to its last count."""
    terms, now = walkout.terms, list(units)

    def take(what: str, count: Mapping[int, int]) -> Ruling:
        nonlocal walkout, now
        assert walkout.next_tally is not None
        counted: dict[int, dict[str, Any]] = {unit: {what: number} for unit, number in count.items()}
        now = [replace(unit, **counted.get(unit.id, {})) for unit in now]
        ruling = rules.tally(walkout, now, now=walkout.next_tally, share=share)
        changed = {unit.id: unit for unit in ruling.units}
        walkout, now = ruling.walkout, [changed.get(unit.id, unit) for unit in now]
        return ruling

    if planned.kind is StepKind.SURVEY:
        for count in planned.counts:
            ruling = take("standing", count)
        assert (walkout.stage, walkout.tallied) == (Stage.ENDED, terms.pledge_by)
        return walkout, now, ruling
    walkout = replace(walkout, next_tally=terms.pledge_by)
    take("standing", {unit.id: unit.headcount for unit in units if not any(u.parent == unit.id for u in units)})
    assert walkout.stage is Stage.ON
    for count in planned.counts:
        ruling = take("took_part" if planned.by_hand else "turnout", count)
    assert walkout.tallied == terms.starts + rules.ASKED_FOR
    return walkout, now, ruling


@st.composite
def stories(draw: st.DrawFn) -> tuple[tuple[Shop, ...], tuple[Planned, ...]]:
    chance = Random(draw(st.integers(0, 2**32)))
    shops = trees.grown(chance)
    if chance.random() < 0.7:  # with numbers so high that the board shows some
        shops = tuple(
            replace(shop, headcount=shop.headcount * 6, threshold=shop.threshold * chance.choice([5, 6]))
            for shop in shops
        )
    ids = [shop.id for shop in shops if shop.tier != "area" and not any(s.parent == shop.id for s in shops)]
    by_id = {shop.id: shop for shop in shops}
    steps = []
    for _ in range(chance.randint(1, 4)):
        counts = tuple(
            {
                n: chance.choice([0, by_id[n].headcount, chance.randint(0, by_id[n].headcount), by_id[n].threshold])
                for n in ids
            }
            for _ in range(chance.randint(1, 3))
        )
        kind = chance.choice([StepKind.SURVEY, StepKind.ACTION, StepKind.WALKOUT])
        share = chance.choice([100, 100, 80, 60, 50, 1])
        by_hand = kind is not StepKind.SURVEY and chance.random() < 0.5
        steps.append(Planned(kind=kind, share=share, by_hand=by_hand, counts=counts))
    return shops, tuple(steps)


@modest
@given(stories())
def test_a_campaign_goes_as_a_recount_from_scratch_says(story: tuple[tuple[Shop, ...], tuple[Planned, ...]]) -> None:
    shops, planned = story
    steps: list[campaigns.Step] = []
    here, proved_so_far, before = list(shops), list[tuple[set[int], set[int]]](), None
    for n, step in enumerate(planned):
        draft = Walkout(
            id=WalkoutId(f"s{n}"), terms=terms_of(step, n), campaign=WalkoutId("s0") if n else None, after=before
        )
        share = planned[n + 1].share if n + 1 < len(planned) else 100
        drafted, now = units_of(here), draft.terms.pledge_by - len(step.counts) * HOUR
        rules.check_no_live_step(drafted, steps, now=now)
        if before is None:
            opening = rules.open_up(draft, drafted, now=now)
            assert not opening.dropped
        else:
            wanted = proofs(planned[n - 1], here, step.share, proved_so_far[-1][1])
            qualified = campaigns.qualified(*steps[-1], step.share)
            assert qualified == wanted
            here = remaining(here, wanted)
            try:
                opening = rules.open_up(draft, drafted, now=now, qualified=qualified)
            except NobodyQualifies:
                assert not wanted
                return
            except NotEnoughLeft:
                assert not _is_enough(here)
                return
            except LeavesTooFewFree:
                return  # tests/domain/test_disclosure.py
            if opening.dropped:
                assert _is_enough(here)
        changed = {unit.id: unit for unit in opening.units}
        opened = [changed.get(unit.id, unit) for unit in drafted if unit.id not in opening.dropped]
        assert [(u.id, u.headcount) for u in opened] == [(shop.id, shop.headcount) for shop in here]
        walkout, units, last = lived(opening.walkout, opened, step, share)
        steps.append((walkout, units))
        before = walkout.id
        out = {int(unit.id) for unit in units if unit.out}
        proved_so_far.append((proofs(step, here, share, out), out))
        _news_is_so(last, proved_so_far[-1][0], here, share)
        ladder: dict[int, int] = {shop.id: 0 for shop in shops if shop.tier == "workplace"}
        for i, (proved, _out) in enumerate(proved_so_far):
            # of the step that was the last until now, all of its number is asked
            those = proved if i < n else proofs(step, here, 100, out)
            ladder |= dict.fromkeys(those, i + 1)
        assert campaigns.ladder(steps) == ladder
        seen = [sum(at > i for at in ladder.values()) for i in range(n + 1)]
        climbed = campaigns.climbed(steps)
        assert [rung.reached for rung in climbed] == seen
        assert [rung.reached for rung in campaigns.for_everybody(climbed)] == [s if s >= 3 else 0 for s in seen]


def _is_enough(shops: Sequence[Shop]) -> bool:
    """Say whether the numbers of areas can be met; the city's is 1 here."""
    return all(
        shop.threshold <= shop.headcount and shop.minimum <= sum(each.parent == shop.id for each in shops)
        for shop in shops
        if shop.tier == "area"
    )


def _news_is_so(last: Ruling, proved: set[int], here: Sequence[Shop], share: int) -> None:
    (news,) = [each for each in last.announcements if each.kind is Kind.NEXT_STEP]
    workplaces = [shop for shop in here if shop.tier == "workplace"]
    names = sorted(f"Unit {n}" for n in proved)
    assert news.facts == {
        "workplaces": names[:10],
        "more": max(0, len(names) - 10),
        "others": len(workplaces) - len(proved),
        "share": share,
    }


# --- nothing of it follows from what the board hides ---


@modest
@given(stories(), st.integers(0, 2**32))
def test_equal_lines_give_equal_news_ladders_and_openings(
    story: tuple[tuple[Shop, ...], tuple[Planned, ...]], seed: int
) -> None:
    shops, (step, *_others) = story
    chance = Random(seed)
    draft = Walkout(id=WalkoutId("s0"), terms=terms_of(step, 0))
    opening = rules.open_up(draft, units_of(shops), now=NOON)
    walkout, units, _last = lived(opening.walkout, units_of(shops), step, step.share)
    hidden = [
        replace(
            unit,
            standing=chance.randint(0, 900),
            turnout=chance.randint(0, 900),
            took_part=chance.choice([None, chance.randint(0, 900)]),
            minted=chance.randint(0, 900),
            drawn=chance.choice([None, chance.randint(0, 900)]),
            line=replace(unit.line, anchor=chance.randint(0, 900), above=chance.randint(0, 900)),
            turnout_line=replace(unit.turnout_line, anchor=chance.randint(0, 900), above=chance.randint(0, 900)),
        )
        for unit in units
    ]
    follower = Walkout(id=WalkoutId("s1"), terms=terms_of(step, 1), campaign=WalkoutId("s0"), after=WalkoutId("s0"))
    assert campaigns.climbed([(walkout, units)]) == campaigns.climbed([(walkout, hidden)])
    assert campaigns.ladder([(walkout, units)]) == campaigns.ladder([(walkout, hidden)])
    qualified = [campaigns.qualified(walkout, each, step.share) for each in (units, hidden)]
    assert qualified[0] == qualified[1]
    found = list[tuple[object, ...]]()
    for each, those in zip((units, hidden), qualified, strict=True):
        try:
            ruling = rules.open_up(follower, each, now=NOON, qualified=those)
            found.append((ruling.dropped, {u.id: u.headcount for u in ruling.units}, ruling.announcements))
        except (LeavesTooFewFree, NobodyQualifies, NotEnoughLeft) as refused:
            found.append((type(refused), vars(refused)))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", [StepKind.SURVEY, StepKind.ACTION])
def test_news_of_the_next_step_is_alike_wherever_the_lines_are(kind: StepKind) -> None:
    """Every pair of last counts of one workplace that leaves the same line leaves the same news."""
    shops = (Shop(id=1, headcount=40, threshold=30), Shop(id=2, headcount=40, threshold=8))
    seen: dict[object, set[str]] = {}
    for count in range(41):
        for other in (0, 7, 8):
            step = Planned(kind=kind, share=60, by_hand=False, counts=({1: 15, 2: 0}, {1: count, 2: other}))
            opening = rules.open_up(Walkout(id=WalkoutId("s0"), terms=terms_of(step, 0)), units_of(shops), now=NOON)
            _walkout, units, last = lived(opening.walkout, units_of(shops), step, 60)
            lines = [unit.line if kind is StepKind.SURVEY else unit.turnout_line for unit in units]
            shown = tuple((line.reached, line.number) for line in lines)
            news = [each for each in last.announcements if each.kind is Kind.NEXT_STEP]
            seen.setdefault(shown, set()).add(str(news))
    assert len(seen) > 6
    assert all(len(said) == 1 for said in seen.values())
