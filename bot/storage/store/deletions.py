"""Messages that are to be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledDeletion:
    """A message that is to be deleted."""

    id: int
    what: bytes  #: the platform's own name of it, sealed
    attempts: int


class Deletions(Protocol):
    """Keeps what is to be deleted, and when."""

    async def add_deletion(self, way: str, what: bytes, *, due: datetime) -> None:
        """Remember a message that is to be deleted."""
        ...

    async def due_deletions(self, way: str, *, now: datetime) -> list[ScheduledDeletion]:
        """Every scheduled deletion of the bot's that is due."""
        ...

    async def put_off_deletion(self, deletion: int, *, until: datetime) -> None:
        """Let it be tried again."""
        ...

    async def drop_deletion(self, deletion: int) -> None:
        """Forget it."""
        ...

    async def next_deletion(self, way: str) -> datetime | None:
        """When the bot's next scheduled deletion is due."""
        ...
