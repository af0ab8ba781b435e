"""However a board is looked at, it shows what disclosure lets through and nothing besides."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.domain import rules
from bot.domain.model import BoardLine, Counts, Stage, Unit, Walkout
from bot.domain.pledging import NewCard
from bot.process.clock import MovableClock
from bot.sandbox.pool import SandboxPool
from bot.usecases import stewards
from bot.usecases.stewards import Board, published
from handlers.conversation.board_csv import COLUMNS, table
from handlers.pictures import drawing
from handlers.pictures.poster import MOST, poster
from handlers.sandboxed import sandbox_client
from handlers.texts import board as texts
from tests.conftest import HOUR, NOON, WALKOUT, fresh_folder, opened, shops
from tests.domain.test_properties import History, histories, modest, play
from tests.processes import PATIENCE_S
from tests.storage.house import fresh, house_in, pledges, together


def surfaces(seen: Board) -> tuple[object, ...]:
    """Every way out: text whole and by page, CSV, and all that a picture is drawn from."""
    pages = [texts.board(seen, page) for page in range(texts.pages(seen) + 2)]
    return texts.board(seen), pages, table(seen), poster(seen)


def picture(seen: Board) -> bytes:
    """Draw it here, where a test can look on."""
    return drawing.draw(poster(seen))


def rows(seen: Board) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(seen).decode("utf-8-sig"))))


# -- nothing more ---------------------------------------------------------------------------------------------


def with_other_secrets(draw: st.DataObject, walkout: Walkout, places: Sequence[Unit]) -> Board:
    """Change whatever the board does not show: exact counts, of course, and how those that are ready exceed."""
    some = st.integers(0, 5000)
    exceeding = [place.line.number for place in places if place.line.reached]
    swapped = iter(draw.draw(st.permutations(exceeding)))
    others = []
    for place in places:
        number = next(swapped) if place.line.reached else place.line.number
        secret = [draw.draw(some) for _ in range(4)]
        line = replace(place.line, number=number, anchor=secret[0])
        others.append(
            replace(
                place,
                line=line,
                standing=secret[1],
                minted=secret[2],
                headcount=secret[3],
                meet="at the gate",
                told_ready=not place.told_ready,
            )
        )
    other = replace(walkout, streak=draw.draw(some), milestone=draw.draw(some), opened=None, reminded=NOON, ended=NOON)
    return published(other, others)


@settings(modest, max_examples=60)
@given(histories(), st.data())
def test_no_surface_tells_two_stores_apart_that_have_the_same_board(story: History, draw: st.DataObject) -> None:
    for taken in play(story):
        here = published(taken.walkout, taken.places)
        there = with_other_secrets(draw, taken.walkout, taken.places)
        assert surfaces(here) == surfaces(there)
        for wanted in ("1", "shop", "nowhere"):
            assert surfaces(published(taken.walkout, taken.places, only=wanted)) == surfaces(
                replace(there, units=tuple(p for p in there.units if wanted in p.name.lower()), only=wanted)
            )


@settings(modest, max_examples=60)
@given(histories())
def test_every_surface_says_of_each_workplace_what_its_line_lets_it_say(story: History) -> None:
    for taken in play(story):
        seen = published(taken.walkout, taken.places)
        said = texts.board(seen).split("\n\n")[1].split("\n")
        city, *written = rows(seen)
        drawn = poster(seen).bars
        assert seen.sums is not None
        assert city["number"] == (str(seen.sums.counted) if seen.sums.counted else "")
        assert len(said) == 2 * len(taken.places)
        for place in taken.places:
            words, cells = expected(place)
            at = [row["workplace"] for row in written].index(place.name)
            assert said[2 * at : 2 * at + 2] == [place.name, f"{'▓' * cells}{'░' * (10 - cells)} {words}"]
            assert (drawn[at].name, drawn[at].said) == (place.name, words)
            assert int(drawn[at].part * 10 + 1e-9) == cells
            has_number = not place.line.reached and place.line.number
            assert list(written[at].values()) == [
                place.name,
                str(place.threshold),
                words,
                str(place.line.number) if has_number else "",
                "yes" if place.line.reached else "no",
                "yes" if place.out else "no",
                str(taken.walkout.tally),
                city["as_of"],
            ]


def expected(place: Unit) -> tuple[str, int]:
    """Word a line, and count its cells, off the design alone."""
    step = max(5, -(-place.threshold // 10))
    after = ", walks out" if place.out else ""
    if place.line.reached:
        return f"has reached {place.threshold} (tally {place.line.since}){after}", 10
    if place.line.number:
        return f"about {place.line.number} of {place.threshold}{after}", 10 * place.line.number // place.threshold
    first = next(number for number in range(step, 1_000_000, step) if number >= 9)
    fewer = first if first <= place.threshold - 5 else place.threshold
    of = f" of {place.threshold}" if fewer < place.threshold else ""
    return f"fewer than {fewer}{of}{after}", 0


@pytest.mark.parametrize("counts", Counts)
async def test_two_stores_with_different_pledges_and_the_same_board_look_alike(counts: Counts) -> None:
    looks = []
    for people, others in ((12, 14), (14, 10)):  # thresholds are ten and twenty, steps are five
        with fresh_folder() as folder:
            clock = MovableClock(NOON)
            async with house_in(folder).open(clock) as store:
                places = shops(40, 90, threshold=10)
                places[1] = replace(places[1], threshold=20)
                await store.add_walkout(opened(citywide_threshold=60, citywide_counts=counts), places)
                await store.mint(WALKOUT, {place.id: cards_of(place) for place in places})
                for place, number in zip(places, (people, others), strict=True):
                    await together(store, [pledges(f"{place.id}-{n}", f"{place.id}-{n}") for n in range(number)])
                clock.move_to(NOON + HOUR)
                await store.decide(WALKOUT, partial(rules.tally, now=clock()))
                assert [place.standing for place in await store.units(WALKOUT)] == [people, others]
                looks.append(await stewards.board(WALKOUT, store))

    here, there = looks
    assert surfaces(here) == surfaces(there)
    assert picture(here) == picture(there)
    assert [row["shown"] for row in rows(here)[1:]] == ["has reached 10 (tally 1)", "about 10 of 20"]


def cards_of(place: Unit) -> list[NewCard]:
    return [fresh(f"{place.id}-{n}") for n in range(place.headcount)]


def test_those_that_reached_their_number_stand_by_name_not_by_how_far_they_exceed_it() -> None:
    places = shops(90, 90, 90, threshold=10)
    exceed = [replace(place, line=BoardLine(reached=True, number=n)) for place, n in zip(places, (10, 80, 40))]  # noqa: B905  of one length

    assert [place.name for place in published(opened(), exceed).units] == ["Shop 1", "Shop 2", "Shop 3"]


# -- text -----------------------------------------------------------------------------------------------------


def city(number: int) -> Board:
    return published(opened(), shops(*[40] * number))


@pytest.mark.parametrize(
    ("part", "whole", "drawn"),
    [
        (0, 5, "░░░░░░░░░░"),
        (5, 51, "░░░░░░░░░░"),  # less than a cell
        (6, 51, "▓░░░░░░░░░"),
        (7, 12, "▓▓▓▓▓░░░░░"),  # rounded down
        (995, 1000, "▓▓▓▓▓▓▓▓▓░"),  # full only if it is there
        (1000, 1000, "▓▓▓▓▓▓▓▓▓▓"),
        (1300, 1000, "▓▓▓▓▓▓▓▓▓▓"),  # and never longer
    ],
)
def test_a_bar_has_ten_cells_and_the_last_is_full_only_if_all_is_there(part: int, whole: int, drawn: str) -> None:
    assert texts.bar(part, whole) == drawn


@pytest.mark.parametrize(("units", "pages"), [(0, 1), (1, 1), (10, 1), (11, 2), (41, 5)])
def test_pages_hold_ten_workplaces_each_and_together_every_one_once(units: int, pages: int) -> None:
    seen = city(units)
    turned = [texts.board(seen, page).split("\n\n") for page in range(1, pages + 1)]
    lines = [blocks[1].split("\n") if units else [] for blocks in turned]

    assert texts.pages(seen) == pages
    assert [name for page in lines for name in page[::2]] == [place.name for place in seen.units]
    assert all(len(page) <= 20 for page in lines)
    assert [blocks[-1] for blocks in turned] == [f"Page {n} of {pages}" for n in range(1, pages + 1)] or pages == 1


@pytest.mark.parametrize(("page", "nearest"), [(-3, 1), (0, 1), (6, 5), (99, 5)])
def test_a_page_that_is_not_there_is_the_nearest_one(page: int, nearest: int) -> None:
    assert texts.board(city(41), page) == texts.board(city(41), nearest)


def test_lines_with_bars_are_short_enough_for_a_phone() -> None:
    places = shops(2000, 2000, threshold=1800)
    places[0] = replace(places[0], line=BoardLine(number=1620), out=True)
    seen = published(opened(citywide_threshold=12_000, minimum_workplaces=15), places)

    assert max(len(line) for line in texts.board(seen, 1).split("\n") if "░" in line) <= 42


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ("", ["Café, Norte", "North Depot", "Depot"]),
        ("depot", ["North Depot", "Depot"]),  # in the board's order
        ("  NORTH   dep ", ["North Depot"]),
        ("cafÉ", ["Café, Norte"]),
        ("mill", []),
    ],
)
def test_workplaces_are_chosen_by_a_part_of_their_name_and_the_city_stays_whole(only: str, found: list[str]) -> None:
    names = {"North Depot": 15, "Depot": 5, "Café, Norte": 20}
    places = [
        replace(place, name=name, line=BoardLine(number=number))
        for place, (name, number) in zip(shops(40, 40, 40, threshold=30), names.items(), strict=True)
    ]
    seen = published(opened(), places, only=only)

    assert [place.name for place in seen.units] == found
    assert (seen.city, seen.sums) == (published(opened(), places).city, published(opened(), places).sums)
    assert ("of 3 workplaces\n" in texts.board(seen)) == bool(only and found)
    assert texts.board(seen).endswith("No workplace's name contains “mill”.") == (not found)


# -- CSV ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        (" =1", "' =1"),  # some trim first
        ("＝1", "'＝1"),  # noqa: RUF001  a wide one
        ("A=1", "A=1"),
        ('Marta\'s "Kettle"; =1, 2', 'Marta\'s "Kettle"; =1, 2'),
    ],
)
def test_no_name_becomes_a_formula_in_a_spreadsheet(name: str, written: str) -> None:
    seen = published(opened(), [replace(shops(40)[0], name=name)])

    assert rows(seen)[1]["workplace"] == written
    # whoever cuts at semicolons does not find a cell that begins with a formula either
    assert list(csv.reader(io.StringIO(table(seen).decode("utf-8-sig")), delimiter=";"))[2][0].startswith(written[:5])


def test_a_board_before_its_first_tally_is_a_table_too() -> None:
    header, first, *others = csv.reader(io.StringIO(table(city(1)).decode("utf-8-sig")))

    assert tuple(header) == COLUMNS
    assert first[0] == "citywide"
    assert others == [["Shop 1", "5", "fewer than 5", "", "no", "no", "", ""]]


# -- pictures -------------------------------------------------------------------------------------------------

ODD = (
    "@everyone",
    "$x^2$ \\frac{a}{b}",
    "$",
    "<b>&amp;",
    "🍕",
    "👩‍🏭 Mill",
    "北京饭店",
    "ঢাকা",
    "مستشفى النيل",
    "בית ספר",
    "e\u0301" * 90,
    "W" * 200,
    "\u202eevil\u0000\n",
    "\ud800",
    "\u200d",
)


def size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return image.size


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_a_picture_as_wide_as_a_phone(stage: Stage) -> None:
    places = [replace(place, line=BoardLine(number=15), out=stage is Stage.ON) for place in shops(40, 40, threshold=30)]
    wide, tall = size(picture(published(replace(opened(), stage=stage), places)))

    assert wide == 1080
    assert tall < 1500


@pytest.mark.parametrize("name", ODD)
def test_any_name_can_be_drawn_without_a_warning(name: str) -> None:
    walkout = opened(title=name, city=name)
    png = picture(published(walkout, [replace(shops(40)[0], name=name)], only=name))

    assert size(png)[0] == 1080


def test_a_picture_of_many_workplaces_fits_a_phone_and_says_how_many_it_leaves_out() -> None:
    _wide, tall = size(picture(city(41)))

    assert tall <= 2500
    assert len(poster(city(41)).bars) == MOST
    assert poster(city(41)).more == f"and {41 - MOST} more: /board"
    assert poster(city(MOST)).more == ""


def test_the_same_picture_is_not_drawn_twice() -> None:
    assert picture(city(2)) is picture(city(2))
    assert picture(city(2)) != picture(city(3))


async def test_several_people_can_want_pictures_at_a_time() -> None:
    boards = [city(number) for number in (1, 2, 3, 1, 2, 3)]
    async with aclosing(SandboxPool()) as children:
        drawn = await asyncio.gather(*(sandbox_client.picture(children, seen) for seen in boards))

    assert drawn == [picture(seen) for seen in boards]


DRAW = """
import asyncio, sys
from contextlib import aclosing
import handlers.cli, handlers.discord.platform, handlers.telegram.platform
from bot.sandbox.pool import SandboxPool
from bot.usecases.stewards import published
from handlers.sandboxed import sandbox_client
from tests.conftest import opened, shops

async def draw():
    async with aclosing(SandboxPool()) as children:
        walkout = opened()
        assert (await sandbox_client.picture(children, published(walkout, shops(9)))).startswith(b"\\x89PNG")
        assert (await sandbox_client.sheet(children, walkout.terms, [("Depot", ["K" * 20])])).startswith(b"%PDF")

asyncio.run(draw())
assert not {"matplotlib", "numpy", "PIL", "fpdf", "fontTools", "uharfbuzz"} & set(sys.modules)
"""


@pytest.mark.parametrize("home", ["there", "/proc/nowhere"], ids=["writable", "not writable"])
def test_what_draws_is_never_imported_where_the_keys_are_and_leaves_nothing_anywhere(data: Path, home: str) -> None:
    for folder in ("there", "tmp"):
        (data / folder).mkdir()
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("MPL", "XDG"))}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:'audioop' is deprecated:DeprecationWarning", "-c", DRAW],
        env={**surroundings, "HOME": str(data / home), "TMPDIR": str(data / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert [path for path in data.rglob("*") if path.is_file()] == []
    assert not list((data / "tmp").iterdir())
