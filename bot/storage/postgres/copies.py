"""Copies of the whole database, for backups."""

from __future__ import annotations

from bot.domain.errors import NotRecorded
from bot.storage.postgres.engine import Engine


class Copies(Engine):
    """Makes copies."""

    async def copy(self) -> bytes:
        """See Store.copy."""
        raise NotRecorded("not yet")
