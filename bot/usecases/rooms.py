"""Whether rooms hear us: a visible test, when an organizer wants to see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain import rules
from bot.domain.errors import WrongStage
from bot.domain.model import Announcement, Kind, UnitId, WalkoutId
from bot.domain.roles import Deed
from bot.usecases.context import RequestContext

TEST_EVERY = timedelta(minutes=1)


async def test_rooms(context: RequestContext, walkout: WalkoutId) -> int | None:
    """Let every room of the walkout hear what it is bound to; return how many will. None: too soon after the last.

    Raises WrongStage, NoSuchWalkout.
    """
    seen = await context.store.walkout(walkout)
    if seen.stage not in rules.NOT_OVER:
        raise WrongStage(seen.stage)
    now = context.clock()

    def news(scope: UnitId | None) -> Announcement:
        return Announcement(kind=Kind.ROOM_TEST, occasion=_occasion(now), scope=scope, about=scope)

    note = context.note(Deed.TESTED, walkout)
    return await context.store.test_rooms(walkout, news, note, since=_occasion(now - TEST_EVERY))


def _occasion(instant: datetime) -> str:
    """Write an instant so that later ones sort behind earlier ones."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
