"""Cards: the busy path. A batch of changes is decided between set-based reads and set-based writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from bot.domain import pledging
from bot.domain.errors import NotRecorded, Refused
from bot.domain.model import CardState, Stage, StepKind, UnitId, WalkoutId
from bot.domain.pledging import HASH_BYTES, Act, Bearer, Card, Change, Enrolment, Head, Outcome
from bot.storage.records import maybe_moment, moment
from bot.storage.sqlite.writer import Decided, Row, Writer

# A batch's keys and owners travel as one blob each, cut at every 32nd byte, its states as one text. A card is looked
# for under the keys that it has in each of the walkouts; of a campaign it is in the register, if in no step's pledges.
_FIND = """
    SELECT nth.value, pledge.walkout, coalesce(pledge.unit, card.unit), coalesce(pledge.state, 'm'), card.owner,
        card.stale, CASE WHEN ?4 THEN (SELECT is_out FROM unit
            WHERE unit.walkout = pledge.walkout AND unit.id = pledge.unit) END
    FROM json_each(?1) AS nth JOIN card ON card.key = substr(?2, nth.value * 32 + 1, 32)
        LEFT JOIN pledge ON pledge.key = substr(?3, nth.value * 32 + 1, 32)
"""
_FIND_HEADS = """
    SELECT id, stage, pledge_by, next_tally, ended,
        CASE WHEN ?2 AND terms ->> 'turnout' AND terms ->> 'counted_by' IS NOT 'stewards' THEN starts END,
        opened, terms ->> 'kind'
    FROM walkout WHERE id IN (SELECT value FROM json_each(?1))
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


class _Written(NamedTuple):
    """What a batch writes of one card."""

    card: bytes
    owner: bytes
    pledge: bytes
    walkout: WalkoutId
    unit: UnitId
    state: CardState
    makes: bool  #: the rows may not be there yet, or are at another workplace


FEW = 8
"""A batch of fewer changes is written one by one: to write them together pays only from here on."""


class Cards(Writer):
    """Applies changes to cards."""

    async def stands(self, pledge: bytes) -> bool:
        """See Store.stands."""
        return bool(await self._read("SELECT 1 FROM pledge WHERE key = ? AND state IN ('p', 'o')", (pledge,)))

    def _decide_and_write(self, db: sqlite3.Connection, changes: Sequence[Change]) -> Decided:
        db.execute("BEGIN IMMEDIATE")
        batch = _Batch(db, changes, self._clock(), self._hidden)
        together = not self._wary and len(changes) >= FEW
        if together:
            batch.decide()
            try:
                _write_together(db, batch.written.values())
            except sqlite3.IntegrityError:
                # decided and written one by one, only the bad ones fail
                db.execute("ROLLBACK")
                db.execute("BEGIN IMMEDIATE")
                batch, together = _Batch(db, changes, batch.now, self._hidden), False
        if not together:
            batch.decide(write=partial(db.execute, _WRITE_ONE))
            self._wary = batch.refused  # what breaks one batch often breaks the next: do not try it as a whole again
        if gone := batch.taken_back():
            numbers = _numbers(len(gone))
            db.execute(_DELETE_NOTICES, (numbers, b"".join(bearer.notice(walkout) for bearer, walkout in gone)))
            db.execute(_DELETE_BALLOTS, (numbers, b"".join(bearer.ballot(walkout) for bearer, walkout in gone)))
        return Decided(answers=batch.answers, stands=partial(_are_written, list(batch.written.values())))

    def _decide_one(self, db: sqlite3.Connection, change: Change) -> Outcome:
        """Decide what writes nothing to a card, within a transaction; on the connection's thread. Raises Refused."""
        batch = _Batch(db, [change], self._clock(), self._hidden)
        batch.decide()
        [answer] = batch.answers
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Batch:
    """What a batch must know, and what is decided; on the connection's thread."""

    def __init__(
        self, db: sqlite3.Connection, changes: Sequence[Change], now: datetime, hidden: Collection[bytes]
    ) -> None:
        self.now = now
        self.answers: list[Outcome | Exception] = []
        self.written: dict[bytes, _Written] = {}
        self.refused = False  #: the database has refused to write one of them
        self._db = db
        self._changes = changes
        self._cards: dict[bytes, Card] = {}
        self._find(hidden)

    def _find(self, hidden: Collection[bytes]) -> None:
        changes = self._changes
        on_the_day = any(change.act in pledging.ON_THE_DAY for change in changes)
        every = ((change.bearer.card, step, *pair) for change in changes for step, pair in change.bearer.keys.items())
        asked = [each for each in every if each[2] not in hidden]
        cards, pledges = b"".join([each[2] for each in asked]), b"".join([each[3] for each in asked])
        rows = self._db.execute(_FIND, (_numbers(len(asked)), cards, pledges, on_the_day)).fetchall()
        # of all that was asked, found or not: a stale card costs what an unknown one does
        walkouts = {walkout for change in changes for walkout in change.bearer.keys}
        heads = self._db.execute(_FIND_HEADS, (json.dumps(list(walkouts)), on_the_day))
        self._heads = {
            WalkoutId(row[0]): Head(
                stage=Stage(row[1]),
                pledge_by=moment(row[2]),
                next_tally=maybe_moment(row[3]),
                ended=maybe_moment(row[4]),
                asked_from=maybe_moment(row[5]),
                opened=maybe_moment(row[6]),
                kind=StepKind(row[7] or StepKind.WALKOUT),
            )
            for row in heads
        }
        self._read(rows, asked)
        self._free: dict[Enrolment | None, int] = {None: 0}
        for enrolment in {change.enrol for change in changes if change.enrol}:
            free = self._db.execute(_FIND_FREE, (enrolment.walkout, enrolment.unit)).fetchone()
            self._free[enrolment] = free[0] if free else 0

    def _read(self, rows: Sequence[Row], asked: Sequence[tuple[bytes, WalkoutId, bytes, bytes]]) -> None:
        """Read what was found of the cards; of several steps the one that a card opens."""
        several: dict[bytes, list[Card]] = {}
        out = set()
        for nth, walkout, place, state, owner, stale, is_out in rows:
            card, step, *_keys = asked[nth]
            found = Card(walkout or step, place, CardState(state), owner, bool(stale), rests=walkout is None)
            before = self._cards.setdefault(card, found)
            if before is not found:
                several.setdefault(card, [before]).append(found)
            if is_out:
                out.add((card, step))
        for card, of_steps in several.items():
            opens = pledging.step_for((each for each in of_steps if not each.rests), self._heads)
            self._cards[card] = opens or of_steps[0]
        self._out = {card for card, step in out if self._cards[card].walkout == step}

    def decide(self, write: Callable[[_Written], object] | None = None) -> None:
        """Decide the batch in its order, so that two changes to one card see each other; `write` each at once.

        What cannot be written is answered so, and the next is decided as if it had not been asked for.
        """
        cards, heads, free, now = self._cards, self._heads, self._free, self.now
        for change in self._changes:
            bearer = change.bearer
            card = bearer.card
            answer: Outcome | Exception
            answer, after = pledging.decide(
                change, cards.get(card), heads, free=free[change.enrol], now=now, is_out=card in self._out
            )
            if isinstance(answer, Refused) and (held := cards.get(card)) and held.walkout in heads:
                answer.of(heads[held.walkout].kind)
            if after is not None:
                if len(after.owner) != HASH_BYTES:  # or everybody's behind it would be another's
                    raise ValueError(f"an owner is {HASH_BYTES} bytes")
                registered, pledged = bearer.keys[after.walkout]
                before, last = cards.get(card), self.written.get(card)
                makes = before is None or before.unit != after.unit or (last is not None and last.makes)
                row = _Written(registered, after.owner, pledged, after.walkout, after.unit, after.state, makes)
                try:
                    if write is not None:
                        write(row)
                except sqlite3.IntegrityError as error:
                    if not self._db.in_transaction:
                        raise
                    self.refused = True
                    answer = NotRecorded(type(error).__name__)
                else:
                    self.written[card] = row
                    cards[card] = after
                    if change.enrol is not None and after.state.stands:
                        free[change.enrol] -= 1
            self.answers.append(answer)

    def taken_back(self) -> list[tuple[Bearer, WalkoutId]]:
        """Return whose pledges were taken back; the notice goes with it, and the ballot."""
        return [
            (change.bearer, answer.walkout)
            for change, answer in zip(self._changes, self.answers, strict=True)
            if change.act is Act.WITHDRAW and isinstance(answer, Outcome)
        ]


def _write_together(db: sqlite3.Connection, written: Collection[_Written]) -> None:
    if made := [row for row in written if row.makes]:
        db.executemany(_WRITE_ONE, made)
    there = [row for row in written if not row.makes]
    numbers = _numbers(len(there))
    owners, cards = b"".join([row.owner for row in there]), b"".join([row.card for row in there])
    db.execute(_WRITE_CARDS, (numbers, owners, cards))
    states, pledges = "".join([row.state for row in there]), b"".join([row.pledge for row in there])
    db.execute(_WRITE_PLEDGES, (numbers, states, pledges))


def _are_written(written: Collection[_Written], db: sqlite3.Connection) -> bool:
    return all(db.execute(_IS_WRITTEN, row[:6]).fetchone() for row in written)


@lru_cache(maxsize=64)
def _numbers(count: int) -> str:
    return json.dumps(list(range(count)))
