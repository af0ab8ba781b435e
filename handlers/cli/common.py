"""What every `allout` command shares: its options, its settings, how it is carried out, and how it ends."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from bot.domain.errors import Refused
from bot.draft import SourceFile
from bot.parsing.typed_text import nearest_names
from bot.process.clock import read_instant, real_clock
from bot.runtime import control_socket
from bot.runtime.app import DATABASE, KEY_FILE, SOCKET, open_app
from bot.runtime.control_socket import Answer, Request
from bot.runtime.settings import PREFIX, Settings
from handlers.cli import admin
from handlers.texts import cli as texts
from handlers.texts.catalogue import languages
from handlers.texts.refusals import start_refusal
from handlers.texts.times import not_an_instant

T = TypeVar("T")

cli = typer.Typer(
    help="Workers pledge in confidence; the walkout goes ahead only when enough have.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local variables would show codes and keys
)


def instant(text: str) -> datetime:
    """Read an ISO time, or end with what is wrong with it."""
    return read_instant(text) or fail(not_an_instant(text))


Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and its key. Default: ALLOUT_DATA.")]
Now = Annotated[datetime | None, typer.Option("--now", parser=instant, metavar="ISO", help="Use this time instead.")]


def language(text: str) -> str:
    """Accept a language that has a catalogue, or end."""
    return text if text in languages() else fail(texts.no_language(text, languages()))


Language = Annotated[
    str, typer.Option("--language", parser=language, metavar="CODE", help="Say everything in this language, like es.")
]


async def carry_out(settings: Settings, request: Request) -> Answer:
    """Let the running bot carry it out, or, if none runs, do it here."""
    answer = await control_socket.ask(settings.data / SOCKET, request)
    if answer is not None:
        return answer
    async with open_app(
        settings.data,
        clock=real_clock,
        senders={},
        passphrase_file=settings.key_passphrase_file,
        database_url=settings.postgres,
    ) as app:
        return await admin.execute(app, request)


def settings_in(data: Path | None) -> Settings:
    """Read the settings, once; a folder named on the command line is stronger."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    unknown = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    if unknown:
        fail(texts.unknown_settings(sorted(unknown)))
    try:
        return Settings() if data is None else Settings(data=data)
    except UnicodeDecodeError:
        fail(texts.unreadable_file(".env", "UTF-8"))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)
        named = [(f"{PREFIX}{e['loc'][0]}".upper(), e) for e in wrong]
        unknown = [name for name, e in named if e["type"] == "extra_forbidden"]
        if unknown:
            fail(texts.unknown_settings(sorted(unknown)))
        fail(texts.bad_settings([(name, e["msg"]) for name, e in named]))


def store_in(data: Path | None) -> Settings:
    """Read the settings where a store must be there already: no command but those that begin one makes one."""
    settings = settings_in(data)
    if not _is_begun(settings):
        names = _stores_in(settings, Path(), settings.data.parent)
        near = nearest_names(names, settings.data.name, 1) or list(names)
        missing = texts.no_key if settings.postgres else texts.no_store
        fail(missing(str(settings.data), names[near[0]] if near else ""))
    return settings


def beginning_in(data: Path | None, *, yes: bool) -> Settings:
    """Read the settings where a store may be begun: asks first beside one whose name is near, which may be meant."""
    settings = settings_in(data)
    ask_before_beginning(settings, yes=yes)
    return settings


def ask_before_beginning(settings: Settings, *, yes: bool) -> None:
    """Ask where there is no store yet, but beside it one whose name is near."""
    if _is_begun(settings):
        return
    data = settings.data
    names = _stores_in(settings, data.parent)
    if near := nearest_names(names, data.name, 1):
        ask_first(texts.begins(str(data), names[near[0]]), yes=yes)


def _is_begun(settings: Settings) -> bool:
    """Say whether there is a store; where nobody can tell, because the folder is somebody else's, end."""
    try:
        return (settings.data / _sign(settings)).exists()
    except OSError as error:
        fail(texts.unreadable_file(str(settings.data), error.strerror or type(error).__name__))


def _sign(settings: Settings) -> str:
    """Name the file by which a store is known."""
    return KEY_FILE if settings.postgres else DATABASE


def _stores_in(settings: Settings, *places: Path) -> dict[str, str]:
    around = {found.parent for place in places for found in place.glob(f"*/{_sign(settings)}")}
    return {folder.name: str(folder) for folder in sorted(around)}


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts.")]


def ask_first(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone; end where nobody can answer and nobody has said yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(texts.say_yes(question))
    typer.confirm(question, abort=True)


def source(path: Path) -> SourceFile:
    """Read a file, or end with why it cannot be read."""
    try:
        return SourceFile(name=path.name, data=path.read_bytes())
    except OSError as error:
        fail(texts.unreadable_file(str(path), error.strerror or ""))


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run the work; whatever it refuses ends the command with one sentence."""
    try:
        return asyncio.run(work)
    except Refused as refused:
        fail(start_refusal(refused))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or leaving would try to print again
        fail(texts.nobody_reads())
    except OSError as error:
        fail(texts.unreadable_file(str(error.filename or "AllOut"), error.strerror or type(error).__name__))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def conclude(answer: Answer) -> NoReturn:
    """Print an answer and leave with its status."""
    if answer["out"]:
        print(answer["out"])  # noqa: T201
    if answer["err"]:
        print(answer["err"], file=sys.stderr)  # noqa: T201
    raise typer.Exit(answer["status"])


def fail(sentence: str) -> NoReturn:
    """Print one sentence to stderr and leave: nothing was changed."""
    print(sentence, file=sys.stderr)  # noqa: T201
    raise typer.Exit(admin.REFUSED)
