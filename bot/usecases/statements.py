"""Anti-rumour: whether the bot has said something to rooms."""

from __future__ import annotations

from dataclasses import dataclass

from bot import references
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


async def verify(typed: str, store: Store) -> Verified | None:
    """Find what rooms heard under this reference; None for any that was never said, whatever it looks like."""
    reference = references.parse(typed)
    found = await store.statement(reference) if reference is not None else None
    return None if found is None else Verified(statement=found, walkout=await store.walkout(found.walkout))
