"""Discord's way out for announcements; its errors are turned into ours at the border."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import discord

from bot.delivery.outbox import Letter, NotAllowed, RoomGone, TryLater
from bot.storage.store import UNHEARD_AFTER
from handlers.conversation.letter_buttons import buttons
from handlers.discord.chat import TROUBLE, asked_to_wait_s
from handlers.discord.commands import as_here
from handlers.discord.components import view
from handlers.discord.markdown import messages
from handlers.platforms.rate_limit import RateLimit
from handlers.texts.announcements import announcement
from handlers.texts.catalogue import speaking

T = TypeVar("T")

LONGEST_S = 60.0
"""For a deletion; discord.py waits out short limits by itself, up to half of that."""

GIVE_UP_S = 5.0
"""For a call that sends. What takes longer goes on; if it is sent again meanwhile, Discord knows it by its nonce."""


NOT_A_VERDICT = {0, 40333, 20026, 40003}
"""Something between Discord and us refused, or we write to too many at once; nothing is known of the channel."""


SHUT = {50083, 160005}
"""A thread that is archived or locked, where we may not open it again."""


class DiscordSender:
    """Sends parcels; `gone` and `mute` are told of a channel that does not hear us any more."""

    def __init__(
        self,
        client: discord.Client,
        rate_limit: RateLimit,
        *,
        gone: Callable[[int], Awaitable[None]],
        mute: Callable[[int], Awaitable[None]],
    ) -> None:
        self._client = client
        self._rate_limit = rate_limit
        self._gone = gone
        self._mute = mute

    async def send(self, letter: Letter) -> str:
        """Send one, in as many messages as it needs. Raises RoomGone, NotAllowed, TryLater."""
        try:
            return await self._send(letter)
        except discord.HTTPException as error:
            if error.code in SHUT:
                if letter.attempts >= UNHEARD_AFTER:
                    await self._mute(int(letter.address))
                raise NotAllowed from None
            if error.status == HTTPStatus.TOO_MANY_REQUESTS and "Via" not in error.response.headers:
                # Cloudflare's, which refuses our address: whoever goes on asking is refused for longer
                wait = asked_to_wait_s(error.response)
                self._rate_limit.pause(wait)
                raise TryLater(timedelta(seconds=wait)) from None
            if not isinstance(error, discord.Forbidden | discord.NotFound) or error.code in NOT_A_VERDICT:
                raise TryLater from None
            if not letter.private:
                await self._gone(int(letter.address))
            raise RoomGone from None
        except discord.RateLimited as limited:
            raise TryLater(timedelta(seconds=limited.retry_after)) from None
        except TROUBLE:
            raise TryLater from None

    async def delete(self, what: str) -> None:
        """Delete a message, given as channel and number. Raises RoomGone, TryLater."""
        channel, message = map(int, what.split())
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._client.get_partial_messageable(channel).get_partial_message(message).delete()
        except (discord.Forbidden, discord.NotFound) as error:
            raise (TryLater if error.code in NOT_A_VERDICT else RoomGone) from None
        except discord.RateLimited as limited:
            raise TryLater(timedelta(seconds=limited.retry_after)) from None
        except (discord.HTTPException, *TROUBLE):
            raise TryLater from None

    async def _send(self, letter: Letter) -> str:
        channel: discord.abc.Messageable = self._client.get_partial_messageable(int(letter.address))
        if letter.private:
            channel = await self._call(letter, lambda: self._client.create_dm(discord.Object(int(letter.address))))
        with speaking(letter.language):
            shown, text = view(buttons(letter)), announcement(letter)
        *before, last = messages(as_here(text))
        for number, part in enumerate(before):
            # Discord posts a message with a nonce that it has just seen only once
            sending = partial(channel.send, part, nonce=f"{letter.nonce}{number:02}", suppress_embeds=True)
            await self._call(letter, sending)
            letter = replace(letter, leaves=lambda: None)  # what is begun goes on
        sending = partial(channel.send, last, nonce=f"{letter.nonce}{len(before):02}", suppress_embeds=True)
        await self._call(letter, sending if shown is None else partial(sending, view=shown))
        return text

    async def _call(self, letter: Letter, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Make a call when it is its turn. Raises TimeoutError."""
        await self._rate_limit.turn()
        letter.leaves()
        # not cut off: discord.py would hold everything back for ever, were it waiting for all its calls
        return await asyncio.wait_for(asyncio.shield(asyncio.create_task(call())), GIVE_UP_S)
