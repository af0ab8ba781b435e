"""Cards on paper, from a chat: proposed, approved, printed once; voided when a sheet is lost; or recalled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain import rules
from bot.domain.errors import (
    NoCardMissing,
    NoCardsWithOpenEntry,
    NoSuchProposal,
    NotYourProposal,
    PrintedBefore,
    TooManyCards,
)
from bot.domain.model import Entry, Terms, Walkout, Workplace
from bot.domain.roles import Became, Deed, Matter
from bot.usecases import proposals, stewards, suspensions
from bot.usecases.desk import Desk
from bot.usecases.proposals import Progress

LASTS = timedelta(minutes=10)
"""How long the file with the codes stays in the chat."""

MOST = 1000
"""Cards in one file: drawing a thousand takes several seconds, and a stop waits for them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Cards that may be made now."""

    progress: Progress
    terms: Terms
    place: Workplace
    number: int
    language: str  #: of what is printed; '': of whoever prints it


async def propose(
    desk: Desk, walkout: Walkout, place: Workplace, number: int | None, *, language: str = ""
) -> Progress:
    """Propose to print so many cards, or as many as are missing to the head-count.

    Sent again before it is printed it is the same proposal. Raises what `cards_wanted` raises; NoCardMissing,
    TooManyCards; PrintedBefore for what was sent twice while the first file is still in the chat.
    """
    [(_place, wanted)] = await stewards.cards_wanted(walkout.id, desk.store, only=place.id, number=number)
    if wanted == 0:
        raise NoCardMissing(place.name)
    if number is not None and wanted > MOST:
        raise TooManyCards(MOST)
    wanted = min(wanted, MOST)
    content: dict[str, Any] = {"workplace": place.id, "place": place.name, "number": wanted}
    if language:
        content["language"] = language
    # with the cards there were before, the next such order is another one, and the same delivered twice is not
    earlier = await desk.store.latest(
        proposals.key(desk.keys, Matter.MINT, walkout.id, {**content, "before": place.issued - wanted}),
        *(Became.GRANTED, Became.DONE),
    )
    if earlier is not None and earlier.became is Became.DONE:
        proposed = earlier.until - proposals.LASTS
        if proposed + LASTS > desk.clock():
            raise PrintedBefore(place.name)
    content["before"] = place.issued
    granted = await desk.store.latest(
        proposals.key(desk.keys, Matter.MINT, walkout.id, content), Became.GRANTED, Became.DONE
    )
    if granted is not None and granted.became is Became.GRANTED and granted.proposer == desk.me:
        return await proposals.look(desk, granted.id)
    return await proposals.propose(desk, Matter.MINT, walkout=walkout.id, **content)


CHECKS = {Matter.VOID: rules.check_can_void, Matter.RECALL: rules.check_can_recall}
"""What a workplace's cards are ended by, and when that can be done."""


def check_can_end(desk: Desk, matter: Matter, walkout: Walkout, place: Workplace) -> None:
    """Refuse what could not be done now. Raises NoCardsWithOpenEntry, WrongStage, VoidedBefore, TooLateToRecall."""
    if walkout.terms.entry is Entry.OPEN:
        raise NoCardsWithOpenEntry
    CHECKS[matter](walkout, place, now=desk.clock())


async def end(desk: Desk, matter: Matter, walkout: Walkout, place: Workplace) -> Progress:
    """Propose to end the workplace's cards: for everybody but whoever has pledged them, or for all. Raises as above."""
    check_can_end(desk, matter, walkout, place)
    return await proposals.propose(desk, matter, walkout=walkout.id, workplace=place.id, place=place.name)


async def order(desk: Desk, number: str) -> Order:
    """Return what may be printed now under an approved proposal.

    Raises NoSuchProposal, NotYourProposal, PrintedBefore, Halted, and what `cards_wanted` raises.
    """
    await suspensions.check_none_runs(desk)
    progress = await proposals.look(desk, number)
    proposal, walkout, place = progress.proposal, progress.walkout, progress.place
    if proposal.matter is not Matter.MINT or walkout is None or place is None:
        raise NoSuchProposal
    if proposal.proposer != desk.me:
        raise NotYourProposal
    if proposal.became is Became.DONE:
        raise PrintedBefore(place.name)
    if proposal.became is not Became.GRANTED:
        raise NoSuchProposal
    wanted = int(progress.content["number"])
    await stewards.cards_wanted(walkout.id, desk.store, only=place.id, number=wanted)
    language = str(progress.content.get("language", ""))
    return Order(progress=progress, terms=walkout.terms, place=place, number=wanted, language=language)


async def mint(desk: Desk, wanted: Order, hashes: Sequence[bytes]) -> None:
    """Keep new cards, once: with that the proposal is done.

    Raises PrintedBefore, WrongStage, BeyondHeadcount, Halted.
    """
    await suspensions.check_none_runs(desk)
    proposal = wanted.progress.proposal
    if proposal.walkout is None:
        raise NoSuchProposal
    note = desk.note(Deed.PRINTED, proposal.walkout, matter=proposal.matter, **wanted.progress.content)
    cards = {wanted.place.id: stewards.new_cards(proposal.walkout, hashes, desk.keys)}
    if not await desk.store.mint_approved(proposal.id, proposal.walkout, cards, note):
        raise PrintedBefore(wanted.place.name)
