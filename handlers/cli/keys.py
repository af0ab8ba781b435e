"""`allout keys`: a copy of the key file, putting it back, and other keys."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from bot.process.clock import real_clock
from bot.runtime.app import KEY_FILE, SOCKET, open_app
from bot.runtime.control_socket import Answer, ask
from bot.runtime.settings import Settings
from bot.secrets import key_file, keys
from bot.secrets.key_file import Lock
from bot.usecases import key_rotation
from handlers.cli import admin
from handlers.cli.common import Data, Yes, ask_first, carry_out, cli, conclude, fail, run_to_end, settings_in, store_in
from handlers.texts import cli as cli_texts
from handlers.texts import keys as texts

group = typer.Typer(help="The key file: copy it, put it back, change its keys.", no_args_is_help=True)
cli.add_typer(group, name="keys")

PassphraseFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The copy's passphrase, on one line. Default: you are asked."),
]


@group.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    passphrase_file: PassphraseFile = None,
    data: Data = None,
) -> None:
    """Write a copy of the key file, sealed with a passphrase."""
    settings = store_in(data)
    if out.exists():
        fail(texts.there(str(out)))
    conclude(run_to_end(_export(settings, out, passphrase_file)))


async def _export(settings: Settings, out: Path, passphrase_file: Path | None) -> Answer:
    # made here: the passphrase itself goes nowhere, and no running bot waits while it is made into a key
    lock = Lock.of(_passphrase(passphrase_file, twice=True))
    answer = await carry_out(settings, {"command": "keys_export", "lock": admin.pack_lock(lock)})
    if answer["status"]:
        return answer
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(answer["copy"])
        file.flush()
        os.fsync(file.fileno())
    return {**answer, "out": texts.exported(str(out))}


@group.command("import")
def put_back(
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `allout keys export` made.")],
    passphrase_file: PassphraseFile = None,
    data: Data = None,
) -> None:
    """Make a copy the key file again, where there is none."""
    settings = settings_in(data)
    run_to_end(_put_back(settings, copy, passphrase_file))
    conclude({"out": texts.imported(str(settings.data / KEY_FILE)), "err": "", "status": 0})


async def _put_back(settings: Settings, copy: Path, passphrase_file: Path | None) -> None:
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.put_back(
        copy,
        settings.data / KEY_FILE,
        passphrase=_passphrase(passphrase_file, twice=False),
        passphrase_file=settings.key_passphrase_file,
    )


@group.command()
def rotate(data: Data = None, yes: Yes = False) -> None:
    """Change the server's key, and seal everything anew that was under it."""
    settings = store_in(data)
    ask_first(cli_texts.rotates(), yes=yes)
    conclude(run_to_end(_rotate(settings)))


async def _rotate(settings: Settings) -> Answer:
    """Let the running bot begin it, which finishes when it starts next; if none runs, do all of it here."""
    if (answer := await ask(settings.data / SOCKET, {"command": "keys_rotate"})) is not None:
        return answer
    async with open_app(
        settings.data,
        clock=real_clock,
        senders={},
        passphrase_file=settings.key_passphrase_file,
        database_url=settings.postgres,
    ) as app:
        await key_rotation.begin(app.store, app.keys, app.process)
        if not await app.alone():  # one was starting just then
            return {"out": texts.rotates_at_start(), "err": "", "status": 0}
        await key_rotation.finish(app.store, app.keys)
    return {"out": texts.rotated(), "err": "", "status": 0}


def _passphrase(file: Path | None, *, twice: bool) -> bytes:
    if file is not None:
        return key_file.read_passphrase(file)
    if not sys.stdin.isatty():
        fail(texts.no_terminal())
    try:
        while not (said := getpass(f"{texts.ask_passphrase()}: ")):
            pass
        if twice and getpass(f"{texts.ask_again()}: ") != said:
            fail(texts.not_the_same())
    except EOFError:
        fail(texts.no_terminal())
    return said.encode(errors="surrogateescape")
