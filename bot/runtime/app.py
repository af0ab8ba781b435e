"""Builds the App and lists its jobs: read this to know what runs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic

from bot.delivery.outbox import Outbox, Sender
from bot.delivery.scheduled_deletions import ScheduledDeletions
from bot.domain import rules
from bot.domain.errors import KeyFileRefused, NotRecorded, StoreUnusable
from bot.domain.leases import HOUSE, PROCESS
from bot.domain.model import Announcement, Kind, Stage, Walkout, WalkoutId
from bot.domain.ways import bot_of, platform_of
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
from bot.storage.twin import Twin
from bot.usecases import closing, key_rotation, scheduled
from bot.usecases.ladder import Ladders
from bot.usecases.pairing import PairingWords
from bot.usecases.scheduled import Closing, Tallies
from bot.usecases.ways import Unrun
from bot.usecases.workers import CoarseLines, Worker

DATABASE = "allout.db"
KEY_FILE = "allout.key"
SOCKET = "allout.sock"

HOLDER_BYTES = 8
"""Of the name under which a process has its leases."""


Title = Callable[[str], Awaitable[str | None]]
"""Given a chat's address, says what it is called now, which is kept nowhere; None where the platform does not say."""


Menu = Callable[[str], Awaitable[None]]
"""Given somebody's address, shows them the commands of the roles that they have now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """The parts that every platform and every command of the server shares."""

    data: Path
    process: str  #: how the store calls this process
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
    ways: Mapping[str, Leadership]  #: who reads and sends: by way
    outboxes: Mapping[str, Outbox]  #: likewise
    deletions: Mapping[str, ScheduledDeletions]  #: likewise
    answering: set[str]  #: ways whose platforms answer
    bots: dict[str, str]  #: what cards call the bot: by way, once it has been reached there
    lines: CoarseLines
    ladders: Ladders
    sandbox: SandboxPool  #: whatever reads other people's files, draws or prints is done there
    titles: dict[str, Title]  #: asks a platform what a chat is called: by way, once it has been reached
    menus: dict[str, Menu]  #: by way, where there are menus that show commands of a role
    scheduler: Scheduler

    async def title(self, room: Room) -> str:
        """Say what a chat is called; by its address where nobody else can say."""
        ask = self.titles.get(room.way)
        return (ask and await ask(room.address)) or room.address

    async def alone(self) -> bool:
        """Say whether no other process uses the store. Raises NotRecorded."""
        return await self.store.alone(self.process)

    async def welcome(self, way: str) -> None:
        """Note that a bot was let in by its platform, before anything leaves or is taken. Raises NotRecorded."""
        if bot_of(way):
            await self.store.welcome(way, self.bots.get(way, bot_of(way)))

    async def bot(self, platform: str, by: str = "") -> str | None:
        """Return what cards call the bot on a platform; where there are several, the one by which somebody writes.

        Where none runs here, one that another process has run.
        """
        for known in (self.bots, await self.store.ways()):
            there = {way: name for way, name in known.items() if platform_of(way) == platform}
            if there:
                return there.get(by) or next(iter(there.values()))
        return None

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
    database_url: str | None = None,
) -> AsyncIterator[App]:
    """Own the store in this folder for as long as the block lasts.

    A way whose sender is None gets one when it can be reached; its parcels wait in the store until then.
    `servers` are those by whose clocks ours is put right; their platforms keep what people do while the bot is away.

    With `database_url` the store is in that database, of PostgreSQL, and other processes may use it as well.

    Raises StoreInUse, StoreTooNew, StoreUnusable, KeyFileRefused.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock = corrected = CorrectedClock(clock, servers, steady=steady)
    holder = secrets.token_hex(HOLDER_BYTES)
    keys = open_keys(data / KEY_FILE, database=await _database(data, database_url), passphrase_file=passphrase_file)
    store = await _open_store(data, database_url, keys, clock, holder)
    sandbox = SandboxPool()
    try:
        await _finish_migrating(store)
        keyless = await _keyless(store, keys)
        alive, house, *others = [Leadership(store, name, holder) for name in (PROCESS + holder, HOUSE, *senders)]
        ways = dict(zip(senders, others, strict=True))
        async with kept(alive, house, *others):
            alone = await _alone(store, keys, alive)
            if house.leads:  # or the one that has it may just be closing them
                with house.fenced():
                    await _finish_closing(keyless, store, keys)
            keys.renew_file()
            if alone:
                await key_rotation.finish(store, keys)
            holds = Holds(corrected, store, servers or (), leaderships=ways, house=house, steady=steady)
            fence = Fence(store, holds, clock, ways=ways, steady=steady)
            tallies = Tallies(store, clock, holds, leadership=house, before=fence.look)
            outboxes = {
                way: Outbox(way, sender, store, keys, clock, holds, leadership=ways[way], before=fence.renew_for)
                for way, sender in senders.items()
            }
            deletions = {way: ScheduledDeletions(way, outbox, store, keys, clock) for way, outbox in outboxes.items()}
            yield App(
                data=data,
                process=holder,
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
                answering=set(),
                bots={},
                lines=CoarseLines(store),
                ladders=Ladders(store),
                sandbox=sandbox,
                titles={},
                menus={},
                scheduler=Scheduler(
                    _jobs(store, keys, tallies, house, ways, outboxes, deletions, clock, holds, fence), clock
                ),
            )
    finally:
        try:
            await sandbox.aclose()
        finally:
            await store.aclose()


@asynccontextmanager
async def look_into(
    data: Path, *, clock: Clock, passphrase_file: Path | None = None, database_url: str | None = None
) -> AsyncIterator[tuple[Twin, Keys]]:
    """Look at a store that is there and at its keys, and change neither. Raises what `open_app` raises."""
    if not (data / KEY_FILE).exists():
        raise KeyFileRefused(str(data / KEY_FILE), "missing")  # else it would be made
    keys = open_keys(data / KEY_FILE, database=await _database(data, database_url), passphrase_file=passphrase_file)
    async with _look_into(data, database_url, keys, clock) as twin:
        await _keyless(twin.store, keys)
        yield twin, keys


async def is_begun(data: Path, database_url: str | None = None) -> bool:
    """Say whether there is a store, though it may lack its key file. One that cannot be reached is taken for there."""
    if database_url is None:
        return (data / DATABASE).exists()
    try:
        return (data / KEY_FILE).exists() or bool(await _database(data, database_url))
    except StoreUnusable:
        return True


# PostgreSQL's driver is imported here: who has SQLite does not pay for it.


async def _database(data: Path, url: str | None) -> Path | bool:
    if url is None:
        return data / DATABASE
    from bot.storage import postgres  # noqa: PLC0415

    return await postgres.is_there(url)


async def _open_store(data: Path, url: str | None, keys: Keys, clock: Clock, holder: str) -> Store:
    following = keys.following.store if keys.following else None
    if url is None:
        return await sqlite.open_store(
            data / DATABASE, clock=clock, identity=keys.store, following=following, kept_anew=keys.kept_anew
        )
    from bot.storage import postgres  # noqa: PLC0415

    return await postgres.open_store(url, clock=clock, identity=keys.store, following=following, process=holder)


def _look_into(data: Path, url: str | None, keys: Keys, clock: Clock) -> AbstractAsyncContextManager[Twin]:
    following = keys.following.store if keys.following else None
    if url is None:
        return sqlite.look_into(
            data / DATABASE, clock=clock, identity=keys.store, following=following, kept_anew=keys.kept_anew
        )
    from bot.storage import postgres  # noqa: PLC0415

    return postgres.look_into(url, clock=clock, identity=keys.store, following=following, process="a look")


async def _alone(store: Store, keys: Keys, alive: Leadership) -> bool:
    """Say whether no other process uses the store, once others can see that this one does.

    Raises KeyFileRefused where the server's key is being changed: the other one goes on under the old one, this one
    might begin under the new one.
    """
    try:
        alone = alive.lease is not None and await store.alone(alive.lease.holder)
    except NotRecorded as error:
        raise StoreUnusable(str(keys.path.parent), str(error)) from None
    if not alone:
        await asyncio.to_thread(keys.catch_up)  # the file was read before anybody could see that
        if keys.following is not None:
            raise KeyFileRefused(str(keys.path), "changing")
    return alone


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
    fence: Fence,
) -> list[Job]:
    """List all that happens by itself. At the same instant a tally comes before a reminder.

    What happens once is done by the process that has its lease.
    """

    async def earliest(of: Callable[[Walkout], datetime | None]) -> datetime | None:
        due = [of(walkout) for walkout in await store.walkouts()]
        return min((instant for instant in due if instant is not None), default=None)

    said: dict[WalkoutId, int] | None = None  # as of these tallies: another process may take them

    async def tallies_taken() -> dict[WalkoutId, int]:
        return {walkout.id: walkout.tally for walkout in await store.walkouts()}

    async def unsaid() -> datetime | None:
        # the next tally says what came together; without one ahead there are no pledges that it could betray
        nonlocal said
        taken = await tallies_taken()
        if said is None or not logs.has_totals():
            said = taken
        at_once = logs.has_totals() and await earliest(lambda walkout: walkout.next_tally) is None
        return clock() if at_once or said != taken else None

    async def say_totals() -> None:
        nonlocal said
        logs.say_totals()
        said = await tallies_taken()

    async def keys_changed() -> datetime | None:
        return clock() if await asyncio.to_thread(lambda: keys.is_behind) else None

    async def follow_keys() -> None:
        await asyncio.to_thread(keys.catch_up)

    async def forget_sketches() -> None:
        await store.drop_old_sketches(now=clock())

    async def adopt() -> None:
        await fence.adopt_here()

    closings, unrun = Closing(store, keys, clock, holds), Unrun(outboxes, store, clock, holds)
    return [
        Job(name="follow the key file", due=keys_changed, run=follow_keys),
        Job(name="tell what holds us up", due=holds.untold, run=holds.tell),
        Job(name="adopt for another process", due=fence.asked, run=adopt),
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
            Job(name=f"deliver on {platform_of(way)}", due=outbox.due, run=outbox.deliver)
            for way, outbox in outboxes.items()
        ),
        _once(house, Job(name="tell of bots that nobody runs", due=unrun.due, run=unrun.tell)),
        Job(name="log", due=unsaid, run=say_totals),
        *(
            _once(ways[way], Job(name=f"delete on {platform_of(way)}", due=each.due, run=each.run))
            for way, each in deletions.items()
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
