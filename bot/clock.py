"""Tells the time. Everything that needs it is given a clock; nothing reads the machine's by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Tells the time, aware. Everything that needs the time is given one."""


def real_clock() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def read_instant(text: str) -> datetime | None:
    """Read an ISO time; None if it is none, or has no offset and so could mean several instants."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


class MovableClock:
    """A clock that is set by hand; it moves forward only. With `running`, real time passes on it as well."""

    def __init__(self, now: datetime, *, running: bool = False) -> None:
        self._set_to = now
        self._set_at = real_clock() if running else None

    def __call__(self) -> datetime:
        """Tell the time."""
        if self._set_at is None:
            return self._set_to
        return self._set_to + max(timedelta(), real_clock() - self._set_at)

    def move_to(self, instant: datetime) -> None:
        """Move forward to the instant; never back."""
        self._set_to = max(self(), instant)
        if self._set_at is not None:
            self._set_at = real_clock()
