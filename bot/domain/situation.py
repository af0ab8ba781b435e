"""In which situation a reader stands, there and then: what is decided, which day it is, and what they can still do.

Every sentence that a worker reads says what it asserts (handlers/texts/asserted.py); here is what is so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.model import CardState, Stage, StepKind, Unit, Walkout
from bot.domain.rules import ASKED_FOR, LATE, PLEDGING, asks_turnout, was_missed


class Verdict(StrEnum):
    """What is decided about the reader's workplace."""

    NOT_OPEN = "not_open"  #: a draft
    UNDECIDED = "undecided"
    WALKS_OUT = "walks_out"
    NOT_YET = "not_yet"  #: it is on, but this workplace, or an area that it is in, is not ready; it still may be
    DOES_NOT = "does_not"  #: it is on, and this workplace, or an area that it is in, was not ready in time
    LEFT = "left"  #: its organizers, or those of an area that it is in, have taken it out
    LAPSED = "lapsed"
    MISSED = "missed"  #: nobody took the last count in time, so nobody walks out
    CALLED_OFF = "called_off"
    ENDED = "ended"  #: a survey, whose last count is taken
    CLOSED = "closed"


NOBODY = frozenset({Verdict.LAPSED, Verdict.MISSED, Verdict.CALLED_OFF})


class Day(StrEnum):
    """Which day it is, as seen from the walkout."""

    BEFORE = "before"
    ITSELF = "itself"  #: from its start to its end; to the next day, if nobody has said when it ends
    AFTER = "after"


class Asserts(StrEnum):
    """What a sentence can assert about its reader's situation."""

    WALKS_OUT = "their workplace walks out"
    WALKED_OUT = "it was to walk out, and that day is over"
    TAKES_PART = "their workplace takes part in an action at work"
    TOOK_PART = "it was to take part, and that day is over"
    GOES = "it does the one or the other"
    DOES_NOT = "it does neither, as things stand or for good"
    DID_NOT = "it did not, and that day is over"
    NOBODY = "nobody walks out anywhere, or takes part"
    ON = "it is on in the city"
    UNDECIDED = "nothing is decided yet"
    SURVEYED = "it is a survey, which decides nothing, and its last count is still to come"
    STILL_COUNTED = "whether they walk out is still to be counted"
    MISSED = "the last count was not taken in time"
    LAPSED = "not enough had pledged by the deadline"
    CALLED_OFF = "the organizers have called it off"
    ENDED = "the survey is over"
    BEFORE = "the day has not come"
    TODAY = "this is the day"
    DEADLINE_AHEAD = "the deadline has not passed"
    DEADLINE_PAST = "the deadline has passed"
    CAN_PLEDGE = "they can pledge now"
    CAN_TAKE_BACK = "they can take it back now"
    CAN_SAY_OUT = "they can say now that they are out"
    CAN_SAY_NOT_OUT = "they can take that back now"
    CAN_ASK = "they can ask now to be told"
    STANDS = "their pledge stands"
    OUT = "they have said that they are out"
    NOT_OUT = "they have not said that they are out"
    NONE_STANDS = "no pledge of theirs stands on this card"
    TAKEN_BACK = "they have taken it back"
    RECALLED = "their card was recalled"
    WILL_HEAR = "the bot will write to them by itself"
    NOT_TOLD = "it will not"


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """Where a reader stands with one card."""

    verdict: Verdict
    day: Day
    kind: StepKind
    mine: CardState | None  #: their own pledge; None: none, or another account's
    told: bool  #: they have asked to be told
    deadline_past: bool
    pledging: bool  #: what they do with their pledge still counts
    asked: bool  #: they are asked now whether they are out

    @property
    def is_on(self) -> bool:
        """Whether it goes ahead in the city."""
        return self.verdict in {Verdict.WALKS_OUT, Verdict.NOT_YET, Verdict.DOES_NOT}

    @property
    def still_counted(self) -> bool:
        """Whether the yes or no is still to come."""
        decides = self.kind is not StepKind.SURVEY
        return decides and self.pledging and self.verdict in {Verdict.UNDECIDED, Verdict.NOT_YET}

    @property
    def stands(self) -> bool:
        """Whether they have a pledge that counts."""
        return self.mine is not None and self.mine.stands

    @property
    def can_pledge(self) -> bool:
        """Whether there is something to pledge, and time for it."""
        return self.pledging and not self.stands and self.mine is not CardState.RECALLED

    @property
    def can_take_back(self) -> bool:
        """Whether there is something to take back, and time for it."""
        return self.pledging and self.stands

    @property
    def can_say_out(self) -> bool:
        """Whether they may say that they are out."""
        return self.asked and self.mine is CardState.PLEDGED

    @property
    def can_say_not_out(self) -> bool:
        """Whether they may take that back."""
        return self.asked and self.mine is CardState.OUT

    @property
    def can_ask(self) -> bool:
        """Whether they may ask to be told: until the deadline, since a yes or no comes then at the latest."""
        return self.pledging and not self.deadline_past and self.mine is CardState.PLEDGED and not self.told

    def facts(self) -> frozenset[Asserts]:
        """Return all that is so."""
        verdict, after = self.verdict, self.day is Day.AFTER
        stays = verdict in {Verdict.NOT_YET, Verdict.DOES_NOT, Verdict.LEFT}
        goes, at_work = verdict is Verdict.WALKS_OUT, self.kind is StepKind.ACTION
        is_survey = self.kind is StepKind.SURVEY
        so = {
            Asserts.WALKS_OUT: goes and not at_work and not after,
            Asserts.WALKED_OUT: goes and not at_work and after,
            Asserts.TAKES_PART: goes and at_work and not after,
            Asserts.TOOK_PART: goes and at_work and after,
            Asserts.GOES: goes and not after,
            Asserts.DOES_NOT: stays and not after,
            Asserts.DID_NOT: stays and after,
            Asserts.NOBODY: verdict in NOBODY,
            Asserts.ON: self.is_on,
            Asserts.UNDECIDED: verdict is Verdict.UNDECIDED and not is_survey,
            Asserts.SURVEYED: verdict is Verdict.UNDECIDED and is_survey,
            Asserts.STILL_COUNTED: self.still_counted,
            Asserts.MISSED: verdict is Verdict.MISSED,
            Asserts.LAPSED: verdict is Verdict.LAPSED,
            Asserts.CALLED_OFF: verdict is Verdict.CALLED_OFF,
            Asserts.ENDED: verdict is Verdict.ENDED,
            Asserts.BEFORE: self.day is Day.BEFORE and not is_survey,
            Asserts.TODAY: self.day is Day.ITSELF,
            Asserts.DEADLINE_AHEAD: not self.deadline_past,
            Asserts.DEADLINE_PAST: self.deadline_past,
            Asserts.CAN_PLEDGE: self.can_pledge,
            Asserts.CAN_TAKE_BACK: self.can_take_back,
            Asserts.CAN_SAY_OUT: self.can_say_out,
            Asserts.CAN_SAY_NOT_OUT: self.can_say_not_out,
            Asserts.CAN_ASK: self.can_ask,
            Asserts.STANDS: self.stands,
            Asserts.OUT: self.mine is CardState.OUT,
            Asserts.NOT_OUT: self.mine is not CardState.OUT,
            Asserts.NONE_STANDS: not self.stands,
            Asserts.TAKEN_BACK: self.mine is CardState.WITHDRAWN,
            Asserts.RECALLED: self.mine is CardState.RECALLED,
            Asserts.WILL_HEAR: self.told,
            Asserts.NOT_TOLD: not self.told,
        }
        return frozenset(each for each, is_so in so.items() if is_so)


def situation(walkout: Walkout, unit: Unit, mine: CardState | None, now: datetime, *, told: bool = False) -> Situation:
    """Say where somebody stands who reads now."""
    terms = walkout.terms
    over = terms.starts if terms.kind is StepKind.SURVEY else terms.ends or terms.starts + ASKED_FOR
    past, verdict = now >= terms.pledge_by, _verdict(walkout, unit, now)
    return Situation(
        verdict=verdict,
        day=Day.BEFORE if now < terms.starts else Day.ITSELF if now < over else Day.AFTER,
        kind=terms.kind,
        mine=mine,
        told=told,
        deadline_past=past,
        # as pledging.decide has it: while the last count is late, what was kept for it still counts
        pledging=walkout.stage in PLEDGING and verdict not in NOBODY and (not past or walkout.counts_again),
        asked=unit.out and asks_turnout(walkout, now),
    )


def _verdict(walkout: Walkout, unit: Unit, now: datetime) -> Verdict:  # noqa: C901, PLR0911  one for each stage
    # rules.tally: a count that is late, and comes after the start, sends nobody out; a survey's is taken all the same
    too_late = now > max(walkout.terms.starts, walkout.terms.pledge_by + LATE)
    match walkout.stage:
        case Stage.DRAFT:
            return Verdict.NOT_OPEN
        case Stage.OPEN if too_late and walkout.terms.kind is not StepKind.SURVEY:
            return Verdict.MISSED
        case Stage.OPEN | Stage.ON if unit.left:
            return Verdict.LEFT
        case Stage.OPEN:
            return Verdict.UNDECIDED
        case Stage.ON if unit.out:
            return Verdict.WALKS_OUT
        case Stage.ON:
            return Verdict.NOT_YET if walkout.counts_again and not too_late else Verdict.DOES_NOT
        case Stage.LAPSED:
            return Verdict.MISSED if was_missed(walkout) else Verdict.LAPSED
        case Stage.CALLED_OFF:
            return Verdict.CALLED_OFF
        case Stage.ENDED:
            return Verdict.ENDED
        case Stage.CLOSED:
            return Verdict.CLOSED
