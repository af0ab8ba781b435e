"""What we look at in an update, and of which type it is: neither the library nor JSON minds if it is another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_USER = {"id": int, "language_code": str}
_CHAT = {"id": int, "type": str, "title": str, "is_direct_messages": bool}
_MESSAGE = {
    "message_id": int,
    "from": _USER,
    "chat": _CHAT,
    "message_thread_id": int,
    "is_topic_message": bool,
    "is_automatic_forward": bool,
    "direct_messages_topic": {"topic_id": int},
    "text": str,
    "entities": [{"url": str}],
    "caption": str,
    "caption_entities": [{"url": str}],
    "document": {"file_id": str, "file_name": str, "file_size": int},
    "migrate_to_chat_id": int,
    "reply_to_message": {"message_id": int},
}
_UPDATE = {
    "message": _MESSAGE,
    "channel_post": _MESSAGE,
    "callback_query": {"id": str, "from": _USER, "message": _MESSAGE, "data": str},
    "my_chat_member": {"chat": _CHAT, "new_chat_member": {"status": str}},
}


def is_update(raw: object) -> bool:
    """Say whether whatever we look at in it is of the right type, where it is there at all."""
    return _fits(raw, _UPDATE)


def _fits(value: object, shape: type | Sequence[Any] | Mapping[str, Any]) -> bool:
    if isinstance(shape, type):
        return type(value) is shape  # True is no number here
    if isinstance(shape, Sequence):
        return isinstance(value, list) and all(_fits(each, shape[0]) for each in value)
    return isinstance(value, Mapping) and all(
        name not in value or _fits(value[name], inner) for name, inner in shape.items()
    )
