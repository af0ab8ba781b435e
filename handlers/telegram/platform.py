"""Runs the bot on Telegram: by long polling, or by webhook where an address for one is set."""

from __future__ import annotations

import asyncio
import hmac
import json
import math
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.guards.fence import Fence
from bot.process import logs
from bot.runtime.app import App
from bot.runtime.settings import Settings
from handlers.platforms.answer_queue import AnswerQueue
from handlers.platforms.supervisor import FIRST_WAIT_S, LONGEST_WAIT_S, Link, WrongToken, stay_open
from handlers.telegram.chat import TelegramChat
from handlers.telegram.fence_place import TelegramFencePlace
from handlers.telegram.menus import Menus
from handlers.telegram.polling import LONGEST_FINISH_S, POLL_S, Poller, RawUpdate
from handlers.telegram.rate_limit import ChatPace
from handlers.telegram.sender import TelegramSender, seconds
from handlers.telegram.transport import AiohttpRequest

T = TypeVar("T")

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member", "channel_post")
HELD_POLL_S = 10.0
"""Each poll ends one of the other bot's, which has that long to take what is there."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the header's name


@asynccontextmanager
async def open_telegram(
    app: App, settings: Settings, link: Link
) -> AsyncIterator[tuple[TelegramSender, Callable[[], Awaitable[None]]]]:
    """Yield Telegram's way out, and what to run for its way in. Raises WrongToken."""
    token = settings.telegram_token.get_secret_value() if settings.telegram_token else ""
    api = settings.telegram_api_url.rstrip("/")
    polling = AiohttpRequest(read_timeout=POLL_S + 10.0, connections=2, proxy=settings.telegram_proxy)
    calling = AiohttpRequest(proxy=settings.telegram_proxy)
    try:
        bot = Bot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=calling,
            get_updates_request=polling,
        )
        await _patiently(link, bot.initialize)
    except InvalidToken:
        await asyncio.gather(calling.shutdown(), polling.shutdown())  # a bot that was not let in closes nothing
        raise WrongToken from None
    app.bots[link.way] = bot.link
    try:
        async with app.fence.guard(link.way, TelegramFencePlace(bot)):
            menus = Menus(bot)
            await _patiently(link, menus.set_up)
            answers = AnswerQueue()
            rate_limit = ChatPace(settings.telegram_per_second, asyncio.get_running_loop().time)
            chat = TelegramChat(app, link.way, bot, menus, answers, rate_limit)
            polls = _Polls(bot, polling, link, app.fence)
            poller = Poller(polls.fetch, chat.handle, lambda handed: app.holds.answered(link.way, handed=handed))

            async def poll() -> None:
                try:
                    if not app.fence.is_foreign(link.way):  # the other bot may live by it
                        await _patiently(link, bot.delete_webhook)  # pending updates stay
                    await poller.run()
                except InvalidToken:  # revoked while we ran
                    raise WrongToken from None

            async def listen() -> None:
                await _listen(app, bot, poller, settings, link)

            try:
                yield (
                    TelegramSender(
                        bot,
                        rate_limit,
                        moved=chat.moved,
                        gone=chat.gone,
                        mute=chat.mute,
                        role_changed=chat.role_changed,
                        recent=chat.recent,
                    ),
                    listen if settings.telegram_webhook_url else poll,
                )
            finally:
                await answers.aclose()
    finally:
        await bot.shutdown()


class _Polls:
    """Asks for updates; notes when somebody else does, and lets another bot that has taken the token go first."""

    def __init__(self, bot: Bot, polling: AiohttpRequest, link: Link, fence: Fence) -> None:
        self._url = f"{bot.base_url}/getUpdates"
        self._polling = polling
        self._link = link
        self._fence = fence
        self._dropped_at = -math.inf  #: when we last gave up a poll, which Telegram may not have noticed
        self._offered: set[object] = set()  #: updates that were there when we asked last, while held

    async def fetch(self, offset: int | None, wait_s: int) -> list[RawUpdate]:
        """Return what Telegram has; confirm what came before the offset, unless that is another bot's affair."""
        while True:
            wanted: dict[str, Any] = {"timeout": wait_s, "limit": 100, "allowed_updates": json.dumps(ALLOWED)}
            if offset is not None:
                wanted["offset"] = offset
            if self._fence.is_foreign(self._link.way):
                await asyncio.sleep(HELD_POLL_S)
                wanted |= {"timeout": 0}
                wanted.pop("offset", None)
            try:
                answer = await _patiently(self._link, partial(self._poll, f"{self._url}?{urlencode(wanted)}"))
            except Conflict:
                if time.monotonic() - self._dropped_at > POLL_S:
                    self._fence.sign(self._link.way)
                await asyncio.sleep(FIRST_WAIT_S)
            else:
                updates = list(answer) if isinstance(answer, list) else []
                return (
                    self._left_over(updates) if self._fence.is_foreign(self._link.way) else updates
                )  # also since we asked

    def _left_over(self, updates: list[RawUpdate]) -> list[RawUpdate]:
        """Return those that the other bot has not taken since we asked last: it answers what it takes."""
        before, self._offered = self._offered, {each.get("update_id") for each in updates if isinstance(each, Mapping)}
        return [each for each in updates if isinstance(each, Mapping) and each.get("update_id") in before]

    async def _poll(self, url: str) -> object:
        try:
            return await self._polling.post(url)
        except Conflict:
            raise
        except TelegramError:
            self._dropped_at = time.monotonic()
            raise


async def _listen(app: App, bot: Bot, poller: Poller, settings: Settings, link: Link) -> None:
    """Take updates as Telegram delivers them; each is answered only after its effect is committed."""
    from aiohttp import web  # noqa: PLC0415  who polls does not pay for a server

    secret = secrets.token_urlsafe(32)

    async def handle(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret.encode()):
            return web.Response(status=403)
        if app.fence.is_foreign(link.way):
            return web.Response(status=503)  # Telegram keeps it for the other bot
        try:
            update = await request.json()
        except ValueError:
            return web.Response(status=400)
        app.holds.answered(link.way, handed=True)
        await poller.take(update)
        return web.Response()

    server = web.Application(client_max_size=1024 * 1024)
    server.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=LONGEST_FINISH_S / 2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.telegram_webhook_port).start()
        await app.fence.ours(link.way)  # or we would take what is said to the other bot
        await _patiently(
            link,
            lambda: bot.set_webhook(
                settings.telegram_webhook_url or "", allowed_updates=list(ALLOWED), secret_token=secret
            ),
        )
        await stay_open(app, link.way)
    finally:
        await runner.cleanup()


async def _patiently(link: Link, call: Callable[[], Awaitable[T]]) -> T:
    """Call until it works, with growing waits. Raises InvalidToken; and Conflict if somebody else asks for updates."""
    wait = FIRST_WAIT_S
    while True:
        try:
            answer = await call()
        except (InvalidToken, Conflict):
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
