"""A line of the log holds events and numbers, whatever it is given."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.domain import rules
from bot.domain.model import Stage
from bot.process import logs
from bot.process.clock import MovableClock, real_clock
from bot.process.logs import Act, Event
from tests.conftest import HOUR, NOON, WALKOUT, opened, shops
from tests.processes import run
from tests.stores import open_app

LEASES = pytest.mark.sqlite_only("elsewhere each process says what it does once for all")

SECRET = "what-nobody-may-read"
ACCOUNT = 5_900_000_001

ours = logging.getLogger("bot.test")
foreign = logging.getLogger("somelib.inside")


class Mine:
    def __str__(self) -> str:
        return SECRET

    __repr__ = __str__


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that a program prints which has set its logs up."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    for owner, name in (
        (logging, "raiseExceptions"),
        (logging, "lastResort"),
        (warnings, "showwarning"),
        (sys, "unraisablehook"),
        (threading, "excepthook"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.set_up()
    logs.set_level("DEBUG")
    try:
        yield stream
    finally:
        logs.say_totals()
        root.handlers[:], root.level = before


def test_an_event_is_printed_with_its_numbers_at_once(said: io.StringIO) -> None:
    ours.info(Event.TALLY, 3, logs.walkout("k7m3q"), Stage.ON, 4)
    assert said.getvalue() == "INFO tally 3 of k7m3q: on, 4 news\n"


def test_what_fails_while_somebody_uses_the_bot_is_printed_as_a_total(said: io.StringIO) -> None:
    for _ in range(3):
        ours.warning(Act.NOT_ACKNOWLEDGED, 10062)
    ours.warning(Act.NOT_ANSWERED, logs.kind(TimeoutError(SECRET)))
    assert not said.getvalue()
    assert logs.has_totals()
    logs.say_totals()
    assert said.getvalue().splitlines() == [
        "WARNING an interaction could not be acknowledged: 10062 (3 times)",
        "WARNING an answer could not be delivered: TimeoutError",
    ]
    assert not logs.has_totals()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (SECRET, "str"),
        (SECRET.encode(), "bytes"),
        (ACCOUNT, "int"),
        (-1_002_000_000_000, "int"),
        (float(ACCOUNT), "float"),
        (Mine(), "Mine"),
        ([SECRET], "list"),
        (ValueError(SECRET), "ValueError"),
        (None, "NoneType"),
        (logs.walkout(SECRET), "?"),
        (logging, "module"),
        (999_999, "999999"),
    ],
)
def test_whatever_else_a_line_is_given_it_shows_only_the_type(said: io.StringIO, given: object, shown: str) -> None:
    ours.error(Event.BACK, given)
    assert said.getvalue() == f"ERROR {shown} can be reached again\n"


def test_a_line_of_any_other_form_is_not_printed(said: io.StringIO) -> None:
    ours.warning("somebody wrote %s", SECRET)
    ours.warning(SECRET)
    ours.warning({"message": SECRET})
    ours.error(Event.BACK, SECRET, SECRET, stack_info=True)
    ours.error(Event.BACK)
    ours.error(Event.BACK, {"platform": SECRET}, extra={"more": SECRET})
    foreign.debug("bound %r", (SECRET,))
    foreign.warning("%s took 3 seconds", SECRET)
    logs.say_totals()
    assert SECRET not in said.getvalue()
    assert [line for line in said.getvalue().splitlines() if not line.startswith("ERROR")] == []
    assert "somelib" not in said.getvalue()


def test_another_librarys_error_is_counted_by_its_place(said: io.StringIO) -> None:
    for _ in range(2):
        try:
            _ = dict[str, str]()[SECRET]
        except KeyError:
            foreign.exception("could not do %s", SECRET)
    foreign.critical(SECRET)
    logs.say_totals()
    first, second = said.getvalue().splitlines()
    assert first.startswith("ERROR KeyError at tests/test_logs.py:")
    assert first.endswith(" (2 times)")
    assert "told by somelib at tests/test_logs.py:" in first
    assert second.startswith("CRITICAL told by somelib at tests/test_logs.py:")


async def test_a_task_that_nobody_awaits_a_thread_and_a_destructor_tell_where_they_failed(said: io.StringIO) -> None:
    async def failing() -> None:
        raise ValueError(SECRET)

    class Doomed:
        def __del__(self) -> None:
            raise ValueError(SECRET)

    def in_thread() -> None:
        raise ValueError(SECRET)

    task = asyncio.create_task(failing(), name=SECRET)
    with contextlib.suppress(ValueError):
        await asyncio.wait([task])
    del task
    Doomed()
    thread = threading.Thread(target=in_thread, name=SECRET)
    thread.start()
    thread.join()
    asyncio.get_running_loop().call_exception_handler({"message": SECRET, "handle": SECRET})
    logs.say_totals()
    assert SECRET not in said.getvalue()
    assert said.getvalue().count("ERROR ValueError at tests/test_logs.py:") == 3
    assert "told by asyncio" in said.getvalue()


def test_a_warning_tells_its_place(said: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logs._warned  # catch_warnings puts its own there
        warnings.warn(SECRET, stacklevel=1)
    logs.say_totals()
    assert said.getvalue().startswith("WARNING UserWarning at tests/test_logs.py:")
    assert SECRET not in said.getvalue()


def test_what_ends_the_program_is_told_by_its_places(said: io.StringIO) -> None:
    def inner() -> None:
        raise OSError(5, SECRET, SECRET)

    try:
        try:
            inner()
        except OSError as error:
            raise ExceptionGroup(SECRET, [ValueError(SECRET), error]) from error
    except ExceptionGroup as error:
        logs.fatal(error)
    assert SECRET not in said.getvalue()
    lines = said.getvalue().splitlines()
    assert [line for line in lines if not line.startswith("  ")][:3] == [
        "CRITICAL ExceptionGroup",
        "CRITICAL ValueError",
        "CRITICAL OSError",
    ]
    assert any(line.endswith(", inner") for line in lines)


def test_a_program_that_fails_prints_no_message_and_leaves_with_1(data: Path) -> None:
    program = (
        "import sys; sys.argv = ['allout', 'draft', 'x.toml']\n"
        "from handlers.cli import common, main, walkouts\n"
        f"def broken(path): raise RuntimeError({SECRET!r})\n"
        "walkouts.source = broken\n"
        "main()\n"
    )
    ended = run([sys.executable, "-c", program], folder=data)
    assert ended.returncode == 1
    assert ended.stderr.startswith("CRITICAL RuntimeError\n  at ")
    assert SECRET not in ended.stdout + ended.stderr


async def test_every_jobs_name_can_be_printed(data: Path, said: io.StringIO) -> None:
    async with open_app(data / "store", clock=real_clock, senders={"telegram": None, "discord": None}) as app:
        for job in app.scheduler._jobs:
            ours.error(Event.JOB_FAILED, job.name, logs.kind(ValueError()))
    assert " str " not in f" {said.getvalue()}"
    assert "ERROR deliver on telegram failed and will be tried again: ValueError\n" in said.getvalue()


@LEASES
async def test_totals_do_not_wait_where_no_tally_is_ahead(data: Path, said: io.StringIO) -> None:
    async with open_app(data / "store", clock=real_clock, senders={}) as app:
        assert await app.scheduler.next_due() is None
        ours.error(Act.NO_UPDATE)
        assert not said.getvalue()
        await app.scheduler.run_due()
    assert said.getvalue() == "ERROR something that is no update was passed over\n"


@LEASES
async def test_while_pledges_are_taken_totals_wait_for_the_tally(
    data: Path, clock: MovableClock, said: io.StringIO
) -> None:
    async with open_app(data / "store", clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(), shops(10))
        ours.error(Act.SET_ASIDE, logs.kind(ValueError()))
        await app.scheduler.run_due()
        assert not said.getvalue()
        clock.move_to(NOON + HOUR)
        await app.scheduler.run_due()
    assert said.getvalue().splitlines() == [
        "INFO tally 1 of k7m3q: open, 0 news",
        "ERROR an update was set aside: ValueError",
    ]


@LEASES
async def test_they_are_said_at_a_tally_that_another_process_takes(
    data: Path, clock: MovableClock, said: io.StringIO
) -> None:
    async with open_app(data, clock=clock, senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(), shops(40))
        await app.scheduler.run_due()
        ours.warning(Act.NOT_ACKNOWLEDGED, 10062)
        await app.scheduler.run_due()
        assert not said.getvalue()
        tally = (await app.store.walkout(WALKOUT)).next_tally
        assert tally is not None
        await app.store.decide(WALKOUT, partial(rules.tally, now=tally, share=60))
        await app.scheduler.run_due()
        assert "10062" in said.getvalue()


def test_only_the_log_itself_makes_words_for_it() -> None:
    makers = [
        path.name
        for room in ("bot", "handlers")
        for path in Path(__file__).parent.parent.joinpath(room).rglob("*.py")
        if re.search(r"\bWord\(", path.read_text(encoding="utf-8"))
    ]
    assert makers == ["logs.py"]
