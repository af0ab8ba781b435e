"""What only Discord needs to say."""

from __future__ import annotations

from datetime import timedelta

from handlers.texts.catalogue import _
from handlers.texts.times import span


def can_see() -> str:
    """Say who sees that somebody talks to the bot on Discord."""
    return _("Discord itself, and whoever holds your phone, can see that you write to this bot.")


def can_reach() -> str:
    """Say whom a bot can write to by itself."""
    return _(
        "On Discord I reach you only while we share a server and you take direct messages from its members: see its "
        "privacy settings."
    )


def can_clear() -> str:
    """Say what of a chat a bot cannot delete."""
    return _(
        "I can delete only messages of my own: the newest hundred in our direct messages, and in a server this one. "
        "Your own you must delete yourself."
    )


def not_cleared() -> str:
    """Say that a chat is not cleared."""
    return _("Discord does not let me delete everything just now. Try again, or delete it by hand.")


def only_you() -> str:
    """Warn that an answer in a server does not last."""
    return _(
        "Only you see this, and it is gone when you leave: keep your card, or open me in a direct message, "
        "where this message stays."
    )


def not_in_a_channel() -> str:
    """Say, in a server, where a code is entered and where it must not be written."""
    return _("To enter your card, press the button. Never write its code into a channel: everybody there can read it.")


def delete_it() -> str:
    """Ask somebody to delete a message with a code, which a bot cannot."""
    return _("Your message shows the code, and I cannot delete it here: please delete it.")


def organize() -> str:
    """Describe the organizers' commands."""
    return _("for organizers of a walkout")


def enter_card() -> str:
    """Name the button that asks for the card, and the form it opens; 45 characters at most."""
    return _("Enter my card")


def card_label() -> str:
    """Name the field of that form; 45 characters at most."""
    return _("The 20 letters and digits of your card")


def everywhere() -> str:
    """Name a choice."""
    return _("all (every room)")


def citywide() -> str:
    """Name the choice of all the city's news."""
    return _("citywide")


def steward() -> str:
    """Name a choice."""
    return _("steward")


def organizer() -> str:
    """Name a choice."""
    return _("organizer")


def off() -> str:
    """Name the choice of no news."""
    return _("off")


def file_not_fetched() -> str:
    """Say that Discord did not hand a file over."""
    return _("Discord did not give me the file just now. Send it again in a minute.")


def sent_privately(lasts: timedelta) -> str:
    """Say where a file with codes comes, and what becomes of it."""
    return _("The cards come in a direct message. I delete it in {time}: print them or save them at once.").format(
        time=span(lasts)
    )
