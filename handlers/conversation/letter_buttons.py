"""What can be pressed under a letter that came by itself."""

from __future__ import annotations

from bot.delivery.outbox import Letter
from bot.domain.model import Entry, Kind, WalkoutId
from bot.domain.roles import Became, Matter
from handlers.conversation.messages import Button, carry_on, say_buttons
from handlers.texts import another_try, notices, readiness
from handlers.texts import committee as texts

NO_CARD = "-"
"""In place of a code, where people pledge without cards."""


def buttons(letter: Letter) -> tuple[Button, ...]:
    """Return the buttons under a letter; a worker's carry the language in which they asked for it."""
    if letter.worker:
        by_card = letter.walkout is None or letter.walkout.terms.entry is Entry.CARDS
        under = (*another_try_buttons(letter), clear_button("" if by_card else NO_CARD))
        return carry_on(under, letter.language)
    match letter.news.kind:
        case Kind.PROPOSAL if letter.proposal is not None and letter.proposal.became is Became.OPEN:
            number = letter.proposal.id
            return (
                Button(label=texts.approve(), data=f"a:{number}"),
                Button(label=texts.refuse(), data=f"r:{number}"),
                *(terms_button(of) for of in [letter.proposal.walkout] if letter.proposal.matter is Matter.OPEN and of),
            )
        case Kind.DECIDED if (
            letter.proposal is not None and letter.proposal.became is Became.GRANTED and letter.to_proposer
        ):
            return fetch_buttons(letter.proposal.id)
        case Kind.ROLE_CARD_USED if letter.role_card is not None and not letter.role_card.settled:
            number = letter.role_card.id
            return (
                Button(label=texts.it_is_them(), data=f"f:{number}"),
                Button(label=texts.turn_away(), data=f"t:{number}"),
            )
        case Kind.ROLE_GIVEN:
            board = [] if letter.walkout is None else [(texts.board_label(), ("board", letter.walkout.id))]
            return tuple(say_buttons([*board, (texts.next_label(), ("help",))]))
    return ()


def another_try_buttons(letter: Letter) -> tuple[Button, ...]:
    """Return the button under what says: not now."""
    if letter.news.kind is not Kind.LAPSED or not letter.another_try:
        return ()
    return (Button(label=another_try.ask_label(), data=f"A:{letter.another_try}", below=True),)


def clear_button(card: str) -> Button:
    """Return the button that clears a worker's chat; `card` is carried of the card shown, '' where none is."""
    return Button(label=notices.clear_label(), data=f"x:{card}", below=True)


def fetch_buttons(number: str) -> tuple[Button, ...]:
    """Return the button by which the proposer fetches what was approved."""
    return (Button(label=texts.fetch_cards(), data=f"m:{number}"),)


def ready_buttons(walkout: WalkoutId) -> tuple[Button, ...]:
    """Return the button that says whether people are ready."""
    return tuple(say_buttons([(readiness.label(), ("ready", walkout))]))


def terms_button(walkout: WalkoutId) -> Button:
    """Return the button that shows organizers what workers will read."""
    return Button(label=texts.show_terms(), data=f"l:{walkout}", below=True)
