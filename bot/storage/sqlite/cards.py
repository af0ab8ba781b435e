"""Cards in SQLite: a batch is one plain function on the connection's thread."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import lru_cache, partial
from typing import TypeVar

from bot.domain.errors import NotRecorded
from bot.domain.model import Stage, UnitId, WalkoutId
from bot.domain.pledging import Change, Outcome
from bot.storage.sql.cards import HEADS, Batch, Written
from bot.storage.sql.walkouts import Walkouts
from bot.storage.sql.writer import NUMBERS, TEXTS, listed
from bot.storage.sqlite.engine import Decided, Engine

T = TypeVar("T")

# A batch's keys and owners travel as one blob each, cut at every 32nd byte, its states as one text. Of a campaign a
# card is in the register, if in no step's pledges.
_FIND = """
    SELECT nth.value, pledge.walkout, coalesce(pledge.unit, card.unit), coalesce(pledge.state, 'm'), card.owner,
        card.stale, CASE WHEN ?4 THEN (SELECT is_out FROM unit
            WHERE unit.walkout = pledge.walkout AND unit.id = pledge.unit) END
    FROM json_each(?1) AS nth JOIN card ON card.key = substr(?2, nth.value * 32 + 1, 32)
        LEFT JOIN pledge ON pledge.key = substr(?3, nth.value * 32 + 1, 32)
"""
_FIND_FREE = """
    SELECT headcount - standing
    FROM unit JOIN counts USING (walkout, id) JOIN leaf USING (walkout, id) WHERE walkout = ? AND id = ?
"""
_WRITE_CARDS = """
    UPDATE card SET owner = substr(?2, nth.value * 32 + 1, 32) FROM json_each(?1) AS nth
    WHERE card.key = substr(?3, nth.value * 32 + 1, 32)
"""
_WRITE_PLEDGES = """
    UPDATE pledge SET state = substr(?2, nth.value + 1, 1) FROM json_each(?1) AS nth
    WHERE pledge.key = substr(?3, nth.value * 32 + 1, 32)
"""
_WRITE_ONE = """
    INSERT INTO change (card, owner, pledge, walkout, unit, state, makes, campaign)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce(campaign, id) FROM walkout WHERE id = ?4
"""
# Where a commit's end is not sure, what a batch wrote is its own mark.
_IS_WRITTEN = """
    SELECT 1 FROM card JOIN pledge ON pledge.key = ?3
    WHERE card.key = ?1 AND card.owner = ?2 AND pledge.walkout = ?4 AND pledge.unit = ?5 AND pledge.state = ?6
"""
_DELETE_NOTICES = """
    DELETE FROM notice WHERE locator IN (SELECT substr(?2, nth.value * 32 + 1, 32) FROM json_each(?1) AS nth)
"""
_DELETE_BALLOTS = """
    DELETE FROM ballot WHERE locator IN (SELECT substr(?2, nth.value * 32 + 1, 32) FROM json_each(?1) AS nth)
"""

_FIND_HEADS = f"{HEADS} WHERE id IN (SELECT value FROM json_each(?1))"
_OF_UNITS = f"unit IN {NUMBERS.format('?2')}"
_DROP_PLEDGES = f"DELETE FROM pledge WHERE walkout = ?1 AND {_OF_UNITS}"
_MAKE_STALE = f"UPDATE card SET stale = max(stale, ?3) WHERE campaign = ?1 AND {_OF_UNITS}"
_RECALL = f"UPDATE pledge SET state = 'r' WHERE walkout IN {TEXTS.format('?1')} AND {_OF_UNITS}"

FEW = 8
"""A batch of fewer changes is written one by one: to write them together pays only from here on."""


class Cards(Walkouts, Engine):
    """Applies changes to cards."""

    def _decide_and_write(self, db: sqlite3.Connection, changes: Sequence[Change]) -> Decided:
        db.execute("BEGIN IMMEDIATE")
        batch = self._find(db, changes)
        together = not self._wary and len(changes) >= FEW
        if together:
            batch.decide()
            try:
                _write_together(db, batch.written.values())
            except sqlite3.IntegrityError:
                # decided and written one by one, only the bad ones fail
                db.execute("ROLLBACK")
                db.execute("BEGIN IMMEDIATE")
                batch, together = self._find(db, changes), False
        if not together:
            self._wary = False
            batch.decide(partial(self._write_one, db))
        if gone := batch.taken_back():
            numbers = _numbers(len(gone))
            db.execute(_DELETE_NOTICES, (numbers, b"".join(bearer.notice(walkout) for bearer, walkout in gone)))
            db.execute(_DELETE_BALLOTS, (numbers, b"".join(bearer.ballot(walkout) for bearer, walkout in gone)))
        return Decided(answers=batch.answers, stands=partial(_are_written, list(batch.written.values())))

    def _write_one(self, db: sqlite3.Connection, row: Written) -> NotRecorded | None:
        try:
            db.execute(_WRITE_ONE, row)
        except sqlite3.IntegrityError as error:
            if not db.in_transaction:
                raise
            self._wary = True  # what breaks one batch often breaks the next: do not try it as a whole again
            return NotRecorded(type(error).__name__)
        return None

    def _find(self, db: sqlite3.Connection, changes: Sequence[Change]) -> Batch:
        batch = Batch(changes, self._clock(), self._hidden)
        cards, pledges = b"".join([each.key for each in batch.asked]), b"".join([each.pledge for each in batch.asked])
        rows = db.execute(_FIND, (_numbers(len(batch.asked)), cards, pledges, batch.on_the_day)).fetchall()
        heads = db.execute(_FIND_HEADS, (json.dumps(batch.walkouts),))
        found = (db.execute(_FIND_FREE, (each.walkout, each.unit)).fetchone() for each in batch.enrolments)
        batch.read(heads, rows, [free[0] if free else 0 for free in found])
        return batch

    async def _decide_one(self, change: Change) -> Outcome:
        batch = await self._on_thread(lambda db: self._find(db, [change]))
        batch.decide()
        [answer] = batch.answers
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _deciding(self, walkout: WalkoutId, job: Callable[[], Awaitable[T]]) -> T:
        async def turn() -> T:
            seen = await self._walkout(walkout)
            if seen.after is None or seen.stage is not Stage.DRAFT:
                return await self._transaction(job)
            # a step may open without thousands of units, and for each SQLite would read all pledges for one of its own
            await self._rows("PRAGMA foreign_keys=OFF")
            try:
                return await self._transaction(job)
            finally:
                await self._rows("PRAGMA foreign_keys=ON")

        return await self._in_turn(turn)

    # -- many at once ---------------------------------------------------------------------------------------------

    async def _drop_pledges(self, walkout: WalkoutId, units: Collection[UnitId] | None = None) -> None:
        if units is None:
            await self._rows("DELETE FROM pledge WHERE walkout = ?", (walkout,))
        else:
            await self._rows(_DROP_PLEDGES, (walkout, listed(units)))

    async def _drop_cards(self, campaign: WalkoutId) -> None:
        await self._rows("DELETE FROM card WHERE campaign = ?", (campaign,))

    async def _make_stale(self, campaign: WalkoutId, units: Collection[UnitId], stale: int) -> None:
        await self._rows(_MAKE_STALE, (campaign, listed(units), stale))

    async def _recall(self, walkouts: Collection[WalkoutId], units: Collection[UnitId]) -> None:
        await self._rows(_RECALL, (listed(walkouts), listed(units)))


def _write_together(db: sqlite3.Connection, written: Collection[Written]) -> None:
    if made := [row for row in written if row.makes]:
        db.executemany(_WRITE_ONE, made)
    there = [row for row in written if not row.makes]
    numbers = _numbers(len(there))
    owners, cards = b"".join([row.owner for row in there]), b"".join([row.card for row in there])
    db.execute(_WRITE_CARDS, (numbers, owners, cards))
    states, pledges = "".join([row.state for row in there]), b"".join([row.pledge for row in there])
    db.execute(_WRITE_PLEDGES, (numbers, states, pledges))


def _are_written(written: Collection[Written], db: sqlite3.Connection) -> bool:
    return all(db.execute(_IS_WRITTEN, row[:6]).fetchone() for row in written)


@lru_cache(maxsize=64)
def _numbers(count: int) -> str:
    return json.dumps(list(range(count)))
