"""Whoever floods or guesses costs real workers nothing, writes nothing, and fills no memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain import rules
from bot.domain.roles import Role
from bot.guards import rate_limits
from bot.guards.rate_limits import BURST, REST, WITHIN, WRONG_CODES, Heed, TokenBuckets, WrongCodeLimit
from bot.process.clock import Clock, MovableClock, real_clock
from bot.runtime.app import App
from bot.runtime.settings import Settings
from bot.secrets import card_codes
from bot.secrets.card_codes import key_of
from bot.secrets.keys import Person
from bot.usecases import organizers, roles, stewards
from bot.usecases.context import RequestContext
from handlers.conversation import BUTTONS, COMMANDS, Conversation, Said, Ways
from handlers.platforms.answer_queue import AnswerQueue
from handlers.platforms.supervisor import Link
from handlers.telegram.chat import PLATFORM
from handlers.telegram.platform import open_telegram
from handlers.texts.workers import console_can_see
from tests import stores
from tests.conftest import NOON, SHOP, WALKOUT, draft, shops
from tests.processes import PATIENCE_S
from tests.stores import open_app
from tests.telegram.server import Limits, TelegramServer, flood

STRANGERS = 400
ANA, BEN = Person(PLATFORM, "5000000001"), Person(PLATFORM, "5000000002")
WAYS = Ways(can_see=console_can_see)

Codes = Callable[[], str]


def mint() -> str:
    """Draw a code that nobody takes for words, however it is typed.

    One of letters alone, about one in two thousand, counts as a code only if it is known to be theirs. Else whoever
    types it is answered as somebody who talks, be it right or wrong.
    """
    while (code := card_codes.mint()).isalpha() or code.isdigit():
        pass
    return code


@asynccontextmanager
async def a_city(folder: Path, clock: Clock, cards: int = 40) -> AsyncIterator[tuple[App, Codes]]:
    """Open a store with an open walkout; also give what draws its cards."""
    async with open_app(folder, clock=clock, senders={PLATFORM: None}) as app:
        app.keys.add_walkout(WALKOUT)
        now = clock()
        made = draft(starts=now + timedelta(days=11), pledge_by=now + timedelta(days=7))
        await app.store.add_walkout(made, shops(cards))
        codes = [mint() for _ in range(cards)]
        await stewards.mint(WALKOUT, {SHOP: [key_of(code) for code in codes]}, app.store, app.keys)
        await app.store.decide(WALKOUT, partial(rules.open_up, now=now))
        yield app, codes.pop


@asynccontextmanager
async def on_telegram(app: App, server: TelegramServer, **more: Any) -> AsyncIterator[None]:
    """Run the bot there, in this process."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data=app.data,
        telegram_token=server.token,  # type: ignore[arg-type]
        telegram_api_url=server.origin,
        **more,
    )
    async with open_telegram(app, settings, Link(PLATFORM, app)) as (_sender, take):
        taking = asyncio.ensure_future(take())
        try:
            yield
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking


def strangers_answered(server: TelegramServer, workers: Iterable[int]) -> int:
    """Count what went to strangers so far."""
    sent = server.called("sendMessage")
    return sum(call.status == 200 and call.params["chat_id"] not in set(workers) for call in sent)


@asynccontextmanager
async def flooded(data: Path) -> AsyncIterator[tuple[TelegramServer, int]]:
    """Let a crowd write to the bot on Telegram, which keeps its limits, and then a worker with a card."""
    async with (
        TelegramServer(limits=Limits(), checked=False) as server,
        a_city(data, real_clock) as (app, card),
        on_telegram(app, server),
    ):
        for number in range(STRANGERS):
            server.say(server.person(), ("hello", "/help", f"/start {mint()}", "/board")[number % 4])
        worker = server.person()
        server.say(worker, card())
        yield server, worker


# ---- Telegram takes thirty messages a second


async def test_a_worker_is_answered_before_the_strangers_who_came_first(
    data: Path, record_property: Callable[[str, object], None]
) -> None:
    async with flooded(data) as (server, worker):
        await server.wait_for(lambda: server.chats[worker].from_bot, PATIENCE_S)
        before = strangers_answered(server, [worker])
        # nobody's update waits for answers that wait
        await server.wait_for(lambda: not server.unconfirmed, PATIENCE_S)
        assert server.floods == []
    assert before < STRANGERS / 2
    record_property("found", f"{STRANGERS} strangers wrote first; {before} of them were answered before the worker was")


async def test_that_strangers_came_first_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give = AnswerQueue.give

    async def all_alike(
        answers: AnswerQueue, who: Hashable, answer: Callable[[], Awaitable[object]], *, known: bool
    ) -> None:
        await give(answers, who, answer, known=known or True)

    monkeypatch.setattr(AnswerQueue, "give", all_alike)
    async with flooded(data) as (server, worker):
        await server.wait_for(lambda: server.chats[worker].from_bot, PATIENCE_S)
        assert strangers_answered(server, [worker]) > STRANGERS / 2


async def test_an_answer_that_telegram_holds_back_holds_up_nobody_else(data: Path) -> None:
    async with TelegramServer(checked=False) as server, a_city(data, real_clock) as (app, card):
        planted, worker = server.person(), server.person()
        code = card()
        async with on_telegram(app, server):
            server.plan("sendMessage", *[flood(60)] * 4, chat=planted)
            for _ in range(5):
                server.say(planted, code)
            for _ in range(150):  # more than Telegram hands out at once
                server.say(server.person(), "hello")
            server.say(worker, card())
            await server.wait_for(lambda: server.chats[worker].from_bot and not server.unconfirmed, PATIENCE_S)
            assert server.chats[planted].from_bot == []


async def test_one_card_shown_by_a_crowd_does_not_let_the_crowd_go_first(data: Path, clock: MovableClock) -> None:
    async with a_city(data, clock) as (app, card):
        code, conversation = card(), Conversation(app, WAYS)
        known = [
            reply.known
            for number in range(2 * BURST)
            if (reply := await conversation.answer(Said(who=Person(PLATFORM, str(number)), text=code)))
        ]
        assert known == [True] * BURST + [False] * BURST
        mine = await conversation.answer(Said(who=ANA, button=f"p:{card()}.{WALKOUT}"))
        assert mine is not None
        assert mine.known


# ---- nothing is written


async def test_a_thousand_unknown_accounts_write_nothing(data: Path, clock: MovableClock) -> None:
    async with a_city(data, clock) as (app, _card):
        await organizers.add(BEN, "Ben", app.store, app.keys)
        context = RequestContext(who=BEN, store=app.store, keys=app.keys, clock=app.clock)
        await roles.appoint(context, Role.ORGANIZER, "Bo")  # both codes are too old by then
        await organizers.new_code(app.store, clock)
        clock.move_to(NOON + timedelta(minutes=59))
        await app.scheduler.run_due()
        clock.move_to(NOON + timedelta(days=2))
        store = app.store
        before, held = await stores.changes(store), contents(data)
        conversation = Conversation(app, WAYS)
        for number in range(1000):
            who, code = Person(PLATFORM, str(number)), mint()
            row, letter = COMMANDS[number % len(COMMANDS)], [*BUTTONS][number % len(BUTTONS)]
            for said in (
                Said(who=who, text=f"/{row.name} {code}"),
                Said(who=who, text=f"/{row.name}"),
                Said(who=who, text=code),
                Said(who=who, button=f"{letter}:{code}"),
                Said(who=Person(PLATFORM, f"another {number}"), button=f"{letter}:{code}.{WALKOUT}"),
                Said(who=who, button=f"{letter}:{WALKOUT}:1"),
                Said(who=who, text="hello"),
            ):
                assert await conversation.answer(said) is not None
        assert await stores.changes(store) == before
        assert contents(data) == held


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# ---- so many codes, so many messages


async def kind(conversation: Conversation, said: Said) -> str:
    reply = await conversation.answer(said)
    return "silence" if reply is None else reply.kind


def tries(who: Person, code: str) -> list[Said]:
    """List every way in which a code can come."""
    return [
        Said(who=who, text=code),
        *(Said(who=who, text=f"/{name} {code}") for name in ("start", "pledge", "status", "withdraw", "organizer")),
        Said(who=who, words=("start", code)),
        *(Said(who=who, button=f"{letter}:{code}{of}") for letter in "pcwoquv" for of in ("", f".{WALKOUT}")),
        *(Said(who=who, button=f"o:{code}{of}:yes") for of in ("", f".{WALKOUT}")),
    ]


@pytest.mark.parametrize("way", range(len(tries(ANA, ""))))
async def test_after_five_wrong_codes_comes_one_answer_and_then_silence(
    data: Path, clock: MovableClock, way: int
) -> None:
    async with a_city(data, clock) as (app, card):
        conversation, good = Conversation(app, WAYS), card()
        for minute in range(WRONG_CODES):
            clock.move_to(NOON + timedelta(minutes=minute))
            assert await kind(conversation, tries(ANA, mint())[way]) == "unknown_card"
        reply = await conversation.answer(tries(ANA, mint())[way])
        assert reply is not None
        assert reply.text == "Too many codes that are not known. Try again at 13:00 UTC, in 56 minutes."
        for code in (mint(), good):  # a right code is as silent as a wrong one
            for said in tries(ANA, code):
                assert await kind(conversation, said) == "silence"
        assert await kind(conversation, Said(who=ANA, text="/help")) == "help"
        assert await kind(conversation, Said(who=BEN, text=good)) == "terms"
        clock.move_to(NOON + WITHIN)
        assert await kind(conversation, Said(who=ANA, text=good)) == "terms"


async def test_whoever_must_wait_can_still_check_and_take_back_their_own_pledge(
    data: Path, clock: MovableClock
) -> None:
    async with a_city(data, clock) as (app, card):
        conversation, mine = Conversation(app, WAYS), card()
        assert await kind(conversation, Said(who=ANA, button=f"p:{mine}.{WALKOUT}")) == "pledged"
        for _ in range(WRONG_CODES + 2):
            await conversation.answer(Said(who=ANA, text=mint()))
        assert await kind(conversation, Said(who=ANA, text=mint())) == "silence"
        assert await kind(conversation, Said(who=ANA, text=f"/status {mine}")) == "status"
        assert await kind(conversation, Said(who=ANA, button=f"w:{mine}.{WALKOUT}")) == "withdrawn"
        assert await kind(conversation, Said(who=ANA, button=f"p:{mine}.{WALKOUT}")) == "pledged"
        assert await kind(conversation, Said(who=ANA, button=f"x:{mine}")) == "clear_warning"


async def test_a_button_under_a_card_that_is_over_may_be_pressed_as_often_as_one_likes(
    data: Path, clock: MovableClock
) -> None:
    async with a_city(data, clock) as (app, card):
        conversation, over = Conversation(app, WAYS), mint()
        for _ in range(3 * WRONG_CODES):
            assert await kind(conversation, Said(who=ANA, button=f"c:{over}")) == "unknown_card"
        assert await kind(conversation, Said(who=ANA, text=card())) == "terms"


async def test_whoever_writes_too_fast_is_told_once_and_heard_again_a_minute_later(
    data: Path, clock: MovableClock
) -> None:
    async with a_city(data, clock) as (app, _card):
        conversation = Conversation(app, WAYS)
        heard = [await kind(conversation, Said(who=ANA, text="/help")) for _ in range(2 * BURST)]
        assert heard == ["help"] * BURST + ["too_fast"] + ["silence"] * (BURST - 1)
        assert await kind(conversation, Said(who=BEN, text="/help")) == "help"
        clock.move_to(NOON + REST - timedelta(seconds=1))
        assert await kind(conversation, Said(who=ANA, text="/help")) == "silence"
        clock.move_to(NOON + REST)
        assert await kind(conversation, Said(who=ANA, text="/help")) == "help"


# ---- in memory


def test_a_brake_forgets_whoever_is_quiet_and_never_knows_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 1_000
    monkeypatch.setattr(rate_limits, "MOST", most)
    clock = MovableClock(NOON)
    buckets, guesses, code = TokenBuckets(clock), WrongCodeLimit(clock), mint()
    for number in range(3 * most):
        assert buckets.spend(PLATFORM, str(number)) is Heed.ANSWER
        guesses.wrong(Person(PLATFORM, str(number)), code, pressed=False)
    assert most <= len(buckets) <= most + 1
    assert most <= len(guesses) <= most + 1
    clock.move_to(NOON + WITHIN)
    buckets.spend(PLATFORM, "somebody")
    guesses.wrong(ANA, code, pressed=False)
    assert len(buckets) == len(guesses) == 1


def test_a_clock_that_is_set_back_by_years_mutes_nobody() -> None:
    now = NOON
    buckets, guesses = TokenBuckets(lambda: now), WrongCodeLimit(lambda: now)
    for _ in range(BURST + 1):
        heed = buckets.spend("telegram", "1")
        guesses.wrong(ANA, mint(), pressed=False)
    assert heed is Heed.WARNING
    assert guesses.waits(ANA) is not None
    now = NOON - timedelta(days=4000)
    assert buckets.spend("telegram", "1") is Heed.ANSWER
    assert guesses.waits(ANA) is None


def test_no_account_and_no_code_can_be_read_in_what_is_remembered() -> None:
    clock = MovableClock(NOON)
    buckets, guesses, code = TokenBuckets(clock), WrongCodeLimit(clock), mint()
    buckets.spend(ANA.platform, ANA.account)
    buckets.spend(code)
    guesses.wrong(ANA, code, pressed=False)
    assert not [word for word in (ANA.account, code) if word in str((buckets.__dict__, guesses.__dict__))]
