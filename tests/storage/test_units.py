"""A walkout whose units are a tree: areas, workplaces, departments, and cards at the leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest

from bot.domain.errors import UnitFull, UnknownCard
from bot.domain.model import ROOT, Announcement, CardState, Entry, Kind, Ruling, Tier, Unit, UnitId, Walkout
from bot.domain.roles import Deed, Role
from bot.process.clock import MovableClock
from bot.storage.records import read_terms, write_terms
from bot.storage.store import Note, Parcel, RoleCard, Room, Store
from tests.conftest import HOUR, NOON, WALKOUT, opened, shops, terms
from tests.storage.house import House, fresh, key, looks, pledges, standing, together, verdict
from tests.storage.test_paper import void
from tests.storage.test_people import OLGA, member

LEVELS = ("borough", "neighborhood")
ALL = BRONX, MOTT, HOSPITAL, BAKERY, DAYS, NIGHTS = tuple(map(UnitId, range(1, 7)))
LEAVES = (BAKERY, DAYS, NIGHTS)


def unit(number: int, name: str, tier: Tier, parent: int = ROOT, **more: Any) -> Unit:
    said: dict[str, Any] = {"headcount": 40, "threshold": 5} | more
    return Unit(id=UnitId(number), name=name, tier=tier, parent=UnitId(parent), **said)


TREE = [
    unit(BRONX, "Bronx", Tier.AREA, headcount=120, threshold=0, minimum=1),
    unit(MOTT, "Mott Haven", Tier.AREA, BRONX, headcount=120, threshold=60, minimum=2),
    unit(HOSPITAL, "Hospital", Tier.WORKPLACE, MOTT, headcount=80, threshold=50, minimum=1),
    unit(BAKERY, "Bakery", Tier.WORKPLACE, MOTT),
    unit(DAYS, "Days", Tier.DEPARTMENT, HOSPITAL, threshold=0),
    unit(NIGHTS, "Nights", Tier.DEPARTMENT, HOSPITAL, threshold=20),
]


@pytest.fixture
async def tree(house: House, clock: MovableClock) -> AsyncIterator[Store]:
    """An open walkout of this tree, without cards."""
    async with house.open(clock) as made:
        await made.add_walkout(opened(levels=LEVELS), TREE)
        yield made


async def test_a_tree_is_read_as_it_was_written_in_the_order_of_its_ids(house: House, clock: MovableClock) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(levels=LEVELS), list(reversed(TREE)))
    async with house.open(clock) as store:
        assert await store.units(WALKOUT) == TREE
        assert await store.walkouts() == [opened(levels=LEVELS)]


@pytest.mark.parametrize("levels", [LEVELS, ()])
def test_terms_name_the_levels_and_those_of_older_versions_none(levels: tuple[str, ...]) -> None:
    assert read_terms(write_terms(terms(levels=levels))).levels == levels
    older = json.loads(write_terms(terms()))
    del older["levels"]
    assert read_terms(json.dumps(older)) == terms()


async def test_whoever_asks_finds_a_unit_with_all_that_it_is_part_of_the_widest_first(tree: Store) -> None:
    other = opened(type(WALKOUT)("other"))
    await tree.add_walkout(other, shops(9))
    asked = [*((WALKOUT, each) for each in ALL), (other.id, BRONX)] * 3
    found = await asyncio.gather(*(tree.path(*each) for each in asked))
    paths = [tuple(each.name for each in path) for _walkout, path in found]
    assert paths[:7] == paths[7:14] == paths[14:]
    assert paths[:7] == [
        ("Bronx",),
        ("Bronx", "Mott Haven"),
        ("Bronx", "Mott Haven", "Hospital"),
        ("Bronx", "Mott Haven", "Bakery"),
        ("Bronx", "Mott Haven", "Hospital", "Days"),
        ("Bronx", "Mott Haven", "Hospital", "Nights"),
        ("Shop 1",),
    ]
    assert [walkout.id for walkout, _path in found] == [where for where, _unit in asked]
    assert found[4][1] == (TREE[0], TREE[1], TREE[2], TREE[4])
    assert await tree.look_up(WALKOUT, DAYS) == (found[0][0], TREE[4])


# --- cards ---


async def test_what_is_pledged_at_a_leaf_is_counted_there_and_shown_on_its_path(tree: Store) -> None:
    await tree.mint(WALKOUT, {each: [fresh(f"{each} {n}") for n in range(3)] for each in LEAVES})
    outcome = await tree.apply(pledges(f"{NIGHTS} 0"))
    assert (outcome.mine, outcome.unit) == (CardState.PLEDGED, NIGHTS)
    assert await standing(tree) == [0, 0, 0, 0, 0, 1]
    walkout, path = await tree.path(WALKOUT, NIGHTS)
    assert [(each.name, each.minted, each.issued, each.standing) for each in path] == [
        ("Bronx", 0, 0, 0),
        ("Mott Haven", 0, 0, 0),
        ("Hospital", 0, 0, 0),
        ("Nights", 3, 3, 1),
    ]
    assert walkout.terms.levels == LEVELS


@pytest.mark.parametrize("whose", [each for each in ALL if each not in LEAVES])
async def test_no_card_is_made_for_a_unit_that_others_are_part_of(tree: Store, whose: UnitId) -> None:
    with pytest.raises(ValueError, match="no other is part of"):
        await tree.mint(WALKOUT, {BAKERY: [fresh(1)], whose: [fresh(2)]})
    assert [each.minted for each in await tree.units(WALKOUT)] == [0] * len(ALL)
    await tree.mint(WALKOUT, {BAKERY: [fresh(1)]})


@pytest.mark.parametrize("where", ALL)
async def test_without_a_card_people_pledge_at_leaves_only(house: House, clock: MovableClock, where: UnitId) -> None:
    async with house.open(clock) as store:
        await store.add_walkout(opened(entry=Entry.OPEN, levels=LEVELS), TREE)
        answer = await verdict(store.apply(pledges("ana", enrol=where)))
        assert answer == ((CardState.PLEDGED, True) if where in LEAVES else (UnitFull, False))
        assert sum(await standing(store)) == (where in LEAVES)


@pytest.mark.parametrize("recalls", [False, True])
@pytest.mark.parametrize(
    ("whose", "ended"), [(NIGHTS, {NIGHTS}), (HOSPITAL, {DAYS, NIGHTS}), (BAKERY, {BAKERY}), (BRONX, set(LEAVES))]
)
async def test_cards_end_at_a_unit_and_at_all_that_are_part_of_it(
    tree: Store, clock: MovableClock, whose: UnitId, ended: set[UnitId], *, recalls: bool
) -> None:
    await tree.mint(WALKOUT, {each: [fresh(f"{each} {n}") for n in range(3)] for each in LEAVES})
    await together(tree, [pledges(f"{each} 0") for each in LEAVES])
    assert await void(tree, clock, whose, recalls=recalls)
    for each in LEAVES:
        stale = await verdict(tree.apply(pledges(f"{each} 1")))
        assert stale == ((UnknownCard, False) if each in ended else (CardState.PLEDGED, True))
        mine = await verdict(tree.apply(looks(f"{each} 0")))
        assert mine == (CardState.RECALLED if recalls and each in ended else CardState.PLEDGED, False)
    units = {each.id: each for each in await tree.units(WALKOUT)}
    assert {each for each in LEAVES if units[each].issued == 0} == ended  # nobody had been shown a number
    assert {each for each in LEAVES if units[each].voided} == ended
    assert units[whose].voided == clock()


# --- rooms and stewards ---


def says(news: Announcement, _card: RoleCard) -> Announcement:
    return news


def rules(news: Announcement, walkout: Walkout, _units: Sequence[Unit]) -> Ruling:
    return Ruling(walkout=walkout, announcements=(news,))


async def test_rooms_and_stewards_of_a_unit_of_any_tier_hear_its_news_and_no_others(tree: Store) -> None:
    for each in ALL:
        await tree.bind_room(Room(walkout=WALKOUT, scope=each, way="here", address=f"#{each}"))
        who = member(f"steward of {each}")
        card = RoleCard(
            key=key(f"role card {each}"),
            id=f"CARD{each}",
            role=Role.STEWARD,
            walkout=WALKOUT,
            unit=each,
            nickname=who.nickname,
            appointer=OLGA.id,
            until=NOON + HOUR,
            proposal="",
        )
        note = Note(deed=Deed.CONFIRMED, by=OLGA.id, walkout=None)
        silent = Announcement(kind=Kind.ROLE_CARD_USED, occasion=card.id, to_rooms=False)
        await tree.add_role_card(card, note)
        used = await tree.redeem_role_card(card.key, who, "WORD", partial(says, silent), now=NOON)
        assert used is not None
        assert used.unit == each
        await tree.settle_role_card(used, confirmed=True, news=None, note=note)
        assert (await tree.roles(who.id)).units == ((WALKOUT, each),)

    assert all(place.has_room for place in (await tree.path(WALKOUT, DAYS))[1])
    for each in ALL:
        said = Announcement(kind=Kind.WORKPLACE_READY, occasion="1", scope=each, about=each, to_stewards=True)
        await tree.decide(WALKOUT, partial(rules, said))
        heard: list[Parcel] = await tree.claim_parcels("here", now=NOON + HOUR, limit=99)
        assert [(parcel.room, parcel.person) for parcel in heard] == [
            (f"#{each}", None),
            (None, f"to steward of {each}".encode()),
        ]
    assert await tree.release_room(WALKOUT, "here", f"#{BRONX}")
    assert [place.has_room for place in (await tree.path(WALKOUT, MOTT))[1]] == [False, True]
