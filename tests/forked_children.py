"""The sandbox pool's children, forked in milliseconds from a process that has imported what their kind of work takes.

What they do, give up and say is the product's own; only the imports were made before, once for all tests. Running bots
and commands execute theirs as ever, and so do tests that ask for `executed_children`.

Run as a process of its own with the name of such a module, it forks. Each message on its socket is one birth.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from tempfile import TemporaryDirectory


class Forked:
    """A forked child, as far as the pool asks of a `subprocess.Popen`."""

    def __init__(self, command: Sequence[str], *, cwd: str, env: dict[str, str], stdin: int, **_usual: object) -> None:
        """Have it born in this folder, with this end of the line; whoever forks may still be importing."""
        self._told, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._close: weakref.finalize[..., Forked] = weakref.finalize(self, self._told.close)
        self._number: int | None = None  # of the descriptor by which it is known
        with its:
            socket.send_fds(_nursery(tuple(command), tuple(env.items())), [os.fsencode(cwd)], [stdin, its.fileno()])

    def poll(self) -> int | None:
        """Say whether it has ended."""
        return 0 if self._is_born(0) and self._has_ended(0) else None

    def kill(self) -> None:
        """End it."""
        self._is_born(None)
        assert self._number is not None
        with contextlib.suppress(ProcessLookupError):  # it has ended
            signal.pidfd_send_signal(self._number, signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end."""
        self._is_born(None)
        self._has_ended(None)
        return 0

    def _is_born(self, within_ms: int | None) -> bool:
        if self._number is None and _readable(self._told.fileno(), within_ms):
            _message, numbers, _flags, _address = socket.recv_fds(self._told, 1, 1)
            assert numbers, "whoever forks has ended"
            self._close()
            (self._number,) = numbers
            self._close = weakref.finalize(self, os.close, self._number)
        return self._number is not None

    def _has_ended(self, within_ms: int | None) -> bool:
        assert self._number is not None
        return _readable(self._number, within_ms)


def _readable(descriptor: int, within_ms: int | None) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(within_ms))


@cache
def _nursery(command: tuple[str, ...], environment: tuple[tuple[str, str], ...]) -> socket.socket:
    """Start the process that forks children of one kind, once for all tests of a process, and give the way to it."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [*command[:-2], __name__, command[-1]],
            env=dict(environment),
            stdin=its.fileno(),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def main(module: str) -> None:
    """Fork until nobody wants more."""
    wanted = socket.socket(fileno=os.dup(0))
    with TemporaryDirectory(prefix="allout-") as folder:
        os.chdir(folder)
        getattr(import_module(module), "prepare", lambda: None)()
    gc.freeze()  # what no collection touches stays shared
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(wanted, 4096, 2)
        if not message:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        number = os.fork()
        if not number:
            wanted.close()
            _live(module, message, *descriptors)
        told = socket.socket(fileno=descriptors[1])
        known = os.pidfd_open(number)
        with told, contextlib.suppress(BrokenPipeError):  # nobody wants it any more
            socket.send_fds(told, [b"!"], [known])
        os.close(known)
        os.close(descriptors[0])


def _live(module: str, folder: bytes, line: int, told: int) -> None:
    try:
        os.chdir(folder)
        os.dup2(line, 0)
        os.close(line)
        os.close(told)
        os.setsid()
        sys.argv = [module]
        del sys.modules[module]  # it becomes this process's own
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
