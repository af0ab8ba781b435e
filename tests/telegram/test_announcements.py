from __future__ import annotations

from tests.telegram.house import OLGA, OMAR, House, found, sends
from tests.telegram.server import blocked, broken, dropped, flood, kicked, lost, not_found, refused, unauthorized

OPENED = "You can pledge until"


async def test_many_rooms_hear_two_announcements_within_telegrams_limits(strict_house: House) -> None:
    server = strict_house.server
    server.person(OLGA)
    rooms = [server.room("group" if n % 2 else "channel") for n in range(36)]
    await found(strict_house, organizing=[OLGA], rooms=dict.fromkeys(rooms))
    await strict_house.start()
    await strict_house.sure(OLGA, "/open")
    await strict_house.until(lambda: all(server.chats[room].texts for room in rooms[:5]))
    await strict_house.sure(OLGA, "/calloff")
    await strict_house.until(lambda: all(len(server.chats[room].texts) == 2 for room in rooms))
    for room in rooms:
        first, second = server.chats[room].texts
        assert OPENED in first
        assert second.startswith("Called off.")


async def test_a_long_announcement_comes_once_in_parts_cut_between_lines(strict_house: House) -> None:
    server = strict_house.server
    server.person(OLGA)
    room = server.room("channel")
    demands = [f"{number:02d} {'more and better buses ' * 8}".strip() for number in range(40)]
    await found(strict_house, organizing=[OLGA], rooms={room: None}, demands=demands)
    await strict_house.start()
    await strict_house.sure(OLGA, "/open")
    await strict_house.hears(room, OPENED)
    parts = server.chats[room].texts
    assert len(parts) > 1
    assert [line for line in "\n".join(parts).split("\n") if "buses" in line and "•" in line] == [
        f"• {demand}" for demand in demands
    ]


async def test_every_trouble_delays_news_and_none_loses_it(house: House) -> None:
    server = house.server
    for who in (OLGA, OMAR):
        server.person(who)
    flooded, failing, cut, doubled, removed, grown, deaf, plain = (server.room("group") for _ in range(8))
    puzzled = {
        server.room(): nonsense
        for nonsense in (not_found(), unauthorized(), refused(409, "Conflict"), broken(200, b"<html>"))
    }
    rooms = (flooded, failing, cut, doubled, removed, grown, deaf, *puzzled, plain)
    await found(house, organizing=[OLGA, OMAR], rooms=dict.fromkeys(rooms))
    await house.start()
    await house.ask(OLGA, "/rooms")
    server.plan("sendMessage", flood(2), chat=flooded)
    server.plan("sendMessage", broken(500, b"<html>"), chat=failing)
    server.plan("sendMessage", dropped(), chat=cut)
    server.plan("sendMessage", lost(), chat=doubled)
    server.plan("sendMessage", kicked("group"), chat=removed)
    server.plan("sendMessage", refused(400, "Bad Request: chat not found"), chat=deaf)
    for room, nonsense in puzzled.items():
        server.plan("sendMessage", nonsense, chat=room)
    new = server.upgrade(grown)
    server._pending.clear()  # nobody tells the bot but the answer to its own call
    await house.sure(OLGA, "/open")
    served = (flooded, failing, cut, new, *puzzled, plain)
    for room in (*served, doubled):
        await house.hears(room, OPENED)
    tries = sends(server, flooded)
    assert tries[1].at - tries[0].at >= 2
    assert [len(server.chats[room].texts) for room in served] == [1] * len(served)
    assert len(server.chats[doubled].texts) <= 2  # Telegram gives no way to know that it has taken the first
    # of the two chats that do not want the bot any more the organizers are told, and no list names them
    for who in (OLGA, OMAR):
        await house.until(lambda who=who: sum("is gone" in text for text in server.chats[who].texts) == 2)  # type: ignore[misc]
    listed = (await house.ask(OLGA, "/rooms"))["text"]
    assert listed.count(server.chats[new].title) == 1  # a group that has grown keeps its name
    assert not any(server.chats[room].title in listed for room in (removed, deaf))
    server.plan("sendMessage", blocked(), chat=OMAR)
    before, told = len(server.chats[OLGA].texts), len(sends(server, OMAR))
    server.member(plain, "kicked")
    await house.until(lambda: server.chats[OLGA].texts[before:])
    await house.until(lambda: len(sends(server, OMAR)) > told)
    assert (len(sends(server, removed)), len(sends(server, deaf)), len(sends(server, OMAR))) == (1, 1, told + 1)
