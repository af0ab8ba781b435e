"""`allout close`: a walkout's secrets are destroyed before they would be by themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.runtime.control_socket import Request
from handlers.cli.common import Data, Now, Yes, ask_first, carry_out, cli, conclude, run_to_end, store_in


@cli.command()
def close(
    walkout: Annotated[str, typer.Argument(metavar="ID", help="The walkout's id.")],
    data: Data = None,
    now: Now = None,
    yes: Yes = False,
) -> None:
    """Destroy the secrets of a walkout that is over. It cannot be undone."""
    settings = store_in(data)
    request: Request = {"command": "close", "walkout": walkout.lower(), "now": now.isoformat() if now else None}
    if not yes:
        answer = run_to_end(carry_out(settings, {**request, "confirmed": False}))
        if answer["status"] or not answer["asks"]:
            conclude(answer)
        ask_first(answer["asks"], yes=False)
    conclude(run_to_end(carry_out(settings, {**request, "confirmed": True})))
