"""Bots that die at any instant, with a clock that can be moved forward: forked, as tests.forks has it."""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.process.clock import real_clock
from tests import stores
from tests.forks import NUMBER, Forked
from tests.house import SOON_S, RunningBot


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
        wanted = known | stores.setting(self.store) | self.settings | settings
        with self._terminal.open("ab") as terminal:
            born = Forked(
                {"folder": str(self.folder), "settings": wanted, "strings": True, "fault": fault}, terminal.fileno()
            )
        self._process = born
        return born
