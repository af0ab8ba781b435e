from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain import disclosure
from bot.domain.model import BoardLine, Counts, Terms, Walkout, WalkoutId, Workplace, WorkplaceId


def below(number: int, anchor: int) -> BoardLine:
    return BoardLine(number=number, anchor=anchor)


def reached(number: int, anchor: int) -> BoardLine:
    return BoardLine(reached=True, number=number, anchor=anchor)


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
        # threshold 10: five is the only number
        (10, 4, 0),
        (10, 5, 5),
        (10, 9, 5),
        # threshold 12: nothing above 7
        (12, 4, 0),
        (12, 5, 5),
        (12, 10, 5),
        (12, 11, 5),
        # threshold 50: steps of five up to 45
        (50, 44, 40),
        (50, 45, 45),
        (50, 49, 45),
        # threshold 51: steps of six, nothing above 46
        (51, 5, 0),
        (51, 6, 6),
        (51, 41, 36),
        (51, 42, 42),
        (51, 50, 42),
        # threshold 65: steps of seven, nothing above 60
        (65, 6, 0),
        (65, 7, 7),
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
def test_below_the_threshold_the_number_is_a_multiple_of_the_step_and_never_within_five_of_it(
    threshold: int, count: int, number: int
) -> None:
    line = disclosure.next_line(BoardLine(), count=count, threshold=threshold)

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
    line = disclosure.next_line(BoardLine(), count=count, threshold=threshold)

    assert line == reached(number, anchor=count)


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("before", [BoardLine(), reached(5, anchor=5), reached(20, anchor=23)])
def test_with_a_threshold_of_five_the_board_says_fewer_than_five_until_it_is_reached(
    before: BoardLine, count: int
) -> None:
    line = disclosure.next_line(before, count=count, threshold=5)

    assert not line.reached
    assert line.number == 0
    assert disclosure.fewer_than(5) == 5


@pytest.mark.parametrize(
    ("line", "count", "after"),
    [
        (below(0, 0), 4, below(0, 0)),  # a different number needs five people and a step
        (below(0, 0), 6, below(0, 0)),  # six moved, but the number would be the same: the anchor stays
        (below(0, 0), 7, below(7, 7)),
        (below(7, 9), 14, below(14, 14)),  # exactly five
        (below(7, 10), 14, below(7, 10)),  # four
        (below(14, 14), 13, below(14, 14)),  # one taken back
        (below(14, 14), 10, below(14, 14)),  # four taken back
        (below(14, 14), 9, below(7, 9)),  # five taken back
        (below(14, 14), 18, below(14, 14)),
        (below(14, 18), 14, below(14, 18)),
        (below(56, 56), 64, below(56, 56)),  # nothing is shown between 60 and 65
        (below(7, 11), 6, below(0, 6)),
        (below(0, 6), 10, below(0, 6)),  # seven would do, but four moved
    ],
)
def test_below_the_threshold_a_number_is_held_until_five_people_moved(
    line: BoardLine, count: int, after: BoardLine
) -> None:
    assert disclosure.next_line(line, count=count, threshold=65) == after


@pytest.mark.parametrize(
    ("line", "count", "after"),
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
    line: BoardLine, count: int, after: BoardLine
) -> None:
    assert disclosure.next_line(line, count=count, threshold=65) == after


@pytest.mark.parametrize(
    ("line", "count", "after"),
    [
        (below(56, 64), 65, reached(65, 65)),  # one person, up
        (below(0, 0), 84, reached(84, 84)),
        (reached(65, 65), 64, below(56, 64)),  # one person, down
        (reached(84, 84), 60, below(56, 60)),
        (reached(84, 84), 3, below(0, 3)),
    ],
)
def test_crossing_the_threshold_resets_number_and_anchor_even_for_one_person(
    line: BoardLine, count: int, after: BoardLine
) -> None:
    assert disclosure.next_line(line, count=count, threshold=65) == after


@pytest.mark.parametrize(
    ("threshold", "number"),
    [
        (5, 5),  # no number below the threshold
        (9, 9),  # five would be within five of it
        (10, 5),
        (12, 5),
        (50, 5),
        (51, 6),
        (65, 7),
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
    assert disclosure.city(walkout(counts), BOARD) == disclosure.City(
        pledged=65 + 56 + 15, counted=counted, ready=2, workplaces=4
    )


@pytest.mark.parametrize("counts", Counts)
def test_between_two_tallies_the_city_shows_the_same_however_many_pledge(counts: Counts) -> None:
    later = [replace(place, standing=place.headcount) for place in BOARD]

    assert disclosure.city(walkout(counts), later) == disclosure.city(walkout(counts), BOARD)


def test_a_city_without_workplaces_shows_nothing() -> None:
    nothing = disclosure.City(pledged=0, counted=0, ready=0, workplaces=0)

    assert disclosure.city(walkout(Counts.READY), ()) == nothing
