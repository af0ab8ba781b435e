"""/ready: whether people are ready for a step, before it is opened."""

from __future__ import annotations

from bot.domain.model import Stage, WalkoutId
from bot.domain.rules import NOT_OVER
from bot.guards.readiness import checks
from bot.usecases import organizers
from handlers.conversation.messages import Ask, Reply
from handlers.texts import readiness as texts


async def ready(ask: Ask) -> Reply:
    """Say yes or no to each point."""
    walkout = await organizers.which(
        ask.app.store, ask.first, [frozenset({Stage.DRAFT}), NOT_OVER], now=ask.app.clock()
    )
    found = await checks(ask.app.store, WalkoutId(walkout.id), now=ask.app.clock())
    return Reply(kind="ready", text=texts.ready(walkout, found), below=True)
