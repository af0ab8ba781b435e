"""A backup of the store, made by whoever owns it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nacl.exceptions import CryptoError

from bot.process.clock import Clock
from bot.secrets import backup_files
from bot.secrets.backup_files import Backup
from bot.secrets.keys import Keys
from bot.storage.store import Store


async def back_up(path: Path, to: str, store: Store, keys: Keys, clock: Clock) -> None:
    """Write a sealed copy of the store there. Raises InTheWay, NotWritten, NotRecorded."""
    made = clock()  # what is acknowledged after this may be in it as well
    database = await store.copy()
    mark = keys.seal(backup_files.digest(database))
    backup = Backup(made=made, store=keys.store, mark=mark, database=database)
    await asyncio.to_thread(backup_files.write_aside, path, backup_files.seal(backup, backup_files.read_public(to)))


def is_ours(backup: Backup, keys: Keys) -> bool:
    """Say whether the backup was made with this key file, and not by somebody who has only the public key."""
    try:
        return backup.store == keys.store and keys.unseal(backup.mark) == backup.digest
    except CryptoError:
        return False
