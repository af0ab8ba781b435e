"""Nothing acknowledged is lost, nothing false is said, whatever happens to bots, servers and the networks between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.faults.city import STRIKES, a_city
from tests.faults.trials import Trials, trials

OFTEN = {"bot killed": 4}
"""So many times as often as any other."""


@trials(1, full=100)
async def test_histories_over_a_primary_and_its_standby(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    chance = tries.random()
    strikes = [name for name in STRIKES for _ in range(tries.number * OFTEN.get(name, 1))]
    chance.shuffle(strikes)
    async with a_city() as city:
        city.raise_bots()
        for number, name in enumerate(strikes):
            with tries.attempt(number):
                await city.round(chance, STRIKES[name])
        took_s = await city.settle()
        history = city.history
    struck = ", ".join(f"{number} x {name}" for name, number in sorted(Counter(strikes).items()))
    record_property(
        "found",
        f"{struck}; {history.acknowledged} acknowledged changes, {history.looked} looks, {history.tally} tallies: 0 "
        f"lost, 0 false; {history.refused} times not recorded, {history.in_doubt} in doubt; {len(history.heard)} "
        f"letters, {history.repeated} of them repeated; all that was due had left {took_s:.1f} s after the last fault",
    )
