"""How many rooms a second hear an announcement, as a share of what the platform takes, however far away it is.

Telegram takes thirty messages in any second, Discord fifty calls; loopback servers in another process refuse more.
Beside each measurement stands the same with one parcel under way at a time, in turns with it. A room is counted when it
has heard its first; a message whose answer gets lost is sent again, so there are more messages than rooms.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

from bench import discord, discord_loopback, loopback, telegram
from bench.ground import Ground, ratio
from bot.delivery import outbox
from bot.delivery.outbox import Outbox, Sender
from bot.domain import rules
from bot.domain.model import Unit, UnitId, WalkoutId
from bot.process.clock import real_clock
from bot.runtime.app import App, open_app
from bot.storage.store import Room
from handlers.discord.chat import PLATFORM as DISCORD
from handlers.telegram.chat import PLATFORM as TELEGRAM

QUICK_ROOMS = 10
POLL_S = 0.05
ALONE_S = 4.0
"""For how long about one parcel at a time is measured."""

Said = Callable[[], Awaitable[list[float]]]
"""Tells how many messages were said, how many refused, to how many rooms; when the last first heard, after how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A platform, and how far away it is."""

    platform: str
    limit: int  #: messages a second that it takes
    rooms: int
    away_s: float = 0.0  #: there and back
    loses: int = 0  #: every so-manieth answer is lost
    refuses: int = 0  #: every so-manieth message is refused
    rounds: int = 3

    def __str__(self) -> str:
        trouble = f", every {self.loses}th answer lost, every {self.refuses}th message refused" if self.loses else ""
        return f"{self.platform}, {self.rooms} rooms, {self.away_s * 1000:.0f} ms away{trouble}"


CASES = {
    "near": Case(platform=TELEGRAM, limit=loopback.OVERALL_A_SECOND, rooms=1000, rounds=1),
    "far": Case(platform=TELEGRAM, limit=loopback.OVERALL_A_SECOND, rooms=300, away_s=0.06),
    "lossy": Case(platform=TELEGRAM, limit=loopback.OVERALL_A_SECOND, rooms=1000, away_s=0.2, loses=10, refuses=97),
    "discord": Case(platform=DISCORD, limit=discord_loopback.CALLS_A_SECOND, rooms=500, away_s=0.1),
}


@dataclass(kw_only=True, slots=True)
class Told:
    """What was measured, round by round, as shares of the limit."""

    rooms: list[float] = field(default_factory=list)
    messages: list[float] = field(default_factory=list)
    refused: int = 0


@asynccontextmanager
async def _telegram(case: Case, app: App) -> AsyncIterator[tuple[Sender, Said]]:
    async with (
        telegram.running(away=case.away_s, loses=case.loses, refuses=case.refuses) as server,
        telegram.ours(server, telegram.OURS, app) as sender,
    ):
        yield sender, partial(server.ask, telegram.OURS, "sent")


@asynccontextmanager
async def _discord(case: Case, app: App) -> AsyncIterator[tuple[Sender, Said]]:
    async with discord.running(away=case.away_s) as server, discord.ours(server, discord.OURS, app) as sender:
        yield sender, server.said


async def tell(case: Case, rooms: int, folder: Path, told: Told) -> None:
    """Announce something to so many rooms, until each has heard it."""
    async with open_app(folder, clock=real_clock, senders={case.platform: None}) as app:
        walkout = WalkoutId("bench")
        places = [Unit(id=UnitId(1), name="The shop", headcount=9, threshold=5)]
        await telegram.add_walkout(app, walkout, places)
        for number in range(rooms):
            address = str(
                -1_002_000_000_000 - number if case.platform == TELEGRAM else 1_200_000_000_000_000_000 + number
            )
            await app.store.bind_room(Room(walkout=walkout, scope=None, way=case.platform, address=address))
        await app.store.decide(walkout, partial(rules.open_up, now=app.clock()))
        box, loop = app.outboxes[case.platform], asyncio.get_running_loop()
        async with (_telegram if case.platform == TELEGRAM else _discord)(case, app) as (box.sender, said):
            began = loop.time()  # the same clock in every process
            delivering = asyncio.create_task(_deliver(box))
            while (now := await said())[2] < rooms:
                await asyncio.wait([delivering], timeout=POLL_S)
            delivering.cancel()
            await asyncio.wait([delivering])
            await box.disconnect()
    _, refused, _, ended, messages = now
    told.rooms.append(rooms / (ended - began) / case.limit)
    told.messages.append(messages / (ended - began) / case.limit)
    told.refused += int(refused)


async def _deliver(box: Outbox) -> None:
    while True:
        await box.deliver()
        await asyncio.sleep(POLL_S)  # what was put off is due later


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, and print the ratios."""
    measured: dict[str, Told] = {}
    folders = (ground.folder / str(number) for number in count())
    for name, case in CASES.items():
        measured[name], alone = Told(), Told()
        for _ in range(1 if quick else case.rounds):
            await tell(case, QUICK_ROOMS if quick else case.rooms, next(folders), measured[name])
            with one_at_a_time():
                few = QUICK_ROOMS if quick else int(ALONE_S / (case.away_s + 1 / case.limit))
                await tell(replace(case, loses=0, refuses=0), few, next(folders), alone)
        rates = (f"{case.limit * statistics.median(told.rooms):.1f}" for told in (measured[name], alone))
        print("{}: {} rooms/s, one at a time {}; {} refused".format(case, *rates, measured[name].refused))
    middle = statistics.median
    ratio("telegram_fan_out", middle(measured["near"].rooms), ">=0.95")
    ratio("telegram_fan_out_429", measured["near"].refused, "<=0")
    ratio("telegram_fan_out_far", middle(measured["far"].rooms), ">=0.95")
    ratio("telegram_fan_out_lossy_messages", middle(measured["lossy"].messages), ">=0.9")
    ratio("telegram_fan_out_lossy_rooms", middle(measured["lossy"].rooms), ">=0.8")
    ratio("discord_fan_out_far", middle(measured["discord"].rooms), ">=0.9")
    ratio("discord_fan_out_429", measured["discord"].refused, "<=0")
    return 0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one parcel be under way, as if many at once were never thought of."""
    most, outbox.MOST_IN_FLIGHT = outbox.MOST_IN_FLIGHT, 1
    try:
        yield
    finally:
        outbox.MOST_IN_FLIGHT = most
