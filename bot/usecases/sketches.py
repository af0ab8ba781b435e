"""What an organizer puts together by answering questions: kept sealed until it is a draft, for a week at most."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.errors import Forbidden
from bot.domain.roles import Duty
from bot.draft.sketch import Sketch
from bot.sandbox import codec
from bot.storage.store import Sketched
from bot.usecases.context import RequestContext

LASTS = timedelta(days=7)
"""After the last answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InHand:
    """What is in hand."""

    sketch: Sketch = field(default_factory=Sketch)
    list: bytes = b""  #: as it was sent; in our own form once nothing about it is open
    number: int = 0  #: of changes so far; buttons carry it, so that one pressed too late changes nothing


async def load(context: RequestContext) -> InHand | None:
    """Return what somebody is putting together; None too if it was begun by a version that asked otherwise."""
    row = await context.store.sketch(context.me)
    if row is None:
        return None
    try:
        sketch = codec.read(Sketch, context.keys.unseal(row.content).encode())
    except codec.Misshapen:
        await drop(context)
        return None
    return InHand(sketch=sketch, list=_unpacked(context.keys.unseal(row.list)), number=row.number)


async def keep(context: RequestContext, hand: InHand) -> InHand | None:
    """Keep it as the next change; None if another came first, as of a message delivered twice. Raises Forbidden."""
    changed = InHand(sketch=hand.sketch, list=hand.list, number=hand.number + 1)
    sketched = Sketched(
        number=changed.number,
        content=context.keys.seal(codec.write(hand.sketch).decode()),
        list=context.keys.seal(_packed(hand.list)),
    )
    if await context.store.keep_sketch(context.me, sketched, until=context.clock() + LASTS):
        return changed
    if not (await context.store.roles(context.me)).may(Duty.RUN):
        raise Forbidden
    return None


async def drop(context: RequestContext) -> None:
    """Forget it."""
    await context.store.drop_sketch(context.me)


def _packed(data: bytes) -> str:
    return b64encode(zlib.compress(data)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(b64decode(text))
