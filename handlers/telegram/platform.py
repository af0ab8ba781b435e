"""Runs the bot on Telegram: by long polling, or by webhook where an address for one is set."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.guards.fence import Fence
from bot.process import logs
from bot.runtime.app import App
from bot.runtime.settings import Settings
from handlers.platforms.answer_queue import AnswerQueue
from handlers.platforms.supervisor import FIRST_WAIT_S, LONGEST_WAIT_S, Link, WrongToken
from handlers.telegram.chat import TelegramChat
from handlers.telegram.fence_place import TelegramFencePlace
from handlers.telegram.menus import Menus
from handlers.telegram.polling import ALLOWED, POLL_S, Poller, RawUpdate
from handlers.telegram.rate_limit import ChatPace
from handlers.telegram.sender import TelegramSender, seconds
from handlers.telegram.transport import AiohttpRequest

if TYPE_CHECKING:
    from handlers.telegram.webhook import Webhook

T = TypeVar("T")

HELD_POLL_S = 10.0
"""Each poll ends one of the other bot's, which has that long to take what is there."""


@asynccontextmanager
async def open_telegram(
    app: App, settings: Settings, link: Link
) -> AsyncIterator[tuple[TelegramSender, Callable[[], Awaitable[None]]]]:
    """Yield Telegram's way out, and what to run for its way in. Raises WrongToken, Unreachable."""
    token = settings.telegram_token.get_secret_value() if settings.telegram_token else ""
    async with _webhook(app, settings, token) as webhook, _opened(app, settings, link, token, webhook) as opened:
        yield opened


@asynccontextmanager
async def _webhook(app: App, settings: Settings, token: str) -> AsyncIterator[Webhook | None]:
    """Listen, if Telegram shall deliver: from before we can take anything, so that it comes again soon."""
    if settings.telegram_webhook_url is None:
        yield None
        return
    from handlers.telegram.webhook import Webhook  # noqa: PLC0415  who polls does not pay for a server

    secret = app.keys.same("telegram-webhook", token.partition(":")[0]).hex()  # every process of the store has it
    webhook = Webhook(settings.telegram_webhook_url, secret)
    async with webhook.listening(settings.telegram_webhook_port):
        yield webhook


@asynccontextmanager
async def _opened(
    app: App, settings: Settings, link: Link, token: str, webhook: Webhook | None
) -> AsyncIterator[tuple[TelegramSender, Callable[[], Awaitable[None]]]]:
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

            async def take() -> None:
                try:
                    if webhook is not None:
                        await webhook.run(app, link.way, bot, poller, partial(_patiently, link))
                    if not app.fence.is_foreign(link.way):  # the other bot may live by it
                        await _patiently(link, bot.delete_webhook)  # pending updates stay
                    await poller.run()
                except InvalidToken:  # revoked while we ran
                    raise WrongToken from None

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
                    take,
                )
            finally:
                await answers.aclose()
    finally:
        await bot.shutdown()


class _Polls:
    """Asks for updates; notes when somebody else does, and lets another bot that has taken the token go first."""

    def __init__(self, bot: Bot, polling: AiohttpRequest, link: Link, fence: Fence) -> None:
        self._bot = bot
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
                if (await _patiently(self._link, self._bot.get_webhook_info)).url:
                    await self._take_back()
                elif time.monotonic() - self._dropped_at > POLL_S:
                    self._fence.sign(self._link.way)
                await asyncio.sleep(FIRST_WAIT_S)
            else:
                updates = list(answer) if isinstance(answer, list) else []
                return (
                    self._left_over(updates) if self._fence.is_foreign(self._link.way) else updates
                )  # also since we asked

    async def _take_back(self) -> None:
        """End a webhook that somebody has set with our token, unless they have a right to it."""
        await self._fence.meddled(self._link.way)
        if not self._fence.is_foreign(self._link.way):
            await _patiently(self._link, self._bot.delete_webhook)

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
