"""What `allout doctor` looks at: each finding is one fact, with a grade. Nothing here changes anything."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import stat
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.domain.errors import KeyFileRefused, NotRecorded
from bot.domain.model import Terms
from bot.domain.rules import NOT_OVER
from bot.domain.ways import bot_of
from bot.guards.fence import Fence, Stands
from bot.process import memory_protection
from bot.secrets.keys import Keys
from bot.storage.store import Store

OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO

LITTLE_ROOM = 200_000_000
NO_ROOM = 20_000_000
"""Bytes free on the disk."""

OFF_S = 5.0
FAR_OFF_S = 60.0
"""By how much our clock may differ from a platform's."""

_SECRET_IN_ENV = re.compile(r"^\s*(?:export\s+)?ALLOUT_\w*(?:TOKEN|KEY|PROXY)\w*\s*=\s*[^\s#]", re.MULTILINE)
_NOT_SYNCHRONIZED = 5


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    LOOK = "look"  #: it may be as it should be; look at it
    BAD = "bad"


class Sign(StrEnum):
    """All that may be found. Its words, and what to do, are in handlers/texts/doctor.py."""

    FOLDER_CLOSED = "folder_closed"
    FOLDER_OPEN = "folder_open"
    FILES_CLOSED = "files_closed"
    FILE_OPEN = "file_open"
    FILE_OF_ANOTHER = "file_of_another"
    LEFT_OVER = "left_over"
    NO_STORE = "no_store"
    ROOM_ON_DISK = "room_on_disk"
    LITTLE_ROOM = "little_room"
    ENV_OPEN = "env_open"
    SWAP_CLOSED = "swap_closed"
    SWAP_OPEN = "swap_open"
    CLOCK_KEPT = "clock_kept"
    CLOCK_FREE = "clock_free"
    VERSIONS = "versions"
    BOT_RUNS = "bot_runs"
    NO_BOT = "no_bot"
    BOT_SILENT = "bot_silent"
    NOT_OPENED = "not_opened"
    KEY_FITS = "key_fits"
    KEY_REFUSED = "key_refused"
    KEY_REPLACED = "key_replaced"
    STORE_OLDER = "store_older"
    STORE_SOUND = "store_sound"
    STORE_DAMAGED = "store_damaged"
    STORE_UNREAD = "store_unread"
    COUNTS_WRONG = "counts_wrong"
    NEWS_WRONG = "news_wrong"
    CLOCKS_CHANGED = "clocks_changed"
    PARCELS_STUCK = "parcels_stuck"
    CHILDREN_CONFINED = "children_confined"
    CHILDREN_LOOSE = "children_loose"
    CHILDREN_FAIL = "children_fail"
    MEMORY_KEPT = "memory_kept"
    MEMORY_LEFT = "memory_left"
    ROOT = "root"
    TOKEN_GOOD = "token_good"  # noqa: S105
    TOKEN_REFUSED = "token_refused"  # noqa: S105
    NO_TOKEN = "no_token"  # noqa: S105
    OTHER_BOT = "other_bot"
    NO_ANSWER = "no_answer"
    WEBHOOK_DELIVERS = "webhook_delivers"
    WEBHOOK_FAILS = "webhook_fails"
    WEBHOOK_ELSEWHERE = "webhook_elsewhere"
    WEBHOOK_SET = "webhook_set"
    FENCE_STANDS = "fence_stands"
    NO_FENCE = "no_fence"
    TOKEN_TAKEN = "token_taken"  # noqa: S105
    CLOCK_RIGHT = "clock_right"
    CLOCK_OFF = "clock_off"
    SERVER_SILENT = "server_silent"
    SERVER_FITS = "server_fits"
    SERVER_OLD = "server_old"
    SERVER_CLOCK_OFF = "server_clock_off"
    ROLE_PLAIN = "role_plain"
    ROLE_POWERFUL = "role_powerful"
    WAY_CLOSED = "way_closed"
    WAY_OPEN = "way_open"
    POOLED = "pooled"
    STANDBY_AWAITED = "standby_awaited"
    STANDBY_NOT_AWAITED = "standby_not_awaited"
    SETTINGS_RIGHT = "settings_right"
    SETTING_TELLS = "setting_tells"
    SETTING_MAY_TELL = "setting_may_tell"
    SETTING_LOSES = "setting_loses"
    SETTING_MAY_LOSE = "setting_may_lose"
    SETTING_BREAKS = "setting_breaks"
    ROOMS_HEAR = "rooms_hear"
    ROOM_GONE = "room_gone"
    ROOM_MUTE = "room_mute"
    ROOM_UNKNOWN = "room_unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One fact, and what it is about: names of files, numbers, walkouts; nobody's account and no chat's title."""

    sign: Sign
    grade: Grade
    facts: Mapping[str, Any] = field(default_factory=dict)


class Hearing(StrEnum):
    """Whether a chat can be written to."""

    WELL = "well"
    GONE = "gone"  #: it does not exist, or the bot is not in it
    MUTE = "mute"  #: the bot may not write there
    UNKNOWN = "unknown"  #: the platform did not say


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """How a platform delivers what people do, where it does not wait to be asked."""

    wanted: bool  #: by our settings
    here: bool  #: to the address that stands in them
    waiting: int = 0  #: so many updates were not delivered yet
    trouble: str | None = None  #: why it last failed, as the platform words it, if that was lately


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """What a platform answered."""

    accepted: bool | None  #: our token; None: it did not answer
    ahead_s: float | None = None  #: by how much our clock is ahead of the platform's; None: it did not say
    rooms: Mapping[str, Hearing] = field(default_factory=dict)  #: by address
    delivery: Delivery | None = None  #: None: it waits to be asked, as it should


def found(sign: Sign, grade: Grade = Grade.OK, **facts: Any) -> Finding:
    """Make a finding."""
    return Finding(sign=sign, grade=grade, facts=facts)


# -- beside the store ---------------------------------------------------------------------------------------------


def surroundings(data: Path, *, database: str, here: Path) -> Iterator[Finding]:
    """Look at files, disk, and the machine; `here` is where the settings are read from."""
    if (data / database).exists():
        yield from _files(data)
    else:
        yield found(Sign.NO_STORE, Grade.LOOK, path=str(data))
    yield from (found(Sign.LEFT_OVER, Grade.LOOK, path=str(path)) for path in _left_over(data, here))
    env = here / ".env"
    if env.is_file() and env.stat().st_mode & OPEN_TO_OTHERS and _SECRET_IN_ENV.search(env.read_text(errors="replace")):
        yield found(Sign.ENV_OPEN, Grade.BAD, path=str(env))
    yield _disk(data)
    yield from _swap(Path("/proc/swaps"), Path("/sys/block"))
    yield found(Sign.CLOCK_KEPT) if _clock_is_kept() else found(Sign.CLOCK_FREE, Grade.LOOK)


def _files(data: Path) -> Iterator[Finding]:
    folder = data.stat()
    mode = f"{stat.S_IMODE(folder.st_mode):o}"
    if folder.st_mode & OPEN_TO_OTHERS:
        yield found(Sign.FOLDER_OPEN, Grade.BAD, path=str(data), mode=mode)
    else:
        yield found(Sign.FOLDER_CLOSED, path=str(data), mode=mode)
    wrong = []
    for path in sorted(data.iterdir()):
        state = path.lstat()
        if state.st_mode & OPEN_TO_OTHERS and not path.is_symlink():
            shown = f"{stat.S_IMODE(state.st_mode):o}"
            wrong.append(found(Sign.FILE_OPEN, Grade.BAD, path=str(path), mode=shown))
        if state.st_uid != folder.st_uid:
            wrong.append(found(Sign.FILE_OF_ANOTHER, Grade.BAD, path=str(path)))
    yield from wrong or [found(Sign.FILES_CLOSED)]


def _left_over(data: Path, here: Path) -> Iterator[Path]:
    yield from sorted(data.glob("*.key.new"))
    for folder in {data.resolve(), here.resolve()}:
        for form in ("csv", "txt", "pdf"):
            yield from sorted(folder.glob(f"*.{form}.part"))


def _disk(data: Path) -> Finding:
    there = next(folder for folder in (data, *data.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    megabytes = free // 1_000_000
    if free >= LITTLE_ROOM:
        return found(Sign.ROOM_ON_DISK, megabytes=megabytes)
    return found(Sign.LITTLE_ROOM, Grade.LOOK if free >= NO_ROOM else Grade.BAD, megabytes=megabytes)


def _swap(swaps: Path, blocks: Path) -> Iterator[Finding]:
    try:
        _, *lines = swaps.read_text().splitlines()
    except (OSError, ValueError):  # no such system
        return
    open_ones = [device for line in lines if not _is_safe(device := line.split()[0], blocks)]
    if not open_ones:
        yield found(Sign.SWAP_CLOSED)
    yield from (found(Sign.SWAP_OPEN, Grade.LOOK, device=device) for device in open_ones)


def _is_safe(device: str, blocks: Path) -> bool:
    """Say whether what is swapped out is encrypted, or stays in memory."""
    name = Path(device).resolve().name
    try:
        kind = (blocks / name / "dm" / "uuid").read_text()
    except OSError:
        kind = ""
    return name.startswith("zram") or kind.startswith("CRYPT-")


def _clock_is_kept() -> bool:
    """Say whether the system keeps its clock by others'."""
    if sys.platform != "linux":
        return True  # it cannot be told
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))) != _NOT_SYNCHRONIZED


# -- as the owner of the store ----------------------------------------------------------------------------------


async def inside(store: Store, keys: Keys) -> list[Finding]:
    """Look at this process, at the key file as it is on disk, and into the store. Pledges wait meanwhile, a second."""
    return [*_process(), _key(keys), *[each async for each in _store(store)]]


def guarded(fence: Fence) -> Iterator[Finding]:
    """Say whether another bot with our token would be found."""
    signs = {
        Stands.WELL: (Sign.FENCE_STANDS, Grade.OK),
        Stands.NOT: (Sign.NO_FENCE, Grade.LOOK),
        Stands.FOREIGN: (Sign.TOKEN_TAKEN, Grade.BAD),
    }
    for where, stands in fence.stands().items():
        sign, grade = signs[stands]
        yield found(sign, grade, platform=where)


def _process() -> Iterator[Finding]:
    yield found(Sign.MEMORY_KEPT) if memory_protection.is_kept() else found(Sign.MEMORY_LEFT, Grade.BAD)
    if os.geteuid() == 0:
        yield found(Sign.ROOT, Grade.LOOK)


def _key(keys: Keys) -> Finding:
    try:
        same = keys.stand_in_file()
    except KeyFileRefused as refused:
        return found(Sign.KEY_REFUSED, Grade.BAD, path=refused.path, why=refused.why)
    return found(Sign.KEY_FITS) if same else found(Sign.KEY_REPLACED, Grade.BAD, path=str(keys.path))


async def _store(store: Store) -> AsyncIterator[Finding]:
    try:
        examined = await store.examine()
    except NotRecorded as refused:
        yield found(Sign.STORE_UNREAD, Grade.BAD, why=str(refused))
        return
    yield found(Sign.VERSIONS, python=platform.python_version(), database=examined.database)
    astray = {"foreign keys": examined.orphans, "units out of place": examined.misplaced}
    damage = [*examined.damage, *(f"{number} {what}" for what, number in astray.items() if number)]
    for line in damage:
        yield found(Sign.STORE_DAMAGED, Grade.BAD, why=line)
    for walkout, places in examined.miscounted.items():
        yield found(Sign.COUNTS_WRONG, Grade.BAD, walkout=walkout, n=places)
    for walkout in examined.contradictory:
        yield found(Sign.NEWS_WRONG, Grade.BAD, walkout=walkout)
    if not damage and not examined.miscounted and not examined.contradictory:
        yield found(Sign.STORE_SOUND)
    for each in await store.walkouts():
        if each.stage in NOT_OVER:
            for then, now in moved(each.terms):
                facts = {"walkout": each.id, "zone": each.terms.timezone, "then": _wall(then), "now": _wall(now)}
                yield found(Sign.CLOCKS_CHANGED, Grade.BAD, **facts)
    for where, parcels in examined.stuck.items():
        yield found(Sign.PARCELS_STUCK, Grade.LOOK, platform=where, n=parcels)


def moved(terms: Terms) -> Iterator[tuple[datetime, datetime]]:
    """Give each time that newer rules of the zone word otherwise than when it was drafted: as then, and now."""
    for instant in (terms.pledge_by, terms.starts, terms.ends):
        if terms.timezone and instant is not None and (now := terms.local(instant)).utcoffset() != instant.utcoffset():
            yield instant, now


def _wall(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


# -- at the platforms -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A room of a walkout that is not over, and the name of the workplace whose room it is."""

    walkout: str
    unit: str  #: '': citywide
    way: str
    bot: str  #: what it is called that speaks there; '' where nobody knows
    address: str


async def bound_rooms(store: Store) -> list[Bound]:
    """List every room that is to hear something yet."""
    listed, bots = [], await store.ways()
    for walkout in await store.walkouts():
        names = {place.id: place.name for place in await store.units(walkout.id)}
        listed += [
            Bound(
                walkout=walkout.id,
                unit=names[room.scope] if room.scope else "",
                way=room.way,
                bot=bots.get(room.way, bot_of(room.way)),
                address=room.address,
            )
            for room in await store.rooms(walkout.id)
        ]
    return listed


def _delivered(where: str, how: Delivery) -> Finding:
    if not how.wanted:
        return found(Sign.WEBHOOK_SET, Grade.LOOK, platform=where)
    if not how.here:
        return found(Sign.WEBHOOK_ELSEWHERE, Grade.LOOK, platform=where)
    if how.trouble is not None:
        return found(Sign.WEBHOOK_FAILS, Grade.LOOK, platform=where, n=how.waiting, why=how.trouble)
    return found(Sign.WEBHOOK_DELIVERS, platform=where, n=how.waiting)


def astray(where: str, rooms: Iterable[Bound]) -> Iterator[Finding]:
    """Tell of rooms that other bots of a platform speak to: whether those run, nobody here knows."""
    for bot, number in sorted(Counter(room.bot for room in rooms).items()):
        yield found(Sign.OTHER_BOT, Grade.LOOK, platform=where, n=number, bot=bot)


def visited(where: str, visit: Visit, rooms: Iterable[Bound]) -> Iterator[Finding]:
    """Say what a platform's answers mean."""
    if visit.accepted is None:
        yield found(Sign.NO_ANSWER, Grade.BAD, platform=where)
        return
    if not visit.accepted:
        yield found(Sign.TOKEN_REFUSED, Grade.BAD, platform=where)
        return
    yield found(Sign.TOKEN_GOOD, platform=where)
    if visit.delivery is not None:
        yield _delivered(where, visit.delivery)
    if visit.ahead_s is not None:
        off = abs(visit.ahead_s)
        grade = Grade.OK if off <= OFF_S else Grade.LOOK if off <= FAR_OFF_S else Grade.BAD
        sign = Sign.CLOCK_OFF if off > OFF_S else Sign.CLOCK_RIGHT
        yield found(sign, grade, platform=where, seconds=round(off))
    signs = {
        Hearing.GONE: (Sign.ROOM_GONE, Grade.BAD),
        Hearing.MUTE: (Sign.ROOM_MUTE, Grade.BAD),
        Hearing.UNKNOWN: (Sign.ROOM_UNKNOWN, Grade.LOOK),
    }
    hearing = 0
    for room in rooms:
        heard = visit.rooms.get(room.address, Hearing.UNKNOWN)
        hearing += heard is Hearing.WELL
        if heard in signs:
            sign, grade = signs[heard]
            yield found(sign, grade, platform=where, walkout=room.walkout, workplace=room.unit)
    if hearing:
        yield found(Sign.ROOMS_HEAR, platform=where, n=hearing)
