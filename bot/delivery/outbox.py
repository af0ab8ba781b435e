"""Carries parcels out: claims them, hands them to their platform, settles what became of them.

Each way has an outbox of its own, so that the trouble of one never keeps the other's rooms waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from bot.domain.errors import Held, InDoubt, KeyFileRefused, LeaseLost, NoSuchUnit, NotRecorded
from bot.domain.leases import Lease
from bot.domain.model import SPOKEN, Announcement, Kind, Stage, Unit, Walkout, WalkoutId
from bot.domain.roles import GO_ON, Proposal, Stopped
from bot.domain.rules import is_for, may_be_said
from bot.domain.tree import workplace_on
from bot.guards.holds import Holds
from bot.guards.leadership import Leadership
from bot.guards.readiness import Gaps, gaps
from bot.process import logs
from bot.process.clock import Clock
from bot.process.logs import Event
from bot.secrets.keys import Keys, Person
from bot.storage.fencing import current, fenced
from bot.storage.store import STUCK_AFTER, Delivery, Heard, Parcel, RoleCard, Store

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 32
"""Parcels under way: at thirty a second enough for answers that take a fifth of one, and every tenth five seconds."""

LOOK_AGAIN_S = 0.1
"""While answers are waited for and nothing else is to be sent, how soon it is looked whether now there is."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when letters wait that another process was to send: they come before a tally that falls due meanwhile, after
which they might not be so any more."""

FRESH_FOR = timedelta(seconds=10)
"""How long a letter may wait for its turn; then it is looked at again, since it might have become false."""

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)

WHILE_HELD = frozenset({Kind.HELD, Kind.PROPOSAL, Kind.DECIDED})
"""What leaves all the same while something holds the bot up: organizers hear of that, and may see to it."""

LAST_S = 3.0
"""How long a stop waits for the parcels under way."""


class RoomGone(Exception):  # noqa: N818  an answer of the platform, not a fault of ours
    """The chat does not exist any more, or does not want us."""


class TryLater(Exception):  # noqa: N818
    """The platform did not take it. `after`: how long it asks us to wait, if it says so."""

    def __init__(self, after: timedelta | None = None) -> None:
        super().__init__(after)
        self.after = after


class NotAllowed(TryLater):
    """The chat is there, and we may not write in it: people must mend that, and until they have it is tried again."""


class PlatformDown(Exception):  # noqa: N818
    """Nothing can be sent on this platform now; the parcel stays as it was."""


class Stale(Exception):  # noqa: N818
    """A letter has waited for its turn for so long that it must be looked at again before it is sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A parcel opened: everything a platform needs to word and send it."""

    news: Announcement
    walkout: Walkout | None
    about: Unit | None
    address: str
    private: bool  #: to a person, not to a room
    nonce: str  #: the same whenever this parcel is sent again; stored before it is sent first
    attempts: int = 1  #: to send it, this one among them
    language: str = ""  #: of whoever reads it
    path: tuple[Unit, ...] = ()  #: from the widest area to `about`, and on to the department of it that hears this
    worker: bool = False  #: to a worker who asked to be told; `about` is their own workplace then
    proposal: Proposal | None = None  #: the one it speaks of
    proposer: str = ""  #: their nickname
    to_proposer: bool = False  #: it goes to them
    role_card: RoleCard | None = None  #: the one it speaks of
    suspension: Stopped | None = None  #: the one it speaks of, while it runs
    lacks: Gaps = field(default_factory=Gaps)  #: what the walkout of a proposal lacks
    unseal: Callable[[bytes], str] = bytes.decode  #: for what is sealed in those two
    another_try: str = ""  #: what its reader's button carries to ask for word of another try, where there may be one
    #: to be called when it has its turn, and at each that it has before anybody can read of it; raises Stale
    leaves: Callable[[], None] = field(default=lambda: None, compare=False)

    def __post_init__(self) -> None:
        """Take what is part of nothing as a path by itself."""
        if self.about is not None and not self.path:
            object.__setattr__(self, "path", (self.about,))


class Sender(Protocol):
    """A platform's way out."""

    async def send(self, letter: Letter) -> str:
        """Send it and return its words, or raise RoomGone, TryLater, PlatformDown, or what `letter.leaves` raises.

        Whoever calls `letter.leaves` is handed the next one meanwhile; whoever does not has one at a time.
        """
        ...

    async def delete(self, what: str) -> None:
        """Delete a message of ours, by the platform's name for it, or raise the same; RoomGone: it cannot be."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Flight:
    """A parcel under way."""

    parcel: int
    task: asyncio.Task[None]
    left: asyncio.Future[None]  #: done as soon as it has had its turn

    @property
    def has_left(self) -> bool:
        return self.left.done() or self.task.done()


class Outbox:
    """All that leaves by one way.

    Many parcels are under way at once, but one to each room and each person: so a crash can repeat to each of them the
    one that they heard last, and nothing else.
    """

    def __init__(
        self,
        way: str,
        sender: Sender | None,
        store: Store,
        keys: Keys,
        clock: Clock,
        holds: Holds,
        *,
        leadership: Leadership | None = None,
        before: Callable[[Announcement, WalkoutId | None], Awaitable[bool]] | None = None,
    ) -> None:
        self.sender = sender  #: None while the platform cannot be reached; parcels wait in the store then
        self._leadership = leadership  #: None: there is no other process that could send
        self._lease: Lease | None = None  #: under which all was claimed that is claimed
        self._way = way
        self._store = store
        self._keys = keys
        self._clock = clock
        self._holds = holds
        self._before = before  #: anything leaves; says whether it may have found a reason to hold
        self._claimed: deque[Parcel] = deque()
        self._flights: dict[str, _Flight] = {}  #: by address, in the order in which they began
        self._owed: deque[Callable[[], Awaitable[None]]] = deque()  #: what became of parcels, not written down yet
        self._stuck: dict[int, datetime] = {}  #: rooms' parcels, and until when they are sure to be tried again
        self._turn = asyncio.Lock()

    @property
    def sender(self) -> Sender | None:
        """Return the way out; None while the platform cannot be reached, or others send: parcels wait in the store."""
        return self._sender if self._may_send else None

    @sender.setter
    def sender(self, sender: Sender | None) -> None:
        self._sender = sender

    @property
    def _may_send(self) -> bool:
        return self._leadership is None or self._leadership.leads

    @property
    def stuck(self) -> int:
        """Count the rooms' parcels that were tried again and again; of letters nobody counts any."""
        now = self._clock()
        self._stuck = {parcel: until for parcel, until in self._stuck.items() if now < until}
        return len(self._stuck)

    async def disconnect(self) -> None:
        """Let go of the sender, once the parcels under way are sent and written down."""
        self.sender = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_S), self._turn:
                pass

    async def due(self) -> datetime | None:
        """Return when the next parcel may be sent."""
        if self._owed or (self._claimed and self.sender is not None):  # the store could not write then
            return self._clock()
        if self.sender is None:
            return None
        if self._leadership is not None and self._leadership.lease is not self._lease:  # what others had claimed
            return LONG_AGO
        return await self._store.next_parcel(self._way)

    async def deliver(self) -> None:
        """Send every parcel that is due; each room hears its own in the order in which they were made.

        Raises Held while something holds the bot up: then only what says so was sent. Raises NotRecorded if the store
        cannot write; then nothing is sent twice or forgotten, and calling again goes on from there. Raises LeaseLost
        if another process sends now: it begins with what was claimed here.
        """
        async with self._turn, self._leading():
            try:
                while await self._go_on():
                    pass
            except asyncio.CancelledError:  # the bot stops: what is being sent is sent and written down
                with contextlib.suppress(NotRecorded, PlatformDown):
                    await self._land(LAST_S)
                raise
            except LeaseLost:  # nothing that waits for its turn may leave
                raise
            except BaseException:
                await self._land()
                raise

    @contextlib.asynccontextmanager
    async def _leading(self) -> AsyncIterator[None]:
        """Send as the only one. Raises LeaseLost."""
        if self._leadership is None:
            yield
            return
        try:
            with self._leadership.fenced() as lease:
                if lease is not self._lease:
                    await self._drop()
                    self._lease = lease
                    self._owe(self._unclaim)  # whoever claimed it is not there any more
                yield
        except LeaseLost:
            await self._drop()
            raise

    async def _drop(self) -> None:
        """Forget what was claimed: another process may have it."""
        for flight in self._flights.values():
            flight.task.cancel()
        if self._flights:
            await asyncio.wait([flight.task for flight in self._flights.values()])
        self._flights.clear()
        self._claimed.clear()
        await self._write_down()

    async def _go_on(self) -> bool:
        """Begin the next flight, or wait until something has become of one; False once all is sent and written down."""
        await self._write_down()
        if self._leadership is not None and self._leadership.lease is not self._lease:
            raise LeaseLost(self._way)
        self._let_go()
        newest = next(reversed(self._flights.values()), None)
        # whatever is claimed goes next: what had to wait long for a turn might not be so any more
        is_free = len(self._flights) < MOST_IN_FLIGHT and (newest is None or newest.has_left)
        if is_free and (sender := self.sender) is not None and await self._begin(sender):
            return True
        if not self._flights:
            return False
        waits_for: set[asyncio.Future[None]] = {flight.task for flight in self._flights.values()}
        if newest is not None and not newest.has_left:
            waits_for.add(newest.left)
        await asyncio.wait(waits_for, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
        return True

    async def _land(self, within_s: float | None = None) -> None:
        """Wait for what is under way, and write down what became of it."""
        if self._flights:
            await asyncio.wait([flight.task for flight in self._flights.values()], timeout=within_s)
        await self._write_down()
        self._let_go()

    def _let_go(self) -> None:
        """Forget the flights that are over. Raises what went wrong with one of them."""
        over = {address: flight.task for address, flight in self._flights.items() if flight.task.done()}
        self._flights = {address: flight for address, flight in self._flights.items() if address not in over}
        for error in [task.exception() for task in over.values()]:
            if error is not None:
                raise error

    async def _next(self) -> Parcel | None:
        why = await self._holds.why()
        only = None if why is None else WHILE_HELD
        if only is not None and any(parcel.news.kind not in only for parcel in self._claimed):
            self._owe(self._unclaim)
            await self._write_down()
        if not self._claimed:
            try:
                self._claimed.extend(await self._store.claim_parcels(self._way, now=self._clock(), limit=1, only=only))
            except InDoubt:
                self._owe(self._unclaim)
                raise
        if why is not None and not self._claimed:
            raise Held(why)
        return self._claimed[0] if self._claimed else None

    async def _unclaim(self) -> None:
        under_way = [flight.parcel for flight in self._flights.values()]
        await self._store.unclaim_parcels(self._way, but=under_way)
        self._claimed.clear()

    async def _begin(self, sender: Sender) -> bool:
        """Take the next parcel, if there is one to take."""
        parcel = await self._next()
        if parcel is None:
            return False
        if self._before is not None and await self._before(parcel.news, parcel.walkout):
            return True
        frozen_until = await self._frozen_until(parcel)
        try:
            letter = await self._open(parcel) if frozen_until is None else None
        except KeyFileRefused:  # another process has made the key, and this one cannot read the file now
            self._claimed.popleft()
            self._owe_postponing(parcel, None)
            return True
        if letter is not None and letter.address in self._flights:
            return False
        self._claimed.popleft()
        if frozen_until is not None:
            self._owe(partial(self._store.postpone, parcel, until=frozen_until))
        elif letter is None:
            self._owe(partial(self._store.settle, parcel, Delivery.GONE))
        else:
            left = asyncio.get_running_loop().create_future()
            letter = replace(letter, leaves=partial(self._leaves, left, self._clock() + FRESH_FOR))
            task = asyncio.create_task(self._carry(parcel, letter, sender))
            self._flights[letter.address] = _Flight(parcel=parcel.id, task=task, left=left)
        return True

    def _leaves(self, left: asyncio.Future[None], fresh_until: datetime) -> None:
        """Note that a letter has its turn. Raises Stale."""
        self._check()
        if self._clock() > fresh_until:
            raise Stale
        if not left.done():
            left.set_result(None)

    def _check(self) -> None:
        """Return if it is for us to send, now. Raises Stale."""
        if not self._may_send:
            raise Stale

    async def _carry(self, parcel: Parcel, letter: Letter, sender: Sender) -> None:
        self._stuck.pop(parcel.id, None)
        try:
            self._check()  # the process may have stood still since it was claimed
            words = await sender.send(letter)
        except RoomGone:
            self._owe_settling(parcel, Delivery.GONE)
        except TryLater as trouble:
            self._owe_postponing(parcel, trouble.after)
        except Stale:
            self._claimed.appendleft(parcel)
        except PlatformDown:
            self._claimed.appendleft(parcel)
            raise
        except Exception as error:  # noqa: BLE001  one letter's trouble must not keep the others
            log.error(Event.NOT_SENT, logs.trouble(error))  # noqa: TRY400
            self._owe_postponing(parcel, None)
        else:
            self._owe_settling(parcel, Delivery.SENT, self._heard(letter, words))

    def _heard(self, letter: Letter, words: str) -> Heard | None:
        if letter.private or not letter.news.reference:  # what people are told privately is nobody else's to verify
            return None
        language = letter.language or SPOKEN
        return Heard(reference=letter.news.reference, language=language, words=words, at=self._clock())

    def _owe_postponing(self, parcel: Parcel, after: timedelta | None) -> None:
        wait = after if after is not None else min(FIRST_WAIT * 2 ** min(parcel.attempts - 1, 10), LONGEST_WAIT)
        until = self._clock() + wait
        if parcel.room is not None and parcel.attempts >= STUCK_AFTER:
            self._stuck[parcel.id] = until + LONGEST_WAIT
        self._owe(partial(self._store.postpone, parcel, until=until))

    def _owe_settling(self, parcel: Parcel, became: Delivery, heard: Heard | None = None) -> None:
        """Have it written down even if another process has the parcel by now: this is what the platform said of it."""
        with fenced(None):
            self._owe(partial(self._store.settle, parcel, became, heard))

    def _owe(self, write: Callable[[], Awaitable[None]]) -> None:
        """Have this written down, under the lease that there is now and no other."""
        self._owed.append(partial(_under, current(), write))

    async def _write_down(self) -> None:
        while self._owed:
            # if it is another process's to say: it says so
            with contextlib.suppress(LeaseLost):
                await self._owed[0]()
            self._owed.popleft()

    async def _frozen_until(self, parcel: Parcel) -> datetime | None:
        """Say until when a letter waits since a suspension stops its reader: only what they may still decide goes."""
        stops = (await self._store.roles(parcel.member)).suspension if parcel.member else None
        if stops is None:
            return None
        proposal = await self._proposal(parcel)
        return None if proposal is not None and proposal.matter in GO_ON else stops.until

    async def _proposal(self, parcel: Parcel) -> Proposal | None:
        number = parcel.news.facts.get("proposal")
        return None if number is None else await self._store.proposal(str(number))

    async def _open(self, parcel: Parcel) -> Letter | None:
        """Return what is to be sent; None for what is not to be said any more."""
        try:
            letter = await (self._open_notice if parcel.notice else self._open_other)(parcel)
        except NoSuchUnit:  # it is about one without which its step was opened since
            return None
        if letter is None or letter.walkout is None:
            return letter
        said = may_be_said(letter.news, letter.walkout, letter.about, private=letter.private, now=self._clock())
        return letter if said else None

    async def _open_other(self, parcel: Parcel) -> Letter:
        about, facts = parcel.news.about, parcel.news.facts
        walkout = None if parcel.walkout is None else await self._store.walkout(parcel.walkout)
        proposal = await self._proposal(parcel)
        members = (await self._store.committee()).members if proposal else {}
        proposer = members.get(proposal.proposer) if proposal else None
        path = () if walkout is None else await self._path(walkout.id, parcel.news)
        return Letter(
            news=parcel.news,
            walkout=walkout,
            about=next((unit for unit in path if unit.id == about), None),
            path=path,
            proposal=proposal,
            proposer=self._keys.unseal(proposer.nickname) if proposer else "",
            to_proposer=proposal is not None and proposal.proposer == parcel.member,
            role_card=await self._store.role_card(str(facts["role_card"])) if "role_card" in facts else None,
            suspension=await self._suspension(parcel),
            lacks=Gaps()
            if proposal is None or walkout is None
            else await gaps(self._store, walkout.id, now=self._clock()),
            unseal=self._keys.unseal,
            language=parcel.language or (walkout.terms.language if walkout else ""),
            address=parcel.room if parcel.room is not None else self._keys.unseal(parcel.person or b""),
            private=parcel.room is None,
            worker=False,
            nonce=parcel.nonce,
            attempts=parcel.attempts,
        )

    async def _path(self, walkout: WalkoutId, news: Announcement) -> tuple[Unit, ...]:
        if news.about is None:
            return ()
        _walkout, path = await self._store.path(walkout, news.about)
        if news.scope is None or news.scope in {unit.id for unit in path}:
            return path
        return (await self._store.path(walkout, news.scope))[1]  # a department, which hears of its workplace

    async def _suspension(self, parcel: Parcel) -> Stopped | None:
        if parcel.news.kind is not Kind.SUSPENDED:
            return None
        running = (await self._store.committee()).stopped(self._clock(), self._keys.unseal)
        return next((each for each in running if each.id == parcel.news.facts["suspension"]), None)

    async def _open_notice(self, parcel: Parcel) -> Letter | None:
        # its notice may be deleted since; and an older version made some that are part of others now
        if parcel.walkout is None or parcel.person is None:
            return None
        if parcel.news.to_wishes:
            return await self._open_wish(parcel, parcel.walkout, parcel.person)
        addressee = self._keys.unseal_notice(parcel.walkout, parcel.person)
        if addressee is None or not parcel.news.to_notices:
            return None
        walkout, path = await self._store.path(parcel.walkout, addressee.unit)
        if not is_for(parcel.news, path):
            return None
        return Letter(
            news=parcel.news,
            walkout=walkout,
            about=workplace_on(path),  # with which a department goes out
            path=path,
            language=addressee.language,
            address=addressee.account,
            private=True,
            worker=True,
            nonce=parcel.nonce,
            another_try=self._asks_for_another(walkout, Person(parcel.way, addressee.account)),
        )

    async def _open_wish(self, parcel: Parcel, walkout: WalkoutId, sealed: bytes) -> Letter | None:
        found = await self._store.walkout(walkout)
        addressee = self._keys.unseal_wish(found.register, sealed)
        if addressee is None:
            return None
        return Letter(
            news=parcel.news,
            walkout=found,
            about=None,
            language=addressee.language,
            address=addressee.account,
            private=True,
            worker=True,
            nonce=parcel.nonce,
        )

    def _asks_for_another(self, walkout: Walkout, who: Person) -> str:
        """Return what the button carries under the letter of a campaign's step that has lapsed."""
        wish = self._keys.wish(walkout.register, who) if walkout.terms.campaign else None
        return "" if wish is None or walkout.stage is not Stage.LAPSED else f"{walkout.register}:{wish[1]}"


async def _under(lease: Lease | None, write: Callable[[], Awaitable[None]]) -> None:
    with fenced(lease):
        await write()
