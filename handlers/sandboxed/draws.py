"""Runs in a child: draws the board, and how far a campaign has come."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from bot.sandbox import codec
from bot.sandbox.worker import serve
from handlers.sandboxed.orders import ToDraw

MOST_MEMORY = 600_000_000


def prepare() -> Callable[[bytes], bytes]:
    """Import matplotlib, which takes a second.

    It lists this machine's fonts meanwhile, and writes the list down: into the empty folder in which we were started.
    """
    os.environ["MPLCONFIGDIR"] = str(Path.cwd())
    from handlers.pictures.drawing import draw  # noqa: PLC0415  see above

    return lambda order: draw(codec.read(ToDraw, order).wanted)


def fonts() -> Iterable[str]:
    """List the folders of this machine's fonts, which are opened when a letter needs them."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415  as above

    return {os.path.dirname(entry.fname) for entry in fontManager.ttflist}  # noqa: PTH120  thousands of them


if __name__ == "__main__":
    serve(prepare, most_memory=MOST_MEMORY, reads=fonts)
