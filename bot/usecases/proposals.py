"""What no organizer decides alone: proposed by one, approved or refused by others, carried out when enough agree."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from bot import cards
from bot.domain import roles, rules
from bot.domain.errors import NoSuchProposal, OwnProposal, OwnRemoval, Refused, TooLateToOpen, WrongStage
from bot.domain.model import Announcement, Entry, Kind, Stage, Walkout, WalkoutId, Workplace, WorkplaceId
from bot.domain.roles import Became, Deed, Matter, MemberId, Proposal
from bot.keys import Keys
from bot.usecases.desk import Desk

LASTS = timedelta(hours=24)

APPROVALS = 2
"""Where no walkout says otherwise."""

ID_LETTERS = 8

Content = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a proposal has come."""

    proposal: Proposal
    content: Content
    walkout: Walkout | None  #: as it is now
    place: Workplace | None  #: the one it is about
    missing: int  #: organizers who must still approve


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """What a walkout still lacks before it is opened."""

    without_cards: tuple[Workplace, ...] = ()  #: nobody could pledge there
    without_steward: tuple[Workplace, ...] = ()
    without_room: tuple[Workplace, ...] = ()  #: no room would hear of it
    citywide_room: bool = True


def read(proposal: Proposal, desk: Desk) -> Content:
    """Return what exactly is proposed."""
    content: Content = json.loads(desk.keys.unseal(proposal.content))
    return content


async def propose(
    desk: Desk, matter: Matter, *, walkout: WalkoutId | None, about: MemberId = b"", **content: str | int
) -> Progress:
    """Propose it, or approve the same if somebody else has proposed it; carry it out if that is enough.

    The same message delivered again finds what it proposed, whatever became of that: what was refused since is not
    proposed anew. Raises NotEnoughOrganizers, and what carrying it out raises.
    """
    committee = await desk.store.committee()
    approvals = await _approvals(desk, matter, walkout)
    now = desk.clock()
    same = key(desk.keys, matter, walkout, content, about=about)
    proposal = Proposal(
        id=_id(desk, matter, about),
        matter=matter,
        walkout=walkout,
        content=desk.keys.seal(json.dumps(content)),
        key=same,
        about=about,
        proposer=desk.me,
        until=now + LASTS,
    )
    alone = roles.needed(matter, approvals=approvals, organizers=len(committee.organizers - {about})) == 1
    news = _news(desk, Kind.PROPOSAL, proposal, content)
    note = desk.note(Deed.PROPOSED, walkout, matter=matter, **content)
    kept = await desk.store.propose(proposal, None if alone else news, note, now=now)
    return await _go_on(desk, kept) if kept.became is Became.OPEN else await _progress(desk, kept, 0)


def key(keys: Keys, matter: Matter, walkout: WalkoutId | None, content: Content, *, about: MemberId = b"") -> bytes:
    """Return what is the same for the same proposals."""
    return keys.same(matter, walkout or "", about.hex(), json.dumps(content, sort_keys=True))


async def look(desk: Desk, number: str) -> Progress:
    """Return how far a proposal has come. Raises NoSuchProposal."""
    seen = await desk.store.proposal(number)
    if seen is None:
        raise NoSuchProposal
    return await _progress(desk, seen, await _missing(desk, seen) or 0)


async def opine(desk: Desk, number: str, *, approves: bool) -> Progress:
    """Approve a proposal or refuse it; carry it out if that is enough.

    Raises NoSuchProposal, OwnProposal, OwnRemoval, and what carrying it out raises.
    """
    seen = await desk.store.proposal(number)
    if seen is None:
        raise NoSuchProposal
    if seen.became is not Became.OPEN:  # pressed twice, or after the others
        return await _progress(desk, seen, 0)
    if seen.proposer == desk.me and approves:
        raise OwnProposal
    if seen.about == desk.me:
        raise OwnRemoval
    deed = Deed.APPROVED if approves else Deed.REFUSED
    note = desk.note(deed, seen.walkout, matter=seen.matter, **read(seen, desk))
    kept = await desk.store.opine(number, desk.me, approves=approves, note=note, now=desk.clock())
    if kept is None:
        raise NoSuchProposal
    return await _go_on(desk, kept)


async def gaps(desk: Desk, walkout: WalkoutId) -> Gaps:
    """Say what a walkout still lacks."""
    seen = await desk.store.walkout(walkout)
    places = await desk.store.workplaces(walkout)
    heard = {room.scope for room in await desk.store.rooms(walkout)}
    stewards = {place for of, place, _who in (await desk.store.committee()).stewards if of == walkout}
    wants_cards = seen.terms.entry is Entry.CARDS
    return Gaps(
        without_cards=tuple(place for place in places if wants_cards and place.minted == 0),
        without_steward=tuple(place for place in places if place.id not in stewards),
        without_room=tuple(place for place in places if place.id not in heard),
        citywide_room=None in heard,
    )


async def check_can_open(desk: Desk, walkout: Walkout) -> None:
    """Refuse at once what could never be opened. Raises WrongStage, TooLateToOpen."""
    if walkout.stage is not Stage.DRAFT:
        raise WrongStage(walkout.stage)
    if desk.clock() >= walkout.terms.pledge_by:
        raise TooLateToOpen(walkout.terms.pledge_by)


async def _go_on(desk: Desk, proposal: Proposal) -> Progress:
    missing = await _missing(desk, proposal)
    if missing is None:
        await _conclude(desk, proposal, Became.REFUSED)
    elif missing == 0:
        try:
            await _carry_out(desk, proposal)
        except Refused:  # it may be that another's approval has just done it
            after = await desk.store.proposal(proposal.id)
            if after is None or after.became is Became.OPEN:
                raise
    after = await desk.store.proposal(proposal.id)
    return await _progress(desk, after or proposal, missing or 0)


async def _missing(desk: Desk, proposal: Proposal) -> int | None:
    organizers = (await desk.store.committee()).organizers
    return roles.missing(proposal, organizers, approvals=await _approvals(desk, proposal.matter, proposal.walkout))


async def _carry_out(desk: Desk, proposal: Proposal) -> None:
    """Do what was approved, unless it was done already: cut off in the middle, the next press concludes it."""
    if proposal.matter is Matter.REMOVE:
        await desk.store.remove_organizer(proposal.about)
    elif proposal.matter is Matter.ADOPT and desk.fence is not None:
        await desk.fence.adopt()
    elif proposal.walkout is not None:
        stage = (await desk.store.walkout(proposal.walkout)).stage
        match proposal.matter:
            case Matter.OPEN if stage not in rules.PLEDGING:
                await desk.store.decide(proposal.walkout, partial(rules.open_up, now=desk.clock()))
            case Matter.CALL_OFF if stage is not Stage.CALLED_OFF:
                await desk.store.decide(proposal.walkout, partial(rules.call_off, now=desk.clock()))
            case Matter.VOID:
                place = WorkplaceId(read(proposal, desk)["workplace"])
                await desk.store.void_cards(proposal.walkout, place)
    # codes are made when the proposer fetches them: nothing keeps them meanwhile
    await _conclude(desk, proposal, Became.GRANTED if proposal.matter is Matter.MINT else Became.DONE)


async def _conclude(desk: Desk, proposal: Proposal, became: Became) -> None:
    content = read(proposal, desk)
    news = _news(desk, Kind.DECIDED, proposal, content)
    deed = Deed.REFUSED if became is Became.REFUSED else Deed.DONE
    note = desk.note(deed, proposal.walkout, matter=proposal.matter, **content)
    await desk.store.conclude(proposal.id, became, news, note, expected=Became.OPEN)


async def _progress(desk: Desk, proposal: Proposal, missing: int) -> Progress:
    content = read(proposal, desk)
    walkout, place = proposal.walkout, content.get("workplace")
    return Progress(
        proposal=proposal,
        content=content,
        walkout=None if walkout is None else await desk.store.walkout(walkout),
        place=None if walkout is None or place is None else await desk.store.workplace(walkout, WorkplaceId(place)),
        missing=missing if proposal.became is Became.OPEN else 0,
    )


async def _approvals(desk: Desk, matter: Matter, walkout: WalkoutId | None) -> int:
    """Return how many must approve: as the walkout says, or for what is about all of them the strictest."""
    if matter is Matter.ADOPT:  # the walkouts may be an old copy's
        return APPROVALS
    if walkout is not None:
        return (await desk.store.walkout(walkout)).terms.approvals
    return max(
        (each.terms.approvals for each in await desk.store.walkouts() if each.stage in rules.NOT_OVER),
        default=APPROVALS,
    )


def _news(desk: Desk, kind: Kind, proposal: Proposal, content: Content) -> Announcement:
    return Announcement(
        kind=kind,
        occasion=proposal.id,
        about=WorkplaceId(content["workplace"]) if "workplace" in content else None,
        to_rooms=False,
        to_organizers=True,
        not_to=desk.me,
        facts={"proposal": proposal.id},
    )


def _id(desk: Desk, matter: Matter, about: MemberId) -> str:
    """Return the same for the same message, and a new one where messages have no number."""
    seed = desk.keys.seed(desk.who, b"proposal", desk.number.encode(), matter.encode(), about)
    return cards.from_bytes(seed if desk.number else secrets.token_bytes(len(seed)))[:ID_LETTERS]
