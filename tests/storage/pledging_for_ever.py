"""A process of its own: pledges card after card, saying which are recorded, until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.clock import MovableClock
from bot.storage.sqlite import open_store
from tests.conftest import NOON
from tests.storage.house import IDENTITY, pledges

AT_ONCE = 20


async def main(path: Path, number: int) -> None:
    """Let several pledge at a time, as a busy evening would."""
    store = await open_store(path, clock=MovableClock(NOON), identity=IDENTITY)

    async def some(first: int) -> None:
        for n in range(first, number, AT_ONCE):
            await store.apply(pledges(n, f"worker {n}"))
            print(n, flush=True)  # noqa: T201

    await asyncio.gather(*map(some, range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
