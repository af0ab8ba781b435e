"""`allout demo`, as a newcomer meets it: at a terminal, in a pipe, and with its city kept."""

from __future__ import annotations

import csv
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest

from bot.domain.model import Stage
from handlers import demo
from handlers.demo import display
from handlers.demo.display import View
from handlers.demo.story import Heard, Scene, play
from tests.conftest import fresh_folder
from tests.processes import PATIENCE_S

ROOT = Path(__file__).parents[1]
ROSTER = ROOT / "examples" / "demo-city" / "workplaces.csv"
ALLOUT = (sys.executable, "-m", "handlers")

WHEN = re.compile(r"(?:\w{3} )?\d{1,2} \w{3} \d{4}, (?:\d{1,2}:\d\d [ap]m|noon|midnight)")


def environment(tmp: Path, **more: str) -> dict[str, str]:
    tmp.mkdir(exist_ok=True)
    # the size is that of the terminal which a test makes, not of the one in which the tests run
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALLOUT_")}
    kept = {name: value for name, value in kept.items() if name not in {"LINES", "COLUMNS"}}
    return kept | {"TMPDIR": str(tmp), "PYTHONPATH": str(ROOT)} | more


def roster() -> list[dict[str, str]]:
    with ROSTER.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def thresholds() -> dict[str, int]:
    """Reckon them again from the file, without the program."""
    people, needed = Counter[str](), Counter[str]()
    for row in roster():
        people[row["workplace"]] += int(row["headcount"] or 0)
    for row in roster():
        if row["workplace"] and not row["department"]:
            share = row["threshold"].removesuffix("%")
            number = int(share)
            if share != row["threshold"]:
                number = ceil(Fraction(number, 100) * people[row["workplace"]])
            needed[row["group"] or row["workplace"]] += number
    return dict(needed)


def areas() -> dict[str, set[str]]:
    """Return the workplaces in each."""
    found: dict[str, set[str]] = {}
    for row in roster():
        if row["workplace"]:
            found.setdefault(row["neighborhood"], set()).add(row["group"] or row["workplace"])
    return found


def may_be_shown(threshold: int) -> set[int]:
    """Return every number that a board may ever show about a workplace before it reaches its own."""
    step = max(5, -(-threshold // 10))
    return {threshold, step, *range(step, threshold - 5 + 1, step)}


def story(told: str) -> str:
    """Return it without what is said about it afterwards."""
    return told.split("\n\n", maxsplit=1)[0]


# -- in a pipe ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told() -> str:
    with fresh_folder() as folder:
        (folder / "here").mkdir()
        result = subprocess.run(
            [*ALLOUT, "demo"],
            cwd=folder / "here",
            env=environment(folder / "tmp"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (result.returncode, result.stderr) == (0, "")
        assert list((folder / "tmp").iterdir()) == []
        assert list((folder / "here").iterdir()) == []
        return result.stdout


def test_the_story_holds(told: str) -> None:
    turns = (
        "Nothing opens yet: it takes two organizers",
        "more rooms hear: What do we want first?",  # opened
        "A survey first",
        "so many take part in the survey",  # workplace_ready
        "The survey is over",
        "Most votes: Twenty-two an hour.",
        "At 36 of 39 workplaces enough took part: the next step opens there.",
        "more rooms hear: Sticker day",
        "Next step, 36 workplaces: stickers at work.",
        "Nobody takes part yet",
        "does NOT take part",
        "It is on: people wear the sticker that day.",
        "counts by hand: a number, no names.",
        "At 35 of 36 workplaces enough took part: the next step opens there.",
        "more rooms hear: May Day for a living wage",
        "Next step, 35 workplaces: the walkout.",
        "has reached its number. Nobody walks out yet",  # workplace_ready
        "fills up: in tenths",
        "is nearly there",
        "fell well below its number",
        "of the 900 pledges",  # milestone
        "has reached it again",
        "#port-larkin hears: It is on.",
        "does not walk out unless it reaches its number",
        "has its number, but Old Town has not: it waits.",
        "Old Town has its number now: whoever waited there walks out too.",
        "joins: it walks out as well",
        "Pledging is over",
        "They walk out",
        "The deadline has passed. You have no pledge here.",  # the day after
        "leaves nothing behind",
        "cp -r ",
        "allout draft my-walkout/walkout.toml --data my-data",
    )
    at = 0
    for turn in turns:
        assert turn in told[at:], turn
        at = told.index(turn, at)


def test_a_pipe_gets_plain_lines(told: str) -> None:
    assert "\x1b" not in told
    assert "Traceback" not in told


def test_no_line_says_a_number_about_a_workplace_that_the_board_would_not_show(told: str) -> None:
    for line in told.splitlines():
        said = re.sub(r"and \d+ more rooms?|\d+ workplaces|\d days? left|of the 900", "", WHEN.sub("", line))
        for name, threshold in thresholds().items():
            if name in said:
                numbers = {int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", said.replace(name, ""))}
                assert numbers <= may_be_shown(threshold), line


def test_another_seed_tells_another_story(told: str, data: Path) -> None:
    another = subprocess.run(
        [*ALLOUT, "demo", "--seed", "7"],
        env=environment(data),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    ).stdout
    assert story(another) != story(told)


# -- at a terminal --------------------------------------------------------------------------------------------


@contextmanager
def terminal(columns: int, lines: int) -> Iterator[tuple[int, int]]:
    """Yield the two ends of a terminal of this size."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        yield ours, theirs
    finally:
        os.close(ours)


def watch(tmp: Path, columns: int, lines: int, *options: str, **more: str) -> tuple[int, str]:
    with (
        terminal(columns, lines) as (ours, theirs),
        subprocess.Popen(
            [*ALLOUT, "demo", *options],
            env=environment(tmp, **{"TERM": "xterm-256color", **more}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process,
    ):
        os.close(theirs)
        seen = _all(ours)
    return process.returncode, seen


def _all(ours: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode(errors="replace")


@pytest.mark.parametrize(
    ("columns", "lines", "more"),
    [
        (80, 24, {"NO_COLOR": "1"}),
        (100, 30, {}),
    ],
)
def test_a_terminal_is_drawn_on_and_given_back(data: Path, columns: int, lines: int, more: dict[str, str]) -> None:
    status, seen = watch(data, columns, lines, "--speed", "100", **more)
    assert status == 0
    assert seen.count("\x1b[?1049h") == seen.count("\x1b[?1049l") == 1
    assert seen.count("\x1b[?25l") <= seen.count("\x1b[?25h")
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", seen)) is ("NO_COLOR" not in more)
    assert "no counts." in seen
    assert "leaves nothing behind" in seen
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(("term", "lines"), [("dumb", 24), ("xterm", 12)])
def test_a_terminal_that_cannot_be_drawn_on_gets_plain_lines(data: Path, term: str, lines: int) -> None:
    status, seen = watch(data, 80, lines, "--speed", "100", TERM=term)
    assert status == 0
    assert "\x1b" not in seen
    assert "It is on." in seen


@pytest.mark.parametrize("told_to_stop", [signal.SIGINT, signal.SIGHUP])
def test_who_is_stopped_leaves_nothing_behind_either(data: Path, told_to_stop: signal.Signals) -> None:
    with (
        terminal(80, 24) as (ours, theirs),
        subprocess.Popen(
            [*ALLOUT, "demo"],
            env=environment(data, TERM="dumb"),
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process,
    ):
        os.close(theirs)
        seen = ""
        while "Omar" not in seen:  # it has begun
            seen += os.read(ours, 65536).decode()
        assert [path.name for path in data.glob("*/allout.db")] == ["allout.db"]
        process.send_signal(told_to_stop)
        _all(ours)  # or it would wait for somebody to read: a terminal holds some 4 kB
        _out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (130, b"")
    assert list(data.iterdir()) == []


# -- what is drawn --------------------------------------------------------------------------------------------


class Inspector:
    """Draws every frame and checks it against the rule of the board, reckoned from the roster alone."""

    def __init__(self) -> None:
        self.view: View | None = None
        self.needed = thresholds()
        self.frames = 0
        self.drawn: dict[tuple[str, int], list[str]] = {}  #: the workplaces as drawn at each tally of each step

    def show(self, scene: Scene) -> None:
        self.view = self.view or View(scene=scene)
        self.view.turn_to(scene)
        there = {line.name for line in scene.lines}  # a step opens only where the one before was proved
        below = {area: names & there for area, names in areas().items()}
        assert [line.name for line in scene.lines] == [
            name for area in sorted(below) for name in sorted(below[area], key=str.casefold)
        ]
        assert {area.name: area.places for area in scene.areas} == below
        for area in scene.areas:
            is_over = scene.walkout.stage is Stage.ENDED  # a survey, by which nothing is decided
            assert area.tenths < 10 or area.out or is_over, "it reads as fulfilled before it is on"
        self.check(self.view)

    def check(self, view: View) -> None:
        for columns, lines in ((80, 24), (100, 30)):
            frame = display.frame(view, columns, lines)
            assert len(frame) == lines
            assert all(line.cell_len <= columns for line in frame)
            grid = [line.plain for line in display.units(view, columns)]
            there = {line.name for line in view.scene.lines}
            self.check_cells(grid, {name: threshold for name, threshold in self.needed.items() if name in there})
            if columns == 100:
                assert self.drawn.setdefault((view.scene.walkout.id, view.scene.walkout.tally), grid) == grid
        self.frames += 1

    def check_cells(self, grid: list[str], needed: Mapping[str, int]) -> None:
        cells = re.findall(
            r"([A-Z][a-z][\w .…]*?) +[━─]+ (✓ out|out|✓ in|in|✓(?: \d+)?|[~<↓]\d+(?:/\d+)?)", "\n".join(grid)
        )
        assert len(cells) == len(needed)
        for name, said in cells:
            (threshold,) = (t for full, t in needed.items() if full.startswith(name.removesuffix("…")))
            assert {int(n) for n in re.findall(r"\d+", said)} <= may_be_shown(threshold), (name, said)

    def hear(self, heard: Heard) -> None:
        assert self.view is not None
        self.view.news.append(heard)

    def tell(self, sentence: str) -> None:
        assert self.view is not None
        self.view.say(sentence)
        assert len(sentence) <= 80, "it would be cut off"

    async def rest(self, seconds: float) -> None:
        """Never."""


async def test_no_frame_shows_more_than_the_board_and_none_changes_between_two_tallies(data: Path) -> None:
    inspector = Inspector()
    end = await play(demo.city(), data, inspector, demo.SEED)
    assert end.walkout.stage == "on"
    assert inspector.frames > 100
    assert len([tally for step, tally in inspector.drawn if step == end.walkout.id]) == end.walkout.tally + 1
    assert len({step for step, _tally in inspector.drawn}) == 3


# -- kept -----------------------------------------------------------------------------------------------------


def test_what_is_kept_opens_in_the_console_and_is_the_same_story(told: str, data: Path) -> None:
    kept, tmp = data / "city", data / "tmp"
    result = subprocess.run(
        [*ALLOUT, "demo", "--data", str(kept)],
        env=environment(tmp),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert list(tmp.iterdir()) == []
    assert story(result.stdout) == story(told)
    assert f"allout console --data {kept} --organizer olga --now 2027-05-02T12:00:00-04:00" in result.stdout
    looked = subprocess.run(
        [*ALLOUT, "console", "--data", str(kept), "--script", "-", "--now", "2027-05-02T12:00:00-04:00"],
        input="@olga /walkouts\n@olga /board\n",
        env=environment(tmp),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    ).stdout
    assert re.search(r"\w{5} · May Day for a living wage · on · Sat 1 May 2027, noon", looked)
    assert "of 35 workplaces have reached theirs" in looked


def test_a_store_in_use_is_never_played_into(data: Path) -> None:
    kept = data / "real"
    kept.mkdir()
    (kept / "allout.key").write_text("{}")
    result = subprocess.run(
        [*ALLOUT, "demo", "--data", str(kept)],
        env=environment(data / "tmp"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert result.returncode == 2
    assert "holds a store already" in result.stderr
    assert [path.name for path in kept.iterdir()] == ["allout.key"]
