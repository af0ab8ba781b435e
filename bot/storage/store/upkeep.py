"""What is done to the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.domain.fence import Epochs
from bot.domain.model import Announcement, WalkoutId
from bot.domain.pledging import NewCard
from bot.domain.roles import MemberId

KeptAnew = Callable[[WalkoutId, bytes, bytes | None], NewCard | None]
"""What an older version's card becomes: given its walkout, SHA-256 of its code, and its owner if it has one.

None if the walkout's key was destroyed. Raises KeyFileRefused.
"""


class Rekeying(Protocol):
    """What becomes of everything that is under the server's key; see Store.rekey."""

    def reseal(self, sealed: bytes) -> bytes:
        """Seal the same with the other key."""
        ...

    def member(self, member: MemberId, platform: str, address: bytes) -> MemberId | None:
        """Return how the other key recognizes them; None if it cannot."""
        ...

    def proposal(self, matter: str, walkout: str, about: MemberId, content: bytes) -> bytes:
        """Return the key of a proposal, all of which is under the other key already."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What is wrong in a store; nothing, if all but its first field is empty."""

    database: str = ""  #: its kind and version
    damage: tuple[str, ...] = ()  #: in the database's own words; the rest may not have been examined then
    orphans: int = 0  #: rows that refer to others that are not there
    misplaced: int = 0  #: units below what they cannot be part of, or with cards although others are part of them
    miscounted: Mapping[WalkoutId, int] = field(default_factory=dict)  #: units whose counts are not their pledges'
    contradictory: tuple[WalkoutId, ...] = ()  #: on without the announcement of it, or the reverse
    stuck: Mapping[str, int] = field(default_factory=dict)  #: by platform: parcels that were tried again and again


class Upkeep(Protocol):
    """Looks after it."""

    logs_times: bool  #: its database keeps for a while when each change was made, in a log of its own

    async def epochs(self, place: str) -> Epochs:
        """Which epochs are ours in a platform's place; see bot.domain.fence."""
        ...

    async def keep_epochs(self, place: str, ours: Epochs) -> None:
        """Remember them."""
        ...

    async def copy(self) -> bytes:
        """Return the whole database as one file has it, as of one instant between two transactions."""
        ...

    async def rekey(self, name: str, rekeying: Rekeying) -> None:
        """Put everything that is under the server's key under another one, and bear that one's name.

        Nothing is changed if the store bears the name already.
        """
        ...

    async def tidy_up(self, news: Announcement) -> None:
        """Write the file anew if a migration left in it what is not to stay, and then make the news. Cut off, again."""
        ...

    async def examine(self) -> Examined:
        """Look whether all of it is whole and agrees. Cost: reads everything; pledges wait a second, with a million."""
        ...

    async def aclose(self) -> None:
        """Finish what was accepted and let go of the database."""
        ...
