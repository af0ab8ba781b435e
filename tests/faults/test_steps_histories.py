"""Whatever happens over a campaign's steps, in any order and with kills between any two statements, nothing is lost.

The model is a few dicts. After each kill the store holds what it held before the act that was cut off, or after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain.errors import (
    CardRecalled,
    CardRests,
    CardSpent,
    NotOpenYet,
    NotPledged,
    OtherStep,
    PledgingClosed,
    Refused,
    UnknownCard,
)
from bot.domain.model import Ruling, Stage, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import Act, Change
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import mint
from bot.secrets.keys import Person
from bot.storage.sql import minting
from bot.usecases import closing
from tests import stores
from tests.conftest import NOON, fresh_folder, shops
from tests.faults.trials import Trials, trials
from tests.stores import open_app
from tests.test_steps import FIRST, SECOND, THIRD, Campaign

STEPS = (FIRST, SECOND, THIRD)
UNITS = (UnitId(1), UnitId(2), UnitId(3))
EVERYBODY = tuple(Person("here", who) for who in ("ana", "ben", "eve"))
SHOWN = frozenset({Stage.OPEN, Stage.LAPSED})
ACTS = 60

UNBLANKED = frozenset({CardRests, OtherStep, NotOpenYet})
"""What a card answers that has no step but perhaps a draft; the model does not know how many blanks are made."""


@dataclass
class Card:
    unit: UnitId
    stale: int = 0
    owner: Person | None = None


@dataclass
class Step:
    stage: Stage = Stage.DRAFT
    units: frozenset[UnitId] = frozenset(UNITS)
    states: dict[str, str] = field(default_factory=dict)  #: of each card, once it is open


@dataclass
class Model:
    """What a campaign's store must hold and answer."""

    cards: dict[str, Card] = field(default_factory=dict)
    steps: dict[WalkoutId, Step] = field(default_factory=dict)
    gone: bool = False  #: the campaign is closed

    def opens(self, code: str) -> WalkoutId | None:
        opened = [name for name, each in self.steps.items() if each.stage in SHOWN and code in each.states]
        return opened[-1] if opened else None

    def answer(self, act: Act, code: str, who: Person, of: WalkoutId | None) -> type[Refused] | str:  # noqa: PLR0911
        """Say what becomes of it: the state then, or why not. Only of a card that no draft could be open for."""
        card = self.cards.get(code)
        if self.gone or card is None or (card.stale and card.owner != who):
            return UnknownCard
        name = self.opens(code)
        if name is None:
            return CardRests
        if of not in {None, name}:
            return OtherStep
        at, owned = self.steps[name], card.owner == who
        state = at.states[code]
        mine = state if owned and state != "m" else None
        if mine == "r":
            return CardRecalled
        if at.stage is not Stage.OPEN:
            return PledgingClosed
        if act is Act.WITHDRAW:
            if mine is None:
                return NotPledged
            at.states[code] = "w"
            return "w"
        if card.owner not in {None, who}:
            return CardSpent
        card.owner, at.states[code] = who, "p"
        return "p"

    def blank(self, code: str) -> str:
        return "r" if self.cards[code].stale == 2 else "m"


class History:
    """A store and what it must be like."""

    def __init__(self, app: App, clock: MovableClock, model: Model, chance: Random) -> None:
        self.app, self.clock, self.model, self.chance = app, clock, model, chance
        self.made = Campaign(app=app, clock=clock, codes=())

    async def differs(self, model: Model) -> str:  # noqa: C901, PLR0911
        """Compare every row; return where the store is another than the model, or ''."""
        store: Any = self.app.store
        keys = self.app.keys
        bearers = {(code, who): keys.bearer(code, who) for code in model.cards for who in EVERYBODY}
        stages = {each.id: each.stage for each in await store.walkouts()}
        if stages != {name: each.stage for name, each in model.steps.items()}:
            return "stages"
        card_rows = {row[0]: row[1:] for row in await store._read("SELECT key, unit, stale, owner FROM card")}
        if model.gone:
            return "cards" if card_rows else ""
        expected = {}
        for code, card in model.cards.items():
            bearer = bearers[code, card.owner or EVERYBODY[0]]
            name = next(iter(bearer.keys))
            owner = bearer.free(name) if card.owner is None else bearer.owner(name)
            expected[bearer.keys[name][0]] = (card.unit, card.stale, owner)
        if card_rows != expected:
            return "cards"
        for name, each in model.steps.items():
            rows = await store._read("SELECT key, unit, state FROM pledge WHERE walkout = ?", (name,))
            found = {key: (unit, state) for key, unit, state in rows}
            if each.stage is Stage.CLOSED:
                if found:
                    return f"closed {name}"
                continue
            states = each.states
            if each.stage is Stage.DRAFT:  # as many as were made by now
                states = {code: model.blank(code) for code, card in model.cards.items() if card.unit in each.units}
            wanted = {
                bearers[code, EVERYBODY[0]].keys[name][1]: (model.cards[code].unit, state)
                for code, state in states.items()
            }
            if each.stage is Stage.DRAFT:
                wanted = {key: row for key, row in wanted.items() if key in found}
            if found != wanted:
                return f"pledges of {name}"
            if {unit.id for unit in await store.units(name)} != each.units:
                return f"units of {name}"
        examined = await store.examine()
        return "counts" if examined.miscounted or examined.orphans or examined.damage else ""

    # -- what may happen: each changes the model at once, and returns what does it --------------------------------

    def press(self) -> Callable[[], Awaitable[None]]:
        code = self.chance.choice([*self.model.cards, mint()])
        who = self.chance.choice(EVERYBODY)
        of = self.chance.choice([None, None, *(name for name in self.model.steps if name in self.app.keys.walkouts)])
        act = self.chance.choice([Act.PLEDGE, Act.PLEDGE, Act.WITHDRAW])
        change = Change(act=act, bearer=self.app.keys.bearer(code, who, of), of=of)
        wanted = self.model.answer(act, code, who, of)

        async def do() -> None:
            try:
                outcome = await self.app.store.apply(change)
            except Refused as refused:
                became: object = type(refused)
            else:
                became = outcome.mine
            assert became == wanted or (became in UNBLANKED and wanted in UNBLANKED)

        return do

    def print(self) -> Callable[[], Awaitable[None]] | None:
        names = [name for name, each in self.model.steps.items() if each.stage in {Stage.DRAFT, Stage.OPEN}]
        if not names or len(self.model.cards) > 60:
            return None
        name = self.chance.choice(names)
        unit = self.chance.choice(sorted(self.model.steps[name].units))
        codes = [mint() for _ in range(self.chance.randint(1, 7))]
        for code in codes:
            self.model.cards[code] = Card(unit)
            for each in self.model.steps.values():
                if unit in each.units and each.stage is Stage.OPEN:
                    each.states[code] = "m"
        return partial(self.made.print, name, unit, codes)

    def end(self) -> Callable[[], Awaitable[None]] | None:
        names = [name for name, each in self.model.steps.items() if each.stage in {Stage.DRAFT, Stage.OPEN}]
        if not names:
            return None
        name, recalls = self.chance.choice(names), self.chance.random() < 1 / 2
        unit = self.chance.choice(sorted(self.model.steps[name].units))
        for code, card in self.model.cards.items():
            if card.unit == unit:
                card.stale = max(card.stale, 2 if recalls else 1)
                for each in self.model.steps.values():
                    if recalls and code in each.states and each.stage is Stage.OPEN:
                        each.states[code] = "r"
        return partial(self.made.void, name, unit, recalls=recalls)

    def go_on(self) -> Callable[[], Awaitable[None]] | None:
        """Take the next step: draft, open, lapse, close."""
        steps = self.model.steps
        name, each = list(steps.items())[-1]
        match each.stage:
            case Stage.DRAFT:
                before = list(steps.values())[-2] if len(steps) > 1 else None
                if before is not None and before.stage is Stage.OPEN:
                    return self._lapse(list(steps)[-2])
                dropped = (
                    frozenset({self.chance.choice(UNITS)}) if before and self.chance.random() < 1 / 3 else frozenset()
                )
                each.units -= dropped
                each.stage = Stage.OPEN
                each.states = {
                    code: self.model.blank(code) for code, c in self.model.cards.items() if c.unit in each.units
                }
                return partial(self.made.open, STEPS.index(name), dropped)
            case Stage.OPEN | Stage.LAPSED | Stage.CLOSED if len(steps) < len(STEPS) and self.chance.random() < 2 / 3:
                steps[STEPS[len(steps)]] = Step()
                return partial(self.made.draft, len(steps) - 1, shops(40, 40, 40))
            case Stage.OPEN:
                return self._lapse(name)
        return None

    def _lapse(self, name: WalkoutId) -> Callable[[], Awaitable[None]]:
        self.model.steps[name].stage = Stage.LAPSED

        def rule(walkout: Walkout, _units: Sequence[Unit]) -> Ruling:
            return Ruling(walkout=replace(walkout, stage=Stage.LAPSED, next_tally=None, ended=NOON))

        return partial(self.app.store.decide, name, rule)  # type: ignore[return-value]

    def blank(self) -> Callable[[], Awaitable[None]] | None:
        drafts = [name for name, each in self.model.steps.items() if each.stage is Stage.DRAFT]
        return partial(self.app.store.blank, drafts[-1], self.app.keys.pledge) if drafts else None

    def close(self) -> Callable[[], Awaitable[None]] | None:
        over = [name for name, each in self.model.steps.items() if each.stage is Stage.LAPSED]
        if not over:
            return None
        self.model.steps[over[0]].stage = Stage.CLOSED

        async def do() -> None:
            await closing.close(await self.app.store.walkout(over[0]), self.app.store, self.app.keys)

        return do

    def close_all(self) -> Callable[[], Awaitable[None]] | None:
        if len(self.model.steps) < len(STEPS) or {each.stage for each in self.model.steps.values()} != {Stage.CLOSED}:
            return None
        self.model.gone = True
        return partial(closing.close_campaign, FIRST, self.app.store, self.app.keys)

    def any_act(self) -> Callable[[], Awaitable[None]] | None:
        rare = [self.print, self.end, self.go_on, self.go_on, self.blank, self.close, self.close_all]
        return self.chance.choice([*[self.press] * 14, *rare])()


async def history(chance: Random, clock: MovableClock, root: Path) -> int:
    """Go through one; return how many kills there were."""
    data, kills, model = root / "0", 0, Model()
    left = ACTS
    while left:
        async with open_app(data, clock=clock, senders={"here": None}) as app:
            now = History(app, clock, model, chance)
            if not model.steps:
                await now.made.draft(0, shops(40, 40, 40))
                model.steps[FIRST] = Step()
            assert not await now.differs(model)
            die_at = chance.randint(1, 25)
            while left:
                left -= 1
                before = deepcopy(model)
                act = now.any_act()
                if act is None:
                    continue
                dies = chance.random() < 1 / 8
                fresh = root / f"{kills + 1}"
                nth = chance.randint(1, die_at) if dies else 10**9
                if await stores.killed_meanwhile(app.store, act(), nth, app.data, fresh):
                    break
                if chance.random() < 1 / 4:
                    assert not await now.differs(model)
            else:
                assert not await now.differs(model)
                return kills
        kills, data = kills + 1, fresh
        async with open_app(data, clock=clock, senders={"here": None}) as app:
            again = History(app, clock, model, chance)
            if await again.differs(model):
                differs = await again.differs(before)
                assert not differs, differs
                model = before
    return kills


@pytest.mark.both_engines
@trials(20, full=500)
async def test_any_history_of_a_campaign_is_as_its_model_says(
    tries: Trials, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setattr(minting, "PIECE", 3)
    kills = 0
    for number in range(tries.number):
        with fresh_folder() as root:
            kills += await history(tries.random(number), MovableClock(NOON), root)
    assert kills > 0
    record_property("found", f"{kills} kills in {tries.number} histories, {ACTS} acts each; nothing lost or doubled")
