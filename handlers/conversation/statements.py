"""What anybody can ask about announcements."""

from __future__ import annotations

from collections.abc import Sequence

from bot import reading
from bot.usecases import statements
from handlers.conversation.parts import Ask, Reply
from handlers.conversation.questions import not_understood
from handlers.texts import statements as texts


async def verify(ask: Ask) -> Reply:
    """Say whether rooms heard what stands over this reference, when, and its words."""
    if not ask.words:
        return Reply(kind="help", text=texts.verify_usage())
    return await _verified(ask, reading.asked_references(" ".join(ask.words))) or Reply(
        kind="no_reference", text=texts.no_reference()
    )


async def verify_alone(ask: Ask) -> Reply:
    """Do the same for a message that is nothing but a reference, unless it is only a word that looks like one."""
    return await _verified(ask, reading.lone_references(ask.words[0])) or await not_understood(ask)


async def _verified(ask: Ask, references: Sequence[reading.Found]) -> Reply | None:
    found = await statements.verify([each.text for each in references], ask.app.store)
    if found is not None:
        return Reply(kind="verified", text=texts.said(found))
    return Reply(kind="not_said", text=texts.not_said()) if any(each.sure for each in references) else None
