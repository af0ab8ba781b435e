"""Whoever heard that it lapsed can ask to be told if it is tried again."""

from __future__ import annotations

from bot.domain.model import WalkoutId
from bot.usecases.another_try import Asking
from handlers.conversation.messages import Ask, Button, Reply, old_button
from handlers.texts import another_try as texts

_NO = "no"


async def press(ask: Ask) -> Reply:
    """Keep that they want to be told; or forget it."""
    of, token, *no = (*ask.words, "", "")[: max(2, len(ask.words))]
    asking = Asking(who=ask.who, store=ask.app.store, keys=ask.app.keys)
    if no == [_NO]:
        done = await asking.want_no_more(WalkoutId(of), token)
        return Reply(kind="no_wish", text=texts.deleted(), known=True) if done else old_button()
    if no or not await asking.want(WalkoutId(of), token, ask.language):
        return old_button()
    stop = Button(label=texts.stop_label(), data=f"A:{of}:{token}:{_NO}")
    return Reply(kind="wish", text=texts.kept(), buttons=(stop,), below=True, known=True)
