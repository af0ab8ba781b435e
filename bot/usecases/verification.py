"""Anti-rumour: whether the bot has said something to rooms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.model import Walkout
from bot.storage.store import Statement, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """Something the bot has said to rooms.

    Which workplace's rooms is not told: a copy passed on would show where it came from. The words name the workplace
    where they are about it.
    """

    statement: Statement
    walkout: Walkout


async def verify(references: Iterable[str], store: Store) -> Verified | None:
    """Find what rooms heard under the first of these that was ever given; None if none was."""
    for reference in references:
        found = await store.statement(reference)
        if found is not None:
            return Verified(statement=found, walkout=await store.walkout(found.walkout))
    return None


async def is_being_said(references: Iterable[str], store: Store) -> bool:
    """Say whether one of these is of an announcement that some room may have heard before it is written down.

    Nobody knows a reference but who has read it: it is told nowhere else.
    """
    for reference in references:
        if await store.is_unheard(reference):
            return True
    return False
