"""What an organizer can do: draft, open, call off, bind rooms."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot import cards
from bot.clock import Clock
from bot.domain import rules
from bot.domain.errors import NoSuchWalkout, NotRecorded, TooLateToOpen, WhichWalkout, WrongStage
from bot.domain.model import Announcement, Entry, Kind, Stage, Walkout, WalkoutId, Workplace, WorkplaceId
from bot.draft import Draft
from bot.keys import Keys, Person
from bot.storage.store import Matter, Organizer, Room, Rule, Store

CODE_LASTS = timedelta(hours=1)

PROPOSAL_LASTS = timedelta(hours=24)

ID_LETTERS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """How far a matter that needs several organizers has come."""

    walkout: Walkout  #: as it is now
    matter: Matter
    missing: int  #: organizers who must still say the same; 0: it is done
    without_cards: tuple[Workplace, ...] = ()  #: before opening: where nobody could pledge
    without_room: tuple[Workplace, ...] = ()  #: before opening: where no room would hear of it
    citywide_room: bool = True


async def draft(plan: Draft, store: Store, keys: Keys, *, seed: bytes | None = None) -> Walkout:
    """Keep a checked draft, and make its key first.

    `seed` names what was sent, where it may be delivered twice: while that is a draft it is returned, not doubled.
    """
    taken = {walkout.id: walkout for walkout in await store.walkouts()}
    named = WalkoutId(cards.from_bytes(seed)[:ID_LETTERS].lower()) if seed is not None else None
    if named in taken and taken[named].stage is Stage.DRAFT:
        return taken[named]
    if named is None or named in taken:
        named = _new_id(taken)
    walkout = Walkout(id=named, terms=plan.terms)
    try:
        keys.add_walkout(walkout.id)
    except OSError as error:  # a full disk, most likely
        raise NotRecorded(type(error).__name__) from None
    await store.add_walkout(
        walkout,
        [
            Workplace(
                id=WorkplaceId(number),
                name=unit.name,
                headcount=unit.headcount,
                threshold=unit.threshold,
                meet=unit.meet,
            )
            for number, unit in enumerate(plan.units, start=1)
        ],
    )
    return walkout


def _new_id(taken: Collection[WalkoutId]) -> WalkoutId:
    while True:
        letters = "".join(secrets.choice(cards.ALPHABET) for _ in range(ID_LETTERS)).lower()
        # a letter and a digit at least: never a word somebody might mean otherwise
        if letters not in taken and not letters.isalpha() and not letters.isdigit():
            return WalkoutId(letters)


async def add(who: Person, nickname: str, store: Store, keys: Keys) -> None:
    """Make somebody an organizer."""
    await store.add_organizer(_organizer(who, nickname, keys))


def _organizer(who: Person, nickname: str, keys: Keys) -> Organizer:
    return Organizer(
        id=keys.person(who),
        platform=who.platform,
        address=keys.seal(who.account),
        nickname=keys.seal(nickname),
    )


async def which(store: Store, named: str | None, fitting: Sequence[frozenset[Stage]]) -> Walkout:
    """Return the walkout that is named, or the only one that fits.

    `fitting` is tried from the first set of stages to the last. Raises NoSuchWalkout, WhichWalkout.
    """
    if named is not None:
        return await store.walkout(WalkoutId(named.lower()))
    walkouts = await store.walkouts()
    for stages in fitting:
        found = [walkout for walkout in walkouts if walkout.stage in stages]
        if len(found) == 1:
            return found[0]
        if found:
            raise WhichWalkout(tuple((walkout.id, walkout.terms.title) for walkout in found))
    raise NoSuchWalkout(None)


async def open_up(walkout: WalkoutId, who: Person, store: Store, keys: Keys, clock: Clock) -> Proposal:
    """Want the walkout opened; it is, once enough organizers want it. Raises WrongStage, TooLateToOpen."""
    seen = await store.walkout(walkout)
    now = clock()
    if seen.stage is not Stage.DRAFT:
        raise WrongStage(seen.stage)
    if now >= seen.terms.pledge_by:
        raise TooLateToOpen(seen.terms.pledge_by)
    places = await store.workplaces(walkout)
    heard = {room.scope for room in await store.rooms(walkout)}
    wants_cards = seen.terms.entry is Entry.CARDS
    result = await _approve(seen, Matter.OPEN, partial(rules.open_up, now=now), who, store, keys, clock)
    return Proposal(
        walkout=result.walkout,
        matter=Matter.OPEN,
        missing=result.missing,
        without_cards=tuple(place for place in places if wants_cards and place.minted == 0),
        without_room=tuple(place for place in places if place.id not in heard),
        citywide_room=None in heard,
    )


async def call_off(walkout: WalkoutId, who: Person, store: Store, keys: Keys, clock: Clock) -> Proposal:
    """Want the walkout called off; it is, once enough organizers want it. Raises WrongStage."""
    seen = await store.walkout(walkout)
    if seen.stage not in rules.NOT_OVER:
        raise WrongStage(seen.stage)
    rule = partial(rules.call_off, now=clock())
    return await _approve(seen, Matter.CALL_OFF, rule, who, store, keys, clock)


async def _approve(
    walkout: Walkout, matter: Matter, rule: Rule, who: Person, store: Store, keys: Keys, clock: Clock
) -> Proposal:
    now = clock()
    wanting = await store.support(walkout.id, matter, keys.person(who), at=now, since=now - PROPOSAL_LASTS)
    missing = max(0, walkout.terms.approvals - wanting)
    if missing == 0:
        walkout = (await store.decide(walkout.id, rule)).walkout
    return Proposal(walkout=walkout, matter=matter, missing=missing)


async def bind_room(room: Room, store: Store) -> None:
    """Let a room hear the walkout's news. Raises WrongStage when there will be none."""
    walkout = await store.walkout(room.walkout)
    if walkout.stage not in rules.NOT_OVER:
        raise WrongStage(walkout.stage)
    await store.bind_room(room)


async def lose_room(platform: str, address: str, store: Store, clock: Clock) -> None:
    """Unbind a chat that is gone, and tell the organizers."""
    occasion = clock().isoformat()

    def news(room: Room) -> Announcement:
        return Announcement(
            kind=Kind.ROOM_GONE,
            occasion=occasion,
            scope=room.scope,
            about=room.scope,
            to_organizers=True,
            to_rooms=False,
        )

    await store.lose_room(platform, address, news)


async def new_code(store: Store, clock: Clock) -> str:
    """Make a one-time code for the next organizer; it is good for an hour."""
    code = cards.mint()
    await store.add_organizer_code(cards.key_of(code), until=clock() + CODE_LASTS)
    return code


async def redeem(code: str, who: Person, store: Store, keys: Keys, clock: Clock) -> bool:
    """Become an organizer by such a code; False, and nothing changed, if it is not good any more."""
    organizer = _organizer(who, who.account, keys)
    return await store.redeem_organizer_code(cards.key_of(code), organizer, now=clock())
