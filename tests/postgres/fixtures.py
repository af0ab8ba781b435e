"""A server for whichever test asks for it, shared by a run's processes; what nobody asks for is never made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.postgres.programs import SHARED, kept_folder
from tests.postgres.servers import Server, shared


def pytest_configure(config: pytest.Config) -> None:
    """Have a folder for the server, as long as the run lasts."""
    if hasattr(config, "workerinput"):  # xdist's workers have it from who started them
        return
    kept = ExitStack()
    config.add_cleanup(kept.close)
    surroundings = kept.enter_context(pytest.MonkeyPatch.context())
    surroundings.setenv(SHARED, str(kept.enter_context(kept_folder())))


@pytest.fixture(scope="session")
def pg_server() -> Server:
    """Give the server that all tests share: none of them stops it, or sets anything there."""
    return shared()


@pytest.fixture
def pg_database(pg_server: Server) -> Iterator[str]:
    """Give the address of an empty database that belongs to the bot's role."""
    name = pg_server.create_database()
    try:
        yield pg_server.url(name)
    finally:
        pg_server.drop_database(name)
