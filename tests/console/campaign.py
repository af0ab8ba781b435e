"""A whole campaign over a small city, played on the console: what each person read, from the first step to its end.

`python -m tests.console.campaign` writes `campaign.txt` anew; `test_campaign.py` compares every line. Read what
changes there as the one who gets it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.console.play import Line, Play

KEPT = Path(__file__).with_name("campaign.txt")

CHANCE = re.compile(
    r"(?<=must be: )[0-9A-Z]{4}|(?<=of you see: )[0-9A-Z]{4}"
    r"|(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{4,5}(-[0-9A-HJKMNP-TV-Z]{4,5})+\b"
)
"""References and codes: others each time."""

PLACES = """\
borough,workplace,department,headcount,threshold,minimum,meet
Bronx,Depot,,12,6,,at the gate
Bronx,Mercy Hospital,,,10,1,in the lobby
Bronx,Mercy Hospital,Kitchen,8,5,,
Bronx,Mercy Hospital,Nurses,10,5,,
Queens,School,,10,5,,under the clock
Queens,Market,,14,7,,at the fish stand
"""

EVERY_STEP = """\
city = "New York"
called_by = "The Transit Committee"
ask = "Your steward"
timezone = "America/New_York"
clock = "24h"
confirm_tallies = 1
"""

SURVEY = f"""\
title = "What we want"
kind = "survey"
campaign = "Buses for all"
pledge_by = 2026-12-05T20:00:00
citywide_threshold = 15
tally_every = "1d"
levels = ["borough"]
workplaces = "places.csv"
{EVERY_STEP}
[[questions]]
text = "What do we demand?"
options = ["Fast buses", "Free buses", "More drivers"]
choose = "any"

[[questions]]
text = "For how long?"
options = ["A day", "Until we win"]

[es]
title = "Lo que queremos"
campaign = "Buses para todos"
levels = ["distrito"]

[[es.questions]]
text = "¿Qué exigimos?"
options = ["Buses rápidos", "Buses gratis", "Más conductores"]

[[es.questions]]
text = "¿Por cuánto tiempo?"
options = ["Un día", "Hasta ganar"]
"""

STICKERS = f"""\
title = "Sticker day"
kind = "action"
starts = 2026-12-12T09:00:00
ends = 2026-12-12T17:00:00
pledge_by = 2026-12-10T20:00:00
citywide_threshold = 12
tally_every = "1d"
turnout = true
counted_by = "stewards"
on_the_day = "Wear the sticker from nine to five."
demands = ["Fast buses"]
{EVERY_STEP}"""

WALKOUT = f"""\
title = "A day for the buses"
starts = 2026-12-30T09:00:00
ends = 2026-12-30T17:00:00
pledge_by = 2026-12-28T20:00:00
citywide_threshold = 20
tally_every = "1d"
opens_where = 80
turnout = true
demands = ["Fast buses"]
on_the_day = "We meet at City Hall at ten."
{EVERY_STEP}"""

AGAIN = (
    WALKOUT.replace("2026-12-30", "2027-01-12")
    .replace("2026-12-28", "2027-01-10")
    .replace("citywide_threshold = 20", "citywide_threshold = 11")
)


class Playing:
    """One folder, and what everybody read in it so far."""

    def __init__(self, folder: Path) -> None:
        self.play = Play(folder, inside=True)
        self.said: list[str] = []
        self._names: dict[str, str] = {}  #: of walkouts, by id
        self._read: dict[str, str] = {}  #: who has read it first
        self._folder = folder

    def draft(self, name: str, about: str, now: str, *options: str) -> str:
        """Draft a step on the server; return its id."""
        self.play.write("places.csv", PLACES)
        toml = self.play.write(f"{name}.toml", about)
        ran = self.play.allout("draft", toml, "--data", self.play.data, "--now", now, *options)
        walkout = ran.out.splitlines()[-1]
        self._names[walkout] = name.upper()
        self._keep(f"$ allout draft {name}.toml {' '.join(options)}".rstrip(), ran.out)
        return walkout

    def do(self, now: str, *lines: str) -> list[Line]:
        """Let people say these lines; keep what each of them and each room read."""
        said = self.play.console(*(each for line in lines for each in ("!wait", line)), "!wait", now=now, status=None)
        self.said.append(f"==== {now}\n")
        self.said += [f"!!!! {line}" for line in said if "error" in line]
        heard = [(line.get("to") or line["room"], line) for line in said if "error" not in line]
        # nothing tells in which order two of them read the same news
        for reader, line in sorted(heard, key=lambda each: each[0]):
            if reader[-1].isdigit() and not reader.endswith("0"):
                continue
            buttons = "".join(f" [{button}]" for button in line.get("buttons", ()))
            more = f"\n{buttons}" if buttons else ""
            self._keep(f"{reader} <- {line['kind']}", f"{line.get('text', '')}{more}")
        return said

    def _keep(self, head: str, text: str) -> None:
        """Keep it, or where somebody has read the same, only that."""
        for walkout, name in self._names.items():
            head, text = (each.replace(walkout, name) for each in (head, text))
        text = CHANCE.sub("CHANCE", text.replace(str(self._folder), ""))
        before = self._read.setdefault(text, head)
        if before is not head and "\n" in text:
            text = f"(the same as: {before})"
        self.said.append(f"{head}\n{''.join(f'    {line}'.rstrip() + chr(10) for line in text.splitlines())}")


def pledging(crew: str, cards: Sequence[str], label: str = "Pledge", first: int = 0) -> list[str]:
    """Let a crew open a card each and press the button."""
    each = enumerate(cards, start=first)
    return [line for nth, card in each for line in (f"@{crew}{nth} {card}", f"@{crew}{nth} [{label}]")]


def voting(who: str, *options: str) -> list[str]:
    """Let somebody vote who has just pledged to take part."""
    return [f"@{who} [{label}]" for label in ("Vote", *options, "Cast my vote")]


def opening(*more: str) -> list[str]:
    """Let olga look whether people are ready, and open what is a draft; omar approves."""
    return ["@olga /ready", "@olga /open", "@olga [Open it]", "@omar [Approve]", *more]


def campaign(playing: Playing) -> None:
    """Play all of it."""
    now = "2026-12-01T08:00:00-05:00"
    survey = playing.draft("survey", SURVEY, now)
    cards = {name.split(",")[0]: codes for name, codes in playing.play.cards(survey).items()}
    depot, kitchen, nurses, school, market = (
        cards[name] for name in ("Depot", "Kitchen", "Nurses", "School", "Market")
    )
    _what_we_want(playing, now, depot, kitchen, nurses, school, market)
    now = "2026-12-07T08:00:00-05:00"
    stickers = playing.draft("stickers", STICKERS, now, "--after", survey)
    _sticker_day(playing, now, depot, kitchen, nurses, school, market)
    now = "2026-12-14T08:00:00-05:00"
    walkout = playing.draft("walkout", WALKOUT, now, "--after", stickers)
    _not_yet(playing, now, depot, kitchen, nurses, school)
    now = "2027-01-02T08:00:00-05:00"
    playing.draft("again", AGAIN, now, "--after", walkout)
    _again(playing, now, depot, kitchen, nurses, school)


def _what_we_want(
    playing: Playing,
    now: str,
    depot: list[str],
    kitchen: list[str],
    nurses: list[str],
    school: list[str],
    market: list[str],
) -> None:
    playing.do(
        now,
        "@olga /room citywide #city",
        "@olga /room Bronx #bronx",
        "@olga /room Depot #depot",
        "@olga /room Market #market",
        "@olga /room School es #escuela",
        *opening(),
    )
    for name, place in (("sam", "Depot"), ("sue", "Mercy Hospital"), ("sol", "School")):
        said = playing.do(now, f'@olga /appoint steward "{place}" {name}')
        code = next(found[0] for line in said if (found := CHANCE.search(line.get("text", ""))))
        playing.do(now, f"@{name} {code}", "@olga [Yes, it is them]")
    playing.do(
        "2026-12-01T09:00:00-05:00",
        "@sam /drawn 12",
        *pledging("dora", depot[:1], "Take part"),
        *("@dora0 [Vote]", "@dora0 [Fast buses]", "@dora0 [More drivers]", "@dora0 [Done]", "@dora0 [Until we win]"),
        *("@dora0 [Cast my vote]", "@dora0 [Vote anew]", "@dora0 [Leave this out]", "@dora0 [Do not vote now]"),
        *("@dora0 [Check]", "@dora0 [Tell me]", "@dora0 [Yes, tell me]"),
        *[
            line
            for nth, card in enumerate(depot[1:6], start=1)
            for line in (
                *pledging("dora", [card], "Take part", nth),
                *voting(f"dora{nth}", "Fast buses", "Done", "Until we win"),
            )
        ],
        *pledging("ken", kitchen[:5], "Take part"),
        *pledging("nina", nurses[:5], "Take part"),
        *[line for nth in range(5) for line in voting(f"nina{nth}", "Free buses", "Done", "A day")],
        *pledging("saul", school[:5], "Take part"),
        *("@saul0 [Withdraw]", "@saul0 [Take part]"),
        *pledging("mia", market[:3], "Take part"),
        *("@mia0 [Tell me]", "@mia0 [Yes, tell me]"),
    )
    playing.do(
        "2026-12-05T21:00:00-05:00",
        *("@olga /board", "@olga /report", "@sam /board"),
        *(f"@dora0 {depot[0]}", f"@mia0 {market[0]}", f"@zoe0 {depot[11]}"),
    )


def _sticker_day(
    playing: Playing,
    now: str,
    depot: list[str],
    kitchen: list[str],
    nurses: list[str],
    school: list[str],
    market: list[str],
) -> None:
    playing.do(
        now,
        *opening("@olga /board", f"@mia0 {market[0]}", f"@new0 {market[9]}"),
        *pledging("dora", depot[:6]),
        "@dora0 [Check]",
        *pledging("ken", kitchen[:5]),
        *pledging("nina", nurses[:5]),
        *pledging("saul", school[:5]),
    )
    playing.do(
        "2026-12-10T21:00:00-05:00", f"@dora0 {depot[0]}", "@sam /board", f"@mia0 {market[0]}", f"@new0 {market[9]}"
    )
    playing.do("2026-12-12T09:00:00-05:00", f"@dora0 {depot[0]}", "@sam /tookpart 6", "@sue /tookpart 11")
    playing.do("2026-12-12T12:00:00-05:00", "@sam /tookpart 13", "@sol /tookpart 3", "@sam /tookpart", "@olga /board")
    playing.do("2026-12-13T10:00:00-05:00", "@sol /tookpart 5", "@olga /report", f"@dora0 {depot[0]}")


def _not_yet(
    playing: Playing, now: str, depot: list[str], kitchen: list[str], nurses: list[str], school: list[str]
) -> None:
    playing.do(
        now,
        *opening(f"@saul0 {school[0]}"),  # the step before is over, and not closed yet: nobody means that one
        *("@sam /board", "@sam /drawn 11", "@olga /cards", "@olga /help", "@sam /tookpart 5"),
        *pledging("dora", depot[:6]),
        *("@dora0 [Tell me]", "@dora0 [Yes, tell me]"),
        *pledging("ken", kitchen[:5]),
        *pledging("nina", nurses[:5]),
    )
    playing.do(
        "2026-12-28T20:30:00-05:00",
        *("@dora0 [Tell me of a retry]", f"@ken0 {kitchen[0]}", "@olga /report"),
    )


def _again(
    playing: Playing, now: str, depot: list[str], kitchen: list[str], nurses: list[str], school: list[str]
) -> None:
    playing.do(
        now,
        *opening(),
        *pledging("dora", depot[:6]),
        *("@dora0 [Tell me]", "@dora0 [Yes, tell me]"),
        *pledging("ken", kitchen[:5]),
        *pledging("nina", nurses[:5]),
    )
    playing.do(
        "2027-01-11T08:00:00-05:00",
        *("@olga /word citywide", "@olga Bring water.", "@olga [Say it]", "@omar [Approve]"),
        f"@saul0 {school[0]}",
        *("@olga /word correction", "@olga Bring water and bread.", "@olga [Say it]", "@omar [Approve]"),
    )
    playing.do("2027-01-12T09:00:00-05:00", f"@dora0 {depot[0]}", "@dora0 [I'm out]")
    playing.do("2027-01-13T10:00:00-05:00", "@olga /report", "@olga /walkouts", f"@dora0 {depot[0]}")
    playing.do("2027-01-20T10:00:00-05:00", "@olga /walkouts", f"@dora0 {depot[0]}")
    playing.do("2027-03-16T10:00:00-04:00", "@olga /walkouts", f"@dora0 {depot[0]}")


def played(folder: Path) -> str:
    """Play it in this folder; return what was read."""
    playing = Playing(folder)
    campaign(playing)
    return "\n".join(playing.said)


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        KEPT.write_text(played(Path(made)), encoding="utf-8")
