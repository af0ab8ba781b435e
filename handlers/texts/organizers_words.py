"""The organizers' own words, in the language spoken now; what they have not written in it is said as they wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.model import Terms, Unit, Walkout
from handlers.texts.catalogue import _, name_of, spoken
from handlers.texts.names import joined


def worded(terms: Terms) -> Terms:
    """Return the terms with the organizers' texts in this language."""
    return terms.said_in(spoken())


def meeting_point(path: Sequence[Unit]) -> str:
    """Say where people meet: those of a unit without a word of its own meet where those of the one above it do."""
    return next(filter(None, (unit.meets.get(spoken(), unit.meet) for unit in reversed(path))), "")


def the_day(walkout: Walkout, path: Sequence[Unit] = ()) -> str:
    """Say where to meet and what the organizers have to say for the day, each on a line of its own."""
    said = [meeting_point(path), worded(walkout.terms).on_the_day]
    return "".join(f"\n{line}" for line in said if line)


def untranslated(missing: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Tell organizers which of their texts are not there in which language; see bot.domain.words.missing."""
    return [
        _(
            "Not written in {language}: {names}. People who read {language} see the fields without a language instead."
        ).format(language=name_of(language), names=joined([*names]))
        for language, names in missing.items()
    ]
