"""Whoever presses when pledging is over hears what stands: the answer to their first press may never have come."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.domain import rules
from bot.domain.model import Stage
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import stewards
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.texts.workers import console_can_see
from tests.conftest import HOUR, NOON, PLEDGE_BY, SHOP, WALKOUT, draft, shops
from tests.stores import open_app

PASSED = "The deadline has passed."
LAPSED = "Not now: it was not on by the deadline."
CALLED_OFF = "The organizers have called this walkout off."
STANDS, RECORDED = "Your pledge stands.", "Your pledge was recorded, but nobody walks out."
NONE = "You have no pledge here."

CROWD = [mint() for _ in range(5)]
"""Those who are enough for it to be on."""

MINE, TAKEN_BACK, FRESH, ANOTHERS = (mint() for _ in range(4))


async def said(app: App, name: str, text: str = "", *, button: str | None = None) -> Reply:
    """Say or press something."""
    ways = Ways(can_see=console_can_see, in_a_hurry=True)
    reply = await Conversation(app, ways).answer(Said(who=Person("console", name), text=text, button=button))
    assert reply is not None
    return reply


async def pledging(app: App, enough: int) -> None:
    """Open the walkout and let people pledge; what they are answered never reaches them."""
    app.keys.add_walkout(WALKOUT)
    await app.store.add_walkout(draft(), shops(40))
    await stewards.mint(
        WALKOUT, {SHOP: [key_of(code) for code in (*CROWD, MINE, TAKEN_BACK, FRESH, ANOTHERS)]}, app.store, app.keys
    )
    await app.store.decide(WALKOUT, partial(rules.open_up, now=NOON))
    for number, code in enumerate(CROWD[:enough]):
        await said(app, f"crowd{number}", button=f"p:{code}.{WALKOUT}")
    await said(app, "ana", button=f"p:{MINE}.{WALKOUT}")
    await said(app, "bo", button=f"p:{ANOTHERS}.{WALKOUT}")
    await said(app, "cy", button=f"p:{TAKEN_BACK}.{WALKOUT}")
    await said(app, "cy", button=f"w:{TAKEN_BACK}.{WALKOUT}")


@pytest.mark.parametrize(
    ("enough", "called_off", "stage", "ended", "stands"),
    [
        (5, False, Stage.ON, PASSED, STANDS),
        (0, False, Stage.LAPSED, LAPSED, RECORDED),
        (0, True, Stage.CALLED_OFF, CALLED_OFF, RECORDED),
    ],
)
async def test_a_press_that_comes_when_pledging_is_over_is_told_what_stands(
    data: Path, clock: MovableClock, enough: int, *, called_off: bool, stage: Stage, ended: str, stands: str
) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        await pledging(app, enough)
    clock.move_to(NOON + timedelta(minutes=30) if called_off else PLEDGE_BY)
    async with open_app(data, clock=clock, senders={}) as app:  # the bot died before anybody had an answer
        if called_off:
            await app.store.decide(WALKOUT, partial(rules.call_off, now=clock()))
        for button in "pw":
            for who, code, told in (
                ("ana", MINE, stands),
                ("cy", TAKEN_BACK, NONE),
                ("dee", FRESH, NONE),
                ("dee", ANOTHERS, NONE),  # not a word of whether anybody else has pledged it
            ):
                answer = await said(app, who, button=f"{button}:{code}.{WALKOUT}")
                assert (answer.kind, answer.text, answer.buttons) == ("closed", f"{ended} {told}", ())
        looked = {(await said(app, "dee", code)).text for code in (FRESH, ANOTHERS, MINE, TAKEN_BACK)}
        assert looked == {f"{ended} {NONE}"}
        assert (await app.store.walkout(WALKOUT)).stage is stage


async def test_while_pledging_goes_on_a_press_again_is_told_what_stands(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        await pledging(app, 0)
    clock.move_to(NOON + HOUR / 2)
    async with open_app(data, clock=clock, senders={}) as app:
        assert (await said(app, "ana", button=f"p:{MINE}.{WALKOUT}")).text.startswith(
            "You had already pledged; it counts once."
        )
        assert (await said(app, "cy", button=f"w:{TAKEN_BACK}.{WALKOUT}")).text.startswith("It was already taken back.")
        assert (await said(app, "dee", button=f"w:{FRESH}.{WALKOUT}")).text.startswith(
            "You have no pledge on this card"
        )


async def test_when_the_key_is_destroyed_its_cards_are_nobodys_and_unknown(data: Path, clock: MovableClock) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        await pledging(app, 0)
        clock.move_to(PLEDGE_BY)
        await app.tallies.take_due()
        app.keys.destroy_walkout(WALKOUT)  # closing was cut off behind this
        for answer in [
            *[await said(app, "ana", button=f"{button}:{MINE}.{WALKOUT}") for button in "pw"],
            await said(app, "ana", MINE),
        ]:
            assert answer.kind == "unknown_card"
