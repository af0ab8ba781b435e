"""What only Telegram needs to say."""

from __future__ import annotations

from handlers.texts.catalogue import _


def can_see() -> str:
    """Say who sees that somebody talks to the bot on Telegram."""
    return _("Telegram itself, and whoever holds your phone, can see that you write to this bot.")


def can_clear() -> str:
    """Say what of a chat stays when it is cleared; 190 characters at most, since it is shown in a small window."""
    return _(
        "What is older than two days, or older than my last start, you must delete by hand: best delete the whole chat."
    )


def not_cleared() -> str:
    """Say that a chat is not cleared; 200 characters at most."""
    return _("Telegram does not let me delete anything just now. Try again, or delete the chat by hand.")


def code_deleted() -> str:
    """Say that a message with a code is gone."""
    return _("I deleted your message with the code from this chat.")


def code_not_deleted() -> str:
    """Ask somebody to delete a message with a code, which Telegram did not delete."""
    return _("Your message shows the code, and I could not delete it: please delete it.")


def write_privately() -> str:
    """Answer in a group, whatever was asked."""
    return _("I talk in private only.")


def open_private() -> str:
    """Name the button that opens the private chat."""
    return _("Write to me")


def bind_label() -> str:
    """Name the button that binds a chat."""
    return _("Bind")


def not_now_label() -> str:
    """Name the button that does not."""
    return _("Not now")


def chat_found(title: str) -> str:
    """Ask an organizer to confirm a chat; its title is shown and not kept."""
    return _("I have seen your word in: {title}\nShall this chat hear the news?").format(title=title)


def chat_mute(title: str) -> str:
    """Tell an organizer that a chat cannot hear the news yet."""
    return _(
        "I have seen your word in: {title}\nBut I may not write there, so it would hear nothing. Let me write: in a "
        "channel, make me an administrator who posts. Then write the word there again. Nothing changed."
    ).format(title=title)


def topic(title: str, number: int) -> str:
    """Name a topic of a group; what it is called itself Telegram tells no bot."""
    return _("{title}, topic {n}").format(title=title, n=number)


def description() -> str:
    """Say what the bot does, before anybody writes to it; 512 characters at most."""
    return _(
        "Pledge, in confidence, to join a walkout that happens only if enough others pledge too: at your workplace and "
        "across the city. Nobody sees who pledged. Have your card ready."
    )


def short_description() -> str:
    """Say the same in 120 characters."""
    return _("One out, all out: pledge in confidence to a walkout that happens only if enough of us do.")


def file_not_fetched() -> str:
    """Say that Telegram did not hand a file over."""
    return _("Telegram did not give me the file just now. Send it again in a minute.")
