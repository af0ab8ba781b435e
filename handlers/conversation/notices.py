"""What else workers can press under their card: to be told when it is on, and to clear the chat."""

from __future__ import annotations

from bot.domain.errors import Refused
from bot.domain.model import Entry, WalkoutId
from bot.usecases.workers import Seen
from handlers.conversation.letter_buttons import NO_CARD, clear_button
from handlers.conversation.messages import Ask, Button, Reply, carried, old_button
from handlers.conversation.workers import on_its_card, own_buttons, show
from handlers.texts import notices as texts

_YES = "yes"
_KEEP = "y:keep:"


async def tell_me(ask: Ask) -> Reply:
    """Say what a notice stores; keep it once that is accepted."""
    if ask.code is None:
        return old_button()
    if ask.words[1:] == (_YES,):
        return await _accepted(ask)
    seen = await ask.worker.look(ask.code, ask.of)
    if not seen.situation.can_ask:
        return _told(ask, seen, ask.code)
    card = carried(ask.code, seen.walkout.id)
    buttons = (
        Button(label=texts.yes_label(), data=f"o:{card}:{_YES}"),
        Button(label=texts.no_label(), data=f"c:{card}"),
    )
    return Reply(kind="notice_terms", text=texts.offer(seen.unit, ask.ways.can_reach(), seen.kind), buttons=buttons)


@on_its_card
async def _accepted(ask: Ask, code: str, of: WalkoutId) -> Reply:
    return _told(ask, await ask.worker.ask_to_be_told(code, ask.language, of), code)


def _told(ask: Ask, seen: Seen, code: str) -> Reply:
    if not seen.told:
        return show(ask, seen, code)
    return Reply(kind="notice", text=texts.kept(seen.kind), buttons=own_buttons(seen, code))


@on_its_card
async def do_not_tell_me(ask: Ask, code: str, of: WalkoutId) -> Reply:
    """Forget a notice."""
    seen = await ask.worker.stop_telling(code, of)
    if seen.mine is None:
        return show(ask, seen, code)
    return Reply(kind="no_notice", text=texts.deleted(), buttons=own_buttons(seen, code))


async def warn(ask: Ask) -> Reply:
    """Say what is lost with the chat, before anything is deleted."""
    # below a letter or an offer without a card: what they say could not be shown again
    below = ask.code is None
    keep = Button(label=texts.keep_label(), data=f"{_KEEP}{_no_card(ask)}" if below else f"c:{ask.card}")
    buttons = (Button(label=texts.clear_now_label(), data="y:"), keep)
    text = texts.warning(ask.ways.can_clear(), needs_card=await _needs_card(ask))
    return Reply(kind="clear_warning", text=text, buttons=buttons, below=below)


def _no_card(ask: Ask) -> str:
    # not as it came: what somebody made up could be too long for a button
    return NO_CARD if NO_CARD in ask.words else ""


async def _needs_card(ask: Ask) -> bool:
    if ask.code is None:
        return ask.first != NO_CARD
    try:
        return (await ask.worker.look(ask.code, ask.of)).walkout.terms.entry is not Entry.OPEN
    except Refused:  # the walkout is over, most likely
        return True


async def clear(ask: Ask) -> Reply:
    """Let the platform delete what it can of the chat."""
    if ask.first == "keep":
        return Reply(kind="done", text=texts.not_cleared(), buttons=(clear_button(_no_card(ask)),))
    return Reply(kind="cleared", text=texts.cleared(ask.ways.can_clear()), clears=True)
