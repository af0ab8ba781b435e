"""Puts everything that is under the server's key under another one."""

from __future__ import annotations

import secrets

from bot.domain.roles import MemberId
from bot.storage.sqlite.writer import Writer
from bot.storage.store import Rekeying

_KNOWN = """
    SELECT id, platform, address FROM member UNION ALL
    SELECT redeemer, platform, address FROM role_card WHERE redeemer <> x''
"""
_GUARDS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'deed'"
_REKEY = (
    "UPDATE member SET id = renamed(id), address = reseal(address), nickname = reseal(nickname)",
    "UPDATE organizer SET id = renamed(id)",
    "UPDATE steward SET id = renamed(id)",
    "UPDATE sketch SET organizer = renamed(organizer), content = reseal(content), list = reseal(list)",
    "UPDATE suspension SET suspender = renamed(suspender), suspended = renamed(suspended)",
    "UPDATE opinion SET organizer = renamed(organizer)",
    "UPDATE proposal SET about = renamed(about), proposer = renamed(proposer), content = reseal(content)",
    "UPDATE proposal SET key = proposal_key(matter, walkout, about, content)",
    """
    UPDATE role_card SET appointer = renamed(appointer), redeemer = renamed(redeemer), address = reseal(address),
        nickname = reseal(nickname)
    """,
    "UPDATE parcel SET member = renamed(member) WHERE member <> x''",
    "UPDATE parcel SET address = reseal(address) WHERE address <> x'' AND NOT notice",  # a notice's is its locator
    "UPDATE deed SET nickname = reseal(nickname), detail = reseal(detail)",
    "UPDATE errand SET what = reseal(what)",
)


class Rekeyed(Writer):
    """Changes what is under the server's key."""

    async def rekey(self, name: str, rekeying: Rekeying) -> None:
        """See Store.rekey."""

        async def job() -> None:
            if await self._rows("SELECT 1 FROM store WHERE id = ?", (name,)):
                return
            await self._rows("PRAGMA defer_foreign_keys = ON")
            names: dict[MemberId, MemberId] = {b"": b""}
            for member, platform, address in await self._rows(_KNOWN):
                if (known := rekeying.member(member, platform, address)) is not None:
                    names[member] = known

            def renamed(member: MemberId) -> MemberId:
                # who has no role any more left no address: another name for what they said, which is nobody's
                return names.setdefault(member, secrets.token_bytes(len(member)))

            await self._db.create_function("renamed", 1, renamed)
            await self._db.create_function("reseal", 1, rekeying.reseal)
            await self._db.create_function("proposal_key", 4, rekeying.proposal)
            # the audit is written down for good, and what it says stays
            guards = await self._rows(_GUARDS)
            for guard, _sql in guards:
                await self._rows(f"DROP TRIGGER {guard}")
            for statement in _REKEY:
                await self._rows(statement)
            for _guard, sql in guards:
                await self._rows(sql)
            await self._rows("UPDATE store SET id = ?", (name,))

        await self._in_transaction(job)
