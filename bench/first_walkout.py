"""What it asks of a committee to come from a bare server to a walkout that is open, at the wire of both platforms.

The real `allout setup` and `allout run`, against the loopback servers; everything else is done in the chat, as a phone
does it. The list is a real agency's, as it publishes it: ten employers of a file of union elections.

Counted is what all organizers do together: taps (a button; a link; choosing what is offered; to send a file is two, and
so is to copy and paste), words they type, at the terminal too, and words they are shown, labels of buttons too.
"""

from __future__ import annotations

import asyncio
import csv
import os
import pty
import re
import select
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from bench.ground import Ground, ratio
from bot.process.clock import real_clock
from bot.runtime.settings import Settings
from tests.discord import house as discord
from tests.discord.server import DiscordServer
from tests.discord.world import BOT_ID, Message
from tests.house import OLGA, OMAR
from tests.processes import ALLOUT, PATIENCE_S, environment
from tests.telegram import house as telegram
from tests.telegram.server import BOT, TelegramServer

LIST = Path(__file__).parents[2] / "shared" / "data" / "nlrb_nyc_units_2017_2021.csv"
"""Union elections, which are not part of the project."""

WORKPLACES = 10
FEWEST, MOST, FEW = 20, 1_500, 60
"""People at each workplace; few where nothing is to last long."""

MOST_TAPS, MOST_TYPED, MOST_VISITS = 60, 40, 2

SILENT_S = 60
"""A terminal that says nothing for so long waits for an answer that is not foreseen."""

CODE = re.compile(r"\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}\b")
INVITED = re.compile(r"(?<=startgroup=)\w+")
SHOWN = {"text", "caption", "content", "label"}
"""Under which names platforms are told what people read."""

Seen: TypeAlias = Any
"""A message, as the platform's server has it."""

B = TypeVar("B", bound="BareTelegram | BareDiscord")


@dataclass(kw_only=True)
class Toll:
    """What it has asked of people so far."""

    taps: int = 0
    typed: int = 0
    read: int = 0
    messages: int = 0  #: that they sent
    visits: int = 0  #: to a terminal
    files: int = 0  #: written or changed by hand
    steps: int = 0

    def step(self, said: str, *, taps: int = 0, typed: str = "", messages: int = 0) -> None:
        """Note one thing that somebody did."""
        self.taps += taps
        self.typed += words(typed)
        self.messages += messages
        self.steps += 1
        print(f"{self.steps:4}  {said} ({taps} taps, {words(typed)} words)", flush=True)


def words(text: str) -> int:
    """Count words: whatever stands between blanks and has a letter or a digit."""
    return sum(any(map(str.isalnum, each)) for each in text.split())


def found(pattern: re.Pattern[str], text: str) -> str:
    """Read something out of what was said."""
    there = pattern.search(text)
    if there is None:
        raise LookupError(text)
    return there[0]


def shown(told: Any) -> Iterator[str]:
    """Yield what people read of a call."""
    if isinstance(told, Mapping):
        for name, value in told.items():
            if name in SHOWN and isinstance(value, str):
                yield value
            else:
                yield from shown(value)
    elif isinstance(told, list):
        for each in told:
            yield from shown(each)


class Way(ABC, Generic[B]):
    """How a committee gets there on one platform."""

    name: str
    token: str
    servers: dict[str, str]  #: settings that lead to the platform's server
    bot: B

    def __init__(self) -> None:
        self.toll = Toll()

    @abstractmethod
    def messages(self, who: int) -> Sequence[Seen]:
        """Return what somebody sees in the bot's chat, or was answered elsewhere; the newest last."""

    @abstractmethod
    def labels(self, message: Seen) -> list[str]:
        """Name a message's buttons."""

    @abstractmethod
    def text(self, message: Seen) -> str:
        """Read a message."""

    @abstractmethod
    async def begin(self, who: int, code: str) -> None:
        """Come with a code: the server's, or a role card's."""

    @abstractmethod
    async def command(self, who: int, name: str, **options: str) -> None:
        """Give one of the organizers' commands."""

    @abstractmethod
    async def write(self, who: int, text: str) -> None:
        """Answer a question."""

    @abstractmethod
    async def send(self, who: int, name: str, data: bytes) -> None:
        """Send a file."""

    @abstractmethod
    async def push(self, who: int, message: Seen, label: str) -> None:
        """Press a button, and wait for what it does."""

    @abstractmethod
    async def bind(self, who: int) -> None:
        """Let a chat hear the citywide news."""

    @abstractmethod
    def read(self) -> int:
        """Count the words shown so far to anybody in private."""

    async def press(self, who: int, label: str) -> None:
        """Press the newest button that is called so, or begins or ends like this, once it is there."""

        def there() -> list[tuple[Seen, str]]:
            every = [(message, each) for message in self.messages(who) for each in self.labels(message)]
            return [each for each in every if each[1].startswith(label) or each[1].endswith(label)]

        message = (await self.bot.until(there))[-1][0]
        called = next(each for each in self.labels(message) if each.startswith(label) or each.endswith(label))
        self.toll.step(f"press {called}", taps=1)
        await self.push(who, message, called)

    async def choose(self, who: int) -> None:
        """Press the first button of the newest message."""
        await self.press(who, self.labels(self.messages(who)[-1])[0])

    async def reads(self, who: int, said: str) -> Seen:
        """Wait until somebody reads these words; give the newest such message."""
        there = await self.bot.until(lambda: [each for each in self.messages(who) if said in self.text(each)])
        return there[-1]


async def walk(way: Way[Any], list_: bytes, *, approvals: int) -> None:
    """Go all the way."""
    code = await set_up(way)
    way.toll.visits += 1
    way.toll.step("terminal: allout run", typed="allout run")
    await way.bot.start()
    await way.begin(OLGA, code)
    if approvals > 1:
        await appoint(way)
    await draft(way, list_, approvals=approvals)
    await way.press(OLGA, "What comes next")
    await way.bind(OLGA)
    await way.press(OLGA, "What comes next")
    await way.press(OLGA, "Print cards")
    await way.press(OLGA, "Print all cards")
    if approvals > 1:
        await way.press(OMAR, "Approve")
        await way.press(OLGA, "Print the cards")
    await way.reads(OLGA, "cards, workplace by workplace")
    await way.command(OLGA, "open")
    await way.press(OLGA, "Open it")
    if approvals > 1:
        await way.press(OMAR, "Approve")
    await way.reads(OMAR if approvals > 1 else OLGA, "is open for pledges")
    way.toll.read += way.read()


async def appoint(way: Way[Any]) -> None:
    """Make another organizer."""
    await way.command(OLGA, "appoint", role="organizer", nickname="Omar")
    await way.begin(OMAR, found(CODE, way.text(await way.reads(OLGA, "Omar"))))
    await way.press(OLGA, "Yes, it is them")


async def draft(way: Way[Any], list_: bytes, *, approvals: int) -> None:
    """Answer all questions."""
    starts = real_clock() + timedelta(days=12)
    await way.command(OLGA, "draft")
    await way.write(OLGA, "A day for safe staffing")
    await way.write(OLGA, "Safe staffing\nA raise for all")
    await way.write(OLGA, "New York")
    await way.write(OLGA, f"{starts:%a} {starts.day} {starts:%b} 12:00")
    await way.choose(OLGA)  # the evening before
    await way.send(OLGA, "elections.csv", list_)
    await way.press(OLGA, "Case Name")  # as the file calls its employers
    await way.press(OLGA, "65%")
    await way.press(OLGA, "(40 %)")
    await way.press(OLGA, str(approvals))
    await way.write(OLGA, "Meet at nine at your own door")
    await way.press(OLGA, "Leave out")  # the legal notice
    await way.reads(OLGA, f"{WORKPLACES} workplaces")
    await way.press(OLGA, "Make the draft")


# -- visits to a terminal ---------------------------------------------------------------------------------------------


async def set_up(way: Way[Any]) -> str:
    """Give `allout setup` at a terminal, and answer what it asks; give the first organizer's code."""
    answers = {
        "Folder of the database": "",
        "Telegram: the bot's token": way.token if way.name == "telegram" else "",
        "Discord: the bot's token": way.token if way.name == "discord" else "",
        "Passphrase": "",
        "Number": "",  # by hand
        "Private key of backups": "",
    }
    way.toll.visits += 1
    way.toll.step("terminal: allout setup", typed="allout setup")
    said = await asyncio.to_thread(at_terminal, way, answers)
    way.toll.read += words(said)
    return found(CODE, said)


def at_terminal(way: Way[Any], answers: Mapping[str, str]) -> str:
    """Answer each question once; give all that was said."""
    ours, theirs = pty.openpty()
    # a session of its own, led by setsid, whose terminal this is: the token is asked for at /dev/tty
    command = ["setsid", "--ctty", "--wait", *ALLOUT, "setup"]
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=way.bot.folder,
        env=environment() | way.servers | {"TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said, waiting = "", dict(answers)
    try:
        while part := _read(ours):
            said += part
            asked = said.rpartition("\n")[2]
            for question in [each for each in waiting if asked.startswith(each) and asked.endswith(": ")]:
                answer = waiting.pop(question)
                if answer:
                    way.toll.step(f"terminal: paste {question}", taps=2)
                os.write(ours, f"{answer}\n".encode())
    finally:
        os.close(ours)  # whoever is asked something else ends by that
        process.wait(PATIENCE_S)
    return said


def _read(ours: int) -> str:
    """Return what comes next; nothing, once nobody is there any more or nothing has come for a while."""
    if not select.select([ours], [], [], SILENT_S)[0]:
        return ""
    try:
        return os.read(ours, 65536).decode()
    except OSError:  # the other end is closed
        return ""


# -- platforms --------------------------------------------------------------------------------------------------------


class OnTelegram(Way["BareTelegram"]):
    """In private chats with the bot, and a group that hears the news."""

    name = "telegram"

    def __init__(self, folder: Path, server: TelegramServer) -> None:
        super().__init__()
        self.server, self.token = server, server.token
        self.servers = {"ALLOUT_TELEGRAM_API_URL": server.origin}
        self.bot = BareTelegram(folder, server)
        for who, called in ((OLGA, "Olga"), (OMAR, "Omar")):
            server.person(who, name=called)

    def messages(self, who: int) -> Sequence[Seen]:
        return self.server.chats[who].from_bot

    def labels(self, message: Seen) -> list[str]:
        return telegram.labels(message)

    def text(self, message: Seen) -> str:
        return str(message.get("text") or message.get("caption") or "")

    async def begin(self, who: int, code: str) -> None:
        self.toll.step("follow the link, and press Start", taps=2)
        await self.bot.ask(who, f"/start {code}")

    async def command(self, who: int, name: str, **options: str) -> None:
        said = " ".join([f"/{name}", *options.values()])
        self.toll.step(f"write {said}", typed=said, messages=1)
        await self.bot.ask(who, said)

    async def write(self, who: int, text: str) -> None:
        self.toll.step(f"write {' / '.join(text.splitlines())}", typed=text, messages=1)
        await self.bot.ask(who, text)

    async def send(self, who: int, name: str, data: bytes) -> None:
        self.toll.step(f"send {name}", taps=2, messages=1)
        before = len(self.messages(who))
        self.server.upload(who, name, data)
        await self.bot.until(lambda: len(self.messages(who)) > before)
        await self.bot.quiet()

    async def push(self, who: int, message: Seen, label: str) -> None:
        await self.bot.press_gone(message, label, who)

    async def bind(self, who: int) -> None:
        await self.press(who, "Bind a room")
        word = found(INVITED, self.text(await self.reads(who, "startgroup=")))
        self.toll.step("follow the link, choose the group, add the bot", taps=3)
        group = self.server.room(title="All of us", members=[OLGA])
        # with such a link Telegram itself says this
        self.server.say(who, f"/start@{BOT['username']} {word}", group)
        await self.press(who, "Bind")

    def read(self) -> int:
        told = [r.params for r in self.server.requests if r.status == 200 and r.params.get("chat_id") in {OLGA, OMAR}]
        return sum(map(words, shown(told)))


class OnDiscord(Way["BareDiscord"]):
    """In direct messages with the bot, and a channel that hears the news."""

    name = "discord"

    def __init__(self, folder: Path, server: DiscordServer) -> None:
        super().__init__()
        self.server, self.token = server, server.token
        self.servers = {"ALLOUT_DISCORD_API_URL": server.api_url, "ALLOUT_DISCORD_GATEWAY_URL": server.gateway_url}
        self.bot = BareDiscord(folder, server)
        server.rest.windows.answer_s = PATIENCE_S
        for who, called in ((OLGA, "Olga"), (OMAR, "Omar")):
            server.person(who, name=called)
        self.room = server.room(server.guild())

    def messages(self, who: int) -> Sequence[Message]:
        return [
            each
            for each in self.server.messages.values()
            if each.author == BOT_ID and (each.seen_by == who or each.channel == self.server.dm(who))
        ]

    def labels(self, message: Seen) -> list[str]:
        return list(message.labels)

    def text(self, message: Seen) -> str:
        return str(message.text)

    async def begin(self, who: int, code: str) -> None:
        if who == OLGA:
            self.toll.step("follow the link, choose the server, add the bot", taps=3)
        self.toll.step("write /organizer, and paste the code", typed="organizer", taps=2, messages=1)
        await self.bot.command(who, "organizer", code=code)

    async def command(self, who: int, name: str, **options: str) -> None:
        await self._command(who, name, None, **options)

    async def _command(self, who: int, name: str, channel: int | None, **options: str) -> None:
        said, offered = [f"/organize {name}"], 0
        for option, value in options.items():
            names = [] if option == "nickname" else await self.bot.suggested(who, f"organize {name}", option)
            offered += bool(names)
            said += [] if names else [value]
        more = ", and choose the rest" if offered else ""
        self.toll.step(f"write {' '.join(said)}{more}", typed=" ".join(said), taps=offered, messages=1)
        await self.bot.settled(self.server.command(who, f"organize {name}", channel, **options))

    async def write(self, who: int, text: str) -> None:
        self.toll.step(f"write {' / '.join(text.splitlines())}", typed=text, messages=1)
        await self.bot.say(who, text)

    async def send(self, who: int, name: str, data: bytes) -> None:
        self.toll.step(f"send {name}", taps=2, messages=1)
        await self.bot.say(who, "", (name, data))

    async def push(self, who: int, message: Seen, label: str) -> None:
        pressed = self.server.press(message, label, who)
        # what is handed over as a direct message answers no press
        await self.bot.until(lambda: pressed.response is not None and (pressed.settled or label.startswith("Print")))

    async def bind(self, who: int) -> None:
        await self.press(who, "Bind a room")
        await self._command(who, "room", self.room, scope="citywide")

    def read(self) -> int:
        told = [
            request.body
            for request in self.server.requests
            if re.match(r"(POST|PATCH) /(channels/\d+/messages|webhooks/)", request.call)
            and f"/channels/{self.room}/" not in request.call
        ]
        return sum(map(words, shown(told)))


class BareTelegram(telegram.House):
    """A bot that knows of its token what `allout setup` has written down."""

    def __init__(self, folder: Path, server: TelegramServer) -> None:
        super().__init__(folder, server)
        self.store = folder / Settings.model_fields["data"].default

    @property
    def settings(self) -> dict[str, str]:
        return {name: value for name, value in super().settings.items() if not name.endswith("_TOKEN")}


class BareDiscord(discord.House):
    """The same."""

    def __init__(self, folder: Path, server: DiscordServer) -> None:
        super().__init__(folder, server)
        self.store = folder / Settings.model_fields["data"].default

    @property
    def settings(self) -> dict[str, str]:
        return {name: value for name, value in super().settings.items() if not name.endswith("_TOKEN")}


@asynccontextmanager
async def on_telegram(folder: Path) -> AsyncIterator[Way[Any]]:
    async with TelegramServer() as server:
        yield OnTelegram(folder, server)


@asynccontextmanager
async def on_discord(folder: Path) -> AsyncIterator[Way[Any]]:
    async with DiscordServer() as server:
        yield OnDiscord(folder, server)


PLATFORMS = {"telegram": on_telegram, "discord": on_discord}


# -- all of it --------------------------------------------------------------------------------------------------------


def employers(most: int) -> bytes:
    """Return the list as it is published, cut down to the first ten employers of some size."""
    with LIST.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        named = {row["Case Name"]: row for row in rows if FEWEST <= int(row["Num Eligible Voters"]) <= most}
        written = StringIO(newline="")
        writer = csv.DictWriter(written, rows.fieldnames or ())
    writer.writeheader()
    writer.writerows(islice(named.values(), WORKPLACES))
    return written.getvalue().encode()


async def bench(ground: Ground, *, quick: bool) -> int:
    """Go all the way on each platform, with one organizer who approves and with two; 1 if a goal is missed."""
    if not LIST.exists():
        print("The union elections' file is not part of the project, and not here: nothing was tried.")
        return 0
    list_ = employers(FEW if quick else MOST)
    tolls: dict[str, Toll] = {}
    for platform, begun in list(PLATFORMS.items())[: 1 if quick else None]:
        for approvals in (2,) if quick else (1, 2):
            name = f"{platform}, approvals = {approvals}"
            print(f"\n{name}")
            folder = ground.folder / f"{platform}{approvals}"
            folder.mkdir()
            async with begun(folder) as way:
                try:
                    await walk(way, list_, approvals=approvals)
                finally:
                    await way.bot.cleared()
                way.bot.check()
            tolls[name] = way.toll
    return report(tolls)


def report(tolls: Mapping[str, Toll]) -> int:
    """Print what it came to."""
    print(f"\n{'':26}{'visits':>8}{'files':>8}{'taps':>8}{'typed':>8}{'sent':>8}{'read':>8}")
    for name, toll in tolls.items():
        figures = (toll.visits, toll.files, toll.taps, toll.typed, toll.messages, toll.read)
        print(f"{name:26}" + "".join(f"{figure:8}" for figure in figures))
    missed = False
    for name, toll in tolls.items():
        for what, value, goal in (
            ("visits", toll.visits, MOST_VISITS),
            ("files", toll.files, 0),
            ("taps", toll.taps, MOST_TAPS),
            ("typed", toll.typed, MOST_TYPED),
        ):
            ratio(f"{name.replace(', approvals = ', '_')}_{what}", value, f"<={goal}")
            missed |= value > goal
    return int(missed)
