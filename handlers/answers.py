"""How answers leave where many write at once: nobody's answer holds up what others have sent.

Whoever has shown a card or a role is answered at once. All others share a few answers a second; when too many of
those wait, the rest is not said. So a flood of strangers takes no more than a part of what a platform lets a bot send.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Hashable
from contextvars import ContextVar, copy_context

from bot import logs
from bot.logs import Act
from handlers.turns import Turns

log = logging.getLogger(__name__)

_go_on: ContextVar[asyncio.Event] = ContextVar("go_on")  #: lets whoever waits for this answer go on

STRANGERS_A_SECOND = 10
"""A third of what Telegram lets a bot send, a fifth of Discord's."""

AT_ONCE = 10
"""Strangers who are answered without waiting, if none were for a while."""

MOST_STRANGERS = 100
"""Their answers on the way; the next ones are not given."""

HOLDS_S = 4.0
"""So long at most an update waits for its answer to be out: within it, a crash repeats the answer."""

LAST_S = 0.5
"""For what is being said when the bot stops."""


class Answers:
    """Gives answers, each person's own in order. `time` counts seconds, as the event loop does."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._turns = Turns()
        self._under_way: set[asyncio.Task[None]] = set()
        self._strangers: set[asyncio.Task[None]] = set()  #: those among them
        self._next = 0.0  #: when a stranger's turn would be, did each have to wait

    async def give(self, who: Hashable, answer: Callable[[], Awaitable[object]], *, known: bool) -> None:
        """Give an answer. Returns once it is given, or goes on by itself: what was asked for is committed already."""
        if not known and len(self._strangers) >= MOST_STRANGERS:
            return
        whose = (who, known)
        wait = 0.0 if known else self._stranger()
        behind = self._turns.has(whose)  # they hear what came before this first
        go_on, context = asyncio.Event(), copy_context()
        context.run(_go_on.set, go_on)
        task = asyncio.create_task(self._give(whose, answer, wait), context=context)
        task.add_done_callback(lambda _task: go_on.set())
        for those in (self._under_way,) if known else (self._under_way, self._strangers):
            those.add(task)
            task.add_done_callback(those.discard)
        if not wait and not behind:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(go_on.wait(), HOLDS_S)
        if task.done():
            task.result()
        else:
            task.add_done_callback(_tell_failure)

    async def aclose(self) -> None:
        """Let what is being said be said; what still waits is not."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=LAST_S)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _stranger(self) -> float:
        """Return after how many seconds the next stranger is answered."""
        now = self._time()
        mine = max(now, self._next)
        self._next = mine + 1 / STRANGERS_A_SECOND
        return max(0.0, mine - (AT_ONCE - 1) / STRANGERS_A_SECOND - now)

    async def _give(self, who: Hashable, answer: Callable[[], Awaitable[object]], wait: float) -> None:
        async with self._turns.place(who) as turn:
            await asyncio.sleep(wait)
            await turn()
            await answer()


def takes_longer() -> None:
    """Say, while an answer is given, that it has to wait: whoever waits for it shall go on."""
    if (go_on := _go_on.get(None)) is not None:
        go_on.set()


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error(Act.NOT_ANSWERED, logs.trouble(error))
