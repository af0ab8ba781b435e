"""What a tally over 3,000 workplaces costs whoever pledges meanwhile, with few cards and with a million.

Sixty-four people pledge and take it back all the time; now and then a tally is taken, for which everybody else waits.
Before each, as many people at a hundred workplaces move as the board shows, so that there is
something to write. A tally here is what the bot does: the decision, and then that nothing in the file tells an order.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import statistics
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from time import perf_counter

from bench.ground import IDENTITY, WALKOUT, Ground, Hand, add_cards, free, make_database, ratio
from bot.domain import rules
from bot.domain.disclosure import SEEN
from bot.domain.pledging import Act, Change
from bot.storage.sqlite import SqliteStore, open_store

MOVING = 100
"""Workplaces whose board changes between two tallies."""

CALLERS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is measured."""

    workplaces: int
    cards: tuple[int, ...]
    tallies: int
    quiet_s: float  #: how long people only pledge, before each tally


FULL = Sizes(workplaces=3000, cards=(30_000, 1_000_000), tallies=15, quiet_s=0.3)
QUICK = Sizes(workplaces=200, cards=(4000, 8000), tallies=2, quiet_s=0.02)


@dataclass
class Waits:
    """Seconds."""

    quiet: list[float] = field(default_factory=list)  #: the longest of a pledge, while no tally is taken
    tally: list[float] = field(default_factory=list)  #: the longest of a pledge that was asked for before one ended
    taking: list[float] = field(default_factory=list)  #: what a tally took


class City:
    """One open walkout with its cards, and a clock that jumps from tally to tally."""

    def __init__(self, path: Path, workplaces: int) -> None:
        self._path = path
        self._workplaces = workplaces
        self._now = datetime.now(UTC)
        self._turn = 0
        self._movers: list[Change] = []
        self._others: Iterator[Hand] = iter(())
        self._longest = 0.0
        self.waits = Waits()

    async def settle(self, cards: int) -> None:
        """Mint the cards, the same number at each workplace."""
        rng = random.Random(cards)
        each = cards // self._workplaces
        await make_database(self._path, self._workplaces, headcount=each, now=self._now)
        places = cycle(range(1, self._workplaces + 1))
        hashes = [rng.randbytes(32) for _ in range(cards)]
        add_cards(self._path, ((card, place, "m", free(card)) for card, place in zip(hashes, places, strict=False)))
        # so many that the board shows it, there and back, at some of the workplaces
        self._movers = [
            Change(act=Act.PLEDGE, bearer=Hand.of(hashes[row * self._workplaces + place], rng.randbytes(32)))
            for place in range(MOVING)
            for row in range(SEEN)
        ]
        # cards all over the others: what they move is nothing that a board shows
        rest = [card for nth, card in enumerate(hashes) if nth % self._workplaces >= MOVING]
        self._others = cycle(Hand.of(card, rng.randbytes(32)) for card in rng.sample(rest, min(20_000, len(rest))))

    async def open(self) -> SqliteStore:
        """Open the store on this city's clock."""
        return await open_store(self._path, clock=lambda: self._now, identity=IDENTITY)

    async def move_and_tally(self, store: SqliteStore, quiet_s: float) -> None:
        """Let people pledge or take it back, go to the next tally, and take it."""
        act = Act.WITHDRAW if self._turn % 2 else Act.PLEDGE
        self._turn += 1
        await asyncio.gather(*(store.apply(Change(act=act, bearer=mover.bearer)) for mover in self._movers))
        self._longest = 0.0
        async with self._pledging(store):
            await asyncio.sleep(quiet_s)
            self.waits.quiet.append(self._longest)
            self._longest = 0.0
            self._now += timedelta(hours=1)
            began = perf_counter()
            ruling = await store.decide(WALKOUT, partial(rules.tally, now=self._now))
            await store.forget_order()
            self.waits.taking.append(perf_counter() - began)
        self.waits.tally.append(self._longest)  # everybody has been answered by now
        if ruling.walkout.tally != self._turn or len(ruling.workplaces) < MOVING:
            raise RuntimeError("this was not the tally that was to be measured")

    @asynccontextmanager
    async def _pledging(self, store: SqliteStore) -> AsyncIterator[None]:
        """Let everybody pledge, and take it back, as if a platform had kept it: no tally that is due stops them."""
        ending = False

        async def caller() -> None:
            while not ending:
                hand = next(self._others)
                for act in (Act.PLEDGE, Act.WITHDRAW):
                    began = perf_counter()
                    await store.apply(Change(act=act, bearer=hand, kept=True))
                    self._longest = max(self._longest, perf_counter() - began)

        callers = [asyncio.create_task(caller()) for _ in range(CALLERS)]
        try:
            yield
        finally:
            ending = True
            await asyncio.gather(*callers)


async def bench(ground: Ground, *, quick: bool) -> int:
    """Take tallies in turns, in the small city and in the large one."""
    sizes = QUICK if quick else FULL
    cities = [City(ground.folder / f"{cards}.db", sizes.workplaces) for cards in sizes.cards]
    for city, cards in zip(cities, sizes.cards, strict=True):
        began = perf_counter()
        await city.settle(cards)
        print(f"{cards} cards made in {perf_counter() - began:.1f} s")
    async with contextlib.AsyncExitStack() as stack:
        stores = [await city.open() for city in cities]
        for store in stores:
            stack.push_async_callback(store.aclose)
            await store.forget_order()  # of how the bench made its cards
        for nth in range(sizes.tallies + 1):
            gc.freeze()  # what the bench itself holds is not the tally's garbage
            both = list(zip(cities, stores, strict=True))
            for city, store in both if nth % 2 else reversed(both):
                await city.move_and_tally(store, sizes.quiet_s)
    print(f"{'':10}{'a tally':>15}{'longest wait of a pledge':>26}{'without a tally':>17}   (s, median and longest)")
    for city, cards in zip(cities, sizes.cards, strict=True):
        # the first tally warms the caches
        columns = zip((city.waits.taking, city.waits.tally, city.waits.quiet), (15, 26, 17), strict=True)
        said = [f"{statistics.median(of[1:]):.3f} {max(of[1:]):.3f}".rjust(width) for of, width in columns]
        print(f"{cards:<10}{''.join(said)}")
    few, many = cities[0].waits, cities[-1].waits
    ratio("tally_longest_wait_s", statistics.median(many.tally[1:]), "<=0.2")
    both_waits = zip(few.tally[1:], many.tally[1:], strict=True)
    ratio("tally_many_to_few_cards", statistics.median(large / small for small, large in both_waits), "<=1.25")
    return 0
