"""Which bots there are, and what belongs to each."""

from __future__ import annotations

from typing import Protocol

from bot.domain.roles import MemberId


class Ways(Protocol):
    """Keeps bots."""

    async def welcome(self, way: str, bot: str) -> None:
        """Note a bot that its platform has let in, and what it is called there.

        The first of its platform adopts what an older version has kept, to which there was only one.
        """
        ...

    async def ways(self) -> dict[str, str]:
        """Every bot that was welcomed and not taken over since, and what it is called."""
        ...

    async def adopt_way(self, old: str, new: str) -> None:
        """Let everything that belongs to one way belong to another. A chat bound by both stays bound once."""
        ...

    async def follow(self, member: MemberId, way: str) -> bool:
        """Reach somebody with a role by this way from now on, also with what waits; False if it is so already."""
        ...

    async def take_chat(self, way: str, address: str) -> None:
        """Let a chat hear its news by this way alone, if it heard any by another of the same platform."""
        ...

    async def rooms_by_way(self) -> dict[str, int]:
        """How many bindings each way has, where it has any."""
        ...

    async def untried(self) -> dict[str, int]:
        """Return, of each way, the first waiting parcel that nobody has tried to send, if there is one."""
        ...
