"""What the application asks of a store; each kind of database is one file beside this one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.committee_word import SaidWord
from bot.domain.fence import Epochs
from bot.domain.leases import Lease
from bot.domain.model import Announcement, Kind, Ruling, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import Bearer, Change, NewCard, Outcome
from bot.domain.roles import Became, Deed, MemberId, Proposal, Role, Roles, Stopped, Suspension, frozen

Rule = Callable[[Walkout, Sequence[Unit]], Ruling]
"""A pure rule with its time already bound; a store may call it again if its transaction must be repeated."""

WordRule = Callable[[Walkout, Sequence[Unit], Sequence[SaidWord]], Sequence[Announcement]]
"""Likewise a rule about what organizers say themselves, given what they have said before."""


PledgeOf = Callable[[WalkoutId, bytes], bytes | None]
"""Given a step and a card's key in the register, returns its key among the step's pledges; None: that step has none."""


def NO_OTHER(_step: WalkoutId, _card: bytes) -> None:  # noqa: N802  a constant
    """Say that there is no other step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A chat bound to a walkout, citywide (scope None) or for one unit."""

    walkout: WalkoutId
    scope: UnitId | None
    platform: str
    address: str  #: the platform's own name of the chat
    language: str = ""  #: in which it hears the news; '': the walkout's own
    tries: int = 0  #: so often its news was tried to be sent in vain by now


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Somebody with a role. `id` is an HMAC; address and nickname are sealed with the server key."""

    id: MemberId
    platform: str
    address: bytes
    nickname: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A worker's wish to be told privately. Nothing in it leads to a card or, without the key file, to anybody."""

    locator: bytes  #: an HMAC of the card's code
    walkout: WalkoutId
    platform: str
    sealed: bytes  #: address, language and unit, to the walkout's public key


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


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledDeletion:
    """A message that is to be deleted."""

    id: int
    what: bytes  #: the platform's own name of it, sealed
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketched:
    """A walkout that an organizer is putting together; both parts are sealed."""

    number: int  #: grows by one with each change, from 1
    content: bytes
    list: bytes  #: of workplaces


class Delivery(StrEnum):
    """What became of a parcel."""

    WAITING = "waiting"
    CLAIMED = "claimed"  #: some process is sending it
    SENT = "sent"
    GONE = "gone"  #: its room does not exist any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One announcement on its way to one room, or to one person (whose address is sealed)."""

    id: int
    walkout: WalkoutId | None
    news: Announcement
    platform: str
    room: str | None
    person: bytes | None  #: the sealed address
    notice: bool  #: the person is a worker who asked for it; sealed to the walkout's key, None if they ask no more
    member: MemberId  #: the organizer or steward; empty if it goes to nobody who was one when it was made
    attempts: int
    language: str  #: of the room
    nonce: str  #: 20 letters by which a platform knows a parcel that is sent again; made when it is first claimed


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a room has heard."""

    reference: str
    language: str
    words: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """An announcement as rooms really heard it."""

    walkout: WalkoutId
    citywide: bool  #: or in one unit's own rooms
    said: datetime  #: when the first room had heard it
    words: Mapping[str, str]  #: by language


@dataclass(frozen=True, kw_only=True, slots=True)
class Voiding:
    """What ends the cards of a unit and of all that are part of it."""

    unit: UnitId
    at: datetime
    recalls: bool  #: what was pledged on them ends as well
    news: Announcement  #: for the unit's rooms
    vote_again: tuple[Announcement, ...] = ()  #: for every room: a recall throws all ballots away, which bear no unit


KeptAnew = Callable[[WalkoutId, bytes, bytes | None], NewCard | None]
"""What an older version's card becomes: given its walkout, SHA-256 of its code, and its owner if it has one.

None if the walkout's key was destroyed. Raises KeyFileRefused.
"""


class Rekeying(Protocol):
    """What becomes of everything that is under the server's key; see Store.rekey."""

    def reseal(self, sealed: bytes) -> bytes:
        """Seal the same with the other key."""
        ...

    def member(self, member: MemberId, platform: str, address: bytes) -> MemberId | None:
        """Return how the other key recognizes them; None if it cannot."""
        ...

    def proposal(self, matter: str, walkout: str, about: MemberId, content: bytes) -> bytes:
        """Return the key of a proposal, all of which is under the other key already."""
        ...


UNHEARD_AFTER = 3
"""Tries; by then a room has not heard its news for a quarter of a minute, and people should look why."""

STUCK_AFTER = 8
"""Tries; by then a parcel has waited for twenty minutes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What is wrong in a store; nothing, if all but its first field is empty."""

    database: str = ""  #: its kind and version
    damage: tuple[str, ...] = ()  #: in the database's own words; the rest may not have been examined then
    orphans: int = 0  #: rows that refer to others that are not there
    misplaced: int = 0  #: units below what they cannot be part of, or with cards although others are part of them
    miscounted: Mapping[WalkoutId, int] = field(default_factory=dict)  #: units whose counts are not their pledges'
    contradictory: tuple[WalkoutId, ...] = ()  #: on without the announcement of it, or the reverse
    stuck: Mapping[str, int] = field(default_factory=dict)  #: by platform: parcels that were tried again and again


class Leases(Protocol):
    """Who of several processes over one store does what is done once; by the database's clock, see bot.domain.leases.

    Within `bot.storage.fencing.fenced` each transaction of the store's raises LeaseLost, and changes nothing, if the
    lease has another number by then; and as long as it lasts nobody takes the lease over.
    Any method raises NotRecorded, and then nobody knows.
    """

    async def take_lease(self, name: str, holder: str) -> Lease | None:
        """Give the lease, with a new number, if nobody has it, or this holder; else None."""
        ...

    async def renew_lease(self, lease: Lease) -> bool:
        """Let it last from now; False if somebody else has taken it."""
        ...

    async def give_up_lease(self, lease: Lease) -> None:
        """Let anybody take it at once."""
        ...


class Store(Leases, Protocol):
    """Everything the application remembers.

    Each method is one transaction. Any of them raises NotRecorded if the database could not write, and
    then nothing was changed, but for its subclass InDoubt: then nobody knows.
    """

    async def apply(self, change: Change) -> Outcome:
        """Look at, pledge or take back one card; return after the commit.

        Raises the refusals of bot.domain.pledging, and TallyDue if a tally stands before this change.
        """
        ...

    async def stands(self, pledge: bytes) -> bool:
        """Say whether the pledge of this key counts."""
        ...

    async def decide(self, walkout: WalkoutId, rule: Rule) -> Ruling:
        """Store what the rule makes of the walkout: its state, its board, its news and their parcels.

        Raises NoSuchWalkout, and whatever the rule raises.
        """
        ...

    async def add_notice(self, notice: Notice, bearer: Bearer) -> bool:
        """Keep a notice if the bearer's own card stands pledged and the walkout is not over; once, however often asked.

        False if there is none now.
        """
        ...

    async def add_wish(self, wish: Notice) -> None:
        """Keep somebody's wish to be told if what lapsed is tried again; once, however often asked.

        Its `walkout` is the campaign. Once it was told, or can be told to nobody, it is gone.
        """
        ...

    async def delete_wish(self, locator: bytes) -> None:
        """Forget it; nothing more is sent for it, but for what is being sent."""
        ...

    async def delete_notice(self, locator: bytes) -> None:
        """Forget a notice; nothing more is sent for it, but for what is being sent."""
        ...

    async def has_notice(self, locator: bytes) -> bool:
        """Say whether there is one."""
        ...

    async def cast(self, ballot: str, change: Change) -> Outcome:
        """Keep a ballot in place of the one that the same person cast on the same card, if they may: see Act.VOTE.

        Raises what `apply` raises for such a change.
        """
        ...

    async def has_voted(self, locator: bytes) -> bool:
        """Say whether there is a ballot here. What it says is given to nobody."""
        ...

    async def forget_order(self) -> None:
        """Leave nothing in the files of the order in which cards and notices were written; called at each tally.

        Nor of a minting that failed, where it could not be taken back before.
        """
        ...

    async def add_walkout(self, walkout: Walkout, units: Sequence[Unit]) -> None:
        """Keep a new draft. It takes over rooms, stewards and numbers of cards of the step that it is `after`."""
        ...

    async def walkouts(self) -> list[Walkout]:
        """Every walkout, in the order of their starts."""
        ...

    async def walkout(self, walkout: WalkoutId) -> Walkout:
        """One walkout. Raises NoSuchWalkout."""
        ...

    async def steps(self, walkout: Walkout) -> list[Walkout]:
        """All steps of a walkout's campaign, itself among them, in the order of their starts."""
        ...

    async def last_unit(self, campaign: WalkoutId) -> UnitId:
        """Return the highest number of a unit that any step of the campaign has or had. Cost: reads all its cards."""
        ...

    async def units(self, walkout: WalkoutId) -> list[Unit]:
        """Every unit of the walkout, parents before their children. Cost: one row each, however many cards."""
        ...

    async def sharing(self, names: Collection[str]) -> dict[WalkoutId, int]:
        """How many of these names each walkout has among its units', where it is any."""
        ...

    async def unit(self, walkout: WalkoutId, unit: UnitId) -> Unit:
        """One unit. Raises NoSuchUnit."""
        ...

    async def look_up(self, walkout: WalkoutId, unit: UnitId) -> tuple[Walkout, Unit]:
        """Find a walkout and a unit of it; both exist. Cost: one read for all who ask at the same time."""
        ...

    async def path(self, walkout: WalkoutId, unit: UnitId) -> tuple[Walkout, tuple[Unit, ...]]:
        """Find a walkout and a unit of it with all that it is part of, the widest first. Cost: as to look up.

        Raises NoSuchUnit.
        """
        ...

    async def mint(
        self, walkout: WalkoutId, cards: Mapping[UnitId, Sequence[NewCard]], pledge_of: PledgeOf = NO_OTHER
    ) -> None:
        """Add new cards, each with a blank pledge. None is known before all are there.

        In a campaign they get one as well in every step that has their unit and is not over, by `pledge_of`.

        Raises BeyondHeadcount, WrongStage (it is closed), and then adds none at all.
        """
        ...

    async def set_took_part(self, walkout: WalkoutId, unit: UnitId, number: int, note: Note) -> None:
        """Note how many people took part at the unit, as whoever looks after it has counted them."""
        ...

    async def set_drawn(self, walkout: WalkoutId, unit: UnitId, drawn: int, note: Note) -> None:
        """Note how many cards were drawn at the unit; organizers may be warned of it again."""
        ...

    async def blank(self, walkout: WalkoutId, pledge_of: PledgeOf) -> None:
        """Give every card of a campaign a blank pledge in this step, as far as it has the cards' units.

        They come in pieces, between which others have their turn. Cut off, or done before, it is done again.
        """
        ...

    async def mint_approved(
        self,
        proposal: str,
        walkout: WalkoutId,
        cards: Mapping[UnitId, Sequence[NewCard]],
        note: Note,
        pledge_of: PledgeOf = NO_OTHER,
    ) -> bool:
        """Add the cards of a proposal that is granted, and with that it is done.

        False, and nothing changed, if it is not granted any more. Raises BeyondHeadcount.
        """
        ...

    async def void_approved(
        self, proposal: str, walkout: WalkoutId, voiding: Voiding, news: Announcement, note: Note
    ) -> bool:
        """Void or recall all cards that the unit and its parts have now, and with that the proposal is done.

        False, and nothing changed, if it is not open any more.
        """
        ...

    async def words_said(self, walkout: WalkoutId) -> list[SaidWord]:
        """Return what the organizers have said themselves, in order."""
        ...

    async def say_approved(
        self, proposal: str, walkout: WalkoutId, rule: WordRule, news: Announcement, note: Note
    ) -> bool:
        """Say what organizers have approved, and with that the proposal is done.

        False, and nothing changed, if it is not open any more. Raises whatever the rule raises.
        """
        ...

    async def close(self, walkout: WalkoutId, news: Announcement) -> None:
        """Forget the walkout's pledges, ballots, notices, rooms, proposals and parcels; keep its announcements.

        Its cards as well, if they are no campaign's; a campaign's step that none follows yet keeps its rooms and
        stewards for one that does. It is closed, and the news made, only once nothing of that is left
        in the file. Cut off, it is called again.
        """
        ...

    async def close_campaign(self, campaign: WalkoutId, news: Announcement) -> None:
        """Forget a campaign's cards, wishes, rooms and stewards, once all its steps are closed.

        Cut off, it is called again.
        """
        ...

    async def bind_room(self, room: Room, note: Note | None = None) -> None:
        """Let the room hear the walkout's news from now on; bound again with another language it changes to that."""
        ...

    async def release_room(self, walkout: WalkoutId, platform: str, address: str, note: Note | None = None) -> bool:
        """Undo the binding; False if there was none."""
        ...

    async def move_room(self, platform: str, old: str, new: str) -> None:
        """Follow a chat that has got another name, with the parcels on their way to it."""
        ...

    async def lose_room(self, platform: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """Unbind a chat that is gone from every walkout, and make the news of each binding."""
        ...

    async def tell_of_room(self, platform: str, address: str, news: Callable[[Room], Announcement]) -> None:
        """Make the news of each binding of a chat."""
        ...

    async def rooms(self, walkout: WalkoutId) -> list[Room]:
        """Every room of the walkout."""
        ...

    async def test_rooms(
        self, walkout: WalkoutId, news: Callable[[UnitId | None], Announcement], note: Note, *, since: str
    ) -> int | None:
        """Make this news for every scope that has a room; return how many rooms will hear it.

        None, and nothing changed, if such news was made since the occasion `since`.
        """
        ...

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

    async def tell(self, news: Announcement) -> None:
        """Make a piece of news that belongs to no walkout."""
        ...

    async def noted(self, *, walkout: WalkoutId | None, before: int | None, limit: int) -> list[Noted]:
        """Lines of the audit, newest first, those below the number `before`."""
        ...

    async def claim_parcels(
        self, platform: str, *, now: datetime, limit: int, only: Collection[Kind] | None = None
    ) -> list[Parcel]:
        """Take a platform's parcels that are due, for sending: oldest first, but those of notices after all others.

        With `only`, those of these kinds.

        After a crash they wait again. A room hears its news in order: while a parcel waits for it, no later one is
        taken, unless that one was tried in vain for most of an hour. While a parcel to a room or an organizer is
        claimed, no other one to them is taken.
        """
        ...

    async def unclaim_parcels(self, platform: str, *, but: Collection[int]) -> None:
        """Let a platform's claimed parcels wait again, none of which was tried to be sent but for these."""
        ...

    async def settle(self, parcel: Parcel, became: Delivery, heard: Heard | None = None) -> None:
        """Record what became of a claimed parcel: sent, or its room is gone.

        What a room `heard` is kept for whoever verifies it: the first words in each language, and when that was.
        """
        ...

    async def statement(self, reference: str) -> Statement | None:
        """Find an announcement that some room has heard; None if there is none of this reference."""
        ...

    async def postpone(self, parcel: Parcel, *, until: datetime) -> None:
        """Put a claimed parcel back, to be tried again."""
        ...

    async def next_parcel(self, platform: str) -> datetime | None:
        """When the platform's next waiting parcel may be sent."""
        ...

    async def unsettled(self, walkout: WalkoutId) -> int:
        """How many of the walkout's parcels are still to be sent."""
        ...

    async def add_deletion(self, platform: str, what: bytes, *, due: datetime) -> None:
        """Remember a message that is to be deleted."""
        ...

    async def due_deletions(self, platform: str, *, now: datetime) -> list[ScheduledDeletion]:
        """Every scheduled deletion of the platform that is due."""
        ...

    async def put_off_deletion(self, deletion: int, *, until: datetime) -> None:
        """Let it be tried again."""
        ...

    async def drop_deletion(self, deletion: int) -> None:
        """Forget it."""
        ...

    async def next_deletion(self, platform: str) -> datetime | None:
        """When the platform's next scheduled deletion is due."""
        ...

    async def sketch(self, organizer: MemberId) -> Sketched | None:
        """Return what somebody is putting together."""
        ...

    async def keep_sketch(self, organizer: MemberId, sketched: Sketched, *, until: datetime) -> bool:
        """Keep it; False, and nothing is changed, if its number is not the next one or they organize no more."""
        ...

    async def drop_sketch(self, organizer: MemberId) -> None:
        """Forget it."""
        ...

    async def drop_old_sketches(self, *, now: datetime) -> None:
        """Forget those whose time is over."""
        ...

    async def oldest_sketch(self) -> datetime | None:
        """When the next one is to be forgotten."""
        ...

    async def epochs(self, place: str) -> Epochs:
        """Which epochs are ours in a platform's place; see bot.domain.fence."""
        ...

    async def keep_epochs(self, place: str, ours: Epochs) -> None:
        """Remember them."""
        ...

    async def welcome(self, way: str, bot: str) -> None:
        """Note a bot that its platform has let in, and what it is called there.

        The first of its platform adopts what an older version has kept, to which there was only one.
        """
        ...

    async def ways(self) -> dict[str, str]:
        """Every bot that was welcomed and not taken over since, and what it is called."""
        ...

    async def adopt_way(self, old: str, new: str) -> None:
        """Let everything that belongs to one way belong to another. A chat bound by both stays bound once."""
        ...

    async def follow(self, member: MemberId, way: str) -> bool:
        """Reach somebody with a role by this way from now on, also with what waits; False if it is so already."""
        ...

    async def take_chat(self, way: str, address: str) -> None:
        """Let a chat hear its news by this way alone, if it heard any by another of the same platform."""
        ...

    async def rooms_by_way(self) -> dict[str, int]:
        """How many bindings each way has, where it has any."""
        ...

    async def untried(self) -> dict[str, int]:
        """Return, of each way, the first waiting parcel that nobody has tried to send, if there is one."""
        ...

    async def copy(self) -> bytes:
        """Return the whole database as one file has it, as of one instant between two transactions."""
        ...

    async def rekey(self, name: str, rekeying: Rekeying) -> None:
        """Put everything that is under the server's key under another one, and bear that one's name.

        Nothing is changed if the store bears the name already.
        """
        ...

    async def tidy_up(self, news: Announcement) -> None:
        """Write the file anew if a migration left in it what is not to stay, and then make the news. Cut off, again."""
        ...

    async def examine(self) -> Examined:
        """Look whether all of it is whole and agrees. Cost: reads everything; pledges wait a second, with a million."""
        ...

    async def aclose(self) -> None:
        """Finish what was accepted and let go of the database."""
        ...
