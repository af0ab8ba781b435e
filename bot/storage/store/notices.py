"""Workers' wishes to be told privately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.domain.model import WalkoutId
from bot.domain.pledging import Bearer


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A worker's wish to be told privately. Nothing in it leads to a card or, without the key file, to anybody."""

    locator: bytes  #: an HMAC of the card's code
    walkout: WalkoutId
    way: str  #: the bot that reaches them
    sealed: bytes  #: address, language and unit, to the walkout's public key


class Notices(Protocol):
    """Keeps notices and wishes."""

    async def add_notice(self, notice: Notice, bearer: Bearer) -> bool:
        """Keep a notice if the bearer's own card stands pledged and the walkout is not over; once, however often asked.

        False if there is none now.
        """
        ...

    async def delete_notice(self, locator: bytes) -> None:
        """Forget a notice; nothing more is sent for it, but for what is being sent."""
        ...

    async def has_notice(self, locator: bytes) -> bool:
        """Say whether there is one."""
        ...

    async def add_wish(self, wish: Notice) -> None:
        """Keep somebody's wish to be told if what lapsed is tried again; once, however often asked.

        Its `walkout` is the campaign. Once it was told, or can be told to nobody, it is gone.
        """
        ...

    async def delete_wish(self, locator: bytes) -> None:
        """Forget it; nothing more is sent for it, but for what is being sent."""
        ...
