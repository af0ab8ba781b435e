"""What the dates of the store's files tell of when people pledged."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from bot.domain.errors import NotRecorded
from bot.runtime.app import DATABASE
from bot.storage.sqlite import SqliteStore
from tests.faults import town
from tests.faults.town import PEOPLE, Town
from tests.faults.trials import Trials, trials

pytestmark = pytest.mark.sqlite_only("its file's dates")

Dates = tuple[int, ...]
"""When a file was written to, was changed in any way, and was read last; nanoseconds, by the kernel's clock."""


def dates(path: Path) -> Dates:
    found = path.stat()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_atime_ns


def files(folder: Path) -> list[Path]:
    return [folder / DATABASE, folder / f"{DATABASE}-journal"]


def now(folder: Path) -> int:
    """Return what the kernel would date a file with now: its clock for that is coarser than others."""
    marker = folder.with_name("marker")
    marker.touch()
    return marker.stat().st_ctime_ns


def store_of(here: Town) -> SqliteStore:
    store = here.app.store
    assert isinstance(store, SqliteStore)
    return store


@contextmanager
def no_beat_by_itself(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "start_beat", lambda _store: None)
        yield


async def people_pledge_or_not(here: Town, folder: Path, chance: Random, *, beats: int, beat: bool = True) -> int:
    """Let people pledge between some of the beats; after each, no date may lie before it. Return how many did."""
    pledged = 0
    for _ in range(beats):
        if chance.random() < 0.5:
            await here.act(chance.randrange(PEOPLE), chance)
            pledged += 1
        before = now(folder)
        if beat:
            await store_of(here).beat()
        after = now(folder)
        for path in files(folder):
            assert all(before <= date <= after for date in dates(path)), path.name
    return pledged


@trials(50, full=2000)
async def test_after_a_beat_no_date_tells_whether_and_when_somebody_pledged(
    data: Path,
    tries: Trials,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    await town.found(data / "store")
    with no_beat_by_itself(monkeypatch):
        async with town.town(data / "store", lambda _line: None) as here:
            acts = await people_pledge_or_not(here, data / "store", tries.random(), beats=tries.number)
    record_property("found", f"{tries.number} beats, {acts} of them after somebody had acted; no date from before one")


async def test_a_date_from_before_the_beat_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await town.found(data / "store")
    with no_beat_by_itself(monkeypatch):
        async with town.town(data / "store", lambda _line: None) as here:
            with pytest.raises(AssertionError, match=DATABASE):
                await people_pledge_or_not(here, data / "store", Random(1), beats=5, beat=False)


async def test_the_files_are_dated_anew_by_themselves_and_at_the_end(data: Path) -> None:
    folder = data / "store"
    await town.found(folder)
    async with town.town(folder, lambda _line: None) as here:
        await here.act(1, Random(1))
        pledged = now(folder)
        async with asyncio.timeout(60):
            while min(dates(folder / DATABASE)) < pledged:
                await here.app.store.walkouts()
        await here.act(2, Random(2))
        pledged = now(folder)
    assert all(date >= pledged for path in files(folder) if path.exists() for date in dates(path))


async def test_what_somebody_else_has_written_is_noticed_at_the_beat_and_not_covered_up(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = data / "store"
    await town.found(folder)
    with no_beat_by_itself(monkeypatch):
        async with town.town(folder, lambda _line: None) as here:
            store = store_of(here)
            await store.beat()
            os.utime(folder / DATABASE, ns=(0, 0))
            for _ in range(2):
                with pytest.raises(NotRecorded):
                    await store.beat()
            with pytest.raises(NotRecorded):
                await store.walkouts()
    assert (folder / DATABASE).stat().st_mtime_ns == 0
