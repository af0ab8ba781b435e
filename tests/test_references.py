from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot import references
from bot.cards import ALPHABET

ANY = some.text(ALPHABET, min_size=references.LENGTH, max_size=references.LENGTH)


def test_references_are_random() -> None:
    made = {references.mint() for _ in range(1000)}

    assert len(made) == 1000
    assert {letter for reference in made for letter in reference} == set(ALPHABET)


@given(ANY, some.booleans(), some.sampled_from(["", " ", "-", " - ", "\u2013", "\u00a0", "."]))
def test_a_reference_is_read_however_it_is_copied(reference: str, lower: bool, between: str) -> None:  # noqa: FBT001
    typed = references.pretty(reference).replace("-", between)
    typed = typed.replace("0", "O").replace("1", "L")

    assert references.parse(typed.lower() if lower else typed) == reference


@pytest.mark.parametrize("typed", ["", "K7M3", "K7M3-QX2", "K7M3-QX2PP", "K7M3-QX2U", "K7M3-QX2\U0001f9f9", "-" * 8])
def test_what_is_no_reference_is_none(typed: str) -> None:
    assert references.parse(typed) is None
