"""What workers read who want to be told when it is on; and before and after a chat is cleared."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.model import Kind, Walkout, Workplace
from bot.domain.rules import was_missed
from bot.domain.situation import Asserts
from bot.outbox import Letter
from handlers.texts.asserted import asserts
from handlers.texts.catalogue import _
from handlers.texts.own import meeting_point, worded
from handlers.texts.times import when
from handlers.texts.workers import headline


@asserts(Asserts.CAN_ASK)
def ask_label() -> str:
    """Name the button; short, since phones are."""
    return _("Tell me when it's on")


@asserts(Asserts.WILL_HEAR)
def stop_label() -> str:
    """Name the button that undoes it."""
    return _("Do not tell me")


def yes_label() -> str:
    """Name the answer."""
    return _("Yes, tell me")


def no_label() -> str:
    """Name the other answer."""
    return _("No")


@asserts(Asserts.CAN_ASK)
def offer(can_reach: str) -> str:
    """Say what a notice stores and what it means, in one sentence."""
    stored = _(
        "To write to you when it is on, called off or not happening, I must keep your address on this chat "
        "service, your language and your workplace, encrypted, until the walkout is closed, you take your pledge back "
        "or you press “Do not tell me”; until then, whoever seizes both our database and our key file can read that "
        "you asked."
    )
    return "\n\n".join(filter(None, [stored, can_reach, _("Shall I?")]))


@asserts(Asserts.WILL_HEAR)
def kept() -> str:
    """Confirm a notice."""
    return _(
        "I will write to you here when it is on, called off or not happening. Your address is kept encrypted until the "
        "walkout is closed, you take your pledge back or you press “Do not tell me”."
    )


@asserts(Asserts.NOT_TOLD)
def deleted() -> str:
    """Confirm that there is none any more."""
    return _("Your address is deleted. I will not write to you by myself; your pledge stays as it is.")


# -- the letters --------------------------------------------------------------------------------------------------


def letter_to_worker(letter: Letter) -> str:
    """Word a piece of news for a worker who asked to be told."""
    if letter.walkout is None or letter.about is None:
        raise ValueError(letter.news.kind)
    return _WORDS[letter.news.kind](letter.walkout, letter.about)


def _on(walkout: Walkout, place: Workplace) -> str:
    terms = walkout.terms
    starts = when(terms.starts, terms.starts)
    if place.out:
        said = _("It is on: {headline}\n{workplace} goes out. We walk out on {starts}.").format(
            headline=headline(terms), workplace=place.name, starts=starts
        )
        return "\n".join(filter(None, [said, meeting_point(place), worded(terms).on_the_day]))
    if walkout.next_tally is None:
        return _(
            "It is on across the city: {headline}\n{workplace} has not reached its number. Do not walk out."
        ).format(headline=headline(terms), workplace=place.name)
    return _(
        "It is on across the city: {headline}\n"
        "{workplace} has not reached its number yet. It goes out too, on {starts}, if it does by {pledge_by}; until "
        "then do not walk out. I do not write again for that: look with “Check” under your card."
    ).format(
        headline=headline(terms),
        workplace=place.name,
        starts=starts,
        pledge_by=when(terms.pledge_by, terms.pledge_by),
    )


def fewer_now(walkout: Walkout, place: Workplace) -> str:
    """Tell a workplace that is out, at the deadline, that some have taken their pledges back; never how many."""
    return _(
        "{headline}: it is on, and {workplace} walks out on {starts}. But some have taken their pledges back: fewer "
        "than its number stand now. Talk to each other before the day."
    ).format(
        headline=headline(walkout.terms), workplace=place.name, starts=when(walkout.terms.starts, walkout.terms.starts)
    )


def _lapsed(walkout: Walkout, _place: Workplace) -> str:
    if was_missed(walkout):
        return _(
            "Not now. {headline}: I was not running when the pledges were to be counted, and then it was too late to "
            "tell everybody. Nobody walks out. Your address is deleted within two days."
        ).format(headline=headline(walkout.terms))
    return _(
        "Not now. {headline}: not enough of us pledged in time, so nobody walks out. Your address is deleted within "
        "two days."
    ).format(headline=headline(walkout.terms))


def _called_off(walkout: Walkout, _place: Workplace) -> str:
    return _(
        "Called off. {headline}: the organizers have called it off. Nobody walks out. Your address is deleted within "
        "two days."
    ).format(headline=headline(walkout.terms))


_WORDS: dict[Kind, Callable[[Walkout, Workplace], str]] = {
    Kind.ON: _on,
    Kind.LAPSED: _lapsed,
    Kind.CALLED_OFF: _called_off,
    Kind.FEWER_NOW: fewer_now,
}


# -- clearing a chat ------------------------------------------------------------------------------------------------


def clear_label() -> str:
    """Name the button."""
    return _("Clear this chat")


def clear_now_label() -> str:
    """Name the button that does it."""
    return _("Clear now")


def keep_label() -> str:
    """Name the button that does not."""
    return _("Keep")


def warning(can_clear: str, *, needs_card: bool) -> str:
    """Say what is lost with the messages."""
    lost = (
        _(
            "This deletes my messages in this chat. Afterwards you need the card itself to check your pledge or to "
            "take it back: without this message and without the card, nobody can. Your pledge stays as it is."
        )
        if needs_card
        else _("This deletes my messages in this chat and nothing else: a pledge stays as it is.")
    )
    return "\n\n".join(filter(None, [lost, can_clear]))


def cleared(can_clear: str) -> str:
    """Say that it is done."""
    return " ".join(filter(None, [_("Cleared."), can_clear]))


def not_cleared() -> str:
    """Say that it is not."""
    return _("Nothing is deleted.")
