"""A store that has been lived in, with something in every table, and all that a database holds, read past the store."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from bot.storage.sqlite import opening
from tests.console.play import Drafted, Play, pledging, sure, withdrawing

Rows = list[tuple[Any, ...]]

NOT_COPIED = {"store": {"mark", "scattered", "minting", "elsewhere"}}
"""What a store says of its own file."""

_ODD = "¿Qué? 'quoted' \"twice\"\n\\ \t🚌 مرحبا {} %s $1 ?"
_LATE = 7_258_118_400_000_001  # microseconds, in the year 2200
_KEY = bytes(range(32))

# What a walkout of a few people leaves empty. Nothing of it is looked at but by whoever copies it.
_MORE = (
    ("steward", "SELECT walkout.id, 1, organizer.id, 1 FROM walkout, organizer LIMIT 1"),
    ("sketch", "SELECT id, 7, :empty, :bytes, :late FROM organizer LIMIT 1"),
    ("suspension", "SELECT 'x', min(id), max(id), :late, 0 FROM organizer"),
    ("organizer_code", "SELECT :key, :late"),
    ("role_card", "SELECT :key, 'r', 'steward', '', 0, :empty, :bytes, :late, '', :odd, x'', 'console', x'', 1"),
    ("proposal", "SELECT 'p', 'open', '', :empty, :bytes, x'', x'00', :late, ''"),
    ("opinion", "SELECT 'p', :empty, 0"),
    ("errand", "SELECT 41, 'console', :empty, :late, 2"),
    ("epoch", "SELECT 'telegram:1', 'seen', :odd"),
    ("wish", "SELECT :key, id, 'console', :empty FROM walkout"),
    ("ballot", "SELECT :key, id, '0102ff' FROM walkout"),
    ("way", "SELECT 'telegram:1', :odd"),
    ("deed", "SELECT 1000 + max(number), '', 3, :odd, :empty, :bytes FROM deed"),
    ("heard", "SELECT 'X', 'es', :odd"),
)


def lived_in(play: Play) -> Drafted:
    """Play until some have pledged, some have taken it back, and one tally is taken."""
    made = play.prepare()
    depot, school = made.cards["Depot"], made.cards["School"]
    play.console(
        "@olga /room citywide #city",
        "@olga /room Depot #depot",
        *sure("@olga /open"),
        "!wait",
        *pledging("depot", depot[:7]),
        "@depot0 [Tell me]",
        "@depot0 [Yes, tell me]",
        *pledging("school", school[:2]),
        *withdrawing("depot", depot[:7][5:6], 5),
        "!tally",
        *pledging("late", school[4:6]),
        status=None,
    )
    return made


def fill(database: Path) -> None:
    """Put something into every table that is empty."""
    given = {"empty": b"", "bytes": b"\0\xff", "late": _LATE, "key": _KEY, "odd": _ODD}
    with closing(sqlite3.connect(database)) as db:
        for table, values in _MORE:
            db.execute(f"INSERT INTO {table} {values}", given)
        db.execute("UPDATE parcel SET state = 'waiting', not_before = ? WHERE id = 1", (_LATE,))
        db.commit()


def in_sqlite(database: Path) -> Mapping[str, Rows]:
    """Read all of it, with the counts as they are meant."""
    with closing(sqlite3.connect(database)) as db:
        return {name: _sorted(db.execute(_select(name, columns))) for name, columns in _readings(db).items()}


def in_postgres(url: str) -> Mapping[str, Rows]:
    """Likewise."""

    async def read() -> Mapping[str, Rows]:
        connection = await asyncpg.connect(url)
        try:
            return {
                name: _sorted(map(tuple, await connection.fetch(_select(name, columns))))
                for name, columns in readings().items()
            }
        finally:
            await connection.close()

    return asyncio.run(read())


def looks(made: Drafted) -> list[str]:
    """Say how each of them looks at what they have done, and one at what nobody has used."""
    depot, school = made.cards["Depot"], made.cards["School"]
    return [
        *(f"@depot{n} {card}" for n, card in enumerate(depot[:7])),
        *(f"@late{n} {card}" for n, card in enumerate(school[4:6])),
        f"@new {school[7]}",
        "@olga /board",
        "@olga /rooms",
        "@olga /roles",
    ]


def readings() -> Mapping[str, list[str]]:
    """Return the columns of each table, as SQLite's migrations make them."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.create_function("kept_anew", 3, lambda *_: None)
        for script in opening._migrations():
            db.executescript(script)
        return _readings(db)


def _readings(db: sqlite3.Connection) -> Mapping[str, list[str]]:
    tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'piece'").fetchall()
    return {
        table: [name for _nth, name, *_rest in columns if name not in NOT_COPIED.get(table, ())]
        for (table,) in tables
        for columns in [db.execute(f"PRAGMA table_info({table})").fetchall()]
    }


def _select(table: str, columns: list[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {'counts' if table == 'counted' else table}"  # noqa: S608


def _sorted(rows: Iterable[Any]) -> Rows:
    return sorted(rows, key=repr)
