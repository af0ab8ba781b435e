"""The `allout` command."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from bot import cards as card_codes
from bot import control
from bot.clock import Clock, MovableClock, read_instant, real_clock
from bot.control import Answer, Request
from bot.domain.errors import Refused
from bot.domain.model import Terms
from bot.draft import SourceFile, workplaces_file
from bot.keys import Person
from bot.settings import PREFIX, Settings
from bot.storage.records import read_terms
from bot.usecases import organizers
from bot.wiring import SOCKET, App, open_app
from handlers import admin, card_files
from handlers.console import PLATFORM, Console, ConsoleSender, Printer, interact, is_name, script_lines
from handlers.service import AllRefused, Opener, keep_running
from handlers.sheets.paper import Paper
from handlers.texts import cli as texts
from handlers.texts.catalogue import languages, speaking
from handlers.texts.refusals import start_refusal
from handlers.texts.times import not_an_instant

T = TypeVar("T")

SCRIPT_ENCODING = "utf-8-sig"
"""UTF-8, with or without the mark that some editors put first."""

cli = typer.Typer(
    help="Workers pledge in confidence; the walkout goes ahead only when enough have.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local variables would show codes and keys
)


def _instant(text: str) -> datetime:
    return read_instant(text) or _fail(not_an_instant(text))


Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and its key. Default: ALLOUT_DATA.")]
Now = Annotated[datetime | None, typer.Option("--now", parser=_instant, metavar="ISO", help="Use this time instead.")]


def _language(text: str) -> str:
    return text if text in languages() else _fail(texts.no_language(text, languages()))


Language = Annotated[
    str, typer.Option("--language", parser=_language, metavar="CODE", help="Say everything in this language, like es.")
]


@cli.command()
def draft(
    terms: Annotated[Path, typer.Argument(metavar="WALKOUT.TOML", help="The walkout's terms.")],
    data: Data = None,
    now: Now = None,
    workplaces: Annotated[Path | None, typer.Option(help="Instead of the file named in the terms.")] = None,
    name_column: Annotated[str | None, typer.Option(help="In a foreign file: the workplace's name.")] = None,
    headcount_column: Annotated[str | None, typer.Option(help="In a foreign file: its head-count.")] = None,
    threshold: Annotated[str | None, typer.Option(help='For every workplace: a number or a share, "65%".')] = None,
    group_small: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Merge the smallest by this column's value.")
    ] = None,
) -> None:
    """Check a walkout and its workplaces, and keep them as a draft. The last line is its id."""
    toml = _source(terms)
    if workplaces is not None and not workplaces.exists():
        _fail(texts.no_file(str(workplaces)))
    roster = workplaces
    if roster is None and (named := workplaces_file(toml)) is not None:
        roster = terms.parent / named
    request: Request = {
        "command": "draft",
        "terms": admin.pack(toml),
        "roster": admin.pack(_source(roster)) if roster is not None and roster.is_file() else None,
        "options": {
            "name_column": name_column,
            "headcount_column": headcount_column,
            "threshold": threshold,
            "group_small": group_small,
        },
        "now": now.isoformat() if now else None,
    }
    _print(_run(_carry_out(_settings(data).data, request)))


@cli.command()
def cards(
    walkout: Annotated[str, typer.Argument(metavar="ID", help="The walkout's id.")],
    out: Annotated[Path, typer.Option(help="Where the codes are written, once.")],
    workplace: Annotated[str | None, typer.Option(help="Only for this workplace.")] = None,
    every: Annotated[bool, typer.Option("--all", help="For every workplace.")] = False,
    number: Annotated[int | None, typer.Option(min=1, help="So many each. Default: what is missing.")] = None,
    form: Annotated[card_files.Form, typer.Option("--format", help="How they are written.")] = card_files.Form.CSV,
    paper: Annotated[Paper | None, typer.Option(help="For pdf. Default: what is usual where the walkout is.")] = None,
    telegram_bot: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For pdf: QR codes open this bot. Default: they hold the bare code."),
    ] = None,
    beyond_headcount: Annotated[bool, typer.Option(help="Allow more cards than people.")] = False,
    data: Data = None,
) -> None:
    """Mint pledge cards and write their codes, once: the store keeps only their hashes. A pdf is ready to print."""
    if every == (workplace is not None):
        _fail(texts.one_or_all())
    if out.exists():
        _fail(texts.already_there(str(out)))
    if (left := card_files.beside(out)).exists():
        _fail(texts.half_written(str(left)))
    telegram = None
    if telegram_bot is not None:
        telegram = card_files.telegram_link(telegram_bot) or _fail(texts.not_a_bot(telegram_bot))
    request: Request = {
        "walkout": walkout.lower(),
        "workplace": workplace,
        "number": number,
        "beyond_headcount": beyond_headcount,
    }
    content = partial(card_files.content, form, telegram=telegram, paper=paper)
    _print(_run(_mint(_settings(data).data, request, out, content)))


Content = Callable[[card_files.Places, Terms], bytes]
"""Makes the file that holds the codes."""


async def _mint(data: Path, request: Request, out: Path, content: Content) -> Answer:
    """Have the codes on disk before the store knows them: cut off anywhere, no stored card is without its code."""
    wanted = await _carry_out(data, {**request, "command": "cards_wanted"})
    if wanted["status"]:
        return wanted
    codes = {place: [card_codes.mint() for _ in range(n)] for place, _name, n in wanted["places"]}
    total = sum(map(len, codes.values()))
    if total == 0:
        return {"out": texts.no_cards_missing(), "err": "", "status": 0}
    named = [(name, codes[place]) for place, name, _n in wanted["places"]]
    fresh = card_files.write(out, content(named, read_terms(wanted["terms"])))
    answer = await _carry_out(
        data,
        {**request, "command": "mint", "cards": admin.pack_cards(codes)},
    )
    if answer["status"]:
        fresh.unlink()
        return answer
    fresh.replace(out)
    return {**answer, "out": texts.minted(total, str(out))}


@cli.command()
def console(
    data: Data = None,
    organizer: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Who organizes here.")] = None,
    now: Now = None,
    script: Annotated[str | None, typer.Option(metavar="FILE|-", help="Play these lines.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language: Language = "en",
) -> None:
    """Play a walkout in this terminal: everybody writes here, no accounts and no network."""
    if script not in {None, "-"} and (not Path(str(script)).exists() or Path(str(script)).is_dir()):
        _fail(texts.no_file(str(script)))
    names = [name.removeprefix("@") for name in organizer or []]
    if not all(name.isprintable() and is_name(name) for name in names):
        _fail(texts.not_a_name())
    with speaking(language):
        failed = _run(_console(_settings(data), names, now, script, as_json=as_json))
    raise typer.Exit(1 if failed else 0)


async def _console(
    settings: Settings, names: list[str], now: datetime | None, script: str | None, *, as_json: bool
) -> int:
    if script is None and not sys.stdin.isatty():
        script = "-"
    clock = _console_clock(now, scripted=script is not None)
    printer = Printer(out=sys.stdout, as_json=as_json, files=settings.data / "files")
    async with open_app(settings.data, clock=clock, senders={PLATFORM: ConsoleSender(printer)}) as app:
        for name in names:
            await organizers.add(Person(PLATFORM, name), name, app.store, app.keys)
        async with control.serve(settings.data / SOCKET, lambda request: admin.execute(app, request)):
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
        status = _run(
            made_up_city.run(data, seed=made_up_city.SEED if seed is None else seed, speed=speed, picture=picture)
        )
    raise typer.Exit(status)


@cli.command()
def run(data: Data = None) -> None:
    """Run the bot on every platform that has a token, until it is stopped."""
    settings = _settings(data)
    openers = _openers(settings)
    if not openers:
        _fail(texts.no_token())
    _run(_serve(settings, openers))


def _openers(settings: Settings) -> dict[str, Opener]:
    # imported here: a platform that does not run costs a quarter of a second and tens of megabytes
    openers: dict[str, Opener] = {}
    if settings.telegram_token is not None:
        from handlers.telegram.platform import open_telegram  # noqa: PLC0415

        openers["telegram"] = open_telegram
    if settings.discord_token is not None:
        from handlers.discord.platform import open_discord  # noqa: PLC0415

        openers["discord"] = open_discord
    return openers


async def _serve(settings: Settings, openers: Mapping[str, Opener]) -> None:
    def started() -> None:
        print(texts.running(), file=sys.stderr)  # noqa: T201

    async with open_app(settings.data, clock=real_clock, senders=dict.fromkeys(openers)) as app:
        try:
            async with control.serve(settings.data / SOCKET, lambda request: admin.execute(app, request)):
                await _until_stopped(
                    keep_running(app, settings, openers, started), app.scheduler.run_forever(settings.look_every_s)
                )
        except AllRefused:
            _fail("\n".join(map(texts.wrong_token, openers)))


async def _until_stopped(*works: Awaitable[None]) -> None:
    """Run until SIGTERM or Ctrl-C; then each work ends what it has begun."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [asyncio.ensure_future(work) for work in works]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (*tasks, stopping):
        task.cancel()
    results = await asyncio.gather(*tasks, stopping, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


@cli.command()
def organizer_code(data: Data = None) -> None:
    """Print a one-time code, good for an hour, that makes somebody an organizer."""
    _print(_run(_carry_out(_settings(data).data, {"command": "organizer_code"})))


async def _carry_out(data: Path, request: Request) -> Answer:
    """Let the running bot carry it out, or, if none runs, do it here."""
    answer = await control.ask(data / SOCKET, request)
    if answer is not None:
        return answer
    async with open_app(data, clock=real_clock, senders={}) as app:
        return await admin.execute(app, request)


def _settings(data: Path | None) -> Settings:
    """Read the settings, once; a folder named on the command line is stronger."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    unknown = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    if unknown:
        _fail(texts.unknown_settings(sorted(unknown)))
    try:
        return Settings() if data is None else Settings(data=data)
    except UnicodeDecodeError:
        _fail(texts.unreadable_file(".env", "UTF-8"))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)
        unknown = [str(e["loc"][0]).upper() for e in wrong if e["type"] == "extra_forbidden"]
        if unknown:
            _fail(texts.unknown_settings(sorted(unknown)))
        _fail(texts.bad_settings([(f"{PREFIX}{e['loc'][0]}".upper(), e["msg"]) for e in wrong]))


def _source(path: Path) -> SourceFile:
    try:
        return SourceFile(name=path.name, data=path.read_bytes())
    except OSError as error:
        _fail(texts.unreadable_file(str(path), error.strerror or ""))


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except Refused as refused:
        _fail(start_refusal(refused))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or leaving would try to print again
        _fail(texts.nobody_reads())
    except OSError as error:
        _fail(texts.unreadable_file(str(error.filename or "AllOut"), error.strerror or type(error).__name__))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _print(answer: Answer) -> None:
    if answer["out"]:
        print(answer["out"])  # noqa: T201
    if answer["err"]:
        print(answer["err"], file=sys.stderr)  # noqa: T201
    raise typer.Exit(answer["status"])


def _fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)  # noqa: T201
    raise typer.Exit(admin.REFUSED)


def main() -> None:
    """Run the command line."""
    # other libraries' loggers would write tokens and messages; ours say only what is counted
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what is said is UTF-8, whatever the system's own is
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    logging.basicConfig(level=logging.CRITICAL, format="%(levelname)s %(message)s", stream=sys.stderr)
    for ours in ("bot", "handlers"):
        logging.getLogger(ours).setLevel(logging.WARNING)
    cli()
