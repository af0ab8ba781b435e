"""Who of several processes does what is done once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.domain.leases import NOTHING_SAID, Lease, Said


class Leases(Protocol):
    """Who of several processes over one store does what is done once; by the database's clock, see bot.domain.leases.

    Within `bot.storage.fencing.fenced` each transaction of the store's raises LeaseLost, and changes nothing, if the
    lease has another number by then; and as long as it lasts nobody takes the lease over.
    Any method raises NotRecorded, and then nobody knows.
    """

    async def take_lease(self, name: str, holder: str) -> Lease | None:
        """Give the lease, with a new number, if nobody has it, or this holder; else None."""
        ...

    async def renew_lease(self, lease: Lease, said: Said = NOTHING_SAID) -> bool:
        """Let it last from now, and let others know how its way is; False if somebody else has taken it."""
        ...

    async def give_up_lease(self, lease: Lease) -> None:
        """Let anybody take it at once."""
        ...

    async def said(self) -> Mapping[str, Said]:
        """Return how each way is that some process has, or had within a day: so long do platforms keep what people do.

        Empty where no other process can have one.
        """
        ...

    async def adopt_foreign(self) -> None:
        """Ask whoever has a way whose token another bot has taken to take it back."""
        ...

    async def alone(self, process: str) -> bool:
        """Say whether no other process is alive that uses the store."""
        ...
