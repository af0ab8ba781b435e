"""`allout demo`: a made-up city, played through the same doors as a real one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from rich.console import Console

from bot.runtime.app import DATABASE, KEY_FILE
from handlers.demo import display
from handlers.demo.audiences import Lines, Painter, Screen
from handlers.demo.story import OLGA, Scene, play
from handlers.texts import demo as texts

SEED = 1886
"""The year of the first May Day."""

REFUSED = 2
STOPPED = 130

THE_END = 11
"""Lines below the last board, the shell's next one among them."""

IN_MEMORY = "/dev/shm"  # noqa: S108  the folder made in it is ours alone

PACKED = Path(__file__).parents[1] / "demo_city"
"""Where the made-up city lies once the program is installed."""

IN_THE_REPOSITORY = Path(__file__).parents[2] / "examples" / "demo-city"


async def run(data: Path | None, *, seed: int, speed: float, picture: Path | None = None) -> int:
    """Play the demo; return the exit status. Without `data` nothing is left behind."""
    if data is not None and any((data / name).exists() for name in (DATABASE, KEY_FILE)):
        print(texts.holds_a_store(str(data)), file=sys.stderr)  # noqa: T201
        return REFUSED
    _stop_in_order()
    began = monotonic()
    try:
        with _passing_folder() if data is None else contextlib.nullcontext(str(data)) as folder:
            scene = await _watch(Path(folder), seed, speed, picture)
    except asyncio.CancelledError:
        return STOPPED
    remains = (
        texts.nothing_left(monotonic() - began)
        if data is None
        else texts.kept(str(data), scene.areas[0].name, _look(data, scene))
    )
    print("\n".join(["", texts.made_up(), remains, "", texts.your_own(*_next_steps())]))  # noqa: T201
    return 0


def _passing_folder() -> TemporaryDirectory[str]:
    # in memory where the system has such a place and nobody asked for another: what is thrown away needs no disk
    asked = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    usable = not asked and os.access(IN_MEMORY, os.W_OK | os.X_OK)
    return TemporaryDirectory(prefix="allout-demo-", dir=IN_MEMORY if usable else None)


async def _watch(data: Path, seed: int, speed: float, picture: Path | None) -> Scene:
    if picture is not None:
        painter = Painter()
        scene = await play(city(), data, painter, seed)
        painter.write(picture)
        return scene
    console = Console()
    if not sys.stdout.isatty():
        return await play(city(), data, Lines(console, speed=0), seed)
    if not _can_draw(console):
        return await play(city(), data, Lines(console, speed), seed)
    screen = Screen(console, speed)
    with screen:
        scene = await play(city(), data, screen, seed)
    screen.leave(THE_END)
    return scene


def _stop_in_order() -> None:
    """Let a closed terminal or a `kill` end it like Ctrl-C, which leaves no folder behind."""
    playing = asyncio.current_task()
    assert playing is not None  # noqa: S101  who else is running this
    for name in ("SIGTERM", "SIGHUP"):
        with contextlib.suppress(AttributeError, NotImplementedError):  # Windows has neither
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), playing.cancel)


def _can_draw(console: Console) -> bool:
    return (
        not console.is_dumb_terminal
        and console.encoding.startswith("utf")
        and console.width >= display.LEAST_WIDTH
        and console.height >= display.LEAST_HEIGHT
    )


def city() -> Path:
    """Return the folder of the made-up city."""
    return PACKED if PACKED.is_dir() else IN_THE_REPOSITORY


def _look(data: Path, scene: Scene) -> str:
    # on the city's own clock: by any clock, its cards are destroyed a week after the start
    after = scene.walkout.terms.starts + timedelta(days=1)
    return _command("console", "--data", str(data), "--organizer", OLGA, "--now", after.isoformat())


def _next_steps() -> tuple[str, str, str, str]:
    return (
        shlex.join(["cp", "-r", _from_here(city()), "my-walkout"]),
        _command("draft", "my-walkout/walkout.toml", "--data", "my-data"),
        _command("cards", "ID", "--all", "--format", "csv", "--out", "cards.csv", "--data", "my-data"),
        _command("console", "--data", "my-data", "--organizer", "you", "--organizer", "a-colleague"),
    )


def _command(*words: str) -> str:
    ours = "allout" if PACKED.is_dir() else _from_here(Path(sys.executable).with_name("allout"))
    return shlex.join([ours, *words])


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
