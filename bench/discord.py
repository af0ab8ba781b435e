"""How many interactions a second over Discord, beside the least that discord.py can do.

What changes nothing is answered in one request, and stands beside a bare command that only answers. What changes
something is acknowledged, committed, and its answer shown: it stands beside a button that defers and edits. Each
contender is a bot of its own at a loopback server in another process. They take turns, several rounds long, and each
ratio is the median of the ratios of single rounds: a machine that is slow for a second is slow for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import random
import re
import statistics
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any, Self

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bench import discord_loopback as loopback
from bench.ground import WALKOUT, Ground, percentile, ratio
from bench.telegram import open_walkout
from bot.delivery.outbox import Sender
from bot.process.clock import real_clock
from bot.runtime.app import App, open_app
from bot.runtime.settings import Settings
from bot.secrets import card_codes
from handlers.conversation.messages import carried
from handlers.discord.chat import PLATFORM
from handlers.discord.components import ENTER_CARD
from handlers.discord.platform import open_discord
from handlers.platforms.supervisor import Link

PATIENCE_S = 60

BARE, BUTTON, OURS = "bare", "button", "ours"
"""The bots, by their tokens."""

ANSWERED = loopback.MESSAGE, loopback.EPHEMERAL
ACKNOWLEDGED = loopback.THINKING, loopback.EPHEMERAL
"""Kinds of callbacks, and their flags."""

SHOWS, CHANGES = "shows", "changes"
NAMES = {
    (BARE, SHOWS): "discord.py, a command",
    (OURS, SHOWS): "ours, what changes nothing",
    (BUTTON, CHANGES): "discord.py, a button",
    (OURS, CHANGES): "ours, what changes something",
}
"""What takes turns: bots, and what they are asked. Ours come after what they stand beside."""

GOALS = {SHOWS: (BARE, ">=0.6"), CHANGES: (BUTTON, ">=0.75")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much is done."""

    rounds: int
    batch: int  #: people who pledge in a round of ours; there are twice as many acts of each kind
    at_once: tuple[int, ...]  #: interactions that wait for an answer


FULL = Sizes(rounds=7, batch=600, at_once=(64, 256))
QUICK = Sizes(rounds=1, batch=20, at_once=(16,))


@dataclass(kw_only=True, slots=True)
class Measured:
    """What one contender did, round by round."""

    rates: list[float] = field(default_factory=list)  #: interactions a second
    cpu: list[float] = field(default_factory=list)  #: microseconds each, all threads of this process
    acknowledged: list[float] = field(default_factory=list)  #: p99 in milliseconds
    answered: list[float] = field(default_factory=list)  #: p99 in milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody does, and what must come of it."""

    does: Mapping[str, Any]  #: see loopback.interaction
    callback: tuple[int, int]  #: its kind and its flags
    says: str  #: how the answer begins, or a line of it
    offers: frozenset[str]  #: the buttons under it, by their custom ids
    flags: int = 0  #: what the answer says of itself; an edited message stays as it was

    def is_right(self, outcome: Sequence[Any]) -> bool:
        """Judge what loopback.Act.outcome tells."""
        kind, flags, _, _, shown = outcome
        if shown is not None and self.callback == ANSWERED and (kind, flags) == ACKNOWLEDGED:
            # it was not ready within a second; then it is shown by an edit, which says nothing of itself
            return replace(self, callback=ACKNOWLEDGED, flags=0).is_right(outcome)
        if shown is None or (kind, flags) != self.callback:
            return False
        offers = {item["custom_id"] for row in shown.get("components") or [] for item in row["components"]}
        says = any(line.startswith(self.says) for line in shown["content"].splitlines())
        return says and offers == self.offers and shown.get("flags", 0) == self.flags


# -- what people do ---------------------------------------------------------------------------------------


class People:
    """Each pledges in one round, looks in the next, and takes it back in the one after; one act in sixteen is bad."""

    def __init__(self, codes: Iterator[str], numbers: Iterator[int]) -> None:
        self._codes = codes
        self._numbers = numbers
        self._pledged: list[tuple[int, str]] = []
        self._looked: list[tuple[int, str]] = []
        self.standing = 0

    def act(self, batch: int) -> dict[str, list[Asked]]:
        """Return a round's acts, shuffled."""
        new = [(next(self._numbers), next(self._codes)) for _ in range(batch)]
        bad = self._pledged[: batch // 7]
        changes = [_press("p", who, code, "Recorded. Workplace ", "cwoRQx") for who, code in new]
        changes += [_press("w", who, code, "Taken back.", "pcRQx") for who, code in self._looked]
        changes += [_refused_press(next(self._numbers), code) for _, code in bad]
        shows = [_status(who, code, "Your pledge stands.", "cwoRQx") for who, code in self._pledged]
        shows += [_help(next(self._numbers)) for _ in self._pledged]
        shows += [_unknown(next(self._numbers)) for _ in bad]
        for acts in (changes, shows):
            random.Random(len(new)).shuffle(acts)
        self.standing += len(new) - len(self._looked)
        self._looked, self._pledged = self._pledged, new
        return {SHOWS: shows, CHANGES: changes}


def _press(letter: str, who: int, code: str, says: str, offers: str) -> Asked:
    does = {"press": f"{letter}:{carried(code, WALKOUT)}", "person": who}
    return Asked(does=does, callback=(loopback.UNCHANGED, 0), says=says, offers=_offers(offers, code))


def _refused_press(who: int, code: str) -> Asked:
    """Press Pledge on a card of somebody else's; the message stays, the refusal goes below."""
    pressed = _press("p", who, code, "This card is used already, from another account.", "")
    return replace(pressed, flags=loopback.EPHEMERAL)


def _status(who: int, code: str, says: str, offers: str) -> Asked:
    return _shown({"name": "status", "options": {"card": code}, "person": who}, says, _offers(offers, code))


def _unknown(who: int) -> Asked:
    does = {"name": "status", "options": {"card": card_codes.mint()}, "person": who}
    return _shown(does, "I do not know this card.", frozenset({ENTER_CARD}))


def _help(who: int) -> Asked:
    return _shown({"name": "help", "options": {}, "person": who}, "Have a card?", frozenset({"Q:", "z:help all"}))


def _shown(does: Mapping[str, Any], says: str, offers: frozenset[str]) -> Asked:
    return Asked(does=does, callback=ANSWERED, says=says, offers=offers, flags=loopback.EPHEMERAL)


def _offers(letters: str, code: str) -> frozenset[str]:
    card = carried(code, WALKOUT)
    return frozenset([*(f"{letter}:{card}" for letter in letters), *([f"G:c:{card}"] if letters else [])])


def _bare(who: int) -> Asked:
    return _shown({"name": "status", "options": {"card": "x"}, "person": who}, "ok", frozenset())


def _bare_press(who: int) -> Asked:
    pressed = _press("p", who, card_codes.mint(), "ok", "")
    return replace(pressed, offers=frozenset({pressed.does["press"]}))


# -- the server, seen from here ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Loopback:
    """A running bench/discord_loopback.py."""

    port: int
    session: aiohttp.ClientSession

    @property
    def api(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}{loopback.API}"

    @property
    def gateway(self) -> str:
        """Where its gateway is."""
        return f"ws://127.0.0.1:{self.port}"

    async def connected(self, token: str) -> None:
        """Wait until the gateway has let a bot in."""
        async with asyncio.timeout(PATIENCE_S):
            await self._ask(token)

    async def load(self, token: str, acts: Sequence[Mapping[str, Any]]) -> None:
        """Make interactions ready for a bot."""
        await self._ask(token, json=acts)

    async def act(self, token: str, at_once: int) -> bytes:
        """Let them happen, so many at once; return the seconds it took and each outcome, as JSON."""
        return await self._ask(token, params=f"{at_once}&{PATIENCE_S}")

    async def said(self) -> list[float]:
        """Return how many messages were said, how many refused, to how many channels; and when the last first heard."""
        told: list[float] = json.loads(await self._ask("said"))
        return told

    async def _ask(self, token: str, **more: Any) -> bytes:
        async with self.session.post(f"http://127.0.0.1:{self.port}/bench/{token}", **more) as answer:
            return await answer.read()


@asynccontextmanager
async def running(*, away: float = 0.0) -> AsyncIterator[Loopback]:
    """Run a server for as long as the block lasts."""
    command = (sys.executable, "-m", loopback.__name__, str(away))
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


# -- the contenders ---------------------------------------------------------------------------------------

Interaction = discord.Interaction[discord.Client]


class Press(discord.ui.DynamicItem[discord.ui.Button[Any]], template="p:(?P<code>.+)"):
    """A button as discord.py's documentation shows it where the custom id says what it is about."""

    def __init__(self, code: str) -> None:
        super().__init__(discord.ui.Button(label="Pledge", custom_id=f"p:{code}"))
        self.code = code

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Find it again."""
        return cls(match["code"])

    async def callback(self, interaction: Interaction) -> None:
        """Answer, with the button once more."""
        await interaction.response.defer()
        shown = discord.ui.View(timeout=None)
        shown.add_item(Press(self.code))
        await interaction.edit_original_response(content="ok", view=shown)


@asynccontextmanager
async def bare(server: Loopback, token: str) -> AsyncIterator[None]:
    """Run discord.py as its documentation shows it."""
    Route.BASE = server.api
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway)
    client = discord.Client(intents=discord.Intents(guilds=True, dm_messages=True))
    client.add_dynamic_items(Press)
    tree = app_commands.CommandTree(client)

    async def answers(interaction: Interaction, card: str) -> None:  # noqa: ARG001
        await interaction.response.send_message("ok", ephemeral=True)

    tree.add_command(app_commands.Command(name="status", description="check", callback=answers))
    async with client:
        await client.login(token)
        connecting = asyncio.create_task(client.connect())
        try:
            await server.connected(token)
            yield
        finally:
            await client.close()
            await connecting


@asynccontextmanager
async def ours(server: Loopback, token: str, app: App) -> AsyncIterator[Sender]:
    """Run the bot as `allout run` does; yield its way out."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data=app.data,
        discord_token=token,  # type: ignore[arg-type]
        discord_api_url=server.api,
        discord_gateway_url=server.gateway,
    )
    link = Link(PLATFORM, app)
    async with open_discord(app, settings, link) as (sender, take):
        taking = asyncio.ensure_future(take())
        try:
            await server.connected(token)
            yield sender
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking
            await link.aclose()


# -- the bench --------------------------------------------------------------------------------------------


async def turn(server: Loopback, token: str, acts: Sequence[Asked], at_once: int, measured: Measured) -> int:
    """Let a contender answer; return how many answers were wrong or never came."""
    await server.load(token, [asked.does for asked in acts])
    gc.collect()
    gc.freeze()
    cpu = process_time()
    told = await server.act(token, at_once)
    measured.cpu.append((process_time() - cpu) / len(acts) * 1e6)
    took, outcomes = json.loads(told)
    measured.rates.append(len(acts) / took)
    measured.acknowledged.append(percentile((outcome[2] * 1000 for outcome in outcomes), 99))
    measured.answered.append(percentile((outcome[3] * 1000 for outcome in outcomes), 99))
    return sum(not asked.is_right(outcome) for asked, outcome in zip(acts, outcomes, strict=True))


async def bench(ground: Ground, *, quick: bool) -> int:
    """Measure, and print the tables and the ratios; 1 if an answer or a stored pledge was wrong."""
    sizes = QUICK if quick else FULL
    codes = [card_codes.mint() for _ in range(sizes.batch * len(sizes.at_once) * (sizes.rounds + 2))]
    numbers = count(1_200_000_000_000_000_000)
    people = People(iter(codes), numbers)
    ratios, total, wrong = [], 0, 0
    async with open_app(ground.folder / "data", clock=real_clock, senders={PLATFORM: None}) as app:
        walkout = await open_walkout(app, codes)
        async with running() as server, bare(server, BARE), bare(server, BUTTON), ours(server, OURS, app):
            for at_once in sizes.at_once:
                measured = {each: Measured() for each in NAMES}
                for nth in range(-2, sizes.rounds):  # two rounds warm up and are forgotten
                    acts = people.act(sizes.batch)
                    for each in NAMES if nth % 2 else reversed(NAMES):
                        token, kind = each
                        asked = acts[kind] if token == OURS else _least(kind, 2 * sizes.batch, numbers)
                        if asked:  # in the first round nobody has anything to look at
                            wrong += await turn(
                                server, token, asked, at_once, measured[each] if nth >= 0 else Measured()
                            )
                            total += len(asked)
                ratios += _report(at_once, measured)
        stands = sum(place.standing for place in await app.store.units(walkout))
    print(f"pledges stored {stands} of {people.standing}")
    print(f"wrong verdicts {wrong} of {total}")
    for name, value, goal in ratios:
        ratio(name, value, goal)
    return 0 if not wrong and stands == people.standing else 1


def _least(kind: str, number: int, numbers: Iterator[int]) -> list[Asked]:
    """Let so many strangers do what is answered with the least."""
    asks = {SHOWS: _bare, CHANGES: _bare_press}[kind]
    return [asks(next(numbers)) for _ in range(number)]


def _report(at_once: int, measured: Mapping[tuple[str, str], Measured]) -> list[tuple[str, float, str]]:
    """Print what was measured; return the ratios, by name and with their goals."""
    ratios = []
    middle = statistics.median
    print(
        f"{f'{at_once} at once':32}{'answers/s':>10}{'CPU us each':>12}"
        f"{'p99 ms':>8}{'to acknowledge':>16}{'ratio':>9}  {'round by round'}"
    )
    for (token, kind), mine in measured.items():
        beside, goal = GOALS[kind]
        each = [a / b for a, b in zip(mine.rates, measured[beside, kind].rates, strict=True)]
        print(
            f"{NAMES[token, kind]:32}{middle(mine.rates):10.0f}{middle(mine.cpu):12.0f}{middle(mine.answered):8.1f}"
            f"{middle(mine.acknowledged):16.1f}{middle(each):9.2f}  {' '.join(f'{one:.2f}' for one in each)}"
        )
        if token == OURS:
            ratios.append((f"discord_{kind}_to_{beside}_{at_once}_at_once", middle(each), goal))
    return ratios
