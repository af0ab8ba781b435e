"""Disk full, read-only, I/O error: "not recorded", nothing false announced, nothing damaged, and no restart needed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.conftest import ROOT
from tests.faults.trials import Trials, trials
from tests.processes import run

pytestmark = pytest.mark.sqlite_only("a disk below its file")

PATIENCE_S = 900.0

ON_ITS_OWN = ("unshare", "--user", "--map-root-user", "--mount")
"""Lets anybody mount a file system that nobody else sees, where the system allows that."""


def full_disk(how: str, data: Path, tries: Trials) -> CompletedProcess[str]:
    own = ON_ITS_OWN if how == "space" else ()
    words = [*own, sys.executable, "-m", "tests.faults.full_disk", how, data, str(tries.number), str(tries.seed)]
    return run(words, folder=ROOT, patience_s=PATIENCE_S)


@trials(40, full=200)
@pytest.mark.parametrize("how", ["limit", "space", "broken", "sync"])
def test_in_trouble_people_are_told_so_and_afterwards_all_goes_on(
    data: Path, tries: Trials, how: str, record_property: Callable[[str, object], None]
) -> None:
    if how == "space" and (nothing := run([*ON_ITS_OWN, "true"], folder=ROOT)).returncode:
        pytest.skip(f"nothing can be mounted here: {nothing.stderr}")
    ended = full_disk(how, data, tries)
    assert ended.returncode == 0, ended.stderr
    found = Counter(json.loads(ended.stdout))
    if "cannot" in found:
        pytest.skip(f"no system call can be caught here: {found['cannot']}")
    assert found["troubled"] > tries.number / 4
    assert found["told"] > tries.number * 3
    record_property(
        "found",
        f"{found['troubled']} times there was trouble; {found['told']} changes acknowledged, 0 missing; "
        f"{found['refused']} not recorded, 0 there; {found['in doubt']} in doubt; "
        f"{found['tallies']} tallies, {found['letters']} letters; {found['syncs']} syncs failed",
    )
