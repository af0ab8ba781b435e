"""How many durable pledges a second: the store's `apply` beside SQLite used as directly as Python can.

Every contender has a copy of the same database on the same disk, opened with the store's own pragmas and
triggers. They take turns, several rounds long, and each ratio is the median of the ratios of single
rounds: a disk that is slow for a second is slow for both.
"""

from __future__ import annotations

import asyncio
import gc
import random
import shutil
import sqlite3
import statistics
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from time import perf_counter

import aiosqlite

from bench import raw
from bench.ground import (
    WALKOUT,
    Ground,
    Hand,
    add_cards,
    connect,
    flat,
    free,
    leaves,
    make_database,
    open_bench_store,
    percentile,
    pledge_of,
    ratio,
    tree,
)
from bot.domain.errors import Refused
from bot.domain.model import CardState, Unit
from bot.domain.pledging import Act, Change
from bot.storage.sqlite import PRAGMAS
from bot.storage.store import Store

UNITS = 1000
"""Of a flat walkout, all of them workplaces, and of one in five tiers."""

CALLERS = (1, 8, 64, 512)
BROKEN = b"\x0b\xad\xca\xfe"
"""Cards that begin like this cannot be written: the bench plants a trigger that says so."""

PLANT = f"""
    CREATE TRIGGER broken BEFORE UPDATE ON card WHEN substr(new.key, 1, 4) = x'{BROKEN.hex()}' BEGIN
        SELECT RAISE(ABORT, 'planted by the bench');
    END
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How long it runs. A measurement ends after `seconds`, however few changes were made by then."""

    rounds: int
    seconds: float
    changes: dict[str, int]  #: per measurement, at most


FULL = Sizes(
    rounds=7,
    seconds=0.5,
    changes={
        "store 1": 600,
        "store 8": 2000,
        "store 64": 4096,
        "store 512": 8192,
        "tree 1": 600,
        "tree 64": 4096,
        "raw one each": 1000,
        "raw 64": 4096,
        "raw 256": 8192,
        "aiosqlite one each": 500,
    },
)
QUICK = Sizes(
    rounds=1,
    seconds=0.2,
    changes={
        "store 1": 20,
        "store 8": 40,
        "store 64": 320,
        "store 512": 1024,
        "tree 1": 20,
        "tree 64": 320,
        "raw one each": 20,
        "raw 64": 128,
        "raw 256": 512,
        "aiosqlite one each": 20,
    },
)


@dataclass(kw_only=True, slots=True)
class Run:
    """One measurement: what was asked, what must come of it, and what did, as far as it got."""

    changes: list[Change]
    expected: list[str]
    verdicts: dict[int, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    """Seconds from handing a change over to its answer."""
    took: float = 0.0

    @property
    def rate(self) -> float:
        """Answered changes per second."""
        return len(self.verdicts) / self.took

    def wrong(self) -> int:
        """Count the answers that are not the expected ones."""
        return sum(self.expected[nth] != verdict for nth, verdict in self.verdicts.items())

    def pledged(self) -> dict[bytes, bytes]:
        """Return card and owner of each pledge that was acknowledged."""
        return {
            self.changes[nth].bearer.card: self.changes[nth].bearer.owner(WALKOUT)
            for nth, verdict in self.verdicts.items()
            if verdict == "pledged"
        }


Contender = Callable[[Run, float], Awaitable[None]]


class Cards:
    """The cards of one database: fresh ones to pledge once, and some to be refused again and again."""

    def __init__(self, rng: random.Random, fresh: int) -> None:
        self._rng = rng
        self.fresh = [rng.randbytes(32) for _ in range(fresh)]
        self.spent = [rng.randbytes(32) for _ in range(500)]
        self.untouched = [rng.randbytes(32) for _ in range(500)]
        self.broken = [BROKEN + rng.randbytes(28) for _ in range(500)]

    def rows(self, units: Sequence[Unit]) -> Sequence[tuple[bytes, int, str, bytes]]:
        """Return what the database holds in the beginning."""
        places = cycle([unit.id for unit in leaves(units)])
        minted = [*self.fresh, *self.untouched, *self.broken]
        return [(card, place, "m", free(card)) for card, place in zip(minted, places, strict=False)] + [
            (card, place, "p", _stranger(card)) for card, place in zip(self.spent, places, strict=False)
        ]


class Dealer:
    """Deals changes from the cards of one contender's database."""

    def __init__(self, cards: Cards, seed: int) -> None:
        self._rng = random.Random(seed)
        self._fresh = iter(cards.fresh)
        # each in turn, so that no card is asked for twice in one batch
        self._spent, self._untouched, self._broken = map(cycle, (cards.spent, cards.untouched, cards.broken))

    def deal(self, changes: int, *, bad: bool) -> Run:
        """Make changes that must succeed, and if `bad` one in five that must not."""
        run = Run(changes=[], expected=[])
        for nth in range(changes):
            change, expected = self._bad(nth // 5 % 4) if bad and nth % 5 == 4 else (self._pledge(), "pledged")
            run.changes.append(change)
            run.expected.append(expected)
        return run

    def _bad(self, kind: int) -> tuple[Change, str]:
        if kind == 0:
            return self._change(Act.PLEDGE, self._rng.randbytes(32)), "UnknownCard"
        if kind == 1:
            return self._change(Act.PLEDGE, next(self._spent)), "CardSpent"
        if kind == 2:
            return self._change(Act.WITHDRAW, next(self._untouched)), "NotPledged"
        return self._change(Act.PLEDGE, next(self._broken)), "NotRecorded"

    def _pledge(self) -> Change:
        return self._change(Act.PLEDGE, next(self._fresh))

    def _change(self, act: Act, card: bytes) -> Change:
        return Change(act=act, bearer=Hand.of(card, self._rng.randbytes(32)))


def _stranger(card: bytes) -> bytes:
    return bytes(255 - byte for byte in card)


# -- the contenders ---------------------------------------------------------------------------------------


def store_callers(store: Store, callers: int) -> Contender:
    """So many tasks, each of which applies its next change when the last is answered."""

    async def contend(run: Run, seconds: float) -> None:
        todo = enumerate(run.changes)
        until = perf_counter() + seconds

        async def caller() -> None:
            for nth, change in todo:
                began = perf_counter()
                try:
                    outcome = await store.apply(change)
                except Refused as refused:
                    run.verdicts[nth] = type(refused).__name__
                else:
                    run.verdicts[nth] = "pledged" if outcome.mine is CardState.PLEDGED else "taken back"
                ended = perf_counter()
                run.waits.append(ended - began)
                if ended > until:
                    return

        began = perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        run.took = perf_counter() - began

    return contend


def raw_groups(connection: sqlite3.Connection, size: int) -> Contender:
    """Plain sqlite3, in groups; a change waits as long as its group takes, since the next is full at once."""

    async def contend(run: Run, seconds: float) -> None:
        asked = plain(run.changes)
        began = last = perf_counter()
        for start in range(0, len(asked), size):
            for nth, verdict in enumerate(raw.group(connection, asked[start : start + size]), start=start):
                run.verdicts[nth] = verdict
            now = perf_counter()
            run.waits += [now - last] * size
            last = now
            if now > began + seconds:
                break
        run.took = last - began

    return contend


def raw_one_each(connection: sqlite3.Connection) -> Contender:
    """Plain sqlite3, a transaction for each change."""

    async def contend(run: Run, seconds: float) -> None:
        asked = plain(run.changes)
        began = perf_counter()
        for nth, change in enumerate(asked):
            run.verdicts[nth] = raw.one(connection, change)
            if perf_counter() > began + seconds:
                break
        run.took = perf_counter() - began

    return contend


def aiosqlite_one_each(connection: aiosqlite.Connection) -> Contender:
    """Use aiosqlite as its documentation shows it: a transaction for each change, each statement awaited."""

    async def contend(run: Run, seconds: float) -> None:
        asked = plain(run.changes)
        began = perf_counter()
        for nth, change in enumerate(asked):
            run.verdicts[nth] = await raw.one_awaited(connection, change)
            if perf_counter() > began + seconds:
                break
        run.took = perf_counter() - began

    return contend


def plain(changes: Sequence[Change]) -> list[raw.Asked]:
    """Say it as the raw contenders do."""
    return [(change.act is Act.PLEDGE, change.bearer.card, change.bearer.owner(WALKOUT)) for change in changes]


# -- the bench --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrant:
    """A contender with its database, and what it may deal from it."""

    contend: Contender
    database: Path
    dealer: Dealer


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, check every verdict, print the table and the ratios; 1 if a verdict was wrong."""
    sizes = QUICK if quick else FULL
    stores = sum(count for name, count in sizes.changes.items() if name.startswith("store"))
    fresh = 2 * (sizes.rounds + 1) * max(stores, *sizes.changes.values())
    cards = Cards(random.Random(1886), fresh)
    template, in_tiers = ground.folder / "template.db", ground.folder / "tree.db"
    for path, units in ((template, flat(UNITS, headcount=fresh)), (in_tiers, tree(UNITS, people=UNITS * fresh))):
        await make_database(path, units, now=datetime.now(UTC))
        add_cards(path, cards.rows(units))
        connection = connect(path)
        connection.execute(PLANT)
        connection.close()

    def copy(name: str) -> Path:
        return Path(shutil.copy(template, ground.folder / f"{name}.db"))

    copies = ("store", "groups64", "groups256", "each", "awaited")
    files = {name: copy(name) for name in copies} | {"tree": in_tiers}
    dealers = {name: Dealer(cards, seed) for seed, name in enumerate(files)}
    store, of_tree = await open_bench_store(files["store"]), await open_bench_store(files["tree"])
    raws = {name: connect(files[name]) for name in ("groups64", "groups256", "each")}
    awaited = await aiosqlite.connect(files["awaited"], isolation_level=None)
    for pragma in PRAGMAS:
        await awaited.execute_fetchall(f"PRAGMA {pragma}")

    def entrant(name: str, contend: Contender) -> Entrant:
        return Entrant(contend=contend, database=files[name], dealer=dealers[name])

    # whoever is compared stands side by side: the disk changes its mind from second to second
    entrants = {
        "aiosqlite one each": entrant("awaited", aiosqlite_one_each(awaited)),
        "raw one each": entrant("each", raw_one_each(raws["each"])),
        "store 1": entrant("store", store_callers(store, 1)),
        "tree 1": entrant("tree", store_callers(of_tree, 1)),
        "store 8": entrant("store", store_callers(store, 8)),
        "tree 64": entrant("tree", store_callers(of_tree, 64)),
        "store 64": entrant("store", store_callers(store, 64)),
        "raw 64": entrant("groups64", raw_groups(raws["groups64"], 64)),
        "raw 256": entrant("groups256", raw_groups(raws["groups256"], 256)),
        "store 512": entrant("store", store_callers(store, 512)),
    }
    try:
        runs = await _take_turns(entrants, sizes)
    finally:
        await store.aclose()
        await of_tree.aclose()
        await awaited.close()
        for connection in raws.values():
            connection.close()
    return _report(runs, _check(entrants, runs, cards))


Runs = dict[tuple[str, bool], list[Run]]


async def _take_turns(entrants: dict[str, Entrant], sizes: Sizes) -> Runs:
    runs: Runs = defaultdict(list)
    order = [(name, bad) for name in entrants for bad in (False, True)]
    for nth in range(sizes.rounds + 1):
        for name, bad in order if nth % 2 else reversed(order):
            run = entrants[name].dealer.deal(sizes.changes[name], bad=bad)
            gc.freeze()  # what the bench itself holds is not the contender's garbage
            await entrants[name].contend(run, sizes.seconds)
            runs[name, bad].append(run)
    return runs


def _check(entrants: dict[str, Entrant], runs: Runs, cards: Cards) -> int:
    """Count the wrong answers, and the cards and counts in the databases that contradict the right ones."""
    wrong = sum(run.wrong() for several in runs.values() for run in several)
    held: dict[Path, dict[bytes, bytes]] = defaultdict(lambda: {card: _stranger(card) for card in cards.spent})
    for (name, _), several in runs.items():
        for run in several:
            held[entrants[name].database] |= run.pledged()
    for database, expected in held.items():
        connection = connect(database)
        pledged = dict(connection.execute("SELECT key, unit FROM pledge WHERE state = 'p'"))
        owners = connection.execute("SELECT key, owner FROM card")
        found = [(card, owner) for card, owner in owners if pledge_of(card) in pledged]
        counts = Counter(pledged.values())
        standing = connection.execute("SELECT id, standing FROM counts")
        wrong += sum(counts[place] != stands for place, stands in standing)
        wrong += len(set(found) ^ set(expected.items()))
        wrong += connection.execute("SELECT count(*) FROM pledge WHERE state = 'w'").fetchone()[0]
        connection.close()
    return wrong


def _report(runs: Runs, wrong: int) -> int:
    measured = {key: several[1:] for key, several in runs.items()}  # the first round warms the caches
    print(f"{'':20}{'clean/s':>10}{'1 in 5 bad/s':>14}{'median ms':>12}{'p99 ms':>9}   (of one change, clean)")
    for name in FULL.changes:
        clean, bad = measured[name, False], measured[name, True]
        line = f"{name:20}{_median(run.rate for run in clean):10.0f}{_median(run.rate for run in bad):14.0f}"
        if clean[0].waits:
            middle = _median(statistics.median(run.waits) * 1000 for run in clean)
            line += f"{middle:12.2f}{_median(_p99(run) * 1000 for run in clean):9.2f}"
        print(line)
    print(f"wrong verdicts {wrong} of {sum(len(run.verdicts) for several in runs.values() for run in several)}")

    def beside(name: str, other: str, of: Callable[[Run], float] = lambda run: run.rate) -> float:
        both = zip(measured[name, False], measured[other, False], strict=True)
        return _median(of(ours) / of(theirs) for ours, theirs in both)

    ratio("pledges_1_caller", beside("store 1", "raw one each"), ">=0.55")
    ratio("pledges_64_callers", beside("store 64", "raw 64"), ">=0.75")
    ratio("pledges_512_callers", beside("store 512", "raw 256"), ">=0.75")
    ratio("pledges_64_callers_p99", beside("store 64", "raw 64", _p99), "<=2")
    ratio("pledges_tree_to_flat_1_caller", beside("tree 1", "store 1"), ">=0.9")
    ratio("pledges_tree_to_flat_64_callers", beside("tree 64", "store 64"), ">=0.9")
    for callers in CALLERS:
        both = zip(measured[f"store {callers}", True], measured[f"store {callers}", False], strict=True)
        plural = "caller" if callers == 1 else "callers"
        ratio(f"bad_to_clean_{callers}_{plural}", _median(bad.rate / clean.rate for bad, clean in both), ">=0.8")
    return 1 if wrong else 0


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _p99(run: Run) -> float:
    return percentile(run.waits, 99)
