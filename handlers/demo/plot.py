"""Who does what between which two tallies of the demo: all chance is here, and all of it hangs on one seed.

The plot steers what people do, never what the bot answers. In the steps before the walkout a few workplaces stay
behind, and the others reach their number. In the walkout, people at most workplaces reach theirs sooner or later; at
one of them some change their mind for a while; in one neighborhood a workplace has its number and waits for the others
there; at a few the news that it is on makes the difference; at the others it is not enough.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from random import Random

from bot.domain.disclosure import SEEN
from bot.domain.model import Terms, Unit, UnitId
from bot.domain.tree import Tree

READY_FROM, READY_BY = 0.10, 0.66
"""Between these parts of the time the workplaces that turn it on reach their number."""

LATE = 2
"""Workplaces that join once it is on, beside those for which one waits."""

SPARE = 1.03
"""By how much the thresholds of those that turn it on exceed the citywide number."""

FALLS_AFTER, RETURNS_AFTER = 3, 7
"""Tallies from being ready to falling below, and to being ready again."""

CHANGE_THEIR_MIND = SEEN
"""Fewer would not be seen on the board."""

LOOK_AND_LEAVE = 0.3
"""So many of those who never pledge open their card and press Not now."""

VOTERS = 6
"""One in so many who take part in a survey votes as well: who plays it has half a minute."""

BY_HOUR = (0.04, 0.28, 0.36, 0.32)
"""How busy each quarter of the day is, from midnight."""


class Deed(StrEnum):
    """What a worker does."""

    PLEDGE = "pledge"
    WITHDRAW = "withdraw"
    NOT_NOW = "not now"
    VOTE = "vote"


@dataclass(frozen=True, slots=True)
class Act:
    """One deed of one worker, who is the n-th of a workplace or department."""

    unit: UnitId
    worker: int
    deed: Deed


class Plot:
    """The acts of every stretch between two tallies; the first stretch is number 0."""

    def __init__(self, units: Sequence[Unit], terms: Terms, opening: datetime, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  chance for a story, not for secrets
        self._tree = Tree(units)
        self._places = {place.id: place for place in self._tree.workplaces()}
        self._leaves = {leaf.id for leaf in self._tree.leaves()}
        self._people = {place: self._people_of(place) for place in self._places}
        self._acts: dict[int, list[Act]] = defaultdict(list)
        self._stretches = _stretches(opening, terms)
        self._pledged: dict[UnitId, int] = {}  #: how many of a workplace have a deed so far

    def acts(self, stretch: int) -> list[Act]:
        """Return the acts of a stretch, in a random order."""
        acts = self._acts[stretch]
        self._random.shuffle(acts)
        return acts

    def it_is_on(self, stretch: int) -> None:
        """Let people hear it, from this stretch on."""

    def _people_of(self, place: UnitId) -> list[tuple[UnitId, int]]:
        """Return the people of a workplace; those of its departments come forward evenly."""
        leaves = self._tree.leaves(place)
        people = [((nth + 0.5) / leaf.headcount, leaf.id, nth) for leaf in leaves for nth in range(leaf.headcount)]
        return [(leaf, nth) for _part, leaf, nth in sorted(people)]

    def _come(self, place: UnitId, number: int, ready: float) -> None:
        """Let so many pledge, the last of them at this part of the time."""
        # more and more people, the nearer the number: nobody likes to be the first
        times = sorted(ready * self._random.random() ** 0.6 for _nth in range(number - 1))
        for worker, time in zip(self._next_workers(place, number), [*times, ready], strict=True):
            self._acts[self._at(time)].append(self._act(place, worker, Deed.PLEDGE))

    def _fall_short(self, place: UnitId, share: float, until: float) -> None:
        """Let only this share of the threshold pledge."""
        for worker in self._next_workers(place, int(self._places[place].threshold * share)):
            self._acts[self._at(self._random.uniform(0, until))].append(self._act(place, worker, Deed.PLEDGE))

    def _act(self, place: UnitId, worker: int, deed: Deed) -> Act:
        return Act(*self._people[place][worker], deed)

    def _next_workers(self, place: UnitId, number: int) -> range:
        first = self._pledged.get(place, 0)
        self._pledged[place] = first + number
        return range(first, first + number)

    def _at(self, part: float) -> int:
        """Return the stretch in which this part of all activity is over."""
        return min(bisect_right(self._stretches, part), len(self._stretches) - 1)


class StepPlot(Plot):
    """A step before the walkout: at a few workplaces too few take part, at the others as many as it takes."""

    def __init__(self, units: Sequence[Unit], terms: Terms, opening: datetime, seed: int, *, behind: int) -> None:
        super().__init__(units, terms, opening, seed)
        self.behind = self._some_stay_behind(behind)
        for place, unit in self._places.items():
            if place in self.behind:
                self._fall_short(place, self._random.uniform(0.2, 0.5), 1.0)
            else:
                self._come(place, unit.threshold, self._random.uniform(0.3, 1.0))
        if terms.questions:
            for acts in self._acts.values():
                acts[::VOTERS] = [replace(act, deed=Deed.VOTE) for act in acts[::VOTERS]]

    def _some_stay_behind(self, number: int) -> frozenset[UnitId]:
        """Choose one in each of the areas that have most, none with departments: all areas can still come along."""
        areas = sorted(self._tree.children(), key=lambda area: -len(self._tree.workplaces(area.id)))
        whole = [[place.id for place in self._tree.workplaces(area.id) if place.id in self._leaves] for area in areas]
        return frozenset(self._random.choice(places) for places in whole[:number])


class WalkoutPlot(Plot):
    """The walkout itself."""

    def __init__(self, units: Sequence[Unit], terms: Terms, opening: datetime, seed: int) -> None:
        super().__init__(units, terms, opening, seed)
        early, waiting, rest = self._cast(terms.citywide_threshold)
        self.falls_back = self._one_that_falls_back(early)
        for place, ready in zip(early, self._spread(len(early)), strict=True):
            self._reach(place, ready)
        self._reach(waiting, READY_BY / 2)
        for place in self._late:
            self._fall_short(place, self._random.uniform(0.6, 0.9), READY_BY)
        for place in rest:
            self._fall_short(place, self._random.uniform(0.3, 0.85), 1.0)
        for place in self._places:
            self._some_look(place)

    def it_is_on(self, stretch: int) -> None:
        """Let the people of the late workplaces hear it, from this stretch on."""
        left = len(self._stretches) - 1 - stretch
        for nth, place in enumerate(self._late, start=1):
            last = stretch + max(1, left * nth // (len(self._late) + 1))
            missing = self._places[place].threshold - self._pledged[place]
            for worker in self._next_workers(place, missing):
                self._acts[self._random.randint(stretch, last)].append(self._act(place, worker, Deed.PLEDGE))

    def _cast(self, citywide: int) -> tuple[list[UnitId], UnitId, list[UnitId]]:
        """Choose enough workplaces to turn it on, and one that waits for its area; return them and the rest.

        Some join later: in the area that waits as many as it asks for, and a few elsewhere.
        """
        *areas, late_area = sorted(self._tree.children(), key=lambda area: -area.headcount)
        early, rest = list[UnitId](), list[UnitId]()
        for area in areas:
            places = self._shuffled(area)
            enough = next(n for n in range(len(places) + 1) if self._is_ready(area, places[:n]))
            early += places[:enough]
            rest += places[enough:]
        self._random.shuffle(early)
        self._random.shuffle(rest)
        while self._needed(early) < citywide * SPARE and rest:
            early.append(rest.pop())
        waiting, *others = self._shuffled(late_area)
        joining = next(n for n in range(len(others) + 1) if self._is_ready(late_area, [waiting, *others[:n]]))
        self._late = [*others[:joining], *rest[:LATE]]
        return early, waiting, [*others[joining:], *rest[LATE:]]

    def _shuffled(self, area: Unit) -> list[UnitId]:
        places = [place.id for place in self._tree.workplaces(area.id)]
        self._random.shuffle(places)
        return places

    def _needed(self, places: Iterable[UnitId]) -> int:
        return sum(self._places[place].threshold for place in places)

    def _is_ready(self, area: Unit, places: Sequence[UnitId]) -> bool:
        return self._needed(places) >= area.threshold and len(places) >= area.minimum

    def _one_that_falls_back(self, early: list[UnitId]) -> UnitId:
        """Move a middling one to an early turn, so that there is time to fall and to return."""
        by_size = sorted(early, key=lambda place: self._places[place].threshold)
        chosen = by_size[len(by_size) // 2]
        early.remove(chosen)
        early.insert(len(early) // 5, chosen)
        return chosen

    def _spread(self, number: int) -> Iterable[float]:
        width = (READY_BY - READY_FROM) / number
        return (READY_FROM + width * (nth + self._random.random()) for nth in range(number))

    def _reach(self, place: UnitId, ready: float) -> None:
        """Let the workplace reach its number at this part of the time, and grow a little after it."""
        unit = self._places[place]
        self._come(place, unit.threshold, ready)
        stretch = self._at(ready)
        if place == self.falls_back:
            for worker in range(CHANGE_THEIR_MIND):
                self._acts[stretch + FALLS_AFTER].append(self._act(place, worker, Deed.WITHDRAW))
                self._acts[stretch + RETURNS_AFTER].append(self._act(place, worker, Deed.PLEDGE))
            return
        for worker in self._next_workers(place, self._random.randint(0, (unit.headcount - unit.threshold) // 2)):
            self._acts[self._at(self._random.uniform(ready, 1.0))].append(self._act(place, worker, Deed.PLEDGE))

    def _some_look(self, place: UnitId) -> None:
        # taken from the end of the roster: the late workplaces need the next ones
        unit = self._places[place]
        for worker in range(unit.threshold + (unit.headcount - unit.threshold) // 2, unit.headcount):
            if self._random.random() < LOOK_AND_LEAVE:
                self._acts[self._at(self._random.random())].append(self._act(place, worker, Deed.NOT_NOW))


def _stretches(opening: datetime, terms: Terms) -> list[float]:
    """Return what part of all activity is over at each tally."""
    number = -(-(terms.pledge_by - opening) // terms.tally_every)
    middles = (opening + terms.tally_every * (nth + 0.5) for nth in range(number))
    busy = list(accumulate(_busy(terms.local(middle)) for middle in middles))
    return [sum_so_far / busy[-1] for sum_so_far in busy]


def _busy(local: datetime) -> float:
    return BY_HOUR[timedelta(hours=local.hour) // timedelta(hours=6)]
