"""A whole city: every union election in New York City from 2017 to 2021, played as one walkout.

As many workers pledge at each unit as voted for the union there. Everything that rooms hear and every board is
held against a recount written here from the design alone, which counts everybody again at each tally.
"""

from __future__ import annotations

import asyncio
import csv
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.process.clock import MovableClock
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.cli import cli
from handlers.console.chat import PLATFORM, Console, ConsoleSender, Printer
from tests.conftest import fresh_folder
from tests.console.play import (
    Board,
    Line,
    board,
    kinds,
    read_cards,
    sure,
)
from tests.stores import open_app

DATA = Path(__file__).parents[2] / "shared" / "data" / "nlrb_nyc_units_2017_2021.csv"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.usefixtures("no_thread"),
    pytest.mark.skipif(not DATA.exists(), reason="the union elections' file is not part of the project"),
]

OPENED = datetime.fromisoformat("2026-12-01T08:00:00-05:00")
TALLIES = 10
ORGANIZERS = ("@olga", "@omar")
EVERYBODY = ("citywide", *ORGANIZERS)
TERMS = """\
title = "One city, one day"
city = "New York"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-01T18:00:00-05:00
tally_every = "1h"
entry = "cards"
approvals = 2
milestones = true
on_the_day = "Legal line 555-0100."
"""


# -- the file, read and merged a second time ----------------------------------------------------------------------


@dataclass
class Unit:
    name: str
    headcount: int = 0
    votes: int = 0
    rows: int = 0

    @property
    def threshold(self) -> int:
        return (65 * self.headcount + 99) // 100

    def add(self, row: dict[str, str]) -> None:
        self.headcount += int(row["Num Eligible Voters"])
        self.votes += int(row["Votes For Labor Org1"])
        self.rows += 1


def units_of(rows: Iterable[dict[str, str]]) -> dict[str, Unit]:
    """Let the smallest, with a threshold under 5, stand together by city, and what is still too small as the rest."""
    alone: dict[str, Unit] = {}
    by_city: dict[str, list[dict[str, str]]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for row in rows:
        name = row["Case Name"].strip()
        spelled = " ".join(name.casefold().split())  # two spellings of one name are one name
        seen[spelled] += 1
        if seen[spelled] > 1:
            name = f"{name} ({seen[spelled]})"
        single = Unit(name)
        single.add(row)
        if single.threshold < 5:
            by_city[row["Unit City"].strip().casefold()].append(row)
        else:
            alone[name] = single
    rest = Unit("Other small workplaces")
    for city, small in by_city.items():
        together = Unit(f"{city.title()} small workplaces")
        for row in small:
            together.add(row)
        if together.threshold >= 5:
            alone[together.name] = together
        else:
            for row in small:
                rest.add(row)
    return {**alone, rest.name: rest} if rest.rows else alone


# -- the recount --------------------------------------------------------------------------------------------------


@dataclass
class Recount:
    """Who stands, and what follows at each tally; nothing here is the bot's."""

    units: dict[str, Unit]
    citywide: int
    minimum_workplaces: int
    pledged: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    history: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    stage: str = "open"
    out: set[str] = field(default_factory=set)
    told_ready: set[str] = field(default_factory=set)
    quarters: int = 0
    tally_number: int = 0
    decided: set[int] = field(default_factory=set)  #: the tallies at which every line says what is so

    def tally(self) -> set[tuple[str, str, str]]:
        """Count everybody; return what rooms and, as `@`, organizers must hear: who, kind, whose scope."""
        self.tally_number += 1
        standing = {name: len(self.pledged[name]) for name in self.units}
        for name, count in standing.items():
            self.history[name].append(count)
        ready = {name for name, unit in self.units.items() if standing[name] >= unit.threshold}
        if self.tally_number == TALLIES:
            self.decided.add(self.tally_number)
        enough = sum(standing[name] for name in ready) >= self.citywide and len(ready) >= self.minimum_workplaces
        if self.stage == "on":
            joining = ready - self.out
            self.out |= joining
            told = {(room, "workplace_joins", name) for name in joining for room in (name, f"citywide about {name}")}
            if self.tally_number == TALLIES:  # the last word, for all but those that have just heard it
                told |= {(name, "not_out", name) for name in self.units.keys() - self.out}
                told |= {(name, "last_word" if name in ready else "fewer_now", name) for name in self.out - joining} | {
                    (who, "last_word", "") for who in EVERYBODY
                }
            return told
        if enough:
            self.stage, self.out = "on", set(ready)
            self.decided.add(self.tally_number)
            missing = "not_out" if self.tally_number == TALLIES else "not_yet_out"
            told = {(name, "we_are_out" if name in ready else missing, name) for name in self.units}
            return told | {(who, "on", "") for who in EVERYBODY}
        if self.tally_number == TALLIES:
            self.stage = "lapsed"
            return {(name, "lapsed", name) for name in self.units} | {(who, "lapsed", "") for who in EVERYBODY}
        newly = ready - self.told_ready
        self.told_ready |= newly
        told = {(name, "workplace_ready", name) for name in newly}
        if newly:  # one message for all of them, which says how many
            told |= {(who, "workplaces_ready", str(len(newly))) for who in ORGANIZERS}
        if self.tally_number == 6:  # the city's line moves every six hours, and some three workplaces have by now
            tenths = min(9, 10 * self.city()[0] // self.citywide)
            passed = 4 * tenths // 10
        else:
            passed = 0
        if passed > self.quarters:
            self.quarters = passed
            told.add(("citywide", "milestone", {1: "A quarter", 2: "Half", 3: "Three quarters"}[passed]))
        return told

    def line(self, name: str) -> tuple[bool, int]:
        """Work the board's line out from the first tally on: reached, and the number."""
        threshold = self.units[name].threshold
        step = max(5, -(-threshold // 10))
        reached, shown, anchor = False, 0, 0
        for tally, count in enumerate(self.history[name], start=1):
            now = count >= threshold
            if reached and tally not in self.decided:
                now = now or threshold - count < 5 or abs(count - anchor) < 9
            if now:
                would = max(threshold, count - count % step)
            else:
                lower = max(0, min(count, threshold - 5))
                would = lower - lower % step
                would = would if would >= 9 else 0
            if now != reached or (would != shown and abs(count - anchor) >= (5 if would and shown else 9)):
                reached, shown, anchor = now, would, count
        return reached, shown

    def city(self) -> tuple[int, int, int]:
        """Add the board up: counted, pledged everywhere, workplaces that show "reached"."""
        lines = [self.line(name) for name in self.units]
        counted = sum(number for reached, number in lines if reached)
        return counted, sum(number for _, number in lines), sum(reached for reached, _ in lines)

    def said(self, name: str) -> tuple[str, int, int, bool]:
        """Return the words, the number with them, the threshold, and whether it is out."""
        threshold = self.units[name].threshold
        reached, number = self.line(name)
        step = max(5, -(-threshold // 10))
        if reached:
            return "reached", threshold, threshold, name in self.out
        if number == 0:
            first = next(number for number in range(step, threshold + 10 * step, step) if number >= 9)
            fewer = first if first <= threshold - 5 else threshold
            return "fewer than", fewer, 0 if fewer == threshold else threshold, name in self.out
        return "about", number, threshold, name in self.out


def read_line(said: str) -> tuple[str, int, int, bool]:
    """Read a workplace's line back."""
    out = said.endswith(", walks out")
    said = said.removesuffix(", walks out").replace(",", "")
    if reached := re.fullmatch(r"has reached (\d+) \(tally \d+\)", said):
        return "reached", int(reached[1]), int(reached[1]), out
    number = re.fullmatch(r"(fewer than|about) (\d+)(?: of (\d+))?", said)
    assert number, said
    return number[1], int(number[2]), int(number[3] or 0), out


# -- the people ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    unit: str
    worker: int
    pledges: bool


def acts(units: dict[str, Unit], chance: random.Random) -> list[list[Act]]:
    """Let everybody pledge once in ten tallies, one in twenty take it back later, and half of those come back."""
    of_tally: list[list[Act]] = [[] for _ in range(TALLIES)]
    everybody = [(name, worker) for name, unit in units.items() for worker in range(unit.votes)]
    chance.shuffle(everybody)
    for name, worker in everybody:
        pledges_at = chance.randrange(TALLIES)
        of_tally[pledges_at].append(Act(name, worker, pledges=True))
        if pledges_at + 1 < TALLIES and chance.random() < 0.05 * TALLIES / (TALLIES - 1):
            back_at = chance.randrange(pledges_at + 1, TALLIES)
            of_tally[back_at].append(Act(name, worker, pledges=False))
            if back_at + 1 < TALLIES and chance.random() < 0.5:
                of_tally[chance.randrange(back_at + 1, TALLIES)].append(Act(name, worker, pledges=True))
    for each in of_tally:
        chance.shuffle(each)
    return of_tally


# -- the play -----------------------------------------------------------------------------------------------------


class Stage:
    """The console in this process: lines in, JSON out."""

    def __init__(self, console: Console, out: StringIO) -> None:
        self._console = console
        self._out = out
        self._number = 0

    async def play(self, *lines: str) -> list[Line]:
        for line in lines:
            self._number += 1
            await self._console.take(line, self._number)
        await self._console.settle()
        text = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return [json.loads(line) for line in text.splitlines()]


@asynccontextmanager
async def staged(data: Path) -> AsyncIterator[Stage]:
    clock = MovableClock(OPENED)
    out = StringIO()
    printer = Printer(out=out, as_json=True, files=data / "files")
    async with open_app(data, clock=clock, senders={PLATFORM: ConsoleSender(printer)}) as app:
        for name in ("olga", "omar"):
            await organizers.add(Person(PLATFORM, name), name, app.store, app.keys)
        yield Stage(Console(app, clock, printer), out)


def allout(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr or repr(result.exception)
    return result.stdout


def drafted(folder: Path, citywide: int, minimum_workplaces: int) -> str:
    toml = folder / "walkout.toml"
    numbers = f"citywide_threshold = {citywide}\nconfirm_tallies = 1\nminimum_workplaces = {minimum_workplaces}\n"
    toml.write_text(TERMS + numbers, encoding="utf-8")
    options: list[str | Path] = [
        "--workplaces",
        DATA,
        "--name-column",
        "Case Name",
        "--headcount-column",
        "Num Eligible Voters",
    ]
    more = ["--threshold", "65%", "--group-small", "Unit City", "--now", OPENED.isoformat()]
    return allout("draft", toml, "--data", folder / "data", *options, *more).splitlines()[-1]


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        yield made


def heard(lines: Iterable[Line], name_of_room: dict[str, str], units: Iterable[str]) -> list[tuple[str, str, str]]:
    """Say who heard what, in the recount's words."""
    found = []
    for line in lines:
        if line["kind"] in {"done", "board"}:
            continue
        who = name_of_room[line["room"]] if "room" in line else str(line["to"])
        about = line["scope"] if line["scope"] != "citywide" else ""
        if line["kind"] == "workplaces_ready":
            several = re.search(r": ([\d,]+) workplaces have reached", line["text"])
            about = several[1].replace(",", "") if several else "1"
        if line["kind"] == "milestone":
            about = line["text"].split(" of the ")[0]
        if who == "citywide" and line["kind"] == "workplace_joins":
            about = max((name for name in units if line["text"].startswith(f"{name} joins")), key=len)
            who = f"citywide about {about}"
        found.append((who, line["kind"], about))
    return found


async def every_page(stage: Stage) -> Board:
    """Turn the board's pages."""
    (page,) = await stage.play("@olga /board")
    seen = board(page["text"])
    places = dict(seen.places)
    while "Next" in page["buttons"]:
        (page,) = await stage.play("@olga [Next]")
        places |= board(page["text"]).places
    return replace(seen, places=places)


def hold_against(seen: Board, recount: Recount) -> None:
    """Compare a board that was shown with the recount's."""
    counted, everywhere, ready = recount.city()
    assert (seen.stage, seen.tally) == (recount.stage, recount.tally_number)
    assert (seen.counted, seen.ready) == (min(counted, recount.citywide), ready)
    assert seen.pledged == (everywhere if everywhere != counted else seen.counted)
    assert (seen.threshold, seen.units) == (recount.citywide, len(recount.units))
    assert {name: read_line(said) for name, said in seen.places.items()} == {
        name: recount.said(name) for name in recount.units
    }


@pytest.mark.parametrize(
    ("citywide", "minimum_workplaces", "seed", "outcome"),
    [
        (6_000, 100, 1, "lapsed"),  # most units had fewer votes than 65 % of their people
        (800, 50, 2, "on"),  # two tallies before the deadline, so that others can join
    ],
)
async def test_every_announcement_and_every_board_is_what_a_recount_says(
    folder: Path, citywide: int, minimum_workplaces: int, seed: int, outcome: str
) -> None:
    with DATA.open(encoding="utf-8", newline="") as file:
        units = units_of(csv.DictReader(file))
    walkout = await asyncio.to_thread(drafted, folder, citywide, minimum_workplaces)
    out = folder / "cards.csv"
    await asyncio.to_thread(
        allout, "cards", walkout, "--all", "--format", "csv", "--out", out, "--data", folder / "data"
    )
    cards = read_cards(out)
    assert {place: len(codes) for place, codes in cards.items()} == {
        name: unit.headcount for name, unit in units.items()
    }

    recount = Recount(units, citywide, minimum_workplaces)
    room_of = {name: f"#unit{n}" for n, name in enumerate(units)}
    name_of_room = {room: name for name, room in room_of.items()} | {"#city": "citywide"}
    news: Counter[str] = Counter()
    turned_on: int | None = None
    async with staged(folder / "data") as stage:
        rooms = [f'@olga /room "{name}" {room}' for name, room in room_of.items()]
        bound = await stage.play("@olga /room citywide #city", *rooms)
        # tests/console/test_refusals.py holds that a name with two blanks in a row is found as well
        deaf = {n for n, line in zip(units, bound[1:], strict=True) if line["kind"] != "done" and "  " in n}
        assert kinds(bound).count("done") == len(units) + 1 - len(deaf)
        lines = await stage.play(*sure("@olga /open"), "!wait", *sure("@omar /open"), "!wait")
        # but for the pages that ask, and what is said to the other organizer
        opened = [line for line in lines if line["kind"] not in {"sure", "proposal", "decided"}]
        assert kinds(opened)[:2] == ["proposed", "done"]
        assert sorted(line["room"] for line in opened[2:]) == sorted(
            {"#city", *room_of.values()} - {room_of[n] for n in deaf}
        )

        for number, of_tally in enumerate(acts(units, random.Random(seed)), start=1):
            said = []
            for act in of_tally:
                name, card = f"u{room_of[act.unit][5:]}w{act.worker}", cards[act.unit][act.worker]
                if act.pledges:
                    recount.pledged[act.unit].add(act.worker)
                    said += [f"@{name} {card}", f"@{name} [Pledge]"]
                else:
                    recount.pledged[act.unit].remove(act.worker)
                    said.append(f"@{name} /withdraw {card}")
            answers = Counter(kinds(await stage.play(*said)))
            assert answers["pledged"] == sum(act.pledges for act in of_tally)
            assert answers["withdrawn"] == sum(not act.pledges for act in of_tally)
            assert answers["terms"] + answers["status"] == answers["pledged"]
            assert sum(answers.values()) == len(said)

            told = heard(await stage.play("!tally"), name_of_room, units)
            expected = [item for item in recount.tally() if item[0] not in deaf]
            assert sorted(told) == sorted(expected)
            news.update(kind for _, kind, _ in told)
            if recount.stage == "on" and turned_on is None:
                turned_on = number
            hold_against(await every_page(stage), recount)
        await stage.play("!clock 2026-12-02T18:00:00-05:00")
        hold_against(await every_page(stage), recount)

    assert recount.stage == outcome
    standing = sum(map(len, recount.pledged.values()))
    counted, everywhere, ready = recount.city()
    print(  # noqa: T201  shown with -s
        f"\n{len(units)} units of {sum(unit.rows for unit in units.values())} rows, "
        f"{sum(unit.headcount for unit in units.values()):,} people; "
        f"{standing:,} pledged at the end (board: {everywhere:,}, {counted:,} of them at {ready} ready units); "
        f"{citywide:,} needed at {minimum_workplaces} units or more: {recount.stage}"
        + (f" at tally {turned_on}, {len(recount.out)} units out" if turned_on else "")
        + f"; news: {dict(sorted(news.items()))}"
    )
