"""What workers ask, and the answers: forty words of ours at most, beside what the organizers have written."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.model import StepKind, Terms
from bot.parsing.questions import Question
from handlers.texts.catalogue import _
from handlers.texts.kinds import by_kind
from handlers.texts.organizers_words import worded
from handlers.texts.times import deadline, end, when


def questions_label() -> str:
    """Name the button that leads to them."""
    return _("Questions")


def more_label() -> str:
    """Name the button that leads back to them."""
    return _("More questions")


def back_label() -> str:
    """Name the button that leads back to the card."""
    return _("Back to my card")


def label(question: Question) -> str:
    """Name a question's button."""
    return {
        Question.WHO: _("Who calls this?"),
        Question.HOW_LONG: _("How long?"),
        Question.FIRED: _("Can I be fired?"),
        Question.BOSS: _("Does my boss see?"),
        Question.REAL: _("Is this bot real?"),
        Question.WHOM: _("Whom do I ask?"),
    }[question]


def choose() -> str:
    """Stand above the six."""
    return _("What do you want to know?")


def answer(question: Question, terms: Terms | None, can_see: str) -> str:
    """Answer one; without `terms` nobody knows which walkout is meant."""
    return _ANSWERS[question](terms and worded(terms), can_see)


def _who(terms: Terms | None, _can_see: str) -> str:
    if terms is None:
        return _(
            "Each walkout has its own organizers. Open your card: its terms say who calls it. If they do not, ask "
            "whoever gave you the card."
        )
    if not terms.called_by:
        return _("The organizers have not written down who calls it. Ask your steward, or whoever gave you the card.")
    return _("The organizers say it is called by: {called_by}").format(called_by=terms.called_by)


def _how_long(terms: Terms | None, _can_see: str) -> str:
    if terms is None:
        return _("Open your card: its terms say when the walkout starts, and when it ends if that is known.")
    if terms.kind is StepKind.SURVEY:
        return _("You can take part until {pledge_by}. That is all: nobody leaves work for it.").format(
            pledge_by=deadline(terms, named=True)
        )
    starts = when(terms.starts, terms)
    if terms.ends is None:
        return _("It starts on {starts}. The organizers have not written down when it ends. Ask your steward.").format(
            starts=starts
        )
    return _("From {starts} until {ends}.").format(starts=starts, ends=end(terms.ends, terms))


def _fired(terms: Terms | None, _can_see: str) -> str:
    kind = terms.kind if terms else StepKind.WALKOUT
    said = by_kind(
        kind,
        _(
            "Nobody can promise that nothing happens to you. What helps is numbers: nobody walks out unless enough do. "
            "I give no legal advice."
        ),
        _(
            "Nobody can promise that nothing happens to you. What helps is numbers: nobody takes part unless enough "
            "do. I give no legal advice."
        ),
        _(
            "Nobody can promise that nothing happens to you. What helps: I tell nobody who takes part, or how they "
            "vote. I give no legal advice."
        ),
    )
    if terms is None or not terms.legal_notice:
        return (
            said
            + " "
            + by_kind(
                kind, _("Ask your steward before you pledge."), survey=_("Ask your steward before you take part.")
            )
        )
    return "\n\n".join([said + " " + _("The organizers say:"), terms.legal_notice])


def _boss(terms: Terms | None, can_see: str) -> str:
    said = by_kind(
        terms.kind if terms else StepKind.WALKOUT,
        _("I tell nobody who has pledged: not your boss, not the organizers. They see rounded counts. More: /privacy"),
        survey=_(
            "I tell nobody who takes part, or how anybody votes: not your boss, not the organizers. They see rounded "
            "counts. More: /privacy"
        ),
    )
    return f"{said}\n\n{can_see}"


def _real(_terms: Terms | None, _can_see: str) -> str:
    return _(
        "Open me only by the link or the code on your card, and ask your steward. Have you read news of mine "
        "elsewhere? Send me its Ref: I say whether it is mine."
    )


def _whom(terms: Terms | None, _can_see: str) -> str:
    if terms is None or not terms.ask:
        return _("Ask your steward, or whoever gave you the card. They know more than a bot.")
    return _("Ask: {ask}").format(ask=terms.ask)


def _stop(_terms: Terms | None, _can_see: str) -> str:
    return _(
        "Nothing has changed. To take a pledge back before the deadline: press “Withdraw” under your card, or send "
        "/withdraw and its code. To hear nothing more from me, press “Do not tell me” there."
    )


def _yes(terms: Terms | None, _can_see: str) -> str:
    return by_kind(
        terms.kind if terms else StepKind.WALKOUT,
        _("Nothing is recorded: a word here counts for nothing. To pledge, open your card and press “Pledge”."),
        survey=_("Nothing is recorded: a word here counts for nothing. Open your card and press “Take part”."),
    )


def _help(_terms: Terms | None, _can_see: str) -> str:
    return _("Have you a card? Send me its code: I show you what it is for. Or press a question. All I can do: /help")


_ANSWERS: dict[Question, Callable[[Terms | None, str], str]] = {
    Question.WHO: _who,
    Question.HOW_LONG: _how_long,
    Question.FIRED: _fired,
    Question.BOSS: _boss,
    Question.REAL: _real,
    Question.WHOM: _whom,
    Question.STOP: _stop,
    Question.YES: _yes,
    Question.HELP: _help,
}
