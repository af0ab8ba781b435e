"""A whole campaign: what each person read in it is kept, line by line, and holds its rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.console import campaign


@pytest.fixture(scope="module")
def kept() -> str:
    return campaign.KEPT.read_text(encoding="utf-8")


def test_a_campaign_is_played_to_the_same_lines(folder: Path, kept: str) -> None:
    assert campaign.played(folder) == kept


def test_its_turns_come_in_their_order(kept: str) -> None:
    """Whoever writes the lines anew does not lose what they are kept for."""
    assert "!!!!" not in kept
    assert "That cannot be done." not in kept
    turns = (
        "@dora0 <- voted",
        "@omar <- next_step\n    What we want: the last count is in. The next step can open at 3 workplaces",
        "1 other workplace does not qualify. Asked was 100 % of a workplace's number; a draft can ask for less.",
        "$ allout draft stickers.toml --after SURVEY",
        "It does not open where too few took part in the step before: Market.",
        "Step 2 of Buses for all.",
        "@mia0 <- card_rests",
        "What we want (SURVEY) is closed. Destroyed: its key, its pledges and votes",
        "The campaign's cards, rooms and stewards stay",
        "Mercy Hospital: 11 people take part, as you count.",
        "The next step can open at 2 workplaces: Depot, Mercy Hospital.",
        "$ allout draft walkout.toml --after STICKERS",
        "Step 3 of Buses for all.",
        "Depot: 11 cards drawn.",
        "School is not part of A day for the buses. Go to work as usual.",
        "@dora0 <- lapsed",
        "@dora0 <- wish",
        "$ allout draft again.toml --after WALKOUT",
        "@dora0 <- another_try",
        "» Bring water.",
        "Correction.",
        "» Bring water and bread.",
        "A day for the buses (AGAIN) is closed.",
        "@dora0 <- unknown_card",
        "The campaign Buses for all is closed.",
    )
    at = 0
    for turn in turns:
        assert turn in kept[at:], turn
        at = kept.index(turn, at)


def test_nobody_is_told_of_another_try_twice_and_no_vote_is_shown(kept: str) -> None:
    assert kept.count("<- another_try") == 1
    shown_anew = re.findall(r"@\w+ <- status\n((?:    .*\n|\n)*)", kept)
    assert shown_anew
    assert not [text for text in shown_anew if "Fast buses, More drivers" in text]
