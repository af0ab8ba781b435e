"""The command menus and the bot's description, set at the start only where they differ from what is set."""

from __future__ import annotations

import asyncio
import logging

from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import TelegramError

from bot.domain.roles import Roles
from bot.process import logs
from bot.process.logs import Event
from handlers.conversation import COMMANDS, Role
from handlers.texts import telegram as texts
from handlers.texts.catalogue import forget, language, languages, speaking
from handlers.texts.languages import ENGLISH, meant

log = logging.getLogger(__name__)


class Menus:
    """What Telegram shows beside the bot."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def set_up(self) -> None:
        """Bring menus and descriptions up to date, in all languages at once: whoever writes waits for it."""
        done = await asyncio.gather(*(self._set_up(*each) for each in _menus().items()), return_exceptions=True)
        for failed in done:
            if isinstance(failed, BaseException):
                raise failed

    async def _set_up(self, code: str | None, named: str) -> None:
        bot, scope = self._bot, BotCommandScopeAllPrivateChats()
        with speaking(named):
            wanted, description, short = _commands(Role.WORKER), texts.description(), texts.short_description()
        forget()
        if list(await bot.get_my_commands(scope, code)) != wanted:
            await bot.set_my_commands(wanted, scope, code)
        if (await bot.get_my_description(code)).description != description:
            await bot.set_my_description(description, code)
        if (await bot.get_my_short_description(code)).short_description != short:
            await bot.set_my_short_description(short, code)

    async def fit(self, chat: int, roles: Roles, spoken: str | None) -> None:
        """Give somebody the menu of their roles, or everybody's again if they have none.

        Telegram shows the one in their app's language, or else the one for all languages: two calls, where it is known
        what the app speaks. It goes in every language, since nobody remembers in which it is there. Without it they
        can do the same; so a failure is only logged.
        """
        scope = BotCommandScopeChat(chat)
        try:
            for code, named in _menus(spoken if roles.any else None).items():
                if not roles.any:
                    await self._bot.delete_my_commands(scope, code)
                    continue
                with speaking(named):
                    menu = _commands(*(role for role in Role if role.allows(roles)))
                await self._bot.set_my_commands(menu, scope, code)
        except TelegramError as error:
            log.warning(Event.NO_MENU, logs.kind(error))


def _menus(spoken: str | None = None) -> dict[str | None, str]:
    """Return by Telegram's code in which language a menu is; None is for whatever has none of its own.

    Where it is known what somebody's app has `spoken`, there are only those that it shows.
    """
    wanted = languages() if spoken is None else [ENGLISH, *filter(None, [language(spoken)])]
    menus: dict[str | None, str] = {}
    for each in wanted:
        if (known := meant(each)) is not None:
            menus.setdefault(None if each == ENGLISH else known.telegram, each)
    return menus


def _commands(*roles: Role) -> list[BotCommand]:
    return [BotCommand(row.name, row.help()) for row in COMMANDS if row.who in roles]
