"""Who may do what, and what nobody may decide alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import NotEnoughOrganizers
from bot.domain.model import WalkoutId, WorkplaceId

MemberId = bytes
"""An account as the server key sees it; see bot.keys."""


class Role(StrEnum):
    """What somebody is appointed to be."""

    ORGANIZER = "organizer"  #: of every walkout
    STEWARD = "steward"  #: of one workplace in one walkout


class Matter(StrEnum):
    """What needs the approval of several organizers."""

    OPEN = "open"
    CALL_OFF = "call_off"
    APPOINT = "appoint"  #: an organizer; stewards are appointed by any one of them
    REMOVE = "remove"  #: an organizer
    MINT = "mint"
    VOID = "void"
    ADOPT = "adopt"  #: the token that another bot has taken


class Became(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    GRANTED = "granted"  #: approved; the proposer may do it, once
    DONE = "done"
    REFUSED = "refused"


class Deed(StrEnum):
    """What organizers and stewards do, as it is written down. Never what workers do."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    DONE = "done"
    APPOINTED = "appointed"
    CONFIRMED = "confirmed"
    TURNED_AWAY = "turned_away"
    REMOVED = "removed"
    RESIGNED = "resigned"
    SERVER_CODE = "server_code"
    BOUND = "bound"
    LET_GO = "let_go"
    TESTED = "tested"
    DRAWN = "drawn"
    PRINTED = "printed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Roles:
    """What one account may do."""

    organizer: bool = False
    workplaces: tuple[tuple[WalkoutId, WorkplaceId], ...] = ()  #: as steward

    @property
    def any(self) -> bool:
        """Whether there is any role at all."""
        return self.organizer or bool(self.workplaces)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Something that needs several organizers, and who has said what."""

    id: str
    matter: Matter
    walkout: WalkoutId | None
    content: bytes  #: what exactly, sealed
    key: bytes  #: the same for the same matter, walkout and content
    about: MemberId  #: whom it would remove; else empty
    proposer: MemberId
    until: datetime
    became: Became = Became.OPEN
    approving: frozenset[MemberId] = frozenset()
    refusing: frozenset[MemberId] = frozenset()


def needed(matter: Matter, *, approvals: int, organizers: int) -> int:
    """Return how many organizers must approve, the proposer among them, where there are so many who may.

    Appointing one must be possible with fewer, or too small a committee could never grow.
    Raises NotEnoughOrganizers.
    """
    if organizers >= approvals:
        return approvals
    if matter is Matter.APPOINT:
        return max(1, organizers)
    raise NotEnoughOrganizers(approvals, organizers)


def missing(proposal: Proposal, organizers: Collection[MemberId], *, approvals: int) -> int | None:
    """Return how many approvals are still missing, or None if they cannot be reached any more.

    Only those who organize now count; nobody has a say in their own removal. Raises NotEnoughOrganizers.
    """
    voters = set(organizers) - {proposal.about}
    wanted = needed(proposal.matter, approvals=approvals, organizers=len(voters))
    approving = len(voters & proposal.approving)
    if len(voters - proposal.refusing) < wanted:
        return None
    return max(0, wanted - approving)
