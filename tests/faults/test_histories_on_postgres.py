"""Nothing acknowledged is lost, nothing false is said, whatever happens to bots, servers and the networks between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from tests.faults.citizens import Fault
from tests.faults.city import (
    BOTS_STRUCK,
    CHANGES_OF_HANDS,
    NETWORKS_STRUCK,
    SERVERS_STRUCK,
    Strike,
    a_city,
    cancelled_and_promoted,
)
from tests.faults.trials import Trials, trials

LEAVES_WITHIN_S = 20.0
"""Once all works again, what is due has left."""


async def _struck(tries: Trials, strikes: Sequence[Strike]) -> str:
    """Let all this happen to one city, one after the other in any order; say what was seen."""
    chance = tries.random(strikes[0].__name__)
    order = chance.sample(strikes, len(strikes))
    async with a_city() as city:
        city.raise_bots()
        for number, strike in enumerate(order):
            with tries.attempt(number):
                await city.round(chance, strike)
        took_s = await city.settle()
        history = city.history
    assert history.acknowledged > len(strikes)
    assert took_s < LEAVES_WITHIN_S
    counts = ", ".join(
        f"{number} x {name}" for name, number in sorted(Counter(each.__name__ for each in order).items())
    )
    return (
        f"{counts}; {history.acknowledged} acknowledged changes, {history.looked} looks, {history.tally} tallies: 0 "
        f"lost, 0 false; {history.refused} times not recorded, {history.in_doubt} in doubt; {len(history.heard)} "
        f"letters, {history.repeated} of them repeated; all that was due had left {took_s:.1f} s after the last"
    )


@pytest.mark.parametrize("strikes", [BOTS_STRUCK, NETWORKS_STRUCK, SERVERS_STRUCK], ids=["bots", "networks", "servers"])
@trials(5, full=125)
async def test_whatever_strikes_nothing_acknowledged_is_lost_and_nothing_false_is_said(
    strikes: Sequence[Strike], tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    record_property("found", await _struck(tries, [*strikes] * tries.number))


@trials(1, full=20)
async def test_likewise_where_a_standby_becomes_the_primary_with_commits_under_way(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    record_property("found", await _struck(tries, [*CHANGES_OF_HANDS] * tries.number))


@pytest.mark.parametrize("fault", Fault)
async def test_a_store_that_answers_too_early_would_be_seen(fault: Fault) -> None:
    async with a_city() as city:
        city.raise_bots(fault)
        with pytest.raises(AssertionError):  # noqa: PT012  one of these finds it
            for number in range(20):  # mostly the first does
                await city.round(Trials(number=20, seed=1).random(number), cancelled_and_promoted)
