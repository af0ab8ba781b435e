"""How long `allout run` takes to its first answer, beside importing the platforms' libraries; and its memory then.

The store holds an open walkout with its cards; each start is a process of its own at loopback servers in processes of
theirs, which have a question for it from the beginning. It is over when that is answered on every platform that runs.
What is measured is a process's own time: while the machine is busy with others, it is left out. Contenders take turns.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter

from bench import discord, telegram
from bench.flood import said
from bench.ground import Ground, ratio
from bot.process.clock import real_clock
from bot.runtime.app import open_app
from bot.secrets import card_codes

HOME = Path(__file__).parents[1]
LIBRARIES: Mapping[str, Sequence[str]] = {
    "both": ("telegram", "discord"),
    "telegram": ("telegram",),
    "discord": ("discord",),
}
PATIENCE_S = 120.0
LOOK_S = 0.005
SETTLES_S = 2.0
"""What is only needed to start is given back by then."""

_NUMBERS = count(100_000_001)
_ACCOUNTS = count(5_400_000_001)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is done."""

    cards: int
    rounds: int


FULL = Sizes(cards=100_000, rounds=7)
QUICK = Sizes(cards=200, rounds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """The loopback servers."""

    telegram: telegram.Loopback
    discord: discord.Loopback

    async def ask(self, platform: str, token: str) -> None:
        """Ask a bot something, now if it is there and else once it is; return when it has answered."""
        if platform == "discord":
            await self.discord.load(token, [{"person": next(_ACCOUNTS), "name": "help", "options": {}}])
            await self.discord.connected(token)
            await self.discord.act(token, 1)
            return
        account = next(_ACCOUNTS)
        await self.telegram.ask(token, "offer", json=[(0, f"m{account}", said(next(_NUMBERS), account, "/help"))])
        while not (await self.telegram.ask(token, "took"))[0]:  # noqa: ASYNC110  it is in another process
            await asyncio.sleep(LOOK_S)


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, and print."""
    sizes = QUICK if quick else FULL
    data = ground.folder / "data"
    async with open_app(data, clock=real_clock, senders={}) as app:
        await telegram.open_walkout(app, [card_codes.mint() for _ in range(sizes.cards)])
    imports: defaultdict[str, list[float]] = defaultdict(list)
    starts: defaultdict[str, list[float]] = defaultdict(list)
    memory: defaultdict[str, list[float]] = defaultdict(list)
    async with telegram.running() as to_telegram, discord.running() as to_discord:
        servers = Servers(telegram=to_telegram, discord=to_discord)
        for nth in range(-1, sizes.rounds):  # one to warm up
            for which, libraries in LIBRARIES.items():
                imported = await _imports(libraries)
                started, resident = await _start(data, servers, libraries, nth)
                if nth >= 0:
                    imports[which].append(imported)
                    starts[which].append(started)
                    memory[which].append(resident)
    for which in LIBRARIES:
        print(
            f"{which}: imported {statistics.median(imports[which]):.2f} s, "
            f"first answer {statistics.median(starts[which]):.2f} s, {statistics.median(memory[which]):.1f} MiB"
        )
    ratio("start_both_to_imports", _ratio(starts["both"], imports["both"], but=0.3), "<=1.3")
    ratio("start_telegram_to_import", _ratio(starts["telegram"], imports["telegram"]), "<=1.6")
    ratio("start_discord_to_import", _ratio(starts["discord"], imports["discord"]), "<=1.6")
    ratio("start_megabytes", statistics.median(memory["both"]), "<=72")
    return 0


def _ratio(ours: Iterable[float], theirs: Iterable[float], *, but: float = 0.0) -> float:
    return statistics.median((our - but) / their for our, their in zip(ours, theirs, strict=True))


async def _imports(libraries: Sequence[str]) -> float:
    began = perf_counter()
    async with _process("-c", f"import {', '.join(libraries)}; print(flush=True); input()") as process:
        assert process.stdout is not None  # noqa: S101
        await process.stdout.readline()
        return perf_counter() - began - _held_up_s(process.pid)


async def _start(data: Path, servers: Servers, platforms: Sequence[str], nth: int) -> tuple[float, float]:
    tokens = {platform: f"{100 + nth}:{'-'.join(platforms)}-{platform}" for platform in platforms}
    settings = {f"ALLOUT_{platform}_TOKEN".upper(): token for platform, token in tokens.items()}
    settings |= {
        "ALLOUT_DATA": str(data),
        "ALLOUT_TELEGRAM_API_URL": servers.telegram.api,
        "ALLOUT_DISCORD_API_URL": servers.discord.api,
        "ALLOUT_DISCORD_GATEWAY_URL": servers.discord.gateway,
    }
    asking = [asyncio.ensure_future(servers.ask(platform, token)) for platform, token in tokens.items()]
    began = perf_counter()
    async with _process("-m", "handlers", "run", **settings) as process:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*asking)
        took = perf_counter() - began - _held_up_s(process.pid)
        await asyncio.sleep(SETTLES_S)
        return took, sum(map(_mebibytes, _family(process.pid)))


@asynccontextmanager
async def _process(*words: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=HOME,
        env=os.environ | settings,
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


def _held_up_s(process: int) -> float:
    """Say how long its first thread, in which it imports and its loop runs, was ready and the machine busy."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9


def _family(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(one for child in children for one in _family(int(child)))]


def _mebibytes(process: int) -> float:
    """Say what it has in memory, what is shared counted by shares; as root, since nobody else may look into ours."""
    try:
        rows = Path(f"/proc/{process}/smaps_rollup").read_text()
    except PermissionError:  # then what is shared is counted in full
        rows = Path(f"/proc/{process}/status").read_text().replace("VmRSS:", "Pss:")
    return next(int(row.split()[1]) for row in rows.splitlines() if row.startswith("Pss:")) / 1024
