"""A child that somebody has taken over: it does whatever it is told, and says how far it came."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bot.sandbox import worker
from bot.sandbox.confinement import InForce

_IO_URING_SETUP = 425

held: list[Any] = []


def _fill() -> None:
    while True:
        held.append(b"x" * 10_000_000)


def _hang() -> None:
    while True:
        pass


def _get_further(times: int = 1) -> None:
    for _time in range(times):
        worker.step()


def _open_descriptors() -> dict[str, str]:
    found = {}
    for number in range(256):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        found[str(number)] = "socket" if stat.S_ISSOCK(mode) else "device" if stat.S_ISCHR(mode) else "other"
    return found


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _ring() -> None:
    if ctypes.CDLL(None, use_errno=True).syscall(_IO_URING_SETUP, 1, ctypes.create_string_buffer(120)) < 0:
        raise OSError(ctypes.get_errno(), "io_uring")


def _connect(family: str, where: Any) -> None:
    with socket.socket(socket.AF_UNIX if family == "unix" else socket.AF_INET) as line:
        line.connect(where if family == "unix" else tuple(where))


ATTEMPTS: dict[str, Callable[..., Any]] = {
    "read": lambda path: len(Path(path).read_bytes()),
    "open": lambda path: Path(path).open("rb").close(),
    "list": lambda path: len(os.listdir(path)),  # noqa: PTH208
    "write": lambda path: Path(path).write_text("x"),
    "make": os.mkdir,
    "link": lambda path: os.symlink("/", path),  # noqa: PTH211
    "connect": _connect,
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "execute": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "fork": _fork,
    "signal": lambda: os.kill(os.getppid(), 0),
    "limit": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
    "ring": _ring,
    "environment": lambda: dict(os.environ),
    "descriptors": _open_descriptors,
    "who": os.getpid,
    "fill": _fill,
    "hang": _hang,
    "die": lambda: os._exit(1),
    "say too much": lambda: "x" * 100_000,
    "say nonsense": lambda: os.write(0, b"\xff" * 100),
    "get further": _get_further,
}


def attempt(order: bytes) -> bytes:
    """Do it; whatever the system refuses is told by its name."""
    name, *words = json.loads(order)
    try:
        return json.dumps({"came": ATTEMPTS[name](*words)}, default=str).encode()
    except OSError as error:
        return json.dumps({"refused": str(error)}).encode()


def _give_nothing_up(readable: Iterable[Path]) -> InForce:
    return InForce(files=False, calls=False)


def serve(*, confined: bool) -> None:
    """Run as the bot's children do, or as one that gives nothing up."""
    if not confined:
        worker.confine = _give_nothing_up  # type: ignore[attr-defined]
    worker.serve(lambda: attempt, most_memory=400_000_000)


if __name__ == "__main__":
    serve(confined=True)
