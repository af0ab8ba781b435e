"""News, the parcels that carry it, and what was heard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.committee_word import SaidWord
from bot.domain.model import Announcement, Kind, Unit, Walkout, WalkoutId
from bot.domain.roles import MemberId
from bot.storage.store.people import Note

WordRule = Callable[[Walkout, Sequence[Unit], Sequence[SaidWord]], Sequence[Announcement]]
"""Likewise a rule about what organizers say themselves, given what they have said before."""


class Delivery(StrEnum):
    """What became of a parcel."""

    WAITING = "waiting"
    CLAIMED = "claimed"  #: some process is sending it
    SENT = "sent"
    GONE = "gone"  #: its room does not exist any more, or it is not to be said any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One announcement on its way to one room, or to one person (whose address is sealed)."""

    id: int
    walkout: WalkoutId | None
    news: Announcement
    way: str  #: the bot that carries it
    room: str | None
    person: bytes | None  #: the sealed address
    notice: bool  #: the person is a worker who asked for it; sealed to the walkout's key, None if they ask no more
    member: MemberId  #: the organizer or steward; empty if it goes to nobody who was one when it was made
    attempts: int
    language: str  #: of the room
    nonce: str  #: 20 letters by which a platform knows a parcel that is sent again; made when it is first claimed


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a room has heard."""

    reference: str
    language: str
    words: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """An announcement as rooms really heard it."""

    walkout: WalkoutId
    citywide: bool  #: or in one unit's own rooms
    said: datetime  #: when the first room had heard it
    words: Mapping[str, str]  #: by language


UNHEARD_AFTER = 3
"""Tries; by then a room has not heard its news for a quarter of a minute, and people should look why."""


STUCK_AFTER = 8
"""Tries; by then a parcel has waited for twenty minutes."""


class News(Protocol):
    """Makes news, and keeps what became of its parcels."""

    async def tell(self, news: Announcement) -> None:
        """Make a piece of news that belongs to no walkout."""
        ...

    async def words_said(self, walkout: WalkoutId) -> list[SaidWord]:
        """Return what the organizers have said themselves, in order."""
        ...

    async def say_approved(
        self, proposal: str, walkout: WalkoutId, rule: WordRule, news: Announcement, note: Note
    ) -> bool:
        """Say what organizers have approved, and with that the proposal is done.

        False, and nothing changed, if it is not open any more. Raises whatever the rule raises.
        """
        ...

    async def claim_parcels(
        self, way: str, *, now: datetime, limit: int, only: Collection[Kind] | None = None
    ) -> list[Parcel]:
        """Take a bot's parcels that are due, for sending: oldest first, but those of notices after all others.

        With `only`, those of these kinds.

        After a crash they wait again. A room hears its news in order: while a parcel waits for it, no later one is
        taken, unless that one was tried in vain for most of an hour. While a parcel to a room or an organizer is
        claimed, no other one to them is taken.
        """
        ...

    async def unclaim_parcels(self, way: str, *, but: Collection[int]) -> None:
        """Let a bot's claimed parcels wait again, none of which was tried to be sent but for these."""
        ...

    async def settle(self, parcel: Parcel, became: Delivery, heard: Heard | None = None) -> None:
        """Record what became of a claimed parcel: sent, or its room is gone.

        What a room `heard` is kept for whoever verifies it: the first words in each language, and when that was.
        """
        ...

    async def postpone(self, parcel: Parcel, *, until: datetime) -> None:
        """Put a claimed parcel back, to be tried again."""
        ...

    async def next_parcel(self, way: str) -> datetime | None:
        """When the bot's next waiting parcel may be sent."""
        ...

    async def unsettled(self, walkout: WalkoutId) -> int:
        """How many of the walkout's parcels are still to be sent."""
        ...

    async def statement(self, reference: str) -> Statement | None:
        """Find an announcement that some room has heard; None if there is none of this reference."""
        ...

    async def is_unheard(self, reference: str) -> bool:
        """Say whether there is an announcement of this reference that no room has heard, as far as is known yet."""
        ...
