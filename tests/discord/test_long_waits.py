from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.delivery.outbox import Letter, Stale, TryLater
from bot.domain.model import Announcement, Kind
from bot.process.clock import real_clock
from bot.runtime.app import App
from bot.runtime.settings import Settings
from bot.storage.store import Room
from handlers.discord import sender as sending
from handlers.discord.chat import PLATFORM
from handlers.discord.platform import CALLS_A_SECOND, open_discord
from handlers.discord.sender import DiscordSender
from handlers.platforms.supervisor import Link
from tests.conftest import WALKOUT, draft, opened, shops
from tests.discord.faults import held, limited
from tests.discord.house import sends
from tests.discord.server import SEND, DiscordServer
from tests.processes import PATIENCE_S
from tests.stores import open_app
from tests.test_outbox import announce

# what would take a running bot minutes; here it runs in the test's own process


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running
        assert running.violations == []


@pytest.fixture
async def app(data: Path) -> AsyncIterator[App]:
    async with open_app(data, clock=real_clock, senders={PLATFORM: None}) as opened:
        yield opened


def settings(server: DiscordServer, data: Path) -> Settings:
    return Settings(
        data=data,
        discord_token=SecretStr(server.token),
        discord_api_url=server.api_url,
        discord_gateway_url=server.gateway_url,
    )


def news(room: int, nonce: str) -> Letter:
    return Letter(
        news=Announcement(kind=Kind.CALLED_OFF, occasion="1"),
        walkout=draft(),
        about=None,
        address=str(room),
        private=False,
        nonce=nonce,
    )


async def test_heartbeats_that_nobody_acknowledges_make_another_connection(
    server: DiscordServer, app: App, data: Path
) -> None:
    server.gateway.heartbeat_ms = 50
    link = Link(PLATFORM, app)
    async with open_discord(app, settings(server, data), link) as (way_out, take):
        assert isinstance(way_out, DiscordSender)
        taking = asyncio.ensure_future(take())
        await server.wait_for(lambda: server.gateway.live and len(server.gateway.links[0].beats) > 2)
        assert server.gateway.sessions[0].resumed == 0
        server.gateway.acking = False
        beating = way_out._client.ws._keep_alive
        assert beating is not None
        beating.heartbeat_timeout = 0.1  # on this connection alone
        await server.wait_for(lambda: server.gateway.sessions[0].resumed)
        server.gateway.acking = True
        person = server.person()
        server.say(person, "/help")
        await server.wait_for(lambda: len(server.view(person, server.dm(person))) == 2)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
    await link.aclose()


async def test_news_that_took_too_long_holds_nothing_back_and_comes_once(
    server: DiscordServer, app: App, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "GIVE_UP_S", 0.1)
    guild = server.guild()
    room, other = server.room(guild), server.room(guild)
    link = Link(PLATFORM, app)
    async with open_discord(app, settings(server, data), link) as (way_out, _take):
        server.plan(SEND, limited(0.5, everywhere=True))
        with pytest.raises(TryLater) as later:
            await way_out.send(news(room, "a" * 16))
        assert later.value.after is None
        monkeypatch.setattr(sending, "GIVE_UP_S", PATIENCE_S)
        await way_out.send(news(room, "a" * 16))
        await way_out.send(news(other, "b" * 16))
    assert [len(server.view(0, channel)) for channel in (room, other)] == [1, 1]
    await link.aclose()


async def test_what_waits_while_discord_takes_nothing_at_all_leaves_one_by_one_afterwards(
    server: DiscordServer, app: App, data: Path
) -> None:
    guild = server.guild()
    refused, *others = [server.room(guild) for _ in range(12)]
    link = Link(PLATFORM, app)
    async with open_discord(app, settings(server, data), link) as (way_out, _take):
        server.plan(SEND, limited(0.5, everywhere=True))
        first = asyncio.create_task(way_out.send(news(refused, "a" * 16)))
        await server.wait_for(lambda: [each.status for each in sends(server, refused)] == [429])
        await asyncio.gather(first, *(way_out.send(news(room, f"{n:016}")) for n, room in enumerate(others)))
    # the first few may have left before the bot had read that Discord takes nothing
    _, _, *times = sorted(sends(server, room)[0].at for room in others)
    assert times[0] - sends(server, refused)[0].at >= 1
    assert times[-1] - times[0] >= 0.8 * (len(times) - 2) / CALLS_A_SECOND  # a turn may catch up one
    assert [len(server.view(0, channel)) for channel in (refused, *others)] == [1] * 12
    await link.aclose()


async def test_while_cloudflare_refuses_our_address_nobody_else_is_written_to(
    server: DiscordServer, app: App, data: Path
) -> None:
    guild = server.guild()
    refused, other = server.room(guild), server.room(guild)
    link = Link(PLATFORM, app)
    async with open_discord(app, settings(server, data), link) as (way_out, _take):
        server.plan(SEND, limited(1, by_cloudflare=True))
        with pytest.raises(TryLater) as later:
            await way_out.send(news(refused, "a" * 16))
        assert later.value.after == timedelta(seconds=1)
        await way_out.send(news(other, "b" * 16))
    assert sends(server, other)[0].at - sends(server, refused)[0].at >= 1
    await link.aclose()


async def test_a_letter_to_a_person_that_is_not_so_any_more_when_their_chat_is_open_is_not_sent(
    server: DiscordServer, app: App, data: Path
) -> None:
    person, turns = server.person(), 0

    def leaves() -> None:
        nonlocal turns
        turns += 1
        if turns > 1:
            raise Stale

    link = Link(PLATFORM, app)
    async with open_discord(app, settings(server, data), link) as (way_out, _take):
        with pytest.raises(Stale):
            await way_out.send(replace(news(person, "a" * 16), private=True, leaves=leaves))
    assert server.view(person, server.dm(person)) == []
    await link.aclose()


async def test_a_room_that_answers_late_holds_no_other_up(server: DiscordServer, app: App, data: Path) -> None:
    guild = server.guild()
    rooms = [server.room(guild) for _ in range(20)]
    app.keys.add_walkout(WALKOUT)
    await app.store.add_walkout(opened(), shops(40))
    for room in rooms:
        await app.store.bind_room(Room(walkout=WALKOUT, scope=None, way=PLATFORM, address=str(room)))
    await announce(app.store, 1, kind=Kind.CALLED_OFF)
    link, gate, outbox = Link(PLATFORM, app), asyncio.Event(), app.outboxes[PLATFORM]
    async with open_discord(app, settings(server, data), link) as (outbox.sender, _take):
        server.plan(SEND, held(gate), times=len(rooms))
        delivering = asyncio.create_task(outbox.deliver())
        await server.wait_for(lambda: all(sends(server, room) for room in rooms))
        gate.set()
        await delivering
        await outbox.disconnect()
    assert [len(server.view(0, room)) for room in rooms] == [1] * len(rooms)
    await link.aclose()
