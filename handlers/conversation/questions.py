"""What workers ask, by a button or in their own words, and what is not understood."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.errors import Refused, UnknownCard
from bot.domain.model import StepKind, Terms
from bot.parsing.questions import LONGEST, SIX, Question, asked
from bot.parsing.typed_text import plain_words
from handlers.conversation.messages import Ask, Button, Reply
from handlers.texts import general, notices, workers
from handlers.texts import questions as texts
from handlers.texts.asserted import listening


def questions_button(card: str) -> Button:
    """Return the button that leads to the questions; `card` is carried of the card shown, if there is one."""
    return Button(label=texts.questions_label(), data=f"Q:{card}")


def _six(card: str) -> tuple[Button, ...]:
    return tuple(
        Button(label=texts.label(question), data=f"Q:{card}:{question}", below=number % 2 == 0)
        for number, question in enumerate(SIX)
    )


def _back(card: str) -> tuple[Button, ...]:
    return (Button(label=texts.back_label(), data=f"R:{card}", below=True),) if card else ()


async def press(ask: Ask) -> Reply:
    """Show the six questions, or the answer to one."""
    below = not ask.card  # what was pressed could not be shown again
    question = next((each for each in SIX if [each] == [*ask.words[1:]]), None)
    if question is None:
        return Reply(kind="questions", text=texts.choose(), buttons=(*_six(ask.card), *_back(ask.card)), below=below)
    said = texts.answer(question, await _terms(ask), ask.ways.can_see())
    more = Button(label=texts.more_label(), data=f"Q:{ask.card}")
    return Reply(kind="answer", text=said, buttons=(more, *_back(ask.card)), below=below)


def meant(text: str) -> Question | None:
    """Return what somebody asks: in words of their own, or as a button is named in the language spoken now."""
    if len(text) > LONGEST:
        return None
    if (known := asked(text)) is not None:
        return known
    words = plain_words(text)
    with listening():  # they are compared and not said, so they assert nothing
        return next((each for each, label in _labels() if plain_words(label) == words), None)


def _labels() -> Iterator[tuple[Question, str]]:
    yield from ((each, texts.label(each)) for each in SIX)
    yield from ((Question.YES, workers.pledge_label(kind)) for kind in StepKind)
    yield from ((Question.STOP, label) for label in (workers.withdraw_label(), notices.stop_label()))


async def typed(ask: Ask) -> Reply:
    """Answer a question in somebody's own words."""
    question = meant(ask.words[0]) or Question.HELP
    said = texts.answer(question, await _terms(ask), ask.ways.can_see())
    return Reply(kind="answer", text=said, buttons=_six(""))


async def not_understood(_ask: Ask) -> Reply:
    """Answer what means nothing to us."""
    return Reply(kind="not_understood", text=general.not_understood(), buttons=_six(""))


async def _terms(ask: Ask) -> Terms | None:
    """Return the terms of the walkout that is meant; None if nothing here tells which."""
    if ask.code is None:
        without_cards = await ask.worker.open_walkouts()
        return without_cards[0].terms if len(without_cards) == 1 else None
    try:
        return (await ask.worker.look(ask.code, ask.of)).walkout.terms
    except UnknownCard:
        raise
    except Refused:  # it is over, or has not begun: there is nothing of its own to say
        return None
