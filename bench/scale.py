"""How pledge, look, tally, board page and memory grow with cards, with workplaces and with campaigns, one at a time.

Each size is a database of its own, made past the store but in its schema, and a process of its own, so that memory can
be told apart. The processes of one kind take turns; a ratio is the median of the rounds' own ratios to the smallest.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import secrets
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import merge
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.ground import NEW_CARD, NEW_PLEDGE, Ground, connect, ratio
from bot.domain import rules
from bot.domain.model import FEWEST, Terms, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import NewCard
from bot.process.clock import MovableClock
from bot.runtime.app import DATABASE, App, open_app
from bot.secrets import card_codes
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.conversation import Conversation, Said, Ways
from handlers.conversation.messages import carried

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WAYS = Ways(can_see=lambda: "", in_a_hurry=True)
OLGA = Person("bench", "olga")

ACTS = ("pledge", "look", "tally", "board page")
GOALS = {
    "cards": {"pledge": "<=1.1", "look": "<=1.1", "tally": "<=1.25", "board page": "<=1.25"},
    "workplaces": {"pledge": "<=1.1", "look": "<=1.1"},  # the others read a row for each
    "campaigns": {"pledge": "<=1.1", "tally": "<=1.25", "board page": "<=1.25"},
}
"""What may not grow, and with what. A first look among many campaigns hashes the code once or twice for each."""

LOOK_MORE = "<=1"
"""Milliseconds, among the most campaigns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """The size of a database."""

    cards: int  #: in all
    workplaces: int  #: of each campaign
    campaigns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is measured."""

    kinds: Mapping[str, Sequence[City]]  #: what grows in each, the smallest first
    rounds: int
    presses: int  #: in each round, one after the other


def _sizes(
    rounds: int, presses: int, cards_: Sequence[int], workplaces: Sequence[int], campaigns: Sequence[int]
) -> Sizes:
    few, many = 40, max(workplaces)
    return Sizes(
        kinds={
            "cards": [City(cards=each, workplaces=few, campaigns=1) for each in cards_],
            # as many cards in each: ten at a workplace of the largest
            "workplaces": [City(cards=many * 10, workplaces=each, campaigns=1) for each in workplaces],
            "campaigns": [City(cards=max(campaigns) * 1000, workplaces=few, campaigns=each) for each in campaigns],
        },
        rounds=rounds,
        presses=presses,
    )


QUICK = _sizes(1, 2, (1_000, 2_000), (40, 80), (1, 3))
USUAL = _sizes(9, 20, (10_000, 100_000, 1_000_000), (40, 1_000, 20_000), (1, 10, 100))
FULL = _sizes(9, 20, (10_000, 100_000, 1_000_000, 10_000_000), (40, 1_000, 20_000), (1, 10, 100))
"""Ten million cards take 160 s of processor time to be made, and 1.4 GB on the disk: ten times what a million took."""


# -- making a database ----------------------------------------------------------------------------------------


async def make(folder: Path, city: City, codes: int) -> list[tuple[WalkoutId, str]]:
    """Make a store of this size; return the cards that are going to be shown, each with its walkout."""
    real = [(_id(nth % city.campaigns), card_codes.mint()) for nth in range(codes)]
    async with open_app(folder, clock=MovableClock(NOW), senders={}) as app:
        await organizers.add(OLGA, "Olga", app.store, app.keys)
        for nth in range(city.campaigns):
            await _open(app, _id(nth), city)
        new = [(walkout, app.keys.new_card(walkout, card_codes.key_of(code))) for walkout, code in real]
    _fill(folder / DATABASE, city, new)
    return real


def _id(nth: int) -> WalkoutId:
    return WalkoutId(f"c{nth:04d}")


async def _open(app: App, walkout: WalkoutId, city: City) -> None:
    app.keys.add_walkout(walkout)
    headcount = max(FEWEST, -(-city.cards // city.workplaces))
    places = [
        Unit(id=UnitId(number), name=f"Workplace {number}", headcount=headcount, threshold=FEWEST)
        for number in range(1, city.workplaces + 1)
    ]
    terms = Terms(
        title="A bench",
        starts=NOW + timedelta(days=60),
        pledge_by=NOW + timedelta(days=50),
        citywide_threshold=city.workplaces * headcount,
        tally_every=HOUR,
    )
    await app.store.add_walkout(Walkout(id=walkout, terms=terms), places)
    await app.store.decide(walkout, partial(rules.open_up, now=NOW))


def _fill(path: Path, city: City, real: Sequence[tuple[WalkoutId, NewCard]]) -> None:
    """Add the cards that are shown, and as many others as there are to be; nobody has their codes."""
    connection = connect(path)
    counting = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'pledge'")
    triggers = counting.fetchall()
    connection.execute("BEGIN IMMEDIATE")
    for name, _sql in triggers:  # they would count one by one
        connection.execute(f"DROP TRIGGER {name}")
    others = city.cards - len(real)
    places = [(walkout, nth % city.workplaces + 1, card) for nth, (walkout, card) in enumerate(real)]
    theirs = sorted((card.card, walkout, place, card.owner) for walkout, place, card in places)
    owner = secrets.token_bytes(32)
    connection.executemany(NEW_CARD, merge(theirs, ((*row, owner) for row in _rows(city, others))))
    pledges = sorted((card.pledge, walkout, place, "m") for walkout, place, card in places)
    connection.executemany(NEW_PLEDGE, merge(pledges, ((*row, "m") for row in _rows(city, others))))
    connection.execute(
        "CREATE TEMP TABLE made AS SELECT walkout, unit AS id, count(*) AS cards FROM pledge GROUP BY 1, 2"
    )
    connection.execute(
        "UPDATE unit SET issued = cards FROM made WHERE made.walkout = unit.walkout AND made.id = unit.id"
    )
    connection.execute(
        "UPDATE counted SET minted = minted + cards FROM made "
        "WHERE made.walkout = counted.walkout AND made.id = counted.id"
    )
    for _name, sql in triggers:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()


def _rows(city: City, number: int) -> Iterator[tuple[bytes, WalkoutId, int]]:
    """Yield keys in the order of the table, so that ten million take minutes, each with its walkout and workplace."""
    walkouts = [_id(nth) for nth in range(city.campaigns)]
    for nth in range(number):
        first = (nth << 64) // number
        key = first.to_bytes(8, "big") + secrets.token_bytes(24)
        yield key, walkouts[nth % city.campaigns], nth // city.campaigns % city.workplaces + 1


# -- what a process measures ------------------------------------------------------------------------------------


class Measuring:
    """One city's bot, on a clock that goes from tally to tally."""

    def __init__(self, app: App, clock: MovableClock, codes: Iterator[tuple[WalkoutId, str]], presses: int) -> None:
        self._app = app
        self._clock = clock
        self._codes = codes
        self._presses = presses
        self._conversation = Conversation(app, WAYS)
        self._people = 0

    async def round(self) -> dict[str, float]:
        """Return the milliseconds of each act, the median of several where there are several."""
        looked, pledged = [], []
        for walkout, code in islice(self._codes, self._presses):
            self._people += 1
            who = Person("bench", str(self._people))
            looked.append(await self._ms(Said(who=who, text=code), "terms"))
            pledged.append(await self._ms(Said(who=who, button=f"p:{carried(code, walkout)}"), "pledged"))
        board = await self._ms(Said(who=OLGA, words=("board", _id(0))), "board")
        self._clock.move_to(self._clock() + HOUR)
        began = perf_counter()
        await self._app.tallies.take_due()
        tally = (perf_counter() - began) * 1000
        tally /= len(await self._app.store.walkouts())  # all are due at once
        return dict(zip(ACTS, (statistics.median(pledged), statistics.median(looked), tally, board), strict=True))

    async def _ms(self, said: Said, kind: str) -> float:
        began = perf_counter()
        reply = await self._conversation.answer(said)
        took = (perf_counter() - began) * 1000
        if reply is None or reply.kind != kind:
            raise RuntimeError(f"this was not the answer that was to be measured: {reply}")
        return took


def measure(parent: Connection, folder: Path, codes: Sequence[tuple[WalkoutId, str]], sizes: Sizes) -> None:
    """Do one round for each word from the parent, and send what it took; at the end, the most memory it had."""
    asyncio.run(_measure(parent, folder, codes, sizes))


async def _measure(parent: Connection, folder: Path, codes: Sequence[tuple[WalkoutId, str]], sizes: Sizes) -> None:
    clock = MovableClock(NOW)
    async with open_app(folder, clock=clock, senders={}) as app:
        measuring = Measuring(app, clock, iter(codes), sizes.presses)
        for _nth in range(sizes.rounds + 1):
            parent.recv()
            gc.collect()
            gc.freeze()
            parent.send(await measuring.round())
        parent.recv()
        parent.send(_peak_mib())


def _peak_mib() -> float:
    """Return how much memory this process has had at most, on Linux; elsewhere 0."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


# -- the bench ------------------------------------------------------------------------------------------------


async def bench(ground: Ground, *, quick: bool, full: bool = False) -> int:
    """Grow one thing after the other, and print how everything grows with it."""
    sizes = QUICK if quick else FULL if full else USUAL
    found: list[tuple[str, float, str]] = []
    for grows, cities in sizes.kinds.items():
        folder = ground.folder / grows
        folder.mkdir()
        found += await _grow(folder, grows, cities, sizes)
        shutil.rmtree(folder)  # ten million cards need not wait for the others
    for line in found:
        ratio(*line)
    return 0


async def _grow(folder: Path, grows: str, cities: Sequence[City], sizes: Sizes) -> list[tuple[str, float, str]]:
    """Measure, and print how everything grows; return name, value and goal of each ratio."""
    context = multiprocessing.get_context("spawn")
    wanted = (sizes.rounds + 1) * sizes.presses
    pipes: list[Connection] = []
    processes = []
    for city in cities:
        began, place = perf_counter(), folder / str(getattr(city, grows))
        codes = await make(place, city, wanted)
        megabytes = (place / DATABASE).stat().st_size / 1e6
        print(f"{_size(city, grows):>20}: made in {perf_counter() - began:.1f} s, {megabytes:.0f} MB")
        ours, theirs = context.Pipe()
        pipes.append(ours)
        processes.append(context.Process(target=measure, args=(theirs, place, codes, sizes), daemon=True))
        processes[-1].start()
        theirs.close()
    took: list[list[dict[str, float]]] = [[] for _ in cities]
    for nth in range(sizes.rounds + 1):
        turns = list(zip(pipes, took, strict=True))
        for pipe, mine in turns if nth % 2 else reversed(turns):
            measured = _ask(pipe)
            if nth:  # the first round warms up
                mine.append(measured)
    peaks = [_ask(pipe) for pipe in pipes]
    for process in processes:
        process.join()
    _report(grows, cities, took, peaks)
    return _ratios(grows, took)


def _ask(pipe: Connection) -> Any:
    pipe.send("go")
    return pipe.recv()


def _size(city: City, grows: str) -> str:
    return f"{getattr(city, grows):,} {grows}"


def _report(
    grows: str, cities: Sequence[City], took: Sequence[Sequence[dict[str, float]]], peaks: Sequence[float]
) -> None:
    print(f"{'milliseconds':>20}" + "".join(f"{act:>12}" for act in ACTS) + f"{'MiB':>8}")
    for city, mine, peak in zip(cities, took, peaks, strict=True):
        medians = (statistics.median(each[act] for each in mine) for act in ACTS)
        print(f"{_size(city, grows):>20}" + "".join(f"{each:12.2f}" for each in medians) + f"{peak:8.0f}")
    least, *larger = zip(cities, took, peaks, strict=True)
    print(f"{'to the smallest':>20}")
    for city, mine, peak in larger:
        grown = (_median(mine, least[1], act) for act in ACTS)
        print(f"{_size(city, grows):>20}" + "".join(f"{each:12.2f}" for each in grown) + f"{peak / least[2]:8.2f}")


def _ratios(grows: str, took: Sequence[Sequence[dict[str, float]]]) -> list[tuple[str, float, str]]:
    least, most = took[0], took[-1]
    found = [
        (f"scale_{grows}_{act.replace(' ', '_')}", _median(most, least, act), goal)
        for act, goal in GOALS[grows].items()
    ]
    if grows == "campaigns":
        more = statistics.median(many["look"] - one["look"] for many, one in zip(most, least, strict=True))
        found.append(("scale_campaigns_look_ms_more", more, LOOK_MORE))
    return found


def _median(large: Sequence[dict[str, float]], small: Sequence[dict[str, float]], act: str) -> float:
    return statistics.median(one[act] / other[act] for one, other in zip(large, small, strict=True))
