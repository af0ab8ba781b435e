from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.process.clock import MovableClock
from tests.discord.dialogues.house import City, House, open_house


@pytest.fixture
async def house(data: Path, clock: MovableClock, caplog: pytest.LogCaptureFixture) -> AsyncIterator[House]:
    """A bot that runs on Discord, on an empty store."""
    async with open_house(data, clock) as made:
        yield made
        made.check()
    logged = [*caplog.get_records("setup"), *caplog.get_records("call")]
    said = "\n".join(f"{one.levelname} {one.name} {one.getMessage()}" for one in logged)
    assert not [code for code in made.codes if code in said]
    made.env.raise_errors()
    # what a button's callback raises is only logged
    assert not [one for one in logged if one.levelname in {"ERROR", "CRITICAL"}], said


@pytest.fixture
async def city(house: House) -> City:
    """A walkout that is open."""
    return await house.city()
