from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.domain import rules
from bot.process.clock import MovableClock, real_clock
from bot.storage.store import Room
from bot.usecases import organizers
from tests.discord.faults import unauthorized
from tests.discord.house import OLGA, OMAR, City, House, found, let_deadline_pass, stand
from tests.discord.server import DiscordServer
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS
from tests.stores import open_app
from tests.telegram.house import House as TelegramHouse
from tests.telegram.house import labels
from tests.telegram.server import TelegramServer
from tests.telegram.server import unauthorized as telegram_unauthorized


class Both:
    """One `allout run` on both platforms; Olga organizes on Discord, Omar on Telegram."""

    def __init__(self, discord: House, telegram: TelegramHouse) -> None:
        self.discord = discord
        self.telegram = telegram
        discord.server.person(OLGA)
        telegram.server.person(OMAR, name="Omar")

    async def launch(self) -> None:
        """Start the bot; neither platform may have let it in."""
        await self.discord.launch(**self.telegram.settings)
        # it is one process, whichever platform looks at it
        self.telegram._process, self.telegram._said = self.discord.process, self.discord._said

    async def start(self) -> None:
        """Start the bot and wait until it hears both platforms."""
        sessions, updates = self.discord.server.gateway.sessions, partial(self.telegram.server.called, "getUpdates")
        before, asked = len(sessions), len(updates())
        await self.launch()
        await self.discord.connected(before)
        await self.telegram.until(lambda: len(updates()) > asked)

    async def organized(self, city: City, rooms: dict[int, str | None]) -> None:
        """Let Omar organize, and these chats of Telegram's hear the news, before the bot runs."""
        async with self.discord.looked_into() as app:
            await organizers.add(self.telegram.who(OMAR), "nickname", app.store, app.keys)
            places = {place.name: place.id for place in await app.store.units(city.walkout)}
            for chat, scope in rooms.items():
                only = places[scope] if scope else None
                await organizers.bind_room(
                    Room(walkout=city.walkout, scope=only, way="telegram", address=str(chat)), app.store
                )

    def told_on_discord(self, words: str) -> int:
        """Count what Olga was told."""
        return sum(words in one.text for one in self.discord.from_bot(self.discord.server.dm(OLGA)))

    def told_on_telegram(self, words: str) -> int:
        """Count what Omar was told."""
        return sum(words in text for text in self.telegram.server.chats[OMAR].texts)


@pytest.fixture
async def both(data: Path) -> AsyncIterator[Both]:
    async with TelegramServer() as telegram, DiscordServer() as discord:
        house = House(data, discord)
        made = Both(house, TelegramHouse(data, telegram))
        try:
            yield made
        finally:
            await house.cleared()
        made.telegram.codes = house.codes
        house.check()
        made.telegram.check()


async def test_one_walkout_on_both_platforms_has_one_count_and_is_heard_once_everywhere(both: Both) -> None:
    discord, telegram = both.discord, both.telegram
    now = real_clock()
    began = now - timedelta(minutes=15, seconds=5)
    guild = discord.server.guild()
    town, school = discord.server.room(guild), discord.server.thread(discord.server.room(guild))
    town_chat, school_chat = telegram.server.room("channel"), telegram.server.room()
    city = await found(
        discord,
        drafted=began,
        organizing=[OLGA],
        rooms={town: None, school: "School"},
        citywide_threshold=6,
        tally_every="15m",
    )
    await both.organized(city, {town_chat: None, school_chat: "School"})
    async with open_app(discord.store, clock=MovableClock(began), senders={}) as app:
        await app.store.decide(city.walkout, partial(rules.open_up, now=began))
    # neither platform's pledges alone would be enough
    for house in (discord, telegram):
        places = ["Depot", "Depot", "Depot", "School", "School"]
        pledges = {house.server.person(): city.take(place) for place in places}
        await stand(house, pledges, now - timedelta(minutes=5))
    await both.start()
    await discord.hears(town, "It is on.")
    await telegram.hears(town_chat, "It is on.")

    code = city.take()
    somebody = discord.server.person()
    fresh = await discord.command(somebody, "start", card=code)
    pledged = await telegram.pledge(telegram.server.person(), code)
    assert labels(pledged) == PLEDGED_BUTTONS
    await _join_where_it_is_on(discord, city.take("Depot"))
    used = await discord.command(somebody, "start", card=code)
    assert (used.text, used.labels) == (fresh.text, TERMS_BUTTONS)
    spent = await discord.press(used, "Pledge")
    assert "This card is used already, from another account." in spent.text
    other = city.take()
    assert (await discord.pledge(somebody, other)).labels == PLEDGED_BUTTONS
    shown = await telegram.ask(telegram.server.person(), other)
    assert labels(shown) == TERMS_BUTTONS
    refused = await telegram.press(shown, "Pledge")
    assert "This card is used already, from another account." in (telegram.last(refused["chat"]["id"])["text"])

    await discord.stop()
    let_deadline_pass(discord, city.walkout)
    await both.start()
    await discord.hears(school, "School has reached its number: we walk out too")
    await telegram.hears(school_chat, "School has reached its number: we walk out too")
    await discord.hears(town, "the last count is taken")
    await telegram.hears(town_chat, "the last count is taken")
    heard = [[message.text for message in discord.from_bot(channel)] for channel in (town, school)]
    heard += [telegram.server.chats[chat].texts for chat in (town_chat, school_chat)]
    assert ["It is on" in news[0] for news in heard] == [True] * 4  # no bot ran before, so nobody heard that it opened
    assert [["School joins" in news[1], len(news)] for news in heard] == [[True, 3], [False, 2]] * 2
    boards = [(await discord.command(OLGA, "organize board")).text, (await telegram.ask(OMAR, "/board"))["text"]]
    assert ["2 of 3 workplaces have reached theirs" in board for board in boards] == [True] * 2
    assert (await discord.command(OLGA, "organize rooms")).text.count("(Telegram)") == 2
    await discord.stop()
    assert await discord.standing(city) == {"Depot": 7, "School": 6, "<b>&": 0}


async def _join_where_it_is_on(discord: House, card: str) -> None:
    joining = await discord.command(discord.server.person(), "start", card=card)
    assert "It is on, and Depot WALKS OUT on " in joining.text  # with the pledges of both platforms
    assert "Will you join?" in joining.text
    recorded = await discord.press(joining, "Pledge")
    assert recorded.text.startswith("Recorded. Depot: your pledge stands.\n\nIt is on, and Depot WALKS OUT on ")


async def test_a_platform_whose_token_is_wrong_leaves_the_other_alone_and_is_told_of_once(both: Both) -> None:
    discord, telegram = both.discord, both.telegram
    room, chat = discord.server.room(discord.server.guild()), telegram.server.room()
    city = await found(discord, organizing=[OLGA], rooms={room: None})
    await both.organized(city, {chat: None})
    own, opened = discord.server.dm(OLGA), "You can pledge until"

    with discord.server.failing("GET /users/@me", unauthorized()):
        await both.launch()
        await telegram.hears(OMAR, "Discord refuses this bot's token")
        assert "is open for pledges" in (await telegram.sure(OMAR, "/open"))["text"]
        await telegram.hears(chat, opened)
        await telegram.pledge(telegram.server.person(), city.take())
        await discord.until(lambda: len(discord.server.called("GET /users/@me")) > 1)
        assert discord.from_bot(room) == []
    await discord.hears(room, opened)
    await telegram.hears(OMAR, "Discord can be reached again.")
    card = await discord.pledge(discord.server.person(), city.take())
    assert card.labels == PLEDGED_BUTTONS

    # Telegram's, while it runs
    telegram.server.plan("getMe", telegram_unauthorized())
    telegram.server.plan("getUpdates", telegram_unauthorized())
    telegram.server.say(telegram.server.person(), "/help")
    await discord.hears(own, "Telegram refuses this bot's token")
    assert "Taken back." in (await discord.press(card, "Withdraw")).text
    await discord.hears(own, "Telegram can be reached again.")
    await telegram.ask(OMAR, "/board")

    # and Discord's gateway alone
    gateway = discord.server.gateway
    right, gateway._token = gateway._token, "another"
    identified = len(gateway.identifies)
    gateway.cut(4004)
    await discord.until(lambda: len(gateway.identifies) > identified)
    gateway._token = right
    await telegram.until(lambda: both.told_on_telegram("Discord can be reached again.") == 2)
    assert len(gateway.identifies) == identified + 2  # Discord takes a thousand a day, and then changes the token
    assert both.told_on_telegram("Discord") == 4
    assert both.told_on_telegram("Telegram") == 0
    assert both.told_on_discord("Telegram") == 2
    assert both.told_on_discord("Discord") == 0
    assert (len(discord.from_bot(room)), len(telegram.server.chats[chat].texts)) == (1, 1)
    await discord.stop()  # and has written all that it had to say
    assert [line for line in discord.said.splitlines() if "reached" in line] == [
        "ERROR discord cannot be reached, trying again: its token is not accepted",
        "WARNING discord can be reached again",
        "ERROR telegram cannot be reached, trying again: its token is not accepted",
        "WARNING telegram can be reached again",
        "ERROR discord cannot be reached, trying again: its token is not accepted",
        "WARNING discord can be reached again",
    ]


async def test_two_wrong_tokens_end_the_start(both: Both) -> None:
    both.telegram.server.plan("getMe", telegram_unauthorized(), times=9)
    with both.discord.server.failing("GET /users/@me", unauthorized()):
        await both.launch()
        assert await both.discord.ended() == 2
    both.telegram._process = None
    last = both.discord.said.splitlines()[-2:]
    assert sorted(line.partition(" ")[0] for line in last) == ["Discord", "Telegram"]
