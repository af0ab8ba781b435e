"""`allout run`: the bot, on every platform that has a token."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic

from bot.domain.ways import platform_of
from bot.process import logs
from bot.process.clock import Ask, real_clock
from bot.process.garbage_collection import uncollected
from bot.runtime import control_socket
from bot.runtime.app import SOCKET, App, open_app
from bot.runtime.scheduler import Scheduler
from bot.runtime.settings import Settings
from bot.usecases.ways import strays
from handlers.cli import admin
from handlers.cli.common import Data, Yes, ask_before_beginning, cli, fail, run_to_end, settings_in
from handlers.platforms.supervisor import AllRefused, Opener, keep_running
from handlers.texts import cli as texts


@cli.command()
def run(data: Data = None, yes: Yes = False) -> None:
    """Run the bot on every platform that has a token, until it is stopped."""
    settings = settings_in(data)
    openers = _openers(settings)
    if not openers:
        fail(texts.no_token())
    ask_before_beginning(settings, yes=yes)
    logs.set_level(settings.log_level)
    run_to_end(_serve(settings, openers))


def _openers(settings: Settings) -> dict[str, Opener]:
    # imported here: a platform that does not run costs a quarter of a second and tens of megabytes
    openers: dict[str, Opener] = {}
    with uncollected():
        if settings.telegram_token is not None:
            from handlers.telegram.platform import open_telegram  # noqa: PLC0415

            openers[settings.ways["telegram"]] = open_telegram
        if settings.discord_token is not None:
            from handlers.discord.platform import open_discord  # noqa: PLC0415

            openers[settings.ways["discord"]] = open_discord
    return openers


def _clocks(settings: Settings) -> dict[str, Ask]:
    """Ask for the time where the bot calls anyway."""
    from handlers.platforms.checks import time_at  # noqa: PLC0415  as above

    clocks: dict[str, Ask] = {}
    if settings.telegram_token is not None:
        clocks[settings.ways["telegram"]] = partial(time_at, settings.telegram_api_url, proxy=settings.telegram_proxy)
    if settings.discord_token is not None:
        clocks[settings.ways["discord"]] = partial(time_at, f"{settings.discord_api_url.rstrip('/')}/gateway")
    return clocks


async def _serve(settings: Settings, openers: Mapping[str, Opener]) -> None:
    async with open_app(
        settings.data,
        clock=real_clock,
        senders=dict.fromkeys(openers),
        servers=_clocks(settings),
        steady=monotonic,
        passphrase_file=settings.key_passphrase_file,
        database_url=settings.postgres,
    ) as app:

        async def started(way: str) -> None:
            name = app.bots[way].rpartition("/")[2]  # on Telegram it is the bot's link
            lines = [texts.running(platform_of(way), name, str(settings.data))]
            lines += [texts.stray(stray, name) for stray in await strays([way], app.store)]
            print(*lines, sep="\n", file=sys.stderr)  # noqa: T201

        for leadership in app.ways.values():
            if leadership.lease is None:
                print(texts.stands_by(platform_of(leadership.name)), file=sys.stderr)  # noqa: T201

        try:
            async with (
                control_socket.serve(settings.data / SOCKET, lambda request: admin.execute(app, request)),
                AsyncExitStack() as operated,
            ):
                looking = await _operated(app, settings, operated)
                await _until_stopped(
                    keep_running(app, settings, openers, started),
                    app.scheduler.run_forever(settings.look_every_s),
                    *looking,
                )
        except AllRefused:
            fail("\n".join(texts.wrong_token(platform_of(way)) for way in openers))


async def _operated(app: App, settings: Settings, until: AsyncExitStack) -> list[Awaitable[None]]:
    """Answer whoever looks how the bot is, if a port for it is set; return what must run for that."""
    if settings.health_port is None:
        return []
    from bot.runtime.operations import Operations  # noqa: PLC0415  who does not set it pays for no server

    leaderships = (app.house, *app.ways.values())
    operations = Operations(app, lambda: {each.name: each.lease is not None for each in leaderships})
    try:
        await until.enter_async_context(operations.serve(settings.health_port))
    except OSError:
        fail(texts.port_taken(settings.health_port))
    return [Scheduler([operations.job()], app.clock).run_forever(settings.look_every_s)]


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
