from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from bot.process.clock import real_clock
from bot.runtime.settings import Settings
from bot.usecases import health
from handlers.telegram.checks import visit
from handlers.texts import doctor as texts
from tests.faults import planted
from tests.faults.houses import telegram_house
from tests.fixed import PLEDGED_BUTTONS
from tests.processes import PATIENCE_S
from tests.telegram.house import ADDRESS, LONGEST_STOP_S, OLGA, City, House, found, free_port, labels, sends
from tests.telegram.server import SECRET_HEADER, Json, TelegramServer, held


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
        headers = {SECRET_HEADER: self.secret if secret is None else secret}
        async with self._session.post(self.url, headers=headers, **content) as response:
            return response.status


@asynccontextmanager
async def webhook(house: House) -> AsyncIterator[Mailman]:
    """Run the bot with a webhook."""
    port = free_port()
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


# ---- as Telegram's own server delivers, behind a reverse proxy


async def test_a_crowd_is_answered_each_in_their_order(house: House, city: City) -> None:
    house.listens()
    server = house.server
    await house.start()
    cards = await house.pledge_all(city.take() for _ in range(20))
    before = await asyncio.gather(*(house.press(card, "Withdraw") for card in cards.values()))
    pressed = []
    for card, withdrawn in zip(cards.values(), before, strict=True):
        rows = [*card["reply_markup"]["inline_keyboard"], *withdrawn["reply_markup"]["inline_keyboard"]]
        both = withdrawn | {"reply_markup": {"inline_keyboard": rows}}
        pressed += [server.press(both, label) for label in ("Pledge", "Withdraw", "Pledge")]
    pressed.append(server.duplicate(pressed[1]))
    await house.quiet()
    brought = [one.update for one in server.deliveries if one.update in pressed]
    assert sorted(brought) == sorted(pressed)
    assert 1 < server.most_at_once <= server.called("setWebhook")[0].params["max_connections"]
    assert {one.status for one in server.deliveries} == {200}
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 20, "<b>&": 0}


async def test_what_comes_before_the_bot_can_take_it_comes_again_at_once(house: House, city: City) -> None:
    house.listens()
    server, worker, ready = house.server, house.server.person(), asyncio.Event()
    await house.start()
    await house.stop()
    server.plan("getMe", held(ready))
    await house.launch()
    update = server.say(worker, city.take())
    refused = await house.until(lambda: [one for one in server.deliveries if one.status])
    assert {(one.update, one.status, one.retry_after) for one in refused} == {(update, 503, "1")}
    ready.set()
    await house.quiet()
    assert labels(await house.press(house.last(worker), "Pledge")) == PLEDGED_BUTTONS
    first, second = (request.params["secret_token"] for request in server.called("setWebhook"))
    assert first == second  # whichever process of a store listens, it knows it
    await house.stop()


async def test_what_takes_too_long_is_delivered_again_and_done_once() -> None:
    async with telegram_house(listens=True) as house:
        house.fault = planted.confirm_at_once_or_never
        server, worker = house.server, house.server.person()
        city = await found(house, opened=real_clock())
        await house.start()
        card = await house.ask(worker, city.take())
        with house.no_room_on_disk():
            update = server.press(card, "Pledge")
            await house.until(lambda: sum(one.update == update for one in server.deliveries) > 1)
        await house.quiet()
        assert {one.status for one in server.deliveries if one.update == update} == {200, 503}
        await house.stop()
        assert (await house.standing(city))["School"] == 1


# ---- somebody else with the token


def thieves(server: TelegramServer) -> None:
    """Have what people say delivered elsewhere, as who has nothing but the token."""
    server.webhook = {"url": "https://thief.example.com", "max_connections": 40}
    server._poll += 1
    server._changed()


async def test_an_address_or_a_secret_that_is_not_ours_is_set_right_and_organizers_hear() -> None:
    async with telegram_house(listens=True, checked=True) as house:
        house.fault = planted.look_after_the_webhook
        server = house.server
        server.person(OLGA)
        city = await found(house, opened=real_clock(), organizing=[OLGA])
        await house.start()
        thieves(server)
        await house.hears(OLGA, "Somebody else uses my token on Telegram.")
        worker = server.person()
        assert labels(await house.pledge(worker, city.take())) == PLEDGED_BUTTONS
        assert server.webhook is not None
        server.webhook["secret_token"] = "theirs"
        assert labels(await house.press(house.last(worker), "Withdraw"))[0] == "Pledge"
        assert 403 in {one.status for one in server.deliveries}
        assert len(server.called("setWebhook")) == 3
        assert sum("uses my token" in text for text in server.chats[OLGA].texts) == 1
        await house.stop()


async def test_a_bot_that_polls_is_not_deaf_for_long(house: House) -> None:
    server, worker = house.server, house.server.person()
    server.person(OLGA)
    city = await found(house, opened=real_clock(), organizing=[OLGA])
    await house.start()
    thieves(server)
    await house.hears(OLGA, "Somebody else uses my token on Telegram.")
    await house.until(lambda: server.webhook is None)
    assert labels(await house.pledge(worker, city.take())) == PLEDGED_BUTTONS
    assert len(server.called("deleteWebhook")) == 2
    await house.stop()


async def test_another_bot_that_has_taken_the_token_keeps_its_webhook(house: House) -> None:
    server = house.server
    server.person(OLGA)
    await found(house, opened=real_clock(), organizing=[OLGA])
    for listens in (False, True):
        if listens:
            house.listens()
        server.descriptions["ae"] = "f" * 32
        thieves(server)
        before = len(server.chats[OLGA].from_bot)
        await house.launch()
        await house.hears(OLGA, "Another bot answers under my name", since=before)
        assert server.called("setWebhook") == server.called("deleteWebhook") == []
        await house.kill()


# ---- what the keeper sees


async def test_the_doctor_says_how_telegram_delivers(house: House, city: City) -> None:
    server = house.server
    assert await said(house) == []
    thieves(server)
    assert await said(house) == ["Telegram delivers to an address, and none is set here: so the bot hears nothing."]
    house.listens()
    assert await said(house) == ["Telegram does not deliver to the address that is set here."]
    await house.start()
    assert await said(house) == ["Telegram delivers to the address that is set here; 0 updates wait."]
    await house.stop()
    server.say(server.person(), city.take())
    await server.wait_for(lambda: server._webhook_error)
    (trouble,) = await said(house)
    assert trouble.startswith("Telegram could not deliver to the address that is set here, and 1 update waits: Wrong ")


async def said(house: House) -> list[str]:
    """Give what the doctor says of how Telegram delivers."""
    wanted = {name.removeprefix("ALLOUT_").lower(): value for name, value in house.settings.items()}
    found = health.visited("telegram", await visit(Settings.model_validate(wanted), []), [])
    return [texts.said(one) for one in found if one.sign.startswith("webhook")]


async def test_a_port_that_somebody_has_is_said(house: House) -> None:
    house.listens()
    async with await asyncio.start_server(lambda _in, out: out.close(), "127.0.0.1", house.webhook_port):
        await house.launch()
        async with asyncio.timeout(PATIENCE_S):
            while "has the port of its webhook" not in house.said:  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.02)
    await house.until(lambda: house.server.webhook)  # tried again, it is free
    await house.kill()


@pytest.mark.parametrize("url", ["http://bot.example.org", "https://", "bot.example.org", "https://a.example:8444/x"])
def test_an_address_to_which_telegram_would_not_deliver_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="no https address"):
        Settings(telegram_webhook_url=url)
    assert Settings(telegram_webhook_url="https://a.example:8443/x").telegram_webhook_url
