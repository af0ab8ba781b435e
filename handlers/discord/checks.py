"""Asks Discord what `allout doctor` and `allout setup` want to know.

It changes nothing, and opens no gateway beside a bot that runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import discord
from discord.http import Route

from bot.process import logs
from bot.runtime.settings import Settings
from bot.usecases.health import Hearing, Visit
from handlers.discord.chat import TROUBLE
from handlers.platforms.checks import LONGEST_S, Introduction, ahead_s, look_at
from handlers.platforms.supervisor import Unreachable, WrongToken

INVITED = discord.Permissions(view_channel=True, send_messages=True, send_messages_in_threads=True)
"""What announcements need."""


async def introduce(settings: Settings) -> Introduction:
    """Ask whose token it is. Raises WrongToken, Unreachable."""
    client = _client(settings)
    try:
        await _log_in(client, settings)
        scopes = ("bot", "applications.commands")
        invitation = discord.utils.oauth_url(client.application_id or 0, permissions=INVITED, scopes=scopes)
        return Introduction(name=str(client.user), link=invitation)
    except discord.LoginFailure:
        raise WrongToken from None
    except (discord.DiscordException, *TROUBLE) as error:
        raise Unreachable(logs.kind(error)) from None
    finally:
        await client.close()


def _client(settings: Settings) -> discord.Client:
    Route.BASE = settings.discord_api_url.rstrip("/")  # discord.py has no other way to name a server
    return discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=30.0)


async def _log_in(client: discord.Client, settings: Settings) -> None:
    async with asyncio.timeout(LONGEST_S):
        await client.login(settings.discord_token.get_secret_value() if settings.discord_token else "")


async def visit(settings: Settings, rooms: Sequence[str]) -> Visit:
    """Try the token, compare the clocks, and look at each room."""
    client = _client(settings)
    try:
        await _log_in(client, settings)
        servers: dict[int, tuple[discord.Guild, discord.Member]] = {}
        heard = await look_at(rooms, lambda address: _hearing(client, int(address), servers))
    except discord.LoginFailure:
        return Visit(accepted=False)
    except (discord.DiscordException, *TROUBLE):
        return Visit(accepted=None)
    finally:
        await client.close()
    return Visit(accepted=True, ahead_s=await ahead_s(f"{Route.BASE}/gateway"), rooms=heard)


async def _hearing(
    client: discord.Client, address: int, servers: dict[int, tuple[discord.Guild, discord.Member]]
) -> Hearing:
    try:
        there = await client.fetch_channel(address)
        if not isinstance(there, discord.abc.GuildChannel | discord.Thread):
            return Hearing.WELL
        if there.guild.id not in servers:
            servers[there.guild.id] = await _server(client, there.guild.id)
        server, me = servers[there.guild.id]
        # fetched again below its server, whose roles say what the bot may do
        above = there.parent_id if isinstance(there, discord.Thread) else address
        channel = await server.fetch_channel(above)
    except discord.NotFound:
        return Hearing.GONE
    except discord.Forbidden:
        return Hearing.MUTE
    except (discord.DiscordException, *TROUBLE):
        return Hearing.UNKNOWN
    rights = channel.permissions_for(me)
    if isinstance(there, discord.Thread):
        may = rights.send_messages_in_threads and not there.locked
    else:
        may = rights.send_messages
    return Hearing.WELL if may and rights.view_channel else Hearing.MUTE


async def _server(client: discord.Client, number: int) -> tuple[discord.Guild, discord.Member]:
    server = await client.fetch_guild(number, with_counts=False)
    return server, await server.fetch_member(client.user.id if client.user else 0)
