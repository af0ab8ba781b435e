"""What people read who vote in a survey. What somebody chose is said before it is cast, and never again."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import ballots
from bot.domain.model import Question, Terms
from bot.domain.situation import Asserts
from bot.usecases.workers import Seen
from handlers.texts.asserted import asserts
from handlers.texts.catalogue import _, isolated, ngettext
from handlers.texts.names import joined
from handlers.texts.organizers_words import worded
from handlers.texts.times import deadline, number


@asserts(Asserts.CAN_TAKE_BACK)
def vote_label() -> str:
    """Name the button that opens the questions."""
    return _("Vote")


@asserts(Asserts.CAN_TAKE_BACK)
def again_label() -> str:
    """Name the same button for whoever has voted."""
    return _("Vote anew")


def option(name: str, *, chosen: bool) -> str:
    """Name an option's button."""
    return f"✓ {name}" if chosen else name


def done_label() -> str:
    """Name the button that goes on where several may be chosen."""
    return _("Done")


def leave_out_label() -> str:
    """Name the button that answers nothing."""
    return _("Leave this out")


def cast_label() -> str:
    """Name the button that casts it."""
    return _("Cast my vote")


def over_label() -> str:
    """Name the button that goes back to the first question."""
    return _("Start over")


def not_now_label() -> str:
    """Name the button that casts nothing."""
    return _("Do not vote now")


def own(seen: Seen) -> str:
    """Say below a pledge that somebody can vote, or has voted, while that can still be done."""
    if not seen.can_vote:
        return ""
    return _voted(seen.walkout.terms) if seen.voted else _can_vote(seen.walkout.terms)


@asserts(Asserts.STANDS, Asserts.CAN_TAKE_BACK)
def _can_vote(terms: Terms) -> str:
    asked = len(terms.questions)
    said = ngettext(
        "There is {n} question. To answer, press “Vote” until {pledge_by}.",
        "There are {n} questions. To answer, press “Vote” until {pledge_by}.",
        asked,
    )
    return said.format(n=number(asked), pledge_by=deadline(terms))


@asserts(Asserts.STANDS, Asserts.CAN_TAKE_BACK)
def _voted(terms: Terms) -> str:
    return _("You have voted. You can vote anew until {pledge_by}.").format(pledge_by=deadline(terms))


def gone(seen: Seen) -> str:
    """Say with a pledge taken back what becomes of a vote."""
    return _("If you had voted, your vote is deleted.") if seen.changed and seen.walkout.terms.questions else ""


def question(terms: Terms, nth: int, chosen: Sequence[str]) -> str:
    """Ask one question; nothing is cast yet."""
    asked = worded(terms).questions
    where = _("Question {nth} of {n}").format(nth=number(nth + 1), n=number(len(asked)))
    how = (
        _("Press all that you choose, then “Done”. Press again to take one out.")
        if asked[nth].many
        else _("Press one.")
    )
    so_far = _("Chosen: {options}").format(options=joined(chosen)) if chosen else ""
    return "\n\n".join(filter(None, [f"{where}\n{asked[nth].text}", so_far, f"{how} {_nothing_yet()}"]))


def _nothing_yet() -> str:
    return _("Nothing is cast before the end.")


def about_to_cast(terms: Terms, ballot: str) -> str:
    """Show somebody what they are about to cast: the only time that they see it as a whole."""
    lines = [_answer(asked, ballots.chosen(ballot, nth)) for nth, asked in enumerate(worded(terms).questions)]
    return "\n\n".join(
        [
            _("You are about to cast:"),
            "\n".join(lines),
            _(
                "I delete it when you take your pledge back, and when all votes are counted. Until then you can vote "
                "anew, and the last vote counts. I show nobody what you chose, not even you."
            ),
        ]
    )


def _answer(asked: Question, chosen: Sequence[int]) -> str:
    said = joined([asked.options[each] for each in chosen]) or _("left out")
    return f"• {isolated(asked.text)} {said}"


@asserts(Asserts.STANDS)
def cast(seen: Seen) -> str:
    """Confirm a vote, without what it was."""
    until = _("You can vote anew until {pledge_by}; the last vote counts.")
    return "\n\n".join(
        [
            " ".join([_("You have voted."), until.format(pledge_by=deadline(seen.walkout.terms))]),
            _(
                "After the deadline everybody reads what it came to: totals only, rounded, and only if nine or more "
                "have voted. No workplace's votes are told."
            ),
        ]
    )
