"""When the store cannot write or Discord does not answer: nothing false is said, and it goes on afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.runtime.app import DATABASE
from tests.discord.dialogues.house import City, House, labels
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS
from tests.storage.house import SqliteHouse


@pytest.mark.sqlite_only("a trigger of its own")
async def test_what_could_not_be_written_down_is_not_said_to_be(house: House, city: City) -> None:
    ana = house.somebody("ana")
    shown = await ana.slash("start", card=city.take())
    await house.stopped()
    SqliteHouse(house.data).refuse("counted", "UPDATE", "new.standing = (1 << 40) + 1")
    await house.restart()

    refused = await ana.press(shown.last, "Pledge")
    assert "Not recorded: I could not write it down just now." in refused.text
    assert refused.left
    assert labels(shown.last) == TERMS_BUTTONS
    assert await house.standing(city) == {}

    await house.stopped()
    with closing(sqlite3.connect(house.data / DATABASE)) as connection:
        connection.execute("DROP TRIGGER refuse_counted")
        connection.commit()
    await house.restart()
    pledged = await ana.press(shown.last, "Pledge")
    assert pledged.buttons == PLEDGED_BUTTONS
    assert await house.standing(city) == {"School": 1}


async def test_a_press_that_discord_has_given_up_on_changes_nothing(house: House, city: City) -> None:
    ana = house.somebody("ana")
    shown = await ana.slash("start", card=city.take())
    house.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062, message="Unknown interaction")
    seen = await ana.press_raw(shown.last, "Pledge")
    assert not seen.acknowledged  # the person sees that it failed
    assert await house.standing(city) == {}
    assert "Recorded." in (await ana.press(shown.last, "Pledge")).text


async def test_a_press_whose_acknowledgement_came_back_lost_is_carried_out(house: House, city: City) -> None:
    ana = house.somebody("ana")
    shown = await ana.slash("start", card=city.take())
    house.env.inject_error("POST", "/interactions/*/*/callback", status=400, code=40060, message="already acknowledged")
    await ana.press_raw(shown.last, "Pledge")
    assert await house.standing(city) == {"School": 1}


async def test_an_answer_that_is_lost_leaves_the_pledge_and_asking_again_tells(house: House, city: City) -> None:
    ana, card = house.somebody("ana"), city.take()
    shown = await ana.slash("start", card=card)
    house.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, message="Unknown Webhook", times=1)
    await ana.press_raw(shown.last, "Pledge")
    assert await house.standing(city) == {"School": 1}
    assert "Your pledge stands." in (await ana.slash("status", card=card)).text
