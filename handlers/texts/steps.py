"""What an organizer reads of a draft that is a step of a campaign, before it is opened."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.model import Stage, StepKind, Terms
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
    title, before = worded(step.before.terms).title, step.before.id
    if step.before.stage is Stage.LAPSED:
        lines = [_('Another try of "{title}" ({id}): its cards stay good.').format(title=title, id=before)]
    else:
        lines = [
            _(
                'It follows "{title}" ({id}), and opens only where at least {percent} % of a workplace\'s number took '
                "part there."
            ).format(title=title, id=before, percent=number(terms.opens_where)),
        ]
    if step.new:
        lines.append(
            ngettext(
                "New since then, with no card yet: {names}.",
                "New since then, with no cards yet: {names}.",
                len(step.new),
            ).format(names=named(step.new))
        )
    if step.gone:
        lines.append(_("Not in it any more: {names}.").format(names=named(step.gone)))
    return lines
