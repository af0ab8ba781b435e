"""What workers ask on Telegram, by buttons and in words of their own, and what they read again."""

from __future__ import annotations

import re

import pytest

from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS
from tests.telegram.house import City, House, labels
from tests.telegram.server import Json

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIX = ["Who calls this?", "How long?", "Can I be fired?", "Does my boss see?", "Is this bot real?", "Whom do I ask?"]
BACK = "Back to my card"


def rows(message: Json) -> list[int]:
    """Count the buttons of each row: a phone shows two short labels side by side."""
    return [len(row) for row in message["reply_markup"]["inline_keyboard"]]


async def test_all_is_read_again_under_a_pledge_and_check_leads_back(busy_house: House, busy_city: City) -> None:
    worker = busy_house.server.person()
    card = await busy_house.pledge(worker, busy_city.take())
    assert re.search(
        r"Walkout: \w{3} \d+ \w{3} 20\d\d, \d\d:\d\d\nYou can take it back before \w{3} \d+ ", card["text"]
    )
    card = await busy_house.press(card, "Read it all again")
    for words in ("We want:\n• Freeze the rent", "You have pledged for School.", "Kept: that this card is pledged"):
        assert words in card["text"]
    assert labels(card) == PLEDGED_BUTTONS
    assert max(rows(card)) == 2
    card = await busy_house.press(card, "Check")
    assert card["text"].startswith("Nothing is decided yet.")
    card = await busy_house.press(card, "Withdraw")
    card = await busy_house.press(card, "Read it all again")
    assert "You would pledge for School." in card["text"]
    assert (await busy_house.press(card, "Pledge"))["text"].startswith("Recorded.")


@pytest.mark.parametrize("pledged", [False, True])
async def test_questions_under_a_card_lead_back_to_it(busy_house: House, busy_city: City, *, pledged: bool) -> None:
    worker, code = busy_house.server.person(), busy_city.take()
    card = await (busy_house.pledge(worker, code) if pledged else busy_house.ask(worker, f"/start {code}"))
    card = await busy_house.press(card, "Questions")
    assert card["text"] == "What do you want to know?"
    assert labels(card) == [*SIX, BACK]
    assert rows(card) == [2, 2, 2, 1]
    for question in SIX:
        card = await busy_house.press(card, question)
        assert labels(card) == ["More questions", BACK]
        if question == "Can I be fired?":
            assert card["text"].endswith("Ask your steward before you pledge.")  # the organizers' own
        card = await busy_house.press(card, "More questions")
    card = await busy_house.press(card, BACK)
    assert labels(card) == (PLEDGED_BUTTONS if pledged else TERMS_BUTTONS)
    assert len(busy_house.server.chats[worker].from_bot) == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("is it true that the boss sees this?", "I tell nobody who has pledged: not your boss"),
        ("who is this", "Each walkout has its own organizers."),
        ("¿Ayuda?", "Have you a card?"),
        ("STOP", "/withdraw and its code"),
        ("yes", "a word here counts for nothing"),
        ("what if it rains", "I did not understand that, and kept nothing of it."),
    ],
)
async def test_what_is_typed_is_answered_and_six_questions_stand_below(
    busy_house: House, typed: str, words: str
) -> None:
    worker = busy_house.server.person()
    answer = await busy_house.ask(worker, typed)
    assert words in answer["text"]
    assert labels(answer) == SIX
    await busy_house.press(answer, "How long?")
    below = busy_house.last(worker)
    assert below["text"].startswith("Open your card: its terms say when the walkout starts")
    assert labels(below) == ["More questions"]
    assert busy_house.as_it_is(answer)["text"] == answer["text"]


async def test_who_comes_from_another_phone_is_told_that_it_counts_already(busy_house: House, busy_city: City) -> None:
    code, other = busy_city.take(), busy_house.server.person()
    card = await busy_house.pledge(busy_house.server.person(), code)
    await busy_house.press(await busy_house.ask(other, code), "Pledge")
    told = busy_house.last(other)["text"]
    assert told.startswith("This card is used already, from another account. Was that you, on another phone?")
    assert "do not draw another" in told
    # who took it back is told of no more than that it was used, whoever asks
    await busy_house.press(card, "Withdraw")
    another = busy_house.server.person()
    await busy_house.press(await busy_house.ask(another, code), "Pledge")
    assert busy_house.last(another)["text"] == told


async def test_a_question_about_a_card_that_is_not_known_tells_no_more_than_any(busy_house: House) -> None:
    worker = busy_house.server.person()
    asked = await busy_house.ask(worker, "what if it rains")
    for data in ("Q:{}:who", "R:{}"):
        button = {"text": "?", "callback_data": data.format("0" * 19 + "1")}
        asked["reply_markup"] = {"inline_keyboard": [[button]]}
        await busy_house.press(asked, "?")
        assert busy_house.last(worker)["text"].startswith("I do not know this card.")


async def test_a_message_that_is_changed_afterwards_is_answered_in_one_sentence(
    busy_house: House, busy_city: City
) -> None:
    server, worker, code = busy_house.server, busy_house.server.person(), busy_city.take()
    await busy_house.ask(worker, "my crad is lost")
    for text, more in (("my card is lost", ""), (f"it is {code}", "\n\nI deleted your message with the code")):
        written = server._kept(server.chats[worker], {"from": server._people[worker], "text": text})
        before = len(server.chats[worker].from_bot)
        server.raw({"edited_message": {**written, "edit_date": written["date"]}})
        said = await busy_house.hears(worker, "I read each message once, as it was sent.", since=before)
        assert more in said["text"]
    for unanswered in (
        {"location": {"latitude": 40.7, "longitude": -74.0}},
        {"text": "x", "chat": {"id": -5, "type": "group"}},
    ):
        before = len(server.chats[worker].from_bot)
        server.raw({"edited_message": {**written, "text": "", **unanswered}})
        await busy_house.quiet()
        assert len(server.chats[worker].from_bot) == before
