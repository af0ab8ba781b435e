"""By which rules one of several processes over one store does what is done once.

A lease runs by the database's clock and is longer there than its holder thinks: the holder counts from when it began to
ask, by a clock of its own that cannot be set. Source: docs/decisions/0069-once-among-many-processes.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HOUSE = "house"
"""The lease for whatever happens once for the whole store; others are named as their way, or are a process's own."""

PROCESS = "process "
"""How the lease begins by which others see that a process is alive; its name follows."""

LENGTH_S = 8.0
"""Whoever stands by takes over at most so long after the last renewal, and a try later."""

RENEWED_AFTER_S = LENGTH_S / 3
TRIED_AGAIN_AFTER_S = 0.5
"""By whoever stands by, and after a renewal that failed."""

LONGEST_SEND_S = 5.0
"""What is begun on a platform is given up by then, whatever became of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """What one process alone has."""

    name: str
    holder: str  #: a process, by a name that it draws at its start
    number: int  #: grows each time that it is given; every write says it, and one of an older number changes nothing
    lasts_s: float = LENGTH_S  #: without a renewal

    @property
    def shared(self) -> bool:
        """Say whether another process could have it."""
        return self.lasts_s < math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """How it is with a way, as whoever has its lease said at the last renewal."""

    #: for how long its platform had handed out nothing; None: it is not open, or no tally is late and nobody need know
    quiet_s: float | None = None
    is_foreign: bool = False  #: another bot has its token
    is_adopted: bool = False  #: whoever has it is asked to take the token back
    held_s: float | None = None  #: for how long the same process has had it; None: nobody has it now


NOTHING_SAID = Said()


def may_begin(lease: Lease, age_s: float) -> bool:
    """Say whether what is begun now is over before anybody else can have the lease.

    `age_s` is how long ago its holder began to ask for the last renewal that was granted.
    """
    return age_s < lease.lasts_s - LONGEST_SEND_S


def is_over(lease: Lease, age_s: float) -> bool:
    """Say whether somebody else may have it."""
    return age_s >= lease.lasts_s
