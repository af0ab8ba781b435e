"""`allout restore`: a store from its backup, put in place whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from bot.domain import rules
from bot.domain.errors import (
    AnswersWanted,
    BackupDamaged,
    ForeignBackup,
    InTheWay,
    KeyFileRefused,
    NotRecorded,
    NotWritten,
)
from bot.domain.model import Announcement, Kind, Stage, Walkout, WalkoutId
from bot.process.clock import Clock
from bot.runtime.app import DATABASE, KEY_FILE
from bot.runtime.moving import home
from bot.secrets import backup_files
from bot.secrets.backup_files import Backup
from bot.secrets.keys import Keys, open_keys
from bot.storage.copying import copy
from bot.storage.moving import Home
from bot.storage.sqlite import is_whole, open_store
from bot.storage.sqlite.moving import SqliteHome
from bot.usecases.backups import is_ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Since:
    """What people know and a backup cannot: what became of the walkouts that were open or on when it was made."""

    goes_on: Collection[WalkoutId]  #: nothing that decides was announced since
    is_over: Collection[WalkoutId]  #: it turned on, lapsed or was called off since; it is closed


async def restore(
    path: Path,
    private: Path,
    data: Path,
    since: Since,
    clock: Clock,
    passphrase_file: Path | None = None,
    *,
    database_url: str | None = None,
) -> datetime:
    """Put the store in this folder, or in this database, as it was when the backup was made; return when that was.

    Source: docs/decisions/0020-a-restored-store-waits-a-day.md. Raises InTheWay, KeyFileRefused, NotABackupKey,
    NotABackup, WrongBackupKey, BackupDamaged, ForeignBackup, StoreTooNew, StoreUnusable, AnswersWanted, NotWritten.
    """
    database = data / DATABASE
    place = home(data, database_url, clock)
    if database.exists() if database_url is None else await _is_there(place):
        raise InTheWay(place.place)
    keys = open_keys(
        data / KEY_FILE, database=path, passphrase_file=passphrase_file
    )  # what the key file belongs to is in there
    backup = backup_files.unseal(path, backup_files.read_private(private))
    if not is_ours(backup, keys):
        raise ForeignBackup(str(data / KEY_FILE))
    if not is_whole(backup.database):
        raise BackupDamaged(str(path))
    fresh = data / f"{DATABASE}.new"
    try:
        _write(fresh, backup.database)
        await _bring_up_to_date(fresh, backup, keys, since, clock)
        for walkout in since.is_over:
            keys.destroy_walkout(walkout)
        if database_url is None:
            fresh.replace(database)
            backup_files.settle(data)
        else:
            await _put(SqliteHome(fresh, clock), place)
    except OSError as error:
        raise NotWritten(str(database), error.strerror or type(error).__name__) from None
    except NotRecorded as error:
        raise NotWritten(str(database), str(error)) from None
    finally:
        for left in (fresh, data / f"{DATABASE}.new-journal"):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)
    return backup.made


async def _is_there(place: Home) -> bool:
    async with place.owned() as owned:
        return await owned.elsewhere() is not None


async def _put(image: Home, place: Home) -> None:
    async with image.owned() as here, place.owned() as there:
        if await there.elsewhere() is not None:
            raise InTheWay(place.place)
        await there.fill(partial(copy, here.tables), elsewhere="")


def _write(path: Path, contents: bytes) -> None:
    path.unlink(missing_ok=True)  # left by a crash
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


async def _bring_up_to_date(path: Path, backup: Backup, keys: Keys, since: Since, clock: Clock) -> None:
    """Let nothing be announced of what the backup cannot know, and everybody look again. Raises AnswersWanted."""
    store = await open_store(path, clock=clock, identity=keys.store, kept_anew=keys.kept_anew)
    try:
        walkouts = await store.walkouts()
        if any(map(keys.lack, walkouts)):
            raise KeyFileRefused(str(path.parent / KEY_FILE), "outdated")
        uncertain = [each for each in walkouts if each.stage in rules.PLEDGING and each.id in keys.walkouts]
        _check_answers(uncertain, backup, since, clock())
        for each in uncertain:
            if each.id in since.goes_on:
                await store.decide(each.id, partial(rules.look_again, now=clock(), made=backup.made))
        await store.tell(
            Announcement(
                kind=Kind.RESTORED,
                occasion=clock().isoformat(),
                to_rooms=False,
                to_organizers=True,
                facts={"made": backup.made.isoformat()},
            )
        )
    finally:
        await store.aclose()


def _check_answers(uncertain: Collection[Walkout], backup: Backup, since: Since, now: datetime) -> None:
    # whether a walkout has turned on at its deadline, a backup from before it does not know
    may_go_on = {each.id for each in uncertain if each.stage is Stage.ON or now < each.terms.pledge_by}
    answers = sorted([*since.goes_on, *since.is_over])
    if answers != sorted(each.id for each in uncertain) or not may_go_on.issuperset(since.goes_on):
        choices = ((each.id, each.terms.title, each.id in may_go_on) for each in uncertain)
        raise AnswersWanted(backup.made, tuple(choices))
