"""What looks wrong in a draft although a file may say it: shown before anybody opens it, to be looked at once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.domain.model import ROOT, Counts, StepKind, Terms, Tier, Walkout


class Place(Protocol):
    """A unit, stored or not yet; its number is its place among all of a walkout, from 1."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def headcount(self) -> int:
        """How many work there."""

    @property
    def threshold(self) -> int:
        """How many have to pledge there; 0: it has no number of its own."""

    @property
    def parent(self) -> int:
        """The number of the unit it lies in."""

    @property
    def tier(self) -> Tier:
        """What it is."""

    @property
    def minimum(self) -> int:
        """How many of the units right below must be ready."""


class Doubt(StrEnum):
    """What to look at once more. The words are in handlers/texts/doubts.py."""

    EVERYBODY = "everybody"  #: has to pledge at these workplaces
    ALL_BUT_ONE = "all_but_one"
    ONE_COUNT = "one_count"  #: only the deadline's tally is ever taken
    SOON = "soon"  #: little time is left to pledge
    MOST_OF_THE_CITY = "most_of_the_city"  #: has to pledge
    ONE_IS_ENOUGH = "one_is_enough"  #: these workplaces turn it on alone
    EVERY_WORKPLACE = "every_workplace"  #: has to be ready
    EVERY_PART = "every_part"  #: of these has to be ready
    NOT_WITHOUT = "not_without"  #: these areas can it be on
    SAME_TITLE = "same_title"  #: as another walkout that is not over
    SAME_WORKPLACES = "same_workplaces"
    NO_PROOF = "no_proof"  #: nobody counts who takes part, so no step of the campaign can follow


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
    units = [place for place in places if place.tier is Tier.WORKPLACE]
    counted = [place for place in places if place.tier is not Tier.DEPARTMENT]
    people = sum(place.headcount for place in units)
    enough = [place.name for place in units if _is_enough(terms, places, place)]
    left = terms.pledge_by - now
    found = [
        _of(Doubt.EVERYBODY, [place.name for place in counted if place.threshold == place.headcount]),
        _of(Doubt.ALL_BUT_ONE, [place.name for place in counted if place.threshold == place.headcount - 1]),
        Doubted(doubt=Doubt.ONE_COUNT) if left <= terms.tally_every else None,
        Doubted(doubt=Doubt.SOON) if left < SOON else None,
        Doubted(doubt=Doubt.MOST_OF_THE_CITY, number=terms.citywide_threshold, of=people)
        if terms.citywide_threshold > MOST * people
        else None,
        _of(Doubt.ONE_IS_ENOUGH, enough if len(units) > 1 and terms.minimum_workplaces == 1 else []),
        Doubted(doubt=Doubt.EVERY_WORKPLACE, number=len(units)) if terms.minimum_workplaces == len(units) > 1 else None,
        _of(Doubt.EVERY_PART, _needing_all(places)),
        _of(Doubt.NOT_WITHOUT, _needed(terms, places)),
        Doubted(doubt=Doubt.NO_PROOF) if terms.campaign and not proves(terms) else None,
    ]
    for other, same in others:
        if other.terms.title.casefold() == terms.title.casefold():
            found.append(Doubted(doubt=Doubt.SAME_TITLE, names=(other.id,)))
        if same > ALIKE * len(units):
            found.append(Doubted(doubt=Doubt.SAME_WORKPLACES, names=(other.id,), number=same, of=len(units)))
    return tuple(each for each in found if each is not None)


def proves(terms: Terms) -> bool:
    """Say whether anybody will know who took part, so that another step can build on it."""
    return terms.kind is StepKind.SURVEY or terms.turnout


def _is_enough(terms: Terms, places: Sequence[Place], place: Place) -> bool:
    """Say whether a workplace that has just reached its number turns it on alone."""
    enough, above = place.threshold >= terms.citywide_threshold, place.parent
    while above != ROOT:
        area = places[above - 1]
        enough, above = enough and area.minimum <= 1 and area.threshold <= place.threshold, area.parent
    return enough


def _needing_all(places: Sequence[Place]) -> list[str]:
    """Name what needs all of its departments that have a number, or all that lies in it: each can stop it alone."""
    children = Counter(place.parent for place in places if place.tier is not Tier.DEPARTMENT or place.threshold)
    return [place.name for number, place in enumerate(places, start=1) if 1 < place.minimum == children[number]]


def _needed(terms: Terms, places: Sequence[Place]) -> list[str]:
    """Name the areas without whose people or workplaces what they lie in cannot come to its number."""
    inside: Counter[int] = Counter()  # workplaces, by the number of each area around them
    for place in places:
        above = place.parent if place.tier is Tier.WORKPLACE else ROOT
        while above != ROOT:
            inside[above], above = inside[above] + 1, places[above - 1].parent
    units = [place for place in places if place.tier is Tier.WORKPLACE]
    people = sum(place.headcount for place in units)
    areas = [(number, place) for number, place in enumerate(places, start=1) if place.tier is Tier.AREA]
    found = []
    for number, area in areas if len(areas) > 1 else []:
        if area.parent == ROOT:
            counts_all = terms.citywide_counts is Counts.ALL
            too_few = not counts_all and people - area.headcount < terms.citywide_threshold
            is_needed = too_few or len(units) - inside[number] < terms.minimum_workplaces
        else:
            above_it = places[area.parent - 1]
            is_needed = above_it.headcount - area.headcount < above_it.threshold
        if is_needed:
            found.append(area.name)
    return found


def _of(doubt: Doubt, names: Sequence[str]) -> Doubted | None:
    return Doubted(doubt=doubt, names=tuple(names)) if names else None
