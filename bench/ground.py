"""What both benches stand on: a folder, a database with cards in it, a description, a closing line."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import statistics
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

import aiosqlite

from bot.domain import rules
from bot.domain.model import FEWEST, ROOT, Terms, Tier, Unit, UnitId, Walkout, WalkoutId
from bot.storage.sqlite import PRAGMAS, SqliteStore, open_store

WALKOUT = WalkoutId("bench")
IDENTITY = "a bench"

NEW_CARD = "INSERT INTO card (key, campaign, unit, owner) VALUES (?, ?, ?, ?)"
NEW_PLEDGE = "INSERT INTO pledge (key, walkout, unit, state) VALUES (?, ?, ?, ?)"


class Ground:
    """A temporary folder on the disk that is measured; gone when the bench ends, however it ends."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="allout-bench-", dir=self._parent))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self.folder)

    def description(self) -> str:
        """Say what is measured on, fsync included: without it no figure can be compared."""
        median, p99 = fsync_ms(self.folder)
        return (
            f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
            f"SQLite {sqlite3.sqlite_version}, aiosqlite {aiosqlite.__version__}; "
            f"fsync {median:.2f} ms median, {p99:.2f} ms p99"
        )


def fsync_ms(folder: Path) -> tuple[float, float]:
    """Milliseconds to make one written page durable: median and 99th percentile of 200."""
    path = folder / "fsync"
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    took = []
    for page in range(200):
        os.pwrite(file, bytes(4096), page % 50 * 4096)
        began = perf_counter()
        os.fsync(file)
        took.append((perf_counter() - began) * 1000)
    os.close(file)
    path.unlink()
    return statistics.median(took), percentile(took, 99)


def percentile(values: Iterable[float], which: int) -> float:
    """Return the smallest value that `which` percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * which // 100) - 1)]


def ratio(name: str, value: float, goal: str) -> None:
    """Print the line that people and scripts read."""
    print(f"ratio {name} {value:.2f} goal {goal}")


def flat(units: int, *, headcount: int) -> list[Unit]:
    """Make so many workplaces, which no area holds together."""
    return [
        Unit(id=UnitId(number), name=f"Workplace {number}", headcount=headcount, threshold=FEWEST)
        for number in range(1, units + 1)
    ]


TIERS = (5, 25, 125)
"""Areas of each level in a tree: boroughs, districts, neighborhoods."""

DEPARTMENTS = 5
"""Of each workplace in a tree, or one more."""

MINIMA = {Tier.AREA: 2, Tier.WORKPLACE: 1, Tier.DEPARTMENT: 0}


def tree(units: int, *, people: int) -> list[Unit]:
    """Make so many units in five tiers, of about so many people, each unit's children spread all over the next tier."""
    areas = sum(TIERS)
    workplaces = (units - areas) // (1 + DEPARTMENTS)
    departments = units - areas - workplaces
    each = -(-people // departments)
    made: list[Unit] = []
    parents = range(ROOT, ROOT + 1)
    for tier, count in (
        *((Tier.AREA, count) for count in TIERS),
        (Tier.WORKPLACE, workplaces),
        (Tier.DEPARTMENT, departments),
    ):
        ids = range(len(made) + 1, len(made) + 1 + count)
        made += (
            Unit(
                id=UnitId(number),
                name=f"{tier} {number}",
                headcount=each * -(-departments // count),
                threshold=FEWEST,
                minimum=MINIMA[tier],
                parent=UnitId(parents[nth % len(parents)]),
                tier=tier,
            )
            for nth, number in enumerate(ids)
        )
        parents = ids
    return made


def leaves(units: Sequence[Unit]) -> list[Unit]:
    """Return the units that have cards."""
    parents = {unit.parent for unit in units}
    return [unit for unit in units if unit.id not in parents]


async def make_database(path: Path, units: Sequence[Unit], *, now: datetime) -> None:
    """Make a store as the application makes it, with one open walkout and no cards yet."""
    store = await open_store(path, clock=lambda: now, identity=IDENTITY)
    terms = Terms(
        title="A bench",
        starts=now + timedelta(days=60),
        pledge_by=now + timedelta(days=50),
        citywide_threshold=sum(unit.headcount for unit in leaves(units)),
    )
    await store.add_walkout(Walkout(id=WALKOUT, terms=terms), units)
    await store.decide(WALKOUT, lambda walkout, found: rules.open_up(walkout, found, now=now))
    await store.aclose()


@dataclass(frozen=True, slots=True)
class Hand:
    """A card in somebody's hand, whose secrets are all drawn beforehand: only the store is measured."""

    card: bytes
    keys: Mapping[WalkoutId, tuple[bytes, bytes]]
    _owner: bytes

    @classmethod
    def of(cls, card: bytes, owner: bytes) -> Hand:
        """Show a card of the bench's walkout."""
        return cls(card, {WALKOUT: (card, pledge_of(card))}, owner)

    def free(self, _walkout: WalkoutId) -> bytes:
        """Return the owner of a card that nobody has pledged."""
        return free(self.card)

    def owner(self, _walkout: WalkoutId) -> bytes:
        """Return whoever shows it."""
        return self._owner

    def ballot(self, _walkout: WalkoutId) -> bytes:
        """Make one of the right size."""
        return self.card

    def notice(self, _walkout: WalkoutId) -> bytes:
        """Return where nothing is kept."""
        return self.card


def pledge_of(card: bytes) -> bytes:
    """Return the key of a card's pledge, as far from the card's own as another random one."""
    return card[16:] + card[:16]


def free(card: bytes) -> bytes:
    """Return the owner of a card that nobody has pledged."""
    return card[::-1]


def add_cards(path: Path, cards: Iterable[tuple[bytes, int, str, bytes]]) -> None:
    """Add (card, workplace, state, owner), past the store but with its triggers keeping the counts."""
    connection = connect(path)
    connection.execute("BEGIN IMMEDIATE")
    # in the order of each table, so that a million takes seconds
    added = sorted(cards)
    connection.executemany(NEW_CARD, ((card, WALKOUT, place, owner) for card, place, _state, owner in added))
    pledges = sorted((pledge_of(card), WALKOUT, place, state) for card, place, state, _owner in added)
    connection.executemany(NEW_PLEDGE, pledges)
    connection.execute("COMMIT")
    connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Open the database with plain sqlite3, under the store's own pragmas."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


async def open_bench_store(path: Path) -> SqliteStore:
    """Open the store as the application does, on the real clock."""
    return await open_store(path, clock=lambda: datetime.now(UTC), identity=IDENTITY)
