"""How long a pledge waits at the longest while something large is done beside it.

Sixty-four people pledge and take it back, each again as soon as they are answered, through the same use cases as on a
platform. Meanwhile, one after the other: nothing; a hundred thousand cards are minted, as the server's command does it;
a process of ours draws its first picture; cards are printed. On a busy machine every wait is longer: what it is with
nothing beside it is what the others are held against.
"""

from __future__ import annotations

import asyncio
import gc
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from secrets import token_bytes
from time import perf_counter

from bench.ground import Ground, percentile, ratio
from bench.telegram import WORKPLACES, open_walkout
from bot.domain.model import WalkoutId
from bot.process.clock import real_clock
from bot.runtime.app import App, open_app
from bot.secrets import card_codes
from bot.secrets.keys import Person
from bot.usecases import stewards
from handlers.cli import admin
from handlers.sandboxed import sandbox_client

PEOPLE = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is done."""

    minted: int
    printed: int
    alone_s: float
    rounds: int


FULL = Sizes(minted=100_000, printed=400, alone_s=3.0, rounds=3)
QUICK = Sizes(minted=1_000, printed=8, alone_s=0.2, rounds=1)


@dataclass(kw_only=True, slots=True)
class Waits:
    """What happened while something was done."""

    each: list[float] = field(default_factory=list)  #: seconds
    took: float = 0.0


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, and print."""
    gc.freeze()  # as at a start
    sizes = QUICK if quick else FULL
    waited: dict[str, list[Waits]] = {}
    for nth in range(sizes.rounds):
        async with open_app(ground.folder / str(nth), clock=real_clock, senders={}) as app:
            codes = [card_codes.mint() for _ in range(PEOPLE)]
            walkout = await open_walkout(app, codes, beside=-(-sizes.minted // WORKPLACES))
            await _beside(app, codes, partial(asyncio.sleep, sizes.alone_s))  # to warm up
            for name, work in _works(app, walkout, sizes).items():
                waited.setdefault(name, []).append(await _beside(app, codes, work))
    for name, rounds in waited.items():
        each = [wait for waits in rounds for wait in waits.each]
        longest = " ".join(f"{max(waits.each):.3f}" for waits in rounds)
        print(
            f"{name}: {sum(waits.took for waits in rounds) / len(rounds):.1f} s, {len(each)} pledges, median "
            f"{percentile(each, 50) * 1000:.1f} ms, p99 {percentile(each, 99) * 1000:.1f} ms, longest {longest} s"
        )
    for name, goal in {"minting": "<=0.2", "first_picture": "<=0.1"}.items():
        ratio(f"longest_wait_{name}", percentile([max(waits.each) for waits in waited[name]], 50), goal)
    return 0


def _works(app: App, walkout: WalkoutId, sizes: Sizes) -> Mapping[str, Callable[[], Awaitable[object]]]:
    here = sizes.minted // WORKPLACES
    hashes = {
        str(place): [b64encode(token_bytes(32)).decode() for _ in range(here)] for place in range(1, 1 + WORKPLACES)
    }
    mint = {"command": "mint", "walkout": walkout, "cards": hashes}

    async def draw() -> None:
        await sandbox_client.picture(app.sandbox, await stewards.board(walkout, app.store))

    async def put_on_paper() -> None:
        terms = (await app.store.walkout(walkout)).terms
        await sandbox_client.sheet(app.sandbox, terms, [("Depot", [card_codes.mint() for _ in range(sizes.printed)])])

    return {
        "nothing": partial(asyncio.sleep, sizes.alone_s),
        "minting": lambda: admin.execute(app, mint),
        "first_picture": draw,
        "printing": put_on_paper,
    }


async def _beside(app: App, codes: Sequence[str], work: Callable[[], Awaitable[object]]) -> Waits:
    waits = Waits()
    over = asyncio.Event()

    async def act(number: int) -> None:
        worker = app.worker(Person("bench", str(number)))
        while not over.is_set():
            for does in (worker.pledge, worker.withdraw):
                began = perf_counter()
                await does(codes[number])
                waits.each.append(perf_counter() - began)

    acting = [asyncio.ensure_future(act(number)) for number in range(len(codes))]
    began = perf_counter()
    await work()
    waits.took = perf_counter() - began
    over.set()
    await asyncio.gather(*acting)
    return waits
