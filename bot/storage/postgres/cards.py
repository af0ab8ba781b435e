"""Cards in PostgreSQL: what a batch changes goes into small tables, which are folded into the large ones at a tally.

Source: docs/decisions/0068-order-in-postgresqls-files.md.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

import asyncpg

from bot.domain.errors import NotRecorded
from bot.domain.leases import Lease
from bot.domain.model import CardState, UnitId, WalkoutId
from bot.domain.pledging import Change, Outcome
from bot.storage.postgres import leases
from bot.storage.postgres.engine import Engine
from bot.storage.postgres.session import BEGIN, CARDS, ENROLMENT, RETRIES, TRANSIENT
from bot.storage.sql.cards import HEADS, Batch
from bot.storage.sql.walkouts import Walkouts
from bot.storage.sql.writer import Lock

_BEGIN = f"{BEGIN}; SELECT pg_advisory_xact_lock_shared({CARDS})"

# What is recent comes first; of the rest LIMIT takes none.
_FIND = """
    SELECT asked.nth - 1, pledge.walkout, coalesce(pledge.unit, card.unit), coalesce(pledge.state, 'm'), card.owner,
        card.stale, CASE WHEN $3::bool THEN (SELECT is_out FROM unit
            WHERE unit.walkout = pledge.walkout AND unit.id = pledge.unit) END,
        card.version, coalesce(pledge.version, 0)
    FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS asked (card, pledge, nth)
    CROSS JOIN LATERAL (
        SELECT unit, owner, stale, version FROM recent_card WHERE key = asked.card
        UNION ALL SELECT unit, owner, stale, 0 FROM kept_card WHERE key = asked.card LIMIT 1
    ) AS card
    LEFT JOIN LATERAL (
        SELECT walkout, unit, state, version FROM recent_pledge WHERE key = asked.pledge
        UNION ALL SELECT walkout, unit, state, 0 FROM kept_pledge WHERE key = asked.pledge LIMIT 1
    ) AS pledge ON true
"""
_FIND_HEADS = f"{HEADS} WHERE id = ANY($1::text[])"
_FIND_FREE = """
    SELECT headcount - standing
    FROM unit JOIN counts USING (walkout, id) JOIN leaf USING (walkout, id) WHERE walkout = $1 AND id = $2
"""
# One statement for all of it, and rows in the order of their keys: two processes never wait for each other in a ring.
_WRITE = """
    WITH cards AS (
        INSERT INTO recent_card (key, campaign, unit, stale, owner, version)
        SELECT new.key, coalesce(walkout.campaign, walkout.id), new.unit, coalesce(kept.stale, 0), new.owner,
            new.version + 1
        FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bytea[], $5::bigint[])
            AS new (key, walkout, unit, owner, version)
            JOIN walkout ON walkout.id = new.walkout LEFT JOIN kept_card AS kept ON kept.key = new.key
        ORDER BY new.key
        ON CONFLICT (key) DO UPDATE SET unit = excluded.unit, owner = excluded.owner, version = excluded.version
        WHERE recent_card.version = excluded.version - 1 RETURNING 1
    ), pledges AS (
        INSERT INTO recent_pledge (key, walkout, unit, state, version)
        SELECT key, walkout, unit, state, version + 1
        FROM unnest($6::bytea[], $7::text[], $8::bigint[], $9::text[], $10::bigint[])
            AS new (key, walkout, unit, state, version)
        ORDER BY key
        ON CONFLICT (key) DO UPDATE SET unit = excluded.unit, state = excluded.state, version = excluded.version
        WHERE recent_pledge.version = excluded.version - 1 RETURNING 1
    ), counts AS (
        INSERT INTO recent_count (walkout, id, slot, minted, standing, turnout)
        SELECT walkout, id, pg_backend_pid() % 16, minted, standing, turnout
        FROM unnest($11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[])
            AS new (walkout, id, minted, standing, turnout)
        ORDER BY walkout, id
        ON CONFLICT (walkout, id, slot) DO UPDATE SET minted = recent_count.minted + excluded.minted,
            standing = recent_count.standing + excluded.standing, turnout = recent_count.turnout + excluded.turnout
    ), mark AS (
        INSERT INTO mark (process, mark) VALUES ($16, $17) ON CONFLICT (process) DO UPDATE SET mark = excluded.mark
    )
    SELECT (SELECT count(*) FROM cards), (SELECT count(*) FROM pledges)
"""
_FORGET = "DELETE FROM {table} WHERE locator = ANY($1::bytea[])"

# Sorted, and not by when it was pledged: PostgreSQL puts a row's new version where there is room, in the order in which
# they come.
_FOLD = (
    """
    UPDATE kept_card SET unit = recent.unit, owner = recent.owner
    FROM (SELECT key, unit, owner FROM recent_card ORDER BY key) AS recent WHERE kept_card.key = recent.key
    """,
    """
    INSERT INTO kept_card (key, campaign, unit, stale, owner) SELECT key, campaign, unit, stale, owner FROM recent_card
    WHERE NOT EXISTS (SELECT 1 FROM kept_card WHERE kept_card.key = recent_card.key) ORDER BY key
    """,
    """
    UPDATE kept_pledge SET unit = recent.unit, state = recent.state
    FROM (SELECT key, unit, state FROM recent_pledge ORDER BY key) AS recent WHERE kept_pledge.key = recent.key
    """,
    """
    INSERT INTO kept_pledge (key, walkout, unit, state) SELECT key, walkout, unit, state FROM recent_pledge
    WHERE NOT EXISTS (SELECT 1 FROM kept_pledge WHERE kept_pledge.key = recent_pledge.key) ORDER BY key
    """,
    """
    UPDATE counted SET minted = counted.minted + recent.minted, standing = counted.standing + recent.standing,
        turnout = counted.turnout + recent.turnout
    FROM (
        SELECT walkout, id, sum(minted) AS minted, sum(standing) AS standing, sum(turnout) AS turnout
        FROM recent_count GROUP BY walkout, id ORDER BY walkout, id
    ) AS recent WHERE (counted.walkout, counted.id) = (recent.walkout, recent.id)
    """,
    "TRUNCATE recent_card, recent_pledge, recent_count",
)
_OF_UNITS = "walkout = $1 AND {column} = ANY($2::bigint[])"
_NONE_THERE = "UPDATE counted SET minted = 0, standing = 0, turnout = 0"
_RECALL = "UPDATE kept_pledge SET state = 'r' WHERE walkout = ANY($1::text[]) AND unit = ANY($2::bigint[])"
_NONE_STANDS = "UPDATE counted SET standing = 0, turnout = 0 WHERE walkout = ANY($1::text[]) AND id = ANY($2::bigint[])"


class _Overtaken(Exception):  # noqa: N818  it is no error: the batch is decided again
    """Another process has changed a card since this one looked at it."""


class _Counts(NamedTuple):
    minted: int
    standing: int
    turnout: int


class Cards(Walkouts, Engine):
    """Applies changes to cards."""

    async def _decide_batch(self, changes: Sequence[Change], held: Collection[Lease]) -> Sequence[Outcome | Exception]:
        for _ in range(RETRIES):
            try:
                return await self._decide_together(changes, held)
            except (_Overtaken, *TRANSIENT):
                await self._main.open()
            except (asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError) as error:
                if len(changes) == 1:
                    return [NotRecorded(type(error).__name__)]
                # decided and written one by one, only the bad ones fail
                return [(await self._decide_batch([change], held))[0] for change in changes]
        if len(changes) == 1:
            return [NotRecorded("overtaken")]
        half = len(changes) // 2  # so many others work on these cards that fewer must do
        return [*await self._decide_batch(changes[:half], held), *await self._decide_batch(changes[half:], held)]

    async def _decide_together(
        self, changes: Sequence[Change], held: Collection[Lease]
    ) -> Sequence[Outcome | Exception]:
        session = self._main
        await session.begin(_BEGIN)
        try:
            for lease in held:
                await leases.check(session.db, lease)
            batch, found = await self._find(changes)
            batch.decide()
            if not batch.written:
                await session.undo()
                return batch.answers
            mark = await self._write_down(batch, found)
            for table, locators in (
                ("notice", [bearer.notice(walkout) for bearer, walkout in batch.taken_back()]),
                ("ballot", [bearer.ballot(walkout) for bearer, walkout in batch.taken_back()]),
            ):
                if locators:
                    await session.rows(_FORGET.format(table=table), (locators,))
        except BaseException:
            await session.undo()
            raise
        await session.commit(mark)
        return batch.answers

    async def _find(self, changes: Sequence[Change]) -> tuple[Batch, _Found]:
        batch = Batch(changes, self._clock())
        for enrolment in batch.enrolments:
            # only one process at a time takes the last place
            await self._rows(
                "SELECT pg_advisory_xact_lock(?, ?)",
                (ENROLMENT, crc32(f"{enrolment.walkout} {enrolment.unit}".encode()) - (1 << 31)),
            )
        asked = [each.key for each in batch.asked], [each.pledge for each in batch.asked]
        rows = await self._rows(_FIND, (*asked, batch.on_the_day))
        heads = await self._rows(_FIND_HEADS, (batch.walkouts,))
        found = [await self._rows(_FIND_FREE, (each.walkout, each.unit)) for each in batch.enrolments]
        batch.read(heads, [row[:7] for row in rows], [free[0][0] if free else 0 for free in found])
        return batch, _Found(batch, rows)

    async def _write_down(self, batch: Batch, found: _Found) -> bytes:
        """Write a batch down; return by what it is known again."""
        written = list(batch.written.values())
        counts = found.changes(batch)
        # in a closed step's log, a card's row beside a pledge's would tie them: one that is its owner's is left alone
        cards_written = [row for row in written if row.makes or row.owner != found.owners.get(row.card)]
        mark = secrets.token_bytes(8)  # nothing of a card's: it stays when order is forgotten
        [(cards, pledges)] = await self._rows(
            _WRITE,
            (
                [row.card for row in cards_written],
                [row.walkout for row in cards_written],
                [row.unit for row in cards_written],
                [row.owner for row in cards_written],
                [found.card_versions.get(row.card, 0) for row in cards_written],
                [row.pledge for row in written],
                [row.walkout for row in written],
                [row.unit for row in written],
                [row.state for row in written],
                [found.pledge_versions.get(row.pledge, 0) for row in written],
                [walkout for walkout, _unit in counts],
                [unit for _walkout, unit in counts],
                [change.minted for change in counts.values()],
                [change.standing for change in counts.values()],
                [change.turnout for change in counts.values()],
                self._process,
                mark,
            ),
        )
        if (cards, pledges) != (len(cards_written), len(written)):
            raise _Overtaken
        return mark

    async def _decide_one(self, change: Change) -> Outcome:
        batch, _found = await self._find([change])
        batch.decide()
        [answer] = batch.answers
        if isinstance(answer, Exception):
            raise answer
        return answer

    # -- at a tally -----------------------------------------------------------------------------------------------

    async def forget_order(self) -> None:
        """See Store.forget_order."""
        folded = False

        async def job() -> None:
            nonlocal folded
            folded = await self._fold()
            await self._rewrite()

        await self._in_transaction(job, Lock.CARDS)
        if folded:  # else each tally's counts lay beside the next's
            await self._sweep("VACUUM (FULL) counted, unit")

    async def _fold(self) -> bool:
        """Put what is recent into what is kept, if anything is. Within a transaction that has locked cards."""
        there = bool(await self._rows("SELECT 1 FROM recent_card UNION ALL SELECT 1 FROM recent_pledge LIMIT 1"))
        for statement in _FOLD if there else ():
            await self._rows(statement)
        return there

    # -- many at once ---------------------------------------------------------------------------------------------

    async def _drop_pledges(self, walkout: WalkoutId, units: Collection[UnitId] | None = None) -> None:
        await self._fold()
        if units is None:
            await self._rows("DELETE FROM kept_pledge WHERE walkout = $1", (walkout,))
            await self._rows(f"{_NONE_THERE} WHERE walkout = $1", (walkout,))
        else:
            those = (walkout, list(units))
            await self._rows(f"DELETE FROM kept_pledge WHERE {_OF_UNITS.format(column='unit')}", those)
            await self._rows(f"{_NONE_THERE} WHERE {_OF_UNITS.format(column='id')}", those)

    async def _drop_cards(self, campaign: WalkoutId) -> None:
        await self._fold()
        await self._rows("DELETE FROM kept_card WHERE campaign = $1", (campaign,))

    async def _make_stale(self, campaign: WalkoutId, units: Collection[UnitId], stale: int) -> None:
        await self._fold()
        await self._rows(
            "UPDATE kept_card SET stale = greatest(stale, $3) WHERE campaign = $1 AND unit = ANY($2::bigint[])",
            (campaign, list(units), stale),
        )

    async def _recall(self, walkouts: Collection[WalkoutId], units: Collection[UnitId]) -> None:
        await self._fold()
        for statement in (_RECALL, _NONE_STANDS):
            await self._rows(statement, (list(walkouts), list(units)))


class _Found:
    """What was there before a batch."""

    def __init__(self, batch: Batch, rows: Iterable[Sequence[object]]) -> None:
        self.owners: dict[bytes, bytes] = {}
        self.card_versions: dict[bytes, int] = {}
        self.pledge_versions: dict[bytes, int] = {}
        self._pledges: dict[bytes, tuple[WalkoutId, UnitId, CardState]] = {}
        for nth, walkout, unit, state, owner, _stale, _out, card_version, pledge_version in rows:
            asked = batch.asked[nth]  # type: ignore[call-overload]
            self.owners[asked.key] = owner  # type: ignore[assignment]
            self.card_versions[asked.key] = card_version  # type: ignore[assignment]
            if walkout is not None:
                self.pledge_versions[asked.pledge] = pledge_version  # type: ignore[assignment]
                self._pledges[asked.pledge] = walkout, unit, CardState(state)  # type: ignore[assignment,arg-type]

    def changes(self, batch: Batch) -> dict[tuple[WalkoutId, UnitId], _Counts]:
        """Return by how much the batch changes each unit's counts, in order."""
        changes: Counter[tuple[WalkoutId, UnitId, str]] = Counter()

        def add(walkout: WalkoutId, unit: UnitId, state: CardState, by: int) -> None:
            changes[walkout, unit, "minted"] += by
            changes[walkout, unit, "standing"] += by * state.stands
            changes[walkout, unit, "turnout"] += by * (state is CardState.OUT)

        for row in batch.written.values():
            if (before := self._pledges.get(row.pledge)) is not None:
                add(*before, -1)
            add(row.walkout, row.unit, row.state, 1)
        places = sorted({(walkout, unit) for walkout, unit, _what in changes})
        return {place: _Counts(*(changes[*place, what] for what in _Counts._fields)) for place in places}
