"""*On* exists exactly if the rule held at a tally: once, and for good.

Whole histories on a real store: people pledge and take it back, the machine's clock is wrong by minutes or by years
either way, and between any two steps the bot is stopped, or killed in the middle of what it does. What it announced is
compared with what tests/domain/oracle.py, which knows nothing of the code, says from the list of what happened.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from bot.delivery import outbox
from bot.delivery.outbox import Letter, RoomGone
from bot.domain import rules
from bot.domain.errors import PledgingClosed
from bot.domain.model import Entry, Kind, Ruling, Stage, Tier, Unit, UnitId, Walkout, WalkoutId
from bot.runtime.app import App
from bot.secrets.card_codes import from_bytes, key_of
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from handlers.texts.announcements import announcement
from tests import stores
from tests.conftest import fresh_folder
from tests.domain import oracle, trees
from tests.domain.oracle import Event, Plan, Shop
from tests.domain.test_properties import OPENING, terms, units, wished
from tests.faults.trials import Trials, trials
from tests.stores import open_app

T = TypeVar("T")

MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
WALKOUT = WalkoutId("k7m3q")
OLGA = Person("console", "olga")
CITY = ("#city", "#city in another language")
STATEMENTS = 30
"""A kill comes after so many of them at most; no step has many more."""

Told = tuple[str, str, str, int | None]
"""A room, and what it heard: kind, occasion, workplace."""


class WrongClock:
    """The clock of a machine that somebody sets, either way."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Ears:
    """Hears everything that one process says, until it is killed."""

    def __init__(self, heard: Counter[Told], killed: Callable[[], bool]) -> None:
        self._killed = killed
        self._heard = heard

    async def send(self, letter: Letter) -> str:
        if self._killed():
            raise RoomGone
        news = letter.news
        self._heard[letter.address, str(news.kind), news.occasion, news.about] += 1
        return announcement(letter)

    async def delete(self, what: str) -> None:
        raise NotImplementedError


def plan_of(chance: Random) -> Plan:
    """Draw a walkout, near the edges."""
    shops = []
    for number in range(1, chance.randint(1, 3) + 1):
        headcount = chance.randint(5, 12)
        shops.append(Shop(id=number, headcount=headcount, threshold=chance.randint(5, min(headcount, 8))))
    some = chance.sample(shops, chance.randint(1, len(shops)))
    every = chance.choice([15, 20, 60]) * MINUTE
    pledge_by = OPENING + chance.randint(1, 6) * every + chance.choice([0, -1, -7, 1]) * MINUTE
    edge = sum(shop.threshold for shop in some) + chance.randint(-1, 4)
    return Plan(
        opening=OPENING,
        every=every,
        pledge_by=pledge_by,
        starts=pledge_by + chance.choice([0, 1, 30, 6000]) * MINUTE,
        shops=tuple(shops),
        citywide_threshold=min(max(edge, 5), sum(shop.headcount for shop in shops)),
        everybody_counts=chance.random() < 0.5,
        minimum_workplaces=chance.randint(1, len(some)),
        confirm_tallies=chance.randint(1, 3),
        milestones=chance.random() < 0.5,
        reminders=tuple(timedelta(minutes=each) for each in chance.sample(range(300), chance.randint(0, 3))),
    )


def code(shop: int, number: int) -> str:
    return from_bytes(hashlib.sha256(f"{shop} {number}".encode()).digest())


@dataclass(frozen=True, kw_only=True)
class Look:
    """A moment at which the bot looked whether a tally is due."""

    at: datetime
    events: int  #: so many had happened before
    reminds: bool  #: it looked for reminders as well


@dataclass(kw_only=True)
class Story:
    """What happened, as far as anybody outside can tell, and what follows from it by the design alone."""

    plan: Plan
    events: list[Event] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    called_off: datetime | None = None

    @property
    def as_told(self) -> tuple[list[Event], list[datetime]]:
        """Return events and looks for the oracle.

        A pledge counts at the first tally taken after it, whatever the clock said then: so each event is moved to
        the instant of the tally before it.
        """
        looks = [look.at for look in self.looks]
        runs = [oracle.taken(self.plan, looks[: n + 1]) for n in range(len(looks))]
        events, instant, done = [], self.plan.opening, 0
        for look, pairs in zip(self.looks, runs, strict=True):
            events += [replace(event, at=instant) for event in self.events[done : look.events]]
            done = look.events
            instant = pairs[-1][0] if pairs else instant
        return [*events, *(replace(event, at=instant) for event in self.events[done:])], looks

    @property
    def stage(self) -> str:
        """Say where the walkout stands."""
        if self.called_off is not None:
            return "called_off"
        events, looks = self.as_told
        if oracle.turning(self.plan, events, looks) is not None:
            return "on"
        runs = oracle.taken(self.plan, looks)
        return "lapsed" if runs and runs[-1][0] == self.plan.pledge_by else "open"

    @property
    def closes(self) -> datetime | None:
        """Say when its secrets are destroyed."""
        if self.called_off is not None:
            return self.called_off + timedelta(hours=48)
        if self.stage == "on":
            return self.plan.starts + timedelta(days=7)
        if self.stage == "lapsed":
            return oracle.taken(self.plan, [look.at for look in self.looks])[-1][1] + timedelta(hours=48)
        return None

    def heard(self) -> set[Told]:
        """Return what every room heard, and the organizer privately."""
        shops = [None, *(shop.id for shop in self.plan.shops)]
        about: dict[int | None, int | None] = {
            None: None,
            **{shop.id: self.plan.workplace_of(shop) for shop in self.plan.shops},
        }
        before = State(tallies=[])
        made = [("opened", "0", shop, shop) for shop in shops]
        told: set[Told] = set()
        reminded = self.plan.opening
        for n, look in enumerate(self.looks):
            after = State(tallies=oracle.history(self.plan, *replace(self, looks=self.looks[: n + 1]).as_told))
            if look.reminds:  # what was made since the last such look waited, and is delivered before a tally is taken
                told |= self._delivered(made, before, look.at)
                made = []
            for tally in after.tallies[len(before.tallies) :]:
                made += [(kind, occasion, scope, about) for kind, occasion, scope, about, _ in tally.news]
                if after.decided(self.plan) and after.stage == "on" and self.plan.pledge_by < self.tomorrow <= look.at:
                    reminded = self.tomorrow  # the last word came so late
            if look.reminds:
                kind, due = self._reminds(after, reminded, look.at)
                if kind == "reminder":
                    made += [(kind, due.isoformat(), shop, shop) for shop in shops]
                elif kind:
                    made += [(kind, due.isoformat(), shop, about[shop]) for shop in (None, *after.out)]
                reminded = max(reminded, due)
                told |= self._delivered(made, after, look.at)
                made = []
            before = after
        if self.called_off is not None:  # nothing else is said after that
            told |= self._delivered([("called_off", "", shop, shop) for shop in shops])
        return told

    @property
    def tomorrow(self) -> datetime:
        """When those who walk out are reminded of it."""
        return self.plan.starts - timedelta(days=1)

    def _reminds(self, state: State, last: datetime, now: datetime) -> tuple[str, datetime]:
        """Return the newest of what is due, if it is made, and when it was due; older ones are never made."""
        plan, due = self.plan, {}
        if state.stage in {"open", "on"}:
            due = {plan.pledge_by - before: ("reminder", plan.pledge_by) for before in plan.reminders}
        if state.stage == "on" and state.decided(plan):
            if self.tomorrow > plan.pledge_by:
                due[self.tomorrow] = "tomorrow", plan.starts
            due[plan.starts] = "starts", plan.starts + timedelta(hours=1, microseconds=1)
            due[plan.starts + timedelta(days=1)] = "afterwards", now + YEAR
        overdue = [at for at in due if last < at <= now]
        if not overdue:
            return "", last
        kind, until = due[max(overdue)]
        return kind if now < until else "", max(overdue)

    def _delivered(self, made: Sequence[Made], state: State | None = None, now: datetime = OPENING) -> set[Told]:
        return {
            (room, kind, occasion, about)
            for kind, occasion, scope, about in made
            for room in listeners(kind, scope)
            if state is None or state.still_so(self.plan, kind, about, now, private=room == OLGA.account)
        }


Made = tuple[str, str, int | None, int | None]
"""Kind, occasion, whose rooms hear it, and what it is about."""


@dataclass(frozen=True, kw_only=True)
class State:
    """How far its tallies had come at some moment."""

    tallies: Sequence[oracle.Tally]

    @property
    def stage(self) -> str:
        return self.tallies[-1].stage if self.tallies else "open"

    @property
    def out(self) -> frozenset[int]:
        return self.tallies[-1].out if self.tallies else frozenset()

    def decided(self, plan: Plan) -> bool:
        return bool(self.tallies) and self.tallies[-1].instant == plan.pledge_by

    def turned_on_before(self, plan: Plan) -> bool:
        """Whether it was on before the last word, which then says it anew to each person."""
        return self.decided(plan) and sum(tally.stage == "on" for tally in self.tallies) > 1

    def still_so(self, plan: Plan, kind: str, about: int | None, now: datetime, *, private: bool) -> bool:
        """Say whether what was made before may still be said: see rules.may_be_said, of which this knows nothing."""
        may_pledge = self.stage in {"open", "on"} and now < plan.pledge_by
        before = private or now < plan.starts
        so = {
            "opened": self.stage == "open" and may_pledge,
            "reminder": may_pledge,
            "on": before and not (private and self.turned_on_before(plan)),
            "not_yet_out": not self.decided(plan) and about not in self.out,
            "starts": now <= plan.starts + timedelta(hours=1),
            **dict.fromkeys(["workplace_ready", "workplaces_ready", "milestone"], self.stage == "open"),
            **dict.fromkeys(["we_are_out", "workplace_joins", "last_word", "fewer_now", "tomorrow"], before),
        }
        return so.get(kind, True)


def listeners(kind: str, scope: int | None) -> Sequence[str]:
    if kind == "workplaces_ready":
        return [OLGA.account]
    told = {"on", "lapsed", "called_off", "last_word", "afterwards"}
    return [*rooms(scope), *([OLGA.account] if scope is None and kind in told else [])]


def rooms(scope: int | None) -> Sequence[str]:
    return CITY if scope is None else [f"#{scope}"]


@dataclass(kw_only=True)
class Life:
    """A bot on a real store, and all that happens to it."""

    folder: Path
    chance: Random
    story: Story
    entry: Entry
    clock: WrongClock
    app: App = field(init=False)
    ears: Ears = field(init=False)
    running: AsyncExitStack = field(default_factory=AsyncExitStack)
    heard: Counter[Told] = field(default_factory=Counter)
    standing: Counter[int] = field(default_factory=Counter)
    kills: int = 0
    restarts: int = 0
    states: list[tuple[Stage, frozenset[int]]] = field(default_factory=list)

    # -- what people do

    async def pledge(self) -> None:
        """Let a few change their minds at every workplace, all at once."""
        acts = [
            (shop, number, wish > self.standing[shop.id])
            for shop in self.story.plan.leaves
            for wish in [self.chance.choice(wished(shop, self.standing[shop.id]))]
            for number in range(*sorted((wish, self.standing[shop.id])))
        ]
        if not acts:
            return
        answers = await self._perhaps_killed(lambda: self._all(acts))
        self._looked(reminds=False)
        may = self.clock.now < self.story.plan.pledge_by and self.story.stage in {"open", "on"}
        assert set(answers) == {may}, (may, answers, self.clock.now)
        if not may:
            return
        for shop, number, pledges in acts:
            card = f"{shop.id} {number}"
            self.story.events.append(Event(at=self.clock.now, card=card, shop=shop.id, pledges=pledges))
            self.standing[shop.id] += 1 if pledges else -1

    async def _all(self, acts: Sequence[tuple[Shop, int, bool]]) -> list[bool]:
        return await asyncio.gather(*(self._act(shop, number, pledges=pledges) for shop, number, pledges in acts))

    async def _act(self, shop: Shop, number: int, *, pledges: bool) -> bool:
        app = self.app
        worker = app.worker(Person("console", f"{shop.id} {number}"))
        card = code(shop.id, number) if self.entry is Entry.CARDS else worker.open_code(WALKOUT)
        try:
            if not pledges:
                await worker.withdraw(card)
            elif self.entry is Entry.CARDS:
                await worker.pledge(card)
            else:
                await worker.enrol(WALKOUT, UnitId(shop.id))
        except PledgingClosed:
            return False
        return True

    async def call_off(self) -> None:
        """Let the organizers call it off, seldom."""
        if self.chance.random() < 0.1 and self.story.stage in {"open", "on"}:
            await self.app.tallies.take_due()
            self._looked(reminds=False)
            if self.story.stage in {"open", "on"}:
                await self.app.store.decide(WALKOUT, partial(rules.call_off, now=self.clock.now))
                self.story.called_off = self.clock.now

    # -- what happens by itself

    async def look(self) -> None:
        """Let the scheduler look, as it does every few seconds."""
        await self._perhaps_killed(lambda: self.app.scheduler.run_due())  # noqa: PLW0108  after a kill it is another app
        self._looked(reminds=True)

    def _looked(self, *, reminds: bool) -> None:
        if self.story.called_off is None:
            self.story.looks.append(Look(at=self.clock.now, events=len(self.story.events), reminds=reminds))

    async def set_clock(self) -> None:
        """Let time pass; or somebody sets the machine's clock, by minutes or years."""
        plan, now, small = self.story.plan, self.clock.now, timedelta(microseconds=1)
        due = min([each for each in oracle.schedule(plan) if each > now], default=plan.pledge_by)
        late = timedelta(seconds=self.chance.choice([1, 40, 90]))
        usual = [due, due, due, due + late, now + plan.every * self.chance.choice([1, 2, 3]), due - small]
        edges = [
            plan.pledge_by - small,
            plan.pledge_by,
            plan.starts - MINUTE,
            plan.starts + self.chance.choice([0, 61]) * MINUTE / 60,
        ]
        wrong = [now - plan.every * self.chance.choice([1, 2]), plan.opening - MINUTE, now + YEAR, now - 3 * YEAR]
        self.clock.now = self.chance.choice(self.chance.choices([usual, edges, wrong], [8, 1, 2])[0])

    async def see_the_last_days(self) -> None:
        """Let the bot be there at some of the times at which something is said to those who walk out."""
        starts, day = self.story.plan.starts, timedelta(days=1)
        for at in (starts - day, starts, starts + day):
            if self.chance.random() < 0.8:
                self.clock.now = max(self.clock.now, at + self.chance.choice([0, 0, 1, 61]) * MINUTE)
                await self.look()
                await self.check()

    # -- stops and starts

    async def start(self) -> None:
        """Open the store, whoever left it."""
        self.ears = Ears(self.heard, self._left.exists)
        self.app = await self.running.enter_async_context(
            open_app(self.folder, clock=self.clock, senders={"console": self.ears})
        )

    async def restart(self) -> None:
        """Stop the bot and start it again."""
        await self.running.aclose()
        self.restarts += 1
        await self.start()

    async def _perhaps_killed(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it; if the bot is killed meanwhile do it once it runs again, as whoever waits for it delivers it again."""
        if self.chance.random() < 0.15:
            await self._killed(asyncio.ensure_future(act()))
        return await act()

    async def _killed(self, act: asyncio.Future[T]) -> None:
        """Go on with the files as they were between two statements; what the process did after that has not been."""
        self.kills += 1
        nth = self.chance.randint(1, STATEMENTS)
        if not await stores.killed_meanwhile(self.app.store, act, nth, self.folder, self._left):
            stores.kill(self.folder, self._left)
        await self.running.aclose()
        self.folder = self._left
        await self.start()

    @property
    def _left(self) -> Path:
        """Where lies what a kill leaves."""
        return self.folder.with_name(f"{self.folder.name}+")

    # -- what is true

    async def check(self) -> None:
        """See that the store says what the oracle says."""
        walkout, places = await self._as_it_is()
        out = frozenset(int(place.id) for place in places if place.out)
        if self.states:
            _before, out_before = self.states[-1]
            assert out_before <= out
        self.states.append((walkout.stage, out))
        if walkout.stage is Stage.CLOSED:
            assert self.story.closes is not None
            assert self.story.closes <= self.clock.now
            return
        assert walkout.stage == self.story.stage
        taken = oracle.history(self.story.plan, *self.story.as_told)
        if taken:
            assert out == taken[-1].out
            shown = [(each.line.reached, each.line.number) for each in places if each.tier is Tier.WORKPLACE]
            assert tuple(shown) == taken[-1].board
        assert [place.standing for place in places] == [self.standing[shop.id] for shop in self.story.plan.shops]

    async def _as_it_is(self) -> tuple[Walkout, list[Unit]]:
        return await self.app.store.walkout(WALKOUT), await self.app.store.units(WALKOUT)

    def check_news(self) -> None:
        """See that every room heard everything that was so, once, and nothing else."""
        heard: Counter[Told] = Counter()
        for (room, kind, occasion, about), times in self.heard.items():
            heard[room, kind, "" if kind == "called_off" else occasion, about] += times
        wanted = self.story.heard()
        if any(stage is Stage.CLOSED for stage, _ in self.states):
            wanted = {*wanted, ("olga", "walkout_closed", WALKOUT, None)}
        assert set(heard) == wanted, (set(heard) - wanted, wanted - set(heard))
        again = sum(heard.values()) - len(wanted)
        assert again <= self.kills, "said again without a kill"
        stages = [stage for stage, _ in self.states]
        said_on = {kind for _, kind, *_ in heard} & {"on", "lapsed"}
        assert said_on != {"on", "lapsed"}
        if Stage.ON in stages:
            assert "on" in said_on
            assert set(stages[stages.index(Stage.ON) :]) <= {Stage.ON, Stage.CALLED_OFF, Stage.CLOSED}


async def lived(template: Path, chance: Random, plan: Plan) -> Life:
    """Live through one history."""
    entry = chance.choice(list(Entry))
    with fresh_folder() as folder:
        stores.copy_folder(template, folder / "store")
        life = Life(
            folder=folder / "store", chance=chance, story=Story(plan=plan), entry=entry, clock=WrongClock(plan.opening)
        )
        await life.start()
        try:
            await prepare(life.app, plan, entry, turnout=chance.random() < 0.3)
            for _ in range(chance.randint(2, 8)):
                await life.pledge()
                await life.call_off()
                await life.set_clock()
                if chance.random() < 0.2:
                    await life.restart()
                if chance.random() < 0.7:
                    await life.look()
                    await life.check()
                if life.states and life.states[-1][0] is Stage.CLOSED:
                    break
            else:
                life.clock.now = max(life.clock.now, plan.pledge_by + chance.choice([0, 1, 70]) * MINUTE)
            await life.look()
            await life.check()
            if chance.random() < 0.5:
                await life.see_the_last_days()
        finally:
            await life.running.aclose()
    life.check_news()
    return life


async def prepare(app: App, plan: Plan, entry: Entry, *, turnout: bool) -> None:
    """Open the walkout, with rooms for all and an organizer."""
    places = units(plan)
    app.keys.add_walkout(WALKOUT)
    await app.store.add_walkout(Walkout(id=WALKOUT, terms=replace(terms(plan), entry=entry, turnout=turnout)), places)
    if entry is Entry.CARDS:
        leaves = plan.leaves
        hashes = {UnitId(each.id): [key_of(code(each.id, n)) for n in range(each.headcount)] for each in leaves}
        await stewards.mint(WALKOUT, hashes, app.store, app.keys)
    await organizers.add(OLGA, "Olga", app.store, app.keys)
    for scope in (None, *(place.id for place in places)):
        for room in rooms(scope):
            await organizers.bind_room(Room(walkout=WALKOUT, scope=scope, way="console", address=room), app.store)
    await app.store.decide(WALKOUT, partial(rules.open_up, now=plan.opening))


async def _made(folder: Path) -> None:
    async with open_app(folder, clock=WrongClock(OPENING), senders={}):
        pass


@contextmanager
def empty_store() -> Iterator[Path]:
    """Make a store with nothing in it, to be copied: cheaper than making one each time."""
    with fresh_folder() as folder:
        asyncio.run(_made(folder))
        yield folder


async def _live_all(tries: Trials, template: Path, plans: Callable[[Random], Plan]) -> Counter[str]:
    found: Counter[str] = Counter()
    for n in range(tries.number):
        try:
            chance = tries.random(n)
            life = await lived(template, chance, plans(chance))
        except Exception as error:
            raise AssertionError(f"history {n} of seed {tries.seed}: {error}") from error
        said = {kind for _, kind, *_ in life.heard}
        found.update({"restarts": life.restarts, "kills": life.kills, "announcements": life.heard.total()})
        found["on"] += "on" in said
        found["not"] += "on" not in said
    return found


@pytest.mark.parametrize("plans", [plan_of, trees.planned], ids=["a list", "a tree"])
@trials(50, full=10_000)
def test_it_is_on_exactly_if_the_rule_held_at_a_tally_once_and_for_good(
    tries: Trials, plans: Callable[[Random], Plan], record_property: Callable[[str, object], None]
) -> None:
    with empty_store() as template:
        found = asyncio.run(_live_all(tries, template, plans))
    record_property(
        "found",
        f"{found['on']} on, {found['not']} not, as the oracle says; {found['announcements']:,} announcements, none"
        f" missing or false, through {found['restarts']} restarts and {found['kills']} kills",
    )
    assert min(found["on"], found["not"], found["kills"], found["restarts"]) > tries.number / 10


# -- and it would be seen -------------------------------------------------------------------------------------


def sees(*, first: int = 60, plans: Callable[[Random], Plan] = plan_of) -> bool:
    """Say whether one of the first histories shows a fault."""
    with empty_store() as template:
        try:
            asyncio.run(_live_all(Trials(number=first, seed=1), template, plans))
        except AssertionError:
            return True
    return False


def test_a_tally_taken_whenever_somebody_looks_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = rules.latest_tally

    def whenever(walkout: Walkout, now: datetime) -> datetime | None:
        return now if walkout.next_tally and now < walkout.terms.pledge_by else real(walkout, now)

    monkeypatch.setattr(rules, "latest_tally", whenever)
    assert sees()


def test_a_tally_taken_again_when_the_clock_is_set_back_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = rules.latest_tally

    def again(walkout: Walkout, now: datetime) -> datetime | None:
        return real(replace(walkout, next_tally=min(now, walkout.next_tally)) if walkout.next_tally else walkout, now)

    monkeypatch.setattr(rules, "latest_tally", again)
    assert sees()


def test_a_walkout_that_is_on_and_then_not_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = rules._stays_on

    def goes_off(
        walkout: Walkout, places: Sequence[Unit], found: rules.Verdicts, *, too_late: bool, final: bool
    ) -> Ruling:
        ruling = real(walkout, places, found, too_late=too_late, final=final)
        stays = rules.enough(walkout, places, found)
        return ruling if stays else replace(ruling, walkout=replace(walkout, stage=Stage.OPEN))

    monkeypatch.setattr(rules, "_stays_on", goes_off)
    assert sees()


def test_an_areas_number_that_is_ignored_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = rules.verdicts

    def without(places: Sequence[Unit]) -> rules.Verdicts:
        return real([replace(each, threshold=0) if each.tier is Tier.AREA else each for each in places])

    monkeypatch.setattr(rules, "verdicts", without)
    assert sees(plans=trees.planned)


def test_news_that_is_said_although_it_is_not_so_any_more_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "may_be_said", lambda *_args, **_how: True)
    assert sees()


def test_a_verdict_that_is_not_said_at_the_deadline_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = rules._stays_on

    def says_nothing(
        walkout: Walkout, places: Sequence[Unit], found: rules.Verdicts, *, too_late: bool, **_final: bool
    ) -> Ruling:
        return real(walkout, places, found, too_late=too_late, final=False)

    monkeypatch.setattr(rules, "_stays_on", says_nothing)
    assert sees()


@pytest.mark.parametrize("kind", [Kind.TOMORROW, Kind.STARTS, Kind.AFTERWARDS])
def test_news_of_the_last_days_that_is_not_made_would_be_seen(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    real = rules._last_days

    def without(walkout: Walkout) -> dict[datetime, Kind]:
        return {due: each for due, each in real(walkout).items() if each is not kind}

    monkeypatch.setattr(rules, "_last_days", without)
    assert sees()
