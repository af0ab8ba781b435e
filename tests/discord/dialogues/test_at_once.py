"""What changes nothing is answered in the one request, unless that takes long; what changes something never is."""

from __future__ import annotations

import asyncio

from tests.discord.dialogues.house import City, House, labels
from tests.fixed import PLEDGED_BUTTONS

MESSAGE, THINKING, UNCHANGED, UPDATED = 4, 5, 6, 7  #: kinds of first responses

CALLBACK = "/interactions/*/*/callback"


class Calls:
    """What the bot asks of Discord from now on."""

    def __init__(self, house: House) -> None:
        self._requests = house.env.http_requests
        self._before = len(self._requests)

    def made(self) -> list[int | str]:
        """Return them in their order: the kinds of first responses, and the verbs of others."""
        new = self._requests[self._before :]
        self._before = len(self._requests)
        return [one.json["type"] if one.path.endswith("/callback") and one.json else one.method for one in new]


async def test_a_command_that_changes_nothing_takes_one_request(house: House, city: City) -> None:
    ana, ben, code = house.somebody("ana"), house.privately("ben"), city.take()
    await ana.pledge(code)
    calls = Calls(house)
    seen = await ana.slash("status", card=code)
    assert calls.made() == [MESSAGE]
    assert "Your pledge stands." in seen.text
    assert seen.buttons == PLEDGED_BUTTONS
    assert seen.last.ephemeral
    helped = await ben.slash("help")
    assert calls.made() == [MESSAGE]
    assert not helped.last.ephemeral


async def test_a_button_that_changes_nothing_changes_its_message_in_one_request(house: House, city: City) -> None:
    ana = house.somebody("ana")
    shown = await ana.pledge(city.take())
    calls = Calls(house)
    await ana.press(shown.last, "Check")
    assert calls.made() == [UPDATED]
    assert "Your pledge stands." in shown.text
    assert labels(shown.last) == PLEDGED_BUTTONS


async def test_what_goes_below_what_was_pressed_takes_one_request(house: House) -> None:
    ana = house.somebody("ana")
    helped = await ana.slash("help")
    calls = Calls(house)
    asked = await ana.press(helped.last, "Questions")
    assert calls.made() == [MESSAGE]
    assert asked.last.ephemeral
    assert asked.text != helped.text
    assert labels(helped.last)[:1] == ["Questions"]


async def test_a_long_answer_goes_on_below_the_first_response(house: House) -> None:
    olga = await house.organizer()
    await house.city([(f"{'Workplace ' * 5}{number}", 5, 5, "") for number in range(40)])
    calls = Calls(house)
    board = await olga.slash("organize board")
    first, *others = calls.made()
    assert first == MESSAGE
    assert others == ["POST"] * (len(board.messages) - 1)


async def test_what_changes_something_is_acknowledged_first(house: House, city: City) -> None:
    ana, code = house.somebody("ana"), city.take()
    calls = Calls(house)
    shown = await ana.slash("start", card=code)  # it could be a role card's code, which is used up
    assert calls.made() == [THINKING, "PATCH"]
    await ana.press(shown.last, "Pledge")
    await ana.press(shown.last, "Withdraw")
    assert calls.made() == [UNCHANGED, "PATCH"] * 2


async def test_an_answer_that_takes_long_is_acknowledged_meanwhile(house: House, city: City) -> None:
    await house.restart(later=lambda _seconds, call: asyncio.get_running_loop().call_soon(call))
    ana, code = house.somebody("ana"), city.take()
    shown = await ana.pledge(code)
    calls = Calls(house)
    seen = await ana.slash("status", card=code)
    assert sorted(calls.made(), key=str) == [THINKING, "PATCH"]
    assert "Your pledge stands." in seen.text
    assert seen.last.ephemeral
    await ana.press(shown.last, "Check")
    assert calls.made() == [UNCHANGED, "PATCH"]
    assert "Your pledge stands." in shown.text


async def test_an_answer_for_which_discord_waits_no_more_is_not_given(house: House, city: City) -> None:
    ana, code = house.somebody("ana"), city.take()
    await ana.pledge(code)
    calls = Calls(house)
    house.env.inject_error("POST", CALLBACK, status=404, code=10062, message="Unknown interaction", times=1)
    seen = await ana.slash_raw("status", card=code)
    assert not seen.acknowledged  # the person sees that it failed
    assert calls.made() == [MESSAGE]
    assert "Your pledge stands." in (await ana.slash("status", card=code)).text


async def test_what_another_bot_has_acknowledged_is_answered_below_that(house: House, city: City) -> None:
    ana = house.somebody("ana")
    shown = await ana.pledge(city.take())
    calls = Calls(house)
    house.env.inject_error("POST", CALLBACK, status=400, code=40060, message="already acknowledged", times=1)
    await ana.press_raw(shown.last, "Check")
    assert calls.made() == [UPDATED, "PATCH"]
