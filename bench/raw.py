"""Plain sqlite3, written as well as we can: what the store is measured against.

The same work as the store's: find the card, check the walkout's stage and deadline and the card's owner, write
the card; the triggers keep the counts. Of the ways tried the fastest stands here: for a group, set-based
statements with UPDATE ... FROM (faster than a SELECT and an UPDATE for each change, and than executemany);
for a single change, one conditional UPDATE that returns the unit.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import aiosqlite

from bench.ground import free, pledge_of

Asked = tuple[bool, bytes, bytes]
"""Whether it is a pledge (else it is taken back), the card, the owner."""

_HEADS = "SELECT id, stage, pledge_by, next_tally FROM walkout"
_FIND = """
    SELECT card.key, card.campaign, pledge.state, card.owner
    FROM json_each(?1) AS nth JOIN card ON card.key = substr(?2, nth.value * 32 + 1, 32)
        JOIN pledge ON pledge.key = substr(?3, nth.value * 32 + 1, 32)
"""
_WRITE_PLEDGES = """
    UPDATE pledge SET state = nth.value FROM json_each(?1) AS nth
    WHERE pledge.key = substr(?2, nth.key * 32 + 1, 32)
"""
_WRITE_CARDS = """
    UPDATE card SET owner = substr(?2, nth.value * 32 + 1, 32)
    FROM json_each(?1) AS nth WHERE card.key = substr(?3, nth.value * 32 + 1, 32)
"""
_WRITE_PLEDGE = "UPDATE pledge SET state = ?1 WHERE key = ?2"
_WRITE_CARD = "UPDATE card SET owner = ?1 WHERE key = ?2"
_PLEDGE = """
    UPDATE card SET owner = ?1 WHERE key = ?2 AND (owner = ?4 OR owner = ?1) AND EXISTS (
        SELECT 1 FROM walkout WHERE id = card.campaign AND stage IN ('open', 'on')
        AND pledge_by > ?3 AND (next_tally IS NULL OR next_tally > ?3)
    ) RETURNING unit
"""
_TAKE_BACK = _PLEDGE.replace("(owner = ?4 OR owner = ?1)", "owner = ?1")
_LOOK = """
    SELECT card.owner, walkout.stage, walkout.pledge_by, walkout.next_tally
    FROM card JOIN walkout ON walkout.id = card.campaign WHERE card.key = ?
"""


def group(connection: sqlite3.Connection, asked: Sequence[Asked]) -> list[str]:
    """Carry out the group in one transaction; where the database refuses a change, one by one."""
    now = time.time_ns() // 1000
    connection.execute("BEGIN IMMEDIATE")
    heads = {row[0]: row[1:] for row in connection.execute(_HEADS)}
    hashes = b"".join([card for _, card, _ in asked])
    pledges = b"".join([pledge_of(card) for _, card, _ in asked])
    found = connection.execute(_FIND, (_numbers(len(asked)), hashes, pledges))
    cards = {row[0]: row[1:] for row in found}
    verdicts = []
    written: dict[bytes, tuple[str, bytes, int]] = {}
    for nth, (pledge, card, owner) in enumerate(asked):
        row = cards.get(card)
        if row is None:
            verdicts.append("UnknownCard")
            continue
        walkout, _, owned = row
        verdict = refusal(heads[walkout], owned, (owner, free(card)), now, pledge=pledge)
        if verdict is None:
            state = "p" if pledge else "w"
            cards[card] = (walkout, state, owner)
            written[card] = (state, owner, nth)
            verdict = "pledged" if pledge else "taken back"
        verdicts.append(verdict)
    try:
        owners = b"".join([owner for _, owner, _ in written.values()])
        connection.execute(_WRITE_CARDS, (_numbers(len(written)), owners, b"".join(written)))
        states = json.dumps([state for state, _, _ in written.values()])
        connection.execute(_WRITE_PLEDGES, (states, b"".join(map(pledge_of, written))))
    except sqlite3.IntegrityError:
        for card, (state, owner, nth) in written.items():
            try:
                connection.execute(_WRITE_CARD, (owner, card))
                connection.execute(_WRITE_PLEDGE, (state, pledge_of(card)))
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
        done = connection.execute(*_asked(card, owner, now, pledge=pledge)).fetchall()
        if done:
            connection.execute(_WRITE_PLEDGE, ("p" if pledge else "w", pledge_of(card)))
        # only what was not done has to be explained
        row = None if done else connection.execute(_LOOK, (card,)).fetchone()
    except sqlite3.IntegrityError:
        connection.execute("ROLLBACK")
        return "NotRecorded"
    connection.execute("COMMIT")
    return _verdict(row, (owner, free(card)), now, pledge=pledge, done=bool(done))


async def one_awaited(connection: aiosqlite.Connection, asked: Asked) -> str:
    """Carry out a single change through aiosqlite, each statement awaited."""
    pledge, card, owner = asked
    now = time.time_ns() // 1000
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    try:
        done = await connection.execute_fetchall(*_asked(card, owner, now, pledge=pledge))
        if done:
            await connection.execute_fetchall(_WRITE_PLEDGE, ("p" if pledge else "w", pledge_of(card)))
        rows = [] if done else list(await connection.execute_fetchall(_LOOK, (card,)))
    except sqlite3.IntegrityError:
        await connection.rollback()
        return "NotRecorded"
    await connection.commit()
    return _verdict(rows[0] if rows else None, (owner, free(card)), now, pledge=pledge, done=bool(done))


def _asked(card: bytes, owner: bytes, now: int, *, pledge: bool) -> tuple[str, tuple[bytes | int, ...]]:
    return (_PLEDGE, (owner, card, now, free(card))) if pledge else (_TAKE_BACK, (owner, card, now))


def _verdict(looked: Any, may: tuple[bytes, bytes], now: int, *, pledge: bool, done: bool) -> str:
    if done:
        return "pledged" if pledge else "taken back"
    if looked is None:
        return "UnknownCard"
    owned, *head = looked
    return refusal(head, owned, may, now, pledge=pledge) or "nothing to do"


def refusal(head: Sequence[Any], owned: bytes, may: tuple[bytes, bytes], now: int, *, pledge: bool) -> str | None:
    """Say why not, given who may pledge the card: its owner, and whoever comes first while it is free."""
    stage, pledge_by, next_tally = head
    if next_tally is not None and next_tally <= now:
        return "TallyDue"
    if stage not in {"open", "on"} or pledge_by <= now:
        return "PledgingClosed"
    if owned in (may if pledge else may[:1]):
        return None
    return "CardSpent" if pledge else "NotPledged"


@lru_cache(maxsize=512)
def _numbers(count: int) -> str:
    return json.dumps(list(range(count)))
