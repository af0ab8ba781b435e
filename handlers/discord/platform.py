"""Runs the bot on Discord: commands and news by its REST interface, what people do by its gateway."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.process import logs
from bot.process.logs import Act
from bot.runtime.app import App
from bot.runtime.settings import Settings
from bot.usecases import organizers
from handlers.conversation import Command, Takes
from handlers.discord.chat import TROUBLE, DiscordChat, Later, asked_to_wait_s
from handlers.discord.commands import Interaction, make_tree, sync
from handlers.discord.fence_place import DiscordFencePlace
from handlers.discord.sender import DiscordSender
from handlers.platforms.bounded_reads import read_past
from handlers.platforms.rate_limit import RateLimit
from handlers.platforms.supervisor import Link, Unreachable, Why, WrongToken, stay_open
from handlers.platforms.uploads import LARGEST

log = logging.getLogger(__name__)

LONGEST_LIMIT_S = 30.0
"""discord.py waits out limits up to this by itself; longer ones are the outbox's affair."""

CALLS_A_SECOND = 47
"""Discord takes fifty; other calls than messages are few. What answers an interaction is not counted among them."""

OPENING_S = 0.25
"""The turns that a dozen calls would have taken: Discord counts those as well by which the bot was opened."""

GOES_AGAIN_S = 1.0
"""After a limit on all calls discord.py repeats at once whatever was under way; then it is our turn again."""

NOTICED_AFTER_S = 5.0
"""The gateway drops connections now and then, and they are taken up again at once: nothing to speak of."""

GIVE_UP_AFTER_S = 60.0
"""By then a session cannot be resumed; beginning anew waits less than discord.py would."""

LAST_S = 3.0
CLOSING_S = 1.0

IDENTIFY_EVERY_S = 5.0
"""So often Discord lets as many sessions begin as it says."""

WRONG_TOKEN = 4004
TOO_MANY = 429


class Turns:
    """When the session of which shard may begin: so many at once, and then none for a while."""

    def __init__(self, at_once: int) -> None:
        self._free_at = [-math.inf] * at_once
        self._locks = [asyncio.Lock() for _ in range(at_once)]

    async def turn(self, shard: int) -> None:
        """Wait for a shard's turn."""
        mine, now = shard % len(self._locks), asyncio.get_running_loop().time
        async with self._locks[mine]:
            await asyncio.sleep(self._free_at[mine] - now())
            self._free_at[mine] = now() + IDENTIFY_EVERY_S


class AllOutClient(discord.Client):
    """discord.py's client, with as few rights and as little memory as will do.

    Where Discord wants several sessions, there is one for each: the first, and its siblings, which share what is not
    the library's own. The library's client for several would begin anew wherever this one resumes.
    """

    def __init__(
        self,
        app: App,
        link: Link,
        *,
        rate_limit: RateLimit | None = None,
        later: Later | None = None,
        first: AllOutClient | None = None,
    ) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, dm_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,  # what there is in servers may come later than that we are let in
            max_messages=None,
            max_ratelimit_timeout=LONGEST_LIMIT_S,
            http_trace=self._trace(),
        )
        self.http.get_from_cdn = _read_file  # type: ignore[method-assign]  # its own reads on, whatever size was said
        self.tree = make_tree(self, self._chosen, self._suggest)
        self.tree.error(self._command_failed)
        if first is None:
            self.rate_limit = rate_limit or RateLimit(
                CALLS_A_SECOND, asyncio.get_running_loop().time, late_s=1 / CALLS_A_SECOND
            )
            self.chat = DiscordChat(app, link.way, self, self.rate_limit, later=later)
            self.shards = [self]
        else:
            self.rate_limit, self.chat, self.shards = first.rate_limit, first.chat, first.shards
            self.shards.append(self)
        self._turns: Turns | None = None  #: None: there is one session, as Discord begins with
        self._app = app
        self._link = link
        self._lost = asyncio.Event()
        self._timers: list[asyncio.TimerHandle] = []
        parsers = self._connection.parsers
        logs.know(*parsers)
        parsers.update({event: partial(_parse, event, parser) for event, parser in parsers.items() if event != "READY"})

    async def take(self) -> None:
        """Take what people do until cancelled, then answer what was taken. Raises WrongToken, Unreachable."""
        connecting = asyncio.ensure_future(self._connect())
        losing = asyncio.ensure_future(self._lost.wait())
        staying = asyncio.ensure_future(stay_open(self._app, self._link.way, self._all_open))
        try:
            await asyncio.wait({connecting, losing}, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                connecting.result()
        except discord.ConnectionClosed as closed:
            raise (WrongToken if closed.code == WRONG_TOKEN else Unreachable(closed.code)) from None
        except Exception as error:  # noqa: BLE001  whatever ends the connection, it is made anew
            raise Unreachable(logs.kind(error)) from None
        else:
            raise Unreachable(Why.GATEWAY)
        finally:
            self._settle()
            for task in (connecting, losing, staying):
                task.cancel()
            await asyncio.wait({connecting, losing, staying})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.chat.rest(), LAST_S)

    def share(self, shard: int, of: int, turns: Turns) -> None:
        """Be one of several sessions."""
        self.shard_id, self.shard_count, self._turns = shard, of, turns
        self._connection.shard_count = of

    async def _connect(self) -> None:
        if self._turns is not None and self.shard_id is not None:
            await self._turns.turn(self.shard_id)
        await self.connect()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait until this session may begin; the very first time that was done already."""
        await super().before_identify_hook(shard_id, initial=initial)
        if self._turns is not None and shard_id is not None and not initial:
            await self._turns.turn(shard_id)

    def get_channel(self, channel: int, /) -> Any:
        """Look among what any of the sessions was told."""
        return next(filter(None, (discord.Client.get_channel(each, channel) for each in self.shards)), None)

    def _trace(self) -> aiohttp.TraceConfig:
        """Look at answers: what is sent while discord.py waits out a limit on all calls would leave all at once."""

        async def called(_session: object, _about: object, call: aiohttp.TraceRequestEndParams) -> None:
            if call.response.status == TOO_MANY and "X-RateLimit-Global" in call.response.headers:
                self.rate_limit.pause(asked_to_wait_s(call.response) + GOES_AGAIN_S)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(called)
        return trace

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Pass an event on, unless we are leaving: discord.py would have no loop to run it in."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    # -- how the connection is ------------------------------------------------------------------------------

    async def on_ready(self) -> None:
        """Note that the gateway has let us in."""
        self._settle()
        self._works()

    async def on_resumed(self) -> None:
        """Note that the gateway goes on where it was dropped."""
        self._settle()
        self._works()
        self._app.holds.answered(self._link.way, handed=True)  # what was kept may follow

    def _works(self) -> None:
        if self._all_open():
            self._link.works()

    def _all_open(self) -> bool:
        return all(each.is_open() for each in self.shards)

    def is_open(self) -> bool:
        """Say whether this session is told what people do."""
        return self.is_ready() and not self._timers

    async def on_disconnect(self) -> None:
        """Give the gateway a little time to come back."""
        if not self._timers:
            loop = asyncio.get_running_loop()
            self._timers = [
                loop.call_later(NOTICED_AFTER_S, self._link.fails, Why.GATEWAY),
                loop.call_later(GIVE_UP_AFTER_S, self._lost.set),
            ]

    def _settle(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    # -- what people do ---------------------------------------------------------------------------------------

    async def _chosen(self, interaction: Interaction, command: Command, given: Mapping[str, str]) -> None:
        await self.chat.commanded(interaction, command, given)

    async def _suggest(
        self, interaction: Interaction, command: Command, takes: Takes, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self.chat.suggest(interaction, command, takes, typed)

    async def _command_failed(self, _interaction: Interaction, error: app_commands.AppCommandError) -> None:
        log.error(Act.FAILED, logs.trouble(error.__cause__ or error))

    async def on_error(self, _event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Say that something failed, and nothing of what it was about."""
        failed = sys.exception()
        log.error(Act.FAILED, logs.trouble(failed) if failed else None)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Take a button that was pressed, or a form that was filled in; commands have takers of their own."""
        self._app.holds.answered(self._link.way, handed=True)
        match interaction.type, interaction.data:
            case discord.InteractionType.component, {"custom_id": str(data)}:
                await self.chat.pressed(interaction, data)
            case discord.InteractionType.modal_submit, _filled_in:
                await self.chat.filled_in(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """Answer direct messages; nothing else reaches us."""
        if message.guild is None and not message.author.bot:
            self._app.holds.answered(self._link.way, handed=True)
            await self.chat.written(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Answer somebody who changes a direct message; Discord itself changes some as well, and says no time then."""
        message = event.message
        if event.guild_id is None and not message.author.bot and message.edited_at is not None:
            await self.chat.edited(message)

    # -- channels that go -------------------------------------------------------------------------------------

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Note that a channel hears nothing any more."""
        await self.gone(channel.id)

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """Note that a thread hears nothing any more."""
        await self.gone(event.thread_id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that a server's channels hear nothing any more."""
        bound = {
            room.address
            for walkout in await self._app.store.walkouts()
            for room in await self._app.store.rooms(walkout.id)
            if room.way == self._link.way
        }
        for channel in (*guild.channels, *guild.threads):
            if str(channel.id) in bound:
                await self.gone(channel.id)

    async def gone(self, channel: int) -> None:
        """Unbind a channel that does not hear us any more, and tell the organizers."""
        await organizers.lose_room(self._link.way, str(channel), self._app.store, self._app.clock)

    async def mute(self, channel: int) -> None:
        """Tell the organizers that we may not write in a channel."""
        await organizers.room_is_mute(self._link.way, str(channel), self._app.store, self._app.clock)


def _parse(event: str, parser: Callable[[Any], object], data: Any) -> None:
    """Take what the gateway tells: what the library cannot read must not cost the connection and all the rest."""
    try:
        parser(data)
    except Exception as error:  # noqa: BLE001
        log.error(Act.UNREADABLE, event, logs.trouble(error))  # noqa: TRY400


async def _read_file(url: str) -> bytes:
    """Read a file that somebody sent, no further than to see that it is too large."""
    async with aiohttp.ClientSession() as session, session.get(url, raise_for_status=True) as response:
        return await read_past(max(LARGEST.values()), response)


@asynccontextmanager
async def open_discord(
    app: App, settings: Settings, link: Link
) -> AsyncIterator[tuple[DiscordSender, Callable[[], Awaitable[None]]]]:
    """Yield Discord's way out, and what to run for its way in. Raises WrongToken, Unreachable."""
    # discord.py has no other way to name a server
    Route.BASE = settings.discord_api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway_url)
    client = AllOutClient(app, link)
    try:
        try:
            token = settings.discord_token.get_secret_value() if settings.discord_token else ""
            await client.login(token)
            await sync(client.tree)
            await _shard(client, lambda: AllOutClient(app, link, first=client), token, settings.discord_shards)
        except discord.LoginFailure:
            raise WrongToken from None
        except (discord.DiscordException, *TROUBLE) as error:
            raise Unreachable(logs.kind(error)) from None
        if client.user is not None:
            app.bots[link.way] = client.user.name
        async with app.fence.guard(link.way, DiscordFencePlace(client)):
            client.rate_limit.pause(OPENING_S)
            yield DiscordSender(client, client.rate_limit, gone=client.gone, mute=client.mute), partial(_take, client)
    finally:
        closing = [asyncio.wait_for(each.close(), CLOSING_S) for each in client.shards]
        for outcome in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, TimeoutError | aiohttp.ClientError):
                raise outcome


async def _shard(first: AllOutClient, sibling: Callable[[], AllOutClient], token: str, wanted: int | None) -> None:
    """Make as many sessions as Discord recommends, or as the settings say. Raises Unreachable if it lets none begin."""
    recommended, _url, limit = await first.http.get_bot_gateway()
    number = wanted or recommended
    if limit["remaining"] < number:  # who tries nonetheless loses their token
        raise Unreachable(Why.STARTS)
    if number > 1:
        turns = Turns(limit["max_concurrency"])
        for shard in range(number):
            client = sibling() if shard else first
            client.share(shard, number, turns)
            if shard:
                await client.login(token)


async def _take(first: AllOutClient) -> None:
    """Take what people do, over all sessions, until cancelled or until one has ended: all begin anew then."""
    taking = [asyncio.ensure_future(each.take()) for each in first.shards]
    try:
        done, _others = await asyncio.wait(taking, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for one in taking:
            one.cancel()
        await asyncio.wait(taking)
