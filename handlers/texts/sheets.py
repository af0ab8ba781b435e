"""What is printed: on a card, and on the page for the steward."""

from __future__ import annotations

from bot.domain.model import Terms
from handlers.texts.catalogue import _, ngettext
from handlers.texts.kinds import by_kind
from handlers.texts.times import before, number


def open_alone() -> str:
    """Stand on the back of a closed card."""
    return _("Open it where nobody reads along.")


def scan_for_telegram() -> str:
    """Say what the QR code is for."""
    return _("Scan it to open Telegram.")


def scan_for_code() -> str:
    """Say what the QR code holds, where it is no link."""
    return _("It holds the code.")


def your_code() -> str:
    """Stand above the code."""
    return _("Your code")


def send_it(telegram: str | None, discord: str | None) -> str:
    """Say how to pledge by typing the code; the names are those of the bot there."""
    if telegram is not None and discord is not None:
        return _("Send it to {telegram} on Telegram, or on Discord to {discord}: /start, then the code.").format(
            telegram=telegram, discord=discord
        )
    if telegram is not None:
        return _("Cannot scan? Send it to {telegram} on Telegram.").format(telegram=telegram)
    if discord is not None:
        return _("Send it to {discord} on Discord: /start, then the code.").format(discord=discord)
    return _("Send it to the bot.")


def deadline(terms: Terms) -> str:
    """Say until when the card is good."""
    return by_kind(terms.kind, _("Pledge {before}"), survey=_("Take part {before}")).format(
        before=before(terms, short=True)
    )


def condition(terms: Terms) -> str:
    """Say what a pledge comes to, in one line; of a campaign's card, that it is needed again."""
    if terms.campaign:
        return _("Keep this card: it is good for every step.")
    return by_kind(
        terms.kind,
        _("You walk out only if enough others do."),
        _("You take part only if enough others do."),
        _("A survey. Nobody learns who takes part."),
    )


def in_confidence() -> str:
    """Say what is not kept, in one line."""
    return _("No name or account is kept. Show nobody this code.")


def for_the_steward() -> str:
    """Stand above the steward's page."""
    return _("For the steward")


def stack(cards: int, terms: Terms) -> str:
    """Say what lies behind the steward's page."""
    return _("{cards} · {deadline}").format(
        cards=ngettext("{n} card", "{n} cards", cards).format(n=number(cards)), deadline=deadline(terms)
    )


def making() -> str:
    """Stand above the pictures of how a card is made."""
    return _("Make the cards")


def steps() -> tuple[str, str, str, str]:
    """Stand under those four pictures."""
    return (
        _("Print on one side. Cut along the solid lines."),
        _("Fold the patterned half to the back."),
        _("Fold the lower half up: the code is inside."),
        _("Done. All the cards look alike."),
    )


def handing_out() -> str:
    """Stand above the steward's rules."""
    return _("Hand them out")


def rules() -> tuple[tuple[str, str], ...]:
    """Return what a steward does and does not do: a few words each, and why."""
    return (
        (
            _("Draw from a hat."),
            _("Mix the folded cards and let everybody draw one. Open none: you must not know who holds which code."),
        ),
        (
            _("Keep no list."),
            _("Write down neither who drew a card nor who did not. What is on no list can be demanded of nobody."),
        ),
        (
            _("No photograph."),
            _("A picture of a code is the code. Do not copy or scan the sheets, and do not print them at work."),
        ),
        (
            _("Count what is drawn."),
            _("Send the bot /drawn and how many cards were drawn. Where more are pledged, organizers are warned."),
        ),
        (
            _("“Used already”?"),
            _("From another account? If that was them on another phone, it counts: they draw no other card."),
        ),
        (
            _("Burn the rest."),
            _("When everybody has drawn, burn the cards that are left, misprints too, and this page with them."),
        ),
        (
            _("Delete the file."),
            _("Whoever has it has every code: delete it where it was printed, downloaded and sent."),
        ),
    )
