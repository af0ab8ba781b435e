"""The embedded store: SQLite through aiosqlite; one connection, one writer, group commit.

Why it is built like this, with the measurements: docs/performance.md.
"""

from bot.storage.sql.writer import BATCH
from bot.storage.sqlite.copies import is_whole
from bot.storage.sqlite.opening import PRAGMAS, SqliteStore, look_into, open_store

__all__ = ["BATCH", "PRAGMAS", "SqliteStore", "is_whole", "look_into", "open_store"]
