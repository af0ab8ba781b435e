"""Puts everything that is under the server's key under another one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.roles import MemberId
from bot.storage.sql.writer import Row, Writer
from bot.storage.store import Rekeying

_KNOWN = """
    SELECT id, platform, address FROM member UNION ALL
    SELECT redeemer, platform, address FROM role_card WHERE length(redeemer) > 0
"""


class _Table(NamedTuple):
    """What of a table is under the key."""

    name: str
    key: Sequence[str]
    names: Sequence[str] = ()  #: columns that name a member
    sealed: Sequence[str] = ()
    where: str = "true"


_UNDER_KEY = (
    _Table("member", ["id"], ["id"], ["address", "nickname"]),
    _Table("organizer", ["id"], ["id"]),
    _Table("steward", ["walkout", "unit", "id"], ["id"]),
    _Table("sketch", ["organizer"], ["organizer"], ["content", "list"]),
    _Table("suspension", ["id"], ["suspender", "suspended"]),
    _Table("opinion", ["proposal", "organizer"], ["organizer"]),
    _Table("proposal", ["id"], ["about", "proposer"], ["content"]),
    _Table("role_card", ["hash"], ["appointer", "redeemer"], ["address", "nickname"]),
    # what goes to a notice has its locator for an address
    _Table("parcel", ["id"], ["member"], ["address"], "notice = 0 AND length(member) + length(address) > 0"),
    _Table("deed", ["number"], [], ["nickname", "detail"]),
    _Table("errand", ["id"], [], ["what"]),
)


class Rekeyed(Writer):
    """Changes what is under the server's key."""

    async def rekey(self, name: str, rekeying: Rekeying) -> None:
        """See Store.rekey."""

        async def job() -> None:
            if await self._rows("SELECT 1 FROM store WHERE id = ?", (name,)):
                return
            names: dict[MemberId, MemberId] = {b"": b""}
            for member, platform, address in await self._rows(_KNOWN):
                if (known := rekeying.member(member, platform, address)) is not None:
                    names[member] = known
            async with self._unguarded():
                for table in _UNDER_KEY:
                    await self._put_under(table, names, rekeying)
                await self._name_proposals(rekeying)
            await self._rows("UPDATE store SET id = ?", (name,))

        await self._in_transaction(job)

    async def _put_under(self, table: _Table, names: dict[MemberId, MemberId], rekeying: Rekeying) -> None:
        columns = [*table.names, *table.sealed]
        found = await self._rows(f"SELECT {', '.join([*columns, *table.key])} FROM {table.name} WHERE {table.where}")

        def put(row: Row) -> Row:
            named, sealed, key = row[: len(table.names)], row[len(table.names) : len(columns)], row[len(columns) :]
            # who has no role any more left no address: another name for what they said, which is nobody's
            renamed = [names.setdefault(each, secrets.token_bytes(len(each))) for each in named]
            return (*renamed, *map(rekeying.reseal, sealed), *key)

        changes = ", ".join(f"{column} = ?" for column in columns)
        those = " AND ".join(f"{column} = ?" for column in table.key)
        await self._each(f"UPDATE {table.name} SET {changes} WHERE {those}", map(put, found))

    async def _name_proposals(self, rekeying: Rekeying) -> None:
        found = await self._rows("SELECT matter, walkout, about, content, id FROM proposal")
        await self._each(
            "UPDATE proposal SET key = ? WHERE id = ?", [(rekeying.proposal(*row[:4]), row[4]) for row in found]
        )
