"""A process of its own: sends letters while the disk fills up, and when it has room again. Says what it saw as JSON.

Files may not grow beyond a limit that is set and lifted here, as on a full disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sys
from datetime import timedelta
from pathlib import Path

from bot.delivery.outbox import Letter
from bot.domain.errors import NotRecorded
from bot.domain.model import Announcement, Kind, Ruling, Walkout
from bot.process.clock import MovableClock
from bot.runtime.app import App, open_app
from bot.storage.store import Room
from tests.conftest import NOON, WALKOUT, opened, shops

ALL = resource.RLIM_INFINITY


async def announce(app: App, occasion: str) -> None:
    """Store a piece of news."""

    def rule(walkout: Walkout, _places: object) -> Ruling:
        return Ruling(walkout=walkout, announcements=(Announcement(kind=Kind.REMINDER, occasion=occasion),))

    await app.store.decide(WALKOUT, rule)


class Post:
    """A platform's way out; while it sends the first letter, the disk fills up."""

    def __init__(self) -> None:
        self.took: list[str] = []

    async def send(self, letter: Letter) -> str:
        """Take it."""
        if not self.took:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, ALL))
        self.took.append(letter.news.occasion)
        return letter.news.occasion

    async def delete(self, what: str) -> None:
        """Delete nothing."""


async def letters(data: Path) -> dict[str, object]:
    """Let the disk fill up between sending and settling, and have room again at the next look."""
    clock, post = MovableClock(NOON), Post()
    async with open_app(data, clock=clock, senders={"console": post}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(tally_every=timedelta(days=1)), shops(40))
        await app.store.bind_room(Room(walkout=WALKOUT, scope=None, way="console", address="#city"))
        for occasion in range(5):
            await announce(app, str(occasion))
        for _ in range(3):
            with contextlib.suppress(NotRecorded):
                await app.scheduler.run_due()
            resource.setrlimit(resource.RLIMIT_FSIZE, (ALL, ALL))
            clock.move_to(clock() + timedelta(hours=1))
        return {"took": post.took, "unsettled": await app.store.unsettled(WALKOUT)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(letters(Path(sys.argv[1])))))  # noqa: T201
