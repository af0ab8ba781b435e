from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import disclosure
from bot.domain.model import BoardLine, Counts, Stage, Terms, Tier, Unit, UnitId, Walkout, WalkoutId

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
        (below(14, 14), 6, below(14, 14)),  # eight: to nothing it takes nine
        (below(14, 14), 5, below(0, 5)),
        (below(0, 6), 14, below(0, 6)),  # fourteen would do, but eight moved
        (below(0, 5), 14, below(14, 14)),
    ],
)
def test_below_the_threshold_a_number_is_held_until_five_people_moved_or_nine_where_it_comes_or_goes(
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
    Unit(id=UnitId(1), name="Depot", headcount=90, threshold=65, standing=69, line=reached(65, 65)),
    Unit(id=UnitId(2), name="Bakery", headcount=90, threshold=65, standing=64, line=below(56, 60)),
    Unit(id=UnitId(3), name="School", headcount=20, threshold=12, standing=19, line=reached(15, 19)),
    Unit(id=UnitId(4), name="Kiosk", headcount=6, threshold=5, standing=4, line=below(0, 0)),
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


def counting(*above: int, threshold: int = 50) -> list[Unit]:
    """Make workplaces whose lines the coarse line counts so; what they show and are is far from it."""
    return [
        Unit(
            id=UnitId(n),
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
    units: Sequence[Unit], *, ready: AbstractSet[int] = frozenset(), due: bool = True, exact: bool = False
) -> list[BoardLine]:
    """Let a tally find everywhere the people that a line stands for."""
    people = {unit.id: unit.line.anchor for unit in units}
    lines = [unit.line for unit in units]
    return disclosure.next_lines(
        units, lines, people, {UnitId(unit) for unit in ready}, tally=TALLY, due=due, exact=exact
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


# -- a tree ------------------------------------------------------------------------------------------------------------


def unit(
    n: int,
    tier: Tier = Tier.WORKPLACE,
    *,
    parent: int = 0,
    threshold: int = 20,
    headcount: int = 40,
    minimum: int = 0,
    line: BoardLine = BoardLine(),  # noqa: B008  frozen
) -> Unit:
    return Unit(
        id=UnitId(n),
        name=f"Unit {n}",
        headcount=headcount,
        threshold=threshold,
        parent=UnitId(parent),
        tier=tier,
        minimum=minimum,
        line=line,
    )


def area(n: int, *, parent: int = 0, threshold: int = 50, minimum: int = 0) -> Unit:
    return unit(n, Tier.AREA, parent=parent, threshold=threshold, minimum=minimum, headcount=200)


def moving(n: int, parent: int) -> Unit:
    return unit(n, parent=parent, line=BoardLine(number=10, anchor=10))


def resting(n: int, parent: int) -> Unit:
    return unit(n, parent=parent, line=BoardLine(number=10, anchor=10, above=10))


@given(
    places=st.lists(st.tuples(st.integers(5, 60), st.integers(0, 70), st.integers(0, 70)), max_size=8),
    due=st.booleans(),
)
def test_over_a_list_of_workplaces_lines_are_what_they_were(places: list[tuple[int, int, int]], *, due: bool) -> None:
    units = [unit(n, threshold=threshold) for n, (threshold, _, _) in enumerate(places, start=1)]
    lines, before = [BoardLine()] * len(units), [BoardLine()] * len(units)
    for tally in (1, 2):
        people = {each.id: counts[tally] for each, counts in zip(units, places, strict=True)}
        ready = {each.id for each in units if people[each.id] >= each.threshold}
        lines = disclosure.next_lines(units, lines, people, ready, tally=tally, due=due)
        own = [
            disclosure.next_line(line, count=people[each.id], threshold=each.threshold, tally=tally)
            for line, each in zip(before, units, strict=True)
        ]
        three = due and sum(line.above != line.number for line in own) >= 3
        before = [replace(line, above=line.number) for line in own] if three else own
        assert lines == before


@pytest.mark.parametrize(
    ("units", "counted"),
    [
        # an area of three, and one of three of which two have moved
        ([area(1), moving(2, 1), moving(3, 1), moving(4, 1), area(5), moving(6, 5), moving(7, 5), resting(8, 5)],
         {2, 3, 4}),
        # of two, or without a number: an area shows no line, and what moved there is looked at in the one above it
        ([area(1), moving(2, 1), resting(3, 1), area(4), moving(5, 4), moving(6, 0)], {2, 5, 6}),
        ([area(1, threshold=0), moving(2, 1), resting(3, 1), resting(4, 1), moving(5, 0), moving(6, 0)], {2, 5, 6}),
        # three, but two of them below one steward: the third would stand alone
        ([area(1), moving(2, 1), moving(3, 1), moving(4, 0), resting(5, 0)], set()),
        ([area(1), moving(2, 1), moving(3, 1), moving(4, 0), moving(5, 0)], {2, 3, 4, 5}),
        # three at once in an area without a number are enough, and the one outside waits
        ([area(1, threshold=0), moving(2, 1), moving(3, 1), moving(4, 1), moving(5, 0)], {2, 3, 4}),
        # what an area has not counted is not counted above it either
        ([area(1), moving(2, 1), resting(3, 1), resting(4, 1), moving(5, 0), moving(6, 0)], set()),
    ],
)  # fmt: skip
def test_coarse_lines_count_where_two_have_moved_outside_of_what_any_steward_sees(
    units: list[Unit], counted: set[int]
) -> None:
    lines = after_tally(units)
    assert {each.id for each, line in zip(units, lines, strict=True) if line.above != each.line.above} == counted
    assert after_tally(units, due=False) == [each.line for each in units]


def counts(n: int, parent: int, above: int) -> Unit:
    return unit(n, parent=parent, line=BoardLine(number=99, above=above))


TREE = (
    area(1, threshold=60),
    counts(2, 1, 20),
    counts(3, 1, 25),
    counts(4, 1, 20),
    counts(5, 1, 15),
    area(6, threshold=40, minimum=3),
    counts(7, 6, 20),
    counts(8, 6, 20),
    counts(9, 6, 10),
    area(10, threshold=0),
    counts(11, 10, 20),
    counts(12, 10, 0),
    counts(13, 10, 0),
    area(14, threshold=40),
    counts(15, 14, 20),
    counts(16, 14, 20),
)


@pytest.mark.parametrize(
    ("of", "line"),
    [
        (1, disclosure.Coarse(tenths=9, reached=3)),  # 65 of 60, and nearly there before it is out
        (6, disclosure.Coarse(tenths=9, reached=0)),
        (10, None),  # no number
        (14, None),  # too few
    ],
)
def test_an_area_shows_a_coarse_line_of_its_own_number(of: int, line: disclosure.Coarse | None) -> None:
    assert disclosure.coarse(walkout(Counts.READY), TREE, of=UnitId(of)) == line


@pytest.mark.parametrize(("count", "tenths"), [(Counts.READY, 6), (Counts.ALL, 9)])
def test_the_city_counts_what_ready_areas_count(count: Counts, tenths: int) -> None:
    # ready by their lines are the first with 65, the third with 20 and the last with 40; two of three are too few
    city = replace(walkout(count), terms=replace(walkout(count).terms, citywide_threshold=190))
    assert disclosure.coarse(city, TREE) == disclosure.Coarse(tenths=tenths, reached=8)


def test_an_area_that_is_out_reads_so() -> None:
    units = (replace(TREE[0], out=True), *TREE[1:])
    lines = disclosure.coarse_lines(walkout(Counts.READY), units)
    assert {each: line.tenths for each, line in lines.items()} == {0: 9, 1: 10, 6: 9}


def test_organizers_see_the_sums_of_each_area() -> None:
    units = [replace(each, line=reached(22, 22) if each.id in {2, 3, 4} else each.line) for each in TREE[:5]]
    assert disclosure.city(walkout(Counts.READY), units, of=UnitId(1)) == disclosure.City(
        pledged=66 + 99, counted=66, reached=3
    )


def house(thresholds: tuple[int, ...], line: BoardLine = below(10, 10)) -> list[Unit]:  # noqa: B008  frozen
    departments = [
        unit(n, Tier.DEPARTMENT, parent=1, threshold=threshold) for n, threshold in enumerate(thresholds, start=2)
    ]
    return [unit(1, line=line), *departments]


@pytest.mark.parametrize(
    ("thresholds", "people", "shown"),
    [
        ((8, 8, 8), (8, 3, 3), {2}),
        ((8, 8, 8), (8, 7, 4), {2}),
        ((8, 8, 0), (8, 3, 3), set()),  # two with a number
        ((8, 8), (8, 9), set()),
        ((8, 8, 8), (8, 9, 3), set()),  # the workplace crosses
        ((8, 8, 8, 0), (8, 3, 3, 4), {2}),
    ],
)
def test_a_department_shows_that_it_has_reached_its_number_beside_two_others_and_not_at_its_workplaces_crossing(
    thresholds: tuple[int, ...], people: tuple[int, ...], shown: set[int]
) -> None:
    units = house(thresholds)
    found = {UnitId(1): sum(people)} | {UnitId(n): each for n, each in enumerate(people, start=2)}
    ready = {UnitId(1)} if sum(people) >= 20 else set()
    lines = disclosure.next_lines(units, [each.line for each in units], found, ready, tally=TALLY, due=True)
    assert lines[0].reached == bool(ready)
    assert {each.id for each, line in zip(units, lines, strict=True) if line.reached} - {1} == shown
    waits = disclosure.next_lines(units, lines, found, ready, tally=TALLY + 1, due=False)
    assert waits == lines
    later = disclosure.next_lines(units, lines, found, ready, tally=TALLY + 2, due=True)
    numbered = [n for n, (t, p) in enumerate(zip(thresholds, people, strict=True), start=2) if 0 < t <= p]
    enough = sum(map(bool, thresholds)) >= 3
    assert {each.id for each, line in zip(units, later, strict=True) if line.reached} - {1} == set(
        numbered if enough else []
    )
    assert all(line.number == 0 for line in later[1:])
    assert {disclosure.known(replace(each, line=line)) for each, line in zip(units[1:], later[1:], strict=True)} <= {
        0,
        8,
    }


def test_a_department_says_nothing_but_that_it_has_reached_its_number() -> None:
    department = unit(2, Tier.DEPARTMENT, parent=1, threshold=8, line=reached(0, 8))
    seen = disclosure.shown(department, walkout(Counts.ALL))
    assert (seen.reached, seen.number, seen.fewer_than, seen.turnout) == (True, 0, 0, None)
    assert disclosure.known(department) == 8


@pytest.mark.parametrize(
    ("line", "people", "ready", "then"),
    [
        (below(10, 10), 30, False, below(15, 19)),  # its own number is not all that it takes
        (below(15, 19), 30, True, reached(30, 30)),
        (reached(30, 30), 28, False, reached(30, 30)),  # a department has fallen back: only the last word says so
        (reached(20, 20), 11, False, below(10, 11)),
    ],
)
def test_a_workplace_has_reached_its_number_once_it_has_all_that_it_takes(
    line: BoardLine, people: int, then: BoardLine, *, ready: bool
) -> None:
    place = unit(1, minimum=1)
    ids = {UnitId(1)} if ready else set()
    (now,) = disclosure.next_lines([place], [line], {place.id: people}, ids, tally=TALLY, due=False)
    assert now == then
    (decided,) = disclosure.next_lines([place], [line], {place.id: people}, ids, tally=TALLY, due=False, exact=True)
    assert decided.reached == ready


def test_an_area_holds_the_verdict_from_the_tally_that_decides() -> None:
    units = [area(1), *(resting(n, 1) for n in (2, 3, 4))]
    assert not after_tally(units, ready={1})[0].reached
    decided, *_ = after_tally(units, ready={1}, exact=True)
    assert (decided.reached, decided.since) == (True, TALLY)
    units[0] = replace(units[0], line=decided)
    assert not after_tally(units, exact=True)[0].reached


def shop(headcount: int, threshold: int, minimum: int, *departments: tuple[int, int]) -> list[Unit]:
    below_it = [
        unit(n, Tier.DEPARTMENT, parent=1, headcount=people, threshold=number)
        for n, (people, number) in enumerate(departments, start=2)
    ]
    return [unit(1, headcount=headcount, threshold=threshold, minimum=minimum), *below_it]


@pytest.mark.parametrize(
    ("units", "away"),
    [
        (shop(120, 80, 0, (40, 26), (40, 26), (40, 26)), []),
        (shop(120, 80, 3, (40, 26), (40, 26), (40, 26)), []),
        (shop(120, 115, 0, (40, 0), (40, 0), (40, 0)), []),  # five free
        (shop(120, 116, 0, (57, 0), (60, 0), (3, 0)), [(2, 1), (3, 1)]),  # four, and of three people none need have
        (shop(120, 80, 3, (40, 36), (40, 26), (40, 35)), [(2, 1)]),  # all must, and this one but for four
        (shop(120, 80, 2, (40, 36), (40, 26), (40, 35)), []),  # one may be missing
        (shop(120, 80, 0, (90, 76), (20, 5), (10, 5)), [(2, 1)]),  # of the others four at most
        (shop(120, 80, 2, (90, 76), (20, 5), (10, 5)), []),  # of another department five have
        (shop(120, 80, 0, (90, 76), (20, 0), (10, 5)), []),  # nothing of it is shown
        (shop(100, 80, 1, (90, 76), (10, 0)), [(2, 1)]),  # but here it must have
        ([area(1, threshold=197), unit(2, parent=1, headcount=100), unit(3, parent=1, headcount=100)],
         [(1, 0), (2, 1), (3, 1)]),
        ([area(1, threshold=0), unit(2, parent=1, headcount=100), unit(3, headcount=4)], [(1, 0)]),
        ([unit(1, headcount=51), unit(2, headcount=52)], []),  # a list of workplaces is as it was
    ],
)  # fmt: skip
def test_a_draft_is_told_where_a_crossing_would_give_a_unit_below_away(
    units: list[Unit], away: list[tuple[int, int]]
) -> None:
    everybody = sum(each.headcount for each in units if each.tier is Tier.WORKPLACE)
    terms = replace(walkout(Counts.READY).terms, citywide_threshold=everybody - 4)
    found = disclosure.gives_away(units, terms)
    assert [(each.id, parent.id if parent else 0) for each, parent in found] == away
