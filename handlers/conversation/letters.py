"""What can be pressed under a letter that came by itself."""

from __future__ import annotations

from bot.domain.model import Kind
from bot.domain.roles import Became
from bot.outbox import Letter
from handlers.conversation.parts import Button
from handlers.texts import committee as texts


def buttons(letter: Letter) -> tuple[Button, ...]:
    """Return the buttons under a letter."""
    match letter.news.kind:
        case Kind.PROPOSAL if letter.proposal is not None and letter.proposal.became is Became.OPEN:
            number = letter.proposal.id
            return (
                Button(label=texts.approve(), data=f"a:{number}"),
                Button(label=texts.refuse(), data=f"r:{number}"),
            )
        case Kind.DECIDED if letter.proposal is not None and letter.proposal.became is Became.GRANTED:
            return fetch_buttons(letter.proposal.id)
        case Kind.ROLE_CARD_USED if letter.role_card is not None and not letter.role_card.settled:
            number = letter.role_card.id
            return (
                Button(label=texts.it_is_them(), data=f"f:{number}"),
                Button(label=texts.turn_away(), data=f"t:{number}"),
            )
    return ()


def fetch_buttons(number: str) -> tuple[Button, ...]:
    """Return the button by which the proposer fetches what was approved."""
    return (Button(label=texts.fetch_cards(), data=f"m:{number}"),)
