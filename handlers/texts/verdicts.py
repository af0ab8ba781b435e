"""What a workplace's rooms and its workers hear alike: whether it walks out, when, and from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain import ballots
from bot.domain.model import Question, StepKind, Unit, Walkout
from bot.domain.rules import fell_below, has_number, lacks, left_with
from bot.domain.tree import workplace_on
from handlers.texts.catalogue import _, isolated
from handlers.texts.kinds import by_kind
from handlers.texts.names import joined
from handlers.texts.organizers_words import the_day, worded
from handlers.texts.times import deadline, number, when
from handlers.texts.workers import fewer_stand, headline


def last_word(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Say yes or no, once the last count is taken."""
    if not workplace_on(path).out:
        return not_out(walkout, path)
    said = by_kind(
        walkout.terms.kind,
        _("{headline}: the last count is taken. {workplace} walks out on {starts}. Until then, work as usual."),
        _("{headline}: the last count is taken. {workplace} takes part on {starts}. Nobody leaves work for it."),
    )
    return _walks_out(said, walkout, path)


def not_out(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Say no, once the last count is taken."""
    place, lacking = workplace_on(path), lacks(path)
    if (left := left_with(path)) is not None:
        why = by_kind(
            walkout.terms.kind,
            _("The organizers of {workplace} have decided that it stays at work."),
            _("The organizers of {workplace} have decided that it does not take part."),
        ).format(workplace=left.name)
    elif lacking is None:
        why = _("I was not running when the pledges were to be counted, and then it was too late to tell everybody.")
    elif has_number(lacking):
        why = _("{workplace} did not reach its number.").format(workplace=lacking.name)
    else:
        why = _("No part of it reached its number.")
    if walkout.terms.kind is StepKind.SURVEY:
        return f"{headline(walkout.terms)}\n{why}"
    return by_kind(
        walkout.terms.kind,
        _(
            "{headline}\n{why} {workplace} does NOT walk out on {starts}. Go to work as usual. Nobody learns who "
            "pledged."
        ),
        _(
            "{headline}\n{why} {workplace} does NOT take part on {starts}. Go to work as usual. Nobody learns who "
            "pledged."
        ),
    ).format(headline=headline(walkout.terms), why=why, workplace=place.name, starts=starts(walkout))


def tomorrow(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Remind those who walk out, a day before or later."""
    said = by_kind(
        walkout.terms.kind,
        _("Reminder: {headline}. {workplace} walks out on {starts}. Until then, work as usual."),
        _("Reminder: {headline}. {workplace} takes part on {starts}. Nobody leaves work for it."),
    )
    return _walks_out(said, walkout, path)


def begins(walkout: Walkout, path: Sequence[Unit]) -> str:
    """Say that it is time, at the start or up to an hour later."""
    said = by_kind(
        walkout.terms.kind,
        _("It begins: {headline}. {workplace} walks out now ({starts})."),
        _("It begins: {headline}. {workplace} takes part now ({starts}). Nobody leaves work for it."),
    )
    return _walks_out(said, walkout, path)


def _walks_out(said: str, walkout: Walkout, path: Sequence[Unit]) -> str:
    """Put in who walks out and when; add where fewer than the number stand, and what the day brings."""
    place = workplace_on(path)
    yes = said.format(headline=headline(walkout.terms), workplace=place.name, starts=starts(walkout))
    return (f"{yes} {fewer_stand(place)}" if fell_below(place) else yes) + the_day(walkout, path)


def survey_over(walkout: Walkout, facts: Mapping[str, Any]) -> str:
    """Say what a survey has come to, question by question; what is hidden is said to be."""
    asked = worded(walkout.terms).questions
    over = _("The survey is over: {headline}.").format(headline=headline(walkout.terms))
    if not asked:
        return f"{over} " + _("Thank you to everybody who took part.")
    if facts["ballots"] is None:
        return f"{over} " + _("Fewer than nine have voted, so there is no result. Every vote is deleted.")
    voted = _("More than {n} of us have voted. Numbers are rounded down to steps of five.").format(
        n=number(int(facts["ballots"]))
    )
    results = [_result(question, totals) for question, totals in zip(asked, facts["totals"], strict=True)]
    return "\n\n".join([f"{over} {voted}", *results, _("Every single vote is deleted.")])


def _result(question: Question, totals: Sequence[int | None]) -> str:
    """Say what one question came to: each option's number, what leads, and why some are hidden."""
    lines = [f"• {isolated(option)}: {_votes(n)}" for option, n in zip(question.options, totals, strict=True)]
    first = [question.options[nth] for nth in ballots.leading(totals)]
    if first:
        most = _("Most votes: {options}.") if len(first) == 1 else _("Ahead, and too close to tell apart: {options}.")
        lines.append(most.format(options=joined(first)))
    if None in totals:
        lines.append(_("Hidden numbers are small, or would give single votes away."))
    return "\n".join([question.text, *lines])


def _votes(n: int | None) -> str:
    return _("hidden") if n is None else _("more than {n}").format(n=number(n))


def starts(walkout: Walkout) -> str:
    """Say when it starts."""
    return when(walkout.terms.starts, walkout.terms)


def pledge_by(walkout: Walkout) -> str:
    """Say until when one may pledge."""
    return deadline(walkout.terms)
