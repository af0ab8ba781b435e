"""What organizers and stewards did, for organizers to read. Workers' acts are never written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.model import WalkoutId
from bot.domain.roles import Deed
from bot.usecases.desk import Desk

PAGE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One deed, in the clear."""

    number: int
    deed: Deed
    walkout: WalkoutId | None
    tally: int  #: after which it was done; no time is kept
    nickname: str
    detail: Mapping[str, Any]  #: "name" of whom or what; or the matter and content of a proposal


async def page(desk: Desk, before: int | None) -> list[Line]:
    """Return the newest lines, or those before that number."""
    noted = await desk.store.noted(walkout=None, before=before, limit=PAGE)
    unseal = desk.keys.unseal
    return [
        Line(
            number=each.number,
            deed=each.deed,
            walkout=each.walkout,
            tally=each.tally,
            nickname=unseal(each.nickname) if each.nickname else "",
            detail=json.loads(unseal(each.detail)) if each.detail else {},
        )
        for each in noted
    ]
