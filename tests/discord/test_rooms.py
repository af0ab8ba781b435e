from __future__ import annotations

import pytest

from tests.discord.house import OLGA, OMAR, House
from tests.discord.world import Message

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def bind(house: House, *channels: int) -> None:
    for channel in channels:
        bound = await house.command(OLGA, "organize room", channel, scope="citywide")
        assert "hears the citywide news" in bound.text


async def listed(house: House) -> str:
    return (await house.command(OLGA, "organize rooms")).text


def told(house: House, who: int) -> list[Message]:
    """Give what the bot told somebody of rooms that are gone."""
    return [message for message in house.from_bot(house.server.dm(who)) if "is gone or has removed me" in message.text]


async def test_a_channel_or_thread_that_is_deleted_is_told_of_privately(busy_house: House) -> None:
    server = busy_house.server
    guild = server.guild()
    lobby, canteen = server.room(guild, "lobby-room"), server.room(guild, "canteen")
    thread, below = server.thread(lobby, "night-shift"), server.thread(canteen, "early-shift")
    await bind(busy_house, lobby, thread, canteen, below)
    before = [len(told(busy_house, who)) for who in (OLGA, OMAR)]
    for gone, number in ((thread, 1), (canteen, 3)):  # with a channel go its threads
        server.remove(gone)
        wanted = [had + number for had in before]
        await busy_house.until(lambda wanted=wanted: [len(told(busy_house, who)) for who in (OLGA, OMAR)] == wanted)  # type: ignore[misc]
    names = await listed(busy_house)
    assert "lobby-room" in names
    assert not any(name in names for name in ("night-shift", "canteen", "early-shift"))
    assert busy_house.from_bot(lobby) == []


async def test_a_server_that_sends_the_bot_away_takes_its_rooms_along(busy_house: House) -> None:
    server = busy_house.server
    guild = server.guild()
    hall = server.room(guild, "hall-room")
    office = server.thread(hall, "office-thread")
    await bind(busy_house, hall, office)
    before = [len(told(busy_house, who)) for who in (OLGA, OMAR)]
    server.throw_out(guild)
    await busy_house.until(lambda: [len(told(busy_house, who)) for who in (OLGA, OMAR)] == [n + 2 for n in before])
    names = await listed(busy_house)
    assert "hall-room" not in names
    assert "office-thread" not in names
    server.invite(guild)
    await bind(busy_house, hall)
    assert "hall-room" in await listed(busy_house)


async def test_an_outage_of_discords_loses_no_room(busy_house: House) -> None:
    server = busy_house.server
    guild = server.guild()
    dock = server.room(guild, "dock-room")
    await bind(busy_house, dock)
    before = len(told(busy_house, OLGA))
    server.outage(guild)
    assert "dock-room" in await listed(busy_house)
    server.restore(guild)
    assert "dock-room" in await listed(busy_house)
    assert len(told(busy_house, OLGA)) == before


async def test_what_else_goes_is_nobodys_business(busy_house: House) -> None:
    server = busy_house.server
    guild = server.guild()
    yard, other = server.room(guild, "yard-room"), server.room(guild, "other-room")
    await bind(busy_house, yard)
    before = len(told(busy_house, OLGA))
    server.remove(server.thread(yard))
    server.remove(other)
    server.throw_out(server.guild("Another local"))
    assert "yard-room" in await listed(busy_house)
    assert len(told(busy_house, OLGA)) == before


async def test_an_organizer_binds_moves_and_releases_from_inside_and_only_they_see_it(busy_house: House) -> None:
    server = busy_house.server
    gate = server.room(server.guild(), "gate-room")
    thread = server.thread(gate, "gate-thread")
    for channel, name in ((gate, "gate-room"), (thread, "gate-thread")):
        for scope, heard in (("Depot", "the news of Depot"), ("citywide", "the citywide news")):
            bound = await busy_house.command(OLGA, "organize room", channel, scope=scope)
            assert f"#{name} hears {heard}" in bound.text
            assert bound.seen_by == OLGA
        assert name in await listed(busy_house)
        released = await busy_house.command(OLGA, "organize room", channel, scope="off")
        assert "hears nothing more" in released.text
        assert name not in await listed(busy_house)
        stranger = await busy_house.command(server.person(), "organize room", channel, scope="citywide")
        assert "hears" not in stranger.text
    assert busy_house.from_bot(gate) == busy_house.from_bot(thread) == []
