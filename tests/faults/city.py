"""A primary, a standby that confirms its commits, the bots of a town over them, and all that can happen to these."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from time import monotonic

from tests.conftest import HOUR, NOON, PLEDGE_BY, fresh_folder
from tests.faults import town
from tests.faults.children import FORKS
from tests.faults.citizens import WITNESS, Fault, History, live
from tests.faults.town import PEOPLE, PLATFORM
from tests.postgres.network import Network, network
from tests.postgres.servers import BOT, PASSWORD, WAITS_FOR_STANDBY, Server, server
from tests.processes import PATIENCE_S

BOTS = 3
SOME = 5
"""Lines that are said; then people have heard something of what happened."""
FOLLOWS = "EXISTS (SELECT FROM pg_stat_replication WHERE {})"


Strike = Callable[["City", Random], Awaitable[None]]
"""Something that happens to a city."""


class Bot:
    """One process, as the city sees it: what it says is taken down as it comes."""

    def __init__(self, folder: Path, url: str, people: list[int], history: History, fault: Fault | None) -> None:
        self.people = people
        self.holder = ""
        self.busy = False
        self._history = history
        self._half = b""
        self.heard = asyncio.Event()
        self.gone = False
        reading, writing = FORKS.Pipe(duplex=False)
        its, self._orders = FORKS.Pipe(duplex=False)
        self._lines = reading
        os.set_blocking(reading.fileno(), False)
        self.process = FORKS.Process(target=live, args=(folder, url, writing, its, people, fault))
        self.process.start()
        writing.close()
        its.close()
        asyncio.get_running_loop().add_reader(reading.fileno(), self.listen)

    def listen(self) -> None:
        """Take down all that it has said by now."""
        while True:
            try:
                chunk = os.read(self._lines.fileno(), 65_536)
            except BlockingIOError:
                break
            if not chunk:
                asyncio.get_running_loop().remove_reader(self._lines.fileno())
                self.gone = True
                break
            *lines, self._half = (self._half + chunk).decode().encode().split(b"\n")
            for line in lines:
                self._take_down(line.decode())
        self.heard.set()

    def _take_down(self, line: str) -> None:
        if line == "done":
            self.busy = False
        elif line.startswith("# "):
            self.holder = line[2:]
        else:
            self._history.hear_all([line])

    def order(self, order: tuple[datetime, int, str] | None) -> None:
        """Tell it what to do next."""
        self.busy = order is not None
        self._orders.send(order)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something is so that its words may change."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self.is_there()
                self.heard.clear()
                await self.heard.wait()

    def is_there(self) -> None:
        """See that nothing has ended it but ourselves; no trial's AssertionError, which is for what it does wrong."""
        if self.gone:
            raise RuntimeError("a bot has ended by itself: what it said of that is in the captured stderr")

    async def ends(self) -> None:
        """Wait for its end, and take down its last words."""
        await asyncio.to_thread(self.process.join)
        self.listen()
        asyncio.get_running_loop().remove_reader(self._lines.fileno())
        self._lines.close()
        self._orders.close()
        for n in self.people:
            self._history.give_up(n)


class City:
    """All of it; `primary` and `standby` change."""

    def __init__(
        self, kept: AsyncExitStack, folder: Path, primary: Server, ways: Sequence[Network], between: Network
    ) -> None:
        self._kept = kept
        self._followers: dict[Server, ExitStack] = {}
        self.folder = folder
        self.primary = primary
        self.ways = list(ways)  #: that of the primary comes first
        self.between = between
        self.database = primary.create_database()
        account = f"{BOT}:{PASSWORD}"
        self.url = f"postgresql://{account}@{','.join(f'127.0.0.1:{way.port}' for way in ways)}/{self.database}"
        self.bots: list[Bot] = []
        self.rounds = 0
        self.now = NOON

    async def found(self) -> None:
        """Open the walkout, and have a standby."""
        await town.found(self.folder, self.primary.url(self.database))
        self.history = History.of(self.folder)
        await asyncio.to_thread(self.primary.sql, WITNESS, self.database)
        await self.follow()

    async def follow(self) -> None:
        """Have a standby that follows the primary, and confirms from then on."""
        self.between.lead_to(self.primary.port)
        self.between.heal()
        following = self.primary.standby("one", port=self.between.port, wal_retrieve_retry_interval="100ms")
        held = self._kept.enter_context(ExitStack())
        self.standby = await asyncio.to_thread(held.enter_context, following)
        self._followers[self.standby] = held
        self.ways[1].lead_to(self.standby.port)
        self.ways[1].heal()
        await asyncio.to_thread(
            self.primary.until, "EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')"
        )
        await asyncio.to_thread(self.primary.confirm_by, "one")
        await asyncio.to_thread(
            self.primary.until, "EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'quorum')"
        )

    async def lose(self, server: Server) -> None:
        """Never see a server again, nor its folder."""
        if server in self._followers:
            await asyncio.to_thread(self._followers.pop(server).close)
        elif server.running:
            await asyncio.to_thread(server.kill)

    def raise_bots(self, fault: Fault | None = None, bots: int = BOTS) -> None:
        """Have these many, each with its own people."""
        for nth in range(bots):
            people = list(range(nth, PEOPLE, bots))
            self.bots.append(Bot(self.folder, self.url, people, self.history, fault))

    # ---- rounds

    async def round(self, chance: Random, strike: Strike, acts: int = 2) -> None:
        """Let everybody do so much, and strike in the middle; return when everybody is answered, and all is well."""
        self.rounds += 1
        self.now = self._next_hour()
        why = f"round {self.rounds}, {strike.__name__}"
        for bot in self.bots:
            bot.order((self.now, acts, f"{chance.random()}"))
        await self.hear(chance.randint(1, 20))
        self.history.faults += 1
        await strike(self, chance)
        await self.all_answered()
        self.history.check_on(self.primary, self.database, why)

    async def hear(self, lines: int) -> None:
        """Wait until something has been said so often, or nobody says anything any more."""
        for _ in range(lines):
            talking = [asyncio.ensure_future(bot.heard.wait()) for bot in self.bots if bot.busy]
            if not talking:
                return
            for bot in self.bots:
                bot.heard.clear()
            await asyncio.wait(talking, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_S)
            for each in talking:
                each.cancel()
            for bot in self.bots:
                bot.is_there()

    async def all_answered(self) -> None:
        """Wait until nobody waits for an answer any more."""
        for bot in self.bots:
            await bot.until(lambda bot=bot: not bot.busy)  # type: ignore[misc]

    def _next_hour(self) -> datetime:
        return min(NOON + (self.history.tally + 1) * HOUR, PLEDGE_BY - 2 * HOUR)

    async def settle(self) -> float:
        """Wait until all that is due has left; return how long that took."""
        began = monotonic()
        now = self._next_hour()
        for bot in self.bots:
            bot.order((now, 0, ""))
        await self.all_answered()
        nothing = "NOT EXISTS (SELECT FROM parcel WHERE state IN ('waiting', 'claimed'))"
        tallied = f"EXISTS (SELECT FROM walkout WHERE tally >= {(now - NOON) // HOUR})"
        await asyncio.to_thread(self.primary.until, f"{nothing} AND {tallied}", self.database)
        took_s = monotonic() - began
        await asyncio.sleep(0)
        for bot in self.bots:
            bot.order(None)
            await bot.ends()
        self.history.check_rooms(self.history.check_on(self.primary, self.database, "at the end"))
        return took_s


async def bot_killed(city: City, chance: Random) -> None:
    """Kill one, and have another in its place."""
    bot = chance.choice(city.bots)
    bot.process.kill()
    await bot.ends()
    city.bots.remove(bot)
    born = Bot(city.folder, city.url, bot.people, city.history, None)
    born.order((city.now, 0, ""))
    city.bots.append(born)


async def primary_killed(city: City, _chance: Random) -> None:
    """Kill all of its processes, and start it anew."""
    await asyncio.to_thread(city.primary.kill)
    await asyncio.to_thread(city.primary.start)


async def promoted(city: City, _chance: Random) -> None:
    """Lose the primary, and go on with the standby; what it has is looked at before anybody writes there."""
    old = city.primary
    await asyncio.to_thread(old.kill)
    city.ways.reverse()
    await _promote(city)
    await city.lose(old)


async def _promote(city: City) -> None:
    city.ways[0].cut()
    for bot in city.bots:
        bot.listen()
    await asyncio.to_thread(city.standby.promote)
    city.history.check_on(city.standby, city.database, "promoted")
    city.primary = city.standby
    city.ways[0].heal()
    await city.follow()


async def cut_off(city: City, _chance: Random) -> None:
    """Let the standby hear nothing for a while."""
    city.between.silence()
    await _until_it_waits(city)
    city.between.heal()


async def _until_it_waits(city: City) -> None:
    """Wait until a commit waits, or nobody does anything."""
    while any(bot.busy for bot in city.bots):
        if await asyncio.to_thread(city.primary.sql, f"SELECT {WAITS_FOR_STANDBY}") == "t":
            return


async def cancelled(city: City, _chance: Random) -> None:
    """Cancel every commit that waits for the standby, which is cut off, and connect it again."""
    city.between.silence()
    await _until_it_waits(city)
    await asyncio.to_thread(city.primary.sql, CANCEL)
    city.between.heal()


async def cancelled_and_promoted(city: City, chance: Random) -> None:
    """Cancel them, and never connect it again: it becomes the primary."""
    city.between.silence()
    await _until_it_waits(city)
    await asyncio.to_thread(city.primary.sql, CANCEL)
    await city.hear(SOME)
    await promoted(city, chance)


async def crashed_and_promoted(city: City, chance: Random) -> None:
    """Lose the primary while its commits wait; it comes back for a while, and shows what no standby has."""
    city.between.silence()
    await _until_it_waits(city)
    await primary_killed(city, chance)
    await city.hear(SOME)
    await promoted(city, chance)


CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


async def left_behind(city: City, _chance: Random) -> None:
    """Cut the primary off from its standby, which becomes the primary; the old one still says that it is one."""
    city.between.silence()
    await _until_it_waits(city)
    old = city.primary
    city.ways.reverse()
    await _promote(city)
    await city.all_answered()
    await city.lose(old)


async def connections_cut(city: City, _chance: Random) -> None:
    """Break every connection of the bots'."""
    city.ways[0].cut()
    city.ways[0].heal()


async def packets_lost(city: City, chance: Random) -> None:
    """Lose what is said, either way or both, for a while."""
    up = chance.random() < 0.7
    city.ways[0].silence(up=up, down=not up or chance.random() < 0.5)
    await city.hear(chance.choice([1, 2]))
    city.ways[0].heal()


async def clock_moved(city: City, chance: Random) -> None:
    """Set one bot's clock wrong for its next acts; nobody waits for what is due by no other clock."""
    bot = chance.choice(city.bots)
    await bot.until(lambda: not bot.busy)
    bot.order((city.now + chance.choice([-3, -1, 1, 3]) * HOUR / 2, 2, f"{chance.random()}"))
    await bot.until(lambda: not bot.busy)
    bot.order((city.now, 0, ""))


async def leader_stopped(city: City, chance: Random) -> None:
    """Stop a leader until another has its lease, and let it go on."""
    name = chance.choice(["house", PLATFORM])
    leads = f"SELECT holder FROM lease WHERE name = '{name}'"  # noqa: S608  one of two names
    holder = await asyncio.to_thread(city.primary.sql, leads, city.database)
    leading = [bot for bot in city.bots if bot.holder == holder]
    for bot in leading:
        assert bot.process.pid is not None
        os.kill(bot.process.pid, signal.SIGSTOP)
    taken = f"EXISTS (SELECT FROM lease WHERE name = '{name}' AND holder <> '{holder}' AND until > clock_timestamp())"
    await asyncio.to_thread(city.primary.until, taken, city.database)
    for bot in leading:
        assert bot.process.pid is not None
        os.kill(bot.process.pid, signal.SIGCONT)


BOTS_STRUCK: Sequence[Strike] = (*[bot_killed] * 4, clock_moved, leader_stopped)
NETWORKS_STRUCK: Sequence[Strike] = (cut_off, cancelled, connections_cut, packets_lost)
SERVERS_STRUCK: Sequence[Strike] = (primary_killed, promoted)
CHANGES_OF_HANDS: Sequence[Strike] = (promoted, cancelled_and_promoted, crashed_and_promoted, left_behind)


@asynccontextmanager
async def a_city() -> AsyncIterator[City]:
    """Have one that was just founded, without bots."""
    with fresh_folder() as folder:
        async with AsyncExitStack() as kept:
            primary = await asyncio.to_thread(kept.enter_context, server())
            first = await kept.enter_async_context(network(primary.port))
            second = await kept.enter_async_context(network(primary.port))
            between = await kept.enter_async_context(network(primary.port))
            second.cut()
            made = City(kept, folder, primary, (first, second), between)
            await made.found()
            try:
                yield made
            finally:
                for bot in made.bots:
                    if bot.process.is_alive():
                        bot.process.kill()
                        os.kill(bot.process.pid or 0, signal.SIGCONT)
