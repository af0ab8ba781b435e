"""What workers, and rooms of areas and departments, read of a walkout over a tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.outbox import Letter
from bot.domain.disclosure import Coarse, shown
from bot.domain.model import ROOT, Announcement, BoardLine, CardState, Counts, Entry, Kind, Stage, Tier, Unit, UnitId
from bot.domain.situation import Verdict
from bot.process.clock import MovableClock
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.usecases import stewards
from bot.usecases.workers import Seen
from handlers.texts import announcements, board, notices, workers
from handlers.texts.catalogue import languages, speaking
from handlers.texts.organizers_words import the_day
from tests.conftest import HOUR, NOON, PLEDGE_BY, opened, shops
from tests.conftest import WALKOUT as CITY
from tests.fixed import TERMS, WALKOUT, seen
from tests.stores import open_app

OPEN = replace(WALKOUT, terms=replace(TERMS, levels=("borough", "neighborhood", "block"), citywide_threshold=3000))
ON = replace(OPEN, stage=Stage.ON)


def area(number: int, name: str, parent: int, threshold: int, minimum: int = 0) -> Unit:
    return Unit(
        id=UnitId(number),
        name=name,
        headcount=3000,
        threshold=threshold,
        minimum=minimum,
        parent=UnitId(parent),
        tier=Tier.AREA,
    )


BRONX = area(1, "The Bronx", 0, 900, minimum=2)
HAVEN = area(2, "Mott Haven", 1, 300, minimum=3)
BLOCK = area(3, "Block 9", 2, 0)
MERCY = Unit(
    id=UnitId(4),
    name="Mercy Hospital",
    headcount=300,
    threshold=120,
    minimum=2,
    parent=BLOCK.id,
    meet="at the ambulance gate",
    line=BoardLine(number=84, anchor=84, above=84),
)
NURSES = Unit(
    id=UnitId(5), name="Nurses", headcount=90, threshold=40, parent=MERCY.id, tier=Tier.DEPARTMENT, has_room=True
)
PATH = (BRONX, HAVEN, BLOCK, MERCY, NURSES)
LINES = {
    ROOT: Coarse(tenths=8, reached=4),
    BRONX.id: Coarse(tenths=9, reached=4),
    HAVEN.id: Coarse(tenths=5, reached=0),
}


def card(*path: Unit, **changes: Any) -> Seen:
    return replace(seen(CardState.PLEDGED), walkout=OPEN, path=path or PATH, lines=LINES, **changes)


def reached(unit: Unit) -> Unit:
    return replace(unit, line=replace(unit.line, reached=True, since=2))


def out(*path: Unit) -> tuple[Unit, ...]:
    return tuple(replace(reached(unit), out=True) for unit in path)


def letter(kind: Kind, *path: Unit, about: Unit | None = None, facts: Mapping[str, Any] | None = None) -> Letter:
    """Word news for the rooms of the last unit on a path; without one, for the city's."""
    about = about or (path[-1] if path else None)
    scope = path[-1].id if path else None
    news = Announcement(kind=kind, occasion="4", scope=scope, about=about.id if about else None, facts=facts or {})
    return Letter(news=news, walkout=ON, about=about, path=path, address="#room", private=False, nonce="")


def conditions(of: Seen) -> list[str]:
    return re.findall(r"^• (.*?)(?:,|, and|, y|\.)$", workers._numbers(of), re.MULTILINE)


def listed(of: Seen) -> list[str]:
    return [line for line in workers._numbers(of).splitlines() if "•" in line]


def test_terms_list_every_condition_on_the_path_in_four_lines() -> None:
    assert conditions(card()) == [
        "120 of its 300 people pledge; 2 departments or more reach their number (yours: 40 of 90)",
        "300 people pledge in Mott Haven, in 3 of its parts or more",
        "900 people pledge in The Bronx, in 2 of its parts or more",
        "3,000 people pledge across the city, at 10 workplaces or more (only what reaches its own number counts)",
    ]
    numbered = replace(BLOCK, threshold=150, minimum=2)
    [_own, smallest, wider, _city] = conditions(card(BRONX, HAVEN, numbered, MERCY))
    assert smallest == "150 people pledge in Block 9, at 2 workplaces or more"
    assert (
        wider == "300 people pledge in Mott Haven, in 3 of its parts or more; 900 people pledge in The Bronx, in 2 of "
        "its parts or more"
    )


def test_a_department_is_named_with_its_workplace_whose_yes_or_no_is_theirs() -> None:
    said = workers.terms(card(), "")
    assert "You have pledged for Nurses, Mercy Hospital. Mercy Hospital walks out only if" in said
    assert "Walk out only if you hear that Mercy Hospital does." in said
    assert "in the room of Nurses, Mercy Hospital;" in said
    assert "Nurses, Mercy Hospital: your pledge stands." in workers.pledged(card(changed=True))
    walks_out = workers.status(replace(card(*out(*PATH)), walkout=ON, lines={}))
    assert "Mercy Hospital WALKS OUT on" in walks_out
    assert "\nat the ambulance gate\n" in walks_out


def test_whose_unit_has_no_word_for_the_day_of_its_own_meet_where_the_one_above_does() -> None:
    assert the_day(ON, PATH).startswith("\nat the ambulance gate\n")
    assert the_day(ON, (*PATH[:-1], replace(NURSES, meet="at ward 3"))).startswith("\nat ward 3\n")
    assert the_day(ON, PATH[:3]) == the_day(ON)


def test_check_shows_the_whole_path_and_of_a_department_only_that_it_has_reached_its_number() -> None:
    said = workers.status(card())
    order = [
        "Mercy Hospital: about 84 of 120\n",
        "Mott Haven: about 5/10 of 300\n",
        "The Bronx: nearly there: 900 needed\n",
        "City: about 8/10 of 3,000\n",
    ]
    assert sorted(order, key=said.index) == order
    assert "Nurses" not in said.split("\n\n")[1]
    assert "Block 9" not in said
    assert "\nNurses has reached its number.\n" in workers.status(card(*PATH[:-1], reached(NURSES)))


def test_a_ready_workplace_waits_for_its_area_and_the_area_s_line_says_how_far_it_is() -> None:
    waits = replace(card(*out(BRONX), HAVEN, BLOCK, reached(MERCY), NURSES), walkout=ON)
    said = workers.status(waits)
    assert "It is on in the city, but Mott Haven has not reached its number yet." in said
    assert "Mott Haven: about 5/10 of 300\n" in said
    assert "City:" not in said
    assert conditions(waits) == [
        "120 of its 300 people pledge; 2 departments or more reach their number (yours: 40 of 90)",
        "300 people pledge in Mott Haven, in 3 of its parts or more (only what reaches its own number counts)",
    ]
    for text in (
        notices._on(ON, waits.path),
        announcements.words(letter(Kind.NOT_YET_OUT, *waits.path, about=waits.place)),
    ):
        assert "Mercy Hospital does not walk out" in text
        assert "unless Mott Haven reaches its number by" in text


def test_an_area_without_a_number_is_not_said_to_have_one() -> None:
    path = *out(BRONX, HAVEN), BLOCK
    assert "unless a part of it reaches its number" in announcements.words(letter(Kind.NOT_YET_OUT, *path))
    assert "Block 9 did not reach its number" not in announcements.words(letter(Kind.NOT_OUT, *path))


@pytest.mark.parametrize("kind", [Kind.ON, Kind.LAST_WORD])
def test_an_area_s_rooms_hear_who_walks_out_there(kind: Kind) -> None:
    facts = {"workplaces": ["Lincoln Clinic", "Mercy Hospital"], "more": 0, "others": 1, "last": False}
    said = announcements.words(letter(kind, *out(BRONX, HAVEN), facts=facts))
    assert "A day for the rent freeze · Mott Haven" in said
    assert "2 workplaces walk out on Sat 1 May 2027, 12:00: Lincoln Clinic, Mercy Hospital." in said
    assert "1 other workplace does not, unless all the numbers that it needs are reached by" in said
    assert "Until then, work as usual." in said


def test_news_about_others_reads_so_in_an_area_s_room_and_as_its_own_in_a_department_s() -> None:
    path = out(*PATH)
    in_the_area = replace(
        letter(Kind.WORKPLACE_JOINS, *path[:4]),
        news=replace(letter(Kind.WORKPLACE_JOINS, *path[:4]).news, scope=HAVEN.id),
    )
    assert "Mercy Hospital joins: it walks out as well" in announcements.words(in_the_area)
    own = announcements.words(letter(Kind.WORKPLACE_JOINS, *path, about=path[3]))
    assert "Mercy Hospital has reached its number: we walk out too" in own
    assert "at the ambulance gate" in own


def test_an_area_that_joins_is_one_piece_of_news_with_the_names_of_its_workplaces() -> None:
    said = announcements.words(
        letter(Kind.WORKPLACE_JOINS, *out(BRONX, HAVEN), facts={"workplaces": ["Depot"], "more": 0})
    )
    assert said.startswith("Mott Haven joins. Depot walks out on Sat 1 May 2027, 12:00.\nUntil then, work as usual.")


def test_organizers_hear_of_areas_as_areas() -> None:
    areas = {"areas": {"workplaces": ["Mott Haven"], "more": 2}}
    for some, first in ([], "A day for the rent freeze\n"), (["Depot"], "A day for the rent freeze: Depot has reached"):
        told = letter(Kind.WORKPLACES_READY, facts={"workplaces": some, "more": 0, **areas})
        said = announcements.words(replace(told, private=True, walkout=OPEN))
        assert said.startswith(first)
        assert "Areas that have reached their numbers: Mott Haven and 2 more." in said


@pytest.mark.parametrize("language", languages())
def test_where_all_pledges_count_only_areas_ask_for_ready_ones(language: str) -> None:
    everybody = replace(OPEN, terms=replace(OPEN.terms, citywide_counts=Counts.ALL))
    with speaking(language):
        assert len(listed(card())) == 4
        *_own, widest, city = listed(replace(card(), walkout=everybody))
        assert workers._only_ready_parts().strip() in widest
    assert not re.search("[(\uff08]", city)


def all_that_is_read(language: str) -> list[str]:
    """Word, for whoever measures it, what reads differently over a tree."""
    facts = {"workplaces": ["Lincoln Clinic", "Mercy Hospital"], "more": 0, "others": 3, "last": False}
    waits, open_entry = (*out(BRONX), HAVEN, BLOCK, reached(MERCY), NURSES), replace(OPEN.terms, entry=Entry.OPEN)
    areas = {kind: letter(kind, *out(BRONX, HAVEN), facts=facts) for kind in (Kind.ON, Kind.LAST_WORD, Kind.TOMORROW)}
    rooms = [
        *areas.values(),
        *(letter(kind, facts=facts) for kind in (Kind.ON, Kind.LAST_WORD, Kind.TOMORROW, Kind.STARTS)),
        *(letter(kind, *waits, about=waits[3]) for kind in (Kind.NOT_YET_OUT, Kind.NOT_OUT)),
        *(letter(kind, *out(BRONX, HAVEN), BLOCK) for kind in (Kind.NOT_YET_OUT, Kind.NOT_OUT)),
        letter(Kind.WORKPLACE_JOINS, *out(BRONX, HAVEN), facts=facts),
        letter(Kind.FEWER_NOW, *(replace(unit, line=MERCY.line) for unit in out(*PATH[:4]))),
    ]
    with speaking(language):
        return [
            *(workers.terms(replace(card(), walkout=each), "") for each in (OPEN, replace(OPEN, terms=open_entry))),
            workers.terms(replace(card(*waits), walkout=ON), ""),
            workers.status(replace(card(*waits), walkout=ON)),
            *(say(card()) for say in (workers.status, workers.pledged)),
            *(notices._on(ON, path) for path in (waits, out(*PATH))),
            notices.offer(NURSES, ""),
            *map(announcements.words, rooms),
        ]


async def test_lines_of_areas_are_there_while_they_may_still_join_and_are_made_once_for_each_tally(data: Path) -> None:
    clock = MovableClock(NOON)
    places = [replace(each, id=UnitId(each.id + 1), parent=BRONX.id) for each in shops(20, 20, 20)]
    alone = Unit(id=UnitId(5), name="Depot", headcount=20, threshold=5)
    async with open_app(data, clock=clock, senders={}) as app:
        app.keys.add_walkout(CITY)
        given = opened(citywide_threshold=5, confirm_tallies=1)
        await app.store.add_walkout(
            replace(given, terms=replace(given.terms, levels=("borough",))), [BRONX, *places, alone]
        )
        codes = [mint() for _ in range(6)]
        keys = {alone.id: [key_of(code) for code in codes[1:]], places[0].id: [key_of(codes[0])]}
        await stewards.mint(CITY, keys, app.store, app.keys)
        people = [app.worker(Person("here", f"{number}")) for number in range(6)]
        for person, code in zip(people, codes, strict=True):
            await person.pledge(code)
        seen = await people[0].look(codes[0])
        assert set(seen.lines) == {ROOT, BRONX.id}
        assert (await people[1].look(codes[1])).lines is seen.lines
        clock.move_to(NOON + HOUR)
        await app.tallies.take_due()
        waits = await people[0].look(codes[0])
        assert waits.situation.verdict is Verdict.NOT_YET
        assert "The Bronx: less than 1/10 of 900\n" in workers.status(waits)
        clock.move_to(PLEDGE_BY)
        await app.tallies.take_due()
        assert (await people[0].look(codes[0])).lines == {}


def test_a_department_that_walks_out_below_its_own_number_reads_so_beside_the_others() -> None:
    line = board.lines(shown(replace(NURSES, out=True), ON))
    assert line == "Nurses, walks out"
    assert board.lines(shown(NURSES, OPEN)) == "Nurses"


def test_nobody_whose_unit_has_left_reads_of_a_button_that_does_not_come() -> None:
    day = replace(OPEN, terms=replace(OPEN.terms, turnout=True))
    assert "“I'm out”" in workers.terms(replace(card(), walkout=day), "")
    left = replace(card(*(replace(unit, left=True) for unit in PATH)), walkout=day)
    assert "“I'm out”" not in workers.terms(left, "")
