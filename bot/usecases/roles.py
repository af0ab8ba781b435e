"""Who becomes organizer or steward, and who is it no more. Accounts are never named: codes are handed over."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from bot import cards
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
from bot.domain.model import Announcement, Kind, Walkout, WalkoutId, Workplace
from bot.domain.roles import Deed, Matter, MemberId, Role, Suspension
from bot.storage.store import Committee, Member, RoleCard
from bot.usecases import suspensions
from bot.usecases.desk import ID_LETTERS, Desk, role_taken
from bot.usecases.proposals import LASTS, Progress, approvals_needed, look, propose

WORD_LETTERS = 4

LONGEST_NICKNAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Appointment:
    """A role card as it is handed over; the code is shown once and kept nowhere."""

    code: str
    role: Role
    nickname: str
    place: Workplace | None
    progress: Progress | None  #: of the proposal that must be approved first


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """Somebody with a role, as the committee sees them."""

    nickname: str
    role: Role
    walkout: Walkout | None = None
    place: Workplace | None = None


async def appoint(
    desk: Desk, role: Role, nickname: str, *, walkout: WalkoutId | None = None, place: Workplace | None = None
) -> Appointment:
    """Make a role card. For an organizer it works once enough organizers approve.

    Sent twice within an hour it is the same card, unless that is settled. Raises NicknameTaken, WrongStage, Halted.
    """
    await suspensions.check_none_runs(desk)
    if walkout is not None and (stage := (await desk.store.walkout(walkout)).stage) not in rules.NOT_OVER:
        raise WrongStage(stage)
    if role is Role.ORGANIZER and nickname.casefold() in await _taken(desk):
        raise NicknameTaken(nickname)
    now = desk.clock()
    scope = f"{walkout} {place.id}" if place else ""
    code, known = await _code(desk, role, scope, nickname, now.strftime("%Y%m%d%H"))
    key, progress = cards.key_of(code), None
    if known is not None and known.proposal:  # sent twice
        progress = await look(desk, known.proposal)
    elif role is Role.ORGANIZER:
        progress = await propose(desk, Matter.APPOINT, walkout=None, nickname=nickname, card=key.hex())
    await desk.store.add_role_card(
        RoleCard(
            key=key,
            id=_id_of(key),
            role=role,
            walkout=walkout,
            workplace=place.id if place else None,
            nickname=desk.keys.seal(nickname),
            appointer=desk.me,
            until=now + LASTS,
            proposal=progress.proposal.id if progress else "",
        ),
        desk.note(Deed.APPOINTED, walkout, name=nickname),
    )
    return Appointment(code=code, role=role, nickname=nickname, place=place, progress=progress)


async def _code(desk: Desk, *what: str) -> tuple[str, RoleCard | None]:
    """Make the same code for the same appointment, and find its card; a code that is settled never comes again."""
    again = 0
    while True:
        code = cards.from_bytes(desk.keys.seed(desk.who, b"role card", *map(str.encode, what), b"%d" % again))
        known = await desk.store.role_card(_id_of(cards.key_of(code)))
        if known is None or not known.settled:
            return code, known
        again += 1


def _id_of(key: bytes) -> str:
    return cards.from_bytes(key)[:ID_LETTERS]


async def is_role_card(desk: Desk, code: str) -> bool:
    """Say whether this is the code of a role card, good or not."""
    return await desk.store.role_card(_id_of(cards.key_of(code))) is not None


async def redeem(desk: Desk, code: str) -> RoleCard | None:
    """Use a role card; it acts when its appointer confirms. None if the code is no role card that is good.

    Raises RoleCardWaits while somebody is suspended.
    """
    seen = await desk.store.role_card(_id_of(cards.key_of(code)))
    if seen is None:  # most that comes here is a mistyped card
        return None
    running = (await desk.store.committee()).running(desk.clock())
    if running and not seen.settled and seen.until > desk.clock():
        raise RoleCardWaits(max(each.until for each in running))
    word = "".join(secrets.choice(cards.ALPHABET) for _ in range(WORD_LETTERS))
    appointers = (await desk.store.committee()).members

    def news(card: RoleCard) -> Announcement:
        appointer = appointers[card.appointer]
        return Announcement(
            kind=Kind.ROLE_CARD_USED,
            occasion=card.id,
            about=card.workplace,
            to_rooms=False,
            to=((appointer.platform, appointer.address),),
            facts={"role_card": card.id},
        )

    return await desk.store.redeem_role_card(cards.key_of(code), desk.as_member(""), word, news, now=desk.clock())


async def settle(desk: Desk, number: str, *, confirmed: bool) -> RoleCard:
    """Confirm that it was the right person who used a role card, or turn them away. Raises NoSuchRoleCard, Halted.

    The card that is returned has the redeemer under the nickname that they bear from now on.
    """
    card = await desk.store.role_card(number)
    if card is None or card.redeemer is None or card.appointer != desk.me or card.until <= desk.clock():
        raise NoSuchRoleCard
    if confirmed:
        await suspensions.check_none_runs(desk)
    news = Announcement(
        kind=Kind.ROLE_GIVEN,
        occasion=card.id,
        about=card.workplace,
        to_rooms=False,
        to=((card.redeemer.platform, card.redeemer.address),),
        facts={"role": card.role},
    )
    nickname = desk.keys.unseal(card.nickname)
    if confirmed:
        nickname = await _nickname(desk, card.redeemer.id, nickname)
    card = replace(card, redeemer=replace(card.redeemer, nickname=desk.keys.seal(nickname)))
    deed = Deed.CONFIRMED if confirmed else Deed.TURNED_AWAY
    note = desk.note(deed, card.walkout, name=nickname)
    if not await desk.store.settle_role_card(card, confirmed=confirmed, news=news if confirmed else None, note=note):
        raise NoSuchRoleCard
    return card


async def served(desk: Desk) -> list[Served]:
    """List everybody with a role."""
    committee = await desk.store.committee()
    walkouts = {walkout.id: walkout for walkout in await desk.store.walkouts()}
    names = {member.id: desk.keys.unseal(member.nickname) for member in committee.members.values()}
    found = [Served(nickname=names[who], role=Role.ORGANIZER) for who in committee.organizers]
    found.sort(key=lambda each: each.nickname.casefold())
    for walkout, place, who in committee.stewards:
        found.append(
            Served(
                nickname=names[who],
                role=Role.STEWARD,
                walkout=walkouts[walkout],
                place=await desk.store.workplace(walkout, place),
            )
        )
    return found


async def remove(desk: Desk, nickname: str) -> Progress | None:
    """Take every role from somebody: at once from a steward or from oneself, by proposal from an organizer.

    None if it is done. Whoever a suspension stops may only ask for the removal of the other whom it stops.
    Raises NoSuchMember, LastOrganizer, Frozen, Halted.
    """
    committee, found, stops = await _found(desk, nickname)
    progress = None
    for member in found:
        if stops is None:
            await _remove_steward(desk, member, nickname)
        if member.id not in committee.organizers:
            continue
        if member.id == desk.me:
            if not await desk.store.remove_organizer(
                member.id, desk.note(Deed.RESIGNED), role_taken(member, Role.ORGANIZER)
            ):
                raise LastOrganizer
        else:
            # as the committee writes it: however two organizers type it, they propose the same
            called = desk.keys.unseal(member.nickname)
            progress = await propose(desk, Matter.REMOVE, walkout=None, about=member.id, nickname=called)
    return progress


async def check_can_remove(desk: Desk, nickname: str) -> int:
    """Return how many organizers must approve a removal; 0: it is done at once. Raises as `remove` does."""
    committee, found, _stops = await _found(desk, nickname)
    organizing = [member.id for member in found if member.id in committee.organizers]
    if desk.me in organizing and len(committee.organizers) == 1:
        raise LastOrganizer
    needed = [await approvals_needed(desk, Matter.REMOVE, None, each) for each in organizing if each != desk.me]
    return max(needed, default=0)


async def _found(desk: Desk, nickname: str) -> tuple[Committee, list[Member], Suspension | None]:
    """Find whom a nickname means, and what stops whoever asks: they may only ask for the removal of the other."""
    committee = await desk.store.committee()
    stops = (await desk.store.roles(desk.me)).suspension
    found = [member for member in committee.members.values() if _called(desk, member) == nickname.casefold()]
    if stops is not None and {member.id for member in found} != stops.both - {desk.me}:
        raise Frozen(stops.until, stops.suspended == desk.me)
    if not found:
        raise NoSuchMember(nickname)
    return committee, found, stops


async def _remove_steward(desk: Desk, member: Member, nickname: str) -> None:
    for walkout, place, who in (await desk.store.committee()).stewards:
        if who == member.id:
            note = desk.note(Deed.REMOVED, walkout, name=nickname)
            await desk.store.remove_steward(member.id, walkout, place, note, role_taken(member, Role.STEWARD, place))


async def is_server_code(desk: Desk, code: str) -> bool:
    """Say whether this is the server's code, good or not; one that is used is so only for who used it."""
    return await desk.store.knows_organizer_code(cards.key_of(code), desk.me)


async def redeem_server_code(desk: Desk, code: str, nickname: str) -> bool:
    """Become an organizer by the server's code, and let every organizer know; False if it is not good."""
    if not await is_server_code(desk, code):  # most that comes here is a mistyped card
        return False
    name = await _nickname(desk, desk.me, nickname)
    news = Announcement(
        kind=Kind.SERVER_CODE_USED,
        occasion=desk.clock().isoformat(),
        to_rooms=False,
        to_organizers=True,
        not_to=frozenset({desk.me}),
    )
    return await desk.store.redeem_organizer_code(
        cards.key_of(code), desk.as_member(name), news, desk.note(Deed.SERVER_CODE), now=desk.clock()
    )


async def _taken(desk: Desk) -> set[str]:
    return {_called(desk, member) for member in (await desk.store.committee()).members.values()}


async def _nickname(desk: Desk, member: MemberId, nickname: str) -> str:
    """Return what somebody is called from now on: as before, or if they are new like nobody else."""
    before = (await desk.store.committee()).members.get(member)
    if before is not None:
        return desk.keys.unseal(before.nickname)
    taken = await _taken(desk)
    name, number = nickname, 1
    while name.casefold() in taken:
        number += 1
        name = f"{nickname} {number}"
    return name


def _called(desk: Desk, member: Member) -> str:
    return desk.keys.unseal(member.nickname).casefold()
