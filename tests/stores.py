"""Where a test's stores are: in their folders, or with `--store postgres` each folder's in a database of its own.

A database belongs to its folder's path: whoever opens the folder again finds the same store. Processes that a test
starts are told by the setting by which people tell them.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from bot.domain.errors import NotRecorded
from bot.runtime import app
from bot.runtime.app import App
from bot.secrets.keys import Keys
from bot.storage.postgres.session import dollars
from bot.storage.sqlite import SqliteStore
from bot.storage.twin import Twin

if TYPE_CHECKING:
    from tests.postgres.servers import Server

ENGINES = ("sqlite", "postgres")

KEPT = 4
"""How many empty databases wait to be used again; a test that copies some leaves as many."""

_engine = ENGINES[0]
_databases: dict[Path, str] = {}  #: names, by the folder's path
_cut: set[str] = set()  #: names of those that nobody reaches
_free: list[str] = []  #: empty ones: to make one takes longer than to empty it

_LEASES_END = "UPDATE lease SET until = clock_timestamp()"
_EMPTY = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET client_min_messages = error;
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
    ALTER SCHEMA public OWNER TO bot;
"""


def _server() -> Server:
    from tests.postgres.servers import shared  # noqa: PLC0415  it runs processes, and whatever does is told of stores

    return shared()


both_engines = pytest.mark.usefixtures("engine")
"""Runs on SQLite and on PostgreSQL: in what it tries, they could differ."""


def engine() -> str:
    """Say which one stores are of now."""
    return _engine


@contextmanager
def on(engine: str) -> Iterator[str]:
    """Let folders that are first opened in this block be stores of this engine."""
    global _engine  # noqa: PLW0603  one for the whole run, or for a test
    before, _engine = _engine, engine
    try:
        yield engine
    finally:
        _engine = before


def database_url(folder: Path) -> str | None:
    """Say where the database of this folder is; None: in the folder."""
    folder = folder.resolve()
    if folder not in _databases:
        if _engine == "sqlite":
            return None
        _databases[folder] = _free.pop() if _free else _server().create_database()
    _reachable(_databases[folder])
    return _server().url(_databases[folder])


def setting(folder: Path) -> dict[str, str]:
    """Say so to a process."""
    url = database_url(folder)
    return {} if url is None else {"ALLOUT_DATABASE_URL": url}


def setting_of(command: Sequence[str | Path]) -> dict[str, str]:
    """Say so to a command that names its folder."""
    words = [*map(str, command)]
    return setting(Path(words[words.index("--data") + 1])) if "--data" in words else {}


def open_app(data: Path, **given: Any) -> AbstractAsyncContextManager[App]:
    """Open it as `bot.runtime.app` does, wherever its database is."""
    return app.open_app(data, **{"database_url": database_url(data)} | given)


def look_into(data: Path, **given: Any) -> AbstractAsyncContextManager[tuple[Twin, Keys]]:
    """Look into it as `bot.runtime.app` does, wherever its database is."""
    return app.look_into(data, **{"database_url": database_url(data)} | given)


def rows(folder: Path, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a statement on the store of a folder, beside the bot."""
    url = database_url(folder)
    if url is None:
        with closing(sqlite3.connect(folder / app.DATABASE)) as connection, connection:
            return connection.execute(sql, parameters).fetchall()

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(dollars(sql), *parameters)]
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as beside_the_loop:
        return beside_the_loop.submit(asyncio.run, run()).result()


def as_superuser(folder: Path, statements: str) -> str:
    """Do this in a folder's database, as nobody whose role is the bot's can."""
    return _server().sql(statements, _databases[folder.resolve()])


def database(folder: Path) -> Path | bool:
    """Say to `open_keys` where the database is, of a store that was begun."""
    return folder / app.DATABASE if database_url(folder) is None else True


async def tables(store: Any) -> list[str]:
    """List what an open store keeps, as both engines have it: views where an engine has what they show in pieces."""
    if isinstance(store, SqliteStore):
        found = await store._read("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [name for (name,) in found if not name.startswith("sqlite_")]
    found = await store._read("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
    inner = re.compile("kept_|recent_|counted|mark|migration|lease")
    return [name for (name,) in found if not inner.match(name)] + ["card", "pledge", "counts"]


async def columns(store: Any, table: str) -> list[str]:
    """List the columns of a table."""
    if isinstance(store, SqliteStore):
        return [row[1] for row in await store._read(f"PRAGMA table_info({table})")]
    of_table = "SELECT column_name::text FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position"
    return [name for (name,) in await store._read(of_table, (table,))]


async def changes(store: Any) -> object:
    """Return what is another one after whatever is written to an open store."""
    if isinstance(store, SqliteStore):
        return store._db.total_changes
    return await store._read("SELECT process, mark FROM mark ORDER BY process")


@asynccontextmanager
async def asked(store: Any) -> AsyncIterator[list[str]]:
    """List what an open store asks of its database in this block."""
    statements: list[str] = []
    async with _heard(store, statements.append):
        yield statements


@asynccontextmanager
async def _heard(store: Any, statement: Callable[[str], None]) -> AsyncIterator[None]:
    if isinstance(store, SqliteStore):
        await store._db.set_trace_callback(statement)
        yield
        await store._db.set_trace_callback(None)  # type: ignore[arg-type]  # as sqlite3 has it
    else:
        with store._main.db.query_logger(lambda query: statement(query.query)):
            yield


def kill(folder: Path, into: Path) -> None:
    """Let there be what a kill of the bot would leave of a folder; the bot itself goes on, and reaches nothing more."""
    copy_files(folder, into)
    if name := _databases.pop(folder.resolve(), None):
        _server().sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        _server().sql(f"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
        _databases[into.resolve()] = name
        _cut.add(name)


def _reachable(name: str) -> None:
    """Let the next bot come to what one that was killed has left, once its leases have ended."""
    if name in _cut:
        _cut.remove(name)
        _server().sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        _server().sql(_LEASES_END, name)


async def killed_meanwhile(store: Any, act: Awaitable[object], nth: int, folder: Path, into: Path) -> bool:
    """Do it; kill the bot at its nth statement from here. Say whether there were so many."""
    passed = 0

    def pass_by(_statement: object) -> None:
        nonlocal passed
        passed += 1
        if passed == nth:
            kill(folder, into)

    async with _heard(store, pass_by):
        try:
            await act
        except NotRecorded:  # by one that reaches nothing more
            if passed < nth:
                raise
    return passed >= nth


def copy_files(folder: Path, into: Path) -> None:
    """Copy them, but for a socket."""
    shutil.copytree(folder, into, ignore=shutil.ignore_patterns("*.sock"))


def copy_folder(folder: Path, into: Path) -> None:
    """Copy a folder with its store; nobody has it open if it is in a database."""
    copy_files(folder, into)
    for there in [there for there in _databases if there.is_relative_to(folder.resolve())]:
        copied = _server().create_database(_databases[there])
        _databases[into.resolve() / there.relative_to(folder.resolve())] = copied


def let_go(folder: Path) -> None:
    """Empty the databases of what was below this folder, which is gone: others may have them."""
    for there in [there for there in _databases if there.is_relative_to(folder.resolve())]:
        name = _databases.pop(there)
        _reachable(name)
        if len(_free) < KEPT:
            _server().sql(_EMPTY, name)
            _free.append(name)
        else:
            _server().drop_database(name)


def let_leases_end(folder: Path) -> None:
    """Let the time pass for which a process that was killed had its leases."""
    if name := _databases.get(folder.resolve()):
        _server().sql(_LEASES_END, name)
