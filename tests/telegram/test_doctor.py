from __future__ import annotations

import json

from bot.usecases.health import Sign
from tests.telegram.house import OLGA, House, found
from tests.telegram.server import broken, dropped, flood, refused, unauthorized

READS = {"getMe", "getWebhookInfo", "getChat", "getChatMember"}


async def test_beside_the_running_bot_each_room_is_looked_at_and_nobody_notices(house: House) -> None:
    server = house.server
    hall, lobby, silent, gone = (server.room("channel"), server.room(), server.room("channel"), server.room("group"))
    server.chats[silent].may_write = False
    server.chats[gone].bot = "kicked"
    unheard = server.room()
    rooms = {hall: None, lobby: "School", silent: "Depot", gone: "<b>&", unheard: None, -77: None}
    city = await found(house, organizing=[OLGA], rooms=rooms)
    await house.start()
    server.plan("getChat", broken(500), chat=unheard)
    before = len(server.requests)
    findings = await house.examined()
    assert {one["sign"]: one["facts"]["n"] for one in findings if one["sign"] == Sign.ROOMS_HEAR} == {"rooms_hear": 2}
    told = {(one["sign"], one["facts"]["workplace"]) for one in findings if "workplace" in one["facts"]}
    assert told == {("room_mute", "Depot"), ("room_gone", "<b>&"), ("room_unknown", ""), ("room_gone", "")}
    assert {one["facts"]["walkout"] for one in findings if "workplace" in one["facts"]} == {city.walkout}
    signs = {one["sign"] for one in findings}
    assert {Sign.BOT_RUNS, Sign.MEMORY_KEPT, Sign.KEY_FITS, Sign.STORE_SOUND, Sign.TOKEN_GOOD} <= signs
    assert Sign.CLOCK_RIGHT in signs
    assert {call.method for call in server.requests[before:]} <= {*READS, "getUpdates"}
    assert str(-1_002) not in json.dumps(findings)
    assert server.token not in json.dumps(findings)
    assert (await house.ask(server.person(), "/help"))["text"]
    await house.stop()


async def test_a_wrong_token_and_no_answer_are_told_apart(house: House) -> None:
    server = house.server
    await found(house, rooms={server.room(): None})
    server.plan("getMe", unauthorized())
    assert Sign.TOKEN_REFUSED in await signs(house)
    for fault in (dropped(), flood(3)):
        server.plan("getMe", fault)
        assert Sign.NO_ANSWER in await signs(house)
    server.plan("getChatMember", refused(400, "Bad Request: member not found"))
    assert Sign.ROOM_GONE in await signs(house)
    assert Sign.ROOMS_HEAR in await signs(house)


async def signs(house: House) -> set[str]:
    return {one["sign"] for one in await house.examined()}
