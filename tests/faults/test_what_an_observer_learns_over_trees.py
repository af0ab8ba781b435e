"""What planted cards, and a planted steward of any unit, learn from the board of a tree.

Nothing shown at two levels may be subtracted into a smaller unit's move: a department's from its workplace's line, a
workplace's or an area's from the coarse lines above it.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import pytest

from bot.domain import disclosure
from bot.domain.model import ROOT, BoardLine, Counts, Terms, Tier, Unit, UnitId, Walkout, WalkoutId
from tests.conftest import NOON, PLEDGE_BY
from tests.faults.observer import DUE_EVERY, TALLIES, Both, House, HouseLines, watched_house
from tests.faults.trials import Trials, trials

AT_MOST = 0.02

AT_MOST_ELSEWHERE = 0.01
"""No tally is left out there, and there are few at which a workplace and a department have just reached theirs."""

# -- a department and its workplace -----------------------------------------------------------------------------------

HOUSES = (
    House(name="both near theirs", threshold=20, of_department=8, here=7, elsewhere=12),
    House(name="the department near, the workplace far", threshold=30, of_department=8, here=7, elsewhere=8),
    House(name="the workplace near, the department far", threshold=20, of_department=12, here=6, elsewhere=13),
    House(name="a quiet night", threshold=20, of_department=8, here=7, elsewhere=12, moves=1 / 48),
)


def units_of(house: House) -> list[Unit]:
    """Make the workplace, the department and, of the others, two more with a number."""

    def unit(n: int, tier: Tier, threshold: int, parent: int) -> Unit:
        return Unit(id=UnitId(n), name=str(n), headcount=99, threshold=threshold, tier=tier, parent=UnitId(parent))

    departments = [unit(n, Tier.DEPARTMENT, house.of_department, 1) for n in (2, 3, 4)]
    return [unit(1, Tier.WORKPLACE, house.threshold, 0), *departments]


def as_shown(
    units: list[Unit], lines: tuple[BoardLine, BoardLine], here: int, elsewhere: int, *, due: bool
) -> tuple[BoardLine, BoardLine]:
    people = dict(zip((unit.id for unit in units), (here + elsewhere, here, 0, 0), strict=True))
    every = [*lines, BoardLine(), BoardLine()]
    whole, part, *_ = disclosure.next_lines(units, every, people, tally=1, due=due)
    return whole, part


def exactly(
    units: list[Unit], lines: tuple[BoardLine, BoardLine], here: int, elsewhere: int, *, due: bool
) -> tuple[BoardLine, BoardLine]:
    """Say of a department whether it has its number now, both ways."""
    whole, _part = as_shown(units, lines, here, elsewhere, due=due)
    return whole, BoardLine(reached=here >= units[1].threshold)


def at_any_tally(
    units: list[Unit], lines: tuple[BoardLine, BoardLine], here: int, elsewhere: int, *, due: bool
) -> tuple[BoardLine, BoardLine]:
    """Say it as soon as its workplace does not cross."""
    del due
    return as_shown(units, lines, here, elsewhere, due=True)


def learned(rule: Both, house: House, planted: int, tries: Trials) -> tuple[tuple[float, float], tuple[float, float]]:
    lines = HouseLines(rule)
    lives = [
        watched_house(lines, house, planted=planted, chance=tries.random(house.name, planted, number))
        for number in range(tries.number)
    ]
    here, elsewhere = (sum(those[1:], those[0]) for those in zip(*lives, strict=True))
    return here.shares, elsewhere.shares


@pytest.mark.parametrize("house", HOUSES, ids=lambda house: house.name)
@trials(3, full=60)
def test_planted_cards_in_a_department_tell_neither_its_number_nor_that_of_the_rest_of_its_workplace(
    tries: Trials, house: House, record_property: Callable[[str, object], None]
) -> None:
    by_planted = {planted: learned(partial(as_shown, units_of(house)), house, planted, tries) for planted in (1, 4)}
    said = [f"{n}: {h[0]:.3f} {h[1]:.3f}, {e[0]:.3f} {e[1]:.3f}" for n, (h, e) in by_planted.items()]
    record_property("found", f"by planted cards, number and moves here, then elsewhere: {'; '.join(said)}")
    for planted, (here, elsewhere) in by_planted.items():
        assert max(here) <= AT_MOST, (planted, here)
        assert max(elsewhere) <= AT_MOST_ELSEWHERE, (planted, elsewhere)


def test_a_department_that_shows_exactly_whether_it_has_its_number_would_be_seen() -> None:
    house = HOUSES[0]
    here, _elsewhere = learned(partial(exactly, units_of(house)), house, 4, Trials(number=3, seed=1))
    assert max(here) > AT_MOST


def test_a_department_that_shows_it_at_any_tally_would_be_seen() -> None:
    house = HOUSES[3]
    _here, elsewhere = learned(partial(at_any_tally, units_of(house)), house, 1, Trials(number=8, seed=2))
    assert max(elsewhere) > AT_MOST_ELSEWHERE


# -- areas ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tree:
    """Units, parents before their children, and who is below whom."""

    units: tuple[Unit, ...]
    path: Mapping[UnitId, tuple[UnitId, ...]]  #: of each: itself and what is above it, ROOT at last

    @property
    def workplaces(self) -> list[Unit]:
        return [unit for unit in self.units if unit.tier is Tier.WORKPLACE]


def grown(chance: Random, *, most: int = 40) -> Tree:
    """Grow a tree of up to five tiers: areas in up to three, workplaces, departments; some without numbers."""
    units = list[Unit]()
    path: dict[UnitId, tuple[UnitId, ...]] = {ROOT: (ROOT,)}

    def add(tier: Tier, parent: UnitId, threshold: int) -> UnitId:
        unit = UnitId(len(units) + 1)
        units.append(Unit(id=unit, name=f"{unit}", headcount=99, threshold=threshold, parent=parent, tier=tier))
        path[unit] = (unit, *path[parent])
        return unit

    def grow(parent: UnitId, levels: int) -> None:
        for _ in range(chance.choice((1, 2, 3, 4, 6))):
            if len(units) >= most:
                return
            if levels and chance.random() < 0.8:
                area = add(Tier.AREA, parent, chance.choice((0, 30, 60)))
                grow(area, levels - 1)
                if units[-1].id == area:  # none stays empty
                    add(Tier.WORKPLACE, area, chance.randint(8, 40))
            else:
                workplace = add(Tier.WORKPLACE, parent, chance.randint(8, 40))
                for _ in range(chance.choice((0, 0, 0, 2, 3))):
                    add(Tier.DEPARTMENT, workplace, chance.choice((0, 5, 8)))

    grow(ROOT, chance.choice((0, 1, 2, 3)))
    while sum(unit.tier is Tier.WORKPLACE for unit in units) < disclosure.FEWEST_LINES:
        add(Tier.WORKPLACE, ROOT, chance.randint(8, 40))
    return Tree(tuple(units), path)


def week(tree: Tree, chance: Random, *, every: int = DUE_EVERY) -> Iterator[tuple[int, tuple[Unit, ...], set[UnitId]]]:
    """Fill it up hour by hour: give each tally, the units as it leaves them, and who has just reached their number."""
    has_departments = {unit.parent for unit in tree.units if unit.tier is Tier.DEPARTMENT}
    leaves = {unit.id: 0 for unit in tree.units if unit.tier is not Tier.AREA and unit.id not in has_departments}
    paces = {leaf: chance.uniform(0.15, 0.6) * 25 / TALLIES for leaf in leaves}
    units, crossed = tree.units, set[UnitId]()
    for tally in range(1, TALLIES + 1):
        people = Counter[UnitId]()
        for leaf, rate_limit in paces.items():
            moved = sum(chance.random() < rate_limit for _ in range(4)) - (chance.random() < rate_limit)
            leaves[leaf] = max(0, leaves[leaf] + moved)
            for unit in tree.path[leaf]:
                people[unit] += leaves[leaf]
        lines = disclosure.next_lines(units, [unit.line for unit in units], people, tally=tally, due=tally % every == 0)
        units = tuple(replace(unit, line=line) for unit, line in zip(units, lines, strict=True))
        has = {unit.id for unit in tree.workplaces if people[unit.id] >= unit.threshold}
        yield tally, units, has - crossed
        crossed |= has


def residues(tree: Tree, walkout: Walkout) -> dict[UnitId, set[UnitId]]:
    """Say of which workplaces a coarse line tells, once those below it are taken off it."""
    lines = disclosure.coarse_lines(walkout, tree.units)
    found: dict[UnitId, set[UnitId]] = {line: set() for line in lines}
    for unit in tree.workplaces:
        nearest = next((above for above in tree.path[unit.id][1:] if above in lines), None)
        if nearest is not None:
            found[nearest].add(unit.id)
    return found


def given_away(tree: Tree, walkout: Walkout, chance: Random) -> int:
    """Count the times at which some unit's steward takes off a line what they see, and is left with one workplace."""
    apart = residues(tree, walkout)
    stewards = [{place.id for place in tree.workplaces if unit.id in tree.path[place.id]} for unit in tree.units]
    before, found = tree.units, 0
    for _tally, units, _crossed in week(tree, chance):
        moved = {new.id for old, new in zip(before, units, strict=True) if new.line.above != old.line.above}
        if moved:
            found += sum(len((moved & those) - seen) == 1 for those in apart.values() for seen in stewards)
        before = units
    return found


def city_of(tree: Tree, counts: Counts = Counts.READY) -> Walkout:
    everybody = sum(unit.threshold for unit in tree.workplaces)
    terms = Terms(
        title="A day", starts=PLEDGE_BY, pledge_by=PLEDGE_BY, citywide_threshold=everybody, citywide_counts=counts
    )
    return Walkout(id=WalkoutId("k7m3q"), terms=terms, opened=NOON)


@trials(100, full=2_000)
def test_no_unit_s_steward_is_left_with_one_workplace_when_lines_of_two_levels_are_subtracted(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    moves = stewards = 0
    for number in range(tries.number):
        with tries.attempt(number):
            chance = tries.random("tree", number)
            tree = grown(chance)
            stewards += len(tree.units)
            assert given_away(tree, city_of(tree), chance) == 0
        moves += 1
    record_property("found", f"{moves} trees, {stewards} stewards of a unit each: none")


def test_a_line_that_counts_any_three_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = disclosure._counting

    def any_three(units: Sequence[Unit], lines: Sequence[BoardLine]) -> set[UnitId]:
        moved = sum(u.tier is Tier.WORKPLACE and n.above != n.number for u, n in zip(units, lines, strict=True))
        return {unit.parent for unit in units} if moved >= disclosure.FEWEST_LINES else counting(units, lines)

    monkeypatch.setattr(disclosure, "_counting", any_three)
    trees = [grown(Random(number)) for number in range(20)]
    assert sum(given_away(tree, city_of(tree), Random(1)) for tree in trees) > 0


def claims(
    tree: Tree, walkout: Walkout, chance: Random, seen: AbstractSet[UnitId], *, every: int = DUE_EVERY
) -> tuple[list[tuple[int, UnitId]], set[tuple[int, UnitId]]]:
    """Say which others reached their number and when, and when which were said to have, by all lines together.

    The observer takes off each line what those below it say, and those workplaces whose own lines they see.
    """
    apart = residues(tree, walkout)
    ready = dict.fromkeys(apart, 0)
    crossings, claimed = list[tuple[int, UnitId]](), set[tuple[int, UnitId]]()
    for tally, units, crossed in week(tree, chance, every=every):
        crossings += [(tally, unit) for unit in crossed if unit not in seen]
        lines = disclosure.coarse_lines(walkout, units)
        has = {unit.id for unit in units if unit.tier is Tier.WORKPLACE and unit.line.above >= unit.threshold}
        for line, those in apart.items():
            below = {place.id for place in tree.workplaces if line in tree.path[place.id] and place.id not in those}
            now = lines[line].reached - len(has & below) - len(has & those & seen)
            if lines[line].reached and now > ready[line]:
                claimed |= {(tally, unit) for unit in those - seen}
            ready[line] = max(now, ready[line])
    return crossings, claimed


def told(tries: Trials, *, every: int = DUE_EVERY) -> tuple[float, float, int]:
    """Return the share of others' crossings that are told, what it is with another week's lines, and of how many."""
    hits = by_chance = number = 0
    for attempt in range(tries.number):
        chance = tries.random("claims", attempt)
        tree = grown(chance)
        walkout = city_of(tree)
        steward = chance.choice(tree.units).id
        planted = chance.sample(tree.workplaces, min(4, len(tree.workplaces) - 1))
        seen = {unit.id for unit in tree.workplaces if steward in tree.path[unit.id]} | {unit.id for unit in planted}
        crossings, claimed = claims(tree, walkout, chance, seen, every=every)
        _others, elsewhere = claims(tree, walkout, chance, seen, every=every)
        number += len(crossings)
        hits += sum(each in claimed for each in crossings)
        by_chance += sum(each in elsewhere for each in crossings)
    return hits / number, by_chance / number, number


@trials(60, full=1_000)
def test_four_planted_cards_and_a_steward_tell_when_others_reach_their_number_no_better_than_from_another_week(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    now, by_chance, crossings = told(tries)
    record_property("found", f"{now:.3f} of {crossings} crossings told, {by_chance:.3f} by chance")
    assert now <= by_chance + 0.1


def test_lines_of_trees_that_move_with_the_third_would_be_seen() -> None:
    now, by_chance, _crossings = told(Trials(number=40, seed=1), every=1)
    assert now > by_chance + 0.1


# -- a real tree ------------------------------------------------------------------------------------------------------

DATA = Path(__file__).parents[3] / "shared" / "data" / "nlrb_nyc_units_2017_2021.csv"
SMALLEST = 8


def elections(path: Path) -> tuple[Tree, dict[UnitId, int]]:
    """Read the union elections as places over employers, each with 65 % of its people; and who voted for the union."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["Num Eligible Voters"]) >= SMALLEST]
    by_place = defaultdict[str, list[dict[str, str]]](list)
    for row in rows:
        by_place[row["Unit City"].strip().casefold()].append(row)
    units, votes = list[Unit](), dict[UnitId, int]()
    path_of: dict[UnitId, tuple[UnitId, ...]] = {ROOT: (ROOT,)}

    def add(name: str, tier: Tier, headcount: int, parent: UnitId) -> UnitId:
        unit = UnitId(len(units) + 1)
        threshold = (65 * headcount + 99) // 100
        units.append(Unit(id=unit, name=name, headcount=headcount, threshold=threshold, parent=parent, tier=tier))
        path_of[unit] = (unit, *path_of[parent])
        return unit

    for place, of_place in sorted(by_place.items()):
        area = add(place, Tier.AREA, sum(int(row["Num Eligible Voters"]) for row in of_place), ROOT)
        for row in of_place:
            unit = add(row["Case Name"], Tier.WORKPLACE, int(row["Num Eligible Voters"]), area)
            votes[unit] = int(row["Votes For Labor Org1"])
    return Tree(tuple(units), path_of), votes


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.exists(), reason="the union elections' file is not part of the project")
def test_how_much_of_a_real_tree_shows_something_before_it_is_reached() -> None:
    tree, votes = elections(DATA)
    walkout = city_of(tree, Counts.ALL)
    areas = [unit for unit in tree.units if unit.tier is Tier.AREA]
    silent = [unit for unit in tree.workplaces if disclosure.fewer_than(unit.threshold) == unit.threshold]
    units, chance = tree.units, Random(1)
    begins = {unit: chance.randrange(TALLIES // 2) for unit in votes}
    before, short = set[UnitId](), list[float]()
    for tally in range(1, TALLIES + 1):
        people = Counter[UnitId]()
        for unit, yes in votes.items():
            now = yes * max(0, tally - begins[unit]) // (TALLIES // 2)
            for above in tree.path[unit]:
                people[above] += min(yes, now)
        lines = disclosure.next_lines(
            units, [unit.line for unit in units], people, tally=tally, due=tally % DUE_EVERY == 0
        )
        units = tuple(replace(unit, line=line) for unit, line in zip(units, lines, strict=True))
        before |= {
            unit.id for unit in units if unit.tier is Tier.WORKPLACE and unit.line.number and not unit.line.reached
        }
        coarse = disclosure.coarse_lines(walkout, units)
        before |= {unit.id for unit in areas if unit.id in coarse and coarse[unit.id].tenths}
        exact = min(disclosure.NEARLY, people[ROOT] * 10 // walkout.terms.citywide_threshold)
        short.append(exact - coarse[ROOT].tenths)
    shows = [sum(unit.id in before for unit in those) for those in (tree.workplaces, areas)]
    print(  # noqa: T201  shown with -s
        f"\n{len(silent)} of {len(tree.units)} workplaces can show nothing before they are reached; "
        f"{shows[0]} did, and {shows[1]} of {len(areas)} areas; "
        f"the city's line stood {sum(short) / len(short):.1f} tenths short"
    )
    assert len(silent) * 3 <= len(tree.workplaces) + 2
    assert all(0 <= each <= 3 for each in short)
