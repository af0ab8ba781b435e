"""Cards on paper: printed, voided and recalled from a chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.domain.errors import Forbidden, NoCardsWithOpenEntry, NoSuchBot, NoSuchWalkout, WhichWalkout, WrongStage
from bot.domain.model import Unit
from bot.domain.roles import Became, Matter
from bot.domain.rules import NOT_OVER
from bot.domain.tree import Tree
from bot.domain.ways import platform_of, several
from bot.parsing import typed_text
from bot.secrets import card_codes
from bot.usecases import organizers, paper_cards, stewards
from bot.usecases.proposals import Progress
from handlers.conversation import confirmation
from handlers.conversation.messages import Ask, File, Reply, Tell, old_button, say_buttons
from handlers.sandboxed import sandbox_client
from handlers.texts import paper_cards as texts
from handlers.texts.catalogue import language, speaking, spoken
from handlers.texts.general import handle

ALL = "all"
"""In place of a workplace: print all that is missing."""

ALL_BOTS = "@all"
"""In place of a bot's name: every bot's stands on the cards."""

ENDING = {"void": Matter.VOID, "recall": Matter.RECALL}
"""What ends cards, by the word that is typed."""


async def cards(ask: Ask) -> Reply:
    """Propose to print a workplace's cards, or all; or say what voiding or recalling them does, and ask."""
    named, words = await ask.named_walkout()
    if not words:
        return await _usage(ask, named)
    walkout = await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
    places = await ask.app.store.units(walkout.id)
    prints = (await ask.roles()).may(Matter.MINT)
    words, bot = _named_bot(words, places)
    await _check_bot(ask, bot)
    if prints and (spoken := _all(words, places)) is not None:
        return await _proposed(ask, await paper_cards.propose_all(ask.context, walkout, language=spoken, bot=bot))
    for word, matter in ENDING.items():
        if stewards.begins(word, words, places):
            if len(words) == 1:
                return Reply(kind="help", text=texts.usage(paper_cards.LASTS) if prints else texts.void_usage())
            place = stewards.find(places, " ".join(words[1:]))
            return await confirmation.show(ask, matter, walkout.id, str(place.id))
    if not prints:
        raise Forbidden
    name, number, spoken = _what(words, places)
    place = stewards.find(places, name) if number is None else stewards.find_leaf(places, name)
    if Tree(places).children(place.id):
        return await _proposed(
            ask, await paper_cards.propose_all(ask.context, walkout, place, language=spoken, bot=bot)
        )
    return await _proposed(
        ask, await paper_cards.propose(ask.context, walkout, place, number, language=spoken, bot=bot)
    )


def _named_bot(words: tuple[str, ...], places: Sequence[Unit]) -> tuple[tuple[str, ...], str]:
    """Take the bot off the end whose name shall stand on the cards, unless it belongs to a unit's name."""
    if len(words) > 1 and words[-1].startswith("@") and not stewards.is_name(places, " ".join(words)):
        return words[:-1], words[-1].casefold()
    return words, ""


def _all(words: Sequence[str], places: Sequence[Unit]) -> str | None:
    """Return in which language all are to be printed, '' for one's own; None where it is not all that are meant."""
    spoken = "" if len(words) == 1 else language(" ".join(words[1:]))
    return spoken if stewards.begins(ALL, words, places) else None


async def _usage(ask: Ask, named: str | None) -> Reply:
    """Say how cards are printed, and offer to print all where it is clear which walkout's."""
    if not (await ask.roles()).may(Matter.MINT):
        return Reply(kind="help", text=texts.void_usage())
    usage, bots = texts.usage(paper_cards.LASTS), await ask.app.store.ways()
    if any(several(bots, platform_of(way)) for way in bots):
        usage = f"{usage}\n{texts.of_bots(bots.values())}"
    try:
        walkout = await organizers.which(ask.app.store, named, [NOT_OVER], now=ask.app.clock())
        missing = await paper_cards.missing(ask.context, walkout)
    except (WhichWalkout, NoSuchWalkout, WrongStage, NoCardsWithOpenEntry):
        missing = 0
    if not missing:
        return Reply(kind="help", text=usage)
    return Reply(
        kind="help",
        text=f"{texts.missing(missing)}\n\n{usage}",
        buttons=tuple(say_buttons([(texts.print_all(), ("cards", walkout.id, ALL))])),
    )


async def _check_bot(ask: Ask, bot: str) -> None:
    """Refuse a bot that nobody knows. Raises NoSuchBot."""
    bots = (await ask.app.store.ways()).values()
    if bot not in {"", ALL_BOTS} and not any(_is(bot, each) for each in bots):
        raise NoSuchBot(tuple(bots))


async def _proposed(ask: Ask, progress: Progress) -> Reply:
    if progress.proposal.became is Became.GRANTED and progress.proposal.proposer == ask.context.me:
        return await _printed(ask, progress.proposal.id)
    return confirmation.proposed(ask, progress)


def _what(words: Sequence[str], places: Sequence[Unit]) -> tuple[str, int | None, str]:
    """Take number and language off the end, unless they belong to the name: there is a "Local 79", and a "Casa Es"."""
    name, number, spoken = list(words), None, ""
    while len(name) > 1 and not stewards.is_name(places, " ".join(name)):
        if not spoken and (named := language(name[-1])):
            spoken = named
        elif not number and (counted := typed_text.number(name[-1])):
            number = counted
        else:
            break
        name.pop()
    return " ".join(name), number, spoken


async def press_print(ask: Ask) -> Reply:
    """Print what was approved."""
    if not (await ask.roles()).may(Matter.MINT):
        return old_button()
    return await _printed(ask, ask.words[0])


async def _printed(ask: Ask, proposal: str) -> Reply:
    """Print, or say that it takes a while."""
    order = await paper_cards.order(ask.context, proposal)
    if order.number <= sandbox_client.STEP:
        return await _made(ask, order)
    return Reply(
        kind="drawing",
        text=texts.drawing_begins(order.number),
        below=True,  # the button stays, for whoever is sent no file
        rest=partial(_made_meanwhile, ask, proposal),
    )


async def _made_meanwhile(ask: Ask, proposal: str, tell: Tell) -> Reply:
    """Print, saying how far it is; things may have changed until it was its turn."""
    return await _made(ask, await paper_cards.order(ask.context, proposal), tell)


def _is(named: str, bot: str) -> bool:
    return named == handle(bot).casefold()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bots:
    """What stands on cards: the first on Telegram is the one that their QR codes open."""

    telegram: Sequence[str]
    discord: Sequence[str]


async def _bots(ask: Ask, named: str) -> _Bots:
    """Return this bot; with a name that one in place of this on its platform; or all of them, this one first."""
    known = await ask.app.store.ways() if named else {}
    printed = {}
    for platform in ("telegram", "discord"):
        own = await ask.bot(platform)
        others = [
            name
            for way, name in known.items()
            if platform_of(way) == platform and name != own and (named == ALL_BOTS or _is(named, name))
        ]
        first = [own] if own and (named in {"", ALL_BOTS} or not others) else []
        printed[platform] = [*first, *others]
    return _Bots(**printed)


async def _made(ask: Ask, order: paper_cards.Order, tell: Tell | None = None) -> Reply:
    """Make the codes, draw them, and only then store their hashes: no card is stored that is on no paper."""
    reader = spoken()

    def told(drawn: int) -> None:
        if tell is not None:
            with speaking(reader):
                tell(texts.drawing(drawn, order.number))

    codes = {place.id: [card_codes.mint() for _ in range(number)] for place, number in order.wanted}
    printed = await _bots(ask, order.bot)
    with speaking(order.language):
        drawn = await sandbox_client.sheet(
            ask.app.sandbox,
            order.terms,
            [(place.name, codes[place.id]) for place, _number in order.wanted],
            telegram=next(iter(printed.telegram), None),
            discord=", ".join(printed.discord) or None,
            also=printed.telegram[1:],
            told=told,
        )
    hashes = {place: [card_codes.key_of(code) for code in some] for place, some in codes.items()}
    await paper_cards.mint(ask.context, order, hashes)
    return Reply(
        kind="cards",
        text=texts.printed(order.number, order.name, paper_cards.LASTS),
        # no name of a workplace: it would stand in every list of downloads
        file=File(name=f"cards-{order.progress.proposal.id.lower()}.pdf", data=drawn, lasts=paper_cards.LASTS),
    )
