"""Cards: the busy path. A batch of changes is decided between one set-based read and one set-based write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from bot.domain import pledging
from bot.domain.errors import NotRecorded
from bot.domain.model import CardState, Stage, WalkoutId, WorkplaceId
from bot.domain.pledging import Card, Change, Head, Outcome
from bot.storage.records import maybe_moment, moment
from bot.storage.sqlite.writer import BATCH, Row, Writer

# Blobs cannot travel in JSON, so a batch's hashes and owners travel as one blob each, cut at every 32nd byte. All
# that a batch must know is found by one statement: each statement is a way to the thread and back.
_FIND = """
    SELECT (
        SELECT json_group_array(json_array(nth.value, card.walkout, card.workplace, card.state, hex(card.owner)))
        FROM json_each(?1) AS nth JOIN card ON card.hash = substr(?2, nth.value * 32 + 1, 32)
    ), (
        SELECT json_group_array(json_array(id, stage, pledge_by, next_tally, ended,
            CASE WHEN ?4 <> '[]' AND terms ->> 'turnout' THEN starts END)) FROM walkout
    ), (
        SELECT json_group_array(json_array(workplace.walkout, workplace.id, workplace.headcount - workplace.standing))
        FROM json_each(?3) AS wanted
        JOIN workplace ON workplace.walkout = wanted.value ->> 0 AND workplace.id = wanted.value ->> 1
    ), (
        SELECT json_group_array(nth.value) FROM json_each(?4) AS nth
        JOIN card ON card.hash = substr(?2, nth.value * 32 + 1, 32)
        JOIN workplace ON workplace.walkout = card.walkout AND workplace.id = card.workplace
        WHERE workplace.is_out
    )
"""
# Cards that exist and stay where they are: faster than the next one, which only open entry needs.
_UPDATE_CARDS = """
    UPDATE card SET state = nth.value ->> 2, owner = substr(?3, nth.key * 32 + 1, 32)
    FROM json_each(?1) AS nth WHERE card.hash = substr(?2, nth.key * 32 + 1, 32)
"""
_ENROL_CARDS = """
    INSERT INTO card (hash, owner, walkout, workplace, state)
    SELECT substr(?2, nth.key * 32 + 1, 32), substr(?3, nth.key * 32 + 1, 32),
           nth.value ->> 0, nth.value ->> 1, nth.value ->> 2
    FROM json_each(?1) AS nth WHERE true
    ON CONFLICT (hash) DO UPDATE SET
        state = excluded.state, owner = excluded.owner, workplace = excluded.workplace
"""
# Where a commit's end is not sure, what a batch wrote is its own mark.
_FIND_WRITTEN = """
    SELECT count(*) FROM json_each(?1) AS nth JOIN card ON card.hash = substr(?2, nth.key * 32 + 1, 32)
    WHERE card.walkout = nth.value ->> 0 AND card.workplace = nth.value ->> 1
        AND card.state = nth.value ->> 2 AND card.owner = substr(?3, nth.key * 32 + 1, 32)
"""
_DELETE_NOTICES = """
    DELETE FROM notice WHERE locator IN (SELECT substr(?2, nth.value * 32 + 1, 32) FROM json_each(?1) AS nth)
"""
_UPDATE_CARD = "UPDATE card SET state = ?1, owner = ?2 WHERE hash = ?3"
_ENROL_CARD = """
    INSERT INTO card (state, owner, hash, walkout, workplace) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (hash) DO UPDATE SET state = ?1, owner = ?2, workplace = ?5
"""


class Cards(Writer):
    """Applies changes to cards."""

    async def _decide_and_write(self, changes: Sequence[Change]) -> list[Outcome | Exception]:
        try:
            return await self._one_transaction(changes)
        finally:
            await self._undo()

    async def _one_transaction(self, changes: Sequence[Change]) -> list[Outcome | Exception]:
        enrolled = {(change.enrol.walkout, change.enrol.workplace) for change in changes if change.enrol}
        asked = (
            _numbers(len(changes)),
            b"".join([change.card for change in changes]),
            json.dumps(list(enrolled)),
            json.dumps([nth for nth, change in enumerate(changes) if change.act in pledging.ON_THE_DAY]),
        )
        written_before = self._db.total_changes
        await self._rows("BEGIN IMMEDIATE")
        found = (await self._rows(_FIND, asked))[0]
        now = self._clock()
        answers: list[Outcome | Exception] = []
        written: dict[bytes, Card] = {}
        if not self._wary:
            written = dict(_decide_all(changes, found, now, answers))
            try:
                if written:
                    await self._rows(_ENROL_CARDS if enrolled else _UPDATE_CARDS, _columns(written))
            except sqlite3.IntegrityError:
                if not self._db.in_transaction:
                    raise
                # the statement is undone as a whole; decided and written one by one, only the bad ones fail
                self._wary = True
                answers = []
        if self._wary:
            written = await self._write_each(
                _decide_all(changes, found, now, answers), answers, enrolling=bool(enrolled)
            )
        if gone := [locator for pair in zip(changes, answers, strict=True) if (locator := _withdrawn(*pair))]:
            await self._rows(_DELETE_NOTICES, (_numbers(len(gone)), b"".join(gone)))
        self._in_order &= self._db.total_changes == written_before
        await self._commit(partial(self._are_written, written))
        return answers

    async def _write_each(
        self, decided: Iterator[tuple[bytes, Card]], answers: list[Outcome | Exception], *, enrolling: bool
    ) -> dict[bytes, Card]:
        """Decide each change when those before it are written; what cannot be written is answered so."""
        written: list[tuple[bytes, Card]] = []

        def rows() -> Iterator[tuple[Any, ...]]:
            for key, card in decided:
                written.append((key, card))
                yield (card.state, card.owner, key, *((card.walkout, card.workplace) if enrolling else ()))

        left = rows()
        self._wary = False
        while True:
            try:
                # takes a row, writes it, takes the next; where it stops, the rest of the rows is still there
                await self._db.executemany(_ENROL_CARD if enrolling else _UPDATE_CARD, left)
            except sqlite3.IntegrityError as error:
                if not self._db.in_transaction:
                    raise
                written.pop()
                answers[-1] = NotRecorded(type(error).__name__)
                self._wary = True  # what breaks one batch often breaks the next: do not try it as a whole again
            else:
                return dict(written)

    async def _are_written(self, cards: Mapping[bytes, Card]) -> bool:
        [(found,)] = await self._rows(_FIND_WRITTEN, _columns(cards))
        return bool(found == len(cards))


def _withdrawn(change: Change, answer: Outcome | Exception) -> bytes | None:
    """Return where the notice is that goes with a pledge just taken back."""
    if change.notices is None or not isinstance(answer, Outcome) or answer.mine is not CardState.WITHDRAWN:
        return None
    return change.notices.get(answer.walkout)


@lru_cache(maxsize=BATCH)
def _numbers(count: int) -> str:
    return json.dumps(list(range(count)))


def _columns(cards: Mapping[bytes, Card]) -> tuple[str, bytes, bytes]:
    return (
        json.dumps([(card.walkout, card.workplace, card.state) for card in cards.values()]),
        b"".join(cards),
        b"".join([card.owner for card in cards.values()]),
    )


def _decide_all(
    changes: Sequence[Change], found: Row, now: datetime, answers: list[Outcome | Exception]
) -> Iterator[tuple[bytes, Card]]:
    """Decide the batch in its order, so that two changes to one card see each other; yield what to write.

    Adds each answer to `answers`. Whoever replaces the last one has not written what was yielded last.
    """
    cards = {
        changes[nth].card: Card(walkout=walkout, workplace=place, state=CardState(state), owner=bytes.fromhex(owner))
        for nth, walkout, place, state, owner in json.loads(found[0])
    }
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
    out = set(json.loads(found[3]))
    for nth, change in enumerate(changes):
        key = (change.enrol.walkout, change.enrol.workplace) if change.enrol else None
        free = places.get(key, 0) if key else 0
        before = cards.get(change.card)
        answer, after = pledging.decide(change, before, walkouts, free=free, now=now, is_out=nth in out)
        answers.append(answer)
        if after is None:
            continue
        yield change.card, after
        if answers[-1] is not answer:
            continue
        cards[change.card] = after
        if key is not None and after.state.stands:
            places[key] -= 1
