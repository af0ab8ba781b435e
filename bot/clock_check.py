"""Holds this machine's clock against others before it decides anything that cannot be undone.

Source: docs/decisions/0026-a-clock-far-off-decides-nothing.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta

from bot import logs
from bot.clock import Clock, real_clock
from bot.logs import Event

log = logging.getLogger(__name__)

FAR_OFF = timedelta(hours=1)
"""A clock that is less wrong goes on deciding: people count on the bot, and the doctor tells of it."""

GOOD_FOR_S = 60.0
"""A clock that was right is right for so long, unless it is set meanwhile."""

ASKED_AGAIN_AFTER_S = 2.0
"""While it is in doubt."""

Ask = Callable[[], Awaitable[datetime | None]]
"""Asks a server for the time; None if it does not tell it. Raises OSError if it does not answer."""


class ClockCheck:
    """Asks these servers, by platform; without any the clock is trusted. `steady` counts seconds and cannot be set."""

    def __init__(
        self,
        servers: Mapping[str, Ask] | None = None,
        *,
        clock: Clock = real_clock,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = servers or {}
        self._clock = clock
        self._steady = steady
        self._right_at: tuple[datetime, float] | None = None  #: when it last was, by the clock and by the steady count
        self._doubted_at: float | None = None
        self._turn = asyncio.Lock()
        logs.know(*self._servers)

    async def sure(self) -> bool:
        """Say whether nothing speaks against the clock."""
        if not self._servers:
            return True
        async with self._turn:
            if self._doubted_at is None or self._steady() >= self._doubted_at + ASKED_AGAIN_AFTER_S:
                await self._look()
            return self._doubted_at is None

    async def _look(self) -> None:
        against = None if self._goes_steadily(GOOD_FOR_S) else await self._against()
        if against is None:
            if self._doubted_at is not None:
                log.warning(Event.CLOCK_RIGHT)
            self._doubted_at = None
        else:
            if self._doubted_at is None:
                log.error(*against)
            self._doubted_at = self._steady()

    async def _against(self) -> tuple[Event, *tuple[str | int, ...]] | None:
        """Ask everybody until one agrees; say what speaks against the clock."""
        silent, off = True, None
        async with aclosing(_as_they_answer(self._servers)) as answers:
            async for platform, told in answers:
                silent = False
                if told is None:
                    continue
                ahead = abs(self._clock() - told)
                if ahead <= FAR_OFF:
                    self._right_at = self._clock(), self._steady()
                    return None
                off = Event.CLOCK_OFF, platform, round(ahead / timedelta(hours=1))
        if off is None and silent and not self._goes_steadily():
            return (Event.CLOCK_UNCHECKED,)
        return off

    def _goes_steadily(self, at_most_s: float = float("inf")) -> bool:
        """Say whether the clock was right at most so long ago, and has gone no further since than the time."""
        if self._right_at is None:
            return False
        passed_s = self._steady() - self._right_at[1]
        return passed_s <= at_most_s and abs(self._clock() - self._right_at[0] - timedelta(seconds=passed_s)) <= FAR_OFF


async def _as_they_answer(servers: Mapping[str, Ask]) -> AsyncGenerator[tuple[str, datetime | None], None]:
    """Ask all at once; who does not answer is passed over."""

    async def one(platform: str, ask: Ask) -> tuple[str, datetime | None]:
        return platform, await ask()

    asking = [asyncio.create_task(one(platform, ask)) for platform, ask in servers.items()]
    try:
        for answer in asyncio.as_completed(asking):
            try:
                yield await answer
            except OSError:
                continue
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
