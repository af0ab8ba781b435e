"""PostgreSQL as a place from which a store moves, or to which: one transaction, for which everybody else waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from bot.domain.errors import StoreInUse
from bot.storage.moving import Fill
from bot.storage.postgres.opening import IS_THERE, PostgresStore, bring_up, connecting, keep_out, place, refusing
from bot.storage.postgres.session import Session
from bot.storage.postgres.tables import PostgresTables
from bot.storage.store import Examined

_BEGIN = "BEGIN; SET LOCAL synchronous_commit = on"
_IN_USE = "SELECT EXISTS (SELECT 1 FROM lease WHERE until > clock_timestamp())"

# Whoever has it open already and stands by, or was stopped, can neither lead nor write any more: each transaction that
# writes leaves its mark.
_STOPPED = ("lease", "mark")
_STOP = "ALTER TABLE {} ADD CONSTRAINT moved CHECK (false) NOT VALID"
_LET_GO = "ALTER TABLE {} DROP CONSTRAINT IF EXISTS moved"


class PostgresHome:
    """A database of a server's."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self.place = place(url)
        self._url = url
        self._clock = clock

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[_Owned]:
        """See Home.owned."""
        hosts = connecting(self._url, pooled=True)
        with refusing(self._url):
            session = Session(hosts, "a move")
            try:
                await session.open()  # whatever was said here before stands on the standbys too
                await session.begin(_BEGIN)
                await keep_out(session.db, self._url)
                if await session.db.fetchval(IS_THERE):
                    # nobody writes any more, and all that was being written is there
                    await session.db.execute("LOCK TABLE mark IN ACCESS EXCLUSIVE MODE")
                    if await session.db.fetchval(_IN_USE):
                        raise StoreInUse(self.place)
                yield _Owned(session, lambda: PostgresStore(hosts, self._clock, "a move"))
            finally:
                session.drop()  # with it goes what was not committed


class _Owned:
    def __init__(self, session: Session, store: Callable[[], PostgresStore]) -> None:
        self._db = session.db
        self._store = store
        self.tables = PostgresTables(session.db)

    async def elsewhere(self) -> str | None:
        """See Owned.elsewhere."""
        if not await self._db.fetchval(IS_THERE):
            return None
        found: str | None = await self._db.fetchval("SELECT elsewhere FROM store")
        return found

    async def fill(self, fill: Fill, elsewhere: str) -> None:
        """See Owned.fill."""
        await bring_up(self._db)
        await self._db.execute(";".join(map(_LET_GO.format, _STOPPED)))
        await fill(self.tables)
        await self.say(elsewhere)

    async def examine(self) -> Examined:
        """See Owned.examine."""
        store = self._store()
        try:
            return await store.examine()
        finally:
            await store.aclose()

    async def say(self, elsewhere: str) -> None:
        """See Owned.say."""
        await self._db.execute("UPDATE store SET elsewhere = $1", elsewhere)
        await self._db.execute(";".join(map(_LET_GO.format, _STOPPED)))
        if elsewhere:
            await self._db.execute(";".join(map(_STOP.format, _STOPPED)))
        await self._db.execute("COMMIT")
