"""Organizers and stewards: who may do what, what they propose, what they have done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.model import Announcement, UnitId, WalkoutId
from bot.domain.roles import Became, Deed, MemberId, Proposal, Role, Roles, Stopped, Suspension, frozen


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Somebody with a role. `id` is an HMAC; address and nickname are sealed with the server key."""

    id: MemberId
    way: str  #: the bot that reaches them
    address: bytes
    nickname: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Committee:
    """Everybody with a role."""

    members: Mapping[MemberId, Member]
    organizers: frozenset[MemberId]
    stewards: tuple[tuple[WalkoutId, UnitId, MemberId], ...]
    own: frozenset[tuple[WalkoutId, UnitId, MemberId]] = frozenset()  #: those of them who organize their unit
    suspensions: tuple[Suspension, ...] = ()  #: those too after which their suspender still may suspend nobody

    def organizing(self, walkout: WalkoutId | None, path: Collection[UnitId]) -> frozenset[MemberId]:
        """Return the own organizers of a unit, and of all that it is part of."""
        return frozenset(who for of, unit, who in self.own if of == walkout and unit in path)

    def role_at(self, walkout: WalkoutId, unit: UnitId, member: MemberId) -> Role:
        """Return what somebody is at a unit that they look after."""
        return Role.UNIT_ORGANIZER if (walkout, unit, member) in self.own else Role.STEWARD

    def running(self, now: datetime) -> tuple[Suspension, ...]:
        """Return the suspensions that stop somebody now."""
        return tuple(each for each in self.suspensions if each.until > now)

    def stopped(self, now: datetime, unseal: Callable[[bytes], str]) -> list[Stopped]:
        """Return the same, as people see them."""
        running = self.running(now)
        return [
            Stopped(
                id=each.id,
                suspender=unseal(self.members[each.suspender].nickname),
                suspended=unseal(self.members[each.suspended].nickname),
                until=each.until,
                others=len(self.organizers - frozen(running)),
            )
            for each in running
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleCard:
    """A single-use code that makes somebody organizer or steward, once the appointer confirms who used it."""

    key: bytes  #: its hash
    id: str  #: by which buttons name it
    role: Role
    walkout: WalkoutId | None
    unit: UnitId | None
    nickname: bytes  #: sealed
    appointer: MemberId
    until: datetime
    proposal: str = ""  #: what must be approved first; '': nothing
    word: str = ""  #: shown to both once it was used, so that the two can compare
    redeemer: Member | None = None
    settled: bool = False  #: confirmed or turned away: it does nothing any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A line of the audit: who did what. The store adds the tally's number."""

    deed: Deed
    by: MemberId
    walkout: WalkoutId | None = None
    detail: bytes = b""  #: sealed


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """A line of the audit as it was written down; nickname and detail are sealed."""

    number: int
    deed: Deed
    walkout: WalkoutId | None
    tally: int
    nickname: bytes
    detail: bytes


class People(Protocol):
    """Keeps people's roles."""

    async def roles(self, member: MemberId) -> Roles:
        """Say what this account, as the server key sees it, may do now: nothing, while a suspension stops them.

        Asked anew each time: a removal acts at once.
        """
        ...

    async def committee(self) -> Committee:
        """Everybody with a role."""
        ...

    async def add_organizer(self, organizer: Member) -> None:
        """Add or renew an organizer."""
        ...

    async def remove_organizer(self, member: MemberId, note: Note | None = None, *news: Announcement) -> bool:
        """Take the role away, and with it what they had proposed and every suspension that stops them.

        False, and nothing changed, if they are the last organizer.
        """
        ...

    async def suspend(self, suspension: Suspension, news: Announcement, note: Note, *, now: datetime) -> bool:
        """Stop both, and tell.

        False, and nothing changed, if one of them does not organize or is stopped already, or the suspender may not yet
        suspend anybody again.
        """
        ...

    async def end_suspension(self, suspension: str, news: Announcement, note: Note, *, now: datetime) -> bool:
        """Let both go on; their suspender still may suspend nobody for as long. False if it runs no more."""
        ...

    async def remove_steward(
        self, member: MemberId, walkout: WalkoutId, unit: UnitId, note: Note, news: Announcement
    ) -> None:
        """Take the role away at this unit."""
        ...

    async def add_organizer_code(self, key: bytes, *, until: datetime) -> None:
        """Keep the hash of a code that makes one organizer."""
        ...

    async def knows_organizer_code(self, key: bytes, member: MemberId) -> bool:
        """Say whether this hash is kept, good or not; or was used by this member, within its time."""
        ...

    async def redeem_organizer_code(
        self, key: bytes, organizer: Member, news: Announcement, note: Note, *, now: datetime
    ) -> bool:
        """Use the code up, add the organizer and tell the others; False, and nothing changed, if it is not good."""
        ...

    async def add_role_card(self, card: RoleCard, note: Note) -> None:
        """Keep a role card; the same one twice changes nothing."""
        ...

    async def role_card(self, card: str) -> RoleCard | None:
        """Find a role card by its id."""
        ...

    async def redeem_role_card(
        self, key: bytes, redeemer: Member, word: str, news: Callable[[RoleCard], Announcement], *, now: datetime
    ) -> RoleCard | None:
        """Note who used it and tell the appointer; None, and nothing changed, if it is not good (for them).

        Used again by the same person it is returned as it is.
        """
        ...

    async def settle_role_card(self, card: RoleCard, *, confirmed: bool, news: Announcement | None, note: Note) -> bool:
        """Give the redeemer the role, or not; the card is used up. False if it was settled before."""
        ...

    async def propose(self, proposal: Proposal, news: Announcement | None, note: Note, *, now: datetime) -> Proposal:
        """Keep a proposal; where the same is open already, its proposer approves that one instead.

        Where one of this id is kept already, nothing is changed.
        """
        ...

    async def proposal(self, proposal: str) -> Proposal | None:
        """One proposal, with what was said about it."""
        ...

    async def opine(
        self, proposal: str, organizer: MemberId, *, approves: bool, note: Note, now: datetime
    ) -> Proposal | None:
        """Note what the organizer thinks; None if it is not open any more."""
        ...

    async def latest(self, key: bytes, *became: Became) -> Proposal | None:
        """Find the newest proposal of this key that has become one of these."""
        ...

    async def conclude(
        self, proposal: str, became: Became, news: Announcement | None, note: Note, *, expected: Became
    ) -> bool:
        """Note what became of a proposal; False, and nothing changed, if it is not as expected any more."""
        ...

    async def noted(self, *, walkout: WalkoutId | None, before: int | None, limit: int) -> list[Noted]:
        """Lines of the audit, newest first, those below the number `before`."""
        ...
