"""The embedded store: SQLite through aiosqlite; one connection, one writer, group commit.

Why it is built like this, with the measurements: docs/performance.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from bot.domain import pledging
from bot.domain.errors import (
    BeyondHeadcount,
    KeyFileRefused,
    NoSuchWalkout,
    NotRecorded,
    StoreInUse,
    StoreTooNew,
    StoreUnusable,
)
from bot.domain.model import (
    Announcement,
    BoardLine,
    CardState,
    Kind,
    Ruling,
    Stage,
    Walkout,
    WalkoutId,
    Workplace,
    WorkplaceId,
)
from bot.domain.pledging import Card, Change, Head, Outcome
from bot.storage.records import instant, maybe_instant, maybe_moment, moment, read_terms, write_terms
from bot.storage.store import Delivery, Matter, Organizer, Parcel, Room, Rule

T = TypeVar("T")
Row = tuple[Any, ...]

BATCH = 256
"""Changes per transaction at most; more only makes the first of them wait longer."""

LOCK_WAIT_S = 1.0
"""How long a second process waits for the store before it is told that it is in use."""

PRAGMAS = (
    # measured: this combination lost no acknowledged row in simulated power cuts and leaves no deleted bytes
    "locking_mode=EXCLUSIVE",
    "journal_mode=TRUNCATE",
    "synchronous=EXTRA",
    "secure_delete=ON",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "cache_size=-65536",
)

# Blobs cannot travel in JSON, so a batch's hashes and owners travel as one blob each, cut at every 32nd byte. All
# that a batch must know is found by one statement: each statement is a way to the thread and back.
_FIND = """
    SELECT (
        SELECT json_group_array(json_array(nth.value, card.walkout, card.workplace, card.state, hex(card.owner)))
        FROM json_each(?1) AS nth JOIN card ON card.hash = substr(?2, nth.value * 32 + 1, 32)
    ), (
        SELECT json_group_array(json_array(id, stage, pledge_by, next_tally, ended)) FROM walkout
    ), (
        SELECT json_group_array(json_array(workplace.walkout, workplace.id, workplace.headcount - workplace.standing))
        FROM json_each(?3) AS wanted
        JOIN workplace ON workplace.walkout = wanted.value ->> 0 AND workplace.id = wanted.value ->> 1
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
_UPDATE_CARD = "UPDATE card SET state = ?1, owner = ?2 WHERE hash = ?3"
_ENROL_CARD = """
    INSERT INTO card (state, owner, hash, walkout, workplace) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (hash) DO UPDATE SET state = ?1, owner = ?2, workplace = ?5
"""


class SqliteStore:
    """A Store in one file, owned by one process. Make it with `open_store`."""

    def __init__(self, connection: aiosqlite.Connection, clock: Callable[[], datetime]) -> None:
        self._db = connection
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._ending = False
        self._wary = False
        self._looking_up: asyncio.Future[dict[tuple[WalkoutId, WorkplaceId], tuple[Walkout, Workplace]]] | None = None
        self._wanted: set[tuple[WalkoutId, WorkplaceId]] = set()  #: what the next look-up is for
        self._writer = asyncio.create_task(self._write(), name="store writer")

    # -- the writer: the only task that touches the connection ---------------------------------------------

    async def _write(self) -> None:
        try:
            await self._take_turns()
        except asyncio.CancelledError:
            # the loop ends and nobody closed the store: a connection's thread left alone would hang the exit
            self._db.stop()
            raise

    async def _take_turns(self) -> None:
        while True:
            if not self._waiting:
                if self._ending:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if self._waiting[0].change is None:
                await self._waiting.popleft().run()
            else:
                await self._apply_batch(self._take_batch())

    def _take_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < BATCH and self._waiting[0].change is not None:
            batch.append(self._waiting.popleft())
        return batch

    async def _in_turn(self, job: Callable[[], Awaitable[T]]) -> T:
        """Let the writer run the job when its turn comes. A cancelled caller only stops waiting."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            try:
                result = await job()
            except sqlite3.Error as error:
                _answer(answer, NotRecorded(type(error).__name__))
            except Exception as error:  # noqa: BLE001  handed to whoever asked for the job
                _answer(answer, error)
            else:
                _answer(answer, result)

        self._enqueue(_Waiting(None, answer, run))
        return await answer

    def _enqueue(self, waiting: _Waiting) -> None:
        if self._ending:
            raise NotRecorded("closing")
        self._waiting.append(waiting)
        self._arrived.set()

    async def _in_transaction(self, job: Callable[[], Awaitable[T]]) -> T:
        """Let the writer run the job in a transaction of its own; whatever goes wrong undoes it."""

        async def transaction() -> T:
            await self._rows("BEGIN IMMEDIATE")
            try:
                result = await job()
                await self._rows("COMMIT")
            except BaseException:
                await self._undo()
                raise
            return result

        return await self._in_turn(transaction)

    async def _undo(self) -> None:
        if self._db.in_transaction:  # SQLite itself has rolled back after some errors, a full disk among them
            await self._rows("ROLLBACK")

    async def _rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return list(await self._db.execute_fetchall(sql, parameters))  # type: ignore[arg-type]

    # -- cards: the busy path ---------------------------------------------------------------------------

    async def apply(self, change: Change) -> Outcome:
        """See Store.apply."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._enqueue(_Waiting(change, answer))
        return await answer

    async def _apply_batch(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._decide_and_write([waiting.change for waiting in batch if waiting.change])
        except sqlite3.Error as error:
            answers = [NotRecorded(type(error).__name__) for _ in batch]
        except Exception as error:  # noqa: BLE001  no caller may wait for ever
            answers = [error] * len(batch)
        for waiting, answer in zip(batch, answers, strict=True):
            _answer(waiting.answer, answer)

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
        )
        await self._rows("BEGIN IMMEDIATE")
        found = (await self._rows(_FIND, asked))[0]
        now = self._clock()
        answers: list[Outcome | Exception] = []
        if self._wary:
            await self._write_each(_decide_all(changes, found, now, answers), answers, enrolling=bool(enrolled))
        elif written := dict(_decide_all(changes, found, now, answers)):
            try:
                await self._rows(_ENROL_CARDS if enrolled else _UPDATE_CARDS, _columns(written))
            except sqlite3.IntegrityError:
                if not self._db.in_transaction:
                    raise
                # the statement is undone as a whole; decided and written one by one, only the bad ones fail
                answers = []
                await self._write_each(_decide_all(changes, found, now, answers), answers, enrolling=bool(enrolled))
        await self._rows("COMMIT")
        return answers

    async def _write_each(
        self, decided: Iterator[tuple[bytes, Card]], answers: list[Outcome | Exception], *, enrolling: bool
    ) -> None:
        """Decide each change when those before it are written; what cannot be written is answered so."""
        rows = (
            (card.state, card.owner, key, card.walkout, card.workplace) if enrolling else (card.state, card.owner, key)
            for key, card in decided
        )
        self._wary = False
        while True:
            try:
                # takes a row, writes it, takes the next; where it stops, the rest of the rows is still there
                await self._db.executemany(_ENROL_CARD if enrolling else _UPDATE_CARD, rows)
            except sqlite3.IntegrityError as error:
                if not self._db.in_transaction:
                    raise
                answers[-1] = NotRecorded(type(error).__name__)
                self._wary = True  # what breaks one batch often breaks the next: do not try it as a whole again
            else:
                return

    # -- walkouts -----------------------------------------------------------------------------------------

    async def decide(self, walkout: WalkoutId, rule: Rule) -> Ruling:
        """See Store.decide."""

        async def job() -> Ruling:
            before = await self._walkout(walkout)
            ruling = rule(before, await self._workplaces(walkout))
            if ruling.walkout != before:
                await self._write_walkout(ruling.walkout)
            if ruling.walkout.stage is not before.stage:
                await self._rows("DELETE FROM support WHERE walkout = ?", (walkout,))
            if ruling.workplaces:
                await self._write_board(walkout, ruling.workplaces)
            if ruling.announcements:
                await self._write_news(walkout, ruling.announcements)
            return ruling

        return await self._in_transaction(job)

    async def _write_walkout(self, walkout: Walkout) -> None:
        await self._rows(
            """
            UPDATE walkout SET stage = ?, opened = ?, tally = ?, tallied = ?, next_tally = ?,
                streak = ?, milestone = ?, reminded = ?, ended = ?
            WHERE id = ?
            """,
            (*_state(walkout), walkout.id),
        )

    async def _write_board(self, walkout: WalkoutId, places: Iterable[Workplace]) -> None:
        # the whole key comes from the line: SQLite then looks each workplace up, instead of each one's line
        lines = [
            (
                walkout,
                place.id,
                place.line.reached,
                place.line.number,
                place.line.anchor,
                place.out,
                place.told_ready,
            )
            for place in places
        ]
        await self._rows(
            """
            UPDATE workplace SET reached = line.value ->> 2, number = line.value ->> 3,
                anchor = line.value ->> 4, is_out = line.value ->> 5, told_ready = line.value ->> 6
            FROM json_each(?1) AS line
            WHERE workplace.walkout = line.value ->> 0 AND workplace.id = line.value ->> 1
            """,
            (json.dumps(lines),),
        )

    async def _write_news(self, walkout: WalkoutId, news: Iterable[Announcement]) -> None:
        rows = json.dumps(
            [
                {
                    "scope": item.scope or 0,
                    "kind": item.kind,
                    "about": item.about or 0,
                    "occasion": item.occasion,
                    "facts": json.dumps(dict(item.facts)),
                    "to_rooms": item.to_rooms,
                    "to_organizers": item.to_organizers,
                    "not_on": item.not_on,
                }
                for item in news
            ]
        )
        for statement in (_ADD_NEWS, _ADD_PARCELS_TO_ROOMS, _ADD_PARCELS_TO_ORGANIZERS):
            await self._rows(statement, (walkout, rows))

    async def add_walkout(self, walkout: Walkout, workplaces: Sequence[Workplace]) -> None:
        """See Store.add_walkout."""

        async def job() -> None:
            terms = walkout.terms
            await self._rows(
                """
                INSERT INTO walkout (id, terms, starts, pledge_by, stage, opened, tally, tallied, next_tally,
                    streak, milestone, reminded, ended)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (
                    walkout.id,
                    write_terms(terms),
                    instant(terms.starts),
                    instant(terms.pledge_by),
                    *_state(walkout),
                ),
            )
            rows = [[p.id, p.name, p.headcount, p.threshold, p.meet] for p in workplaces]
            await self._rows(
                """
                INSERT INTO workplace (walkout, id, name, headcount, threshold, meet)
                SELECT ?1, p.value ->> 0, p.value ->> 1, p.value ->> 2, p.value ->> 3, p.value ->> 4
                FROM json_each(?2) AS p
                """,
                (walkout.id, json.dumps(rows)),
            )

        await self._in_transaction(job)

    async def walkouts(self) -> list[Walkout]:
        """See Store.walkouts."""
        return [_read_walkout(row) for row in await self._read(f"{_WALKOUT} ORDER BY starts, id")]

    async def walkout(self, walkout: WalkoutId) -> Walkout:
        """See Store.walkout."""
        return await self._in_turn(lambda: self._walkout(walkout))

    async def _walkout(self, walkout: WalkoutId) -> Walkout:
        rows = await self._rows(f"{_WALKOUT} WHERE id = ?", (walkout,))
        if not rows:
            raise NoSuchWalkout(walkout)
        return _read_walkout(rows[0])

    async def workplaces(self, walkout: WalkoutId) -> list[Workplace]:
        """See Store.workplaces."""
        return await self._in_turn(lambda: self._workplaces(walkout))

    async def _workplaces(self, walkout: WalkoutId) -> list[Workplace]:
        rows = await self._rows(f"{_WORKPLACE} WHERE walkout = ? ORDER BY id", (walkout,))
        return [_read_workplace(row) for row in rows]

    async def workplace(self, walkout: WalkoutId, workplace: WorkplaceId) -> Workplace:
        """See Store.workplace."""
        rows = await self._read(f"{_WORKPLACE} WHERE walkout = ? AND id = ?", (walkout, workplace))
        return _read_workplace(rows[0])

    async def look_up(self, walkout: WalkoutId, workplace: WorkplaceId) -> tuple[Walkout, Workplace]:
        """See Store.look_up."""
        if self._looking_up is None:  # whoever asks before the read has its turn is answered by it
            self._looking_up = asyncio.ensure_future(self._in_turn(self._look_all_up))
        self._wanted.add((walkout, workplace))
        found = await asyncio.shield(self._looking_up)
        return found[walkout, workplace]

    async def _look_all_up(self) -> dict[tuple[WalkoutId, WorkplaceId], tuple[Walkout, Workplace]]:
        asked = (json.dumps(list(self._wanted)),)
        self._looking_up, self._wanted = None, set()
        walkouts = {row[0]: _read_walkout(row) for row in await self._rows(f"{_WALKOUT} {_WANTED_WALKOUTS}", asked)}
        places = await self._rows(f"{_WORKPLACE} {_WANTED_PLACES}", asked)
        return {(row[12], row[0]): (walkouts[row[12]], _read_workplace(row)) for row in places}

    async def mint(
        self,
        walkout: WalkoutId,
        cards: Mapping[WorkplaceId, Sequence[bytes]],
        *,
        beyond_headcount: bool = False,
    ) -> None:
        """See Store.mint."""

        async def job() -> None:
            for place in await self._workplaces(walkout):
                wanted = len(cards.get(place.id, ()))
                if not beyond_headcount and wanted > max(0, place.headcount - place.minted):
                    raise BeyondHeadcount(place.name, place.headcount, place.minted, wanted)
            await self._db.executemany(
                "INSERT INTO card (hash, walkout, workplace, state, owner) VALUES (?, ?, ?, 'm', zeroblob(32))",
                [(key, walkout, place) for place, keys in cards.items() for key in sorted(keys)],
            )

        await self._in_transaction(job)

    async def close(self, walkout: WalkoutId) -> None:
        """See Store.close."""

        async def job() -> None:
            await self._rows("DELETE FROM card WHERE walkout = ?", (walkout,))
            for table in ("parcel", "room", "support"):
                await self._rows(f"DELETE FROM {table} WHERE walkout = ?", (walkout,))  # noqa: S608
            await self._rows("UPDATE walkout SET stage = ?, next_tally = NULL WHERE id = ?", (Stage.CLOSED, walkout))

        await self._in_transaction(job)
        await self._in_turn(lambda: self._rows("VACUUM"))

    # -- rooms and organizers ---------------------------------------------------------------------------------

    async def bind_room(self, room: Room) -> None:
        """See Store.bind_room."""
        await self._change(
            "INSERT INTO room (walkout, scope, platform, address) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (room.walkout, room.scope or 0, room.platform, room.address),
        )

    async def release_room(self, walkout: WalkoutId, platform: str, address: str) -> bool:
        """See Store.release_room."""
        gone = await self._change(
            "DELETE FROM room WHERE walkout = ? AND platform = ? AND address = ? RETURNING 1",
            (walkout, platform, address),
        )
        return bool(gone)

    async def move_room(self, platform: str, old: str, new: str) -> None:
        """See Store.move_room."""

        async def job() -> None:
            await self._rows(
                "UPDATE OR IGNORE room SET address = ? WHERE platform = ? AND address = ?", (new, platform, old)
            )
            await self._rows(
                "UPDATE OR IGNORE parcel SET room = ? WHERE platform = ? AND room = ?", (new, platform, old)
            )

        await self._in_transaction(job)

    async def lose_room(self, platform: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """See Store.lose_room."""

        async def job() -> None:
            lost = await self._rows(
                "DELETE FROM room WHERE platform = ? AND address = ? RETURNING walkout, scope", (platform, address)
            )
            for walkout, scope in lost:
                room = Room(walkout=walkout, scope=WorkplaceId(scope) or None, platform=platform, address=address)
                await self._write_news(room.walkout, [news(room)])

        await self._in_transaction(job)

    async def rooms(self, walkout: WalkoutId) -> list[Room]:
        """See Store.rooms."""
        rows = await self._read(
            "SELECT scope, platform, address FROM room WHERE walkout = ? ORDER BY scope", (walkout,)
        )
        return [
            Room(walkout=walkout, scope=WorkplaceId(scope) or None, platform=platform, address=address)
            for scope, platform, address in rows
        ]

    async def add_organizer(self, organizer: Organizer) -> None:
        """See Store.add_organizer."""
        await self._change(_ADD_ORGANIZER, _organizer_row(organizer))

    async def add_organizer_code(self, key: bytes, *, until: datetime) -> None:
        """See Store.add_organizer_code."""
        await self._change("INSERT INTO organizer_code (hash, until) VALUES (?, ?)", (key, instant(until)))

    async def redeem_organizer_code(self, key: bytes, organizer: Organizer, *, now: datetime) -> bool:
        """See Store.redeem_organizer_code."""

        async def job() -> bool:
            await self._rows("DELETE FROM organizer_code WHERE until <= ?", (instant(now),))
            used = await self._rows("DELETE FROM organizer_code WHERE hash = ? RETURNING 1", (key,))
            if used:
                await self._rows(_ADD_ORGANIZER, _organizer_row(organizer))
            return bool(used)

        return await self._in_transaction(job)

    async def is_organizer(self, person: bytes) -> bool:
        """See Store.is_organizer."""
        return bool(await self._read("SELECT 1 FROM organizer WHERE id = ?", (person,)))

    async def support(
        self, walkout: WalkoutId, matter: Matter, organizer: bytes, *, at: datetime, since: datetime
    ) -> int:
        """See Store.support."""

        async def job() -> int:
            await self._rows(
                """
                INSERT INTO support (walkout, matter, organizer, at) VALUES (?, ?, ?, ?)
                ON CONFLICT (walkout, matter, organizer) DO UPDATE SET at = excluded.at
                """,
                (walkout, matter, organizer, instant(at)),
            )
            counted = await self._rows(
                "SELECT count(*) FROM support WHERE walkout = ? AND matter = ? AND at > ?",
                (walkout, matter, instant(since)),
            )
            return int(counted[0][0])

        return await self._in_transaction(job)

    # -- parcels ----------------------------------------------------------------------------------------------

    async def claim_parcels(self, platform: str, *, now: datetime, limit: int) -> list[Parcel]:
        """See Store.claim_parcels."""
        rows = await self._change(
            """
            UPDATE parcel SET state = 'claimed', attempts = attempts + 1,
                nonce = CASE nonce WHEN '' THEN lower(hex(randomblob(10))) ELSE nonce END
            WHERE id IN (
                SELECT id FROM parcel WHERE state = 'waiting' AND not_before <= ? AND platform = ?
                ORDER BY not_before, id LIMIT ?
            ) RETURNING id, walkout, scope, kind, about, occasion, platform, room, attempts, nonce,
                (SELECT facts FROM announcement AS a WHERE (a.walkout, a.scope, a.kind, a.about, a.occasion)
                    = (parcel.walkout, parcel.scope, parcel.kind, parcel.about, parcel.occasion)),
                (SELECT address FROM organizer WHERE organizer.id = parcel.organizer)
            """,
            (instant(now), platform, limit),
        )
        return sorted(map(_read_parcel, rows), key=lambda parcel: parcel.id)

    async def settle(self, parcel: int, became: Delivery) -> None:
        """See Store.settle."""
        await self._change("UPDATE parcel SET state = ? WHERE id = ?", (became, parcel))

    async def postpone(self, parcel: int, *, until: datetime) -> None:
        """See Store.postpone."""
        await self._change("UPDATE parcel SET state = 'waiting', not_before = ? WHERE id = ?", (instant(until), parcel))

    async def next_parcel(self, platform: str) -> datetime | None:
        """See Store.next_parcel."""
        rows = await self._read(
            "SELECT min(not_before) FROM parcel WHERE state = 'waiting' AND platform = ?", (platform,)
        )
        return maybe_moment(rows[0][0])

    async def unsettled(self, walkout: WalkoutId) -> int:
        """See Store.unsettled."""
        rows = await self._read(
            "SELECT count(*) FROM parcel WHERE walkout = ? AND state IN ('waiting', 'claimed')", (walkout,)
        )
        return int(rows[0][0])

    # -- small things -------------------------------------------------------------------------------------------

    async def _read(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return await self._in_turn(lambda: self._rows(sql, parameters))

    async def _change(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        return await self._in_transaction(lambda: self._rows(sql, parameters))

    async def aclose(self) -> None:
        """See Store.aclose."""
        self._ending = True
        self._arrived.set()
        await asyncio.wait([self._writer])
        if not self._writer.cancelled():  # then it has stopped the connection itself
            await self._db.close()


class _Waiting:
    """A change that waits for the next batch, or (`change` None) a job that waits for its turn."""

    __slots__ = ("answer", "change", "run")

    def __init__(
        self,
        change: Change | None,
        answer: asyncio.Future[Any],
        run: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.change = change
        self.answer = answer
        if run is not None:
            self.run = run


def _answer(future: asyncio.Future[Any], answer: object) -> None:
    if future.done():  # its caller was cancelled; what was committed stays
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


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
        )
        for row in json.loads(found[1])
    }
    places = {(WalkoutId(walkout), WorkplaceId(place)): free for walkout, place, free in json.loads(found[2])}
    for change in changes:
        key = (change.enrol.walkout, change.enrol.workplace) if change.enrol else None
        free = places.get(key, 0) if key else 0
        before = cards.get(change.card)
        answer, after = pledging.decide(change, before, walkouts, free=free, now=now)
        answers.append(answer)
        if after is None:
            continue
        yield change.card, after
        if answers[-1] is not answer:
            continue
        cards[change.card] = after
        if key is not None and after.state is CardState.PLEDGED:
            places[key] -= 1


# CROSS JOIN keeps the order: for each piece of news its recipients are looked up, never the other way round.
_ADD_NEWS = """
    INSERT INTO announcement (walkout, scope, kind, about, occasion, facts)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
           item.value ->> 'facts'
    FROM json_each(?2) AS item WHERE true ON CONFLICT DO NOTHING
"""
_ADD_PARCELS_TO_ROOMS = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, organizer)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
           room.platform, room.address, x''
    FROM json_each(?2) AS item CROSS JOIN room
    WHERE item.value ->> 'to_rooms' AND room.walkout = ?1 AND room.scope = item.value ->> 'scope'
    ORDER BY item.key ON CONFLICT DO NOTHING
"""
_ADD_PARCELS_TO_ORGANIZERS = """
    INSERT INTO parcel (walkout, scope, kind, about, occasion, platform, room, organizer)
    SELECT ?1, item.value ->> 'scope', item.value ->> 'kind', item.value ->> 'about', item.value ->> 'occasion',
           organizer.platform, '', organizer.id
    FROM json_each(?2) AS item CROSS JOIN organizer
    WHERE item.value ->> 'to_organizers' AND organizer.platform <> item.value ->> 'not_on'
    ORDER BY item.key ON CONFLICT DO NOTHING
"""
_ADD_ORGANIZER = """
    INSERT INTO organizer (id, platform, address, nickname) VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET address = excluded.address, nickname = excluded.nickname
"""


def _organizer_row(organizer: Organizer) -> Row:
    return organizer.id, organizer.platform, organizer.address, organizer.nickname


_WALKOUT = """
    SELECT id, terms, stage, opened, tally, tallied, next_tally, streak, milestone, reminded, ended
    FROM walkout
"""


def _state(walkout: Walkout) -> Row:
    return (
        walkout.stage,
        maybe_instant(walkout.opened),
        walkout.tally,
        maybe_instant(walkout.tallied),
        maybe_instant(walkout.next_tally),
        walkout.streak,
        walkout.milestone,
        maybe_instant(walkout.reminded),
        maybe_instant(walkout.ended),
    )


def _read_walkout(row: Row) -> Walkout:
    return Walkout(
        id=WalkoutId(row[0]),
        terms=read_terms(row[1]),
        stage=Stage(row[2]),
        opened=maybe_moment(row[3]),
        tally=row[4],
        tallied=maybe_moment(row[5]),
        next_tally=maybe_moment(row[6]),
        streak=row[7],
        milestone=row[8],
        reminded=maybe_moment(row[9]),
        ended=maybe_moment(row[10]),
    )


_WORKPLACE = """
    SELECT id, name, headcount, threshold, meet, minted, standing, reached, number, anchor, is_out, told_ready,
        walkout
    FROM workplace
"""
_WANTED_WALKOUTS = "WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_WANTED_PLACES = """
    JOIN (SELECT value ->> 0 AS wanted, value ->> 1 AS place FROM json_each(?)) ON walkout = wanted AND id = place
"""


def _read_workplace(row: Row) -> Workplace:
    return Workplace(
        id=WorkplaceId(row[0]),
        name=row[1],
        headcount=row[2],
        threshold=row[3],
        meet=row[4],
        minted=row[5],
        standing=row[6],
        line=BoardLine(reached=bool(row[7]), number=row[8], anchor=row[9]),
        out=bool(row[10]),
        told_ready=bool(row[11]),
    )


def _read_parcel(row: Row) -> Parcel:
    return Parcel(
        id=row[0],
        walkout=WalkoutId(row[1]),
        news=Announcement(
            scope=WorkplaceId(row[2]) or None,
            kind=Kind(row[3]),
            about=WorkplaceId(row[4]) or None,
            occasion=row[5],
            facts=json.loads(row[10]),
        ),
        platform=row[6],
        room=row[7] or None,
        person=row[11],
        attempts=row[8],
        nonce=row[9],
    )


# -- opening ------------------------------------------------------------------------------------------------------


def _migrations() -> list[str]:
    folder = resources.files("bot.storage") / "migrations" / "sqlite"
    scripts = sorted((script for script in folder.iterdir() if script.name.endswith(".sql")), key=lambda s: s.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


async def open_store(path: Path, *, clock: Callable[[], datetime], identity: str) -> SqliteStore:
    """Open the store for this process alone, and bring it to this version's schema.

    `identity` is the store's name in the key file. Raises StoreInUse (within two seconds), StoreTooNew,
    StoreUnusable, and KeyFileRefused if the key file belongs to another database.
    """
    try:
        # made by us, so that it is never readable by others, whatever the umask
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or type(error).__name__) from None
    opened = False
    connection = await aiosqlite.connect(path, isolation_level=None, timeout=LOCK_WAIT_S)
    try:
        await _own(connection)
        await _migrate(connection, path, identity)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreInUse(str(path)) from None
        raise StoreUnusable(str(path), str(error)) from None
    except sqlite3.Error as error:
        raise StoreUnusable(str(path), str(error)) from None
    else:
        opened = True
        return SqliteStore(connection, clock)
    finally:
        if not opened:  # refused or cancelled: a connection left open would hang the exit
            await connection.close()


async def _own(connection: aiosqlite.Connection) -> None:
    for pragma in PRAGMAS:
        await connection.execute_fetchall(f"PRAGMA {pragma}")
    # in exclusive mode the lock taken here is kept until the connection closes
    await connection.execute_fetchall("BEGIN EXCLUSIVE")
    await connection.execute_fetchall("COMMIT")


async def _migrate(connection: aiosqlite.Connection, path: Path, identity: str) -> None:
    scripts = _migrations()
    found = next(iter(await connection.execute_fetchall("PRAGMA user_version")))[0]
    if found > len(scripts):
        raise StoreTooNew(str(path), found, len(scripts))
    for number, script in enumerate(scripts[found:], start=found + 1):
        try:
            await connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                await connection.execute_fetchall("ROLLBACK")
            raise
    await connection.execute_fetchall(
        "INSERT INTO store (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM store)", (identity,)
    )
    kept = next(iter(await connection.execute_fetchall("SELECT id FROM store")))[0]
    if kept != identity:
        raise KeyFileRefused(str(path), "foreign")
    # whoever claimed these is not there any more: this process owns the store now
    await connection.execute_fetchall("UPDATE parcel SET state = 'waiting' WHERE state = 'claimed'")
