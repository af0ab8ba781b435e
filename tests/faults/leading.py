"""Who leads by a lease row, made by hand; run as a process of its own, it stops itself at the worst moment.

`python -m tests.faults.leading URL LEADER MOMENT…` leads one lease for each moment, named as that, by `LEADER`
(`module:function`). Once all of them have come to theirs it stops, as by SIGSTOP from outside, until it is continued.
It prints each parcel that it sends, and an empty line before it stops.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from typing import Any

import asyncpg

SHORT_S = 0.5
"""How long a lease lasts for whoever is to lose it."""

LONGEST_SEND_S = 0.1

SCHEMA = """
CREATE TABLE lease (name text PRIMARY KEY, holder text NOT NULL, number bigint NOT NULL, until timestamptz NOT NULL);
CREATE TABLE parcel (lease text, id integer, claimed bigint, sent bigint, PRIMARY KEY (lease, id));
"""
TAKE = """
INSERT INTO lease VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE SET holder = $2, number = lease.number + 1, until = EXCLUDED.until
WHERE lease.until < clock_timestamp() RETURNING number
"""
WAITING = "SELECT id FROM parcel WHERE lease = $1 AND sent IS NULL ORDER BY id"
CLAIM = """
WITH held AS (SELECT FROM lease WHERE name = $1 AND number = $3 FOR SHARE)  -- and nobody takes it over meanwhile
UPDATE parcel SET claimed = $3 WHERE lease = $1 AND id = $2 AND sent IS NULL AND EXISTS (TABLE held)
"""
MARK = """
WITH held AS (SELECT FROM lease WHERE name = $1 AND number = $3 FOR SHARE)
UPDATE parcel SET sent = $3 WHERE lease = $1 AND id = $2 AND claimed = $3 AND EXISTS (TABLE held)
"""
RENEW = """
UPDATE lease SET until = clock_timestamp() + make_interval(secs => $4) WHERE name = $1 AND holder = $2 AND number = $3
"""

Send = Callable[[str, int], None]
"""Send a parcel of a lease to where nobody looks at numbers."""

At = Callable[[str], Awaitable[None]]
"""Come to a moment: read, claimed, checked, sent, renewing."""

Lead = Callable[[asyncpg.Connection, str, str, float, Send, At], Coroutine[Any, Any, bool]]
"""Lead a lease, under a name and for a time, as long as there are parcels; say whether it was held to the end."""


def steady() -> float:
    """Read a clock that nobody sets, and which goes on while the machine sleeps where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


async def by_hand(connection: asyncpg.Connection, lease: str, holder: str, lease_s: float, send: Send, at: At) -> bool:
    """Lead as the bot has to: every write bears the number, every send is claimed and its time looked at."""
    begun = steady()  # before the database counts: it ends no earlier than this says
    number = await connection.fetchval(TAKE, lease, holder, lease_s)
    if number is None:
        return False
    for (parcel,) in await connection.fetch(WAITING, lease):
        await at("read")
        if await connection.execute(CLAIM, lease, parcel, number) != "UPDATE 1":
            return False
        await at("claimed")
        if steady() - begun > lease_s - LONGEST_SEND_S:
            return False
        await at("checked")
        send(lease, parcel)
        await at("sent")
        if await connection.execute(MARK, lease, parcel, number) != "UPDATE 1":
            return False
        await at("renewing")
        begun = steady()
        if await connection.execute(RENEW, lease, holder, number, lease_s) != "UPDATE 1":
            return False
    return True


async def without_its_own_clock(
    connection: asyncpg.Connection, lease: str, holder: str, lease_s: float, send: Send, at: At
) -> bool:
    """Trust a claim, however long ago it was made."""
    number = await connection.fetchval(TAKE, lease, holder, lease_s)
    if number is None:
        return False
    for (parcel,) in await connection.fetch(WAITING, lease):
        await at("read")
        if await connection.execute(CLAIM, lease, parcel, number) != "UPDATE 1":
            return False
        await at("claimed")
        send(lease, parcel)
        await connection.execute(MARK, lease, parcel, number)
    return True


async def without_numbers(
    connection: asyncpg.Connection, lease: str, holder: str, lease_s: float, send: Send, at: At
) -> bool:
    """Trust a lease once it was given."""
    if await connection.fetchval(TAKE, lease, holder, lease_s) is None:
        return False
    for (parcel,) in await connection.fetch(WAITING, lease):
        await at("read")
        await at("claimed")
        send(lease, parcel)
        await connection.execute("UPDATE parcel SET sent = -1 WHERE lease = $1 AND id = $2", lease, parcel)
    return True


def leader(name: str) -> Lead:
    """Find who leads by `module:function`."""
    module, _, function = name.partition(":")
    lead: Lead = getattr(import_module(module), function)
    return lead


def _say(*sent: object) -> None:
    sys.stdout.write(f"{' '.join(map(str, sent))}\n")
    sys.stdout.flush()


async def _lead_until_stopped(url: str, lead: Lead, moments: list[str]) -> None:
    all_there = asyncio.Event()
    there: set[str] = set()

    async def lead_one(name: str) -> None:
        async def at(moment: str) -> None:
            if moment == name and name not in there:
                there.add(name)
                if len(there) == len(moments):
                    _say()
                    os.kill(os.getpid(), signal.SIGSTOP)
                    all_there.set()
                await all_there.wait()

        connection = await asyncpg.connect(url)
        while name not in there:  # a slow machine may lose its lease before
            await lead(connection, name, "paused", SHORT_S, _say, at)
        await connection.close()

    await asyncio.gather(*map(lead_one, moments))


if __name__ == "__main__":
    asyncio.run(_lead_until_stopped(sys.argv[1], leader(sys.argv[2]), sys.argv[3:]))
