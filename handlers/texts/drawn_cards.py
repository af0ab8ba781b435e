"""What stewards read about the cards they have let people draw."""

from __future__ import annotations

from handlers.texts.catalogue import _, ngettext
from handlers.texts.times import number


def drawn(workplace: str, n: int) -> str:
    """Confirm a count."""
    return ngettext(
        "{workplace}: {n} card drawn. If more are pledged, organizers are warned at the next tally.",
        "{workplace}: {n} cards drawn. If more are pledged, organizers are warned at the next tally.",
        n,
    ).format(workplace=workplace, n=number(n))


def drawn_usage() -> str:
    """Say how cards are counted."""
    return _('Send /drawn and how many cards were drawn so far, like /drawn 38, or /drawn "Workplace" 38.')


def more_than_drawn(workplace: str) -> str:
    """Warn an organizer, without a number."""
    return _(
        "{workplace}: more cards are pledged than its steward says were drawn. Ask the steward to count what is left "
        "and send /drawn again. If that explains nothing, cards may have been copied."
    ).format(workplace=workplace)


def more_than_people(workplace: str) -> str:
    """Warn an organizer, without a number, and say what can be done."""
    return _(
        "{workplace}: more cards are pledged than people work there. I count no more than its people. You can end all "
        "its cards and pledges, so that everybody draws a new card and pledges again: "
        '/cards recall "{workplace}"'
    ).format(workplace=workplace)
