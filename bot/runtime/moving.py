"""`allout move`: the store goes from SQLite to PostgreSQL, or back, with the same key file."""

from __future__ import annotations

from pathlib import Path

from bot.domain.errors import InTheWay, KeyFileRefused, StoreMoved
from bot.process.clock import Clock
from bot.runtime.app import DATABASE, KEY_FILE, open_app
from bot.secrets.keys import open_keys
from bot.storage import moving
from bot.storage.copying import Told
from bot.storage.moving import Home
from bot.storage.sqlite.moving import SqliteHome


def home(data: Path, database_url: str | None, clock: Clock) -> Home:
    """Say where a store is, or may come to be."""
    if database_url is None:
        return SqliteHome(data / DATABASE, clock)
    from bot.storage.postgres.moving import PostgresHome  # noqa: PLC0415  who has SQLite does not pay for the driver

    return PostgresHome(database_url, clock)


async def move(
    data: Path,
    database_url: str | None,
    *,
    to: Path | str,
    clock: Clock,
    passphrase_file: Path | None = None,
    told: Told = lambda _done, _of: None,
) -> str:
    """Move the store of this folder, or of this database, to another folder or database; return where it is then.

    Source: docs/decisions/0074-a-store-that-moves.md. Raises what `open_app` and `bot.storage.moving.move` raise, and
    KeyFileRefused where the other folder has not the same key file.
    """
    source = home(data, database_url, clock)
    target = home(to, None, clock) if isinstance(to, Path) else home(data, to, clock)
    if source.place == target.place:
        raise InTheWay(target.place)
    if isinstance(to, Path) and to.absolute() != data.absolute():
        _require_key(to / KEY_FILE, data / KEY_FILE, passphrase_file)
    try:
        # whatever another version, a crash or a change of keys has left half done is finished first
        async with open_app(data, clock=clock, senders={}, passphrase_file=passphrase_file, database_url=database_url):
            pass
    except StoreMoved as moved:
        if moved.elsewhere != target.place:
            raise
    await moving.move(source, target, told)
    return target.place


def _require_key(there: Path, here: Path, passphrase_file: Path | None) -> None:
    if not there.exists():
        raise KeyFileRefused(str(there), "missing")
    theirs, ours = (open_keys(path, database=True, passphrase_file=passphrase_file) for path in (there, here))
    if theirs.store != ours.store:
        raise KeyFileRefused(str(there), "foreign")
