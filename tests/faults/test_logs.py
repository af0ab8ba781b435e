"""No account, name, message, card, title or token stands in the log, at DEBUG, whatever fails."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from bot.process.clock import real_clock
from bot.secrets.card_codes import pretty
from bot.storage.store import Room
from bot.usecases import organizers
from tests import house as houses
from tests.conftest import fresh_folder
from tests.discord import faults as discord_faults
from tests.discord.house import House as DiscordHouse
from tests.discord.server import SEND, DiscordServer
from tests.faults.canaries import found as seen
from tests.faults.trials import Trials, trials
from tests.house import OLGA, OMAR, City, found, stand
from tests.telegram import server as telegram_faults
from tests.telegram.house import House as TelegramHouse
from tests.telegram.house import sends
from tests.telegram.server import TelegramServer

pytestmark = pytest.mark.usefixtures("executed_bots")  # they run with settings of the interpreter

UNTIL_TALLY_S = 9

MARK = "what nobody may read"
NAME = "Quillfeather"
TITLE = "Loading dock eleven"
SECRET_TITLE = "A day off for the lamplighters"

LINES = re.compile(
    r"AllOut runs as .*"
    r"|INFO tally \d+ of [0-9a-z]{5}: (open|on), \d+ news"
    r"|ERROR nothing can be recorded; waiting"
    r"|ERROR [a-z ]+ failed and will be tried again: NotRecorded at [\w./]+:\d+"
    r"|WARNING (telegram|discord) can be reached again"
    r"|ERROR (telegram|discord) cannot be reached, trying again: [\w ]+"
    r"|WARNING an organizer's menu could not be set: \w+"
    # totals
    r"|((WARNING an interaction could not be acknowledged: \w+"
    r"|WARNING an answer could not be delivered: \w+"
    r"|ERROR something that somebody did failed: \w+ at [\w./]+:\d+"
    r"|ERROR an update was set aside: \w+ at [\w./]+:\d+"
    r"|ERROR something that is no update was passed over"
    r"|ERROR [A-Z_]+ could not be read: \w+ at [\w./]+:\d+"
    r"|ERROR (\w+ at [\w./]+:\d+, )?told by \w+ at [\w./]+:\d+"
    r"|WARNING \w+Warning at [\w./]+:\d+"
    r")( \(\d+ times\))?)"
    # a crash, told by Python itself
    r'|Fatal Python error: Aborted||(Current t|T)hread 0x\w+ .*|  File ".*", line \d+ in [\w<>]+|  \.\.\.'
    r"|Extension modules: .*"
)
"""All that may be said."""


class Walkout:
    """One bot on both platforms with a walkout under way; Olga organizes on Discord, Omar on Telegram."""

    def __init__(self, telegram: TelegramHouse, discord: DiscordHouse, city: City) -> None:
        self.telegram = telegram
        self.discord = discord
        self.city = city

    @property
    def canaries(self) -> set[str | int]:
        """All that nobody may read."""
        telegram, discord = self.telegram.server, self.discord.server
        people: set[str | int] = {*telegram._people, *discord.people, *map(discord.dm, discord.people)}
        places: set[str | int] = {*telegram.chats, *discord.channels, *discord.guilds}
        tokens = {telegram.token, telegram.token.partition(":")[2], discord.token, *discord.tokens}
        words = {MARK, NAME, TITLE, SECRET_TITLE, "nickname", "rent freeze", "Freeze the rent", "legal line 555-0100"}
        codes = {spelled for code in self.discord.codes for spelled in (code, pretty(code))}
        return people | places | tokens | words | codes | self._written

    @property
    def _written(self) -> set[str]:
        # what is too short cannot be told from chance
        said = {message.text for message in self.discord.server.messages.values()}
        said |= {text for room in self.telegram.server.chats.values() for text in room.texts}
        return {text for text in said if len(text) > 8}


@asynccontextmanager
async def both(folder: Path, tally: datetime) -> AsyncIterator[Walkout]:
    """Run the bot at DEBUG, with everything switched on that lets Python say more."""
    async with TelegramServer() as telegram_server, DiscordServer() as discord_server:
        discord, telegram = DiscordHouse(folder, discord_server), TelegramHouse(folder, telegram_server)
        discord_server.person(OLGA, name=f"Olga {NAME}")
        telegram_server.person(OMAR, name=f"Omar {NAME}")
        opened = tally - timedelta(minutes=15)
        city = await found(
            discord,
            opened=opened,
            organizing=[OLGA],
            rooms={discord_server.room(discord_server.guild(TITLE), "lamp-room"): None},
            tally_every="15m",
            citywide_threshold=6,
            title=SECRET_TITLE,
        )
        async with discord.looked_into() as app:
            await organizers.add(telegram.who(OMAR), "nickname", app.store, app.keys)
            chat = str(telegram_server.room(title=TITLE))
            await organizers.bind_room(Room(walkout=city.walkout, scope=None, way="telegram", address=chat), app.store)
        stood = {telegram_server.person(name=NAME): city.take("Depot") for _ in range(6)}
        await stand(telegram, stood, opened + timedelta(minutes=1), told=True)
        try:
            await discord.launch(
                **telegram.settings, ALLOUT_LOG_LEVEL="DEBUG", PYTHONDEVMODE="1", PYTHONASYNCIODEBUG="1"
            )
            telegram._process, telegram._said = discord.process, discord._said  # one process
            await discord.until(lambda: discord_server.gateway.live)
            await telegram.until(lambda: telegram_server.called("getUpdates"))
            yield Walkout(telegram, discord, city)
        finally:
            await discord.cleared()


async def _telegram_in_trouble(telegram: TelegramHouse, city: City, chance: Random) -> None:
    server, worker = telegram.server, telegram.server.person(name=NAME)
    unlucky = server.person(name=NAME)
    troubles = [
        telegram_faults.dropped(),
        telegram_faults.lost(),
        telegram_faults.flood(1),
        telegram_faults.broken(502, MARK.encode()),
        telegram_faults.refused(400, f"Bad Request: {MARK}"),
        telegram_faults.refused(403, f"Forbidden: {MARK}"),
        telegram_faults.broken(200, MARK.encode()),
    ]
    server.raw({"message": {"from": {"id": worker, "first_name": NAME}, "text": MARK}})
    server.raw({"callback_query": {"id": 7, "from": {"id": worker}, "data": MARK}})
    server.raw({"message": MARK})
    unnumbered = {"update_id": MARK, "message": {"text": MARK}}
    server.raw(unnumbered)
    server.plan("getUpdates", telegram_faults.broken(502, MARK.encode()))
    server.plan("sendMessage", telegram_faults.refused(400, f"Bad Request: {MARK}"), chat=unlucky, times=5)
    server.say(unlucky, f"/help {MARK}")
    for method in ("answerCallbackQuery", "editMessageText", "sendMessage", "deleteMessage"):
        server.plan(method, chance.choice(troubles))
    server.plan("getFile", telegram_faults.refused(400, f"Bad Request: {MARK}"))
    server.upload(OMAR, f"{MARK}.toml", MARK.encode(), MARK)
    server.say(worker, f"/start {city.take()}")
    server.say(worker, f"/start {'0' * 20} {MARK}")
    server.say(worker, f"/status {city.take()}", int(next(iter(server.chats))))
    server._pending.remove(unnumbered)
    await telegram.until(lambda: len(sends(server, unlucky)) == 5 and server.called("getFile"))
    await telegram.quiet()


async def _discord_in_trouble(discord: DiscordHouse, city: City, chance: Random) -> None:
    server, worker = discord.server, discord.server.person(name=NAME)
    room = next(iter(server.channels))
    for event in ("INTERACTION_CREATE", "MESSAGE_CREATE", "GUILD_CREATE", "NO_SUCH_EVENT"):
        server.raw(event, {"id": MARK, "token": MARK, "content": MARK, "name": MARK})
    for fault in (discord_faults.limited(0.1), discord_faults.dropped(), discord_faults.not_found(10062)):
        asked = server.command(server.person(name=NAME), "status", room, card=city.take())
        server.plan(f"POST /interactions/{asked.id}/*", fault)
    for fault in chance.sample(
        [
            discord_faults.broken(200, MARK.encode()),
            discord_faults.not_found(10015),
            discord_faults.broken(400, MARK.encode()),
            discord_faults.refused(400, 50035, MARK),
        ],
        2,
    ):
        asked = server.command(server.person(name=NAME), "status", card=city.take())
        server.plan(f"PATCH /webhooks/*/{asked.token}/*", fault)
    server.plan(SEND, discord_faults.limited(0.1, everywhere=True), discord_faults.broken(400, MARK.encode()))
    card = await discord.pledge(worker, city.take(), room)
    for words in (f"/status {city.take()}", MARK, f"/start {'0' * 20}"):
        server.say(worker, words)
    await discord.hears(server.dm(worker), "I did not understand")
    await discord.press(card, "Withdraw")


@trials(1, full=30)
async def test_no_log_holds_what_people_are_or_write(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    lines = looked_for = 0
    for number in range(tries.number):
        where, chance = f"seed {tries.seed}, try {number}", tries.random(number)
        with fresh_folder() as folder:
            tally = real_clock() + timedelta(seconds=UNTIL_TALLY_S)
            async with both(folder, tally) as city:
                await _a_walkout_in_trouble(city, tally, chance, where)
                if number % 2:
                    city.discord.process.send_signal(signal.SIGABRT)
                    assert await city.discord.ended() == -signal.SIGABRT, where
                else:
                    await city.discord.stop()
                said, canaries = city.discord.said, city.canaries
        assert seen(canaries, said.encode()) == [], where
        assert [line for line in said.splitlines() if not LINES.fullmatch(line)] == [], where
        # it did say something, of each kind
        for event in ("tally 1 of", "nothing can be recorded", "set aside", "could not be read"):
            assert event in said, f"{event}: {where}"
        assert number % 2 == 0 or "Fatal Python error: Aborted" in said, where
        lines += len(said.splitlines())
        looked_for += len(canaries)
    record_property("found", f"{looked_for} canaries looked for in {lines} lines at DEBUG, none found")


async def _a_walkout_in_trouble(city: Walkout, tally: datetime, chance: Random, where: str) -> None:
    telegram, discord = city.telegram, city.discord
    room = next(iter(discord.server.channels))
    await telegram.pledge(telegram.server.person(name=NAME), city.city.take())
    await discord.pledge(discord.server.person(name=NAME), city.city.take())
    said = [line for line in discord.said.splitlines() if not line.startswith("AllOut runs as ")]
    assert real_clock() >= tally or said == [], f"a line for a pledge: {where}"
    await _telegram_in_trouble(telegram, city.city, chance)
    await _discord_in_trouble(discord, city.city, chance)
    await discord.hears(room, "It is on.")
    late = telegram.server.person(name=NAME)
    card = await telegram.ask(late, f"/start {city.city.take()}")
    other = await discord.command(discord.server.person(name=NAME), "start", card=city.city.take())
    with discord.no_room_on_disk():
        telegram.server.press(card, "Pledge")
        await discord.press(other, "Pledge")
    await telegram.quiet()


async def test_an_ordinary_log_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = (
        "import logging; from bot.process import logs; logs.set_up = logging.basicConfig;"
        "from handlers.cli import main; main()"
    )
    monkeypatch.setattr(houses, "ALLOUT", (sys.executable, "-c", ordinary))
    with fresh_folder() as folder:
        async with both(folder, real_clock() + timedelta(hours=1)) as city:
            worker, code = city.telegram.server.person(name=NAME), city.city.take()
            await city.telegram.pledge(worker, code)
            await city.discord.stop()
            said = city.discord.said.encode()
            assert seen([worker], said)
            assert seen([code], said)
            assert seen([NAME], said)
