"""Cards as they are made and ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.model import Announcement, UnitId, WalkoutId
from bot.domain.pledging import NewCard
from bot.storage.store.people import Note

PledgeOf = Callable[[WalkoutId, bytes], bytes | None]
"""Given a step and a card's key in the register, returns its key among the step's pledges; None: that step has none."""


def NO_OTHER(_step: WalkoutId, _card: bytes) -> None:  # noqa: N802  a constant
    """Say that there is no other step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Voiding:
    """What ends the cards of a unit and of all that are part of it."""

    unit: UnitId
    at: datetime
    recalls: bool  #: what was pledged on them ends as well
    news: Announcement  #: for the unit's rooms
    vote_again: tuple[Announcement, ...] = ()  #: for every room: a recall throws all ballots away, which bear no unit


class Paper(Protocol):
    """Makes cards, and ends them."""

    async def mint(
        self, walkout: WalkoutId, cards: Mapping[UnitId, Sequence[NewCard]], pledge_of: PledgeOf = NO_OTHER
    ) -> None:
        """Add new cards, each with a blank pledge. None is known before all are there.

        In a campaign they get one as well in every step that has their unit and is not over, by `pledge_of`.

        Raises BeyondHeadcount, WrongStage (it is closed), and then adds none at all.
        """
        ...

    async def mint_approved(
        self,
        proposal: str,
        walkout: WalkoutId,
        cards: Mapping[UnitId, Sequence[NewCard]],
        note: Note,
        pledge_of: PledgeOf = NO_OTHER,
    ) -> bool:
        """Add the cards of a proposal that is granted, and with that it is done.

        False, and nothing changed, if it is not granted any more. Raises BeyondHeadcount.
        """
        ...

    async def blank(self, walkout: WalkoutId, pledge_of: PledgeOf) -> None:
        """Give every card of a campaign a blank pledge in this step, as far as it has the cards' units.

        They come in pieces, between which others have their turn. Cut off, or done before, it is done again.
        """
        ...

    async def void_approved(
        self, proposal: str, walkout: WalkoutId, voiding: Voiding, news: Announcement, note: Note
    ) -> bool:
        """Void or recall all cards that the unit and its parts have now, and with that the proposal is done.

        False, and nothing changed, if it is not open any more.
        """
        ...
