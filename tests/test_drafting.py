"""Drafting in a chat, where no platform comes into it: in which language it goes on, and how much is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.draft import SourceFile
from bot.process.clock import MovableClock
from bot.runtime.app import open_app
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.conversation import Conversation, Reply, Said, Ways

OLGA = Person("here", "olga")


@pytest.fixture
async def talk(data: Path, clock: MovableClock) -> AsyncIterator[Conversation]:
    async with open_app(data, clock=clock, senders={}) as app:
        await organizers.add(OLGA, "olga", app.store, app.keys)
        yield Conversation(app, Ways(can_see=str, in_a_hurry=True))


async def say(talk: Conversation, text: str, language: str = "") -> Reply:
    reply = await talk.answer(Said(who=OLGA, text=text, language=language))
    assert reply is not None
    return reply


async def test_it_goes_on_in_the_language_in_which_it_was_begun(talk: Conversation) -> None:
    assert "Pregunta 1 de 11" in (await say(talk, "/draft", "es")).text
    assert "Pregunta 2 de 11" in (await say(talk, "Un d\u00eda")).text
    file = SourceFile(name="w.csv", data=b"workplace,headcount\nDepot,50\n")
    assert "Pregunta 2 de 11" in (await talk.take(Said(who=OLGA), file)).text
    assert "Question 3 of 11" in (await say(talk, "A demand", "en")).text


async def test_the_longest_message_that_can_be_written_is_read_whole(talk: Conversation) -> None:
    for text in ("/draft", "A day", "A demand", "New York", "1 May 2099 noon", "30 Apr 2099 noon"):
        await say(talk, text)
    lines = [f"Depot number {number:04} 10" for number in range(4_096 // 21)]
    lines[-1] += "0" * (4_096 - len("\n".join(lines)) - 1)
    said = (await say(talk, "\n".join(lines) + "0")).text
    assert len("\n".join(lines)) + 1 == 4_096
    assert f"{len(lines)} workplaces" in said


async def test_a_file_of_somebody_who_organizes_no_more_is_answered(talk: Conversation) -> None:
    said = await talk.take(
        Said(who=Person("here", "eve")), SourceFile(name="w.csv", data=b"workplace,headcount\nA,9\n")
    )
    assert said.kind == "forbidden"
