"""`allout adopt`: this bot goes on, though another one has taken its token. `allout bring-over`: in another's place."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.runtime import control_socket
from bot.runtime.app import SOCKET
from handlers.cli.common import Data, Yes, ask_first, cli, conclude, fail, run_to_end, store_in
from handlers.texts import cli as cli_texts
from handlers.texts import fence as texts


@cli.command()
def adopt(data: Data = None, yes: Yes = False) -> None:
    """Let the bot that runs here go on, after it has stopped because another bot had taken its token."""
    settings = store_in(data)
    ask_first(texts.sure(), yes=yes)
    answer = run_to_end(control_socket.ask(settings.data / SOCKET, {"command": "adopt"}))
    conclude(answer or fail(texts.no_bot()))


@cli.command()
def bring_over(
    bot: Annotated[str, typer.Argument(help="The other bot, by its name or its number.", show_default=False)],
    data: Data = None,
    yes: Yes = False,
) -> None:
    """Give the rooms and people of a bot that runs no more to the one that runs here on its platform."""
    settings = store_in(data)
    ask_first(cli_texts.sure_of_bringing_over(bot), yes=yes)
    request = {"command": "bring_over", "bot": bot}
    answer = run_to_end(control_socket.ask(settings.data / SOCKET, request))
    conclude(answer or fail(texts.no_bot()))
