"""A store that is looked at, and which schema it has."""

from __future__ import annotations

from dataclasses import dataclass

from bot.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Twin:
    """SQLite's copy in memory, brought to this version's schema; or the database itself."""

    store: Store
    found: int  #: the schema of the store itself
    known: int  #: this version's
