"""One standing card per account and walkout, remembered in memory only.

A brake against one person using many cards, and no more than that: another account, or a restart, gets past it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from bot.domain.model import WalkoutId
from bot.keys import Person


class Brake:
    """Which card each account has standing in each walkout, under a key that dies with the process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._standing: dict[bytes, dict[WalkoutId, bytes]] = {}

    def others(self, who: Person, card: bytes) -> set[WalkoutId]:
        """Return the walkouts in which the account has another card than this one standing."""
        cards = self._standing.get(self._name(who), {})
        return {walkout for walkout, standing in cards.items() if standing != card}

    def remember(self, who: Person, walkout: WalkoutId, card: bytes) -> None:
        """Note that the card stands."""
        self._standing.setdefault(self._name(who), {})[walkout] = card

    def forget(self, who: Person, walkout: WalkoutId) -> None:
        """Note that no card of the account stands any more."""
        name = self._name(who)
        cards = self._standing.get(name, {})
        cards.pop(walkout, None)
        if not cards:
            self._standing.pop(name, None)

    def _name(self, who: Person) -> bytes:
        return hmac.digest(self._key, f"{who.platform}\0{who.account}".encode(), hashlib.sha256)
