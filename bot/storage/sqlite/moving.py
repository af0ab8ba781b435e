"""SQLite as a place from which a store moves, or to which: a file that this process alone has."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path

import aiosqlite

from bot.domain.errors import StoreUnusable
from bot.storage.moving import Fill
from bot.storage.sql.writer import Writer
from bot.storage.sqlite.file_identity import Place
from bot.storage.sqlite.journal import bury
from bot.storage.sqlite.opening import LOCK_WAIT_S, SqliteStore, make, own, refusing
from bot.storage.sqlite.tables import SqliteTables
from bot.storage.store import Examined


class SqliteHome:
    """A file, which may not be there yet."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self.place = str(path.absolute())
        self._path = path
        self._clock = clock

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[_Owned]:
        """See Home.owned."""
        with refusing(self._path):
            owned = _Owned(self._path, self._clock)
            try:
                if self._path.exists():
                    await owned.open()
                yield owned
            finally:
                await owned.aclose()


class _Owned:
    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._db: aiosqlite.Connection | None = None

    async def open(self) -> None:
        """Own the file that lies there."""
        self._db = await aiosqlite.connect(self._path, isolation_level=None, timeout=LOCK_WAIT_S)
        await own(self._db)
        with _refusing(self._path):
            bury(self._path)

    async def aclose(self) -> None:
        """Let go of it."""
        if self._db is not None:
            await self._db.close()
            self._db = None

    @property
    def _there(self) -> aiosqlite.Connection:
        if self._db is None:
            raise StoreUnusable(str(self._path), "it is not there")
        return self._db

    @property
    def tables(self) -> SqliteTables:
        """See Owned.tables."""
        return SqliteTables(self._there)

    async def elsewhere(self) -> str | None:
        """See Owned.elsewhere."""
        if self._db is None:
            return None
        if not await self._db.execute_fetchall("SELECT 1 FROM pragma_table_info('store') WHERE name = 'elsewhere'"):
            return ""  # an older version's
        return next((str(place) for (place,) in await self._db.execute_fetchall("SELECT elsewhere FROM store")), "")

    async def fill(self, fill: Fill, elsewhere: str) -> None:
        """See Owned.fill. It is a new file, so that whatever happens the old one is there or the new one."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        journal = Path(f"{fresh}-journal")
        is_new = self._db is None
        with _refusing(self._path), ExitStack() as cleared:
            for left in (fresh, journal):
                left.unlink(missing_ok=True)  # by a crash
                cleared.callback(left.unlink, missing_ok=True)
            os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            async with aiosqlite.connect(fresh, isolation_level=None) as db:
                await own(db)
                await make(db)
                await db.execute_fetchall("BEGIN")
                await fill(SqliteTables(db))
                await db.execute_fetchall("UPDATE store SET elsewhere = ?", (elsewhere,))
                await db.execute_fetchall("COMMIT")
            await self.aclose()
            if is_new:
                os.link(fresh, self._path)  # never over one that somebody has begun meanwhile
            else:
                fresh.replace(self._path)
            await self.open()  # has the folder on the disk as well

    async def examine(self) -> Examined:
        """See Owned.examine."""
        store = SqliteStore(self._there, self._clock, Place(self._path))
        try:
            return await store.examine()
        finally:
            await Writer.aclose(store)  # the connection stays

    async def say(self, elsewhere: str) -> None:
        """See Owned.say."""
        await self._there.execute_fetchall("UPDATE store SET elsewhere = ?", (elsewhere,))


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or type(error).__name__) from None
