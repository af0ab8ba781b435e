"""What a platform may deliver twice, and late: the latest numbers are known when they come again."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 10_000


class SeenUpdates:
    """The latest numbers, no more than so many."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[int, None] = OrderedDict()  #: oldest first

    def __contains__(self, number: object) -> bool:
        return number in self._numbers

    def add(self, number: int) -> None:
        """Know it from now on."""
        self._numbers[number] = None
        if len(self._numbers) > REMEMBERED:
            self._numbers.popitem(last=False)  # a plain dict would search for its first item
