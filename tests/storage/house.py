"""Where a store lives during a test, and the hands that reach into it from outside.

Tests are written against the Store protocol and a House; another kind of database is one more House.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from bot.domain.errors import Refused
from bot.domain.model import Announcement, CardState, Kind, UnitId, WalkoutId
from bot.domain.pledging import Act, Change, Enrolment, NewCard, Outcome
from bot.process.clock import Clock
from bot.storage import postgres
from bot.storage.postgres.opening import PostgresStore
from bot.storage.sqlite import open_store
from bot.storage.store import Store
from tests import stores
from tests.conftest import WALKOUT
from tests.postgres.stores import IDENTITY

CLOSED = Announcement(
    kind=Kind.WALKOUT_CLOSED, occasion=WALKOUT, to_rooms=False, to_organizers=True, facts={"title": "One day"}
)


class House(Protocol):
    """A database that can be opened, closed and opened again."""

    def open(self, clock: Clock, *, identity: str = IDENTITY) -> AbstractAsyncContextManager[Store]:
        """Let a store live here for as long as the block lasts."""
        ...

    def refuse(self, table: str, event: str, condition: str) -> None:
        """Have the database itself abort such a statement from now on. Only while nobody lives here."""
        ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read past the store. Only while nobody lives here."""
        ...

    def columns(self, table: str) -> list[str]:
        """Name a table's columns, in order. Likewise."""
        ...


class PostgresHouse:
    """A database of a server; `url` is its address for the bot."""

    def __init__(self, url: str, superuser: Callable[[str], str]) -> None:
        self.url = url
        self._sql = superuser

    @asynccontextmanager
    async def open(
        self, clock: Clock, *, identity: str = IDENTITY, process: str = "a test"
    ) -> AsyncIterator[PostgresStore]:
        store = await postgres.open_store(self.url, clock=clock, identity=identity, process=process)
        try:
            yield store
        finally:
            await store.aclose()

    def refuse(self, table: str, event: str, condition: str) -> None:
        # what changes between two tallies is written to a table of its own: a new row there may change an old one
        recent = {"card": "recent_card", "pledge": "recent_pledge", "counted": "recent_count"}.get(table)
        event = "INSERT OR UPDATE" if recent else event
        condition = re.sub("x'([0-9a-f]*)'", r"'\\x\1'", condition)
        self._sql(
            f"CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition} THEN RAISE EXCEPTION 'refused by the test'; END IF; RETURN new; END $$; "
            f"CREATE TRIGGER refuse_{table} BEFORE {event} ON {recent or table} FOR EACH ROW "
            f"EXECUTE FUNCTION refuse_{table}()"
        )

    def do(self, sql: str) -> None:
        """Do this as the superuser, whoever lives here."""
        self._sql(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async def read() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.url)
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:  # a loop may run in this one
            return thread.submit(asyncio.run, read()).result()

    def columns(self, table: str) -> list[str]:
        of = f"attrelid = '{table}'::regclass AND attnum > 0"
        found = self.rows(f"SELECT attname FROM pg_attribute WHERE {of} ORDER BY attnum")  # noqa: S608
        return [name for (name,) in found]


class SqliteHouse:
    """A file. Nobody else in this process may touch it while a store is open: that would drop its lock."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "allout.db"

    @asynccontextmanager
    async def open(self, clock: Clock, *, identity: str = IDENTITY) -> AsyncIterator[Store]:
        store = await open_store(self.path, clock=clock, identity=identity, kept_anew=kept_anew)
        try:
            yield store
        finally:
            await store.aclose()

    def refuse(self, table: str, event: str, condition: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(
                f"CREATE TRIGGER refuse_{table} BEFORE {event} ON {table} WHEN {condition} "
                "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
            )
            connection.commit()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def columns(self, table: str) -> list[str]:
        return [name for (name,) in self.rows(f"SELECT name FROM pragma_table_info('{table}')")]  # noqa: S608


def house_in(folder: Path) -> House:
    """Have a store in this folder, or in its database: wherever stores are."""
    url = stores.database_url(folder)
    return SqliteHouse(folder) if url is None else PostgresHouse(url, partial(stores.as_superuser, folder))


def key(name: object) -> bytes:
    """Make 32 bytes that stand for something of this name."""
    return sha256(str(name).encode()).digest()


def fresh(card: object, walkout: WalkoutId = WALKOUT) -> NewCard:
    """Say how a card of this name is kept that nobody has pledged."""
    return NewCard(key(f"{card} of {walkout}"), key(f"pledge of {card} of {walkout}"), key(f"{card} is free"))


def kept_anew(walkout: WalkoutId, card: bytes, owner: bytes | None) -> NewCard:
    """Say how a card is kept, of the first hundred, that older versions kept; owners are the same here."""
    kept = next(fresh(name, walkout) for name in range(100) if key(name) == card) if any(card) else fresh("", walkout)
    return kept if owner is None else kept._replace(owner=owner)


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A card of this name in a person's hand; the person looks different under every walkout's key."""

    name: object
    who: object
    walkouts: Collection[WalkoutId] = (WALKOUT,)

    @property
    def card(self) -> bytes:
        return key(self.name)

    @property
    def keys(self) -> Mapping[WalkoutId, tuple[bytes, bytes]]:
        return {walkout: fresh(self.name, walkout)[:2] for walkout in self.walkouts}

    def free(self, walkout: WalkoutId) -> bytes:
        return fresh(self.name, walkout).owner

    def owner(self, walkout: WalkoutId) -> bytes:
        return key(f"{self.who} in {walkout}")

    def notice(self, walkout: WalkoutId) -> bytes:
        return key(f"notice of {self.name} in {walkout}")

    def ballot(self, walkout: WalkoutId) -> bytes:
        return key(f"ballot of {self.who} by {self.name} in {walkout}")


def asks(
    act: Act,
    card: object,
    who: object,
    *,
    walkouts: Collection[WalkoutId] = (WALKOUT,),
    enrol: UnitId | None = None,
) -> Change:
    """Say what a person asks of a card."""
    enrolment = None if enrol is None else Enrolment(walkout=WALKOUT, unit=enrol)
    return Change(act=act, bearer=Hand(name=card, who=who, walkouts=walkouts), enrol=enrolment)


def pledges(card: object, who: object = "ana", *, enrol: UnitId | None = None) -> Change:
    """Say that a person pledges."""
    return asks(Act.PLEDGE, card, who, enrol=enrol)


def withdraws(card: object, who: object = "ana") -> Change:
    """Say that a person takes their pledge back."""
    return asks(Act.WITHDRAW, card, who)


def looks(card: object, who: object = "ana") -> Change:
    """Say that a person looks at a card."""
    return asks(Act.LOOK, card, who)


async def standing(store: Store, walkout: WalkoutId = WALKOUT) -> list[int]:
    """Return how many stand at each workplace."""
    return [place.standing for place in await store.units(walkout)]


async def minted(store: Store, walkout: WalkoutId = WALKOUT) -> list[int]:
    """Return how many cards each workplace has."""
    return [place.minted for place in await store.units(walkout)]


async def together(store: Store, changes: Iterable[Change]) -> list[Outcome | BaseException]:
    """Ask for all of it at the same instant; return the answers, refusals among them."""
    answers: list[Outcome | BaseException] = await asyncio.gather(
        *(store.apply(change) for change in changes), return_exceptions=True
    )
    return answers


async def verdict(answer: Awaitable[Outcome]) -> tuple[type[Refused] | CardState | None, bool]:
    """Return what was answered, short: the refusal, or the state of one's own pledge; and whether it changed."""
    try:
        outcome = await answer
    except Refused as refused:
        return type(refused), False
    return outcome.mine, outcome.changed


def short(answer: Outcome | BaseException) -> tuple[type[BaseException] | CardState | None, bool]:
    """Likewise, of an answer already there."""
    if isinstance(answer, Outcome):
        return answer.mine, answer.changed
    return type(answer), False
