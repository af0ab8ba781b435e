"""Walkouts that organizers put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.roles import MemberId


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketched:
    """A walkout that an organizer is putting together; both parts are sealed."""

    number: int  #: grows by one with each change, from 1
    content: bytes
    list: bytes  #: of workplaces


class Sketches(Protocol):
    """Keeps sketches."""

    async def sketch(self, organizer: MemberId) -> Sketched | None:
        """Return what somebody is putting together."""
        ...

    async def keep_sketch(self, organizer: MemberId, sketched: Sketched, *, until: datetime) -> bool:
        """Keep it; False, and nothing is changed, if its number is not the next one or they organize no more."""
        ...

    async def drop_sketch(self, organizer: MemberId) -> None:
        """Forget it."""
        ...

    async def drop_old_sketches(self, *, now: datetime) -> None:
        """Forget those whose time is over."""
        ...

    async def oldest_sketch(self) -> datetime | None:
        """When the next one is to be forgotten."""
        ...
