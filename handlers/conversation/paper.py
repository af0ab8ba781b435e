"""Cards on paper: printed, voided and recalled from a chat."""

from __future__ import annotations

from collections.abc import Sequence

from bot import cards as card_codes
from bot import reading
from bot.domain.model import Workplace
from bot.domain.roles import Became, Matter
from bot.domain.rules import NOT_OVER
from bot.usecases import organizers, paper, stewards
from handlers import workshop
from handlers.conversation import sure
from handlers.conversation.parts import Ask, File, Reply, old_button
from handlers.texts import paper as texts
from handlers.texts.catalogue import language, speaking

ENDING = {"void": Matter.VOID, "recall": Matter.RECALL}
"""What ends cards, by the word that is typed."""


async def cards(ask: Ask) -> Reply:
    """Propose to print a workplace's cards; or say what voiding or recalling them does, and ask."""
    named, words = await ask.named_walkout()
    if not words:
        return Reply(kind="help", text=texts.usage(paper.LASTS))
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER])
    places = await ask.app.store.workplaces(walkout.id)
    for word, matter in ENDING.items():
        if stewards.begins(word, words, places):
            if len(words) == 1:
                return Reply(kind="help", text=texts.usage(paper.LASTS))
            place = stewards.find(places, " ".join(words[1:]))
            return await sure.show(ask, matter, walkout.id, str(place.id))
    name, number, spoken = _what(words, places)
    progress = await paper.propose(ask.desk, walkout, stewards.find(places, name), number, language=spoken)
    if progress.proposal.became is Became.GRANTED and progress.proposal.proposer == ask.desk.me:
        return await _printed(ask, progress.proposal.id)
    return sure.proposed(ask, progress)


def _what(words: Sequence[str], places: Sequence[Workplace]) -> tuple[str, int | None, str]:
    """Take number and language off the end, unless they belong to the name: there is a "Local 79", and a "Casa Es"."""
    name, number, spoken = list(words), None, ""
    while len(name) > 1 and not stewards.is_name(places, " ".join(name)):
        if not spoken and (named := language(name[-1])):
            spoken = named
        elif not number and (counted := reading.number(name[-1])):
            number = counted
        else:
            break
        name.pop()
    return " ".join(name), number, spoken


async def press_print(ask: Ask) -> Reply:
    """Print what was approved."""
    if not (await ask.roles()).organizer:
        return old_button()
    return await _printed(ask, ask.words[0])


async def _printed(ask: Ask, proposal: str) -> Reply:
    """Make the codes, draw them, and only then store their hashes: no card is stored that is on no paper."""
    order = await paper.order(ask.desk, proposal)
    codes = [card_codes.mint() for _ in range(order.number)]
    bots = ask.app.bots
    with speaking(order.language):
        drawn = await workshop.sheet(
            ask.app.workshop,
            order.terms,
            [(order.place.name, codes)],
            telegram=bots.get("telegram"),
            discord=bots.get("discord"),
        )
    await paper.mint(ask.desk, order, [card_codes.key_of(code) for code in codes])
    return Reply(
        kind="cards",
        text=texts.printed(order.number, order.place.name, paper.LASTS),
        # no name of a workplace: it would stand in every list of downloads
        file=File(name=f"cards-{order.progress.proposal.id.lower()}.pdf", data=drawn, lasts=paper.LASTS),
    )
