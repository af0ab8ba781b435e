"""What clocks show in a city, by the rules of the `tzdata` package: the same on every machine.

Whatever has one of these zones as its tzinfo is never subtracted or compared: Python then goes by what clocks show,
and is an hour wrong twice a year. Instants therefore keep a plain offset, as `pinned` gives it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

_FILES = resources.files("tzdata")

_AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
"""Where names of zones are names of cities. Others, as `EST` and `US/Eastern`, say nothing to people, or mislead."""

_COUNTRIES_12H = """
AE AG AL AR AS AU BB BD BH BM BN BO BS BT CA CL CO CR CU CY DJ DM DO DZ EC EG EH ER ET FJ FM GD GH GM GR GT GU GY HK HN
IN IQ JM JO KH KI KN KP KR KW KY LB LC LR LS LY MH MO MP MR MW MX MY NA NI NZ OM PA PE PG PH PK PR PS PW PY QA SA SB SD
SG SL SO SS SV SY SZ TC TD TN TO TT TW UM US UY VC VE VG VI VU WS YE ZM
"""
"""Where people count hours to twelve. Source: CLDR 48, timeData, countries whose first cycle is `h` or `hb`."""


@cache
def zone(name: str) -> ZoneInfo:
    """Return the zone of one of the names that `is_known`."""
    if not is_known(name):
        raise KeyError(name)
    with _FILES.joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def is_known(name: str) -> bool:
    """Say whether it is the name of a city's zone."""
    return name in _names()


@cache
def _names() -> frozenset[str]:
    listed = _FILES.joinpath("zones").read_text("ascii").split()
    return frozenset(name for name in listed if name.partition("/")[0] in _AREAS)


def city(name: str) -> str:
    """Return the city after which a zone is named."""
    return name.rpartition("/")[2].replace("_", " ")


@cache
def cities() -> dict[str, str]:
    """Return the country's code of every zone that is somebody's own: none is an older spelling of another."""
    rows = _table("zone.tab")
    return {row[2]: row[0] for row in rows}


@cache
def countries() -> dict[str, str]:
    """Return countries' English names by their codes."""
    return {row[0]: row[1] for row in _table("iso3166.tab")}


@cache
def older_names() -> dict[str, str]:
    """Return today's spelling of each older one, such as `Asia/Kolkata` of `Asia/Calcutta`."""
    lines = _FILES.joinpath("zoneinfo", "tzdata.zi").read_text("ascii").splitlines()
    links = [line.split(" ") for line in lines if line.startswith("L ")]
    return {old: today for _link, today, old in links}


def clock_in(name: str) -> str:
    """Return `12h` or `24h`: what people use where this zone is."""
    country = cities().get(name) or cities().get(older_names().get(name, ""), "?")
    return "12h" if country in _COUNTRIES_12H.split() else "24h"


def pinned(instant: datetime, name: str) -> datetime:
    """Return the same instant with the offset that clocks there have then, as a plain number."""
    instant = instant.astimezone(UTC)  # a time that the zone's clocks leave out would stay as it is
    return instant.astimezone(timezone(instant.astimezone(zone(name)).utcoffset() or timedelta()))


def offset(instant: datetime) -> str:
    """Write an instant's offset from UTC: `-04:00`."""
    return instant.isoformat()[-len("-04:00") :]


def showing(wall: datetime, name: str) -> tuple[datetime, ...]:
    """Return every instant at which clocks there show this time: one, two, or none. `wall` has no offset."""
    both = neighbours(wall, name)
    return tuple(each for each in dict.fromkeys(both) if each.replace(tzinfo=None) == wall)


def neighbours(wall: datetime, name: str) -> tuple[datetime, datetime]:
    """Return what stands for a time that clocks there leave out: as long before they are changed, and after it."""
    first, second = (pinned(wall.replace(tzinfo=zone(name), fold=fold), name) for fold in (0, 1))
    return min(first, second), max(first, second)


def shifted(instant: datetime, by: timedelta, name: str) -> datetime:
    """Go so many whole days further, or back, to the same time by the clocks there."""
    local = instant.astimezone(zone(name))
    there = (local.replace(tzinfo=None) + by).replace(tzinfo=zone(name), fold=local.fold)
    return pinned(there, name)


def _table(name: str) -> list[list[str]]:
    lines = _FILES.joinpath("zoneinfo", name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
