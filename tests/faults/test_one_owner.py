"""A second process on one store refuses within two seconds; a file that is replaced while the bot runs is noticed."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import pytest

from bot.domain.errors import NotRecorded, Refused
from bot.process.clock import MovableClock
from bot.process.logs import Event
from bot.runtime.app import DATABASE
from bot.storage.sqlite import SqliteStore, open_store
from bot.storage.sqlite.file_identity import Place
from tests.conftest import NOON, ROOT
from tests.faults import town
from tests.faults.children import FORKS
from tests.faults.town import PEOPLE, PLATFORM, Ledger, Town, sound
from tests.faults.trials import Trials, trials
from tests.postgres.stores import IDENTITY
from tests.processes import run

pytestmark = pytest.mark.sqlite_only("one process owns its file")

LONGEST_S = 2.0
MOST = 4
"""Processes that come to one store at once."""

AT_ONCE = 40
"""Stores that are raced for at the same time: whoever is refused has waited a second."""


# --- several processes ---


def ways_to(folder: Path, chance: Random) -> list[Path]:
    """Make the store's folder, now and then the store as well, and give each process its own way there."""
    folder.mkdir()
    path = folder / DATABASE
    aliases = folder.with_name(f"{folder.name} aliases")
    aliases.mkdir()
    (aliases / "folder").symlink_to(folder)
    ways = [path, aliases / "folder" / DATABASE, folder / ".." / folder.name / DATABASE]
    if chance.random() < 0.5:  # it was here before
        asyncio.run(open_and_close(path))
        (aliases / "file").symlink_to(path)
        (aliases / "link").hardlink_to(path)
        ways += [aliases / "file", aliases / "link"]
    return [chance.choice(ways) for _ in range(chance.randint(2, MOST))]


async def open_and_close(path: Path) -> None:
    store = await open_store(path, clock=MovableClock(NOON), identity=IDENTITY)
    await store.aclose()


def race(commands: Connection) -> None:
    """Be one of the processes: open many stores at once, say how each attempt ended and when, let go when told."""
    logging.disable()

    async def one(path: Path) -> tuple[SqliteStore | None, str, float]:
        began = time.monotonic()
        try:
            store = await open_store(path, clock=MovableClock(NOON), identity=IDENTITY)
        except Refused as refused:
            return None, type(refused).__name__, time.monotonic() - began
        await store.walkouts()
        return store, "", time.monotonic() - began

    async def many(paths: list[Path]) -> None:
        tries = await asyncio.gather(*map(one, paths))
        commands.send([(refusal, took) for _store, refusal, took in tries])
        commands.recv()
        await asyncio.gather(*(store.aclose() for store, _refusal, _took in tries if store is not None))

    while paths := commands.recv():
        asyncio.run(many(paths))
        commands.send("free")


@trials(80, full=400)
def test_of_several_processes_that_come_at_once_exactly_one_owns_the_store(
    data: Path, tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    racers = []
    for _ in range(MOST):
        ours, theirs = FORKS.Pipe()
        process = FORKS.Process(target=race, args=(theirs,))
        process.start()
        theirs.close()
        racers.append((process, ours))
    slowest, refused = 0.0, 0
    try:
        for first in range(0, tries.number, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, tries.number))
            ways = {i: ways_to(data / str(i), tries.random(i)) for i in numbers}
            outcomes: dict[int, list[tuple[str, float]]] = {i: [] for i in numbers}
            for n, (_process, pipe) in enumerate(racers):
                pipe.send([there[n] for there in ways.values() if n < len(there)] or [data / "nobody" / DATABASE])
            for n, (_process, pipe) in enumerate(racers):
                for i, outcome in zip([i for i in numbers if n < len(ways[i])], pipe.recv(), strict=False):
                    outcomes[i].append(outcome)
            for _process, pipe in racers:
                pipe.send("let go")
                pipe.recv()
            opened = max(took for seen in outcomes.values() for refusal, took in seen if not refusal)
            for i, seen in outcomes.items():
                why = f"seed {tries.seed}, try {i}: {seen} by {ways[i]}"
                assert Counter(refusal for refusal, _took in seen) == {"": 1, "StoreInUse": len(ways[i]) - 1}, why
                # beside an opening that waits for nobody: what a busy machine adds, it adds to both
                slowest = max(slowest, *(took - opened for refusal, took in seen if refusal))
                refused += len(ways[i]) - 1
                asyncio.run(open_and_close(data / str(i) / DATABASE))  # and it is sound, and free again
    finally:
        for process, pipe in racers:
            pipe.close()
            process.terminate()
            process.join()
    assert slowest < LONGEST_S
    record_property("found", f"{refused} refused, the slowest {slowest:.2f} s after an owner; one owner each")


BY_ANOTHER_MOUNT = """
import asyncio, sys
from pathlib import Path
from time import monotonic
from bot.process.clock import real_clock
from bot.domain.errors import StoreInUse
from bot.storage.sqlite import open_store

began = monotonic()
try:
    asyncio.run(open_store(Path(sys.argv[1]), clock=real_clock, identity=sys.argv[2]))
except StoreInUse:
    print(monotonic() - began)
"""


async def test_a_second_process_refuses_also_by_another_mount_of_the_same_folder(data: Path) -> None:
    (data / "store").mkdir()
    (data / "mount").mkdir()
    store = await open_store(data / "store" / DATABASE, clock=MovableClock(NOON), identity=IDENTITY)
    try:
        mount = 'mount --bind "$1" "$2" || exit 77; exec "$3" -c "$4" "$2/$5" "$6"'
        words: list[str | Path] = [
            "sh",
            data / "store",
            data / "mount",
            sys.executable,
            BY_ANOTHER_MOUNT,
            DATABASE,
            IDENTITY,
        ]
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, *words]
        ended = await asyncio.to_thread(run, command, folder=ROOT)
        if not ended.stdout and ("unshare" in ended.stderr or ended.returncode == 77):
            pytest.skip(f"nothing can be mounted here: {ended.stderr}")
        assert float(ended.stdout) < LONGEST_S, ended.stderr
    finally:
        await store.aclose()


# --- a file that is replaced ---


class Somebody:
    """Somebody with access to the server, who does not think of the bot that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self.journal = folder / f"{DATABASE}-journal"
        self._aside = folder.with_name(f"{folder.name} aside")
        self._aside.mkdir()
        self.kept = self._aside / "kept"
        self.kept.hardlink_to(self.path)  # so that what the bot had can be looked at afterwards
        shutil.copy(self.path, self._aside / "old")

    def move_away(self) -> None:
        """Move it elsewhere."""
        self.path.rename(self._aside / "moved")

    def delete(self) -> None:
        """Delete it."""
        self.path.unlink()

    def restore_by_renaming(self) -> None:
        """Put an older copy in its place."""
        shutil.copy(self._aside / "old", self._aside / "fresh")
        (self._aside / "fresh").replace(self.path)

    def restore_by_copying(self) -> None:
        """Copy the older one over it: the same file, with other contents."""
        with (self._aside / "old").open("rb") as old, self.path.open("r+b") as file:
            file.truncate()
            shutil.copyfileobj(old, file)

    def replace_by_nothing(self) -> None:
        """Put an empty file in its place."""
        (self._aside / "empty").touch()
        (self._aside / "empty").replace(self.path)

    def delete_journal(self) -> None:
        """Delete the empty file beside it, whatever it may be good for."""
        self.journal.unlink()

    def move_folder(self) -> None:
        """Move the whole folder."""
        self.folder.rename(self._aside / "folder")

    def replace_folder(self) -> None:
        """Put an older copy of the folder in its place."""
        self.folder.rename(self._aside / "folder")
        shutil.copytree(self._aside / "folder", self.folder)

    def delete_folder(self) -> None:
        """Delete the whole folder."""
        shutil.rmtree(self.folder)

    def put_back(self) -> bool:
        """Undo it, if the bot's own file still is what it was; say whether that could be done."""
        if (self._aside / "folder").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            (self._aside / "folder").rename(self.folder)
        elif self.journal.exists() and not self.path.exists():
            self.path.hardlink_to(self.kept)
        elif self.journal.exists() and not self.path.samefile(self.kept):
            self.path.unlink()
            self.path.hardlink_to(self.kept)
        else:  # written over, or without its journal
            return False
        return True


DEEDS: tuple[Callable[[Somebody], None], ...] = (
    Somebody.move_away,
    Somebody.delete,
    Somebody.restore_by_renaming,
    Somebody.restore_by_copying,
    Somebody.replace_by_nothing,
    Somebody.delete_journal,
    Somebody.move_folder,
    Somebody.replace_folder,
    Somebody.delete_folder,
)
DONE = "@"
"""What is in the lines when somebody has done it."""


async def replace_once(folder: Path, deed: Callable[[Somebody], None], chance: Random, why: str) -> Counter[str]:
    """Let it happen in the middle of a town's life; look at what people were told before and after."""
    await town.found(folder)
    ledger = Ledger.of(folder)
    lines: list[str] = []
    somebody = Somebody(folder)
    async with town.town(folder, lines.append) as here:
        store = here.app.store
        assert isinstance(store, SqliteStore)
        living = asyncio.create_task(here.live(chance, 3))
        if deed is Somebody.restore_by_copying:
            await living  # what is written over in the very moment of a commit is not noticed
        for _ in range(chance.randint(20, 400)):  # wherever the store is then
            await asyncio.sleep(0)
        if deed is Somebody.delete_journal:  # there is one as soon as anything is written
            await store.add_deletion(PLATFORM, b"", due=NOON + timedelta(weeks=1))
        deed(somebody)
        lines.append(DONE)
        await living
        await everybody_once(here, chance)
        before, after = lines[: lines.index(DONE)], lines[lines.index(DONE) + 1 :]
        heard, refused = answers_after(before, after, why)
        with pytest.raises(NotRecorded):
            await here.app.store.walkouts()

        ledger.hear(before)
        ledger.hear(heard)
        if deed is not Somebody.restore_by_copying:
            copy = folder.with_name(f"{folder.name} copy")
            shutil.copy(somebody.kept, copy)
            ledger.check(copy, why)
        kept = somebody.kept.stat()
        # written to while it was taken away, it is not as the store knows it
        as_it_was = (kept.st_mtime_ns, kept.st_size) == store._place._state
        back = somebody.put_back() and as_it_was
        lines.clear()
        if back:
            await everybody_once(here, chance)
    found = Counter(refused=refused, back=back, told=ledger.acknowledged, raced=not as_it_was)
    if back:
        assert not any(line.startswith("x") for line in lines), (why, lines)
        ledger.hear(lines)
        ledger.check(somebody.path, why, exactly=True)
    if not back and somebody.path.exists():  # started again, it goes on with what lies there
        async with town.town(folder, lines.append) as here:
            await everybody_once(here, chance)
        assert any(line.startswith("!") for line in lines), why
        with closing(sqlite3.connect(somebody.path)) as db:
            assert sound(db) == [], why
    return found


def answers_after(before: list[str], after: list[str], why: str) -> tuple[list[str], int]:
    """Return what was decided before it happened and heard only afterwards, and how much was refused.

    Everything else that was asked for must have been refused.
    """
    under_way = set()
    for mark, _what, *about in map(str.split, before):
        if mark == "?":
            under_way.add(about[0])
        elif len(about) == 1:
            under_way.discard(about[0])
    one_each = {"letter", "tally"}
    heard, refused = [], 0
    for line in after:
        mark, what, *about = line.split()
        if what in one_each:  # the one that was on its way
            one_each.remove(what)
            heard.append(line)
        elif mark != "?" and about[0] in under_way:
            under_way.remove(about[0])
            if mark != "x":  # "not recorded" may be in the file that was taken away at that moment
                heard.append(line)
        elif mark != "?":
            assert mark == "x", (why, line)
            refused += 1
    assert refused > 0, why
    return heard, refused


async def everybody_once(here: Town, chance: Random) -> None:
    """Let everybody do something at once."""
    await asyncio.gather(*(here.act(n, chance) for n in range(PEOPLE)))


@trials(90, full=900)
async def test_whatever_happens_to_the_file_nothing_is_acknowledged_that_is_not_in_it(
    data: Path, tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    logging.disable()
    found: Counter[str] = Counter()
    try:
        for i in range(tries.number):
            deed = DEEDS[i % len(DEEDS)]
            found += await replace_once(
                data / str(i), deed, tries.random(i), f"seed {tries.seed}, try {i}, {deed.__doc__}"
            )
    finally:
        logging.disable(logging.NOTSET)
    record_property(
        "found",
        f"{found['told']} changes acknowledged before, 0 lost; {found['refused']} refused afterwards; "
        f"{found['back']} times it was put back, and all went on without a restart",
    )


async def test_a_bot_that_goes_on_in_a_file_that_is_gone_would_be_seen(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Place, "__enter__", lambda _place: None)
    monkeypatch.setattr(Place, "__exit__", lambda _place, *_error: None)
    for n, deed in enumerate((Somebody.move_away, Somebody.restore_by_renaming, Somebody.delete_folder)):
        with pytest.raises(AssertionError):
            await replace_once(data / str(n), deed, Random(n), "planted")


async def test_it_is_said_once_when_the_file_is_gone_and_once_when_it_is_back(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await town.found(data / "store")
    somebody = Somebody(data / "store")
    async with town.town(data / "store", lambda _line: None) as here:
        somebody.move_away()
        for _ in range(3):
            with pytest.raises(NotRecorded):
                await here.app.store.walkouts()
        somebody.put_back()
        for _ in range(3):
            await here.app.store.walkouts()
    said = [record.getMessage() for record in caplog.records if record.name == "bot.storage.sqlite.file_identity"]

    assert said == [Event.STORE_TAKEN, Event.STORE_THERE]
