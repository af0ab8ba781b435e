"""Everything secret that outlives a restart, outside the database and its backups; and what is made with it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from nacl.secret import SecretBox

from bot.domain.errors import KeyFileRefused, KeysNotChanged
from bot.domain.model import Stage, UnitId, Walkout, WalkoutId
from bot.domain.pledging import HASH_BYTES, NewCard
from bot.domain.ways import platform_of
from bot.process.logs import Event
from bot.secrets import card_codes, key_file
from bot.secrets.key_file import COST, KEY_BYTES, Contents, Cost, Lock, ServerKey, Unreadable

log = logging.getLogger(__name__)

_Hash = hashlib.blake2b  #: one that is under way

NOTICE_BYTES = 192
"""What is sealed in a notice is padded to this: a length would tell one notice from another."""

_LONGEST_LANGUAGE = 16

_BUTTON_LETTERS = 10
"""Of what a button carries: fifty bits, tried by presses alone."""

_LOOKED_WITHIN_S = 1.0
"""How long whoever shows an unknown card waits for the folder."""

_CHANGED_WITHIN_S = 5.0
"""How long whoever wants a change waits for it: longer than another process may take."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes to the bot, as their platform names them, and the way by which they do. Only ever hashed or sealed.

    Who they are is their platform and account, by whichever of its bots.
    """

    way: str
    account: str

    @property
    def platform(self) -> str:
        """Return the platform that names them so."""
        return platform_of(self.way)


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """Whom a notice is for."""

    account: str
    language: str
    unit: UnitId  #: so that they are told whether their own goes out


class Bearer:
    """A card in somebody's hand, under the keys there were when they showed it; see bot.domain.pledging.Bearer."""

    def __init__(self, registers: Mapping[WalkoutId, _Register], code: str, who: Person) -> None:
        self.code = code
        self.who = who
        self._of: dict[WalkoutId, _Register] = {}
        self.card = card_codes.key_of(code)
        self.keys: dict[WalkoutId, tuple[bytes, bytes]] = {}
        for campaign, register in registers.items():
            registered = register.card(self.card)
            # between two steps a campaign stands for itself; its cards have no pledge then, so no key of one is needed
            if not register.steps:
                self._of[campaign] = register
                self.keys[campaign] = registered, registered
            for step, pledges in register.steps.items():
                self._of[step] = register
                self.keys[step] = registered, pledges.key(registered)

    def free(self, walkout: WalkoutId) -> bytes:
        """Return what stands for the owner of a card that nobody has pledged."""
        return self._of[walkout].free(self.card)

    def owner(self, walkout: WalkoutId) -> bytes:
        """Return what stands for this person as the card's owner."""
        register = self._of[walkout]
        return register.bound(_mac(register.owners, "owner", self.code, self.who.platform, self.who.account))

    def notice(self, walkout: WalkoutId) -> bytes:
        """Return where the notice of a card's owner is kept; without the code nobody can tell whose it is."""
        return _mac(self._step(walkout), "notice", self.code)

    def ballot(self, walkout: WalkoutId) -> bytes:
        """Return where this person's ballot is kept; without code and account nobody can tell whose it is."""
        return _mac(self._step(walkout), "ballot", self.code, self.who.platform, self.who.account)

    def _step(self, walkout: WalkoutId) -> bytes:
        return self._of[walkout].steps[walkout].walkout


@dataclass(frozen=True, slots=True, repr=False)
class _Pledges:
    """What a walkout's pledges are kept under."""

    walkout: bytes  #: its key
    _pledge: _Hash

    @classmethod
    def of(cls, walkout: bytes) -> _Pledges:
        return cls(walkout, _begun(walkout, b"pledge"))

    def key(self, registered: bytes) -> bytes:
        return _ended(self._pledge, registered)


@dataclass(frozen=True, slots=True, repr=False)
class _Register:
    """What the cards of a campaign, or of a walkout on its own, are kept under, and the pledges of each step."""

    key: bytes
    owners: bytes  #: what owners are hashed with before that; of a walkout on its own it is the walkout's key
    steps: Mapping[WalkoutId, _Pledges]  #: those that have a key
    _card: _Hash

    @classmethod
    def of(cls, key: bytes, steps: Mapping[WalkoutId, bytes], *, owners: bytes | None = None) -> _Register:
        pledges = {step: _Pledges.of(walkout) for step, walkout in steps.items()}
        return cls(key, key if owners is None else owners, pledges, _begun(key, b"card"))

    @classmethod
    def alone(cls, walkout: WalkoutId, key: bytes) -> _Register:
        return cls.of(_keyed(key, b"cards"), {walkout: key}, owners=key)

    def card(self, card: bytes) -> bytes:
        return _ended(self._card, card)

    def free(self, card: bytes) -> bytes:
        return _keyed(self.key, b"free", card)

    def bound(self, owner: bytes) -> bytes:
        return _keyed(self.key, b"owner", owner)

    def new(self, walkout: WalkoutId, card: bytes) -> NewCard:
        registered = self.card(card)
        return NewCard(registered, self.steps[walkout].key(registered), self.free(card))


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    """What is in memory, changed in one go: a thread may take what is new while another reads."""

    contents: Contents
    mark: bytes  #: of the file in which it stands
    registers: Mapping[WalkoutId, _Register]

    @classmethod
    def of(cls, contents: Contents, mark: bytes) -> _Held:
        steps: dict[WalkoutId, dict[WalkoutId, bytes]] = {campaign: {} for campaign in contents.registers}
        registers: dict[WalkoutId, _Register] = {}
        for walkout, key in contents.walkouts.items():
            if walkout in contents.steps:
                steps[contents.steps[walkout]][walkout] = key
            else:
                registers[walkout] = _Register.alone(walkout, key)
        for campaign, key in contents.registers.items():
            registers[campaign] = _Register.of(key, steps[campaign])
        return cls(contents, mark, registers)


class Keys:
    """The server's key, and one per walkout.

    Several processes may have the same file: each change is made to the newest, and each follows what others change.

    Without a card's code nobody can compute an account from what is made here; without this file
    nobody can even try.
    """

    def __init__(
        self,
        path: Path,
        contents: Contents,
        lock: Lock | None = None,
        *,
        passphrase_file: Path | None = None,
        mark: bytes = b"",
        stale: bool = False,
        bare: bool = False,
    ) -> None:
        self.path = path
        self._lock = lock
        self._passphrase_file = passphrase_file  #: where others seal the file with a salt of their own
        self._stale = stale  #: the file is not written as it should be
        self._bare = bare  #: there is a passphrase, and the file is not sealed with it yet
        self._held = _Held.of(contents, mark)

    @property
    def _contents(self) -> Contents:
        return self._held.contents

    @property
    def _registers(self) -> Mapping[WalkoutId, _Register]:
        return self._held.registers

    @property
    def is_behind(self) -> bool:
        """Whether the file is not as it is known here; `catch_up` takes what has changed, or says what is wrong."""
        try:
            return key_file.mark_of(self.path) != self._held.mark
        except (KeyFileRefused, OSError):
            return True

    def catch_up(self) -> None:
        """Take what another process has changed: new keys are known, and those destroyed are let go of.

        Raises KeyFileRefused, also where the file is older than what is known, and OSError; then all stays as it was.
        """
        with key_file.turn(self.path):
            self._catch_up()

    def _catch_up(self) -> None:
        data = key_file.read_file(self.path)
        if key_file.mark(data) == self._held.mark:
            return
        contents, lock, newest = _read(self.path, data, self._lock, self._passphrase_file)
        if not contents.may_follow(self._contents):
            raise KeyFileRefused(str(self.path), "outdated")
        self._stale, self._bare = not newest, lock is None and self._lock is not None
        self._lock = lock or self._lock
        self._held = _Held.of(contents, key_file.mark(data))

    def knows(self, walkout: WalkoutId) -> bool:
        """Say whether the walkout has a key."""
        self._look_for(walkout)
        return walkout in self._walkouts

    def _look_for(self, name: WalkoutId) -> None:
        """Look into the file for a key that is missing and was not destroyed: another process may have made it now."""
        known = self._contents
        if any(name in each for each in (known.walkouts, known.closed, known.registers, known.ended)):
            return
        with suppress(KeyFileRefused, OSError):  # then it is as missing as before; whoever looks each second says why
            self.catch_up()

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
    def ended(self) -> frozenset[WalkoutId]:
        """The campaigns whose register's key was destroyed."""
        return self._contents.ended

    def lack(self, walkout: Walkout) -> bool:
        """Say whether the store knows a walkout that is not closed, or cards, whose keys never were in this file."""
        self._look_for(walkout.id)
        if walkout.in_campaign:
            self._look_for(walkout.register)
        lost = walkout.register not in self._contents.registers and walkout.register not in self.ended
        if walkout.in_campaign and not walkout.cards_gone and lost:
            return True
        return walkout.stage is not Stage.CLOSED and walkout.id not in self.closed and walkout.id not in self.walkouts

    @property
    def _server(self) -> bytes:
        return self._contents.server.key

    @property
    def _walkouts(self) -> Mapping[WalkoutId, bytes]:
        return self._contents.walkouts

    def bearer(self, code: str, who: Person, of: WalkoutId | None = None) -> Bearer:
        """Name a card in somebody's hand, where it is known of which walkout; if not, only the store can tell.

        Of a step, it is looked for in all steps of its campaign.
        """
        return Bearer(self._registers if of is None else self._only(of), code, who)

    async def newer(self, bearer: Bearer) -> Bearer | None:
        """Name a card anew that was looked for in all walkouts; None where another process has made no keys since."""
        with suppress(KeyFileRefused, OSError):  # whoever looks each second says why
            async with asyncio.timeout(_LOOKED_WITHIN_S):
                await asyncio.to_thread(self.catch_up)
        newer = self.bearer(bearer.code, bearer.who)
        return newer if newer.keys.keys() - bearer.keys.keys() else None

    def _only(self, walkout: WalkoutId) -> Mapping[WalkoutId, _Register]:
        self._look_for(walkout)
        register = self._contents.steps.get(walkout, walkout)
        return {register: self._registers[register]} if register in self._registers else {}

    def _register(self, walkout: WalkoutId) -> _Register:
        return self._only(walkout)[self._contents.steps.get(walkout, walkout)]

    def new_card(self, walkout: WalkoutId, card: bytes) -> NewCard:
        """Return how a card is kept that nobody has pledged, given SHA-256 of its code. Raises ValueError."""
        if len(card) != HASH_BYTES:
            raise ValueError(f"the hash of a code is {HASH_BYTES} bytes")
        return self._register(walkout).new(walkout, card)

    def pledge(self, walkout: WalkoutId, registered: bytes) -> bytes | None:
        """Return where the pledge of a card in the register is kept in this step; None where its key is destroyed.

        Raises KeyFileRefused where it never was in the file, as far as that can be read.
        """
        self._check_known(walkout)
        pledges = self._register(walkout).steps.get(walkout) if self._only(walkout) else None
        return None if pledges is None else pledges.key(registered)

    def _check_known(self, walkout: WalkoutId) -> None:
        if not self.knows(walkout) and walkout not in self.closed:
            raise KeyFileRefused(str(self.path), "outdated")

    def kept_anew(self, walkout: WalkoutId, card: bytes, owner: bytes | None) -> NewCard | None:
        """Return how a card is kept from now on that older versions kept under SHA-256 of its code.

        None where the walkout's key was destroyed: then nothing is kept. Raises KeyFileRefused.
        """
        self._check_known(walkout)
        if walkout in self.closed:
            return None
        kept = self.new_card(walkout, card)
        return kept if owner is None else kept._replace(owner=self._register(walkout).bound(owner))

    def open_code(self, walkout: WalkoutId, who: Person) -> str:
        """Return the account's own code in a walkout with open entry."""
        self._look_for(walkout)
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
        return _sealed(self._pair(walkout), addressee)

    def unseal_notice(self, walkout: WalkoutId, sealed: bytes) -> Addressee | None:
        """Undo `seal_notice`; None once the walkout's key is destroyed, or for what was not sealed here.

        Raises KeyFileRefused where it never was in the file, as far as that can be read.
        """
        self._check_known(walkout)
        return None if walkout in self.closed else _unsealed(self._pair(walkout), sealed)

    # Whoever asks is known by the account alone, since a letter knows no card. That is no weaker than what is sealed,
    # which the same key opens.
    def _campaign(self, campaign: WalkoutId) -> bytes | None:
        self._look_for(campaign)
        return self._contents.registers.get(campaign)

    def wish(self, campaign: WalkoutId, who: Person) -> tuple[bytes, str] | None:
        """Return where somebody's wish is kept, and what their button carries, which nobody else can make up.

        None once the campaign's key is destroyed.
        """
        key = self._campaign(campaign)
        if key is None:
            return None
        asks = _mac(key, "another try", who.platform, who.account)
        return _mac(key, "wish", who.platform, who.account), card_codes.from_bytes(asks)[:_BUTTON_LETTERS]

    def seal_wish(self, campaign: WalkoutId, addressee: Addressee) -> bytes:
        """Encrypt an address to the campaign's public key."""
        return _sealed(self._wishes(campaign), addressee)

    def unseal_wish(self, campaign: WalkoutId, sealed: bytes) -> Addressee | None:
        """Undo `seal_wish`; None once the campaign's key is destroyed, or for what was not sealed here."""
        return None if self._campaign(campaign) is None else _unsealed(self._wishes(campaign), sealed)

    def _wishes(self, campaign: WalkoutId) -> PrivateKey:
        key = self._campaign(campaign)
        if key is None:
            raise KeyError(campaign)
        return PrivateKey(_mac(key, "wishes"))

    def _pair(self, walkout: WalkoutId) -> PrivateKey:
        return PrivateKey(_mac(self._walkouts[walkout], "notices"))

    def add_walkout(self, walkout: WalkoutId, *, campaign: WalkoutId | None = None) -> None:
        """Make the walkout's key, and have it on disk before anything is bound with it. The one it has stays.

        As a campaign's first step, which the campaign is called as, it brings the register's key as well.
        """

        def add(contents: Contents) -> Contents:
            walkouts = {walkout: secrets.token_bytes(KEY_BYTES), **contents.walkouts}
            made = replace(contents, walkouts=walkouts, closed=contents.closed - {walkout})
            if campaign is None:
                return made
            registers = {campaign: secrets.token_bytes(KEY_BYTES), **contents.registers}
            steps = {**contents.steps, walkout: campaign}
            return replace(made, registers=registers, steps=steps, ended=contents.ended - {campaign})

        self._change(add)

    def destroy_walkout(self, walkout: WalkoutId) -> None:
        """Forget the walkout's key: from then on its pledges, and without a campaign its cards, link nothing."""

        def destroy(contents: Contents) -> Contents:
            rest = {name: key for name, key in contents.walkouts.items() if name != walkout}
            return replace(contents, walkouts=rest, closed=contents.closed | {walkout})

        if walkout not in self.closed:
            self._change(destroy)

    def destroy_register(self, campaign: WalkoutId) -> None:
        """Forget the key of a campaign's register: from then on its cards link nothing to nobody."""

        def destroy(contents: Contents) -> Contents:
            registers = {name: key for name, key in contents.registers.items() if name != campaign}
            steps = {step: of for step, of in contents.steps.items() if of != campaign}
            return replace(contents, registers=registers, steps=steps, ended=contents.ended | {campaign})

        if campaign not in self.ended:
            self._change(destroy)

    def begin_rotation(self) -> None:
        """Make another server's key, to which the store is changed when nothing else uses this one; see `following`."""
        self._change(lambda contents: replace(contents, following=contents.following or ServerKey.new()))

    def end_rotation(self) -> None:
        """Forget the server's key as it was: the store is under the other one now."""

        def end(contents: Contents) -> Contents:
            following = contents.following
            return contents if following is None else replace(contents, server=following, following=None)

        self._change(end)

    def copy(self, lock: Lock) -> bytes:
        """Return a key file of the same keys, sealed with a passphrase of its own."""
        return key_file.write_down(self._contents, lock)

    def stand_in_file(self) -> bool:
        """Say whether the file still holds these keys, or what has become of them.

        Raises KeyFileRefused where it would be refused at a start.
        """
        data = key_file.read_file(self.path)
        return _read(self.path, data, self._lock, self._passphrase_file)[0].may_follow(self._contents)

    def renew_file(self) -> None:
        """Write the file anew if it is of an older kind. Only for whoever owns the store."""
        if self._stale or self._bare:
            sealed = self._bare
            self._change(lambda contents: contents, anyway=True)
            if sealed:
                log.warning(Event.SEALED)

    def _change(self, change: Callable[[Contents], Contents], *, anyway: bool = False) -> None:
        """Change the newest there is. Raises KeyFileRefused and OSError; then nothing is changed here either."""
        with key_file.changing(self.path) as put:
            self._catch_up()
            made = change(self._contents)
            if anyway or made != self._contents:
                self._write(made, put)

    def _write(self, contents: Contents, put: Callable[[bytes], None]) -> None:
        numbered = replace(contents, number=contents.number + 1)
        data = key_file.write_down(numbered, self._lock)
        put(data)
        self._held = _Held.of(numbered, key_file.mark(data))  # only now: what could not be written is tried again
        self._stale = self._bare = False

    def make_file(self) -> bool:
        """Write the file where there is none; say whether it was made."""
        with key_file.changing(self.path) as put:
            if self.path.exists():
                return False
            self._write(self._contents, put)
            return True


async def changed(change: Callable[[], None]) -> None:
    """Make a change of the key file while everything else goes on: a network folder may take long, or be lost.

    Raises KeysNotChanged; if it is made in the end all the same, it is seen as any other's.
    """
    try:
        async with asyncio.timeout(_CHANGED_WITHIN_S):
            await asyncio.to_thread(change)
    except KeyFileRefused as refused:
        raise KeysNotChanged(refused.why) from None
    except OSError as error:  # a full disk, a folder that is lost, or too long a wait
        raise KeysNotChanged(type(error).__name__) from None


def open_keys(path: Path, *, database: Path | bool, passphrase_file: Path | None = None, cost: Cost = COST) -> Keys:
    """Read the key file, or make it at the very first start. Raises KeyFileRefused.

    `database` is where the store is, or whether there is one: then there must be its keys.
    With a passphrase, what is not sealed yet is sealed at this cost when it is written next.
    """
    has_data = database if isinstance(database, bool) else database.exists() and database.stat().st_size > 0
    passphrase = None if passphrase_file is None else key_file.read_passphrase(passphrase_file)
    if not path.exists():
        if has_data:
            raise KeyFileRefused(str(path), "missing")
        lock = None if passphrase is None else Lock.of(passphrase, cost)
        made = Keys(path, Contents(server=ServerKey.new(), walkouts={}), lock, passphrase_file=passphrase_file)
        if made.make_file():  # another first start may have been quicker
            return made
    data = key_file.read_file(path)
    contents, lock, newest = _read(path, data, passphrase)
    if contents.walkouts and not has_data:
        raise KeyFileRefused(str(path), "orphaned")
    is_bare = lock is None and passphrase is not None
    if passphrase is not None and lock is None:
        lock = Lock.of(passphrase, cost)
    mark = key_file.mark(data)
    return Keys(path, contents, lock, passphrase_file=passphrase_file, mark=mark, stale=not newest, bare=is_bare)


def put_back(copy: Path, path: Path, *, passphrase: bytes, passphrase_file: Path | None, cost: Cost = COST) -> None:
    """Make a copy of the key file this server's own again. Raises KeyFileRefused, also if there is one."""
    own = None if passphrase_file is None else key_file.read_passphrase(passphrase_file)
    contents, _lock, _newest = _read(copy, copy.read_bytes(), passphrase)
    if not Keys(path, contents, None if own is None else Lock.of(own, cost)).make_file():
        raise KeyFileRefused(str(path), "there")


def _read(
    path: Path, data: bytes, passphrase: bytes | Lock | None, anew_from: Path | None = None
) -> tuple[Contents, Lock | None, bool]:
    try:
        return key_file.read(data, passphrase)
    except Unreadable as unreadable:
        if unreadable.why == "passphrase" and anew_from is not None:  # another process has sealed it, with its own salt
            return _read(path, data, key_file.read_passphrase(anew_from))
        raise KeyFileRefused(str(path), unreadable.why) from None


def _sealed(pair: PrivateKey, addressee: Addressee) -> bytes:
    fields = [addressee.account, addressee.language[:_LONGEST_LANGUAGE], addressee.unit]
    text = json.dumps(fields, ensure_ascii=False).encode()
    # blanks after JSON mean nothing; only a name on the console could be longer
    padded = text.ljust(-(-len(text) // NOTICE_BYTES) * NOTICE_BYTES)
    return SealedBox(pair.public_key).encrypt(padded)


def _unsealed(pair: PrivateKey, sealed: bytes) -> Addressee | None:
    try:
        account, language, unit = json.loads(SealedBox(pair).decrypt(sealed))
    except CryptoError:
        return None
    return Addressee(account=account, language=language, unit=UnitId(unit))


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
