"""The same update twice, or a redelivered tail, changes nothing.

Updates come as Telegram hands them out, through the real poller: each has a number; what was not confirmed when the bot
went down comes again in its order, all of it, as often as the bot goes down. While the bot runs it knows what it has
done by its number. A dict model, written from the design alone, says what each update does when it comes first.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.delivery.outbox import Letter
from bot.domain import rules
from bot.domain.model import Entry, Unit, UnitId, WalkoutId
from bot.runtime.app import App
from bot.secrets.card_codes import from_bytes, key_of
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, stewards
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.conversation.letter_buttons import buttons
from handlers.conversation.messages import carried
from handlers.platforms.seen_updates import SeenUpdates
from handlers.telegram.polling import Poller, RawUpdate
from handlers.texts.announcements import announcement
from handlers.texts.workers import console_can_see
from tests import stores
from tests.conftest import NOON, draft, fresh_folder
from tests.faults.trials import Trials, trials
from tests.stores import open_app

STEPS = 25
"""Of one run of the machine."""

PLATFORM = "telegram"
OLGA, OMAR = 901, 902
WORKERS = range(1, 9)
SECOND = timedelta(seconds=1)
HOURS = timedelta(hours=1)
PLEDGE_BY = NOON + 6 * HOURS
STARTS = NOON + 24 * HOURS

CARDS, OPEN, DRAFT = WalkoutId("aaaa1"), WalkoutId("bbbb2"), WalkoutId("cccc3")
FIVE = 5
CITYWIDE = 10
SHOPS = {
    CARDS: {1: ("Depot", 7), 2: ("School", 6)},
    OPEN: {1: ("Mill", 6), 2: ("Yard", 5)},
    DRAFT: {1: ("Quay", 8)},
}


def card(shop: int, number: int) -> str:
    return from_bytes(hashlib.sha256(f"{shop} {number}".encode()).digest())


DRAWN = [card(shop, number) for shop, (_name, people) in SHOPS[CARDS].items() for number in range(people)]
"""Every card there is; workers may share them."""

WRONG = card(99, 99)

STATE = ("walkout", "unit", "counted", "card", "room", "organizer", "steward", "proposal", "opinion")
"""Tables in which anything counts. Others hold what was said and done: the audit, announcements, parcels.

And codes for a role: whoever asks for one in another hour gets another, which acts only when they confirm who used it.
"""


# -- the model --------------------------------------------------------------------------------------------------


@dataclass
class Pledge:
    """A card that somebody has pledged."""

    owner: int
    walkout: WalkoutId
    shop: int
    state: str  #: pledged, withdrawn, out


@dataclass
class Action:
    """A walkout as the model knows it."""

    stage: str = "open"
    taken: datetime = NOON  #: the instant of its last tally
    out: set[int] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)


class Model:
    """What the design says: a dict of pledges, and two walkouts."""

    def __init__(self) -> None:
        self.pledges: dict[str, Pledge] = {}
        self.notices: set[str] = set()
        self.standing: dict[tuple[int, WalkoutId], str] = {}  #: account limits: forgotten when the bot goes down
        self.actions = {CARDS: Action(), OPEN: Action()}

    def count(self, walkout: WalkoutId, shop: int) -> int:
        return sum(
            (each.walkout, each.shop) == (walkout, shop) and each.state != "withdrawn" for each in self.pledges.values()
        )

    def tally(self, now: datetime) -> None:
        """Take the tallies that are due: the latest missed one."""
        for walkout, action in self.actions.items():
            due = min(NOON + (now - NOON) // HOURS * HOURS, PLEDGE_BY)
            if due <= action.taken or action.stage == "lapsed":
                continue
            action.taken = due
            counts = {shop: self.count(walkout, shop) for shop in SHOPS[walkout]}
            ready = {shop for shop, count in counts.items() if count >= FIVE}
            # it stands for its instant, but nothing turns on after the start
            too_late = now > STARTS and now - due > 60 * SECOND
            if action.stage == "on":
                joining = set() if too_late else ready - action.out
                action.out |= joining
                action.said["workplace_joins"] += len(joining)
            elif sum(counts[shop] for shop in ready) >= CITYWIDE and not too_late:
                action.stage, action.out = "on", ready
                action.said["on"] += 1
            elif due == PLEDGE_BY:
                action.stage = "lapsed"
                action.said["lapsed"] += 1

    def mine(self, who: int, code: str) -> Pledge | None:
        pledge = self.pledges.get(code)
        return pledge if pledge is not None and pledge.owner == who else None

    def pledge(self, who: int, code: str, walkout: WalkoutId, shop: int, now: datetime) -> str:
        """Pledge a card, or without one, and say what is answered."""
        if self.standing.get((who, walkout), code) != code:
            return "one_card_each"
        if self._closed(walkout, now):
            return "closed"
        pledge = self.pledges.get(code)
        if pledge is not None and pledge.owner != who:
            return "card_spent"
        if pledge is not None and pledge.state != "withdrawn":
            self.standing[who, walkout] = code
            return "already"
        if walkout == OPEN and self.count(walkout, shop) >= SHOPS[walkout][shop][1]:
            return "full"
        self.pledges[code] = Pledge(who, walkout, shop, "pledged")
        self.standing[who, walkout] = code
        return "pledged"

    def withdraw(self, who: int, code: str, walkout: WalkoutId, now: datetime) -> str:
        if self._closed(walkout, now):
            return "closed"
        pledge = self.mine(who, code)
        if pledge is None:
            return "not_pledged"
        pledge.state = "withdrawn"
        self.notices.discard(code)
        self.standing.pop((who, walkout), None)
        return "withdrawn"

    def be_told(self, who: int, code: str, *, told: bool) -> None:
        pledge = self.mine(who, code)
        if pledge is None:
            return
        if not told:
            self.notices -= {code} if pledge.state == "pledged" else set()
        elif pledge.state == "pledged" and self.actions[pledge.walkout].stage in {"open", "on"}:
            self.notices.add(code)

    def on_the_day(self, who: int, code: str, walkout: WalkoutId, now: datetime, *, out: bool) -> str:
        action, pledge = self.actions[walkout], self.mine(who, code)
        if walkout != CARDS or action.stage != "on" or not STARTS <= now < STARTS + 24 * HOURS:
            return "not_asked"
        if pledge is None or pledge.state == "withdrawn":
            return "not_pledged"
        if pledge.shop not in action.out:
            return "not_asked"
        pledge.state = "out" if out else "pledged"
        return "out" if out else "not_out"

    def _closed(self, walkout: WalkoutId, now: datetime) -> bool:
        return self.actions[walkout].stage == "lapsed" or now >= PLEDGE_BY

    def facts(self) -> object:
        """Return all that an update can change for good."""
        pledges = {code: (each.owner, each.shop, each.state) for code, each in self.pledges.items()}
        return (
            pledges,
            set(self.notices),
            {walkout: (each.stage, set(each.out)) for walkout, each in self.actions.items()},
        )


# -- the machine -----------------------------------------------------------------------------------------------


class SettableClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Ears:
    """Hears everything the bot says by itself, and sees the buttons of proposals."""

    def __init__(self) -> None:
        self.heard: Counter[tuple[str, str, str | None]] = Counter()
        self.proposals: list[str] = []

    async def send(self, letter: Letter) -> str:
        if not letter.private:
            self.heard[letter.address, str(letter.news.kind), letter.walkout.id if letter.walkout else None] += 1
        self.proposals += [button.data for button in buttons(letter) if button.data[:2] in {"a:", "r:"}]
        return announcement(letter)

    async def delete(self, what: str) -> None:
        raise NotImplementedError


async def _never(_offset: int | None, _wait: int) -> list[RawUpdate]:
    raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An update, and what was answered when it came first."""

    raw: RawUpdate
    kind: str


class Bot:
    """One run of the bot: its store, its conversation, its poller."""

    def __init__(self, folder: Path, clock: SettableClock, ears: Ears) -> None:
        self._folder, self._clock, self._ears = folder, clock, ears
        self._life = AsyncExitStack()
        self.replies: list[Reply] = []
        self.poller = Poller(_never, self._handle)

    async def start(self) -> None:
        opening = open_app(self._folder, clock=self._clock, senders={PLATFORM: self._ears})
        self.app: App = await self._life.enter_async_context(opening)
        self._conversation = Conversation(self.app, Ways(can_see=console_can_see, in_a_hurry=True))

    async def stop(self) -> None:
        await self._life.aclose()

    async def _handle(self, raw: RawUpdate) -> None:
        """Do as handlers/telegram/chat.py does."""
        pressed, written = raw.get("callback_query"), raw.get("message")
        body: Mapping[str, Any] = pressed or written or {}
        who = Person(PLATFORM, str(body["from"]["id"]))
        number = str(raw["update_id"])  # each has a message of its own here
        said = Said(who=who, text=body.get("text", ""), button=pressed and pressed["data"], number=number)
        if (reply := await self._conversation.answer(said)) is not None:
            self.replies.append(reply)

    async def rows(self, *tables: str) -> dict[str, object]:
        store: Any = self.app.store
        found = {table: await store._read(f"SELECT * FROM {table}") for table in tables}  # noqa: S608
        return {**found, "notice": await store._read("SELECT locator, platform FROM notice")}


ALL = (*STATE, "announcement", "parcel", "role_card", "deed", "member", "heard")


class Redeliveries(RuleBasedStateMachine):
    """Workers and organizers write; the bot goes down; what was not confirmed comes again."""

    template: Path
    counted: Counter[str]
    handles_twice = False  #: a planted fault: an update is not known again by its number

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(mkdtemp(prefix="allout-", dir=self.template.parent))
        stores.copy_folder(self.template, self.folder / "store")
        self.clock, self.ears, self.model = SettableClock(NOON), Ears(), Model()
        self.log: list[Sent] = []
        self.confirmed = 0
        self.bot = self._start()

    def teardown(self) -> None:
        if hasattr(self, "bot"):
            self._do(self.bot.stop())
            shutil.rmtree(self.folder)
            stores.let_go(self.folder)
            self.runner.close()

    def _do(self, what: Any) -> Any:
        return self.runner.run(what)

    def _start(self) -> Bot:
        bot = Bot(self.folder / "store", self.clock, self.ears)
        self._do(bot.start())
        return bot

    # -- first

    def _send(self, who: int, *, text: str | None = None, data: str | None = None) -> Reply:
        """Let something arrive for the first time."""
        self.clock.now += 2 * SECOND
        body = {"from": {"id": who}, "data": data} if data is not None else {"from": {"id": who}, "text": text}
        raw = {"update_id": len(self.log) + 1, ("callback_query" if data is not None else "message"): body}
        self._do(self.bot.poller.take(raw))
        reply = self.bot.replies[-1]
        self.log.append(Sent(raw=raw, kind=reply.kind))
        self.counted["updates"] += 1
        return reply

    def _own(self, who: int) -> str:
        return self.bot.app.keys.open_code(OPEN, Person(PLATFORM, str(who)))

    def _walkout(self, who: int, code: str) -> WalkoutId:
        return OPEN if code == self._own(who) else CARDS

    def _act(self, who: int, letter: str, code: str) -> str | None:
        """Let the model do it; return the answer if it is certain."""
        now, model = self.clock.now, self.model
        walkout = self._walkout(who, code)
        if code not in DRAWN and code not in model.pledges:
            return "unknown_card"
        if letter in {"p", "w"} and model.standing.get((who, walkout), code) == code:
            model.tally(now)
        match letter:
            case "p":
                shop = model.pledges[code].shop if code in model.pledges else DRAWN.index(code) // 7 + 1
                return model.pledge(who, code, walkout, shop, now)
            case "w":
                model.tally(now)
                return model.withdraw(who, code, walkout, now)
            case "o:yes":
                model.be_told(who, code, told=True)
            case "q":
                model.be_told(who, code, told=False)
            case "u" | "v":
                model.tally(now)
                return model.on_the_day(who, code, walkout, now, out=letter == "u")
        return None

    def _press(self, who: int, letter: str, code: str) -> None:
        card = carried(code, self._walkout(who, code))
        data = f"o:{card}:yes" if letter == "o:yes" else f"{letter}:{card}"
        reply = self._send(who, data=data)
        wanted = self._act(who, letter, code)
        assert wanted in {None, reply.kind}, (data, reply, wanted)

    who = st.sampled_from(WORKERS)

    @rule(
        who=who, letter=st.sampled_from(["p", "p", "w", "o:yes", "q", "c", "o", "u", "v"]), code=st.sampled_from(DRAWN)
    )
    def presses_any_card(self, who: int, letter: str, code: str) -> None:
        self._press(who, letter, code)

    @rule(who=who, letter=st.sampled_from("pwquv"), code=st.sampled_from(DRAWN), of=st.sampled_from(["", f".{OPEN}"]))
    def presses_on_an_old_message(self, who: int, letter: str, code: str, of: str) -> None:
        """Press what names no walkout, or another's: it changes nothing."""
        self._send(who, data=f"{letter}:{code}{of}")

    @rule(who=who, letter=st.sampled_from(["p", "p", "w", "w", "o:yes", "q", "u", "v"]))
    def presses_their_own_card(self, who: int, letter: str) -> None:
        self._press(who, letter, DRAWN[who - 1])

    @precondition(lambda self: bool(self.model.pledges))
    @rule(which=st.integers(0, 40), letter=st.sampled_from(["w", "w", "w", "p", "p", "o:yes", "o:yes", "q", "u", "v"]))
    def presses_under_a_pledge(self, which: int, letter: str) -> None:
        """Press under a pledge, with a card or without, that stands or was taken back."""
        code, pledge = list(self.model.pledges.items())[which % len(self.model.pledges)]
        self._press(pledge.owner, letter, code)

    @precondition(lambda self: bool(self.model.pledges))
    @rule(which=st.integers(0, 40), letters=st.sampled_from(["p", "w", "wp", "pw", "wpw", "pwp"]))
    def changes_their_mind(self, which: int, letters: str) -> None:
        code, pledge = list(self.model.pledges.items())[which % len(self.model.pledges)]
        for letter in letters:
            self._press(pledge.owner, letter, code)

    @rule(who=who, shop=st.sampled_from([1, 2]))
    def enrols(self, who: int, shop: int) -> None:
        self._enrol(who, shop)

    def _enrol(self, who: int, shop: int) -> None:
        reply = self._send(who, data=f"j:{OPEN}:{shop}")
        code = self._own(who)
        if self.model.standing.get((who, OPEN), code) == code:
            self.model.tally(self.clock.now)
        wanted = self.model.pledge(who, code, OPEN, shop, self.clock.now)
        assert wanted == reply.kind

    @rule(shop=st.sampled_from([1, 2]), walkout=st.sampled_from([CARDS, OPEN]))
    def many_pledge(self, shop: int, walkout: WalkoutId) -> None:
        """Let enough of them pledge that a threshold is near."""
        for who in range(1, 6):
            if walkout == OPEN:
                self._enrol(who if shop == 1 else 9 - who, shop)
            else:
                self._press(who if shop == 1 else 9 - who, "p", card(shop, who))

    @rule(who=who, code=st.sampled_from([*DRAWN, WRONG, "ABC"]), name=st.sampled_from(["/start ", "/status ", ""]))
    def writes(self, who: int, code: str, name: str) -> None:
        self._send(who, text=f"{name}{code}")

    @rule(who=who, code=st.sampled_from(DRAWN))
    def writes_withdraw(self, who: int, code: str) -> None:
        reply = self._send(who, text=f"/withdraw {code}")
        assert self._act(who, "w", code) == reply.kind

    @rule(
        who=st.sampled_from([OLGA, OMAR]),
        text=st.sampled_from(
            [
                f"/open {DRAFT}",
                f"/calloff {DRAFT}",
                f"/room {DRAFT} citywide #x",
                "/room off #x",
                f"/room {DRAFT} Quay #x",
                f"/cards {DRAFT} void Quay",
                f"/cards {DRAFT} Quay 2",
                f"/drawn {DRAFT} Quay 3",
                f"/appoint {DRAFT} steward Quay Stella",
                f"/board {DRAFT}",
            ]
        ),
    )
    def organizes(self, who: int, text: str) -> None:
        asked = self._send(who, text=text)
        if asked.kind == "sure":
            self._send(who, data=asked.buttons[0].data)
        self._run_due()

    @precondition(lambda self: bool(self.ears.proposals))
    @rule(who=st.sampled_from([OLGA, OMAR]), which=st.integers(0, 5))
    def decides(self, who: int, which: int) -> None:
        self._send(who, data=self.ears.proposals[-1 - which % len(self.ears.proposals)])
        self._run_due()

    # -- time

    @rule(step=st.sampled_from([10 * SECOND, 1500 * SECOND, HOURS]), look=st.booleans(), confirm=st.booleans())
    def time_passes(self, step: timedelta, *, look: bool, confirm: bool) -> None:
        self.clock.now += step
        if look:
            self._run_due()
        if confirm:
            self.confirmed = len(self.log)

    @precondition(lambda self: self.model.actions[CARDS].stage == "on" and self.clock.now < STARTS)
    @rule()
    def the_day_comes(self) -> None:
        self.clock.now = STARTS + HOURS
        self._run_due()

    def _run_due(self) -> None:
        self._do(self.bot.app.scheduler.run_due())
        self.model.tally(self.clock.now)
        for walkout, action in self.model.actions.items():
            for kind in ("on", "lapsed", "workplace_joins"):  # each made, and heard, once
                assert self.ears.heard[f"#{walkout}", kind, walkout] == action.said[kind]

    # -- again

    @precondition(lambda self: bool(self.log))
    @rule(back=st.integers(0, 8))
    def comes_again_while_the_bot_runs(self, back: int) -> None:
        """Any update may: the bot knows it by its number."""
        known = [sent for sent in self.log if sent.raw["update_id"] in self.bot.poller._done]
        if not known:
            return
        sent = known[-1 - back % len(known)]
        before = self._do(self.bot.rows(*ALL))
        if self.handles_twice:
            self.bot.poller._done = SeenUpdates()
        self._do(self.bot.poller.take(sent.raw))
        assert self._do(self.bot.rows(*ALL)) == before
        self.counted["again"] += 1

    @rule(cuts=st.lists(st.integers(0, 30), max_size=2), down=st.sampled_from([0, 0, 0, 1, 6]), late=st.booleans())
    def goes_down_and_the_tail_comes_again(self, cuts: list[int], down: int, late: bool) -> None:  # noqa: FBT001
        """Redeliver all that was not confirmed, perhaps cut off once or twice by going down again."""
        self._run_due()
        tail = self.log[self.confirmed :]
        self.clock.now = self.clock.now + down * HOURS
        if not late:
            self._run_due()
        facts = self.model.facts() if not late else None
        tables = ALL if len(tail) == 1 and not down else STATE
        before = None if late else self._do(self.bot.rows(*tables))
        refused = {sent.kind for sent in tail} & {"one_card_each", "full", "card_spent", "closed", "not_pledged"}
        for cut in (*(cut % (len(tail) + 1) for cut in cuts), len(tail)):
            self._do(self.bot.stop())
            self.bot = self._start()
            self.model.standing.clear()
            for sent in tail[:cut]:
                self._again(sent)
        self._run_due()
        self.counted["tails"] += bool(tail)
        self.counted["again"] += len(tail)
        if late or self.model.facts() != facts:
            # what was refused may be possible now: the limits have forgotten, or a place is free
            assert late or refused or self._was_not_told(tail)
            return
        assert self._do(self.bot.rows(*tables)) == before

    def _was_not_told(self, tail: list[Sent]) -> bool:
        return any(str(sent.raw.get("callback_query", {}).get("data", "")).endswith(":yes") for sent in tail)

    def _again(self, sent: Sent) -> None:
        self._do(self.bot.poller.take(sent.raw))
        pressed = sent.raw.get("callback_query")
        if pressed is None:
            text = sent.raw["message"]["text"]
            if text.startswith("/withdraw"):
                self._act(sent.raw["message"]["from"]["id"], "w", text.split()[1])
            return
        who, data = pressed["from"]["id"], pressed["data"]
        letter, _, rest = data.partition(":")
        if letter == "j":
            self._enrolled(who, int(rest.rpartition(":")[2]))
        elif letter in {"p", "w", "o", "q", "u", "v"}:
            code, _, of = rest.removesuffix(":yes").partition(".")
            if of == self._walkout(who, code):
                self._act(who, "o:yes" if data.endswith(":yes") else letter, code)

    def _enrolled(self, who: int, shop: int) -> None:
        code = self._own(who)
        if self.model.standing.get((who, OPEN), code) == code:
            self.model.tally(self.clock.now)
        self.model.pledge(who, code, OPEN, shop, self.clock.now)

    # -- what is true

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        if not hasattr(self, "bot"):
            return
        self.counted["steps"] += 1
        keys = self.bot.app.keys
        walkouts = {each.id: each for each in self._do(self.bot.app.store.walkouts())}
        for walkout, action in self.model.actions.items():
            places = self._do(self.bot.app.store.units(walkout))
            assert {place.id: place.standing for place in places} == {
                shop: self.model.count(walkout, shop) for shop in SHOPS[walkout]
            }
            due = walkouts[walkout].next_tally
            if due is None or due > self.clock.now:
                assert walkouts[walkout].stage == action.stage
                assert {place.id for place in places if place.out} == action.out
        kept = {row[0] for row in self._do(self.bot.rows())["notice"]}
        bearers = {
            code: keys.bearer(code, Person(PLATFORM, str(pledge.owner))) for code, pledge in self.model.pledges.items()
        }
        assert kept == {bearers[code].notice(self.model.pledges[code].walkout) for code in self.model.notices}
        owners = {bytes(row[0]): bytes(row[-1]) for row in self._do(self.bot.rows("card"))["card"]}
        states = {bytes(row[0]): row[-1] for row in self._do(self.bot.rows("pledge"))["pledge"]}
        for code, pledge in self.model.pledges.items():
            card, pledged = bearers[code].keys[pledge.walkout]
            assert (states[pledged], owners[card]) == (pledge.state[0], bearers[code].owner(pledge.walkout))


# -- trials -----------------------------------------------------------------------------------------------------


async def _prepared(folder: Path) -> None:
    async with open_app(folder, clock=SettableClock(NOON), senders={}) as app:
        for walkout, shops in SHOPS.items():
            made = draft(
                walkout,
                pledge_by=PLEDGE_BY,
                starts=STARTS,
                citywide_threshold=CITYWIDE if walkout != DRAFT else FIVE,
                entry=Entry.OPEN if walkout == OPEN else Entry.CARDS,
                turnout=walkout == CARDS,
            )
            places = [
                Unit(id=UnitId(shop), name=name, headcount=people, threshold=FIVE)
                for shop, (name, people) in shops.items()
            ]
            app.keys.add_walkout(walkout)
            await app.store.add_walkout(made, places)
            room = Room(walkout=walkout, scope=None, way=PLATFORM, address=f"#{walkout}")
            await organizers.bind_room(room, app.store)
        for shop, (_name, people) in SHOPS[CARDS].items():
            hashes = [key_of(card(shop, number)) for number in range(people)]
            await stewards.mint(CARDS, {UnitId(shop): hashes}, app.store, app.keys)
        for who in (OLGA, OMAR):
            await organizers.add(Person(PLATFORM, str(who)), str(who), app.store, app.keys)
        for walkout in (CARDS, OPEN):
            await app.store.decide(walkout, partial(rules.open_up, now=NOON))


@contextmanager
def machine() -> Iterator[type[Redeliveries]]:
    """Make the machine, with a store to begin with."""
    with fresh_folder() as folder:
        asyncio.run(_prepared(folder / "template"))
        yield type("Machine", (Redeliveries,), {"template": folder / "template", "counted": Counter()})


def ran(kind: type[Redeliveries], tries: Trials) -> None:
    """Let it run for so many steps. What fails is not made smaller: that takes minutes; add Phase.shrink for it."""
    runs = settings(
        max_examples=max(1, tries.number // (STEPS - 5)),
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(tries.seed)(kind), settings=runs)


@trials(500, full=10_000)
def test_the_same_update_twice_or_a_redelivered_tail_changes_nothing(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    with machine() as kind:
        ran(kind, tries)
        counted = kind.counted
    record_property(
        "found",
        f"{counted['steps']:,} steps, {counted['updates']:,} updates, {counted['again']:,} of them again, in "
        f"{counted['tails']:,} tails and alone: nothing changed",
    )
    assert counted["again"] > tries.number / 10


@contextmanager
def begun() -> Iterator[Redeliveries]:
    """Begin a run of the machine, to be led by hand."""
    with machine() as kind:
        run = kind()
        run.begin()
        try:
            yield run
        finally:
            run.teardown()


def test_a_press_that_is_not_known_again_would_be_seen() -> None:
    with begun() as run:
        for letter in "pw":
            run._press(1, letter, DRAWN[0])
        run.comes_again_while_the_bot_runs(back=1)
        run.handles_twice = True
        with pytest.raises(AssertionError):
            run.comes_again_while_the_bot_runs(back=1)


def test_a_tail_that_comes_in_another_order_would_be_seen() -> None:
    with begun() as run:
        for letter in "pw":
            run._press(1, letter, DRAWN[0])
        run.goes_down_and_the_tail_comes_again(cuts=[1], down=0, late=False)
        run.log.reverse()
        with pytest.raises(AssertionError):
            run.goes_down_and_the_tail_comes_again(cuts=[], down=0, late=False)


def test_a_proposal_taken_back_does_not_return_with_a_redelivered_tail() -> None:
    with begun() as run:
        run.organizes(OLGA, f"/open {DRAFT}")
        run._send(OLGA, data=run.ears.proposals[-1].replace("a:", "r:"))
        run.goes_down_and_the_tail_comes_again(cuts=[1], down=0, late=False)


def test_a_pledge_that_counts_twice_would_be_seen() -> None:
    """Plant a second count behind the store's back."""
    with begun() as run:
        run._press(1, "p", DRAWN[0])
        run.the_store_says_what_the_model_says()
        run._do(run.bot.app.store._change("UPDATE counted SET standing = standing + 1 WHERE standing > 1 << 40"))  # type: ignore[attr-defined]
        with pytest.raises(AssertionError):
            run.the_store_says_what_the_model_says()
