"""Faults that the trials must see, each planted in a bot that is forked for the purpose; none is in the product."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import discord

from bot.delivery import outbox
from bot.delivery.outbox import Letter, Outbox, Sender
from bot.domain.fence import Epochs
from bot.guards import holds
from bot.guards.fence import Fence, Place
from bot.storage.sql import news
from bot.storage.sqlite import SqliteStore
from bot.storage.store import Delivery, Parcel
from handlers.cli import running
from handlers.discord import platform as discord_platform
from handlers.discord.chat import DiscordChat, Interaction
from handlers.platforms import answer_queue
from handlers.telegram import chat, polling, webhook
from handlers.telegram.chat import TelegramChat
from handlers.telegram.fence_place import TelegramFencePlace
from handlers.telegram.polling import Poller, RawUpdate


def ask_at_once() -> None:
    """No fault: ask for newer updates while others are under way, as if every answer took its time."""
    polling.LOOK_AGAIN_S = 0.001


def wait_for_answers() -> None:
    """No fault: never let an update go on without its answer, however long that takes."""
    answer_queue.HOLDS_S = 3_600.0


def confirm_before_handling() -> None:
    """Ask for what comes after an update as soon as it has been taken, as chat libraries do."""

    def next_offset(_poller: Poller, offset: int | None, updates: list[RawUpdate]) -> int | None:
        return max((int(update["update_id"]) + 1 for update in updates), default=offset)

    ask_at_once()
    Poller._next_offset = next_offset  # type: ignore[method-assign,assignment]


def answer_before_handling() -> None:
    """Answer Telegram's deliveries as soon as they have been taken."""

    async def at_once(poller: Poller, update: RawUpdate) -> bool:
        poller._take(update)
        return True

    Poller.take = at_once  # type: ignore[method-assign,assignment]


def look_after_the_webhook() -> None:
    """No fault: ask all the time whether Telegram delivers here."""
    webhook.LOOK_EVERY_S = 0.05


def confirm_at_once_or_never() -> None:
    """No fault: have every delivery again that takes a moment."""
    webhook.LONGEST_DELIVERY_S = 0.2


def wait_for_hiding() -> None:
    """No fault: never let an update go on while its message with the code is being deleted, however long that takes."""
    chat.HIDING_HOLDS_S = 3_600.0


def confirm_before_hiding() -> None:
    """Let an update go on while its message with the code is being deleted."""

    async def at_once(_telegram: TelegramChat, _hiding: asyncio.Task[bool]) -> bool:
        return True

    TelegramChat._hidden = at_once  # type: ignore[method-assign,assignment]


def act_before_acknowledging() -> None:
    """Do what somebody pressed while Discord is still being told that it has arrived."""
    acknowledge = DiscordChat._acknowledge

    async def at_the_same_time(
        chat: DiscordChat, interaction: Interaction, how: Callable[[discord.InteractionResponse], Awaitable[object]]
    ) -> bool:
        acknowledging = asyncio.create_task(acknowledge(chat, interaction, how))
        acknowledging.add_done_callback(lambda _task: None)
        return True

    DiscordChat._acknowledge = at_the_same_time  # type: ignore[method-assign,assignment]


def mark_before_sending() -> None:
    """Write down that a letter was sent, and then send it."""
    carry = Outbox._carry

    async def marked_first(of: Outbox, parcel: Parcel, letter: Letter, sender: Sender) -> None:
        await of._store.settle(parcel, Delivery.SENT)
        await carry(of, parcel, letter, sender)

    Outbox._carry = marked_first  # type: ignore[method-assign,assignment]


def let_news_overtake() -> None:
    """Send a room's later news while an earlier piece waits for the platform."""
    news.PATIENCE = 0


def say_what_is_not_so_any_more() -> None:
    """Send whatever was made, whatever has happened since."""
    outbox.may_be_said = lambda *_args, **_how: True  # type: ignore[attr-defined]


def wait_for_nothing() -> None:
    """Take a tally at once, however late, as if platforms kept nothing."""
    holds.LONGEST_WAIT_S = 0.0


def begin_soon() -> None:
    """No fault: begin sessions as often as the test's Discord lets them."""
    discord_platform.IDENTIFY_EVERY_S = 0.6


def begin_too_soon() -> None:
    """Begin all sessions at once, whatever Discord says."""
    discord_platform.IDENTIFY_EVERY_S = 0.0


def send_without_nonce() -> None:
    """Send to Discord as the library does by itself."""
    send = discord.abc.Messageable.send

    async def without(channel: discord.abc.Messageable, text: str, *, nonce: str = "", **more: Any) -> discord.Message:
        return await send(channel, text, **more)

    discord.abc.Messageable.send = without  # type: ignore[method-assign,assignment]


def trust_the_clock() -> None:
    """No fault: the clock is the test's, so no platform is asked for the time, nor waited for."""
    running._clocks = lambda _settings: {}  # type: ignore[assignment]


def no_fence() -> None:
    """Never look whether another bot uses the token."""

    @asynccontextmanager
    async def unguarded(_fence: Fence, _platform: str, _place: Place) -> AsyncIterator[None]:
        yield

    trust_the_clock()
    Fence.guard = unguarded  # type: ignore[method-assign,assignment]
    Fence.sign = lambda _fence, _platform: None  # type: ignore[method-assign,assignment]


def keep_after_writing() -> None:
    """Write an epoch, and only then remember that it is ours."""
    keep, write = SqliteStore.keep_epochs, TelegramFencePlace.write
    owed: list[Callable[[], Awaitable[None]]] = []

    async def later(store: SqliteStore, place: str, ours: Epochs) -> None:
        if place.startswith("telegram"):
            owed.append(partial(keep, store, place, ours))
        else:
            await keep(store, place, ours)

    async def written(place: TelegramFencePlace, epoch: str) -> None:
        await write(place, epoch)
        for _step in range(100):
            await asyncio.sleep(0)
        await owed.pop()()

    SqliteStore.keep_epochs = later  # type: ignore[method-assign,assignment]
    TelegramFencePlace.write = written  # type: ignore[method-assign,assignment]
