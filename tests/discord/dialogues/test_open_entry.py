"""A walkout without cards: the workplace is an option of the command."""

from __future__ import annotations

import pytest

from tests.discord.dialogues.house import City, House, Seat
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS, WITHDRAWN_BUTTONS


@pytest.fixture
async def open_city(house: House) -> City:
    return await house.city(entry="open")


@pytest.fixture(params=["in a server", "in the chat with the bot"])
def ana(request: pytest.FixtureRequest, house: House) -> Seat:
    return house.somebody("ana") if request.param == "in a server" else house.privately("ana")


async def test_a_worker_chooses_their_workplace_pledges_and_takes_it_back(
    house: House, open_city: City, ana: Seat
) -> None:
    assert await ana.suggested("pledge", "workplace", "sch") == ["School"]
    shown = await ana.slash("pledge", workplace="School")
    assert "You would pledge for School" in shown.text
    assert "nobody checks accounts" in shown.text
    assert shown.buttons == TERMS_BUTTONS
    pledged = await ana.press(shown.last, "Pledge")
    assert pledged.buttons == PLEDGED_BUTTONS
    assert await house.standing(open_city) == {"School": 1}
    assert "Your pledge stands." in (await ana.slash("status")).text

    await house.restart()
    taken_back = await ana.slash("withdraw")
    assert taken_back.buttons == WITHDRAWN_BUTTONS
    assert await house.standing(open_city) == {}
    elsewhere = await ana.slash("pledge", workplace="Depot")
    await ana.press(elsewhere.last, "Pledge")
    assert await house.standing(open_city) == {"Depot": 1}


async def test_without_a_workplace_the_choice_is_explained_as_it_is_made_on_discord(
    house: House, open_city: City, ana: Seat
) -> None:
    answer = await ana.slash("pledge")
    assert "Where do you work?" in answer.text
    assert "pick your workplace there" in answer.text
    assert answer.buttons == []
    wrong = await ana.slash("pledge", workplace="Nowhere")
    assert "There is no workplace called Nowhere." in wrong.text


async def test_one_account_is_counted_at_one_workplace_only(house: House, open_city: City, ana: Seat) -> None:
    first = await ana.slash("pledge", workplace="School")
    second = await ana.slash("pledge", workplace="Depot")
    await ana.press(first.last, "Pledge")
    await ana.press(second.last, "Pledge")
    assert sum((await house.standing(open_city)).values()) == 1


async def test_who_comes_without_a_card_is_told_what_is_open(house: House, open_city: City, ana: Seat) -> None:
    welcome = await ana.slash("start")
    assert "Open now: One day for the rent freeze. Send /pledge." in welcome.text


async def test_with_several_walkouts_the_worker_is_asked_which(house: House, open_city: City, ana: Seat) -> None:
    other = await house.city(entry="open", title="The other one")
    asked = await ana.slash("pledge", workplace="School")
    assert f"{other.walkout} · The other one" in asked.text
    shown = await ana.slash("pledge", workplace="School", walkout=other.walkout)
    assert "The other one" in shown.text
    await ana.press(shown.last, "Pledge")
    assert await house.standing(other) == {"School": 1}
    assert await house.standing(open_city) == {}
