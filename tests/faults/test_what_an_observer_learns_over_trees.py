"""What planted cards, and a planted steward of any unit, learn from the board of a tree.

Nothing shown at two levels may be subtracted into a smaller unit's move: a department's from its workplace's line, a
workplace's or an area's from the coarse lines above it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from bot.domain import disclosure
from bot.domain.model import BoardLine, Tier, Workplace, WorkplaceId
from tests.faults.observer import Both, House, HouseLines, watched_house
from tests.faults.trials import Trials, trials

AT_MOST = 0.02

# -- a department and its workplace -----------------------------------------------------------------------------------

HOUSES = (
    House(name="both near theirs", threshold=20, of_department=8, here=7, elsewhere=12),
    House(name="the department near, the workplace far", threshold=30, of_department=8, here=7, elsewhere=8),
    House(name="the workplace near, the department far", threshold=20, of_department=12, here=6, elsewhere=13),
    House(name="a quiet night", threshold=20, of_department=8, here=7, elsewhere=12, moves=1 / 48),
)


def units_of(house: House) -> list[Workplace]:
    """Make the workplace, the department and, of the others, two more with a number."""

    def unit(n: int, tier: Tier, threshold: int, parent: int) -> Workplace:
        return Workplace(
            id=WorkplaceId(n), name=str(n), headcount=99, threshold=threshold, tier=tier, parent=WorkplaceId(parent)
        )

    departments = [unit(n, Tier.DEPARTMENT, house.of_department, 1) for n in (2, 3, 4)]
    return [unit(1, Tier.WORKPLACE, house.threshold, 0), *departments]


def as_shown(
    units: list[Workplace], lines: tuple[BoardLine, BoardLine], here: int, elsewhere: int
) -> tuple[BoardLine, BoardLine]:
    people = dict(zip((unit.id for unit in units), (here + elsewhere, here, 0, 0), strict=True))
    every = [*lines, BoardLine(), BoardLine()]
    whole, part, *_ = disclosure.next_lines(units, every, people, tally=1, due=False)
    return whole, part


def exactly(
    units: list[Workplace], lines: tuple[BoardLine, BoardLine], here: int, elsewhere: int
) -> tuple[BoardLine, BoardLine]:
    """Say of a department whether it has its number now, both ways."""
    whole, _part = as_shown(units, lines, here, elsewhere)
    return whole, BoardLine(reached=here >= units[1].threshold)


def learned(rule: Both, house: House, planted: int, tries: Trials) -> tuple[tuple[float, float], tuple[float, float]]:
    lines = HouseLines(rule)
    lives = [
        watched_house(lines, house, planted=planted, chance=tries.random(house.name, planted, number))
        for number in range(tries.number)
    ]
    here, elsewhere = (sum(those[1:], those[0]) for those in zip(*lives, strict=True))
    return here.shares, elsewhere.shares


@pytest.mark.parametrize("house", HOUSES, ids=lambda house: house.name)
@trials(4, full=60)
def test_planted_cards_in_a_department_tell_neither_its_number_nor_that_of_the_rest_of_its_workplace(
    tries: Trials, house: House, record_property: Callable[[str, object], None]
) -> None:
    by_planted = {planted: learned(partial(as_shown, units_of(house)), house, planted, tries) for planted in (1, 4)}
    said = [f"{n}: {h[0]:.3f} {h[1]:.3f}, {e[0]:.3f} {e[1]:.3f}" for n, (h, e) in by_planted.items()]
    record_property("found", f"by planted cards, number and moves here, then elsewhere: {'; '.join(said)}")
    for planted, (here, elsewhere) in by_planted.items():
        assert max(*here, *elsewhere) <= AT_MOST, (planted, here, elsewhere)


def test_a_department_that_shows_exactly_whether_it_has_its_number_would_be_seen() -> None:
    house = HOUSES[0]
    here, _elsewhere = learned(partial(exactly, units_of(house)), house, 4, Trials(number=3, seed=1))
    assert max(here) > AT_MOST
