"""What organizers can say."""

from __future__ import annotations

from bot.domain.errors import WrongStage
from bot.domain.model import Stage, WalkoutId, Workplace
from bot.domain.roles import Became, Deed, Matter
from bot.domain.rules import NOT_OVER, PLEDGING
from bot.storage.store import Room
from bot.usecases import organizers, proposals, stewards
from bot.usecases.proposals import Gaps, Progress
from handlers.conversation.letters import fetch_buttons
from handlers.conversation.parts import Ask, Here, Reply, RoomsBy, old_button
from handlers.texts import committee as committee_texts
from handlers.texts import organizers as texts

_DRAFT = frozenset({Stage.DRAFT})


async def walkouts(ask: Ask) -> Reply:
    """List the walkouts."""
    found = await ask.app.store.walkouts()
    return Reply(kind="walkouts", text=texts.walkouts(found))


async def open_up(ask: Ask) -> Reply:
    """Propose to open a draft."""
    walkout = await organizers.which(ask.app.store, ask.first, [_DRAFT])
    await proposals.check_can_open(ask.desk, walkout)
    lacks = await proposals.gaps(ask.desk, walkout.id)
    return proposed(ask, await proposals.propose(ask.desk, Matter.OPEN, walkout=walkout.id), lacks)


async def call_off(ask: Ask) -> Reply:
    """Propose to call a walkout off."""
    walkout = await organizers.which(ask.app.store, ask.first, [PLEDGING])
    if walkout.stage not in NOT_OVER:
        raise WrongStage(walkout.stage)
    return proposed(ask, await proposals.propose(ask.desk, Matter.CALL_OFF, walkout=walkout.id))


def proposed(ask: Ask, progress: Progress, lacks: Gaps | None = None) -> Reply:
    """Say how far a proposal has come."""
    kind = {Became.OPEN: "proposed", Became.REFUSED: "refused"}.get(progress.proposal.became, "done")
    fetches = progress.proposal.became is Became.GRANTED and progress.proposal.proposer == ask.desk.me
    buttons = fetch_buttons(progress.proposal.id) if fetches else ()
    return Reply(kind=kind, text=committee_texts.proposal(progress, lacks), buttons=buttons)


# -- rooms ------------------------------------------------------------------------------------------------


async def room(ask: Ask) -> Reply:
    """Bind a chat to a walkout, or let it go."""
    named, words = await ask.named_walkout()
    off = bool(words) and words[0].casefold() == "off"
    if off and (len(words) > 1 or ask.here is not None or ask.ways.rooms_by is not RoomsBy.PLACE):
        return await _let_go(ask, named, " ".join(words[1:]))
    match ask.ways.rooms_by:
        case RoomsBy.WORD if words:
            return await _give_word(ask, named, " ".join(words))
        case RoomsBy.PLACE if words and ask.here is not None:
            return await _bind_here(ask, named, " ".join(words), ask.here)
        case RoomsBy.NAME if len(words) > 1:
            scope, address = " ".join(words[:-1]), words[-1]
            walkout, place = await _meant(ask, named, scope)
            return await _bind(ask, walkout, place, address)
    return Reply(kind="help", text=texts.room_usage(ask.ways.rooms_by))


async def _meant(ask: Ask, named: str | None, scope: str) -> tuple[WalkoutId, Workplace | None]:
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER])
    if scope.casefold() == "citywide":
        return walkout.id, None
    return walkout.id, stewards.find(await ask.app.store.workplaces(walkout.id), scope)


async def _bind(ask: Ask, walkout: WalkoutId, place: Workplace | None, address: str) -> Reply:
    bound = Room(walkout=walkout, scope=place.id if place else None, platform=ask.who.platform, address=address)
    note = ask.desk.note(Deed.BOUND, walkout, name=place.name if place else "")
    await organizers.bind_room(bound, ask.app.store, note)
    named = ask.ways.name_room(bound)
    undo = "/room off" if ask.ways.rooms_by is RoomsBy.PLACE else f"/room off {address}"
    return Reply(kind="done", text=texts.room_bound(named, place.name if place else None, undo))


async def _bind_here(ask: Ask, named: str | None, scope: str, here: Here) -> Reply:
    walkout, place = await _meant(ask, named, scope)
    if not here.can_post:
        return Reply(kind="cannot_post", text=texts.cannot_post())
    return await _bind(ask, walkout, place, here.address)


async def _give_word(ask: Ask, named: str | None, scope: str) -> Reply:
    walkout, place = await _meant(ask, named, scope)
    word = ask.app.room_words.give(ask.who, walkout, place.id if place else None)
    return Reply(kind="room_word", text=texts.room_word(word, ask.ways.invite.format(word=word)))


async def _let_go(ask: Ask, named: str | None, address: str) -> Reply:
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER])
    platform = ask.who.platform
    if not address and ask.here is not None:
        address = ask.here.address
    note = ask.desk.note(Deed.LET_GO, walkout.id)
    was_bound = await ask.app.store.release_room(walkout.id, platform, address, note)
    gone = Room(walkout=walkout.id, scope=None, platform=platform, address=address)
    return Reply(kind="done", text=texts.room_released(ask.ways.name_room(gone), was_bound=was_bound))


async def press_bind(ask: Ask) -> Reply:
    """Bind the chat in which a word was seen."""
    wish = ask.app.room_words.confirm(ask.words[0], ask.who) if await ask.is_organizer() else None
    if wish is None or wish.address is None:
        return old_button()
    place = None if wish.scope is None else await ask.app.store.workplace(wish.walkout, wish.scope)
    return await _bind(ask, wish.walkout, place, wish.address)


async def press_do_not_bind(_ask: Ask) -> Reply:
    """Answer an organizer who does not bind a chat after all."""
    return Reply(kind="done", text=texts.room_not_bound())


async def rooms(ask: Ask) -> Reply:
    """List the rooms."""
    walkout = await organizers.which(ask.app.store, ask.first, [NOT_OVER])
    names = {place.id: place.name for place in await ask.app.store.workplaces(walkout.id)}
    found = [
        (bound.platform, ask.ways.name_room(bound), names[bound.scope] if bound.scope else None)
        for bound in await ask.app.store.rooms(walkout.id)
    ]
    return Reply(kind="rooms", text=texts.rooms(found, texts.room_usage(ask.ways.rooms_by)))
