"""Telegram's way out: paced announcements, prompt answers, and Telegram's errors turned into ours at the border."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter

from bot.delivery.outbox import Letter, NotAllowed, RoomGone, TryLater
from bot.domain.model import Kind
from bot.storage.store import UNHEARD_AFTER
from handlers.conversation import Button, rows
from handlers.conversation.letter_buttons import buttons
from handlers.platforms.message_splitting import parts
from handlers.platforms.rate_limit import takes_longer
from handlers.telegram.rate_limit import ChatPace
from handlers.telegram.recent_messages import RecentMessages
from handlers.telegram.room_addresses import Place
from handlers.texts.announcements import announcement
from handlers.texts.catalogue import speaking

T = TypeVar("T")

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
TRIES = 4
"""For a call that somebody waits for, of which nobody may know whether it came through."""

MESSAGE_TRIES = 20
"""For what is a message: seven minutes, if Telegram cannot be reached. More could repeat it for ever."""

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_GONE = (
    "chat not found",
    "bot was kicked",
    "bot is not a member",
    "user is deactivated",
    "peer_id_invalid",
    "message thread not found",  # a topic that was deleted
    "topic_deleted",
)
_NOT_ALLOWED = (
    "topic_closed",
    "not enough rights",
    "no rights to send",
    "administrator rights",
    "chat_write_forbidden",
)


class TelegramSender:
    """Sends parcels; `moved`, `gone`, `mute` and `role_changed` are told what became of a chat."""

    def __init__(
        self,
        bot: Bot,
        rate_limit: ChatPace,
        *,
        moved: Callable[[str, str], Awaitable[None]],
        gone: Callable[[str], Awaitable[None]],
        mute: Callable[[str], Awaitable[None]],
        role_changed: Callable[[str], Awaitable[None]],
        recent: RecentMessages,
    ) -> None:
        self._bot = bot
        self._rate_limit = rate_limit
        self._moved = moved
        self._gone = gone
        self._mute = mute
        self._role_changed = role_changed
        self._recent = recent

    async def send(self, letter: Letter) -> str:
        """Send one, in as many messages as it needs. Raises RoomGone, NotAllowed, TryLater."""
        try:
            words = await self._send_all(letter)
        except NotAllowed:
            if not letter.private and letter.attempts >= UNHEARD_AFTER:
                await self._mute(letter.address)
            raise
        except RoomGone:
            if not letter.private:
                await self._gone(letter.address)
            raise
        if letter.news.kind in {Kind.ROLE_GIVEN, Kind.ROLE_TAKEN}:
            await self._role_changed(letter.address)
        return words

    async def delete(self, what: str) -> None:
        """Delete a message, given as chat and number. Raises RoomGone, TryLater."""
        chat, message = map(int, what.split())
        try:
            await self._bot.delete_message(chat, message)
        except RetryAfter as error:
            raise TryLater(timedelta(seconds=seconds(error))) from None
        except (Forbidden, BadRequest):  # gone already, or older than the two days after which a bot may not
            raise RoomGone from None
        except NetworkError:
            raise TryLater from None

    async def _send_all(self, letter: Letter) -> str:
        place = Place.read(letter.address)
        wait = self._rate_limit.wait_for(place.chat)
        if wait > 0:  # others need not wait for this chat
            raise TryLater(timedelta(seconds=wait))
        try:
            with speaking(letter.language):
                shown, text = keyboard(buttons(letter)), announcement(letter)
            first, *more = parts(text, LONGEST_TEXT)
            await self._send(place, first, None if more else shown, letter.leaves)
            for number, part in enumerate(more, start=1):
                await self._send_on(place, part, shown if number == len(more) else None)
        except RetryAfter as error:
            wait = seconds(error)
            self._rate_limit.refused(place.chat, wait)
            raise TryLater(timedelta(seconds=wait)) from None
        except ChatMigrated as error:
            await self._moved(letter.address, str(error.new_chat_id))
            raise TryLater(timedelta(0)) from None
        except Forbidden:
            raise RoomGone from None
        except BadRequest as error:
            if _is_gone(error):
                raise RoomGone from None
            raise (NotAllowed if _says(error, _NOT_ALLOWED) else TryLater) from None
        except NetworkError:
            raise TryLater from None
        return text

    async def _send(
        self, place: Place, text: str, shown: InlineKeyboardMarkup | None, leaves: Callable[[], None] = lambda: None
    ) -> None:
        await self._rate_limit.news_turn(place.chat)
        leaves()
        # no parse mode: whatever people call a workplace shows as they typed it
        sent = await self._bot.send_message(
            place.chat, text, reply_markup=shown, link_preview_options=NO_PREVIEW, message_thread_id=place.topic
        )
        self._rate_limit.accepted()
        self._recent.note(place.chat, sent.message_id)

    async def _send_on(self, place: Place, text: str, shown: InlineKeyboardMarkup | None) -> None:
        """Send a further part, waiting for the chat's turn here: beginning anew would repeat the parts before it."""
        for _attempt in range(TRIES):
            await asyncio.sleep(self._rate_limit.wait_for(place.chat))
            try:
                await self._send(place, text, shown)
            except RetryAfter as error:
                self._rate_limit.refused(place.chat, seconds(error))
                await asyncio.sleep(seconds(error))
            else:
                return
        raise TryLater


async def answered(
    call: Callable[[], Awaitable[T]], tries: int = TRIES, *, chat: int = 0, rate_limit: ChatPace | None = None
) -> T | None:
    """Make a call that answers a person; wait out troubles. None if they cannot be reached at all.

    With a pace it is a message to a chat: it goes when it is its turn, and that Telegram had too many is no try.
    What was asked for is committed already, so nothing is lost when this gives up.
    """
    wait = FIRST_WAIT_S
    while tries:
        try:
            return await _made(call, rate_limit)
        except BadRequest:
            raise
        except RetryAfter as error:
            takes_longer()
            pause = seconds(error)
            if rate_limit is None:
                tries -= 1
            else:
                rate_limit.refused(chat, pause)
        except NetworkError:
            tries -= 1
            pause, wait = wait, min(2 * wait, LONGEST_WAIT_S)
        await asyncio.sleep(pause)
    return None


async def _made(call: Callable[[], Awaitable[T]], rate_limit: ChatPace | None) -> T | None:
    if rate_limit is not None:
        await rate_limit.turn()
    try:
        made = await call()
    except Forbidden:
        return None
    except BadRequest as error:
        if _is_gone(error):
            return None
        raise
    if rate_limit is not None:
        rate_limit.accepted()
    return made


def _is_gone(error: BadRequest) -> bool:
    return _says(error, _GONE)


def _says(error: BadRequest, any_of: tuple[str, ...]) -> bool:
    return any(words in error.message.lower() for words in any_of)


def seconds(error: RetryAfter) -> float:
    """Return how long Telegram asks us to wait; the library is changing the type."""
    asked = error.retry_after
    return asked.total_seconds() if isinstance(asked, timedelta) else float(asked)


def keyboard(buttons: tuple[Button, ...]) -> InlineKeyboardMarkup | None:
    """Lay out buttons."""
    if not buttons:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(b.label, callback_data=b.data) for b in row] for row in rows(buttons)]
    )
