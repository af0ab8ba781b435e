"""Bots that are born in milliseconds: forked from a process that has everything imported."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypedDict

from tests.conftest import ROOT
from tests.processes import environment

NUMBER = struct.Struct("q")


class Birth(TypedDict):
    """What a bot is given on its way."""

    folder: str
    settings: Mapping[str, str]
    strings: bool  #: whether it hangs on those in its folder
    fault: str  #: a function, as `module:name`, that plants a fault first, where a trial has to see one; or nothing


@cache
def _nursery() -> socket.socket:
    """Start the process that forks bots, once for all tests, and give the way to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.nursery"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=theirs.fileno(), start_new_session=True)
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


class Forked:
    """A forked process, awaited like those of asyncio."""

    def __init__(self, birth: Birth, terminal: int) -> None:
        """Have it born, with this to write to."""
        self.stdout: asyncio.StreamReader | None = None
        self._told, theirs = os.pipe()
        socket.send_fds(_nursery(), [json.dumps(birth).encode()], [theirs, terminal])
        os.close(theirs)
        self.pid = self._number()
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._told, self._end)

    @property
    def returncode(self) -> int | None:
        """How it has ended, as subprocess has it."""
        return self._ended.result() if self._ended.done() else None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):  # it has, and the word of it is on its way
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end and give how it did."""
        return await asyncio.shield(self._ended)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._told)
        self._ended.set_result(self._number())
        os.close(self._told)

    def _number(self) -> int:
        number: int
        (number,) = NUMBER.unpack(os.read(self._told, NUMBER.size))
        return number


async def born(folder: Path, settings: Mapping[str, str], planted: str = "") -> Forked:
    """Let a bot be born in this folder, with what it writes to be read as from a process of asyncio.

    `planted` is a function, as `module:name`, that is called first.
    """
    ours, terminal = os.pipe()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", 0)
    )
    process = Forked({"folder": str(folder), "settings": settings, "strings": False, "fault": planted}, terminal)
    os.close(terminal)
    process.stdout = reader
    return process
