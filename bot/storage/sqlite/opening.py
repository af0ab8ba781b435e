"""Opening the file: this process alone owns it, and brings it to this version's schema."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from importlib import resources
from pathlib import Path

import aiosqlite

from bot.domain.errors import KeyFileRefused, NotRecorded, StoreInUse, StoreMoved, StoreTooNew, StoreUnusable
from bot.domain.model import WalkoutId
from bot.domain.pledging import HASH_BYTES
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
from bot.storage.sqlite.copies import Copies
from bot.storage.sqlite.file_identity import Place
from bot.storage.sqlite.journal import bury
from bot.storage.sqlite.leases import Leases
from bot.storage.sqlite.minting import Minting
from bot.storage.store import KeptAnew
from bot.storage.twin import Twin

KEYED = 10
"""The schema from which on cards are kept under keyed hashes."""

LOCK_WAIT_S = 1.0
"""How long a second process waits for the store before it is told that it is in use."""

PRAGMAS = (
    # tests/faults/test_power_cut.py: these lose nothing that was committed; and they leave no deleted bytes
    "locking_mode=EXCLUSIVE",
    "journal_mode=TRUNCATE",
    "synchronous=EXTRA",
    "secure_delete=ON",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "cache_size=-65536",
)


class SqliteStore(
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
    Leases,
    Copies,
    Examination,
    Rekeyed,
    Ways,
):
    """A Store in one file, owned by one process. Make it with `open_store`."""

    logs_times = False


def _migrations() -> list[str]:
    folder = resources.files("bot.storage") / "migrations" / "sqlite"
    scripts = sorted((script for script in folder.iterdir() if script.name.endswith(".sql")), key=lambda s: s.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


async def open_store(
    path: Path,
    *,
    clock: Callable[[], datetime],
    identity: str,
    following: str | None = None,
    kept_anew: KeptAnew | None = None,
) -> SqliteStore:
    """Open the store for this process alone, and bring it to this version's schema.

    `identity` is the store's name in the key file, `following` the one it may bear already if its key is being changed.
    Without `kept_anew` a store is refused in which an older version kept cards.
    Raises StoreInUse (within two seconds), StoreMoved, StoreTooNew, StoreUnusable, and KeyFileRefused if the key file
    belongs to another database.
    """
    try:
        # made by us, so that it is never readable by others, whatever the umask
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        found = os.fstat(descriptor)
        os.close(descriptor)
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or type(error).__name__) from None
    connection = await aiosqlite.connect(path, isolation_level=None, timeout=LOCK_WAIT_S)
    close = connection.close
    try:
        with refusing(path):
            await own(connection)
            await _end_journal(path)
            await _migrate(connection, path, identity, following, kept_anew)
        store = SqliteStore(connection, clock, _place_of(path, found))
        close = store.aclose
        try:
            await store.hide_minting()
        except NotRecorded as error:
            raise StoreUnusable(str(path), str(error)) from None
        store.start_beat()
        with suppress(NotRecorded):  # without room on the disk: what is left stays hidden
            await store.finish_minting()
    except BaseException:  # refused or cancelled: a connection left open would hang the exit
        await close()
        raise
    return store


def _place_of(path: Path, file: os.stat_result) -> Place:
    place = Place(path)
    if not place.holds(file):
        raise StoreInUse(str(path))  # by whoever replaces it at this moment
    return place


@asynccontextmanager
async def look_into(
    path: Path,
    *,
    clock: Callable[[], datetime],
    identity: str,
    following: str | None = None,
    kept_anew: KeptAnew | None = None,
) -> AsyncIterator[Twin]:
    """Yield a twin of the store and leave the store as it is. Nobody else can own it meanwhile.

    Only what a crash has left half written is undone, as by whoever reads it. Raises what `open_store` raises.
    """
    there = f"{path.absolute().as_uri()}?mode=rw"  # made by nobody, if it is gone by now
    with refusing(path):
        async with (
            aiosqlite.connect(there, uri=True, isolation_level=None, timeout=LOCK_WAIT_S) as file,
            aiosqlite.connect(":memory:", isolation_level=None) as memory,
        ):
            await own(file)
            found = await _version(file)
            await file.backup(memory)
            await own(memory)
            await _migrate(memory, path, identity, following, kept_anew)
            store = SqliteStore(memory, clock, Place(path))
            try:
                yield Twin(store=store, found=found, known=len(_migrations()))
            finally:
                await store.aclose()


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Say in our own words why SQLite does not open the file."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreInUse(str(path)) from None
        raise StoreUnusable(str(path), str(error)) from None


OWN = (
    # The lock comes first. In exclusive mode whoever has read keeps a lock, and of several who come at once and read,
    # each would wait for the others until nobody owns the store.
    "BEGIN EXCLUSIVE",
    "PRAGMA locking_mode=EXCLUSIVE",  # so the lock taken here is kept until the connection closes
    "COMMIT",
    *(f"PRAGMA {pragma}" for pragma in PRAGMAS),
)


async def own(connection: aiosqlite.Connection) -> None:
    """Let nobody else read or write it as long as the connection lasts."""
    for statement in OWN:
        await connection.execute_fetchall(statement)


async def _end_journal(path: Path) -> None:
    """Whoever was here before may have had a disk that failed."""
    try:
        await asyncio.to_thread(bury, path)
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or type(error).__name__) from None


async def _version(connection: aiosqlite.Connection) -> int:
    return int(next(iter(await connection.execute_fetchall("PRAGMA user_version")))[0])


async def _migrate(
    connection: aiosqlite.Connection, path: Path, identity: str, following: str | None, kept_anew: KeptAnew | None
) -> None:
    found = await _version(connection)
    if found > len(_migrations()):
        raise StoreTooNew(str(path), found, len(_migrations()))
    if found:  # before anything is changed by keys that may be another store's
        await _check_name(connection, path, identity, following)
    if found < KEYED:
        await _prepare_cards(connection, path, kept_anew, there=found > 0)
    await _bring_up(connection)
    await connection.execute_fetchall(
        "INSERT INTO store (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM store)", (identity,)
    )
    await _check_name(connection, path, identity, following)
    for (elsewhere,) in await connection.execute_fetchall("SELECT elsewhere FROM store WHERE elsewhere <> ''"):
        raise StoreMoved(str(path), elsewhere)
    # whoever claimed these is not there any more: this process owns the store now
    await connection.execute_fetchall("UPDATE parcel SET state = 'waiting' WHERE state = 'claimed'")


async def make(connection: aiosqlite.Connection) -> None:
    """Make this version's tables in an empty database."""
    await connection.create_function("kept_anew", 3, lambda *_: None)  # of no card
    await _bring_up(connection)


async def _bring_up(connection: aiosqlite.Connection) -> None:
    # a table that others refer to can only be made anew while nobody looks after that: https://sqlite.org/lang_altertable
    await connection.execute_fetchall("PRAGMA foreign_keys=OFF")
    found = await _version(connection)
    for number, script in enumerate(_migrations()[found:], start=found + 1):
        try:
            await connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                await connection.execute_fetchall("ROLLBACK")
            raise
    await connection.execute_fetchall("PRAGMA foreign_keys=ON")


async def _check_name(connection: aiosqlite.Connection, path: Path, identity: str, following: str | None) -> None:
    kept = await connection.execute_fetchall("SELECT id FROM store")
    if any(name not in {identity, following} for (name,) in kept):
        raise KeyFileRefused(str(path), "foreign")


async def _prepare_cards(
    connection: aiosqlite.Connection, path: Path, kept_anew: KeptAnew | None, *, there: bool
) -> None:
    """Let the migration of cards compute what it needs; refuse at once what it could not. Raises KeyFileRefused."""
    walkouts = await connection.execute_fetchall("SELECT DISTINCT walkout FROM card") if there else ()

    def kept(walkout: str, card: bytes, owner: bytes) -> bytes | None:
        if kept_anew is None:
            raise KeyFileRefused(str(path), "missing")
        new = kept_anew(WalkoutId(walkout), card, owner if any(owner) else None)
        return None if new is None else b"".join((new.card, new.pledge, new.owner))

    for (walkout,) in walkouts:
        kept(walkout, bytes(HASH_BYTES), b"")
    await connection.create_function("kept_anew", 3, kept, deterministic=True)
