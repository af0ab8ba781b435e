"""What runs in a child: it prepares, gives everything up, and then answers one order after the other."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import zoneinfo
from collections.abc import Callable, Iterable
from pathlib import Path

from bot.process import memory_protection
from bot.process.garbage_collection import uncollected
from bot.sandbox import codec
from bot.sandbox.confinement import bound, confine

DONE, FAILED, STEP = b"\1", b"\0", b"\2"
SIZE = 4
"""Bytes before each message that say how long it is, the largest first."""

_LINE = 0  # to whoever started it: standard input is a socket, and goes both ways
_PIECE = 1 << 20


def serve(
    prepare: Callable[[], Callable[[bytes], bytes]], *, most_memory: int, reads: Callable[[], Iterable[str]] = tuple
) -> None:
    """Answer until nobody asks any more.

    `prepare` imports whatever the work takes, and returns what does it; then `reads` names the folders, beside the
    program's own, beneath which files can be read from now on.
    """
    bound(most_memory)
    memory_protection.keep()
    with uncollected():
        work = prepare()
    _say(codec.write(confine([*_program(), *map(Path, reads())])))
    while (order := _heard()) is not None:
        try:
            answer = DONE + work(order)
        except Exception:  # noqa: BLE001  what it says may hold anything, and nobody here may hear it
            answer = FAILED
        _say(answer)


def step() -> None:
    """Say, while an order is carried out, that a step of it is done."""
    _say(STEP)


def _program() -> Iterable[Path]:
    """List what libraries may come back to: code, the files that belong to it, and the time zones."""
    loaded = list(sys.modules.items())  # wherever they lie
    packages = [folder for name, module in loaded if "." not in name for folder in getattr(module, "__path__", ())]
    users = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    python = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *site.getsitepackages(), *users]
    return map(Path, [*packages, *python, *zoneinfo.TZPATH])


def _heard() -> bytes | None:
    size = _exactly(SIZE)
    return None if size is None else _exactly(int.from_bytes(size))


def _exactly(size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = os.read(_LINE, min(size - len(data), _PIECE))
        if not piece:
            return None
        data += piece
    return bytes(data)


def _say(message: bytes) -> None:
    left = memoryview(len(message).to_bytes(SIZE) + message)
    while left:
        left = left[os.write(_LINE, left) :]
