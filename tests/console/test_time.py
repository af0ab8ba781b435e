"""A week in which clocks are put back, as people there read it."""

from __future__ import annotations

import re

from tests.console.play import Play, heard, news, pledging, roster, sure, terms, to

AUTUMN = {
    "timezone": "America/New_York",
    "starts": "2027-11-10 09:00",
    "pledge_by": "2027-11-09 00:00",
    "tally_every": "24h",
    "reminders": ["1d"],
    "citywide_threshold": 5,
}


def test_clocks_are_put_back_and_everybody_goes_by_them(play: Play) -> None:
    cards = play.prepare(terms(**AUTUMN), roster([("Mill", 12, 5)])).cards
    lines = play.console(
        "!clock 2027-11-03T20:00:00-04:00",
        "@olga /room citywide #city",
        *sure("@olga /open"),
        "!wait",
        *pledging("m", cards["Mill"][:3]),
        *["!tally", "@olga /board"] * 5,
        *pledging("m", cards["Mill"][3:5], first=3),
        "!tally",
        "@m0 [Check]",
        "!clock 2027-11-10T09:00:00-05:00",
    )
    boards = "\n".join(line["text"] for line in to(lines, "olga") if "As of tally" in line["text"])
    assert re.findall(r"As of tally \d, (.*)\.", boards) == [
        f"{day} Nov 2027, 8:00 pm" for day in ("Thu 4", "Fri 5", "Sat 6", "Sun 7", "Mon 8")
    ]
    assert re.findall(r"Next tally: (.*)\.", boards)[-1] == "the end of Monday 8 November 2027"
    first = to(lines, "m0")[0]["text"]
    assert "Pledge, or take it back, until the end of Monday 8 November 2027 in New York." in first
    assert "Walkout: Wed 10 Nov 2027, 9:00 am" in first
    kinds = [kind for room, kind, _scope in news(lines) if room == "#city"]
    assert kinds == ["opened", "reminder", "on", "tomorrow", "starts"]
    [opening], [tomorrow] = heard(lines, "#city", "opened"), heard(lines, "#city", "tomorrow")
    assert "until the end of Monday 8 November 2027 in New York" in opening
    assert "walks out on Wed 10 Nov 2027, 9:00 am" in tomorrow
