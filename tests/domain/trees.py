"""Random walkouts over trees of up to five levels, near the edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from tests.domain.oracle import Event, Plan, Shop

OPENING = datetime.fromisoformat("2026-11-02T09:00:00-05:00")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A unit with what is below it."""

    tier: str
    headcount: int
    threshold: int
    minimum: int = 0
    below: Sequence[Branch] = ()


def grown(chance: Random, *, levels: int | None = None) -> tuple[Shop, ...]:
    """Grow a walkout with up to three levels of areas; workplaces lie at any depth, some have departments.

    Its units are numbered level by level, or branch by branch: parents before their children.
    """
    levels = chance.randint(0, 3) if levels is None else levels
    top = [_branch(chance, levels) for _ in range(chance.choice([1, 2, 2, 3]) if levels else chance.randint(1, 4))]
    waiting = deque((branch, 0) for branch in top)
    level_by_level, shops = chance.random() < 0.5, list[Shop]()
    while waiting:
        branch, parent = waiting.popleft()
        number = len(shops) + 1
        shops.append(
            Shop(
                id=number,
                headcount=branch.headcount,
                threshold=branch.threshold,
                parent=parent,
                tier=branch.tier,
                minimum=branch.minimum,
            )
        )
        below = [(each, number) for each in branch.below]
        if level_by_level:
            waiting.extend(below)
        else:
            waiting.extendleft(reversed(below))
    return tuple(shops)


def _branch(chance: Random, levels: int) -> Branch:
    """Grow an area of so many levels, or a workplace."""
    if not levels:
        return _workplace(chance)
    # seldom a level is left out
    below = [_branch(chance, levels - 1 if chance.random() < 0.9 else 0) for _ in range(chance.choice([1, 2, 2, 2, 3]))]
    people = sum(each.headcount for each in below)
    some = chance.sample(below, chance.randint(1, len(below)))
    edge = sum(each.threshold for each in some) + chance.randint(-1, 4)
    return Branch(
        tier="area",
        headcount=people,
        threshold=chance.choice([0, min(max(edge, 5), people)]),
        minimum=chance.choice([0, 1, len(some)]),
        below=below,
    )


def _workplace(chance: Random) -> Branch:
    if chance.random() < 0.6:
        headcount = chance.randint(5, 12)
        return Branch(tier="workplace", headcount=headcount, threshold=chance.randint(5, min(headcount, 8)))
    departments = []
    for _ in range(chance.randint(2, 3)):
        headcount = chance.randint(3, 9)
        threshold = chance.choice([0, chance.randint(5, headcount)]) if headcount >= 5 else 0
        departments.append(Branch(tier="department", headcount=headcount, threshold=threshold))
    people = sum(each.headcount for each in departments)
    numbers = sum(each.threshold > 0 for each in departments)
    return Branch(
        tier="workplace",
        headcount=people,
        threshold=chance.randint(5, min(people, 12)),
        minimum=chance.randint(0, numbers),
        below=departments,
    )


def planned(chance: Random, *, everys: Sequence[int] = (15, 20, 60), levels: int | None = None) -> Plan:
    """Draw a walkout over a tree."""
    shops = grown(chance, levels=levels)
    workplaces = [shop for shop in shops if shop.tier == "workplace"]
    some = chance.sample(workplaces, chance.randint(1, len(workplaces)))
    every = chance.choice(everys) * MINUTE
    pledge_by = OPENING + chance.randint(1, 6) * every + chance.choice([0, -1, -7, 1]) * MINUTE
    edge = sum(shop.threshold for shop in some) + chance.randint(-1, 4)
    return Plan(
        opening=OPENING,
        every=every,
        pledge_by=pledge_by,
        starts=pledge_by + chance.choice([0, 1, 30, 6000]) * MINUTE,
        shops=shops,
        citywide_threshold=min(max(edge, 5), sum(shop.headcount for shop in workplaces)),
        everybody_counts=chance.random() < 0.5,
        minimum_workplaces=chance.randint(1, len(some)),
        confirm_tallies=chance.choice([None, 1, 1, 2, 3]),
        milestones=not any(shop.parent for shop in shops) and chance.random() < 0.5,
        reminders=tuple(timedelta(minutes=each) for each in chance.sample(range(300), chance.randint(0, 3))),
    )


def wish(chance: Random, shop: Shop, standing: int) -> int:
    """Return how many might stand next where cards are: around the number, if it has one, all, nobody, as before."""
    edge = shop.threshold or shop.headcount * 2 // 3
    wishes = [standing, standing, edge, edge - 1, edge + 1, shop.headcount, shop.headcount, shop.headcount, 0]
    return max(0, min(chance.choice(wishes), shop.headcount))


def leaving(chance: Random, plan: Plan) -> tuple[tuple[datetime, int], ...]:
    """Let the organizers of some areas or workplaces take them out at some time, be it too late."""
    units = [shop.id for shop in plan.shops if shop.tier != "department"]
    days = plan.pledge_by - plan.opening
    return tuple(
        (plan.opening + chance.random() * days, unit)
        for unit in chance.sample(units, chance.randint(0, min(2, len(units))))
    )


def shuffled_siblings(plan: Plan, chance: Random) -> tuple[Plan, dict[int, int]]:
    """Number the units anew, in another order of siblings; return also the new number of each."""
    left, number = list(plan.shops), {0: 0}
    shops = []
    while left:
        shop = chance.choice([each for each in left if each.parent in number])
        left.remove(shop)
        number[shop.id] = len(number)
        shops.append(replace(shop, id=number[shop.id], parent=number[shop.parent]))
    return replace(plan, shops=tuple(shops)), number


def story(chance: Random, plan: Plan) -> tuple[tuple[Event, ...], tuple[datetime, ...]]:
    """Let people pledge and take it back, and the bot look: on time, late, and after having been away."""
    standing, events, looks, now = dict.fromkeys((shop.id for shop in plan.leaves), 0), list[Event](), [], plan.opening
    while now < plan.pledge_by:
        for shop in plan.leaves:
            after = wish(chance, shop, standing[shop.id]) if chance.random() < 0.7 else standing[shop.id]
            low, high = sorted((standing[shop.id], after))
            pledges = after > standing[shop.id]
            events += [Event(at=now, card=f"{shop.id}-{n}", shop=shop.id, pledges=pledges) for n in range(low, high)]
            standing[shop.id] = after
        now += plan.every * chance.choice([1, 1, 1, 2]) + timedelta(seconds=chance.choice([0, 0, 40, 90]))
        looks.append(now)
    looks.append(max(now, plan.pledge_by) + chance.choice([0, 0, 2, 31, 9000]) * MINUTE)
    return tuple(events), tuple(looks)
