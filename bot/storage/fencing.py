"""Under which lease a write is made: said once by whoever does the job, and not by each of its writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bot.domain.leases import Lease

_lease: ContextVar[Lease | None] = ContextVar("lease", default=None)


@contextmanager
def fenced(lease: Lease | None) -> Iterator[None]:
    """Let each transaction that is asked for within raise LeaseLost if the lease has another number by then.

    So do those of the tasks that are made within. None: as if there were no lease around.
    """
    before = _lease.set(lease)
    try:
        yield
    finally:
        _lease.reset(before)


def current() -> Lease | None:
    """Return the lease under which the caller writes; a store asks before it lets others have their turn."""
    return _lease.get()
