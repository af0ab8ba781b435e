"""The command menus and the bot's description, set at the start only where they differ from what is set."""

from __future__ import annotations

import logging

from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import TelegramError

from handlers.conversation import COMMANDS, Role
from handlers.texts import telegram as texts

log = logging.getLogger(__name__)


class Menus:
    """What Telegram shows beside the bot."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def set_up(self) -> None:
        """Bring menu and descriptions up to date."""
        scope = BotCommandScopeAllPrivateChats()
        wanted = _commands(Role.WORKER)
        if list(await self._bot.get_my_commands(scope)) != wanted:
            await self._bot.set_my_commands(wanted, scope)
        if (await self._bot.get_my_description()).description != texts.description():
            await self._bot.set_my_description(texts.description())
        if (await self._bot.get_my_short_description()).short_description != texts.short_description():
            await self._bot.set_my_short_description(texts.short_description())

    async def greet_organizer(self, chat: int) -> None:
        """Give an organizer their own menu. Without it they can do the same; so a failure is only logged."""
        try:
            await self._bot.set_my_commands(_commands(*Role), BotCommandScopeChat(chat))
        except TelegramError as error:
            log.warning("an organizer's menu could not be set: %s", type(error).__name__)


def _commands(*roles: Role) -> list[BotCommand]:
    return [BotCommand(row.name, row.help()) for row in COMMANDS if row.who in roles]
