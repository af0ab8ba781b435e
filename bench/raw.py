"""Plain sqlite3, written as well as we can: what the store is measured against.

The same work as the store's: find the card, check the walkout's stage and deadline and the card's owner, write
the card; the triggers keep the counts. Of the ways tried the fastest stands here: for a group, set-based
statements with UPDATE ... FROM (faster than a SELECT and an UPDATE for each change, and than executemany);
for a single change, one conditional UPDATE that returns the workplace.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import aiosqlite

Asked = tuple[bool, bytes, bytes]
"""Whether it is a pledge (else it is taken back), the card, the owner."""

NOBODY = bytes(32)

_HEADS = "SELECT id, stage, pledge_by, next_tally FROM walkout"
_FIND = """
    SELECT card.hash, card.walkout, card.state, card.owner
    FROM json_each(?1) AS nth JOIN card ON card.hash = substr(?2, nth.value * 32 + 1, 32)
"""
_WRITE = """
    UPDATE card SET state = nth.value, owner = substr(?3, nth.key * 32 + 1, 32)
    FROM json_each(?1) AS nth WHERE card.hash = substr(?2, nth.key * 32 + 1, 32)
"""
_WRITE_ONE = "UPDATE card SET state = ?1, owner = ?2 WHERE hash = ?3"
_PLEDGE = """
    UPDATE card SET state = 'p', owner = ?1 WHERE hash = ?2 AND (state = 'm' OR owner = ?1) AND EXISTS (
        SELECT 1 FROM walkout WHERE id = card.walkout AND stage IN ('open', 'on')
        AND pledge_by > ?3 AND (next_tally IS NULL OR next_tally > ?3)
    ) RETURNING workplace
"""
_TAKE_BACK = _PLEDGE.replace("state = 'p', owner = ?1 WHERE", "state = 'w' WHERE").replace("state = 'm' OR ", "")
_LOOK = """
    SELECT card.owner, walkout.stage, walkout.pledge_by, walkout.next_tally
    FROM card JOIN walkout ON walkout.id = card.walkout WHERE card.hash = ?
"""


def group(connection: sqlite3.Connection, asked: Sequence[Asked]) -> list[str]:
    """Carry out the group in one transaction; where the database refuses a change, one by one."""
    now = time.time_ns() // 1000
    connection.execute("BEGIN IMMEDIATE")
    heads = {row[0]: row[1:] for row in connection.execute(_HEADS)}
    hashes = b"".join([card for _, card, _ in asked])
    found = connection.execute(_FIND, (_numbers(len(asked)), hashes))
    cards = {row[0]: row[1:] for row in found}
    verdicts = []
    written: dict[bytes, tuple[str, bytes, int]] = {}
    for nth, (pledge, card, owner) in enumerate(asked):
        row = cards.get(card)
        if row is None:
            verdicts.append("UnknownCard")
            continue
        walkout, _, owned = row
        verdict = _refusal(heads[walkout], owned, owner, now, pledge=pledge)
        if verdict is None:
            state = "p" if pledge else "w"
            cards[card] = (walkout, state, owner)
            written[card] = (state, owner, nth)
            verdict = "pledged" if pledge else "taken back"
        verdicts.append(verdict)
    try:
        states = json.dumps([state for state, _, _ in written.values()])
        connection.execute(_WRITE, (states, b"".join(written), b"".join([owner for _, owner, _ in written.values()])))
    except sqlite3.IntegrityError:
        for card, (state, owner, nth) in written.items():
            try:
                connection.execute(_WRITE_ONE, (state, owner, card))
            except sqlite3.IntegrityError:
                verdicts[nth] = "NotRecorded"
    connection.execute("COMMIT")
    return verdicts


def one(connection: sqlite3.Connection, asked: Asked) -> str:
    """Carry out a single change in its own transaction."""
    pledge, card, owner = asked
    now = time.time_ns() // 1000
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = connection.execute(_PLEDGE if pledge else _TAKE_BACK, (owner, card, now)).fetchall()
        # only what was not done has to be explained
        row = None if done else connection.execute(_LOOK, (card,)).fetchone()
    except sqlite3.IntegrityError:
        connection.execute("ROLLBACK")
        return "NotRecorded"
    connection.execute("COMMIT")
    return _verdict(row, owner, now, pledge=pledge, done=bool(done))


async def one_awaited(connection: aiosqlite.Connection, asked: Asked) -> str:
    """Carry out a single change through aiosqlite, each statement awaited."""
    pledge, card, owner = asked
    now = time.time_ns() // 1000
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    try:
        done = await connection.execute_fetchall(_PLEDGE if pledge else _TAKE_BACK, (owner, card, now))
        rows = [] if done else list(await connection.execute_fetchall(_LOOK, (card,)))
    except sqlite3.IntegrityError:
        await connection.rollback()
        return "NotRecorded"
    await connection.commit()
    return _verdict(rows[0] if rows else None, owner, now, pledge=pledge, done=bool(done))


def _verdict(looked: Any, owner: bytes, now: int, *, pledge: bool, done: bool) -> str:
    if done:
        return "pledged" if pledge else "taken back"
    if looked is None:
        return "UnknownCard"
    owned, *head = looked
    return _refusal(head, owned, owner, now, pledge=pledge) or "nothing to do"


def _refusal(head: Sequence[Any], owned: bytes, owner: bytes, now: int, *, pledge: bool) -> str | None:
    stage, pledge_by, next_tally = head
    if next_tally is not None and next_tally <= now:
        return "TallyDue"
    if stage not in {"open", "on"} or pledge_by <= now:
        return "PledgingClosed"
    if owned == owner or (pledge and owned == NOBODY):
        return None
    return "CardSpent" if pledge else "NotPledged"


@lru_cache(maxsize=512)
def _numbers(count: int) -> str:
    return json.dumps(list(range(count)))
