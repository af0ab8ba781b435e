"""What is said when a store moves to another database."""

from __future__ import annotations

from bot.domain.errors import Refused, StoreMoved
from handlers.texts.catalogue import _


def refusal(refused: Refused) -> str | None:
    """Refuse to open what does not count any more, or not yet."""
    if not isinstance(refused, StoreMoved):
        return None
    return _(
        "The store is in {elsewhere}, and {path} does not count. Run the bot on that one: set ALLOUT_DATABASE_URL or "
        "ALLOUT_DATA. If allout move was cut off, give it again. Nothing was changed."
    ).format(path=refused.path, elsewhere=refused.elsewhere)


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
    return _(
        "The store is in {target} now, and every row is as it was. Set ALLOUT_DATABASE_URL or ALLOUT_DATA to it, and "
        "start the bot with the same key file. {source} refuses from now on; delete it once the bot runs."
    ).format(source=source, target=target)
