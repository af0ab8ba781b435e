"""Which of the organizers' own words are there in which language."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Protocol

from bot.domain.model import SPOKEN, Terms, Words

NAMES = tuple(each.name for each in fields(Words))
"""The fields of the file that may be there in several languages."""

MEET = "meet"
"""The column that may be."""


class Meeting(Protocol):
    """A workplace, stored or not yet."""

    @property
    def meet(self) -> str:
        """Where its people meet."""

    @property
    def meets(self) -> Mapping[str, str]:
        """The same in other languages."""


def missing(terms: Terms, places: Collection[Meeting], spoken: Iterable[str] = ()) -> Mapping[str, tuple[str, ...]]:
    """Return by language what is there in another one and not in it: names of fields, and MEET.

    Asked of each language in which anything is there, and each that is `spoken` in a room of the walkout ('': its own).
    """
    own = terms.language or SPOKEN
    meeting = [place for place in places if place.meet or place.meets]
    written = {own: {name for name in NAMES if getattr(terms, name)}}
    for language in {
        *terms.translations,
        *(each or own for each in spoken),
        *(m for place in meeting for m in place.meets),
    }:
        written.setdefault(language, set(terms.translations.get(language, Words()).written()))
    for language, names in written.items():
        if meeting and all(place.meet if language == own else place.meets.get(language) for place in meeting):
            names.add(MEET)
    anywhere = set().union(*written.values(), [MEET] if meeting else [])
    return {
        language: tuple(name for name in (*NAMES, MEET) if name in anywhere - names)
        for language, names in sorted(written.items())
        if anywhere - names
    }
