"""Whoever was told "recorded" is found on a promoted standby, whatever became of the commit that waited for it.

What commits, and what tries again, is given as a function: one made by hand, and neighbours of it that trust too early.
"""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from enum import Enum, auto
from typing import Any

import asyncpg
import pytest
from asyncpg import exceptions

from bot.domain.errors import InDoubt, NotRecorded
from bot.storage.postgres import session
from bot.storage.sql.writer import Lock
from tests.postgres.network import Network, network
from tests.postgres.servers import BOT, Server, server


class Told(Enum):
    """What whoever pledges hears."""

    RECORDED = auto()
    NOT_RECORDED = auto()
    IN_DOUBT = auto()  #: and may try again, or look later


Commit = Callable[[asyncpg.Connection, str], Coroutine[Any, Any, Told]]

WRITE = "INSERT INTO pledge VALUES ($1) ON CONFLICT (card) DO UPDATE SET card = EXCLUDED.card"
ADD = "INSERT INTO pledge VALUES ($1) ON CONFLICT DO NOTHING"
SAYS_IT_DID_NOT_WAIT = {"client_min_messages": "warning", "synchronous_commit": "on"}  # whatever the role's are

REFUSED = (
    exceptions.IntegrityConstraintViolationError,
    exceptions.SerializationError,
    exceptions.DeadlockDetectedError,
)
"""The server's own word that a COMMIT came to nothing."""

LOST = (exceptions.PostgresError, exceptions.InterfaceError, exceptions.InternalClientError, OSError)
"""Whatever else asyncpg raises; among these are some of its own making that bear a server's code."""


async def by_hand(connection: asyncpg.Connection, card: str) -> Told:
    """Commit as the store has to: only an undisturbed COMMIT says "recorded", and a try again writes as well."""
    warnings: list[str] = []

    def listen(_connection: object, message: Any) -> None:
        warnings.append(message.sqlstate)

    try:
        await connection.execute("BEGIN")
        await connection.execute(WRITE, card)
    except LOST:
        return Told.NOT_RECORDED  # nobody has said COMMIT
    connection.add_log_listener(listen)
    try:
        answer = await asyncio.shield(connection.execute("COMMIT"))
    except REFUSED:
        return Told.NOT_RECORDED
    except LOST:
        return Told.IN_DOUBT
    finally:
        connection.remove_log_listener(listen)
    if answer != "COMMIT":  # a statement had failed, and nobody had noticed
        return Told.NOT_RECORDED
    return Told.IN_DOUBT if warnings else Told.RECORDED


async def trusting(connection: asyncpg.Connection, card: str) -> Told:
    """Take what raises nothing for recorded."""
    try:
        async with connection.transaction():
            await connection.execute(WRITE, card)
    except LOST:
        return Told.IN_DOUBT
    return Told.RECORDED


async def adding(connection: asyncpg.Connection, card: str) -> Told:
    """Try again without a write where there is nothing to add."""
    await connection.execute(ADD, card)
    return Told.RECORDED


async def by_the_store(connection: asyncpg.Connection, card: str) -> Told:
    """Commit as the store does, when it reaches nobody any more whom it could ask what became of it."""

    async def nobody() -> asyncpg.Connection:
        raise ConnectionError

    made = session.Session([nobody], card)
    made.take_over(connection)

    async def write() -> None:
        await made.rows(WRITE, (card,))

    try:
        await made.transaction(write, Lock.ROWS)
    except InDoubt:
        return Told.IN_DOUBT
    except (NotRecorded, *session.FAILURES):
        return Told.NOT_RECORDED
    return Told.RECORDED


SESSION = "pg_stat_activity"


class City:
    """A primary, a standby that confirms its commits, and the networks between them and to whoever pledges."""

    def __init__(self, primary: Server, standby: Server, between: Network, way: Network) -> None:
        self.primary = primary
        self.standby = standby
        self.between = between
        self._way = way
        self._connections: list[asyncpg.Connection] = []

    async def connect(self, to: Server | None = None) -> asyncpg.Connection:
        """Connect to the primary over the network, or to whichever server straight away."""
        address = to.url() if to else self.primary.url(port=self._way.port)
        connection: asyncpg.Connection = await asyncpg.connect(address, server_settings=SAYS_IT_DID_NOT_WAIT)
        self._connections.append(connection)
        return connection

    async def waits(self, card: str, commit: Commit) -> tuple[asyncpg.Connection, Task[Told]]:
        """Begin a commit, and return when it waits for the standby."""
        connection = await self.connect()
        committing = asyncio.create_task(commit(connection, card))
        await self.until(f"EXISTS (SELECT FROM {SESSION} WHERE pid = {pid(connection)} AND wait_event = 'SyncRep')")
        return connection, committing

    async def until(self, condition: str) -> None:
        """Wait until this is so on the primary."""
        await asyncio.to_thread(self.primary.until, condition)

    async def tell(self, statement: str) -> None:
        """Do this on the primary as its administrator."""
        await asyncio.to_thread(self.primary.sql, statement)

    def cut_from_people(self) -> None:
        """Break all connections to the primary, and let new ones be made."""
        self._way.cut()
        self._way.heal()

    async def fail_over(self) -> set[str]:
        """Lose the primary before it is heard again, promote the standby, and give the cards recorded there."""
        await asyncio.to_thread(self.primary.kill)
        self.standby.promote()
        return self.cards(self.standby)

    @staticmethod
    def cards(where: Server) -> set[str]:
        """Give the cards that anybody sees there."""
        return set(where.sql("TABLE pledge").splitlines())

    def leave(self) -> None:
        """Let go of every connection."""
        for connection in self._connections:
            connection.terminate()


def pid(connection: asyncpg.Connection) -> int:
    """Number the server's process behind a connection."""
    return int(connection.get_server_pid())


TABLES = (
    "pledge (card text PRIMARY KEY)",
    "mark (process text PRIMARY KEY, mark bytea NOT NULL, asked bigint NOT NULL DEFAULT 0)",
)


@pytest.fixture(scope="module")
def primary() -> Iterator[Server]:
    """Give a server that each test begins with, and may lose."""
    with server() as made:
        yield made


@pytest.fixture
async def city(primary: Server) -> AsyncIterator[City]:
    """Give a primary whose standby confirms, with a table for pledges."""
    for table in TABLES:
        primary.sql(f"CREATE TABLE {table}; ALTER TABLE {table.split()[0]} OWNER TO {BOT}")
    async with network(primary.port) as between, network(primary.port) as way:
        with primary.standby("one", port=between.port) as standby:
            primary.confirm_by("one")
            made = City(primary, standby, between, way)
            yield made
            made.leave()
    if not primary.running:
        primary.start()
    primary.confirm_by()
    primary.sql("DROP TABLE pledge, mark")


Disturb = Callable[[City, asyncpg.Connection, Task[Told]], Awaitable[None]]


async def _asked_to_cancel(city: City, connection: asyncpg.Connection, _committing: Task[Told]) -> None:
    await city.tell(f"SELECT pg_cancel_backend({pid(connection)})")


async def _terminated(city: City, connection: asyncpg.Connection, _committing: Task[Told]) -> None:
    await city.tell(f"SELECT pg_terminate_backend({pid(connection)})")


async def _cut(city: City, _connection: asyncpg.Connection, _committing: Task[Told]) -> None:
    city.cut_from_people()


async def _let_go(_city: City, connection: asyncpg.Connection, _committing: Task[Told]) -> None:
    connection.terminate()


async def _closed(_city: City, connection: asyncpg.Connection, _committing: Task[Told]) -> None:
    with suppress(TimeoutError):  # on a busy machine what it asked to cancel has not ended by then
        await connection.close(timeout=0.1)


async def _killed(city: City, _connection: asyncpg.Connection, _committing: Task[Told]) -> None:
    await asyncio.to_thread(city.primary.kill)
    await asyncio.to_thread(city.primary.start)


async def _stopped(city: City, _connection: asyncpg.Connection, _committing: Task[Told]) -> None:
    await asyncio.to_thread(city.primary.stop, "immediate")
    await asyncio.to_thread(city.primary.start)


DISTURBED: Mapping[str, Disturb] = {
    "asked to cancel": _asked_to_cancel,
    "terminated": _terminated,
    "let go": _let_go,
    "closed": _closed,
    "cut": _cut,
    "stopped": _stopped,
    "killed": _killed,  # the last, for all that wait end with it
}


@pytest.mark.parametrize("commit", [by_hand, by_the_store])
async def test_what_was_told_recorded_is_on_the_promoted_standby(city: City, commit: Commit) -> None:
    told = {"undisturbed": await commit(await city.connect(), "undisturbed")}
    city.between.silence()
    for name, disturb in DISTURBED.items():
        connection, committing = await city.waits(name, commit)
        await disturb(city, connection, committing)
        told[name] = await committing
    assert told == {"undisturbed": Told.RECORDED} | dict.fromkeys(DISTURBED, Told.IN_DOUBT)

    # the primary shows every one of them
    assert city.cards(city.primary) == set(told)
    # and a try again, which writes, waits as the first one did
    _connection, again = await city.waits("killed", commit)
    assert not again.done()

    assert await city.fail_over() == {"undisturbed"}
    assert await again == Told.IN_DOUBT
    promoted = await city.connect(city.standby)
    assert {card: await commit(promoted, card) for card in told} == dict.fromkeys(told, Told.RECORDED)
    assert city.cards(city.standby) == set(told)


async def test_a_new_connection_of_the_stores_shows_nothing_that_no_standby_has(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONFIRMS_WITHIN_S", 0.3)
    city.between.silence()
    connection, committing = await city.waits("there", by_hand)
    await _killed(city, connection, committing)
    assert await committing == Told.IN_DOUBT
    assert city.cards(city.primary) == {"there"}
    made = session.Session([city.connect], "a test")
    with pytest.raises(exceptions.ConnectionDoesNotExistError, match="no standby"):
        await made.open()
    made.drop()


async def test_what_trusts_too_early_would_be_seen(city: City) -> None:
    city.between.silence()
    connection, committing = await city.waits("trusting", trusting)
    await city.tell(f"SELECT pg_cancel_backend({pid(connection)})")
    assert await committing == Told.RECORDED
    connection, hand = await city.waits("adding", by_hand)
    await city.tell(f"SELECT pg_cancel_backend({pid(connection)})")
    assert await hand == Told.IN_DOUBT
    assert await adding(await city.connect(), "adding") == Told.RECORDED
    assert await city.fail_over() == set()


async def test_a_commit_outlives_whoever_is_no_longer_interested_and_what_they_are_told_is_nothing(city: City) -> None:
    city.between.silence()
    connection, committing = await city.waits("left", by_hand)
    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    await city.until(f"EXISTS (SELECT FROM {SESSION} WHERE pid = {pid(connection)} AND wait_event = 'SyncRep')")
    city.between.heal()
    await city.until(f"EXISTS (SELECT FROM {SESSION} WHERE pid = {pid(connection)} AND state = 'idle')")
    assert await city.fail_over() == {"left"}


async def test_a_servers_time_limits_end_no_commit_that_waits(city: City) -> None:
    limits = ["statement_timeout", "transaction_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
    connection = await city.connect()
    await connection.execute("; ".join(f"SET {limit} = '1s'" for limit in limits))
    city.between.silence()
    committing = asyncio.create_task(by_hand(connection, "waiting"))
    longer = "query_start < clock_timestamp() - interval '1.2s'"
    await city.until(f"EXISTS (SELECT FROM {SESSION} WHERE wait_event = 'SyncRep' AND {longer})")
    assert not committing.done()
    city.between.heal()
    assert await committing == Told.RECORDED


CONFIRMS = [
    WRITE.replace("$1", "'there'"),
    "UPDATE pledge SET card = card",
    "SELECT FROM pledge FOR UPDATE",
    "SELECT pg_logical_emit_message(true, 'allout', '')",
]
CONFIRMS_NOTHING = [
    ADD.replace("$1", "'there'"),
    "SELECT FROM pledge",
    "UPDATE pledge SET card = card WHERE card = 'not there'",
    "SELECT pg_current_xact_id()",
]


async def test_what_writes_confirms_what_others_have_committed_before_and_nothing_else_does(city: City) -> None:
    city.between.silence()
    connection, committing = await city.waits("there", by_hand)
    await city.tell(f"SELECT pg_cancel_backend({pid(connection)})")
    assert await committing == Told.IN_DOUBT
    reading = await city.connect()
    assert await reading.fetchval("SELECT count(*) FROM pledge") == 1  # shown at once, confirmed by nobody
    for statement in CONFIRMS_NOTHING:
        await reading.execute(statement)
    for statement in CONFIRMS:
        writing = asyncio.create_task(reading.execute(statement))
        await city.until(f"EXISTS (SELECT FROM {SESSION} WHERE pid = {pid(reading)} AND wait_event = 'SyncRep')")
        await city.tell(f"SELECT pg_cancel_backend({pid(reading)})")
        await writing
    city.between.heal()
    await reading.execute(CONFIRMS[-1])
    assert await city.fail_over() == {"there"}


async def test_what_is_refused_at_the_commit_is_not_recorded(pg_database: str) -> None:
    connection = await asyncpg.connect(pg_database)
    place = "place integer DEFAULT 1 UNIQUE DEFERRABLE INITIALLY DEFERRED"
    await connection.execute(f"CREATE TABLE pledge (card text PRIMARY KEY, {place})")
    assert await by_hand(connection, "first") == Told.RECORDED
    assert await by_hand(connection, "second") == Told.NOT_RECORDED
    assert [row["card"] for row in await connection.fetch("SELECT card FROM pledge")] == ["first"]
    await connection.close()


async def test_an_error_that_is_swallowed_in_a_transaction_undoes_it_and_only_the_answer_says_so(
    pg_database: str,
) -> None:
    connection = await asyncpg.connect(pg_database)
    await connection.execute("CREATE TABLE pledge (card text PRIMARY KEY)")
    async with connection.transaction():  # ends well
        await connection.execute(WRITE, "lost")
        with suppress(exceptions.DivisionByZeroError):
            await connection.execute("SELECT 1 / 0")
    await connection.execute("BEGIN")
    await connection.execute(WRITE, "lost")
    with suppress(exceptions.DivisionByZeroError):
        await connection.execute("SELECT 1 / 0")
    assert await connection.execute("COMMIT") == "ROLLBACK"
    assert await connection.fetchval("SELECT count(*) FROM pledge") == 0
    await connection.close()
