from __future__ import annotations

import asyncio

import pytest

from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS, WITHDRAWN_BUTTONS
from tests.telegram.house import OLGA, City, House, labels, sends
from tests.telegram.server import Json, broken, dropped, flood, held, lost, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

STANDS = "Your pledge stands."
TAKEN_BACK = "You have taken your pledge back."


async def becomes(house: House, card: Json, buttons: list[str]) -> None:
    """Wait until a card's message has these buttons."""
    await house.until(lambda: labels(house.as_it_is(card)) == buttons)


async def test_an_update_is_tried_five_times_within_ten_seconds_and_nothing_is_said_of_it(busy_house: House) -> None:
    server = busy_house.server
    server.plan("sendMessage", refused(400, "Bad Request: of a kind nobody knows"), chat=OLGA, times=9)
    server.say(OLGA, "/help pelican")
    try:
        await busy_house.quiet()
    finally:
        server._faults["sendMessage"].clear()
    tries = sends(server, OLGA)
    assert len(tries) == 5
    assert tries[-1].at - tries[0].at < 10
    assert "What comes next" in (await busy_house.ask(OLGA, "/help"))["text"]
    assert "set aside" not in busy_house.said  # but among the totals at the next tally: see tests/faults/test_logs.py
    assert "pelican" not in busy_house.said


# ---- each once, in order


async def test_the_same_update_twice_is_done_once(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    card = await busy_house.ask(worker, busy_city.take())
    server.duplicate(server.press(card, "Pledge"))
    await becomes(busy_house, card, PLEDGED_BUTTONS)
    server.duplicate(server.say(worker, "/help"))
    await busy_house.hears(worker, "Have a card?")
    await busy_house.quiet()
    assert busy_house.as_it_is(card)["text"].startswith("Recorded.")
    assert len(server.chats[worker].from_bot) == 2


async def test_an_update_delivered_again_after_it_was_confirmed_changes_nothing(
    busy_house: House, busy_city: City
) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    opening = server.say(worker, busy_city.take())
    (card,) = await busy_house.until(lambda: server.chats[worker].from_bot)
    pressing = server.press(card, "Pledge")
    await becomes(busy_house, card, PLEDGED_BUTTONS)
    for number in (opening, pressing):
        server.duplicate(number)
        await busy_house.quiet()
    assert busy_house.as_it_is(card)["text"].startswith("Recorded.")
    assert len(server.chats[worker].from_bot) == 1


async def test_a_pledge_taken_back_does_not_return_with_an_old_update(busy_house: House, busy_city: City) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.take()
    card = await busy_house.ask(worker, code)
    pledging = server.press(card, "Pledge")
    await becomes(busy_house, card, PLEDGED_BUTTONS)
    await busy_house.press(busy_house.as_it_is(card), "Withdraw")
    server.duplicate(pledging)
    await busy_house.quiet()
    assert TAKEN_BACK in (await busy_house.ask(worker, f"/status {code}"))["text"]


async def test_updates_handed_out_of_order_are_done_in_order(busy_house: House, busy_city: City) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.take()
    pledged = await busy_house.pledge(worker, code)
    withdrawn = await busy_house.press(pledged, "Withdraw")
    server.press(withdrawn, "Pledge")
    server.press(pledged, "Withdraw")
    server._pending.reverse()
    await busy_house.until(lambda: None not in server.callbacks.values())
    await busy_house.quiet()
    assert labels(busy_house.as_it_is(pledged)) == WITHDRAWN_BUTTONS
    assert TAKEN_BACK in (await busy_house.ask(worker, f"/status {code}"))["text"]


async def test_an_update_that_comes_after_newer_ones_is_still_done(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    card = await busy_house.ask(worker, busy_city.take())
    late = server.press(card, "Pledge")
    server._pending.pop()
    for _ in range(3):
        await busy_house.ask(server.person(), "/help")
    server.duplicate(late)
    await becomes(busy_house, card, PLEDGED_BUTTONS)


async def test_a_slow_answer_holds_up_its_own_person_and_nobody_else(busy_house: House) -> None:
    server, slow, other = busy_house.server, busy_house.server.person(), busy_house.server.person()
    release = asyncio.Event()
    server.plan("sendMessage", held(release), chat=slow)
    first = server.say(slow, "/help")
    await busy_house.until(lambda: sends(server, slow))
    second = server.say(slow, "/privacy")
    between = server.say(other, "/help")
    await busy_house.hears(other, "Have a card?")
    assert len(sends(server, slow)) == 1
    assert server.unconfirmed == [first, second, between]  # only what lies below is confirmed
    release.set()
    await busy_house.hears(slow, "What I ")
    await busy_house.quiet()
    assert [text[:7] for text in server.chats[slow].texts] == ["Have a ", "What I "]
    assert len(server.chats[other].texts) == 1


# ---- troubles of the network


async def test_polling_outlasts_whatever_telegram_answers(busy_house: House) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    await busy_house.quiet()
    server.plan("getUpdates", flood(1), broken(200, b"<html>"))
    assert "Have a card?" in (await busy_house.ask(worker, "/help"))["text"]
    await busy_house.ask(worker, "/privacy")
    assert len(server.chats[worker].texts) == 2


@pytest.mark.parametrize("fault", [dropped(), lost()], ids=["before anything", "after the updates were handed out"])
async def test_polling_outlasts_connections_that_break(busy_house: House, fault: object) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    await busy_house.quiet()
    server.plan("getUpdates", fault)  # type: ignore[arg-type]
    await busy_house.ask(worker, "/help")
    await busy_house.ask(worker, "/privacy")
    assert len(server.chats[worker].texts) == 2


async def test_an_outage_of_telegram_loses_nobody(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    card = await busy_house.ask(worker, busy_city.take())
    await server.__aexit__(None, None, None)
    server.press(card, "Pledge")
    await server.__aenter__()
    await becomes(busy_house, card, PLEDGED_BUTTONS)


async def test_an_answer_that_got_lost_is_given_again_and_its_pledge_counts_once(
    busy_house: House, busy_city: City
) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    server.plan("sendMessage", lost(), chat=worker)
    card = await busy_house.ask(worker, busy_city.take())
    assert labels(card) == TERMS_BUTTONS
    assert len(server.chats[worker].from_bot) <= 2
    server.plan("editMessageText", lost(), chat=worker)
    card = await busy_house.press(card, "Pledge")
    assert card["text"].startswith("Recorded.")
    assert labels(card) == PLEDGED_BUTTONS


async def test_a_worker_who_is_told_to_wait_gets_the_answer_afterwards(busy_house: House, busy_city: City) -> None:
    server, worker = busy_house.server, busy_house.server.person()
    server.plan("sendMessage", flood(1), chat=worker)
    server.say(worker, busy_city.take())
    await busy_house.until(lambda: server.chats[worker].from_bot)
    tries = sends(server, worker)
    assert tries[1].at - tries[0].at >= 1
    assert len(server.chats[worker].from_bot) == 1
