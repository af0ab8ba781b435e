"""A bot that runs is asked how it is, as an operator asks."""

from __future__ import annotations

import aiohttp

from tests.processes import PATIENCE_S
from tests.telegram.house import City, House, free_port, labels


async def test_a_running_bot_says_that_it_is_ready_and_a_pledge_changes_no_byte(house: House, city: City) -> None:
    port, worker = free_port(), house.server.person()
    await house.start(ALLOUT_HEALTH_PORT=str(port))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(PATIENCE_S)) as session:

        async def read(path: str) -> tuple[int, bytes]:
            async with session.get(path) as response:
                return response.status, await response.read()

        while (await read("/readyz"))[0] != 200:
            pass
        assert await read("/healthz") == (200, b"ok\n")
        assert (await read("/readyz/discord"))[0] == 503
        before = await read("/metrics")
        assert f'allout_platform_up{{platform="{house.way}"}} 1.0'.encode() in before[1]

        page = await house.ask(worker, city.take())
        assert "Pledge" in labels(page)
        await house.press(page, "Pledge")
        assert await read("/metrics") == before
        await house.ask(worker, "ABCD-EFGH-JKLM-NPQR-STUV")
        assert await read("/metrics") == before
    await house.stop()


async def test_a_port_that_is_taken_is_said(house: House, city: City) -> None:
    port = house.server.origin.rpartition(":")[2]
    await house.launch(ALLOUT_HEALTH_PORT=port)
    assert await house.ended() != 0
    assert f"Port {port} is taken" in house.said
