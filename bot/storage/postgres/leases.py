"""Leases in PostgreSQL: rows that are given, renewed and checked by the database's clock.

They have a connection of their own: a long batch delays no renewal, and no renewal waits in a transaction's turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg

from bot.domain.errors import LeaseLost, NotRecorded
from bot.domain.leases import HOUSE, LENGTH_S, NOTHING_SAID, PROCESS, Lease, Said
from bot.storage.postgres.session import FAILURES, UNCONFIRMED, Connect

T = TypeVar("T")

ANSWERS_WITHIN_S = 2.0
"""Less than a third of a lease: a call that a dead network swallows costs no more than one renewal."""

_LENGTH = timedelta(seconds=LENGTH_S)

_ADD = "INSERT INTO lease (name, holder, number, until) VALUES ($1, '', 0, '-infinity') ON CONFLICT (name) DO NOTHING"

# Were the clock set back, nobody could take over for as long. The holder's own end is not after this one.
_CUT = "UPDATE lease SET until = clock_timestamp() + $2 WHERE name = $1 AND until > clock_timestamp() + $2"

# The strongest lock: it waits for no transaction of the old holder's that has checked its number (it is tried again),
# and each that has not will find another.
_TAKE = """
    WITH free AS MATERIALIZED (
        SELECT name FROM lease WHERE name = $1 AND (until <= clock_timestamp() OR holder = $2) FOR UPDATE SKIP LOCKED
    )
    UPDATE lease SET holder = $2, number = number + 1, until = clock_timestamp() + $3,
        since = clock_timestamp(), renewed = clock_timestamp(), quiet_s = NULL
    FROM free WHERE lease.name = free.name RETURNING number
"""

# Whoever has it may renew it when its time is over, as long as nobody else has taken it: nothing happened in between.
_RENEW = """
    UPDATE lease SET until = clock_timestamp() + $3, renewed = clock_timestamp(), quiet_s = $4, is_foreign = $5,
        is_adopted = is_adopted AND $5
    WHERE name = $1 AND number = $2 RETURNING 1
"""
_GIVE_UP = "UPDATE lease SET until = '-infinity' WHERE name = $1 AND number = $2"

# A renewal changes no key and so does not wait for this lock, nor this for it; taking over does.
_CHECK = "SELECT 1 FROM lease WHERE name = $1 AND number = $2 FOR KEY SHARE"

_SAID = f"""
    SELECT name, CASE WHEN holds THEN quiet_s END, holds AND is_foreign, is_adopted,
        CASE WHEN holds THEN extract(epoch FROM clock_timestamp() - since)::float END
    FROM lease CROSS JOIN LATERAL (SELECT until > clock_timestamp()) AS now (holds)
    WHERE name <> '{HOUSE}' AND NOT starts_with(name, '{PROCESS}') AND (
        holds OR (renewed > clock_timestamp() - interval '1 day' AND EXISTS (SELECT 1 FROM way WHERE way = lease.name))
    )
"""
# Not further ahead than a lease is long: else the clock was set back since. What is left of dead ones goes.
_ALONE = f"""
    SELECT NOT EXISTS (
        SELECT 1 FROM lease WHERE starts_with(name, '{PROCESS}') AND holder <> $1
            AND until BETWEEN clock_timestamp() AND clock_timestamp() + $2
    )
"""
_BURY = f"DELETE FROM lease WHERE starts_with(name, '{PROCESS}') AND until < clock_timestamp() - interval '1 day'"


async def check(connection: asyncpg.Connection, lease: Lease) -> None:
    """Within a transaction, before it writes: see to it that nobody takes the lease over before it ends.

    Raises LeaseLost.
    """
    if await connection.fetchval(_CHECK, lease.name, lease.number, timeout=ANSWERS_WITHIN_S) is None:
        raise LeaseLost(lease.name)


class Leases:
    """Keeps leases, by a connection that nobody else uses to one of these hosts."""

    def __init__(self, hosts: Sequence[Connect]) -> None:
        self._hosts = deque(hosts)
        self._unconfirmed = False
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._there: set[str] = set()  #: names that have a row

    async def take_lease(self, name: str, holder: str) -> Lease | None:
        """See Leases.take_lease."""

        async def take(connection: asyncpg.Connection) -> int | None:
            if name not in self._there:
                await connection.execute(_ADD, name)
                self._there.add(name)
            await connection.execute(_CUT, name, _LENGTH)
            number: int | None = await connection.fetchval(_TAKE, name, holder, _LENGTH)
            return number

        number = await self._ask(take)
        return None if number is None else Lease(name=name, holder=holder, number=number)

    async def renew_lease(self, lease: Lease, said: Said = NOTHING_SAID) -> bool:
        """See Leases.renew_lease."""
        which = lease.name, lease.number, _LENGTH
        renewed = await self._ask(lambda c: c.fetchval(_RENEW, *which, said.quiet_s, said.is_foreign)) is not None
        if not renewed:
            self._there.discard(lease.name)  # a process's own may have been buried
        return renewed

    async def give_up_lease(self, lease: Lease) -> None:
        """See Leases.give_up_lease."""
        await self._ask(lambda c: c.execute(_GIVE_UP, lease.name, lease.number))

    async def said(self) -> Mapping[str, Said]:
        """See Leases.said."""
        found = await self._ask(lambda c: c.fetch(_SAID))
        return {
            way: Said(quiet_s=quiet_s, is_foreign=is_foreign, is_adopted=is_adopted, held_s=held_s)
            for way, quiet_s, is_foreign, is_adopted, held_s in found
        }

    async def adopt_foreign(self) -> None:
        """See Leases.adopt_foreign."""
        await self._ask(lambda c: c.execute("UPDATE lease SET is_adopted = true WHERE is_foreign"))

    async def alone(self, process: str) -> bool:
        """See Leases.alone."""
        await self._ask(lambda c: c.execute(_BURY))
        return bool(await self._ask(lambda c: c.fetchval(_ALONE, process, _LENGTH)))

    async def _ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Ask, by a new connection after any trouble. Raises NotRecorded; then nobody knows what became of it."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S), self._turn:
                try:
                    return await self._asked(question)
                except BaseException:  # a dead one never answers again, one that was cut off answers somebody else
                    self._let_go()
                    raise
        except FAILURES as error:
            raise NotRecorded(type(error).__name__) from None

    async def _asked(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._hosts[0]()
            self._connection.add_log_listener(self._heed)
        self._unconfirmed = False
        answer = await question(self._connection)
        if self._unconfirmed:  # a standby that is promoted would give the same number again
            raise asyncpg.ConnectionDoesNotExistError("no standby has confirmed it")
        return answer

    def _heed(self, _connection: object, message: Any) -> None:
        self._unconfirmed |= message.sqlstate in UNCONFIRMED

    def _let_go(self) -> None:
        """Let go, and ask the next host next: this one may be cut off, and say that it is the primary."""
        self.close_leases()
        self._hosts.rotate(-1)

    def close_leases(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
