"""How far a campaign has come: what organizers, stewards and workers see of it, and the picture that goes round."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.campaigns import Step
from bot.domain.disclosure import FEWEST_LINES
from bot.domain.model import BoardLine, Ruling, Stage, Unit, UnitId, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.sandbox import codec
from bot.sandbox.pool import SandboxPool
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import organizers, stewards
from bot.usecases.ladder import Place, next_rung
from bot.usecases.stewards import Board, published
from bot.usecases.workers import CoarseLines
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.conversation.board_csv import STEP, table
from handlers.pictures import drawing
from handlers.pictures.stairs import MOST, stairs
from handlers.sandboxed import sandbox_client
from handlers.sandboxed.orders import ToDraw
from handlers.texts import board as board_texts
from handlers.texts import ladder as texts
from handlers.texts.catalogue import languages, speaking
from tests import stores
from tests.conftest import HOUR, NOON, PLEDGE_BY, WALKOUT, opened, shops
from tests.domain.test_properties import modest
from tests.stores import open_app
from tests.test_board_surfaces import ODD, size
from tests.test_outbox import Post

NAMES = [WalkoutId(name) for name in ("s1rst", "s2cnd", "s3thd", "s4rth")]
REACHED, BELOW = BoardLine(reached=True, since=1, number=10), BoardLine()


def step(
    number: int, title: str, proved: Sequence[bool], *, counted: bool = True, lapsed: bool = False, **terms: Any
) -> Step:
    """Make one step of a campaign, with its last count in or not, and who has proved it."""
    walkout = opened(NAMES[number], **{"title": title, "campaign": "Buses for all", "turnout": True} | terms)
    if number:
        walkout = replace(walkout, campaign=NAMES[0], after=NAMES[number - 1])
    walkout = replace(walkout, opened=NOON + number * HOUR, stage=Stage.LAPSED if lapsed else Stage.ON)
    if counted:
        walkout = replace(walkout, tally=1, tallied=PLEDGE_BY + HOUR, next_tally=None)
    line = [REACHED if each else BELOW for each in proved]
    units = shops(*[40] * len(proved))
    return walkout, [
        replace(unit, name=f"Depot {unit.id}", out=not lapsed, turnout_line=now)
        for unit, now in zip(units, line, strict=True)
    ]


def seen(steps: Sequence[Step], *, within: Sequence[int] | None = None, at: int = -1) -> Board:
    walkout, units = steps[at]
    own = None if within is None else {UnitId(each) for each in within}
    return published(walkout, units, within=own, steps=steps, whole=True)


THREE = [
    step(0, "What we want", [True] * 4 + [False]),
    step(1, "Sticker day", [True, True, False, False, False]),
    step(2, "The walkout", [False] * 5, counted=False),
]


def test_organizers_see_each_number_and_everybody_else_none_below_three() -> None:
    assert texts.ladder(seen(THREE)).split("\n") == [
        "Buses for all",
        "Step by step, workplaces where enough people took part:",
        "1. What we want: 4 of 5 workplaces",
        "2. Sticker day: 2 of 5 workplaces",
        "3. The walkout: not counted yet",
    ]
    assert texts.ladder(seen(THREE, within=[1, 3])).split("\n")[2:] == [
        "1. What we want: 4 of 5 workplaces; yours: Depot 1, Depot 3",
        "2. Sticker day: fewer than 3 of 5 workplaces; yours: Depot 1",
        "3. The walkout: not counted yet",
    ]
    # the picture goes round, whoever asks for it
    said = ["4 of 5 workplaces", "fewer than 3 of 5 workplaces", "not counted yet"]
    for board in (seen(THREE), seen(THREE, within=[5])):
        drawn = stairs(board)
        assert [(each.number, each.said, each.above) for each in drawn.steps] == [
            ("1", said[0], "4"),
            ("2", said[1], ""),
            ("3", said[2], ""),
        ]
        caption = texts.caption(board).split("\n")
        assert caption[2:] == [f"{each.number}. {each.titles}: {each.said}" for each in drawn.steps]
    assert stairs(seen(THREE)) == stairs(seen(THREE, within=[1]))


def test_the_ladder_stands_on_the_first_page_of_the_whole_board_alone() -> None:
    board = seen(THREE)
    assert texts.ladder(board) in board_texts.board(board, 1)
    assert texts.ladder(board) not in board_texts.board(replace(board, only="depot"), 1)
    assert texts.subtitle() not in board_texts.board(replace(board, units=board.units * 3), 2)


def test_the_table_says_of_each_workplace_the_step_that_it_has_come_to() -> None:
    def column(board: Board) -> list[str]:
        return [row[STEP] for row in csv.DictReader(io.StringIO(table(board).decode("utf-8-sig")))]

    assert column(seen(THREE))[1:] == ["2", "2", "1", "1", "0"]
    assert column(seen(THREE, within=[2, 5]))[-2:] == ["2", "0"]
    assert STEP not in table(published(opened(), shops(40))).decode()


def test_another_try_stands_on_the_same_step_as_what_lapsed() -> None:
    tries = [THREE[0], step(1, "Sticker day", [False] * 5, lapsed=True), step(2, "Once more", [True] * 5)]
    assert texts.ladder(seen(tries)).split("\n")[2:] == [
        "1. What we want: 5 of 5 workplaces",
        "2. Sticker day, Once more: 5 of 5 workplaces",
    ]


def test_no_ladder_without_a_campaign_nor_before_a_step_is_open() -> None:
    draft = step(0, "What we want", [False] * 3, counted=False)
    draft = replace(draft[0], stage=Stage.DRAFT, opened=None), draft[1]
    for board in (published(opened(), shops(40)), seen([draft])):
        assert board.ladder is None
        assert texts.ladder(board) == ""


@settings(modest, max_examples=60)
@given(st.data())
def test_from_the_same_lines_come_the_same_words_table_and_picture(draw: st.DataObject) -> None:
    """Whatever the exact counts are; and to a steward, wherever others are who are too few to be told."""
    places = draw.draw(st.integers(3, 8))
    proofs = [draw.draw(st.lists(st.booleans(), min_size=places, max_size=places)) for _step in NAMES[:3]]
    kinds = draw.draw(st.lists(st.booleans(), min_size=3, max_size=3))
    here = [step(n, f"Step {n}", proof, counted=kinds[n]) for n, proof in enumerate(proofs)]
    there = [(walkout, [_with_other_secrets(draw, unit) for unit in units]) for walkout, units in here]
    for within in (None, [1]):
        assert _surfaces(seen(here, within=within)) == _surfaces(seen(there, within=within))
    # a steward of one workplace: of the others, only how many it takes to be told
    others = [[proof[0], *draw.draw(st.permutations(proof[1:]))] for proof in proofs[:1]]
    moved = [step(0, "Step 0", others[0], counted=kinds[0])]
    assert _surfaces(seen(moved, within=[1])) == _surfaces(seen(here[:1], within=[1]))
    few = [[proofs[0][0], *[n < some for n in range(places - 1)]] for some in (0, FEWEST_LINES - 1 - proofs[0][0])]
    one, two = ([step(0, "Step 0", proof)] for proof in few)
    assert _surfaces(seen(one, within=[1])) == _surfaces(seen(two, within=[1]))
    assert stairs(seen(one)) == stairs(seen(two))


def _with_other_secrets(draw: st.DataObject, unit: Unit) -> Unit:
    some = [draw.draw(st.integers(0, 500)) for _ in range(6)]
    line = replace(unit.turnout_line, anchor=some[0])
    return replace(
        unit,
        turnout_line=line,
        standing=some[1],
        turnout=some[2],
        took_part=some[3],
        minted=some[4],
        drawn=some[5],
    )


def _surfaces(board: Board) -> tuple[object, ...]:
    return board_texts.board(board), table(board), texts.caption(board), stairs(board)


# -- the picture --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD)
def test_any_title_can_be_drawn_without_a_warning(name: str) -> None:
    drawn = drawing.draw(stairs(seen([step(0, name, [True] * 3, campaign=name or "x", city=name)])))
    assert size(drawn)[0] == 1080


def test_a_picture_of_many_steps_shows_the_newest_and_is_no_longer_than_a_board() -> None:
    rungs = stairs(seen(THREE)).steps
    most = replace(stairs(seen(THREE)), steps=(rungs[0],) * MOST)
    assert size(drawing.draw(most)) == (1080, size(drawing.draw(most))[1])
    board = seen(THREE)
    assert board.ladder is not None
    many = replace(board, ladder=replace(board.ladder, rungs=board.ladder.rungs * MOST))
    assert [each.number for each in stairs(many).steps] == [str(3 * MOST - MOST + n + 1) for n in range(MOST)]
    assert texts.caption(many).count("\n") == 3 * MOST + 1  # the words leave nothing out


async def test_it_is_drawn_in_a_process_of_its_own() -> None:
    order = ToDraw(wanted=stairs(seen(THREE)))
    assert codec.read(ToDraw, codec.write(order)) == order
    for secret in ("Depot", *NAMES):  # no name of a workplace, no id
        assert secret not in codec.write(order).decode()
    async with aclosing(SandboxPool()) as children:
        assert await sandbox_client.ladder(children, seen(THREE)) == drawing.draw(stairs(seen(THREE)))


@pytest.mark.parametrize("language", languages())
def test_every_language_says_it(language: str) -> None:
    with speaking(language):
        drawn, said = stairs(seen(THREE)), texts.ladder(seen(THREE, within=[1]))
        assert size(drawing.draw(drawn))[0] == 1080
    assert "4" in drawn.steps[0].said
    assert "Depot 1" in said


# -- in a store ---------------------------------------------------------------------------------------------------

WAYS = Ways(can_see=lambda: "", in_a_hurry=True)
OLGA, STELLA, ANA = (Person("here", name) for name in ("olga", "stella", "ana"))


@asynccontextmanager
async def campaign(data: Path) -> AsyncIterator[tuple[App, dict[WalkoutId, str]]]:
    """Keep the three steps and a walkout on its own, each with a card at the first workplace."""
    codes = {}
    async with open_app(data, clock=MovableClock(NOON), senders={"here": Post()}) as app:
        await organizers.add(OLGA, "olga", app.store, app.keys)
        for walkout, units in [*THREE, (opened(), shops(40, 40))]:
            app.keys.add_walkout(walkout.id, campaign=walkout.register if walkout.in_campaign else None)
            await app.store.add_walkout(replace(walkout, stage=Stage.DRAFT, opened=None), units)
            if walkout.register == walkout.id:
                codes[walkout.id] = mint()
                await stewards.mint(walkout.id, {units[0].id: [key_of(codes[walkout.id])]}, app.store, app.keys)
            if walkout.after is not None:
                await app.store.blank(walkout.id, app.keys.pledge)
            await stand(app, (walkout, units))
        yield app, codes


async def stand(app: App, step: Step) -> None:
    """Let a step stand so."""
    walkout, units = step
    await app.store.decide(walkout.id, lambda _walkout, _units: Ruling(walkout=walkout, units=tuple(units)))


async def says(app: App, who: Person, text: str = "", *, press: str | None = None) -> Reply:
    reply = await Conversation(app, WAYS).answer(Said(who=who, text=text, button=press))
    assert reply is not None
    return reply


async def statements(app: App, call: Awaitable[object]) -> list[str]:
    """Return what is asked of the database meanwhile."""
    async with stores.asked(app.store) as asked:
        await call
    return [each for each in asked if not each.startswith(("BEGIN", "COMMIT", "ROLLBACK", "--"))]


async def test_a_press_costs_nothing_more_but_one_statement_once_a_step_is_counted(data: Path) -> None:
    async with campaign(data) as (app, codes):
        worker = app.worker(ANA)
        for code in codes.values():
            await worker.pledge(code)
            await worker.look(code)
        alone = await worker.look(codes[WALKOUT])
        assert await statements(app, app.ladders.place(alone.walkout, alone.place)) == []
        single = len(await statements(app, worker.look(codes[WALKOUT], WALKOUT)))
        assert len(await statements(app, worker.look(codes[NAMES[0]], NAMES[2]))) == single
        over, units = THREE[2]
        await stand(app, (replace(over, tallied=PLEDGE_BY + HOUR, next_tally=None), units))
        await worker.look(codes[NAMES[0]])
        assert len(await statements(app, worker.look(codes[NAMES[0]], NAMES[2]))) == single + 1


async def test_of_all_who_look_after_a_tally_one_reads_the_units(data: Path) -> None:
    async with campaign(data) as (app, _codes):
        counted, units = step(2, "The walkout", [True] * 5)
        await stand(app, (counted, units))
        asked = await statements(app, asyncio.gather(*(app.ladders.place(counted, units[4]) for _ in range(20))))
        assert sum("FROM unit JOIN counts" in each for each in asked) == len(THREE)
        open_one, lines = replace(counted, stage=Stage.OPEN), CoarseLines(app.store)
        asked = await statements(app, asyncio.gather(*(lines.of(open_one) for _ in range(20))))
        assert sum("FROM unit JOIN counts" in each for each in asked) == 1


async def test_a_worker_reads_which_step_it_is_and_where_their_workplace_took_part(data: Path) -> None:
    async with campaign(data) as (app, codes):
        worker = app.worker(ANA)
        shown = await worker.pledge(codes[NAMES[0]])
        assert (shown.walkout.id, shown.step, shown.counted) == (NAMES[2], 3, 2)
        assert [each.title for each in shown.ladder] == ["What we want", "Sticker day"]
        said = (await says(app, ANA, f"/status {codes[NAMES[0]]}")).text
        assert "Depot 1 has taken part in 2 of 2 steps: What we want, Sticker day." in said
        place = THREE[2][1][4]
        assert await app.ladders.place(shown.walkout, place) == Place(step=3, counted=2)
        # it moves with the steps, whichever of them moves
        counted, units = step(2, "The walkout", [True] * 5)
        await stand(app, (counted, units))
        assert await app.ladders.place(counted, place) == Place(step=3, counted=3, proved=(counted.terms,))
        alone = await worker.look(codes[WALKOUT])
        assert (alone.step, alone.counted, alone.ladder) == (1, 0, ())
        assert [await next_rung(after, app.store) for after in (None, *NAMES[:3])] == [1, 2, 3, 4]


async def test_the_picture_is_for_whoever_may_see_the_board_and_the_list_names_the_campaign(data: Path) -> None:
    async with campaign(data) as (app, _codes):
        board = await says(app, OLGA, f"/board {NAMES[1]}")
        assert "2. Sticker day: 2 of 5 workplaces" in board.text
        [button] = [each for each in board.buttons if each.label == texts.label()]
        written = await stores.changes(app.store)
        shown = await says(app, OLGA, press=button.data)
        assert await stores.changes(app.store) == written
        assert shown.kind == "ladder"
        assert "2. Sticker day: fewer than 3 of 5 workplaces" in shown.text
        assert shown.file is not None
        assert shown.file.is_picture
        for who, data_of in ((ANA, button.data), (OLGA, f"L:{WALKOUT}"), (OLGA, "L:"), (OLGA, "L:zzzz1")):
            assert (await says(app, who, press=data_of)).kind == "not_understood"
        assert texts.label() not in {each.label for each in (await says(app, OLGA, f"/board {WALKOUT}")).buttons}

        listed = (await says(app, OLGA, "/walkouts")).text.split("\n\n")
        assert [block.split(" · ")[0] for block in listed] == [WALKOUT, f"Buses for all:\n{NAMES[0]}"]
        assert [line.split(" · ")[0] for line in listed[1].split("\n")[1:]] == NAMES[:3]
