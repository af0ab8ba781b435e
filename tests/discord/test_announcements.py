from __future__ import annotations

from tests.discord.faults import Fault, broken, dropped, forbidden, limited, lost, not_found
from tests.discord.house import OLGA, OMAR, House, found, sends
from tests.discord.world import USUAL, VIEW_CHANNEL

OPENED = "You can pledge until"


async def test_many_rooms_hear_two_announcements_within_discords_limits(strict_house: House) -> None:
    server = strict_house.server
    server.person(OLGA)
    guild = server.guild()
    lobby = server.room(guild)
    rooms = [server.thread(lobby) if n % 2 else server.room(guild, kind="announcement") for n in range(18)]
    await found(strict_house, organizing=[OLGA], rooms=dict.fromkeys(rooms))
    await strict_house.start()
    await strict_house.sure(OLGA, "organize open")
    # whoever has not heard that it opened does not hear it any more once it is called off
    await strict_house.until(lambda: all(map(strict_house.from_bot, rooms)))
    await strict_house.sure(OLGA, "organize calloff", lobby)
    await strict_house.until(lambda: all(len(strict_house.from_bot(room)) == 2 for room in rooms))
    for room in rooms:
        first, second = strict_house.from_bot(room)
        assert OPENED in first.text
        assert second.text.startswith("Called off.")


async def test_a_long_announcement_comes_once_in_parts_as_it_was_written_and_notifies_nobody(house: House) -> None:
    server = house.server
    server.person(OLGA)
    room = server.room(server.guild())
    demands = [f"{number:02d} {'more and better buses ' * 9}".strip() for number in range(40)]
    await found(
        house,
        organizing=[OLGA],
        rooms={room: None},
        demands=["@everyone", *demands],
        title="@here One <@&1> day",
        shops=[(f"<@{OLGA + 9}> **Depot**", 9, 5, "@here")],
        citywide_threshold=5,
    )
    await house.start()
    server.plan(f"POST /channels/{room}/messages", Fault(applied=True), broken(500, applied=True))
    await house.sure(OLGA, "organize open", room)
    await house.hears(room, OPENED)
    parts = [message.text for message in house.from_bot(room)]
    assert len(parts) > 3
    assert "One \\<@&1> day" in parts[0]
    assert [line for line in "\n".join(parts).split("\n") if "buses" in line and "•" in line] == [
        f"• {demand}" for demand in demands
    ]
    # House.check sees that none of it would notify anybody


async def test_every_trouble_delays_news_and_none_loses_or_doubles_it(house: House) -> None:
    server = house.server
    for who in (OLGA, OMAR):
        server.person(who)
    guild = server.guild()
    trouble = {
        server.room(guild): fault
        for fault in (
            limited(0.5),
            limited(0.5, everywhere=True),
            limited(0.5, by_cloudflare=True),
            limited(300),  # longer than the library waits, and than this test takes
            broken(503),
            broken(500, applied=True),
            broken(520, b"<html>", applied=True),
            broken(200, b"<html>"),
            broken(200, b"<html>", applied=True),
            dropped(),
            lost(),
            forbidden(40333),  # Cloudflare's
            forbidden(0),
        )
    }
    plain = server.thread(server.room(guild))
    await found(house, organizing=[OLGA, OMAR], rooms=dict.fromkeys([*trouble, plain]))
    await house.start()
    for room, fault in trouble.items():
        server.plan(f"POST /channels/{room}/messages", fault)
    await house.sure(OLGA, "organize open")
    slow = list(trouble)[3]
    for room in {*trouble, plain} - {slow}:
        await house.hears(room, OPENED)
    assert [len(house.from_bot(room)) for room in trouble if room != slow] == [1] * (len(trouble) - 1)
    assert len(sends(server, slow)) == 1
    assert house.from_bot(slow) == []
    (answer,) = house.from_bot(server.dm(OLGA))
    assert "is open for pledges" in answer.text
    told = await house.hears(server.dm(OMAR), "Approved: Open ")
    assert told.text.startswith("Approved: Open ")
    assert house.from_bot(server.dm(OMAR)) == [told]  # and no room is gone
    await house.stop()


async def test_rooms_that_do_not_hear_any_more_are_told_of_once_and_tried_no_more(house: House) -> None:
    server = house.server
    for who in (OLGA, OMAR):
        server.person(who)
    server.people[OMAR].closed = True
    guild, left = server.guild(), server.guild()
    mute, hidden, gone, plain, elsewhere = (
        server.room(guild, "mute-room"),
        server.room(guild, "hidden-room"),
        server.room(guild, "gone-room"),
        server.room(guild, "plain-room"),
        server.room(left, "other-room"),
    )
    server.permit(mute, VIEW_CHANNEL)
    server.permit(hidden, USUAL & ~VIEW_CHANNEL)
    server.remove(gone)
    server.throw_out(left)
    deaf = (mute, hidden, gone, elsewhere)
    await found(house, organizing=[OLGA, OMAR], rooms=dict.fromkeys([*deaf, plain]))
    await house.start()
    await house.sure(OLGA, "organize open")
    await house.hears(plain, OPENED)
    own = server.dm(OLGA)
    await house.until(lambda: sum("is gone" in message.text for message in house.from_bot(own)) == len(deaf))
    # each in vain, and only once; that it was opened as well
    await house.until(lambda: len(sends(server, server.dm(OMAR))) == len(deaf) + 1)
    listed = (await house.command(OLGA, "organize rooms")).text
    assert "plain-room" in listed
    assert listed.count("\n") == 0
    assert [len(sends(server, room)) for room in deaf] == [1] * len(deaf)
    refused = await house.command(OLGA, "organize room", mute, scope="citywide")
    assert "I may not write in this channel" in refused.text
    server.plan(f"POST /channels/{own}/messages", not_found(10003))
    server.remove(plain)
    await house.until(lambda: len(sends(server, own)) == len(deaf) + 1)
    assert (await house.command(OLGA, "organize rooms")).text.startswith("No chat hears the news yet.")
