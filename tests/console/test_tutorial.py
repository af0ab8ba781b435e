"""The tutorial is typed as it stands there, line by line."""

from __future__ import annotations

import re
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

from tests.console.live import live
from tests.console.play import Play, all_to, news, read_cards

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial" / "first-walkout.md").read_text(encoding="utf-8")
TYPED = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ALLOUT = ".venv/bin/allout "


def test_whoever_types_the_tutorial_sees_what_it_says(play: Play) -> None:
    shutil.copytree(ROOT / "examples" / "first-walkout", play.folder / "examples" / "first-walkout")
    blocks = TYPED.findall(TUTORIAL)
    commands = [block.removeprefix(ALLOUT) for how, block in blocks if how == "sh"]
    draft, cards, console = map(shlex.split, commands)
    play.data = play.folder / console[console.index("--data") + 1]

    walkout = play.allout(*draft).out.splitlines()[-1]
    play.allout(*(walkout if word == "ID" else word for word in cards))
    codes = iter(read_cards(play.folder / cards[cards.index("--out") + 1])["North Depot"])
    lines = re.sub("CODE", lambda _: next(codes), "".join(block for how, block in blocks if how == "text")).splitlines()
    organizers = [name for option, name in pairwise(console) if option == "--organizer"]
    with live(play, organizers, console[console.index("--now") + 1]) as terminal:
        said = terminal.read(*lines)

    assert news(said)[-2:] == [("#city", "on", "citywide"), ("#depot", "we_are_out", "North Depot")]
    assert all_to(said, "ana")[-1]["text"].startswith("It is on")
    assert sorted(path.suffix for path in (play.data / "files").iterdir()) == [".csv", ".png"]
