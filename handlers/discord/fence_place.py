"""Where Discord keeps a text that only the bot writes and nobody reads: what the application could say of linked roles.

It is shown only where the application checks accounts for a role, which ours does not.
Source: docs/decisions/0031-a-fence-against-copies.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import discord
from discord.http import Route

from bot.domain import fence
from bot.guards.fence import NoPlace
from handlers.discord.chat import NONSENSE, PLATFORM, TROUBLE

Record = Mapping[str, Any]

PATH = "/applications/{application_id}/role-connections/metadata"
KEY = "allout_epoch"
MOST_RECORDS = 5
AT_MOST = 1
"""The kind of record: a number that may be at most something. Discord wants one."""


class DiscordFencePlace:
    """The record that nobody sees, among others if there are any."""

    signs = 5  #: of interactions that were acknowledged before our first try
    within_s = 60.0

    def __init__(self, client: discord.Client) -> None:
        self.name = f"{PLATFORM}:{client.application_id}"
        self._client = client
        self._others: list[Record] = []  #: as they were read; all are written at once

    async def read(self) -> str:
        """See Place.read."""
        records = await self._call("GET")
        try:
            self._others = [one for one in records if one["key"] != KEY]
            return next((fence.read(one["description"]) for one in records if one["key"] == KEY), fence.NOTHING)
        except NONSENSE:
            raise NoPlace from None

    async def write(self, epoch: str) -> None:
        """See Place.write."""
        if len(self._others) == MOST_RECORDS:
            raise NoPlace
        ours = {"type": AT_MOST, "key": KEY, "name": "AllOut", "description": epoch}
        await self._call("PUT", json=[*self._others, ours])

    async def _call(self, verb: str, **body: Any) -> list[Record]:
        route = Route(verb, PATH, application_id=self._client.application_id or 0)
        calling = asyncio.ensure_future(self._client.http.request(route, **body))
        try:
            # not cut off: discord.py would hold everything back for ever, were it waiting for all its calls
            return list(await asyncio.shield(calling) or [])
        except (discord.DiscordException, *TROUBLE):
            raise NoPlace from None
