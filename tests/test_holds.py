"""Nothing is decided while the clock is in doubt or platforms may have kept what people did; and how that is found."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.delivery.outbox import Letter
from bot.domain.errors import Held, Hold, PledgingClosed
from bot.domain.model import Kind, Stage
from bot.guards.holds import LAST_HALF_HOUR, LONGEST_WAIT_S, QUIET_S
from bot.process.clock import ASKED_AGAIN_AFTER_S, FAR_OFF, GOOD_FOR_S, NOT_WORTH_IT, Ask, CorrectedClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import organizers, stewards
from bot.usecases.scheduled import remind_all
from bot.usecases.workers import Worker
from handlers.conversation import Conversation, Said, Ways
from handlers.texts.refusals import refusal
from handlers.texts.workers import status
from tests.conftest import HOUR, NOON, PLEDGE_BY, SHOP, WALKOUT, opened, shops
from tests.stores import open_app

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
YEARS = 1200 * DAY


class World:
    """The time as it is, this machine's clock, which may be wrong, and servers with clocks of their own."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.off = timedelta()
        self.asked = 0
        self.tells: dict[str, timedelta | Exception | None] = {"telegram": timedelta()}
        self.letters: list[Kind] = []

    def steady(self) -> float:
        return self.passed_s

    def machine(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s) + self.off

    async def _ask(self, platform: str) -> datetime | None:
        self.asked += 1
        match self.tells[platform]:
            case None:
                return None
            case timedelta() as off:
                return NOON + timedelta(seconds=self.passed_s) + off
            case TimeoutError():
                await asyncio.Event().wait()
            case Exception() as error:
                raise error
        raise AssertionError

    @property
    def servers(self) -> dict[str, Ask]:
        return {platform: partial(self._ask, platform) for platform in self.tells}

    def clock(self) -> CorrectedClock:
        return CorrectedClock(self.machine, self.servers, steady=self.steady)

    @asynccontextmanager
    async def app(self, data: Path, *, checked: bool = True) -> AsyncIterator[App]:
        servers = self.servers if checked else {}
        async with open_app(
            data, clock=self.machine, senders={"telegram": self}, servers=servers, steady=self.steady
        ) as app:
            yield app

    async def send(self, letter: Letter) -> str:
        self.letters.append(letter.news.kind)
        return ""

    async def delete(self, what: str) -> None:
        raise NotImplementedError


@pytest.fixture
def world() -> World:
    return World()


async def test_without_a_platform_the_clock_is_trusted(world: World) -> None:
    world.tells, world.off = {}, YEARS
    assert await world.clock().sure()


@pytest.mark.parametrize("sign", [1, -1])
async def test_the_clock_may_be_an_hour_away_from_a_platforms_and_no_more(world: World, sign: int) -> None:
    world.off = sign * FAR_OFF
    assert await world.clock().sure()
    world.off = sign * (FAR_OFF + SECOND)
    assert not await world.clock().sure()


async def test_one_platform_that_agrees_is_enough_and_the_others_are_not_waited_for(world: World) -> None:
    world.off = YEARS
    world.tells = {"telegram": timedelta(), "discord": YEARS}
    assert await world.clock().sure()
    world.tells = {"telegram": TimeoutError(), "discord": YEARS}
    assert await world.clock().sure()
    world.tells = {"telegram": None, "discord": timedelta()}
    assert not await world.clock().sure()


async def test_a_platform_that_tells_no_time_speaks_against_nothing(world: World) -> None:
    world.tells, world.off = {"telegram": None}, YEARS
    assert await world.clock().sure()


async def test_what_was_measured_is_good_for_a_while_unless_the_clock_is_set(world: World) -> None:
    clock = world.clock()
    assert await clock.sure()
    world.passed_s += GOOD_FOR_S - 1
    assert await clock.sure()
    assert world.asked == 1
    world.off = YEARS
    assert not await clock.sure()
    assert world.asked == 2
    world.off, world.passed_s = timedelta(), world.passed_s + ASKED_AGAIN_AFTER_S
    assert await clock.sure()
    assert world.asked == 3


async def test_before_any_platform_has_answered_the_clock_is_in_doubt(world: World) -> None:
    world.tells = {"telegram": ConnectionError(), "discord": ConnectionError()}
    clock = world.clock()
    assert not await clock.sure()
    world.passed_s += ASKED_AGAIN_AFTER_S
    world.tells["discord"] = timedelta()
    assert await clock.sure()


async def test_once_it_was_right_a_clock_that_goes_steadily_is_trusted_while_no_platform_answers(world: World) -> None:
    clock = world.clock()
    assert await clock.sure()
    world.tells = {"telegram": ConnectionError()}
    world.passed_s += 30 * DAY.total_seconds()
    assert await clock.sure()
    world.off = YEARS
    assert not await clock.sure()


async def test_in_doubt_the_platforms_are_asked_every_few_seconds_and_the_log_says_it_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    clock, world.off = world.clock(), -3 * DAY
    for _ in range(10):
        assert not await clock.sure()
        world.passed_s += ASKED_AGAIN_AFTER_S / 2
    assert world.asked == 5
    world.off = timedelta()
    assert await clock.sure()
    assert [(record.levelno, record.getMessage().partition(":")[0]) for record in caplog.records] == [
        (logging.ERROR, "this machine's clock and telegram's are 72 hours apart"),
        (logging.WARNING, "the clock is right, as far as the platforms tell"),
    ]


async def opened_with(app: App, *codes: str, **terms: object) -> None:
    app.keys.add_walkout(WALKOUT)
    await app.store.add_walkout(opened(WALKOUT, reminders=(DAY,), **terms), shops(40))
    await stewards.mint(WALKOUT, {SHOP: [key_of(code) for code in codes]}, app.store, app.keys)


async def test_a_clock_that_is_set_right_while_it_is_checked_decides_by_the_right_time(
    data: Path, world: World
) -> None:
    async def set_right() -> datetime:
        world.off = timedelta()
        return world.machine()

    async with open_app(
        data, clock=world.machine, senders={}, servers={"telegram": set_right}, steady=world.steady
    ) as app:
        await opened_with(app)
        before = await app.store.walkout(WALKOUT)
        for run_due in (app.tallies.take_due, partial(remind_all, app.store, app.clock, app.holds)):
            world.off, world.passed_s = YEARS, world.passed_s + 2 * GOOD_FOR_S
            await run_due()
            assert world.off == timedelta()
            assert await app.store.walkout(WALKOUT) == before


@pytest.mark.parametrize("checked", [True, False])
async def test_a_clock_that_jumps_years_ahead_ends_nothing(data: Path, world: World, *, checked: bool) -> None:
    async with world.app(data, checked=checked) as app:
        code, late = mint(), mint()
        await opened_with(app, code, late)
        ana, ben = (app.worker(Person("here", name)) for name in ("ana", "ben"))
        await ana.pledge(code)

        world.off = YEARS
        await app.scheduler.run_due()
        if not checked:  # what it would have come to
            assert (await app.store.walkout(WALKOUT)).stage is Stage.LAPSED
            return
        for act in (ben.pledge(late), ben.look(late), ana.withdraw(code)):
            with pytest.raises(Held) as doubted:
                await act
            assert doubted.value.why is Hold.CLOCK
            kind, text = refusal(doubted.value)
            assert kind == "not_recorded"
            assert "clock may be wrong" in text
        assert (await app.store.walkout(WALKOUT)).stage is Stage.OPEN
        assert await app.scheduler.next_due() == NOON + HOUR

        world.off, world.passed_s = timedelta(), HOUR.total_seconds()
        await app.scheduler.run_due()
        assert (await app.store.walkout(WALKOUT)).tally == 1
        assert (await ben.pledge(late)).changed
        assert (await ana.withdraw(code)).changed


@pytest.mark.parametrize("checked", [True, False])
async def test_a_clock_that_jumps_years_ahead_destroys_no_keys(data: Path, world: World, *, checked: bool) -> None:
    async with world.app(data, checked=checked) as app:
        await opened_with(app)
        world.passed_s = (PLEDGE_BY - NOON).total_seconds()
        await app.scheduler.run_due()
        if checked:
            await gone_quiet(world, app)
            await app.scheduler.run_due()
        world.off = YEARS
        await app.scheduler.run_due()
        assert (WALKOUT in app.keys.walkouts) is checked
        assert (await app.store.walkout(WALKOUT)).stage is (Stage.LAPSED if checked else Stage.CLOSED)
        world.off, world.passed_s = timedelta(), world.passed_s + 2 * DAY.total_seconds()
        await app.scheduler.run_due()  # now it is time
        assert WALKOUT not in app.keys.walkouts


# -- a clock that is less than an hour off ------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
async def test_a_clock_that_is_minutes_off_is_put_right_and_one_that_is_seconds_off_is_left(
    world: World, sign: int
) -> None:
    for off, left in ((NOT_WORTH_IT, NOT_WORTH_IT), (NOT_WORTH_IT + SECOND, timedelta()), (FAR_OFF, timedelta())):
        world.off = sign * off
        clock = world.clock()
        assert await clock.sure()
        assert clock() == NOON + sign * left


async def test_it_goes_by_the_median_of_three_so_that_one_wrong_answer_moves_nothing(world: World) -> None:
    clock, world.off = world.clock(), 50 * MINUTE
    for _ in range(2):
        assert await clock.sure()
        world.passed_s += GOOD_FOR_S
    for wrong in (-40 * MINUTE, 3 * HOUR):
        world.tells["telegram"] = wrong
        assert await clock.sure()
        assert clock() == world.machine() - world.off
        world.tells["telegram"], world.passed_s = timedelta(), world.passed_s + GOOD_FOR_S
        assert await clock.sure()
        world.passed_s += GOOD_FOR_S


async def test_a_clock_that_is_set_is_measured_anew_before_it_is_believed(world: World) -> None:
    clock = world.clock()
    assert await clock.sure()
    for world.off in (59 * MINUTE, timedelta(), -59 * MINUTE):
        assert await clock.sure()
        assert clock() == NOON


@pytest.mark.parametrize("checked", [True, False])
async def test_a_clock_59_minutes_ahead_lapses_nothing_before_its_time(
    data: Path, world: World, *, checked: bool
) -> None:
    world.passed_s, world.off = (PLEDGE_BY - NOON - 58 * MINUTE).total_seconds(), 59 * MINUTE
    async with world.app(data, checked=checked) as app:
        await opened_with(app)
        if checked:
            app.holds.answered("telegram", handed=False)
            await app.scheduler.run_due()  # hours of tallies that nobody took wait
            await gone_quiet(world, app)
        await app.scheduler.run_due()
        assert (await app.store.walkout(WALKOUT)).stage is (Stage.OPEN if checked else Stage.LAPSED)
        if checked:
            world.passed_s = (PLEDGE_BY - NOON).total_seconds()
            await app.scheduler.run_due()
            assert (await app.store.walkout(WALKOUT)).stage is Stage.LAPSED


# -- what platforms have kept -------------------------------------------------------------------------------------


async def gone_quiet(world: World, app: App) -> None:
    """Let a minute pass in which Telegram is asked again and again, and has nothing."""
    app.holds.answered("telegram", handed=False)
    for _ in range(4):
        world.passed_s += QUIET_S / 4
        await app.holds.why()
        app.holds.answered("telegram", handed=False)


@asynccontextmanager
async def away(data: Path, world: World, until: timedelta, *, standing: int, **terms: object) -> AsyncIterator[Away]:
    """Open a walkout at which so many of the five who are needed stand, and come back only so long after it opened."""
    codes = [mint() for _ in range(6)]
    async with world.app(data) as app:
        await opened_with(app, *codes, **terms)
        await organizers.add(Person("telegram", "olga"), "olga", app.store, app.keys)
        people = [app.worker(Person("telegram", str(number))) for number in range(6)]
        for worker, code in zip(people[:standing], codes, strict=False):
            await worker.pledge(code)
    world.passed_s = until.total_seconds()
    async with world.app(data) as app:
        yield Away(app, world, codes)


class Away:
    def __init__(self, app: App, world: World, codes: list[str]) -> None:
        self.app, self.world, self.codes = app, world, codes

    def worker(self, number: int) -> Worker:
        return self.app.worker(Person("telegram", str(number)))

    async def stage(self) -> Stage:
        return (await self.app.store.walkout(WALKOUT)).stage

    async def hand_out(self, acts: str) -> None:
        """Let Telegram hand out what it has kept: p, the last one's pledge, and w, that it is taken back."""
        for act in acts:
            self.app.holds.answered("telegram", handed=True)
            worker, code = self.worker(4), self.codes[4]
            await (worker.pledge(code) if act == "p" else worker.withdraw(code))
            await self.app.scheduler.run_due()


INSTANTS = {"hourly": HOUR, "deadline": PLEDGE_BY - NOON}


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize(("kept", "on"), [("p", True), ("wp", True), ("pw", False), ("w", False)])
async def test_what_was_kept_over_an_instant_is_done_in_its_order_before_the_tally(
    data: Path, world: World, instant: str, kept: str, *, on: bool
) -> None:
    async with away(data, world, INSTANTS[instant] + 5 * MINUTE, standing=4 + (kept[0] == "w")) as back:
        await back.app.scheduler.run_due()
        assert await back.app.holds.why() is Hold.KEPT
        await back.hand_out(kept)
        assert await back.stage() is Stage.OPEN
        await gone_quiet(world, back.app)
        await back.app.scheduler.run_due()
        assert await back.stage() is (Stage.ON if on else Stage.OPEN if instant == "hourly" else Stage.LAPSED)
        assert (await back.app.store.walkout(WALKOUT)).tallied == NOON + INSTANTS[instant]
        assert await back.app.holds.why() is None


async def test_once_the_late_tally_is_taken_what_is_done_is_done_after_it(data: Path, world: World) -> None:
    async with away(data, world, INSTANTS["deadline"] + 5 * MINUTE, standing=5) as back:
        fresh = await back.worker(5).look(back.codes[5])  # is shown the terms, since it would count
        assert fresh.mine is None
        await gone_quiet(world, back.app)
        await back.app.scheduler.run_due()
        assert await back.stage() is Stage.ON
        with pytest.raises(PledgingClosed) as closed:
            await back.worker(4).withdraw(back.codes[4])
        assert refusal(closed.value)[1].endswith("Your pledge stands.")


async def test_a_tally_on_time_waits_for_nothing(data: Path, world: World) -> None:
    async with away(data, world, HOUR + MINUTE, standing=5) as back:
        await back.app.scheduler.run_due()
        assert await back.stage() is Stage.ON


async def test_a_crowd_that_goes_on_pressing_puts_a_tally_off_for_ten_minutes_and_no_longer(
    data: Path, world: World
) -> None:
    async with away(data, world, INSTANTS["deadline"] + 5 * MINUTE, standing=5) as back:
        waited = 0
        while await back.stage() is Stage.OPEN:
            with suppress(PledgingClosed):  # once it is taken
                await back.hand_out("wp")
            world.passed_s += 20
            waited += 20
        assert waited == LONGEST_WAIT_S + 20
        assert await back.stage() is Stage.ON


@pytest.mark.parametrize(
    ("before", "waits_s"),
    [(3 * HOUR, LONGEST_WAIT_S), (LAST_HALF_HOUR + 5 * MINUTE, 300.0), (20 * MINUTE, QUIET_S), (MINUTE, 0.0)],
)
async def test_a_platform_out_of_reach_is_waited_for_but_not_into_the_last_half_hour(
    data: Path, world: World, before: timedelta, waits_s: float
) -> None:
    starts = PLEDGE_BY + 4 * HOUR
    async with away(data, world, starts - before - NOON, standing=5, starts=starts) as back:
        waited_s = 0.0
        while await back.stage() is Stage.OPEN:
            await back.app.scheduler.run_due()
            world.passed_s, waited_s = world.passed_s + 20, waited_s + 20
        assert await back.stage() is Stage.ON
        assert waited_s == waits_s + 20


async def test_after_a_stall_what_platforms_said_before_says_nothing(data: Path, world: World) -> None:
    async with away(data, world, timedelta(), standing=5) as back:
        for passed in (HOUR - 3 * SECOND, HOUR + 64 * SECOND):
            world.passed_s = passed.total_seconds()
            if passed < HOUR:
                await gone_quiet(world, back.app)
                world.passed_s = passed.total_seconds()
                assert await back.app.holds.why() is None
        await back.app.scheduler.run_due()
        assert await back.stage() is Stage.OPEN
        await back.hand_out("w")
        await gone_quiet(world, back.app)
        await back.app.scheduler.run_due()
        assert await back.stage() is Stage.OPEN
        assert (await back.app.store.walkout(WALKOUT)).tally == 1


async def test_where_the_deadline_is_the_start_a_stall_says_that_nobody_was_running(data: Path, world: World) -> None:
    stall = PLEDGE_BY - NOON + 64 * SECOND
    async with away(data, world, stall, standing=5, starts=PLEDGE_BY) as back:
        await back.app.scheduler.run_due()
        assert await back.stage() is Stage.LAPSED
        walkout = await back.app.store.walkout(WALKOUT)
        assert walkout.streak == 1
        seen = await back.worker(0).look(back.codes[0])
        assert "I was not running" in status(seen)


async def test_who_presses_while_it_is_in_doubt_hears_why_and_only_the_letter_about_it_leaves(
    data: Path, world: World
) -> None:
    async with away(data, world, timedelta(), standing=5) as back:
        world.passed_s, world.off = (INSTANTS["hourly"] + SECOND).total_seconds(), 3 * HOUR
        conversation = Conversation(back.app, Ways(can_see=lambda: "", in_a_hurry=True))
        for number in range(20):
            who = Person("telegram", str(number))
            for said, kind in (
                (Said(who=who, text=back.codes[5]), "terms"),
                (Said(who=who, button=f"p:{back.codes[5]}.{WALKOUT}"), "not_recorded"),
                (Said(who=who, text="/help"), "help"),
            ):
                reply = await conversation.answer(said)
                assert reply is not None
                assert reply.kind == kind
        for _ in range(5):
            await back.app.scheduler.run_due()
            world.passed_s += 20
        assert world.letters == [Kind.HELD]
        world.off = timedelta()
        await gone_quiet(world, back.app)
        await back.app.scheduler.run_due()
        assert await back.stage() is Stage.ON


async def test_however_a_servers_code_comes_it_waits_for_the_clock_and_is_not_used_up(data: Path, world: World) -> None:
    async with away(data, world, timedelta(), standing=5) as back:
        code = await organizers.new_code(back.app.store, back.app.clock)
        conversation = Conversation(back.app, Ways(can_see=lambda: "", in_a_hurry=True))
        olga = Person("telegram", "olga")

        async def kind(text: str) -> str:
            reply = await conversation.answer(Said(who=olga, text=text))
            assert reply is not None
            return reply.kind

        world.passed_s, world.off = world.passed_s + 60, 3 * HOUR
        assert [await kind(f"{before}{code}") for before in ("/organizer ", "/start ", "")] == ["not_recorded"] * 3
        world.off = timedelta()
        world.passed_s += GOOD_FOR_S
        assert await kind(f"/start {code}") == "organizer"


async def test_another_bot_on_the_token_stops_all_that_lasts_until_it_is_lifted(data: Path, world: World) -> None:
    async with away(data, world, timedelta(), standing=5) as back:
        back.app.holds.stop("telegram")
        world.passed_s = INSTANTS["hourly"].total_seconds()
        for _look in range(2):  # the first finds what a process before this one may have been sending
            await back.app.scheduler.run_due()
        assert (await back.app.holds.why(), await back.stage()) == (Hold.FOREIGN, Stage.OPEN)
        with pytest.raises(Held):
            await back.app.holds.check_change()
        assert world.letters == [Kind.HELD]
        back.app.holds.lift("telegram")
        await back.app.scheduler.run_due()
        assert await back.stage() is Stage.ON
