"""Somebody who plants cards at a workplace and reads its line of the board as well as it can be read.

The observer knows the rule, how colleagues behave by and large, and what their own cards do. Before each tally they let
so many of them stand as tell most, whatever the line then says; after it they draw the exact conclusion (Bayes), over
how many colleagues stand and over what the line hides, its anchor above all.

Colleagues are a plain walk: at a tally one of them has pledged, or taken it back, or nobody has moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.domain.model import BoardLine

TALLIES = 168
"""A week of hours."""

SURE = 0.9
WITHIN = 24
"""Tallies within which a move is of interest."""

DUE_EVERY = 6
"""Tallies from one at which coarse lines, and departments, may move to the next."""

Chances = NDArray[np.float64]


class Rule(Protocol):
    """`disclosure.next_line`, or one to compare it with."""

    def __call__(self, line: BoardLine, *, count: int, threshold: int, tally: int) -> BoardLine:
        """Return what the line says next."""
        ...


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A workplace: how many colleagues stand at first, and the chance that at a tally one more, or one fewer, does."""

    name: str
    threshold: int
    colleagues: int
    at_first: int
    more: Callable[[int], float]
    fewer: Callable[[int], float]

    def moves(self) -> Chances:
        """Return from how many to how many, with which chance."""
        everybody = self.colleagues
        moves = np.zeros((everybody + 1, everybody + 1))
        for count in range(everybody + 1):
            up = self.more(count) if count < everybody else 0.0
            down = self.fewer(count) if count else 0.0
            moves[count, count] = 1 - up - down
            if up:
                moves[count, count + 1] = up
            if down:
                moves[count, count - 1] = down
        return moves


def about(at_first: int, *, threshold: int, lowest: int, highest: int, moves: float = 0.09) -> Scene:
    """Let them wander, a good two moves a day unless said otherwise, up as often as down, between these bounds."""
    return Scene(
        name=f"{at_first} of {threshold}" + ("" if moves > 0.05 else ", a quiet night"),
        threshold=threshold,
        colleagues=26,
        at_first=at_first,
        more=lambda count: moves / 2 if count < highest else 0.0,
        fewer=lambda count: moves / 2 if count > lowest else 0.0,
    )


def filling(*, threshold: int, colleagues: int, rate_limit: float) -> Scene:
    """Let them begin at nobody; few take it back."""
    return Scene(
        name=f"filling up, {threshold} of {colleagues + 4}",
        threshold=threshold,
        colleagues=colleagues,
        at_first=0,
        more=lambda count: rate_limit * (1 - count / colleagues),
        fewer=lambda count: rate_limit / 5 * count / colleagues,
    )


class Lines:
    """All lines that a workplace can have, numbered, and what becomes of each at each count."""

    def __init__(self, rule: Rule, threshold: int, most: int) -> None:
        lines, rows = [BoardLine()], list[list[int]]()
        numbers = {lines[0]: 0}
        for line in lines:  # it grows meanwhile
            row = [rule(line, count=count, threshold=threshold, tally=1) for count in range(most + 1)]
            for new in row:
                if new not in numbers:
                    numbers[new] = len(lines)
                    lines.append(new)
            rows.append([numbers[new] for new in row])
        seen = [(line.reached, 0 if line.reached else line.number) for line in lines]
        looks = {look: n for n, look in enumerate(dict.fromkeys(seen))}
        self.reached = [line.reached for line in lines]
        self.then = np.array(rows)  #: by line and count
        self.look = np.array([looks[each] for each in seen])  #: by line: what of it is seen
        self.looks = len(looks)


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What became known in one life, a unit's first crossing and the tally after it left out."""

    tallies: int
    exact: int  #: tallies at which the observer was sure of the colleagues' number, and right
    moves: int
    moves_known: int  #: of these, sure of the number before and, within a day and before the next move, after

    def __add__(self, other: Learned) -> Learned:
        return Learned(
            tallies=self.tallies + other.tallies,
            exact=self.exact + other.exact,
            moves=self.moves + other.moves,
            moves_known=self.moves_known + other.moves_known,
        )

    @property
    def shares(self) -> tuple[float, float]:
        """Return both as shares."""
        return self.exact / self.tallies, self.moves_known / max(1, self.moves)


def watched(lines: Lines, scene: Scene, *, planted: int, chance: Random) -> Learned:
    """Live through a week as this observer."""
    moves = scene.moves()
    counts = np.arange(scene.colleagues + 1)
    line = int(lines.then[0, scene.at_first])
    belief = _at_first(lines, scene, moves, line)
    then = [lines.then[:, planting : planting + len(counts)].T for planting in range(planted + 1)]
    standing, history, sure, first = scene.at_first, [scene.at_first], list[bool](), None
    for tally in range(TALLIES):
        standing += _drawn(moves[standing], standing, chance)
        history.append(standing)
        hidden = np.flatnonzero(belief.any(axis=0))  # the lines that it may be
        expected = moves.T @ belief[:, hidden]
        tells = [_tells(expected, lines.look[after[:, hidden]], lines.looks) for after in then]
        planting = max(range(planted + 1), key=lambda each: (round(tells[each], 9), -each))
        was_reached, line = lines.reached[line], int(lines.then[line, standing + planting])
        after = then[planting][:, hidden]
        fits = np.where(lines.look[after] == lines.look[line], expected, 0)
        place = counts[:, None] * len(lines.look) + after
        found = np.bincount(place.ravel(), weights=fits.ravel(), minlength=belief.size)
        belief = np.asarray(found / found.sum(), dtype=np.float64).reshape(belief.shape)
        of_count = belief.sum(axis=1)
        sure.append(bool(of_count.argmax() == standing and of_count.max() > SURE))
        if first is None and lines.reached[line] and not was_reached:
            first = tally
    return _learned(sure, history, left_out=set() if first is None else {first, first + 1})


def _at_first(lines: Lines, scene: Scene, moves: Chances, line: int) -> Chances:
    """Believe whatever fits the line as it is; at the opening, that nobody stands."""
    belief = np.zeros((scene.colleagues + 1, len(lines.look)))
    for count in range(scene.colleagues + 1) if scene.at_first else [0]:
        comes_to_it = moves[count, count] < 1 and moves[:, count].sum() > moves[count, count]
        at = lines.then[0, count]
        if not scene.at_first or (comes_to_it and lines.look[at] == lines.look[line]):
            belief[count, at] = 1
    belief /= belief.sum()
    return belief


def _drawn(chances: Chances, standing: int, chance: Random) -> int:
    up = float(chances[standing + 1]) if standing + 1 < len(chances) else 0.0
    down = float(chances[standing - 1]) if standing else 0.0
    drawn = chance.random()
    return 1 if drawn < up else -1 if drawn < up + down else 0


def _tells(expected: Chances, looks: NDArray[np.int_], number: int) -> float:
    """Return how little is left unknown of the count, on average, once the line has been seen: more is better."""
    place = np.arange(len(expected))[:, None] * number + looks
    joint = np.bincount(place.ravel(), weights=expected.ravel(), minlength=len(expected) * number)
    return _sum_of_logs(joint) - _sum_of_logs(joint.reshape(len(expected), number).sum(axis=0))


def _sum_of_logs(chances: NDArray[Any]) -> float:
    """Return the sum of each chance times its logarithm."""
    some = chances[chances > 0]
    return float(some @ np.log(some))


def _learned(sure: Sequence[bool], history: Sequence[int], *, left_out: set[int]) -> Learned:
    known = [known and tally not in left_out for tally, known in enumerate(sure)]
    moved = [tally for tally in range(len(sure)) if history[tally + 1] != history[tally]]
    moves = moves_known = 0
    for before, tally, following in zip([0, *moved], moved, [*moved[1:], len(sure)], strict=False):
        if tally not in left_out:
            moves += 1
            moves_known += any(known[before:tally]) and any(known[tally : min(following, tally + WITHIN)])
    return Learned(tallies=len(sure) - len(left_out), exact=sum(known), moves=moves, moves_known=moves_known)


# -- a department and its workplace ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class House:
    """A workplace and one department of it: how many stand at first, here and elsewhere in it, and who wanders."""

    name: str
    threshold: int
    of_department: int  #: its threshold
    here: int
    elsewhere: int
    at_most: tuple[int, int] = (14, 22)  #: who works there, without the observer's own
    moves: float = 0.09  #: at a tally, here as elsewhere


class Both(Protocol):
    """What the lines of a workplace and a department say next, from the counts here and elsewhere."""

    def __call__(
        self, lines: tuple[BoardLine, BoardLine], here: int, elsewhere: int, *, due: bool
    ) -> tuple[BoardLine, BoardLine]:
        """Return the workplace's and the department's."""
        ...


@dataclass
class Believed:
    """What may be, and with which chance: people here and elsewhere, and the hidden lines by their number."""

    here: NDArray[np.int_]
    elsewhere: NDArray[np.int_]
    lines: NDArray[np.int_]
    chance: Chances

    def moved(self, house: House) -> Believed:
        """Let one person move, or nobody: here or elsewhere, to or fro."""
        p, (most_here, most_elsewhere) = house.moves / 2, house.at_most
        stays = np.ones_like(self.chance)
        parts = []
        for dh, de in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            here, elsewhere = self.here + dh, self.elsewhere + de
            can = (here >= 0) & (here <= most_here) & (elsewhere >= 0) & (elsewhere <= most_elsewhere)
            stays -= p * can
            parts.append(Believed(here[can], elsewhere[can], self.lines[can], self.chance[can] * p))
        parts.append(Believed(self.here, self.elsewhere, self.lines, self.chance * stays))
        return Believed(
            np.concatenate([part.here for part in parts]),
            np.concatenate([part.elsewhere for part in parts]),
            np.concatenate([part.lines for part in parts]),
            np.concatenate([part.chance for part in parts]),
        ).merged()

    def merged(self) -> Believed:
        """Add up what is the same, and forget what is next to impossible."""
        place = (self.lines * 64 + self.here) * 64 + self.elsewhere
        places, where = np.unique(place, return_inverse=True)
        chance = np.bincount(where, weights=self.chance)
        kept = chance > 1e-8 * chance.sum()
        places, chance = places[kept], chance[kept] / chance[kept].sum()
        return Believed(places // 64 % 64, places % 64, places // 4096, chance)


class HouseLines:
    """All pairs of lines met with so far, numbered, and what becomes of each."""

    def __init__(self, rule: Both) -> None:
        self._rule = rule
        self._lines: list[tuple[BoardLine, BoardLine]] = []
        self._numbers: dict[tuple[BoardLine, BoardLine], int] = {}
        self._then = {due: np.full(4096, -1) for due in (False, True)}  #: -1: nobody has asked yet
        self._looks: list[int] = []
        self._seen: dict[tuple[int, bool], int] = {}  #: what can be seen of a pair, numbered
        self.number((BoardLine(), BoardLine()))

    def number(self, lines: tuple[BoardLine, BoardLine]) -> int:
        """Give a pair its number."""
        if lines not in self._numbers:
            self._numbers[lines] = len(self._lines)
            self._lines.append(lines)
            whole, part = lines
            look = (1023 if whole.reached else whole.number, part.reached)
            self._looks.append(self._seen.setdefault(look, len(self._seen)))
        return self._numbers[lines]

    def then(
        self, lines: NDArray[np.int_], here: NDArray[np.int_], elsewhere: NDArray[np.int_], *, tally: int
    ) -> NDArray[np.int_]:
        """Return what becomes of lines at these counts."""
        due = tally % DUE_EVERY == 0
        keys, known = (lines * 64 + here) * 64 + elsewhere, self._then[due]
        if (more := int(keys.max()) + 1 - len(known)) > 0:
            known = self._then[due] = np.concatenate([known, np.full(max(more, len(known)), -1)])
        for key in np.unique(keys[known[keys] < 0]).tolist():
            after = self._rule(self._lines[key // 4096], key // 64 % 64, key % 64, due=due)
            known[key] = self.number(after)
        return np.asarray(known[keys])

    def looks(self, lines: NDArray[np.int_]) -> NDArray[np.int_]:
        """Return what of each pair is seen: the workplace's number or *reached*, the department's *reached*."""
        return np.asarray(self._looks)[lines]

    def reached(self, line: int) -> tuple[bool, bool]:
        """Say whether the workplace's line says so, and the department's."""
        whole, part = self._lines[line]
        return whole.reached, part.reached


def watched_house(lines: HouseLines, house: House, *, planted: int, chance: Random) -> tuple[Learned, Learned]:
    """Live through a week with cards in a department: what of those here, and of those elsewhere, becomes known.

    Left out for those here are their first crossing and the tally after it; for those elsewhere nothing is.
    """
    start = np.indices([most + 1 for most in house.at_most]).reshape(2, -1)
    zero = np.zeros_like(start[0])
    after = lines.then(zero, *start, tally=0)
    at = (house.here, house.elsewhere)
    line = int(lines.then(zero[:1], np.array([at[0]]), np.array([at[1]]), tally=0)[0])
    fits = lines.looks(after) == lines.looks(np.array([line]))
    belief = Believed(start[0][fits], start[1][fits], after[fits], np.ones(int(fits.sum()))).merged()
    histories: tuple[list[int], list[int]] = ([at[0]], [at[1]])
    sure: tuple[list[bool], list[bool]] = ([], [])
    first = None
    for tally in range(1, TALLIES + 1):
        at = _moved(at, house, chance)
        expected = belief.moved(house)
        then = [
            lines.then(expected.lines, expected.here + own, expected.elsewhere, tally=tally)
            for own in range(planted + 1)
        ]
        tells = [_tells_of_both(expected, lines.looks(each)) for each in then]
        own = max(range(planted + 1), key=lambda each: (round(tells[each], 9), -each))
        was = lines.reached(line)[1]
        line = int(lines.then(np.array([line]), np.array([at[0] + own]), np.array([at[1]]), tally=tally)[0])
        fits = lines.looks(then[own]) == lines.looks(np.array([line]))
        belief = Believed(
            expected.here[fits], expected.elsewhere[fits], then[own][fits], expected.chance[fits]
        ).merged()
        for history, known, counts, count in zip(histories, sure, (belief.here, belief.elsewhere), at, strict=True):
            history.append(count)
            of_count = np.bincount(counts, weights=belief.chance)
            known.append(bool(of_count.argmax() == count and of_count.max() > SURE))
        if first is None and lines.reached(line)[1] and not was:
            first = tally - 1
    here = _learned(sure[0], histories[0], left_out=set() if first is None else {first, first + 1})
    return here, _learned(sure[1], histories[1], left_out=set())


def _moved(at: tuple[int, int], house: House, chance: Random) -> tuple[int, int]:
    drawn, p = chance.random(), house.moves / 2
    step = {0: (1, 0), 1: (-1, 0), 2: (0, 1), 3: (0, -1)}.get(int(drawn / p), (0, 0))
    here, elsewhere = at[0] + step[0], at[1] + step[1]
    most_here, most_elsewhere = house.at_most
    return (here, elsewhere) if 0 <= here <= most_here and 0 <= elsewhere <= most_elsewhere else at


def _tells_of_both(expected: Believed, looks: NDArray[np.int_]) -> float:
    """Return how little is left unknown of both counts once the lines have been seen: more is better."""
    number = int(looks.max()) + 1
    told = 0.0
    for counts in (expected.here, expected.elsewhere):
        joint = np.bincount(counts * number + looks, weights=expected.chance, minlength=64 * number)
        told += _sum_of_logs(joint) - _sum_of_logs(joint.reshape(64, number).sum(axis=0))
    return told
