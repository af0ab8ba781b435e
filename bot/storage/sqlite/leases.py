"""Leases where one process owns the file: it has them all, for as long as it lives."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bot.domain.leases import NOTHING_SAID, Lease, Said


class Leases:
    """Gives each lease to whoever asks."""

    async def take_lease(self, name: str, holder: str) -> Lease | None:
        """See Leases.take_lease."""
        return Lease(name=name, holder=holder, number=1, lasts_s=math.inf)

    async def renew_lease(self, _lease: Lease, _said: Said = NOTHING_SAID) -> bool:
        """See Leases.renew_lease."""
        return True

    async def give_up_lease(self, _lease: Lease) -> None:
        """See Leases.give_up_lease."""

    async def said(self) -> Mapping[str, Said]:
        """See Leases.said."""
        return {}

    async def adopt_foreign(self) -> None:
        """See Leases.adopt_foreign."""

    async def alone(self, _process: str) -> bool:
        """See Leases.alone."""
        return True
