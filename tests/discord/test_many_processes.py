"""Two `allout run` with one token of Discord, over one PostgreSQL."""

from __future__ import annotations

import pytest

from bot.process.clock import real_clock
from tests.discord.house import OLGA, House, found
from tests.fixed import WITHDRAWN_BUTTONS

# Real processes on one database: once a run beside others did not end, and why is not found yet.
pytestmark = pytest.mark.soak


async def test_who_stands_by_opens_a_session_of_its_own_and_goes_on(house: House, pg_database: str) -> None:
    house.database_url = pg_database
    server = house.server
    server.person(OLGA, name="Olga")
    room = server.room(server.guild())
    city = await found(house, opened=real_clock(), organizing=[OLGA], rooms={room: None})
    second = House(house.folder, server)
    second.database_url = pg_database
    try:
        await house.start()
        await second.launch()
        await second.says("stands by")
        worker = server.person()
        card = await house.pledge(worker, city.take())
        before = len(server.gateway.sessions)
        await house.kill()
        await second.connected(before)
        card = await second.press(card, "Withdraw", worker)
        assert card.labels == WITHDRAWN_BUTTONS
        await second.sure(OLGA, "organize calloff")
        await second.hears(room, "Called off")
        await second.stop()
        assert sum("Called off" in message.text for message in house.from_bot(room)) == 1
        assert "ERROR" not in second.said
    finally:
        await second.cleared()
