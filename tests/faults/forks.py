"""Bots that are born in milliseconds, and die at any instant: forked from a process that has everything imported."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot.clock import real_clock
from tests.conftest import ROOT
from tests.house import SOON_S, RunningBot
from tests.processes import environment

NUMBER = struct.Struct("q")


class Strings:
    """What leads from a test to its bot: three numbers in a file that both see."""

    def __init__(self, path: Path) -> None:
        """Pull those in this file, which is made if there is none."""
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(3 * NUMBER.size)
            self._numbers = memoryview(mmap.mmap(file.fileno(), 3 * NUMBER.size)).cast("q")

    @property
    def fuse(self) -> int:
        """How many more steps of its event loop the bot takes before it ends; 0: it was not lit."""
        return self._numbers[0]

    @fuse.setter
    def fuse(self, steps: int) -> None:
        self._numbers[0] = steps

    def step(self) -> None:
        """Burn down by one step; the last is the end, as by a power cut."""
        if self._numbers[0]:
            self._numbers[0] -= 1
            if not self._numbers[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    @property
    def ahead(self) -> timedelta:
        """How much time has passed that did not: for the bot, its steady count and its platforms."""
        return timedelta(microseconds=self._numbers[1])

    @ahead.setter
    def ahead(self, by: timedelta) -> None:
        self._numbers[1] = by // timedelta(microseconds=1)

    @property
    def off(self) -> timedelta:
        """How far the bot's clock is ahead of its platforms'."""
        return timedelta(microseconds=self._numbers[2])

    @off.setter
    def off(self, by: timedelta) -> None:
        self._numbers[2] = by // timedelta(microseconds=1)

    def clock(self) -> datetime:
        """Tell the bot's time."""
        return real_clock() + self.ahead + self.off

    def steady(self) -> float:
        """Count the bot's seconds."""
        return time.monotonic() + self.ahead.total_seconds()


@cache
def _nursery() -> socket.socket:
    """Start the process that forks bots, once for all tests, and give the way to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.faults.nursery"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=theirs.fileno(), start_new_session=True)
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


class Forked:
    """A forked process, awaited like those of asyncio."""

    def __init__(self, birth: dict[str, object]) -> None:
        """Have it born."""
        self._told, theirs = os.pipe()
        socket.send_fds(_nursery(), [json.dumps(birth).encode()], [theirs])
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


class Forking(RunningBot):
    """Makes a house's bots by forking, with a clock that can be moved forward."""

    def __init__(self, folder: Path, platform: Any) -> None:
        """Live in this folder, with this loopback server."""
        super().__init__(folder, platform)
        self.strings = Strings(folder / "strings")
        self.fault: Callable[[], None] | None = None  #: planted in every bot that is born
        self._terminal = folder / "terminal"
        self._terminal.touch()

    @property
    def said(self) -> str:
        """All that the bots wrote to their terminal."""
        return self._terminal.read_text(encoding="utf-8", errors="replace")

    async def launch(self, *, fuse: int = 0, **settings: str) -> Forked:  # type: ignore[override]
        """Start a bot; it may not be ready. With a fuse it ends after so many steps of its loop."""
        known = {"ALLOUT_DATA": str(self.store), "ALLOUT_LOOK_EVERY_S": str(SOON_S)}
        fault = f"{self.fault.__module__}:{self.fault.__qualname__}" if self.fault else ""
        self.strings.fuse = fuse
        born = Forked({"folder": str(self.folder), "settings": known | self.settings | settings, "fault": fault})
        self._process = born  # type: ignore[assignment]
        return born
