"""One-time words that tie a chat to a walkout: typed in the chat, confirmed by the organizer in private.

In memory only: a word lives ten minutes, and after a restart the organizer asks for another.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.model import UnitId, WalkoutId
from bot.parsing import typed_text
from bot.process.clock import Clock
from bot.secrets.card_codes import ALPHABET
from bot.secrets.keys import Person

LASTS = timedelta(minutes=10)
LETTERS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What an organizer wants a chat to hear. `address` is known once the word was seen in a chat."""

    organizer: Person
    walkout: WalkoutId
    scope: UnitId | None
    until: datetime
    language: str = ""
    address: str | None = None


class PairingWords:
    """The words that are waiting to be seen, or to be confirmed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wishes: dict[str, Wish] = {}

    def give(self, organizer: Person, walkout: WalkoutId, scope: UnitId | None, language: str = "") -> str:
        """Make a word for this wish."""
        now = self._clock()
        self._wishes = {word: wish for word, wish in self._wishes.items() if wish.until > now}
        word = "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
        self._wishes[word] = Wish(
            organizer=organizer, walkout=walkout, scope=scope, until=now + LASTS, language=language
        )
        return word

    def seen(self, text: str, way: str, address: str) -> tuple[str, Wish] | None:
        """Note that a word was written in a chat; None if no such word waits there, or it was seen in another chat."""
        word = typed_text.word(text)
        wish = self._wishes.get(word)
        if wish is None or wish.until <= self._clock() or wish.address not in {None, address}:
            return None
        if wish.organizer.way != way:  # another bot has given it, and waits for it
            return None
        self._wishes[word] = wish = replace(wish, address=address)
        return word, wish

    def confirm(self, word: str, organizer: Person) -> Wish | None:
        """Use a word up; None if it has gone, was not seen yet, or is another organizer's."""
        wish = self._wishes.get(word)
        if wish is None or wish.until <= self._clock() or wish.organizer != organizer or wish.address is None:
            return None
        del self._wishes[word]
        return wish
