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
class Held:
    """What is in hand."""

    sketch: Sketch = field(default_factory=Sketch)
    list: bytes = b""  #: as it was sent; in our own form once nothing about it is open
    number: int = 0  #: of changes so far; buttons carry it, so that one pressed too late changes nothing


async def load(desk: Desk) -> Held | None:
    """Return what somebody is putting together; None too if it was begun by a version that asked otherwise."""
    kept = await desk.store.sketch(desk.me)
    if kept is None:
        return None
    try:
        sketch = plain.read(Sketch, desk.keys.unseal(kept.content).encode())
    except plain.Misshapen:
        await drop(desk)
        return None
    return Held(sketch=sketch, list=_unpacked(desk.keys.unseal(kept.list)), number=kept.number)


async def keep(desk: Desk, held: Held) -> Held | None:
    """Keep it as the next change; None if another came first, as of a message delivered twice. Raises Forbidden."""
    changed = Held(sketch=held.sketch, list=held.list, number=held.number + 1)
    sketched = Sketched(
        number=changed.number,
        content=desk.keys.seal(plain.write(held.sketch).decode()),
        list=desk.keys.seal(_packed(held.list)),
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
