"""Drafting in a chat, where no platform comes into it: in which language it goes on, and how much is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.draft import SourceFile
from bot.process.clock import MovableClock
from bot.runtime.app import App, open_app
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.conversation import Conversation, Reply, Said, Ways

OLGA = Person("here", "olga")


@pytest.fixture
async def app(data: Path, clock: MovableClock) -> AsyncIterator[App]:
    async with open_app(data, clock=clock, senders={}) as opened:
        await organizers.add(OLGA, "olga", opened.store, opened.keys)
        yield opened


@pytest.fixture
def talk(app: App) -> Conversation:
    return Conversation(app, Ways(can_see=str, in_a_hurry=True))


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


THEIRS = b"""Borough,Employer,Dept,Workers
Queens,Depot,Repair,40
Queens,Depot,Drivers,60
Bronx,Depot,,50
Bronx,Market,,30
"""
BEGINNING = ("/draft", "A day", "A demand", "New York", "1 May 2099 noon", "30 Apr 2099 noon")


def labels(reply: Reply) -> list[str]:
    return [button.label for button in reply.buttons]


async def press(talk: Conversation, reply: Reply, label: str) -> Reply:
    [button] = [each for each in reply.buttons if each.label.startswith(label)]
    pressed = await talk.answer(Said(who=OLGA, button=button.data))
    assert pressed is not None
    return pressed


async def to_the_end(talk: Conversation, reply: Reply) -> Reply:
    """Answer what is left, from the share on."""
    for label in ("50%", "100 people", "1", "Leave out", "Leave out"):
        reply = await say(talk, "100") if label == "100 people" else await press(talk, reply, label)
    return reply


async def test_areas_and_departments_are_asked_about_where_the_list_has_them(app: App, talk: Conversation) -> None:
    for text in BEGINNING:
        await say(talk, text)
    asked = await talk.take(Said(who=OLGA), SourceFile(name="w.csv", data=THEIRS))
    assert "The list has a column Borough. Are these areas that need a number of their own?" in asked.text
    assert labels(asked)[:2] == ["Areas by Borough: Queens", "No areas"]
    asked = await press(talk, asked, "Areas by Borough")
    assert "Depot stands in several rows: Repair, Drivers." in asked.text
    share = await press(talk, asked, "Yes")
    assert "3 workplaces, 180 people; 2 areas, 2 departments" in share.text
    assert "How many have to pledge at a workplace" in share.text  # and nothing more about the areas
    review = await to_the_end(talk, share)
    assert "2 areas (Borough), 0 of them with a number or a minimum of their own." in review.text
    assert "2 departments, 0 of them with a number of their own." in review.text

    change = await press(talk, review, "Change something")
    asked = await press(talk, change, "Areas")
    assert "What are the areas called" in asked.text
    assert "Now: Borough" in asked.text
    assert "Write 1 name." in (await say(talk, "borough\ncity")).text
    assert "cannot be a level" in (await say(talk, "headcount")).text
    review = await say(talk, "Part of town")
    assert "2 areas (Part of town)" in review.text
    made = await press(talk, review, "Make the draft")
    assert "2 areas (Part of town)" in made.text
    walkout = (await app.store.walkouts())[0]
    units = await app.store.units(walkout.id)
    assert walkout.terms.levels == ("Part of town",)
    assert [(unit.name, unit.parent, unit.threshold) for unit in units] == [
        ("Bronx", 0, 0),
        ("Depot", 1, 25),
        ("Market", 1, 15),
        ("Queens", 0, 0),
        ("Depot", 4, 50),
        ("Drivers", 5, 0),
        ("Repair", 5, 0),
    ]


async def test_one_tap_says_that_there_are_none(talk: Conversation) -> None:
    for text in BEGINNING:
        await say(talk, text)
    list_ = SourceFile(name="w.csv", data=b"Borough,Employer,Workers\nQueens,Depot,90\nQueens,Mill,80\nBronx,Shop,90\n")
    asked = await talk.take(Said(who=OLGA), list_)
    share = await press(talk, asked, "No areas")
    assert "3 workplaces, 260 people\n" in share.text
    assert "area" not in (await to_the_end(talk, share)).text


async def test_terms_that_were_sent_as_a_file_name_the_areas_of_the_list(talk: Conversation) -> None:
    toml = (
        'title = "A day"\nstarts = 2099-05-01T12:00:00-04:00\npledge_by = 2099-04-30T12:00:00-04:00\n'
        'citywide_threshold = 50\nlevels = ["borough"]\n'
    )
    await talk.take(Said(who=OLGA), SourceFile(name="walkout.toml", data=toml.encode()))
    asked = await talk.take(Said(who=OLGA), SourceFile(name="w.csv", data=THEIRS))
    assert "Depot stands in several rows" in asked.text
    share = await press(talk, asked, "Yes")
    made = await press(talk, share, "50%")
    assert "2 areas (borough)" in made.text
