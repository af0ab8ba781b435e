from __future__ import annotations

import asyncio
import json
import signal

import pytest

from handlers.conversation import COMMANDS, Role
from handlers.texts.languages import LANGUAGES
from tests.fixed import PLEDGED_BUTTONS, WITHDRAWN_BUTTONS
from tests.telegram.house import LONGEST_STOP_S, City, House, labels, sends
from tests.telegram.server import TOKEN, TelegramServer, broken, dropped, flood, held, unauthorized

pytestmark = pytest.mark.usefixtures("executed_bots")

SETTING = {"setMyCommands", "setMyDescription", "setMyShortDescription"}
PRIVATE = (json.dumps({"type": "all_private_chats"}), "")


# ---- starts


async def test_a_wrong_token_ends_the_start_with_one_sentence(house: House) -> None:
    tokens = ["1234567890:AAH-another_bots_token_altogether_00", "nonsense"]
    houses = [House(house.folder, house.server) for _ in tokens]
    try:
        for number, (each, token) in enumerate(zip(houses, tokens, strict=True)):
            each.store = house.folder / ("one", "another")[number]
            await each.launch(ALLOUT_TELEGRAM_TOKEN=token)
        for each in houses:
            assert await each.ended() == 2
            assert each.said == (
                "Telegram does not accept ALLOUT_TELEGRAM_TOKEN. Ask BotFather for the bot's token and set that.\n"
            )
    finally:
        for each in houses:
            await each.cleared()


async def test_no_token_at_all_ends_the_start_with_one_sentence(house: House) -> None:
    await house.launch(ALLOUT_TELEGRAM_TOKEN="")
    assert await house.ended() == 2
    assert house.said.startswith("No platform has a token.")
    assert house.said.count("\n") == 1
    assert house.server.requests == []


async def test_a_token_that_is_revoked_ends_the_bot_with_one_sentence(house: House) -> None:
    server = house.server
    await house.start()
    server.plan("getUpdates", unauthorized(), times=20)
    server.say(server.person(), "/help")
    assert await house.ended() != 0
    assert "Traceback" not in house.said
    assert "ALLOUT_TELEGRAM_TOKEN" in house.said


async def test_menus_and_descriptions_are_set_once_and_again_only_where_they_differ(house: House) -> None:
    server = house.server
    await house.start()
    await house.stop()
    shown = {"": ("open your card", "in confidence"), "es": ("abrir tu tarjeta", "compro")}
    for language, (opening, confidence) in shown.items():
        menu = server.commands[PRIVATE[0], language]
        assert [command["command"] for command in menu] == [row.name for row in COMMANDS if row.who is Role.WORKER]
        assert menu[0]["description"] == opening
        assert confidence in server.descriptions[language]
        assert confidence in server.short_descriptions[language]
    assert sorted(_set(server, 0)) == sorted([*SETTING] * len({each.telegram for each in LANGUAGES}))
    for language, method in (("", "setMyDescription"), ("es", "setMyShortDescription")):
        kept = {"setMyDescription": server.descriptions, "setMyShortDescription": server.short_descriptions}[method]
        was, kept[language] = kept[language], "Somebody changed this"
        before = len(server.requests)
        await house.start()
        assert _set(server, before) == [method]
        assert kept[language] == was
        await house.stop()


def _set(server: TelegramServer, since: int) -> list[str]:
    """Name the calls that set what people see; the description in a dead language is the fence's."""
    return [r.method for r in server.requests[since:] if r.method in SETTING and r.params.get("language_code") != "ae"]


async def test_a_start_waits_for_telegram_to_come_back(house: House) -> None:
    server, worker = house.server, house.server.person()
    server.plan("getMe", dropped())
    server.plan("setMyCommands", broken(502, b"<html>"))
    server.say(worker, "/help")
    await house.start()
    await house.until(lambda: server.chats[worker].texts)
    await house.quiet()
    assert len(server.chats[worker].texts) == 1


# ---- stops


async def test_sigterm_and_ctrl_c_finish_what_is_under_way(house: House, city: City) -> None:
    server, worker, away = house.server, house.server.person(), house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    for how, label, buttons in (
        (signal.SIGTERM, "Pledge", PLEDGED_BUTTONS),
        (signal.SIGINT, "Withdraw", WITHDRAWN_BUTTONS),
    ):
        release = asyncio.Event()
        before = len(server.called("editMessageText"))
        server.plan("editMessageText", held(release), chat=worker)
        server.press(card, label)
        await house.until(lambda before=before: len(server.called("editMessageText")) > before)  # type: ignore[misc]
        stopping = asyncio.create_task(house.stop(how))
        await asyncio.sleep(0)  # the signal is sent
        release.set()
        assert await stopping < LONGEST_STOP_S
        card = house.as_it_is(card)
        assert labels(card) == buttons
        server.say(away, "/help")
        if how is signal.SIGTERM:
            await house.start()
            await house.until(lambda: server.chats[away].texts)
            await house.quiet()
            assert len(server.chats[away].texts) == 1
            assert labels(house.as_it_is(card)) == buttons
    assert len(server.chats[worker].from_bot) == 1


async def test_a_stop_waits_for_no_answer_longer_than_five_seconds(house: House, city: City) -> None:
    server, worker, other = house.server, house.server.person(), house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    server.plan("editMessageText", held(asyncio.Event()), chat=worker)
    server.plan("sendMessage", flood(60), chat=other)
    under_way = [server.press(card, "Pledge"), server.say(other, "/help")]
    await house.until(lambda: server.called("editMessageText") and sends(server, other))
    _reader, writer = await asyncio.open_unix_connection(house.store / "allout.sock")  # a command that says nothing
    assert await house.stop() < LONGEST_STOP_S
    writer.close()
    assert server.unconfirmed == under_way  # so they come again
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_a_stop_while_telegram_is_away_takes_no_longer(house: House) -> None:
    server = house.server
    await house.start()
    await house.quiet()
    server.plan("getUpdates", *[flood(60)] * 3)
    server.say(server.person(), "/help")
    await house.until(lambda: [r for r in server.called("getUpdates") if r.status == 429])
    assert await house.stop() < LONGEST_STOP_S
    assert TOKEN not in house.said
