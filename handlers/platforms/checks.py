"""What the platforms' visits share: whose clock is right, and how many rooms are looked at, how fast."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.process.clock import real_clock
from bot.usecases.health import Hearing

GAP_S = 0.05
"""Between two rooms: the bot, if it runs, needs the platform's patience too."""

LONGEST_S = 10.0

GIVE_UP_AFTER = 3
"""Rooms in a row of which the platform says nothing; the others are not asked about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Introduction:
    """Whose token it is."""

    name: str
    link: str  #: where people talk to it, or by which it is added to a server


async def look_at(rooms: Iterable[str], hearing: Callable[[str], Awaitable[Hearing]]) -> dict[str, Hearing]:
    """Look at one room after the other; those that are not in the answer are unknown."""
    heard: dict[str, Hearing] = {}
    silent = 0
    for address in rooms:
        try:
            async with asyncio.timeout(LONGEST_S):
                heard[address] = await hearing(address)
        except TimeoutError:
            heard[address] = Hearing.UNKNOWN
        silent = silent + 1 if heard[address] is Hearing.UNKNOWN else 0
        if silent == GIVE_UP_AFTER:
            break
        await asyncio.sleep(GAP_S)
    return heard


async def ahead_s(url: str, *, proxy: str | None = None) -> float | None:
    """Return by how many seconds our clock is ahead of a server's; None if it does not tell the time."""
    try:
        theirs = await time_at(url, proxy=proxy)
    except OSError:
        return None
    return None if theirs is None else (real_clock() - theirs).total_seconds()


async def time_at(url: str, *, proxy: str | None = None) -> datetime | None:
    """Ask a server for the time; None if it does not tell it. Raises OSError if it does not answer."""
    try:
        async with (
            asyncio.timeout(LONGEST_S),
            aiohttp.ClientSession(proxy=proxy, trust_env=False) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            theirs = parsedate_to_datetime(response.headers["Date"])
    except aiohttp.ClientError:
        raise ConnectionError from None
    except (KeyError, ValueError):
        return None
    return theirs.replace(tzinfo=theirs.tzinfo or UTC)
