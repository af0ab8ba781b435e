"""Two processes over one database at once: whatever they answer, one after the other would have answered the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from bot.domain.errors import CardRecalled, CardSpent, NotPledged, UnitFull, UnknownCard
from bot.domain.model import CardState, Entry, Ruling, Unit, UnitId, Walkout
from bot.domain.pledging import Act, Change, Enrolment
from bot.domain.roles import Became
from bot.process.clock import MovableClock
from bot.storage.store import Store
from tests.conftest import WALKOUT, opened, shops
from tests.storage.house import CLOSED, Hand, PostgresHouse, fresh, verdict
from tests.storage.test_paper import NOTE, granted, voiding

PLACES = 5
"""At a workplace that people enrol at."""

PAPER = 3
"""Cards at one that has cards."""

TRIALS, ROUNDS, ASKED = 20, 6, 6


class Does(NamedTuple):
    """What a process is asked for."""

    what: Act | Literal["enrol", "leave", "tally", "void", "recall"]
    card: str = ""
    who: str = ""


@dataclass(frozen=True)
class Model:
    """What one process would know, in dicts: of each card its owner and state, and whether it was ended."""

    enrolled: dict[str, CardState]
    paper: dict[str, tuple[CardState, str]]
    stale: bool = False

    def counts(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return how many cards each of the two workplaces has, and how many pledges stand."""
        return (
            (len(self.enrolled), sum(state.stands for state in self.enrolled.values())),
            (PAPER, sum(state.stands for state, _owner in self.paper.values())),
        )

    def after(self, does: Does) -> tuple[object, Model]:
        """Return the answer, and what is so then."""
        match does.what:
            case "tally":
                return self.counts(), self
            case "void":
                return True, replace(self, stale=True)
            case "recall":
                recalled = {card: (CardState.RECALLED, who) for card, (_state, who) in self.paper.items()}
                return True, replace(self, stale=True, paper=recalled)
            case "enrol" | "leave":
                return self._enrol(does)
            case _:
                return self._ask(does)

    def _ask(self, does: Does) -> tuple[object, Model]:
        state, owner = self.paper[does.card]
        if self.stale and owner != does.who:
            return (UnknownCard, False), self
        if does.what is Act.LOOK:
            return (state if owner == does.who else None, False), self
        if owner == does.who and state is CardState.RECALLED:
            return (CardRecalled, False), self
        if does.what is Act.WITHDRAW and owner != does.who:
            return (NotPledged, False), self
        if owner not in {"", does.who}:
            return (CardSpent, False), self
        wanted = CardState.PLEDGED if does.what is Act.PLEDGE else CardState.WITHDRAWN
        return (wanted, state is not wanted), replace(self, paper=self.paper | {does.card: (wanted, does.who)})

    def _enrol(self, does: Does) -> tuple[object, Model]:
        state = self.enrolled.get(does.who)
        wanted = CardState.PLEDGED if does.what == "enrol" else CardState.WITHDRAWN
        if state is wanted:
            return (wanted, False), self
        if does.what == "leave" and state is None:
            return (NotPledged, False), self
        if does.what == "enrol" and self.counts()[0][1] >= PLACES:
            return (UnitFull, False), self
        return (wanted, True), replace(self, enrolled=self.enrolled | {does.who: wanted})


def orders(model: Model, queues: Sequence[tuple[tuple[Does, object], ...]]) -> Iterator[Model]:
    """Yield what may be so after all of it, if it was done one by one, each queue in its order, with these answers."""
    if not any(queues):
        yield model
    for nth, queue in enumerate(queues):
        if queue:
            does, answered = queue[0]
            answer, after = model.after(does)
            if answer == answered:
                yield from orders(after, (*queues[:nth], queue[1:], *queues[nth + 1 :]))


class Town:
    """Two processes, and for each trial two workplaces of its own: one to enrol at, and one with cards."""

    def __init__(self, stores: Sequence[Store], clock: MovableClock, trial: int) -> None:
        self._stores, self._clock, self._trial = stores, clock, trial
        self._open, self._closed = UnitId(2 * trial + 1), UnitId(2 * trial + 2)

    def do(self, does: Does, by: int) -> Awaitable[object]:
        """Have a process do it; return the answer."""
        store = self._stores[by]
        match does.what:
            case "tally":
                return self._tally(store)
            case "void" | "recall":
                said = voiding(self._clock, self._closed, recalls=does.what == "recall")
                news = replace(CLOSED, occasion=f"{self._trial}")
                return store.void_approved(f"V{self._trial}", WALKOUT, replace(said, news=news), news, NOTE)
            case "enrol" | "leave":
                act = Act.PLEDGE if does.what == "enrol" else Act.WITHDRAW
                enrolment = Enrolment(walkout=WALKOUT, unit=self._open)
                hand = Hand(name=(self._trial, f"enrolled {does.who}"), who=does.who)
                return verdict(store.apply(Change(act=act, bearer=hand, enrol=enrolment)))
        assert isinstance(does.what, Act)
        return verdict(store.apply(Change(act=does.what, bearer=Hand(name=(self._trial, does.card), who=does.who))))

    async def _tally(self, store: Store) -> object:
        counted: list[object] = []

        def rule(walkout: Walkout, units: Sequence[Unit]) -> Ruling:
            counted[:] = self._counted(units)
            return Ruling(walkout=walkout)

        await store.decide(WALKOUT, rule)
        await store.forget_order()
        return tuple(counted)

    async def counts(self, by: int) -> object:
        """Return what a process counts."""
        return self._counted(await self._stores[by].units(WALKOUT))

    def _counted(self, units: Sequence[Unit]) -> tuple[tuple[int, int], ...]:
        return tuple((unit.minted, unit.standing) for unit in units if unit.id in {self._open, self._closed})


def asked(chance: random.Random) -> list[Does]:
    """Say what is asked for at the same instant: few cards, few people, and fewer places than want one."""
    enrolling = [Does("enrol", who=f"{n}") for n in range(PLACES + 3)] + [
        Does("leave", who=f"{n}") for n in range(PLACES)
    ]
    paper = [
        Does(act, card, who)
        for act in (Act.PLEDGE, Act.WITHDRAW, Act.LOOK)
        for card in map(str, range(PAPER))
        for who in ("ana", "bo")
    ]
    wanted = chance.sample(enrolling, ASKED // 2) + chance.choices(paper, k=ASKED // 2)
    chance.shuffle(wanted)
    if chance.random() < 0.5:
        wanted[chance.randrange(ASKED)] = Does("tally")
    return wanted


async def test_two_processes_answer_and_count_as_one_would(house: PostgresHouse, clock: MovableClock) -> None:
    chance = random.Random(17)
    async with house.open(clock) as one, house.open(clock, process="another") as other:
        await one.add_walkout(opened(entry=Entry.OPEN), shops(*[PLACES, 40] * TRIALS))
        await one.mint(
            WALKOUT, {UnitId(2 * trial + 2): [fresh((trial, str(n))) for n in range(PAPER)] for trial in range(TRIALS)}
        )
        for trial in range(TRIALS):
            town = Town((one, other), clock, trial)
            await granted(one, f"V{trial}")
            await one.conclude(f"V{trial}", Became.OPEN, None, NOTE, expected=Became.GRANTED)
            for n in range(PLACES - 1):  # one place is left
                await town.do(Does("enrol", who=f"{n}"), by=0)
            models = [
                Model(
                    {str(n): CardState.PLEDGED for n in range(PLACES - 1)},
                    {str(n): (CardState.MINTED, "") for n in range(PAPER)},
                )
            ]
            end = chance.randrange(ROUNDS)
            for nth in range(ROUNDS):
                wanted = asked(chance)
                split = [chance.randrange(2) for _ in wanted]
                ends = [Does(chance.choice(("void", "recall")))] * (nth == end)  # after cards that come, so not in turn
                everything = [*zip(wanted, split, strict=True), *((does, chance.randrange(2)) for does in ends)]
                answers = await asyncio.gather(*(town.do(does, by) for does, by in everything))
                ending = tuple(zip(ends, answers[len(wanted) :], strict=True))
                queues = [
                    tuple((does, said) for does, said, at in zip(wanted, answers, split, strict=False) if at == by)
                    for by in (0, 1)
                ]
                counts = await town.counts(chance.randrange(2))
                possible = [after for model in models for after in orders(model, [*queues, ending])]
                models = []
                for model in possible:
                    if model.counts() == counts and model not in models:
                        models.append(model)
                assert models, (trial, nth, queues, ending, counts)
    assert house.rows("SELECT count(*) FROM recent_card") != []
