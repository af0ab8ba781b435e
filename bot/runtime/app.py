"""Builds the App and lists its jobs: read this to know what runs."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic

from bot.delivery.outbox import Outbox, Sender
from bot.delivery.scheduled_deletions import ScheduledDeletions
from bot.domain import rules
from bot.domain.errors import KeyFileRefused, NotRecorded
from bot.domain.leases import HOUSE
from bot.domain.model import Announcement, Kind, Stage, Walkout
from bot.guards.fence import Fence
from bot.guards.holds import Holds
from bot.guards.leadership import Leadership, kept
from bot.guards.rate_limits import AccountLimits, TokenBuckets, WrongCodeLimit
from bot.process import logs
from bot.process.clock import Ask, Clock, CorrectedClock
from bot.runtime.scheduler import Job, Scheduler
from bot.sandbox.pool import SandboxPool
from bot.secrets.keys import Keys, Person, open_keys
from bot.storage import sqlite
from bot.storage.store import Room, Store
from bot.usecases import closing, key_rotation, scheduled
from bot.usecases.ladder import Ladders
from bot.usecases.pairing import PairingWords
from bot.usecases.scheduled import Closing, Tallies
from bot.usecases.workers import CoarseLines, Worker

DATABASE = "allout.db"
KEY_FILE = "allout.key"
SOCKET = "allout.sock"

HOLDER_BYTES = 8
"""Of the name under which a process has its leases."""


Title = Callable[[str], Awaitable[str | None]]
"""Given a chat's address, says what it is called now, which is kept nowhere; None where the platform does not say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """The parts that every platform and every command of the server shares."""

    data: Path
    store: Store
    keys: Keys
    clock: Clock
    account_limits: AccountLimits
    messages: TokenBuckets  #: what each account may still say
    shown: TokenBuckets  #: how often each card may still be shown by whoever goes before strangers
    guesses: WrongCodeLimit
    holds: Holds
    fence: Fence
    tallies: Tallies
    room_words: PairingWords
    house: Leadership  #: who does what happens once for the whole store
    ways: Mapping[str, Leadership]  #: who reads and sends: by platform
    outboxes: Mapping[str, Outbox]  #: likewise
    deletions: Mapping[str, ScheduledDeletions]  #: likewise
    bots: dict[str, str]  #: what cards call the bot: by platform, once it has been reached there
    lines: CoarseLines
    ladders: Ladders
    sandbox: SandboxPool  #: whatever reads other people's files, draws or prints is done there
    titles: dict[str, Title]  #: asks a platform what a chat is called: by platform, once it has been reached
    scheduler: Scheduler

    async def title(self, room: Room) -> str:
        """Say what a chat is called; by its address where nobody else can say."""
        ask = self.titles.get(room.platform)
        return (ask and await ask(room.address)) or room.address

    def worker(self, who: Person) -> Worker:
        """Name somebody as a worker."""
        return Worker(
            who=who,
            store=self.store,
            keys=self.keys,
            account_limits=self.account_limits,
            clock=self.clock,
            tallies=self.tallies,
            holds=self.holds,
            lines=self.lines,
            ladders=self.ladders,
        )


@asynccontextmanager
async def open_app(
    data: Path,
    *,
    clock: Clock,
    senders: Mapping[str, Sender | None],
    servers: Mapping[str, Ask] | None = None,
    steady: Callable[[], float] = monotonic,
    passphrase_file: Path | None = None,
) -> AsyncIterator[App]:
    """Own the store in this folder for as long as the block lasts.

    A platform whose sender is None gets one when it can be reached; its parcels wait in the store until then.
    `servers` are those by whose clocks ours is put right; their platforms keep what people do while the bot is away.

    Raises StoreInUse, StoreTooNew, StoreUnusable, KeyFileRefused.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = data / DATABASE
    clock = corrected = CorrectedClock(clock, servers, steady=steady)
    keys = open_keys(data / KEY_FILE, database=database, passphrase_file=passphrase_file)
    following = keys.following.store if keys.following else None
    store = await sqlite.open_store(
        database, clock=clock, identity=keys.store, following=following, kept_anew=keys.kept_anew
    )
    sandbox = SandboxPool()
    try:
        await _finish_migrating(store)
        keyless = await _keyless(store, keys)
        holder = secrets.token_hex(HOLDER_BYTES)
        house, *others = [Leadership(store, name, holder) for name in (HOUSE, *senders)]
        ways = dict(zip(senders, others, strict=True))
        async with kept(house, *others):
            if house.leads:  # or the one that has it may just be closing them
                with house.fenced():
                    await _finish_closing(keyless, store, keys)
            keys.renew_file()
            await key_rotation.finish(store, keys)
            holds = Holds(corrected, store, servers or (), ways=ways, steady=steady)
            fence = Fence(store, holds, clock, ways=ways, steady=steady)
            tallies = Tallies(store, clock, holds, leadership=house, before=fence.look)
            outboxes = {
                platform: Outbox(
                    platform, sender, store, keys, clock, holds, leadership=ways[platform], before=fence.renew_for
                )
                for platform, sender in senders.items()
            }
            deletions = {
                platform: ScheduledDeletions(platform, outbox, store, keys, clock)
                for platform, outbox in outboxes.items()
            }
            yield App(
                data=data,
                store=store,
                keys=keys,
                clock=clock,
                account_limits=AccountLimits(),
                messages=TokenBuckets(clock),
                shown=TokenBuckets(clock),
                guesses=WrongCodeLimit(clock),
                holds=holds,
                fence=fence,
                tallies=tallies,
                house=house,
                ways=ways,
                room_words=PairingWords(clock),
                outboxes=outboxes,
                deletions=deletions,
                bots={},
                lines=CoarseLines(store),
                ladders=Ladders(store),
                sandbox=sandbox,
                titles={},
                scheduler=Scheduler(_jobs(store, keys, tallies, house, ways, outboxes, deletions, clock, holds), clock),
            )
    finally:
        try:
            await sandbox.aclose()
        finally:
            await store.aclose()


@asynccontextmanager
async def look_into(
    data: Path, *, clock: Clock, passphrase_file: Path | None = None
) -> AsyncIterator[tuple[sqlite.Twin, Keys]]:
    """Look at a store that is there and at its keys, and change neither. Raises what `open_app` raises."""
    if not (data / KEY_FILE).exists():
        raise KeyFileRefused(str(data / KEY_FILE), "missing")  # else it would be made
    keys = open_keys(data / KEY_FILE, database=data / DATABASE, passphrase_file=passphrase_file)
    following = keys.following.store if keys.following else None
    async with sqlite.look_into(
        data / DATABASE, clock=clock, identity=keys.store, following=following, kept_anew=keys.kept_anew
    ) as twin:
        await _keyless(twin.store, keys)
        yield twin, keys


async def _keyless(store: Store, keys: Keys) -> list[Walkout]:
    """List walkouts whose closing was cut off, or which a backup has brought back after it: their keys are gone.

    Refuses an older copy of the key file: nobody's pledge could be bound, and nobody's found again.
    """
    walkouts = await store.walkouts()
    if any(map(keys.lack, walkouts)):
        raise KeyFileRefused(str(keys.path), "outdated")
    return [walkout for walkout in walkouts if _lost(walkout, keys)]


def _lost(walkout: Walkout, keys: Keys) -> bool:
    cards = walkout.in_campaign and not walkout.cards_gone and walkout.register in keys.ended
    return cards or (walkout.stage is not Stage.CLOSED and walkout.id in keys.closed)


async def _finish_migrating(store: Store) -> None:
    """Leave nothing in the file of how an older version kept cards, and tell organizers where else it is."""
    with suppress(NotRecorded):  # without room on the disk: at the next start
        await store.tidy_up(Announcement(kind=Kind.CARDS_KEYED, occasion="", to_rooms=False, to_organizers=True))


async def _finish_closing(keyless: Iterable[Walkout], store: Store, keys: Keys) -> None:
    """Finish it before anything of these is sent."""
    with suppress(NotRecorded):  # then nothing can be sent either, and the job that closes tries again
        for walkout in keyless:
            if walkout.stage is not Stage.CLOSED:
                await closing.close(walkout, store, keys)
        for campaign in {walkout.register for walkout in keyless} & keys.ended:
            await closing.close_campaign(campaign, store, keys)


def _jobs(
    store: Store,
    keys: Keys,
    tallies: Tallies,
    house: Leadership,
    ways: Mapping[str, Leadership],
    outboxes: Mapping[str, Outbox],
    deletions: Mapping[str, ScheduledDeletions],
    clock: Clock,
    holds: Holds,
) -> list[Job]:
    """List all that happens by itself. At the same instant a tally comes before a reminder.

    What happens once is done by the process that has its lease.
    """

    async def earliest(of: Callable[[Walkout], datetime | None]) -> datetime | None:
        due = [of(walkout) for walkout in await store.walkouts()]
        return min((instant for instant in due if instant is not None), default=None)

    async def unsaid() -> datetime | None:
        # the next tally says what came together; without one ahead there are no pledges that it could betray
        at_once = logs.has_totals() and await earliest(lambda walkout: walkout.next_tally) is None
        return clock() if at_once else None

    async def say_totals() -> None:
        logs.say_totals()

    async def forget_sketches() -> None:
        await store.drop_old_sketches(now=clock())

    closings = Closing(store, keys, clock, holds)
    return [
        Job(name="tell what holds us up", due=holds.untold, run=holds.tell),
        _once(
            house,
            Job(name="tally", due=lambda: earliest(lambda walkout: walkout.next_tally), run=tallies.take_due),
        ),
        _once(
            house,
            Job(
                name="remind",
                due=lambda: earliest(rules.next_reminder),
                run=partial(scheduled.remind_all, store, clock, holds),
            ),
        ),
        _once(house, Job(name="close", due=closings.due, run=closings.close_all)),
        _once(house, Job(name="forget sketches", due=store.oldest_sketch, run=forget_sketches)),
        *(
            Job(name=f"deliver on {platform}", due=outbox.due, run=outbox.deliver)
            for platform, outbox in outboxes.items()
        ),
        Job(name="log", due=unsaid, run=say_totals),
        *(
            _once(ways[platform], Job(name=f"delete on {platform}", due=each.due, run=each.run))
            for platform, each in deletions.items()
        ),
    ]


def _once(leadership: Leadership, job: Job) -> Job:
    """Let only that process do it that has the lease, and write nothing once it has not."""

    async def due() -> datetime | None:
        return await job.due() if leadership.leads else None

    async def run() -> None:
        with leadership.fenced():
            await job.run()

    return replace(job, due=due, run=run)
