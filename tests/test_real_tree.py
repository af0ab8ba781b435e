"""The same union elections as a tree: cities, as the file has them, over employers, with numbers at both levels.

Everything is held against a second reading of the file written here from the design alone.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest

from bot.domain import rules
from bot.domain.model import FEWEST, ROOT, Stage, Tier, Unit, UnitId, Walkout, WalkoutId
from bot.draft import Draft, Repeats, RosterOptions, Small, SourceFile, Totals, read, read_list
from bot.draft.tree import as_units
from bot.draft.writing import terms_file, workplaces_file
from bot.parsing.typed_text import plain_name

DATA = Path(__file__).parents[2] / "shared" / "data" / "nlrb_nyc_units_2017_2021.csv"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.exists(), reason="the union elections' file is not part of the project"),
]

NOW = datetime.fromisoformat("2026-12-01T08:00:00-05:00")
SHARE = 15
"""Of a city's people have to have pledged at employers that reached their own number."""
TOML = """\
title = "One city, one day"
city = "New York"
starts = 2026-12-12T09:00:00-05:00
pledge_by = 2026-12-11T18:00:00-05:00
confirm_tallies = 1
levels = ["borough"]
"""
OPTIONS = RosterOptions(
    name_columns=("Case Name",),
    headcount_column="Num Eligible Voters",
    level_columns=("Unit City",),
    threshold="65%",
    small=Small.LEAVE_OUT,
    totals=Totals.KEEP,
    repeats=Repeats.APART,
    department_column="",
)


# -- the file, read and added up a second time ---------------------------------------------------------------------


@dataclass
class Employer:
    people: int
    votes: int

    @property
    def needed(self) -> int:
        return (65 * self.people + 99) // 100


@dataclass
class City:
    employers: dict[str, Employer] = field(default_factory=dict)

    @property
    def people(self) -> int:
        return sum(employer.people for employer in self.employers.values())

    @property
    def needed(self) -> int:
        """A share of all its people; where that comes to fewer than five, it has no number."""
        number = (SHARE * self.people + 99) // 100
        return number if number >= 5 else 0


def second_reading(rows: Iterable[Mapping[str, str]]) -> dict[str, City]:
    """Names that repeat in a city get numbers; whoever would need fewer than five is left out."""
    cities: dict[str, City] = defaultdict(City)
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        where, name = " ".join(row["Unit City"].split()).casefold(), row["Case Name"].strip()
        spelled = " ".join(name.casefold().split())
        seen[where, spelled] += 1
        if (number := seen[where, spelled]) > 1:
            name = f"{name} ({number})"
        employer = Employer(int(row["Num Eligible Voters"]), int(row["Votes For Labor Org1"]))
        if employer.needed >= 5:
            cities[where].employers[name] = employer
    return cities


def ready(cities: Mapping[str, City]) -> tuple[set[tuple[str, str]], set[str]]:
    """Say which employers reached their number, and which cities, as of the votes."""
    employers = {
        (where, name)
        for where, city in cities.items()
        for name, employer in city.employers.items()
        if min(employer.votes, employer.people) >= employer.needed
    }
    reached = {
        where
        for where, city in cities.items()
        if any(of == where for of, _name in employers)
        and sum(city.employers[name].votes for of, name in employers if of == where) >= city.needed
    }
    return employers, reached


# -- the draft ------------------------------------------------------------------------------------------------------


def with_numbers_for_cities(listed: bytes) -> SourceFile:
    """Give each city a row with a share of all its people, where that comes to five of them."""
    rows = list(csv.DictReader(StringIO(listed.decode("utf-8-sig"))))
    sums: dict[str, int] = defaultdict(int)
    spelled: dict[str, str] = {}
    for row in rows:
        sums[plain_name(row["Unit City"])] += int(row["headcount"])
        spelled.setdefault(plain_name(row["Unit City"]), row["Unit City"])
    own = [
        {"Unit City": name, "threshold": f"{SHARE}%"}
        for city, name in spelled.items()
        if (SHARE * sums[city] + 99) // 100 >= FEWEST
    ]
    out = StringIO()
    written = csv.DictWriter(out, [*rows[0], "threshold"])
    written.writeheader()
    written.writerows([*own, *rows])
    return SourceFile(name="workplaces.csv", data=out.getvalue().encode())


def drafted(citywide: int) -> Draft:
    """Read the agency's file, as a chat does, and then draft its own form with a row for each city."""
    listing = read_list(SourceFile(name="elections.csv", data=DATA.read_bytes()), OPTIONS)
    assert (listing.questions, listing.problems) == ((), ())
    toml = SourceFile(name="walkout.toml", data=f"{TOML}citywide_threshold = {citywide}\n".encode())
    options = RosterOptions(threshold="65%", level_columns=("Unit City",))
    return read(toml, with_numbers_for_cities(listing.csv), options, now=NOW)


def named(units: Sequence[Unit], which: Iterable[UnitId], tier: Tier) -> set[tuple[str, ...]]:
    """Say which units of a tier these are, each by its city's name as it is compared, and its own."""
    found: set[tuple[str, ...]] = set()
    for unit in (units[number - 1] for number in which if number):
        if unit.tier is tier:
            found.add((plain_name(units[unit.parent - 1].name), unit.name) if unit.parent else (plain_name(unit.name),))
    return found


@pytest.mark.parametrize(("citywide", "outcome"), [(6_000, Stage.LAPSED), (2_000, Stage.ON)])
def test_cities_over_employers_are_what_a_second_reading_says(citywide: int, outcome: Stage) -> None:
    with DATA.open(encoding="utf-8", newline="") as file:
        cities = {where: city for where, city in second_reading(csv.DictReader(file)).items() if city.employers}
    plan = drafted(citywide)
    assert plan.is_sound
    units = as_units(plan.units)
    areas = {plain_name(unit.name): unit for unit in units if unit.tier is Tier.AREA}
    assert {where: (unit.headcount, unit.threshold) for where, unit in areas.items()} == {
        where: (city.people, city.needed) for where, city in cities.items()
    }
    places = {
        (plain_name(units[unit.parent - 1].name), unit.name): unit for unit in units if unit.tier is Tier.WORKPLACE
    }
    assert {path: (unit.headcount, unit.threshold) for path, unit in places.items()} == {
        (where, name): (employer.people, employer.needed)
        for where, city in cities.items()
        for name, employer in city.employers.items()
    }

    # the two files of it make it again
    files = (
        SourceFile(name="walkout.toml", data=terms_file(plan.terms, "workplaces.csv", {})),
        SourceFile(name="workplaces.csv", data=workplaces_file(plan.units, plan.terms.levels)),
    )
    assert read(*files, RosterOptions(), now=NOW).units == plan.units

    # as many pledge as voted for the union there
    standing = {
        places[where, name].id: employer.votes
        for where, city in cities.items()
        for name, employer in city.employers.items()
    }
    units = [replace(unit, standing=standing.get(unit.id, 0)) for unit in units]
    employers, reached = ready(cities)
    walking_out = {(where, name) for where, name in employers if where in reached}
    people = sum(cities[where].employers[name].votes for where, name in walking_out)
    found = rules.verdicts(units)
    assert named(units, found.ready, Tier.WORKPLACE) == employers
    assert named(units, found.ready, Tier.AREA) == {(where,) for where in reached}
    assert named(units, found.walks_out, Tier.WORKPLACE) == walking_out
    assert found.people[ROOT] == people

    opened = rules.open_up(Walkout(id=WalkoutId("w"), terms=plan.terms), units, now=NOW).walkout
    last = replace(opened, next_tally=plan.terms.pledge_by)
    ruling = rules.tally(last, units, now=plan.terms.pledge_by)
    assert (ruling.walkout.stage, people >= citywide) == (outcome, outcome is Stage.ON)
    out = {unit.id for unit in ruling.units if unit.out}
    assert named(units, out, Tier.WORKPLACE) == (walking_out if outcome is Stage.ON else set())
    everybody = sum(city.people for city in cities.values())
    with_a_number = sum(bool(city.needed) for city in cities.values())
    print(  # noqa: T201  shown with -s
        f"\n{len(places)} employers, {everybody:,} people, in {len(areas)} cities, {with_a_number} of them with a "
        f"number; {len(employers)} employers reached theirs, and {len(reached)} cities; {len(walking_out)} employers "
        f"with {people:,} people would walk out; {citywide:,} needed: {ruling.walkout.stage}"
    )
