"""Leases in PostgreSQL: the same as by their rules, and what the rows' locks see to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from bot.domain.errors import LeaseLost, NotRecorded
from bot.domain.leases import LENGTH_S, Lease
from bot.storage.postgres import leases
from bot.storage.postgres.leases import Leases, check
from bot.storage.postgres.opening import migrations
from tests.faults.many_processes import Table
from tests.postgres.network import network

CLOCK = """
    CREATE SCHEMA given;
    CREATE TABLE given.clock AS SELECT timestamptz '2026-12-01 12:00+00' AS reads;
    CREATE FUNCTION given.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT reads FROM given.clock';
"""
"""Found before the server's own, whose time nobody sets."""


class Given:
    """A database whose clock is given, and what asks it."""

    def __init__(self, url: str, hands: asyncpg.Connection) -> None:
        self.url, self.hands = url, hands
        self.leases = Leases([self.connect])

    async def connect(self) -> asyncpg.Connection:
        path = {"search_path": "given, pg_catalog, public"}
        made: asyncpg.Connection = await asyncpg.connect(self.url, server_settings=path)
        return made

    async def pass_by(self, seconds: float) -> None:
        await self.hands.execute("UPDATE given.clock SET reads = reads + make_interval(secs => $1)", seconds)


@pytest.fixture
async def given(pg_database: str) -> AsyncIterator[Given]:
    hands = await asyncpg.connect(pg_database)
    try:
        await hands.execute(CLOCK)
        for script in migrations():
            await hands.execute(script)
        made = Given(pg_database, hands)
        yield made
        made.leases.close_leases()
    finally:
        await hands.close()


async def test_histories_end_as_by_the_rules(given: Given) -> None:
    random, table, now_s = Random(1), Table(), 0.0
    had: list[Lease] = []
    seen: set[tuple[str, object]] = set()
    for _step in range(400):
        name, holder = random.choice(["house", "way"]), random.choice("abc")
        lease = random.choice(had[-6:]) if had else None
        match random.randrange(6):
            case 0 | 1:
                taken = await given.leases.take_lease(name, holder)
                assert taken == table.take(name, holder, now_s)
                seen.add(("take", taken is None))
                had += [taken] if taken is not None else []
            case 2 | 3 if lease is not None:
                renewed = await given.leases.renew_lease(lease)
                assert renewed == table.renew(lease, now_s)
                seen.add(("renew", renewed))
            case 4 if lease is not None:
                await given.leases.give_up_lease(lease)
                table.give_up(lease)
            case _:
                seconds = random.choice([0.5, 2.0, LENGTH_S - 0.5, LENGTH_S, -600.0])
                await given.pass_by(seconds)
                now_s += seconds
        if lease is not None:
            try:
                async with given.hands.transaction():
                    await check(given.hands, lease)
                held = True
            except LeaseLost:
                held = False
            assert held == table.holds(lease)
            seen.add(("hold", held))
    assert len(seen) == 6


async def test_a_transaction_of_the_holders_keeps_others_from_taking_over_and_no_renewal_waiting(given: Given) -> None:
    lease = await given.leases.take_lease("way", "a")
    assert lease is not None
    async with given.hands.transaction():
        await check(given.hands, lease)
        assert await given.leases.renew_lease(lease)  # it would be given up after two seconds
        await given.leases.give_up_lease(lease)
        assert await given.leases.take_lease("way", "b") is None
        assert await given.leases.take_lease("house", "b") is not None
    taken = await given.leases.take_lease("way", "b")
    assert taken is not None
    assert taken.number == lease.number + 1
    async with given.hands.transaction():
        with pytest.raises(LeaseLost):
            await check(given.hands, lease)
    assert not await given.leases.renew_lease(lease)


async def test_a_check_waits_for_whoever_is_taking_over(given: Given) -> None:
    lease = await given.leases.take_lease("way", "a")
    assert lease is not None
    other = await given.connect()
    try:
        taking = other.transaction()
        await taking.start()
        assert await other.fetchval(leases._TAKE, "way", "a", leases._LENGTH) == lease.number + 1
        await given.hands.execute("SET lock_timeout = '1ms'")
        with pytest.raises(asyncpg.exceptions.LockNotAvailableError):
            async with given.hands.transaction():
                await check(given.hands, lease)
        await taking.commit()
        with pytest.raises(LeaseLost):
            async with given.hands.transaction():
                await check(given.hands, lease)
    finally:
        await other.close()


async def test_a_dead_network_costs_one_renewal_and_no_more(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "ANSWERS_WITHIN_S", 0.2)
    there = urlsplit(given.url)
    assert there.port is not None
    async with network(there.port) as way:
        account = there.netloc.rpartition("@")[0]
        given.url = urlunsplit(there._replace(netloc=f"{account}@127.0.0.1:{way.port}"))
        lease = await given.leases.take_lease("way", "a")
        assert lease is not None
        way.silence()
        with pytest.raises(NotRecorded):
            await given.leases.renew_lease(lease)
        with pytest.raises(NotRecorded):  # nor does a new connection come about
            await given.leases.renew_lease(lease)
        way.heal()
        monkeypatch.setattr(leases, "ANSWERS_WITHIN_S", 10.0)
        assert await given.leases.renew_lease(lease)
        way.cut()
        with pytest.raises(NotRecorded):
            await given.leases.renew_lease(lease)
        way.heal()
        assert await given.leases.renew_lease(lease)
