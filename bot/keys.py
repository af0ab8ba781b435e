"""The key file: everything secret that outlives a restart, outside the database and its backups."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.secret import SecretBox

from bot import cards
from bot.domain.errors import KeyFileRefused
from bot.domain.model import WalkoutId, WorkplaceId

_KEY_BYTES = 32

NOTICE_BYTES = 192
"""What is sealed in a notice is padded to this: a length would tell one notice from another."""

_LONGEST_LANGUAGE = 16


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes to the bot, as their platform names them. Only ever hashed or sealed."""

    platform: str
    account: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """Whom a notice is for."""

    account: str
    language: str
    workplace: WorkplaceId  #: so that they are told whether their own goes out


class Keys:
    """The server's key, and one per walkout.

    Without a card's code nobody can compute an account from what is made here; without this file
    nobody can even try.
    """

    def __init__(
        self,
        path: Path,
        store: str,
        server: bytes,
        walkouts: dict[WalkoutId, bytes],
        closed: frozenset[WalkoutId] = frozenset(),
    ) -> None:
        self._path = path
        self.store = store  #: the name of the store these keys belong to
        self._server = server
        self._walkouts = walkouts
        self.closed = closed  #: the walkouts whose keys were destroyed; a restored backup may bring their rows back

    @property
    def walkouts(self) -> Collection[WalkoutId]:
        """The walkouts that have a key."""
        return self._walkouts.keys()

    def owner(self, walkout: WalkoutId, code: str, who: Person) -> bytes:
        """Return what binds a card to an account."""
        return _mac(self._walkouts[walkout], "owner", code, who.platform, who.account)

    def owners(self, code: str, who: Person) -> dict[WalkoutId, bytes]:
        """Return the owner under every walkout's key: which walkout a card belongs to, only the store knows."""
        return {walkout: self.owner(walkout, code, who) for walkout in self._walkouts}

    def open_code(self, walkout: WalkoutId, who: Person) -> str:
        """Return the account's own code in a walkout with open entry."""
        return cards.from_bytes(_mac(self._walkouts[walkout], "card", who.platform, who.account))

    def person(self, who: Person) -> bytes:
        """Return how an organizer or steward is recognized."""
        return _mac(self._server, "person", who.platform, who.account)

    def seed(self, who: Person, *what: bytes) -> bytes:
        """Return the same bytes whenever the same person sends the same things, and tell nobody else what they were."""
        return _mac(self._server, "seed", who.platform, who.account, *(part.hex() for part in what))

    def same(self, *what: str) -> bytes:
        """Return the same bytes for the same things, and tell nobody without the key file what they were."""
        return _mac(self._server, "same", *what)

    def seal(self, text: str) -> bytes:
        """Encrypt with the server's key."""
        return bytes(SecretBox(self._server).encrypt(text.encode()))

    def unseal(self, sealed: bytes) -> str:
        """Undo `seal`."""
        return SecretBox(self._server).decrypt(sealed).decode()

    def locator(self, walkout: WalkoutId, code: str) -> bytes:
        """Return where the notice of a card's owner is kept; without the code nobody can tell whose it is."""
        return _mac(self._walkouts[walkout], "notice", code)

    def locators(self, code: str) -> dict[WalkoutId, bytes]:
        """Return the locator under every walkout's key."""
        return {walkout: self.locator(walkout, code) for walkout in self._walkouts}

    def seal_notice(self, walkout: WalkoutId, addressee: Addressee) -> bytes:
        """Encrypt an address to the walkout's public key; gone for good when the walkout's key is destroyed."""
        fields = [addressee.account, addressee.language[:_LONGEST_LANGUAGE], addressee.workplace]
        text = json.dumps(fields, ensure_ascii=False).encode()
        # blanks after JSON mean nothing; only a name on the console could be longer
        padded = text.ljust(-(-len(text) // NOTICE_BYTES) * NOTICE_BYTES)
        return SealedBox(self._pair(walkout).public_key).encrypt(padded)

    def unseal_notice(self, walkout: WalkoutId, sealed: bytes) -> Addressee | None:
        """Undo `seal_notice`; None once the walkout's key is destroyed, or for what was not sealed here."""
        if walkout not in self._walkouts:
            return None
        try:
            account, language, workplace = json.loads(SealedBox(self._pair(walkout)).decrypt(sealed))
        except CryptoError:
            return None
        return Addressee(account=account, language=language, workplace=WorkplaceId(workplace))

    def _pair(self, walkout: WalkoutId) -> PrivateKey:
        return PrivateKey(_mac(self._walkouts[walkout], "notices"))

    def add_walkout(self, walkout: WalkoutId) -> None:
        """Make the walkout's key, and have it on disk before anything is bound with it."""
        self._save({**self._walkouts, walkout: secrets.token_bytes(_KEY_BYTES)}, self.closed - {walkout})

    def destroy_walkout(self, walkout: WalkoutId) -> None:
        """Forget the walkout's key: from then on its cards link nothing to nobody."""
        if walkout not in self.closed:
            left = {name: key for name, key in self._walkouts.items() if name != walkout}
            self._save(left, self.closed | {walkout})

    def save(self) -> None:
        """Write the file so that a crash leaves the old one or the new one, never half of it."""
        self._save(self._walkouts, self.closed)

    def _save(self, walkouts: dict[WalkoutId, bytes], closed: frozenset[WalkoutId]) -> None:
        document = {
            "store": self.store,
            "server": base64.b64encode(self._server).decode(),
            "walkouts": {name: base64.b64encode(key).decode() for name, key in walkouts.items()},
            "closed": sorted(closed),
        }
        fresh = self._path.with_suffix(".key.new")
        fresh.unlink(missing_ok=True)  # left by a crash, perhaps readable by others
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._walkouts, self.closed = walkouts, closed  # only now: what could not be written is tried again


def open_keys(path: Path, *, database: Path) -> Keys:
    """Read the key file, or make it at the very first start. Raises KeyFileRefused."""
    has_data = database.exists() and database.stat().st_size > 0
    if not path.exists():
        if has_data:
            raise KeyFileRefused(str(path), "missing")
        keys = Keys(path, secrets.token_hex(16), secrets.token_bytes(_KEY_BYTES), {})
        keys.save()
        return keys
    if path.stat().st_mode & 0o077:
        raise KeyFileRefused(str(path), "exposed")
    keys = _read(path)
    if keys.walkouts and not has_data:
        raise KeyFileRefused(str(path), "orphaned")
    return keys


def _read(path: Path) -> Keys:
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        document = json.loads(path.read_bytes())
        server = base64.b64decode(document["server"], validate=True)
        walkouts = {WalkoutId(name): base64.b64decode(key, validate=True) for name, key in document["walkouts"].items()}
        closed = frozenset(map(WalkoutId, document.get("closed", ())))
        store = document["store"]
        if isinstance(store, str) and all(len(key) == _KEY_BYTES for key in (server, *walkouts.values())):
            return Keys(path, store, server, walkouts, closed)
    raise KeyFileRefused(str(path), "damaged")


def _mac(key: bytes, *parts: str) -> bytes:
    # JSON keeps the parts apart: ("a", "bc") and ("ab", "c") must differ
    return hmac.digest(key, json.dumps(parts).encode(), hashlib.sha256)
