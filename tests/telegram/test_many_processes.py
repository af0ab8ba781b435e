"""Several `allout run` over one PostgreSQL: one token in two of them, two tokens, and what happens once in all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.process.clock import real_clock
from tests.house import OLGA, OMAR, City, found
from tests.postgres.servers import Server, server
from tests.telegram.house import House, labels
from tests.telegram.two_bots import Bot, servers


@pytest.fixture
async def bots(data: Path, pg_database: str) -> AsyncIterator[tuple[Bot, Bot]]:
    async with servers(data) as (first, second):
        for bot in (first, second):
            bot.database = pg_database
            bot.server.person(OLGA, name="Olga")
        yield first, second
        for bot in (first, second):
            await bot.cleared()
            assert not bot.server.violations


@pytest.fixture
async def city(bots: tuple[Bot, Bot]) -> City:
    return await found(bots[0], opened=real_clock() - timedelta(hours=1), organizing=[OLGA])


async def test_who_stands_by_takes_over_within_ten_seconds(bots: tuple[Bot, Bot], city: City) -> None:
    first, _ = bots
    second = Bot(first.folder, first.server)
    second.database = first.database
    try:
        async with asyncio.timeout(8):
            await first.start(ALLOUT_LOG_LEVEL="INFO")
    except TimeoutError:
        print(first.said, [r.method for r in first.server.requests])
        raise
    print("1")
    await second.launch(ALLOUT_LOG_LEVEL="INFO")
    worker = first.server.person()
    page = await first.ask(worker, city.take())
    assert "Pledge" in labels(page)
    await first.kill()
    began = time.monotonic()
    page = await second.press(page, "Pledge")
    print("took over after", time.monotonic() - began)
    assert "Withdraw" in labels(page)
    print("stopped in", await second.stop())
    print(first.said, second.said)
