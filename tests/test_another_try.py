"""Whoever heard that a campaign's step lapsed can ask to be told of another try: once, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.delivery.outbox import RoomGone, TryLater
from bot.domain.model import Kind, Stage, WalkoutId
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.keys import Person
from bot.usecases import organizers, proposals
from bot.usecases.context import RequestContext
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.conversation.letter_buttons import buttons
from handlers.conversation.messages import language_carried
from handlers.texts.announcements import announcement
from handlers.texts.workers import console_can_see
from tests.conftest import PLEDGE_BY, WALKOUT, draft, shops
from tests.stores import both_engines
from tests.test_outbox import Post
from tests.test_telling_workers import deliver, running, settle_in

pytestmark = both_engines

NEXT = WalkoutId("b7n2p")
OLGA = Person("here", "olga")
LABEL = "Tell me of a retry"


async def lapse(app: App, clock: MovableClock, post: Post, *, campaign: str = "Buses for all") -> dict[str, list[str]]:
    """Let a step lapse; return what the buttons under each letter carry, by whom it is for."""
    await settle_in(app, asking=3, citywide=30, campaign=campaign)
    clock.move_to(PLEDGE_BY)
    await app.tallies.take_due()
    assert (await app.store.walkout(WALKOUT)).stage is Stage.LAPSED
    await deliver(app, post)
    told = [letter for letter in post.letters if letter.private and letter.worker]
    return {each.address: [b.data for b in buttons(each) if b.label == LABEL] for each in told}


async def press(app: App, who: str, data: str) -> Reply:
    reply = await Conversation(app, Ways(can_see=console_can_see, in_a_hurry=True)).answer(
        Said(who=Person("here", who), button=language_carried(data)[0], language="es")
    )
    assert reply is not None
    return reply


async def try_again(app: App, clock: MovableClock, *, after: WalkoutId | None = WALKOUT) -> None:
    """Open another try."""
    day = timedelta(days=1)
    plan = draft(NEXT, campaign="Buses for all", pledge_by=clock() + day, starts=clock() + 2 * day, approvals=1)
    app.keys.add_walkout(NEXT, campaign=WALKOUT)
    await app.store.add_walkout(replace(plan, campaign=WALKOUT, after=after), shops(40, 40))
    await organizers.add(OLGA, "olga", app.store, app.keys)
    context = RequestContext(who=OLGA, store=app.store, keys=app.keys, clock=clock)
    await proposals.open_up(context, NEXT, anyway=True)


def told(post: Post) -> list[str]:
    return [letter.address for letter in post.letters if letter.news.kind is Kind.ANOTHER_TRY]


async def test_who_asked_is_told_once_and_nobody_else(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        carried = await lapse(app, clock, post)
        assert sorted(carried) == ["p0", "p1", "p2"]
        for who in ("p0", "p1"):
            kept = await press(app, who, *carried[who])
            assert (kept.kind, [b.label for b in kept.buttons]) == ("wish", ["Ya no me avises"])
            await press(app, who, *carried[who])  # twice is once
        undone = await press(app, "p1", kept.buttons[0].data)
        assert undone.kind == "no_wish"
        await try_again(app, clock)
        await deliver(app, post)
        await deliver(app, post)
        assert told(post) == ["p0"]
        (letter,) = [each for each in post.letters if each.news.kind is Kind.ANOTHER_TRY]
        assert letter.language == "es"
        assert "There is another try" in announcement(letter)
        assert await wishes(app) == 0


async def wishes(app: App) -> int:
    rows = await app.store._read("SELECT count(*) FROM wish")  # type: ignore[attr-defined]
    return int(rows[0][0])


async def test_a_walkout_on_its_own_asks_nobody(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        assert await lapse(app, clock, Post(), campaign="") == {"p0": [], "p1": [], "p2": []}


async def test_nobody_makes_a_button_up_and_nobody_uses_anothers(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        carried = await lapse(app, clock, Post())
        for who, what in (
            ("mallory", carried["p0"][0]),
            ("p1", carried["p0"][0]),
            ("p0", f"A:{WALKOUT}:"),
            ("p0", f"A:{WALKOUT}"),
            ("p0", "A:"),
            ("p0", "A:nowhere:2222222222"),
            ("p0", f"{carried['p0'][0]}:yes"),
            ("p0", f"{carried['p0'][0]}:no:no"),
        ):
            assert (await press(app, who, what)).kind == "not_understood"
        assert await wishes(app) == 0


@pytest.mark.parametrize(("trouble", "left"), [(TryLater(), 1), (RoomGone(), 0)])
async def test_a_wish_is_gone_once_it_can_be_told_to_nobody(
    data: Path, clock: MovableClock, trouble: Exception, left: int
) -> None:
    post = Post()
    async with running(data, clock) as app:
        carried = await lapse(app, clock, post)
        await press(app, "p0", *carried["p0"])
        await try_again(app, clock)
        post.troubles = [None, trouble]  # the room hears first that it is open
        await deliver(app, post)
        assert await wishes(app) == left
        clock.move_to(clock() + timedelta(minutes=1))
        await deliver(app, post)
        assert (told(post), await wishes(app)) == (["p0"] if left else [], 0)


async def test_a_step_after_one_that_was_proved_is_no_other_try(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        carried = await lapse(app, clock, post)
        await press(app, "p0", *carried["p0"])
        await try_again(app, clock, after=None)
        await deliver(app, post)
        assert told(post) == []
        assert await wishes(app) == 1


async def test_what_is_kept_tells_nothing_without_the_key(data: Path, clock: MovableClock) -> None:
    async with running(data, clock) as app:
        carried = await lapse(app, clock, Post())
        await press(app, "p0", *carried["p0"])
        ((locator, sealed),) = await app.store._read("SELECT locator, sealed FROM wish")  # type: ignore[attr-defined]
        assert b"p0" not in locator + sealed
        found = app.keys.unseal_wish(WALKOUT, sealed)
        assert found is not None
        assert (found.account, found.language) == ("p0", "es")
        app.keys.destroy_register(WALKOUT)
        assert app.keys.unseal_wish(WALKOUT, sealed) is None
        assert (await press(app, "p0", *carried["p0"])).kind == "not_understood"


async def test_once_its_deadline_has_passed_nobody_is_told(data: Path, clock: MovableClock) -> None:
    post = Post()
    async with running(data, clock) as app:
        carried = await lapse(app, clock, post)
        await press(app, "p0", *carried["p0"])
        await try_again(app, clock)
        clock.move_to((await app.store.walkout(NEXT)).terms.pledge_by)
        await deliver(app, post)
        assert (told(post), await wishes(app)) == ([], 0)
