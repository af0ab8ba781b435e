"""What stands in the two files of a walkout beside what they say: comments, and an example to be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain import zones
from bot.domain.model import Terms
from bot.draft.tree import DraftUnit
from handlers.texts.catalogue import _, spoken


def comments() -> Mapping[str, str]:
    """Return what stands above each field of walkout.toml."""
    return {
        "title": _("What it is called, and where. Everybody reads this first."),
        "kind": _("A walkout; or an action, where nobody walks out; or a survey."),
        "campaign": _("The campaign that it is a step of."),
        "opens_where": _("It opens where so much of a workplace's number took part in the step before."),
        "demands": _("What you demand."),
        "legal_notice": _("Shown to every worker before they pledge, in your own words."),
        "on_the_day": _("Sent only once it is on, to everybody who walks out."),
        "called_by": _("Who calls it, as people are told."),
        "ask": _("Whom people can ask, and how."),
        "if_disciplined": _("Sent afterwards: what to do if somebody is disciplined."),
        "language": _("The language of these texts."),
        "timezone": _("Where the times below are meant."),
        "starts": _("When you walk out, and until when people may pledge: an hour before that at least."),
        "ends": _("When it ends."),
        "citywide_threshold": _("It is on only if so many people pledged across the city."),
        "minimum_workplaces": _("And so many workplaces reached their own number."),
        "levels": _("What the areas are called that workplaces lie in, from the widest: columns of the list."),
        "confirm_tallies": _("At so many tallies in a row."),
        "tally_every": _("How often I count. Between two tallies nothing that anyone can see changes."),
        "approvals": _("How many organizers must agree before it opens, or is called off."),
        "milestones": _("Tell the citywide room when a quarter, half and three quarters are reached."),
        "turnout": _("Ask on the day who is out."),
        "counted_by": _("Who counts on the day: everybody with their card, or stewards by hand."),
        "questions": _("What is asked of whoever takes part."),
        "reminders": _("Remind every room so long before the deadline."),
        "workplaces": _("The workplaces, in a file beside this one."),
    }


def example(now: datetime) -> tuple[Terms, Sequence[DraftUnit]]:
    """Return a walkout to be changed into one's own: two months ahead, at noon in New York."""
    zone = "America/New_York"
    day = (zones.pinned(now, zone) + timedelta(days=60)).replace(
        hour=12, minute=0, second=0, microsecond=0, tzinfo=None
    )
    starts = zones.showing(day, zone)[0]
    pledge_by = zones.showing(day - timedelta(days=2) + timedelta(hours=8), zone)[0]
    terms = Terms(
        title=_("A day for the bus"),
        city=_("New York"),
        demands=(_("A bus every ten minutes"),),
        legal_notice=_("Ask your steward before you pledge."),
        on_the_day=_("Meet at nine at your own door."),
        language=spoken(),
        timezone=zone,
        starts=starts,
        pledge_by=pledge_by,
        citywide_threshold=60,
    )
    return terms, (
        DraftUnit(name=_("North Depot"), headcount=120, threshold=78),
        DraftUnit(name=_("Market Hall"), headcount=40, threshold=26),
    )
