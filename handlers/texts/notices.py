"""What workers read who want to be told when it is on; and before and after a chat is cleared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.delivery.outbox import Letter
from bot.domain.model import Kind, StepKind, Tier, Unit, Walkout
from bot.domain.rules import left_with, waits_for, was_missed
from bot.domain.situation import Asserts
from bot.domain.tree import workplace_on
from handlers.texts import verdicts
from handlers.texts.asserted import asserts
from handlers.texts.catalogue import _
from handlers.texts.kinds import by_kind
from handlers.texts.organizers_words import the_day
from handlers.texts.verdicts import pledge_by, starts
from handlers.texts.workers import headline


@asserts(Asserts.CAN_ASK)
def ask_label() -> str:
    """Name the button; short, since phones are."""
    return _("Tell me")


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
def offer(unit: Unit, can_reach: str, kind: StepKind = StepKind.WALKOUT) -> str:
    """Say what is written and when, and what is kept for that: among it the unit whose card somebody has."""
    kept = by_kind(
        kind,
        _(
            "For that I keep your address on this chat service, your language and {where}, encrypted. I delete them "
            "when the walkout is closed, when you take your pledge back, or when you press “Do not tell me”. Until "
            "then, whoever seizes both our database and our key file can read that you asked."
        ),
        _(
            "For that I keep your address on this chat service, your language and {where}, encrypted. I delete them "
            "when it is closed, when you take your pledge back, or when you press “Do not tell me”. Until then, "
            "whoever seizes both our database and our key file can read that you asked."
        ),
        _(
            "For that I keep your address on this chat service, your language and {where}, encrypted. I delete them "
            "when it is closed, when you take part no more, or when you press “Do not tell me”. Until then, whoever "
            "seizes both our database and our key file can read that you asked."
        ),
    ).format(where=_("your department") if unit.tier is Tier.DEPARTMENT else _("your workplace"))
    return "\n\n".join(filter(None, [letters(kind), kept, can_reach, _("Shall I?")]))


@asserts(Asserts.WILL_HEAR)
def kept(kind: StepKind = StepKind.WALKOUT) -> str:
    """Confirm a notice."""
    until = by_kind(
        kind,
        _(
            "Your address is kept encrypted until the walkout is closed, you take your pledge back, or you press “Do "
            "not tell me”."
        ),
        _(
            "Your address is kept encrypted until it is closed, you take your pledge back, or you press “Do not tell "
            "me”."
        ),
        _("Your address is kept encrypted until it is closed, you take part no more, or you press “Do not tell me”."),
    )
    return f"{letters(kind)}\n\n{until}"


def letters(kind: StepKind = StepKind.WALKOUT) -> str:
    """Say what is written to whoever asked, and when."""
    return by_kind(
        kind,
        _(
            "I write to you here when it is on, and after the last count, with yes or no for your workplace. If it is "
            "yes, I write again when the day comes. If it is called off, or does not happen, I write that. Once it is "
            "on, I pass on what the organizers say to everybody, or to your workplace."
        ),
        survey=_(
            "I write to you here when the survey is over, with what came of it. If it is called off, I write that."
        ),
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
    if letter.news.kind is Kind.SURVEY_OVER:
        return f"{verdicts.survey_over(letter.walkout, letter.news.facts)}\n\n{_deleted_soon()}"
    return _WORDS[letter.news.kind](letter.walkout, letter.path)


def _on(walkout: Walkout, path: Sequence[Unit]) -> str:
    place = workplace_on(path)
    if not place.out and (left_with(path) is not None or not walkout.counts_again):
        return verdicts.not_out(walkout, path)
    if place.out:
        said = by_kind(
            walkout.terms.kind,
            _("It is on: {headline}\n{workplace} walks out on {starts}. Until then, work as usual."),
            _("It is on: {headline}\n{workplace} takes part on {starts}. Nobody leaves work for it."),
        ).format(headline=headline(walkout.terms), workplace=place.name, starts=starts(walkout))
        said += the_day(walkout, path)
    else:
        lacking = waits_for(path)
        said = (
            by_kind(
                walkout.terms.kind,
                _(
                    "It is on across the city: {headline}\n"
                    "{workplace} does not walk out on {starts} unless it reaches its number by {pledge_by}. Work as "
                    "usual."
                ),
                _(
                    "It is on across the city: {headline}\n"
                    "{workplace} does not take part on {starts} unless it reaches its number by {pledge_by}."
                ),
            )
            if lacking is place
            else by_kind(
                walkout.terms.kind,
                _(
                    "It is on across the city: {headline}\n"
                    "{workplace} does not walk out on {starts} unless {area} reaches its number by {pledge_by}. Work "
                    "as usual."
                ),
                _(
                    "It is on across the city: {headline}\n"
                    "{workplace} does not take part on {starts} unless {area} reaches its number by {pledge_by}."
                ),
            )
        ).format(
            headline=headline(walkout.terms),
            workplace=place.name,
            area=lacking.name,
            starts=starts(walkout),
            pledge_by=pledge_by(walkout),
        )
    if walkout.counts_again:
        said += "\n" + _("I write again after the last count, with yes or no.")
    return said


def _lapsed(walkout: Walkout, _path: Sequence[Unit]) -> str:
    terms = walkout.terms
    if was_missed(walkout):
        said = by_kind(
            terms.kind,
            _(
                "Not now. {headline}: I was not running when the pledges were to be counted, and then it was too late "
                "to tell everybody. Nobody walks out: go to work as usual. Your address is deleted within two days."
            ),
            _(
                "Not now. {headline}: I was not running when the pledges were to be counted, and then it was too late "
                "to tell everybody. Nobody takes part: go to work as usual. Your address is deleted within two days."
            ),
        )
    else:
        said = by_kind(
            terms.kind,
            _(
                "Not now. {headline}: not enough of us pledged in time, so nobody walks out. Go to work as usual. Your "
                "address is deleted within two days."
            ),
            _(
                "Not now. {headline}: not enough of us pledged in time, so nobody takes part. Go to work as usual. "
                "Your address is deleted within two days."
            ),
        )
    return said.format(headline=headline(terms))


def _called_off(walkout: Walkout, _path: Sequence[Unit]) -> str:
    return by_kind(
        walkout.terms.kind,
        _(
            "Called off. {headline}: the organizers have called it off. Nobody walks out: go to work as usual. Your "
            "address is deleted within two days."
        ),
        _(
            "Called off. {headline}: the organizers have called it off. Nobody takes part: go to work as usual. Your "
            "address is deleted within two days."
        ),
        _(
            "Called off. {headline}: the organizers have called it off. The survey has no result. Your address is "
            "deleted within two days."
        ),
    ).format(headline=headline(walkout.terms))


def _deleted_soon() -> str:
    return _("Your address is deleted within two days.")


_WORDS: dict[Kind, Callable[[Walkout, Sequence[Unit]], str]] = {
    Kind.ON: _on,
    Kind.LEFT: verdicts.not_out,
    Kind.LAPSED: _lapsed,
    Kind.CALLED_OFF: _called_off,
    Kind.LAST_WORD: verdicts.last_word,
    Kind.TOMORROW: verdicts.tomorrow,
    Kind.STARTS: verdicts.begins,
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
