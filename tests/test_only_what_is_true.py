"""No sentence and no button that a worker gets asserts what is not so, there and then.

Walkouts are played from the draft to their end. At each moment everybody opens their card, reads, and presses whatever
can be pressed, in every language and whatever a platform is like; what the answers assert is compared with what is so.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial, reduce
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bot.domain import rules
from bot.domain.errors import UnknownCard
from bot.domain.model import ROOT, CardState, Entry, Question, StepKind, Tier, Unit, UnitId
from bot.domain.pledging import Act
from bot.domain.roles import Matter
from bot.domain.situation import Asserts, Day, Situation, Verdict, situation
from bot.domain.tree import Tree, workplace_on
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.storage.store import Room
from bot.usecases import organizers, paper_cards, proposals, stewards
from bot.usecases.context import RequestContext
from handlers.conversation import Conversation, Reply, Said, Ways
from handlers.conversation import workers as conversation
from handlers.texts import announcements, discord, keys, notices, refusals, telegram, workers
from handlers.texts.announcements import announcement
from handlers.texts.asserted import asserts, listening
from handlers.texts.catalogue import speaking
from tests.conftest import HOUR, NOON, PLEDGE_BY, WALKOUT, draft, opened
from tests.fixed import WORDED
from tests.stores import open_app
from tests.test_outbox import Post

pytestmark = pytest.mark.usefixtures("no_thread")

STARTS = PLEDGE_BY + timedelta(days=4)
MINUTE = timedelta(minutes=1)

WAYS = (
    Ways(can_see=telegram.can_see, can_clear=telegram.can_clear, in_a_hurry=True),
    Ways(can_see=discord.can_see, can_reach=discord.can_reach, typed=False, in_a_hurry=True),
)

LIST = tuple(
    Unit(id=UnitId(number), name=name, headcount=400, threshold=5, meet="from the gate")
    for number, name in enumerate(("Hall", "Depot", "Mill"), start=1)
)


def tree() -> tuple[Unit, ...]:
    """Put the three into the North, which reaches its number; and into the South, which does not, a fourth that does.

    The Works is of three departments, of which one must reach its number, and does.
    """

    def unit(number: int, name: str, parent: int, **changes: Any) -> Unit:
        fields = {"headcount": 400, "threshold": 5, "parent": UnitId(parent), **changes}
        return Unit(id=UnitId(number), name=name, **fields)

    area, department = {"tier": Tier.AREA, "headcount": 1200}, {"tier": Tier.DEPARTMENT}
    return (
        unit(1, "North", ROOT, **area, threshold=6, meet="from the gate"),
        unit(2, "South", ROOT, **area, threshold=50),
        *(unit(number, name, 1) for number, name in enumerate(("Hall", "Depot", "Mill"), start=3)),
        unit(6, "Works", 2, headcount=1200, minimum=1, meet="from the gate"),
        *(unit(number, name, 6, **department) for number, name in enumerate(("Days", "Nights", "Swing"), start=7)),
    )


TREE = tree()

LOOKS = ("R", "c", "Q", "o")
"""Buttons that show something and change nothing."""

CHANGES = {
    CardState.PLEDGED: ("p", "o+", "o", "c", "R", "q", "q", "w", "c", "w", "R", "p"),
    CardState.OUT: ("v", "v", "c", "w", "u", "u", "p", "R"),
    CardState.WITHDRAWN: ("w", "o+", "p", "w"),
    CardState.RECALLED: ("p", "w", "o+", "q"),
    None: ("w", "u", "q", "p", "R", "p", "w", "R"),
}
"""What each reader presses, whatever is offered: what changes something last, so that it is as before afterwards."""


@dataclass(kw_only=True)
class Town:
    """Three workplaces: the Hall reaches its number, the Depot does not, the Mill's cards are recalled."""

    units: Sequence[Unit]
    post: Post
    app: App
    clock: MovableClock
    cards: dict[UnitId, list[str]]
    readers: dict[str, tuple[str, UnitId]] = field(default_factory=dict)  #: the card of each, and where
    met: set[tuple[Verdict, Day, CardState | None]] = field(default_factory=set)
    said: int = 0
    lies: list[str] = field(default_factory=list)
    claimed: set[str] = field(default_factory=set)  #: what was said of units by their names
    read: dict[str, set[str]] = field(default_factory=dict)  #: all of it, with its buttons, by language
    number: int = 0

    def at(self, name: str) -> UnitId:
        """Say where something is."""
        return next(unit.id for unit in self.units if unit.name == name)

    async def join(self, name: str, place: UnitId, *, told: bool = False, taken_back: bool = False) -> None:
        """Let somebody pledge, with a card where there are cards."""
        worker = self.app.worker(Person("here", name))
        if self.cards:
            code = self.cards[place].pop()
            await worker.pledge(code)
        else:
            code = worker.open_code(WALKOUT)
            await worker.enrol(WALKOUT, place)
        self.readers[name] = code, place
        if told:
            assert (await worker.ask_to_be_told(code, "en")).told
        if taken_back:
            await worker.withdraw(code)

    async def truth(self, name: str, code: str) -> Situation | None:
        """Say where somebody stands; None: the card is nobody's any more."""
        app, worker = self.app, self.app.worker(Person("here", name))
        try:
            seen = await app.store.apply(worker._change(Act.LOOK, code))
        except UnknownCard:
            return None
        walkout, place = await app.store.look_up(seen.walkout, seen.unit)
        told = await app.store.has_notice(app.keys.bearer(code, worker.who).notice(walkout.id))
        return situation(walkout, place, seen.mine, self.clock(), told=told)

    async def hear(self, name: str, code: str, said: Said, ways: Ways) -> None:
        """Compare one answer with what is so once it is given."""
        with listening() as heard:
            reply = await Conversation(self.app, ways).answer(said)
        if reply is None:  # who tries many cards of a walkout that is closed
            return
        stands = await self.truth(name, code)
        so = stands.facts() if stands else frozenset()
        if stands:
            self.met.add((stands.verdict, stands.day, stands.mine))
        self.said += 1
        self.read.setdefault(said.language or "", set()).add(as_shown(reply))
        worded = in_words(reply, said.language or "")
        for lie in sorted((heard | worded) - so):
            self.lies.append(f"{self.clock()} {name} {said.button or said.text}: {lie!r} of {stands}\n{reply.text}")
        if stands and stands.day is Day.BEFORE and OUT_ALREADY.search(reply.text):
            self.lies.append(f"{self.clock()} {name}: out before the day\n{reply.text}")
        if said.language == "en":
            await self.judge(name, reply.text)

    async def judge(self, name: str, text: str) -> None:
        """Compare what is said of units by their names with what they have come to."""
        units = await self.app.store.units(WALKOUT)
        for claim, is_so in claims(text, units):
            self.claimed.add(claim)
            if not is_so:
                self.lies.append(f"{self.clock()} {name}: {claim}\n{text}")

    async def overhear(self) -> None:
        """Let every room, steward and worker hear what is said by itself, and compare that."""
        await self.app.outboxes["here"].deliver()
        for letter in self.post.letters:
            self.said += 1
            await self.judge(letter.address, announcement(letter))
            for language in WORDED:
                with speaking(language):
                    self.read.setdefault(language, set()).add(announcement(letter))
        self.post.letters.clear()

    async def look_around(self, *, changing: bool = True) -> None:
        """Let everybody read and press everything, in every language and way."""
        for language, ways in product(WORDED, WAYS):
            self.number += 1
            fresh = {
                f"fresh{self.number}{place}": (self.cards[place].pop(), place)
                for place in map(self.at, FRESH)
                if place in self.cards
            }
            strangers = {
                f"stranger{self.number} of {name}": at for name, at in self.readers.items() if "told" not in name
            }
            for name, (code, _place) in {**self.readers, **fresh, **strangers}.items():
                stands = await self.truth(name, code)
                mine = stands.mine if stands else None
                presses = [f"{letter}:{code}.{WALKOUT}" for letter in LOOKS]
                if changing:
                    acts = CHANGES[None if mine is CardState.MINTED else mine]
                    if mine is None and not name.startswith("fresh"):
                        acts = ("w", "u", "q", "p")
                    if name.startswith("told"):
                        acts = (*acts, "o+")
                    card = f"{code}.{WALKOUT}"
                    presses += [f"o:{card}:yes" if act == "o+" else f"{act}:{card}" for act in acts]
                who = Person("here", name)
                for text in (code, f"/status {code}"):
                    await self.hear(name, code, Said(who=who, text=text, language=language), ways)
                for press in presses:
                    await self.hear(name, code, Said(who=who, button=press, language=language), ways)

    async def go_to(self, instant: datetime, *, counted: bool = True) -> None:
        """Let time pass; without `counted`, nobody takes the tallies that are due."""
        self.clock.move_to(instant)
        if counted:
            await self.app.tallies.take_due()
            await self.app.scheduler.run_due()
            await self.overhear()


FRESH = ("Hall", "Depot")
"""Where people come who have not pledged yet."""

NAMES = "|".join(unit.name for unit in TREE)
CLAIMS: tuple[tuple[str, Callable[[Unit, Facts], bool]], ...] = (
    (rf"({NAMES}) (?:has reached|reached) its number", lambda unit, so: unit.id in so.ready),
    (rf"({NAMES}) (?:has not reached|did not reach) its number", lambda unit, so: unit.id not in so.ready),
    (rf"unless ({NAMES}) reaches its number", lambda unit, so: unit.id not in so.ready),
    (rf"({NAMES}) does not walk out(?: on [^.]+)? unless it reaches", lambda unit, so: unit.id not in so.ready),
    (rf"({NAMES}) (?:joins|walks out(?! only if)|WALKS OUT)\b", lambda unit, _so: unit.out),
    (rf"({NAMES}) does (?:not|NOT) walk out", lambda unit, _so: not unit.out),
    (rf"({NAMES}) (?:takes part(?! only if)|TAKES PART)\b", lambda unit, _so: unit.out),
    (rf"({NAMES}) does (?:not|NOT) take part", lambda unit, _so: not unit.out),
    (r"[Ee]very workplace that has reached its number (?:walks out|takes part)", lambda _unit, so: so.own_is_enough),
    (r"workplaces? (?:does|do) not, unless (?:it reaches|they reach)", lambda _unit, so: so.own_is_enough),
    (r"fewer than its number stand now", lambda _unit, _so: False),  # nobody takes a pledge back for good
)
"""What is said of a unit by its name, or of all workplaces, and whether that is so."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What units have come to by what stands."""

    ready: AbstractSet[UnitId]
    own_is_enough: bool  #: whatever has reached its own number walks out


def claims(text: str, units: Sequence[Unit]) -> Iterator[tuple[str, bool]]:
    """Find what is said of units, and say whether it is so."""
    ready, by_name = rules.verdicts(units).ready, {unit.name: unit for unit in units}
    is_enough = all(unit.out for unit in units if unit.tier is Tier.WORKPLACE and unit.id in ready)
    for pattern, is_so in CLAIMS:
        for found in re.finditer(pattern, text):
            unit = by_name.get(found[1] if found.re.groups else "", units[0])
            yield found[0], is_so(unit, Facts(ready=ready, own_is_enough=is_enough))


OUT_ALREADY = re.compile(rf"({NAMES}|[Ww]orkplace|[Ww]e|city) (is|are|goes) out")

WORDS: dict[str, dict[str, Asserts]] = {
    "en": {
        r"\bWALKS OUT\b": Asserts.WALKS_OUT,
        r"\bTAKES PART\b": Asserts.TAKES_PART,
        r"does NOT (walk out|take part)": Asserts.DOES_NOT,
        r"Nobody (walks out|takes part)\b|nobody (walks out|takes part)\.": Asserts.NOBODY,
        r"The survey is over": Asserts.ENDED,
        r"Nothing is decided yet": Asserts.UNDECIDED,
        r"The deadline (has passed|was)": Asserts.DEADLINE_PAST,
        r"(?i)your pledge stands": Asserts.STANDS,
        r"I write yes or no|I will write to you here": Asserts.WILL_HEAR,
        r"\[Withdraw\]": Asserts.CAN_TAKE_BACK,
        r"\[(Pledge|Take part)\]|Will you join|can (pledge|take part) again": Asserts.CAN_PLEDGE,
        r"\[I'm (out|taking part)\]": Asserts.CAN_SAY_OUT,
        r"\[Tell me": Asserts.CAN_ASK,
    },
    "es": {
        r"\bSALE AL PARO\b": Asserts.WALKS_OUT,
        r"\bPARTICIPA\b": Asserts.TAKES_PART,
        r"NO (sale al paro|participa)": Asserts.DOES_NOT,
        r"[Nn]adie (sale al paro|participa)\.": Asserts.NOBODY,
        r"La encuesta terminó": Asserts.ENDED,
        r"Todavía no hay nada decidido": Asserts.UNDECIDED,
        r"El plazo (pasó|era)": Asserts.DEADLINE_PAST,
        r"(?i)tu compromiso cuenta": Asserts.STANDS,
        r"Te escribo aquí el sí o el no": Asserts.WILL_HEAR,
        r"\[Retirar\]": Asserts.CAN_TAKE_BACK,
        r"\[(Comprometerme|Participar)\]|¿Te unes|Puedes (comprometerte|participar) otra vez": Asserts.CAN_PLEDGE,
        r"\[(Salí al paro|Participo)\]": Asserts.CAN_SAY_OUT,
        r"\[Avísame": Asserts.CAN_ASK,
    },
}
"""A few sentences whose words alone say what they assert, whatever they are marked with."""


def in_words(reply: Reply, language: str) -> set[Asserts]:
    """Read an answer as people do, with its buttons in brackets."""
    return {what for words, what in WORDS[language].items() if re.search(words, as_shown(reply))}


def as_shown(reply: Reply) -> str:
    """Write an answer with its buttons in brackets."""
    return reply.text + "".join(f"\n[{button.label}]" for button in reply.buttons)


OF_A_WALKOUT = {
    "en": re.compile(
        r"\bwalk(s|ed|ing)?[ -]?outs?\b|\bstays? at work|\bI'm (not )?out\b|\bwork as usual until", re.IGNORECASE
    ),
    "es": re.compile(r"\bparos?\b|\bhuelgas?\b|\bno salen?\b|\bsal[íi]\b|\bhasta entonces, trabaja", re.IGNORECASE),
}
"""What nobody may read who has pledged to something at work, or takes part in a survey."""


def in_general(language: str) -> Iterator[str]:
    """Yield what speaks of no step: of a card that is nobody's, and to organizers of copies of keys."""
    with speaking(language):
        yield refusals.refusal(UnknownCard())[1]
        yield keys.destroy_copies()


@asynccontextmanager
async def town(data: Path, *, opens: bool = True, units: Sequence[Unit] = LIST, **terms: Any) -> AsyncIterator[Town]:
    """Found a town whose walkout needs the Hall alone, or a draft of it."""
    given: dict[str, Any] = {
        "starts": STARTS,
        "ends": STARTS + 6 * HOUR,
        "turnout": True,
        "citywide_threshold": 6,
        **terms,
    }
    clock, post = MovableClock(NOON), Post()
    async with open_app(data, clock=clock, senders={"here": post}) as app:
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(**given) if opens else draft(**given), units)
        for scope in (None, *(unit.id for unit in units)) if units is TREE else ():
            await app.store.bind_room(Room(walkout=WALKOUT, scope=scope, way="here", address=f"#{scope}"))
        with_cards = Tree(units).leaves() if given.get("entry") is not Entry.OPEN else ()
        cards = {place.id: [mint() for _ in range(100)] for place in with_cards}
        hashes = {place: [key_of(code) for code in codes] for place, codes in cards.items()}
        await stewards.mint(WALKOUT, hashes, app.store, app.keys)
        yield Town(app=app, clock=clock, cards=cards, units=units, post=post)


async def settle(here: Town, *, hall: int = 7) -> None:
    """Let people pledge at the Hall, enough or not; at the Depot too few; at the Mill for nothing."""
    for number in range(hall - 2):
        await here.join(f"crowd{number}", here.at("Hall"))
    waiting = [("Days", "works")] if here.units is TREE else []
    for number in range(5 if waiting else 0):
        await here.join(f"waiting{number}", here.at("Days"))
    here.readers.clear()
    for name, where in [("Hall", "hall"), ("Depot", "depot"), *waiting]:
        place = here.at(name)
        await here.join(f"pledged {where}", place)
        await here.join(f"told {where}", place, told=True)
        await here.join(f"back {where}", place, taken_back=True)
    if not here.cards:
        return
    await here.join("recalled mill", here.at("Mill"), told=True)
    people = [Person("here", name) for name in ("olga", "omar")]
    desks = [RequestContext(who=who, store=here.app.store, keys=here.app.keys, clock=here.clock) for who in people]
    for who in people:
        await organizers.add(who, who.account, here.app.store, here.app.keys)
    proposed = await paper_cards.end(desks[0], Matter.RECALL, *await here.app.store.look_up(WALKOUT, here.at("Mill")))
    await proposals.opine(desks[1], proposed.proposal.id, approves=True)


async def call_off(here: Town) -> None:
    await here.app.store.decide(WALKOUT, partial(rules.call_off, now=here.clock()))


async def play_on(here: Town) -> None:
    await settle(here)
    await here.look_around()
    await here.go_to(NOON + HOUR)
    await here.look_around()
    await here.go_to(PLEDGE_BY, counted=False)
    await here.look_around(changing=False)
    await here.go_to(PLEDGE_BY + MINUTE)
    await here.look_around()
    await here.go_to(STARTS + MINUTE)
    for name in ("pledged hall", "told hall"):
        code, _place = here.readers[name]
        await here.hear(
            name, code, Said(who=Person("here", name), button=f"u:{code}.{WALKOUT}", language="en"), WAYS[0]
        )
    await here.look_around()
    await here.go_to(STARTS + 7 * HOUR)
    await here.look_around()
    await here.go_to(STARTS + timedelta(days=1, minutes=1))
    await here.look_around()
    await here.go_to(STARTS + timedelta(days=7, minutes=1))
    await here.look_around()


async def play_lapsed(here: Town) -> None:
    await settle(here, hall=4)
    await here.go_to(NOON + HOUR)
    await here.look_around()
    await here.go_to(PLEDGE_BY, counted=False)
    await here.look_around(changing=False)
    await here.go_to(PLEDGE_BY + MINUTE)
    await here.look_around()
    await here.go_to(here.clock() + HOUR + MINUTE)  # the day itself
    await here.look_around()
    await here.go_to(here.clock() + timedelta(hours=30))
    await here.look_around()


async def play_survey(here: Town) -> None:
    await settle(here)
    await here.look_around()
    await here.go_to(NOON + HOUR)
    await here.look_around()
    await here.go_to(PLEDGE_BY, counted=False)
    await here.look_around(changing=False)
    await here.go_to(PLEDGE_BY + MINUTE)
    await here.look_around()
    await here.go_to(PLEDGE_BY + timedelta(hours=49))
    await here.look_around()


async def play_missed(here: Town) -> None:
    await settle(here)
    starts = (await here.app.store.walkout(WALKOUT)).terms.starts
    await here.go_to(starts + MINUTE, counted=False)
    await here.look_around(changing=False)
    await here.go_to(starts + 2 * MINUTE)
    await here.look_around()


async def play_called_off(here: Town) -> None:
    await settle(here)
    await call_off(here)
    await here.look_around()


async def play_called_off_when_on(here: Town) -> None:
    await settle(here)
    await here.go_to(NOON + HOUR)
    await here.go_to(PLEDGE_BY)
    await here.go_to(STARTS + MINUTE)
    await call_off(here)
    await here.look_around()
    await here.go_to(STARTS + 7 * HOUR)
    await here.look_around()


OVER_A_TREE: Mapping[str, Any] = {"units": TREE, "levels": ("side",)}
WAITING = {
    "unless South reaches its number",
    "South has not reached its number",
    "South did not reach its number",
    "Works has reached its number",
    "Days has reached its number",
    "Works does not walk out",
    "Works does NOT walk out",
    "South does NOT walk out",
    "Hall walks out",
    "Hall WALKS OUT",
    "Depot did not reach its number",
}
"""What is said, among other things, where a workplace waits for its area."""

ACTION: Mapping[str, Any] = {"kind": StepKind.ACTION, "campaign": "Buses for all"}
SURVEY: Mapping[str, Any] = {
    "kind": StepKind.SURVEY,
    "starts": PLEDGE_BY,
    "ends": None,
    "turnout": False,
    "questions": (Question(text="What first?", options=("Rent", "Buses"), many=True),),
}
SOON = {"starts": PLEDGE_BY + HOUR, "ends": PLEDGE_BY + 2 * HOUR}
STORIES: dict[str, tuple[Callable[[Town], Awaitable[None]], Mapping[str, Any]]] = {
    "on": (play_on, {}),
    "lapsed": (play_lapsed, SOON),
    "missed": (play_missed, SOON),
    "called off": (play_called_off, {}),
    "called off when on": (play_called_off_when_on, {"ends": None}),
    "lapsed, without cards": (play_lapsed, {**SOON, "entry": Entry.OPEN}),
    "on, an action": (play_on, ACTION),
    "lapsed, an action": (play_lapsed, {**SOON, **ACTION}),
    "missed, an action": (play_missed, {**SOON, **ACTION}),
    "called off when on, an action": (play_called_off_when_on, ACTION),
    "survey": (play_survey, SURVEY),
    "survey, without cards": (play_survey, {**SURVEY, "entry": Entry.OPEN}),
    "called off, a survey": (play_called_off, SURVEY),
    "on, over a tree": (play_on, OVER_A_TREE),
    "lapsed, over a tree": (play_lapsed, {**SOON, **OVER_A_TREE}),
}


@pytest.mark.parametrize("story", STORIES)
async def test_no_sentence_asserts_what_is_not_so(
    data: Path, story: str, record_property: Callable[[str, object], None]
) -> None:
    play, terms = STORIES[story]
    async with town(data, **terms) as here:
        await play(here)
        assert here.lies == []
        record_property("tried", f"{here.said} answers in {len(here.met)} situations")
        record_property("found", "0 that assert what is not so")
        verdicts = {verdict for verdict, _day, _mine in here.met}
        assert (
            verdicts
            >= {
                "on": {Verdict.UNDECIDED, Verdict.WALKS_OUT, Verdict.NOT_YET, Verdict.DOES_NOT},
                "lapsed": {Verdict.UNDECIDED, Verdict.LAPSED},
                "missed": {Verdict.MISSED},
                "called off": {Verdict.CALLED_OFF},
                "called off when on": {Verdict.CALLED_OFF},
                "survey": {Verdict.UNDECIDED, Verdict.ENDED},
            }[story.partition(",")[0]]
        )
        if story == "on, over a tree":
            assert here.claimed >= WAITING
        if terms.get("kind") is not None:
            wrong = [
                text
                for language, of in OF_A_WALKOUT.items()
                for text in here.read[language]
                if of.search(reduce(lambda text, general: text.replace(general, ""), in_general(language), text))
            ]
            assert not wrong, "\n---\n".join(wrong)
        if story.startswith("on"):
            assert {mine for _verdict, _day, mine in here.met} >= {*CardState} - {CardState.MINTED} | {None}
            assert {day for _verdict, day, _mine in here.met} == {*Day}


async def test_of_a_draft_nothing_is_asserted(data: Path) -> None:
    async with town(data, opens=False) as here:
        await here.look_around()
        assert here.lies == []
        assert {verdict for verdict, _day, _mine in here.met} == {Verdict.NOT_OPEN}


# -- the trial itself -----------------------------------------------------------------------------------------------


@asserts(Asserts.WALKS_OUT)
def marked(_where: object) -> str:
    return "You walk."


def unmarked(_where: object) -> str:
    return "Depot WALKS OUT as things stand."


@pytest.mark.parametrize("wrong", [marked, unmarked])
async def test_a_sentence_that_asserts_what_is_not_so_would_be_seen(
    data: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[[object], str]
) -> None:
    monkeypatch.setattr(workers, "_not_yet", wrong)
    async with town(data) as here:
        await settle(here)
        await here.go_to(NOON + HOUR)
        await here.look_around(changing=False)
        assert any(repr(Asserts.WALKS_OUT) in lie for lie in here.lies)


async def test_a_button_that_does_not_work_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = conversation._pledge_buttons
    monkeypatch.setattr(conversation, "_pledge_buttons", lambda at, *rest: real(replace(at, pledging=True), *rest))
    async with town(data) as here:
        await settle(here)
        await here.go_to(PLEDGE_BY + MINUTE)
        await here.look_around(changing=False)
        assert any(repr(Asserts.CAN_TAKE_BACK) in lie for lie in here.lies)


async def test_a_list_s_sentence_about_a_tree_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = announcements._wide
    monkeypatch.setattr(announcements, "_wide", lambda letter, of_lists, _of_trees: real(letter, of_lists, of_lists))
    async with town(data, **OVER_A_TREE) as here:
        await settle(here)
        await here.go_to(NOON + HOUR)
        assert any("Every workplace that has reached its number walks out" in lie for lie in here.lies)


@pytest.mark.parametrize("texts", [announcements, notices, workers])
async def test_a_workplace_that_is_said_to_wait_for_itself_would_be_seen(
    data: Path, monkeypatch: pytest.MonkeyPatch, texts: ModuleType
) -> None:
    monkeypatch.setattr(texts, "waits_for", workplace_on)
    async with town(data, **OVER_A_TREE) as here:
        await settle(here)
        await here.go_to(NOON + HOUR)
        await here.look_around(changing=False)
        assert any("Works" in lie and "its number" in lie for lie in here.lies)
