"""The store on PostgreSQL: beside the same work by hand, beside SQLite, and by several processes at once.

Everybody has a database of the same server, which syncs each commit; SQLite's file lies in the server's folder, so it
is the same disk. They take turns, several rounds long, and each ratio is the median of the ratios of single rounds.
Then tallies over many units, with few cards, with many, and after many changes. The processor time of clients and of
the server is printed beside each rate: on two cores it says who was waited for.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import random
import statistics
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from multiprocessing.connection import Connection
from time import perf_counter, process_time

import asyncpg

from bench import ground, raw_postgres
from bench.ground import IDENTITY, WALKOUT, Ground, Hand, flat, free, leaves, ratio
from bench.pledges import Cards, Dealer, Run, plain, store_callers
from bench.postgres_ground import CardRow, add_cards, cpu_s, make_database, open_bench_store, server
from bot.domain import rules
from bot.domain.disclosure import SEEN
from bot.domain.model import Unit
from bot.domain.pledging import Act, Change
from bot.process.clock import MovableClock
from bot.storage import sqlite
from bot.storage.postgres import PostgresStore
from bot.storage.postgres.opening import connecting
from tests.postgres.servers import Server

GROUP = 256
CALLERS = 512

PROCESSES = (1, 2, 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is measured."""

    rounds: int
    workplaces: int  #: where people pledge
    changes: int  #: of each contender and round
    seconds: float  #: for which several processes work, in each round
    units: int  #: of the walkouts that are tallied
    cards: tuple[int, int]  #: few and many
    recent: int  #: cards that have changed before a tally
    tallies: int


FULL = Sizes(
    rounds=7,
    workplaces=1000,
    changes=8192,
    seconds=1.0,
    units=20_000,
    cards=(100_000, 1_000_000),
    recent=100_000,
    tallies=5,
)
QUICK = Sizes(rounds=1, workplaces=50, changes=512, seconds=0.1, units=100, cards=(1000, 2000), recent=200, tallies=1)


@dataclass(kw_only=True, slots=True)
class Measured:
    """What a contender did, round by round."""

    rates: list[float] = field(default_factory=list)  #: changes a second
    client_us: list[float] = field(default_factory=list)  #: processor time a change
    server_us: list[float] = field(default_factory=list)

    def note(self, changes: int, took_s: float, client_s: float, server_s: float) -> None:
        """Note a round."""
        self.rates.append(changes / took_s)
        self.client_us.append(client_s / changes * 1e6)
        self.server_us.append(server_s / changes * 1e6)

    def __str__(self) -> str:
        client, of_server = statistics.median(self.client_us), statistics.median(self.server_us)
        return f"{statistics.median(self.rates):9.0f}/s{client:9.1f} µs client{of_server:9.1f} µs server"


Contender = Callable[[Run], Awaitable[None]]


def beside(ours: Measured, theirs: Measured) -> float:
    """Return the median of the rounds' ratios; the first round warms the caches."""
    return statistics.median(mine / other for mine, other in zip(ours.rates[1:], theirs.rates[1:], strict=True))


# -- one process ------------------------------------------------------------------------------------------------


def by_hand(connection: asyncpg.Connection, work: Callable[..., Awaitable[Sequence[str]]]) -> Contender:
    """One group after the other, each full."""

    async def contend(run: Run) -> None:
        asked = plain(run.changes)
        began = perf_counter()
        for start in range(0, len(asked), GROUP):
            run.verdicts.update(enumerate(await work(connection, asked[start : start + GROUP]), start=start))
        run.took = perf_counter() - began

    return contend


async def _pledges(server: Server, sizes: Sizes) -> tuple[dict[str, Measured], int]:
    """Measure who pledges how fast; return it, and how many verdicts were wrong."""
    cards = Cards(random.Random(1886), sizes.changes * 2 * (sizes.rounds + 1))
    units = flat(sizes.workplaces, headcount=len(cards.fresh))
    names = {}
    for name, before_cards in (("store", ""), ("hand", raw_postgres.TABLES), ("bare", raw_postgres.TABLES)):
        names[name] = await make_database(server, units, now=datetime.now(UTC), before_cards=before_cards)
        await add_cards(server, names[name], cards.rows(units))
    file = server.folder / "bench.db"
    await ground.make_database(file, units, now=datetime.now(UTC))
    ground.add_cards(file, cards.rows(units))
    store = open_bench_store(server, names["store"])
    on_sqlite = await ground.open_bench_store(file)
    hand, bare = [await asyncpg.connect(server.url(names[name])) for name in ("hand", "bare")]
    dealers = {name: Dealer(cards, 7) for name in ("store", "hand", "bare", "SQLite")}

    def callers(of: PostgresStore | sqlite.SqliteStore, count: int) -> Contender:
        return lambda run: store_callers(of, count)(run, float("inf"))

    contenders: dict[str, Contender] = {
        "SQLite, 64 callers": callers(on_sqlite, 64),
        "store, 64 callers": callers(store, 64),
        "store, 512 callers": callers(store, CALLERS),
        "hand, groups of 256": by_hand(hand, raw_postgres.group),
        "bare, groups of 256": by_hand(bare, raw_postgres.bare),
    }
    measured: dict[str, Measured] = defaultdict(Measured)
    wrong = 0
    for nth in range(sizes.rounds + 1):
        turns = list(contenders.items())
        for name, contend in turns if nth % 2 else reversed(turns):
            # the bare statement looks at nothing and finds nothing wrong
            run = dealers[name.partition(",")[0]].deal(sizes.changes, bad=False)
            gc.collect()
            gc.freeze()  # what the bench itself holds is not the contender's garbage
            client_s, server_s = process_time(), cpu_s(server)
            await contend(run)
            measured[name].note(len(run.verdicts), run.took, process_time() - client_s, cpu_s(server) - server_s)
            wrong += run.wrong()
    await store.aclose()
    await on_sqlite.aclose()
    for connection in (hand, bare):
        await connection.close()
    return measured, wrong


# -- several processes ------------------------------------------------------------------------------------------


def work(parent: Connection, url: str, cards: Sequence[bytes], seconds: float) -> None:
    """Pledge and take back for so long at each word from the parent; send how often, in which time, by what CPU."""
    asyncio.run(_work(parent, url, cards, seconds))


async def _work(parent: Connection, url: str, cards: Sequence[bytes], seconds: float) -> None:
    rng = random.Random(cards[0])
    store = PostgresStore(connecting(url, pooled=False), lambda: datetime.now(UTC), rng.randbytes(8).hex())
    hands = cycle([Hand.of(card, rng.randbytes(32)) for card in cards])
    await store.apply(Change(act=Act.LOOK, bearer=next(hands)))
    gc.freeze()
    parent.send(None)
    while parent.recv():
        count, until = 0, perf_counter() + seconds

        async def caller() -> None:
            nonlocal count
            while perf_counter() < until:  # noqa: B023  callers end before the next round
                hand = next(hands)
                for act in (Act.PLEDGE, Act.WITHDRAW):
                    await store.apply(Change(act=act, bearer=hand))
                    count += 1

        began, cpu = perf_counter(), process_time()
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        parent.send((count, perf_counter() - began, process_time() - cpu))
    await store.aclose()


async def _processes(server: Server, sizes: Sizes) -> dict[int, Measured]:
    """Measure how much one, two and four processes do together."""
    rng = random.Random(1886)
    each = [[rng.randbytes(32) for _ in range(4 * CALLERS)] for _ in range(max(PROCESSES))]
    units = flat(sizes.workplaces, headcount=len(each) * len(each[0]))
    places = cycle(leaves(units))
    database = await make_database(server, units, now=datetime.now(UTC))
    await add_cards(server, database, ((card, next(places).id, "m", free(card)) for cards in each for card in cards))
    context = multiprocessing.get_context("spawn")
    pipes = []
    children = []
    for cards in each:
        ours, theirs = context.Pipe()
        pipes.append(ours)
        children.append(
            context.Process(target=work, args=(theirs, server.url(database), cards, sizes.seconds), daemon=True)
        )
        children[-1].start()
    for pipe in pipes:
        pipe.recv()
    measured = {count: Measured() for count in PROCESSES}
    for nth in range(sizes.rounds + 1):
        for count in PROCESSES if nth % 2 else reversed(PROCESSES):
            server_s = cpu_s(server)
            for pipe in pipes[:count]:
                pipe.send("go")
            told = [pipe.recv() for pipe in pipes[:count]]
            changes, took, client_s = sum(t[0] for t in told), max(t[1] for t in told), sum(t[2] for t in told)
            measured[count].note(changes, took, client_s, cpu_s(server) - server_s)
    for pipe in pipes:
        pipe.send(None)
    for child in children:
        child.join()
    return measured


# -- tallies ----------------------------------------------------------------------------------------------------


class City:
    """One open walkout, and a clock that goes from tally to tally."""

    def __init__(self, server: Server, units: Sequence[Unit], cards: int) -> None:
        self._server = server
        self._units = units
        self._rng = random.Random(cards)
        self._hashes = [self._rng.randbytes(32) for _ in range(cards)]
        self._clock = MovableClock(datetime.now(UTC))
        self._turn = 0
        self.decided_s: list[float] = []
        self.folded_s: list[float] = []

    async def settle(self) -> None:
        """Mint the cards."""
        self.database = await make_database(self._server, self._units, now=self._clock())
        await add_cards(self._server, self.database, self._rows())
        hosts = connecting(self._server.url(self.database), pooled=False)
        self.store = PostgresStore(hosts, self._clock, IDENTITY)

    def _rows(self) -> Iterable[CardRow]:
        places = cycle(leaves(self._units))
        return ((card, next(places).id, "m", free(card)) for card in self._hashes)

    async def move_and_tally(self, movers: int) -> None:
        """Let so many people pledge or take it back, and take the next tally."""
        chosen = self._hashes[: max(movers, SEEN)]
        act = Act.WITHDRAW if self._turn % 2 else Act.PLEDGE
        self._turn += 1
        for start in range(0, len(chosen), 4096):
            part = chosen[start : start + 4096]
            await asyncio.gather(
                *(self.store.apply(Change(act=act, bearer=Hand.of(card, card[::-1]))) for card in part)
            )
        self._clock.move_to(self._clock() + timedelta(hours=1))
        gc.collect()
        gc.freeze()
        began = perf_counter()
        ruling = await self.store.decide(WALKOUT, partial(rules.tally, now=self._clock()))
        decided = perf_counter()
        await self.store.forget_order()
        self.decided_s.append(decided - began)
        self.folded_s.append(perf_counter() - decided)
        if ruling.walkout.tally != self._turn:
            raise RuntimeError("this was not the tally that was to be measured")


async def _tallies(server: Server, sizes: Sizes) -> dict[str, City]:
    """Take tallies in turns."""
    few, many = sizes.cards

    def city(cards: int) -> City:
        return City(server, flat(sizes.units, headcount=-(-cards // sizes.units) + 5), cards)

    cities = {"few cards": city(few), "many cards": city(many), "many changes": city(many)}
    for each in cities.values():
        await each.settle()
    for nth in range(sizes.tallies + 1):
        turns = list(cities.items())
        for name, each in turns if nth % 2 else reversed(turns):
            await each.move_and_tally(sizes.recent if name == "many changes" else 1000)
    for each in cities.values():
        await each.store.aclose()
    return cities


# -- the bench --------------------------------------------------------------------------------------------------


async def bench(ground: Ground, *, quick: bool) -> int:  # noqa: ARG001  a server's folder lies where it must
    """Measure, and print the ratios; 1 if a verdict was wrong."""
    sizes = QUICK if quick else FULL
    with server() as made:
        measured, wrong = await _pledges(made, sizes)
        for name, of in measured.items():
            print(f"{name:24}{of}")
        print(f"wrong verdicts {wrong}")
        together = await _processes(made, sizes)
        for count, of in together.items():
            print(f"{f'processes: {count}':24}{of}")
        cities = await _tallies(made, sizes)
    for name, city in cities.items():
        decided, folded = statistics.median(city.decided_s[1:]), statistics.median(city.folded_s[1:])
        print(f"{name:24}decided in {decided:.3f} s, folded in {folded:.3f} s")
    changes = cities["many changes"]
    few = cities["few cards"]
    per_change = (statistics.median(changes.folded_s[1:]) - statistics.median(few.folded_s[1:])) / sizes.recent
    print(f"folding takes {per_change * 1e6:.1f} µs for each card that has changed")

    def tally(city: City) -> float:
        return statistics.median(map(sum, zip(city.decided_s[1:], city.folded_s[1:], strict=True)))

    store = measured["store, 512 callers"]
    ratio("postgres_to_hand_512_callers", beside(store, measured["hand, groups of 256"]), ">=0.75")
    ratio("postgres_to_bare_512_callers", beside(store, measured["bare, groups of 256"]), ">=0.45")
    sixty_four = beside(measured["store, 64 callers"], measured["SQLite, 64 callers"])
    ratio("postgres_to_sqlite_64_callers", sixty_four, ">=0.6")
    ratio("postgres_two_processes_to_one", beside(together[2], together[1]), ">=1.2")
    ratio("postgres_four_processes_to_two", beside(together[4], together[2]), ">=1")
    ratio("postgres_tally_many_to_few_cards", tally(cities["many cards"]) / tally(few), "<=1.25")
    return 1 if wrong else 0
