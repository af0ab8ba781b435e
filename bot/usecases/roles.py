"""Who becomes organizer or steward, and who is it no more. Accounts are never named: codes are handed over."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from bot.domain import rules
from bot.domain.errors import (
    Frozen,
    LastOrganizer,
    NicknameTaken,
    NoSuchMember,
    NoSuchRoleCard,
    RoleCardWaits,
    WrongStage,
)
from bot.domain.model import Announcement, Kind, Unit, UnitId, Walkout, WalkoutId
from bot.domain.roles import Deed, Duty, Matter, MemberId, Role, Suspension
from bot.domain.tree import labels
from bot.domain.ways import which_of_several
from bot.secrets import card_codes
from bot.storage.store import Committee, Member, RoleCard
from bot.usecases import suspensions
from bot.usecases.context import ID_LETTERS, RequestContext, role_taken
from bot.usecases.proposals import LASTS, Progress, approvals_needed, look, propose

WORD_LETTERS = 4

LONGEST_NICKNAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Appointment:
    """A role card as it is handed over; the code is shown once and kept nowhere."""

    code: str
    role: Role
    nickname: str
    place: Unit | None
    progress: Progress | None  #: of the proposal that must be approved first


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """Somebody with a role, as the committee sees them."""

    nickname: str
    role: Role
    walkout: Walkout | None = None
    place: Unit | None = None
    way: str = ""  #: by which letters to them go
    bot: str = ""  #: which one that is, where its platform has several


async def appoint(
    context: RequestContext,
    role: Role,
    nickname: str,
    *,
    walkout: WalkoutId | None = None,
    place: Unit | None = None,
) -> Appointment:
    """Make a role card. For an organizer, of a unit as well, it works once enough of the walkout's organizers approve.

    Sent twice within an hour it is the same card, unless that is settled.
    Raises NicknameTaken, WrongStage, Halted, Forbidden.
    """
    await suspensions.check_none_runs(context)
    duty = Duty.STAFF if role is Role.STEWARD else Matter.APPOINT
    await context.check(duty, walkout, place.id if place else None)
    if walkout is not None and (stage := (await context.store.walkout(walkout)).stage) not in rules.NOT_OVER:
        raise WrongStage(stage)
    if role is not Role.STEWARD and nickname.casefold() in await _taken(context):
        raise NicknameTaken(nickname)
    now = context.clock()
    scope = f"{walkout} {place.id}" if place else ""
    code, known = await _code(context, role, scope, nickname, now.strftime("%Y%m%d%H"))
    key, progress = card_codes.key_of(code), None
    if known is not None and known.proposal:  # sent twice
        progress = await look(context, known.proposal)
    elif role is not Role.STEWARD:
        what: dict[str, Any] = {"nickname": nickname, "card": key.hex()}
        what |= {"workplace": place.id, "place": place.name} if place else {}
        progress = await propose(context, Matter.APPOINT, walkout=walkout, **what)
    await context.store.add_role_card(
        RoleCard(
            key=key,
            id=_id_of(key),
            role=role,
            walkout=walkout,
            unit=place.id if place else None,
            nickname=context.keys.seal(nickname),
            appointer=context.me,
            until=now + LASTS,
            proposal=progress.proposal.id if progress else "",
        ),
        context.note(Deed.APPOINTED, walkout, name=nickname),
    )
    return Appointment(code=code, role=role, nickname=nickname, place=place, progress=progress)


async def _code(context: RequestContext, *what: str) -> tuple[str, RoleCard | None]:
    """Make the same code for the same appointment, and find its card; a code that is settled never comes again."""
    again = 0
    while True:
        code = card_codes.from_bytes(
            context.keys.seed(context.who, b"role card", *map(str.encode, what), b"%d" % again)
        )
        known = await context.store.role_card(_id_of(card_codes.key_of(code)))
        if known is None or not known.settled:
            return code, known
        again += 1


def _id_of(key: bytes) -> str:
    return card_codes.from_bytes(key)[:ID_LETTERS]


async def is_role_card(context: RequestContext, code: str) -> bool:
    """Say whether this is the code of a role card, good or not."""
    return await context.store.role_card(_id_of(card_codes.key_of(code))) is not None


async def redeem(context: RequestContext, code: str) -> RoleCard | None:
    """Use a role card; it acts when its appointer confirms. None if the code is no role card that is good.

    Raises RoleCardWaits while somebody is suspended.
    """
    seen = await context.store.role_card(_id_of(card_codes.key_of(code)))
    if seen is None:  # most that comes here is a mistyped card
        return None
    running = (await context.store.committee()).running(context.clock())
    if running and not seen.settled and seen.until > context.clock():
        raise RoleCardWaits(max(each.until for each in running))
    word = "".join(secrets.choice(card_codes.ALPHABET) for _ in range(WORD_LETTERS))
    appointers = (await context.store.committee()).members

    def news(card: RoleCard) -> Announcement:
        appointer = appointers[card.appointer]
        return Announcement(
            kind=Kind.ROLE_CARD_USED,
            occasion=card.id,
            about=card.unit,
            to_rooms=False,
            to=((appointer.way, appointer.address),),
            facts={"role_card": card.id},
        )

    return await context.store.redeem_role_card(
        card_codes.key_of(code), context.as_member(""), word, news, now=context.clock()
    )


async def settle(context: RequestContext, number: str, *, confirmed: bool) -> RoleCard:
    """Confirm that it was the right person who used a role card, or turn them away. Raises NoSuchRoleCard, Halted.

    The card that is returned has the redeemer under the nickname that they bear from now on.
    """
    card = await context.store.role_card(number)
    if card is None or card.redeemer is None or card.appointer != context.me or card.until <= context.clock():
        raise NoSuchRoleCard
    await context.check(Duty.STAFF if card.role is Role.STEWARD else Matter.APPOINT, card.walkout, card.unit)
    if confirmed:
        await suspensions.check_none_runs(context)
    news = Announcement(
        kind=Kind.ROLE_GIVEN,
        occasion=card.id,
        about=card.unit,
        to_rooms=False,
        to=((card.redeemer.way, card.redeemer.address),),
        facts={"role": card.role},
    )
    nickname = context.keys.unseal(card.nickname)
    if confirmed:
        nickname = await _nickname(context, card.redeemer.id, nickname)
    card = replace(card, redeemer=replace(card.redeemer, nickname=context.keys.seal(nickname)))
    deed = Deed.CONFIRMED if confirmed else Deed.TURNED_AWAY
    note = context.note(deed, card.walkout, name=nickname)
    if not await context.store.settle_role_card(card, confirmed=confirmed, news=news if confirmed else None, note=note):
        raise NoSuchRoleCard
    return card


async def served(context: RequestContext) -> list[Served]:
    """List everybody with a role."""
    committee = await context.store.committee()
    walkouts = {walkout.id: walkout for walkout in await context.store.walkouts()}
    names = {member.id: context.keys.unseal(member.nickname) for member in committee.members.values()}
    bots = await context.store.ways()
    by = {who: member.way for who, member in committee.members.items()}
    reached = {who: which_of_several(way, bots) for who, way in by.items()}
    found = [
        Served(nickname=names[who], role=Role.ORGANIZER, way=by[who], bot=reached[who]) for who in committee.organizers
    ]
    found.sort(key=lambda each: each.nickname.casefold())
    named = dict[tuple[WalkoutId, UnitId], Unit]()
    for of in {walkout for walkout, _place, _who in committee.stewards}:
        units = await context.store.units(of)
        called = labels(units)
        named.update({(of, unit.id): replace(unit, name=called[unit.id]) for unit in units})
    for walkout, place, who in committee.stewards:
        found.append(
            Served(
                nickname=names[who],
                role=committee.role_at(walkout, place, who),
                walkout=walkouts[walkout],
                place=named[walkout, place],
                way=by[who],
                bot=reached[who],
            )
        )
    return found


async def remove(context: RequestContext, nickname: str) -> Progress | None:
    """Take every role from somebody: at once from a steward or from oneself, by proposal from an organizer.

    None if it is done. Whoever a suspension stops may only ask for the removal of the other whom it stops.
    Raises NoSuchMember, LastOrganizer, Frozen, Halted.
    """
    committee, found, stops = await _found(context, nickname)
    progress = None
    for member in found:
        if stops is None:
            await _remove_steward(context, member, nickname)
        if member.id not in committee.organizers:
            continue
        if member.id == context.me:
            if not await context.store.remove_organizer(
                member.id, context.note(Deed.RESIGNED), role_taken(member, Role.ORGANIZER)
            ):
                raise LastOrganizer
        else:
            # as the committee writes it: however two organizers type it, they propose the same
            called = context.keys.unseal(member.nickname)
            progress = await propose(context, Matter.REMOVE, walkout=None, about=member.id, nickname=called)
    return progress


async def check_can_remove(context: RequestContext, nickname: str) -> int:
    """Return how many organizers must approve a removal; 0: it is done at once. Raises as `remove` does."""
    committee, found, _stops = await _found(context, nickname)
    organizing = [member.id for member in found if member.id in committee.organizers]
    if context.me in organizing and len(committee.organizers) == 1:
        raise LastOrganizer
    needed = [await approvals_needed(context, Matter.REMOVE, None, each) for each in organizing if each != context.me]
    return max(needed, default=0)


async def _found(context: RequestContext, nickname: str) -> tuple[Committee, list[Member], Suspension | None]:
    """Find whom a nickname means, and what stops whoever asks: they may only ask for the removal of the other."""
    committee = await context.store.committee()
    stops = (await context.store.roles(context.me)).suspension
    found = [member for member in committee.members.values() if _called(context, member) == nickname.casefold()]
    if stops is not None and {member.id for member in found} != stops.both - {context.me}:
        raise Frozen(stops.until, stops.suspended == context.me)
    if not found:
        raise NoSuchMember(nickname)
    return committee, found, stops


async def _remove_steward(context: RequestContext, member: Member, nickname: str) -> None:
    committee = await context.store.committee()
    for walkout, place, who in committee.stewards:
        if who == member.id:
            note = context.note(Deed.REMOVED, walkout, name=nickname)
            news = role_taken(member, committee.role_at(walkout, place, who), place)
            await context.store.remove_steward(member.id, walkout, place, note, news)


async def is_server_code(context: RequestContext, code: str) -> bool:
    """Say whether this is the server's code, good or not; one that is used is so only for who used it."""
    return await context.store.knows_organizer_code(card_codes.key_of(code), context.me)


async def redeem_server_code(context: RequestContext, code: str, nickname: str) -> bool:
    """Become an organizer by the server's code, and let every organizer know; False if it is not good."""
    if not await is_server_code(context, code):  # most that comes here is a mistyped card
        return False
    name = await _nickname(context, context.me, nickname)
    news = Announcement(
        kind=Kind.SERVER_CODE_USED,
        occasion=context.clock().isoformat(),
        to_rooms=False,
        to_organizers=True,
        not_to=frozenset({context.me}),
    )
    return await context.store.redeem_organizer_code(
        card_codes.key_of(code), context.as_member(name), news, context.note(Deed.SERVER_CODE), now=context.clock()
    )


async def _taken(context: RequestContext) -> set[str]:
    return {_called(context, member) for member in (await context.store.committee()).members.values()}


async def _nickname(context: RequestContext, member: MemberId, nickname: str) -> str:
    """Return what somebody is called from now on: as before, or if they are new like nobody else."""
    before = (await context.store.committee()).members.get(member)
    if before is not None:
        return context.keys.unseal(before.nickname)
    taken = await _taken(context)
    name, number = nickname, 1
    while name.casefold() in taken:
        number += 1
        name = f"{nickname} {number}"
    return name


def _called(context: RequestContext, member: Member) -> str:
    return context.keys.unseal(member.nickname).casefold()
