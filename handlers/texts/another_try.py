"""What people read who want to be told if what lapsed is tried again."""

from __future__ import annotations

from bot.domain.model import Walkout
from handlers.texts.catalogue import _
from handlers.texts.times import deadline
from handlers.texts.workers import headline


def ask_label() -> str:
    """Name the button."""
    return _("Tell me of a retry")


def stop_label() -> str:
    """Name the button that undoes it."""
    return _("Do not tell me")


def kept() -> str:
    """Say what is kept, and for how long."""
    return _(
        "If there is another try, I write to you here, once. For that I keep your address on this chat service and "
        "your language, encrypted. I delete them when I have told you, when you press “Do not tell me”, or when the "
        "campaign is closed. Until then, whoever seizes both our database and our key file can read that you asked."
    )


def deleted() -> str:
    """Confirm that nothing is kept."""
    return _("Your address is deleted. I will not write to you about another try.")


def told(walkout: Walkout) -> str:
    """Tell them, once."""
    return _(
        "There is another try: {headline}\nNothing is pledged yet: what you pledged before does not count. Do you want "
        "to take part? Open your card and pledge, until {pledge_by}. I have deleted your address."
    ).format(headline=headline(walkout.terms), pledge_by=deadline(walkout.terms, named=True))
