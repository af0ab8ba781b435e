"""Several sessions at Discord's gateway: each hears of its own servers, and the first of what is said in private."""

from __future__ import annotations

import asyncio

from bot.process.clock import real_clock
from tests.discord.gateway import shard_of
from tests.discord.house import OLGA, found
from tests.discord.server import DiscordServer
from tests.faults import planted
from tests.faults.houses import DiscordHouse, discord_house
from tests.fixed import PLEDGED_BUTTONS, WITHDRAWN_BUTTONS

SHARDS = 3


def lobbies(server: DiscordServer) -> list[int]:
    """Make a server for each session, and give a channel in each."""
    guilds: dict[int, int] = {}
    while len(guilds) < SHARDS:
        server.later(0.001)
        guild = server.guild()
        guilds[shard_of(guild, SHARDS)] = guild
    return [server.room(guilds[shard], f"lobby-{shard}") for shard in range(SHARDS)]


async def begun(house: DiscordHouse, number: int = SHARDS, **settings: str) -> None:
    await house.start(**settings)
    await house.until(lambda: len(house.server.gateway.live) == number)


async def test_people_in_servers_of_every_session_are_answered_also_after_one_was_dropped() -> None:
    async with discord_house(checked=True) as house:
        server, gateway = house.server, house.server.gateway
        server.shards = gateway.max_concurrency = SHARDS
        city = await found(house, opened=real_clock())
        places = [*lobbies(server), None]
        await begun(house)
        assert sorted(one.said["shard"] for one in gateway.identifies) == [[0, 3], [1, 3], [2, 3]]
        cards = [await house.command(server.person(), "start", place, card=city.take()) for place in places]
        pressed = [server.press(card, "Pledge") for card in cards]
        both = list(zip(cards, pressed, strict=True))
        assert [(await house.settled(one)).labels for one in pressed] == [PLEDGED_BUTTONS] * 4
        dropped = next(one for one in gateway.sessions if one.shard == (1, SHARDS))
        assert dropped.link is not None
        with gateway.refusing():  # it is tried again, and what has happened meanwhile is not lost
            dropped.link.cut()
            await house.until(lambda: gateway.refused)
            taken_back = [server.press(house.as_it_is(card), "Withdraw", one.by) for card, one in both]
            others = [one for one, place in zip(taken_back, places, strict=True) if place != places[1]]
            assert [(await house.settled(one)).labels for one in others] == [WITHDRAWN_BUTTONS] * 3
        assert (await house.settled(taken_back[1])).labels == WITHDRAWN_BUTTONS
        assert dropped.resumed == 1
        assert len(gateway.identifies) == SHARDS
        await house.stop()
        assert (await house.standing(city))["School"] == 0


async def test_rooms_of_every_session_are_called_by_their_names() -> None:
    async with discord_house() as house:
        server = house.server
        server.shards = server.gateway.max_concurrency = SHARDS
        server.person(OLGA)
        await found(house, opened=real_clock(), organizing=[OLGA])
        rooms = lobbies(server)
        await begun(house)
        for room in rooms:
            assert "hears" in (await house.command(OLGA, "organize room", room, scope="citywide")).text
        listed = (await house.command(OLGA, "organize rooms")).text
        assert all(f"#{server.channels[room].name}" in listed for room in rooms)
        await house.stop()


async def test_the_settings_are_stronger_than_what_discord_recommends() -> None:
    async with discord_house() as house:
        house.server.gateway.max_concurrency = 2
        await begun(house, 2, ALLOUT_DISCORD_SHARDS="2")
        await house.stop()


async def test_one_session_says_nothing_of_others() -> None:
    async with discord_house() as house:
        await begun(house, 1)
        assert [one.said.get("shard") for one in house.server.gateway.identifies] == [None]
        await house.stop()


async def test_sessions_begin_one_after_the_other_where_discord_wants_that() -> None:
    async with discord_house() as house:
        house.fault = planted.begin_soon
        house.server.shards, house.server.gateway.identify_every_s = SHARDS, 0.4
        await begun(house)
        assert house.server.gateway.too_soon == 0
        await house.stop()


async def test_sessions_that_begin_all_at_once_would_be_seen() -> None:
    async with discord_house() as house:
        house.fault = planted.begin_too_soon
        house.server.shards, house.server.gateway.identify_every_s = SHARDS, 3_600
        await house.launch()
        await house.until(lambda: house.server.gateway.too_soon)
        await house.kill()


async def test_where_no_more_sessions_may_begin_none_does() -> None:
    async with discord_house() as house:
        house.server.starts = 0
        await house.launch()
        async with asyncio.timeout(30):
            while "it lets no more sessions begin today" not in house.said:  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.02)
        assert house.server.gateway.identifies == []
        await house.kill()
