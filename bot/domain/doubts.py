"""What looks wrong in a draft although a file may say it: shown before anybody opens it, to be looked at once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.domain.model import Terms, Walkout


class Place(Protocol):
    """A workplace, stored or not yet."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def headcount(self) -> int:
        """How many work there."""

    @property
    def threshold(self) -> int:
        """How many have to pledge there."""


class Doubt(StrEnum):
    """What to look at once more. The words are in handlers/texts/doubts.py."""

    EVERYBODY = "everybody"  #: has to pledge at these workplaces
    ALL_BUT_ONE = "all_but_one"
    ONE_COUNT = "one_count"  #: only the deadline's tally is ever taken
    SOON = "soon"  #: little time is left to pledge
    MOST_OF_THE_CITY = "most_of_the_city"  #: has to pledge
    ONE_IS_ENOUGH = "one_is_enough"  #: these workplaces turn it on alone
    EVERY_WORKPLACE = "every_workplace"  #: has to be ready
    SAME_TITLE = "same_title"  #: as another walkout that is not over
    SAME_WORKPLACES = "same_workplaces"


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubted:
    """One thing that looks wrong, and where."""

    doubt: Doubt
    names: tuple[str, ...] = ()  #: of workplaces, or the other walkout's
    number: int = 0  #: of people, or of workplaces
    of: int = 0


SOON = timedelta(hours=24)
MOST = 0.9
"""Of all people: nobody reaches that."""
ALIKE = 0.5
"""Of the workplaces of a draft: so many in another walkout as well, and it may be the same list."""


def doubts(
    terms: Terms,
    places: Sequence[Place],
    *,
    now: datetime,
    others: Iterable[tuple[Walkout, int]] = (),
) -> tuple[Doubted, ...]:
    """Look at a draft; `others` are the walkouts that are not over, each with how many of its workplaces it has too."""
    people = sum(place.headcount for place in places)
    enough = [place.name for place in places if place.threshold >= terms.citywide_threshold]
    left = terms.pledge_by - now
    found = [
        _of(Doubt.EVERYBODY, [place.name for place in places if place.threshold == place.headcount]),
        _of(Doubt.ALL_BUT_ONE, [place.name for place in places if place.threshold == place.headcount - 1]),
        Doubted(doubt=Doubt.ONE_COUNT) if left <= terms.tally_every else None,
        Doubted(doubt=Doubt.SOON) if left < SOON else None,
        Doubted(doubt=Doubt.MOST_OF_THE_CITY, number=terms.citywide_threshold, of=people)
        if terms.citywide_threshold > MOST * people
        else None,
        _of(Doubt.ONE_IS_ENOUGH, enough if len(places) > 1 and terms.minimum_workplaces == 1 else []),
        Doubted(doubt=Doubt.EVERY_WORKPLACE, number=len(places))
        if terms.minimum_workplaces == len(places) > 1
        else None,
    ]
    for other, same in others:
        if other.terms.title.casefold() == terms.title.casefold():
            found.append(Doubted(doubt=Doubt.SAME_TITLE, names=(other.id,)))
        if same > ALIKE * len(places):
            found.append(Doubted(doubt=Doubt.SAME_WORKPLACES, names=(other.id,), number=same, of=len(places)))
    return tuple(each for each in found if each is not None)


def _of(doubt: Doubt, names: Sequence[str]) -> Doubted | None:
    return Doubted(doubt=doubt, names=tuple(names)) if names else None
