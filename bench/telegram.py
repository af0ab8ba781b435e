"""How many pledges a second over Telegram, beside python-telegram-bot with a handler that does nothing.

A pledge is one button press: committed, answered, and its message edited. Each contender is a bot of its own at a
loopback server in another process. They take turns, several rounds long, and each ratio is the median of the
ratios of single rounds: a machine that is slow for a second is slow for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count, islice, repeat
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import aiohttp
from telegram import Bot, Update
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ContextTypes
from telegram.request import BaseRequest

from bench import loopback
from bench.ground import WALKOUT, Ground, ratio
from bot.delivery.outbox import Sender
from bot.domain import rules
from bot.domain.model import Terms, Unit, UnitId, Walkout, WalkoutId
from bot.process.clock import real_clock
from bot.runtime.app import App, open_app
from bot.runtime.settings import Settings
from bot.secrets import card_codes
from bot.usecases import stewards
from handlers.conversation.messages import carried
from handlers.platforms.answer_queue import AnswerQueue
from handlers.platforms.supervisor import Link
from handlers.telegram.chat import PLATFORM, TelegramChat
from handlers.telegram.menus import Menus
from handlers.telegram.platform import open_telegram
from handlers.telegram.polling import Poller, RawUpdate
from handlers.telegram.rate_limit import ChatPace
from handlers.telegram.transport import AiohttpRequest

WORKPLACES = 200
AT_ONCE = 256
PATIENCE_S = 30
UNLIMITED = 1_000_000
"""Messages a second, where what the bot itself takes is measured."""

STOCK, EMPTY, OURS = "1:stock", "2:empty", "3:ours"
NAMES = {
    STOCK: "python-telegram-bot, empty handler",
    EMPTY: "the same on our transport",
    OURS: "ours: committed and answered",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is done."""

    rounds: int
    presses: int  #: per contender and round
    stock_presses: int  #: it is slow, and loses many where they are more
    alone: int  #: per contender and round, without network
    raw: int  #: requests to the server alone


FULL = Sizes(rounds=7, presses=2000, stock_presses=400, alone=1000, raw=40_000)
QUICK = Sizes(rounds=1, presses=120, stock_presses=120, alone=100, raw=200)


@dataclass(kw_only=True, slots=True)
class Measured:
    """What one contender did, round by round."""

    rates: list[float] = field(default_factory=list)  #: presses a second
    cpu: list[float] = field(default_factory=list)  #: microseconds a press, all threads of this process
    lost: int = 0  #: answers and edits that never came


# -- the server, seen from here ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Loopback:
    """A running bench/loopback.py."""

    port: int
    session: aiohttp.ClientSession

    @property
    def api(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, token: str, what: str, **fields: object) -> Any:
        """Ask what no bot asks."""
        async with self.session.post(f"{self.api}/bot{token}/{what}", **fields) as answer:  # type: ignore[arg-type]
            return (await answer.json())["result"]


@asynccontextmanager
async def running(*, away: float = 0.0, loses: int = 0, refuses: int = 0) -> AsyncIterator[Loopback]:
    """Run a server for as long as the block lasts."""
    command = (sys.executable, "-m", loopback.__name__, *map(str, (away, loses, refuses)))
    home = Path(__file__).parents[1]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=home)
    try:
        assert process.stdout is not None  # noqa: S101
        port = int(await process.stdout.readline())
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
            yield Loopback(port=port, session=session)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


class Hammer(asyncio.Protocol):
    """Sends one request after the other, each when the one before is answered."""

    def __init__(self, todo: Iterator[int], over: asyncio.Event) -> None:
        self._todo = todo
        self._over = over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self.data_received(b"")

    def data_received(self, _data: bytes) -> None:
        """Go on; an answer this short comes in one piece."""
        if next(self._todo, None) is None:
            self._over.set()
            return
        self._transport.write(
            b"POST /bot0:raw/answerCallbackQuery HTTP/1.1\r\nHost: localhost\r\nContent-Length: 35\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\ncallback_query_id=41234567890123456"
        )


async def alone(server: Loopback, requests: int) -> float:
    """Return how many requests a second the server answers when nobody but this raw client asks."""
    over = asyncio.Event()
    todo = iter(range(requests))
    loop = asyncio.get_running_loop()
    began = perf_counter()
    made = [await loop.create_connection(lambda: Hammer(todo, over), "127.0.0.1", server.port) for _ in range(32)]
    await over.wait()
    took = perf_counter() - began
    for transport, _ in made:
        transport.close()
    return requests / took


# -- the contenders ---------------------------------------------------------------------------------------


async def empty(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer and edit, as ours does, and store nothing."""
    query = update.callback_query
    assert query is not None  # noqa: S101
    await query.answer()
    await query.edit_message_text("Recorded. Workplace 17: your pledge stands.")


async def failed(_update: object, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say nothing: what is not answered in the end is counted by the server."""


@asynccontextmanager
async def stock(server: Loopback, token: str, **transports: BaseRequest) -> AsyncIterator[None]:
    """Run python-telegram-bot as its documentation shows it, or with other transports."""
    builder = ApplicationBuilder().token(token).base_url(f"{server.api}/bot").concurrent_updates(AT_ONCE)
    for what, transport in transports.items():
        builder = getattr(builder, what)(transport)
    application = builder.build()
    application.add_handler(CallbackQueryHandler(empty))
    application.add_error_handler(failed)
    assert application.updater is not None  # noqa: S101
    async with application:
        await application.start()
        await application.updater.start_polling()
        try:
            yield
        finally:
            await application.updater.stop()
            await application.stop()


@asynccontextmanager
async def ours(server: Loopback, token: str, app: App, **more: Any) -> AsyncIterator[Sender]:
    """Run the bot as `allout run` does; yield its way out."""
    settings = Settings(_env_file=None, data=app.data, telegram_token=token, telegram_api_url=server.api, **more)  # type: ignore[call-arg, arg-type]
    async with open_telegram(app, settings, Link(PLATFORM, app)) as (sender, take_updates):
        taking = asyncio.ensure_future(take_updates())
        try:
            yield sender
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking


async def open_walkout(app: App, codes: Sequence[str], *, beside: int = 0) -> WalkoutId:
    """Open a walkout that has these cards, and room for so many more at each workplace."""
    headcount = -(-len(codes) // WORKPLACES) + 5 + beside
    places = [
        Unit(id=UnitId(number), name=f"Workplace {number}", headcount=headcount, threshold=5)
        for number in range(1, WORKPLACES + 1)
    ]
    await add_walkout(app, WALKOUT, places, demands=("Freeze the rent", "Fast and free buses"))
    hashes = {place.id: [card_codes.key_of(code) for code in codes[place.id - 1 :: WORKPLACES]] for place in places}
    await stewards.mint(WALKOUT, hashes, app.store, app.keys)
    await app.store.decide(WALKOUT, partial(rules.open_up, now=app.clock()))
    return WALKOUT


async def add_walkout(app: App, walkout: WalkoutId, places: Sequence[Unit], **terms: Any) -> None:
    """Draft a walkout with these workplaces."""
    now = app.clock()
    made = Terms(
        title="One day for the rent freeze",
        city="New York",
        starts=now + timedelta(days=60),
        pledge_by=now + timedelta(days=50),
        citywide_threshold=sum(place.headcount for place in places),
        confirm_tallies=1,
        **terms,
    )
    app.keys.add_walkout(walkout)
    await app.store.add_walkout(Walkout(id=walkout, terms=made), places)


# -- the measurements -------------------------------------------------------------------------------------


async def rounds(server: Loopback, app: App, sizes: Sizes, codes: Iterator[str]) -> Mapping[str, Measured]:
    """Let the contenders take turns at presses."""
    measured = {token: Measured() for token in NAMES}
    numbers = count(100_000_001)
    async with (
        stock(server, STOCK),
        stock(server, EMPTY, request=AiohttpRequest(), get_updates_request=AiohttpRequest(read_timeout=20)),
        ours(server, OURS, app, telegram_per_second=UNLIMITED),
    ):
        for nth in range(sizes.rounds + 1):
            for token in NAMES if nth % 2 else reversed(NAMES):
                # the first round warms up and is forgotten
                mine = measured[token] if nth else Measured()
                wanted = sizes.stock_presses if token == STOCK else sizes.presses if nth else sizes.presses // 2
                some = islice(codes if token == OURS else repeat(card_codes.mint()), wanted)
                presses = [(next(numbers), f"p:{carried(code, WALKOUT)}") for code in some]
                gc.collect()
                gc.freeze()
                cpu = process_time()
                await server.ask(token, "press", json=presses)
                took, lost = await server.ask(token, f"wait?timeout={PATIENCE_S}")
                mine.cpu.append((process_time() - cpu) / len(presses) * 1e6)
                mine.rates.append((len(presses) - lost / 2) / took)
                mine.lost += lost
    return measured


class Nowhere(BaseRequest):
    """Answers every call at once, with what the server would answer."""

    def __init__(self) -> None:
        self._answers = {
            name: answer.partition(b"\r\n\r\n")[2]
            for name, answer in {
                **loopback.SIMPLE,
                "answerCallbackQuery": loopback.TRUE,
                "editMessageText": loopback.SENT,
            }.items()
        }

    @property
    def read_timeout(self) -> float | None:
        """There is nothing to wait for."""
        return None

    async def initialize(self) -> None:
        """Do nothing."""

    async def shutdown(self) -> None:
        """Do nothing."""

    async def do_request(self, url: str, *_: Any, **__: Any) -> tuple[int, bytes]:
        """Answer."""
        return 200, self._answers[url.rpartition("/")[2]]


Handle = Callable[[list[RawUpdate]], Awaitable[None]]


@asynccontextmanager
async def stock_alone() -> AsyncIterator[Handle]:
    """Yield what python-telegram-bot does with updates, but for the network."""
    builder = ApplicationBuilder().token(STOCK).request(Nowhere()).get_updates_request(Nowhere())
    application = builder.concurrent_updates(AT_ONCE).updater(None).build()
    left, over = 0, asyncio.Event()

    async def handler(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        nonlocal left
        await empty(update, context)
        left -= 1
        if left == 0:
            over.set()

    async def handle(updates: list[RawUpdate]) -> None:
        nonlocal left
        for start in range(0, len(updates), loopback.MOST_UPDATES):
            batch = updates[start : start + loopback.MOST_UPDATES]
            left = len(batch)
            over.clear()
            for update in batch:
                application.update_queue.put_nowait(Update.de_json(dict(update), application.bot))
            await over.wait()

    application.add_handler(CallbackQueryHandler(handler))
    async with application:
        await application.start()
        try:
            yield handle
        finally:
            await application.stop()


@asynccontextmanager
async def ours_alone(app: App) -> AsyncIterator[Handle]:
    """Yield what ours does with updates, but for the network."""
    async with Bot(OURS, request=Nowhere(), get_updates_request=Nowhere()) as bot:
        clock = asyncio.get_running_loop().time
        chat = TelegramChat(app, PLATFORM, bot, Menus(bot), AnswerQueue(), ChatPace(UNLIMITED, clock))

        async def handle(updates: list[RawUpdate]) -> None:
            over = asyncio.Event()

            async def fetch(offset: int | None, _wait_s: int) -> list[RawUpdate]:
                begin = 0 if offset is None else offset - updates[0]["update_id"]
                if begin == len(updates):
                    over.set()
                    await asyncio.Event().wait()
                return updates[begin : begin + loopback.MOST_UPDATES]

            pumping = asyncio.create_task(Poller(fetch, chat.handle).run())
            await over.wait()
            pumping.cancel()
            await asyncio.wait([pumping])

        yield handle


async def without_network(app: App, sizes: Sizes, codes: Iterator[str]) -> dict[str, list[float]]:
    """Return the microseconds of CPU that one update takes, round by round: all threads of this process."""
    took: dict[str, list[float]] = {STOCK: [], OURS: []}
    numbers = count(1)
    async with stock_alone() as theirs, ours_alone(app) as our:
        for nth in range(sizes.rounds + 1):
            for token, handle in ((STOCK, theirs), (OURS, our)):
                some = islice(codes if token == OURS else repeat(card_codes.mint()), sizes.alone)
                updates: list[RawUpdate] = [
                    loopback.press(number := next(numbers), 6_000_000_000 + number, f"p:{carried(code, WALKOUT)}")
                    for code in some
                ]
                gc.collect()
                gc.freeze()
                began = process_time()
                await handle(updates)
                if nth:
                    took[token].append((process_time() - began) / len(updates) * 1e6)
    return took


# -- the bench --------------------------------------------------------------------------------------------


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, and print the tables and the ratios; 1 if a pledge was not stored."""
    sizes = QUICK if quick else FULL
    pledges = sizes.presses // 2 + sizes.presses * sizes.rounds + sizes.alone * (sizes.rounds + 1)
    codes = [card_codes.mint() for _ in range(pledges)]
    unused = iter(codes)
    async with open_app(ground.folder / "data", clock=real_clock, senders={PLATFORM: None}) as app:
        walkout = await open_walkout(app, codes)
        async with running() as server:
            print(f"the server alone: {await alone(server, sizes.raw):.0f} requests/s")
            measured = await rounds(server, app, sizes, unused)
        _report(measured)
        took = await without_network(app, sizes, unused)
        stands = sum(place.standing for place in await app.store.units(walkout))
        more = _median(ours - theirs for ours, theirs in zip(took[OURS], took[STOCK], strict=True))
        print(f"without network: python-telegram-bot {_median(took[STOCK]):.0f} us, ours {_median(took[OURS]):.0f} us")
    print(f"pledges stored {stands} of {pledges}")
    for name, other, goal in (("stock", STOCK, ">=3"), ("empty_handler", EMPTY, ">=0.6")):
        both = zip(measured[OURS].rates, measured[other].rates, strict=True)
        ratio(f"telegram_to_{name}", _median(mine / theirs for mine, theirs in both), goal)
    ratio("telegram_us_more_than_stock", more, "<=150")
    return 0 if stands == pledges else 1


def _report(measured: Mapping[str, Measured]) -> None:
    print(f"{'':36}{'presses/s':>10}{'CPU us each':>12}{'lost':>6}")
    for token, mine in measured.items():
        print(f"{NAMES[token]:36}{_median(mine.rates):10.0f}{_median(mine.cpu):12.0f}{mine.lost:6}")


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
