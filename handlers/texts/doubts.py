"""What looks wrong in a draft, before it is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.domain.doubts import Doubt, Doubted
from handlers.texts.catalogue import _, ngettext
from handlers.texts.names import named
from handlers.texts.times import number


def doubts(found: Sequence[Doubted]) -> list[str]:
    """Say each in a line of its own, marked as what to look at."""
    return [_("Look again: {doubt}").format(doubt=_said(each)) for each in found]


def _said(found: Doubted) -> str:
    return _WORDS[found.doubt](found).format(
        names=named(found.names), n=number(found.number), of=number(found.of), places=number(len(found.names))
    )


_WORDS: dict[Doubt, Callable[[Doubted], str]] = {
    Doubt.EVERYBODY: lambda found: ngettext(
        "everybody has to pledge at {names}. One who does not, and it does not walk out.",
        "everybody has to pledge at {places} workplaces: {names}. One who does not, and theirs does not walk out.",
        len(found.names),
    ),
    Doubt.ALL_BUT_ONE: lambda found: ngettext(
        "all but one have to pledge at {names}.",
        "all but one have to pledge at {places} workplaces: {names}.",
        len(found.names),
    ),
    Doubt.ONE_COUNT: lambda _found: _("there is one count only, at the deadline. Nobody sees it grow."),
    Doubt.SOON: lambda _found: _("less than a day is left to pledge."),
    Doubt.MOST_OF_THE_CITY: lambda _found: _("it needs {n} of {of} people."),
    Doubt.ONE_IS_ENOUGH: lambda found: ngettext(
        "{names} alone can turn it on.", "each of {places} workplaces alone can turn it on: {names}.", len(found.names)
    ),
    Doubt.EVERY_WORKPLACE: lambda _found: _("all {n} workplaces have to be ready. One that is not stops all."),
    Doubt.EVERY_PART: lambda found: ngettext(
        "all parts of {names} have to be ready. One that is not stops it.",
        "all parts of {places} units have to be ready: {names}. One that is not stops what it is a part of.",
        len(found.names),
    ),
    Doubt.NOT_WITHOUT: lambda found: ngettext(
        "without {names} the numbers cannot be reached.",
        "without any one of {places} areas the numbers cannot be reached: {names}.",
        len(found.names),
    ),
    Doubt.SAME_TITLE: lambda _found: _("{names} has the same title."),
    Doubt.NO_PROOF: lambda _found: _(
        "nobody counts who takes part, so that no step of the campaign can follow. Write turnout = true in the file."
    ),
    Doubt.SAME_WORKPLACES: lambda _found: _("{n} of {of} workplaces are in {names} as well."),
}
