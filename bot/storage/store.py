"""What the application asks of a store; each kind of database is one file beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.model import Announcement, Ruling, Walkout, WalkoutId, Workplace, WorkplaceId
from bot.domain.pledging import Change, Outcome

Rule = Callable[[Walkout, Sequence[Workplace]], Ruling]
"""A pure rule with its time already bound; a store may call it again if its transaction must be repeated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A chat bound to a walkout, citywide (scope None) or for one workplace."""

    walkout: WalkoutId
    scope: WorkplaceId | None
    platform: str
    address: str  #: the platform's own name of the chat


@dataclass(frozen=True, kw_only=True, slots=True)
class Organizer:
    """Somebody who runs walkouts. `id` is an HMAC; address and nickname are sealed with the server key."""

    id: bytes
    platform: str
    address: bytes
    nickname: bytes


class Matter(StrEnum):
    """What needs the approval of several organizers."""

    OPEN = "open"
    CALL_OFF = "call_off"


class Delivery(StrEnum):
    """What became of a parcel."""

    WAITING = "waiting"
    CLAIMED = "claimed"  #: some process is sending it
    SENT = "sent"
    GONE = "gone"  #: its room does not exist any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One announcement on its way to one room, or to one organizer (whose address is sealed)."""

    id: int
    walkout: WalkoutId
    news: Announcement
    platform: str
    room: str | None
    person: bytes | None  #: the sealed address
    attempts: int
    nonce: str  #: 20 letters by which a platform knows a parcel that is sent again; made when it is first claimed


class Store(Protocol):
    """Everything the application remembers.

    Each method is one transaction. Any of them raises NotRecorded if the database could not write, and
    then nothing was changed.
    """

    async def apply(self, change: Change) -> Outcome:
        """Look at, pledge or take back one card; return after the commit.

        Raises the refusals of bot.domain.pledging, and TallyDue if a tally stands before this change.
        """
        ...

    async def decide(self, walkout: WalkoutId, rule: Rule) -> Ruling:
        """Store what the rule makes of the walkout: its state, its board, its news and their parcels.

        Raises NoSuchWalkout, and whatever the rule raises.
        """
        ...

    async def add_walkout(self, walkout: Walkout, workplaces: Sequence[Workplace]) -> None:
        """Keep a new draft."""
        ...

    async def walkouts(self) -> list[Walkout]:
        """Every walkout, in the order of their starts."""
        ...

    async def walkout(self, walkout: WalkoutId) -> Walkout:
        """One walkout. Raises NoSuchWalkout."""
        ...

    async def workplaces(self, walkout: WalkoutId) -> list[Workplace]:
        """Every workplace of the walkout, by number. Cost: one row each, however many cards."""
        ...

    async def workplace(self, walkout: WalkoutId, workplace: WorkplaceId) -> Workplace:
        """One workplace."""
        ...

    async def look_up(self, walkout: WalkoutId, workplace: WorkplaceId) -> tuple[Walkout, Workplace]:
        """Find a walkout and a workplace of it; both exist. Cost: one read for all who ask at the same time."""
        ...

    async def mint(
        self,
        walkout: WalkoutId,
        cards: Mapping[WorkplaceId, Sequence[bytes]],
        *,
        beyond_headcount: bool = False,
    ) -> None:
        """Add new cards, given by their hashes. Raises BeyondHeadcount, and then adds none at all."""
        ...

    async def close(self, walkout: WalkoutId) -> None:
        """Forget the walkout's cards, rooms, proposals and parcels; keep its announcements."""
        ...

    async def bind_room(self, room: Room) -> None:
        """Let the room hear the walkout's news from now on."""
        ...

    async def release_room(self, walkout: WalkoutId, platform: str, address: str) -> bool:
        """Undo the binding; False if there was none."""
        ...

    async def move_room(self, platform: str, old: str, new: str) -> None:
        """Follow a chat that has got another name, with the parcels on their way to it."""
        ...

    async def lose_room(self, platform: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """Unbind a chat that is gone from every walkout, and make the news of each binding."""
        ...

    async def rooms(self, walkout: WalkoutId) -> list[Room]:
        """Every room of the walkout."""
        ...

    async def add_organizer(self, organizer: Organizer) -> None:
        """Add or renew an organizer."""
        ...

    async def add_organizer_code(self, key: bytes, *, until: datetime) -> None:
        """Keep the hash of a code that makes one organizer."""
        ...

    async def redeem_organizer_code(self, key: bytes, organizer: Organizer, *, now: datetime) -> bool:
        """Use the code up and add the organizer; False, and nothing changed, if it is unknown or too old."""
        ...

    async def is_organizer(self, person: bytes) -> bool:
        """Say whether this account, as the server key sees it, is an organizer."""
        ...

    async def support(
        self, walkout: WalkoutId, matter: Matter, organizer: bytes, *, at: datetime, since: datetime
    ) -> int:
        """Note that the organizer wants it; return how many distinct ones have since `since`."""
        ...

    async def claim_parcels(self, platform: str, *, now: datetime, limit: int) -> list[Parcel]:
        """Take a platform's waiting parcels, oldest first, for sending. After a crash they wait again."""
        ...

    async def settle(self, parcel: int, became: Delivery) -> None:
        """Record what became of a claimed parcel: sent, or its room is gone."""
        ...

    async def postpone(self, parcel: int, *, until: datetime) -> None:
        """Put a claimed parcel back, to be tried again."""
        ...

    async def next_parcel(self, platform: str) -> datetime | None:
        """When the platform's next waiting parcel may be sent."""
        ...

    async def unsettled(self, walkout: WalkoutId) -> int:
        """How many of the walkout's parcels are still to be sent."""
        ...

    async def aclose(self) -> None:
        """Finish what was accepted and let go of the database."""
        ...
