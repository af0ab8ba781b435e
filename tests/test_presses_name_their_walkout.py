"""A button that changes something names the walkout whose card it carries; no other card is changed by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.domain import rules
from bot.domain.model import CardState, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import stewards
from handlers.conversation import CARD_BUTTONS, Conversation, Reply, Said, Ways
from handlers.conversation.messages import LONGEST_DATA
from tests.conftest import HOUR, NOON, PLEDGE_BY, SHOP, STARTS, WALKOUT, draft, shops
from tests.stores import open_app

OTHER = WalkoutId("p2x9q")
WAYS = Ways(can_see=lambda: "", in_a_hurry=True)
ANA = Person("here", "ana")
OLD = ("", ".zzzzz", f".{OTHER}")
"""What stands behind a code on a message from before buttons named a walkout, of one long closed, or of another."""


@asynccontextmanager
async def two_walkouts(data: Path, clock: MovableClock) -> AsyncIterator[tuple[App, list[str]]]:
    """Open two walkouts with cards of their own, of which the first's are returned."""
    async with open_app(data, clock=clock, senders={}) as app:
        codes = [mint() for _ in range(6)]
        for walkout, some in ((OTHER, [mint()]), (WALKOUT, codes)):
            app.keys.add_walkout(walkout)
            await app.store.add_walkout(draft(walkout, turnout=True, citywide_threshold=5), shops(40))
            await stewards.mint(walkout, {SHOP: [key_of(code) for code in some]}, app.store, app.keys)
            await app.store.decide(walkout, partial(rules.open_up, now=NOON))
        yield app, codes


async def press(app: App, data: str, who: Person = ANA) -> Reply:
    reply = await Conversation(app, WAYS).answer(Said(who=who, button=data))
    assert reply is not None
    return reply


async def say(app: App, text: str) -> Reply:
    reply = await Conversation(app, WAYS).answer(Said(who=ANA, text=text))
    assert reply is not None
    return reply


@pytest.mark.parametrize("of", OLD)
async def test_pledge_on_an_old_message_shows_what_the_card_opens_now_and_changes_nothing(
    data: Path, clock: MovableClock, of: str
) -> None:
    async with two_walkouts(data, clock) as (app, codes):
        code = codes[0]
        shown = await say(app, code)
        pressed = await press(app, f"p:{code}{of}")
        assert (pressed.kind, pressed.text, pressed.buttons) == ("terms", shown.text, shown.buttons)
        assert (await app.store.unit(WALKOUT, SHOP)).standing == 0
        assert (await press(app, shown.buttons[0].data)).kind == "pledged"


@pytest.mark.parametrize("of", OLD)
async def test_whatever_else_changes_something_does_not_on_an_old_message(
    data: Path, clock: MovableClock, of: str
) -> None:
    async with two_walkouts(data, clock) as (app, codes):
        code, worker = codes[0], app.worker(ANA)
        for number, each in enumerate(codes):
            await app.worker(Person("here", str(number)) if number else ANA).pledge(each)
        status = await say(app, code)
        for old in (f"w:{code}{of}", f"o:{code}{of}:yes"):
            assert await press(app, old) == await say(app, code) == status
        await worker.ask_to_be_told(code, "en")
        assert (await press(app, f"q:{code}{of}")).kind == "status"
        seen = await worker.look(code)
        assert (seen.mine, seen.told) == (CardState.PLEDGED, True)
        for at in (NOON + HOUR, NOON + 2 * HOUR, PLEDGE_BY, STARTS):
            clock.move_to(at)
            await app.tallies.take_due()
        assert (await press(app, f"u:{code}{of}")).kind == "status"
        assert (await worker.look(code)).mine is CardState.PLEDGED
        assert (await press(app, f"u:{code}.{WALKOUT}")).kind == "out"
        assert (await press(app, f"v:{code}{of}")).kind == "status"
        assert (await worker.look(code)).mine is CardState.OUT


@pytest.mark.parametrize("of", OLD)
async def test_what_only_shows_something_works_on_an_old_message_as_well(
    data: Path, clock: MovableClock, of: str
) -> None:
    async with two_walkouts(data, clock) as (app, codes):
        code = codes[0]
        await app.worker(ANA).pledge(code)
        for letter, kind in (("c", "status"), ("R", "terms"), ("o", "notice_terms"), ("Q", "questions")):
            assert (await press(app, f"{letter}:{code}{of}")).kind == kind
            assert (await press(app, f"{letter}:{code}.{WALKOUT}")).kind == kind


async def test_every_button_that_carries_a_code_names_its_walkout_and_fits_any_platform(
    data: Path, clock: MovableClock
) -> None:
    async with two_walkouts(data, clock) as (app, codes):
        code = codes[0]
        shown = [await say(app, code)]
        for letter, more in (
            ("p", ""),
            ("R", ""),
            ("Q", ""),
            ("Q", ":who"),
            ("x", ""),
            ("o", ""),
            ("o", ":yes"),
            ("q", ""),
            ("w", ""),
        ):
            shown.append(await press(app, f"{letter}:{code}.{WALKOUT}{more}"))
        found = {button.data for reply in shown for button in reply.buttons}
        carrying = {data for data in found if code in data}
        assert {data[0] for data in carrying} >= CARD_BUTTONS - set("jyuvVB")  # the last two: tests/test_voting.py
        assert all(f"{code}.{WALKOUT}" in data for data in carrying)
        assert max(len(data) for data in found) <= LONGEST_DATA


async def test_a_card_shown_with_its_walkout_is_looked_for_under_that_one_alone(
    data: Path, clock: MovableClock
) -> None:
    async with two_walkouts(data, clock) as (app, codes):
        among_all = app.keys.bearer(codes[0], ANA)
        alone = app.keys.bearer(codes[0], ANA, WALKOUT)
        assert set(among_all.keys) == {OTHER, WALKOUT}
        assert dict(alone.keys) == {WALKOUT: among_all.keys[WALKOUT]}
        assert alone.owner(WALKOUT) == among_all.owner(WALKOUT)
        assert not app.keys.bearer(codes[0], ANA, WalkoutId("zzzzz")).keys


@pytest.mark.parametrize("letter", ["j", "T"])
async def test_a_made_up_button_for_a_pledge_without_a_card_shows_nothing_where_cards_are_needed(
    data: Path, clock: MovableClock, letter: str
) -> None:
    async with two_walkouts(data, clock) as (app, _codes):
        needed = await press(app, f"{letter}:{WALKOUT}:{SHOP}")
        assert needed.kind == (await press(app, f"j:{OTHER}:{SHOP}")).kind == "wrong_stage"
        assert "shop" not in needed.text.lower()
        for made_up in (f"zzzzz:{SHOP}", f"{WALKOUT}:x", f"{WALKOUT}:", WALKOUT, "", "1:1", f"{WALKOUT}:9:9"):
            assert (await press(app, f"{letter}:{made_up}")).kind in {"no_such_walkout", "not_understood"}
