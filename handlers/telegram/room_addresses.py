"""Where a room is on Telegram: a chat, or one topic of a forum, which is a room of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, or a topic in it. As an address it is `-100123`, or `-100123/45`."""

    chat: int
    topic: int | None = None

    @classmethod
    def read(cls, address: str) -> Self:
        """Read an address."""
        chat, _slash, topic = address.partition("/")
        return cls(int(chat), int(topic) if topic else None)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Self:
        """Say where a message stands. Replies in other groups have the number of a thread too, which is no topic."""
        topic = message.get("message_thread_id") if message.get("is_topic_message") else None
        return cls(message["chat"]["id"], topic)

    def __str__(self) -> str:
        return str(self.chat) if self.topic is None else f"{self.chat}/{self.topic}"
