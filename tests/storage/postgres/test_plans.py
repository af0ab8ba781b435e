"""What is asked all the time finds its rows by an index, however many cards there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import repeat

import asyncpg
import pytest

from bot.storage.postgres.cards import _FIND, _FIND_FREE, _FORGET, _WRITE
from bot.storage.postgres.session import dollars
from bot.storage.sql.news import _CLAIM, _DUE, _PARCELS, _SETTLE
from bot.storage.sql.walkouts import _PATHS, _UNIT
from bot.storage.sqlite import BATCH
from tests.conftest import WALKOUT
from tests.postgres.servers import Server
from tests.postgres.stores import migrated
from tests.storage.house import key

CARDS, UNITS = 100_000, 500

LARGE = ("kept_card", "kept_pledge", "recent_card", "recent_pledge", "parcel", "notice", "ballot")

_FILL = f"""
    INSERT INTO walkout (id, stage, terms, starts, pledge_by, tally, streak, milestone)
    VALUES ('{WALKOUT}', 'open', '{{}}', 0, 0, 0, 0, 0);
    INSERT INTO unit (walkout, id, name, headcount, threshold, meet)
    SELECT '{WALKOUT}', n, 'Shop', {CARDS}, 5, '' FROM generate_series(1, {UNITS}) AS n;
    INSERT INTO kept_card (key, campaign, unit, owner)
    SELECT sha256(n::text::bytea), '{WALKOUT}', n % {UNITS} + 1, sha256('') FROM generate_series(1, {CARDS}) AS n;
    INSERT INTO kept_pledge (key, walkout, unit, state) SELECT key, campaign, unit, 'm' FROM kept_card;
    INSERT INTO notice (locator, walkout, platform, sealed)
    SELECT key, campaign, 'console', key FROM kept_card;
    INSERT INTO ballot (locator, walkout, choices) SELECT key, campaign, '000000' FROM kept_card;
    INSERT INTO announcement (walkout, scope, kind, about, occasion, facts)
    VALUES ('{WALKOUT}', 0, 'on', 0, '1', '{{}}');
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, member, address, state)
    SELECT '{WALKOUT}', 0, 'on', 0, '1', 'console', CASE WHEN n % 20 = 0 THEN '' ELSE 'room ' || n % 99 END, '',
        n::text::bytea, CASE WHEN n % 10 < 9 THEN 'sent' ELSE 'waiting' END
    FROM generate_series(1, {CARDS}) AS n;
"""  # noqa: S608

_LOOK = """
    SELECT 'VACUUM ANALYZE ' || oid::regclass FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND NOT coalesce('autovacuum_enabled=off' = ANY (reloptions), false)
"""
"""As it looks at tables when something has changed there; those that a tally empties, it may find so."""

SEVERAL = [key(n) for n in range(BATCH)]
ASKED: dict[str, tuple[str, Sequence[object]]] = {
    "find a batch": (_FIND, (SEVERAL, SEVERAL, False)),
    "write a batch": (
        _WRITE,
        (
            *(SEVERAL, SEVERAL, SEVERAL, [WALKOUT] * BATCH, [1] * BATCH, ["p"] * BATCH, [True] * BATCH),
            *([0] * BATCH, [0] * BATCH, [0] * BATCH),
            *([WALKOUT], [1], [0], [BATCH], [0], "process", b"mark"),
        ),
    ),
    "find a free place": (_FIND_FREE, (WALKOUT, 1)),
    "forget notices": (_FORGET.format(table="notice"), (SEVERAL,)),
    "forget ballots": (_FORGET.format(table="ballot"), (SEVERAL,)),
    "find a pledge": ("SELECT 1 FROM pledge WHERE key = ? AND state IN ('p', 'o')", (key(1),)),
    "find what is due": (_DUE, (0, "console", 1, "[]", 10, 30)),
    "claim": (_CLAIM, ("nonce", 1)),
    "read parcels": (_PARCELS, ("[[1], [2]]",)),
    "settle": (_SETTLE, ("sent", 1, "nonce")),
    "find a path": (_PATHS, (f'[["{WALKOUT}", 1]]',)),
    "count at a tally": (f"{_UNIT} WHERE walkout = ? ORDER BY id", (WALKOUT,)),
}


@pytest.fixture(scope="module")
def crowded(pg_server: Server) -> Iterator[str]:
    """A store of many cards."""
    name = pg_server.create_database(pg_server.template("migrated", migrated))
    pg_server.sql(_FILL, name)
    yield name
    pg_server.drop_database(name)


async def plans(url: str, sql: str, parameters: Sequence[object]) -> list[str]:
    """Return its plan for these parameters, and the one for any: it is kept from the sixth time on."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE asked AS {dollars(sql)}")
        nothing = ", ".join(repeat("NULL", len(parameters)))
        return [
            "\n".join(step for (step,) in rows)
            for rows in (
                await connection.fetch(f"EXPLAIN {dollars(sql)}", *parameters),
                await connection.fetch(f"EXPLAIN EXECUTE asked ({nothing})"),
            )
        ]
    finally:
        await connection.close()


def reads_all(plan: str) -> list[str]:
    """Name the large tables that it reads from end to end."""
    return [table for table in re.findall(r"Seq Scan on (\w+)", plan) if table in LARGE]


@pytest.mark.parametrize("analyzed", [False, True])
async def test_nothing_that_is_asked_all_the_time_reads_a_large_table(
    pg_server: Server, crowded: str, *, analyzed: bool
) -> None:
    if analyzed:
        pg_server.sql(pg_server.sql(_LOOK, crowded).replace("\n", ";\n"), crowded)
    found = {
        f"{what}: {plan}"
        for what, (sql, parameters) in ASKED.items()
        for plan in await plans(pg_server.url(crowded), sql, parameters)
        if reads_all(plan)
    }
    assert not found, "\n\n".join(found)


async def test_a_plan_without_an_index_is_seen(pg_server: Server, crowded: str) -> None:
    for plan in await plans(pg_server.url(crowded), "SELECT count(*) FROM pledge WHERE unit = ?", (1,)):
        assert "kept_pledge" in reads_all(plan)
