"""What a survey comes to is what a recount by hand says, whatever dies in between.

Histories run in processes that are forked and die before any statement of SQL, and are begun again where they stopped.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import aiosqlite.core
import pytest

from bot.domain import ballots, rules
from bot.domain.errors import Refused
from bot.domain.model import Announcement, Kind, Question, Ruling, Stage, StepKind, Unit, UnitId, Walkout
from bot.domain.pledging import Act
from bot.domain.roles import Deed, Matter, Proposal
from bot.process.clock import MovableClock
from bot.storage.sqlite import cards
from bot.storage.store import Note, Store, Voiding
from tests.conftest import HOUR, NOON, OTHER_SHOP, PLEDGE_BY, SHOP, WALKOUT, fresh_folder, opened, shops
from tests.faults.trials import Trials, trials
from tests.storage.house import SqliteHouse, asks, fresh, house_in

QUESTIONS = (
    Question(text="What do we want?", options=("pay", "rest", "heat"), many=True),
    Question(text="How long?", options=("a day", "a week", "until we win")),
)
CREW = 14
OF_SHOP: Mapping[UnitId, Sequence[int]] = {SHOP: range(CREW), OTHER_SHOP: range(CREW, 2 * CREW)}
MIDDLE = NOON + (PLEDGE_BY - NOON) / 2
STATEMENTS = 60
"""A process dies before so many at most."""


class Wish(NamedTuple):
    """What somebody does with a card."""

    act: Act
    card: int
    who: object
    ballot: str = ""


Group = tuple[str, Any]
"""Wishes that come together, each on another card; or a unit whose cards are recalled; or a count."""


def history(chance: Random) -> list[Group]:
    """Draw one: so that most vote, many anew, some take back, and sometimes cards are recalled."""
    groups: list[Group] = []
    everybody = [card for crew in OF_SHOP.values() for card in crew]
    taste = chance.choice([1, 3, 9])  #: how far they agree
    for half in range(2):
        if not half:
            groups += [("wishes", [Wish(Act.PLEDGE, card, card) for card in everybody if chance.random() < 0.9])]
        for _ in range(chance.randint(1, 3)):
            acts = chance.choices([Act.VOTE, Act.WITHDRAW, Act.PLEDGE], [12, 1, 2], k=len(everybody))
            some = [(act, card) for act, card in zip(acts, everybody, strict=True) if chance.random() < 0.6]
            chance.shuffle(some)
            groups.append(
                ("wishes", [Wish(act, card, _whose(chance, card), _ballot(chance, taste)) for act, card in some])
            )
        if chance.random() < 0.15:
            groups.append(("recall", chance.choice(list(OF_SHOP))))
            groups.append(("wishes", [Wish(Act.VOTE, each, each, _ballot(chance, taste)) for each in everybody]))
        groups.append(("count", None))
    return [*groups, ("wishes", [Wish(Act.VOTE, each, each, "010100") for each in everybody[:5]])]


def _whose(chance: Random, card: int) -> object:
    return card if chance.random() < 0.97 else "eve"


def _ballot(chance: Random, taste: int) -> str:
    if chance.random() < 1 / (taste + 1):
        return f"{chance.randrange(8):02x}{chance.choice([0, 1, 2, 4]):02x}00"
    return "050200"


# -- as the store has it --------------------------------------------------------------------------------------------


def survey() -> Walkout:
    return opened(kind=StepKind.SURVEY, starts=PLEDGE_BY, questions=QUESTIONS, tally_every=MIDDLE - NOON)


def counts(walkout: Walkout, units: Sequence[Unit]) -> Ruling:
    """Take the count that is due; the last one ends the survey."""
    assert walkout.next_tally is not None
    after = replace(walkout, tally=walkout.tally + 1, tallied=walkout.next_tally, next_tally=PLEDGE_BY)
    if walkout.next_tally < PLEDGE_BY:
        return Ruling(walkout=after)
    facts = ballots.result(walkout.terms.questions, walkout.votes, people=sum(map(rules.people, units)))
    news = Announcement(kind=Kind.SURVEY_OVER, occasion="", facts=facts, to_rooms=False)
    return Ruling(walkout=replace(after, stage=Stage.ENDED, next_tally=None, ended=PLEDGE_BY), announcements=(news,))


async def _recall(store: Store, unit: UnitId) -> None:
    note = Note(deed=Deed.PROPOSED, by=b"olga", walkout=WALKOUT)
    proposal = Proposal(
        id=f"R{unit}",
        matter=Matter.RECALL,
        walkout=WALKOUT,
        content=b"sealed",
        key=f"R{unit}".encode(),
        about=b"",
        proposer=b"olga",
        until=PLEDGE_BY,
    )
    await store.propose(proposal, None, note, now=NOON)
    news = Announcement(kind=Kind.CARDS_RECALLED, occasion=f"R{unit}", scope=unit, about=unit)
    decided = Announcement(kind=Kind.DECIDED, occasion=f"R{unit}", to_rooms=False)
    voiding = Voiding(unit=unit, at=NOON, recalls=True, news=news)
    await store.void_approved(f"R{unit}", WALKOUT, voiding, decided, note)


async def _lives(folder: Path, groups: Sequence[Group], begin: int, done: Callable[[int], object]) -> None:
    import asyncio  # noqa: PLC0415  a loop of the child's own

    clock = MovableClock(NOON)
    counted = sum(what == "count" for what, _ in groups[:begin])
    async with house_in(folder).open(clock) as store:
        for number, (what, more) in enumerate(groups[begin:], start=begin):
            clock.move_to((NOON, MIDDLE, PLEDGE_BY)[counted] + HOUR)
            if what == "wishes":
                await _wishes(store, more)
            elif what == "recall":
                await _recall(store, more)
            else:
                counted += 1
                clock.move_to((NOON, MIDDLE, PLEDGE_BY)[counted])
                due = (await store.walkout(WALKOUT)).next_tally
                if due is not None and due <= clock():  # else it was taken before the process died
                    await store.decide(WALKOUT, counts)
            done(number + 1)
        await asyncio.sleep(0)


async def _wishes(store: Store, wishes: Sequence[Wish]) -> None:
    import asyncio  # noqa: PLC0415  likewise

    answers = await asyncio.gather(
        *(
            store.cast(wish.ballot, change) if wish.act is Act.VOTE else store.apply(change)
            for wish in wishes
            for change in [asks(wish.act, wish.card, wish.who)]
        ),
        return_exceptions=True,
    )
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Refused):
            raise answer


def _founded(folder: Path) -> None:
    import asyncio  # noqa: PLC0415  likewise

    async def found() -> None:
        async with house_in(folder).open(MovableClock(NOON)) as store:
            await store.add_walkout(survey(), shops(CREW, CREW))
            await store.mint(WALKOUT, {shop: [fresh(card) for card in crew] for shop, crew in OF_SHOP.items()})

    asyncio.run(found())


def _forked(folder: Path, groups: Sequence[Group], begin: int, fuse: int) -> tuple[int, bool]:
    """Live from there on in a process that dies before the nth statement; say how far it came and whether it died."""
    import asyncio  # noqa: PLC0415  likewise

    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            _light(fuse)
            asyncio.run(_lives(folder, groups, begin, lambda number: os.write(theirs, bytes([number]))))
            status = 0
        finally:
            os._exit(status)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        came = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, 9}, "it broke, and was not killed"
    return came[-1] if came else begin, status == 9


def _light(fuse: int) -> None:
    left = [fuse]
    connect = sqlite3.connect

    def stated(_sql: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)

    def connected(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(stated)
        return connection

    aiosqlite.core.sqlite3.connect = connected  # type: ignore[attr-defined]


def lived(template: Path, groups: Sequence[Group], chance: Random) -> tuple[list[object], int]:
    """Live through a history with kills; return what was announced, and how often it was killed."""
    with fresh_folder() as folder:
        folder.mkdir(exist_ok=True)
        (folder / "allout.db").write_bytes((template / "allout.db").read_bytes())
        came = kills = 0
        while came < len(groups):
            fuse = chance.randint(15, 15 + STATEMENTS) if kills < 4 and chance.random() < 0.8 else 0
            came, died = _forked(folder, groups, came, fuse)
            kills += died
        with closing(sqlite3.connect(folder / "allout.db")) as connection:
            said = connection.execute("SELECT facts FROM announcement WHERE kind = 'survey_over'").fetchall()
            assert connection.execute("SELECT count(*) FROM ballot").fetchone() == (0,)
            assert connection.execute("SELECT stage FROM walkout").fetchone() == ("ended",)
    return [json.loads(facts) for (facts,) in said], kills


# -- and as it is counted by hand -----------------------------------------------------------------------------------


class Recount:
    """Goes through a history and counts; of the code that is tried nothing is used."""

    def __init__(self) -> None:
        self.owners: dict[int, object] = {}  #: whoever pledges a card first
        self.stands: set[int] = set()
        self.votes: dict[int, str] = {}
        self.recalled: set[int] = set()

    def recall(self, crew: Sequence[int]) -> None:
        self.recalled |= set(crew)
        self.stands -= self.recalled
        self.votes = {}

    def wish(self, act: Act, card: int, who: object, ballot: str) -> None:
        if act is Act.PLEDGE and card not in self.recalled:
            self.owners.setdefault(card, who)
        if card in self.recalled or self.owners.get(card) != who:
            return
        if act is Act.PLEDGE:
            self.stands.add(card)
        elif act is Act.WITHDRAW:
            self.stands.discard(card)
            self.votes.pop(card, None)
        elif card in self.stands:
            self.votes[card] = ballot


def recounted(groups: Sequence[Group]) -> object:
    """Say what has to be announced."""
    recount, counted = Recount(), 0
    for what, more in groups:
        if what == "count":
            counted += 1
        elif what == "recall":
            recount.recall(OF_SHOP[more])
        elif counted < 2:
            for wish in more:
                recount.wish(*wish)
    return by_hand([bytes.fromhex(ballot)[:2] for ballot in recount.votes.values()])


def by_hand(cast: Sequence[bytes]) -> object:
    """Say how many there are and of what more, so that five are always left open."""
    if len(cast) < 9:
        return {"ballots": None, "totals": [[None] * 3, [None] * 3]}
    most = max(number for number in range(0, 100, 5) if number < len(cast))

    def each(nth: int) -> Iterator[int]:
        for option in (1, 2, 4):
            has = sum(bool(ballot[nth] & option) for ballot in cast)
            yield max((number for number in range(0, 100, 5) if number < has), default=0)

    demands = [min(number, most - 5) or None for number in each(0)]
    how_long = list(each(1))
    while sum(number + 1 for number in how_long if number) > most - 4:
        how_long = [number - 5 if number else 0 for number in how_long]
    return {"ballots": most, "totals": [demands, [number or None for number in how_long]]}


@trials(100, full=10_000)
def test_the_count_is_what_a_recount_by_hand_says_whatever_dies(
    tries: Trials, record_property: Callable[[str, object], None]
) -> None:
    kills, told = 0, Counter[str]()
    with fresh_folder() as template:
        template.mkdir(exist_ok=True)
        _founded(template)
        for number in range(tries.number):
            with tries.attempt(number):
                groups = history(tries.random(number))
                said, died = lived(template, groups, tries.random(number, "kills"))
                assert said == [recounted(groups)]
                kills += died
                told["a result" if said[0]["ballots"] else "too few"] += 1  # type: ignore[index]
    assert kills > tries.number / 2, "then nothing was tried"
    assert told["a result"] > tries.number / 3
    record_property("found", f"{kills} kills; {dict(told)}: each count as a recount by hand, announced once")


@pytest.mark.parametrize("fault", ["a vote stays when its pledge is taken back", "a recall keeps the votes"])
def test_a_ballot_that_stays_would_be_seen(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    if fault.startswith("a vote"):
        monkeypatch.setattr(cards, "_DELETE_BALLOTS", "SELECT ?1, ?2")
    else:
        real = SqliteHouse.open

        def keeping(self: SqliteHouse, *args: Any, **more: Any) -> Any:
            return _Keeping(real(self, *args, **more))

        monkeypatch.setattr(SqliteHouse, "open", keeping)
    chance = Random(1)
    with fresh_folder() as template:
        template.mkdir(exist_ok=True)
        _founded(template)
        for number in range(40):
            groups = history(chance)
            said, _died = lived(template, groups, Random(number))
            if said != [recounted(groups)]:
                return
    pytest.fail("nothing was seen")


class _Keeping:
    """A store whose recall leaves the ballots where they are."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aenter__(self) -> Any:
        store = await self._inner.__aenter__()
        rows = store._rows

        async def kept(sql: str, parameters: Any = ()) -> Any:
            return [] if sql == "DELETE FROM ballot WHERE walkout = ?" else await rows(sql, parameters)

        recall = store._void

        async def void(*args: Any) -> None:
            store._rows = kept
            await recall(*args)
            store._rows = rows

        store._void = void
        return store

    async def __aexit__(self, *error: object) -> Any:
        return await self._inner.__aexit__(*error)
