"""`allout close`: a walkout's secrets are destroyed before they would be by themselves."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot.control import Request
from handlers.cli.common import Data, Now, carry_out, cli, conclude, fail, run_to_end, settings_in
from handlers.texts import closing as texts


@cli.command()
def close(
    walkout: Annotated[str, typer.Argument(metavar="ID", help="The walkout's id.")],
    data: Data = None,
    now: Now = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts.")] = False,
) -> None:
    """Destroy the secrets of a walkout that is over. It cannot be undone."""
    settings = settings_in(data)
    request: Request = {"command": "close", "walkout": walkout.lower(), "now": now.isoformat() if now else None}
    if not yes:
        answer = run_to_end(carry_out(settings, {**request, "confirmed": False}))
        if answer["status"] or not answer["asks"]:
            conclude(answer)
        if not sys.stdin.isatty():
            fail(texts.say_yes(answer["asks"]))
        typer.confirm(answer["asks"], abort=True)
    conclude(run_to_end(carry_out(settings, {**request, "confirmed": True})))
