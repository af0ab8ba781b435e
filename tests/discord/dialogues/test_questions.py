"""What workers ask on Discord, by buttons and in words of their own, and what they read again."""

from __future__ import annotations

import pytest

from tests.discord.dialogues.house import City, House, labels
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS

SIX = ["Who calls this?", "How long?", "Can I be fired?", "Does my boss see?", "Is this bot real?", "Whom do I ask?"]
BACK = "Back to my card"


@pytest.mark.parametrize("private", [False, True], ids=["in a server", "in the chat with the bot"])
async def test_all_is_read_again_under_a_pledge_and_questions_lead_back_to_it(
    house: House, city: City, *, private: bool
) -> None:
    ana = house.privately("ana") if private else house.somebody("ana")
    shown = await ana.slash("start", card=city.take())
    asked = await ana.press(shown.last, "Questions")
    assert asked.buttons == [*SIX, BACK]
    answer = await ana.press(asked.last, "Does my boss see?")
    assert "I tell nobody who has pledged: not your boss" in answer.text
    assert "Discord itself" in answer.text
    assert answer.buttons == ["More questions", BACK]
    shown = await ana.press(answer.last, BACK)
    assert shown.buttons == TERMS_BUTTONS

    pledged = await ana.press(shown.last, "Pledge")
    assert "You can take it back before Tue 8 Dec 2026, 20:00." in pledged.text
    again = await ana.press(pledged.last, "Read it all again")
    assert "You have pledged for School." in again.text
    assert again.buttons == PLEDGED_BUTTONS
    asked = await ana.press(again.last, "Questions")
    back = await ana.press((await ana.press(asked.last, "How long?")).last, BACK)
    assert back.buttons == PLEDGED_BUTTONS


async def test_what_is_typed_is_answered_and_six_questions_stand_below(house: House, city: City) -> None:
    ana = house.privately("ana")
    for typed, words in (
        ("is it true that the boss sees this?", "I tell nobody who has pledged: not your boss"),
        ("ayuda", "Have you a card?"),
        ("STOP", "Nothing has changed."),
        ("what if it rains", "I did not understand that, and kept nothing of it."),
    ):
        [answer] = await house.write(ana, typed)
        assert words in answer.content
        assert labels(answer) == SIX
    below = await ana.press(answer, "Whom do I ask?")
    assert below.left  # what was pressed stays
    assert below.text.startswith("Ask your steward, or whoever gave you the card.")


async def test_who_comes_from_another_account_is_told_that_it_counts_already(house: House, city: City) -> None:
    ana, bob, card = house.somebody("ana"), house.somebody("bob"), city.take()
    await ana.pledge(card)
    told = await bob.press((await bob.slash("start", card=card)).last, "Pledge")
    assert "Was that you, on another phone? Then it counts, unless you took it back: do not draw another." in told.text


async def test_a_picture_a_voice_and_a_message_that_is_changed_afterwards_are_answered(
    house: House, city: City
) -> None:
    ana = house.privately("ana")
    for name in ("card.png", "voice.ogg"):
        [told] = await house.write(ana, "", (name, b"x"))
        assert told.content.startswith("I can read only text, no pictures and no voices.")
    chat = ana.member.user.dm_channel
    written = next(m for m in chat.history(viewer=ana.member.user) if m.author.id == ana.member.id)
    house.env.backend.edit_message(chat.id, written.id, {"content": "something else"})
    house.env._mark_mutation()
    await house.env._settle_internal(dispatch="edit")
    assert any("I read each message once, as it was sent." in text for text in ana.sees())
