"""`allout adopt`: this bot goes on, though another one has taken its token."""

from __future__ import annotations

from bot.runtime import control_socket
from bot.runtime.app import SOCKET
from handlers.cli.common import Data, Yes, ask_first, cli, conclude, fail, run_to_end, store_in
from handlers.texts import fence as texts


@cli.command()
def adopt(data: Data = None, yes: Yes = False) -> None:
    """Let the bot that runs here go on, after it has stopped because another bot had taken its token."""
    settings = store_in(data)
    ask_first(texts.sure(), yes=yes)
    answer = run_to_end(control_socket.ask(settings.data / SOCKET, {"command": "adopt"}))
    conclude(answer or fail(texts.no_bot()))
