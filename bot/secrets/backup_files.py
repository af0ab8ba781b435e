"""Backups, sealed to a public key: whoever finds one, without the private key, learns its size and nothing else.

A file is a line that says what it is, a key of its own sealed to the public key, and the contents under that key in
pieces of one size, of which the last is marked: what is cut off, changed or put together anew does not open.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from bot.domain.errors import BackupDamaged, InTheWay, NotABackup, NotABackupKey, NotWritten, WrongBackupKey

_FIRST = b"AllOut backup 1\n"
_SEALED_KEY = 48 + bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES
_HEADER = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_MORE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL

PIECE = 1024 * 1024
"""Bytes. Contents are padded to a multiple: two sizes shall not tell how many people asked to be told meanwhile."""

_SEALED_PIECE = PIECE + bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_KEY_BYTES = 32
_CHECK_BYTES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A database as it was at some time."""

    made: datetime
    store: str  #: whose it is, as the key file names it
    mark: bytes  #: the digest, sealed with the server's key: nobody without the key file can make a backup up
    database: bytes

    @property
    def digest(self) -> str:
        """Return what the mark must hold."""
        return digest(self.database)


def digest(database: bytes) -> str:
    """Return what tells one database from another."""
    return hashlib.sha256(database).hexdigest()


# -- keys -----------------------------------------------------------------------------------------------------------


def new_keys() -> tuple[str, str]:
    """Make a private key and its public one, as people copy them."""
    private = PrivateKey.generate()
    return _write_key("private", bytes(private)), _write_key("public", bytes(private.public_key))


def public_half(path: Path) -> str:
    """Return the public key of the private one in a file. Raises NotABackupKey."""
    return _write_key("public", bytes(read_private(path).public_key))


def read_public(text: str) -> PublicKey:
    """Read a public key. Raises ValueError, for a private one too: a mistyped key would seal for nobody."""
    return PublicKey(_read_key("public", text))


def read_private(path: Path) -> PrivateKey:
    """Read the file of a private key. Raises NotABackupKey."""
    with suppress(OSError, ValueError):
        return PrivateKey(_read_key("private", path.read_text(encoding="ascii")))
    raise NotABackupKey(str(path))


def _write_key(half: str, key: bytes) -> str:
    return f"{half}:{base64.urlsafe_b64encode(key + _check(half, key)).decode()}"


def _read_key(half: str, text: str) -> bytes:
    found, _colon, written = text.strip().partition(":")
    raw = base64.b64decode(written, altchars=b"-_", validate=True)
    key, check = raw[:_KEY_BYTES], raw[_KEY_BYTES:]
    if found != half or len(key) != _KEY_BYTES or check != _check(half, key):
        raise ValueError(half)
    return key


def _check(half: str, key: bytes) -> bytes:
    return hashlib.sha256(half.encode() + key).digest()[:_CHECK_BYTES]


# -- sealing --------------------------------------------------------------------------------------------------------


def seal(backup: Backup, to: PublicKey) -> Iterator[bytes]:
    """Yield a file, piece by piece."""
    about = {
        "made": backup.made.isoformat(),
        "store": backup.store,
        "mark": base64.b64encode(backup.mark).decode(),
        "bytes": len(backup.database),
    }
    contents = json.dumps(about).encode() + b"\n" + backup.database
    key = bindings.crypto_secretstream_xchacha20poly1305_keygen()
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    yield _FIRST + SealedBox(to).encrypt(key) + bindings.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    for at in range(0, len(contents), PIECE):
        piece = contents[at : at + PIECE].ljust(PIECE, b"\0")
        tag = _LAST if at + PIECE >= len(contents) else _MORE
        yield bindings.crypto_secretstream_xchacha20poly1305_push(state, piece, tag=tag)


def unseal(path: Path, private: PrivateKey) -> Backup:
    """Open a file. Raises NotABackup, WrongBackupKey, BackupDamaged, OSError."""
    sealed = path.read_bytes()
    if not sealed.startswith(_FIRST):
        raise NotABackup(str(path))
    start = len(_FIRST) + _SEALED_KEY
    try:
        key = SealedBox(private).decrypt(sealed[len(_FIRST) : start])
    except (CryptoError, ValueError):
        raise WrongBackupKey(str(path)) from None
    try:
        contents = b"".join(_opened(memoryview(sealed)[start:], key))
        first, _line, rest = contents.partition(b"\n")
        about = json.loads(first)
        return Backup(
            made=datetime.fromisoformat(about["made"]),
            store=about["store"],
            mark=base64.b64decode(about["mark"]),
            database=rest[: about["bytes"]],
        )
    except (CryptoError, ValueError, KeyError, TypeError, AssertionError):
        raise BackupDamaged(str(path)) from None


def _opened(sealed: memoryview, key: bytes) -> Iterator[bytes]:
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, bytes(sealed[:_HEADER]), key)
    pieces = range(_HEADER, len(sealed), _SEALED_PIECE)
    tag = _MORE
    for at in pieces:
        if tag == _LAST:
            raise CryptoError("something follows the end")
        piece, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, bytes(sealed[at : at + _SEALED_PIECE]))
        yield piece
    if tag != _LAST:
        raise CryptoError("the end is missing")


def write_aside(path: Path, pieces: Iterator[bytes]) -> None:
    """Write a new file that nobody else can read: whole or not at all. Raises InTheWay, NotWritten."""
    if path.exists():
        raise InTheWay(str(path))
    fresh: Path | None = None
    try:
        try:
            # without a name until it is whole: whoever is killed leaves nothing
            descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o600)
        except (OSError, AttributeError):  # not on this filesystem, or not on this system
            # a name of its own: two that write to one place must not mix
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".new")
            fresh = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
            if path.exists():
                raise InTheWay(str(path))
            if fresh is None:
                # with a descriptor given (of no use otherwise) Python follows this link to the file itself
                os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)
        if fresh is not None:
            fresh.replace(path)
            fresh = None
        settle(path.parent)
    except FileExistsError:
        raise InTheWay(str(path)) from None
    except OSError as error:
        raise NotWritten(str(path), error.strerror or type(error).__name__) from None
    finally:
        if fresh is not None:
            fresh.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Have on disk what this folder holds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
