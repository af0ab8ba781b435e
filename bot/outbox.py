"""Carries parcels out: claims them, hands them to their platform, settles what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.model import Announcement, Walkout, Workplace
from bot.keys import Keys
from bot.scheduler import Clock
from bot.storage.store import Delivery, Parcel, Store

AT_ONCE = 100
"""Parcels claimed at a time."""

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)


class RoomGone(Exception):  # noqa: N818  an answer of the platform, not a fault of ours
    """The chat does not exist any more, or does not want us."""


class TryLater(Exception):  # noqa: N818
    """The platform did not take it. `after`: how long it asks us to wait, if it says so."""

    def __init__(self, after: timedelta | None = None) -> None:
        super().__init__(after)
        self.after = after


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A parcel opened: everything a platform needs to word and send it."""

    news: Announcement
    walkout: Walkout
    about: Workplace | None
    address: str
    private: bool  #: to a person, not to a room


class Sender(Protocol):
    """A platform's way out."""

    async def send(self, letter: Letter) -> None:
        """Send it, or raise RoomGone or TryLater."""
        ...


class Outbox:
    """The parcels' only way out."""

    def __init__(self, store: Store, keys: Keys, senders: Mapping[str, Sender], clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._senders = senders
        self._clock = clock

    async def due(self) -> datetime | None:
        """Return when the next parcel may be sent."""
        return await self._store.next_parcel(self._senders)

    async def deliver(self) -> None:
        """Send every parcel that is due, in the order in which they were made."""
        while parcels := await self._store.claim_parcels(self._senders, now=self._clock(), limit=AT_ONCE):
            for parcel in parcels:
                await self._carry(parcel)

    async def _carry(self, parcel: Parcel) -> None:
        try:
            await self._senders[parcel.platform].send(await self._open(parcel))
        except RoomGone:
            await self._store.settle(parcel.id, Delivery.GONE)
        except TryLater as trouble:
            wait = trouble.after or min(FIRST_WAIT * 2 ** (parcel.attempts - 1), LONGEST_WAIT)
            await self._store.postpone(parcel.id, until=self._clock() + wait)
        else:
            await self._store.settle(parcel.id, Delivery.SENT)

    async def _open(self, parcel: Parcel) -> Letter:
        about = parcel.news.about
        return Letter(
            news=parcel.news,
            walkout=await self._store.walkout(parcel.walkout),
            about=None if about is None else await self._store.workplace(parcel.walkout, about),
            address=parcel.room if parcel.room is not None else self._keys.unseal(parcel.person or b""),
            private=parcel.room is None,
        )
