from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.process.clock import real_clock
from tests.conftest import fresh_folder
from tests.telegram.house import OLGA, OMAR, City, House, found
from tests.telegram.server import Limits, TelegramServer


@asynccontextmanager
async def _house(folder: Path, limits: Limits | None = None) -> AsyncIterator[House]:
    async with TelegramServer(limits=limits) as server:
        house = House(folder, server)
        try:
            yield house
        finally:
            await house.cleared()


@pytest.fixture
async def house(data: Path) -> AsyncIterator[House]:
    """A house whose bot does not run yet."""
    async with _house(data) as made:
        yield made
        made.check()


@pytest.fixture
async def strict_house(data: Path) -> AsyncIterator[House]:
    """The same, and Telegram keeps its limits."""
    async with _house(data, Limits()) as made:
        yield made
        made.check()
        # what people ask for themselves is answered at once
        assert [flood for flood in made.server.floods if flood != ("chat", OLGA)] == []


@pytest.fixture
async def city(house: House) -> City:
    """A walkout that is open, in the house's store."""
    return await found(house, opened=real_clock())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_file() -> AsyncIterator[tuple[House, City]]:
    """A bot that runs for all tests of a file. Its walkout is open; Olga and Omar organize."""
    with fresh_folder() as folder:
        async with _house(folder) as made:
            made.server.person(OLGA, name="Olga")
            made.server.person(OMAR, name="Omar")
            open_city = await found(made, opened=real_clock(), organizing=(OLGA, OMAR))
            await made.start()
            yield made, open_city
            await made.stop()
            made.check()


@pytest.fixture
def busy_house(whole_file: tuple[House, City]) -> Iterator[House]:
    """The bot of the whole file; checked after each test."""
    house, _city = whole_file
    yield house
    house.check()


@pytest.fixture
def busy_city(whole_file: tuple[House, City]) -> City:
    """Its walkout."""
    return whole_file[1]
