"""Faults that the trials must see, each planted in a bot that is forked for the purpose; none is in the product."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.telegram import pump
from handlers.telegram.pump import Pump, RawUpdate


def ask_at_once() -> None:
    """No fault: ask for newer updates while others are under way, as if every answer took its time."""
    pump.LOOK_AGAIN_S = 0.001


def confirm_before_handling() -> None:
    """Ask for what comes after an update as soon as it has been taken, as chat libraries do."""

    def next_offset(_pump: Pump, offset: int | None, updates: Sequence[RawUpdate]) -> int | None:
        return max((int(update["update_id"]) + 1 for update in updates), default=offset)

    ask_at_once()
    Pump._next_offset = next_offset  # type: ignore[method-assign]
