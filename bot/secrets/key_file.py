"""What stands in the key file: keys, each wrapped by itself, under a wrapping key that is new each time it is written.

Why it looks like this: docs/decisions/0019-the-key-file.md.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from bot.domain.errors import KeyFileRefused
from bot.domain.model import WalkoutId

VERSION = 3
KEY_BYTES = 32

_WITHOUT_CAMPAIGNS = 2
"""The version before, which knew none."""


@dataclass(frozen=True, slots=True)
class Cost:
    """How slow a passphrase is to try, as argon2id counts it."""

    passes: int
    memory: int  #: bytes


COST = Cost(passes=6, memory=128 * 2**20)
"""A third of a second of one core, once at a start; small enough for a server of 512 MiB."""

_HIGHEST = Cost(passes=100, memory=2**30)
"""More than this stands in no file of ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """A passphrase, made into a key slowly; it seals the wrapping key."""

    key: bytes = field(repr=False)
    salt: bytes
    cost: Cost

    @classmethod
    def of(cls, passphrase: bytes, cost: Cost = COST, salt: bytes | None = None) -> Lock:
        """Make it; with the salt of a file, the one that seals that file."""
        salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES) if salt is None else salt
        key = pwhash.argon2id.kdf(KEY_BYTES, passphrase, salt, opslimit=cost.passes, memlimit=cost.memory)
        return cls(key=key, salt=salt, cost=cost)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerKey:
    """The server's key, and the name that the store bears as long as it is under it."""

    store: str
    key: bytes = field(repr=False)

    @classmethod
    def new(cls) -> ServerKey:
        """Make one."""
        return cls(store=secrets.token_hex(16), key=secrets.token_bytes(KEY_BYTES))


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """All keys, unwrapped."""

    server: ServerKey
    walkouts: Mapping[WalkoutId, bytes] = field(repr=False)
    following: ServerKey | None = None  #: to which the store is being changed
    closed: frozenset[WalkoutId] = (
        frozenset()
    )  #: whose keys were destroyed; a restored backup may bring their rows back
    registers: Mapping[WalkoutId, bytes] = field(default_factory=dict, repr=False)  #: of campaigns
    steps: Mapping[WalkoutId, WalkoutId] = field(default_factory=dict)  #: of which of these campaigns; closed ones too
    ended: frozenset[WalkoutId] = frozenset()  #: campaigns whose register's key was destroyed


class Unreadable(Exception):  # noqa: N818  an answer
    """These bytes give no keys."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why  #: damaged | sealed | passphrase


def write_down(contents: Contents, lock: Lock | None) -> bytes:
    """Wrap every key under a new wrapping key. Without a lock that one stands beside them."""
    wrapping = secrets.token_bytes(KEY_BYTES)
    document: dict[str, Any] = {
        "version": VERSION,
        "wrapping": {"key": _spell(wrapping)} if lock is None else _seal(wrapping, lock),
        "server": _wrap_server(wrapping, "server", contents.server),
        "walkouts": {name: _wrap(wrapping, "walkout", name, key) for name, key in contents.walkouts.items()},
        "closed": sorted(contents.closed),
        "registers": {name: _wrap(wrapping, "register", name, key) for name, key in contents.registers.items()},
        "steps": dict(contents.steps),
        "ended": sorted(contents.ended),
    }
    if contents.following is not None:
        document["following"] = _wrap_server(wrapping, "following", contents.following)
    return json.dumps(document, indent=1).encode()


def read(data: bytes, passphrase: bytes | Lock | None) -> tuple[Contents, Lock | None, bool]:
    """Return the keys, what seals them if anything does, and whether this is the newest format. Raises Unreadable."""
    try:
        document = json.loads(data)
        if "version" not in document:
            return _read_first_version(document), None, False
        if document["version"] not in {_WITHOUT_CAMPAIGNS, VERSION}:
            raise Unreadable("damaged")
        wrapping, lock = _open(document["wrapping"], passphrase)
        following = document.get("following")
        contents = Contents(
            server=_unwrap_server(wrapping, "server", document["server"]),
            walkouts={
                WalkoutId(name): _unwrap(wrapping, "walkout", name, wrapped)
                for name, wrapped in document["walkouts"].items()
            },
            following=None if following is None else _unwrap_server(wrapping, "following", following),
            closed=frozenset(map(WalkoutId, document.get("closed", ()))),
            registers={
                WalkoutId(name): _unwrap(wrapping, "register", name, wrapped)
                for name, wrapped in document.get("registers", {}).items()
            },
            steps={WalkoutId(step): WalkoutId(of) for step, of in document.get("steps", {}).items()},
            ended=frozenset(map(WalkoutId, document.get("ended", ()))),
        )
        if not contents.registers.keys() >= set(contents.steps.values()):
            raise Unreadable("damaged")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CryptoError):
        raise Unreadable("damaged") from None
    return contents, lock, document["version"] == VERSION


def _read_first_version(document: Any) -> Contents:
    """Read the format in which keys stood as they were."""
    store = document["store"]
    if not isinstance(store, str):
        raise TypeError
    return Contents(
        server=ServerKey(store=store, key=_key(_read_bytes(document["server"]))),
        walkouts={WalkoutId(name): _key(_read_bytes(key)) for name, key in document["walkouts"].items()},
    )


def _seal(wrapping: bytes, lock: Lock) -> dict[str, Any]:
    return {
        "sealed": _spell(bytes(SecretBox(lock.key).encrypt(wrapping))),
        "salt": _spell(lock.salt),
        "passes": lock.cost.passes,
        "memory": lock.cost.memory,
    }


def _open(wrapping: Mapping[str, Any], passphrase: bytes | Lock | None) -> tuple[bytes, Lock | None]:
    if "key" in wrapping:
        return _key(_read_bytes(wrapping["key"])), None
    salt, sealed = _read_bytes(wrapping["salt"]), _read_bytes(wrapping["sealed"])
    cost = Cost(passes=wrapping["passes"], memory=wrapping["memory"])
    if not (0 < cost.passes <= _HIGHEST.passes and 0 < cost.memory <= _HIGHEST.memory):
        raise ValueError
    if passphrase is None:
        raise Unreadable("sealed")
    lock = passphrase if isinstance(passphrase, Lock) else Lock.of(passphrase, cost, salt)
    try:
        return _key(SecretBox(lock.key).decrypt(sealed)), lock
    except CryptoError:
        raise Unreadable("passphrase") from None


def _wrap_server(wrapping: bytes, purpose: str, server: ServerKey) -> dict[str, str]:
    return {"store": server.store, "key": _wrap(wrapping, purpose, server.store, server.key)}


def _unwrap_server(wrapping: bytes, purpose: str, wrapped: Mapping[str, str]) -> ServerKey:
    return ServerKey(store=wrapped["store"], key=_unwrap(wrapping, purpose, wrapped["store"], wrapped["key"]))


def _wrap(wrapping: bytes, purpose: str, name: str, key: bytes) -> str:
    return _spell(bytes(_box(wrapping, purpose, name).encrypt(key)))


def _unwrap(wrapping: bytes, purpose: str, name: str, wrapped: str) -> bytes:
    return _key(_box(wrapping, purpose, name).decrypt(_read_bytes(wrapped)))


def _box(wrapping: bytes, purpose: str, name: str) -> SecretBox:
    # a box for each key: put under another name, a wrapped key is not opened
    return SecretBox(hmac.digest(wrapping, json.dumps([purpose, name]).encode(), hashlib.sha256))


def _key(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError
    return key


def _spell(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase in a file, without the end of its line. Raises KeyFileRefused."""
    try:
        passphrase = path.read_bytes().rstrip(b"\r\n")
    except OSError:
        passphrase = b""
    if not passphrase:
        raise KeyFileRefused(str(path), "no_passphrase")
    return passphrase


def save(path: Path, data: bytes) -> None:
    """Write the file so that a crash leaves the old one or the new one, never half of it."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)  # left by a crash, perhaps readable by others
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    with _wiped_after(path):
        fresh.replace(path)
        with opened(path.parent) as folder:
            os.fsync(folder)


@contextmanager
def _wiped_after(path: Path) -> Iterator[None]:
    """Overwrite the file that is replaced meanwhile, unless it has another name: a disk may hold it for long.

    Worth nothing on disks that write elsewhere, SSDs among them; it is in nobody's way there.
    """
    try:
        old = os.open(path, os.O_WRONLY)
    except OSError:  # none, or not ours to write into
        yield
        return
    try:
        yield
        there = os.fstat(old)
        if there.st_nlink == 0:
            with contextlib.suppress(OSError):
                os.pwrite(old, bytes(there.st_size), 0)
                os.fsync(old)
    finally:
        os.close(old)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Yield the folder's descriptor."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other process waiting that makes a key file here: two first starts must not make two."""
    with opened(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
