"""What nobody learns from the bot on Discord: who pledged, whether a card is used, what organizers see."""

from __future__ import annotations

import pytest

from handlers.conversation import COMMANDS, Role, Takes
from tests.discord.dialogues.house import HOUR, City, House
from tests.fixed import TERMS_BUTTONS

ORGANIZERS = [row for row in COMMANDS if row.who in {Role.ORGANIZER, Role.UNIT_ORGANIZER}]


async def test_only_pressing_pledge_tells_that_a_card_is_used(house: House, city: City) -> None:
    ana, bob, card = house.somebody("ana"), house.somebody("bob"), city.take()
    fresh = await bob.slash("start", card=card)
    await ana.pledge(card)
    used = await bob.slash("start", card=card)
    assert used.text == fresh.text
    assert used.buttons == fresh.buttons == TERMS_BUTTONS
    told = await bob.press(used.last, "Pledge")
    assert "used already, from another account" in told.text
    assert told.buttons == []
    assert await house.standing(city) == {"School": 1}

    for command in ("withdraw", "status"):
        answer = await bob.slash(command, card=card)
        assert "Your pledge stands" not in answer.text
    assert await house.standing(city) == {"School": 1}


async def test_nobody_else_sees_or_can_press_what_a_worker_was_shown(house: House, city: City) -> None:
    ana, bob = house.somebody("ana"), house.somebody("bob")
    shown = await ana.slash("start", card=city.take())
    with pytest.raises(Exception, match="not visible"):
        await bob.press_raw(shown.last, "Pledge")


async def test_a_channel_sees_nothing_of_what_workers_do_in_it(house: House, city: City) -> None:
    olga = await house.organizer()
    await olga.slash("organize room", scope="School")
    for name in ("ana", "bea", "cem"):
        seat = house.somebody(name)
        pledged = await seat.pledge(city.take())
        await seat.press(pledged.last, "Withdraw")
    await house.due(HOUR)
    assert house.posted(house.channel) == []
    assert house.told(olga) == []


@pytest.mark.parametrize("private", [False, True], ids=["in a server", "in the chat with the bot"])
async def test_who_has_no_role_gets_one_and_the_same_answer_to_every_command_of_the_organizers(
    house: House, city: City, *, private: bool
) -> None:
    eve = house.privately("eve") if private else house.somebody("eve")
    answers = set()
    for row in ORGANIZERS:
        given = {
            option.takes.value: "citywide"
            for option in row.options
            if option.required and option.takes is not Takes.ROOM
        }
        answer = await eve.slash(f"organize {row.name}", **given)
        assert answer.buttons == []
        answers.add(answer.text)
    assert answers == {"That is for organizers. See what you can do: /help"}
    assert "/organize " not in (await eve.slash("help")).text
    assert await house.rooms(city) == {}


async def test_who_has_no_role_is_suggested_nothing(house: House, city: City) -> None:
    eve, olga = house.somebody("eve"), await house.organizer()
    asked = 0
    for row in ORGANIZERS:
        for option in row.options:
            if option.takes in {Takes.WALKOUT, Takes.SCOPE}:
                asked += 1
                needed = {"scope": "citywide"} if option.takes is Takes.WALKOUT and row.name == "room" else {}
                assert await olga.suggested(f"organize {row.name}", option.takes, "", **needed)
                assert await eve.suggested(f"organize {row.name}", option.takes, "", **needed) == []
    assert asked > 4


async def test_one_account_pledges_once_and_the_second_card_stays_good(house: House, city: City) -> None:
    ana, bob, second = house.somebody("ana"), house.somebody("bob"), city.take()
    await ana.pledge(city.take())
    refused = await ana.pledge(second)
    assert "already, with another card" in refused.text
    assert "Recorded." in (await bob.pledge(second)).text
    assert await house.standing(city) == {"School": 2}


async def test_a_code_that_was_never_printed_gets_the_answer_of_every_unknown_card(house: House, city: City) -> None:
    ana = house.somebody("ana")
    unknown = await ana.slash("start", card="7" * 20)
    for command in ("status", "withdraw", "start"):
        answer = await ana.slash(command, card="8" * 20)
        assert answer.text == unknown.text
