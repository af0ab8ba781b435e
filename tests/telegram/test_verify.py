"""Anti-rumour on Telegram: the reference under what rooms hear, /verify in private, and testing the rooms."""

from __future__ import annotations

import asyncio

from tests.console.play import bare, reference
from tests.telegram.house import BEING_SAID, OLGA, House, found, labels
from tests.telegram.server import held, lost

OPENED = "You can pledge until"
NOT_SAID = (
    "I do not know this reference. First check it letter by letter. If it is right, I have not said this: "
    "do not pass it on."
)


async def test_what_rooms_heard_can_be_verified_privately_and_what_was_forged_cannot(house: House) -> None:
    server = house.server
    server.person(OLGA)
    ana = server.person(name="Ana")
    rooms = {server.room("channel"): None, server.room(): None, server.room(): "Depot"}
    city, second, depot = rooms
    server.plan("sendMessage", lost(), chat=second)
    await found(house, organizing=[OLGA], rooms=rooms)
    await house.start()
    await house.sure(OLGA, "/open")
    said, same, own = [(await house.hears(room, OPENED))["text"] for room in rooms]
    assert said == same
    assert reference(said) != reference(own)
    assert bare(said) == bare(own)
    await house.until(lambda: not server.chats[OLGA].texts[-1].endswith("/verify"))

    answer = await house.verified(ana, reference(said).lower())
    assert "in the citywide rooms of One day for the rent freeze:" in answer["text"]
    assert said in answer["text"]
    assert "in one workplace's own rooms" in (await house.verified(ana, reference(own)))["text"]
    forged = ("Y" if reference(said)[0] == "Z" else "Z") + reference(said)[1:]
    assert (await house.ask(ana, f"/verify {forged}"))["text"] == NOT_SAID
    assert "such as /verify K7M3-QX2P" in (await house.ask(ana, "/verify"))["text"]

    group = server.room(members=[ana])
    server.say(ana, f"/verify {reference(said)}", group)
    await house.until(lambda: server.chats[group].texts)
    assert server.chats[group].texts == ["I talk in private only."]

    await house.stop()
    await house.start()
    assert said in (await house.ask(ana, f"/verify {reference(said)}"))["text"]
    assert not [text for text in server.chats[city].texts + server.chats[depot].texts if NOT_SAID in text]


async def test_a_long_announcement_has_one_reference_and_is_shown_again_whole(house: House) -> None:
    server = house.server
    server.person(OLGA)
    room = server.room("channel")
    demands = [f"{number:02d} {'more and better buses ' * 8}".strip() for number in range(40)]
    await found(house, organizing=[OLGA], rooms={room: None}, demands=demands)
    await house.start()
    await house.sure(OLGA, "/open")
    await house.hears(room, OPENED)
    parts = server.chats[room].texts
    assert ["Ref " in part for part in parts] == [False] * (len(parts) - 1) + [True]
    ana = server.person()
    await house.verified(ana, reference(parts[-1]))
    await house.until(lambda: all(demand in "\n".join(server.chats[ana].texts) for demand in demands))


async def test_what_a_room_has_heard_is_not_denied_while_the_bot_does_not_know_that_it_has(house: House) -> None:
    server, goes_on = house.server, asyncio.Event()
    server.person(OLGA)
    ana, room = server.person(), server.room("channel")
    server.plan("sendMessage", lost(), *[held(goes_on)] * 100, chat=room)
    await found(house, organizing=[OLGA], rooms={room: None})
    await house.start()
    await house.sure(OLGA, "/open")
    said = (await house.hears(room, OPENED))["text"]
    assert (await house.ask(ana, f"/verify {reference(said)}"))["text"] == BEING_SAID
    server.heal()
    goes_on.set()
    await house.until(lambda: server.chats[room].texts == [said, said])
    assert said in (await house.verified(ana, reference(said)))["text"]


async def test_an_organizer_lets_every_room_hear_a_test(house: House) -> None:
    server = house.server
    server.person(OLGA)
    await found(house, organizing=[OLGA])
    await house.start()
    city, depot = server.room("channel"), server.room()
    assert "from now on, in this language: English." in (await house.bind(OLGA, city, "citywide en"))["text"]
    await house.bind(OLGA, depot, '"Depot"')
    listed = await house.ask(OLGA, "/rooms")
    assert sorted(listed["text"].split("\n")) == sorted(
        [
            f"{server.chats[city].title} (Telegram): citywide, English",
            f"{server.chats[depot].title} (Telegram): Depot, English",
        ]
    )
    assert labels(listed) == ["Send a test"]
    asked = await house.press(listed, "Send a test")
    assert asked["text"].startswith("2 rooms hear a test now")
    await house.hears(city, "This is a test: this room hears the citywide news of One day for the rent freeze.")
    await house.hears(depot, "This is a test: this room hears the news of Depot for One day for the rent freeze.")
    again = await house.press(await house.ask(OLGA, "/rooms"), "Send a test")
    assert again["text"].startswith("The rooms were tested less than a minute ago.")
    assert (len(server.chats[city].texts), len(server.chats[depot].texts)) == (1, 1)
