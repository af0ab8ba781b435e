"""Anti-rumour on Discord: the reference under what channels hear, /verify, and testing the rooms."""

from __future__ import annotations

from tests.console.play import bare, reference
from tests.discord.house import OLGA, House, found

OPENED = "You can pledge until"
NOT_SAID = (
    "I do not know this reference. First check it letter by letter. If it is right, I have not said this: "
    "do not pass it on."
)

BEING_SAID = "I am saying this just now and cannot show my words yet. Ask again in a minute."


async def test_what_channels_heard_can_be_verified_and_what_was_forged_cannot(house: House) -> None:
    server = house.server
    server.person(OLGA)
    ana = server.person(name="Ana")
    guild = server.guild()
    city, second, depot = (server.room(guild, name) for name in ("all-hands", "all-hands-2", "yard-gate"))
    await found(house, organizing=[OLGA], rooms={city: None, second: None, depot: "Depot"})
    await house.start()
    await house.sure(OLGA, "organize open")
    said, same, own = [(await house.hears(room, OPENED)).text for room in (city, second, depot)]
    assert said == same
    assert reference(said) != reference(own)
    assert bare(said) == bare(own)

    while (answer := await house.command(ana, "verify", reference=reference(said).lower().replace("-", " "))).text == (
        BEING_SAID
    ):
        pass
    assert "in the citywide rooms of One day for the rent freeze:" in answer.text
    assert said in answer.text
    while (in_channel := await house.command(ana, "verify", city, reference=reference(own))).text == BEING_SAID:
        pass
    assert "in one workplace's own rooms" in in_channel.text
    assert in_channel.ephemeral
    forged = ("Y" if reference(said)[0] == "Z" else "Z") + reference(said)[1:]
    assert (await house.command(ana, "verify", reference=forged)).text == NOT_SAID

    await house.stop()
    await house.start()
    assert said in (await house.say(ana, f"/verify {reference(said)}")).text


async def test_an_organizer_chooses_a_language_and_lets_every_channel_hear_a_test(house: House) -> None:
    server = house.server
    server.person(OLGA)
    guild = server.guild()
    city, depot = server.room(guild, "all-hands"), server.room(guild, "yard-gate")
    await found(house, organizing=[OLGA])
    await house.start()
    bound = await house.command(OLGA, "organize room", city, scope="citywide", language="en")
    assert "#all-hands hears the citywide news from now on, in this language: English." in bound.text
    await house.command(OLGA, "organize room", depot, scope="Depot")
    listed = await house.command(OLGA, "organize rooms", city)
    assert sorted(listed.text.split("\n")) == [
        "#all-hands (Discord): citywide, English",
        "#yard-gate (Discord): Depot, English",
    ]
    asked = await house.press(listed, "Send a test", OLGA)
    assert asked.text.startswith("2 rooms hear a test now")
    await house.hears(city, "This is a test: this room hears the citywide news of One day for the rent freeze.")
    await house.hears(depot, "This is a test: this room hears the news of Depot for One day for the rent freeze.")
    again = await house.press(await house.command(OLGA, "organize rooms"), "Send a test", OLGA)
    assert again.text.startswith("The rooms were tested less than a minute ago.")
    off = await house.command(OLGA, "organize room", depot, scope="off", language="en")
    assert "#yard-gate hears nothing more." in off.text
    assert len(house.from_bot(city)) == 1
