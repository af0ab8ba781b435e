"""Carries parcels out: claims them, hands them to their platform, settles what became of them.

Each platform has an outbox of its own, so that the trouble of one never keeps the other's rooms waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot import logs
from bot.clock import Clock
from bot.domain.errors import Held, InDoubt
from bot.domain.model import SPOKEN, Announcement, Kind, Walkout, WalkoutId, Workplace
from bot.domain.roles import GO_ON, Proposal, Stopped
from bot.domain.rules import may_be_said
from bot.gaps import Gaps, gaps
from bot.holds import Holds
from bot.keys import Keys
from bot.logs import Event
from bot.storage.store import Delivery, Heard, Parcel, RoleCard, Store

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Parcels claimed at a time."""

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)

WHILE_HELD = frozenset({Kind.HELD, Kind.PROPOSAL, Kind.DECIDED})
"""What leaves all the same while something holds the bot up: organizers hear of that, and may see to it."""

LAST_S = 3.0
"""How long a stop waits for the parcel under way."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A parcel opened: everything a platform needs to word and send it."""

    news: Announcement
    walkout: Walkout | None
    about: Workplace | None
    address: str
    private: bool  #: to a person, not to a room
    nonce: str  #: the same whenever this parcel is sent again; stored before it is sent first
    attempts: int = 1  #: to send it, this one among them
    language: str = ""  #: of whoever reads it
    worker: bool = False  #: to a worker who asked to be told; `about` is their own workplace then
    proposal: Proposal | None = None  #: the one it speaks of
    proposer: str = ""  #: their nickname
    to_proposer: bool = False  #: it goes to them
    role_card: RoleCard | None = None  #: the one it speaks of
    suspension: Stopped | None = None  #: the one it speaks of, while it runs
    lacks: Gaps = field(default_factory=Gaps)  #: what the walkout of a proposal lacks
    unseal: Callable[[bytes], str] = bytes.decode  #: for what is sealed in those two


class Sender(Protocol):
    """A platform's way out."""

    async def send(self, letter: Letter) -> str:
        """Send it and return its words, or raise RoomGone, TryLater or PlatformDown."""
        ...

    async def delete(self, what: str) -> None:
        """Delete a message of ours, by the platform's name for it, or raise the same; RoomGone: it cannot be."""
        ...


class Outbox:
    """The only way out to one platform: a parcel at a time, so that a crash can repeat one at the most."""

    def __init__(
        self,
        platform: str,
        sender: Sender | None,
        store: Store,
        keys: Keys,
        clock: Clock,
        holds: Holds,
        *,
        before: Callable[[Announcement, WalkoutId | None], Awaitable[bool]] | None = None,
    ) -> None:
        self.sender = sender  #: None while the platform cannot be reached; parcels wait in the store then
        self._platform = platform
        self._store = store
        self._keys = keys
        self._clock = clock
        self._holds = holds
        self._before = before  #: anything leaves; says whether it may have found a reason to hold
        self._claimed: deque[Parcel] = deque()
        self._owed: deque[Callable[[], Awaitable[None]]] = deque()  #: what became of parcels, not written down yet
        self._turn = asyncio.Lock()

    async def disconnect(self) -> None:
        """Let go of the sender, once the parcel under way is sent and written down."""
        self.sender = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_S), self._turn:
                pass

    async def due(self) -> datetime | None:
        """Return when the next parcel may be sent."""
        if self._owed or (self._claimed and self.sender is not None):  # the store could not write then
            return self._clock()
        return await self._store.next_parcel(self._platform) if self.sender is not None else None

    async def deliver(self) -> None:
        """Send every parcel that is due, in the order in which they were made.

        Raises Held while something holds the bot up: then only what says so was sent. Raises NotRecorded if the store
        cannot write; then nothing is sent twice or forgotten, and calling again goes on from there.
        """
        async with self._turn:
            await self._write_down()
            while (sender := self.sender) is not None and (parcel := await self._next()):
                if self._before is not None and await self._before(parcel.news, parcel.walkout):
                    continue
                carrying = asyncio.create_task(self._carry(parcel, sender))
                try:
                    await asyncio.shield(carrying)
                except asyncio.CancelledError:  # the bot stops: what is being sent is sent and written down
                    await asyncio.wait([carrying], timeout=LAST_S)
                    raise

    async def _next(self) -> Parcel | None:
        why = await self._holds.why()
        only = None if why is None else WHILE_HELD
        if only is not None and any(parcel.news.kind not in only for parcel in self._claimed):
            await self._store.unclaim_parcels(self._platform)
            self._claimed.clear()
        if not self._claimed:
            try:
                self._claimed.extend(
                    await self._store.claim_parcels(self._platform, now=self._clock(), limit=AT_ONCE, only=only)
                )
            except InDoubt:
                self._owed.append(partial(self._store.unclaim_parcels, self._platform))
                raise
        if why is not None and not self._claimed:
            raise Held(why)
        return self._claimed[0] if self._claimed else None

    async def _carry(self, parcel: Parcel, sender: Sender) -> None:
        frozen_until = await self._frozen_until(parcel)
        letter = await self._open(parcel) if frozen_until is None else None
        self._claimed.popleft()
        if frozen_until is not None:
            self._owed.append(partial(self._store.postpone, parcel.id, until=frozen_until))
            await self._write_down()
            return
        if letter is None:
            await self._drop(parcel)
            return
        try:
            words = await sender.send(letter)
        except RoomGone:
            self._owed.append(partial(self._store.settle, parcel.id, Delivery.GONE))
        except TryLater as trouble:
            self._owe_postponing(parcel, trouble.after)
        except PlatformDown:
            self._claimed.appendleft(parcel)
            raise
        except Exception as error:  # noqa: BLE001  one letter's trouble must not keep the others
            log.error(Event.NOT_SENT, logs.trouble(error))  # noqa: TRY400
            self._owe_postponing(parcel, None)
        else:
            self._owed.append(partial(self._store.settle, parcel.id, Delivery.SENT, self._heard(letter, words)))
        await self._write_down()

    async def _drop(self, parcel: Parcel) -> None:
        """Send nothing; what the room hears next goes before whatever was claimed behind this."""
        self._owed.append(partial(self._store.settle, parcel.id, Delivery.GONE))
        if parcel.room is not None and self._claimed:
            self._claimed.clear()
            self._owed.append(partial(self._store.unclaim_parcels, self._platform))
        await self._write_down()

    def _heard(self, letter: Letter, words: str) -> Heard | None:
        if letter.private or not letter.news.reference:  # what people are told privately is nobody else's to verify
            return None
        language = letter.language or SPOKEN
        return Heard(reference=letter.news.reference, language=language, words=words, at=self._clock())

    def _owe_postponing(self, parcel: Parcel, after: timedelta | None) -> None:
        wait = after if after is not None else min(FIRST_WAIT * 2 ** min(parcel.attempts - 1, 10), LONGEST_WAIT)
        self._owed.append(partial(self._store.postpone, parcel.id, until=self._clock() + wait))

    async def _write_down(self) -> None:
        while self._owed:
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
        letter = await (self._open_notice if parcel.notice else self._open_other)(parcel)
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
        return Letter(
            news=parcel.news,
            walkout=walkout,
            about=None if walkout is None or about is None else await self._store.workplace(walkout.id, about),
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

    async def _suspension(self, parcel: Parcel) -> Stopped | None:
        if parcel.news.kind is not Kind.SUSPENDED:
            return None
        running = (await self._store.committee()).stopped(self._clock(), self._keys.unseal)
        return next((each for each in running if each.id == parcel.news.facts["suspension"]), None)

    async def _open_notice(self, parcel: Parcel) -> Letter | None:
        # its notice may be deleted since; and an older version made some that are part of others now
        if parcel.walkout is None or parcel.person is None or not parcel.news.to_notices:
            return None
        addressee = self._keys.unseal_notice(parcel.walkout, parcel.person)
        if addressee is None:
            return None
        return Letter(
            news=parcel.news,
            walkout=await self._store.walkout(parcel.walkout),
            about=await self._store.workplace(parcel.walkout, addressee.workplace),
            language=addressee.language,
            address=addressee.account,
            private=True,
            worker=True,
            nonce=parcel.nonce,
        )
