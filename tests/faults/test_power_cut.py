"""A pledge acknowledged survives a power cut.

Statements are recorded from the real store, with its pragmas; then they run on a disk that loses power (disk.py), by
the SQLite that APSW brings with it. What is left is opened as a plain database, by Python's own SQLite.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import apsw
import pytest

from bot.runtime.app import DATABASE
from bot.storage.sqlite.opening import OWN
from bot.usecases.closing import close
from tests.conftest import WALKOUT
from tests.faults import town
from tests.faults.disk import Committed, Disk, Image, Platter
from tests.faults.trials import Trials, trials

pytestmark = pytest.mark.sqlite_only("what power cuts leave of its file")

ACTS = 4
"""What each person does in one history."""


class Database(Protocol):
    """Either library's connection."""

    def execute(self, sql: str, /) -> Iterable[Any]: ...


@dataclass
class History:
    """What a store did from its first opening on: connections, statements, and what people were told in between."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    pledges: list[bytes] = field(default_factory=list)  #: the key of each person's pledge

    def connected(self, connection: sqlite3.Connection) -> None:
        self.lines.append(("open", ""))
        connection.set_trace_callback(self._stated)

    def _stated(self, sql: str) -> None:
        # a trigger's statements are traced as the one that set it off, once more
        if self.lines[-1] != ("sql", sql):
            self.lines.append(("sql", sql))

    def said(self, line: str) -> None:
        self.lines.append(("said", line))


async def recorded(data: Path, tries: Trials, which: int, monkeypatch: pytest.MonkeyPatch) -> History:
    """Let a town be founded, live, be left and opened again; every second one is closed in the end."""
    history = History()
    connect = sqlite3.connect

    def connect_and_record(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        history.connected(connection)
        return connection

    chance = tries.random("history", which)
    with monkeypatch.context() as hook:
        hook.setattr(sqlite3, "connect", connect_and_record)
        await town.found(data)
        history.pledges = town.pledges(data)
        for last in (False, True):
            async with town.town(data, history.said) as here:
                await here.live(chance, ACTS)
                if last and which % 2:
                    await close(await here.app.store.walkout(WALKOUT), here.app.store, here.app.keys)
    return history


@dataclass(frozen=True)
class Contents:
    """All that a database holds, and its pledges."""

    digest: str
    pledges: Mapping[bytes, str]

    @classmethod
    def of(cls, database: Database) -> Contents:
        """Read everything."""
        tables = [
            name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
        ]
        rows: list[object] = [tables, *database.execute("PRAGMA user_version")]
        for table in tables:
            rows += sorted(map(repr, database.execute(f"SELECT * FROM {table}")))  # noqa: S608
        there = database.execute("SELECT key, state FROM pledge") if "pledge" in tables else ()
        return cls(hashlib.sha256(repr(rows).encode()).hexdigest(), {bytes(row[0]): row[1] for row in there})


Alter = Callable[[str], str | None]
"""Plants a fault: returns another statement, or None for none."""


def replay(history: History, disk: Disk, alter: Alter = lambda sql: sql) -> list[Contents]:
    """Do on this disk what the store did; return what it held after each transaction, from nothing on."""
    disk.make(DATABASE)  # as `open_store` does before SQLite comes to it
    connection = _connection(disk)
    held = [Contents.of(connection)]
    told: dict[int, str] = {}
    opened = 0
    for what, line in history.lines:
        if what == "open":
            opened += 1
            if opened > 1:
                connection.close()
                connection = _connection(disk)
        elif what == "sql":
            statement = alter(line)
            if statement is None:
                continue
            connection.execute(statement).fetchall()
            ends = not line.lstrip().upper().startswith(("PRAGMA", "SELECT", "BEGIN"))
            if ends and not connection.in_transaction and (now := Contents.of(connection)) != held[-1]:
                held.append(now)
                disk.events.append(Committed(len(held) - 1))
        else:
            mark, act, *about = line.split()
            if mark == "!" and act in {"pledge", "withdraw"}:
                n = int(about[0])
                told[n] = act[0]
                # whoever was told of it had it in a transaction that was over
                assert held[-1].pledges[history.pledges[n]] == told[n], line
    connection.close()
    return held


def _connection(disk: Disk) -> apsw.Connection:
    connection = apsw.Connection(DATABASE, vfs=disk.name)
    connection.create_scalar_function("kept_anew", lambda *_: None, 3)  # no older version kept cards there
    return connection


def reopened(image: Image, folder: Path) -> Contents:
    """Open what a cut has left as any program would."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in image.items():
        (folder / name).write_bytes(content)
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        wrong = database.execute("PRAGMA integrity_check").fetchall()
        assert wrong == [("ok",)], wrong
        return Contents.of(database)


def cut_while_opening(image: Image, tries: Trials, i: int) -> dict[str, bytes]:
    """Open what a cut has left as the store does, and cut again in the middle of that."""
    disk, chance = Disk("again", image), tries.random("again", i)
    try:
        with closing(apsw.Connection(DATABASE, vfs=disk.name)) as connection:
            for statement in OWN:
                connection.execute(statement).fetchall()
    finally:
        disk.unregister()
    platter = Platter.of(image)
    for event in disk.events[: chance.randint(0, len(disk.events))]:
        platter.take(event)
    return platter.cut(chance)


AGAIN = 10
"""Every tenth cut is followed by another one, while the store is opened again."""


def try_cuts(
    disk: Disk, held: list[Contents], numbers: range, tries: Trials, folder: Path, found: Counter[str]
) -> list[str]:
    """Cut the power after random events; return what was wrong with what was left."""
    wrong = []
    at = {i: tries.random("when", i).randint(1, len(disk.events)) for i in numbers}
    platter, taken = Platter(), 0
    for i in sorted(at, key=at.__getitem__):
        for event in disk.events[taken : at[i]]:
            platter.take(event)
        taken = at[i]
        image: Mapping[str, bytes] = platter.cut(tries.random("cut", i))
        allowed = held[platter.committed : platter.committed + 2]
        try:
            if i % AGAIN == 0:
                found["twice"] += 1
                image = cut_while_opening(image, tries, i)
            found["to roll back"] += len(image.get(f"{DATABASE}-journal", b"")) > 0
            left = reopened(image, folder)
        except (AssertionError, sqlite3.DatabaseError, apsw.Error, UnicodeDecodeError) as error:
            wrong.append(f"seed {tries.seed}, try {i}: damaged: {error}")
            continue
        found["not acknowledged yet, and there"] += left != allowed[0]
        if left not in allowed:
            wrong.append(f"seed {tries.seed}, try {i}: not what was held after {platter.committed} transactions")
    return wrong


EACH_HISTORY = 500
"""Cuts before another history is recorded."""


@trials(1_000, full=10_000)
async def test_a_pledge_acknowledged_survives_a_power_cut(
    data: Path, tries: Trials, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    found: Counter[str] = Counter()
    for which, first in enumerate(range(0, tries.number, EACH_HISTORY)):
        folder = data / str(which)
        history = await recorded(folder, tries, which, monkeypatch)
        disk = Disk("cut")
        held = replay(history, disk)
        with closing(sqlite3.connect(folder / DATABASE)) as database:
            assert Contents.of(database) == held[-1], "what was replayed is not what was recorded"
        wrong = try_cuts(disk, held, range(first, min(first + EACH_HISTORY, tries.number)), tries, data / "left", found)
        disk.unregister()
        assert wrong == []
        found["transactions"] += len(held) - 1
        found["told"] += sum(what == "said" and line.startswith("!") for what, line in history.lines)
    assert found["to roll back"] > tries.number / 10
    record_property(
        "found",
        f"{tries.number} cuts ({found['twice']} followed by another while opening) in {found['transactions']} "
        f"transactions, {found['told']} answers; {found['to roll back']} left a journal: 0 transactions lost or "
        f"halved, 0 files damaged; written by SQLite {apsw.sqlite_lib_version()}, opened by {sqlite3.sqlite_version}",
    )


def without_sync(sql: str) -> str | None:
    return "PRAGMA synchronous=OFF" if "synchronous" in sql else sql


def with_a_deleted_journal(sql: str) -> str | None:
    """Delete the journal, as SQLite does by default, without syncing the folder."""
    if "locking_mode" in sql:
        return None
    if "journal_mode" in sql:
        return "PRAGMA journal_mode=DELETE"
    return "PRAGMA synchronous=FULL" if "synchronous" in sql else sql


@pytest.mark.parametrize("fault", [without_sync, with_a_deleted_journal])
async def test_pragmas_that_lose_pledges_would_be_seen(
    data: Path, monkeypatch: pytest.MonkeyPatch, fault: Alter
) -> None:
    tries = Trials(number=100, seed=1)
    history = await recorded(data / "lived", tries, 0, monkeypatch)
    disk = Disk("faulty")
    held = replay(history, disk, fault)
    wrong = try_cuts(disk, held, range(tries.number), tries, data / "left", Counter())
    disk.unregister()
    assert len(wrong) > 10
