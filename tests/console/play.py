"""Plays walkouts through the `allout` command: files and lines in, JSON out, as an organizer's script would."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from handlers.cli import cli
from tests import stores
from tests.processes import PATIENCE_S

ALLOUT = Path(sys.executable).with_name("allout")

NOW = "2026-12-01T08:00:00-05:00"
"""When the scripts begin; with the usual terms the first tally is an hour later."""

PLEDGE_BY = datetime.fromisoformat("2026-12-08T20:00:00-05:00")
STARTS = datetime.fromisoformat("2026-12-12T09:00:00-05:00")


Line = dict[str, Any]
News = tuple[str, str, str]


def terms(**changes: object) -> str:
    """Write a walkout.toml: what the tests do not care about is as the design shows it."""
    fields: dict[str, object] = {
        "title": "One day for the rent freeze",
        "city": "New York",
        "demands": ["Freeze the rent", "Fast and free buses"],
        "legal_notice": "Ask your steward before you pledge.",
        "on_the_day": "Meet at nine at your own door; legal line 555-0100.",
        "starts": STARTS,
        "pledge_by": PLEDGE_BY,
        "citywide_threshold": 12,
        "confirm_tallies": 1,
        "tally_every": "1h",
        "approvals": 1,
        "workplaces": "workplaces.csv",
        **changes,
    }
    return "".join(f"{name} = {_toml(value)}\n" for name, value in fields.items())


def _toml(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)


SHOPS: tuple[tuple[str, int, int | str, str], ...] = (
    ("Depot", 10, 6, "at the Depot gate"),
    ("School", 10, "50%", "under the School clock"),
    ("Café, North", 20, "25%", "by the Café door"),
)
"""Thresholds 6, 5 and 5."""


def roster(shops: Iterable[Sequence[object]] = SHOPS, *more: str) -> str:
    """Write a workplaces.csv, with more columns behind the usual four."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = ["workplace", "headcount", "threshold", "meet", *more]
    writer.writerow(header)
    writer.writerows([*shop, ""][: len(header)] for shop in shops)
    return text.getvalue()


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one run of the command said."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """A walkout with its cards, by workplace."""

    id: str
    cards: dict[str, list[str]] = field(default_factory=dict)


class Play:
    """One folder with organizers' files and a store, and the `allout` command to use on it.

    `inside` runs the command in this process: the same parsing, store and output, without half a second to start.
    """

    def __init__(self, folder: Path, *, inside: bool) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.inside = inside

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def allout(
        self,
        *arguments: str | Path,
        stdin: str | bytes = b"",
        status: int | None = 0,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Ran:
        """Run it to its end; it must leave with this status (None: any)."""
        argv = [str(argument) for argument in arguments]
        given = stdin.encode() if isinstance(stdin, str) else stdin
        ran = self._inside(argv, given) if self.inside else self._outside(argv, given, env, cwd)
        if status is not None:
            assert ran.status == status, f"left with {ran.status}: {ran.err[-400:] or ran.out[-400:]}"
        return ran

    def _inside(self, argv: list[str], stdin: bytes) -> Ran:
        result = CliRunner().invoke(cli, argv, input=stdin, env=stores.setting_of(argv))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(status=result.exit_code, out=result.stdout, err=result.stderr)

    def _outside(self, argv: list[str], stdin: bytes, env: Mapping[str, str] | None, cwd: Path | None) -> Ran:
        done = subprocess.run(
            [ALLOUT, *argv],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
            env={**os.environ, **stores.setting_of(argv), **(env or {})},
            cwd=cwd or self.folder,
        )
        return Ran(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    def draft(self, about: str = "", places: str = "", *options: str) -> str:
        """Draft a walkout; return its id, which is the last line."""
        toml = self.write("walkout.toml", about or terms())
        self.write("workplaces.csv", places or roster())
        ran = self.allout("draft", toml, "--data", self.data, "--now", NOW, *options)
        return ran.out.splitlines()[-1]

    def cards(self, walkout: str, *options: str, name: str = "cards.csv") -> dict[str, list[str]]:
        """Mint the missing cards; return the codes by workplace."""
        out = self.folder / name
        whom = options or ("--all",)
        self.allout("cards", walkout, *whom, "--format", "csv", "--out", out, "--data", self.data)
        return read_cards(out)

    def prepare(self, about: str = "", places: str = "") -> Drafted:
        """Draft a walkout and mint all its cards."""
        walkout = self.draft(about, places)
        cards = self.cards(walkout, name=f"cards-{walkout}.csv")
        return Drafted(id=walkout, cards=cards)

    def console_command(
        self, now: str | datetime = NOW, organizers: Sequence[str] = ("olga", "omar"), script: str | Path = "-"
    ) -> list[str | Path]:
        when = now.isoformat() if isinstance(now, datetime) else now
        named = [argument for name in organizers for argument in ("--organizer", name)]
        return ["console", "--json", "--data", self.data, *named, "--now", when, "--script", script]

    def console(
        self,
        *lines: str,
        now: str | datetime = NOW,
        organizers: Sequence[str] = ("olga", "omar"),
        status: int | None = 0,
    ) -> list[Line]:
        """Play these lines; return every JSON object that was printed. Nothing may be said on stderr."""
        script = self.write("script.txt", "".join(f"{line}\n" for line in lines))
        ran = self.allout(*self.console_command(now, organizers, script), status=None)
        said = ran.err or "; ".join(f"line {line['line']}: {line['error']}" for line in errors(ran.lines))
        assert status in {None, ran.status}, f"left with {ran.status}: {said[-400:]}"
        assert ran.err == ""
        return ran.lines


def read_cards(path: Path) -> dict[str, list[str]]:
    """Read a file of codes back."""
    header, *rows = csv.reader(StringIO(path.read_text(encoding="utf-8-sig")))
    assert header == ["workplace", "card"]
    found: dict[str, list[str]] = {}
    for name, code in rows:
        found.setdefault(name, []).append(code)
    return found


def pledging(crew: str, cards: Sequence[str], first: int = 0) -> list[str]:
    """Let a crew open a card each and press Pledge: `depot0`, `depot1` and so on."""
    return [
        line
        for number, card in enumerate(cards, start=first)
        for line in (f"@{crew}{number} {card}", f"@{crew}{number} [Pledge]")
    ]


PRESSED = {
    "/open": "Open it",
    "/calloff": "Call it off",
    "/cards void": "Void them",
    "/cards recall": "Recall them",
    "/remove": "Remove",
    "/suspend": "Suspend",
    "/leave": "Take it out",
}
"""What is pressed after a command that only says what it does, and asks."""

ANYWAY = "Open all the same"


def sure(line: str, label: str = "") -> tuple[str, str]:
    """Let somebody send a command, read what it does, and press that they want it."""
    who, _blank, said = line.partition(" ")
    return line, f"{who} [{label or next(named for typed, named in PRESSED.items() if said.startswith(typed))}]"


def anyway(line: str) -> tuple[str, str]:
    """Let somebody open a walkout that has no citywide room."""
    return sure(line, ANYWAY)


def withdrawing(crew: str, cards: Sequence[str], first: int = 0) -> list[str]:
    """Let the same crew take the pledges back, by code."""
    return [f"@{crew}{number} /withdraw {card}" for number, card in enumerate(cards, start=first)]


def all_to(lines: Iterable[Line], name: str) -> list[Line]:
    """Keep what one person was told privately."""
    return [line for line in lines if line.get("to") == f"@{name}"]


def to(lines: Iterable[Line], name: str) -> list[Line]:
    """Keep that but for the pages that only say what something does, and ask."""
    return [line for line in all_to(lines, name) if line["kind"] != "sure"]


def pages(lines: Iterable[Line], name: str) -> list[str]:
    """Keep those pages."""
    return [line["text"] for line in all_to(lines, name) if line["kind"] == "sure"]


def answers(lines: Iterable[Line], name: str) -> list[Line]:
    """Keep what one person was answered, without the letters that came by themselves: only those have a scope."""
    return [line for line in to(lines, name) if "scope" not in line]


def letters(lines: Iterable[Line], name: str) -> list[Line]:
    """Keep the letters that came to one person by themselves."""
    return [line for line in to(lines, name) if "scope" in line]


def kinds(lines: Iterable[Line]) -> list[str]:
    """Name the kinds of these lines."""
    return [line["kind"] for line in lines]


def news(lines: Iterable[Line]) -> list[News]:
    """List what rooms heard: room, kind, scope."""
    return [(line["room"], line["kind"], line["scope"]) for line in lines if "room" in line]


def heard(lines: Iterable[Line], room: str, kind: str) -> list[str]:
    """Return the texts of one kind that a room heard."""
    return [line["text"] for line in lines if line.get("room") == room and line["kind"] == kind]


_REFERENCE = re.compile(r"\n\nRef ([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}) · check it: /verify\Z")


def reference(text: str) -> str:
    """Read the reference under what a room heard."""
    found = _REFERENCE.search(text)
    assert found, text
    return found[1]


def bare(text: str) -> str:
    """Leave the reference out, where there is one."""
    return _REFERENCE.sub("", text)


def errors(lines: Iterable[Line]) -> list[Line]:
    """Keep the console's own errors."""
    return [line for line in lines if "error" in line]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board read back from its text."""

    stage: str
    counted: int  #: as far as it is shown: the threshold once that is reached
    threshold: int
    ready: int
    units: int
    pledged: int  #: everywhere; as `counted` where the text does not tell
    tally: int
    places: dict[str, str]  #: what is said of each workplace


_BAR = "[▓░]{10}"
_NUMBER = r"(?:[a-z ]+ ([\d,]+)|nothing counted yet)"  # "about 1,200"; the words in front may change
_CITY = re.compile(
    rf"City\n{_BAR} (?:{_NUMBER} of ([\d,]+)|([\d,]+) reached)\n"
    r"([\d,]+) of ([\d,]+) workplaces? ha(?:ve|s) reached (?:theirs|its number), [\d,]+ needed"
)
_EVERYWHERE = re.compile(rf"Pledged everywhere, reached or not: {_NUMBER}")
_SAID = re.compile(rf"{_BAR} ((?:has reached|fewer than|about|at least) .+)")


def board(text: str) -> Board:
    """Read one page of a board."""
    head, _blank, tail = text.partition("\n\n")
    tail = tail.partition("\n\nPage ")[0]
    stage = head.split("\n")[0].rpartition(": ")[2]
    city = _CITY.search(head)
    assert city, head
    counted, threshold, reached, ready, units = map(_number, city.groups())
    everywhere = _EVERYWHERE.search(head)
    tally = re.search(r"As of tally (\d+),", head)
    names, bars = tail.split("\n")[::2], tail.split("\n")[1::2]
    said = [_SAID.fullmatch(line) for line in bars]
    assert all(said), tail
    return Board(
        stage=stage,
        counted=reached or counted,
        threshold=reached or threshold,
        ready=ready,
        units=units,
        pledged=_number(everywhere[1]) if everywhere else reached or counted,
        tally=int(tally[1]) if tally else 0,
        places={name: words[1] for name, words in zip(names, said, strict=True) if words},
    )


def _number(written: str | None) -> int:
    return int(written.replace(",", "")) if written else 0


def boards(lines: Iterable[Line]) -> list[Board]:
    """Read every board that was shown."""
    return [board(line["text"]) for line in lines if line.get("kind") == "board"]
