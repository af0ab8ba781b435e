"""What every room's tests share: a fresh folder, a clock that is set by hand, and small builders."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import aiosqlite
import pytest
from hypothesis import HealthCheck, settings

from bot.domain.model import Stage, Terms, Unit, UnitId, Walkout, WalkoutId
from bot.process.clock import MovableClock
from bot.sandbox import pool
from tests import stores
from tests.forked_children import Forked

T = TypeVar("T")

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
"""When walkouts open here."""

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
PLEDGE_BY = NOON + timedelta(days=7)
STARTS = PLEDGE_BY + timedelta(days=4)
WALKOUT = WalkoutId("k7m3q")
SHOP = UnitId(1)
OTHER_SHOP = UnitId(2)

ROOT = Path(__file__).parent.parent

pytest_plugins = ["tests.postgres.fixtures"]

_IN_MEMORY = Path("/dev/shm")  # noqa: S108  real files, but no disk: these tests try no power cuts
_MEMORY = _IN_MEMORY if _IN_MEMORY.is_dir() else None


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """Yield an empty folder, in memory where the system has such a place.

    Nothing lies beside it: where a folder has no store, `allout` looks whether one beside it was meant.
    """
    alone = Path(tempfile.mkdtemp(prefix="allout-", dir=_MEMORY))
    try:
        folder = alone / "data"
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(alone)
        stores.let_go(alone)


COMPILED = (
    (  # what nearly every process of ours imports, and those that read, draw and print
        "handlers.cli",
        "handlers.discord.platform",
        "handlers.telegram.platform",
        "handlers.sandboxed.draws",
        "handlers.sandboxed.prints",
        "handlers.sandboxed.reads",
    ),
    ("hypothesis.strategies", "simcord", "apsw", "babel.messages", "pypdfium2", "zxingcpp", "matplotlib.pyplot"),
)
"""What is compiled before the tests begin: each of these in a process of its own, side by side."""


# how fast this machine is, is none of the tests' business
settings.register_profile("any machine", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever runs the tests choose where stores are, and the seed of the trials in tests/faults."""
    parser.addoption("--seed", type=int, default=1, help="seed of the trials in tests/faults")
    parser.addoption("--store", choices=stores.ENGINES, help="where stores are; else SQLite, and some on both")


def pytest_configure(config: pytest.Config) -> None:
    """Have stores where they are wanted."""
    everywhere = ExitStack()
    config.add_cleanup(everywhere.close)
    everywhere.enter_context(stores.on(config.getoption("store") or stores.ENGINES[0]))
    _compile(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run those on both engines in which engines could differ."""
    marked = [metafunc.definition.get_closest_marker(name) for name in ("both_engines", "sqlite_only")]
    if marked[0] and not marked[1] and not metafunc.config.getoption("store"):
        metafunc.fixturenames.insert(0, "engine")  # before whatever opens a store
        metafunc.parametrize("engine", stores.ENGINES, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test's stores be this engine's."""
    with stores.on(request.param):
        yield


def _compile(config: pytest.Config) -> None:
    """Let every process that the tests start read what one has compiled; none of them writes there.

    Without this each of them takes twice as long wherever PYTHONDONTWRITEBYTECODE is set, and each worker rewrites
    every test's assertions by itself.
    """
    if not sys.dont_write_bytecode or hasattr(config, "workerinput"):  # xdist's workers have it from who started them
        return
    folder = tempfile.mkdtemp(prefix="allout-compiled-", dir=_MEMORY)
    config.add_cleanup(partial(shutil.rmtree, folder))
    surroundings = pytest.MonkeyPatch()
    config.add_cleanup(surroundings.undo)
    surroundings.setenv("PYTHONPYCACHEPREFIX", folder)
    surroundings.setattr(sys, "pycache_prefix", folder)
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    commands = [[sys.executable, "-c", f"import {', '.join(names)}"] for names in COMPILED]
    collecting = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n0", *config.args]
    with subprocess.Popen(collecting, cwd=config.invocation_params.dir, env=writing, stdout=subprocess.DEVNULL):
        compiling = [subprocess.Popen(command, cwd=ROOT, env=writing) for command in commands]
    assert [process.wait() for process in compiling] == [0] * len(compiling)


FIRST = {"test_hostile_uploads", "test_real_data", "test_announcements"}
"""Files whose tests take longest."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector out of the collection, and of all tests and libraries later: nothing there is thrown away."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that nobody works on it when all others are done.

    What is about SQLite's file is not there on another engine.
    """
    if config.getoption("store") == "postgres":
        elsewhere = [item for item in items if item.get_closest_marker("sqlite_only")]
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in set(elsewhere)]
    items.sort(key=lambda item: (item.path.stem not in FIRST, item.path.parent.name not in {"faults", "bench"}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often each promise was tried, as docs/promises.md has it."""
    lines = []
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        said = dict(report.user_properties)
        if "tried" in said:
            found = said.get("found", "")
            lines.append(f"{report.outcome} {report.nodeid}: {said['tried']}; {found} ({report.duration:.0f} s)")
    if lines:
        terminalreporter.section("promises")
        terminalreporter.write_line("\n".join(sorted(lines)))


@pytest.fixture(scope="session", autouse=True)
def _children_are_forked() -> Iterator[pytest.MonkeyPatch]:
    """Let children of the tests' own workshops be forked: to execute each of them takes a second, again and again."""
    with pytest.MonkeyPatch.context() as patched:
        if sys.platform == "linux":
            patched.setattr(pool, "subprocess", SimpleNamespace(Popen=Forked, DEVNULL=subprocess.DEVNULL))
        yield patched


@pytest.fixture
def executed_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let children be executed, as the bot does it, for tests that look at how they are started."""
    monkeypatch.setattr(pool, "subprocess", subprocess)


@pytest.fixture
def executed_bots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bots be executed, as people do it, for tests that look at how they start and end."""
    monkeypatch.setattr("tests.house.RunningBot.forked", False)


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite work on the loop's own thread, for tests in which one thing happens after the other.

    What is asked of the store, and in which order, stays; the way to a second thread and back costs such a test a third
    of its time.
    """

    async def execute(_of: aiosqlite.Connection, function: Callable[..., T], *args: Any, **more: Any) -> T:
        await asyncio.sleep(0)  # whoever is ready goes on, as while another thread works
        return function(*args, **more)

    monkeypatch.setattr(aiosqlite, "connect", partial(aiosqlite.connect, check_same_thread=False))
    monkeypatch.setattr(aiosqlite.Connection, "_execute", execute)


@pytest.fixture
def data() -> Iterator[Path]:
    """Give each test a folder of its own."""
    with fresh_folder() as folder:
        yield folder


@pytest.fixture
def clock() -> MovableClock:
    """Give each test a clock that stands at noon until it is moved."""
    return MovableClock(NOON)


def terms(**changes: Any) -> Terms:
    """Make terms under which one workplace of five is enough."""
    some = Terms(
        title="One day",
        starts=STARTS,
        pledge_by=PLEDGE_BY,
        citywide_threshold=5,
        confirm_tallies=1,
    )
    return replace(some, **changes)


def draft(walkout: WalkoutId = WALKOUT, **changes: Any) -> Walkout:
    """Make a draft; the changes are to its terms."""
    return Walkout(id=walkout, terms=terms(**changes))


def opened(walkout: WalkoutId = WALKOUT, **changes: Any) -> Walkout:
    """Make a walkout that was opened at noon; the changes are to its terms."""
    made = draft(walkout, **changes)
    return replace(made, stage=Stage.OPEN, opened=NOON, next_tally=NOON + made.terms.tally_every)


def shops(*headcounts: int, threshold: int = 5) -> list[Unit]:
    """Make workplaces of these many people, numbered from 1."""
    return [
        Unit(id=UnitId(number), name=f"Shop {number}", headcount=headcount, threshold=threshold)
        for number, headcount in enumerate(headcounts, start=1)
    ]
