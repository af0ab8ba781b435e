"""What a tally over 2,000 workplaces costs, with few cards and with a million: it reads counts, not cards.

Between two tallies the same number of people pledge in both, or take it back, so that both have a board to
write. Only the tallies are timed.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
from dataclasses import dataclass
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
"""Workplaces that cross their threshold between two tallies, up or down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is measured."""

    workplaces: int
    cards: tuple[int, int]
    tallies: int


FULL = Sizes(workplaces=2000, cards=(20_000, 1_000_000), tallies=40)
QUICK = Sizes(workplaces=200, cards=(2000, 4000), tallies=2)


class City:
    """One open walkout with its cards, and a clock that jumps from tally to tally."""

    def __init__(self, path: Path, workplaces: int) -> None:
        self._path = path
        self._workplaces = workplaces
        self._now = datetime.now(UTC)
        self._turn = 0
        self._movers: list[Change] = []
        self.reading: list[float] = []
        self.tally: list[float] = []

    async def settle(self, cards: int) -> None:
        """Mint the cards, the same number at each workplace."""
        rng = random.Random(cards)
        each = cards // self._workplaces
        await make_database(self._path, self._workplaces, headcount=each, now=self._now)
        hashes = [rng.randbytes(32) for _ in range(cards)]
        places = cycle(range(1, self._workplaces + 1))
        add_cards(self._path, ((card, place, "m", free(card)) for card, place in zip(hashes, places, strict=False)))
        # so many that the board shows it, there and back, at some of the workplaces
        self._movers = [
            Change(act=Act.PLEDGE, bearer=Hand.of(hashes[row * self._workplaces + place], rng.randbytes(32)))
            for place in range(MOVING)
            for row in range(SEEN)
        ]

    async def open(self) -> SqliteStore:
        """Open the store on this city's clock."""
        return await open_store(self._path, clock=lambda: self._now, identity=IDENTITY)

    async def move_and_tally(self, store: SqliteStore) -> None:
        """Let people pledge or take it back, go to the next tally, and take it."""
        act = Act.WITHDRAW if self._turn % 2 else Act.PLEDGE
        self._turn += 1
        await asyncio.gather(*(store.apply(Change(act=act, bearer=mover.bearer)) for mover in self._movers))
        self._now += timedelta(hours=1)
        began = perf_counter()
        await store.workplaces(WALKOUT)
        read = perf_counter()
        ruling = await store.decide(WALKOUT, partial(rules.tally, now=self._now))
        ended = perf_counter()
        if ruling.walkout.tally != self._turn or len(ruling.workplaces) != MOVING:
            raise RuntimeError("this was not the tally that was to be measured")
        self.reading.append((read - began) * 1000)
        self.tally.append((ended - read) * 1000)


async def bench(ground: Ground, *, quick: bool) -> int:
    """Take tallies in turns, in the small city and in the large one."""
    sizes = QUICK if quick else FULL
    cities = [City(ground.folder / f"{cards}.db", sizes.workplaces) for cards in sizes.cards]
    for city, cards in zip(cities, sizes.cards, strict=True):
        began = perf_counter()
        await city.settle(cards)
        print(f"{cards} cards made in {perf_counter() - began:.1f} s")
    stores = [await city.open() for city in cities]
    try:
        for nth in range(sizes.tallies + 1):
            gc.freeze()  # what the bench itself holds is not the tally's garbage
            both = list(zip(cities, stores, strict=True))
            for city, store in both if nth % 2 else reversed(both):
                await city.move_and_tally(store)
    finally:
        for store in stores:
            await store.aclose()
    print(f"{'cards':>10}{'tally ms':>10}{'reading the workplaces ms':>28}")
    for city, cards in zip(cities, sizes.cards, strict=True):
        # the first tally warms the caches
        print(f"{cards:10}{statistics.median(city.tally[1:]):10.2f}{statistics.median(city.reading[1:]):28.2f}")
    few, many = cities
    ratio(
        "tally_many_to_few_cards",
        statistics.median(large / small for small, large in zip(few.tally[1:], many.tally[1:], strict=True)),
        "<=1.25",
    )
    return 0
