"""Who may do what, and what nobody may decide alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Halted, NotEnoughOrganizers, NotEnoughToRemove
from bot.domain.model import UnitId, WalkoutId

LEAST_TO_RECALL = 2

MemberId = bytes
"""An account as the server key sees it; see bot.secrets.keys."""


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
    RECALL = "recall"  #: what people were told that they have done is undone: never by one alone


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
    SUSPENDED = "suspended"
    SUSPENSION_ENDED = "suspension_ended"


SUSPENDED_FOR = timedelta(hours=24)

SUSPENDS_AGAIN_AFTER = timedelta(days=7)
"""One phone in the wrong hands stops a committee for one day in seven; whoever's suspicion was right need not wait."""

GO_ON = frozenset({Matter.CALL_OFF, Matter.REMOVE})
"""What may be decided while somebody is suspended; of removals only those of the two whom it is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspension:
    """An organizer says that another's account is in the wrong hands. It may as well be their own: it stops both."""

    id: str
    suspender: MemberId
    suspended: MemberId
    until: datetime
    again: datetime  #: not before that may the suspender suspend anybody

    @property
    def both(self) -> frozenset[MemberId]:
        """Return the two whom it stops."""
        return frozenset({self.suspender, self.suspended})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """A suspension that runs, as people see it."""

    id: str
    suspender: str  #: their nickname
    suspended: str
    until: datetime
    others: int  #: organizers whom no suspension stops


def frozen(running: Iterable[Suspension]) -> frozenset[MemberId]:
    """Return everybody whom these suspensions stop."""
    return frozenset(member for each in running for member in each.both)


def check_halted(running: Collection[Suspension]) -> None:
    """Refuse what must wait until nobody is suspended. Raises Halted."""
    if running:
        raise Halted(max(each.until for each in running))


@dataclass(frozen=True, kw_only=True, slots=True)
class Roles:
    """What one account may do."""

    organizer: bool = False
    units: tuple[tuple[WalkoutId, UnitId], ...] = ()  #: as steward
    suspension: Suspension | None = None  #: that stops this organizer: they have no role while it runs

    @property
    def any(self) -> bool:
        """Whether there is any role at all."""
        return self.organizer or bool(self.units)


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
    if matter is Matter.RECALL:
        approvals = max(LEAST_TO_RECALL, approvals)
    if organizers >= approvals:
        return approvals
    if matter is Matter.APPOINT:
        return max(1, organizers)
    raise (NotEnoughToRemove if matter is Matter.REMOVE else NotEnoughOrganizers)(approvals, organizers)


def voters(
    matter: Matter,
    about: MemberId,
    organizers: Collection[MemberId],
    running: Collection[Suspension] = (),
    *,
    approvals: int,
) -> frozenset[MemberId]:
    """Return who decides, while these suspensions run: nobody about their own removal. Raises Halted.

    Who goes of two whom a suspension stops is for the others to decide. Where those are fewer than must approve, the
    one of the two counts as well whom it is not about: so what it takes never becomes less than it was before.
    """
    others = frozenset(organizers) - {about}
    if matter is Matter.CALL_OFF:
        return others
    theirs = [each for each in running if about in each.both]
    if matter is not Matter.REMOVE or not theirs:
        check_halted(running)
        return others
    free = others - frozen(running)
    return free if len(free) >= approvals else free | (others & frozen(theirs))


def missing(
    proposal: Proposal, organizers: Collection[MemberId], running: Collection[Suspension] = (), *, approvals: int
) -> int | None:
    """Return how many approvals are still missing, or None if they cannot be reached any more.

    Only those count who decide now. Raises NotEnoughOrganizers, Halted.
    """
    deciding = voters(proposal.matter, proposal.about, organizers, running, approvals=approvals)
    wanted = needed(proposal.matter, approvals=approvals, organizers=len(deciding))
    approving = len(deciding & proposal.approving)
    if len(deciding - proposal.refusing) < wanted:
        return None
    return max(0, wanted - approving)
