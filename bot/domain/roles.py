"""Who may do what, and what nobody may decide alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from bot.domain.errors import Halted, NotEnoughOrganizers, NotEnoughToRemove
from bot.domain.model import UnitId, WalkoutId

LEAST_TO_RECALL = 2

TO_LEAVE = 2
"""Two of a unit's own organizers, or one of them and one of the walkout's."""

MemberId = bytes
"""An account as the server key sees it; see bot.secrets.keys."""


class Role(StrEnum):
    """What somebody is appointed to be."""

    ORGANIZER = "organizer"  #: of every walkout
    UNIT_ORGANIZER = "unit_organizer"  #: of one unit and all below it, in one walkout
    STEWARD = "steward"  #: of one unit in one walkout


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
    LEAVE = "leave"  #: a unit does not walk out
    WORD = "word"  #: the organizers say something themselves


class Duty(StrEnum):
    """What anybody may do alone whose duty it is."""

    RUN = "run"  #: draft, list and read walkouts, see who serves, suspend
    HOST = "host"  #: choose which room hears a unit's news
    STAFF = "staff"  #: appoint and confirm a unit's stewards
    COUNT = "count"  #: say how many cards were drawn, and how many people take part
    LOOK = "look"  #: at a unit's line


class Reach(IntEnum):
    """Where somebody may do something."""

    NOWHERE = 0
    OWN = 1  #: in their own unit and all below it
    EVERYWHERE = 2


_STEWARD: Mapping[Matter | Duty, Reach] = {Duty.COUNT: Reach.OWN, Duty.LOOK: Reach.OWN}

REACH: Mapping[Role, Mapping[Matter | Duty, Reach]] = {
    Role.ORGANIZER: dict.fromkeys((*Matter, *Duty), Reach.EVERYWHERE),
    Role.UNIT_ORGANIZER: {
        **_STEWARD,
        Duty.HOST: Reach.OWN,
        Duty.STAFF: Reach.OWN,
        Matter.VOID: Reach.OWN,
        Matter.LEAVE: Reach.OWN,
    },
    Role.STEWARD: _STEWARD,
}
"""Who may do what, and where; of what is not named, nothing. A matter may be proposed, and approved."""


def is_own(matter: Matter) -> bool:
    """Say whether a unit's own organizers decide it as well."""
    return matter in REACH[Role.UNIT_ORGANIZER]


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
    TOOK_PART = "took_part"
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
    units: tuple[tuple[WalkoutId, UnitId], ...] = ()  #: as steward, or as its own organizer
    organizes: tuple[tuple[WalkoutId, UnitId], ...] = ()  #: those of them that they are an organizer of
    suspension: Suspension | None = None  #: that stops this organizer: they have no role while it runs

    @property
    def any(self) -> bool:
        """Whether there is any role at all."""
        return self.organizer or bool(self.units)

    def _held(self) -> Iterable[tuple[Role, WalkoutId | None, UnitId | None]]:
        """Yield each role with the unit for which it is held, if there is one."""
        if self.organizer:
            yield Role.ORGANIZER, None, None
        for role, units in ((Role.UNIT_ORGANIZER, self.organizes), (Role.STEWARD, self.units)):
            for of, unit in units:
                yield role, of, unit

    def may(self, what: Matter | Duty, walkout: WalkoutId | None = None, path: Collection[UnitId] = ()) -> bool:
        """Say whether they may do it in a unit; `path` is the unit and all that it is part of, () the whole walkout."""
        return any(
            (at := REACH[role].get(what, Reach.NOWHERE)) is Reach.EVERYWHERE
            or (at is Reach.OWN and of == walkout and unit in path)
            for role, of, unit in self._held()
        )

    def may_somewhere(self, what: Matter | Duty) -> bool:
        """Say whether there is any unit where they may."""
        return self.may(what) or any(self.may(what, of, (unit,)) for of, unit in self.units)


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
    if matter is Matter.LEAVE:
        approvals = TO_LEAVE
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
    own: Collection[MemberId] = (),
) -> frozenset[MemberId]:
    """Return who decides, while these suspensions run: nobody about their own removal. Raises Halted.

    `own` are the organizers of the unit that it is about, where they decide as well: a unit may leave meanwhile, by
    those whom no suspension stops.

    Who goes of two whom a suspension stops is for the others to decide. Where those are fewer than must approve, the
    one of the two counts as well whom it is not about: so what it takes never becomes less than it was before.
    """
    others = frozenset({*organizers, *own}) - {about}
    if matter is Matter.CALL_OFF:
        return others
    if matter is Matter.LEAVE:
        if not own:
            raise NotEnoughOrganizers(TO_LEAVE, 0)
        return others - frozen(running)
    theirs = [each for each in running if about in each.both]
    if matter is not Matter.REMOVE or not theirs:
        check_halted(running)
        return others
    free = others - frozen(running)
    return free if len(free) >= approvals else free | (others & frozen(theirs))


def missing(
    proposal: Proposal,
    organizers: Collection[MemberId],
    running: Collection[Suspension] = (),
    *,
    approvals: int,
    own: Collection[MemberId] = (),
) -> int | None:
    """Return how many approvals are still missing, or None if they cannot be reached any more.

    Only those count who decide now; a unit leaves with one of its own organizers among them, or not at all.
    Raises NotEnoughOrganizers, Halted.
    """
    deciding = voters(proposal.matter, proposal.about, organizers, running, approvals=approvals, own=own)
    wanted = needed(proposal.matter, approvals=approvals, organizers=len(deciding))
    theirs = deciding & frozenset(own)
    lacks_theirs = proposal.matter is Matter.LEAVE and not theirs & proposal.approving
    if len(deciding - proposal.refusing) < wanted or (lacks_theirs and theirs <= proposal.refusing):
        return None
    return max(1 if lacks_theirs else 0, wanted - len(deciding & proposal.approving))
