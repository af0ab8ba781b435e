"""Opening the database: any number of processes share it; whichever comes first brings it to this version's schema."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from functools import partial
from importlib import resources
from socket import gaierror
from ssl import SSLCertVerificationError, SSLError
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from asyncpg.exceptions import InterfaceError
from asyncpg.exceptions._base import PostgresError

from bot.domain.errors import KeyFileRefused, StoreInUse, StoreMoved, StoreTooNew, StoreUnusable
from bot.storage.postgres.copies import Copies
from bot.storage.postgres.leases import Leases
from bot.storage.postgres.minting import Minting
from bot.storage.postgres.session import FAILURES, Connect
from bot.storage.sql.ballots import Ballots
from bot.storage.sql.committee_words import CommitteeWords
from bot.storage.sql.epochs import Epochs
from bot.storage.sql.integrity import Examination
from bot.storage.sql.rekeying import Rekeyed
from bot.storage.sql.roles import People
from bot.storage.sql.rooms import Rooms
from bot.storage.sql.scheduled_deletions import ScheduledDeletions
from bot.storage.sql.sketches import Sketches
from bot.storage.sql.verification import Statements
from bot.storage.sql.voiding import Paper
from bot.storage.sql.ways import Ways
from bot.storage.sql.wishes import Wishes
from bot.storage.twin import Twin

CONNECTS_WITHIN_S = 5.0
"""To each host."""

IS_THERE = "SELECT to_regclass('migration') IS NOT NULL"

OPENING = 7000
"""Our advisory lock while it is opened, see bot.storage.postgres.session."""


class PostgresStore(
    Ballots,
    Paper,
    Minting,
    CommitteeWords,
    Wishes,
    Rooms,
    People,
    Statements,
    ScheduledDeletions,
    Sketches,
    Epochs,
    Examination,
    Rekeyed,
    Ways,
    Copies,
):
    """A Store in a database that other processes use as well. Make it with `open_store`."""

    logs_times = True

    def __init__(self, hosts: Sequence[Connect], clock: Callable[[], datetime], process: str) -> None:
        super().__init__(hosts, clock, process)
        self._leases = Leases(hosts)
        self.take_lease = self._leases.take_lease
        self.renew_lease = self._leases.renew_lease
        self.give_up_lease = self._leases.give_up_lease
        self.said = self._leases.said
        self.adopt_foreign = self._leases.adopt_foreign
        self.alone = self._leases.alone

    async def aclose(self) -> None:
        """See Store.aclose."""
        self._leases.close_leases()
        await super().aclose()


def connecting(url: str, *, pooled: bool) -> list[Connect]:
    """Return what connects to each of the address's hosts; `pooled`: a pooler stands there, and keeps no statements.

    asyncpg itself would always take the first that says it is a primary, also one that was cut off from all others.
    """
    parts = urlsplit(url)
    account, at, hosts = parts.netloc.rpartition("@")
    return [
        partial(
            asyncpg.connect,
            urlunsplit(parts._replace(netloc=f"{account}{at}{host}")),
            timeout=CONNECTS_WITHIN_S,
            statement_cache_size=0 if pooled else 100,
            target_session_attrs="primary",
            server_settings={"application_name": "allout"},
        )
        for host in hosts.split(",")
    ]


async def open_store(
    url: str,
    *,
    clock: Callable[[], datetime],
    identity: str,
    following: str | None = None,
    process: str,
) -> PostgresStore:
    """Open the store and bring it to this version's schema, unless another process of it has done so.

    `identity` is the store's name in the key file, `following` the one it may bear already if its key is being changed;
    `process` names this process. Raises StoreInUse, StoreMoved, StoreTooNew, StoreUnusable, and KeyFileRefused if the
    key file belongs to another database.
    """
    async with _connected(url) as (connection, hosts), connection.transaction():
        await keep_out(connection, url)
        await _migrate(connection, url, identity, following)
    return PostgresStore(hosts, clock, process)


@asynccontextmanager
async def look_into(
    url: str,
    *,
    clock: Callable[[], datetime],
    identity: str,
    following: str | None = None,
    process: str,
) -> AsyncIterator[Twin]:
    """Yield the store itself as it is, if it has this version's schema. Raises what `open_store` raises."""
    known = len(migrations())
    async with _connected(url) as (connection, hosts):
        found = await _version(connection) if await connection.fetchval(IS_THERE) else 0
        if found > known:
            raise StoreTooNew(place(url), found, known)
        if found < known:
            raise StoreUnusable(place(url), f"schema {found} of {known}: start the bot first")
        await _check_name(connection, url, identity, following)
    store = PostgresStore(hosts, clock, process)
    try:
        yield Twin(store=store, found=found, known=known)
    finally:
        await store.aclose()


async def is_there(url: str) -> bool:
    """Say whether there is a store. Raises StoreUnusable."""
    async with _connected(url) as (connection, _hosts):
        return bool(await connection.fetchval(IS_THERE))


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[tuple[asyncpg.Connection, list[Connect]]]:
    """Yield a connection, and what makes others. Raises StoreUnusable."""
    with refusing(url):
        connection = await _first(connecting(url, pooled=True))
        try:
            pooled = connection.get_server_pid() != await connection.fetchval("SELECT pg_backend_pid()")
            yield connection, connecting(url, pooled=pooled)
        finally:
            await connection.close()


async def _first(hosts: Sequence[Connect]) -> asyncpg.Connection:
    """Connect to the first that is a primary."""
    for connect in hosts[:-1]:
        with suppress(*FAILURES):
            return await connect()
    return await hosts[-1]()


def place(url: str) -> str:
    """Say where the database is, without the password."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


def migrations() -> list[str]:
    """Return the scripts that make a schema of this version, in order."""
    folder = resources.files("bot.storage") / "migrations" / "postgres"
    scripts = sorted((script for script in folder.iterdir() if script.name.endswith(".sql")), key=lambda s: s.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


async def _version(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM migration"))


async def _migrate(connection: asyncpg.Connection, url: str, identity: str, following: str | None) -> None:
    await connection.execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY)")
    found, known = await _version(connection), len(migrations())
    if found > known:
        raise StoreTooNew(place(url), found, known)
    if found:  # before anything is changed by keys that may be another store's
        await _check_name(connection, url, identity, following)
    await bring_up(connection)
    await connection.execute("INSERT INTO store (id) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM store)", identity)
    await _check_name(connection, url, identity, following)


async def keep_out(connection: asyncpg.Connection, url: str) -> None:
    """Within a transaction, be the only one that opens it. Raises StoreInUse where another takes long: it moves."""
    try:
        await connection.execute(f"SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock({OPENING})")
    except asyncpg.LockNotAvailableError:
        raise StoreInUse(place(url)) from None


async def bring_up(connection: asyncpg.Connection) -> None:
    """Bring it to this version's schema, within a transaction."""
    await connection.execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY)")
    found = await _version(connection)
    for number, script in enumerate(migrations()[found:], start=found + 1):
        await connection.execute(script)
        await connection.execute("INSERT INTO migration (number) VALUES ($1)", number)


async def _check_name(connection: asyncpg.Connection, url: str, identity: str, following: str | None) -> None:
    for name, elsewhere in await connection.fetch("SELECT id, elsewhere FROM store"):
        if name not in {identity, following}:
            raise KeyFileRefused(place(url), "foreign")
        if elsewhere:
            raise StoreMoved(place(url), elsewhere)


@contextmanager
def refusing(url: str) -> Iterator[None]:
    """Say why PostgreSQL does not open it, in its own words or the system's, which name no row and no password."""
    try:
        yield
    except FAILURES as error:
        raise StoreUnusable(place(url), _words(error)) from None


def _words(error: Exception) -> str:
    match error:
        case PostgresError() | InterfaceError() if error.args:
            return str(error.args[0])
        case SSLCertVerificationError():
            return error.verify_message
        case TimeoutError():
            return "no answer in time"
        case OSError(errno=int(number)) if not isinstance(error, SSLError):
            said = error.strerror if isinstance(error, gaierror) else os.strerror(number)
            return f"{said}: {error.filename}" if error.filename else str(said)
        case _:
            return str(error) or type(error).__name__
