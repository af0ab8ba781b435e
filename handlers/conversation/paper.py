"""Cards on paper: printed, voided and recalled from a chat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot import cards as card_codes
from bot import reading
from bot.domain.errors import NoCardsWithOpenEntry, NoSuchWalkout, WhichWalkout, WrongStage
from bot.domain.model import Workplace
from bot.domain.roles import Became, Matter
from bot.domain.rules import NOT_OVER
from bot.usecases import organizers, paper, stewards
from bot.usecases.proposals import Progress
from handlers import workshop
from handlers.conversation import sure
from handlers.conversation.parts import Ask, File, Reply, Tell, old_button, say_buttons
from handlers.texts import paper as texts
from handlers.texts.catalogue import language, speaking, spoken

ALL = "all"
"""In place of a workplace: print all that is missing."""

ENDING = {"void": Matter.VOID, "recall": Matter.RECALL}
"""What ends cards, by the word that is typed."""


async def cards(ask: Ask) -> Reply:
    """Propose to print a workplace's cards, or all; or say what voiding or recalling them does, and ask."""
    named, words = await ask.named_walkout()
    if not words:
        return await _usage(ask, named)
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER])
    places = await ask.app.store.workplaces(walkout.id)
    if (spoken := _all(words, places)) is not None:
        return await _proposed(ask, await paper.propose_all(ask.desk, walkout, language=spoken))
    for word, matter in ENDING.items():
        if stewards.begins(word, words, places):
            if len(words) == 1:
                return Reply(kind="help", text=texts.usage(paper.LASTS))
            place = stewards.find(places, " ".join(words[1:]))
            return await sure.show(ask, matter, walkout.id, str(place.id))
    name, number, spoken = _what(words, places)
    return await _proposed(
        ask, await paper.propose(ask.desk, walkout, stewards.find(places, name), number, language=spoken)
    )


def _all(words: Sequence[str], places: Sequence[Workplace]) -> str | None:
    """Return in which language all are to be printed, '' for one's own; None where it is not all that are meant."""
    spoken = "" if len(words) == 1 else language(" ".join(words[1:]))
    return spoken if stewards.begins(ALL, words, places) else None


async def _usage(ask: Ask, named: str | None) -> Reply:
    """Say how cards are printed, and offer to print all where it is clear which walkout's."""
    usage = texts.usage(paper.LASTS)
    try:
        walkout = await organizers.which(ask.app.store, named, [NOT_OVER])
        missing = await paper.missing(ask.desk, walkout)
    except (WhichWalkout, NoSuchWalkout, WrongStage, NoCardsWithOpenEntry):
        missing = 0
    if not missing:
        return Reply(kind="help", text=usage)
    return Reply(
        kind="help",
        text=f"{texts.missing(missing)}\n\n{usage}",
        buttons=tuple(say_buttons([(texts.print_all(), ("cards", walkout.id, ALL))])),
    )


async def _proposed(ask: Ask, progress: Progress) -> Reply:
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
    """Print, or say that it takes a while."""
    order = await paper.order(ask.desk, proposal)
    if order.number <= workshop.STEP:
        return await _made(ask, order)
    return Reply(
        kind="drawing",
        text=texts.drawing_begins(order.number),
        below=True,  # the button stays, for whoever is sent no file
        rest=partial(_made_meanwhile, ask, proposal),
    )


async def _made_meanwhile(ask: Ask, proposal: str, tell: Tell) -> Reply:
    """Print, saying how far it is; things may have changed until it was its turn."""
    return await _made(ask, await paper.order(ask.desk, proposal), tell)


async def _made(ask: Ask, order: paper.Order, tell: Tell | None = None) -> Reply:
    """Make the codes, draw them, and only then store their hashes: no card is stored that is on no paper."""
    reader = spoken()

    def told(drawn: int) -> None:
        if tell is not None:
            with speaking(reader):
                tell(texts.drawing(drawn, order.number))

    codes = {place.id: [card_codes.mint() for _ in range(number)] for place, number in order.wanted}
    bots = ask.app.bots
    with speaking(order.language):
        drawn = await workshop.sheet(
            ask.app.workshop,
            order.terms,
            [(place.name, codes[place.id]) for place, _number in order.wanted],
            telegram=bots.get("telegram"),
            discord=bots.get("discord"),
            told=told,
        )
    hashes = {place: [card_codes.key_of(code) for code in some] for place, some in codes.items()}
    await paper.mint(ask.desk, order, hashes)
    return Reply(
        kind="cards",
        text=texts.printed(order.number, order.name, paper.LASTS),
        # no name of a workplace: it would stand in every list of downloads
        file=File(name=f"cards-{order.progress.proposal.id.lower()}.pdf", data=drawn, lasts=paper.LASTS),
    )
