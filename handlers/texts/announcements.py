"""What rooms hear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.domain.model import Kind, Stage, Walkout, Workplace
from bot.outbox import Letter
from handlers.texts.catalogue import _
from handlers.texts.times import number, span, when
from handlers.texts.workers import demands, headline


def announcement(letter: Letter) -> str:
    """Word a piece of news for the room that hears it."""
    return _WORDS[letter.news.kind](letter)


def _opened(letter: Letter) -> str:
    terms = letter.walkout.terms
    lines = [
        headline(terms),
        demands(terms),
        _("Walkout: {starts}").format(starts=when(terms.starts, terms.starts)),
        _("You can pledge until {pledge_by}. Nobody walks out unless enough of us have pledged.").format(
            pledge_by=when(terms.pledge_by, terms.pledge_by)
        ),
        _("Ask your steward for a card, and write to me privately."),
    ]
    return "\n".join(filter(None, lines))


def _workplace_ready(letter: Letter) -> str:
    return _(
        "{workplace} has reached its number. Nobody walks out yet: the city is still counting. "
        "Keep it among yourselves."
    ).format(workplace=_place(letter).name)


def _milestone(letter: Letter) -> str:
    share = {1: _("A quarter"), 2: _("Half"), 3: _("Three quarters")}[int(letter.news.facts["quarters"])]
    return _("{share} of the {citywide} pledges we need across the city are in.").format(
        share=share, citywide=number(letter.walkout.terms.citywide_threshold)
    )


def _on(letter: Letter) -> str:
    return _("It is on. {headline}\nWe walk out on {starts}.").format(
        headline=headline(letter.walkout.terms), starts=_starts(letter.walkout)
    ) + _the_day(letter.walkout)


def _we_are_out(letter: Letter) -> str:
    place = _place(letter)
    return _("It is on, and {workplace} is out. We walk out on {starts}.").format(
        workplace=place.name, starts=_starts(letter.walkout)
    ) + _the_day(letter.walkout, place)


def _not_yet_out(letter: Letter) -> str:
    return _(
        "The city is out; our workplace needs more. {workplace} goes out too if it reaches its number "
        "by {pledge_by}. Until then do not walk out."
    ).format(
        workplace=_place(letter).name,
        pledge_by=when(letter.walkout.terms.pledge_by, letter.walkout.terms.pledge_by),
    )


def _workplace_joins(letter: Letter) -> str:
    place = _place(letter)
    if letter.news.scope is None:
        return _("{workplace} joins: it is out as well, on {starts}.").format(
            workplace=place.name, starts=_starts(letter.walkout)
        )
    return _("{workplace} has reached its number: we are out too, on {starts}.").format(
        workplace=place.name, starts=_starts(letter.walkout)
    ) + _the_day(letter.walkout, place)


def _reminder(letter: Letter) -> str:
    terms = letter.walkout.terms
    lead = (
        _("{headline}: it is on, and workplaces can still join.")
        if letter.walkout.stage is Stage.ON
        else _("{headline}: there is still time to pledge.")
    ).format(headline=headline(terms))
    due = datetime.fromisoformat(letter.news.occasion)
    return _("{lead} {left} left, until {pledge_by}.").format(
        lead=lead, left=span(terms.pledge_by - due), pledge_by=when(terms.pledge_by, terms.pledge_by)
    )


def _lapsed(letter: Letter) -> str:
    return _(
        "Not now. {headline}: not enough of us pledged in time, so nobody walks out. No list of who pledged exists."
    ).format(headline=headline(letter.walkout.terms))


def _called_off(letter: Letter) -> str:
    return _("Called off. {headline}: the organizers have called it off. Nobody walks out.").format(
        headline=headline(letter.walkout.terms)
    )


def _room_gone(letter: Letter) -> str:
    if letter.about is None:
        return _(
            "A citywide chat of {headline} is gone or has removed me; it hears nothing any more. Bind another: /room"
        ).format(headline=headline(letter.walkout.terms))
    return _(
        "The chat of {workplace} is gone or has removed me; it hears nothing any more. Bind another: /room"
    ).format(workplace=letter.about.name)


def _platform_down(letter: Letter) -> str:
    platform = str(letter.news.facts["platform"]).capitalize()
    if letter.news.facts["why"] == "token":
        return _(
            "{platform} refuses this bot's token, so nobody can reach me there and no room there hears anything. "
            "Set the right one on the server. I keep trying, and everything else goes on."
        ).format(platform=platform)
    return _(
        "I cannot reach {platform} just now. Rooms there hear their news when it is back; everything else goes on."
    ).format(platform=platform)


def _platform_back(letter: Letter) -> str:
    return _("{platform} can be reached again.").format(platform=str(letter.news.facts["platform"]).capitalize())


def _the_day(walkout: Walkout, place: Workplace | None = None) -> str:
    said = [place.meet if place else "", walkout.terms.on_the_day]
    return "".join(f"\n{line}" for line in said if line)


def _starts(walkout: Walkout) -> str:
    return when(walkout.terms.starts, walkout.terms.starts)


def _place(letter: Letter) -> Workplace:
    if letter.about is None:
        raise ValueError(letter.news.kind)
    return letter.about


_WORDS: dict[Kind, Callable[[Letter], str]] = {
    Kind.OPENED: _opened,
    Kind.WORKPLACE_READY: _workplace_ready,
    Kind.MILESTONE: _milestone,
    Kind.ON: _on,
    Kind.WE_ARE_OUT: _we_are_out,
    Kind.NOT_YET_OUT: _not_yet_out,
    Kind.WORKPLACE_JOINS: _workplace_joins,
    Kind.REMINDER: _reminder,
    Kind.LAPSED: _lapsed,
    Kind.CALLED_OFF: _called_off,
    Kind.ROOM_GONE: _room_gone,
    Kind.PLATFORM_DOWN: _platform_down,
    Kind.PLATFORM_BACK: _platform_back,
}
