"""How much faster ten bots announce something than one: a process each over one PostgreSQL, each with its bot's lease.

Nobody is at the other end: a sender takes its turns at Telegram's pace, waits as long as an answer from there takes,
and counts what would have been refused. What is measured is whether leases, parcels and one database let ten send at
once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from time import process_time

from bench import loopback, telegram
from bench.ground import WALKOUT, Ground, ratio
from bench.postgres_ground import cpu_s, server
from bot.delivery.outbox import Letter
from bot.domain import rules
from bot.domain.errors import LeaseLost
from bot.domain.model import Unit, UnitId
from bot.process.clock import real_clock
from bot.runtime.app import open_app
from bot.runtime.settings import Settings
from bot.storage.store import Room
from handlers.platforms.rate_limit import RateLimit
from tests.postgres.servers import Server

PACE = float(Settings.model_fields["telegram_per_second"].default)
AWAY_S = 0.06
POLL_S = 0.05
MANY, FEW = 10, 2
ROOMS, QUICK_ROOMS = 300, 10
ROUNDS = 3


class Paced:
    """A sender that nobody hears, as fast as Telegram takes it."""

    def __init__(self) -> None:
        self._time = asyncio.get_running_loop().time
        self._rate_limit = RateLimit(PACE, self._time)
        self._sent: deque[float] = deque(maxlen=loopback.OVERALL_A_SECOND)
        self.rooms: set[str] = set()
        self.refused = 0
        self.ended = 0.0

    async def send(self, letter: Letter) -> str:
        """Send it when there is a turn."""
        await self._rate_limit.turn()
        letter.leaves()
        now = self._time()
        self.refused += len(self._sent) == self._sent.maxlen and self._sent[0] > now - 1
        self._sent.append(now)
        await asyncio.sleep(AWAY_S)
        self.rooms.add(letter.address)
        self.ended = self._time()
        return letter.news.kind

    async def delete(self, what: str) -> None:
        """Nothing is to be deleted here."""
        raise NotImplementedError(what)


def speak(parent: Connection, data: Path, url: str, way: str, rooms: int) -> None:
    """Send one bot's parcels; say when the last room has heard, and how many messages came too early."""
    asyncio.run(_speak(parent, data, url, way, rooms))


async def _speak(parent: Connection, data: Path, url: str, way: str, rooms: int) -> None:
    async with open_app(data, clock=real_clock, senders={way: None}, database_url=url) as app:
        await app.ways[way].wait_until_leading()
        box, box.sender = app.outboxes[way], (sender := Paced())
        parent.send(None)
        await asyncio.to_thread(parent.recv)
        began_s = process_time()
        while len(sender.rooms) < rooms:
            try:
                await box.deliver()
            except LeaseLost:  # a renewal came late; the bot looks again likewise
                await app.ways[way].wait_until_leading()
            await asyncio.sleep(POLL_S)  # what was put off is due later
        await box.disconnect()
        parent.send((sender.ended, sender.refused, process_time() - began_s))
        await asyncio.to_thread(parent.recv)  # the server's share is counted while we are still connected


async def announce(server: Server, data: Path, ways: Sequence[str], rooms: int) -> tuple[float, int]:
    """Announce something to so many rooms of each bot; return rooms a second, and how many messages were refused."""
    url = server.url(server.create_database())
    async with open_app(data, clock=real_clock, senders={}, database_url=url) as app:
        place = Unit(id=UnitId(1), name="The shop", headcount=9, threshold=5)
        await telegram.add_walkout(app, WALKOUT, [place])
        for way in ways:
            for number in range(rooms):
                await app.store.bind_room(Room(walkout=WALKOUT, scope=None, way=way, address=str(number)))
        await app.store.decide(WALKOUT, partial(rules.open_up, now=app.clock()))
    context = multiprocessing.get_context("spawn")
    pipes = []
    processes = []
    for way in ways:
        ours, theirs = context.Pipe()
        pipes.append(ours)
        processes.append(context.Process(target=speak, args=(theirs, data, url, way, rooms), daemon=True))
        processes[-1].start()
    for pipe in pipes:
        pipe.recv()
    began, server_s = asyncio.get_running_loop().time(), cpu_s(server)  # the same clock in every process
    for pipe in pipes:
        pipe.send("go")
    told = [pipe.recv() for pipe in pipes]
    server_s = cpu_s(server) - server_s
    for pipe in pipes:
        pipe.send("leave")
    for process in processes:
        process.join()
    heard = len(ways) * rooms
    rate = heard / (max(ended for ended, _, _ in told) - began)
    client_s = sum(client_s for _, _, client_s in told)
    shares = f"{client_s / heard * 1000:.1f} ms of CPU a room, the server's {server_s / heard * 1000:.1f}"
    print(f"{len(ways)} bots: {rate:.1f} rooms/s, {shares}")
    return rate, sum(refused for _, refused, _ in told)


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure one and ten in turns, and print the ratios."""
    rooms = QUICK_ROOMS if quick else ROOMS
    folders = (ground.folder / str(number) for number in count())
    one: list[float] = []
    ten: list[float] = []
    refused = 0
    with server() as made:
        for _ in range(1 if quick else ROUNDS):
            for rates, bots in ((one, 1), (ten, FEW if quick else MANY)):
                rate, early = await announce(made, next(folders), [f"telegram:{nth}" for nth in range(bots)], rooms)
                rates.append(rate)
                refused += early
    ratio("ways_ten_to_one", statistics.median(all_ / by_one for all_, by_one in zip(ten, one, strict=True)), ">=9.5")
    ratio("ways_429", refused, "<=0")
    return 0
