"""The command menus and the bot's description, set at the start only where they differ from what is set."""

from __future__ import annotations

import logging

from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import TelegramError

from bot.domain.roles import Roles
from bot.process import logs
from bot.process.logs import Event
from handlers.conversation import COMMANDS, Role
from handlers.texts import telegram as texts
from handlers.texts.catalogue import languages, speaking

log = logging.getLogger(__name__)


class Menus:
    """What Telegram shows beside the bot."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def set_up(self) -> None:
        """Bring menus and descriptions up to date, in every language."""
        for language in languages():
            with speaking(language):
                await self._set_up(_code(language))

    async def _set_up(self, code: str | None) -> None:
        bot, scope = self._bot, BotCommandScopeAllPrivateChats()
        wanted = _commands(Role.WORKER)
        if list(await bot.get_my_commands(scope, code)) != wanted:
            await bot.set_my_commands(wanted, scope, code)
        if (await bot.get_my_description(code)).description != texts.description():
            await bot.set_my_description(texts.description(), code)
        if (await bot.get_my_short_description(code)).short_description != texts.short_description():
            await bot.set_my_short_description(texts.short_description(), code)

    async def fit(self, chat: int, roles: Roles) -> None:
        """Give somebody the menu of their roles, or everybody's again if they have none.

        Without it they can do the same; so a failure is only logged.
        """
        scope = BotCommandScopeChat(chat)
        try:
            for language in languages():
                if not roles.any:
                    await self._bot.delete_my_commands(scope, _code(language))
                    continue
                with speaking(language):
                    menu = _commands(*(role for role in Role if role.allows(roles)))
                await self._bot.set_my_commands(menu, scope, _code(language))
        except TelegramError as error:
            log.warning(Event.NO_MENU, logs.kind(error))


def _code(language: str) -> str | None:
    """Return what Telegram calls a language; what is set for none is for all others."""
    return None if language == "en" else language


def _commands(*roles: Role) -> list[BotCommand]:
    return [BotCommand(row.name, row.help()) for row in COMMANDS if row.who in roles]
