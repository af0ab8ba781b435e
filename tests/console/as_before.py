"""What files, stores and scripts of before there were units in a tree came to then.

`python -m tests.console.as_before ALLOUT` wrote `before/` with that version's own `allout` (344f439,
the last before). It is not to be written anew by a later one: `test_as_before.py` plays the same, and compares every
line.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.processes import run

HERE = Path(__file__).parent / "before"
STORE, KEY_FILE = "allout.db", "allout.key"

Codes = Mapping[str, Sequence[str]]  #: by workplace
Transcript = dict[str, list[str]]
"""What each reader read, line by line. Nothing tells in which order two of them do."""

SPANISH = {
    "[Open it]": "[Abrirlo]",
    "[Approve]": "[Aprobar]",
    "[Pledge]": "[Comprometerme]",
    "[Not now]": "[Ahora no]",
    "[Tell me]": "[Avísame]",
    "[Yes, tell me]": "[Sí, avísame]",
    "[Void them]": "[Anularlas]",
    "[Check]": "[Revisar]",
    "[Picture]": "[Imagen]",
}

CHANCE = re.compile(r"(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{4,5}(-[0-9A-HJKMNP-TV-Z]{4,5})+\b")
"""References and codes: others each time."""


class Playing:
    """A folder in which one walkout is played by this `allout`."""

    def __init__(self, allout: Sequence[str | Path], folder: Path) -> None:
        self.said: Transcript = {}
        self.data = folder / "data"
        self._allout = allout
        self._folder = folder
        self._walkout = "?????"

    def draft(self, name: str, now: str) -> Codes:
        """Draft this walkout and make its cards."""
        shutil.copytree(HERE / name, self._folder / name)
        drafted = self._run("draft", f"{name}/walkout.toml", "--data", self.data, "--now", now)
        self._walkout = drafted.splitlines()[-1]
        self._keep("allout draft", drafted)
        ordered = ("cards", self._walkout, "--all", "--format", "csv", "--out", "cards.csv", "--data", self.data)
        self._keep("allout cards", self._run(*ordered))
        return self.codes()

    def codes(self) -> Codes:
        """Read the codes of the cards."""
        found: dict[str, list[str]] = {}
        with (self._folder / "cards.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["workplace"], []).append(row["card"])
        return found

    def take_over(self, walkout: str, cards: str) -> None:
        """Go on with a store and cards of before."""
        self._walkout = walkout
        (self._folder / "cards.csv").write_text(cards, encoding="utf-8")

    def console(self, now: str, lines: Sequence[str], *options: str) -> None:
        """Let people say these lines."""
        if "es" in options:
            lines = [re.sub(r"\[.+\]", lambda found: SPANISH[found[0]], line) for line in lines]
        lines = [each for line in lines for each in (("!wait", line, "!wait") if line.startswith("@o") else (line,))]
        said = ("console", "--json", "--data", self.data, "--organizer", "olga", "--organizer", "omar", "--now", now)
        for line in map(json.loads, self._run(*said, "--script", "-", *options, said="\n".join(lines)).splitlines()):
            reader = line.pop("to", None) or line.pop("room")
            if (file := Path(line.get("file", ""))).name:
                line["file"] = file.read_text(encoding="utf-8-sig") if file.suffix == ".csv" else file.name
            self._keep(reader, json.dumps(line, ensure_ascii=False))

    def _run(self, *words: str | Path, said: str = "") -> str:
        ran = run((*self._allout, *words), folder=self._folder, said=said)
        assert (ran.returncode, ran.stderr) == (0, ""), (
            ran.stderr,
            [s for s in ran.stdout.splitlines() if "error" in s],
        )
        return ran.stdout

    def _keep(self, reader: str, line: str) -> None:
        known = line.replace(self._walkout, "ID").replace(str(self._folder), "")
        self.said.setdefault(reader, []).append(CHANCE.sub("CHANCE", known))


# -- the plays ----------------------------------------------------------------------------------------------------


def tutorial() -> list[str]:
    """Return the lines of the tutorial, and some more, with a place to put codes in."""
    return (HERE / "first-walkout" / "typed.txt").read_text(encoding="utf-8").splitlines()


def typed(codes: Codes, *, until: bool) -> list[str]:
    """Return those until the store is looked at, or those after it."""
    lines = [re.sub(r"\{(.+) (\d)\}", lambda found: codes[found[1]][int(found[2])], line) for line in tutorial()]
    at = lines.index("")
    return lines[:at] if until else lines[at + 1 :]


TUTORIAL_NOW = "2027-04-20T09:00:00-04:00"
LATER = "2027-04-20T12:30:00-04:00"


def first_walkout(playing: Playing, then: Callable[[Playing, Codes], None], *options: str) -> None:
    """Play the smallest example; halfway something may happen to its folder."""
    codes = playing.draft("first-walkout", TUTORIAL_NOW)
    playing.console("2027-04-20T10:00:00-04:00", typed(codes, until=True), *options)
    then(playing, codes)
    codes = playing.codes()
    playing.console(LATER, typed(codes, until=False), *options)


def demo_city(playing: Playing) -> None:
    """Play the city: some reach their number early, it is on, some join, and one falls back."""
    codes = playing.draft("demo-city", "2027-04-19T09:00:00-04:00")
    lines = _demo_lines(codes)
    playing.console("2027-04-19T12:00:00-04:00", [*next(lines), *next(lines)])
    playing.console("2027-04-24T12:30:00-04:00", next(lines), "--language", "es")
    playing.console("2027-04-30T11:00:00-04:00", next(lines))


def _demo_lines(codes: Codes) -> Iterator[list[str]]:
    names = sorted(codes, key=str.casefold)
    rooms = [f'@olga /room "{name}" {"es " if n % 3 else ""}#{name.replace(" ", "")}' for n, name in enumerate(names)]
    yield ["@olga /room citywide #city", *rooms, "@olga /open", "@olga [Open it]", "@omar [Approve]"]

    def pledge(part: float, only: Sequence[str], first: float = 0) -> list[str]:
        return [
            line
            for name in only
            for n, code in enumerate(codes[name])
            if first <= n / len(codes[name]) < part
            for line in (f"@{names.index(name)}-{n} {code}", f"@{names.index(name)}-{n} [Pledge]")
        ]

    early, late = names[::2], names[1:26:2]
    looks = ["@olga /board", "@olga /board csv", "@olga /board hotel", "@olga /rooms", "@0-0 [Check]", "@1-0 [Check]"]
    falls = names.index(early[3])
    shown = [f"@{name}-{n} {codes[names[name]][n]}" for name, n in ((0, 0), (1, 0), (falls, 12))]
    yield [
        *pledge(0.3, [*early, *late]),
        *("!tally", *looks, "!tally"),
        *pledge(0.72, early, 0.3),
        *("!tally", *looks, '@olga /appoint steward "Brindle Calls" Ana', "@omar /drawn Brindle 80"),
        *(f"@{falls}-{n} [Withdraw]" for n in range(10)),
        *("!tally", "@olga /board", f"@{falls}-12 [Check]", "@0-1 [Tell me]", "@0-1 [Yes, tell me]"),
    ]
    yield [
        *pledge(0.8, [names[n] for n in range(1, 16)], 0.72),
        "!wait",
        *pledge(0.72, late, 0.3),
        *("!tally", "@olga /board", *shown, "!tally", "@olga /board csv"),
    ]
    yield [
        *(*shown, "@olga /report", "!clock 2027-05-01T12:00:00-04:00"),
        *(*shown, "@olga /board", "!clock 2027-05-02T12:30:00-04:00", "@olga /report", "@olga /walkouts"),
    ]


PLAYS: Mapping[str, Callable[[Playing, Callable[[Playing, Codes], None]], None]] = {
    "first-walkout": first_walkout,
    "first-walkout.es": lambda playing, then: first_walkout(playing, then, "--language", "es"),
    "demo-city": lambda playing, _then: demo_city(playing),
}


# -- kept ---------------------------------------------------------------------------------------------------------


def write(said: Transcript, path: Path) -> None:
    """Keep what was said, each line once."""
    lines = list(dict.fromkeys(line for some in said.values() for line in some))
    number = {line: n for n, line in enumerate(lines)}
    read = {reader: [number[line] for line in some] for reader, some in sorted(said.items())}
    numbered = [f"{json.dumps(reader)}: {json.dumps(some)}" for reader, some in read.items()]
    shown = [json.dumps(line, ensure_ascii=False) for line in lines]
    text = '{"lines": [\n' + ",\n".join(shown) + '\n],\n"read": {\n' + ",\n".join(numbered) + "\n}}\n"
    path.write_text(text, encoding="utf-8")


def read(path: Path) -> Transcript:
    """Return what was kept."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {reader: [kept["lines"][n] for n in some] for reader, some in kept["read"].items()}


def _dump(playing: Playing, codes: Codes) -> None:
    with closing(sqlite3.connect(playing.data / STORE)) as db:
        [(version,)] = db.execute("PRAGMA user_version").fetchall()
        [(application,)] = db.execute("PRAGMA application_id").fetchall()
        [(walkout,)] = db.execute("SELECT id FROM walkout").fetchall()
        pragmas = [f"PRAGMA user_version = {version};", f"PRAGMA application_id = {application};"]
        (HERE / "store.sql").write_text("\n".join([*pragmas, *db.iterdump()]) + "\n", encoding="utf-8")
    key = json.loads((playing.data / KEY_FILE).read_text(encoding="utf-8"))
    kept = {"walkout": walkout, "key file": key, "cards": (playing.data.parent / "cards.csv").read_text("utf-8-sig")}
    (HERE / "store.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main(allout: str) -> None:
    """Write everything."""
    for name, play in PLAYS.items():
        with TemporaryDirectory() as folder:
            playing = Playing([allout], Path(folder))
            play(playing, _dump if name == "first-walkout" else lambda _playing, _codes: None)
            write(playing.said, HERE / f"{name}.json")


if __name__ == "__main__":
    main(sys.argv[1])
