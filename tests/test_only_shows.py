"""What a platform answers without an acknowledgement changes nothing, whoever asks, and whatever stands behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handlers import conversation
from handlers.conversation import SHOWING, SHOWING_COMMANDS, Reply, Said, only_shows
from tests import stores
from tests.tour import ANA, OLGA, STEWARD, Tour, tour

pytestmark = pytest.mark.usefixtures("no_thread")


@dataclass(kw_only=True)
class Watched(Tour):
    """A visit that looks after each answer whether a row was written."""

    shown: set[str] = field(default_factory=set)  #: commands, and letters of buttons

    async def _answered(self, who: str, said: Said) -> Reply:
        before = await stores.changes(self.app.store)
        reply = await super()._answered(who, said)
        if only_shows(said):
            self.shown.add(said.words[0] if said.words else (said.button or "")[:1])
            assert await stores.changes(self.app.store) == before, f"{said} has changed something"
        return reply


async def test_what_only_shows_changes_nothing(data: Path) -> None:
    async with tour(data, "es") as visitor:
        watched = Watched(**vars(visitor))
        await watched.visit(who=(ANA, STEWARD, OLGA))
        await watched.mistake()
        assert watched.shown >= SHOWING_COMMANDS | SHOWING - {"V", "L"}  # see tests/test_voting.py, test_ladder.py


async def test_a_button_that_changes_something_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "SHOWING", SHOWING | {"p"})
    async with tour(data, "es") as visitor:
        watched = Watched(**vars(visitor))
        await watched.choose(OLGA, "open")
        with pytest.raises(AssertionError, match="has changed something"):
            await watched.visit(who=(ANA,))
