"""How answers leave where many write at once: each person's own in order, and nobody's lost because others ask too.

Whoever has shown a card or a role is answered, however many do; rate_limit.py says who has the next turn. When too many
strangers wait, the next ones are not answered. What waits is in memory only: an answer that waited in the store
would be an account on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from contextvars import copy_context
from itertools import count
from typing import Any, TypeVar

from bot.process import logs
from bot.process.logs import Act
from handlers.platforms.per_person_order import PerPersonOrder
from handlers.platforms.rate_limit import InLine, Lane, in_line

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST_STRANGERS = 100
"""Their answers on the way; the next ones are not given."""

MOST = 20_000
"""Everybody else's. Beyond them an update waits for a place, unconfirmed, and so do those that come after it."""

HOLDS_S = 4.0
"""So long at most an update waits for its answer to be out: within it, a crash repeats the answer."""

LAST_S = 0.5
"""For what is being said when the bot stops."""


class AnswerQueue:
    """Gives answers, each person's own in order."""

    def __init__(self) -> None:
        self._turns = PerPersonOrder()
        self._long = PerPersonOrder()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._strangers = 0  #: whose answers are on the way
        self._places = asyncio.Semaphore(MOST)
        self._numbers = count()

    async def give(self, who: Hashable, answer: Callable[[], Awaitable[object]], *, known: bool) -> None:
        """Give an answer. Returns once it is given, or goes on by itself: what was asked for is committed already."""
        if known:
            await self._places.acquire()
        elif self._strangers < MOST_STRANGERS:
            self._strangers += 1
        else:
            return
        whose = (who, known)
        behind = self._turns.has(whose)  # they hear what came before this first
        mine, context = InLine(lane=Lane.KNOWN if known else Lane.STRANGERS), copy_context()
        context.run(in_line.set, mine)
        task = asyncio.create_task(self._give(whose, answer, mine), context=context)
        self._under_way.add(task)

        def done(task: asyncio.Task[None]) -> None:
            mine.waits.set()
            self._under_way.discard(task)
            if known:
                self._places.release()
            else:
                self._strangers -= 1

        task.add_done_callback(done)
        if not behind:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(mine.waits.wait(), HOLDS_S)
        if task.done():
            task.result()
        else:
            task.add_done_callback(_tell_failure)

    def start(self, what: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do what waits for no turn, now and beside everything else."""
        task = asyncio.create_task(what)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(_tell_failure)
        return task

    async def finish(
        self,
        who: Hashable,
        rest: Callable[[Callable[[str], None]], Awaitable[T]],
        show: Callable[[str], Coroutine[Any, Any, object]],
    ) -> T:
        """Do what takes long, one thing after the other for each person; show meanwhile how far it is.

        What comes while something is still on its way to be shown is not: nobody waits for it.
        """
        showing: asyncio.Task[object] | None = None

        def tell(text: str) -> None:
            nonlocal showing
            if showing is None or showing.done():
                showing = self.start(show(text))

        async with self._long.place(who) as turn:
            await turn()
            done = await rest(tell)
        if showing is not None:
            await asyncio.wait([showing])  # it would stand where the end already does
        return done

    async def aclose(self) -> None:
        """Let what is being said be said; what still waits is not."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=LAST_S)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _give(self, who: Hashable, answer: Callable[[], Awaitable[object]], mine: InLine) -> None:
        async with self._turns.place(who) as turn:
            await turn()
            mine.number = next(self._numbers)
            await answer()


def _tell_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error(Act.NOT_ANSWERED, logs.trouble(error))
