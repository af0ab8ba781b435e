"""A bot that is killed before an instant and back after it: what Telegram has kept is done before the tally.

Nobody can tell when somebody pressed, so pledges and withdrawals count alike, in the order in which they are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.domain.model import Stage
from bot.process.clock import real_clock
from tests.faults import planted
from tests.faults.houses import TelegramHouse, telegram_house
from tests.faults.trials import Trials, trials
from tests.house import found, stand
from tests.telegram.server import Json

NEEDED = 5
KEPT = {"p": True, "wp": True, "w": False, "pw": False}
"""What the last one needed has pressed while no bot ran, and whether it is on then."""

SCENES = [("deadline", "wp"), ("hourly", "pw"), ("deadline", "w"), ("hourly", "p")]
SCENES += [("deadline", "p"), ("hourly", "w"), ("deadline", "pw"), ("hourly", "wp")]

DOWN = timedelta(minutes=5)
"""How long after the instant the bot is back."""


async def come_back(instant: str, kept: str, fault: Callable[[], None] | None = None) -> Stage:
    """Kill a bot before an instant, let another come back after it, and tell what that one decided."""
    async with telegram_house() as house:
        opened, last = real_clock(), house.server.person()
        due = opened + timedelta(hours=1)
        room = house.server.room()
        city = await found(
            house,
            opened=opened,
            rooms={room: None},
            tally_every="1h" if instant == "hourly" else "24h",
            pledge_by=due + timedelta(days=1) if instant == "hourly" else due,
            starts=due + timedelta(days=2),
            citywide_threshold=NEEDED,
        )
        await stand(house, {house.server.person(): city.take() for _ in range(NEEDED - 1)}, opened)
        code = city.take()
        house.fault = fault
        await house.start()
        card = await (house.pledge(last, code) if kept[0] == "w" else house.ask(last, f"/start {code}"))
        await house.kill()
        for act in kept:
            press(house, card, f"{act}:{code}.{city.walkout}")
        house.strings.ahead += due + DOWN - house.strings.clock()
        await house.start(ALLOUT_LOG_LEVEL="INFO")
        await house.until(lambda: "tally 1 of" in house.said)
        await house.quiet()
        await house.stop()
        async with house.looked_into() as app:
            walkout = await app.store.walkout(city.walkout)
            stands = {place.name: place.standing for place in await app.store.units(city.walkout)}["School"]
        assert walkout.tallied == due
        assert (walkout.stage is Stage.ON) is (stands == NEEDED), "the tally did not see what was kept"
        assert stands == NEEDED - (kept[-1] == "w"), "what was kept is lost"
        return walkout.stage


def press(house: TelegramHouse, card: Json, data: str) -> None:
    """Press a button, whatever the message looks like by now."""
    button = {"text": data, "callback_data": data}
    house.server.press(card | {"reply_markup": {"inline_keyboard": [[button]]}}, data)


@trials(3, full=200)
async def test_what_was_kept_over_an_instant_is_done_before_its_tally(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    became: Counter[Stage] = Counter()
    for number in range(tries.number):
        with tries.attempt(number):
            instant, kept = SCENES[(number + tries.seed - 1) % len(SCENES)]
            stage = await come_back(instant, kept)
            assert (stage is Stage.ON) is KEPT[kept], f"{instant}: {kept}"
        became[stage] += 1
    told = ", ".join(f"{count} {stage}" for stage, count in sorted(became.items()))
    record_property("found", f"{became.total()} bots killed over an instant: {told}, each as what was kept has it")


@pytest.mark.parametrize("kept", ["p", "w"])
async def test_a_tally_that_waits_for_nothing_would_be_seen(kept: str) -> None:
    with pytest.raises(AssertionError, match=r"did not see what was kept|is lost"):
        await come_back("deadline", kept, planted.wait_for_nothing)
