from __future__ import annotations

from bot.secrets import references
from bot.secrets.card_codes import ALPHABET


def test_references_are_random() -> None:
    made = {references.mint() for _ in range(1000)}

    assert len(made) == 1000
    assert {letter for reference in made for letter in reference} == set(ALPHABET)
