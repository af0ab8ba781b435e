"""What stewards read who count by hand how many take part."""

from __future__ import annotations

from datetime import datetime

from bot.domain.model import Terms
from handlers.texts.catalogue import _, ngettext
from handlers.texts.times import number, when


def took_part(workplace: str, n: int, until: datetime, terms: Terms) -> str:
    """Confirm a count."""
    return ngettext(
        "{workplace}: {n} person takes part, as you count. You can change it until {until}: send /tookpart again.",
        "{workplace}: {n} people take part, as you count. You can change it until {until}: send /tookpart again.",
        n,
    ).format(workplace=workplace, n=number(n), until=when(until, terms))


def usage() -> str:
    """Say how it is counted."""
    return _('Send /tookpart and how many take part, like /tookpart 38, or /tookpart "Workplace" 38. Write no names.')


def remind() -> str:
    """Stand under what stewards hear when it starts."""
    return _("Count how many take part here, without names, and send me the number, like /tookpart 38.")


def not_counted() -> str:
    """Refuse a count that nobody asks for."""
    return _(
        "Stewards count here by hand only where the walkout says so, from its start until a day after. "
        "Nothing was changed."
    )


def too_many(workplace: str, most: int) -> str:
    """Refuse a count above the head-count."""
    return ngettext(
        "{workplace} has {n} person, so no more can take part. Nothing was changed.",
        "{workplace} has {n} people, so no more can take part. Nothing was changed.",
        most,
    ).format(workplace=workplace, n=number(most))
