"""What becomes of cards when people use them."""

from __future__ import annotations

from typing import Protocol

from bot.domain.pledging import Change, Outcome


class Cards(Protocol):
    """Looks at cards, and changes them."""

    async def apply(self, change: Change) -> Outcome:
        """Look at, pledge or take back one card; return after the commit.

        Raises the refusals of bot.domain.pledging, and TallyDue if a tally stands before this change.
        """
        ...

    async def stands(self, pledge: bytes) -> bool:
        """Say whether the pledge of this key counts."""
        ...

    async def cast(self, ballot: str, change: Change) -> Outcome:
        """Keep a ballot in place of the one that the same person cast on the same card, if they may: see Act.VOTE.

        Raises what `apply` raises for such a change.
        """
        ...

    async def has_voted(self, locator: bytes) -> bool:
        """Say whether there is a ballot here. What it says is given to nobody."""
        ...

    async def forget_order(self) -> None:
        """Leave nothing in the files of the order in which cards and notices were written; called at each tally.

        Nor of a minting that failed, where it could not be taken back before.
        """
        ...
