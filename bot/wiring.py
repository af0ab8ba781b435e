"""Builds the App and lists its jobs: read this to know what runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from bot import logs
from bot.brake import Brake, Buckets, Guesses
from bot.clock import Clock
from bot.domain import rules
from bot.domain.errors import KeyFileRefused, NotRecorded
from bot.domain.model import Stage, Walkout
from bot.errands import Errands
from bot.keys import Keys, open_keys
from bot.outbox import Outbox, Sender
from bot.roomwords import RoomWords
from bot.scheduler import Job, Scheduler
from bot.storage.sqlite import open_store
from bot.storage.store import Store
from bot.usecases import automatic, closing, rotation
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
async def open_app(
    data: Path, *, clock: Clock, senders: Mapping[str, Sender | None], passphrase_file: Path | None = None
) -> AsyncIterator[App]:
    """Own the store in this folder for as long as the block lasts.

    A platform whose sender is None gets one when it can be reached; its parcels wait in the store until then.

    Raises StoreInUse, StoreTooNew, StoreUnusable, KeyFileRefused.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = data / DATABASE
    keys = open_keys(data / KEY_FILE, database=database, passphrase_file=passphrase_file)
    following = keys.following.store if keys.following else None
    store = await open_store(database, clock=clock, identity=keys.store, following=following)
    try:
        await _check_keys(store, keys, data / KEY_FILE)
        keys.renew_file()
        await rotation.finish(store, keys)
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


async def _check_keys(store: Store, keys: Keys, path: Path) -> None:
    """Refuse an older copy of the key file: nobody's pledge could be bound, and nobody's found again.

    Closing destroys the key first. Where it was cut off there, or a backup has brought a closed walkout back, it is
    finished before anything of it is sent.
    """
    keyless = [
        walkout
        for walkout in await store.walkouts()
        if walkout.stage is not Stage.CLOSED and walkout.id not in keys.walkouts
    ]
    if any(walkout.id not in keys.closed for walkout in keyless):
        raise KeyFileRefused(str(path), "outdated")
    with suppress(NotRecorded):  # then nothing can be sent either, and the job that closes tries again
        for walkout in keyless:
            await closing.close(walkout, store, keys)


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

    async def unsaid() -> datetime | None:
        # the next tally says what came together; without one ahead there are no pledges that it could betray
        at_once = logs.has_totals() and await earliest(lambda walkout: walkout.next_tally) is None
        return clock() if at_once else None

    async def say_totals() -> None:
        logs.say_totals()

    closings = Closing(store, keys, clock)
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
        Job(name="close", due=closings.due, run=closings.close_all),
        *(
            Job(name=f"deliver on {platform}", due=outbox.due, run=outbox.deliver)
            for platform, outbox in outboxes.items()
        ),
        Job(name="log", due=unsaid, run=say_totals),
        *(Job(name=f"delete on {platform}", due=each.due, run=each.run) for platform, each in errands.items()),
    ]
