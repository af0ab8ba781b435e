"""What rooms hear, and what people are told by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot import references
from bot.domain.model import Kind, Stage, Walkout, Workplace
from bot.domain.rules import was_missed
from bot.outbox import Letter
from handlers.texts.catalogue import _
from handlers.texts.letters import WORDS
from handlers.texts.notices import fewer_now, letter_to_worker
from handlers.texts.own import meeting_point, worded
from handlers.texts.times import number, span, when
from handlers.texts.workers import demands, headline


def announcement(letter: Letter) -> str:
    """Word a piece of news for whoever hears it; in a room anybody can verify it."""
    said = words(letter)
    if letter.private or not letter.news.reference:
        return said
    line = _("Ref {reference} · check it: /verify").format(reference=references.pretty(letter.news.reference))
    return f"{said}\n\n{line}"


def words(letter: Letter) -> str:
    """Word the news alone."""
    if letter.worker:
        return letter_to_worker(letter)
    worded = _WORDS.get(letter.news.kind) or WORDS[letter.news.kind]
    return worded(letter)


def _opened(letter: Letter) -> str:
    terms = _walkout(letter).terms
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
    return _("{share} of the {citywide} pledges we need across the city are in, as the board rounds them.").format(
        share=share, citywide=number(_walkout(letter).terms.citywide_threshold)
    )


def _on(letter: Letter) -> str:
    return _("It is on. {headline}\nWe walk out on {starts}.").format(
        headline=headline(_walkout(letter).terms), starts=_starts(_walkout(letter))
    ) + _the_day(_walkout(letter))


def _we_are_out(letter: Letter) -> str:
    place = _place(letter)
    return _("It is on, and {workplace} is out. We walk out on {starts}.").format(
        workplace=place.name, starts=_starts(_walkout(letter))
    ) + _the_day(_walkout(letter), place)


def _not_yet_out(letter: Letter) -> str:
    return _(
        "The city is out; our workplace needs more. {workplace} goes out too if it reaches its number "
        "by {pledge_by}. Until then do not walk out."
    ).format(
        workplace=_place(letter).name,
        pledge_by=when(_walkout(letter).terms.pledge_by, _walkout(letter).terms.pledge_by),
    )


def _workplace_joins(letter: Letter) -> str:
    place = _place(letter)
    if letter.news.scope is None:
        return _("{workplace} joins: it is out as well, on {starts}.").format(
            workplace=place.name, starts=_starts(_walkout(letter))
        )
    return _("{workplace} has reached its number: we are out too, on {starts}.").format(
        workplace=place.name, starts=_starts(_walkout(letter))
    ) + _the_day(_walkout(letter), place)


def _reminder(letter: Letter) -> str:
    terms = _walkout(letter).terms
    lead = (
        _("{headline}: it is on, and workplaces can still join.")
        if _walkout(letter).stage is Stage.ON
        else _("{headline}: there is still time to pledge.")
    ).format(headline=headline(terms))
    due = datetime.fromisoformat(letter.news.occasion)
    return _("{lead} {left} left, until {pledge_by}.").format(
        lead=lead, left=span(terms.pledge_by - due), pledge_by=when(terms.pledge_by, terms.pledge_by)
    )


def _lapsed(letter: Letter) -> str:
    if was_missed(_walkout(letter)):
        return _(
            "Not now. {headline}: I was not running when the pledges were to be counted, and then it was too late to "
            "tell everybody. Nobody walks out. No list of who pledged exists."
        ).format(headline=headline(_walkout(letter).terms))
    return _(
        "Not now. {headline}: not enough of us pledged in time, so nobody walks out. No list of who pledged exists."
    ).format(headline=headline(_walkout(letter).terms))


def _called_off(letter: Letter) -> str:
    return _("Called off. {headline}: the organizers have called it off. Nobody walks out.").format(
        headline=headline(_walkout(letter).terms)
    )


def _fewer_now(letter: Letter) -> str:
    return fewer_now(_walkout(letter), _place(letter))


def _room_test(letter: Letter) -> str:
    title = worded(_walkout(letter).terms).title
    if letter.news.scope is None:
        return _("This is a test: this room hears the citywide news of {title}.").format(title=title)
    return _("This is a test: this room hears the news of {workplace} for {title}.").format(
        workplace=_place(letter).name, title=title
    )


def _look_again(letter: Letter) -> str:
    terms, facts = _walkout(letter).terms, letter.news.facts
    made, counts = (datetime.fromisoformat(str(facts[name])) for name in ("made", "counts"))
    return _(
        "{headline}: my memory was lost, and is again as it was on {made}. Did you pledge after that, or take a pledge "
        "back? Then do it again: open your card and press Check. I decide nothing before {counts}."
    ).format(headline=headline(terms), made=when(made, terms.starts), counts=when(counts, terms.starts))


def _cards_voided(letter: Letter) -> str:
    return _(
        "New cards are printed for {workplace}. Have you pledged? Keep your card: your pledge stands. If not, draw a "
        "new card from your steward: every older one is dead."
    ).format(workplace=_place(letter).name)


def _cards_recalled(letter: Letter) -> str:
    return _(
        "All cards of {workplace} are recalled, and no pledge made on them counts any more. Draw a new card from your "
        "steward, and pledge again."
    ).format(workplace=_place(letter).name)


def _the_day(walkout: Walkout, place: Workplace | None = None) -> str:
    said = [meeting_point(place) if place else "", worded(walkout.terms).on_the_day]
    return "".join(f"\n{line}" for line in said if line)


def _starts(walkout: Walkout) -> str:
    return when(walkout.terms.starts, walkout.terms.starts)


def _walkout(letter: Letter) -> Walkout:
    if letter.walkout is None:
        raise ValueError(letter.news.kind)
    return letter.walkout


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
    Kind.FEWER_NOW: _fewer_now,
    Kind.ROOM_TEST: _room_test,
    Kind.LOOK_AGAIN: _look_again,
    Kind.CARDS_VOIDED: _cards_voided,
    Kind.CARDS_RECALLED: _cards_recalled,
}
