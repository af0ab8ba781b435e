"""What can be pressed while organizers write what they want to say themselves."""

from __future__ import annotations

from collections.abc import Sequence

from bot.usecases.sketches import InHand, Wording
from handlers.conversation.messages import Button
from handlers.texts import committee_word as texts
from handlers.texts import drafting as drafting_texts

DROP, SHOW = "drop", "show"


def while_asked(hand: InHand, wording: Wording) -> tuple[Button, ...]:
    """Return the button under the question for the words."""
    if wording.words:
        return (_button(hand, drafting_texts.back(), SHOW),)
    return (_button(hand, texts.drop_label(), DROP),)


def under_page(hand: InHand, wording: Wording, known: Sequence[str]) -> tuple[Button, ...]:
    """Return what can be pressed under the page beside the button that proposes it."""
    more = [_button(hand, texts.language_label(each), each) for each in known if each not in wording.words]
    return (*more, _button(hand, texts.anew_label(), wording.own), _button(hand, texts.drop_label(), DROP))


def _button(hand: InHand, label: str, what: str) -> Button:
    return Button(label=label, data=f"W:{hand.number}:{what}", below=True)
