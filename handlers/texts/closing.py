"""What is said about closing a walkout."""

from __future__ import annotations

from bot.domain.errors import CampaignGoesOn, ParcelsWait, Refused, TooEarlyToClose
from bot.domain.model import Stage, Walkout
from handlers.texts.catalogue import _, ngettext
from handlers.texts.keys import destroy_copies
from handlers.texts.organizers_words import worded
from handlers.texts.times import number, when, when_utc


def sure(walkout: Walkout) -> str:
    """Ask whether it is meant."""
    said = (
        _(
            "{title} ({id}): its key, its pledges, who asked to be told, its rooms and its stewards will be destroyed. "
            "The campaign's cards stay. Nobody can bring back what is destroyed. Close it?"
        )
        if walkout.terms.campaign
        else _(
            "{title} ({id}): its key, its cards, who asked to be told, its rooms and its stewards will be destroyed. "
            "Nobody can bring them back. Close it?"
        )
    )
    return said.format(title=worded(walkout.terms).title, id=walkout.id)


def closed(walkout: Walkout) -> str:
    """Confirm it."""
    return told(walkout.id, worded(walkout.terms).title, is_step=bool(walkout.terms.campaign))


def told(walkout: str, titled: str, *, is_step: bool) -> str:
    """Say what is gone and what stays; to organizers also when it happens by itself. A campaign's cards outlive it."""
    gone = (
        _(
            "{title} ({id}) is closed. Destroyed: its key, its pledges and votes, who asked to be told, its rooms, its "
            "stewards, and what was on its way. The campaign's cards stay, until sixty days after its last step."
        )
        if is_step
        else _(
            "{title} ({id}) is closed. Destroyed: its key, its cards, who asked to be told, its rooms, its stewards, "
            "and what was on its way. The board's last numbers stay for /report, the words of announcements for "
            "/verify."
        )
    )
    return f"{gone.format(title=titled, id=walkout)} {destroy_copies()}"


def campaign(titled: str) -> str:
    """Say that a campaign's cards are gone."""
    said = _(
        "The campaign {title} is closed. Destroyed: its cards, their key, and who asked for another try. What its "
        "steps showed stays for /report and /verify."
    ).format(title=titled)
    return f"{said} {destroy_copies()}"


def sure_of_campaign(step: Walkout) -> str:
    """Ask whether it is meant, of a campaign all steps of which are closed."""
    return _(
        "{title} ({id}) is closed already. The campaign {campaign}: its cards and who asked for another try will be "
        "destroyed, and no other step can follow. Nobody can bring them back. Close it?"
    ).format(title=worded(step.terms).title, id=step.id, campaign=worded(step.terms).campaign)


def campaign_closed(step: Walkout) -> str:
    """Confirm it."""
    return campaign(worded(step.terms).campaign)


def closed_before(walkout: Walkout) -> str:
    """Say that there was nothing to do."""
    return _("{title} ({id}) is closed already.").format(title=worded(walkout.terms).title, id=walkout.id)


def refusal(refused: Refused) -> str | None:
    """Say why it is not closed."""
    match refused:
        case TooEarlyToClose():
            return _(
                "It is on, and people need their cards until the day is over: it can be closed from {when} on. "
                "Nothing was changed."
            ).format(when=when(refused.starting, refused.terms))
        case CampaignGoesOn():
            return _(
                "It is closed already. The campaign's cards can be destroyed once all its steps are closed, and "
                "{title} ({id}) is not. Nothing was changed."
            ).format(title=refused.title, id=refused.walkout)
        case ParcelsWait():
            return ngettext(
                "{n} message of it is still on its way, and closing would destroy it. Let the bot run until it is "
                "sent; on {closes} it closes by itself. Nothing was changed.",
                "{n} messages of it are still on their way, and closing would destroy them. Let the bot run until they "
                "are sent; on {closes} it closes by itself. Nothing was changed.",
                refused.waiting,
            ).format(n=number(refused.waiting), closes=when_utc(refused.closes))
    return None


def not_over(stage: Stage) -> str:
    """Say what comes before closing."""
    if stage is Stage.DRAFT:
        return _("It is a draft. Drop it first, in a chat with the bot: /calloff. Then close it. Nothing was changed.")
    return _("It is open for pledges. Call it off first, in a chat with the bot: /calloff. Nothing was changed.")
