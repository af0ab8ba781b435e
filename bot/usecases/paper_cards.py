"""Cards on paper, from a chat: proposed, approved, printed once; voided when a sheet is lost; or recalled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain.errors import (
    CardsChanged,
    NoCardMissing,
    NoCardsWithOpenEntry,
    NoSuchProposal,
    NotYourProposal,
    PrintedBefore,
    TooManyAtOnce,
    TooManyCards,
)
from bot.domain.model import ROOT, Entry, Terms, Unit, UnitId, Walkout, WalkoutId
from bot.domain.roles import Became, Deed, Matter
from bot.domain.tree import Tree
from bot.usecases import proposals, stewards, suspensions
from bot.usecases.context import RequestContext
from bot.usecases.proposals import Progress

LASTS = timedelta(minutes=10)
"""How long the file with the codes stays in the chat."""

MOST = 1000
"""Of one workplace's cards in a file: drawing a thousand takes several seconds."""

MOST_AT_ONCE = 3000
"""Of all workplaces' cards in a file, once in a walkout's life; it has four to seven megabytes, more where there are
more workplaces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Cards that may be made now."""

    progress: Progress
    terms: Terms
    wanted: tuple[tuple[Unit, int], ...]  #: how many at each workplace
    language: str  #: of what is printed; '': of whoever prints it
    bot: str  #: whose name stands on them; '': of the one that prints them

    @property
    def number(self) -> int:
        """Of all cards."""
        return sum(number for _place, number in self.wanted)

    @property
    def name(self) -> str:
        """The unit's; '' for all of them."""
        return str(self.progress.content.get("place", ""))


async def propose(
    context: RequestContext, walkout: Walkout, place: Unit, number: int | None, *, language: str = "", bot: str = ""
) -> Progress:
    """Propose to print so many cards of a unit that has cards, or as many as are missing to the head-count.

    Sent again before it is printed it is the same proposal. Raises what `cards_wanted` raises; NoCardMissing,
    TooManyCards; PrintedBefore for what was sent twice while the first file is still in the chat.
    """
    [(_place, wanted)] = await stewards.cards_wanted(walkout.id, context.store, only=place.id, number=number)
    if wanted == 0:
        raise NoCardMissing(place.name)
    if number is not None and wanted > MOST:
        raise TooManyCards(MOST)
    wanted = min(wanted, MOST)
    content: dict[str, Any] = {"workplace": place.id, "place": place.name, "number": wanted}
    content |= _printed_as(language, bot)
    # with the cards there were before, the next such order is another one, and the same delivered twice is not
    earlier = await context.store.latest(
        proposals.key(context.keys, Matter.MINT, walkout.id, {**content, "before": place.issued - wanted}),
        *(Became.GRANTED, Became.DONE),
    )
    if earlier is not None and earlier.became is Became.DONE:
        proposed = earlier.until - proposals.LASTS
        if proposed + LASTS > context.clock():
            raise PrintedBefore(place.name)
    content["before"] = place.issued
    granted = await context.store.latest(
        proposals.key(context.keys, Matter.MINT, walkout.id, content), Became.GRANTED, Became.DONE
    )
    if granted is not None and granted.became is Became.GRANTED and granted.proposer == context.me:
        return await proposals.look(context, granted.id)
    return await proposals.propose(context, Matter.MINT, walkout=walkout.id, **content)


async def missing(context: RequestContext, walkout: Walkout, of: UnitId | None = None) -> int:
    """Say how many cards are missing to the head-counts, or to a unit's. Raises what `cards_wanted` raises."""
    wanted = await stewards.cards_wanted(walkout.id, context.store, only=of, number=None)
    return sum(number for _place, number in wanted)


async def propose_all(
    context: RequestContext, walkout: Walkout, place: Unit | None = None, *, language: str = "", bot: str = ""
) -> Progress:
    """Propose to print, in one file, all that is missing to the head-counts everywhere, or in all of a unit.

    Sent again before it is printed it is the same proposal. Raises what `cards_wanted` raises; NoCardMissing,
    TooManyAtOnce.
    """
    of = None if place is None else place.id
    wanted = await missing(context, walkout, of)
    if wanted == 0:
        raise NoCardMissing("" if place is None else place.name)
    if wanted > MOST_AT_ONCE:
        raise TooManyAtOnce(MOST_AT_ONCE, walkout.id)
    content: dict[str, Any] = {"number": wanted, "before": await _issued(context, walkout.id, of)}
    if place is not None:
        content |= {"workplace": place.id, "place": place.name}
    content |= _printed_as(language, bot)
    granted = await context.store.latest(proposals.key(context.keys, Matter.MINT, walkout.id, content), Became.GRANTED)
    if granted is not None and granted.proposer == context.me:
        return await proposals.look(context, granted.id)
    return await proposals.propose(context, Matter.MINT, walkout=walkout.id, **content)


def _printed_as(language: str, bot: str) -> dict[str, str]:
    return {name: said for name, said in (("language", language), ("bot", bot)) if said}


async def _issued(context: RequestContext, walkout: WalkoutId, of: UnitId | None) -> str:
    """Return what differs once cards were printed or voided there, though as many may be missing."""
    issued = [(place.id, place.issued) for place in Tree(await context.store.units(walkout)).leaves(of or ROOT)]
    return hashlib.sha256(json.dumps(issued).encode()).hexdigest()


async def check_can_end(context: RequestContext, matter: Matter, walkout: Walkout, place: Unit) -> None:
    """Refuse what could not be done now to a unit and all below it.

    Raises NoCardsWithOpenEntry, WrongStage, VoidedBefore, TooLateToRecall, StepGoesOn.
    """
    if walkout.terms.entry is Entry.OPEN:
        raise NoCardsWithOpenEntry
    await proposals.check_can_end(context, matter, walkout, place.id)


async def end(context: RequestContext, matter: Matter, walkout: Walkout, place: Unit) -> Progress:
    """Propose to end a unit's cards: for everybody but whoever has pledged them, or for all. Raises as above."""
    await check_can_end(context, matter, walkout, place)
    return await proposals.propose(context, matter, walkout=walkout.id, workplace=place.id, place=place.name)


async def order(context: RequestContext, number: str) -> Order:
    """Return what may be printed now under an approved proposal.

    Raises NoSuchProposal, NotYourProposal, PrintedBefore, CardsChanged, Halted, and what `cards_wanted` raises.
    """
    await suspensions.check_none_runs(context)
    progress = await proposals.look(context, number)
    proposal, walkout, place = progress.proposal, progress.walkout, progress.place
    if proposal.matter is not Matter.MINT or walkout is None:
        raise NoSuchProposal
    if proposal.proposer != context.me:
        raise NotYourProposal
    if proposal.became is Became.DONE:
        raise PrintedBefore("" if place is None else place.name)
    if proposal.became is not Became.GRANTED:
        raise NoSuchProposal
    of, content = None if place is None else place.id, progress.content
    of_all = isinstance(content["before"], str)
    wanted = await stewards.cards_wanted(
        walkout.id, context.store, only=of, number=None if of_all else int(content["number"])
    )
    if of_all and content["before"] != await _issued(context, walkout.id, of):
        raise CardsChanged
    return Order(
        progress=progress,
        terms=walkout.terms,
        wanted=tuple((each, lacks) for each, lacks in wanted if lacks),
        language=str(progress.content.get("language", "")),
        bot=str(progress.content.get("bot", "")),
    )


async def mint(context: RequestContext, wanted: Order, hashes: Mapping[UnitId, Sequence[bytes]]) -> None:
    """Keep new cards, once: with that the proposal is done.

    Raises PrintedBefore, WrongStage, BeyondHeadcount, Halted.
    """
    await suspensions.check_none_runs(context)
    proposal = wanted.progress.proposal
    if proposal.walkout is None:
        raise NoSuchProposal
    note = context.note(Deed.PRINTED, proposal.walkout, matter=proposal.matter, **wanted.progress.content)
    cards = await stewards.new_cards(proposal.walkout, hashes, context.keys)
    if not await context.store.mint_approved(proposal.id, proposal.walkout, cards, note, context.keys.pledge):
        raise PrintedBefore(wanted.name)
