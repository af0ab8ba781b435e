"""What becomes of a card when somebody looks at it, pledges it or takes it back.

One decision for every store: the store looks the card up and asks here, inside the batch's transaction,
so that no check can be overtaken by a tally.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from bot.domain.errors import (
    CardRecalled,
    CardRests,
    CardSpent,
    NotAskedNow,
    NotOpenYet,
    NotPledged,
    OtherStep,
    PledgingClosed,
    Refused,
    TallyDue,
    UnitFull,
    UnitNotOut,
    UnknownCard,
)
from bot.domain.model import CardState, Stage, StepKind, UnitId, WalkoutId
from bot.domain.rules import ASKED_FOR, PLEDGING

HASH_BYTES = 32


class Act(StrEnum):
    """What is asked of a card."""

    LOOK = "look"
    PLEDGE = "pledge"
    WITHDRAW = "withdraw"
    OUT = "out"  #: on the day: I am out
    NOT_OUT = "not_out"  #: on the day: I was mistaken
    VOTE = "vote"  #: in a survey: a ballot is cast beside the pledge, which stays as it is


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
    unit: UnitId


class NewCard(NamedTuple):
    """A card as it is minted: where it is kept, and what stands for its owner until somebody pledges it."""

    card: bytes  #: its key in the register
    pledge: bytes  #: its key among the pledges of one walkout
    owner: bytes


class Bearer(Protocol):
    """A card in somebody's hand.

    All of it is secret: a store finds nothing by the code alone. Where the card may be kept is made for every walkout,
    the rest only for the walkout whose card it turns out to be. Source: docs/decisions/0029-cards-and-pledges.md.
    """

    @property
    def card(self) -> bytes:
        """SHA-256 of the code: it names the card while it is in somebody's hand, and is never stored."""
        ...

    @property
    def keys(self) -> Mapping[WalkoutId, tuple[bytes, bytes]]:
        """The keys of its rows, if it is of this walkout: in the register, and among the pledges.

        The steps of a campaign share the first. A campaign that has no step just now stands here by its own name.
        """
        ...

    def free(self, walkout: WalkoutId) -> bytes:
        """Return what stands for the owner of a card that nobody has pledged: of the same size as an owner."""
        ...

    def owner(self, walkout: WalkoutId) -> bytes:
        """Return what stands for this person as the card's owner."""
        ...

    def notice(self, walkout: WalkoutId) -> bytes:
        """Return where the notice of the card's owner is kept."""
        ...

    def ballot(self, walkout: WalkoutId) -> bytes:
        """Return where this person's ballot is kept."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one person asks of one card."""

    act: Act
    bearer: Bearer
    of: WalkoutId | None = None  #: the walkout whose button it is; of another step nothing is changed
    enrol: Enrolment | None = None
    kept: bool = False  #: it may have been done before the instant of a tally that is due: it goes before that one

    def __post_init__(self) -> None:
        """Raise ValueError for what no store could look for, before it can spoil a batch."""
        if any(len(key) != HASH_BYTES for pair in self.bearer.keys.values() for key in pair):
            raise ValueError(f"a card's keys are {HASH_BYTES} bytes each")


class Card(NamedTuple):
    """A card as the store keeps it."""

    walkout: WalkoutId
    unit: UnitId
    state: CardState
    owner: bytes
    stale: bool = False  #: voided or recalled: nobody but its owner can do anything with it
    rests: bool = False  #: it is in the register alone: of its campaign, no step that there is now has its unit


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The little of a walkout that a batch of changes needs."""

    stage: Stage
    pledge_by: datetime
    next_tally: datetime | None
    ended: datetime | None
    asked_from: datetime | None = None  #: from when on people are asked whether they are out; None: never
    opened: datetime | None = None
    kind: StepKind = StepKind.WALKOUT


class Outcome(NamedTuple):
    """The answer to a change. `mine` is the state of the asker's own pledge; None: the card is not theirs."""

    walkout: WalkoutId
    unit: UnitId
    mine: CardState | None
    changed: bool = False
    next_tally: datetime | None = None


def step_for(rows: Iterable[Card], heads: Mapping[WalkoutId, Head]) -> Card | None:
    """Of a card's rows, one for each step of its campaign, return that of the step which it opens now.

    | Its steps are                                  | It opens                         |
    |------------------------------------------------|----------------------------------|
    | opened, whatever became of them, and drafts    | the one opened last              |
    | drafts, and drafts that were called off        | the draft whose deadline is last |
    | drafts that were called off                    | likewise                         |

    At a unit no step is opened before the last one is over there, so one that goes on is always the one opened last.
    """

    def order(card: Card) -> tuple[bool, bool, datetime]:
        head = heads[card.walkout]
        return head.opened is not None, head.stage is Stage.DRAFT, head.opened or head.pledge_by

    return max(rows, key=order, default=None)


def decide(  # noqa: C901, PLR0911, PLR0912  one way out for each answer
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
    card = card or _enrolled(change, heads)
    if card is None:
        return _unknown(change), None
    owner = change.bearer.owner(card.walkout)
    owned = card.owner == owner
    if card.stale and not owned:
        return UnknownCard(), None  # before anything else: to nobody but its owner does it differ from no card
    if card.rests:
        return CardRests(), None
    mine = card.state if owned and card.state is not CardState.MINTED else None  # or it is of an earlier step
    head = heads[card.walkout]
    if change.act is not Act.LOOK and change.of not in {None, card.walkout}:
        return OtherStep(card.walkout), None
    if change.act is Act.LOOK:
        return _outcome(card, head, mine), None
    if mine is CardState.RECALLED:
        return CardRecalled(), None
    if change.act in ON_THE_DAY:
        refusal = _refusal_on_the_day(change, card, head, mine, now, is_out=is_out)
    else:
        refusal = _refusal(change, card, head, mine, now, owned=owned)
    if refusal is not None:
        return refusal, None
    if change.act is Act.VOTE:
        return _outcome(card, head, mine), None
    wanted = WANTED[change.act]
    if mine is wanted or (change.act is Act.PLEDGE and mine is CardState.OUT):
        return _outcome(card, head, mine), None
    unit = card.unit
    if change.enrol is not None and wanted is CardState.PLEDGED:
        unit = change.enrol.unit  # who took an open pledge back may make it elsewhere
        if free < 1:
            return UnitFull(), None
    after = Card(walkout=card.walkout, unit=unit, state=wanted, owner=owner, stale=card.stale)
    return _outcome(after, head, wanted, changed=True), after


def _unknown(change: Change) -> UnknownCard:
    for walkout in change.bearer.keys:  # a stale card costs as much: how long an answer takes must not tell them apart
        change.bearer.owner(walkout)
        break
    return UnknownCard()


def _enrolled(change: Change, heads: Mapping[WalkoutId, Head]) -> Card | None:
    enrol = change.enrol
    if enrol is None or enrol.walkout not in heads or enrol.walkout not in change.bearer.keys:
        return None
    return Card(
        walkout=enrol.walkout,
        unit=enrol.unit,
        state=CardState.MINTED,
        owner=change.bearer.free(enrol.walkout),
    )


def _refusal(
    change: Change, card: Card, head: Head, mine: CardState | None, now: datetime, *, owned: bool
) -> Refused | None:
    if head.next_tally is not None and head.next_tally <= now and not change.kept:
        return TallyDue(card.walkout)
    if head.stage is Stage.DRAFT:
        return NotOpenYet()
    counts_again = head.next_tally is not None and head.next_tally <= head.pledge_by
    if head.stage not in PLEDGING or (now >= head.pledge_by and not counts_again):
        return PledgingClosed(head.stage, head.ended or head.pledge_by, mine is not None and mine.stands)
    if change.act is Act.WITHDRAW:
        # the same answer for a fresh card and for another's: only pressing Pledge tells
        return NotPledged() if mine is None else None
    if change.act is Act.VOTE:
        return None if mine is not None and mine.stands else NotPledged()
    return None if owned or card.owner == change.bearer.free(card.walkout) else CardSpent()


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
    return None if is_out else UnitNotOut()


def _outcome(card: Card, head: Head, mine: CardState | None, *, changed: bool = False) -> Outcome:
    return Outcome(
        walkout=card.walkout,
        unit=card.unit,
        mine=mine,
        changed=changed,
        next_tally=head.next_tally,
    )
