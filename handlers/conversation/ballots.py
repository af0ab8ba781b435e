"""Voting in a survey: a question at a time, then what is about to be cast, then it is cast.

Before that nothing is stored: the choice so far travels in the buttons.
"""

from __future__ import annotations

from bot.domain import ballots
from bot.domain.model import WalkoutId
from bot.usecases.workers import Seen
from handlers.conversation.messages import Ask, Button, Reply, carried, old_button, whole_number
from handlers.conversation.workers import on_its_card, own_buttons, show
from handlers.texts import ballots as texts
from handlers.texts.organizers_words import worded


async def press(ask: Ask) -> Reply:
    """Show a question, or after the last one what is about to be cast."""
    match ask.words[1:]:
        case ():
            return await _page(ask, 0, ballots.BLANK)
        case (number, ballot) if (nth := whole_number(number)) is not None:
            return await _page(ask, nth, ballot)
    return old_button()


async def _page(ask: Ask, nth: int, ballot: str) -> Reply:
    if ask.code is None:
        return old_button()
    seen = await ask.worker.look(ask.code, ask.of)
    questions = seen.walkout.terms.questions
    # of another step than the button names, or what somebody made up: shown is what the card opens now
    if not (seen.can_vote and ask.of == seen.walkout.id and ballots.fits(questions, ballot) and nth <= len(questions)):
        return show(ask, seen, ask.code)
    card = carried(ask.code, seen.walkout.id)
    return _last_page(seen, card, ballot) if nth == len(questions) else _question(seen, card, nth, ballot)


def _question(seen: Seen, card: str, nth: int, ballot: str) -> Reply:
    question, said = seen.walkout.terms.questions[nth], worded(seen.walkout.terms).questions[nth]
    chosen = ballots.chosen(ballot, nth)
    after = nth if question.many else nth + 1
    options = [
        _go(texts.option(name, chosen=option in chosen), card, after, ballots.choosing(question, ballot, nth, option))
        for option, name in enumerate(said.options)
    ]
    # with nothing chosen it would be what leaving out is; and Discord takes no two buttons that carry the same
    done = [_go(texts.done_label(), card, nth + 1, ballot)] if question.many and chosen else []
    leave_out = _go(texts.leave_out_label(), card, nth + 1, ballots.leaving_out(ballot, nth))
    text = texts.question(seen.walkout.terms, nth, [said.options[option] for option in chosen])
    return Reply(kind="question", text=text, buttons=(*options, *done, leave_out, _not_now(card)))


def _last_page(seen: Seen, card: str, ballot: str) -> Reply:
    buttons = (
        Button(label=texts.cast_label(), data=f"B:{card}:{ballot}"),
        _go(texts.over_label(), card, 0, ballots.BLANK),
        _not_now(card),
    )
    return Reply(kind="ballot", text=texts.about_to_cast(seen.walkout.terms, ballot), buttons=buttons)


def _go(label: str, card: str, nth: int, ballot: str) -> Button:
    return Button(label=label, data=f"V:{card}:{nth}:{ballot}", below=True)


def _not_now(card: str) -> Button:
    return Button(label=texts.not_now_label(), data=f"c:{card}", below=True)


@on_its_card
async def press_cast(ask: Ask, code: str, of: WalkoutId) -> Reply:
    """Cast what the button carries."""
    match ask.words[1:]:
        case (ballot,):
            seen = await ask.worker.vote(code, ballot, of)
            if not seen.changed:
                return show(ask, seen, code)
            return Reply(kind="voted", text=texts.cast(seen), buttons=own_buttons(seen, code))
    return old_button()
