"""Drafting in a chat, where no platform comes into it: in which language it goes on, and how much is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.model import BoardLine, Question, Ruling, Stage, StepKind, Unit, Walkout
from bot.draft import SourceFile
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.conversation import Conversation, Reply, Said, Ways
from tests.stores import open_app

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


# -- steps of a campaign -----------------------------------------------------------------------------------------------


async def first_step(talk: Conversation, *, kind: str = "A survey") -> Reply:
    asked = await press(talk, await say(talk, "/draft"), "A campaign's step")
    assert labels(asked)[:2] == ["A walkout on its own", "First step"]
    await press(talk, asked, "First step")
    asked = await say(talk, "Buses for all")
    assert labels(asked)[:3] == ["A survey", "An action", "A walkout"]
    assert (await say(talk, "a survey")).text.startswith("Please press a button.")
    return await press(talk, asked, kind)


async def survey(talk: Conversation) -> Reply:
    assert "What is the survey called?" in (await first_step(talk)).text
    for text in ("What we want", "A demand"):
        await say(talk, text)
    asked = await say(talk, "New York")
    assert "Until when may people take part?" in asked.text  # and not when it starts
    await press(talk, asked, labels(asked)[1])
    share = await say(talk, "North Depot 120\nMarket Hall 24\nTotal 30")
    if "Is it a total?" in share.text:
        share = await press(talk, share, labels(share)[1])
    assert "It is a goal: nothing depends on it." in (await press(talk, share, "50%")).text
    asked = await press(talk, await say(talk, "60"), "1")
    assert "What do you ask?" in asked.text
    assert "a question needs 2 to 8 of them." in (await say(talk, "What do we demand?\nMore buses")).text
    asked = await say(talk, "What do we demand?\nMore buses\n\n Safer buses ")
    assert labels(asked)[:2] == ["One of them", "As many as they like"]
    asked = await press(talk, asked, "As many")
    asked = await press(talk, await say(talk, "How long?\nA day\nA week"), "One of them")
    return await press(talk, await press(talk, asked, "No more questions"), "Leave out")


async def test_a_survey_is_asked_what_a_survey_has(app: App, talk: Conversation) -> None:
    review = await survey(talk)
    assert 'A step of the campaign "Buses for all".' in review.text
    assert "It asks, any of 2 options: What do we demand?" in review.text
    assert "Its goal: 60 people citywide." in review.text
    assert "Starts" not in review.text
    await press(talk, review, "Make the draft")
    [walkout] = await app.store.walkouts()
    terms = walkout.terms
    assert (terms.kind, terms.campaign, walkout.campaign) == (StepKind.SURVEY, "Buses for all", None)
    assert terms.starts == terms.pledge_by
    assert terms.questions == (
        Question(text="What do we demand?", options=("More buses", "Safer buses"), many=True),
        Question(text="How long?", options=("A day", "A week")),
    )


async def ended_first(app: App, talk: Conversation, stage: Stage = Stage.ENDED) -> Walkout:
    """Have a survey counted, in which the first workplace has reached its number, and the others show nothing."""
    await press(talk, await survey(talk), "Make the draft")
    [walkout] = await app.store.walkouts()
    at = walkout.terms.pledge_by

    def end(now: Walkout, units: Sequence[Unit]) -> Ruling:
        ended = replace(now, stage=stage, opened=at, tallied=at, tally=1, ended=at)
        return Ruling(walkout=ended, units=(replace(units[0], line=BoardLine(reached=True, since=1)),))

    await app.store.decide(walkout.id, end)
    return walkout


async def test_the_next_step_takes_over_the_workplaces_and_opens_where_people_took_part(
    app: App, talk: Conversation
) -> None:
    first = await ended_first(app, talk)
    asked = await press(talk, await say(talk, "/draft"), "A campaign's step")
    assert labels(asked)[2] == "Next step of Buses for all"
    kind = await press(talk, asked, "Next step")
    assert "What is the action called?" in (await press(talk, kind, "An action")).text
    for text in ("Stickers", "A demand", "New York", "1 May 2099 noon"):
        await say(talk, text)
    asked = await say(talk, "30 Apr 2099 noon")
    citywide = await press(talk, asked, "The same as before")
    assert "3 workplaces, 174 people" in citywide.text
    assert "before anybody takes part? 174 work there." in citywide.text
    where = await say(talk, "60")
    assert labels(where)[:4] == ["50 %", "60 %", "75 %", "100 %"]
    assert "must be a share" in (await say(talk, "all")).text
    approvals = await press(talk, where, "60 %")
    review = await press(talk, await press(talk, await press(talk, approvals, "1"), "Leave out"), "Leave out")
    assert f'It follows "What we want" ({first.id}), and opens only where at least 60 % of' in review.text
    assert "An action: people take part, and nobody walks out." in review.text
    assert "It would open at 1 workplace now: Market Hall." in review.text
    # of 12, nothing is shown before eight have moved; of 15 nine are
    assert "Too small to show 60 % before all of their number has taken part: Market Hall." in review.text
    assert "So far: 1 of 3 workplaces have taken part in What we want." in review.text
    made = await press(talk, review, "Make the draft")
    assert made.kind == "drafted"
    [step] = [each for each in await app.store.walkouts() if each.id != first.id]
    assert (step.after, step.campaign, step.terms.campaign) == (first.id, first.id, "Buses for all")
    assert (step.terms.turnout, step.terms.opens_where) == (True, 60)
    assert [(unit.id, unit.name, unit.threshold) for unit in await app.store.units(step.id)] == [
        (unit.id, unit.name, unit.threshold) for unit in await app.store.units(first.id)
    ]


async def test_what_lapsed_is_tried_again_and_asks_for_no_proof(app: App, talk: Conversation) -> None:
    await ended_first(app, talk, Stage.LAPSED)
    asked = await press(talk, await say(talk, "/draft"), "A campaign's step")
    asked = await press(talk, asked, "Another try of What we want")
    assert "Question 2 of 13" in asked.text  # and none of them where it opens
    assert "Question 3 of 13" in (await press(talk, asked, "An action")).text


async def test_whoever_thinks_again_drafts_a_walkout_on_its_own(talk: Conversation) -> None:
    asked = await press(talk, await say(talk, "/draft"), "A campaign's step")
    asked = await press(talk, asked, "A walkout on its own")
    assert "Question 1 of 11\nWhat is the walkout called?" in asked.text


async def test_the_terms_of_a_next_step_may_be_sent_as_a_file(app: App, talk: Conversation) -> None:
    first = await ended_first(app, talk)
    file = SourceFile(
        name="walkout.toml",
        data=b"""title = "Stickers"
kind = "action"
turnout = true
opens_where = 60
starts = 2099-05-01T12:00:00-04:00
pledge_by = 2099-04-30T12:00:00-04:00
citywide_threshold = 60
""",
    )
    asked = await press(talk, await say(talk, "/draft"), "A campaign's step")
    await press(talk, asked, "Next step")
    asked = await talk.take(Said(who=OLGA), file)
    assert (await press(talk, asked, "The same as before")).kind == "drafted"
    [step] = [each for each in await app.store.walkouts() if each.id != first.id]
    assert (step.after, step.terms.campaign, step.terms.opens_where) == (first.id, "Buses for all", 60)


async def test_each_answer_about_a_step_can_be_changed_and_what_hangs_on_it_is_asked_anew(
    app: App, talk: Conversation
) -> None:
    review = await survey(talk)
    change = await press(talk, review, "Change something")
    asked = await press(talk, change, "Second question")
    assert "Now: How long?\nA day\nA week" in asked.text
    review = await press(talk, await say(talk, "How long?\nA day\nA month"), "As many")
    assert "It asks, any of 2 options: How long?" in review.text
    change = await press(talk, review, "Change something")
    asked = await press(talk, await press(talk, change, "Kind"), "A walkout")
    assert "When do people walk out?" in asked.text
    await say(talk, "1 May 2099 noon")
    review = await say(talk, "30 Apr 2099 noon")
    while "Leave out" in labels(review):
        review = await press(talk, review, "Leave out")
    assert "It asks" not in review.text
    assert "A survey" not in review.text
    await press(talk, review, "Make the draft")
    [walkout] = await app.store.walkouts()
    assert (walkout.terms.kind, walkout.terms.turnout, walkout.terms.questions) == (StepKind.WALKOUT, True, ())
