"""What workers can say: every answer about a card."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from bot.domain.errors import OtherStep, UnknownCard, WhichWalkout
from bot.domain.model import CardState, Entry, StepKind, UnitId, WalkoutId
from bot.domain.rules import PLEDGING
from bot.domain.situation import Day, Situation
from bot.domain.tree import Tree, labels
from bot.parsing import typed_text
from bot.secrets import card_codes
from bot.usecases import stewards
from bot.usecases.workers import Seen
from handlers.conversation.choose_language import START, language_button
from handlers.conversation.letter_buttons import NO_CARD, clear_button
from handlers.conversation.messages import Ask, Button, Reply, Run, carried, old_button, whole_number
from handlers.conversation.questions import questions_button
from handlers.texts import ballots, general, notices, workers

WORKPLACES_SHOWN = 10


async def start(ask: Ask) -> Reply:
    """Greet, or open the card."""
    if ask.words:
        return await _look(ask)
    open_walkouts = await ask.worker.open_walkouts()
    return Reply(
        kind="welcome",
        text=workers.welcome(open_walkouts, typed=ask.ways.typed),
        buttons=language_button(START),
        asks_card=True,
    )


async def _look(ask: Ask) -> Reply:
    if ask.code is None:
        if (near := typed_text.near_code(" ".join(ask.words), meant=True)) is not None:
            return mistyped(near)
        raise UnknownCard
    seen = await ask.worker.look(ask.code, ask.of)
    return show(ask, seen, ask.code)


def mistyped(code: str) -> Reply:
    """Say what is wrong with something that nearly is a code."""
    strange = "".join(dict.fromkeys(letter for letter in code if letter not in card_codes.ALPHABET))
    if typed_text.foreign_letters(code):
        said = general.foreign_letters()
    else:
        said = general.strange_letters(strange) if strange else general.not_a_card(len(code), card_codes.LENGTH)
    return Reply(kind="unknown_card", text=said, asks_card=True)


def show(ask: Ask, seen: Seen, code: str) -> Reply:
    """Show a card: to its owner their pledge, to everyone else the terms."""
    if seen.mine is None:
        return _terms(ask, seen, code)
    return Reply(kind="status", text=workers.status(seen), buttons=own_buttons(seen, code))


def _terms(ask: Ask, seen: Seen, code: str) -> Reply:
    if seen.mine is not None:
        buttons = own_buttons(seen, code)
    elif seen.walkout.terms.entry is Entry.OPEN:
        place = f"{seen.walkout.id}:{seen.unit.id}"
        buttons = _offer(f"j:{place}", NO_CARD, seen.kind, f"T:{place}")
    else:
        card = carried(code, seen.walkout.id)
        buttons = _offer(f"p:{card}", card, seen.kind, f"R:{card}")
    return Reply(kind="terms", text=workers.terms(seen, ask.ways.can_see()), buttons=buttons)


def _offer(pledge: str, card: str, kind: StepKind, again: str) -> tuple[Button, ...]:
    return (
        Button(label=workers.pledge_label(kind), data=pledge),
        Button(label=workers.not_now_label(), data="n:"),
        replace(questions_button(card), below=True),
        clear_button(card),
        *language_button(again),
    )


def own_buttons(seen: Seen, code: str) -> tuple[Button, ...]:
    """Return what the owner of a pledge can press."""
    card = carried(code, seen.walkout.id)
    return (
        *_pledge_buttons(seen.situation, card, seen.kind),
        *_vote_button(seen, card),
        *_notice_button(seen, card),
        *((Button(label=workers.read_label(), data=f"R:{card}", below=True),) if _is_worth_reading(seen) else ()),
        replace(questions_button(card), below=not _is_worth_reading(seen)),
        clear_button(card),
        *language_button(f"c:{card}"),
    )


def _is_worth_reading(seen: Seen) -> bool:
    """Say whether the terms still have something to say: until it is over, or the card is."""
    at = seen.situation
    return seen.walkout.stage in PLEDGING and at.day is not Day.AFTER and at.mine is not CardState.RECALLED


def _pledge_buttons(at: Situation, card: str, kind: StepKind) -> tuple[Button, ...]:
    check = Button(label=workers.check_label(), data=f"c:{card}")
    if at.can_say_not_out:
        return check, Button(label=workers.not_out_label(kind), data=f"v:{card}")
    if at.can_say_out:
        return (Button(label=workers.out_label(kind), data=f"u:{card}"),)
    if at.can_take_back:
        return check, Button(label=workers.withdraw_label(), data=f"w:{card}")
    return (Button(label=workers.pledge_label(kind), data=f"p:{card}"), check) if at.can_pledge else (check,)


def _vote_button(seen: Seen, card: str) -> tuple[Button, ...]:
    """Return what a survey's questions are opened with: after the pledge, since each choice before it loses some."""
    label = ballots.again_label if seen.voted else ballots.vote_label
    return (Button(label=label(), data=f"V:{card}", below=True),) if seen.can_vote else ()


def _notice_button(seen: Seen, card: str) -> tuple[Button, ...]:
    if seen.told:
        return (Button(label=notices.stop_label(), data=f"q:{card}", below=True),)
    if seen.situation.can_ask:
        return (Button(label=notices.ask_label(), data=f"o:{card}", below=True),)
    return ()


def on_its_card(change: Callable[[Ask, str, WalkoutId], Awaitable[Reply]]) -> Run:
    """Let a button change something on a card only of the walkout that it names.

    One that names none, as of old messages, or another's, or another step's: it shows what the card opens now, and
    changes nothing.
    """

    async def press(ask: Ask) -> Reply:
        if ask.code is None:
            return old_button()
        if ask.of is not None:
            with suppress(UnknownCard, OtherStep):
                return await change(ask, ask.code, ask.of)
        return show(ask, await ask.worker.look(ask.code), ask.code)

    return press


async def read_again(ask: Ask) -> Reply:
    """Show the terms once more, with what can be done now."""
    if ask.code is None:
        return old_button()
    seen = await ask.worker.look(ask.code, ask.of)
    return _terms(ask, seen, ask.code) if _is_worth_reading(seen) else show(ask, seen, ask.code)


async def pledge(ask: Ask) -> Reply:
    """Lead to a pledge without a card, where that is possible."""
    if ask.code is not None:
        return await _look(ask)
    choice = await ask.worker.open_walkouts()
    if not choice:
        return Reply(kind="needs_card", text=workers.needs_card(typed=ask.ways.typed), asks_card=True)
    named = next(
        (walkout for walkout in choice if ask.words and walkout.id == typed_text.word(ask.words[0]).lower()), None
    )
    words = ask.words[1:] if named else ask.words
    if named is None and len(choice) > 1:
        raise WhichWalkout(tuple(choice))
    walkout = named or choice[0]
    places = await ask.app.store.units(walkout.id)
    if not words:
        called = labels(places)
        names = [called[leaf.id] for leaf in Tree(places).leaves()]
        shown = names[:WORKPLACES_SHOWN]
        text = workers.choose_workplace(walkout, shown, len(names) - len(shown), typed=ask.ways.typed)
        return Reply(kind="choose_workplace", text=text)
    place = stewards.find_leaf(places, " ".join(words))
    seen = await ask.worker.look_without_card(walkout.id, place.id)
    return show(ask, seen, ask.worker.open_code(walkout.id))


@on_its_card
async def press_pledge(ask: Ask, code: str, of: WalkoutId) -> Reply:
    """Pledge the card on the button."""
    return _pledged(await ask.worker.pledge(code, of), code)


async def press_terms(ask: Ask) -> Reply:
    """Show again what somebody reads who pledges without a card."""
    match ask.words:
        case (name, number) if (place := whole_number(number)) is not None:
            walkout, unit = WalkoutId(name), UnitId(place)
            if unit in {leaf.id for leaf in Tree(await ask.app.store.units(walkout)).leaves()}:
                seen = await ask.worker.look_without_card(walkout, unit)
                return show(ask, seen, ask.worker.open_code(walkout))
    return old_button()


async def press_enrol(ask: Ask) -> Reply:
    """Pledge without a card."""
    match ask.words:
        case (name, number) if (place := whole_number(number)) is not None:
            walkout = WalkoutId(name)
            seen = await ask.worker.enrol(walkout, UnitId(place))
            return _pledged(seen, ask.worker.open_code(walkout))
    return old_button()


@on_its_card
async def press_withdraw(ask: Ask, code: str, of: WalkoutId) -> Reply:
    """Take the pledge back of the card on the button."""
    return _withdrawn(await ask.worker.withdraw(code, of), code)


@on_its_card
async def press_out(ask: Ask, code: str, of: WalkoutId) -> Reply:
    """On the day: the card's holder is out."""
    seen = await ask.worker.say_out(code, of)
    return Reply(kind="out", text=workers.out(seen), buttons=own_buttons(seen, code))


@on_its_card
async def press_not_out(ask: Ask, code: str, of: WalkoutId) -> Reply:
    """On the day: the card's holder is not out after all."""
    seen = await ask.worker.say_not_out(code, of)
    return Reply(kind="not_out", text=workers.not_out(seen), buttons=own_buttons(seen, code))


def _pledged(seen: Seen, code: str) -> Reply:
    kind, say = ("pledged", workers.pledged) if seen.changed else ("already", workers.already_pledged)
    return Reply(kind=kind, text=say(seen), buttons=own_buttons(seen, code))


def _withdrawn(seen: Seen, code: str) -> Reply:
    return Reply(kind="withdrawn", text=workers.withdrawn(seen), buttons=own_buttons(seen, code))


async def not_now(_ask: Ask) -> Reply:
    """Answer somebody who does not pledge."""
    return Reply(kind="not_now", text=workers.not_now(), asks_card=True)


async def status(ask: Ask) -> Reply:
    """Show a pledge."""
    if any(ask.words):
        return await _look(ask)
    code = await _open_card(ask)
    if code is None:
        return Reply(kind="help", text=workers.point_to_card("status", typed=ask.ways.typed), asks_card=True)
    try:
        seen = await ask.worker.look(code)
    except UnknownCard:  # without cards that is no mistake
        return _not_pledged()
    return show(ask, seen, code)


def _not_pledged() -> Reply:
    return Reply(kind="not_pledged", text=workers.not_pledged_yet())


async def withdraw(ask: Ask) -> Reply:
    """Take a pledge back."""
    code = ask.code if any(ask.words) else await _open_card(ask)
    if code is None and any(ask.words):
        raise UnknownCard
    if code is None:
        return Reply(kind="help", text=workers.point_to_card("withdraw", typed=ask.ways.typed), asks_card=True)
    try:
        seen = await ask.worker.withdraw(code)
    except UnknownCard:
        if any(ask.words):
            raise
        return _not_pledged()
    return _withdrawn(seen, code)


async def _open_card(ask: Ask) -> str | None:
    """Return the account's own code where exactly one walkout has open entry."""
    choice = await ask.worker.open_walkouts()
    return ask.worker.open_code(choice[0].id) if len(choice) == 1 else None


async def privacy(ask: Ask) -> Reply:
    """Say what is kept."""
    return Reply(kind="privacy", text=workers.privacy(logged=ask.app.store.logs_times))
