"""Each person's own messages are answered in the order in which they came; nobody waits for anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager


class PerPersonOrder:
    """Who is being answered now, and who waits behind them."""

    def __init__(self) -> None:
        self._last: dict[Hashable, asyncio.Event] = {}
        self._under_way = 0
        self._nobody = asyncio.Event()
        self._nobody.set()

    @asynccontextmanager
    async def place(self, who: Hashable) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Take a place behind everything of theirs that came before; yield what waits for the turn.

        The place is taken before anything is awaited, so whoever enters first is first.
        """
        before, mine = self._last.get(who), asyncio.Event()
        self._last[who] = mine
        self._under_way += 1
        self._nobody.clear()

        async def turn() -> None:
            if before is not None:
                await before.wait()

        try:
            yield turn
        finally:
            mine.set()
            if self._last.get(who) is mine:  # who left before their turn has taken it away already
                del self._last[who]
            self._under_way -= 1
            if not self._under_way:
                self._nobody.set()

    def has(self, who: Hashable) -> bool:
        """Say whether something of theirs is being answered or waits."""
        return who in self._last

    async def rest(self) -> None:
        """Wait until nobody is being answered."""
        await self._nobody.wait()
