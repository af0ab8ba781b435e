"""The nouns: a walkout, its terms, its units, what a tally rules. The words: docs/reference/words.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NewType

from bot.domain import zones

WalkoutId = NewType("WalkoutId", str)
"""A short id people can type, such as `k7m3q`."""

UnitId = NewType("UnitId", int)
"""Numbers the units of one walkout from 1: parents before their children, and by name among those of one parent."""

ROOT = UnitId(0)
"""The whole walkout, which no row stands for: its numbers are in the terms."""

FEWEST = 5
"""No threshold is lower, and no change of a board number covers fewer people."""

DAY, NONE = timedelta(days=1), timedelta()

LEAST_TO_DECIDE = timedelta(hours=1)
"""Between the deadline and the start: for a tally that is late, and for people to hear of it."""

LEAST_BETWEEN_TALLIES = timedelta(minutes=15)

SPOKEN = "en"
"""The language where nobody has said which."""


class Stage(StrEnum):
    """Where a walkout stands: draft, open, then on, lapsed or called off; closed at last."""

    DRAFT = "draft"
    OPEN = "open"
    ON = "on"
    LAPSED = "lapsed"
    CALLED_OFF = "called_off"
    ENDED = "ended"  #: a survey's last count is taken
    CLOSED = "closed"  #: its secrets are destroyed


class StepKind(StrEnum):
    """What people pledge to: the steps of a campaign build up to a walkout."""

    WALKOUT = "walkout"
    ACTION = "action"  #: on a day, at work: stickers, a walk-in, a practice picket; nobody walks out
    SURVEY = "survey"  #: taking part is all of it: no day, no *on*; it ends at its deadline


class CountedBy(StrEnum):
    """Who says on the day how many take part."""

    CARDS = "cards"  #: each card's holder, with a button
    STEWARDS = "stewards"  #: whoever looks after a workplace counts by hand


class Tier(StrEnum):
    """What a unit is to those who pledge."""

    AREA = "area"  #: above the workplace: a neighborhood, a borough, an employer; as many levels as organizers name
    WORKPLACE = "workplace"  #: goes out together, or not at all
    DEPARTMENT = "department"  #: below it: a department or a shift; its number is a condition of its workplace only


class Counts(StrEnum):
    """Whose pledges count towards the citywide threshold."""

    READY = "ready"  #: only those whose own workplace is ready
    ALL = "all"


class Entry(StrEnum):
    """How a worker comes to a pledge."""

    CARDS = "cards"  #: with a printed single-use code
    OPEN = "open"  #: with nothing but an account: weaker, and said so


class CardState(StrEnum):
    """All one letter long: a card that changes state keeps its size in the file."""

    MINTED = "m"  #: never pledged, belongs to nobody yet
    PLEDGED = "p"
    WITHDRAWN = "w"  #: taken back; still bound to its owner, who may pledge again
    OUT = "o"  #: pledged, and on the day its holder has said to be out
    RECALLED = "r"  #: ended by the organizers, whatever it was before

    @property
    def stands(self) -> bool:
        """Whether it counts as pledged."""
        return self in {CardState.PLEDGED, CardState.OUT}


class Kind(StrEnum):
    """The kinds of announcement."""

    OPENED = "opened"
    WORKPLACE_READY = "workplace_ready"
    MILESTONE = "milestone"
    ON = "on"
    WE_ARE_OUT = "we_are_out"
    NOT_YET_OUT = "not_yet_out"
    WORKPLACE_JOINS = "workplace_joins"
    REMINDER = "reminder"
    LAPSED = "lapsed"
    CALLED_OFF = "called_off"
    NOT_OUT = "not_out"  #: the last count is taken, and this workplace has not reached its number
    LAST_WORD = "last_word"  #: the last count is taken, and it was on before: yes or no
    FEWER_NOW = "fewer_now"  #: the same to a workplace that walks out and stands below its number
    TOMORROW = "tomorrow"  #: a day before the start, to those who walk out
    STARTS = "starts"  #: likewise at the start
    AFTERWARDS = "afterwards"  #: thanks, and what to do if somebody is disciplined
    ROOM_TEST = "room_test"  #: an organizer wants to see whether rooms hear us
    LOOK_AGAIN = "look_again"  #: what people did since a backup was made is lost
    CARDS_VOIDED = "cards_voided"  #: who has not pledged draws a new card
    CARDS_RECALLED = "cards_recalled"  #: everybody does
    SURVEY_OVER = "survey_over"  #: a survey's last count is taken; what its ballots came to
    VOTE_AGAIN = "vote_again"  #: a unit's cards were recalled, and with them every ballot
    COMMITTEE_WORD = "committee_word"  #: the organizers say something themselves
    ANOTHER_TRY = "another_try"  #: to whoever asked for it, once what lapsed is tried again
    LEFT = "left"  #: this unit does not walk out: its own organizers have taken it out
    # privately, to organizers or stewards:
    WORKPLACES_READY = "workplaces_ready"  #: all that became ready at one tally, to organizers
    NEXT_STEP = "next_step"  #: a step's last count is in: which units it opens the next one to
    PROPOSAL = "proposal"  #: something needs their approval
    DECIDED = "decided"  #: what became of it
    ROLE_CARD_USED = "role_card_used"  #: to the appointer: is it them?
    ROLE_GIVEN = "role_given"  #: to whoever used it
    ROLE_TAKEN = "role_taken"  #: to whoever had it
    SERVER_CODE_USED = "server_code_used"  #: the server made an organizer
    SUSPENDED = "suspended"  #: an organizer has suspended another
    SUSPENSION_ENDED = "suspension_ended"  #: by the keeper of the server
    ROOM_GONE = "room_gone"  #: a chat does not hear us any more
    ROOM_MUTE = "room_mute"  #: we may not write in a chat, though it is there
    MORE_THAN_DRAWN = "more_than_drawn"  #: more cards stand at a workplace than its steward says were drawn
    MORE_THAN_PEOPLE = "more_than_people"  #: more cards stand at a workplace than people work there
    PLATFORM_DOWN = "platform_down"  #: a chat service cannot be reached, or refuses us
    PLATFORM_BACK = "platform_back"
    TOKEN_SHARED = "token_shared"  # noqa: S105  somebody else uses the bot's token
    HELD = "held"  #: nothing is decided or announced now
    WALKOUT_CLOSED = "walkout_closed"  #: its secrets are destroyed
    CAMPAIGN_CLOSED = "campaign_closed"  #: its cards are
    RESTORED = "restored"  #: from a backup
    CARDS_KEYED = "cards_keyed"  #: what older versions kept of cards is in older backups only


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a survey asks of whoever has pledged to take part; at most three of them, with two to eight options."""

    text: str
    options: tuple[str, ...]
    many: bool = False  #: as many options as somebody likes; or one


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What organizers say in words of their own, in one language; what is empty they have not written in it."""

    title: str = ""
    demands: tuple[str, ...] = ()
    legal_notice: str = ""  #: shown before pledging
    on_the_day: str = ""  #: sent only once it is on
    called_by: str = ""  #: who calls it, as people are told
    ask: str = ""  #: whom to ask, and how
    if_disciplined: str = ""  #: what to do if somebody is disciplined; said with the closing word
    levels: tuple[str, ...] = ()  #: what the areas are called, from the widest: `borough`, `neighborhood`
    campaign: str = ""  #: what the campaign is called that it is a step of
    questions: tuple[Question, ...] = ()  #: of a survey; in each language as many, with as many options

    def written(self) -> Mapping[str, Any]:
        """Return what is not empty, by name."""
        return {each.name: said for each in fields(self) if (said := getattr(self, each.name))}


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What people pledge to. Frozen once the walkout is open."""

    title: str  #: this and the others that `Words` has as well are in `language`
    starts: datetime  #: aware, with the offset that clocks have there, or that the organizers wrote
    pledge_by: datetime  #: a pledge counts if it is committed strictly before this
    citywide_threshold: int
    city: str = ""
    demands: tuple[str, ...] = ()
    legal_notice: str = ""
    on_the_day: str = ""
    citywide_counts: Counts = Counts.READY
    minimum_workplaces: int = 1  #: this many must be ready
    confirm_tallies: int | None = None  #: the condition must hold this many tallies in a row; None: see rules.confirmed
    tally_every: timedelta = timedelta(hours=1)
    entry: Entry = Entry.CARDS
    approvals: int = 2  #: organizers needed for what cannot be undone
    milestones: bool = False
    turnout: bool = False  #: on the day people are asked whether they are out
    reminders: tuple[timedelta, ...] = ()  #: before `pledge_by`
    called_by: str = ""
    ends: datetime | None = None  #: like `starts`; None: nobody has said
    ask: str = ""
    if_disciplined: str = ""
    language: str = ""  #: of the organizers' words above, and of rooms for which no other was chosen; '': SPOKEN
    translations: Mapping[str, Words] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """The same words in other languages, as far as the organizers have written them."""
    timezone: str = ""  #: whose clocks people go by, such as `America/New_York`; '': the offsets that were written
    levels: tuple[str, ...] = ()
    kind: StepKind = StepKind.WALKOUT
    campaign: str = ""  #: '': it is none's; then its cards are destroyed with it
    questions: tuple[Question, ...] = ()
    opens_where: int = 100  #: per cent of the last step's number: where so many took part, this one opens
    counted_by: CountedBy = CountedBy.CARDS  #: who counts, where `turnout` is counted
    clock: str = ""  #: `12h` or `24h`; '': what people use in the zone's country

    @property
    def counts_to_twelve(self) -> bool:
        """Whether people there say 6 pm for 18:00."""
        return (self.clock or (self.timezone and zones.clock_in(self.timezone))) == "12h"

    def local(self, instant: datetime) -> datetime:
        """Return an instant as clocks show it where the walkout is, at that instant."""
        if self.timezone:
            return zones.pinned(instant, self.timezone)
        return instant.astimezone((self.pledge_by if instant <= self.pledge_by else self.starts).tzinfo)

    def shifted(self, instant: datetime, step: timedelta, times: int = 1) -> datetime:
        """Go steps further, or back: of whole days to the same time by the clocks there, others as they elapse."""
        by_the_clock = self.timezone and step % DAY == NONE
        return zones.shifted(instant, step * times, self.timezone) if by_the_clock else instant + step * times

    def said_in(self, language: str) -> Terms:
        """Return the same terms in the organizers' own words of a language, as far as they have written them."""
        words = self.translations.get(language)
        return self if words is None else replace(self, **words.written())


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardLine:
    """What the board holds about one unit between two tallies. See disclosure.py."""

    reached: bool = False  #: it has reached its number; it may since have lost it again
    since: int = 0  #: the tally at which `reached` came on; 0 while it is off
    number: int = 0  #: what it adds to the city; shown unless `reached`
    anchor: int = 0  #: the exact count when `number` last changed; never shown
    above: int = 0  #: `number` as the city's coarse line counts it


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A unit of workers: a workplace, an area of them, or a department of one."""

    id: UnitId
    name: str
    headcount: int  #: people on the roster, or of all units below
    threshold: int  #: people who must have pledged, at least 5; 0: it has no number of its own
    parent: UnitId = ROOT
    tier: Tier = Tier.WORKPLACE
    minimum: int = 0  #: of the units right below, so many must be ready
    meet: str = ""  #: where its people meet; sent only once it is on
    meets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)  #: in other languages
    minted: int = 0  #: cards that exist
    issued: int = 0  #: cards as far as people may know: those printed, less those voided; see disclosure.known
    standing: int = 0  #: cards pledged now; never shown to anyone as it is
    line: BoardLine = field(default_factory=BoardLine)
    out: bool = False  #: for good, once the walkout is on
    told_ready: bool = False  #: `workplace_ready` is announced once in a walkout's life
    turnout: int = 0  #: people who say on the day that they are out; never shown to anyone as it is
    turnout_line: BoardLine = field(default_factory=BoardLine)
    drawn: int | None = None  #: cards drawn, as its steward says; None: nobody has said
    told_drawn: bool = False  #: organizers were warned that more are standing
    told_people: bool = False  #: organizers were warned that more are standing than there are people
    voided: datetime | None = None  #: when its cards were voided or recalled last
    left: bool = False  #: for good: its own organizers, or those of an area above it, have taken it out
    took_part: int | None = None  #: people, as its steward has counted them on the day; None: nobody has
    has_room: bool = False  #: a chat hears its news; known of one that is looked up by itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Walkout:
    """One planned action, and how far its tallies have come."""

    id: WalkoutId
    terms: Terms
    stage: Stage = Stage.DRAFT
    opened: datetime | None = None
    tally: int = 0  #: number of the last tally; 0 before the first
    tallied: datetime | None = None  #: the instant the last tally stands for
    next_tally: datetime | None = None
    streak: int = 0  #: tallies in a row at which the condition held
    milestone: int = 0  #: quarters of the citywide number announced so far
    reminded: datetime | None = None  #: due time of the newest reminder made
    ended: datetime | None = None  #: when it lapsed, ended or was called off
    campaign: WalkoutId | None = None  #: the first step of its campaign; None: it is the first itself
    after: WalkoutId | None = None  #: the step on whose proof it opens, or that it is another try of
    cards_gone: bool = False  #: its campaign is closed: the cards are destroyed as well
    votes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """How often each ballot was cast, as `bot.domain.ballots` writes them; read for a survey's last count only."""

    @property
    def register(self) -> WalkoutId:
        """The campaign, which is called as its first step: under it its cards are kept."""
        return self.campaign or self.id

    @property
    def in_campaign(self) -> bool:
        """Whether its cards are a campaign's, and outlive it."""
        return bool(self.terms.campaign) or self.campaign is not None

    @property
    def counts_again(self) -> bool:
        """Whether a tally of pledges is still to be taken, be it late."""
        return self.next_tally is not None and self.next_tally <= self.terms.pledge_by


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """A piece of news for every room of one scope.

    Unique by (walkout, scope, kind, about, occasion): made twice, it is stored once.
    """

    kind: Kind
    occasion: str  #: the tally's number, or the reminder's due time
    scope: UnitId | None = None  #: whose rooms hear it; None: the citywide ones
    about: UnitId | None = None  #: the unit it speaks of
    to_organizers: bool = False  #: they hear it privately as well
    to_stewards: bool = False  #: so do the scope's stewards
    to_committees: tuple[UnitId, ...] = ()  #: and the organizers of these units
    to_rooms: bool = True
    to: tuple[tuple[str, bytes], ...] = ()  #: to these people: way and sealed address
    not_to: frozenset[bytes] = frozenset()  #: organizers who know already, or must not
    not_on: str = ""  #: organizers whom this way reaches are not told; it is what the news is about
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reference: str = ""  #: by which anybody can verify it; the store gives one to what goes to rooms

    @property
    def to_notices(self) -> bool:
        """Whether workers who asked for it are told privately: what decides about their day, once each."""
        return (self.scope, self.about) == (None, None) and self.kind in {
            Kind.LEFT,  # this and the last three only to those whom it is about
            Kind.ON,
            Kind.LAPSED,
            Kind.CALLED_OFF,
            Kind.LAST_WORD,
            Kind.TOMORROW,
            Kind.STARTS,
            Kind.SURVEY_OVER,
            Kind.COMMITTEE_WORD,
        }

    @property
    def to_wishes(self) -> bool:
        """Whether it is for those who asked, when something lapsed, to be told of another try."""
        return self.kind is Kind.ANOTHER_TRY


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """What a rule decided: the walkout as it is from now on, and the news.

    `units` holds only those that differ from before. Stored in one transaction.
    """

    walkout: Walkout
    units: tuple[Unit, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    dropped: frozenset[UnitId] = frozenset()  #: units that a step opens without
