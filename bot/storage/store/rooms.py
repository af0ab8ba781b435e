"""Chats that hear the news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.domain.model import Announcement, UnitId, WalkoutId
from bot.storage.store.people import Note


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A chat bound to a walkout, citywide (scope None) or for one unit."""

    walkout: WalkoutId
    scope: UnitId | None
    way: str  #: the bot that speaks there
    address: str  #: the platform's own name of the chat
    language: str = ""  #: in which it hears the news; '': the walkout's own
    tries: int = 0  #: so often its news was tried to be sent in vain by now


class Rooms(Protocol):
    """Keeps rooms."""

    async def bind_room(self, room: Room, note: Note | None = None) -> None:
        """Let the room hear the walkout's news from now on; bound again with another language it changes to that."""
        ...

    async def release_room(self, walkout: WalkoutId, way: str, address: str, note: Note | None = None) -> bool:
        """Undo the binding; False if there was none."""
        ...

    async def move_room(self, way: str, old: str, new: str) -> None:
        """Follow a chat that has got another name, with the parcels on their way to it."""
        ...

    async def lose_room(self, way: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """Unbind a chat that is gone from every walkout, and make the news of each binding."""
        ...

    async def tell_of_room(self, way: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """Make the news of each binding of a chat."""
        ...

    async def rooms(self, walkout: WalkoutId) -> list[Room]:
        """Every room of the walkout."""
        ...

    async def test_rooms(
        self, walkout: WalkoutId, news: Callable[[UnitId | None], Announcement], note: Note, *, since: str
    ) -> int | None:
        """Make this news for every scope that has a room; return how many rooms will hear it.

        None, and nothing changed, if such news was made since the occasion `since`.
        """
        ...
