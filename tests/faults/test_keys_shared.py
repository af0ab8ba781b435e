"""Several processes share one key file, change it at the same time, and die at any step of it."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain.errors import KeyFileRefused
from bot.domain.model import WalkoutId
from bot.runtime.app import DATABASE, KEY_FILE
from bot.secrets import key_file
from bot.secrets.key_file import Contents, Unreadable
from bot.secrets.keys import Keys, Person, open_keys
from tests.faults.trials import Trials, trials
from tests.processes import PATIENCE_S

PROCESSES = 3
CHANGES = 8
LONGEST_FUSE = 4000
"""Calls after which a process has died at the latest, if it was to die: some more than it makes."""

ANA = Person("telegram", "12345")


def fingerprint(keys: Keys, walkout: WalkoutId) -> str:
    """Say which key a walkout has."""
    return hashlib.sha256(keys.open_code(walkout, ANA).encode()).hexdigest()[:16]


def opened(folder: Path) -> Keys:
    return open_keys(folder / KEY_FILE, database=folder / DATABASE)


# --- one of the processes ---


def burn(fuse: int) -> None:
    """End this process after so many calls of functions, Python's and C's, as a power cut would."""
    left = fuse

    def step(_frame: Any, _event: str, _what: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(step)


def live(folder: Path, number: int, chance: Random, fuse: int) -> None:
    """Change the key file in any order; note before each change that it comes, and after it that it is made."""
    diary = os.open(folder.with_name(f"{folder.name} {number}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(*words: str) -> None:
        os.write(diary, f"{' '.join(words)}\n".encode())

    keys = opened(folder)
    if fuse:
        burn(fuse)
    for nth in range(CHANGES):
        if keys.walkouts and chance.random() < 0.4:
            walkout = chance.choice(sorted(keys.walkouts))
            note("destroying", walkout)
            keys.destroy_walkout(walkout)
            note("destroyed", walkout)
        elif chance.random() < 0.2:
            keys.catch_up()
        else:
            walkout = WalkoutId(f"{number}x{nth}")
            keys.add_walkout(walkout, campaign=walkout if chance.random() < 0.3 else None)
            note("added", walkout, fingerprint(keys, walkout))


def forked(folder: Path, number: int, chance: Random, fuse: int) -> int:
    child = os.fork()
    if not child:
        status = 1
        try:
            live(folder, number, chance, fuse)
            status = 0
        finally:
            os._exit(status)
    return child


# --- what holds whatever they do ---


@dataclass
class Seen:
    """What somebody has seen who reads the file all the time, without a lock."""

    path: Path
    now: Contents
    newer: int = 0
    wrong: list[str] = field(default_factory=list)

    def look(self) -> None:
        try:
            contents, _lock, _newest = key_file.read(key_file.read_file(self.path), None)
        except Unreadable as unreadable:
            self.wrong.append(f"the file is {unreadable.why}")
            return
        if contents != self.now:
            self.newer += 1
            if not contents.may_follow(self.now):
                self.wrong.append(f"{sorted(self.now.walkouts)} have become {sorted(contents.walkouts)}")
            self.now = contents


def one_trial(folder: Path, chance: Random) -> tuple[Counter[str], list[str]]:
    """Let processes loose upon one key file; return what they did, and what is wrong with it."""
    folder.mkdir()
    keys = opened(folder)
    (folder / DATABASE).write_bytes(b"something")
    seen = Seen(folder / KEY_FILE, key_file.read((folder / KEY_FILE).read_bytes(), None)[0])
    fuses = [chance.randint(1, LONGEST_FUSE) if chance.random() < 0.6 else 0 for _ in range(PROCESSES)]
    children = {forked(folder, number, Random(chance.random()), fuse) for number, fuse in enumerate(fuses)}
    did: Counter[str] = Counter()
    wrong = []
    while children:
        seen.look()
        ended, status = os.waitpid(-1, os.WNOHANG)
        children.discard(ended)
        if ended and status:
            did["killed"] += 1
            if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
                wrong.append("a process has failed")
    try:
        keys.add_walkout(WalkoutId("after"))  # by whoever knows nothing of all that, and whatever they have left
        newest = opened(folder)
    except KeyFileRefused as refused:
        return did, [*wrong, *seen.wrong, f"the file is {refused.why} in the end"]
    seen.look()
    notes = [line.split() for path in folder.parent.glob(f"{folder.name} *") for line in path.read_text().splitlines()]
    did.update(note[0] for note in notes)
    did["seen"] += seen.newer
    wrong += [*seen.wrong, *judged(notes, newest), *judged(notes, keys)]
    if sorted(path.name for path in folder.iterdir()) != [DATABASE, KEY_FILE]:
        wrong.append("something was left")
    return did, wrong


def judged(notes: list[list[str]], keys: Keys) -> Iterator[str]:
    """Hold what somebody knows in the end against what was done."""
    begun = {walkout for what, walkout, *_ in notes if what == "destroying"}
    for what, walkout, *key in notes:
        name = WalkoutId(walkout)
        if what == "destroyed" and (name in keys.walkouts or name not in keys.closed):
            yield f"{walkout} was destroyed and is there"
        if what == "added" and walkout not in begun and name not in keys.walkouts:
            yield f"{walkout} was added and is not there"
        if what == "added" and name in keys.walkouts and fingerprint(keys, name) != key[0]:
            yield f"{walkout} has another key"


def many(tmp_path: Path, tries: Trials) -> tuple[Counter[str], list[str]]:
    did: Counter[str] = Counter()
    wrong = []
    for number in range(tries.number):
        done, amiss = one_trial(tmp_path / str(number), tries.random(number))
        did += done
        wrong += [f"{each} (seed {tries.seed}, try {number})" for each in amiss]
    return did, wrong


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time."""
    monkeypatch.setattr(key_file, "WAIT_S", PATIENCE_S)


@trials(60, full=3000)
def test_no_key_is_lost_and_none_comes_back_whoever_dies(
    tmp_path: Path, tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    did, wrong = many(tmp_path, tries)
    record_property("found", dict(did))
    assert not wrong
    assert min(did[what] for what in ("killed", "added", "destroyed", "seen")) > tries.number / 2


def deaf(_keys: Keys) -> None:
    """Change what one knows, not what is newest."""


def unlocked(_descriptor: int, _path: Path, _until: float) -> None:
    """Wait for nobody."""


@pytest.mark.parametrize(
    ("where", "name", "fault", "found"),
    [
        (Keys, "_catch_up", deaf, "was added and is not there"),
        (Keys, "_catch_up", deaf, "was destroyed and is there"),
        (key_file, "_lock", unlocked, "the file is damaged"),
        (key_file, "_lock", unlocked, "was added and is not there"),
    ],
)
@trials(1_000, full=1_000)
def test_keys_lost_or_written_back_would_be_seen(
    tmp_path: Path, tries: Trials, monkeypatch: pytest.MonkeyPatch, where: object, name: str, fault: object, found: str
) -> None:
    monkeypatch.setattr(where, name, fault)
    amiss = (one_trial(tmp_path / str(number), tries.random(number))[1] for number in range(tries.number))
    assert any(found in each for wrong in amiss for each in wrong)  # one of the first finds it
