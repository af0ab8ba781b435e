"""What people press and fill in on Discord."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import ComponentType

from handlers.conversation import Button, rows
from handlers.texts import discord as texts

Interaction = discord.Interaction[Any]

ENTER_CARD = "k:"
"""A button of Discord's own: it opens the form for a card."""

LONGEST_CARD = 40
"""A code with all the blanks and dashes people put into it."""

MOST_ROWS = 5
MOST_IN_ROW = 5
LONGEST_LABEL = 80


class Buttons(discord.ui.View):
    """Buttons under a message, which never expire.

    All that a button means stands in its custom id, and whatever is pressed reaches the client as it came: it works
    after a restart as well, the library keeps nothing for it, and takes no message apart to find what was pressed.
    """

    def __init__(self, buttons: Sequence[Button]) -> None:
        super().__init__(timeout=None)
        self.stop()  # it listens to nothing
        self._laid_out = _laid_out(buttons)

    def to_components(self) -> list[dict[str, Any]]:
        """Say them as Discord takes them; the library's own items would cost three times as much."""
        return [
            {
                "type": ComponentType.action_row.value,
                "components": [
                    {
                        "type": ComponentType.button.value,
                        "style": _style(each.data).value,
                        "label": each.label[:LONGEST_LABEL],
                        "custom_id": each.data,
                    }
                    for each in row
                ],
            }
            for row in self._laid_out
        ]


def _laid_out(buttons: Sequence[Button]) -> Sequence[Sequence[Button]]:
    laid_out = rows(buttons)
    if 1 < len(laid_out) <= MOST_ROWS:
        return laid_out
    # a single row may be too long, and of too many the first are filled
    return [buttons[first : first + MOST_IN_ROW] for first in range(0, len(buttons), MOST_IN_ROW)]


def _style(data: str) -> discord.ButtonStyle:
    return discord.ButtonStyle.primary if data[0] in "pjbkB" else discord.ButtonStyle.secondary


class CardForm(discord.ui.Modal):
    """Asks for a card's code where nobody else sees it.

    What comes back is not taken by the form but by the client, which knows it by its id: the form may be filled in
    when the process that showed it is gone. `opened` is what the button carried.
    """

    def __init__(self, opened: str) -> None:
        super().__init__(title=texts.enter_card(), timeout=None, custom_id=opened)
        code: discord.ui.TextInput[Any] = discord.ui.TextInput(
            placeholder="XXXXX-XXXXX-XXXXX-XXXXX", max_length=LONGEST_CARD
        )
        self.add_item(discord.ui.Label(text=texts.card_label(), component=code))


def written(interaction: Interaction) -> tuple[str, str]:
    """Return which form it was, and what was written into it; nothing, if other fields come back than it has."""
    match interaction.data:
        case {"custom_id": str(opened), "components": [{"component": {"value": str(code)}}]}:
            return opened, code
    return "", ""


def view(buttons: Sequence[Button]) -> discord.ui.View | None:
    """Lay buttons out, if there are any."""
    return Buttons(buttons) if buttons else None
