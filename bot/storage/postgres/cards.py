"""Cards in PostgreSQL: what a batch changes goes into small tables, which are folded into the large ones at a tally.

Source: docs/decisions/0068-order-in-postgresqls-files.md.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from zlib import crc32

from bot.domain.errors import NotRecorded
from bot.domain.leases import Lease
from bot.domain.model import CardState, UnitId, WalkoutId
from bot.domain.pledging import Change, Outcome
from bot.storage.postgres import leases
from bot.storage.postgres.engine import Engine
from bot.storage.postgres.session import BEGIN, CARDS, ENROLMENT, REFUSED, RETRIES, TRANSIENT
from bot.storage.sql.cards import HEADS, Batch
from bot.storage.sql.walkouts import Walkouts
from bot.storage.sql.writer import Lock, Row

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
    WITH new AS MATERIALIZED (
        SELECT * FROM unnest(
            $1::bytea[], $2::bytea[], $3::bytea[], $4::text[], $5::bigint[], $6::text[], $7::boolean[], $8::bigint[],
            $9::bigint[], $10::bigint[]
        ) AS new (card, owner, pledge, walkout, unit, state, moved, stale, card_version, pledge_version)
    ), cards AS (
        INSERT INTO recent_card (key, campaign, unit, stale, owner, version)
        SELECT card, coalesce(campaign, id), unit, new.stale, owner, card_version + 1
        FROM new JOIN walkout ON id = walkout WHERE moved ORDER BY card
        ON CONFLICT (key) DO UPDATE SET unit = excluded.unit, owner = excluded.owner, version = excluded.version
        WHERE recent_card.version = excluded.version - 1 RETURNING 1
    ), pledges AS (
        INSERT INTO recent_pledge (key, walkout, unit, state, version)
        SELECT pledge, walkout, unit, state, pledge_version + 1 FROM new ORDER BY pledge
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
_STANDING = frozenset(state for state in CardState if state.stands)
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


class Cards(Walkouts, Engine):
    """Applies changes to cards."""

    async def _decide_batch(self, changes: Sequence[Change], held: Collection[Lease]) -> Sequence[Outcome | Exception]:
        for _ in range(RETRIES):
            try:
                return await self._decide_together(changes, held)
            except (_Overtaken, *TRANSIENT):
                await self._session.open()
            except REFUSED as error:
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
        session = self._session
        await session.begin(_BEGIN)
        try:
            for lease in held:
                await session.ask(leases.check(session.db, lease))
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
        mark = secrets.token_bytes(8)  # nothing of a card's: it stays when order is forgotten
        cards, owners, pledges, walkouts, units, states, _makes = zip(*written, strict=True)
        # in a closed step's log, a card's row beside a pledge's would tie them: one that is its owner's is left alone
        moved = [row.makes or row.owner != found.owners.get(row.card) for row in written]
        counts = found.changes(batch)
        [(kept_cards, kept_pledges)] = await self._rows(
            _WRITE,
            (
                *(cards, owners, pledges, walkouts, units, states, moved),
                [found.stale.get(card, 0) for card in cards],
                [found.card_versions.get(card, 0) for card in cards],
                [found.pledge_versions.get(pledge, 0) for pledge in pledges],
                [walkout for walkout, _unit in counts],
                [unit for _walkout, unit in counts],
                *zip(*counts.values(), strict=True),
                *(self._session.process, mark),
            ),
        )
        if (kept_cards, kept_pledges) != (sum(moved), len(written)):
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
            await self._rewrite(folded=folded)

        await self._in_transaction(job, Lock.CARDS)
        if folded:  # else each tally's counts lay beside the next's
            await self._sweep("VACUUM (FULL) counted, unit")

    async def _fold(self) -> bool:
        """Put what is recent into what is kept, if anything is. Within a transaction that has locked cards."""
        there = bool(await self._rows("SELECT 1 FROM recent_card UNION ALL SELECT 1 FROM recent_pledge LIMIT 1"))
        await self._wait_for_no_reader()
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

    def __init__(self, batch: Batch, rows: Iterable[Row]) -> None:
        self.owners: dict[bytes, bytes] = {}
        self.stale: dict[bytes, int] = {}
        self.card_versions: dict[bytes, int] = {}
        self.pledge_versions: dict[bytes, int] = {}
        self._pledges: dict[bytes, tuple[WalkoutId, UnitId, str]] = {}
        for nth, walkout, unit, state, owner, stale, _out, card_version, pledge_version in rows:
            _card, _walkout, key, pledge = batch.asked[nth]
            self.owners[key] = owner
            self.stale[key] = stale
            self.card_versions[key] = card_version
            if walkout is not None:
                self.pledge_versions[pledge] = pledge_version
                self._pledges[pledge] = walkout, unit, state

    def changes(self, batch: Batch) -> dict[tuple[WalkoutId, UnitId], list[int]]:
        """Return by how much the batch changes how many of each unit's are minted, stand, are out; in order."""
        changes: defaultdict[tuple[WalkoutId, UnitId], list[int]] = defaultdict(lambda: [0, 0, 0])
        for _card, _owner, pledge, walkout, unit, state, _makes in batch.written.values():
            _add(changes[walkout, unit], state, 1)
            if (before := self._pledges.get(pledge)) is not None:
                _add(changes[before[:2]], before[2], -1)
        return dict(sorted(changes.items()))


def _add(count: list[int], state: str, by: int) -> None:
    count[0] += by
    count[1] += by * (state in _STANDING)
    count[2] += by * (state == CardState.OUT)
