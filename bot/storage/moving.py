"""A store moves from one database to another: at every instant at most one of them counts.

Source: docs/decisions/0074-a-store-that-moves.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Protocol

from bot.domain.errors import InTheWay, NotWritten, StoreMoved, StoreUnusable
from bot.storage.copying import Source, Target, Told, copy
from bot.storage.store import Examined

Fill = Callable[[Target], Awaitable[None]]


class Owned(Protocol):
    """A database that nobody else can open or write to, until it is said where the store is."""

    @property
    def tables(self) -> Source:
        """What it holds."""
        ...

    async def elsewhere(self) -> str | None:
        """Return where the store is that counts, '' if it is this one; None if there is none here."""
        ...

    async def fill(self, fill: Fill, elsewhere: str) -> None:
        """Put another store in place of this one, whole or not at all, which says that the one elsewhere counts."""
        ...

    async def examine(self) -> Examined:
        """See Store.examine."""
        ...

    async def say(self, elsewhere: str) -> None:
        """Let it say from now on that the store elsewhere counts. Last."""
        ...


class Home(Protocol):
    """A database where a store is, or may come to be."""

    place: str  #: what it is called, without any password

    def owned(self) -> AbstractAsyncContextManager[Owned]:
        """Keep everybody else out. Raises StoreInUse, StoreUnusable."""
        ...


async def move(source: Home, target: Home, told: Told) -> None:
    """Move the store. Begun again after it was cut off, it goes on, or begins anew.

    Raises InTheWay, NotWritten, StoreInUse, StoreMoved, StoreUnusable; then the store is where it was.
    """
    async with source.owned() as here, target.owned() as there:
        if not await here.elsewhere():
            if await there.elsewhere() not in {None, source.place}:
                raise InTheWay(target.place)
            await there.fill(partial(_copy, here.tables, told=told), source.place)
            await _compare(here, there, source.place, target.place)
            await here.say(target.place)
    # Anew, so that the last word stands on every disk where it has to stand, and nobody has moved it back meanwhile.
    async with source.owned() as here, target.owned() as there:
        at = await here.elsewhere()
        if at != target.place or await there.elsewhere() not in {"", source.place}:
            raise StoreMoved(source.place, at or "?")
        await there.say("")


async def _copy(source: Source, target: Target, *, told: Told) -> None:
    await copy(source, target, told)


async def _compare(here: Owned, there: Owned, source: str, target: str) -> None:
    """Hold against each other what an examination finds. What was wrong before stays for the doctor to tell."""
    before, after = [replace(await each.examine(), database="") for each in (here, there)]
    if before.damage:
        raise StoreUnusable(source, before.damage[0])
    if before != after:
        raise NotWritten(target, "an examination finds there what was not wrong before")
