"""A voided card is to nobody but its owner anything else than a card that never was; and nobody counts twice."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.domain import pledging, rules
from bot.domain.errors import CardSpent, NotEnoughOrganizers, OneCardEach, TooLateToRecall, VoidedBefore
from bot.domain.model import CardState, Kind, Stage
from bot.domain.pledging import Card, Change
from bot.domain.roles import Matter
from bot.process.clock import MovableClock
from bot.runtime.app import App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.storage.postgres.session import Session
from bot.storage.sqlite.engine import Engine
from bot.usecases import organizers, paper_cards, proposals, stewards
from bot.usecases.context import RequestContext
from handlers.conversation import Conversation, Said, Ways
from handlers.texts.workers import console_can_see
from tests.conftest import HOUR, NOON, PLEDGE_BY, SHOP, WALKOUT, fresh_folder, opened, shops
from tests.faults.trials import Trials, trials
from tests.stores import open_app
from tests.test_outbox import Post

ASKED = ("{}", "/start {}", "/status {}", "/withdraw {}", "/pledge {}")
OF = f".{WALKOUT}"
OLD = ("p:{}", "c:{}", "w:{}", "o:{}", "o:{}:yes", "q:{}", "u:{}", "v:{}", "x:{}", "Q:{}", "Q:{}:who", "R:{}")
PRESSED = (*OLD, *(data.replace("{}", "{}" + OF) for data in OLD))
OLGA, OMAR = Person("here", "olga"), Person("here", "omar")
DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Town:
    """A workplace of twelve with a card each, in every state; the owners' names are the codes."""

    app: App
    clock: MovableClock
    conversation: Conversation
    codes: Mapping[str, str]  #: by what became of them: "fresh", "pledged 3"

    def context(self, who: Person = OLGA) -> RequestContext:
        return RequestContext(who=who, store=self.app.store, keys=self.app.keys, clock=self.clock)

    async def end(self, *, recall: bool = False) -> None:
        """Let the committee void the workplace's cards, or recall them."""
        walkout, place = await self.app.store.look_up(WALKOUT, SHOP)
        progress = await paper_cards.end(self.context(), Matter.RECALL if recall else Matter.VOID, walkout, place)
        if progress.missing:
            await proposals.opine(self.context(OMAR), progress.proposal.id, approves=True)

    async def asks(self, account: str, code: str) -> list[object]:
        """Ask all that can be asked of a card, each from an account of its own; return all that comes of it."""
        found: list[object] = []
        for nth, what in enumerate((*ASKED, *PRESSED)):
            who = Person("here", f"{account} {nth}")
            with working() as work:
                reply = await self.conversation.answer(said(who, what, code))
            waits = [self.app.guesses.waits(who) is None, len(self.app.guesses._recent(who).tried)]
            found.append(repr((reply, waits, work)).replace(code, "CODE"))
        return found


def said(who: Person, what: str, code: str) -> Said:
    """Say something of a card, or press one of its buttons."""
    shown = what.format(code)
    return Said(who=who, button=shown) if what in PRESSED else Said(who=who, text=shown)


def mixed() -> str:
    """Make a code with a digit, as nearly all have: one without may be a word, and is looked up before it is read."""
    return next(code for code in iter(mint, "") if any(map(str.isdigit, code)))


KEPT = re.compile(r"x'[0-9a-f]*'")
"""Keys and owners in a statement, which are each card's own."""


class working:  # noqa: N801  used as a function is
    """Notes every statement that the store carries out, and whether it wrote anything."""

    def __enter__(self) -> list[object]:
        real, batch = Engine._rows, Engine._in_one_go
        asks, commits = Session.rows, Session.commit
        done: list[object] = []

        def in_one_go(self: Engine, db: sqlite3.Connection, changes: Any) -> Any:
            before = db.total_changes
            stated: list[str] = []
            db.set_trace_callback(stated.append)
            try:
                return batch(self, db, changes)
            finally:
                db.set_trace_callback(None)
                done.append(([KEPT.sub("KEPT", sql) for sql in stated], db.total_changes - before))

        async def rows(self: Engine, sql: str, parameters: Any = ()) -> Any:
            before = self._db.total_changes
            found = await real(self, sql, parameters)
            done.append((sql, self._db.total_changes - before))
            return found

        async def asked(session: Session, sql: str, parameters: Any = ()) -> Any:
            done.append(sql)
            return await asks(session, sql, parameters)

        async def committed(session: Session, mark: bytes) -> None:
            done.append("COMMIT")
            await commits(session, mark)

        self._patched = pytest.MonkeyPatch()
        for where, name, noted in (
            (Engine, "_rows", rows),
            (Engine, "_in_one_go", in_one_go),
            (Session, "rows", asked),
            (Session, "commit", committed),
        ):
            self._patched.setattr(where, name, noted)
        return done

    def __exit__(self, *_: object) -> None:
        self._patched.undo()


@asynccontextmanager
async def town(folder: Path, *, citywide: int = 12, chance: Random | None = None) -> AsyncIterator[Town]:
    clock = MovableClock(NOON)
    async with open_app(folder, clock=clock, senders={"here": Post()}) as app:
        for who in (OLGA, OMAR):
            await organizers.add(who, who.account, app.store, app.keys)
        app.keys.add_walkout(WALKOUT)
        await app.store.add_walkout(opened(WALKOUT, approvals=1, citywide_threshold=citywide), shops(12, 12))
        codes = {f"{state} {n}": mixed() for state in ("fresh", "pledged", "told", "withdrawn") for n in range(3)}
        await stewards.mint(WALKOUT, {SHOP: list(map(key_of, codes.values()))}, app.store, app.keys)
        names = list(codes)
        (chance or Random(1)).shuffle(names)
        for name in names:
            worker = app.worker(Person("here", name))
            if not name.startswith("fresh"):
                await worker.pledge(codes[name])
            if name.startswith("told"):
                assert (await worker.ask_to_be_told(codes[name], "en")).told
            if name.startswith("withdrawn"):
                await worker.withdraw(codes[name])
        conversation = Conversation(app, Ways(can_see=console_can_see))
        yield Town(app=app, clock=clock, conversation=conversation, codes=codes)


async def told_apart(here: Town, when: str) -> set[str]:
    """Open every code from accounts that do not own it; return those that differ from a code that nobody printed."""
    unknown = await here.asks(f"{when} nobody", mixed())
    return {name for name, code in here.codes.items() if await here.asks(f"{when} {name}", code) != unknown}


@pytest.mark.parametrize("recall", [False, True])
async def test_whoever_holds_every_code_of_a_voided_sheet_tells_none_from_a_code_that_never_was(
    data: Path,
    recall: bool,  # noqa: FBT001
) -> None:
    async with town(data) as here:
        assert await told_apart(here, "before") == set(here.codes)  # until then a card is a card
        await here.end(recall=recall)
        assert await told_apart(here, "at once") == set()
        for when in (NOON + HOUR, NOON + DAY, PLEDGE_BY, PLEDGE_BY + HOUR):
            here.clock.move_to(when)
            await here.app.scheduler.run_due()
            assert await told_apart(here, str(when)) == set(), when


async def test_a_guesser_with_voided_codes_is_stopped_as_with_any_others(data: Path) -> None:
    async with town(data) as here:
        await here.end()
        for code in [*here.codes.values()][:5]:
            reply = await here.conversation.answer(Said(who=Person("here", "eve"), text=code))
            assert reply is not None
            assert reply.kind == "unknown_card"
        stopped = await here.conversation.answer(Said(who=Person("here", "eve"), text=here.codes["told 0"]))
        assert stopped is not None
        assert stopped.kind == "too_many_codes"


def _as_before(real: Any) -> Any:
    def decide(change: Change, card: Card | None, *rest: Any, **more: Any) -> Any:
        if card is not None and card.state is not CardState.MINTED:
            card = card._replace(stale=False)  # only what was never pledged is ended
        return real(change, card, *rest, **more)

    return decide


async def test_cards_that_differ_once_voided_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pledging, "decide", _as_before(pledging.decide))
    async with town(data) as here:
        await here.end()
        apart = await told_apart(here, "at once")
        assert apart == {name for name in here.codes if not name.startswith("fresh")}


async def test_whoever_has_pledged_keeps_a_voided_card_and_all_that_it_can_do(data: Path) -> None:
    async with town(data) as here:
        await here.end()
        for name, code in here.codes.items():
            worker = here.app.worker(Person("here", name))
            if name.startswith("fresh"):
                continue
            stands = not name.startswith("withdrawn")
            seen = await worker.look(code)
            assert seen.mine is (CardState.PLEDGED if stands else CardState.WITHDRAWN)
            assert seen.told == name.startswith("told")
            assert (await worker.withdraw(code)).changed == stands
            assert (await worker.pledge(code)).changed
        _walkout, place = await here.app.store.look_up(WALKOUT, SHOP)
        assert place.standing == 9


async def test_whose_card_was_recalled_reads_so_and_pledges_with_another(data: Path) -> None:
    async with town(data) as here:
        await here.end(recall=True)
        ana, code = Person("here", "told 0"), here.codes["told 0"]

        async def says(what: str) -> tuple[str, str, list[str]]:
            reply = await here.conversation.answer(said(ana, what, code))
            assert reply is not None
            return reply.kind, reply.text, [button.label for button in reply.buttons]

        kind, text, buttons = await says("{}")
        assert (kind, buttons) == (
            "status",
            ["Check", "Do not tell me", "Questions", "Clear this chat", "Language 文 বা ع"],
        )
        assert "Your card was recalled: your pledge counts no more. Draw a new card" in text
        for act in ("p:{}" + OF, "w:{}" + OF, "u:{}" + OF):
            assert (await says(act))[0] == "recalled"
        assert (await says("q:{}" + OF))[0] == "no_notice"
        fresh, another = mint(), mint()
        await stewards.mint(WALKOUT, {SHOP: [key_of(fresh), key_of(another)]}, here.app.store, here.app.keys)
        assert (await here.app.worker(ana).pledge(fresh)).mine is CardState.PLEDGED
        with pytest.raises(OneCardEach):
            await here.app.worker(ana).pledge(another)


async def test_rooms_organizers_and_the_day_after(data: Path) -> None:
    async with town(data) as here:
        walkout, place = await here.app.store.look_up(WALKOUT, SHOP)
        await here.end()
        here.clock.move_to(NOON + DAY - timedelta(seconds=1))
        with pytest.raises(VoidedBefore) as refused:
            await here.end()
        assert refused.value.until == NOON + DAY
        await here.end(recall=True)  # which a voiding does not keep back
        here.clock.move_to(NOON + 2 * DAY)
        await here.app.tallies.take_due()
        await here.end()
        here.clock.move_to(PLEDGE_BY - DAY)
        await here.app.tallies.take_due()
        await here.end(recall=True)
        here.clock.move_to(PLEDGE_BY - DAY + timedelta(microseconds=1))
        with pytest.raises(TooLateToRecall):
            await here.end(recall=True)
        store: Any = here.app.store
        said = await store._read("SELECT kind, scope, reference <> '' FROM announcement WHERE kind LIKE 'cards_%'")
        assert sorted(said) == sorted([(Kind.CARDS_VOIDED, SHOP, 1), (Kind.CARDS_RECALLED, SHOP, 1)] * 2)
        assert (place.name, walkout.stage) == ("Shop 1", Stage.OPEN)


async def test_one_organizer_alone_ends_no_pledge(data: Path) -> None:
    async with town(data) as here:
        progress = await paper_cards.end(here.context(), Matter.RECALL, *await here.app.store.look_up(WALKOUT, SHOP))
        assert progress.missing == 1
        _walkout, place = await here.app.store.look_up(WALKOUT, SHOP)
        assert place.standing == 6
        await here.app.store.remove_organizer(here.context(OMAR).me)
        with pytest.raises(NotEnoughOrganizers):
            await paper_cards.end(here.context(), Matter.RECALL, *await here.app.store.look_up(WALKOUT, SHOP))


# -- people, not cards ------------------------------------------------------------------------------------------


async def _voided_and_printed(here: Town, chance: Random) -> tuple[int, set[Kind]]:
    """Void and print in turns, and pledge what is printed; return how many stand, and what organizers heard."""
    fresh = list(here.codes.values())
    stand = 0
    for nth in range(6):
        for code in fresh:
            with suppress(CardSpent):  # some were used in the beginning
                await here.app.worker(Person("here", f"{nth} {code}")).pledge(code)
        here.clock.move_to(here.clock() + DAY - chance.choice([0, 1, 30]) * timedelta(minutes=1))
        if (await here.app.store.walkout(WALKOUT)).stage is not Stage.OPEN:
            break
        await here.app.scheduler.run_due()
        try:
            await here.end()
        except VoidedBefore as refused:
            here.clock.move_to(refused.until)
            await here.app.scheduler.run_due()
            await here.end()
        [(_place, wanted)] = await stewards.cards_wanted(WALKOUT, here.app.store, only=SHOP, number=None)
        fresh = [mint() for _ in range(wanted)]
        await stewards.mint(WALKOUT, {SHOP: list(map(key_of, fresh))}, here.app.store, here.app.keys)
        _walkout, place = await here.app.store.look_up(WALKOUT, SHOP)
        stand = max(stand, place.standing)
        assert place.issued <= place.headcount
    store: Any = here.app.store
    return stand, {Kind(kind) for (kind,) in await store._read("SELECT kind FROM announcement")}


@trials(6, full=300)
async def test_cards_voided_and_printed_in_turns_never_count_for_more_people_than_there_are(
    tries: Trials, record_property: Any
) -> None:
    most = warned = 0
    for number in range(tries.number):
        with tries.attempt(number), fresh_folder() as folder:
            chance = tries.random(number)
            # one more than work there, so that it can be on only by counting somebody twice
            async with town(folder, citywide=13, chance=chance) as here:
                stand, heard = await _voided_and_printed(here, chance)
                most = max(most, stand)
                warned += Kind.MORE_THAN_PEOPLE in heard
                after, places = await here.app.store.walkout(WALKOUT), await here.app.store.units(WALKOUT)
                assert rules.counted(after, places, rules.verdicts(places)) <= 12
                assert after.stage is not Stage.ON
                assert Kind.ON not in heard
    assert most > 12, "then nothing was tried"
    assert warned == tries.number
    record_property("found", f"up to {most} cards standing at a workplace of 12: never on, organizers told each time")


async def test_people_counted_by_their_cards_would_be_seen(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "people", lambda place: place.standing)
    async with town(data, citywide=13) as here:
        _stand, heard = await _voided_and_printed(here, Random(1))
        assert Kind.ON in heard
