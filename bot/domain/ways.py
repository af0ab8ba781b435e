"""A way: a platform and one bot there, by which people are written to. What is kept of them belongs to their way.

Who somebody is does not: whoever writes to two bots of a platform is one person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BETWEEN = ":"


def way(platform: str, bot: str) -> str:
    """Name a way; without a bot's number it is the platform's only one, as older stores have it."""
    return f"{platform}{_BETWEEN}{bot}" if bot else platform


def platform_of(way: str) -> str:
    """Return the platform on which it is."""
    return way.partition(_BETWEEN)[0]


def bot_of(way: str) -> str:
    """Return the bot's number; '' where the platform has only one."""
    return way.partition(_BETWEEN)[2]


def several(ways: Iterable[str], platform: str) -> bool:
    """Say whether a platform has more than one bot, so that people must be told which one is meant."""
    return len({each for each in ways if platform_of(each) == platform and bot_of(each)}) > 1


def which_of_several(way: str, bots: Mapping[str, str]) -> str:
    """Return what a way's bot is called; '' where its platform has no other, so that nobody need be told."""
    return bots.get(way, bot_of(way)) if several({way, *bots}, platform_of(way)) else ""
