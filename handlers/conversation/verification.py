"""What anybody can ask about announcements."""

from __future__ import annotations

from collections.abc import Sequence

from bot.parsing import typed_text
from bot.usecases import verification
from handlers.conversation.messages import Ask, Reply
from handlers.conversation.questions import not_understood
from handlers.texts import verification as texts


async def verify(ask: Ask) -> Reply:
    """Say whether rooms heard what stands over this reference, when, and its words."""
    if not ask.words:
        return Reply(kind="help", text=texts.verify_usage())
    return await _verified(ask, typed_text.asked_references(" ".join(ask.words))) or Reply(
        kind="no_reference", text=texts.no_reference()
    )


async def verify_alone(ask: Ask) -> Reply:
    """Do the same for a message that is nothing but a reference, unless it is only a word that looks like one."""
    return await _verified(ask, typed_text.lone_references(ask.words[0])) or await not_understood(ask)


async def _verified(ask: Ask, references: Sequence[typed_text.Found]) -> Reply | None:
    asked = [each.text for each in references]
    unheard = await verification.is_being_said(asked, ask.app.store)  # first: it may be heard between the two
    found = await verification.verify(asked, ask.app.store)
    if found is not None:
        return Reply(kind="verified", text=texts.said(found))
    if unheard:
        return Reply(kind="being_said", text=texts.being_said())
    return Reply(kind="not_said", text=texts.not_said()) if any(each.sure for each in references) else None
