"""A process of its own: a town lives while syncs fail, its store's writes are taken down, and then the power is cut.

What is taken down are the system calls of the store as it is, with Python's own SQLite. Says what it found as JSON.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

from bot.domain.errors import StoreUnusable
from bot.runtime.app import DATABASE
from bot.storage.sqlite import engine, opening
from tests.faults import town
from tests.faults.disk import Event, FolderSynced, Image, Named, NotSynced, Platter, Resized, Synced, Wrote
from tests.faults.syncs import Call, CannotCatchError, catch
from tests.faults.town import Ledger
from tests.faults.trials import Trials

FILES = (DATABASE, f"{DATABASE}-journal")
OPENINGS = 4
"""How often a store is opened in one history. Now and then its syncs fail, also while it opens."""
ACTS = 2
SHARES = (0.0, 0.05, 0.1, 0.2, 0.5)
"""Of the syncs that fail."""
SOON = 40
"""Events after a sync that failed: as many as two transactions make."""


class Recorder:
    """Takes down what is done to a folder's files, and what people hear; some syncs it fails."""

    def __init__(self) -> None:
        self.share = 0.0  #: of the syncs that fail
        self.ends = False  #: of those only that follow a truncation, which is how a journal ends
        self.failed = 0
        self.events: list[Event | str] = []
        self._folder = Path()
        self._chance = Random(0)
        self._numbers: dict[int, int] = {}  #: of files, by their inodes

    def begin(self, folder: Path, chance: Random) -> Image:
        """Begin anew with this folder, and return its files."""
        self.share, self.ends, self._chance, self._folder, self.events = 0.0, False, chance, folder, []
        there = [name for name in FILES if (folder / name).exists()]
        self._numbers = {(folder / name).stat().st_ino: number for number, name in enumerate(there)}
        return {name: (folder / name).read_bytes() for name in there}

    def judge(self, call: Call) -> int | None:
        """Take a call down, and decide what becomes of it."""
        path = Path(call.path)
        syncs = call.name in {"fsync", "fdatasync"}
        may_fail = syncs and (not self.ends or isinstance(self.events[-1], Resized))
        fails = may_fail and self._chance.random() < self.share
        if path == self._folder:
            if not fails:
                self.events.append(FolderSynced())
        elif path.parent != self._folder or path.name not in FILES:
            return 0 if syncs else None
        else:
            self._take(call, path.name, fails=fails)
        self.failed += fails
        return (errno.EIO if fails else 0) if syncs else None

    def _take(self, call: Call, name: str, *, fails: bool) -> None:
        file = self._numbers.setdefault(call.inode, len(self._numbers))
        if file == len(self._numbers) - 1 and not any(isinstance(e, Named) and e.file == file for e in self.events):
            self.events.append(Named(name, file))
        match call.name:
            case "pwrite64":
                self.events.append(Wrote(file, call.at, call.data))
            case "ftruncate":
                self.events.append(Resized(file, call.at))
            case _:
                self.events.append(NotSynced(file, self._chance.getrandbits(32)) if fails else Synced(file))


RECORDER = Recorder()


async def lived(folder: Path, chance: Random) -> tuple[Image, Ledger]:
    """Let a town be left and opened again while syncs fail, and in the end live without trouble."""
    await town.found(folder)
    image, ledger = RECORDER.begin(folder, chance), Ledger.of(folder)

    def say(line: str) -> None:
        RECORDER.events.append(line)

    for nth in range(OPENINGS):
        last = nth == OPENINGS - 1
        try:
            async with town.town(folder, say) as here:
                RECORDER.share, RECORDER.ends = 0.0 if last else chance.choice(SHARES), chance.random() < 1 / 2
                await here.live(chance, ACTS)
                RECORDER.share = chance.choice([RECORDER.share, 0.0])
                assert await here.hour() or RECORDER.share, "it does not go on by itself"
            RECORDER.share = 0.0 if nth == OPENINGS - 2 else chance.choice([0.0, 0.1])
        except StoreUnusable:
            assert RECORDER.share
            RECORDER.share = 0.0
    return image, ledger


def cut(image: Image, ledger: Ledger, numbers: range, tries: Trials, folder: Path, found: Counter[str]) -> list[str]:
    """Cut the power after random events; return what was wrong with what was left."""
    wrong = []
    platter, taken = Platter.of(image), 0
    after = enumerate(pairwise(RECORDER.events), start=1)
    failed = [n for n, (one, next_) in after if isinstance(one, Resized) and isinstance(next_, NotSynced)]
    at = {i: _moment(failed, len(RECORDER.events), tries.random("when", i)) for i in numbers}
    for i in sorted(at, key=at.__getitem__):
        for event in RECORDER.events[taken : at[i]]:
            if isinstance(event, str):
                ledger.hear([event])
            else:
                platter.take(event)
        taken = at[i]
        left = platter.cut(tries.random("cut", i))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in left.items():
            (folder / name).write_bytes(content)
        found["to roll back"] += len(left.get(FILES[1], b"")) > 0
        try:
            ledger.twin().check(folder / DATABASE, f"seed {tries.seed}, try {i}")
        except Exception as error:  # noqa: BLE001  a damaged file can break anything
            wrong.append(f"seed {tries.seed}, try {i}: {error}")
    ledger.hear([event for event in RECORDER.events[taken:] if isinstance(event, str)])
    return wrong


def _moment(failed: list[int], events: int, chance: Random) -> int:
    """Return when the power is cut: half of the time soon after a journal's end was not synced."""
    if failed and chance.random() < 1 / 2:
        return min(chance.choice(failed) + chance.randint(1, SOON), events)
    return chance.randint(1, events)


EACH_HISTORY = 100
"""Cuts before another history is lived."""


def unburied() -> None:
    """Trust the syncs that come after one that failed."""
    opening.bury = engine.bury = lambda database: None  # type: ignore[attr-defined]  # noqa: ARG005


def believed() -> None:
    """Believe SQLite that a commit that failed is undone."""
    engine._by_sync = lambda error: False  # noqa: ARG005


PLANTED: dict[str, Callable[[], None]] = {"nothing": lambda: None, "unburied": unburied, "believed": believed}


def main(folder: Path, tries: Trials, fault: str) -> dict[str, object]:
    """Live and cut."""
    PLANTED[fault]()
    catch(RECORDER.judge)
    sys.setswitchinterval(1e-4)  # another thread answers for the kernel
    found: Counter[str] = Counter()
    wrong: list[str] = []
    for which, first in enumerate(range(0, tries.number, EACH_HISTORY)):
        place = folder / str(which)
        image, ledger = asyncio.run(lived(place, tries.random("history", which)))
        numbers = range(first, min(first + EACH_HISTORY, tries.number))
        wrong += cut(image, ledger, numbers, tries, folder / "left", found)
        try:
            ledger.check(place / DATABASE, f"seed {tries.seed}, history {which}, left in peace", exactly=True)
        except AssertionError as error:
            wrong.append(str(error))
        shutil.rmtree(place)
        found += Counter(told=ledger.acknowledged, refused=ledger.refused, doubts=ledger.in_doubt)
    found["syncs"] = RECORDER.failed
    return {**found, "wrong": wrong}


if __name__ == "__main__":
    logging.disable()
    _, where, number, seed, planted = sys.argv
    try:
        print(json.dumps(main(Path(where), Trials(number=int(number), seed=int(seed)), planted)))  # noqa: T201
    except CannotCatchError as why:
        print(json.dumps({"cannot": str(why)}))  # noqa: T201
