"""What becomes of a card when somebody looks at it, pledges it or takes it back.

One decision for every store: the store looks the card up and asks here, inside the batch's transaction,
so that no check can be overtaken by a tally.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import (
    CardSpent,
    KeyMissing,
    NotAskedNow,
    NotOpenYet,
    NotPledged,
    PledgingClosed,
    Refused,
    TallyDue,
    UnknownCard,
    WorkplaceFull,
    WorkplaceNotOut,
)
from bot.domain.model import CardState, Stage, WalkoutId, WorkplaceId
from bot.domain.rules import ASKED_FOR, PLEDGING

HASH_BYTES = 32
NOBODY = bytes(HASH_BYTES)
"""The owner of a card that nobody has pledged: as long as a real one, so that no row changes its size."""


class Act(StrEnum):
    """What is asked of a card."""

    LOOK = "look"
    PLEDGE = "pledge"
    WITHDRAW = "withdraw"
    OUT = "out"  #: on the day: I am out
    NOT_OUT = "not_out"  #: on the day: I was mistaken


WANTED = {
    Act.PLEDGE: CardState.PLEDGED,
    Act.WITHDRAW: CardState.WITHDRAWN,
    Act.OUT: CardState.OUT,
    Act.NOT_OUT: CardState.PLEDGED,
}
"""The state that each act asks for."""

ON_THE_DAY = frozenset({Act.OUT, Act.NOT_OUT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolment:
    """Open entry: the card need not exist; it is made by pledging, at this workplace."""

    walkout: WalkoutId
    workplace: WorkplaceId


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one person asks of one card."""

    act: Act
    card: bytes  #: SHA-256 of the code
    owners: Mapping[WalkoutId, bytes]  #: the person, as each walkout's key sees them
    enrol: Enrolment | None = None
    notices: Mapping[WalkoutId, bytes] | None = None  #: where a notice would be, which goes with a pledge taken back
    kept: bool = False  #: it may have been done before the instant of a tally that is due: it goes before that one

    def __post_init__(self) -> None:
        """Raise ValueError for what no store could hold, before it can spoil a batch."""
        owners = self.owners.values()
        if len(self.card) != HASH_BYTES or any(len(owner) != HASH_BYTES for owner in owners):
            raise ValueError(f"a card and an owner are {HASH_BYTES} bytes each")


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card as the store keeps it."""

    walkout: WalkoutId
    workplace: WorkplaceId
    state: CardState
    owner: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The little of a walkout that a batch of changes needs."""

    stage: Stage
    pledge_by: datetime
    next_tally: datetime | None
    ended: datetime | None
    asked_from: datetime | None = None  #: from when on people are asked whether they are out; None: never


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The answer to a change. `mine` is the state of the asker's own pledge; None: the card is not theirs."""

    walkout: WalkoutId
    workplace: WorkplaceId
    mine: CardState | None
    changed: bool = False
    next_tally: datetime | None = None


def decide(  # noqa: PLR0911  one way out for each answer
    change: Change,
    card: Card | None,
    heads: Mapping[WalkoutId, Head],
    *,
    free: int,
    now: datetime,
    is_out: bool = False,
) -> tuple[Outcome | Refused, Card | None]:
    """Return the answer, and the card as it must be written if it changes (None: nothing to write).

    `free` is how many more pledges fit the workplace's head-count, for an enrolment; `is_out` says whether the
    card's workplace is out, for those who say that they are.
    """
    if card is None:
        card = _enrolled(change, heads)
    if card is None:
        return UnknownCard(), None
    head = heads[card.walkout]
    owner = change.owners.get(card.walkout)
    mine = card.state if card.owner == owner else None
    if change.act is Act.LOOK:
        return _outcome(card, head, mine), None
    if change.act in ON_THE_DAY:
        refusal = _refusal_on_the_day(change, card, head, mine, now, is_out=is_out)
    else:
        refusal = _refusal(change, card, head, mine, now)
    if refusal is not None:
        return refusal, None
    if owner is None:
        return KeyMissing(), None
    wanted = WANTED[change.act]
    if mine is wanted or (change.act is Act.PLEDGE and mine is CardState.OUT):
        return _outcome(card, head, mine), None
    workplace = card.workplace
    if change.enrol is not None and wanted is CardState.PLEDGED:
        workplace = change.enrol.workplace  # who took an open pledge back may make it elsewhere
        if free < 1:
            return WorkplaceFull(), None
    after = Card(walkout=card.walkout, workplace=workplace, state=wanted, owner=owner)
    return _outcome(after, head, wanted, changed=True), after


def _enrolled(change: Change, heads: Mapping[WalkoutId, Head]) -> Card | None:
    if change.enrol is None or change.enrol.walkout not in heads:
        return None
    return Card(
        walkout=change.enrol.walkout,
        workplace=change.enrol.workplace,
        state=CardState.MINTED,
        owner=NOBODY,
    )


def _refusal(change: Change, card: Card, head: Head, mine: CardState | None, now: datetime) -> Refused | None:
    if head.next_tally is not None and head.next_tally <= now and not change.kept:
        return TallyDue(card.walkout)
    if head.stage is Stage.DRAFT:
        return NotOpenYet()
    counts_again = head.next_tally is not None and head.next_tally <= head.pledge_by
    if head.stage not in PLEDGING or (now >= head.pledge_by and not counts_again):
        stands = (mine is not None and mine.stands) if card.walkout in change.owners else None
        return PledgingClosed(head.stage, head.ended or head.pledge_by, stands)
    if change.act is Act.WITHDRAW:
        # the same answer for a fresh card and for another's: only pressing Pledge tells
        return NotPledged() if mine is None else None
    return CardSpent() if mine is None and card.owner != NOBODY else None


def _refusal_on_the_day(
    change: Change, card: Card, head: Head, mine: CardState | None, now: datetime, *, is_out: bool
) -> Refused | None:
    if head.next_tally is not None and head.next_tally <= now and not change.kept:
        return TallyDue(card.walkout)
    since = head.asked_from
    if since is None or head.stage is not Stage.ON or not since <= now < since + ASKED_FOR:
        return NotAskedNow()
    if mine is None or not mine.stands:
        return NotPledged()
    return None if is_out else WorkplaceNotOut()


def _outcome(card: Card, head: Head, mine: CardState | None, *, changed: bool = False) -> Outcome:
    return Outcome(
        walkout=card.walkout,
        workplace=card.workplace,
        mine=mine,
        changed=changed,
        next_tally=head.next_tally,
    )
