"""Takes what Telegram delivers to a webhook: a delivery is confirmed, by a 200, only once its effect is committed.

Telegram delivers the next message of a chat, and a person's next press, only after the one before was confirmed; what
was not, it delivers again. Source: docs/decisions/0073-webhooks-and-shards.md.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from telegram import Bot, WebhookInfo

from bot.runtime.app import App
from handlers.platforms.supervisor import Unreachable, Why
from handlers.telegram.polling import ALLOWED, LONGEST_FINISH_S, Poller, RawUpdate

Patiently = Callable[[Callable[[], Awaitable[WebhookInfo]]], Awaitable[WebhookInfo]]
"""Calls until it works."""

FORBIDDEN = 403
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the header's name

MOST_CONNECTIONS = 100
"""So many deliveries are under way at most; Telegram allows no more, and keeps what comes beyond."""

LARGEST = 1024 * 1024  # bytes; Telegram's updates come nowhere near

LONGEST_DELIVERY_S = 25.0
"""Telegram and proxies give up later than that. What takes so long goes on; delivered again it is known."""

LOOK_EVERY_S = 10.0
"""How often Telegram is asked what it has not delivered yet, and whether it still delivers here."""


class Webhook:
    """Listens on this machine. What comes while nobody takes it comes again, here or at another process."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._take: Callable[[RawUpdate], Awaitable[bool]] | None = None  #: says whether it may be confirmed

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        """Listen until the end. Raises Unreachable if somebody else has the port."""
        server = web.Application(client_max_size=LARGEST)
        server.router.add_post("/{path:.*}", self._answer)
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=LONGEST_FINISH_S / 2)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, "127.0.0.1", port).start()
            except OSError:
                raise Unreachable(Why.PORT) from None
            yield
        finally:
            await runner.cleanup()

    async def run(self, app: App, way: str, bot: Bot, poller: Poller, patiently: Patiently) -> None:
        """Take updates until cancelled; then finish what is under way."""

        async def take(update: RawUpdate) -> bool:
            if app.fence.is_foreign(way):
                return False  # Telegram keeps it for the other bot
            app.holds.answered(way, handed=True)
            return await poller.take(update)

        self._take = take
        try:
            while True:
                await app.fence.ours(way)  # or we would take what is said to the other bot
                await self._stay_set(app, way, bot, patiently)
                await app.fence.meddled(way)
        finally:
            self._take = None
            await poller.finish()

    async def _stay_set(self, app: App, way: str, bot: Bot, patiently: Patiently) -> None:
        """Have Telegram deliver here; return when somebody else with our token has had it do otherwise."""

        async def set_up() -> WebhookInfo:
            await bot.set_webhook(
                self._url, max_connections=MOST_CONNECTIONS, allowed_updates=ALLOWED, secret_token=self._secret
            )
            return await bot.get_webhook_info()

        before = info = await patiently(set_up)
        # Telegram does not show the secret, but what we answer to a wrong one
        while info.url == self._url and (info.last_error_date == before.last_error_date or not _refused(info)):
            app.holds.answered(way, handed=info.pending_update_count > 0)
            await asyncio.sleep(LOOK_EVERY_S)
            info = await patiently(bot.get_webhook_info)

    async def _answer(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode(errors="replace")
        if not hmac.compare_digest(given, self._secret.encode()):
            return web.Response(status=FORBIDDEN)
        if self._take is None:
            return _again()
        try:
            update = json.loads(await request.read())
        except (ValueError, RecursionError):
            return web.Response(status=400)
        try:
            async with asyncio.timeout(LONGEST_DELIVERY_S):
                return web.Response() if await self._take(update) else _again()
        except TimeoutError:
            return _again()


def _again() -> web.Response:
    """Ask for it again: Telegram heeds that, and would else wait twice as long each time, up to two minutes."""
    return web.Response(status=503, headers={"Retry-After": "1"})


def _refused(info: WebhookInfo) -> bool:
    return str(FORBIDDEN) in (info.last_error_message or "")
