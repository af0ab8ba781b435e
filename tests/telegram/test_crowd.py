"""A crowd holds up its cards at once, while Telegram keeps its limits: here ten times as quick as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path

import pytest

from bot.process.clock import real_clock
from bot.secrets.card_codes import mint
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS
from tests.telegram.house import City, House, found, labels, sends
from tests.telegram.server import Limits, TelegramServer, broken, flood, held, refused

QUICK = 10
CROWD = 300
SHOPS = (("Depot", CROWD + 10, 6, "at the Depot gate"),)


@pytest.fixture
async def crowded(data: Path) -> AsyncIterator[tuple[House, City]]:
    """A house that many come to; nobody holds the calls against Telegram's table, which would take longest of all."""
    async with TelegramServer(limits=Limits(overall_a_second=30 * QUICK), checked=False) as server:
        house = House(data, server)
        city = await found(house, opened=real_clock(), shops=SHOPS)
        try:
            await house.start(ALLOUT_TELEGRAM_PER_SECOND=str(29 * QUICK))
            yield house, city
        finally:
            await house.cleared()
        house.check()


def draw(house: House, city: City, number: int = CROWD) -> dict[int, str]:
    return {house.server.person(): city.take("Depot") for _ in range(number)}


def all_see(house: House, people: Iterable[int], buttons: list[str]) -> bool:
    chats = house.server.chats
    return all(chats[person].from_bot and labels(chats[person].from_bot[-1]) == buttons for person in people)


def in_sight(house: House, people: Mapping[int, str]) -> list[int]:
    """Tell whose chats show their code."""
    chats = house.server.chats
    return [who for who, code in people.items() if any(code in m.get("text", "") for m in chats[who].messages.values())]


async def test_each_of_a_crowd_sees_the_terms_and_then_that_the_pledge_stands(crowded: tuple[House, City]) -> None:
    house, city = crowded
    server, people = house.server, draw(house, city)
    for who, code in people.items():
        server.say(who, code)
        for _ in range(3):
            server.say(server.person(), mint())  # strangers beside them
    await house.until(lambda: all_see(house, people, TERMS_BUTTONS))
    assert in_sight(house, people) == []
    for who in people:
        server.press(house.last(who), "Pledge")
    await house.until(lambda: all_see(house, people, PLEDGED_BUTTONS))
    await house.stop()
    assert await house.standing(city) == {"Depot": CROWD}
    assert [len(server.chats[who].from_bot) for who in people] == [1] * CROWD


async def test_too_many_for_everybody_loses_nobody(crowded: tuple[House, City]) -> None:
    house, city = crowded
    people = draw(house, city, 40)
    house.server.plan("sendMessage", *[flood(1)] * 5, *[broken(502)] * 5)
    for who, code in people.items():
        house.server.say(who, code)
    await house.until(lambda: all_see(house, people, TERMS_BUTTONS))


# ---- a message with a code


async def test_a_code_is_taken_out_of_sight_before_its_update_is_confirmed_and_without_an_answer(
    house: House, city: City
) -> None:
    server, worker, code = house.server, house.server.person(), city.take()
    await house.start()
    server.plan("sendMessage", flood(60), chat=worker)
    deleting = asyncio.Event()
    server.plan("deleteMessage", held(deleting), chat=worker)
    update = server.say(worker, code)
    await house.until(lambda: server.called("deleteMessage") and sends(server, worker) == [])
    server.say(server.person(), "/help")
    await house.until(lambda: server.called("sendMessage"))
    assert update in server.unconfirmed
    deleting.set()
    await house.until(lambda: update not in server.unconfirmed and sends(server, worker))
    assert in_sight(house, {worker: code}) == []
    assert server.chats[worker].from_bot == []


async def test_a_code_that_was_in_sight_when_the_bot_was_killed_is_taken_out_of_it_afterwards(
    house: House, city: City
) -> None:
    server, worker, code = house.server, house.server.person(), city.take()
    await house.start()
    server.plan("deleteMessage", held(asyncio.Event()), chat=worker)
    server.say(worker, code)
    await house.until(lambda: server.called("deleteMessage"))
    await house.kill()
    assert in_sight(house, {worker: code}) == [worker]
    await house.start()
    await house.until(lambda: all_see(house, {worker: code}, TERMS_BUTTONS))
    assert in_sight(house, {worker: code}) == []


async def test_what_telegram_does_not_delete_at_first_is_tried_again_and_else_its_sender_is_asked_to(
    house: House, city: City
) -> None:
    server, code, other = house.server, city.take(), city.take()
    worker, unlucky = server.person(), server.person()
    await house.start()
    server.plan("deleteMessage", flood(1), broken(500), broken(502), chat=worker)
    server.plan("deleteMessage", refused(400, "Bad Request: message can't be deleted"), chat=unlucky)
    server.say(worker, code)
    server.say(unlucky, other)
    await house.until(lambda: all_see(house, {worker: code, unlucky: other}, TERMS_BUTTONS))
    assert "I deleted your message with the code" in house.last(worker)["text"]
    assert "please delete it" in house.last(unlucky)["text"]


async def test_a_code_from_somebody_who_gets_no_answer_is_taken_out_of_sight_all_the_same(
    house: House, city: City
) -> None:
    server, worker, code = house.server, house.server.person(), city.take()
    await house.start()
    for _ in range(61):  # as fast as gets silence
        server.say(worker, "hello")
    server.say(worker, "hello")
    server.say(worker, code)
    await house.until(lambda: server.called("deleteMessage"))
    await house.quiet()
    assert in_sight(house, {worker: code}) == []
    assert not all_see(house, {worker: code}, TERMS_BUTTONS)
