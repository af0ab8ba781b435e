"""Which paper lies in the printer."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from bot.domain.model import Terms


class Paper(StrEnum):
    """A size of paper."""

    LETTER = "letter"
    A4 = "a4"


SIZES = {Paper.LETTER: (215.9, 279.4), Paper.A4: (210.0, 297.0)}
"""Width and height in millimetres."""

_LETTER_FROM, _LETTER_TO = timedelta(hours=-10), timedelta(hours=-4)  # Hawaii, New York in summer


def usual_paper(terms: Terms) -> Paper:
    """Guess by the offset from UTC that the organizers wrote: letter in North America, A4 elsewhere."""
    offset = terms.starts.utcoffset() or timedelta()
    return Paper.LETTER if _LETTER_FROM <= offset <= _LETTER_TO else Paper.A4
