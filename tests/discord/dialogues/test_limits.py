"""So many codes and so many messages of one account, on Discord: silence there leaves nobody waiting."""

from __future__ import annotations

from bot.guards.rate_limits import BURST, REST, WRONG_CODES
from bot.secrets.card_codes import mint
from tests.discord.dialogues.house import City, House


async def test_after_five_wrong_codes_comes_one_answer_and_then_nothing_is_left_thinking(
    house: House, city: City
) -> None:
    ana = house.somebody("ana")
    for _ in range(WRONG_CODES - 1):
        last = await ana.slash("start", card=mint())
    assert "I do not know this card" in (await ana.enter(last.last, mint())).text
    assert (await ana.slash("start", card=mint())).text == (
        "Too many codes that are not known. Try again at 13:00 UTC, in 1 hour."
    )
    seen = ana.sees()
    passed_over = await ana.slash_raw("start", card=city.take())
    assert passed_over.acknowledged
    assert ana.sees() == seen


async def test_a_button_that_is_passed_over_stays_as_it_is(house: House, city: City) -> None:
    ana = house.somebody("ana")
    shown = await ana.slash("start", card=city.take())
    for _ in range(WRONG_CODES + 1):
        await ana.slash("start", card=mint())
    seen = ana.sees()
    pressed = await ana.press_raw(shown.last, "Pledge")
    assert pressed.acknowledged
    assert ana.sees() == seen
    assert await house.standing(city) == {}


async def test_whoever_writes_too_fast_is_told_once_and_gets_no_suggestions(house: House, city: City) -> None:
    ana = await house.organizer("ana")
    assert await ana.suggested("organize board", "walkout", "") == [city.walkout]
    for _ in range(BURST - 1):
        await house.write(ana, "hello")
    [told] = await house.write(ana, "hello")
    assert told.content == "You are writing faster than I can answer. Try again in a minute."
    assert await house.write(ana, "hello") == []
    assert await house.write(ana, "hello", ("walkout.toml", b"x")) == []
    assert await ana.suggested("organize board", "walkout", "") == []
    house.clock.move_to(house.clock() + REST)
    assert await ana.suggested("organize board", "walkout", "") == [city.walkout]
