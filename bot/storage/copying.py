"""All that a store holds, copied from one database to another: to move it, to back it up, to put it back.

Which tables and columns those are stands here alone; tests/storage/test_copying.py finds whatever is missing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from hashlib import blake2b
from typing import NamedTuple, Protocol

from bot.domain.errors import NotWritten
from bot.storage.sql.writer import Row

PIECE = 10_000
"""Rows that are in memory at a time."""

_SUM_BYTES = 32


class Table(NamedTuple):
    """What of a table is copied."""

    name: str
    key: str  #: columns by which rows are sorted: they then tell nothing of when they came
    others: str = ""

    @property
    def columns(self) -> list[str]:
        """All of them."""
        return f"{self.key} {self.others}".split()


# Each stands behind those that it refers to.
TABLES = (
    Table("store", "id", "untidy"),
    Table(
        "walkout",
        "id",
        "stage terms starts pledge_by opened tally tallied next_tally streak milestone reminded ended campaign after "
        "cards_gone",
    ),
    Table(
        "unit",
        "walkout id",
        "parent tier name headcount threshold minimum meet meets issued reached since number anchor above is_out "
        "told_ready turnout_reached turnout_since turnout_number turnout_anchor turnout_above drawn told_drawn "
        "told_people voided has_left took_part",
    ),
    Table("counted", "walkout id", "minted standing turnout"),
    Table("card", "key", "campaign unit stale owner"),
    Table("pledge", "key", "walkout unit state"),
    Table("room", "walkout scope platform address", "language"),
    Table("member", "id", "platform address nickname"),
    Table("organizer", "id"),
    Table("steward", "walkout unit id", "organizes"),
    Table("suspension", "id", "suspender suspended until again"),
    Table("sketch", "organizer", "number content list until"),
    Table("organizer_code", "hash", "until"),
    Table(
        "role_card",
        "hash",
        "id role walkout unit nickname appointer until proposal word redeemer platform address settled",
    ),
    Table("proposal", "id", "matter walkout content key about proposer until became"),
    Table("opinion", "proposal organizer", "approves"),
    Table("deed", "number", "walkout tally deed nickname detail"),
    Table("announcement", "walkout scope kind about occasion", "facts reference said"),
    Table("heard", "reference language", "words"),
    Table(
        "parcel",
        "id",
        "walkout scope kind about occasion platform room member address state not_before attempts nonce notice",
    ),
    Table("errand", "id", "platform what due attempts"),
    Table("epoch", "place", "seen next"),
    Table("notice", "locator", "walkout platform sealed"),
    Table("wish", "locator", "campaign platform sealed"),
    Table("ballot", "locator", "walkout choices"),
    Table("way", "way", "bot"),
)

COUNT = f"SELECT {' + '.join(f'(SELECT count(*) FROM {table.name})' for table in TABLES)}"

Told = Callable[[int, int], None]
"""Hears how many rows of how many are copied."""


class Source(Protocol):
    """A database's tables, all of it as of one instant."""

    async def count(self) -> int:
        """Return how many rows there are in all tables, by COUNT."""
        ...

    def rows(self, table: Table) -> AsyncGenerator[Sequence[Row], None]:
        """Yield them sorted, in pieces."""
        ...


class Target(Source, Protocol):
    """Empty tables, within a transaction."""

    def filling(self) -> AbstractAsyncContextManager[None]:
        """Let rows be put as they are, with nothing counted, marked or refused on the way."""
        ...

    async def put(self, table: Table, rows: Sequence[Row]) -> None:
        """Put rows."""
        ...


class Sum:
    """What rows come to, in whichever order they come: two sums are equal if the rows are."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows. They hold numbers, texts, bytes and None, which all look different when they differ."""
        self.count += len(rows)
        for row in rows:
            self._sum += int.from_bytes(blake2b(repr(row).encode(), digest_size=_SUM_BYTES).digest(), "big")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sum) and (self.count, self._sum) == (other.count, other._sum)

    __hash__ = None  # type: ignore[assignment]  # it changes


async def copy(source: Source, target: Target, told: Told = lambda _done, _of: None) -> None:
    """Copy all tables, and compare what was put with what is there. Raises NotWritten where that differs."""
    total, done = await source.count(), 0
    put = {}
    async with target.filling():
        for table in TABLES:
            put[table] = Sum()
            async with aclosing(source.rows(table)) as pieces:
                async for piece in pieces:
                    await target.put(table, piece)
                    put[table].add(piece)
                    told(done := done + len(piece), total)
    for table in TABLES:
        there = Sum()
        async with aclosing(target.rows(table)) as pieces:
            async for piece in pieces:
                there.add(piece)
        if there != put[table]:
            raise NotWritten(table.name, "it differs from what was copied")
