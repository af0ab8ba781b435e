"""Units of a tree as people name them, see them, and print their cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import disclosure, rules
from bot.domain.errors import NoSuchUnit, VoidedBefore, WhichPart, WhichUnit
from bot.domain.model import ROOT, BoardLine, Stage, Tier, Unit, UnitId
from bot.domain.tree import Tree, labels
from bot.usecases import stewards
from bot.usecases.stewards import Area, Board, published
from handlers.conversation.board import show
from handlers.pictures import drawing
from handlers.pictures.poster import poster
from tests.conftest import HOUR, NOON, opened
from tests.domain.test_properties import modest, units
from tests.domain.trees import planned
from tests.test_board_surfaces import rows, surfaces

AREA, WORKPLACE, DEPARTMENT = Tier.AREA, Tier.WORKPLACE, Tier.DEPARTMENT


def unit(number: int, name: str, tier: Tier = WORKPLACE, *, of: int = 0, threshold: int = 20, people: int = 60) -> Unit:
    return Unit(
        id=UnitId(number), name=name, headcount=people, threshold=threshold, parent=UnitId(of), tier=tier, minimum=1
    )


CITY = [
    unit(1, "Bronx", AREA, threshold=0, people=180),
    unit(2, "Mount Sinai", AREA, threshold=0, people=60),
    unit(3, "Depot", of=1),
    unit(4, "Mercy Hospital", of=1),
    unit(5, "Local 79, West", of=1),
    unit(6, "Nurses", DEPARTMENT, of=4, threshold=0, people=20),
    unit(7, "Kitchen", DEPARTMENT, of=4, threshold=10, people=20),
    unit(8, "Laundry", DEPARTMENT, of=4, threshold=10, people=20),
    unit(9, "Mount Sinai", of=2),
    unit(10, "depot"),
]
"""Two depots, one of them in no area; and an employer with one workplace of its own name."""

SHOWN = [replace(each, line=BoardLine(number=10)) if each.tier is WORKPLACE else each for each in CITY]


def test_a_unit_is_called_by_its_name_with_what_it_is_part_of_where_the_name_alone_says_too_little() -> None:
    assert list(labels(CITY).values()) == [
        *("Bronx", "Mount Sinai", "Depot, Bronx", "Mercy Hospital", "Local 79, West"),
        *("Nurses, Mercy Hospital", "Kitchen, Mercy Hospital", "Laundry, Mercy Hospital"),
        *("Mount Sinai, Mount Sinai", "depot"),
    ]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("bronx", 1),
        ("Nurses", 6),
        ("nurses,mercy hospital", 6),
        ("Mercy  Hospital, Nurses", 6),
        ("nurses, bronx", 6),
        ("bronx, mercy hospital, nurses", 6),
        ("Nurses, Mercy Hospital, Bronx", 6),
        ("Depot, Bronx", 3),
        ("bronx, depot", 3),
        ("Depot", 3),  # spelled exactly so
        ("depot", 10),
        ("mercy", 4),  # its departments only lie in it
        ("urse", 6),
        ("local 79, west", 5),
        ("west, local 79", None),  # a name is not turned round
        ("Local 79, West, Bronx", 5),
        ("Bronx, Local 79, West", 5),
        ("Mount Sinai", 2),  # the widest; the other is called with it
        ("mount sinai, mount sinai", 9),
        ("nurses, mercy hosp", 6),  # cut, as a long one may be
        ("Nurses, Queens", None),
        ("", None),
    ],
)
def test_a_unit_is_found_by_its_name_with_what_it_is_part_of_before_or_behind(typed: str, found: int | None) -> None:
    if found is None:
        with pytest.raises(NoSuchUnit):
            stewards.find(CITY, typed)
        return
    assert stewards.find(CITY, typed) == replace(CITY[found - 1], name=labels(CITY)[UnitId(found)])


def test_whoever_is_not_understood_reads_which_units_there_are_with_what_they_are_part_of() -> None:
    with pytest.raises(WhichUnit) as several:
        stewards.find(CITY, "DEPOT")
    with pytest.raises(NoSuchUnit) as close:
        stewards.find(CITY, "nurses, mercy hospitl")
    with pytest.raises(WhichPart) as parts:
        stewards.find_leaf(CITY, "mercy hospital")

    assert several.value.close == ("Depot, Bronx", "depot")
    assert close.value.close[0] == "Nurses, Mercy Hospital"
    assert parts.value.close == ("Nurses, Mercy Hospital", "Kitchen, Mercy Hospital", "Laundry, Mercy Hospital")
    assert stewards.find_leaf(CITY, "kitchen").id == 7


@pytest.mark.parametrize(
    ("words", "begins"),
    [("void Nurses, Mercy Hospital", True), ("void", True), ("Void", True), ("Void depot", True), ("Nurses", False)],
)
def test_a_keyword_goes_before_any_unit_that_is_called_otherwise(words: str, *, begins: bool) -> None:
    assert stewards.begins("void", words.split(), CITY) == begins


# -- what is seen ---------------------------------------------------------------------------------------------


def everything(places: Sequence[Unit], stage: Stage, within: set[UnitId] | None) -> list[tuple[Board, object]]:
    """Look at each branch in every way."""
    walkout = replace(opened(levels=("borough", "quarter", "block")), stage=stage, tally=3)
    looks = [
        published(walkout, places, of=of, within=within, whole=whole)
        for of in (ROOT, *(each.id for each in places))
        for whole in (False, True)
    ]
    return [(seen, surfaces(seen)) for seen in looks]


@settings(modest, max_examples=40)
@given(st.integers(0, 10**9), st.sampled_from([Stage.OPEN, Stage.ON]), st.data())
def test_no_surface_tells_two_trees_apart_that_have_the_same_lines(
    seed: int, stage: Stage, draw: st.DataObject
) -> None:
    chance = Random(seed)
    places = units(planned(chance))
    places = [_with_a_line(each, chance, out=stage is Stage.ON) for each in places]
    some = st.integers(0, 5000)
    others = [
        replace(
            each,
            line=replace(each.line, anchor=draw.draw(some)),
            standing=draw.draw(some),
            minted=draw.draw(some),
            turnout=draw.draw(some),
            told_ready=not each.told_ready,
        )
        for each in places
    ]
    own = draw.draw(st.one_of(st.none(), st.sets(st.sampled_from([each.id for each in places]), min_size=1)))

    for (seen, looks), (_there, look_alike) in zip(
        everything(places, stage, own), everything(others, stage, own), strict=True
    ):
        assert looks == look_alike
        _holds(seen, places, own)


def _with_a_line(each: Unit, chance: Random, *, out: bool) -> Unit:
    """Give it something to show, as its tier may."""
    reached = chance.random() < 0.4 and each.threshold > 0 and each.tier is not AREA
    number = chance.choice([0, 5, 10]) if each.tier is WORKPLACE else 0
    line = BoardLine(reached=reached, since=int(reached), number=number, above=number)
    return replace(each, line=line, out=out and chance.random() < 0.5)


def _holds(seen: Board, places: Sequence[Unit], own: set[UnitId] | None) -> None:
    """What a look shows is theirs, once each, and comes with the sums for nobody but organizers."""
    tree = Tree(places)
    shown = [line.id for line in seen.units]
    assert len(shown) == len(set(shown))
    if own is not None:
        assert all(own & {each.id for each in tree.path(line)} for line in shown)
        assert seen.sums is None
        assert all(line.sums is None for line in seen.units if isinstance(line, Area))
    assert len(rows(seen)) == len(shown) + bool(seen.here.sums or seen.here.coarse)
    assert len(poster(seen).bars) <= len(shown)


def test_below_an_area_everything_is_reached_by_opening_and_seen_once() -> None:
    seen, found, waiting = set[UnitId](), list[UnitId](), [ROOT]
    while waiting:
        look = published(opened(levels=("area",)), SHOWN, of=waiting.pop())
        found += [line.id for line in look.units if line.id not in seen]
        seen.update(line.id for line in look.units)
        waiting += look.holding
    assert sorted(found) == [each.id for each in CITY]


@pytest.mark.parametrize(
    ("names", "begin"),
    [
        (("Bronx", "Queens", "Brooklyn"), [False, True, False, True]),
        (("Bronx", "Upper East Side and Harlem"), [False, True, True]),
    ],
    ids=["short", "long"],
)
def test_short_names_stand_side_by_side(names: tuple[str, ...], begin: list[bool]) -> None:
    areas = [unit(number, name, AREA) for number, name in enumerate(names, start=1)]
    shops = [unit(number + len(names), f"Shop {number}", of=number) for number in range(1, len(names) + 1)]
    buttons = show(published(opened(), [*areas, *shops]), 1).buttons
    assert [each.below for each in buttons] == begin


# -- cards ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "reached", "kept"),
    [(0, False, 0), (30, False, 0), (50, False, 10), (60, True, 0), (41, False, 1)],
)
def test_of_a_department_as_many_are_known_as_its_workplace_shows_beyond_all_people_in_the_others(
    number: int, kept: int, *, reached: bool
) -> None:
    mercy = replace(CITY[3], threshold=20, line=BoardLine(reached=reached, number=number))
    assert disclosure.known(CITY[6], mercy) == kept
    told = replace(CITY[6], line=BoardLine(reached=True))
    assert disclosure.known(told, mercy) == max(10, kept)
    assert disclosure.known(mercy, mercy) == disclosure.known(mercy)


@pytest.mark.parametrize(("of", "last"), [(7, "Kitchen"), (4, "Kitchen"), (1, "Kitchen"), (3, ""), (8, ""), (2, "")])
def test_nothing_is_voided_twice_within_a_day_whatever_it_is_named_by(of: int, last: str) -> None:
    units = [replace(each, voided=NOON) if each.id == 7 else each for each in CITY]
    branch = list(Tree(units).branch(UnitId(of)))
    if last:
        with pytest.raises(VoidedBefore) as refused:
            rules.check_can_void(opened(), branch, now=NOON + HOUR)
        assert refused.value.args[0] == last
    else:
        rules.check_can_void(opened(), branch, now=NOON + HOUR)
    rules.check_can_void(opened(), branch, now=NOON + 24 * HOUR)


def test_a_picture_parts_a_name_from_what_it_is_part_of_and_draws_what_has_no_number_without_a_bar() -> None:
    depots = poster(published(opened(), SHOWN, only="depot")).bars
    top = poster(published(opened(), SHOWN)).bars
    mercy = poster(published(opened(), SHOWN, of=UnitId(4)))

    assert [(bar.name, bar.of) for bar in depots] == [("Depot", "Bronx"), ("depot", "")]
    assert [(bar.name, bar.bare) for bar in top] == [("Bronx", True), ("Mount Sinai", True), ("depot", False)]
    assert top[0].said == "3 workplaces"
    assert mercy.city == "Mercy Hospital, Bronx"
    assert mercy.thermometer is None
    assert [(bar.name, bar.said, bar.bare) for bar in mercy.bars[1:]] == [
        (name, "", True) for name in ("Kitchen", "Laundry", "Nurses")
    ]
    for seen in (published(opened(), SHOWN, only="depot"), published(opened(), SHOWN, of=UnitId(4))):
        assert drawing.draw(poster(seen)).startswith(b"\x89PNG")
