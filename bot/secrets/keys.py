"""Everything secret that outlives a restart, outside the database and its backups; and what is made with it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.secret import SecretBox

from bot.domain.errors import KeyFileRefused
from bot.domain.model import UnitId, WalkoutId
from bot.domain.pledging import HASH_BYTES, NewCard
from bot.process.logs import Event
from bot.secrets import card_codes, key_file
from bot.secrets.key_file import COST, KEY_BYTES, Contents, Cost, Lock, ServerKey, Unreadable

log = logging.getLogger(__name__)

_Hash = hashlib.blake2b  #: one that is under way

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
    unit: UnitId  #: so that they are told whether their own goes out


class Bearer:
    """A card in somebody's hand, under the keys there were when they showed it; see bot.domain.pledging.Bearer."""

    def __init__(self, walkouts: Mapping[WalkoutId, _WalkoutKeys], code: str, who: Person) -> None:
        self._walkouts = walkouts
        self._code = code
        self._who = who
        self.card = card_codes.key_of(code)
        self.keys = {walkout: keys.rows(self.card) for walkout, keys in walkouts.items()}

    def free(self, walkout: WalkoutId) -> bytes:
        """Return what stands for the owner of a card that nobody has pledged."""
        return self._walkouts[walkout].free(self.card)

    def owner(self, walkout: WalkoutId) -> bytes:
        """Return what stands for this person as the card's owner."""
        keys = self._walkouts[walkout]
        return keys.bound(_mac(keys.walkout, "owner", self._code, self._who.platform, self._who.account))

    def notice(self, walkout: WalkoutId) -> bytes:
        """Return where the notice of a card's owner is kept; without the code nobody can tell whose it is."""
        return _mac(self._walkouts[walkout].walkout, "notice", self._code)

    def ballot(self, walkout: WalkoutId) -> bytes:
        """Return where the ballot of this person is kept; without code and account nobody can tell whose it is."""
        return _mac(self._walkouts[walkout].walkout, "ballot", self._code, self._who.platform, self._who.account)


@dataclass(frozen=True, slots=True, repr=False)
class _WalkoutKeys:
    """What a walkout's cards and pledges are kept under; each part is 32 bytes long."""

    walkout: bytes
    cards: bytes  #: the register's
    _card: _Hash
    _pledge: _Hash

    @classmethod
    def of(cls, walkout: bytes) -> _WalkoutKeys:
        register = _keyed(walkout, b"cards")
        return cls(walkout, register, _begun(register, b"card"), _begun(walkout, b"pledge"))

    def rows(self, card: bytes) -> tuple[bytes, bytes]:
        registered = _ended(self._card, card)
        return registered, _ended(self._pledge, registered)

    def free(self, card: bytes) -> bytes:
        return _keyed(self.cards, b"free", card)

    def bound(self, owner: bytes) -> bytes:
        return _keyed(self.cards, b"owner", owner)

    def new(self, card: bytes) -> NewCard:
        return NewCard(*self.rows(card), self.free(card))


class Keys:
    """The server's key, and one per walkout.

    Without a card's code nobody can compute an account from what is made here; without this file
    nobody can even try.
    """

    def __init__(self, path: Path, contents: Contents, lock: Lock | None = None, *, stale: bool = False) -> None:
        self.path = path
        self._hold(contents)
        self._lock = lock
        self._stale = stale  #: the file is not written as it should be

    @property
    def store(self) -> str:
        """The name of the store these keys belong to."""
        return self._contents.server.store

    @property
    def following(self) -> Keys | None:
        """The keys as they will be once the store has been changed to another server's key."""
        following = self._contents.following
        return None if following is None else Keys(self.path, replace(self._contents, server=following))

    @property
    def closed(self) -> frozenset[WalkoutId]:
        """The walkouts whose keys were destroyed."""
        return self._contents.closed

    @property
    def walkouts(self) -> Collection[WalkoutId]:
        """The walkouts that have a key."""
        return self._walkouts.keys()

    @property
    def _server(self) -> bytes:
        return self._contents.server.key

    @property
    def _walkouts(self) -> Mapping[WalkoutId, bytes]:
        return self._contents.walkouts

    def bearer(self, code: str, who: Person, of: WalkoutId | None = None) -> Bearer:
        """Name a card in somebody's hand, where it is known of which walkout; if not, only the store can tell."""
        return Bearer(self._cards if of is None else _only(self._cards, of), code, who)

    def new_card(self, walkout: WalkoutId, card: bytes) -> NewCard:
        """Return how a card is kept that nobody has pledged, given SHA-256 of its code. Raises ValueError."""
        if len(card) != HASH_BYTES:
            raise ValueError(f"the hash of a code is {HASH_BYTES} bytes")
        return self._cards[walkout].new(card)

    def kept_anew(self, walkout: WalkoutId, card: bytes, owner: bytes | None) -> NewCard | None:
        """Return how a card is kept from now on that older versions kept under SHA-256 of its code.

        None where the walkout's key was destroyed: then nothing is kept. Raises KeyFileRefused.
        """
        if walkout in self.closed:
            return None
        if walkout not in self._cards:
            raise KeyFileRefused(str(self.path), "outdated")
        kept = self.new_card(walkout, card)
        return kept if owner is None else kept._replace(owner=self._cards[walkout].bound(owner))

    def open_code(self, walkout: WalkoutId, who: Person) -> str:
        """Return the account's own code in a walkout with open entry."""
        return card_codes.from_bytes(_mac(self._walkouts[walkout], "card", who.platform, who.account))

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

    def seal_notice(self, walkout: WalkoutId, addressee: Addressee) -> bytes:
        """Encrypt an address to the walkout's public key; gone for good when the walkout's key is destroyed."""
        fields = [addressee.account, addressee.language[:_LONGEST_LANGUAGE], addressee.unit]
        text = json.dumps(fields, ensure_ascii=False).encode()
        # blanks after JSON mean nothing; only a name on the console could be longer
        padded = text.ljust(-(-len(text) // NOTICE_BYTES) * NOTICE_BYTES)
        return SealedBox(self._pair(walkout).public_key).encrypt(padded)

    def unseal_notice(self, walkout: WalkoutId, sealed: bytes) -> Addressee | None:
        """Undo `seal_notice`; None once the walkout's key is destroyed, or for what was not sealed here."""
        if walkout not in self._walkouts:
            return None
        try:
            account, language, unit = json.loads(SealedBox(self._pair(walkout)).decrypt(sealed))
        except CryptoError:
            return None
        return Addressee(account=account, language=language, unit=UnitId(unit))

    def _pair(self, walkout: WalkoutId) -> PrivateKey:
        return PrivateKey(_mac(self._walkouts[walkout], "notices"))

    def add_walkout(self, walkout: WalkoutId) -> None:
        """Make the walkout's key, and have it on disk before anything is bound with it."""
        fresh = secrets.token_bytes(KEY_BYTES)
        kept = self._contents.closed - {walkout}
        self._save(replace(self._contents, walkouts={**self._walkouts, walkout: fresh}, closed=kept))

    def destroy_walkout(self, walkout: WalkoutId) -> None:
        """Forget the walkout's key: from then on its cards link nothing to nobody."""
        if walkout not in self.closed:
            rest = {name: key for name, key in self._walkouts.items() if name != walkout}
            self._save(replace(self._contents, walkouts=rest, closed=self.closed | {walkout}))

    def begin_rotation(self) -> None:
        """Make another server's key, to which the store is changed when nothing else uses this one; see `following`."""
        self._save(replace(self._contents, following=self._contents.following or ServerKey.new()))

    def end_rotation(self) -> None:
        """Forget the server's key as it was: the store is under the other one now."""
        if self._contents.following is not None:
            self._save(replace(self._contents, server=self._contents.following, following=None))

    def copy(self, lock: Lock) -> bytes:
        """Return a key file of the same keys, sealed with a passphrase of its own."""
        return key_file.write_down(self._contents, lock)

    def stand_in_file(self) -> bool:
        """Say whether the file still holds these keys. Raises KeyFileRefused where it would be refused at a start."""
        return _look(self.path, self._lock)[0] == self._contents

    def save(self) -> None:
        """Write the file."""
        self._save(self._contents)

    def renew_file(self) -> None:
        """Write the file anew if it is of an older kind. Only for whoever owns the store."""
        if self._stale:
            self.save()
            if self._lock is not None:
                log.warning(Event.SEALED)

    def _save(self, contents: Contents) -> None:
        key_file.save(self.path, key_file.write_down(contents, self._lock))
        self._hold(contents)  # only now: what could not be written is tried again
        self._stale = False

    def _hold(self, contents: Contents) -> None:
        self._contents = contents
        self._cards = {walkout: _WalkoutKeys.of(key) for walkout, key in contents.walkouts.items()}


def open_keys(path: Path, *, database: Path, passphrase_file: Path | None = None, cost: Cost = COST) -> Keys:
    """Read the key file, or make it at the very first start. Raises KeyFileRefused.

    With a passphrase, what is not sealed yet is sealed at this cost when it is written next.
    """
    has_data = database.exists() and database.stat().st_size > 0
    passphrase = None if passphrase_file is None else key_file.read_passphrase(passphrase_file)
    if not path.exists():
        if has_data:
            raise KeyFileRefused(str(path), "missing")
        lock = None if passphrase is None else Lock.of(passphrase, cost)
        made = Keys(path, Contents(server=ServerKey.new(), walkouts={}), lock)
        with key_file.alone_in(path.parent):
            if not path.exists():  # another first start may have been quicker
                made.save()
                return made
    contents, lock, newest = _look(path, passphrase)
    if contents.walkouts and not has_data:
        raise KeyFileRefused(str(path), "orphaned")
    unsealed = lock is None and passphrase is not None
    if passphrase is not None and lock is None:
        lock = Lock.of(passphrase, cost)
    return Keys(path, contents, lock, stale=unsealed or not newest)


def put_back(copy: Path, path: Path, *, passphrase: bytes, passphrase_file: Path | None, cost: Cost = COST) -> None:
    """Make a copy of the key file this server's own again. Raises KeyFileRefused, also if there is one."""
    own = None if passphrase_file is None else key_file.read_passphrase(passphrase_file)
    contents, _lock, _newest = _read(copy, passphrase)
    made = Keys(path, contents, None if own is None else Lock.of(own, cost))
    with key_file.alone_in(path.parent):
        if path.exists():
            raise KeyFileRefused(str(path), "there")
        made.save()


def _look(path: Path, passphrase: bytes | Lock | None) -> tuple[Contents, Lock | None, bool]:
    if not path.exists():
        raise KeyFileRefused(str(path), "missing")
    if path.stat().st_mode & 0o077:
        raise KeyFileRefused(str(path), "exposed")
    return _read(path, passphrase)


def _read(path: Path, passphrase: bytes | Lock | None) -> tuple[Contents, Lock | None, bool]:
    try:
        return key_file.read(path.read_bytes(), passphrase)
    except Unreadable as unreadable:
        raise KeyFileRefused(str(path), unreadable.why) from None


def _only(cards: Mapping[WalkoutId, _WalkoutKeys], walkout: WalkoutId) -> Mapping[WalkoutId, _WalkoutKeys]:
    return {walkout: cards[walkout]} if walkout in cards else {}


def _keyed(key: bytes, purpose: bytes, what: bytes = b"") -> bytes:
    return _ended(_begun(key, purpose), what)


# Whoever types a code pays for two of these for each walkout: five times as fast as an HMAC of JSON, and twice as fast
# again where it is begun beforehand.
def _begun(key: bytes, purpose: bytes) -> _Hash:
    return hashlib.blake2b(key=key, person=purpose, digest_size=KEY_BYTES)


def _ended(begun: _Hash, what: bytes) -> bytes:
    ended = begun.copy()
    ended.update(what)
    return ended.digest()


def _mac(key: bytes, *parts: str) -> bytes:
    # JSON keeps the parts apart: ("a", "bc") and ("ab", "c") must differ
    return hmac.digest(key, json.dumps(parts).encode(), hashlib.sha256)
