from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain import rules
from bot.domain.model import Stage, WalkoutId
from bot.draft import RosterOptions, SourceFile, read
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, App
from bot.secrets import references
from bot.secrets.card_codes import from_bytes, key_of, mint
from bot.secrets.keys import Person
from bot.storage.sqlite import SqliteStore
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from tests.conftest import HOUR, NOON, fresh_folder
from tests.console.play import roster, terms
from tests.faults.trials import Trials, trials
from tests.stores import open_app

pytestmark = pytest.mark.sqlite_only("where rows lie in its file")

SHOPS = (("Depot", 40, 20, ""), ("School", 60, 5, ""), ("Hospital", 40, 40, ""))
TALLIES = 3
EACH_TIME = 8  #: people who pledge at each workplace, by card and without, between two tallies
COUNTER = (slice(24, 28), slice(92, 96))  #: where SQLite counts changes


@dataclass(frozen=True, kw_only=True)
class Town:
    """A store before anybody has pledged, and who will."""

    folder: Path
    by_card: WalkoutId
    without: WalkoutId
    codes: dict[int, list[str]]  #: by workplace


async def founded(folder: Path, database_url: str | None = None) -> Town:
    """Make the store: everything that is drawn by lot is in it when it is copied."""
    usual = {
        "starts": NOON + timedelta(days=12),
        "pledge_by": NOON + timedelta(days=7),
        "tally_every": "1h",
        "citywide_threshold": 120,
        "minimum_workplaces": 3,
    }
    ids, codes = [], {}
    async with open_app(folder, clock=MovableClock(NOON), senders={}, database_url=database_url) as app:
        for entry in ("cards", "open"):
            toml = SourceFile(name="walkout.toml", data=terms(**usual, entry=entry).encode())
            csv = SourceFile(name="workplaces.csv", data=roster(SHOPS).encode())
            walkout = await organizers.draft(read(toml, csv, RosterOptions(), now=NOON), app.store, app.keys)
            ids.append(walkout.id)
            for place in await app.store.units(walkout.id) if entry == "cards" else ():
                codes[int(place.id)] = [mint() for _ in range(place.headcount)]
                await stewards.mint(walkout.id, {place.id: list(map(key_of, codes[place.id]))}, app.store, app.keys)
            for scope in (None, *(place.id for place in await app.store.units(walkout.id))):
                room = Room(walkout=walkout.id, scope=scope, way="telegram", address=f"-100{scope}")
                await organizers.bind_room(room, app.store)
            await app.store.decide(walkout.id, partial(rules.open_up, now=NOON))
    return Town(folder=folder, by_card=ids[0], without=ids[1], codes=codes)


async def lived_through(town: Town, folder: Path, chance: Random) -> tuple[dict[str, bytes], int]:
    """Let the same people do the same, in another order; return the files at the end, and SQLite's counter.

    Who comes before which tally is drawn anew as well, so long as as many come to each workplace.
    """
    shutil.copytree(town.folder, folder)
    clock = MovableClock(NOON)
    async with open_app(folder, clock=clock, senders={}) as app:
        await let_tallies_pass(app, clock, town, chance, chance)
        store: Any = app.store
        drawn = dict(await store._read("SELECT sealed, locator FROM notice UNION ALL SELECT mark, x'00' FROM store"))
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    database = bytearray(without_drawn(files[DATABASE], drawn))
    counter = int.from_bytes(database[COUNTER[0]], "big")
    for place in COUNTER:
        database[place] = bytes(4)
    return files | {DATABASE: bytes(database)}, counter


async def let_tallies_pass(app: App, clock: MovableClock, town: Town, before_which: Random, chance: Random) -> None:
    """Let everybody come between tallies, in an order of chance; before which tally is drawn as well."""
    comers = {place: before_which.sample(range(TALLIES * EACH_TIME), TALLIES * EACH_TIME) for place in town.codes}
    for tally in range(1, TALLIES + 1):
        people = [
            (place, nth) for place in town.codes for nth in comers[place][(tally - 1) * EACH_TIME : tally * EACH_TIME]
        ]
        chance.shuffle(people)
        while people:
            size = chance.choice((1, 2, 7, 40))
            now, people = people[:size], people[size:]
            await asyncio.gather(*(_comes(app, clock, town, place, nth) for place, nth in now))
        clock.move_to(NOON + tally * HOUR)
        await app.tallies.take_due()
    assert {walkout.stage for walkout in await app.store.walkouts()} == {Stage.OPEN}


async def _comes(app: App, clock: MovableClock, town: Town, place: int, nth: int) -> None:
    """Somebody pledges by card, and with another account without one; some ask to be told, some take it back."""
    by_card, without = (
        app.worker(Person(platform, str(5_000_000_000 + 1_000 * place + nth))) for platform in ("telegram", "discord")
    )
    code = town.codes[place][nth]
    await by_card.pledge(code)
    places = await app.store.units(town.without)
    await without.enrol(town.without, places[place - 1].id)
    own = without.open_code(town.without)
    for worker, card in ((by_card, code), (without, own)):
        if nth % 3 == 0:
            assert (await worker.ask_to_be_told(card, "en")).told
        if nth % 4 == 0:
            await worker.withdraw(card)
        if nth % 8 == 0:
            await worker.pledge(card)


def without_drawn(database: bytes, drawn: dict[bytes, bytes]) -> bytes:
    """Put what depends on the locator alone in place of what is sealed, which is another each time; so the mark."""
    for box, locator in drawn.items():
        assert box in database, "a notice is there in pieces"  # where nothing is written anew it may be there twice
        database = database.replace(box, (sha256(locator).digest() * (len(box) // 32 + 1))[: len(box)])
    return database


def same_references(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let announcements have the same references each time; call it before each."""
    numbers = count()

    def again() -> None:
        nonlocal numbers
        numbers = count()

    monkeypatch.setattr(references, "mint", lambda: from_bytes(sha256(str(next(numbers)).encode()).digest())[:8])
    return again


async def _all_lived_through(
    town: Town, folder: Path, randoms: Iterable[Random], again: Callable[[], None]
) -> list[tuple[dict[str, bytes], int]]:
    lives = []
    for nth, chance in enumerate(randoms):
        again()
        lives.append(await lived_through(town, folder / str(nth), chance))
        shutil.rmtree(folder / str(nth))
    return lives


def _differing(lives: Sequence[tuple[dict[str, bytes], int]]) -> list[int]:
    return [nth for nth, (files, _counter) in enumerate(lives) if files != lives[0][0]]


@trials(16, full=200)
async def test_the_files_do_not_tell_in_which_order_people_came(
    tries: Trials, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    again = same_references(monkeypatch)
    with fresh_folder() as folder:
        town = await founded(folder / "town")
        lives = await _all_lived_through(town, folder, (tries.random(nth) for nth in range(tries.number)), again)
    assert not _differing(lives), f"seed {tries.seed}: lives {_differing(lives)} differ from the first"
    counters = {counter for _files, counter in lives}
    # with its exclusive lock SQLite does not count each transaction: what it counts are starts and tallies
    assert max(counters) - min(counters) <= 2 * TALLIES, f"seed {tries.seed}"
    pages = len(lives[0][0][DATABASE]) // 4096
    record_property(
        "found",
        f"{tries.number} orders of {2 * TALLIES * EACH_TIME * len(SHOPS)} pledges, {pages} pages each: the same bytes, "
        f"but for SQLite's count of changes ({min(counters)} to {max(counters)}) and what is sealed",
    )


async def test_a_file_that_is_not_written_anew_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forget_nothing(_store: SqliteStore) -> None:
        """Leave everything where it came to lie."""

    monkeypatch.setattr(SqliteStore, "forget_order", forget_nothing)
    again = same_references(monkeypatch)
    with fresh_folder() as folder:
        town = await founded(folder / "town")
        lives = await _all_lived_through(town, folder, (Random(nth) for nth in range(3)), again)
    assert _differing(lives) == [1, 2]


async def _pledged_by_card(town: Town, folder: Path, chance: Random) -> bytes:
    """Let the same cards be pledged, some taken back, in another order; return the pages as they lie before a tally."""
    shutil.copytree(town.folder, folder)
    async with open_app(folder, clock=MovableClock(NOON), senders={}) as app:
        store: Any = app.store
        people = [(place, nth) for place in town.codes for nth in range(EACH_TIME)]
        chance.shuffle(people)
        while people:
            size = chance.choice((1, 2, 7, 40))
            now, people = people[:size], people[size:]
            workers = [app.worker(Person("telegram", str(1_000 * place + nth))) for place, nth in now]
            codes = [town.codes[place][nth] for place, nth in now]
            await asyncio.gather(*(worker.pledge(code) for worker, code in zip(workers, codes, strict=True)))
            for (_place, nth), worker, code in zip(now, workers, codes, strict=True):
                if nth % 4 == 0:
                    await worker.withdraw(code)
        assert await store._read("SELECT scattered FROM store") == [(0,)], "it would be written anew at the tally"
    database = bytearray((folder / DATABASE).read_bytes())
    for place in COUNTER:
        database[place] = bytes(4)
    return bytes(database)


async def _in_any_order(folder: Path, orders: Iterable[Random], plant: Sequence[str] = ()) -> list[bytes]:
    town = await founded(folder / "town")
    async with open_app(town.folder, clock=MovableClock(NOON), senders={}) as app:
        store: Any = app.store
        for statement in plant:
            await store._change(statement)
        await store.forget_order()
    files = []
    for nth, chance in enumerate(orders):
        files.append(await _pledged_by_card(town, folder / str(nth), chance))
        shutil.rmtree(folder / str(nth))
    return files


@trials(16, full=200)
async def test_pledges_by_card_move_no_row_within_the_file(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    with fresh_folder() as folder:
        files = await _in_any_order(folder, (tries.random("card", nth) for nth in range(tries.number)))
    assert set(files) == {files[0]}, f"seed {tries.seed}"
    record_property("found", f"{tries.number} orders of {EACH_TIME * len(SHOPS)} pledges by card, no tally: same bytes")


async def test_counts_that_grow_in_their_rows_would_be_seen() -> None:
    growing = (
        "CREATE TABLE plain (walkout TEXT, id INTEGER, standing INTEGER, PRIMARY KEY (walkout, id)) WITHOUT ROWID",
        "INSERT INTO plain SELECT walkout, id, 0 FROM counted",
        """
        CREATE TRIGGER planted AFTER UPDATE ON counted BEGIN
            UPDATE plain SET standing = new.standing - (1 << 40) WHERE walkout = new.walkout AND id = new.id;
        END
        """,
    )
    with fresh_folder() as folder:
        files = await _in_any_order(folder, (Random(nth) for nth in range(3)), growing)
    assert len(set(files)) > 1
