"""On Discord: who asked is told; and a chat is cleared as far as a bot can."""

from __future__ import annotations

import pytest

from tests.discord.dialogues.house import HOUR, City, House, Seat
from tests.fixed import PLEDGED_BUTTONS

ASK, STOP, YES = "Tell me", "Do not tell me", "Yes, tell me"
TOLD_BUTTONS = ["Check", "Withdraw", STOP, "Read it all again", "Questions", "Clear this chat", "Language 文 বা ع"]


@pytest.fixture(params=["in a server", "in the chat with the bot"])
def ana(request: pytest.FixtureRequest, house: House) -> Seat:
    """Ana, at either place."""
    return house.somebody("ana") if request.param == "in a server" else house.privately("ana")


async def test_who_asks_is_told_in_the_chat_with_the_bot(house: House, city: City, ana: Seat) -> None:
    card = await ana.pledge(city.take("Depot"))
    asked = await ana.press(card.last, ASK)
    assert "I keep your address on this chat service" in asked.text
    assert "only while we share a server" in asked.text
    assert asked.buttons == [YES, "No"]
    assert (await ana.press(asked.last, "No")).buttons == PLEDGED_BUTTONS
    asked = await ana.press(card.last, ASK)
    told = await ana.press(asked.last, YES)
    assert told.buttons == TOLD_BUTTONS
    deleted = await ana.press(told.last, STOP)
    assert deleted.buttons == PLEDGED_BUTTONS
    await ana.press((await ana.press(deleted.last, ASK)).last, YES)

    bo = house.somebody("bo")
    await bo.pledge(city.take("Depot"))
    await house.stand(city, "Depot", 6)
    await house.stand(city, "School", 8)
    before = len(house.told(ana))
    await house.due(HOUR)
    [news] = house.told(ana)[before:]
    assert news.startswith("It is on: One day for the rent freeze")
    assert "Depot walks out on " in news
    assert house.told(bo) == []


async def test_who_takes_the_pledge_back_is_not_told(house: House, city: City, ana: Seat) -> None:
    card = await ana.pledge(city.take("Depot"))
    told = await ana.press((await ana.press(card.last, ASK)).last, YES)
    again = await ana.press((await ana.press(told.last, "Withdraw")).last, "Pledge")
    assert again.buttons == PLEDGED_BUTTONS
    await house.stand(city, "Depot", 6)
    await house.stand(city, "School", 8)
    before = len(house.told(ana))
    await house.due(HOUR)
    assert len(house.told(ana)) == before


async def test_a_chat_with_the_bot_is_cleared_of_what_the_bot_wrote(house: House, city: City) -> None:
    ana = house.privately("ana")
    await house.write(ana, "/privacy")
    await house.write(ana, "hello")
    card = await ana.pledge(city.take())
    warned = await ana.press(card.last, "Clear this chat")
    assert "you need the card itself" in warned.text
    assert "Your own you must delete yourself." in warned.text
    assert (await ana.press(warned.last, "Keep")).buttons == PLEDGED_BUTTONS
    await house.restart()  # nothing need be remembered
    warned = await ana.press(card.last, "Clear this chat")
    result = await ana.press_raw(warned.last, "Clear now")
    assert result.acknowledged
    assert ana.sees()[:2] == ["/privacy", "hello"]
    assert [text for text in ana.sees()[2:] if not text.startswith("Cleared.")] == []


async def test_in_a_server_the_message_that_only_they_see_goes(house: House, city: City) -> None:
    ana = house.somebody("ana")
    card = await ana.pledge(city.take())
    warned = await ana.press(card.last, "Clear this chat")
    result = await ana.press_raw(warned.last, "Clear now")
    assert result.acknowledged
    assert ana.sees() == []


async def test_where_discord_does_not_let_anything_be_deleted_that_is_said(house: House, city: City) -> None:
    ana = house.privately("ana")
    warned = await ana.press((await ana.pledge(city.take())).last, "Clear this chat")
    house.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50013, message="no", times=1)
    await ana.press_raw(warned.last, "Clear now")
    assert any("Discord does not let me delete everything" in text for text in ana.sees())
