"""Other processes: the `allout` command, once through or kept running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from tests import stores

PATIENCE_S = 600.0
"""What has not come true by then hangs, and its test fails. It bounds no work, on whatever machine."""

ALLOUT = (sys.executable, "-m", "handlers")


def environment() -> dict[str, str]:
    """Return ours, without settings of AllOut."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ALLOUT_")}
    # a process that may not let files grow would leave half a .pyc file behind, and spoil every process after it
    return ours | {"PYTHONDONTWRITEBYTECODE": "1"}


def held_up_s(process: int | None = None) -> float:
    """Say for how many seconds so far a process, or this one, was ready and the machine busy with others.

    Its first thread is counted, in which its loop runs: others may be in each other's way.
    """
    try:
        return int(Path(f"/proc/{process or os.getpid()}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):  # it has ended, or this is not Linux
        return 0.0


def run(
    command: Sequence[str | Path], *, folder: Path, said: str = "", patience_s: float = PATIENCE_S
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in this folder."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment() | stores.setting_of(command),
        input=said,
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
    )


def allout(*words: str | Path, folder: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run an `allout` command to its end."""
    return run([*ALLOUT, *words], folder=folder, said=said)


class RunningConsole:
    """A console that is kept running, and answers line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def say(self, line: str) -> dict[str, Any]:
        """Say one line that has exactly one answer; return it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def console(data: Path, *words: str) -> Iterator[RunningConsole]:
    """Keep `allout console` running on this folder; it owns the store when the block begins."""
    command = [*ALLOUT, "console", "--data", str(data), "--script", "-", "--json", "--organizer", "olga", *words]
    with subprocess.Popen(
        command,
        cwd=data.parent,
        env=environment() | stores.setting(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = Timer(PATIENCE_S, process.kill)
        watchdog.start()
        try:
            running = RunningConsole(process)
            assert running.say("@olga /help")["kind"] == "help"
            yield running
        finally:
            watchdog.cancel()
            if process.stdin is not None:
                process.stdin.close()
            process.wait(timeout=PATIENCE_S)
            watchdog.cancel()
