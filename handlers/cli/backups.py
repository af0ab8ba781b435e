"""`allout backup-key`, `allout backup`, `allout restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.domain.model import WalkoutId
from bot.process.clock import real_clock
from bot.runtime.moving import home
from bot.runtime.restore import Since
from bot.runtime.restore import restore as put_back
from bot.secrets.backup_files import new_keys, write_aside
from handlers.cli.common import Data, Now, carry_out, cli, conclude, fail, run_to_end, settings_in, store_in
from handlers.texts import backups as texts


@cli.command()
def backup_key(out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the private key is written.")]) -> None:
    """Make the keys of backups: a private one, to be kept elsewhere, and a public one for .env."""
    private, public = new_keys()

    async def write() -> None:
        write_aside(out, iter([f"{private}\n".encode()]))

    run_to_end(write())
    print(texts.new_keys(public, str(out)))  # noqa: T201


@cli.command()
def backup(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the backup is written, by the running bot if any.")],
    data: Data = None,
    now: Now = None,
) -> None:
    """Write a sealed backup of the store, without stopping the bot. The key file is not in it."""
    settings = store_in(data)
    if settings.backup_key is None:
        fail(texts.no_key())
    request = {
        "command": "backup",
        "out": str(out.absolute()),
        "to": settings.backup_key,
        "now": now.isoformat() if now else None,
    }
    conclude(run_to_end(carry_out(settings, request)))


@cli.command()
def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="As allout backup wrote it.")],
    key: Annotated[Path, typer.Option(help="The file with the private backup key.")],
    data: Data = None,
    goes_on: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A walkout of which nothing that decides was announced since."),
    ] = None,
    is_over: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="One that turned on, lapsed or was called off since: it is closed."),
    ] = None,
    now: Now = None,
) -> None:
    """Put a store back from its backup, beside the key file that was in use when it was made."""
    settings = settings_in(data)
    since = Since(
        goes_on=[WalkoutId(walkout.lower()) for walkout in goes_on or ()],
        is_over=[WalkoutId(walkout.lower()) for walkout in is_over or ()],
    )
    clock = (lambda: now) if now else real_clock
    made = run_to_end(
        put_back(
            backup,
            key,
            settings.data,
            since,
            clock,
            settings.key_passphrase_file,
            database_url=settings.postgres,
        )
    )
    place = settings.data if settings.postgres is None else home(settings.data, settings.postgres, clock).place
    print(texts.restored(made, str(place)))  # noqa: T201
