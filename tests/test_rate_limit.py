"""Who has the next turn, in a time that passes only when everybody waits."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from handlers.platforms import answer_queue
from handlers.platforms.answer_queue import MOST_STRANGERS, AnswerQueue
from handlers.platforms.rate_limit import SHARE, Lane, RateLimit
from handlers.telegram.rate_limit import ChatPace

PER_SECOND = 29
LIMIT = 30


class _NoWaiting(selectors.DefaultSelector):
    """Waits for nothing; what it would have waited has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.passed += max(0.0, timeout or 0.0)
        return super().select(0)


def in_no_time(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run something to its end on a loop whose clock jumps from one timer to the next."""
    selector = _NoWaiting()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.passed  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:  # which ends what still waits, too
        runner.run(main())


def now() -> float:
    return asyncio.get_running_loop().time()


class Sent:
    """What was sent when, to whom."""

    def __init__(self, rate_limit: RateLimit | None = None) -> None:
        self.rate_limit = rate_limit or RateLimit(PER_SECOND, now)
        self.answers = AnswerQueue()
        self.log: list[tuple[float, Lane, int]] = []

    async def send(self, lane: Lane, who: int = 0) -> None:
        await self.rate_limit.turn()
        self.log.append((now(), lane, who))

    def ask(self, lane: Lane, who: int) -> asyncio.Task[None]:
        known = lane is Lane.KNOWN
        return asyncio.create_task(self.answers.give((lane, who), partial(self.send, lane, who), known=known))

    def of(self, lane: Lane) -> list[tuple[float, int]]:
        return [(at, who) for at, of, who in self.log if of is lane]

    def most_in_a_second(self) -> int:
        times = [at for at, *_ in self.log]
        return max(sum(since <= at < since + 1 for at in times) for since in times)


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110  time passes by itself here
        await asyncio.sleep(1)


def test_each_of_a_thousand_has_their_turn_in_the_order_in_which_they_asked() -> None:
    async def crowd() -> None:
        sent = Sent()
        for who in range(1000):
            sent.ask(Lane.KNOWN, who)
        await until(lambda: len(sent.log) == 1000)
        assert [who for _at, who in sent.of(Lane.KNOWN)] == list(range(1000))
        assert sent.log[-1][0] == pytest.approx(999 / PER_SECOND, rel=0.01)
        assert sent.most_in_a_second() <= LIMIT

    in_no_time(crowd)


def test_of_each_three_turns_in_a_row_one_is_the_announcements_and_one_strangers() -> None:
    async def crowd() -> None:
        sent = Sent()
        for who in range(MOST_STRANGERS):
            sent.ask(Lane.STRANGERS, who)
        for who in range(300):
            sent.ask(Lane.KNOWN, who)
        news = [asyncio.create_task(sent.send(Lane.NEWS)) for _ in range(MOST_STRANGERS)]
        await asyncio.gather(*news)
        lanes = [lane for _at, lane, _who in sent.log]
        # as each of them asked, the first three had nobody beside them yet
        assert [set(lanes[first : first + 3]) for first in range(3, 291, 3)] == [set(Lane)] * 96
        await until(lambda: len(sent.of(Lane.KNOWN)) == 300)
        assert sent.most_in_a_second() <= LIMIT

    in_no_time(crowd)


def test_strangers_alone_have_no_more_than_a_third_and_announcements_alone_all() -> None:
    async def flood() -> None:
        sent = Sent()
        for who in range(MOST_STRANGERS):
            sent.ask(Lane.STRANGERS, who)
        await until(lambda: len(sent.log) == MOST_STRANGERS)
        assert sent.log[-1][0] == pytest.approx((MOST_STRANGERS - 1) * SHARE / PER_SECOND, rel=0.06)
        began = now()
        await asyncio.gather(*(sent.send(Lane.NEWS) for _ in range(PER_SECOND)))
        assert now() - began == pytest.approx(1, rel=0.05)

    in_no_time(flood)


def test_who_asks_while_announcements_go_out_has_the_next_turn_but_one_at_the_latest() -> None:
    async def news() -> None:
        sent = Sent()
        waiting = [asyncio.create_task(sent.send(Lane.NEWS)) for _ in range(100)]
        await asyncio.sleep(1)
        before = len(sent.log)
        await sent.ask(Lane.KNOWN, 1)
        assert len(sent.log) - before <= 2
        await asyncio.gather(*waiting)

    in_no_time(news)


def test_who_asks_much_holds_nobody_up_by_more_than_one_answer() -> None:
    async def busy() -> None:
        sent = Sent()
        for number in range(10):
            for _ in range(50):
                sent.ask(Lane.KNOWN, number)
        await asyncio.sleep(0)
        await sent.ask(Lane.KNOWN, 99)
        await until(lambda: len(sent.log) == 501)
        assert [who for _at, who in sent.of(Lane.KNOWN)].index(99) <= 11

    in_no_time(busy)


def test_nobody_who_gave_up_takes_a_turn() -> None:
    async def gone() -> None:
        sent = Sent()
        waiting = [asyncio.create_task(sent.send(Lane.NEWS, who)) for who in range(100)]
        await asyncio.sleep(0)
        for one in waiting[:99]:
            one.cancel()
        await waiting[99]
        assert [who for _at, _lane, who in sent.log] == [0, 99] or [who for _at, _lane, who in sent.log] == [99]
        assert now() <= 1 / PER_SECOND

    in_no_time(gone)


def test_an_answer_that_goes_again_goes_before_those_who_asked_later() -> None:
    async def refused() -> None:
        sent = Sent()

        async def twice() -> None:
            await sent.send(Lane.KNOWN, 0)
            await sent.send(Lane.KNOWN, 0)

        first = asyncio.create_task(sent.answers.give(0, twice, known=True))
        await asyncio.sleep(0)
        for who in range(1, 50):
            sent.ask(Lane.KNOWN, who)
        await first
        assert len(sent.log) <= 4

    in_no_time(refused)


def test_when_two_chats_in_a_row_were_refused_everybody_waits_and_when_one_was_nobody_else() -> None:
    async def refused() -> None:
        rate_limit = ChatPace(PER_SECOND, now)
        rate_limit.refused(1, 60)
        rate_limit.refused(1, 60)
        await rate_limit.turn()
        assert now() < 1
        rate_limit.accepted()
        rate_limit.refused(2, 60)
        await rate_limit.turn()
        assert now() < 1
        rate_limit.refused(3, 10)
        await rate_limit.turn()
        assert now() >= 10

    in_no_time(refused)


def test_an_update_goes_on_when_its_turn_is_far_away_and_waits_when_it_is_not() -> None:
    async def crowd() -> None:
        sent = Sent()
        given = [sent.ask(Lane.KNOWN, who) for who in range(300)]
        await asyncio.sleep(1.5)
        assert all(one.done() for one in given)
        assert len(sent.log) < 50
        await until(lambda: len(sent.log) == 300)
        await sent.ask(Lane.KNOWN, 0)
        assert len(sent.log) == 301

    in_no_time(crowd)


def test_beyond_so_many_answers_that_wait_an_update_waits_for_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_queue, "MOST", 100)

    async def crowd() -> None:
        sent = Sent()
        given = [sent.ask(Lane.KNOWN, who) for who in range(300)]
        await asyncio.sleep(2)
        assert len(sent.answers._under_way) == 100
        assert sum(one.done() for one in given) < 200
        await until(lambda: len(sent.log) == 300)
        assert [who for _at, who in sent.of(Lane.KNOWN)] == list(range(300))

    in_no_time(crowd)
