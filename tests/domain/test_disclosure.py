from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import disclosure
from bot.domain.model import BoardLine, Counts, Stage, Terms, Walkout, WalkoutId, Workplace, WorkplaceId

TALLY = 7


def below(number: int, anchor: int) -> BoardLine:
    return BoardLine(number=number, anchor=anchor)


def reached(number: int, anchor: int) -> BoardLine:
    return BoardLine(reached=True, since=TALLY, number=number, anchor=anchor)


def after(line: BoardLine, count: int, threshold: int, *, exact: bool = False) -> BoardLine:
    return disclosure.next_line(line, count=count, threshold=threshold, tally=TALLY, exact=exact)


@pytest.mark.parametrize(
    ("threshold", "people"),
    [
        (5, 5),  # the lowest threshold
        (12, 5),
        (49, 5),
        (50, 5),  # a tenth is exactly five
        (51, 6),  # a tenth is rounded up
        (60, 6),
        (61, 7),
        (65, 7),
        (1000, 100),
        (1001, 101),
    ],
)
def test_a_step_is_a_tenth_of_the_threshold_rounded_up_and_five_people_at_least(threshold: int, people: int) -> None:
    assert disclosure.step(threshold) == people


@pytest.mark.parametrize(
    ("threshold", "count", "number"),
    [
        # threshold 5: nothing can be shown before it is reached
        (5, 0, 0),
        (5, 4, 0),
        # threshold 9: five would be within five of it
        (9, 5, 0),
        (9, 8, 0),
        # threshold 14: ten would be within five of it, and five is too few to be shown
        (14, 5, 0),
        (14, 13, 0),
        # threshold 15: ten is the only number
        (15, 9, 0),
        (15, 10, 10),
        (15, 14, 10),
        # threshold 50: steps of five up to 45
        (50, 44, 40),
        (50, 45, 45),
        (50, 49, 45),
        # threshold 51: steps of six from the second on, nothing above 46
        (51, 11, 0),
        (51, 12, 12),
        (51, 41, 36),
        (51, 42, 42),
        (51, 50, 42),
        # threshold 65: steps of seven, nothing above 60
        (65, 13, 0),
        (65, 14, 14),
        (65, 55, 49),
        (65, 56, 56),
        (65, 64, 56),
        # threshold 1000: steps of a hundred
        (1000, 99, 0),
        (1000, 100, 100),
        (1000, 899, 800),
        (1000, 999, 900),
    ],
)
def test_below_the_threshold_the_number_is_a_multiple_of_the_step_nine_at_least_and_never_within_five_of_it(
    threshold: int, count: int, number: int
) -> None:
    line = after(BoardLine(), count, threshold)

    assert not line.reached
    assert line.number == number


@pytest.mark.parametrize(
    ("threshold", "count", "number"),
    [
        (5, 5, 5),
        (5, 9, 5),
        (5, 10, 10),
        (12, 12, 12),  # ten is a multiple of the step, but lower than the threshold
        (12, 14, 12),
        (12, 15, 15),
        (50, 50, 50),
        (51, 51, 51),
        (51, 54, 54),
        (65, 65, 65),
        (65, 69, 65),
        (65, 70, 70),
        (1000, 1000, 1000),
        (1000, 1099, 1000),
    ],
)
def test_a_workplace_that_has_reached_its_threshold_adds_no_less_than_it_to_the_city(
    threshold: int, count: int, number: int
) -> None:
    line = after(BoardLine(), count, threshold)

    assert line == reached(number, anchor=count)


@pytest.mark.parametrize("count", range(5))
def test_with_a_threshold_of_five_the_board_says_fewer_than_five_until_it_is_reached(count: int) -> None:
    line = after(BoardLine(), count, 5)

    assert not line.reached
    assert line.number == 0
    assert disclosure.fewer_than(5) == 5


@pytest.mark.parametrize(
    ("line", "count", "then"),
    [
        (below(0, 0), 13, below(0, 0)),  # many moved, but the number would be the same: the anchor stays
        (below(0, 0), 14, below(14, 14)),
        (below(14, 16), 21, below(21, 21)),  # exactly five
        (below(14, 17), 21, below(14, 17)),  # four
        (below(21, 21), 20, below(21, 21)),  # one taken back
        (below(21, 21), 17, below(21, 21)),  # four taken back
        (below(21, 21), 16, below(14, 16)),  # five taken back
        (below(14, 14), 18, below(14, 14)),
        (below(14, 18), 14, below(14, 18)),
        (below(56, 56), 64, below(56, 56)),  # nothing is shown between 60 and 65
        (below(14, 14), 9, below(0, 9)),
        (below(0, 10), 14, below(0, 10)),  # fourteen would do, but four moved
    ],
)
def test_below_the_threshold_a_number_is_held_until_five_people_moved(
    line: BoardLine, count: int, then: BoardLine
) -> None:
    assert after(line, count, 65) == then


@pytest.mark.parametrize(
    ("line", "count", "then"),
    [
        (reached(65, 65), 69, reached(65, 65)),
        (reached(65, 65), 70, reached(70, 70)),  # exactly five
        (reached(65, 66), 70, reached(65, 66)),  # four
        (reached(65, 68), 74, reached(70, 74)),
        (reached(70, 70), 69, reached(70, 70)),
        (reached(70, 70), 66, reached(70, 70)),  # four taken back
        (reached(70, 70), 65, reached(65, 65)),  # five taken back
    ],
)
def test_what_a_reached_workplace_adds_to_the_city_is_held_until_five_people_moved(
    line: BoardLine, count: int, then: BoardLine
) -> None:
    assert after(line, count, 65) == then


@pytest.mark.parametrize(
    ("line", "count", "then"),
    [
        (below(56, 64), 65, reached(65, 65)),  # one person
        (below(0, 0), 84, reached(84, 84)),
    ],
)
def test_reaching_the_threshold_is_said_at_once_and_resets_number_and_anchor(
    line: BoardLine, count: int, then: BoardLine
) -> None:
    assert after(line, count, 65) == then


@pytest.mark.parametrize(
    ("line", "count", "then", "decided"),
    [
        (reached(65, 65), 64, reached(65, 65), below(56, 64)),  # one person
        (reached(65, 65), 61, reached(65, 65), below(56, 61)),
        (reached(65, 65), 57, reached(65, 65), below(56, 57)),  # eight missing, eight moved
        (reached(65, 65), 56, below(56, 56), below(56, 56)),  # nine moved
        (reached(70, 70), 61, reached(65, 61), below(56, 61)),  # nine moved, four missing
        (reached(70, 70), 60, below(56, 60), below(56, 60)),  # five missing
        (reached(84, 84), 3, below(0, 3), below(0, 3)),
        (reached(65, 65), 65, reached(65, 65), reached(65, 65)),
    ],
)
def test_that_it_has_been_reached_stays_until_nine_moved_and_five_are_missing_or_until_the_tally_that_decides(
    line: BoardLine, count: int, then: BoardLine, decided: BoardLine
) -> None:
    assert after(line, count, 65) == replace(then, since=TALLY if then.reached else 0)
    assert after(line, count, 65, exact=True) == replace(decided, since=TALLY if decided.reached else 0)


def test_it_says_since_which_tally() -> None:
    line = disclosure.next_line(BoardLine(), count=65, threshold=65, tally=3)
    later = disclosure.next_line(line, count=64, threshold=65, tally=4)

    assert (line.since, later.since) == (3, 3)
    assert disclosure.next_line(later, count=50, threshold=65, tally=5).since == 0


@pytest.mark.parametrize(
    ("threshold", "number"),
    [
        (5, 5),  # no number below the threshold
        (9, 9),  # five would be within five of it
        (14, 14),  # ten would be, and five is too few to be shown
        (15, 10),
        (50, 10),
        (51, 12),
        (65, 14),
        (100, 10),
        (1000, 100),
    ],
)
def test_nothing_to_show_reads_fewer_than_the_next_number_or_the_threshold(threshold: int, number: int) -> None:
    assert disclosure.fewer_than(threshold) == number


BOARD = (
    # standing is far from the board on purpose: the city's line must not look at it
    Workplace(id=WorkplaceId(1), name="Depot", headcount=90, threshold=65, standing=69, line=reached(65, 65)),
    Workplace(id=WorkplaceId(2), name="Bakery", headcount=90, threshold=65, standing=64, line=below(56, 60)),
    Workplace(id=WorkplaceId(3), name="School", headcount=20, threshold=12, standing=19, line=reached(15, 19)),
    Workplace(id=WorkplaceId(4), name="Kiosk", headcount=6, threshold=5, standing=4, line=below(0, 0)),
)


def walkout(counts: Counts) -> Walkout:
    terms = Terms(
        title="One day",
        starts=datetime(2026, 12, 12, tzinfo=UTC),
        pledge_by=datetime(2026, 12, 8, tzinfo=UTC),
        citywide_threshold=100,
        citywide_counts=counts,
    )
    return Walkout(id=WalkoutId("k7m3q"), terms=terms)


@pytest.mark.parametrize(
    ("counts", "counted"),
    [
        (Counts.READY, 65 + 15),  # only where "reached" is shown
        (Counts.ALL, 65 + 56 + 15),
    ],
)
def test_the_city_is_the_sum_of_what_the_board_shows(counts: Counts, counted: int) -> None:
    assert disclosure.city(walkout(counts), BOARD) == disclosure.City(pledged=65 + 56 + 15, counted=counted, reached=2)


@pytest.mark.parametrize("counts", Counts)
def test_between_two_tallies_the_city_shows_the_same_however_many_pledge(counts: Counts) -> None:
    later = [replace(place, standing=place.headcount) for place in BOARD]

    assert disclosure.city(walkout(counts), later) == disclosure.city(walkout(counts), BOARD)


def test_a_city_without_workplaces_shows_nothing() -> None:
    nothing = disclosure.City(pledged=0, counted=0, reached=0)

    assert disclosure.city(walkout(Counts.READY), ()) == nothing


# -- the city's coarse line --


def counting(*above: int, threshold: int = 50) -> list[Workplace]:
    """Make workplaces whose lines the coarse line counts so; what they show and are is far from it."""
    return [
        Workplace(
            id=WorkplaceId(n),
            name=f"Shop {n}",
            headcount=99,
            threshold=threshold,
            standing=n,
            line=BoardLine(above=each),
        )
        for n, each in enumerate(above, start=1)
    ]


@pytest.mark.parametrize(
    ("counts", "above", "tenths", "ready"),
    [
        (Counts.ALL, (0, 0, 0), 0, 0),
        (Counts.ALL, (9, 0, 0), 0, 0),
        (Counts.ALL, (10, 0, 0), 1, 0),
        (Counts.ALL, (45, 44, 0), 8, 0),
        (Counts.ALL, (45, 45, 45), 9, 0),  # no further before it is on
        (Counts.ALL, (50, 50, 45), 9, 0),  # two is fewer than three
        (Counts.ALL, (50, 50, 50), 9, 3),
        (Counts.READY, (45, 45, 45), 0, 0),
        (Counts.READY, (50, 45, 45), 5, 0),
    ],
)
def test_the_coarse_line_says_tenths_and_how_many_reached_theirs_from_three_up(
    counts: Counts, above: tuple[int, ...], tenths: int, ready: int
) -> None:
    assert disclosure.coarse(walkout(counts), counting(*above)) == disclosure.Coarse(tenths=tenths, reached=ready)


def test_the_coarse_line_is_whole_once_it_is_on() -> None:
    on = replace(walkout(Counts.ALL), stage=Stage.ON)

    assert disclosure.coarse(on, counting(0, 0, 0)) == disclosure.Coarse(tenths=10, reached=0)


def test_below_three_workplaces_nothing_stands_beside_their_own_lines() -> None:
    assert disclosure.coarse(walkout(Counts.ALL), counting(50, 50)) is None


@pytest.mark.parametrize(("moved", "moves"), [(0, False), (2, False), (3, True), (5, True)])
def test_the_coarse_line_counts_anew_once_three_lines_have_moved(moved: int, *, moves: bool) -> None:
    places = [
        replace(place, line=BoardLine(number=20 if n < moved else 10, anchor=20 if n < moved else 10, above=10))
        for n, place in enumerate(counting(*[10] * 5))
    ]
    lines = [place.line for place in places]
    counted = [replace(line, above=line.number) for line in lines]

    assert after_tally(places, due=True) == (counted if moves else lines)
    assert after_tally(places, due=False) == lines
    assert after_tally(places, due=False, exact=True) == counted


def after_tally(
    units: Sequence[Workplace], *, ready: AbstractSet[int] = frozenset(), due: bool = True, exact: bool = False
) -> list[BoardLine]:
    """Let a tally find everywhere the people that a line stands for."""
    people = {unit.id: unit.line.anchor for unit in units}
    lines = [unit.line for unit in units]
    return disclosure.next_lines(
        units, lines, people, {WorkplaceId(unit) for unit in ready}, tally=TALLY, due=due, exact=exact
    )


@pytest.mark.parametrize(
    ("last", "at", "due"),
    [
        (None, 5, False),
        (None, 6, True),
        (5, 6, True),
        (6, 7, False),
        (7, 11, False),
        (11, 13, True),  # whatever was missed
        (1, 30, True),
        (-50, 1, False),  # the deadline's tally lies before the day itself
    ],
)
def test_the_coarse_line_is_due_at_the_first_tally_of_each_six_hours(last: int | None, at: int, *, due: bool) -> None:
    since = datetime(2026, 12, 1, tzinfo=UTC)
    before = None if last is None else since + timedelta(hours=last)

    assert disclosure.city_is_due(since=since, last=before, at=since + timedelta(hours=at)) is due
