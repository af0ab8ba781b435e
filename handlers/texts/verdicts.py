"""What a workplace's rooms and its workers hear alike: whether it walks out, when, and from where."""

from __future__ import annotations

from bot.domain.model import Walkout, Workplace
from bot.domain.rules import came_too_late, fell_below
from handlers.texts.catalogue import _
from handlers.texts.own import meeting_point, worded
from handlers.texts.times import when
from handlers.texts.workers import headline


def last_word(walkout: Walkout, place: Workplace) -> str:
    """Say yes or no, once the last count is taken."""
    if not place.out:
        return not_out(walkout, place)
    if fell_below(place):
        return fewer_now(walkout, place)
    return _(
        "{headline}: the last count is taken. {workplace} walks out on {starts}. Until then, work as usual."
    ).format(headline=headline(walkout.terms), workplace=place.name, starts=starts(walkout)) + the_day(walkout, place)


def fewer_now(walkout: Walkout, place: Workplace) -> str:
    """Tell a workplace that walks out that some have taken their pledges back; never how many."""
    return _(
        "{headline}: the last count is taken. {workplace} walks out on {starts}. But some have taken their pledges "
        "back: fewer than its number stand now. Talk to each other before the day."
    ).format(headline=headline(walkout.terms), workplace=place.name, starts=starts(walkout)) + the_day(walkout, place)


def not_out(walkout: Walkout, place: Workplace) -> str:
    """Say no, once the last count is taken."""
    why = (
        _("I was not running when the pledges were to be counted, and then it was too late to tell everybody.")
        if came_too_late(place)
        else _("{workplace} did not reach its number.").format(workplace=place.name)
    )
    return _(
        "{headline}\n{why} {workplace} does NOT walk out on {starts}. Go to work as usual. Nobody learns who pledged."
    ).format(headline=headline(walkout.terms), why=why, workplace=place.name, starts=starts(walkout))


def tomorrow(walkout: Walkout, place: Workplace) -> str:
    """Remind those who walk out, a day before or later."""
    return _("Reminder: {headline}. {workplace} walks out on {starts}. Until then, work as usual.").format(
        headline=headline(walkout.terms), workplace=place.name, starts=starts(walkout)
    ) + the_day(walkout, place)


def begins(walkout: Walkout, place: Workplace) -> str:
    """Say that it is time, at the start or up to an hour later."""
    return _("It begins: {headline}. {workplace} walks out now ({starts}).").format(
        headline=headline(walkout.terms), workplace=place.name, starts=starts(walkout)
    ) + the_day(walkout, place)


def the_day(walkout: Walkout, place: Workplace | None = None) -> str:
    """Say where to meet and what the organizers have to say for the day, each on a line of its own."""
    said = [meeting_point(place) if place else "", worded(walkout.terms).on_the_day]
    return "".join(f"\n{line}" for line in said if line)


def starts(walkout: Walkout) -> str:
    """Say when it starts."""
    return when(walkout.terms.starts, walkout.terms.starts)


def pledge_by(walkout: Walkout) -> str:
    """Say until when one may pledge."""
    return when(walkout.terms.pledge_by, walkout.terms.starts)
