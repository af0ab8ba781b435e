"""/word: organizers say something themselves; asked for in a message of its own, language by language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.committee_word import ALL, CITYWIDE, LONGEST, check_can_say, to_correct
from bot.domain.errors import NoSuchWalkout, NothingToCorrect, NoWordNow
from bot.domain.model import SPOKEN, Stage, Unit, Walkout, WalkoutId
from bot.domain.roles import Matter
from bot.domain.tree import labels
from bot.parsing.typed_text import QUOTES, visible
from bot.usecases import committee_word, organizers, sketches, stewards
from bot.usecases.sketches import InHand, Wording
from handlers.conversation import confirmation
from handlers.conversation.messages import Ask, Reply, old_button, say_buttons, whole_number
from handlers.conversation.word_buttons import DROP, SHOW, while_asked
from handlers.texts import committee_word as texts
from handlers.texts import drafting as drafting_texts

CORRECTION = "correction"


async def word(ask: Ask) -> Reply:
    """Ask who shall hear it, or for the words."""
    store = ask.app.store
    named, words = await ask.named_walkout()
    try:
        walkout = await organizers.which(store, named, [frozenset({Stage.ON})], now=ask.app.clock())
    except NoSuchWalkout as none:
        if none.named is None:
            raise NoWordNow from None
        raise
    units, said = await store.units(walkout.id), await store.words_said(walkout.id)
    if stewards.begins(CORRECTION, words, units):
        last = to_correct(said)
        if last is None:
            raise NothingToCorrect
        wording = Wording(
            walkout=walkout.id,
            to=last.content["to"] if isinstance(last.content["to"], str) else tuple(last.content["to"]),
            where=last.content["where"],
            own=last.content["own"],
            corrects=last.occasion,
        )
    elif not words:
        return await _whom(ask, walkout)
    else:
        to, where = _to(units, words)
        wording = Wording(walkout=walkout.id, to=to, where=where, own=walkout.terms.language or SPOKEN)
    check_can_say(walkout, said, corrects=wording.corrects, now=ask.app.clock())
    hand = await sketches.load(ask.context) or InHand(drafts=False)
    return await _ask_for(ask, replace(hand, word=replace(wording, at=wording.own)))


async def _whom(ask: Ask, walkout: Walkout) -> Reply:
    choices = [
        (texts.citywide_label(), ("word", walkout.id, CITYWIDE)),
        (texts.all_label(), ("word", walkout.id, ALL)),
    ]
    if to_correct(await ask.app.store.words_said(walkout.id)) is not None:
        choices.append((texts.correct_label(), ("word", walkout.id, CORRECTION)))
    return Reply(kind="word", text=texts.whom(walkout), buttons=tuple(say_buttons(choices)))


def _to(units: Sequence[Unit], words: Sequence[str]) -> tuple[str | tuple[int, ...], str]:
    """Read who shall hear it: a keyword, or units, with commas between them or each in quotes. Raises NoSuchUnit."""
    for keyword in (CITYWIDE, ALL):
        if stewards.begins(keyword, words, units) and len(words) == 1:
            return keyword, ""
    joined = " ".join(words)
    parted = [each.strip(f" {QUOTES}") for each in joined.split(",")]
    ways = [[joined], [each.strip(", ") for each in words], parted]
    chosen = next((way for way in ways if all(stewards.is_name(units, each) for each in way)), parted)
    found = {unit.id: unit for unit in (stewards.find(units, each) for each in chosen if each)}
    names = labels(units)
    return tuple(found), ", ".join(names[each] for each in found)


async def _ask_for(ask: Ask, hand: InHand) -> Reply:
    """Keep that it is asked for, and ask."""
    kept = await sketches.keep(ask.context, hand)
    hand = kept or await sketches.load(ask.context) or hand
    return _asked(ask, hand)


def _asked(ask: Ask, hand: InHand, above: str = "") -> Reply:
    wording = hand.word
    if wording is None:
        return old_button()
    warning = drafting_texts.not_here() if ask.here is not None else ""
    text = "\n\n".join(filter(None, [above, texts.ask_for(wording.at, wording.content), warning]))
    return Reply(kind="word", text=text, buttons=while_asked(hand, wording), known=True)


async def typed(ask: Ask, hand: InHand, wording: Wording) -> Reply:
    """Take what somebody wrote for the words in the language that is asked for, and show how they read."""
    if ask.number and ask.number == wording.last:  # it came again
        return await _page(ask, wording)
    lines = [line.strip() for line in visible(ask.words[0]).split("\n")]
    text = "\n".join(line for line in lines if line)
    if not text or len(text) > LONGEST:
        return _asked(ask, hand, texts.too_long(len(text) - LONGEST) if text else "")
    written = replace(wording, words={**wording.words, wording.at: text}, at="", last=ask.number)
    kept = await sketches.keep(ask.context, replace(hand, word=written))
    if kept is None:  # another message was quicker
        return await word(replace(ask, words=(wording.walkout,)))
    return await _page(ask, written)


async def _page(ask: Ask, wording: Wording) -> Reply:
    return await confirmation.show(ask, Matter.WORD, wording.walkout)


async def press(ask: Ask) -> Reply:
    """Ask for it in another language, or anew; show it; or drop it."""
    if not await ask.is_organizer():
        return old_button()
    number, what = ask.words if len(ask.words) == len(["number", "what"]) else ("", "")
    hand = await sketches.load(ask.context)
    if hand is None or hand.word is None:
        return old_button()
    wording = hand.word
    if what == DROP and whole_number(number) == hand.number:
        await sketches.keep(ask.context, replace(hand, word=None))
        return Reply(kind="done", text=texts.dropped())
    walkout = await ask.app.store.walkout(WalkoutId(wording.walkout))
    if whole_number(number) == hand.number and what in await committee_word.languages(ask.app.store, walkout, wording):
        return await _ask_for(ask, replace(hand, word=replace(wording, at=what)))
    if what == SHOW and wording.at and wording.words:
        hand = await sketches.keep(ask.context, replace(hand, word=replace(wording, at=""))) or hand
    return await _page(ask, wording) if wording.words else _asked(ask, hand)
