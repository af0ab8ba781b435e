"""What anybody can ask about announcements."""

from __future__ import annotations

from bot.usecases import statements
from handlers.conversation.parts import Ask, Reply
from handlers.texts import statements as texts


async def verify(ask: Ask) -> Reply:
    """Say whether rooms heard what stands over this reference, when, and its words."""
    if not ask.words:
        return Reply(kind="help", text=texts.verify_usage())
    found = await statements.verify("".join(ask.words), ask.app.store)
    if found is None:
        return Reply(kind="not_said", text=texts.not_said())
    return Reply(kind="verified", text=texts.said(found))
