"""A walkout's whole course on Discord, in a server and in the chat with the bot."""

from __future__ import annotations

import pytest

from bot.secrets.card_codes import pretty
from tests.console.play import PLEDGE_BY
from tests.discord.dialogues.house import ENTER_CARD, HOUR, City, House, Seat, labels
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS, WITHDRAWN_BUTTONS

ONLY_YOU = "Only you see this, and it is gone when you leave"


@pytest.fixture(params=["in a server", "in the chat with the bot"])
def ana(request: pytest.FixtureRequest, house: House) -> Seat:
    """Ana, at either place."""
    return house.somebody("ana") if request.param == "in a server" else house.privately("ana")


async def test_a_card_is_opened_pledged_checked_taken_back_and_pledged_again_on_one_message(
    house: House, city: City, ana: Seat
) -> None:
    card = city.take("Depot")
    shown = await ana.slash("start", card=pretty(card))
    assert "You would pledge for Depot" in shown.text
    assert "6 of its 10 people" in shown.text
    assert "Discord itself" in shown.text
    assert shown.buttons == TERMS_BUTTONS
    assert await house.standing(city) == {}

    course = [
        ("Pledge", "Recorded. Depot: your pledge stands.", PLEDGED_BUTTONS, 1),
        ("Check", "Your pledge stands.", PLEDGED_BUTTONS, 1),
        ("Withdraw", "Taken back.", WITHDRAWN_BUTTONS, 0),
        ("Check", "You have taken your pledge back.", WITHDRAWN_BUTTONS, 0),
        ("Pledge", "Recorded.", PLEDGED_BUTTONS, 1),
    ]
    for label, said, buttons, standing in course:
        answer = await ana.press(shown.last, label)
        assert [message.id for message in answer.messages] == [shown.last.id]
        assert said in answer.text
        assert answer.buttons == buttons
        assert (await house.standing(city)).get("Depot", 0) == standing
    assert len(ana.sees()) == 1

    status = await ana.slash("status", card=card)
    assert "Your pledge stands." in status.text
    taken_back = await ana.slash("withdraw", card=card.lower())
    assert "Taken back." in taken_back.text
    assert await house.standing(city) == {}


async def test_in_a_server_only_the_person_sees_the_answers_and_is_told_that_they_do_not_last(
    house: House, city: City
) -> None:
    ana, bob = house.somebody("ana"), house.somebody("bob")
    shown = await ana.slash("start", card=city.take())
    assert ONLY_YOU in shown.text
    pledged = await ana.press(shown.last, "Pledge")
    assert ONLY_YOU in pledged.text
    for command in ("help", "privacy", "status", "withdraw", "pledge", "start"):
        answer = await ana.slash(command)
        assert all(message.ephemeral for message in answer.messages)
    assert len(ana.sees()) == 7
    assert bob.sees() == []
    assert house.posted(house.channel) == []


async def test_in_the_chat_with_the_bot_the_answers_stay(house: House, city: City) -> None:
    ana = house.privately("ana")
    shown = await ana.slash("start", card=city.take())
    assert ONLY_YOU not in shown.text
    assert not shown.last.ephemeral
    pledged = await ana.press(shown.last, "Pledge")
    assert ONLY_YOU not in pledged.text
    assert house.posted(ana.channel) == [pledged.text]


async def test_not_now_records_nothing_and_leaves_only_the_way_to_enter_a_card_again(
    house: House, city: City, ana: Seat
) -> None:
    shown = await ana.slash("start", card=city.take())
    answer = await ana.press(shown.last, "Not now")
    assert "Nothing is recorded." in answer.text
    assert answer.buttons == [ENTER_CARD]
    assert await house.standing(city) == {}


async def test_a_press_that_is_refused_leaves_the_message_with_the_card_as_it_was(
    house: House, city: City, ana: Seat
) -> None:
    shown = await ana.pledge(city.take("Depot"))
    await house.stand(city, "Depot", 6)
    await house.stand(city, "School", 5)
    await house.due(HOUR)
    house.clock.move_to(PLEDGE_BY)
    await house.due()
    refused = await ana.press(shown.last, "Withdraw")
    assert refused.left
    assert refused.text == "The deadline has passed. Your pledge stands."
    assert refused.buttons == []
    assert {message.ephemeral for message in refused.messages} == {not ana.private}
    status = await ana.press(shown.last, "Check")
    assert "at the Depot gate" in status.text


async def test_who_comes_without_a_card_enters_it_in_a_form(house: House, city: City, ana: Seat) -> None:
    welcome = await ana.slash("start")
    assert welcome.buttons == [ENTER_CARD, "Language 文 বা ع"]
    assert ("Never write its code into a channel" in welcome.text) != ana.private
    wrong = await ana.enter(welcome.last, "/help")
    assert "I do not know this card." in wrong.text
    assert wrong.buttons == [ENTER_CARD]
    short = await ana.enter(wrong.last, "ABCDE-ABCDE-ABCD7")
    assert "15 characters; a card has 20" in short.text
    assert short.buttons == [ENTER_CARD]
    shown = await ana.enter(short.last, f" {pretty(city.take()).lower()} ")
    assert shown.buttons == TERMS_BUTTONS
    pledged = await ana.press(shown.last, "Pledge")
    assert pledged.buttons == PLEDGED_BUTTONS
    assert await house.standing(city) == {"School": 1}


async def test_a_code_written_to_the_bot_is_opened_and_its_writer_asked_to_delete_the_message(
    house: House, city: City
) -> None:
    ana, card = house.privately("ana"), city.take()
    [shown] = await house.write(ana, pretty(card))
    assert "please delete it" in shown.content
    assert labels(shown) == TERMS_BUTTONS
    pledged = await ana.press(shown, "Pledge")
    assert "please delete it" not in pledged.text
    assert pledged.buttons == PLEDGED_BUTTONS

    [asked] = await house.write(ana, f"/status {card}")
    assert "please delete it" in asked.content
    [hello] = await house.write(ana, "hello")
    assert "please delete it" not in hello.content


async def test_what_is_said_in_a_channel_is_none_of_the_bots_business(house: House, city: City) -> None:
    ana = house.somebody("ana")
    await ana.member.send(house.channel, "hello, who is pledging?")
    assert house.posted(house.channel) == ["hello, who is pledging?"]


async def test_buttons_work_after_a_restart(house: House, city: City, ana: Seat) -> None:
    shown = await ana.slash("start", card=city.take())
    welcome = await ana.slash("start")
    await house.restart()
    pledged = await ana.press(shown.last, "Pledge")
    assert pledged.buttons == PLEDGED_BUTTONS
    await house.restart()
    again = await ana.press(shown.last, "Check")
    assert "Your pledge stands." in again.text
    entered = await ana.enter(welcome.last, city.take())
    assert entered.buttons == TERMS_BUTTONS


async def test_it_is_on_in_every_channel_that_was_bound(house: House, city: City) -> None:
    city_room = house.channel
    rooms = {name: house.server.create_text_channel(name.split(",")[0].lower()) for name in city.cards}
    olga = await house.organizer("olga")
    assert "hears the citywide news" in (await olga.slash("organize room", scope="citywide")).text
    for name, room in rooms.items():
        bound = await Seat(olga.member, room).slash("organize room", scope=name)
        assert f"hears the news of {name}" in bound.text
    assert [house.posted(room) for room in (city_room, *rooms.values())] == [[], [], [], []]

    ana = house.somebody("ana")
    await ana.pledge(city.take("Depot"))
    await house.stand(city, "Depot", 6)
    await house.due(HOUR)
    assert house.posted(city_room) == []
    [ready] = house.posted(rooms["Depot"])
    assert ready.startswith("Depot has reached its number.")
    [told] = house.told(olga)
    assert "Depot has reached its number." in told
    assert "/verify" not in told

    await house.stand(city, "School", 5)
    await house.due(HOUR)
    [on] = house.posted(city_room)
    assert on.startswith("It is on.")
    assert "legal line 555-0100" in on
    assert house.posted(rooms["Depot"])[-1].startswith("It is on, and Depot walks out on")
    assert "at the Depot gate" in house.posted(rooms["Depot"])[-1]
    assert house.posted(rooms["School"])[-1].startswith("It is on, and School walks out on")
    assert house.posted(rooms["Café, North"])[-1].startswith("It is on across the city, for")

    status = await ana.press((await ana.slash("start", card=city.take("School"))).last, "Pledge")
    assert "already, with another card" in status.text
    board = await olga.slash("organize board")
    assert "has reached 6 (tally 1), walks out" in board.text
    off = await olga.sure("organize calloff")
    assert "is called off" in off.text
    await house.due()
    assert all(house.posted(room)[-1].startswith("Called off.") for room in (city_room, *rooms.values()))


async def test_an_organizer_is_made_opens_a_draft_and_reads_the_board_by_commands(house: House) -> None:
    city = await house.draft(approvals=2)
    code = await house.new_organizer_code()
    olga, omar = house.somebody("olga"), await house.organizer("omar")
    made = await olga.slash("organizer", code=code)
    assert "You are an organizer now." in made.text
    listed = await olga.slash("organize walkouts")
    assert city.walkout in listed.text
    asked = await olga.slash("organize open")
    assert "Bind one: /organize room" in asked.text
    assert asked.buttons == ["Open all the same", "What workers read", "Are we ready?"]
    read = await olga.press(asked.last, "What workers read")
    assert "reads before pledging" in read.text
    proposed = await olga.press(asked.last, "Open all the same")
    assert "1 more organizer must approve it" in proposed.text
    opened = await omar.sure("organize open", walkout=city.walkout)
    assert "is open for pledges" in opened.text
    board = await olga.slash("organize board", walkout=city.walkout)
    assert "Nothing has been tallied yet." in board.text
    assert "What comes next:" in (await olga.slash("help")).text
