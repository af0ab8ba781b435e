"""Files, scripts and stores of before there were areas and departments behave as they did: every line is compared."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.console import as_before
from tests.console.as_before import HERE, PLAYS, Codes, Playing, Transcript
from tests.processes import ALLOUT

SINCE = (
    " Once it is on, I pass on what the organizers say to everybody, or to your workplace.",
    " Una vez que va, te paso lo que el comité organizador le diga a toda la gente, o a tu lugar de trabajo.",
    ', "Are we ready?"',
    ', "¿Estamos listos?"',
    ', "Language 文 বা ع"',
    ', "Idioma 文 বা ع"',
)
"""What is there besides: for whoever may ask to be told, a button for whoever opens, and one for another language."""


def as_it_was(line: str) -> str:
    for added in SINCE:
        line = line.replace(added, "")
    return line


def same(now: Transcript, before: Transcript) -> None:
    assert now.keys() == before.keys()
    for reader, lines in before.items():
        assert list(map(as_it_was, now[reader])) == lines, reader


@pytest.mark.parametrize("name", PLAYS)
def test_an_example_of_before_is_played_to_the_same_lines(name: str, data: Path) -> None:
    data.mkdir(exist_ok=True)
    playing = Playing(ALLOUT, data)
    PLAYS[name](playing, lambda _playing, _codes: None)
    same(playing.said, as_before.read(HERE / f"{name}.json"))


def test_a_store_of_before_goes_on_to_the_same_lines(data: Path) -> None:
    def taken_over(playing: Playing, _codes: Codes) -> None:
        kept = json.loads((HERE / "store.json").read_text(encoding="utf-8"))
        shutil.rmtree(playing.data)
        playing.data.mkdir(mode=0o700)
        with closing(sqlite3.connect(playing.data / as_before.STORE)) as db:
            db.executescript((HERE / "store.sql").read_text(encoding="utf-8"))
        (playing.data / as_before.KEY_FILE).write_text(json.dumps(kept["key file"]), encoding="utf-8")
        (playing.data / as_before.KEY_FILE).chmod(0o600)
        playing.take_over(kept["walkout"], kept["cards"])

    playing = Playing(ALLOUT, data)
    PLAYS["first-walkout"](playing, taken_over)
    same(playing.said, as_before.read(HERE / "first-walkout.json"))
