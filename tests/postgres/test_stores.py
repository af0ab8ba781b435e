"""Where tests' stores are: as they were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.process.clock import MovableClock
from bot.storage.postgres import PostgresStore
from tests import stores
from tests.conftest import WALKOUT, fresh_folder, opened, shops
from tests.stores import both_engines, open_app


@both_engines
async def test_what_runs_on_both_engines_does(data: Path, clock: MovableClock, request: pytest.FixtureRequest) -> None:
    wanted = request.config.getoption("store") or request.node.callspec.params["engine"]
    async with open_app(data, clock=clock, senders={}) as app:
        assert isinstance(app.store, PostgresStore) == (wanted == "postgres")


@both_engines
async def test_a_folders_store_is_there_again_and_goes_with_its_copies(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(), shops(10))
    stores.copy_folder(data, data.parent / "copy")
    async with open_app(data.parent / "copy", clock=clock, senders={}) as app:
        assert [each.id for each in await app.store.walkouts()] == [WALKOUT]
        app.keys.add_walkout(other := type(WALKOUT)("x4p9z"))
        await app.store.add_walkout(opened(other), shops(10))
    async with open_app(data, clock=clock, senders={}) as app:
        assert [each.id for each in await app.store.walkouts()] == [WALKOUT]
    with fresh_folder() as another:
        async with open_app(another, clock=clock, senders={}) as app:
            assert await app.store.walkouts() == []
