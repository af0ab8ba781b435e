"""Why nothing is decided now, in one place: whoever decides, announces or sends asks here first.

Source: docs/decisions/0030-when-nothing-is-decided.md.
"""

from __future__ import annotations

from bot.clock_check import ClockCheck
from bot.domain.errors import Held, Hold


class Holds:
    """What holds the bot up, if anything does, the weightiest first."""

    def __init__(self, check: ClockCheck) -> None:
        self._check = check
        self._stopped: set[str] = set()  #: platforms where another bot uses our token

    def stop(self, platform: str) -> None:
        """Decide and send nothing any more: another bot uses this platform's token."""
        self._stopped.add(platform)

    def lift(self, platform: str) -> None:
        """Take that back."""
        self._stopped.discard(platform)

    async def why(self) -> Hold | None:
        """Say why nothing is to be tallied, announced or sent now; None: nothing speaks against it."""
        return await self._why_no_change()

    async def check(self) -> None:
        """Return if nothing speaks against deciding now. Raises Held."""
        if (why := await self.why()) is not None:
            raise Held(why)

    async def check_change(self) -> None:
        """Return if what people do may be recorded now: also while only tallies wait. Raises Held."""
        if (why := await self._why_no_change()) is not None:
            raise Held(why)

    async def _why_no_change(self) -> Hold | None:
        if self._stopped:
            return Hold.FOREIGN
        return None if await self._check.sure() else Hold.CLOCK
