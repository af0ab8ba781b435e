from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from bot.process.clock import MovableClock
from bot.storage.store import Store
from tests.conftest import OTHER_SHOP, WALKOUT, fresh_folder, opened, shops
from tests.postgres.servers import Server
from tests.postgres.stores import empty_store
from tests.storage.house import House, PostgresHouse, SqliteHouse, fresh

NewHouse = Callable[[], AbstractContextManager[House]]


@contextmanager
def _sqlite() -> Iterator[House]:
    with fresh_folder() as folder:
        yield SqliteHouse(folder)


@contextmanager
def _postgres(server: Server) -> Iterator[House]:
    with empty_store(server) as name:
        yield PostgresHouse(server.url(name), partial(server.sql, database=name))


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def new_house(request: pytest.FixtureRequest) -> NewHouse:
    """Each kind of database in turn; hypothesis takes a new house for each of its examples."""
    return _sqlite if request.param == "sqlite" else partial(_postgres, request.getfixturevalue("pg_server"))


@pytest.fixture
def house(new_house: NewHouse) -> Iterator[House]:
    with new_house() as made:
        yield made


@pytest.fixture
async def store(house: House, clock: MovableClock) -> AsyncIterator[Store]:
    """An open walkout of two shops with forty people each, and cards 0 to 39 at the first."""
    async with house.open(clock) as made:
        await made.add_walkout(opened(), shops(40, 40))
        await made.mint(opened().id, {shops(40)[0].id: [fresh(n) for n in range(40)]})
        yield made


@pytest.fixture
async def many(house: House, clock: MovableClock) -> None:
    """A shop of a thousand people that has no cards yet, and another with one."""
    async with house.open(clock) as store:
        await store.add_walkout(opened(), shops(1000, 40))
        await store.mint(WALKOUT, {OTHER_SHOP: [fresh("old")]})
