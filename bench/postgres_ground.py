"""What benches on PostgreSQL stand on: a server of their own, and databases with cards in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import psutil

from bench.ground import IDENTITY, WALKOUT, leaves, pledge_of
from bot.domain import rules
from bot.domain.model import Terms, Unit, Walkout
from bot.storage import postgres
from bot.storage.postgres import PostgresStore
from tests.postgres import servers
from tests.postgres.servers import Server

CardRow = tuple[bytes, int, str, bytes]
"""A card, its workplace, its pledge's state, its owner."""

COUNT_ALL = """
    UPDATE counted SET minted = found.minted, standing = found.standing FROM (
        SELECT walkout, unit, count(*) AS minted, count(*) FILTER (WHERE state IN ('p', 'o')) AS standing
        FROM kept_pledge GROUP BY walkout, unit
    ) AS found WHERE (counted.walkout, counted.id) = (found.walkout, found.unit);
    UPDATE unit SET issued = minted FROM counted WHERE (unit.walkout, unit.id) = (counted.walkout, counted.id)
"""
"""Says how many cards there are, where they were added past the store."""


@contextmanager
def server() -> Iterator[Server]:
    """Have one that syncs, with the settings that its own documentation advises for a machine of this size."""
    with servers.server(power_cuts=True) as made:
        made.configure(autovacuum="on", shared_buffers="512MB", max_wal_size="8GB", checkpoint_timeout="15min")
        made.restart()
        yield made


def open_bench_store(server: Server, database: str, process: str = "a bench") -> PostgresStore:
    """Use a store that is there, on the real clock, as a process of this name."""
    hosts = postgres.opening.connecting(server.url(database), pooled=False)
    return PostgresStore(hosts, lambda: datetime.now(UTC), process)


async def make_database(server: Server, units: Sequence[Unit], *, now: datetime, before_cards: str = "") -> str:
    """Make a store as the application makes it, with one open walkout and no cards yet; return its name."""
    name = server.create_database()
    store = await postgres.open_store(server.url(name), clock=lambda: now, identity=IDENTITY, process="the first")
    terms = Terms(
        title="A bench",
        starts=now + timedelta(days=60),
        pledge_by=now + timedelta(days=50),
        citywide_threshold=sum(unit.headcount for unit in leaves(units)),
    )
    await store.add_walkout(Walkout(id=WALKOUT, terms=terms), units)
    await store.decide(WALKOUT, lambda walkout, found: rules.open_up(walkout, found, now=now))
    await store.aclose()
    if before_cards:
        server.sql(before_cards, name)
    return name


async def add_cards(server: Server, database: str, cards: Iterable[CardRow]) -> None:
    """Add cards past the store, as they lie there after a tally."""
    connection = await asyncpg.connect(server.url(database))
    added = sorted(cards)
    await connection.copy_records_to_table(
        "kept_card",
        records=((card, WALKOUT, place, owner) for card, place, _state, owner in added),
        columns=("key", "campaign", "unit", "owner"),
    )
    await connection.copy_records_to_table(
        "kept_pledge", records=sorted((pledge_of(card), WALKOUT, place, state) for card, place, state, _owner in added)
    )
    await connection.execute(COUNT_ALL)
    await connection.close()
    server.sql("VACUUM ANALYZE; CHECKPOINT", database)


def cpu_s(server: Server) -> float:
    """Return the processor time of all its processes so far, but of those that have ended."""
    postmaster = psutil.Process(server.pid)
    times = [each.cpu_times() for each in [postmaster, *postmaster.children(recursive=True)]]
    return float(sum(each.user + each.system for each in times))
