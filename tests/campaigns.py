"""A campaign for bots that run: a survey, a day of stickers that too few pledge to, and another try of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.house import RunningBot

STEP = timedelta(hours=2)
"""From one deadline to the next."""

PLACES = "workplace,headcount,threshold,meet\nDepot,10,5,at the gate\nSchool,10,5,by the clock\n"

QUESTIONS = """
[[questions]]
text = "What do we want?"
options = ["More pay", "Less heat"]
choose = "any"
"""


def survey(began: datetime) -> str:
    """Write the first step."""
    return f"""title = "What we want"
kind = "survey"
campaign = "Cool and paid"
pledge_by = {(began + STEP).isoformat()}
citywide_threshold = 5
tally_every = "1d"
approvals = 1
workplaces = "places.csv"
{QUESTIONS}"""


def stickers(began: datetime, nth: int) -> str:
    """Write the n-th try of the second."""
    pledge_by = began + STEP * (nth + 1)
    return f"""title = "Sticker day"
kind = "action"
starts = {(pledge_by + STEP / 2).isoformat()}
pledge_by = {pledge_by.isoformat()}
citywide_threshold = 5
confirm_tallies = 1
tally_every = "1d"
approvals = 1
turnout = true
counted_by = "stewards"
on_the_day = "Wear it from nine to five."
"""


async def drafted(house: RunningBot, about: str, *options: str) -> str:
    """Draft a step on the server; return its id."""
    (house.folder / "places.csv").write_text(PLACES, encoding="utf-8")
    (house.folder / "step.toml").write_text(about, encoding="utf-8")
    return (await house.allout("draft", "step.toml", *options)).splitlines()[-1]


async def cards(house: RunningBot, walkout: str) -> dict[str, Sequence[str]]:
    """Make the cards; return them by workplace."""
    out = house.folder / "cards.csv"
    await house.allout("cards", walkout, "--all", "--format", "csv", "--out", out)
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()):
        found.setdefault(row["workplace"], []).append(row["card"])
        house.codes.append(row["card"].replace("-", ""))
    return dict(found)
