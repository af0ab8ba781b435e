"""References: eight letters under every announcement, by which anybody can ask whether the bot made it."""

from __future__ import annotations

import secrets

from bot.secrets.card_codes import ALPHABET

LENGTH = 8
GROUP = 4


def mint() -> str:
    """Make a new reference: 40 random bits, too many to try."""
    number = secrets.randbits(5 * LENGTH)  # at once: a tally may need thousands
    return "".join(ALPHABET[number >> shift & 31] for shift in range(0, 5 * LENGTH, 5))


def pretty(reference: str) -> str:
    """Return the reference as people read it: two groups of four."""
    return f"{reference[:GROUP]}-{reference[GROUP:]}"
