"""A national walkout on one PostgreSQL: what ten million cards of 20,000 workplaces cost beside a hundredth of them.

`python -m bench scale --postgres`. Cards are made past the store, by the server, in the order of their keys, since
minting them all would take an hour; how long the store itself takes to mint some beside them is measured. Both cities
take turns in everything. Ten million cards take some 10 GB of the disk for as long as it runs.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import islice
from time import perf_counter

import asyncpg

from bench.ground import IDENTITY, WALKOUT, Ground, Hand, flat, percentile, ratio
from bench.postgres_ground import COUNT_ALL, make_database, server
from bot.domain import rules
from bot.domain.model import UnitId
from bot.domain.pledging import Act, Change, NewCard
from bot.process.clock import MovableClock
from bot.storage.postgres import PostgresStore
from bot.storage.postgres.opening import connecting
from tests.postgres.servers import Server

CALLERS = 64

_FILL = """
    INSERT INTO kept_card (key, campaign, unit, owner)
    SELECT int8send(nth * {step}) || substr(sha256(int8send(nth) || 'c'), 1, 24), '{walkout}', 1 + nth % {units},
        sha256(int8send(nth) || 'o') FROM generate_series(0::bigint, {cards} - 1) AS nth;
    INSERT INTO kept_pledge (key, walkout, unit, state)
    SELECT int8send(nth * {step}) || substr(sha256(int8send(nth) || 'p'), 1, 24), '{walkout}', 1 + nth % {units}, 'm'
    FROM generate_series(0::bigint, {cards} - 1) AS nth
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is measured."""

    units: int
    cards: tuple[int, int]  #: few and many
    rounds: int
    alone: int  #: pledges one after the other, in each round
    together: int  #: pledges of 64 callers


FULL = Sizes(units=20_000, cards=(100_000, 10_000_000), rounds=3, alone=200, together=5000)
QUICK = Sizes(units=100, cards=(1000, 3000), rounds=1, alone=5, together=200)


@dataclass(kw_only=True, slots=True)
class Took:
    """Of each round: milliseconds of a pledge, seconds of a tally, microseconds of a minted card."""

    alone_ms: list[float] = field(default_factory=list)
    together_ms: list[float] = field(default_factory=list)
    together_p99_ms: list[float] = field(default_factory=list)
    tally_s: list[float] = field(default_factory=list)
    mint_us: list[float] = field(default_factory=list)


class City:
    """A walkout with so many cards."""

    def __init__(self, server: Server, sizes: Sizes, cards: int) -> None:
        self._server = server
        self._sizes = sizes
        self._cards = cards
        self._rng = random.Random(cards)
        self._left = iter(self._rng.sample(range(cards), min(cards, 200_000)))
        self._clock = MovableClock(datetime.now(UTC))
        self.took = Took()

    async def settle(self) -> None:
        """Make the cards, and say what they cost."""
        people = 2 * -(-self._cards // self._sizes.units) + self._sizes.rounds
        units = flat(self._sizes.units, headcount=people)
        database = await make_database(self._server, units, now=self._clock())
        url = self._server.url(database)
        fill = _FILL.format(step=self._step, walkout=WALKOUT, units=self._sizes.units, cards=self._cards)
        began = perf_counter()
        await _do(url, fill)
        filled = perf_counter() - began
        for statements in (COUNT_ALL, "VACUUM ANALYZE"):
            await _do(url, statements)
        connection = await asyncpg.connect(url)
        found = await connection.fetchrow(
            "SELECT pg_total_relation_size('kept_card') AS card, pg_total_relation_size('kept_pledge') AS pledge"
        )
        await connection.close()
        card, pledge = (found[name] / self._cards for name in ("card", "pledge"))
        each = f"{filled / self._cards * 1e6:.1f} µs and {card + pledge:.0f} bytes each"
        print(f"{self._cards:>12,} cards: filled in {filled:.0f} s, {each} ({card:.0f} + {pledge:.0f})", flush=True)
        self._store = PostgresStore(connecting(url, pooled=False), self._clock, IDENTITY)

    @property
    def _step(self) -> int:
        return (1 << 63) // self._cards

    def _hand(self, nth: int) -> Hand:
        first, number = (nth * self._step).to_bytes(8, "big"), nth.to_bytes(8, "big")
        keys = first + sha256(number + b"c").digest()[:24], first + sha256(number + b"p").digest()[:24]
        return _Made(number, {WALKOUT: keys}, self._rng.randbytes(32))

    async def round(self) -> None:
        """Pledge alone, pledge together, take a tally, mint."""
        hands = [self._hand(nth) for nth in islice(self._left, self._sizes.alone + self._sizes.together)]
        self.took.alone_ms.append(statistics.median([await self._pledge(each) for each in hands[: self._sizes.alone]]))
        rest = iter(hands[self._sizes.alone :])
        waits: list[float] = []

        async def caller() -> None:
            waits.extend([await self._pledge(each) for each in rest])

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        self.took.together_ms.append(statistics.median(waits))
        self.took.together_p99_ms.append(percentile(waits, 99))
        self._clock.move_to(self._clock() + timedelta(hours=1))
        self.took.tally_s.append(await _seconds(self._tally))
        mint = partial(self._store.mint, WALKOUT, {UnitId(1 + nth): [self._new()] for nth in range(self._sizes.units)})
        self.took.mint_us.append(await _seconds(mint) / self._sizes.units * 1e6)

    async def _pledge(self, hand: Hand) -> float:
        began = perf_counter()
        await self._store.apply(Change(act=Act.PLEDGE, bearer=hand))
        return (perf_counter() - began) * 1000

    async def _tally(self) -> None:
        await self._store.decide(WALKOUT, partial(rules.tally, now=self._clock()))
        await self._store.forget_order()

    def _new(self) -> NewCard:
        return NewCard(*(self._rng.randbytes(32) for _ in range(3)))

    async def aclose(self) -> None:
        """Leave."""
        await self._store.aclose()


class _Made(Hand):
    """A card that the server has made; `card` is its number."""

    def free(self, _walkout: object) -> bytes:
        return sha256(self.card + b"o").digest()


async def _do(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statements)
    await connection.close()


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    began = perf_counter()
    await work()
    return perf_counter() - began


async def bench(ground: Ground, *, quick: bool) -> int:  # noqa: ARG001  a server's folder lies where it must
    """Measure, and print the ratios."""
    sizes = QUICK if quick else FULL
    with server() as made:
        made.reconfigure(max_wal_size="2GB")
        cities = [City(made, sizes, cards) for cards in sizes.cards]
        for city in cities:
            await city.settle()
        for nth in range(sizes.rounds + 1):
            for city in cities if nth % 2 else reversed(cities):
                await city.round()
        for city in cities:
            await city.aclose()
    for cards, city in zip(sizes.cards, cities, strict=True):
        took = city.took
        said = [
            f"{statistics.median(each[1:]):.2f} {unit}"
            for each, unit in (
                (took.alone_ms, "ms a pledge alone"),
                (took.together_ms, "ms among 64"),
                (took.together_p99_ms, "ms p99"),
                (took.tally_s, "s a tally"),
                (took.mint_us, "µs a minted card"),
            )
        ]
        print(f"{cards:>12,} cards: {', '.join(said)}")

    def grown(of: Callable[[Took], list[float]]) -> float:
        few, many = (of(city.took)[1:] for city in cities)
        return statistics.median(more / less for less, more in zip(few, many, strict=True))

    ratio("scale_postgres_pledge", grown(lambda took: took.alone_ms), "<=1.25")
    ratio("scale_postgres_pledge_64_callers", grown(lambda took: took.together_ms), "<=1.25")
    ratio("scale_postgres_tally", grown(lambda took: took.tally_s), "<=1.25")
    ratio("scale_postgres_mint", grown(lambda took: took.mint_us), "<=1.5")
    return 0
