"""On Telegram: one walkout from "on" to the closing word, at a workplace that walks out and at one that misses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from bot.domain.model import Terms
from bot.process.clock import real_clock
from handlers.texts.times import when
from tests.console.play import bare
from tests.faults.houses import TelegramHouse, telegram_house
from tests.telegram.house import found, stand

DAY = timedelta(days=1)
TITLE = "One day for the rent freeze · New York"


@pytest.fixture
async def house() -> AsyncIterator[TelegramHouse]:
    """A house whose clock can be moved, and whose bot does not run yet."""
    async with telegram_house(checked=True) as made:
        yield made


async def test_each_hears_yes_or_no_at_on_and_at_the_deadline_and_the_last_days_if_it_is_yes(
    house: TelegramHouse,
) -> None:
    server = house.server
    opened = real_clock().replace(microsecond=0)
    pledge_by, starts = opened + 7 * DAY, opened + 12 * DAY
    olga, ana, bo = (server.person() for _ in range(3))
    everywhere, depot, school = (server.room() for _ in range(3))
    chats = {"city": everywhere, "depot": depot, "school": school, "olga": olga, "ana": ana, "bo": bo}
    city = await found(
        house,
        opened=opened,
        organizing=[olga],
        rooms={everywhere: None, depot: "Depot", school: "School"},
        citywide_threshold=6,
        if_disciplined="Call 555-0199 at once.",
    )
    for person, shop in ((ana, "Depot"), (bo, "School")):
        await stand(house, {person: city.take(shop)}, opened + timedelta(minutes=1), told=True)
    others = {server.person(): city.take("Depot") for _ in range(5)}
    await stand(house, others, opened + timedelta(minutes=2))

    async def news_at(at: datetime, *hearing: str) -> dict[str, str]:
        """Let the bot run at that time; give the last that these have heard, all of whom hear something."""
        before = {name: len(server.chats[chat].texts) for name, chat in chats.items()}
        house.strings.ahead = at + timedelta(seconds=1) - real_clock()
        await house.start()
        await house.until(lambda: all(len(server.chats[chats[name]].texts) > before[name] for name in hearing))
        await house.stop()
        fresh = {name: server.chats[chat].texts[before[name] :] for name, chat in chats.items()}
        assert {name for name, texts in fresh.items() if texts} == set(hearing)
        return {name: bare(fresh[name][-1]) for name in hearing}

    on = await news_at(opened + DAY, *chats)
    day = when(starts, Terms(title="", starts=starts, pledge_by=pledge_by, citywide_threshold=6))
    assert on["depot"].startswith(
        f"It is on, and Depot walks out on {day}. Until then, work as usual.\nat the Depot gate"
    )
    assert on["school"].startswith(f"It is on across the city, for {day}. School does not walk out unless")
    assert f"Depot walks out on {day}.\n2 other workplaces do not, unless" in on["olga"]
    assert on["bo"].endswith("Work as usual.\nI write again after the last count, with yes or no.")

    last = await news_at(pledge_by, *chats)
    yes = f"{TITLE}: the last count is taken. Depot walks out on {day}. Until then, work as usual.\nat the Depot gate"
    no = f"{TITLE}\nSchool did not reach its number. School does NOT walk out on {day}. Go to work as usual."
    assert all(last[name].startswith(yes) for name in ("depot", "ana"))
    assert all(last[name].startswith(no) for name in ("school", "bo"))
    assert f"Depot walks out on {day}.\n2 other workplaces do not.\n\n" in last["olga"]

    for at, said in ((starts - DAY, "Reminder: "), (starts, "It begins: ")):
        heard = await news_at(at, "city", "depot", "ana")
        assert all(text.startswith(said) and day in text for text in heard.values())

    thanks = await news_at(starts + DAY, "city", "depot", "olga")
    assert all(text.endswith("If somebody is disciplined: Call 555-0199 at once.") for text in thanks.values())
