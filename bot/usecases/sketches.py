"""What an organizer puts together by answering questions: kept sealed until it is a draft, for a week at most."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import timedelta

from bot.children import plain
from bot.domain.errors import Forbidden
from bot.draft.sketch import Sketch
from bot.storage.store import Sketched
from bot.usecases.desk import Desk

LASTS = timedelta(days=7)
"""After the last answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InHand:
    """What is in hand."""

    sketch: Sketch = field(default_factory=Sketch)
    list: bytes = b""  #: as it was sent; in our own form once nothing about it is open
    number: int = 0  #: of changes so far; buttons carry it, so that one pressed too late changes nothing


async def load(desk: Desk) -> InHand | None:
    """Return what somebody is putting together; None too if it was begun by a version that asked otherwise."""
    row = await desk.store.sketch(desk.me)
    if row is None:
        return None
    try:
        sketch = plain.read(Sketch, desk.keys.unseal(row.content).encode())
    except plain.Misshapen:
        await drop(desk)
        return None
    return InHand(sketch=sketch, list=_unpacked(desk.keys.unseal(row.list)), number=row.number)


async def keep(desk: Desk, hand: InHand) -> InHand | None:
    """Keep it as the next change; None if another came first, as of a message delivered twice. Raises Forbidden."""
    changed = InHand(sketch=hand.sketch, list=hand.list, number=hand.number + 1)
    sketched = Sketched(
        number=changed.number,
        content=desk.keys.seal(plain.write(hand.sketch).decode()),
        list=desk.keys.seal(_packed(hand.list)),
    )
    if await desk.store.keep_sketch(desk.me, sketched, until=desk.clock() + LASTS):
        return changed
    if not (await desk.store.roles(desk.me)).organizer:
        raise Forbidden
    return None


async def drop(desk: Desk) -> None:
    """Forget it."""
    await desk.store.drop_sketch(desk.me)


def _packed(data: bytes) -> str:
    return b64encode(zlib.compress(data)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(b64decode(text))
