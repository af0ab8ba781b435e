"""A city in this very process that hostile input is poured over, and what must be as before afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

from bot.domain import rules
from bot.domain.model import WalkoutId
from bot.draft import RosterOptions, SourceFile, read
from bot.guards.rate_limits import REST
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint, pretty
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from handlers.conversation import BUTTONS, COMMANDS
from tests import stores
from tests.conftest import NOON
from tests.console.play import roster, terms
from tests.faults.hostile import MARK, ODD_NUMBERS, ODD_TEXTS
from tests.stores import open_app

Row = tuple[Any, ...]

SHOPS = (
    ("Depot", 10, 6, "at the Depot gate"),
    ("=<b>& School: 'x'", 60, 5, "under the clock"),
    ("East Hospital 79", 20, 5, ""),
)

UNTOLD = frozenset({"mark", "scattered"})
"""Columns of the table `store` that every transaction may change, and where rows lie."""


@dataclass(kw_only=True)
class City:
    """One walkout with cards and one with open entry, both open, with a room that nobody hostile is in."""

    app: App
    clock: MovableClock
    walkout: WalkoutId
    without_cards: WalkoutId
    codes: list[str]
    witnesses: Iterator[str]  #: cards that nobody hostile has
    pressed: set[tuple[str, str]] = field(default_factory=set)  #: accounts, and the data of what they pressed

    def rest(self) -> None:
        """Let so much time pass that everybody may write again."""
        self.clock.move_to(self.clock() + REST)

    async def rows(self) -> dict[str, list[Row]]:
        """Everything in the store, but for the mark that each transaction leaves, and where rows lie."""
        store: Any = self.app.store
        found = {
            name: sorted(await store._read(f"SELECT * FROM {name}"), key=repr)  # noqa: S608
            for name in await stores.tables(store)
        }
        columns = await stores.columns(store, "store")
        shown = [nth for nth, name in enumerate(columns) if name not in UNTOLD]
        return found | {"store": [tuple(row[nth] for nth in shown) for row in found["store"]]}

    async def check(self, before: Mapping[str, list[Row]], platform: str, witnesses: Iterable[tuple[str, str]]) -> int:
        """See that nothing is stored but what somebody's valid press does; return how many cards that were."""
        keys, store = self.app.keys, self.app.store
        after = await self.rows()
        examined = await store.examine()
        assert not any((examined.damage, examined.orphans, examined.miscounted))
        changing = {"card", "pledge", "counted", "counts", "notice"}
        assert {name: rows for name, rows in after.items() if name not in changing} == {
            name: rows for name, rows in before.items() if name not in changing
        }
        owners: dict[bytes, set[bytes]] = {}  #: of each card
        states: dict[bytes, bytes] = {}  #: where the state of each card is
        allowed = {
            *witnesses,
            *((who, code) for who, data in self.pressed for code in self.codes if _means(data, code)),
        }
        for account, code in allowed:
            bearer = keys.bearer(code, Person(platform, account))
            card, states[card] = bearer.keys[self.walkout]
            owners.setdefault(card, set()).add(bearer.owner(self.walkout))
        for account in {who for who, data in self.pressed if data.startswith(("j:", "p:"))}:
            who = Person(platform, account)
            code = keys.open_code(self.without_cards, who)
            bearer = keys.bearer(code, who)
            card, states[card] = bearer.keys[self.without_cards]
            owners.setdefault(card, set()).add(bearer.owner(self.without_cards))
        minted = {row[0]: row for row in before["card"]}
        changed = [row for row in after["card"] if minted.get(row[0]) != row]
        for key, _walkout, _place, stale, owner in changed:
            assert owner in owners.get(key, ()), "a card is somebody's who never pressed"
            assert not stale
        blank = {row[0]: row for row in before["pledge"]}
        pledged = {row[0] for row in after["pledge"] if blank.get(row[0]) != row}
        assert pledged <= {states[card] for card in owners}, "a pledge is somebody's who never pressed"
        for table, kept in (("card", minted), ("pledge", blank)):
            assert {row[0] for row in after[table]} >= kept.keys()
        for walkout in (self.walkout, self.without_cards):
            for place in await store.units(walkout):
                mine = [row for row in after["pledge"] if row[1:3] == (walkout, place.id)]
                assert place.standing == sum(row[3] == "p" for row in mine)
                assert place.minted == len(mine)
        for name, rows in after.items():
            assert MARK not in repr(rows), f"something hostile is kept in {name}"
        return len(changed)

    # ---- what people say

    def said(self) -> SearchStrategy[str]:
        """Make what is typed: our own commands with anything behind them, codes, and anything else."""
        word = some.one_of(some.sampled_from(self._words()), some.sampled_from(ODD_TEXTS))
        names = [command.name for command in COMMANDS]
        command = some.builds(
            lambda name, at, words: f"/{name}{at} " + " ".join(words),
            some.sampled_from([*names, "START", "status@allout_test_bot", MARK]),
            some.sampled_from(["", "", "", "@", "@somebody_else", "\u202e"]),
            some.lists(word, max_size=4),
        )
        return some.one_of(command, command, word)

    def pressing(self) -> SearchStrategy[str]:
        """Make the data of buttons: ours, with something real or anything behind the letter."""
        part = some.one_of(
            some.sampled_from(self._words()), some.sampled_from(self.codes), some.sampled_from(ODD_TEXTS)
        )
        ours = some.builds(
            lambda letter, parts: f"{letter}:" + ":".join(parts),
            some.sampled_from([*BUTTONS, *"pppcwoj", "k", "Z", ""]),
            some.lists(part, min_size=1, max_size=3),
        )
        enrol = some.builds(
            lambda letter, walkout, place: f"{letter}:{walkout}:{place}",
            some.sampled_from("jT"),
            some.sampled_from([self.walkout, self.without_cards, "zzzzz"]),
            some.one_of(some.integers(-1, 5), some.sampled_from(ODD_NUMBERS), some.sampled_from(ODD_TEXTS)),
        )
        real = some.builds(
            lambda letter, code, of: f"{letter}:{code}{of}",
            some.sampled_from("pppwcoq"),
            some.sampled_from(self.codes),
            some.sampled_from([f".{self.walkout}", f".{self.walkout}", f".{self.without_cards}", ""]),
        )
        return some.one_of(ours, real, real, enrol)

    def _words(self) -> list[str]:
        numbers = [str(number) for number in (*ODD_NUMBERS, 1, 2, 3, 5)]
        names = [name for name, *_ in SHOPS]
        spelled = [pretty(self.codes[0]), self.codes[1].lower(), self.codes[2][:-1], f"{self.codes[3]}0", self.codes[4]]
        fixed = ["citywide", "off", "void", "csv", "steward", "organizer", "es", "en", "=1+1", MARK, "K7M3-QX2P"]
        return [*fixed, *names, *(f'"{name}"' for name in names), *numbers, *spelled, self.walkout, self.without_cards]


def _means(data: str, code: str) -> bool:
    return code in data.upper().replace("-", "")


@asynccontextmanager
async def city(folder: Path, platform: str, *, approvals: int = 2) -> AsyncIterator[City]:
    """Open a store with two open walkouts. Only `rest` moves the clock: for a day no tally is due."""
    clock = MovableClock(NOON)
    usual = {
        "starts": NOON + timedelta(days=12),
        "pledge_by": NOON + timedelta(days=7),
        "tally_every": "24h",
        "approvals": approvals,
    }
    async with open_app(folder, clock=clock, senders={platform: None}) as app:
        made = []
        for entry in ("cards", "open"):
            toml = SourceFile(name="walkout.toml", data=terms(**usual, entry=entry).encode())
            csv = SourceFile(name="workplaces.csv", data=roster(SHOPS).encode())
            made.append(await organizers.draft(read(toml, csv, RosterOptions(), now=NOON), app.store, app.keys))
        walkout, without_cards = (each.id for each in made)
        codes = [mint() for _ in range(90)]
        left = iter(codes)
        for place in await app.store.units(walkout):
            await stewards.mint(
                walkout, {place.id: [key_of(next(left)) for _ in range(place.headcount)]}, app.store, app.keys
            )
        await organizers.bind_room(Room(walkout=walkout, scope=None, way=platform, address="-1009999"), app.store)
        for each in made:
            await app.store.decide(each.id, partial(rules.open_up, now=NOON))
        yield City(
            app=app,
            clock=clock,
            walkout=walkout,
            without_cards=without_cards,
            codes=codes[:50],
            witnesses=iter(codes[50:]),
        )


def drawn(what: SearchStrategy[Any], number: int, chosen: int) -> list[Any]:
    """Let hypothesis make so many of these."""
    made: list[Any] = []

    @seed(chosen)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(what)
    def note(value: Any) -> None:
        made.append(value)

    note()
    return made


@dataclass(kw_only=True)
class Overheard:
    """What was logged, and what went wrong where nobody was waiting for it."""

    lines: list[str] = field(default_factory=list)
    swallowed: list[str] = field(default_factory=list)

    def check(self, hidden: Collection[str]) -> None:
        """See that no line says more than what kind of thing went wrong."""
        assert not self.swallowed, self.swallowed[:5]
        for line in set(self.lines):
            assert MARK not in line
            assert not [word for word in hidden if word in line], line


@contextmanager
def overheard() -> Iterator[Overheard]:
    """Listen to every line of ours, and to what the loop reports."""
    heard = Overheard()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.lines.append(f"{record.name}: {record.getMessage()}")

    listening = Listening(logging.DEBUG)
    ours = [logging.getLogger(name) for name in ("bot", "handlers")]
    before = [logger.level for logger in ours]
    loop = asyncio.get_running_loop()

    def reported(_loop: object, context: Mapping[str, Any]) -> None:
        task = context.get("future") or context.get("task")
        # what is no command and no button of ours fails in a task of discord.py's own; the log names its type
        named = task.get_name() if isinstance(task, asyncio.Task) else ""
        if not named.startswith(("CommandTree-invoker", "discord-ui-")):
            heard.swallowed.append(repr(context)[:500])

    loop.set_exception_handler(reported)
    for logger in ours:
        logger.addHandler(listening)
        logger.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        loop.set_exception_handler(None)
        for logger, level in zip(ours, before, strict=True):
            logger.removeHandler(listening)
            logger.setLevel(level)
