"""Which channels hear the news: bound from inside by organizers, listed by name, and missed when they go."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord

from tests.discord.dialogues.house import ENTER_CARD, HOUR, City, House, Seat


@pytest.fixture
async def olga(house: House) -> Seat:
    return await house.organizer("olga")


def thread(house: House, name: str = "night shift") -> simcord.ChannelHandle:
    """Open a thread in the channel; there is no other way than behind the scenes."""
    backend = house.env.backend
    backend.create_thread(house.channel.id, name, house.server.owner.id)
    [found] = house.channel.threads
    return found


def lacking(house: House, *permissions: str) -> simcord.ChannelHandle:
    """Make a channel where the bot lacks something."""
    us: Any = house.client.user
    overwrites = {us: discord.PermissionOverwrite(**dict.fromkeys(permissions, False))}
    return house.server.create_text_channel("quiet", overwrites=overwrites)


async def test_a_channel_is_bound_from_inside_for_the_city_or_for_a_workplace(
    house: House, city: City, olga: Seat
) -> None:
    bob = house.somebody("bob")
    bound = await olga.slash("organize room", scope="citywide")
    assert "#general hears the citywide news from now on. Undo: /organize room off" in bound.text
    assert await house.rooms(city) == {str(house.channel.id): "citywide"}
    again = await olga.slash("organize room", walkout=city.walkout, scope="depot")
    assert "hears the news of Depot from now on" in again.text
    assert await house.rooms(city) == {str(house.channel.id): "Depot"}
    assert bob.sees() == []


async def test_a_thread_is_bound_and_hears_the_news(house: House, city: City, olga: Seat) -> None:
    there = thread(house)
    await house.env.settle()
    bound = await Seat(olga.member, there).slash("organize room", scope="Depot")
    assert "#night shift hears the news of Depot" in bound.text
    await house.stand(city, "Depot", 6)
    await house.due(HOUR)
    assert [text[:29] for text in house.posted(there)] == ["Depot has reached its number."]
    house.env.backend.delete_channel(there.id)
    await house.env.settle()
    assert await house.rooms(city) == {}


async def test_rooms_are_listed_by_the_names_they_have_now(house: House, city: City, olga: Seat) -> None:
    assert "In the channel that shall hear the news, send /organize room" in (await olga.slash("organize rooms")).text
    await olga.slash("organize room", scope="citywide")
    second = house.server.create_text_channel("depot_north")
    await house.env.settle()
    await Seat(olga.member, second).slash("organize room", scope="Depot")
    listed = (await olga.slash("organize rooms")).text
    assert sorted(listed.splitlines()) == [
        "#depot\\_north (Discord): Depot, English",
        "#general (Discord): citywide, English",
    ]
    private = Seat(olga.member, None)
    assert "#general (Discord): citywide" in (await private.slash("organize rooms")).text


async def test_off_lets_go_of_the_channel_in_which_it_is_sent(house: House, city: City, olga: Seat) -> None:
    await olga.slash("organize room", scope="citywide")
    off = await olga.slash("organize room", scope="off")
    assert "#general hears nothing more." in off.text
    assert await house.rooms(city) == {}
    off = await olga.slash("organize room", scope="off")
    assert "#general was not bound; nothing changed." in off.text


async def test_in_the_chat_with_the_bot_binding_is_explained_and_nothing_bound(
    house: House, city: City, olga: Seat
) -> None:
    private = Seat(olga.member, None)
    for scope in ("citywide", "Depot"):
        answer = await private.slash("organize room", scope=scope)
        assert "In the channel that shall hear the news, send /organize room and what it hears." in answer.text
        assert ENTER_CARD not in answer.buttons
    off = await private.slash("organize room", scope="off")
    assert "In the channel that shall hear the news" in off.text
    [typed] = await house.write(private, "/room off general")
    assert "general was not bound; nothing changed." in typed.content
    assert await house.rooms(city) == {}


@pytest.mark.parametrize("permission", ["send_messages", "view_channel"])
async def test_where_the_bot_may_not_write_the_organizer_alone_is_told_and_nothing_is_bound(
    house: House, city: City, olga: Seat, permission: str
) -> None:
    quiet = lacking(house, permission)
    await house.env.settle()
    bob = house.somebody("bob", quiet)
    answer = await Seat(olga.member, quiet).slash("organize room", scope="citywide")
    assert "permissions View Channel and Send Messages" in answer.text
    assert await house.rooms(city) == {}
    assert bob.sees() == []


async def test_in_a_thread_the_permission_to_write_in_threads_is_asked_for(
    house: House, city: City, olga: Seat
) -> None:
    house.channel = lacking(house, "send_messages_in_threads")
    there = thread(house)
    await house.env.settle()
    answer = await Seat(olga.member, there).slash("organize room", scope="citywide")
    assert "Send Messages in Threads" in answer.text
    assert await house.rooms(city) == {}


async def test_an_unknown_workplace_is_not_bound(house: House, city: City, olga: Seat) -> None:
    answer = await olga.slash("organize room", scope="Nowhere")
    assert "There is no workplace called Nowhere." in answer.text
    assert await house.rooms(city) == {}


async def test_a_deleted_channel_is_unbound_and_the_organizers_are_told_privately(
    house: House, city: City, olga: Seat
) -> None:
    omar = await house.organizer("omar")
    second, third = house.server.create_text_channel("depot"), house.server.create_text_channel("unbound")
    await house.env.settle()
    await olga.slash("organize room", scope="citywide")
    await Seat(olga.member, second).slash("organize room", scope="Depot")
    house.env.backend.delete_channel(third.id)
    await house.env.settle()
    assert len(await house.rooms(city)) == 2
    house.env.backend.delete_channel(second.id)
    await house.env.settle()
    assert await house.rooms(city) == {str(house.channel.id): "citywide"}
    await house.due()
    for organizer in (olga, omar):
        [told] = house.told(organizer)
        assert told.startswith("The chat of Depot is gone")
        assert told.endswith("Bind another: /organize room")
    assert house.posted(house.channel) == []


async def test_a_server_that_removes_the_bot_loses_all_its_rooms_and_an_outage_loses_none(
    house: House, city: City, olga: Seat
) -> None:
    second = house.server.create_text_channel("depot")
    await house.env.settle()
    await olga.slash("organize room", scope="citywide")
    await Seat(olga.member, second).slash("organize room", scope="Depot")

    house.env.backend.emit("GUILD_DELETE", {"id": str(house.server.id), "unavailable": True})
    await house.env.settle()
    assert len(await house.rooms(city)) == 2
    await house.due()
    assert house.told(olga) == []

    await house.restart()  # as the server comes back
    house.env.backend.remove_guild(house.server.id)
    await house.env.settle()
    assert await house.rooms(city) == {}
    await house.due()
    assert sorted(text.partition(" is gone")[0][:16] for text in house.told(olga)) == [
        "A citywide chat ",
        "The chat of Depo",
    ]


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (403, 50001), (404, 10003)])
async def test_a_channel_that_refuses_the_news_is_unbound_and_the_others_hear_it(
    house: House, city: City, olga: Seat, status: int, code: int
) -> None:
    second = house.server.create_text_channel("school")
    await house.env.settle()
    await olga.slash("organize room", scope="Depot")
    await Seat(olga.member, second).slash("organize room", scope="School")
    house.env.inject_error(
        "POST", f"/channels/{house.channel.id}/messages", status=status, code=code, message="no", times=None
    )
    await house.stand(city, "Depot", 7)
    await house.stand(city, "School", 5)
    await house.due(HOUR)
    assert await house.rooms(city) == {str(second.id): "School"}
    assert house.posted(house.channel) == []
    assert house.posted(second)[-1].startswith("It is on, and School walks out on")
    assert [text for text in house.told(olga) if text.startswith("The chat of Depot is gone")]
    assert await house.app.store.unsettled(city.walkout) == 0


async def test_a_failure_that_passes_loses_neither_the_room_nor_the_news(house: House, city: City, olga: Seat) -> None:
    await olga.slash("organize room", scope="Depot")
    await house.stand(city, "Depot", 6)
    house.env.inject_error("POST", f"/channels/{house.channel.id}/messages", status=403, code=0, message="a proxy's no")
    await house.due(HOUR)
    assert house.posted(house.channel) == []
    assert await house.rooms(city) == {str(house.channel.id): "Depot"}
    await house.due(HOUR / 12)
    [heard] = house.posted(house.channel)
    assert heard.startswith("Depot has reached its number.")


async def test_of_a_locked_thread_organizers_are_told_once_and_it_stays_bound(
    house: House, city: City, olga: Seat
) -> None:
    await olga.slash("organize room", scope="Depot")
    await house.stand(city, "Depot", 6)
    house.env.inject_error(
        "POST", f"/channels/{house.channel.id}/messages", status=400, code=50083, message="Thread is archived", times=5
    )
    await house.due(HOUR)
    told_after = []
    for _ in range(5):
        told_after.append(len([text for text in house.told(olga) if text.startswith("I may not write in the chat of")]))
        await house.due(HOUR / 6)
    assert told_after == [0, 0, 1, 1, 1]
    assert await house.rooms(city) == {str(house.channel.id): "Depot"}
    [heard] = house.posted(house.channel)
    assert heard.startswith("Depot has reached its number.")


async def test_a_room_that_has_not_heard_its_news_is_shown_as_such(house: House, city: City, olga: Seat) -> None:
    await olga.slash("organize room", scope="Depot")
    await house.stand(city, "Depot", 6)
    house.env.inject_error(
        "POST", f"/channels/{house.channel.id}/messages", status=400, code=50083, message="Thread is archived", times=3
    )
    await house.due(HOUR)
    assert "has not heard its news" not in (await olga.slash("organize rooms")).text
    for _ in range(2):
        await house.due(HOUR / 6)
    assert "It has not heard its news: I tried 3 times." in (await olga.slash("organize rooms")).text
    await house.due(HOUR / 6)
    assert "has not heard its news" not in (await olga.slash("organize rooms")).text


async def test_an_organizer_who_takes_no_messages_is_passed_over_and_stays_one(
    house: House, city: City, olga: Seat
) -> None:
    omar = await house.organizer("omar")
    chat = olga.member.user.dm_channel
    house.env.inject_error(
        "POST", f"/channels/{chat.id}/messages", status=403, code=50007, message="Cannot send", times=None
    )
    await house.stand(city, "Depot", 6)
    await house.due(HOUR)
    assert house.told(olga) == []
    [told] = house.told(omar)
    assert "Depot has reached its number." in told
    assert await house.app.store.unsettled(city.walkout) == 0
    assert "Depot\n▓▓▓▓▓▓▓▓▓▓ has reached" in (await olga.slash("organize board")).text


async def test_news_of_a_gone_room_is_made_once_however_often_discord_says_so(
    house: House, city: City, olga: Seat
) -> None:
    await olga.slash("organize room", scope="citywide")
    for _ in range(3):
        await house.client.gone(house.channel.id)
    await house.due()
    [told] = house.told(olga)
    assert told.startswith("A citywide chat of One day for the rent freeze")
