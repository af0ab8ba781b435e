"""What one account may do, remembered in memory only, under a key that dies with the process.

Limits, and no more than that: another account, another of our bots, or a restart, gets past each of them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TypeVar

from bot.domain.model import WalkoutId
from bot.process.clock import Clock
from bot.secrets.keys import Person

T = TypeVar("T")

BURST = 60
"""Messages that an account may send at once: what an organizer with forty rooms takes, and no worker."""

EVERY = timedelta(seconds=1)
"""After that, one in so long."""

REST = BURST * EVERY
"""Whoever wrote faster is not answered for so long, and may then send as many at once again."""

WRONG_CODES = 5
WITHIN = timedelta(hours=1)
"""So many codes that are not known may an account try in so long."""

MOST = 50_000
"""Accounts that a limit remembers, in ten megabytes (wrong codes: forty). The longest quiet are forgotten first."""


class _Names:
    """Names that nobody can trace back once the process has ended."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def _name(self, *of: str) -> bytes:
        what = "\0".join(of).encode(errors="surrogatepass")
        return hashlib.blake2b(what, key=self._key, digest_size=16).digest()

    def _of(self, who: Person) -> bytes:
        return self._name(who.platform, who.account)


def _forget(known: OrderedDict[bytes, T], is_over: Callable[[T], bool]) -> None:
    """Forget what is over, and whoever was quiet for longest where there are too many."""
    while known and (len(known) > MOST or is_over(next(iter(known.values())))):
        known.popitem(last=False)


class AccountLimits(_Names):
    """One standing card per account and walkout: by the pledges' own keys, which pledge each account has made last."""

    def __init__(self) -> None:
        super().__init__()
        self._standing: dict[bytes, dict[WalkoutId, bytes]] = {}

    def other(self, who: Person, walkout: WalkoutId, pledge: bytes) -> bytes | None:
        """Return the account's pledge in this walkout, if it is another. Whether it still stands, the store knows."""
        made = self._standing.get(self._of(who), {}).get(walkout)
        return None if made == pledge else made

    def remember(self, who: Person, walkout: WalkoutId, pledge: bytes) -> None:
        """Note that the pledge stands."""
        self._standing.setdefault(self._of(who), {})[walkout] = pledge

    def forget(self, who: Person, walkout: WalkoutId) -> None:
        """Note that no card of the account stands any more."""
        name = self._of(who)
        cards = self._standing.get(name, {})
        cards.pop(walkout, None)
        if not cards:
            self._standing.pop(name, None)


class Heed(Enum):
    """What somebody gets who writes."""

    ANSWER = auto()
    WARNING = auto()  #: only that they write too fast
    SILENCE = auto()


@dataclass(frozen=True, slots=True)
class _Bucket:
    left: float  #: at that time
    at: datetime
    resting: bool = False


class TokenBuckets(_Names):
    """How much each account, or each of whatever else is named, may ask for: BURST at once, and one EVERY so long."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._buckets: OrderedDict[bytes, _Bucket] = OrderedDict()  #: whoever asked last is last

    def __len__(self) -> int:
        return len(self._buckets)

    def spend(self, *of: str, price: float = 1) -> Heed:
        """Take the price out of somebody's bucket. Where it is not in there: one WARNING, then SILENCE for a while."""
        now, name = self._clock(), self._name(*of)
        # full again after a rest, so there is nothing to remember; a clock that was set back forgets as well
        _forget(self._buckets, lambda bucket: not timedelta() <= now - bucket.at < REST)
        bucket = self._buckets.get(name) or _Bucket(BURST, now)
        if bucket.resting:
            return Heed.SILENCE
        left = min(BURST, bucket.left + (now - bucket.at) / EVERY) - price
        self._buckets[name] = _Bucket(max(0, left), now, resting=left < 0)
        self._buckets.move_to_end(name)
        return Heed.ANSWER if left >= 0 else Heed.WARNING


@dataclass(frozen=True, slots=True)
class _Wrong:
    tried: tuple[tuple[datetime, bytes], ...]  #: when, and what: oldest first
    told: datetime | None = None  #: until when they must wait, as they were told last


class WrongCodeLimit(_Names):
    """Who has tried which codes that are not known. Every code has a hundred bits; this is for peace of mind."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._wrong: OrderedDict[bytes, _Wrong] = OrderedDict()  #: whoever tried last is last

    def __len__(self) -> int:
        return len(self._wrong)

    def waits(self, who: Person) -> datetime | None:
        """Return until when an account must wait before another code of theirs is tried; None if it need not."""
        tried = self._recent(who).tried
        return tried[-WRONG_CODES][0] + WITHIN if len(tried) >= WRONG_CODES else None

    def wrong(self, who: Person, code: str, *, pressed: bool) -> None:
        """Note that a code was not known. The same button pressed again, as of a card that is over, is no new guess."""
        seen, what = self._recent(who), self._name(code)
        if pressed and any(what == before for _at, before in seen.tried):
            return
        name = self._of(who)
        self._wrong[name] = replace(seen, tried=(*seen.tried, (self._clock(), what))[-WRONG_CODES:])
        self._wrong.move_to_end(name)

    def tell(self, who: Person, until: datetime) -> bool:
        """Say whether they are to be told that they must wait: once for each wait."""
        seen = self._recent(who)
        self._wrong[self._of(who)] = replace(seen, told=until)
        return seen.told != until

    def _recent(self, who: Person) -> _Wrong:
        now = self._clock()
        _forget(self._wrong, lambda wrong: not timedelta() <= now - wrong.tried[-1][0] < WITHIN)
        seen = self._wrong.get(self._of(who), _Wrong(()))
        return replace(seen, tried=tuple(each for each in seen.tried if timedelta() <= now - each[0] < WITHIN))
