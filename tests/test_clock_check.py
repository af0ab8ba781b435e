"""A clock that is far off decides nothing: the platforms are asked for the time before anything is decided by it."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.cards import key_of, mint
from bot.clock_check import ASKED_AGAIN_AFTER_S, FAR_OFF, GOOD_FOR_S, ClockCheck
from bot.domain.errors import Held, Hold
from bot.domain.model import Stage
from bot.keys import Person
from bot.usecases.automatic import remind_all
from bot.wiring import App, open_app
from handlers.texts.refusals import refusal
from tests.conftest import HOUR, NOON, PLEDGE_BY, SHOP, WALKOUT, opened, shops

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
YEARS = 1200 * DAY


class World:
    """The time as it is, this machine's clock, which may be wrong, and two servers with clocks of their own."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.off = timedelta()
        self.asked = 0
        self.tells: dict[str, timedelta | Exception | None] = {"telegram": timedelta()}

    def steady(self) -> float:
        return self.passed_s

    def clock(self) -> datetime:
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

    def check(self) -> ClockCheck:
        return ClockCheck(
            {platform: lambda platform=platform: self._ask(platform) for platform in self.tells},  # type: ignore[misc]
            clock=self.clock,
            steady=self.steady,
        )


@pytest.fixture
def world() -> World:
    return World()


async def is_sure(check: ClockCheck) -> bool:
    return await check.sure()


async def test_without_a_platform_the_clock_is_trusted(world: World) -> None:
    world.tells, world.off = {}, YEARS
    assert await is_sure(world.check())


@pytest.mark.parametrize("sign", [1, -1])
async def test_the_clock_may_be_an_hour_away_from_a_platforms_and_no_more(world: World, sign: int) -> None:
    world.off = sign * FAR_OFF
    assert await is_sure(world.check())
    world.off = sign * (FAR_OFF + SECOND)
    assert not await is_sure(world.check())


async def test_one_platform_that_agrees_is_enough_and_the_others_are_not_waited_for(world: World) -> None:
    world.off = YEARS
    world.tells = {"telegram": timedelta(), "discord": YEARS}
    assert await is_sure(world.check())
    world.tells = {"telegram": TimeoutError(), "discord": YEARS}
    assert await is_sure(world.check())
    world.tells = {"telegram": None, "discord": timedelta()}
    assert not await is_sure(world.check())


async def test_a_platform_that_tells_no_time_speaks_against_nothing(world: World) -> None:
    world.tells, world.off = {"telegram": None}, YEARS
    assert await is_sure(world.check())


async def test_a_clock_that_was_right_is_trusted_for_a_minute_unless_it_is_set(world: World) -> None:
    check = world.check()
    assert await is_sure(check)
    world.passed_s += GOOD_FOR_S
    assert await is_sure(check)
    assert world.asked == 1
    world.off = YEARS
    assert not await is_sure(check)
    assert world.asked == 2
    world.off, world.passed_s = timedelta(), world.passed_s + ASKED_AGAIN_AFTER_S
    assert await is_sure(check)
    assert world.asked == 3


async def test_before_any_platform_has_answered_the_clock_is_in_doubt(world: World) -> None:
    world.tells = {"telegram": ConnectionError(), "discord": ConnectionError()}
    check = world.check()
    assert not await is_sure(check)
    world.passed_s += ASKED_AGAIN_AFTER_S
    world.tells["discord"] = timedelta()
    assert await is_sure(check)


async def test_once_it_was_right_a_clock_that_goes_steadily_is_trusted_while_no_platform_answers(world: World) -> None:
    check = world.check()
    assert await is_sure(check)
    world.tells = {"telegram": ConnectionError()}
    world.passed_s += 30 * DAY.total_seconds()
    assert await is_sure(check)
    world.off = YEARS
    assert not await is_sure(check)


async def test_in_doubt_the_platforms_are_asked_every_few_seconds_and_the_log_says_it_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    check, world.off = world.check(), -3 * DAY
    for _ in range(10):
        assert not await is_sure(check)
        world.passed_s += ASKED_AGAIN_AFTER_S / 2
    assert world.asked == 5
    world.off = timedelta()
    assert await is_sure(check)
    assert [(record.levelno, record.getMessage().partition(":")[0]) for record in caplog.records] == [
        (logging.ERROR, "this machine's clock and telegram's are 72 hours apart"),
        (logging.WARNING, "the clock is right, as far as the platforms tell"),
    ]


async def opened_with(app: App, *codes: str) -> None:
    app.keys.add_walkout(WALKOUT)
    await app.store.add_walkout(opened(reminders=(DAY,)), shops(40))
    await app.store.mint(WALKOUT, {SHOP: [key_of(code) for code in codes]})


async def test_a_clock_that_is_set_right_while_it_is_checked_decides_by_the_right_time(
    data: Path, world: World
) -> None:
    async def set_right() -> datetime:
        world.off = timedelta()
        return world.clock()

    check = ClockCheck({"telegram": set_right}, clock=world.clock, steady=world.steady)
    async with open_app(data, clock=world.clock, senders={}, check=check) as app:
        await opened_with(app)
        before = await app.store.walkout(WALKOUT)
        for run_due in (app.tallies.take_due, partial(remind_all, app.store, world.clock, app.holds)):
            world.off, world.passed_s = YEARS, world.passed_s + 2 * GOOD_FOR_S
            await run_due()
            assert world.off == timedelta()
            assert await app.store.walkout(WALKOUT) == before


@pytest.mark.parametrize("checked", [True, False])
async def test_a_clock_that_jumps_years_ahead_ends_nothing(data: Path, world: World, *, checked: bool) -> None:
    check = world.check() if checked else ClockCheck()
    async with open_app(data, clock=world.clock, senders={}, check=check) as app:
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
    check = world.check() if checked else ClockCheck()
    async with open_app(data, clock=world.clock, senders={}, check=check) as app:
        await opened_with(app)
        world.passed_s = (PLEDGE_BY - NOON).total_seconds()
        await app.scheduler.run_due()
        world.off = YEARS
        await app.scheduler.run_due()
        assert (WALKOUT in app.keys.walkouts) is checked
        assert (await app.store.walkout(WALKOUT)).stage is (Stage.LAPSED if checked else Stage.CLOSED)
        world.off, world.passed_s = timedelta(), world.passed_s + 2 * DAY.total_seconds()
        await app.scheduler.run_due()  # now it is time
        assert WALKOUT not in app.keys.walkouts
