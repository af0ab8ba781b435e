"""The `allout` command. Each file beside this one is a group of commands; importing it adds them."""

from __future__ import annotations

import io
import sys

from bot.process import logs, memory_protection
from handlers.cli import (
    adopting,
    backups,
    closing,
    console,
    doctor,
    keys,
    moving,
    running,
    setup,
    suspensions,
    walkouts,
)
from handlers.cli.common import cli

__all__ = [
    "adopting",
    "backups",
    "cli",
    "closing",
    "console",
    "doctor",
    "keys",
    "main",
    "moving",
    "running",
    "setup",
    "suspensions",
    "walkouts",
]


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what is said is UTF-8, whatever the system's own is
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    logs.set_up()
    memory_protection.keep()
    try:
        cli()
    except Exception as error:  # noqa: BLE001  a traceback's messages may hold anything
        logs.fatal(error)
        sys.exit(1)
    finally:
        logs.say_totals()
