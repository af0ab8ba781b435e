"""A pledge acknowledged survives kill -9 at any instant."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import select
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.runtime.app import DATABASE
from bot.storage.sqlite import opening
from bot.storage.sqlite.file_identity import Place
from tests.faults import town
from tests.faults.children import FORKS
from tests.faults.town import Ledger
from tests.faults.trials import Trials, trials
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.sqlite_only("what kills leave of its file")

ACTS = 100_000
"""What each person would do if the process lived: more than any of them comes to, however late it is killed."""

MOST_LINES = 150
"""How much a process that does not kill itself is let say."""

SPREAD_S = 0.005
"""Then it is killed at any instant within this: in the middle of what it does next, or of the thing after that."""

KILLED_BY = {"clock": -signal.SIGKILL, "file size": -signal.SIGXFSZ}
"""Everything else is done by the process itself, with SIGKILL."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hook(prepare: Callable[[sqlite3.Connection], None]) -> None:
    """Have this done to the store's own connection, before its first statement."""
    connect = sqlite3.connect

    def connect_and_prepare(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        prepare(connection)
        return connection

    sqlite3.connect = connect_and_prepare  # type: ignore[assignment]


def at_statement(number: int, beginning: str) -> None:
    """Die as the store begins its nth statement of this kind."""
    passing = count(1)

    def pass_by(sql: str) -> None:
        if sql.lstrip().startswith(beginning) and next(passing) == number:
            die()

    hook(lambda connection: connection.set_trace_callback(pass_by))


def in_statement(number: int, steps: int) -> None:
    """Die in the middle of a statement, after so many steps of SQLite's machine."""
    passing = count(1)

    def pass_by() -> int:
        if next(passing) == number:
            die()
        return 0

    hook(lambda connection: connection.set_progress_handler(pass_by, steps))


def at_size(size: int) -> None:
    """Die in the write that would bring a file beyond this size, or that lies beyond it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def arrange_death(how: str, chance: Random, size: int) -> Callable[[str], None]:
    """Arrange for this process's end; return what it must call with each line, before it is said."""
    match how:
        case "statement":
            at_statement(chance.randint(1, 120), "")
        case "begin":
            at_statement(chance.randint(1, 25), "BEGIN")
        case "write":
            at_statement(chance.randint(1, 25), chance.choice(["UPDATE", "INSERT", "DELETE", "-- "]))
        case "commit":
            at_statement(chance.randint(1, 25), "COMMIT")
        case "inside":
            in_statement(chance.randint(1, 400), chance.choice([1, 7, 50]))
        case "file size":
            at_size(chance.randint(0, size * 5 // 4))
        case "reply":
            replies, last = count(1), chance.randint(1, 60)

            def pass_by(line: str) -> None:
                if line.startswith("!") and next(replies) == last:
                    die()

            return pass_by
    return lambda _line: None


WAYS = ("clock", "clock", "statement", "begin", "write", "commit", "inside", "file size", "reply")


class Fault(StrEnum):
    """What a trial must see."""

    TOO_EARLY = "a pledge is acknowledged before it is stored"
    JOURNAL_IN_MEMORY = "what a transaction overwrites is kept nowhere else"


def live(folder: Path, pipe: Connection, how: str, chance: Random, fault: Fault | None) -> None:
    """Be the process that is killed: the real store and use cases, everybody acting at once."""
    logging.disable()
    sys.stderr.close()
    if fault is Fault.JOURNAL_IN_MEMORY:
        opening.OWN = (*opening.OWN, "PRAGMA journal_mode=MEMORY")
        Place._require = lambda _place, _there: None  # type: ignore[assignment,method-assign]  # it would miss the journal
    before_saying = arrange_death(how, chance, (folder / DATABASE).stat().st_size)
    descriptor = pipe.fileno()

    def say(line: str) -> None:
        before_saying(line)
        os.write(descriptor, f"{line}\n".encode())

    def say_too_early(line: str) -> None:
        if "pledge" not in line:
            say(line)
        elif line.startswith("?"):  # asked for, and acknowledged before anything is stored
            say(line)
            say(f"!{line[1:]}")

    async def main() -> None:
        async with town.town(folder, say_too_early if fault is Fault.TOO_EARLY else say) as here:
            await here.live(chance, ACTS)

    asyncio.run(main())


def heard_until_the_end(reading: Connection, pid: int, lines: int, after_s: float) -> list[str]:
    """Take down all that the process says; kill it so long after so many lines."""
    said = bytearray()
    ends: float | None = None
    while True:
        left = PATIENCE_S if ends is None else ends - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            os.kill(pid, signal.SIGKILL)
            assert ends is not None, f"nothing is said any more, after {said!r}"
            ends = time.monotonic() + PATIENCE_S  # what it has said is still to be read
            continue
        chunk = os.read(reading.fileno(), 65536)
        if not chunk:
            return said.decode().split("\n")[:-1]
        said += chunk
        if ends is None and said.count(b"\n") >= lines:
            ends = time.monotonic() + after_s


def kill_once(folder: Path, ledger: Ledger, how: str, chance: Random, why: object, fault: Fault | None = None) -> int:
    """Let the town live until its process is killed; hold a copy of what it left against what people were told."""
    reading, writing = FORKS.Pipe(duplex=False)
    with reading:
        process = FORKS.Process(target=live, args=(folder, writing, how, chance, fault))
        process.start()
        writing.close()
        assert process.pid is not None
        lines = chance.randint(1, MOST_LINES) if how == "clock" else MOST_LINES
        ledger.hear(heard_until_the_end(reading, process.pid, lines, chance.random() * SPREAD_S))
        process.join()
    status = process.exitcode
    process.close()
    # a copy: what is left, journal and all, is the next process's to recover
    copy = folder / "copy"
    copy.mkdir()
    for file in folder.glob(f"{DATABASE}*"):
        shutil.copy(file, copy)
    ledger.check(copy / DATABASE, why)
    shutil.rmtree(copy)
    assert status is not None
    return status


EACH_TOWN = 50
"""Kills before a new town is founded: it has seen half its tallies then."""


@trials(200, full=1_000)
def test_a_pledge_acknowledged_survives_a_kill_at_any_instant(
    data: Path, tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    ways: Counter[str] = Counter()
    hot = acknowledged = found_done = tallies = letters = 0
    ledger = None
    for i in range(tries.number):
        folder = data / str(i // EACH_TOWN)
        if i % EACH_TOWN == 0:
            asyncio.run(town.found(folder))
            ledger = Ledger.of(folder)
        assert ledger is not None
        chance = tries.random(i)
        how = chance.choice(WAYS)
        status = kill_once(folder, ledger, how, chance, f"seed {tries.seed}, try {i}, {how}")
        assert status < 0, f"seed {tries.seed}, try {i}: {how} ended with {status}"
        ways[how if status == KILLED_BY.get(how, -signal.SIGKILL) else "clock"] += 1
        journal = folder / f"{DATABASE}-journal"
        hot += journal.exists() and journal.stat().st_size > 0
        if (i + 1) % EACH_TOWN == 0 or i + 1 == tries.number:
            acknowledged, found_done = acknowledged + ledger.acknowledged, found_done + ledger.found_done
            tallies, letters = tallies + ledger.tally, letters + len(ledger.letters)

    assert hot > tries.number / 20  # killed in the middle of transactions, not between them
    assert acknowledged > tries.number * 5
    assert min(ways[how] for how in WAYS) > 0
    record_property(
        "found",
        f"{tries.number} kills, {hot} of them in the middle of a transaction; {acknowledged} acknowledged changes and "
        f"{tallies} tallies, 0 lost; {found_done} changes that nobody was told of, all of them whole; {letters} "
        "letters went out, 0 that the store does not hold",
    )


@pytest.mark.parametrize(("fault", "how"), [(Fault.TOO_EARLY, "clock"), (Fault.JOURNAL_IN_MEMORY, "file size")])
def test_a_store_that_keeps_its_promise_less_would_be_seen(data: Path, fault: Fault, how: str) -> None:
    asyncio.run(town.found(data))
    ledger = Ledger.of(data)
    with pytest.raises((AssertionError, sqlite3.DatabaseError)):  # noqa: PT012  one of these kills finds it
        for i in range(40):
            kill_once(data, ledger, how, Random(i), f"try {i}", fault)


def test_a_change_that_is_only_half_there_would_be_seen(data: Path) -> None:
    asyncio.run(town.found(data))
    ledger = Ledger.of(data)
    ledger.check(data / DATABASE, "as it was founded")
    with closing(sqlite3.connect(data / DATABASE)) as db:
        db.execute("UPDATE counted SET standing = standing + 1 WHERE id = 1")
        db.commit()
    with pytest.raises(AssertionError):
        ledger.check(data / DATABASE, "a count without its card")
