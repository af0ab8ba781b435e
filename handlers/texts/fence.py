"""What is said of another bot with the same token."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.texts.catalogue import _, isolated
from handlers.texts.general import handle, platform


def taken() -> str:
    """Tell organizers that another bot has taken our token."""
    return _(
        "Another bot answers under my name: somebody copied my folder, or has my token. I decide and announce nothing "
        "and refuse pledges. Have the wrong one of us switched off. If I am the right one, send /adopt, which another "
        "organizer approves. On the server it is: allout adopt"
    )


def shared(where: str, bot: str = "") -> str:
    """Tell organizers of somebody who uses the token beside us; `bot`: of which one, where there are several."""
    said = _(
        "Somebody else uses my token on {platform}. They can read along there and write under my name. "
        "I go on. Whoever runs the server: have {platform} give out a new token, set it, and start me again."
    ).format(platform=platform(where))
    return f"{isolated(handle(bot))}: {said}" if bot else said


def adopted(platforms: Sequence[str]) -> str:
    """Say that this bot goes on; none: nothing kept it from it."""
    if not platforms:
        return _("No other bot has taken my token. Nothing was changed.")
    return _("I go on: {platforms}. The other bot stops when it notices; switch it off.").format(
        platforms=", ".join(map(platform, platforms))
    )


def sure() -> str:
    """Ask before this bot goes on."""
    return _("The other bot with this token must be off: two of them contradict each other. Is this one the right one?")


def after_restoring() -> str:
    """Say what a restored bot needs, since it is a stranger to the platforms."""
    return _(
        "When this bot starts it may stop at once, since another one had its token. Make sure that the other one is "
        "off, and then run: allout adopt"
    )


def no_bot() -> str:
    """Say that there is nobody to go on."""
    return _("No bot runs on this store. Start it first: allout run")
