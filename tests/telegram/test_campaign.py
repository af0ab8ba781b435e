"""On Telegram, at the wire: a campaign from its survey to another try of what lapsed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.process.clock import real_clock
from tests.campaigns import STEP, cards, drafted, stickers, survey
from tests.faults.houses import TelegramHouse, telegram_house
from tests.telegram.house import labels


@pytest.fixture
async def house() -> AsyncIterator[TelegramHouse]:
    """A house whose clock can be moved, and whose bot does not run yet."""
    async with telegram_house(checked=True) as made:
        yield made


async def test_a_survey_a_step_that_lapses_and_another_try(house: TelegramHouse) -> None:
    server, began = house.server, real_clock().replace(microsecond=0)
    await house.start()
    olga, city = server.person(name="Olga"), server.room("channel", title="The whole town")
    code = (await house.allout("organizer-code")).split()[-1]
    await house.ask(olga, f"/organizer {code}")
    menus = [command["command"] for commands in server.commands.values() for command in commands]
    assert {"ready", "word", "tookpart"} <= set(menus)
    first = await drafted(house, survey(began))
    codes = await cards(house, first)
    await house.bind(olga, city)
    assert "2 rooms are not bound: Depot, School." in (await house.ask(olga, "/ready"))["text"]
    await house.sure(olga, "/open")

    ana, *others = [server.person() for _ in range(5)]
    voted = await house.ask(ana, codes["Depot"][0])
    for label in ("Take part", "Vote", "More pay", "Done", "Cast my vote", "Vote anew", "Less heat", "Done"):
        voted = await house.press(voted, label)
    assert "• What do we want? Less heat" in voted["text"]
    voted = await house.press(voted, "Cast my vote")
    for person, card in zip(others, codes["Depot"][1:], strict=False):
        await house.press(await house.ask(person, card), "Take part")

    house.strings.ahead = STEP
    await house.hears(city, "The survey is over: What we want.")
    await house.hears(olga, "The next step can open at 1 workplace: Depot.")

    second = await drafted(house, stickers(began, 1), "--after", first)
    ready = (await house.ask(olga, f"/ready {second}"))["text"]
    assert "It does not open where too few took part in the step before: School." in ready
    await house.sure(olga, f"/open {second}")
    await house.hears(city, "Your card is still good.")
    shown = await house.press(voted, "Withdraw")  # of the step before: it shows this one, and changes nothing
    assert shown["text"].startswith("Sticker day")
    assert "Pledge" in labels(shown)
    told = await house.press(shown, "Pledge")
    told = await house.press(await house.press(told, "Tell me"), "Yes, tell me")

    house.strings.ahead = STEP * 2
    lapsed = await house.hears(ana, "Not now. Sticker day")
    assert labels(lapsed)[0] == "Tell me of a retry"
    await house.press(lapsed, "Tell me of a retry")
    assert "I write to you here, once." in house.last(ana)["text"]

    third = await drafted(house, stickers(began, 2), "--after", second)
    await house.sure(olga, f"/open {third}")
    await house.hears(ana, "There is another try: Sticker day")
    for person, card in zip([ana, *others], codes["Depot"], strict=False):
        await house.press(await house.ask(person, card), "Pledge")

    house.strings.ahead = STEP * 3
    await house.hears(city, "It is on. Sticker day")
    await house.hears(olga, "It is on. Sticker day")  # or what answers her below could be this
    await house.ask(olga, "/word citywide")
    await house.press(await house.ask(olga, "Bring water."), "Say it")
    await house.hears(city, "» Bring water.")

    house.strings.ahead = STEP * 3.5
    await house.hears(city, "It begins: Sticker day")
    assert "Depot: 6 people take part" in (await house.ask(olga, "/tookpart Depot 6"))["text"]
    await house.stop()
