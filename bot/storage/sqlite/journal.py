"""SQLite's journal: when a transaction is over, nothing of it may come back."""

from __future__ import annotations

import os
from pathlib import Path

HEADER = 512
"""Bytes that SQLite writes at once before the rest of a journal; without them it is none."""


def bury(database: Path) -> None:
    """Make sure on the disk that the journal is there, and empty. Raises OSError.

    Only for whoever owns the database, between transactions. What a sync that failed should have written may be lost
    although the next sync succeeds, so the journal is emptied once more, in a way that there is something to write:
    one that came back after a power cut would undo its transaction, or, with the next one's half over it, half of it.
    SQLite does not look whether its own sync of the folder succeeds, so that is done here too.
    """
    journal = os.open(f"{database}-journal", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(journal, bytes(HEADER), 0)
        os.fsync(journal)
        os.ftruncate(journal, 0)
        os.fsync(journal)
    finally:
        os.close(journal)
    folder = os.open(database.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
