"""What is said when a store moves to another database."""

from __future__ import annotations

from bot.domain.errors import Refused, StoreMoved
from handlers.texts.catalogue import _


def refusal(refused: Refused) -> str | None:
    """Refuse to open what does not count any more, or not yet."""
    if not isinstance(refused, StoreMoved):
        return None
    said = _("The store is in {elsewhere}, and {path} does not count.").format(
        path=refused.path, elsewhere=refused.elsewhere
    )
    again = _("If allout move was cut off, give it again. Nothing was changed.")
    return f"{said} {_set(refused.elsewhere)} {again}"


def no_address() -> str:
    """Refuse what is no database's address, and do not repeat it: it may hold a password."""
    return _(
        "That is no address like postgresql://role:password@host/database. The password must be "
        "percent-encoded. Nothing was changed."
    )


def _set(place: str) -> str:
    """Say how a bot is told where the store is. The place has no password in it, so it is not to be copied."""
    if place.startswith("postgresql:"):
        return _("Set ALLOUT_DATABASE_URL to that database, password and all.")
    return _("Take ALLOUT_DATABASE_URL out of the settings, and set ALLOUT_DATA to the folder of that file.")


def sure(source: str, target: str) -> str:
    """Ask before the store moves."""
    return _("Move the store from {source} to {target}? No bot may run on it meanwhile.").format(
        source=source, target=target
    )


def copied(done: int, of: int) -> str:
    """Say how far it is."""
    return _("{done} of {of} rows copied").format(done=f"{done:,}", of=f"{of:,}")


def done(source: str, target: str) -> str:
    """Say where the store is, and what is left to do."""
    said = _("The store is in {target} now, and every row is as it was.").format(target=target)
    left = _(
        "Then start the bot with the same key file. {source} refuses from now on; delete it once the bot runs."
    ).format(source=source)
    return f"{said} {_set(target)} {left}"
