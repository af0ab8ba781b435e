"""Builds the App and lists its jobs: read this to know what runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from bot.brake import Brake, Buckets, Guesses
from bot.clock import Clock
from bot.domain import rules
from bot.domain.errors import KeyFileRefused
from bot.domain.model import Stage, Walkout
from bot.errands import Errands
from bot.keys import Keys, open_keys
from bot.outbox import Outbox, Sender
from bot.roomwords import RoomWords
from bot.scheduler import Job, Scheduler
from bot.storage.sqlite import open_store
from bot.storage.store import Store
from bot.usecases import automatic
from bot.usecases.automatic import Closing, Tallies

DATABASE = "allout.db"
KEY_FILE = "allout.key"
SOCKET = "allout.sock"


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """The parts that every platform and every command of the server shares."""

    data: Path
    store: Store
    keys: Keys
    clock: Clock
    brake: Brake
    messages: Buckets  #: what each account may still say
    shown: Buckets  #: how often each card may still be shown by whoever goes before strangers
    guesses: Guesses
    tallies: Tallies
    room_words: RoomWords
    outboxes: Mapping[str, Outbox]  #: by platform
    errands: Mapping[str, Errands]  #: likewise
    bots: dict[str, str]  #: what cards call the bot: by platform, once it has been reached there
    scheduler: Scheduler


@asynccontextmanager
async def open_app(data: Path, *, clock: Clock, senders: Mapping[str, Sender | None]) -> AsyncIterator[App]:
    """Own the store in this folder for as long as the block lasts.

    A platform whose sender is None gets one when it can be reached; its parcels wait in the store until then.

    Raises StoreInUse, StoreTooNew, StoreUnusable, KeyFileRefused.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = data / DATABASE
    keys = open_keys(data / KEY_FILE, database=database)
    store = await open_store(database, clock=clock, identity=keys.store)
    try:
        await _check_keys(store, keys, data / KEY_FILE, clock)
        tallies = Tallies(store, clock)
        outboxes = {platform: Outbox(platform, sender, store, keys, clock) for platform, sender in senders.items()}
        errands = {platform: Errands(platform, outbox, store, keys, clock) for platform, outbox in outboxes.items()}
        yield App(
            data=data,
            store=store,
            keys=keys,
            clock=clock,
            brake=Brake(),
            messages=Buckets(clock),
            shown=Buckets(clock),
            guesses=Guesses(clock),
            tallies=tallies,
            room_words=RoomWords(clock),
            outboxes=outboxes,
            errands=errands,
            bots={},
            scheduler=Scheduler(_jobs(store, keys, tallies, outboxes, errands, clock), clock),
        )
    finally:
        await store.aclose()


async def _check_keys(store: Store, keys: Keys, path: Path, clock: Clock) -> None:
    """Refuse an older copy of the key file: nobody's pledge could be bound, and nobody's found again."""
    for walkout in await store.walkouts():
        closes = rules.closes_at(walkout)
        # closing destroys the key first; cut off there, it is finished by the next run
        half_closed = closes is not None and closes <= clock()
        if walkout.stage is not Stage.CLOSED and walkout.id not in keys.walkouts and not half_closed:
            raise KeyFileRefused(str(path), "outdated")


def _jobs(
    store: Store,
    keys: Keys,
    tallies: Tallies,
    outboxes: Mapping[str, Outbox],
    errands: Mapping[str, Errands],
    clock: Clock,
) -> list[Job]:
    """List all that happens by itself. At the same instant a tally comes before a reminder."""

    async def earliest(of: Callable[[Walkout], datetime | None]) -> datetime | None:
        due = [of(walkout) for walkout in await store.walkouts()]
        return min((instant for instant in due if instant is not None), default=None)

    closing = Closing(store, keys, clock)
    return [
        Job(
            name="tally",
            due=lambda: earliest(lambda walkout: walkout.next_tally),
            run=tallies.take_due,
        ),
        Job(
            name="remind",
            due=lambda: earliest(rules.next_reminder),
            run=partial(automatic.remind_all, store, clock),
        ),
        Job(name="close", due=closing.due, run=closing.close_all),
        *(
            Job(name=f"deliver on {platform}", due=outbox.due, run=outbox.deliver)
            for platform, outbox in outboxes.items()
        ),
        *(Job(name=f"delete on {platform}", due=each.due, run=each.run) for platform, each in errands.items()),
    ]
