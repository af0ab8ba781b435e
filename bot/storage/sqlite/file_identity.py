"""Notices when the store's path does not lead to its own file any more, or when somebody else has written to it.

SQLite itself does not: it goes on in the file that it has open, and what is acknowledged then is in no folder.
Source: docs/decisions/0022-a-replaced-file-is-noticed.md.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from bot.domain.errors import NotRecorded
from bot.process.logs import Event

log = logging.getLogger(__name__)

Identity = tuple[int, int] | None
"""Device and inode; None: there is no such file."""

State = tuple[int, int] | None
"""When it was written to last, and its size."""


class Place:
    """Where the store lies. Every turn of the store is taken `with` it, and raises NotRecorded if it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._path = str(path)
        self._journal_path = f"{path}-journal"
        self._file, self._state = _look(self._path)
        self._journal: Identity = None  #: until SQLite has opened one, nobody knows which it will be
        self._lost = False

    def holds(self, file: os.stat_result) -> bool:
        """Say whether it is this file that lies here."""
        return self._file == (file.st_dev, file.st_ino)

    def __enter__(self) -> None:
        """Begin a turn: since the last one nobody may have touched the files."""
        self._require(_look(self._path) == (self._file, self._state) and self._find_journal() == self._journal)
        if self._lost:
            self._lost = False
            log.warning(Event.STORE_THERE)

    def __exit__(self, *_: object) -> None:
        """End a turn, before anybody hears how it went: the same files must be there, whatever was written to them."""
        file, state = _look(self._path)
        self._require(file == self._file)
        if state != self._state:  # with the help of a journal
            self._state = state
            journal, _state = _look(self._journal_path)
            self._require(journal is not None and journal == (self._journal or journal))
            self._journal = journal

    def touch(self) -> None:
        """Date the files now, within a turn: when something was last written shows nowhere any more. Raises OSError."""
        for path in (self._path, self._journal_path):
            with contextlib.suppress(FileNotFoundError):  # there may be no journal yet
                os.utime(path)
        self._state = _look(self._path)[1]

    def _find_journal(self) -> Identity:
        return self._journal and _look(self._journal_path)[0]

    def _require(self, there: bool) -> None:  # noqa: FBT001
        if there:
            return
        if not self._lost:
            self._lost = True
            log.error(Event.STORE_TAKEN)
        raise NotRecorded("moved")


def _look(path: str) -> tuple[Identity, State]:
    try:
        found = os.stat(path)  # noqa: PTH116  twice as fast as Path.stat, four times in every turn
    except OSError:
        return None, None
    return (found.st_dev, found.st_ino), (found.st_mtime_ns, found.st_size)
