from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

import asyncpg
import pytest

from tests.postgres.servers import Server
from tests.postgres.stores import empty_store
from tests.storage.house import PostgresHouse


@pytest.fixture
def house(pg_server: Server) -> Iterator[PostgresHouse]:
    with empty_store(pg_server) as name:
        yield PostgresHouse(pg_server.url(name), partial(pg_server.sql, database=name))


@pytest.fixture
async def hands(house: PostgresHouse) -> AsyncIterator[asyncpg.Connection]:
    """A connection that reaches into the database while stores live there, as the superuser."""
    connection = await asyncpg.connect(house.url, user="postgres")
    try:
        yield connection
    finally:
        await connection.close()
