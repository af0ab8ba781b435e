from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from bot.process.clock import MovableClock, real_clock
from bot.runtime.scheduler import Job, Scheduler
from tests.conftest import HOUR, MICROSECOND, NOON
from tests.processes import PATIENCE_S

Diary = list[tuple[str, datetime]]


class Chore:
    """Falls due at the given instants; does all that is due by now, and writes it down."""

    def __init__(
        self,
        name: str,
        clock: MovableClock,
        diary: Diary,
        dues: Sequence[datetime],
        *,
        fails: int = 0,
        then: Chore | None = None,
    ) -> None:
        self.name = name
        self.dues = sorted(dues)
        self._clock = clock
        self._diary = diary
        self._fails = fails
        self._then = then

    async def due(self) -> datetime | None:
        return self.dues[0] if self.dues else None

    async def run(self) -> None:
        self._diary.append((self.name, self._clock()))
        if self._fails:
            self._fails -= 1
            raise RuntimeError(f"the secret of {self.name}")
        self.dues = [due for due in self.dues if due > self._clock()]
        if self._then is not None:
            self._then.dues.append(self._clock())

    def job(self) -> Job:
        return Job(name=self.name, due=self.due, run=self.run)


@pytest.fixture
def diary() -> Diary:
    return []


def names(diary: Diary) -> list[str]:
    return [name for name, _at in diary]


async def test_the_earliest_comes_first_whatever_the_order_of_the_list(clock: MovableClock, diary: Diary) -> None:
    chores = [Chore(str(hours), clock, diary, [NOON + hours * HOUR]) for hours in (3, 1, 2)]
    scheduler = Scheduler([chore.job() for chore in chores], clock)
    clock.move_to(NOON + 5 * HOUR)
    await scheduler.run_due()

    assert names(diary) == ["1", "2", "3"]


async def test_at_the_same_instant_the_order_of_the_list_decides(clock: MovableClock, diary: Diary) -> None:
    chores = [Chore(name, clock, diary, [NOON]) for name in ("tally", "remind", "close")]
    await Scheduler([chore.job() for chore in chores], clock).run_due()

    assert names(diary) == ["tally", "remind", "close"]


async def test_nothing_runs_before_its_time(clock: MovableClock, diary: Diary) -> None:
    chore = Chore("tally", clock, diary, [NOON + HOUR, NOON + 2 * HOUR])
    scheduler = Scheduler([chore.job()], clock)

    for instant, ran in [(NOON, 0), (NOON + HOUR - MICROSECOND, 0), (NOON + HOUR, 1), (NOON + 2 * HOUR, 2)]:
        clock.move_to(instant)
        await scheduler.run_due()
        assert len(diary) == ran
    assert await scheduler.next_due() is None


async def test_what_falls_due_through_something_else_runs_in_the_same_call(clock: MovableClock, diary: Diary) -> None:
    deliver = Chore("deliver", clock, diary, [])
    tally = Chore("tally", clock, diary, [NOON], then=deliver)
    await Scheduler([deliver.job(), tally.job()], clock).run_due()

    assert names(diary) == ["tally", "deliver"]


async def test_a_job_that_fails_stops_no_other_and_is_tried_again_at_the_next_call(
    clock: MovableClock, diary: Diary
) -> None:
    chores = [Chore("tally", clock, diary, [NOON], fails=2), Chore("remind", clock, diary, [NOON])]
    scheduler = Scheduler([chore.job() for chore in chores], clock)

    await scheduler.run_due()
    assert names(diary) == ["tally", "remind"]
    assert await scheduler.next_due() == NOON

    await scheduler.run_due()
    await scheduler.run_due()
    assert names(diary) == ["tally", "remind", "tally", "tally"]
    assert await scheduler.next_due() is None


async def test_the_log_says_which_job_failed_and_nothing_of_what_it_knew(
    clock: MovableClock, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await Scheduler([Chore("tally", clock, diary, [NOON], fails=1).job()], clock).run_due()

    (record,) = caplog.records
    assert record.getMessage().startswith("tally failed and will be tried again: RuntimeError at tests/")
    assert "secret" not in caplog.text


async def test_two_calls_at_once_run_a_job_once(clock: MovableClock, diary: Diary) -> None:
    scheduler = Scheduler([Chore("tally", clock, diary, [NOON]).job()], clock)
    await asyncio.gather(scheduler.run_due(), scheduler.run_due())

    assert names(diary) == ["tally"]


async def test_a_job_whose_due_time_cannot_be_read_stops_no_other(clock: MovableClock, diary: Diary) -> None:
    async def unreadable() -> datetime | None:
        raise RuntimeError

    broken = Job(name="broken", due=unreadable, run=Chore("broken", clock, diary, []).run)
    scheduler = Scheduler([broken, Chore("tally", clock, diary, [NOON]).job()], clock)
    with pytest.raises(RuntimeError):
        await scheduler.run_due()
    ticking = asyncio.create_task(scheduler.run_forever(3600))
    for _ in range(10):
        await asyncio.sleep(0)

    assert not ticking.done()  # it goes on, and looks again later
    ticking.cancel()


async def test_looking_for_ever_runs_what_is_due_at_once(clock: MovableClock, diary: Diary) -> None:
    ran = asyncio.Event()
    chore = Chore("tally", clock, diary, [NOON])

    async def run() -> None:
        await chore.run()
        ran.set()

    scheduler = Scheduler([Job(name="tally", due=chore.due, run=run)], clock)
    ticking = asyncio.create_task(scheduler.run_forever(3600))
    await asyncio.wait_for(ran.wait(), timeout=PATIENCE_S)
    ticking.cancel()

    assert names(diary) == ["tally"]


def test_a_clock_set_by_hand_stands_still_and_never_goes_back(clock: MovableClock) -> None:
    assert clock() == clock() == NOON
    clock.move_to(NOON + HOUR)
    clock.move_to(NOON)
    assert clock() == NOON + HOUR


def test_a_running_clock_goes_on_from_where_it_was_set() -> None:
    clock = MovableClock(NOON, running=True)
    first = clock()
    clock.move_to(NOON + HOUR)
    second = clock()

    assert NOON <= first < NOON + timedelta(minutes=1)
    assert NOON + HOUR <= second <= clock() < NOON + HOUR + timedelta(minutes=1)


def test_the_real_clock_knows_its_offset() -> None:
    assert real_clock().utcoffset() == timedelta()


async def test_a_job_that_goes_on_failing_says_so_once_until_it_works_again(
    clock: MovableClock, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    async def due() -> datetime | None:
        return NOON

    enough = asyncio.Event()

    async def run() -> None:
        diary.append(("tally", NOON))
        if len(diary) == 8:
            enough.set()
        if len(diary) != 4:
            raise RuntimeError

    ticking = asyncio.create_task(Scheduler([Job(name="tally", due=due, run=run)], clock).run_forever(0))
    await asyncio.wait_for(enough.wait(), timeout=PATIENCE_S)
    ticking.cancel()

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "tally failed and will be tried again",
        "tally failed and will be tried again",
    ]
