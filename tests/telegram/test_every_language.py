"""On Telegram: a walkout is played whole in each language, by one bot for all."""

from __future__ import annotations

import asyncio

from bot.domain.model import StepKind
from bot.process.clock import real_clock
from bot.secrets.card_codes import mint
from handlers.texts import notices, questions, workers
from handlers.texts.catalogue import languages, speaking
from tests import spoken
from tests.house import let_deadline_pass, let_tally_come
from tests.telegram.house import EDITS, SENDS, City, House, found
from tests.telegram.server import Request


async def test_a_walkout_is_played_whole_in_each_language(house: House) -> None:
    server = house.server
    rooms = {server.room(): language for language in languages()}
    people = {server.person(language=language.lower()): language for language in languages()}
    city = await found(
        house,
        opened=real_clock(),
        rooms=dict.fromkeys(rooms, "School"),
        spoken_in=rooms,
        citywide_threshold=len(people),
        confirm_tallies=2,
    )
    await house.start()
    await asyncio.gather(*(pledges(house, city, person, language) for person, language in people.items()))
    await every_chat_has(house, rooms, 1)  # it is open
    await house.stop()
    let_tally_come(house, city.walkout)
    await house.start()
    await every_chat_has(house, rooms, 2)  # it has its number
    before = {person: len(server.chats[person].from_bot) for person in people}
    await house.stop()
    let_deadline_pass(house, city.walkout)
    await house.start()
    await every_chat_has(house, rooms, 3)  # it is on
    await house.until(lambda: all(len(server.chats[person].from_bot) > n for person, n in before.items()))
    await asyncio.gather(*(house.ask(person, "/help") for person in people))
    await house.stop()
    said = [request for request in server.requests if request.method in EDITS | SENDS and "text" in request.params]
    for request in said:
        spoken.check((people | rooms)[request.params["chat_id"]], request.params["text"], labels(request), city.walkout)


async def pledges(house: House, city: City, person: int, language: str) -> None:
    """Do all that a worker does."""
    with speaking(language):
        read, pledge, check = workers.read_label(), workers.pledge_label(StepKind.WALKOUT), workers.check_label()
        withdraw, tell, yes = workers.withdraw_label(), notices.ask_label(), notices.yes_label()
        ask, back = questions.questions_label(), questions.back_label()
    for text in ("/start", "/help", "/privacy", mint(), "7 x 7"):
        await house.ask(person, text)
    card = await house.ask(person, city.take())
    for label in (pledge, check, withdraw, pledge, read):
        card = await house.press(card, label)
    for label in (ask, back, tell, yes):
        card = await house.press(card, label)


async def every_chat_has(house: House, rooms: dict[int, str], many: int) -> None:
    await house.until(lambda: all(len(house.server.chats[room].from_bot) >= many for room in rooms))


def labels(request: Request) -> list[str]:
    markup = request.params.get("reply_markup") or {}
    return [button["text"] for row in markup.get("inline_keyboard", []) for button in row]
