"""Cards: the busy path. A batch of changes is decided between one set-based read and one set-based write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from bot.domain import pledging
from bot.domain.errors import NotRecorded
from bot.domain.model import CardState, Stage, WalkoutId, WorkplaceId
from bot.domain.pledging import HASH_BYTES, Act, Card, Change, Head, Outcome
from bot.storage.records import maybe_moment, moment
from bot.storage.sqlite.writer import BATCH, Row, Writer

# Blobs cannot travel in JSON, so a batch's keys and owners travel as one blob each, cut at every 32nd byte. All
# that a batch must know is found by one statement: each statement is a way to the thread and back.
# A card is looked for under the key that it has in each of the walkouts; ?1 says which change each key is of.
_FIND = """
    SELECT (
        SELECT json_group_array(json_array(nth.value, card.walkout, pledge.workplace, pledge.state, hex(card.owner),
            card.stale, CASE WHEN ?5 THEN (SELECT is_out FROM workplace
                WHERE workplace.walkout = pledge.walkout AND workplace.id = pledge.workplace) END))
        FROM json_each(?1) AS nth JOIN card ON card.key = substr(?2, nth.key * 32 + 1, 32)
            JOIN pledge ON pledge.key = substr(?3, nth.key * 32 + 1, 32)
    ), (
        SELECT json_group_array(json_array(id, stage, pledge_by, next_tally, ended,
            CASE WHEN ?5 AND terms ->> 'turnout' THEN starts END)) FROM walkout
    ), (
        SELECT json_group_array(json_array(workplace.walkout, workplace.id, workplace.headcount - workplace.standing))
        FROM json_each(?4) AS wanted
        JOIN workplace ON workplace.walkout = wanted.value ->> 0 AND workplace.id = wanted.value ->> 1
    )
"""
_WRITE = """
    INSERT INTO change (card, owner, pledge, walkout, workplace, state, makes)
    SELECT substr(?2, nth.key * 32 + 1, 32), substr(?3, nth.key * 32 + 1, 32), substr(?4, nth.key * 32 + 1, 32),
        nth.value ->> 0, nth.value ->> 1, nth.value ->> 2, nth.value ->> 3
    FROM json_each(?1) AS nth
"""
_WRITE_ONE = "INSERT INTO change (card, owner, pledge, walkout, workplace, state, makes) VALUES (?, ?, ?, ?, ?, ?, ?)"
# Where a commit's end is not sure, what a batch wrote is its own mark.
_FIND_WRITTEN = """
    SELECT count(*) FROM json_each(?1) AS nth JOIN card ON card.key = substr(?2, nth.key * 32 + 1, 32)
        JOIN pledge ON pledge.key = substr(?4, nth.key * 32 + 1, 32)
    WHERE card.owner = substr(?3, nth.key * 32 + 1, 32) AND pledge.walkout = nth.value ->> 0
        AND pledge.workplace = nth.value ->> 1 AND pledge.state = nth.value ->> 2
"""
_DELETE_NOTICES = """
    DELETE FROM notice WHERE locator IN (SELECT substr(?2, nth.value * 32 + 1, 32) FROM json_each(?1) AS nth)
"""


class _Written(NamedTuple):
    """What a batch writes of one card."""

    card: bytes
    owner: bytes
    pledge: bytes
    walkout: WalkoutId
    workplace: WorkplaceId
    state: CardState
    makes: bool  #: the rows may not be there yet, or are at another workplace


class Cards(Writer):
    """Applies changes to cards."""

    async def stands(self, pledge: bytes) -> bool:
        """See Store.stands."""
        return bool(await self._read("SELECT 1 FROM pledge WHERE key = ? AND state IN ('p', 'o')", (pledge,)))

    async def _decide_and_write(self, changes: Sequence[Change]) -> list[Outcome | Exception]:
        try:
            return await self._one_transaction(changes)
        finally:
            await self._undo()

    async def _one_transaction(self, changes: Sequence[Change]) -> list[Outcome | Exception]:
        written_before = self._db.total_changes
        await self._rows("BEGIN IMMEDIATE")
        found = (await self._rows(_FIND, _asked(changes, self._hidden)))[0]
        now = self._clock()
        answers: list[Outcome | Exception] = []
        written: dict[bytes, _Written] = {}
        if not self._wary:
            written = dict(_decide_all(changes, found, now, answers))
            try:
                if written:
                    await self._rows(_WRITE, _columns(written.values()))
            except sqlite3.IntegrityError:
                if not self._db.in_transaction:
                    raise
                # the statement is undone as a whole; decided and written one by one, only the bad ones fail
                self._wary = True
                answers = []
        if self._wary:
            written = await self._write_each(_decide_all(changes, found, now, answers), answers)
        if gone := [locator for pair in zip(changes, answers, strict=True) if (locator := _withdrawn(*pair))]:
            await self._rows(_DELETE_NOTICES, (_numbers(len(gone)), b"".join(gone)))
        self._in_order &= self._db.total_changes == written_before
        await self._commit(partial(self._are_written, written))
        return answers

    async def _write_each(
        self, decided: Iterator[tuple[bytes, _Written]], answers: list[Outcome | Exception]
    ) -> dict[bytes, _Written]:
        """Decide each change when those before it are written; what cannot be written is answered so."""
        written: list[tuple[bytes, _Written]] = []

        def rows() -> Iterator[_Written]:
            for each in decided:
                written.append(each)
                yield each[1]

        left = rows()
        self._wary = False
        while True:
            try:
                # takes a row, writes it, takes the next; where it stops, the rest of the rows is still there
                await self._db.executemany(_WRITE_ONE, left)
            except sqlite3.IntegrityError as error:
                if not self._db.in_transaction:
                    raise
                written.pop()
                answers[-1] = NotRecorded(type(error).__name__)
                self._wary = True  # what breaks one batch often breaks the next: do not try it as a whole again
            else:
                return dict(written)

    async def _are_written(self, written: Mapping[bytes, _Written]) -> bool:
        [(found,)] = await self._rows(_FIND_WRITTEN, _columns(written.values()))
        return bool(found == len(written))


def _withdrawn(change: Change, answer: Outcome | Exception) -> bytes | None:
    """Return where the notice is that goes with a pledge just taken back."""
    if change.act is not Act.WITHDRAW or not isinstance(answer, Outcome):
        return None
    return change.bearer.notice(answer.walkout)


@lru_cache(maxsize=BATCH)
def _numbers(count: int) -> str:
    return json.dumps(list(range(count)))


def _asked(changes: Sequence[Change], hidden: Collection[bytes]) -> tuple[str, bytes, bytes, str, bool]:
    """Return what a batch must know about."""
    of: list[int] = []
    pairs: list[tuple[bytes, bytes]] = []
    for nth, change in enumerate(changes):
        kept = [pair for pair in change.bearer.keys.values() if pair[0] not in hidden]
        pairs += kept
        of += [nth] * len(kept)
    enrolled = {(change.enrol.walkout, change.enrol.workplace) for change in changes if change.enrol}
    return (
        json.dumps(of),
        b"".join([card for card, _pledge in pairs]),
        b"".join([pledge for _card, pledge in pairs]),
        json.dumps(list(enrolled)),
        any(change.act in pledging.ON_THE_DAY for change in changes),
    )


def _columns(written: Collection[_Written]) -> tuple[str, bytes, bytes, bytes]:
    rows, cards, owners, pledges = [], [], [], []
    for card, owner, pledge, *row in written:
        rows.append(row)
        cards.append(card)
        owners.append(owner)
        pledges.append(pledge)
    if any(len(owner) != HASH_BYTES for owner in owners):
        raise ValueError(f"an owner is {HASH_BYTES} bytes")  # or everybody's behind it would be another's
    return json.dumps(rows), b"".join(cards), b"".join(owners), b"".join(pledges)


def _decide_all(
    changes: Sequence[Change], found: Row, now: datetime, answers: list[Outcome | Exception]
) -> Iterator[tuple[bytes, _Written]]:
    """Decide the batch in its order, so that two changes to one card see each other; yield what to write.

    Adds each answer to `answers`. Whoever replaces the last one has not written what was yielded last.
    """
    cards: dict[bytes, Card] = {}
    out: set[bytes] = set()
    for nth, walkout, place, state, owner, stale, is_out in json.loads(found[0]):
        card = changes[nth].bearer.card
        cards[card] = Card(
            walkout=walkout,
            workplace=place,
            state=CardState(state),
            owner=bytes.fromhex(owner),
            stale=bool(stale),
        )
        if is_out:
            out.add(card)
    kept = {card: each.workplace for card, each in cards.items()}
    walkouts = {
        WalkoutId(row[0]): Head(
            stage=Stage(row[1]),
            pledge_by=moment(row[2]),
            next_tally=maybe_moment(row[3]),
            ended=maybe_moment(row[4]),
            asked_from=maybe_moment(row[5]),
        )
        for row in json.loads(found[1])
    }
    places = {(WalkoutId(walkout), WorkplaceId(place)): free for walkout, place, free in json.loads(found[2])}
    for change in changes:
        key = (change.enrol.walkout, change.enrol.workplace) if change.enrol else None
        free = places.get(key, 0) if key else 0
        card = change.bearer.card
        answer, after = pledging.decide(change, cards.get(card), walkouts, free=free, now=now, is_out=card in out)
        answers.append(answer)
        if after is None:
            continue
        registered, pledged = change.bearer.keys[after.walkout]
        makes = kept.get(card) != after.workplace
        yield card, _Written(registered, after.owner, pledged, after.walkout, after.workplace, after.state, makes)
        if answers[-1] is not answer:
            continue
        cards[card] = after
        if key is not None and after.state.stands:
            places[key] -= 1
