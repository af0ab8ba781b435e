"""Plain asyncpg, written as well as we can: what the store on PostgreSQL is measured against.

The same work as the store's: lock, find the cards and the walkout's stage and deadline, decide, write the cards, the
pledges and the counts, commit. It keeps no order out of the files, knows no other process's cards but by locks on
rows, and asks nobody how a commit ended that it did not hear.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import asyncpg

from bench.ground import free, pledge_of
from bench.raw import Asked, refusal

TABLES = "ALTER TABLE kept_card SET (fillfactor = 70); ALTER TABLE kept_pledge SET (fillfactor = 70)"
"""So that a row's new version has room beside the old one; before there are any."""

_BEGIN = "BEGIN; SELECT pg_advisory_xact_lock_shared(1)"
_HEADS = "SELECT id, stage, pledge_by, next_tally FROM walkout"
_FIND = """
    SELECT card.key, card.campaign, pledge.unit, pledge.state, card.owner
    FROM unnest($1::bytea[], $2::bytea[]) AS asked (card, pledge)
        JOIN kept_card AS card ON card.key = asked.card JOIN kept_pledge AS pledge ON pledge.key = asked.pledge
    ORDER BY card.key FOR UPDATE OF card, pledge
"""
_WRITE = """
    WITH cards AS (
        UPDATE kept_card SET owner = new.owner FROM unnest($1::bytea[], $2::bytea[]) AS new (key, owner)
        WHERE kept_card.key = new.key
    ), counts AS (
        UPDATE counted SET standing = standing + new.more FROM unnest($5::text[], $6::bigint[], $7::bigint[])
            AS new (walkout, id, more) WHERE (counted.walkout, counted.id) = (new.walkout, new.id)
    )
    UPDATE kept_pledge SET state = new.state FROM unnest($3::bytea[], $4::text[]) AS new (key, state)
    WHERE kept_pledge.key = new.key
"""
BARE = """
    UPDATE kept_pledge SET state = new.state FROM unnest($1::bytea[], $2::text[]) AS new (key, state)
    WHERE kept_pledge.key = new.key
"""
"""Nothing but the pledges, whoever asks: a transaction of its own."""


async def group(connection: asyncpg.Connection, asked: Sequence[Asked]) -> list[str]:
    """Carry out the group in one transaction."""
    now = time.time_ns() // 1000
    await connection.execute(_BEGIN)
    heads = {row[0]: row[1:] for row in map(tuple, await connection.fetch(_HEADS))}
    keys = [card for _, card, _ in asked]
    found = await connection.fetch(_FIND, keys, [pledge_of(card) for card in keys])
    cards = {row[0]: tuple(row)[1:] for row in found}
    verdicts = []
    written: dict[bytes, tuple[str, bytes]] = {}
    more: Counter[tuple[str, int]] = Counter()
    for pledge, card, owner in asked:
        row = cards.get(card)
        if row is None:
            verdicts.append("UnknownCard")
            continue
        walkout, unit, before, owned = row
        verdict = refusal(heads[walkout], owned, (owner, free(card)), now, pledge=pledge)
        if verdict is None:
            state = "p" if pledge else "w"
            cards[card] = (walkout, unit, state, owner)
            written[card] = (state, owner)
            more[walkout, unit] += (state == "p") - (before == "p")
            verdict = "pledged" if pledge else "taken back"
        verdicts.append(verdict)
    await connection.execute(
        _WRITE,
        list(written),
        [owner for _, owner in written.values()],
        [pledge_of(card) for card in written],
        [state for state, _ in written.values()],
        [walkout for walkout, _ in more],
        [unit for _, unit in more],
        list(more.values()),
    )
    await connection.execute("COMMIT")
    return verdicts


async def bare(connection: asyncpg.Connection, asked: Sequence[Asked]) -> list[str]:
    """Write the pledges by one statement, and look at nothing."""
    await connection.execute(
        BARE, [pledge_of(card) for _, card, _ in asked], ["p" if pledge else "w" for pledge, _, _ in asked]
    )
    return ["pledged" if pledge else "taken back" for pledge, _, _ in asked]
