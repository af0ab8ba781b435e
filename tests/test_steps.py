"""One card for all steps of a campaign: what it opens, who may pledge it, and what closing destroys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from bot.domain import pledging, rules
from bot.domain.errors import (
    CampaignGoesOn,
    CardRests,
    CardSpent,
    KeyFileRefused,
    NotPledged,
    OtherStep,
    TooLateToOpen,
    UnknownCard,
)
from bot.domain.model import Announcement, CardState, Kind, Ruling, Stage, Unit, UnitId, Walkout, WalkoutId
from bot.domain.pledging import Card, Head
from bot.process.clock import MovableClock
from bot.runtime.app import KEY_FILE, App
from bot.secrets.card_codes import key_of, mint
from bot.secrets.keys import Person
from bot.storage.sql import minting
from bot.storage.store import Member, Room, Voiding
from bot.usecases import closing, stewards
from bot.usecases.workers import Worker
from handlers.conversation import Conversation, Said, Ways
from tests.conftest import NOON, OTHER_SHOP, SHOP, WALKOUT, draft, shops
from tests.stores import both_engines, open_app

pytestmark = both_engines

DAY = timedelta(days=1)
FIRST, SECOND, THIRD = WALKOUT, WalkoutId("s2ep2"), WalkoutId("s3ep3")
ANA, BEN = Person("here", "ana"), Person("here", "ben")
NAME = "Buses for all"
WAYS = Ways(can_see=lambda: "", in_a_hurry=True)


def step(number: int, **changes: Any) -> Walkout:
    """A step of the campaign: each has its deadline 30 days after the one before."""
    deadline = NOON + (30 * number + 10) * DAY
    usual = {"campaign": NAME, "citywide_threshold": 5, "pledge_by": deadline, "starts": deadline + 2 * DAY}
    name = (FIRST, SECOND, THIRD)[number]
    made = draft(name, **usual | changes)
    if number == 0:
        return made
    return replace(made, campaign=FIRST, after=(FIRST, SECOND)[number - 1])


@dataclass(kw_only=True)
class Campaign:
    app: App
    clock: MovableClock
    codes: Sequence[str]  #: of the first shop, then of the other

    async def draft(self, number: int, units: Sequence[Unit] = tuple(shops(40, 40)), **changes: Any) -> None:
        made = step(number, **changes)
        self.app.keys.add_walkout(made.id, campaign=FIRST if made.in_campaign else None)
        await self.app.store.add_walkout(made, units)

    async def print(self, walkout: WalkoutId, unit: UnitId, codes: Sequence[str]) -> None:
        await stewards.mint(walkout, {unit: [key_of(code) for code in codes]}, self.app.store, self.app.keys)

    async def open(self, number: int, dropped: frozenset[UnitId] = frozenset()) -> None:
        walkout = step(number).id
        self.clock.move_to(max(self.clock(), NOON + 30 * number * DAY))
        await self.app.store.blank(walkout, self.app.keys.pledge)

        def rule(before: Walkout, units: Sequence[Unit]) -> Ruling:
            return replace(rules.open_up(before, units, now=self.clock()), dropped=dropped)

        await self.app.store.decide(walkout, rule)

    async def lapse(self, number: int) -> None:
        """Nobody reaches anything, so the step is over at its deadline."""
        self.clock.move_to(step(number).terms.pledge_by)
        await self.app.tallies.take_due()
        assert (await self.app.store.walkout(step(number).id)).stage is Stage.LAPSED

    async def standing(self, walkout: WalkoutId) -> list[int]:
        return [unit.standing for unit in await self.app.store.units(walkout)]

    def worker(self, who: Person = ANA) -> Worker:
        return self.app.worker(who)

    async def void(self, walkout: WalkoutId, unit: UnitId, *, recalls: bool) -> None:
        """Void or recall, as a proposal that is approved does."""
        store: Any = self.app.store
        news = Announcement(kind=Kind.CARDS_VOIDED, occasion="1", scope=unit, about=unit)
        voiding = Voiding(unit=unit, at=self.clock(), recalls=recalls, news=news)
        await store._in_transaction(partial(store._void, walkout, voiding))

    async def say(self, text: str = "", *, button: str | None = None, who: Person = ANA) -> tuple[str, str]:
        reply = await Conversation(self.app, WAYS).answer(Said(who=who, text=text, button=button))
        assert reply is not None
        return reply.kind, reply.text


@asynccontextmanager
async def campaign(data: Path, clock: MovableClock, **changes: Any) -> AsyncIterator[Campaign]:
    """A first step that is open, with six cards at each of two shops."""
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        made = Campaign(app=app, clock=clock, codes=[mint() for _ in range(12)])
        await made.draft(0, **changes)
        await made.print(FIRST, SHOP, made.codes[:6])
        await made.print(FIRST, OTHER_SHOP, made.codes[6:])
        await made.open(0)
        yield made


# --- which step a card opens ---


def head(stage: Stage, *, opened: int | None, deadline: int) -> Head:
    return Head(
        stage=stage,
        pledge_by=NOON + deadline * DAY,
        next_tally=None,
        ended=None,
        opened=None if opened is None else NOON + opened * DAY,
    )


OVER, OPEN, ON, LAPSED, CALLED_OFF = Stage.ENDED, Stage.OPEN, Stage.ON, Stage.LAPSED, Stage.CALLED_OFF


@pytest.mark.parametrize(
    ("heads", "opens"),
    [
        ([head(Stage.DRAFT, opened=None, deadline=1)], 0),
        ([head(OPEN, opened=0, deadline=1), head(Stage.DRAFT, opened=None, deadline=9)], 0),
        ([head(LAPSED, opened=0, deadline=1), head(Stage.DRAFT, opened=None, deadline=9)], 0),
        ([head(LAPSED, opened=0, deadline=1), head(OPEN, opened=2, deadline=9)], 1),
        ([head(ON, opened=0, deadline=1), head(OPEN, opened=4, deadline=9)], 1),  # the first one's day is over
        ([head(ON, opened=0, deadline=1), head(LAPSED, opened=4, deadline=9)], 1),
        ([head(CALLED_OFF, opened=0, deadline=9), head(OPEN, opened=1, deadline=5)], 1),
        ([head(CALLED_OFF, opened=0, deadline=9), head(OVER, opened=1, deadline=5)], 1),
        ([head(CALLED_OFF, opened=None, deadline=9), head(Stage.DRAFT, opened=None, deadline=5)], 1),
        ([head(CALLED_OFF, opened=None, deadline=9), head(OVER, opened=0, deadline=5)], 1),
        ([head(Stage.DRAFT, opened=None, deadline=9), head(Stage.DRAFT, opened=None, deadline=5)], 0),
    ],
)
def test_a_card_opens_the_step_that_goes_on_or_was_opened_last(heads: Sequence[Head], opens: int) -> None:
    names = [WalkoutId(str(number)) for number in range(len(heads))]
    rows = [Card(name, SHOP, CardState.MINTED, b"") for name in names]
    known = dict(zip(names, heads, strict=True))
    for order in permutations(rows):
        found = pledging.step_for(order, known)
        assert found is not None
        assert found.walkout == names[opens]
    assert pledging.step_for((), known) is None


# --- one card for all steps ---


async def test_one_card_serves_all_steps_and_each_is_pledged_anew(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock) as made:
        code, worker = made.codes[0], made.worker()
        assert (await worker.pledge(code)).walkout.id == FIRST
        await made.draft(1)
        assert (await worker.look(code)).walkout.id == FIRST
        await made.lapse(0)
        seen = await worker.look(code)
        assert (seen.walkout.id, seen.mine) == (FIRST, CardState.PLEDGED)  # until the next one is open
        await made.open(1)
        seen = await worker.look(code)
        assert (seen.walkout.id, seen.mine) == (SECOND, None)  # silence means no
        with pytest.raises(NotPledged):
            await worker.withdraw(code)
        assert (await worker.pledge(code)).changed
        assert (await made.standing(FIRST), await made.standing(SECOND)) == ([1, 0], [1, 0])
        assert (await worker.withdraw(code)).mine is CardState.WITHDRAWN
        assert (await made.standing(FIRST), await made.standing(SECOND)) == ([1, 0], [0, 0])


async def test_who_notes_codes_cannot_pledge_them_in_a_later_step(data: Path, clock: MovableClock) -> None:
    """A steward with all codes: what was pledged once is its owner's; the answer is what any pledged card gives."""
    async with campaign(data, clock) as made:
        for number, code in enumerate(made.codes[:3]):
            await made.worker(Person("here", str(number))).pledge(code)
        await made.worker(Person("here", "0")).withdraw(made.codes[0])
        await made.draft(1)
        await made.lapse(0)
        await made.open(1)
        await made.worker(Person("here", "2")).pledge(made.codes[2])
        looked = {await made.say(code, who=BEN) for code in made.codes[:6]}
        assert len(looked) == 1  # pledged in either step, taken back or never
        for number in range(3):
            with pytest.raises(CardSpent):
                await made.worker(BEN).pledge(made.codes[number])
            with pytest.raises(NotPledged):
                await made.worker(BEN).withdraw(made.codes[number])
            assert (await made.worker(Person("here", str(number))).pledge(made.codes[number])).mine is CardState.PLEDGED
        assert await made.standing(SECOND) == [3, 0]


async def test_a_press_on_another_steps_message_shows_what_the_card_opens_and_changes_nothing(
    data: Path, clock: MovableClock
) -> None:
    async with campaign(data, clock) as made:
        code, worker = made.codes[0], made.worker()
        await worker.pledge(code)
        await made.draft(1)
        await made.lapse(0)
        await made.open(1)
        shown = await made.say(code)
        for letter in "pwuv":
            assert await made.say(button=f"{letter}:{code}.{FIRST}") == shown
        assert await made.say(button=f"q:{code}.{FIRST}") == shown
        for act in (worker.pledge, worker.withdraw, worker.say_out, worker.say_not_out, worker.stop_telling):
            with pytest.raises(OtherStep):
                await act(code, FIRST)
        with pytest.raises(OtherStep):
            await worker.ask_to_be_told(code, "en", FIRST)
        assert (await made.standing(FIRST), await made.standing(SECOND)) == ([1, 0], [0, 0])
        assert (await made.say(button=f"p:{code}.{SECOND}"))[0] == "pledged"
        # also once the step of the message is closed, and its key destroyed
        clock.move_to(clock() + rules.KEPT_AFTER_END)
        await made.app.scheduler.run_due()
        assert (await made.app.store.walkout(FIRST)).stage is Stage.CLOSED
        assert (await made.say(button=f"w:{code}.{FIRST}"))[0] == "status"
        assert await made.standing(SECOND) == [1, 0]


async def test_what_names_a_step_costs_one_hash_for_the_card_and_one_for_each_step(
    data: Path, clock: MovableClock
) -> None:
    async with campaign(data, clock) as made:
        await made.draft(1)
        made.app.keys.add_walkout(WalkoutId("al0ne"))
        keys, code = made.app.keys, made.codes[0]
        named = keys.bearer(code, ANA, SECOND)
        assert set(named.keys) == {FIRST, SECOND}
        assert named.keys[FIRST][0] == named.keys[SECOND][0] != named.keys[SECOND][1] != named.keys[FIRST][1]
        assert named.owner(FIRST) == named.owner(SECOND) != keys.bearer(code, BEN, FIRST).owner(FIRST)
        assert named.free(FIRST) == named.free(SECOND)
        assert named.notice(FIRST) != named.notice(SECOND)
        assert named.ballot(FIRST) != named.ballot(SECOND) != keys.bearer(code, BEN, SECOND).ballot(SECOND)
        assert set(keys.bearer(code, ANA).keys) == {FIRST, SECOND, WalkoutId("al0ne")}


async def test_a_card_whose_unit_was_dropped_says_so_and_is_good_again_later(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock) as made:
        code, worker = made.codes[6], made.worker()
        await worker.pledge(code)
        await made.draft(1)
        await made.app.store.bind_room(Room(walkout=SECOND, scope=OTHER_SHOP, way="here", address="#other"))
        await made.lapse(0)
        await made.open(1, dropped=frozenset({OTHER_SHOP}))
        assert [unit.id for unit in await made.app.store.units(SECOND)] == [SHOP]
        assert await made.app.store.rooms(SECOND) == []
        # its pledge in the step before is still shown, until that one is closed
        assert (await worker.look(code)).walkout.id == FIRST
        clock.move_to(clock() + rules.KEPT_AFTER_END)
        await made.app.scheduler.run_due()
        for act in (worker.look, worker.pledge, worker.withdraw):
            with pytest.raises(CardRests):
                await act(code)
        assert (await made.say(code))[0] == "card_rests"
        with pytest.raises(CardRests):
            await made.worker(BEN).look(code)
        await made.draft(2)
        await made.lapse(1)
        await made.open(2)
        assert (await worker.pledge(code)).walkout.id == THIRD
        assert await made.standing(THIRD) == [0, 1]
        examined = await made.app.store.examine()
        assert (examined.orphans, examined.misplaced, examined.miscounted) == (0, 0, {})


async def test_between_steps_a_card_rests(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock) as made:
        await made.lapse(0)
        clock.move_to(clock() + rules.KEPT_AFTER_END)
        await made.app.scheduler.run_due()
        with pytest.raises(CardRests):
            await made.worker().pledge(made.codes[0])
        with pytest.raises(CardRests):
            await made.worker().pledge(made.codes[0], FIRST)
        with pytest.raises(UnknownCard):
            await made.worker().look(mint())
        # among other codes it is one, and whoever has tried too many learns nothing of it
        assert (await made.say(f"{made.codes[0]} or {mint()}"))[0] == "card_rests"
        assert (await made.say(f"{made.codes[0]} or {made.codes[1]}"))[0] == "several_codes"
        assert not await made.worker().owns(made.codes[0])


# --- cards of a campaign, minted, voided, recalled ---


async def test_what_a_step_follows_gives_it_rooms_stewards_and_numbers_of_cards(
    data: Path, clock: MovableClock
) -> None:
    async with campaign(data, clock) as made:
        store, keys = made.app.store, made.app.keys
        for scope in (None, SHOP, OTHER_SHOP):
            await store.bind_room(Room(walkout=FIRST, scope=scope, way="here", address=f"#{scope}", language="es"))
        raw: Any = store
        member = Member(id=keys.person(BEN), way="here", address=keys.seal("ben"), nickname=keys.seal("Ben"))
        await raw._change(
            "INSERT INTO member (id, platform, address, nickname) VALUES (?, 'here', ?, ?)",
            (member.id, member.address, member.nickname),
        )
        for unit in (SHOP, OTHER_SHOP):
            await raw._change(
                "INSERT INTO steward (walkout, unit, id, organizes) VALUES (?, ?, ?, 1)", (FIRST, unit, member.id)
            )
        await made.void(FIRST, SHOP, recalls=False)
        await made.draft(1, shops(40))
        assert {(room.scope, room.address, room.language) for room in await store.rooms(SECOND)} == {
            (None, "#None", "es"),
            (SHOP, f"#{SHOP}", "es"),
        }
        assert (SECOND, SHOP, member.id) in (await store.committee()).own
        [taken_over] = await store.units(SECOND)
        before = (await store.units(FIRST))[0]
        assert (taken_over.issued, taken_over.voided) == (before.issued, before.voided) == (0, clock())
        assert await store.last_unit(FIRST) == OTHER_SHOP


@pytest.mark.sqlite_only("elsewhere closing waits for parcels by the database's clock, which no test sets")
@pytest.mark.parametrize("followed", [False, True])
async def test_rooms_and_stewards_wait_for_a_step_that_is_drafted_late_and_no_longer_than_the_campaign(
    data: Path,
    clock: MovableClock,
    followed: bool,  # noqa: FBT001
) -> None:
    async with campaign(data, clock) as made:
        store: Any = made.app.store
        await store.bind_room(Room(walkout=FIRST, scope=None, way="here", address="#city"))
        if followed:
            await made.draft(1)
        await made.lapse(0)
        clock.move_to(clock() + rules.KEPT_AFTER_END)
        await made.app.scheduler.run_due()
        assert (await store.walkout(FIRST)).stage is Stage.CLOSED
        assert len(await store.rooms(FIRST)) == (0 if followed else 1)
        if not followed:
            await made.draft(1)
        assert [room.address for room in await store.rooms(SECOND)] == ["#city"]
        await made.open(1)
        await made.lapse(1)
        clock.move_to(clock() + rules.KEPT_AFTER_CAMPAIGN)
        await made.app.scheduler.run_due()
        assert await store._read("SELECT count(*) FROM room") == [(0,)]


async def test_cards_minted_later_are_of_every_step_that_is_not_over(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock) as made:
        await made.draft(1, shops(40))
        fresh = [mint(), mint()]
        await made.print(FIRST, SHOP, fresh)
        await made.print(SECOND, SHOP, [mint()])
        await made.print(FIRST, OTHER_SHOP, [mint()])
        assert [unit.minted for unit in await made.app.store.units(FIRST)] == [9, 7]
        assert [unit.minted for unit in await made.app.store.units(SECOND)] == [3]  # others come before it is opened
        assert [unit.issued for unit in await made.app.store.units(FIRST)] == [9, 7]
        assert [unit.issued for unit in await made.app.store.units(SECOND)] == [9]
        await made.lapse(0)
        await made.open(1)
        assert [unit.minted for unit in await made.app.store.units(SECOND)] == [9]
        late = mint()
        await made.print(SECOND, SHOP, [late])
        assert [unit.minted for unit in await made.app.store.units(FIRST)] == [9, 7]  # it is over
        for code in (*fresh, late):
            assert (await made.worker(Person("here", code)).pledge(code)).walkout.id == SECOND


async def test_who_pledged_in_an_earlier_step_keeps_a_voided_card(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock) as made:
        code, unused = made.codes[:2]
        await made.worker().pledge(code)
        await made.draft(1)
        await made.lapse(0)
        await made.open(1)
        await made.void(SECOND, SHOP, recalls=False)
        with pytest.raises(UnknownCard):
            await made.worker(BEN).pledge(code)
        with pytest.raises(UnknownCard):
            await made.worker(BEN).pledge(unused)
        assert (await made.worker().pledge(code)).mine is CardState.PLEDGED


@pytest.mark.parametrize("blanked", [False, True])
async def test_a_recalled_card_is_recalled_in_later_steps(data: Path, clock: MovableClock, blanked: bool) -> None:  # noqa: FBT001
    async with campaign(data, clock) as made:
        code, other = made.codes[0], made.codes[6]
        await made.worker().pledge(code)
        await made.worker(BEN).pledge(other)
        await made.draft(1)
        if blanked:  # opening was cut off before
            await made.app.store.blank(SECOND, made.app.keys.pledge)
        await made.void(FIRST, SHOP, recalls=True)
        await made.void(FIRST, SHOP, recalls=False)  # which makes it no better
        assert await made.standing(FIRST) == [0, 1]
        await made.lapse(0)
        await made.open(1)
        assert (await made.worker().look(code)).mine is CardState.RECALLED
        assert (await made.say(button=f"p:{code}.{SECOND}"))[0] == "recalled"
        with pytest.raises(UnknownCard):
            await made.worker(BEN).look(code)
        assert (await made.worker(BEN).pledge(other)).walkout.id == SECOND


@pytest.mark.sqlite_only("PostgreSQL writes all in one transaction")
async def test_blank_pledges_come_in_pieces_in_the_order_of_their_keys_and_cut_off_come_again(
    data: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minting, "PIECE", 5)
    async with campaign(data, clock) as made:
        await made.draft(1)
        store: Any = made.app.store
        real, pieces = store._in_transaction, 0

        async def cut(job: Any) -> Any:
            nonlocal pieces
            pieces += 1
            if pieces == 2:
                raise RuntimeError
            return await real(job)

        monkeypatch.setattr(store, "_in_transaction", cut)
        with pytest.raises(RuntimeError):
            await store.blank(SECOND, made.app.keys.pledge)
        monkeypatch.setattr(store, "_in_transaction", real)
        every = sorted(made.app.keys.bearer(code, ANA).keys[SECOND][1] for code in made.codes)
        there = [
            key for (key,) in await store._read("SELECT key FROM pledge WHERE walkout = ? ORDER BY key", (SECOND,))
        ]
        assert there == every[:5]
        for _ in range(2):
            await store.blank(SECOND, made.app.keys.pledge)
            assert [unit.minted for unit in await store.units(SECOND)] == [6, 6]
        await store.blank(FIRST, made.app.keys.pledge)  # whose cards come with a pledge
        assert [unit.minted for unit in await store.units(FIRST)] == [6, 6]


# --- closing ---


def at_stage(number: int, stage: Stage, ended: datetime | None = None) -> Walkout:
    return replace(step(number), stage=stage, ended=ended)


def test_a_campaign_closes_sixty_days_after_its_last_step() -> None:
    over = NOON + DAY
    deadline = step(1).terms.pledge_by
    cases: Mapping[tuple[Walkout, ...], datetime | None] = {
        (at_stage(0, Stage.DRAFT),): None,
        (at_stage(0, Stage.OPEN),): None,
        (at_stage(0, LAPSED, over),): over,
        (at_stage(0, Stage.CLOSED, over),): over,
        (at_stage(0, Stage.CLOSED),): rules.over_at(step(0).terms),
        (at_stage(0, ON),): rules.over_at(step(0).terms),
        (at_stage(0, LAPSED, over), at_stage(1, Stage.DRAFT)): deadline,  # it may still be opened
        (at_stage(0, Stage.CLOSED, over), at_stage(1, Stage.OPEN)): None,
        (at_stage(0, Stage.CLOSED, over), at_stage(1, CALLED_OFF, over + DAY)): over + DAY,
    }
    for steps, since in cases.items():
        assert rules.campaign_closes_at(steps) == (None if since is None else since + timedelta(days=60))


async def test_a_step_is_closed_and_sixty_days_after_the_last_the_campaign(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock) as made:
        store: Any = made.app.store
        await made.worker().pledge(made.codes[0])
        await made.draft(1)
        await made.lapse(0)
        clock.move_to(clock() + rules.KEPT_AFTER_END)
        await made.app.scheduler.run_due()
        assert await store._read("SELECT count(*) FROM pledge WHERE walkout = ?", (FIRST,)) == [(0,)]
        assert await store._read("SELECT count(*) FROM card") == [(12,)]
        assert FIRST in made.app.keys.closed
        with pytest.raises(CampaignGoesOn):
            await closing.find(FIRST, store, clock)
        await made.open(1)
        await made.lapse(1)
        over = clock()
        clock.move_to(over + rules.KEPT_AFTER_CAMPAIGN - timedelta(seconds=1))
        await made.app.scheduler.run_due()
        assert [each.stage for each in await store.walkouts()] == [Stage.CLOSED, Stage.CLOSED]
        assert await store._read("SELECT count(*) FROM card") == [(12,)]
        clock.move_to(over + rules.KEPT_AFTER_CAMPAIGN)
        await made.app.scheduler.run_due()
        assert await store._read("SELECT count(*) FROM card") == [(0,)]
        assert [each.cards_gone for each in await store.walkouts()] == [True, True]
        assert made.app.keys.ended == {FIRST}
        told = await store._read("SELECT count(*) FROM announcement WHERE kind = 'campaign_closed'")
        assert told == [(1,)]
        clock.move_to(clock() + DAY)
        await made.app.scheduler.run_due()
        assert (await closing.find(FIRST, store, clock)).cards_gone
        with pytest.raises(UnknownCard):
            await made.worker().look(made.codes[0])


async def test_a_campaigns_closing_that_was_cut_off_is_finished_at_the_next_start(
    data: Path, clock: MovableClock
) -> None:
    async with campaign(data, clock) as made:
        await made.draft(1)
        await made.lapse(0)
        await closing.close(await made.app.store.walkout(FIRST), made.app.store, made.app.keys)
        made.app.keys.destroy_register(FIRST)
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        store: Any = app.store
        assert await store._read("SELECT count(*) FROM card") == [(0,)]
        assert {(each.stage, each.cards_gone) for each in await store.walkouts()} == {(Stage.CLOSED, True)}


async def test_a_key_file_from_before_a_step_is_refused(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock) as made:
        before = (data / KEY_FILE).read_bytes()
        await made.draft(1)
    now = (data / KEY_FILE).read_bytes()
    (data / KEY_FILE).write_bytes(before)
    with pytest.raises(KeyFileRefused, match="outdated"):
        async with open_app(data, clock=clock, senders={"here": None}):
            pass
    (data / KEY_FILE).write_bytes(now)
    async with open_app(data, clock=clock, senders={"here": None}) as app:
        assert set(app.keys.walkouts) == {FIRST, SECOND}


async def test_a_walkout_on_its_own_closes_with_its_cards(data: Path, clock: MovableClock) -> None:
    async with campaign(data, clock, campaign="") as made:
        await made.lapse(0)
        await closing.close(await made.app.store.walkout(FIRST), made.app.store, made.app.keys)
        store: Any = made.app.store
        assert await store._read("SELECT count(*) FROM card") == [(0,)]


@pytest.mark.sqlite_only("SQLite counts its steps; of PostgreSQL's statements the plans are looked at")
@pytest.mark.parametrize("refused", [False, True])
async def test_a_step_that_opens_without_many_units_does_not_read_all_pledges_for_each(
    data: Path, clock: MovableClock, *, refused: bool
) -> None:
    units = shops(*[40] * 160)

    async def looked_up(dropped: int) -> int:
        """Open a step without so many; return how many thousand steps SQLite took for that."""
        async with open_app(data / str(dropped), clock=clock, senders={"here": None}) as app:
            made = Campaign(app=app, clock=clock, codes=())
            await made.draft(0, units)
            cards = {unit.id: [key_of(mint()) for _ in range(5)] for unit in units}
            await stewards.mint(FIRST, cards, app.store, app.keys)
            await made.draft(1, units)
            db: Any = getattr(app.store, "_db")  # noqa: B009
            ticks = [0]

            def tick() -> int:
                ticks[0] += 1
                return 0

            await app.store.blank(SECOND, app.keys.pledge)
            await db.set_progress_handler(tick, 1000)
            if refused:
                clock.move_to(step(1).terms.pledge_by)
                with pytest.raises(TooLateToOpen):
                    await made.open(1)
            else:
                await made.open(1, frozenset(unit.id for unit in units[-dropped:]))
                assert len(await app.store.units(SECOND)) == 160 - dropped
            await db.set_progress_handler(None, 0)
            assert await db.execute_fetchall("PRAGMA foreign_keys") == [(1,)]
            assert await db.execute_fetchall("PRAGMA foreign_key_check") == []
            return ticks[0]

    for folder in ("10", "120"):
        (data / folder).mkdir(parents=True)
    few, many = await looked_up(10), await looked_up(120)
    assert many < 3 * few
