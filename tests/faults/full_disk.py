"""A process of its own: a town lives on a disk that is full, or broken, and then is not. Says what it found as JSON.

How it fails is named on the command line: `limit` lets no file grow beyond a size, of any number of bytes; `space`
leaves so many pages free on a small file system of its own, mounted here; `broken` fails reads or writes of the
database or of its journal; `sync` fails nothing but the syncs of either, one, some or all of them.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

from bot.domain.errors import StoreUnusable
from bot.runtime.app import DATABASE
from tests.conftest import WALKOUT
from tests.faults import town
from tests.faults.syncs import Call, CannotCatchError, catch
from tests.faults.town import PEOPLE, Ledger
from tests.faults.trials import Trials

ALL = resource.RLIM_INFINITY
JOURNAL = f"{DATABASE}-journal"

Trouble = Callable[[Path, Random], AbstractContextManager[None]]


@contextmanager
def limit(folder: Path, chance: Random) -> Iterator[None]:
    """Let no file grow beyond some size, up to a little more than the database has."""
    whole = (folder / DATABASE).stat().st_size
    size = chance.choice([chance.randint(0, 20_000), chance.randint(0, whole * 9 // 8)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, ALL))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ALL, ALL))


@contextmanager
def space(folder: Path, chance: Random) -> Iterator[None]:
    """Fill the file system but for some pages."""
    ballast = folder.parent / "ballast"
    free = os.statvfs(folder)
    left = chance.randint(0, 12)
    with ballast.open("wb") as file:
        if free.f_bavail > left:
            os.posix_fallocate(file.fileno(), 0, (free.f_bavail - left) * free.f_frsize)
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def broken(folder: Path, chance: Random) -> Iterator[None]:
    """Put a descriptor that cannot write, or cannot read, in the place of the store's own."""
    which = chance.choice([(DATABASE,), (JOURNAL,), (DATABASE, JOURNAL)])
    way = chance.choice([os.O_RDONLY, os.O_RDONLY, os.O_WRONLY])
    saved = {}
    numbers = {int(opened.name): opened.readlink() for opened in Path("/proc/self/fd").iterdir() if opened.is_symlink()}
    for number, path in numbers.items():
        if path.parent == folder and path.name in which:
            saved[number] = os.dup(number)
            useless = os.open(path, way)
            os.dup2(useless, number)
            os.close(useless)
    assert saved
    try:
        yield
    finally:
        for number, good in saved.items():
            os.dup2(good, number)
            os.close(good)


class Syncs:
    """Which syncs fail. Those that do not are said to be done at once: no power is cut here."""

    def __init__(self) -> None:
        self.failed = 0
        self._fails: Callable[[Call], int | None] = lambda _call: None

    def judge(self, call: Call) -> int | None:
        """Decide about a call that was caught."""
        if "sync" not in call.name:
            return None
        error = self._fails(call)
        self.failed += error is not None
        return error or 0

    @contextmanager
    def trouble(self, folder: Path, chance: Random) -> Iterator[None]:
        """Let one sync fail, one of two, one of ten, or all, of one file or of both."""
        error = chance.choice([errno.EIO, errno.EIO, errno.ENOSPC])
        names = chance.choice([(DATABASE,), (JOURNAL,), (DATABASE, JOURNAL), (DATABASE, JOURNAL)])
        paths = {str(folder / name) for name in names}
        share = chance.choice([0.0, 0.1, 0.5, 1.0])
        left = chance.randint(1, 12)

        def fails(call: Call) -> int | None:
            nonlocal left
            if call.path not in paths:
                return None
            left -= 1
            return error if chance.random() < share or (not share and left == 0) else None

        self._fails = fails
        try:
            yield
        finally:
            self._fails = lambda _call: None


SYNCS = Syncs()
TROUBLES: dict[str, Trouble] = {"limit": limit, "space": space, "broken": broken, "sync": SYNCS.trouble}


def hold(folder: Path, ledger: Ledger, why: str) -> None:
    """Hold a copy of the store, which is open, against what people were told."""
    copy = folder.parent / f"{folder.name} copy"
    copy.mkdir()
    for file in folder.glob(f"{DATABASE}*"):
        shutil.copy(file, copy)
    ledger.check(copy / DATABASE, why, exactly=True)
    shutil.rmtree(copy)


EACH_TOWN = 25


async def live(folder: Path, trouble: Trouble, tries: Trials, first: int) -> Counter[str]:
    """Let a town meet so many troubles and recover from each, without a restart."""
    await town.found(folder)
    ledger = Ledger.of(folder)
    lines: list[str] = []
    found: Counter[str] = Counter()
    async with town.town(folder, lines.append) as here:
        await here.hour()
        for i in range(first, min(first + EACH_TOWN, tries.number)):
            chance = tries.random(i)
            why = f"seed {tries.seed}, try {i}"
            with trouble(folder, chance):
                await here.live(chance, 2)
            ledger.hear(lines)
            hold(folder, ledger, f"{why}, in trouble")
            troubled = sum(line.startswith("x") for line in lines)
            found["troubled"] += troubled > 0
            found["refused"] += troubled
            found["in doubt"] += sum(line.startswith("~") for line in lines)
            lines.clear()
            if not await here.hour():
                raise AssertionError(f"{why}: no tally afterwards")
            await asyncio.gather(*(here.act(n, chance) for n in range(PEOPLE)))
            assert not any(line[0] in "x~" for line in lines), (why, lines)
            assert await here.app.store.unsettled(WALKOUT) == 0, f"{why}: letters that nobody carries"
            ledger.hear(lines)
            lines.clear()
            hold(folder, ledger, f"{why}, afterwards")
    found["told"], found["letters"], found["tallies"] = ledger.acknowledged, len(ledger.letters), ledger.tally
    return found


async def read_only(folder: Path) -> None:
    """Where nothing can be written the store refuses to open, and where it can again it opens."""
    before = (folder / DATABASE).read_bytes()
    _mount("-o", "remount,ro", str(folder.parent))
    try:
        async with town.town(folder, print):
            raise AssertionError("it opened")
    except StoreUnusable:
        assert (folder / DATABASE).read_bytes() == before
    finally:
        _mount("-o", "remount,rw", str(folder.parent))
    async with town.town(folder, lambda _line: None) as here:
        assert await here.hour()


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


async def main(how: str, folder: Path, tries: Trials) -> Counter[str]:
    """Meet every trouble."""
    if how == "space":
        _mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder))
    if how == "sync":
        catch(SYNCS.judge)
        sys.setswitchinterval(1e-4)  # another thread answers for the kernel
    found: Counter[str] = Counter()
    for first in range(0, tries.number, EACH_TOWN):
        place = folder / str(first)
        found += await live(place, TROUBLES[how], tries, first)
        if how == "space" and first == 0:
            await read_only(place)
        shutil.rmtree(place)
    found["syncs"] = SYNCS.failed
    return found


if __name__ == "__main__":
    logging.disable()
    _, way, where, number, seed = sys.argv
    try:
        print(json.dumps(asyncio.run(main(way, Path(where), Trials(number=int(number), seed=int(seed))))))  # noqa: T201
    except CannotCatchError as why:
        print(json.dumps({"cannot": str(why)}))  # noqa: T201
