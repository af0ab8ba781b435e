"""Why nothing is decided now, in one place: whoever decides, announces or sends asks here first.

Source: docs/decisions/0030-time-and-when-to-decide.md.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from bot.domain import rules
from bot.domain.errors import Held, Hold
from bot.domain.leases import Said
from bot.domain.model import Announcement, Kind, Walkout
from bot.guards.leadership import Leadership
from bot.process.clock import CorrectedClock
from bot.process.logs import Event
from bot.storage.store import Store

log = logging.getLogger(__name__)

QUIET_S = 60.0
"""A platform that has handed out nothing for so long has kept nothing."""

LONGEST_WAIT_S = 600.0
"""How long a tally waits at the very most: for a platform out of reach, or for a crowd that goes on pressing."""

LAST_HALF_HOUR = timedelta(minutes=30)
"""Before the start no platform out of reach is waited for longer than a minute."""

STALL_S = 45.0
"""Between two looks; then the process stood still, and what platforms said before says nothing."""

HEARD_EVERY_S = 1.0
"""How often it is asked what other processes say of their ways."""

TOLD_AFTER_S = {Hold.FOREIGN: 0.0, Hold.CLOCK: 30.0, Hold.KEPT: 2 * QUIET_S}
"""How long organizers are not troubled: after a start the clock is measured in a second, and a tally waits a minute."""


class Holds:
    """What holds the bot up, if anything does, the weightiest first.

    `ways` are those whose platforms keep what people do while the bot is away. Each says when it hands something out,
    and when it has nothing.
    """

    def __init__(
        self,
        clock: CorrectedClock,
        store: Store,
        ways: Iterable[str] = (),
        *,
        leaderships: Mapping[str, Leadership] = MappingProxyType({}),
        house: Leadership | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._store = store
        self._steady = steady
        self._leaderships = leaderships  #: where another process may be the one that reads and sends
        self._house = house  #: whoever leads it tells organizers what holds up all processes; None: there is no other
        for way, leadership in leaderships.items():
            leadership.says = partial(self._says, way)
        self._said: Mapping[str, Said] = {}  #: of each way, by whichever process had it
        self._heard_s = -math.inf
        self._stopped: set[str] = set()  #: ways where another bot uses our token
        #: since when each has handed out nothing; None: it has not answered since we started, stood still or lost it
        self._quiet_since_s: dict[str, float | None] = dict.fromkeys(ways)
        self._waits_since_s: float | None = None  #: a tally, for what platforms have kept
        self._looked: tuple[datetime, float] | None = None
        self._why: Hold | None = None
        self._why_since_s = 0.0
        self._told = True

    # -- what others know ---------------------------------------------------------------------------------------

    def stop(self, way: str) -> None:
        """Decide and send nothing any more: another bot uses this way's token."""
        self._stopped.add(way)

    def lift(self, way: str) -> None:
        """Take that back."""
        self._stopped.discard(way)

    def answered(self, way: str, *, handed: bool) -> None:
        """Note that a way is open, and whether it has handed out something that people did."""
        if way in self._quiet_since_s and (handed or self._quiet_since_s[way] is None):
            self._quiet_since_s[way] = self._steady()

    def lost(self, way: str) -> None:
        """Note that a way is closed."""
        if way in self._quiet_since_s:
            self._quiet_since_s[way] = None

    def stalled(self) -> None:
        """Note that for a while nothing could be taken or recorded: platforms have kept what people did."""
        self._quiet_since_s = dict.fromkeys(self._quiet_since_s)
        self._waits_since_s = None

    @property
    def standing(self) -> Hold | None:
        """Return what was last found to hold us up: it is asked every second by whoever tells organizers."""
        return self._why

    # -- what they lead to --------------------------------------------------------------------------------------

    async def check(self) -> None:
        """Return if nothing speaks against deciding now. Raises Held."""
        if (why := await self.why()) is not None:
            raise Held(why)

    async def check_change(self) -> None:
        """Return if what people do may be recorded now; it may while only tallies wait. Raises Held."""
        if (why := await self._why_no_change()) is not None:
            raise Held(why)

    def check_card(self) -> None:
        """Return if a card may be looked up: another bot with our token may know others. Raises Held."""
        if any(map(self._is_ours, self._stopped)):
            raise Held(Hold.FOREIGN)

    async def why(self) -> Hold | None:
        """Say why nothing is to be tallied, announced or sent now; None: nothing speaks against it."""
        self._look()
        why = await self._why_no_change() or (Hold.KEPT if await self._waits() else None)
        if why is not self._why:
            self._why, self._why_since_s, self._told = why, self._steady(), why is None
            if why is Hold.KEPT:
                log.warning(Event.TALLY_WAITS)
        return why

    async def _why_no_change(self) -> Hold | None:
        others = (await self._others()).values()
        if any(map(self._is_ours, self._stopped)) or any(way.is_foreign for way in others):
            return Hold.FOREIGN
        return None if await self._clock.sure() else Hold.CLOCK

    def _look(self) -> None:
        now, before = (self._clock(), self._steady()), self._looked
        if before and max((now[0] - before[0]).total_seconds(), now[1] - before[1]) > STALL_S:
            self.stalled()
        self._looked = now

    async def _waits(self) -> bool:
        """Say whether a tally is late, and platforms may still hand out what people did before its instant."""
        others = await self._others()
        if not (self._quiet_since_s or others):
            return False
        now = self._clock()
        late = [walkout for walkout in await self._store.walkouts() if rules.is_late(walkout, now)]
        if not late:
            self._waits_since_s = None
        elif self._waits_since_s is None:
            self._waits_since_s = self._steady()
        quiet_s = [self._quiet_s(way) for way in self._quiet_since_s if self._is_ours(way)]
        quiet_s += [said.quiet_s for said in others.values()]
        return any(self._may_wait(walkout, now, quiet_s) for walkout in late)

    def _is_ours(self, way: str) -> bool:
        """Say whether this process reads there and sends; what another one's platforms keep, that one says."""
        return way not in self._leaderships or self._leaderships[way].lease is not None

    def _quiet_s(self, way: str) -> float | None:
        """Say for how long nothing was handed out there; where nothing is kept, for ever."""
        since_s = self._quiet_since_s.get(way, -math.inf)
        return None if since_s is None else self._steady() - since_s

    def _says(self, way: str) -> Said:
        # a server's log of changes would tell when somebody wrote to the bot; so it is said only while it is needed
        quiet_s = None if self._waits_since_s is None else self._quiet_s(way)
        return Said(quiet_s=quiet_s, is_foreign=way in self._stopped)

    async def foreign_elsewhere(self) -> list[str]:
        """Name the ways of other processes whose token another bot uses. Raises NotRecorded."""
        return [way for way, said in (await self._others()).items() if said.is_foreign]

    async def _others(self) -> Mapping[str, Said]:
        """Return how it is with ways that other processes have, as of a few seconds ago. Raises NotRecorded."""
        if self._steady() >= self._heard_s + HEARD_EVERY_S:
            self._said, self._heard_s = await self._store.said(), self._steady()
        # whose they are is asked now: a way that was lost since then is another's already
        mine = {way for way, leadership in self._leaderships.items() if leadership.lease is not None}
        return {way: each for way, each in self._said.items() if way not in mine}

    def _may_wait(self, walkout: Walkout, now: datetime, quiet_s: Collection[float | None]) -> bool:
        waited_s = self._steady() - (self._waits_since_s or 0.0)
        if waited_s >= LONGEST_WAIT_S or now >= walkout.terms.starts - rules.LATE:
            return False
        if any(each is not None and each < QUIET_S for each in quiet_s):
            return True
        return None in quiet_s and (waited_s < QUIET_S or now < walkout.terms.starts - LAST_HALF_HOUR)

    # -- what organizers hear of it -----------------------------------------------------------------------------

    async def untold(self) -> datetime | None:
        """Return now if organizers are to be told what holds the bot up."""
        why = await self.why()
        if why is None or self._told or not self._tells(why) or self._steady() < self._why_since_s + TOLD_AFTER_S[why]:
            return None
        return self._clock()

    def _tells(self, why: Hold) -> bool:
        """Say whether it is for this process to tell: its clock is its own, all else holds up every other as well."""
        return why is Hold.CLOCK or self._house is None or self._house.leads

    async def tell(self) -> None:
        """Tell the organizers, once. Raises NotRecorded."""
        why, occasion = self._why, self._clock().isoformat()
        if why is not None:
            facts = {"why": why}
            await self._store.tell(
                Announcement(kind=Kind.HELD, occasion=occasion, to_rooms=False, to_organizers=True, facts=facts)
            )
        self._told = True
