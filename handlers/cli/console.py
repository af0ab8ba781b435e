"""`allout console` and `allout demo`: everything in this terminal."""

from __future__ import annotations

import io
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.process.clock import Clock, MovableClock, real_clock
from bot.runtime import control_socket
from bot.runtime.app import SOCKET, App, open_app
from bot.runtime.settings import Settings
from bot.secrets.keys import Person
from bot.usecases import organizers
from handlers.cli import admin
from handlers.cli.common import Data, Language, Now, Yes, beginning_in, cli, fail, run_to_end
from handlers.console.chat import PLATFORM, Console, ConsoleSender, Printer, interact, is_name, script_lines
from handlers.texts import cli as texts
from handlers.texts.catalogue import speaking

SCRIPT_ENCODING = "utf-8-sig"
"""UTF-8, with or without the mark that some editors put first."""


@cli.command()
def console(
    data: Data = None,
    organizer: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Who organizes here.")] = None,
    now: Now = None,
    script: Annotated[str | None, typer.Option(metavar="FILE|-", help="Play these lines.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language: Language = "en",
    yes: Yes = False,
) -> None:
    """Play a walkout in this terminal: everybody writes here, no accounts and no network."""
    if script not in {None, "-"} and (not Path(str(script)).exists() or Path(str(script)).is_dir()):
        fail(texts.no_file(str(script)))
    names = [name.removeprefix("@") for name in organizer or []]
    if not all(name.isprintable() and is_name(name) for name in names):
        fail(texts.not_a_name())
    with speaking(language):
        failed = run_to_end(_console(beginning_in(data, yes=yes), names, now, script, as_json=as_json))
    raise typer.Exit(1 if failed else 0)


async def _console(
    settings: Settings, names: list[str], now: datetime | None, script: str | None, *, as_json: bool
) -> int:
    if script is None and not sys.stdin.isatty():
        script = "-"
    clock = _console_clock(now, scripted=script is not None)
    printer = Printer(out=sys.stdout, as_json=as_json, files=settings.data / "files")
    async with open_app(
        settings.data,
        clock=clock,
        senders={PLATFORM: ConsoleSender(printer)},
        passphrase_file=settings.key_passphrase_file,
        database_url=settings.postgres,
    ) as app:
        for name in names:
            await organizers.add(Person(PLATFORM, name), name, app.store, app.keys)
        async with control_socket.serve(settings.data / SOCKET, lambda request: admin.execute(app, request)):
            movable = clock if isinstance(clock, MovableClock) else None
            if script is None:
                await interact(app, movable, printer, settings.look_every_s)
                return 0
            return await _play(app, movable, printer, script)


async def _play(app: App, clock: MovableClock | None, printer: Printer, script: str) -> int:
    player = Console(app, clock, printer)
    if script == "-":
        source = io.TextIOWrapper(sys.stdin.buffer, encoding=SCRIPT_ENCODING, errors="replace")
        await player.run(script_lines(source))
    else:
        with Path(script).open(encoding=SCRIPT_ENCODING, errors="replace") as source:  # noqa: ASYNC230  read in a thread
            await player.run(script_lines(source))
    return player.failed


def _console_clock(now: datetime | None, *, scripted: bool) -> Clock:
    if scripted:  # time stands still between two lines, wherever it begins
        return MovableClock(now or real_clock())
    return MovableClock(now, running=True) if now else real_clock


@cli.command()
def demo(
    data: Annotated[Path | None, typer.Option("--data", help="Keep the city in this folder. Default: nothing.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another story. Default: always the same.")] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="2 is twice as fast.")] = 1.0,
    picture: Annotated[Path | None, typer.Option(hidden=True, help="Paint one frame into this SVG.")] = None,
    language: Language = "en",
) -> None:
    """Watch a made-up city pledge, reach its number and walk out: twenty seconds, no network."""
    from handlers import demo as made_up_city  # noqa: PLC0415  no other command pays for the display

    with speaking(language):
        status = run_to_end(
            made_up_city.run(data, seed=made_up_city.SEED if seed is None else seed, speed=speed, picture=picture)
        )
    raise typer.Exit(status)
