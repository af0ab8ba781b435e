"""A process of its own: cards are minted on a disk whose syncs fail from some one on, and then no more.

Says as JSON what became of each minting: what was answered, whether the cards are known once the disk works, and
what a tally leaves.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.domain.errors import InDoubt, NotRecorded, UnknownCard
from bot.process.clock import MovableClock
from bot.storage.sql import minting
from tests.conftest import NOON, SHOP, WALKOUT, opened, shops
from tests.faults.syncs import Call, CannotCatchError, catch
from tests.storage.house import SqliteHouse, fresh, looks, together

CARDS = 40
SYNCS = range(1, 60)
"""More than a minting has."""


class Syncs:
    """Which syncs fail: none, or all from the nth on. None is really made: no power is cut here."""

    def __init__(self) -> None:
        self.left: int | None = None

    def judge(self, call: Call) -> int | None:
        """Decide about a call that was caught."""
        if "sync" not in call.name:
            return None
        if self.left is None:
            return 0
        self.left -= 1
        return errno.EIO if self.left <= 0 else 0


async def lived(folder: Path, syncs: Syncs) -> list[tuple[str, int, int, int]]:
    """Return of each minting what was answered, and how many cards are known, there before a tally, and after it."""
    minting.PIECE = CARDS // 4
    found = []
    async with SqliteHouse(folder).open(MovableClock(NOON)) as opened_store:
        store: Any = opened_store
        await store.add_walkout(opened(), shops(CARDS * len(SYNCS)))
        for nth in SYNCS:
            names = [f"{nth} {n}" for n in range(CARDS)]
            syncs.left = nth
            try:
                await store.mint(WALKOUT, {SHOP: [fresh(name) for name in names]})
                said = "minted"
            except InDoubt:
                said = "in doubt"
            except NotRecorded:
                said = "not recorded"
            syncs.left = None
            answers = await together(store, map(looks, names))
            known = sum(not isinstance(answer, UnknownCard) for answer in answers)
            before = await _there(store, names)
            await store.forget_order()
            found.append((said, known, before, await _there(store, names)))
    return found


async def _there(store: Any, names: Sequence[str]) -> int:
    """Count the rows of these cards in the file."""
    keys = [fresh(name).card for name in names]
    marks = ", ".join("?" * len(keys))
    [(there,)] = await store._read(f"SELECT count(*) FROM card WHERE key IN ({marks})", keys)  # noqa: S608
    return int(there)


if __name__ == "__main__":
    logging.disable()
    syncs = Syncs()
    try:
        catch(syncs.judge)
    except CannotCatchError as error:
        sys.stdout.write(json.dumps({"cannot": str(error)}))
    else:
        sys.stdout.write(json.dumps({"found": asyncio.run(lived(Path(sys.argv[1]), syncs))}))
