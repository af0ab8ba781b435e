"""`allout suspensions`: what the keeper of the server can do about an organizer's account in the wrong hands."""

from __future__ import annotations

from typing import Annotated

import typer

from handlers.cli.common import Data, Now, Yes, ask_first, carry_out, cli, conclude, fail, run_to_end, store_in
from handlers.texts import cli as texts

NICKNAME = "NICKNAME"


@cli.command()
def suspensions(
    data: Data = None,
    now: Now = None,
    end: Annotated[str | None, typer.Option(metavar=NICKNAME, help="Let this one and the other go on.")] = None,
    remove: Annotated[str | None, typer.Option(metavar=NICKNAME, help="Remove this one as organizer.")] = None,
    yes: Yes = False,
) -> None:
    """List which organizers are suspended; end a suspension, or remove one of the two."""
    if end is not None and remove is not None:
        fail(texts.end_or_remove())
    settings = store_in(data)
    if remove is not None:
        ask_first(texts.removes(remove), yes=yes)
    conclude(
        run_to_end(
            carry_out(
                settings,
                {
                    "command": "suspensions",
                    "how": "end" if end is not None else "remove" if remove is not None else "list",
                    "nickname": end if end is not None else remove or "",
                    "now": now.isoformat() if now else None,
                },
            )
        )
    )
