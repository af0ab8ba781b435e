"""An organizer's account in the wrong hands: stopped at once by any other, settled by those whom it is not about.

Source: docs/decisions/0032-a-seized-organizers-phone.md.
"""

from __future__ import annotations

import json
from datetime import datetime

from bot.domain.errors import CannotSuspend, Forbidden, LastOrganizer, NoSuchMember
from bot.domain.model import Announcement, Kind
from bot.domain.roles import (
    SUSPENDED_FOR,
    SUSPENDS_AGAIN_AFTER,
    Deed,
    MemberId,
    Role,
    Stopped,
    Suspension,
    check_halted,
)
from bot.process.clock import Clock
from bot.secrets import card_codes
from bot.secrets.keys import Keys
from bot.storage.store import Committee, Note, Store
from bot.usecases.context import ID_LETTERS, RequestContext, acting, role_taken
from bot.usecases.proposals import approvals_for


async def check_none_runs(context: RequestContext) -> None:
    """Refuse what must wait until nobody is suspended. Raises Halted."""
    check_halted((await context.store.committee()).running(context.clock()))


async def suspend(context: RequestContext, nickname: str) -> tuple[Stopped, bool]:
    """Stop another organizer's account and one's own for a day, and tell all others; say if these can decide alone.

    Raises NoSuchMember, CannotSuspend; Frozen, Forbidden if another was faster.
    """
    now = context.clock()
    member, called = await _suspendable(context, nickname, now)
    suspension = Suspension(
        id=card_codes.mint()[:ID_LETTERS],
        suspender=context.me,
        suspended=member,
        until=now + SUSPENDED_FOR,
        again=now + SUSPENDS_AGAIN_AFTER,
    )
    news = _news(Kind.SUSPENDED, suspension, not_to=suspension.both)
    if not await context.store.suspend(suspension, news, context.note(Deed.SUSPENDED, name=called), now=now):
        await acting(context.store, context.me)
        await _suspendable(context, nickname, now)
        raise Forbidden
    running = await listed(context.store, context.keys, context.clock)
    stopped = next(each for each in running if each.id == suspension.id)
    return stopped, stopped.others >= await approvals_for(context, None)


async def check_can_suspend(context: RequestContext, nickname: str) -> None:
    """Refuse what could not be done now. Raises NoSuchMember, CannotSuspend."""
    await _suspendable(context, nickname, context.clock())


async def _suspendable(context: RequestContext, nickname: str, now: datetime) -> tuple[MemberId, str]:
    committee = await context.store.committee()
    member = next(
        (who for who in committee.members if _called(context.keys, committee, who) == nickname.casefold()), None
    )
    if member is None:
        raise NoSuchMember(nickname)
    called = context.keys.unseal(committee.members[member].nickname)
    if member == context.me:
        raise CannotSuspend(called, "self")
    if member not in committee.organizers:
        raise CannotSuspend(called, "steward")
    for each in committee.running(now):
        if member in each.both:
            raise CannotSuspend(called, "running", each.until)
    for each in committee.suspensions:
        if each.suspender == context.me and each.again > now:
            raise CannotSuspend(called, "again", each.again)
    return member, called


async def listed(store: Store, keys: Keys, clock: Clock) -> list[Stopped]:
    """List the suspensions that run."""
    return (await store.committee()).stopped(clock(), keys.unseal)


async def end(nickname: str, store: Store, keys: Keys, clock: Clock) -> None:
    """Let both go on, as the keeper of the server. Raises NoSuchMember if none of this name is stopped."""
    suspension, _member, committee = await _stopping(nickname, store, keys, clock)
    called = keys.unseal(committee.members[suspension.suspended].nickname)
    news = _news(Kind.SUSPENSION_ENDED, suspension)
    await store.end_suspension(suspension.id, news, _servers_note(keys, Deed.SUSPENSION_ENDED, called), now=clock())


async def remove(nickname: str, store: Store, keys: Keys, clock: Clock) -> None:
    """Remove one of two whom a suspension stops, as the keeper of the server; that ends it.

    Raises NoSuchMember if none of this name is stopped.
    """
    suspension, member, committee = await _stopping(nickname, store, keys, clock)
    gone = committee.members[member]
    news = _news(Kind.SUSPENSION_ENDED, suspension, removed=True)
    note = _servers_note(keys, Deed.REMOVED, keys.unseal(gone.nickname))
    if not await store.remove_organizer(member, note, news, role_taken(gone, Role.ORGANIZER)):
        raise LastOrganizer


async def _stopping(nickname: str, store: Store, keys: Keys, clock: Clock) -> tuple[Suspension, MemberId, Committee]:
    committee = await store.committee()
    for each in committee.running(clock()):
        for member in each.both:
            if _called(keys, committee, member) == nickname.casefold():
                return each, member, committee
    raise NoSuchMember(nickname)


def _called(keys: Keys, committee: Committee, member: MemberId) -> str:
    return keys.unseal(committee.members[member].nickname).casefold()


def _servers_note(keys: Keys, deed: Deed, name: str) -> Note:
    return Note(deed=deed, by=b"", detail=keys.seal(json.dumps({"name": name})))


def _news(
    kind: Kind,
    suspension: Suspension,
    *,
    not_to: frozenset[MemberId] = frozenset(),
    **facts: bool,
) -> Announcement:
    return Announcement(
        kind=kind,
        occasion=suspension.id,
        to_rooms=False,
        to_organizers=True,
        not_to=not_to,
        facts={"suspension": suspension.id, **facts},
    )
