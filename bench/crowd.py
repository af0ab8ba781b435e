"""Who gets an answer, and when, where a crowd holds up its cards within one second.

Everybody opens a card in the same second; when all are answered, or nobody is any more, everybody presses Pledge in the
same second. Strangers write beside them. The loopback server, in a process of its own, keeps Telegram's limits on
messages and edits. Watched are the terms, the deletion of the message with the code, and the card's edited message.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from bench import loopback
from bench.flood import Offer, said
from bench.ground import WALKOUT, Ground, percentile, ratio
from bench.telegram import Loopback, open_walkout, ours, running
from bot.process.clock import real_clock
from bot.runtime.app import App, open_app
from bot.secrets import card_codes
from handlers.conversation.messages import carried
from handlers.telegram.chat import PLATFORM

STALLED_S = 10
"""When nobody has been answered for so long, nobody else is going to be."""

_NUMBERS = count(100_000_001)
_ACCOUNTS = count(5_300_000_001)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """How many come."""

    holders: int
    strangers: int

    def __str__(self) -> str:
        return f"{self.holders} holders" + (f", {self.strangers} strangers" if self.strangers else "")


FULL = (
    Crowd(holders=300, strangers=0),
    Crowd(holders=300, strangers=900),
    Crowd(holders=1000, strangers=0),
    Crowd(holders=1000, strangers=3000),
)
QUICK = (Crowd(holders=12, strangers=20),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """After how many seconds who saw what."""

    terms: Sequence[float]
    deleted: Sequence[float]
    pledged: Sequence[float]
    refused: int  #: messages and edits answered with 429


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, and print who was answered after how long; 1 if a pledge was not stored or somebody got silence."""
    silent = 0
    crowds = QUICK if quick else FULL
    codes = [card_codes.mint() for _ in range(sum(crowd.holders for crowd in crowds))]
    async with open_app(ground.folder / "data", clock=real_clock, senders={PLATFORM: None}) as app:
        walkout = await open_walkout(app, codes)
        drawn = iter(codes)
        print(f"{'':38}{'answered':>14}{'half':>8}{'nine in ten':>13}{'last':>8}  seconds")
        async with running() as server:
            for nth, crowd in enumerate(crowds):
                seen = await come(server, f"{nth}:crowd", app, crowd, drawn)
                report(crowd, seen)
                silent += 3 * crowd.holders - len(seen.terms) - len(seen.deleted) - len(seen.pledged)
        stands = sum(place.standing for place in await app.store.units(walkout))
    print(f"pledges stored {stands} of {len(codes)}")
    ratio("crowd_silent", silent, "<=0")
    return 0 if stands == len(codes) and not silent else 1


async def come(server: Loopback, token: str, app: App, crowd: Crowd, codes: Iterator[str]) -> Seen:
    """Let a crowd open its cards, and then pledge."""
    cards_of = {next(_ACCOUNTS): code for code in islice(codes, crowd.holders)}
    async with ours(server, token, app):
        gc.collect()
        gc.freeze()
        await at_once(server, token, crowd, [("write", who, f"/start {code}") for who, code in cards_of.items()])
        await at_once(
            server, token, crowd, [("press", who, f"p:{carried(code, WALKOUT)}") for who, code in cards_of.items()]
        )
        took, *_, refused = await server.ask(token, "took")
    terms, deleted, pledged = ([s for answer, s in took.items() if answer[0] == kind] for kind in "mde")
    return Seen(terms=terms, deleted=deleted, pledged=pledged, refused=refused)


async def at_once(server: Loopback, token: str, crowd: Crowd, acts: Sequence[tuple[str, int, str]]) -> None:
    """Let everybody write or press within a second; return when all are answered, or nobody is any more."""
    strangers = [("write", next(_ACCOUNTS), "hello") for _ in range(crowd.strangers)]
    everybody = sorted(
        (nth / len(those), watched, *act)
        for those, watched in ((acts, True), (strangers, False))
        for nth, act in enumerate(those)
    )
    offers: list[Offer] = []
    for at, watched, how, who, what in everybody:
        number = next(_NUMBERS)
        update = loopback.press(number, who, what) if how == "press" else said(number, who, what)
        answers = f"e{number}" if how == "press" else f"m{who} d{number}"
        offers.append((at, answers if watched else "", update))
    await server.ask(token, "offer", json=offers)
    quiet, before = -1, (0, 0)  # the first second is that in which they come
    while quiet < STALLED_S:
        await asyncio.sleep(1)
        took, missing, waiting, *_ = await server.ask(token, "took")
        if quiet >= 0 and not missing and not waiting:
            return
        quiet = quiet + 1 if (len(took), missing) == before else max(quiet, 0)
        before = len(took), missing


def report(crowd: Crowd, seen: Seen) -> None:
    """Print how many saw what, and when."""
    for what, took in (("saw terms", seen.terms), ("code deleted", seen.deleted), ("saw Recorded", seen.pledged)):
        times = "".join(
            f"{seconds:{width}.1f}"
            for seconds, width in zip((percentile(took, 50), percentile(took, 90), max(took)), (8, 13, 8), strict=True)
        )
        print(f"{f'{crowd}: {what}':38}{f'{len(took)} of {crowd.holders}':>14}{times}")
    print(f"{f'{crowd}: refused with 429':38}{seen.refused:14}")
