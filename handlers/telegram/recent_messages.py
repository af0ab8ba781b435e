"""The newest messages of each private chat, so that a chat can be cleared: Telegram does not tell a bot what is in one.

And what the app speaks with which somebody writes there, so that a menu can be given in it.

In memory only, under a key that dies with the process. After a restart only what is pressed can be found again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict, deque

MESSAGES = 100
"""Of one chat; as many as Telegram deletes at once."""

CHATS = 20_000
"""Those in which something was said last."""


class RecentMessages:
    """Which messages are in which chat, ours and the person's."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._chats: OrderedDict[bytes, deque[int]] = OrderedDict()
        self._spoken: OrderedDict[bytes, str] = OrderedDict()

    def note(self, chat: int, message: int) -> None:
        """Remember a message; groups' are not remembered."""
        if chat < 0:
            return
        name = self._name(chat)
        self._chats.setdefault(name, deque(maxlen=MESSAGES)).append(message)
        self._chats.move_to_end(name)
        if len(self._chats) > CHATS:
            self._chats.popitem(last=False)

    def note_spoken(self, chat: int, language: str) -> None:
        """Remember what an app speaks; '' where it does not say."""
        name = self._name(chat)
        self._spoken[name] = language
        self._spoken.move_to_end(name)
        if len(self._spoken) > CHATS:
            self._spoken.popitem(last=False)

    def spoken(self, chat: int) -> str | None:
        """Return what it speaks; None if nobody has written there since we began, or too many have after them."""
        return self._spoken.get(self._name(chat))

    def take(self, chat: int) -> list[int]:
        """Return a chat's messages, oldest first, and forget them."""
        return list(self._chats.pop(self._name(chat), ()))

    def _name(self, chat: int) -> bytes:
        return hashlib.blake2b(str(chat).encode(), key=self._key, digest_size=16).digest()
