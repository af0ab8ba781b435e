"""A bot that runs as people run it, whatever the platform: its process, its store, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys
import time
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from bot.domain import rules
from bot.domain.model import WalkoutId
from bot.draft import RosterOptions, SourceFile, read
from bot.process.clock import Clock, MovableClock, real_clock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint, pretty
from bot.secrets.keys import Person
from bot.storage.records import instant
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from tests import stores
from tests.console.play import roster, terms
from tests.forks import Forked, born
from tests.processes import ALLOUT, PATIENCE_S, environment, held_up_s
from tests.stores import open_app

T = TypeVar("T")

LONGEST_STOP_S = 5.0
SOON_S = 0.1
"""How often the bot looks at what is due."""

OLGA = 5_900_000_001
OMAR = 5_900_000_002
"""Who organizes."""


SHOPS: tuple[tuple[str, int, int, str], ...] = (
    ("Depot", 10, 6, "at the Depot gate"),
    ("School", 30, 5, "under the School clock"),
    ("<b>&", 20, 5, "by the Café door"),
)


@dataclass(frozen=True, kw_only=True)
class City:
    """A walkout in a store, with its cards by workplace."""

    walkout: WalkoutId
    cards: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def take(self, shop: str = "School") -> str:
        """Draw a card that nobody else has drawn."""
        cards = self.cards[shop]
        assert isinstance(cards, list)
        return str(cards.pop())


class Platform(Protocol):
    """The loopback server of a platform."""

    def wait_for(self, predicate: Callable[[], T], patience_s: float, /) -> Coroutine[Any, Any, T]:
        """Wait until something is true there."""


class RunningBot(ABC):
    """One `allout run`, started and ended as often as a test likes, on one store."""

    platform: ClassVar[str]
    way: str  #: how the store calls its bot
    forked = sys.platform == "linux"  #: from a process that has everything imported, rather than executed

    def __init__(self, folder: Path, platform: Platform) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.database_url: str | None = None  #: where the store is, if neither there nor where the run's stores are
        self.codes: list[str] = []  #: cards that no log and no file may hold
        self.planted = ""  #: what is called in the bot's process first, as `module:name`
        self._platform = platform
        self._said = bytearray()
        self._says_more = asyncio.Event()
        self._process: Process | Forked | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What leads the bot to the loopback server."""

    @property
    def _where(self) -> dict[str, str]:
        """Say to a process where its store is."""
        known = {"ALLOUT_DATA": str(self.store)}
        return known | ({"ALLOUT_DATABASE_URL": self.database_url} if self.database_url else stores.setting(self.store))

    # ---- the process

    async def launch(self, **settings: str) -> Process | Forked:
        """Start the bot; it may not be ready."""
        wanted = self._where | {"ALLOUT_LOOK_EVERY_S": str(SOON_S)} | self.settings | settings
        if self.forked:
            self._process = await born(self.folder, wanted, self.planted)
        else:
            self._process = await asyncio.create_subprocess_exec(
                *ALLOUT,
                "run",
                cwd=self.folder,
                env=environment() | wanted,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
            )
        self._listening = asyncio.create_task(self._listen(self._process))
        return self._process

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Ask the bot to stop, and give the seconds it took; it must leave as if nothing was wrong.

        The seconds for which it waited for a machine that was busy with others are not counted.
        """
        process = self.process
        began, before = time.monotonic(), self.held_up_s()
        process.send_signal(how)
        ending, held_up = asyncio.create_task(self.ended()), before
        while not ending.done():
            held_up = max(held_up, self.held_up_s())  # as long as somebody can say
            await asyncio.wait([ending], timeout=SOON_S)
        assert ending.result() == 0, self.said
        return time.monotonic() - began - (held_up - before)

    async def kill(self) -> None:
        """End the bot as a power cut would."""
        self.process.kill()
        await self.ended()

    def held_up_s(self) -> float:
        """Say for how many seconds so far the bot and this process were ready and the machine busy with others."""
        return held_up_s(self.process.pid) + held_up_s()

    async def ended(self) -> int:
        """Wait for the bot's end and give its status."""
        process = self.process
        async with asyncio.timeout(PATIENCE_S):
            status = await process.wait()
        if self._listening is not None:
            await self._listening
        self._process = None
        if status:
            stores.let_leases_end(self.store)  # it could not give them up
        return status

    async def cleared(self) -> None:
        """End whatever still runs."""
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    @property
    def process(self) -> Process | Forked:
        """The bot that runs."""
        assert self._process is not None, "the bot does not run"
        return self._process

    @property
    def said(self) -> str:
        """All that the bot wrote to its terminal, run after run."""
        return self._said.decode(errors="replace")

    async def _listen(self, process: Process | Forked) -> None:
        assert process.stdout is not None
        while chunk := await process.stdout.read(65536):
            self._said += chunk
            self._says_more.set()

    async def says(self, words: str) -> None:
        """Wait until the bot has written these words to its terminal."""
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.said:
                self._says_more.clear()
                await self._says_more.wait()

    @contextmanager
    def no_room_on_disk(self) -> Iterator[None]:
        """Let no file of the bot's grow."""
        every = resource.RLIM_INFINITY
        number = self.process.pid
        resource.prlimit(number, resource.RLIMIT_FSIZE, (0, every))
        try:
            yield
        finally:
            resource.prlimit(number, resource.RLIMIT_FSIZE, (every, every))

    async def allout(self, *words: str | Path) -> str:
        """Run another `allout` command beside the bot, and give what it printed."""
        process = await asyncio.create_subprocess_exec(
            *ALLOUT,
            *map(str, words),
            "--data",
            str(self.store),
            cwd=self.folder,
            env=environment() | self._where,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def examined(self) -> list[dict[str, Any]]:
        """Let `allout doctor` look, with the settings of the bot; give its findings."""
        process = await asyncio.create_subprocess_exec(
            *ALLOUT,
            "doctor",
            "--json",
            cwd=self.folder,
            env=environment() | self._where | self.settings,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            async with asyncio.timeout(2 * PATIENCE_S):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert err == b""
        findings: list[dict[str, Any]] = json.loads(out)
        assert process.returncode == any(one["grade"] == "bad" for one in findings)
        return findings

    async def until(self, true: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
        """Wait until something is true at the server; fail at once if the bot ends meanwhile."""
        waiting = asyncio.create_task(self._platform.wait_for(true, patience_s))
        gone = asyncio.create_task(self.process.wait())
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                await asyncio.gather(*filter(None, [self._listening]))
                raise AssertionError(f"the bot ended: {self.said[-2000:]}")
            return waiting.result()
        finally:
            for task in (waiting, gone):
                task.cancel()
            await asyncio.gather(waiting, gone, return_exceptions=True)

    # ---- afterwards

    @asynccontextmanager
    async def looked_into(self) -> AsyncIterator[App]:
        """Open the store that the bot has left."""
        async with store_of(self, real_clock) as app:
            yield app

    async def standing(self, city: City) -> dict[str, int]:
        """Count what stands at each workplace; the bot must have ended."""
        async with self.looked_into() as app:
            return {place.name: place.standing for place in await app.store.units(city.walkout)}

    def check_silence(self, private: Iterable[str], written: Iterable[str]) -> None:
        """See that nothing private stands in logs or files, and nothing that people wrote in logs."""
        codes = {spelled for code in self.codes for spelled in (code, pretty(code), code.lower())}
        hidden = {*private, *codes}
        said = self.said
        assert not [word for word in hidden | set(written) if word in said]
        assert "Traceback" not in said
        for path in self.store.rglob("*"):
            if path.is_file():
                contents = path.read_bytes()
                assert not [word for word in hidden if word.encode() in contents], path.name

    def who(self, account: int) -> Person:
        """Give somebody with an account here."""
        return Person(self.way, str(account))


def store_of(house: RunningBot, clock: Clock) -> AbstractAsyncContextManager[App]:
    """Open the store of a bot that need not run."""
    elsewhere = {"database_url": house.database_url} if house.database_url else {}
    return open_app(house.store, clock=clock, senders={}, **elsewhere)


async def found(
    house: RunningBot,
    *,
    opened: datetime | None = None,
    drafted: datetime | None = None,
    organizing: Iterable[int] = (),
    rooms: Mapping[int, str | None] | None = None,
    spoken_in: Mapping[int, str] | None = None,
    shops: Sequence[tuple[str, int, int, str]] = SHOPS,
    **changes: object,
) -> City:
    """Prepare a store, before the bot runs: a walkout with all its cards, open since then if that is given."""
    now = opened or drafted or real_clock()
    whole = now.replace(microsecond=0)
    usual: dict[str, object] = {
        "starts": whole + timedelta(days=12),
        "pledge_by": whole + timedelta(days=7),
        "tally_every": "24h",
    }
    toml = SourceFile(name="walkout.toml", data=terms(**usual | changes).encode())
    csv = SourceFile(name="workplaces.csv", data=roster(shops).encode())
    async with store_of(house, MovableClock(now)) as app:
        walkout = await organizers.draft(read(toml, csv, RosterOptions(), now=now), app.store, app.keys)
        places = {place.name: place for place in await app.store.units(walkout.id)}
        cards = {name: [mint() for _ in range(place.headcount)] for name, place in places.items()}
        await stewards.mint(
            walkout.id, {places[name].id: [key_of(c) for c in of] for name, of in cards.items()}, app.store, app.keys
        )
        for account in organizing:
            await organizers.add(house.who(account), "nickname", app.store, app.keys)
        for place, scope in (rooms or {}).items():
            only = places[scope].id if scope else None
            language = (spoken_in or {}).get(place, "")
            room = Room(walkout=walkout.id, scope=only, way=house.way, address=str(place), language=language)
            await organizers.bind_room(room, app.store)
        if opened is not None:
            await app.store.decide(walkout.id, partial(rules.open_up, now=now))
    house.codes += [code for of in cards.values() for code in of]
    return City(walkout=walkout.id, cards=cards)


async def stand(house: RunningBot, pledges: Mapping[int, str], at: datetime, *, told: bool = False) -> None:
    """Let these accounts have pledged at that time, before the bot runs, and have asked to be told when it is on."""
    async with store_of(house, MovableClock(at)) as app:
        for account, code in pledges.items():
            worker = app.worker(house.who(account))
            assert (await worker.pledge(code)).changed
            assert not told or (await worker.ask_to_be_told(code, "en")).told


def let_tally_come(house: RunningBot, walkout: str) -> None:
    """Let a walkout's next tally be due now, while the bot does not run."""
    due = "UPDATE walkout SET next_tally = ? WHERE id = ?"
    stores.rows(house.store, due, (instant(real_clock()), walkout))


def let_deadline_pass(house: RunningBot, walkout: str) -> None:
    """Let a walkout's deadline be now, while the bot does not run: so nothing that comes before it has to hurry."""
    now = real_clock()
    change_terms(house, walkout, pledge_by=now.isoformat())
    moved = "UPDATE walkout SET pledge_by = ?1, next_tally = ?1 WHERE id = ?2"
    stores.rows(house.store, moved, (instant(now), walkout))


def change_terms(house: RunningBot, walkout: str, **changes: object) -> None:
    """Let a walkout's terms be others, as they are written down, while the bot does not run."""
    [(terms,)] = stores.rows(house.store, "SELECT terms FROM walkout WHERE id = ?", (walkout,))
    changed = json.dumps(json.loads(terms) | changes)
    stores.rows(house.store, "UPDATE walkout SET terms = ? WHERE id = ?", (changed, walkout))
