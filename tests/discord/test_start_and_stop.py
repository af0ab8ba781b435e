from __future__ import annotations

import asyncio
import signal

import pytest

from tests.discord.faults import broken, held, limited
from tests.discord.house import LONGEST_STOP_S, City, House, sends
from tests.discord.server import CALLBACK, ORIGINAL, SYNC
from tests.fixed import PLEDGED_BUTTONS, WITHDRAWN_BUTTONS
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.usefixtures("executed_bots")

LOGIN = "GET /users/@me"
WRONG_TOKEN = (
    "Discord does not accept ALLOUT_DISCORD_TOKEN. Copy the bot's token from the developer portal and set that.\n"
)


# ---- starts


async def test_a_wrong_token_alone_ends_the_start_with_one_sentence(house: House) -> None:
    await house.launch(ALLOUT_DISCORD_TOKEN="MTE.another.bots_token_altogether")
    assert await house.ended() == 2
    assert house.said == WRONG_TOKEN
    assert house.server.gateway.identifies == []


async def test_a_token_that_is_taken_away_ends_the_bot_with_one_sentence(house: House) -> None:
    server = house.server
    await house.start()
    server.gateway._token = server.rest._token = "another"
    server.gateway.cut(4004)
    assert await house.ended() == 2
    assert house.said.endswith(WRONG_TOKEN)
    assert len(server.gateway.identifies) == 1


async def test_commands_that_differ_are_set_again(house: House) -> None:
    server = house.server
    await house.start()
    await house.stop()
    one = next(command for command in server.commands.values() if command["name"] == "start")
    one["description"] = "somebody changed this"
    await house.start()
    await house.until(lambda: len(server.called(SYNC)) == 2)
    assert (await house.command(server.person(), "start")).text
    assert not [command for command in server.commands.values() if command["description"] == "somebody changed this"]


async def test_a_start_waits_for_discord_to_come_back_and_says_so_once(house: House) -> None:
    server = house.server
    async with server.away():
        await house.launch()
        await said(house, "cannot be reached")
        server.plan(LOGIN, broken(200, b"<html>"))
    await house.until(lambda: server.gateway.live)
    assert "/start" in (await house.say(server.person(), "/help")).text
    await said(house, "can be reached again")
    assert house.said.splitlines() == [
        "ERROR discord cannot be reached, trying again: ClientConnectorError",
        f"AllOut runs as allout_test_bot on Discord; its data is in {house.store}. Stop it with Ctrl-C.",
        "WARNING discord can be reached again",
    ]


# ---- stops


async def test_sigterm_and_ctrl_c_finish_what_is_under_way(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.command(worker, "start", card=city.take())
    for how, label, calls, buttons in (
        (signal.SIGTERM, "Pledge", ORIGINAL, PLEDGED_BUTTONS),
        (signal.SIGINT, "Withdraw", CALLBACK, WITHDRAWN_BUTTONS),
    ):
        release = asyncio.Event()
        before = len(server.called(calls))
        server.plan(calls, held(release))
        server.press(card, label)
        await house.until(lambda calls=calls, before=before: len(server.called(calls)) > before)  # type: ignore[misc]
        stopping = asyncio.create_task(house.stop(how))
        await asyncio.sleep(0)  # the signal is sent
        release.set()
        assert await stopping < LONGEST_STOP_S
        card = house.as_it_is(card)
        assert card.labels == buttons
        if how is signal.SIGTERM:
            await house.start()
    assert len(server.called(SYNC)) == 1  # Discord has the commands since the first start
    assert await house.standing(city) == {"Depot": 0, "School": 0, "<b>&": 0}


async def test_a_stop_waits_for_no_answer_longer_than_five_seconds(house: House, city: City) -> None:
    server, worker, other = house.server, house.server.person(), house.server.person()
    await house.start()
    card = await house.command(worker, "start", card=city.take())
    server.plan(ORIGINAL, held(asyncio.Event()))
    server.plan("POST /channels/*/messages", limited(29, everywhere=True))
    server.press(card, "Pledge")
    server.say(other, "/help")
    await house.until(lambda: len(server.called(ORIGINAL)) > 1 and sends(server, server.dm(other)))
    _reader, writer = await asyncio.open_unix_connection(house.store / "allout.sock")  # a command that says nothing
    assert await house.stop() < LONGEST_STOP_S
    writer.close()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_a_stop_while_discord_is_away_takes_no_longer(house: House) -> None:
    server = house.server
    await house.start()
    with server.gateway.refusing():
        server.gateway.cut()
        await house.until(lambda: server.gateway.refused)
        assert await house.stop() < LONGEST_STOP_S
    server.plan(LOGIN, held(asyncio.Event()))
    await house.launch()
    await house.until(lambda: server.called(LOGIN)[-1].status is None)
    assert await house.stop() < LONGEST_STOP_S


async def said(house: House, words: str) -> None:
    """Wait until the bot has written this to its terminal."""
    async with asyncio.timeout(PATIENCE_S):
        while words not in house.said:  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.02)
