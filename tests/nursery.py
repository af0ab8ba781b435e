"""Run as a process of its own, it forks bots: `allout run`, if it is wanted with a fuse and a clock set from outside.

It has everything imported already, one thread and no event loop. Each message on its socket is one birth.
"""

from __future__ import annotations

import asyncio.events
import gc
import json
import os
import signal
import socket
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path

import handlers.cli
import handlers.discord.platform
import handlers.telegram.platform
from bot.guards import holds
from handlers.cli import running
from handlers.platforms import checks, supervisor
from tests.faults.forks import Strings
from tests.forks import NUMBER, Birth

QUIET_S = 1.0
"""A minute, for bots whose time is short."""

OPEN_S = QUIET_S * supervisor.OPEN_S / holds.QUIET_S
"""How often they note that a platform's way in is open."""


def main() -> None:
    """Fork until nobody wants more; then nobody wants what was forked."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those who watch end by themselves
    gc.freeze()  # what no collection touches stays shared
    wanted = socket.socket(fileno=0)
    while True:
        message, ends, _flags, _address = socket.recv_fds(wanted, 65536, 2)
        if not message:
            os.killpg(0, signal.SIGKILL)
        if not os.fork():
            _watch(json.loads(message), *ends)
        for end in ends:
            os.close(end)


def _watch(birth: Birth, told: int, terminal: int) -> None:
    """Fork one bot, tell its number, and once it has ended how it did."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    number = os.fork()
    if not number:
        os.close(told)
        _live(birth, terminal)
    os.close(terminal)
    os.write(told, NUMBER.pack(number))
    _number, status = os.waitpid(number, 0)
    os.write(told, NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _live(birth: Birth, terminal: int) -> None:
    """Be `allout run`."""
    status = 1
    try:
        os.chdir(birth["folder"])
        for stream, end in enumerate([os.open(os.devnull, os.O_RDONLY), terminal, terminal]):
            os.dup2(end, stream)
        sys.stdout = os.fdopen(1, "w", closefd=False)  # as the interpreter opens them
        sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
        os.environ.update(birth["settings"])
        if birth["strings"]:
            _hang(Strings(Path("strings")))
        if birth["fault"]:
            module, _colon, name = birth["fault"].partition(":")
            getattr(import_module(module), name)()
        sys.argv = ["allout", "run"]
        handlers.cli.main()
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else 0
    except BaseException:  # noqa: BLE001  as the interpreter would
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _hang(strings: Strings) -> None:
    """Let this process's bot hang on strings."""
    carry_on = asyncio.events.Handle._run

    def one_step(handle: asyncio.events.Handle) -> None:
        strings.step()
        carry_on(handle)

    # every step of the loop is one of these
    asyncio.events.Handle._run = one_step  # type: ignore[method-assign,assignment]
    tells = checks.time_at

    async def time_at(url: str, *, proxy: str | None = None) -> datetime | None:
        told = await tells(url, proxy=proxy)
        return told and told + strings.ahead

    checks.time_at = time_at
    running.real_clock = strings.clock  # type: ignore[attr-defined]
    running.monotonic = strings.steady  # type: ignore[attr-defined]
    holds.QUIET_S = QUIET_S
    supervisor.OPEN_S = OPEN_S


if __name__ == "__main__":
    main()
