"""Keeps two bots with one token from both counting and announcing: see bot/domain/fence.py for the rule.

Source: docs/decisions/0031-a-fence-against-copies.md.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from bot.domain.errors import NotRecorded, OutOfReach
from bot.domain.fence import EPOCH_BYTES, is_foreign, renewed
from bot.domain.model import Announcement, Kind, WalkoutId
from bot.domain.ways import which_of_several
from bot.guards.holds import Holds
from bot.guards.leadership import Leadership
from bot.process.clock import Clock
from bot.process.logs import Event
from bot.storage.store import Store

log = logging.getLogger(__name__)

RENEWED_AFTER_S = 3600.0
"""A copy older than that is a stranger at its first start; platforms do not like to be written to much more often."""

LOOK_EVERY_S = 60.0
"""Where nothing tells of another bot, it is found by looking. That only reads."""

ANSWERS_WITHIN_S = 5.0
"""A platform that takes longer holds up no tally."""

SURE_AFTER_S = 1.0
"""A stranger's epoch is read twice: an answer may be older than what stands there."""

LONGEST_ADOPTION_S = 15.0
"""How long it is waited for another process that is to take a token back; it hears of it at its next renewal."""

QUIET_S = 600.0
"""Signs of another bot that come after so long a silence are told of anew."""

DECISIVE = frozenset({Kind.ON, Kind.LAST_WORD, Kind.NOT_OUT, Kind.LAPSED, Kind.CALLED_OFF})
"""Before these leave, no copy from before they were decided may be taken for us."""


class NoPlace(Exception):  # noqa: N818  an answer of the platform, or none
    """The place is out of reach, or the platform refuses it."""


class Place(Protocol):
    """Where a platform keeps a short text of ours."""

    name: str  #: the platform, and the bot's own number there
    signs: int  #: so many signs of another bot,
    within_s: float  #: within so many seconds, are no accident

    async def read(self) -> str:
        """Return the epoch there, '' if it is none. Raises NoPlace."""
        ...

    async def write(self, epoch: str) -> None:
        """Put an epoch there. Raises NoPlace; then nobody knows whether it was."""
        ...


class Stands(StrEnum):
    """How it is with a way's fence."""

    WELL = "well"
    FOREIGN = "foreign"  #: another bot has taken the token
    NOT = "not"  #: there is no place: nothing tells two bots apart


class _Post:
    """What is known of one way."""

    def __init__(self, way: str, place: Place) -> None:
        self.way = way
        self.place = place
        self.stands = Stands.NOT
        self.ours = asyncio.Event()  #: as long as it is not another's
        self.ours.set()
        self.tried_s: float | None = None  #: when an epoch was written, or was to be
        self.signs: deque[float] = deque(maxlen=place.signs)
        self.told_of_s: float | None = None  #: the newest sign that organizers know of
        self.signed = asyncio.Event()
        self.turn = asyncio.Lock()

    def is_shared(self, now_s: float) -> bool:
        """Say whether there were so many signs that it is no accident."""
        return len(self.signs) == self.place.signs and now_s - self.signs[0] <= self.place.within_s


class Fence:
    """Looks whether another bot has taken a way's token, and stops everything if so."""

    def __init__(
        self,
        store: Store,
        holds: Holds,
        clock: Clock,
        *,
        ways: Mapping[str, Leadership] = MappingProxyType({}),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._holds = holds
        self._clock = clock
        self._ways = ways  #: where another process may be the one that writes
        self._steady = steady
        self._posts: dict[str, _Post] = {}
        self._decided: set[tuple[WalkoutId | None, Kind]] = set()  #: renewed for since we started

    @asynccontextmanager
    async def guard(self, way: str, place: Place) -> AsyncIterator[None]:
        """Look, and write an epoch of this start, before anything is taken or sent; then look now and then."""
        post = self._posts.setdefault(way, _Post(way, place))
        post.place = place  # by another connection, perhaps
        post.signs.clear()  # until now another process of ours may have been there
        await self._look(post, anew=post.tried_s is None)
        watching = asyncio.create_task(self._watch(post))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    def stands(self) -> dict[str, Stands]:
        """Say how it is, by way; those that were never reached are left out."""
        return {way: post.stands for way, post in self._posts.items()}

    def is_foreign(self, way: str) -> bool:
        """Say whether another bot has taken this way's token."""
        return way in self._posts and self._posts[way].stands is Stands.FOREIGN

    async def ours(self, way: str) -> None:
        """Wait until no other bot has this way's token."""
        await self._posts[way].ours.wait()

    def sign(self, way: str) -> None:
        """Note what another bot with our token may have done: it is looked at once whether it has taken that."""
        if (post := self._posts.get(way)) is not None:  # one that was reached, and so is looked at
            post.signs.append(self._steady())
            post.signed.set()

    async def meddled(self, platform: str) -> None:
        """Note what nobody does by accident, and look whether another bot has taken the token."""
        post = self._posts[platform]
        post.signs.extend([self._steady()] * post.place.signs)
        await self._look(post)
        post.signed.set()

    async def look(self) -> None:
        """Look everywhere; called before a tally."""
        await asyncio.gather(*(self._look(post) for post in self._posts.values()))

    async def renew_for(self, news: Announcement, walkout: WalkoutId | None) -> bool:
        """Before this leaves, see to it that a copy from before it was made is a stranger wherever it starts.

        Say whether that was still to be done, so that something may hold us up now.
        """
        what = walkout, news.kind
        if news.kind not in DECISIVE or what in self._decided:
            return False
        await asyncio.gather(*(self._look(post, anew=True) for post in self._posts.values()))
        self._decided.add(what)
        return True

    async def foreign(self) -> list[str]:
        """Name the ways, here and elsewhere, whose token another bot has taken. Raises NotRecorded."""
        return [*filter(self.is_foreign, self._posts), *await self._holds.foreign_elsewhere()]

    async def asked(self) -> datetime | None:
        """Return now if another process asks this one to take a token back."""
        taken = set(filter(self.is_foreign, self._posts))
        is_asked = taken and any(way in taken and said.is_adopted for way, said in (await self._store.said()).items())
        return self._clock() if is_asked else None

    async def adopt(self) -> list[str]:
        """Take every token that another bot had taken; return the ways. Raises OutOfReach, NotRecorded."""
        taken = await self._holds.foreign_elsewhere()
        if taken:
            await self._store.adopt_foreign()
        taken += await self.adopt_here()
        until_s = self._steady() + LONGEST_ADOPTION_S
        while left := await self._holds.foreign_elsewhere():
            if self._steady() >= until_s:
                raise OutOfReach(left[0])
            await asyncio.sleep(SURE_AFTER_S)
        return taken

    async def adopt_here(self) -> list[str]:
        """Take those that belong to this process. Raises OutOfReach, NotRecorded."""
        taken = [post for post in self._posts.values() if post.stands is Stands.FOREIGN]
        for post in taken:
            await self._look(post, anew=True, adopts=True)
            if post.stands is Stands.FOREIGN:
                raise OutOfReach(post.way)
        return [post.way for post in taken]

    async def _watch(self, post: _Post) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(post.signed.wait(), LOOK_EVERY_S)
            post.signed.clear()
            await self._look(post)
            if post.is_shared(self._steady()) and post.stands is not Stands.FOREIGN:
                await self._tell(post)

    async def _look(self, post: _Post, *, anew: bool = False, adopts: bool = False) -> None:
        async with post.turn:
            try:
                async with asyncio.timeout(ANSWERS_WITHIN_S):
                    stands = await self._found(post, anew=anew, adopts=adopts)
            except (NoPlace, TimeoutError):
                # who was stopped stays so: only a look tells that it is over
                stands = post.stands if post.stands is Stands.FOREIGN else Stands.NOT
            except NotRecorded:
                if adopts:
                    raise
                return
            self._note(post, stands)

    async def _found(self, post: _Post, *, anew: bool, adopts: bool) -> Stands:
        found, ours = await post.place.read(), await self._store.epochs(post.place.name)
        if is_foreign(ours, found) and not adopts:
            await asyncio.sleep(SURE_AFTER_S)
            found, ours = await post.place.read(), await self._store.epochs(post.place.name)  # a process of ours wrote?
            if is_foreign(ours, found):
                return Stands.FOREIGN
        old = post.tried_s is None or self._steady() - post.tried_s > RENEWED_AFTER_S
        if anew or old:
            fresh, under_way = secrets.token_hex(EPOCH_BYTES), self._have_written(post) and not adopts
            ours = renewed(ours, found, fresh, under_way=under_way)
            # one that was ours and has stood still since would keep, or write, what the store's others never made
            with self._as_the_only_one(post.way):
                await self._store.keep_epochs(post.place.name, ours)
            post.tried_s = self._steady()
            with self._as_the_only_one(post.way):
                await post.place.write(ours.next)
            return Stands.WELL
        return Stands.WELL if found == ours.next else Stands.NOT  # what was written did not arrive

    def _have_written(self, post: _Post) -> bool:
        """Say whether this process has written, or another of this store's, so that it may still be on its way."""
        lease = self._ways[post.way].lease if post.way in self._ways else None
        return post.tried_s is not None or (lease is not None and lease.number > 1)

    def _as_the_only_one(self, platform: str) -> AbstractContextManager[object]:
        """Raise LeaseLost where another process writes now."""
        return self._ways[platform].fenced() if platform in self._ways else nullcontext()

    def _note(self, post: _Post, stands: Stands) -> None:
        before, post.stands = post.stands, stands
        if stands is Stands.FOREIGN:
            post.ours.clear()
            if before is not stands:
                log.error(Event.COPY_FOUND, post.way)
            self._holds.stop(post.way)
        elif before is Stands.FOREIGN:
            log.warning(Event.COPY_GONE, post.way)
            self._holds.lift(post.way)
            post.ours.set()

    async def _tell(self, post: _Post) -> None:
        """Tell organizers of somebody who uses the token beside us, once for as long as it lasts."""
        before, post.told_of_s = post.told_of_s, post.signs[-1]
        if before is not None and post.told_of_s - before <= QUIET_S:
            return
        log.error(Event.NAME_SHARED, post.way)
        try:
            news = Announcement(
                kind=Kind.TOKEN_SHARED,
                occasion=self._clock().isoformat(),
                to_rooms=False,
                to_organizers=True,
                facts={"platform": post.way, "bot": which_of_several(post.way, await self._store.ways())},
            )
            await self._store.tell(news)
        except NotRecorded:
            post.told_of_s = before
