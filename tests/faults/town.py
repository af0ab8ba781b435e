"""A small walkout whose people keep pledging and taking back, and what they were told: for trials that break its store.

`Town` lives in one process and says what it asks for and what it is told, line by line. `Ledger` reads these lines in
another one, which outlives it, and holds the store that was left against them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Self

from bot.delivery.outbox import Letter
from bot.domain.errors import InDoubt, NotRecorded, Refused
from bot.domain.model import CardState
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, KEY_FILE, App
from bot.secrets import card_codes
from bot.secrets.keys import Keys, Person, open_keys
from bot.storage.store import Room
from bot.usecases import stewards
from bot.usecases.workers import Seen, Worker
from tests.conftest import HOUR, NOON, OTHER_SHOP, SHOP, WALKOUT, opened, shops
from tests.storage.house import key
from tests.stores import open_app

PEOPLE = 24
CODES = [card_codes.from_bytes(key(n)) for n in range(PEOPLE)]
PLATFORM = "console"
ENOUGH = 16  #: so that it is on now and then, and most of the time is not

Say = Callable[[str], None]


async def found(folder: Path, database_url: str | None = None) -> None:
    """Open a walkout of two shops; the first half of the cards is at the first."""
    async with open_app(folder, clock=MovableClock(NOON), senders={}, database_url=database_url) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(citywide_threshold=ENOUGH, milestones=True), shops(PEOPLE, PEOPLE))
        half = PEOPLE // 2
        places = {SHOP: CODES[:half], OTHER_SHOP: CODES[half:]}
        await stewards.mint(
            WALKOUT,
            {place: [card_codes.key_of(code) for code in of] for place, of in places.items()},
            app.store,
            app.keys,
        )
        for scope in (None, SHOP, OTHER_SHOP):
            await app.store.bind_room(Room(walkout=WALKOUT, scope=scope, way=PLATFORM, address=f"#{scope}"))


def pledges(folder: Path) -> list[bytes]:
    """Return the key of each person's pledge."""
    keys = open_keys(folder / KEY_FILE, database=folder / DATABASE)
    return [keys.bearer(code, Person("", "")).keys[WALKOUT][1] for code in CODES]


class Post:
    """The platform: takes every letter, and says so."""

    def __init__(self, say: Say) -> None:
        self._say = say

    async def send(self, letter: Letter) -> str:
        news = letter.news
        self._say(f"! letter {news.kind} {news.scope or 0} {news.about or 0} {news.occasion}")
        return news.kind

    async def delete(self, what: str) -> None:
        raise NotImplementedError


class Town:
    """Its people, while the store is open.

    Says `? act` before each act, then `! act` if it is done, `x act` if it was not recorded, `~ act` if that is in
    doubt, and `- act` if it was refused.
    """

    def __init__(self, app: App, clock: MovableClock, say: Say) -> None:
        self.app = app
        self._clock = clock
        self._say = say

    def worker(self, n: int) -> Worker:
        """Give the nth of the people, who has the nth card."""
        app = self.app
        who = Person(PLATFORM, f"worker {n}")
        return app.worker(who)

    async def act(self, n: int, chance: Random) -> None:
        """Let somebody pledge, take it back, or ask to be told."""
        worker, code = self.worker(n), CODES[n]
        what = chance.choice(["pledge", "pledge", "withdraw", "ask"])
        self._say(f"? {what} {n}")
        try:
            if what == "pledge":
                done = (await worker.pledge(code)).mine is CardState.PLEDGED
            elif what == "withdraw":
                done = (await worker.withdraw(code)).mine is CardState.WITHDRAWN
            else:
                done = (await self._ask(worker, code)).told
        except InDoubt:
            self._say(f"~ {what} {n}")
        except NotRecorded:
            self._say(f"x {what} {n}")
        except Refused:  # nothing to take back, most often
            self._say(f"- {what} {n}")
        else:
            self._say(f"{'!' if done else '-'} {what} {n}")

    @staticmethod
    async def _ask(worker: Worker, code: str) -> Seen:
        return await worker.ask_to_be_told(code, "en")

    async def live(self, chance: Random, acts: int, *, people: Iterable[int] = range(PEOPLE)) -> None:
        """Let everybody do so many things at once, one after another each, while hours pass and tallies are taken."""

        async def one(n: int, mine: Random) -> None:
            for _ in range(acts):
                await self.act(n, mine)

        everybody = [asyncio.create_task(one(n, Random(chance.random()))) for n in people]
        try:
            while not all(task.done() for task in everybody):
                await self.hour()
                await asyncio.wait(everybody, timeout=chance.random() / 100)
            await asyncio.gather(*everybody)
        finally:
            for task in everybody:
                task.cancel()
            await asyncio.gather(*everybody, return_exceptions=True)

    async def hour(self) -> bool:
        """Let an hour pass, until the deadline is near; say which tally was taken, and carry its news out."""
        next_tally = NOON + HOUR
        with suppress(NotRecorded):
            walkout = await self.app.store.walkout(WALKOUT)
            next_tally = walkout.next_tally or NOON
        if next_tally + 2 * HOUR < opened().terms.pledge_by:
            self._clock.move_to(next_tally)
        try:
            await self.app.scheduler.run_due()
            taken = (await self.app.store.walkout(WALKOUT)).tally
        except NotRecorded:
            return False
        self._say(f"! tally {taken}")
        return True


@asynccontextmanager
async def town(folder: Path, say: Say) -> AsyncIterator[Town]:
    """Open the store of a town that was founded."""
    clock = MovableClock(NOON)
    async with open_app(folder, clock=clock, senders={PLATFORM: Post(say)}) as app:
        yield Town(app, clock, say)


State = tuple[str, bool]  #: of a card, and whether its holder is to be told


@dataclass
class Ledger:
    """What people were told, and what they may find as well since they asked for it and had no answer."""

    keys: Keys
    stands: dict[int, set[State]] = field(default_factory=lambda: {n: {("m", False)} for n in range(PEOPLE)})  #: one of
    pending: dict[int, str] = field(default_factory=dict)
    tally: int = 0
    letters: set[tuple[str, ...]] = field(default_factory=set)
    acknowledged: int = 0  #: changes that people were told
    refused: int = 0  #: "not recorded"
    in_doubt: int = 0  #: "I cannot tell"
    found_done: int = 0  #: changes nobody was told of that were there all the same

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Begin with a town just founded."""
        return cls(keys=open_keys(folder / KEY_FILE, database=True))

    def twin(self) -> Ledger:
        """Make another one that knows as much."""
        return replace(
            self,
            stands={n: set(states) for n, states in self.stands.items()},
            pending=dict(self.pending),
            letters=set(self.letters),
        )

    def hear(self, lines: Iterable[str]) -> None:
        """Take down what a town said. A line cut off at the end was not said."""
        for line in lines:
            mark, what, *about = line.split()
            if what == "letter":
                self.letters.add(tuple(about))
            elif what == "tally":
                self.tally = max(self.tally, int(about[0]))
            elif mark == "?":
                self.pending[int(about[0])] = what
            else:
                n = int(about[0])
                del self.pending[n]
                after = {_after(what, state) for state in self.stands[n]}
                if mark == "!":
                    self.acknowledged += after != self.stands[n]
                    self.stands[n] = after
                elif mark == "~":
                    self.stands[n] |= after
                self.refused += mark == "x"
                self.in_doubt += mark == "~"

    def check(self, path: Path, why: object, *, exactly: bool = False) -> None:
        """Hold a store that nobody has open against it; `exactly`: nothing may be there that was not answered."""
        with closing(sqlite3.connect(path)) as db:
            found = {bytes(row[0]): row[1] for row in db.execute("SELECT key, state FROM pledge")}
            notices = {bytes(row[0]) for row in db.execute("SELECT locator FROM notice")}
            for n, code in enumerate(CODES):
                bearer = self.keys.bearer(code, Person("", ""))
                there = (found[bearer.keys[WALKOUT][1]], bearer.notice(WALKOUT) in notices)
                allowed = set(self.stands[n])
                if n in self.pending and not exactly:
                    allowed |= {_after(self.pending[n], before) for before in allowed}
                assert there in allowed, (why, n, there, allowed)
                self.found_done += there not in self.stands[n]
                self.stands[n] = {there}
            self.pending.clear()
            assert sound(db) == [], why
            [(tally, stage)] = db.execute("SELECT tally, stage FROM walkout").fetchall()
            assert tally >= self.tally, (why, tally, self.tally)
            kept = {tuple(map(str, row)) for row in db.execute("SELECT kind, scope, about, occasion FROM announcement")}
            assert self.letters <= kept, (why, self.letters - kept)
            # a tally is wholly there: its verdict, its news, and a parcel of each piece for the room that hears it
            assert (stage == "on") == any(kind == "on" for kind, *_ in kept), why
            [(without,)] = db.execute(
                """
                SELECT count(*) FROM announcement AS a WHERE reference <> '' AND 1 <> (
                    SELECT count(*) FROM parcel AS p WHERE room <> '' AND
                        (p.walkout, p.scope, p.kind, p.about, p.occasion)
                        = (a.walkout, a.scope, a.kind, a.about, a.occasion))
                """
            ).fetchall()
            assert without == 0, why


def _after(what: str, before: State) -> State:
    state, told = before
    match what:
        case "pledge":
            return "p", told
        case "withdraw":
            return "w", False
        case _:
            return state, True


def sound(db: sqlite3.Connection) -> list[object]:
    """Return what is wrong with a store by itself: pages, references, and counts that a recount does not bear out."""
    wrong: list[object] = [row for row in db.execute("PRAGMA integrity_check") if row != ("ok",)]
    wrong += db.execute("PRAGMA foreign_key_check").fetchall()
    wrong += db.execute(
        """
        SELECT id, minted, standing FROM counts WHERE (minted, standing) <> (
            SELECT count(*), count(*) FILTER (WHERE state IN ('p', 'o')) FROM pledge
            WHERE pledge.walkout = counts.walkout AND pledge.unit = counts.id)
        """
    ).fetchall()
    wrong += db.execute("SELECT count(*) FROM card EXCEPT SELECT count(*) FROM pledge").fetchall()
    return wrong
