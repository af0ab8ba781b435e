"""On Telegram: who asked is told, within the limits and whatever happens; and a chat is cleared."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import timedelta

import pytest

from bot.process.clock import real_clock
from bot.secrets.card_codes import pretty
from tests import stores
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS, WITHDRAWN_BUTTONS
from tests.telegram.house import City, House, found, labels, sends, stand
from tests.telegram.server import Json, broken, flood, held, late, refused

ASK, STOP, YES = "Tell me", "Do not tell me", "Yes, tell me"
TOLD_BUTTONS = ["Check", "Withdraw", STOP, "Read it all again", "Questions", "Clear this chat", "Language 文 বা ع"]
PEOPLE = 30


async def due(house: House, people: int = PEOPLE, rooms: int = 0) -> tuple[City, dict[int, str], list[int]]:
    """Let so many have asked to be told of a walkout that is on as soon as the bot starts."""
    now = real_clock()
    chats = [house.server.room("channel") for _ in range(rooms)]
    city = await found(
        house,
        opened=now - timedelta(minutes=15, seconds=1),
        tally_every="15m",
        citywide_threshold=5,
        rooms=dict.fromkeys(chats),
        shops=[("School", 40, 5, "under the School clock"), ("Depot", 20, 9, "at the gate")],
    )
    cards = {house.server.person(): city.take() for _ in range(people)}
    await stand(house, cards, now - timedelta(minutes=10), told=True)
    return city, cards, chats


def told(house: House, people: dict[int, str]) -> Counter[int]:
    """Count what each was told."""
    return Counter({person: len(house.server.chats[person].texts) for person in people})


# ---- asking


async def test_who_asks_reads_one_sentence_first_and_may_change_their_mind(house: House, city: City) -> None:
    server, worker = house.server, house.server.person(language="en")
    await house.start()
    card = await house.pledge(worker, city.take())
    assert [[button["text"] for button in row] for row in card["reply_markup"]["inline_keyboard"]] == [
        ["Check", "Withdraw"],
        [ASK],
        ["Read it all again", "Questions"],
        ["Clear this chat", "Language 文 বা ع"],
    ]
    card = await house.press(card, ASK)
    assert "I keep your address on this chat service" in card["text"]
    assert labels(card) == [YES, "No"]
    card = await house.press(card, "No")
    assert labels(card) == PLEDGED_BUTTONS
    card = await house.press(await house.press(card, ASK), YES)
    assert labels(card) == TOLD_BUTTONS
    assert labels(await house.press(card, "Check")) == TOLD_BUTTONS
    card = await house.press(house.as_it_is(card), STOP)
    assert card["text"].startswith("Your address is deleted.")
    assert labels(card) == PLEDGED_BUTTONS
    card = await house.press(await house.press(card, ASK), YES)
    card = await house.press(card, "Withdraw")
    assert labels(card) == WITHDRAWN_BUTTONS
    assert labels(await house.press(card, "Pledge")) == PLEDGED_BUTTONS  # it went with the pledge
    assert len(server.chats[worker].from_bot) == 1
    sizes = [len(b["callback_data"].encode()) for r in server.requests for row in _keyboard(r.params) for b in row]
    assert max(sizes) <= 64


def _keyboard(params: Json) -> list[list[Json]]:
    markup = params.get("reply_markup")
    return markup["inline_keyboard"] if isinstance(markup, dict) else []


async def test_a_stranger_with_the_code_can_neither_set_nor_delete_a_notice(house: House, city: City) -> None:
    server, code = house.server, city.take()
    owner, stranger = server.person(), server.person()
    await house.start()
    card = await house.press(await house.press(await house.pledge(owner, code), ASK), YES)
    theirs = await house.ask(stranger, code)
    assert labels(theirs) == TERMS_BUTTONS
    named = f"{code}.{city.walkout}"
    for data in (f"o:{named}", f"o:{named}:yes", f"q:{named}", f"o:{code}:yes", f"q:{code}"):
        button = {"inline_keyboard": [[{"text": "Forged", "callback_data": data}]]}
        await house.press_gone(theirs | {"reply_markup": button}, "Forged")
        assert labels(house.last(stranger)) == TERMS_BUTTONS
    assert labels(await house.press(card, "Check")) == TOLD_BUTTONS


# ---- being told


async def test_thirty_workers_are_told_privately_within_telegrams_limits(strict_house: House) -> None:
    house, server = strict_house, strict_house.server
    city, cards, [room] = await due(house, rooms=1)
    late, code = server.person(), city.take("Depot")
    await stand(house, {late: code}, real_clock() - timedelta(minutes=5), told=True)
    await house.start()
    await house.until(lambda: all(told(house, cards | {late: code}).values()))
    [text] = {text for person in cards for text in server.chats[person].texts}
    assert text.startswith("It is on: One day for the rent freeze")
    assert "School walks out on " in text
    assert "under the School clock" in text
    assert "legal line 555-0100" in text
    [away] = server.chats[late].texts
    assert "Depot does not walk out on " in away
    assert "unless it reaches its number by " in away
    assert away.endswith("Work as usual.\nI write again after the last count, with yes or no.")
    assert "gate" not in away
    assert all(labels(server.chats[person].from_bot[0]) == ["Clear this chat"] for person in cards)
    await house.hears(room, "It is on.")
    sends = server.called("sendMessage")
    # and first, though what was claimed with them for it, that it opened, is not said any more
    assert [s.params["chat_id"] for s in sends].index(room) == 0
    assert all(len([s for s in sends if at.at <= s.at < at.at + 1]) <= 30 for at in sends)
    assert max(told(house, cards).values()) == 1


async def test_a_power_cut_in_the_middle_repeats_what_was_not_written_down_and_loses_none(house: House) -> None:
    _city, cards, _rooms = await due(house)
    house.server.plan("sendMessage", *[late(0)] * (PEOPLE // 3), held(asyncio.Event()))
    await house.start()
    await house.until(lambda: sum(told(house, cards).values()) >= PEOPLE // 3)
    await house.kill()
    before = sum(told(house, cards).values())
    assert before < PEOPLE
    [(written_down,)] = stores.rows(house.store, "SELECT count(*) FROM parcel WHERE state = 'sent'")
    house.server.heal()
    await house.start()
    # a busy machine answers many at once, of which the bot then knows nothing
    await house.until(lambda: sum(told(house, cards).values()) == PEOPLE + before - written_down)
    await house.stop()
    assert sum(told(house, cards).values()) == PEOPLE + before - written_down
    assert set(told(house, cards).values()) <= {1, 2}


async def test_who_has_blocked_the_bot_holds_up_nobody_and_is_settled(house: House) -> None:
    city, cards, _rooms = await due(house, 12)
    gone, slow, failing = list(cards)[:3]
    house.server.chats[gone].bot = "kicked"
    house.server.plan("sendMessage", flood(1), chat=slow)
    house.server.plan("sendMessage", broken(500), chat=failing)
    await house.start()
    await house.until(lambda: all(told(house, {p: c for p, c in cards.items() if p != gone}).values()))
    await house.until(lambda: sends(house.server, gone))
    await house.stop()
    async with house.looked_into() as app:
        assert await app.store.unsettled(city.walkout) == 0
    assert len(sends(house.server, gone)) == 1


# ---- clearing


async def test_a_cleared_chat_is_empty_after_a_warning(house: House, city: City) -> None:
    server, worker, code = house.server, house.server.person(), city.take()
    await house.start()
    server.say(worker, "hello")
    server.say(worker, "/privacy")
    card = await house.pledge(worker, code)
    warned = await house.press(card, "Clear this chat")
    assert "you need the card itself" in warned["text"]
    assert "older than two days" in warned["text"]
    assert len(server.chats[worker].messages) > 3
    kept = await house.press(warned, "Keep")
    assert labels(kept) == PLEDGED_BUTTONS
    await house.press_gone(await house.press(kept, "Clear this chat"), "Clear now")
    assert server.chats[worker].messages == {}
    said = [answer for answer in server.callbacks.values() if answer and answer.get("show_alert")]
    assert [answer["text"].startswith("Cleared.") for answer in said] == [True]
    assert all(len(answer["text"]) <= 200 for answer in said)
    # the card still does all it did
    assert "Your pledge stands." in (await house.ask(worker, f"/status {pretty(code)}"))["text"]


async def test_what_the_bot_wrote_by_itself_is_cleared_as_well(house: House) -> None:
    _city, cards, _rooms = await due(house, 6)
    person = next(iter(cards))
    await house.start()
    letter = await house.hears(person, "It is on")
    assert "It is on" in (await house.press(letter, "Clear this chat"))["text"]  # it stays to be read
    warned = house.last(person)
    assert "you need the card itself" in warned["text"]
    kept = await house.press(warned, "Keep")
    assert kept["text"] == "Nothing is deleted."
    assert labels(kept) == ["Clear this chat"]
    await house.press_gone(warned, "Clear now")
    assert house.server.chats[person].messages == {}


async def test_after_a_restart_what_is_pressed_is_cleared_and_the_rest_is_not_said_to_be(
    house: House, city: City
) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    await house.ask(worker, "/privacy")
    card = await house.pledge(worker, city.take())
    warned = await house.press(card, "Clear this chat")
    await house.stop()
    await house.start()
    await house.press_gone(warned, "Clear now")
    left = server.chats[worker].texts
    assert [text.partition(":")[0] for text in left] == ["What I keep"]
    [said] = [answer["text"] for answer in server.callbacks.values() if answer and answer.get("show_alert")]
    assert "older than my last start, you must delete by hand" in said


async def test_a_message_too_old_to_be_deleted_loses_its_words_and_its_code(house: House, city: City) -> None:
    server, worker, code = house.server, house.server.person(), city.take()
    await house.start()
    card = await house.pledge(worker, code)
    warned = await house.press(card, "Clear this chat")
    server.chats[worker].messages[card["message_id"]]["date"] -= 3 * 24 * 3600
    await house.ask(worker, "hello")
    await house.press(warned, "Clear now")
    [left] = server.chats[worker].messages.values()
    assert left["text"].startswith("Cleared.")
    assert labels(left) == []
    assert not re.search(code, str(left))


async def test_where_telegram_does_not_let_anything_be_deleted_that_is_said(house: House, city: City) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    warned = await house.press(await house.pledge(worker, city.take()), "Clear this chat")
    server.plan("deleteMessages", *[broken(500)] * 4)
    await house.press(warned, "Clear now")
    [said] = [answer["text"] for answer in server.callbacks.values() if answer and answer.get("show_alert")]
    assert said.startswith("Telegram does not let me delete")
    assert server.chats[worker].messages
    await house.press_gone(warned, "Clear now")
    assert server.chats[worker].messages == {}


@pytest.mark.parametrize("again", ["refused", "twice"])
async def test_a_press_that_comes_again_clears_what_is_there_and_nothing_fails(
    house: House, city: City, again: str
) -> None:
    server, worker = house.server, house.server.person()
    await house.start()
    warned = await house.press(await house.pledge(worker, city.take()), "Clear this chat")
    if again == "refused":
        server.plan("deleteMessages", refused(400, "Bad Request: message can't be deleted"))
    server.press(warned, "Clear now")
    server.press(warned, "Clear now")
    await house.until(lambda: None not in server.callbacks.values())
    assert server.chats[worker].messages == {}
