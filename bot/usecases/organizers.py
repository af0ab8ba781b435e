"""What an organizer can do alone: draft, bind rooms. What needs several is in proposals.py."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.domain import rules
from bot.domain.errors import NoSuchWalkout, WhichWalkout, WrongStage
from bot.domain.model import Announcement, Kind, Stage, Walkout, WalkoutId
from bot.draft import Draft
from bot.draft.tree import as_units
from bot.process.clock import Clock
from bot.secrets import card_codes
from bot.secrets.keys import Keys, Person, changed
from bot.storage.store import Member, Note, Room, Store

CODE_LASTS = timedelta(hours=1)

ID_LETTERS = 5


async def draft(
    plan: Draft, store: Store, keys: Keys, *, seed: bytes | None = None, after: WalkoutId | None = None
) -> Walkout:
    """Keep a checked draft, and make its key first; `after`: the step of a campaign that it follows.

    `seed` names what was sent, where it may be delivered twice: while that is a draft it is returned, not doubled.
    Raises DraftRefused where the units of the step before would not be found again.
    """
    taken = {walkout.id: walkout for walkout in await store.walkouts()}
    named = WalkoutId(card_codes.from_bytes(seed)[:ID_LETTERS].lower()) if seed is not None else None
    if named in taken and taken[named].stage is Stage.DRAFT:
        return taken[named]
    if named is None or named in taken:
        named = _new_id(taken)
    before = taken[after] if after is not None else None
    campaign = before.register if before is not None else None
    if before is None:
        units = as_units(plan.units)
    else:
        units = as_units(plan.units, await store.units(before.id), await store.last_unit(before.register))
    walkout = Walkout(id=named, terms=plan.terms, campaign=campaign, after=after)
    await changed(partial(keys.add_walkout, walkout.id, campaign=walkout.register if walkout.in_campaign else None))
    await store.add_walkout(walkout, units)
    return walkout


def _new_id(taken: Collection[WalkoutId]) -> WalkoutId:
    while True:
        letters = "".join(secrets.choice(card_codes.ALPHABET) for _ in range(ID_LETTERS)).lower()
        # a letter and a digit at least: never a word somebody might mean otherwise
        if letters not in taken and not letters.isalpha() and not letters.isdigit():
            return WalkoutId(letters)


async def add(who: Person, nickname: str, store: Store, keys: Keys) -> None:
    """Make somebody an organizer."""
    await store.add_organizer(
        Member(
            id=keys.person(who),
            way=who.way,
            address=keys.seal(who.account),
            nickname=keys.seal(nickname),
        )
    )


async def which(
    store: Store,
    named: str | None,
    fitting: Sequence[frozenset[Stage]],
    *,
    now: datetime,
    among: Collection[WalkoutId] | None = None,
) -> Walkout:
    """Return the walkout that is named, or the only one that fits; with `among`, one of these.

    `fitting` is tried from the first set of stages to the last; steps of a campaign that are over stand behind those
    that are not. Raises NoSuchWalkout, WhichWalkout.
    """
    if named is not None:
        if among is not None and named.lower() not in among:
            raise NoSuchWalkout(named)
        return await store.walkout(WalkoutId(named.lower()))
    walkouts = [walkout for walkout in await store.walkouts() if among is None or walkout.id in among]
    for stages in fitting:
        found = rules.most_current([walkout for walkout in walkouts if walkout.stage in stages], now=now)
        if len(found) == 1:
            return found[0]
        if found:
            raise WhichWalkout(tuple(found))
    raise NoSuchWalkout(None)


async def bind_room(room: Room, store: Store, note: Note | None = None) -> None:
    """Let a room hear the walkout's news. Raises WrongStage when there will be none."""
    walkout = await store.walkout(room.walkout)
    if walkout.stage not in rules.NOT_OVER:
        raise WrongStage(walkout.stage)
    await store.bind_room(room, note)
    await store.take_chat(room.way, room.address)  # two bots would tell it everything twice


async def lose_room(way: str, address: str, store: Store, clock: Clock) -> None:
    """Unbind a chat that is gone, and tell the organizers."""
    await store.lose_room(way, address, partial(_of_room, Kind.ROOM_GONE, clock().isoformat()))


async def room_is_mute(way: str, address: str, store: Store, clock: Clock) -> None:
    """Tell the organizers that we may not write in a chat that is bound: once a day, as long as it is so."""
    today = clock().astimezone(UTC).date().isoformat()
    await store.tell_of_room(way, address, partial(_of_room, Kind.ROOM_MUTE, f"{today} {address}"))


def _of_room(kind: Kind, occasion: str, room: Room) -> Announcement:
    return Announcement(
        kind=kind, occasion=occasion, scope=room.scope, about=room.scope, to_organizers=True, to_rooms=False
    )


async def new_code(store: Store, clock: Clock) -> str:
    """Make a one-time code for the next organizer; it is good for an hour."""
    code = card_codes.mint()
    await store.add_organizer_code(card_codes.key_of(code), until=clock() + CODE_LASTS)
    return code
