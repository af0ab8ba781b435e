"""Asks Telegram what `allout doctor` and `allout setup` want to know.

It changes nothing, and takes no updates from a bot that runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from telegram import Bot, ChatMemberAdministrator, ChatMemberRestricted, WebhookInfo
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.process import logs
from bot.process.clock import real_clock
from bot.runtime.settings import Settings
from bot.usecases.health import Delivery, Hearing, Visit
from handlers.platforms.checks import Introduction, ahead_s, look_at
from handlers.platforms.supervisor import Unreachable, WrongToken
from handlers.telegram.room_addresses import Place
from handlers.telegram.transport import AiohttpRequest

LATELY = timedelta(minutes=10)
"""Telegram goes on to show a failed delivery long after others arrived."""

_LEFT = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}


async def introduce(settings: Settings) -> Introduction:
    """Ask whose token it is. Raises WrongToken, Unreachable."""
    try:
        async with _bot(settings) as bot:
            return Introduction(name=f"@{bot.username}", link=bot.link)
    except InvalidToken:
        raise WrongToken from None
    except TelegramError as error:
        raise Unreachable(logs.kind(error)) from None


def _bot(settings: Settings) -> Bot:
    return Bot(
        settings.telegram_token.get_secret_value() if settings.telegram_token else "",
        base_url=f"{settings.telegram_api_url.rstrip('/')}/bot",
        request=AiohttpRequest(proxy=settings.telegram_proxy),
        get_updates_request=AiohttpRequest(proxy=settings.telegram_proxy),
    )


async def visit(settings: Settings, rooms: Sequence[str]) -> Visit:
    """Try the token, compare the clocks, and look at each room."""
    api, proxy = settings.telegram_api_url.rstrip("/"), settings.telegram_proxy
    try:
        async with _bot(settings) as bot:
            delivery = _delivery(await bot.get_webhook_info(), settings.telegram_webhook_url)
            heard = await look_at(rooms, lambda address: hearing(bot, Place.read(address).chat))
    except InvalidToken:
        return Visit(accepted=False)
    except TelegramError:
        return Visit(accepted=None)
    return Visit(accepted=True, ahead_s=await ahead_s(api, proxy=proxy), rooms=heard, delivery=delivery)


def _delivery(info: WebhookInfo, wanted: str | None) -> Delivery | None:
    if not info.url and wanted is None:
        return None
    failed = info.last_error_date
    lately = failed is not None and real_clock() - failed < LATELY
    return Delivery(
        wanted=wanted is not None,
        here=info.url == wanted,
        waiting=info.pending_update_count,
        trouble=info.last_error_message if lately else None,
    )


async def hearing(bot: Bot, address: int) -> Hearing:
    """Say whether a chat hears the bot, as far as Telegram tells: whether a topic is closed, it does not."""
    try:
        chat = await bot.get_chat(address)
        me = await bot.get_chat_member(address, bot.id)
    except ChatMigrated:  # sending follows it
        return Hearing.WELL
    except (Forbidden, BadRequest):
        return Hearing.GONE
    except InvalidToken:
        raise
    except TelegramError:
        return Hearing.UNKNOWN
    if me.status in _LEFT:
        return Hearing.GONE
    if chat.type == ChatType.CHANNEL:
        may = isinstance(me, ChatMemberAdministrator) and bool(me.can_post_messages)
    elif isinstance(me, ChatMemberRestricted):
        may = me.can_send_messages
    else:
        whole = chat.permissions
        may = me.status != ChatMemberStatus.MEMBER or whole is None or whole.can_send_messages is not False
    return Hearing.WELL if may else Hearing.MUTE
