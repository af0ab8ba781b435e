"""What an organizer puts together by answering questions, a draft or a word of the committee: sealed, for a week."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.domain.committee_word import Content
from bot.domain.errors import Forbidden
from bot.domain.roles import Duty
from bot.draft.sketch import Sketch
from bot.sandbox import codec
from bot.storage.store import Sketched
from bot.usecases.context import RequestContext

LASTS = timedelta(days=7)
"""After the last answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """What organizers want to say themselves, as far as it is written."""

    walkout: str
    to: str | tuple[int, ...]  #: see bot.domain.committee_word.Content
    where: str
    own: str  #: the language it is written in first
    corrects: str = ""
    words: Mapping[str, str] = field(default_factory=dict)  #: by language
    at: str = ""  #: the language in which it is asked for now
    last: str = ""  #: the platform's number of the message that was answered last: it may come again

    @property
    def content(self) -> Content:
        """What is proposed."""
        return {
            "words": dict(self.words),
            "own": self.own,
            "to": self.to if isinstance(self.to, str) else [*self.to],
            "where": self.where,
            "corrects": self.corrects,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """What is kept as one text."""

    sketch: Sketch | None
    word: Wording | None


@dataclass(frozen=True, kw_only=True, slots=True)
class InHand:
    """What is in hand."""

    sketch: Sketch = field(default_factory=Sketch)
    drafts: bool = True  #: a draft is, or was: the sketch is one
    word: Wording | None = None  #: beside it
    list: bytes = b""  #: as it was sent; in our own form once nothing about it is open
    number: int = 0  #: of changes so far; buttons carry it, so that one pressed too late changes nothing


async def load(context: RequestContext) -> InHand | None:
    """Return what somebody is putting together; None too if it was begun by a version that asked otherwise."""
    row = await context.store.sketch(context.me)
    if row is None:
        return None
    try:
        kept = codec.read(_Kept, context.keys.unseal(row.content).encode())
    except codec.Misshapen:
        await drop(context)
        return None
    return InHand(
        sketch=kept.sketch or Sketch(),
        drafts=kept.sketch is not None,
        word=kept.word,
        list=_unpacked(context.keys.unseal(row.list)),
        number=row.number,
    )


async def keep(context: RequestContext, hand: InHand) -> InHand | None:
    """Keep it as the next change; None if another came first, as of a message delivered twice. Raises Forbidden."""
    changed = replace(hand, number=hand.number + 1)
    kept = _Kept(sketch=hand.sketch if hand.drafts else None, word=hand.word)
    sketched = Sketched(
        number=changed.number,
        content=context.keys.seal(codec.write(kept).decode()),
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
