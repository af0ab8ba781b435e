"""A process of its own: pledges while the disk has room, while it has none, and when it has room again.

Files may not grow beyond a limit that is set and lifted here, as on a full disk. Every limit between an empty
file and the whole database is tried, so that writing fails at each step of a transaction. Says what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bot import cards
from bot.clock import MovableClock
from bot.domain.errors import NotRecorded, Refused
from bot.domain.model import Announcement, Kind, Ruling, Walkout
from bot.keys import Person
from bot.outbox import Letter
from bot.storage.store import Room
from bot.usecases.workers import Worker
from bot.wiring import DATABASE, App, open_app
from handlers.texts import refusals
from tests.conftest import NOON, SHOP, WALKOUT, opened, shops
from tests.storage.house import key, standing

CARDS = 3000
ALL = resource.RLIM_INFINITY


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond this size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, ALL))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ALL, ALL))


async def pledge(app: App, codes: list[str], worker: str) -> list[str]:
    """Pledge all of these cards at once; return what each was told."""

    async def one(n: int, code: str) -> str:
        desk = Worker(
            who=Person("console", f"{worker} {n}"),
            store=app.store,
            keys=app.keys,
            brake=app.brake,
            clock=app.clock,
            tallies=app.tallies,
        )
        try:
            return "pledged" if (await desk.pledge(code)).changed else "already"
        except Refused as refused:
            return refusals.refusal(refused)[0]

    return await asyncio.gather(*(one(n, code) for n, code in enumerate(codes)))


async def announce(app: App, occasion: str) -> str:
    """Store a piece of news; return what came of it."""

    def rule(walkout: Walkout, _places: object) -> Ruling:
        return Ruling(walkout=walkout, announcements=(Announcement(kind=Kind.REMINDER, occasion=occasion),))

    try:
        await app.store.decide(WALKOUT, rule)
    except NotRecorded:
        return "not_recorded"
    return "done"


async def main(data: Path) -> list[dict[str, object]]:
    """Try every limit."""
    seen: list[dict[str, object]] = []
    codes = [cards.from_bytes(key(n)) for n in range(CARDS)]
    async with open_app(data, clock=MovableClock(NOON), senders={}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(), shops(CARDS))
        await app.store.mint(WALKOUT, {SHOP: [cards.key_of(code) for code in codes]})
        await app.store.bind_room(Room(walkout=WALKOUT, scope=None, platform="console", address="#city" * 100))
        whole = (data / DATABASE).stat().st_size
        for number, limit in enumerate([0, 100, 512, *range(1024, whole * 5 // 4, whole // 25)]):
            mine, codes = codes[:40], codes[40:]
            before = await standing(app.store)
            with room_for(limit):
                full = await pledge(app, mine[:30], f"worker {number}")
                news = [await announce(app, f"{number}, while full")]
            with room_for(ALL):
                still = await standing(app.store)
                after = await pledge(app, mine, f"worker {number}")
                news.append(await announce(app, f"{number}, afterwards"))
                seen.append(
                    {
                        "limit": limit,
                        "full": full,
                        "stood_meanwhile": [now - then for now, then in zip(still, before, strict=True)],
                        "after": after,
                        "stand_then": [now - then for now, then in zip(await standing(app.store), before, strict=True)],
                        "news": news,
                    }
                )
    return seen


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
        await app.store.bind_room(Room(walkout=WALKOUT, scope=None, platform="console", address="#city"))
        for occasion in range(5):
            await announce(app, str(occasion))
        for _ in range(3):
            with contextlib.suppress(NotRecorded):
                await app.scheduler.run_due()
            resource.setrlimit(resource.RLIMIT_FSIZE, (ALL, ALL))
            clock.move_to(clock() + timedelta(hours=1))
        return {"took": post.took, "unsettled": await app.store.unsettled(WALKOUT)}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    answer = {"limits": asyncio.run(main(folder / "limits")), "letters": asyncio.run(letters(folder / "letters"))}
    print(json.dumps(answer))  # noqa: T201
