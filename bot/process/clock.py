"""Tells the time. Everything that needs it is given a clock; nothing reads the machine's by itself.

Source: docs/decisions/0030-time-and-when-to-decide.md.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from bot.process import logs
from bot.process.logs import Event

log = logging.getLogger(__name__)

NOT_WORTH_IT = timedelta(seconds=30)
"""A clock that is less wrong is not corrected: the platforms tell the time in whole seconds, and networks are slow."""

FAR_OFF = timedelta(hours=1)
"""A clock that is more wrong is in doubt: nobody knows whose fault it is."""

GOOD_FOR_S = 180.0
"""What was measured is good for so long, unless the clock is set meanwhile."""

ASKED_AGAIN_AFTER_S = 2.0
"""While it is in doubt."""

Clock = Callable[[], datetime]
"""Tells the time, aware. Everything that needs the time is given one."""


def real_clock() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def steady_clock() -> float:
    """Count seconds by a clock that nobody can set, and that goes on while the machine sleeps, where one is there."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


def read_instant(text: str) -> datetime | None:
    """Read an ISO time; None if it is none, or has no offset and so could mean several instants."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


class MovableClock:
    """A clock that is set by hand; it moves forward only. With `running`, real time passes on it as well."""

    def __init__(self, now: datetime, *, running: bool = False) -> None:
        self._set_to = now
        self._set_at = real_clock() if running else None

    def __call__(self) -> datetime:
        """Tell the time."""
        if self._set_at is None:
            return self._set_to
        return self._set_to + max(timedelta(), real_clock() - self._set_at)

    def move_to(self, instant: datetime) -> None:
        """Move forward to the instant; never back."""
        self._set_to = max(self(), instant)
        if self._set_at is not None:
            self._set_at = real_clock()


Ask = Callable[[], Awaitable[datetime | None]]
"""Asks a server for the time; None if it does not tell it. Raises OSError if it does not answer."""


class CorrectedClock:
    """A machine's clock, put right by those of these servers; without any it is believed.

    `steady` counts seconds and cannot be set. While the two go together what was measured holds; where they do not,
    the machine's was set, or the machine stood still, and it is measured anew before it is believed.
    """

    def __init__(
        self,
        machine: Clock = real_clock,
        servers: Mapping[str, Ask] | None = None,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._servers = servers or {}
        self._steady = steady
        self._behind: deque[timedelta] = deque(maxlen=3)  #: by how much it was, when last measured
        self._measured: tuple[datetime, float] | None = None  #: by both counts
        self._asked_s: float | None = None
        self._doubted = self._said = False  #: that it is in doubt, and whether the log says so
        self._turn = asyncio.Lock()
        logs.know(*self._servers)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self._machine() + self._correction()

    def _correction(self) -> timedelta:
        behind = _middle(self._behind)
        return behind if NOT_WORTH_IT < abs(behind) <= FAR_OFF else timedelta()

    async def sure(self) -> bool:
        """Say whether it can be gone by, measuring it first unless that was just done."""
        if not self._servers:
            return True
        async with self._turn:  # a thousand people may wait for one measurement
            if not self._is_fresh():
                await self._measure()
            return not self._doubted

    def _is_fresh(self) -> bool:
        good_for_s = ASKED_AGAIN_AFTER_S if self._doubted else GOOD_FOR_S
        if self._asked_s is None or self._steady() >= self._asked_s + good_for_s:
            return False
        return self._doubted or self._goes_steadily()

    def _goes_steadily(self) -> bool:
        """Say whether the machine's clock has gone no further since it was measured than the time."""
        if self._measured is None:
            return False
        machine, steady = self._machine() - self._measured[0], self._steady() - self._measured[1]
        return abs(machine - timedelta(seconds=steady)) <= NOT_WORTH_IT

    async def _measure(self) -> None:
        before = self._correction()
        doubt = await self._ask()
        self._asked_s = self._steady()
        if self._correction() != before:
            log.warning(Event.CLOCK_CORRECTED, round(self._correction() / timedelta(seconds=1)))
        if doubt is None and self._said:
            log.warning(Event.CLOCK_RIGHT)
        elif doubt and not self._said:
            log.error(*doubt)
        self._doubted, self._said = doubt is not None, bool(doubt) or (self._said and doubt is not None)

    async def _ask(self) -> tuple[()] | tuple[Event, *tuple[str | int, ...]] | None:
        """Ask everybody until one agrees; say what speaks against the clock, or () if nobody was ever reached."""
        nearest, answered = await self._nearest()
        if answered and not self._goes_steadily():
            self._behind.clear()  # it was another clock, as it were
        if nearest is not None:
            platform, behind = nearest
            self._behind.append(behind)
            self._measured = self._machine(), self._steady()
            if abs(middle := _middle(self._behind)) > FAR_OFF:
                return Event.CLOCK_OFF, platform, round(abs(middle) / timedelta(hours=1))
        elif not answered and not self._goes_steadily():
            return (Event.CLOCK_UNCHECKED,) if self._measured else ()
        return None

    async def _nearest(self) -> tuple[tuple[str, timedelta] | None, bool]:
        """Return by whose clock ours is behind least, and how much; and whether anybody answered at all."""
        nearest, answered = None, False
        async with aclosing(_as_they_answer(self._servers)) as answers:
            async for platform, told in answers:
                answered = True
                if told is None:
                    continue
                behind = told - self._machine()
                if nearest is None or abs(behind - self._correction()) < abs(nearest[1] - self._correction()):
                    nearest = platform, behind
                if abs(behind - self._correction()) <= NOT_WORTH_IT:
                    break
        return nearest, answered


def _middle(found: Collection[timedelta]) -> timedelta:
    """Return the median; of two the smaller."""
    ordered = sorted(found)
    if not ordered:
        return timedelta()
    return min(ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2], key=abs)


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
