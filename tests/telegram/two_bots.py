"""Two bots on Telegram over one store, in one process: as two processes are over one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from bot.process.clock import Clock, real_clock
from bot.runtime.app import App
from bot.runtime.settings import Settings
from handlers.platforms.supervisor import keep_running
from handlers.telegram.platform import open_telegram
from tests.house import SOON_S
from tests.processes import PATIENCE_S
from tests.stores import open_app
from tests.telegram.house import House
from tests.telegram.server import UNLIMITED, TelegramServer

T = TypeVar("T")

FIRST = "1111111111:AAF-the_first_bots_token_opens_nothing_0"
SECOND = "2222222222:AAF-the_second_bots_token_opens_nothing"


class Bot(House):
    """One of them, and Telegram as it sees it."""

    async def until(self, true: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
        """Wait until something is true at its server."""
        return await self.server.wait_for(true, patience_s)

    @property
    def said_to(self) -> dict[int, list[str]]:
        """Everything that it has said, by chat."""
        return {chat: room.texts for chat, room in self.server.chats.items()}


@dataclass(frozen=True, kw_only=True)
class Two:
    """Both, and the store."""

    first: Bot
    second: Bot
    app: App

    @property
    def both(self) -> tuple[Bot, Bot]:
        """Give one after the other."""
        return self.first, self.second


@asynccontextmanager
async def servers(folder: Path) -> AsyncIterator[tuple[Bot, Bot]]:
    """Start Telegram for two bots."""
    async with (
        TelegramServer(token=FIRST, username="first_bot") as one,
        TelegramServer(token=SECOND, username="second_bot") as other,
    ):
        yield Bot(folder, one), Bot(folder, other)


@asynccontextmanager
async def running(*bots: Bot, clock: Clock = real_clock) -> AsyncIterator[App]:
    """Run these over the store in their folder."""
    async with open_app(bots[0].store, clock=clock, senders=dict.fromkeys(bot.way for bot in bots)) as app:
        works = [asyncio.create_task(app.scheduler.run_forever(SOON_S))]
        for bot in bots:
            settings = Settings(
                data=bot.store,
                telegram_token=SecretStr(bot.server.token),
                telegram_api_url=bot.server.origin,
                telegram_per_second=UNLIMITED,
            )
            before = len(bot.server.requests)
            opener = {settings.ways["telegram"]: open_telegram}
            works.append(asyncio.create_task(keep_running(app, settings, opener, started)))
            await bot.until(lambda bot=bot, before=before: _polls(bot, before))  # type: ignore[misc]
        try:
            yield app
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)


async def started(_way: str) -> None:
    """Say nothing of it."""


def _polls(bot: Bot, before: int) -> bool:
    return any(request.method == "getUpdates" for request in bot.server.requests[before:])
