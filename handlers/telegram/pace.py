"""Telegram's limits on what a bot sends: 30 messages a second, one a second in a chat, 20 a minute in a group.

Each announcement waits for its own turn. Sending in bursts and pausing afterwards, as rate limiters commonly do,
breaks the limit for whoever measures in every one-second window; and a 429 costs everybody a pause.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

PER_SECOND = 29
CHAT_GAP_S = 1.05
MOST_S = 1.0
"""Announcements make so much room for answers at most."""

GROUP_SENDS = 20
GROUP_WINDOW_S = 61.0


class Pace:
    """Gives out turns to send. `time` counts seconds, as the event loop does."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._next = 0.0
        self._sent: dict[int, deque[float]] = {}

    def wait_for(self, chat: int) -> float:
        """Return the seconds until this chat may be written to; 0 if it may now."""
        sent = self._sent.get(chat)
        if not sent:
            return 0.0
        free = sent[-1] + CHAT_GAP_S
        if chat < 0 and len(sent) == GROUP_SENDS:  # groups and channels have negative ids
            free = max(free, sent[0] + GROUP_WINDOW_S)
        return max(0.0, free - self._time())

    async def turn(self, chat: int) -> None:
        """Return when a message to the chat may go, as far as all chats together are concerned."""
        now = self._time()
        mine = max(now, self._next)
        self._next = mine + 1 / PER_SECOND
        if mine > now:
            await asyncio.sleep(mine - now)
        self._note(chat)

    def answered(self) -> None:
        """Note that somebody is answered, who does not wait for a turn: announcements make room, and never stop."""
        now = self._time()
        self._next = min(max(now, self._next) + 1 / PER_SECOND, max(self._next, now + MOST_S))

    def pause(self, seconds: float) -> None:
        """Give no turn for so long: Telegram said so."""
        self._next = max(self._next, self._time() + seconds)

    def _note(self, chat: int) -> None:
        now = self._time()
        if len(self._sent) > 10 * PER_SECOND:  # forget chats that may be written to again
            self._sent = {key: sent for key, sent in self._sent.items() if sent[-1] + GROUP_WINDOW_S > now}
        self._sent.setdefault(chat, deque(maxlen=GROUP_SENDS)).append(now)
