"""Organizers and stewards: their roles, the codes that make them, what they propose, what they have done."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.model import Announcement, UnitId, WalkoutId
from bot.domain.roles import Became, Deed, Matter, MemberId, Proposal, Role, Roles, Suspension
from bot.storage.records import instant, moment
from bot.storage.sql.news import News
from bot.storage.sql.writer import Row
from bot.storage.store import Committee, Member, Note, Noted, RoleCard

_ADD_MEMBER = """
    INSERT INTO member (id, platform, address, nickname) VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET platform = excluded.platform, address = excluded.address,
        nickname = excluded.nickname
"""
_PROPOSAL = """
    SELECT id, matter, walkout, content, key, about, proposer, until, became FROM proposal
"""
_OPINIONS = "SELECT organizer, approves FROM opinion WHERE proposal = ?"
_ROLE_CARD = """
    SELECT hash, id, role, walkout, unit, nickname, appointer, until, proposal, word, redeemer, platform, address,
        settled
    FROM role_card
"""
_SUSPENSION = "SELECT id, suspender, suspended, until, again FROM suspension"
# What was put off while they were suspended.
_LET_LETTERS_GO = """
    UPDATE parcel SET not_before = 0 WHERE state = 'waiting' AND length(member) > 0
    AND member IN (SELECT suspender FROM suspension WHERE {which} UNION SELECT suspended FROM suspension WHERE {which})
"""


def _used_by(key: bytes, member: MemberId) -> bytes:
    """Return what a used code is kept as: it is good for nothing, and found only by who used it."""
    return hashlib.sha256(key + member).digest()


class People(News):
    """Keeps people's roles."""

    # -- roles ------------------------------------------------------------------------------------------------

    async def roles(self, member: MemberId) -> Roles:
        """See Store.roles."""
        return await self._look_up(self._roles, member)

    async def _roles(self, members: Sequence[MemberId]) -> dict[MemberId, Roles]:
        marks = ", ".join(f"?{number}" for number, _member in enumerate(members, 1))
        rows = await self._rows(
            f"""
            SELECT id, NULL AS walkout, 0 AS unit, 1 AS organizes FROM organizer WHERE id IN ({marks})
            UNION ALL SELECT id, walkout, unit, organizes FROM steward WHERE id IN ({marks})
            """,
            members,
        )
        suspensions = await self._rows(f"{_SUSPENSION} WHERE until > ?", (instant(self._clock()),))
        running = {member: one for one in map(_read_suspension, suspensions) for member in one.both}
        own: defaultdict[MemberId, list[tuple[WalkoutId | None, UnitId, int]]] = defaultdict(list)
        for member, walkout, place, organizes in rows:
            own[member].append((walkout, place, organizes))
        return {
            member: Roles(suspension=running[member])
            if member in running
            else Roles(
                organizer=any(walkout is None for walkout, _place, _organizes in own[member]),
                units=tuple((walkout, place) for walkout, place, _organizes in own[member] if walkout),
                organizes=tuple((walkout, place) for walkout, place, organizes in own[member] if walkout and organizes),
            )
            for member in members
        }

    async def committee(self) -> Committee:
        """See Store.committee."""

        async def job() -> Committee:
            members = await self._rows("SELECT id, platform, address, nickname FROM member")
            organizers = await self._rows("SELECT id FROM organizer")
            stewards = await self._rows("SELECT walkout, unit, id, organizes FROM steward ORDER BY walkout, unit")
            suspensions = await self._rows(f"{_SUSPENSION} ORDER BY id")
            return Committee(
                members={row[0]: _read_member(row) for row in members},
                organizers=frozenset(row[0] for row in organizers),
                stewards=tuple((walkout, place, who) for walkout, place, who, _organizes in stewards),
                own=frozenset((walkout, place, who) for walkout, place, who, organizes in stewards if organizes),
                suspensions=tuple(map(_read_suspension, suspensions)),
            )

        return await self._reading(job)

    async def add_organizer(self, organizer: Member) -> None:
        """See Store.add_organizer."""
        await self._in_transaction(lambda: self._add_organizer(organizer))

    async def _add_organizer(self, organizer: Member) -> None:
        await self._rows(_ADD_MEMBER, _member_row(organizer))
        await self._rows("INSERT INTO organizer (id) VALUES (?) ON CONFLICT DO NOTHING", (organizer.id,))

    async def remove_organizer(self, member: MemberId, note: Note | None = None, *news: Announcement) -> bool:
        """See Store.remove_organizer."""

        async def job() -> bool:
            organizers = {row[0] for row in await self._rows("SELECT id FROM organizer")}
            if member not in organizers:
                return True
            if len(organizers) == 1:
                return False
            await self._rows(_LET_LETTERS_GO.format(which="?1 IN (suspender, suspended)"), (member,))
            await self._rows("DELETE FROM suspension WHERE ?1 IN (suspender, suspended)", (member,))
            await self._rows("DELETE FROM organizer WHERE id = ?", (member,))
            await self._note(note)
            await self._rows(
                "UPDATE proposal SET became = 'refused' WHERE proposer = ? AND became IN ('open', 'granted')", (member,)
            )
            await self._rows("DELETE FROM role_card WHERE appointer = ?", (member,))
            await self._forget_member(member)
            await self._write_news(None, news)
            return True

        return await self._in_transaction(job)

    async def suspend(self, suspension: Suspension, news: Announcement, note: Note, *, now: datetime) -> bool:
        """See Store.suspend."""

        async def job() -> bool:
            await self._rows("DELETE FROM suspension WHERE again <= ?", (instant(now),))
            both = (suspension.suspender, suspension.suspended)
            organizing = await self._rows("SELECT 1 FROM organizer WHERE id IN (?, ?)", both)
            stopped = await self._rows(
                """
                SELECT 1 FROM suspension WHERE suspender = ?1
                OR (until > ?3 AND (suspended IN (?1, ?2) OR suspender = ?2))
                """,
                (*both, instant(now)),
            )
            if len(organizing) < len(set(both)) or stopped:
                return False
            await self._rows(
                "INSERT INTO suspension (id, suspender, suspended, until, again) VALUES (?, ?, ?, ?, ?)",
                (suspension.id, *both, instant(suspension.until), instant(suspension.again)),
            )
            await self._note(note)
            await self._write_news(None, [news])
            return True

        return await self._in_transaction(job)

    async def end_suspension(self, suspension: str, news: Announcement, note: Note, *, now: datetime) -> bool:
        """See Store.end_suspension."""

        async def job() -> bool:
            ended = await self._rows(
                "UPDATE suspension SET until = ?2 WHERE id = ?1 AND until > ?2 RETURNING 1", (suspension, instant(now))
            )
            if not ended:
                return False
            await self._rows(_LET_LETTERS_GO.format(which="id = ?1"), (suspension,))
            await self._note(note)
            await self._write_news(None, [news])
            return True

        return await self._in_transaction(job)

    async def remove_steward(
        self, member: MemberId, walkout: WalkoutId, unit: UnitId, note: Note, news: Announcement
    ) -> None:
        """See Store.remove_steward."""

        async def job() -> None:
            removed = await self._rows(
                "DELETE FROM steward WHERE id = ? AND walkout = ? AND unit = ? RETURNING 1",
                (member, walkout, unit),
            )
            if removed:
                await self._note(note)
                await self._forget_member(member)
                await self._write_news(walkout, [news])

        await self._in_transaction(job)

    # -- codes that make them -----------------------------------------------------------------------------------

    async def add_organizer_code(self, key: bytes, *, until: datetime) -> None:
        """See Store.add_organizer_code."""

        async def job() -> None:
            await self._rows("DELETE FROM organizer_code WHERE until <= ?", (instant(self._clock()),))
            await self._rows("INSERT INTO organizer_code (hash, until) VALUES (?, ?)", (key, instant(until)))

        await self._in_transaction(job)

    async def knows_organizer_code(self, key: bytes, member: MemberId) -> bool:
        """See Store.knows_organizer_code."""
        return bool(await self._read("SELECT 1 FROM organizer_code WHERE hash IN (?, ?)", (key, _used_by(key, member))))

    async def redeem_organizer_code(
        self, key: bytes, organizer: Member, news: Announcement, note: Note, *, now: datetime
    ) -> bool:
        """See Store.redeem_organizer_code."""

        async def job() -> bool:
            await self._rows("DELETE FROM organizer_code WHERE until <= ?", (instant(now),))
            used = await self._rows(
                "UPDATE organizer_code SET hash = ? WHERE hash = ? RETURNING 1", (_used_by(key, organizer.id), key)
            )
            if used:
                await self._add_organizer(organizer)
                await self._note(note)
                await self._write_news(None, [news])
            return bool(used)

        return await self._in_transaction(job)

    async def add_role_card(self, card: RoleCard, note: Note) -> None:
        """See Store.add_role_card."""

        async def job() -> None:
            await self._rows("DELETE FROM role_card WHERE until <= ?", (instant(self._clock()),))
            added = await self._rows(
                """
                INSERT INTO role_card (hash, id, role, walkout, unit, nickname, appointer, until, proposal,
                    word, redeemer, platform, address)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', ?10, '', ?10) ON CONFLICT DO NOTHING RETURNING 1
                """,
                (
                    card.key,
                    card.id,
                    card.role,
                    card.walkout or "",
                    card.unit or 0,
                    card.nickname,
                    card.appointer,
                    instant(card.until),
                    card.proposal,
                    b"",
                ),
            )
            if added:
                await self._note(note)

        await self._in_transaction(job)

    async def role_card(self, card: str) -> RoleCard | None:
        """See Store.role_card."""
        rows = await self._read(f"{_ROLE_CARD} WHERE id = ?", (card,))
        return _read_role_card(rows[0]) if rows else None

    async def redeem_role_card(
        self, key: bytes, redeemer: Member, word: str, news: Callable[[RoleCard], Announcement], *, now: datetime
    ) -> RoleCard | None:
        """See Store.redeem_role_card."""

        async def job() -> RoleCard | None:
            if not await self._rows("SELECT 1 FROM role_card WHERE hash = ?", (key,)):
                return None  # nothing is written for whoever guesses
            await self._rows("DELETE FROM role_card WHERE until <= ?", (instant(now),))
            used = await self._rows(
                """
                UPDATE role_card SET redeemer = ?2, platform = ?3, address = ?4, word = ?5
                WHERE hash = ?1 AND length(redeemer) = 0 AND settled = 0 AND (proposal = '' OR EXISTS (
                    SELECT 1 FROM proposal WHERE proposal.id = role_card.proposal AND became = 'done'))
                RETURNING 1
                """,
                (key, redeemer.id, redeemer.way, redeemer.address, word),
            )
            rows = await self._rows(f"{_ROLE_CARD} WHERE hash = ? AND redeemer = ?", (key, redeemer.id))
            if not rows:
                return None
            card = _read_role_card(rows[0])
            if used:
                await self._write_news(card.walkout, [news(card)])
            return card

        return await self._in_transaction(job)

    async def settle_role_card(self, card: RoleCard, *, confirmed: bool, news: Announcement | None, note: Note) -> bool:
        """See Store.settle_role_card."""

        async def job() -> bool:
            # it stays until it is too old, so that the same code is never made again; whose it was does not
            used_up = await self._rows(
                """
                UPDATE role_card SET settled = 1, word = '', redeemer = ?2, platform = '', address = ?2
                WHERE hash = ?1 AND settled = 0 RETURNING 1
                """,
                (card.key, b""),
            )
            if not used_up or card.redeemer is None:
                return False
            if confirmed and card.role is Role.ORGANIZER:
                await self._add_organizer(card.redeemer)
            elif confirmed:
                await self._rows(_ADD_MEMBER, _member_row(card.redeemer))
                await self._rows(
                    """
                    INSERT INTO steward (walkout, unit, id, organizes) VALUES (?, ?, ?, ?)
                    ON CONFLICT (walkout, unit, id) DO UPDATE SET organizes = excluded.organizes
                    WHERE excluded.organizes = 1
                    """,
                    (card.walkout, card.unit, card.redeemer.id, int(card.role is Role.UNIT_ORGANIZER)),
                )
            await self._note(note)
            if news is not None:
                await self._write_news(card.walkout, [news])
            return True

        return await self._in_transaction(job)

    # -- proposals ----------------------------------------------------------------------------------------------

    async def propose(self, proposal: Proposal, news: Announcement | None, note: Note, *, now: datetime) -> Proposal:
        """See Store.propose."""

        async def job() -> Proposal:
            if await self._rows("SELECT 1 FROM proposal WHERE id = ?", (proposal.id,)):
                return await self._proposal(proposal.id)
            same = await self._rows(
                "SELECT id FROM proposal WHERE key = ? AND became = 'open' AND until > ?", (proposal.key, instant(now))
            )
            number = same[0][0] if same else proposal.id
            if not same:
                await self._rows(
                    """
                    INSERT INTO proposal (id, matter, walkout, content, key, about, proposer, until, became)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    (
                        proposal.id,
                        proposal.matter,
                        proposal.walkout or "",
                        proposal.content,
                        proposal.key,
                        proposal.about,
                        proposal.proposer,
                        instant(proposal.until),
                        proposal.became,
                    ),
                )
                await self._note(note)
                if news is not None:
                    await self._write_news(proposal.walkout, [news])
            if await self._opinion(number, proposal.proposer, approves=True) and same:
                await self._note(replace(note, deed=Deed.APPROVED))
            return await self._proposal(number)

        return await self._in_transaction(job)

    async def proposal(self, proposal: str) -> Proposal | None:
        """See Store.proposal."""
        return await self._reading(lambda: self._find_proposal(f"{_PROPOSAL} WHERE id = ?", (proposal,)))

    async def _proposal(self, proposal: str) -> Proposal:
        found = await self._find_proposal(f"{_PROPOSAL} WHERE id = ?", (proposal,))
        if found is None:
            raise LookupError(proposal)
        return found

    async def _find_proposal(self, sql: str, parameters: Sequence[object]) -> Proposal | None:
        rows = await self._rows(sql, parameters)
        if not rows:
            return None
        return _read_proposal(rows[0], await self._rows(_OPINIONS, (rows[0][0],)))

    async def opine(
        self, proposal: str, organizer: MemberId, *, approves: bool, note: Note, now: datetime
    ) -> Proposal | None:
        """See Store.opine."""

        async def job() -> Proposal | None:
            still = await self._rows(
                "SELECT 1 FROM proposal WHERE id = ? AND became = 'open' AND until > ?", (proposal, instant(now))
            )
            if not still:
                return None
            if await self._opinion(proposal, organizer, approves=approves):
                await self._note(note)
            return await self._proposal(proposal)

        return await self._in_transaction(job)

    async def _opinion(self, proposal: str, organizer: MemberId, *, approves: bool) -> bool:
        changed = await self._rows(
            """
            INSERT INTO opinion (proposal, organizer, approves) VALUES (?, ?, ?)
            ON CONFLICT (proposal, organizer) DO UPDATE SET approves = excluded.approves
            WHERE opinion.approves <> excluded.approves RETURNING 1
            """,
            (proposal, organizer, int(approves)),
        )
        return bool(changed)

    async def latest(self, key: bytes, *became: Became) -> Proposal | None:
        """See Store.latest."""
        wanted = ", ".join("?" * len(became))
        sql = f"{_PROPOSAL} WHERE key = ? AND became IN ({wanted}) ORDER BY until DESC LIMIT 1"
        return await self._reading(lambda: self._find_proposal(sql, (key, *became)))

    async def conclude(
        self, proposal: str, became: Became, news: Announcement | None, note: Note, *, expected: Became
    ) -> bool:
        """See Store.conclude."""

        async def job() -> bool:
            changed = await self._rows(
                "UPDATE proposal SET became = ? WHERE id = ? AND became = ? RETURNING walkout",
                (became, proposal, expected),
            )
            if not changed:
                return False
            await self._note(note)
            if news is not None:
                await self._write_news(WalkoutId(changed[0][0]) or None, [news])
            return True

        return await self._in_transaction(job)

    # -- the audit ------------------------------------------------------------------------------------------------

    async def noted(self, *, walkout: WalkoutId | None, before: int | None, limit: int) -> list[Noted]:
        """See Store.noted."""
        rows = await self._read(
            """
            SELECT number, deed, walkout, tally, nickname, detail FROM deed
            WHERE (CAST(?1 AS TEXT) IS NULL OR walkout = CAST(?1 AS TEXT))
                AND (CAST(?2 AS BIGINT) IS NULL OR number < CAST(?2 AS BIGINT)) ORDER BY number DESC LIMIT ?3
            """,
            (walkout, before, limit),
        )
        return [
            Noted(number=n, deed=Deed(deed), walkout=WalkoutId(of) or None, tally=tally, nickname=who, detail=detail)
            for n, deed, of, tally, who, detail in rows
        ]


def _member_row(member: Member) -> Row:
    return member.id, member.way, member.address, member.nickname


def _read_member(row: Row) -> Member:
    return Member(id=row[0], way=row[1], address=row[2], nickname=row[3])


def _read_suspension(row: Row) -> Suspension:
    return Suspension(id=row[0], suspender=row[1], suspended=row[2], until=moment(row[3]), again=moment(row[4]))


def _read_role_card(row: Row) -> RoleCard:
    return RoleCard(
        key=row[0],
        id=row[1],
        role=Role(row[2]),
        walkout=WalkoutId(row[3]) or None,
        unit=UnitId(row[4]) or None,
        nickname=row[5],
        appointer=row[6],
        until=moment(row[7]),
        proposal=row[8],
        word=row[9],
        redeemer=Member(id=row[10], way=row[11], address=row[12], nickname=row[5]) if row[10] else None,
        settled=bool(row[13]),
    )


def _read_proposal(row: Row, opinions: Sequence[Row]) -> Proposal:
    return Proposal(
        id=row[0],
        matter=Matter(row[1]),
        walkout=WalkoutId(row[2]) or None,
        content=row[3],
        key=row[4],
        about=row[5],
        proposer=row[6],
        until=moment(row[7]),
        became=Became(row[8]),
        approving=frozenset(organizer for organizer, approves in opinions if approves),
        refusing=frozenset(organizer for organizer, approves in opinions if not approves),
    )
