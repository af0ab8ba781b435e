"""`allout move`: the store to PostgreSQL, or back."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from bot.process.clock import real_clock
from bot.runtime.moving import home
from bot.runtime.moving import move as move_store
from bot.runtime.settings import is_postgres
from handlers.cli.common import Data, Now, Yes, ask_first, cli, fail, run_to_end, store_in
from handlers.texts import moving as texts

_TOLD_EVERY_S = 2.0


@cli.command()
def move(
    to: Annotated[
        str,
        typer.Option(metavar="WHERE", help="postgresql://…, or sqlite, or another folder that has the key file."),
    ],
    data: Data = None,
    yes: Yes = False,
    now: Now = None,
) -> None:
    """Move the store to another database while no bot runs, with every row, and let the old one refuse from then on."""
    settings = store_in(data)
    clock = (lambda: now) if now else real_clock
    if "://" in to and not is_postgres(to):
        fail(texts.no_address())
    where = to if is_postgres(to) else settings.data if to == "sqlite" else Path(to)
    source = home(settings.data, settings.postgres, clock).place
    target = (home(where, None, clock) if isinstance(where, Path) else home(settings.data, where, clock)).place
    ask_first(texts.sure(source, target), yes=yes)
    said_s = monotonic()

    def told(done: int, of: int) -> None:
        nonlocal said_s
        if monotonic() - said_s >= _TOLD_EVERY_S:
            said_s = monotonic()
            print(texts.copied(done, of), file=sys.stderr)  # noqa: T201

    run_to_end(
        move_store(
            settings.data,
            settings.postgres,
            to=where,
            clock=clock,
            passphrase_file=settings.key_passphrase_file,
            told=told,
        )
    )
    print(texts.done(source, target))  # noqa: T201
