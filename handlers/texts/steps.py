"""What an organizer reads of a draft that is a step of a campaign, before it is opened."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.campaigns import WHOLE, Rung
from bot.domain.model import StepKind, Terms
from bot.usecases.steps import Compared
from handlers.texts.catalogue import _, ngettext
from handlers.texts.names import named
from handlers.texts.organizers_words import worded
from handlers.texts.times import number


def about(terms: Terms, step: Compared | None) -> Sequence[str]:
    """Say of which kind it is, what it builds on, and what its campaign keeps."""
    lines = []
    if terms.kind is StepKind.ACTION:
        lines.append(_("An action: people take part, and nobody walks out."))
    elif terms.kind is StepKind.SURVEY:
        lines += [_("A survey: it ends at the deadline, and nobody does anything on a day."), *_questions(terms)]
    if not terms.campaign:
        return lines
    lines.append(_('A step of the campaign "{campaign}".').format(campaign=worded(terms).campaign))
    if step is not None:
        lines += _follows(terms, step)
    lines.append(
        _(
            "Its cards serve in all its steps, and each step is pledged anew. They are destroyed sixty days after the "
            "last step is over, or when you close the campaign; a step's pledges with the step."
        )
    )
    return lines


def goal(terms: Terms) -> str:
    """Say what a survey is to come to, though nothing depends on it."""
    return _("Its goal: {citywide} people citywide.").format(citywide=number(terms.citywide_threshold))


def _questions(terms: Terms) -> Sequence[str]:
    return [
        (_("It asks, any of {n} options: {text}") if each.many else _("It asks, one of {n} options: {text}")).format(
            n=number(len(each.options)), text=each.text
        )
        for each in worded(terms).questions
    ]


def _follows(terms: Terms, step: Compared) -> Sequence[str]:
    title, before, share = worded(step.before.terms).title, step.before.id, number(terms.opens_where)
    if step.is_again:
        lines = [_('Another try of "{title}" ({id}): its cards stay good.').format(title=title, id=before)]
    else:
        opens = (
            _(
                'It follows "{title}" ({id}), and opens only where at least {percent} % of a workplace\'s number took '
                "part there."
            )
            if terms.opens_where < WHOLE
            else _('It follows "{title}" ({id}), and opens only at workplaces that reached their number there.')
        )
        lines = [opens.format(title=title, id=before, percent=share), _qualified(step)]
        if step.only_reached:
            said = _("Too small to show {percent} % before all of their number has taken part: {names}.")
            lines.append(said.format(percent=share, names=named(step.only_reached)))
    if step.new:
        if step.is_again:
            said = _("New since then, with no cards yet: {names}.")
        else:
            said = _("New since then, so that it does not open there: {names}.")
        lines.append(said.format(names=named(step.new)))
    if step.gone:
        lines.append(_("Not in it any more: {names}.").format(names=named(step.gone)))
    return [*lines, *_ladder(step.ladder)]


def _qualified(step: Compared) -> str:
    """Say where it would open now."""
    if not step.is_counted:
        return _("It would open nowhere yet: the last count there is not in.")
    n = len(step.qualified)
    if not n:
        return _("It would open nowhere: nowhere have so many taken part.")
    said = ngettext("It would open at {n} workplace now: {names}.", "It would open at {n} workplaces now: {names}.", n)
    return said.format(n=number(n), names=named(step.qualified))


def _ladder(rungs: Sequence[Rung]) -> Sequence[str]:
    """Say how far the campaign has come."""
    return [
        _("So far: {n} of {of} workplaces have taken part in {titles}.").format(
            n=number(rung.reached),
            of=number(rung.workplaces),
            titles=named([worded(step.terms).title for step in rung.steps]),
        )
        for rung in rungs
        if rung.reached is not None
    ]


def not_opened(places: str) -> str:
    """Say where it does not open."""
    return _(
        "It does not open where too few took part in the step before: {places}. People there keep their cards."
    ).format(places=places)
