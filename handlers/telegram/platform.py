"""Runs the bot on Telegram: by long polling, or by webhook where an address for one is set."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from telegram import Bot
from telegram.error import InvalidToken, RetryAfter, TelegramError

from bot import logs
from bot.settings import Settings
from bot.wiring import App
from handlers.answers import Answers
from handlers.service import FIRST_WAIT_S, LONGEST_WAIT_S, Link, WrongToken, stay_open
from handlers.telegram.chat import PLATFORM, TelegramChat
from handlers.telegram.menus import Menus
from handlers.telegram.pace import ChatPace
from handlers.telegram.pump import LONGEST_FINISH_S, POLL_S, Pump, RawUpdate
from handlers.telegram.sender import TelegramSender, seconds
from handlers.telegram.transport import AiohttpRequest

T = TypeVar("T")

ALLOWED = ("message", "callback_query", "my_chat_member", "channel_post")
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the header's name


@asynccontextmanager
async def open_telegram(
    app: App, settings: Settings, link: Link
) -> AsyncIterator[tuple[TelegramSender, Callable[[], Awaitable[None]]]]:
    """Yield Telegram's way out, and what to run for its way in. Raises WrongToken."""
    token = settings.telegram_token.get_secret_value() if settings.telegram_token else ""
    api = settings.telegram_api_url.rstrip("/")
    polling = AiohttpRequest(read_timeout=POLL_S + 10.0, connections=2, proxy=settings.telegram_proxy)
    try:
        bot = Bot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=AiohttpRequest(proxy=settings.telegram_proxy),
            get_updates_request=polling,
        )
        await _patiently(link, bot.initialize)
    except InvalidToken:
        raise WrongToken from None
    app.bots[PLATFORM] = bot.link
    try:
        menus = Menus(bot)
        await _patiently(link, menus.set_up)
        answers = Answers()
        pace = ChatPace(settings.telegram_per_second, asyncio.get_running_loop().time)
        chat = TelegramChat(app, bot, menus, answers, pace)

        async def fetch(offset: int | None, wait_s: int) -> list[RawUpdate]:
            wanted: dict[str, Any] = {"timeout": wait_s, "limit": 100, "allowed_updates": json.dumps(ALLOWED)}
            if offset is not None:
                wanted["offset"] = offset
            url = f"{bot.base_url}/getUpdates?{urlencode(wanted)}"
            updates: object = await _patiently(link, lambda: polling.post(url))
            return list(updates) if isinstance(updates, list) else []

        pump = Pump(fetch, chat.handle, lambda handed: app.holds.answered(PLATFORM, handed=handed))

        async def poll() -> None:
            try:
                await _patiently(link, bot.delete_webhook)  # pending updates stay
                await pump.run()
            except InvalidToken:  # revoked while we ran
                raise WrongToken from None

        async def listen() -> None:
            await _listen(app, bot, pump, settings, link)

        try:
            yield (
                TelegramSender(bot, pace, moved=chat.moved, gone=chat.gone, mute=chat.mute, recent=chat.recent),
                listen if settings.telegram_webhook_url else poll,
            )
        finally:
            await answers.aclose()
    finally:
        await bot.shutdown()


async def _listen(app: App, bot: Bot, pump: Pump, settings: Settings, link: Link) -> None:
    """Take updates as Telegram delivers them; each is answered only after its effect is committed."""
    secret = secrets.token_urlsafe(32)

    async def handle(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret.encode()):
            return web.Response(status=403)
        try:
            update = await request.json()
        except ValueError:
            return web.Response(status=400)
        app.holds.answered(PLATFORM, handed=True)
        await pump.take(update)
        return web.Response()

    server = web.Application(client_max_size=1024 * 1024)
    server.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=LONGEST_FINISH_S / 2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.telegram_webhook_port).start()
        await _patiently(
            link,
            lambda: bot.set_webhook(
                settings.telegram_webhook_url or "", allowed_updates=list(ALLOWED), secret_token=secret
            ),
        )
        await stay_open(app, PLATFORM)
    finally:
        await runner.cleanup()


async def _patiently(link: Link, call: Callable[[], Awaitable[T]]) -> T:
    """Call until it works, with growing waits. Raises InvalidToken."""
    wait = FIRST_WAIT_S
    while True:
        try:
            answer = await call()
        except InvalidToken:
            raise
        except RetryAfter as error:
            await asyncio.sleep(seconds(error))
        except TelegramError as error:
            link.fails(logs.kind(error))
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)
        else:
            link.works()
            return answer
