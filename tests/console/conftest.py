from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stores
from tests.console.play import Play

MEMORY = Path("/dev/shm")  # noqa: S108  each test makes a private folder in it


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private folder, in memory where that is possible: a thousand commits on a slow disk take minutes."""
    for name in [name for name in os.environ if name.upper().startswith("ALLOUT_")]:
        monkeypatch.delenv(name)
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    made = Path(tempfile.mkdtemp(prefix="allout-", dir=MEMORY if usable else None))
    monkeypatch.chdir(made)
    yield made
    shutil.rmtree(made)
    stores.let_go(made)


@pytest.fixture
def play(folder: Path) -> Play:
    """The `allout` command in this process."""
    return Play(folder, inside=True)


@pytest.fixture
def shell(folder: Path) -> Play:
    """The `allout` command as people run it: a process each time."""
    return Play(folder, inside=False)
