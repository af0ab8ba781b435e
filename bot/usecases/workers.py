"""What a worker can do: look at a card, pledge, take it back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from bot.domain import ballots, disclosure
from bot.domain.disclosure import Coarse
from bot.domain.errors import (
    CardRests,
    Held,
    Hold,
    InDoubt,
    NotOpenYet,
    NotRecorded,
    OneCardEach,
    OtherStep,
    PledgingClosed,
    TallyDue,
    UnknownCard,
    WrongStage,
)
from bot.domain.model import CardState, Entry, Stage, StepKind, Terms, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import Act, Change, Enrolment, Outcome
from bot.domain.rules import PLEDGING
from bot.domain.situation import Situation, situation
from bot.domain.tree import workplace_on
from bot.guards.holds import Holds
from bot.guards.rate_limits import AccountLimits
from bot.process.clock import Clock
from bot.secrets.keys import Addressee, Bearer, Keys, Person
from bot.storage.store import Notice, Store
from bot.usecases.ladder import Ladders
from bot.usecases.scheduled import Tallies

MAY_BE_TOLD = frozenset({CardState.PLEDGED, CardState.RECALLED})
"""Whoever's card was recalled may have asked before, and may want to be told no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A card as its holder may see it."""

    walkout: Walkout
    path: tuple[Unit, ...]  #: from the widest area to the unit whose card it is
    mine: CardState | None  #: the holder's own pledge; None says nothing about anybody else's
    at: datetime  #: when they look
    changed: bool = False
    told: bool = False  #: they have asked to be told when it is on
    voted: bool = False  #: in a survey; what, nobody is shown
    lines: Mapping[UnitId, Coarse] = field(default_factory=dict)  #: of the city and of areas, while they are counted
    step: int = 1  #: which one of its campaign it is
    counted: int = 0  #: steps of the campaign with their workplace whose last count is in
    ladder: tuple[Terms, ...] = ()  #: those of them that this workplace has proved, in their order
    without: Terms | None = None  #: a later step of the campaign that their workplace is no part of
    logged: bool = False  #: the database keeps for a while when each change was made

    situation: Situation = field(init=False)  #: where they stand then

    def __post_init__(self) -> None:
        """Look once; every second sentence asks."""
        at = situation(self.walkout, self.unit, self.mine, self.at, told=self.told)
        object.__setattr__(self, "situation", at)

    @property
    def can_vote(self) -> bool:
        """Whether there is something to vote on, and time for it."""
        return bool(self.walkout.terms.questions) and self.situation.can_take_back

    @property
    def unit(self) -> Unit:
        """Whose card it is: a workplace, or a department of one."""
        return self.path[-1]

    @property
    def place(self) -> Unit:
        """The workplace, whose yes or no is theirs."""
        return workplace_on(self.path)

    @property
    def kind(self) -> StepKind:
        """What is pledged to."""
        return self.walkout.terms.kind


class CoarseLines:
    """The coarse lines of each walkout that is counted. They move at tallies only, so they are made once for each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lines: dict[WalkoutId, tuple[int, Stage, Mapping[UnitId, Coarse]]] = {}
        self._making = asyncio.Lock()

    async def of(self, walkout: Walkout) -> Mapping[UnitId, Coarse]:
        """Return them as of the last tally: until the city is decided, and after that while areas may still join."""
        areas_may_join = walkout.stage is Stage.ON and walkout.counts_again and walkout.terms.levels
        if walkout.stage is not Stage.OPEN and not areas_may_join:
            return {}
        if (known := self._known(walkout)) is None:
            async with self._making:  # of a crowd that comes after a tally one reads the units, for all
                if (known := self._known(walkout)) is None:
                    known = disclosure.coarse_lines(walkout, await self._store.units(walkout.id))
                    self._lines[walkout.id] = walkout.tally, walkout.stage, known
        return known

    def _known(self, walkout: Walkout) -> Mapping[UnitId, Coarse] | None:
        tally, stage, lines = self._lines.get(walkout.id, (None, None, None))
        return lines if (tally, stage) == (walkout.tally, walkout.stage) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A worker's request: who asks, and what the answer needs."""

    who: Person
    store: Store
    keys: Keys
    account_limits: AccountLimits
    clock: Clock
    tallies: Tallies
    holds: Holds
    lines: CoarseLines
    ladders: Ladders

    async def look(self, code: str, of: WalkoutId | None = None) -> Seen:
        """Show a card: to its owner their pledge, to everyone else the terms, pledged or not.

        `of` says where it is looked for first, which is all it costs if it is there; if not, it is looked for in every
        walkout. Raises UnknownCard; and to everyone but its owner NotOpenYet, PledgingClosed, and Held where only a
        clock in doubt says that it is closed.
        """
        if of is not None:
            with suppress(UnknownCard):
                return await self._look(self._change(Act.LOOK, code, of))
        return await self._look(self._change(Act.LOOK, code))

    async def knows(self, code: str) -> bool:
        """Say whether this is the code of a card, as far as the account may know."""
        try:
            await self._apply(self._change(Act.LOOK, code))
        except UnknownCard:
            return False
        except CardRests:  # it is one, though no step has its unit now
            pass
        return True

    async def owns(self, code: str) -> bool:
        """Say whether the account has pledged on this card, also if it took that back."""
        try:
            return (await self._apply(self._change(Act.LOOK, code))).mine is not None
        except (UnknownCard, CardRests):
            return False

    async def look_without_card(self, walkout: WalkoutId, unit: UnitId) -> Seen:
        """Show the account's own pledge in a walkout with open entry, or else this workplace's terms.

        Raises WrongStage where cards are needed.
        """
        await self._needs_no_card(walkout)
        change = self._change(Act.LOOK, self.open_code(walkout), walkout, unit)
        seen = await self._seen(await self._apply(change), change)
        if seen.mine is None or not seen.mine.stands:  # who took a pledge back may make it elsewhere
            seen = replace(seen, path=(await self.store.path(walkout, unit))[1], mine=None)
        return await self._offered(seen)

    async def _shown(self, code: str, of: WalkoutId | None) -> Seen:
        """Look at a card whose button was pressed. Raises OtherStep where it opens another than that one."""
        seen = await self._look(self._change(Act.LOOK, code, of))
        if of not in {None, seen.walkout.id}:
            raise OtherStep(seen.walkout.id)
        return seen

    async def _look(self, change: Change) -> Seen:
        return await self._offered(await self._seen(await self._apply(change), change))

    async def _offered(self, seen: Seen) -> Seen:
        walkout = seen.walkout
        if seen.mine is None and walkout.stage is Stage.DRAFT:
            raise NotOpenYet().of(seen.kind)
        if seen.mine is None and (walkout.stage not in PLEDGING or self.clock() >= walkout.terms.pledge_by):
            if walkout.stage in PLEDGING and walkout.counts_again:  # it is over by the clock alone
                try:
                    await self.holds.check()
                except Held as held:
                    if held.why is Hold.KEPT:
                        return seen
                    raise
            closed = PledgingClosed(walkout.stage, walkout.ended or walkout.terms.pledge_by, stands=False)
            raise closed.of(seen.kind)
        return seen

    async def pledge(self, code: str, of: WalkoutId | None = None) -> Seen:
        """Stand one card as pledged; pledging twice changes nothing. Of another walkout than `of` it is unknown.

        Raises UnknownCard, CardSpent, CardRecalled, NotOpenYet, PledgingClosed, OneCardEach, Held or NotRecorded; then
        nothing is stored. The store decides, in the batch's own transaction.
        """
        of = of or (await self._apply(self._change(Act.LOOK, code))).walkout
        change = self._change(Act.PLEDGE, code, of)
        if self.keys.knows(of) and self.open_code(of) == code:  # open entry: the head-count has a say as well
            return await self.enrol(of, (await self._apply(replace(change, act=Act.LOOK))).unit)
        return await self._pledge(of, change)

    async def enrol(self, walkout: WalkoutId, unit: UnitId) -> Seen:
        """Pledge without a card, where the walkout's entry is open. Raises as `pledge` does, and UnitFull."""
        await self._needs_no_card(walkout)
        return await self._pledge(walkout, self._change(Act.PLEDGE, self.open_code(walkout), walkout, unit))

    async def _needs_no_card(self, walkout: WalkoutId) -> None:
        seen = await self.store.walkout(walkout)
        if seen.terms.entry is not Entry.OPEN or not self.keys.knows(walkout):
            raise WrongStage(seen.stage)

    async def withdraw(self, code: str, of: WalkoutId | None = None) -> Seen:
        """Take the pledge back, and the notice with it; doing it twice changes nothing. `of` is as for `pledge`.

        Raises UnknownCard, NotPledged (whoever else may have pledged the card), CardRecalled, PledgingClosed, Held or
        NotRecorded.
        """
        change = self._change(Act.WITHDRAW, code, of)
        outcome = await self._decided(change)
        self.account_limits.forget(self.who, outcome.walkout)
        return await self._done(outcome, change)

    async def ask_to_be_told(self, code: str, language: str, of: WalkoutId | None = None) -> Seen:
        """Keep the account's address, sealed, so that it can be told when it is on; doing it twice changes nothing.

        Only for whoever's pledge stands on the card: `told` says whether it is kept. `of` is as for `pledge`. Raises as
        `look` does.
        """
        seen = await self._shown(code, of)
        walkout = seen.walkout.id
        if not seen.situation.can_ask or not self.keys.knows(walkout):
            return seen
        bearer = self.keys.bearer(code, self.who, walkout)
        addressee = Addressee(account=self.who.account, language=language, unit=seen.unit.id)
        notice = Notice(
            locator=bearer.notice(walkout),
            walkout=walkout,
            way=self.who.way,
            sealed=self.keys.seal_notice(walkout, addressee),
        )
        return replace(seen, told=await self.store.add_notice(notice, bearer))

    async def stop_telling(self, code: str, of: WalkoutId | None = None) -> Seen:
        """Forget the address again; only for whoever's card it is. Raises as `look` does."""
        seen = await self._shown(code, of)
        if seen.told:
            walkout = seen.walkout.id
            await self.store.delete_notice(self.keys.bearer(code, self.who, walkout).notice(walkout))
        return replace(seen, told=False)

    async def vote(self, code: str, ballot: str, of: WalkoutId | None = None) -> Seen:
        """Cast a ballot in place of the one before, which nobody is shown again; `of` is as for `pledge`.

        Only for whoever's pledge stands, and only what fits the questions: `changed` says whether it is cast. Raises as
        `look` and `withdraw` do.
        """
        seen = await self._shown(code, of)
        if not (seen.can_vote and ballots.fits(seen.walkout.terms.questions, ballot)):
            return seen
        change = self._change(Act.VOTE, code, of)
        outcome = await self._decided(change, partial(self.store.cast, ballot))
        return replace(await self._done(outcome, change), changed=True)

    async def say_out(self, code: str, of: WalkoutId | None = None) -> Seen:
        """Say on the day that the card's holder is out; saying it twice changes nothing. `of` is as for `pledge`.

        Raises UnknownCard, NotAskedNow, NotPledged, UnitNotOut or NotRecorded.
        """
        change = self._change(Act.OUT, code, of)
        return await self._done(await self._decided(change), change)

    async def say_not_out(self, code: str, of: WalkoutId | None = None) -> Seen:
        """Take that back; the pledge stands as before. Raises as `say_out` does."""
        change = self._change(Act.NOT_OUT, code, of)
        return await self._done(await self._decided(change), change)

    async def open_walkouts(self) -> list[Walkout]:
        """Return the walkouts to which one may pledge without a card."""
        return [
            walkout
            for walkout in await self.store.walkouts()
            if walkout.terms.entry is Entry.OPEN and walkout.stage in PLEDGING
        ]

    def open_code(self, walkout: WalkoutId) -> str:
        """Return this account's own code in a walkout with open entry."""
        return self.keys.open_code(walkout, self.who)

    async def _pledge(self, walkout: WalkoutId, change: Change) -> Seen:
        keys = change.bearer.keys.get(walkout)
        if keys is None:
            raise UnknownCard
        _card, pledge = keys
        other = self.account_limits.other(self.who, walkout, pledge)
        if other is not None:
            await self._apply(replace(change, act=Act.LOOK))  # what is no card is said to be none
            if await self.store.stands(other):  # it may have been recalled
                raise OneCardEach().of((await self.store.walkout(walkout)).terms.kind)
        outcome = await self._decided(change)
        self.account_limits.remember(self.who, walkout, pledge)
        return await self._done(outcome, change)

    async def _decided(self, change: Change, apply: Callable[[Change], Awaitable[Outcome]] | None = None) -> Outcome:
        while True:
            try:
                return await self._apply(change, apply)
            except TallyDue:  # the tally stands before this change
                try:
                    await self.tallies.take_due()
                except Held as held:
                    if held.why is not Hold.KEPT:
                        raise
                    change = replace(change, kept=True)

    async def _apply(self, change: Change, apply: Callable[[Change], Awaitable[Outcome]] | None = None) -> Outcome:
        """Look for a card that is not known once more where another process has made keys just now."""
        apply = apply or self.store.apply
        try:
            return await apply(change)
        except UnknownCard:
            bearer = change.bearer
            newer = await self.keys.newer(bearer) if isinstance(bearer, Bearer) and change.of is None else None
            if newer is None:
                raise
        return await apply(replace(change, bearer=newer))

    def _change(self, act: Act, code: str, of: WalkoutId | None = None, unit: UnitId | None = None) -> Change:
        enrol = Enrolment(walkout=of, unit=unit) if of is not None and unit is not None else None
        return Change(act=act, bearer=self.keys.bearer(code, self.who, of), of=of, enrol=enrol)

    async def _done(self, outcome: Outcome, change: Change) -> Seen:
        """Show what was just recorded. If the store cannot even read any more, nobody may hear "not recorded"."""
        try:
            return await self._seen(outcome, change)
        except NotRecorded:
            raise InDoubt from None

    async def _seen(self, outcome: Outcome, change: Change) -> Seen:
        walkout, path = await self.store.path(outcome.walkout, outcome.unit)
        # a pledge just made cannot have a notice: it would have gone when the one before was taken back
        may_be_told = outcome.mine in MAY_BE_TOLD and not outcome.changed
        told = may_be_told and await self.store.has_notice(change.bearer.notice(walkout.id))
        may_have_voted = walkout.terms.questions and outcome.mine is not None and outcome.mine.stands
        voted = bool(may_have_voted) and await self.store.has_voted(change.bearer.ballot(walkout.id))
        at = await self.ladders.place(walkout, workplace_on(path))
        return Seen(
            walkout=walkout,
            path=path,
            mine=outcome.mine,
            at=self.clock(),
            changed=outcome.changed,
            told=told,
            voted=voted,
            lines=await self.lines.of(walkout),
            step=at.step,
            counted=at.counted,
            ladder=at.proved,
            without=at.without,
            logged=self.store.logs_times,
        )
