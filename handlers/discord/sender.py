"""Discord's way out for announcements; its errors are turned into ours at the border."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import discord

from bot.outbox import Letter, RoomGone, TryLater
from handlers.discord.chat import TROUBLE
from handlers.discord.commands import as_here
from handlers.discord.markdown import messages
from handlers.texts.announcements import announcement

LONGEST_S = 60.0
"""For one parcel; discord.py waits out short limits by itself, up to half of that. What takes longer goes on, and if it
is sent again meanwhile, Discord knows it by its nonce."""


NOT_A_VERDICT = {0, 40333}
"""Something between Discord and us refused, and knows nothing of the channel."""


class DiscordSender:
    """Sends parcels; `gone` is told of a channel that does not hear us any more."""

    def __init__(self, client: discord.Client, gone: Callable[[int], Awaitable[None]]) -> None:
        self._client = client
        self._gone = gone

    async def send(self, letter: Letter) -> None:
        """Send one, in as many messages as it needs. Raises RoomGone, TryLater."""
        sending = asyncio.create_task(self._send(letter))
        try:
            # not cut off: discord.py would hold everything back for ever, were it waiting for all its calls
            await asyncio.wait_for(asyncio.shield(sending), LONGEST_S)
        except (discord.Forbidden, discord.NotFound) as error:
            if error.code in NOT_A_VERDICT:
                raise TryLater from None
            if not letter.private:
                await self._gone(int(letter.address))
            raise RoomGone from None
        except discord.RateLimited as limited:
            raise TryLater(timedelta(seconds=limited.retry_after)) from None
        except (discord.HTTPException, *TROUBLE):
            raise TryLater from None

    async def _send(self, letter: Letter) -> None:
        channel = (
            await self._client.create_dm(discord.Object(int(letter.address)))
            if letter.private
            else self._client.get_partial_messageable(int(letter.address))
        )
        for number, part in enumerate(messages(as_here(announcement(letter)))):
            # Discord posts a message with a nonce that it has just seen only once
            await channel.send(part, nonce=f"{letter.nonce}{number:02}", suppress_embeds=True)
