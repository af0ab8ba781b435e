"""What organizers say about each other: roles, approvals, the audit."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from bot.domain.errors import Forbidden, NoSuchRoleCard, NoSuchUnit, NoSuchWalkout
from bot.domain.model import Tier, Unit
from bot.domain.roles import Duty, Matter
from bot.domain.roles import Role as Appointed
from bot.domain.rules import NOT_OVER
from bot.domain.tree import labels
from bot.usecases import audit, organizers, proposals, roles, stewards, suspensions
from bot.usecases.roles import LONGEST_NICKNAME
from handlers.conversation import confirmation
from handlers.conversation.messages import Ask, Button, Reply, old_button, whole_number
from handlers.texts import committee as texts
from handlers.texts import organizers as organizers_texts


async def organizer(ask: Ask) -> Reply:
    """Become an organizer by the server's code."""
    code = ask.code
    if code is None:
        return Reply(kind="help", text=organizers_texts.organizer_usage())
    await ask.roles()  # whom a suspension stops does not use a code up
    # who is one already may have been redelivered: the code worked
    if await roles.redeem_server_code(ask.context, code, texts.first_nickname()) or await ask.is_organizer():
        return Reply(kind="organizer", text=organizers_texts.organizer_made())
    used = await redeem(ask, code)
    return used or Reply(kind="unknown_card", text=organizers_texts.organizer_code_bad())


async def begin(ask: Ask, code: str) -> Reply | None:
    """Become an organizer by the server's code where a card's is expected, as in a link; None if it is none."""
    if not await roles.is_server_code(ask.context, code):
        return None
    await ask.app.holds.check_change()  # as for whoever writes /organizer
    return await organizer(ask)


async def redeem(ask: Ask, code: str) -> Reply | None:
    """Use a role card; None if the code is none that is good."""
    card = await roles.redeem(ask.context, code)
    return None if card is None else Reply(kind="role_card_used", text=texts.wait_for_confirmation(card.word))


async def appoint(ask: Ask) -> Reply:
    """Make a role card for somebody."""
    named, words = await ask.named_walkout()
    role, *rest = words or ("",)
    nickname = rest[-1][:LONGEST_NICKNAME].strip() if rest else ""
    if not nickname or not nickname.isprintable():
        return Reply(kind="help", text=texts.appoint_usage())
    match role.casefold(), rest:
        case "organizer", [_]:
            return await _appointed(ask, await roles.appoint(ask.context, Appointed.ORGANIZER, nickname))
        case "organizer", [*place_words, _] if place_words:
            with suppress(NoSuchWalkout, NoSuchUnit):  # a nickname of two words, more likely
                return await _appoint_to(ask, Appointed.UNIT_ORGANIZER, named, " ".join(place_words), nickname)
        case "steward", [*place_words, _] if place_words:
            return await _appoint_to(ask, Appointed.STEWARD, named, " ".join(place_words), nickname)
    return Reply(kind="help", text=texts.appoint_usage())


async def _appoint_to(ask: Ask, role: Appointed, named: str | None, unit: str, nickname: str) -> Reply:
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
    units = await ask.app.store.units(walkout.id)
    place = stewards.find(units if role is Appointed.STEWARD else _with_organizers(units), unit)
    return await _appointed(ask, await roles.appoint(ask.context, role, nickname, walkout=walkout.id, place=place))


def _with_organizers(units: Iterable[Unit]) -> list[Unit]:
    """Return the units that can have organizers of their own: a workplace goes out together, or not at all."""
    return [unit for unit in units if unit.tier is not Tier.DEPARTMENT]


async def leave(ask: Ask) -> Reply:
    """Say what it does that a unit leaves, and ask."""
    named, words = await ask.named_walkout()
    if not words:
        return Reply(kind="help", text=texts.leave_usage())
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
    unit = _leaving(await ask.app.store.units(walkout.id), " ".join(words))
    return await confirmation.show(ask, Matter.LEAVE, walkout.id, str(unit.id))


def _leaving(units: list[Unit], name: str) -> Unit:
    """Return the unit that is meant. Raises NoSuchUnit, with the workplace whose department is named."""
    try:
        return stewards.find(_with_organizers(units), name)
    except NoSuchUnit as none:
        if none.close:
            raise
        department = stewards.find(units, name)
        raise NoSuchUnit(name, (labels(units)[department.parent],)) from none


async def _appointed(ask: Ask, made: roles.Appointment) -> Reply:
    return Reply(kind="role_card", text=texts.appointed(made, await ask.bot("telegram"), await ask.bot("discord")))


async def press_confirm(ask: Ask) -> Reply:
    """Say that it was the right person who used the role card."""
    return await _settle(ask, confirmed=True)


async def press_turn_away(ask: Ask) -> Reply:
    """Say that it was somebody else."""
    return await _settle(ask, confirmed=False)


async def _settle(ask: Ask, *, confirmed: bool) -> Reply:
    if not (await ask.roles()).may_somewhere(Duty.STAFF):
        return old_button()
    try:
        card = await roles.settle(ask.context, ask.words[0], confirmed=confirmed)
    except (NoSuchRoleCard, Forbidden):
        return Reply(kind="done", text=texts.settled_before())
    nickname = ask.app.keys.unseal(card.redeemer.nickname if card.redeemer else card.nickname)
    return Reply(kind="done", text=texts.confirmed(nickname) if confirmed else texts.turned_away(nickname))


async def list_roles(ask: Ask) -> Reply:
    """List who organizes and who looks after which workplace."""
    app = ask.app
    running = await suspensions.listed(app.store, app.keys, app.clock)
    return Reply(kind="roles", text=texts.roles(await roles.served(ask.context), running))


async def suspend(ask: Ask) -> Reply:
    """Say what stopping another organizer's account does, and ask."""
    nickname = " ".join(ask.words).strip()
    if not nickname:
        return Reply(kind="help", text=texts.suspend_usage())
    await ask.roles()
    await suspensions.check_can_suspend(ask.context, nickname)
    return await confirmation.show(ask, confirmation.SUSPEND, confirmation.known_as(nickname))


async def remove(ask: Ask) -> Reply:
    """Say what taking every role from somebody does, and ask."""
    nickname = " ".join(ask.words).strip()
    if not nickname:
        return Reply(kind="help", text=texts.remove_usage())
    await roles.check_can_remove(ask.context, nickname)
    return await confirmation.show(ask, Matter.REMOVE, confirmation.known_as(nickname))


async def press_approve(ask: Ask) -> Reply:
    """Approve a proposal."""
    return await _opine(ask, approves=True)


async def press_refuse(ask: Ask) -> Reply:
    """Refuse a proposal."""
    return await _opine(ask, approves=False)


async def _opine(ask: Ask, *, approves: bool) -> Reply:
    if not await ask.decides():
        return old_button()
    seen = await ask.app.store.proposal(ask.words[0])
    if seen is None or seen.matter is not Matter.ADOPT:
        await ask.app.holds.check_change()
    return confirmation.proposed(ask, await proposals.opine(ask.context, ask.words[0], approves=approves))


async def adopt(ask: Ask) -> Reply:
    """Say what it means that this bot goes on, though another one has taken its token, and ask."""
    return await confirmation.nothing_to_adopt(ask) or await confirmation.show(ask, Matter.ADOPT)


async def list_deeds(ask: Ask) -> Reply:
    """Show the newest lines of the audit."""
    return await _page(ask, None)


async def press_older_deeds(ask: Ask) -> Reply:
    """Show older lines of the audit."""
    number = whole_number(ask.words[0])
    if number is None or not await ask.is_organizer():
        return old_button()
    return await _page(ask, number)


async def _page(ask: Ask, before: int | None) -> Reply:
    lines = await audit.page(ask.context, before)
    older = lines[-1].number if lines and lines[-1].number > 1 else None
    buttons = () if older is None else (Button(label=texts.older(), data=f"e:{older}"),)
    return Reply(kind="audit", text=texts.deeds(lines), buttons=buttons)
