"""Houses whose bots are forked."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.conftest import fresh_folder
from tests.discord import house as discord
from tests.discord.server import DiscordServer
from tests.faults.forks import Forking
from tests.processes import PATIENCE_S
from tests.telegram import house as telegram
from tests.telegram.server import Limits, TelegramServer


class Dying(Forking):
    """What both platforms' houses share: the bot ends where its fuse has burnt down, or where the test says."""

    async def ended_before(self, true: Callable[[], object]) -> bool:
        """Wait until something is true at the server or the bot has ended, and say whether it has; then end it."""
        done = asyncio.create_task(self._platform.wait_for(true, PATIENCE_S))
        gone = asyncio.create_task(self.process.wait())
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        before = not done.done()
        done.cancel()
        outcome = await asyncio.gather(done, return_exceptions=True)
        self.process.kill()
        assert await self.ended() == -signal.SIGKILL, self.said
        if not before and isinstance(outcome[0], BaseException):
            raise outcome[0]
        return before


class TelegramHouse(Dying, telegram.House):
    """A bot on Telegram."""


class DiscordHouse(Dying, discord.House):
    """A bot on Discord."""


@asynccontextmanager
async def telegram_house(
    *, checked: bool = False, limits: Limits | None = None, listens: bool = False
) -> AsyncIterator[TelegramHouse]:
    """Make a house. To hold every call against Telegram's own table costs more than all the rest."""
    with fresh_folder() as folder:
        async with TelegramServer(checked=checked, limits=limits) as server:
            house = TelegramHouse(folder, server)
            if listens:
                house.listens()
            try:
                yield house
                house.check()
            finally:
                await house.cleared()


@asynccontextmanager
async def discord_house(
    *, checked: bool = False, clock: Callable[[], float] = time.time
) -> AsyncIterator[DiscordHouse]:
    """Make one on Discord; `clock` is the server's."""
    with fresh_folder() as folder:
        async with DiscordServer(checked=checked, clock=clock) as server:
            house = DiscordHouse(folder, server)
            try:
                yield house
                house.check()
            finally:
                await house.cleared()
