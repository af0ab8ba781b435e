from __future__ import annotations

import json

from bot.usecases.health import Sign
from tests.discord.faults import forbidden, limited, unauthorized
from tests.discord.house import OLGA, House, found
from tests.discord.world import SEND_MESSAGES, SEND_MESSAGES_IN_THREADS, USUAL, VIEW_CHANNEL


async def test_beside_the_running_bot_each_room_is_looked_at_and_nobody_notices(house: House) -> None:
    server = house.server
    server.person(OLGA)
    guild, other = server.guild(), server.guild()
    hall = server.room(guild)
    thread = server.thread(hall)
    silent, hidden, gone = server.room(guild), server.room(guild), server.room(guild)
    lost = server.room(other)
    above = server.room(guild)
    dumb = server.thread(above)
    server.permit(silent, USUAL & ~SEND_MESSAGES)
    server.permit(hidden, USUAL & ~VIEW_CHANNEL)
    server.permit(above, USUAL & ~SEND_MESSAGES_IN_THREADS)
    rooms = {hall: None, thread: "School", silent: "Depot", gone: "<b>&", lost: None, hidden: "Depot", dumb: "School"}
    city = await found(house, organizing=[OLGA], rooms=rooms)
    server.remove(gone)
    await house.start()
    server.plan(f"GET /channels/{lost}", limited(99))
    before = len(server.requests)
    findings = await house.examined()
    assert [one["facts"]["n"] for one in findings if one["sign"] == Sign.ROOMS_HEAR] == [2]
    told = sorted((one["sign"], one["facts"]["workplace"]) for one in findings if "workplace" in one["facts"])
    assert told == [
        ("room_gone", "<b>&"),
        ("room_mute", "Depot"),
        ("room_mute", "Depot"),
        ("room_mute", "School"),
        ("room_unknown", ""),
    ]
    assert {one["facts"]["walkout"] for one in findings if "workplace" in one["facts"]} == {city.walkout}
    signs = {one["sign"] for one in findings}
    assert {Sign.BOT_RUNS, Sign.MEMORY_KEPT, Sign.KEY_FITS, Sign.STORE_SOUND, Sign.TOKEN_GOOD} <= signs
    assert Sign.CLOCK_RIGHT in signs
    assert {call.verb for call in server.requests[before:]} == {"GET"}
    assert len(server.gateway.sessions) == 1
    assert str(hall) not in json.dumps(findings)
    assert server.token not in json.dumps(findings)
    await house.stop()


async def test_a_wrong_token_and_no_answer_are_told_apart(house: House) -> None:
    server = house.server
    room = server.room(server.guild())
    await found(house, rooms={room: None})
    with server.failing("GET /users/@me", unauthorized()):
        assert Sign.TOKEN_REFUSED in await signs(house)
    for fault in (forbidden(0), limited(99)):
        with server.failing("GET /users/@me", fault):
            assert Sign.NO_ANSWER in await signs(house)
    server.plan(f"GET /channels/{room}", limited(99))
    assert Sign.ROOM_UNKNOWN in await signs(house)
    assert Sign.ROOMS_HEAR in await signs(house)


async def signs(house: House) -> set[str]:
    return {one["sign"] for one in await house.examined()}
