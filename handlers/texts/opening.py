"""Why a step of a campaign is not opened, and what is not done because another step goes on."""

from __future__ import annotations

from bot.domain import errors
from bot.domain.errors import Refused
from handlers.texts.catalogue import _, ngettext
from handlers.texts.times import number


def refusal(refused: Refused) -> str | None:
    """Say what is missing, and what to do next."""
    match refused:
        case errors.NobodyQualifies():
            return _(
                "No workplace has shown enough in the step before: {share} % of its number. So there is nobody to open "
                "this one for. Nothing is opened."
            ).format(share=refused.share)
        case errors.NotEnoughLeft():
            return _not_enough(refused)
        case errors.LeavesTooFewFree():
            where = _("the whole walkout") if not refused.above else refused.above
            return _(
                "Without those that have not shown enough in the step before, the numbers would tell of people in "
                "{name} that they have pledged: {above} needs nearly everybody. Draft it anew with a lower number "
                "there. Nothing is opened."
            ).format(name=refused.name, above=where)
        case errors.StepNotOver():
            return _(
                "{title} is not over yet in {name}, and its last count may be missing. People pledge to one step "
                "at a time, so open this one afterwards. Nothing is opened."
            ).format(title=refused.title, name=refused.name)
        case errors.StepGoesOn():
            return _(
                "{title} goes on in {name}: its cards are voided and recalled in that step, {id}. Nothing changed."
            ).format(title=refused.title, name=refused.name, id=refused.walkout)
    return None


def _not_enough(refused: errors.NotEnoughLeft) -> str:
    where = refused.name or _("The whole walkout")
    if refused.people:
        left = ngettext("{n} person works", "{n} people work", refused.there).format(n=number(refused.there))
        said = _("{where} needs {needed} people, and {left} where enough was shown in the step before.")
    else:
        left = ngettext("{n} is left", "{n} are left", refused.there).format(n=number(refused.there))
        said = _("{where} needs {needed} of its parts, and {left} that have shown enough in the step before.")
    return " ".join(
        [
            said.format(where=where, needed=number(refused.needed), left=left),
            _("Draft it anew with lower numbers. Nothing is opened."),
        ]
    )
