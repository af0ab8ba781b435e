"""One bot on Telegram and on Discord at once: what one organizer begins here, another ends there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.process.clock import real_clock
from bot.secrets.keys import Person
from bot.usecases import organizers
from tests.discord.house import House as DiscordHouse
from tests.discord.server import DiscordServer
from tests.discord.world import Message
from tests.house import OLGA, OMAR, City, found
from tests.telegram.house import House as TelegramHouse
from tests.telegram.house import labels
from tests.telegram.server import TelegramServer


@dataclass(frozen=True, kw_only=True)
class Both:
    """A bot with two tokens. Olga organizes on Discord, Omar on Telegram; two must approve."""

    discord: DiscordHouse
    telegram: TelegramHouse
    city: City

    async def letter(self, words: str) -> Message:
        """Wait for a letter to Olga."""
        return await self.discord.hears(self.discord.server.dm(OLGA), words)


@pytest.fixture
async def both(data: Path) -> AsyncIterator[Both]:
    async with DiscordServer() as discord_server, TelegramServer() as telegram_server:
        discord, telegram = DiscordHouse(data, discord_server), TelegramHouse(data, telegram_server)
        discord_server.person(OLGA, name="Olga")
        telegram_server.person(OMAR, name="Omar")
        city = await found(discord, drafted=real_clock(), approvals=2)
        async with discord.looked_into() as app:
            await organizers.add(Person("discord", str(OLGA)), "olga", app.store, app.keys)
            await organizers.add(Person("telegram", str(OMAR)), "omar", app.store, app.keys)
        try:
            await discord.start(**telegram.settings)
            telegram._process = discord.process  # the same one
            await telegram.until(lambda: telegram_server.called("getUpdates"))
            yield Both(discord=discord, telegram=telegram, city=city)
            await discord.stop()
            discord.check()
            telegram.check()
        finally:
            await discord.cleared()


async def test_an_organizer_on_telegram_approves_what_one_on_discord_proposed(both: Both) -> None:
    proposed = await both.discord.sure(OLGA, "organize open")
    assert "1 more organizer must approve it" in proposed.text
    asked = await both.telegram.hears(OMAR, "Do you approve?")
    assert asked["text"].startswith(f"olga proposes:\nOpen One day for the rent freeze ({both.city.walkout})")
    assert labels(asked) == ["Approve", "Refuse", "What workers read"]
    answered = await both.telegram.press(asked, "Approve")
    assert "is open for pledges" in answered["text"]
    assert (await both.letter("Approved: Open")).text.startswith("Approved: Open One day")

    again = await both.discord.command(OLGA, "organize open")
    assert "No walkout fits" in again.text  # nothing is left to be opened


async def test_an_organizer_on_discord_refuses_what_one_on_telegram_proposed(both: Both) -> None:
    proposed = await both.telegram.sure(OMAR, "/open")
    assert "1 more organizer must approve it" in proposed["text"]
    asked = await both.letter("Do you approve?")
    assert asked.labels == ["Approve", "Refuse", "What workers read"]
    answered = await both.discord.press(asked, "Refuse", OLGA)
    assert "refused. Nothing changed." in answered.text
    assert (await both.telegram.hears(OMAR, "Refused: Open"))["text"].endswith("Nothing changed.")


async def test_a_role_is_handed_over_from_one_platform_to_the_other(both: Both) -> None:
    ana = both.telegram.server.person(name="Ana the steward")
    made = await both.discord.command(
        OLGA, "organize appoint", role="steward", workplace="Depot", nickname="Ana at the gate"
    )
    code = _code(made.text)
    waits = await both.telegram.ask(ana, code)
    asked = await both.letter("Is it them?")
    assert "Ana at the gate (steward, Depot)" in asked.text
    assert _word(waits["text"]) == _word(asked.text)
    confirmed = await both.discord.press(asked, "Yes, it is them", OLGA)
    assert "Ana at the gate is confirmed" in confirmed.text
    await both.telegram.hears(ana, "You are steward of Depot now")
    assert "Depot: 3 cards drawn." in (await both.telegram.ask(ana, "/drawn 3"))["text"]
    assert (await both.telegram.ask(ana, "/roles"))["text"].startswith("That is for organizers.")

    removed = await both.telegram.sure(OMAR, "/remove Ana at the gate")
    assert "has no role any more" in removed["text"]
    assert (await both.telegram.ask(ana, "/drawn 3"))["text"].startswith("That is for organizers.")


def _code(text: str) -> str:
    code = re.search(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}", text)
    assert code, text
    return code[0]


def _word(text: str) -> str:
    word = re.search(r"(?:both of you see|it must be): \W*(\w+)", text)
    assert word, text
    return word[1]
