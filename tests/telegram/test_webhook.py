from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.processes import PATIENCE_S
from tests.telegram.house import LONGEST_STOP_S, PLEDGED_BUTTONS, City, House, labels, sends
from tests.telegram.server import Json, held

ADDRESS = "https://bot.example.org/allout"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Mailman:
    """Delivers updates as Telegram does to a webhook."""

    def __init__(self, house: House, port: int, session: aiohttp.ClientSession) -> None:
        self._house = house
        self._session = session
        self.url = f"http://127.0.0.1:{port}/allout"

    @property
    def secret(self) -> str:
        assert self._house.server.webhook is not None
        return str(self._house.server.webhook["secret_token"])

    async def bring(self, update: int) -> int:
        return await self.post(json=self._house.server.updates[update])

    async def post(self, *, secret: str | None = None, **content: Any) -> int:
        headers = {HEADER: self.secret if secret is None else secret}
        async with self._session.post(self.url, headers=headers, **content) as response:
            return response.status


def _free_port() -> int:
    """Find a port that nobody is given who asks for any: below those, and not the next process's either."""
    for port in itertools.count(10_000 + os.getpid() % 1_000 * 20):
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError


@asynccontextmanager
async def webhook(house: House) -> AsyncIterator[Mailman]:
    """Run the bot with a webhook."""
    port = _free_port()
    await house.launch(ALLOUT_TELEGRAM_WEBHOOK_URL=ADDRESS, ALLOUT_TELEGRAM_WEBHOOK_PORT=str(port))
    await house.until(lambda: house.server.webhook is not None)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as session:
        yield Mailman(house, port, session)


async def test_a_walkers_way_through_a_webhook(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    async with webhook(house) as mailman:
        (request,) = server.called("setWebhook")
        assert request.params["url"] == ADDRESS
        assert request.params["allowed_updates"] == [
            "message",
            "edited_message",
            "callback_query",
            "my_chat_member",
            "channel_post",
        ]
        assert not request.params.get("drop_pending_updates")
        assert _listens_on(mailman.url) == {"127.0.0.1"}
        assert await mailman.bring(server.say(worker, city.take())) == 200
        card = house.last(worker)
        pledging = server.press(card, "Pledge")
        for secret in ("", "wrong", mailman.secret[:-1], "ü"):
            assert await mailman.post(json=server.updates[pledging], secret=secret) == 403
        assert house.as_it_is(card) == card
        assert await mailman.bring(pledging) == 200
        assert house.as_it_is(card)["text"].startswith("Recorded.")
        assert await mailman.bring(server.press(house.as_it_is(card), "Withdraw")) == 200
        assert await mailman.bring(pledging) == 200
        assert house.as_it_is(card)["text"].startswith("Taken back.")
        first, again = await asyncio.gather(*[mailman.bring(server.say(worker, "/help"))] * 1, mailman.post(data=b"{"))
        assert (first, again) == (200, 400)
        assert server.called("getUpdates") == []
        await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 0, "<b>&": 0}
    left = server.say(worker, "/privacy")
    await house.start()  # asks for updates again, and nothing was dropped
    await house.hears(worker, "What I keep")
    await house.quiet()
    assert server.webhook is None
    assert left not in server.unconfirmed


def _listens_on(url: str) -> set[str]:
    """Give the addresses at which the port of a URL is listened on."""
    port = f"{int(url.split(':')[2].partition('/')[0]):04X}"
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.is_file():
            pytest.skip("no table of sockets on this system")
        for line in table.read_text().splitlines()[1:]:
            _number, local, _remote, state = line.split()[:4]
            if local.endswith(f":{port}") and state == "0A":
                found.add("127.0.0.1" if local.startswith("0100007F:") else local)
    return found


async def test_a_delivery_is_acknowledged_only_when_it_is_in_the_store(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    async with webhook(house) as mailman:
        await mailman.bring(server.say(worker, city.take()))
        card = house.last(worker)
        with house.no_room_on_disk():
            update = server.press(card, "Pledge")
            delivery = asyncio.create_task(mailman.bring(update))
            again = asyncio.create_task(mailman.bring(update))
            done, _waiting = await asyncio.wait({delivery, again}, timeout=1)
            assert done == set()
        assert await delivery == 200
        assert await again == 200
        assert labels(house.as_it_is(card)) == PLEDGED_BUTTONS
        assert house.as_it_is(card)["text"].startswith("Recorded.")
        await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_a_malformed_delivery_is_set_aside_and_ends_nothing(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    malformed: list[Json] = [
        {"update_id": 1, "message": {"text": "what-nobody-may-read"}},
        {"update_id": 2, "callback_query": []},
        {"message": {}},
        {"update_id": 3, "message": {"from": {"id": [1]}}},
    ]
    async with webhook(house) as mailman:
        statuses = await asyncio.gather(*(mailman.post(json=update) for update in [*malformed, [], 7]))
        assert set(statuses) <= {200, 400}
        assert await mailman.bring(server.say(worker, "/help")) == 200
        assert "Have a card?" in house.last(worker)["text"]


async def test_a_stop_with_a_delivery_under_way_takes_less_than_five_seconds(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    async with webhook(house) as mailman:
        server.plan("sendMessage", held(asyncio.Event()), chat=worker)
        delivery = asyncio.create_task(mailman.bring(server.say(worker, "/help")))
        await house.until(lambda: sends(server, worker))
        assert await house.stop() < LONGEST_STOP_S
        assert (await asyncio.gather(delivery, return_exceptions=True))[0] != 200
