"""Cards: the busy path. A batch of changes is decided between set-based reads and set-based writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain import pledging
from bot.domain.errors import NotRecorded, Refused
from bot.domain.model import CardState, Stage, StepKind, UnitId, WalkoutId
from bot.domain.pledging import HASH_BYTES, Act, Bearer, Card, Change, Enrolment, Head, Outcome
from bot.storage.records import maybe_moment, moment
from bot.storage.sql.writer import Row, Writer

HEADS = """
    SELECT id, stage, pledge_by, next_tally, ended,
        CASE WHEN CAST(terms ->> 'turnout' AS TEXT) IN ('1', 'true')
            AND terms ->> 'counted_by' IS DISTINCT FROM 'stewards' THEN starts END,
        opened, terms ->> 'kind'
    FROM walkout
"""
"""What `Batch.read` takes of walkouts."""


class Asked(NamedTuple):
    """One of the rows that a card may be: it is looked for under the keys that it has in each of the walkouts."""

    card: bytes  #: SHA-256 of its code
    walkout: WalkoutId
    key: bytes  #: in the register
    pledge: bytes  #: its key among the walkout's pledges


class Written(NamedTuple):
    """What a batch writes of one card."""

    card: bytes
    owner: bytes
    pledge: bytes
    walkout: WalkoutId
    unit: UnitId
    state: CardState
    makes: bool  #: the rows may not be there yet, or are at another workplace


class Cards(Writer):
    """Looks at cards."""

    async def stands(self, pledge: bytes) -> bool:
        """See Store.stands."""
        return bool(await self._read("SELECT 1 FROM pledge WHERE key = ? AND state IN ('p', 'o')", (pledge,)))


class Batch:
    """What a batch must know, and what is decided. Nothing here speaks to a database."""

    def __init__(self, changes: Sequence[Change], now: datetime, hidden: Collection[bytes] = ()) -> None:
        self.now = now
        self.answers: list[Outcome | Exception] = []
        self.written: dict[bytes, Written] = {}
        self.on_the_day = any(change.act in pledging.ON_THE_DAY for change in changes)
        every = (
            Asked(change.bearer.card, step, *keys) for change in changes for step, keys in change.bearer.keys.items()
        )
        self.asked = [each for each in every if each.key not in hidden]
        # of all that was asked, found or not: a stale card costs what an unknown one does
        self.walkouts = sorted({walkout for change in changes for walkout in change.bearer.keys})
        self.enrolments = sorted(
            {change.enrol for change in changes if change.enrol}, key=lambda each: (each.walkout, each.unit)
        )
        self._changes = changes
        self._cards: dict[bytes, Card] = {}

    def read(self, heads: Iterable[Row], rows: Iterable[Row], free: Iterable[int]) -> None:
        """Read what was found: of walkouts, by HEADS; of cards; and how many each of the enrolments has room for.

        A card's row: which of `asked`, its pledge's walkout (None: it has none), unit, state, owner, whether it is
        stale, whether its unit is out. Of several steps that a card is in, it is the one that it opens.
        """
        self._heads = {
            WalkoutId(row[0]): Head(
                stage=Stage(row[1]),
                pledge_by=moment(row[2]),
                next_tally=maybe_moment(row[3]),
                ended=maybe_moment(row[4]),
                asked_from=maybe_moment(row[5]),
                opened=maybe_moment(row[6]),
                kind=StepKind(row[7] or StepKind.WALKOUT),
            )
            for row in heads
        }
        self._free: dict[Enrolment | None, int] = {None: 0, **dict(zip(self.enrolments, free, strict=True))}
        several: dict[bytes, list[Card]] = {}
        out = set()
        for nth, walkout, place, state, owner, stale, is_out in rows:
            card, step, *_keys = self.asked[nth]
            found = Card(walkout or step, place, CardState(state), owner, bool(stale), rests=walkout is None)
            before = self._cards.setdefault(card, found)
            if before is not found:
                several.setdefault(card, [before]).append(found)
            if is_out:
                out.add((card, step))
        for card, of_steps in several.items():
            opens = pledging.step_for((each for each in of_steps if not each.rests), self._heads)
            self._cards[card] = opens or of_steps[0]
        self._out = {card for card, step in out if self._cards[card].walkout == step}

    def decide(self, write: Callable[[Written], NotRecorded | None] = lambda _row: None) -> None:
        """Decide the batch in its order, so that two changes to one card see each other; `write` each at once.

        What cannot be written is answered so, and the next is decided as if it had not been asked for.
        """
        cards, heads, free, now = self._cards, self._heads, self._free, self.now
        for change in self._changes:
            bearer = change.bearer
            card = bearer.card
            answer: Outcome | Exception
            answer, after = pledging.decide(
                change, cards.get(card), heads, free=free[change.enrol], now=now, is_out=card in self._out
            )
            if isinstance(answer, Refused) and (held := cards.get(card)) and held.walkout in heads:
                answer.of(heads[held.walkout].kind)
            if after is not None:
                if len(after.owner) != HASH_BYTES:  # or everybody's behind it would be another's
                    raise ValueError(f"an owner is {HASH_BYTES} bytes")
                registered, pledged = bearer.keys[after.walkout]
                before, last = cards.get(card), self.written.get(card)
                makes = before is None or before.unit != after.unit or (last is not None and last.makes)
                row = Written(registered, after.owner, pledged, after.walkout, after.unit, after.state, makes)
                if (failed := write(row)) is not None:
                    answer = failed
                else:
                    self.written[card] = row
                    cards[card] = after
                    if self.enrolments:
                        self._move(before, after)
            self.answers.append(answer)

    def _move(self, before: Card | None, after: Card) -> None:
        """Let a place that is given back be free for whoever comes next."""
        for card, places in ((before, 1), (after, -1)):
            if card is not None and card.state.stands:
                place = Enrolment(walkout=card.walkout, unit=card.unit)
                if place in self._free:
                    self._free[place] += places

    def taken_back(self) -> list[tuple[Bearer, WalkoutId]]:
        """Return whose pledges were taken back; the notice goes with it, and the ballot."""
        return [
            (change.bearer, answer.walkout)
            for change, answer in zip(self._changes, self.answers, strict=True)
            if change.act is Act.WITHDRAW and isinstance(answer, Outcome)
        ]
