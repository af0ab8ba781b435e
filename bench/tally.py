"""What a tally over 3,000 workplaces costs whoever pledges meanwhile, with few cards and with a million.

And what one costs over 20,000 workplaces in a list, and over as many units in five tiers.

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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from time import perf_counter

from bench.ground import IDENTITY, WALKOUT, Ground, Hand, add_cards, flat, free, leaves, make_database, ratio, tree
from bot.domain import rules
from bot.domain.disclosure import SEEN
from bot.domain.model import Tier, Unit
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
    units: int  #: all of them workplaces, or in five tiers; with the most cards
    tallies: int
    quiet_s: float  #: how long people only pledge, before each tally


FULL = Sizes(workplaces=3000, cards=(30_000, 1_000_000), units=20_000, tallies=15, quiet_s=0.3)
QUICK = Sizes(workplaces=200, cards=(4000, 9000), units=1000, tallies=2, quiet_s=0.02)


@dataclass
class Waits:
    """Seconds."""

    quiet: list[float] = field(default_factory=list)  #: the longest of a pledge, while no tally is taken
    tally: list[float] = field(default_factory=list)  #: the longest of a pledge that was asked for before one ended
    taking: list[float] = field(default_factory=list)  #: what a tally took


class City:
    """One open walkout with its cards, and a clock that jumps from tally to tally."""

    def __init__(self, path: Path, units: Sequence[Unit], cards: int) -> None:
        self._path = path
        self._units = units
        self._cards = cards
        self._now = datetime.now(UTC)
        self._turn = 0
        self._movers: list[Change] = []
        self._others: Iterator[Hand] = iter(())
        self._longest = 0.0
        self.waits = Waits()

    async def settle(self) -> None:
        """Mint the cards, the same number at each leaf."""
        rng = random.Random(self._cards)
        await make_database(self._path, self._units, now=self._now)
        places = leaves(self._units)
        hashes = [rng.randbytes(32) for _ in range(self._cards)]
        dealt = zip(hashes, cycle(places), strict=False)
        add_cards(self._path, ((card, place.id, "m", free(card)) for card, place in dealt))
        # so many that the board shows it, there and back, at some of the workplaces
        self._movers = [
            Change(act=Act.PLEDGE, bearer=Hand.of(hashes[row * len(places) + place], rng.randbytes(32)))
            for place in range(MOVING)
            for row in range(SEEN)
        ]
        # cards all over the others: what they move is nothing that a board shows
        moving = {unit.parent if unit.tier is Tier.DEPARTMENT else unit.id for unit in places[:MOVING]}
        still = [moving.isdisjoint({unit.id, unit.parent}) for unit in places]
        rest = [card for card, stays in zip(hashes, cycle(still), strict=False) if stays]
        self._others = cycle(Hand.of(card, rng.randbytes(32)) for card in rng.sample(rest, min(20_000, len(rest))))

    def size(self) -> str:
        """Say what it is made of."""
        return f"{len(self._units)} units, {self._cards} cards"

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
        if ruling.walkout.tally != self._turn or len(ruling.units) < MOVING:
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
    """Take tallies in turns, in one city after the other."""
    sizes = QUICK if quick else FULL
    few, many = sizes.cards

    def city(name: str, units: Sequence[Unit], cards: int) -> City:
        return City(ground.folder / f"{name}.db", units, cards)

    def workplaces(count: int, cards: int) -> list[Unit]:
        return flat(count, headcount=-(-cards // count))

    cities = {
        "few cards": city("few", workplaces(sizes.workplaces, few), few),
        "many cards": city("many", workplaces(sizes.workplaces, many), many),
        "flat": city("flat", workplaces(sizes.units, many), many),
        "tree": city("tree", tree(sizes.units, people=many), many),
    }
    for name, each in cities.items():
        began = perf_counter()
        await each.settle()
        print(f"{name}: {each.size()}, made in {perf_counter() - began:.1f} s")
    async with contextlib.AsyncExitStack() as stack:
        stores = [await each.open() for each in cities.values()]
        for store in stores:
            stack.push_async_callback(store.aclose)
            await store.forget_order()  # of how the bench made its cards
        for nth in range(sizes.tallies + 1):
            gc.freeze()  # what the bench itself holds is not the tally's garbage
            pairs = list(zip(cities.values(), stores, strict=True))
            for each, store in pairs if nth % 2 else reversed(pairs):
                await each.move_and_tally(store, sizes.quiet_s)
    print(f"{'':10}{'a tally':>15}{'longest wait of a pledge':>26}{'without a tally':>17}   (s, median and longest)")
    for name, each in cities.items():
        # the first tally warms the caches
        columns = zip((each.waits.taking, each.waits.tally, each.waits.quiet), (15, 26, 17), strict=True)
        said = [f"{statistics.median(of[1:]):.3f} {max(of[1:]):.3f}".rjust(width) for of, width in columns]
        print(f"{name:<10}{''.join(said)}")

    def beside(name: str, other: str, of: Callable[[Waits], list[float]]) -> float:
        both = zip(of(cities[name].waits)[1:], of(cities[other].waits)[1:], strict=True)
        return statistics.median(ours / theirs for ours, theirs in both)

    ratio("tally_longest_wait_s", statistics.median(cities["many cards"].waits.tally[1:]), "<=0.2")
    ratio("tally_many_to_few_cards", beside("many cards", "few cards", lambda waits: waits.tally), "<=1.25")
    ratio("tally_tree_to_flat", beside("tree", "flat", lambda waits: waits.taking), "<=1.25")
    return 0
