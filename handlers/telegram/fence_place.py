"""Where Telegram keeps a text that only the bot writes and nobody reads: its description in a dead language.

Source: docs/decisions/0031-a-fence-against-copies.md.
"""

from __future__ import annotations

from telegram import Bot
from telegram.error import TelegramError

from bot.domain import fence
from bot.guards.fence import NoPlace
from handlers.telegram.chat import PLATFORM

LANGUAGE = "ae"
"""Avestan: a code of ISO 639-1, as Telegram wants it, of a language in which nobody has an app."""


class TelegramFencePlace:
    """The description that nobody sees."""

    signs = 2  #: of our long polls ended by somebody else's
    within_s = 120.0

    def __init__(self, bot: Bot) -> None:
        self.name = f"{PLATFORM}:{bot.id}"
        self._bot = bot

    async def read(self) -> str:
        """See Place.read."""
        try:
            return fence.read((await self._bot.get_my_description(LANGUAGE)).description)
        except TelegramError:
            raise NoPlace from None

    async def write(self, epoch: str) -> None:
        """See Place.write."""
        try:
            await self._bot.set_my_description(epoch, LANGUAGE)
        except TelegramError:
            raise NoPlace from None
