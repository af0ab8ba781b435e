"""What is suggested while somebody fills in a command's options."""

from __future__ import annotations

import pytest

from tests.discord.dialogues.house import House, Seat

MOST = 25
LONGEST = 100

SCHOOLS = [f"School {number:04}" for number in range(2990)]
OTHERS = ["East Harbour", "Harbour North", "harbour South", "Old Harbour", "  Ferry   Landing ", "Ä" * 100, "Straße 1"]
MANY = tuple((name, 10, 5, "") for name in [*SCHOOLS, *OTHERS])


@pytest.fixture
async def olga(house: House) -> Seat:
    return await house.organizer()


async def test_of_three_thousand_workplaces_twenty_five_are_suggested_the_likeliest_first(
    house: House, olga: Seat
) -> None:
    await house.city(MANY, entry="open")
    ana = house.somebody("ana")
    for seat, command, option in ((ana, "pledge", "workplace"), (olga, "organize room", "scope")):
        assert len(await seat.suggested(command, option, "")) == MOST
        assert len(await seat.suggested(command, option, "school")) == MOST
        assert await seat.suggested(command, option, "SCHOOL 1234") == ["School 1234"]
        harbours = await seat.suggested(command, option, " hArBoUr ")
        assert set(harbours[:2]) == {"Harbour North", "harbour South"}
        assert set(harbours[2:]) == {"East Harbour", "Old Harbour"}
        assert await seat.suggested(command, option, "ferry  land") == ["Ferry   Landing"]
        assert await seat.suggested(command, option, "STRASSE") == ["Straße 1"]
        assert await seat.suggested(command, option, "Ä" * 3) == ["Ä" * LONGEST]
        assert await seat.suggested(command, option, "nowhere") == []
        assert await seat.suggested(command, option, "x" * 3000) == []


async def test_a_name_of_a_hundred_letters_can_be_chosen(house: House, olga: Seat) -> None:
    long = "x" * 99
    city = await house.city(((f"{long}a", 10, 5, ""), (f"{long}b", 10, 5, "")), entry="open", citywide_threshold=5)
    ana = house.somebody("ana")
    chosen = await ana.suggested("pledge", "workplace", "x")
    assert chosen == [f"{long}a", f"{long}b"]
    shown = await ana.slash("pledge", workplace=chosen[1])
    await ana.press(shown.last, "Pledge")
    assert await house.standing(city) == {f"{long}b": 1}
    bound = await olga.slash("organize room", scope=chosen[0])
    assert f"{long}a" in bound.text


async def test_where_pledging_needs_a_card_workers_are_suggested_nothing(house: House, olga: Seat) -> None:
    city = await house.city()
    ana = house.somebody("ana")
    assert await ana.suggested("pledge", "walkout", "") == []
    assert await ana.suggested("pledge", "workplace", "") == []
    assert await ana.suggested("pledge", "workplace", "", walkout=city.walkout) == []
    assert await olga.suggested("organize board", "walkout", "") == [city.walkout]


async def test_what_a_room_hears_is_citywide_or_off_or_a_workplace(house: House, olga: Seat) -> None:
    await house.city()
    assert await olga.suggested("organize room", "scope", "") == ["citywide", "off", "Café, North", "Depot", "School"]
    assert await olga.suggested("organize room", "scope", "CITY") == ["citywide"]
    assert await olga.suggested("organize room", "scope", "o") == ["off", "Café, North", "Depot", "School"]


async def test_with_several_walkouts_the_one_that_is_named_gives_the_workplaces(house: House, olga: Seat) -> None:
    rent = await house.city((("Depot", 10, 5, ""),), entry="open", citywide_threshold=5, title="Rent")
    bread = await house.city((("Bakery", 10, 5, ""),), entry="open", citywide_threshold=5, title="Bread")
    ana = house.somebody("ana")
    offered = {choice["value"]: choice["name"] for choice in await ana.choices("pledge", "walkout", "")}
    assert offered == {rent.walkout: f"{rent.walkout} · Rent", bread.walkout: f"{bread.walkout} · Bread"}
    assert await ana.suggested("pledge", "walkout", "bread") == [bread.walkout]
    assert await ana.suggested("pledge", "walkout", rent.walkout[:3].upper()) == [rent.walkout]
    assert await ana.suggested("pledge", "workplace", "") == []
    assert await ana.suggested("pledge", "workplace", "", walkout=bread.walkout.upper()) == ["Bakery"]
    assert await ana.suggested("pledge", "workplace", "", walkout="nosuchwalkout") == []
    assert await olga.suggested("organize room", "scope", "dep", walkout=rent.walkout) == ["Depot"]
    shown = await ana.slash("pledge", walkout=bread.walkout, workplace="Bakery")
    assert "You would pledge for Bakery" in shown.text


async def test_a_long_title_is_cut_but_its_walkout_is_not(house: House, olga: Seat) -> None:
    city = await house.draft(title="t" * 200)
    [choice] = await olga.choices("organize open", "walkout", "")
    assert choice["value"] == city.walkout
    assert len(choice["name"]) == LONGEST
