"""On Discord, at the wire: a campaign from its survey to another try of what lapsed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.process.clock import real_clock
from tests.campaigns import STEP, cards, drafted, stickers, survey
from tests.faults.houses import DiscordHouse, discord_house


@pytest.fixture
async def house() -> AsyncIterator[DiscordHouse]:
    """A house whose clock can be moved, and whose bot does not run yet."""
    async with discord_house(checked=True) as made:
        yield made


async def test_a_survey_a_step_that_lapses_and_another_try(house: DiscordHouse) -> None:  # noqa: PLR0915  one long story
    server, began = house.server, real_clock().replace(microsecond=0)
    city = server.room(server.guild("Local 555"), "town", "announcement")
    await house.start()
    olga = server.person(name="Olga")
    code = (await house.allout("organizer-code")).split()[-1]
    house.codes.append(code.replace("-", ""))
    await house.command(olga, "organizer", code=code)
    first = await drafted(house, survey(began))
    codes = await cards(house, first)
    await house.command(olga, "organize room", city, scope="citywide")
    assert "2 rooms are not bound: Depot, School." in (await house.command(olga, "organize ready")).text
    await house.sure(olga, "organize open")

    ana, *others = [server.person() for _ in range(5)]
    voted = await house.command(ana, "start", card=codes["Depot"][0])
    for label in ("Take part", "Vote", "More pay", "Done", "Cast my vote", "Vote anew", "Less heat", "Done"):
        voted = await house.press(voted, label, ana)
    assert "• What do we want? Less heat" in voted.text
    voted = await house.press(voted, "Cast my vote", ana)
    for person, card in zip(others, codes["Depot"][1:], strict=False):
        await house.press(await house.command(person, "start", card=card), "Take part", person)

    house.strings.ahead = STEP
    await house.hears(city, "The survey is over: What we want.")
    await house.hears(server.dm(olga), "The next step can open at 1 workplace: Depot.")

    second = await drafted(house, stickers(began, 1), "--after", first)
    ready = await house.command(olga, "organize ready", walkout=second)
    assert "It does not open where too few took part in the step before: School." in ready.text
    assert "School" in await house.suggested(olga, "organize tookpart", "workplace", walkout=second)
    await house.sure(olga, "organize open", walkout=second)
    assert await house.suggested(olga, "organize tookpart", "workplace") == ["Depot"]
    await house.hears(city, "Your card is still good.")
    shown = await house.press(voted, "Withdraw", ana)  # of the step before: it shows this one, and changes nothing
    assert shown.text.startswith("Sticker day")
    assert "Pledge" in shown.labels
    told = await house.press(await house.press(shown, "Pledge", ana), "Tell me", ana)
    await house.press(told, "Yes, tell me", ana)

    house.strings.ahead = STEP * 2
    lapsed = await house.hears(server.dm(ana), "Not now. Sticker day")
    assert lapsed.labels[0] == "Tell me of a retry"
    assert "I write to you here, once." in (await house.press(lapsed, "Tell me of a retry", ana)).text

    third = await drafted(house, stickers(began, 2), "--after", second)
    await house.sure(olga, "organize open", walkout=third)
    await house.hears(server.dm(ana), "There is another try: Sticker day")
    for person, card in zip([ana, *others], codes["Depot"], strict=False):
        await house.press(await house.command(person, "start", card=card), "Pledge", person)

    house.strings.ahead = STEP * 3
    await house.hears(city, "It is on. Sticker day")
    await house.hears(server.dm(olga), "It is on. Sticker day")  # or what answers her below could be this
    reach = await house.suggested(olga, "organize word", "reach")
    assert (reach[0], reach[2:]) == ("citywide", ["Depot"])
    await house.command(olga, "organize word", reach="citywide")
    await house.press(await house.say(olga, "Bring water."), "Say it", olga)
    await house.hears(city, "» Bring water.")

    house.strings.ahead = STEP * 3.5
    await house.hears(city, "It begins: Sticker day")
    assert "Depot" in await house.suggested(olga, "organize tookpart", "workplace")
    counted = await house.command(olga, "organize tookpart", workplace="Depot", number=6)
    assert "Depot: 6 people take part" in counted.text
    await house.stop()
