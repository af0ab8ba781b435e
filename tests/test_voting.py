"""Voting, as people do it: after the pledge, a question at a time, cast at the end, and never shown again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.model import CardState, Kind, Question, StepKind, WalkoutId, Words
from bot.domain.roles import Matter
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import organizers, paper_cards, proposals, stewards
from bot.usecases.context import RequestContext
from handlers.conversation import CARD_BUTTONS, SHOWING, Conversation, Reply, Said, Ways
from handlers.conversation.messages import LONGEST_DATA
from handlers.discord.components import LONGEST_LABEL, MOST_ROWS, Buttons
from tests import stores
from tests.conftest import MICROSECOND, NOON, PLEDGE_BY, SHOP, WALKOUT, opened, shops
from tests.stores import both_engines, open_app
from tests.test_outbox import Post

WAYS = Ways(can_see=lambda: "", in_a_hurry=True)
ANA, BEN, OLGA, OMAR = (Person("here", name) for name in ("ana", "ben", "olga", "omar"))
DEMANDS = Question(text="What do we want?", options=("More pay", "More rest", "Less heat"), many=True)
LENGTH = Question(text="How long do we walk out?", options=("A day", "A week"))
OTHER = WalkoutId("p2x9q")
NOTHING: list[tuple[str]] = []


@asynccontextmanager
async def survey(data: Path, clock: MovableClock, *asked: Question, **terms: Any) -> AsyncIterator[tuple[App, str]]:
    """Open a survey with a card for everybody, and another walkout beside it; ana's card is pledged."""
    async with open_app(data, clock=clock, senders={"here": Post()}) as app:
        for who in (OLGA, OMAR):
            await organizers.add(who, who.account, app.store, app.keys)
        codes = [mint() for _ in range(12)]
        about: dict[str, Any] = {"kind": StepKind.SURVEY, "starts": PLEDGE_BY, "tally_every": PLEDGE_BY - NOON}
        about |= {"questions": asked or (DEMANDS, LENGTH)} | terms
        for walkout, some, more in ((WALKOUT, codes, about), (OTHER, [mint()], {})):
            app.keys.add_walkout(walkout)
            await app.store.add_walkout(opened(walkout, **more), shops(12, 12))
            await stewards.mint(walkout, {SHOP: [key_of(code) for code in some]}, app.store, app.keys)
        await app.worker(ANA).pledge(codes[0])
        yield app, codes[0]


async def press(app: App, data: str, who: Person = ANA, language: str = "") -> Reply:
    reply = await Conversation(app, WAYS).answer(Said(who=who, button=data, language=language))
    assert reply is not None
    assert len({button.data for button in reply.buttons}) == len(reply.buttons), "Discord takes no two alike"
    for button in reply.buttons:
        assert len(button.data.encode()) <= LONGEST_DATA
        assert button.data[0] not in CARD_BUTTONS or f".{WALKOUT}" in button.data
    return reply


async def go(app: App, start: str, *labels: str) -> list[Reply]:
    """Press one button after the other."""
    shown = [await press(app, start)]
    for label in labels:
        shown.append(await press(app, button(shown[-1], label)))
    return shown


def button(reply: Reply, label: str) -> str:
    return next(each.data for each in reply.buttons if each.label == label)


def labels(reply: Reply) -> list[str]:
    return [each.label for each in reply.buttons]


async def kept(app: App) -> list[tuple[str]]:
    store: Any = app.store
    return list(await store._read("SELECT choices FROM ballot"))


@both_engines
async def test_a_vote_from_the_pledge_to_voting_anew(data: Path, clock: MovableClock) -> None:
    async with survey(data, clock) as (app, code):
        status = await press(app, f"c:{code}.{WALKOUT}")
        assert "Vote" in labels(status)
        assert "There are 2 questions. To answer, press “Vote” until" in status.text
        shown = await go(
            app, button(status, "Vote"), "More pay", "Less heat", "✓ More pay", "More rest", "Done", "A week"
        )
        first, one, two, without, last_mark, second, page = shown
        assert first.text.startswith("Question 1 of 2\nWhat do we want?")
        assert labels(first) == ["More pay", "More rest", "Less heat", "Leave this out", "Do not vote now"]
        assert "Chosen: More pay\n" in one.text
        assert labels(two) == [
            "✓ More pay",
            "More rest",
            "✓ Less heat",
            "Done",
            "Leave this out",
            "Do not vote now",
        ]
        assert labels(without)[:3] == ["More pay", "More rest", "✓ Less heat"]
        assert "Chosen: More rest, Less heat" in last_mark.text
        assert labels(second) == ["A day", "A week", "Leave this out", "Do not vote now"]
        assert page.text.startswith(
            "You are about to cast:\n\n• What do we want? More rest, Less heat\n• How long do we walk out? A week\n\n"
        )
        assert await kept(app) == NOTHING, "nothing is stored before"
        voted = await press(app, button(page, "Cast my vote"))
        assert await kept(app) == [("060200",)]
        assert voted.kind == "voted"
        assert voted.text.startswith("You have voted. You can vote anew until")
        status = await press(app, f"c:{code}.{WALKOUT}")
        assert "You have voted. You can vote anew until" in status.text
        assert "Vote anew" in labels(status)
        for reply in (voted, status, await press(app, button(status, "Vote anew"))):
            told = reply.text + " ".join(f"{each.label} {each.data}" for each in reply.buttons)
            assert not any(what in told for what in ("More rest, Less heat", "Chosen", "✓", "0602"))
        await go(app, button(status, "Vote anew"), "Leave this out", "A day", "Cast my vote")
        assert await kept(app) == [("000100",)]
        gone = await press(app, f"w:{code}.{WALKOUT}")
        assert "If you had voted, your vote is deleted." in gone.text
        assert await kept(app) == NOTHING
        assert "Vote" in labels(await press(app, f"p:{code}.{WALKOUT}"))


async def test_nobody_is_asked_before_they_have_pledged_or_where_nothing_is_asked(
    data: Path, clock: MovableClock
) -> None:
    async with survey(data, clock) as (app, code):
        await app.worker(ANA).withdraw(code)
        for reply in (await press(app, f"c:{code}.{WALKOUT}"), await press(app, f"R:{code}.{WALKOUT}")):
            assert not {"Vote", "Vote anew"} & set(labels(reply))
        for data_ in (f"V:{code}.{WALKOUT}", f"B:{code}.{WALKOUT}:010100"):
            assert (await press(app, data_)).kind == "status"
        assert await kept(app) == NOTHING


@both_engines
@pytest.mark.parametrize(
    "rest",
    [
        "V:{}:0:000000",  # of no walkout, as an old message
        "B:{}:010100",
        "V:{}.p2x9q:0:000000",  # of another
        "B:{}.p2x9q:010100",
        "V:{}.zzzzz",
        "B:{}.k7m3q:080000",  # an option that there is not
        "B:{}.k7m3q:000300",  # two where one may be
        "B:{}.k7m3q:000001",
        "B:{}.k7m3q:01",
        "B:{}.k7m3q:",
        "B:{}.k7m3q",
        "B:{}.k7m3q:010100:1",
        "V:{}.k7m3q:3:000000",
        "V:{}.k7m3q:-1:000000",
        "V:{}.k7m3q:0:00000g",
        "V:{}.k7m3q:0",
    ],
)
async def test_what_is_old_or_made_up_changes_nothing(data: Path, clock: MovableClock, rest: str) -> None:
    async with survey(data, clock) as (app, code):
        reply = await press(app, rest.format(code))
        assert reply.kind in {"status", "not_understood"}
        assert await kept(app) == NOTHING


@both_engines
async def test_another_account_with_the_same_code_casts_nothing(data: Path, clock: MovableClock) -> None:
    async with survey(data, clock) as (app, code):
        await press(app, f"B:{code}.{WALKOUT}:010100")
        for data_ in (f"V:{code}.{WALKOUT}", f"B:{code}.{WALKOUT}:020100"):
            reply = await press(app, data_, BEN)
            assert "Vote anew" not in labels(reply)
        assert await kept(app) == [("010100",)]


@both_engines
async def test_looking_at_questions_changes_nothing(data: Path, clock: MovableClock) -> None:
    assert "V" in SHOWING
    async with survey(data, clock) as (app, code):
        before = await stores.changes(app.store)
        await go(app, f"V:{code}.{WALKOUT}", "More pay", "Done", "A day", "Start over", "Do not vote now")
        assert await stores.changes(app.store) == before


@both_engines
async def test_after_the_deadline_nobody_votes(data: Path, clock: MovableClock) -> None:
    async with survey(data, clock) as (app, code):
        page = (await go(app, f"V:{code}.{WALKOUT}", "Leave this out", "A day"))[-1]
        clock.move_to(PLEDGE_BY - MICROSECOND)
        assert (await press(app, button(page, "Cast my vote"))).kind == "voted"
        clock.move_to(PLEDGE_BY)
        reply = await press(app, button(page, "Cast my vote"))
        assert reply.kind in {"closed", "status"}
        assert not {"Vote", "Vote anew"} & set(labels(await press(app, f"c:{code}.{WALKOUT}")))


async def test_the_most_that_can_be_asked_fits_every_platform(data: Path, clock: MovableClock) -> None:
    eight = Question(text="?" * 200, options=tuple(f"{n} {'x' * 78}" for n in range(8)), many=True)
    async with survey(data, clock, eight, eight, eight) as (app, code):
        data_, longest = f"V:{code}.{WALKOUT}", 0
        for _question in range(3):
            for option in range(8):
                reply = await press(app, data_)
                laid_out = Buttons(reply.buttons).to_components()
                assert len(laid_out) <= MOST_ROWS
                assert all(len(each["components"]) <= 5 for each in laid_out)
                assert all(len(each["label"]) <= LONGEST_LABEL for row in laid_out for each in row["components"])
                longest = max(longest, *(len(each.data.encode()) for each in reply.buttons))
                data_ = reply.buttons[option].data
            data_ = button(await press(app, data_), "Done")
        page = await press(app, data_)
        assert button(page, "Cast my vote").endswith(":ffffff")
        assert len(page.text) < 4096  # Telegram's; Discord cuts what has more than 2000 letters
        assert longest == 37


async def test_questions_are_asked_in_the_reader_s_language(data: Path, clock: MovableClock) -> None:
    said = replace(LENGTH, text="¿Cuánto tiempo?", options=("Un día", "Una semana"))
    words = {"es": Words(questions=(said,))}
    async with survey(data, clock, LENGTH, translations=words, language="en") as (app, code):
        reply = await press(app, f"V:{code}.{WALKOUT}", language="es")
        assert "¿Cuánto tiempo?" in reply.text
        assert labels(reply)[:2] == ["Un día", "Una semana"]


@both_engines
async def test_a_recall_warns_of_the_votes_and_every_room_hears_to_vote_anew(data: Path, clock: MovableClock) -> None:
    async with survey(data, clock) as (app, code):
        await press(app, f"B:{code}.{WALKOUT}:010100")

        def context(who: Person) -> RequestContext:
            return RequestContext(who=who, store=app.store, keys=app.keys, clock=clock)

        asked = await Conversation(app, WAYS).answer(Said(who=OLGA, text='/cards k7m3q recall "Shop 1"'))
        assert asked is not None
        assert "every vote cast so far is deleted, everywhere" in asked.text
        for matter, warned in ((Matter.VOID, 0), (Matter.RECALL, 3)):
            walkout, place = await app.store.look_up(WALKOUT, SHOP)
            progress = await paper_cards.end(context(OLGA), matter, walkout, place)
            if progress.missing:
                await proposals.opine(context(OMAR), progress.proposal.id, approves=True)
            store: Any = app.store
            heard = await store._read("SELECT scope FROM announcement WHERE kind = ?", (Kind.VOTE_AGAIN,))
            assert len(heard) == warned
            assert len(await kept(app)) == (not warned)
        assert (await app.worker(ANA).look(code)).mine is CardState.RECALLED
        assert not {"Vote", "Vote anew"} & set(labels(await press(app, f"c:{code}.{WALKOUT}")))


@both_engines
async def test_where_the_database_logs_times_people_read_so_before_they_pledge(data: Path, clock: MovableClock) -> None:
    async with survey(data, clock) as (app, code):
        conversation = Conversation(app, WAYS)
        replies = [await conversation.answer(Said(who=BEN, text=text)) for text in (code, "/privacy")]
    assert [reply is not None and "keeps a log of its own" in reply.text for reply in replies] == [
        stores.engine() == "postgres"
    ] * 2
