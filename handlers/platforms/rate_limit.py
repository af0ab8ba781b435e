"""How many messages a second a platform takes, shared out: whoever has to wait gets their turn, however long it takes.

Of each three turns in a row announcements may have one, so that no crowd keeps news from anybody; strangers may have
one and never more; all others are for whoever has shown a card or a role, in the order in which they asked.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count

SHARE = 3
"""One turn in so many belongs to a lane."""

SOON_S = 1.0
"""So long a turn may be away for an update to wait for its answer all the same."""

LATE_S = 0.005
"""What a turn may catch up, since clocks wake late; more would be a burst, unless the platform takes some more."""


class Lane(Enum):
    """Who waits for turns together."""

    KNOWN = auto()  #: have shown a card or a role
    STRANGERS = auto()
    NEWS = auto()


@dataclass(kw_only=True, slots=True)
class InLine:
    """An answer that has or will have to wait."""

    lane: Lane
    number: int = 0  #: in the order in which people asked; whoever asks much has one answer in the line at a time
    waits: asyncio.Event = field(default_factory=asyncio.Event)  #: set as soon as the answer has to wait


in_line: ContextVar[InLine] = ContextVar("in_line")
"""The answer that is being given; where there is none, what is sent is news."""


class RateLimit:
    """Gives out turns to send. `time` counts seconds, as the event loop does; a turn may catch up `late_s` of them."""

    def __init__(self, per_second: float, time: Callable[[], float], *, late_s: float = LATE_S) -> None:
        self._gap = 1 / per_second
        self._late_s = late_s
        self._time = time
        self._next = 0.0  #: when there is a turn again
        self._due = dict.fromkeys(Lane, 0.0)  #: when there is one that belongs to a lane
        self._waiting: dict[Lane, list[tuple[int, int, asyncio.Future[None]]]] = {lane: [] for lane in Lane}
        self._came = count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Return when the one who is being answered, or the next piece of news, may be sent something."""
        mine = asyncio.get_running_loop().create_future()
        here = in_line.get(None)
        lane, number = (Lane.NEWS, 0) if here is None else (here.lane, here.number)
        heapq.heappush(self._waiting[lane], (number, next(self._came), mine))
        self._give_out()
        if not mine.done():
            if self._next + len(self._waiting[lane]) * self._gap > self._time() + SOON_S:
                takes_longer()
            await mine

    def pause(self, seconds: float) -> None:
        """Give no turn for so long: the platform said so."""
        self._next = max(self._next, self._time() + seconds)

    def _give_out(self) -> None:
        """Give the turns that are due, and look again when the next one is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for waiting in self._waiting.values():
            while waiting and waiting[0][-1].done():  # gave up
                heapq.heappop(waiting)
        while any(self._waiting.values()):
            now = self._time()
            at = max(now, self._next)
            lane = self._whose(at)
            if lane is None or at > now:
                at = at if lane is not None else self._due[Lane.STRANGERS]
                self._timer = asyncio.get_running_loop().call_later(at - now, self._give_out)
                return
            since = max(self._next, now - self._late_s)
            self._next = since + self._gap
            self._due[lane] = since + (SHARE - 0.01) * self._gap  # a little less: sums are not exact
            *_, mine = heapq.heappop(self._waiting[lane])
            if not mine.done():
                mine.set_result(None)

    def _whose(self, at: float) -> Lane | None:
        """Say whose the turn at that time is; None if only strangers wait, who have had theirs."""
        due = [lane for lane in (Lane.NEWS, Lane.STRANGERS) if self._due[lane] <= at]
        return next((lane for lane in (*due, Lane.KNOWN, Lane.NEWS) if self._waiting[lane]), None)


def takes_longer() -> None:
    """Say, while an answer is given, that it has to wait: whoever waits for it shall go on."""
    if (here := in_line.get(None)) is not None:
        here.waits.set()
