"""When organizers may say something themselves, and whom it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import NothingToCorrect, NoWordNow, WordTooSoon
from bot.domain.model import Announcement, Kind, Stage, Unit, UnitId, Walkout
from bot.domain.rules import over_at
from bot.domain.tree import Tree

LONGEST = 500
"""Characters in each language."""

BETWEEN = timedelta(hours=24)

CITYWIDE, ALL = "citywide", "all"
"""The citywide rooms; or every room."""

Content = Mapping[str, Any]
"""What is said: `words` by language; `own`, the language for those who read none of these; `to`, CITYWIDE, ALL or
units; `where`, the same as people call it; `corrects`, the occasion of what it corrects, or ''."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SaidWord:
    """What organizers have said before."""

    occasion: str  #: the instant, in UTC
    content: Content

    @property
    def at(self) -> datetime:
        """When it was said."""
        return datetime.fromisoformat(self.occasion)


def _occasion(said: Sequence[SaidWord], now: datetime) -> str:
    """Return how what is said now is named: later than all before, also if the clock was set back."""
    at = max([now, *(each.at + timedelta(microseconds=1) for each in said)])
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def to_correct(said: Sequence[SaidWord]) -> SaidWord | None:
    """Return what may be corrected: what was said last, unless it is a correction itself; `said` is in order."""
    return said[-1] if said and not said[-1].content["corrects"] else None


def check_can_say(walkout: Walkout, said: Sequence[SaidWord], *, corrects: str, now: datetime) -> None:
    """Refuse it before *on* and once it is over, a second time within a day, and a second correction.

    Raises NoWordNow, WordTooSoon, NothingToCorrect.
    """
    if walkout.stage is not Stage.ON or now >= over_at(walkout.terms):
        raise NoWordNow
    last = to_correct(said)
    if corrects:
        if last is None or last.occasion != corrects:
            raise NothingToCorrect
        return
    before = [each.at for each in said if not each.content["corrects"]]
    if before and now < before[-1] + BETWEEN:
        raise WordTooSoon(before[-1] + BETWEEN, walkout.terms, last is not None)


def say(
    walkout: Walkout, units: Sequence[Unit], said: Sequence[SaidWord], *, content: Content, now: datetime
) -> list[Announcement]:
    """Return the news: to the chosen rooms, and to whoever asked to be told and works there. Raises as the check."""
    check_can_say(walkout, said, corrects=content["corrects"], now=now)
    tree, to = Tree(units), content["to"]
    chosen: Sequence[UnitId] = () if to in (CITYWIDE, ALL) else tuple(map(UnitId, to))
    scopes = [unit.id for unit in units] if to == ALL else [e.id for unit in chosen for e in tree.branch(unit)]
    facts = {**content, "units": [*chosen]}
    news = Announcement(kind=Kind.COMMITTEE_WORD, occasion=_occasion(said, now), facts=facts)
    return [
        replace(news, to_rooms=not chosen),
        *(replace(news, scope=scope, about=scope) for scope in dict.fromkeys(scopes)),
    ]
