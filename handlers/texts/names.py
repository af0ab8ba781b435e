"""Several names in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from bot.domain.model import Tier, Unit
from handlers.texts.catalogue import _, isolated, name_of, ngettext
from handlers.texts.times import number

NAMED_AT_MOST = 10
"""Workplaces named in one list; a phone shows no more."""


def named(names: Sequence[str]) -> str:
    """Write names in a row; of many the first, and how many more there are."""
    return enumerated(names[:NAMED_AT_MOST], len(names) - NAMED_AT_MOST)


def enumerated(names: Sequence[str], more: int) -> str:
    """Write these names in a row, and how many more there are."""
    said = joined(names)
    if more <= 0:
        return said
    return ngettext("{names} and {n} more", "{names} and {n} more", more).format(names=said, n=number(more))


def joined(names: Sequence[str]) -> str:
    """Write names in a row, each kept apart from the others' direction; nothing, if there is none."""
    return reduce(lambda before, name: _("{first}, {second}").format(first=before, second=name), names) if names else ""


def full(path: Sequence[Unit]) -> str:
    """Name the unit at the end of a path; a department with its workplace, for there are nurses in every hospital."""
    here = path[-1]
    return joined([here.name, path[-2].name]) if here.tier is Tier.DEPARTMENT else here.name


def of_languages(codes: Iterable[str]) -> str:
    """List languages as they are typed, each with its name in itself."""
    return joined([f"{each} ({isolated(name_of(each))})" for each in codes])
