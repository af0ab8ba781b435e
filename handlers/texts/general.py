"""What anybody may read: help, and answers to what is not understood."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain.ways import platform_of
from handlers.texts.catalogue import _, isolated
from handlers.texts.times import clock_utc, span


def commands(rows: Iterable[tuple[str, str, str]]) -> str:
    """List commands: name, arguments, what it does."""
    lines = [isolated(f"/{name} {usage}".rstrip()) + f": {does}" for name, usage, does in rows]
    return "\n".join([_("You can send me a card's code, press a button, or send:"), *lines])


def unknown_command(name: str) -> str:
    """Answer a command that does not exist."""
    return _("There is no command /{name}. See what there is: /help").format(name=name)


def not_understood() -> str:
    """Answer anything else, above the questions that people ask."""
    return _("I did not understand that, and kept nothing of it. Send a card's code, press a question, or send /help.")


def no_words() -> str:
    """Answer a picture, a voice, or whatever else is not text."""
    return _("I can read only text, no pictures and no voices. Type your card's code, or send /help.")


def edited() -> str:
    """Answer somebody who changes a message afterwards."""
    return _("I read each message once, as it was sent. Send me the corrected one as a new message.")


def several_codes() -> str:
    """Answer somebody who sends several codes at once."""
    return _("There are several codes in your message, so I did nothing. Send one code at a time.")


def too_fast() -> str:
    """Answer somebody who writes too fast, once."""
    return _("You are writing faster than I can answer. Try again in a minute.")


def too_many_codes(until: datetime, now: datetime) -> str:
    """Answer somebody who has tried too many codes, once."""
    minutes = -((now - until) // timedelta(minutes=1))  # rounded up: trying again then works
    clock = clock_utc(until + timedelta(seconds=59))
    return _("Too many codes that are not known. Try again at {clock} UTC, in {span}.").format(
        clock=clock, span=span(timedelta(minutes=minutes))
    )


def not_a_card(length: int, wanted: int) -> str:
    """Answer a mistyped code."""
    return _("That looks like a card with {length} characters; a card has {wanted}. Check it and try again.").format(
        length=length, wanted=wanted
    )


def foreign_letters() -> str:
    """Answer a code with letters of another alphabet, which may look the same."""
    return _(
        "Some of these letters are not Latin, though they may look so. Switch the keyboard to Latin letters, then try "
        "again."
    )


def strange_letters(letters: str) -> str:
    """Answer a code with letters that no card has."""
    return _("No card has {letters} in its code. Check it letter by letter and try again.").format(
        letters=", ".join(letters)
    )


def platform(way: str, bot: str = "") -> str:
    """Name the platform of a way; and its bot, where people must be told which one is meant."""
    name = platform_of(way)
    called = _("console") if name == "console" else name.capitalize()
    return _("{bot} on {platform}").format(bot=handle(bot), platform=called) if bot else called


def handle(bot: str) -> str:
    """Name a bot as people write it; on Telegram it is known by its link."""
    return f"@{shortly(bot)}"


def shortly(bot: str) -> str:
    """Name it without what a link has around its name."""
    return bot.rpartition("/")[2]


def old_button() -> str:
    """Answer a button that means nothing any more."""
    return _("That button does not work any more. Send your card's code again.")


def previous() -> str:
    """Name the button to the page before."""
    return _("Previous")


def following() -> str:
    """Name the button to the page behind."""
    return _("Next")
