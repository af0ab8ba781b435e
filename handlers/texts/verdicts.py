"""What a workplace's rooms and its workers hear alike: whether it walks out, when, and from where."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.model import Unit, Walkout
from bot.domain.rules import fell_below, has_number, lacks, left_with
from bot.domain.tree import workplace_on
from handlers.texts.catalogue import _
from handlers.texts.organizers_words import the_day
from handlers.texts.times import deadline, when
from handlers.texts.workers import fewer_stand, headline


def last_word(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Say yes or no, once the last count is taken."""
    if not workplace_on(path).out:
        return not_out(walkout, path)
    said = _("{headline}: the last count is taken. {workplace} walks out on {starts}. Until then, work as usual.")
    return _walks_out(said, walkout, path)


def not_out(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Say no, once the last count is taken."""
    place, lacking = workplace_on(path), lacks(path)
    if (left := left_with(path)) is not None:
        why = _("The organizers of {workplace} have decided that it stays at work.").format(workplace=left.name)
    elif lacking is None:
        why = _("I was not running when the pledges were to be counted, and then it was too late to tell everybody.")
    elif has_number(lacking):
        why = _("{workplace} did not reach its number.").format(workplace=lacking.name)
    else:
        why = _("No part of it reached its number.")
    return _(
        "{headline}\n{why} {workplace} does NOT walk out on {starts}. Go to work as usual. Nobody learns who pledged."
    ).format(headline=headline(walkout.terms), why=why, workplace=place.name, starts=starts(walkout))


def tomorrow(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Remind those who walk out, a day before or later."""
    said = _("Reminder: {headline}. {workplace} walks out on {starts}. Until then, work as usual.")
    return _walks_out(said, walkout, path)


def begins(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Say that it is time, at the start or up to an hour later."""
    return _walks_out(_("It begins: {headline}. {workplace} walks out now ({starts})."), walkout, path)


def _walks_out(said: str, walkout: Walkout, path: Sequence[Unit]) -> str:
    """Put in who walks out and when; add where fewer than the number stand, and what the day brings."""
    place = workplace_on(path)
    yes = said.format(headline=headline(walkout.terms), workplace=place.name, starts=starts(walkout))
    return (f"{yes} {fewer_stand(place)}" if fell_below(place) else yes) + the_day(walkout, path)


def starts(walkout: Walkout) -> str:
    """Say when it starts."""
    return when(walkout.terms.starts, walkout.terms)


def pledge_by(walkout: Walkout) -> str:
    """Say until when one may pledge."""
    return deadline(walkout.terms)
