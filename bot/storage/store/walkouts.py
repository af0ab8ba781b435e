"""Walkouts, their units, and what is decided about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from bot.domain.model import Announcement, Ruling, Unit, UnitId, Walkout, WalkoutId
from bot.storage.store.people import Note

Rule = Callable[[Walkout, Sequence[Unit]], Ruling]
"""A pure rule with its time already bound; a store may call it again if its transaction must be repeated."""


class Walkouts(Protocol):
    """Keeps walkouts."""

    async def decide(self, walkout: WalkoutId, rule: Rule) -> Ruling:
        """Store what the rule makes of the walkout: its state, its board, its news and their parcels.

        Raises NoSuchWalkout, and whatever the rule raises.
        """
        ...

    async def add_walkout(self, walkout: Walkout, units: Sequence[Unit]) -> None:
        """Keep a new draft. It takes over rooms, stewards and numbers of cards of the step that it is `after`."""
        ...

    async def walkouts(self) -> list[Walkout]:
        """Every walkout, in the order of their starts."""
        ...

    async def walkout(self, walkout: WalkoutId) -> Walkout:
        """One walkout. Raises NoSuchWalkout."""
        ...

    async def steps(self, walkout: Walkout) -> list[Walkout]:
        """All steps of a walkout's campaign, itself among them, in the order of their starts."""
        ...

    async def last_unit(self, campaign: WalkoutId) -> UnitId:
        """Return the highest number of a unit that any step of the campaign has or had. Cost: reads all its cards."""
        ...

    async def units(self, walkout: WalkoutId) -> list[Unit]:
        """Every unit of the walkout, parents before their children. Cost: one row each, however many cards."""
        ...

    async def sharing(self, names: Collection[str]) -> dict[WalkoutId, int]:
        """How many of these names each walkout has among its units', where it is any."""
        ...

    async def unit(self, walkout: WalkoutId, unit: UnitId) -> Unit:
        """One unit. Raises NoSuchUnit."""
        ...

    async def look_up(self, walkout: WalkoutId, unit: UnitId) -> tuple[Walkout, Unit]:
        """Find a walkout and a unit of it; both exist. Cost: one read for all who ask at the same time."""
        ...

    async def path(self, walkout: WalkoutId, unit: UnitId) -> tuple[Walkout, tuple[Unit, ...]]:
        """Find a walkout and a unit of it with all that it is part of, the widest first. Cost: as to look up.

        Raises NoSuchUnit.
        """
        ...

    async def set_took_part(self, walkout: WalkoutId, unit: UnitId, number: int, note: Note) -> None:
        """Note how many people took part at the unit, as whoever looks after it has counted them."""
        ...

    async def set_drawn(self, walkout: WalkoutId, unit: UnitId, drawn: int, note: Note) -> None:
        """Note how many cards were drawn at the unit; organizers may be warned of it again."""
        ...

    async def close(self, walkout: WalkoutId, news: Announcement) -> None:
        """Forget the walkout's pledges, ballots, notices, rooms, proposals and parcels; keep its announcements.

        Its cards as well, if they are no campaign's; a campaign's step that none follows yet keeps its rooms and
        stewards for one that does. It is closed, and the news made, only once nothing of that is left
        in the file. Cut off, it is called again.
        """
        ...

    async def close_campaign(self, campaign: WalkoutId, news: Announcement) -> None:
        """Forget a campaign's cards, wishes, rooms and stewards, once all its steps are closed.

        Cut off, it is called again.
        """
        ...
