from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import Any

import pytest

from tests.telegram.house import OLGA, PLEDGED_BUTTONS, WITHDRAWN_BUTTONS, City, House, found, labels, sends
from tests.telegram.server import Json, broken, dropped, flood, held, lost, refused

LONGER_THAN_FIVE_TRIES_S = 6.0

MARK = "what-nobody-may-read"


async def stays(house: House, true: object, seconds: float) -> None:
    """See that something stays true for so long."""
    assert callable(true)
    with pytest.raises(AssertionError, match="did not come true"):
        await house.server.wait_for(lambda: not true(), seconds)


# ---- updates that are none


MALFORMED: list[Json] = [
    {},
    {"message": None},
    {"message": MARK},
    {"message": {"text": MARK}},
    {"message": {"message_id": "x", "date": "y", "chat": {"id": 1, "type": "private"}, "text": MARK}},
    {"message": {"message_id": 1, "date": 0, "chat": {"type": "private"}, "from": {"first_name": MARK}}},
    {"callback_query": {"id": 7, "from": {"id": 8}, "data": MARK}},
    {"callback_query": {"data": [MARK]}},
    {"my_chat_member": {"chat": {"id": MARK}}},
    {"channel_post": [MARK]},
    {"edited_message": {"text": MARK}},
    {"a_kind_of_the_year_2050": {"text": MARK}},
]


async def test_malformed_updates_between_good_ones_hold_nobody_up(house: House, city: City) -> None:
    server = house.server
    early = [server.person() for _ in range(3)]
    late = [server.person() for _ in range(3)]
    for person in early:
        server.say(person, "/help")
    for number in range(120):  # Telegram hands out a hundred at a time
        server.raw(dict(MALFORMED[number % len(MALFORMED)]))
    for person in late:
        server.say(person, "/help")
    await house.start()
    began = time.monotonic()
    await house.quiet()
    assert time.monotonic() - began < 15  # two helpings of ten seconds at most
    assert [len(server.chats[person].texts) for person in early + late] == [1] * 6
    await house.stop()
    assert MARK not in house.said


async def test_an_update_set_aside_leaves_its_type_in_the_log_and_nothing_of_its_content(
    house: House, city: City
) -> None:
    await house.start()
    house.server.raw({"message": {"text": MARK}})
    await house.quiet()
    await house.stop()
    assert "set aside" in house.said
    assert MARK not in house.said


@pytest.mark.parametrize(
    "sender",
    [{"id": [1]}, {"id": {"a": 1}}, {"id": None}, "somebody", []],
    ids=["a list", "an object", "nothing", "text", "an empty list"],
)
async def test_an_update_from_nobody_that_could_be_ends_nothing(house: House, city: City, sender: object) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    server.raw({"message": {"from": sender, "text": MARK}})
    server.say(worker, "/help")
    await house.hears(worker, "You can send me a card's code")
    await house.quiet()


async def test_something_without_a_number_is_passed_over(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    server.raw({"update_id": "first", "message": {"text": MARK}})
    number = server.say(worker, "/help")
    await house.hears(worker, "You can send me a card's code")
    await house.until(lambda: number not in server.unconfirmed)
    await house.stop()
    assert MARK not in house.said


async def test_an_update_is_tried_five_times_within_ten_seconds(house: House) -> None:
    server = house.server
    server.person(OLGA)
    await found(house, organizing=[OLGA])
    await house.start()
    server.plan("getFile", refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), times=9)
    server.upload(OLGA, "walkout.toml", b"title = 'x'")
    await house.quiet()
    tries = server.called("getFile")
    assert len(tries) == 5
    assert tries[-1].at - tries[0].at < 10
    assert "You can send me" in (await house.ask(OLGA, "/help"))["text"]


# ---- each once, in order


async def test_the_same_update_twice_is_done_once(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    number = server.press(card, "Pledge")
    server.duplicate(number)
    await house.quiet()
    server.duplicate(number)
    await house.quiet()
    server.duplicate(server.say(worker, "/help"))
    await house.quiet()
    assert house.as_it_is(card)["text"].startswith("Recorded.")
    assert len(server.chats[worker].from_bot) == 2
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_a_pledge_taken_back_does_not_return_with_an_old_update(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    pledging = server.press(card, "Pledge")
    await house.quiet()
    await house.press(house.as_it_is(card), "Withdraw")
    server.duplicate(pledging)
    await house.quiet()
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 0, "<b>&": 0}


async def test_updates_handed_out_of_order_are_done_in_order(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.pledge(worker, city.take())
    card = await house.press(card, "Withdraw")
    server.press(card, "Pledge")
    server.press(card | {"reply_markup": _withdraw_of(card)}, "Withdraw")
    server._pending.reverse()
    await house.quiet()
    assert labels(house.as_it_is(card)) == WITHDRAWN_BUTTONS
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 0, "<b>&": 0}


def _withdraw_of(card: Json) -> Json:
    code = card["reply_markup"]["inline_keyboard"][0][0]["callback_data"].partition(":")[2]
    return {"inline_keyboard": [[{"text": "Withdraw", "callback_data": f"w:{code}"}]]}


async def test_an_update_that_comes_after_newer_ones_is_still_done(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    late = server.press(card, "Pledge")
    server._pending.pop()
    for _ in range(3):
        await house.ask(server.person(), "/help")
    server.duplicate(late)
    await house.quiet()
    assert labels(house.as_it_is(card)) == PLEDGED_BUTTONS


async def test_a_slow_answer_holds_up_its_own_person_and_nobody_else(house: House, city: City) -> None:
    server, slow, other = house.server, house.server.person(), house.server.person()
    await house.start()
    release = asyncio.Event()
    server.plan("sendMessage", held(release), chat=slow)
    first = server.say(slow, "/help")
    await house.until(lambda: sends(server, slow))
    second = server.say(slow, "/privacy")
    between = server.say(other, "/help")
    await house.hears(other, "You can send me")
    assert len(sends(server, slow)) == 1
    assert server.unconfirmed == [first, second, between]  # only what lies below is confirmed
    release.set()
    await house.quiet()
    assert [text[:7] for text in server.chats[slow].texts] == ["You can", "What I "]
    assert len(server.chats[other].texts) == 1


# ---- a store that cannot write


async def test_a_store_that_cannot_write_stops_the_pump_until_it_can(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    server.person(OLGA)
    draft = await found(house, organizing=[OLGA])
    await house.start()
    card = await house.ask(worker, city.take())
    with house.no_room_on_disk():
        waiting = [server.press(card, "Pledge"), server.say(OLGA, f"/open {draft.walkout}")]
        await stays(house, lambda: server.unconfirmed == waiting, LONGER_THAN_FIVE_TRIES_S)
        assert house.as_it_is(card) == card
        assert server.chats[OLGA].texts == []
        waiting.append(server.say(server.person(), "/help"))
    await house.quiet()
    assert house.as_it_is(card)["text"].startswith("Recorded.")
    assert "is open for pledges" in house.last(OLGA)["text"]
    assert len(server.chats[worker].from_bot) == 1
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_a_pledge_is_confirmed_only_when_it_is_in_the_store(house: House, city: City) -> None:
    server = house.server
    await house.start()
    cards = [await house.ask(server.person(), city.take()) for _ in range(5)]
    for n, card in enumerate(cards, start=1):
        server.press(card, "Pledge")
        await house.quiet()
        await house.kill()
        assert _pledged_cards(house) == n
        await house.start()


def _pledged_cards(house: House) -> int:
    with sqlite3.connect(house.store / "allout.db") as connection:
        found = connection.execute("SELECT count(*) FROM card WHERE state = 'p'").fetchone()[0]
    connection.close()
    return int(found)


# ---- troubles of the network


async def test_polling_outlasts_whatever_telegram_answers(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    await house.quiet()
    server.plan(
        "getUpdates",
        flood(1),
        broken(502, b"<html>Bad Gateway</html>"),
    )
    assert "You can send me" in (await house.ask(worker, "/help"))["text"]
    server.say(worker, "/privacy")
    await house.quiet()
    assert len(server.chats[worker].texts) == 2


async def test_polling_outlasts_connections_that_break(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    await house.quiet()
    server.plan("getUpdates", dropped())
    assert "You can send me" in (await house.ask(worker, "/help"))["text"]
    server.plan("getUpdates", lost())
    assert (await house.ask(worker, "/privacy"))["text"].startswith("What I keep")
    assert len(server.chats[worker].texts) == 2


async def test_an_outage_of_telegram_loses_nobody(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    await server.__aexit__(None, None, None)
    server.press(card, "Pledge")
    await server.__aenter__()
    await house.quiet()
    assert labels(house.as_it_is(card)) == PLEDGED_BUTTONS


async def test_an_answer_that_got_lost_is_given_again_and_its_pledge_counts_once(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    server.plan("sendMessage", lost(), chat=worker)
    card = await house.ask(worker, city.take())
    assert 1 <= len(server.chats[worker].from_bot) <= 2
    server.plan("editMessageText", lost(), chat=worker)
    card = await house.press(card, "Pledge")
    assert card["text"].startswith("Recorded.")
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_a_worker_who_is_told_to_wait_gets_the_answer_afterwards(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    server.plan("sendMessage", flood(1), chat=worker)
    await house.ask(worker, city.take())
    tries = sends(server, worker)
    assert tries[1].at - tries[0].at >= 1
    assert len(server.chats[worker].from_bot) == 1


# ---- power cuts


async def test_a_pledge_survives_a_power_cut_before_it_was_confirmed(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    server.plan("editMessageText", held(asyncio.Event()), chat=worker)
    pressed = server.press(card, "Pledge")
    await house.until(lambda: server.called("editMessageText"))  # so it is in the store
    await house.kill()
    assert server.unconfirmed == [pressed]
    await house.start()
    await house.quiet()
    assert labels(house.as_it_is(card)) == PLEDGED_BUTTONS
    assert len(server.chats[worker].from_bot) == 1
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 1, "<b>&": 0}


async def test_power_cuts_at_any_moment_lose_and_double_nothing(house: House, city: City) -> None:
    server = house.server
    people = {server.person(): city.take() for _ in range(24)}
    await house.start()
    for person, code in people.items():
        server.say(person, code)
    await house.quiet()
    cards = [house.last(person) for person in people]

    async def press_through(label: str, pressing: list[Json], cuts: list[int]) -> None:
        before = len(server.called("editMessageText"))
        for card in pressing:
            server.press(house.as_it_is(card), label)
        for cut in cuts:
            await house.until(lambda cut=cut: len(server.called("editMessageText")) >= before + cut)  # type: ignore[misc]
            await house.kill()
            await house.start()
        await house.quiet()

    await press_through("Pledge", cards, [1, 12])
    assert [labels(house.as_it_is(card)) for card in cards] == [PLEDGED_BUTTONS] * 24
    await press_through("Withdraw", cards[:10], [6])
    assert [labels(house.as_it_is(card)) for card in cards[:10]] == [WITHDRAWN_BUTTONS] * 10
    assert all(len(server.chats[person].from_bot) == 1 for person in people)
    await house.stop()
    assert await house.standing(city) == {"Depot": 0, "School": 14, "<b>&": 0}


async def test_a_button_works_after_a_restart_in_another_process(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    card = await house.ask(worker, city.take())
    for how, label, buttons in (
        (house.stop, "Pledge", PLEDGED_BUTTONS),
        (house.kill, "Withdraw", WITHDRAWN_BUTTONS),
    ):
        await how()
        server.press(card, label)
        await house.start()
        await house.quiet()
        card = house.as_it_is(card)
        assert labels(card) == buttons


async def test_what_was_said_while_the_bot_was_away_is_answered(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    server.say(worker, city.take())
    other = server.person()
    server.say(other, "/help")
    await house.start()
    await house.quiet()
    assert labels(house.last(worker)) == ["Pledge", "Not now"]
    assert len(server.chats[other].texts) == 1
    dropping: list[Any] = [r for r in server.requests if r.params.get("drop_pending_updates")]
    assert dropping == []


async def test_an_organizer_stays_one_whenever_the_power_was_cut(house: House, city: City) -> None:
    server, olga = house.server, house.server.person()
    await house.start()
    code = (await house.allout("organizer-code")).split()[-1]
    house.codes.append(code.replace("-", ""))
    server.plan("sendMessage", held(asyncio.Event()), chat=olga)
    server.say(olga, f"/organizer {code}")
    await house.until(lambda: sends(server, olga))
    await house.kill()
    await house.start()
    await house.quiet()
    assert "not good any more" not in server.chats[olga].texts[-1]
    assert "/calloff" in (await house.ask(olga, "/help"))["text"]


async def test_a_draft_sent_before_a_power_cut_is_one_draft(house: House) -> None:
    server = house.server
    server.person(OLGA)
    await found(house, organizing=[OLGA])
    await house.start()
    toml = (
        "title = 'Again'\nstarts = 2099-01-02T00:00:00Z\npledge_by = 2099-01-01T00:00:00Z\n"
        "citywide_threshold = 5\nworkplaces = 'w.csv'\n"
    )
    release = asyncio.Event()
    server.plan("sendMessage", held(release), held(release), chat=OLGA)
    server.upload(OLGA, "walkout.toml", toml.encode())
    server.upload(OLGA, "w.csv", b"workplace,headcount,threshold\nHarbour,9,5\n")
    await house.until(lambda: sends(server, OLGA))
    release.set()
    server.plan("sendMessage", held(asyncio.Event()), chat=OLGA)
    await house.until(lambda: any("Drafted" in r.params["text"] for r in sends(server, OLGA)))
    await house.kill()
    await house.start()
    await house.quiet()
    await house.stop()
    async with house.looked_into() as app:
        titles = [walkout.terms.title for walkout in await app.store.walkouts()]
    assert titles.count("Again") == 1
