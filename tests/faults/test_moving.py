"""A move killed at any step: at most one of two stores counts, it holds everything, and the move can be given again."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg
import pytest

from bot.domain.errors import StoreMoved
from bot.process.clock import MovableClock
from bot.runtime import moving
from bot.runtime.app import DATABASE, open_app
from bot.storage.postgres import moving as postgres_moving
from bot.storage.sqlite import moving as sqlite_moving
from tests.conftest import NOON
from tests.faults import town
from tests.faults.children import FORKS
from tests.faults.trials import Trials, trials
from tests.moved import Rows, in_postgres, in_sqlite
from tests.postgres.servers import Server

STEPS = ("storage/moving.py", "storage/copying.py", "/moving.py", "/tables.py", "/session.py", "/opening.py")
"""Between any two calls of what stands in these files it is killed: each statement is one of them."""


class Site:
    """A folder and a database, and what the store in one of them holds."""

    def __init__(self, data: Path, server: Server, url: str) -> None:
        self.fault = False
        self.data = data
        self.url = url
        self._server = server
        self.held: Mapping[str, Rows] = in_sqlite(data / DATABASE)
        self.in_postgres = False

    def move(self) -> None:
        """Move it to the other one."""
        _move(self.data, self.url, back=self.in_postgres)
        self.in_postgres = not self.in_postgres

    def kill(self, after: int) -> int | None:
        """Have it moved by a process that is killed at this step; return how many there were if it lived so long."""
        reading, writing = FORKS.Pipe(duplex=False)
        with reading:
            process = FORKS.Process(
                target=be_killed, args=(self.data, self.url, self.in_postgres, after, writing, self.fault)
            )
            process.start()
            writing.close()
            process.join()
            assert process.exitcode in {0, -signal.SIGKILL}
            lived = process.exitcode == 0
            process.close()
            # what the server still does for whoever was killed
            self._server.until(
                "NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'allout' AND datname = "  # noqa: S608
                f"'{self.url.rpartition('/')[2]}')"
            )
            if self.in_postgres:  # for ten seconds it holds what belongs to whoever runs the bot
                self._server.sql(
                    "UPDATE lease SET until = '-infinity' WHERE until > now()", self.url.rpartition("/")[2]
                )
            return int(reading.recv()) if lived else None

    def check(self) -> str:
        """Look at what there is; return which of the two counts, '' if neither does until the move is given again."""
        said = {where: elsewhere for where, elsewhere in asyncio.run(self._said()) if elsewhere is not None}
        counts = [where for where, elsewhere in said.items() if not elsewhere]
        assert len(counts) <= 1, "two stores count"
        if not counts:
            assert len(said) == 2, "nothing counts"  # and each names the other
        for where in counts or said:
            assert self._rows(where) == self.held, f"{where} is not whole"
        if not counts:
            for url in (None, self.url):
                with pytest.raises(StoreMoved):
                    asyncio.run(self._open(url))
        return "".join(counts)

    async def _open(self, url: str | None) -> None:
        async with open_app(self.data, clock=MovableClock(NOON), senders={}, database_url=url):
            pass

    async def _said(self) -> list[tuple[str, str | None]]:
        with closing(sqlite3.connect(self.data / DATABASE)) as db:
            there = db.execute("SELECT elsewhere FROM store").fetchall() if _has_tables(db) else []
        connection = await asyncpg.connect(self.url)
        try:
            is_there = await connection.fetchval("SELECT to_regclass('store') IS NOT NULL")
            found = await connection.fetch("SELECT elsewhere FROM store") if is_there else []
        finally:
            await connection.close()
        return [("sqlite", there[0][0] if there else None), ("postgres", found[0][0] if found else None)]

    def _rows(self, where: str) -> Mapping[str, Rows]:
        return in_sqlite(self.data / DATABASE) if where == "sqlite" else in_postgres(self.url)


def _has_tables(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_schema").fetchone() is not None


def _move(data: Path, url: str, *, back: bool) -> None:
    source, target = (url, data) if back else (None, url)
    asyncio.run(moving.move(data, source, to=target, clock=MovableClock(NOON)))


def be_killed(data: Path, url: str, back: bool, after: int, pipe: Connection, fault: bool) -> None:  # noqa: FBT001
    """Be the process that is killed."""
    if fault:
        plant()
    passed = 0

    def pass_by(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal passed
        if event in {"call", "return"} and frame.f_code.co_filename.endswith(STEPS):
            passed += 1
            if passed == after:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(pass_by)
    _move(data, url, back=back)
    sys.setprofile(None)
    pipe.send(passed)


def plant() -> None:
    """Let what was copied count before what it was copied from has ended."""
    for owned in (postgres_moving._Owned, sqlite_moving._Owned):
        _fill_too_early(owned)


def _fill_too_early(owned: Any) -> None:
    fill = owned.fill
    owned.fill = lambda self, tables, _elsewhere: fill(self, tables, "")


@pytest.fixture
def site(data: Path, pg_server: Server, pg_database: str) -> Site:
    asyncio.run(town.found(data))
    return Site(data, pg_server, pg_database)


def kill_and_go_on(tries: Trials, site: Site) -> Counter[str]:
    steps: dict[bool, int] = {}
    found: Counter[str] = Counter()
    for _there_and_back in range(2):
        counted = site.kill(0)
        assert counted is not None
        steps[site.in_postgres] = counted
        site.in_postgres = not site.in_postgres
    for number in range(tries.number):
        with tries.attempt(number):
            # at each step, or evenly over all of them
            after = 1 + int((number + tries.random(number).random()) / tries.number * steps[site.in_postgres])
            site.kill(after)
            there = ("sqlite", "postgres")
            found[
                {there[site.in_postgres]: "begins anew", there[not site.in_postgres]: "is done", "": "goes on"}[
                    site.check()
                ]
            ] += 1
            site.move()
            assert site.check() == there[site.in_postgres]
    found["steps"] = sum(steps.values())
    return found


@trials(36, full=2000)
def test_a_move_that_is_killed_harms_nothing(
    tries: Trials, site: Site, record_property: Callable[[str, object], None]
) -> None:
    record_property("found", dict(kill_and_go_on(tries, site)))


@trials(12, full=12)
def test_two_that_count_would_be_found(tries: Trials, site: Site) -> None:
    site.fault = True
    with pytest.raises(AssertionError, match="two stores count"):
        kill_and_go_on(tries, site)
