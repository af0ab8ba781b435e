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
from bot.domain.errors import (
    Frozen,
    LastOrganizer,
    NoCitywideRoom,
    NoSuchProposal,
    OwnProposal,
    Refused,
    TooLateToOpen,
    WrongStage,
)
from bot.domain.model import Announcement, Kind, Stage, Walkout, WalkoutId, Workplace, WorkplaceId
from bot.domain.roles import Became, Deed, Matter, MemberId, Proposal, Role
from bot.gaps import gaps
from bot.keys import Keys
from bot.storage.store import Note, Voiding
from bot.usecases.desk import ID_LETTERS, Desk, role_taken

LASTS = timedelta(hours=24)

APPROVALS = 2
"""Of who is organizer, where no walkout says more."""

Content = Mapping[str, Any]

ANYWAY: Content = {"anyway": 1}
"""What a proposal to open holds that means it also without a citywide room."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a proposal has come."""

    proposal: Proposal
    content: Content
    walkout: Walkout | None  #: as it is now
    place: Workplace | None  #: the one it is about
    missing: int  #: organizers who must still approve


def read(proposal: Proposal, desk: Desk) -> Content:
    """Return what exactly is proposed."""
    content: Content = json.loads(desk.keys.unseal(proposal.content))
    return content


async def propose(
    desk: Desk, matter: Matter, *, walkout: WalkoutId | None, about: MemberId = b"", **content: str | int
) -> Progress:
    """Propose it, or approve the same if somebody else has proposed it; carry it out if that is enough.

    The same message delivered again finds what it proposed, whatever became of that: what was refused since is not
    proposed anew. Raises NotEnoughOrganizers, Halted, Frozen, and what carrying it out raises.
    """
    approvals, deciding = await _wanted(desk, matter, walkout), await _deciding(desk, matter, walkout, about)
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
    alone = roles.needed(matter, approvals=approvals, organizers=len(deciding)) == 1
    asked = (await desk.store.committee()).organizers - deciding | {desk.me}
    news = _news(Kind.PROPOSAL, proposal, content, not_to=asked)
    note = desk.note(Deed.PROPOSED, walkout, matter=matter, **content)
    kept = await desk.store.propose(proposal, None if alone else news, note, now=now)
    return await _go_on(desk, kept) if kept.became is Became.OPEN else await _progress(desk, kept, 0)


async def open_up(desk: Desk, walkout: WalkoutId, *, anyway: bool) -> Progress:
    """Propose to open a draft; `anyway`: also without a citywide room. Raises as `propose` does.

    Who agrees where there is such a room agrees as well to what was proposed when there was none.
    """
    without = await desk.store.latest(key(desk.keys, Matter.OPEN, walkout, ANYWAY), Became.OPEN)
    anyway = anyway or (without is not None and without.until > desk.clock())
    content: Content = ANYWAY if anyway else {}
    return await propose(desk, Matter.OPEN, walkout=walkout, **content)


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

    Whom it would remove is told that there is no such proposal.
    Raises NoSuchProposal, OwnProposal, Halted, Frozen, and what carrying it out raises.
    """
    seen = await desk.store.proposal(number)
    if seen is None or seen.about == desk.me:
        raise NoSuchProposal
    await _deciding(desk, seen.matter, seen.walkout, seen.about)
    if seen.became is not Became.OPEN:  # pressed twice, or after the others
        return await _progress(desk, seen, 0)
    if seen.proposer == desk.me and approves:
        raise OwnProposal
    deed = Deed.APPROVED if approves else Deed.REFUSED
    note = desk.note(deed, seen.walkout, matter=seen.matter, **read(seen, desk))
    kept = await desk.store.opine(number, desk.me, approves=approves, note=note, now=desk.clock())
    if kept is None:
        raise NoSuchProposal
    return await _go_on(desk, kept)


async def check_can_open(desk: Desk, walkout: Walkout) -> None:
    """Refuse at once what could never be opened. Raises WrongStage, TooLateToOpen."""
    if walkout.stage is not Stage.DRAFT:
        raise WrongStage(walkout.stage)
    if desk.clock() >= walkout.terms.pledge_by:
        raise TooLateToOpen(walkout.terms)


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
    committee, approvals = await desk.store.committee(), await _wanted(desk, proposal.matter, proposal.walkout)
    return roles.missing(proposal, committee.organizers, committee.running(desk.clock()), approvals=approvals)


async def _deciding(desk: Desk, matter: Matter, walkout: WalkoutId | None, about: MemberId) -> frozenset[MemberId]:
    """Return who decides now. Raises Halted, and Frozen for whom a suspension stops who is not among them."""
    committee, approvals = await desk.store.committee(), await _wanted(desk, matter, walkout)
    running = committee.running(desk.clock())
    stops = next((each for each in running if desk.me in each.both), None)
    if stops is not None and matter not in roles.GO_ON:
        raise Frozen(stops.until, stops.suspended == desk.me)
    deciding = roles.voters(matter, about, committee.organizers, running, approvals=approvals)
    if stops is not None and desk.me not in deciding:
        raise Frozen(stops.until, stops.suspended == desk.me)
    return deciding


async def _carry_out(desk: Desk, proposal: Proposal) -> None:
    """Do what was approved, unless it was done already: cut off in the middle, the next press concludes it."""
    if proposal.matter is Matter.REMOVE:
        member = (await desk.store.committee()).members.get(proposal.about)
        told = () if member is None else (role_taken(member, Role.ORGANIZER),)
        if not await desk.store.remove_organizer(proposal.about, None, *told):
            raise LastOrganizer
    elif proposal.matter is Matter.ADOPT and desk.fence is not None:
        await desk.fence.adopt()
    elif proposal.walkout is not None:
        stage = (await desk.store.walkout(proposal.walkout)).stage
        match proposal.matter:
            case Matter.OPEN if stage not in rules.PLEDGING:
                without = ANYWAY.items() <= read(proposal, desk).items()
                if not without and not (await gaps(desk.store, proposal.walkout, now=desk.clock())).citywide_room:
                    raise NoCitywideRoom
                await desk.store.decide(proposal.walkout, partial(rules.open_up, now=desk.clock()))
            case Matter.CALL_OFF if stage is not Stage.CALLED_OFF:
                await desk.store.decide(proposal.walkout, partial(rules.call_off, now=desk.clock()))
            case Matter.VOID | Matter.RECALL:
                await _void(desk, proposal, proposal.walkout)
                return
    # codes are made when the proposer fetches them: nothing keeps them meanwhile
    await _conclude(desk, proposal, Became.GRANTED if proposal.matter is Matter.MINT else Became.DONE)


async def _void(desk: Desk, proposal: Proposal, walkout: WalkoutId) -> None:
    """Void or recall a workplace's cards. Raises WrongStage, VoidedBefore, TooLateToRecall."""
    content = read(proposal, desk)
    recalls, now = proposal.matter is Matter.RECALL, desk.clock()
    seen, place = await desk.store.look_up(walkout, WorkplaceId(content["workplace"]))
    check = rules.check_can_recall if recalls else rules.check_can_void
    check(seen, place, now=now)
    news = Announcement(
        kind=Kind.CARDS_RECALLED if recalls else Kind.CARDS_VOIDED,
        occasion=proposal.id,
        scope=place.id,
        about=place.id,
        to_stewards=True,
    )
    voiding = Voiding(workplace=place.id, at=now, recalls=recalls, news=news)
    decided, note = _decided(desk, proposal, content, Deed.DONE)
    await desk.store.void_approved(proposal.id, walkout, voiding, decided, note)


async def _conclude(desk: Desk, proposal: Proposal, became: Became) -> None:
    """Write down what became of it, and tell all others."""
    deed = Deed.REFUSED if became is Became.REFUSED else Deed.DONE
    news, note = _decided(desk, proposal, read(proposal, desk), deed)
    await desk.store.conclude(proposal.id, became, news, note, expected=Became.OPEN)


def _decided(desk: Desk, proposal: Proposal, content: Content, deed: Deed) -> tuple[Announcement, Note]:
    """Return what the others hear of it, and what is written down."""
    news = _news(Kind.DECIDED, proposal, content, not_to=frozenset({desk.me, proposal.about}))
    return news, desk.note(deed, proposal.walkout, matter=proposal.matter, **content)


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


async def approvals_needed(desk: Desk, matter: Matter, walkout: WalkoutId | None, about: MemberId = b"") -> int:
    """Return how many organizers must approve it, whoever proposes it among them.

    Raises NotEnoughOrganizers, Halted, Frozen.
    """
    approvals, who = await _wanted(desk, matter, walkout), await _deciding(desk, matter, walkout, about)
    return roles.needed(matter, approvals=approvals, organizers=len(who))


async def _wanted(desk: Desk, matter: Matter, walkout: WalkoutId | None) -> int:
    """Return how many must approve this; what a walkout says may be an old copy's, so that does not count for ADOPT."""
    return APPROVALS if matter is Matter.ADOPT else await approvals_for(desk, walkout)


async def approvals_for(desk: Desk, walkout: WalkoutId | None) -> int:
    """Return how many must approve: as the walkout says, and a draft no fewer than whatever is open.

    For what is about the committee itself, as the strictest says that is open, and two at least. There a draft counts
    for nothing: one organizer alone makes it, and so could lower that number, or raise it beyond everybody's reach.
    """
    opened = [each.terms.approvals for each in await desk.store.walkouts() if each.stage in rules.PLEDGING]
    if walkout is None:
        return max([APPROVALS, *opened])
    seen = await desk.store.walkout(walkout)
    return max(seen.terms.approvals, *opened) if opened and seen.stage is Stage.DRAFT else seen.terms.approvals


def _news(kind: Kind, proposal: Proposal, content: Content, *, not_to: frozenset[MemberId]) -> Announcement:
    return Announcement(
        kind=kind,
        occasion=proposal.id,
        about=WorkplaceId(content["workplace"]) if "workplace" in content else None,
        to_rooms=False,
        to_organizers=True,
        not_to=not_to,
        facts={"proposal": proposal.id},
    )


def _id(desk: Desk, matter: Matter, about: MemberId) -> str:
    """Return the same for the same message, and a new one where messages have no number."""
    seed = desk.keys.seed(desk.who, b"proposal", desk.number.encode(), matter.encode(), about)
    return cards.from_bytes(seed if desk.number else secrets.token_bytes(len(seed)))[:ID_LETTERS]
