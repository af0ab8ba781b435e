"""Who of several processes does what is done once."""

from __future__ import annotations

from typing import Protocol

from bot.domain.leases import Lease


class Leases(Protocol):
    """Who of several processes over one store does what is done once; by the database's clock, see bot.domain.leases.

    Within `bot.storage.fencing.fenced` each transaction of the store's raises LeaseLost, and changes nothing, if the
    lease has another number by then; and as long as it lasts nobody takes the lease over.
    Any method raises NotRecorded, and then nobody knows.
    """

    async def take_lease(self, name: str, holder: str) -> Lease | None:
        """Give the lease, with a new number, if nobody has it, or this holder; else None."""
        ...

    async def renew_lease(self, lease: Lease) -> bool:
        """Let it last from now; False if somebody else has taken it."""
        ...

    async def give_up_lease(self, lease: Lease) -> None:
        """Let anybody take it at once."""
        ...
