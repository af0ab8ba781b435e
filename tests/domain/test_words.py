"""Organizers learn which of their texts people will not read in their own language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.domain.model import Words
from bot.domain.words import missing
from tests.conftest import shops, terms

SPANISH = {"es": Words(title="Un día", demands=("Pan",))}
GATES = [replace(shops(9)[0], meet="At the gate"), shops(9)[0]]
BOTH = [replace(shops(9)[0], meet="At the gate", meets={"es": "En el portón"}), shops(9)[0]]


@pytest.mark.parametrize(
    ("about", "places", "spoken", "lacking"),
    [
        ({}, [], [], {}),
        ({"legal_notice": "Ask."}, GATES, ["", "en"], {}),  # one language is nothing to remark on
        ({"demands": ("Bread",), "translations": SPANISH}, [], [], {}),
        ({"legal_notice": "Ask.", "translations": SPANISH}, [], [], {"en": ("demands",), "es": ("legal_notice",)}),
        ({"demands": ("Bread",), "translations": SPANISH}, GATES, [], {"es": ("meet",)}),
        ({"demands": ("Bread",), "translations": SPANISH}, BOTH, [], {}),
        ({}, BOTH, [], {"es": ("title",)}),
        ({}, [*BOTH, GATES[0]], [], {"es": ("title", "meet")}),  # at one of them only in English
        ({"demands": ("Bread",)}, GATES, ["", "es"], {"es": ("title", "demands", "meet")}),  # a room in Spanish
        ({"language": "es"}, [], ["", "es"], {}),
        ({"language": "es"}, [], ["en"], {"en": ("title",)}),
    ],
)
def test_what_is_missing_is_said_of_each_language_that_is_written_or_spoken_in_a_room(
    about: dict[str, object], places: list[object], spoken: list[str], lacking: Mapping[str, tuple[str, ...]]
) -> None:
    assert missing(terms(**about), places, spoken) == lacking  # type: ignore[arg-type]
