"""What organizers and stewards did, for organizers to read. Workers' acts are never written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import NoSuchUnit
from bot.domain.model import UnitId, WalkoutId
from bot.domain.roles import Deed, Matter
from bot.storage.store import Noted
from bot.usecases.context import RequestContext

PAGE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One deed, in the clear."""

    number: int
    deed: Deed
    walkout: WalkoutId | None
    tally: int  #: after which it was done; no time is kept
    nickname: str
    detail: Mapping[str, Any]  #: "name" of whom or what; or the matter and content of a proposal, with its "place"


async def page(context: RequestContext, before: int | None) -> list[Line]:
    """Return the newest lines, or those before that number, without what others do to remove whoever reads."""
    me = (await context.store.committee()).members.get(context.me)
    called = context.keys.unseal(me.nickname) if me is not None else ""
    lines: list[Line] = []
    while len(lines) < PAGE and (noted := await context.store.noted(walkout=None, before=before, limit=PAGE)):
        before = noted[-1].number
        read = [await _read(context, each) for each in noted]
        lines += [line for line in read if not _removes(line, called)]
    return lines[:PAGE]


def _removes(line: Line, nickname: str) -> bool:
    if line.deed is Deed.REMOVED:  # as steward, at once
        return line.detail.get("name") == nickname
    return line.detail.get("matter") == Matter.REMOVE and line.detail.get("nickname") == nickname


async def _read(context: RequestContext, noted: Noted) -> Line:
    unseal = context.keys.unseal
    detail = json.loads(unseal(noted.detail)) if noted.detail else {}
    if noted.walkout is not None and "workplace" in detail:
        with suppress(NoSuchUnit):  # a step was opened without it
            place = await context.store.unit(noted.walkout, UnitId(detail["workplace"]))
            detail = {**detail, "place": place.name}
    return Line(
        number=noted.number,
        deed=noted.deed,
        walkout=noted.walkout,
        tally=noted.tally,
        nickname=unseal(noted.nickname) if noted.nickname else "",
        detail=detail,
    )
