"""How long real workers wait for their answers on Telegram while strangers flood the bot.

Ten thousand updates from a thousand accounts arrive in a minute, planted organizers among them; meanwhile workers open
their cards and pledge. The loopback server, in a process of its own, offers every update at its own time and keeps
Telegram's limits on messages and edits. Before the flood and after it the same workers come without it: that is what
a wait is held against.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench import loopback
from bench.ground import WALKOUT, Ground, percentile, ratio
from bench.telegram import open_walkout, ours, running
from bot.process.clock import real_clock
from bot.runtime.app import App, open_app
from bot.secrets import card_codes
from bot.secrets.keys import Person
from bot.usecases import organizers, stewards
from handlers.conversation.messages import carried
from handlers.sandboxed import sandbox_client
from handlers.telegram.chat import PLATFORM

TOKEN = "4:flooded"  # noqa: S105  the loopback server takes any
SEED = 6
FIRST = 100_000_001
"""The first update's number."""

QUIET, FLOOD = "quiet", "flood"
OPENED, PLEDGED = "opened", "pledged"
PLANTED = range(5_100_000_001, 5_100_000_004)
"""Accounts of organizers who flood."""

WORKERS_A_SECOND = 2
PATIENCE_S = 60
"""How long the last answers are waited for; one that never came counts as much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much happens."""

    updates: int  #: of the flood
    accounts: int
    flood_s: float
    quiet_s: float  #: before it, and again after it
    settles_s: float  #: between its end and the workers who come without it
    reads_s: float  #: between opening a card and pledging it; Telegram takes one message a second in a chat


FULL = Sizes(updates=10_000, accounts=1_000, flood_s=60.0, quiet_s=20.0, settles_s=6.0, reads_s=2.5)
QUICK = Sizes(updates=200, accounts=50, flood_s=1.0, quiet_s=1.0, settles_s=0.5, reads_s=1.1)

Act = tuple[float, int, str, str]
"""When, who, whether they write or press, and what."""

Offer = tuple[float, str, Mapping[str, Any]]
"""After how many seconds, what answer is watched for, and the update."""


def said(number: int, account: int, text: str) -> dict[str, Any]:
    """Make the update of something written."""
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "from": {"id": account, "is_bot": False, "first_name": "Ana", "language_code": "en"},
            "chat": {"id": account, "first_name": "Ana", "type": "private"},
            "date": 1_780_000_000,
            "text": text,
        },
    }


def flood(sizes: Sizes, begins: float) -> Iterator[Act]:
    """Yield what strangers and planted organizers do."""
    dice = random.Random(SEED)
    for nth in range(sizes.updates):
        at = begins + sizes.flood_s * nth / sizes.updates
        account = 5_000_000_000 + dice.randrange(sizes.accounts)
        match dice.randrange(20):
            case 0 | 1 | 2 | 3:
                yield at, account, "write", "hello? " * dice.randint(1, 60)
            case 4 | 5 | 6 | 7 | 8:
                yield at, account, "write", f"/start {card_codes.mint()}"
            case 9 | 10 | 11:
                yield at, account, "write", "/help"
            case 12 | 13 | 14 | 15:
                yield at, account, "press", f"{dice.choice('pcwoxu')}:{card_codes.mint()}"
            case 16 | 17:
                yield at, account, "write", dice.choice(("/board", "/cards void Depot", "/audit", "/organizer nothing"))
            case 18:
                yield at, account, "press", dice.choice(("i:bench:", "m:ABCDE", "s:bench", "n:", "?"))
            case _:
                organizer = dice.choice(PLANTED)
                if dice.random() < 0.5:
                    yield at, organizer, "press", dice.choice(("i:bench:", "s:bench", "g:bench:2:"))
                else:
                    what = ("/board csv", "/board", "/rooms", "/audit", "/roles", "/cards Workplace 1", "/report")
                    yield at, organizer, "write", dice.choice(what)


def workers(codes: Iterator[str], begins: float, lasts: float, reads_s: float) -> Iterator[tuple[Act, str]]:
    """Yield what workers do, and which answer to each is watched for."""
    for nth in range(round(lasts * WORKERS_A_SECOND)):
        at, account, code = begins + nth / WORKERS_A_SECOND, next(_ACCOUNTS), next(codes)
        yield (at, account, "write", f"/start {code}"), OPENED
        yield (at + reads_s, account, "press", f"p:{carried(code, WALKOUT)}"), PLEDGED


_ACCOUNTS = count(5_200_000_001)


def plan(sizes: Sizes, codes: Iterator[str]) -> tuple[list[Offer], dict[str, tuple[str, str]]]:
    """Lay everything out in time; also name each answer that is watched for: in which phase, to what."""
    reads = sizes.reads_s
    after = sizes.quiet_s + reads + 0.5
    last = after + sizes.flood_s + sizes.settles_s
    acts: list[tuple[Act, tuple[str, str] | None]] = [
        *((act, None) for act in flood(sizes, after)),
        *((act, (QUIET, to)) for act, to in workers(codes, 0.0, sizes.quiet_s, reads)),
        *(
            (act, (FLOOD, to))
            for act, to in workers(codes, after, max(1.0, sizes.flood_s - sizes.reads_s), sizes.reads_s)
        ),
        *((act, (QUIET, to)) for act, to in workers(codes, last, sizes.quiet_s, reads)),
    ]
    offers: list[Offer] = []
    watched: dict[str, tuple[str, str]] = {}
    for number, ((at, account, how, what), watch) in enumerate(sorted(acts, key=lambda one: one[0]), start=FIRST):
        update = loopback.press(number, account, what) if how == "press" else said(number, account, what)
        answer = ""
        if watch is not None:
            answer = f"e{number}" if how == "press" else f"m{account}"
            watched[answer] = watch
        # a microsecond apart: what is offered at the same instant could come in another order than its numbers
        offers.append((at + (number - FIRST) / 1e6, answer, update))
    return offers, watched


async def planted(app: App) -> None:
    """Make the organizers who flood."""
    for account in PLANTED:
        await organizers.add(Person(PLATFORM, str(account)), str(account), app.store, app.keys)


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, and print the waits and their ratios; 1 if a pledge was not stored or an answer never came."""
    sizes = QUICK if quick else FULL
    codes = [card_codes.mint() for _ in range(round((2 * sizes.quiet_s + sizes.flood_s + 2) * WORKERS_A_SECOND))]
    offers, watched = plan(sizes, iter(codes))
    async with open_app(ground.folder / "data", clock=real_clock, senders={PLATFORM: None}) as app:
        walkout = await open_walkout(app, codes)
        await planted(app)
        # the first picture takes seconds of a core, in a process of its own; it is drawn once, on a quiet day
        await sandbox_client.picture(app.sandbox, await stewards.board(walkout, app.store))
        async with running() as server, ours(server, TOKEN, app) as sender:
            app.outboxes[PLATFORM].sender = sender
            delivering = asyncio.create_task(app.scheduler.run_forever(0.5))
            gc.collect()
            gc.freeze()
            await server.ask(TOKEN, "offer", json=offers)
            await asyncio.sleep(offers[-1][0])
            for _second in range(PATIENCE_S):
                took, missing, waiting, messages, refused = await server.ask(TOKEN, "took")
                if len(took) == len(watched) and not waiting:  # the last may not even have been offered yet
                    break
                await asyncio.sleep(1)
            delivering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await delivering
        stands = sum(place.standing for place in await app.store.units(walkout))
    pledges = sum(to == PLEDGED for _phase, to in watched.values())
    print(f"{sizes.updates} updates from {sizes.accounts} accounts in {sizes.flood_s:.0f} s")
    print(f"{messages} messages and edits sent, {refused} x 429; {waiting} updates not taken, {missing} not answered")
    waits = {
        which: [took.get(answer, PATIENCE_S) * 1000 for answer, of in watched.items() if of == which]
        for which in ((phase, to) for to in (OPENED, PLEDGED) for phase in (QUIET, FLOOD))
    }
    print(f"{'milliseconds':20}{'answers':>9}{'median':>9}{'p99':>9}{'longest':>9}")
    for (phase, to), each in waits.items():
        print(
            f"{f'{to}, {phase}':20}{len(each):9}{percentile(each, 50):9.1f}{percentile(each, 99):9.1f}{max(each):9.1f}"
        )
    print(f"pledges stored {stands} of {pledges}")
    for to in (OPENED, PLEDGED):
        ratio(f"flood_{to}_p99_s", percentile(waits[FLOOD, to], 99) / 1000, "<=1")
        ratio(f"flood_{to}_p99_to_quiet", percentile(waits[FLOOD, to], 99) / percentile(waits[QUIET, to], 99), "<=20")
    return 0 if stands == pledges and len(took) == len(watched) else 1
