"""Opening the file: this process alone owns it, and brings it to this version's schema."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from importlib import resources
from pathlib import Path

import aiosqlite

from bot.domain.errors import KeyFileRefused, StoreInUse, StoreTooNew, StoreUnusable
from bot.storage.sqlite.cards import Cards
from bot.storage.sqlite.copies import Copies
from bot.storage.sqlite.errands import Errands
from bot.storage.sqlite.examination import Examination
from bot.storage.sqlite.journal import bury
from bot.storage.sqlite.paper import Paper
from bot.storage.sqlite.people import People
from bot.storage.sqlite.place import Place
from bot.storage.sqlite.rekeying import Rekeyed
from bot.storage.sqlite.rooms import Rooms
from bot.storage.sqlite.statements import Statements

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


class SqliteStore(Cards, Paper, Rooms, People, Statements, Errands, Copies, Examination, Rekeyed):
    """A Store in one file, owned by one process. Make it with `open_store`."""


def _migrations() -> list[str]:
    folder = resources.files("bot.storage") / "migrations" / "sqlite"
    scripts = sorted((script for script in folder.iterdir() if script.name.endswith(".sql")), key=lambda s: s.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


async def open_store(
    path: Path, *, clock: Callable[[], datetime], identity: str, following: str | None = None
) -> SqliteStore:
    """Open the store for this process alone, and bring it to this version's schema.

    `identity` is the store's name in the key file, `following` the one it may bear already if its key is being changed.
    Raises StoreInUse (within two seconds), StoreTooNew,
    StoreUnusable, and KeyFileRefused if the key file belongs to another database.
    """
    try:
        # made by us, so that it is never readable by others, whatever the umask
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        found = os.fstat(descriptor)
        os.close(descriptor)
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or type(error).__name__) from None
    opened = False
    connection = await aiosqlite.connect(path, isolation_level=None, timeout=LOCK_WAIT_S)
    try:
        await _own(connection)
        await _end_journal(path)
        await _migrate(connection, path, identity, following)
        place = Place(path)
        if not place.holds(found):
            raise StoreInUse(str(path))  # by whoever replaces it at this moment
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreInUse(str(path)) from None
        raise StoreUnusable(str(path), str(error)) from None
    except sqlite3.Error as error:
        raise StoreUnusable(str(path), str(error)) from None
    else:
        opened = True
        return SqliteStore(connection, clock, place)
    finally:
        if not opened:  # refused or cancelled: a connection left open would hang the exit
            await connection.close()


OWN = (
    # The lock comes first. In exclusive mode whoever has read keeps a lock, and of several who come at once and read,
    # each would wait for the others until nobody owns the store.
    "BEGIN EXCLUSIVE",
    "PRAGMA locking_mode=EXCLUSIVE",  # so the lock taken here is kept until the connection closes
    "COMMIT",
    *(f"PRAGMA {pragma}" for pragma in PRAGMAS),
)


async def _own(connection: aiosqlite.Connection) -> None:
    for statement in OWN:
        await connection.execute_fetchall(statement)


async def _end_journal(path: Path) -> None:
    """Whoever was here before may have had a disk that failed."""
    try:
        await asyncio.to_thread(bury, path)
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or type(error).__name__) from None


async def _migrate(connection: aiosqlite.Connection, path: Path, identity: str, following: str | None) -> None:
    scripts = _migrations()
    found = next(iter(await connection.execute_fetchall("PRAGMA user_version")))[0]
    if found > len(scripts):
        raise StoreTooNew(str(path), found, len(scripts))
    for number, script in enumerate(scripts[found:], start=found + 1):
        try:
            await connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                await connection.execute_fetchall("ROLLBACK")
            raise
    await connection.execute_fetchall(
        "INSERT INTO store (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM store)", (identity,)
    )
    kept = next(iter(await connection.execute_fetchall("SELECT id FROM store")))[0]
    if kept not in {identity, following}:
        raise KeyFileRefused(str(path), "foreign")
    # whoever claimed these is not there any more: this process owns the store now
    await connection.execute_fetchall("UPDATE parcel SET state = 'waiting' WHERE state = 'claimed'")
