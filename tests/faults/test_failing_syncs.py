"""A disk that fails to sync, and then loses power: nothing acknowledged is lost, and no transaction is halved.

Linux takes what a failed sync should have written for written: it may never come to the disk, though the next sync
succeeds. The store is the real one, with Python's own SQLite; what it writes is taken down as it asks the kernel.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.trials import Trials, trials
from tests.processes import run

pytestmark = pytest.mark.sqlite_only("syncs of its file that fail")

PATIENCE_S = 900.0


def lived_and_cut(data: Path, tries: Trials, fault: str = "nothing") -> dict[str, Any]:
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.faults.failing_syncs",
        data,
        str(tries.number),
        str(tries.seed),
        fault,
    ]
    ended = run(words, folder=ROOT, patience_s=PATIENCE_S)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    if "cannot" in found:
        pytest.skip(f"no system call can be caught here: {found['cannot']}")
    return found


@trials(300, full=10_000)
def test_a_pledge_acknowledged_survives_a_power_cut_on_a_disk_that_fails_to_sync(
    data: Path, tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    found = lived_and_cut(data, tries)
    assert found["wrong"] == []
    assert found["syncs"] > tries.number / 20
    seen = Counter(found)
    record_property(
        "found",
        f"{seen['syncs']} syncs failed, {tries.number} cuts, {seen['to roll back']} left a journal; "
        f"{seen['told']} changes acknowledged, 0 lost; {seen['refused']} not recorded, 0 there; "
        f"{seen['doubts']} in doubt; 0 files damaged",
    )


@pytest.mark.parametrize(("fault", "tries"), [("unburied", 1_000), ("believed", 300)])
def test_trust_in_a_disk_that_failed_would_be_seen(data: Path, fault: str, tries: int) -> None:
    assert lived_and_cut(data, Trials(number=tries, seed=1), fault)["wrong"]
