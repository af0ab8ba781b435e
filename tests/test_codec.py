"""What travels to the children and back is the same there; what is not of its type comes no further."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bot.domain.model import Counts, Terms
from bot.draft import Draft, DraftRefused, RosterOptions, SourceFile, read, read_list
from bot.sandbox import codec
from handlers.demo.story import BEFORE_THE_FILE
from handlers.pictures.poster import Poster, poster
from handlers.sandboxed.orders import Print, Read, Reading, ReadList, ToRead
from handlers.sheets.paper import Paper
from tests.conftest import NOON, ROOT, terms
from tests.test_board_surfaces import city

CITY = ROOT / "examples" / "demo-city"


def demo(**changes: bytes) -> Draft:
    files = [SourceFile(name=name, data=changes.get(name, (CITY / name).read_bytes())) for name in NAMES]
    return read(files[0], files[1], RosterOptions(), now=BEFORE_THE_FILE, languages=("en", "es"))


NAMES = ("walkout.toml", "workplaces.csv")


def test_orders_and_answers_are_the_same_on_the_other_side() -> None:
    with pytest.raises(DraftRefused) as refused:
        demo(**{"workplaces.csv": 'workplace,headcount\n,x\n"Caf\u00e9",3'.encode()})
    some_terms = terms(demands=("one", "\ud800"), reminders=(timedelta(hours=1),), citywide_counts=Counts.ALL)
    printed = Print(
        terms=some_terms,
        places=(("Depot", ("A", "B")),),
        telegram=None,
        discord="x",
        also=("https://t.me/b",),
        paper=Paper.A4,
        language="es",
        step=2,
    )
    file = SourceFile(name="\ud800", data=bytes(range(256)))
    asked = Read(toml=file, roster=None, options=RosterOptions(threshold="65%"), languages=("en",), now=NOON)

    def list_of(rows: str) -> SourceFile:
        return SourceFile(name="list.csv", data=f"Employer,Branch,Workers\n{rows}\n".encode())

    values: list[Any] = [
        poster(city(3)),
        printed,
        asked,
        replace(asked, roster=file, now=None),
        Reading(draft=demo()),
        Reading(problems=refused.value.problems, more=3),
        Reading(names="x.csv"),
        ToRead(wanted=asked),
        ToRead(wanted=ReadList(source=file, options=asked.options, languages=("en",))),
        *(Reading(listed=read_list(list_of(rows), asked.options)) for rows in (",x,3", "Mill,Rest,40", "A,A,2\nA,A,2")),
    ]
    for value in values:
        again = codec.read(type(value), codec.write(value))
        assert again == value
        assert type(again) is type(value)
    assert codec.read(Print, codec.write(printed)).terms.starts.utcoffset() == some_terms.starts.utcoffset()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("title", 5),
        ("title", None),
        ("starts", "yesterday"),
        ("starts", 5),
        ("starts", "2027-05-01T12:00:00"),
        ("citywide_threshold", "5"),
        ("citywide_threshold", 5.0),
        ("citywide_threshold", True),
        ("demands", "one"),
        ("demands", [1]),
        ("entry", "nothing"),
        ("milestones", 1),
        ("tally_every", 10**30),
        ("more", 1),
    ],
)
def test_what_is_not_of_its_type_comes_no_further(field: str, wrong: object) -> None:
    said = json.loads(codec.write(terms()))
    with pytest.raises(codec.Misshapen):
        codec.read(Terms, json.dumps({**said, field: wrong}).encode())


@pytest.mark.parametrize("said", [b"", b"x", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b"9" * 100_000])
def test_what_is_no_object_comes_no_further(said: bytes) -> None:
    with pytest.raises(codec.Misshapen):
        codec.read(Poster, said)


def test_a_type_that_has_no_way_to_travel_is_seen_at_once() -> None:
    @dataclass
    class Odd:
        share: Fraction

    with pytest.raises(TypeError):
        codec.write(Odd(Fraction(1, 3)))


def test_a_draft_that_no_file_gives_is_not_sound() -> None:
    draft = demo()
    first, *others = draft.units
    assert draft.is_sound
    for units in (
        (),
        (first, first),
        (replace(first, name=""), *others),
        (replace(first, name="De\u202epot"), *others),
        (replace(first, name="\ud800"), *others),
        (replace(first, threshold=4), *others),
        (replace(first, threshold=first.headcount + 1), *others),
    ):
        assert not replace(draft, units=units).is_sound
    assert Path(CITY).is_dir()
