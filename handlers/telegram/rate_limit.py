"""Telegram's limits on what a bot sends: 30 messages a second, one a second in a chat, 20 a minute in a group.

Everything that counts as a message waits for its own turn. Sending in bursts and pausing afterwards, as rate limiters
commonly do, breaks the limit for whoever measures in every one-second window; and a 429 costs everybody a pause.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from handlers.platforms.rate_limit import RateLimit

CHAT_GAP_S = 1.05
GROUP_SENDS = 20
GROUP_WINDOW_S = 61.0
CHATS = 300
"""Those remembered before the quiet ones are looked for."""


class ChatPace(RateLimit):
    """Gives out turns, and knows of the chats that have had news."""

    def __init__(self, per_second: float, time: Callable[[], float]) -> None:
        super().__init__(per_second, time)
        self._sent: dict[int, deque[float]] = {}
        self._refused: int | None = None  #: the chat Telegram would not take a message for, if it was the last

    def wait_for(self, chat: int) -> float:
        """Return the seconds until a chat may hear news; 0 if it may now."""
        sent = self._sent.get(chat)
        if not sent:
            return 0.0
        free = sent[-1] + CHAT_GAP_S
        if chat < 0 and len(sent) == GROUP_SENDS:  # groups and channels have negative ids
            free = max(free, sent[0] + GROUP_WINDOW_S)
        return max(0.0, free - self._time())

    async def news_turn(self, chat: int) -> None:
        """Return when a chat may be sent news, as far as all chats together are concerned."""
        await self.turn()
        now = self._time()
        if len(self._sent) > CHATS:  # forget chats that may be written to again
            self._sent = {key: sent for key, sent in self._sent.items() if sent[-1] + GROUP_WINDOW_S > now}
        self._sent.setdefault(chat, deque(maxlen=GROUP_SENDS)).append(now)

    def refused(self, chat: int, seconds: float) -> None:
        """Note a 429. It does not say whom it means: one chat, unless the next one that is tried gets it too."""
        if self._refused not in {None, chat}:
            self.pause(seconds)
        self._refused = chat

    def accepted(self) -> None:
        """Note that Telegram takes messages."""
        self._refused = None
