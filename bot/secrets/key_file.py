"""What stands in the key file: keys, each wrapped by itself, under a wrapping key that is new each time it is written.

Why it looks like this: docs/decisions/0019-the-key-file.md.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from bot.domain.errors import KeyFileRefused
from bot.domain.model import WalkoutId

VERSION = 3
KEY_BYTES = 32

_WITHOUT_CAMPAIGNS = 2
"""The version before, which knew none."""

WAIT_S = 2.0
"""How long a change waits for another one. Each takes some milliseconds; whoever takes longer has been stopped."""

_LOOK_AGAIN_S = 0.005

_HEAD_BYTES = 512
"""Where the wrapping key stands, which is new each time the file is written."""


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
    number: int = 0  #: how often they have been changed

    def may_follow(self, before: Contents) -> bool:
        """Say whether they have become of those: by changes since, none of which loses a key but by destroying it."""
        if self.number <= before.number:
            return self == before
        # by `closed` and `ended` only: a key that is another now is not the one that was destroyed
        return (
            self.server in {before.server, before.following}
            and _kept(before.walkouts, self.walkouts, but=self.closed)
            and _kept(before.registers, self.registers, but=self.ended)
        )


def _kept(before: Mapping[WalkoutId, bytes], now: Mapping[WalkoutId, bytes], but: frozenset[WalkoutId]) -> bool:
    return all(now.get(name) == key for name, key in before.items() if name not in but)


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
        "number": contents.number,
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
            number=int(document.get("number", 0)),
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


def read_file(path: Path, limit: int = -1) -> bytes:
    """Return what is in the key file, or how it begins. Raises KeyFileRefused.

    It is opened each time, since a network folder answers for a file's name with what it knew seconds ago.
    """
    while True:
        try:
            with path.open("rb") as file:
                data, there = file.read(limit), os.fstat(file.fileno())
        except FileNotFoundError:
            raise KeyFileRefused(str(path), "missing") from None
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
            continue
        if there.st_nlink == 0:  # it was replaced meanwhile, and perhaps overwritten
            continue
        if there.st_mode & 0o077:
            raise KeyFileRefused(str(path), "exposed")
        return data


def mark(data: bytes) -> bytes:
    """Return what no other writing of a key file has, given at least how it begins."""
    return hashlib.blake2b(data[:_HEAD_BYTES], digest_size=16).digest()


def mark_of(path: Path) -> bytes:
    """Return the mark of the key file as it is now. Raises KeyFileRefused."""
    return mark(read_file(path, _HEAD_BYTES))


_turn = threading.Lock()  # the lock on a file is a process's, whichever thread took it


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Keep the other threads of this process waiting. Raises KeyFileRefused where that takes too long."""
    if not _turn.acquire(timeout=WAIT_S):
        raise KeyFileRefused(str(path), "busy")
    try:
        yield
    finally:
        _turn.release()


@contextmanager
def changing(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Keep everybody else waiting who would change this key file, on other machines too; yield what replaces it.

    Locked is the file that takes its place, which is there only meanwhile. Its lock is POSIX's: NFSv4 knows that one,
    and it goes with the process. Raises KeyFileRefused where another one takes too long.
    """
    fresh = path.with_name(f"{path.name}.new")
    with turn(path), os.fdopen(_locked(fresh, path), "wb") as file:
        try:
            yield partial(_replace, path, file, fresh)
        finally:
            if _is(file.fileno(), fresh):
                fresh.unlink()


def _locked(fresh: Path, path: Path) -> int:
    until = time.monotonic() + WAIT_S
    while True:
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            _lock(descriptor, path, until)
            # whoever was before us has put it in the key file's place, or away
            if _is(descriptor, fresh):
                there = os.fstat(descriptor)
                if there.st_size == 0 and there.st_mode & 0o077 == 0:
                    return descriptor
                fresh.unlink()  # left by a crash, perhaps readable by others
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX leaves open which
            if time.monotonic() >= until:
                raise KeyFileRefused(str(path), "busy") from None
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _replace(path: Path, file: BinaryIO, fresh: Path, data: bytes) -> None:
    """Write the file so that a crash leaves the old one or the new one, never half of it."""
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
