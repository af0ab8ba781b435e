"""What an organizer's use case needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import Forbidden, Frozen
from bot.domain.model import Announcement, Kind, UnitId, WalkoutId
from bot.domain.roles import Deed, Duty, Matter, MemberId, Role, Roles
from bot.guards.fence import Fence
from bot.process.clock import Clock
from bot.secrets import card_codes
from bot.secrets.keys import Keys, Person
from bot.storage.store import Member, Note, Store

ID_LETTERS = 8
"""Of what buttons and letters name."""


async def acting(store: Store, member: MemberId) -> Roles:
    """Return what somebody may do now. Raises Frozen for whom a suspension stops."""
    roles = await store.roles(member)
    if (stops := roles.suspension) is not None:
        raise Frozen(stops.until, stops.suspended == member)
    return roles


def role_taken(member: Member, role: Role, place: UnitId | None = None) -> Announcement:
    """Return what somebody is told, and nobody else, whose role is taken away."""
    return Announcement(
        kind=Kind.ROLE_TAKEN,
        occasion=card_codes.mint()[:ID_LETTERS],
        about=place,
        to_rooms=False,
        to=((member.way, member.address),),
        facts={"role": role},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestContext:
    """An organizer's or steward's request: who asks, and what the answer needs."""

    who: Person
    store: Store
    keys: Keys
    clock: Clock
    number: str = ""  #: of the message that asks, where it may come again
    fence: Fence | None = None  #: where there are platforms

    @property
    def me(self) -> MemberId:
        """Return how the server recognizes whoever asks."""
        return self.keys.person(self.who)

    async def path(self, walkout: WalkoutId | None, unit: UnitId | None) -> tuple[UnitId, ...]:
        """Return a unit with all that it is part of; nothing where none is meant."""
        if walkout is None or unit is None:
            return ()
        return tuple(each.id for each in (await self.store.path(walkout, unit))[1])

    async def check(self, what: Matter | Duty, walkout: WalkoutId | None = None, unit: UnitId | None = None) -> None:
        """Refuse what whoever asks may not do there. Raises Forbidden; Frozen for whom a suspension stops."""
        roles = await acting(self.store, self.me)
        if not roles.may(what, walkout, await self.path(walkout, unit)):
            raise Forbidden

    def as_member(self, nickname: str) -> Member:
        """Return whoever asks as somebody with a role."""
        return Member(
            id=self.me,
            way=self.who.way,
            address=self.keys.seal(self.who.account),
            nickname=self.keys.seal(nickname),
        )

    def note(self, deed: Deed, walkout: WalkoutId | None = None, **detail: Any) -> Note:
        """Return a line of the audit about what they do."""
        return Note(
            deed=deed,
            by=self.me,
            walkout=walkout,
            detail=self.keys.seal(json.dumps(detail)) if detail else b"",
        )
