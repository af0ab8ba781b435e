"""The board as a picture for a phone.

`poster` says what is on it, in plain values made of nothing but the board; `drawing` puts it on paper.
"""

from __future__ import annotations

import os
import threading
from tempfile import TemporaryDirectory
from types import ModuleType

from bot.usecases.stewards import Board
from handlers.pictures.poster import poster

_one_at_a_time = threading.Lock()  # matplotlib does not promise to be safe with threads


def picture(board: Board) -> bytes:
    """Draw the board as a PNG, 1080 pixels wide. It takes a while: call it through asyncio.to_thread."""
    planned = poster(board)
    with _one_at_a_time:
        drawn: bytes = _drawing().draw(planned)
    return drawn


def _drawing() -> ModuleType:
    """Import matplotlib, which takes a second and 50 MB, only when the first picture is wanted.

    While it is imported it lists this machine's fonts and writes the list down, at home if it can, else in a
    folder of which it complains. Ours is gone as soon as the list is read, so that nothing is left and a home
    that cannot be written to does not matter. An operator who sets MPLCONFIGDIR keeps the list there.
    """
    if "MPLCONFIGDIR" in os.environ:
        return _import()
    with TemporaryDirectory(prefix="allout-fonts-", ignore_cleanup_errors=True) as folder:
        os.environ["MPLCONFIGDIR"] = folder
        try:
            return _import()
        finally:
            del os.environ["MPLCONFIGDIR"]


def _import() -> ModuleType:
    from handlers.pictures import drawing  # noqa: PLC0415  not at start-up: see above

    return drawing
