"""A leader that is stopped beyond its lease, with an announcement in hand, sends and writes nothing once it goes on."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg
import psutil

from tests.conftest import ROOT
from tests.faults.leading import SCHEMA, leader
from tests.postgres.servers import Server
from tests.processes import PATIENCE_S, environment

BY_HAND = "tests.faults.leading:by_hand"
PARCELS = (1, 2)


@dataclass(frozen=True, kw_only=True)
class Story:
    """How often each parcel came out, named by its lease and number, and who wrote."""

    before: Counter[str]  #: by the leader until it was stopped
    meanwhile: Counter[str]  #: by whoever took over
    after: Counter[str]  #: by the leader when it went on
    wrote: bool  #: whether the leader changed anything then


async def paused(server: Server, url: str, lead: str, moments: Iterable[str]) -> Story:
    """Stop a leader at these moments, one in each of its leases, let another take over, and then let it go on."""
    connection = await asyncpg.connect(url)
    await connection.execute(SCHEMA)
    parcels = [(moment, parcel) for moment in moments for parcel in PARCELS]
    await connection.executemany("INSERT INTO parcel VALUES ($1, $2)", parcels)
    command = [sys.executable, "-m", "tests.faults.leading", url, lead, *moments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment(), stdout=PIPE)
    try:
        assert process.stdout is not None
        before = Counter[str]()
        while (line := (await process.stdout.readline()).decode().strip()) != "":
            before[line] += 1
        lapsed = "NOT EXISTS (SELECT FROM lease WHERE until > clock_timestamp())"
        await asyncio.to_thread(server.until, lapsed, url.rpartition("/")[2])
        assert psutil.Process(process.pid).status() == psutil.STATUS_STOPPED

        meanwhile = Counter[str]()

        def send(lease: str, parcel: int) -> None:
            meanwhile[f"{lease} {parcel}"] += 1

        for moment in moments:
            assert await leader(lead)(connection, moment, "other", PATIENCE_S, send, _goes_on)
        stood = await _everything(connection)
        process.send_signal(signal.SIGCONT)
        after = Counter((await process.stdout.read()).decode().splitlines())
        assert await process.wait() == 0
        return Story(before=before, meanwhile=meanwhile, after=after, wrote=await _everything(connection) != stood)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await connection.close()


async def _goes_on(_moment: str) -> None:
    pass


async def _everything(connection: asyncpg.Connection) -> list[str]:
    rows = "SELECT concat(xmin, lease) FROM lease UNION ALL SELECT concat(xmin, parcel) FROM parcel ORDER BY 1"
    return [row[0] for row in await connection.fetch(rows)]


async def test_a_paused_leader_sends_nothing_and_writes_nothing(pg_server: Server, pg_database: str) -> None:
    story = await paused(pg_server, pg_database, BY_HAND, ["read", "claimed", "sent", "renewing"])
    assert story.before == Counter(["sent 1", "renewing 1"])
    assert story.after == Counter()
    assert not story.wrote
    # what it may have sent, and could not say so, is sent again
    theirs = ["read 1", "read 2", "claimed 1", "claimed 2", "sent 1", "sent 2", "renewing 2"]
    assert story.meanwhile == Counter(theirs)


async def test_between_its_clock_and_the_network_it_repeats_one_parcel_and_no_more(
    pg_server: Server, pg_database: str
) -> None:
    story = await paused(pg_server, pg_database, BY_HAND, ["checked"])
    assert story.meanwhile == Counter(["checked 1", "checked 2"])
    assert story.after == Counter(["checked 1"])
    assert not story.wrote


async def test_a_leader_that_asks_no_clock_would_be_seen(pg_server: Server, pg_database: str) -> None:
    story = await paused(pg_server, pg_database, "tests.faults.leading:without_its_own_clock", ["claimed"])
    assert story.after == Counter(["claimed 1"])
    assert not story.wrote


async def test_a_leader_that_bears_no_number_would_be_seen(pg_server: Server, pg_database: str) -> None:
    story = await paused(pg_server, pg_database, "tests.faults.leading:without_numbers", ["read"])
    assert story.after == Counter(["read 1", "read 2"])
    assert story.wrote
