"""One tree of units: who is below whom, who is ready, who walks out, and who hears of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import rules
from bot.domain.model import ROOT, Counts, Kind, Ruling, Stage, Tier, Unit, UnitId, Walkout
from bot.domain.tree import Tree, sums
from tests.domain.test_rules import AT_THE_DEADLINE, OPEN, PLEDGE_BY, STARTS, at, under
from tests.domain.test_who_hears import ALL, DECIDED, ON, ON_AT_THE_DEADLINE, OWN, who_hears

AREA, WORKPLACE, DEPARTMENT = Tier.AREA, Tier.WORKPLACE, Tier.DEPARTMENT


def unit(
    number: int,
    tier: Tier,
    *,
    under: int = 0,
    standing: int = 0,
    threshold: int = 0,
    minimum: int = 0,
    out: bool = False,
) -> Unit:
    return Unit(
        id=UnitId(number),
        name=f"Unit {number}",
        headcount=1000,
        threshold=threshold,
        parent=UnitId(under),
        tier=tier,
        minimum=minimum,
        standing=standing,
        out=out,
    )


def grown(standing: Mapping[int, int], **changes: Mapping[str, int]) -> list[Unit]:
    """Return a borough of a neighborhood, with a workplace of two departments, and of one workplace; and one apart.

    Whoever stands, by unit; `u3={"threshold": 9}` changes unit 3.
    """
    made = [
        unit(1, AREA, threshold=30),  # a borough
        unit(2, AREA, under=1, threshold=10, minimum=1),  # a neighborhood of it
        unit(3, WORKPLACE, under=2, threshold=10, minimum=1),
        unit(4, DEPARTMENT, under=3, threshold=5),
        unit(5, DEPARTMENT, under=3),
        unit(6, WORKPLACE, under=1, threshold=10),
        unit(7, WORKPLACE, threshold=10),  # in no area
    ]
    made = [replace(each, standing=standing.get(each.id, 0)) for each in made]
    return [replace(each, **changes.get(f"u{each.id}", {})) for each in made]  # type: ignore[arg-type]  # a table's row


# --- who is below whom ---


def test_a_tree_knows_who_is_below_whom() -> None:
    tree = Tree(grown({}))

    def numbers(units: Sequence[Unit]) -> list[int]:
        return [each.id for each in units]

    assert numbers(tree.children()) == [1, 7]
    assert numbers(tree.children(UnitId(1))) == [2, 6]
    assert numbers(tree.children(UnitId(7))) == []
    assert numbers(tree.path(UnitId(5))) == [1, 2, 3, 5]
    assert numbers(tree.path(ROOT)) == []
    assert numbers(tree.path(UnitId(7))) == [7]
    assert numbers([*tree.branch()]) == [1, 2, 3, 4, 5, 6, 7]
    assert numbers([*tree.branch(UnitId(2))]) == [2, 3, 4, 5]
    assert numbers(tree.leaves()) == [4, 5, 6, 7]
    assert numbers(tree.leaves(UnitId(3))) == [4, 5]
    assert numbers(tree.leaves(UnitId(6))) == [6]
    assert numbers(tree.workplaces()) == [3, 6, 7]
    assert numbers(tree.workplaces(UnitId(2))) == [3]
    assert [tree.workplace_of(each.id).id for each in tree.leaves()] == [3, 3, 6, 7]
    assert tree.unit(UnitId(6)).id == 6


def test_what_units_with_cards_bring_is_added_up_for_all_above() -> None:
    totals = sums(grown({4: 1, 5: 2, 6: 4, 7: 8}), rules.people)

    assert {number: totals[UnitId(number)] for number in range(8)} == {
        0: 15, 1: 7, 2: 3, 3: 3, 4: 1, 5: 2, 6: 4, 7: 8,
    }  # fmt: skip


# --- from the leaves up ---


@pytest.mark.parametrize(
    ("standing", "changes", "ready", "walks_out"),
    [
        # a workplace: the sum of its departments, and so many of them
        ({4: 5, 5: 5}, {}, {2, 3, 4}, set()),
        ({4: 4, 5: 6}, {}, set(), set()),  # ten, but no department has reached its number
        ({4: 5, 5: 4}, {}, {4}, set()),  # one short
        ({4: 4, 5: 6}, {"u3": {"minimum": 0}}, {2, 3}, set()),
        ({4: 5, 5: 99}, {"u3": {"minimum": 2}}, {4}, set()),  # a department without a number reaches none
        ({4: 5, 5: 5}, {"u3": {"minimum": 2}, "u5": {"threshold": 5}}, {2, 3, 4, 5}, set()),
        ({4: 1005, 5: 0}, {"u3": {"threshold": 1001}}, {4}, set()),  # nobody counts twice: there are a thousand
        # an area: the people of what is ready right below it, and so many of those
        ({4: 5, 5: 5, 6: 20}, {}, {1, 2, 3, 4, 6}, {1, 2, 3, 4, 5, 6}),
        ({4: 5, 5: 5, 6: 19}, {}, {2, 3, 4, 6}, set()),  # one short
        ({4: 5, 5: 4, 6: 21}, {}, {4, 6}, set()),  # the nine are in no unit that is ready
        ({4: 5, 5: 4, 6: 30}, {}, {1, 4, 6}, {1, 6}),
        ({4: 5, 5: 4, 6: 30}, {"u1": {"threshold": 30, "minimum": 2}}, {4, 6}, set()),
        ({4: 5, 5: 4, 6: 9}, {"u1": {"threshold": 0}}, {4}, set()),  # without a number: one at least
        ({4: 5, 5: 5, 6: 9}, {"u1": {"threshold": 0}}, {1, 2, 3, 4}, {1, 2, 3, 4, 5}),
        ({4: 5, 5: 5, 6: 9}, {"u1": {"threshold": 10}, "u2": {"threshold": 11}}, {3, 4}, set()),
        # of an area those count who are in what is ready: who is in it otherwise stays at work
        ({4: 5, 5: 5, 6: 20}, {"u2": {"threshold": 11}}, {3, 4, 6}, set()),
        # in no area: its own number is its whole path
        ({7: 10}, {}, {7}, {7}),
        ({7: 9}, {}, set(), set()),
    ],
)
def test_who_is_ready_from_the_leaves_up_and_who_walks_out_by_the_whole_path(
    standing: Mapping[int, int], changes: Mapping[str, Mapping[str, int]], ready: set[int], walks_out: set[int]
) -> None:
    found = rules.verdicts(grown(standing, **changes))

    assert found.ready == ready
    assert found.walks_out == {ROOT, *walks_out}


@pytest.mark.parametrize(
    ("standing", "terms", "counted", "enough"),
    [
        ({4: 5, 5: 5, 6: 20, 7: 9}, {"citywide_threshold": 30}, 30, True),
        ({4: 5, 5: 5, 6: 20, 7: 9}, {"citywide_threshold": 31}, 30, False),
        ({4: 5, 5: 5, 6: 19, 7: 10}, {"citywide_threshold": 10}, 10, True),  # the borough is one short, and none counts
        ({4: 5, 5: 5, 6: 19, 7: 10}, {"citywide_threshold": 11}, 10, False),
        ({4: 5, 5: 5, 6: 19, 7: 10}, {"citywide_threshold": 39, "citywide_counts": Counts.ALL}, 39, True),
        ({4: 5, 5: 5, 6: 19}, {"citywide_threshold": 29, "citywide_counts": Counts.ALL}, 29, False),  # none walks out
        ({4: 5, 5: 5, 6: 20}, {"citywide_threshold": 30, "minimum_workplaces": 2}, 30, True),
        ({4: 5, 5: 5, 6: 20}, {"citywide_threshold": 30, "minimum_workplaces": 3}, 30, False),
        ({4: 5, 5: 5, 6: 19, 7: 10}, {"citywide_threshold": 10, "minimum_workplaces": 2}, 10, False),  # not by the path
    ],
)
def test_the_whole_walkout_counts_whose_whole_path_is_ready(
    standing: Mapping[int, int],
    terms: dict[str, object],
    counted: int,
    enough: bool,  # noqa: FBT001  a table's column
) -> None:
    units, walkout = grown(standing), under(OPEN, **terms)
    found = rules.verdicts(units)

    assert rules.counted(walkout, units, found) == counted
    assert rules.enough(walkout, units, found) is enough


# --- out ---


def after(ruling: Ruling, before: Sequence[Unit], standing: Mapping[int, int]) -> list[Unit]:
    """Return the units as a ruling leaves them, with these people standing by the next tally."""
    changed = {each.id: each for each in ruling.units}
    return [replace(changed.get(each.id, each), standing=standing.get(each.id, 0)) for each in before]


def out(units: Sequence[Unit]) -> set[int]:
    return {each.id for each in units if each.out}


ALL_READY = {4: 5, 5: 5, 6: 20, 7: 10}


def test_out_is_for_good_also_of_an_area_so_that_a_workplace_joins_it_alone() -> None:
    without_three = {6: 30, 7: 10}
    first = grown(without_three)
    on = rules.tally(OPEN, first, now=at("10:00"))
    assert on.walkout.stage is Stage.ON
    assert out(after(on, first, {})) == {1, 6, 7}

    fewer = {4: 5, 5: 5, 6: 1, 7: 0}  # the borough is out, though not half its number would stand now
    second = after(on, first, fewer)
    assert not {1, 6, 7} & rules.verdicts(second).ready
    joined = rules.tally(on.walkout, second, now=at("11:00"))
    assert out(after(joined, second, {})) == {1, 2, 3, 4, 5, 6, 7}
    assert {news.about for news in joined.announcements} == {3}


def test_an_area_that_becomes_ready_later_brings_its_ready_workplaces() -> None:
    short = {4: 5, 5: 5, 6: 19, 7: 20}
    first = grown(short)
    on = rules.tally(OPEN, first, now=at("10:00"))
    assert out(after(on, first, {})) == {7}

    second = after(on, first, ALL_READY)
    joined = rules.tally(on.walkout, second, now=at("11:00"))
    assert out(after(joined, second, {})) == {1, 2, 3, 4, 5, 6, 7}
    assert who_hears(joined) == {
        **{f"workplace_joins {room} of {number}": "rooms" for number in (3, 6) for room in ("city", 1)},
        "workplace_joins 2 of 3": "rooms",
        "workplace_joins 3": OWN,
        "workplace_joins 4 of 3": OWN,
        "workplace_joins 5 of 3": OWN,
        "workplace_joins 6": OWN,
    }


def test_nobody_joins_by_a_tally_that_is_late_and_after_the_start() -> None:
    units = [replace(each, out=each.id == 7) for each in grown(ALL_READY)]
    late = rules.tally(ON_AT_THE_DEADLINE, units, now=STARTS + timedelta(minutes=2))

    assert out(after(late, units, {})) == {7}
    told = after(late, units, {})
    path = [told[number - 1] for number in (1, 2, 3)]
    assert rules.lacks(path) is None  # so it does not hear that it, or its borough, fell short


@pytest.mark.parametrize(
    ("standing", "lacking"),
    [
        ({4: 5, 5: 4, 6: 19, 7: 20}, 3),  # the workplace itself: it needs nobody else's excuse
        ({4: 5, 5: 5, 6: 19, 7: 20}, 1),  # the borough; the neighborhood is ready
        ({4: 5, 5: 5, 6: 20, 7: 20}, None),
    ],
)
def test_what_keeps_a_workplace_at_work_is_the_lowest_unit_on_its_path_that_is_not_ready(
    standing: Mapping[int, int], lacking: int | None
) -> None:
    units = grown(standing)
    decided = after(rules.tally(AT_THE_DEADLINE, units, now=PLEDGE_BY), units, {})
    found = rules.lacks([decided[number - 1] for number in (1, 2, 3)])

    assert (found.id if found else None) == lacking


# --- who hears of it ---

YES, NO = "we_are_out", "not_yet_out"


@pytest.mark.parametrize(
    ("walkout", "standing", "now", "heard"),
    [
        pytest.param(
            under(OPEN, citywide_threshold=999),
            {4: 5, 5: 5, 6: 20},
            at("10:00"),
            {
                **{f"workplace_ready {number}": OWN for number in (1, 2, 3, 6)},  # of a department nobody is told
                "workplaces_ready city": "organizers",
            },
            id="before it is on a unit's own rooms and people hear that it is ready",
        ),
        pytest.param(
            OPEN,
            {4: 5, 5: 5, 6: 19, 7: 20},
            at("10:00"),
            {
                "on city": ALL,
                **{f"{NO} {number}": OWN for number in (1, 2, 3, 6)},
                **{f"{NO} {number} of 3": OWN for number in (4, 5)},
                f"{YES} 7": OWN,
            },
            id="it is on, and a borough is not among it",
        ),
        pytest.param(
            AT_THE_DEADLINE,
            {4: 5, 5: 4, 6: 30, 7: 20},
            PLEDGE_BY,
            {
                "on city": ALL,
                "on 1": OWN,
                **{f"not_out {number}": OWN for number in (2, 3)},
                **{f"not_out {number} of 3": OWN for number in (4, 5)},
                **{f"{YES} {number}": OWN for number in (6, 7)},
            },
            id="it is on at the deadline, and a neighborhood of the borough is not among it",
        ),
        pytest.param(
            AT_THE_DEADLINE,
            {4: 5},
            PLEDGE_BY,
            {"lapsed city": ALL, **{f"lapsed {number}": OWN for number in range(1, 8)}},
            id="it lapses",
        ),
    ],
)
def test_who_hears_of_a_tally(
    walkout: Walkout, standing: Mapping[int, int], now: object, heard: dict[str, str]
) -> None:
    assert who_hears(rules.tally(walkout, grown(standing), now=now)) == heard  # type: ignore[arg-type]  # a table's row


def test_at_the_deadline_each_unit_hears_yes_or_no_once_and_an_area_who_walks_out() -> None:
    units = [replace(each, out=each.id in {1, 6, 7}) for each in grown({4: 5, 5: 5, 6: 9, 7: 10})]
    last = rules.tally(ON_AT_THE_DEADLINE, units, now=PLEDGE_BY)

    assert who_hears(last) == {
        **{f"workplace_joins {room} of 3": "rooms" for room in ("city", 1, 2)},
        "workplace_joins 3": OWN,
        **{f"workplace_joins {number} of 3": OWN for number in (4, 5)},
        "last_word city": ALL,
        "last_word 1": OWN,
        "last_word 2": OWN,
        "fewer_now 6": OWN,
        "last_word 7": OWN,
    }
    facts = {news.scope: dict(news.facts) for news in last.announcements if news.kind is Kind.LAST_WORD}
    assert facts == {
        None: {"workplaces": ["Unit 3", "Unit 6", "Unit 7"], "more": 0, "others": 0},
        1: {"workplaces": ["Unit 3", "Unit 6"], "more": 0, "others": 0},
        2: {"workplaces": ["Unit 3"], "more": 0, "others": 0},
        7: {},
    }


@pytest.mark.parametrize(("ready", "named", "more"), [(1, 1, 0), (10, 10, 0), (12, 10, 2)])
def test_an_area_reads_who_of_it_walks_out_as_many_as_a_phone_shows(ready: int, named: int, more: int) -> None:
    units = [unit(1, AREA, threshold=5)]
    units += [unit(n + 2, WORKPLACE, under=1, standing=20 if n < ready else 1, threshold=10) for n in range(ready + 3)]
    units.append(unit(99, WORKPLACE, standing=20, threshold=10))
    on = rules.tally(OPEN, units, now=at("10:00"))
    (news,) = [news for news in on.announcements if news.scope == 1]

    assert (news.kind, news.facts["last"], news.facts["others"]) == (Kind.ON, False, 3)
    assert (len(news.facts["workplaces"]), news.facts["more"]) == (named, more)


def test_the_last_days_are_said_to_what_walks_out_and_to_the_areas_that_it_is_in() -> None:
    units = [replace(each, out=each.id in {1, 2, 3, 4, 5}) for each in grown({})]
    for now, kind, city in ((STARTS - timedelta(days=1), "tomorrow", "workers"), (STARTS, "starts", "workers")):
        assert who_hears(rules.remind(DECIDED, units, now=now)) == {
            f"{kind} city": f"rooms {city}",
            **{f"{kind} {number}": OWN for number in (1, 2, 3)},
            **{f"{kind} {number} of 3": OWN for number in (4, 5)},
        }


def test_opening_calling_off_and_reminders_reach_the_rooms_of_every_unit() -> None:
    units, numbers = grown({}), range(1, 8)
    draft = replace(OPEN, stage=Stage.DRAFT, opened=None, next_tally=None)
    reminded = under(OPEN, reminders=(timedelta(hours=1),))

    assert who_hears(rules.open_up(draft, units, now=at("09:00"))) == {
        "opened city": "rooms",
        **{f"opened {number}": "rooms" for number in numbers},
    }
    assert who_hears(rules.call_off(ON, units, now=at("10:00"))) == {
        "called_off city": ALL,
        **{f"called_off {number}": OWN for number in numbers},
    }
    assert who_hears(rules.remind(reminded, units, now=at("11:45"))) == {
        "reminder city": "rooms",
        **{f"reminder {number}": "rooms" for number in numbers},
    }


def test_each_unit_hears_once_that_it_is_ready() -> None:
    walkout, units = under(OPEN, citywide_threshold=999), grown({4: 5, 5: 5})
    first = rules.tally(walkout, units, now=at("10:00"))
    units = after(first, units, {4: 5, 5: 4})
    fell = rules.tally(first.walkout, units, now=at("11:00"))
    units = after(fell, units, {4: 5, 5: 5, 6: 20})
    again = rules.tally(fell.walkout, units, now=at("12:00"))

    assert [made.facts for made in first.announcements if made.to_organizers] == [
        {"workplaces": ["Unit 3"], "more": 0, "areas": {"workplaces": ["Unit 2"], "more": 0}}
    ]
    assert fell.announcements == ()
    assert {made.scope for made in again.announcements} == {1, 6, None}


def test_who_is_out_is_counted_at_workplaces_with_all_their_departments() -> None:
    walkout = under(replace(DECIDED, next_tally=STARTS + timedelta(hours=1)), turnout=True)
    units = [replace(each, out=True, turnout={4: 4, 5: 6, 6: 2}.get(each.id, 0)) for each in grown({})]
    counted = rules.tally(walkout, units, now=STARTS + timedelta(hours=1))

    assert {each.id: each.turnout_line.reached for each in counted.units} == {3: True}
