"""The `allout` command. Each file beside this one is a group of commands; importing it adds them."""

from __future__ import annotations

import io
import logging
import resource
import sys

from handlers.cli import backups, closing, console, keys, running, walkouts
from handlers.cli.common import cli

__all__ = ["backups", "cli", "closing", "console", "keys", "main", "running", "walkouts"]


def main() -> None:
    """Run the command line."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what a crash left would hold every key
    # other libraries' loggers would write tokens and messages; ours say only what is counted
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what is said is UTF-8, whatever the system's own is
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    logging.basicConfig(level=logging.CRITICAL, format="%(levelname)s %(message)s", stream=sys.stderr)
    for ours in ("bot", "handlers"):
        logging.getLogger(ours).setLevel(logging.WARNING)
    cli()
