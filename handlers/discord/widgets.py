"""What people press and fill in on Discord."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot import logs
from bot.logs import Act
from handlers.conversation import Button, rows
from handlers.texts import discord as texts

Interaction = discord.Interaction[Any]

log = logging.getLogger(__name__)

ENTER_CARD = "k:"
"""A button of Discord's own: it opens the form for a card."""

LONGEST_CARD = 40

MOST_ROWS = 5
LONGEST_LABEL = 80
"""A code with all the blanks and dashes people put into it."""


class CardButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template="(?P<data>[a-zA-Z]:.*)"):
    """Any button of ours. All it means stands in its custom id, so that it works after a restart as well."""

    def __init__(self, label: str, data: str, row: int | None = None) -> None:
        super().__init__(discord.ui.Button(label=label[:LONGEST_LABEL], custom_id=data, style=_style(data), row=row))
        self.data = data

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Find the button again that somebody pressed."""
        return cls("", match["data"])

    async def callback(self, interaction: Interaction) -> None:
        """Carry it out."""
        try:
            await interaction.client.chat.pressed(interaction, self.data)
        except Exception as error:  # noqa: BLE001  discord.py would tell only its own log, which is silent
            log.error(Act.FAILED, logs.trouble(error))  # noqa: TRY400


def _style(data: str) -> discord.ButtonStyle:
    return discord.ButtonStyle.primary if data[0] in "pjbk" else discord.ButtonStyle.secondary


class CardForm(discord.ui.Modal):
    """Asks for a card's code where nobody else sees it.

    What comes back is not taken by the form but by the client, which knows it by its id: the form may be filled in
    when the process that showed it is gone.
    """

    def __init__(self) -> None:
        super().__init__(title=texts.enter_card(), timeout=None, custom_id=ENTER_CARD)
        code: discord.ui.TextInput[Any] = discord.ui.TextInput(
            placeholder="XXXXX-XXXXX-XXXXX-XXXXX", max_length=LONGEST_CARD
        )
        self.add_item(discord.ui.Label(text=texts.card_label(), component=code))


def written(interaction: Interaction) -> str:
    """Return what was written into the form; nothing, if other fields come back than it has."""
    match interaction.data:
        case {"components": [{"component": {"value": str(code)}}]}:
            return code
    return ""


def view(buttons: Sequence[Button]) -> discord.ui.View | None:
    """Lay out buttons; they never expire."""
    if not buttons:
        return None
    laid_out = discord.ui.View(timeout=None)
    there = rows(buttons)
    for number, row in enumerate(there):
        for each in row:
            # the library breaks a single row by itself where it is too long, and fills those there are up
            laid_out.add_item(CardButton(each.label, each.data, number if 1 < len(there) <= MOST_ROWS else None))
    return laid_out
