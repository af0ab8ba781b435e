"""What no organizer decides alone: proposed by one, approved or refused by others, carried out when enough agree."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.domain import campaigns, committee_word, roles, rules
from bot.domain.errors import (
    Forbidden,
    Frozen,
    LastOrganizer,
    NoCitywideRoom,
    NoSuchProposal,
    NoSuchUnit,
    OwnProposal,
    Refused,
)
from bot.domain.model import Announcement, Kind, Ruling, Stage, Unit, UnitId, Walkout, WalkoutId
from bot.domain.roles import Became, Deed, Matter, MemberId, Proposal, Role
from bot.domain.tree import Tree
from bot.guards.readiness import gaps
from bot.secrets import card_codes
from bot.secrets.keys import Keys
from bot.storage.store import Note, Rule, Voiding
from bot.usecases import ladder
from bot.usecases.context import ID_LETTERS, RequestContext, role_taken

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
    place: Unit | None  #: the one it is about
    missing: int  #: organizers who must still approve


def read(proposal: Proposal, context: RequestContext) -> Content:
    """Return what exactly is proposed."""
    content: Content = json.loads(context.keys.unseal(proposal.content))
    return content


async def propose(
    context: RequestContext, matter: Matter, *, walkout: WalkoutId | None, about: MemberId = b"", **content: Any
) -> Progress:
    """Propose it, or approve the same if somebody else has proposed it; carry it out if that is enough.

    The same message delivered again finds what it proposed, whatever became of that: what was refused since is not
    proposed anew. Raises NotEnoughOrganizers, Halted, Frozen, and what carrying it out raises.
    """
    path = await _path(context, matter, walkout, _unit(content))
    approvals = await _wanted(context, matter, walkout)
    deciding = await _deciding(context, matter, walkout, about, path)
    if context.me not in deciding:
        raise Forbidden
    now = context.clock()
    same = key(context.keys, matter, walkout, content, about=about)
    proposal = Proposal(
        id=_id(context, matter, about),
        matter=matter,
        walkout=walkout,
        content=context.keys.seal(json.dumps(content)),
        key=same,
        about=about,
        proposer=context.me,
        until=now + LASTS,
    )
    alone = roles.needed(matter, approvals=approvals, organizers=len(deciding)) == 1
    asked = (await context.store.committee()).organizers - deciding | {context.me}
    news = _news(Kind.PROPOSAL, proposal, content, not_to=asked, path=path)
    note = context.note(Deed.PROPOSED, walkout, matter=matter, **content)
    kept = await context.store.propose(proposal, None if alone else news, note, now=now)
    return await _go_on(context, kept) if kept.became is Became.OPEN else await _progress(context, kept, 0)


async def open_up(context: RequestContext, walkout: WalkoutId, *, anyway: bool) -> Progress:
    """Propose to open a draft; `anyway`: also without a citywide room. Raises as `propose` does.

    Who agrees where there is such a room agrees as well to what was proposed when there was none.
    """
    without = await context.store.latest(key(context.keys, Matter.OPEN, walkout, ANYWAY), Became.OPEN)
    anyway = anyway or (without is not None and without.until > context.clock())
    content: Content = ANYWAY if anyway else {}
    return await propose(context, Matter.OPEN, walkout=walkout, **content)


def key(keys: Keys, matter: Matter, walkout: WalkoutId | None, content: Content, *, about: MemberId = b"") -> bytes:
    """Return what is the same for the same proposals."""
    return keys.same(matter, walkout or "", about.hex(), json.dumps(content, sort_keys=True))


async def look(context: RequestContext, number: str) -> Progress:
    """Return how far a proposal has come. Raises NoSuchProposal."""
    seen = await context.store.proposal(number)
    if seen is None:
        raise NoSuchProposal
    return await _progress(context, seen, await _missing(context, seen) or 0)


async def opine(context: RequestContext, number: str, *, approves: bool) -> Progress:
    """Approve a proposal or refuse it; carry it out if that is enough.

    Whom it would remove is told that there is no such proposal.
    Raises NoSuchProposal, OwnProposal, Halted, Frozen, and what carrying it out raises.
    """
    seen = await context.store.proposal(number)
    if seen is None or seen.about == context.me:
        raise NoSuchProposal
    await _place(context, seen)
    path = await _path(context, seen.matter, seen.walkout, _unit(read(seen, context)))
    if context.me not in await _deciding(context, seen.matter, seen.walkout, seen.about, path):
        raise NoSuchProposal
    if seen.became is not Became.OPEN:  # pressed twice, or after the others
        return await _progress(context, seen, 0)
    if seen.proposer == context.me and approves:
        raise OwnProposal
    deed = Deed.APPROVED if approves else Deed.REFUSED
    note = context.note(deed, seen.walkout, matter=seen.matter, **read(seen, context))
    kept = await context.store.opine(number, context.me, approves=approves, note=note, now=context.clock())
    if kept is None:
        raise NoSuchProposal
    return await _go_on(context, kept)


async def check_can_open(context: RequestContext, walkout: Walkout) -> None:
    """Refuse at once what could not be opened. Raises what rules.open_up does, and StepNotOver."""
    opening = await _opening(context, walkout)
    opening(walkout, await context.store.units(walkout.id))


async def _opening(context: RequestContext, walkout: Walkout) -> Rule:
    """Return the rule that opens a walkout: a campaign's step where the one it builds on was proved.

    Raises StepNotOver.
    """
    now = context.clock()
    opens = partial(rules.open_up, now=now)
    if not walkout.terms.campaign:
        return opens
    steps = {each.id: (each, units) for each, units in await ladder.steps(walkout, context.store)}
    _draft, units = steps.pop(walkout.id)
    rules.check_no_live_step(units, steps.values(), now=now)
    if walkout.after is None:
        return opens
    qualified = campaigns.opens_at(walkout, steps[walkout.after])
    if qualified is not None:
        return partial(opens, qualified=qualified)

    def another_try(draft: Walkout, units: Sequence[Unit]) -> Ruling:
        """Open it without proof, and tell in the same transaction whoever asked for that."""
        ruling, news = opens(draft, units), Announcement(kind=Kind.ANOTHER_TRY, occasion="0", to_rooms=False)
        return replace(ruling, announcements=(*ruling.announcements, news))

    return another_try


async def _go_on(context: RequestContext, proposal: Proposal) -> Progress:
    missing = await _missing(context, proposal)
    if missing is None:
        await _conclude(context, proposal, Became.REFUSED)
    elif missing == 0:
        try:
            await _carry_out(context, proposal)
        except Refused:  # it may be that another's approval has just done it
            after = await context.store.proposal(proposal.id)
            if after is None or after.became is Became.OPEN:
                raise
    after = await context.store.proposal(proposal.id)
    return await _progress(context, after or proposal, missing or 0)


async def _missing(context: RequestContext, proposal: Proposal) -> int | None:
    committee, approvals = await context.store.committee(), await _wanted(context, proposal.matter, proposal.walkout)
    path = await _path(context, proposal.matter, proposal.walkout, _unit(read(proposal, context)))
    return roles.missing(
        proposal,
        committee.organizers,
        committee.running(context.clock()),
        approvals=approvals,
        own=committee.organizing(proposal.walkout, path),
    )


def _unit(content: Content) -> UnitId | None:
    """Return the unit that a proposal is about."""
    return UnitId(content["workplace"]) if "workplace" in content else None


async def _path(
    context: RequestContext, matter: Matter, walkout: WalkoutId | None, unit: UnitId | None
) -> tuple[UnitId, ...]:
    """Return the units whose own organizers decide as well, of the one it is about and all that it is part of."""
    if not roles.is_own(matter):
        return ()
    organized = {at for of, at, _who in (await context.store.committee()).own if of == walkout}
    return tuple(each for each in await context.path(walkout, unit) if each in organized)


async def _deciding(
    context: RequestContext,
    matter: Matter,
    walkout: WalkoutId | None,
    about: MemberId,
    path: Sequence[UnitId],
) -> frozenset[MemberId]:
    """Return who decides now. Raises Halted, and Frozen for whom a suspension stops who is not among them."""
    committee, approvals = await context.store.committee(), await _wanted(context, matter, walkout)
    running = committee.running(context.clock())
    stops = next((each for each in running if context.me in each.both), None)
    if stops is not None and matter not in roles.GO_ON:
        raise Frozen(stops.until, stops.suspended == context.me)
    own = committee.organizing(walkout, path)
    deciding = roles.voters(matter, about, committee.organizers, running, approvals=approvals, own=own)
    if stops is not None and context.me not in deciding:
        raise Frozen(stops.until, stops.suspended == context.me)
    return deciding


async def _carry_out(context: RequestContext, proposal: Proposal) -> None:
    """Do what was approved, unless it was done already: cut off in the middle, the next press concludes it."""
    if proposal.matter is Matter.REMOVE:
        member = (await context.store.committee()).members.get(proposal.about)
        told = () if member is None else (role_taken(member, Role.ORGANIZER),)
        if not await context.store.remove_organizer(proposal.about, None, *told):
            raise LastOrganizer
    elif proposal.matter is Matter.ADOPT and context.fence is not None:
        await context.fence.adopt()
    elif proposal.walkout is not None:
        stage = (await context.store.walkout(proposal.walkout)).stage
        match proposal.matter:
            case Matter.OPEN if stage not in rules.PLEDGING:
                without = ANYWAY.items() <= read(proposal, context).items()
                if not without and not (await gaps(context.store, proposal.walkout, now=context.clock())).citywide_room:
                    raise NoCitywideRoom
                draft = await context.store.walkout(proposal.walkout)
                await context.store.blank(proposal.walkout, context.keys.pledge)
                await context.store.decide(proposal.walkout, await _opening(context, draft))
            case Matter.CALL_OFF if stage is not Stage.CALLED_OFF:
                await context.store.decide(proposal.walkout, partial(rules.call_off, now=context.clock()))
            case Matter.LEAVE:
                await _leave(context, proposal, proposal.walkout)
            case Matter.VOID | Matter.RECALL | Matter.WORD:
                await (_say if proposal.matter is Matter.WORD else _void)(context, proposal, proposal.walkout)
                return
    # codes are made when the proposer fetches them: nothing keeps them meanwhile
    await _conclude(context, proposal, Became.GRANTED if proposal.matter is Matter.MINT else Became.DONE)


async def _leave(context: RequestContext, proposal: Proposal, walkout: WalkoutId) -> None:
    """Let a unit leave. Raises WrongStage, TooLateToLeave."""
    unit = UnitId(read(proposal, context)["workplace"])
    leave = partial(rules.leave, unit=unit, occasion=proposal.id, now=context.clock())
    if not (await context.store.unit(walkout, unit)).left:
        await context.store.decide(walkout, leave)


async def _say(context: RequestContext, proposal: Proposal, walkout: WalkoutId) -> None:
    """Say what organizers say themselves. Raises NoWordNow, WordTooSoon, NothingToCorrect."""
    content = read(proposal, context)
    rule = partial(committee_word.say, content=content, now=context.clock())
    decided, note = _decided(context, proposal, content, Deed.DONE, ())
    await context.store.say_approved(proposal.id, walkout, rule, decided, note)


async def check_can_end(context: RequestContext, matter: Matter, walkout: Walkout, place: UnitId) -> Sequence[Unit]:
    """Return all units, of which cards can be voided or recalled at this one and all below it.

    Raises WrongStage, VoidedBefore, TooLateToRecall, StepGoesOn.
    """
    now, units = context.clock(), await context.store.units(walkout.id)
    tree = Tree(units)
    branch = list(tree.branch(place))
    (rules.check_can_recall if matter is Matter.RECALL else rules.check_can_void)(walkout, branch, now=now)
    if walkout.in_campaign:
        others = [step for step in await ladder.steps(walkout, context.store) if step[0].id != walkout.id]
        rules.check_ends_cards([*tree.path(place), *branch], others, now=now)
    return units


async def _void(context: RequestContext, proposal: Proposal, walkout: WalkoutId) -> None:
    """Void or recall a workplace's cards. Raises as the check."""
    content = read(proposal, context)
    recalls, now = proposal.matter is Matter.RECALL, context.clock()
    seen, place = await context.store.walkout(walkout), UnitId(content["workplace"])
    units = await check_can_end(context, proposal.matter, seen, place)
    news = Announcement(
        kind=Kind.CARDS_RECALLED if recalls else Kind.CARDS_VOIDED,
        occasion=proposal.id,
        scope=place,
        about=place,
        to_stewards=True,
    )
    votes_gone = recalls and bool(seen.terms.questions)
    everywhere = (None, *(unit.id for unit in units)) if votes_gone else ()
    again = tuple(
        Announcement(
            kind=Kind.VOTE_AGAIN,
            occasion=proposal.id,
            scope=scope,
            about=scope,
            to_stewards=scope is not None,
            to_organizers=scope is None,
        )
        for scope in everywhere
    )
    voiding = Voiding(unit=place, at=now, recalls=recalls, news=news, vote_again=again)
    path = await _path(context, proposal.matter, walkout, place)
    decided, note = _decided(context, proposal, content, Deed.DONE, path)
    await context.store.void_approved(proposal.id, walkout, voiding, decided, note)


async def _conclude(context: RequestContext, proposal: Proposal, became: Became) -> None:
    """Write down what became of it, and tell all others."""
    deed = Deed.REFUSED if became is Became.REFUSED else Deed.DONE
    content = read(proposal, context)
    path = await _path(context, proposal.matter, proposal.walkout, _unit(content))
    news, note = _decided(context, proposal, content, deed, path)
    await context.store.conclude(proposal.id, became, news, note, expected=Became.OPEN)


def _decided(
    context: RequestContext, proposal: Proposal, content: Content, deed: Deed, path: Sequence[UnitId]
) -> tuple[Announcement, Note]:
    """Return what the others hear of it, and what is written down."""
    news = _news(Kind.DECIDED, proposal, content, not_to=frozenset({context.me, proposal.about}), path=path)
    return news, context.note(deed, proposal.walkout, matter=proposal.matter, **content)


async def _progress(context: RequestContext, proposal: Proposal, missing: int) -> Progress:
    content = read(proposal, context)
    walkout = proposal.walkout
    return Progress(
        proposal=proposal,
        content=content,
        walkout=None if walkout is None else await context.store.walkout(walkout),
        place=await _place(context, proposal),
        missing=missing if proposal.became is Became.OPEN else 0,
    )


async def _place(context: RequestContext, proposal: Proposal) -> Unit | None:
    """Return the unit that it is about. Raises NoSuchProposal where a step was opened without it."""
    place = _unit(read(proposal, context))
    if proposal.walkout is None or place is None:
        return None
    try:
        return await context.store.unit(proposal.walkout, place)
    except NoSuchUnit:
        raise NoSuchProposal from None


async def approvals_needed(
    context: RequestContext,
    matter: Matter,
    walkout: WalkoutId | None,
    about: MemberId = b"",
    unit: UnitId | None = None,
) -> int:
    """Return how many organizers must approve it, whoever proposes it among them.

    Raises NotEnoughOrganizers, Halted, Frozen.
    """
    path = await _path(context, matter, walkout, unit)
    approvals, who = await _wanted(context, matter, walkout), await _deciding(context, matter, walkout, about, path)
    return roles.needed(matter, approvals=approvals, organizers=len(who))


async def _wanted(context: RequestContext, matter: Matter, walkout: WalkoutId | None) -> int:
    """Return how many must approve this; what a walkout says may be an old copy's, so that does not count for ADOPT."""
    return APPROVALS if matter is Matter.ADOPT else await approvals_for(context, walkout)


async def approvals_for(context: RequestContext, walkout: WalkoutId | None) -> int:
    """Return how many must approve: as the walkout says, and a draft no fewer than whatever is open.

    For what is about the committee itself, as the strictest says that is open, and two at least. There a draft counts
    for nothing: one organizer alone makes it, and so could lower that number, or raise it beyond everybody's reach.
    """
    opened = [each.terms.approvals for each in await context.store.walkouts() if each.stage in rules.PLEDGING]
    if walkout is None:
        return max([APPROVALS, *opened])
    seen = await context.store.walkout(walkout)
    return max(seen.terms.approvals, *opened) if opened and seen.stage is Stage.DRAFT else seen.terms.approvals


def _news(
    kind: Kind, proposal: Proposal, content: Content, *, not_to: frozenset[MemberId], path: Sequence[UnitId] = ()
) -> Announcement:
    return Announcement(
        kind=kind,
        occasion=proposal.id,
        scope=_unit(content) if path else None,
        about=_unit(content),
        to_committees=tuple(path),
        to_rooms=False,
        to_organizers=True,
        not_to=not_to,
        facts={"proposal": proposal.id},
    )


def _id(context: RequestContext, matter: Matter, about: MemberId) -> str:
    """Return the same for the same message, and a new one where messages have no number."""
    seed = context.keys.seed(context.who, b"proposal", context.number.encode(), matter.encode(), about)
    return card_codes.from_bytes(seed if context.number else secrets.token_bytes(len(seed)))[:ID_LETTERS]
