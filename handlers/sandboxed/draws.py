"""Runs in a child: draws the board, and how far a campaign has come."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bot.sandbox import codec
from bot.sandbox.worker import serve
from handlers.lettering.installed import folders
from handlers.sandboxed.orders import ToDraw

MOST_MEMORY = 600_000_000


def prepare() -> Callable[[bytes], bytes]:
    """Import matplotlib, which takes a second.

    It lists this machine's fonts meanwhile, and writes the list down: into the empty folder in which we were started.
    """
    os.environ["MPLCONFIGDIR"] = str(Path.cwd())
    from handlers.pictures.drawing import draw  # noqa: PLC0415  see above

    return lambda order: draw(codec.read(ToDraw, order).wanted)


if __name__ == "__main__":
    serve(prepare, most_memory=MOST_MEMORY, reads=folders)
